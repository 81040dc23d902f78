//! What is remembered of one list: its ids, and what was found out about items whose document had to be asked for.
//!
//! Doesn't belong here: asking for lists (`listing`), asking for documents (`identity`).

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, RandomState};

use super::id_of;
use super::lines::{Hashes, Lines};
use crate::hash::Prehashed;
use crate::item::{Object, id_in};
use crate::output::counted;

/// The number of items that are named.
const NAMED: usize = 5;

/// The names of the items that were set aside, by the hash of their content; `None` if the name isn't known.
pub(super) type Names = HashMap<u64, Option<String>, BuildHasherDefault<Prehashed>>;

/// What is remembered of a list.
pub(super) struct Listed {
    pub(super) hasher: RandomState,
    ids: Hashes,
    /// How many items were handed out.
    pub(super) count: u64,
    /// How many items came twice, the same to the letter, and were not handed out again.
    pub(super) repeated: u64,
    /// Ids that more than one item showed before.
    pub(super) contested: Hashes,
    /// The names of the items that were set aside.
    pub(super) names: Names,
    /// What was found out about these.
    pub(super) found: Findings,
}

impl Listed {
    pub(super) fn new() -> Self {
        Self::hashed_by(RandomState::new())
    }

    pub(super) fn hashed_by(hasher: RandomState) -> Self {
        Self {
            hasher,
            ids: Hashes::default(),
            count: 0,
            repeated: 0,
            contested: Hashes::default(),
            names: Names::default(),
            found: Findings::default(),
        }
    }

    pub(super) fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Whether this item is to be handed out.
    pub(super) fn note(&mut self, item: &Object) -> bool {
        let new = id_of(item).is_none_or(|id| self.ids.insert(self.hasher.hash_one(id.as_ref())));
        let counter = if new { &mut self.count } else { &mut self.repeated };
        *counter = counter.saturating_add(1);
        new
    }

    /// Counts the items of a batch, and takes out those whose ids came before.
    pub(super) fn note_lines(&mut self, lines: &mut Lines) -> Lines {
        let repeated = lines.take_seen(&mut self.ids);
        self.count = self.count.saturating_add(lines.items.len() as u64);
        repeated
    }

    /// Takes a document's name for an item; false if another item has it.
    pub(super) fn claim(&mut self, name: &str) -> bool {
        self.ids.insert(self.hasher.hash_one(name))
    }

    /// Counts an item that was set aside and is handed out.
    pub(super) fn note_found(&mut self, item: &Object, name: Option<&str>) {
        self.count = self.count.saturating_add(1);
        self.found.note(item, name);
        let content = content(item, &self.hasher);
        self.names.insert(content, name.map(str::to_owned));
    }

    /// Whether another item has shown this item's id.
    pub(super) fn is_contested(&self, item: &Object) -> bool {
        !self.contested.is_empty() && id_of(item).is_some_and(|id| self.contests(&id))
    }

    /// Whether more than one item has shown this id before.
    pub(super) fn contests(&self, id: &str) -> bool {
        self.contested.contains(&self.hash(id))
    }

    /// Whether every id of an end is in it, which was compared with this list or one like it.
    pub(super) fn holds(&self, end: &End) -> bool {
        end.hashes.iter().all(|hash| self.ids.contains(hash))
    }

    /// Whether an item of this id was in it.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.contains(&self.hash(id))
    }

    /// How many different ids there were.
    pub(super) fn ids(&self) -> usize {
        self.ids.len()
    }
}

/// What was found out about the items that were set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// How many hold a field `id` that hides their document's name.
    hidden: u64,
    /// The names of the first of them.
    first: Vec<String>,
    /// How many show the `id` of another item, or one that no document has, so that their document's name isn't known.
    unknown: u64,
}

impl Findings {
    pub(super) fn note(&mut self, item: &Object, name: Option<&str>) {
        match name {
            None => self.unknown += 1,
            Some(name) if id_in(item, "id").as_deref() != Some(name) => {
                self.hidden += 1;
                if self.first.len() < NAMED {
                    self.first.push(name.to_owned());
                }
            }
            Some(_) => {}
        }
    }

    /// What a person should know, a sentence each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.hidden > 0 {
            let more = if self.hidden > self.first.len() as u64 {
                ", …"
            } else {
                ""
            };
            told.push(format!(
                "{} with a stored field 'id' that hides the document's name: {}{more} (restore and migrate don't carry that field)",
                counted(self.hidden, "item"),
                self.first.join(", ")
            ));
        }
        if self.unknown > 0 {
            told.push(format!(
                "{} whose document can't be found: neither its item_id nor its 'id' is the name of the document that holds it, so it has no id here",
                counted(self.unknown, "item")
            ));
        }
        told
    }
}

/// The hash of an item's content, which is the same for each spelling of it.
pub(super) fn content(item: &Object, hasher: &RandomState) -> u64 {
    hasher.hash_one(serde_json::to_string(item).unwrap_or_default())
}

/// One end of the ordered list.
pub(super) struct End {
    /// The ids in the order in which they came, as hashes of the list that they are compared with.
    pub(super) hashes: Vec<u64>,
    /// Every id came after (ascending) or before (descending) the one before it, byte by byte, as Firestore orders.
    pub(super) in_order: bool,
    /// Ids that the list lacks.
    pub(super) absent: Vec<String>,
}

impl End {
    pub(super) fn new() -> Self {
        Self {
            hashes: Vec::new(),
            in_order: true,
            absent: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, item: &Object, descending: bool, listed: &Listed, last: &mut Option<String>) {
        // An item without an id has no place in the order, and couldn't be told from its double in the other end.
        let Some(id) = id_of(item) else {
            self.in_order = false;
            return;
        };
        if let Some(last) = last.as_deref() {
            self.in_order &= if descending {
                id.as_ref() < last
            } else {
                id.as_ref() > last
            };
        }
        let hash = listed.hash(&id);
        self.hashes.push(hash);
        if !listed.ids.contains(&hash) {
            self.absent.push(id.clone().into_owned());
        }
        let kept = last.get_or_insert_default();
        kept.clear();
        kept.push_str(&id);
    }
}
