//! What has to be known of an xls before calamine reads it: that its container holds a workbook, whether it wants a
//! password, and that its sheets are of a size to be held in memory, which calamine trusts the file for.
//!
//! Doesn't belong here: its rows (`whole`), the container's chains (`compound`).

use std::io::Read;

use super::compound::Compound;
use super::package::damaged;
use super::source::Source;
use crate::sheet::{Limits, ReadError};

/// The record that says the rest is encrypted, XOR obfuscation included (MS-XLS 2.4.117).
const FILE_PASS: u16 = 0x002F;
/// The end of the workbook's globals, behind which no `FILE_PASS` comes, and of each sheet (MS-XLS 2.4.103).
const END_OF_FILE: u16 = 0x000A;
/// The beginning of the globals, of a sheet, or of a chart inside a sheet (MS-XLS 2.4.21).
const BEGIN: u16 = 0x0809;
/// A sheet's name and place (MS-XLS 2.4.28).
const BOUND_SHEET: u16 = 0x0085;
/// The rest of a record that is too long for one (MS-XLS 2.4.58).
const CONTINUE: u16 = 0x003C;
/// The texts that cells share (MS-XLS 2.4.265).
const SHARED_TEXTS: u16 = 0x00FC;
/// A cell with one of them (MS-XLS 2.4.149).
const LABEL_SST: u16 = 0x00FD;
/// The sheet's size, as the file claims it (MS-XLS 2.4.90).
const DIMENSIONS: u16 = 0x0200;
/// Several numbers in a row (MS-XLS 2.4.175).
const MUL_RK: u16 = 0x00BD;
/// Formula, `Number`, `Label`, `RString`, `BoolErr`, `RK`, `LabelSst`: each is one cell.
const CELLS: [u16; 7] = [0x0006, 0x0203, 0x0204, 0x00D6, 0x0205, 0x027E, LABEL_SST];

/// The file is held in memory, and its sheets once more.
const HELD_BYTES: u64 = 512 << 20;
/// What the texts of all cells may come to, in letters: each cell gets a copy of its own of a text that they share.
const MOST_LETTERS: u64 = 64 << 20;
/// A record goes on in so many others at most; each honest one holds 8 KiB, and calamine's time grows with the square.
const MOST_PIECES: usize = 1 << 15;
/// All that one sheet of an xls can hold (65,536 rows of 256 columns); here it is the bound for all sheets together.
const MOST_CELLS: u64 = 1 << 24;
/// Sheets with more room than this have to be filled: calamine keeps 32 bytes for each cell of the rectangle.
const SPARSE_CELLS: u64 = 1 << 22;
/// How many cells of the rectangle there may be for each that is there.
const SPARSENESS: u64 = 8;
const MOST_COLUMNS: u64 = 256;

/// Checks that a compound file is an xls that opens without a password and within the limits.
pub(super) fn check(source: &Source, file: &str, limits: &Limits) -> Result<(), ReadError> {
    let bytes = held(source, file, limits)?;
    let broken = |what: &str| damaged(file, what.to_owned());
    let compound = Compound::open(&bytes).map_err(broken)?;
    // An encrypted xlsx, xlsm or xlsb (MS-OFFCRYPTO 2.3.4.4).
    if compound.has("EncryptedPackage") {
        return Err(ReadError::PasswordProtected(file.to_owned()));
    }
    let mut fault = None;
    for name in ["Workbook", "Book"] {
        match compound.stream(name) {
            Some(Ok(stream)) => return check_records(&stream, file, limits),
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
            what: format!("an xls is held in memory, and of that {} MiB are allowed", most >> 20),
        });
    }
    Ok(bytes)
}

/// The records from a place on, each with its type; they end where the stream does, even inside one.
fn records(stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let (head, behind) = rest.split_first_chunk::<4>()?;
        let [a, b, c, d] = *head;
        let (body, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes([c, d])))?;
        rest = behind;
        Some((u16::from_le_bytes([a, b]), body))
    })
}

fn number(body: &[u8], at: usize) -> Option<u64> {
    let piece = body.get(at..at.checked_add(2)?)?;
    Some(u64::from(u16::from_le_bytes(piece.try_into().ok()?)))
}

