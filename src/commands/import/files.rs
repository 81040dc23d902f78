//! The rows of files as what is wanted of an organization.
//!
//! Doesn't belong here: reading rows (`columns`), what is decided on them (`plan`).

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use super::skips::Skips;
use crate::columns::{Incoming, Reader, Reading, Source, StoredIds, Straight, Survey};
use crate::error::{Category, Error};
use crate::inventory::{Lookup, Window};
use crate::item::text::Item;
use crate::journal::Journal;
use crate::output::{Output, Warning};
use crate::plan::{self, PlanPart, Policy};
use crate::report::Rejects;
use crate::shard::Shard;
use crate::sheet::Row;
use crate::transfer::{Description, Pass, Showing, Supply, TakePart, show_reading};

/// The rows of the files that the user named.
pub(super) struct Files<'a> {
    pub(super) source: RefCell<Source>,
    /// What the first pass has settled; none until it has been made.
    pub(super) survey: RefCell<Option<Survey>>,
    /// Opens the files once more, where a text was taken for UTF-8 that is none.
    pub(super) reopen: &'a dyn Fn() -> Result<Source, Error>,
    /// The file that each table came from.
    pub(super) paths: &'a [PathBuf],
    pub(super) rejects: Rejects<'a>,
    pub(super) policy: Policy,
    /// The share of the rows that is this process's own; others aren't counted.
    pub(super) shard: Option<Shard>,
    /// How many rows are of this share.
    pub(super) count: Cell<Option<u64>>,
    /// Whether what the first pass has settled has been shown.
    pub(super) is_shown: Cell<bool>,
    /// Which items are skipped, where every row is accounted for.
    pub(super) skips: Option<RefCell<Skips>>,
    /// How the plan is shown.
    pub(super) showing: Showing,
}

impl Files<'_> {
    /// Every row that is this process's own, in order.
    fn read(&self, take: &mut dyn FnMut(Incoming<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.source.borrow().read::<Error>(&mut |_, incoming| match self.shard {
            Some(shard) if !is_own(shard, &incoming) => Ok(()),
            _ => take(incoming),
        })
    }

    /// The same with their number, which takes a reading of its own where it isn't the number of all.
    pub(super) fn count_share(&self) -> Result<(), Error> {
        if self.shard.is_some() {
            let mut count = 0;
            self.read(&mut |_| {
                count += 1;
                Ok(())
            })?;
            self.count.set(Some(count));
        }
        Ok(())
    }

    /// How many rows there are, those of others too; nothing before the first pass.
    pub(super) fn all(&self) -> u64 {
        self.survey.borrow().as_ref().map_or(0, |survey| survey.rows)
    }

    /// How many rows are no items; none before the first pass.
    pub(super) fn set_aside(&self) -> u64 {
        self.survey.borrow().as_ref().map_or(0, |survey| survey.set_aside.count)
    }

    /// What the first pass warns of.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let survey = self.survey.borrow();
        survey.as_ref().map_or_else(Vec::new, |survey| survey.warnings.clone())
    }
}

/// Whether a row is of this share: by its id, or by its place where it has none that counts.
fn is_own(shard: Shard, incoming: &Incoming<'_>) -> bool {
    match &incoming.reading {
        Reading::Item(draft) => shard.has_id(&draft.id),
        Reading::Rejected(_) | Reading::Skipped(_) => shard.has_place(incoming.origin.table, incoming.origin.line),
    }
}

/// What is decided on rows, on any thread.
struct Decider<'a> {
    stored: &'a Lookup<'a>,
    policy: &'a Policy,
    shard: Option<Shard>,
}

/// What is made of some rows, one after the other.
type Part = (PlanPart, Window);

