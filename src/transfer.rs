//! The journey itself, once: read the target, plan, show, write, verify, account. Whatever writes takes it.
//!
//! Belongs here: the order of the steps, and what stops them. Doesn't: where items come from and what is wanted of
//! them (a [`Supply`]), how a decision is made (`plan`), how it is sent (`upload`).

mod description;
mod each;
mod error;
mod events;
mod items;
mod list;
mod lookup;
mod near;
mod render;
mod sample;
mod unreadable;
mod verify;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde_json::json;

use crate::api::Client;
use crate::columns::StoredIds;
use crate::error::{Error, Interrupted};
use crate::inventory::{Completeness, Incomplete, ItemStore, Listing, Lookup, ask_for, read_into};
use crate::journal::Journal;
use crate::output::events::SkippedItem;
use crate::output::{About, Output};
pub use crate::plan::shown;
use crate::plan::{Action, Change, ChangeText, FIRST_SKIPPED, MaxShare, PlanPart, Skip};
use crate::progress::Progress;
use crate::report::{Details, Imbalance, Summary, Tally};
use crate::runs::{self, Known};
use crate::upload::{self, Halt};
pub use description::{Address, Conflicts, Description, Showing};
pub use each::Each;
pub use error::TransferError;
pub use events::{name_of, placed, show_items, show_listing, show_reading, stored_in_words};
pub use list::each_line;
use near::{Created, NearIds};
pub use render::printer;
pub use unreadable::posted_unread;

/// Takes what was decided on some items, or says why the reading has to stop.
pub type TakePart<'t> = dyn FnMut(PlanPart) -> Result<(), Error> + 't;

/// Has the last word when the plan has been shown and nothing been sent, given what the organization holds: the last chance
/// to keep a copy, or to stop.
pub type Approve<'a> = dyn Fn(&Listing, &mut ItemStore) -> Result<(), Error> + 'a;

/// Where the items of a transfer come from, and what is wanted of each; read as often as needed, the same each time.
pub trait Supply {
    /// Makes the first pass over the items where it hasn't been made, and shows once what it has settled.
    fn survey(&self, _output: &Output) -> Result<(), Error> {
        Ok(())
    }
    /// Learns which ids are stored, where that decides what an id of the supply means.
    fn know(&self, _stored: StoredIds) -> Result<(), Error> {
        Ok(())
    }
    /// Gives the id of every item that may be written.
    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error>;
    /// Decides on every item, in order, by what the organization holds. Where the first pass hasn't been made, that may be
    /// made meanwhile.
    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error>;
    /// Writes the items that did not go through, as the supply had them; gives the files.
    fn rejects(&self, _journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        Ok(Vec::new())
    }
    /// What else a transfer has to know of it.
    fn describe(&self) -> Description<'_>;
}

/// Whether what was decided in one pass stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pass {
    /// It does.
    Stands,
    /// The pass has disproved what it assumed: all that it gave is void, and it has to be made again.
    Again,
}

/// What a plan that was reviewed allows to be written; everything else is left out.
pub trait Review {
    /// Called before the first change, and again where the plan is made again.
    fn begin(&mut self);
    /// Whether this change is just as it was reviewed.
    fn allows(&mut self, change: &Change) -> bool;
    /// Called once after the last change: a plan that no longer fits is refused completely, and the error names what has
    /// changed since.
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
    /// Items that can't be read, though others can, are posted; else they fail.
    pub post_unreadable: bool,
    /// Everything is read back at the end and compared.
    pub verify: bool,
    /// How many rows may be rejected; more stop the run before it sends anything.
    pub max_rejects: Option<MaxShare>,
    /// How many items an earlier run knows of, and whether fewer than that stop this one.
    pub known: Known,
    /// What the organization holds, where the command has had to read it already.
    pub read: Option<(Listing, ItemStore)>,
    /// Asked when the plan has been shown.
    pub approve: &'a Approve<'a>,
    /// The user's wish to stop.
    pub stop: &'a AtomicBool,
}

/// What planning counted.
#[derive(Default)]
struct Counts {
    unchanged: u64,
    skipped: u64,
    first_skipped: Vec<Skip>,
}

