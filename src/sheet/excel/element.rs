//! What the elements of one cell say: its address, its kind, its value; and the other addresses of a worksheet part.
//!
//! Doesn't belong here: rows and sheets (`scan`).

use std::borrow::Cow;

use calamine::CellErrorType;

use super::cells::{error_text, iso_moment};
use super::markup::{Halt, between, blank, cell_text, check, close, content, local, open, simple, string};
use super::strings::string_item;
use crate::sheet::Moment;

/// What a cell holds.
pub(super) enum Value<'a> {
    Nothing,
    Text(Cow<'a, str>),
    Shared(usize),
    /// With a style of its own or without.
    Number(f64),
    Bool(bool),
    Error(&'static str),
    Moment(Moment),
}

/// A `<c>` with all that is in it.
pub(super) struct ReadCell<'a> {
    pub(super) address: Option<(u32, u32)>,
    pub(super) style: Option<usize>,
    pub(super) value: Value<'a>,
    /// Its bytes.
    pub(super) len: usize,
}

/// An attribute that stands there once, as it is meant; twice it is no XML.
pub(super) fn once<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Halt> {
    if slot.replace(value).is_some() || value.is_empty() || value.contains(&b'&') {
        Err(Halt::Unusual)
    } else {
        Ok(())
    }
}

/// Some digits; none begins with a zero but zero itself.
pub(super) fn number(digits: &[u8], most: usize) -> Result<usize, Halt> {
    let plain = (1..=most).contains(&digits.len()) && (digits.len() == 1 || !digits.starts_with(b"0"));
    if !plain {
        return Err(Halt::Unusual);
    }
    digits.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + usize::from(digit - b'0')),
        _ => Err(Halt::Unusual),
    })
}

/// `C7` as row 6, column 2.
fn address(reference: &[u8]) -> Option<(u32, u32)> {
    let letters = reference.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let (letters, digits) = reference.split_at_checked(letters)?;
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let column = letters
        .iter()
        .fold(0, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
    let row = u32::try_from(number(digits, 7).ok()?).ok()?;
    Some((row.checked_sub(1)?, column - 1))
}

/// `A1:C2`, or `A1` alone.
pub(super) fn area(reference: &[u8]) -> Option<((u32, u32), (u32, u32))> {
    let colon = reference
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(reference.len());
    let first = address(reference.get(..colon)?)?;
    let last = match reference.get(colon + 1..) {
        Some(last) => address(last)?,
        None => first,
    };
    (first.0 <= last.0 && first.1 <= last.1).then_some((first, last))
}

pub(super) fn read_cell(text: &[u8]) -> Result<ReadCell<'_>, Halt> {
    let (mut reference, mut style, mut kind) = (None, None, None);
    let element = open(text, |key, value| match key {
        b"r" => once(&mut reference, value),
        b"s" => once(&mut style, value),
        b"t" => once(&mut kind, value),
        _ => check(value),
    })?;
    let mut cell = ReadCell {
        address: match reference {
            Some(reference) => Some(address(reference).ok_or(Halt::Unusual)?),
            None => None,
        },
        style: style.map(|digits| number(digits, 5)).transpose()?,
        value: Value::Nothing,
        len: element.len,
    };
    if element.is_empty {
        return Ok(cell);
    }
    let kind = kind.unwrap_or_default();
    loop {
        let rest = text.get(cell.len..).unwrap_or_default();
        cell.len += blank(rest)?;
        let rest = text.get(cell.len..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (name, len) = close(rest)?;
            cell.len += len;
            return if local(name) == b"c" {
                Ok(cell)
            } else {
                Err(Halt::Unusual)
            };
        }
        // The last of the elements counts, whatever the others said.
        let len;
        (cell.value, len) = value_element(rest, kind)?;
        cell.len += len;
    }
}

/// A `<v>`, `<is>` or `<f>`: what it says, and its bytes.
fn value_element<'a>(text: &'a [u8], kind: &[u8]) -> Result<(Value<'a>, usize), Halt> {
    // Nearly all are of these two forms.
    if text.starts_with(b"<is><t>")
        && let Some((raw, len)) = between(text, 7, b"</t></is>")?
    {
        return Ok((Value::Text(cell_text(raw, false)?), len));
    }
    if text.starts_with(b"<v>")
        && !matches!(kind, b"inlineStr" | b"is")
        && let Some((raw, len)) = between(text, 3, b"</v>")?
    {
        return Ok((value(raw, kind)?, len));
    }
    let element = open(text, |_, value| check(value))?;
    let name = local(element.name);
    if name == b"is" {
        if element.is_empty {
            return Ok((Value::Text(Cow::Borrowed("")), element.len));
        }
        let (value, len) = string_item(text, element.name, element.len)?;
        return Ok((Value::Text(value), len));
    }
    if !matches!(name, b"v" | b"f") {
        return Err(Halt::Unusual);
    }
    let (raw, len) = if element.is_empty {
        (&[][..], element.len)
    } else {
        simple(text, element.name, element.len)?
    };
    if name == b"f" || matches!(kind, b"inlineStr" | b"is") {
        check(raw)?;
        return Ok((Value::Nothing, len));
    }
    Ok((value(raw, kind)?, len))
}

/// What the text of a `<v>` says. `kind`: the cell's `t`.
fn value<'a>(raw: &'a [u8], kind: &[u8]) -> Result<Value<'a>, Halt> {
    Ok(match kind {
        b"str" => Value::Text(cell_text(raw, true)?),
        b"d" => {
            let text = content(raw)?;
            match iso_moment(&text) {
                Some(moment) => Value::Moment(moment),
                None => Value::Text(text),
            }
        }
        b"s" | b"b" | b"e" | b"n" | b"" if raw.is_empty() => Value::Nothing,
        b"s" => Value::Shared(number(raw, 9)?),
        b"b" => match raw {
            b"0" => Value::Bool(false),
            b"1" => Value::Bool(true),
            _ => return Err(Halt::Unusual),
        },
        b"e" => {
            let error = string(raw)?.parse::<CellErrorType>().map_err(|_| Halt::Unusual)?;
            Value::Error(error_text(&error))
        }
        b"n" | b"" => Value::Number(decimal(raw)?),
        _ => return Err(Halt::Unusual),
    })
}

/// A number in digits, with a point and an exponent where it has them.
fn decimal(raw: &[u8]) -> Result<f64, Halt> {
    if raw.len() <= 15 && raw.iter().all(u8::is_ascii_digit) {
        let whole = raw.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        // Fifteen digits are exact.
        return Ok(whole as f64);
    }
    let digits = |text: &'_ [u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = raw.strip_prefix(b"-").unwrap_or(raw);
    let whole = digits(rest);
    rest = rest.get(whole..).unwrap_or_default();
    let mut plain = whole > 0;
    if let Some(after) = rest.strip_prefix(b".") {
        let places = digits(after);
        plain &= places > 0;
        rest = after.get(places..).unwrap_or_default();
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let after = after.strip_prefix(b"+").or(after.strip_prefix(b"-")).unwrap_or(after);
        let exponent = digits(after);
        plain &= (1..=4).contains(&exponent);
        rest = after.get(exponent..).unwrap_or_default();
    }
    if !plain || !rest.is_empty() {
        return Err(Halt::Unusual);
    }
    string(raw)?.parse().map_err(|_| Halt::Unusual)
}
