//! Single items of a spool, asked for from several threads.
//!
//! Doesn't belong here: where they are kept (`spool`), which are asked for.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use memchr::memchr;

use crate::skim::{Item, Room, Skimmer};

/// How much is read at once, where items are asked for in about the order in which they stand.
const AHEAD: usize = 1 << 17;

/// How much is read at once, where they are not: few items are longer.
const ONE: usize = 1 << 11;

/// Finds items by their ids.
pub struct Lookup<'s> {
    pub(super) file: &'s File,
    /// The hash of each id, and where its item begins, in the order of hashes.
    pub(super) places: &'s [(u64, u64)],
    pub(super) hasher: &'s RandomState,
}

/// A part of the file, as one thread read it last.
#[derive(Debug, Default)]
pub struct Window {
    from: u64,
    bytes: Vec<u8>,
    room: Room,
}

impl Lookup<'_> {
    /// Gives `take` the item of this id, or none.
    pub fn with<T>(
        &self,
        id: &str,
        window: &mut Window,
        take: impl FnOnce(Option<&Item<'_, '_>>) -> T,
    ) -> io::Result<T> {
        let hash = self.hasher.hash_one(id);
        let mut at = self.places.partition_point(|(other, _)| *other < hash);
        while let Some((_, place)) = self.places.get(at).filter(|(other, _)| *other == hash) {
            let room = std::mem::take(&mut window.room);
            let mut skimmer = Skimmer::within(window.line_at(self.file, *place)?, room);
            // What stands here has been read before.
            let item = skimmer
                .item()
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            if item.id().as_deref() == Some(id) {
                let taken = take(Some(&item));
                window.room = skimmer.into_room();
                return Ok(taken);
            }
            window.room = skimmer.into_room();
            at += 1;
        }
        Ok(take(None))
    }
}

impl Window {
    /// The line that begins here.
    pub(super) fn line_at(&mut self, file: &File, place: u64) -> io::Result<&str> {
        let near = self.offset(place).is_some();
        let mut wanted = if near { AHEAD } else { ONE };
        let end = loop {
            let line = self.offset(place).and_then(|from| self.bytes.get(from..));
            if let Some(end) = line.and_then(|line| memchr(b'\n', line)) {
                break end;
            }
            self.bytes.resize(wanted, 0);
            self.from = place;
            let read = read_at(file, &mut self.bytes, place)?;
            self.bytes.truncate(read);
            if read < wanted && !self.bytes.contains(&b'\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            wanted = wanted.saturating_mul(4);
        };
        let from = self.offset(place).unwrap_or_default();
        let line = self.bytes.get(from..from + end).unwrap_or_default();
        simdutf8::basic::from_utf8(line).map_err(io::Error::other)
    }

    fn offset(&self, place: u64) -> Option<usize> {
        let offset = usize::try_from(place.checked_sub(self.from)?).ok()?;
        (offset <= self.bytes.len() && !self.bytes.is_empty()).then_some(offset)
    }
}

/// Fills the buffer from this place of the file on, as far as the file goes.
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_some(file, rest, place + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, place)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, place)
}
