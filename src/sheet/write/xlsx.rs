//! Workbooks: `rust_xlsxwriter` in its constant-memory mode, which takes rows in order and keeps them in a temporary file.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::{self, Date, DateTime, Time};
use rust_xlsxwriter::{Color, Format, Formula, Workbook, Worksheet, XlsxError};

use super::out::Out;
use super::text::{cell_text, moment_text, number_text};
use super::{Column, TableWriter, WriteError};
use crate::item::Kind;
use crate::sheet::excel::serial_moment;
use crate::sheet::{Cell, Moment, NumberFormat, column_letters};

/// A sheet's rows, the header among them.
const SHEET_ROWS: u32 = 1_048_576;
const SHEET_COLUMNS: usize = 16_384;
/// A cell's text, in UTF-16 units.
const CELL_TEXT: usize = 32_767;
/// Excel computes with so many digits and rounds the rest away.
const DIGITS: usize = 15;
/// Above this a double leaves out integers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The error values that a workbook's cell can hold; newer ones (`#SPILL!`) are written as text.
const ERRORS: [&str; 8] = [
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#REF!",
    "#VALUE!",
    "#GETTING_DATA",
];
/// The sheet's name; further ones are numbered.
const SHEET_NAME: &str = "Inventory";

/// Writes one workbook.
pub(super) struct XlsxWriter<'w> {
    book: Workbook,
    out: Out<'w>,
    columns: Vec<Column>,
    formats: Formats,
    sheet: usize,
    /// The next row of the current sheet, from 0.
    row: u32,
    sheet_rows: u32,
}

/// A format, plain and for a cell at fault.
struct Look {
    plain: Format,
    marked: Format,
}

struct Formats {
    header: Format,
    general: Look,
    text: Look,
    boolean: Look,
    date: Look,
    date_time: Look,
    time: Look,
    duration: Look,
    scientific: Look,
    percent: Look,
}

impl Look {
    fn new(code: &str) -> Self {
        let plain = Format::new().set_num_format(code);
        // Excel's own "bad" colours: readable on screen and in print.
        let marked = plain
            .clone()
            .set_background_color(Color::RGB(0xFF_C7CE))
            .set_font_color(Color::RGB(0x9C_0006));
        Self { plain, marked }
    }

    fn get(&self, marked: bool) -> &Format {
        if marked { &self.marked } else { &self.plain }
    }
}

impl Formats {
    fn new() -> Self {
        Self {
            header: Format::new().set_bold().set_num_format("@"),
            general: Look::new("General"),
            text: Look::new("@"),
            // With no format of its own LibreOffice shows a truth value as 1.
            boolean: Look::new("\"TRUE\";\"TRUE\";\"FALSE\""),
            date: Look::new("yyyy-mm-dd"),
            date_time: Look::new("yyyy-mm-dd hh:mm:ss"),
            time: Look::new("hh:mm:ss"),
            duration: Look::new("[hh]:mm:ss"),
            scientific: Look::new("0.00E+00"),
            percent: Look::new("0.00%"),
        }
    }
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
            book: Workbook::new(),
            out,
            columns: columns.to_vec(),
            formats: Formats::new(),
            sheet: 0,
            row: 0,
            sheet_rows,
        };
        writer.start_sheet()?;
        Ok(writer)
    }

    fn start_sheet(&mut self) -> Result<(), WriteError> {
        let name = sheet_name(self.sheet);
        let (columns, formats, book) = (&self.columns, &self.formats, &mut self.book);
        guarded(|| {
            let sheet = book.add_worksheet_with_constant_memory()?;
            sheet.set_name(&name)?;
            sheet.set_freeze_panes(1, 0)?;
            for (index, column) in (0_u16..).zip(columns) {
                sheet.set_column_width(index, width(column))?;
                if column.id {
                    // So that an id that is typed in below stays text as well.
                    sheet.set_column_format(index, &formats.text.plain)?;
                }
            }
            Ok(())
        })?;
        self.row = 0;
        let names: Vec<(usize, String)> = self
            .columns
            .iter()
            .map(|column| column.name.clone())
            .enumerate()
            .collect();
        for (index, name) in names {
            let at = Place {
                row: self.row,
                column: index,
            };
            check_length(&name, || self.address(at))?;
            let (sheet, format) = (self.book.worksheet_from_index(self.sheet), &self.formats.header);
            guarded(|| {
                sheet?
                    .write_string_with_format(at.row, at.column()?, name, format)
                    .map(drop)
            })?;
        }
        self.row = 1;
        Ok(())
    }

    fn address(&self, at: Place) -> String {
        format!("{}!{}{}", sheet_name(self.sheet), column_letters(at.column), at.row + 1)
    }

    fn close_sheet(&mut self) -> Result<(), WriteError> {
        let (sheet, last_row, columns) = (self.book.worksheet_from_index(self.sheet), self.row, self.columns.len());
        let Some(last_column) = columns.checked_sub(1).and_then(|last| u16::try_from(last).ok()) else {
            return Ok(());
        };
        guarded(|| {
            sheet?
                .autofilter(0, 0, last_row.saturating_sub(1), last_column)
                .map(drop)
        })
    }

    fn put(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        if self.row >= self.sheet_rows {
            self.close_sheet()?;
            self.sheet += 1;
            self.start_sheet()?;
        }
        for (index, cell) in cells.iter().enumerate().take(self.columns.len()) {
            let Some(column) = self.columns.get(index) else { break };
            let at = Place {
                row: self.row,
                column: index,
            };
            let marked = bad.contains(&index);
            let content = content(cell, column, &self.formats);
            if let Content::Text(text) = &content {
                check_length(text, || self.address(at))?;
            }
            let sheet = self.book.worksheet_from_index(self.sheet);
            let formats = &self.formats;
            guarded(|| write(sheet?, at, content, formats, column.id, marked))?;
        }
        self.row += 1;
        Ok(())
    }
}

