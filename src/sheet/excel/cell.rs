//! One cell of a sheet's XML, passed on as calamine reads it right, in as few tags as can be.
//!
//! calamine takes the first piece of a `<v>` for its value, a number of a shared string that it can't parse for the first
//! string, and a formula behind the value for no value; it refuses the whole sheet for an error value or an element that
//! it doesn't know, and doesn't tell a formula that was never calculated from a blank cell. Its time goes by the tags and
//! attributes that it reads, so a cell without a value is left out, an address that follows from the cell before it, too,
//! and an inline text becomes a value.
//!
//! Doesn't belong here: what the value means (calamine, `cells`).

use std::borrow::Cow;

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
            if let Some(reference) = reference {
                out.extend_from_slice(reference);
            } else {
                let letters = column_letters(usize::try_from(self.next).unwrap_or(usize::MAX));
                out.extend_from_slice(format!("{letters}{}", self.line).as_bytes());
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
    let written = Content::read(rest).and_then(|(content, len)| {
        content.write(&tag, place, out).map_err(Halt::Broken)?;
        Ok(open + len)
    });
    match (written, tag.reference) {
        (Ok(len), _) => Passed::Cell(len),
        (Err(Halt::More), _) => Passed::Part,
        (Err(Halt::Broken(why)), None) => Passed::Broken(why),
        (Err(Halt::Broken(why)), Some(cell)) => {
            Passed::Broken(format!("{why} in cell {}", String::from_utf8_lossy(cell)))
        }
    }
}

/// Why the content of a cell can't be read: the text ends before the cell does, or no reader could read it.
enum Halt {
    More,
    Broken(String),
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
    /// The characters of `<v>` as XML writes them, if there is one.
    value: Option<Vec<u8>>,
    inline: Option<Inline<'a>>,
    has_formula: bool,
}

impl<'a> Content<'a> {
    /// Reads up to the cell's end, and says how many bytes that are.
    fn read(text: &'a [u8]) -> Result<(Self, usize), Halt> {
        let (mut content, mut at) = (Self::default(), 0);
        loop {
            let (rest, token, mut len) = next_token(text, &mut at)?;
            match token {
                Token::Close(b"c") => return Ok((content, at + len)),
                Token::Open { tag, is_empty } => match tag_name(tag) {
                    b"v" => {
                        let mut value = Vec::new();
                        if !is_empty {
                            len += characters(rest.get(len..).unwrap_or_default(), &mut value)?;
                        }
                        content.value = Some(value);
                    }
                    b"is" => {
                        let mut inline = Inline::default();
                        if !is_empty {
                            len += inline.read(rest.get(len..).unwrap_or_default())?;
                        }
                        inline.raw = rest.get(..len).unwrap_or_default();
                        content.inline = Some(inline);
                    }
                    name => {
                        content.has_formula |= name == b"f";
                        len = element(rest).ok_or(Halt::More)?;
                    }
                },
                Token::Data(_) | Token::Nothing => {}
                Token::Close(_) | Token::DocumentType => return Err(Halt::Broken("its tags don't match".to_owned())),
            }
            at += len;
        }
    }

    fn write(&self, tag: &Tag<'_>, place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(inline) = &self.inline {
            if inline.is_joined() {
                tag.write(b"str", &inline.text, place, out);
            } else {
                tag.open(b"inlineStr", place, out);
                out.extend_from_slice(inline.raw);
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

/// An `<is>`.
#[derive(Default)]
struct Inline<'a> {
    raw: &'a [u8],
    /// The texts of its runs as XML writes them.
    text: Vec<u8>,
    runs: usize,
    /// Whether a run has white space that calamine cuts off.
    is_cut: bool,
}

impl Inline<'_> {
    /// Reads what follows the start tag, and says how many bytes that are.
    fn read(&mut self, text: &[u8]) -> Result<usize, Halt> {
        let mut at = 0;
        loop {
            let (rest, token, mut len) = next_token(text, &mut at)?;
            match token {
                Token::Close(b"is") => return Ok(at + len),
                Token::Open { tag, is_empty: false } => match tag_name(tag) {
                    b"r" => {}
                    b"t" => {
                        let start = self.text.len();
                        len += characters(rest.get(len..).unwrap_or_default(), &mut self.text)?;
                        let mut preserves = false;
                        attributes(tag, |key, value| {
                            preserves |= key == b"xml:space" && value == b"preserve";
                        });
                        self.is_cut |= !preserves && is_trimmed(self.text.get(start..).unwrap_or_default());
                        self.runs += 1;
                    }
                    // How a run looks and how it is pronounced.
                    _ => len = element(rest).ok_or(Halt::More)?,
                },
                Token::DocumentType => return Err(Halt::Broken("its tags don't match".to_owned())),
                _ => {}
            }
            at += len;
        }
    }

    /// Whether the text is what calamine puts together. Excel's escapes (`_x000D_`) stand within a run.
    fn is_joined(&self) -> bool {
        !self.is_cut && (self.runs < 2 || !self.text.contains(&b'_'))
    }
}

/// The next token from a place on, its bytes, and the text from there. The place moves to it.
fn next_token<'a>(text: &'a [u8], at: &mut usize) -> Result<(&'a [u8], Token<'a>, usize), Halt> {
    let rest = text.get(*at..).unwrap_or_default();
    let next = memchr(b'<', rest).ok_or(Halt::More)?;
    *at += next;
    let rest = rest.get(next..).unwrap_or_default();
    let (token, len) = token(rest).ok_or(Halt::More)?;
    Ok((rest, token, len))
}

/// Adds the characters up to the end of an element as XML writes them without comments and CDATA. Says how many bytes stand
/// there, the end tag among them.
fn characters(text: &[u8], found: &mut Vec<u8>) -> Result<usize, Halt> {
    let mut at = 0;
    loop {
        let start = at;
        let (_, token, len) = next_token(text, &mut at)?;
        found.extend_from_slice(text.get(start..at).unwrap_or_default());
        at += len;
        match token {
            Token::Data(data) => {
                let data = std::str::from_utf8(data).map_err(|_| Halt::Broken("its text is not UTF-8".to_owned()))?;
                // XML's own line breaks (XML 1.0, 2.11), which a reference would not be.
                let data = match memchr(b'\r', data.as_bytes()) {
                    Some(_) => Cow::Owned(data.replace("\r\n", "\n").replace('\r', "\n")),
                    None => Cow::Borrowed(data),
                };
                found.extend_from_slice(partial_escape(data).as_bytes());
            }
            Token::Nothing => {}
            Token::Close(_) => return Ok(at),
            Token::Open { .. } | Token::DocumentType => {
                return Err(Halt::Broken("its value has elements in it".to_owned()));
            }
        }
    }
}
