//! Reading the target back: every item that was to be moved is there, equal by value and by hash; then the source is listed
//! again.
//!
//! Doesn't belong here: writing down what it found (`certificate`), what changed in the source meanwhile (`since`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::difference::{FieldPair, compare, digest, lacking_leaves};
use super::quantities::Quantities;
use super::since::{self, Now};
use super::{Gone, LISTED, Migration, Source, Wanted, whole};
use crate::api::Client;
use crate::error::Error;
use crate::inventory::{ItemStore, Listing, read_into};
use crate::journal::Journal;
use crate::output::events::Event;
use crate::output::{About, Output, grouped};
use crate::transfer::name_of;

/// How many differences are named on the screen.
const SHOWN: u64 = 20;

/// An item that was found to be equal in both organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Its id in the target.
    pub id: String,
    /// Its id in the source, where that is another.
    pub source: Option<String>,
    /// The SHA-256 of its canonical form, the same on both sides.
    pub sha256: [u8; 32],
    /// The SHA-256 of all that the target holds of it, where that is more.
    pub target_sha256: Option<[u8; 32]>,
}

/// A conflict that was skipped: the target keeps its values.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The item's id in the target.
    pub id: String,
    /// Its id in the source, where that is another.
    pub source: Option<String>,
    /// What differs: the source's value, and the target's.
    pub fields: Vec<FieldPair>,
}

/// What reading both organizations at the end has shown.
pub struct Proof {
    /// The items that are equal, in the order of their ids.
    pub equal: Vec<Proved>,
    /// The items that should be equal and aren't: the id, and what differs.
    pub differences: Vec<(String, String)>,
    /// The conflicts that were skipped and still differ.
    pub conflicts: Vec<Kept>,
    /// How many items were asked for and not moved: rejected, failed, or not attempted.
    pub not_moved: u64,
    /// How many items were not asked for.
    pub not_asked: u64,
    /// How many deletions were decided on, which the equation counts among what was read.
    pub deletions: u64,
    /// The list of the target that was read.
    pub listing: Listing,
    /// When that was.
    pub at: Timestamp,
    /// The quantities of the items that were asked for: as they were read, and as the target holds them.
    pub quantities: [Quantities; 2],
    /// What earlier runs moved, the source no longer has, and the target still holds.
    pub gone: Vec<Gone>,
    /// What was deleted in the target because the source no longer has it.
    pub deleted: Vec<String>,
    /// What both hold at the end.
    pub now: Now,
    /// The names of the items that the page lists, by their ids in the target.
    pub(super) names: BTreeMap<String, Value>,
}

/// Reads the target again and compares it with what was read of the source, then the source.
pub fn verify(
    output: &Output,
    (from, to): (&Source, &Client),
    migration: &Migration,
    journal: &Journal,
) -> Result<Proof, Error> {
    let mut target = ItemStore::new()?;
    let listing = read_into(output, to, None, &mut target)?;
    whole(to.org(), &listing)?;
    let at = Timestamp::now();
    let (mut equal, mut differences, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut not_moved, mut not_asked) = (0, 0);
    let mut quantities = [Quantities::default(), Quantities::default()];
    let skipped = migration.noticed().left;
    migration.each(&mut |_, _, wanted| {
        let (source, id, body) = match wanted {
            Wanted::Item { source, id, body } => (source, id, body),
            Wanted::Refused(_) => {
                not_moved += 1;
                return Ok(());
            }
            Wanted::LeftOut | Wanted::Elsewhere => {
                not_asked += 1;
                return Ok(());
            }
        };
        let stored = target.get(&id)?;
        let [asked, there] = &mut quantities;
        asked.add(&body);
        if let Some(stored) = &stored {
            there.add(stored);
        }
        let is_skipped = skipped.contains(&id);
        if !is_skipped && !journal.should_be_stored(&id)? {
            not_moved += 1;
            return Ok(());
        }
        let compared = compare(&body, stored.as_ref());
        let source = (source != id).then_some(source);
        match compared {
            Ok(sha256) => {
                let all = stored.as_ref().map(digest);
                equal.push(Proved {
                    id,
                    source,
                    sha256,
                    target_sha256: all.filter(|all| *all != sha256),
                });
            }
            Err(_) if is_skipped => {
                let fields = lacking_leaves(&body, &stored.unwrap_or_default());
                conflicts.push(Kept { id, source, fields });
            }
            Err(what) => differences.push((id, what)),
        }
        Ok(())
    })?;
    let mut gone = Vec::new();
    let mut deleted = Vec::new();
    let mut names = BTreeMap::new();
    for item in migration.gone() {
        names.extend(item.name.clone().map(|name| (item.id.clone(), name)));
        let is_deleted = migration.choice.mirror && item.stays.is_none() && journal.should_be_stored(&item.id)?;
        match (target.get(&item.id)?, is_deleted) {
            (None, true) => deleted.push(item.id),
            (None, false) => {}
            (Some(_), false) => gone.push(item),
            (Some(_), true) => differences.push((item.id, "it was deleted, and is still there".to_owned())),
        }
    }
    equal.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let mut proof = Proof {
        equal,
        differences,
        conflicts,
        not_moved,
        not_asked,
        deletions: migration.deletions.get(),
        listing,
        at,
        quantities,
        gone,
        deleted,
        now: since::now(output, from, migration, &mut target)?,
        names,
    };
    proof.look_up_names(&mut target)?;
    proof.show(output, to.org());
    Ok(proof)
}

impl Proof {
    fn look_up_names(&mut self, target: &mut ItemStore) -> Result<(), Error> {
        let equal = self.equal.iter().map(|item| &item.id).take(LISTED);
        let differing = self.differences.iter().map(|(id, _)| id).take(LISTED);
        let conflicts = self.conflicts.iter().map(|kept| &kept.id).take(LISTED);
        for id in equal.chain(differing).chain(conflicts).chain(&self.now.only_there.ids) {
            self.names.extend(name_of(id, target)?.map(|name| (id.clone(), name)));
        }
        Ok(())
    }

    fn show(&self, output: &Output, org: &str) {
        for (id, what) in self.differences.iter().take(usize::try_from(SHOWN).unwrap_or_default()) {
            output.warn(&About::NotAsExpected.warning(format!("not as expected in {org}: {id} ({what})")));
        }
        let differing = self.differences.len() as u64;
        if differing > SHOWN {
            output.warn(&About::NotAsExpected.warning(format!("… and {} more", grouped(differing - SHOWN))));
        }
        output.tell(Event::Verified {
            compared: differing + self.equal.len() as u64,
            differing,
        });
    }
}
