//! What a cell becomes in a workbook, and how it looks.
//!
//! Doesn't belong here: how it is written (`xlsx`), cells as text (`text`).

use std::borrow::Cow;

use jiff::civil::{self, Date, DateTime, Time};
use serde_json::Value;

use super::super::Column;
use super::super::text::{cell_text, moment_text};
use crate::item::Kind;
use crate::sheet::number_format::serial_moment;
use crate::sheet::{Cell, Moment, NumberFormat};

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

/// How a cell looks: a number format, or that of the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CellLook {
    Header,
    General,
    Text,
    /// With no format of its own `LibreOffice` shows a truth value as 1.
    Bool,
    Date,
    DateTime,
    Time,
    Duration,
    /// As in the workbook that the cell comes from.
    Coded(NumberFormat),
}

impl CellLook {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Header | Self::Text => "@",
            Self::Bool => "\"TRUE\";\"TRUE\";\"FALSE\"",
            Self::Date => "yyyy-mm-dd",
            Self::DateTime => "yyyy-mm-dd hh:mm:ss",
            Self::Time => "hh:mm:ss",
            Self::Duration => "[hh]:mm:ss",
            Self::Coded(format) => format.code(),
        }
    }
}

/// What a cell becomes.
pub(super) enum CellContent<'a> {
    Blank,
    Text(Cow<'a, str>),
    /// A number, and its look if it isn't the column's.
    Number(f64, Option<CellLook>),
    Bool(bool),
    Error(&'a str),
}

pub(super) fn content<'a>(cell: &Cell<'a>, column: &Column) -> CellContent<'a> {
    match cell {
        Cell::Absent | Cell::Empty | Cell::Json(Value::Null) => CellContent::Blank,
        Cell::Error(text) if ERRORS.contains(text) => CellContent::Error(text),
        // An id is text, unless it came as what is refused as one: made text of, it would be taken the next time.
        _ if column.id && !is_no_id(cell) => CellContent::Text(cell_text(cell)),
        Cell::Bool(value) | Cell::Json(Value::Bool(value)) => CellContent::Bool(*value),
        Cell::Number(value, format) if value.is_finite() => CellContent::Number(*value, own_look(*format)),
        Cell::Json(Value::Number(number)) => match exact_number(&number.to_string()) {
            Some(value) => CellContent::Number(value, None),
            None => CellContent::Text(cell_text(cell)),
        },
        Cell::Digits(digits) => match exact_number(digits) {
            Some(value) => CellContent::Number(value, None),
            None => CellContent::Text(Cow::Borrowed(digits)),
        },
        Cell::Moment(moment, format) => match serial(moment) {
            Some((serial, look)) => CellContent::Number(serial, own_look(*format).or(Some(look))),
            None => CellContent::Text(cell_text(cell)),
        },
        Cell::Text(text) => text_content(text, column),
        Cell::Json(Value::String(text)) => text_content(text, column),
        _ => CellContent::Text(cell_text(cell)),
    }
}

fn own_look(format: NumberFormat) -> Option<CellLook> {
    (format != NumberFormat::Plain).then_some(CellLook::Coded(format))
}

/// Whether a workbook's cell is refused as an id: digits may have been lost, or it never was one.
fn is_no_id(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Number(value, format) => format.id(*value).is_err(),
        Cell::Bool(_) | Cell::Moment(..) => true,
        _ => false,
    }
}

fn text_content<'a>(text: &'a str, column: &Column) -> CellContent<'a> {
    match parsed_moment(text, column.kind).and_then(|moment| serial(&moment)) {
        Some((serial, look)) => CellContent::Number(serial, Some(look)),
        None => CellContent::Text(Cow::Borrowed(text)),
    }
}

/// Whether a text that is typed in again would be read as a number or a formula.
pub(super) fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '='))
}

/// The number of these digits, if a cell holds it: a workbook keeps every double (Excel shows 15 of its digits). Digits
/// that are not those of the double, rounded to as many, would not come back.
fn exact_number(digits: &str) -> Option<f64> {
    let value: f64 = digits.parse().ok()?;
    let significant = significant(digits);
    // Below its normal range Excel knows only zero.
    let is_normal = value.is_normal() || (value == 0.0 && significant.is_empty());
    // A double in its normal range gives back any 15 digits.
    let is_held = significant.len() <= 15 || {
        let places = significant.len() - 1;
        self::significant(&format!("{value:.places$e}")) == significant
    };
    (is_normal && is_held).then_some(value)
}

/// The significant digits of a number.
fn significant(number: &str) -> Vec<u8> {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let mut digits: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    digits.truncate(digits.len() - zeros);
    digits
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
fn serial(moment: &Moment) -> Option<(f64, CellLook)> {
    let days = |date: Date| -> Option<f64> {
        // Before March 1900 Excel counts a day that never was.
        let since = date.since(civil::date(1899, 12, 30)).ok()?.get_days();
        (since > 60).then(|| f64::from(since))
    };
    let fraction = |time: Time| {
        f64::from(i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second())) / 86_400.0
    };
    let (serial, look) = match moment {
        Moment::Date(date) => (days(*date)?, CellLook::Date),
        Moment::DateTime(moment) => (days(moment.date())? + fraction(moment.time()), CellLook::DateTime),
        Moment::Time(time) => (fraction(*time), CellLook::Time),
        // Excel shows no negative times.
        Moment::Duration(days) => return (*days >= 0.0 && days.is_finite()).then_some((*days, CellLook::Duration)),
    };
    (serial_moment(serial, false) == *moment).then_some((serial, look))
}