fn long(body: &[u8], at: usize) -> Option<u32> {
    let piece = body.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(piece.try_into().ok()?))
}

fn check_records(stream: &[u8], file: &str, limits: &Limits) -> Result<(), ReadError> {
    let most = MOST_CELLS.min(limits.cells);
    check_pieces(stream).map_err(|what| damaged(file, what.to_owned()))?;
    let (mut places, mut shared) = (Vec::new(), Vec::new());
    let mut globals = records(stream).peekable();
    while let Some((kind, body)) = globals.next() {
        match kind {
            SHARED_TEXTS => {
                let mut pieces = vec![body];
                while let Some((_, piece)) = globals.next_if(|(kind, _)| *kind == CONTINUE) {
                    pieces.push(piece);
                }
                shared = lengths(&pieces);
            }
            FILE_PASS => return Err(ReadError::PasswordProtected(file.to_owned())),
            BOUND_SHEET => places.extend(long(body, 0)),
            END_OF_FILE => break,
            _ => {}
        }
    }
    let (mut total, mut spread, mut filled, mut text) = (0_u64, 0_u64, 0_u64, 0_u64);
    for place in places {
        let sheet = usize::try_from(place).ok().and_then(|place| stream.get(place..));
        let sheet = sheet.unwrap_or_default();
        let size = size_of(sheet, &shared, most).map_err(|what| damaged(file, what.to_owned()))?;
        // Several names may stand for the same cells, and each gets a copy.
        total = total.saturating_add(size.cells);
        spread = spread.saturating_add(size.spread);
        filled = filled.saturating_add(size.filled);
        let is_sparse = spread > SPARSE_CELLS.max(filled.saturating_mul(SPARSENESS));
        if total > most || is_sparse {
            let most = if is_sparse { most.min(SPARSE_CELLS) } else { most };
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                what: format!("its sheets have more than {most} cells, gaps included"),
            });
        }
        text = text.saturating_add(size.letters);
        let most = MOST_LETTERS.min(limits.expanded_bytes);
        if text > most {
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                what: format!("the texts of its cells have more than {most} letters"),
            });
        }
    }
    Ok(())
}

fn check_pieces(stream: &[u8]) -> Result<(), &'static str> {
    let mut pieces = 0;
    for (kind, _) in records(stream) {
        pieces = if kind == CONTINUE { pieces + 1 } else { 0 };
        if pieces > MOST_PIECES {
            return Err("one of its records goes on in too many others");
        }
    }
    Ok(())
}

/// How many letters each of the shared texts has (MS-XLS 2.5.293), as far as they can be read; what breaks off here does so in calamine.
fn lengths(pieces: &[&[u8]]) -> Vec<u64> {
    let mut lengths = Vec::new();
    let mut pieces = pieces.iter().copied();
    // The total and the number of texts come first.
    let Some(mut data) = pieces.next().and_then(|first| first.get(8..)) else {
        return lengths;
    };
    loop {
        if data.is_empty() {
            let Some(next) = pieces.next() else { return lengths };
            data = next;
            if data.is_empty() {
                lengths.push(0);
                continue;
            }
        }
        let Some(rest) = text_length(data, &mut pieces, &mut lengths) else {
            return lengths;
        };
        data = rest;
    }
}

