//! Serial numbers as dates and times of day, and these as text.
//!
//! Doesn't belong here: which sections there are (`parse`), other numbers (`number`).

use jiff::civil::{self, Date, DateTime, Time};

use super::Parts;
use super::parse::{Section, Token};
use crate::sheet::Moment;

const DAY_SECONDS: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A serial number in a cell with a date format. Serials count days, with the time of day as a fraction; in the
/// 1900 epoch day 60 is 1900-02-29, which never was (ECMA-376 part 1, 18.17.4.1). Fractions are noisy beyond the
/// millisecond, and the API's dates end at the second, so they are rounded to it.
pub(in crate::sheet) fn serial_moment(serial: f64, is_1904: bool) -> Moment {
    // Beyond 9999-12-31 in either epoch; also catches NaN and the infinities.
    if !(0.0..2_958_466.0).contains(&serial) {
        return Moment::Duration(serial);
    }
    // Cannot be out of range: below 2,958,466 days.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (serial * 86_400.0).round() as i64;
    if serial < 1.0 {
        // 23:59:59.9 is still this day.
        return clock(seconds.min(DAY_SECONDS - 1)).map_or(Moment::Duration(serial), Moment::Time);
    }
    let (day, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    let epoch = match (is_1904, day) {
        (true, _) => civil::date(1904, 1, 1),
        (false, 60) => return Moment::Duration(serial),
        (false, ..60) => civil::date(1899, 12, 31),
        (false, _) => civil::date(1899, 12, 30),
    };
    let Ok(date) = epoch.checked_add(jiff::Span::new().days(day)) else {
        return Moment::Duration(serial);
    };
    match clock(second) {
        Some(time) if second > 0 => Moment::DateTime(date.to_datetime(time)),
        _ => Moment::Date(date),
    }
}

fn clock(second: i64) -> Option<Time> {
    let hour = i8::try_from(second / 3600).ok()?;
    let minute = i8::try_from(second / 60 % 60).ok()?;
    Time::new(hour, minute, i8::try_from(second % 60).ok()?, 0).ok()
}

/// What a serial number is in a cell whose format shows these parts of it. None: nothing, as day 0.
pub(in crate::sheet) fn shown_moment(serial: f64, parts: Parts, is_1904: bool) -> Option<Moment> {
    // A day without its time isn't rounded up to the next one; the noise of a double is below a millisecond.
    let is_day = parts.day && !parts.time && serial >= 1.0;
    let serial = if is_day { (serial + 1e-8).floor() } else { serial };
    narrowed(serial_moment(serial, is_1904), parts)
}

/// What is left of a moment where only these parts of it are shown. None: nothing, as day 0 of the epoch, which a link to a
/// blank cell shows.
pub(in crate::sheet) fn narrowed(moment: Moment, parts: Parts) -> Option<Moment> {
    Some(match (moment, parts) {
        (Moment::Time(time), Parts { day: true, .. }) if time == Time::midnight() => return None,
        (Moment::DateTime(stamp), Parts { day: true, time: false }) => Moment::Date(stamp.date()),
        (Moment::DateTime(stamp), Parts { day: true, time: true }) if stamp.time() == Time::midnight() => {
            Moment::Date(stamp.date())
        }
        (Moment::DateTime(stamp), Parts { day: false, time: true }) => Moment::Time(stamp.time()),
        (Moment::Date(_), Parts { day: false, time: true }) => Moment::Time(Time::midnight()),
        (moment, _) => moment,
    })
}

/// The moment as this section shows it; none where it shows what the moment lacks, or what can't be rendered.
pub(super) fn render(moment: Moment, section: &Section, is_absolute: bool) -> Option<String> {
    let stamp = match moment {
        Moment::Date(date) => Some(date.to_datetime(Time::midnight())),
        Moment::DateTime(stamp) => Some(stamp),
        Moment::Time(_) | Moment::Duration(_) => None,
    };
    let time = match moment {
        Moment::Time(time) => Some(time),
        _ => stamp.map(DateTime::time),
    };
    let elapsed = match moment {
        Moment::Duration(days) => Some(days),
        _ => None,
    };
    let has_half = section.tokens.iter().any(|token| matches!(token, Token::Half(..)));
    let mut shown = String::new();
    if elapsed.is_some_and(|days| days < 0.0) && !is_absolute {
        shown.push('-');
    }
    // Below a second only as many digits are shown as the format has; the smallest elapsed unit is not rounded up.
    let total = elapsed.map(|days| (days.abs() * 86_400.0).round());
    for token in &section.tokens {
        match token {
            Token::Literal(text) => shown.push_str(text),
            Token::Date(unit @ ('y' | 'm' | 'd'), count) => {
                shown.push_str(&day(stamp?.date(), *unit, *count, section.is_foreign)?);
            }
            Token::Date(unit, count) => {
                let value = match (time, total) {
                    (Some(time), _) => of_day(time, *unit, has_half),
                    (None, Some(total)) => within(total, *unit),
                    (None, None) => return None,
                };
                push_padded(&mut shown, value, (*count).min(2));
            }
            Token::Elapsed(unit, count) => {
                let total = total?;
                let value = match unit {
                    'h' => total / 3600.0,
                    'm' => total / 60.0,
                    _ => total,
                };
                if value >= 1e12 {
                    return None;
                }
                shown.push_str(&format!("{:0>count$}", format!("{:.0}", value.floor())));
            }
            Token::Fraction(digits) => {
                shown.push('.');
                shown.extend(std::iter::repeat_n('0', *digits));
            }
            Token::Half(first, second) => {
                if section.is_foreign {
                    return None;
                }
                shown.push_str(if time?.hour() < 12 { first } else { second });
            }
            _ => return None,
        }
    }
    Some(shown)
}

fn push_padded(shown: &mut String, value: i64, width: usize) {
    shown.push_str(&format!("{value:0>width$}"));
}

fn of_day(time: Time, unit: char, has_half: bool) -> i64 {
    i64::from(match unit {
        'h' if has_half => (time.hour() + 11) % 12 + 1,
        'h' => time.hour(),
        'n' => time.minute(),
        _ => time.second(),
    })
}

/// Minutes and seconds beside an elapsed time.
fn within(total: f64, unit: char) -> i64 {
    // Below 60, or 24.
    #[allow(clippy::cast_possible_truncation)]
    let of = |value: f64, most: f64| (value.floor() % most) as i64;
    match unit {
        'h' => of(total / 3600.0, 24.0),
        'n' => of(total / 60.0, 60.0),
        _ => of(total, 60.0),
    }
}

/// A part of a day. None for names in a language that isn't known here.
fn day(date: Date, unit: char, count: usize, is_foreign: bool) -> Option<String> {
    let name = |names: &[&str], place: i8, count: usize| {
        let name = *names.get(usize::try_from(place).ok()?.checked_sub(1)?)?;
        let letters = match count {
            3 => 3,
            4 => name.len(),
            _ => 1,
        };
        (!is_foreign).then(|| name.get(..letters).unwrap_or(name).to_owned())
    };
    match (unit, count) {
        ('y', ..=2) => Some(format!("{:02}", date.year() % 100)),
        ('y', _) => Some(format!("{:04}", date.year())),
        ('m', 1) => Some(date.month().to_string()),
        ('m', 2) => Some(format!("{:02}", date.month())),
        ('m', count) => name(&MONTHS, date.month(), count.min(5)),
        (_, 1) => Some(date.day().to_string()),
        (_, 2) => Some(format!("{:02}", date.day())),
        (_, count) => name(&DAYS, date.weekday().to_monday_one_offset(), count.min(4)),
    }
}
