//! One writer an organization at a time, on this machine: a file that is locked while a run writes, and that names
//! who holds it. The system gives the lock back when a process dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

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
    #[error("the lock {} can't be taken: {}", .path.display(), crate::cause::io(.cause))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
}

impl LockError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Held { .. } => "wait until it has finished, or stop it with Ctrl-C in its terminal",
            Self::Io { .. } => "check that the folder can be written; XDG_STATE_HOME names another one",
        }
    }
}

/// The right to write to an organization; given back when it goes.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of an organization, or says who holds it.
    pub fn take(folder: &Path, api: &str, org: &str, run: &str) -> Result<Self, LockError> {
        // A name may hold what no file name may, so its hash names the file.
        let hash = Sha256::digest(format!("{api}\n{org}"));
        let name = super::hex(&hash[..12]);
        let path = folder.join(format!("{name}.lock"));
        let failed = |cause| LockError::Io {
            path: path.clone(),
            cause,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Where the name can't be read the fact stands all the same.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() {
                    "it has just begun".to_owned()
                } else {
                    holder
                };
                return Err(LockError::Held {
                    org: org.to_owned(),
                    holder: holder.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let began = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
        let holder = format!("process {}, run {run}, since {began}", std::process::id());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(holder.as_bytes()))
            .map_err(failed)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_the_first_is_and_gets_the_lock_when_it_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), "http://127.0.0.1/api", "acme", "run-1").unwrap();
        let held = Lock::take(folder.path(), "http://127.0.0.1/api", "acme", "run-2").unwrap_err();
        assert!(held.to_string().contains("run run-1"), "{held}");
        let other = Lock::take(folder.path(), "http://127.0.0.1/api", "acme/../other", "run-3").unwrap();
        drop(first);
        Lock::take(folder.path(), "http://127.0.0.1/api", "acme", "run-2").unwrap();
        drop(other);
    }
}
