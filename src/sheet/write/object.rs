//! A row → an object of JSON, its keys in the columns' order; put together key by key.
//!
//! Belongs here: how keys and values stand in an object. Doesn't: files of objects (`json`), what a cell is as text (`text`).

use serde_json::Value;

use super::buffer::Buffer;
use super::text::{moment_text, number_text};
use super::{RowEncoder, WriteError};
use crate::sheet::number_format::general;
use crate::sheet::{Cell, FIELD};

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

/// Makes objects of rows: JSON, its keys in the columns' order.
#[derive(Clone)]
pub struct ObjectEncoder {
    pub(super) layout: Layout,
    keys: Vec<Key>,
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
    out: &'e mut Buffer,
    /// Where its bytes begin.
    begin: usize,
}

/// Where an object's next byte is to stand. Handed from key to key rather than kept with the object, so that it stays in a
/// register: in memory, the processor would wait for its own writes.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    at: usize,
    /// The text that was written last lacks its closing mark, which is written with the next key: `OWED`, else 0.
    owed: usize,
}

/// What is added to the place of a phrase among a key's where a closing mark is owed.
const OWED: usize = 4;

/// A key, and what stands between the value before it and its own.
#[derive(Clone)]
pub struct Key {
    /// For each of `Said`, `,"name":null`, `,"name":"`, `,"name":` and nothing; then the same behind a closing mark (which
    /// stays owed where nothing follows). Blocks of one size take no look at a length.
    phrases: [[u8; PHRASE]; 8],
    lengths: [u8; 8],
    /// `,"name":`, where it is too long for that.
    long: Vec<u8>,
}

const PHRASE: usize = 32;

/// What one key and a short field take at most, as they are written.
const WINDOW: usize = 2 * PHRASE + FIELD;

impl Key {
    fn new(name: &str) -> Result<Self, WriteError> {
        let mut name_part = vec![b','];
        text(&mut name_part, name)?;
        name_part.push(b':');
        let behind = |tail: &[u8]| [name_part.as_slice(), tail].concat();
        let plain = [behind(b"null"), behind(b"\""), behind(b""), Vec::new()];
        let mut key = Self {
            phrases: [[0; PHRASE]; 8],
            lengths: [0; 8],
            long: Vec::new(),
        };
        let owed = plain.each_ref().map(|phrase| match phrase.as_slice() {
            [] => Vec::new(),
            phrase => [b"\"", phrase].concat(),
        });
        let lengths = key.lengths.iter_mut().zip(&mut key.phrases);
        for ((length, block), phrase) in lengths.zip(plain.iter().chain(&owed)) {
            match (block.get_mut(..phrase.len()), u8::try_from(phrase.len())) {
                (Some(block), Ok(phrase_length)) => {
                    block.copy_from_slice(phrase);
                    *length = phrase_length;
                }
                _ => key.long.clone_from(&name_part),
            }
        }
        Ok(key)
    }

    fn is_short(&self) -> bool {
        self.long.is_empty()
    }
}

/// What stands before each object of an array but the first.
pub(super) const BETWEEN: &[u8] = b",\n";

impl ObjectEncoder {
    pub(super) fn new<'n>(layout: Layout, names: impl Iterator<Item = &'n str>) -> Result<Self, WriteError> {
        Ok(Self {
            layout,
            keys: names.map(Key::new).collect::<Result<_, _>>()?,
        })
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Begins an object behind the bytes that are there.
    pub fn begin<'e>(&'e self, out: &'e mut Buffer) -> (Object<'e>, Pen) {
        let begin = out.len();
        if self.layout == Layout::Array {
            out.extend_from_slice(BETWEEN);
        }
        let pen = Pen { at: out.len(), owed: 0 };
        let object = Object {
            encoder: self,
            out,
            begin,
        };
        (object, pen)
    }
}

