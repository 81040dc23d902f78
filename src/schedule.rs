//! When a command runs by itself, and how the system is told so: systemd timers, cron, Windows's task scheduler.
//!
//! Belongs here: times, and the texts that each system wants. Doesn't: putting them in place (`install`).

mod code;
pub mod install;

use std::path::{Path, PathBuf};

use crate::config::folder::NoHome;
use crate::error::{Exit, UserError};

/// The days of the week, as every system here abbreviates them.
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// When a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    every: Every,
    hour: u8,
    minute: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Hour,
    Day,
    /// By its place in [`DAYS`].
    Week(usize),
    /// By the day of the month, 1 to 28.
    Month(u8),
}

/// Why something can't be scheduled.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It is no time.
    #[error("{0:?} is not a time to run at")]
    NoTime(String),
    /// A name that systems don't take.
    #[error("{0:?} can't be a schedule's name")]
    NoName(String),
    /// Nobody will be there to give the key.
    #[error("no API key is configured for the scheduled command")]
    NoKey,
    /// Nor to say which organization is meant.
    #[error("no organization is configured for the scheduled command")]
    NoOrganization,
    /// A text that the system's files can't hold.
    #[error("a scheduled command can't contain a line break")]
    LineBreak,
    /// There is one of this name.
    #[error("a schedule named {0} exists already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no schedule named {0:?}")]
    NoSuch(String),
    /// There is no folder for systemd's units.
    #[error("there is no folder for the user's systemd units: {0}")]
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
    /// A program of the system failed.
    #[error("`{program}` failed: {why}")]
    Program {
        /// What was run.
        program: String,
        /// What it said.
        why: String,
    },
    /// This system's scheduler is told by a command that is printed.
    #[error("on this system, run the command that `stockport schedule` prints to install the schedule")]
    ByHand,
}

impl UserError for ScheduleError {
    fn code(&self) -> &'static str {
        code::of(self)
    }

    fn hint(&self) -> String {
        match self {
            Self::NoTime(_) => "write \"hourly\", \"daily 02:00\", \"weekly Sun 02:00\" or \"monthly 1 02:00\"",
            Self::NoName(_) => "use letters, digits and dashes",
            Self::NoKey => "add --key-file FILE to the command, or a --profile that has a key",
            Self::NoOrganization => "add --org ID to the command, or a --profile that has an organization",
            Self::LineBreak => "put the command into a script and schedule the script",
            Self::Exists(_) => "pass another --name, or remove it first: stockport schedule remove NAME",
            Self::NoSuch(_) => "`stockport schedule list` shows what there is",
            Self::NoHome(_) => "set XDG_CONFIG_HOME to the absolute path of a folder that can be written, or set HOME",
            Self::File { .. } => "check the folder's permissions",
            Self::Program { .. } => "without --install the text is printed for manual installation",
            Self::ByHand => "run that command in your own terminal",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoTime(_) | Self::NoName(_) | Self::NoKey | Self::NoOrganization | Self::LineBreak => Exit::Usage,
            _ => Exit::Stopped,
        }
    }
}

impl When {
    /// Reads `hourly`, `hourly :30`, `daily 02:00`, `weekly Sun 02:00`, `monthly 1 02:00`; in any case.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let read = || match words.as_slice() {
            ["hourly"] => Some((Every::Hour, (0, 0))),
            ["hourly", minute] => Some((Every::Hour, clock(&format!("0{minute}"))?)),
            ["daily", time] => Some((Every::Day, clock(time)?)),
            ["weekly", day, time] => {
                let begins = |name: &&str| is_day(day) && day.starts_with(&name.to_lowercase());
                Some((Every::Week(DAYS.iter().position(begins)?), clock(time)?))
            }
            ["monthly", day, time] => {
                let day = day.parse().ok().filter(|day| (1..=28).contains(day))?;
                Some((Every::Month(day), clock(time)?))
            }
            _ => None,
        };
        let (every, (hour, minute)) = read().ok_or_else(|| ScheduleError::NoTime(text.to_owned()))?;
        Ok(Self { every, hour, minute })
    }

    /// For systemd's `OnCalendar`.
    #[must_use]
    pub fn on_calendar(&self) -> String {
        let Self { hour, minute, .. } = self;
        match self.every {
            Every::Hour => format!("*-*-* *:{minute:02}:00"),
            Every::Day => format!("*-*-* {hour:02}:{minute:02}:00"),
            Every::Week(day) => format!("{} *-*-* {hour:02}:{minute:02}:00", day_name(day)),
            Every::Month(day) => format!("*-*-{day:02} {hour:02}:{minute:02}:00"),
        }
    }

    /// The five fields of a cron line.
    #[must_use]
    pub fn cron(&self) -> String {
        let Self { hour, minute, .. } = self;
        match self.every {
            Every::Hour => format!("{minute} * * * *"),
            Every::Day => format!("{minute} {hour} * * *"),
            Every::Week(day) => format!("{minute} {hour} * * {day}"),
            Every::Month(day) => format!("{minute} {hour} {day} * *"),
        }
    }

    /// The options of Windows's `schtasks`.
    fn schtasks(&self) -> String {
        let time = format!("/ST {:02}:{:02}", self.hour, self.minute);
        match self.every {
            Every::Hour => format!("/SC HOURLY {time}"),
            Every::Day => format!("/SC DAILY {time}"),
            Every::Week(day) => format!("/SC WEEKLY /D {} {time}", day_name(day).to_uppercase()),
            Every::Month(day) => format!("/SC MONTHLY /D {day} {time}"),
        }
    }
}

