//! The zip around an xlsx, xlsm, xlsb or ods: which of them it is, whether it is bounded, and the parts that say
//! which sheets there are and where their styles and texts are.
//!
//! Doesn't belong here: rows, and the bounds themselves (`bounds`).

use std::borrow::Cow;
use std::io::{Error as IoError, Read};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::source::{Bytes, Source};
use crate::sheet::ReadError;

/// A part that is wanted as text is short; a longer one is refused.
const TEXT_BYTES: u64 = 64 << 20;
const ROOT: &str = "_rels/.rels";
const TYPES: &str = "[Content_Types].xml";
/// The usual main part.
const MAIN: &str = "xl/workbook.xml";

/// A sheet as the workbook part lists it.
#[derive(Clone, Debug)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) visible: bool,
    /// The part that holds its cells.
    pub(super) part: String,
}

/// The parts of an xlsx or xlsm.
pub(super) struct Package {
    /// Its worksheets; no charts, dialogs or macro sheets.
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) styles: Option<String>,
    /// The part with the texts that cells share.
    pub(super) strings: Option<String>,
    /// Whether its days are counted from 1904.
    pub(super) is_1904: bool,
    /// Whether its writer left it to the reader to calculate the formulas (`fullCalcOnLoad`).
    pub(super) recalculates: bool,
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

    /// A part, unpacked as it is read.
    pub(super) fn part(&mut self, part: &str) -> Result<ZipFile<'_, Bytes>, ReadError> {
        let file = self.file;
        let Some(name) = self.stored_name(part) else {
            return Err(damaged(file, format!("its part {part} is missing")));
        };
        self.zip.by_name(&name).map_err(|cause| zip_error(file, part, &cause))
    }

    /// A small part as text, read to the end of its entry, where the checksum is compared.
    pub(super) fn text(&mut self, part: &str) -> Result<String, ReadError> {
        let file = self.file;
        let mut text = Vec::new();
        self.part(part)?
            .take(TEXT_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|cause| not_unpacked(file, part, &cause))?;
        if text.len() as u64 > TEXT_BYTES {
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                what: format!("its part {part} takes more than {} MiB", TEXT_BYTES >> 20),
            });
        }
        check_encoding(&text, file, part)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub(super) fn has(&self, part: &str) -> bool {
        self.stored_name(part).is_some()
    }
}

/// Finds the parts of an xlsx or xlsm. Its bounds have been checked.
pub(super) fn open(archive: &mut Archive<'_>) -> Result<Package, ReadError> {
    let file = archive.file;
    let parts = Parts::of(archive, MAIN)?;
    let styles = parts.named(archive, "styles")?;
    let strings = parts.named(archive, "sharedStrings")?;
    let (mut sheets, mut is_1904, mut recalculates) = (Vec::new(), false, false);
    each_element(&archive.text(&parts.main)?, file, &parts.main, |element| {
        match element.local_name().as_ref() {
            "sheet" => sheets.extend(listed(element, &parts)),
            // An extension's element of the same name has no such attribute.
            "workbookPr" => {
                if let Some(epoch) = attribute(element, "date1904") {
                    is_1904 = matches!(epoch.as_str(), "1" | "true");
                }
            }
            "calcPr" => {
                recalculates =
                    attribute(element, "fullCalcOnLoad").is_some_and(|is| matches!(is.as_str(), "1" | "true"));
            }
            _ => {}
        }
    })?;
    // A sheet that isn't read is looked for, too: where it is missing, so may be other parts.
    if let Some(sheet) = sheets.iter().find(|sheet: &&SheetEntry| !archive.has(&sheet.part)) {
        return Err(damaged(file, format!("its part {} is missing", sheet.part)));
    }
    Ok(Package {
        sheets,
        styles,
        strings,
        is_1904,
        recalculates,
    })
}

/// The workbook part, wherever it lies, and the parts that it names.
pub(super) struct Parts {
    pub(super) main: String,
    relations: Vec<Relation>,
}

impl Parts {
    /// `usual` is the workbook part of a package that names none.
    pub(super) fn of(archive: &mut Archive<'_>, usual: &str) -> Result<Self, ReadError> {
        let main = main_part(archive)?.unwrap_or_else(|| usual.to_owned());
        let rels = rels_part(&main);
        let relations = relations(&archive.text(&rels)?, archive.file, &rels)?;
        Ok(Self { main, relations })
    }

    fn resolved(&self, target: &str) -> String {
        let folder = self.main.rsplit_once('/').map_or("", |(folder, _)| folder);
        resolved(folder, target)
    }

    /// The part with a worksheet's cells; none for a chart, a dialog or a macro sheet.
    pub(super) fn worksheet(&self, id: &str) -> Option<String> {
        let relation = self.relations.iter().find(|relation| relation.id == id)?;
        let is_worksheet = relation.kind.ends_with("/worksheet");
        is_worksheet.then(|| self.resolved(&relation.target))
    }

