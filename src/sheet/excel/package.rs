//! The zip around an xlsx, xlsm, xlsb or ods: which of them it is, whether it is bounded, and the parts that say
//! which sheets there are. Also what calamine won't take: macro sheets.
//!
//! Doesn't belong here: rows, and the bounds themselves (`bounds`).

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::{ZipArchive, ZipWriter};

use super::source::{Bytes, Source};
use crate::sheet::ReadError;

/// A part that is wanted as text is short; nothing is read beyond this.
const TEXT_BYTES: u64 = 64 << 20;
/// The relationship type that calamine knows and leaves alone.
const DIALOG_SHEET: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/dialogsheet";

/// A sheet as the workbook part lists it.
#[derive(Clone, Debug)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) visible: bool,
    /// The part that holds its cells.
    pub(super) part: String,
}

/// What a zip turned out to hold.
pub(super) struct Package {
    pub(super) kind: &'static str,
    /// Worksheets, for xlsx and xlsm; the other kinds list theirs elsewhere.
    pub(super) sheets: Vec<SheetEntry>,
    /// Where to read from: the file itself, or a copy that calamine takes.
    pub(super) source: Source,
}

/// An opened zip with the name to blame.
pub(super) struct Archive<'f> {
    pub(super) zip: ZipArchive<Bytes>,
    pub(super) names: Vec<String>,
    pub(super) file: &'f str,
}

impl<'f> Archive<'f> {
    pub(super) fn open(source: &Source, file: &'f str) -> Result<Self, ReadError> {
        let zip = ZipArchive::new(source.open(file)?).map_err(|cause| zip_error(file, "its zip archive", &cause))?;
        let names = zip.file_names().flatten().map(Cow::into_owned).collect();
        Ok(Self { zip, names, file })
    }

    /// A part's name as stored, whatever its case: some writers spell `SharedStrings.xml`.
    fn stored_name(&self, part: &str) -> Option<String> {
        let part = part.trim_start_matches('/');
        if self.zip.index_for_name(part).is_some() {
            return Some(part.to_owned());
        }
        self.names
            .iter()
            .find(|name| name.replace('\\', "/").eq_ignore_ascii_case(part))
            .cloned()
    }

    /// A part's number in the package.
    pub(super) fn index(&self, part: &str) -> Option<usize> {
        self.zip.index_for_name(&self.stored_name(part)?)
    }

    /// A part, unpacked as it is read.
    pub(super) fn part(&mut self, part: &str) -> Result<impl Read, ReadError> {
        let file = self.file;
        let Some(name) = self.stored_name(part) else {
            return Err(damaged(file, format!("its part {part} is missing")));
        };
        self.zip.by_name(&name).map_err(|cause| zip_error(file, part, &cause))
    }

