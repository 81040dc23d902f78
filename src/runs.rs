//! The runs of this machine: their journals in one folder, which of them is meant, what they know of an organization, and
//! the lock that keeps two of them from writing to one at once.
//!
//! Belongs here: finding and keeping journals. Doesn't: what stands in one (`journal`).

mod fingerprint;
mod known;
mod lock;
mod named;
mod order;
mod prune;
mod record;
mod resume;
mod run;
mod undone;

use std::path::PathBuf;

use crate::error::{Code, Error, UserError, code};
use crate::hash::{Sha256, hex};
use crate::journal::{Journal, JournalError, Running};
use crate::report::Summary;
use crate::shard::Shard;
pub use fingerprint::{Fingerprint, Fingerprints, fingerprint, fingerprint_of};
pub use known::{Known, note_plan};
pub use lock::{Job, Lock, LockError};
use order::Position;
pub use prune::{KEPT, KEPT_RUNS};
pub use record::Record;
pub use resume::other_options;
pub use run::{Run, State};
pub use undone::UNDO;

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
    NoSuch(String),
    /// Several runs begin so.
    #[error("{name:?} matches several runs: {}{}", .runs.join(", "), if .runs.len() > 2 { ", …" } else { "" })]
    Ambiguous {
        /// What was given.
        name: String,
        /// The first of the runs.
        runs: Vec<String>,
    },
    /// An export or a backup.
    #[error("run {run} is {} {command}, which changes nothing in an organization", if .command == "export" { "an" } else { "a" })]
    NothingToUndo {
        /// The run.
        run: String,
        /// Its command.
        command: String,
    },
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
    #[error("run {run} was undone by {undo}")]
    Undone {
        /// The run, or several.
        run: String,
        /// The undo.
        undo: String,
        /// The command that undoes the undo.
        redo: String,
        /// The command that undoes the newest run that is in effect.
        next: Option<String>,
    },
    /// The journal is of another command, file or organization.
    #[error("run {run} can't be resumed: {why}")]
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
    #[error("{org} lists no items, and its name is a part of {known}, a known organization")]
    OrganizationCutShort {
        /// The name that was given.
        org: String,
        /// The name that is known.
        known: String,
    },
    /// The list is empty, or shrunken by half, where an earlier run knows better.
    #[error("{org} lists {}, where {} were known", crate::output::counted(*.now, "item"), crate::output::grouped(*.before))]
    OrganizationShrunken {
        /// The organization.
        org: String,
        /// What is listed now.
        now: u64,
        /// What was known.
        before: u64,
    },
}

impl UserError for RunError {
    fn code(&self) -> Code {
        match self {
            Self::NoRun(_) => "run_none".into(),
            _ => code("run", self),
        }
    }

