//! A sheet's rows, packed: read from the XML once, then again and again from here.
//!
//! Belongs here: how rows are packed, and where they wait: the first in memory, the rest in a temporary file without a name.
//! Doesn't: how they came out of XML (`scan`).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::{Date, DateTime, Time};

use super::markup::Halt;
use super::{MAX_COLUMNS, MAX_ROWS};
use crate::sheet::{Cell, Limits, Moment, NumberFormat, ReadError, Row, RowReader};

/// Rows are packed into chunks of about so many bytes: some hundred rows.
const CHUNK: usize = 1 << 16;
/// What the sheets of a workbook may keep in memory.
const MEMORY: usize = 6 << 20;
/// What they may put into the temporary file. A larger workbook is read from its XML each time.
const FILE: u64 = 1 << 30;

/// Where the rows of a workbook's sheets wait.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Stored>);

#[derive(Debug, Default)]
struct Stored {
    memory: usize,
    file: Option<File>,
    length: u64,
}

/// Where a chunk is.
#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<[u8]>),
    File { from: u64, length: usize },
}

impl Shelf {
    fn put(&self, chunk: &[u8]) -> io::Result<Place> {
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.memory.saturating_add(chunk.len()) <= MEMORY {
            stored.memory += chunk.len();
            return Ok(Place::Memory(Arc::from(chunk)));
        }
        let from = stored.length;
        let length = from.saturating_add(chunk.len() as u64);
        if length > FILE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let file = match &mut stored.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(from))?;
        file.write_all(chunk)?;
        stored.length = length;
        let length = chunk.len();
        Ok(Place::File { from, length })
    }

    fn get(&self, place: &Place) -> io::Result<Arc<[u8]>> {
        match place {
            Place::Memory(chunk) => Ok(Arc::clone(chunk)),
            Place::File { from, length } => {
                let mut chunk = vec![0; *length];
                let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let file = stored.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
                file.seek(SeekFrom::Start(*from))?;
                file.read_exact(&mut chunk)?;
                Ok(Arc::from(chunk))
            }
        }
    }
}

/// The texts that a workbook's cells share.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn push(&mut self, text: &str) -> Result<(), Halt> {
        self.text.push_str(text);
        self.ends
            .push(u32::try_from(self.text.len()).map_err(|_| Halt::Unusual)?);
        Ok(())
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start as usize..end as usize)
    }

    /// Gives back what was reserved for more.
    pub(super) fn close(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// All rows of a sheet.
#[derive(Debug)]
pub(super) struct Spool {
    shelf: Arc<Shelf>,
    strings: Arc<Strings>,
    chunks: Vec<Place>,
}

impl Spool {
    /// How many chunks there are.
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The rows of one chunk; none behind the last.
    pub(super) fn chunk(&self, index: usize, file: &str) -> Result<Option<ChunkRows>, ReadError> {
        let Some(place) = self.chunks.get(index) else {
            return Ok(None);
        };
        let bytes = self.shelf.get(place).map_err(|cause| lost(file, cause))?;
        Ok(Some(ChunkRows {
            file: file.to_owned(),
            bytes,
            at: 0,
            strings: Arc::clone(&self.strings),
        }))
    }
}

fn lost(file: &str, cause: io::Error) -> ReadError {
    ReadError::Io {
        file: file.to_owned(),
        cause,
    }
}

// What a packed cell begins with. A text or an error is followed by its length, a number by its eight bytes.
const EMPTY: u8 = 0;
const TEXT: u8 = 1;
const SHARED: u8 = 2;
const NUMBER: u8 = 3;
const SCIENTIFIC: u8 = 4;
const PERCENT: u8 = 5;
const PADDED: u8 = 6;
const FALSE: u8 = 7;
const TRUE: u8 = 8;
const ERROR: u8 = 9;
const DATE: u8 = 10;
const DATE_TIME: u8 = 11;
const TIME: u8 = 12;
const DURATION: u8 = 13;

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
        Ok(Spool {
            shelf: self.shelf,
            strings: self.strings,
            chunks: self.chunks,
        })
    }
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
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

