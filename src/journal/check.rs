//! Whether a journal can be relied on: each planned change has a checksum, and SQLite has none of its own.
//!
//! Whoever acts on what an earlier run planned or found (undo, resume) checks the whole journal first.
//!
//! Doesn't belong here: whether a file is a journal at all (`open`).

use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::open::FORMAT;
use super::read::Facts;
use super::{Journal, JournalError, State, action, lock, parsed, store};
use crate::item::ITEM_ID;
use crate::output::{counted_are, counted_have};
use crate::plan::Action;

/// The fact that holds how many changes the plan has.
pub(super) const PLANNED_CHANGES: &str = "changes";

/// The CRC-32 of a change: its number, what is done, the item, what is posted, and the values from before.
pub(super) fn checksum(seq: i64, action: i64, id: &[u8], body: &[u8], before: Option<&[u8]>) -> i64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&seq.to_le_bytes());
    crc.update(&action.to_le_bytes());
    for part in [id, body] {
        crc.update(part);
        // No UTF-8 text holds this byte: the parts can't be told apart in two ways.
        crc.update(&[0xff]);
    }
    if let Some(before) = before {
        crc.update(before);
        crc.update(&[0xfe]);
    }
    i64::from(crc.finalize())
}

/// Remembers a fact of the run, with its checksum.
pub(super) fn note(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO run VALUES (?1, ?2, ?3)")?
        .execute(params![key, value, fact_checksum(key, value)])?;
    Ok(())
}

fn fact_checksum(key: &str, value: &str) -> i64 {
    checksum(0, 0, key.as_bytes(), value.as_bytes(), None)
}

/// Replaces the values from before of a change, and its checksum with them.
pub(super) fn set_before(connection: &Connection, seq: i64, before: &str) -> rusqlite::Result<()> {
    let crc = connection
        .prepare_cached("SELECT action, id, body FROM changes JOIN bodies USING (seq) WHERE seq = ?1")?
        .query_row([seq], |row| {
            let (id, body) = (row.get_ref(1)?.as_bytes()?, row.get_ref(2)?.as_bytes()?);
            Ok(checksum(seq, row.get(0)?, id, body, Some(before.as_bytes())))
        })?;
    connection
        .prepare_cached("UPDATE bodies SET before = ?2, crc = ?3 WHERE seq = ?1")?
        .execute(params![seq, before, crc])?;
    Ok(())
}

/// A change's row, as it stands in the tables.
struct Row {
    seq: i64,
    action: i64,
    id: String,
    body: Option<String>,
    before: Option<String>,
    crc: Option<i64>,
}

