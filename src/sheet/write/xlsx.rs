//! Workbooks, by `rust_xlsxwriter` in constant memory: it writes a row to a temporary file when the next one begins, and
//! compresses all rows at the end.
//!
//! Belongs here: sheets, columns, formats, and what a workbook can hold. Doesn't: what a cell becomes (`content`), the
//! file that takes the bytes (`destination`).

mod content;
mod fault;
mod filling;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use foldhash::fast::RandomState;
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::Value;

use super::form::Form;
use super::out::Out;
use super::{Column, InWorkbook, TableWriter, WriteError};
use crate::item::Kind;
use crate::output::{About, Warning, counted, grouped};
use crate::sheet::{Cell, column_letters};
use content::{CellContent, CellLook, content, looks_numeric};
use fault::FirstFault;
pub(super) use fault::unpanicked;

/// A sheet's rows, the header among them.
const SHEET_ROWS: u32 = 1_048_576;
const SHEET_COLUMNS: usize = 16_384;
/// The sheet's name where the workbook has one table; further ones are numbered.
const SHEET_NAME: &str = "Inventory";
/// A zip entry of 4 GiB needs the ZIP64 fields; what isn't counted of a sheet is its columns, at most 72 bytes each.
const LARGE: u64 = (1 << 32) - (1 << 21);
/// A cell's text, in UTF-16 units.
const CELL_TEXT: usize = 32_767;
/// Upper bounds of the XML of a row without its cells, of a cell without its text, and of the longest number, which is
/// 5e-324 with its 323 zeros.
const ROW_XML: u64 = 32;
const CELL_XML: u64 = 80;
const NUMBER_XML: u64 = 330;
/// Numbers that have room in `CELL_XML`.
const SHORT_NUMBERS: std::ops::Range<f64> = 1e-4..1e15;
/// What a character that XML can't hold as it is grows by, at most: U+000B becomes `_x000B_`.
const ESCAPE: usize = 6;
/// Of 84 MB of rows level 1 makes 13.5 MB in a third of this level's time, this one 8.4, zlib's own default (6) 7.9 in
/// one and a half times of it.
const LEVEL: u8 = 4;

/// Writes one workbook.
pub(super) struct XlsxWriter<'w> {
    out: Out<'w>,
    book: Book,
}

/// What a sheet and a zip entry have room for.
#[derive(Clone, Copy)]
pub(super) struct Capacity {
    pub(super) rows: u32,
    pub(super) entry: u64,
}

/// A workbook whose rows are in temporary files, one for each sheet.
struct Book {
    workbook: Workbook,
    /// The columns of the table that is being written.
    columns: Vec<Column>,
    /// The name of its first sheet.
    name: String,
    /// How many sheets it has.
    parts: usize,
    capacity: Capacity,
    sheets: Vec<Sheet>,
    formats: Formats,
    form: Option<&'static Form>,
}

/// A sheet that has been begun.
struct Sheet {
    name: String,
    columns: usize,
    /// The number of rows, the header among them.
    rows: u32,
    /// An upper bound of the length of its XML.
    length: u64,
    /// How many numbers are text because a cell can't hold their digits, and the first of them.
    as_text: u64,
    first_as_text: Option<String>,
}

impl<'w> XlsxWriter<'w> {
    /// `folder` holds the temporary files, which have no names.
    pub(super) fn new(
        columns: &[Column],
        out: Out<'w>,
        folder: &Path,
        form: Option<&'static Form>,
    ) -> Result<Self, WriteError> {
        let mut writer = Self::without_tables(out, folder)?;
        writer.book.form = form;
        writer.begin_table(SHEET_NAME, columns)?;
        Ok(writer)
    }

    /// A workbook of several tables, none of which is begun.
    pub(super) fn without_tables(out: Out<'w>, folder: &Path) -> Result<Self, WriteError> {
        let capacity = Capacity {
            rows: SHEET_ROWS,
            entry: LARGE,
        };
        Self::within(out, folder, capacity)
    }

