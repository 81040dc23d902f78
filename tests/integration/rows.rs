//! Rows that are no items, headers, and dialects of text, in files as other programs write them.

use serde_json::{Value, json};

use crate::support::{Run, Stockport};

macro_rules! file {
    ($name:literal) => {
        ($name, include_bytes!(concat!("rows/", $name)).as_slice())
    };
}

/// The items that `convert` makes of a file, and the run.
fn converted((name, bytes): (&str, &[u8]), options: &[&str]) -> (Vec<Value>, Run) {
    let stockport = Stockport::new();
    stockport.write(name, bytes);
    let run = stockport.run(["convert", name, "-"].iter().chain(options));
    let items = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    (items.collect(), run)
}

fn inspected((name, bytes): (&str, &[u8])) -> Value {
    let stockport = Stockport::new();
    stockport.write(name, bytes);
    stockport.run(["inspect", name, "--json"]).ok().json()
}

#[test]
fn a_quotation_mark_that_opens_by_mistake_swallows_no_row() {
    let (_, run) = converted(file!("lone-quote.csv"), &[]);
    let run = run.exit(1);
    assert!(
        run.stderr
            .contains("opens in line 2 of lone-quote.csv closes in line 4"),
        "{}",
        run.stderr
    );
    // One that goes on behind its closing mark on the same line costs its own row only.
    let text = b"Item ID,Name\nA1,\"12\" pipe\"\nA2,\"6\"\" bong\"\n";
    let (items, run) = converted(("in.csv", text), &[]);
    assert_eq!(items, [json!({"item_id": "A2", "name": "6\" bong"})]);
    assert!(
        run.exit(3)
            .stderr
            .contains("line 2: text follows the closing quotation mark")
    );
    // One that closes where a cell ends: each of its lines is as long as the header.
    let text = b"Item ID,Name,Quantity\nA1,\"12 inch pipe,1\nA2,plain,2\nA3,5\",3\nA4,last,4\n";
    let (items, run) = converted(("in.csv", text), &[]);
    assert_eq!(items, [json!({"item_id": "A4", "name": "last", "quantity": 4})]);
    assert!(run.exit(3).stderr.contains("lines that look like rows"));
}

#[test]
fn dialects_are_read_and_reported() {
    let (items, run) = converted(file!("backslash-quotes.csv"), &[]);
    let names: Vec<&Value> = items.iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["6\" bong", "12\" pipe, red", "b"]);
    assert!(run.exit(0).stderr.contains("after a backslash"));
    for (text, delimiter, note) in [
        ("'Item ID','Name'\n'A1','x, y'\n'A2','it''s'\n", ",", "single quotes"),
        ("Item ID, Name\nA1, \"x, y\"\nA2, \"it's\"\n", ",", "blanks before"),
        ("Item ID^Name\nA1^x, y\nA2^it's\n", "^", "separated by '^'"),
        ("Item ID~Name\nA1~x, y\nA2~it's\n", "~", "separated by '~'"),
        ("Item ID:Name\nA1:x, y\nA2:it's\n", ":", "separated by ':'"),
    ] {
        let (items, run) = converted(("in.csv", text.as_bytes()), &[]);
        let names: Vec<&Value> = items.iter().map(|item| &item["name"]).collect();
        assert_eq!(names, ["x, y", "it's"], "{text}");
        assert!(run.exit(0).stderr.contains(note), "{text}");
        assert_eq!(inspected(("in.csv", text.as_bytes()))["delimiter"], delimiter);
    }
}

#[test]
fn a_delimiter_that_is_named_wins_and_a_header_of_another_is_refused() {
    let text = b"Item ID,Name,Quantity\nA1;x;1\nA2;y;2\n";
    let (_, run) = converted(("in.csv", text), &[]);
    let run = run.exit(1);
    assert!(
        run.stderr.contains("separated by commas, but its rows by semicolons"),
        "{}",
        run.stderr
    );
    let (items, run) = converted(("in.csv", b"Item ID:Name\nA1:x, y\n"), &["--delimiter", ":"]);
    assert_eq!(items, [json!({"item_id": "A1", "name": "x, y"})]);
    assert!(!run.exit(0).stderr.contains("separated by"));
}