/// The rows of one chunk.
pub(super) struct ChunkRows {
    file: String,
    bytes: Arc<[u8]>,
    at: usize,
    strings: Arc<Strings>,
}

impl RowReader for ChunkRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(false);
        }
        match unpack(rest, &self.strings, row) {
            Some(left) => {
                self.at = self.bytes.len() - left;
                Ok(true)
            }
            None => Err(lost(&self.file, io::ErrorKind::InvalidData.into())),
        }
    }
}

/// Fills a row from the bytes' beginning and says how many are left. None: these are not the bytes that were packed.
fn unpack(bytes: &[u8], strings: &Strings, row: &mut Row) -> Option<usize> {
    let mut rest = bytes;
    let line = varint(&mut rest)?;
    let text = varint(&mut rest)?;
    let cells = varint(&mut rest)?;
    let (text, rest) = rest.split_at_checked(usize::try_from(text).ok()?)?;
    let (mut cells, rest) = rest.split_at_checked(usize::try_from(cells).ok()?)?;
    let mut text = std::str::from_utf8(text).ok()?;
    row.clear(line);
    while let Some((kind, after)) = cells.split_first() {
        cells = after;
        row.push(match *kind {
            EMPTY => Cell::Empty,
            TEXT => Cell::Text(take_text(&mut text, &mut cells)?),
            ERROR => Cell::Error(take_text(&mut text, &mut cells)?),
            SHARED => Cell::Text(strings.get(usize::try_from(varint(&mut cells)?).ok()?)?),
            NUMBER => Cell::Number(take_number(&mut cells)?, NumberFormat::Plain),
            SCIENTIFIC => Cell::Number(take_number(&mut cells)?, NumberFormat::Scientific),
            PERCENT => Cell::Number(take_number(&mut cells)?, NumberFormat::Percent),
            PADDED => {
                let [digits] = take(&mut cells)?;
                Cell::Number(take_number(&mut cells)?, NumberFormat::Padded(digits))
            }
            FALSE => Cell::Bool(false),
            TRUE => Cell::Bool(true),
            DATE => Cell::Moment(Moment::Date(take_date(&mut cells)?)),
            DATE_TIME => {
                let date = take_date(&mut cells)?;
                Cell::Moment(Moment::DateTime(DateTime::from_parts(date, take_time(&mut cells)?)))
            }
            TIME => Cell::Moment(Moment::Time(take_time(&mut cells)?)),
            DURATION => Cell::Moment(Moment::Duration(take_number(&mut cells)?)),
            _ => return None,
        });
    }
    Some(rest.len())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_text<'a>(text: &mut &'a str, cells: &mut &[u8]) -> Option<&'a str> {
    let (taken, rest) = text.split_at_checked(usize::try_from(varint(cells)?).ok()?)?;
    *text = rest;
    Some(taken)
}

fn take_number(cells: &mut &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(take(cells)?))
}

fn take_date(cells: &mut &[u8]) -> Option<Date> {
    let year = i16::from_le_bytes(take(cells)?);
    let [month, day] = take(cells)?.map(u8::cast_signed);
    Date::new(year, month, day).ok()
}

