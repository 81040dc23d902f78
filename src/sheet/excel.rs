//! Workbooks: xlsx, xlsm, xlsb, xls and ods as rows of typed cells.
//!
//! Belongs here: what kind of workbook the bytes are, its sheets, their rows with every cell at its own address, and
//! the bounds that keep a hostile file harmless. Doesn't: which row is the header, which sheet is meant (`sheet`).

mod blocks;
mod bounds;
mod cells;
mod compound;
mod element;
#[cfg(test)]
mod hostile_tests;
mod legacy;
mod markup;
mod ods;
mod ods_content;
mod ods_styles;
mod package;
mod packing;
#[cfg(test)]
mod packing_tests;
mod parsed;
#[cfg(test)]
mod parsed_tests;
mod probe;
mod scan;
mod source;
mod spool;
mod stream;
mod strings;
#[cfg(test)]
mod tests;
mod whole;
mod xlsb;
mod xlsx;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) use cells::serial_moment;
use package::{Archive, SheetEntry, damaged};
pub(super) use parsed::Chunks;
use parsed::{Parsed, ParsedRows};
use source::Source;
use stream::{RowSink, Stop};

use super::{Limits, ReadError, Row, RowReader};

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
    extras: Mutex<HashMap<String, Arc<Extras>>>,
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
    Xlsx {
        sheets: Vec<SheetEntry>,
        spare: xlsx::Spare,
        parsed: parsed::Sheets,
    },
    Ods,
    Xlsb,
    Held(Arc<whole::Held>),
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
        let source = Source::File(path.to_owned());
        let mut archive = Archive::open(&source, file)?;
        let kind = package::kind(&mut archive)?;
        bounds::check_bounds(&mut archive, kind, limits)?;
        let package = package::open(source.clone(), archive, kind)?;
        let (source, owned) = (package.source, file.to_owned());
        let from = source.clone();
        let (sheets, content) = match package.kind {
            "ods" => (ods::sheets(&source, file)?, Content::Ods),
            "xlsb" => (stream::apart(file, move || xlsb::sheets(&from, &owned))?, Content::Xlsb),
            _ => {
                let infos = package.sheets.iter();
                let infos = infos
                    .map(|sheet| SheetInfo {
                        name: sheet.name.clone(),
                        visible: sheet.visible,
                    })
                    .collect();
                let content = Content::Xlsx {
                    sheets: package.sheets,
                    spare: xlsx::Spare::default(),
                    parsed: parsed::Sheets::default(),
                };
                (infos, content)
            }
        };
        Ok(Self {
            file: file.to_owned(),
            kind: package.kind,
            limits: *limits,
            source,
            sheets,
            content,
            extras: Mutex::default(),
        })
    }

    fn open_compound(path: &Path, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        let source = Source::File(path.to_owned());
        let (from, owned, bounds) = (source.clone(), file.to_owned(), *limits);
        let held = stream::apart(file, move || {
            legacy::check(&from, &owned, &bounds)?;
            whole::Held::xls(&from, &owned, &bounds)
        })?;
        let (sheets, content) = (held.infos.clone(), Content::Held(Arc::new(held)));
        Ok(Self {
            file: file.to_owned(),
            kind: "xls",
            limits: *limits,
            source,
            sheets,
            content,
            extras: Mutex::default(),
        })
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
        let (source, file, name, limits) = (self.source.clone(), self.file.clone(), sheet.to_owned(), self.limits);
        match &self.content {
            Content::Held(held) => match held.rows(sheet) {
                Some(rows) => Ok(Box::new(rows)),
                None => Err(self.no_such_sheet(sheet)),
            },
            _ if !self.sheets.iter().any(|info| info.name == sheet) => Err(self.no_such_sheet(sheet)),
            Content::Ods => stream::rows(&self.file, move |sink| ods::read(&source, &file, &name, limits, sink)),
            Content::Xlsb => stream::rows(&self.file, move |sink| xlsb::read(&source, &file, &name, limits, sink)),
            Content::Xlsx { sheets, spare, .. } => {
                let Some(entry) = sheets.iter().find(|entry| entry.name == sheet).cloned() else {
                    return Err(self.no_such_sheet(sheet));
                };
                if let Some(parsed) = self.parsed(sheet) {
                    return Ok(Box::new(ParsedRows::new(Chunks::new(&self.file, parsed))));
                }
                let spare = Arc::clone(spare);
                stream::rows(&self.file, move |sink| {
                    xlsx::read(&source, &spare, &file, &entry, limits, sink)
                })
            }
        }
    }

    /// The same in chunks, where the sheet is of a kind that can be read so.
    pub(super) fn chunks(&self, sheet: &str) -> Option<Chunks> {
        Some(Chunks::new(&self.file, self.parsed(sheet)?))
    }

    fn parsed(&self, sheet: &str) -> Option<Arc<Parsed>> {
        let Content::Xlsx { sheets, parsed, .. } = &self.content else {
            return None;
        };
        let entry = sheets.iter().find(|entry| entry.name == sheet)?;
        parsed.get(&self.source, sheets, entry, &self.limits)
    }

    /// Merged cells; xlsb tells of none.
    pub(super) fn merges(&self, sheet: &str) -> Result<Vec<Merge>, ReadError> {
        match &self.content {
            Content::Held(held) => match held.merges(sheet) {
                Some(merges) => Ok(merges.to_vec()),
                None => Err(self.no_such_sheet(sheet)),
            },
            _ => Ok(self.extras(sheet)?.merges.clone()),
        }
    }

    /// Lines of hidden rows, some of which may have no cell; xls and xlsb tell of none.
    pub(super) fn hidden_rows(&self, sheet: &str) -> Result<Vec<u64>, ReadError> {
        Ok(self.extras(sheet)?.hidden_rows.clone())
    }

    /// Read once a sheet: it costs another pass over the sheet's XML.
    fn extras(&self, sheet: &str) -> Result<Arc<Extras>, ReadError> {
        if let Some(parsed) = self.parsed(sheet) {
            return Ok(Arc::clone(&parsed.extras));
        }
        let mut known = self.extras.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(sheet) {
            return Ok(Arc::clone(found));
        }
        let found = match &self.content {
            Content::Xlsx { sheets, .. } => match sheets.iter().find(|entry| entry.name == sheet) {
                Some(entry) => xlsx::extras(&self.source, &self.file, entry, &self.limits)?,
                None => return Err(self.no_such_sheet(sheet)),
            },
            Content::Ods => ods::extras(&self.source, &self.file, sheet, &self.limits)?,
            Content::Xlsb | Content::Held(_) => Extras::default(),
        };
        let found = Arc::new(found);
        known.insert(sheet.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    fn no_such_sheet(&self, sheet: &str) -> ReadError {
        ReadError::NoSuchSheet {
            file: self.file.clone(),
            sheet: sheet.to_owned(),
            known: self.sheets.iter().map(|info| info.name.clone()).collect(),
        }
    }
}

/// Turns a stream of addressed cells into rows, within the bounds.
struct Place<'a> {
    file: &'a str,
    sheet: &'a str,
    limits: Limits,
    line: Option<u32>,
    cells: u64,
    width: u64,
    /// The bytes of the texts of all rows before this one.
    text: u64,
}

