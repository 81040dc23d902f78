//! Workbooks of our own making, the samples, and the real ones where they are at hand.

use std::path::{Path, PathBuf};

use super::{Limits, Merge, Workbook};
use crate::sheet::{Cell, Moment, ReadError, Row};

/// A file of other projects' test data; none where that folder isn't there (it is no part of this repository).
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/real/{name} is not at hand");
    None
}

fn open(path: &Path) -> Result<Workbook, ReadError> {
    Workbook::open(path, "book", &Limits::default())
}

fn rows(workbook: &Workbook, sheet: &str) -> Vec<Row> {
    try_rows(workbook, sheet).unwrap()
}

fn try_rows(workbook: &Workbook, sheet: &str) -> Result<Vec<Row>, ReadError> {
    let (mut reader, mut row, mut all) = (workbook.rows(sheet)?, Row::new(), Vec::new());
    while reader.next(&mut row)? {
        all.push(row.clone());
    }
    Ok(all)
}

fn names(workbook: &Workbook) -> Vec<(&str, bool)> {
    workbook
        .sheets()
        .iter()
        .map(|sheet| (sheet.name.as_str(), sheet.visible))
        .collect()
}

#[test]
fn the_vendors_workbook_gives_its_preamble_header_and_item() {
    let Some(path) = real("inventory_import.xlsm") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert_eq!(workbook.kind(), "xlsm");
    assert!(
        names(&workbook).contains(&("Worksheet", true)),
        "{:?}",
        names(&workbook)
    );
    let rows = rows(&workbook, "Worksheet");
    let header = rows.iter().find(|row| row.line == 7).unwrap();
    assert!(header.cells().any(|cell| cell == Cell::Text("Item ID")), "{header:?}");
    let item = rows.iter().find(|row| row.line == 8).unwrap();
    assert!(item.cells().any(|cell| cell == Cell::Text("test-item")), "{item:?}");
    assert!(item.cells().any(|cell| cell == Cell::Text("Chess Set")), "{item:?}");
    assert!(!workbook.merges("Worksheet").unwrap().is_empty());
    assert!(rows_of_errors(&workbook, "Upload") > 0);
}

fn rows_of_errors(workbook: &Workbook, sheet: &str) -> usize {
    rows(workbook, sheet)
        .iter()
        .filter(|row| row.cells().any(|cell| matches!(cell, Cell::Error(_))))
        .count()
}

#[test]
fn a_workbook_with_a_macro_sheet_gives_its_worksheets() {
    let Some(path) = real("sjs-BlankSheetTypes.xlsm") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert!(!workbook.sheets().is_empty());
    for sheet in workbook.sheets() {
        rows(&workbook, &sheet.name);
        println!("{}", sheet.name);
    }
}

