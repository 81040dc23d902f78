//! Rows as bytes: how they are packed, and within which bounds.
//!
//! Doesn't belong here: where they wait (`spool`), how they come out again (`unpacking`).

use std::sync::Arc;

use super::spool::{Place, Shelf, Spool};
use super::unpacking::{CODED, DATE, DATE_TIME, DURATION, EMPTY, ERROR, FALSE, NUMBER, TEXT, TIME, TRUE};
use super::{MAX_COLUMNS, MAX_ROWS, beyond_last_column, beyond_last_row, too_long_row, too_many_cells};
use crate::sheet::{Cell, Limits, Moment, NumberFormat, ReadError, Row};

/// Rows are packed into chunks of about so many bytes: some hundred rows.
const CHUNK: usize = 1 << 16;

/// Takes the cells of a sheet within the bounds and packs its rows.
pub(super) struct Packing {
    file: String,
    sheet: String,
    limits: Limits,
    shelf: Arc<Shelf>,
    chunks: Vec<Place>,
    chunk: Vec<u8>,
    /// The row that is being filled, and its number from 0.
    row: Row,
    line: Option<u32>,
    /// The row's columns so far, those whose cells hold nothing among them.
    width: u64,
    all_cells: u64,
    /// The bytes of the texts of all rows before this one.
    all_text: u64,
    /// The row's texts, one behind the other, and its cells.
    text: Vec<u8>,
    cells: Vec<u8>,
}

impl Packing {
    pub(super) fn new(file: &str, sheet: &str, limits: Limits, shelf: Arc<Shelf>) -> Self {
        Self {
            file: file.to_owned(),
            sheet: sheet.to_owned(),
            limits,
            shelf,
            chunks: Vec::new(),
            chunk: Vec::with_capacity(CHUNK + CHUNK / 8),
            row: Row::new(),
            line: None,
            width: 0,
            all_cells: 0,
            all_text: 0,
            text: Vec::new(),
            cells: Vec::new(),
        }
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn sheet(&self) -> &str {
        &self.sheet
    }

    /// The row that a cell belongs to, and its column there. A new row begins where the address says so; within a row cells
    /// may come in any order.
    pub(super) fn cell(&mut self, (row, column): (u32, u32)) -> Result<(&mut Row, usize), ReadError> {
        if row >= MAX_ROWS {
            return Err(beyond_last_row(&self.file, &self.sheet, u64::from(row) + 1));
        }
        if column >= MAX_COLUMNS {
            return Err(beyond_last_column(
                &self.file,
                u64::from(row) + 1,
                u64::from(column) + 1,
            ));
        }
        if self.line != Some(row) {
            self.end_row()?;
            self.line = Some(row);
            self.row.clear(u64::from(row) + 1);
        }
        if column as usize >= self.limits.columns {
            let what = format!("sheet {:?} has more than {} columns", self.sheet, self.limits.columns);
            return Err(self.too_large(what));
        }
        let width = u64::from(column) + 1;
        if width > self.width {
            self.all_cells += width - self.width;
            self.width = width;
        }
        if self.all_cells > self.limits.cells {
            return Err(too_many_cells(&self.file, &self.sheet, self.limits.cells));
        }
        if self.row.text_len() > self.limits.row_bytes {
            return Err(too_long_row(&self.file, &self.row, self.limits.row_bytes));
        }
        Ok((&mut self.row, column as usize))
    }

    /// Sets a cell. An empty text looks just like a cell that isn't there.
    pub(super) fn set(&mut self, at: (u32, u32), cell: Cell<'_>) -> Result<(), ReadError> {
        let (row, column) = self.cell(at)?;
        if cell != Cell::Text("") {
            row.set(column, cell);
        }
        Ok(())
    }

    fn too_large(&self, what: String) -> ReadError {
        ReadError::TooLarge {
            file: self.file.clone(),
            what,
        }
    }

    fn end_row(&mut self) -> Result<(), ReadError> {
        let Some(line) = self.line.take() else {
            return Ok(());
        };
        self.width = 0;
        // A text that cells share is a kind of compression, too.
        self.all_text = self.all_text.saturating_add(self.row.text_len() as u64);
        if self.all_text > self.limits.expanded_bytes {
            let (sheet, bound) = (&self.sheet, self.limits.expanded_bytes);
            return Err(self.too_large(format!("the texts of sheet {sheet:?} take more than {bound} bytes")));
        }
        for cell in self.row.cells() {
            pack(cell, &mut self.text, &mut self.cells);
        }
        push_varint(&mut self.chunk, u64::from(line) + 1);
        push_varint(&mut self.chunk, self.text.len() as u64);
        push_varint(&mut self.chunk, self.cells.len() as u64);
        self.chunk.append(&mut self.text);
        self.chunk.append(&mut self.cells);
        if self.chunk.len() >= CHUNK {
            self.end_chunk()?;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), ReadError> {
        let place = self.shelf.put(&self.chunk).map_err(|cause| ReadError::Io {
            file: self.file.clone(),
            cause,
        })?;
        self.chunks.push(place);
        self.chunk.clear();
        Ok(())
    }

    /// All rows that were packed.
    pub(super) fn finish(mut self) -> Result<Spool, ReadError> {
        self.end_row()?;
        if !self.chunk.is_empty() {
            self.end_chunk()?;
        }
        Ok(Spool::new(self.shelf, self.chunks))
    }
}

/// Adds a cell to the texts and the cells of a row.
fn pack(cell: Cell<'_>, text: &mut Vec<u8>, cells: &mut Vec<u8>) {
    let mut put_text = |kind: u8, content: &str, cells: &mut Vec<u8>| {
        cells.push(kind);
        push_varint(cells, content.len() as u64);
        text.extend_from_slice(content.as_bytes());
    };
    match cell {
        Cell::Text(content) => put_text(TEXT, content, cells),
        Cell::Error(content) => put_text(ERROR, content, cells),
        Cell::Number(value, format) => {
            match format {
                NumberFormat::Plain => cells.push(NUMBER),
                NumberFormat::Coded(_) => {
                    cells.push(CODED);
                    cells.extend_from_slice(&format.packed());
                }
            }
            cells.extend_from_slice(&value.to_le_bytes());
        }
        Cell::Bool(value) => cells.push(if value { TRUE } else { FALSE }),
        Cell::Moment(moment, format) => put_moment(&moment, format, cells),
        // A workbook's row has no others.
        Cell::Empty | Cell::Absent | Cell::Digits(_) | Cell::Json(_) => cells.push(EMPTY),
    }
}

fn put_moment(moment: &Moment, format: NumberFormat, cells: &mut Vec<u8>) {
    let (kind, date, time) = match moment {
        Moment::Date(date) => (DATE, Some(*date), None),
        Moment::DateTime(moment) => (DATE_TIME, Some(moment.date()), Some(moment.time())),
        Moment::Time(time) => (TIME, None, Some(*time)),
        Moment::Duration(days) => {
            cells.push(DURATION);
            cells.extend_from_slice(&format.packed());
            cells.extend_from_slice(&days.to_le_bytes());
            return;
        }
    };
    cells.push(kind);
    cells.extend_from_slice(&format.packed());
    if let Some(date) = date {
        cells.extend_from_slice(&date.year().to_le_bytes());
        for part in [date.month(), date.day()] {
            cells.extend_from_slice(&part.to_le_bytes());
        }
    }
    // Moments are rounded to the second.
    if let Some(time) = time {
        for part in [time.hour(), time.minute(), time.second()] {
            cells.extend_from_slice(&part.to_le_bytes());
        }
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
