//! Rows that are no items, or may be none.

use super::*;
use crate::sheet::NumberFormat;

const NAMES: [&str; 3] = ["Item ID", "Name", "Quantity"];

/// The ids of the items, the ids and reasons of what was rejected, and the lines of what was set aside.
struct Told {
    items: Vec<String>,
    rejected: Vec<(String, String)>,
    aside: Vec<(u64, &'static str)>,
    survey: Survey,
}

fn told_of(table: Table, options: ColumnOptions) -> Told {
    let (seen, survey) = read(vec![table], options);
    let mut told = Told {
        items: Vec::new(),
        rejected: Vec::new(),
        aside: survey
            .set_aside
            .rows
            .iter()
            .map(|row| (row.origin.line, row.reason))
            .collect(),
        survey,
    };
    assert_eq!(told.survey.set_aside.count, told.aside.len() as u64);
    for seen in seen {
        match seen {
            Seen::Item(id, _) => told.items.push(id),
            Seen::Rejected(reasons) => told
                .rejected
                .push((reasons[0].value.clone(), reasons[0].reason.clone())),
            Seen::Skipped(why) => panic!("{why}"),
        }
    }
    told
}

fn of(rows: &[&[&str]]) -> Told {
    told_of(csv(&NAMES, rows), ColumnOptions::default())
}

fn keeping() -> ColumnOptions {
    ColumnOptions {
        keep_suspects: true,
        ..ColumnOptions::default()
    }
}

#[test]
fn what_a_report_writes_between_its_rows_is_set_aside() {
    let told = of(&[
        &["A1", "a", "5"],
        &["-------", "----", "---"],
        &["Subtotal", "", "5"],
        &["Item ID", "Name", "Quantity"],
        &["\u{feff}Item ID", "NAME", "Quantity "],
        &["A2", "b", "7"],
        &["", "Grand Total:", "1,234.50"],
        &["TOTAL", "", "12"],
        &["(2 rows affected)", "", ""],
        &["Page 1 of 3", "", ""],
        &["", "Page 2 of 3"],
        &["*** END OF REPORT ***"],
    ]);
    assert_eq!(told.items, ["A1", "A2"]);
    assert!(told.rejected.is_empty(), "{:?}", told.rejected);
    assert_eq!(
        told.aside,
        [
            (3, "is a line between rows"),
            (4, "is a total"),
            (5, "repeats the header"),
            (6, "repeats the header"),
            (8, "is a total"),
            (9, "is a total"),
            (10, "is a count of rows"),
            (11, "is a page line"),
            (12, "is a page line"),
            (13, "ends the report"),
        ]
    );
    assert_eq!(told.survey.rows, 2);
    let warned = told.survey.decisions.join("\n");
    assert!(warned.contains("10 rows are not items and are ignored"), "{warned}");
    assert!(
        warned.contains("line 4 (\"Subtotal\") is a total; line 5 (\"Item ID\") repeats the header"),
        "{warned}"
    );
}

#[test]
fn what_may_be_no_item_is_rejected_unless_suspects_are_kept() {
    let rows: &[&[&str]] = &[
        &["VAULT A", "", ""],
        &["A1", "a", "5"],
        &["A2", "b", "7"],
        &["A1 Total", "", "5"],
        &["Label", "x", "1"],
        &["???", "x", "1"],
        &["Page 7", "", ""],
        &["A4", "", ""],
        &["A5", "12 inch pipe,1\nA6,plain,2\nA7,5", "3"],
        &["A8", "a", "1"],
        &["A9", "a", "1"],
    ];
    let told = of(rows);
    assert_eq!(told.items, ["A1", "A2", "A8", "A9"]);
    let why: Vec<(&str, bool)> = told
        .rejected
        .iter()
        .map(|(id, reason)| (id.as_str(), reason.contains("(--keep-suspects imports it as an item)")))
        .collect();
    let expected = ["VAULT A", "A1 Total", "Label", "???", "Page 7", "A4", "A5"];
    assert_eq!(why, expected.map(|id| (id, true)));
    let words = [
        "only the id is filled",
        "looks like a total",
        "the name of a column",
        "punctuation only",
        "looks like a page line",
        "only the id is filled",
        "lines that look like rows",
    ];
    for ((_, reason), words) in told.rejected.iter().zip(words) {
        assert!(reason.contains(words), "{reason}");
    }
    let kept = told_of(csv(&NAMES, rows), keeping());
    assert_eq!((kept.items.len(), kept.rejected.len()), (rows.len(), 0));
}

#[test]
fn rows_below_a_header_of_another_order_are_rejected_until_the_tables_own_comes_again() {
    let told = of(&[
        &["A1", "a", "5"],
        &["Item ID", "Quantity", "Name"],
        &["A3", "9", "z"],
        &["Item ID", "Name", "Quantity"],
        &["A4", "b", "6"],
        &["Item ID", "Status", "Location"],
        &["A5", "active", "here"],
    ]);
    assert_eq!(told.items, ["A1", "A4"]);
    assert_eq!(
        told.aside,
        [
            (3, "holds the header's names in another order"),
            (5, "repeats the header")
        ]
    );
    let rejected: Vec<&str> = told.rejected.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(rejected, ["A3", "Item ID", "A5"]);
    assert!(
        told.rejected[0].1.contains("below the header of line 3"),
        "{:?}",
        told.rejected
    );
    assert!(
        told.rejected[1].1.contains("looks like a header"),
        "{:?}",
        told.rejected
    );
}

#[test]
fn a_row_that_describes_the_columns_directly_below_the_header_is_no_item() {
    for marker in [
        ["text", "varchar(50)", "number"],
        ["required", "optional", "optional"],
        ["", "", "(g)"],
        ["[string]", "", "each"],
        ["A", "B", "C"],
        ["------", "----", "--------"],
    ] {
        let told = of(&[&marker, &["A1", "a", "5"], &["A2", "b", "5"]]);
        assert_eq!(told.items, ["A1", "A2"], "{marker:?}");
        assert_eq!((told.aside.len(), told.rejected.len()), (1, 0), "{marker:?}");
        let told = of(&[&["A1", "a", "5"], &["text", "Text", "5"]]);
        assert_eq!(told.items, ["A1", "text"], "further down it is an item");
    }
    let told = of(&[
        &["required", "optional", "optional"],
        &["text", "text", "number"],
        &["A1", "a", "5"],
    ]);
    assert_eq!((told.items.len(), told.aside.len()), (1, 2));
    for row in [
        ["g", "x", "5"],
        ["A1", "each", "5"],
        ["a", "b", "7"],
        ["text", "Gelato", "5"],
    ] {
        let told = of(&[&row, &["A2", "b", "1"]]);
        assert!(told.aside.is_empty(), "{row:?}");
    }
}

#[test]
fn items_that_only_sound_like_a_reports_lines_stay_items() {
    for row in [
        ["Total THC 5mg", "Total THC 5mg", "5"],
        ["TOTAL", "Total Kush", "3"],
        ["Kush Total", "a name", "3"],
        ["A9", "Page", "1"],
        ["A9", "Page 1 of 1", "1"],
        ["Page 1 of 1", "x", "1"],
        ["A9", "Item ID", "1"],
        ["A9", "--------", "1"],
        ["Vault", "a", "1"],
        ["A9", "first line\nsecond, third", "1"],
    ] {
        let told = of(&[&["A1", "a", "1"], &["A2", "b", "2"], &row]);
        assert_eq!(told.items.len(), 3, "{row:?}: {:?} {:?}", told.rejected, told.aside);
    }
}

#[test]
fn rows_with_nothing_but_an_id_are_items_where_many_are_so() {
    let sparse: &[&[&str]] = &[
        &["A1", "", ""],
        &["Blue Dream", "", ""],
        &["A3", "x", "1"],
        &["A4", "", ""],
        &["A5", "", ""],
    ];
    assert_eq!(of(sparse).items.len(), 5);
    let ids = |ids: &[&str]| {
        let rows: Vec<Vec<&str>> = ids.iter().map(|id| vec![*id]).collect();
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        told_of(csv(&["item_id"], &rows), ColumnOptions::default())
    };
    assert_eq!(
        ids(&["A1", "Blue Dream", "gelato", "Total THC 5mg", "Kush Total", "---x"])
            .items
            .len(),
        6
    );
    assert_eq!(ids(&["A1", "item_id", "A2"]).aside, [(3, "repeats the header")]);
    let two: &[&[&str]] = &[&["001", "x"], &["002", ""], &["003", "y"]];
    assert_eq!(
        told_of(csv(&["item_id", "name"], two), ColumnOptions::default())
            .items
            .len(),
        3
    );
    let titled: &[&[&str]] = &[&["VAULT A", ""], &["A1", "x"], &["VAULT B", ""], &["A2", "y"]];
    assert_eq!(
        told_of(csv(&["item_id", "name"], titled), ColumnOptions::default()).items,
        ["A1", "A2"]
    );
}

#[test]
fn in_json_and_in_reject_files_every_row_is_data() {
    let objects = json(
        r#"[{"item_id": "TOTAL", "quantity": 5}, {"item_id": "VAULT A"}, {"item_id": "A1", "name": "x", "quantity": 1}]"#,
    );
    assert_eq!(told_of(objects, ColumnOptions::default()).items.len(), 3);
    let names = ["Item ID", "Name", "_row", "_column", "_value", "_reason"];
    let rows: &[&[&str]] = &[
        &["Subtotal", "", "2", "Item ID", "", "x"],
        &["Item ID", "Name", "3", "Item ID", "", "x"],
        &["Page 1 of 1", "", "4", "", "", "x"],
        &["A1", "x", "5", "", "", "x"],
    ];
    assert_eq!(told_of(csv(&names, rows), ColumnOptions::default()).items.len(), 4);
}

#[test]
fn formulas_over_empty_rows_are_set_aside_together() {
    let plain = |value: f64| Cell::Number(value, NumberFormat::Plain);
    let zeros: &[Cell<'_>] = &[plain(0.0), plain(0.0), Cell::Error("#REF!"), Cell::Empty];
    let blank_id: &[Cell<'_>] = &[Cell::Empty, plain(0.0), plain(0.0)];
    let table = workbook(
        &["Item ID", "Name", "Quantity", "Status"],
        &[
            &[Cell::Text("A"), Cell::Text("x"), plain(0.0)],
            zeros,
            zeros,
            blank_id,
            &[plain(0.0), Cell::Text("Zero"), plain(1.0)],
        ],
    );
    let told = told_of(table, ColumnOptions::default());
    assert_eq!(
        (told.items, told.aside.len()),
        (vec!["A".to_owned(), "0".to_owned()], 3)
    );
    let warned = told.survey.decisions.join("\n");
    assert!(
        warned.contains("3 rows are not items and are ignored: row 8 to row 10 hold"),
        "{warned}"
    );
}

#[test]
fn a_header_of_numbers_and_dates_that_comes_again_is_set_aside() {
    let plain = |value: f64| Cell::Number(value, NumberFormat::Plain);
    let again: &[Cell<'_>] = &[Cell::Text("Item ID"), plain(2024.0)];
    let table = workbook(&["Item ID", "2024"], &[&[Cell::Text("A1"), plain(1.0)], again]);
    assert_eq!(
        told_of(table, ColumnOptions::default()).aside,
        [(8, "repeats the header")]
    );
}
