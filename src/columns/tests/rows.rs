//! Whole rows: too long, too short, totals, damaged ids, more than one fault.

use super::*;
use crate::sheet::NumberFormat;

fn plain(value: f64) -> Cell<'static> {
    Cell::Number(value, NumberFormat::Plain)
}

#[test]
fn a_row_longer_than_its_header_is_rejected() {
    let table = csv(
        &["item_id", "name"],
        &[&["A", "x", "y"], &["B", "x", ""], &["C", "x", " ", "z"]],
    );
    let (seen, _) = read(vec![table], ColumnOptions::default());
    assert_eq!(
        reasons(&seen[0]),
        "line 2, column 3: the row is longer than its header: 3 cells, 2 columns"
    );
    assert!(
        matches!(seen[1], Seen::Item(..)),
        "an empty cell too many loses nothing"
    );
    assert!(matches!(seen[2], Seen::Rejected(_)));
}

#[test]
fn the_missing_end_of_a_short_row_changes_nothing_and_is_pointed_out() {
    let table = csv(&["item_id", "name", "status"], &[&["A", "x"], &["B", "", ""]]);
    let (seen, survey) = read(vec![table], ColumnOptions::default());
    assert_eq!(column(&seen, "status"), ["absent", "null"]);
    warned(&survey, "1 row is shorter than the header");
    let blanks = ColumnOptions {
        blanks_reject: true,
        ..ColumnOptions::default()
    };
    let table = csv(&["item_id", "name", "status"], &[&["A", "x"], &["B", "x", ""]]);
    assert_eq!(column(&read(vec![table], blanks).0, "name"), ["\"x\"", "rejected"]);
}

#[test]
fn every_reason_of_a_row_is_given() {
    let table = csv(&["item_id", "quantity", "name"], &[&["a/b", "#REF!", "x", "more"]]);
    let (seen, _) = read(vec![table], ColumnOptions::default());
    let Seen::Rejected(all) = &seen[0] else {
        panic!("{seen:?}")
    };
    let columns: Vec<_> = all
        .iter()
        .map(|r| (r.column.as_deref(), r.index, r.value.as_str()))
        .collect();
    assert_eq!(
        columns,
        [
            (None, Some(3), "more"),
            (Some("item_id"), Some(0), "a/b"),
            (Some("quantity"), Some(1), "#REF!")
        ]
    );
    assert!(all.iter().all(|r| r.reason.starts_with("line 2, column")), "{all:?}");
}

#[test]
fn an_id_that_a_spreadsheet_program_has_damaged_rejects_the_row() {
    let table = workbook(
        &["Item ID", "Name"],
        &[
            &[Cell::Number(1e10, NumberFormat::of("0.00E+00")), Cell::Text("x")],
            &[plain(1.5), Cell::Text("x")],
            &[plain(13_232_582_566_688_421.0), Cell::Text("x")],
            &[Cell::Number(123.0, NumberFormat::of("00000")), Cell::Text("x")],
            &[Cell::Empty, Cell::Text("x")],
        ],
    );
    let (seen, _) = read(vec![table], ColumnOptions::default());
    assert!(reasons(&seen[0]).starts_with("Sheet1!A7: the id is a number in scientific format"));
    assert!(reasons(&seen[1]).starts_with("Sheet1!A8: the id is a number with decimals"));
    assert!(reasons(&seen[2]).starts_with("Sheet1!A9: the id is a number too long"));
    assert!(matches!(&seen[3], Seen::Item(id, _) if id == "00123"));
    assert_eq!(reasons(&seen[4]), "Sheet1!A11: the item id is empty");
}

#[test]
fn a_suspicious_id_in_a_text_file_is_a_warning() {
    let table = csv(&["item_id", "name"], &[&["1E10", "x"], &["1.0", "y"]]);
    let (seen, survey) = read(vec![table], ColumnOptions::default());
    assert!(seen.iter().all(|seen| matches!(seen, Seen::Item(..))));
    warned(
        &survey,
        "2 ids look like a number that a spreadsheet program has rewritten (first: line 2",
    );
}

#[test]
fn values_under_no_header_are_left_out_aloud() {
    let table = csv(&["item_id", "", "name"], &[&["A", "lost", "x"]]);
    let (seen, survey) = read(vec![table], ColumnOptions::default());
    assert!(matches!(seen[0], Seen::Item(..)));
    warned(
        &survey,
        "1 value is under no header and ignored (first: line 2, column 2)",
    );
}

#[test]
fn a_row_of_a_workbook_that_ends_early_has_empty_cells_to_its_headers_end() {
    let table = workbook(
        &["Item ID", "Name", "Status"],
        &[&[Cell::Text("A")], &[Cell::Text("B"), Cell::Empty, Cell::Text("x")]],
    );
    let (seen, survey) = read(vec![table], ColumnOptions::default());
    assert_eq!(column(&seen, "name"), ["null", "null"]);
    assert_eq!(column(&seen, "status"), ["null", "\"x\""]);
    assert!(!told(&survey.warnings, "shorter"), "{survey:?}");
}

#[test]
fn a_workbooks_number_in_a_text_field_comes_with_its_own_text() {
    let table = workbook(&["Item ID", "Name"], &[&[Cell::Text("A"), plain(5.0)]]);
    let mut source = Source::new(vec![table], ColumnOptions::default()).expect("columns");
    source.survey().expect("a survey");
    source
        .read::<ColumnError>(&mut |_, incoming| {
            let Reading::Item(draft) = incoming.reading else {
                panic!("rejected")
            };
            assert_eq!(draft.values[0].raw.as_deref(), Some("5"));
            assert!(shows("5", &serde_json::json!(5)) && shows("5", &serde_json::json!(5.0)));
            Ok(())
        })
        .expect("rows");
}

#[test]
fn a_header_row_that_was_only_guessed_is_refused_in_plain_words() {
    let mut table = csv(&["item_id", "name"], &[&["A", "x"]]);
    table.header.by = crate::sheet::HeaderBy::Guessed;
    let error = Source::new(vec![table], ColumnOptions::default())
        .err()
        .expect("a refusal");
    assert!(error.to_string().contains("no header row was found"), "{error}");
}
