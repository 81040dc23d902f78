//! Items as lines of text, with what is known of them: made on any thread while a list arrives.
//!
//! Doesn't belong here: the list that they come from (`listing`), where they are kept (`spool`).

use std::any::Any;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

use memchr::memchr2;

use crate::item::text::Item;

/// Some items of a list, a line each.
#[derive(Debug, Default)]
pub struct Lines {
    /// Each item's JSON and a line feed.
    pub bytes: Vec<u8>,
    /// For each item the end of its line, and its id's hash where it has an id.
    pub items: Vec<(usize, Option<u64>)>,
    /// The names of all fields that any item has.
    pub names: BTreeSet<String>,
    /// What [`Beside`] has made of the items; none where some were left out afterwards.
    pub made: Option<Box<dyn Any + Send>>,
}

/// Makes something of items besides, on the threads that read them.
pub trait Beside: Send + Sync {
    /// Puts an item to those of the same piece of the list.
    fn add(&self, made: &mut Option<Box<dyn Any + Send>>, item: &Item<'_, '_>);
}

impl Lines {
    /// Adds an item.
    pub(super) fn add(&mut self, item: &Item<'_, '_>, hasher: &RandomState) {
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

    /// Leaves out the items whose ids have been seen before; says how many they were.
    pub(super) fn drop_seen(&mut self, seen: &mut Hashes) -> u64 {
        let new: Vec<bool> = self
            .items
            .iter()
            .map(|(_, hash)| hash.is_none_or(|hash| seen.insert(hash)))
            .collect();
        let dropped = new.iter().filter(|new| !**new).count();
        if dropped > 0 {
            self.made = None;
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

/// Hashes of ids, which are their own hashes.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Prehashed>>;

/// Passes on what was hashed before, with its secret.
#[derive(Default)]
pub(super) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers of 64 bits come here.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
