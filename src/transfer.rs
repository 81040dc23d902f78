//! The journey itself, once: read the target, plan, show, write, verify, account. Whatever writes takes it.
//!
//! Belongs here: the order of the steps, and what stops them. Doesn't: where items come from and what is wanted of
//! them (a [`Supply`]), how a decision is made (`plan`), how it is sent (`upload`).

mod error;
mod events;
mod lookup;
mod render;
mod verify;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::api::Client;
use crate::columns::Origin;
use crate::error::{Error, Interrupted};
use crate::filter::Filter;
use crate::inventory::{Completeness, Incomplete, ItemStore, Listing, Lookup, read_into};
use crate::item::Object;
use crate::journal::{Journal, Planned};
use crate::output::Output;
pub use crate::plan::shown;
use crate::plan::{Change, Decision, PlanPart, Verdict};
use crate::progress::Progress;
use crate::report::{Imbalance, Summary, Tally};
use crate::runs::{self, Known};
use crate::upload::{self, Halt};
pub use error::TransferError;
pub use events::{show_items, show_listing, show_reading};
pub use render::printer;

/// Gives what the organization holds under an id.
pub type Holds<'h> = dyn FnMut(&str) -> Result<Option<Object>, Error> + 'h;

/// Takes what is to become of one item, or says why the reading has to stop.
pub type Take<'t> = dyn FnMut(Verdict) -> Result<(), Error> + 't;

/// Where the items of a transfer come from, and what is wanted of each; read as often as needed, the same each time.
pub trait Supply {
    /// How many items there are, as the first pass counted them; nothing before that.
    fn count(&self) -> u64;
    /// Whether the first pass over the items has been made.
    fn is_surveyed(&self) -> bool {
        true
    }
    /// Makes the first pass, where it hasn't been made.
    fn survey(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Says what the first pass has settled, where nobody knows it yet.
    fn show_survey(&self, _output: &Output) {}
    /// Gives the id of every item that may be written.
    fn ids(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error>;
    /// Decides on every item, in order, by what the organization holds.
    fn decide(&self, holds: &mut Holds<'_>, take: &mut Take<'_>) -> Result<(), Error>;
    /// The same on all processors, some items at a time and in order; false where the supply can't.
    fn decide_in_parts(
        &self,
        _stored: &Lookup<'_>,
        _take: &mut dyn FnMut(PlanPart) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        Ok(false)
    }
    /// Makes the first pass and decides in the same; false where what was decided doesn't stand, or the supply can't: then
    /// all that `take` was given is void.
    fn decide_in_one_pass(
        &self,
        _stored: &Lookup<'_>,
        _take: &mut dyn FnMut(PlanPart) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        Ok(false)
    }
    /// Where an item stands, for a person.
    fn address(&self, origin: Origin, index: Option<usize>) -> String;
    /// How many separate tables the items stand in.
    fn tables(&self) -> usize;
    /// How many updates are shown field by field.
    fn shown_updates(&self) -> usize {
        events::FIRST
    }
    /// Whether there is a file for the items that did not go through; else each of them is named on the screen.
    fn keeps_rejects(&self) -> bool {
        true
    }
    /// Whether the command itself reports that this item did not go through.
    fn is_reported(&self, _origin: Origin) -> bool {
        false
    }
    /// Writes the items that did not go through, as the supply had them; gives the files.
    fn write_rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error>;
    /// Whether the plan needs the whole inventory: then a list that isn't known to be whole is an error.
    fn needs_whole(&self) -> bool {
        false
    }
    /// The conflicts among what was decided, for the plan on screen.
    fn conflicts(&self) -> Conflicts {
        Conflicts::Refused(0)
    }
    /// What else is to be said of the plan, a line each.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
    /// What an item has to meet when its turn to be deleted comes, where that is how it was found.
    fn condition(&self) -> Option<&Filter> {
        None
    }
    /// What the organization holds, where the supply has had to read it to know its own items; handed over once.
    fn already_read(&self) -> Option<(Listing, ItemStore)> {
        None
    }
    /// Called when the plan has been shown and nothing been sent, with what the organization holds: the last chance to
    /// keep a copy, or to stop.
    fn approve(&self, _listing: &Listing, _stored: &mut ItemStore) -> Result<(), Error> {
        Ok(())
    }
}

/// How many items of a supply stand against other values in the organization, and what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// They are rejected.
    Refused(u64),
    /// They are skipped.
    Left(u64),
    /// They are updates.
    Overwritten(u64),
}

/// What a plan that was reviewed allows to be written; everything else is left out.
pub trait Review {
    /// Whether this change is just as it was reviewed; an error names what has changed since.
    fn allows(&mut self, change: &Change) -> bool;
    /// Called once after the last change: a plan that no longer fits is refused as a whole.
    fn verdict(&mut self) -> Result<(), Error>;
}

/// Whether a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The plan only; nothing is sent.
    Look,
    /// The plan, and what it asks for.
    Write,
    /// The same; the journal holds an earlier part of this run, which is gone on with.
    Resume,
}

