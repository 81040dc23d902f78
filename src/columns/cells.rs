//! A cell → its meaning in a field: None and blanks, numbers, dates, times, errors.
//!
//! Belongs here: one cell with the decisions for its column. Doesn't: those decisions (`survey`), ids (`ids`).

mod number;

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil;
use serde_json::Value;

use super::dates::{self, DateText};
use super::numbers;
use super::texts::{bare, error_cell, is_error_text, unguard};
use super::{DateOrder, FieldValue, NumberStyle};
use crate::item::Kind;
use crate::output::About;
use crate::sheet::{Cell, Moment, NumberFormat};
pub(crate) use number::bare_number;
use number::{number, shown, text_as_number};

/// Which texts mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blanks {
    /// The mapping file's words for one column, in place of the usual ones.
    own: Option<Vec<String>>,
}

impl Blanks {
    /// Only these words (in any case) and white space mean nothing.
    pub(crate) fn only(words: Vec<String>) -> Self {
        Self { own: Some(words) }
    }

    /// Whether a text is nothing: empty, white space, `-`, `—`, or in any case `none`, `null`, `nil`, `nan`, `n/a`, `na`.
    #[inline]
    pub(crate) fn is_nothing(&self, text: &str) -> bool {
        let too_long = match text.as_bytes() {
            [first, _, _, _, .., last] => first.is_ascii_graphic() && last.is_ascii_graphic(),
            _ => false,
        };
        !(too_long && self.own.is_none()) && self.says_nothing(text)
    }

    fn says_nothing(&self, text: &str) -> bool {
        let text = bare(text);
        match &self.own {
            Some(words) => text.is_empty() || words.iter().any(|word| word.trim().eq_ignore_ascii_case(text)),
            None => match text.len() {
                0 => true,
                1 => text == "-",
                2 => text.eq_ignore_ascii_case("na"),
                3 => text == "—" || ["nil", "nan", "n/a"].iter().any(|word| text.eq_ignore_ascii_case(word)),
                4 => text.eq_ignore_ascii_case("none") || text.eq_ignore_ascii_case("null"),
                _ => false,
            },
        }
    }
}

/// How the cells of one column are read.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) kind: Kind,
    pub(crate) blanks: Blanks,
    pub(crate) numbers: NumberStyle,
    pub(crate) dates: DateOrder,
    pub(crate) currency: bool,
    pub(crate) percent: bool,
    /// Text in a column of numbers is kept, with a warning.
    pub(crate) text_too: bool,
    /// The column's dates are in several orders, so that a date which is a day in more than one of them is rejected.
    pub(crate) mixed: Option<Arc<MixedOrders>>,
    pub(crate) part: Part,
}

/// The orders of a column whose values contradict each other.
#[derive(Debug)]
pub(crate) struct MixedOrders {
    pub(crate) orders: Vec<DateOrder>,
    /// The values that show it, in words.
    pub(crate) evidence: String,
}

impl MixedOrders {
    /// Those that a mapping file gives a column; none where it gives fewer than two.
    pub(crate) fn said(orders: &[DateOrder]) -> Option<Arc<Self>> {
        let words: Vec<&str> = orders.iter().map(|order| order.word()).collect();
        (orders.len() > 1).then(|| {
            Arc::new(Self {
                orders: orders.to_vec(),
                evidence: format!("the mapping file gives several date orders ({})", words.join(", ")),
            })
        })
    }
}

/// Which part of a cell is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The day of a date with a time of day.
    Day,
    /// The time of day of a date with a time of day.
    Time,
    /// A key of a nested object.
    Key(String),
}

impl Part {
    /// The key, where a nested object's is meant.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Whole | Self::Day | Self::Time => None,
        }
    }
}

/// What a person should know of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Concern {
    /// Text in a number field.
    NotANumber,
    /// Text in a number field that holds text too.
    TextForNumber,
    /// Digits with a leading zero in a number field: they stay text.
    LeadingZero,
    /// No date in a date field.
    NotADate,
    /// No time of day in a time field.
    NotATime,
    /// A year of two digits.
    ShortYear,
    /// A year before 1970 or after 2100.
    FarYear,
    /// A date that exists only in another order than the column's.
    OtherOrder,
    /// A date or a time of day in a field of text: a spreadsheet program makes one of `1-2` or `MAR1`.
    DateInText,
    /// `-` in a number column, which an accounting format shows for zero.
    Dash,
}

