//! The errors that a user can meet: what, where, what to do, and which exit code. Each room has its own; here they meet.
//!
//! Doesn't belong here: how each room's error comes about.

use std::path::Path;

use crate::api::ApiError;
use crate::cli::UsageError;
use crate::columns::ColumnError;
use crate::config::ConfigError;
use crate::delete::DeleteError;
use crate::filter::FilterError;
use crate::inventory::Listing;
use crate::journal::JournalError;
use crate::migrate::MigrateError;
use crate::output::{counted, grouped};
use crate::place::PlaceError;
use crate::review::ReviewError;
use crate::runs::{LockError, RunError};
use crate::sandbox::SandboxError;
use crate::schedule::ScheduleError;
use crate::shard::ShardError;
use crate::sheet::ReadError;
use crate::sheet::write::WriteError;
use crate::snapshot::SnapshotError;

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
    /// The rows that would not go through would have no place to go to.
    #[error("rows that don't go through could not be written down: {0}")]
    NoRejects(#[source] WriteError),
    /// The endpoint, or the way to it.
    #[error(transparent)]
    Api(ApiError),
    /// A condition or a list of fields.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
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
    /// A deletion that is not begun.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// What is named is no place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Two results for one standard output.
    #[error("--json and {0} - would both write to standard output")]
    TwoResults(&'static str),
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
    #[error("a temporary file can't be written or read: {}", crate::cause::io(.0))]
    Temporary(#[from] std::io::Error),
    /// The command line can't be understood.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The format of a file that is to be written can't be told.
    #[error("{0} has no ending that names a format")]
    NoFormat(String),
    /// The same of a reject file.
    #[error("{0} has no ending that names a format for rejected rows")]
    NoRejectsFormat(String),
    /// A list that can't be shown to be whole, where the whole is needed.
    #[error("the list of {org} is not whole: {evidence}")]
    Incomplete {
        /// The organization.
        org: String,
        /// How that is known, with the ids that are known to be missing.
        evidence: String,
    },
    /// More would be deleted than is allowed without further ado.
    #[error("{} of {} would be deleted, which is more than --max-delete allows", grouped(*.count), counted(*.held, "item"))]
    TooManyDeletes {
        /// How many.
        count: u64,
        /// How many there are.
        held: u64,
    },
    /// A command that can't be scheduled, or a scheduler that can't be told.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The command that is to be scheduled is mistyped.
    #[error("the command to schedule is at fault: {0}")]
    Scheduled(UsageError),
    /// The user has not agreed.
    #[error("{0}: nothing was done, as nobody said yes to it")]
    NoConsent(String),
    /// Too many items failed.
    #[error("{} of {} failed, which is more than --max-failures allows", grouped(*.failed), counted(*.ended, "item"))]
    TooManyFailures {
        /// How many had failed.
        failed: u64,
        /// How many had ended.
        ended: u64,
    },
    /// Item after item failed, and nothing was saved meanwhile.
    #[error("the last {} all failed, and nothing was saved meanwhile; the last one: {cause}", counted(*.items, "item"))]
    NothingSaved {
        /// How many.
        items: u64,
        /// How the last one failed.
        cause: ApiError,
    },
    /// The user stopped the run.
    #[error("interrupted: what was in flight was finished, nothing new was begun")]
    Interrupted,
    /// The user stopped the run, and would not wait for what was in flight.
    #[error("stopped at once: what was in flight was not waited for")]
    StoppedAtOnce,
    /// The closing equation doesn't hold: a fault of this program.
    #[error("the numbers of this run don't add up ({0}): this is a fault of stockport, not of the file")]
    Imbalance(String),
}

/// How many of the ids that a list lacks are named.
const NAMED: usize = 5;

impl Error {
    /// Whether a file's row is no text in the file's encoding: one that was opened `trusting` may have another.
    #[must_use]
    pub fn is_no_text(&self) -> bool {
        matches!(
            self,
            Self::Read(ReadError::NotText { .. }) | Self::Columns(ColumnError::Read(ReadError::NotText { .. }))
        )
    }

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
            Self::NoRejects(_) => Some("name a file that can be written with --rejects FILE".to_owned()),
            Self::Api(error) => error.hint(),
            Self::Filter(error) => Some(error.hint().to_owned()),
            Self::Snapshot(error) => Some(error.hint()),
            Self::Journal(error) => Some(error.hint().to_owned()),
            Self::Sandbox(error) => Some(error.hint().to_owned()),
            Self::Run(error) => Some(error.hint()),
            Self::Lock(error) => Some(error.hint().to_owned()),
            Self::Review(error) => Some(error.hint().to_owned()),
            Self::Delete(error) => Some(error.hint().to_owned()),
            Self::Place(error) => Some(error.hint().to_owned()),
            Self::TwoResults(_) => Some("give one of them a file".to_owned()),
            Self::Migrate(error) => Some(error.hint().to_owned()),
            Self::Shard(error) => Some(error.hint().to_owned()),
            Self::Temporary(_) => Some("check that the folder for temporary files (TMPDIR) has room".to_owned()),
            Self::Usage(error) => Some(error.hint()),
            Self::NoFormat(_) => Some("end it in .csv, .tsv, .xlsx, .json or .jsonl, or say --format".to_owned()),
            Self::NoRejectsFormat(_) => Some(
                "end it in .csv, .tsv, .xlsx, .json or .jsonl; without an ending it has the source's format".to_owned(),
            ),
            Self::Incomplete { .. } => {
                Some("nothing was written; ask the API's operator why the list is cut, and try again".to_owned())
            }
            Self::TooManyDeletes { .. } => {
                Some("look at them with --dry-run; if they are to go, let --max-delete be larger (20%)".to_owned())
            }
            Self::Schedule(error) => Some(error.hint().to_owned()),
            Self::Scheduled(_) => {
                Some("write it after -- as you would run it: -- backup create DIR --org ID".to_owned())
            }
            Self::NoConsent(_) => Some("look at it with --dry-run, then say --yes".to_owned()),
            Self::TooManyFailures { .. } => Some("look at the reject file for the reasons, then import it".to_owned()),
            Self::NothingSaved { .. } => Some(
                "if the API is in trouble, run the same command with --resume later; if these rows are at fault, look at the reject file"
                    .to_owned(),
            ),
            Self::Interrupted => Some(
                "to go on, run the same command (an import with --resume); what is done already is not done again"
                    .to_owned(),
            ),
            Self::StoppedAtOnce => Some(
                "run the same command again (an import with --resume): it finds out what arrived; `stockport runs` lists the runs"
                    .to_owned(),
            ),
            Self::Imbalance(_) => Some("compare an export with the file, and please report it".to_owned()),
        }
    }

    /// The file or folder that it is about, where that is one to look into.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        match self {
            Self::Read(error) | Self::Columns(ColumnError::Read(error)) => read_place(error).map(Path::new),
            Self::Columns(
                ColumnError::NoHeader { file, .. }
                | ColumnError::NoId { file, .. }
                | ColumnError::Repeated { file, .. }
                | ColumnError::TwoColumns { file, .. },
            ) => Some(Path::new(file)),
            Self::Write(WriteError::File { path, .. } | WriteError::Exists(path) | WriteError::Directory(path))
            | Self::NoRejects(WriteError::File { path, .. } | WriteError::Exists(path) | WriteError::Directory(path))
            | Self::Config(
                ConfigError::Read { path, .. }
                | ConfigError::File { path, .. }
                | ConfigError::KeyFile { path, .. }
                | ConfigError::OpenKeyFile(path),
            )
            | Self::Review(
                ReviewError::Io { path, .. } | ReviewError::NoPlan { path, .. } | ReviewError::Mismatch { path, .. },
            ) => Some(path),
            _ => None,
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(error) if error.is_usage() => Exit::Usage,
            Self::Delete(error) if error.is_usage() => Exit::Usage,
            Self::Usage(_)
            | Self::NoFormat(_)
            | Self::NoRejectsFormat(_)
            | Self::Filter(_)
            | Self::Place(_)
            | Self::Shard(_)
            | Self::TwoResults(_)
            | Self::Scheduled(_) => Exit::Usage,
            Self::Schedule(error) if error.is_usage() => Exit::Usage,
            Self::Snapshot(error) => error.exit(),
            Self::Migrate(error) if error.is_usage() => Exit::Usage,
            Self::Incomplete { .. } => Exit::Different,
            Self::Interrupted | Self::StoppedAtOnce => Exit::Interrupted,
            _ => Exit::Stopped,
        }
    }
}

/// The file that can't be read, as the user named it.
fn read_place(error: &ReadError) -> Option<&str> {
    match error {
        ReadError::Directory(path) => path.to_str(),
        ReadError::Empty(file)
        | ReadError::Blank(file)
        | ReadError::Changed(file)
        | ReadError::PasswordProtected(file)
        | ReadError::HtmlNotWorkbook(file)
        | ReadError::XmlNotWorkbook(file)
        | ReadError::Io { file, .. }
        | ReadError::Damaged { file, .. }
        | ReadError::NotASpreadsheet { file, .. }
        | ReadError::TooLarge { file, .. }
        | ReadError::NoSuchSheet { file, .. }
        | ReadError::NoSheets { file, .. }
        | ReadError::HeaderRow { file, .. }
        | ReadError::NotText { file, .. }
        | ReadError::OpenQuote { file, .. }
        | ReadError::Json { file, .. }
        | ReadError::DuplicateKey { file, .. } => Some(file),
        ReadError::Missing(_) | ReadError::UnknownEncoding(_) | ReadError::BadDelimiter(_) => None,
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        match error {
            // Whatever noticed it first, it is the user's wish.
            ApiError::Interrupted => Self::Interrupted,
            error => Self::Api(error),
        }
    }
}