    /// With another capacity, so that what happens beyond it can be tried on few rows.
    #[cfg(test)]
    pub(super) fn with_capacity(
        columns: &[Column],
        out: Out<'w>,
        folder: &Path,
        capacity: Capacity,
    ) -> Result<Self, WriteError> {
        let mut writer = Self::within(out, folder, capacity)?;
        writer.begin_table(SHEET_NAME, columns)?;
        Ok(writer)
    }

    fn within(out: Out<'w>, folder: &Path, capacity: Capacity) -> Result<Self, WriteError> {
        let mut book = Book {
            workbook: Workbook::new(),
            columns: Vec::new(),
            name: String::new(),
            parts: 0,
            capacity,
            sheets: Vec::new(),
            formats: Formats::default(),
            form: None,
        };
        unpanicked(|| {
            // A fixed date, a zip archive's own first one, so that the same rows are the same bytes.
            let created = ExcelDateTime::from_ymd(1980, 1, 1)?;
            let properties = DocProperties::new().set_creation_datetime(&created);
            book.workbook.set_properties(&properties);
            Ok(book.workbook.set_tempdir(folder).map(|_| ())?)
        })?;
        Ok(Self { out, book })
    }

    /// Begins a table on a sheet of its own, whose name no other sheet has.
    pub(super) fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), WriteError> {
        if columns.len() > SHEET_COLUMNS {
            return Err(WriteError::TooManyColumns(columns.len()));
        }
        let book = &mut self.book;
        book.columns = columns.to_vec();
        name.clone_into(&mut book.name);
        book.parts = 0;
        unpanicked(|| book.start_sheet())
    }
}

impl TableWriter for XlsxWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.marked_row(cells, &[])
    }

    fn marked_row(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        unpanicked(|| self.book.row(cells, bad))
    }

    fn notes(&self) -> Vec<Warning> {
        let mut notes = Vec::new();
        let sheets = &self.book.sheets;
        let further: Vec<String> = (2..=self.book.parts)
            .map(|part| format!("{:?}", sheet_name(&self.book.name, part)))
            .collect();
        if !further.is_empty() {
            notes.push(About::FurtherSheets.warning(format!(
                "the rows beyond row {} of sheet {:?} continue in sheet {}; stockport reads the sheets as one",
                grouped(u64::from(self.book.capacity.rows)),
                self.book.name,
                further.join(", ")
            )));
        }
        if let Some(first) = sheets.iter().find_map(|sheet| sheet.first_as_text.as_ref()) {
            notes.push(About::NumbersAsText.warning(format!(
                "{} with more digits than a workbook's number holds: written as text (first: {first}); .csv and .jsonl keep \
                 numbers of any length",
                counted(sheets.iter().map(|sheet| sheet.as_text).sum(), "number")
            )));
        }
        notes
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        let Self { out, mut book } = *self;
        let mut out = FirstFault { out, fault: None };
        let saved = unpanicked(|| book.save(&mut out));
        if let Some(fault) = out.fault {
            return Err(WriteError::Io(fault));
        }
        saved?;
        Ok(out.out.finish()?)
    }
}

impl Book {
    fn start_sheet(&mut self) -> Result<(), WriteError> {
        self.parts += 1;
        let name = sheet_name(&self.name, self.parts);
        let worksheet = self.workbook.add_worksheet_with_constant_memory()?;
        worksheet.set_name(&name)?;
        worksheet.set_freeze_panes(1, 0)?;
        for (index, column) in (0_u16..).zip(&self.columns) {
            worksheet.set_column_width(index, width(column))?;
            if column.id {
                // So that an id that is typed in below stays text as well.
                worksheet.set_column_format(index, self.formats.get(CellLook::Text, false))?;
            }
        }
        if let Some(form) = self.form {
            filling::prepare(worksheet, &self.columns, form)?;
        }
        self.sheets.push(Sheet {
            name,
            columns: self.columns.len(),
            rows: 0,
            length: 0,
            as_text: 0,
            first_as_text: None,
        });
        self.write(|row, columns| {
            let mut names = (0_u16..).zip(columns);
            names.try_for_each(|(index, column)| row.text(index, &column.name, Some((CellLook::Header, false))))
        })
    }

