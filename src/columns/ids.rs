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
use crate::sheet::{Cell, Format, NumberFormat};

use super::cells::{Blanks, Part};
use super::dates;
use super::texts::{bare, error_cell, is_error_text, unguard};

/// An id, and what a person should know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Outer white space was removed.
    pub(crate) trimmed: bool,
    /// It looks like a number that some program has rewritten (`1E10`, `1.0`).
    pub(crate) suspicious: bool,
    /// A number cell with more digits than the spreadsheet program keeps (15).
    pub(crate) long_number: bool,
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

/// From here on a double no longer holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

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
                Format::Json | Format::JsonLines => plain(Cow::Borrowed(text)),
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
        Cell::Bool(value) => return Err(format!("the id is the truth value {value}, not text")),
        Cell::Moment(moment) => {
            let shown = dates::moment(moment)
                .map(|text| format!(" ({text})"))
                .unwrap_or_default();
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
    let (suspicious, cut) = (untyped && is_suspicious(inner), inner.len() != text.len());
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(bare(text)),
        Cow::Owned(text) if cut => Cow::Owned(text.trim().to_owned()),
        owned @ Cow::Owned(_) => owned,
    };
    Id {
        text,
        trimmed: cut,
        suspicious,
        long_number: false,
    }
}

fn number(value: f64, format: NumberFormat) -> Result<Id<'static>, String> {
    let retype = "format the column as text and type the id again";
    if format == NumberFormat::Scientific {
        return Err(format!("the id is a number in scientific format ({value:E}): {retype}"));
    }
    if value.fract() != 0.0 || !value.is_finite() {
        return Err(format!("the id is a number with decimals ({value}): {retype}"));
    }
    if value.abs() >= EXACT {
        return Err(format!(
            "the id is a number too long for a number cell, which has lost its last digits ({value:.0}): {retype}"
        ));
    }
    let width = if let NumberFormat::Padded(width) = format {
        usize::from(width)
    } else {
        0
    };
    let digits = format!("{:.0}", value.abs());
    let sign = if value < 0.0 { "-" } else { "" };
    Ok(Id {
        long_number: digits.len() > 15,
        text: Cow::Owned(format!("{sign}{digits:0>width$}")),
        trimmed: false,
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
mod tests {
    use super::*;

    const CSV: Format = Format::Delimited {
        delimiter: b',',
        encoding: "UTF-8",
    };
    const XLSX: Format = Format::Workbook("xlsx");

    fn id(cell: Cell<'_>, format: &Format) -> Result<String, String> {
        read(cell, format, (&Blanks::default(), &Part::Whole), None).map(|id| id.text.into_owned())
    }

    #[test]
    fn a_number_cell_is_an_id_only_if_nothing_can_have_been_lost() {
        let cell = |value| Cell::Number(value, NumberFormat::Plain);
        assert_eq!(id(cell(10001.0), &XLSX).as_deref(), Ok("10001"));
        assert_eq!(
            id(cell(9_007_199_254_740_991.0), &XLSX).as_deref(),
            Ok("9007199254740991")
        );
        for value in [9_007_199_254_740_992.0, 1.5, f64::NAN, f64::INFINITY] {
            assert!(id(cell(value), &XLSX).is_err(), "{value}");
        }
        assert!(id(Cell::Number(1e10, NumberFormat::Scientific), &XLSX).is_err());
        assert_eq!(
            id(Cell::Number(123.0, NumberFormat::Padded(5)), &XLSX).as_deref(),
            Ok("00123")
        );
        assert_eq!(
            id(Cell::Number(1_234_567.0, NumberFormat::Padded(5)), &XLSX).as_deref(),
            Ok("1234567")
        );
    }

    #[test]
    fn a_number_cell_of_more_than_15_digits_is_pointed_out() {
        let read = |value| {
            read(
                Cell::Number(value, NumberFormat::Plain),
                &XLSX,
                (&Blanks::default(), &Part::Whole),
                None,
            )
            .expect("an id")
        };
        assert!(read(1_323_258_256_668_840.0).long_number);
        assert!(!read(132_325_825_666_884.0).long_number);
    }

    #[test]
    fn an_id_in_a_text_file_is_kept_and_only_pointed_out() {
        for text in ["1E10", "1.0", "1.5e+12", "12.50"] {
            let id = read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None).expect(text);
            assert!(id.suspicious, "{text}");
            assert_eq!(id.text, text);
        }
        for text in ["1A10", "00123", "13232582566688421", "E10", "1.2.3", "WA-1E10"] {
            assert!(
                !read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None)
                    .expect(text)
                    .suspicious,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_passed_with_one_look_is_what_all_looks_pass() {
        for text in [
            "1A4060300000000000000001",
            "abcde",
            "1e10x",
            "12345",
            "1E100",
            "none",
            "nonez",
            "a-bcd",
            "äbcdef",
            "A B C D",
        ] {
            let read = |text: &str| {
                read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None)
                    .expect("an id")
                    .text
                    .into_owned()
            };
            let sound = Id {
                text: Cow::Borrowed(text),
                trimmed: false,
                suspicious: false,
                long_number: false,
            };
            let all =
                trimmed(unguard(text), true) == sound && check_id(text).is_ok() && !Blanks::default().is_nothing(text);
            assert!(all || !is_plain(text), "{text}");
            assert!(text == "none" || read(text) == text, "{text}");
        }
        assert!(is_plain("1A4060300000000000000001") && !is_plain("1E100") && !is_plain("none"));
        assert!(!is_plain(&"a".repeat(1501)));
    }

    #[test]
    fn outer_white_space_goes_from_a_sheets_id_and_stays_in_json() {
        let trimmed = read(Cell::Text(" A 1\t"), &CSV, (&Blanks::default(), &Part::Whole), None).expect("an id");
        assert_eq!((trimmed.text.as_ref(), trimmed.trimmed), ("A 1", true));
        assert_eq!(id(Cell::Text(" A 1 "), &Format::Json).as_deref(), Ok(" A 1 "));
    }

    #[test]
    fn the_guard_of_a_spreadsheet_export_is_taken_off() {
        assert_eq!(id(Cell::Text("=\"00123\""), &CSV).as_deref(), Ok("00123"));
    }

    #[test]
    fn what_is_no_text_is_no_id() {
        for cell in [
            Cell::Empty,
            Cell::Absent,
            Cell::Text(" None "),
            Cell::Bool(true),
            Cell::Error("#REF!"),
            Cell::Text("a/b"),
        ] {
            assert!(id(cell, &XLSX).is_err(), "{cell:?}");
        }
        let date = jiff::civil::date(2021, 1, 2);
        assert!(id(Cell::Moment(crate::sheet::Moment::Date(date)), &XLSX).is_err());
        assert!(id(Cell::Text("#REF!"), &CSV).is_err());
        assert_eq!(
            id(Cell::Json(&serde_json::json!(10001)), &Format::Json).as_deref(),
            Ok("10001")
        );
        assert!(id(Cell::Json(&serde_json::json!({})), &Format::Json).is_err());
    }
}