fn day_name(day: usize) -> &'static str {
    DAYS.get(day).copied().unwrap_or_default()
}

fn is_day(word: &str) -> bool {
    let days = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    days.iter().any(|day| *day == word || day.get(..3) == Some(word))
}

fn clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, most: u8| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59).filter(|_| minute.len() == 2)?))
}

/// A command that is to run by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// When.
    pub when: When,
    /// This program, by its absolute path.
    pub program: String,
    /// The command line after it.
    pub args: Vec<String>,
    /// The folder that it runs in, so that relative paths mean what they mean now.
    pub folder: String,
    /// The config file, where the environment names another one than the usual.
    pub config: Option<String>,
}

impl Job {
    /// Checks what can't be written into any system's file.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let named = !self.name.is_empty()
            && self.name.len() <= 100
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !named {
            return Err(ScheduleError::NoName(self.name.clone()));
        }
        let texts = self
            .args
            .iter()
            .chain([&self.program, &self.folder])
            .chain(&self.config);
        if texts.into_iter().any(|text| text.contains(['\n', '\r', '\0'])) {
            return Err(ScheduleError::LineBreak);
        }
        Ok(())
    }

    /// The systemd service: one run; one that fails shows in `systemctl --user --failed`.
    #[must_use]
    pub fn service(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        let command: Vec<String> = words.map(|word| quoted_for_systemd(word)).collect();
        let config = self.config.as_ref().map_or_else(String::new, |config| {
            // No shell and no `$` here: just quotes and percent signs.
            let setting = format!("STOCKPORT_CONFIG={config}")
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('%', "%%");
            format!("Environment=\"{setting}\"\n")
        });
        format!(
            "[Unit]\nDescription=stockport {}\n\n[Service]\nType=oneshot\nWorkingDirectory={}\n{config}ExecStart={}\n",
            self.name,
            self.folder.replace('%', "%%"),
            command.join(" ")
        )
    }

    /// The systemd timer, which catches up a run that was missed while the machine was off.
    #[must_use]
    pub fn timer(&self) -> String {
        format!(
            "[Unit]\nDescription=stockport {}\n\n[Timer]\nOnCalendar={}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
            self.name,
            self.when.on_calendar()
        )
    }

    /// The cron line; the comment at its end tells whose it is.
    #[must_use]
    pub fn cron_line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        let command: Vec<String> = words.map(|word| quoted_for_shell(word)).collect();
        let config = self.config.as_ref().map_or_else(String::new, |config| {
            format!("STOCKPORT_CONFIG={} ", quoted_for_shell(config))
        });
        let line = format!(
            "cd {} && {config}{} {MARK}{}",
            quoted_for_shell(&self.folder),
            command.join(" "),
            self.name
        );
        // cron takes a percent sign for the end of the command.
        format!("{} {}", self.when.cron(), line.replace('%', "\\%"))
    }

    /// The command that tells Windows's task scheduler.
    #[must_use]
    pub fn schtasks(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        let command: Vec<String> = words.map(|word| quoted_for_windows(word)).collect();
        let folder = quoted_for_windows(&self.folder);
        let config = self
            .config
            .as_ref()
            .map_or_else(String::new, |config| format!("set \"STOCKPORT_CONFIG={config}\" && "));
        let inner = format!("cmd /c cd /d {folder} && {config}{}", command.join(" "));
        format!(
            "schtasks /Create /TN \"stockport\\{}\" {} /TR \"{}\"",
            self.name,
            self.when.schtasks(),
            inner.replace('"', "\\\"")
        )
    }
}

