//! Text that is a date, a date with a time of day, or a time of day, and how the API is told it.
//!
//! Belongs here: single dates. Doesn't: which order a column has (`survey`).

mod clock;
mod triple;

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::civil::{Date, Time};

use super::DateOrder;
use crate::sheet::Moment;
pub(crate) use clock::{Clock, read_time};
use clock::{NO_CLOCK, clock};
pub(crate) use triple::{Triple, usual_as_written, usual_triple};

/// What a text in a date's column is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DateText<'a> {
    /// A date in a form that can be read in one way only.
    Known(Stamp<'a>),
    /// Three numbers whose order the column has to tell: `03/04/2021`, `03/04/21`.
    Triple(Triple, Clock<'a>),
    /// The text by which some programs say that there is not a date: `0001-01-01…`.
    Nothing,
    /// No date.
    None,
}

/// A date and what came with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stamp<'a> {
    pub(crate) date: Date,
    clock: Clock<'a>,
    /// The year had two digits.
    pub(crate) short_year: bool,
}

impl<'a> Stamp<'a> {
    pub(crate) fn new(date: Date, clock: Clock<'a>, short_year: bool) -> Self {
        Self {
            date,
            clock,
            short_year,
        }
    }

    /// `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS` with the fraction and offset that were given.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(32);
        write_date(&mut text, self.date);
        if self.clock.time.is_some() {
            text.push('T');
            self.clock.write(&mut text);
        }
        text
    }

    /// The day alone.
    pub(crate) fn day(&self) -> String {
        self.date.to_string()
    }

    /// The time of day alone.
    pub(crate) fn time(&self) -> Option<String> {
        self.clock.time.map(|_| {
            let mut text = String::new();
            self.clock.write(&mut text);
            text
        })
    }
}

/// A text with plain spaces for the no-break and narrow ones that browsers and office programs put before `PM`.
pub(crate) fn with_plain_spaces(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_odd_space) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace(is_odd_space, " "))
    }
}

fn is_odd_space(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii()
}

/// Whether a year is hardly one of an inventory.
pub(crate) fn is_far(year: i16) -> bool {
    !(1970..=2100).contains(&year)
}

/// Reads a text (without outer white space) of a date's column.
pub(crate) fn read(text: &str) -> DateText<'_> {
    if let Some(triple) = usual_triple(text.as_bytes()) {
        return DateText::Triple(triple, NO_CLOCK);
    }
    read_any(text)
}

fn read_any(text: &str) -> DateText<'_> {
    if text.len() > 64 || !text.is_ascii() {
        return DateText::None;
    }
    match numeric(text).or_else(|| named(text)) {
        Some(DateText::Known(stamp)) if is_no_date(stamp.date) => DateText::Nothing,
        Some(DateText::Triple(triple, _)) if triple == NO_DATE => DateText::Nothing,
        Some(found) => found,
        None => DateText::None,
    }
}

/// `1/1/0001`, which some programs write for no date.
const NO_DATE: Triple = Triple {
    a: 1,
    b: 1,
    c: 1,
    short_year: false,
};

/// 1 January of the year 1, which is not a date of an inventory but a program's way to say that there is none.
pub(crate) fn is_no_date(date: Date) -> bool {
    date.year() == 1 && date.month() == 1 && date.day() == 1
}

fn write_date(text: &mut String, date: Date) {
    if date.year() < 0 {
        let _ = write!(text, "{date}");
        return;
    }
    text.push_str(std::str::from_utf8(&as_written(date)).unwrap_or_default());
}

/// `YYYY-MM-DD`, of a year that isn't negative.
fn as_written(date: Date) -> [u8; 10] {
    let [year, month, day] = [date.year(), date.month().into(), date.day().into()];
    let mut written = *b"0000-00-00";
    for (at, number) in [(0, year / 100), (2, year % 100), (5, month), (8, day)] {
        for (at, digit) in [(at, number / 10), (at + 1, number % 10)] {
            written[at] += u8::try_from(digit).unwrap_or(0);
        }
    }
    written
}

/// Writes a number that isn't negative with this many digits; without the machinery of formatting, for there are many dates.
fn write_digits(text: &mut String, number: i16, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_i16.pow(place) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Whether a text is a day, with or without a time of day, just as the API is told it: `2021-07-08`,
/// `2021-07-08T09:05:00`, `2021-07-08T09:05:00Z`. Of others, `read` finds out whether they are.
pub(crate) fn is_as_written(text: &[u8]) -> bool {
    let Some((day, rest)) = text.split_first_chunk::<10>() else {
        return false;
    };
    let (Some(century), Some(year), b'-', Some(month), b'-', Some(day)) = (
        two_digits([day[0], day[1]]),
        two_digits([day[2], day[3]]),
        day[4],
        two_digits([day[5], day[6]]),
        day[7],
        two_digits([day[8], day[9]]),
    ) else {
        return false;
    };
    let is_time = match rest {
        [] => true,
        [b'T', time @ .., b'Z'] if time.len() == 8 => is_time_as_written(time),
        [b'T', time @ ..] => is_time_as_written(time),
        _ => false,
    };
    // Whether a month has more days than 28, and which years are far, is left to `read`.
    let is_near = century == 20 || (century == 19 && year >= 70);
    is_near && (1..=12).contains(&month) && (1..=28).contains(&day) && is_time
}

/// Whether a text is a time of day just as the API is told it: `09:05:00`.
pub(crate) fn is_time_as_written(text: &[u8]) -> bool {
    let Ok(text) = <&[u8; 8]>::try_from(text) else {
        return false;
    };
    let [hour, minute, second] = [[text[0], text[1]], [text[3], text[4]], [text[6], text[7]]].map(two_digits);
    let in_range = matches!((hour, minute, second), (Some(0..24), Some(0..60), Some(0..60)));
    in_range && text[2] == b':' && text[5] == b':'
}

fn two_digits([tens, ones]: [u8; 2]) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

/// A text that is already as the API is told it needs no copy.
pub(crate) fn keep(text: &str, written: String) -> Cow<'_, str> {
    if text == written {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(written)
    }
}

