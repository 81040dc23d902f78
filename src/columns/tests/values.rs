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
    let cells = " two  spaces  | line\nbreak | 00123 | 1E10";
    reads("name", cells, r#"" two  spaces " | "line\nbreak" | "00123" | "1E10""#);
}

#[test]
fn a_number_field_holds_numbers_and_text_with_a_warning() {
    let cells = "-2.0000 | +5 | .5 | 1e3 | 024 | about 5 |  7  | -";
    let survey = reads("quantity", cells, "-2 | 5 | 0.5 | 1000 | \"024\" | rejected | 7 | null");
    let fate = "rejected unless it equals the stored value (--lenient posts it as text)";
    let told = format!("1 value is not a number, {fate} (first: line 7, \"about 5\")");
    warned(&survey, &told);
    warned(&survey, "1 value has a leading zero");
    warned(&survey, "1 cell is only a dash");
}

#[test]
fn a_value_that_is_not_of_its_fields_kind_is_rejected_and_lenient_posts_it() {
    let lenient = || ColumnOptions {
        lenient: true,
        ..default()
    };
    for (field, cells, values) in [
        ("quantity", "5 | 024 | ", r#"5 | "024" | null"#),
        ("weight", "5 | 0.5 | ", "5 | 0.5 | null"),
        ("volume", "5 | 1e3 | ", "5 | 1000 | null"),
        ("dose", "5 | 007 | ", r#"5 | "007" | null"#),
        ("supply_duration_days", "5 | 30 | ", "5 | 30 | null"),
        ("moved_at", "2021-01-02 | 20210102", r#""2021-01-02" | "2021-01-02""#),
        ("moved_at", "1/2/2021 | ", r#""2021-01-02" | null"#),
        ("moved_at_time", "09:05 | 9 PM | ", r#""09:05:00" | "21:00:00" | null"#),
    ] {
        reads(field, cells, values);
    }
    for (field, cell) in [
        ("quantity", "x"),
        ("weight", "5 g"),
        ("volume", "-5-"),
        ("dose", "half"),
        ("supply_duration_days", "a month"),
        ("moved_at", "last week"),
        ("moved_at", "11/31/2026"),
        ("moved_at_time", "3.52"),
    ] {
        reads(field, cell, "rejected");
        assert_eq!(
            one_column(field, &[cell], lenient()).0,
            [format!("{cell:?}")],
            "{field}"
        );
    }
    for field in ["serving_size", "dose_number"] {
        let survey = reads(field, "1 gummy | 2", r#""1 gummy" | 2"#);
        warned(&survey, "1 value is not a number, posted as text");
    }
}

#[test]
fn numbers_of_other_notations_are_read_beside_the_columns_own() {
    for (cell, value) in [
        ("1\u{202f}234,50", "1234.5"),
        ("2\u{a0}000", "2000"),
        ("1'234.50", "1234.5"),
        ("\u{2212}12", "-12"),
        ("(12,50)", "-12.5"),
        ("12-", "-12"),
        ("12.", "12"),
        ("=\"5,5\"", "5.5"),
        ("'7", "7"),
    ] {
        reads("quantity", &format!("1 234,50 | {cell}"), &format!("1234.5 | {value}"));
    }
    // What a notation shows decides where nothing else does.
    reads("quantity", "1 234,50 | 1,234", "1234.5 | 1.234");
    reads("quantity", "1'234.50 | 1,234", "1234.5 | 1234");
}

#[test]
fn the_columns_other_numbers_tell_the_style() {
    reads("weight", "1.234 | 1.234,5", "1234 | 1234.5");
    reads("weight", "1,234 | 1,234.50", "1234 | 1234.5");
    reads("weight", "1,234 | 12,5", "1.234 | 12.5");
}

#[test]
fn where_nothing_tells_the_style_it_is_assumed_and_said() {
    let survey = reads("weight", "1,234 | 1.234 | 12", "1234 | 1.234 | 12");
    decided(&survey, "1,234 is read as 1234 (assumed");
    let eu = ColumnOptions {
        numbers: Some(NumberStyle::Eu),
        ..default()
    };
    let (values, survey) = one_column("weight", &["1,234", "1.234"], eu);
    assert_eq!(values, ["1.234", "1234"]);
    decided(&survey, "--numbers eu");
    let survey = reads("weight", "12 | 5", "12 | 5");
    assert!(survey.decisions.is_empty(), "{survey:?}");
}

#[test]
fn where_both_styles_show_the_odd_ones_out_are_rejected() {
    let cells = "1,234.50 | 12.5 | 1.234,5 | 1,000";
    let survey = reads("weight", cells, "1234.5 | 12.5 | rejected | 1000");
    warned(&survey, "in both styles");
    reads("weight", "1,234.50 | 1.234,5 | 12,5", "rejected | 1234.5 | 12.5");
}

#[test]
fn currency_and_percent_are_no_numbers_without_a_mapping() {
    reads("quantity", "$74.69 | 25%", "rejected | rejected");
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
    let whole = r#"{"approved":true,"area_id":"007","moved_at":"2021-03-04","moved_at_time":"15:52:00","name":"1","quantity":68.665}"#;
    let short = r#"{"approved":null,"area_id":null,"moved_at":"2021-03-04T01:02:03","moved_at_time":"12:00:00","name":"001","quantity":0.25}"#;
    for (seen, id, values) in [(&seen[0], "10001", whole), (&seen[1], "B2", short)] {
        assert_eq!(item(seen), (id.to_owned(), values.to_owned()));
    }
    decided(
        &survey,
        "outer white space was removed from 1 id (first: Sheet1!A8, \"B2\")",
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
    warned(&survey, "1 error value is in ignored columns");
    reads(
        "name",
        "#DIV/0! | #NULL? | #1 Pick",
        r##"rejected | "#NULL?" | "#1 Pick""##,
    );
}

#[test]
fn json_keeps_its_types_and_lacks_what_it_lacks() {
    let table = json(
        r#"[{"item_id":" a ","id":"x","name":5,"quantity":"1,234","weight":0.1234567890123456789,"tags":[1]},
            {"item_id":10001,"name":null,"quantity":5.0,"approved":false}]"#,
    );
    let (seen, _) = read(vec![table], default());
    for (seen, id, values) in [
        (
            &seen[0],
            " a ",
            r#"{"name":5,"quantity":1234,"weight":0.1234567890123456789}"#,
        ),
        (&seen[1], "10001", r#"{"approved":false,"name":null,"quantity":5}"#),
    ] {
        assert_eq!(item(seen), (id.to_owned(), values.to_owned()));
    }
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
