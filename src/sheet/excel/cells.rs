//! What a workbook's cell holds: numbers, dates and truth values by their number formats, error values.
//!
//! Pure; knows calamine's cell types and nothing of files.
//!
//! Doesn't belong here: the XML that a cell comes from (`cell`), number formats themselves (`number_format`).

use calamine::{CellErrorType, DataRef};
use jiff::Unit;
use jiff::civil::{self, Date, DateTime, Time};

use crate::sheet::number_format::{Shows, serial_moment, shown_moment};
use crate::sheet::{Cell, Moment, NumberFormat, Row};

/// Sets a cell of `row` from calamine's value; an empty one is left as a gap.
pub(super) fn put(row: &mut Row, index: usize, value: &DataRef<'_>, format: NumberFormat, is_1904: bool) {
    match value {
        DataRef::Empty => {}
        DataRef::Int(value) => {
            // Excel holds no integer of its own: xlsb packs doubles of up to 30 bits this way.
            #[allow(clippy::cast_precision_loss)]
            let value = *value as f64;
            put_number(row, index, value, format, is_1904);
        }
        DataRef::Float(value) => put_number(row, index, *value, format, is_1904),
        DataRef::String(text) => put_text(row, index, text),
        DataRef::SharedString(text) => put_text(row, index, text),
        DataRef::Bool(value) => row.set(index, Cell::Bool(*value)),
        // A date whose format isn't known: one of those that each language has its own of.
        DataRef::DateTime(value) if format == NumberFormat::Plain => {
            let days = value.as_f64();
            let moment = if value.is_duration() {
                Moment::Duration(days)
            } else {
                serial_moment(days, is_1904)
            };
            row.set(index, Cell::Moment(moment, format));
        }
        DataRef::DateTime(value) => put_number(row, index, value.as_f64(), format, is_1904),
        DataRef::DateTimeIso(text) => match iso_moment(text) {
            Some(moment) => put_moment(row, index, moment, format),
            None => put_text(row, index, text),
        },
        DataRef::DurationIso(text) => match iso_duration(text) {
            Some(moment) => put_moment(row, index, moment, format),
            None => put_text(row, index, text),
        },
        DataRef::Error(error) => row.set(index, Cell::Error(error_text(error))),
    }
}

/// A number is what its format shows.
pub(super) fn put_number(row: &mut Row, index: usize, value: f64, format: NumberFormat, is_1904: bool) {
    let cell = match format.shows(value) {
        Shows::Number => Cell::Number(value, format),
        Shows::Truth(value) => Cell::Bool(value),
        Shows::Elapsed => Cell::Moment(Moment::Duration(value), format),
        Shows::Moment(parts) => match shown_moment(value, parts, is_1904) {
            Some(moment) => Cell::Moment(moment, format),
            None => return,
        },
    };
    row.set(index, cell);
}

/// A moment, as far as its format shows it.
pub(super) fn put_moment(row: &mut Row, index: usize, moment: Moment, format: NumberFormat) {
    if let Some(moment) = format.narrowed(moment) {
        row.set(index, Cell::Moment(moment, format));
    }
}

pub(super) fn put_text(row: &mut Row, index: usize, text: &str) {
    // A shared string may be empty: the cell then looks just like one that isn't there.
    if !text.is_empty() {
        row.set(index, Cell::Text(text));
    }
}

/// The error values as Excel spells them (calamine shortens the last one).
pub(super) fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// `2021-01-01`, `2021-01-01T10:00:00.000`, `10:00:00`. With an offset it stays text: a civil moment would lose it.
pub(super) fn iso_moment(text: &str) -> Option<Moment> {
    let (day, clock) = match text.split_once('T') {
        Some((day, clock)) => (Some(day), Some(clock)),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    if clock.is_some_and(|clock| clock.contains(['Z', 'z', '+', '-'])) {
        return None;
    }
    let day = day.map(str::parse::<Date>).transpose().ok()?;
    let clock = clock.map(str::parse::<Time>).transpose().ok()?;
    match (day, clock) {
        (Some(day), Some(clock)) => whole_second(day.to_datetime(clock)).map(Moment::DateTime),
        (Some(day), None) => Some(Moment::Date(day)),
        (None, Some(clock)) => {
            whole_second(civil::date(2000, 1, 1).to_datetime(clock)).map(|moment| Moment::Time(moment.time()))
        }
        (None, None) => None,
    }
}

fn whole_second(moment: DateTime) -> Option<DateTime> {
    moment.round(Unit::Second).ok()
}

/// `PT10H30M00S`: ODS writes a time of day and an elapsed time alike, so below a day it is taken for the former.
pub(super) fn iso_duration(text: &str) -> Option<Moment> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let rest = rest.strip_prefix('P')?;
    let (mut seconds, mut number, mut after_t) = (0.0_f64, String::new(), false);
    for letter in rest.chars() {
        let unit = match letter {
            'T' if number.is_empty() => {
                after_t = true;
                continue;
            }
            '0'..='9' | '.' | ',' => {
                number.push(if letter == ',' { '.' } else { letter });
                continue;
            }
            'D' if !after_t => 86_400.0,
            'H' if after_t => 3600.0,
            'M' if after_t => 60.0,
            'S' if after_t => 1.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        number.clear();
    }
    if !number.is_empty() || !seconds.is_finite() {
        return None;
    }
    let days = seconds / 86_400.0;
    if negative {
        Some(Moment::Duration(-days))
    } else if days < 1.0 {
        Some(serial_moment(days, false))
    } else {
        Some(Moment::Duration(days))
    }
}
