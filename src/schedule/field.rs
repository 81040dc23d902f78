//! One field of a cron expression: `*`, `*/15`, `1-5`, `mon,wed`, `9-17/2`.
//!
//! Doesn't belong here: how the fields work together (`when`).

/// The days of the week; cron's number of a day is its place. Systems know them by three letters as well.
pub(super) const DAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";

/// The months, from number 1.
pub(super) const MONTHS: &str = "January February March April May June July August September October November December";

/// The numbers that a field may hold, from the first to the last, and the names of them from the first on.
pub(super) type Kind = (u8, u8, &'static str);

pub(super) const MINUTE: Kind = (0, 59, "");
pub(super) const HOUR: Kind = (0, 23, "");
pub(super) const DAY: Kind = (1, 31, "");
pub(super) const MONTH: Kind = (1, 12, MONTHS);
/// Cron's Sunday is 0 and 7: 7 is read, and kept as 0.
pub(super) const WEEKDAY: Kind = (0, 6, DAYS);

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
        let (mut texts, mut set) = (Vec::new(), 0);
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
                None => (item, None),
            };
            let (from, to, written) = range_of(range, kind)?;
            // `5/15` means different things to different crons.
            if step.is_some() && from == to && range != "*" {
                return None;
            }
            for number in (from..=to).step_by(usize::from(step.unwrap_or(1))) {
                set |= 1 << if kind == WEEKDAY { number % 7 } else { number };
            }
            texts.push(step.map_or_else(|| written.clone(), |step| format!("{written}/{step}")));
        }
        let text = texts.join(",");
        Some(Self { text, kind, set })
    }

    /// Whether the field begins with `*`: cron then doesn't count a day field as a choice of its own.
    pub(super) fn is_star(&self) -> bool {
        self.text.starts_with('*')
    }

    /// Whether it names each number that there is.
    pub(super) fn is_full(&self) -> bool {
        (self.kind.0..=self.kind.1).all(|number| self.has(number))
    }

    pub(super) fn has(&self, number: u8) -> bool {
        self.set >> number & 1 == 1
    }

    /// Its numbers, ascending.
    pub(super) fn numbers(&self) -> Vec<u8> {
        (0..60).filter(|number| self.has(*number)).collect()
    }

    /// The names of its numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let numbers = self.kind.0..=self.kind.1;
        let named = numbers.zip(self.kind.2.split(' '));
        named.filter(|(number, _)| self.has(*number)).map(|(_, name)| name)
    }
}

/// The first and the last number of a range, with its text.
fn range_of(text: &str, kind: Kind) -> Option<(u8, u8, String)> {
    if text == "*" {
        return Some((kind.0, kind.1, "*".to_owned()));
    }
    let Some((from, to)) = text.split_once('-') else {
        let number = number_of(text, kind)?;
        let number = if kind == WEEKDAY { number % 7 } else { number };
        return Some((number, number, number.to_string()));
    };
    let (from, to) = (number_of(from, kind)?, number_of(to, kind)?);
    // The week may end with Sunday.
    let to = if kind == WEEKDAY && to == 0 && from > 0 { 7 } else { to };
    (from <= to).then(|| (from, to, format!("{from}-{to}")))
}

/// A number, or an English name, in full or by its first three letters.
fn number_of(word: &str, kind: Kind) -> Option<u8> {
    let is_short = |name: &str| name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short));
    let is_name = |name: &str| !word.is_empty() && (word.eq_ignore_ascii_case(name) || is_short(name));
    if let Some(at) = kind.2.split(' ').position(is_name) {
        return u8::try_from(at).ok()?.checked_add(kind.0);
    }
    let last = if kind == WEEKDAY { 7 } else { kind.1 };
    let is_number = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.parse().ok().filter(|_| is_number)?;
    (kind.0..=last).contains(&number).then_some(number)
}
