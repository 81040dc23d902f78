//! `stockport doctor`: checks of this machine's setup and of the organization, each with what to do where it fails.
//!
//! Belongs here: which checks there are, and how they are shown. Doesn't: what each check looks at, which is a function in a
//! file of its kind.

mod folders;
mod kept;
mod local;
pub(super) mod online;

use serde_json::{Value, json};

use super::Context;
use super::error::CHECKS_FAILED;
use crate::cli::Doctor;
use crate::config as settings;
use crate::error::{Error, Exit};
use crate::output::{About, Tone, counted, padded};

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All is well.
    Ok,
    /// Commands work, and something is worth a look.
    Warning,
    /// Commands fail, or will.
    Error,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warning => Tone::Warning,
            Self::Error => Tone::Bad,
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    /// What was found.
    pub(super) detail: String,
    /// What to do about it; none where there is nothing to do.
    pub(super) hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    pub(super) fn warning(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Warning,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn error(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Error,
            ..Self::warning(name, detail, hint)
        }
    }

    fn failed(name: &'static str, error: &Error) -> Self {
        Self::error(name, error.to_string(), error.hint())
    }

    /// The check as text: a line, and what to do below it.
    fn show(&self, context: &Context) {
        let output = &context.output;
        // Without a list of what is fine, what is not goes where warnings and errors go.
        if output.is_quiet() {
            let line = format!("{}: {}", self.name, self.detail);
            match self.state {
                State::Ok => {}
                State::Warning => output.warn(&About::Check.warning(line)),
                State::Error => output.error(CHECKS_FAILED.into(), &line, self.hint.as_deref(), None),
            }
            return;
        }
        let state = output.paint(self.state.tone(), &padded(self.state.name(), STATE));
        output.result(&format!("{state} {} {}", padded(self.name, NAME), self.detail));
        if let Some(hint) = &self.hint {
            output.result(&format!("{} {} {hint}", padded("", STATE), padded("", NAME)));
        }
    }

    /// The same for programs.
    pub(super) fn document(&self) -> Value {
        json!({"name": self.name, "state": self.state.name(), "detail": self.detail, "hint": self.hint})
    }
}

/// The columns of the list: the longest state, and the longest name of a check.
const STATE: usize = 7;
const NAME: usize = 16;

/// Runs the command. `profile` is the one that is named.
pub(super) fn run(context: &Context, options: &Doctor, profile: Option<&str>) -> Exit {
    let mut checks = vec![local::versions()];
    let chosen = if context.wishes.sandbox {
        Ok(None)
    } else {
        settings::chosen(profile)
    };
    checks.push(local::config(&chosen));
    let mut own = context.with(context.wishes.clone());
    if let Ok(Some(found)) = chosen {
        own.take_profile(found, profile.is_some());
    }
    own.wishes = online::quick(context, own.wishes.clone());
    checks.extend(folders::all());
    checks.extend([kept::journals(), kept::safety_copies()].into_iter().flatten());
    let key = local::key(&own.wishes);
    let has_key = key.state != State::Error;
    checks.push(key);
    if !options.offline {
        checks.extend(online::all(&own, has_key));
    }
    checks.push(local::proxy(&own.wishes));
    checks.push(local::schedule());
    // A wish to stop ends the requests, and what they were for is not known.
    if let Err(error) = context.go_on() {
        return context.fail(error);
    }
    show(context, &checks)
}

fn show(context: &Context, checks: &[Check]) -> Exit {
    let output = &context.output;
    let count = |state| checks.iter().filter(|check| check.state == state).count() as u64;
    let (warnings, errors) = (count(State::Warning), count(State::Error));
    let error = (errors > 0).then(|| format!("{} failed", counted(errors, "check")));
    let documents: Vec<Value> = checks.iter().map(Check::document).collect();
    output.document(&json!({
        "checks": documents, "ok": count(State::Ok), "warnings": warnings, "errors": errors, "error": error,
        "error_code": error.as_ref().map(|_| CHECKS_FAILED),
    }));
    for check in checks {
        check.show(context);
    }
    if !output.is_quiet() {
        let all = counted(checks.len() as u64, "check");
        let (tone, line) = match (errors, warnings) {
            (0, 0) => (Tone::Good, format!("{all}: all ok")),
            (0, _) => (Tone::Warning, format!("{all}: {}", counted(warnings, "warning"))),
            _ => (
                Tone::Bad,
                format!("{all}: {}, {}", counted(errors, "error"), counted(warnings, "warning")),
            ),
        };
        output.result(&output.paint(tone, &line));
    }
    if errors > 0 { Exit::Stopped } else { Exit::Done }
}
