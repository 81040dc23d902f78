//! The cells of a worksheet part and the table of shared texts, out of plain XML.
//!
//! Belongs here: what the elements of these two parts mean (ECMA-376 part 1, 18.3 and 18.4). It is held to what calamine
//! makes of the same parts, property by property; whatever isn't plain and common is left to it (`Halt::Unusual`).

use std::borrow::Cow;

use calamine::CellErrorType;

use super::blocks::Step;
use super::cells::{error_text, excel_moment, iso_moment};
use super::markup::{Halt, blank, cell_text, check, close, content, local, open, string, until_tag};
use super::probe::Style;
use super::spool::{Packing, Strings};
use super::{Extras, Merge};
use crate::sheet::{Cell, Moment, NumberFormat};

/// Which part of the sheet's XML is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Above,
    Rows,
    Below,
}

/// Reads a worksheet part and packs its cells.
pub(super) struct SheetScan<'a> {
    styles: &'a [Style],
    is_1904: bool,
    packing: Packing,
    extras: Extras,
    most_extras: u64,
    stage: Stage,
    /// Where a cell without an address of its own stands.
    next: (u32, u32),
    /// The last row's line.
    line: u64,
}

/// What a cell holds.
enum Value<'a> {
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
struct ReadCell<'a> {
    address: Option<(u32, u32)>,
    style: Option<usize>,
    value: Value<'a>,
    len: usize,
}

impl<'a> SheetScan<'a> {
    pub(super) fn new(styles: &'a [Style], is_1904: bool, packing: Packing, most_extras: u64) -> Self {
        Self {
            styles,
            is_1904,
            packing,
            extras: Extras::default(),
            most_extras,
            stage: Stage::Start,
            next: (0, 0),
            line: 0,
        }
    }

    pub(super) fn finish(self) -> (Packing, Extras) {
        (self.packing, self.extras)
    }

    /// For `blocks::read`.
    pub(super) fn step(&mut self, text: &[u8]) -> Result<Step, Halt> {
        if self.stage == Stage::Start {
            let passed = prologue(text)?;
            self.stage = Stage::Above;
            if passed > 0 {
                return Ok(Step::Passed(passed));
            }
        }
        match self.stage {
            Stage::Rows => self.row_step(text),
            Stage::Below if text.is_empty() => Ok(Step::Done),
            _ => self.other_step(text),
        }
    }

    /// One element above or below the rows.
    fn other_step(&mut self, text: &[u8]) -> Result<Step, Halt> {
        let before = match until_tag(text) {
            Ok(before) => before,
            // White space may end the part.
            Err(Halt::More) if self.stage == Stage::Below && !text.is_empty() => {
                return match blank(text) {
                    Err(Halt::More) => Ok(Step::Passed(text.len())),
                    _ => Err(Halt::More),
                };
            }
            Err(halt) => return Err(halt),
        };
        let rest = text.get(before.len()..).unwrap_or_default();
        let len = if rest.starts_with(b"</") {
            let (name, len) = close(rest)?;
            if self.stage == Stage::Above && local(name) == b"sheetData" {
                return Err(Halt::Unusual);
            }
            len
        } else {
            let (mut reference, mut hidden, mut line) = (None, None, None);
            let element = open(rest, |key, value| {
                check(value)?;
                match key {
                    b"ref" => once(&mut reference, value),
                    b"hidden" => once(&mut hidden, value),
                    b"r" => once(&mut line, value),
                    _ => Ok(()),
                }
            })?;
            match (local(element.name), self.stage) {
                (b"sheetData", Stage::Above) => self.stage = if element.is_empty { Stage::Below } else { Stage::Rows },
                (b"dimension", Stage::Above) => {
                    reference.and_then(area).ok_or(Halt::Unusual)?;
                }
                // The anchor of a control has one, too.
                (b"row", _) if line.is_none() && hidden.is_none() => self.line = self.line.saturating_add(1),
                (b"row", _) => return Err(Halt::Unusual),
                (b"mergeCell", _) => self.merge(reference)?,
                _ => {}
            }
            element.len
        };
        check(before)?;
        Ok(Step::Passed(before.len() + len))
    }

    fn merge(&mut self, reference: Option<&[u8]>) -> Result<(), Halt> {
        // One cell alone is no merge.
        let Some(reference) = reference.filter(|reference| reference.contains(&b':')) else {
            return Ok(());
        };
        let (first, last) = area(reference).ok_or(Halt::Unusual)?;
        let place = |(row, column): (u32, u32)| (u64::from(row) + 1, column as usize);
        self.extras.merges.push(Merge {
            first: place(first),
            last: place(last),
        });
        self.bound_extras()
    }

    fn bound_extras(&self) -> Result<(), Halt> {
        let count = self.extras.merges.len() + self.extras.hidden_rows.len();
        if count as u64 > self.most_extras {
            return Err(Halt::Unusual);
        }
        Ok(())
    }

