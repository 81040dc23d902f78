//! Deleting one item: a look before each request, the form that the endpoint takes, a look after it.
//!
//! Nothing brings a deleted item back but what the journal holds of it. So the item is read right before each DELETE, also
//! before one that is repeated: one that has changed since the plan is left, and what is deleted is in the journal as it was
//! then. The API knows no condition that a deletion could carry, so what somebody saves between the look and the request is
//! lost: that is one round trip and one write to the disk.
//!
//! The vendor's documentation shows two forms of the request, and both have to be supported. An endpoint that doesn't take
//! one of them may refuse it, fail, or answer as if all were well; so only reading the item afterwards tells, and the form
//! after which an item was gone is remembered.
//!
//! Doesn't belong here: which items go (`delete`), what counts as a change (`plan`).

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::reconcile::{End, halted};
use super::{Halt, Upload};
use crate::api::{ApiError, Backoff, DeleteForm, Fate};
use crate::item::Object;
use crate::journal::{Entry, State};
use crate::plan::{changed_since_the_plan, left};

/// How often a deletion that waits for the first one looks whether the run is to end.
const GLANCE: Duration = Duration::from_millis(50);

/// What is known of the forms that the endpoint takes.
#[derive(Debug, Default)]
pub(super) struct Forms {
    proved: OnceLock<DeleteForm>,
}

impl Forms {
    /// The form to try, and the one to try when that is of no use.
    fn to_try(&self) -> (DeleteForm, Option<DeleteForm>) {
        match self.proved.get() {
            Some(form) => (*form, None),
            None => (DeleteForm::Body, Some(DeleteForm::Path)),
        }
    }
}

/// A run's first deletion goes alone, and the others begin once its DELETE has been answered, or it has ended without one.
/// So a key that may not delete costs one request, and what is changed the moment that deleting begins is seen by every
/// later look, however many workers there are.
#[derive(Debug, Default)]
pub(super) struct First {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl First {
    /// Lets the others begin.
    pub(super) fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits until the others may begin; false where the run ends before that.
    fn wait(&self, is_to_end: impl Fn() -> bool) -> bool {
        let mut is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_open && !is_to_end() {
            let waited = self.changed.wait_timeout(is_open, GLANCE);
            is_open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !is_to_end()
    }
}

/// Lets the others begin when it goes, however the first deletion ends.
struct Opens<'a>(&'a First);

impl Drop for Opens<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// What has been done for one deletion so far.
struct Attempts {
    backoff: Backoff,
    random: fastrand::Rng,
    /// How often the present form has been repeated.
    repeated: u32,
    /// How many promises the journal holds.
    promised: usize,
    /// The item as the plan found it.
    planned: Object,
    /// The item as it was read before the last request; none before the first.
    recorded: Option<Object>,
    /// A request may have gone through.
    perhaps_gone: bool,
}

/// What follows a DELETE, once the item has been looked at again and is still there.
enum Next {
    /// The same once more.
    Again,
    /// The other form, where there is one; how this one failed.
    OtherForm(Option<ApiError>),
    /// Nothing more can go through.
    Stop(ApiError),
}

impl Upload<'_> {
    /// Deletes an item, if it is as the plan found it, and finds out whether it is gone.
    pub(super) fn delete(&self, entry: &Entry, is_first: bool) -> Result<(), Halt> {
        if !is_first {
            return if self.first.wait(|| self.is_to_end()) {
                self.delete_one(entry, None)
            } else {
                Ok(())
            };
        }
        let opens = Opens(&self.first);
        if let Err(halt) = self.delete_one(entry, Some(&self.first)) {
            // Before the others could begin.
            self.halt(halt);
        }
        drop(opens);
        Ok(())
    }

