//! A sheet's XML on its way to calamine: the hidden rows and merged cells that calamine doesn't give, and every cell as
//! calamine reads it right (`cell`).
//!
//! Only rows and cells are passed on. White space, comments and all that stands above and below the rows is left out.
//!
//! Doesn't belong here: values and styles (calamine).

use memchr::memchr;

use super::cell::{Passed, Place, pass};
use super::package::damaged;
use super::tokens::{Token, attributes, tag_name, token};
use super::{Extras, Merge, too_many_cells};
use crate::sheet::{Limits, ReadError};

/// Which part of the XML is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Above,
    Rows,
    Below,
}

/// The walk over one sheet.
pub(super) struct Walk {
    file: String,
    sheet: String,
    limits: Limits,
    /// What has come and isn't passed yet.
    text: Vec<u8>,
    /// How much of it is looked at again at the earliest: twice as much as did not suffice, so that long cells are not
    /// looked at again for each block.
    wanted: usize,
    stage: Stage,
    /// How many elements are open.
    depth: u64,
    /// The last row's line.
    line: u64,
    place: Place,
    extras: Extras,
}

impl Walk {
    pub(super) fn new(file: &str, sheet: &str, limits: Limits) -> Self {
        Self {
            file: file.to_owned(),
            sheet: sheet.to_owned(),
            limits,
            text: Vec::new(),
            wanted: 0,
            stage: Stage::Above,
            depth: 0,
            line: 0,
            place: Place::default(),
            extras: Extras::default(),
        }
    }

    /// Takes the next block and adds to `out` what calamine is to read.
    pub(super) fn feed(&mut self, block: &[u8], out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.text.extend_from_slice(block);
        if self.text.len() < self.wanted {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let mut rest = text.as_slice();
        while let Some(len) = self.step(rest, out)? {
            rest = rest.get(len..).unwrap_or_default();
        }
        let left = rest.len();
        if left > self.limits.row_bytes {
            return Err(ReadError::TooLarge {
                file: self.file.clone(),
                what: format!(
                    "an element of sheet {:?} takes more than {} bytes",
                    self.sheet, self.limits.row_bytes
                ),
            });
        }
        self.wanted = 2 * left;
        let passed = text.len() - left;
        self.text = text;
        self.text.drain(..passed);
        Ok(())
    }

    /// The part is over.
    pub(super) fn end(mut self) -> Result<Extras, ReadError> {
        // Nothing that stands below the rows is passed on.
        let mut out = Vec::new();
        self.wanted = 0;
        self.feed(&[], &mut out)?;
        if !self.text.is_empty() || self.stage != Stage::Below || self.depth > 0 {
            return Err(self.damaged("it ends in the middle"));
        }
        Ok(self.extras)
    }

    fn damaged(&self, why: &str) -> ReadError {
        damaged(&self.file, format!("sheet {:?} can't be read ({why})", self.sheet))
    }

    /// Passes a text, a tag or a cell, and says how many bytes it has. None: it isn't complete.
    fn step(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, ReadError> {
        match text.first() {
            None => return Ok(None),
            Some(b'<') => {}
            Some(_) => return Ok(Some(memchr(b'<', text).unwrap_or(text.len()))),
        }
        let is_cell = matches!(text, [_, b'c', b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n', ..]);
        if self.stage == Stage::Rows && is_cell {
            return self.cell(text, out);
        }
        let Some((token, len)) = token(text) else {
            return Ok(None);
        };
        match token {
            Token::Open { tag, is_empty } => {
                if self.stage == Stage::Rows && tag_name(tag) == b"c" {
                    return self.cell(text, out);
                }
                self.open(tag, is_empty, out)?;
            }
            Token::Close(name) => self.close(name, out)?,
            Token::DocumentType => return Err(self.damaged("it has a document type")),
            Token::Data(_) | Token::Nothing => {}
        }
        Ok(Some(len))
    }

    fn cell(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, ReadError> {
        match pass(text, &mut self.place, out) {
            Passed::Cell(len) => Ok(Some(len)),
            Passed::Part => Ok(None),
            Passed::Broken(why) => Err(self.damaged(&why)),
        }
    }

    fn open(&mut self, tag: &[u8], is_empty: bool, out: &mut Vec<u8>) -> Result<(), ReadError> {
        match (tag_name(tag), self.stage) {
            (b"sheetData", Stage::Above) => {
                out.extend_from_slice(b"<sheetData>");
                self.stage = Stage::Rows;
                if is_empty {
                    self.end_rows(out);
                }
            }
            (b"row", Stage::Rows) => {
                self.row(tag, out);
                if is_empty {
                    out.extend_from_slice(b"</row>");
                }
            }
            (b"mergeCell", Stage::Below) => self.merge(tag),
            _ => {}
        }
        self.depth += u64::from(!is_empty);
        let extras = self.extras.merges.len() + self.extras.hidden_rows.len();
        if extras as u64 > self.limits.cells {
            return Err(too_many_cells(&self.file, &self.sheet, self.limits.cells));
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8], out: &mut Vec<u8>) -> Result<(), ReadError> {
        match (name, self.stage) {
            (b"row", Stage::Rows) => out.extend_from_slice(b"</row>"),
            (b"sheetData", Stage::Rows) => self.end_rows(out),
            _ => {}
        }
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => return Err(self.damaged("it has an end without a beginning")),
        }
        Ok(())
    }

    fn end_rows(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</sheetData>");
        self.stage = Stage::Below;
    }

    fn row(&mut self, tag: &[u8], out: &mut Vec<u8>) {
        let (mut line, mut is_hidden) = (None, false);
        attributes(tag, |key, value| match key {
            b"r" => line = Some(value),
            b"hidden" => is_hidden = matches!(value, b"1" | b"true"),
            _ => {}
        });
        out.extend_from_slice(b"<row");
        if let Some(line) = line {
            out.extend_from_slice(b" r=\"");
            out.extend_from_slice(line);
            out.push(b'"');
        }
        out.push(b'>');
        // A row without a number follows the one before it.
        self.line = line
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .unwrap_or(self.line.saturating_add(1));
        self.place.start_row(self.line);
        if is_hidden {
            self.extras.hidden_rows.push(self.line);
        }
    }

    fn merge(&mut self, tag: &[u8]) {
        attributes(tag, |key, value| {
            if key == b"ref"
                && let Some(merge) = std::str::from_utf8(value).ok().and_then(area)
            {
                self.extras.merges.push(merge);
            }
        });
    }
}

/// `A1:C2`; a cell alone is no merge.
fn area(reference: &str) -> Option<Merge> {
    let (first, last) = reference.split_once(':')?;
    let (first, last) = (cell_address(first)?, cell_address(last)?);
    Some(Merge { first, last })
}

/// `C7` as row 7, column 2.
fn cell_address(reference: &str) -> Option<(u64, usize)> {
    let digits = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = reference.split_at_checked(digits)?;
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0_usize;
    for letter in letters.bytes() {
        let value = letter
            .to_ascii_uppercase()
            .checked_sub(b'A')
            .filter(|value| *value < 26)?;
        column = column * 26 + usize::from(value) + 1;
    }
    Some((row.parse().ok()?, column.checked_sub(1)?))
}
