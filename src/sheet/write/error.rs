//! Why a file can't be written.
//!
//! Doesn't belong here: why a file can't be read (`sheet::error`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Category, Code, UserError, code};

/// Why a file can't be written. A file that was there before is untouched by all of these.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused, in the middle of the output.
    #[error("the output can't be written: {}", crate::cause::io(.0))]
    Io(#[from] std::io::Error),
    /// The operating system refused a named file.
    #[error("{} can't be {doing}: {}", path.display(), crate::cause::io(.cause))]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried (`created`, `replaced`).
        doing: &'static str,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// The file is there and wasn't to be replaced.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The same where `--force` would have it replaced.
    #[error("{} exists already", .0.display())]
    NotForced(PathBuf),
    /// A folder where a file was to be written.
    #[error("{} is a folder, not a file", .0.display())]
    Directory(PathBuf),
    /// The folder that the file was to be in isn't there.
    #[error("the folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
    /// The text encoding isn't one that is known.
    #[error("there is no text encoding named {0:?}")]
    UnknownEncoding(String),
    /// The output's encoding lacks a character.
    #[error("row {row}, column {column:?} holds {character:?}, which {encoding} can't express")]
    Unencodable {
        /// The row in the output, from 1 (the header).
        row: u64,
        /// The column's header.
        column: String,
        /// The first such character.
        character: char,
        /// The encoding's name.
        encoding: &'static str,
    },
    /// A workbook's cell has no room for a text (Excel's limit: 32,767 UTF-16 units).
    #[error("{cell} would hold a text of {} characters; a workbook's cell holds at most 32,767", crate::output::grouped(*length as u64))]
    TooLong {
        /// Sheet and address (`Inventory!B7`).
        cell: String,
        /// The text's length in UTF-16 units, as Excel counts.
        length: usize,
    },
    /// A workbook's sheet has no room for so many columns.
    #[error("the table has {} columns; a workbook's sheet holds at most 16,384", crate::output::grouped(*.0 as u64))]
    TooManyColumns(usize),
    /// Writing a workbook failed for another reason.
    #[error("the workbook can't be written: {0}")]
    Workbook(String),
}

impl UserError for WriteError {
    fn code(&self) -> Code {
        match self {
            Self::Io(_) => "write_failed".into(),
            Self::File { .. } => "write_file_failed".into(),
            Self::Directory(_) => "write_is_folder".into(),
            Self::TooLong { .. } => "write_text_too_long".into(),
            Self::Workbook(_) => "write_workbook_failed".into(),
            _ => code("write", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Io(cause) | Self::File { cause, .. } => match cause.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or write to another disk",
                ErrorKind::PermissionDenied => "check the folder's permissions, or write elsewhere",
                ErrorKind::InvalidInput => "name another file; - is standard output, for commands that can write to it",
                _ => "check that the disk has room and that the folder can be written to",
            },
            Self::Exists(_) => "choose another name, or remove the file",
            Self::NotForced(_) => "choose another name, or replace the file with --force",
            Self::Directory(_) => "name a file in it",
            Self::NoFolder(_) => "create the folder first, or check the spelling",
            Self::UnknownEncoding(_) => "use a name such as UTF-8, UTF-16LE or windows-1252",
            Self::Unencodable { .. } => "write it as UTF-8",
            Self::TooLong { .. } | Self::TooManyColumns(_) => "write it as .jsonl or .csv, which have no such limit",
            Self::Workbook(_) => "check that the disk has room for temporary files, or write it as .csv",
        }
        .to_owned()
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } | Self::Exists(path) | Self::NotForced(path) | Self::Directory(path) => Some(path),
            _ => None,
        }
    }

    fn category(&self) -> Category {
        match self {
            Self::Io(cause) if cause.kind() == ErrorKind::BrokenPipe => Category::ClosedPipe,
            _ => Category::Other,
        }
    }
}

impl From<csv::Error> for WriteError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(cause) => Self::Io(cause),
            // Writing knows no other kind; if it ever does, it is still told.
            other => Self::Io(std::io::Error::other(format!("{other:?}"))),
        }
    }
}
