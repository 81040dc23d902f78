//! Writing the plan, anew or as the continuation of what an earlier part of the run has sent.
//!
//! Doesn't belong here: deciding what is planned (`plan`).

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use serde_json::Value;

use super::account::ONLY_ACTION;
use super::check::{PLANNED_CHANGES, checksum, note};
use super::{JournalError, State, action, code, object, optional_object, place, store, text};
use crate::columns::{Origin, Rejection};
use crate::item::Object;
use crate::plan::{Action, Change, ChangeText, IdList, PlanPart, Refused};

/// So many changes are added by one statement: to begin and to end one costs as much as a row does.
const TOGETHER: usize = 16;

/// The statements that add so many changes. An id of its own choice is the next one, and spares the database the search for
/// its place.
struct Inserts {
    changes: String,
    bodies: String,
}

impl Inserts {
    fn of(rows: usize) -> Self {
        // Where one fails, the whole plan does: the database needn't be able to take back the rows of this statement alone,
        // for which it would copy pages.
        let insert = |table, row| format!("INSERT OR FAIL INTO {table} VALUES {}", vec![row; rows].join(", "));
        Self {
            changes: insert("changes", "(NULL, ?, ?, ?, ?)"),
            bodies: insert("bodies", "(NULL, ?, ?, ?)"),
        }
    }
}

/// A plan that is being written.
pub struct Plan<'a> {
    path: &'a Path,
    connection: &'a Connection,
    joining: bool,
    last: i64,
    /// What is done to the changes so far.
    kinds: Kinds,
    one: Inserts,
    many: Inserts,
}

/// Whether the same is done to all changes of a plan.
#[derive(Clone, Copy)]
enum Kinds {
    None,
    Only(Action),
    Several,
}

impl Kinds {
    fn add(&mut self, action: Action) {
        *self = match *self {
            Self::None => Self::Only(action),
            Self::Only(only) if only == action => Self::Only(only),
            Self::Only(_) | Self::Several => Self::Several,
        };
    }
}

/// A change that an earlier part of the run has sent, or was about to.
struct Earlier {
    seq: i64,
    change: Change,
}

impl<'a> Plan<'a> {
    pub(super) fn begin(path: &'a Path, connection: &'a Connection, joining: bool) -> Result<Self, JournalError> {
        let begin = || {
            if joining {
                // A batch is recorded before it is sent: what is in no batch was never sent.
                connection.execute_batch(
                    "DELETE FROM rejects;
                     DELETE FROM changes WHERE seq NOT IN (SELECT seq FROM sent);
                     DELETE FROM bodies WHERE seq NOT IN (SELECT seq FROM changes);
                     DELETE FROM outcomes WHERE seq NOT IN (SELECT seq FROM changes);
                     CREATE INDEX IF NOT EXISTS changes_by_id ON changes (id);
                     CREATE INDEX IF NOT EXISTS rewritten_by_seq ON rewritten (seq);",
                )?;
            }
            connection.query_row("SELECT coalesce(max(seq), 0) FROM changes", [], |row| row.get(0))
        };
        let last = begin().map_err(|cause| store(path, cause))?;
        Ok(Self {
            path,
            connection,
            joining,
            last,
            // What is kept of an earlier part isn't looked at.
            kinds: if joining { Kinds::Several } else { Kinds::None },
            one: Inserts::of(1),
            many: Inserts::of(TOGETHER),
        })
    }

    /// Notes that the plan is whole, and whether the same is done to all of its changes, so that nobody has to look.
    pub(super) fn end(self) -> Result<(), JournalError> {
        let only = match self.kinds {
            Kinds::Only(only) => note(self.connection, ONLY_ACTION, &code(only).to_string()),
            Kinds::None | Kinds::Several => {
                let forget = "DELETE FROM run WHERE key = ?1";
                self.connection.execute(forget, [ONLY_ACTION]).map(drop)
            }
        };
        let noted = only.and_then(|()| {
            let changes = if self.joining {
                let count = "SELECT count(*) FROM changes";
                self.connection.query_row(count, [], |row| row.get(0))?
            } else {
                self.last
            };
            note(self.connection, PLANNED_CHANGES, &changes.to_string())?;
            note(self.connection, "planned", "yes")
        });
        noted.map_err(|cause| store(self.path, cause))
    }

