//! What a workbook's cell holds: dates of both epochs, number formats, error values.
//!
//! Pure; knows calamine's cell types and nothing of files.
//!
//! Doesn't belong here: the XML that a cell comes from (`cell`).

use calamine::{CellErrorType, DataRef, ExcelDateTime};
use jiff::Unit;
use jiff::civil::{self, Date, DateTime, Time};

use crate::sheet::{Cell, Moment, NumberFormat, Row};

const DAY_SECONDS: i64 = 86_400;

/// Sets a cell of `row` from calamine's value; an empty one is left as a gap.
pub(super) fn put(row: &mut Row, index: usize, value: &DataRef<'_>, format: NumberFormat, is_1904: bool) {
    match value {
        DataRef::Empty => {}
        DataRef::Int(value) => {
            // Excel holds no integer of its own: xlsb packs doubles of up to 30 bits this way.
            #[allow(clippy::cast_precision_loss)]
            let value = *value as f64;
            row.set(index, Cell::Number(value, format));
        }
        DataRef::Float(value) => row.set(index, Cell::Number(*value, format)),
        DataRef::String(text) => put_text(row, index, text),
        DataRef::SharedString(text) => put_text(row, index, text),
        DataRef::Bool(value) => row.set(index, Cell::Bool(*value)),
        DataRef::DateTime(value) => row.set(index, Cell::Moment(excel_moment(*value, is_1904))),
        DataRef::DateTimeIso(text) => match iso_moment(text) {
            Some(moment) => row.set(index, Cell::Moment(moment)),
            None => put_text(row, index, text),
        },
        DataRef::DurationIso(text) => match iso_duration(text) {
            Some(moment) => row.set(index, Cell::Moment(moment)),
            None => put_text(row, index, text),
        },
        DataRef::Error(error) => row.set(index, Cell::Error(error_text(error))),
    }
}

fn put_text(row: &mut Row, index: usize, text: &str) {
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

pub(super) fn excel_moment(value: ExcelDateTime, is_1904: bool) -> Moment {
    if value.is_duration() {
        Moment::Duration(value.as_f64())
    } else {
        serial_moment(value.as_f64(), is_1904)
    }
}

/// A serial number in a cell with a date format. Serials count days, with the time of day as a fraction; in the
/// 1900 epoch day 60 is 1900-02-29, which never was (ECMA-376 part 1, 18.17.4.1). Fractions are noisy beyond the
/// millisecond, and the API's dates end at the second, so they are rounded to it.
pub(in crate::sheet) fn serial_moment(serial: f64, is_1904: bool) -> Moment {
    // Beyond 9999-12-31 in either epoch; also catches NaN and the infinities.
    if !(0.0..2_958_466.0).contains(&serial) {
        return Moment::Duration(serial);
    }
    // Cannot be out of range: below 2,958,466 days.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (serial * 86_400.0).round() as i64;
    if serial < 1.0 {
        // 23:59:59.9 is still this day.
        return clock(seconds.min(DAY_SECONDS - 1)).map_or(Moment::Duration(serial), Moment::Time);
    }
    let (day, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    let epoch = match (is_1904, day) {
        (true, _) => civil::date(1904, 1, 1),
        (false, 60) => return Moment::Duration(serial),
        (false, ..60) => civil::date(1899, 12, 31),
        (false, _) => civil::date(1899, 12, 30),
    };
    let Ok(date) = epoch.checked_add(jiff::Span::new().days(day)) else {
        return Moment::Duration(serial);
    };
    match clock(second) {
        Some(time) if second > 0 => Moment::DateTime(date.to_datetime(time)),
        _ => Moment::Date(date),
    }
}

fn clock(second: i64) -> Option<Time> {
    let hour = i8::try_from(second / 3600).ok()?;
    let minute = i8::try_from(second / 60 % 60).ok()?;
    Time::new(hour, minute, i8::try_from(second % 60).ok()?, 0).ok()
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

/// What a number format says about the digits of a number (ECMA-376 part 1, 18.8.31); only the first section, which
/// is the one for positive numbers, counts.
pub(super) fn number_format(code: &str) -> NumberFormat {
    let mut shown = String::new();
    let mut chars = code.chars();
    while let Some(letter) = chars.next() {
        match letter {
            // The next character is shown as it is, or only measures or fills.
            '\\' | '_' | '*' => {
                chars.next();
                if letter == '\\' {
                    shown.push('?');
                }
            }
            '"' => {
                if chars.by_ref().take_while(|&c| c != '"').count() > 0 {
                    shown.push('?');
                }
            }
            '[' => chars.by_ref().take_while(|&c| c != ']').for_each(drop),
            ';' => break,
            _ => shown.push(letter),
        }
    }
    let upper = shown.to_ascii_uppercase();
    if upper.contains("E+") || upper.contains("E-") {
        return NumberFormat::Scientific;
    }
    if shown.contains('%') {
        return NumberFormat::Percent;
    }
    let zeros = shown.chars().filter(|&c| c == '0').count();
    if zeros >= 2 && shown.trim().chars().all(|c| matches!(c, '0' | '#')) {
        return NumberFormat::Padded(u8::try_from(zeros).unwrap_or(u8::MAX));
    }
    NumberFormat::Plain
}
