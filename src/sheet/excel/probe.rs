//! What calamine makes of a workbook's styles and parts, asked by a small copy of it: the same parts but for the large ones,
//! in whose place stand a few cells. So nothing of it is worked out a second time, and the large parts are left alone.
//!
//! Doesn't belong here: rows (`xlsx`, `parsed`).

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::sync::Arc;

use calamine::{DataRef, ExcelDateTimeType, Reader, Xlsx};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::cells::number_format;
use super::package::{Archive, SheetEntry};
use super::source::Source;
use crate::sheet::NumberFormat;

/// More styles than Excel knows.
const MOST_STYLES: usize = 70_000;
/// All that is copied, packed; parts beside the sheets and the table of texts are rarely a tenth of it.
const MOST_BYTES: u64 = 16 << 20;
/// A number that no style makes anything else of than a number or a date.
const NUMBER: &str = "1.5";

/// What a style makes of a number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// A date or an elapsed time.
    pub(super) moment: Option<ExcelDateTimeType>,
    pub(super) format: NumberFormat,
}

/// What the probe has told.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) styles: Vec<Style>,
    pub(super) is_1904: bool,
    /// The number of the part with the shared texts.
    pub(super) strings: Option<usize>,
    /// For each sheet's name, the number of its part.
    pub(super) parts: HashMap<String, usize>,
}

/// Asks calamine, which may panic. None: it won't open such a workbook, or takes other parts for the sheets.
pub(super) fn ask(source: &Source, sheets: &[SheetEntry]) -> Option<Probe> {
    let mut archive = Archive::open(source, "").ok()?;
    let numbers: Vec<usize> = sheets
        .iter()
        .map(|sheet| archive.index(&sheet.part))
        .collect::<Option<_>>()?;
    let small = small_copy(&mut archive, &numbers)?;
    let mut workbook = Xlsx::new(Cursor::new(small)).ok()?;
    let is_1904 = workbook.has_1904_epoch();
    let (mut styles, mut strings, mut parts) = (Vec::new(), None, HashMap::new());
    for (sheet, number) in sheets.iter().zip(numbers) {
        let mut cells = workbook.worksheet_cells_reader(&sheet.name).ok()?;
        let told = cells.next_cell().ok()??;
        if told.get_value() != &DataRef::Float(number as f64) {
            return None;
        }
        if parts.is_empty() {
            styles = (0..cells.styles().len()).map(|_| Style::default()).collect();
            for (style, look) in styles.iter_mut().zip(cells.styles()) {
                let code = look.number_format.as_ref().map(|format| format.format_code.as_str());
                style.format = code.map_or(NumberFormat::Plain, number_format);
            }
            for style in &mut styles {
                style.moment = match cells.next_cell().ok()??.get_value() {
                    DataRef::Float(_) => None,
                    DataRef::DateTime(moment) if moment.is_duration() => Some(ExcelDateTimeType::TimeDelta),
                    DataRef::DateTime(_) => Some(ExcelDateTimeType::DateTime),
                    _ => return None,
                };
            }
            // The last cell shows the first of the shared texts, which is their part's number.
            while let Ok(Some(cell)) = cells.next_cell() {
                if let DataRef::SharedString(text) = cell.get_value() {
                    strings = text.parse().ok();
                }
            }
        }
        parts.insert(sheet.name.clone(), number);
    }
    Some(Probe {
        styles,
        is_1904,
        strings,
        parts,
    })
}

fn small_copy(archive: &mut Archive<'_>, sheets: &[usize]) -> Option<Arc<[u8]>> {
    let (mut tables, mut copied, mut styles, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
    for index in 0..archive.zip.len() {
        let entry = archive.zip.by_index_raw(index).ok()?;
        let name = entry.name().ok()?.replace('\\', "/").to_ascii_lowercase();
        if sheets.contains(&index) {
            continue;
        }
        if name.ends_with("sharedstrings.xml") {
            tables.push(index);
        } else if matches!(name.rsplit('.').next(), Some("xml" | "rels")) && !name.contains("/worksheets/") {
            bytes += entry.compressed_size();
            copied.push((index, name.ends_with("styles.xml")));
        }
    }
    if bytes > MOST_BYTES {
        return None;
    }
    for (index, _) in copied.iter().filter(|(_, has_styles)| *has_styles) {
        let name = archive.names.get(*index)?.clone();
        styles += archive.text(&name).ok()?.matches("xf").count();
    }
    if styles > MOST_STYLES {
        return None;
    }
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, _) in copied {
        copy.raw_copy_file(archive.zip.by_index_raw(index).ok()?).ok()?;
    }
    let mut put = |archive: &mut Archive<'_>, index: usize, content: &str| {
        let name = archive.zip.by_index_raw(index).ok()?.name().ok()?.into_owned();
        copy.start_file(name, SimpleFileOptions::default()).ok()?;
        copy.write_all(content.as_bytes()).ok()
    };
    for index in tables {
        put(archive, index, &format!("<sst><si><t>{index}</t></si></sst>"))?;
    }
    let mut styled = String::new();
    for style in 0..styles {
        styled += &format!("<c s=\"{style}\"><v>{NUMBER}</v></c>");
    }
    for (at, index) in sheets.iter().enumerate() {
        // A part that two sheets share stands here once.
        if sheets.iter().position(|other| other == index) != Some(at) {
            continue;
        }
        let styled = if at == 0 { styled.as_str() } else { "" };
        put(
            archive,
            *index,
            &format!(
                "<worksheet><sheetData><row><c><v>{index}</v></c>{styled}<c t=\"s\"><v>0</v></c></row></sheetData></worksheet>"
            ),
        )?;
    }
    Some(Arc::from(copy.finish().ok()?.into_inner()))
}
