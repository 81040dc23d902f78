//! How a command ends before it is done, or without its results: refused, interrupted, failed.
//!
//! Belongs here: what is said then, and the exit code. Doesn't: what an error says (`error`), what a command does.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::{CommandError, Context, signals, start};
use crate::cli::UsageError;
use crate::delete::DeleteError;
use crate::error::{Category, Error, Exit, Interrupted};
use crate::notify::Notifier;
use crate::output::{Answer, Awaits, Lines, Output, Style};
use crate::sheet::write::WriteError;
use crate::transfer::printer;

/// How long a run may take to stop before it says what it waits for.
const STOPPING: Duration = Duration::from_secs(1);

/// What is said then.
const FINISHING: &str = "Stopping: finishing the requests in flight; Ctrl-C again stops at once";

/// The end of a command, which is reported once all its results are written.
pub(super) fn ended(output: &Output, notifier: Option<&Notifier>, exit: Exit) -> Exit {
    let exit = told_all(output, exit);
    if let Some(notifier) = notifier {
        notifier.end(exit);
    }
    output.finish(exit as u8);
    exit
}

/// A result that could not be written is an error, whatever else went well (`runs > /dev/full`).
fn told_all(output: &Output, exit: Exit) -> Exit {
    let Some(cause) = output.lost() else { return exit };
    let error = Error::from(WriteError::Io(cause));
    output.error(error.code(), &error.to_string(), Some(&error.hint()), None);
    if exit == Exit::Done { error.exit() } else { exit }
}

/// Shows what clap gives instead of a command: help and version, which are no error, or what it refuses.
pub(super) fn refused(error: &clap::Error) -> Exit {
    let args: Vec<OsString> = std::env::args_os().collect();
    if !error.use_stderr() || args.len() < 2 {
        return helped(&printer(Style::default()), error);
    }
    refused_with(&UsageError::of(error, &args).into())
}

/// Shows help or the version, which clap gives as an error.
pub(super) fn helped(output: &Output, help: &clap::Error) -> Exit {
    if !help.use_stderr() && output.is_ascii() {
        output.help(&help.render().to_string());
        return told_all(output, Exit::Done);
    }
    match help.print() {
        // Where nobody reads it any more, there is nobody to tell.
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => fail(output, &WriteError::Io(cause).into()),
        _ if help.use_stderr() => Exit::Usage,
        _ => Exit::Done,
    }
}

/// Says why a command line is refused before it is understood.
pub(super) fn refused_with(error: &Error) -> Exit {
    let has = |option: &str| std::env::args_os().any(|arg| arg == option);
    let output = printer(Style {
        json: has("--json"),
        json_log: has("--json-log"),
        ..Style::default()
    });
    output.begin(start::unknown(), Awaits::Nothing);
    let exit = fail(&output, error);
    ended(&output, None, exit)
}

/// Says why a command could not do its work, as text or as the one JSON document.
fn fail(output: &Output, error: &Error) -> Exit {
    output.document(&json!({"error": error.line(), "error_code": error.code()}));
    output.error(error.code(), &error.to_string(), Some(&error.hint()), error.place());
    error.exit()
}

/// Ends the process without waiting for what is in flight. It does so on a thread of its own: this one heeds the signals
/// that end a notification.
fn stop_at_once(output: &Arc<Output>, notifier: &Arc<Notifier>) {
    let at_once = {
        let (output, notifier) = (Arc::clone(output), Arc::clone(notifier));
        move || {
            let exit = fail(&output, &CommandError::StoppedAtOnce.into());
            std::process::exit(ended(&output, Some(&notifier), exit) as i32);
        }
    };
    if thread::Builder::new().spawn(at_once.clone()).is_err() {
        at_once();
    }
}

impl Context {
    /// The first Ctrl-C (or SIGTERM, or SIGHUP) asks the run to stop in order, the second stops it at once. A signal that was
    /// ignored when the program began has no effect. One that comes after the end ends the notification that is under way.
    pub(super) fn obey_interrupts(&self) {
        let stop = Arc::clone(&self.stop);
        let output = Arc::clone(&self.output);
        let notifier = Arc::clone(&self.notifier);
        let mut is_stopped_at_once = false;
        let handler = move || {
            if notifier.interrupt() {
                return;
            }
            if stop.swap(true, Ordering::Relaxed) {
                if !std::mem::replace(&mut is_stopped_at_once, true) {
                    stop_at_once(&output, &notifier);
                }
                return;
            }
            let (later, ending) = (Arc::clone(&output), Arc::clone(&notifier));
            let said = thread::Builder::new().spawn(move || {
                thread::sleep(STOPPING);
                // Still here: something is waited for.
                if !ending.is_ending() {
                    later.say(FINISHING);
                }
            });
            if said.is_err() {
                output.say(FINISHING);
            }
        };
        if let Err(error) = signals::on_each(handler) {
            self.output.say(&format!(
                "Ctrl-C will stop at once, without finishing the requests in flight ({})",
                crate::cause::io(&error)
            ));
        }
    }

    /// Refuses what has to be agreed to where nobody has agreed beforehand (`--yes`) and there is no terminal to ask on.
    pub(super) fn check_consent(&self) -> Result<(), DeleteError> {
        if self.yes || self.output.can_ask() {
            Ok(())
        } else {
            Err(DeleteError::NobodyToAsk)
        }
    }

    /// Asks for the user's consent to what can't simply be taken back: on a terminal, or given beforehand with `--yes`.
    pub(super) fn consent(&self, what: &str) -> Result<(), Error> {
        self.check_consent()?;
        if self.yes || self.output.confirm(what, &self.stop) {
            return Ok(());
        }
        self.go_on()?;
        Err(CommandError::Declined(what.to_owned()).into())
    }

    /// Asks whether to do `what`, with `lines` as the list that a person may ask for before the answer.
    pub(super) fn consent_to_list(&self, what: &str, lines: &mut Lines<'_, Error>) -> Result<(), Error> {
        loop {
            match self.output.choose(&format!("{what}? [y/N/l]"), &self.stop) {
                Answer::Yes => return Ok(()),
                Answer::List => self.output.page(lines)?,
                Answer::No => {
                    self.go_on()?;
                    return Err(CommandError::Declined(what.to_owned()).into());
                }
            }
            self.go_on()?;
        }
    }

    /// An error once the user wishes to stop.
    pub(super) fn go_on(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) {
            Err(Interrupted.into())
        } else {
            Ok(())
        }
    }

    /// What an error comes from: a file that is no longer read because the user wished to stop is no fault of the file's.
    pub(super) fn cause_of(&self, error: Error) -> Error {
        match error.category() {
            Category::Unread | Category::NotText => self.go_on().err().unwrap_or(error),
            _ => error,
        }
    }

    /// Says why a command could not do its work, as text or as the one JSON document.
    pub(super) fn fail(&self, error: Error) -> Exit {
        fail(&self.output, &self.cause_of(error))
    }
}
