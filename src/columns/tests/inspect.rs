//! What `inspect` is told of a table, and its JSON.

use super::*;
use crate::sheet::NumberFormat;

fn look(table: Table) -> Inspection {
    inspect(table, ColumnOptions::default(), None).expect("an inspection")
}

#[test]
fn a_file_is_shown_with_its_columns_samples_and_problems() {
    let rows: &[&[&str]] = &[
        &["A", "5.0", "x", "07/22/19"],
        &["A", "#REF!", "#N/A", "soon"],
        &["B", "many", "", ""],
    ];
    let seen = look(csv(&["Tag", "Quantity", "Huh", "Moved At"], rows));
    assert_eq!(
        (
            seen.format.as_str(),
            seen.encoding.as_deref(),
            seen.delimiter.as_deref()
        ),
        ("csv", Some("UTF-8"), Some(","))
    );
    assert_eq!((seen.header_row, seen.rows, seen.guessed), (Some(1), 3, false));
    let columns: Vec<_> = seen
        .columns
        .iter()
        .map(|c| (c.field.as_deref(), c.by.as_str(), c.weak))
        .collect();
    assert_eq!(
        columns,
        [
            (Some("item_id"), "synonym", false),
            (Some("quantity"), "exact", false),
            (None, "unknown", false),
            (Some("moved_at"), "exact", false)
        ]
    );
    assert_eq!(
        seen.columns[1].samples[0],
        Sample {
            before: "5.0".into(),
            after: Some(serde_json::json!(5))
        }
    );
    assert_eq!(seen.columns[3].samples[0].after, Some(serde_json::json!("2019-07-22")));
    assert_eq!(
        seen.columns[2].samples[0],
        Sample {
            before: "x".into(),
            after: None
        }
    );
    assert_eq!(seen.columns[0].samples[0].after, Some(serde_json::json!("A")));
    let problems: Vec<_> = seen
        .problems
        .iter()
        .map(|p| (p.row, p.cell.as_str(), p.value.as_str(), p.reason.as_str()))
        .collect();
    assert_eq!(
        problems,
        [
            (2, "line 2, column \"Tag\"", "A", "the id \"A\" is also in line 3"),
            (2, "line 2, column \"Moved At\"", "07/22/19", "has a year of two digits"),
            (
                3,
                "line 3, column \"Quantity\"",
                "#REF!",
                "the cell holds the error value #REF!"
            ),
            (
                3,
                "line 3, column \"Moved At\"",
                "soon",
                "\"soon\" is not a date (--lenient posts it as text)"
            ),
            (3, "line 3, column \"Tag\"", "A", "the id \"A\" is also in line 2"),
            (
                3,
                "line 3, column \"Huh\"",
                "#N/A",
                "the cell holds the error value #N/A, in an ignored column"
            ),
            (
                4,
                "line 4, column \"Quantity\"",
                "many",
                "\"many\" is not a number (--lenient posts it as text)"
            ),
        ]
    );
}

#[test]
fn it_is_written_as_the_documented_json() {
    let value = serde_json::to_value(look(csv(&["item_id"], &[&["A"]]))).expect("JSON");
    for key in [
        "format",
        "encoding",
        "delimiter",
        "sheet",
        "header_row",
        "columns",
        "rows",
        "problems",
    ] {
        assert!(value.get(key).is_some(), "{key}");
    }
    let column = &value["columns"][0];
    assert_eq!(
        (&column["header"], &column["field"], &column["by"], &column["weak"]),
        (&"item_id".into(), &"item_id".into(), &"exact".into(), &false.into())
    );
}