    /// As many rows and cells as are at hand.
    fn row_step(&mut self, text: &[u8]) -> Result<Step, Halt> {
        let mut at = 0;
        while self.stage == Stage::Rows {
            let rest = text.get(at..).unwrap_or_default();
            match self.row_element(rest) {
                Ok(len) => at += len,
                Err(Halt::More) if at > 0 => break,
                Err(halt) => return Err(halt),
            }
        }
        Ok(Step::Passed(at))
    }

    /// A cell, or a tag around cells.
    fn row_element(&mut self, text: &[u8]) -> Result<usize, Halt> {
        let space = blank(text)?;
        let rest = text.get(space..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (name, len) = close(rest)?;
            match local(name) {
                b"row" => self.end_row()?,
                b"sheetData" => self.stage = Stage::Below,
                _ => return Err(Halt::Unusual),
            }
            return Ok(space + len);
        }
        if matches!(rest, [b'<', b'c', b' ' | b'>' | b'/', ..]) {
            return Ok(space + self.cell(rest)?);
        }
        // The name, before its attributes are read: which of them count depends on it.
        let name = rest.get(1..).unwrap_or_default();
        let end = name
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/'));
        match local(name.get(..end.ok_or(Halt::More)?).unwrap_or_default()) {
            b"row" => Ok(space + self.row(rest)?),
            b"c" => Ok(space + self.cell(rest)?),
            _ => Err(Halt::Unusual),
        }
    }

    fn row(&mut self, text: &[u8]) -> Result<usize, Halt> {
        let (mut line, mut hidden) = (None, None);
        let element = open(text, |key, value| {
            check(value)?;
            match key {
                b"r" => once(&mut line, value),
                b"hidden" => once(&mut hidden, value),
                _ => Ok(()),
            }
        })?;
        self.line = match line {
            Some(digits) => {
                let line = number(digits, 7)?;
                self.next.0 = u32::try_from(line)
                    .ok()
                    .and_then(|line| line.checked_sub(1))
                    .ok_or(Halt::Unusual)?;
                line as u64
            }
            None => self.line.saturating_add(1),
        };
        match hidden {
            Some(b"1" | b"true") => {
                self.extras.hidden_rows.push(self.line);
                self.bound_extras()?;
            }
            None | Some(b"0" | b"false") => {}
            Some(_) => return Err(Halt::Unusual),
        }
        if element.is_empty {
            self.end_row()?;
        }
        Ok(element.len)
    }

    fn end_row(&mut self) -> Result<(), Halt> {
        self.next = (self.next.0.checked_add(1).ok_or(Halt::Unusual)?, 0);
        Ok(())
    }

    fn cell(&mut self, text: &[u8]) -> Result<usize, Halt> {
        let cell = read_cell(text)?;
        let at = match cell.address {
            Some(address) => {
                self.next.1 = address.1;
                address
            }
            None => self.next,
        };
        self.next.1 = self.next.1.checked_add(1).ok_or(Halt::Unusual)?;
        match cell.value {
            Value::Nothing => {}
            Value::Text(text) => self.packing.put(at, &Cell::Text(&text))?,
            Value::Shared(index) => self.packing.put_shared(at, index)?,
            Value::Number(value) => {
                let moment = cell
                    .style
                    .and_then(|style| self.styles.get(style))
                    .and_then(|style| style.moment);
                // Without a style of its own a cell has the first one's number format, but not its being a date.
                let format = self
                    .styles
                    .get(cell.style.unwrap_or(0))
                    .map_or(NumberFormat::Plain, |style| style.format);
                let cell = match moment {
                    Some(kind) => Cell::Moment(excel_moment(
                        calamine::ExcelDateTime::new(value, kind, self.is_1904),
                        self.is_1904,
                    )),
                    None => Cell::Number(value, format),
                };
                self.packing.put(at, &cell)?;
            }
            Value::Bool(value) => self.packing.put(at, &Cell::Bool(value))?,
            Value::Error(text) => self.packing.put(at, &Cell::Error(text))?,
            Value::Moment(moment) => self.packing.put(at, &Cell::Moment(moment))?,
        }
        Ok(cell.len)
    }
}

/// What stands before the first element: a mark of the encoding and the declaration, which has to say UTF-8 if anything.
fn prologue(text: &[u8]) -> Result<usize, Halt> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    // Enough to tell; no part is shorter.
    if text.len() < 16 {
        return Err(Halt::More);
    }
    let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
    let rest = text.get(mark..).unwrap_or_default();
    let space = blank(rest)?;
    let rest = rest.get(space..).unwrap_or_default();
    if !rest.starts_with(b"<?xml ") {
        return Ok(mark + space);
    }
    let len = rest.windows(2).position(|two| two == b"?>").ok_or(Halt::More)? + 2;
    let declaration = string(rest.get(..len).unwrap_or_default())?.to_ascii_lowercase();
    let says_other = declaration.contains("encoding")
        && !declaration.contains("encoding=\"utf-8\"")
        && !declaration.contains("encoding='utf-8'");
    if says_other {
        return Err(Halt::Unusual);
    }
    Ok(mark + space + len)
}

