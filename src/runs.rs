//! The runs of this machine: their journals in one folder, which of them is meant, what they know of an organization, and
//! the lock that keeps two of them from writing to one at once.
//!
//! Belongs here: finding and keeping journals. Doesn't: what stands in one (`journal`).

mod fingerprint;
mod known;
mod lock;
mod order;
mod prune;
mod resume;

use std::path::PathBuf;

use crate::error::{Error, Exit, UserError};
use crate::hash::{Sha256, hex};
use crate::journal::{Facts, Journal, JournalError};
use crate::report::Summary;
use crate::shard::Shard;
pub use fingerprint::{Fingerprint, Fingerprints, fingerprint, fingerprint_of};
pub use known::{Known, note_plan};
pub use lock::{Job, Lock, LockError};
use order::Position;
pub use prune::{KEPT, KEPT_RUNS};
pub use resume::other_options;

/// What identifies a run: what it does, with what, to which organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The command (`import`).
    pub command: String,
    /// Its files.
    pub files: Vec<Fingerprint>,
    /// The API's base.
    pub api: String,
    /// The organization.
    pub org: String,
    /// The options that decide what a row means, as a user types them, one a line (`--blanks keep`).
    pub options: String,
}

/// What a run that can't be read may be, and what the user can do about it.
#[derive(Clone, Copy, Debug)]
pub struct Maybe(&'static str, &'static str);

impl Maybe {
    /// The last run that changed anything.
    pub const LAST: Self = Self(
        "the one to undo",
        "name the run to undo (`stockport runs` lists them), or move that journal out of its folder",
    );
    /// A restore that has to be continued.
    pub const RESTORE: Self = Self(
        "a restore that was interrupted",
        "name the snapshot to restore (`stockport backup list DIR`), or move that journal out of its folder",
    );
}

/// Why a run can't be found or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No journal of this name.
    #[error("there is no run {0:?}")]
    NoSuchRun(String),
    /// Its process keeps its journal to itself.
    #[error("run {0} is under way: its journal is being written")]
    Busy(String),
    /// Its journal can't be read.
    #[error("run {run} can't be read: {why}")]
    Unreadable {
        /// The run.
        run: String,
        /// Why.
        why: String,
        /// What the user can do about it.
        hint: String,
    },
    /// One that may be newer than the run that would be taken can't be read.
    #[error("run {run} may be {}, and can't be read: {why}", .maybe.0)]
    Hidden {
        /// The run that can't be read.
        run: String,
        /// What it may be, and what to name instead.
        maybe: Maybe,
        /// Why.
        why: String,
    },
    /// The folder of journals can't be used.
    #[error("the folder of runs {} can't be used: {}", .folder.display(), crate::cause::io(.cause))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// Nothing to work with.
    #[error("there is no run to {0}")]
    NoRun(&'static str),
    /// The last run has been undone, and the user has not said which of two things is meant.
    #[error("the last run, {run}, was undone already by run {undo}")]
    Undone {
        /// The run, or several.
        run: String,
        /// The undo.
        undo: String,
        /// The run before it that is in effect.
        next: Option<String>,
    },
    /// The journal is of another command, file or organization.
    #[error("run {run} can't be gone on with: {why}")]
    Mismatch {
        /// The run.
        run: String,
        /// What differs.
        why: String,
    },
    /// It went to another place than the one that is meant now.
    #[error("run {run} can't be undone from here: {why}")]
    Elsewhere {
        /// The run.
        run: String,
        /// Where it went.
        why: String,
    },
    /// The organization lists nothing, and its name is a part of one that earlier runs know.
    #[error("{org} lists no items, and its name is a part of {known}, an organization that is known")]
    CutShort {
        /// The name that was given.
        org: String,
        /// The name that is known.
        known: String,
    },
    /// The list is empty, or shrunken by half, where an earlier run knows better.
    #[error("{org} lists {}, where {} were known", crate::output::counted(*.now, "item"), crate::output::grouped(*.before))]
    Shrunken {
        /// The organization.
        org: String,
        /// What is listed now.
        now: u64,
        /// What was known.
        before: u64,
    },
}