    fn hint(&self) -> String {
        let hint = match self {
            Self::Undone { redo, next, .. } => {
                let redo = format!("`{redo}` reverts the undo");
                return next.as_ref().map_or_else(
                    || redo.clone(),
                    |next| format!("{redo}; `{next}` undoes the newest run that is in effect"),
                );
            }
            Self::Ambiguous { .. } => "give more of the name, or the number at its end",
            Self::NoSuch(_) | Self::NoRun(_) | Self::NothingToUndo { .. } => {
                "see which runs there are with `stockport runs`"
            }
            Self::Unreadable { hint, .. } => return hint.clone(),
            Self::Hidden { maybe, .. } => maybe.1,
            Self::Folder { .. } => {
                "check that it is a folder that can be read and written, or set XDG_STATE_HOME to another"
            }
            Self::Busy(_) => "wait until it ends (`stockport runs` shows it), or name another run",
            Self::Elsewhere { .. } => "name that organization with --org, and that API with --api or --sandbox",
            Self::Mismatch { .. } => "start a new run: omit --resume",
            Self::OrganizationCutShort { .. } => {
                "give the organization's complete name: the API matches a part of a name too; --allow-empty continues"
            }
            Self::OrganizationShrunken { now: 0, .. } => {
                "check the spelling of the organization; --allow-empty continues with an empty one"
            }
            Self::OrganizationShrunken { .. } => "find out what happened to them; --allow-shrink continues",
        };
        hint.to_owned()
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
        let all = self.all()?;
        let (name, number) = self.next_name(&all)?;
        let running = Running::begin(&self.folder, &name);
        let journal = Journal::create(&self.folder, &name)?.running_as(running);
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
            ("folder", &folder_now()),
            ("started", &now()),
            ("state", "begun"),
        ])?;
        self.point(identity, &name).map_err(|cause| self.failed(cause))?;
        let journals = all.into_iter().filter(|(_, path)| !record::is_one(path));
        crate::files::leftovers::clear_parts(&self.folder);
        self.prune(&without_paths(journals), jiff::Timestamp::now());
        Ok((name, journal))
    }

    /// The name and the number of a run that begins now.
    fn next_name(&self, all: &[(Position, PathBuf)]) -> Result<(String, u64), RunError> {
        // A file that can't be read or placed may be of any number.
        let numbers = all.iter();
        let numbers = numbers.filter_map(|(run, _)| run.number.filter(|number| *number < u64::MAX));
        let number = crate::counter::next(&self.folder, numbers.max().unwrap_or_default());
        let number = number.map_err(|cause| self.failed(cause))?;
        Ok((order::name_of(jiff::Timestamp::now(), number), number))
    }

    /// Notes how a run ended.
    pub fn end(journal: &Journal, summary: &Summary) -> Result<(), JournalError> {
        journal.note_all(&[
            ("ended", &now()),
            ("exit", &(summary.exit() as u8).to_string()),
            ("summary", &summary.document().to_string()),
            ("state", if summary.is_stopped() { "stopped" } else { "finished" }),
        ])?;
        known::note_end(journal, &journal.facts()?)
    }

    /// All runs with exports and backups, the newest first, each opened only when its turn comes.
    pub fn all_newest_first(&self) -> Result<impl ExactSizeIterator<Item = Run>, RunError> {
        let all = self.all()?.into_iter();
        Ok(all.map(|(position, path)| Run::open(path, position.name)))
    }

    /// All runs that have a journal, the newest first, each opened only when its turn comes: of many, few are looked at as a
    /// rule. Those whose journals can't be read are among them.
    pub fn newest_first(&self) -> Result<impl ExactSizeIterator<Item = Run>, RunError> {
        let positions = self.positions()?.into_iter();
        Ok(positions.map(|position| Run::open(self.journal(&position.name), position.name)))
    }

    /// The run that this name, number or beginning of a name means; an error where its journal can't be read.
    pub fn find(&self, name: &str) -> Result<Run, RunError> {
        self.look_up(name)?.readable()
    }

    /// The same, whether or not it can be read.
    pub fn look_up(&self, name: &str) -> Result<Run, RunError> {
        let all = self.all()?;
        let names: Vec<String> = all.iter().map(|(position, _)| position.name.clone()).collect();
        let found = named::resolve(&names, name)?;
        let mut all = all.into_iter();
        let run = all.find(|(position, _)| position.name == found);
        run.map(|(position, path)| Run::open(path, position.name))
            .ok_or_else(|| RunError::NoSuch(name.to_owned()))
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
                            "it has {count} {name}, but its summary has {}",
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
        let running = run.path.parent().and_then(|folder| Running::begin(folder, &run.name));
        let journal = journal.running_as(running);
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
        Ok(without_paths(self.placed(&["sqlite"])?.into_iter()))
    }

    /// The same of journals and records, with their files.
    fn all(&self) -> Result<Vec<(Position, PathBuf)>, RunError> {
        self.placed(&["sqlite", record::ENDING])
    }

    /// The places of all files with one of these endings, the newest first; none where there is no folder.
    fn placed(&self, endings: &[&str]) -> Result<Vec<(Position, PathBuf)>, RunError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.failed(cause)),
        };
        let mut placed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|cause| self.failed(cause))?;
            let file_name = entry.file_name();
            let name = file_name.to_str().and_then(|name| {
                let mut bare = endings
                    .iter()
                    .filter_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'));
                bare.next()
            });
            if let Some(name) = name {
                let path = entry.path();
                let name = name.to_owned();
                let position = if record::is_one(&path) {
                    Position::noted(name, || record::read(&path).ok())
                } else {
                    Position::of(name, &path)
                };
                placed.push((position, path));
            }
        }
        placed.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(placed)
    }

    fn record_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{}", record::ENDING))
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

fn without_paths(placed: impl Iterator<Item = (Position, PathBuf)>) -> Vec<Position> {
    placed.map(|(position, _)| position).collect()
}

/// The working folder, from which the paths of a run's files are given.
fn folder_now() -> String {
    std::env::current_dir().map_or_else(|_| String::new(), |folder| folder.to_string_lossy().into_owned())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
