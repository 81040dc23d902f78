//! Reading a journal after its run: its facts, and what the run changed.
//!
//! Doesn't belong here: which journal is meant (`runs`).

use rusqlite::{OptionalExtension as _, params};
use std::collections::BTreeSet;

use super::{Journal, JournalError, State, action, lock, object, optional_object, store};
use crate::columns::Origin;
use crate::item::Object;
use crate::plan::{Action, Change};

/// What a run noted of itself, by name.
pub type Facts = std::collections::BTreeMap<String, String>;

/// A change that a run sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its number in the run's plan.
    pub seq: i64,
    /// What was wanted, and the values from before.
    pub change: Change,
    /// Whether it is known that it went through; else the process died with it in flight.
    pub done: bool,
}

/// An item whose values the endpoint stores differently from what was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDifferently {
    /// The item.
    pub id: String,
    /// What was sent.
    pub sent: Object,
    /// The stored values of the fields that differ.
    pub stored: Object,
}

/// What a run sent for an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The item.
    pub id: String,
    /// What was posted.
    pub body: Object,
    /// Whether it is known that it went through.
    pub done: bool,
}

impl Journal {
    /// Gives every planned change, in the plan's order.
    pub fn each_change<E: From<JournalError>>(&self, take: &mut dyn FnMut(Change) -> Result<(), E>) -> Result<(), E> {
        self.walk(
            "SELECT seq, action, id, body, before, NULL FROM changes LEFT JOIN bodies USING (seq) ORDER BY seq",
            [],
            &mut |changed| take(changed.change),
        )
    }

