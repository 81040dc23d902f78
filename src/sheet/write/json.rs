//! JSON and JSON Lines: an object a row, its keys in the columns' order.
//!
//! Doesn't belong here: what a cell is as text (`text`).

use std::io::Write;

use serde_json::Value;

use super::out::Out;
use super::text::{moment_text, number_text};
use super::{Column, InParts, RowEncoder, TableWriter, WriteError};
use crate::sheet::{Cell, FIELD, Field, NumberFormat};

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
    encoder: ObjectEncoder,
    first: bool,
    line: Vec<u8>,
}

/// Makes objects of rows: JSON, its keys in the columns' order.
#[derive(Clone)]
pub struct ObjectEncoder {
    layout: Layout,
    keys: Vec<Key>,
    /// So much room takes an object whose values are all short fields, or a good part of a very wide one.
    room: usize,
}

/// What is written for a key without a look at its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// `null`.
    Nothing,
    /// A text in which nothing has to be escaped.
    Text,
    /// A number as JSON writes it.
    Digits,
    /// Not even the key.
    Unsaid,
}

/// An object that is being put together: its keys in their order, and then its end. What is left without an end isn't
/// there.
pub struct Object<'e> {
    encoder: &'e ObjectEncoder,
    /// What has been written, and behind it room for what is written without a look at its length.
    out: &'e mut Vec<u8>,
    /// How much has been written.
    at: usize,
    /// Where the bytes end that were there before it, and where its own begin.
    before: usize,
    begin: usize,
}

/// What stands before a value, with the comma that parts it from the one before: for each of `Said`.
#[derive(Clone)]
struct Key {
    /// `,"name":null`, `,"name":"`, `,"name":`, and nothing.
    phrases: [Phrase; 4],
}

impl Key {
    fn new(name: &str) -> Result<Self, WriteError> {
        let mut key = vec![b','];
        text(&mut key, name)?;
        key.push(b':');
        let phrases = [
            Phrase::new(&[key.as_slice(), b"null"].concat()),
            Phrase::new(&[key.as_slice(), b"\""].concat()),
            Phrase::new(&key),
            Phrase::new(&[]),
        ];
        Ok(Self { phrases })
    }

    fn phrase(&self, said: Said) -> &Phrase {
        &self.phrases[said as usize]
    }
}

/// Room is made anew behind each value that isn't a short field.
const MOST_ROOM: usize = 4096;

/// What stands before each object of an array but the first.
const BETWEEN: &[u8] = b",\n";

impl<'w> JsonWriter<'w> {
    pub(super) fn new(layout: Layout, columns: &[Column], mut out: Out<'w>) -> Result<Self, WriteError> {
        let encoder = ObjectEncoder::new(layout, columns.iter().map(|column| column.name.as_str()))?;
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

impl ObjectEncoder {
    pub(super) fn new<'n>(layout: Layout, names: impl Iterator<Item = &'n str>) -> Result<Self, WriteError> {
        let keys = names.map(Key::new).collect::<Result<Vec<_>, _>>()?;
        let longest = |key: &Key| key.phrase(Said::Text).length + FIELD + 1;
        Ok(Self {
            layout,
            room: (keys.iter().map(longest).sum::<usize>() + PHRASE + FIELD).min(MOST_ROOM),
            keys,
        })
    }

    /// Begins an object behind the bytes that are there.
    pub fn begin<'e>(&'e self, out: &'e mut Vec<u8>) -> Object<'e> {
        let before = out.len();
        if self.layout == Layout::Array {
            out.extend_from_slice(BETWEEN);
        }
        let at = out.len();
        out.resize(at + self.room, 0);
        Object {
            encoder: self,
            out,
            at,
            before,
            begin: at,
        }
    }
}

impl Object<'_> {
    /// Adds a key whose value is a field as it stands. No step depends on what the field holds, for no processor can guess
    /// that. Inlined, for only within the loop over a row's cells its place stays in a register.
    #[inline(always)]
    pub fn field(&mut self, key: usize, said: Said, field: &Field<'_>) {
        const CARRIES: [usize; 4] = [0, usize::MAX, usize::MAX, 0];
        const CLOSES: [usize; 4] = [0, 1, 0, 0];
        let Some(key) = self.encoder.keys.get(key) else { return };
        let phrase = &key.phrases[said as usize];
        self.phrase(phrase);
        self.put(field.block, field.length & CARRIES[said as usize]);
        self.put(b"\"", CLOSES[said as usize]);
    }

