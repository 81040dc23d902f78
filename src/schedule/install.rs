//! Schedules put in place, found again and taken away: a user's systemd units, or lines of the user's crontab.
//!
//! Belongs here: files and the system's own programs. Doesn't: what stands in them (`schedule`).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Job, MARK, ScheduleError};
use crate::config::folder::Base;
use crate::files::{self, bounds};
use crate::sheet::write::{AtomicFile, WriteError};

/// How the units' names begin.
const PREFIX: &str = "stockport-";

/// What runs commands at their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A user's systemd timers.
    Systemd,
    /// The user's crontab.
    Cron,
    /// Windows's task scheduler.
    Windows,
}

impl System {
    /// This machine's: systemd where it runs, else cron.
    #[must_use]
    pub fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if Path::new("/run/systemd/system").is_dir() {
            Self::Systemd
        } else {
            Self::Cron
        }
    }
}

/// A schedule that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Where it stands: a file, or the crontab.
    pub place: String,
    /// When it runs, in the system's words.
    pub when: String,
    /// What it runs.
    pub command: String,
}

/// Where a user's units stand.
fn units() -> Result<PathBuf, ScheduleError> {
    let settings = Base::Config.folder().map_err(ScheduleError::NoHome)?;
    Ok(settings.join("systemd").join("user"))
}

/// Puts a schedule in place, and begins it. Gives where it stands.
pub fn install(job: &Job, system: System) -> Result<String, ScheduleError> {
    if list()?.iter().any(|known| known.name == job.name) {
        return Err(ScheduleError::Exists(job.name.clone()));
    }
    match system {
        System::Windows => Err(ScheduleError::ByHand),
        System::Cron => {
            let mut lines = crontab()?;
            lines.push(job.cron_line());
            write_crontab(&lines)?;
            Ok("the crontab".to_owned())
        }
        System::Systemd => install_units(job),
    }
}

fn install_units(job: &Job) -> Result<String, ScheduleError> {
    let folder = units()?;
    fs::create_dir_all(&folder).map_err(|cause| failed(&folder, "created", cause))?;
    let timer = folder.join(format!("{PREFIX}{}.timer", job.name));
    let service = folder.join(format!("{PREFIX}{}.service", job.name));
    for (path, text) in [(&service, job.service()), (&timer, job.timer())] {
        let written = AtomicFile::create(path, true).and_then(|mut file| {
            file.write_all(text.as_bytes()).map_err(WriteError::Io)?;
            file.commit()
        });
        written.map_err(|cause| failed(path, "written", std::io::Error::other(cause.to_string())))?;
    }
    let unit = format!("{PREFIX}{}.timer", job.name);
    let begun = systemctl(&["daemon-reload"]).and_then(|()| systemctl(&["enable", "--now", &unit]));
    if let Err(error) = begun {
        // Half a schedule would look like one.
        for path in [&timer, &service] {
            let _ = fs::remove_file(path);
        }
        return Err(error);
    }
    Ok(timer.display().to_string())
}

/// Every schedule of this program that is in place.
pub fn list() -> Result<Vec<Installed>, ScheduleError> {
    if cfg!(windows) {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let folder = units()?;
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(".timer"));
        let Some(name) = name else { continue };
        all.push(Installed {
            name: name.to_owned(),
            when: setting(&path, "OnCalendar="),
            command: setting(&path.with_extension("service"), "ExecStart="),
            place: path.display().to_string(),
        });
    }
    for line in crontab().unwrap_or_default() {
        if let Some((command, name)) = line.rsplit_once(MARK) {
            let fields: Vec<&str> = command.splitn(6, ' ').collect();
            all.push(Installed {
                name: name.trim().to_owned(),
                place: "the crontab".to_owned(),
                when: fields.get(..5).unwrap_or_default().join(" "),
                command: fields.get(5).unwrap_or(&"").trim().to_owned(),
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Takes a schedule away; a run that is under way ends as it would.
pub fn remove(name: &str) -> Result<(), ScheduleError> {
    let known = list()?;
    let known = known.iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| ScheduleError::NoSuch(name.to_owned()))?;
    let timer = Path::new(&known.place);
    if !timer.is_absolute() {
        let mut lines = crontab()?;
        lines.retain(|line| line.rsplit_once(MARK).is_none_or(|(_, marked)| marked.trim() != name));
        return write_crontab(&lines);
    }
    // Where systemd isn't there any more, the files go all the same.
    let stopped = systemctl(&["disable", "--now", &format!("{PREFIX}{name}.timer")]);
    for path in [timer.to_owned(), timer.with_extension("service")] {
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path, "removed", cause)),
            _ => {}
        }
    }
    stopped.and_then(|()| systemctl(&["daemon-reload"]))
}

fn setting(path: &Path, key: &str) -> String {
    let text = files::read_named_text(path, bounds::SETTINGS).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_default().to_owned()
}

fn systemctl(args: &[&str]) -> Result<(), ScheduleError> {
    let program = || format!("systemctl --user {}", args.join(" "));
    let run = Command::new("systemctl")
        .arg("--user")
        .args(args)
        .stdin(Stdio::null())
        .output();
    ended(run, &program).map(drop)
}

fn crontab() -> Result<Vec<String>, ScheduleError> {
    let run = Command::new("crontab").arg("-l").stdin(Stdio::null()).output();
    match run {
        // Without a crontab it says so and fails.
        Ok(output) if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no crontab") => {
            Ok(Vec::new())
        }
        run => {
            let output = ended(run, &|| "crontab -l".to_owned())?;
            let text = String::from_utf8(output).map_err(|_| ScheduleError::Program {
                program: "crontab -l".to_owned(),
                why: "it isn't text".to_owned(),
            })?;
            Ok(text.lines().map(str::to_owned).collect())
        }
    }
}

fn write_crontab(lines: &[String]) -> Result<(), ScheduleError> {
    let program = || "crontab -".to_owned();
    let mut child = Command::new("crontab")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| ScheduleError::Program {
            program: program(),
            why: crate::cause::io(&cause),
        })?;
    if let Some(mut input) = child.stdin.take() {
        for line in lines {
            writeln!(input, "{line}").map_err(|cause| failed(Path::new("crontab"), "written", cause))?;
        }
    }
    ended(child.wait_with_output(), &program).map(drop)
}

fn ended(run: std::io::Result<std::process::Output>, program: &dyn Fn() -> String) -> Result<Vec<u8>, ScheduleError> {
    let failed = |why| ScheduleError::Program {
        program: program(),
        why,
    };
    let output = run.map_err(|cause| failed(crate::cause::io(&cause)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or_default().trim();
    Err(failed(if said.is_empty() {
        output.status.to_string()
    } else {
        said.to_owned()
    }))
}

fn failed(path: &Path, doing: &'static str, cause: std::io::Error) -> ScheduleError {
    ScheduleError::File {
        path: path.to_owned(),
        doing,
        cause,
    }
}
