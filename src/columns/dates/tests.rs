//! What dates and times of day may look like, and what becomes of them.

use proptest::prelude::*;

use super::*;

fn known(text: &str) -> Option<String> {
    match read(text) {
        DateText::Known(stamp) => Some(stamp.to_text()),
        _ => None,
    }
}

#[test]
fn iso_dates_stay_and_other_clear_ones_become_iso() {
    for (text, iso) in [
        ("2021-07-08", "2021-07-08"),
        ("2021/7/8", "2021-07-08"),
        ("20210708", "2021-07-08"),
        ("2021-07-08 10:55", "2021-07-08T10:55:00"),
        ("2021-08-21T10:55:05.496866", "2021-08-21T10:55:05.496866"),
        ("2021-08-21T10:55:05.000Z", "2021-08-21T10:55:05.000Z"),
        ("2021-08-21t10:55:05z", "2021-08-21T10:55:05Z"),
        ("2021-08-21T10:55:05-0700", "2021-08-21T10:55:05-07:00"),
        ("2021-08-21 10:55:05 +00:00", "2021-08-21T10:55:05+00:00"),
        ("4 Mar 2021", "2021-03-04"),
        ("04-MAR-21", "2021-03-04"),
        ("March 4, 2021 3:52 PM", "2021-03-04T15:52:00"),
    ] {
        assert_eq!(known(text).as_deref(), Some(iso), "{text}");
    }
}

#[test]
fn what_is_no_day_is_no_date() {
    for text in [
        "2021-02-30",
        "13/13/2021",
        "2021",
        "12:30",
        "soon",
        "1/2",
        "1/2/3",
        "2021-07-08x",
        "2021-07-08T25:00",
        "99999999",
        "12345678",
        "4 Foo 2021",
        "00/00/0000",
        "2021-7/8",
        "2021-07-08T10",
        "é",
    ] {
        assert_eq!(read(text), DateText::None, "{text}");
    }
}

#[test]
fn three_numbers_are_left_for_the_column_to_order() {
    let DateText::Triple(triple, clock) = read("07/22/2019 03:52pm") else {
        panic!("no triple")
    };
    assert_eq!(triple.date(DateOrder::Dmy), None);
    let date = triple.date(DateOrder::Mdy).expect("a day");
    assert_eq!(Stamp::new(date, clock, false).to_text(), "2019-07-22T15:52:00");
    let DateText::Triple(short, _) = read("21.03.04") else {
        panic!("no triple")
    };
    assert_eq!(
        short.date(DateOrder::Ymd).map(|date| date.to_string()).as_deref(),
        Some("2021-03-04")
    );
    assert_eq!(
        short.date(DateOrder::Dmy).map(|date| date.to_string()).as_deref(),
        Some("2004-03-21")
    );
}

#[test]
fn the_first_day_of_the_year_one_is_nothing() {
    for text in ["0001-01-01T00:00:00+00:00", "0001-01-01", "1/1/0001 12:00:00 AM"] {
        assert_eq!(read(text), DateText::Nothing, "{text}");
    }
}

#[test]
fn a_time_of_day_has_seconds() {
    for (text, time) in [
        ("10:55", "10:55:00"),
        ("9:05:07", "09:05:07"),
        ("03:52pm", "15:52:00"),
        ("12 AM", "00:00:00"),
        ("12:30 pm", "12:30:00"),
        ("10:55:05.25", "10:55:05.25"),
    ] {
        assert_eq!(read_time(text).as_deref(), Some(time), "{text}");
    }
    for text in ["25:00", "10:60", "10", "13 pm", "10:5", "noon", "2021-01-01", "10:55x"] {
        assert_eq!(read_time(text), None, "{text}");
    }
}

#[test]
fn an_elapsed_time_below_a_day_is_a_time_of_day() {
    assert_eq!(time_of_duration(0.661_111_111_11).as_deref(), Some("15:52:00"));
    assert_eq!(time_of_duration(1.5), None);
    assert_eq!(time_of_duration(0.999_999_999), None);
}

proptest! {
    #[test]
    fn a_usual_triple_is_read_like_any_other(text in "[0-4][0-9][-/.][0-4][0-9][-/.]([012][0-9])?[0-9]{2}") {
        if let Some(triple) = usual_triple(text.as_bytes()) {
            prop_assert_eq!(DateText::Triple(triple, NO_CLOCK), read_any(&text));
        }
    }

    #[test]
    fn a_date_is_written_with_all_its_digits(year in 0_i16..=9999, month in 1_i8..=12, day in 1_i8..=28) {
        let date = Date::new(year, month, day).unwrap();
        let mut text = String::new();
        write_date(&mut text, date);
        prop_assert_eq!(text, date.to_string());
    }
}

#[test]
fn the_usual_way_to_write_a_date_is_taken_for_a_triple() {
    for text in ["03/04/2021", "13-04-2021", "04.13.2021", "31/01/2021"] {
        assert!(usual_triple(text.as_bytes()).is_some(), "{text}");
    }
    for text in [
        "3/4/2021",
        "03/04-2021",
        "31/04/2021",
        "29/02/2020",
        "01/01/0001",
        "2021/03/04",
        "03/04/2021 ",
    ] {
        assert!(usual_triple(text.as_bytes()).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_told_without_a_calendar_is_what_the_calendar_says(
        a in 0_i16..40, b in 0_i16..40, c in prop_oneof![0_i16..120, 1900_i16..2100, Just(9999), Just(i16::MAX)], short_year in any::<bool>(),
    ) {
        let triple = Triple { a, b, c, short_year };
        if let Some(fits) = triple.plainly_fits() {
            let [mdy, dmy, ymd] = [DateOrder::Mdy, DateOrder::Dmy, DateOrder::Ymd].map(|order| triple.date(order));
            prop_assert_eq!((fits, ymd), ([mdy.is_some(), dmy.is_some()], None));
            if let (Some(mdy), Some(dmy)) = (mdy, dmy) {
                prop_assert_eq!(triple.is_one_day(), mdy == dmy);
            }
        } else {
            prop_assert!(short_year || !(1..=28).contains(&a) || !(1..=28).contains(&b) || !(1..=9999).contains(&c));
        }
    }
}
