//! Opening journals: a new one, an earlier run's, and a look at the facts of one among many.
//!
//! Doesn't belong here: what stands in the tables (`mod`), which run is meant (`runs`), whether all rows are intact (`check`).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::read::Facts;
use super::{Journal, JournalError, SCHEMA, store};
use crate::files;
use crate::files::leftovers::Scratch;

/// The version of the tables, kept in SQLite's `user_version`. Version 0.1.0 wrote 0: no checksums.
pub const FORMAT: i64 = 1;

/// How long another process may keep a journal to itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where one journal of many is looked at: longer than a journal takes to close.
const GLANCE: Duration = Duration::from_secs(2);

impl Journal {
    /// Makes a journal for a run in `folder`, which is created where it is absent.
    ///
    /// The file appears with its tables in it: one without tables is damaged, never half made.
    pub fn create(folder: &Path, run: &str) -> Result<Self, JournalError> {
        let path = folder.join(format!("{run}.sqlite"));
        let create = |cause| JournalError::Create {
            path: path.clone(),
            cause,
        };
        files::create_own_folder(folder).map_err(create)?;
        let making = folder.join(format!(".{run}.sqlite-new"));
        files::create_for_sqlite(&making).map_err(create)?;
        let made = prepare(&making, "OFF").map_err(|cause| store(&path, cause));
        let placed = made.and_then(|()| fs::rename(&making, &path).map_err(create));
        if let Err(error) = placed {
            let _ = fs::remove_file(&making);
            return Err(error);
        }
        let connection = connect(&path).map_err(|cause| store(&path, cause))?;
        Ok(Self::of(path, connection, None, FORMAT))
    }

    /// A journal that is removed when the run ends: a dry run sends nothing, so that there is nothing to keep.
    pub fn temporary() -> Result<Self, JournalError> {
        let folder = Scratch::new().map_err(|cause| JournalError::Create {
            path: std::env::temp_dir(),
            cause,
        })?;
        let path = folder.path("plan.sqlite");
        let made = prepare(&path, "FULL").and_then(|()| connect(&path));
        let connection = made.map_err(|cause| store(&path, cause))?;
        Ok(Self::of(path, connection, Some(folder), FORMAT))
    }

    /// Opens the journal of an earlier run.
    pub fn open_existing(path: &Path) -> Result<Self, JournalError> {
        regular(path)?;
        let open = || {
            let connection = look(path, PATIENCE)?;
            let format = format_of(&connection)?;
            Ok((connection, format))
        };
        let (connection, format) = open().map_err(|cause| store(path, cause))?;
        known(path, &connection, format)?;
        Ok(Self::of(path.to_owned(), connection, None, format))
    }

    /// What the run of a journal noted of itself; `None` where its process keeps the journal to itself: it does so while it
    /// writes its plan, and for a moment when it closes it.
    pub fn glance(path: &Path) -> Result<Option<Facts>, JournalError> {
        regular(path)?;
        // Most journals are at rest. Without locks and a shared index, a look takes a tenth of the time.
        if let Some(Ok(facts)) = at_rest(path).map(|connection| facts_of(path, connection)) {
            return Ok(Some(facts));
        }
        let connection = look(path, GLANCE).map_err(|cause| store(path, cause));
        match connection.and_then(|connection| facts_of(path, connection)) {
            Err(JournalError::Store { cause, .. })
                if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) =>
            {
                Ok(None)
            }
            facts => facts.map(Some),
        }
    }
}

fn facts_of(path: &Path, connection: Connection) -> Result<Facts, JournalError> {
    let format = format_of(&connection).map_err(|cause| store(path, cause))?;
    known(path, &connection, format)?;
    Journal::of(path.to_owned(), connection, None, format).facts()
}

/// Refuses what is no file that this program could have written, before SQLite waits on a pipe or follows a link.
fn regular(path: &Path) -> Result<(), JournalError> {
    let refuse = |cause| JournalError::Read {
        path: path.to_owned(),
        cause,
    };
    // SQLite's own reason for a file that it may not open names no cause.
    let found = files::open(path).and_then(|file| file.metadata()).map_err(refuse)?;
    if found.len() == 0 {
        return Err(JournalError::Damaged {
            path: path.to_owned(),
            what: "the file is empty".to_owned(),
        });
    }
    for beside in BESIDE.map(|ending| beside(path, ending)) {
        if fs::symlink_metadata(&beside).is_ok_and(|found| !found.is_file()) {
            return Err(JournalError::Damaged {
                path: path.to_owned(),
                what: format!("{} is not a regular file", beside.display()),
            });
        }
    }
    Ok(())
}

