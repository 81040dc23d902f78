//! What cells mean in their fields: nothing, numbers, dates, times, errors.

use jiff::civil::{date, time};

use super::*;
use crate::sheet::{Moment, NumberFormat};

pub(super) fn default() -> ColumnOptions {
    ColumnOptions::default()
}

#[test]
fn nothing_is_written_in_many_ways() {
    let blanks = [
        "", "  ", "-", "—", "none", "None", "NULL", "nil", "NaN", "n/a", "N/A", "na", " None ",
    ];
    let (values, _) = one_column("name", &blanks, default());
    assert!(values.iter().all(|value| value == "null"), "{values:?}");
    let (values, _) = one_column("name", &["0", "nothing", "--", "n.a.", "false", "no"], default());
    assert!(values.iter().all(|value| value != "null"), "{values:?}");
}

#[test]
fn text_stays_to_the_letter() {
    let (values, _) = one_column("name", &[" two  spaces ", "line\nbreak", "00123", "1E10"], default());
    assert_eq!(
        values,
        [r#"" two  spaces ""#, r#""line\nbreak""#, r#""00123""#, r#""1E10""#]
    );
}

#[test]
fn a_number_field_holds_numbers_and_text_with_a_warning() {
    let (values, survey) = one_column(
        "quantity",
        &["-2.0000", "+5", ".5", "1e3", "024", "about 5", " 7 ", "-"],
        default(),
    );
    assert_eq!(values, ["-2", "5", "0.5", "1000", "\"024\"", "rejected", "7", "null"]);
    assert!(
        told(
            &survey.warnings,
            "1 value is not a number, rejected unless it equals the stored value (--lenient posts it as text) (first: \
             line 7, \"about 5\")"
        ),
        "{survey:?}"
    );
    assert!(told(&survey.warnings, "1 value has a leading zero"), "{survey:?}");
    assert!(told(&survey.warnings, "1 cell is only a dash"), "{survey:?}");
}

#[test]
fn a_value_that_is_not_of_its_fields_kind_is_rejected_and_lenient_posts_it() {
    let lenient = || ColumnOptions {
        lenient: true,
        ..default()
    };
    for (field, cells, strictly, leniently) in [
        (
            "quantity",
            ["5", "024", "x", ""],
            ["5", "\"024\"", "rejected", "null"],
            "\"x\"",
        ),
        (
            "weight",
            ["5", "0.5", "5 g", ""],
            ["5", "0.5", "rejected", "null"],
            "\"5 g\"",
        ),
        (
            "volume",
            ["5", "1e3", "-5-", ""],
            ["5", "1000", "rejected", "null"],
            "\"-5-\"",
        ),
        (
            "dose",
            ["5", "007", "half", ""],
            ["5", "\"007\"", "rejected", "null"],
            "\"half\"",
        ),
        (
            "supply_duration_days",
            ["5", "30", "a month", ""],
            ["5", "30", "rejected", "null"],
            "\"a month\"",
        ),
        (
            "moved_at",
            ["2021-01-02", "20210102", "last week", ""],
            ["\"2021-01-02\"", "\"2021-01-02\"", "rejected", "null"],
            "\"last week\"",
        ),
        (
            "moved_at",
            ["2021-01-02", "1/2/2021", "11/31/2026", ""],
            ["\"2021-01-02\"", "\"2021-01-02\"", "rejected", "null"],
            "\"11/31/2026\"",
        ),
        (
            "moved_at_time",
            ["09:05", "9 PM", "3.52", ""],
            ["\"09:05:00\"", "\"21:00:00\"", "rejected", "null"],
            "\"3.52\"",
        ),
    ] {
        assert_eq!(one_column(field, &cells, default()).0, strictly, "{field}");
        assert_eq!(one_column(field, &cells, lenient()).0[2], leniently, "{field}");
    }
    for field in ["serving_size", "dose_number"] {
        let (seen, survey) = one_column(field, &["1 gummy", "2"], default());
        assert_eq!(seen, ["\"1 gummy\"", "2"]);
        assert!(
            told(&survey.warnings, "1 value is not a number, posted as text"),
            "{survey:?}"
        );
    }
}

#[test]
fn numbers_of_other_notations_are_read_beside_the_columns_own() {
    let cells = [
        "1\u{202f}234,50",
        "2\u{a0}000",
        "1'234.50",
        "\u{2212}12",
        "(12,50)",
        "12-",
        "12.",
        "=\"5,5\"",
        "'7",
    ];
    let (seen, survey) = one_column("quantity", &cells, default());
    assert_eq!(
        seen,
        ["1234.5", "2000", "1234.5", "-12", "-12.5", "-12", "12", "5.5", "7"],
        "{survey:?}"
    );
    // What a notation shows decides where nothing else does.
    assert_eq!(
        one_column("quantity", &["1 234,50", "1,234"], default()).0,
        ["1234.5", "1.234"]
    );
    assert_eq!(
        one_column("quantity", &["1'234.50", "1,234"], default()).0,
        ["1234.5", "1234"]
    );
}

#[test]
fn the_columns_other_numbers_tell_the_style() {
    assert_eq!(
        one_column("weight", &["1.234", "1.234,5"], default()).0,
        ["1234", "1234.5"]
    );
    assert_eq!(
        one_column("weight", &["1,234", "1,234.50"], default()).0,
        ["1234", "1234.5"]
    );
    assert_eq!(one_column("weight", &["1,234", "12,5"], default()).0, ["1.234", "12.5"]);
}

#[test]
fn where_nothing_tells_the_style_it_is_assumed_and_said() {
    let (values, survey) = one_column("weight", &["1,234", "1.234", "12"], default());
    assert_eq!(values, ["1234", "1.234", "12"]);
    assert!(told(&survey.decisions, "1,234 is read as 1234 (assumed"), "{survey:?}");
    let eu = ColumnOptions {
        numbers: Some(NumberStyle::Eu),
        ..default()
    };
    let (values, survey) = one_column("weight", &["1,234", "1.234"], eu);
    assert_eq!(values, ["1.234", "1234"]);
    assert!(told(&survey.decisions, "--numbers eu"), "{survey:?}");
    let (_, survey) = one_column("weight", &["12", "5"], default());
    assert!(survey.decisions.is_empty(), "{survey:?}");
}

#[test]
fn where_both_styles_show_the_odd_ones_out_are_rejected() {
    let (values, survey) = one_column("weight", &["1,234.50", "12.5", "1.234,5", "1,000"], default());
    assert_eq!(values, ["1234.5", "12.5", "rejected", "1000"]);
    assert!(told(&survey.warnings, "in both styles"), "{survey:?}");
    let (values, _) = one_column("weight", &["1,234.50", "1.234,5", "12,5"], default());
    assert_eq!(values, ["rejected", "1234.5", "12.5"]);
}

#[test]
fn currency_and_percent_are_no_numbers_without_a_mapping() {
    assert_eq!(
        one_column("quantity", &["$74.69", "25%"], default()).0,
        ["rejected", "rejected"]
    );
}

#[test]
fn a_workbooks_cells_keep_their_types() {
    let plain = |value| Cell::Number(value, NumberFormat::Plain);
    let table = workbook(
        &[
            "Item ID",
            "Name",
            "Quantity",
            "Moved At",
            "Moved At Time",
            "Area ID",
            "Approved",
        ],
        &[
            &[
                plain(10001.0),
                plain(1.0),
                plain(68.664_999_999_999_99),
                Cell::Moment(Moment::Date(date(2021, 3, 4)), NumberFormat::Plain),
                Cell::Moment(Moment::Time(time(15, 52, 0, 0)), NumberFormat::Plain),
                Cell::Number(7.0, NumberFormat::of("000")),
                Cell::Bool(true),
            ],
            &[
                Cell::Text(" B2 "),
                Cell::Text("001"),
                Cell::Number(0.25, NumberFormat::of("0.00%")),
                Cell::Moment(Moment::DateTime(date(2021, 3, 4).at(1, 2, 3, 0)), NumberFormat::Plain),
                Cell::Moment(Moment::Duration(0.5), NumberFormat::Plain),
            ],
        ],
    );
    let (seen, survey) = read(vec![table], default());
    assert_eq!(
        seen[0],
        Seen::Item(
            "10001".into(),
            serde_json::from_str(r#"{"name":"1","quantity":68.665,"moved_at":"2021-03-04","moved_at_time":"15:52:00","area_id":"007","approved":true}"#).unwrap()
        )
    );
    assert_eq!(
        seen[1],
        Seen::Item(
            "B2".into(),
            serde_json::from_str(r#"{"name":"001","quantity":0.25,"moved_at":"2021-03-04T01:02:03","moved_at_time":"12:00:00","area_id":null,"approved":null}"#).unwrap()
        )
    );
    assert!(
        told(
            &survey.decisions,
            "outer white space was removed from 1 id (first: Sheet1!A8, \"B2\")"
        ),
        "{survey:?}"
    );
}

#[test]
fn an_error_cell_rejects_the_row_by_its_address() {
    let table = workbook(
        &["Item ID", "Quantity", "Notes"],
        &[
            &[Cell::Text("A"), Cell::Error("#REF!")],
            &[Cell::Text("B"), Cell::Empty, Cell::Error("#N/A")],
        ],
    );
    let (seen, survey) = read(vec![table], default());
    assert_eq!(reasons(&seen[0]), "Sheet1!B7: the cell holds the error value #REF!");
    assert!(matches!(seen[1], Seen::Item(..)));
    assert!(
        told(&survey.warnings, "1 error value is in ignored columns"),
        "{survey:?}"
    );
    let (values, _) = one_column("name", &["#DIV/0!", "#NULL?", "#1 Pick"], default());
    assert_eq!(values, ["rejected", "\"#NULL?\"", "\"#1 Pick\""]);
}

#[test]
fn json_keeps_its_types_and_lacks_what_it_lacks() {
    let table = json(
        r#"[{"item_id":" a ","id":"x","name":5,"quantity":"1,234","weight":0.1234567890123456789,"tags":[1]},
            {"item_id":10001,"name":null,"quantity":5.0,"approved":false}]"#,
    );
    let (seen, _) = read(vec![table], default());
    let Seen::Item(id, values) = &seen[0] else {
        panic!("{seen:?}")
    };
    assert_eq!(id, " a ");
    assert_eq!(
        Value::Object(values.clone()).to_string(),
        r#"{"name":5,"quantity":1234,"weight":0.1234567890123456789}"#
    );
    let Seen::Item(id, values) = &seen[1] else {
        panic!("{seen:?}")
    };
    assert_eq!(id, "10001");
    assert_eq!(
        Value::Object(values.clone()).to_string(),
        r#"{"approved":false,"name":null,"quantity":5}"#
    );
}

#[test]
fn the_cells_own_text_comes_along() {
    let table = csv(&["item_id", "quantity", "name"], &[&["A", "5.00", "=\"007\""]]);
    let mut source = Source::new(vec![table], default()).expect("columns");
    source.survey().expect("a survey");
    source
        .read::<ColumnError>(&mut |_, incoming| {
            let Reading::Item(draft) = incoming.reading else {
                panic!("rejected")
            };
            let raw: Vec<_> = draft
                .values
                .iter()
                .map(|value| (value.field, value.raw.as_deref(), value.index))
                .collect();
            assert_eq!(
                raw,
                [("quantity", Some("5.00"), Some(1)), ("name", Some("=\"007\""), Some(2))]
            );
            Ok(())
        })
        .expect("rows");
}
