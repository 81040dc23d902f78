//! xlsx and xlsm: rows through calamine's cell reader; hidden rows and merged cells from the sheet's XML, for which
//! calamine has no streaming access.
//!
//! Doesn't belong here: sheets as programs usually write them (`parsed`).

use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};

use calamine::{Reader, Xlsx, XlsxError};
use quick_xml::events::{BytesStart, Event};

use super::cells::{number_format, put};
use super::package::{Archive, SheetEntry, attribute, damaged};
use super::source::{Bytes, Source};
use super::stream::{RowSink, Stop};
use super::{Extras, Merge};
use crate::sheet::{Cell, Limits, NumberFormat, ReadError};

/// One opened workbook that waits for the next reader: opening reads all shared strings, which is worth sparing.
pub(super) type Spare = Arc<Mutex<Option<Box<Xlsx<Bytes>>>>>;

/// Writes all rows of a sheet.
pub(super) fn read(
    source: &Source,
    spare: &Spare,
    file: &str,
    entry: &SheetEntry,
    limits: Limits,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    let waiting = spare.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut workbook = match waiting {
        Some(workbook) => workbook,
        None => Box::new(Xlsx::new(source.open(file)?).map_err(|cause| error(file, None, &cause))?),
    };
    let outcome = read_rows(&mut workbook, source, file, entry, limits, sink);
    *spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(workbook);
    outcome
}

fn read_rows(
    workbook: &mut Xlsx<Bytes>,
    source: &Source,
    file: &str,
    entry: &SheetEntry,
    limits: Limits,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    let sheet = entry.name.as_str();
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
    let mut unknown_errors = None;
    loop {
        let (cell, style) = match cells.next_cell_with_style_id() {
            Ok(Some(found)) => found,
            Ok(None) => break,
            // calamine knows the seven oldest error values; one of the later ones has its place looked up.
            Err(XlsxError::CellError(_)) => {
                let rest = match &mut unknown_errors {
                    Some(rest) => rest,
                    none => none.insert(unknown_error_cells(source, file, entry)?.into_iter()),
                };
                let Some((position, text)) = rest.next() else {
                    return Err(Stop::Failed(damaged(
                        file,
                        format!("sheet {sheet:?} has an error value without a place"),
                    )));
                };
                let (row, column) = place.take(position, sink)?;
                row.set(column, Cell::Error(&text));
                continue;
            }
            Err(cause) => return Err(Stop::Failed(error(file, Some(sheet), &cause))),
        };
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

/// The error values that calamine knows.
const KNOWN_ERRORS: [&str; 7] = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"];

/// A cell's row and column, from 0, and its error value.
type ErrorCell = ((u32, u32), String);

/// The cells with an error value that calamine doesn't know (`#SPILL!`, `#ERROR!`, `#GETTING_DATA`), in the order in
/// which it stumbles over them. It passes over each of them and goes on; but it loses count of cells that have no
/// address of their own.
fn unknown_error_cells(source: &Source, file: &str, sheet: &SheetEntry) -> Result<Vec<ErrorCell>, ReadError> {
    let mut archive = Archive::open(source, file)?;
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, archive.part(&sheet.part)?));
    xml.config_mut().check_end_names = false;
    let unreadable = |what: &str| damaged(file, format!("sheet {:?} can't be read ({what})", sheet.name));
    let (mut found, mut buffer, mut cell, mut in_value) = (Vec::new(), Vec::new(), None, false);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => match element.local_name().as_ref() {
                "c" => {
                    let place = attribute(&element, "r").as_deref().and_then(cell_address);
                    let Some((row, column)) = place else {
                        return Err(unreadable(
                            "it has an error value that isn't known, and cells without addresses",
                        ));
                    };
                    let place = (u32::try_from(row.saturating_sub(1)), u32::try_from(column));
                    let is_error = attribute(&element, "t").is_some_and(|kind| kind == "e");
                    cell = if let (Ok(row), Ok(column), true) = (place.0, place.1, is_error) {
                        Some((row, column))
                    } else {
                        None
                    };
                }
                "v" => in_value = true,
                _ => {}
            },
            Ok(Event::End(element)) if element.local_name().as_ref() == "v" => in_value = false,
            Ok(Event::Text(text)) if in_value => {
                let text = text.xml10_content();
                if let Some(place) = cell.take().filter(|_| !KNOWN_ERRORS.contains(&text.as_ref())) {
                    found.push((place, text.into_owned()));
                }
            }
            Ok(Event::Eof) => return Ok(found),
            Ok(_) => {}
            Err(cause) => return Err(unreadable(&cause.to_string())),
        }
    }
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
