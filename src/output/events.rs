//! What happens while a command runs, as plain data; and the trait of those who are told of it.
//!
//! The terminal's text, the JSON log and whatever else follows a run are printers of these values.
//!
//! Belongs here: the data. Doesn't: collecting them (each room tells its own), their text (`transfer::render`).

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::error::Code;

/// Receives every event, in order, possibly from several threads.
pub trait Watch: Send + Sync {
    /// Called once for each event.
    fn tell(&self, told: &Told);
}

/// An event with what each of its lines in the log has.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// When it happened (RFC 3339).
    pub time: String,
    /// The run's name; none before it is known, and in a command that has no run.
    pub run: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A command has begun.
    Start(Start),
    /// Files were read, and their columns matched.
    Reading(Reading),
    /// What an organization holds was listed.
    Listing(Listing),
    /// What a run is to change.
    Plan(Plan),
    /// The first items of one kind of change.
    Items(Items),
    /// How far a piece of work is.
    Progress(Progress),
    /// A pause of the requests.
    Waiting {
        /// How long it still lasts.
        seconds: u64,
        /// What asks for it.
        reason: String,
        /// The same as a sentence.
        message: String,
    },
    /// Something worth knowing.
    Info {
        /// The sentence.
        message: String,
        /// The files and folders that it names.
        #[serde(skip)]
        paths: Vec<PathBuf>,
    },
    /// Something that a person should look at.
    Warning {
        /// Its name for programs.
        code: &'static str,
        /// The sentence.
        message: String,
    },
    /// A row that can't be an item.
    Rejected {
        /// The reason, with the cell's place.
        message: String,
        /// The value at fault.
        value: String,
    },
    /// An item that the API refused.
    Failed {
        /// Its id.
        item: String,
        /// The API's words.
        reason: String,
    },
    /// What was written was read back and compared.
    Verified {
        /// How many items were compared.
        compared: u64,
        /// How many of them are not as they should be.
        differing: u64,
    },
    /// An error.
    Error {
        /// Its name for programs.
        code: Code,
        /// What is wrong, and where.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
        /// The file or folder that it is about.
        #[serde(skip)]
        place: Option<PathBuf>,
    },
    /// The command has ended; no event follows.
    Finish {
        /// The process's exit code.
        exit: u8,
        /// Why the command stopped.
        error: Option<String>,
        /// The error's name for programs.
        error_code: Option<String>,
        /// The document that `--json` prints; none where the command has none.
        summary: Option<Value>,
    },
}

/// How a command begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The command; none where the command line names none that is known.
    pub command: Option<String>,
    /// The organization; of a migration the target.
    pub organization: Option<String>,
    /// The files, or the snapshot, that the command line names.
    pub file: Option<String>,
    /// The program's version.
    pub version: &'static str,
    /// The number of the contract.
    pub contract: u32,
}

/// How files were understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The files' tables.
    pub tables: Vec<ReadTable>,
    /// How many data rows there are.
    pub rows: u64,
    /// What was decided for whole columns.
    pub decisions: Vec<String>,
}

/// One table of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReadTable {
    /// The file, as the user named it.
    pub file: String,
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The header's row, counted from 1; none where keys are the headers.
    pub header_row: Option<u64>,
    /// What a person should know of the reading.
    pub notes: Vec<String>,
}

/// What an organization holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The organization.
    pub organization: String,
    /// How many items were listed.
    pub items: u64,
    /// Whether these are all.
    pub completeness: Grade,
    /// How that is known.
    pub evidence: String,
}

/// Whether a list holds every item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It does, by proof.
    Proved,
    /// Nothing speaks against it.
    Plausible,
    /// It doesn't.
    Cut,
    /// There is no list.
    Unlisted,
}

/// A list, or a snapshot of one, that is proved to hold every item.
pub const COMPLETE: &str = "complete, both ends checked";
/// One of an API that doesn't order its lists.
pub const PROBABLY_COMPLETE: &str = "probably complete";

/// What a run is to change. Each item counts once among `create` to `done_before`; those of `conflicts` are counted
/// there too, as `conflicts_are` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Items to create.
    pub create: u64,
    /// Items to update.
    pub update: u64,
    /// Items that are stored as wanted.
    pub unchanged: u64,
    /// Items to delete.
    pub delete: u64,
    /// Items that are skipped on request.
    pub skip: u64,
    /// Rows that are rejected.
    pub reject: u64,
    /// Items whose stored values are another's.
    pub conflicts: u64,
    /// What becomes of them.
    pub conflicts_are: Fate,
    /// Items that an earlier part of the run has sent.
    pub done_before: u64,
    /// Stored values that the updates clear.
    pub cleared: u64,
    /// What else there is to know of the plan, a sentence each.
    pub remarks: Vec<String>,
    /// The first items to create.
    pub creates: Vec<NamedItem>,
    /// The first updates, field by field.
    pub updates: Vec<Update>,
    /// The first items that are skipped.
    pub skips: Vec<SkippedItem>,
    /// Where all items of the plan are listed; blank if nowhere.
    #[serde(skip)]
    pub all_in: String,
    /// Whether a person is asked to agree to the plan, and so has to see it.
    #[serde(skip)]
    pub is_asked: bool,
}

/// What becomes of conflicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They are rejected.
    #[default]
    Rejected,
    /// They are skipped.
    Skipped,
    /// They are updates.
    Overwritten,
}

/// An update, field by field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Update {
    /// The item's id.
    pub item: String,
    /// Its stored name, if it has one.
    pub name: Option<Value>,
    /// The fields that are sent.
    pub fields: Vec<FieldUpdate>,
}

/// The update of one field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldUpdate {
    /// Its name.
    pub field: String,
    /// The stored value; none where the field is not stored.
    pub before: Option<Value>,
    /// The value that is sent.
    pub after: Value,
}

/// The first items of one kind of change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Items {
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// How many items there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<NamedItem>,
}

/// An item with its name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedItem {
    /// Its id.
    pub item: String,
    /// Its name, if it has one.
    pub name: Option<Value>,
    /// Its quantity, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Value>,
}

/// An item that is skipped on request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedItem {
    /// Its id; blank if the row has none that can be used.
    pub item: String,
    /// Where its row is.
    pub place: String,
    /// Why it is skipped.
    pub reason: String,
}

/// How far a piece of work is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// What is done.
    pub work: String,
    /// How many items have ended.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// The rate since the work began.
    pub per_second: f64,
    /// How many items have ended badly.
    pub problems: u64,
    /// How many requests were repeated.
    pub retries: u64,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// The same as a sentence.
    pub message: String,
}

impl Event {
    /// Whether `--quiet` leaves the event in the log: those that say that a command has begun, has ended, and what has
    /// gone wrong.
    pub(super) fn is_essential(&self) -> bool {
        matches!(
            self,
            Self::Start(_)
                | Self::Warning { .. }
                | Self::Failed { .. }
                | Self::Rejected { .. }
                | Self::Error { .. }
                | Self::Finish { .. }
        )
    }

    /// Whether the event may wait until the run's name is known: it describes what was found, and tells of no state that
    /// somebody watches while it lasts.
    pub(super) fn can_wait(&self) -> bool {
        matches!(
            self,
            Self::Info { .. } | Self::Warning { .. } | Self::Reading(_) | Self::Listing(_) | Self::Items(_)
        )
    }
}
