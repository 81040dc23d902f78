//! Workbooks as `rust_xlsxwriter` writes them whole: what the quick way is compared with. Doesn't belong here: anything that a
//! user's file is made by.

use std::io::Read as _;

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

/// The cells of the first sheet as the file spells them, each with the format that its style stands for.
pub(in super::super) fn cells_of(bytes: &[u8]) -> Vec<String> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let (sheet, styles) = (part("xl/worksheets/sheet1.xml"), part("xl/styles.xml"));
    let xfs = styles
        .split_once("<cellXfs")
        .unwrap()
        .1
        .split_once("</cellXfs>")
        .unwrap()
        .0;
    let xfs: Vec<&str> = xfs.split("<xf ").skip(1).collect();
    let number = |text: &str, name: &str| -> Option<usize> {
        let rest = text.split_once(&format!("{name}=\""))?.1;
        rest.split_once('"')?.0.parse().ok()
    };
    // A format's code, and the colours.
    let look = |cell: &str| {
        let xf = xfs[number(cell.split_once('>').unwrap().0, " s").unwrap_or(0)];
        let id = number(xf, "numFmtId").unwrap();
        let custom = styles.split_once(&format!("<numFmt numFmtId=\"{id}\" formatCode=\""));
        let code = custom.map_or(id.to_string(), |(_, rest)| rest.split_once('"').unwrap().0.to_owned());
        format!("{code} {:?} {:?}", number(xf, "fontId"), number(xf, "fillId"))
    };
    let cells = sheet.split("<c r=").skip(1).map(|cell| {
        let end = cell.find("</row>").unwrap_or(cell.len());
        let bare = cell[..end]
            .split(" s=\"")
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
        format!("{} {}", look(cell), bare.collect::<String>().replace("\"\"", "\""))
    });
    cells.collect()
}
