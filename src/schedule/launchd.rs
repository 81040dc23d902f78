//! The property list of a user's launchd agent: launchd.plist(5).
//!
//! Doesn't belong here: putting it in place (`install`).

use super::field::Field;
use super::texts::{in_xml, note};
use super::{Job, ScheduleError, System, When};

/// The most entries of times in one list.
const MOST: usize = 500;

/// An agent's label.
pub(super) fn label(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// How the labels begin.
pub(super) const PREFIX: &str = "stockport.";

/// The file of an agent.
pub(super) fn file(name: &str) -> String {
    format!("{}.plist", label(name))
}

/// The list. launchd runs a missed time once the machine wakes.
pub(super) fn plist(job: &Job) -> Result<String, ScheduleError> {
    let string = |text: &str| format!("<string>{}</string>\n", in_xml(text));
    let arguments: String = std::iter::once(&job.program)
        .chain(&job.words())
        .map(|word| string(word))
        .collect();
    let env = job
        .env
        .iter()
        .map(|(name, value)| format!("<key>{name}</key>{}", string(value)));
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n<key>Label</key>{}<key>Comment</key>{}\
         <key>ProgramArguments</key>\n<array>\n{arguments}</array>\n\
         <key>WorkingDirectory</key>{}<key>EnvironmentVariables</key>\n<dict>\n{}</dict>\n\
         <key>StartCalendarInterval</key>\n<array>\n{}</array>\n</dict>\n</plist>\n",
        string(&label(&job.name)),
        string(&note(job)),
        string(&job.folder),
        env.collect::<String>(),
        times(&job.when)?,
    ))
}

/// The entries of `StartCalendarInterval`: one a combination of numbers, as an entry takes one number a key.
fn times(when: &When) -> Result<String, ScheduleError> {
    let cannot = |what: &str| ScheduleError::Cannot {
        system: System::Launchd,
        what: what.to_owned(),
    };
    if when.is_last_day {
        return Err(cannot("the last day of a month"));
    }
    if when.foreign_zone().is_some() {
        return Err(cannot("a time zone, as it runs in the machine's own"));
    }
    if when.is_both_days() {
        return Err(cannot("days of the month that have to be certain days of the week"));
    }
    let mut entries = vec![String::new()];
    let add = |entries: Vec<String>, key: &str, field: &Field| -> Vec<String> {
        if field.is_full() {
            return entries;
        }
        let numbers = field.numbers();
        let with = |entry: &String| {
            let entry = entry.clone();
            let one = move |number: &u8| format!("{entry}<key>{key}</key><integer>{number}</integer>");
            numbers.iter().map(one).collect::<Vec<_>>()
        };
        entries.iter().flat_map(with).collect()
    };
    for (key, field) in [("Minute", &when.minute), ("Hour", &when.hour), ("Month", &when.month)] {
        entries = add(entries, key, field);
    }
    let entries = if when.is_either_day() {
        let days = add(entries.clone(), "Day", &when.day);
        [days, add(entries, "Weekday", &when.weekday)].concat()
    } else {
        let entries = add(entries, "Day", &when.day);
        add(entries, "Weekday", &when.weekday)
    };
    if entries.len() > MOST {
        return Err(cannot("so many different times"));
    }
    Ok(format!("<dict>{}</dict>\n", entries.join("</dict>\n<dict>")))
}
