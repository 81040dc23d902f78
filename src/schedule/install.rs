//! Schedules put in place, found again and removed: files in a folder of each system, or lines of the user's crontab.
//!
//! Doesn't belong here: what stands in them (a file for each system), running the system's programs (`programs`).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::programs::{self, crontab, is_there, write_crontab};
use super::texts::{noted, words};
use super::{Job, ScheduleError, System, When, cron, systemd, windows};
use crate::config::folder::{Base, NoHome, home};
use crate::files::{self, bounds};

impl System {
    /// This machine's: systemd where it runs, else cron; none where neither is there, as in a container.
    #[must_use]
    pub fn here() -> Option<Self> {
        if cfg!(windows) {
            Some(Self::Windows)
        } else if cfg!(target_os = "macos") {
            Some(Self::Launchd)
        } else if Path::new("/run/systemd/system").is_dir() {
            Some(Self::Systemd)
        } else {
            is_there(Self::Cron).then_some(Self::Cron)
        }
    }

    /// The folder of its files; none for cron, which keeps its own.
    fn folder(self) -> Result<Option<PathBuf>, ScheduleError> {
        let settings = || Base::Config.folder();
        let folder = match self {
            Self::Systemd => settings().map(|folder| folder.join("systemd").join("user")),
            Self::Launchd => home().map(|home| home.join("Library/LaunchAgents")).ok_or(NoHome),
            Self::Windows => settings().map(|folder| folder.join("stockport").join("schedules")),
            Self::Cron => return Ok(None),
        };
        folder.map(Some).map_err(ScheduleError::NoHome)
    }
}

/// A schedule that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// What runs it.
    pub system: System,
    /// Where it stands: a file, or the crontab.
    pub place: String,
    /// When it runs, in the system's words.
    pub when: String,
    /// The same as it was understood; none where the text is not this program's.
    pub times: Option<When>,
    /// The program, as the system runs it.
    pub program: Option<String>,
    /// The command.
    pub command: Vec<String>,
}

impl Installed {
    /// Whether its system waits for its time; none where that can't be told.
    #[must_use]
    pub fn is_active(&self) -> Option<bool> {
        let unit = systemd::unit(&self.name, "timer");
        (self.system == System::Systemd).then(|| programs::is_active(&unit))?
    }
}

/// Installs a schedule, and starts it. Gives where it stands.
pub fn install(job: &Job) -> Result<String, ScheduleError> {
    if list()?.iter().any(|known| known.name == job.name) {
        return Err(ScheduleError::Exists(job.name.clone()));
    }
    let texts = job.texts()?;
    let Some(folder) = job.system.folder()? else {
        let mut lines = crontab()?;
        lines.extend(texts.into_iter().map(|(_, line)| line));
        write_crontab(&lines)?;
        return Ok("the crontab".to_owned());
    };
    files::create_folder(&folder).map_err(|cause| failed(&folder, "created", cause))?;
    let mut paths = Vec::new();
    for (name, text) in texts {
        let path = folder.join(name);
        // In place of a link, not through it.
        files::write(&path, text.as_bytes()).map_err(|cause| failed(&path, "written", cause))?;
        paths.push(path);
    }
    let place = paths.last().map(|path| path.display().to_string()).unwrap_or_default();
    if let Err(error) = start(job, &place) {
        // Half a schedule would look like one.
        for path in &paths {
            let _ = fs::remove_file(path);
        }
        return Err(error);
    }
    Ok(place)
}

fn start(job: &Job, place: &str) -> Result<(), ScheduleError> {
    let system = job.system;
    match system {
        System::Systemd => {
            system.tell(&["--user", "daemon-reload"])?;
            let unit = systemd::unit(&job.name, "timer");
            system.tell(&["--user", "enable", "--now", &unit])?;
        }
        System::Launchd => drop(system.tell(&["load", "-w", place])?),
        System::Windows => {
            let name = windows::name(&job.name);
            system.tell(&["/Create", "/TN", &name, "/XML", place])?;
        }
        System::Cron => {}
    }
    Ok(())
}

