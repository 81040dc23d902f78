//! The programs by which each system is told: `systemctl`, `crontab`, `launchctl`, `schtasks`.
//!
//! Doesn't belong here: when they are called (`install`).

use std::io::{self, ErrorKind, Write as _};
use std::process::{Command, Output, Stdio};

use super::{NOT_TEXT, ScheduleError, System};
use crate::environment;

impl System {
    fn program(self) -> &'static str {
        match self {
            Self::Systemd => "systemctl",
            Self::Cron => "crontab",
            Self::Launchd => "launchctl",
            Self::Windows => "schtasks",
        }
    }

    /// Runs the system's program, and gives what it printed.
    pub(super) fn tell(self, args: &[&str]) -> Result<Vec<u8>, ScheduleError> {
        self.ended(self.run(args), args)
    }

    fn run(self, args: &[&str]) -> io::Result<Output> {
        Command::new(self.program()).args(args).stdin(Stdio::null()).output()
    }

    fn ended(self, run: io::Result<Output>, args: &[&str]) -> Result<Vec<u8>, ScheduleError> {
        let failed = |why| ScheduleError::Program {
            program: format!("{} {}", self.program(), args.join(" ")),
            why,
        };
        let output = run.map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => ScheduleError::Absent {
                system: self,
                program: self.program(),
            },
            _ => failed(crate::cause::io(&cause)),
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).find(|line| !line.is_empty());
        Err(failed(said.map_or_else(|| output.status.to_string(), str::to_owned)))
    }
}

/// Whether a timer of systemd is waiting; none where it can't be told.
pub(super) fn is_active(unit: &str) -> Option<bool> {
    // systemctl(1): 3 is a unit that is not active; other codes say that it couldn't ask.
    match System::Systemd
        .run(&["--user", "is-active", unit])
        .ok()?
        .status
        .code()?
    {
        0 => Some(true),
        3 => Some(false),
        _ => None,
    }
}

/// Whether a program is in a folder of `PATH`.
pub(super) fn is_there(system: System) -> bool {
    let path = environment::value("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(system.program()).is_file())
}

/// The lines of the user's crontab.
pub(super) fn crontab() -> Result<Vec<String>, ScheduleError> {
    let args = ["-l"];
    match System::Cron.run(&args) {
        // Without a crontab it says so and fails.
        Ok(output) if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no crontab") => {
            Ok(Vec::new())
        }
        run => {
            let printed = System::Cron.ended(run, &args)?;
            let text = String::from_utf8(printed)
                .map_err(|_| ScheduleError::Unwritable("the crontab".to_owned(), NOT_TEXT))?;
            Ok(text.lines().map(str::to_owned).collect())
        }
    }
}

/// Replaces the user's crontab.
pub(super) fn write_crontab(lines: &[String]) -> Result<(), ScheduleError> {
    let args = ["-"];
    let write = || {
        let mut child = Command::new(System::Cron.program())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            let ended: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
            let text = ended.concat();
            // One that refuses the text ends before it has read it, and says why.
            let _ = input.write_all(text.as_bytes());
        }
        child.wait_with_output()
    };
    System::Cron.ended(write(), &args).map(drop)
}
