//! Dates and times of day: the order of a column, and what is not a date.
//!
//! Doesn't belong here: single dates (`dates`).

use super::values::default;
use super::*;

#[test]
fn a_year_that_is_hardly_one_of_an_inventory_is_a_warning() {
    let (seen, survey) = one_column(
        "moved_at",
        &[
            "1969-12-31",
            "2101-01-01",
            "1970-01-01",
            "2100-12-31",
            "01/02/1950",
            "3 May 2203",
        ],
        default(),
    );
    assert_eq!(
        seen,
        [
            "\"1969-12-31\"",
            "\"2101-01-01\"",
            "\"1970-01-01\"",
            "\"2100-12-31\"",
            "\"1950-01-02\"",
            "\"2203-05-03\""
        ]
    );
    assert!(
        told(
            &survey.warnings,
            "4 dates have a year before 1970 or after 2100 (first: line 2"
        ),
        "{survey:?}"
    );
}

#[test]
fn an_order_that_a_value_contradicts_is_never_the_default() {
    for (cells, days) in [
        (
            ["31/12/25", "05/12/25", "01/02/26"],
            ["2025-12-31", "2025-12-05", "2026-02-01"],
        ),
        (
            ["31.12.25", "05.12.25", "01.02.26"],
            ["2025-12-31", "2025-12-05", "2026-02-01"],
        ),
        (
            ["31-12-25", "05-12-25", "01-02-26"],
            ["2025-12-31", "2025-12-05", "2026-02-01"],
        ),
        (
            ["12/31/25", "05/12/25", "01/02/26"],
            ["2025-12-31", "2025-05-12", "2026-01-02"],
        ),
        (
            ["99/12/31", "05/12/25", "01/02/26"],
            ["2099-12-31", "2005-12-25", "2001-02-26"],
        ),
    ] {
        for order in [None, Some(DateOrder::Mdy)] {
            let options = ColumnOptions {
                dates: order,
                ..default()
            };
            let (seen, survey) = one_column("moved_at", &cells, options);
            let days = days.map(|day| format!("{day:?}"));
            assert_eq!(seen, days, "{survey:?}");
        }
    }
    let (seen, survey) = one_column("moved_at", &["05/12/25 9:30", "31/12/25 10:00"], default());
    assert_eq!(seen, ["\"2025-12-05T09:30:00\"", "\"2025-12-31T10:00:00\""]);
    assert!(
        told(
            &survey.decisions,
            "05/12/25 9:30 is read as day/month/year (\"31/12/25 10:00\" is not month/day/year; --dates ymd overrides \
             it)"
        ),
        "{survey:?}"
    );
}

#[test]
fn dates_in_two_orders_are_read_where_only_one_fits_and_rejected_where_both_do() {
    let cells = ["12/31/2021", "31/12/2021", "03/04/2021", "05/05/2021", "2021-03-04"];
    let (seen, survey) = one_column("moved_at", &cells, default());
    assert_eq!(
        seen,
        [
            "\"2021-12-31\"",
            "\"2021-12-31\"",
            "rejected",
            "\"2021-05-05\"",
            "\"2021-03-04\""
        ]
    );
    assert!(
        told(
            &survey.warnings,
            "\"31/12/2021\" (line 3) is not month/day/year, \"12/31/2021\" (line 2) is not day/month/year"
        ) && told(
            &survey.warnings,
            "1 date is ambiguous and rejected (--dates mdy or --dates dmy reads it)"
        ),
        "{survey:?}"
    );
    let options = ColumnOptions {
        dates: Some(DateOrder::Dmy),
        ..default()
    };
    assert_eq!(one_column("moved_at", &cells, options).0[2], "\"2021-04-03\"");
}

#[test]
fn the_columns_other_dates_tell_the_order() {
    let (values, survey) = one_column("moved_at", &["03/04/2021", "22/07/2019"], default());
    assert_eq!(values, ["\"2021-04-03\"", "\"2019-07-22\""]);
    assert!(
        told(&survey.decisions, "03/04/2021 is read as day/month/year"),
        "{survey:?}"
    );
    let dmy = || ColumnOptions {
        dates: Some(DateOrder::Dmy),
        ..default()
    };
    assert_eq!(
        one_column("moved_at", &["03/04/2021", "07/22/2019"], dmy()).0[0],
        "\"2021-03-04\""
    );
    assert_eq!(one_column("moved_at", &["03/04/2021"], dmy()).0, ["\"2021-04-03\""]);
    assert_eq!(one_column("moved_at", &["2021-03-04"], dmy()).0, ["\"2021-03-04\""]);
}

