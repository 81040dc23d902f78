//! Three numbers that may be a day, in an order that the column has to tell.

use jiff::civil::Date;

use super::super::DateOrder;
use super::{as_written, two_digits};

/// Three numbers of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Triple {
    pub(super) a: i16,
    pub(super) b: i16,
    pub(super) c: i16,
    pub(super) short_year: bool,
}

impl Triple {
    /// The date in this order, if there is such a day.
    pub(crate) fn date(self, order: DateOrder) -> Option<Date> {
        let (year, month, day) = match order {
            DateOrder::Mdy => (self.c, self.a, self.b),
            DateOrder::Dmy => (self.c, self.b, self.a),
            DateOrder::Ymd if self.short_year => (self.a, self.b, self.c),
            DateOrder::Ymd => return None,
        };
        let year = if self.short_year { 2000 + year } else { year };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

impl Triple {
    /// The day in this order, or in the first other one in which there is such a day.
    pub(crate) fn day(self, order: DateOrder) -> Option<(Date, DateOrder)> {
        let orders = [order, DateOrder::Mdy, DateOrder::Dmy, DateOrder::Ymd];
        orders
            .into_iter()
            .find_map(|order| self.date(order).map(|date| (date, order)))
    }

    /// Whether it is one day in one of these orders and another day in another.
    pub(crate) fn is_ambiguous(self, orders: &[DateOrder]) -> bool {
        let mut days = orders.iter().filter_map(|order| self.date(*order));
        days.next().is_some_and(|first| days.any(|day| day != first))
    }

    /// The same as the API is told it.
    pub(crate) fn as_usual(self, order: DateOrder) -> Option<[u8; 10]> {
        self.day(order).map(|(date, _)| as_written(date))
    }

    /// Whether it is a day in the order mdy, and in the order dmy, where that is told without a calendar: any month has 28
    /// days. It is none in the order ymd then.
    pub(crate) fn plainly_fits(self) -> Option<[bool; 2]> {
        let is_plain =
            !self.short_year && (1..=9999).contains(&self.c) && self.a.max(self.b) <= 28 && self.a.min(self.b) >= 1;
        is_plain.then_some([self.a <= 12, self.b <= 12])
    }

    /// Whether both orders give one day.
    pub(crate) fn is_one_day(self) -> bool {
        self.a == self.b
    }

    pub(crate) fn is_short_year(self) -> bool {
        self.short_year
    }
}

/// `03/04/2021`, if it is a day in any order: as most dates are written that aren't written as the API is told them.
pub(crate) fn usual_triple(text: &[u8]) -> Option<Triple> {
    let [a, aa, mark, b, bb, again, c, cc, ccc, cccc] = *<&[u8; 10]>::try_from(text).ok()?;
    if mark != again || !matches!(mark, b'/' | b'-' | b'.') {
        return None;
    }
    let [a, b] = [two_digits([a, aa])?, two_digits([b, bb])?].map(i16::from);
    let [century, year] = [two_digits([c, cc])?, two_digits([ccc, cccc])?].map(i16::from);
    let fits = |month: i16, day: i16| {
        let days = usize::try_from(month).ok().and_then(|month| DAYS.get(month));
        days.is_some_and(|days| (1..=*days).contains(&day))
    };
    // What may be no day, stand for none, or have a far year takes a closer look.
    let is_near = century == 20 || (century == 19 && year >= 70);
    (is_near && (fits(a, b) || fits(b, a))).then_some(Triple {
        a,
        b,
        c: century * 100 + year,
        short_year: false,
    })
}

/// The same as the API is told it in this order, or in the first other one in which there is such a day; none if it is no
/// day in any.
pub(crate) fn usual_as_written(text: &[u8; 10], order: DateOrder) -> Option<[u8; 10]> {
    let triple = usual_triple(text)?;
    let (month, day, [m, mm, d, dd]) = match order {
        DateOrder::Mdy => (triple.a, triple.b, [0, 1, 3, 4]),
        DateOrder::Dmy => (triple.b, triple.a, [3, 4, 0, 1]),
        DateOrder::Ymd => return triple.as_usual(order),
    };
    // As many days has any month.
    if (1..=12).contains(&month) && (1..=28).contains(&day) {
        let year = [6, 7, 8, 9].map(|at: usize| text[at]);
        let [m, mm, d, dd] = [m, mm, d, dd].map(|at: usize| text[at]);
        Some([year[0], year[1], year[2], year[3], b'-', m, mm, b'-', d, dd])
    } else {
        triple.as_usual(order)
    }
}

/// How many days each month has in any year.
const DAYS: [i16; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
