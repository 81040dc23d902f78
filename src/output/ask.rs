//! Questions to the person at the terminal.
//!
//! Doesn't belong here: what is asked, and what follows from the answer (`commands`).

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use super::Output;
use super::tame::tame;
use super::terminal::write_err;

/// So many bytes of an answer are read.
const LONGEST_ANSWER: u64 = 1024;

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

    /// Asks, where a person sits at a terminal; nobody else can agree here. A wish to stop is a no.
    #[must_use]
    pub fn ask(&self, question: &str, stop: &AtomicBool) -> Answer {
        if !self.can_ask() || write!(std::io::stderr().lock(), "{} ", tame(question)).is_err() {
            return Answer::No;
        }
        let (sender, receiver) = channel();
        // On a thread of its own, as nothing else ends the wait for a line.
        let asking = Builder::new().spawn(move || {
            let _ = sender.send(next_answer());
        });
        if asking.is_err() {
            // Without a thread, the first Ctrl-C takes effect after the answer.
            return Some(next_answer())
                .filter(|_| !stop.load(Ordering::Relaxed))
                .unwrap_or(Answer::No);
        }
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => {
                    // The question's line has no end yet.
                    write_err("");
                    return Answer::No;
                }
            }
        }
    }
}

/// The next line of standard input as an answer.
fn next_answer() -> Answer {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut line);
    read.map_or(Answer::No, |_| Answer::of(&line))
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
