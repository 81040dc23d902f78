//! What has changed in an inventory since an earlier state: its items, each with the kind of its change in [`CHANGE`].
//!
//! A snapshot tells new, changed and gone items. A date tells what the items' own `updated_at` and `created_at` do; an item
//! that is no longer stored has neither.
//!
//! Doesn't belong here: which earlier state is meant (`commands`), the rows that are written (`sink`).

use std::io;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::columns::{CHANGE, GONE};
use crate::error::{Error, Exit, UserError};
use crate::filter::Filter;
use crate::inventory::{ItemStore, Receiver as _, id_of};
use crate::item::Object;
use crate::snapshot::Snapshot;

/// How an item has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It wasn't stored then.
    New,
    /// It has other values.
    Changed,
    /// It is no longer stored. The values are those of then.
    Gone,
    /// It has no id to be found by, or no time of its last update.
    Unknown,
}

impl Change {
    /// What stands in [`CHANGE`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => GONE,
            Self::Unknown => "unknown",
        }
    }
}

/// Why the changes since an earlier state can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinceError {
    /// There is no such state.
    #[error("{0:?} is not a date, a snapshot or a run")]
    Unknown(String),
    /// It is a state of another organization, or of another API.
    #[error("{what} is of {other}, but {org} is exported")]
    OtherOrganization {
        /// The snapshot or run.
        what: String,
        /// Its organization, with the API where only that differs.
        other: String,
        /// The organization that is exported.
        org: String,
    },
    /// A snapshot that some items are missing from.
    #[error("{0} holds only some of the items, so that new items can't be told from others")]
    Part(String),
}

impl UserError for SinceError {
    fn hint(&self) -> String {
        match self {
            Self::Unknown(_) => {
                "--since takes 2026-11-22 or 2026-11-22T14:30Z, a snapshot (DIR, DIR/ORG, DIR@2026-11-22), or a run of `stockport runs`"
            }
            Self::OtherOrganization { .. } => "name a snapshot or a run of the organization that is exported",
            Self::Part(_) => "name a backup (`stockport backup list DIR`), or a date",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// A moment as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The moment; without an offset, as if it were UTC.
    pub at: Timestamp,
    /// Whether the text has an offset.
    pub has_offset: bool,
}

impl Moment {
    /// Reads a date, which means its first moment, or a date and a time of day, with or without an offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // The names of runs and snapshots have no colons.
        let civil = if text.contains(':') {
            if let Ok(at) = text.parse::<Timestamp>() {
                return Some(Self { at, has_offset: true });
            }
            text.parse::<DateTime>().ok()?
        } else {
            let date = Date::strptime("%Y-%m-%d", text).ok()?;
            date.to_datetime(jiff::civil::Time::midnight())
        };
        Some(Self {
            at: TimeZone::UTC.to_timestamp(civil).ok()?,
            has_offset: false,
        })
    }
}

/// How many items have changed, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// [`Change::New`]
    pub new: u64,
    /// [`Change::Changed`]
    pub changed: u64,
    /// [`Change::Gone`]
    pub gone: u64,
    /// [`Change::Unknown`]
    pub unknown: u64,
    /// Items that were compared with a moment that has an offset, by an `updated_at` without one.
    pub local: u64,
}

/// Takes the items that have changed.
pub struct Changes<'a> {
    store: ItemStore,
    filter: Filter,
    go_on: &'a dyn Fn() -> Result<(), Error>,
    /// How many there are that meet the conditions.
    pub counts: Counts,
}

impl<'a> Changes<'a> {
    pub(super) fn new(filter: Filter, go_on: &'a dyn Fn() -> Result<(), Error>) -> io::Result<Self> {
        Ok(Self {
            store: ItemStore::sequential()?,
            filter,
            go_on,
            counts: Counts::default(),
        })
    }

    pub(super) fn into_store(self) -> ItemStore {
        self.store
    }

    /// Takes an item, where it meets the conditions.
    pub fn put(&mut self, mut item: Object, change: Change) -> Result<(), Error> {
        item.insert(CHANGE.to_owned(), Value::from(change.name()));
        if !self.filter.matches(&item) {
            return Ok(());
        }
        let counts = &mut self.counts;
        *match change {
            Change::New => &mut counts.new,
            Change::Changed => &mut counts.changed,
            Change::Gone => &mut counts.gone,
            Change::Unknown => &mut counts.unknown,
        } += 1;
        Ok(self.store.item(item)?)
    }

    /// Takes what differs between a snapshot and what is stored now. Of a part of an inventory nothing can be told.
    pub fn against(
        &mut self,
        then: &Snapshot,
        now: &mut ItemStore,
        differs: &dyn Fn(&Object, &Object) -> bool,
    ) -> Result<(), Error> {
        now.forget_found();
        then.each::<Error>(|then| {
            (self.go_on)()?;
            let Some(id) = id_of(&then) else { return Ok(()) };
            match now.get(&id)? {
                None => self.put(then, Change::Gone),
                Some(now) if differs(&then, &now) => self.put(now, Change::Changed),
                Some(_) => Ok(()),
            }
        })?;
        now.each_not_found::<Error>(&mut |item| {
            (self.go_on)()?;
            let is_known = id_of(&item).is_some();
            self.put(item, if is_known { Change::New } else { Change::Unknown })
        })
    }

    /// Takes what says of itself that it was created or updated at this moment or later, of the items that no lookup has
    /// found.
    pub fn dated(&mut self, since: Moment, now: &mut ItemStore) -> Result<(), Error> {
        now.each_not_found::<Error>(&mut |item| {
            (self.go_on)()?;
            match self.judge(&item, since) {
                Some(change) => self.put(item, change),
                None => Ok(()),
            }
        })
    }

    /// How an item has changed since a moment by its own fields; none where it hasn't.
    pub fn judge(&mut self, item: &Object, since: Moment) -> Option<Change> {
        let moment = |field: &str| Moment::parse(item.get(field)?.as_str()?);
        let is_since = |moment: Moment| moment.at >= since.at;
        if moment("created_at").is_some_and(is_since) {
            return Some(Change::New);
        }
        let Some(updated) = moment("updated_at") else {
            return Some(Change::Unknown);
        };
        self.counts.local += u64::from(since.has_offset && !updated.has_offset);
        is_since(updated).then_some(Change::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_first_moment_and_names_of_runs_and_snapshots_are_none() {
        let read = |text: &str| Moment::parse(text).map(|moment| (moment.at.to_string(), moment.has_offset));
        for (text, at, has_offset) in [
            ("2026-11-22", "2026-11-22T00:00:00Z", false),
            ("2026-11-22T14:30", "2026-11-22T14:30:00Z", false),
            (" 2026-11-22 14:30:05.25 ", "2026-11-22T14:30:05.25Z", false),
            ("2026-11-22T14:30:05+02:00", "2026-11-22T12:30:05Z", true),
            ("2026-11-22T14:30Z", "2026-11-22T14:30:00Z", true),
        ] {
            assert_eq!(read(text), Some((at.to_owned(), has_offset)), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "20261122",
            "2026-11",
            "7",
            "2026-11-22T02-00-00Z",
            "2026-11-28T11-15",
            "2026-11-28T11-15-52.123Z-42",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