fn sheet_name(sheet: usize) -> String {
    if sheet == 0 {
        SHEET_NAME.to_owned()
    } else {
        format!("{SHEET_NAME} {}", sheet + 1)
    }
}

impl TableWriter for XlsxWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.put(cells, &[])
    }

    fn marked_row(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        self.put(cells, bad)
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.close_sheet()?;
        let Self { mut book, mut out, .. } = *self;
        let mut rest = UntilLost {
            out: &mut out,
            lost: None,
        };
        let saved = guarded(|| book.save_to_writer(&mut rest));
        // What the disk or the reader said comes before what the archive's writer makes of it.
        if let Some(cause) = rest.lost {
            return Err(cause.into());
        }
        saved?;
        Ok(out.finish()?)
    }
}

/// Takes everything, and passes it on until that fails once. An archive's writer that fails tries to write the archive's end
/// as it goes, and complains of it on standard error by itself.
struct UntilLost<'o, 'w> {
    out: &'o mut Out<'w>,
    lost: Option<std::io::Error>,
}

impl std::io::Write for UntilLost<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.lost.is_some() {
            return Ok(bytes.len());
        }
        match std::io::Write::write(self.out, bytes) {
            Err(cause) if cause.kind() != std::io::ErrorKind::Interrupted => {
                self.lost = Some(cause);
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.lost.is_none() {
            self.lost = std::io::Write::flush(self.out).err();
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Place {
    row: u32,
    column: usize,
}

impl Place {
    fn column(self) -> Result<u16, XlsxError> {
        u16::try_from(self.column).map_err(|_| XlsxError::RowColumnLimitError)
    }
}

/// What a cell becomes.
enum Content<'a> {
    Blank,
    Text(Cow<'a, str>),
    Number(f64, NumberFormat),
    Bool(bool),
    Serial(f64, &'a Look),
    Error(&'a str),
}

fn content<'a>(cell: &Cell<'a>, column: &Column, formats: &'a Formats) -> Content<'a> {
    match cell {
        Cell::Absent | Cell::Empty | Cell::Json(serde_json::Value::Null) => Content::Blank,
        Cell::Error(text) if ERRORS.contains(text) => Content::Error(text),
        // An id is text, unless it came as what is refused as one: made text of, it would be taken the next time.
        _ if column.id && !is_no_id(cell) => Content::Text(cell_text(cell)),
        Cell::Bool(value) | Cell::Json(serde_json::Value::Bool(value)) => Content::Bool(*value),
        Cell::Number(value, format) if value.is_finite() => Content::Number(*value, *format),
        Cell::Json(serde_json::Value::Number(number)) => match exact_number(&number.to_string()) {
            Some(value) => Content::Number(value, NumberFormat::Plain),
            None => Content::Text(cell_text(cell)),
        },
        Cell::Digits(digits) => match exact_number(digits) {
            Some(value) => Content::Number(value, NumberFormat::Plain),
            None => Content::Text(Cow::Borrowed(digits)),
        },
        Cell::Moment(moment) => match serial(moment, formats) {
            Some((serial, look)) => Content::Serial(serial, look),
            None => Content::Text(cell_text(cell)),
        },
        Cell::Text(text) => text_content(text, column, formats),
        Cell::Json(serde_json::Value::String(text)) => text_content(text, column, formats),
        _ => Content::Text(cell_text(cell)),
    }
}

/// Whether a workbook's cell is refused as an id: digits may have been lost, or it never was one.
fn is_no_id(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Number(value, format) => {
            *format == NumberFormat::Scientific || value.fract() != 0.0 || value.abs() >= EXACT
        }
        Cell::Bool(_) | Cell::Moment(_) => true,
        _ => false,
    }
}

fn text_content<'a>(text: &'a str, column: &Column, formats: &'a Formats) -> Content<'a> {
    match parsed_moment(text, column.kind).and_then(|moment| serial(&moment, formats)) {
        Some((serial, look)) => Content::Serial(serial, look),
        None => Content::Text(Cow::Borrowed(text)),
    }
}

fn write(
    sheet: &mut Worksheet,
    at: Place,
    content: Content<'_>,
    formats: &Formats,
    id: bool,
    marked: bool,
) -> Result<(), XlsxError> {
    let (row, column) = (at.row, at.column()?);
    match content {
        // So that an id that is typed in there stays text.
        Content::Blank if marked && id => sheet.write_blank(row, column, &formats.text.marked),
        Content::Blank if marked => sheet.write_blank(row, column, &formats.general.marked),
        Content::Blank => Ok(sheet),
        // Without a format of its own a text that was typed in again would be read as a number.
        Content::Text(text) if id || marked || looks_numeric(&text) => {
            sheet.write_string_with_format(row, column, text, formats.text.get(marked))
        }
        Content::Text(text) => sheet.write_string(row, column, text),
        Content::Bool(value) => sheet.write_boolean_with_format(row, column, value, formats.boolean.get(marked)),
        Content::Number(value, format) => match format {
            NumberFormat::Plain if id => sheet.write_number_with_format(row, column, value, formats.text.get(marked)),
            NumberFormat::Plain if marked => {
                sheet.write_number_with_format(row, column, value, &formats.general.marked)
            }
            NumberFormat::Plain => sheet.write_number(row, column, value),
            NumberFormat::Scientific => {
                sheet.write_number_with_format(row, column, value, formats.scientific.get(marked))
            }
            NumberFormat::Percent => sheet.write_number_with_format(row, column, value, formats.percent.get(marked)),
            NumberFormat::Padded(digits) => {
                let look = Look::new(&"0".repeat(usize::from(digits)));
                sheet.write_number_with_format(row, column, value, look.get(marked))
            }
        },
        // No cell but a formula's may hold an error value here; Excel takes an error for a formula.
        Content::Error(text) => {
            let formula = Formula::new(format!("={text}")).set_result(text);
            sheet.write_formula_with_format(row, column, formula, formats.general.get(marked))
        }
        Content::Serial(serial, look) => sheet.write_number_with_format(row, column, serial, look.get(marked)),
    }
    .map(drop)
}

fn looks_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '='))
}

/// The number of these digits, if Excel keeps all of them and writes back an equal one.
fn exact_number(digits: &str) -> Option<f64> {
    let value: f64 = digits.parse().ok()?;
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let significant: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = significant.trim_start_matches('0').trim_end_matches('0');
    let exact = value.is_finite() && significant.len() <= DIGITS && (value != 0.0 || significant.is_empty());
    // Below this Excel knows only zero.
    let tiny = value != 0.0 && value.abs() < f64::MIN_POSITIVE;
    let same = number_text(value, NumberFormat::Plain)
        .parse::<f64>()
        .is_ok_and(|back| same_number(back, value));
    (exact && !tiny && same).then_some(value)
}

fn same_number(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0)
}

