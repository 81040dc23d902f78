//! An organization's items, to be moved into another one: which of them are meant, and what is wanted of each.
//!
//! Belongs here: the choice of items, their ids in the target, what is a conflict; the proof and the certificate of a
//! migration (`verify`, `certificate`). Doesn't: how it is planned, sent and accounted for (`transfer`).

mod certificate;
mod difference;
mod earlier;
mod error;
mod ids;
#[cfg(test)]
mod tests;
mod verify;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::api::Client;
use crate::columns::{Origin, Rejection, as_text};
use crate::error::Error;
use crate::filter::Filter;
use crate::hash::hex;
use crate::inventory::{self, Completeness, Incomplete, ItemStore, Listing, Lookup, id_of, read_into};
use crate::item::{ITEM_ID, Object, SERVER_FIELDS, check_id};
use crate::journal::Journal;
use crate::output::{Output, grouped};
use crate::plan::{Action, Change, Decision};
use crate::report::write_objects;
use crate::shard::Shard;
use crate::transfer::{Conflicts, Description, Each, Pass, Supply, TakePart};
pub use certificate::{Certificate, Paths, Side};
use difference::{Difference, difference, kept};
pub use earlier::{Earlier, IDS};
pub use error::MigrateError;
pub use ids::Ids;
pub use verify::{Proof, verify};

/// How many items are named where there may be many.
const NAMED: usize = 10;

/// An organization that is read and never written to: nothing here posts, and the client is not given out.
#[derive(Debug)]
pub struct Source {
    client: Client,
    /// What names its API in journals.
    pub place: String,
}

impl Source {
    /// The organization behind this client.
    #[must_use]
    pub fn new(client: Client, place: String) -> Self {
        Self { client, place }
    }

    /// The organization.
    #[must_use]
    pub fn org(&self) -> &str {
        self.client.org()
    }

    /// Reads all of it. `known` is how many items it holds at least, by an earlier run.
    pub fn read(&self, output: &Output, known: Option<u64>) -> Result<(Listing, ItemStore), Error> {
        let mut store = ItemStore::new()?;
        let listing = read_into(output, &self.client, known, &mut store)?;
        Ok((listing, store))
    }

    /// Asks for the items that earlier knowledge names and the list lacks.
    pub fn ask_for(
        &self,
        output: &Output,
        listing: &mut Listing,
        earlier: &[inventory::Earlier<'_>],
    ) -> Result<(), Error> {
        inventory::ask_for(output, &self.client, listing, earlier)
    }

    /// How many requests have been sent, and how many of them were repetitions.
    #[must_use]
    pub fn requests(&self) -> (u64, u64) {
        (self.client.requests(), self.client.retries())
    }
}

/// What is done where the target holds an id with other values that no earlier run of this migration wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing is sent at all.
    #[default]
    Fail,
    /// The target's item stays.
    Skip,
    /// The source's values win.
    Overwrite,
}

/// Which items are moved, and how.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Items that meet this.
    pub filter: Filter,
    /// These only, by their ids in the source; all where none is named.
    pub only: BTreeSet<String>,
    /// Their ids in the target.
    pub ids: Ids,
    /// What happens to conflicts.
    pub on_conflict: OnConflict,
    /// The share of the items that is this process's own.
    pub shard: Option<Shard>,
}

/// What is wanted of one item of the source.
enum Wanted {
    /// Nothing: another process does it.
    Elsewhere,
    /// Nothing: it is left out on request.
    LeftOut,
    /// It can't be moved.
    Refused(Rejection),
    /// The target is to hold this under this id.
    Item {
        /// The id in the source.
        source: String,
        /// The id in the target.
        id: String,
        /// The values.
        body: Object,
    },
}

impl Choice {
    fn wanted(&self, item: &Object) -> Wanted {
        let Some(source) = id_of(item) else {
            // The list's order is not known to be the same for all, so the item has no place of its own.
            return match self.shard {
                Some(shard) if !shard.has_id("") => Wanted::Elsewhere,
                _ => Wanted::Refused(refusal("", "an item has no id".to_owned())),
            };
        };
        if self.shard.is_some_and(|shard| !shard.has_id(&source)) {
            return Wanted::Elsewhere;
        }
        if !self.only.is_empty() && !self.only.contains(source.as_ref()) {
            return Wanted::LeftOut;
        }
        if !self.filter.matches(item) {
            return Wanted::LeftOut;
        }
        match item.get(ITEM_ID) {
            Some(Value::String(text)) if *text == source => {}
            Some(Value::Number(number)) if number.to_string() == source => {}
            None | Some(Value::Null) => return Wanted::Refused(refusal(&source, "it has no item_id".to_owned())),
            Some(other) => {
                let why = format!("it says another item_id of itself: {:?}", as_text(other));
                return Wanted::Refused(refusal(&source, why));
            }
        }
        let id = self.ids.target(&source);
        if let Err(fault) = check_id(&id) {
            return Wanted::Refused(refusal(&source, fault.to_string()));
        }
        let mut body: Object = item
            .iter()
            .filter(|(field, _)| !SERVER_FIELDS.contains(&field.as_str()))
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect();
        body.insert(ITEM_ID.to_owned(), Value::String(id.clone()));
        Wanted::Item {
            source: source.into_owned(),
            id,
            body,
        }
    }
}

fn refusal(id: &str, why: String) -> Rejection {
    Rejection {
        column: Some(ITEM_ID.to_owned()),
        index: None,
        value: id.to_owned(),
        reason: if id.is_empty() { why } else { format!("{id}: {why}") },
    }
}

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
    /// Where items that did not go through are written.
    rejects: PathBuf,
    noticed: RefCell<Noticed>,
    found: RefCell<Option<Listing>>,
}

impl Migration {
    /// Checks the choice against what the source holds.
    pub fn new(
        (from, to): (&str, &str),
        mut source: ItemStore,
        choice: Choice,
        earlier: Earlier,
        rejects: PathBuf,
    ) -> Result<Self, Error> {
        choice.filter.check(source.fields())?;
        let listed = choice.ids.listed().map(|(from, _)| from);
        let mut absent = Vec::new();
        for id in choice.only.iter().chain(listed) {
            if source.get(id)?.is_none() {
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
            if !choice.ids.lists(to) && source.get(to)?.is_some() {
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
            found: RefCell::default(),
        })
    }

    /// What was noticed when the plan was made.
    #[must_use]
    pub fn noticed(&self) -> Noticed {
        self.noticed.borrow().clone()
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
                "{} of the updates have changed in {} since {} moved them",
                grouped(noticed.moved_on),
                self.from,
                self.earlier.named()
            ));
        }
        if noticed.kept > 0 {
            let more = if noticed.kept > noticed.kept_named.len() as u64 {
                "; …"
            } else {
                ""
            };
            remarks.push(format!(
                "{} items of {} keep what only they have: {}{more}",
                grouped(noticed.kept),
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
            count: Some(self.count),
            // The reasons name their items.
            address: Box::new(|_, _| Some(self.from.clone())),
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

/// Refuses a list that isn't known to be whole.
pub fn whole(org: &str, listing: &Listing) -> Result<(), Error> {
    match listing.completeness {
        Completeness::Proved | Completeness::Plausible => Ok(()),
        Completeness::Cut | Completeness::Unlisted => Err(Incomplete::of(org, listing).into()),
    }
}
