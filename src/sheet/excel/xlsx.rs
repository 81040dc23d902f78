//! xlsx and xlsm: values and styles by calamine, which reads a zip archive of this program's making (`repack`); hidden
//! rows, merged cells and the numbers of shared texts by the walk that the sheet's XML passes on its way there (`walk`).
//!
//! Doesn't belong here: which parts there are (`package`), what a value means (`cells`).

use std::sync::{Mutex, PoisonError};

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::Extras;
use super::cell::{ERROR_MARK, SHARED_MARK};
use super::cells::{put, put_text};
use super::feed::{Feed, Part};
use super::package::{Package, damaged};
use super::packing::Packing;
use super::repack::{Plan, Repack, sheet_name};
use super::source::Source;
use super::spool::lost;
use super::texts::SpilledTexts;
use super::walk::Holds;
use crate::sheet::number_format::built_in;
use crate::sheet::{Cell, Limits, NumberFormat, ReadError, column_letters};

/// A workbook whose sheets calamine reads.
pub(super) struct Book {
    feed: Feed,
    plan: Plan,
    has_texts: bool,
    /// Opened by the first sheet that is read, and kept for the next one.
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    workbook: Box<Xlsx<Repack>>,
    texts: SpilledTexts,
}

/// The texts that cells share, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// One behind the other, and where each of them ends.
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.text.get(start.unwrap_or(0)..end)
    }
}

impl Book {
    pub(super) fn new(source: &Source, file: &str, limits: Limits, package: &Package) -> Self {
        let mut parts = Vec::new();
        let mut add = |name: &str, holds: Option<Holds>| {
            let name = name.to_owned();
            let recalculates = package.recalculates;
            parts.push(Part {
                name,
                holds,
                recalculates,
            });
            parts.len() - 1
        };
        let styles = package.styles.as_deref().map(|name| add(name, None));
        let mut sheets: Vec<usize> = package
            .sheets
            .iter()
            .map(|sheet| add(&sheet.part, Some(Holds::Sheet(sheet.name.clone()))))
            .collect();
        sheets.extend(package.strings.as_deref().map(|name| add(name, Some(Holds::Texts))));
        Self {
            feed: Feed::new(source.clone(), file, limits, parts),
            plan: Plan {
                is_1904: package.is_1904,
                styles,
                sheets,
            },
            has_texts: package.strings.is_some(),
            opened: Mutex::default(),
        }
    }

    /// Packs all rows of a sheet, given by its place among the worksheets. calamine may panic.
    pub(super) fn read(&self, index: usize, packing: &mut Packing) -> Result<Extras, ReadError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever calamine leaves behind after an error isn't read again.
        let mut book = match opened.take() {
            Some(book) => book,
            None => self.open(packing.file())?,
        };
        match read_rows(&mut book, index, packing) {
            Ok(()) => {}
            Err(Failure::Own(error)) => return Err(self.feed.abandon().unwrap_or(error)),
            Err(Failure::Calamine(cause)) => {
                let place = format!("sheet {:?}", packing.sheet());
                return Err(self.explained(packing.file(), &place, &cause));
            }
        }
        let extras = self.feed.finish()?;
        *opened = Some(book);
        Ok(extras)
    }

    fn open(&self, file: &str) -> Result<Opened, ReadError> {
        let opened = Xlsx::new(Repack::new(&self.plan, self.feed.clone()));
        let workbook = opened.map_err(|cause| self.explained(file, "its styles", &cause))?;
        // The styles, to the end of their part.
        self.feed.finish()?;
        let (mut workbook, mut texts) = (Box::new(workbook), SpilledTexts::default());
        if self.has_texts {
            let last = self.plan.sheets.len() - 1;
            let styles = read_texts(&mut workbook, last, &mut texts, file).map_err(|failure| match failure {
                Failure::Own(error) => error,
                Failure::Calamine(cause) => self.explained(file, "its shared strings", &cause),
            })?;
            self.feed.finish()?;
            if styles.contains(&true) {
                self.feed.keep_styles(styles);
            }
        }
        Ok(Opened { workbook, texts })
    }

    /// Why a part can't be read: what came up while it was unpacked, else calamine's error in the words of this program.
    fn explained(&self, file: &str, place: &str, cause: &XlsxError) -> ReadError {
        self.feed.abandon().unwrap_or_else(|| match cause {
            XlsxError::XmlEof(tag) => damaged(file, format!("{place} ends in the middle (no closing </{tag}>)")),
            _ => damaged(file, format!("{place} can't be read ({cause})")),
        })
    }
}