    /// The part of a kind, by the workbook's relationships, else by its usual name.
    pub(super) fn named(&self, archive: &Archive<'_>, kind: &str) -> Result<Option<String>, ReadError> {
        let relation = self
            .relations
            .iter()
            .find(|relation| relation.kind.rsplit('/').next() == Some(kind));
        let ending = self.main.rsplit_once('.').map_or("xml", |(_, ending)| ending);
        let part = match relation {
            Some(relation) => self.resolved(&relation.target),
            None => self.resolved(&format!("{kind}.{ending}")),
        };
        match (archive.has(&part), relation) {
            (true, _) => Ok(Some(part)),
            (false, Some(_)) => Err(damaged(archive.file, format!("its part {part} is missing"))),
            (false, None) => Ok(None),
        }
    }
}

/// A worksheet of the workbook part's list.
fn listed(element: &BytesStart<'_>, parts: &Parts) -> Option<SheetEntry> {
    let id = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == "id")
        .map(|attribute| attribute.value.into_owned())?;
    let part = parts.worksheet(&id)?;
    Some(SheetEntry {
        name: attribute(element, "name")?,
        visible: attribute(element, "state").is_none_or(|state| state == "visible"),
        part,
    })
}

/// The part that a relationship of a part in `folder` names (ECMA-376 part 2, 6.5.3.4).
fn resolved(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The kind of a workbook, by the type of its main part.
pub(super) fn kind(archive: &mut Archive<'_>) -> Result<&'static str, ReadError> {
    if archive.has("mimetype") {
        let mime = archive.text("mimetype")?;
        if mime.contains("opendocument.spreadsheet") {
            return Ok("ods");
        }
    }
    let main = main_part(archive)?;
    if let Some(main) = &main
        && archive.has(TYPES)
    {
        let kind = content_type(&archive.text(TYPES)?, archive.file, main)?.to_ascii_lowercase();
        if kind.contains("ms-excel.sheet.binary.macroenabled.main") {
            return Ok("xlsb");
        }
        if kind.contains("wordprocessingml") || kind.contains("ms-word") {
            return Err(not_a_spreadsheet(archive.file, "a Word document"));
        }
        if kind.contains("presentationml") || kind.contains("ms-powerpoint") {
            return Err(not_a_spreadsheet(archive.file, "a PowerPoint presentation"));
        }
        if kind.contains("ms-excel") && kind.contains("macroenabled.main+xml") {
            return Ok("xlsm");
        }
        if kind.contains("spreadsheetml") && kind.contains("main+xml") {
            return Ok("xlsx");
        }
    }
    if archive.has("xl/workbook.bin") {
        Ok("xlsb")
    } else if archive.has(MAIN) {
        Ok(if archive.has("xl/vbaProject.bin") {
            "xlsm"
        } else {
            "xlsx"
        })
    } else if archive.has("content.xml") && archive.has("META-INF/manifest.xml") {
        Err(not_a_spreadsheet(
            archive.file,
            "an OpenDocument file, but not a spreadsheet",
        ))
    } else if archive.has("Index/Document.iwa") || archive.has("Index.zip") {
        Err(not_a_spreadsheet(archive.file, "a document of Apple's iWork"))
    } else {
        Err(not_a_spreadsheet(archive.file, "a zip archive without a workbook"))
    }
}

/// The content type of a part: its own, else that of its name's ending (ECMA-376 part 2, 7.2.3). Empty if it has none.
fn content_type(types: &str, file: &str, part: &str) -> Result<String, ReadError> {
    let ending = part.rsplit_once('.').map_or("", |(_, ending)| ending);
    let (mut own, mut usual) = (None, None);
    each_element(types, file, TYPES, |element| {
        let is = |key, value: &str| {
            attribute(element, key).is_some_and(|name| name.trim_start_matches('/').eq_ignore_ascii_case(value))
        };
        match element.local_name().as_ref() {
            "Override" if is("PartName", part) => own = attribute(element, "ContentType"),
            "Default" if is("Extension", ending) => usual = attribute(element, "ContentType"),
            _ => {}
        }
    })?;
    Ok(own.or(usual).unwrap_or_default())
}

/// The main part, by the package's relationships (ECMA-376 part 2), if they name one.
fn main_part(archive: &mut Archive<'_>) -> Result<Option<String>, ReadError> {
    if !archive.has(ROOT) {
        return Ok(None);
    }
    let relations = relations(&archive.text(ROOT)?, archive.file, ROOT)?;
    Ok(relations
        .into_iter()
        .find(|relation| relation.kind.ends_with("/relationships/officeDocument"))
        .map(|relation| resolved("", &relation.target)))
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

/// Refuses a part in UTF-16, which a package may hold (ECMA-376 part 2, 8.1.4) and hardly any program writes.
pub(super) fn check_encoding(start: &[u8], file: &str, part: &str) -> Result<(), ReadError> {
    match start {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(damaged(
            file,
            format!("its part {part} is in UTF-16, which stockport doesn't read"),
        )),
        _ => Ok(()),
    }
}

/// A part can't be unpacked to its end.
pub(super) fn not_unpacked(file: &str, part: &str, cause: &IoError) -> ReadError {
    damaged(file, format!("its part {part} can't be unpacked ({cause})"))
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