impl UserError for RunError {
    fn hint(&self) -> String {
        let hint = match self {
            Self::Undone { undo, next, .. } => {
                let redo = format!("`stockport undo {undo}` takes the undo back");
                return next.as_ref().map_or_else(
                    || redo.clone(),
                    |next| format!("{redo}; `stockport undo {next}` undoes the run before it"),
                );
            }
            Self::NoSuchRun(_) | Self::NoRun(_) => "see which runs there are with `stockport runs`",
            Self::Unreadable { hint, .. } => return hint.clone(),
            Self::Hidden { maybe, .. } => maybe.1,
            Self::Folder { .. } => {
                "check that it is a folder that can be read and written; XDG_STATE_HOME names another"
            }
            Self::Busy(_) => "wait for its end, which `stockport runs` shows, or name another run",
            Self::Elsewhere { .. } => "name that organization with --org, and that API with --api or --sandbox",
            Self::Mismatch { .. } => "start a run of its own: leave --resume out",
            Self::CutShort { .. } => {
                "give the organization's whole name: the API would save under a part of it as well; --allow-empty goes on"
            }
            Self::Shrunken { now: 0, .. } => {
                "check the spelling of the organization; --allow-empty goes on with an empty one"
            }
            Self::Shrunken { .. } => "find out where they went; --allow-shrink goes on all the same",
        };
        hint.to_owned()
    }
}

/// A run as the list of runs shows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// Its journal.
    pub path: PathBuf,
    /// What it noted of itself; empty where it is busy or can't be read.
    pub facts: Facts,
    /// Its process keeps its journal to itself this very moment: it is writing its plan, as a rule.
    pub is_busy: bool,
    /// Why its journal can't be read, and what to do about it.
    pub fault: Option<(String, String)>,
}

impl Run {
    fn open(path: PathBuf, name: String) -> Self {
        let found = Journal::glance(&path);
        Self {
            name,
            path,
            is_busy: matches!(found, Ok(None)),
            fault: found.as_ref().err().map(|error| (error.reason(), error.hint())),
            facts: found.ok().flatten().unwrap_or_default(),
        }
    }

    /// A fact, or an empty text.
    #[must_use]
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// The files that it read, or the organization that it read as one.
    #[must_use]
    pub fn files(&self) -> Vec<Fingerprint> {
        serde_json::from_str(self.fact("files")).unwrap_or_default()
    }

    /// Whether it came to its end, well or not; else it was interrupted or its process died.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.fact("state") == "finished"
    }

    /// A warning where its name has a moment in the future.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        order::is_ahead(&self.name, jiff::Timestamp::now()).then(|| {
            format!(
                "run {} is dated in the future: the clock was ahead then, or is behind now; runs are ordered by number",
                self.name
            )
        })
    }

    /// Fails where nothing can be told of it.
    pub fn readable(self) -> Result<Self, RunError> {
        match self.fault {
            Some((why, hint)) => Err(RunError::Unreadable {
                run: self.name,
                why,
                hint,
            }),
            None if self.is_busy => Err(RunError::Busy(self.name)),
            None => Ok(self),
        }
    }
}

/// The folder of journals.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
    /// The share of its job that a run of this process does; none where it does all of it.
    shard: String,
}

