//! xls: its container, its password, and what the workbook says about all of its sheets: their names and places, the texts
//! that cells share, the number formats.
//!
//! The records are read here and not by calamine 0.38, which reads the texts of a BIFF8 file in its code page (record 0x0042),
//! loses a letter whose halves stand in two records (0x003C), skips formats numbered above 382 (0x041E), and gives no formats.
//!
//! Doesn't belong here: a sheet's rows (`legacy_sheet`), texts (`legacy_texts`), the container's chains (`compound`).

use std::collections::HashSet;
use std::io::Read;

use super::SheetInfo;
use super::compound::Compound;
use super::formats::Formats;
use super::legacy_texts::{Letters, Pieces, Records, code_page};
use super::package::damaged;
use super::source::Source;
use super::xlsx::Texts;
use crate::sheet::{Limits, NumberFormat, ReadError};

/// The record that says the rest is encrypted, XOR obfuscation included (MS-XLS 2.4.117).
const FILE_PASS: u16 = 0x002F;
/// The end of the workbook's globals, behind which no `FILE_PASS` comes, and of each sheet (MS-XLS 2.4.103).
pub(super) const END_OF_FILE: u16 = 0x000A;
/// The beginning of the globals, of a sheet, or of a chart inside a sheet (MS-XLS 2.4.21).
pub(super) const BEGIN: u16 = 0x0809;
/// A sheet's name and place (MS-XLS 2.4.28).
const BOUND_SHEET: u16 = 0x0085;
/// The texts that cells share (MS-XLS 2.4.265).
const SHARED_TEXTS: u16 = 0x00FC;
/// The code page of texts in BIFF5 (MS-XLS 2.4.52).
const CODE_PAGE: u16 = 0x0042;
/// Whether days are counted from 1904 (MS-XLS 2.4.77).
const DATE_MODE: u16 = 0x0022;
/// A number format (MS-XLS 2.4.126), and a style (MS-XLS 2.4.353).
const FORMAT: u16 = 0x041E;
const STYLE: u16 = 0x00E0;
/// The program that has calculated the formulas (MS-XLS 2.4.218); programs that calculate none don't write it.
const RECALC_ID: u16 = 0x01C1;
/// The version of the records of Excel 5.0 and 95, and of Excel 97 and later.
const BIFF5: u16 = 0x0500;
const BIFF8: u16 = 0x0600;

/// The file is held in memory.
const HELD_BYTES: u64 = 512 << 20;

/// A workbook whose sheets can be read.
pub(super) struct Book {
    pub(super) stream: Vec<u8>,
    pub(super) infos: Vec<SheetInfo>,
    /// Where the sheets begin in the stream.
    pub(super) places: Vec<usize>,
    pub(super) globals: Globals,
}

/// What the sheets have in common.
pub(super) struct Globals {
    pub(super) texts: Texts,
    pub(super) styles: Vec<NumberFormat>,
    pub(super) letters: Letters,
    pub(super) is_1904: bool,
    /// Whether the file names a program that has calculated the formulas.
    pub(super) is_calculated: bool,
}

impl Book {
    /// Opens a compound file that is an xls without a password.
    pub(super) fn open(source: &Source, file: &str, limits: &Limits) -> Result<Self, ReadError> {
        Self::of(stream(&held(source, file, limits)?, file)?, file)
    }

    fn of(stream: Vec<u8>, file: &str) -> Result<Self, ReadError> {
        let broken = |what: String| damaged(file, what);
        let mut records = Records::new(&stream, 0);
        let first = records.next().filter(|first| first.kind == BEGIN);
        let Some(version) = first.and_then(|first| first.body.first_chunk::<2>().copied()) else {
            return Err(broken("its records don't begin as those of a workbook".to_owned()));
        };
        let mut reading = Reading::new(match u16::from_le_bytes(version) {
            BIFF5 => Letters::Bytes(code_page(1252)),
            BIFF8 => Letters::Utf16,
            other => return Err(broken(format!("its records are of the unknown version {other:04X}"))),
        });
        while let Some(record) = records.next() {
            match record.kind {
                FILE_PASS => return Err(ReadError::PasswordProtected(file.to_owned())),
                END_OF_FILE => {
                    let Reading { infos, places, .. } = reading;
                    if places.iter().collect::<HashSet<_>>().len() < places.len() {
                        return Err(broken("two of its sheets begin at the same place".to_owned()));
                    }
                    let globals = Globals {
                        texts: reading.texts,
                        styles: reading.formats.styles(),
                        letters: reading.letters,
                        is_1904: reading.is_1904,
                        is_calculated: reading.is_calculated,
                    };
                    return Ok(Self {
                        stream,
                        infos,
                        places,
                        globals,
                    });
                }
                kind => reading.take(kind, records.pieces(&record)).ok_or_else(|| {
                    let at = record.at;
                    broken(format!("its record {kind:04X} at byte {at} can't be read to its end"))
                })?,
            }
        }
        Err(broken("its records end in the middle".to_owned()))
    }
}

