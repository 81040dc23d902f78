//! An organization's items, to be moved into another one: which of them are meant, and what is wanted of each.
//!
//! Belongs here: the choice of items, their ids in the target, what is a conflict; the proof and the certificate of a
//! migration (`verify`, `certificate`). Doesn't: how it is planned, sent and accounted for (`transfer`).

mod certificate;
mod check;
mod choice;
mod difference;
mod earlier;
mod error;
mod gone;
mod ids;
mod page;
mod quantities;
mod since;
mod source;
#[cfg(test)]
mod tests;
mod verdict;
mod verify;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use crate::columns::{Origin, Rejection};
use crate::error::Error;
use crate::hash::hex;
use crate::inventory::{ItemStore, Listing, Lookup};
use crate::item::{ITEM_ID, Object};
use crate::journal::Journal;
use crate::output::{counted, grouped, have};
use crate::plan::{Action, Change, Decision};
use crate::report::write_objects;
use crate::transfer::{Conflicts, Description, Each, Pass, Supply, TakePart};
pub use certificate::{Certificate, Paths, Side};
pub use check::{Change as ChangeSince, Checked, Claim, ClaimedEnd};
pub use choice::{Choice, OnConflict, Part};
use choice::{Wanted, refusal};
pub use difference::changed_leaves;
use difference::{Difference, difference, kept};
pub use earlier::{Earlier, ID_MAP, IDS, RULE};
pub use error::MigrateError;
pub use gone::{Gone, Stays};
pub use ids::Ids;
pub use source::{Source, whole};
pub use verify::{Proof, verify};

/// How many items are named where there may be many.
const NAMED: usize = 10;

/// The table of the journal's rows that are deletions; those of items of the source are of table 0.
pub const DELETIONS: usize = 1;

/// What was noticed while deciding.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    /// How many conflicts there are.
    pub conflicts: u64,
    /// The first of them, with what differs.
    pub named: Vec<String>,
    /// The ids whose conflicts are left as they are.
    left: HashSet<String>,
    /// How many updates carry what has changed in the source since an earlier run moved it.
    pub moved_on: u64,
    /// How many items of the target keep something that only they have.
    pub kept: u64,
    /// The first of them, with what they keep.
    pub kept_named: Vec<String>,
}

/// The items of an organization on their way into another one.
pub struct Migration {
    from: String,
    to: String,
    source: RefCell<ItemStore>,
    choice: Choice,
    count: u64,
    earlier: Earlier,
    /// The reject file: items that failed or were not attempted.
    rejects: PathBuf,
    noticed: RefCell<Noticed>,
    /// What earlier runs moved and the source no longer has.
    gone: RefCell<Vec<Gone>>,
    /// What an earlier part of this run was to delete.
    deleted_before: BTreeSet<String>,
    /// How many deletions are decided on.
    deletions: Cell<u64>,
    found: RefCell<Option<Listing>>,
}

impl Migration {
    /// Checks the choice against what the source holds. `deleted_before` is what an earlier part of this run was to delete.
    pub fn new(
        (from, to): (&str, &str),
        mut source: ItemStore,
        choice: Choice,
        earlier: Earlier,
        deleted_before: BTreeSet<String>,
        rejects: PathBuf,
    ) -> Result<Self, Error> {
        choice.filter.check(source.fields())?;
        let mut absent = Vec::new();
        for id in &choice.only {
            if !source.has(id)? {
                absent.push(id.clone());
            }
        }
        for (id, to) in choice.ids.listed() {
            // The list of an earlier run may name items that it moved and that are gone since.
            if !source.has(id)? && !earlier.has_sent(to)? {
                absent.push(id.clone());
            }
        }
        if !absent.is_empty() {
            absent.sort_unstable();
            absent.dedup();
            return Err(MigrateError::Absent {
                org: from.to_owned(),
                ids: absent,
            }
            .into());
        }
        for (id, to) in choice.ids.listed() {
            if !choice.ids.lists(to) && source.has(to)? {
                return Err(MigrateError::Collision {
                    ids: [id.clone(), to.clone()],
                }
                .into());
            }
        }
        let mut count = 0;
        source.each::<Error>(|item| {
            count += u64::from(!matches!(choice.wanted(&item), Wanted::Elsewhere));
            Ok(())
        })?;
        Ok(Self {
            from: from.to_owned(),
            to: to.to_owned(),
            source: RefCell::new(source),
            choice,
            count,
            earlier,
            rejects,
            noticed: RefCell::default(),
            gone: RefCell::default(),
            deleted_before,
            deletions: Cell::default(),
            found: RefCell::default(),
        })
    }

