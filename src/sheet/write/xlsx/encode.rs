//! Rows → a sheet's XML, on any thread.
//!
//! A row's number is known only once all rows before it are, so its place is kept by marks, which XML can't hold as they
//! are: `number` puts it there.
//!
//! Doesn't belong here: what a value becomes in a cell (`cells`), packing (`body`).

use std::io::Write as _;
use std::sync::Arc;

use super::super::{Buffer, Column, RowEncoder, WriteError};
use super::cells::{Content, content, looks_numeric};
use super::look::{HEADER_STYLE, Look, padded_style};
use crate::sheet::{Cell, NumberFormat, column_letters};

/// Where a row's number stands in a cell's address.
const NUMBER: u8 = 0;
/// Where a row begins.
pub(super) const ROW: u8 = 1;
/// Around a column and a length: a text is too long for its cell, whose row isn't known yet.
pub(super) const TOO_LONG: u8 = 2;
/// Around the width of a padded number, and `+` where the cell is marked: its style isn't known yet.
pub(super) const PADDED: u8 = 3;

/// A cell's text, in UTF-16 units.
const CELL_TEXT: usize = 32_767;

/// Makes XML of rows.
#[derive(Clone)]
pub(super) struct XmlEncoder {
    columns: Arc<[(Column, String)]>,
}

impl XmlEncoder {
    pub(super) fn new(columns: &[Column]) -> Self {
        let letters = |(index, column): (usize, &Column)| (column.clone(), column_letters(index));
        Self {
            columns: columns.iter().enumerate().map(letters).collect(),
        }
    }

    /// How many columns there are.
    pub(super) fn columns(&self) -> &[(Column, String)] {
        &self.columns
    }

    /// The row of headers.
    pub(super) fn header(&self, out: &mut Vec<u8>) {
        out.push(ROW);
        for (index, (column, letters)) in self.columns.iter().enumerate() {
            text(out, (index, letters), &column.name, HEADER_STYLE);
        }
        out.extend_from_slice(b"</row>");
    }

