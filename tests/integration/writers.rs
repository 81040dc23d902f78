//! Workbooks as other programs write them (`writers/make.sh`), the same sheet in each, and by the kinds of values.
//!
//! Doesn't belong here: what makes single files hard to read (`reading`).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Stockport;

fn path(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/writers");
    folder.join(name).display().to_string()
}

/// The items that `convert` makes of a file, and what it says on the way; it may reject rows.
fn converted(file: &str) -> (Vec<Value>, String) {
    let run = Stockport::new().run(["convert", file, "-"]);
    assert!([0, 3].contains(&run.code), "{file}: {run:?}");
    let items = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    (items.collect(), run.stderr)
}

/// The sheet as far as every program can write it.
fn stock() -> Vec<Value> {
    let blank = |mut item: Value| {
        for field in ["status", "moved_at", "approved"] {
            if item.get(field).is_none() {
                item[field] = Value::Null;
            }
        }
        item
    };
    vec![
        json!({
            "item_id": "00187", "name": "Crème brûlée 🍋", "status": "09:05:00", "quantity": 12.5,
            "approved": true, "moved_at": "2026-07-22"
        }),
        blank(json!({
            "item_id": "1A4FF0100000022000000123", "name": "two\nlines", "quantity": -3,
            "approved": false, "moved_at": "2026-07-22T15:52:30"
        })),
        blank(json!({"item_id": "00188", "name": "柚子", "quantity": 25})),
    ]
}

/// The sheet with other values in a field of its first rows.
fn stock_with(field: &str, values: &[Value]) -> Vec<Value> {
    let mut items = stock();
    for (item, value) in items.iter_mut().zip(values) {
        item[field] = value.clone();
    }
    items
}

#[test]
fn the_same_sheet_reads_alike_from_every_program() {
    for name in [
        "exceljs.xlsx",
        "gnumeric.ods",
        "gnumeric.xls",
        "gnumeric.xlsx",
        "libreoffice.xls",
        "libreoffice.xlsx",
        "openpyxl.xlsx",
        "perl.xlsx",
        "rust_xlsxwriter.xlsx",
        "sheetjs-inline.xlsx",
        "sheetjs.xls",
        "sheetjs.xlsb",
        "sheetjs.xlsx",
        "xlsxwriter-inline.xlsx",
        "xlsxwriter.xlsx",
        "xlwt.xls",
    ] {
        let (items, said) = converted(&path(name));
        assert_eq!(items, stock(), "{name}: {said}");
        // The error value below the blank row.
        assert!(said.contains(&format!("{name}, Stock!C6: ")), "{name}: {said}");
        assert!(said.contains("4 read = 3 written + 1 rejected"), "{name}: {said}");
    }
}

#[test]
fn what_a_program_cannot_write_is_all_that_is_missing() {
    // Perl's has no truth values, and names the code page 1252 beside texts that have none.
    let (items, said) = converted(&path("perl.xls"));
    assert_eq!(items, stock_with("approved", &[Value::Null, Value::Null]), "{said}");
    assert!(
        said.contains("perl.xls, Stock!C6: the cell holds the error value #DIV/0!"),
        "{said}"
    );
    // LibreOffice's has numbers that are shown as truth values.
    let (items, said) = converted(&path("libreoffice.ods"));
    let unjudged = [Value::Null, Value::Null, Value::Null];
    let mut items = items;
    for item in &mut items {
        item["approved"] = Value::Null;
    }
    assert_eq!(items, stock_with("approved", &unjudged), "{said}");
    // The format of Excel 95 has one code page.
    for (name, names) in [
        ("gnumeric.biff5.xls", ["Crème brûlée ?", "two\nlines", "??"]),
        ("sheetjs.biff5.xls", ["Cr_me br_l_e __", "two\nlines", "__"]),
    ] {
        let (items, said) = converted(&path(name));
        assert_eq!(items, stock_with("name", &names.map(Value::from)), "{name}: {said}");
    }
    // PyExcelerate writes no error values.
    let (mut items, said) = converted(&path("pyexcelerate.xlsx"));
    assert_eq!(items.pop().unwrap()["name"], "007", "{said}");
    assert_eq!(items, stock(), "{said}");
}

#[test]
fn a_letter_whose_halves_stand_in_two_records_is_one() {
    let (items, _) = converted(&path("xlwt-long-text.xls"));
    let name = format!("a{}", "🍋".repeat(2100));
    assert_eq!(items, [json!({"item_id": "00187", "name": name})]);
}

#[test]
fn ids_of_a_number_format_are_read_as_they_are_shown_in_every_kind_of_workbook() {
    for kind in ["xls", "xlsx", "ods"] {
        let (items, _) = converted(&crate::support::sample(&format!("formats/inventory.{kind}")));
        assert_eq!(items[1]["item_id"], "00188", "{kind}");
    }
}

#[test]
fn every_workbook_of_another_program_is_small_and_read_by_a_test() {
    let tests = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/writers.rs")).unwrap();
    for entry in fs::read_dir(path("")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(entry.metadata().unwrap().len() < 20_000, "{name}");
        assert!(
            name.starts_with("make") || tests.contains(&format!("\"{name}\"")),
            "{name}"
        );
    }
}
