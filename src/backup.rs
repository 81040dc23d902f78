//! Organization → snapshot: the inventory is read, shown to be complete, held against the last snapshot, and written.
//!
//! Belongs here: what has to be true before a snapshot is written, and which old ones go. Doesn't: files (`snapshot`),
//! reading lists (`inventory`).

mod fates;
mod safety;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::api::Client;
use crate::error::{Error, Interrupted};
use crate::inventory::{Completeness, Earlier, Incomplete, ItemStore, Listing, ask_for, id_of, read_into};
use crate::output::{Output, Warning, grouped};
use crate::snapshot::{Created, Facts, Grade, Lock, Shelf, Snapshot, SnapshotError, ahead};
pub use fates::{Fate, fates};
pub use safety::{KEPT_COPIES, PATIENCE, Safety, YOUNG_DAYS};

/// How many missing ids are named.
const NAMED: usize = 10;

/// A backup of one organization.
pub struct Backup<'a> {
    /// Where everything is said.
    pub output: &'a Output,
    /// The organization's endpoint.
    pub client: &'a Client,
    /// What names the API in the manifest.
    pub api: &'a str,
    /// The backup's folder.
    pub dir: &'a Path,
    /// An organization that is empty now is no surprise.
    pub allow_empty: bool,
    /// Neither is one that has lost half of its items.
    pub allow_shrink: bool,
    /// How long to wait for another process that writes there.
    pub patience: Duration,
    /// The user's wish to stop.
    pub stop: &'a AtomicBool,
    /// What names items that the organization holds, beside the last good snapshot.
    pub earlier: Vec<Earlier<'a>>,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Taken {
    /// The organization's folder.
    pub shelf: Shelf,
    /// The snapshot.
    pub created: Created,
    /// The right to write there, for what follows (`prune`).
    pub lock: Lock,
    /// What of the earlier snapshots a person should know.
    pub warnings: Vec<Warning>,
}

/// An organization that was read and shown to be complete.
pub struct Read {
    /// Its items.
    pub store: ItemStore,
    /// How the list was proved.
    pub listing: Listing,
    grade: Grade,
    started: Timestamp,
    shelf: Shelf,
}

impl Backup<'_> {
    /// Reads the organization and writes a snapshot. A list that isn't whole is none, nor is one that is empty or has lost
    /// half of its items since the newest snapshot, unless that is allowed.
    pub fn take(&mut self) -> Result<Taken, Error> {
        let read = self.read()?;
        self.keep(read)
    }

    /// Reads the organization, and proves that it is all of it.
    pub fn read(&mut self) -> Result<Read, Error> {
        let started = Timestamp::now();
        let shelf = Shelf::of(self.dir, self.client.org())?;
        let mut store = ItemStore::new()?;
        let mut listing = read_into(self.output, self.client, None, &mut store)?;
        let last = shelf.last_good()?;
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.extend(last.as_ref().map(named_by));
        ask_for(self.output, self.client, &mut listing, &earlier)?;
        let grade = match listing.completeness {
            Completeness::Proved => Grade::Proved,
            Completeness::Plausible => Grade::Plausible,
            Completeness::Cut | Completeness::Unlisted => {
                return Err(incomplete(self.client.org(), &listing.evidence, &listing.missing));
            }
        };
        Ok(Read {
            store,
            listing,
            grade,
            started,
            shelf,
        })
    }

    /// Writes what was read.
    pub fn keep(&self, read: Read) -> Result<Taken, Error> {
        let Read {
            mut store,
            listing,
            grade,
            started,
            shelf,
        } = read;
        let lock = self.lock(&shelf)?;
        let earlier = shelf.snapshots()?;
        self.limit(&earlier, listing.count)?;
        let facts = Facts {
            api: self.api.to_owned(),
            started,
            grade,
            evidence: listing.evidence,
            kind: None,
        };
        if self.stop.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        let created = shelf.create(&lock, &mut store, &facts)?;
        let mut warnings = created.warnings.clone();
        warnings.extend(ahead(&earlier, Timestamp::now()));
        Ok(Taken {
            shelf,
            created,
            lock,
            warnings,
        })
    }

    fn lock(&self, shelf: &Shelf) -> Result<Lock, SnapshotError> {
        let folder = shelf.folder().display().to_string();
        lock(self.output, shelf, &folder, self.patience, self.stop)
    }

    /// Stops a backup of an organization that is empty or has lost half of its items. A manifest says how many there were,
    /// also where its items are damaged.
    fn limit(&self, earlier: &[Snapshot], count: u64) -> Result<(), SnapshotError> {
        let org = self.client.org().to_owned();
        let readable = |snapshot: &Snapshot| Some((snapshot.manifest.as_ref().ok()?.items, snapshot.name.to_string()));
        let Some((known, name)) = earlier.iter().rev().find_map(readable) else {
            return match earlier.last() {
                Some(hidden) if count == 0 && !self.allow_empty => Err(SnapshotError::Empty {
                    org,
                    name: hidden.name.to_string(),
                    known: None,
                }),
                _ => Ok(()),
            };
        };
        if count == 0 && known > 0 {
            return if self.allow_empty {
                Ok(())
            } else {
                Err(SnapshotError::Empty {
                    org,
                    name,
                    known: Some(known),
                })
            };
        }
        if count.saturating_mul(2) <= known && count < known && !self.allow_shrink {
            return Err(SnapshotError::Shrunken {
                org,
                count,
                name,
                known,
            });
        }
        Ok(())
    }
}

/// The ids of a snapshot, as knowledge of what an organization holds.
#[must_use]
pub fn named_by(snapshot: &Snapshot) -> Earlier<'_> {
    Earlier {
        source: format!("snapshot {}", snapshot.name),
        each: Box::new(|lacks, take| {
            snapshot.each::<Error>(|item| {
                if let Some(id) = id_of(&item).filter(|id| lacks(id)) {
                    take(&id);
                }
                Ok(())
            })
        }),
    }
}

/// A list that isn't whole, with what is known to be missing.
#[must_use]
pub fn incomplete(org: &str, evidence: &str, missing: &[String]) -> Error {
    let mut evidence = evidence.to_owned();
    if !missing.is_empty() {
        let named = missing
            .iter()
            .take(NAMED)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let more = missing.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {} more", grouped(more as u64))
        } else {
            String::new()
        };
        evidence += &format!("; missing: {named}{more}");
    }
    Incomplete {
        org: org.to_owned(),
        evidence,
    }
    .into()
}

/// Takes the right to write into a shelf, saying so where it has to be waited for.
pub fn lock(
    output: &Output,
    shelf: &Shelf,
    folder: &str,
    patience: Duration,
    stop: &AtomicBool,
) -> Result<Lock, SnapshotError> {
    let mut waiting =
        |holder: &str| output.say(&format!("Waiting: another stockport process is using {folder}{holder}"));
    shelf.lock(patience, &mut waiting, &|| stop.load(Ordering::Relaxed))
}
