//! Deleting one item: a look before each request, the form that the endpoint takes, a look after it.
//!
//! Nothing brings a deleted item back but what the journal holds of it. So the item is read right before each DELETE, also
//! before one that is repeated: one that has changed since the plan is left, and what is deleted is in the journal as it was
//! then. The API knows no condition that a deletion could carry, so what somebody saves between the look and the request is
//! lost: that is one round trip and one write to the disk. Whatever makes a request wait (a pause that the endpoint asks for,
//! the user's rate) comes before the look.
//!
//! The vendor's documentation shows two forms of the request, and both have to be supported. An endpoint that doesn't take
//! one of them may refuse it, fail, or answer as if all were well; so only reading the item afterwards tells, and the form
//! after which an item was gone is remembered.
//!
//! Doesn't belong here: which items go (`delete`), what counts as a change (`plan`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::reconcile::{End, halted};
use super::{Halt, Worker};
use crate::api::{ApiError, DeleteForm, Fate};
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
    is_open: AtomicBool,
    opened: Notify,
}

impl First {
    /// Lets the others begin.
    pub(super) fn open(&self) {
        self.is_open.store(true, Ordering::Release);
        self.opened.notify_waiters();
    }

    /// Waits until the others may begin; false where the run ends before that.
    async fn wait(&self, is_to_end: impl Fn() -> bool) -> bool {
        loop {
            // Before the look at the flag, so that opening it in between wakes this as well.
            let opened = self.opened.notified();
            if self.is_open.load(Ordering::Acquire) || is_to_end() {
                return !is_to_end();
            }
            // Woken or not, it looks again.
            let _ = timeout(GLANCE, opened).await;
        }
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
    /// The item as the plan found it.
    planned: Object,
    /// The item as it was read before the last request; none before the first.
    recorded: Option<Object>,
    /// How many promises the journal holds.
    promised: usize,
    /// A request may have gone through.
    perhaps_gone: bool,
    /// The last request was a look.
    looking: bool,
    /// How many items had been refused before the first request.
    known: usize,
}

/// Why there is nothing to delete.
enum Settled {
    /// The item has changed; how.
    Changed(String),
    /// It is gone.
    Gone,
}

/// How a look and the DELETE behind it ended, all repetitions made.
enum Tried {
    /// The look has shown that there is nothing to delete.
    Not(Settled),
    /// The endpoint has answered that the item is deleted.
    Claimed,
    /// The look failed.
    Unread(ApiError),
    /// The DELETE failed; another form may go through.
    Refused(ApiError),
    /// Nothing more can go through.
    Stopped(ApiError),
}

impl Worker<'_> {
    /// Deletes an item, if it is as the plan found it, and finds out whether it is gone.
    pub(super) async fn delete(&self, entry: &Entry, is_first: bool) -> Result<(), Halt> {
        if !is_first {
            return if self.first.wait(|| self.is_to_end()).await {
                self.delete_one(entry, None).await
            } else {
                Ok(())
            };
        }
        let opens = Opens(&self.first);
        if let Err(halt) = self.delete_one(entry, Some(&self.first)).await {
            // Before the others could begin.
            self.halt(halt);
        }
        drop(opens);
        Ok(())
    }

    async fn delete_one(&self, entry: &Entry, first: Option<&First>) -> Result<(), Halt> {
        let mut attempts = Attempts::new(entry, self.refusals.known());
        let (mut form, mut other) = self.forms.to_try();
        loop {
            let tried = self.look_and_delete(entry, form, first, &mut attempts).await?;
            let error = match tried {
                Tried::Not(settled) => return self.settled(entry, form, &attempts, settled),
                Tried::Unread(error) => return self.unread(entry, &attempts, error),
                Tried::Stopped(error) if !attempts.perhaps_gone => {
                    return self.refused_or_over(entry, &attempts, error);
                }
                Tried::Claimed => None,
                Tried::Refused(error) | Tried::Stopped(error) => Some(error),
            };
            // Whatever was answered, only a look tells.
            match self.look(entry, &attempts).await {
                Ok(Ok(_)) => {}
                Ok(Err(settled)) => return self.settled(entry, form, &attempts, settled),
                Err(error) => return self.unread(entry, &attempts, error),
            }
            match (error, other.take()) {
                (Some(ApiError::Interrupted), _) => {
                    return self.not_attempted(entry, &attempts, ApiError::Interrupted);
                }
                (Some(error), other) if other.is_none() || is_over(&error) => {
                    return self.still_there(entry, &attempts, error);
                }
                (_, Some(another)) => form = another,
                (_, None) => {
                    let claimed = "the API answered that it was deleted, but still has it";
                    return self.fail(std::slice::from_ref(entry), claimed);
                }
            }
        }
    }