/// Text that a date or time column shows as a real date: only in the very spelling that it is read back as.
fn parsed_moment(text: &str, kind: Kind) -> Option<Moment> {
    let moment = match (kind, text.len()) {
        (Kind::Date, 10) => Moment::Date(text.parse::<Date>().ok()?),
        (Kind::Date, 19) => Moment::DateTime(text.parse::<DateTime>().ok()?),
        (Kind::Time, 8) => Moment::Time(text.parse::<Time>().ok()?),
        _ => return None,
    };
    (moment_text(&moment) == text).then_some(moment)
}

/// Excel's serial number for a moment, if the reader makes the same moment of it.
fn serial<'f>(moment: &Moment, formats: &'f Formats) -> Option<(f64, &'f Look)> {
    let days = |date: Date| -> Option<f64> {
        // Before March 1900 Excel counts a day that never was.
        let since = date.since(civil::date(1899, 12, 30)).ok()?.get_days();
        (since > 60).then(|| f64::from(since))
    };
    let fraction = |time: Time| {
        f64::from(i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second())) / 86_400.0
    };
    let (serial, look) = match moment {
        Moment::Date(date) => (days(*date)?, &formats.date),
        Moment::DateTime(moment) => (days(moment.date())? + fraction(moment.time()), &formats.date_time),
        Moment::Time(time) => (fraction(*time), &formats.time),
        // Excel shows no negative times.
        Moment::Duration(days) => return (*days >= 0.0 && days.is_finite()).then_some((*days, &formats.duration)),
    };
    (serial_moment(serial, false) == *moment).then_some((serial, look))
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

fn check_length(text: &str, address: impl FnOnce() -> String) -> Result<(), WriteError> {
    // A UTF-16 unit takes at least one byte.
    if text.len() <= CELL_TEXT {
        return Ok(());
    }
    let length = text.encode_utf16().count();
    if length > CELL_TEXT {
        Err(WriteError::TooLong {
            cell: address(),
            length,
        })
    } else {
        Ok(())
    }
}

/// `rust_xlsxwriter` panics where its temporary file can't be written (`expect` on each write of a row), so a full disk
/// would end the program; here it is an error like any other.
fn guarded(work: impl FnOnce() -> Result<(), XlsxError>) -> Result<(), WriteError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(XlsxError::IoError(cause) | XlsxError::ZipError(zip::result::ZipError::Io(cause)))) => {
            Err(WriteError::Io(cause))
        }
        Ok(Err(cause)) => Err(WriteError::Workbook(cause.to_string())),
        Err(_) => Err(WriteError::Workbook("its temporary file can't be written".to_owned())),
    }
}
