//! How the last run of each schedule ended: a small file for each, which the run itself writes.
//!
//! The file is written when the run starts and again when it ends, so that a run that was killed, or is still going, shows as
//! one without an end. Doesn't belong here: what is run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ScheduleError;
use crate::config::folder::Base;
use crate::files::{self, bounds};

/// The last run of a schedule. Times are in UTC, as RFC 3339 writes them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When it started.
    pub started: String,
    /// When it ended; none where it was killed, or is still going.
    pub ended: Option<String>,
    /// Its exit code; none as well where a signal ended it.
    pub exit: Option<i32>,
    /// Whether it was stopped at its time limit.
    #[serde(default)]
    pub timed_out: bool,
}

impl Record {
    /// A run that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: now(),
            ended: None,
            exit: None,
            timed_out: false,
        }
    }

    /// The same run, which ends now.
    #[must_use]
    pub fn end(self, exit: Option<i32>, timed_out: bool) -> Self {
        Self {
            ended: Some(now()),
            exit,
            timed_out,
            ..self
        }
    }

    /// The last run of a schedule; none where none is known.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let text = files::read(&path(name).ok()?, bounds::NOTE).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps it as the last run of a schedule.
    pub fn write(&self, name: &str) -> Result<(), ScheduleError> {
        let path = path(name)?;
        let written = path.parent().map_or(Ok(()), files::create_own_folder).and_then(|()| {
            let text = serde_json::to_vec(self)?;
            files::write(&path, &text)
        });
        written.map_err(|cause| ScheduleError::File {
            path,
            doing: "written",
            cause,
        })
    }

    /// Whether it ended, and not well.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.ended.is_some() && (self.exit != Some(0) || self.timed_out)
    }

    /// How it ended, in a few words.
    #[must_use]
    pub fn told(&self) -> String {
        match (&self.ended, self.exit) {
            (None, _) => format!("started {}, no end recorded", self.started),
            (Some(ended), _) if self.timed_out => format!("{ended}, stopped at its time limit"),
            (Some(ended), Some(exit)) => format!("{ended}, exit code {exit}"),
            (Some(ended), None) => format!("{ended}, ended by a signal"),
        }
    }
}

fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

fn path(name: &str) -> Result<PathBuf, ScheduleError> {
    let state = Base::State.folder().map_err(ScheduleError::NoHome)?;
    Ok(state.join("stockport").join("schedules").join(format!("{name}.json")))
}