fn numeric(text: &str) -> Option<DateText<'_>> {
    let (first, rest) = digits(text)?;
    if first.len() == 8 {
        let (year, month_day) = first.split_at_checked(4)?;
        let (month, day) = month_day.split_at_checked(2)?;
        let year: i16 = year.parse().ok()?;
        // Any eight digits could be meant; only a day of these two centuries is taken for one.
        let date = Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
        return ((1900..2100).contains(&year)).then_some(DateText::Known(Stamp::new(date, clock(rest)?, false)));
    }
    let mark = rest.chars().next().filter(|mark| matches!(mark, '-' | '/' | '.'))?;
    let (second, rest) = digits(rest.strip_prefix(mark)?)?;
    let (third, rest) = digits(rest.strip_prefix(mark)?)?;
    let short = |text: &str| text.len() <= 2;
    let clock = clock(rest)?;
    let (a, b, c): (i16, i16, i16) = (first.parse().ok()?, second.parse().ok()?, third.parse().ok()?);
    if first.len() == 4 && short(second) && short(third) {
        let date = Date::new(a, i8::try_from(b).ok()?, i8::try_from(c).ok()?).ok()?;
        return Some(DateText::Known(Stamp::new(date, clock, false)));
    }
    if !short(first) || !short(second) || !(third.len() == 4 || third.len() == 2) {
        return None;
    }
    let triple = Triple {
        a,
        b,
        c,
        short_year: third.len() == 2,
    };
    let any = [DateOrder::Mdy, DateOrder::Dmy, DateOrder::Ymd]
        .into_iter()
        .any(|order| triple.date(order).is_some());
    any.then_some(DateText::Triple(triple, clock))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `4 Mar 2021`, `04-Mar-21`, `March 4, 2021`.
fn named(text: &str) -> Option<DateText<'_>> {
    let gap = |c: char| matches!(c, ' ' | '-' | '/' | '.' | ',');
    let (day, month, rest) = if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (day, rest) = digits(text)?;
        let (month, rest) = letters(rest.trim_start_matches(gap))?;
        (day, month, rest)
    } else {
        let (month, rest) = letters(text)?;
        let (day, rest) = digits(rest.trim_start_matches(gap))?;
        (day, month, rest)
    };
    let after_gap = rest.trim_start_matches(gap);
    if after_gap.len() == rest.len() || day.len() > 2 {
        return None;
    }
    let (year, rest) = digits(after_gap)?;
    let short_year = match year.len() {
        4 => false,
        2 => true,
        _ => return None,
    };
    let month = month.to_ascii_lowercase();
    let number = MONTHS.iter().position(|name| {
        month.len() >= 3
            && (name.get(..3) == Some(month.as_str()) || *name == month || (month == "sept" && *name == "september"))
    })?;
    let year: i16 = year.parse().ok()?;
    let year = if short_year { 2000 + year } else { year };
    let date = Date::new(year, i8::try_from(number + 1).ok()?, day.parse().ok()?).ok()?;
    Some(DateText::Known(Stamp::new(date, clock(rest)?, short_year)))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end)
        .filter(|(digits, _)| !digits.is_empty() && digits.len() <= 9)
}

fn letters(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(letters, _)| !letters.is_empty())
}

/// A workbook's date or time of day as text: ISO 8601, a time of day as `HH:MM:SS`; none where it is no real one.
pub(crate) fn moment(moment: Moment) -> Option<String> {
    match moment {
        Moment::Date(date) => Some(date.to_string()),
        Moment::DateTime(stamp) => Some(stamp.to_string()),
        Moment::Time(time) => Some(time.to_string()),
        Moment::Duration(_) => None,
    }
}

/// An elapsed time below a day as a time of day; a workbook may hold one either way.
pub(crate) fn time_of_duration(days: f64) -> Option<String> {
    if !(0.0..1.0).contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round();
    // Rounding may reach the next midnight, which is no time of this day.
    if seconds >= 86_400.0 {
        return None;
    }
    let time = Time::midnight()
        .checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?)
        .ok()?;
    Some(time.to_string())
}

#[cfg(test)]
mod tests;
