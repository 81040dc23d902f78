//! Items that are refused with a status that may be about the item or about everything: 403, 406 and the like, from the API
//! or from a firewall before it.
//!
//! One such refusal doesn't tell which it is; what happens to the neighbours does. So a refused item is held until an item is
//! saved by a request that was sent after the refusal: then it has failed by itself. An answer that arrives later to a request
//! that was sent before tells nothing, for permission may have been withdrawn in between. Where too many are refused in a row, permission is missing or was withdrawn:
//! the run stops, and the held items count as not attempted, because nothing of them was saved.
//!
//! Doesn't belong here: cutting an array down to its items (`reconcile`), which failures are refusals (`api`).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Halt, Upload};
use crate::api::ApiError;
use crate::journal::{Entry, State};

/// So many refused items in a row stop a run that has saved something: permission was withdrawn.
const MOST_AFTER_SAVED: usize = 20;

/// So many stop a run that has saved nothing: the key may not write. More than one, since the first item may be the bad one.
const MOST_BEFORE_SAVED: usize = 3;

/// The refused items of which it isn't known yet whether they have failed by themselves.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    held: Mutex<Vec<Held>>,
    /// The length of `held`, to be read without the lock.
    count: AtomicUsize,
    /// How many items were refused so far.
    all: AtomicUsize,
    /// How many of them since the last answer that says that an item is saved.
    in_a_row: AtomicUsize,
    saved: AtomicBool,
    /// So many were refused in a row that the run stops: what other workers are refused from then on says nothing of the items.
    over: AtomicBool,
}

#[derive(Debug)]
struct Held {
    /// Its number among all refusals, from 1.
    number: usize,
    seq: i64,
    /// How many promises the journal holds of it.
    promised: usize,
    error: ApiError,
}

impl Refusals {
    /// None yet; `saved` where an earlier part of the run has saved something.
    pub(super) fn new(saved: bool) -> Self {
        Self {
            saved: AtomicBool::new(saved),
            ..Self::default()
        }
    }

    /// Whether this run has saved anything.
    pub(super) fn anything_saved(&self) -> bool {
        self.saved.load(Ordering::Relaxed)
    }

    /// How many items have been refused: what a request that is sent now is sent after.
    pub(super) fn known(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    /// Something is saved, whenever that was sent.
    pub(super) fn saved(&self) {
        self.saved.store(true, Ordering::Relaxed);
        self.in_a_row.store(0, Ordering::Relaxed);
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first so many refusals, as far as they are held.
    fn take(&self, known: usize) -> Vec<Held> {
        let mut held = self.held();
        let taken = held.extract_if(.., |held| held.number <= known).collect();
        self.count.store(held.len(), Ordering::Relaxed);
        taken
    }
}

impl Upload<'_> {
    /// An item was refused by itself, and nothing of it was saved; the journal holds so many promises of it.
    pub(super) fn refuse(&self, entry: &Entry, promised: usize, error: ApiError) -> Result<(), Halt> {
        let most = if self.refusals.anything_saved() {
            MOST_AFTER_SAVED
        } else {
            MOST_BEFORE_SAVED
        };
        {
            let mut held = self.refusals.held();
            let number = self.refusals.all.fetch_add(1, Ordering::Relaxed) + 1;
            held.push(Held {
                number,
                seq: entry.seq,
                promised,
                error,
            });
            self.refusals.count.store(held.len(), Ordering::Relaxed);
            let in_a_row = self.refusals.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
            if in_a_row < most && !self.refusals.over.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        self.stop_refused()
    }

    /// Something was saved that was sent after the first `known` refusals: those items have failed by themselves.
    pub(super) fn after_saved(&self, known: usize) -> Result<(), Halt> {
        if self.refusals.count.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let failed = |held: Held| (held.seq, State::Failed, Some(reason(&held.error)));
        let failed: Vec<_> = self.refusals.take(known).into_iter().map(failed).collect();
        if failed.is_empty() { Ok(()) } else { self.ended(failed) }
    }

    /// Settles what is held at the end of a run. Where nothing was ever saved, or the run has stopped for its refusals, nothing
    /// tells a bad item from a key that may not write.
    pub(super) fn settle_refused(&self) -> Result<(), Halt> {
        if self.refusals.anything_saved() && !self.refusals.over.load(Ordering::Relaxed) {
            self.after_saved(usize::MAX)
        } else {
            self.stop_refused()
        }
    }

    fn stop_refused(&self) -> Result<(), Halt> {
        let mut last = None;
        let mut promised = Vec::new();
        // Before what is held is taken: whoever is refused later finds it, or is taken with the others.
        self.refusals.over.store(true, Ordering::Relaxed);
        for held in self.refusals.take(usize::MAX) {
            promised.extend(std::iter::repeat_n(held.seq, held.promised));
            last = Some(held.error);
        }
        let Some(error) = last else { return Ok(()) };
        if !promised.is_empty() {
            self.scribe.withdraw(promised).map_err(Halt::Journal)?;
        }
        Err(Halt::Api(error))
    }
}

/// Why an item failed whose neighbours were saved.
fn reason(error: &ApiError) -> String {
    let status = error.status().map(|status| format!(" ({status})")).unwrap_or_default();
    let words = error.words().map(|words| format!(": \"{words}\"")).unwrap_or_default();
    format!(
        "this item alone is refused{status}{words}; the API or a firewall in front of it may block one of its \
             values"
    )
}
