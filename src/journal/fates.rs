//! What became of each row that was planned or refused, in the order of the file.
//!
//! Doesn't belong here: counting (`account`), rows for which nothing was recorded (`report`).

use rusqlite::params;

use super::account::WITHOUT_OUTCOME;
use super::{Journal, JournalError, State, action, lock, place_of, store};
use crate::plan::Action;

/// What was recorded of a row. A row may have several records: one for each reason for which it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The row's line, from 1.
    pub line: u64,
    /// What was planned for it; none where it was refused.
    pub action: Option<Action>,
    /// How that ended; none where it has no outcome.
    pub state: Option<State>,
    /// Why it was refused or failed. Of a change without an outcome, what is known of it. Of one that is done, a JSON object
    /// of the fields that are stored differently, where there are any.
    pub reason: String,
}

impl Journal {
    /// Gives what was recorded of the rows of a table, in the order of the file.
    pub fn fates<E: From<JournalError>>(
        &self,
        table: usize,
        take: &mut dyn FnMut(Fate) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let select = format!(
            "SELECT line, NULL, NULL, reason FROM rejects WHERE source = ?1
             UNION ALL
             SELECT line, action, state, CASE WHEN state IS NOT NULL THEN coalesce(reason, '') ELSE {WITHOUT_OUTCOME} END
             FROM changes LEFT JOIN outcomes USING (seq) WHERE source = ?1
             ORDER BY line"
        );
        let mut select = connection.prepare(&select).map_err(failed)?;
        let mut rows = select.query(params![place_of(table)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            take(fate(row).map_err(failed)?)?;
        }
        Ok(())
    }
}

fn fate(row: &rusqlite::Row<'_>) -> rusqlite::Result<Fate> {
    let planned: Option<i64> = row.get(1)?;
    let state: Option<i64> = row.get(2)?;
    Ok(Fate {
        line: super::count(row, 0)?,
        action: planned.map(action),
        state: state.map(|code| match code {
            0 => State::Done,
            1 => State::Failed,
            2 => State::Left,
            _ => State::Gone,
        }),
        reason: row.get(3)?,
    })
}
