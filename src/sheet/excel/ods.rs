//! ods: rows straight from `content.xml` (`OpenDocument` 1.3 part 3). calamine's reader holds all sheets, and never ends
//! on a document that is cut inside a table; this one streams, and knows hidden rows, merged cells and number formats.
//!
//! Belongs here: which of a document's tables and rows are wanted, and for what. Doesn't: its elements (`ods_content`), its
//! styles (`ods_styles`).

use std::io::BufReader;

use quick_xml::events::Event;

use super::ods_content::{Stop, Taker, resolved, walk};
use super::ods_styles::Styles;
use super::package::{Archive, damaged};
use super::packing::Packing;
use super::source::Source;
use super::{Extras, MAX_ROWS, Merge, SheetInfo, beyond_last_row, too_many_cells};
use crate::sheet::{Cell, Limits, ReadError, Row};

const MANIFEST: &str = "META-INF/manifest.xml";
/// The part with the styles that have names of their own.
const STYLES: &str = "styles.xml";

/// The sheets, in order. The content is read to its end, so that a damaged one is found here.
pub(super) fn sheets(source: &Source, file: &str) -> Result<Vec<SheetInfo>, ReadError> {
    let mut archive = Archive::open(source, file)?;
    if archive.has(MANIFEST) {
        let manifest = archive.text(MANIFEST)?;
        if manifest.contains("encryption-data") {
            return Err(ReadError::PasswordProtected(file.to_owned()));
        }
        let names_styles = [format!("full-path=\"{STYLES}\""), format!("full-path='{STYLES}'")];
        if names_styles.iter().any(|name| manifest.contains(name)) && !archive.has(STYLES) {
            return Err(damaged(file, format!("its part {STYLES} is missing")));
        }
    }
    let mut list = List(Vec::new());
    let outcome = walk(archive.part("content.xml")?, file, Styles::default(), 0, &mut list);
    finished(outcome)?;
    Ok(list.0)
}

/// Packs all rows of a sheet.
pub(super) fn read(source: &Source, limits: &Limits, packing: &mut Packing) -> Result<Extras, ReadError> {
    let (file, sheet) = (packing.file().to_owned(), packing.sheet().to_owned());
    let mut archive = Archive::open(source, &file)?;
    let styles = shared_styles(&mut archive)?;
    let mut rows = Rows {
        packing,
        extras: Extras::default(),
        sheet: &sheet,
        file: &file,
        limits,
    };
    let content = archive.part("content.xml")?;
    finished(walk(content, &file, styles, limits.row_bytes, &mut rows))?;
    Ok(rows.extras)
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
    packing: &'a mut Packing,
    extras: Extras,
    sheet: &'a str,
    file: &'a str,
    limits: &'a Limits,
}

impl Taker for Rows<'_> {
    fn table(&mut self, name: &str, _visible: bool) -> bool {
        name == self.sheet
    }

    fn row(&mut self, row: &Row, repeat: u64, hidden: bool) -> Result<(), Stop> {
        if row.is_empty() {
            return Ok(());
        }
        let last = row.line.saturating_add(repeat);
        if last > u64::from(MAX_ROWS) + 1 {
            return Err(Stop::Failed(beyond_last_row(self.file, self.sheet, last - 1)));
        }
        if hidden {
            self.extras.hidden_rows.extend(row.line..last);
        }
        if (self.extras.hidden_rows.len() + self.extras.merges.len()) as u64 > self.limits.cells {
            return Err(Stop::Failed(too_many_cells(self.file, self.sheet, self.limits.cells)));
        }
        for line in row.line..last {
            let index = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
            for (column, cell) in (0_u32..).zip(row.cells()) {
                if cell != Cell::Empty {
                    let (to, column) = self.packing.cell((index, column))?;
                    to.set(column, cell);
                }
            }
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

/// The number styles that stand in `styles.xml`, where `LibreOffice` keeps those with a name of their own. Without them ids
/// lose their zeros, so they have to be readable.
fn shared_styles(archive: &mut Archive<'_>) -> Result<Styles, ReadError> {
    let mut styles = Styles::default();
    if !archive.has(STYLES) {
        return Ok(styles);
    }
    let file = archive.file;
    let unreadable = |what: &str| damaged(file, format!("its part {STYLES} can't be read ({what})"));
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, archive.part(STYLES)?));
    xml.config_mut().check_end_names = false;
    xml.config_mut().expand_empty_elements = true;
    let (mut buffer, mut depth, mut is_document) = (Vec::new(), 0_u64, false);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => {
                is_document |= element.local_name().as_ref() == "document-styles";
                depth += 1;
                styles.start(&element);
            }
            Ok(Event::End(element)) => {
                depth = depth.saturating_sub(1);
                styles.end(element.name().as_ref());
            }
            Ok(Event::Text(text)) => styles.text(&text.xml10_content()),
            Ok(Event::CData(text)) => styles.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => styles.text(&resolved(&reference).unwrap_or_default()),
            Ok(Event::Eof) if depth > 0 => return Err(unreadable("it ends in the middle")),
            Ok(Event::Eof) if !is_document => return Err(unreadable("it holds no styles")),
            Ok(Event::Eof) => return Ok(styles),
            Ok(_) => {}
            Err(cause) => return Err(unreadable(&cause.to_string())),
        }
    }
}