/// What marks a cron line as one of this program's.
pub const MARK: &str = "# stockport: ";

/// A word of `ExecStart=` (systemd.service(5), systemd.syntax(7)): in quotes, `%` and `$` doubled.
fn quoted_for_systemd(word: &str) -> String {
    let escaped = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    format!("\"{escaped}\"")
}

fn quoted_for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn quoted_for_windows(word: &str) -> String {
    if word.is_empty() || word.contains([' ', '\t', '&', '|', '<', '>', '^', '(', ')']) {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

/// The absolute form of a path that needn't exist, as text.
pub fn absolute(path: &Path) -> Result<String, ScheduleError> {
    let made = std::path::absolute(path);
    let path = made.map_err(|cause| ScheduleError::File {
        path: path.to_owned(),
        doing: "found",
        cause,
    })?;
    Ok(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(args: &[&str]) -> Job {
        Job {
            name: "nightly".into(),
            when: When::parse("daily 02:00").unwrap(),
            program: "/opt/my tools/stockport".into(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            folder: "/home/me".into(),
            config: None,
        }
    }

    #[test]
    fn a_time_is_told_to_each_system_in_its_own_words() {
        for (text, calendar, cron, tasks) in [
            ("daily 02:00", "*-*-* 02:00:00", "0 2 * * *", "/SC DAILY /ST 02:00"),
            ("Daily 9:05", "*-*-* 09:05:00", "5 9 * * *", "/SC DAILY /ST 09:05"),
            ("hourly", "*-*-* *:00:00", "0 * * * *", "/SC HOURLY /ST 00:00"),
            ("hourly :30", "*-*-* *:30:00", "30 * * * *", "/SC HOURLY /ST 00:30"),
            (
                "weekly Sunday 23:59",
                "Sun *-*-* 23:59:00",
                "59 23 * * 0",
                "/SC WEEKLY /D SUN /ST 23:59",
            ),
            (
                "weekly sat 00:00",
                "Sat *-*-* 00:00:00",
                "0 0 * * 6",
                "/SC WEEKLY /D SAT /ST 00:00",
            ),
            (
                "monthly 1 02:00",
                "*-*-01 02:00:00",
                "0 2 1 * *",
                "/SC MONTHLY /D 1 /ST 02:00",
            ),
        ] {
            let when = When::parse(text).unwrap();
            assert_eq!(
                (
                    when.on_calendar().as_str(),
                    when.cron().as_str(),
                    when.schtasks().as_str()
                ),
                (calendar, cron, tasks)
            );
        }
        for text in [
            "",
            "daily",
            "daily 25:00",
            "daily 2",
            "daily 02:60",
            "daily 02:5",
            "weekly 02:00",
            "weekly sunnyday 02:00",
            "monthly 31 02:00",
            "nightly 02:00",
            "daily 02:00 x",
        ] {
            assert!(matches!(When::parse(text), Err(ScheduleError::NoTime(_))), "{text}");
        }
    }

    #[test]
    fn words_reach_the_command_as_they_are() {
        let job = job(&[
            "backup",
            "create",
            "my dir",
            "--on-failure",
            "mail -s \"50% of $X\" me",
            "it's",
        ]);
        let service = job.service();
        let exec = r#"ExecStart="/opt/my tools/stockport" "backup" "create" "my dir" "--on-failure" "mail -s \"50%% of $$X\" me" "it's""#;
        assert!(service.contains(exec), "{service}");
        let cron = r#"0 2 * * * cd /home/me && '/opt/my tools/stockport' backup create 'my dir' --on-failure 'mail -s "50\% of $X" me' 'it'\''s' # stockport: nightly"#;
        assert_eq!(job.cron_line(), cron);
        assert!(
            job.schtasks().starts_with(
                r#"schtasks /Create /TN "stockport\nightly" /SC DAILY /ST 02:00 /TR "cmd /c cd /d /home/me"#
            )
        );
    }

    #[test]
    fn a_missed_run_is_caught_up() {
        assert!(job(&[]).timer().contains("\nPersistent=true\n"));
    }

    #[test]
    fn what_no_system_takes_is_refused() {
        assert!(job(&["a b"]).check().is_ok());
        assert!(matches!(job(&["a\nb"]).check(), Err(ScheduleError::LineBreak)));
        for name in ["", "a b", "../x", "a.b", "ü"] {
            let named = Job {
                name: name.into(),
                ..job(&[])
            };
            assert!(matches!(named.check(), Err(ScheduleError::NoName(_))), "{name}");
        }
    }
}