    /// What was noticed when the plan was made.
    #[must_use]
    pub fn noticed(&self) -> Noticed {
        self.noticed.borrow().clone()
    }

    /// The items that earlier runs moved, that the source no longer has, and that the target held when the plan was made.
    #[must_use]
    pub fn gone(&self) -> Vec<Gone> {
        self.gone.borrow().clone()
    }

    fn gone_ids(&self) -> BTreeSet<String> {
        self.gone.borrow().iter().map(|gone| gone.id.clone()).collect()
    }

    /// The list of the target that the plan was made with.
    #[must_use]
    pub fn found(&self) -> Option<Listing> {
        self.found.borrow().clone()
    }

    /// Called when the plan has been made and nothing been sent, with the list of the target: conflicts stop the migration,
    /// unless another rule was chosen for them.
    pub fn approve(&self, listing: &Listing) -> Result<(), Error> {
        *self.found.borrow_mut() = Some(listing.clone());
        let noticed = self.noticed.borrow();
        if noticed.conflicts > 0 && self.choice.on_conflict == OnConflict::Fail {
            return Err(MigrateError::Conflicts {
                org: self.to.clone(),
                count: noticed.conflicts,
                named: noticed.named.clone(),
            }
            .into());
        }
        Ok(())
    }

    fn remarks(&self) -> Vec<String> {
        let noticed = self.noticed.borrow();
        let mut remarks = Vec::new();
        if noticed.moved_on > 0 {
            remarks.push(format!(
                "{} of the updates {} changed in {} since {} moved them",
                grouped(noticed.moved_on),
                have(noticed.moved_on),
                self.from,
                self.earlier.named()
            ));
        }
        let gone = self.gone.borrow();
        if !gone.is_empty() {
            remarks.push(format!(
                "no longer in {}, and moved by earlier runs: {} ({})",
                self.from,
                counted(gone.len() as u64, "item"),
                verdict::listed(gone.iter().map(|gone| gone.id.as_str()))
            ));
        }
        if noticed.kept > 0 {
            let more = if noticed.kept > noticed.kept_named.len() as u64 {
                "; …"
            } else {
                ""
            };
            remarks.push(format!(
                "fields that only the target has stay in {} of {}: {}{more}",
                counted(noticed.kept, "item"),
                self.to,
                noticed.kept_named.join("; ")
            ));
        }
        remarks
    }

    /// Every item of the source that is this process's own, with its number.
    fn each(&self, take: &mut dyn FnMut(u64, Object, Wanted) -> Result<(), Error>) -> Result<(), Error> {
        let mut line = 0;
        self.source.borrow_mut().each::<Error>(|item| {
            line += 1;
            match self.choice.wanted(&item) {
                Wanted::Elsewhere => Ok(()),
                wanted => take(line, item, wanted),
            }
        })
    }

    /// Refuses ids other than those that earlier runs gave, where the target holds items under the earlier ones: every item
    /// would be there twice.
    fn check_ids(&self, each: &mut Each<'_, '_>) -> Result<(), Error> {
        if self.choice.other_ids {
            return Ok(());
        }
        let mut first = None;
        let mut twice: BTreeSet<String> = BTreeSet::new();
        for other in self.earlier.others()? {
            if each.stored(&other.id)?.is_some() {
                twice.insert(other.id.clone());
                first.get_or_insert(other);
            }
        }
        let Some(first) = first else { return Ok(()) };
        let (run, option) = self.earlier.options_of(&first);
        Err(MigrateError::OtherIds {
            org: self.to.clone(),
            count: twice.len() as u64,
            id: first.id,
            run,
            option,
        }
        .into())
    }

