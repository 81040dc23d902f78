//! Temporary files that have a name, and what a killed process leaves of them.
//!
//! Each is locked as long as its process lives, by which the next run knows what nobody needs any more. What can't be locked
//! (some network file systems), and what belongs to another user, stays.
//!
//! Doesn't belong here: temporary files without a name, which the system takes back by itself (`tempfile::tempfile`).

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::{create_new, open};

/// How the names of temporary folders begin.
const SCRATCH: &str = "stockport-";

/// The file in a temporary folder that its process has locked. It has its name only once it is locked.
const LOCK: &str = "lock";

/// How the names of unfinished files beside their place begin and end.
const PART: (&str, &str) = (".stockport-", ".part");

/// A temporary folder, which is removed when this goes.
#[derive(Debug)]
pub(crate) struct Scratch {
    // Closed first: some systems remove no open file.
    _lock: File,
    folder: TempDir,
}

impl Scratch {
    /// Makes one in the system's folder for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(SCRATCH).tempdir()?;
        let unnamed = folder.path().join("unlocked");
        let lock = create_new(&unnamed)?;
        if lock.try_lock().is_ok() {
            fs::rename(unnamed, folder.path().join(LOCK))?;
        }
        Ok(Self { _lock: lock, folder })
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Removes the temporary folders of processes that have died. What can't be removed stays.
pub(crate) fn clear_scratch() {
    clear_scratch_in(&std::env::temp_dir());
}

fn clear_scratch_in(temporary: &Path) {
    let begins = |name: &str| name.starts_with(SCRATCH);
    for (path, _) in entries(temporary, &begins, Metadata::is_dir) {
        if let Some(lock) = abandoned(&path.join(LOCK)) {
            release_on_windows(&lock);
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Removes the unfinished files of processes that have died from a folder. Gives their names.
pub(crate) fn clear_parts(folder: &Path) -> Vec<String> {
    let is_part = |name: &str| name.starts_with(PART.0) && name.ends_with(PART.1);
    let mut removed = Vec::new();
    for (path, name) in entries(folder, &is_part, Metadata::is_file) {
        if let Some(lock) = abandoned(&path) {
            release_on_windows(&lock);
            removed.extend(fs::remove_file(&path).is_ok().then_some(name));
        }
    }
    removed
}

/// What makes unfinished files: their names, and that nobody else reads them.
pub(crate) fn part() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART.0).suffix(PART.1);
    builder
}

/// Makes an unfinished file, and locks it.
pub(crate) fn new_part(make: &mut dyn FnMut() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    loop {
        let part = make()?;
        match part.as_file().try_lock() {
            // Another process may have found it unlocked, and removed it.
            Ok(()) if part.path().symlink_metadata().is_ok() => return Ok(part),
            Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
            // Where there are no locks, nobody removes what isn't locked.
            Err(fs::TryLockError::Error(_)) => return Ok(part),
        }
    }
}

/// Elsewhere a locked file can be moved and removed, and nobody can lock it in between.
pub(crate) fn release_on_windows(file: &File) {
    if cfg!(windows) {
        let _ = file.unlock();
    }
}

/// This user's entries of a folder, by name and kind.
fn entries(
    folder: &Path,
    is_meant: &dyn Fn(&str) -> bool,
    is_kind: fn(&Metadata) -> bool,
) -> impl Iterator<Item = (PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let name = entry.file_name().into_string().ok().filter(|name| is_meant(name))?;
        let found = entry.path().symlink_metadata().ok()?;
        (is_kind(&found) && is_mine(&found)).then(|| (entry.path(), name))
    })
}

/// The lock that no living process has; none where one has it, or where that can't be known.
fn abandoned(path: &Path) -> Option<File> {
    let file = match open(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return None,
        opened => opened.ok()?,
    };
    (file.metadata().is_ok_and(|found| is_mine(&found)) && file.try_lock().is_ok()).then_some(file)
}

#[cfg(unix)]
use super::trust::is_mine;

/// Elsewhere each user has a folder for temporary files.
#[cfg(not(unix))]
fn is_mine(_found: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_goes_and_what_a_living_one_needs_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["stockport-dead", "stockport-alive", "stockport-unknown", "other-dead"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("plan.sqlite"), "x").unwrap();
        }
        for name in ["stockport-dead", "stockport-alive", "other-dead"] {
            fs::write(at(name).join(LOCK), "").unwrap();
        }
        let alive = File::open(at("stockport-alive").join(LOCK)).unwrap();
        alive.try_lock().unwrap();
        clear_scratch_in(folder.path());
        let left = |name: &str| at(name).exists();
        assert!(!left("stockport-dead"));
        assert!(left("stockport-alive") && left("stockport-unknown") && left("other-dead"));
    }

    #[test]
    fn a_part_is_removed_once_its_process_has_died() {
        let folder = tempfile::tempdir().unwrap();
        let living = new_part(&mut || part().tempfile_in(folder.path())).unwrap();
        let dead = ".stockport-dead.part";
        for name in [dead, ".stockport-x", "stockport-x.part"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("stockport-x.part", folder.path().join(".stockport-link.part")).unwrap();
        assert_eq!(clear_parts(folder.path()), [dead]);
        assert!(living.path().exists());
        assert!(folder.path().join("stockport-x.part").exists());
    }

    #[test]
    fn a_temporary_folder_is_locked_as_long_as_it_is_used() {
        let scratch = Scratch::new().unwrap();
        fs::write(scratch.path("x"), "").unwrap();
        clear_scratch();
        assert!(scratch.path("x").exists());
        let folder = scratch.path("");
        drop(scratch);
        assert!(!folder.exists());
    }
}
