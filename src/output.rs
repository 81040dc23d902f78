//! The only printer: results to standard output, everything else to standard error; as text or as one JSON document.
//!
//! Every event ([`events`]) goes to each [`Watch`], which prints it in its own form: the terminal's text
//! (`transfer::render`), the JSON log. Results go to standard output as they are.
//!
//! Belongs here: where a line goes, colours, whether anything may be shown at all. Doesn't: what a line says.

mod ask;
mod board;
pub mod contract;
pub mod events;
mod layout;
mod link;
mod locale;
mod log;
mod markdown;
pub mod page;
mod pager;
mod style;
mod tame;
mod terminal;
#[cfg(test)]
mod tests;
mod warning;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use ask::Answer;
pub use board::{Board, Show};
use contract::signed;
use events::{Event, Start, Told, Watch};
pub use layout::{
    and_more, are, counted, counted_are, counted_have, counted_were, grouped, have, human, padded, rounded, shortened,
    width, wrapped,
};
use log::JsonLog;
pub use pager::Lines;
pub use style::{Color, Style, Tone};
pub use tame::{is_shown_as_escape, tame};
pub use terminal::Terminal;
pub use warning::{About, Warning};

use crate::error::Code;

/// Gives the elements of a long list, one after the other.
pub type Elements<'e, E> = dyn FnMut(&mut dyn FnMut(&Value)) -> Result<(), E> + 'e;

/// What has to be known before the start of a command is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// Nothing.
    Nothing,
    /// The organization.
    Organization,
    /// The organization and the run.
    Run,
}

/// Where everything that a person or a program reads goes through.
pub struct Output {
    style: Style,
    terminal: Arc<Terminal>,
    watches: Vec<Box<dyn Watch>>,
    /// The pause that a bar shows.
    board: Arc<Board>,
    state: Mutex<State>,
}

/// What is known of the command so far.
#[derive(Default)]
struct State {
    /// The start, until it is told.
    start: Option<(Start, Awaits)>,
    run: Option<String>,
    /// The one document, once it has been given.
    document: Option<Value>,
    /// The first error, with its hint; and its code.
    error: Option<(String, Code)>,
}

impl Output {
    /// A printer of this style; of events it prints the JSON log only.
    #[must_use]
    pub fn new(style: Style) -> Self {
        let mut watches: Vec<Box<dyn Watch>> = Vec::new();
        if style.json_log {
            watches.push(Box::new(JsonLog::new(std::io::stderr(), style.quiet)));
        }
        Self {
            style,
            terminal: Arc::new(Terminal::new(style.color)),
            watches,
            board: Arc::default(),
            state: Mutex::default(),
        }
    }

    /// Adds a printer of events, made with the terminal.
    #[must_use]
    pub fn watched_by(mut self, watch: impl FnOnce(Arc<Terminal>) -> Box<dyn Watch>) -> Self {
        self.watches.push(watch(Arc::clone(&self.terminal)));
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a command. Its start event is printed once the rest is known, at the latest before the first event that can't
    /// wait.
    pub fn begin(&self, start: Start, awaits: Awaits) {
        if awaits == Awaits::Nothing {
            self.tell(Event::Start(start));
        } else {
            self.state().start = Some((start, awaits));
        }
    }

    /// The organization that the command works with.
    pub fn connected(&self, organization: &str) {
        let mut state = self.state();
        let Some((start, awaits)) = &mut state.start else {
            return;
        };
        start.organization.get_or_insert_with(|| organization.to_owned());
        if *awaits == Awaits::Organization {
            drop(state);
            self.tell_start();
        }
    }

    /// A run begins, or goes on; it has no name where nothing is sent.
    pub fn run_begins(&self, run: &str, organization: &str) {
        let mut state = self.state();
        state.run = Some(run.to_owned()).filter(|run| !run.is_empty());
        if let Some((start, _)) = &mut state.start {
            start.organization = Some(organization.to_owned());
        }
        drop(state);
        self.tell_start();
    }

    /// The command's document, why it stopped, and the code of that, where it ends with this exit code.
    #[must_use]
    pub fn ending(&self, exit: u8) -> (Option<Value>, Option<String>, Option<String>) {
        // Copies: the run may end on its own while a second Ctrl-C ends it.
        let (summary, error) = {
            let state = self.state();
            (state.document.clone(), state.error.clone())
        };
        let own = |key| Some(summary.as_ref()?.get(key)?.as_str()?.to_owned());
        let (error, code) = match (own("error"), error) {
            (Some(error), _) => (Some(error), own("error_code")),
            (None, Some((error, code))) => (Some(error), Some(code.into_owned())),
            (None, None) => (None, None),
        };
        let [error, code] = [error, code].map(|told| told.filter(|_| exit != 0));
        (summary, error, code)
    }

    /// The command has ended with this exit code. No event follows.
    pub fn finish(&self, exit: u8) {
        let (summary, error, error_code) = self.ending(exit);
        self.tell(Event::Finish {
            exit,
            error,
            error_code,
            summary,
        });
    }

    /// Something has happened.
    pub fn tell(&self, event: Event) {
        if !event.can_wait() {
            self.tell_start();
        }
        self.pass(event);
    }

    fn tell_start(&self) {
        let start = self.state().start.take();
        if let Some((start, _)) = start {
            self.pass(Event::Start(start));
        }
    }

    fn pass(&self, event: Event) {
        let told = Told {
            time: jiff::Timestamp::now().to_string(),
            run: self.state().run.clone(),
            event,
        };
        self.watches.iter().for_each(|watch| watch.tell(&told));
    }

    /// Whether results are one JSON document.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.style.json
    }