/// One text: its length is added, and what comes behind it is given back.
fn text_length<'d>(
    data: &'d [u8],
    pieces: &mut impl Iterator<Item = &'d [u8]>,
    lengths: &mut Vec<u64>,
) -> Option<&'d [u8]> {
    let length = number(data, 0)?;
    let mut flags = *data.get(2)?;
    let mut rest = data.get(3..)?;
    let mut behind = 0_usize;
    if flags & 8 != 0 {
        behind = usize::try_from(number(rest, 0)?).ok()?.checked_mul(4)?;
        rest = rest.get(2..)?;
    }
    if flags & 4 != 0 {
        behind = behind.checked_add(usize::try_from(long(rest, 0)?).ok()?)?;
        rest = rest.get(4..)?;
    }
    lengths.push(length);
    let mut missing = usize::try_from(length).ok()?;
    loop {
        let width = if flags & 1 != 0 { 2 } else { 1 };
        let here = (rest.len() / width).min(missing);
        rest = rest.get(here * width..)?;
        missing -= here;
        if missing == 0 {
            break;
        }
        // The rest of a text that goes on says anew how wide its letters are.
        (flags, rest) = pieces.next()?.split_first().map(|(flags, rest)| (*flags, rest))?;
    }
    while behind > 0 {
        if rest.is_empty() {
            rest = pieces.next()?;
        }
        let here = rest.len().min(behind);
        rest = rest.get(here..)?;
        behind -= here;
    }
    Some(rest)
}

/// What a sheet comes to in memory.
struct Size {
    /// How many cells calamine makes room for: those of the rectangle around all cells, or as many as the sheet claims;
    /// no fewer than it has records, so that a sheet of many names and no cells is bounded, too.
    cells: u64,
    /// How many cells the rectangle has, and how many of them have a value.
    spread: u64,
    filled: u64,
    /// The letters of the texts that its cells share with others; other texts stand in the sheet themselves.
    letters: u64,
}

fn size_of(sheet: &[u8], shared: &[u64], most: u64) -> Result<Size, &'static str> {
    let (mut begun, mut depth, mut count, mut claimed, mut letters) = (false, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut filled = 0_u64;
    let (mut rows, mut columns) = ((u64::MAX, 0), (u64::MAX, 0));
    for (kind, body) in records(sheet) {
        count += 1;
        match kind {
            BEGIN if begun => depth += 1,
            BEGIN => begun = true,
            END_OF_FILE if depth == 0 => break,
            END_OF_FILE => depth -= 1,
            // A chart inside the sheet has cells of its own, which are passed over.
            _ if depth > 0 => {}
            DIMENSIONS => claimed = claimed.saturating_add(claim(body).unwrap_or(0)),
            _ if kind == MUL_RK || CELLS.contains(&kind) => {
                let (Some(row), Some(first)) = (number(body, 0), number(body, 2)) else {
                    continue;
                };
                let more = if kind == MUL_RK { body.len() as u64 / 6 } else { 1 };
                filled += more;
                let last = first + more.saturating_sub(1);
                if last >= MOST_COLUMNS {
                    return Err("a sheet has a cell beyond the last column that an xls can have");
                }
                rows = (rows.0.min(row), rows.1.max(row));
                columns = (columns.0.min(first), columns.1.max(last));
                if kind == LABEL_SST {
                    let index = long(body, 6).and_then(|index| usize::try_from(index).ok());
                    let length = index.and_then(|index| shared.get(index));
                    letters = letters.saturating_add(length.copied().unwrap_or(0));
                }
            }
            _ => {}
        }
        if count > most {
            break;
        }
    }
    let extent = |(first, last): (u64, u64)| last.checked_sub(first).map_or(0, |between| between + 1);
    let spread = extent(rows).saturating_mul(extent(columns));
    Ok(Size {
        cells: spread.max(count).max(claimed),
        spread,
        filled,
        letters,
    })
}

/// The number of cells that calamine makes out of the claim. Where the end stands before the beginning, its 32-bit
/// difference is huge, and so is the room it asks for.
fn claim(body: &[u8]) -> Option<u64> {
    let short = |at| number(body, at).and_then(|value| u32::try_from(value).ok());
    let (top, bottom, left, right) = match body.len() {
        10 => (short(0)?, short(2)?, short(4)?, short(6)?),
        14 | 16 => (long(body, 0)?, long(body, 4)?, short(8)?, short(10)?),
        _ => return None,
    };
    if bottom == 0 || right == 0 {
        return Some(1);
    }
    let left = if left > 0xFF || right < left { 0 } else { left };
    let rows = bottom.wrapping_sub(top);
    Some(u64::from(rows).saturating_mul(u64::from(right.wrapping_sub(left))))
}

#[cfg(test)]
#[path = "legacy_tests.rs"]
mod tests;