impl Runs {
    /// The journals in this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            shard: String::new(),
        }
    }

    /// A run that begins, or is continued, is of this share of its job.
    #[must_use]
    pub fn of_shard(mut self, shard: Option<Shard>) -> Self {
        self.shard = shard.map_or_else(String::new, |shard| shard.to_string());
        self
    }

    /// Begins a run: a journal of its own, its identity noted. Journals that have passed their age are removed.
    /// `source` says for people where the items come from.
    pub fn begin(&self, identity: &Identity, source: &str) -> Result<(String, Journal), Error> {
        crate::files::create_own_folder(&self.folder).map_err(|cause| self.failed(cause))?;
        let earlier = self.positions()?;
        // A file that can't be read or placed may be of any number.
        let numbers = earlier
            .iter()
            .filter_map(|run| run.number.filter(|number| *number < u64::MAX));
        let number = crate::counter::next(&self.folder, numbers.max().unwrap_or_default());
        let number = number.map_err(|cause| self.failed(cause))?;
        let name = order::name_of(jiff::Timestamp::now(), number);
        let journal = Journal::create(&self.folder, &name)?;
        journal.note_all(&[
            (order::NUMBER, &number.to_string()),
            ("command", &identity.command),
            ("source", source),
            ("files", &serde_json::to_string(&identity.files).unwrap_or_default()),
            ("api", &identity.api),
            ("org", &identity.org),
            ("options", &identity.options),
            ("shard", &self.shard),
            ("version", env!("CARGO_PKG_VERSION")),
            ("started", &now()),
            ("state", "begun"),
        ])?;
        self.point(identity, &name).map_err(|cause| self.failed(cause))?;
        crate::files::leftovers::clear_parts(&self.folder);
        self.prune(&earlier, jiff::Timestamp::now());
        Ok((name, journal))
    }

    /// Notes how a run ended.
    pub fn end(journal: &Journal, summary: &Summary) -> Result<(), JournalError> {
        let interrupted = matches!(&summary.error, Some(error) if error.exit() == Exit::Interrupted);
        let stopped = summary.tally.is_none_or(|tally| tally.not_attempted > 0);
        journal.note_all(&[
            ("ended", &now()),
            ("summary", &summary.document().to_string()),
            ("state", if interrupted || stopped { "stopped" } else { "finished" }),
        ])?;
        known::note_end(journal, &journal.facts()?)
    }

    /// All runs, the newest first, each opened only when its turn comes: of many, few are looked at as a rule. Those whose
    /// journals can't be read are among them.
    pub fn newest_first(&self) -> Result<impl ExactSizeIterator<Item = Run>, RunError> {
        let positions = self.positions()?.into_iter();
        Ok(positions.map(|position| Run::open(self.journal(&position.name), position.name)))
    }

    /// The run of this name; an error where its journal can't be read.
    pub fn find(&self, name: &str) -> Result<Run, RunError> {
        let no_such = || RunError::NoSuchRun(name.to_owned());
        // A name is no path.
        if !self.files()?.iter().any(|file| file == name) {
            return Err(no_such());
        }
        Run::open(self.journal(name), name.to_owned()).readable()
    }

    /// These runs, each once, the newest first.
    #[must_use]
    pub fn newest_of(&self, runs: Vec<Run>) -> Vec<Run> {
        let mut placed: Vec<(Position, Run)> = runs
            .into_iter()
            .map(|run| (Position::of(run.name.clone(), &run.path), run))
            .collect();
        placed.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        placed.dedup_by(|(a, _), (b, _)| a == b);
        placed.into_iter().map(|(_, run)| run).collect()
    }

    /// Opens the journal of a run on whose word something is to be sent, once it is proved intact: each change by itself,
    /// and all of them by the counts of its summary.
    pub fn checked(run: &Run) -> Result<Journal, JournalError> {
        let journal = Journal::open_existing(&run.path)?;
        journal.check()?;
        // A run that was stopped or resumed may have a summary of one part.
        if run.is_finished() {
            let ended = journal.outcomes()?;
            let summary: serde_json::Value = serde_json::from_str(run.fact("summary")).unwrap_or_default();
            for (name, count) in [
                ("created", ended.created),
                ("updated", ended.updated),
                ("deleted", ended.deleted),
            ] {
                let told = summary.get(name).and_then(serde_json::Value::as_u64);
                if told.is_some_and(|told| told != count) {
                    return Err(JournalError::Damaged {
                        path: run.path.clone(),
                        what: format!(
                            "it holds {count} {name} items, and its summary says {}",
                            told.unwrap_or_default()
                        ),
                    });
                }
            }
        }
        Ok(journal)
    }

    /// Opens the journal of a run that is to be continued, and notes that it is no longer what its summary says.
    pub fn resume(run: &Run) -> Result<Journal, JournalError> {
        let journal = Self::checked(run)?;
        journal.upgrade()?;
        journal.note("state", "resumed")?;
        Ok(journal)
    }

    /// The runs of version 0.1.0 that can be read, the newest first.
    fn of_0_1(&self) -> impl Iterator<Item = Run> {
        let positions = self.positions().unwrap_or_default().into_iter();
        positions
            .filter(|position| position.number.is_none())
            .map(|position| Run::open(self.journal(&position.name), position.name))
    }

    /// The places of all journals in the order of runs, the newest first.
    fn positions(&self) -> Result<Vec<Position>, RunError> {
        let files = self.files()?.into_iter();
        let mut positions: Vec<Position> = files
            .map(|name| {
                let path = self.journal(&name);
                Position::of(name, &path)
            })
            .collect();
        positions.sort_unstable_by(|a, b| b.cmp(a));
        Ok(positions)
    }

    /// The names of all journals; none where there is no folder.
    fn files(&self) -> Result<Vec<String>, RunError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.failed(cause)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|cause| self.failed(cause))?.file_name();
            names.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".sqlite"))
                    .map(str::to_owned),
            );
        }
        Ok(names)
    }

    fn journal(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.sqlite"))
    }

    fn failed(&self, cause: std::io::Error) -> RunError {
        RunError::Folder {
            folder: self.folder.clone(),
            cause,
        }
    }
}

/// What names the files that are kept of one organization: a name may hold what no file name may.
fn place_hash(api: &str, org: &str) -> String {
    let hash = Sha256::digest(format!("{api}\n{org}"));
    hex(hash.get(..12).unwrap_or_default())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