    /// Adds what was decided on some items, without the changes that `allows` refuses. Returns how many items are unchanged
    /// and skipped; what an earlier part of this run has sent is not among them.
    pub fn put_part(
        &mut self,
        part: &PlanPart,
        allows: &mut dyn FnMut(&ChangeText<'_>) -> bool,
    ) -> Result<(u64, u64), JournalError> {
        let mut refused = 0;
        let mut changes = Vec::with_capacity(part.changes().len());
        for change in part.changes() {
            if !allows(&change) {
                refused += 1;
            } else if !self.sent_before(&change)? {
                changes.push(change);
            }
        }
        self.put_new(&changes).map_err(|cause| store(self.path, cause))?;
        for rejected in &part.refused {
            self.refuse(rejected)?;
        }
        let unchanged = self.not_done_before(&part.unchanged)?;
        Ok((unchanged, refused + self.not_done_before(&part.skipped)?))
    }

    /// Adds changes that no earlier part of the run has sent.
    fn put_new(&mut self, changes: &[ChangeText<'_>]) -> rusqlite::Result<()> {
        let (together, rest) = changes.as_chunks::<TOGETHER>();
        let together = together.iter().map(|some| (&self.many, some.as_slice()));
        let rest = rest.chunks(1).map(|one| (&self.one, one));
        let mut last = self.last;
        for (inserts, some) in together.chain(rest) {
            self.put_some(inserts, last + 1, some)?;
            last += i64::try_from(some.len()).unwrap_or(i64::MAX);
        }
        self.last = last;
        for change in changes {
            self.kinds.add(change.action);
        }
        Ok(())
    }

    /// Adds changes, the first of them under this number.
    fn put_some(&self, inserts: &Inserts, first: i64, changes: &[ChangeText<'_>]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(&inserts.changes)?;
        let mut insert_body = self.connection.prepare_cached(&inserts.bodies)?;
        let (mut at, mut body_at) = (1.., 1..);
        let mut bind = |value: &dyn ToSql| at.next().map_or(Ok(()), |at| insert.raw_bind_parameter(at, value));
        let mut bind_body = |value: &dyn ToSql| {
            body_at
                .next()
                .map_or(Ok(()), |at| insert_body.raw_bind_parameter(at, value))
        };
        for (seq, change) in (first..).zip(changes) {
            let (source, line) = place(change.origin);
            bind(&source)?;
            bind(&line)?;
            bind(&code(change.action))?;
            bind(&change.id)?;
            bind_body(&change.body)?;
            bind_body(&change.before)?;
            bind_body(&checksum_of(seq, change.action, change.id, change.body, change.before))?;
        }
        insert.raw_execute()?;
        insert_body.raw_execute()?;
        Ok(())
    }

    /// Adds an item that is refused. One that an earlier part of this run has sent can't be decided on any more, as somebody
    /// has changed it since: what is known to have gone through stays this run's doing, what was in flight has failed.
    fn refuse(&self, refused: &Refused) -> Result<(), JournalError> {
        let why = refused
            .reasons
            .first()
            .map_or("", |rejection| rejection.reason.as_str());
        let is_sent = self.settle(&refused.id, |c, seq| {
            c.prepare_cached("INSERT OR IGNORE INTO outcomes VALUES (?1, ?2, ?3)")?
                .execute(params![seq, State::Failed as i64, why])
        })?;
        if is_sent {
            return Ok(());
        }
        let mut reasons = refused.reasons.iter();
        reasons
            .try_for_each(|rejection| self.reject(refused.origin, rejection))
            .map_err(|cause| store(self.path, cause))
    }

    /// How many of these items, which are as they should be, no earlier part of this run has sent. Of the others that is how
    /// they came to be so, and they are recorded as done. (An item that was in flight when the process died is settled here.)
    fn not_done_before(&self, ids: &IdList) -> Result<u64, JournalError> {
        if !self.joining {
            return Ok(ids.count());
        }
        let mut others = 0;
        for id in ids.iter() {
            let is_done = self.settle(id, |c, seq| {
                c.prepare_cached("INSERT OR REPLACE INTO outcomes VALUES (?1, ?2, NULL)")?
                    .execute(params![seq, State::Done as i64])
            })?;
            others += u64::from(!is_done);
        }
        Ok(others)
    }

    /// Records with `record` how the change of an item ended that an earlier part of this run has sent; false where none has.
    fn settle(
        &self,
        id: &str,
        record: impl FnOnce(&Connection, i64) -> rusqlite::Result<usize>,
    ) -> Result<bool, JournalError> {
        if !self.joining {
            return Ok(false);
        }
        let settled = self.earlier(id).and_then(|earlier| match earlier {
            Some(earlier) => record(self.connection, earlier.seq).map(|_| true),
            None => Ok(false),
        });
        settled.map_err(|cause| store(self.path, cause))
    }

    /// Merges a change into what an earlier part of the run has sent of the item; false where none has sent it.
    fn sent_before(&self, change: &ChangeText<'_>) -> Result<bool, JournalError> {
        if !self.joining {
            return Ok(false);
        }
        let sent = self.earlier(change.id).and_then(|earlier| match earlier {
            Some(earlier) => self.change_again(&earlier, &change.to_change()).map(|()| true),
            None => Ok(false),
        });
        sent.map_err(|cause| store(self.path, cause))
    }

    /// An item that was sent before is to be sent again: it failed, was lost, or somebody has changed it since. The
    /// values from before the run's first write are the ones that undoing has to restore.
    fn change_again(&self, earlier: &Earlier, change: &Change) -> rusqlite::Result<()> {
        let mut body = earlier.change.body.clone();
        merge_bodies(&mut body, &change.body);
        let before = earlier.change.before.as_ref().map(|earlier| {
            let mut before: Object = change.before.clone().unwrap_or_default();
            before.extend(earlier.clone());
            text(&before)
        });
        // What was sent may be what is stored until this is sent.
        self.connection
            .prepare_cached("INSERT INTO rewritten (seq, body) VALUES (?1, ?2)")?
            .execute(params![earlier.seq, text(&earlier.change.body)])?;
        let body = text(&body);
        let crc = checksum_of(earlier.seq, earlier.change.action, &change.id, &body, before.as_deref());
        self.connection
            .prepare_cached("UPDATE bodies SET body = ?2, before = ?3, crc = ?4 WHERE seq = ?1")?
            .execute(params![earlier.seq, body, before, crc])?;
        self.connection
            .prepare_cached("DELETE FROM outcomes WHERE seq = ?1")?
            .execute([earlier.seq])?;
        Ok(())
    }

    fn earlier(&self, id: &str) -> rusqlite::Result<Option<Earlier>> {
        self.connection
            .prepare_cached("SELECT seq, action, body, before FROM changes LEFT JOIN bodies USING (seq) WHERE id = ?1")?
            .query_row([id], |row| {
                let change = Change {
                    action: action(row.get(1)?),
                    id: id.to_owned(),
                    body: object(row, 2)?,
                    before: optional_object(row, 3)?,
                };
                Ok(Earlier {
                    seq: row.get(0)?,
                    change,
                })
            })
            .optional()
    }

    fn reject(&self, origin: Origin, rejection: &Rejection) -> rusqlite::Result<()> {
        let (source, line) = place(origin);
        let index = rejection.index.and_then(|index| i64::try_from(index).ok());
        self.connection
            .prepare_cached("INSERT INTO rejects VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![
                source,
                line,
                rejection.column,
                index,
                rejection.value,
                rejection.reason
            ])?;
        Ok(())
    }
}

fn checksum_of(seq: i64, action: Action, id: &str, body: &str, before: Option<&str>) -> i64 {
    checksum(
        seq,
        code(action),
        id.as_bytes(),
        body.as_bytes(),
        before.map(str::as_bytes),
    )
}

/// Makes of two bodies that were posted one after the other the one that does the same: the API merges maps leaf by leaf,
/// and an empty one replaces.
pub(crate) fn merge_bodies(body: &mut Object, later: &Object) {
    // Depth is bounded: serde_json parses no more than 128 levels.
    for (key, value) in later {
        match (body.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(patch)) if !patch.is_empty() => merge_bodies(below, patch),
            _ => {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}
