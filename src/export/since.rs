//! What has changed in an inventory since an earlier state: its items, each with the kind of its change in [`CHANGE`].
//!
//! Doesn't belong here: which earlier state is meant (`commands`), the rows that are written (`sink`).

use std::io;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::columns::{CHANGE, GONE};
use crate::error::{Code, Error, Exit, UserError, code};
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

/// What stands in [`CHANGE`], in the order of [`Change`].
pub const NAMES: [&str; 4] = ["new", "changed", GONE, "unknown"];

/// Why the changes since an earlier state can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinceError {
    /// There is no such state.
    #[error("{0:?} is not a date, a snapshot or a run")]
    Unknown(String),
    /// It is a state of another organization, or of another API.
    #[error("{0} is of {1}, but {2} is exported")]
    OtherOrganization(String, String, String),
}

impl UserError for SinceError {
    fn code(&self) -> Code {
        code("since", self)
    }

    fn hint(&self) -> String {
        match self {
            Self::Unknown(_) => {
                "--since takes 2026-11-22 or 2026-11-22T14:30Z, a snapshot (DIR, DIR/ORG, DIR@2026-11-22), or a run of `stockport runs`"
            }
            Self::OtherOrganization(..) => "name a snapshot or a run of the organization that is exported",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// A moment as it is written; without an offset, as if it were in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The moment.
    pub at: Timestamp,
    /// Whether the text has an offset.
    pub has_offset: bool,
}

impl Moment {
    /// Reads a date, which means its first moment, or a date and a time of day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // The names of runs and snapshots have no colons.
        let civil = if !text.contains(':') {
            Date::strptime("%Y-%m-%d", text).ok()?.to_datetime(Time::midnight())
        } else if let Ok(at) = text.parse() {
            return Some(Self { at, has_offset: true });
        } else {
            text.parse::<DateTime>().ok()?
        };
        let at = TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Self { at, has_offset: false })
    }

    /// What a field of an item says.
    #[must_use]
    pub fn of(item: &Object, field: &str) -> Option<Self> {
        Self::parse(item.get(field)?.as_str()?)
    }
}

/// Takes the items that have changed.
pub struct Changes<'a> {
    pub(super) store: ItemStore,
    filter: Filter,
    go_on: &'a dyn Fn() -> Result<(), Error>,
    /// How many there are that meet the conditions, in the order of [`Change`].
    pub counts: [u64; NAMES.len()],
    /// How many items were compared with a moment that has an offset, by an `updated_at` without one.
    pub local: u64,
}

impl<'a> Changes<'a> {
    pub(super) fn new(filter: Filter, go_on: &'a dyn Fn() -> Result<(), Error>) -> io::Result<Self> {
        Ok(Self {
            store: ItemStore::sequential()?,
            filter,
            go_on,
            counts: Default::default(),
            local: 0,
        })
    }

    /// Takes an item, where it meets the conditions.
    pub fn put(&mut self, mut item: Object, change: Change) -> Result<(), Error> {
        let name = NAMES.get(change as usize).copied();
        item.insert(CHANGE.to_owned(), Value::from(name));
        if let Some(count) = self.counts.get_mut(change as usize)
            && self.filter.matches(&item)
        {
            *count += 1;
            self.store.item(item)?;
        }
        Ok(())
    }

    /// Takes what differs between a snapshot and what is stored now.
    pub fn against(
        &mut self,
        then: &Snapshot,
        now: &mut ItemStore,
        differs: &dyn Fn(&Object, &Object) -> bool,
    ) -> Result<(), Error> {
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

    /// Takes what was created or updated at this moment or later by its own fields, of the items that no lookup has found.
    pub fn dated(&mut self, since: Moment, now: &mut ItemStore) -> Result<(), Error> {
        now.each_not_found::<Error>(&mut |item| {
            (self.go_on)()?;
            let change = match (Moment::of(&item, "created_at"), Moment::of(&item, "updated_at")) {
                (Some(created), _) if created.at >= since.at => Change::New,
                (_, None) => Change::Unknown,
                (_, Some(updated)) => {
                    self.local += u64::from(since.has_offset && !updated.has_offset);
                    if updated.at < since.at {
                        return Ok(());
                    }
                    Change::Changed
                }
            };
            self.put(item, change)
        })
    }
}