impl Journal {
    /// Proves that everything that the run planned and sent can be read as it was written. Journals of 0.1.0 have no
    /// checksums: there each change has to be complete and well-formed.
    pub fn check(&self) -> Result<(), JournalError> {
        self.facts()?;
        let connection = lock(&self.connection);
        let failed = |cause| store(&self.path, cause);
        let intact: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(failed)?;
        if intact != "ok" {
            return Err(self.damaged(format!("SQLite reports: {intact}")));
        }
        if let Some(what) = inconsistent(&connection).map_err(failed)? {
            return Err(self.damaged(what));
        }
        let select = format!(
            "SELECT seq, action, id, body, before, {} FROM changes LEFT JOIN bodies USING (seq) ORDER BY seq",
            self.crc_column()
        );
        let mut select = connection.prepare(&select).map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let row = || {
                Ok(Row {
                    seq: row.get(0)?,
                    action: row.get(1)?,
                    id: row.get(2)?,
                    body: row.get(3)?,
                    before: row.get(4)?,
                    crc: row.get(5)?,
                })
            };
            self.check_change(&row().map_err(failed)?)?;
        }
        Ok(())
    }

    /// What the run noted of itself. A fact that has changed since it was written could pass the run off as one of another organization.
    pub fn facts(&self) -> Result<Facts, JournalError> {
        let facts = self.with(|c| {
            let mut select = c.prepare(&format!("SELECT key, value, {} FROM run", self.crc_column()))?;
            let facts = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            facts.collect::<rusqlite::Result<Vec<(String, String, Option<i64>)>>>()
        })?;
        if self.has_checksums() {
            let differs = |(key, value, crc): &&(String, String, Option<i64>)| *crc != Some(fact_checksum(key, value));
            if let Some((key, ..)) = facts.iter().find(differs) {
                return Err(self.damaged(format!(
                    "its entry {key:?} has changed since it was written (its checksum differs)"
                )));
            }
        }
        Ok(facts.into_iter().map(|(key, value, _)| (key, value)).collect())
    }

    /// Makes of the tables of version 0.1.0 those of this version. Whoever continues such a run has checked its rows.
    pub fn upgrade(&self) -> Result<(), JournalError> {
        if self.has_checksums() {
            return Ok(());
        }
        self.with(|c| {
            let transaction = c.unchecked_transaction()?;
            add_checksums(&transaction)?;
            transaction.commit()
        })?;
        self.format.store(FORMAT, Ordering::Relaxed);
        Ok(())
    }

    fn check_change(&self, row: &Row) -> Result<(), JournalError> {
        let fault = |what: &str| Err(self.damaged(format!("of item {:?} {what}", row.id)));
        if !(1..=3).contains(&row.action) {
            return fault("the planned action can't be read");
        }
        let Some(body) = &row.body else {
            return fault("what was posted is missing");
        };
        let before = row.before.as_deref();
        if self.has_checksums() {
            let crc = checksum(
                row.seq,
                row.action,
                row.id.as_bytes(),
                body.as_bytes(),
                before.map(str::as_bytes),
            );
            if row.crc != Some(crc) {
                return fault("the change has changed since it was written (its checksum differs)");
            }
        }
        match parsed(body) {
            Some(body) if body.get(ITEM_ID).and_then(|id| id.as_str()) == Some(&row.id) => {}
            _ => return fault("what was posted can't be read"),
        }
        let needs_before = action(row.action) != Action::Create;
        match before {
            Some(before) if parsed(before).is_none() => fault("the earlier values can't be read"),
            None if needs_before => fault("the earlier values are missing"),
            _ => Ok(()),
        }
    }

    /// The expression that gives a change's checksum.
    pub(super) fn crc_column(&self) -> &'static str {
        if self.has_checksums() { "crc" } else { "NULL" }
    }

    pub(super) fn damaged(&self, what: String) -> JournalError {
        JournalError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

fn add_checksums(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "ALTER TABLE bodies ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE run ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;",
    )?;
    let mut select =
        connection.prepare("SELECT seq, action, id, body, before FROM changes JOIN bodies USING (seq) ORDER BY seq")?;
    let mut update = connection.prepare("UPDATE bodies SET crc = ?2 WHERE seq = ?1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default());
        let before = row.get_ref(4)?.as_bytes_or_null()?;
        update.execute([seq, checksum(seq, row.get(1)?, text(2)?, text(3)?, before)])?;
    }
    let mut select = connection.prepare("SELECT key, value FROM run")?;
    let facts = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (key, value) in facts.collect::<rusqlite::Result<Vec<(String, String)>>>()? {
        note(connection, &key, &value)?;
    }
    connection.pragma_update(None, "user_version", FORMAT)
}

