//! A cell → an item's id. An id is text: what a spreadsheet program may have done to it is refused, never repaired
//! by guessing.
//!
//! Belongs here: single ids. Doesn't: ids compared with each other (`duplicates`).

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};

use serde_json::Value;

use crate::hash::Prehashed;
use crate::item::{IdFault, check_id};
use crate::sheet::{Cell, Format, NoId, NumberFormat};

use super::cells::{Blanks, Part};
use super::dates;
use super::texts::{bare, error_cell, is_error_text, unguard, unmarked};

/// An id, and what a person should know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a finding of its own, and several may hold"
)]
pub(crate) struct Id<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Outer white space was removed.
    pub(crate) trimmed: bool,
    /// An apostrophe before digits, or a byte-order mark at the start of the line, was removed.
    pub(crate) unmarked: bool,
    /// Leading zeros were added, as the mapping file asks for.
    pub(crate) padded: bool,
    /// It looks like a number that some program has rewritten (`1E10`, `1.0`).
    pub(crate) suspicious: bool,
    /// A number cell with more digits than the spreadsheet program keeps (15).
    pub(crate) long_number: bool,
}

impl Id<'_> {
    /// The id with leading zeros, where it consists of fewer digits than this.
    pub(crate) fn padded(self, digits: usize) -> Self {
        if self.text.len() >= digits || !self.text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self;
        }
        Self {
            text: Cow::Owned(format!("{:0>digits$}", self.text)),
            padded: true,
            ..self
        }
    }
}

/// Ids that are stored, as far as a sheet's reading may change or refuse them.
#[derive(Debug, Default)]
pub struct StoredIds {
    hasher: RandomState,
    hashes: HashSet<u64, BuildHasherDefault<Prehashed>>,
}

impl StoredIds {
    /// The ids of these hashes.
    pub(crate) fn new(hasher: RandomState, hashes: HashSet<u64, BuildHasherDefault<Prehashed>>) -> Self {
        Self { hasher, hashes }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn contains(&self, id: &str) -> bool {
        is_odd_id(id) && self.hashes.contains(&self.hasher.hash_one(id))
    }
}

/// Whether a sheet's reading may change or refuse an id: outer white space, words that mean nothing (none has more than four
/// letters), guards of spreadsheet programs, error values. True for some others too.
#[inline]
#[must_use]
pub fn is_odd_id(id: &str) -> bool {
    match id.as_bytes() {
        [first, _, _, _, .., last] => !(first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric()),
        _ => true,
    }
}

/// Reads the id of a row whose cell is the column of this index. A byte-order mark at the start of a line of text is none of
/// the id, unless the id is stored so.
pub(crate) fn read_at<'a>(
    index: usize,
    cell: Cell<'a>,
    format: &Format,
    how: (&Blanks, &Part),
    stored: Option<&StoredIds>,
) -> Result<Id<'a>, String> {
    if index == 0
        && let Cell::Text(text) = cell
        && let bare = unmarked(text)
        && bare.len() < text.len()
        && matches!(format, Format::Delimited { .. })
        && !stored.is_some_and(|stored| stored.contains(text))
    {
        let id = read(Cell::Text(bare), format, how, stored)?;
        return Ok(Id { unmarked: true, ..id });
    }
    read(cell, format, how, stored)
}

/// Reads an id, or says why it is none. A text that is the id of a stored item to the letter is that id.
pub(crate) fn read<'a>(
    cell: Cell<'a>,
    format: &Format,
    (blanks, part): (&Blanks, &Part),
    stored: Option<&StoredIds>,
) -> Result<Id<'a>, String> {
    let cell = match (part, cell) {
        (Part::Key(key), Cell::Json(object)) => match object.get(key) {
            None | Some(Value::Null) => Cell::Absent,
            Some(Value::String(text)) => Cell::Text(text),
            Some(Value::Bool(value)) => Cell::Bool(*value),
            Some(other) => Cell::Json(other),
        },
        (_, cell) => cell,
    };
    let is_delimited = matches!(format, Format::Delimited { .. });
    let plain = |text: Cow<'a, str>| Id {
        text,
        trimmed: false,
        unmarked: false,
        padded: false,
        suspicious: false,
        long_number: false,
    };
    let id = match cell {
        Cell::Absent | Cell::Empty => return Err(IdFault::Empty.to_string()),
        Cell::Text(text) => {
            if *blanks == Blanks::default() && is_plain(text) {
                return Ok(plain(Cow::Borrowed(text)));
            }
            if let Some(stored) = stored.filter(|stored| !stored.is_empty()) {
                let unguarded = if is_delimited {
                    unguard(text)
                } else {
                    Cow::Borrowed(text)
                };
                let as_stored = [Cow::Borrowed(text), unguarded]
                    .into_iter()
                    .find(|text| stored.contains(text));
                if let Some(id) = as_stored.filter(|id| check_id(id).is_ok()) {
                    return Ok(plain(id));
                }
            }
            if blanks.is_nothing(text) {
                return Err(IdFault::Empty.to_string());
            }
            match format {
                Format::Delimited { .. } if is_error_text(bare(text)) => {
                    return Err(error_cell("the id", text.trim()));
                }
                Format::Delimited { .. } => trimmed(unguard(text), true),
                Format::Workbook(_) => trimmed(Cow::Borrowed(text), false),
                Format::Json | Format::JsonArrays | Format::JsonLines => plain(Cow::Borrowed(text)),
            }
        }
        Cell::Number(value, number_format) => number(value, number_format)?,
        Cell::Json(Value::Number(number)) => {
            let text = number.to_string();
            let suspicious = is_suspicious(&text);
            Id {
                suspicious,
                ..plain(Cow::Owned(text))
            }
        }
        Cell::Digits(digits) => plain(Cow::Borrowed(digits)),
        Cell::Json(_) => return Err("the id is an array or an object, not text".to_owned()),
        Cell::Bool(value) => return Err(format!("the id is the boolean {value}, not text")),
        Cell::Moment(moment, format) => {
            let shown = format.show_moment(moment).or_else(|| dates::moment(moment));
            let shown = shown.map(|text| format!(" ({text})")).unwrap_or_default();
            return Err(format!(
                "the id is a date{shown}: the spreadsheet program has changed what was typed; format the column as text and type it again"
            ));
        }
        Cell::Error(text) if is_delimited && stored.is_some_and(|stored| stored.contains(text)) => {
            plain(Cow::Borrowed(text))
        }
        Cell::Error(text) => return Err(error_cell("the id", text)),
    };
    check_id(&id.text).map_err(|fault| fault.to_string())?;
    Ok(id)
}