impl Decider<'_> {
    /// Decides on a row whose values are read only now; returns false, and decides nothing, if that takes a draft of it.
    fn decide_straight(&self, (part, window): &mut Part, row: &Straight<'_>) -> Result<bool, Error> {
        // A row that turns out to be refused may be another process's than its id says.
        if self.shard.is_some_and(|shard| !shard.has_id(row.id())) {
            return Ok(false);
        }
        let decide = |item: Option<&Item<'_, '_>>| plan::decide_straight(row, item, self.policy, part);
        Ok(self.stored.with(row.id(), window, decide)?)
    }

    fn decide(&self, (part, window): &mut Part, incoming: Incoming<'_>) -> Result<(), Error> {
        if self.shard.is_some_and(|shard| !is_own(shard, &incoming)) {
            return Ok(());
        }
        if let Some(id) = &incoming.id {
            // The file holds this item, whatever becomes of the row.
            self.stored.with(id, window, |_| ())?;
        }
        match incoming.reading {
            Reading::Item(draft) => self.stored.with(&draft.id, window, |item| {
                plan::decide(incoming.origin, &draft, item, self.policy, part);
            })?,
            Reading::Rejected(reasons) => part.refuse(incoming.origin, String::new(), reasons),
            Reading::Skipped(reason) => {
                let id = incoming.id.as_deref().unwrap_or_default();
                part.skip_because(incoming.origin, ("", id), || reason);
            }
        }
        Ok(())
    }
}

impl Supply for Files<'_> {
    fn survey(&self, output: &Output) -> Result<(), Error> {
        if self.survey.borrow().is_none() {
            let mut source = self.source.borrow_mut();
            let survey = match source.survey().map_err(Error::from) {
                Err(error) if error.category() == Category::NotText => {
                    *source = (self.reopen)()?;
                    source.survey()?
                }
                surveyed => surveyed?,
            };
            self.survey.replace(Some(survey));
        }
        if let (false, Some(survey)) = (self.is_shown.replace(true), &*self.survey.borrow()) {
            show_reading(output, &self.source.borrow().tables, survey);
        }
        Ok(())
    }

    fn know(&self, stored: StoredIds) -> Result<(), Error> {
        if !stored.is_empty() {
            self.source.borrow_mut().know(stored);
            let is_void = self.survey.borrow().as_ref().is_some_and(|survey| survey.has_odd_ids);
            if is_void {
                let survey = self.source.borrow_mut().survey()?;
                self.survey.replace(Some(survey));
                self.count_share()?;
            }
        }
        Ok(())
    }

    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.read(&mut |incoming| match incoming.reading {
            Reading::Item(draft) => take(&draft.id),
            Reading::Rejected(_) | Reading::Skipped(_) => Ok(()),
        })?;
        self.source.borrow().each_odd_id(take)
    }

    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error> {
        let decider = Decider {
            stored,
            policy: &self.policy,
            shard: self.shard,
        };
        if let Some(skips) = &self.skips {
            skips.borrow_mut().clear();
        }
        let take: &mut TakePart<'_> = &mut |part: PlanPart| {
            if let Some(skips) = &self.skips {
                skips.borrow_mut().add(&part);
            }
            take(part)
        };
        let straight = |part: &mut Part, row: &Straight<'_>| decider.decide_straight(part, row);
        let decide = |part: &mut Part, _: &Row, incoming: Incoming<'_>| decider.decide(part, incoming);
        if self.survey.borrow().is_some() {
            let source = self.source.borrow();
            source.read_parts::<Part, Error>(Some(&straight), &decide, &mut |(part, _)| take(part))?;
            return Ok(Pass::Stands);
        }
        let mut source = self.source.borrow_mut();
        let mut taken = Ok(());
        let surveyed = source.survey_reading::<Part, Error>(&mut Reader {
            straight: Some(&straight),
            part: &decide,
            take: &mut |(part, _)| {
                taken = take(part);
                taken.is_ok()
            },
        });
        taken?;
        match surveyed.map_err(Error::from) {
            Ok((survey, stands)) => {
                self.survey.replace(Some(survey));
                Ok(if stands { Pass::Stands } else { Pass::Again })
            }
            Err(error) if error.category() == Category::NotText => {
                *source = (self.reopen)()?;
                Ok(Pass::Again)
            }
            Err(error) => Err(error),
        }
    }

    fn rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        self.rejects.write(&self.source.borrow(), self.paths, journal)
    }

    fn describe(&self) -> Description<'_> {
        let all = self.survey.borrow().as_ref().map(|survey| survey.rows);
        Description {
            count: self.count.get().or(all),
            // A share of the rows can't tell.
            counts_missing: self.shard.is_none(),
            tables: self.source.borrow().tables.len(),
            shown_updates: self.showing.creates,
            showing: self.showing.clone(),
            address: Box::new(|origin, index| Some(self.source.borrow().address(origin, index))),
            ..Description::default()
        }
    }
}
