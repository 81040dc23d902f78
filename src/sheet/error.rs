//! Why a file can't be read.

use std::path::PathBuf;

/// Why a file can't be read. Every one of these comes up before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder where a file was expected.
    #[error("{} is a folder, not a file", .0.display())]
    Directory(PathBuf),
    /// A file of zero bytes.
    #[error("{0} is empty: it has no header row and no items")]
    Empty(String),
    /// The operating system refused.
    #[error("{file} can't be read: {cause}")]
    Io {
        /// The file, as the user named it.
        file: String,
        /// The system's own words.
        cause: std::io::Error,
    },
}

impl ReadError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing(_) => "check the path and the spelling",
            Self::Directory(_) => "name a file in it",
            Self::Empty(_) => "export the spreadsheet again and check that it holds rows",
            Self::Io { .. } => "check that the file can be opened",
        }
    }
}
