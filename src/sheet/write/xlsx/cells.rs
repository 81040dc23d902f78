//! What a cell becomes in a workbook: a number, a text, a date under one of the workbook's looks.
//!
//! Belongs here: the decision, and what a workbook can hold. Doesn't: how it is spelled in XML (`encode`).

use std::borrow::Cow;

use jiff::civil::{self, Date, DateTime, Time};

use super::super::Column;
use super::super::text::{cell_text, moment_text, number_text};
use super::look::Look;
use crate::item::Kind;
use crate::sheet::excel::serial_moment;
use crate::sheet::{Cell, Moment, NumberFormat};

/// Excel computes with so many digits and rounds the rest away.
const DIGITS: usize = 15;
/// Above this a double leaves out integers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The error values that a workbook's cell can hold; newer ones (`#SPILL!`) are written as text.
const ERRORS: [&str; 8] = [
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#REF!",
    "#VALUE!",
    "#GETTING_DATA",
];

/// What a cell becomes.
pub(super) enum Content<'a> {
    Blank,
    Text(Cow<'a, str>),
    Number(f64, NumberFormat),
    Bool(bool),
    /// A number as it is spelled, which Excel keeps as it is.
    Digits(&'a str),
    Serial(f64, Look),
    Error(&'a str),
}

pub(super) fn content<'a>(cell: &Cell<'a>, column: &Column) -> Content<'a> {
    match cell {
        Cell::Absent | Cell::Empty | Cell::Json(serde_json::Value::Null) => Content::Blank,
        Cell::Error(text) if ERRORS.contains(text) => Content::Error(text),
        // An id is text, unless it came as what is refused as one: made text of, it would be taken the next time.
        _ if column.id && !is_no_id(cell) => Content::Text(cell_text(cell)),
        Cell::Bool(value) | Cell::Json(serde_json::Value::Bool(value)) => Content::Bool(*value),
        Cell::Number(value, format) if value.is_finite() => Content::Number(*value, *format),
        Cell::Json(serde_json::Value::Number(number)) => match exact_number(&number.to_string()) {
            Some(value) => Content::Number(value, NumberFormat::Plain),
            None => Content::Text(cell_text(cell)),
        },
        Cell::Digits(digits) if is_plain_number(digits) => Content::Digits(shortest(digits)),
        Cell::Digits(digits) => match exact_number(digits) {
            Some(value) => Content::Number(value, NumberFormat::Plain),
            None => Content::Text(Cow::Borrowed(digits)),
        },
        Cell::Moment(moment) => match serial(moment) {
            Some((serial, look)) => Content::Serial(serial, look),
            None => Content::Text(cell_text(cell)),
        },
        Cell::Text(text) => text_content(text, column),
        Cell::Json(serde_json::Value::String(text)) => text_content(text, column),
        _ => Content::Text(cell_text(cell)),
    }
}

/// Whether a workbook's cell is refused as an id: digits may have been lost, or it never was one.
fn is_no_id(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Number(value, format) => {
            *format == NumberFormat::Scientific || value.fract() != 0.0 || value.abs() >= EXACT
        }
        Cell::Bool(_) | Cell::Moment(_) => true,
        _ => false,
    }
}

fn text_content<'a>(text: &'a str, column: &Column) -> Content<'a> {
    match parsed_moment(text, column.kind).and_then(|moment| serial(&moment)) {
        Some((serial, look)) => Content::Serial(serial, look),
        None => Content::Text(Cow::Borrowed(text)),
    }
}

/// Whether a text that is typed in again would be read as a number or a formula.
pub(super) fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '='))
}

/// Whether these are so few digits that [`exact_number`] is the very number, and is spelled like that again but for zeros
/// at the end of a fraction.
fn is_plain_number(digits: &str) -> bool {
    let bare = digits.strip_prefix('-').unwrap_or(digits).as_bytes();
    let (whole, fraction) = match bare.iter().position(|byte| *byte == b'.') {
        Some(point) => (bare.get(..point), bare.get(point + 1..)),
        None => (Some(bare), Some(&b"0"[..])),
    };
    let (whole, fraction) = (whole.unwrap_or_default(), fraction.unwrap_or_default());
    let all_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    bare.len() <= DIGITS && all_digits(whole) && all_digits(fraction) && (whole.len() == 1 || !whole.starts_with(b"0"))
}

/// Without the zeros at the end of a fraction.
fn shortest(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// The number of these digits, if Excel keeps all of them and writes back an equal one.
fn exact_number(digits: &str) -> Option<f64> {
    let value: f64 = digits.parse().ok()?;
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let significant: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = significant.trim_start_matches('0').trim_end_matches('0');
    let exact = value.is_finite() && significant.len() <= DIGITS && (value != 0.0 || significant.is_empty());
    // Below this Excel knows only zero.
    let tiny = value != 0.0 && value.abs() < f64::MIN_POSITIVE;
    let same = number_text(value, NumberFormat::Plain)
        .parse::<f64>()
        .is_ok_and(|back| same_number(back, value));
    (exact && !tiny && same).then_some(value)
}

fn same_number(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0)
}

/// Text that a date or time column shows as a real date: only in the very spelling that it is read back as.
fn parsed_moment(text: &str, kind: Kind) -> Option<Moment> {
    let moment = match (kind, text.len()) {
        (Kind::Date, 10) => Moment::Date(text.parse::<Date>().ok()?),
        (Kind::Date, 19) => Moment::DateTime(text.parse::<DateTime>().ok()?),
        (Kind::Time, 8) => Moment::Time(text.parse::<Time>().ok()?),
        _ => return None,
    };
    (moment_text(&moment) == text).then_some(moment)
}

/// Excel's serial number for a moment, if the reader makes the same moment of it.
fn serial(moment: &Moment) -> Option<(f64, Look)> {
    let days = |date: Date| -> Option<f64> {
        // Before March 1900 Excel counts a day that never was.
        let since = date.since(civil::date(1899, 12, 30)).ok()?.get_days();
        (since > 60).then(|| f64::from(since))
    };
    let fraction = |time: Time| {
        f64::from(i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second())) / 86_400.0
    };
    let (serial, look) = match moment {
        Moment::Date(date) => (days(*date)?, Look::Date),
        Moment::DateTime(moment) => (days(moment.date())? + fraction(moment.time()), Look::DateTime),
        Moment::Time(time) => (fraction(*time), Look::Time),
        // Excel shows no negative times.
        Moment::Duration(days) => return (*days >= 0.0 && days.is_finite()).then_some((*days, Look::Duration)),
    };
    (serial_moment(serial, false) == *moment).then_some((serial, look))
}