    /// Reads the item and, where it is as it was planned, sends a DELETE at once. What is repeated is both.
    async fn look_and_delete(
        &self,
        entry: &Entry,
        form: DeleteForm,
        first: Option<&First>,
        attempts: &mut Attempts,
    ) -> Result<Tried, Halt> {
        let (mut not, mut broken) = (None, None);
        let attempt = async || {
            attempts.looking = true;
            let item = match self.seen(attempts, self.client.find_once(&entry.id).await?) {
                Ok(item) => item,
                Err(settled) => {
                    not = Some(settled);
                    return Ok(());
                }
            };
            attempts.looking = false;
            if let Err(halt) = self.promise(entry, item, attempts).await {
                broken = Some(halt);
                return Ok(());
            }
            let answer = self.client.delete(&entry.id, form).await;
            if answer.as_ref().err().is_none_or(may_have_deleted) {
                attempts.perhaps_gone = true;
                if let Some(first) = first {
                    first.open();
                }
            }
            answer
        };
        let end = self.repeat(1, self.options.retries, None, attempt).await;
        if let Some(halt) = broken {
            return Err(halt);
        }
        Ok(match (end, not) {
            (End::Saved, Some(settled)) => Tried::Not(settled),
            (End::Saved, None) => Tried::Claimed,
            (End::Stopped { error, .. }, _) if matches!(error, ApiError::Interrupted) => Tried::Stopped(error),
            (End::Refused(error) | End::Unknown { error, .. } | End::Stopped { error, .. }, _) => match error {
                error if attempts.looking => Tried::Unread(error),
                error if is_over(&error) => Tried::Stopped(error),
                error => Tried::Refused(error),
            },
        })
    }

    /// Reads the item.
    async fn look(&self, entry: &Entry, attempts: &Attempts) -> Result<Result<Object, Settled>, ApiError> {
        let mut read = None;
        let attempt = async || {
            read = self.client.find_once(&entry.id).await?;
            Ok(())
        };
        let end = self.repeat(0, self.options.retries, None, attempt).await;
        match end {
            End::Saved => Ok(self.seen(attempts, read)),
            End::Refused(error) | End::Unknown { error, .. } | End::Stopped { error, .. } => Err(error),
        }
    }

    /// The item that was read, if it is as it was planned.
    fn seen(&self, attempts: &Attempts, stored: Option<Object>) -> Result<Object, Settled> {
        let item = stored.ok_or(Settled::Gone)?;
        if let Some(why) = changed_since_the_plan(&attempts.planned, &item) {
            return Err(Settled::Changed(why));
        }
        match self.condition {
            Some(condition) if !condition.matches(&item) => {
                Err(Settled::Changed("it no longer meets the conditions".to_owned()))
            }
            _ => Ok(item),
        }
    }

    /// There is nothing to delete, or nothing any more.
    fn settled(&self, entry: &Entry, form: DeleteForm, attempts: &Attempts, settled: Settled) -> Result<(), Halt> {
        match settled {
            // After a request that may have gone through it is perhaps another item of that id, which is not planned either.
            Settled::Changed(why) => self.ended(vec![(entry.seq, State::Left, Some(left(&entry.id, &why)))]),
            Settled::Gone => self.gone(entry, form, attempts),
        }
    }

