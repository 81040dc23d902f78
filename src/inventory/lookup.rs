//! Single items of a spool, asked for from several threads.
//!
//! Doesn't belong here: where they are kept (`spool`), which are asked for.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::ops::Range;

use memchr::memchr;

use crate::item::text::{Item, ItemParser, ParserBuffers};

/// How much is read at once, where items are asked for in about the order in which they stand.
const AHEAD: usize = 1 << 17;

/// How much is read at once, where they are not: few items are longer.
const ONE: usize = 1 << 11;

/// How many hashes share a bucket, about: their places are in two lines of the processor's cache or three.
const IN_A_BUCKET: usize = 8;

/// Where in a list of hashes in their order those begin that share their first bits: they are spread evenly, so that this is
/// most of the way to any of them.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    bits: u32,
    starts: Vec<usize>,
}

impl Buckets {
    /// Those of this list.
    pub(super) fn of(places: &[(u64, u64)]) -> Self {
        let bits = (places.len() / IN_A_BUCKET).checked_ilog2().unwrap_or(0);
        let count = 1 << bits;
        let mut starts = Vec::with_capacity(count + 1);
        for (at, (hash, _)) in places.iter().enumerate() {
            let bucket = bucket(*hash, bits);
            starts.resize(starts.len().max(bucket + 1), at);
        }
        starts.resize(count + 1, places.len());
        Self { bits, starts }
    }

    /// Where this hash stands, if it does.
    fn range(&self, hash: u64) -> Range<usize> {
        let start = |bucket| self.starts.get(bucket).copied().unwrap_or_default();
        let bucket = bucket(hash, self.bits);
        start(bucket)..start(bucket + 1)
    }
}

fn bucket(hash: u64, bits: u32) -> usize {
    let first = hash.checked_shr(u64::BITS - bits).unwrap_or_default();
    usize::try_from(first).unwrap_or_default()
}

/// Finds items by their ids.
pub struct Lookup<'s> {
    pub(super) file: &'s File,
    /// The hash of each id, and where its item begins, in the order of hashes.
    pub(super) places: &'s [(u64, u64)],
    pub(super) buckets: &'s Buckets,
    pub(super) hasher: &'s RandomState,
}

/// A part of the file, as one thread read it last.
#[derive(Debug, Default)]
pub struct Window {
    from: u64,
    bytes: Vec<u8>,
    buffers: ParserBuffers,
}

impl Lookup<'_> {
    /// Gives `take` the item of this id, or none.
    pub fn with<T>(
        &self,
        id: &str,
        window: &mut Window,
        take: impl FnOnce(Option<&Item<'_, '_>>) -> T,
    ) -> io::Result<T> {
        if self.places.is_empty() {
            return Ok(take(None));
        }
        let hash = self.hasher.hash_one(id);
        let bucket = self.places.get(self.buckets.range(hash)).unwrap_or_default();
        let first = bucket.partition_point(|(other, _)| *other < hash);
        let same = bucket.iter().skip(first).take_while(|(other, _)| *other == hash);
        for (_, place) in same {
            let buffers = std::mem::take(&mut window.buffers);
            let mut parser = ItemParser::within(window.line_at(self.file, *place)?, buffers);
            // What stands here has been read before.
            let item = parser.item().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            if item.id().as_deref() == Some(id) {
                let taken = take(Some(&item));
                window.buffers = parser.into_buffers();
                return Ok(taken);
            }
            window.buffers = parser.into_buffers();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_stands_in_its_bucket(
            few in prop::collection::vec(any::<u64>(), 0..200),
            near in prop::collection::vec(0..40_u64, 0..200),
            asked in prop::collection::vec(any::<u64>(), 20),
            bits in 0..64_u32,
        ) {
            let hashes = few.iter().copied().chain(near.into_iter().map(|hash| hash << (bits / 2)));
            let mut places: Vec<(u64, u64)> = hashes.zip(0..).collect();
            places.sort_unstable();
            let buckets = Buckets::of(&places);
            for hash in asked.iter().chain([&0, &u64::MAX]).copied().chain(places.iter().map(|(hash, _)| *hash)) {
                let found: Vec<_> = places[buckets.range(hash)].iter().filter(|(other, _)| *other == hash).collect();
                let all: Vec<_> = places.iter().filter(|(other, _)| *other == hash).collect();
                prop_assert_eq!(found, all);
            }
        }
    }
}
