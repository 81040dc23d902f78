//! JSON and JSON Lines: an object a row, its keys in the columns' order.
//!
//! Doesn't belong here: what a cell is as text (`text`).

use std::io::Write;

use serde_json::Value;

use super::out::Out;
use super::text::{moment_text, number_text};
use super::{Column, InParts, RowEncoder, TableWriter, WriteError};
use crate::sheet::{Cell, NumberFormat};

/// How the objects are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One array, an object a line.
    Array,
    /// No array.
    Lines,
    /// Objects that stand alone.
    Single,
}

/// Writes objects.
pub(super) struct JsonWriter<'w> {
    out: Out<'w>,
    encoder: JsonEncoder,
    first: bool,
    line: Vec<u8>,
}

/// Makes objects of rows.
#[derive(Clone)]
pub(super) struct JsonEncoder {
    layout: Layout,
    keys: Vec<Key>,
}

/// What stands before a value, with the comma that parts it from the one before.
#[derive(Clone)]
struct Key {
    /// `,"name":`
    name: Phrase,
    /// `,"name":"`
    quote: Phrase,
    /// `,"name":null`
    null: Phrase,
}

/// What stands before each object of an array but the first.
const BETWEEN: &[u8] = b",\n";

impl<'w> JsonWriter<'w> {
    pub(super) fn new(layout: Layout, columns: &[Column], mut out: Out<'w>) -> Result<Self, WriteError> {
        let encoder = JsonEncoder::new(layout, columns.iter().map(|column| column.name.as_str()))?;
        if layout == Layout::Array {
            out.write_all(b"[\n")?;
        }
        Ok(Self {
            out,
            encoder,
            first: true,
            line: Vec::new(),
        })
    }
}

impl JsonEncoder {
    pub(super) fn new<'n>(layout: Layout, names: impl Iterator<Item = &'n str>) -> Result<Self, WriteError> {
        let mut keys = Vec::new();
        for column in names {
            let mut name = vec![b','];
            text(&mut name, column)?;
            name.push(b':');
            keys.push(Key {
                quote: Phrase::new(&[name.as_slice(), b"\""].concat()),
                null: Phrase::new(&[name.as_slice(), b"null"].concat()),
                name: Phrase::new(&name),
            });
        }
        Ok(Self { layout, keys })
    }
}

impl RowEncoder for JsonEncoder {
    fn encode(&self, cells: &[Cell<'_>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        if self.layout == Layout::Array {
            out.extend_from_slice(BETWEEN);
        }
        let begin = out.len();
        for (key, cell) in self.keys.iter().zip(cells) {
            match cell {
                Cell::Absent => {}
                Cell::Empty => key.null.put(out),
                Cell::Text(content) if is_plain(content.as_bytes()) => {
                    key.quote.put(out);
                    out.extend_from_slice(content.as_bytes());
                    out.push(b'"');
                }
                Cell::Digits(digits) => {
                    key.name.put(out);
                    out.extend_from_slice(digits.as_bytes());
                }
                cell => {
                    key.name.put(out);
                    value(out, cell)?;
                }
            }
        }
        // In the place of the first key's comma.
        match out.get_mut(begin) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.extend_from_slice(if self.layout == Layout::Lines { b"}\n" } else { b"}" });
        Ok(())
    }
}

/// Bytes that are written again and again. What is short is copied as a block of one size, which takes no look at its
/// length.
#[derive(Clone)]
struct Phrase {
    block: [u8; PHRASE],
    length: usize,
    /// All of it, where the block is too small.
    long: Vec<u8>,
}

const PHRASE: usize = 32;

impl Phrase {
    fn new(bytes: &[u8]) -> Self {
        let mut block = [0; PHRASE];
        let fits = block.get_mut(..bytes.len());
        let long = if let Some(block) = fits {
            block.copy_from_slice(bytes);
            Vec::new()
        } else {
            bytes.to_vec()
        };
        Self {
            block,
            length: bytes.len(),
            long,
        }
    }

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        if self.length > PHRASE {
            return out.extend_from_slice(&self.long);
        }
        let end = out.len() + self.length;
        out.extend_from_slice(&self.block);
        out.truncate(end);
    }
}

/// Whether a text stands in JSON as it is: nothing in it has to be escaped.
fn is_plain(text: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Whether any of eight bytes is a quotation mark, a backslash or a control character.
    let has_special = |word: u64| {
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & HIGH != 0
    };
    let (blocks, rest) = text.as_chunks::<8>();
    if blocks.iter().any(|block| has_special(u64::from_le_bytes(*block))) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    // What is left is looked at in blocks that overlap.
    let last = if let Some(last) = text.last_chunk::<8>() {
        u64::from_le_bytes(*last)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
    } else {
        text.iter()
            .fold(u64::from_le_bytes([b' '; 8]), |word, byte| word << 8 | u64::from(*byte))
    };
    !has_special(last)
}

impl InParts for JsonWriter<'_> {
    fn encoder(&self) -> Box<dyn RowEncoder> {
        Box::new(self.encoder.clone())
    }

    fn encoded(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        let mut rows = rows;
        if self.encoder.layout == Layout::Array && self.first {
            rows = rows.strip_prefix(BETWEEN).unwrap_or(rows);
        }
        self.first &= rows.is_empty();
        Ok(self.out.write_all(rows)?)
    }
}

impl TableWriter for JsonWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.encoder.encode(cells, &mut line)?;
        self.encoded(&line)?;
        self.line = line;
        Ok(())
    }

    fn in_parts(&mut self) -> Option<&mut dyn InParts> {
        Some(self)
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        if self.encoder.layout == Layout::Array {
            self.out.write_all(if self.first { b"]\n" } else { b"\n]\n" })?;
        }
        Ok(self.out.finish()?)
    }
}

fn value(line: &mut Vec<u8>, cell: &Cell<'_>) -> Result<(), WriteError> {
    match cell {
        Cell::Absent | Cell::Empty => line.extend_from_slice(b"null"),
        Cell::Text(content) | Cell::Error(content) => text(line, content)?,
        Cell::Bool(true) => line.extend_from_slice(b"true"),
        Cell::Bool(false) => line.extend_from_slice(b"false"),
        // Leading zeros are no number in JSON.
        Cell::Number(number, format @ NumberFormat::Padded(_)) => text(line, &number_text(*number, *format))?,
        Cell::Number(number, format) => {
            let number = number_text(*number, *format);
            line.extend_from_slice(if number.is_empty() { b"null" } else { number.as_bytes() });
        }
        Cell::Moment(moment) => text(line, &moment_text(moment))?,
        Cell::Digits(digits) => line.extend_from_slice(digits.as_bytes()),
        Cell::Json(value) => json(line, value)?,
    }
    Ok(())
}

fn text(line: &mut Vec<u8>, content: &str) -> Result<(), WriteError> {
    serde_json::to_writer(line, content).map_err(|cause| WriteError::Io(cause.into()))
}

fn json(line: &mut Vec<u8>, value: &Value) -> Result<(), WriteError> {
    serde_json::to_writer(line, value).map_err(|cause| WriteError::Io(cause.into()))
}
