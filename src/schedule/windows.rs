//! The task of Windows's task scheduler as XML, for `schtasks /Create /XML`: its command line has no limit of 261
//! characters, and it catches up a missed run ([MS-TSCH], 2.5).
//!
//! Doesn't belong here: putting it in place (`install`).

use super::texts::{in_xml, note, quoted_for_windows};
use super::{Job, ScheduleError, System, When};

/// The most triggers of a task.
const MOST: usize = 48;

/// A task's name: in a folder of its own.
pub(super) fn name(name: &str) -> String {
    format!("stockport\\{name}")
}

/// The task.
pub(super) fn task(job: &Job) -> Result<String, ScheduleError> {
    let words = job.words();
    let texts = words.iter().chain([&job.program, &job.folder]);
    if let Some(text) = texts.into_iter().find(|text| text.matches('%').count() > 1) {
        let what = format!("{text:?}, as it replaces what stands between percent signs");
        return Err(System::Windows.cannot(what));
    }
    let arguments: Vec<String> = words.iter().map(|word| quoted_for_windows(word)).collect();
    Ok(format!(
        "<?xml version=\"1.0\"?>\n\
         <Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n\
         \x20 <RegistrationInfo>\n    <Description>{}</Description>\n  </RegistrationInfo>\n\
         \x20 <Triggers>\n{}  </Triggers>\n\
         \x20 <Principals>\n    <Principal id=\"Author\">\n      <LogonType>InteractiveToken</LogonType>\n\
         \x20     <RunLevel>LeastPrivilege</RunLevel>\n    </Principal>\n  </Principals>\n\
         \x20 <Settings>\n    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\n\
         \x20   <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n\
         \x20   <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n\
         \x20   <StartWhenAvailable>true</StartWhenAvailable>\n\
         \x20   <ExecutionTimeLimit>PT{}S</ExecutionTimeLimit>\n  </Settings>\n\
         \x20 <Actions Context=\"Author\">\n    <Exec>\n      <Command>{}</Command>\n\
         \x20     <Arguments>{}</Arguments>\n      <WorkingDirectory>{}</WorkingDirectory>\n    </Exec>\n  </Actions>\n\
         </Task>\n",
        in_xml(&note(job)),
        triggers(&job.when)?,
        job.limit,
        in_xml(&job.program),
        in_xml(&arguments.join(" ")),
        in_xml(&job.folder),
    ))
}

/// A trigger for each time of a day and each kind of days.
fn triggers(when: &When) -> Result<String, ScheduleError> {
    let mut triggers = String::new();
    let times = times(when);
    let days = days(when);
    if times.len() * days.len() > MOST {
        return Err(System::Windows.cannot("so many different times"));
    }
    for (start, repetition) in &times {
        for days in &days {
            // The day from which on it counts is any day of the past.
            triggers += &format!(
                "    <CalendarTrigger>\n      <StartBoundary>2020-01-01T{start}:00</StartBoundary>\n{repetition}      {days}\n    </CalendarTrigger>\n"
            );
        }
    }
    Ok(triggers)
}

/// The times of a day, each with how it repeats itself.
fn times(when: &When) -> Vec<(String, String)> {
    let minutes = when.minute.numbers();
    let first = minutes.first().copied().unwrap_or_default();
    // Minutes at equal distances all around the clock are one trigger that repeats itself.
    let step = 60 / u8::try_from(minutes.len()).unwrap_or(60).max(1);
    let is_even = (first..60).step_by(usize::from(step)).eq(minutes.iter().copied());
    let repeats = |minutes: u8, duration: &str| {
        format!(
            "      <Repetition>\n        <Interval>PT{minutes}M</Interval>\n        <Duration>{duration}</Duration>\n      </Repetition>\n"
        )
    };
    let hourly = when.hour.is_full();
    if hourly && is_even {
        return vec![(format!("00:{first:02}"), repeats(step, "P1D"))];
    }
    if hourly {
        let each = |minute: u8| (format!("00:{minute:02}"), repeats(60, "P1D"));
        return minutes.into_iter().map(each).collect();
    }
    let mut times = Vec::new();
    for hour in when.hour.numbers() {
        if is_even && step < 60 {
            times.push((format!("{hour:02}:{first:02}"), repeats(step, "PT59M")));
        } else {
            let each = |minute: &u8| (format!("{hour:02}:{minute:02}"), String::new());
            times.extend(minutes.iter().map(each));
        }
    }
    times
}

/// The kinds of days: two, where either is enough.
fn days(when: &When) -> Vec<String> {
    let elements = |names: &mut dyn Iterator<Item = &str>| names.map(|name| format!("<{name}/>")).collect::<Vec<_>>();
    let months = elements(&mut when.month.names()).concat();
    let weekdays = elements(&mut when.weekday.names()).concat();
    let numbers = when.day.numbers();
    let days: Vec<String> = if when.is_last_day {
        vec!["<Day>Last</Day>".to_owned()]
    } else {
        numbers.iter().map(|day| format!("<Day>{day}</Day>")).collect()
    };
    let days = days.concat();
    let by_month =
        format!("<ScheduleByMonth><DaysOfMonth>{days}</DaysOfMonth><Months>{months}</Months></ScheduleByMonth>");
    let by_week = if when.month.is_full() {
        format!("<ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek>{weekdays}</DaysOfWeek></ScheduleByWeek>")
    } else {
        // The last week is the fourth or the fifth; a second start of the same moment is ignored.
        let weeks = ["1", "2", "3", "4", "Last"].map(|week| format!("<Week>{week}</Week>"));
        let weeks = weeks.concat();
        format!(
            "<ScheduleByMonthDayOfWeek><Weeks>{weeks}</Weeks><DaysOfWeek>{weekdays}</DaysOfWeek><Months>{months}</Months></ScheduleByMonthDayOfWeek>"
        )
    };
    let by_date = !when.day.is_full() || when.is_last_day;
    match (by_date, !when.weekday.is_full()) {
        (true, true) => vec![by_month, by_week],
        (false, true) => vec![by_week],
        (false, false) if when.month.is_full() => {
            vec!["<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>".to_owned()]
        }
        _ => vec![by_month],
    }
}
