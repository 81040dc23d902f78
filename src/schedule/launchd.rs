//! The property list of a user's launchd agent: launchd.plist(5).
//!
//! Doesn't belong here: putting it in place (`install`).

use super::field::Field;
use super::texts::{in_xml, note};
use super::{Job, ScheduleError, System, When};

/// The most entries of times in one list.
const MOST: usize = 500;

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
        string(&format!("stockport.{}", job.name)),
        string(&note(job)),
        string(&job.folder),
        env.collect::<String>(),
        times(&job.when)?,
    ))
}

/// The entries of `StartCalendarInterval`: one a combination of numbers, as an entry takes one number a key.
fn times(when: &When) -> Result<String, ScheduleError> {
    let times = [("Minute", &when.minute), ("Hour", &when.hour), ("Month", &when.month)];
    let (day, weekday) = (("Day", &when.day), ("Weekday", &when.weekday));
    let times = times.into_iter().fold(vec![String::new()], with);
    let entries = if when.is_either_day() {
        [with(times.clone(), day), with(times, weekday)].concat()
    } else {
        with(with(times, day), weekday)
    };
    if entries.len() > MOST {
        return Err(System::Launchd.cannot("so many different times"));
    }
    Ok(format!("<dict>{}</dict>\n", entries.join("</dict>\n<dict>")))
}

/// Each entry with each number of a field.
fn with(entries: Vec<String>, (key, field): (&str, &Field)) -> Vec<String> {
    if field.is_full() {
        return entries;
    }
    let mut all = Vec::new();
    for entry in &entries {
        let numbers = field.numbers().into_iter();
        all.extend(numbers.map(|number| format!("{entry}<key>{key}</key><integer>{number}</integer>")));
    }
    all
}