    fn delete_one(&self, entry: &Entry, first: Option<&First>) -> Result<(), Halt> {
        let mut attempts = Attempts::new(entry, self.options.retries);
        let (mut form, mut other) = self.forms.to_try();
        let mut next = Next::Again;
        loop {
            let Some(item) = self.look(entry, form, &attempts)? else {
                return Ok(());
            };
            match next {
                Next::Again => {}
                Next::OtherForm(error) => {
                    let Some(another) = other.take() else {
                        return self.still_there(entry, error);
                    };
                    form = another;
                    attempts.repeated = 0;
                }
                Next::Stop(ApiError::Interrupted) => {
                    return self.not_attempted(entry, &attempts, ApiError::Interrupted);
                }
                Next::Stop(error) => {
                    self.fail(std::slice::from_ref(entry), &error.to_string())?;
                    return Err(halted(error));
                }
            }
            self.promise(entry, item, &mut attempts)?;
            let end = self.repeat(1, 0, None, || self.client.delete(&entry.id, form));
            if let (Some(first), End::Saved | End::Refused(_) | End::Unknown(_)) = (first, &end) {
                first.open();
            }
            next = self.after(end, &mut attempts);
            if let Next::Stop(error) = next {
                if !attempts.perhaps_gone {
                    return self.not_attempted(entry, &attempts, error);
                }
                next = Next::Stop(error);
            }
        }
    }

    /// Reads the item. None where that settles it: it is gone, it has changed, or it can't be read.
    fn look(&self, entry: &Entry, form: DeleteForm, attempts: &Attempts) -> Result<Option<Object>, Halt> {
        let read = RefCell::new(None);
        let end = self.repeat(0, self.options.retries, None, || {
            read.replace(self.client.get_once(&entry.id)?);
            Ok(())
        });
        match end {
            End::Saved => {}
            End::Refused(error) | End::Unknown(error) | End::Stopped { error, .. } => {
                return self.unread(entry, attempts, error).map(|()| None);
            }
        }
        let Some(item) = read.into_inner() else {
            return self.gone(entry, form, attempts).map(|()| None);
        };
        let differs = changed_since_the_plan(&attempts.planned, &item);
        let unmet = || self.condition.is_some_and(|condition| !condition.matches(&item));
        let why = differs.or_else(|| unmet().then(|| "it no longer meets the conditions".to_owned()));
        let Some(why) = why else { return Ok(Some(item)) };
        // After a request that may have gone through it is perhaps another item of that id: not the planned one either.
        self.ended(vec![(entry.seq, State::Left, Some(left(&entry.id, &why)))])?;
        Ok(None)
    }

    /// The item is gone. Where no request of this run can have done that, somebody else has deleted it: then it is as it was
    /// wanted, and not this run's doing. So undoing the run must not create it again. Where a request may have gone through
    /// it counts as deleted, so that undoing brings it back: an item too many is easier to mend than one that is lost.
    fn gone(&self, entry: &Entry, form: DeleteForm, attempts: &Attempts) -> Result<(), Halt> {
        let state = if attempts.perhaps_gone {
            // Another worker may have found it out at the same time, and the same.
            let _ = self.forms.proved.set(form);
            State::Done
        } else {
            State::Gone
        };
        self.ended(vec![(entry.seq, state, None)])
    }

    /// The item can't be read: then it is not deleted, and where a request may have gone through, nobody knows.
    fn unread(&self, entry: &Entry, attempts: &Attempts, error: ApiError) -> Result<(), Halt> {
        let is_over = error.fate() == Fate::Stop || error.is_unreachable();
        if attempts.perhaps_gone {
            let unknown = format!("it is not known whether it was deleted: {error}");
            self.fail(std::slice::from_ref(entry), &unknown)?;
            return Err(halted(error));
        }
        if is_over {
            return self.not_attempted(entry, attempts, error);
        }
        let unread = format!("the item can't be read, so it was not deleted: {error}");
        self.fail(std::slice::from_ref(entry), &unread)?;
        // So many items that can't be read, one after the other, are no longer about the items.
        match self.too_many_in_a_row() {
            Some(_) => Err(halted(error)),
            None => Ok(()),
        }
    }

