//! An inventory on disk while it is worked with: memory holds the hashes of ids and no items.
//!
//! Doesn't belong here: whether the inventory is complete (`proof`), the lists that it comes from (`listing`), the order of its
//! items (`order`).

mod order;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memchr;

use super::lines::{Ascent, Hashes, Lines, damaged, each_item};
use super::{Receiver, id_of};
use crate::api::ApiError;
use crate::columns::StoredIds;
use crate::hash::Prehashed;
use crate::item::Object;
use crate::item::text::{Item, ItemParser, ParserBuffers};
use crate::parallel::in_order;

/// The size of a part, in bytes, where all items are read in parallel.
const PART: usize = 1 << 19;

/// The size of a read where items are asked for in about the order in which they stand.
const AHEAD: usize = 1 << 17;

/// The size of a read where they aren't: few items are longer.
const ONE: usize = 1 << 11;

/// Every item of a listing, in the order in which it arrived, in a temporary file that goes with this value.
pub struct ItemStore {
    file: BufWriter<File>,
    length: u64,
    /// Whether the items have arrived in the order of their ids.
    ascent: Ascent,
    /// A read has moved the file's only cursor away from its end.
    moved: bool,
    count: u64,
    /// Where the item of an id begins, by the id's hash.
    places: Places,
    /// How many of these places have been found.
    found: AtomicU64,
    /// The ids that a sheet's reading may change or refuse, as hashes.
    odd: Hashes,
    /// Further items with a hash that is in `places`: ids that came twice or share a hash.
    others: Vec<(u64, u64)>,
    /// Nobody asks for single items.
    sequential: bool,
    fields: BTreeSet<String>,
    hasher: RandomState,
    window: Window,
    /// Ids that can't be read, each with the reason.
    unreadable: BTreeMap<String, String>,
}

impl ItemStore {
    /// An empty store.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            length: 0,
            ascent: Ascent::default(),
            moved: false,
            count: 0,
            places: Places::default(),
            found: AtomicU64::new(0),
            odd: Hashes::default(),
            others: Vec::new(),
            sequential: false,
            fields: BTreeSet::new(),
            hasher: RandomState::new(),
            window: Window::default(),
            unreadable: BTreeMap::new(),
        })
    }

    /// An empty store that is only read from its beginning to its end: it doesn't remember where an item is, and finds
    /// none.
    pub fn sequential() -> io::Result<Self> {
        Ok(Self {
            sequential: true,
            ..Self::new()?
        })
    }

    /// How many items it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The names of all fields that any item has, in byte order.
    #[must_use]
    pub fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    /// Adds names to those of [`Self::fields`].
    pub fn add_fields(&mut self, names: impl Iterator<Item = String>) {
        self.fields.extend(names);
    }

    /// The ids whose items can't be read, if there are any, each with the reason.
    pub fn unreadable(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.unreadable
    }

    /// The ids that a sheet's reading may change or refuse.
    pub fn odd_ids(&self) -> StoredIds {
        StoredIds::new(self.hasher.clone(), self.odd.clone())
    }

    /// How many items no lookup has found since [`Self::forget_found`].
    pub fn not_found(&self) -> u64 {
        self.count.saturating_sub(self.found.load(Ordering::Relaxed))
    }

    /// Gives every item that no lookup has found since [`Self::forget_found`], in the order in which it arrived.
    pub fn each_not_found<E: From<io::Error>>(
        &mut self,
        take: &mut dyn FnMut(Object) -> Result<(), E>,
    ) -> Result<(), E> {
        let found: Hashes = self
            .places
            .iter()
            .filter(|(_, place)| place.load(Ordering::Relaxed) & FOUND != 0)
            .map(|(hash, _)| *hash)
            .collect();
        let hasher = self.hasher.clone();
        self.each(|item| {
            if id_of(&item).is_some_and(|id| found.contains(&hasher.hash_one(id.as_ref()))) {
                Ok(())
            } else {
                take(item)
            }
        })
    }

    /// From now on nothing counts as found.
    pub fn forget_found(&self) {
        for place in self.places.values() {
            place.fetch_and(!FOUND, Ordering::Relaxed);
        }
        self.found.store(0, Ordering::Relaxed);
    }

    /// The item of this id.
    pub fn get(&mut self, id: &str) -> io::Result<Option<Object>> {
        let mut window = std::mem::take(&mut self.window);
        let item = self.lookup()?.with(id, &mut window, |item| item.map(Item::to_object));
        self.window = window;
        item
    }

    /// Whether there is an item of this id.
    pub fn has(&mut self, id: &str) -> io::Result<bool> {
        let mut window = std::mem::take(&mut self.window);
        let found = self.lookup()?.with(id, &mut window, |item| item.is_some());
        self.window = window;
        found
    }

    /// Finds items by their ids, on any thread.
    pub fn lookup(&mut self) -> io::Result<Lookup<'_>> {
        self.file.flush()?;
        // Where files are read at a place by moving the cursor there.
        self.moved = true;
        Ok(Lookup {
            file: self.file.get_ref(),
            places: &self.places,
            found: &self.found,
            others: &self.others,
            hasher: &self.hasher,
            unreadable: &self.unreadable,
        })
    }

    /// Every item, in the order in which it arrived.
    pub fn each<E: From<io::Error>>(&mut self, mut take: impl FnMut(Object) -> Result<(), E>) -> Result<(), E> {
        let length = self.length;
        let mut lines = BufReader::with_capacity(1 << 16, self.read_from(0)?.take(length));
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            take(serde_json::from_str(&line).map_err(io::Error::from)?)?;
            line.clear();
        }
        Ok(())
    }

    /// Every item on all processors: `make` puts items, one after the other, into what `take` is given in the order in
    /// which they arrived.
    pub fn each_part<P, E>(
        &mut self,
        make: &(dyn Fn(&mut P, &Item<'_, '_>) -> Result<(), E> + Sync),
        take: &mut dyn FnMut(P) -> Result<(), E>,
    ) -> Result<(), E>
    where
        P: Default + Send,
        E: From<io::Error> + Send,
    {
        let length = self.length;
        let mut file = self.read_from(0)?.take(length);
        in_order(
            |give| {
                let mut rest = Vec::new();
                loop {
                    let mut part = rest;
                    let before = part.len();
                    part.reserve_exact(PART);
                    (&mut file).take(PART as u64).read_to_end(&mut part)?;
                    let at_end = part.len() - before < PART;
                    let cut = part.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    rest = part.split_off(cut);
                    if !give(part) || at_end {
                        return Ok(());
                    }
                }
            },
            |part| {
                let mut made = P::default();
                each_item(&part, &mut |item| make(&mut made, item))?;
                Ok(made)
            },
            |made: Result<P, E>| take(made?),
        )
    }

    fn read_from(&mut self, place: u64) -> io::Result<&File> {
        self.file.flush()?;
        self.moved = true;
        let mut file = self.file.get_ref();
        file.seek(SeekFrom::Start(place))?;
        Ok(file)
    }

    fn put(&mut self, item: &Object) -> io::Result<()> {
        let lines = Lines::of(item, &self.hasher)?;
        self.put_lines(lines)
    }

    pub(super) fn put_lines(&mut self, mut lines: Lines) -> io::Result<()> {
        let mut place = self.length;
        for (end, hash) in &lines.items {
            if let Some(hash) = hash.filter(|_| !self.sequential) {
                match self.places.entry(hash) {
                    Entry::Vacant(entry) => _ = entry.insert(AtomicU64::new(place)),
                    Entry::Occupied(_) => self.others.push((hash, place)),
                }
            }
            place = self.length + *end as u64;
        }
        self.fields.append(&mut lines.names);
        self.ascent.append(std::mem::take(&mut lines.ascent));
        self.odd.extend(lines.odd);
        if self.moved {
            self.file.seek(SeekFrom::Start(self.length))?;
            self.moved = false;
        }
        self.file.write_all(&lines.bytes)?;
        self.length += lines.bytes.len() as u64;
        self.count += lines.items.len() as u64;
        Ok(())
    }
}

