//! A backup on disk: for each organization a folder of snapshots, each a file of items and a manifest that describes it.
//!
//! `DIR/ORG/2026-11-23T02-00-00Z.jsonl.zst` holds every item as stored, sorted by id, a line each;
//! `DIR/ORG/2026-11-23T02-00-00Z.manifest.json` says what it is. A snapshot is there when its manifest is: the data are written
//! first, each file under a temporary name, synced, renamed. What a crash leaves behind has no manifest, and is cleaned away
//! by the next writer. Writers of one folder take turns (a lock); readers need none, as no file is ever changed.
//!
//! `DIR/ORG/safety/` holds the organization's safety copies: what it held before a command changed it. They are snapshots, but
//! never backups: the newest backup, retention and the safety limits pass over them.
//!
//! Belongs here: files and their proof. Doesn't: where items come from (`inventory`), what is done with them (`transfer`).

mod age;
mod error;
mod find;
mod folders;
mod manifest;
mod name;
mod order;
mod read;
pub mod retention;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use age::Newest;
pub use error::SnapshotError;
pub use find::{Chosen, Found, Meant, find, is_meant, unseen};
pub use manifest::{FORMAT, Fault, Grade, Kind, Manifest};
pub use name::{Name, folder_of, org_of};
pub use order::{When, ahead};
pub use write::{Created, Facts};

use crate::files;

/// The file by which writers take turns.
const LOCK: &str = ".lock";

/// How often a waiting writer looks again.
const GLANCE: Duration = Duration::from_millis(100);

/// One organization's folder of snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    folder: PathBuf,
    org: String,
}

/// A snapshot, as its manifest describes it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    folder: PathBuf,
    /// Its name.
    pub name: Name,
    /// Its manifest, or why it can't be used.
    pub manifest: Result<Manifest, Fault>,
}

/// The right to write into a shelf, as long as this value lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// The file system knows locks. Else another writer may be at work, and files without a manifest may be its own.
    is_exclusive: bool,
}

impl Shelf {
    /// An organization's folder in a backup's, which doesn't have to exist yet.
    pub fn of(dir: &Path, org: &str) -> Result<Self, SnapshotError> {
        let name = folder_of(org);
        // File systems take 255 bytes or UTF-16 units.
        if name.len() > 240 {
            return Err(SnapshotError::LongName);
        }
        Ok(Self {
            folder: dir.join(name),
            org: org.to_owned(),
        })
    }

