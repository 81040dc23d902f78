//! xls: calamine reads it as a whole, so its sheets are held in memory; an xls has at most 65,536 rows of 256 columns.
//! It gives no number formats (dates are told) and no hidden rows; merged cells it does give.
//!
//! Doesn't belong here: whether the file may be read so (`legacy`).

use std::collections::HashMap;
use std::sync::Arc;

use calamine::{Data, Range, Reader, Xls, XlsError};

use super::cells::put_owned;
use super::package::damaged;
use super::source::Source;
use super::xlsb::worksheets;
use super::{Merge, SheetInfo, too_many_cells};
use crate::sheet::{Limits, ReadError, Row, RowReader};

/// All sheets of a workbook.
pub(super) struct Held {
    pub(super) infos: Vec<SheetInfo>,
    sheets: HashMap<String, HeldSheet>,
    is_1904: bool,
}

struct HeldSheet {
    cells: Arc<Range<Data>>,
    merges: Vec<Merge>,
}

impl Held {
    /// Reads an xls.
    pub(super) fn xls(source: &Source, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        let mut workbook = Xls::new(source.open(file)?).map_err(|cause| xls_error(file, &cause))?;
        let infos = worksheets(workbook.sheets_metadata());
        let mut sheets = HashMap::new();
        for info in &infos {
            let cells = workbook
                .worksheet_range(&info.name)
                .map_err(|cause| xls_error(file, &cause))?;
            let merges = workbook.merge_cells_by_sheet_name(&info.name).unwrap_or_default();
            let merges = merges
                .into_iter()
                .map(|area| Merge {
                    first: position(area.start),
                    last: position(area.end),
                })
                .collect();
            sheets.insert(info.name.clone(), held(cells, merges, file, &info.name, limits)?);
        }
        Ok(Self {
            infos,
            sheets,
            is_1904: workbook.has_1904_epoch(),
        })
    }

    /// The rows of a sheet.
    pub(super) fn rows(&self, sheet: &str) -> Option<HeldRows> {
        let cells = Arc::clone(&self.sheets.get(sheet)?.cells);
        Some(HeldRows {
            cells,
            next: 0,
            is_1904: self.is_1904,
        })
    }

    /// The merged cells of a sheet.
    pub(super) fn merges(&self, sheet: &str) -> Option<&[Merge]> {
        Some(&self.sheets.get(sheet)?.merges)
    }
}

fn held(
    cells: Range<Data>,
    merges: Vec<Merge>,
    file: &str,
    sheet: &str,
    limits: &Limits,
) -> Result<HeldSheet, ReadError> {
    let (height, width) = cells.get_size();
    if (height as u64).saturating_mul(width as u64) > limits.cells {
        return Err(too_many_cells(file, sheet, limits.cells));
    }
    Ok(HeldSheet {
        cells: Arc::new(cells),
        merges,
    })
}

fn position((row, column): (u32, u32)) -> (u64, usize) {
    (u64::from(row) + 1, column as usize)
}

/// Rows of a sheet that is held.
pub(super) struct HeldRows {
    cells: Arc<Range<Data>>,
    next: usize,
    is_1904: bool,
}

impl RowReader for HeldRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let (height, width) = self.cells.get_size();
        // A range begins at its first row that has a cell, not at row 1.
        let Some((first_row, first_column)) = self.cells.start() else {
            return Ok(false);
        };
        while self.next < height {
            let line = u64::from(first_row) + self.next as u64 + 1;
            row.clear(line);
            for column in 0..width {
                if let Some(value) = self.cells.get((self.next, column)) {
                    put_owned(row, first_column as usize + column, value, self.is_1904);
                }
            }
            self.next += 1;
            if !row.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn xls_error(file: &str, cause: &XlsError) -> ReadError {
    match cause {
        XlsError::Password => ReadError::PasswordProtected(file.to_owned()),
        _ => damaged(file, format!("its records can't be read ({cause})")),
    }
}
