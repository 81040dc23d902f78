//! Dates and times of day: the order of a column, and what is not a date.
//!
//! Doesn't belong here: single dates (`dates`).

use super::values::default;
use super::*;
use crate::sheet::{Moment, NumberFormat};

/// Asserts what the cells of a column of dates are read as with `--dates`; ` | ` separates them.
#[track_caller]
fn days(order: Option<DateOrder>, cells: &str, days: &str) -> Survey {
    let options = ColumnOptions {
        dates: order,
        ..default()
    };
    let cells: Vec<&str> = cells.split(" | ").collect();
    let (seen, survey) = one_column("moved_at", &cells, options);
    assert_eq!(seen.join(" | ").replace('"', ""), days, "{survey:?}");
    survey
}

#[test]
fn a_year_that_is_hardly_one_of_an_inventory_is_a_warning() {
    let survey = days(
        None,
        "1969-12-31 | 2101-01-01 | 1970-01-01 | 2100-12-31 | 01/02/1950 | 3 May 2203",
        "1969-12-31 | 2101-01-01 | 1970-01-01 | 2100-12-31 | 1950-01-02 | 2203-05-03",
    );
    warned(&survey, "4 dates have a year before 1970 or after 2100 (first: line 2");
}

#[test]
fn an_order_that_a_value_contradicts_is_never_the_default() {
    let dmy = "2025-12-31 | 2025-12-05 | 2026-02-01";
    for (cells, wanted) in [
        ("31/12/25 | 05/12/25 | 01/02/26", dmy),
        ("31.12.25 | 05.12.25 | 01.02.26", dmy),
        ("31-12-25 | 05-12-25 | 01-02-26", dmy),
        ("12/31/25 | 05/12/25 | 01/02/26", "2025-12-31 | 2025-05-12 | 2026-01-02"),
        ("99/12/31 | 05/12/25 | 01/02/26", "2099-12-31 | 2005-12-25 | 2001-02-26"),
    ] {
        days(None, cells, wanted);
        days(Some(DateOrder::Mdy), cells, wanted);
    }
    let times = "2025-12-05T09:30:00 | 2025-12-31T10:00:00";
    let survey = days(None, "05/12/25 9:30 | 31/12/25 10:00", times);
    let why = "(\"31/12/25 10:00\" is not month/day/year; --dates ymd overrides it)";
    decided(&survey, &format!("05/12/25 9:30 is read as day/month/year {why}"));
}

#[test]
fn dates_in_two_orders_are_read_where_only_one_fits_and_rejected_where_both_do() {
    let cells = "12/31/2021 | 31/12/2021 | 03/04/2021 | 05/05/2021 | 2021-03-04";
    let known = "2021-12-31 | 2021-12-31 | rejected | 2021-05-05 | 2021-03-04";
    let survey = days(None, cells, known);
    for part in [
        "\"31/12/2021\" (line 3) is not month/day/year, \"12/31/2021\" (line 2) is not day/month/year",
        "1 date is ambiguous and rejected (--dates mdy or --dates dmy reads it)",
    ] {
        warned(&survey, part);
    }
    days(Some(DateOrder::Dmy), cells, &known.replace("rejected", "2021-04-03"));
}

#[test]
fn the_columns_other_dates_tell_the_order() {
    let survey = days(None, "03/04/2021 | 22/07/2019", "2021-04-03 | 2019-07-22");
    decided(&survey, "03/04/2021 is read as day/month/year");
    let dmy = Some(DateOrder::Dmy);
    days(dmy, "03/04/2021 | 07/22/2019", "2021-03-04 | 2019-07-22");
    days(dmy, "03/04/2021", "2021-04-03");
    days(dmy, "2021-03-04", "2021-03-04");
}

#[test]
fn where_nothing_tells_the_order_it_is_month_first_and_said() {
    let survey = days(None, "03/04/2021 | 05/05/2021", "2021-03-04 | 2021-05-05");
    let read = "column \"moved_at\": 03/04/2021 is read as month/day/year";
    decided(
        &survey,
        &format!("{read} (assumed: no value in the column decides; --dates dmy"),
    );
}

#[test]
fn a_day_that_exists_only_in_another_order_is_read_and_pointed_out() {
    days(
        None,
        "13/04/2021 | 04/13/2021 | 04/14/2021 | 03/04/2021",
        "2021-04-13 | 2021-04-13 | 2021-04-14 | rejected",
    );
    let mdy = Some(DateOrder::Mdy);
    let read = "2021-04-13 | 2021-04-13 | 2021-03-04";
    let survey = days(mdy, "13/04/2021 | 04/13/2021 | 03/04/2021", read);
    warned(&survey, "1 date is valid only as day/month/year");
}

#[test]
fn a_two_digit_year_is_of_this_century_with_a_warning() {
    let survey = days(None, "07/22/19 | 4-Mar-21", "2019-07-22 | 2021-03-04");
    warned(&survey, "2 dates have a year of two digits");
    days(Some(DateOrder::Ymd), "10/03/04", "2010-03-04");
}

#[test]
fn a_date_keeps_its_time_of_day_and_offset_and_gets_none() {
    for (cell, value) in [
        ("2021-07-08", "2021-07-08"),
        ("07/22/2019 03:52pm", "2019-07-22T15:52:00"),
        ("2021-08-21T10:55:05.496866", "2021-08-21T10:55:05.496866"),
        ("2021-08-21T10:55:05Z", "2021-08-21T10:55:05Z"),
        ("20210708", "2021-07-08"),
        ("0001-01-01T00:00:00+00:00", "null"),
    ] {
        days(None, cell, value);
    }
    warned(&days(None, "soon", "rejected"), "1 value is not a date");
}

#[test]
fn a_time_of_day_has_seconds() {
    let seen = r#""15:52:00" | "15:52:00" | rejected"#;
    let survey = reads("approved_at_time", "3:52 pm | 15:52 | noon", seen);
    warned(&survey, "1 value is not a time of day");
}

#[test]
fn date_cells_up_to_the_twelfth_beside_texts_above_it_are_pointed_out() {
    let day = |day| Cell::Moment(Moment::Date(jiff::civil::date(2021, 3, day)), NumberFormat::Plain);
    for (cells, is_told) in [
        (
            &[day(4), day(12), Cell::Text("13/04/2021"), Cell::Text("31/12/2021")][..],
            true,
        ),
        (&[day(4), day(13), Cell::Text("13/04/2021")], false),
        (&[day(4), Cell::Text("13/04/2021"), Cell::Text("03/04/2021")], false),
        (&[day(4), Cell::Text("2021-04-13")], false),
    ] {
        let rows: Vec<[Cell<'_>; 2]> = ["A", "B", "C", "D"]
            .iter()
            .zip(cells)
            .map(|(id, cell)| [Cell::Text(id), *cell])
            .collect();
        let rows: Vec<&[Cell<'_>]> = rows.iter().map(<[Cell<'_>; 2]>::as_slice).collect();
        let (_, survey) = read(vec![workbook(&["Item ID", "Moved At"], &rows)], default());
        let swapped = "has probably swapped day and month in the date cells";
        assert_eq!(told(&survey.warnings, swapped), is_told, "{cells:?}");
    }
}
