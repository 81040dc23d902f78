//! One cell of a sheet's XML, passed on as calamine reads it right.
//!
//! calamine takes the first piece of a `<v>` for its value, a number of a shared string that it can't parse for the first
//! string, and a formula behind the value for no value; it refuses the whole sheet for an error value or an element that
//! it doesn't know, and doesn't tell a formula that was never calculated from a blank cell. Such a cell is written anew;
//! all others are copied.
//!
//! Doesn't belong here: what the value means (calamine, `cells`).

use memchr::memchr;
use quick_xml::escape::{escape, unescape};

use super::tokens::{Token, attributes, element, tag_end, tag_name, token};
use crate::sheet::NOT_CALCULATED;

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

/// The attributes of a `<c>` that count.
#[derive(Clone, Copy, Default)]
struct Tag<'a> {
    reference: Option<&'a [u8]>,
    style: Option<&'a [u8]>,
    kind: &'a [u8],
}

/// Adds the cell at the beginning of the text to `out`.
pub(super) fn pass(text: &[u8], out: &mut Vec<u8>) -> Passed {
    let Some(open) = tag_end(text) else { return Passed::Part };
    let (raw, rest) = text.split_at(open);
    if raw.ends_with(b"/>") {
        // It counts: a cell without an address follows it.
        out.extend_from_slice(raw);
        return Passed::Cell(open);
    }
    let mut tag = Tag::default();
    attributes(raw, |key, value| match key {
        b"r" => tag.reference = Some(value),
        b"s" => tag.style = Some(value),
        b"t" => tag.kind = value,
        _ => {}
    });
    // Nearly all are of these two forms.
    if let Some(inner) = rest.strip_prefix(b"<v>")
        && let Some(len) = memchr(b'<', inner)
        && inner.get(len..).is_some_and(|end| end.starts_with(b"</v></c>"))
        && inner.get(..len).is_some_and(|value| is_plain(tag.kind, value))
    {
        return copy(text, open + 3 + len + 8, out);
    }
    if let Some(inner) = rest.strip_prefix(b"<is><t>")
        && let Some(len) = memchr(b'<', inner)
        && inner.get(len..).is_some_and(|end| end.starts_with(b"</t></is></c>"))
    {
        return copy(text, open + 7 + len + 13, out);
    }
    match Content::read(rest) {
        Ok(Some((content, len))) => match content.write(raw, &tag, out) {
            Ok(()) => Passed::Cell(open + len),
            Err(why) => Passed::Broken(format!("{why}{}", place(&tag))),
        },
        Ok(None) => Passed::Part,
        Err(why) => Passed::Broken(format!("{why}{}", place(&tag))),
    }
}

fn copy(text: &[u8], len: usize, out: &mut Vec<u8>) -> Passed {
    out.extend_from_slice(text.get(..len).unwrap_or_default());
    Passed::Cell(len)
}

fn place(tag: &Tag<'_>) -> String {
    tag.reference
        .map(|reference| format!(" in cell {}", String::from_utf8_lossy(reference)))
        .unwrap_or_default()
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

    /// `raw` is the cell's start tag.
    fn write(&self, raw: &[u8], tag: &Tag<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(inline) = self.inline {
            out.extend_from_slice(raw);
            out.extend_from_slice(inline);
        } else if matches!(tag.kind, b"" | b"n" | b"s" | b"b" | b"e") {
            self.write_plain(raw, tag, out)?;
        } else {
            match &self.value {
                None if self.has_formula => refuse(tag, NOT_CALCULATED, out),
                None => out.extend_from_slice(raw),
                Some(value) => start(tag, tag.kind, value, out),
            }
        }
        out.extend_from_slice(b"</c>");
        Ok(())
    }

    /// A value of a kind that calamine takes from the XML as it is.
    fn write_plain(&self, raw: &[u8], tag: &Tag<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let value = self.value.as_deref().unwrap_or_default();
        let value = std::str::from_utf8(value).map_err(|_| "its text is not UTF-8".to_owned())?;
        let value = unescape(value).map_err(|cause| cause.to_string())?;
        let value = value.trim_matches([' ', '\t', '\r', '\n']);
        if value.is_empty() {
            if self.has_formula {
                refuse(tag, NOT_CALCULATED, out);
            } else {
                out.extend_from_slice(raw);
            }
            return Ok(());
        }
        let written = escape(value);
        if tag.kind == b"e" && !KNOWN_ERRORS.contains(&value.as_bytes()) {
            refuse(tag, &written, out);
            return Ok(());
        }
        let kind = match tag.kind {
            b"s" if !is_index(value.as_bytes()) => {
                return Err(format!("{value:?} is no number of a shared text"));
            }
            // Text in a cell without a kind.
            b"" if written != value => b"str",
            kind => kind,
        };
        start(tag, kind, written.as_bytes(), out);
        Ok(())
    }
}

/// What the value of a cell of kind `d` begins with if it is no date but an error value.
pub(super) const ERROR_MARK: char = '#';

/// A cell with an error value, up to its end tag.
fn refuse(tag: &Tag<'_>, error: &str, out: &mut Vec<u8>) {
    start(tag, b"d", format!("{ERROR_MARK}{error}").as_bytes(), out);
}

/// A cell up to its end tag.
fn start(tag: &Tag<'_>, kind: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"<c");
    let kind = Some(kind).filter(|kind| !kind.is_empty());
    for (key, value) in [(b'r', tag.reference), (b's', tag.style), (b't', kind)] {
        if let Some(value) = value {
            out.extend_from_slice(&[b' ', key, b'=', b'"']);
            out.extend_from_slice(value);
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"><v>");
    out.extend_from_slice(value);
    out.extend_from_slice(b"</v>");
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
                found.extend_from_slice(escape(data).as_bytes());
            }
            Token::Nothing => {}
            Token::Close(_) => break,
            Token::Open { .. } | Token::DocumentType => return Err("its value has elements in it".to_owned()),
        }
    }
    Ok(found)
}
