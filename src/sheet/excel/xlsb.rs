//! xlsb: rows through calamine's cell reader. It gives no number formats (dates it does tell), no merged cells and no
//! hidden rows.
//!
//! Doesn't belong here: what a cell means (`cells`).

use calamine::{Reader, SheetType, SheetVisible, Xlsb, XlsbError};

use super::cells::put;
use super::package::damaged;
use super::packing::Packing;
use super::source::Source;
use super::{Extras, SheetInfo};
use crate::sheet::{NumberFormat, ReadError};

/// The workbook's worksheets.
pub(super) fn sheets(source: &Source, file: &str) -> Result<Vec<SheetInfo>, ReadError> {
    let workbook = Xlsb::new(source.open(file)?).map_err(|cause| error(file, None, &cause))?;
    Ok(worksheets(workbook.sheets_metadata()))
}

/// calamine's list without charts, dialogs and macros.
pub(super) fn worksheets(listed: &[calamine::Sheet]) -> Vec<SheetInfo> {
    listed
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| SheetInfo {
            name: sheet.name.clone(),
            visible: sheet.visible == SheetVisible::Visible,
        })
        .collect()
}

/// Packs all rows of a sheet.
pub(super) fn read(source: &Source, packing: &mut Packing) -> Result<Extras, ReadError> {
    let (file, sheet) = (packing.file().to_owned(), packing.sheet().to_owned());
    let failed = |cause: XlsbError| error(&file, Some(&sheet), &cause);
    let mut workbook = Xlsb::new(source.open(&file)?).map_err(|cause| error(&file, None, &cause))?;
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(failed)?;
    while let Some(cell) = cells.next_cell().map_err(failed)? {
        let value = cell.get_value();
        if *value == calamine::DataRef::Empty {
            continue;
        }
        let (row, column) = packing.cell(cell.get_position())?;
        put(row, column, value, NumberFormat::Plain, is_1904);
    }
    Ok(Extras::default())
}

fn error(file: &str, sheet: Option<&str>, cause: &XlsbError) -> ReadError {
    let place = sheet.map_or_else(|| "its workbook part".to_owned(), |sheet| format!("sheet {sheet:?}"));
    match cause {
        XlsbError::Password => ReadError::PasswordProtected(file.to_owned()),
        _ => damaged(file, format!("{place} can't be read ({cause})")),
    }
}
