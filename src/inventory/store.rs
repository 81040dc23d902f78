//! An inventory on disk while it is worked with: memory holds the hashes of ids and no items.
//!
//! Doesn't belong here: whether the inventory is complete (`proof`), the lists that it comes from (`listing`).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use memchr::{memchr, memchr2};

use super::{Receiver, id_of};
use crate::api::ApiError;
use crate::hash::Prehashed;
use crate::item::Object;
use crate::item::text::{Item, ItemFault, ItemParser, ParserBuffers};
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
    /// A read has moved the file's only cursor away from its end.
    moved: bool,
    count: u64,
    /// Where the item of an id begins, by the id's hash.
    places: Places,
    /// Further items with a hash that is in `places`: ids that came twice or share a hash.
    others: Vec<(u64, u64)>,
    /// Nobody asks for single items.
    sequential: bool,
    fields: BTreeSet<String>,
    hasher: RandomState,
    window: Window,
}

impl ItemStore {
    /// An empty store.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            length: 0,
            moved: false,
            count: 0,
            places: Places::default(),
            others: Vec::new(),
            sequential: false,
            fields: BTreeSet::new(),
            hasher: RandomState::new(),
            window: Window::default(),
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
            others: &self.others,
            hasher: &self.hasher,
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
        let mut bytes = serde_json::to_vec(item)?;
        bytes.push(b'\n');
        let names = item
            .keys()
            .filter(|name| !self.fields.contains(*name))
            .cloned()
            .collect();
        let hash = id_of(item).map(|id| self.hasher.hash_one(id.as_ref()));
        self.put_lines(Lines {
            items: vec![(bytes.len(), hash)],
            bytes,
            names,
        })
    }

    fn put_lines(&mut self, mut lines: Lines) -> io::Result<()> {
        let mut place = self.length;
        for (end, hash) in &lines.items {
            if let Some(hash) = hash.filter(|_| !self.sequential) {
                match self.places.entry(hash) {
                    Entry::Vacant(entry) => _ = entry.insert(place),
                    Entry::Occupied(_) => self.others.push((hash, place)),
                }
            }
            place = self.length + *end as u64;
        }
        self.fields.append(&mut lines.names);
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
        self.moved = true;
        self.count = 0;
        self.places.clear();
        self.others.clear();
        self.fields.clear();
        self.window = Window::default();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.put(&item).map_err(|cause| ApiError::Receiver(Box::new(cause)))
    }

    fn begin(&mut self, hasher: &RandomState) {
        self.hasher = hasher.clone();
    }

    fn lines(&mut self, lines: Lines, _made: Option<()>) -> Result<(), ApiError> {
        self.put_lines(lines)
            .map_err(|cause| ApiError::Receiver(Box::new(cause)))
    }
}

/// Finds items by their ids.
pub struct Lookup<'s> {
    file: &'s File,
    places: &'s Places,
    others: &'s [(u64, u64)],
    hasher: &'s RandomState,
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
        for place in std::iter::once(first).chain(others.map(|(_, place)| place)) {
            let buffers = std::mem::take(&mut window.buffers);
            let mut parser = ItemParser::within(window.line_at(self.file, *place)?, buffers);
            let item = parser.item().map_err(damaged)?;
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

/// Gives every item of bytes that hold items and white space alone.
pub fn each_item<E: From<io::Error>>(
    bytes: &[u8],
    take: &mut dyn FnMut(&Item<'_, '_>) -> Result<(), E>,
) -> Result<(), E> {
    let text = simdutf8::basic::from_utf8(bytes).map_err(io::Error::other)?;
    let mut items = ItemParser::new(text);
    while items.peek().is_some() {
        take(&items.item().map_err(damaged)?)?;
    }
    Ok(())
}

/// The file's items were parsed when they arrived.
fn damaged(_: ItemFault) -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Some items of a list, a line each.
#[derive(Debug, Default)]
pub struct Lines {
    /// Each item's JSON and a line feed.
    pub bytes: Vec<u8>,
    /// For each item the end of its line, and its id's hash where it has an id.
    pub items: Vec<(usize, Option<u64>)>,
    /// The names of all fields that any item has.
    pub names: BTreeSet<String>,
}

impl Lines {
    /// Adds an item.
    pub(crate) fn add(&mut self, item: &Item<'_, '_>, hasher: &RandomState) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(item.text.as_bytes());
        if memchr2(b'\n', b'\r', item.text.as_bytes()).is_some() {
            // Between two tokens: within a text JSON spells it as an escape.
            let line = self.bytes.iter_mut().skip(from);
            line.filter(|byte| matches!(byte, b'\n' | b'\r'))
                .for_each(|byte| *byte = b' ');
        }
        self.bytes.push(b'\n');
        self.items
            .push((self.bytes.len(), item.id().map(|id| hasher.hash_one(id.as_ref()))));
        if !item.alike {
            for (name, _) in item.fields {
                if !self.names.contains(name.as_ref()) {
                    self.names.insert(name.clone().into_owned());
                }
            }
        }
    }

    /// Gives the items as trees.
    pub(super) fn each(&self, take: &mut dyn FnMut(Object) -> Result<(), ApiError>) -> Result<(), ApiError> {
        let lines = self.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut items = lines.map(serde_json::from_slice);
        items.try_for_each(|item| take(item.map_err(|cause| ApiError::Receiver(Box::new(cause)))?))
    }

    /// Leaves out the items whose ids have been seen before; says how many they were.
    pub(super) fn drop_seen(&mut self, seen: &mut Hashes) -> u64 {
        let new: Vec<bool> = self
            .items
            .iter()
            .map(|(_, hash)| hash.is_none_or(|hash| seen.insert(hash)))
            .collect();
        let dropped = new.iter().filter(|new| !**new).count();
        if dropped > 0 {
            let all = std::mem::take(&mut self.items);
            let bytes = std::mem::take(&mut self.bytes);
            let mut from = 0;
            for ((end, hash), new) in all.into_iter().zip(new) {
                if new {
                    self.bytes.extend_from_slice(bytes.get(from..end).unwrap_or_default());
                    self.items.push((self.bytes.len(), hash));
                }
                from = end;
            }
        }
        dropped as u64
    }
}

/// Places in the file by hashes of ids.
type Places = HashMap<u64, u64, BuildHasherDefault<Prehashed>>;

/// Hashes of ids, which are their own hashes.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Prehashed>>;

#[cfg(test)]
mod tests;
