//! Deleting one item, in the form that the endpoint takes.
//!
//! The vendor's documentation shows two forms, and both have to be supported. An endpoint that doesn't take one of them
//! may refuse it, fail, or answer as if all were well; so only reading the item afterwards tells, and the form after
//! which an item was gone is remembered.
//!
//! Doesn't belong here: which items go (`delete`).

use std::sync::OnceLock;

use super::reconcile::{End, halted};
use super::{Halt, Upload};
use crate::api::{ApiError, DeleteForm};
use crate::journal::{Entry, State};

/// What is known of the forms that the endpoint takes.
#[derive(Debug, Default)]
pub(super) struct Forms {
    proved: OnceLock<DeleteForm>,
}

impl Forms {
    fn to_try(&self) -> &[DeleteForm] {
        match self.proved.get() {
            Some(form) => std::slice::from_ref(form),
            None => &[DeleteForm::Body, DeleteForm::Path],
        }
    }
}

impl Upload<'_> {
    /// Deletes an item and finds out whether it is gone.
    pub(super) fn delete(&self, entry: &Entry) -> Result<(), Halt> {
        let mut reason = "the API answered that it was deleted, and still holds it".to_owned();
        let mut stop = None;
        for form in self.forms.to_try() {
            let end = self.repeat(1, self.options.retries, None, || self.client.delete(&entry.id, *form));
            stop = match end {
                End::Saved => None,
                End::Refused(error) | End::Unknown(error) => {
                    reason = error.to_string();
                    None
                }
                End::Stopped { error, perhaps_saved } => {
                    if !perhaps_saved && !may_be_the_form(&error) {
                        return Err(halted(error));
                    }
                    reason = error.to_string();
                    Some(error)
                }
            };
            if self.is_gone(entry)? {
                // Another worker may have found it out at the same time, and the same.
                let _ = self.forms.proved.set(*form);
                return self.ended(vec![(entry.seq, State::Done, None)]);
            }
            if stop.as_ref().is_some_and(|error| !may_be_the_form(error)) {
                break;
            }
        }
        match stop {
            // Known to be there still, and so never attempted.
            Some(ApiError::Interrupted) => Err(Halt::Interrupted),
            Some(error) => {
                self.fail(std::slice::from_ref(entry), &reason)?;
                Err(halted(error))
            }
            None => self.fail(std::slice::from_ref(entry), &reason),
        }
    }

    /// The endpoint answers the same whether there was one or not, so that only a read can tell.
    fn is_gone(&self, entry: &Entry) -> Result<bool, Halt> {
        self.client
            .get(&entry.id)
            .map(|stored| stored.is_none())
            .or_else(|error| {
                let unknown = format!("it is not known whether it was deleted: {error}");
                self.fail(std::slice::from_ref(entry), &unknown)?;
                Err(halted(error))
            })
    }
}

/// Whether the endpoint may refuse the form, not the deletion: no such route, no such method.
fn may_be_the_form(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::WrongUrl { .. } | ApiError::MethodNotAllowed { .. } | ApiError::Refused { .. }
    )
}
