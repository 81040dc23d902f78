//! When a command runs: a cron expression, or a phrase that stands for one, and the next time of it.
//!
//! Doesn't belong here: how each system is told (a file of its name).

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ScheduleError;
use super::field::{self, Field};

/// What stands for an expression, as crontab(5) has it.
const MACROS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// 29 February comes again within eight years (1896 to 1904), and every other date within one.
const DAYS_AHEAD: usize = 8 * 366 + 1;

/// When a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
    /// The last day of the month, whichever it is, instead of `day`.
    pub(super) is_last_day: bool,
    /// The time zone that the user names; the machine's own where none is named.
    pub(super) zone: Option<String>,
    /// The user's words.
    text: String,
}

impl When {
    /// Reads `hourly`, `hourly :30`, `daily 02:00`, `weekly Sun 02:00`, `monthly 1 02:00`, `monthly last 02:00`, or five
    /// fields of cron or a macro of it; in any case, a time zone's name after it.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let refused = |why: String| ScheduleError::NoTime(text.to_owned(), why);
        let mut when = if let Some(when) = Self::words(&words) {
            when
        } else {
            let zoned = words
                .split_last()
                .filter(|(zone, _)| zone.starts_with(|c: char| c.is_ascii_alphabetic()));
            let zoned = zoned.and_then(|(zone, rest)| Some((zone, Self::words(rest)?)));
            let (zone, mut when) = zoned.ok_or_else(|| refused(String::new()))?;
            let known =
                TimeZone::get(zone).map_err(|_| refused(format!(": this machine knows no time zone {zone}")))?;
            when.zone = Some(known.iana_name().unwrap_or(zone).to_owned());
            when
        };
        let monthly = words.first().is_some_and(|word| word.eq_ignore_ascii_case("monthly"));
        if let Some(day) = when.day.numbers().first().filter(|day| monthly && **day > 28) {
            return Err(refused(format!(": not every month has a day {day}")));
        }
        when.text = words.join(" ");
        if when.after(&ZonedDateTime::now()).is_none() {
            return Err(refused(": it never comes".to_owned()));
        }
        Ok(when)
    }

    fn words(words: &[&str]) -> Option<Self> {
        let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let words: Vec<&str> = lower.iter().map(String::as_str).collect();
        let is = |day: &str, kind: fn(&u8) -> bool| day.as_bytes().iter().all(kind);
        let time = |text: &str| clock(text).map(|(hour, minute)| format!("{minute} {hour}"));
        let fields = match words.as_slice() {
            ["hourly"] => "0 * * * *".to_owned(),
            ["hourly", at] if at.starts_with(':') => format!("{} * * * *", clock(&format!("0{at}"))?.1),
            ["daily", at] | ["monthly", "last", at] => time(at)? + " * * *",
            ["weekly", day, at] if is(day, u8::is_ascii_alphabetic) => format!("{} * * {day}", time(at)?),
            ["monthly", day, at] if is(day, u8::is_ascii_digit) => format!("{} {day} * *", time(at)?),
            [one] => MACROS.iter().find(|(name, _)| name == one)?.1.to_owned(),
            words => words.join(" "),
        };
        Self::fields(&fields, words.get(1) == Some(&"last"))
    }

    fn fields(text: &str, is_last_day: bool) -> Option<Self> {
        let [minute, hour, day, month, weekday] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let mut when = Self {
            minute: Field::parse(minute, field::MINUTE)?,
            hour: Field::parse(hour, field::HOUR)?,
            day: Field::parse(day, field::DAY)?,
            month: Field::parse(month, field::MONTH)?,
            weekday: Field::parse(weekday, field::WEEKDAY)?,
            is_last_day,
            zone: None,
            text: String::new(),
        };
        if when.is_either_day() && (when.day.is_full() || when.weekday.is_full()) {
            // `1-31` beside a day of the week is every day.
            when.day = Field::parse("*", field::DAY)?;
            when.weekday = Field::parse("*", field::WEEKDAY)?;
        }
        Some(when)
    }

    /// The user's words.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The five fields of a cron line.
    #[must_use]
    pub fn cron(&self) -> String {
        let fields = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        fields.map(|field| field.text.as_str()).join(" ")
    }

    /// Cron's rule: where both day fields name days of their own, one that matches is enough; else both have to.
    pub(super) fn is_either_day(&self) -> bool {
        !self.day.is_star() && !self.weekday.is_star()
    }

    /// Whether both day fields limit the days, and both have to match.
    pub(super) fn is_both_days(&self) -> bool {
        !self.is_either_day() && !self.day.is_full() && !self.weekday.is_full()
    }

    /// The zone that is named, where it isn't the machine's own.
    pub(super) fn foreign_zone(&self) -> Option<&str> {
        let own = TimeZone::system();
        let own = own.iana_name().map(plain);
        self.zone.as_deref().filter(|zone| own != Some(plain(zone)))
    }

    fn is_on(&self, date: Date) -> bool {
        let has = |field: &Field, number: i8| u8::try_from(number).is_ok_and(|number| field.has(number));
        let on_weekday = has(&self.weekday, date.weekday().to_sunday_zero_offset());
        let on_day = has(&self.day, date.day()) && (!self.is_last_day || date.day() == date.days_in_month());
        let on_days = if self.is_either_day() {
            on_day || on_weekday
        } else {
            on_day && on_weekday
        };
        on_days && has(&self.month, date.month())
    }

    /// The next time after a moment. A time that a change of the clocks skips comes just after the change.
    #[must_use]
    pub fn after(&self, moment: &ZonedDateTime) -> Option<ZonedDateTime> {
        let zone = match &self.zone {
            Some(zone) => TimeZone::get(zone).ok()?,
            None => moment.time_zone().clone(),
        };
        let mut date = moment.with_time_zone(zone.clone()).date();
        for _ in 0..DAYS_AHEAD {
            for hour in self.hour.numbers().iter().filter(|_| self.is_on(date)) {
                for minute in self.minute.numbers() {
                    let civil = date.at(i8::try_from(*hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
                    let next = zone.to_zoned_datetime(civil).ok()?;
                    if next.timestamp() > moment.timestamp() {
                        return Some(next);
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }
}

/// UTC has several names.
fn plain(zone: &str) -> &str {
    match zone.strip_prefix("Etc/").unwrap_or(zone) {
        "UCT" | "Universal" | "Zulu" | "GMT" => "UTC",
        zone => zone,
    }
}

/// The hour and the minute of a time of day.
fn clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, most: u8| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59).filter(|_| minute.len() == 2)?))
}
