//! Text as it goes to standard output and standard error: broken into lines, coloured, with links.
//!
//! Belongs here: how text is written to a stream. Doesn't: what it says.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::layout::wrapped;
use super::tame::{coloured, tame, tame_json};
use super::{Color, Tone, link, locale, markdown};
use crate::environment;

/// A page of text has lines of at most so many columns, however wide the terminal is.
const WIDEST_PAGE: usize = 100;
/// And so many where there is no terminal.
const USUAL_PAGE: usize = 80;

/// The two streams that people read.
#[derive(Debug)]
pub struct Terminal {
    color: Color,
    /// Our own signs are to be ASCII.
    ascii: bool,
    closed: AtomicBool,
    /// Why a result could not be written, where somebody still wanted it.
    lost: Mutex<Option<std::io::Error>>,
}

impl Terminal {
    pub(super) fn new(color: Color) -> Self {
        Self {
            color,
            ascii: !locale::is_utf8(),
            closed: AtomicBool::new(false),
            lost: Mutex::new(None),
        }
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// A line to standard output that names these files or folders: on a terminal that can, they open at a click. Where no
    /// person looks, a line stays a line.
    pub fn out(&self, line: &str, paths: &[&Path]) {
        self.write_out(&self.laid_out(line, paths, &console::Term::stdout()));
    }

    /// The same to standard error.
    pub fn err(&self, text: &str, paths: &[&Path]) {
        write_err(&self.laid_out(text, paths, &console::Term::stderr()));
    }

    /// The text as it stands on this terminal; where it is none, as it is.
    fn laid_out(&self, text: &str, paths: &[&Path], term: &console::Term) -> String {
        let text = tame(text);
        let text = self.signs(&text);
        let wrapped = match columns(term) {
            Some(columns) => wrapped(&text, columns),
            None => text.into_owned(),
        };
        self.clickable(wrapped, paths, term)
    }

    /// The text with our own signs in ASCII, where they are to be.
    pub(super) fn signs<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.ascii {
            locale::in_ascii(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// The text with links, where the terminal knows them, colours are wanted, and it isn't a dumb one.
    fn clickable(&self, text: String, paths: &[&Path], term: &console::Term) -> String {
        let dumb = environment::value("TERM").is_some_and(|name| name == "dumb");
        let wanted = !paths.is_empty() && term.is_term() && !dumb && self.colored(true);
        if wanted && supports_hyperlinks::supports_hyperlinks() {
            link::linked(text, paths)
        } else {
            text
        }
    }

    /// The text in its colour, for standard output.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        paint(tone, text, self.colored(std::io::stdout().is_terminal()))
    }

    /// The same for standard error.
    #[must_use]
    pub fn paint_err(&self, tone: Tone, text: &str) -> String {
        paint(tone, text, self.colored(std::io::stderr().is_terminal()))
    }

    /// A page of Markdown to standard output.
    pub(super) fn markdown(&self, page: &str) {
        let columns = columns(&console::Term::stdout()).map_or(USUAL_PAGE, |columns| columns.min(WIDEST_PAGE));
        let text = markdown::laid_out(page, columns, &|text| self.paint(Tone::Strong, text));
        self.write_out(&self.signs(&tame(&text)));
    }

    fn colored(&self, terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && environment::filled("NO_COLOR").is_none(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// A JSON text to standard output.
    pub(super) fn write_json(&self, text: &str) {
        self.write_out(&tame_json(text));
    }

    /// A line to standard output as it is.
    pub(super) fn write_out(&self, line: &str) {
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

    pub(super) fn lost(&self) -> Option<std::io::Error> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How wide a terminal is; none where it is no terminal.
fn columns(term: &console::Term) -> Option<usize> {
    if !term.is_term() {
        return None;
    }
    term.size_checked().map(|(_, columns)| usize::from(columns))
}

pub(super) fn write_err(line: &str) {
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
        Tone::Strong => "1",
    };
    if colored { coloured(code, text) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_where_they_are_not_wanted() {
        assert_eq!(paint(Tone::Bad, "x", false), "x");
        assert_eq!(tame(&paint(Tone::Bad, "x", true)), "\u{1b}[31;1mx\u{1b}[0m");
    }
}
