//! Cells as plain text: the same in CSV, in a workbook's text cells and in JSON's strings.
//!
//! Doesn't belong here: quoting (`delimited`), typed cells (`xlsx`).

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::sheet::number_format::general;
use crate::sheet::{Cell, Moment, NumberFormat};

/// Above this a double leaves out integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A cell as text; nothing is the empty text.
pub(super) fn cell_text<'a>(cell: &Cell<'a>) -> Cow<'a, str> {
    match cell {
        Cell::Absent | Cell::Empty | Cell::Json(Value::Null) => Cow::Borrowed(""),
        Cell::Text(text) | Cell::Error(text) | Cell::Digits(text) => Cow::Borrowed(text),
        Cell::Json(Value::String(text)) => Cow::Borrowed(text),
        Cell::Bool(true) => Cow::Borrowed("true"),
        Cell::Bool(false) => Cow::Borrowed("false"),
        Cell::Number(value, format) => Cow::Owned(number_text(*value, *format)),
        Cell::Moment(moment, _) => Cow::Owned(moment_text(moment)),
        Cell::Json(value) => Cow::Owned(value.to_string()),
    }
}

/// A workbook's number: as its format shows it where it names a thing (`00042`, `SKU-0042`), else the number itself. Not a
/// number or infinite (which no workbook holds): the empty text.
pub(super) fn number_text(value: f64, format: NumberFormat) -> String {
    match format {
        NumberFormat::Plain => general(value),
        NumberFormat::Coded(_) => format.id(value).unwrap_or_else(|_| general(value)),
    }
}

/// ISO 8601 to the second; an elapsed time as hours, minutes and seconds.
pub(super) fn moment_text(moment: &Moment) -> String {
    match moment {
        Moment::Date(date) => date.strftime("%Y-%m-%d").to_string(),
        Moment::DateTime(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Moment::Time(time) => time.strftime("%H:%M:%S").to_string(),
        Moment::Duration(days) => duration_text(*days),
    }
}

fn duration_text(days: f64) -> String {
    let seconds = (days * 86_400.0).round();
    if !seconds.is_finite() || seconds.abs() >= EXACT {
        return number_text(days, NumberFormat::Plain);
    }
    // An integer below 2^53.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = seconds as i64;
    let (sign, rest) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
    let mut text = String::from(sign);
    // Writing to a string can't fail.
    let _ = write!(text, "{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    text
}
