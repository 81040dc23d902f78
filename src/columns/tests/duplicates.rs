//! Ids compared: one id in two rows, and ids that only look alike.

use super::*;

fn with(duplicates: Duplicates) -> ColumnOptions {
    ColumnOptions {
        duplicates,
        ..ColumnOptions::default()
    }
}

const ROWS: &[&[&str]] = &[
    &["A", "one", "1", ""],
    &["B", "two", "2", "x"],
    &["A", "three", "", "y"],
    &["A", "", "4", "-"],
];

fn table() -> Table {
    csv(&["item_id", "name", "quantity", "status"], ROWS)
}

#[test]
fn rows_of_one_id_are_rejected_each_naming_the_others() {
    let (seen, survey) = read(vec![table()], with(Duplicates::Reject));
    assert_eq!(
        reasons(&seen[0]),
        "line 2, column \"item_id\": the id \"A\" is also in line 4, line 5"
    );
    assert_eq!(
        reasons(&seen[2]),
        "line 4, column \"item_id\": the id \"A\" is also in line 2, line 5"
    );
    assert!(matches!(&seen[1], Seen::Item(id, _) if id == "B"));
    warned(&survey, "1 id is in more than one row (3 rows): all are rejected");
}

#[test]
fn the_first_or_the_last_row_is_taken_on_request() {
    let (seen, _) = read(vec![table()], with(Duplicates::First));
    assert_eq!(column(&seen, "name"), ["\"one\"", "\"two\"", "skipped", "skipped"]);
    let (seen, _) = read(vec![table()], with(Duplicates::Last));
    assert_eq!(column(&seen, "name"), ["skipped", "\"two\"", "skipped", "null"]);
    assert_eq!(
        seen[0],
        Seen::Skipped("the id is in line 5 again (--duplicates last)".into())
    );
}

#[test]
fn merged_rows_make_one_item_in_which_a_later_cell_wins_unless_it_says_nothing() {
    let (seen, _) = read(vec![table()], with(Duplicates::Merge));
    assert_eq!(column(&seen, "name"), ["skipped", "\"two\"", "skipped", "\"three\""]);
    assert_eq!(column(&seen, "quantity")[3], "4");
    assert_eq!(column(&seen, "status")[3], "\"y\"");
}

#[test]
fn a_row_that_is_refused_is_not_taken_in_place_of_a_sound_one() {
    let rows: &[&[&str]] = &[&["A", "one"], &["A", "#REF!"]];
    let (seen, _) = read(vec![csv(&["item_id", "name"], rows)], with(Duplicates::Last));
    assert_eq!(column(&seen, "name"), ["\"one\"", "rejected"]);
}

#[test]
fn ids_are_compared_across_tables() {
    let other = csv(&["Item ID", "Name"], &[&["B", "again"]]);
    let (seen, _) = read(vec![table(), other], with(Duplicates::Reject));
    assert_eq!(column(&seen, "name")[4], "rejected");
    assert_eq!(column(&seen, "name")[1], "rejected");
}

#[test]
fn ids_that_differ_only_in_case_are_two_items_and_pointed_out() {
    let (seen, survey) = read(
        vec![csv(&["item_id", "name"], &[&["a1", "x"], &["A1", "y"]])],
        ColumnOptions::default(),
    );
    assert!(seen.iter().all(|seen| matches!(seen, Seen::Item(..))));
    warned(&survey, "2 ids are nearly the same as another id");
}

#[test]
fn an_id_with_outer_space_equals_the_one_without() {
    let (seen, _) = read(
        vec![csv(&["item_id", "name"], &[&["a1 ", "x"], &["a1", "y"]])],
        ColumnOptions::default(),
    );
    assert_eq!(column(&seen, "name"), ["rejected", "rejected"]);
}

#[test]
fn ids_that_may_have_lost_leading_zeros_are_pointed_out() {
    let (_, survey) = read(
        vec![csv(&["item_id", "name"], &[&["00123", "x"], &["45", "y"]])],
        ColumnOptions::default(),
    );
    warned(
        &survey,
        "1 id has fewer digits than ids with leading zeros such as \"00123\"",
    );
}

#[test]
fn a_second_reading_gives_the_same_rows() {
    let mut source = Source::new(vec![table()], with(Duplicates::Merge)).expect("columns");
    let first = read_source(&mut source);
    assert_eq!(first.0, read_source(&mut source).0);
}

#[test]
fn rows_on_one_line_of_a_json_file_are_told_apart() {
    let header = Header {
        rows: Vec::new(),
        by: crate::sheet::HeaderBy::Recognized,
        line: 0,
        cells: vec![
            HeaderCell {
                index: 0,
                name: "item_id".into(),
            },
            HeaderCell {
                index: 1,
                name: "name".into(),
            },
        ],
    };
    let rows = ["one", "two"].map(|name| {
        let mut row = Row::new();
        row.clear(1);
        row.push(Cell::Text("A"));
        row.push(Cell::Text(name));
        row
    });
    let table = || Table::from_rows("inventory.json", Format::Json, None, header.clone(), rows.to_vec());
    let (seen, _) = read(vec![table()], with(Duplicates::Last));
    assert_eq!(column(&seen, "name"), ["skipped", "\"two\""]);
    let (seen, _) = read(vec![table()], with(Duplicates::Reject));
    assert_eq!(column(&seen, "name"), ["rejected", "rejected"]);
    assert!(reasons(&seen[0]).contains("is also in line 1"));
}
