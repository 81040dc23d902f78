//! The texts of a user's systemd units: systemd.service(5), systemd.timer(5), systemd.time(7), systemd.syntax(7).
//!
//! Doesn't belong here: putting them in place (`install`).

use super::field::Field;
use super::{Job, ScheduleError, When, texts};

/// The name of a schedule's unit.
pub(super) fn unit(name: &str, kind: &str) -> String {
    format!("stockport-{name}.{kind}")
}

/// The service: one run; one that fails shows in `systemctl --user --failed`.
pub(super) fn service(job: &Job) -> Result<String, ScheduleError> {
    // The rest of the line is the path: an ending backslash would join the next line to it, an ending space be cut off.
    if job.folder.ends_with(['\\', ' ', '\t']) {
        return Err(job.system.cannot(format!("the working folder {:?}", job.folder)));
    }
    let command: Vec<String> = job.words().iter().map(|word| quoted(word).replace('$', "$$")).collect();
    let mut env = String::new();
    for (name, value) in &job.env {
        env += &format!("Environment={}\n", quoted(&format!("{name}={value}")));
    }
    // SIGTERM goes to the run alone, which passes it on: a second one would stop the command at once.
    Ok(format!(
        "# {}\n[Unit]\nDescription=stockport {}\n\n[Service]\nType=oneshot\nWorkingDirectory={}\n{env}ExecStart={} {}\nTimeoutStartSec={}\nKillMode=mixed\n",
        texts::note(job),
        job.name,
        job.folder.replace('%', "%%"),
        // Variables are not expanded in the program's path.
        quoted(&job.program),
        command.join(" "),
        job.limit,
    ))
}

/// The timer, which catches up a run that was missed while the machine was off.
pub(super) fn timer(job: &Job) -> String {
    let calendars = calendars(&job.when).join("\nOnCalendar=");
    format!(
        "# {}\n[Unit]\nDescription=stockport {}\n\n[Timer]\nOnCalendar={calendars}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        texts::note(job),
        job.name,
    )
}

/// The values of `OnCalendar`: two, where either of two kinds of days is enough.
pub(super) fn calendars(when: &When) -> Vec<String> {
    let date = |day: &str| format!("*-{}{day}", listed(&when.month));
    let days = if when.is_last_day {
        date("~01")
    } else {
        date(&format!("-{}", listed(&when.day)))
    };
    let zone = when.zone.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
    let time = format!("{}:{}:00{zone}", listed(&when.hour), listed(&when.minute));
    let names: Vec<&str> = when.weekday.names().filter_map(|name| name.get(..3)).collect();
    let names = names.join(",");
    if when.weekday.is_full() {
        vec![format!("{days} {time}")]
    } else if when.is_either_day() {
        vec![format!("{names} {} {time}", date("-*")), format!("{days} {time}")]
    } else {
        vec![format!("{names} {days} {time}")]
    }
}

fn listed(field: &Field) -> String {
    if field.is_full() {
        return "*".to_owned();
    }
    let numbers: Vec<String> = field.numbers().iter().map(|number| format!("{number:02}")).collect();
    numbers.join(",")
}

/// A word in quotation marks, `%` doubled.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}
