//! Exports and backups as runs that `stockport runs` lists.
//!
//! Belongs here: that a record which can't be written stops nothing. Doesn't: what a record holds (`runs`).

use std::io;
use std::path::Path;

use serde_json::Value;

use super::{Connected, Context, runs_folder};
use crate::cause;
use crate::error::{Error, Exit};
use crate::output::About;
use crate::runs::{Record, Runs};

/// An export or a backup that is under way; without a record where none can be written.
pub(super) struct Recorded<'a> {
    context: &'a Context,
    command: &'static str,
    record: Option<Record>,
}

impl Context {
    /// Begins the record of a command that reads an organization and writes there. A user without any folder for state has
    /// none; one whose folder can't be written gets a warning.
    pub(super) fn record(&self, command: &'static str, from: &Connected, target: &Path) -> Recorded<'_> {
        let mut recorded = Recorded {
            context: self,
            command,
            record: None,
        };
        let folder = runs_folder(false).unwrap_or_default();
        if folder.as_os_str().is_empty() {
            return recorded;
        }
        let path = if target == Path::new("-") {
            target.to_owned()
        } else {
            std::path::absolute(target).unwrap_or_else(|_| target.to_owned())
        };
        let place = (from.place.as_str(), from.org.as_str());
        match Runs::new(folder).record(command, place, &path.to_string_lossy()) {
            Ok(record) => recorded.record = Some(record),
            Err(cause) => recorded.warn(&cause),
        }
        recorded
    }
}

impl Recorded<'_> {
    /// Notes how it ended: the document for programs, or the error. What the command line got wrong is no run.
    pub(super) fn end(self, exit: Exit, error: Option<&Error>, document: &Value) {
        let error = error.map(ToString::to_string);
        let context = self.context;
        let ended = self.record.map(|record| match exit {
            Exit::Usage => record.discard(),
            _ => record.end(exit, error.as_deref(), document),
        });
        if let Some(Err(cause)) = ended {
            warn(context, self.command, &cause);
        }
    }

    fn warn(&self, cause: &io::Error) {
        warn(self.context, self.command, cause);
    }
}

fn warn(context: &Context, command: &str, cause: &io::Error) {
    context.output.warn(&About::RunNotRecorded.warning(format!(
        "`stockport runs` can't list this {command}, because its record can't be written: {}",
        cause::io(cause)
    )));
}
