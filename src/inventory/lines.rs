//! Items of a list as lines of text, and what is noted of them while they are parsed.
//!
//! Doesn't belong here: where the lines are kept (`store`), which of them are handed out (`listing`).

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};
use std::io;

use memchr::memchr2;

use crate::api::ApiError;
use crate::columns::is_odd_id;
use crate::hash::Prehashed;
use crate::item::text::{Item, ItemFault, ItemParser};
use crate::item::{Object, id_of};

/// Hashes of ids, which are their own hashes.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Prehashed>>;

/// Whether the ids of a list come in ascending order: a list that does is not sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Ascent {
    first: String,
    last: String,
    pub(super) broken: bool,
}

impl Ascent {
    /// Takes the next id. This is done for each item of each list, so that it compares and copies, and no more. No id is
    /// empty, so that the first one ascends, and an item without an id doesn't.
    #[inline]
    fn note(&mut self, id: Option<&str>) {
        let id = id.unwrap_or_default();
        self.broken |= id <= self.last.as_str();
        if self.last.is_empty() {
            id.clone_into(&mut self.first);
        }
        id.clone_into(&mut self.last);
    }

    /// Takes the ids of the next batch.
    pub(super) fn append(&mut self, next: Self) {
        if !next.last.is_empty() {
            self.note(Some(&next.first));
            self.last = next.last;
        }
        self.broken |= next.broken;
    }
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
    /// The ids that a sheet's reading may change or refuse, as hashes.
    pub(super) odd: Vec<u64>,
    /// Whether the ids come in ascending order.
    pub(super) ascent: Ascent,
}

impl Lines {
    /// One item.
    pub(super) fn of(item: &Object, hasher: &RandomState) -> io::Result<Self> {
        let mut one = Self {
            bytes: serde_json::to_vec(item)?,
            names: item.keys().cloned().collect(),
            ..Self::default()
        };
        one.bytes.push(b'\n');
        let id = id_of(item);
        one.ascent.note(id.as_deref());
        let hash = id.map(|id| one.hash(&id, hasher));
        one.items.push((one.bytes.len(), hash));
        Ok(one)
    }

    /// Adds an item.
    pub(crate) fn add(&mut self, item: &Item<'_, '_>, hasher: &RandomState) {
        self.add_text(item.text);
        let id = item.id();
        self.ascent.note(id.as_deref());
        let hash = id.map(|id| self.hash(&id, hasher));
        self.items.push((self.bytes.len(), hash));
        self.add_names(item);
    }

    fn hash(&mut self, id: &str, hasher: &RandomState) -> u64 {
        let hash = hasher.hash_one(id);
        if is_odd_id(id) {
            self.odd.push(hash);
        }
        hash
    }

    /// Adds an item that isn't found by its id.
    pub(super) fn add_unplaced(&mut self, item: &Item<'_, '_>) {
        self.add_text(item.text);
        self.ascent.note(None);
        self.items.push((self.bytes.len(), None));
    }

    /// Adds an item's text as a line, without its place.
    fn add_text(&mut self, text: &str) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        if memchr2(b'\n', b'\r', text.as_bytes()).is_some() {
            // Between two tokens: within a text JSON spells it as an escape.
            let line = self.bytes.iter_mut().skip(from);
            line.filter(|byte| matches!(byte, b'\n' | b'\r'))
                .for_each(|byte| *byte = b' ');
        }
        self.bytes.push(b'\n');
    }

    /// Adds the names of an item's fields. No item of a parser may be passed over.
    pub(super) fn add_names(&mut self, item: &Item<'_, '_>) {
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
        items.try_for_each(|item| take(item.map_err(|cause| ApiError::ListNotKept(Box::new(cause)))?))
    }

    /// Takes out the items whose ids have been seen before.
    pub(super) fn take_seen(&mut self, seen: &mut Hashes) -> Self {
        let new: Vec<bool> = self
            .items
            .iter()
            .map(|(_, hash)| hash.is_none_or(|hash| seen.insert(hash)))
            .collect();
        let mut taken = Self::default();
        if new.iter().all(|new| *new) {
            return taken;
        }
        let all = std::mem::take(&mut self.items);
        let bytes = std::mem::take(&mut self.bytes);
        let mut from = 0;
        for ((end, hash), new) in all.into_iter().zip(new) {
            let to = if new { &mut *self } else { &mut taken };
            to.bytes.extend_from_slice(bytes.get(from..end).unwrap_or_default());
            to.items.push((to.bytes.len(), hash));
            from = end;
        }
        taken
    }

    /// Gives the items, parsed.
    pub(super) fn each_item(&self, take: &mut dyn FnMut(&Item<'_, '_>)) {
        // The lines were parsed when they arrived.
        let _ = each_item::<io::Error>(&self.bytes, &mut |item| {
            take(item);
            Ok(())
        });
    }
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
pub(super) fn damaged(_: ItemFault) -> io::Error {
    io::ErrorKind::InvalidData.into()
}
