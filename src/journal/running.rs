//! Whether the process of a run is alive: a file beside the run's own that is locked as long as the process lives. The system
//! releases the lock when the process ends, however it ends.
//!
//! Only the run itself locks the file for writing, so that a look at it never gets in the way of another run.
//!
//! Doesn't belong here: the lock of an organization (`runs`).

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::files;

/// What the file of a run ends in.
pub const RUNNING: &str = "running";

/// A run under way, until this is dropped.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    _file: File,
}

impl Running {
    /// Marks this run as under way. `None` where the system can't do that: then a run that is under way can't be told from one
    /// whose process was killed, and nothing else depends on it.
    #[must_use]
    pub fn begin(folder: &Path, run: &str) -> Option<Self> {
        let path = file_of(folder, run);
        let file = files::open_or_create(&path).ok()?;
        // Another process holds it for the moment of a look.
        file.lock().ok()?;
        Some(Self { path, _file: file })
    }

    /// Whether the process of this run is alive.
    #[must_use]
    pub fn is_alive(folder: &Path, run: &str) -> bool {
        let Ok(file) = files::open(&file_of(folder, run)) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that stays is locked by nobody.
        let _ = fs::remove_file(&self.path);
    }
}

fn file_of(folder: &Path, run: &str) -> PathBuf {
    folder.join(format!("{run}.{RUNNING}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_alive_until_it_ends_and_a_file_that_was_left_behind_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let is_alive = || Running::is_alive(folder.path(), "a.b-1");
        assert!(!is_alive());
        let running = Running::begin(folder.path(), "a.b-1").unwrap();
        assert!(is_alive() && !Running::is_alive(folder.path(), "a.b-2"));
        drop(running);
        assert!(!is_alive() && fs::read_dir(folder.path()).unwrap().count() == 0);
        fs::write(file_of(folder.path(), "a.b-1"), "").unwrap();
        assert!(!is_alive());
        // Which stops no run that goes on.
        let running = Running::begin(folder.path(), "a.b-1").unwrap();
        assert!(is_alive());
        drop(running);
    }
}
