//! The only printer: results to standard output, everything else to standard error; as text or as one JSON document.
//!
//! Belongs here: where a line goes, colours, whether anything may be shown at all. Doesn't: what a line says.

mod board;
mod layout;
mod link;
mod locale;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

pub use board::{Board, Show};
pub use layout::{human, padded, shortened, tame, width, wrapped};

/// How often the wait for an answer looks whether the run was asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said, and how.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// One JSON document on standard output instead of text.
    pub json: bool,
    /// Events on standard error as JSON, one a line, instead of text.
    pub json_log: bool,
    /// Errors and results only.
    pub quiet: bool,
    /// More of the reasons.
    pub verbose: bool,
    /// Colours.
    pub color: Color,
    /// No bar and no progress lines.
    pub no_progress: bool,
}

/// Gives the elements of a long list, one after the other.
pub type Elements<'e, E> = dyn FnMut(&mut dyn FnMut(&Value)) -> Result<(), E> + 'e;

/// Where everything that a person or a program reads goes through.
#[derive(Debug)]
pub struct Output {
    style: Style,
    /// Our own signs are to be ASCII.
    ascii: bool,
    closed: AtomicBool,
    /// The one document has been given.
    documented: AtomicBool,
    /// The pause that a bar shows.
    board: Arc<Board>,
    /// Why a result could not be written, where somebody still wanted it.
    lost: Mutex<Option<std::io::Error>>,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Plain,
    /// Good news, or something new.
    Good,
    /// Something to look at.
    Warning,
    /// An error.
    Bad,
    /// Something of less weight.
    Dim,
}

