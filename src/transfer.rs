//! The journey itself, once: read the target, plan, show, write, account. Import takes it, and whatever else writes.
//!
//! Belongs here: the order of the steps, and what stops them. Doesn't: where items come from (a [`Supply`]), how a
//! decision is made (`plan`), how it is sent (`upload`).

mod lookup;
mod screen;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::api::Client;
use crate::columns::{Origin, Reading};
use crate::error::Error;
use crate::inventory::{Completeness, Spool, read_into};
use crate::journal::{Journal, Planned};
use crate::output::Output;
use crate::plan::{self, Decision, Policy};
use crate::progress::Progress;
use crate::report::{Summary, Tally};
use crate::upload::{self, Halt};
pub use screen::show_reading;

/// Takes one item, or says why the reading has to stop.
pub type Take<'t> = dyn FnMut(Origin, Reading<'_>) -> Result<(), Error> + 't;

/// Where the items of a transfer come from; read as often as needed.
pub trait Supply {
    /// How many items there are, as the first pass counted them.
    fn count(&self) -> u64;
    /// Gives every item, in order.
    fn each(&self, take: &mut Take<'_>) -> Result<(), Error>;
    /// Where an item stands, for a person.
    fn address(&self, origin: Origin, index: Option<usize>) -> String;
    /// How many separate tables the items stand in.
    fn tables(&self) -> usize;
    /// Writes the items that did not go through, as the supply had them; gives the files.
    fn write_rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error>;
}

/// A transfer of items into one organization.
pub struct Transfer<'a> {
    /// Where everything is said.
    pub output: &'a Output,
    /// The organization's endpoint.
    pub client: &'a Client,
    /// The organization.
    pub org: &'a str,
    /// How the plan is made.
    pub policy: Policy,
    /// How it is sent.
    pub upload: upload::Options,
    /// The plan only; nothing is sent.
    pub dry_run: bool,
    /// The reject file is written even where nothing is sent.
    pub rejects_anyway: bool,
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
    /// `summary`.
    pub fn run(&self, supply: &dyn Supply, journal: &Journal, summary: &mut Summary) {
        let mut counts = Counts::default();
        summary.tally = Some(Tally {
            read: supply.count(),
            not_attempted: supply.count(),
            ..Tally::default()
        });
        let mut planned = false;
        if let Err(error) = self.steps(supply, journal, summary, &mut counts, &mut planned) {
            summary.error = Some(error);
        }
        summary.requests = self.client.requests();
        summary.retries = self.client.retries();
        if planned && let Err(error) = self.account(supply, journal, summary, &counts) {
            // The first failure says more than what it led to.
            summary.error.get_or_insert(error);
        }
    }

    fn steps(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        summary: &mut Summary,
        counts: &mut Counts,
        planned: &mut bool,
    ) -> Result<(), Error> {
        let mut stored = self.stored(supply)?;
        self.plan(supply, journal, &mut stored, counts)?;
        drop(stored);
        *planned = true;
        let changes = journal.planned()?;
        summary.planned = Some(changes);
        screen::show_plan(
            self.output,
            supply,
            journal,
            changes,
            (counts.unchanged, counts.skipped),
        )?;
        if self.dry_run || changes == (0, 0, 0) {
            return Ok(());
        }
        self.send(journal, changes.0 + changes.1 + changes.2)
    }

    /// What the organization holds, as far as the plan needs it.
    fn stored(&self, supply: &dyn Supply) -> Result<Spool, Error> {
        let mut spool = Spool::new()?;
        let listing = read_into(self.output, self.client, &mut spool)?;
        screen::show_listing(self.output, self.org, &listing);
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            self.output.warn(&format!(
                "the list of {} can't be relied on ({}): each of the file's items is asked for by its id",
                self.org, listing.evidence
            ));
            lookup::fetch(self.output, self.client, supply, &mut spool, self.upload.jobs)?;
        }
        Ok(spool)
    }

    fn plan(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        stored: &mut Spool,
        counts: &mut Counts,
    ) -> Result<(), Error> {
        let progress = Progress::begin(self.output, "Planning", Some(supply.count()));
        let planned = journal.plan::<Error>(|put| {
            supply.each(&mut |origin, reading| {
                progress.done(1);
                match reading {
                    Reading::Item(draft) => {
                        let known = stored.get(&draft.id)?;
                        match plan::decide(&draft, known.as_ref(), &self.policy) {
                            Decision::Write(change) => put(Planned::Change {
                                origin,
                                change: &change,
                            })?,
                            Decision::Unchanged => counts.unchanged += 1,
                            Decision::Skipped(_) => counts.skipped += 1,
                        }
                    }
                    Reading::Rejected(reasons) => {
                        for rejection in &reasons {
                            put(Planned::Reject { origin, rejection })?;
                        }
                    }
                    Reading::Skipped(_) => counts.skipped += 1,
                }
                Ok(())
            })
        });
        progress.clear();
        planned
    }

    fn send(&self, journal: &Journal, items: u64) -> Result<(), Error> {
        let progress = Progress::begin(self.output, "Uploading", Some(items));
        let halt = upload::run(self.client, journal, &self.upload, &progress, self.stop);
        progress.finish();
        match halt? {
            None => Ok(()),
            Some(Halt::Interrupted) => Err(Error::Interrupted),
            Some(Halt::Api(error)) => Err(error.into()),
            Some(Halt::Journal(error)) => Err(error.into()),
            Some(Halt::TooManyFailures { failed, ended }) => Err(Error::TooManyFailures { failed, ended }),
        }
    }

    /// Counts, from the journal, what became of every row that was read, and checks that it adds up.
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
            unchanged: counts.unchanged,
            deleted: outcomes.deleted,
            skipped: counts.skipped,
            rejected: journal.rejected()?,
            failed: outcomes.failed,
            not_attempted: outcomes.not_attempted,
        };
        summary.tally = Some(tally);
        if !tally.holds() {
            return Err(Error::Imbalance(tally.equation()));
        }
        if !self.dry_run || self.rejects_anyway {
            summary.rejects = supply.write_rejects(journal)?;
        }
        Ok(())
    }
}
