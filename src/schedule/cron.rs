//! The line of a user's crontab: crontab(5).
//!
//! Doesn't belong here: putting it in place (`install`).

use super::texts::{line_for_shell, quoted_for_shell, words};
use super::{Job, ScheduleError, System};

/// What marks a line as one of this program's, before the schedule's name.
pub(super) const MARK: &str = "# stockport: ";

/// The most bytes of a line: Debian's cron takes no longer command.
const LONGEST: usize = 998;

/// The line; the comment at its end says whose it is.
pub(super) fn line(job: &Job) -> Result<String, ScheduleError> {
    let env = job.env.iter();
    let env = env.map(|(name, value)| format!("{name}={} ", quoted_for_shell(value)));
    let command = format!(
        "cd {} && {}{} {} {MARK}{}",
        quoted_for_shell(&job.folder),
        env.collect::<String>(),
        quoted_for_shell(&job.program),
        line_for_shell(&job.words()),
        job.name
    );
    // cron ends the command at a percent sign.
    let line = format!("{} {}", job.when.cron(), command.replace('%', "\\%"));
    if line.len() > LONGEST {
        let bytes = line.len();
        return Err(System::Cron.cannot(format!("a line of {bytes} bytes, of which it reads {LONGEST}")));
    }
    Ok(line)
}

/// A line of this program's: its schedule's name, its five fields, and the words of its command.
pub(super) fn read(line: &str) -> Option<(String, String, Vec<String>)> {
    let (line, name) = line.rsplit_once(MARK)?;
    let fields: Vec<&str> = line.splitn(6, ' ').collect();
    let (command, fields) = fields.split_last().filter(|(_, fields)| fields.len() == 5)?;
    let command = words(&command.replace("\\%", "%"));
    // The program comes after the folder and the variables.
    let from = command.iter().position(|word| word == "&&").map_or(0, |at| at + 1);
    let command = command.into_iter().skip(from);
    let is_variable = |word: &String| word.split_once('=').is_some_and(|(name, _)| !name.contains(['/', ' ']));
    Some((
        name.trim().to_owned(),
        fields.join(" "),
        command.skip_while(is_variable).collect(),
    ))
}
