//! Long texts for the person at the terminal: through a pager, where there is one.
//!
//! Doesn't belong here: what the text says.

use std::ffi::OsString;
use std::io::{BufWriter, Write as _};
use std::process::{Child, Command, Stdio};

use super::Output;
use super::tame::tame;
use crate::environment;

/// What pagers of a shell end with where the command is not there, or can't be run.
const NO_COMMAND: [i32; 2] = [126, 127];

/// The pagers of a user who names none, the best first.
const USUAL: [&str; 2] = ["less", "more"];

/// `less` ends at once where the text fits the screen, leaves it there, and shows colours.
const LESS: &str = "FRX";

/// Gives the lines of a text until it is told to stop.
pub type Lines<'l, E> = dyn FnMut(&mut dyn FnMut(&str) -> bool) -> Result<(), E> + 'l;

impl Output {
    /// Shows a text that `lines` gives, as often as it is asked: in the pager that `PAGER` names, else in a usual one; plainly
    /// where there is none, where `PAGER` is blank, and where no person sits at a terminal. The text goes to the terminal of
    /// standard error, wherever the results go.
    pub fn page<E>(&self, lines: &mut Lines<'_, E>) -> Result<(), E> {
        let pager = if self.can_ask() {
            pager(environment::value("PAGER"))
        } else {
            None
        };
        if let Some(mut child) = pager {
            let mut given = Ok(());
            if let Some(input) = child.stdin.take() {
                let mut input = BufWriter::new(input);
                // A pager that is left early reads no more.
                given = lines(&mut |line| writeln!(input, "{}", self.terminal.signs(&tame(line))).is_ok());
                let _ = input.flush();
            }
            let ended = child.wait();
            let is_missing = |code| NO_COMMAND.contains(&code);
            if !ended.is_ok_and(|status| status.code().is_some_and(is_missing)) {
                return given;
            }
        }
        lines(&mut |line| {
            self.terminal.err(line, &[]);
            true
        })
    }
}

/// The pager, started.
fn pager(wanted: Option<OsString>) -> Option<Child> {
    let Some(wanted) = wanted else {
        return USUAL.iter().find_map(|name| started(Command::new(name)));
    };
    if wanted.is_empty() {
        return None;
    }
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.arg(option).arg(wanted);
    started(command)
}

fn started(mut command: Command) -> Option<Child> {
    if environment::value("LESS").is_none() {
        command.env("LESS", LESS);
    }
    command.stdin(Stdio::piped()).stdout(std::io::stderr()).spawn().ok()
}