    fn row(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        if self.sheets.last().is_some_and(|sheet| sheet.rows >= self.capacity.rows) {
            self.start_sheet()?;
        }
        self.write(|row, columns| {
            for (index, (cell, column)) in (0_u16..).zip(cells.iter().zip(columns)) {
                row.put(index, cell, column, bad.contains(&usize::from(index)))?;
            }
            Ok(())
        })
    }

    /// Writes the next row of the last sheet.
    fn write(
        &mut self,
        put: impl FnOnce(&mut RowWriter<'_>, &[Column]) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let number = self.sheets.len().saturating_sub(1);
        let worksheet = self.workbook.worksheet_from_index(number)?;
        if let Some(sheet) = self.sheets.get_mut(number) {
            let formats = &mut self.formats;
            let row = &mut RowWriter {
                worksheet,
                sheet,
                formats,
            };
            put(row, &self.columns)?;
            row.sheet.rows += 1;
            row.sheet.length += ROW_XML + CELL_XML * self.columns.len() as u64;
        }
        Ok(())
    }

    fn save(&mut self, out: impl Write + Send) -> Result<(), WriteError> {
        for (number, sheet) in self.sheets.iter().enumerate() {
            let last_column = sheet.columns.checked_sub(1);
            if let Some(last) = last_column.and_then(|last| u16::try_from(last).ok()) {
                let worksheet = self.workbook.worksheet_from_index(number)?;
                worksheet.autofilter(0, 0, sheet.rows.saturating_sub(1), last)?;
            }
        }
        if let Some(form) = self.form {
            filling::explain(&mut self.workbook, form)?;
        }
        let is_large = self.sheets.iter().any(|sheet| sheet.length >= self.capacity.entry);
        let workbook = self.workbook.set_zip_compression_level(LEVEL);
        Ok(workbook.use_zip_large_file(is_large).save_to_writer(out)?)
    }
}

/// What a reader finds where a cell was written.
pub(super) fn found(cell: &Cell<'_>, column: &Column) -> InWorkbook {
    match content(cell, column) {
        CellContent::Blank => InWorkbook::Blank,
        CellContent::Number(value, None) => InWorkbook::Number(value),
        CellContent::Bool(value) => InWorkbook::Bool(value),
        CellContent::Text(_) | CellContent::Number(..) | CellContent::Error(_) => InWorkbook::Text,
    }
}

fn sheet_name(table: &str, part: usize) -> String {
    if part > 1 {
        format!("{table} {part}")
    } else {
        table.to_owned()
    }
}

fn is_number(cell: &Cell<'_>) -> bool {
    matches!(cell, Cell::Digits(_) | Cell::Json(Value::Number(_)))
}

fn width(column: &Column) -> f64 {
    let least: usize = match column.kind {
        _ if column.id => 28,
        Kind::Date => 20,
        Kind::Time | Kind::Number => 12,
        Kind::Text => 16,
    };
    // Room for the filter's arrow.
    let header = column.name.chars().count().saturating_add(4);
    f64::from(u32::try_from(header.clamp(least, 48)).unwrap_or(48))
}

/// A row that is being written.
struct RowWriter<'b> {
    worksheet: &'b mut Worksheet,
    sheet: &'b mut Sheet,
    formats: &'b mut Formats,
}