/// Whether a text is an id like most: letters and digits with nothing to be said of them. Not the only ones, but all that
/// is asked below is told from one look.
fn is_plain(text: &str) -> bool {
    const OTHER: u8 = 1;
    const LETTER: u8 = 2;
    // A number may have an E.
    const CLASSES: [u8; 256] = {
        let mut classes = [OTHER; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            let letter = byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e');
            if byte.is_ascii_alphanumeric() {
                classes[byte as usize] = if letter { LETTER } else { 0 };
            }
            byte += 1;
        }
        classes
    };
    let seen = text.bytes().fold(0, |seen, byte| seen | CLASSES[usize::from(byte)]);
    // None of the words that say nothing is as long.
    seen == LETTER && (5..=1500).contains(&text.len())
}

fn trimmed(text: Cow<'_, str>, untyped: bool) -> Id<'_> {
    let inner = bare(&text);
    let cut = inner.len() != text.len();
    let unquoted = unquoted(inner);
    let suspicious = untyped && unquoted.is_none() && is_suspicious(inner);
    let unmarked = unquoted.is_some();
    let text = match &text {
        Cow::Borrowed(text) => {
            let inner = bare(text);
            Cow::Borrowed(inner.get(usize::from(unmarked)..).unwrap_or(inner))
        }
        Cow::Owned(_) => Cow::Owned(unquoted.unwrap_or(inner).to_owned()),
    };
    Id {
        text,
        trimmed: cut,
        unmarked,
        padded: false,
        suspicious,
        long_number: false,
    }
}

/// What an apostrophe keeps as text, where it begins with a digit: people and exporters write `'00187`, so that a
/// spreadsheet program keeps the zeros.
fn unquoted(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\'')?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_kept = rest.starts_with(|first: char| first.is_ascii_digit()) && rest.bytes().all(is_part);
    is_kept.then_some(rest)
}

fn number(value: f64, format: NumberFormat) -> Result<Id<'static>, String> {
    let retype = "format the column as text and type the id again";
    let text = format.id(value).map_err(|why| match why {
        NoId::Scientific => format!("the id is a number in scientific format ({value:E}): {retype}"),
        NoId::Decimals => format!("the id is a number with decimals ({value}): {retype}"),
        NoId::TooLong => format!(
            "the id is a number too long for a number cell, which has lost its last digits ({value:.0}): {retype}"
        ),
        NoId::Amount(shown) => format!("the id is a number that is shown as an amount ({shown}): {retype}"),
        NoId::Unreadable => format!(
            "the id is a number ({value}) in a number format that can't be rendered ({}): {retype}",
            format.code()
        ),
    })?;
    Ok(Id {
        long_number: value.abs() >= 1e15,
        text: Cow::Owned(text),
        trimmed: false,
        unmarked: false,
        padded: false,
        suspicious: false,
    })
}

/// Whether some program may have made the text of a number: `1E10`, `1.5e+12`, `1.0`.
fn is_suspicious(text: &str) -> bool {
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return false;
    }
    let text = text.strip_prefix('-').unwrap_or(text);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let decimal = |text: &str| {
        text.split_once('.')
            .is_some_and(|(whole, rest)| all_digits(whole) && all_digits(rest))
    };
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            all_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
                && (all_digits(mantissa) || decimal(mantissa))
        }
        None => decimal(text),
    }
}

#[cfg(test)]
mod tests;
