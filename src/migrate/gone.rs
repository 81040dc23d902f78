//! Items that earlier runs moved and that the source no longer has: which there are, and which of them may be deleted.
//!
//! Doesn't belong here: what was sent for them (`earlier`), asking and deleting (`commands`, `upload`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Choice, Earlier};
use crate::columns::{Rejection, is_nothing};
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::item::{ITEM_ID, Object};
use crate::plan::{Action, Change, Decision, changed_since, left};

/// The field that names an item for a person.
const NAME: &str = "name";

/// An item that an earlier run moved, that the source no longer has, and that the target still holds.
#[derive(Clone, Debug)]
pub struct Gone {
    /// Its id in the target.
    pub id: String,
    /// Its id in the source.
    pub source: String,
    /// Its name in the target.
    pub name: Option<Value>,
    /// The run that wrote to it last.
    pub run: String,
    /// Why it stays, where it isn't to be deleted.
    pub stays: Option<Stays>,
}

/// Why an item is not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stays {
    /// It has changed since it was moved; how.
    Changed(String),
    /// The target had it before any run that is known moved it.
    Older,
}

impl Gone {
    /// For programs.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut line = json!({"id": self.id, "run": self.run});
        if self.source != self.id {
            line["source_id"] = self.source.as_str().into();
        }
        match &self.stays {
            None => {}
            Some(Stays::Changed(why)) => line["changed"] = why.as_str().into(),
            Some(Stays::Older) => line["older_than_the_migration"] = true.into(),
        }
        line
    }

    /// What becomes of it where deletions are carried over; `stored` is what the target holds.
    pub(super) fn decide(&self, stored: Option<Object>) -> Result<Decision, Vec<Rejection>> {
        match (&self.stays, stored) {
            (Some(Stays::Changed(why)), _) => Err(vec![Rejection {
                column: None,
                index: None,
                value: self.id.clone(),
                reason: left(&self.id, why),
            }]),
            (Some(Stays::Older), _) => Ok(Decision::Skipped),
            (None, None) => Ok(Decision::Unchanged),
            (None, Some(stored)) => Ok(Decision::Write(Change {
                action: Action::Delete,
                id: self.id.clone(),
                body: Object::from_iter([(ITEM_ID.to_owned(), Value::String(self.id.clone()))]),
                before: Some(stored),
            })),
        }
    }
}

/// The items of this process's share that earlier runs moved and the source no longer has. `stored` gives what the target
/// holds.
pub(super) fn gone(
    earlier: &Earlier,
    (source, choice): (&mut ItemStore, &Choice),
    stored: &mut dyn FnMut(&str) -> Result<Option<Object>, Error>,
) -> Result<Vec<Gone>, Error> {
    let mut lacking = BTreeSet::new();
    earlier.each_moved(&mut |id, from| {
        let is_own = choice.shard.is_none_or(|shard| shard.has_id(from));
        if is_own && !source.has(from)? {
            lacking.insert((id.to_owned(), from.to_owned()));
        }
        Ok(())
    })?;
    let mut gone = Vec::new();
    for (id, source) in lacking {
        let (Some(item), Some(sent)) = (stored(&id)?, earlier.sent(&id)?) else {
            continue;
        };
        let name = item.get(NAME).filter(|name| !is_nothing(Some(name))).cloned();
        let stays = match &sent.body {
            None => Some(Stays::Older),
            Some(body) => changed_since(body, &item, "it was moved").map(Stays::Changed),
        };
        gone.push(Gone {
            id,
            source,
            name,
            run: sent.run,
            stays,
        });
    }
    Ok(gone)
}
