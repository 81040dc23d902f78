//! One field of a cron expression: `*`, `*/15`, `1-5`, `mon,wed`, `9-17/2`.
//!
//! Doesn't belong here: how the fields work together (`when`).

/// The days of the week as systems abbreviate them; cron's number of a day is its place.
pub(super) const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The months, in full.
pub(super) const MONTHS: [&str; 12] = [
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

/// Which numbers a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

impl Kind {
    fn bounds(self) -> (u8, u8) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 6),
        }
    }

    /// A number, or a month's or day's English name, in full or by its first three letters.
    fn number(self, word: &str) -> Option<u8> {
        if let Some(at) = self.names().iter().position(|name| is_name(word, name)) {
            return u8::try_from(at).ok()?.checked_add(self.bounds().0);
        }
        let is_number = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
        let (first, last) = self.bounds();
        // Cron's Sunday is both 0 and 7.
        let last = if self == Self::Weekday { 7 } else { last };
        word.parse()
            .ok()
            .filter(|number| is_number && (first..=last).contains(number))
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::Weekday => &FULL_DAYS,
            _ => &[],
        }
    }
}

/// The days of the week, in full.
pub(super) const FULL_DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

fn is_name(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name) || name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
}

/// A field: which numbers it names, and the text for cron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Names as numbers: not each cron knows them.
    pub(super) text: String,
    kind: Kind,
    /// Bit N is number N.
    set: u64,
}

impl Field {
    pub(super) fn parse(text: &str, kind: Kind) -> Option<Self> {
        let mut field = Self {
            text: String::new(),
            kind,
            set: 0,
        };
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
                None => (item, None),
            };
            let (from, to, written) = field.range(range)?;
            // `5/15` means different things to different crons.
            if step.is_some() && from == to && range != "*" {
                return None;
            }
            let numbers = (from..=to).step_by(usize::from(step.unwrap_or(1)));
            for number in numbers {
                field.set |= 1 << if kind == Kind::Weekday { number % 7 } else { number };
            }
            let comma = if field.text.is_empty() { "" } else { "," };
            let step = step.map(|step| format!("/{step}")).unwrap_or_default();
            field.text += &format!("{comma}{written}{step}");
        }
        Some(field)
    }

    /// The first and the last number of a range, with its text.
    fn range(&self, text: &str) -> Option<(u8, u8, String)> {
        if text == "*" {
            let (from, to) = self.kind.bounds();
            return Some((from, to, "*".to_owned()));
        }
        let Some((from, to)) = text.split_once('-') else {
            let number = self.kind.number(text)?;
            let number = if self.kind == Kind::Weekday { number % 7 } else { number };
            return Some((number, number, number.to_string()));
        };
        let (from, mut to) = (self.kind.number(from)?, self.kind.number(to)?);
        if self.kind == Kind::Weekday && to == 0 && from > 0 {
            // The week may end with Sunday.
            to = 7;
        }
        (from <= to).then(|| (from, to, format!("{from}-{to}")))
    }

    /// Whether the field begins with `*`: cron then doesn't count a day field as a choice of its own.
    pub(super) fn is_star(&self) -> bool {
        self.text.starts_with('*')
    }

    /// Whether it names each number that there is.
    pub(super) fn is_full(&self) -> bool {
        let (first, last) = self.kind.bounds();
        (first..=last).all(|number| self.has(number))
    }

    pub(super) fn has(&self, number: u8) -> bool {
        self.set >> number & 1 == 1
    }

    /// Its numbers, ascending.
    pub(super) fn numbers(&self) -> Vec<u8> {
        (0..60).filter(|number| self.has(*number)).collect()
    }
}