enum Failure {
    Own(ReadError),
    Calamine(XlsxError),
}

impl From<XlsxError> for Failure {
    fn from(cause: XlsxError) -> Self {
        Self::Calamine(cause)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Own(error)
    }
}

/// Reads the table of texts, which calamine is given as a sheet. Returns which styles show a text with something added.
fn read_texts(
    workbook: &mut Xlsx<Repack>,
    index: usize,
    texts: &mut SpilledTexts,
    file: &str,
) -> Result<Vec<bool>, Failure> {
    let mut cells = workbook.worksheet_cells_reader(&sheet_name(index))?;
    while let Some(cell) = cells.next_cell()? {
        let text = match cell.get_value() {
            DataRef::String(text) => text,
            _ => "",
        };
        texts.push(text).map_err(|cause| lost(file, cause))?;
    }
    let formats = formats_of(cells.styles());
    Ok(formats.into_iter().map(NumberFormat::changes_text).collect())
}

fn read_rows(book: &mut Opened, index: usize, packing: &mut Packing) -> Result<(), Failure> {
    let Opened { workbook, texts } = book;
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook.worksheet_cells_reader(&sheet_name(index))?;
    let formats = formats_of(cells.styles());
    while let Some((cell, style)) = cells.next_cell_with_style_id()? {
        let value = cell.get_value();
        let format = formats.get(style).copied().unwrap_or_default();
        let marked = match value {
            DataRef::Empty => continue,
            DataRef::DateTimeIso(text) => text.as_bytes(),
            _ => &[],
        };
        if let Some((&SHARED_MARK, run)) = marked.split_first() {
            put_shared(run, cell.get_position().0, texts, format, packing)?;
            continue;
        }
        let (row, column) = packing.cell(cell.get_position())?;
        match value {
            DataRef::String(text) => match format.show_text(text) {
                Some(shown) => row.set(column, Cell::Text(&shown)),
                None => put(row, column, value, format, is_1904),
            },
            DataRef::DateTimeIso(text) if marked.first() == Some(&ERROR_MARK) => {
                row.set(column, Cell::Error(text.get(1..).unwrap_or_default()));
            }
            value => put(row, column, value, format, is_1904),
        }
    }
    Ok(())
}

fn formats_of(styles: &[calamine::Style]) -> Vec<NumberFormat> {
    styles.iter().map(format_of).collect()
}

/// The number format of a style. calamine knows fewer of those that a workbook doesn't write.
fn format_of(style: &calamine::Style) -> NumberFormat {
    let Some(format) = &style.number_format else {
        return NumberFormat::Plain;
    };
    let is_built_in = matches!(format.format_code.as_str(), "General" | "mm-dd-yy" | "m/d/yy h:mm");
    let own = format.format_id.filter(|_| is_built_in).and_then(built_in);
    NumberFormat::of(own.unwrap_or(&format.format_code))
}

/// Packs a run of shared texts of a row (`SHARED_MARK`).
fn put_shared(
    run: &[u8],
    line: u32,
    texts: &mut SpilledTexts,
    format: NumberFormat,
    packing: &mut Packing,
) -> Result<(), ReadError> {
    let (mut column, mut number) = (None, 0_u32);
    for byte in run {
        if byte.is_ascii_digit() {
            number = number.wrapping_mul(10).wrapping_add(u32::from(byte - b'0'));
            continue;
        }
        let number = std::mem::take(&mut number);
        let Some(at) = column.take() else {
            column = Some(number);
            continue;
        };
        let text = texts
            .get(number as usize)
            .map_err(|cause| lost(packing.file(), cause))?;
        let Some(text) = text else {
            let letters = column_letters(at as usize);
            let (sheet, line) = (packing.sheet(), u64::from(line) + 1);
            let what = format!(
                "cell {letters}{line} of sheet {sheet:?} refers to shared string {number}, which doesn't \
                         exist"
            );
            return Err(damaged(packing.file(), what));
        };
        let (row, column) = packing.cell((line, at))?;
        match format.show_text(text) {
            Some(shown) => row.set(column, Cell::Text(&shown)),
            None => put_text(row, column, text),
        }
    }
    Ok(())
}
