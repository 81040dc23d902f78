//! Plan → organization: sends what the journal holds, and records there how it ended.
//!
//! A few threads have many posts under way at once (`worker`).
//!
//! Belongs here: which batch is sent when, and when to stop. Doesn't: what a batch's failure means item by item
//! (`reconcile`), how fast (`pace`), what a request looks like (`api`).

mod batch;
mod delete;
mod latency;
mod pace;
mod reconcile;
mod refused;
mod stored;
mod worker;

use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use crate::api::{ApiError, Client};
use crate::filter::Filter;
use crate::journal::{Journal, JournalError, Scribe, State};
use crate::progress::Progress;
use batch::feed;
use delete::{First, Forms};
use pace::Pace;
use refused::Refusals;
pub use stored::{is_spelling, stored_as};

/// When a run that is going wrong stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxFailures {
    /// After more failed items than this.
    Items(u64),
    /// When more than this share of the items that have ended failed (0 to 1), once a hundred have ended.
    Share(f64),
}

/// How an upload is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Requests at once, at most.
    pub jobs: usize,
    /// Items a request, at most.
    pub batch: usize,
    /// How often a request that may go through later is repeated.
    pub retries: u32,
    /// Items a second, at most.
    pub rate: Option<NonZeroU32>,
    /// When to give up.
    pub max_failures: Option<MaxFailures>,
}

/// Why an upload stopped before the plan's end.
#[derive(Debug)]
pub enum Halt {
    /// The user asked for it.
    Interrupted,
    /// Nothing more can go through.
    Api(ApiError),
    /// Too many items failed.
    TooManyFailures {
        /// How many had failed.
        failed: u64,
        /// How many had ended.
        ended: u64,
    },
    /// So many items in a row have failed, each by itself, and nothing was saved meanwhile: that is no longer about the
    /// items.
    NothingSaved {
        /// How many.
        items: u64,
        /// How the last of them failed.
        cause: ApiError,
    },
    /// What is sent can no longer be recorded.
    Journal(JournalError),
}

/// So many failures of single items in a row, with nothing saved in between, are taken for the endpoint's failure. Far
/// more than the bad rows that stand together in a file while the others of a batch go through.
const MOST_IN_A_ROW: u64 = 50;

/// One upload under way, shared by its workers.
struct Upload<'a> {
    client: &'a Client,
    journal: &'a Journal,
    scribe: &'a Scribe,
    progress: &'a Progress<'a>,
    options: &'a Options,
    stop: &'a AtomicBool,
    pace: Pace<'a>,
    /// The endpoint takes no arrays; found out on the way and remembered.
    singles_only: AtomicBool,
    /// An array has gone through: a refusal is about the content.
    arrays_work: AtomicBool,
    /// What an item has to meet so that it may be deleted.
    condition: Option<&'a Filter>,
    /// Which form of a deletion the endpoint takes.
    forms: Forms,
    /// The run's first deletion, which goes alone.
    first: First,
    /// Items whose refusal may be about them or about everything.
    refusals: Refusals,
    /// How many items have failed, each by itself, since the last one was saved.
    in_a_row: AtomicU64,
    failed: AtomicU64,
    ended: AtomicU64,
    halt: Mutex<Option<Halt>>,
    halted: AtomicBool,
}

/// One thread of an upload, with connections of its own.
struct Worker<'u> {
    upload: &'u Upload<'u>,
    client: &'u Client,
}

impl<'u> Deref for Worker<'u> {
    type Target = Upload<'u>;

    fn deref(&self) -> &Upload<'u> {
        self.upload
    }
}

