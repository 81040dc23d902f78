//! The commands that a summary ends with.
//!
//! Doesn't belong here: which they are, and how a shell takes them (`commands::next`).

use serde_json::Value;

use crate::output::Output;

/// A command to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What it is for, as a line before it.
    what: &'static str,
    /// The command line, ready for a shell.
    command: String,
}

impl Next {
    /// What the command for the rest of a stopped run is for.
    pub const RESUME: &'static str = "To resume it:";

    /// A command line, and what it is for.
    #[must_use]
    pub fn new(what: &'static str, command: String) -> Self {
        Self { what, command }
    }

    /// What the command is for, as a line before it.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// The command line, ready for a shell.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Shows commands at the end of a summary; not with `--quiet`.
    pub fn show(all: &[Self], output: &Output) {
        if output.is_quiet() {
            return;
        }
        for Self { what, command } in all {
            output.result(what);
            // Broken into two lines it would be two commands.
            output.verbatim(command);
        }
    }

    /// Whether a command that resumes the run is shown as text.
    pub(super) fn resumes(all: &[Self], output: &Output) -> bool {
        !output.is_quiet() && !output.is_json() && all.iter().any(|next| next.what == Self::RESUME)
    }

    /// The command lines, for programs.
    #[must_use]
    pub fn document(all: &[Self]) -> Value {
        all.iter().map(|next| next.command.as_str()).collect()
    }
}
