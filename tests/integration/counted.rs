//! A count sheet that is kept by hand: section rows, subtotals and ids without their leading zeros, corrected in the reject
//! file and by the mapping.

use serde_json::json;

use crate::support::Stockport;

const ORG: &str = "sandbox-company";

const SHEET: &str = "Tag,Product Name,Quantity,Room\n\
    FLOWER,,,\n\
    0004100037,Kush,12,Vault\n\
    4100074,Haze,about 20,Vault\n\
    4100111,Diesel,3,Vault\n\
    Subtotal Flower,,15,\n\
    EDIBLES,,,\n\
    4100148,Gummies,#N/A,Vault\n\
    4100185,Brownie,4,Vault\n\
    0004100222,Cookie,4,Vault\n";

fn rejects_of(stockport: &Stockport) -> Vec<Vec<String>> {
    let text = stockport.read("in.rejects.csv");
    let rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn a_row_that_was_rejected_as_no_item_is_rejected_again_until_it_is_corrected() {
    let stockport = Stockport::new();
    stockport.write("in.csv", SHEET);
    let run = stockport
        .run(["import", "in.csv", "--sandbox", "--json"])
        .exit(3)
        .json();
    assert_eq!((&run["created"], &run["rejected"]), (&json!(4), &json!(5)), "{run}");
    let rows = rejects_of(&stockport);
    assert_eq!(rows.len(), 6, "{rows:?}");

    // As it is, nothing of it is an item.
    let again = ["import", "in.rejects.csv", "--sandbox", "--dry-run", "--json"];
    let run = stockport.run(again).exit(3).json();
    assert_eq!(
        (&run["plan"]["create"], &run["rejected"]),
        (&json!(0), &json!(5)),
        "{run}"
    );

    // With the two values corrected, those are; and one that is no section after all.
    let text = stockport.read("in.rejects.csv");
    let mut corrected = text.replacen("about 20", "20", 1).replacen("#N/A", "48", 1);
    corrected = corrected.replacen("EDIBLES,,,", "EDIBLES,Sampler,1,", 1);
    stockport.write("in.rejects.csv", corrected.as_str());
    let again = ["import", "in.rejects.csv", "--sandbox", "--json"];
    let run = stockport.run(again).exit(3).json();
    assert_eq!((&run["created"], &run["rejected"]), (&json!(3), &json!(2)), "{run}");
    // The values that were refused before are in the file's own columns.
    let warnings = run["warnings"].to_string();
    assert!(!warnings.contains("error value"), "{warnings}");

    // Whoever means them as items says so.
    let again = [
        "import",
        "in.rejects.csv",
        "--sandbox",
        "--keep-suspects",
        "--dry-run",
        "--json",
    ];
    let run = stockport.run(again).ok().json();
    assert_eq!(run["plan"]["create"], 2, "{run}");
}

#[test]
fn digits_of_a_mapping_file_give_ids_their_leading_zeros_back() {
    let stockport = Stockport::new();
    stockport.write("in.csv", SHEET);
    let run = stockport
        .run(["import", "in.csv", "--sandbox", "--dry-run", "--json"])
        .exit(3)
        .json();
    let warnings = run["warnings"].to_string();
    assert!(
        warnings.contains("digits = 10 for the column in a mapping file"),
        "{warnings}"
    );

    stockport.write("map.toml", "[columns]\nTag = { field = \"item_id\", digits = 10 }\n");
    let mapped = ["import", "in.csv", "--map", "map.toml", "--sandbox"];
    let run = stockport.run(mapped).exit(3);
    assert!(
        run.stdout.contains("leading zeros were added to 4 ids (digits = 10)"),
        "{}",
        run.stdout
    );
    // The reject file's own mapping keeps it.
    let toml = stockport.read("in.rejects.toml");
    assert!(toml.contains("digits = 10"), "{toml}");
    let corrected = stockport.read("in.rejects.csv").replacen("about 20", "20", 1);
    stockport.write("in.rejects.csv", corrected.as_str());
    stockport.run(["import", "in.rejects.csv", "--sandbox"]).exit(3);
    let items = stockport
        .run(["export", "-", "--format", "json", "--sandbox"])
        .ok()
        .json();
    let mut ids: Vec<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["item_id"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        ["0004100037", "0004100074", "0004100111", "0004100185", "0004100222"]
    );
}

#[test]
fn new_ids_that_are_stored_with_leading_zeros_name_the_remedy() {
    let stockport = Stockport::new();
    stockport.write("stored.csv", "item_id,name\n0004100037,Kush\n");
    stockport.run(["import", "stored.csv", "--sandbox"]).ok();
    stockport.write("in.csv", "item_id,name\n4100037,Kush\n");
    let run = stockport
        .run(["import", "in.csv", "--sandbox", "--dry-run", "--json"])
        .ok()
        .json();
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("`digits = 10` for the column"), "{warnings}");
}

#[test]
fn digits_are_a_key_of_the_ids_column_alone() {
    let stockport = Stockport::new();
    stockport.write("in.csv", "Tag,Name\n1,Kush\n");
    for (rule, line) in [
        ("Tag = { digits = 10 }", 2),
        ("Tag = { field = \"item_id\", digits = 0 }", 2),
        ("Tag = { field = \"item_id\", digits = 65 }", 2),
        ("Tag = { field = \"item_id\", digits = \"10\" }", 2),
        ("Name = { field = \"name\", digits = 10 }", 2),
    ] {
        stockport.write("map.toml", format!("[columns]\n{rule}\n").as_str());
        let run = stockport.run(["convert", "in.csv", "-", "--map", "map.toml"]).exit(1);
        let error = format!("map.toml, line {line}: digits must be");
        assert!(run.stderr.contains(&error), "{rule}: {}", run.stderr);
    }
}

#[test]
fn the_ids_of_a_dry_run_are_planned_in_its_equation() {
    let stockport = Stockport::new();
    stockport.write("in.csv", format!("item_id,name\nA1,{ORG}\nA/2,b\n").as_str());
    let run = stockport.run(["import", "in.csv", "--sandbox", "--dry-run"]).exit(3);
    let line = "Dry run, nothing sent: 2 read = 1 to create + 1 rejected";
    assert!(run.stdout.contains(line) || run.stderr.contains(line), "{run:?}");
}
