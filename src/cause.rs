//! Why the system refused, in words that a person can use, whatever the system's own are.
//!
//! Belongs here: the words, and the error of a temporary file, which any room may raise. Doesn't: what was tried, where,
//! and what to do about it, which the errors of each room say.

use std::io::{self, ErrorKind};

use crate::error::{Code, Error, UserError};

/// The number of "too many levels of symbolic links" (errno.h: ELOOP), for which the standard library has no stable name.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOP: i32 = 40;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
const LOOP: i32 = 62;
/// The same on Windows (winerror.h: `ERROR_CANT_RESOLVE_FILENAME`).
#[cfg(windows)]
const LOOP: i32 = 1921;

/// What to do where the system refuses a thread or a file descriptor.
pub(crate) const LIMITS: &str =
    "close other programs, or raise the limits of processes and open files (ulimit -u, ulimit -n)";

/// Why an operation on files or sockets failed.
#[must_use]
pub fn io(error: &io::Error) -> String {
    // What a library, or we, say instead of the system; not what only adds a temporary file's name to the system's words.
    if error.get_ref().is_some() && !error.to_string().contains(" (os error ") {
        return error.to_string();
    }
    if error.raw_os_error() == Some(LOOP) {
        return "its symbolic links lead in a circle".to_owned();
    }
    match error.kind() {
        ErrorKind::AlreadyExists => "a file or a broken link exists there".to_owned(),
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::QuotaExceeded => "the disk quota is exhausted".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        ErrorKind::AddrInUse => "another program uses the address".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        // The system's number is of no use to anybody who reads this.
        _ => without_number(&error.to_string()),
    }
}

/// A temporary file can't be written or read.
#[derive(Debug, thiserror::Error)]
#[error("a temporary file can't be written or read: {}", io(.0))]
pub struct Temporary(#[source] io::Error);

impl UserError for Temporary {
    fn code(&self) -> Code {
        "temporary_file".into()
    }

    fn hint(&self) -> String {
        temporary(Some(&self.0)).to_owned()
    }
}

/// What to do where a temporary file can't be written or read: a container or a service may have no such folder.
pub(crate) fn temporary(cause: Option<&io::Error>) -> &'static str {
    match cause.map(io::Error::kind) {
        Some(
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem,
        ) => "set TMPDIR to the path of a folder that is there and can be written",
        _ => "check that the folder for temporary files (TMPDIR) has room",
    }
}

/// Every other file has a name, and an error of its own that tells it.
impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        Temporary(cause).into()
    }
}

/// Why `SQLite` refused.
#[must_use]
pub fn sqlite(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, words) => match (failure.code, words) {
            (rusqlite::ErrorCode::DiskFull, _) => "the disk is full".to_owned(),
            // So SQLite tells of a disk that fills up under its index of what is new, as of one that breaks.
            (rusqlite::ErrorCode::SystemIoFailure, _) => "the disk is full or faulty".to_owned(),
            (rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked, _) => {
                "another program is using it".to_owned()
            }
            (rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt, _) => {
                "it is damaged, or not an SQLite file".to_owned()
            }
            (rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied, _) => {
                "it can't be written to".to_owned()
            }
            (rusqlite::ErrorCode::CannotOpen, _) => "it can't be opened".to_owned(),
            (_, Some(words)) => words.clone(),
            (code, None) => format!("SQLite gives the reason {:?}", code as i32),
        },
        other => other.to_string(),
    }
}

fn without_number(words: &str) -> String {
    words.split(" (os error ").next().unwrap_or(words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_files_own_name_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let error = tempfile::NamedTempFile::new_in(folder.path().join("absent")).unwrap_err();
        assert_eq!(io(&error), "there is no such file or folder");
    }

    #[test]
    fn a_reason_has_no_number_of_the_systems() {
        let denied = io(&ErrorKind::PermissionDenied.into());
        assert_eq!(denied, "permission denied");
        assert_eq!(
            without_number("Too many open files (os error 24)"),
            "Too many open files"
        );
    }

    #[test]
    fn a_reason_of_our_own_is_kept() {
        assert_eq!(io(&io::Error::other("the line has no end")), "the line has no end");
    }

    #[test]
    fn sqlites_codes_become_words() {
        let full = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), None);
        assert_eq!(sqlite(&full), "the disk is full");
    }
}
