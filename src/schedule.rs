//! A command that runs on a schedule: what it is, and why it can't be scheduled.
//!
//! Belongs here: the job and its errors. Doesn't: times (`when`), the texts of each system (a file of its name), putting them
//! in place (`install`), how a run ended (`record`).

mod code;
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

use crate::config::folder::NoHome;
use crate::error::{Exit, UserError};
pub use when::When;

/// What runs commands on a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A user's systemd timers.
    Systemd,
    /// The user's crontab.
    Cron,
    /// A user's launchd agents.
    Launchd,
    /// Windows's task scheduler.
    Windows,
}

impl System {
    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Cron => "cron",
            Self::Launchd => "launchd",
            Self::Windows => "windows",
        }
    }
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

/// Why something can't be scheduled.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It is no time.
    #[error("{0:?} is not a time to run at")]
    NoTime(String),
    /// Some months lack the day.
    #[error("not every month has a day {0}")]
    ShortMonth(u8),
    /// The expression names no date that there is.
    #[error("{0:?} never comes")]
    Never(String),
    /// It is no time zone.
    #[error("{0:?} is not a time zone that this machine knows")]
    NoZone(String),
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
    /// The key would stand in a file that others may read.
    #[error("{0} may hold the API key, and is not written into a schedule")]
    Secret(String),
    /// A variable that is to be kept is not set.
    #[error("the variable {0} is not set")]
    NotSet(String),
    /// A text that the system's files can't hold.
    #[error("{0} contains a line break or another control character")]
    Control(String),
    /// A value or a path that is not text.
    #[error("{0} is not UTF-8 text")]
    NotText(String),
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
    #[error("the scheduled command was stopped after its time limit of {0}")]
    TimeLimit(String),
}

impl UserError for ScheduleError {
    fn code(&self) -> &'static str {
        code::of(self)
    }

    fn hint(&self) -> String {
        match self {
            Self::NoTime(_) => "write \"hourly :30\", \"daily 02:00\", \"weekly Sun 02:00\", \"monthly 1 02:00\" or five fields of cron, \"0 2 * * 1-5\"",
            Self::ShortMonth(_) => "use a day from 1 to 28, or \"monthly last 02:00\"",
            Self::Never(_) => "check the day and the month",
            Self::NoZone(_) => "write its IANA name after the time: \"daily 02:00 Europe/Berlin\"",
            Self::Cannot { .. } => "change it, choose another --system, or schedule a script that holds the command",
            Self::NoName(_) => "use letters, digits and dashes",
            Self::NoKey => "add --key-file FILE to the command, or a --profile that has a key",
            Self::NoOrganization => "add --org ID to the command, or a --profile that has an organization",
            Self::Misplaced(option) => {
                return format!("write it after the command: stockport schedule WHEN -- COMMAND --{option}");
            }
            Self::Secret(_) => "keep the key in a file of your own, and add --key-file FILE to the command",
            Self::NotSet(_) => "set it in this shell, or omit its --env",
            Self::Control(_) | Self::NotText(_) => "change it, or put the command into a script and schedule the script",
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
            Self::NoTime(_)
            | Self::ShortMonth(_)
            | Self::Never(_)
            | Self::NoZone(_)
            | Self::Cannot { .. }
            | Self::NoName(_)
            | Self::NoKey
            | Self::NoOrganization
            | Self::Misplaced(_)
            | Self::Secret(_)
            | Self::NotSet(_)
            | Self::Control(_)
            | Self::NotText(_) => Exit::Usage,
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
            let refused = text.contains(|c: char| (c.is_control() && c != '\t') || c == '\u{FFFE}' || c == '\u{FFFF}');
            if refused {
                Err(ScheduleError::Control(what.to_owned()))
            } else {
                Ok(())
            }
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
                words.extend(["--time-limit".to_owned(), duration(self.limit)]);
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
        match self.system {
            System::Systemd => Ok(vec![
                (systemd::unit(&self.name, "service"), systemd::service(self)?),
                (systemd::unit(&self.name, "timer"), systemd::timer(self)),
            ]),
            System::Cron => Ok(vec![(String::new(), cron::line(self)?)]),
            System::Launchd => Ok(vec![(launchd::file(&self.name), launchd::plist(self)?)]),
            System::Windows => Ok(vec![(windows::file(&self.name), windows::task(self)?)]),
        }
    }
}

/// A duration of so many seconds, in the largest unit that has no rest: `90s`, `30m`, `12h`, `7d`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

/// The absolute form of a path that needn't exist, as text.
pub fn absolute(path: &Path, what: &str) -> Result<String, ScheduleError> {
    let made = std::path::absolute(path).map_err(|cause| ScheduleError::File {
        path: path.to_owned(),
        doing: "found",
        cause,
    })?;
    let text = made.into_os_string().into_string();
    text.map_err(|_| ScheduleError::NotText(what.to_owned()))
}
