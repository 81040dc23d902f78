//! The compound file around an xls (MS-CFB): its streams, by walks that are certain to end.
//!
//! calamine follows the same chains without counting its steps, so a chain that leads back into itself fills the memory;
//! what can't be walked here is not given to it. In all else this is as patient as calamine: neither checksums nor the
//! tree of names nor unused parts matter.
//!
//! Doesn't belong here: what the streams hold (`legacy`).

/// The first sector number that is none (MS-CFB 2.1).
const RESERVED: u32 = 0xFFFF_FFFA;
/// From this number on an entry of the table of tables is no sector of it.
const NO_TABLE: u32 = 0xFFFF_FFFC;
const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
/// Streams below this size stand in the short sectors.
const SHORT_STREAM: u64 = 4096;
const SHORT_SECTOR: usize = 64;
const ENTRY: usize = 128;

/// The file, with its table of sectors read.
pub(super) struct Compound<'b> {
    bytes: &'b [u8],
    sector: usize,
    table: Vec<u32>,
    entries: Vec<Entry>,
    short: Vec<u8>,
    short_table: Vec<u32>,
}

struct Entry {
    name: String,
    start: u32,
    length: u64,
}

/// Why a compound file can't be walked, for a message.
type Fault = &'static str;

const CUT: Fault = "it ends in the middle of its container";
const CIRCLE: Fault = "its container is circular";

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let piece = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(piece.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let piece = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(piece.try_into().ok()?))
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|piece| {
        piece
            .iter()
            .rev()
            .fold(0, |number, byte| (number << 8) | u32::from(*byte))
    })
}

/// A sector, or what the file's end leaves of it.
fn sector_of(data: &[u8], size: usize, number: u32) -> Option<&[u8]> {
    let start = usize::try_from(number).ok()?.checked_mul(size)?;
    let rest = data.get(start..)?;
    Some(rest.get(..size).unwrap_or(rest))
}

/// The sectors that begin with this one, in one piece: the first `length` bytes.
fn chain(data: &[u8], size: usize, table: &[u32], first: u32, length: u64) -> Result<Vec<u8>, Fault> {
    let (mut whole, mut next, mut steps) = (Vec::new(), first, 0);
    while next != END_OF_CHAIN {
        let piece = sector_of(data, size, next).ok_or(CUT)?;
        let missing = usize::try_from(length - whole.len() as u64).unwrap_or(usize::MAX);
        whole.extend_from_slice(piece.get(..missing).unwrap_or(piece));
        if whole.len() as u64 >= length {
            break;
        }
        steps += 1;
        if steps > table.len() {
            return Err(CIRCLE);
        }
        let place = usize::try_from(next).map_err(|_| CUT)?;
        next = *table.get(place).ok_or(CUT)?;
    }
    Ok(whole)
}

impl<'b> Compound<'b> {
    /// Reads the tables and the list of streams (MS-CFB 2.2 to 2.6).
    pub(super) fn open(file: &'b [u8]) -> Result<Self, Fault> {
        let header = file.get(..512).ok_or(CUT)?;
        let is_large = u16_at(header, 30) == Some(12);
        let sector = if is_large { 4096 } else { 512 };
        let bytes = file.get(sector..).ok_or(CUT)?;
        let number = |at| u32_at(header, at).ok_or(CUT);
        let table = table(bytes, sector, header)?;
        let entries: Vec<Entry> = chain(bytes, sector, &table, number(48)?, u64::MAX)?
            .chunks_exact(ENTRY)
            .filter_map(|entry| entry_of(entry, is_large))
            .collect();
        let (mut short, mut short_table) = (Vec::new(), Vec::new());
        let short_sectors = u64::from(number(64)?);
        if short_sectors > 0
            && let Some(root) = entries.first()
        {
            short = chain(bytes, sector, &table, root.start, root.length)?;
            let length = short_sectors.saturating_mul(sector as u64);
            short_table = numbers(&chain(bytes, sector, &table, number(60)?, length)?).collect();
        }
        Ok(Self {
            bytes,
            sector,
            table,
            entries,
            short,
            short_table,
        })
    }