impl Concern {
    /// Whether the value isn't of its field's kind, which rejects its row without `--lenient`.
    pub(crate) fn is_misfit(self) -> bool {
        matches!(self, Self::NotANumber | Self::NotADate | Self::NotATime)
    }

    /// What a warning of it is about.
    pub(crate) fn about(self) -> About {
        match self {
            Self::NotANumber | Self::TextForNumber => About::NotANumber,
            Self::LeadingZero => About::LeadingZero,
            Self::NotADate => About::NotADate,
            Self::NotATime => About::NotATime,
            Self::ShortYear => About::ShortYear,
            Self::FarYear => About::FarYear,
            Self::OtherOrder => About::MixedDates,
            Self::DateInText => About::DateInText,
            Self::Dash => About::Dash,
        }
    }

    /// What is the matter, about one value.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotANumber | Self::TextForNumber => "is not a number",
            Self::LeadingZero => "has a leading zero, so it is not a number",
            Self::NotADate => "is not a date",
            Self::NotATime => "is not a time of day",
            Self::ShortYear => "has a year of two digits",
            Self::FarYear => "has a year before 1970 or after 2100",
            Self::OtherOrder => "is a date only in another order than the column's",
            Self::DateInText => "is a date or a time of day in a column of text",
            Self::Dash => "is a dash, which may mean zero",
        }
    }
}

/// What a cell means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning<'a> {
    /// There is no such cell.
    Absent,
    /// It says nothing.
    Nothing(Option<Concern>),
    /// It says this.
    Value(FieldValue<'a>, Option<Concern>),
    /// It can't be taken; why.
    Fault(String),
}

/// A cell as a person would see it, for a message.
pub(crate) fn display(cell: Cell<'_>) -> String {
    match cell {
        Cell::Absent | Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Error(text) | Cell::Digits(text) => text.to_owned(),
        Cell::Number(value, format) => shown(value, format).unwrap_or_default(),
        Cell::Bool(value) => value.to_string(),
        Cell::Moment(moment, format) => shown_moment(moment, format),
        Cell::Json(value) => value.to_string(),
    }
}

/// Reads a cell. `untyped`: the file is delimited text, in which an error value is just text.
pub(crate) fn read<'a>(cell: Cell<'a>, style: &Style, untyped: bool) -> Meaning<'a> {
    if let Part::Key(key) = &style.part
        && !matches!(cell, Cell::Json(Value::Object(_)))
    {
        // Metrc's `Item` is an object in one version and the item's name in another.
        return match cell {
            Cell::Text(text) if key == "Name" => read_text(text, style),
            _ => Meaning::Absent,
        };
    }
    match cell {
        Cell::Absent => Meaning::Absent,
        Cell::Empty => Meaning::Nothing(None),
        Cell::Text(text) if untyped => {
            let bare = bare(text);
            if is_error_text(bare) {
                return Meaning::Fault(error_cell("the cell", bare));
            }
            match unguard(text) {
                Cow::Borrowed(text) => read_text(text, style),
                Cow::Owned(text) => owned(read_text(&text, style)),
            }
        }
        Cell::Text(text) | Cell::Digits(text) => read_text(text, style),
        Cell::Error(text) => Meaning::Fault(error_cell("the cell", text)),
        Cell::Bool(value) => Meaning::Value(FieldValue::Bool(value), misfit(style)),
        Cell::Number(value, format) => number(value, format, style),
        Cell::Moment(moment, format) => from_moment(moment, format, style),
        Cell::Json(value) => json(value, style),
    }
}

/// What is the matter with a value that is neither text nor of the field's kind.
fn misfit(style: &Style) -> Option<Concern> {
    match style.kind {
        Kind::Text => None,
        Kind::Number if style.text_too => Some(Concern::TextForNumber),
        Kind::Number => Some(Concern::NotANumber),
        Kind::Date => Some(Concern::NotADate),
        Kind::Time => Some(Concern::NotATime),
    }
}

