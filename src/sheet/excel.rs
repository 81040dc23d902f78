//! Workbooks: xlsx, xlsm, xlsb, xls and ods as rows of typed cells.
//!
//! Belongs here: what kind of workbook the bytes are, its sheets, their rows with every cell at its own address, and
//! the bounds that keep a hostile file harmless. Doesn't: which row is the header, which sheet is meant (`sheet`).

mod bounds;
mod cell;
mod cells;
mod compound;
mod feed;
mod formats;
#[cfg(test)]
mod hostile_tests;
mod inline;
mod legacy;
mod legacy_sheet;
#[cfg(test)]
mod legacy_tests;
mod legacy_texts;
mod ods;
mod ods_content;
mod ods_numbers;
mod ods_styles;
mod package;
#[cfg(test)]
mod package_tests;
mod packing;
#[cfg(test)]
mod packing_tests;
mod repack;
mod source;
mod spool;
#[cfg(test)]
mod tests;
mod texts;
mod tokens;
mod unpacking;
mod walk;
#[cfg(test)]
mod walk_tests;
mod xlsb;
mod xlsb_sheet;
mod xlsx;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use package::Archive;
use packing::Packing;
use source::Source;
pub(super) use spool::Chunks;
use spool::{Rows, Shelf, Spool};

use super::{Limits, ReadError, Row, RowReader};
use crate::output::grouped;
use crate::parallel::guarded;

/// The last row of an Excel or Calc sheet.
const MAX_ROWS: u32 = 1_048_576;
/// The number of columns of an Excel or Calc sheet.
const MAX_COLUMNS: u32 = 16_384;

/// An opened workbook.
pub(super) struct Workbook {
    file: String,
    kind: &'static str,
    limits: Limits,
    source: Source,
    sheets: Vec<SheetInfo>,
    content: Content,
    shelf: Arc<Shelf>,
    /// The sheets that have been read. Each is read once, when it is first asked for.
    read: Mutex<HashMap<String, Arc<Sheet>>>,
}

/// A sheet that has been read.
#[derive(Debug)]
struct Sheet {
    spool: Arc<Spool>,
    extras: Extras,
}

/// A worksheet's name as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetInfo {
    pub(super) name: String,
    /// Neither hidden nor very hidden.
    pub(super) visible: bool,
}

/// Cells that are shown as one; the value is in the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    /// Row from 1, column from 0.
    pub(super) first: (u64, usize),
    /// Included.
    pub(super) last: (u64, usize),
}

/// What lies beside a sheet's cells.
#[derive(Clone, Debug, Default)]
struct Extras {
    hidden_rows: Vec<u64>,
    merges: Vec<Merge>,
}

enum Content {
    Xlsx(xlsx::Book),
    Ods,
    Xlsb(xlsb::Book),
    Xls(legacy::Book),
}

impl Workbook {
    /// Opens a workbook, whatever its name ends in. `file` is its name for messages.
    pub(super) fn open(path: &Path, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        let mut head = [0; 8];
        let mut opened = File::open(path).map_err(|cause| ReadError::Io {
            file: file.to_owned(),
            cause,
        })?;
        let read = opened.read(&mut head).map_err(|cause| ReadError::Io {
            file: file.to_owned(),
            cause,
        })?;
        match head.get(..read) {
            Some([b'P', b'K', ..]) => Self::open_zip(path, file, limits),
            Some([0xD0, 0xCF, 0x11, 0xE0, ..]) => Self::open_compound(path, file, limits),
            _ => Err(ReadError::NotASpreadsheet {
                file: file.to_owned(),
                what: "something other than a workbook".to_owned(),
            }),
        }
    }

    fn open_zip(path: &Path, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        let source = Source(path.to_owned());
        let mut archive = Archive::open(&source, file)?;
        let kind = package::kind(&mut archive)?;
        bounds::check_bounds(&mut archive, kind, limits)?;
        let (sheets, content) = match kind {
            "ods" => (ods::sheets(&source, file)?, Content::Ods),
            "xlsb" => {
                let book = xlsb::Book::open(&mut archive, limits)?;
                (book.infos.clone(), Content::Xlsb(book))
            }
            _ => {
                let package = package::open(&mut archive)?;
                let infos = package.sheets.iter().map(|sheet| SheetInfo {
                    name: sheet.name.clone(),
                    visible: sheet.visible,
                });
                let book = xlsx::Book::new(&source, file, *limits, &package);
                (infos.collect(), Content::Xlsx(book))
            }
        };
        Ok(Self::new(file, kind, limits, source, sheets, content))
    }

    fn open_compound(path: &Path, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        let source = Source(path.to_owned());
        let book = legacy::Book::open(&source, file, limits)?;
        let sheets = book.infos.clone();
        Ok(Self::new(file, "xls", limits, source, sheets, Content::Xls(book)))
    }

