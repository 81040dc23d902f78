//! xlsx and xlsm: values and styles by calamine, which reads a zip archive of this program's making (`repack`); hidden
//! rows and merged cells by the walk that the sheet's XML passes on its way there (`walk`).
//!
//! Doesn't belong here: which parts there are (`package`), what a value means (`cells`).

use std::sync::{Mutex, PoisonError};

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::Extras;
use super::cell::ERROR_MARK;
use super::cells::{number_format, put};
use super::feed::{Feed, Part};
use super::package::{Package, damaged};
use super::packing::Packing;
use super::repack::{Plan, Repack, sheet_name};
use super::source::Source;
use crate::sheet::{Cell, Limits, NumberFormat, ReadError};

/// A workbook whose sheets calamine reads.
pub(super) struct Book {
    feed: Feed,
    plan: Plan,
    /// Opened by the first sheet that is read, with all shared strings, and kept for the next one.
    opened: Mutex<Option<Box<Xlsx<Repack>>>>,
}

impl Book {
    pub(super) fn new(source: &Source, file: &str, limits: Limits, package: &Package) -> Self {
        let mut parts = Vec::new();
        let mut add = |name: &str, sheet: Option<&str>| {
            parts.push(Part {
                name: name.to_owned(),
                sheet: sheet.map(str::to_owned),
            });
            parts.len() - 1
        };
        let plan = Plan {
            is_1904: package.is_1904,
            styles: package.styles.as_deref().map(|name| add(name, None)),
            strings: package.strings.as_deref().map(|name| add(name, None)),
            sheets: package
                .sheets
                .iter()
                .map(|sheet| add(&sheet.part, Some(&sheet.name)))
                .collect(),
        };
        Self {
            feed: Feed::new(source.clone(), file, limits, parts),
            plan,
            opened: Mutex::default(),
        }
    }

    /// Packs all rows of a sheet, given by its place among the worksheets. calamine may panic.
    pub(super) fn read(&self, index: usize, packing: &mut Packing) -> Result<Extras, ReadError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever calamine leaves behind after an error isn't read again.
        let workbook = opened.take();
        let mut workbook = match workbook {
            Some(workbook) => workbook,
            None => self.open(packing.file())?,
        };
        match read_rows(&mut workbook, index, packing) {
            Ok(()) => {}
            Err(Failure::Own(error)) => return Err(self.feed.abandon().unwrap_or(error)),
            Err(Failure::Calamine(cause)) => {
                let place = format!("sheet {:?}", packing.sheet());
                return Err(self.explained(packing.file(), &place, &cause));
            }
        }
        let extras = self.feed.finish()?;
        *opened = Some(workbook);
        Ok(extras)
    }

    fn open(&self, file: &str) -> Result<Box<Xlsx<Repack>>, ReadError> {
        let opened = Xlsx::new(Repack::new(&self.plan, self.feed.clone()));
        let workbook = opened.map_err(|cause| self.explained(file, "its workbook part", &cause))?;
        // The shared strings or the styles, to the end of their part.
        self.feed.finish()?;
        Ok(Box::new(workbook))
    }

    /// Why a part can't be read: what came up while it was unpacked, else calamine's error in the words of this program.
    fn explained(&self, file: &str, place: &str, cause: &XlsxError) -> ReadError {
        self.feed.abandon().unwrap_or_else(|| match cause {
            XlsxError::Password => ReadError::PasswordProtected(file.to_owned()),
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

fn read_rows(workbook: &mut Xlsx<Repack>, index: usize, packing: &mut Packing) -> Result<(), Failure> {
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook.worksheet_cells_reader(&sheet_name(index))?;
    let formats: Vec<NumberFormat> = cells
        .styles()
        .iter()
        .map(|style| {
            style
                .number_format
                .as_ref()
                .map_or(NumberFormat::Plain, |f| number_format(&f.format_code))
        })
        .collect();
    while let Some((cell, style)) = cells.next_cell_with_style_id()? {
        let value = cell.get_value();
        if *value == DataRef::Empty {
            continue;
        }
        let (row, column) = packing.cell(cell.get_position()).map_err(Failure::Own)?;
        match value {
            DataRef::DateTimeIso(text) if text.starts_with(ERROR_MARK) => {
                row.set(
                    column,
                    Cell::Error(text.get(ERROR_MARK.len_utf8()..).unwrap_or_default()),
                );
            }
            value => put(
                row,
                column,
                value,
                formats.get(style).copied().unwrap_or_default(),
                is_1904,
            ),
        }
    }
    Ok(())
}
