//! xlsb: the workbook part, styles, shared texts and sheets as records of BIFF12 (MS-XLSB), each part read to the end of its
//! zip entry, where the checksum is compared.
//!
//! The records are read here and not by calamine 0.38, which skips the short cells that `SheetJS` and Aspose write (records 12
//! to 18), texts with formats in them (62) and the error values of formulas (11), and gives no formats.
//!
//! Doesn't belong here: a sheet's rows (`xlsb_sheet`), which part is which (`package`).

use std::io::{self, BufRead, BufReader, Read};

use super::SheetInfo;
use super::formats::Formats;
use super::legacy_texts::utf16;
use super::package::{Archive, Parts, damaged, not_unpacked};
use super::xlsx::Texts;
use crate::sheet::{Limits, NumberFormat, ReadError};

/// An entry of the table of texts (MS-XLSB 2.4.757).
const SST_ITEM: u32 = 19;
/// A number format (MS-XLSB 2.4.659).
const FORMAT: u32 = 44;
/// The styles of cells (MS-XLSB 2.4.25, 2.4.335), one of them (2.4.876); styles of other kinds stand elsewhere.
const BEGIN_STYLES: u32 = 617;
const END_STYLES: u32 = 618;
const STYLE: u32 = 47;
/// A sheet of the workbook (MS-XLSB 2.4.311), and what holds for all of them (2.4.858).
const SHEET: u32 = 156;
const PROPERTIES: u32 = 153;
/// How the workbook is calculated (MS-XLSB 2.4.312).
const CALCULATION: u32 = 157;

/// A workbook whose sheets can be read.
pub(super) struct Book {
    pub(super) infos: Vec<SheetInfo>,
    /// The sheets' parts.
    pub(super) parts: Vec<String>,
    pub(super) globals: Globals,
}

/// What the sheets have in common.
#[derive(Default)]
pub(super) struct Globals {
    pub(super) texts: Texts,
    pub(super) styles: Vec<NumberFormat>,
    pub(super) is_1904: bool,
    /// Whether the writer left it to the reader to calculate the formulas.
    pub(super) recalculates: bool,
}

impl Book {
    pub(super) fn open(archive: &mut Archive<'_>, limits: &Limits) -> Result<Self, ReadError> {
        let parts = Parts::of(archive, "xl/workbook.bin")?;
        let mut book = Self {
            infos: Vec::new(),
            parts: Vec::new(),
            globals: Globals::default(),
        };
        each_record(archive, &parts.main, limits, |kind, body| book.take(kind, body, &parts))?;
        if let Some(styles) = parts.named(archive, "styles")? {
            book.globals.styles = styles_of(archive, &styles, limits)?;
        }
        if let Some(strings) = parts.named(archive, "sharedStrings")? {
            let texts = &mut book.globals.texts;
            each_record(archive, &strings, limits, |kind, body| {
                if kind == SST_ITEM {
                    // Its first byte says what follows the text.
                    let (text, _) = wide(body, 1)?;
                    texts.push(&text);
                }
                Some(())
            })?;
        }
        Ok(book)
    }

    fn take(&mut self, kind: u32, body: &[u8], parts: &Parts) -> Option<()> {
        match kind {
            CALCULATION => self.globals.recalculates = body.get(24).is_some_and(|flags| flags & 1 != 0),
            PROPERTIES => self.globals.is_1904 = body.first()? & 1 != 0,
            SHEET => {
                let state = long(body, 0)?;
                // A sheet without a part is a module of macros.
                let Some((relation, behind)) = wide(body, 8) else {
                    return (long(body, 8)? == u32::MAX).then_some(());
                };
                let (name, _) = wide(body, behind)?;
                if let Some(part) = parts.worksheet(&relation) {
                    self.parts.push(part);
                    self.infos.push(SheetInfo {
                        name,
                        visible: state == 0,
                    });
                }
            }
            _ => {}
        }
        Some(())
    }
}

