//! Workbooks: the rows are made into XML and packed on all processors, everything else is `rust_xlsxwriter`'s.
//!
//! `cells` decides what a cell becomes, `encode` spells it, `body` packs the rows, `template` has all the other parts, and
//! `package` is the container; this file puts them together and knows where a sheet is full.

mod body;
mod cells;
mod encode;
mod look;
mod package;
#[cfg(test)]
pub(super) mod plain;
mod template;

use std::io::{Cursor, Read};

use super::out::Out;
use super::{Column, InParts, RowEncoder, TableWriter, WriteError};
use crate::sheet::{Cell, column_letters};
use body::Body;
use encode::{PADDED, ROW, TOO_LONG, XmlEncoder, between, padded_width};
use package::{Package, Sums, pack};

/// A sheet's rows, the header among them.
const SHEET_ROWS: u32 = 1_048_576;
const SHEET_COLUMNS: usize = 16_384;
/// The sheet's name; further ones are numbered.
const SHEET_NAME: &str = "Inventory";

/// Writes one workbook.
pub(super) struct XlsxWriter<'w> {
    out: Out<'w>,
    encoder: XmlEncoder,
    body: Body,
    /// The rows of each sheet, the last of which is written.
    rows: Vec<u32>,
    sheet_rows: u32,
    /// The widths of padded numbers, as they were met.
    padded: Vec<u8>,
    line: Vec<u8>,
}

impl<'w> XlsxWriter<'w> {
    pub(super) fn new(columns: &[Column], out: Out<'w>) -> Result<Self, WriteError> {
        Self::with_sheet_rows(columns, out, SHEET_ROWS)
    }

    /// With sheets of another height, so that the change to the next one can be tried on few rows.
    pub(super) fn with_sheet_rows(columns: &[Column], out: Out<'w>, sheet_rows: u32) -> Result<Self, WriteError> {
        if columns.len() > SHEET_COLUMNS {
            return Err(WriteError::TooManyColumns(columns.len()));
        }
        let mut writer = Self {
            out,
            encoder: XmlEncoder::new(columns),
            body: Body::new()?,
            rows: Vec::new(),
            sheet_rows,
            padded: Vec::new(),
            line: Vec::new(),
        };
        writer.start_sheet()?;
        Ok(writer)
    }

    fn start_sheet(&mut self) -> Result<(), WriteError> {
        self.rows.push(0);
        let mut header = Vec::new();
        self.encoder.header(&mut header);
        self.add(&header)
    }

    /// How many rows the sheet has.
    fn rows_so_far(&self) -> u32 {
        self.rows.last().copied().unwrap_or_default()
    }

    /// Adds rows, and goes on in another sheet where one is full.
    fn add(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        let mut from = 0;
        let mut at = 0;
        while let Some(found) = memchr::memchr3(ROW, TOO_LONG, PADDED, rows.get(at..).unwrap_or_default()) {
            let mark = rows.get(at + found).copied().unwrap_or_default();
            let behind = at + found + 1;
            if mark == ROW {
                if self.rows_so_far() >= self.sheet_rows {
                    self.put(rows.get(from..behind - 1).unwrap_or_default())?;
                    from = behind - 1;
                    self.body.end_sheet(&self.padded)?;
                    self.start_sheet()?;
                }
                if let Some(row) = self.rows.last_mut() {
                    *row = row.saturating_add(1);
                }
                at = behind;
                continue;
            }
            let Some((said, rest)) = between(rows.get(behind..).unwrap_or_default(), mark) else {
                break;
            };
            at = rows.len() - rest.len();
            if mark == TOO_LONG {
                return Err(self.too_long(said));
            }
            let (width, _) = padded_width(said);
            if !self.padded.contains(&width) {
                self.padded.push(width);
            }
        }
        self.put(rows.get(from..).unwrap_or_default())
    }

    fn put(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        let next = self.rows_so_far().saturating_add(1);
        Ok(self.body.rows(rows, next, &self.padded)?)
    }

