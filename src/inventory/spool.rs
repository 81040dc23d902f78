//! An inventory kept on disk while it is worked with, so that memory holds ids' hashes and no items.
//!
//! Doesn't belong here: whether it is whole (`proof`).

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use rayon::slice::ParallelSliceMut as _;

use super::lookup::{Buckets, Lookup, Window};
use super::{Beside, LineReceiver, Lines, Listing, Receiver, id_of, read};
use crate::api::{ApiError, Client};
use crate::item::Object;
use crate::item::text::{Item, ItemParser};
use crate::output::Output;
use crate::parallel::in_order;
use crate::progress::Progress;

/// How much is worked on at a time where all items are.
const PART: usize = 1 << 19;

/// Every item of a listing, in the order in which it arrived, in a temporary file that goes with this value.
pub struct Spool {
    file: BufWriter<File>,
    length: u64,
    /// A read has moved the file's only cursor away from its end.
    moved: bool,
    count: u64,
    /// The hash of each id, and where its item begins; in the order of hashes once it was asked for.
    places: Vec<(u64, u64)>,
    /// What finds a hash among them once they are in order.
    buckets: Buckets,
    sorted: bool,
    /// Nobody asks for single items.
    sequential: bool,
    fields: BTreeSet<String>,
    hasher: RandomState,
    window: Window,
}

impl Spool {
    /// An empty spool.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            length: 0,
            moved: false,
            count: 0,
            places: Vec::new(),
            buckets: Buckets::default(),
            sorted: true,
            sequential: false,
            fields: BTreeSet::new(),
            hasher: RandomState::new(),
            window: Window::default(),
        })
    }

    /// An empty spool that is only read from its beginning to its end: it doesn't remember where an item is, and finds
    /// none.
    pub fn sequential() -> std::io::Result<Self> {
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
    pub fn get(&mut self, id: &str) -> std::io::Result<Option<Object>> {
        let mut window = std::mem::take(&mut self.window);
        let item = self.lookup()?.with(id, &mut window, |item| item.map(Item::to_object));
        self.window = window;
        item
    }

    /// Finds items by their ids, on any thread.
    pub fn lookup(&mut self) -> std::io::Result<Lookup<'_>> {
        if !self.sorted {
            // Of equal hashes the item that came first comes first.
            self.places.par_sort_unstable();
            self.buckets = Buckets::of(&self.places);
            self.sorted = true;
        }
        self.file.flush()?;
        // Where files are read at a place by moving the cursor there.
        self.moved = true;
        Ok(Lookup {
            file: self.file.get_ref(),
            places: &self.places,
            buckets: &self.buckets,
            hasher: &self.hasher,
        })
    }

    /// Every item, in the order in which it arrived.
    pub fn each<E: From<std::io::Error>>(&mut self, mut take: impl FnMut(Object) -> Result<(), E>) -> Result<(), E> {
        let length = self.length;
        let mut lines = BufReader::with_capacity(1 << 16, self.read_from(0)?.take(length));
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            take(serde_json::from_str(&line).map_err(std::io::Error::from)?)?;
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
        E: From<std::io::Error> + Send,
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
                let text = std::str::from_utf8(&part).map_err(std::io::Error::other)?;
                let mut items = ItemParser::new(text);
                while items.peek().is_some() {
                    // What stands here has been read before.
                    let item = items
                        .item()
                        .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
                    make(&mut made, &item)?;
                }
                Ok(made)
            },
            |made: Result<P, E>| take(made?),
        )
    }

    fn read_from(&mut self, place: u64) -> std::io::Result<&File> {
        self.file.flush()?;
        self.moved = true;
        let mut file = self.file.get_ref();
        file.seek(SeekFrom::Start(place))?;
        Ok(file)
    }

    fn put(&mut self, item: &Object) -> std::io::Result<()> {
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
            made: None,
        })
    }

    fn put_lines(&mut self, mut lines: Lines) -> std::io::Result<()> {
        let mut place = self.length;
        for (end, hash) in &lines.items {
            if let Some(hash) = hash.filter(|_| !self.sequential) {
                self.places.push((hash, place));
                self.sorted = false;
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

impl Receiver for Spool {
    fn restart(&mut self) {
        // What stands in the file is overwritten, and reading stops at `length`.
        self.length = 0;
        self.moved = true;
        self.count = 0;
        self.places.clear();
        self.sorted = true;
        self.fields.clear();
        self.window = Window::default();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.put(&item).map_err(|cause| ApiError::Receiver(Box::new(cause)))
    }

    fn by_lines(&mut self) -> Option<&mut dyn LineReceiver> {
        Some(self)
    }
}

impl LineReceiver for Spool {
    fn begin(&mut self, hasher: &RandomState) {
        self.hasher = hasher.clone();
    }

    fn lines(&mut self, lines: Lines) -> Result<(), ApiError> {
        self.put_lines(lines)
            .map_err(|cause| ApiError::Receiver(Box::new(cause)))
    }
}

/// A receiver whose filling is shown.
struct Counted<'a> {
    receiver: &'a mut dyn Receiver,
    progress: &'a Progress<'a>,
}

impl Receiver for Counted<'_> {
    fn restart(&mut self) {
        self.progress.restart();
        self.receiver.restart();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.progress.done(1);
        self.receiver.item(item)
    }

    fn by_lines(&mut self) -> Option<&mut dyn LineReceiver> {
        self.receiver.by_lines()?;
        Some(self)
    }
}

impl LineReceiver for Counted<'_> {
    fn begin(&mut self, hasher: &RandomState) {
        if let Some(receiver) = self.receiver.by_lines() {
            receiver.begin(hasher);
        }
    }

    fn lines(&mut self, lines: Lines) -> Result<(), ApiError> {
        self.progress.done(lines.items.len() as u64);
        match self.receiver.by_lines() {
            Some(receiver) => receiver.lines(lines),
            None => Ok(()),
        }
    }

    fn beside(&mut self) -> Option<Arc<dyn Beside>> {
        self.receiver.by_lines()?.beside()
    }
}