#[test]
fn the_1904_epoch_is_respected() {
    let Some(path) = real("cal-date_1904.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let rows = rows(&workbook, &sheet);
    assert_eq!(
        rows[0].cell(0),
        Cell::Moment(Moment::Date(jiff::civil::date(2021, 1, 1)))
    );
}

#[test]
fn error_cells_keep_their_names_and_the_hidden_row_is_known() {
    let Some(path) = real("cal-errors.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let all = rows(&workbook, &sheet);
    let errors: Vec<String> = all
        .iter()
        .flat_map(Row::cells)
        .filter_map(|cell| {
            if let Cell::Error(text) = cell {
                Some(text.to_owned())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        errors,
        ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"]
    );
    assert_eq!(workbook.hidden_rows(&sheet).unwrap().len(), 1);
}

#[test]
fn a_password_is_told_in_plain_words() {
    let Some(path) = real("cal-pass_protected.xlsx") else {
        return;
    };
    let error = open(&path).err().unwrap();
    assert!(matches!(error, ReadError::PasswordProtected(_)));
    assert_eq!(
        error.to_string(),
        "book is password-protected, so its rows can't be read"
    );
}

#[test]
fn hidden_and_very_hidden_sheets_are_told_apart_from_visible_ones() {
    let Some(path) = real("sjs-sheet_visibility.xlsx") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert_eq!(
        names(&workbook),
        [("Visible", true), ("Hidden", false), ("VeryHidden", false)]
    );
}

#[test]
fn text_that_looks_like_a_number_stays_text() {
    let Some(path) = real("fl-cast-int-to-string-issue-1251.xlsx") else {
        return;
    };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let all = rows(&workbook, &sheet);
    assert!(
        all.iter().flat_map(Row::cells).any(|cell| cell == Cell::Text("001")),
        "{all:?}"
    );
}

#[test]
fn a_title_row_and_a_total_row_come_as_they_are() {
    let Some(path) = real("fl-skip-rows.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    for row in rows(&workbook, &sheet) {
        println!("{row:?}");
    }
    let _: Vec<Merge> = workbook.merges(&sheet).unwrap();
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/formats").join(name)
}

#[test]
fn the_same_inventory_reads_alike_from_every_kind_of_workbook() {
    for kind in ["xlsx", "xls", "ods"] {
        let workbook = open(&sample(&format!("inventory.{kind}"))).unwrap();
        assert_eq!(workbook.kind(), kind);
        assert_eq!(names(&workbook), [("Inventory", true), ("Settings", false)], "{kind}");
        let all = rows(&workbook, "Inventory");
        let cells = |line: u64| -> Vec<String> {
            let row = all.iter().find(|row| row.line == line).unwrap();
            row.cells().map(|cell| format!("{cell:?}")).collect()
        };
        assert_eq!(
            all.iter().map(|row| row.line).collect::<Vec<_>>(),
            [1, 3, 4, 5, 8],
            "{kind}"
        );
        assert_eq!(
            cells(1),
            ["Text(\"Inventory of Green Valley, count of July\")"],
            "{kind}"
        );
        assert_eq!(cells(3)[0], "Text(\"Item ID\")", "{kind}");
        assert_eq!(
            cells(4),
            [
                "Text(\"00187\")",
                "Text(\"Blue Dream, 3.5 g\")",
                "Number(12.0, Plain)",
                "Text(\"Each\")",
                "Bool(true)",
                "Moment(Date(2021-07-08))",
                "Moment(Time(09:05:00))",
                "Moment(DateTime(2021-07-09T16:30:15))"
            ],
            "{kind}"
        );
        let padded = if kind == "xls" {
            "Number(188.0, Plain)"
        } else {
            "Number(188.0, Padded(5))"
        };
        assert_eq!(
            cells(5),
            [
                padded,
                "Text(\"Crème brûlée “gummies”\")",
                "Number(10.5, Plain)",
                "Text(\"None\")",
                "Bool(false)",
                "Empty",
                "Empty",
                "Moment(Date(2021-12-31))"
            ],
            "{kind}"
        );
        assert_eq!(
            cells(8),
            [
                "Text(\"1A4FF0100000022000000189\")",
                "Text(\"Two lines\\nin one cell\")",
                "Number(-2.0, Plain)",
                "Text(\"Grams\")"
            ],
            "{kind}"
        );
        assert_eq!(
            workbook.merges("Inventory").unwrap(),
            [Merge {
                first: (1, 0),
                last: (1, 2)
            }],
            "{kind}"
        );
        let hidden = workbook.hidden_rows("Inventory").unwrap();
        assert_eq!(hidden, if kind == "xls" { vec![] } else { vec![5] }, "{kind}");
        // Once more, and two at once: readers don't disturb each other.
        assert_eq!(rows(&workbook, "Inventory").len(), 5);
        let (mut first, mut second) = (workbook.rows("Inventory").unwrap(), workbook.rows("Inventory").unwrap());
        let (mut a, mut b) = (Row::new(), Row::new());
        assert!(first.next(&mut a).unwrap() && second.next(&mut b).unwrap());
        assert_eq!((a.line, b.line), (1, 1));
        let error = workbook.rows("Sheet9").err().unwrap();
        assert_eq!(
            error.to_string(),
            "book has no sheet named \"Sheet9\"; it has \"Inventory\", \"Settings\""
        );
    }
}