    /// Whether there is an entry of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// The first stream of this name.
    pub(super) fn stream(&self, name: &str) -> Option<Result<Vec<u8>, Fault>> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))?;
        Some(if entry.length < SHORT_STREAM {
            chain(&self.short, SHORT_SECTOR, &self.short_table, entry.start, entry.length)
        } else {
            chain(self.bytes, self.sector, &self.table, entry.start, entry.length)
        })
    }
}

/// The table that says which sector follows which: its own sectors are named in the header, and further on in a chain
/// of sectors whose last number names the next.
fn table(bytes: &[u8], sector: usize, header: &[u8]) -> Result<Vec<u32>, Fault> {
    let mut parts: Vec<u32> = numbers(header.get(76..).ok_or(CUT)?).collect();
    let most = bytes.len() / sector + 1;
    let (mut next, mut steps) = (u32_at(header, 68).ok_or(CUT)?, 0);
    while next < RESERVED {
        steps += 1;
        if steps > most {
            return Err(CIRCLE);
        }
        parts.extend(numbers(sector_of(bytes, sector, next).ok_or(CUT)?));
        next = parts.pop().ok_or(CUT)?;
    }
    parts.retain(|part| *part < NO_TABLE);
    if parts.len() > most {
        return Err(CIRCLE);
    }
    let mut table = Vec::new();
    for part in parts {
        table.extend(numbers(sector_of(bytes, sector, part).ok_or(CUT)?));
    }
    Ok(table)
}

fn entry_of(entry: &[u8], is_large: bool) -> Option<Entry> {
    let letters = entry
        .get(..64)?
        .chunks_exact(2)
        .filter_map(|letter| u16_at(letter, 0))
        .take_while(|letter| *letter != 0);
    let low = u64::from(u32_at(entry, 120)?);
    // With small sectors the upper half is not used, and some writers leave anything in it.
    let high = if is_large { u64::from(u32_at(entry, 124)?) } else { 0 };
    Some(Entry {
        name: char::decode_utf16(letters)
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        start: u32_at(entry, 116)?,
        length: (high << 32) | low,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn made(version: cfb::Version, streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create_with_version(version, Cursor::new(Vec::new())).unwrap();
        for (name, content) in streams {
            file.create_stream(name).unwrap().write_all(content).unwrap();
        }
        file.into_inner().into_inner()
    }

    #[test]
    fn short_and_long_streams_are_read_whole() {
        for version in [cfb::Version::V3, cfb::Version::V4] {
            let short: Vec<u8> = (0_u8..=255).cycle().take(1000).collect();
            let long: Vec<u8> = (0_u8..=250).cycle().take(200_000).collect();
            let bytes = made(version, &[("/Short", short.clone()), ("/Workbook", long.clone())]);
            let compound = Compound::open(&bytes).unwrap();
            assert_eq!(compound.stream("short"), Some(Ok(short)));
            assert_eq!(compound.stream("Workbook"), Some(Ok(long)));
            assert!(compound.stream("Book").is_none() && !compound.has("Book"));
        }
    }

    #[test]
    fn a_container_cut_anywhere_is_an_error_or_shorter() {
        let bytes = made(
            cfb::Version::V3,
            &[("/Workbook", vec![7; 9000]), ("/Short", vec![7; 90])],
        );
        for end in 0..bytes.len() {
            if let Ok(compound) = Compound::open(&bytes[..end]) {
                let _ = compound.stream("Workbook");
                let _ = compound.stream("Short");
            }
        }
    }

    #[test]
    fn a_chain_that_leads_back_into_itself_is_refused() {
        let whole = made(cfb::Version::V3, &[("/Workbook", vec![7; 9000])]);
        // The directory's first sector, and the table's first sector, which says what follows it.
        let directory = u32_at(&whole, 48).unwrap();
        let table = 512 * (1 + u32_at(&whole, 76).unwrap() as usize);
        let mut circle = whole.clone();
        let place = table + 4 * directory as usize;
        circle[place..place + 4].copy_from_slice(&directory.to_le_bytes());
        assert_eq!(Compound::open(&circle).err(), Some(CIRCLE));
        // A table of more sectors than the file has.
        let mut many = whole;
        let first = many[76..80].to_vec();
        for place in (76..512).step_by(4) {
            many[place..place + 4].copy_from_slice(&first);
        }
        assert_eq!(Compound::open(&many).err(), Some(CIRCLE));
    }
}
