//! Why a sandbox can't start or keep its items.
//!
//! Doesn't belong here: what a request is answered (`answer`).

use std::io;
use std::path::PathBuf;

use crate::error::{Code, UserError, code};

/// Why a sandbox can't start or keep its items. None of them holds a key.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The system knows no home folder of this user.
    #[error("there is no home folder for the sandbox's data")]
    NoHome,
    /// The sandbox's folder can't be made.
    #[error("the sandbox's folder {} can't be created: {}", .dir.display(), crate::cause::io(.cause))]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// The system's own words.
        cause: io::Error,
    },
    /// The sandbox's file can't be opened, read or written.
    #[error("the sandbox's file {} can't be used: {}", .file.display(), crate::cause::sqlite(.cause))]
    File {
        /// The `SQLite` file.
        file: PathBuf,
        /// `SQLite`'s own words.
        cause: rusqlite::Error,
    },
    /// What the sandbox's file holds is no item.
    #[error("the sandbox's item {id:?} is damaged")]
    Damaged {
        /// The item's id.
        id: String,
    },
    /// An item or id that the API would refuse, put in from outside HTTP.
    #[error("the sandbox can't hold the item {id:?}: the API would refuse it")]
    Refused {
        /// The item's id.
        id: String,
    },
    /// An organization's name that can't be asked for.
    #[error("{name:?} can't be an organization's name: it is empty or contains '/'")]
    OrganizationName {
        /// The name.
        name: String,
    },
    /// The port is taken, or not allowed.
    #[error("the sandbox can't listen on 127.0.0.1:{port}: {}", crate::cause::io(.cause))]
    Port {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// The system's own words.
        cause: io::Error,
    },
    /// The system gives no thread or timer to serve with.
    #[error("the sandbox's server can't be started: {}", crate::cause::io(.0))]
    Start(io::Error),
}

impl UserError for SandboxError {
    fn code(&self) -> Code {
        match self {
            Self::Refused { .. } => "sandbox_item_refused".into(),
            Self::Start(_) => "sandbox_not_started".into(),
            _ => code("sandbox", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoHome => "name a folder with --sandbox-dir, or set XDG_DATA_HOME or HOME to an absolute path",
            Self::Folder { cause, .. } => crate::files::hint(cause).unwrap_or("name another folder with --sandbox-dir"),
            Self::File { .. } | Self::Damaged { .. } => {
                "name another folder with --sandbox-dir, or move the file away to start with an empty sandbox"
            }
            Self::Refused { .. } => "check the item's id and its fields",
            Self::OrganizationName { .. } => "choose a name of letters, digits and hyphens",
            Self::Port { .. } => "choose another port with --port; 0 uses any free port",
            Self::Start(_) => "close other programs and try again",
        }
        .to_owned()
    }
}
