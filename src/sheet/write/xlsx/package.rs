//! The container of a workbook: a zip file whose entries were deflated elsewhere (APPNOTE.TXT 6.3, sections 4.3 and 4.5.3).
//!
//! The zip crate packs what it writes itself, on one thread; it takes packed bytes only from another archive. Doesn't belong here: reading
//! archives (`sheet`).

use std::io::{Read, Result, Write};

use flate2::{Compress, Compression, Crc, FlushCompress};

/// From here on a length or a place has no room in the older fields.
const SMALL: u64 = 0xFFFF_FFFF;
/// How hard it is tried. Of 84 MB of rows level 1 makes 13.5 MB in a third of this level's time, this one 8.5, zlib's own
/// default (6) 8.0 in twice its time.
const LEVEL: u32 = 4;
/// 1980-01-01, the first day that there is.
const DATE: u16 = 0x21;
/// What an entry that is this long needs to be unpacked.
const ZIP64: u16 = 45;

/// Packed bytes that can stand between others.
#[derive(Default)]
pub(super) struct Packed {
    /// As they are packed.
    pub(super) bytes: Vec<u8>,
    /// What is known of them.
    pub(super) sums: Sums,
}

/// What is known of packed bytes.
#[derive(Default)]
pub(super) struct Sums {
    crc: Crc,
    length: u64,
    packed: u64,
}

impl Sums {
    /// Adds what comes behind.
    pub(super) fn add(&mut self, more: &Self) {
        self.crc.combine(&more.crc);
        self.length += more.length;
        self.packed += more.packed;
    }

    /// How long the packed bytes are.
    pub(super) fn packed(&self) -> u64 {
        self.packed
    }
}