impl Receiver for ItemStore {
    type Made = ();

    fn restart(&mut self) {
        // What stands in the file is overwritten, and reading stops at `length`.
        self.length = 0;
        self.ascent = Ascent::default();
        self.moved = true;
        self.count = 0;
        self.places.clear();
        self.found = AtomicU64::new(0);
        self.odd.clear();
        self.others.clear();
        self.fields.clear();
        self.unreadable.clear();
        self.window = Window::default();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.put(&item).map_err(|cause| ApiError::ListNotKept(Box::new(cause)))
    }

    fn begin(&mut self, hasher: &RandomState) {
        self.hasher = hasher.clone();
    }

    fn lines(&mut self, lines: Lines, _made: Option<()>) -> Result<(), ApiError> {
        self.put_lines(lines)
            .map_err(|cause| ApiError::ListNotKept(Box::new(cause)))
    }
}

/// Finds items by their ids.
pub struct Lookup<'s> {
    file: &'s File,
    places: &'s Places,
    found: &'s AtomicU64,
    others: &'s [(u64, u64)],
    hasher: &'s RandomState,
    unreadable: &'s BTreeMap<String, String>,
}

/// A part of the file, as one thread read it last.
#[derive(Debug, Default)]
pub struct Window {
    from: u64,
    bytes: Vec<u8>,
    buffers: ParserBuffers,
}

impl Lookup<'_> {
    /// Why it is not known what is stored under this id, where that is so.
    #[must_use]
    pub fn unreadable(&self, id: &str) -> Option<&str> {
        self.unreadable.get(id).map(String::as_str)
    }

    /// Gives `take` the item of this id, or none.
    pub fn with<T>(
        &self,
        id: &str,
        window: &mut Window,
        take: impl FnOnce(Option<&Item<'_, '_>>) -> T,
    ) -> io::Result<T> {
        self.with_hash(self.hasher.hash_one(id), id, window, take)
    }

    /// The same for an id whose hash is known.
    fn with_hash<T>(
        &self,
        hash: u64,
        id: &str,
        window: &mut Window,
        take: impl FnOnce(Option<&Item<'_, '_>>) -> T,
    ) -> io::Result<T> {
        let Some(first) = self.places.get(&hash) else {
            return Ok(take(None));
        };
        let others = self.others.iter().filter(|(other, _)| *other == hash);
        let marked = first.load(Ordering::Relaxed);
        for place in std::iter::once(marked & !FOUND).chain(others.map(|(_, place)| *place)) {
            let buffers = std::mem::take(&mut window.buffers);
            let mut parser = ItemParser::within(window.line_at(self.file, place)?, buffers);
            let item = parser.item().map_err(damaged)?;
            if item.id().as_deref() == Some(id) {
                if marked & FOUND == 0 && first.fetch_or(FOUND, Ordering::Relaxed) & FOUND == 0 {
                    self.found.fetch_add(1, Ordering::Relaxed);
                }
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
    fn line_at(&mut self, file: &File, place: u64) -> io::Result<&str> {
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

/// Places in the file by hashes of ids.
type Places = HashMap<u64, AtomicU64, BuildHasherDefault<Prehashed>>;

/// The bit of a place that a lookup has found: no file is as long.
const FOUND: u64 = 1 << 63;

#[cfg(test)]
mod tests;