/// Reads a whole inventory into a spool or another receiver, showing how far it is. `known` is how many items it holds, at least.
pub fn read_into(
    output: &Output,
    client: &Client,
    known: Option<u64>,
    receiver: &mut dyn Receiver,
) -> Result<Listing, ApiError> {
    let progress = Progress::begin(output, &format!("Reading {}", client.org()), None);
    let listing = read(
        client,
        known,
        &mut Counted {
            receiver,
            progress: &progress,
        },
    );
    progress.clear();
    listing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(id: &str, name: &str) -> Object {
        json!({"id": id, "item_id": id, "name": name})
            .as_object()
            .unwrap()
            .clone()
    }

    fn spool(items: &[Object]) -> Spool {
        let mut spool = Spool::new().unwrap();
        for item in items {
            spool.item(item.clone()).unwrap();
        }
        spool
    }

    #[test]
    fn an_item_is_found_by_its_id_and_read_back_as_it_arrived() {
        let items = [item("A", "one"), item("B", "two\nlines"), item("Ü/ /", "three")];
        let mut spool = spool(&items);
        assert_eq!(spool.get("B").unwrap().as_ref(), Some(&items[1]));
        assert_eq!(spool.get("Ü/ /").unwrap().as_ref(), Some(&items[2]));
        assert_eq!(spool.get("b").unwrap(), None);
        let mut all = Vec::new();
        spool
            .each::<std::io::Error>(|item| {
                all.push(item);
                Ok(())
            })
            .unwrap();
        assert_eq!(all, items);
    }

    #[test]
    fn items_are_found_in_any_order_and_after_more_have_come() {
        let items: Vec<Object> = (0..2_000)
            .map(|n: usize| item(&format!("A{n}"), &"é\\".repeat(n * 7919 % 5_000)))
            .collect();
        let mut spool = spool(&items);
        let order = (0..2_000)
            .chain((0..2_000).rev())
            .chain((0..2_000).map(|n| n * 7919 % 2_000));
        for at in order {
            assert_eq!(spool.get(&format!("A{at}")).unwrap().as_ref(), Some(&items[at]));
        }
        spool.item(item("B", "late")).unwrap();
        assert_eq!(spool.get("B").unwrap(), Some(item("B", "late")));
        let mut names = Vec::new();
        let each = spool.each_part::<Vec<Object>, std::io::Error>(
            &|part, item| {
                part.push(item.to_object());
                Ok(())
            },
            &mut |part| {
                names.extend(part);
                Ok(())
            },
        );
        each.unwrap();
        assert_eq!((names.len(), &names[..2_000]), (2_001, &items[..]));
    }

    #[test]
    fn a_listing_that_begins_anew_leaves_nothing_of_the_first() {
        let mut spool = Spool::new().unwrap();
        for id in ["A", "B", "C"] {
            spool.item(item(id, "first")).unwrap();
        }
        spool.restart();
        spool.item(item("B", "second")).unwrap();
        assert_eq!(spool.count(), 1);
        assert_eq!(spool.get("A").unwrap(), None);
        assert_eq!(spool.get("B").unwrap(), Some(item("B", "second")));
    }
}