impl Transfer<'_> {
    /// Makes the journey with what `supply` gives, keeping `journal`; everything that happened, a failure too, goes into
    /// `summary`. `review` is a plan that was approved: nothing else is written.
    pub fn run(
        mut self,
        supply: &dyn Supply,
        journal: &Journal,
        review: Option<&mut dyn Review>,
        summary: &mut Summary,
    ) {
        let mut counts = Counts::default();
        let mut planned = false;
        if let Err(error) = self.steps(supply, journal, review, summary, &mut counts, &mut planned) {
            // What stopped before the items were counted is accounted for all the same.
            if supply.survey(self.output).is_ok() {
                summary.tally = Some(self.not_begun(supply, journal));
            }
            summary.error = Some(error);
        }
        summary.is_begun = planned;
        if planned {
            summary.tally = None;
            if let Err(error) = self.account(supply, journal, summary, &counts) {
                // The first failure says more than what it led to.
                summary.error.get_or_insert(error);
                summary.tally.get_or_insert_with(|| unknown(supply, &counts));
            }
        }
        if summary.details.is_some() {
            match self.details(supply, journal) {
                Ok(details) => summary.details = Some(details),
                Err(error) => _ = summary.error.get_or_insert(error),
            }
        }
        summary.requests = self.client.requests();
        summary.retries = self.client.retries();
    }

    /// What the run's report says beyond the summary.
    fn details(&self, supply: &dyn Supply, journal: &Journal) -> Result<Details, Error> {
        let supplied = supply.describe();
        Details::of(journal, self.purpose == Purpose::Look, &supplied.address)
    }

    fn steps(
        &mut self,
        supply: &dyn Supply,
        journal: &Journal,
        review: Option<&mut dyn Review>,
        summary: &mut Summary,
        counts: &mut Counts,
        planned: &mut bool,
    ) -> Result<(), Error> {
        let (listing, mut stored) = self.stored(supply)?;
        let mut created = Created::default();
        *counts = self.plan(supply, journal, review, &mut stored, &mut created)?;
        self.settle_unreadable(stored.unreadable(), journal, summary)?;
        let changes = journal.planned()?;
        summary.planned = Some(changes);
        let is_reliable = !matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted);
        let near = NearIds::find(&created, &mut stored, journal)?;
        drop(created);
        let missing = is_reliable.then(|| stored.not_found());
        let read = supply.describe().count.unwrap_or_default();
        let noted = Tally::to_note(read, counts.unchanged, counts.skipped);
        runs::note_plan(journal, is_reliable.then_some(listing.count), &noted)?;
        let open = if self.purpose == Purpose::Resume {
            journal.open_by_kind()?
        } else {
            changes
        };
        let done = (changes.0 + changes.1 + changes.2).saturating_sub(open.0 + open.1 + open.2);
        let rest = (counts.unchanged, counts.skipped, done);
        let mut supplied = supply.describe();
        if supplied.counts_missing {
            supplied.remarks.extend(events::missing(self.org, missing));
            summary.extra.insert("missing_from_file".to_owned(), json!(missing));
        }
        let skips = first_skips(&supplied, &counts.first_skipped);
        let first = events::show_plan(self.output, &supplied, (journal, &mut stored), open, rest, skips)?;
        summary.first_planned = first;
        summary.first_rejected = events::show_problems(self.output, &supplied, journal)?;
        summary.extra.insert("near_ids".to_owned(), near.document(&supplied));
        if let Some(warning) = near.warning(&supplied) {
            self.output.warn(&warning);
            summary.warnings.push(warning);
        }
        drop(supplied);
        if let Some(error) = self.too_many_rejects(journal.rejected()?, read) {
            // The plan is accounted for, and the rows go to the reject file.
            *planned = true;
            return Err(error.into());
        }
        // What is stopped here was not begun: all of it counts as not attempted.
        (self.approve)(&listing, &mut stored)?;
        drop(stored);
        *planned = true;
        if self.purpose == Purpose::Look {
            return Ok(());
        }
        let open = journal.open_changes()?;
        if open > 0 {
            let began = Instant::now();
            let sent = self.send(supply, journal, open);
            let rest = journal.open_changes().unwrap_or(open);
            summary.sending = Some((open.saturating_sub(rest), began.elapsed()));
            sent?;
        }
        if self.verify {
            summary.verified = Some(verify::agrees(self, supply, journal)?);
        }
        Ok(())
    }

    /// What the organization holds, as far as the plan needs it.
    fn stored(&mut self, supply: &dyn Supply) -> Result<(Listing, ItemStore), Error> {
        let (listing, mut store) = if let Some(read) = self.read.take() {
            read
        } else {
            let mut store = ItemStore::new()?;
            let mut listing = read_into(self.output, self.client, self.known.at_least, &mut store)?;
            if supply.describe().needs_whole {
                ask_for(self.output, self.client, &mut listing, &self.known.earlier())?;
            }
            (listing, store)
        };
        events::show_listing(self.output, self.org, &listing);
        self.known.check(self.org, &listing)?;
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            if supply.describe().needs_whole {
                return Err(Incomplete::of(self.org, &listing).into());
            }
            self.output.warn(&About::ListUnreliable.warning(format!(
                "the list of {} is not reliable ({}): each item is requested by its id",
                self.org, listing.evidence
            )));
            supply.survey(self.output)?;
            lookup::fetch(self.output, self.client, supply, &mut store, self.upload.jobs)?;
        }
        supply.know(store.odd_ids())?;
        Ok((listing, store))
    }

    /// Writes the plan to the journal. Where the pass over the items has disproved what it assumed, the plan is discarded
    /// and made again.
    fn plan(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        mut review: Option<&mut dyn Review>,
        stored: &mut ItemStore,
        created: &mut Created,
    ) -> Result<Counts, Error> {
        loop {
            created.clear();
            stored.forget_found();
            let stored = stored.lookup()?;
            let progress = Progress::begin(self.output, "Planning", supply.describe().count);
            let mut counts = Counts::default();
            if let Some(review) = &mut review {
                review.begin();
            }
            let stands = journal.plan::<Error>(self.purpose == Purpose::Resume, |plan| {
                let pass = supply.decide(&stored, &mut |part| {
                    progress.done(part.items());
                    let mut review = review.as_mut();
                    let allows = &mut |change: &ChangeText<'_>| {
                        let is_allowed = match &mut review {
                            Some(review) => review.allows(&change.to_change()),
                            None => true,
                        };
                        if is_allowed && change.action == Action::Create {
                            created.add(change.id);
                        }
                        is_allowed
                    };
                    let (unchanged, skipped) = plan.put_part(&part, allows)?;
                    counts.unchanged += unchanged;
                    counts.skipped += skipped;
                    let room = FIRST_SKIPPED.saturating_sub(counts.first_skipped.len());
                    counts.first_skipped.extend(part.first_skipped.into_iter().take(room));
                    Ok(())
                })?;
                if let (Pass::Stands, Some(review)) = (pass, &mut review) {
                    review.verdict()?;
                }
                Ok(pass == Pass::Stands)
            });
            progress.clear();
            let stands = stands?;
            supply.survey(self.output)?;
            if stands {
                return Ok(counts);
            }
        }
    }

    fn send(&self, supply: &dyn Supply, journal: &Journal, items: u64) -> Result<(), Error> {
        let progress = Progress::begin(self.output, "Uploading", Some(items));
        let condition = supply.describe().condition;
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

    /// The account of a part of a run that has written nothing yet: of a run that is continued, that of the earlier parts.
    fn not_begun(&self, supply: &dyn Supply, journal: &Journal) -> Tally {
        let read = supply.describe().count.unwrap_or_default();
        let earlier = (self.purpose == Purpose::Resume).then(|| Tally::so_far(journal, Some(read)));
        earlier.and_then(Result::ok).unwrap_or(Tally {
            read,
            not_attempted: read,
            ..Tally::default()
        })
    }

    /// Counts, from the journal, what became of every item that was read, and checks that it adds up.
    fn account(
        &self,
        supply: &dyn Supply,
        journal: &Journal,
        summary: &mut Summary,
        counts: &Counts,
    ) -> Result<(), Error> {
        let read = supply.describe().count.unwrap_or_default();
        let tally = Tally::of(journal, read, counts.unchanged, counts.skipped)?;
        summary.tally = Some(tally);
        if !tally.holds() {
            return Err(Imbalance(tally.equation()).into());
        }
        let supplied = supply.describe();
        let rejects = if self.purpose != Purpose::Look || self.rejects_anyway {
            supply.rejects(journal)
        } else {
            Ok(Vec::new())
        };
        let files = rejects.as_ref().ok().and_then(|files| files.first());
        let rest = files.map_or_else(String::new, |file| format!("see {}", file.display()));
        if tally.rejected > 0 {
            events::show_left(self.output, &supplied, journal, &rest)?;
        }
        if tally.failed > 0 {
            events::show_failures(self.output, &supplied, journal, &rest)?;
        }
        events::show_stored_differently(self.output, journal, summary)?;
        summary.rejects = rejects?;
        Ok(())
    }

    /// The error of a plan that rejects more rows than it may.
    fn too_many_rejects(&self, rejected: u64, read: u64) -> Option<TransferError> {
        let is_allowed = self.max_rejects.is_none_or(|most| most.allows(rejected, read));
        (!is_allowed).then_some(TransferError::TooManyRejects { rejected, read })
    }
}

/// The first skipped items with their places.
fn first_skips(supply: &Description<'_>, first: &[Skip]) -> Vec<SkippedItem> {
    let skipped = |skip: &Skip| SkippedItem {
        item: skip.id.clone(),
        place: (supply.address)(skip.origin, None).unwrap_or_default(),
        reason: skip.reason.clone(),
    };
    first.iter().map(skipped).collect()
}

/// The account of a run whose journal can't be read any more: whatever was not settled by the plan may have been sent.
fn unknown(supply: &dyn Supply, counts: &Counts) -> Tally {
    let read = supply.describe().count.unwrap_or_default();
    let open = read.saturating_sub(counts.unchanged + counts.skipped);
    Tally {
        read,
        unchanged: counts.unchanged,
        skipped: counts.skipped,
        failed: open,
        unknown: open,
        ..Tally::default()
    }
}
