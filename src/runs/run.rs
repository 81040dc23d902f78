//! One run as it is found again: what it noted of itself, whether it has ended, and its account.
//!
//! Doesn't belong here: finding runs (`runs`), what stands in a journal (`journal`).

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Fingerprint, RunError, order, record};
use crate::error::{Exit, UserError as _};
use crate::journal::{Facts, Journal, JournalError, Running};
use crate::output::{About, Warning};
use crate::report::Tally;

/// A run as the list of runs shows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// Its journal or record.
    pub path: PathBuf,
    /// What it noted of itself; empty where it is busy or can't be read.
    pub facts: Facts,
    /// Its process keeps its journal to itself this very moment: it is writing its plan, as a rule.
    pub is_busy: bool,
    /// Why its journal can't be read, and what to do about it.
    pub fault: Option<(String, String)>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its process is alive.
    UnderWay,
    /// It was stopped by the user; or its process was killed, or could not note its end.
    Interrupted,
    /// An error stopped it before its end.
    Stopped,
    /// It came to its end, well or not.
    Finished,
    /// Its journal can't be read.
    Unreadable,
}

impl State {
    /// The state's name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnderWay => "under_way",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Run {
    pub(super) fn open(path: PathBuf, name: String) -> Self {
        if record::is_one(&path) {
            let found = record::read(&path);
            let hint = || "check the file and its permissions".to_owned();
            return Self {
                name,
                is_busy: false,
                fault: found.as_ref().err().map(|cause| (crate::cause::io(cause), hint())),
                facts: found.unwrap_or_default(),
                path,
            };
        }
        let found = Journal::glance(&path);
        Self {
            name,
            path,
            is_busy: matches!(found, Ok(None)),
            fault: found.as_ref().err().map(|error| (error.reason(), error.hint())),
            facts: found.ok().flatten().unwrap_or_default(),
        }
    }

    /// Whether it is an export or a backup, which has a record in place of a journal.
    #[must_use]
    pub fn is_record(&self) -> bool {
        record::is_one(&self.path)
    }

    /// Where it writes: an organization, a file or a folder.
    #[must_use]
    pub fn target(&self) -> &str {
        if self.is_record() {
            self.fact("target")
        } else {
            self.fact("org")
        }
    }

    /// Why it stopped.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        let own = Some(self.fact("error").to_owned()).filter(|error| !error.is_empty());
        own.or_else(|| Some(self.summary().get("error")?.as_str()?.to_owned()))
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

    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> State {
        if self.fault.is_some() {
            return State::Unreadable;
        }
        match self.fact("state") {
            "finished" => State::Finished,
            "stopped" if self.exit() == Some(Exit::Interrupted as u8) => State::Interrupted,
            "stopped" => State::Stopped,
            _ if self.is_busy || Running::is_alive(self.folder(), &self.name) => State::UnderWay,
            _ => State::Interrupted,
        }
    }

    /// Its exit code, where it noted its end.
    #[must_use]
    pub fn exit(&self) -> Option<u8> {
        self.fact("exit").parse().ok()
    }

    /// The summary of its end; null where it has noted none.
    #[must_use]
    pub fn summary(&self) -> Value {
        serde_json::from_str(self.fact("summary")).unwrap_or_default()
    }

    /// What became of its rows, or has so far. What was sent, and has no outcome in its journal, is unknown. None where the
    /// journal can't be read now.
    pub fn tally(&self) -> Result<Option<Tally>, JournalError> {
        if self.is_record() {
            return Ok(None);
        }
        let state = self.state();
        let summary = Tally::of_document(&self.summary());
        // The summary of a run that was stopped and resumed may be that of one part.
        let is_noted = state == State::Finished || (state == State::Stopped && !self.facts.contains_key("read"));
        match summary {
            Some(tally) if is_noted => Ok(Some(tally)),
            _ if self.is_busy || state == State::Unreadable => Ok(None),
            summary => {
                let ended = matches!(self.fact("state"), "finished" | "stopped");
                let read = summary.filter(|_| ended).map(|tally| tally.read);
                let so_far = Tally::so_far(&Journal::open_existing(&self.path)?, read)?;
                // A plan that was stopped before it was begun has no outcomes: every row is not attempted.
                let is_unbegun = |tally: &Tally| ended && tally.not_attempted == tally.read;
                let has_outcomes = so_far.has_written() || so_far.failed > 0;
                let unbegun = summary.filter(is_unbegun).filter(|_| !has_outcomes);
                Ok(Some(unbegun.unwrap_or(so_far)))
            }
        }
    }

    /// A warning where its name has a moment in the future.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        order::is_ahead(&self.name, jiff::Timestamp::now()).then(|| {
            About::RunInFuture.warning(format!(
                "run {} is dated in the future: the clock was ahead then, or is behind now; runs are ordered by number",
                self.name
            ))
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

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}
