//! The rows of a worksheet part, its hidden rows and its merged cells, out of plain XML.
//!
//! Belongs here: what the elements of this part mean (ECMA-376 part 1, 18.3). It is held to what calamine makes of the same
//! part, property by property; whatever isn't plain and common is left to it (`Halt::Unusual`).

use super::blocks::Step;
use super::cells::excel_moment;
use super::element::{Value, area, number, once, read_cell};
use super::markup::{Halt, blank, check, close, local, open, prologue, until_tag};
use super::packing::Packing;
use super::probe::Style;
use super::{Extras, Merge};
use crate::sheet::{Cell, NumberFormat};

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
