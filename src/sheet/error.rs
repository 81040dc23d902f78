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
    /// A workbook that opens only with a password.
    #[error("{0} is password-protected, so its rows can't be read")]
    PasswordProtected(String),
    /// The content breaks the rules of its own format.
    #[error("{file} is damaged or was cut short: {what}")]
    Damaged {
        /// The file, as the user named it.
        file: String,
        /// What is wrong, and where.
        what: String,
    },
    /// It would take more memory or time than any honest spreadsheet needs.
    #[error("{file} is refused, because {what}")]
    TooLarge {
        /// The file, as the user named it.
        file: String,
        /// Which bound is passed, and by how much.
        what: String,
    },
    /// A kind of file that holds no table, or none that can be read.
    #[error("{file} is not a spreadsheet: {what}")]
    Unsupported {
        /// The file, as the user named it.
        file: String,
        /// What it is instead.
        what: String,
    },
    /// The workbook has no worksheet of this name.
    #[error("{file} has no sheet named {sheet:?}; it has {available}")]
    NoSuchSheet {
        /// The file, as the user named it.
        file: String,
        /// The name that was asked for.
        sheet: String,
        /// The names that there are.
        available: String,
    },
}

/// Bounds on what a file may unfold to, so that a small hostile file can't take the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after decompression, all parts of a workbook together.
    pub expanded_bytes: u64,
    /// Cells of one table, its gaps included where they must be held.
    pub cells: u64,
}

impl Default for Limits {
    /// Room for a full Excel sheet (1,048,576 rows of 100 columns), far below what a bomb unfolds to.
    fn default() -> Self {
        Self {
            expanded_bytes: 4 << 30,
            cells: 100_000_000,
        }
    }
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
            Self::PasswordProtected(_) => {
                "open it in Excel or LibreOffice, take the password off, save it and try again"
            }
            Self::Damaged { .. } => "open it in Excel or LibreOffice and save it anew, or get the file again",
            Self::TooLarge { .. } => "save only the sheet that is needed in a new file",
            Self::Unsupported { .. } => "save it as .xlsx or .csv",
            Self::NoSuchSheet { .. } => "name one of those with --sheet",
        }
    }
}