/// An attribute that stands there once, as it is meant; twice it is no XML.
fn once<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Halt> {
    if slot.replace(value).is_some() || value.is_empty() || value.contains(&b'&') {
        Err(Halt::Unusual)
    } else {
        Ok(())
    }
}

/// Some digits; none begins with a zero but zero itself.
fn number(digits: &[u8], most: usize) -> Result<usize, Halt> {
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
fn area(reference: &[u8]) -> Option<((u32, u32), (u32, u32))> {
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

fn read_cell(text: &[u8]) -> Result<ReadCell<'_>, Halt> {
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

/// The text of an element that holds nothing else, and the bytes up to its end.
fn simple<'a>(text: &'a [u8], name: &[u8], start: usize) -> Result<(&'a [u8], usize), Halt> {
    let raw = until_tag(text.get(start..).unwrap_or_default())?;
    let end = start + raw.len();
    let (closed, len) = close(text.get(end..).unwrap_or_default())?;
    if closed == name {
        Ok((raw, end + len))
    } else {
        Err(Halt::Unusual)
    }
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

/// The text of an `<is>` or `<si>` whose start tag of `start` bytes has been read: that of all its runs, but not how it is
/// pronounced.
fn string_item<'a>(text: &'a [u8], name: &[u8], start: usize) -> Result<(Cow<'a, str>, usize), Halt> {
    let (mut at, mut whole, mut phonetic) = (start, None::<Cow<'a, str>>, false);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += blank(rest)?;
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (closed, len) = close(rest)?;
            at += len;
            if closed == name {
                return Ok((whole.unwrap_or_default(), at));
            }
            match local(closed) {
                b"rPh" => phonetic = false,
                b"t" => return Err(Halt::Unusual),
                _ => {}
            }
            continue;
        }
        let mut preserve = false;
        let mut odd = false;
        let element = open(rest, |key, value| match key {
            b"xml:space" if value == b"preserve" => {
                odd = std::mem::replace(&mut preserve, true);
                Ok(())
            }
            b"xml:space" => Err(Halt::Unusual),
            _ => check(value),
        })?;
        match local(element.name) {
            b"t" => {
                let (raw, len) = if element.is_empty {
                    (&[][..], element.len)
                } else {
                    simple(rest, element.name, element.len)?
                };
                if odd {
                    return Err(Halt::Unusual);
                }
                at += len;
                if phonetic {
                    check(raw)?;
                    continue;
                }
                let text = cell_text(raw, preserve)?;
                match &mut whole {
                    None => whole = Some(text),
                    Some(whole) => whole.to_mut().push_str(&text),
                }
            }
            b"rPh" => {
                phonetic = !element.is_empty;
                at += element.len;
            }
            b"is" | b"si" => return Err(Halt::Unusual),
            _ => at += element.len,
        }
    }
}

/// Reads the table of shared texts.
#[derive(Default)]
pub(super) struct StringScan {
    strings: Strings,
    begun: bool,
    in_table: bool,
}

impl StringScan {
    pub(super) fn finish(mut self) -> Strings {
        self.strings.close();
        self.strings
    }

    /// For `blocks::read`.
    pub(super) fn step(&mut self, text: &[u8]) -> Result<Step, Halt> {
        if !self.begun {
            let passed = prologue(text)?;
            self.begun = true;
            if passed > 0 {
                return Ok(Step::Passed(passed));
            }
        }
        let mut at = 0;
        loop {
            match self.item(text.get(at..).unwrap_or_default()) {
                Ok(Step::Passed(len)) => at += len,
                Ok(Step::Done) => return Ok(Step::Done),
                Err(Halt::More) if at > 0 => return Ok(Step::Passed(at)),
                Err(halt) => return Err(halt),
            }
        }
    }

    fn item(&mut self, text: &[u8]) -> Result<Step, Halt> {
        let space = blank(text)?;
        let rest = text.get(space..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (name, _) = close(rest)?;
            return if self.in_table && local(name) == b"sst" {
                Ok(Step::Done)
            } else {
                Err(Halt::Unusual)
            };
        }
        let element = open(rest, |_, value| check(value))?;
        let len = match (local(element.name), self.in_table) {
            (b"sst", false) if element.is_empty => return Ok(Step::Done),
            (b"sst", false) => {
                self.in_table = true;
                element.len
            }
            (b"si", true) if element.is_empty => {
                self.strings.push("")?;
                element.len
            }
            (b"si", true) => {
                let (text, len) = string_item(rest, element.name, element.len)?;
                self.strings.push(&text)?;
                len
            }
            _ => return Err(Halt::Unusual),
        };
        Ok(Step::Passed(space + len))
    }
}
