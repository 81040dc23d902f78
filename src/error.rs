//! The errors that a user can meet: what, where, what to do, and which exit code. Each room has its own; here they meet.

use crate::api::ApiError;
use crate::columns::ColumnError;
use crate::config::ConfigError;
use crate::filter::FilterError;
use crate::inventory::Listing;
use crate::journal::JournalError;
use crate::migrate::MigrateError;
use crate::review::ReviewError;
use crate::runs::{LockError, RunError};
use crate::sandbox::SandboxError;
use crate::shard::ShardError;
use crate::sheet::ReadError;
use crate::sheet::write::WriteError;

/// How the program ends; the table stands in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// Stopped by an error or a brake, before or during.
    Stopped = 1,
    /// The command line is at fault.
    Usage = 2,
    /// Finished; some or all rows were rejected or failed.
    Partial = 3,
    /// Verification or completeness found a difference.
    Different = 4,
    /// Interrupted; what is left can be resumed.
    Interrupted = 130,
}

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that a run needs is not set.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its columns can't be understood.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The endpoint, or the way to it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A condition or a list of fields.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The embedded server.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// An earlier run, which can't be found or gone on with.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Another run is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A migration that can't be begun.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// A share of the work that can't be told.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A plan that was reviewed and no longer fits.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// A temporary file.
    #[error("a temporary file can't be written or read: {0}")]
    Temporary(#[from] std::io::Error),
    /// The format of a file that is to be written can't be told.
    #[error("{0} has no ending that names a format")]
    NoFormat(String),
    /// A list that can't be shown to be whole, where the whole is needed.
    #[error("the list of {org} is not whole: {evidence}")]
    Incomplete {
        /// The organization.
        org: String,
        /// How that is known, with the ids that are known to be missing.
        evidence: String,
    },
    /// Too many items failed.
    #[error("{failed} of {ended} items failed, which is more than --max-failures allows")]
    TooManyFailures {
        /// How many had failed.
        failed: u64,
        /// How many had ended.
        ended: u64,
    },
    /// The user stopped the run.
    #[error("interrupted: what was in flight was finished, nothing new was begun")]
    Interrupted,
    /// The closing equation doesn't hold: a fault of this program.
    #[error("the numbers of this run don't add up ({0}): this is a fault of stockport, not of the file")]
    Imbalance(String),
}

/// How many of the ids that a list lacks are named.
const NAMED: usize = 5;

impl Error {
    /// The error of a list that can't be shown to be whole.
    #[must_use]
    pub fn incomplete(org: &str, listing: &Listing) -> Self {
        let mut evidence = listing.evidence.clone();
        if !listing.missing.is_empty() {
            let named: Vec<&str> = listing.missing.iter().take(NAMED).map(String::as_str).collect();
            let more = if listing.missing.len() > NAMED { ", …" } else { "" };
            evidence += &format!("; missing: {}{more}", named.join(", "));
        }
        Self::Incomplete {
            org: org.to_owned(),
            evidence,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => Some(error.hint().to_owned()),
            Self::Read(error) => Some(error.hint().to_owned()),
            Self::Columns(error) => Some(error.hint()),
            Self::Write(error) => Some(error.hint().to_owned()),
            Self::Api(error) => error.hint(),
            Self::Filter(error) => Some(error.hint().to_owned()),
            Self::Journal(error) => Some(error.hint().to_owned()),
            Self::Sandbox(error) => Some(error.hint().to_owned()),
            Self::Run(error) => Some(error.hint().to_owned()),
            Self::Lock(error) => Some(error.hint().to_owned()),
            Self::Review(error) => Some(error.hint().to_owned()),
            Self::Migrate(error) => Some(error.hint().to_owned()),
            Self::Shard(error) => Some(error.hint().to_owned()),
            Self::Temporary(_) => Some("check that the folder for temporary files (TMPDIR) has room".to_owned()),
            Self::NoFormat(_) => Some("end it in .csv, .tsv, .xlsx, .json or .jsonl, or say --format".to_owned()),
            Self::Incomplete { .. } => {
                Some("nothing was written; ask the API's operator why the list is cut, and try again".to_owned())
            }
            Self::TooManyFailures { .. } => Some("look at the reject file for the reasons, then import it".to_owned()),
            Self::Interrupted => Some(
                "to go on, run the same command with --resume; what is stored already is not sent again".to_owned(),
            ),
            Self::Imbalance(_) => Some("compare an export with the file, and please report it".to_owned()),
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(error) if error.is_usage() => Exit::Usage,
            Self::Migrate(error) if error.is_usage() => Exit::Usage,
            Self::NoFormat(_) | Self::Filter(_) | Self::Shard(_) => Exit::Usage,
            Self::Incomplete { .. } => Exit::Different,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Stopped,
        }
    }
}
