//! Why a journal can't be kept, read or relied on.
//!
//! Doesn't belong here: what a run without a journal may do (`transfer`).

use std::path::PathBuf;

use crate::error::{Code, UserError, code};
use crate::files;

/// Why the journal can't be kept. Without it nothing is sent.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file can't be made.
    #[error("the journal {} can't be created: {}", .path.display(), crate::cause::io(.cause))]
    Create {
        /// Where it was to be.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// The system gives no thread for it.
    #[error("the journal needs a thread that the system refuses: {}", crate::cause::io(.0))]
    Thread(std::io::Error),
    /// The system doesn't give it.
    #[error("the journal {} can't be read: {}", .path.display(), crate::cause::io(.cause))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// It has changed since it was written.
    #[error("the journal {} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A later version of stockport wrote it.
    #[error("the journal {} was written by a newer version of stockport", .0.display())]
    Newer(PathBuf),
    /// It is a database of something else.
    #[error("{} is not a stockport journal", .0.display())]
    Foreign(PathBuf),
    /// SQLite refused.
    #[error("the journal {} can't be written or read: {}", .path.display(), crate::cause::sqlite(.cause))]
    Store {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        cause: rusqlite::Error,
    },
    /// The thread that writes has stopped after an earlier failure.
    #[error("the journal {} can't be written: {cause}", .path.display())]
    Stopped {
        /// The file.
        path: PathBuf,
        /// The first failure, in words.
        cause: String,
    },
}

impl JournalError {
    /// Why a journal whose name is shown already can't be read.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Read { cause, .. } => crate::cause::io(cause),
            Self::Damaged { what, .. } => format!("it is damaged: {what}"),
            Self::Newer(_) => "it was written by a newer version of stockport".to_owned(),
            Self::Foreign(_) => "it is not a stockport journal".to_owned(),
            Self::Store { cause, .. } => crate::cause::sqlite(cause),
            Self::Create { .. } | Self::Thread(_) | Self::Stopped { .. } => self.to_string(),
        }
    }
}

impl UserError for JournalError {
    fn code(&self) -> Code {
        match self {
            Self::Create { .. } => "journal_not_created".into(),
            Self::Thread(_) => "journal_no_thread".into(),
            Self::Read { .. } => "journal_unreadable".into(),
            Self::Store { .. } => "journal_store_failed".into(),
            _ => code("journal", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Read { cause, .. } | Self::Create { cause, .. } if files::hint(cause).is_some() => {
                files::hint(cause).unwrap_or_default()
            }
            Self::Create { .. } | Self::Store { .. } | Self::Stopped { .. } => {
                "check that the disk has room and the folder can be written (XDG_STATE_HOME)"
            }
            Self::Thread(_) => crate::cause::LIMITS,
            Self::Read { .. } => "check the file and its permissions",
            Self::Damaged { .. } => {
                "nothing from it is sent; a snapshot from before the run may help (`stockport backup list DIR`)"
            }
            Self::Newer(_) => "update stockport",
            Self::Foreign(_) => "move the file out of that folder",
        }
        .to_owned()
    }
}