/// The globals while they are read.
struct Reading {
    infos: Vec<SheetInfo>,
    places: Vec<usize>,
    texts: Texts,
    formats: Formats,
    letters: Letters,
    is_1904: bool,
    is_calculated: bool,
}

impl Reading {
    fn new(letters: Letters) -> Self {
        Self {
            infos: Vec::new(),
            places: Vec::new(),
            texts: Texts::default(),
            formats: Formats::default(),
            letters,
            is_1904: false,
            is_calculated: false,
        }
    }

    /// Takes what a record says. None: it ends before its end.
    fn take(&mut self, kind: u16, mut pieces: Pieces<'_>) -> Option<()> {
        match kind {
            // Texts of BIFF8 have no code page, whatever the record says.
            CODE_PAGE if matches!(self.letters, Letters::Bytes(_)) => {
                self.letters = Letters::Bytes(code_page(u16::from_le_bytes(pieces.take()?)));
            }
            DATE_MODE => self.is_1904 = pieces.take()? == [1, 0],
            FORMAT => {
                let number = u16::from_le_bytes(pieces.take()?);
                let code = self.letters.code(&mut pieces)?;
                self.formats.format(number, &code);
            }
            STYLE => {
                let [_, _, low, high] = pieces.take()?;
                self.formats.style(u16::from_le_bytes([low, high]));
            }
            BOUND_SHEET => self.sheet(&mut pieces)?,
            SHARED_TEXTS => self.shared_texts(&mut pieces)?,
            RECALC_ID => self.is_calculated = true,
            _ => {}
        }
        Some(())
    }

    fn sheet(&mut self, pieces: &mut Pieces<'_>) -> Option<()> {
        const WORKSHEET: u8 = 0;
        const HIDDEN: [u8; 2] = [1, 2];
        let place = u32::from_le_bytes(pieces.take()?);
        let [state, kind] = pieces.take()?;
        let mut name = self.letters.short_text(pieces)?;
        name.retain(|letter| letter != '\0');
        // No charts, macro sheets or modules.
        if kind == WORKSHEET {
            self.places.push(usize::try_from(place).ok()?);
            self.infos.push(SheetInfo {
                name,
                visible: !HIDDEN.contains(&(state & 3)),
            });
        }
        Some(())
    }

    /// The texts up to the end of the records, as some writers give a wrong count of them.
    fn shared_texts(&mut self, pieces: &mut Pieces<'_>) -> Option<()> {
        let _total: [u8; 4] = pieces.take()?;
        let count = u32::from_le_bytes(pieces.take()?);
        let mut read = 0;
        while !pieces.is_over() {
            match self.letters.text(pieces) {
                Some(text) => self.texts.push(&text),
                None if read >= count => break,
                None => return None,
            }
            read += 1;
        }
        Some(())
    }
}

fn held(source: &Source, file: &str, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let most = HELD_BYTES.min(limits.expanded_bytes);
    let mut bytes = Vec::new();
    let read = source.open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|cause| ReadError::Io {
        file: file.to_owned(),
        cause,
    })?;
    if bytes.len() as u64 > most {
        return Err(ReadError::TooLarge {
            file: file.to_owned(),
            what: format!("an xls is read into memory, and {} MiB are allowed", most >> 20),
        });
    }
    Ok(bytes)
}

