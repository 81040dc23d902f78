//! What a run has promised, sent and learnt: SQLite, one file a run, which survives kill -9.
//!
//! The plan is written here before anything is sent, a batch before it is sent, an outcome as soon as it is known.
//! So memory stays flat (the uploader reads its work from here), and what was in flight when a process died can
//! be told from what was never sent. Belongs here: the tables and their durability. Doesn't: what an outcome means
//! (`upload`), what a person is told (`report`).

mod account;
mod check;
mod error;
mod fates;
mod history;
mod open;
mod planning;
mod read;
mod running;
#[cfg(test)]
mod tests;
mod totals;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Builder;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::columns::Origin;
use crate::files::leftovers::Scratch;
use crate::item::Object;
use crate::plan::Action;
pub use account::{Outcomes, Problem};
pub use error::JournalError;
pub use fates::Fate;
pub use history::{Ended, Ending};
pub use open::FORMAT;
pub use planning::Plan;
pub(crate) use planning::merge_bodies;
pub use read::{Changed, Facts, StoredDifferently, Written};
pub use running::{RUNNING, Running};
pub use totals::{Fault, FieldCount};
pub use writer::Scribe;
use writer::Unsent;

/// How a planned change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The endpoint holds what was sent. Where it stores values differently, the reason is a JSON object of those fields.
    Done,
    /// Refused by the endpoint, or still unknown at the end.
    Failed,
    /// A deletion that was not sent, because the item has changed since the plan. The reason names the difference.
    Left,
    /// A deletion that was not sent, because somebody else had deleted the item since the plan.
    Gone,
}

/// A change as it stands in the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the plan, from 1.
    pub seq: i64,
    /// The item.
    pub id: String,
    /// What is done.
    pub action: Action,
    /// The JSON object that is posted.
    pub body: String,
    /// The stored values from before, as the plan found them: of a deletion the complete item.
    pub before: Option<String>,
}

/// One run's journal.
pub struct Journal {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// The same file once more. It is closed behind the connection: a system that knows locks by process and file gives up
    /// the connection's with whichever of them is closed first.
    file: OnceLock<Option<File>>,
    /// Kept for its destructor: a dry run's journal goes with it.
    temporary: Option<Scratch>,
    /// The version of its tables (`open::FORMAT`); going on with a journal of 0.1.0 raises it.
    format: AtomicI64,
    /// Kept for its destructor: the run is under way.
    _running: Option<Running>,
    unsent: Arc<Unsent>,
}

/// How often what a plan has written is sent on to the disk.
const FLUSHED: Duration = Duration::from_millis(20);

