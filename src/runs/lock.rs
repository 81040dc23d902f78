//! One writer an organization at a time, on this machine: a file that is locked while a run writes, and one beside it
//! that names who holds it: Windows lets nobody read what another has locked. The system gives the lock back when a
//! process dies, however it dies.
//!
//! Doesn't belong here: what a run writes (`journal`).

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Code, UserError, code};
use crate::files::{self, bounds};
use crate::hash::{Sha256, hex};
use crate::shard::Shard;

/// Why the lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run is writing to {org}: {holder}")]
    Held {
        /// The organization.
        org: String,
        /// Who: process, run, since when.
        holder: String,
    },
    /// The file can't be made or locked.
    #[error("the lock {} can't be acquired: {}", .path.display(), crate::cause::io(.cause))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
}

impl UserError for LockError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => "lock_failed".into(),
            Self::Held { .. } => code("lock", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Held { .. } => "wait until it has finished, or stop it with Ctrl-C in its terminal",
            Self::Io { cause, .. } => files::hint(cause).unwrap_or(
                "check that the folder can be written, or set XDG_STATE_HOME to another \
                                              one",
            ),
        }
        .to_owned()
    }
}

/// The right to write to an organization; given back when it goes.
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

/// A job that several processes do together, each its own share of it.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What the job is, the same for all shares of it.
    pub name: &'a str,
    /// This process's share.
    pub shard: Shard,
}

impl Lock {
    /// Takes the lock of an organization, or says who holds it.
    pub fn take(folder: &Path, api: &str, org: &str, run: &str) -> Result<Self, LockError> {
        let file = Locks::new(folder, api, org)?.hold("", &holder(run))?;
        Ok(Self { _files: vec![file] })
    }

    /// Takes it together with the other shares of the same job, and with nobody else.
    pub fn share(folder: &Path, api: &str, org: &str, run: &str, job: Job<'_>) -> Result<Self, LockError> {
        Locks::new(folder, api, org)?.share(run, job)
    }
}

/// The files by which the lock of one organization is kept.
struct Locks<'a> {
    folder: &'a Path,
    org: &'a str,
    /// A name may hold what no file name may, so its hash names the files.
    name: String,
}

impl<'a> Locks<'a> {
    fn new(folder: &'a Path, api: &str, org: &'a str) -> Result<Self, LockError> {
        let locks = Self {
            folder,
            org,
            name: super::place_hash(api, org),
        };
        files::create_own_folder(folder).map_err(|cause| locks.failed("", "lock", cause))?;
        Ok(locks)
    }

    /// The shares of a job hold the lock together (shared); the first of them writes down which job that is. The file of
    /// turns keeps two of them from being the first at once.
    fn share(&self, run: &str, job: Job<'_>) -> Result<Lock, LockError> {
        let turn = self.open(".turn")?;
        turn.lock().map_err(|cause| self.failed(".turn", "lock", cause))?;
        let hash = hex(&Sha256::digest(job.name));
        let note = format!("{}, with the other shards of its job\njob {hash}", holder(run));
        match self.hold("", &note) {
            // What follows is not one step for the system: whoever slips in between has the lock, and that is told.
            Ok(file) => drop(file),
            Err(LockError::Held { .. }) => {}
            Err(error) => return Err(error),
        }
        let file = self.open("")?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.held("")),
            Err(TryLockError::Error(cause)) => return Err(self.failed("", "lock", cause)),
        }
        let of_job = self.note("").lines().any(|line| line == format!("job {hash}"));
        if !of_job {
            return Err(self.held(""));
        }
        let part = format!("-{}", job.shard.file_part());
        let own = self.hold(&part, &format!("{}, shard {}", holder(run), job.shard))?;
        Ok(Lock {
            _files: vec![own, file],
        })
    }

    /// Takes one of the files for this process alone, and writes down who has it.
    fn hold(&self, part: &str, note: &str) -> Result<File, LockError> {
        let file = self.open(part)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.held(part)),
            Err(TryLockError::Error(cause)) => return Err(self.failed(part, "lock", cause)),
        }
        files::write(&self.path(part, "holder"), note.as_bytes())
            .map_err(|cause| self.failed(part, "holder", cause))?;
        Ok(file)
    }

    /// What the last holder wrote down; nothing where it can't be read.
    fn note(&self, part: &str) -> String {
        files::read_text(&self.path(part, "holder"), bounds::NOTE).unwrap_or_default()
    }

    fn held(&self, part: &str) -> LockError {
        let holder = match self.note(part).lines().next().map(str::trim) {
            Some(holder) if !holder.is_empty() => holder.to_owned(),
            // Where the name can't be read the fact stands all the same.
            _ => "it has just started".to_owned(),
        };
        LockError::Held {
            org: self.org.to_owned(),
            holder,
        }
    }

    fn open(&self, part: &str) -> Result<File, LockError> {
        files::open_or_create(&self.path(part, "lock")).map_err(|cause| self.failed(part, "lock", cause))
    }

    fn path(&self, part: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{}{part}.{ending}", self.name))
    }

    fn failed(&self, part: &str, ending: &str, cause: std::io::Error) -> LockError {
        LockError::Io {
            path: self.path(part, ending),
            cause,
        }
    }
}

fn holder(run: &str) -> String {
    let began = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("process {}, run {run}, since {began}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "http://127.0.0.1/api";

    fn take(folder: &Path, org: &str, run: &str, job: Option<(&str, &str)>) -> Result<Lock, LockError> {
        let Some((name, shard)) = job else {
            return Lock::take(folder, API, org, run);
        };
        let shard = crate::shard::Choice::parse(shard).unwrap().resolve(None).unwrap();
        Lock::share(folder, API, org, run, Job { name, shard })
    }

    #[test]
    fn a_second_writer_is_told_who_the_first_is_and_gets_the_lock_when_it_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path(), "acme", "run-1", None).unwrap();
        let held = take(folder.path(), "acme", "run-2", None).unwrap_err();
        assert!(held.to_string().contains("run run-1"), "{held}");
        let other = take(folder.path(), "acme/../other", "run-3", None).unwrap();
        drop(first);
        take(folder.path(), "acme", "run-2", None).unwrap();
        drop(other);
    }

    #[test]
    fn the_shards_of_one_job_share_the_lock_with_each_other_and_with_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path(), "acme", "run-1", Some(("job", "1/2"))).unwrap();
        let second = take(folder.path(), "acme", "run-2", Some(("job", "2/2"))).unwrap();
        let twice = take(folder.path(), "acme", "run-3", Some(("job", "2/2"))).unwrap_err();
        assert!(twice.to_string().contains("run run-2"), "{twice}");
        let alone = take(folder.path(), "acme", "run-4", None).unwrap_err();
        assert!(alone.to_string().contains("with the other shards"), "{alone}");
        assert!(take(folder.path(), "acme", "run-5", Some(("another job", "1/2"))).is_err());
        drop(first);
        assert!(take(folder.path(), "acme", "run-6", None).is_err());
        take(folder.path(), "acme", "run-7", Some(("job", "1/2"))).unwrap();
        drop(second);
        let alone = take(folder.path(), "acme", "run-8", None).unwrap();
        assert!(take(folder.path(), "acme", "run-9", Some(("job", "1/2"))).is_err());
        drop(alone);
        take(folder.path(), "acme", "run-10", Some(("another job", "1/2"))).unwrap();
    }
}
