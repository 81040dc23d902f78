//! Times of day: `15:52`, `3.52 PM`, `10:55:05.25Z`.
//!
//! Doesn't belong here: days (`dates`).

use std::fmt::Write as _;

use jiff::civil::Time;

use super::{digits, write_digits};

/// A time of day with its fraction and offset, to the letter; or no time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock<'a> {
    pub(super) time: Option<Time>,
    fraction: &'a str,
    offset: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Offset {
    None,
    Utc,
    Minutes { negative: bool, hours: u8, minutes: u8 },
}

impl Clock<'_> {
    pub(super) fn write(&self, text: &mut String) {
        let Some(time) = self.time else { return };
        write_digits(text, time.hour().into(), 2);
        text.push(':');
        write_digits(text, time.minute().into(), 2);
        text.push(':');
        write_digits(text, time.second().into(), 2);
        // Writing to a String can't fail.
        if !self.fraction.is_empty() {
            let _ = write!(text, ".{}", self.fraction);
        }
        match self.offset {
            Offset::None => {}
            Offset::Utc => text.push('Z'),
            Offset::Minutes {
                negative,
                hours,
                minutes,
            } => {
                let sign = if negative { '-' } else { '+' };
                let _ = write!(text, "{sign}{hours:02}:{minutes:02}");
            }
        }
    }
}

/// No time of day.
pub(super) const NO_CLOCK: Clock<'_> = Clock {
    time: None,
    fraction: "",
    offset: Offset::None,
};

/// What follows a date: nothing, or a time of day after `T`, white space or a comma.
pub(super) fn clock(rest: &str) -> Option<Clock<'_>> {
    if rest.is_empty() {
        return Some(NO_CLOCK);
    }
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None if rest.starts_with([' ', ',']) => rest.trim_start_matches([' ', ',']),
        None => return None,
    };
    time_of_day(time)
}

/// Reads a text (without outer white space) of a time's column; none where it is not a time of day.
pub(crate) fn read_time(text: &str) -> Option<String> {
    let clock = time_of_day(text)?;
    let mut written = String::new();
    clock.write(&mut written);
    Some(written)
}

fn time_of_day(text: &str) -> Option<Clock<'_>> {
    let (hour, rest) = digits(text)?;
    let mut hour: i8 = (hour.len() <= 2).then(|| hour.parse().ok())??;
    // `3.52 PM` is a time of day; without `PM`, a point may part anything.
    let pointed = rest.starts_with('.');
    let mark = if pointed { '.' } else { ':' };
    let (minute, rest) = match rest.strip_prefix(mark) {
        Some(rest) => two(rest).map(|(minute, rest)| (Some(minute), rest))?,
        None => (None, rest),
    };
    let (second, rest) = match rest.strip_prefix(mark).filter(|_| minute.is_some()) {
        Some(rest) => two(rest).map(|(second, rest)| (Some(second), rest))?,
        None => (None, rest),
    };
    let (fraction, rest) = match rest.strip_prefix(['.', ',']).filter(|_| second.is_some() && !pointed) {
        Some(rest) => digits(rest)?,
        None => ("", rest),
    };
    let rest = rest.trim_start();
    let half = half_of_day(rest).filter(|_| (1..=12).contains(&hour));
    let rest = match half {
        Some((is_second, rest)) => {
            hour = hour % 12 + if is_second { 12 } else { 0 };
            rest
        }
        None => rest,
    };
    if half.is_none() && (minute.is_none() || pointed) {
        return None;
    }
    let time = Time::new(hour, minute.unwrap_or(0), second.unwrap_or(0), 0).ok()?;
    Some(Clock {
        time: Some(time),
        fraction,
        offset: offset(rest.trim_start())?,
    })
}

/// `am`, `PM`, `p.m.`, `p. m.`: whether it is the second half of the day, and what follows.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    let is_second = match text.bytes().next()? {
        b'a' | b'A' => false,
        b'p' | b'P' => true,
        _ => return None,
    };
    let rest = text.get(1..)?;
    let (rest, dotted) = match rest.strip_prefix('.') {
        Some(rest) => (rest.trim_start(), true),
        None => (rest, false),
    };
    let rest = rest.strip_prefix(['m', 'M'])?;
    Some((
        is_second,
        if dotted {
            rest.strip_prefix('.').unwrap_or(rest)
        } else {
            rest
        },
    ))
}

fn two(text: &str) -> Option<(i8, &str)> {
    let (found, rest) = digits(text)?;
    (found.len() == 2).then_some((found.parse().ok()?, rest))
}

fn offset(text: &str) -> Option<Offset> {
    if text.is_empty() {
        return Some(Offset::None);
    }
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Offset::Utc);
    }
    let negative = text.starts_with('-');
    let (hours, rest) = digits(text.strip_prefix(['-', '+'])?)?;
    let (hours, minutes) = match (hours.len(), rest) {
        (4, "") => hours.split_at_checked(2)?,
        (2, "") => (hours, "0"),
        (2, rest) => (hours, rest.strip_prefix(':').filter(|minutes| minutes.len() == 2)?),
        _ => return None,
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(Offset::Minutes {
        negative,
        hours,
        minutes,
    })
}
