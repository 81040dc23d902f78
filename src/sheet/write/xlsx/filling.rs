//! Workbooks to fill in: the notes and lists of a sheet's columns, the formats of its empty cells, and the sheet that explains
//! the columns.
//!
//! Doesn't belong here: rows (`xlsx`), what is explained (`form`).

use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, Format, Note, Workbook, Worksheet};

use super::SHEET_ROWS;
use super::content::CellLook;
use crate::item::Kind;
use crate::sheet::write::form::Form;
use crate::sheet::write::{Column, WriteError};

/// Gives a sheet's columns their notes, lists and formats.
pub(super) fn prepare(worksheet: &mut Worksheet, columns: &[Column], form: &Form) -> Result<(), WriteError> {
    for (index, column) in (0_u16..).zip(columns) {
        let look = match column.kind {
            Kind::Date => Some(CellLook::Date),
            Kind::Time => Some(CellLook::Time),
            Kind::Text | Kind::Number => None,
        };
        if let Some(look) = look.filter(|_| !column.id) {
            worksheet.set_column_format(index, &Format::new().set_num_format(look.code()))?;
        }
        let Some(filled) = form.column(&column.name) else {
            continue;
        };
        let note = Note::new(filled.note.as_str()).add_author_prefix(false).set_width(260);
        worksheet.insert_note(0, index, &note)?;
        if !filled.list.is_empty() {
            let list = DataValidation::new()
                .allow_list_strings(&filled.list)?
                // Other values are taken too.
                .set_error_style(DataValidationErrorStyle::Information)
                .set_error_title("Not in the list")?
                .set_error_message("Other values are allowed: check the spelling.")?;
            worksheet.add_data_validation(1, index, SHEET_ROWS - 1, index, &list)?;
        }
    }
    Ok(())
}

/// Adds the sheet that explains the columns.
pub(super) fn explain(workbook: &mut Workbook, form: &Form) -> Result<(), WriteError> {
    let bold = Format::new().set_bold();
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(form.guide)?.set_freeze_panes(1, 0)?;
    for (row, cells) in (0_u32..).zip(&form.rows) {
        for (index, text) in (0_u16..).zip(cells) {
            if row == 0 {
                worksheet.write_string_with_format(row, index, text, &bold)?;
            } else {
                worksheet.write_string(row, index, text)?;
            }
        }
    }
    for (index, width) in (0_u16..).zip([36, 10, 48, 28, 80]) {
        worksheet.set_column_width(index, width)?;
    }
    Ok(())
}
