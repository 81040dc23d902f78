//! The folders of settings, data, state and temporary files: whether they are there, whose they are, and whether they can
//! take what is written.
//!
//! Doesn't belong here: which folders they are (`config::folder`), what stands in them.

use std::fs::{self, Metadata};
use std::path::Path;

use super::Check;
use crate::config::folder::Base;
use crate::config::{self as settings, ConfigError};
use crate::error::Error;
use crate::output::grouped;

/// With less free space than this, in MiB, a journal or a backup may not fit.
const LITTLE: u64 = 100;

/// The program's folder below a folder of the user's.
const OWN: &str = "stockport";

/// What others may do in a folder without harm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// Write, as long as the sticky bit keeps them from each other's files.
    Write,
    /// Read.
    Read,
    /// Nothing: inventories stand there.
    Nothing,
}

/// A check of each folder.
pub(super) fn all() -> Vec<Check> {
    let base = |name, base: Base, others, error: fn(_) -> ConfigError| match base.folder() {
        Ok(folder) => check(name, &folder.join(OWN), others),
        Err(cause) => Check::failed(name, &Error::from(error(cause))),
    };
    let config = match settings::config_path() {
        Ok((path, _)) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            check("config folder", folder.unwrap_or(Path::new(".")), Others::Read)
        }
        Err(error) => Check::failed("config folder", &error.into()),
    };
    vec![
        config,
        base("data folder", Base::Data, Others::Nothing, ConfigError::NoDataFolder),
        base("state folder", Base::State, Others::Nothing, ConfigError::NoStateFolder),
        temporary(&std::env::temp_dir()),
    ]
}

/// The folder for temporary files is the system's: where it isn't there, nobody creates it.
fn temporary(folder: &Path) -> Check {
    const NAME: &str = "temporary folder";
    match fs::metadata(folder) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let hint = crate::cause::temporary(Some(&cause));
            Check::error(NAME, format!("{} is not there", folder.display()), hint)
        }
        _ => check(NAME, folder, Others::Write),
    }
}

fn check(name: &'static str, folder: &Path, others: Others) -> Check {
    let shown = folder.display();
    let found = match fs::metadata(folder) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => {
            let hint = "move it away; a folder is needed there";
            return Check::error(name, format!("{shown} is not a folder"), hint);
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return absent(name, folder),
        Err(cause) => {
            let why = crate::cause::io(&cause);
            return Check::error(
                name,
                format!("{shown} can't be read: {why}"),
                "check the permissions of the folders above it",
            );
        }
    };
    if let Err(cause) = tempfile::tempfile_in(folder) {
        let hint = "make it writable by you, and check that the disk has room";
        return Check::error(
            name,
            format!("{shown} can't be written: {}", crate::cause::io(&cause)),
            hint,
        );
    }
    if let Some(check) = open_to_others(name, folder, &found, others) {
        return check;
    }
    let detail = format!(
        "{shown}{}",
        mode(&found)
            .map(|mode| format!(", mode {mode:03o}"))
            .unwrap_or_default()
    );
    with_space(name, &detail, free(folder))
}

/// A folder that isn't there is created when it is needed, where the one above allows it.
fn absent(name: &'static str, folder: &Path) -> Check {
    let above = folder.ancestors().skip(1).find(|above| above.is_dir());
    let above = above
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let shown = folder.display();
    match tempfile::tempfile_in(above) {
        Ok(_) => with_space(
            name,
            &format!("{shown} is not there yet; it is created when it is needed"),
            free(above),
        ),
        Err(cause) => Check::error(
            name,
            format!(
                "{shown} is not there and can't be created: {}",
                crate::cause::io(&cause)
            ),
            format!("make {} writable by you", above.display()),
        ),
    }
}

fn open_to_others(name: &'static str, folder: &Path, found: &Metadata, others: Others) -> Option<Check> {
    let mode = mode(found)?;
    let shown = folder.display();
    let detail = |what: &str| format!("others can {what} {shown} (mode {mode:03o})");
    // With the sticky bit only its owner replaces a file.
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        return Some(Check::error(name, detail("write into"), format!("chmod go-w {shown}")));
    }
    if mode & 0o077 != 0 && others == Others::Nothing {
        return Some(Check::warning(name, detail("read"), format!("chmod 700 {shown}")));
    }
    None
}

/// The result for a folder that is fine but for its free space, in MiB, where that is known.
fn with_space(name: &'static str, detail: &str, free: Option<u64>) -> Check {
    match free {
        None => Check::ok(name, detail),
        Some(free) if free < LITTLE => Check::warning(
            name,
            format!("{detail}, {} MiB free", grouped(free)),
            "make room on this disk: a journal, a backup or a large file may not fit",
        ),
        Some(free) => Check::ok(name, format!("{detail}, {} MiB free", grouped(free))),
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn mode(found: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(found.permissions().mode() & 0o7777)
}

/// Elsewhere the rights of a folder are no number.
#[cfg(not(unix))]
pub(super) fn mode(_found: &Metadata) -> Option<u32> {
    None
}

/// The free space of the disk that a folder is on, in MiB.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) >> 20)
}

#[cfg(not(unix))]
fn free(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn little_space_is_a_warning() {
        assert_eq!(with_space("data folder", "x", Some(99)).state, State::Warning);
        assert_eq!(with_space("data folder", "x", Some(100)).state, State::Ok);
        assert_eq!(with_space("data folder", "x", None).state, State::Ok);
    }
}
