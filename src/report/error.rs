//! Why a run's account, or the file of its rejected rows, can't be given.
//!
//! Doesn't belong here: why a single row is rejected (`columns`), why a file can't be written (`sheet::write`).

use std::path::Path;

use crate::error::{Code, Exit, UserError};
use crate::sheet::write::WriteError;

/// Why rejected rows can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RejectError {
    /// The reject file can't be written.
    #[error("the rejected rows can't be written: {0}")]
    NoFile(#[source] WriteError),
    /// The format of the reject file can't be told.
    #[error("{0} has no file extension that is supported for rejected rows")]
    NoFormat(String),
}

impl UserError for RejectError {
    fn code(&self) -> Code {
        match self {
            Self::NoFile(_) => "rejects_not_written".into(),
            Self::NoFormat(_) => "rejects_unknown_format".into(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoFile(_) => "name a file that can be written with --rejects FILE",
            Self::NoFormat(_) => {
                "use the extension .csv, .tsv, .xlsx, .json or .jsonl; without one it has the source's format"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoFile(_) => Exit::Stopped,
            Self::NoFormat(_) => Exit::Usage,
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::NoFile(error) => error.place(),
            Self::NoFormat(_) => None,
        }
    }
}

/// Why a report can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The form of the report can't be told.
    #[error("{0} has no file extension that is supported for reports")]
    NoFormat(String),
}

impl UserError for ReportError {
    fn code(&self) -> Code {
        "report_unknown_format".into()
    }

    fn hint(&self) -> String {
        match self {
            Self::NoFormat(_) => "use the extension .html or .xlsx".to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoFormat(_) => Exit::Usage,
        }
    }
}

/// The closing equation doesn't hold: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("the counts of this run don't add up ({0}): this is a bug in stockport, not in the file")]
pub struct Imbalance(pub String);

impl UserError for Imbalance {
    fn code(&self) -> Code {
        "counts_do_not_add_up".into()
    }

    fn hint(&self) -> String {
        "compare an export with the file, and please report it".to_owned()
    }
}
