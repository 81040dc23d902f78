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

    /// The same as the API is told it.
    pub(crate) fn as_usual(self, order: DateOrder) -> Option<[u8; 10]> {
        self.day(order).map(|(date, _)| as_written(date))
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
    // What may be no day, or stand for none, takes a closer look.
    (century > 0 && (fits(a, b) || fits(b, a))).then_some(Triple {
        a,
        b,
        c: century * 100 + year,
        short_year: false,
    })
}

/// How many days each month has in any year.
const DAYS: [i16; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