/// What doesn't fit together in the tables, if anything.
fn inconsistent(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let count = |select: &str| connection.query_row(select, [], |row| row.get(0).map(i64::unsigned_abs));
    let noted: Option<String> = connection
        .query_row("SELECT value FROM run WHERE key = ?1", [PLANNED_CHANGES], |row| {
            row.get(0)
        })
        .optional()?;
    let changes = count("SELECT count(*) FROM changes")?;
    if noted.is_some_and(|noted| noted.parse() != Ok(changes)) {
        return Ok(Some(format!(
            "its plan is incomplete: {} left",
            counted_are(changes, "change")
        )));
    }
    let without_change = count("SELECT count(*) FROM bodies WHERE seq NOT IN (SELECT seq FROM changes)")?
        + count("SELECT count(*) FROM outcomes WHERE seq NOT IN (SELECT seq FROM changes)")?;
    if without_change > 0 {
        return Ok(Some(format!(
            "{} without a planned change",
            counted_are(without_change, "row")
        )));
    }
    let unsent = format!(
        "SELECT count(*) FROM outcomes WHERE state = {} AND seq NOT IN (SELECT seq FROM sent)",
        State::Done as i64
    );
    let unsent = count(&unsent)?;
    Ok((unsent > 0).then(|| format!("{} an outcome, but no request", counted_have(unsent, "change"))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::columns::Origin;
    use crate::plan::{Change, Decision, PlanPart};

    fn journal() -> Journal {
        let journal = Journal::temporary().unwrap();
        let planned = journal.plan::<JournalError>(false, |plan| {
            let mut part = PlanPart::default();
            for (line, action) in (1..).zip([Action::Create, Action::Update, Action::Delete]) {
                let id = format!("A{line}");
                let change = Change {
                    action,
                    body: json!({"item_id": id, "name": "x"}).as_object().unwrap().clone(),
                    before: (action != Action::Create).then(|| json!({"name": "Kush"}).as_object().unwrap().clone()),
                    id: id.clone(),
                };
                part.put(Origin { table: 0, line }, &id, Ok(Decision::Write(change)));
            }
            plan.put_part(&part, &mut |_| true).map(|_| true)
        });
        assert!(planned.unwrap());
        let scribe = journal.scribe().unwrap();
        scribe.sending(vec![1, 2, 3]).unwrap();
        scribe
            .ended((1..=3).map(|seq| (seq, State::Done, None)).collect())
            .unwrap();
        scribe.close().unwrap();
        journal
    }

    fn fault_after(damage: &str) -> String {
        let journal = journal();
        journal.check().unwrap();
        journal.with(|c| c.execute_batch(damage)).unwrap();
        match journal.check() {
            Err(JournalError::Damaged { what, .. }) => what,
            other => panic!("{damage}: {other:?}"),
        }
    }

    #[test]
    fn whatever_is_missing_or_changed_in_a_change_is_found() {
        for (damage, what) in [
            ("DELETE FROM bodies WHERE seq = 2", "what was posted is missing"),
            ("UPDATE bodies SET before = NULL WHERE seq = 2", "checksum"),
            ("UPDATE bodies SET before = '{}' WHERE seq = 2", "checksum"),
            ("UPDATE bodies SET body = replace(body, 'x', 'y')", "checksum"),
            ("UPDATE changes SET id = 'A9' WHERE seq = 1", "checksum"),
            ("UPDATE changes SET action = 3 WHERE seq = 1", "checksum"),
            ("UPDATE changes SET action = 9 WHERE seq = 1", "action"),
            ("DELETE FROM changes WHERE seq = 2", "2 changes are left"),
            (
                "DELETE FROM changes WHERE seq = 2; DELETE FROM run WHERE key = 'changes'",
                "without a planned change",
            ),
            ("DELETE FROM ranges", "an outcome, but no request"),
            ("INSERT INTO outcomes VALUES (77, 0, NULL)", "without a planned change"),
        ] {
            let found = fault_after(damage);
            assert!(found.contains(what), "{damage}: {found}");
        }
    }

    #[test]
    fn the_item_as_it_was_read_before_its_deletion_has_a_checksum_of_its_own() {
        let journal = journal();
        let scribe = journal.scribe().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let promise = scribe.deleting(3, Some(r#"{"name":"read"}"#.to_owned()));
        runtime.block_on(promise).unwrap();
        scribe.close().unwrap();
        journal.check().unwrap();
        assert_eq!(
            journal.entries(&[3]).unwrap()[0].before.as_deref(),
            Some(r#"{"name":"read"}"#)
        );
    }

    #[test]
    fn without_checksums_each_change_has_to_be_complete_and_well_formed() {
        for (damage, what) in [
            ("", ""),
            (
                "UPDATE bodies SET before = NULL WHERE seq = 2",
                "the earlier values are missing",
            ),
            (
                "UPDATE bodies SET before = 'oops' WHERE seq = 3",
                "the earlier values can't be read",
            ),
            (
                "UPDATE bodies SET body = '{' WHERE seq = 1",
                "what was posted can't be read",
            ),
            (
                "UPDATE bodies SET body = '{\"item_id\":\"B\"}' WHERE seq = 1",
                "what was posted can't be read",
            ),
        ] {
            let journal = journal();
            journal.format.store(0, std::sync::atomic::Ordering::Relaxed);
            journal
                .with(|c| {
                    let old = "ALTER TABLE bodies DROP COLUMN crc; ALTER TABLE run DROP COLUMN crc;";
                    c.execute_batch(&format!("{old} {damage}"))
                })
                .unwrap();
            match (journal.check(), what) {
                (Ok(()), "") => {
                    journal.upgrade().unwrap();
                    journal.check().unwrap();
                    journal
                        .with(|c| c.execute_batch("UPDATE bodies SET body = '{}'"))
                        .unwrap();
                    journal.check().unwrap_err();
                }
                (Err(JournalError::Damaged { what: found, .. }), what) => assert!(found.contains(what), "{found}"),
                (other, _) => panic!("{damage}: {other:?}"),
            }
        }
    }
}