/// The stream with the workbook's records.
fn stream(bytes: &[u8], file: &str) -> Result<Vec<u8>, ReadError> {
    let broken = |what: &str| damaged(file, what.to_owned());
    let compound = Compound::open(bytes).map_err(broken)?;
    // An encrypted xlsx, xlsm or xlsb (MS-OFFCRYPTO 2.3.4.4).
    if compound.has("EncryptedPackage") {
        return Err(ReadError::PasswordProtected(file.to_owned()));
    }
    let mut fault = None;
    for name in ["Workbook", "Book"] {
        match compound.stream(name) {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(what)) => fault = fault.or(Some(what)),
            None => {}
        }
    }
    if let Some(what) = fault {
        return Err(broken(what));
    }
    let what = if compound.has("WordDocument") {
        "a Word document"
    } else {
        "an Office file without a workbook"
    };
    Err(ReadError::NotASpreadsheet {
        file: file.to_owned(),
        what: what.to_owned(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::sheet::excel) fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        [&kind.to_le_bytes(), &length.to_le_bytes(), body].concat()
    }

    /// The beginning of globals (5) or of a sheet (16).
    pub(in crate::sheet::excel) fn begin(version: u16, kind: u16) -> Vec<u8> {
        record(BEGIN, &[version.to_le_bytes(), kind.to_le_bytes()].concat())
    }

    /// A workbook whose globals hold these records, and whose sheet S holds those.
    pub(in crate::sheet::excel) fn book(version: u16, globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> Vec<u8> {
        let entry = |place: usize| {
            let name: &[u8] = if version == BIFF8 { b"\x01\x00S" } else { b"\x01S" };
            let place = u32::try_from(place).unwrap().to_le_bytes();
            record(BOUND_SHEET, &[&place, &[0, 0][..], name].concat())
        };
        let (first, end) = ([begin(version, 5), globals.concat()].concat(), record(END_OF_FILE, &[]));
        let place = first.len() + entry(0).len() + end.len();
        [
            first,
            entry(place),
            end.clone(),
            begin(version, 16),
            sheet.concat(),
            end,
        ]
        .concat()
    }

    fn opened(stream: &[u8]) -> String {
        Book::of(stream.to_vec(), "book").map_or_else(|error| error.to_string(), |book| format!("{:?}", book.infos))
    }

    #[test]
    fn a_workbook_that_is_cut_or_of_another_version_is_damaged() {
        let whole = book(BIFF8, &[record(CODE_PAGE, &[0xE4, 4])], &[]);
        assert!(opened(&whole).contains("name: \"S\", visible: true"));
        for end in 0..whole.len() - begin(BIFF8, 16).len() - 4 {
            let error = opened(&whole[..end]);
            assert!(error.starts_with("book is damaged: its record"), "{error}");
        }
        for version in [0x0400, 0x0700] {
            let error = opened(&book(version, &[], &[]));
            assert!(error.contains("of the unknown version"), "{error}");
        }
        let half = book(BIFF8, &[record(FORMAT, &[200, 0, 9, 0, 0, b'd'])], &[]);
        assert!(opened(&half).contains("its record 041E at byte 8 can't be read to its end"));
    }

    #[test]
    fn a_sheet_of_many_names_is_refused() {
        let sheet = record(BOUND_SHEET, &[&99_u32.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
        let twice = book(BIFF8, &[sheet.clone(), sheet.clone()], &[]);
        assert!(opened(&twice).contains("two of its sheets begin at the same place"));
        // A chart may claim to be where it likes.
        let chart = record(BOUND_SHEET, &[&99_u32.to_le_bytes()[..], &[0, 2, 1, 0, b'C']].concat());
        assert!(!opened(&book(BIFF8, &[sheet, chart], &[])).contains('C'));
    }

    #[test]
    fn a_wrong_count_of_shared_texts_loses_none() {
        let texts = |count: u32, more: &[u8]| {
            let all = [&[0; 4][..], &count.to_le_bytes(), &[1, 0, 0, b'a', 1, 0, 0, b'b'], more].concat();
            Book::of(book(BIFF8, &[record(SHARED_TEXTS, &all)], &[]), "book").map(|book| book.globals.texts)
        };
        for count in [0, 1, 2, 9] {
            assert_eq!(texts(count, &[]).unwrap().get(1), Some("b"), "{count}");
        }
        // Something else behind the texts, and a text that is cut.
        assert_eq!(texts(2, &[9]).unwrap().get(1), Some("b"));
        assert!(texts(3, &[9]).is_err());
    }
}
