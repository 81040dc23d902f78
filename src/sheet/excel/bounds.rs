//! What keeps a small hostile zip from filling memory or time: bounds on its declared sizes and on what an XML reader
//! would have to hold at once, checked before anything is opened.
//!
//! Doesn't belong here: which parts there are (`package`).

use std::borrow::Cow;
use std::io::{BufReader, Read};

use super::package::{Archive, damaged, zip_error};
use crate::sheet::{Limits, ReadError};

/// Parts that are held whole in memory (shared strings, styles) may unfold to this; a sheet is streamed.
const HELD_BYTES: u64 = 512 << 20;
/// A small part is harmless even if all of it is one piece of text.
const SMALL_BYTES: u64 = 64 << 20;
/// Sheets deflate to a tenth or a twentieth; what shrinks further may be a bomb and is looked at first.
const HONEST_RATIO: u64 = 40;
/// Above this every part is looked at: the time it takes is small beside reading it.
const LARGE_BYTES: u64 = 512 << 20;
/// The longest text without a `<` that a part may hold: a cell has at most 32,767 characters.
const TEXT_RUN: usize = 16 << 20;
/// What an entry of the table of texts takes in memory, however short.
const STRING_BYTES: u64 = 24;

/// Refuses what unpacks too far. The sizes are those that the zip declares: the zip reader refuses a part that
/// unfolds beyond its own.
pub(super) fn check_bounds(archive: &mut Archive<'_>, kind: &str, limits: &Limits) -> Result<(), ReadError> {
    let file = archive.file;
    let (mut total, mut held, mut suspects) = (0_u64, 0_u64, Vec::new());
    for index in 0..archive.zip.len() {
        let entry = archive
            .zip
            .by_index_raw(index)
            .map_err(|cause| zip_error(file, "its zip archive", &cause))?;
        if entry.encrypted() {
            return Err(ReadError::PasswordProtected(file.to_owned()));
        }
        let size = entry.size();
        total = total.saturating_add(size);
        let name = entry.name().map(Cow::into_owned).unwrap_or_default();
        if !is_streamed(&name) {
            held = held.saturating_add(size);
        }
        let ratio = size / entry.compressed_size().max(1);
        if size > LARGE_BYTES || (size > SMALL_BYTES && ratio > HONEST_RATIO) {
            suspects.push((index, name));
        }
    }
    if total > limits.expanded_bytes {
        return Err(too_large(file, "unpacks to", total, limits.expanded_bytes));
    }
    // Shared strings and styles are held in memory.
    let bound = HELD_BYTES.min(limits.expanded_bytes);
    if held > bound {
        return Err(too_large(
            file,
            "has parts to keep in memory that unpack to",
            held,
            bound,
        ));
    }
    for (index, name) in suspects {
        let part = archive
            .zip
            .by_index(index)
            .map_err(|cause| zip_error(file, &name, &cause))?;
        if kind != "xlsb" {
            check_runs(part, file, &name)?;
        }
    }
    Ok(())
}

/// Whether a part is read piece by piece, so that its size doesn't matter to memory.
fn is_streamed(part: &str) -> bool {
    part.to_ascii_lowercase().contains("/worksheets/") || part == "content.xml"
}

fn too_large(file: &str, verb: &str, size: u64, bound: u64) -> ReadError {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    ReadError::TooLarge {
        file: file.to_owned(),
        what: format!("it {verb} {} MiB, and {} MiB are allowed", mib(size), mib(bound)),
    }
}

/// An XML reader holds each text whole, so a part of gigabytes without a `<` would be held as well.
fn check_runs(part: impl Read, file: &str, name: &str) -> Result<(), ReadError> {
    let mut part = BufReader::with_capacity(1 << 16, part);
    let mut buffer = vec![0; 1 << 16];
    let (mut run, mut tags) = (0_usize, 0_u64);
    let may_tags = if is_streamed(name) {
        u64::MAX
    } else {
        HELD_BYTES / STRING_BYTES
    };
    loop {
        let read = part
            .read(&mut buffer)
            .map_err(|cause| damaged(file, format!("its part {name} can't be unpacked ({cause})")))?;
        if read == 0 {
            return Ok(());
        }
        let piece = buffer.get(..read).unwrap_or_default();
        tags += piece.split(|&b| b == b'<').count() as u64 - 1;
        if tags > may_tags {
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                what: format!("its part {name} holds more than {may_tags} elements"),
            });
        }
        match (
            piece.iter().position(|&b| b == b'<'),
            piece.iter().rposition(|&b| b == b'<'),
        ) {
            (Some(first), Some(last)) => {
                run = run.saturating_add(first);
                if run <= TEXT_RUN {
                    run = read - last;
                }
            }
            _ => run = run.saturating_add(read),
        }
        if run > TEXT_RUN {
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                what: format!(
                    "its part {name} holds a single text of more than {} MiB",
                    TEXT_RUN >> 20
                ),
            });
        }
    }
}
