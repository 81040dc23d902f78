//! Packed rows, as they come out again; and what a packed cell begins with.
//!
//! Doesn't belong here: how rows are packed (`packing`), where they wait (`spool`).

use jiff::civil::{Date, DateTime, Time};

use crate::sheet::{Cell, Moment, NumberFormat, Row};

// What a packed cell begins with. A text or an error is followed by its length, a number by its eight bytes; a coded number
// and a moment have their format first.
pub(super) const EMPTY: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const NUMBER: u8 = 3;
pub(super) const CODED: u8 = 4;
pub(super) const FALSE: u8 = 7;
pub(super) const TRUE: u8 = 8;
pub(super) const ERROR: u8 = 9;
pub(super) const DATE: u8 = 10;
pub(super) const DATE_TIME: u8 = 11;
pub(super) const TIME: u8 = 12;
pub(super) const DURATION: u8 = 13;

/// Fills a row from the bytes' beginning and says how many are left. None: these are not the bytes that were packed.
pub(super) fn unpack(bytes: &[u8], row: &mut Row) -> Option<usize> {
    let mut rest = bytes;
    let line = varint(&mut rest)?;
    let text = varint(&mut rest)?;
    let cells = varint(&mut rest)?;
    let (text, rest) = rest.split_at_checked(usize::try_from(text).ok()?)?;
    let (mut cells, rest) = rest.split_at_checked(usize::try_from(cells).ok()?)?;
    let mut text = std::str::from_utf8(text).ok()?;
    row.clear(line);
    while let Some((kind, after)) = cells.split_first() {
        cells = after;
        row.push(match *kind {
            EMPTY => Cell::Empty,
            TEXT => Cell::Text(take_text(&mut text, &mut cells)?),
            ERROR => Cell::Error(take_text(&mut text, &mut cells)?),
            NUMBER => Cell::Number(take_number(&mut cells)?, NumberFormat::Plain),
            CODED => {
                let format = take_format(&mut cells)?;
                Cell::Number(take_number(&mut cells)?, format)
            }
            FALSE => Cell::Bool(false),
            TRUE => Cell::Bool(true),
            DATE | DATE_TIME | TIME | DURATION => {
                let format = take_format(&mut cells)?;
                Cell::Moment(take_moment(*kind, &mut cells)?, format)
            }
            _ => return None,
        });
    }
    Some(rest.len())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_text<'a>(text: &mut &'a str, cells: &mut &[u8]) -> Option<&'a str> {
    let (taken, rest) = text.split_at_checked(usize::try_from(varint(cells)?).ok()?)?;
    *text = rest;
    Some(taken)
}

fn take_number(cells: &mut &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(take(cells)?))
}

fn take_format(cells: &mut &[u8]) -> Option<NumberFormat> {
    Some(NumberFormat::from_packed(take(cells)?))
}

fn take_moment(kind: u8, cells: &mut &[u8]) -> Option<Moment> {
    Some(match kind {
        DATE => Moment::Date(take_date(cells)?),
        DATE_TIME => {
            let date = take_date(cells)?;
            Moment::DateTime(DateTime::from_parts(date, take_time(cells)?))
        }
        TIME => Moment::Time(take_time(cells)?),
        _ => Moment::Duration(take_number(cells)?),
    })
}

fn take_date(cells: &mut &[u8]) -> Option<Date> {
    let year = i16::from_le_bytes(take(cells)?);
    let [month, day] = take(cells)?.map(u8::cast_signed);
    Date::new(year, month, day).ok()
}

fn take_time(cells: &mut &[u8]) -> Option<Time> {
    let [hour, minute, second] = take(cells)?.map(u8::cast_signed);
    Time::new(hour, minute, second, 0).ok()
}
