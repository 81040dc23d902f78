//! What was decided on some items that stand one after the other: changes as text, rejects, and what needs nothing.
//!
//! Doesn't belong here: the rules (`plan`), keeping a plan (`journal`).

use std::convert::Infallible;

use super::{Action, Change, Decision};
use crate::columns::{Origin, Rejection};

/// A part with more text or more items than this is handed on.
const FULL_TEXT: usize = 1 << 20;
const FULL_ITEMS: u64 = 1024;

/// So many skipped items are kept with their reasons.
pub const FIRST_SKIPPED: usize = 10;

/// A change as the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeText<'a> {
    /// Where the item stands.
    pub origin: Origin,
    /// What is done.
    pub action: Action,
    /// The item.
    pub id: &'a str,
    /// What is posted: a JSON object, its fields in byte order.
    pub body: &'a str,
    /// The stored values of the posted fields; none for a new item.
    pub before: Option<&'a str>,
}

impl ChangeText<'_> {
    /// The change as trees, for a person or a comparison.
    #[must_use]
    pub fn to_change(&self) -> Change {
        let object = |text| serde_json::from_str(text).unwrap_or_default();
        Change {
            action: self.action,
            id: self.id.to_owned(),
            body: object(self.body),
            before: self.before.map(object),
        }
    }
}

/// Where a change's texts stand among those of its part: each behind the one before it.
#[derive(Debug)]
struct Placed {
    origin: Origin,
    action: Action,
    begin: usize,
    id_end: usize,
    body_end: usize,
    before_end: Option<usize>,
}

/// Ids in one piece of memory: a part is made on one thread and dropped on another, and single texts would cost both.
#[derive(Debug, Default)]
pub struct IdList {
    text: String,
    ends: Vec<usize>,
}

impl IdList {
    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    /// The ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let places = begins.zip(&self.ends);
        places.map(|(begin, end)| self.text.get(begin..*end).unwrap_or_default())
    }
}

/// An item that is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Where it stands.
    pub origin: Origin,
    /// Its id; empty where it has none that can be used.
    pub id: String,
    /// Why.
    pub reasons: Vec<Rejection>,
}

/// An item that is left out on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Where it stands.
    pub origin: Origin,
    /// Its id; empty where it has none that can be used.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// What the plan makes of some items. Every item is in one of the lists.
#[derive(Debug, Default)]
pub struct PlanPart {
    /// Items that are stored as they are wanted.
    pub unchanged: IdList,
    /// Items that are left out on request; the id is empty where the item has none.
    pub skipped: IdList,
    /// The first of them with their reasons.
    pub first_skipped: Vec<Skip>,
    /// Items that are refused.
    pub refused: Vec<Refused>,
    changes: Vec<Placed>,
    /// The changes' texts, in one piece.
    text: String,
    /// Where the fields of the last item stood, reused for the next one.
    pub(super) places: super::Places,
}

impl PlanPart {
    /// How many items there are.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.unchanged.count() + self.skipped.count() + (self.refused.len() + self.changes.len()) as u64
    }

    /// Whether it is large enough to be handed on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.text.len() >= FULL_TEXT || self.items() >= FULL_ITEMS
    }

    /// What is to be written.
    #[must_use]
    pub fn changes(&self) -> impl ExactSizeIterator<Item = ChangeText<'_>> {
        let text = |begin, end| self.text.get(begin..end).unwrap_or_default();
        self.changes.iter().map(move |change| ChangeText {
            origin: change.origin,
            action: change.action,
            id: text(change.begin, change.id_end),
            body: text(change.id_end, change.body_end),
            before: change.before_end.map(|end| text(change.body_end, end)),
        })
    }

    /// Leaves an item out on request.
    pub fn skip(&mut self, id: &str) {
        self.skipped.push(id);
    }

    /// The same of an item whose reason is kept where it is one of the first. `known_as` is its id for a person.
    pub fn skip_because(&mut self, origin: Origin, (id, known_as): (&str, &str), reason: impl FnOnce() -> String) {
        self.skip(id);
        if self.first_skipped.len() < FIRST_SKIPPED {
            self.first_skipped.push(Skip {
                origin,
                id: known_as.to_owned(),
                reason: reason(),
            });
        }
    }

    /// Refuses an item.
    pub fn refuse(&mut self, origin: Origin, id: String, reasons: Vec<Rejection>) {
        self.refused.push(Refused { origin, id, reasons });
    }

    /// Adds what was decided on an item whose values are trees.
    pub fn put(&mut self, origin: Origin, id: &str, decision: Result<Decision, Vec<Rejection>>) {
        match decision {
            Ok(Decision::Write(change)) => {
                // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
                let json = |object| serde_json::to_string(object).unwrap_or_default();
                let Ok(_) = self.change::<Infallible>(origin, change.action, id, |text| {
                    text.push_str(&json(&change.body));
                    Ok(true)
                });
                if let Some(before) = &change.before {
                    self.add_before(|text| text.push_str(&json(before)));
                }
            }
            Ok(Decision::Unchanged) => self.unchanged.push(id),
            Ok(Decision::Skipped) => self.skip(id),
            Err(reasons) => self.refuse(origin, id.to_owned(), reasons),
        }
    }

    /// Adds a change whose body `write` adds to the text; where it returns false, the item needs no change, and where it
    /// fails, nothing is added. Returns whether there is a change.
    pub(super) fn change<E>(
        &mut self,
        origin: Origin,
        action: Action,
        id: &str,
        write: impl FnOnce(&mut String) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let begin = self.text.len();
        self.text.push_str(id);
        let id_end = self.text.len();
        let written = write(&mut self.text);
        if !matches!(written, Ok(true)) {
            self.text.truncate(begin);
        }
        if !written? {
            self.unchanged.push(id);
            return Ok(false);
        }
        self.changes.push(Placed {
            origin,
            action,
            begin,
            id_end,
            body_end: self.text.len(),
            before_end: None,
        });
        Ok(true)
    }

    /// Adds to the last change the stored values of its fields.
    pub(super) fn add_before(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        if let Some(change) = self.changes.last_mut() {
            change.before_end = Some(self.text.len());
        }
    }
}