/// Every schedule of this program that is in place.
pub fn list() -> Result<Vec<Installed>, ScheduleError> {
    let mut all = Vec::new();
    for system in [System::Systemd, System::Launchd, System::Windows] {
        let folder = match system.folder() {
            // The settings' folder may be known without a home.
            Err(_) if system == System::Launchd => None,
            folder => folder?,
        };
        let Some(folder) = folder else { continue };
        let entries = match fs::read_dir(&folder) {
            Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            entries => entries.map_err(|cause| failed(&folder, "read", cause))?,
        };
        all.extend(entries.flatten().filter_map(|entry| in_file(system, &entry.path())));
    }
    if !cfg!(windows) && is_there(System::Cron) {
        let lines = match crontab() {
            // Where another system runs the schedules, a user may have no right to cron.
            Err(_) if System::here() != Some(System::Cron) => Vec::new(),
            lines => lines?,
        };
        all.extend(lines.iter().filter_map(|line| in_line(line)));
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn in_file(system: System, path: &Path) -> Option<Installed> {
    let (before, after) = system.file_names();
    let name = path.file_name()?.to_str()?.strip_prefix(before)?.strip_suffix(after)?;
    let text = read(path);
    // The other systems' files have neither of these lines.
    let started = words(&setting(&read(&path.with_extension("service")), "ExecStart="));
    let calendar = setting(&text, "OnCalendar=");
    let (when, command) = noted(&text).unwrap_or_else(|| (String::new(), started.iter().skip(1).cloned().collect()));
    Some(Installed {
        name: name.to_owned(),
        system,
        place: path.display().to_string(),
        times: When::parse(&when).ok(),
        when: if system == System::Systemd { calendar } else { when },
        program: started.into_iter().next().map(|program| program.replace("%%", "%")),
        command,
    })
}

fn in_line(line: &str) -> Option<Installed> {
    let (name, when, words) = cron::read(line)?;
    let mut words = words.into_iter();
    let program = words.next();
    let words: Vec<String> = words.collect();
    let from = words.iter().position(|word| word == "--").map_or(0, |at| at + 1);
    Some(Installed {
        name,
        system: System::Cron,
        place: "the crontab".to_owned(),
        times: When::parse(&when).ok(),
        when,
        program,
        command: words.into_iter().skip(from).collect(),
    })
}

/// Removes a schedule; a run that is under way ends as it would.
pub fn remove(name: &str) -> Result<(), ScheduleError> {
    let known = list()?;
    let known = known.iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| ScheduleError::NoSuch(name.to_owned()))?;
    let (system, file) = (known.system, Path::new(&known.place));
    // Where the system isn't there any more, the files are removed all the same.
    let stopped = match system {
        System::Cron => {
            let mut lines = crontab()?;
            lines.retain(|line| cron::read(line).is_none_or(|(marked, ..)| marked != name));
            return write_crontab(&lines);
        }
        System::Systemd => system.tell(&["--user", "disable", "--now", &systemd::unit(name, "timer")]),
        System::Launchd => system.tell(&["unload", "-w", &known.place]),
        System::Windows => system.tell(&["/Delete", "/F", "/TN", &windows::name(name)]),
    };
    let mut paths = vec![file.to_owned()];
    if system == System::Systemd {
        paths.push(file.with_extension("service"));
    }
    for path in paths {
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(failed(&path, "removed", cause)),
            _ => {}
        }
    }
    stopped?;
    if system == System::Systemd {
        system.tell(&["--user", "daemon-reload"])?;
    }
    Ok(())
}

fn read(path: &Path) -> String {
    files::read_named_text(path, bounds::SETTINGS).unwrap_or_default()
}

fn setting(text: &str, key: &str) -> String {
    let values: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(key)).collect();
    values.join("; ")
}

fn failed(path: &Path, doing: &'static str, cause: io::Error) -> ScheduleError {
    ScheduleError::File {
        path: path.to_owned(),
        doing,
        cause,
    }
}
