//! xls: calamine reads it as a whole, so its sheets are held in memory; an xls has at most 65,536 rows of 256 columns.
//! It gives no number formats (dates are told) and no hidden rows; merged cells it does give.
//!
//! Doesn't belong here: whether the file may be read so (`legacy`).

use std::collections::HashMap;

use calamine::{Data, Range, Reader, Xls, XlsError};

use super::cells::put_owned;
use super::package::damaged;
use super::packing::Packing;
use super::source::Source;
use super::xlsb::worksheets;
use super::{Extras, Merge, SheetInfo, too_many_cells};
use crate::sheet::{Limits, NumberFormat, ReadError};

/// All sheets of a workbook.
pub(super) struct Held {
    pub(super) infos: Vec<SheetInfo>,
    sheets: HashMap<String, HeldSheet>,
    is_1904: bool,
}

struct HeldSheet {
    cells: Range<Data>,
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
                    first: place(area.start),
                    last: place(area.end),
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

    /// Packs all rows of a sheet.
    pub(super) fn read(&self, sheet: &str, packing: &mut Packing) -> Result<Extras, ReadError> {
        let Some(HeldSheet { cells, merges }) = self.sheets.get(sheet) else {
            return Ok(Extras::default());
        };
        // A range begins at its first row that has a cell, not at row 1.
        let (first_row, first_column) = cells.start().unwrap_or_default();
        for (row, column, value) in cells.used_cells() {
            let at = (position(first_row, row), position(first_column, column));
            let (row, column) = packing.cell(at)?;
            put_owned(row, column, value, NumberFormat::Plain, self.is_1904);
        }
        Ok(Extras {
            hidden_rows: Vec::new(),
            merges: merges.clone(),
        })
    }
}

/// A number within an xls, which has at most 65,536 rows.
fn position(first: u32, next: usize) -> u32 {
    first.saturating_add(u32::try_from(next).unwrap_or(u32::MAX))
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
    Ok(HeldSheet { cells, merges })
}

fn place((row, column): (u32, u32)) -> (u64, usize) {
    (u64::from(row) + 1, column as usize)
}

fn xls_error(file: &str, cause: &XlsError) -> ReadError {
    match cause {
        XlsError::Password => ReadError::PasswordProtected(file.to_owned()),
        _ => damaged(file, format!("its records can't be read ({cause})")),
    }
}
