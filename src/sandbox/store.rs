//! Where a sandbox's items live: one `SQLite` file, each item as its JSON text. Knows what Firestore knows of a
//! document ([`super::document`]) and nothing of HTTP.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;

use super::accounts::{self, Accounts, Register};
use super::document::{self, Place, Poison, Shape};
use super::{Organization, SandboxError, python};
use crate::files;
use crate::item::{ITEM_ID, Object};

/// How long one process waits for another one that writes to the same file.
const PATIENCE: Duration = Duration::from_secs(30);

/// `poison` marks documents with a number that is not finite; few or none, so that the partial index costs nothing.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS items (
        seq INTEGER PRIMARY KEY, org TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, poison INTEGER NOT NULL,
        UNIQUE (org, id));
    CREATE INDEX IF NOT EXISTS poisoned ON items (org, id) WHERE poison;
";

/// The items, organizations and keys of one sandbox folder. Shared by threads; several processes may have one folder.
pub struct Store {
    file: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    accounts: Accounts,
    register: Register,
}

/// What the server sets on every posted item.
pub(super) struct Stamp {
    pub(super) updated_at: String,
    pub(super) updated_by: String,
}

/// What became of the posted items.
#[derive(Default)]
pub(super) struct Posted {
    /// The items as they were taken, each as JSON, up to the first that was refused.
    pub(super) echo: Vec<String>,
    /// Whether the server's answer is a 500 all the same.
    pub(super) failed: bool,
    /// What the log document has to hold.
    shape: Shape,
}

/// An item that is ready to be saved.
struct Ready {
    id: String,
    item: Object,
    /// The item as JSON.
    json: String,
    poison: Poison,
}

/// What one posted element turned out to be.
struct Element {
    /// None where it is saved in a place that nobody ever looks at.
    ready: Option<Ready>,
    echo: String,
    shape: Shape,
    /// The server trips over such an id where it is the last of a request, after all is saved.
    odd_id: bool,
}

/// What a request posts, as the server sees it.
pub(super) struct Posting<'a> {
    pub(super) items: Vec<Value>,
    /// Some text among them holds half of a surrogate pair.
    pub(super) surrogates: bool,
    pub(super) stamp: Option<&'a Stamp>,
}

impl Store {
    /// Opens the store of a folder (made where it is absent), with the two organizations that are always there and
    /// the named ones.
    pub fn open(dir: &Path, orgs: &[String]) -> Result<Self, SandboxError> {
        // Anything that a query can hold would do for the server; these two could never be asked for.
        if let Some(name) = orgs.iter().find(|name| name.trim().is_empty() || name.contains('/')) {
            return Err(SandboxError::OrganizationName { name: name.clone() });
        }
        let refused = |dir: &Path, cause| SandboxError::Folder {
            dir: dir.to_owned(),
            cause,
        };
        files::create_folder(dir).map_err(|cause| refused(dir, cause))?;
        let file = dir.join("sandbox.sqlite");
        files::create_for_sqlite(&file).map_err(|cause| refused(&file, cause))?;
        let failed = |cause| SandboxError::File {
            file: file.clone(),
            cause,
        };
        let mut writer = connect(&file).map_err(failed)?;
        prepare(&mut writer, orgs).map_err(failed)?;
        let (accounts, register) = accounts::load(&writer).map_err(failed)?;
        Ok(Self {
            file,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            accounts,
            register,
        })
    }

    /// The organizations, in the order in which they were added.
    #[must_use]
    pub fn organizations(&self) -> &[Organization] {
        &self.register.organizations
    }

