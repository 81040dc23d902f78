//! Everything of a workbook but its rows, by `rust_xlsxwriter`: styles, columns, panes, filters and properties.
//!
//! Doesn't belong here: cells (`encode`), which are put in afterwards.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::super::{Column, WriteError};
use super::look::{styles, text};
use super::{SHEET_COLUMNS, sheet_name};
use crate::item::Kind;
use crate::parallel::guarded;

/// A workbook without rows but with the styles that `look` counts, as a zip file; `rows` of each sheet, the header among
/// them, are what its filter spans.
pub(super) fn template(columns: &[(Column, String)], rows: &[u32], padded: &[u8]) -> Result<Vec<u8>, WriteError> {
    let built = guarded(|| build(columns, rows, padded));
    // It starts a thread for each sheet, whatever the number of sheets.
    let built = built.ok_or_else(|| WriteError::Io(std::io::Error::other("the system refuses a thread")))?;
    built.map_err(|cause| match cause {
        XlsxError::IoError(cause) | XlsxError::ZipError(zip::result::ZipError::Io(cause)) => WriteError::Io(cause),
        cause => WriteError::Workbook(cause.to_string()),
    })
}

fn build(columns: &[(Column, String)], rows: &[u32], padded: &[u8]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for (number, rows) in rows.iter().enumerate() {
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(number))?;
        sheet.set_freeze_panes(1, 0)?;
        if number == 0 {
            // A style gets its number with the first cell that has it. The rows replace these cells.
            for (index, style) in (0_u32..).zip(styles(padded)) {
                sheet.write_blank(index, 0, &style)?;
            }
        }
        for (index, (column, _)) in (0_u16..).zip(columns) {
            sheet.set_column_width(index, width(column))?;
            if column.id {
                // So that an id that is typed in below stays text as well.
                sheet.set_column_format(index, &text())?;
            }
        }
        if let Some(last) = columns
            .len()
            .min(SHEET_COLUMNS)
            .checked_sub(1)
            .and_then(|last| u16::try_from(last).ok())
        {
            sheet.autofilter(0, 0, rows.saturating_sub(1), last)?;
        }
    }
    book.save_to_buffer()
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