    /// Writes a block, of which so many bytes count.
    #[expect(
        clippy::inline_always,
        reason = "within the loop over a row's cells its place stays in a register"
    )]
    #[inline(always)]
    fn put<const N: usize>(&mut self, block: &[u8; N], length: usize) {
        if self.at + N > self.out.len() {
            self.make_room();
        }
        if let Some(room) = self.out.get_mut(self.at..self.at + N) {
            room.copy_from_slice(block);
        }
        self.at += length;
    }

    #[cold]
    fn make_room(&mut self) {
        self.out.resize(self.at + self.encoder.room, 0);
    }

    /// Adds a key and its cell; neither, if the cell is absent.
    pub fn cell(&mut self, key: usize, cell: &Cell<'_>) -> Result<(), WriteError> {
        let Some(key) = self.encoder.keys.get(key) else {
            return Ok(());
        };
        match cell {
            Cell::Absent => {}
            Cell::Empty => self.phrase(key.phrase(Said::Nothing)),
            Cell::Text(content) if is_plain(content.as_bytes()) => {
                self.phrase(key.phrase(Said::Text));
                self.bytes(content.as_bytes());
                self.put(b"\"", 1);
            }
            Cell::Digits(digits) => {
                self.phrase(key.phrase(Said::Digits));
                self.bytes(digits.as_bytes());
            }
            cell => {
                self.phrase(key.phrase(Said::Digits));
                self.with_tail(|out| value(out, cell))?;
            }
        }
        Ok(())
    }

    #[expect(
        clippy::inline_always,
        reason = "within the loop over a row's cells its place stays in a register"
    )]
    #[inline(always)]
    fn phrase(&mut self, phrase: &Phrase) {
        if phrase.length > PHRASE {
            self.bytes(&phrase.long);
        } else {
            self.put(&phrase.block, phrase.length);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        if end > self.out.len() {
            self.out.resize(end + self.encoder.room, 0);
        }
        if let Some(room) = self.out.get_mut(self.at..end) {
            room.copy_from_slice(bytes);
        }
        self.at = end;
    }

    /// Writes what takes as much room as it takes.
    fn with_tail<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.out.truncate(self.at);
        let written = write(self.out);
        self.at = self.out.len();
        self.out.resize(self.at + self.encoder.room, 0);
        written
    }

    /// Ends it.
    pub fn end(self) {
        self.out.truncate(self.at);
        // In the place of the first key's comma.
        match self.out.get_mut(self.begin) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        let lines = self.encoder.layout == Layout::Lines;
        self.out.extend_from_slice(if lines { b"}\n" } else { b"}" });
    }

    /// Takes back what has been added of it.
    pub fn take_back(self) {
        self.out.truncate(self.before);
    }
}

impl RowEncoder for ObjectEncoder {
    fn encode(&self, cells: &[Cell<'_>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        let mut object = self.begin(out);
        for (key, cell) in cells.iter().enumerate() {
            object.cell(key, cell)?;
        }
        object.end();
        Ok(())
    }

    fn as_objects(&self) -> Option<&ObjectEncoder> {
        Some(self)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::Row;

    proptest! {
        #[test]
        fn an_object_put_together_key_by_key_is_the_one_of_its_cells(
            keys in prop::collection::vec("[a-z\"é]{1,60}", 1..200),
            values in prop::collection::vec((0..5_usize, "[0-9a-z é]{0,32}"), 200),
            before in "[a-z]{0,5}",
            layout in prop::sample::select(vec![Layout::Array, Layout::Lines, Layout::Single]),
        ) {
            let encoder = ObjectEncoder::new(layout, keys.iter().map(String::as_str)).unwrap();
            let values: Vec<_> = values.into_iter().take(keys.len()).map(|(said, text)| {
                // No field is longer in bytes.
                let text: String = text.chars().scan(0, |length, c| {
                    *length += c.len_utf8();
                    (*length <= FIELD).then_some(c)
                }).collect();
                (said, text)
            }).collect();
            let mut row = Row::new();
            row.fill_fields(&values.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>());
            let mut put = before.clone().into_bytes();
            let mut object = encoder.begin(&mut put);
            let mut expected = Vec::new();
            for (at, (said, text)) in values.iter().enumerate() {
                let field = row.field(at).filter(|_| at % 3 > 0);
                let escaped = "say \"so\"\n";
                let (said, cell, value) = match said {
                    0 => (Some(Said::Nothing), Cell::Empty, Some("null".to_owned())),
                    1 => (Some(Said::Text), Cell::Text(text), serde_json::to_string(text).ok()),
                    2 => (Some(Said::Digits), Cell::Digits(text), Some(text.clone())),
                    3 => (Some(Said::Unsaid), Cell::Absent, None),
                    _ => (None, Cell::Text(escaped), serde_json::to_string(escaped).ok()),
                };
                match (said, field) {
                    (Some(said), Some(field)) => object.field(at, said, &field),
                    _ => object.cell(at, &cell).unwrap(),
                }
                expected.extend(value.map(|value| format!("{}:{value}", serde_json::to_string(&keys[at]).unwrap())));
            }
            object.end();
            let between = if layout == Layout::Array { ",\n" } else { "" };
            let end = if layout == Layout::Lines { "\n" } else { "" };
            let expected = format!("{before}{between}{{{}}}{end}", expected.join(","));
            prop_assert_eq!(String::from_utf8(put), Ok(expected));
            let mut back = before.clone().into_bytes();
            let mut object = encoder.begin(&mut back);
            object.cell(0, &Cell::Bool(true)).unwrap();
            object.take_back();
            prop_assert_eq!(back, before.into_bytes());
        }
    }
}