fn take_time(cells: &mut &[u8]) -> Option<Time> {
    let [hour, minute, second] = take(cells)?.map(u8::cast_signed);
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packing(limits: Limits) -> Packing {
        let mut strings = Strings::default();
        for text in ["", "shared", "é"] {
            strings.push(text).unwrap();
        }
        Packing::new(limits, Arc::default(), Arc::new(strings))
    }

    fn all(spool: &Spool) -> Vec<Row> {
        let mut all = Vec::new();
        for index in 0..spool.len() {
            let (mut rows, mut row) = (spool.chunk(index, "book").unwrap().unwrap(), Row::new());
            while rows.next(&mut row).unwrap() {
                all.push(row.clone());
            }
        }
        assert!(spool.chunk(spool.len(), "book").unwrap().is_none());
        all
    }

    #[test]
    fn every_kind_of_cell_comes_back_at_its_place() {
        let date = Date::new(2024, 2, 29).unwrap();
        let time = Time::new(23, 59, 1, 0).unwrap();
        let cells = [
            Cell::Text("Crème"),
            Cell::Error("#REF!"),
            Cell::Number(-0.1, NumberFormat::Plain),
            Cell::Number(1e300, NumberFormat::Scientific),
            Cell::Number(0.25, NumberFormat::Percent),
            Cell::Number(7.0, NumberFormat::Padded(24)),
            Cell::Bool(true),
            Cell::Bool(false),
            Cell::Moment(Moment::Date(date)),
            Cell::Moment(Moment::DateTime(date.to_datetime(time))),
            Cell::Moment(Moment::Time(time)),
            Cell::Moment(Moment::Duration(1.5)),
        ];
        let mut packing = packing(Limits::default());
        for (column, cell) in (0..).step_by(2).zip(&cells) {
            packing.put((6, column), cell).unwrap();
        }
        packing.put_shared((7, 300), 2).unwrap();
        packing.put((9, 0), &Cell::Text("")).unwrap();
        packing.put_shared((9, 3), 0).unwrap();
        let rows = all(&packing.finish().unwrap());
        assert_eq!(
            rows.iter().map(|row| (row.line, row.len())).collect::<Vec<_>>(),
            [(7, 23), (8, 301), (10, 0)]
        );
        for (at, cell) in cells.iter().enumerate() {
            assert_eq!(rows[0].cell(2 * at), *cell);
        }
        assert_eq!((rows[0].cell(1), rows[1].cell(300)), (Cell::Empty, Cell::Text("é")));
    }

    #[test]
    fn rows_beyond_the_memory_wait_in_a_file() {
        let mut packing = packing(Limits::default());
        let long = "x".repeat(5_000);
        for line in 0..3_000 {
            packing.put((line, line % 3), &Cell::Text(&long)).unwrap();
        }
        let spool = packing.finish().unwrap();
        assert!(spool.chunks.iter().any(|place| matches!(place, Place::File { .. })));
        let rows = all(&spool);
        assert_eq!(rows.len(), 3_000);
        for (row, line) in rows.iter().zip(0..) {
            assert_eq!((row.line, row.cell((line % 3) as usize)), (line + 1, Cell::Text(&long)));
        }
    }

    #[test]
    fn bounds_and_disorder_are_left_to_the_other_reader() {
        let limits = Limits {
            cells: 10,
            columns: 8,
            row_bytes: 20,
            expanded_bytes: 40,
        };
        let one = Cell::Bool(true);
        let text = Cell::Text("0123456789");
        let tries: [(&str, &[((u32, u32), Cell<'_>)]); 8] = [
            ("backwards", &[((0, 2), one), ((0, 1), one)]),
            ("twice", &[((0, 2), one), ((0, 2), one)]),
            ("too wide", &[((0, 8), one)]),
            ("beyond the last row", &[((MAX_ROWS, 0), one)]),
            ("too many cells", &[((0, 7), one), ((1, 2), one)]),
            ("a long row", &[((0, 0), text), ((0, 1), text), ((0, 2), text)]),
            ("no such cell", &[((0, 0), Cell::Absent)]),
            (
                "long in all",
                &[
                    ((0, 0), text),
                    ((1, 0), text),
                    ((2, 0), text),
                    ((3, 0), text),
                    ((4, 0), text),
                    ((5, 0), one),
                ],
            ),
        ];
        for (name, cells) in tries {
            let mut packing = packing(limits);
            let end = cells.iter().try_for_each(|(at, cell)| packing.put(*at, cell));
            assert_eq!(end, Err(Halt::Unusual), "{name}");
        }
        assert_eq!(packing(limits).put_shared((0, 0), 3), Err(Halt::Unusual));
    }

    #[test]
    fn numbers_of_any_length_come_back() {
        for number in [0, 1, 127, 128, 255, 256, 300, 16_383, 16_384, u64::MAX] {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, number);
            assert_eq!(varint(&mut bytes.as_slice()), Some(number), "{number}");
        }
    }
}