    /// Whether standard error is a log of JSON events.
    #[must_use]
    pub fn is_json_log(&self) -> bool {
        self.style.json_log
    }

    /// Whether nothing but errors and what has to be looked at is asked for.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.style.quiet
    }

    /// Whether more of the reasons is asked for.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.style.verbose
    }

    /// Whether results go to a terminal, where long lists are shortened; a pipe or a file gets all of them.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether our own signs are to be ASCII: the locale is none of UTF-8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.terminal.is_ascii()
    }

    /// How progress is to be shown: a bar only where a person looks at it.
    #[must_use]
    pub fn progress(&self) -> Show {
        if self.style.no_progress || self.style.quiet {
            Show::Hidden
        } else if std::io::stderr().is_terminal() && !self.style.json_log {
            Show::Bar
        } else {
            Show::Lines
        }
    }

    /// A line of the result, in text. With `--json` it is not shown, as the document holds it; nor with `--quiet`.
    pub fn result(&self, line: &str) {
        self.result_naming(line, &[]);
    }

    /// The same of a line that names these files or folders: on a terminal that can, they open at a click.
    pub fn result_naming(&self, line: &str, paths: &[&Path]) {
        if !self.style.json && !self.style.quiet {
            self.terminal.out(line, paths);
        }
    }

    /// A line of the result that reports a fault: with `--quiet` it is a warning.
    pub fn fault(&self, tone: Tone, line: &str, paths: &[&Path]) {
        if self.style.quiet && !self.style.json {
            self.warn(&About::Result.warning(line));
        } else {
            self.result_naming(&self.paint(tone, line), paths);
        }
    }

    /// A line of the result that is to be pasted: it is not broken, whatever the terminal's width.
    pub fn verbatim(&self, text: &str) {
        if !self.style.quiet {
            self.data(text);
        }
    }

    /// What another program reads, as it is: with `--quiet` as well.
    pub fn data(&self, text: &str) {
        if !self.style.json {
            self.terminal.write_out(text.trim_end_matches('\n'));
        }
    }

    /// A page of Markdown, laid out for the terminal's width.
    pub fn markdown(&self, page: &str) {
        if !self.style.json {
            self.terminal.markdown(page);
        }
    }

    /// Help: as it is, but for our own signs.
    pub fn help(&self, text: &str) {
        let text = self.terminal.signs(text);
        self.terminal.write_out(text.trim_end_matches('\n'));
    }

    /// The one JSON document, which is the summary of the command's end as well. A second one is ignored.
    pub fn document(&self, document: &Value) {
        let document = signed(document);
        if self.keep(&document) {
            self.print(&document);
        }
    }

    /// The document of a command whose standard output is its data: it is kept for the command's end alone.
    pub fn summary(&self, document: &Value) {
        self.keep(&signed(document));
    }

    /// A document that holds what is not to stand in a log.
    pub fn secret_document(&self, document: &Value) {
        self.print(&signed(document));
    }

    fn print(&self, document: &Value) {
        if self.style.json {
            self.terminal.write_json(&document.to_string());
        }
    }

    /// Keeps the document for the command's end; false where there is one already.
    fn keep(&self, document: &Value) -> bool {
        let mut state = self.state();
        let is_first = state.document.is_none();
        state.document.get_or_insert_with(|| document.clone());
        is_first
    }

    /// The one JSON document, with a last key whose list may be too long to be held: `each` gives its elements. The document
    /// is whole even where `each` fails; it is the caller's to say so.
    pub fn long_document<E>(&self, head: &Value, list: &str, each: &mut Elements<'_, E>) -> Result<(), E> {
        let head = signed(head);
        if !self.keep(&head) || !self.style.json {
            return Ok(());
        }
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head);
        self.terminal.write_json(&format!("{head},{}:[", Value::from(list)));
        let mut first = true;
        let given = each(&mut |element| {
            let comma = if std::mem::replace(&mut first, false) { "" } else { "," };
            self.terminal.write_json(&format!("{comma}{element}"));
        });
        self.terminal.write_out("]}");
        given
    }

    /// The pause that a bar shows.
    #[must_use]
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Something worth knowing on the way; not with `--quiet`.
    pub fn say(&self, line: &str) {
        self.say_naming(line, &[]);
    }

    /// The same of a line that names these files or folders: on a terminal that can, they open at a click.
    pub fn say_naming(&self, line: &str, paths: &[&Path]) {
        self.tell(Event::Info {
            message: line.to_owned(),
            paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        });
    }

    /// Something to look at.
    pub fn warn(&self, warning: &Warning) {
        self.tell(Event::Warning {
            code: warning.about.code(),
            message: warning.text.clone(),
        });
    }

    /// A row that is refused, whatever else is said or not: the reason, and the value at fault.
    pub fn rejected(&self, reason: &str, value: &str) {
        self.tell(Event::Rejected {
            message: reason.to_owned(),
            value: value.to_owned(),
        });
    }

    /// An error: its code, what, and what to do about it, apart; with the file that it is about, which opens at a click.
    pub fn error(&self, code: Code, message: &str, hint: Option<&str>, place: Option<&Path>) {
        self.state().error.get_or_insert_with(|| {
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            (format!("{message}{hint}"), code.clone())
        });
        self.tell(Event::Error {
            code,
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
            place: place.map(Path::to_owned),
        });
    }

    /// The text in its colour, for a line of the result.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.terminal.paint(tone, text)
    }

    /// Whether whoever read standard output has gone (`… | head -1`): then there is nobody left to tell.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.terminal.is_closed()
    }

    /// Why a result could not be written; said once.
    #[must_use]
    pub fn lost(&self) -> Option<std::io::Error> {
        self.terminal.lost()
    }
}
