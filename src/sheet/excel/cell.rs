//! One cell of a sheet's XML, passed on as calamine reads it right, in as few tags as can be.
//!
//! calamine takes the first piece of a `<v>` for its value, a number of a shared string that it can't parse for the first
//! string, and a formula behind the value for no value; it refuses the whole sheet for an error value or an element that
//! it doesn't know, and doesn't tell a formula that was never calculated from a blank cell. Its time goes by the tags and
//! attributes that it reads, so a cell without a value is left out, an address that follows from the cell before it, too,
//! and an inline text becomes a value.
//!
//! Doesn't belong here: what the value means (calamine, `cells`).

use memchr::memchr;
use quick_xml::escape::{partial_escape, unescape};

use super::tokens::{Token, attributes, element, tag_end, tag_name, token};
use crate::sheet::{NOT_CALCULATED, column_letters};

/// What became of a cell.
pub(super) enum Passed {
    /// It has so many bytes.
    Cell(usize),
    /// The text ends before the cell does.
    Part,
    /// No reader could read it; why.
    Broken(String),
}

/// The error values that calamine knows.
const KNOWN_ERRORS: [&[u8]; 7] = [
    b"#DIV/0!", b"#N/A", b"#NAME?", b"#NULL!", b"#NUM!", b"#REF!", b"#VALUE!",
];

/// Where cells without an address stand.
#[derive(Default)]
pub(super) struct Place {
    /// The row's line, from 1.
    line: u64,
    /// The column behind the last cell, from 0, and what it is to calamine, which isn't given cells without a value.
    next: u64,
    theirs: u64,
}

impl Place {
    pub(super) fn start_row(&mut self, line: u64) {
        *self = Self {
            line,
            next: 0,
            theirs: 0,
        };
    }

    /// A cell that is left out.
    fn pass(&mut self, reference: Option<&[u8]>) {
        let column = reference.and_then(address).map_or(self.next, |(_, column)| column);
        self.next = column + 1;
    }

    /// Writes the attribute with the cell's address, if calamine needs it.
    fn write(&mut self, reference: Option<&[u8]>, out: &mut Vec<u8>) {
        let address = match reference {
            None => Some((self.line, self.next)),
            Some(reference) => address(reference),
        };
        if address.is_none() || address != Some((self.line, self.theirs)) {
            out.extend_from_slice(b" r=\"");
            match reference {
                Some(reference) => out.extend_from_slice(reference),
                None => {
                    let letters = column_letters(usize::try_from(self.next).unwrap_or(usize::MAX));
                    out.extend_from_slice(format!("{letters}{}", self.line).as_bytes());
                }
            }
            out.push(b'"');
        }
        self.next = address.map_or(self.next, |(_, column)| column) + 1;
        self.theirs = self.next;
    }
}

/// `C7` as row 7, column 2. None for what is no address, which calamine refuses.
fn address(reference: &[u8]) -> Option<(u64, u64)> {
    let letters = reference.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (letters, digits) = reference.split_at_checked(letters)?;
    if !(1..=3).contains(&letters.len()) || !(1..=7).contains(&digits.len()) || digits.starts_with(b"0") {
        return None;
    }
    let column = letters.iter().fold(0, |sum, letter| {
        sum * 26 + u64::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    let row = digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
    })?;
    Some((row, column - 1))
}

/// The attributes of a `<c>` that count.
#[derive(Clone, Copy, Default)]
struct Tag<'a> {
    reference: Option<&'a [u8]>,
    style: Option<&'a [u8]>,
    kind: &'a [u8],
}

/// Adds the cell at the beginning of the text to `out`.
pub(super) fn pass(text: &[u8], place: &mut Place, out: &mut Vec<u8>) -> Passed {
    let Some(open) = tag_end(text) else { return Passed::Part };
    let (raw, rest) = text.split_at(open);
    let mut tag = Tag::default();
    attributes(raw, |key, value| match key {
        b"r" => tag.reference = Some(value),
        b"s" => tag.style = Some(value),
        b"t" => tag.kind = value,
        _ => {}
    });
    if raw.ends_with(b"/>") {
        place.pass(tag.reference);
        return Passed::Cell(open);
    }
    if let Some((kind, value, len)) = plain(tag.kind, rest) {
        tag.write(kind, value, place, out);
        return Passed::Cell(open + len);
    }
    let broken = |why: String| {
        let cell = tag.reference.map(String::from_utf8_lossy);
        Passed::Broken(cell.map_or_else(|| why.clone(), |cell| format!("{why} in cell {cell}")))
    };
    match Content::read(rest) {
        Ok(Some((content, len))) => match content.write(&tag, place, out) {
            Ok(()) => Passed::Cell(open + len),
            Err(why) => broken(why),
        },
        Ok(None) => Passed::Part,
        Err(why) => broken(why),
    }
}