    /// A small part as text.
    pub(super) fn text(&mut self, part: &str) -> Result<String, ReadError> {
        let file = self.file;
        let mut text = Vec::new();
        self.part(part)?
            .take(TEXT_BYTES)
            .read_to_end(&mut text)
            .map_err(|cause| damaged(file, format!("its part {part} can't be unpacked ({cause})")))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub(super) fn has(&self, part: &str) -> bool {
        self.stored_name(part).is_some()
    }
}

/// Reads a zip's sheets, as far as they are listed apart from their content. Its bounds have been checked.
pub(super) fn open(source: Source, mut archive: Archive<'_>, kind: &'static str) -> Result<Package, ReadError> {
    if !matches!(kind, "xlsx" | "xlsm") {
        return Ok(Package {
            kind,
            sheets: Vec::new(),
            source,
        });
    }
    let main = main_part(&mut archive)?;
    let listed = listed_sheets(&mut archive, &main)?;
    let unknown: Vec<&str> = listed
        .iter()
        .map(|sheet| sheet.relationship.as_str())
        .filter(|relationship| {
            !matches!(
                relationship.rsplit('/').next(),
                Some("worksheet" | "chartsheet" | "dialogsheet")
            )
        })
        .collect();
    let source = if unknown.is_empty() {
        source
    } else {
        without_macro_sheets(&mut archive, &rels_part(&main), &unknown)?
    };
    let sheets = listed
        .into_iter()
        .filter(|sheet| sheet.relationship.ends_with("/worksheet"))
        .map(|sheet| sheet.entry)
        .collect();
    Ok(Package { kind, sheets, source })
}

/// The kind of a workbook, by its content.
pub(super) fn kind(archive: &mut Archive<'_>) -> Result<&'static str, ReadError> {
    if archive.has("mimetype") {
        let mime = archive.text("mimetype")?;
        if mime.contains("opendocument.spreadsheet") {
            return Ok("ods");
        }
    }
    if archive.has("[Content_Types].xml") {
        let types = archive.text("[Content_Types].xml")?;
        if types.contains("ms-excel.sheet.binary.macroEnabled.main") {
            return Ok("xlsb");
        }
        if types.contains("macroEnabled.main+xml") && types.contains("ms-excel") {
            return Ok("xlsm");
        }
        if types.contains("spreadsheetml.sheet.main+xml") || types.contains("spreadsheetml.template.main+xml") {
            return Ok("xlsx");
        }
        if types.contains("wordprocessingml") {
            return Err(not_a_spreadsheet(archive.file, "a Word document"));
        }
        if types.contains("presentationml") {
            return Err(not_a_spreadsheet(archive.file, "a PowerPoint presentation"));
        }
    }
    if archive.has("xl/workbook.bin") {
        Ok("xlsb")
    } else if archive.has("xl/workbook.xml") {
        Ok(if archive.has("xl/vbaProject.bin") {
            "xlsm"
        } else {
            "xlsx"
        })
    } else if archive.has("content.xml") && archive.has("META-INF/manifest.xml") {
        Err(not_a_spreadsheet(
            archive.file,
            "an OpenDocument file, but no spreadsheet",
        ))
    } else {
        Err(not_a_spreadsheet(archive.file, "a zip archive without a workbook"))
    }
}

struct Listed {
    entry: SheetEntry,
    relationship: String,
}

/// The workbook part, by the package's relationships (ECMA-376 part 2); commonly `xl/workbook.xml`.
fn main_part(archive: &mut Archive<'_>) -> Result<String, ReadError> {
    let file = archive.file;
    let relations = relations(&archive.text("_rels/.rels")?, file, "_rels/.rels")?;
    relations
        .into_iter()
        .find(|relation| relation.kind.ends_with("/relationships/officeDocument"))
        .map(|relation| relation.target.trim_start_matches('/').to_owned())
        .ok_or_else(|| damaged(file, "it doesn't say which of its parts is the workbook".to_owned()))
}

fn rels_part(main: &str) -> String {
    match main.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{main}.rels"),
    }
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

fn relations(text: &str, file: &str, part: &str) -> Result<Vec<Relation>, ReadError> {
    let mut found = Vec::new();
    each_element(text, file, part, |element| {
        if element.local_name().as_ref() == "Relationship"
            && let (Some(id), Some(kind), Some(target)) = (
                attribute(element, "Id"),
                attribute(element, "Type"),
                attribute(element, "Target"),
            )
        {
            found.push(Relation { id, kind, target });
        }
    })?;
    Ok(found)
}

fn listed_sheets(archive: &mut Archive<'_>, main: &str) -> Result<Vec<Listed>, ReadError> {
    let file = archive.file;
    let rels = rels_part(main);
    let relations = relations(&archive.text(&rels)?, file, &rels)?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut sheets = Vec::new();
    each_element(&archive.text(main)?, file, main, |element| {
        if element.local_name().as_ref() != "sheet" {
            return;
        }
        let id = element
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.local_name().as_ref() == "id")
            .map(|attribute| attribute.value.into_owned());
        let relation = relations.iter().find(|relation| Some(&relation.id) == id.as_ref());
        if let (Some(name), Some(relation)) = (attribute(element, "name"), relation) {
            let part = match relation.target.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None if folder.is_empty() => relation.target.clone(),
                None => format!("{folder}/{}", relation.target),
            };
            let visible = attribute(element, "state").is_none_or(|state| state == "visible");
            let entry = SheetEntry { name, visible, part };
            sheets.push(Listed {
                entry,
                relationship: relation.kind.clone(),
            });
        }
    })?;
    Ok(sheets)
}

/// A copy of the zip in which macro sheets call themselves dialog sheets: calamine refuses a workbook with a sheet
/// of a type that it doesn't know, and leaves a dialog sheet alone.
fn without_macro_sheets(archive: &mut Archive<'_>, rels: &str, types: &[&str]) -> Result<Source, ReadError> {
    let file = archive.file;
    let mut text = archive.text(rels)?;
    for kind in types {
        text = text.replace(kind, DIALOG_SHEET);
    }
    let failed = |cause: zip::result::ZipError| zip_error(file, rels, &cause);
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.zip.len() {
        let entry = archive.zip.by_index_raw(index).map_err(failed)?;
        if entry.name().is_ok_and(|name| name.eq_ignore_ascii_case(rels)) {
            copy.start_file(rels, zip::write::SimpleFileOptions::default())
                .map_err(failed)?;
            copy.write_all(text.as_bytes()).map_err(|cause| failed(cause.into()))?;
        } else {
            copy.raw_copy_file(entry).map_err(failed)?;
        }
    }
    let bytes = copy.finish().map_err(failed)?.into_inner();
    Ok(Source::Memory(Arc::from(bytes)))
}

/// Calls `take` for each element's start.
fn each_element(text: &str, file: &str, part: &str, mut take: impl FnMut(&BytesStart<'_>)) -> Result<(), ReadError> {
    let mut xml = quick_xml::Reader::from_str(text);
    xml.config_mut().check_end_names = false;
    loop {
        match xml.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => take(&element),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(cause) => return Err(damaged(file, format!("its part {part} isn't well-formed ({cause})"))),
        }
    }
}

/// An attribute's value with its references resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}

pub(super) fn damaged(file: &str, what: String) -> ReadError {
    ReadError::Damaged {
        file: file.to_owned(),
        what,
    }
}

fn not_a_spreadsheet(file: &str, what: &str) -> ReadError {
    ReadError::NotASpreadsheet {
        file: file.to_owned(),
        what: what.to_owned(),
    }
}

pub(super) fn zip_error(file: &str, part: &str, cause: &zip::result::ZipError) -> ReadError {
    match cause {
        zip::result::ZipError::UnsupportedArchive(why) if why.contains("assword") => {
            ReadError::PasswordProtected(file.to_owned())
        }
        _ => damaged(file, format!("{part} can't be unpacked ({cause})")),
    }
}