impl Output {
    /// A printer of this style.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self {
            style,
            ascii: !locale::is_utf8(),
            closed: AtomicBool::new(false),
            documented: AtomicBool::new(false),
            board: Arc::default(),
            lost: Mutex::new(None),
        }
    }

    /// Whether results are one JSON document.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.style.json
    }

    /// Whether more of the reasons is asked for.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.style.verbose
    }

    /// Whether our own signs are to be ASCII: the locale is none of UTF-8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.ascii
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

    /// A line of the result, in text. With `--json` it is not shown: the document holds it.
    pub fn result(&self, line: &str) {
        self.result_naming(line, &[]);
    }

    /// The same of a line that names these files or folders: on a terminal that can, they open at a click.
    pub fn result_naming(&self, line: &str, paths: &[&Path]) {
        if self.style.json {
            return;
        }
        // Where no person looks, a line stays a line.
        self.write_out(&self.laid_out(line, paths, &console::Term::stdout()));
    }

    /// The text as it stands on this terminal; where it is none, as it is.
    fn laid_out(&self, text: &str, paths: &[&Path], term: &console::Term) -> String {
        let mut text = tame(text);
        if self.ascii {
            text = Cow::Owned(locale::in_ascii(&text).into_owned());
        }
        let wrapped = match columns(term) {
            Some(columns) => wrapped(&text, columns),
            None => text.into_owned(),
        };
        self.clickable(wrapped, paths, term)
    }

    /// The text with links, where the terminal knows them, colours are wanted, and it isn't a dumb one.
    fn clickable(&self, text: String, paths: &[&Path], term: &console::Term) -> String {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let wanted = !paths.is_empty() && term.is_term() && !dumb && self.colored(true);
        if wanted && supports_hyperlinks::supports_hyperlinks() {
            link::linked(text, paths)
        } else {
            text
        }
    }

    /// A result that another program is to take as it is: nothing is broken, whatever the terminal's width.
    pub fn verbatim(&self, text: &str) {
        if !self.style.json {
            self.write_out(text.trim_end_matches('\n'));
        }
    }

    /// Help: as it is, but for our own signs.
    pub fn help(&self, text: &str) {
        let text = if self.ascii {
            locale::in_ascii(text)
        } else {
            Cow::Borrowed(text)
        };
        self.write_out(text.trim_end_matches('\n'));
    }

    /// The one JSON document.
    pub fn document(&self, document: &Value) {
        if self.style.json && !self.documented.swap(true, Ordering::Relaxed) {
            self.write_out(&document.to_string());
        }
    }

    /// The one JSON document, with a last key whose list may be too long to be held: `each` gives its elements. The document
    /// is whole even where `each` fails; it is the caller's to say so.
    pub fn long_document<E>(&self, head: &Value, list: &str, each: &mut Elements<'_, E>) -> Result<(), E> {
        if !self.style.json || self.documented.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head);
        let comma = if head == "{" { "" } else { "," };
        self.write_out(&format!("{head}{comma}{}:[", Value::from(list)));
        let mut first = true;
        let given = each(&mut |element| {
            let comma = if std::mem::replace(&mut first, false) { "" } else { "," };
            self.write_out(&format!("{comma}{element}"));
        });
        self.write_out("]}");
        given
    }

    /// Something worth knowing on the way; not with `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.style.quiet {
            self.event("info", line, &Value::Null, line);
        }
    }

    /// The same of a line that names these files or folders: on a terminal that can, they open at a click.
    pub fn say_naming(&self, line: &str, paths: &[&Path]) {
        if !self.style.quiet {
            self.event_naming("info", line, &Value::Null, line, paths);
        }
    }

    /// How far the work is, or what it waits for: a line for people, an event of this kind with details for programs.
    pub fn progressed(&self, kind: &str, line: &str, details: &Value) {
        if !self.style.quiet {
            self.event(kind, line, details, line);
        }
    }

    /// The pause that a bar shows.
    #[must_use]
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// One event, as text or as JSON.
    fn event(&self, kind: &str, message: &str, details: &Value, text: &str) {
        self.event_naming(kind, message, details, text, &[]);
    }

    /// The same of a text that names files.
    fn event_naming(&self, kind: &str, message: &str, details: &Value, text: &str, paths: &[&Path]) {
        if !self.style.json_log {
            write_err(&self.laid_out(text, paths, &console::Term::stderr()));
            return;
        }
        let now = jiff::Timestamp::now().to_string();
        let mut event = json!({"time": now, "event": kind, "message": message});
        if let (Some(event), Value::Object(details)) = (event.as_object_mut(), details) {
            event.extend(details.clone());
        }
        write_err(&event.to_string());
    }

    /// Something to look at.
    pub fn warn(&self, line: &str) {
        if !self.style.quiet {
            let text = format!("{} {line}", self.paint_err(Tone::Warning, "warning:"));
            self.event("warning", line, &Value::Null, &text);
        }
    }

    /// A row that is refused, whatever else is said or not: the reason, and the value at fault.
    pub fn rejected(&self, reason: &str, value: &str) {
        let shown = if value.is_empty() || reason.contains(value) {
            String::new()
        } else {
            format!(" ({value:?})")
        };
        let text = format!("{} {reason}{shown}", self.paint_err(Tone::Bad, "rejected:"));
        self.event("rejected", reason, &json!({"value": value}), &text);
    }

    /// An error: what, and what to do about it, apart; with the file that it is about, which opens at a click.
    pub fn error(&self, message: &str, hint: Option<&str>, place: Option<&Path>) {
        let mut text = format!("{} {message}", self.paint_err(Tone::Bad, "error:"));
        if let Some(hint) = hint {
            text += &format!("\n{} {hint}", self.paint_err(Tone::Good, "hint:"));
        }
        let places: Vec<&Path> = place.into_iter().collect();
        self.event_naming("error", message, &json!({"hint": hint}), &text, &places);
    }

    /// Whether a person sits at a terminal who can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks whether something is to be done, where a person sits at a terminal; nobody else can agree here. A wish to stop
    /// is an answer as well, and the other one.
    #[must_use]
    pub fn confirm(&self, what: &str, stop: &AtomicBool) -> bool {
        if !self.can_ask() || write!(std::io::stderr().lock(), "{what}. Go on? [y/N] ").is_err() {
            return false;
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        // On a thread of its own, as nothing else ends the wait for a line.
        let asking = std::thread::Builder::new().spawn(move || {
            let _ = sender.send(is_agreed());
        });
        if asking.is_err() {
            // Without a thread, the first Ctrl-C takes effect after the answer.
            return is_agreed() && !stop.load(Ordering::Relaxed);
        }
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => {
                    // The question's line has no end yet.
                    write_err("");
                    return false;
                }
            }
        }
    }

    /// The text in its colour, for a line of the result.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        paint(tone, text, self.colored(std::io::stdout().is_terminal()))
    }

    fn paint_err(&self, tone: Tone, text: &str) -> String {
        paint(tone, text, self.colored(std::io::stderr().is_terminal()))
    }

    fn colored(&self, terminal: bool) -> bool {
        match self.style.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Whether whoever read standard output has gone (`… | head -1`): then there is nobody left to tell.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn write_out(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let Err(cause) = writeln!(out, "{line}").and_then(|()| out.flush()) else {
            return;
        };
        self.closed.store(true, Ordering::Relaxed);
        // Whoever closed the pipe wants no more; a full disk is another thing.
        if cause.kind() != std::io::ErrorKind::BrokenPipe {
            let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.get_or_insert(cause);
        }
    }

    /// Why a result could not be written; said once.
    #[must_use]
    pub fn lost(&self) -> Option<std::io::Error> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether the next line of standard input is a yes.
fn is_agreed() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// How wide a terminal is; none where it is no terminal.
fn columns(term: &console::Term) -> Option<usize> {
    if !term.is_term() {
        return None;
    }
    term.size_checked().map(|(_, columns)| usize::from(columns))
}

fn write_err(line: &str) {
    // Where even standard error is closed there is nowhere left to say so.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn paint(tone: Tone, text: &str, colored: bool) -> String {
    let code = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Good => "32",
        Tone::Warning => "33",
        Tone::Bad => "31;1",
        Tone::Dim => "2",
    };
    if colored {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// A number with its thousands set apart: 12,345.
#[must_use]
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// A rate, rounded, with its thousands set apart: 1,204.
#[must_use]
pub fn rounded(rate: f64) -> String {
    grouped_digits(&format!("{:.0}", rate.max(0.0)))
}

fn grouped_digits(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 item`, `12,345 items`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn colours_are_left_out_where_they_are_not_wanted() {
        assert_eq!(paint(Tone::Bad, "x", false), "x");
        assert!(paint(Tone::Bad, "x", true).contains("\u{1b}[31;1mx"));
    }
}