/// Packs bytes, so that others may follow unless these are the last.
pub(super) fn pack(bytes: &[u8], last: bool) -> Result<Packed> {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut packer = Compress::new(Compression::new(LEVEL), false);
    let mut packed = Vec::with_capacity(bytes.len() / 4 + 64);
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    loop {
        let taken = usize::try_from(packer.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(taken..).unwrap_or_default();
        packer
            .compress_vec(rest, &mut packed, flush)
            .map_err(std::io::Error::other)?;
        // Room that is left means that nothing is held back.
        if packer.total_in() >= bytes.len() as u64 && packed.len() < packed.capacity() {
            break;
        }
        packed.reserve(packed.capacity());
    }
    Ok(Packed {
        sums: Sums {
            crc,
            length: bytes.len() as u64,
            packed: packed.len() as u64,
        },
        bytes: packed,
    })
}

/// Writes the container.
pub(super) struct Package<W> {
    out: W,
    at: u64,
    directory: Vec<u8>,
    entries: u64,
    small: u64,
}

impl<W: Write> Package<W> {
    pub(super) fn new(out: W) -> Self {
        Self::with_small(out, SMALL)
    }

    /// With another length that counts as too long, so that the newer fields can be tried on short entries.
    pub(super) fn with_small(out: W, small: u64) -> Self {
        Self {
            out,
            at: 0,
            directory: Vec::new(),
            entries: 0,
            small,
        }
    }

    /// Adds an entry, packed as its sums say.
    pub(super) fn entry(&mut self, name: &str, sums: &Sums, mut packed: impl Read) -> Result<()> {
        let from = self.at;
        let is_long = [sums.length, sums.packed, from]
            .into_iter()
            .any(|number| number >= self.small);
        let mut sizes = Vec::new();
        if is_long {
            sizes.extend_from_slice(&sums.length.to_le_bytes());
            sizes.extend_from_slice(&sums.packed.to_le_bytes());
        }
        let mut header = b"PK\x03\x04".to_vec();
        common(&mut header, sums, name, (is_long, sizes.len()));
        header.extend_from_slice(name.as_bytes());
        extra(&mut header, &sizes);
        self.put(&header)?;
        let copied = std::io::copy(&mut packed, &mut self.out)?;
        if copied != sums.packed {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.at += copied;
        if is_long {
            sizes.extend_from_slice(&from.to_le_bytes());
        }
        let directory = &mut self.directory;
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&version(is_long).to_le_bytes());
        common(directory, sums, name, (is_long, sizes.len()));
        // No comment, the first disk, no attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&short(from, is_long).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        extra(directory, &sizes);
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory, and gives back what took the bytes.
    pub(super) fn finish(mut self) -> Result<W> {
        let directory = std::mem::take(&mut self.directory);
        let (from, length) = (self.at, directory.len() as u64);
        self.put(&directory)?;
        let is_long = from >= self.small || length >= self.small || self.entries >= 0xFFFF;
        let mut end = Vec::new();
        if is_long {
            let at = self.at;
            end.extend_from_slice(b"PK\x06\x06");
            end.extend_from_slice(&44_u64.to_le_bytes());
            end.extend_from_slice(&[ZIP64.to_le_bytes(), ZIP64.to_le_bytes()].concat());
            end.extend_from_slice(&[0; 8]);
            for number in [self.entries, self.entries, length, from] {
                end.extend_from_slice(&number.to_le_bytes());
            }
            end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            end.extend_from_slice(&at.to_le_bytes());
            end.extend_from_slice(&1_u32.to_le_bytes());
        }
        let entries = u16::try_from(self.entries)
            .ok()
            .filter(|_| !is_long)
            .unwrap_or(u16::MAX);
        end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        end.extend_from_slice(&[entries.to_le_bytes(), entries.to_le_bytes()].concat());
        end.extend_from_slice(&short(length, is_long).to_le_bytes());
        end.extend_from_slice(&short(from, is_long).to_le_bytes());
        end.extend_from_slice(&[0; 2]);
        self.put(&end)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn version(is_long: bool) -> u16 {
    if is_long { ZIP64 } else { 20 }
}

/// A number for the older fields.
fn short(number: u64, is_long: bool) -> u32 {
    u32::try_from(number).ok().filter(|_| !is_long).unwrap_or(u32::MAX)
}

/// What an entry's header has in common with its line in the directory.
fn common(out: &mut Vec<u8>, sums: &Sums, name: &str, (is_long, sizes): (bool, usize)) {
    let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    let extra = if sizes == 0 { 0 } else { sizes + 4 };
    out.extend_from_slice(&version(is_long).to_le_bytes());
    out.extend_from_slice(&[0, 0, 8, 0, 0, 0]);
    out.extend_from_slice(&DATE.to_le_bytes());
    out.extend_from_slice(&sums.crc.sum().to_le_bytes());
    out.extend_from_slice(&short(sums.packed, is_long).to_le_bytes());
    out.extend_from_slice(&short(sums.length, is_long).to_le_bytes());
    out.extend_from_slice(&length(name.len()));
    out.extend_from_slice(&length(extra));
}

fn extra(out: &mut Vec<u8>, sizes: &[u8]) {
    if !sizes.is_empty() {
        out.extend_from_slice(&1_u16.to_le_bytes());
        out.extend_from_slice(&u16::try_from(sizes.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(sizes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_in_pieces_are_read_back_in_the_older_and_in_the_newer_fields() {
        for small in [SMALL, 0, 150] {
            let mut package = Package::with_small(Vec::new(), small);
            let long = b"<row/>".repeat(100_000);
            let (mut sums, mut bytes) = (Sums::default(), Vec::new());
            for (part, last) in [(&long[..7], false), (&[], false), (&long[7..], true)] {
                let packed = pack(part, last).unwrap();
                sums.add(&packed.sums);
                bytes.extend(packed.bytes);
            }
            package.entry("a.xml", &sums, bytes.as_slice()).unwrap();
            let whole = pack(b"x", true).unwrap();
            package.entry("b/c.xml", &whole.sums, whole.bytes.as_slice()).unwrap();
            let file = package.finish().unwrap();
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
            let mut read = |name: &str| {
                let mut content = Vec::new();
                zip.by_name(name).unwrap().read_to_end(&mut content).unwrap();
                content
            };
            assert_eq!(read("a.xml"), long);
            assert_eq!(read("b/c.xml"), b"x");
        }
    }
}