    /// Gives every planned change that is still to be sent, with the place of its row, in the plan's order, until `take`
    /// returns false. With `only` those of one kind.
    pub fn each_open<E: From<JournalError>>(
        &self,
        only: Option<Action>,
        take: &mut dyn FnMut(Origin, Change) -> Result<bool, E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let kind = only.map_or(String::new(), |only| format!("action = {} AND", super::code(only)));
        // `CROSS JOIN` keeps the order of the tables, in which no row has to be sorted.
        let select = format!(
            "SELECT source, line, action, id, body, before FROM changes CROSS JOIN bodies USING (seq)
             WHERE {kind} NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = changes.seq) ORDER BY seq"
        );
        let mut select = connection.prepare(&select).map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let change = || {
                Ok(Change {
                    action: action(row.get(2)?),
                    id: row.get(3)?,
                    body: object(row, 4)?,
                    before: optional_object(row, 5)?,
                })
            };
            let origin = super::account::origin(row).map_err(failed)?;
            if !take(origin, change().map_err(failed)?)? {
                break;
            }
        }
        Ok(())
    }

    /// The first planned changes of a kind that are still to be sent, complete, for the plan on screen.
    pub fn first_changes(&self, action: Action, most: usize) -> Result<Vec<Change>, JournalError> {
        let mut first = Vec::new();
        if most > 0 {
            self.each_open::<JournalError>(Some(action), &mut |_, change| {
                first.push(change);
                Ok(first.len() < most)
            })?;
        }
        Ok(first)
    }

    /// Gives every item that failed, and why, in the plan's order.
    pub fn each_failure(&self, take: &mut dyn FnMut(&str, &str)) -> Result<(), JournalError> {
        self.with(|c| {
            let mut select = c.prepare(
                "SELECT id, coalesce(reason, '') FROM outcomes JOIN changes USING (seq) WHERE state = ?1 ORDER BY seq",
            )?;
            let mut rows = select.query([State::Failed as i64])?;
            while let Some(row) = rows.next()? {
                take(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            }
            Ok(())
        })
    }

    /// How many items are stored differently from what was sent, and the first of them in the plan's order.
    pub fn stored_differently(&self, most: usize) -> Result<(u64, Vec<StoredDifferently>), JournalError> {
        let count = self.with(|c| {
            let count = "SELECT count(*) FROM outcomes WHERE state = ?1 AND reason IS NOT NULL";
            c.query_row(count, [State::Done as i64], |row| super::count(row, 0))
        })?;
        let first = self.with(|c| {
            let mut select = c.prepare(
                "SELECT id, body, reason FROM outcomes JOIN changes USING (seq) JOIN bodies USING (seq)
                 WHERE state = ?1 AND reason IS NOT NULL ORDER BY seq LIMIT ?2",
            )?;
            let most = if count > 0 { super::place_of(most) } else { 0 };
            let items = select.query_map([State::Done as i64, most], |row| {
                Ok(StoredDifferently {
                    id: row.get(0)?,
                    sent: object(row, 1)?,
                    stored: object(row, 2)?,
                })
            })?;
            items.collect()
        })?;
        Ok((count, first))
    }

    /// Records that an item of a change that is done is stored differently, where that isn't known yet; gives what is known
    /// now of its values that differ.
    pub fn note_stored(&self, id: &str, stored: &Object) -> Result<Option<Object>, JournalError> {
        self.with(|c| {
            c.execute_batch("CREATE INDEX IF NOT EXISTS changes_by_id ON changes (id)")?;
            if !stored.is_empty() {
                c.prepare_cached(
                    "UPDATE outcomes SET reason = json_patch(coalesce(reason, '{}'), ?2)
                     WHERE state = ?3 AND seq IN (SELECT seq FROM changes WHERE id = ?1)",
                )?
                .execute(params![id, super::text(stored), State::Done as i64])?;
            }
            c.prepare_cached(
                "SELECT reason FROM outcomes JOIN changes USING (seq) WHERE id = ?1 AND state = ?2 AND reason IS NOT NULL",
            )?
            .query_row(params![id, State::Done as i64], |row| object(row, 0))
            .optional()
        })
    }

    /// How many stored values the plan takes away: fields of updates that are posted as null.
    pub fn cleared(&self) -> Result<u64, JournalError> {
        self.with(|c| {
            c.query_row(
                "SELECT count(*) FROM changes CROSS JOIN bodies USING (seq), json_each(bodies.body) AS field
                 WHERE action = ?1 AND field.type = 'null'",
                [super::code(Action::Update)],
                |row| super::count(row, 0),
            )
        })
    }

    /// How many changes the run sent that went through, or may have: what undoing is about.
    pub fn changed_count(&self) -> Result<u64, JournalError> {
        self.with(|c| {
            c.query_row(
                &format!("SELECT count(*) FROM ({CHANGED})"),
                [State::Done as i64],
                |row| super::count(row, 0),
            )
        })
    }

    /// Gives every change that the run sent and that went through, or may have, in the plan's order.
    pub fn changed<E: From<JournalError>>(&self, take: &mut dyn FnMut(Changed) -> Result<(), E>) -> Result<(), E> {
        self.walk(&format!("{CHANGED} ORDER BY seq"), [State::Done as i64], take)
    }

    /// The change of this number, where it was sent and went through, or may have.
    pub fn changed_as(&self, seq: i64) -> Result<Option<Changed>, JournalError> {
        let mut found = None;
        self.walk::<JournalError>(
            &format!("SELECT * FROM ({CHANGED}) WHERE seq = ?2"),
            [State::Done as i64, seq],
            &mut |changed| {
                found = Some(changed);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Gives the place and the id of every item that is still to be created, in the plan's order, until `take` returns false.
    pub fn each_created(&self, take: &mut dyn FnMut(Origin, &str) -> bool) -> Result<(), JournalError> {
        self.with(|c| {
            let mut select = c.prepare(
                "SELECT source, line, id FROM changes WHERE action = ?1
                 AND NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = changes.seq) ORDER BY seq",
            )?;
            let mut rows = select.query([super::code(Action::Create)])?;
            while let Some(row) = rows.next()? {
                let id: String = row.get(2)?;
                if !take(super::account::origin(row)?, &id) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many planned changes of each kind are still to be sent: (create, update, delete).
    pub fn open_by_kind(&self) -> Result<(u64, u64, u64), JournalError> {
        self.with(|c| {
            let mut select = c.prepare(
                "SELECT count(*) FROM changes WHERE action = ?1
                 AND NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = changes.seq)",
            )?;
            let mut open = |kind| select.query_row([super::code(kind)], |row| super::count(row, 0));
            Ok((open(Action::Create)?, open(Action::Update)?, open(Action::Delete)?))
        })
    }

    /// The items that the plan deletes, whether or not they are deleted already.
    pub fn deletions(&self) -> Result<BTreeSet<String>, JournalError> {
        self.with(|c| {
            let mut select = c.prepare("SELECT id FROM changes WHERE action = ?1")?;
            let ids = select.query_map([super::code(Action::Delete)], |row| row.get(0))?;
            ids.collect()
        })
    }

    /// Gives the number and the item of every change that the run sent and that went through, or may have.
    pub fn each_written<E: From<JournalError>>(
        &self,
        take: &mut dyn FnMut(i64, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection
            .prepare(&format!("SELECT seq, id FROM ({CHANGED})"))
            .map_err(failed)?;
        let mut rows = select.query([State::Done as i64]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let (seq, id): (i64, String) = row.get(0).and_then(|seq| Ok((seq, row.get(1)?))).map_err(failed)?;
            take(seq, &id)?;
        }
        Ok(())
    }

    /// Gives the id of every change of which it is known whether the item was stored when the run ended, and whether it was.
    pub fn each_left_stored(&self, take: &mut dyn FnMut(&str, bool)) -> Result<(), JournalError> {
        self.with(|c| {
            let mut select = c.prepare("SELECT id, action, state FROM changes LEFT JOIN outcomes USING (seq)")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let (action, state) = (super::action(row.get(1)?), row.get::<_, Option<i64>>(2)?);
                let done = state == Some(State::Done as i64);
                let is_stored = match action {
                    Action::Create if !done => continue,
                    Action::Create | Action::Update => true,
                    Action::Delete => !done && state != Some(State::Gone as i64),
                };
                take(row.get_ref(0)?.as_str()?, is_stored);
            }
            Ok(())
        })
    }

    /// What the run sent as the change of this number, the newest first: an earlier part of the run may have sent other
    /// values, of which it is not known whether the newer ones have taken their place.
    pub fn written(&self, seq: i64) -> Result<Vec<Written>, JournalError> {
        self.with(|c| {
            let mut select = c.prepare_cached(
                "SELECT id, CASE WHEN state = 0 AND reason IS NOT NULL THEN json_patch(body, reason) ELSE body END, state
                 FROM changes LEFT JOIN bodies USING (seq) LEFT JOIN outcomes USING (seq) WHERE seq = ?1
                 UNION ALL
                 SELECT * FROM (SELECT id, rewritten.body, NULL FROM rewritten JOIN changes USING (seq)
                                WHERE seq = ?1 ORDER BY number DESC)",
            )?;
            let written = select.query_map([seq], |row| {
                let state: Option<i64> = row.get(2)?;
                Ok(Written {
                    id: row.get(0)?,
                    body: object(row, 1)?,
                    done: state == Some(State::Done as i64),
                })
            })?;
            written.collect()
        })
    }

    fn walk<E: From<JournalError>>(
        &self,
        select: &str,
        with: impl rusqlite::Params,
        take: &mut dyn FnMut(Changed) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection.prepare(select).map_err(failed)?;
        let mut rows = select.query(with).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let changed = || {
                Ok(Changed {
                    seq: row.get(0)?,
                    change: Change {
                        action: action(row.get(1)?),
                        id: row.get(2)?,
                        body: object(row, 3)?,
                        before: optional_object(row, 4)?,
                    },
                    done: row.get::<_, Option<i64>>(5)?.is_some(),
                })
            };
            take(changed().map_err(failed)?)?;
        }
        Ok(())
    }
}

/// What is stored differently counts as it is stored: the reason of a change that is done holds those values (`State::Done`).
/// A failed change may have gone through all the same, where its end is unknown. A deletion that found its item changed or
/// gone changed nothing, so undoing has nothing to do with it.
const CHANGED: &str = "
    SELECT seq, action, id,
        CASE WHEN state = 0 AND reason IS NOT NULL THEN json_patch(body, reason) ELSE body END AS body, before, state
    FROM changes LEFT JOIN bodies USING (seq) LEFT JOIN outcomes USING (seq)
    WHERE seq IN (SELECT seq FROM sent) AND (state IS NULL OR state = ?1 OR reason LIKE 'it is not known%')";
