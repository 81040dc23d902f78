//! A run as its journal tells it afterwards: each planned change with how it ended, and the rows that were rejected.
//!
//! Doesn't belong here: counting (`account`), the form in which it is shown (`commands::runs`).

use super::account::{problem, unknown_reason};
use super::{Journal, JournalError, Problem, State, action, lock, object, optional_object, store};
use crate::item::Object;
use crate::plan::Change;

/// How a planned change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The endpoint holds it.
    Done,
    /// Refused by the endpoint.
    Failed,
    /// Sent, or about to be, and no answer tells whether it was saved.
    Unknown,
    /// A deletion of an item that had changed, or was gone.
    Left,
    /// Never sent.
    NotAttempted,
}

impl Ending {
    /// Its name for programs and people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Left => "left",
            Self::NotAttempted => "not_attempted",
        }
    }
}

/// A planned change with how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What was wanted, and the values from before.
    pub change: Change,
    /// How it ended.
    pub ending: Ending,
    /// Why, where it isn't done.
    pub reason: Option<String>,
    /// The stored values of the fields that are stored differently from what was sent.
    pub stored: Option<Object>,
}

const ENDED: &str = "
    SELECT action, id, body, before, state, reason, state IS NULL AND seq IN (SELECT seq FROM sent)
    FROM changes LEFT JOIN bodies USING (seq) LEFT JOIN outcomes USING (seq) ORDER BY seq";

impl Journal {
    /// Gives every planned change with how it ended, in the plan's order, until `take` wants no more.
    pub fn each_ended<E: From<JournalError>>(&self, take: &mut dyn FnMut(Ended) -> Result<bool, E>) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection.prepare(ENDED).map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !take(ended(row).map_err(failed)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Gives every row that was rejected while the plan was made, in the order of the tables and their lines.
    pub fn each_reject(&self, take: &mut dyn FnMut(Problem)) -> Result<(), JournalError> {
        self.with(|c| {
            let mut select = c.prepare(
                "SELECT source, line, column_name, column_index, value, reason FROM rejects ORDER BY source, line",
            )?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                take(problem(row)?);
            }
            Ok(())
        })
    }
}

fn ended(row: &rusqlite::Row<'_>) -> rusqlite::Result<Ended> {
    let change = Change {
        action: action(row.get(0)?),
        id: row.get(1)?,
        body: object(row, 2)?,
        before: optional_object(row, 3)?,
    };
    let state: Option<i64> = row.get(4)?;
    let reason: Option<String> = row.get(5)?;
    let is_sent: bool = row.get(6)?;
    let is = |wanted: State| state == Some(wanted as i64);
    let is_unknown = unknown_reason(reason.as_deref());
    let ending = if is(State::Done) {
        Ending::Done
    } else if is(State::Left) || is(State::Gone) {
        Ending::Left
    } else if is_sent || (is(State::Failed) && is_unknown) {
        Ending::Unknown
    } else if is(State::Failed) {
        Ending::Failed
    } else {
        Ending::NotAttempted
    };
    let stored = if ending == Ending::Done {
        optional_object(row, 5)?
    } else {
        None
    };
    let reason = match ending {
        Ending::Done => None,
        Ending::Left if reason.is_none() => Some("it was deleted before this run reached it".to_owned()),
        Ending::Unknown if reason.is_none() => Some("no answer was recorded".to_owned()),
        _ => reason,
    };
    Ok(Ended {
        change,
        ending,
        reason,
        stored,
    })
}
