//! Rows as bytes: how they are packed, and within which bounds.
//!
//! Doesn't belong here: where they wait (`spool`), how they come out again (`unpacking`).

use std::sync::Arc;

use super::markup::Halt;
use super::spool::{Place, Shelf, Spool};
use super::strings::Strings;
use super::unpacking::{
    DATE, DATE_TIME, DURATION, EMPTY, ERROR, FALSE, NUMBER, PADDED, PERCENT, SCIENTIFIC, SHARED, TEXT, TIME, TRUE,
};
use super::{MAX_COLUMNS, MAX_ROWS};
use crate::sheet::{Cell, Limits, Moment, NumberFormat};

/// Rows are packed into chunks of about so many bytes: some hundred rows.
const CHUNK: usize = 1 << 16;

/// Packs cells into rows and rows into chunks. Whatever exceeds a bound or comes out of its order is `Halt::Unusual`.
pub(super) struct Packing {
    limits: Limits,
    shelf: Arc<Shelf>,
    strings: Arc<Strings>,
    chunks: Vec<Place>,
    chunk: Vec<u8>,
    line: Option<u32>,
    /// The row's texts, one behind the other, and its cells.
    text: Vec<u8>,
    cells: Vec<u8>,
    /// How many cells the row has so far, the empty ones among them, and its columns with those that hold nothing.
    filled: u32,
    width: u32,
    row_text: usize,
    all_cells: u64,
    all_text: u64,
}

impl Packing {
    pub(super) fn new(limits: Limits, shelf: Arc<Shelf>, strings: Arc<Strings>) -> Self {
        Self {
            limits,
            shelf,
            strings,
            chunks: Vec::new(),
            chunk: Vec::with_capacity(CHUNK + CHUNK / 8),
            line: None,
            text: Vec::new(),
            cells: Vec::new(),
            filled: 0,
            width: 0,
            row_text: 0,
            all_cells: 0,
            all_text: 0,
        }
    }

    /// A cell's place. A new row begins where the address says so.
    fn place(&mut self, (row, column): (u32, u32)) -> Result<(), Halt> {
        if row >= MAX_ROWS || column >= MAX_COLUMNS || column as usize >= self.limits.columns {
            return Err(Halt::Unusual);
        }
        if self.line != Some(row) {
            self.end_row()?;
            self.line = Some(row);
        }
        // Out of order, or twice.
        if column < self.width {
            return Err(Halt::Unusual);
        }
        self.all_cells += u64::from(column + 1 - self.width);
        self.width = column + 1;
        if self.all_cells > self.limits.cells {
            return Err(Halt::Unusual);
        }
        Ok(())
    }

    fn pad(&mut self, column: u32) {
        let gap = column.saturating_sub(self.filled) as usize;
        self.cells.resize(self.cells.len() + gap, EMPTY);
        self.filled = column + 1;
    }

    fn count_text(&mut self, length: usize) -> Result<(), Halt> {
        self.row_text = self.row_text.saturating_add(length);
        if self.row_text > self.limits.row_bytes {
            return Err(Halt::Unusual);
        }
        Ok(())
    }

    /// Packs a cell with a value; an empty text only makes its row one.
    pub(super) fn put(&mut self, at: (u32, u32), cell: &Cell<'_>) -> Result<(), Halt> {
        self.place(at)?;
        match cell {
            Cell::Text("") => {}
            Cell::Text(text) => self.put_text(at.1, TEXT, text)?,
            Cell::Error(text) => self.put_text(at.1, ERROR, text)?,
            Cell::Number(value, format) => {
                self.pad(at.1);
                match format {
                    NumberFormat::Plain => self.cells.push(NUMBER),
                    NumberFormat::Scientific => self.cells.push(SCIENTIFIC),
                    NumberFormat::Percent => self.cells.push(PERCENT),
                    NumberFormat::Padded(digits) => self.cells.extend_from_slice(&[PADDED, *digits]),
                }
                self.cells.extend_from_slice(&value.to_le_bytes());
            }
            Cell::Bool(value) => {
                self.pad(at.1);
                self.cells.push(if *value { TRUE } else { FALSE });
            }
            Cell::Moment(moment) => {
                self.pad(at.1);
                self.put_moment(moment)?;
            }
            // A workbook has no others.
            Cell::Absent | Cell::Empty | Cell::Digits(_) | Cell::Json(_) => return Err(Halt::Unusual),
        }
        Ok(())
    }

    /// Packs a cell that shows one of the shared texts.
    pub(super) fn put_shared(&mut self, at: (u32, u32), index: usize) -> Result<(), Halt> {
        self.place(at)?;
        let length = self.strings.get(index).ok_or(Halt::Unusual)?.len();
        if length == 0 {
            return Ok(());
        }
        self.count_text(length)?;
        self.pad(at.1);
        self.cells.push(SHARED);
        push_varint(&mut self.cells, index as u64);
        Ok(())
    }

    fn put_text(&mut self, column: u32, kind: u8, text: &str) -> Result<(), Halt> {
        self.count_text(text.len())?;
        self.pad(column);
        self.cells.push(kind);
        push_varint(&mut self.cells, text.len() as u64);
        self.text.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn put_moment(&mut self, moment: &Moment) -> Result<(), Halt> {
        let (kind, date, time) = match moment {
            Moment::Date(date) => (DATE, Some(*date), None),
            Moment::DateTime(moment) => (DATE_TIME, Some(moment.date()), Some(moment.time())),
            Moment::Time(time) => (TIME, None, Some(*time)),
            Moment::Duration(days) => {
                self.cells.push(DURATION);
                self.cells.extend_from_slice(&days.to_le_bytes());
                return Ok(());
            }
        };
        self.cells.push(kind);
        if let Some(date) = date {
            self.cells.extend_from_slice(&date.year().to_le_bytes());
            for part in [date.month(), date.day()] {
                self.cells.extend_from_slice(&part.to_le_bytes());
            }
        }
        if let Some(time) = time {
            // Moments are rounded to the second.
            if time.subsec_nanosecond() != 0 {
                return Err(Halt::Unusual);
            }
            for part in [time.hour(), time.minute(), time.second()] {
                self.cells.extend_from_slice(&part.to_le_bytes());
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Halt> {
        let Some(line) = self.line.take() else {
            return Ok(());
        };
        push_varint(&mut self.chunk, u64::from(line) + 1);
        push_varint(&mut self.chunk, self.text.len() as u64);
        push_varint(&mut self.chunk, self.cells.len() as u64);
        self.chunk.append(&mut self.text);
        self.chunk.append(&mut self.cells);
        self.all_text = self.all_text.saturating_add(self.row_text as u64);
        (self.filled, self.width, self.row_text) = (0, 0, 0);
        if self.all_text > self.limits.expanded_bytes {
            return Err(Halt::Unusual);
        }
        if self.chunk.len() >= CHUNK {
            self.end_chunk()?;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), Halt> {
        // Without room for it, the sheet is read from its XML each time.
        let place = self.shelf.put(&self.chunk).map_err(|_| Halt::Unusual)?;
        self.chunks.push(place);
        self.chunk.clear();
        Ok(())
    }

    /// All rows that were packed.
    pub(super) fn finish(mut self) -> Result<Spool, Halt> {
        self.end_row()?;
        if !self.chunk.is_empty() {
            self.end_chunk()?;
        }
        Ok(Spool::new(self.shelf, self.strings, self.chunks))
    }
}

pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7F);
            return;
        }
        out.push(low | 0x80);
    }
}
