//! xlsx and xlsm: rows through calamine's cell reader; hidden rows and merged cells from the sheet's XML, for which
//! calamine has no streaming access.

use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};

use calamine::{Reader, Xlsx, XlsxError};
use quick_xml::events::{BytesStart, Event};

use super::cells::{number_format, put};
use super::package::{Archive, SheetEntry, attribute, damaged};
use super::source::{Bytes, Source};
use super::stream::{RowSink, Stop};
use super::{Extras, Merge};
use crate::sheet::{Limits, NumberFormat, ReadError};

/// One opened workbook that waits for the next reader: opening reads all shared strings, which is worth sparing.
pub(super) type Spare = Arc<Mutex<Option<Box<Xlsx<Bytes>>>>>;

/// Writes all rows of a sheet.
pub(super) fn read(
    source: &Source,
    spare: &Spare,
    file: &str,
    sheet: &str,
    limits: Limits,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    let waiting = spare.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut workbook = match waiting {
        Some(workbook) => workbook,
        None => Box::new(Xlsx::new(source.open(file)?).map_err(|cause| error(file, None, &cause))?),
    };
    let outcome = read_rows(&mut workbook, file, sheet, limits, sink);
    *spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(workbook);
    outcome
}

fn read_rows(
    workbook: &mut Xlsx<Bytes>,
    file: &str,
    sheet: &str,
    limits: Limits,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook
        .worksheet_cells_reader(sheet)
        .map_err(|cause| error(file, Some(sheet), &cause))?;
    let formats: Vec<NumberFormat> = cells
        .styles()
        .iter()
        .map(|style| {
            style
                .number_format
                .as_ref()
                .map_or(NumberFormat::Plain, |f| number_format(&f.format_code))
        })
        .collect();
    let mut place = super::Place::new(file, sheet, limits);
    while let Some((cell, style)) = cells
        .next_cell_with_style_id()
        .map_err(|cause| error(file, Some(sheet), &cause))?
    {
        let value = cell.get_value();
        if *value == calamine::DataRef::Empty {
            continue;
        }
        let (row, column) = place.take(cell.get_position(), sink)?;
        let format = formats.get(style).copied().unwrap_or_default();
        put(row, column, value, format, is_1904);
    }
    place.finish(sink)
}

/// Reads the sheet's XML once more for what the cell reader leaves out.
pub(super) fn extras(source: &Source, file: &str, sheet: &SheetEntry, limits: &Limits) -> Result<Extras, ReadError> {
    let mut archive = Archive::open(source, file)?;
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, archive.part(&sheet.part)?));
    xml.config_mut().check_end_names = false;
    let (mut extras, mut buffer, mut line) = (Extras::default(), Vec::new(), 0_u64);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => extras_of(&element, &mut line, &mut extras),
            Ok(Event::Eof) => return Ok(extras),
            Ok(_) => {}
            Err(cause) => return Err(damaged(file, format!("sheet {:?} can't be read ({cause})", sheet.name))),
        }
        if (extras.merges.len() + extras.hidden_rows.len()) as u64 > limits.cells {
            return Err(super::too_many_cells(file, &sheet.name, limits.cells));
        }
    }
}

fn extras_of(element: &BytesStart<'_>, line: &mut u64, extras: &mut Extras) {
    match element.local_name().as_ref() {
        "row" => {
            // A row without a number follows the one before it.
            *line = attribute(element, "r")
                .and_then(|r| r.parse().ok())
                .unwrap_or(line.saturating_add(1));
            let hidden = attribute(element, "hidden").is_some_and(|value| value == "1" || value == "true");
            if hidden {
                extras.hidden_rows.push(*line);
            }
        }
        "mergeCell" => extras
            .merges
            .extend(attribute(element, "ref").as_deref().and_then(merge)),
        _ => {}
    }
}

/// `A1:C2`.
fn merge(reference: &str) -> Option<Merge> {
    let (first, last) = reference.split_once(':')?;
    let (first, last) = (cell_address(first)?, cell_address(last)?);
    Some(Merge { first, last })
}

/// `C7` as row 7, column 2.
fn cell_address(reference: &str) -> Option<(u64, usize)> {
    let digits = reference.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = reference.split_at_checked(digits)?;
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0_usize;
    for letter in letters.bytes() {
        let value = letter
            .to_ascii_uppercase()
            .checked_sub(b'A')
            .filter(|value| *value < 26)?;
        column = column * 26 + usize::from(value) + 1;
    }
    Some((row.parse().ok()?, column.checked_sub(1)?))
}

/// calamine's error in the words of this program.
fn error(file: &str, sheet: Option<&str>, cause: &XlsxError) -> ReadError {
    let place = sheet.map_or_else(|| "its workbook part".to_owned(), |sheet| format!("sheet {sheet:?}"));
    match cause {
        XlsxError::Password => ReadError::PasswordProtected(file.to_owned()),
        XlsxError::XmlEof(tag) => damaged(file, format!("{place} ends in the middle (no closing </{tag}>)")),
        _ => damaged(file, format!("{place} can't be read ({cause})")),
    }
}