#[test]
fn files_of_other_programs_have_their_right_values() {
    let all = |(file, field, values, code): ((&str, &[u8]), &str, &[Value], i32)| {
        let (items, run) = converted(file, &[]);
        let found: Vec<&Value> = items.iter().map(|item| &item[field]).collect();
        assert_eq!(found, values.iter().collect::<Vec<_>>(), "{}", file.0);
        run.exit(code)
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    all((file!("apostrophe-ids.csv"), "item_id", &texts(&["00187", "00188"]), 0));
    let moved = texts(&["2026-07-22T15:52:00", "2026-07-22T11:05:00"]);
    all((file!("dot-times.csv"), "moved_at", &moved, 0));
    all((
        file!("dot-times.csv"),
        "moved_at_time",
        &texts(&["15:52:00", "11:05:00"]),
        0,
    ));
    all((
        file!("narrow-space-time.csv"),
        "moved_at",
        &texts(&["2026-07-22T15:52:00"; 3]),
        0,
    ));
    let numbers = json!([1234.5, 2000, 1234.5, -12, -12.5, -12, 12]);
    all((
        file!("grouped-by-space.csv"),
        "quantity",
        numbers.as_array().unwrap(),
        0,
    ));
    let names = texts(&["Crème brûlée", "Jalapeño", "Café"]);
    let run = all((file!("mac-roman.csv"), "name", &names, 0));
    assert!(run.stderr.contains("a guess from its bytes"), "{}", run.stderr);
    all((file!("rows-of-arrays.json"), "quantity", &[json!(1), json!(2)], 0));
    let moved = texts(&["2025-12-31", "2025-12-05", "2026-02-01"]);
    all((file!("two-digit-years.csv"), "moved_at", &moved, 0));
    // The mark at the start of line 4 is none of its id, so that two rows have the id A100.
    let (items, run) = converted(file!("invisible-ids.csv"), &[]);
    let run = run.exit(3);
    assert!(
        items.len() == 7 && run.stderr.contains("8 ids are nearly the same"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("the id \"A100\" is also in line 4"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_cell_that_spells_a_fields_name_joins_no_row_to_the_header() {
    let (items, run) = converted(file!("header-joined-with-data.csv"), &[]);
    run.exit(0);
    let ids: Vec<&Value> = items.iter().map(|item| &item["item_id"]).collect();
    assert_eq!(ids, ["A1", "A2"]);
}

#[test]
fn a_marker_row_under_the_header_is_no_item_and_is_mentioned() {
    let (items, run) = converted(file!("marker-row-under-header.xlsx"), &[]);
    assert_eq!(items, [json!({"item_id": "X1", "name": "Alpha", "weight": 1.5})]);
    assert!(run.exit(0).stderr.contains("row 4 (\"A\") describes the columns"));
}

#[test]
fn what_a_report_writes_between_its_rows_is_set_aside_or_rejected_and_named() {
    let report = file!("report-rows.xlsx");
    let (items, run) = converted(report, &[]);
    run.exit(3);
    let ids: Vec<&Value> = items.iter().map(|item| &item["item_id"]).collect();
    assert_eq!(ids, ["A1", "A2"]);
    let seen = inspected(report);
    assert_eq!((&seen["rows"], &seen["set_aside"]), (&json!(6), &json!(4)));
    let aside: Vec<&Value> = (seen["set_aside_rows"].as_array().unwrap().iter())
        .map(|row| &row["row"])
        .collect();
    assert_eq!(aside, [6, 7, 11, 12]);
    assert!(seen["set_aside_rows"][0]["reason"] == "is a total" && seen["set_aside_rows"][0]["value"] == "Subtotal");
    let (items, run) = converted(report, &["--keep-suspects", "--lenient"]);
    assert_eq!(
        (items.len(), run.exit(0).stderr.contains("6 read = 6 written")),
        (6, true)
    );
}

#[test]
fn rows_set_aside_are_counted_beside_what_was_read_and_suspects_go_to_the_reject_file() {
    let stockport = Stockport::new();
    stockport.write(
        "in.csv",
        "Item ID,Name,Quantity\nVAULT A,,\nA1,a,1\nA2,b,2\nSubtotal,,3\nItem ID,Name,Quantity\nA3,c,3\n(3 rows affected),,\n",
    );
    let run = stockport.run(["import", "in.csv", "--sandbox", "--json"]).exit(3);
    let summary = run.json();
    assert_eq!(
        (&summary["read"], &summary["created"], &summary["rejected"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(summary["set_aside"], 3);
    let rejects = stockport.read("in.rejects.csv");
    assert!(
        rejects.contains("VAULT A") && !rejects.contains("Subtotal"),
        "{rejects}"
    );
    let plan = stockport
        .run(["import", "in.csv", "--sandbox", "--dry-run", "--keep-suspects"])
        .exit(0);
    let shown = format!("{}{}", plan.stdout, plan.stderr);
    for words in [
        "line 5 (\"Subtotal\") is a total",
        "line 6 (\"Item ID\") repeats the header",
        "line 8",
    ] {
        assert!(shown.contains(words), "{words} of {shown}");
    }
    stockport
        .run(["delete", "--file", "in.csv", "--sandbox", "--yes"])
        .exit(3);
    stockport.write("one.csv", "Item ID,Name,Quantity\nVAULT A,,\nA1,a,1\nA2,b,2\n");
    let diff = stockport
        .run(["diff", "one.csv", "one.csv", "--keep-suspects", "--json"])
        .exit(0)
        .json();
    assert_eq!(diff["equal"], 3, "{diff}");
    let out = stockport
        .run(["convert", "one.csv", "out.jsonl", "--json"])
        .exit(3)
        .json();
    assert_eq!((&out["set_aside"], &out["rejected"]), (&json!(0), &json!(1)));
}

#[test]
fn sheets_that_continue_one_another_are_read_together_and_others_of_the_same_header_are_named() {
    let (items, run) = converted(file!("same-header-sheets.xlsx"), &[]);
    assert_eq!(items.len(), 1);
    let run = run.exit(0);
    assert!(
        run.stderr.contains("the same header (--sheet '*' reads every sheet)"),
        "{}",
        run.stderr
    );
    let (items, run) = converted(file!("same-header-sheets.xlsx"), &["--sheet", "*"]);
    run.exit(0);
    assert_eq!(items.len(), 3);
}