/// The content of nearly all cells, a value or an inline text without more: the kind and the value that are passed on, and
/// its bytes up to the cell's end.
fn plain<'a>(kind: &'a [u8], text: &'a [u8]) -> Option<(&'a [u8], &'a [u8], usize)> {
    let between = |start: &[u8], end: &[u8]| {
        let inner = text.strip_prefix(start)?;
        let (value, rest) = inner.split_at_checked(memchr(b'<', inner)?)?;
        let len = start.len() + value.len() + end.len();
        rest.starts_with(end).then_some((value, len))
    };
    if let Some((value, len)) = between(b"<v>", b"</v></c>") {
        return is_plain(kind, value).then_some((kind, value, len));
    }
    let (value, len) = between(b"<is><t>", b"</t></is></c>")?;
    (!is_trimmed(value)).then_some((b"str", value, len))
}

/// Whether calamine may cut white space off an inline text, which it does after it has resolved references. It keeps that
/// of a value.
fn is_trimmed(text: &[u8]) -> bool {
    let cut = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'&' | b';'));
    cut(text.first()) || cut(text.last())
}

/// The text of an `<is>`, put together of its runs, as it would stand in a `<v>`. None where that may be another text.
fn joined(inline: &[u8]) -> Option<Vec<u8>> {
    let (mut text, mut at, mut runs) = (Vec::new(), 0, 0);
    while let Some(next) = memchr(b'<', inline.get(at..)?) {
        at += next;
        let rest = inline.get(at..)?;
        let (token, mut len) = token(rest)?;
        if let Token::Open { tag, is_empty: false } = token {
            match tag_name(tag) {
                b"is" | b"r" => {}
                b"t" => {
                    len = element(rest)?;
                    let run = characters(rest.get(..len)?, tag.len()).ok()?;
                    let mut preserves = false;
                    attributes(tag, |key, value| {
                        preserves |= key == b"xml:space" && value == b"preserve"
                    });
                    if !preserves && is_trimmed(&run) {
                        return None;
                    }
                    text.extend_from_slice(&run);
                    runs += 1;
                }
                // How a run looks and how it is pronounced.
                _ => len = element(rest)?,
            }
        }
        at += len;
    }
    // Excel's escapes (`_x000D_`) stand within a run.
    (runs < 2 || !text.contains(&b'_')).then_some(text)
}

/// Whether calamine reads a value right that stands in the XML like this.
fn is_plain(kind: &[u8], value: &[u8]) -> bool {
    match kind {
        b"" | b"n" => {
            !value.is_empty()
                && value
                    .iter()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        }
        b"s" => is_index(value),
        b"b" => matches!(value, b"0" | b"1"),
        b"e" => KNOWN_ERRORS.contains(&value),
        _ => true,
    }
}

fn is_index(value: &[u8]) -> bool {
    (1..=9).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

/// What stands between the tags of a cell.
#[derive(Default)]
struct Content<'a> {
    /// The characters of `<v>` as XML writes them, and whether there is one.
    value: Option<Vec<u8>>,
    /// The `<is>`.
    inline: Option<&'a [u8]>,
    has_formula: bool,
}