pub(crate) fn owned(meaning: Meaning<'_>) -> Meaning<'static> {
    match meaning {
        Meaning::Absent => Meaning::Absent,
        Meaning::Nothing(concern) => Meaning::Nothing(concern),
        Meaning::Fault(reason) => Meaning::Fault(reason),
        Meaning::Value(value, concern) => Meaning::Value(
            match value {
                FieldValue::Nothing | FieldValue::Json(_) => FieldValue::Nothing,
                FieldValue::Bool(value) => FieldValue::Bool(value),
                FieldValue::Text(text) => FieldValue::Text(Cow::Owned(text.into_owned())),
                FieldValue::Number(text) => FieldValue::Number(Cow::Owned(text.into_owned())),
            },
            concern,
        ),
    }
}

/// The same for most cells of text files: text in a column of text, or nothing. None of others, which `read` has to look at.
#[inline]
pub(crate) fn read_plainly<'a>(cell: Cell<'a>, style: &Style) -> Option<FieldValue<'a>> {
    match (cell, &style.part) {
        (Cell::Empty, Part::Whole) => Some(FieldValue::Nothing),
        (Cell::Text(text), Part::Whole) if style.kind == Kind::Text => {
            // Neither an error value nor a guard begins so.
            let begins = match text.as_bytes().first() {
                Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
                _ => text.chars().next().is_some_and(char::is_alphanumeric),
            };
            (begins && !style.blanks.is_nothing(text)).then_some(FieldValue::Text(Cow::Borrowed(text)))
        }
        _ => None,
    }
}

/// Reads a text in the column's style.
pub(crate) fn read_text<'a>(text: &'a str, style: &Style) -> Meaning<'a> {
    if style.blanks.is_nothing(text) {
        let dash = style.kind == Kind::Number && matches!(bare(text), "-" | "—");
        return Meaning::Nothing(dash.then_some(Concern::Dash));
    }
    match style.kind {
        Kind::Text => Meaning::Value(FieldValue::Text(Cow::Borrowed(text)), None),
        Kind::Number => text_as_number(text, style),
        Kind::Date => text_as_date(text, style),
        Kind::Time => text_as_time(text),
    }
}

fn as_is(text: &str, concern: Concern) -> Meaning<'_> {
    Meaning::Value(FieldValue::Text(Cow::Borrowed(text)), Some(concern))
}

fn text_as_date<'a>(text: &'a str, style: &Style) -> Meaning<'a> {
    if style.part == Part::Whole && dates::is_as_written(text.as_bytes()) {
        return Meaning::Value(FieldValue::Text(Cow::Borrowed(text)), None);
    }
    if let Cow::Owned(plain) = dates::with_plain_spaces(text) {
        return match owned(text_as_date(&plain, style)) {
            Meaning::Value(_, Some(Concern::NotADate)) => as_is(text, Concern::NotADate),
            other => other,
        };
    }
    let (stamp, order) = match dates::read(bare(text)) {
        DateText::Nothing => return Meaning::Nothing(None),
        DateText::None => {
            let part_time = if style.part == Part::Time {
                dates::read_time(text.trim())
            } else {
                None
            };
            return match part_time {
                Some(time) => Meaning::Value(FieldValue::Text(Cow::Owned(time)), None),
                None => as_is(text, Concern::NotADate),
            };
        }
        DateText::Known(stamp) => (stamp, None),
        DateText::Triple(triple, clock) => {
            if let Some(mixed) = &style.mixed
                && triple.is_ambiguous(&mixed.orders)
            {
                let why = &mixed.evidence;
                return Meaning::Fault(format!("{text:?} is ambiguous: {why} (--dates sets the order)"));
            }
            let Some((date, order)) = triple.day(style.dates) else {
                return as_is(text, Concern::NotADate);
            };
            (
                dates::Stamp::new(date, clock, triple.is_short_year()),
                (order != style.dates).then_some(Concern::OtherOrder),
            )
        }
    };
    let short = stamp.short_year.then_some(Concern::ShortYear);
    let concern = short
        .or(dates::is_far(stamp.date.year()).then_some(Concern::FarYear))
        .or(order);
    let written = match style.part {
        Part::Day => stamp.day(),
        Part::Time => match stamp.time() {
            Some(time) => time,
            None => return Meaning::Absent,
        },
        Part::Whole | Part::Key(_) => stamp.to_text(),
    };
    Meaning::Value(FieldValue::Text(dates::keep(text, written)), concern)
}