/// A transfer of items into one organization.
pub struct Transfer<'a> {
    /// Where everything is said.
    pub output: &'a Output,
    /// The organization's endpoint.
    pub client: &'a Client,
    /// The organization.
    pub org: &'a str,
    /// How it is sent.
    pub upload: upload::Options,
    /// Whether it is carried out.
    pub purpose: Purpose,
    /// The reject file is written even where nothing is sent.
    pub rejects_anyway: bool,
    /// Everything is read back at the end and compared.
    pub verify: bool,
    /// How many items an earlier run knows of, and whether fewer than that stop this one.
    pub known: Known,
    /// The user's wish to stop.
    pub stop: &'a AtomicBool,
}

/// What planning counted.
#[derive(Default)]
struct Counts {
    unchanged: u64,
    skipped: u64,
}

impl Transfer<'_> {
    /// Makes the journey with what `supply` gives, keeping `journal`; everything that happened, a failure too, goes into
    /// `summary`. `review` is a plan that was approved: nothing else is written.
    pub fn run(&self, supply: &dyn Supply, journal: &Journal, review: Option<&mut dyn Review>, summary: &mut Summary) {
        self.output.run_begins(&summary.run, self.org);
        let mut counts = Counts::default();
        if supply.is_surveyed() {
            summary.tally = Some(not_attempted(supply));
        }
        let mut planned = false;
        if let Err(error) = self.steps(supply, journal, review, summary, &mut counts, &mut planned) {
            // What stopped before the items were counted is accounted for all the same.
            let _ = self.survey(supply, summary);
            summary.error = Some(error);
        }
        if planned && let Err(error) = self.account(supply, journal, summary, &counts) {
            // The first failure says more than what it led to.
            summary.error.get_or_insert(error);
        }
        summary.requests = self.client.requests();
        summary.retries = self.client.retries();
    }

    fn steps(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        review: Option<&mut dyn Review>,
        summary: &mut Summary,
        counts: &mut Counts,
        planned: &mut bool,
    ) -> Result<(), Error> {
        let (listing, mut stored) = self.stored(supply, summary)?;
        *counts = self.plan(supply, journal, review, &mut stored, summary)?;
        let changes = journal.planned()?;
        summary.planned = Some(changes);
        let is_reliable = !matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted);
        runs::note_plan(journal, is_reliable.then_some(listing.count))?;
        let open = if self.purpose == Purpose::Resume {
            journal.open_by_kind()?
        } else {
            changes
        };
        let done = (changes.0 + changes.1 + changes.2).saturating_sub(open.0 + open.1 + open.2);
        let rest = (counts.unchanged, counts.skipped, done);
        events::show_plan(self.output, supply, journal, open, rest)?;
        // What is stopped here was not begun: all of it counts as not attempted.
        supply.approve(&listing, &mut stored)?;
        drop(stored);
        *planned = true;
        if self.purpose == Purpose::Look {
            return Ok(());
        }
        let open = journal.open_changes()?;
        if open > 0 {
            self.send(supply, journal, open)?;
        }
        if self.verify {
            summary.verified = Some(verify::agrees(self, supply, journal)?);
        }
        Ok(())
    }

    /// Makes the first pass over the items, where it hasn't been made.
    fn survey(&self, supply: &dyn Supply, summary: &mut Summary) -> Result<(), Error> {
        if summary.tally.is_none() {
            supply.survey()?;
            self.surveyed(supply, summary);
        }
        Ok(())
    }

    fn surveyed(&self, supply: &dyn Supply, summary: &mut Summary) {
        supply.show_survey(self.output);
        summary.tally = Some(not_attempted(supply));
    }

    /// What the organization holds, as far as the plan needs it.
    fn stored(&self, supply: &dyn Supply, summary: &mut Summary) -> Result<(Listing, ItemStore), Error> {
        let (listing, mut store) = if let Some(read) = supply.already_read() {
            read
        } else {
            let mut store = ItemStore::new()?;
            let listing = read_into(self.output, self.client, self.known.at_least, &mut store)?;
            (listing, store)
        };
        events::show_listing(self.output, self.org, &listing);
        self.known.check(self.org, &listing)?;
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            if supply.needs_whole() {
                return Err(Incomplete::of(self.org, &listing).into());
            }
            self.output.warn(&format!(
                "the list of {} can't be relied on ({}): each of the items is asked for by its id",
                self.org, listing.evidence
            ));
            self.survey(supply, summary)?;
            lookup::fetch(self.output, self.client, supply, &mut store, self.upload.jobs)?;
        }
        Ok((listing, store))
    }

    fn plan(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        mut review: Option<&mut dyn Review>,
        stored: &mut ItemStore,
        summary: &mut Summary,
    ) -> Result<Counts, Error> {
        if review.is_none() && self.purpose != Purpose::Resume && summary.tally.is_none() {
            let planned = self.plan_in_one_pass(supply, journal, stored)?;
            if let Some(counts) = planned {
                self.surveyed(supply, summary);
                return Ok(counts);
            }
        }
        self.survey(supply, summary)?;
        let progress = Progress::begin(self.output, "Planning", Some(supply.count()));
        let mut counts = Counts::default();
        let planned = journal.plan::<Error>(self.purpose == Purpose::Resume, |plan| {
            if review.is_none() && self.purpose != Purpose::Resume {
                let in_parts = supply.decide_in_parts(&stored.lookup()?, &mut |part| {
                    progress.done(part.rows);
                    counts.unchanged += part.unchanged;
                    counts.skipped += part.skipped;
                    Ok(plan.put_part(&part)?)
                })?;
                if in_parts {
                    return Ok(());
                }
            }
            supply.decide(&mut |id| Ok(stored.get(id)?), &mut |verdict| {
                progress.done(1);
                let Verdict { origin, id, decision } = verdict;
                match decision {
                    Ok(Decision::Write(change)) => {
                        if review.as_mut().is_none_or(|review| review.allows(&change)) {
                            plan.put(&Planned::Change {
                                origin,
                                change: &change,
                            })?;
                        } else {
                            counts.skipped += 1;
                        }
                    }
                    // What an earlier part of this run wrote is its doing, not unchanged.
                    Ok(Decision::Unchanged) => counts.unchanged += u64::from(!plan.done_before(&id)?),
                    Ok(Decision::Skipped(_)) => counts.skipped += u64::from(!plan.done_before(&id)?),
                    Err(reasons) => {
                        let why = reasons.first().map_or("", |rejection| rejection.reason.as_str());
                        if plan.refused_since(&id, why)? {
                            return Ok(());
                        }
                        for rejection in &reasons {
                            plan.put(&Planned::Reject { origin, rejection })?;
                        }
                    }
                }
                Ok(())
            })?;
            review.as_mut().map_or(Ok(()), |review| review.verdict())
        });
        progress.clear();
        planned.map(|()| counts)
    }

    /// The plan of items that are counted meanwhile; none where that came to nothing.
    fn plan_in_one_pass(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        stored: &mut ItemStore,
    ) -> Result<Option<Counts>, Error> {
        let progress = Progress::begin(self.output, "Planning", None);
        let mut counts = Counts::default();
        let planned = journal.plan_if::<Error>(false, |plan| {
            supply.decide_in_one_pass(&stored.lookup()?, &mut |part| {
                progress.done(part.rows);
                counts.unchanged += part.unchanged;
                counts.skipped += part.skipped;
                Ok(plan.put_part(&part)?)
            })
        });
        progress.clear();
        Ok(planned?.then_some(counts))
    }

    fn send(&self, supply: &dyn Supply, journal: &Journal, items: u64) -> Result<(), Error> {
        let progress = Progress::begin(self.output, "Uploading", Some(items));
        let condition = supply.condition();
        let halt = upload::run(self.client, journal, &self.upload, condition, &progress, self.stop);
        progress.finish();
        match halt? {
            None => Ok(()),
            Some(Halt::Interrupted) => Err(Interrupted.into()),
            Some(Halt::Api(error)) => Err(error.into()),
            Some(Halt::NothingSaved { items, cause }) => Err(TransferError::NothingSaved { items, cause }.into()),
            Some(Halt::Journal(error)) => Err(error.into()),
            Some(Halt::TooManyFailures { failed, ended }) => {
                Err(TransferError::TooManyFailures { failed, ended }.into())
            }
        }
    }

    /// Counts, from the journal, what became of every item that was read, and checks that it adds up.
    fn account(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        summary: &mut Summary,
        counts: &Counts,
    ) -> Result<(), Error> {
        let outcomes = journal.outcomes()?;
        let tally = Tally {
            read: supply.count(),
            created: outcomes.created,
            updated: outcomes.updated,
            // Items that were gone before their turn came are as they were wanted, and not by this run.
            unchanged: counts.unchanged + outcomes.gone,
            deleted: outcomes.deleted,
            skipped: counts.skipped,
            rejected: journal.rejected()? + outcomes.left,
            failed: outcomes.failed,
            not_attempted: outcomes.not_attempted,
        };
        summary.tally = Some(tally);
        if !tally.holds() {
            return Err(Imbalance(tally.equation()).into());
        }
        events::show_left(self.output, supply, journal, outcomes.left)?;
        events::show_failures(self.output, supply, journal, tally.failed)?;
        if self.purpose != Purpose::Look || self.rejects_anyway {
            summary.rejects = supply.write_rejects(journal)?;
        }
        Ok(())
    }
}

/// The account of a run that has written nothing yet.
fn not_attempted(supply: &dyn Supply) -> Tally {
    Tally {
        read: supply.count(),
        not_attempted: supply.count(),
        ..Tally::default()
    }
}