    /// The organization.
    #[must_use]
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its backups, the oldest first; none where the folder isn't there.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, SnapshotError> {
        let mut snapshots = self.every()?;
        snapshots.retain(|snapshot| !snapshot.is_safety_copy());
        Ok(snapshots)
    }

    /// Its safety copies, the oldest first; those that were moved among the backups come before the others.
    pub fn safety_copies(&self) -> Result<Vec<Snapshot>, SnapshotError> {
        let mut copies = self.every()?;
        copies.retain(Snapshot::is_safety_copy);
        if folders::holds_safety_copies(&self.folder) {
            copies.extend(self.safety().every()?);
        }
        Ok(copies)
    }

    /// Every snapshot in the folder itself, in order.
    fn every(&self) -> Result<Vec<Snapshot>, SnapshotError> {
        let names = names(&self.folder)?;
        // One that was removed meanwhile is not a snapshot any more.
        let snapshots = names.into_iter().filter_map(|name| Snapshot::open(&self.folder, name));
        Ok(order::sorted(snapshots.collect(), self.counter()))
    }

    /// The highest number that was given to a snapshot in this folder; 0 where that isn't known.
    fn counter(&self) -> u64 {
        crate::counter::highest(&self.folder).unwrap_or_default()
    }

    /// The newest backup whose every byte is as it was written. Damaged ones on the way are passed over.
    pub fn last_good(&self) -> Result<Option<Snapshot>, SnapshotError> {
        let snapshots = self.snapshots()?;
        Ok(snapshots
            .into_iter()
            .rev()
            .find(|snapshot| snapshot.check_bytes().is_ok()))
    }

    /// Takes the right to write. While another process has it this waits, up to `patience`; `waiting` is told once whom for,
    /// and `stop` asked now and then whether to give up.
    pub fn lock(
        &self,
        patience: Duration,
        waiting: &mut dyn FnMut(&str),
        stop: &dyn Fn() -> bool,
    ) -> Result<Lock, SnapshotError> {
        files::create_folder(&self.folder).map_err(|cause| failed(&self.folder, "created", cause))?;
        let path = self.folder.join(LOCK);
        let mut file = files::open_or_create(&path).map_err(|cause| failed(&path, "created", cause))?;
        let begun = Instant::now();
        let mut told = false;
        let is_exclusive = loop {
            match file.try_lock() {
                Ok(()) => break true,
                Err(TryLockError::WouldBlock) => {}
                // Some network file systems know no locks; a backup is worth more than the turn-taking.
                Err(TryLockError::Error(cause)) if cause.kind() == ErrorKind::Unsupported => break false,
                Err(TryLockError::Error(cause)) => return Err(failed(&path, "locked", cause)),
            }
            let holder = holder(&mut file);
            if begun.elapsed() >= patience {
                return Err(SnapshotError::Locked {
                    folder: self.folder.clone(),
                    holder,
                });
            }
            if stop() {
                return Err(SnapshotError::Interrupted);
            }
            if !std::mem::replace(&mut told, true) {
                waiting(&holder);
            }
            std::thread::sleep(GLANCE.min(patience));
        };
        // Who holds it is a courtesy to those who wait: where it can't be written they are told less.
        let note = format!(
            "process {}, since {}\n",
            std::process::id(),
            jiff::Timestamp::now().strftime("%FT%TZ")
        );
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()));
        Ok(Lock {
            _file: file,
            is_exclusive,
        })
    }

    /// Removes what an interrupted writer left behind: temporary files, and data that no manifest names. Gives the names.
    pub fn clean(&self, lock: &Lock) -> Result<Vec<String>, SnapshotError> {
        if !lock.is_exclusive {
            return Ok(Vec::new());
        }
        let needed = self.needed()?;
        let mut removed = files::leftovers::clear_parts(&self.folder);
        for name in listing(&self.folder)? {
            let is_data = name.ends_with(name::DATA) && Name::parse(&name).is_some();
            let is_orphan = is_data && needed.as_ref().is_some_and(|needed| !needed.contains(&name));
            if is_orphan {
                let path = self.folder.join(&name);
                fs::remove_file(&path).map_err(|cause| failed(&path, "removed", cause))?;
                removed.push(name);
            }
        }
        Ok(removed)
    }

    /// Removes snapshots, and the data that no other one needs. A manifest goes first: a crash leaves data without one,
    /// never a manifest without data.
    pub fn remove(&self, lock: &Lock, doomed: &[Name]) -> Result<(), SnapshotError> {
        let gone = |path: PathBuf| fs::remove_file(&path).map_err(|cause| failed(&path, "removed", cause));
        let mut data = BTreeSet::new();
        for name in doomed {
            let manifest = Snapshot::open(&self.folder, *name).and_then(|snapshot| snapshot.manifest.ok());
            data.extend(manifest.map(|manifest| manifest.data.file));
            gone(self.folder.join(format!("{name}{}", name::MANIFEST)))?;
        }
        sync(&self.folder)?;
        if !lock.is_exclusive
            && let Some(needed) = self.needed()?
        {
            data.difference(&needed)
                .try_for_each(|file| gone(self.folder.join(file)))?;
        }
        self.clean(lock).map(drop)
    }

    /// The data files that a manifest names; none where one can't be used, as it may name any.
    fn needed(&self) -> Result<Option<BTreeSet<String>>, SnapshotError> {
        let mut needed = BTreeSet::new();
        for snapshot in self.every()? {
            match snapshot.manifest {
                Ok(manifest) => needed.insert(manifest.data.file),
                Err(_) => return Ok(None),
            };
        }
        Ok(Some(needed))
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // Windows lets nobody read what another one has locked.
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    match (read, text.trim()) {
        (Ok(_), note) if !note.is_empty() => format!(" ({note})"),
        _ => String::new(),
    }
}

/// The names of all files in a folder; none where it isn't there.
fn listing(folder: &Path) -> Result<Vec<String>, SnapshotError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(failed(folder, "read", cause)),
    };
    let name = |entry: io::Result<fs::DirEntry>| match entry {
        // What isn't text was not written here.
        Ok(entry) => entry.file_name().into_string().ok().map(Ok),
        Err(cause) => Some(Err(failed(folder, "read", cause))),
    };
    entries.filter_map(name).collect()
}

/// The names of a folder's snapshots, in no order.
fn names(folder: &Path) -> Result<Vec<Name>, SnapshotError> {
    let files = listing(folder)?;
    let manifests = files.iter().filter(|file| file.ends_with(name::MANIFEST));
    Ok(manifests.filter_map(|file| Name::parse(file)).collect())
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), SnapshotError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|cause| failed(folder, "written", cause))
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> Result<(), SnapshotError> {
    Ok(())
}

fn failed(path: &Path, doing: &'static str, cause: io::Error) -> SnapshotError {
    SnapshotError::File {
        path: path.to_owned(),
        doing,
        cause,
    }
}
