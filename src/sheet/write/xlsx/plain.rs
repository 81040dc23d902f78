//! Workbooks as `rust_xlsxwriter` writes them whole: what the quick way is compared with.

use rust_xlsxwriter::{Format, Formula, Workbook};

use super::super::Column;
use super::cells::{Content, content, looks_numeric};
use super::look::{HEADER_STYLE, Look, padded_style, styles};
use crate::sheet::{Cell, NumberFormat};

/// A workbook of these rows, some of whose cells are at fault.
pub(in super::super) fn workbook(columns: &[Column], rows: &[(Vec<Cell<'_>>, Vec<usize>)]) -> Vec<u8> {
    let widths: Vec<u8> = (1..=20).collect();
    let styles = styles(&widths);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().unwrap();
    for (index, column) in (0_u16..).zip(columns) {
        sheet
            .write_string_with_format(0, index, &column.name, &styles[HEADER_STYLE - 1])
            .unwrap();
    }
    let none = Format::new();
    for (row, (cells, bad)) in (1_u32..).zip(rows) {
        for (index, (cell, column)) in (0_u16..).zip(cells.iter().zip(columns)) {
            let marked = bad.contains(&usize::from(index));
            let style = |style: usize| style.checked_sub(1).map_or(&none, |style| &styles[style]);
            let look = |look: Look| style(look.style(marked));
            let own = if column.id { Look::Text } else { Look::General };
            match content(cell, column) {
                Content::Blank if marked => sheet.write_blank(row, index, look(own)),
                Content::Blank => continue,
                Content::Text(text) if column.id || marked || looks_numeric(&text) => {
                    sheet.write_string_with_format(row, index, text, look(Look::Text))
                }
                Content::Text(text) => sheet.write_string(row, index, text),
                Content::Bool(value) => sheet.write_boolean_with_format(row, index, value, look(Look::Bool)),
                Content::Digits(digits) => {
                    sheet.write_number_with_format(row, index, digits.parse::<f64>().unwrap(), look(own))
                }
                Content::Number(value, format) => {
                    let format = match format {
                        NumberFormat::Plain | NumberFormat::Padded(0) => look(own),
                        NumberFormat::Scientific => look(Look::Scientific),
                        NumberFormat::Percent => look(Look::Percent),
                        NumberFormat::Padded(width) => style(padded_style(usize::from(width) - 1, marked)),
                    };
                    sheet.write_number_with_format(row, index, value, format)
                }
                Content::Error(text) => {
                    let formula = Formula::new(format!("={text}")).set_result(text);
                    sheet.write_formula_with_format(row, index, formula, look(Look::General))
                }
                Content::Serial(serial, own) => sheet.write_number_with_format(row, index, serial, look(own)),
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}
