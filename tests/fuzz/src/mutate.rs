//! Changes inside a container. A byte changed in a zip or a gzip file breaks its checksum, and nothing behind it is ever
//! reached; so a part is taken out, changed, and put back with its checksum right. One change in four is made to the
//! container itself.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzzer_mutate;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// No seed's part is near this; a part that has grown to it is left alone.
const PART: u64 = 1 << 20;

/// The changed bytes, in place: their number. `inside` gives the file with one of its parts changed.
fn change(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    inside: impl Fn(&[u8], u32, usize) -> Option<Vec<u8>>,
) -> usize {
    if seed % 4 != 0
        && let Some(changed) = data.get(..size).and_then(|bytes| inside(bytes, seed / 4, max_size))
        && changed.len() <= max_size
        && let Some(room) = data.get_mut(..changed.len())
    {
        room.copy_from_slice(&changed);
        return changed.len();
    }
    fuzzer_mutate(data, size, max_size)
}

fn changed(mut part: Vec<u8>, max_size: usize) -> Vec<u8> {
    let size = part.len();
    // Room to grow, by no more than a few KiB at a time: a part is one of several.
    let most = (size + 4096).min(max_size.max(size));
    part.resize(most, 0);
    let size = fuzzer_mutate(&mut part, size, most);
    part.truncate(size);
    part
}

/// A change to a zip: one of its parts, or the zip itself. Parts are stored, not deflated: libFuzzer looks for the texts
/// that the program compares with, and finds none in deflated bytes.
pub fn in_zip(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    change(data, size, max_size, seed, |bytes, seed, max_size| {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).ok()?;
        let count = u32::try_from(zip.len()).ok()?;
        let chosen = usize::try_from(seed.checked_rem(count)?).ok()?;
        let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..zip.len() {
            let entry = zip.by_index(index).ok()?;
            let name = entry.name().ok()?.into_owned();
            let mut content = Vec::new();
            entry.take(PART).read_to_end(&mut content).ok()?;
            if index == chosen {
                content = changed(content, max_size);
            }
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            copy.start_file(name, options).ok()?;
            copy.write_all(&content).ok()?;
        }
        Some(copy.finish().ok()?.into_inner())
    })
}

/// A change to a compound file: its workbook stream, or the file itself.
pub fn in_compound(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    change(data, size, max_size, seed, |bytes, _, max_size| {
        let mut old = cfb::CompoundFile::open(Cursor::new(bytes)).ok()?;
        let name = ["/Workbook", "/Book"].into_iter().find(|name| old.is_stream(name))?;
        let mut content = Vec::new();
        old.open_stream(name).ok()?.take(PART).read_to_end(&mut content).ok()?;
        let content = changed(content, max_size);
        let mut new = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).ok()?;
        new.create_stream(name).ok()?.write_all(&content).ok()?;
        Some(new.into_inner().into_inner())
    })
}

/// A change to a gzip or zstd file: its content, or the file itself.
pub fn in_packing(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    change(data, size, max_size, seed, |bytes, _, max_size| {
        let mut content = Vec::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(bytes).take(PART).read_to_end(&mut content).ok()?;
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&changed(content, max_size)).ok()?;
            packed.finish().ok()
        } else {
            let decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
            decoder.take(PART).read_to_end(&mut content).ok()?;
            zstd::stream::encode_all(changed(content, max_size).as_slice(), 1).ok()
        }
    })
}
