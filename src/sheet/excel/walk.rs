//! A sheet's XML on its way to calamine: the hidden rows and merged cells that calamine doesn't give, and every cell as
//! calamine reads it right (`cell`). The table of texts goes the same way, as a sheet with a row of inline texts.
//!
//! Only rows and cells are passed on. White space, comments and all that stands above and below the rows is left out.
//!
//! Doesn't belong here: values and styles (calamine).

use std::fmt;

use memchr::memchr;

use super::cell::{Passed, Place, address, pass, pass_text};
use super::package::damaged;
use super::tokens::{Token, attributes, tag_name, token};
use super::{Extras, Merge, too_many_cells};
use crate::sheet::{Limits, ReadError};

/// What a part holds.
#[derive(Clone, Debug)]
pub(super) enum Holds {
    /// The cells of the sheet of this name.
    Sheet(String),
    /// The texts that cells share.
    Texts,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sheet(name) => write!(f, "sheet {name:?}"),
            Self::Texts => f.write_str("its shared strings"),
        }
    }
}

/// Which part of the XML is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Above,
    /// Between rows, and in one.
    Rows,
    Row,
    /// In the table of texts.
    Texts,
    Below,
}

/// The walk over one part.
pub(super) struct Walk {
    file: String,
    holds: Holds,
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
    pub(super) fn new(file: &str, holds: &Holds, limits: Limits) -> Self {
        Self {
            file: file.to_owned(),
            holds: holds.clone(),
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

    /// What the workbook says of its cells: `Place` has it.
    pub(super) fn with(mut self, recalculates: bool, text_styles: Option<&Vec<bool>>) -> Self {
        self.place.keep(recalculates, text_styles.cloned().unwrap_or_default());
        self
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
                    "an element of {} takes more than {} bytes",
                    self.holds, self.limits.row_bytes
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
        damaged(&self.file, format!("{} can't be read ({why})", self.holds))
    }

    /// Passes a text, a tag or a cell, and says how many bytes it has. None: it isn't complete.
    fn step(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, ReadError> {
        match text.first() {
            None => return Ok(None),
            Some(b'<') => {}
            Some(_) => return Ok(Some(memchr(b'<', text).unwrap_or(text.len()))),
        }
        let is_cell = matches!(text, [_, b'c', b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n', ..]);
        if self.stage == Stage::Row && is_cell {
            return self.cell(text, out);
        }
        let Some((token, len)) = token(text) else {
            return Ok(None);
        };
        match token {
            Token::Open { tag, is_empty } => match (tag_name(tag), self.stage) {
                (b"c", Stage::Row) | (b"si", Stage::Texts) => return self.cell(text, out),
                (name, _) => self.open(name, tag, is_empty, out)?,
            },
            Token::Close(name) => self.close(name, out)?,
            Token::DocumentType => return Err(self.damaged("it has a document type declaration")),
            Token::Data(_) | Token::Nothing => {}
        }
        Ok(Some(len))
    }

    fn cell(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, ReadError> {
        let passed = match self.stage {
            Stage::Texts => pass_text(text, out),
            _ => pass(text, &mut self.place, out),
        };
        match passed {
            Passed::Cell(len) => Ok(Some(len)),
            Passed::Part => Ok(None),
            Passed::Broken(why) => Err(self.damaged(&why)),
        }
    }

    fn open(&mut self, name: &[u8], tag: &[u8], is_empty: bool, out: &mut Vec<u8>) -> Result<(), ReadError> {
        match (name, self.stage, &self.holds) {
            (b"sheetData", Stage::Above, Holds::Sheet(_)) => {
                out.extend_from_slice(b"<sheetData>");
                self.stage = Stage::Rows;
            }
            (b"sst", Stage::Above, Holds::Texts) => {
                out.extend_from_slice(b"<sheetData><row>");
                self.stage = Stage::Texts;
            }
            (b"row", Stage::Rows, _) => {
                self.row(tag, out);
                self.stage = Stage::Row;
            }
            (b"row" | b"sheetData", Stage::Row, _) => return Err(self.damaged("a row begins inside a row")),
            (b"c", Stage::Rows, _) => return Err(self.damaged("it has a cell outside of its rows")),
            (b"mergeCell", Stage::Below, _) => self.merge(tag),
            _ => {}
        }
        self.depth += 1;
        if is_empty {
            self.close(name, out)?;
        }
        let extras = self.extras.merges.len() + self.extras.hidden_rows.len();
        match &self.holds {
            Holds::Sheet(name) if extras as u64 > self.limits.cells => {
                Err(too_many_cells(&self.file, name, self.limits.cells))
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &[u8], out: &mut Vec<u8>) -> Result<(), ReadError> {
        match (name, self.stage) {
            (b"row", Stage::Row) => {
                self.place.write_texts(out);
                out.extend_from_slice(b"</row>");
                self.stage = Stage::Rows;
            }
            (b"sheetData", Stage::Rows) => {
                out.extend_from_slice(b"</sheetData>");
                self.stage = Stage::Below;
            }
            (b"sst", Stage::Texts) => {
                out.extend_from_slice(b"</row></sheetData>");
                self.stage = Stage::Below;
            }
            _ => {}
        }
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => return Err(self.damaged("it has a closing tag without an opening tag")),
        }
        Ok(())
    }

    fn row(&mut self, tag: &[u8], out: &mut Vec<u8>) {
        let (mut line, mut is_hidden) = (None, false);
        attributes(tag, |key, value| match key {
            b"r" => line = Some(value),
            b"hidden" => is_hidden = matches!(value, b"1" | b"true"),
            _ => {}
        });
        // A row without a number follows the one before it.
        self.line = line
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .unwrap_or(self.line.saturating_add(1));
        out.extend_from_slice(b"<row");
        if let Some(line) = line {
            out.extend_from_slice(b" r=\"");
            out.extend_from_slice(line);
            out.push(b'"');
        }
        out.push(b'>');
        self.place.start_row(self.line);
        if is_hidden {
            self.extras.hidden_rows.push(self.line);
        }
    }

    fn merge(&mut self, tag: &[u8]) {
        attributes(tag, |key, value| {
            if key == b"ref"
                && let Some(merge) = area(value)
            {
                self.extras.merges.push(merge);
            }
        });
    }
}

/// `A1:C2`; a cell alone is no merge.
fn area(reference: &[u8]) -> Option<Merge> {
    let (first, last) = reference.split_at_checked(memchr(b':', reference)?)?;
    let corner = |reference| {
        let (row, column) = address(reference)?;
        Some((row, usize::try_from(column).ok()?))
    };
    let (first, last) = (corner(first)?, corner(last.get(1..)?)?);
    Some(Merge { first, last })
}
