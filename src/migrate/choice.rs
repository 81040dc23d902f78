//! Which items of the source are moved, and what the target is to hold of each.
//!
//! Doesn't belong here: what the target holds already (`migrate`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Ids;
use crate::columns::{Rejection, as_text};
use crate::error::Error;
use crate::filter::Filter;
use crate::inventory::id_of;
use crate::item::{ITEM_ID, Object, SERVER_FIELDS, check_id};
use crate::shard::{self, Shard};

/// What is done where the target holds an id with other values that no earlier run of this migration wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing is sent at all.
    #[default]
    Fail,
    /// The target's item stays.
    Skip,
    /// The source's values win.
    Overwrite,
}

/// Which items are moved, and how.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Items that meet this.
    pub filter: Filter,
    /// These only, by their ids in the source; all where none is named.
    pub only: BTreeSet<String>,
    /// Their ids in the target.
    pub ids: Ids,
    /// What happens to conflicts.
    pub on_conflict: OnConflict,
    /// The share of the items that is this process's own.
    pub shard: Option<Shard>,
    /// Items that an earlier run moved may get another id than it gave them.
    pub other_ids: bool,
    /// Items that earlier runs moved and the source no longer has are deleted in the target.
    pub mirror: bool,
}

/// The part of the source's items that a migration was asked for, as a user types it; nothing in it stands for all items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The conditions of `--where`.
    #[serde(rename = "where")]
    pub conditions: Vec<String>,
    /// The ids of `--only`.
    pub only: Vec<String>,
    /// The share of `--shard`, its number known: `2/4`.
    pub shard: Option<String>,
}

impl Part {
    /// Whether all items are asked for.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.conditions.is_empty() && self.only.is_empty() && self.shard.is_none()
    }

    /// The choice of these items, with conflicts left to fail.
    pub fn choice(&self, ids: Ids) -> Result<Choice, Error> {
        let shard = self.shard.as_deref().and_then(|text| shard::Choice::parse(text).ok());
        Ok(Choice {
            filter: Filter::parse(&self.conditions)?,
            only: self.only.iter().cloned().collect(),
            ids,
            on_conflict: OnConflict::default(),
            shard: shard.map(shard::Choice::from_environment).transpose()?,
            other_ids: false,
            mirror: false,
        })
    }
}

/// What is wanted of one item of the source.
pub(super) enum Wanted {
    /// Nothing: another process does it.
    Elsewhere,
    /// Nothing: it is left out on request.
    LeftOut,
    /// It can't be moved.
    Refused(Rejection),
    /// The target is to hold this under this id.
    Item {
        /// The id in the source.
        source: String,
        /// The id in the target.
        id: String,
        /// The values.
        body: Object,
    },
}

impl Choice {
    pub(super) fn wanted(&self, item: &Object) -> Wanted {
        let Some(source) = id_of(item) else {
            // The list's order is not known to be the same for all, so the item has no place of its own.
            return match self.shard {
                Some(shard) if !shard.has_id("") => Wanted::Elsewhere,
                _ => Wanted::Refused(refusal("", "an item has no id".to_owned())),
            };
        };
        if self.shard.is_some_and(|shard| !shard.has_id(&source)) {
            return Wanted::Elsewhere;
        }
        if !self.only.is_empty() && !self.only.contains(source.as_ref()) {
            return Wanted::LeftOut;
        }
        if !self.filter.matches(item) {
            return Wanted::LeftOut;
        }
        match item.get(ITEM_ID) {
            Some(Value::String(text)) if *text == source => {}
            Some(Value::Number(number)) if number.to_string() == source => {}
            None | Some(Value::Null) => return Wanted::Refused(refusal(&source, "it has no item_id".to_owned())),
            Some(other) => {
                let why = format!("its own item_id is another one: {:?}", as_text(other));
                return Wanted::Refused(refusal(&source, why));
            }
        }
        let id = self.ids.target(&source);
        if let Err(fault) = check_id(&id) {
            return Wanted::Refused(refusal(&source, fault.to_string()));
        }
        let mut body: Object = item
            .iter()
            .filter(|(field, _)| !SERVER_FIELDS.contains(&field.as_str()))
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect();
        body.insert(ITEM_ID.to_owned(), Value::String(id.clone()));
        Wanted::Item {
            source: source.into_owned(),
            id,
            body,
        }
    }
}

pub(super) fn refusal(id: &str, why: String) -> Rejection {
    Rejection {
        column: Some(ITEM_ID.to_owned()),
        index: None,
        value: id.to_owned(),
        reason: if id.is_empty() { why } else { format!("{id}: {why}") },
    }
}