#[test]
fn a_sheet_of_which_nothing_is_recognized_still_shows_its_error_cells() {
    let table = workbook(
        &["red", "green"],
        &[
            &[Cell::Error("#REF!"), Cell::Number(1.0, NumberFormat::Plain)],
            &[Cell::Empty, Cell::Error("#N/A")],
        ],
    );
    let seen = look(table);
    assert!(seen.guessed && told(&seen.notes, "the header row is a guess"));
    let cells: Vec<_> = seen
        .problems
        .iter()
        .map(|p| (p.cell.as_str(), p.value.as_str()))
        .collect();
    assert_eq!(cells, [("Sheet1!A7", "#REF!"), ("Sheet1!B8", "#N/A")]);
}

#[test]
fn two_columns_for_one_field_are_shown_with_the_refusal() {
    let seen = look(csv(&["id", "name", "id"], &[&["1", "x", "2"]]));
    assert_eq!(seen.rows, 1);
    assert!(
        seen.problems[0].reason.contains("two columns have the same header"),
        "{:?}",
        seen.problems
    );
    assert_eq!(seen.columns.len(), 3);
    assert_eq!(
        (seen.columns[0].field.as_deref(), seen.columns[0].weak),
        (Some("item_id"), true)
    );
}

#[test]
fn a_column_of_tags_is_offered_as_the_id_but_a_source_tag_is_not() {
    let rows: &[&[&str]] = &[&["1A4FF0100000022000000123", "1A4FF0100000022000000999", "x"]];
    let seen = look(csv(&["Source Package Tag", "Etikett", "Name"], rows));
    assert_eq!(
        (
            seen.columns[1].field.as_deref(),
            seen.columns[1].by.as_str(),
            seen.columns[1].weak
        ),
        (Some("item_id"), "values", true)
    );
    assert_eq!(seen.columns[0].field, None);
    let error = Source::new(
        vec![csv(&["Etikett", "Name"], &[&rows[0][1..]])],
        ColumnOptions::default(),
    );
    assert!(
        error
            .err()
            .expect("a refusal")
            .to_string()
            .ends_with("the values of \"Etikett\" look like ids")
    );
}

#[test]
fn a_declared_number_of_records_that_is_not_met_is_a_warning_with_both_numbers() {
    let mut table = csv(&["item_id", "name"], &[&["A", "x"], &["B", "y"]]);
    table.declared_rows = Some(3);
    let (_, survey) = read(vec![table], ColumnOptions::default());
    warned(&survey, "declares 3 records (NumberRecords), but 2 rows were read");
    let mut table = csv(&["item_id", "name"], &[&["A", "x"]]);
    table.declared_rows = Some(1);
    assert!(read(vec![table], ColumnOptions::default()).1.warnings.is_empty());
}

#[test]
fn the_order_of_dates_in_a_column_that_is_left_out_is_shown_before_anybody_maps_it() {
    let rows: &[&[&str]] = &[&["A", "07/08/2021", "12/2"], &["B", "2021-08-21T10:55:05.496866", "x"]];
    let seen = look(csv(&["item_id", "Created At", "Ratio"], rows));
    let shown: Vec<_> = seen
        .notes
        .iter()
        .filter(|note| note.contains("if it is mapped"))
        .collect();
    assert_eq!(shown.len(), 1, "{:?}", seen.notes);
    assert!(
        shown[0].contains("\"Created At\"") && shown[0].contains("07/08/2021 is read as month/day/year (assumed"),
        "{shown:?}"
    );
}

#[test]
fn an_error_value_in_the_header_row_is_a_problem_of_its_own() {
    let table = workbook(&["Item ID", "#REF!"], &[&[Cell::Text("A"), Cell::Text("x")]]);
    let seen = look(table);
    assert_eq!(
        (
            seen.problems[0].cell.as_str(),
            seen.problems[0].value.as_str(),
            seen.problems[0].row
        ),
        ("Sheet1!B6", "#REF!", 6)
    );
}

#[test]
fn a_total_below_a_table_without_ids_is_no_row_either() {
    let table = csv(&["A", "B"], &[&["8", "9"], &["", "TOTAL"]]);
    assert_eq!(look(table).rows, 1);
}
