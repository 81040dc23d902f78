//! Times: phrases, cron expressions, time zones, and what each system can be told of them.

use std::process::Command;

use jiff::{Timestamp, ZonedDateTime};
use stockport::schedule::{Job, ScheduleError, System, When};

fn when(text: &str) -> When {
    When::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A job of this time for a system.
pub(super) fn job(text: &str, system: System) -> Job {
    Job {
        name: "nightly".into(),
        when: when(text),
        system,
        program: "/opt/my tools/stockport".into(),
        args: ["backup", "create", "bk"].map(str::to_owned).to_vec(),
        folder: "/home/me".into(),
        env: Vec::new(),
        limit: 43_200,
    }
}

/// The texts for a system, one after the other.
pub(super) fn text(job: &Job) -> String {
    let texts = job.texts().unwrap_or_else(|error| panic!("{job:?}: {error}"));
    texts.into_iter().map(|(_, text)| text + "\n").collect()
}

fn calendars(expression: &str) -> Vec<String> {
    let text = text(&job(expression, System::Systemd));
    let lines = text.lines().filter_map(|line| line.strip_prefix("OnCalendar="));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_time_is_told_to_each_system_in_its_own_words() {
    for (text, calendar, cron) in [
        ("daily 02:00", "*-*-* 02:00:00", "0 2 * * *"),
        ("Daily 9:05", "*-*-* 09:05:00", "5 9 * * *"),
        ("hourly", "*-*-* *:00:00", "0 * * * *"),
        ("hourly :30", "*-*-* *:30:00", "30 * * * *"),
        ("weekly Sunday 23:59", "Sun *-*-* 23:59:00", "59 23 * * 0"),
        ("weekly sat 00:00", "Sat *-*-* 00:00:00", "0 0 * * 6"),
        ("monthly 1 02:00", "*-*-01 02:00:00", "0 2 1 * *"),
        ("@daily", "*-*-* 00:00:00", "0 0 * * *"),
        ("@YEARLY", "*-01-01 00:00:00", "0 0 1 1 *"),
        ("0 2 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 02:00:00", "0 2 * * 1-5"),
        ("*/15 * * * *", "*-*-* *:00,15,30,45:00", "*/15 * * * *"),
        (
            "0  9-17/4 * JAN,7 Fri-Sun",
            "Sun,Fri,Sat *-01,07-* 09,13,17:00:00",
            "0 9-17/4 * 1,7 5-7",
        ),
        ("0 0 29 2 *", "*-02-29 00:00:00", "0 0 29 2 *"),
        ("0 0 * * 7", "Sun *-*-* 00:00:00", "0 0 * * 0"),
        ("0 0 1-31 * 1", "*-*-* 00:00:00", "0 0 * * *"),
        ("* * * * *", "*-*-* *:*:00", "* * * * *"),
    ] {
        assert_eq!(
            (calendars(text), when(text).cron().as_str()),
            (vec![calendar.to_owned()], cron),
            "{text}"
        );
    }
}

#[test]
fn systemd_understands_each_time() {
    let analyze = |calendar: &str| {
        let run = Command::new("systemd-analyze").args(["calendar", calendar]).output();
        run.map(|output| output.status.success())
    };
    if analyze("daily").is_err() {
        println!("skipped: systemd-analyze is not installed, so the times are not checked by it");
        return;
    }
    for text in [
        "hourly :30",
        "weekly Sun 02:00",
        "monthly last 02:00",
        "0 2 1,15 * mon",
        "* * * * *",
        "*/7 1-22/3 2-30 jan-jun fri-sun",
    ] {
        for calendar in calendars(text) {
            assert!(analyze(&calendar).unwrap(), "{text}: {calendar}");
        }
    }
}

#[test]
fn two_kinds_of_days_are_either_of_them_as_in_cron() {
    let either = "0 2 1,15 * mon";
    assert_eq!(calendars(either), ["Mon *-*-* 02:00:00", "*-*-01,15 02:00:00"]);
    // 2027-02-01 is a Monday, 2027-02-15 as well; the 8th is one that is neither 1 nor 15.
    let from: ZonedDateTime = "2027-02-02T00:00[UTC]".parse().unwrap();
    let next = when(either).after(&from).unwrap();
    assert_eq!(next.to_string(), "2027-02-08T02:00:00+00:00[UTC]");
    let launchd = text(&job(either, System::Launchd));
    assert_eq!(launchd.matches("<key>Day</key>").count(), 2);
    assert_eq!(launchd.matches("<key>Weekday</key>").count(), 1);
    assert!(
        launchd
            .lines()
            .all(|line| !(line.contains("Weekday") && line.contains(">Day<")))
    );
    let windows = text(&job(either, System::Windows));
    assert_eq!(windows.matches("<CalendarTrigger>").count(), 2);
    // `*/2` is no choice of its own in cron: both have to match.
    let both = "0 2 */2 * mon";
    assert_eq!(calendars(both).len(), 1);
    for system in [System::Launchd, System::Windows] {
        assert!(matches!(job(both, system).texts(), Err(ScheduleError::Cannot { .. })));
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "daily",
        "daily 25:00",
        "daily 2",
        "daily 02:60",
        "daily 02:5",
        "weekly 02:00",
        "weekly sunnyday 02:00",
        "weekly 1 02:00",
        "weekly mon,tue 02:00",
        "monthly 0 02:00",
        "monthly first 02:00",
        "nightly 02:00",
        "hourly 30",
        "@reboot",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "5/15 * * * *",
        "a * * * *",
        "1, * * * *",
        "-1 * * * *",
        "1-2-3 * * * *",
        "L * * * *",
        "* * ? * *",
        "+1 * * * *",
        "001 * * * *",
        "* * * january-foo *",
    ] {
        assert!(
            matches!(When::parse(text), Err(ScheduleError::NoTime(_))),
            "{text:?}: {:?}",
            When::parse(text)
        );
    }
    for text in ["0 2 30 2 *", "0 2 31 4,6,9,11 *"] {
        assert!(matches!(When::parse(text), Err(ScheduleError::Never(_))), "{text}");
    }
    for day in 29..=31 {
        let text = format!("monthly {day} 02:00");
        assert!(
            matches!(When::parse(&text), Err(ScheduleError::ShortMonth(_))),
            "{text}"
        );
    }
    for text in ["daily 02:00 Mars/Olympus", "daily 02:00 x"] {
        assert!(matches!(When::parse(text), Err(ScheduleError::NoZone(_))), "{text}");
    }
}

#[test]
fn the_last_day_of_a_month_is_told_to_those_who_know_it() {
    let text_of = |system| text(&job("monthly last 02:00", system));
    assert!(text_of(System::Systemd).contains("OnCalendar=*-*~01 02:00:00\n"));
    assert!(text_of(System::Windows).contains("<DaysOfMonth><Day>Last</Day></DaysOfMonth>"));
    for system in [System::Cron, System::Launchd] {
        let refused = job("monthly last 02:00", system).texts().unwrap_err();
        assert!(refused.to_string().contains("the last day of a month"), "{refused}");
    }
    let from: ZonedDateTime = "2028-02-10T00:00[UTC]".parse().unwrap();
    let next = when("monthly last 02:00").after(&from).unwrap();
    assert_eq!(next.date().to_string(), "2028-02-29");
}

#[test]
fn a_time_zone_goes_to_systemd_and_is_refused_elsewhere() {
    let zoned = "daily 02:00 asia/kathmandu";
    if !std::path::Path::new("/usr/share/zoneinfo").exists() {
        println!("skipped: this machine has no time zone database, so no zone can be named");
        return;
    }
    assert_eq!(calendars(zoned), ["*-*-* 02:00:00 Asia/Kathmandu"]);
    for system in [System::Cron, System::Launchd, System::Windows] {
        let refused = job(zoned, system).texts().unwrap_err();
        assert!(refused.to_string().contains("time zone"), "{refused}");
    }
    let from: ZonedDateTime = "2027-01-01T00:00[UTC]".parse().unwrap();
    assert_eq!(
        when(zoned).after(&from).unwrap().timestamp().to_string(),
        "2027-01-01T20:15:00Z"
    );
}

#[test]
fn the_next_time_is_right_where_the_clocks_or_the_years_change() {
    if !std::path::Path::new("/usr/share/zoneinfo").exists() {
        println!("skipped: this machine has no time zone database, so no clock changes");
        return;
    }
    for (text, from, next) in [
        ("daily 02:00", "2026-12-31T23:59:59[UTC]", "2027-01-01T02:00:00Z"),
        ("daily 02:00", "2026-12-31T02:00:00[UTC]", "2027-01-01T02:00:00Z"),
        // 02:30 is skipped on the day that the clocks go forward, and comes twice when they go back.
        ("daily 02:30", "2027-03-28T00:00[Europe/Berlin]", "2027-03-28T01:30:00Z"),
        ("daily 02:30", "2027-10-31T00:00[Europe/Berlin]", "2027-10-31T00:30:00Z"),
        ("hourly :30", "2027-03-28T01:31[Europe/Berlin]", "2027-03-28T01:30:00Z"),
        ("0 0 29 2 *", "2027-01-01T00:00[UTC]", "2028-02-29T00:00:00Z"),
        // No 29 February in 2100.
        ("0 0 29 2 *", "2096-03-01T00:00[UTC]", "2104-02-29T00:00:00Z"),
        (
            "monthly 1 02:00",
            "2026-11-30T00:00[America/New_York]",
            "2026-12-01T07:00:00Z",
        ),
    ] {
        let from: ZonedDateTime = from.parse().unwrap();
        let next: Timestamp = next.parse().unwrap();
        assert_eq!(
            when(text).after(&from).map(|found| found.timestamp()),
            Some(next),
            "{text} {from}"
        );
    }
    // The ends of the calendar: an answer, or none.
    for end in [Timestamp::MIN, Timestamp::MAX] {
        for zone in ["UTC", "Pacific/Apia"] {
            let end = end.in_tz(zone).unwrap();
            for text in ["hourly", "0 0 29 2 *", "daily 02:00 Asia/Tokyo", "monthly last 23:59"] {
                let _ = when(text).after(&end);
            }
        }
    }
}

#[test]
fn a_task_of_windows_repeats_itself_instead_of_many_triggers() {
    for (expression, triggers, part) in [
        ("*/15 * * * *", 1, "<Interval>PT15M</Interval>"),
        ("* * * * *", 1, "<Interval>PT1M</Interval>"),
        ("hourly :30", 1, "<StartBoundary>2020-01-01T00:30:00</StartBoundary>"),
        ("0,20 * * * *", 2, "<Interval>PT60M</Interval>"),
        ("0 2,14 * * *", 2, "<StartBoundary>2020-01-01T14:00:00</StartBoundary>"),
        ("*/20 9-17 * * *", 9, "<Duration>PT59M</Duration>"),
        (
            "0 2 * * 1-5",
            1,
            "<DaysOfWeek><Monday/><Tuesday/><Wednesday/><Thursday/><Friday/></DaysOfWeek>",
        ),
        (
            "0 2 1 jan,jul *",
            1,
            "<DaysOfMonth><Day>1</Day></DaysOfMonth><Months><January/><July/></Months>",
        ),
        (
            "0 2 * feb mon",
            1,
            "<Week>Last</Week></Weeks><DaysOfWeek><Monday/></DaysOfWeek><Months><February/></Months>",
        ),
        ("0 2 * 3 *", 1, "<Day>31</Day></DaysOfMonth><Months><March/></Months>"),
    ] {
        let task = text(&job(expression, System::Windows));
        assert_eq!(task.matches("<CalendarTrigger>").count(), triggers, "{expression}");
        assert!(task.contains(part), "{expression}: {task}");
    }
    let many = job("1,2,3,5,8,13,21,34,55 0-6,8-23 * * *", System::Windows).texts();
    assert!(matches!(many, Err(ScheduleError::Cannot { .. })), "{many:?}");
    let many = job("1-57 1-22 2-30 * *", System::Launchd).texts();
    assert!(matches!(many, Err(ScheduleError::Cannot { .. })));
}