/// The files that SQLite keeps beside a journal end so.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    PathBuf::from(beside)
}

fn known(path: &Path, connection: &Connection, format: i64) -> Result<(), JournalError> {
    if format > FORMAT {
        return Err(JournalError::Newer(path.to_owned()));
    }
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table'
        AND name IN ('run', 'changes', 'bodies', 'rejects', 'batches', 'ranges', 'outcomes')";
    let tables: i64 = connection
        .query_row(tables, [], |row| row.get(0))
        .map_err(|cause| store(path, cause))?;
    match tables {
        7 => Ok(()),
        0 => Err(JournalError::Foreign(path.to_owned())),
        _ => Err(JournalError::Damaged {
            path: path.to_owned(),
            what: "a table is missing".to_owned(),
        }),
    }
}

fn format_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables. Whether they are on the disk is settled by the switch to a write-ahead log, which flushes the file.
fn prepare(path: &Path, synchronous: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    // Plans are written and read in one go: a quarter of the calls that the usual 4 KiB take.
    connection.pragma_update(None, "page_size", 16 * 1024)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.close().map_err(|(_, cause)| cause)
}

/// Opens a journal to write in it while others may read.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = look(path, PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(connection)
}

/// Opens a journal as it stands: it may be that of another process, which is writing its plan.
fn look(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Opens a journal that no process has open and that needs no recovery, as the file stands; `None` where that can't be
/// known. (SQLite's `immutable`: neither locks nor a shared index.)
fn at_rest(path: &Path) -> Option<Connection> {
    for ending in ["-wal", "-journal"] {
        match fs::symlink_metadata(beside(path, ending)) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            _ => return None,
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri(path)?, flags).ok()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn uri(path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(uri + "?immutable=1")
}

#[cfg(not(unix))]
fn uri(_path: &Path) -> Option<String> {
    // A drive's letter and `\\?\` have a form of their own there; the usual way serves.
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(folder: &Path) -> PathBuf {
        let journal = Journal::create(folder, "a b%?#ü").unwrap();
        journal.note("org", "acme").unwrap();
        journal.path().to_owned()
    }

    #[test]
    fn a_journal_at_rest_and_one_in_use_show_the_same_facts() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal(folder.path());
        assert!(cfg!(not(unix)) || at_rest(&path).is_some());
        assert_eq!(Journal::glance(&path).unwrap().unwrap()["org"], "acme");
        let open = Journal::open_existing(&path).unwrap();
        open.note("org", "other").unwrap();
        assert!(at_rest(&path).is_none(), "what it notes stands in the log beside it");
        assert_eq!(Journal::glance(&path).unwrap().unwrap()["org"], "other");
    }

    #[test]
    fn what_is_no_journal_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal(folder.path());
        let whole = fs::read(&path).unwrap();
        let beside = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let reason = |path: &Path| {
            let opened = Journal::open_existing(path).err().unwrap().to_string();
            let glanced = Journal::glance(path).unwrap_err().to_string();
            assert_eq!(opened, glanced);
            glanced
        };
        assert!(reason(&beside("empty.sqlite", b"")).contains("the file is empty"));
        assert!(reason(&beside("cut.sqlite", &whole[..40_000])).contains("is damaged"));
        assert!(reason(&beside("short.sqlite", &whole[..50])).contains("is damaged"));
        assert!(reason(&beside("random.sqlite", &vec![7; 50_000])).contains("is damaged"));
        fs::create_dir(folder.path().join("dir.sqlite")).unwrap();
        assert!(reason(&folder.path().join("dir.sqlite")).contains("it is a folder"));
        assert!(reason(&folder.path().join("absent.sqlite")).contains("there is no such file"));
        let other = folder.path().join("other.sqlite");
        let connection = Connection::open(&other).unwrap();
        connection.execute_batch("CREATE TABLE notes (x)").unwrap();
        drop(connection);
        assert!(reason(&other).contains("is not a stockport journal"));
        let newer = beside("newer.sqlite", &whole);
        let connection = Connection::open(&newer).unwrap();
        connection.pragma_update(None, "user_version", FORMAT + 1).unwrap();
        drop(connection);
        assert!(reason(&newer).contains("newer version"));
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("DROP VIEW sent; DROP TABLE outcomes").unwrap();
        drop(connection);
        assert!(reason(&path).contains("a table is missing"));
    }
}