    /// The item is gone. Where no request of this run can have done that, somebody else has deleted it: then it is as it was
    /// wanted, and not this run's doing. So undoing the run must not create it again. Where a request may have gone through
    /// it counts as deleted, so that undoing brings it back: an item too many is easier to mend than one that is lost.
    fn gone(&self, entry: &Entry, form: DeleteForm, attempts: &Attempts) -> Result<(), Halt> {
        if !attempts.perhaps_gone {
            return self.ended(vec![(entry.seq, State::Gone, None)]);
        }
        // Another worker may have found it out at the same time, and the same.
        let _ = self.forms.proved.set(form);
        self.saved(std::iter::once(entry.seq), attempts.known)
    }

    /// The item can't be read: then it is not deleted, and where a request may have gone through, nobody knows.
    fn unread(&self, entry: &Entry, attempts: &Attempts, error: ApiError) -> Result<(), Halt> {
        if attempts.perhaps_gone {
            let unknown = format!("it is not known whether it was deleted: {error}");
            self.fail(std::slice::from_ref(entry), &unknown)?;
            return Err(halted(error));
        }
        if error.fate() == Fate::Stop || error.is_unreachable() {
            return self.refused_or_over(entry, attempts, error);
        }
        let unread = format!("the item can't be read, so it was not deleted: {error}");
        self.fail(std::slice::from_ref(entry), &unread)?;
        // So many items that can't be read, one after the other, are no longer about the items.
        match self.too_many_in_a_row() {
            Some(_) => Err(halted(error)),
            None => Ok(()),
        }
    }

    /// Nothing of this item was deleted, and either it alone is refused or nothing more can go through. The API's own refusal
    /// of the first deletion is about the key, which may belong to nobody who owns the organization.
    fn refused_or_over(&self, entry: &Entry, attempts: &Attempts, error: ApiError) -> Result<(), Halt> {
        let is_the_keys = matches!(error, ApiError::Forbidden { .. }) && !self.refusals.anything_saved();
        if error.may_be_the_content() && !is_the_keys {
            self.refuse(entry, attempts.promised, error)
        } else {
            self.not_attempted(entry, attempts, error)
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

    /// No form has deleted it, or nothing more can go through.
    fn still_there(&self, entry: &Entry, attempts: &Attempts, error: ApiError) -> Result<(), Halt> {
        if error.may_be_the_content() {
            return self.refused_or_over(entry, attempts, error);
        }
        self.fail(std::slice::from_ref(entry), &error.to_string())?;
        if error.fate() == Fate::Stop || error.is_unreachable() {
            return Err(halted(error));
        }
        Ok(())
    }

    /// Records, before a DELETE is sent, that it will be, and the item as it was just read.
    async fn promise(&self, entry: &Entry, item: Object, attempts: &mut Attempts) -> Result<(), Halt> {
        let in_journal = attempts.recorded.as_ref().unwrap_or(&attempts.planned);
        // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
        let before = (*in_journal != item).then(|| serde_json::to_string(&item).unwrap_or_default());
        let promised = self.scribe.deleting(entry.seq, before).await;
        promised.map_err(Halt::Journal)?;
        attempts.recorded = Some(item);
        attempts.promised += 1;
        Ok(())
    }

    /// Whether no further deletion is to begin.
    fn is_to_end(&self) -> bool {
        self.halted.load(Ordering::Acquire) || self.stop.load(Ordering::Relaxed)
    }
}

impl Attempts {
    fn new(entry: &Entry, known: usize) -> Self {
        let planned = entry.before.as_deref();
        Self {
            // Without an item to compare with, any item has changed, and is left.
            planned: planned
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
            recorded: None,
            promised: 0,
            perhaps_gone: false,
            looking: false,
            known,
        }
    }
}

/// Whether the endpoint may refuse the form, not the deletion: no such route, no such method.
fn may_be_the_form(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::NotFound { .. }
            | ApiError::Blocked { .. }
            | ApiError::MethodNotAllowed { .. }
            | ApiError::Refused { .. }
    )
}

/// Whether no DELETE of either form can go through after this.
fn is_over(error: &ApiError) -> bool {
    error.is_unreachable() || (error.fate() == Fate::Stop && !may_be_the_form(error))
}

/// Whether the item may have been deleted although the request failed so.
fn may_have_deleted(error: &ApiError) -> bool {
    !is_over(error) && error.status() != Some(429)
}
