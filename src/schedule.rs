//! A command that runs on a schedule: what it is, and why it can't be scheduled.
//!
//! Belongs here: the job and its errors. Doesn't: times (`when`), the texts of each system (a file of its name), putting them
//! in place (`install`), how a run ended (`record`).

mod cron;
mod field;
pub mod install;
mod launchd;
mod programs;
pub mod record;
mod systemd;
mod texts;
mod when;
mod windows;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::folder::NoHome;
use crate::error::{Code, Exit, UserError, code};
pub use when::When;

/// What runs commands on a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    /// A user's systemd timer, which catches up on a missed run
    Systemd,
    /// A line of the user's crontab
    Cron,
    /// A user's agent on a Mac
    Launchd,
    /// A task of Windows's task scheduler
    Windows,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Systemd => "systemd",
            Self::Cron => "cron",
            Self::Launchd => "launchd",
            Self::Windows => "the Windows task scheduler",
        })
    }
}

impl System {
    /// How the names of its files begin and end; the crontab is no file of ours.
    fn file_names(self) -> (&'static str, &'static str) {
        match self {
            Self::Systemd | Self::Cron => ("stockport-", ".timer"),
            Self::Launchd => ("stockport.", ".plist"),
            Self::Windows => ("stockport-", ".xml"),
        }
    }

    /// The file of a schedule.
    fn file(self, name: &str) -> String {
        let (before, after) = self.file_names();
        format!("{before}{name}{after}")
    }

    fn cannot(self, what: impl Into<String>) -> ScheduleError {
        let (system, what) = (self, what.into());
        ScheduleError::Cannot { system, what }
    }

    /// Refuses a time that this system has no words for; systemd has words for all.
    fn check(self, when: &When) -> Result<(), ScheduleError> {
        if self == Self::Systemd {
            return Ok(());
        }
        if let Some(zone) = when.foreign_zone() {
            return Err(self.cannot(format!("the time zone {zone}, as it runs in the machine's own")));
        }
        if when.is_last_day && self != Self::Windows {
            return Err(self.cannot("the last day of a month"));
        }
        if when.is_both_days() && self != Self::Cron {
            return Err(self.cannot("days of the month that have to be certain days of the week"));
        }
        Ok(())
    }
}