impl Object<'_> {
    /// Adds a key whose value is a short field as it stands: a block, of which so many bytes count. No step depends on what
    /// the field holds, for no processor can guess that. Inlined, so that the pen stays in a register.
    #[inline(always)]
    pub fn field(&mut self, pen: Pen, key: &Key, said: Said, block: &[u8; FIELD], length: usize) -> Pen {
        const CARRIES: [usize; 4] = [0, usize::MAX, usize::MAX, 0];
        if !key.is_short() {
            return self.long_field(pen, key, said, block, length);
        }
        let which = said as usize | pen.owed;
        let window = if let Some(window) = self.out.window::<WINDOW>(pen.at) {
            window
        } else {
            self.out.make_room(pen.at, WINDOW);
            match self.out.window::<WINDOW>(pen.at) {
                Some(window) => window,
                None => return pen,
            }
        };
        let phrase = usize::from(key.lengths[which % 8]) % (PHRASE * 2);
        if let Some(room) = window.first_chunk_mut() {
            *room = key.phrases[which % 8];
        }
        if let Some(room) = window.get_mut(phrase..phrase + FIELD) {
            room.copy_from_slice(block);
        }
        Pen {
            at: pen.at + phrase + (length & CARRIES[said as usize]),
            owed: owed_after(which),
        }
    }

    #[cold]
    fn long_field(&mut self, pen: Pen, key: &Key, said: Said, block: &[u8; FIELD], length: usize) -> Pen {
        let pen = self.said(pen, key, said);
        match said {
            Said::Text | Said::Digits => self.bytes(pen, block.get(..length).unwrap_or_default()),
            Said::Nothing | Said::Unsaid => pen,
        }
    }

    /// Adds a key and its cell; neither, if the cell is absent.
    pub fn cell(&mut self, pen: Pen, key: &Key, cell: &Cell<'_>) -> Result<Pen, WriteError> {
        Ok(match cell {
            Cell::Absent => pen,
            Cell::Empty => self.said(pen, key, Said::Nothing),
            Cell::Text(content) if is_plain(content.as_bytes()) => {
                let pen = self.said(pen, key, Said::Text);
                self.bytes(pen, content.as_bytes())
            }
            Cell::Digits(digits) => {
                let pen = self.said(pen, key, Said::Digits);
                self.bytes(pen, digits.as_bytes())
            }
            cell => {
                let pen = self.said(pen, key, Said::Digits);
                self.out.written_to(pen.at);
                self.out.append(|out| value(out, cell))?;
                Pen {
                    at: self.out.len(),
                    ..pen
                }
            }
        })
    }

    /// Adds what stands before a key's value, or for it.
    fn said(&mut self, pen: Pen, key: &Key, said: Said) -> Pen {
        let which = said as usize | pen.owed;
        let owed = owed_after(which);
        let at = match (key.phrases.get(which), key.lengths.get(which)) {
            (Some(phrase), Some(length)) if key.is_short() => {
                let phrase = phrase.get(..usize::from(*length)).unwrap_or_default();
                self.bytes(pen, phrase).at
            }
            _ if said == Said::Unsaid => pen.at,
            _ => {
                let mark: &[u8] = if pen.owed == OWED { b"\"" } else { b"" };
                let pen = self.bytes(pen, mark);
                let pen = self.bytes(pen, &key.long);
                let tail: &[u8] = match said {
                    Said::Nothing => b"null",
                    Said::Text => b"\"",
                    Said::Digits | Said::Unsaid => b"",
                };
                self.bytes(pen, tail).at
            }
        };
        Pen { at, owed }
    }

    fn bytes(&mut self, pen: Pen, bytes: &[u8]) -> Pen {
        self.out.written_to(pen.at);
        self.out.extend_from_slice(bytes);
        Pen {
            at: self.out.len(),
            ..pen
        }
    }

    /// Ends it.
    pub fn end(mut self, pen: Pen) {
        let lines = self.encoder.layout == Layout::Lines;
        let tail: &[u8] = match (pen.owed == OWED, lines) {
            (true, true) => b"\"}\n",
            (true, false) => b"\"}",
            (false, true) => b"}\n",
            (false, false) => b"}",
        };
        let between = if self.encoder.layout == Layout::Array {
            BETWEEN.len()
        } else {
            0
        };
        let begin = self.begin + between;
        if pen.at == begin {
            let pen = self.bytes(pen, b"{");
            self.bytes(pen, tail);
            return;
        }
        self.bytes(pen, tail);
        // In the place of the first key's comma.
        self.out.put(begin, b'{');
    }

    /// Takes back what has been added of it.
    pub fn take_back(self) {
        self.out.truncate(self.begin);
    }
}

/// What is owed behind the phrase of this place among a key's. Looked up, for no processor can guess it.
#[inline]
fn owed_after(which: usize) -> usize {
    const AFTER: [usize; 8] = {
        let mut after = [0; 8];
        after[Said::Text as usize] = OWED;
        after[Said::Text as usize | OWED] = OWED;
        after[Said::Unsaid as usize | OWED] = OWED;
        after
    };
    AFTER[which % 8]
}

impl RowEncoder for ObjectEncoder {
    fn encode(&self, cells: &[Cell<'_>], out: &mut Buffer) -> Result<(), WriteError> {
        let (mut object, mut pen) = self.begin(out);
        for (key, cell) in self.keys.iter().zip(cells) {
            pen = object.cell(pen, key, cell)?;
        }
        object.end(pen);
        Ok(())
    }

    fn as_objects(&self) -> Option<&ObjectEncoder> {
        Some(self)
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

fn value(line: &mut Vec<u8>, cell: &Cell<'_>) -> Result<(), WriteError> {
    match cell {
        Cell::Absent | Cell::Empty => line.extend_from_slice(b"null"),
        Cell::Text(content) | Cell::Error(content) => text(line, content)?,
        Cell::Bool(true) => line.extend_from_slice(b"true"),
        Cell::Bool(false) => line.extend_from_slice(b"false"),
        Cell::Number(number, format) => {
            let (shown, number) = (number_text(*number, *format), general(*number));
            match number.as_bytes() {
                b"" => line.extend_from_slice(b"null"),
                // Leading zeros and letters are no number in JSON.
                _ if shown != number => text(line, &shown)?,
                digits => line.extend_from_slice(digits),
            }
        }
        Cell::Moment(moment, _) => text(line, &moment_text(moment))?,
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
            let mut put = Buffer::default();
            put.extend_from_slice(before.as_bytes());
            let (mut object, mut pen) = encoder.begin(&mut put);
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
                let key = &encoder.keys()[at];
                pen = match (said, field) {
                    (Some(said), Some(field)) => object.field(pen, key, said, field.block, field.length),
                    _ => object.cell(pen, key, &cell).unwrap(),
                };
                expected.extend(value.map(|value| format!("{}:{value}", serde_json::to_string(&keys[at]).unwrap())));
            }
            object.end(pen);
            let between = if layout == Layout::Array { ",\n" } else { "" };
            let end = if layout == Layout::Lines { "\n" } else { "" };
            let expected = format!("{before}{between}{{{}}}{end}", expected.join(","));
            prop_assert_eq!(std::str::from_utf8(put.as_slice()), Ok(expected.as_str()));
            let mut back = Buffer::default();
            back.extend_from_slice(before.as_bytes());
            let (mut object, pen) = encoder.begin(&mut back);
            object.cell(pen, &encoder.keys()[0], &Cell::Bool(true)).unwrap();
            object.take_back();
            prop_assert_eq!(back.as_slice(), before.as_bytes());
        }
    }
}
