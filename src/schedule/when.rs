//! When a command runs: a cron expression, or a phrase that stands for one, and the next time of it.
//!
//! Doesn't belong here: how each system is told (a file of its name).

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ScheduleError;
use super::field::{Field, Kind};

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
        let no_time = || ScheduleError::NoTime(text.to_owned());
        let mut when = if let Some(when) = Self::words(&words)? {
            when
        } else {
            let (zone, rest) = words.split_last().ok_or_else(no_time)?;
            let mut when = Self::words(rest)?.ok_or_else(no_time)?;
            if !zone.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Err(no_time());
            }
            let known = TimeZone::get(zone).map_err(|_| ScheduleError::NoZone((*zone).to_owned()))?;
            when.zone = Some(known.iana_name().unwrap_or(zone).to_owned());
            when
        };
        when.text = words.join(" ");
        if when.after(&ZonedDateTime::now()).is_none() {
            return Err(ScheduleError::Never(text.to_owned()));
        }
        Ok(when)
    }

    fn words(words: &[&str]) -> Result<Option<Self>, ScheduleError> {
        let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let words: Vec<&str> = lower.iter().map(String::as_str).collect();
        let mut is_last_day = false;
        let fields = match words.as_slice() {
            ["hourly"] => "0 * * * *".to_owned(),
            ["hourly", minute] => match clock(&format!("0{minute}")) {
                Some((0, minute)) => format!("{minute} * * * *"),
                _ => return Ok(None),
            },
            ["daily", time] => match clock(time) {
                Some((hour, minute)) => format!("{minute} {hour} * * *"),
                None => return Ok(None),
            },
            ["weekly", day, time] => match clock(time) {
                Some((hour, minute)) if day.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                    format!("{minute} {hour} * * {day}")
                }
                _ => return Ok(None),
            },
            ["monthly", day, time] => match clock(time) {
                Some((hour, minute)) => {
                    is_last_day = *day == "last";
                    let day = if is_last_day { "*" } else { day };
                    if !is_last_day && !day.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Ok(None);
                    }
                    if let Ok(day @ 29..=31) = day.parse() {
                        return Err(ScheduleError::ShortMonth(day));
                    }
                    format!("{minute} {hour} {day} * *")
                }
                None => return Ok(None),
            },
            [one] => match MACROS.iter().find(|(name, _)| name == one) {
                Some((_, fields)) => (*fields).to_owned(),
                None => return Ok(None),
            },
            words => words.join(" "),
        };
        Ok(Self::fields(&fields, is_last_day))
    }

    fn fields(text: &str, is_last_day: bool) -> Option<Self> {
        let [minute, hour, day, month, weekday] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let mut when = Self {
            minute: Field::parse(minute, Kind::Minute)?,
            hour: Field::parse(hour, Kind::Hour)?,
            day: Field::parse(day, Kind::Day)?,
            month: Field::parse(month, Kind::Month)?,
            weekday: Field::parse(weekday, Kind::Weekday)?,
            is_last_day,
            zone: None,
            text: String::new(),
        };
        if when.is_either_day() && (when.day.is_full() || when.weekday.is_full()) {
            // `1-31` beside a day of the week is every day.
            when.day = Field::parse("*", Kind::Day)?;
            when.weekday = Field::parse("*", Kind::Weekday)?;
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
        let number = |number: i8| u8::try_from(number).unwrap_or_default();
        let in_month = self.month.has(number(date.month()));
        let on_weekday = self.weekday.has(number(date.weekday().to_sunday_zero_offset()));
        let on_day = if self.is_last_day {
            date.day() == date.days_in_month()
        } else {
            self.day.has(number(date.day()))
        };
        in_month
            && if self.is_either_day() {
                on_day || on_weekday
            } else {
                on_day && on_weekday
            }
    }

    /// The next time after a moment. A time that a change of the clocks skips comes just after the change.
    #[must_use]
    pub fn after(&self, moment: &ZonedDateTime) -> Option<ZonedDateTime> {
        let zone = match &self.zone {
            Some(zone) => TimeZone::get(zone).ok()?,
            None => moment.time_zone().clone(),
        };
        let mut date = moment.with_time_zone(zone.clone()).date();
        let (hours, minutes) = (self.hour.numbers(), self.minute.numbers());
        for _ in 0..DAYS_AHEAD {
            if self.is_on(date) {
                let times = hours
                    .iter()
                    .flat_map(|hour| minutes.iter().map(|minute| (*hour, *minute)));
                for (hour, minute) in times {
                    let civil = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
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

fn clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, most: u8| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    Some((number(hour, 23)?, number(minute, 59).filter(|_| minute.len() == 2)?))
}