impl RowWriter<'_> {
    fn put(&mut self, index: u16, cell: &Cell<'_>, column: &Column, marked: bool) -> Result<(), WriteError> {
        let row = self.sheet.rows;
        // Where no format says otherwise: so that an id that is typed in there stays text.
        let own = if column.id { CellLook::Text } else { CellLook::General };
        match content(cell, column) {
            CellContent::Blank if marked => {
                self.worksheet.write_blank(row, index, self.formats.get(own, true))?;
            }
            CellContent::Blank => {}
            CellContent::Text(text) if !column.id && is_number(cell) => {
                self.note_as_text(index, &text);
                self.text(index, &text, Some((CellLook::Text, marked)))?;
            }
            // Without a format of its own a text that was typed in again would be read as a number.
            CellContent::Text(text) if column.id || marked || looks_numeric(&text) => {
                self.text(index, &text, Some((CellLook::Text, marked)))?;
            }
            CellContent::Text(text) => self.text(index, &text, None)?,
            CellContent::Number(value, look) => {
                if value != 0.0 && !SHORT_NUMBERS.contains(&value.abs()) {
                    self.sheet.length += NUMBER_XML;
                }
                match look.unwrap_or(own) {
                    CellLook::General if !marked => self.worksheet.write_number(row, index, value)?,
                    look => {
                        let format = self.formats.get(look, marked);
                        self.worksheet.write_number_with_format(row, index, value, format)?
                    }
                };
            }
            CellContent::Bool(value) => {
                let format = self.formats.get(CellLook::Bool, marked);
                self.worksheet.write_boolean_with_format(row, index, value, format)?;
            }
            // Excel takes an error for a formula's result.
            CellContent::Error(error) => {
                let formula = Formula::new(format!("={error}")).set_result(error);
                if marked {
                    let format = self.formats.get(CellLook::General, true);
                    self.worksheet.write_formula_with_format(row, index, formula, format)?;
                } else {
                    self.worksheet.write_formula(row, index, formula)?;
                }
            }
        }
        Ok(())
    }

    fn address(&self, index: u16) -> String {
        let column = column_letters(usize::from(index));
        format!("{}!{column}{}", self.sheet.name, self.sheet.rows + 1)
    }

    fn note_as_text(&mut self, index: u16, digits: &str) {
        self.sheet.as_text += 1;
        if self.sheet.first_as_text.is_none() {
            self.sheet.first_as_text = Some(format!("{}, {digits}", self.address(index)));
        }
    }

    fn text(&mut self, index: u16, text: &str, look: Option<(CellLook, bool)>) -> Result<(), WriteError> {
        let row = self.sheet.rows;
        // A UTF-16 unit takes at least one byte.
        let length = if text.len() > CELL_TEXT {
            text.encode_utf16().count()
        } else {
            0
        };
        if length > CELL_TEXT {
            let cell = self.address(index);
            return Err(WriteError::TooLong { cell, length });
        }
        // U+FFFE and U+FFFF begin with 0xEF.
        let escaped = text
            .bytes()
            .filter(|byte| matches!(byte, 0..0x20 | b'&' | b'<' | b'>' | b'_' | 0xEF));
        self.sheet.length += (text.len() + ESCAPE * escaped.count()) as u64;
        match look {
            Some((look, marked)) => {
                let format = self.formats.get(look, marked);
                self.worksheet.write_string_with_format(row, index, text, format)?;
            }
            None => {
                self.worksheet.write_string(row, index, text)?;
            }
        }
        Ok(())
    }
}

/// The formats that the workbook's cells have had so far, each also for cells that are marked as wrong.
#[derive(Default)]
struct Formats(HashMap<(CellLook, bool), Format, RandomState>);

impl Formats {
    fn get(&mut self, look: CellLook, marked: bool) -> &Format {
        self.0.entry((look, marked)).or_insert_with(|| {
            let format = Format::new().set_num_format(look.code());
            match (look, marked) {
                (CellLook::Header, _) => format.set_bold(),
                // Excel's own "bad" colours: readable on screen and in print.
                (_, true) => format
                    .set_background_color(Color::RGB(0xFF_C7CE))
                    .set_font_color(Color::RGB(0x9C_0006)),
                (_, false) => format,
            }
        })
    }
}