impl<'a> Place<'a> {
    fn new(file: &'a str, sheet: &'a str, limits: Limits) -> Self {
        Self {
            file,
            sheet,
            limits,
            line: None,
            cells: 0,
            width: 0,
            text: 0,
        }
    }

    /// The row that a cell belongs to, and its column there. A new row begins where the address says so.
    fn take<'s>(&mut self, (row, column): (u32, u32), sink: &'s mut RowSink) -> Result<(&'s mut Row, usize), Stop> {
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            let what = format!(
                "sheet {:?} has a cell beyond the last row or column that Excel knows",
                self.sheet
            );
            return Err(Stop::Failed(damaged(self.file, what)));
        }
        if self.line != Some(row) {
            if self.line.is_some() {
                self.text = self.text.saturating_add(sink.current().text_len() as u64);
                sink.done()?;
            }
            // A text that cells share is a kind of compression, too.
            if self.text > self.limits.expanded_bytes {
                return Err(Stop::Failed(ReadError::TooLarge {
                    file: self.file.to_owned(),
                    what: format!(
                        "the texts of sheet {:?} come to more than {} bytes",
                        self.sheet, self.limits.expanded_bytes
                    ),
                }));
            }
            self.line = Some(row);
            self.width = 0;
            sink.start(u64::from(row) + 1);
        }
        if column as usize >= self.limits.columns {
            return Err(Stop::Failed(ReadError::TooLarge {
                file: self.file.to_owned(),
                what: format!("sheet {:?} has more than {} columns", self.sheet, self.limits.columns),
            }));
        }
        let width = u64::from(column) + 1;
        if width > self.width {
            self.cells += width - self.width;
            self.width = width;
        }
        if self.cells > self.limits.cells {
            return Err(Stop::Failed(too_many_cells(self.file, self.sheet, self.limits.cells)));
        }
        let current = sink.current();
        if current.text_len() > self.limits.row_bytes {
            return Err(Stop::Failed(too_long_row(self.file, current, self.limits.row_bytes)));
        }
        Ok((current, column as usize))
    }

    fn finish(self, sink: &mut RowSink) -> Result<(), Stop> {
        if self.line.is_some() {
            sink.done()?;
        }
        Ok(())
    }
}

fn too_many_cells(file: &str, sheet: &str, bound: u64) -> ReadError {
    ReadError::TooLarge {
        file: file.to_owned(),
        what: format!("sheet {sheet:?} has more than {bound} cells, gaps included"),
    }
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
