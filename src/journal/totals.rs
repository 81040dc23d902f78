//! What a run comes to, for its report: its changes field by field, and the rows that did not go through with how they ended.
//!
//! Doesn't belong here: the counts of the closing equation (`account`), how faults are put together (`report`).

use rusqlite::params;

use super::account::{problem, unknown_reason};
use super::{Journal, JournalError, Problem, State, code, count, lock, store};
use crate::item::ITEM_ID;
use crate::plan::Action;

/// In how many items a run has changed a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCount {
    /// The field.
    pub field: String,
    /// New items with a value in it.
    pub created: u64,
    /// Stored items whose value changed.
    pub updated: u64,
    /// How many of those have no value now.
    pub cleared: u64,
}

/// How a row ended that did not go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Refused before it was sent.
    Rejected,
    /// Refused by the endpoint.
    Failed,
    /// Sent, or about to be, and no answer tells whether it was saved.
    Unknown,
}

/// Changes that are done, or with ?3 all that are planned, by field. The id is no change.
const BY_FIELD: &str = "
    SELECT field.key AS name,
        coalesce(sum(action = ?1 AND field.type <> 'null'), 0) AS created,
        coalesce(sum(action = ?2), 0) AS updated,
        coalesce(sum(action = ?2 AND field.type = 'null'), 0) AS cleared
    FROM changes CROSS JOIN bodies USING (seq), json_each(bodies.body) AS field
    WHERE action IN (?1, ?2) AND name <> ?4
        AND (?3 OR EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = changes.seq AND state = ?5))
    GROUP BY name HAVING created + updated > 0 ORDER BY created + updated DESC, name";

/// Every fault of a row, in the order of the tables and their lines. Rows that were never sent have none.
const FAULTS: &str = "
    SELECT source, line, column_name, column_index, value, reason, 0 FROM rejects
    UNION ALL
    SELECT source, line, NULL, NULL, id, coalesce(reason, ''), state IS NULL OR state = ?1
    FROM changes LEFT JOIN outcomes USING (seq)
    WHERE state IN (?1, ?2) OR (state IS NULL AND seq IN (SELECT seq FROM sent))
    ORDER BY source, line";

impl Journal {
    /// The changes by field, the most frequent first: those that are done, or all that are planned.
    pub fn changes_by_field(&self, all_planned: bool) -> Result<Vec<FieldCount>, JournalError> {
        self.with(|c| {
            let mut select = c.prepare(BY_FIELD)?;
            let (create, update) = (code(Action::Create), code(Action::Update));
            let given = params![create, update, all_planned, ITEM_ID, State::Done as i64];
            let counts = select.query_map(given, |row| {
                Ok(FieldCount {
                    field: row.get(0)?,
                    created: count(row, 1)?,
                    updated: count(row, 2)?,
                    cleared: count(row, 3)?,
                })
            })?;
            counts.collect()
        })
    }

    /// Gives every fault for which a row did not go through, in the order of the tables and their lines. A row may have several.
    pub fn each_fault<E: From<JournalError>>(
        &self,
        take: &mut dyn FnMut(Fault, Problem) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection.prepare(FAULTS).map_err(failed)?;
        let mut rows = select
            .query([State::Failed as i64, State::Left as i64])
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let problem = problem(row).map_err(failed)?;
            let was_sent: bool = row.get(6).map_err(failed)?;
            let reason = problem.rejection.reason.as_str();
            let fault = match was_sent {
                false => Fault::Rejected,
                true if reason.is_empty() || unknown_reason(Some(reason)) => Fault::Unknown,
                true => Fault::Failed,
            };
            take(fault, problem)?;
        }
        Ok(())
    }
}
