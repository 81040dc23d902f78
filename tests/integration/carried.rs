//! What an export keeps of an inventory in each format, and what it says of the rest; what a file of ours is read back as.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// Numbers of any JavaScript client: 17 digits, all of which a double holds.
const FLOATS: [&str; 5] = [
    "0.30000000000000004",
    "3.3000000000000003",
    "434.99999999999994",
    "12.5",
    "0.7999999999999999",
];

fn floats() -> String {
    let line = |(at, number)| format!("{{\"item_id\": \"A{at}\", \"quantity\": {number}}}\n");
    FLOATS.iter().enumerate().map(line).collect()
}

#[test]
fn numbers_of_17_digits_are_number_cells_of_a_workbook_and_no_difference() {
    let stockport = Stockport::new();
    stockport.write("floats.jsonl", floats());
    stockport.run(["convert", "floats.jsonl", "floats.xlsx"]).ok();
    let seen = stockport.run(["inspect", "floats.xlsx", "--json"]).ok().json();
    let samples = seen["columns"][1]["samples"].as_array().unwrap();
    assert!(samples.iter().all(|sample| sample["after"].is_number()), "{samples:?}");
    let diff = stockport.run(["diff", "floats.jsonl", "floats.xlsx", "--json"]).ok();
    assert_eq!(diff.json()["equal"], 5, "{}", diff.stdout);
}

#[test]
fn numbers_of_17_digits_are_unchanged_when_their_export_is_imported() {
    let server = Faulty::new();
    for (at, digits) in FLOATS.iter().enumerate() {
        let number: Value = serde_json::from_str(digits).unwrap();
        server.put(ORG, &json!({"item_id": format!("A{at}"), "quantity": number}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for file in ["floats.xlsx", "floats.csv", "floats.jsonl"] {
        let export = stockport.run(["export", file, "--json"]).ok().json();
        assert_eq!(export["warnings"], json!([]), "{file}");
        assert_eq!(
            stockport.run(["import", file, "--json"]).ok().json()["unchanged"],
            5,
            "{file}"
        );
    }
}

#[test]
fn a_number_that_no_double_holds_is_text_in_a_workbook_and_reported() {
    let stockport = Stockport::new();
    stockport.write(
        "long.jsonl",
        "{\"item_id\": \"A\", \"quantity\": 1}\n{\"item_id\": \"B\", \"quantity\": 9007199254740993}\n",
    );
    let run = stockport.run(["convert", "long.jsonl", "long.xlsx"]).ok();
    let warning = "1 number with more digits than a workbook's number holds: written as text (first: Inventory!B3, \
                   9007199254740993)";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    let back = stockport.run(["convert", "long.xlsx", "-"]).ok();
    assert!(
        back.stdout.contains("\"quantity\":9007199254740993}"),
        "{}",
        back.stdout
    );
}

/// Exports these items, and gives the warnings.
fn warnings(items: &[Value], file: &str) -> Vec<String> {
    let server = Faulty::new();
    for item in items {
        server.put(ORG, item);
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let export = stockport.run(["export", file, "--json"]).ok().json();
    let run = stockport.run(["import", file, "--json"]).ok().json();
    assert_eq!(
        run["unchanged"],
        items.len(),
        "{file}: importing an export changes nothing"
    );
    serde_json::from_value(export["warnings"].clone()).unwrap()
}

#[test]
fn an_export_says_which_values_its_format_cant_keep() {
    let items = [
        json!({"item_id": "A1", "name": "n", "area_id": 5, "approved": true}),
        json!({"item_id": "A2", "name": "007", "area_id": 0.5, "approved": "true"}),
        json!({"item_id": "A4", "name": {"en": "x"}, "area_id": "5", "quantity": "1.0"}),
        json!({"item_id": "A7", "name": "#REF!", "status": "1.0"}),
    ];
    assert_eq!(
        warnings(&items, "out.csv"),
        [
            "csv can't keep approved of 1 item as stored (first: \"A1\", true is read as the text \"true\"; .xlsx and .jsonl \
             keep it)",
            "csv can't keep area_id of 2 items as stored (first: \"A1\", the number 5 is read as the text \"5\"; .jsonl keeps \
             it)",
            "csv can't keep name of 2 items as stored (first: \"A4\", {\"en\":\"x\"} is read as the text \
             \"{\\\"en\\\":\\\"x\\\"}\"; .jsonl keeps it)",
        ]
    );
    assert_eq!(warnings(&items, "out.tsv").len(), 3);
    assert_eq!(
        warnings(&items, "out.xlsx"),
        [
            "xlsx can't keep area_id of 2 items as stored (first: \"A1\", the number 5 is read as the text \"5\"; .jsonl keeps \
             it)",
            "xlsx can't keep name of 1 item as stored (first: \"A4\", {\"en\":\"x\"} is read as the text \
             \"{\\\"en\\\":\\\"x\\\"}\"; .jsonl keeps it)",
        ]
    );
    assert_eq!(warnings(&items, "out.json"), Vec::<String>::new());
    assert_eq!(warnings(&items, "out.jsonl"), Vec::<String>::new());
}

/// A workbook of 36 kB whose 3,000 rows refer to one text of 32,767 characters used to take 2 GB: every refused row kept
/// copies of it.
#[test]
fn what_is_kept_of_refused_rows_is_short_however_long_their_texts() {
    let stockport = Stockport::new();
    let long = "x".repeat(32_767);
    let row = |at| format!("A{at},{long},{long}\n");
    let rows: String = (0..40).map(row).collect();
    stockport.write("long.csv", format!("item_id,quantity,moved_at\n{rows}"));
    let seen = stockport.run(["inspect", "long.csv", "--json"]).ok();
    assert!(seen.stdout.len() < 40 * 2 * 1_500, "{} bytes", seen.stdout.len());
    let problem = &seen.json()["problems"][0];
    let reason = problem["reason"].as_str().unwrap();
    assert!(
        reason.contains("xx…xx") && reason.contains("is not a number"),
        "{reason}"
    );
    let run = stockport.run(["convert", "long.csv", "-"]).exit(3);
    assert!(run.stderr.len() < 40 * 2 * 1_500, "{} bytes", run.stderr.len());
}

#[test]
fn a_sheet_that_the_workbook_names_and_lacks_is_damage_though_it_is_hidden() {
    let bytes = std::fs::read(crate::support::sample("formats/inventory.xlsx")).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut copy = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).unwrap();
        if entry.name().unwrap() != "xl/worksheets/sheet2.xml" {
            copy.raw_copy_file(entry).unwrap();
        }
    }
    let stockport = Stockport::new();
    stockport.write("lacks.xlsx", copy.finish().unwrap().into_inner());
    let run = stockport.run(["convert", "lacks.xlsx", "-"]).exit(1);
    let why = "lacks.xlsx is damaged: its part xl/worksheets/sheet2.xml is missing";
    assert!(run.stderr.contains(why), "{}", run.stderr);
}
