//! The system's shell, for the commands that users give: `key_command`, `--on-success`, `--on-failure`.
//!
//! Doesn't belong here: what becomes of a command's output and end.

use std::process::Command;

/// A user's command, not started yet: `sh -c` on Unix, `cmd /C` on Windows.
#[must_use]
#[cfg(not(windows))]
pub fn command(text: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(text);
    shell
}

/// A user's command, not started yet: `sh -c` on Unix, `cmd /C` on Windows.
#[must_use]
#[cfg(windows)]
pub fn command(text: &str) -> Command {
    use std::os::windows::process::CommandExt as _;
    let mut shell = Command::new("cmd");
    // cmd knows no escaped quotes: with /S it removes the outer ones, and takes the rest as it stands.
    shell.raw_arg("/D /S /C").raw_arg(format!("\"{text}\""));
    shell
}
