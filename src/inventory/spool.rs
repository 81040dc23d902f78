//! An inventory kept on disk while it is worked with, so that memory holds ids' hashes and no items.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::{Listing, Receiver, id_of, read};
use crate::api::{ApiError, Client};
use crate::item::Object;
use crate::output::Output;
use crate::progress::Progress;

/// Every item of a listing, in the order in which it arrived, in a temporary file that goes with this value.
pub struct Spool {
    file: BufWriter<File>,
    length: u64,
    /// A read has moved the file's only cursor away from its end.
    moved: bool,
    count: u64,
    /// Where the items of this hash begin. Several only where two ids share one.
    index: HashMap<u64, Places>,
    fields: BTreeSet<String>,
    hasher: std::hash::RandomState,
}

enum Places {
    One(u64),
    Several(Vec<u64>),
}

impl Spool {
    /// An empty spool.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            length: 0,
            moved: false,
            count: 0,
            index: HashMap::new(),
            fields: BTreeSet::new(),
            hasher: std::hash::RandomState::new(),
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
        let places = match self.index.get(&self.hash(id)) {
            None => return Ok(None),
            Some(Places::One(place)) => vec![*place],
            Some(Places::Several(places)) => places.clone(),
        };
        for place in places {
            let mut line = String::new();
            BufReader::with_capacity(2048, self.read_from(place)?).read_line(&mut line)?;
            let item: Object = serde_json::from_str(&line)?;
            if id_of(&item).as_deref() == Some(id) {
                return Ok(Some(item));
            }
        }
        Ok(None)
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

    fn read_from(&mut self, place: u64) -> std::io::Result<&File> {
        self.file.flush()?;
        self.moved = true;
        let mut file = self.file.get_ref();
        file.seek(SeekFrom::Start(place))?;
        Ok(file)
    }

    fn hash(&self, id: &str) -> u64 {
        std::hash::BuildHasher::hash_one(&self.hasher, id)
    }

    fn put(&mut self, item: &Object) -> std::io::Result<()> {
        let line = serde_json::to_vec(item)?;
        if let Some(id) = id_of(item) {
            let place = self.length;
            let hash = self.hash(&id);
            self.index
                .entry(hash)
                .and_modify(|places| match places {
                    Places::One(first) => *places = Places::Several(vec![*first, place]),
                    Places::Several(all) => all.push(place),
                })
                .or_insert(Places::One(place));
        }
        for field in item.keys() {
            if !self.fields.contains(field) {
                self.fields.insert(field.clone());
            }
        }
        if self.moved {
            self.file.seek(SeekFrom::Start(self.length))?;
            self.moved = false;
        }
        self.file.write_all(&line)?;
        self.file.write_all(b"\n")?;
        self.length += line.len() as u64 + 1;
        self.count += 1;
        Ok(())
    }
}

impl Receiver for Spool {
    fn restart(&mut self) {
        // What stands in the file is overwritten, and reading stops at `length`.
        self.length = 0;
        self.moved = true;
        self.count = 0;
        self.index.clear();
        self.fields.clear();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.put(&item).map_err(|cause| ApiError::Receiver(Box::new(cause)))
    }
}

/// A spool whose filling is shown.
struct Counted<'a> {
    spool: &'a mut Spool,
    progress: &'a Progress<'a>,
}

impl Receiver for Counted<'_> {
    fn restart(&mut self) {
        self.progress.restart();
        self.spool.restart();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.progress.done(1);
        self.spool.item(item)
    }
}

/// Reads a whole inventory into a spool, showing how far it is. `known` is how many items it holds, at least.
pub fn read_into(output: &Output, client: &Client, known: Option<u64>, spool: &mut Spool) -> Result<Listing, ApiError> {
    let progress = Progress::begin(output, &format!("Reading {}", client.org()), None);
    let listing = read(
        client,
        known,
        &mut Counted {
            spool,
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