/// Sends everything that the journal has planned; gives why it stopped early, if it did. `stop` is the user's wish to
/// stop: no new batch is taken then, and those in flight are finished. An item that doesn't meet `condition` when its turn
/// comes is not deleted.
pub fn run(
    client: &Client,
    journal: &Journal,
    options: &Options,
    condition: Option<&Filter>,
    progress: &Progress<'_>,
    stop: &AtomicBool,
) -> Result<Option<Halt>, JournalError> {
    let scribe = journal.scribe()?;
    let upload = Upload {
        client,
        journal,
        scribe: &scribe,
        progress,
        options,
        stop,
        pace: Pace::new(
            options.jobs,
            options.batch,
            client.timeout(),
            options.rate,
            stop,
            client.waits(),
        ),
        singles_only: AtomicBool::new(options.batch <= 1),
        arrays_work: AtomicBool::new(false),
        condition,
        forms: Forms::default(),
        first: First::default(),
        refusals: Refusals::new(has_saved(journal)?),
        in_a_row: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        ended: AtomicU64::new(0),
        halt: Mutex::new(None),
        halted: AtomicBool::new(false),
    };
    let (feeder, feed) = feed(journal, &scribe, options.jobs);
    let closed = std::thread::scope(|scope| {
        let upload = &upload;
        let feeding = Builder::new().name("feeder".to_owned());
        match feeding.spawn_scoped(scope, move || feeder.run(&|| upload.most())) {
            Ok(_) => upload.work(&feed),
            Err(cause) => upload.halt(Halt::Api(ApiError::NoResources(crate::cause::io(&cause)))),
        }
        feed.close(&scribe)
    });
    if let Err(halt) = upload.settle_refused() {
        upload.halt(halt);
    }
    let halt = upload.halt.into_inner().unwrap_or_else(PoisonError::into_inner);
    let closed = scribe.close().and(closed);
    journal.forget_unsent()?;
    closed?;
    Ok(halt)
}

/// Whether an earlier part of the run has saved anything.
fn has_saved(journal: &Journal) -> Result<bool, JournalError> {
    if !journal.has_outcomes()? {
        return Ok(false);
    }
    let ended = journal.outcomes()?;
    Ok(ended.created + ended.updated + ended.deleted > 0)
}

impl Upload<'_> {
    /// How many items the next batch may have; none when there is to be none.
    fn most(&self) -> Option<usize> {
        if self.halted.load(Ordering::Acquire) || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let singles = self.singles_only.load(Ordering::Relaxed);
        Some(if singles { 1 } else { self.pace.batch() })
    }

    /// Records that items ended, well or (with a reason) not. An item that is left because it has changed is no failure of
    /// the endpoint's, nor does it show that anything can be saved.
    fn ended(&self, outcomes: Vec<(i64, State, Option<String>)>) -> Result<(), Halt> {
        let of = |wanted| outcomes.iter().filter(|(_, state, _)| *state == wanted).count() as u64;
        let all = outcomes.len() as u64;
        let (failed, left) = (of(State::Failed), of(State::Left));
        let anything_saved = of(State::Done) > 0;
        if anything_saved {
            self.in_a_row.store(0, Ordering::Relaxed);
            self.refusals.saved();
        }
        self.ended.fetch_add(all, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        self.scribe.ended(outcomes).map_err(Halt::Journal)?;
        self.progress.concurrency(self.pace.concurrency());
        if failed + left > 0 {
            self.progress.problems(failed + left);
        }
        self.progress.done(all);
        Ok(())
    }

    /// Records that items were saved by a request that was sent after the first `known` refusals.
    fn saved(&self, seqs: impl Iterator<Item = i64>, known: usize) -> Result<(), Halt> {
        self.ended(seqs.map(|seq| (seq, State::Done, None)).collect())?;
        self.after_saved(known)
    }

    /// Whether so much has failed that the run had better stop.
    fn judge(&self) -> Result<(), Halt> {
        let (failed, ended) = (self.failed.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed));
        let too_many = match self.options.max_failures {
            None => false,
            Some(MaxFailures::Items(most)) => failed > most,
            // A share of a handful of items says little.
            Some(MaxFailures::Share(most)) => ended >= 100 && failed as f64 > most * ended as f64,
        };
        if too_many {
            Err(Halt::TooManyFailures { failed, ended })
        } else {
            Ok(())
        }
    }

    /// Stops the run for the first reason given; the batches of other workers are finished.
    fn halt(&self, reason: Halt) {
        self.halt
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(reason);
        self.halted.store(true, Ordering::Release);
    }
}