impl<'a> Content<'a> {
    /// Reads up to the cell's end, and says how many bytes that are. None: the text ends before.
    fn read(text: &'a [u8]) -> Result<Option<(Self, usize)>, String> {
        let (mut content, mut at) = (Self::default(), 0);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let Some(next) = memchr(b'<', rest) else {
                return Ok(None);
            };
            let rest = rest.get(next..).unwrap_or_default();
            let Some((token, len)) = token(rest) else {
                return Ok(None);
            };
            at += next;
            match token {
                Token::Close(b"c") => return Ok(Some((content, at + len))),
                Token::Open { tag, is_empty } => {
                    let Some(len) = (if is_empty { Some(len) } else { element(rest) }) else {
                        return Ok(None);
                    };
                    let whole = rest.get(..len).unwrap_or_default();
                    match tag_name(tag) {
                        b"v" => content.value = Some(characters(whole, tag.len())?),
                        b"is" => content.inline = Some(whole),
                        b"f" => content.has_formula = true,
                        _ => {}
                    }
                    at += len;
                }
                Token::Data(_) | Token::Nothing => at += len,
                Token::Close(_) | Token::DocumentType => return Err("its tags don't match".to_owned()),
            }
        }
    }

    fn write(&self, tag: &Tag<'_>, place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(inline) = self.inline {
            if let Some(text) = joined(inline) {
                tag.write(b"str", &text, place, out);
            } else {
                tag.open(b"inlineStr", place, out);
                out.extend_from_slice(inline);
                out.extend_from_slice(b"</c>");
            }
            return Ok(());
        }
        match (tag.kind, &self.value) {
            (b"" | b"n" | b"s" | b"b" | b"e", _) => self.write_plain(tag, place, out)?,
            (_, None) if self.has_formula => tag.refuse(NOT_CALCULATED, place, out),
            (b"inlineStr" | b"is", _) | (_, None) => place.pass(tag.reference),
            (kind, Some(value)) => tag.write(kind, value, place, out),
        }
        Ok(())
    }

    /// A value of a kind that calamine takes from the XML as it is.
    fn write_plain(&self, tag: &Tag<'_>, place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        let value = self.value.as_deref().unwrap_or_default();
        let value = std::str::from_utf8(value).map_err(|_| "its text is not UTF-8".to_owned())?;
        let value = unescape(value).map_err(|cause| cause.to_string())?;
        let value = value.trim_matches([' ', '\t', '\r', '\n']);
        let written = partial_escape(value);
        match tag.kind {
            _ if value.is_empty() && self.has_formula => tag.refuse(NOT_CALCULATED, place, out),
            _ if value.is_empty() => place.pass(tag.reference),
            b"s" if !is_index(value.as_bytes()) => return Err(format!("{value:?} is no number of a shared text")),
            b"e" if !KNOWN_ERRORS.contains(&value.as_bytes()) => tag.refuse(&written, place, out),
            // Text in a cell without a kind.
            b"" if written != value => tag.write(b"str", written.as_bytes(), place, out),
            kind => tag.write(kind, written.as_bytes(), place, out),
        }
        Ok(())
    }
}

/// What the value of a cell of kind `d` begins with if it is no date but an error value.
pub(super) const ERROR_MARK: char = '#';

impl Tag<'_> {
    /// Writes the cell's start tag.
    fn open(&self, kind: &[u8], place: &mut Place, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<c");
        place.write(self.reference, out);
        for (key, value) in [(b's', self.style.unwrap_or_default()), (b't', kind)] {
            if !value.is_empty() {
                out.extend_from_slice(&[b' ', key, b'=', b'"']);
                out.extend_from_slice(value);
                out.push(b'"');
            }
        }
        out.push(b'>');
    }

    /// Writes the cell with a value.
    fn write(&self, kind: &[u8], value: &[u8], place: &mut Place, out: &mut Vec<u8>) {
        self.open(kind, place, out);
        out.extend_from_slice(b"<v>");
        out.extend_from_slice(value);
        out.extend_from_slice(b"</v></c>");
    }

    /// Writes the cell with an error value.
    fn refuse(&self, error: &str, place: &mut Place, out: &mut Vec<u8>) {
        self.write(b"d", format!("{ERROR_MARK}{error}").as_bytes(), place, out);
    }
}

/// The characters of an element as XML writes them without comments and CDATA. `start`: the bytes of its start tag.
fn characters(whole: &[u8], start: usize) -> Result<Vec<u8>, String> {
    let (mut found, mut at) = (Vec::new(), start);
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        let next = memchr(b'<', rest).unwrap_or(rest.len());
        found.extend_from_slice(rest.get(..next).unwrap_or_default());
        at += next;
        let rest = rest.get(next..).unwrap_or_default();
        let Some((token, len)) = token(rest) else { break };
        at += len;
        match token {
            Token::Data(data) => {
                let data = std::str::from_utf8(data).map_err(|_| "its text is not UTF-8".to_owned())?;
                // XML's own line breaks (XML 1.0, 2.11), which a reference would not be.
                let data = data.replace("\r\n", "\n").replace('\r', "\n");
                found.extend_from_slice(partial_escape(data).as_bytes());
            }
            Token::Nothing => {}
            Token::Close(_) => break,
            Token::Open { .. } | Token::DocumentType => return Err("its value has elements in it".to_owned()),
        }
    }
    Ok(found)
}