    /// A row in which some cells are at fault.
    pub(super) fn row(&self, cells: &[Cell<'_>], bad: &[usize], out: &mut Vec<u8>) {
        out.push(ROW);
        for (index, (cell, (column, letters))) in cells.iter().zip(self.columns.iter()).enumerate() {
            let marked = !bad.is_empty() && bad.contains(&index);
            put(out, (index, letters), content(cell, column), column.id, marked);
        }
        out.extend_from_slice(b"</row>");
    }
}

impl RowEncoder for XmlEncoder {
    fn encode(&self, cells: &[Cell<'_>], out: &mut Buffer) -> Result<(), WriteError> {
        out.append(|out| self.row(cells, &[], out));
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, at: (usize, &str), content: Content<'_>, id: bool, marked: bool) {
    // Where no format says otherwise: so that an id that is typed in there stays text.
    let look = if id { Look::Text } else { Look::General };
    match content {
        Content::Blank if marked => blank(out, at.1, look.style(true)),
        Content::Blank => {}
        // Without a format of its own a text that was typed in again would be read as a number.
        Content::Text(content) if id || marked || looks_numeric(&content) => {
            text(out, at, &content, Look::Text.style(marked));
        }
        Content::Text(content) => text(out, at, &content, 0),
        Content::Digits(digits) => {
            value(out, at.1, look.style(marked), b"><v>");
            out.extend_from_slice(digits.as_bytes());
            out.extend_from_slice(b"</v></c>");
        }
        Content::Number(value, NumberFormat::Padded(digits)) if digits > 0 => {
            open(out, at.1);
            out.extend_from_slice(b"\" s=\"");
            let mark = if marked { "+" } else { "" };
            out.push(PADDED);
            // Writing to memory can't fail.
            let _ = write!(out, "{digits}{mark}");
            out.push(PADDED);
            let _ = write!(out, "\"><v>{value}</v></c>");
        }
        Content::Number(number, format) => {
            let look = match format {
                NumberFormat::Plain | NumberFormat::Padded(_) => look,
                NumberFormat::Scientific => Look::Scientific,
                NumberFormat::Percent => Look::Percent,
            };
            float(out, at.1, number, look.style(marked));
        }
        Content::Serial(serial, look) => float(out, at.1, serial, look.style(marked)),
        Content::Bool(truth) => {
            value(out, at.1, Look::Bool.style(marked), b" t=\"b\"><v>");
            out.extend_from_slice(if truth { b"1</v></c>" } else { b"0</v></c>" });
        }
        // Excel takes an error for a formula's result.
        Content::Error(error) => {
            value(out, at.1, Look::General.style(marked), b" t=\"e\"><f>");
            out.extend_from_slice(error.as_bytes());
            out.extend_from_slice(b"</f><v>");
            out.extend_from_slice(error.as_bytes());
            out.extend_from_slice(b"</v></c>");
        }
    }
}

fn open(out: &mut Vec<u8>, letters: &str) {
    out.extend_from_slice(b"<c r=\"");
    out.extend_from_slice(letters.as_bytes());
    out.push(NUMBER);
}

/// A cell up to what follows its style.
fn value(out: &mut Vec<u8>, letters: &str, style: usize, then: &[u8]) {
    open(out, letters);
    if style > 0 {
        out.extend_from_slice(b"\" s=\"");
        decimal(out, style);
    }
    out.push(b'"');
    out.extend_from_slice(then);
}

fn blank(out: &mut Vec<u8>, letters: &str, style: usize) {
    value(out, letters, style, b"/>");
}

fn float(out: &mut Vec<u8>, letters: &str, number: f64, style: usize) {
    value(out, letters, style, b"><v>");
    // Writing to memory can't fail.
    let _ = write!(out, "{number}</v></c>");
}

fn text(out: &mut Vec<u8>, (index, letters): (usize, &str), content: &str, style: usize) {
    if content.is_empty() {
        if style > 0 {
            blank(out, letters, style);
        }
        return;
    }
    // A UTF-16 unit takes at least one byte.
    if content.len() > CELL_TEXT {
        let length = content.encode_utf16().count();
        if length > CELL_TEXT {
            out.push(TOO_LONG);
            // Writing to memory can't fail.
            let _ = write!(out, "{index},{length}");
            out.push(TOO_LONG);
            return;
        }
    }
    let blanks = [b'\t', b'\n', b' '];
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| blanks.contains(byte));
    let bytes = content.as_bytes();
    let preserve = edge(bytes.first()) || edge(bytes.last());
    value(out, letters, style, b" t=\"inlineStr\"><is><t");
    out.extend_from_slice(if preserve { b" xml:space=\"preserve\">" } else { b">" });
    escape(out, content);
    out.extend_from_slice(b"</t></is></c>");
}

/// Adds text as XML can hold it: what it can't hold as `_x000B_`, and what reads like that itself with `_x005F` before it
/// (ECMA-376 part 1, 22.9.2.19, `ST_Xstring`).
fn escape(out: &mut Vec<u8>, content: &str) {
    // U+FFFE and U+FFFF begin with 0xEF.
    let special = |byte: &u8| matches!(byte, 0..=8 | 0x0B..=0x1F | b'&' | b'<' | b'>' | b'_' | 0xEF);
    if !content.as_bytes().iter().any(special) {
        out.extend_from_slice(content.as_bytes());
        return;
    }
    let mut utf8 = [0; 4];
    for (at, character) in content.char_indices() {
        match character {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '\0'..='\x08' | '\x0B'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => {
                // Writing to memory can't fail.
                let _ = write!(out, "_x{:04X}_", u32::from(character));
            }
            '_' => {
                let rest = content.as_bytes().get(at..at + 7).unwrap_or_default();
                if let [b'_', b'x', digits @ .., b'_'] = rest
                    && digits.iter().all(u8::is_ascii_hexdigit)
                {
                    out.extend_from_slice(b"_x005F");
                }
                out.push(b'_');
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes()),
        }
    }
}

fn decimal(out: &mut Vec<u8>, number: usize) {
    // Writing to memory can't fail.
    let _ = write!(out, "{number}");
}

/// What stands between a mark here and its like, and what comes behind that.
pub(super) fn between(rest: &[u8], mark: u8) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(mark, rest)?;
    let said = std::str::from_utf8(rest.get(..end)?).ok()?;
    Some((said, rest.get(end + 1..)?))
}

/// The rows with their numbers, counted from `first`, and the styles of padded numbers of these widths.
pub(super) fn number(rows: &[u8], first: u32, padded: &[u8], out: &mut Vec<u8>) {
    let mut next = first;
    let mut digits = Vec::new();
    let mut rest = rows;
    while let Some(at) = memchr::memchr3(NUMBER, ROW, PADDED, rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let mark = rest.get(at).copied();
        rest = rest.get(at + 1..).unwrap_or_default();
        match mark {
            Some(NUMBER) => out.extend_from_slice(&digits),
            Some(ROW) => {
                digits.clear();
                // Writing to memory can't fail.
                let _ = write!(digits, "{next}");
                next = next.saturating_add(1);
                out.extend_from_slice(b"<row r=\"");
                out.extend_from_slice(&digits);
                out.extend_from_slice(b"\">");
            }
            _ => {
                let Some((said, behind)) = between(rest, PADDED) else {
                    break;
                };
                let (width, marked) = padded_width(said);
                let place = padded.iter().position(|known| *known == width);
                decimal(out, padded_style(place.unwrap_or_default(), marked));
                rest = behind;
            }
        }
    }
    out.extend_from_slice(rest);
}

/// What stands between two marks of a padded number.
pub(super) fn padded_width(said: &str) -> (u8, bool) {
    let width = said.trim_end_matches('+');
    (width.parse().unwrap_or_default(), width.len() < said.len())
}