fn styles_of(archive: &mut Archive<'_>, part: &str, limits: &Limits) -> Result<Vec<NumberFormat>, ReadError> {
    let (mut formats, mut is_inside) = (Formats::default(), false);
    each_record(archive, part, limits, |kind, body| {
        match kind {
            FORMAT => {
                let (code, _) = wide(body, 2)?;
                formats.format(short(body, 0)?, &code);
            }
            BEGIN_STYLES => is_inside = true,
            END_STYLES => is_inside = false,
            STYLE if is_inside => formats.style(short(body, 2)?),
            _ => {}
        }
        Some(())
    })?;
    Ok(formats.styles())
}

/// Reads a part to its end and calls `take` for each record, which answers None if the record ends before what it is said to
/// hold.
fn each_record(
    archive: &mut Archive<'_>,
    part: &str,
    limits: &Limits,
    mut take: impl FnMut(u32, &[u8]) -> Option<()>,
) -> Result<(), ReadError> {
    let file = archive.file;
    let mut records = Records::new(archive.part(part)?, file, part, limits);
    while let Some(kind) = records.next()? {
        if take(kind, &records.body).is_none() {
            return Err(records.cut(kind));
        }
    }
    Ok(())
}

/// The records of a part.
pub(super) struct Records<'a, R> {
    from: BufReader<R>,
    file: &'a str,
    part: &'a str,
    most: usize,
    /// What the last record holds.
    pub(super) body: Vec<u8>,
}

impl<'a, R: Read> Records<'a, R> {
    pub(super) fn new(from: R, file: &'a str, part: &'a str, limits: &Limits) -> Self {
        Self {
            from: BufReader::with_capacity(1 << 16, from),
            file,
            part,
            most: limits.row_bytes,
            body: Vec::new(),
        }
    }

    /// Reads the next record and says of which type it is. None: the part is over.
    pub(super) fn next(&mut self) -> Result<Option<u32>, ReadError> {
        self.body.clear();
        let read = self.read();
        read.map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends in the middle of a record"),
            io::ErrorKind::FileTooLarge => ReadError::TooLarge {
                file: self.file.to_owned(),
                what: format!("a record of its part {} takes more than {} bytes", self.part, self.most),
            },
            _ => not_unpacked(self.file, self.part, &cause),
        })
    }

    fn read(&mut self) -> io::Result<Option<u32>> {
        if self.from.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let kind = self.variable(2)?;
        let length = self.variable(4)? as usize;
        if length > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // No room is made for more than there is.
        (&mut self.from).take(length as u64).read_to_end(&mut self.body)?;
        if self.body.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(kind))
    }

    /// A number of up to so many bytes, each of which says whether another follows (MS-XLSB 2.1.4).
    fn variable(&mut self, most: u32) -> io::Result<u32> {
        let mut number = 0;
        for place in 0..most {
            let mut byte = [0];
            self.from.read_exact(&mut byte)?;
            number |= u32::from(byte[0] & 0x7F) << (7 * place);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }

    /// The record that was read last ends before what it is said to hold.
    pub(super) fn cut(&self, kind: u32) -> ReadError {
        self.damaged(&format!("record {kind} is shorter than its stated length"))
    }

    pub(super) fn damaged(&self, why: &str) -> ReadError {
        damaged(self.file, format!("its part {} can't be read ({why})", self.part))
    }
}

pub(super) fn short(body: &[u8], at: usize) -> Option<u16> {
    let piece = body.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*piece))
}

pub(super) fn long(body: &[u8], at: usize) -> Option<u32> {
    let piece = body.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*piece))
}

/// A text of UTF-16 behind the number of its units, and the place behind it (MS-XLSB 2.5.168).
pub(super) fn wide(body: &[u8], at: usize) -> Option<(String, usize)> {
    let start = at.checked_add(4)?;
    let end = start.checked_add(usize::try_from(long(body, at)?).ok()?.checked_mul(2)?)?;
    let (pairs, _) = body.get(start..end)?.as_chunks::<2>();
    Some((utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))), end))
}