/// Why something can't be scheduled.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It is no time, or one that never comes; with the reason, if there is more to say.
    #[error("{0:?} is not a time to run at{1}")]
    NoTime(String, String),
    /// A system has no words for it.
    #[error("{system} can't be given {what}")]
    Cannot {
        /// The system.
        system: System,
        /// What it can't do.
        what: String,
    },
    /// A name that systems don't take.
    #[error("{0:?} can't be a schedule's name")]
    NoName(String),
    /// Nobody will be there to give the key.
    #[error("no API key is configured for the scheduled command")]
    NoKey,
    /// Nor to say which organization is meant.
    #[error("no organization is configured for the scheduled command")]
    NoOrganization,
    /// An option of the scheduled command stands before the `--`.
    #[error("--{0} is an option of the scheduled command")]
    Misplaced(String),
    /// A variable, or another part of the text, that can't be written down.
    #[error("{0} {1}")]
    Unwritable(String, &'static str),
    /// The command fails in the environment that the system gives it.
    #[error("run by {system}, the command would fail: {why}")]
    Fails {
        /// The system.
        system: System,
        /// What the command said.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// There is one of this name.
    #[error("a schedule named {0} exists already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no schedule named {0:?}")]
    NoSuch(String),
    /// There is no folder for the system's files.
    #[error("there is no folder for the user's schedules: {0}")]
    NoHome(NoHome),
    /// A file can't be written or removed.
    #[error("{} can't be {doing}: {}", .path.display(), crate::cause::io(.cause))]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// A program of the system is not installed.
    #[error("{system} is not available here: there is no program `{program}`")]
    Absent {
        /// The system.
        system: System,
        /// Its program.
        program: &'static str,
    },
    /// A program of the system failed.
    #[error("`{program}` failed: {why}")]
    Program {
        /// What was run.
        program: String,
        /// What it said.
        why: String,
    },
    /// The run was ended at its limit.
    #[error("the scheduled command was stopped after its time limit of {}", crate::api::wait::span(*.0))]
    TimeLimit(Duration),
}

impl UserError for ScheduleError {
    fn code(&self) -> Code {
        match self {
            Self::NoTime(..) => "schedule_bad_time".into(),
            Self::NoName(_) => "schedule_bad_name".into(),
            Self::File { .. } => "schedule_file_failed".into(),
            Self::Program { .. } => "schedule_program_failed".into(),
            _ => code("schedule", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoTime(..) => {
                "write \"daily 02:00\", \"weekly Sun 02:00\", \"monthly last 02:00\" or five fields of cron, \"0 2 * * 1-5\"; `stockport help backups` has more"
            }
            Self::Cannot { .. } => "change it, choose another --system, or schedule a script that holds the command",
            Self::NoName(_) => "use letters, digits and dashes",
            Self::NoKey => "add --key-file FILE to the command, or a --profile that has a key",
            Self::NoOrganization => "add --org ID to the command, or a --profile that has an organization",
            Self::Misplaced(option) => {
                return format!("write it after the command: stockport schedule WHEN -- COMMAND --{option}");
            }
            Self::Unwritable(..) => "change it, or put the command into a script; a secret belongs in a file (--key-file, --proxy-auth-file)",
            Self::Fails { hint, .. } => return hint.clone(),
            Self::Exists(_) => "pass another --name, or remove it first: stockport schedule remove NAME",
            Self::NoSuch(_) => "`stockport schedule list` shows what there is",
            Self::NoHome(_) => "set XDG_CONFIG_HOME to the absolute path of a folder that can be written, or set HOME",
            Self::File { .. } => "check the folder's permissions",
            Self::Absent { .. } => ELSEWHERE,
            Self::Program { .. } => "without --install the text is printed for manual installation",
            Self::TimeLimit(_) => "schedule it with a longer --time-limit, or find out what it waited for",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoTime(..)
            | Self::Cannot { .. }
            | Self::NoName(_)
            | Self::NoKey
            | Self::NoOrganization
            | Self::Misplaced(_)
            | Self::Unwritable(..) => Exit::Usage,
            _ => Exit::Stopped,
        }
    }
}

/// What to do on a machine without a scheduler, as a container is.
pub const ELSEWHERE: &str = "let the host, or the cluster, start the command: samples/kubernetes has a CronJob; or install cron or systemd here";

/// A command that is to run on a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// When.
    pub when: When,
    /// What runs it.
    pub system: System,
    /// This program, by its absolute path.
    pub program: String,
    /// The command line after it.
    pub args: Vec<String>,
    /// The folder that it runs in, so that relative paths mean what they mean now.
    pub folder: String,
    /// The variables of its environment.
    pub env: Vec<(String, String)>,
    /// The most seconds that a run takes.
    pub limit: u64,
}

impl Job {
    /// Checks what can't be written into any system's file.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.name.is_empty() || self.name.len() > 100 || !self.name.bytes().all(is_name) {
            return Err(ScheduleError::NoName(self.name.clone()));
        }
        let named = |what: &str, text: &str| {
            // XML 1.0 has no way to write these two.
            if !text.contains(|c: char| (c.is_control() && c != '\t') || c == '\u{FFFE}' || c == '\u{FFFF}') {
                return Ok(());
            }
            let why = "contains a line break or another control character";
            Err(ScheduleError::Unwritable(what.to_owned(), why))
        };
        for arg in &self.args {
            named("the scheduled command", arg)?;
        }
        named("the path of this program", &self.program)?;
        named("the name of this folder", &self.folder)?;
        self.env.iter().try_for_each(|(name, value)| named(name, value))
    }

    /// The words after the program: the command, in a run that keeps its time limit and leaves a record of its end.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = ["schedule", "run", &self.name].map(str::to_owned).to_vec();
        match self.system {
            // They stop what takes too long by themselves.
            System::Systemd | System::Windows => {}
            System::Cron | System::Launchd => {
                words.extend(["--time-limit".to_owned(), format!("{}s", self.limit)]);
            }
        }
        if self.system == System::Windows {
            // A task has no environment of its own.
            let settings = self.env.iter().map(|(name, value)| format!("{name}={value}"));
            words.extend(settings.flat_map(|setting| ["--set".to_owned(), setting]));
        }
        words.push("--".to_owned());
        words.extend(self.args.iter().cloned());
        words
    }

    /// What its system is told, each text with the file that it belongs into; the crontab has no name here.
    pub fn texts(&self) -> Result<Vec<(String, String)>, ScheduleError> {
        self.system.check(&self.when)?;
        let file = self.system.file(&self.name);
        Ok(match self.system {
            System::Systemd => vec![
                (systemd::unit(&self.name, "service"), systemd::service(self)?),
                (file, systemd::timer(self)),
            ],
            System::Cron => vec![(String::new(), cron::line(self)?)],
            System::Launchd => vec![(file, launchd::plist(self)?)],
            System::Windows => vec![(file, windows::task(self)?)],
        })
    }
}

/// What is wrong with bytes that are no text.
pub const NOT_TEXT: &str = "is not UTF-8 text";

/// The absolute form of a path that needn't exist, as text.
pub fn absolute(path: &Path, what: &str) -> Result<String, ScheduleError> {
    let made = std::path::absolute(path).map_err(|cause| ScheduleError::File {
        path: path.to_owned(),
        doing: "found",
        cause,
    })?;
    let text = made.into_os_string().into_string();
    text.map_err(|_| ScheduleError::Unwritable(what.to_owned(), NOT_TEXT))
}