    /// The key of an account that is a team member of every organization and owner of none: reading and writing
    /// work, deleting answers 403.
    #[must_use]
    pub fn member_key(&self) -> &str {
        &self.register.member_key
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// How many items an organization has, asked past HTTP.
    pub fn count(&self, org: &str) -> Result<u64, SandboxError> {
        let count: i64 =
            self.read(|db| db.query_row("SELECT count(*) FROM items WHERE org = ?1", [org], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// All items of an organization by their ids, as stored (without the document's `id` that answers add), read past HTTP.
    pub fn items(&self, org: &str) -> Result<BTreeMap<String, Object>, SandboxError> {
        let rows: Vec<(String, String)> = self.read(|db| {
            let mut statement = db.prepare("SELECT id, body FROM items WHERE org = ?1")?;
            statement
                .query_map([org], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(id, body)| object(&id, &body).map(|item| (id, item)))
            .collect()
    }

    /// Stores an item as it is, in place of any of the same id, past HTTP: no merge, no stamps, `item_id` not asked
    /// for. What Firestore itself would refuse is refused here too.
    pub fn put(&self, org: &str, id: &str, mut item: Object) -> Result<(), SandboxError> {
        let refused = || SandboxError::Refused { id: id.to_owned() };
        if document::place(id) != Ok(Place::Inventory) {
            return Err(refused());
        }
        let poison = document::admit(&mut item).map_err(|_| refused())?.poison;
        let body = json(&item);
        if !document::fits(id, &item, &body) {
            return Err(refused());
        }
        let sql = "INSERT INTO items (org, id, body, poison) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (org, id) DO UPDATE SET body = ?3, poison = ?4";
        self.write(|tx| tx.execute(sql, params![org, id, body, poison.0]))
            .map(drop)
    }

    /// One item's JSON and whether it is poisoned.
    pub(super) fn get(&self, org: &str, id: &str) -> Result<Option<(String, Poison)>, SandboxError> {
        self.read(|db| {
            let sql = "SELECT body, poison FROM items WHERE org = ?1 AND id = ?2";
            db.query_row(sql, [org, id], |row| Ok((row.get(0)?, Poison(row.get(1)?))))
                .optional()
        })
    }

    /// Takes an item away; all the same where there is none.
    pub fn delete(&self, org: &str, id: &str) -> Result<(), SandboxError> {
        self.write(|tx| tx.execute("DELETE FROM items WHERE org = ?1 AND id = ?2", [org, id]))
            .map(drop)
    }

    /// Applies posted items in order, as the server does: the first that is refused ends it, the ones before it stay.
    /// One `SQLite` transaction a request, which nobody can see from outside, as nothing before a refusal is rolled back.
    /// After the items the server looks for digits in the last id and writes the log document, which can both fail.
    pub(super) fn post(&self, org: &str, posting: Posting<'_>) -> Result<Posted, SandboxError> {
        let mut elements = Vec::new();
        let mut posted = Posted::default();
        for item in posting.items {
            let refused = posting.surrogates && python::has_half_pair(&item);
            let Some(element) = (!refused).then(|| Element::of(item, posting.stamp)).flatten() else {
                posted.failed = true;
                break;
            };
            elements.push(element);
        }
        posted.failed |= elements.last().is_some_and(|last| last.odd_id);
        self.write(|tx| {
            let mut find = tx.prepare("SELECT body, poison FROM items WHERE org = ?1 AND id = ?2")?;
            let mut add = tx.prepare("INSERT INTO items (org, id, body, poison) VALUES (?1, ?2, ?3, ?4)")?;
            let mut change = tx.prepare("UPDATE items SET body = ?3, poison = ?4 WHERE org = ?1 AND id = ?2")?;
            for element in elements {
                if let Some(ready) = element.ready {
                    let key = [org, ready.id.as_str()];
                    let stored = find
                        .query_row(key, |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
                        .optional()?;
                    let save = if stored.is_some() { &mut change } else { &mut add };
                    let Some(merged) = ready.onto(stored) else {
                        posted.failed = true;
                        break;
                    };
                    save.execute(params![org, merged.id, merged.json, merged.poison.0])?;
                }
                posted.shape = posted.shape.and(element.shape);
                posted.echo.push(element.echo);
            }
            Ok(())
        })?;
        posted.failed |= posted.shape.poison.0 || !posted.shape.fits_log();
        Ok(posted)
    }

    /// Runs a read on a connection of its own, so that readers don't wait for the writer or for each other.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, SandboxError> {
        let kept = lock(&self.readers).pop();
        let db = kept
            .map_or_else(|| connect(&self.file), Ok)
            .map_err(|cause| self.failed(cause))?;
        let outcome = read(&db).map_err(|cause| self.failed(cause));
        lock(&self.readers).push(db);
        outcome
    }

    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, SandboxError> {
        let mut db = lock(&self.writer);
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|cause| self.failed(cause))?;
        let value = write(&tx).map_err(|cause| self.failed(cause))?;
        tx.commit().map_err(|cause| self.failed(cause))?;
        Ok(value)
    }

    fn failed(&self, cause: rusqlite::Error) -> SandboxError {
        SandboxError::File {
            file: self.file.clone(),
            cause,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.file.display())
    }
}

impl Element {
    /// Checks an element as the server and Firestore do; none where it is refused.
    fn of(value: Value, stamp: Option<&Stamp>) -> Option<Self> {
        let Value::Object(mut item) = value else { return None };
        let given = item.get(ITEM_ID)?;
        let id = python::text(given);
        let odd_id = !given.is_string();
        let place = document::place(&id).ok()?;
        if let Some(stamp) = stamp {
            item.insert("updated_at".to_owned(), Value::String(stamp.updated_at.clone()));
            item.insert("updated_by".to_owned(), Value::String(stamp.updated_by.clone()));
        }
        let shape = document::admit(&mut item).ok()?;
        let echo = json(&item);
        let ready = (place == Place::Inventory).then(|| Ready {
            id,
            item,
            json: echo.clone(),
            poison: shape.poison,
        });
        Some(Self {
            ready,
            echo,
            shape,
            odd_id,
        })
    }
}

impl Ready {
    /// The document that saving makes of what is stored; none where Firestore refuses it for its size, or can't read
    /// what is stored.
    fn onto(self, stored: Option<(String, bool)>) -> Option<Self> {
        let merged = match stored {
            None => self,
            Some((body, was_poisoned)) => {
                let mut item = object(&self.id, &body).ok()?;
                document::merge(&mut item, self.item);
                let poison = if was_poisoned || self.poison.0 {
                    document::poison(&item)
                } else {
                    Poison(false)
                };
                let json = json(&item);
                Self {
                    id: self.id,
                    item,
                    json,
                    poison,
                }
            }
        };
        document::fits(&merged.id, &merged.item, &merged.json).then_some(merged)
    }
}

/// A document as JSON. Maps with text keys and numbers kept as text can't fail to be written.
fn json(item: &Object) -> String {
    serde_json::to_string(item).unwrap_or_default()
}

/// A stored document.
pub(super) fn object(id: &str, body: &str) -> Result<Object, SandboxError> {
    serde_json::from_str(body).map_err(|_| SandboxError::Damaged { id: id.to_owned() })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(file)?;
    db.busy_timeout(PATIENCE)?;
    db.execute_batch("PRAGMA page_size = 8192; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000;")?;
    Ok(db)
}

fn prepare(db: &mut Connection, orgs: &[String]) -> rusqlite::Result<()> {
    // Turning the journal over is the one step where SQLite doesn't wait for another process of its own accord.
    let mut tries = 0;
    loop {
        let turned = db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
        match turned {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == rusqlite::ErrorCode::DatabaseBusy && tries < 100 =>
            {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
            other => break other?,
        }
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(SCHEMA)?;
    tx.execute_batch(accounts::SCHEMA)?;
    tx.commit()?;
    accounts::prepare(db, orgs)
}