fn text_as_time(text: &str) -> Meaning<'_> {
    if dates::is_time_as_written(text.as_bytes()) {
        return Meaning::Value(FieldValue::Text(Cow::Borrowed(text)), None);
    }
    match dates::read_time(dates::with_plain_spaces(text).trim()) {
        Some(time) => Meaning::Value(FieldValue::Text(dates::keep(text, time)), None),
        // A program that writes the whole moment into both columns writes no date this way.
        None if dates::read(text.trim()) == DateText::Nothing => Meaning::Nothing(None),
        None => as_is(text, Concern::NotATime),
    }
}

/// A moment as its format shows it; where that isn't known or can't be rendered, in ISO 8601, an elapsed time in days.
fn shown_moment(moment: Moment, format: NumberFormat) -> String {
    let days = |moment| match moment {
        Moment::Duration(days) => numbers::from_double(days),
        _ => None,
    };
    let shown = format.show_moment(moment).or_else(|| dates::moment(moment));
    shown.or_else(|| days(moment)).unwrap_or_default()
}

fn from_moment<'a>(moment: Moment, format: NumberFormat, style: &Style) -> Meaning<'a> {
    let text = |text: String, concern| Meaning::Value(FieldValue::Text(Cow::Owned(text)), concern);
    if let Moment::Date(date) = moment
        && dates::is_no_date(date)
    {
        return Meaning::Nothing(None);
    }
    let far = |date: civil::Date| dates::is_far(date.year()).then_some(Concern::FarYear);
    match (moment, style.kind, &style.part) {
        (Moment::Duration(days), Kind::Number, _) => {
            let days = numbers::from_double(days).unwrap_or_default();
            Meaning::Value(FieldValue::Number(Cow::Owned(days)), None)
        }
        (Moment::Duration(days), Kind::Time, _) if let Some(time) = dates::time_of_duration(days) => text(time, None),
        (Moment::DateTime(stamp), Kind::Date, Part::Day) => text(stamp.date().to_string(), far(stamp.date())),
        (Moment::DateTime(stamp), Kind::Date, Part::Time) => text(stamp.time().to_string(), far(stamp.date())),
        (Moment::DateTime(stamp), Kind::Date, _) => text(stamp.to_string(), far(stamp.date())),
        (Moment::Date(_), Kind::Date, Part::Time) => Meaning::Absent,
        (Moment::Date(date), Kind::Date, _) => text(date.to_string(), far(date)),
        (Moment::Time(time), Kind::Time, _) => text(time.to_string(), None),
        _ => {
            let shown = shown_moment(moment, format);
            if style.blanks.is_nothing(&shown) {
                return Meaning::Nothing(None);
            }
            text(shown, misfit(style).or(Some(Concern::DateInText)))
        }
    }
}

fn json<'a>(value: &'a Value, style: &Style) -> Meaning<'a> {
    if let Part::Key(key) = &style.part {
        let inner = Style {
            part: Part::Whole,
            ..style.clone()
        };
        return match value.get(key) {
            None => Meaning::Absent,
            Some(Value::Null) => Meaning::Nothing(None),
            Some(Value::String(text)) => read_text(text, &inner),
            Some(Value::Bool(value)) => Meaning::Value(FieldValue::Bool(*value), misfit(&inner)),
            Some(other) => json(other, &inner),
        };
    }
    let Value::Number(number) = value else {
        return Meaning::Value(FieldValue::Json(value), misfit(style));
    };
    let written = number.to_string();
    // A number of JSON has one meaning, whatever the column's texts look like.
    let Some(number) = numbers::canonical(&written, NumberStyle::Us).map(Cow::into_owned) else {
        return Meaning::Fault(format!("{written} is out of the range of numbers that can be stored"));
    };
    match style.kind {
        Kind::Number | Kind::Text => Meaning::Value(FieldValue::Number(Cow::Owned(number)), None),
        _ => match owned(read_text(&number, style)) {
            Meaning::Value(value, None) => Meaning::Value(value, None),
            _ => Meaning::Value(FieldValue::Number(Cow::Owned(number)), misfit(style)),
        },
    }
}
