//! ods: rows straight from `content.xml` (`OpenDocument` 1.3 part 3). calamine's reader holds all sheets, and never ends
//! on a document that is cut inside a table; this one streams, and knows hidden rows, merged cells and number formats.
//!
//! Belongs here: which of a document's tables and rows are wanted, and for what. Doesn't: its elements (`ods_content`), its
//! styles (`ods_styles`).

use std::io::BufReader;

use quick_xml::events::Event;

use super::ods_content::{Taker, walk};
use super::ods_styles::Styles;
use super::package::Archive;
use super::source::Source;
use super::stream::{RowSink, Stop};
use super::{Extras, MAX_ROWS, Merge, Place, SheetInfo, too_many_cells};
use crate::sheet::{Cell, Limits, ReadError, Row};

/// The sheets, in order.
pub(super) fn sheets(source: &Source, file: &str) -> Result<Vec<SheetInfo>, ReadError> {
    let mut archive = Archive::open(source, file)?;
    if archive
        .text("META-INF/manifest.xml")
        .is_ok_and(|manifest| manifest.contains("encryption-data"))
    {
        return Err(ReadError::PasswordProtected(file.to_owned()));
    }
    let mut list = List(Vec::new());
    let outcome = walk(archive.part("content.xml")?, file, Styles::default(), 0, &mut list);
    finished(outcome)?;
    Ok(list.0)
}

/// Writes all rows of a sheet.
pub(super) fn read(source: &Source, file: &str, sheet: &str, limits: Limits, sink: &mut RowSink) -> Result<(), Stop> {
    let mut archive = Archive::open(source, file)?;
    let styles = shared_styles(&mut archive)?;
    let mut rows = Rows {
        place: Place::new(file, sheet, limits),
        sheet,
        sink,
    };
    match walk(archive.part("content.xml")?, file, styles, limits.row_bytes, &mut rows) {
        Err(Stop::Unwanted) if rows.sink.is_wanted() => {}
        outcome => outcome?,
    }
    let Rows { place, sink, .. } = rows;
    place.finish(sink)
}

/// Hidden rows and merged cells of a sheet.
pub(super) fn extras(source: &Source, file: &str, sheet: &str, limits: &Limits) -> Result<Extras, ReadError> {
    let mut archive = Archive::open(source, file)?;
    let mut found = Beside {
        extras: Extras::default(),
        sheet,
        file,
        limits,
    };
    let content = archive.part("content.xml")?;
    let outcome = walk(content, file, Styles::default(), limits.row_bytes, &mut found);
    finished(outcome)?;
    Ok(found.extras)
}

/// A taker that has all it wants says `Unwanted`; that is no failure.
fn finished(outcome: Result<(), Stop>) -> Result<(), ReadError> {
    match outcome {
        Err(Stop::Failed(error)) => Err(error),
        Ok(()) | Err(Stop::Unwanted) => Ok(()),
    }
}

struct List(Vec<SheetInfo>);

impl Taker for List {
    fn table(&mut self, name: &str, visible: bool) -> bool {
        self.0.push(SheetInfo {
            name: name.to_owned(),
            visible,
        });
        false
    }
    fn row(&mut self, _row: &Row, _repeat: u64, _hidden: bool) -> Result<(), Stop> {
        Ok(())
    }
    fn end(&mut self) -> Result<(), Stop> {
        Ok(())
    }
}

struct Rows<'a> {
    place: Place<'a>,
    sheet: &'a str,
    sink: &'a mut RowSink,
}

impl Taker for Rows<'_> {
    fn table(&mut self, name: &str, _visible: bool) -> bool {
        name == self.sheet
    }

    fn row(&mut self, row: &Row, repeat: u64, _hidden: bool) -> Result<(), Stop> {
        if row.is_empty() {
            return Ok(());
        }
        let last = row.line.saturating_add(repeat).min(u64::from(MAX_ROWS) + 1);
        for line in row.line..last {
            let index = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
            for (column, cell) in (0_u32..).zip(row.cells()) {
                if cell != Cell::Empty {
                    let (to, column) = self.place.take((index, column), self.sink)?;
                    to.set(column, cell);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        Err(Stop::Unwanted)
    }
}

struct Beside<'a> {
    extras: Extras,
    sheet: &'a str,
    file: &'a str,
    limits: &'a Limits,
}

impl Taker for Beside<'_> {
    fn table(&mut self, name: &str, _visible: bool) -> bool {
        name == self.sheet
    }

    fn row(&mut self, row: &Row, repeat: u64, hidden: bool) -> Result<(), Stop> {
        if hidden && !row.is_empty() {
            let last = row.line.saturating_add(repeat).min(u64::from(MAX_ROWS) + 1);
            self.extras.hidden_rows.extend(row.line..last);
        }
        if (self.extras.hidden_rows.len() + self.extras.merges.len()) as u64 > self.limits.cells {
            return Err(Stop::Failed(too_many_cells(self.file, self.sheet, self.limits.cells)));
        }
        Ok(())
    }

    fn merge(&mut self, merge: Merge) {
        self.extras.merges.push(merge);
    }

    fn end(&mut self) -> Result<(), Stop> {
        Err(Stop::Unwanted)
    }
}

/// The number styles that stand in `styles.xml`, where `LibreOffice` keeps those with a name of their own.
fn shared_styles(archive: &mut Archive<'_>) -> Result<Styles, ReadError> {
    let mut styles = Styles::default();
    if !archive.has("styles.xml") {
        return Ok(styles);
    }
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, archive.part("styles.xml")?));
    xml.config_mut().check_end_names = false;
    xml.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => styles.start(&element),
            Ok(Event::End(element)) => styles.end(element.name().as_ref()),
            // How a number was shown is a help, no more: what can't be read of it is done without.
            Ok(Event::Eof) | Err(_) => return Ok(styles),
            Ok(_) => {}
        }
    }
}
