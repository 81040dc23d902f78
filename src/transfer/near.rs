//! New items whose ids are nearly those of stored ones: most likely the same items, spelled otherwise.
//!
//! The plan keeps one hash a new item. The stored ids are compared once the plan is made, and only if anything is new.
//!
//! Doesn't belong here: which ids are nearly the same (`columns`).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault};

use foldhash::quality::RandomState;
use serde_json::{Value, json};

use super::Description;
use crate::columns::{Origin, fold_id, fold_id_into, spelled};
use crate::error::Error;
use crate::hash::Prehashed;
use crate::inventory::ItemStore;
use crate::journal::Journal;
use crate::output::{About, Warning, counted_are};

/// How many of the new ids are named.
const NAMED: usize = 5;

/// How many of the stored ids are kept, to be named.
const KEPT: usize = 10_000;

type Hashes = HashSet<u64, BuildHasherDefault<Prehashed>>;

/// The folds of the ids that a plan creates.
#[derive(Default)]
pub(super) struct Created {
    state: RandomState,
    folds: Vec<u64>,
    folded: String,
}

impl Created {
    pub(super) fn clear(&mut self) {
        self.folds.clear();
    }

    pub(super) fn add(&mut self, id: &str) {
        fold_id_into(id, &mut self.folded);
        self.folds.push(self.state.hash_one(&*self.folded));
    }
}

/// A new id, and the stored one that it is nearly.
struct NearId {
    origin: Origin,
    id: String,
    stored: String,
}

/// The new ids that are nearly stored ones.
#[derive(Default)]
pub(super) struct NearIds {
    count: u64,
    first: Vec<NearId>,
}

impl NearIds {
    /// Compares what the plan creates with what is stored.
    pub(super) fn find(created: &Created, stored: &mut ItemStore, journal: &Journal) -> Result<Self, Error> {
        if created.folds.is_empty() || stored.count() == 0 {
            return Ok(Self::default());
        }
        let wanted: Hashes = created.folds.iter().copied().collect();
        let mut met = Hashes::default();
        let mut spellings: HashMap<u64, String, BuildHasherDefault<Prehashed>> = HashMap::default();
        let hash = |id: &str, folded: &mut String| {
            fold_id_into(id, folded);
            created.state.hash_one(&**folded)
        };
        stored.each_part::<(String, Vec<(u64, String)>), Error>(
            &|(folded, found), item| {
                if let Some(id) = item.id() {
                    let hash = hash(&id, folded);
                    if wanted.contains(&hash) {
                        found.push((hash, id.into_owned()));
                    }
                }
                Ok(())
            },
            &mut |(_, found)| {
                for (hash, id) in found {
                    if met.insert(hash) && spellings.len() < KEPT {
                        spellings.insert(hash, id);
                    }
                }
                Ok(())
            },
        )?;
        let count = created.folds.iter().filter(|fold| met.contains(fold)).count() as u64;
        let mut first = Vec::new();
        if count > 0 {
            let mut folded = String::new();
            journal.each_created(&mut |origin, id| {
                let fold = hash(id, &mut folded);
                if let Some(stored) = spellings.get(&fold).filter(|stored| fold_id(stored) == folded) {
                    first.push(NearId {
                        origin,
                        id: id.to_owned(),
                        stored: stored.clone(),
                    });
                }
                first.len() < NAMED
            })?;
        }
        Ok(Self { count, first })
    }

    /// What a person should look at.
    pub(super) fn warning(&self, supply: &Description<'_>) -> Option<Warning> {
        if self.count == 0 {
            return None;
        }
        let near = |near: &NearId| {
            let place = (supply.address)(near.origin, None).map_or_else(String::new, |place| format!("{place}: "));
            format!("{place}{} is stored as {}", spelled(&near.id), spelled(&near.stored))
        };
        let named: Vec<String> = self.first.iter().map(near).collect();
        let more = if self.count > named.len() as u64 { "; …" } else { "" };
        let are = counted_are(self.count, "new id");
        Some(About::NearIds.warning(format!(
            "{are} nearly the same as stored ones, and would be created beside them: {}{more}{}",
            named.join("; "),
            self.remedy()
        )))
    }

    /// What gives ids their leading zeros back, where the first ones lack them.
    fn remedy(&self) -> String {
        let lacks = |near: &&NearId| near.stored.ends_with(&near.id) && near.stored.starts_with('0');
        let length = self.first.iter().find(lacks).map(|near| near.stored.len());
        length.map_or_else(String::new, |digits| {
            format!(" (`digits = {digits}` for the column in a mapping file restores leading zeros)")
        })
    }

    /// The same for programs.
    pub(super) fn document(&self, supply: &Description<'_>) -> Value {
        let near = |near: &NearId| {
            let place = (supply.address)(near.origin, None);
            json!({"place": place, "line": near.origin.line, "id": near.id, "stored": near.stored})
        };
        json!({"count": self.count, "first": self.first.iter().map(near).collect::<Vec<_>>()})
    }
}