    /// The run ends before this item could be deleted: it is known to be there still, so nothing has been done to it.
    fn not_attempted(&self, entry: &Entry, attempts: &Attempts, error: ApiError) -> Result<(), Halt> {
        if attempts.promised > 0 {
            let promised = vec![entry.seq; attempts.promised];
            self.scribe.withdraw(promised).map_err(Halt::Journal)?;
        }
        Err(halted(error))
    }

    /// Neither form has deleted it.
    fn still_there(&self, entry: &Entry, error: Option<ApiError>) -> Result<(), Halt> {
        let Some(error) = error else {
            let claimed = "the API answered that it was deleted, and still holds it";
            return self.fail(std::slice::from_ref(entry), claimed);
        };
        self.fail(std::slice::from_ref(entry), &error.to_string())?;
        if error.fate() == Fate::Stop {
            return Err(halted(error));
        }
        Ok(())
    }

    /// Records, before a DELETE is sent, that it will be, and the item as it was just read.
    fn promise(&self, entry: &Entry, item: Object, attempts: &mut Attempts) -> Result<(), Halt> {
        let in_journal = attempts.recorded.as_ref().unwrap_or(&attempts.planned);
        // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
        let before = (*in_journal != item).then(|| serde_json::to_string(&item).unwrap_or_default());
        self.scribe.deleting(entry.seq, before).map_err(Halt::Journal)?;
        attempts.recorded = Some(item);
        attempts.promised += 1;
        Ok(())
    }

    /// What a DELETE's end leads to. Keeps the pause before a repetition.
    fn after(&self, end: End, attempts: &mut Attempts) -> Next {
        let error = match end {
            End::Saved => {
                attempts.perhaps_gone = true;
                return Next::OtherForm(None);
            }
            End::Refused(error) | End::Unknown(error) | End::Stopped { error, .. } => error,
        };
        match error.fate() {
            Fate::Halve => {
                attempts.perhaps_gone = true;
                Next::OtherForm(Some(error))
            }
            Fate::Stop if may_be_the_form(&error) => {
                attempts.perhaps_gone = true;
                Next::OtherForm(Some(error))
            }
            Fate::Stop => Next::Stop(error),
            Fate::Repeat { after } => {
                attempts.perhaps_gone |= !error.is_unreachable() && error.status() != Some(429);
                match attempts.pause(after) {
                    None if error.is_unreachable() => Next::Stop(error),
                    None => Next::OtherForm(Some(error)),
                    Some(pause) if self.pace.sleep(pause) => {
                        self.client.count_retry();
                        self.progress.retried();
                        Next::Again
                    }
                    Some(_) => Next::Stop(ApiError::Interrupted),
                }
            }
        }
    }

    /// Whether no further deletion is to begin.
    fn is_to_end(&self) -> bool {
        self.halted.load(Ordering::Acquire) || self.stop.load(Ordering::Relaxed)
    }
}

impl Attempts {
    fn new(entry: &Entry, retries: u32) -> Self {
        let planned = entry.before.as_deref();
        Self {
            backoff: Backoff::new(retries),
            random: fastrand::Rng::new(),
            repeated: 0,
            promised: 0,
            // Without an item to compare with, any item has changed, and is left.
            planned: planned
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
            recorded: None,
            perhaps_gone: false,
        }
    }

    /// How long to wait before the same request once more; none where it has been repeated often enough.
    fn pause(&mut self, after: Option<Duration>) -> Option<Duration> {
        let pause = self.backoff.pause(self.repeated, after, &mut self.random)?;
        self.repeated += 1;
        Some(pause)
    }
}

/// Whether the endpoint may refuse the form, not the deletion: no such route, no such method.
fn may_be_the_form(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::WrongUrl { .. } | ApiError::MethodNotAllowed { .. } | ApiError::Refused { .. }
    )
}