#[test]
fn where_nothing_tells_the_order_it_is_month_first_and_said() {
    let (values, survey) = one_column("moved_at", &["03/04/2021", "05/05/2021"], default());
    assert_eq!(values, ["\"2021-03-04\"", "\"2021-05-05\""]);
    assert!(
        told(
            &survey.decisions,
            "column \"moved_at\": 03/04/2021 is read as month/day/year (assumed: no value in the column decides; \
             --dates dmy"
        ),
        "{survey:?}"
    );
}

#[test]
fn a_day_that_exists_only_in_another_order_is_read_and_pointed_out() {
    let (values, _) = one_column(
        "moved_at",
        &["13/04/2021", "04/13/2021", "04/14/2021", "03/04/2021"],
        default(),
    );
    assert_eq!(
        values,
        ["\"2021-04-13\"", "\"2021-04-13\"", "\"2021-04-14\"", "rejected"]
    );
    let options = ColumnOptions {
        dates: Some(DateOrder::Mdy),
        ..default()
    };
    let (values, survey) = one_column("moved_at", &["13/04/2021", "04/13/2021", "03/04/2021"], options);
    assert_eq!(values[2], "\"2021-03-04\"");
    assert!(
        told(&survey.warnings, "1 date is valid only as day/month/year"),
        "{survey:?}"
    );
}

#[test]
fn a_two_digit_year_is_of_this_century_with_a_warning() {
    let (values, survey) = one_column("moved_at", &["07/22/19", "4-Mar-21"], default());
    assert_eq!(values, ["\"2019-07-22\"", "\"2021-03-04\""]);
    assert!(
        told(&survey.warnings, "2 dates have a year of two digits"),
        "{survey:?}"
    );
    let ymd = ColumnOptions {
        dates: Some(DateOrder::Ymd),
        ..default()
    };
    assert_eq!(one_column("moved_at", &["10/03/04"], ymd).0, ["\"2010-03-04\""]);
}

#[test]
fn a_date_keeps_its_time_of_day_and_offset_and_gets_none() {
    let cells = [
        "2021-07-08",
        "07/22/2019 03:52pm",
        "2021-08-21T10:55:05.496866",
        "2021-08-21T10:55:05Z",
        "20210708",
        "0001-01-01T00:00:00+00:00",
        "soon",
    ];
    let (values, survey) = one_column("approved_at", &cells, default());
    assert_eq!(
        values,
        [
            "\"2021-07-08\"",
            "\"2019-07-22T15:52:00\"",
            "\"2021-08-21T10:55:05.496866\"",
            "\"2021-08-21T10:55:05Z\"",
            "\"2021-07-08\"",
            "null",
            "rejected"
        ]
    );
    assert!(told(&survey.warnings, "1 value is not a date"), "{survey:?}");
}

#[test]
fn a_time_of_day_has_seconds() {
    let (values, survey) = one_column("approved_at_time", &["3:52 pm", "15:52", "noon"], default());
    assert_eq!(values, ["\"15:52:00\"", "\"15:52:00\"", "rejected"]);
    assert!(told(&survey.warnings, "1 value is not a time of day"), "{survey:?}");
}

#[test]
fn date_cells_up_to_the_twelfth_beside_texts_above_it_are_pointed_out() {
    let day = |day| {
        Cell::Moment(
            crate::sheet::Moment::Date(jiff::civil::date(2021, 3, day)),
            crate::sheet::NumberFormat::Plain,
        )
    };
    let warned = |cells: &[Cell<'_>]| {
        let ids: Vec<String> = (0..cells.len()).map(|at| format!("id-{at}")).collect();
        let rows: Vec<[Cell<'_>; 2]> = ids
            .iter()
            .zip(cells)
            .map(|(id, cell)| [Cell::Text(id), *cell])
            .collect();
        let rows: Vec<&[Cell<'_>]> = rows.iter().map(<[Cell<'_>; 2]>::as_slice).collect();
        let (_, survey) = read(vec![workbook(&["Item ID", "Moved At"], &rows)], default());
        told(&survey.warnings, "has probably swapped day and month in the date cells")
    };
    assert!(warned(&[
        day(4),
        day(12),
        Cell::Text("13/04/2021"),
        Cell::Text("31/12/2021")
    ]));
    assert!(!warned(&[day(4), day(13), Cell::Text("13/04/2021")]));
    assert!(!warned(&[day(4), Cell::Text("13/04/2021"), Cell::Text("03/04/2021")]));
    assert!(!warned(&[day(4), Cell::Text("2021-04-13")]));
}