    /// A text is too long for a cell of the row that was begun last.
    fn too_long(&self, said: &str) -> WriteError {
        let (column, length) = said.split_once(',').unwrap_or_default();
        let sheet = sheet_name(self.rows.len().saturating_sub(1));
        WriteError::TooLong {
            cell: format!(
                "{sheet}!{}{}",
                column_letters(column.parse().unwrap_or_default()),
                self.rows_so_far()
            ),
            length: length.parse().unwrap_or_default(),
        }
    }

    fn encode_and_add(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.encoder.row(cells, bad, &mut line);
        let added = self.add(&line);
        self.line = line;
        added
    }
}

fn sheet_name(sheet: usize) -> String {
    if sheet == 0 {
        SHEET_NAME.to_owned()
    } else {
        format!("{SHEET_NAME} {}", sheet + 1)
    }
}

impl InParts for XlsxWriter<'_> {
    fn encoder(&self) -> Box<dyn RowEncoder> {
        Box::new(self.encoder.clone())
    }

    fn encoded(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        self.add(rows)
    }
}

impl TableWriter for XlsxWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.encode_and_add(cells, &[])
    }

    fn marked_row(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        self.encode_and_add(cells, bad)
    }

    fn in_parts(&mut self) -> Option<&mut dyn InParts> {
        Some(self)
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.body.end_sheet(&self.padded)?;
        let template = template::template(self.encoder.columns(), &self.rows, &self.padded)?;
        let (sheets, mut packed) = self.body.finish()?;
        let mut parts = zip::ZipArchive::new(Cursor::new(template)).map_err(|cause| broken(&cause))?;
        let mut package = Package::new(self.out);
        for index in 0..parts.len() {
            let mut part = parts.by_index(index).map_err(|cause| broken(&cause))?;
            let name = part.name().map_err(|cause| broken(&cause))?.into_owned();
            let mut content = Vec::new();
            part.read_to_end(&mut content)?;
            let sheet = name
                .strip_prefix("xl/worksheets/sheet")
                .and_then(|rest| rest.strip_suffix(".xml"));
            let sheet = sheet.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
            let known = sheet.and_then(|sheet| Some((self.rows.get(sheet)?, sheets.get(sheet)?)));
            let Some((rows, body)) = known else {
                let whole = pack(&content, true)?;
                package.entry(&name, &whole.sums, whole.bytes.as_slice())?;
                continue;
            };
            // The sheets come in their order, in the template as in the file.
            let size = (self.encoder.columns().len(), *rows);
            let (head, tail) = around_rows(&content, size).ok_or_else(|| broken(&"a sheet has no place for rows"))?;
            let (head, tail) = (pack(&head, false)?, pack(&tail, true)?);
            let mut sums = Sums::default();
            for more in [&head.sums, body, &tail.sums] {
                sums.add(more);
            }
            let rows = packed.by_ref().take(body.packed());
            package.entry(
                &name,
                &sums,
                head.bytes.as_slice().chain(rows).chain(tail.bytes.as_slice()),
            )?;
        }
        Ok(package.finish()?.finish()?)
    }
}

fn broken(cause: &dyn std::fmt::Display) -> WriteError {
    WriteError::Workbook(cause.to_string())
}

/// What stands in a sheet's XML before its rows, the size of the table put in, and behind them.
fn around_rows(xml: &[u8], (columns, rows): (usize, u32)) -> Option<(Vec<u8>, Vec<u8>)> {
    let find = |word: &str| memchr::memmem::find(xml, word.as_bytes());
    let behind = |word: &str| find(word).map(|at| at + word.len());
    let dimension = behind("<dimension ref=\"")?;
    let last = columns.checked_sub(1);
    let range = last.map_or("A1".to_owned(), |last| format!("A1:{}{rows}", column_letters(last)));
    let dimension_end = dimension + memchr::memchr(b'"', xml.get(dimension..)?)?;
    let (rows_begin, rows_end) = match behind("<sheetData/>") {
        Some(end) => (find("<sheetData/>")?, end),
        None => (find("<sheetData>")?, behind("</sheetData>")?),
    };
    let head = [
        xml.get(..dimension)?,
        range.as_bytes(),
        xml.get(dimension_end..rows_begin)?,
        b"<sheetData>",
    ]
    .concat();
    Some((head, [b"</sheetData>", xml.get(rows_end..)?].concat()))
}