    fn new(
        file: &str,
        kind: &'static str,
        limits: &Limits,
        source: Source,
        sheets: Vec<SheetInfo>,
        content: Content,
    ) -> Self {
        Self {
            file: file.to_owned(),
            kind,
            limits: *limits,
            source,
            sheets,
            content,
            shelf: Arc::default(),
            read: Mutex::default(),
        }
    }

    /// `xlsx`, `xlsm`, `xlsb`, `xls` or `ods`.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The worksheets in the workbook's order; no charts, dialogs or macro sheets.
    pub(super) fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    /// Every row that has a cell with a value, in the sheet's order, with its own line and columns; gaps are empty
    /// cells. May be called again; readers don't disturb each other.
    pub(super) fn rows(&self, sheet: &str) -> Result<Box<dyn RowReader>, ReadError> {
        Ok(Box::new(Rows::new(self.chunks(sheet)?)))
    }

    /// The same rows, some hundred at a time.
    pub(super) fn chunks(&self, sheet: &str) -> Result<Chunks, ReadError> {
        Ok(Chunks::new(&self.file, Arc::clone(&self.sheet(sheet)?.spool)))
    }

    /// Merged cells.
    pub(super) fn merges(&self, sheet: &str) -> Result<Vec<Merge>, ReadError> {
        Ok(self.sheet(sheet)?.extras.merges.clone())
    }

    /// Lines of hidden rows, some of which may have no cell.
    pub(super) fn hidden_rows(&self, sheet: &str) -> Result<Vec<u64>, ReadError> {
        Ok(self.sheet(sheet)?.extras.hidden_rows.clone())
    }

    fn sheet(&self, name: &str) -> Result<Arc<Sheet>, ReadError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sheet) = read.get(name) {
            return Ok(Arc::clone(sheet));
        }
        let Some(index) = self.sheets.iter().position(|info| info.name == name) else {
            return Err(self.no_such_sheet(name));
        };
        let (source, limits) = (&self.source, self.limits);
        let sheet = apart(&self.file, || {
            let mut packing = Packing::new(&self.file, name, limits, Arc::clone(&self.shelf));
            let extras = match &self.content {
                Content::Xlsx(book) => book.read(index, &mut packing)?,
                Content::Ods => ods::read(source, &limits, &mut packing)?,
                Content::Xlsb(book) => xlsb_sheet::read(book, index, source, &limits, &mut packing)?,
                Content::Xls(book) => legacy_sheet::read(book, index, &mut packing)?,
            };
            let spool = Arc::new(packing.finish()?);
            Ok(Arc::new(Sheet { spool, extras }))
        })?;
        read.insert(name.to_owned(), Arc::clone(&sheet));
        Ok(sheet)
    }

    fn no_such_sheet(&self, sheet: &str) -> ReadError {
        ReadError::NoSuchSheet {
            file: self.file.clone(),
            sheet: sheet.to_owned(),
            known: self.sheets.iter().map(|info| info.name.clone()).collect(),
        }
    }
}

/// Runs work that may panic inside calamine, so that a hostile file is an error like any other.
fn apart<T>(file: &str, work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    guarded(work).unwrap_or_else(|| Err(package::damaged(file, "its records contradict each other".to_owned())))
}

fn too_many_cells(file: &str, sheet: &str, bound: u64) -> ReadError {
    ReadError::TooLarge {
        file: file.to_owned(),
        what: format!("sheet {sheet:?} has more than {bound} cells, gaps included"),
    }
}

/// A value below the last row: some programs have larger sheets than Excel.
fn beyond_last_row(file: &str, sheet: &str, row: u64) -> ReadError {
    let what = format!(
        "sheet {sheet:?} has a value in row {}, and its last row is {}",
        grouped(row),
        grouped(u64::from(MAX_ROWS))
    );
    package::damaged(file, what)
}

/// A value to the right of the last column.
fn beyond_last_column(file: &str, row: u64, column: u64) -> ReadError {
    let what = format!(
        "row {row} of a sheet has a value in column {}, and a sheet's last column is {}",
        grouped(column),
        grouped(u64::from(MAX_COLUMNS))
    );
    package::damaged(file, what)
}

fn too_long_row(file: &str, row: &Row, bound: usize) -> ReadError {
    ReadError::TooLarge {
        file: file.to_owned(),
        what: format!("the texts of row {} of a sheet take more than {bound} bytes", row.line),
    }
}

/// Every worksheet with all its rows, for tests.
#[cfg(test)]
pub(super) fn read_all(path: &Path) -> Result<Vec<(String, Vec<Row>)>, ReadError> {
    let workbook = Workbook::open(path, "book", &Limits::default())?;
    let mut all = Vec::new();
    for sheet in workbook.sheets() {
        let (mut reader, mut row, mut rows) = (workbook.rows(&sheet.name)?, Row::new(), Vec::new());
        while reader.next(&mut row)? {
            rows.push(row.clone());
        }
        all.push((sheet.name.clone(), rows));
    }
    Ok(all)
}
