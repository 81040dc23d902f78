//! Questions to a person at a terminal: asked on standard error, answered by a line on standard input.
//!
//! Doesn't belong here: what is asked, and what an answer means.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::terminal::write_err;
use super::{Output, tame};

/// So many bytes of an answer are read.
const LONGEST_ANSWER: u64 = 8 * 1024;

/// How often the wait for an answer looks whether the run was asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// What a person answers to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No, or anything else: the default.
    No,
    /// The list first.
    List,
}

impl Answer {
    fn of(line: &str) -> Self {
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Self::Yes,
            "l" | "list" => Self::List,
            _ => Self::No,
        }
    }
}

impl Output {
    /// Whether a person sits at a terminal who can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks whether something is to be done. Without a terminal, and when the run is asked to stop, the answer is no.
    #[must_use]
    pub fn confirm(&self, what: &str, stop: &AtomicBool) -> bool {
        self.choose(&format!("{what}. Continue? [y/N]"), stop) == Answer::Yes
    }

    /// The same, with the choice of a list first.
    #[must_use]
    pub fn choose(&self, question: &str, stop: &AtomicBool) -> Answer {
        let line = self.ask(&format!("{question} "), stop);
        line.map_or(Answer::No, |line| Answer::of(&line))
    }

    /// Asks for a line, where a person sits at a terminal. None without one, at the end of the input, and when the run is
    /// asked to stop.
    #[must_use]
    pub fn ask(&self, question: &str, stop: &AtomicBool) -> Option<String> {
        self.answered(question, line, stop)
    }

    /// The same of a line that the terminal doesn't show.
    #[must_use]
    pub fn ask_secret(&self, question: &str, stop: &AtomicBool) -> Option<String> {
        let _hidden = Hidden::begin();
        let answer = self.answered(question, secret_line, stop);
        // Its line break was not shown either; a question that was stopped has ended its line.
        if answer.is_some() {
            write_err("");
        }
        answer
    }

    fn answered(&self, question: &str, read: fn() -> Option<String>, stop: &AtomicBool) -> Option<String> {
        if !self.can_ask() || write!(std::io::stderr().lock(), "{}", tame(question)).is_err() {
            return None;
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        // On a thread of its own, as nothing else ends the wait for a line.
        let asking = std::thread::Builder::new().spawn(move || {
            let _ = sender.send(read());
        });
        if asking.is_err() {
            // Without a thread, the first Ctrl-C takes effect after the answer.
            return read().filter(|_| !stop.load(Ordering::Relaxed));
        }
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => {
                    // The question's line has no end yet.
                    write_err("");
                    return None;
                }
            }
        }
    }
}

/// The next line of standard input; none at its end.
fn line() -> Option<String> {
    let mut answer = String::new();
    let read = std::io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer);
    read.ok().filter(|bytes| *bytes > 0).map(|_| answer)
}

/// The same, while [`Hidden`] keeps the terminal from showing it.
#[cfg(unix)]
fn secret_line() -> Option<String> {
    line()
}

/// The same; elsewhere the terminal is told for one line.
#[cfg(not(unix))]
fn secret_line() -> Option<String> {
    console::Term::stderr().read_secure_line().ok()
}

/// The terminal shows nothing of what is typed, until this goes.
struct Hidden {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Hidden {
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok();
        if let Some(mut wanted) = before.clone() {
            wanted.local_modes.remove(LocalModes::ECHO);
            // Not flushed: what was typed ahead is part of the answer.
            let _ = tcsetattr(&stdin, OptionalActions::Now, &wanted);
        }
        Self { before }
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before);
        }
    }
}

#[cfg(not(unix))]
impl Hidden {
    fn begin() -> Self {
        Self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (line, answer) in [
            ("y\n", Answer::Yes),
            (" YES\r\n", Answer::Yes),
            ("l\n", Answer::List),
            ("List", Answer::List),
            ("", Answer::No),
            ("\n", Answer::No),
            ("yep\n", Answer::No),
            ("n\n", Answer::No),
        ] {
            assert_eq!(Answer::of(line), answer, "{line:?}");
        }
    }
}