const SCHEMA: &str = "
    BEGIN;
    CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE changes (seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, line INTEGER NOT NULL,
        action INTEGER NOT NULL, id TEXT NOT NULL);
    CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, before TEXT, crc INTEGER NOT NULL);
    CREATE TABLE rejects (source INTEGER NOT NULL, line INTEGER NOT NULL, column_name TEXT, column_index INTEGER,
        value TEXT NOT NULL, reason TEXT NOT NULL);
    CREATE TABLE batches (batch INTEGER PRIMARY KEY, sent_at INTEGER NOT NULL);
    CREATE TABLE ranges (first INTEGER NOT NULL, last INTEGER NOT NULL, batch INTEGER NOT NULL);
    CREATE VIEW sent AS SELECT changes.seq, ranges.batch
        FROM ranges JOIN changes ON changes.seq BETWEEN ranges.first AND ranges.last;
    CREATE TABLE rewritten (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE outcomes (seq INTEGER PRIMARY KEY, state INTEGER NOT NULL, reason TEXT);
    COMMIT;
";

impl Journal {
    fn of(path: PathBuf, connection: Connection, temporary: Option<Scratch>, format: i64) -> Self {
        Self {
            path,
            connection: Mutex::new(connection),
            file: OnceLock::new(),
            temporary,
            format: AtomicI64::new(format),
            _running: None,
            unsent: Arc::default(),
        }
    }

    /// The journal of a run that is under way as long as the journal is open.
    #[must_use]
    pub fn running_as(self, running: Option<Running>) -> Self {
        Self {
            _running: running,
            ..self
        }
    }

    /// Whether each planned change has a checksum.
    fn has_checksums(&self) -> bool {
        self.format.load(Ordering::Relaxed) > 0
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers a fact of the run (its source, target, start, counts).
    pub fn note(&self, key: &str, value: &str) -> Result<(), JournalError> {
        self.note_all(&[(key, value)])
    }

    /// Remembers facts that make sense only together: all of them, or none where the process dies.
    pub fn note_all(&self, facts: &[(&str, &str)]) -> Result<(), JournalError> {
        self.with(|c| {
            let transaction = c.unchecked_transaction()?;
            for (key, value) in facts {
                check::note(&transaction, key, value)?;
            }
            transaction.commit()
        })
    }

    /// Writes the plan that `fill` gives, as one transaction: a plan is complete or not there. Where `fill` returns false,
    /// nothing is planned. With `joining` the journal holds an earlier part of the run: what that part never sent is
    /// forgotten, what it sent is kept and continued.
    pub fn plan<E: From<JournalError>>(
        &self,
        joining: bool,
        fill: impl FnOnce(&mut Plan<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut connection = lock(&self.connection);
        // A new plan is only added to the file: with a rollback journal its pages are written once, where they belong. With
        // a write-ahead log they would be written there, and then again. Where another process has the file open, the mode
        // stays, which is as safe.
        if !joining {
            let _ = connection.pragma_update(None, "journal_mode", "TRUNCATE");
        }
        let written = self.write_plan(&mut connection, joining, fill);
        let _ = connection.pragma_update(None, "journal_mode", "WAL");
        written
    }

    fn write_plan<E: From<JournalError>>(
        &self,
        connection: &mut Connection,
        joining: bool,
        fill: impl FnOnce(&mut Plan<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let failed = |cause| E::from(store(&self.path, cause));
        // Other processes look at the journals of this machine: none may stand between the reading and the writing.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Exclusive)
            .map_err(failed)?;
        let mut plan = Plan::begin(&self.path, &transaction, joining)?;
        let filled = self.flushed(|| fill(&mut plan))?;
        if !filled {
            transaction.rollback().map_err(failed)?;
            return Ok(false);
        }
        plan.end()?;
        transaction.commit().map_err(failed)?;
        Ok(true)
    }

    /// Does this work while what it writes goes to the disk, so that the commit behind it has little left to wait for. It is
    /// the commit alone that promises anything: whatever fails here is left to that.
    fn flushed<T>(&self, work: impl FnOnce() -> T) -> T {
        // A dry run's journal is to be read by nobody else.
        let file = if self.temporary.is_none() {
            self.file
                .get_or_init(|| File::options().write(true).open(&self.path).ok())
        } else {
            &None
        };
        let Some(file) = file else { return work() };
        std::thread::scope(|scope| {
            let (working, over) = channel::<()>();
            let flush = move || {
                while over.recv_timeout(FLUSHED) == Err(RecvTimeoutError::Timeout) && file.sync_data().is_ok() {}
            };
            // Where the system gives no thread, the commit waits for all of it.
            let _ = Builder::new().name("flush".to_owned()).spawn_scoped(scope, flush);
            let done = work();
            drop(working);
            done
        })
    }

    /// Takes the journal away: the run that it was for has come to nothing. One that can't be removed is none the worse for
    /// staying: it has neither a plan nor anything sent.
    pub fn discard(self) {
        let Self {
            path, connection, file, ..
        } = self;
        // The last connection to close takes the files beside it away.
        drop(connection);
        drop(file);
        let _ = std::fs::remove_file(&path);
    }

    /// The thread that records batches and outcomes while the upload runs.
    pub fn scribe(&self) -> Result<Scribe, JournalError> {
        let connection = open::connect(&self.path).map_err(|cause| store(&self.path, cause))?;
        Scribe::start(self.path.clone(), connection, Arc::clone(&self.unsent))
    }

    /// Counts what was promised and not sent as not attempted, where the disk is full and the promises can't be taken back
    /// there. It holds as long as the journal is open here.
    pub fn forget_unsent(&self) -> Result<(), JournalError> {
        let unsent = std::mem::take(&mut *lock(&self.unsent));
        if unsent.is_empty() {
            return Ok(());
        }
        self.with(|c| {
            // In memory, and before the journal's own view of this name.
            c.execute_batch(
                "PRAGMA temp_store = MEMORY;
                 CREATE TEMP TABLE IF NOT EXISTS unsent (seq INTEGER PRIMARY KEY);
                 CREATE TEMP VIEW IF NOT EXISTS sent AS
                    SELECT * FROM main.sent WHERE seq NOT IN (SELECT seq FROM unsent);",
            )?;
            let mut insert = c.prepare("INSERT OR IGNORE INTO unsent VALUES (?1)")?;
            unsent.iter().try_for_each(|seq| insert.execute([seq]).map(drop))
        })
    }

    /// Whether an earlier part of the run has ended any change.
    pub fn has_outcomes(&self) -> Result<bool, JournalError> {
        self.with(|c| c.query_row("SELECT EXISTS (SELECT 1 FROM outcomes)", [], |row| row.get(0)))
    }

    /// Gives the planned changes after `seq`, in the plan's order, until `take` wants no more: each one's number, what is
    /// done, and the JSON object that is posted. With `open` only those that have not ended yet.
    pub fn each_after(
        &self,
        seq: i64,
        open: bool,
        take: &mut dyn FnMut(i64, Action, &[u8]) -> bool,
    ) -> Result<(), JournalError> {
        let select = if open {
            "SELECT seq, action, body FROM changes JOIN bodies USING (seq)
             WHERE seq > ?1 AND NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = changes.seq) ORDER BY seq"
        } else {
            "SELECT seq, action, body FROM changes JOIN bodies USING (seq) WHERE seq > ?1 ORDER BY seq"
        };
        self.with(|c| {
            let mut select = c.prepare_cached(select)?;
            let mut rows = select.query([seq])?;
            while let Some(row) = rows.next()? {
                if !take(row.get(0)?, action(row.get(1)?), row.get_ref(2)?.as_bytes()?) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The planned changes of these numbers, whole.
    pub fn entries(&self, seqs: &[i64]) -> Result<Vec<Entry>, JournalError> {
        self.with(|c| {
            let mut select = c.prepare_cached(
                "SELECT id, action, body, before FROM changes JOIN bodies USING (seq) WHERE seq = ?1",
            )?;
            let entry = |seq: &i64| {
                select.query_row([seq], |row| {
                    Ok(Entry {
                        seq: *seq,
                        id: row.get(0)?,
                        action: action(row.get(1)?),
                        body: row.get(2)?,
                        before: row.get(3)?,
                    })
                })
            };
            seqs.iter().map(entry).collect()
        })
    }

    fn with<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        ask(&lock(&self.connection)).map_err(|cause| store(&self.path, cause))
    }
}

fn place_of(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn place(origin: Origin) -> (i64, i64) {
    (place_of(origin.table), i64::try_from(origin.line).unwrap_or(i64::MAX))
}

fn text(object: &Object) -> String {
    // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
    serde_json::to_string(object).unwrap_or_default()
}

/// The JSON object in a column; an error where there is none, never an empty one in its place.
fn object(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Object> {
    optional_object(row, column)?.ok_or(rusqlite::Error::InvalidColumnType(
        column,
        "a JSON object".to_owned(),
        rusqlite::types::Type::Null,
    ))
}

fn optional_object(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Object>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(None);
    };
    let object = serde_json::from_str(text).map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(cause))
    })?;
    Ok(Some(object))
}

fn parsed(text: &str) -> Option<Object> {
    serde_json::from_str(text).ok()
}

fn code(action: Action) -> i64 {
    match action {
        Action::Create => 1,
        Action::Update => 2,
        Action::Delete => 3,
    }
}

fn action(code: i64) -> Action {
    match code {
        1 => Action::Create,
        2 => Action::Update,
        _ => Action::Delete,
    }
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let count: i64 = row.get(column)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn store(path: &Path, cause: rusqlite::Error) -> JournalError {
    use rusqlite::Error as E;
    let what = match &cause {
        E::InvalidColumnType(..) => Some("a part of a change is missing or of another kind".to_owned()),
        E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::Utf8Error(..) => {
            Some("a part of a change can't be read".to_owned())
        }
        E::SqliteFailure(failure, _) => match failure.code {
            rusqlite::ErrorCode::DatabaseCorrupt => Some("it was truncated or overwritten".to_owned()),
            rusqlite::ErrorCode::NotADatabase => Some("it is not an SQLite database".to_owned()),
            _ => None,
        },
        _ => None,
    };
    let path = path.to_owned();
    match what {
        Some(what) => JournalError::Damaged { path, what },
        None => JournalError::Store { path, cause },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