    /// Decides on what earlier runs moved and the source no longer has; and accounts for what an earlier part of this run has
    /// deleted.
    fn carry_deletions(&self, each: &mut Each<'_, '_>) -> Result<(), Error> {
        let gone = self.gone.borrow();
        let mut before = self.deleted_before.clone();
        let mut lines = 1..;
        let mut origin = || Origin {
            table: DELETIONS,
            line: lines.next().unwrap_or_default(),
        };
        for gone in gone.iter() {
            before.remove(&gone.id);
            let stored = each.stored(&gone.id)?;
            each.put(origin(), &gone.id, gone.decide(stored))?;
        }
        for id in &before {
            each.put(origin(), id, Ok(Decision::Unchanged))?;
        }
        self.deletions.set((gone.len() + before.len()) as u64);
        Ok(())
    }

    fn judge(&self, id: &str, body: Object, stored: Option<&Object>) -> Result<Result<Decision, Rejection>, Error> {
        let Some(stored) = stored else {
            return Ok(Ok(Decision::Write(Change {
                action: Action::Create,
                id: id.to_owned(),
                body,
                before: None,
            })));
        };
        let mut noticed = self.noticed.borrow_mut();
        let keeps = kept(&body, stored);
        if !keeps.is_empty() {
            noticed.kept += 1;
            if noticed.kept_named.len() < NAMED {
                noticed.kept_named.push(format!("{id}: {}", keeps.join(", ")));
            }
        }
        let mut found = difference(&body, stored);
        if found.body.is_empty() {
            return Ok(Ok(Decision::Unchanged));
        }
        let foreign = self.earlier.foreign(id, &found, stored)?;
        if foreign.is_empty() {
            noticed.moved_on += 1;
        } else {
            noticed.conflicts += 1;
            let what = format!("{id} ({})", foreign.join(", "));
            let reason = format!("conflict: {} holds other values: {what}", self.to);
            if noticed.named.len() < NAMED {
                noticed.named.push(what);
            }
            match self.choice.on_conflict {
                OnConflict::Fail => return Ok(Err(refusal("", reason))),
                OnConflict::Skip => {
                    noticed.left.insert(id.to_owned());
                    return Ok(Ok(Decision::Skipped));
                }
                OnConflict::Overwrite => {}
            }
        }
        found.body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
        let Difference { body, before } = found;
        Ok(Ok(Decision::Write(Change {
            action: Action::Update,
            id: id.to_owned(),
            body,
            before: Some(before),
        })))
    }
}

impl Supply for Migration {
    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.each(&mut |_, _, wanted| match wanted {
            Wanted::Item { id, .. } => take(&id),
            _ => Ok(()),
        })
    }

    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error> {
        *self.noticed.borrow_mut() = Noticed::default();
        let mut each = Each::new(stored, take);
        self.check_ids(&mut each)?;
        *self.gone.borrow_mut() = {
            let mut source = self.source.borrow_mut();
            gone::gone(&self.earlier, (&mut source, &self.choice), &mut |id| each.stored(id))?
        };
        self.each(&mut |line, _, wanted| {
            let origin = Origin { table: 0, line };
            match wanted {
                Wanted::Elsewhere => Ok(()),
                Wanted::LeftOut => each.put(origin, "", Ok(Decision::Skipped)),
                Wanted::Refused(reason) => each.put(origin, "", Err(vec![reason])),
                Wanted::Item { id, body, .. } => {
                    let stored = each.stored(&id)?;
                    let decision = self.judge(&id, body, stored.as_ref())?;
                    each.put(origin, &id, decision.map_err(|reason| vec![reason]))
                }
            }
        })?;
        if self.choice.mirror {
            self.carry_deletions(&mut each)?;
        }
        each.end()
    }

    /// The items as they are stored, one JSON object a line.
    fn rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        let mut source = self.source.borrow_mut();
        write_objects(journal, &mut source, &self.rejects)
    }

    fn describe(&self) -> Description<'_> {
        let count = self.noticed.borrow().conflicts;
        Description {
            count: Some(self.count + self.deletions.get()),
            tables: DELETIONS + 1,
            // The reasons name their items.
            address: Box::new(|origin, _| {
                let org = if origin.table == DELETIONS {
                    &self.to
                } else {
                    &self.from
                };
                Some(org.clone())
            }),
            needs_whole: true,
            conflicts: match self.choice.on_conflict {
                OnConflict::Fail => Conflicts::Refused(count),
                OnConflict::Skip => Conflicts::Left(count),
                OnConflict::Overwrite => Conflicts::Overwritten(count),
            },
            remarks: self.remarks(),
            ..Description::default()
        }
    }
}

/// A moment as certificates show it.
fn moment(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
