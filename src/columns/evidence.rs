//! What a column's values show of its date order and number style, what is decided from that, and what is said.
//!
//! Belongs here: one column as a whole. Doesn't: rows (`survey`), single cells (`cells`).

use super::cells::Blanks;
use super::dates::{self, DateText, Triple};
use super::layout::Target;
use super::numbers::{self, Shape};
use super::{DateOrder, NumberStyle, Survey};
use crate::sheet::{Format, Table};

/// Something counted, with the first place where it was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) line: u64,
    pub(super) value: String,
}

impl Tally {
    pub(super) fn add(&mut self, line: u64, value: &str) {
        if self.count == 0 {
            self.line = line;
            // A cell may be long; a sentence shows its beginning.
            self.value = value.chars().take(40).collect();
        }
        self.count += 1;
    }

    /// Adds what was counted further down.
    pub(super) fn join(&mut self, further: Self) {
        if self.count == 0 {
            *self = further;
        } else {
            self.count += further.count;
        }
    }
}

/// What a column's values show.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    us: Tally,
    eu: Tally,
    either: Tally,
    /// For each order (mdy, dmy, ymd): the values that are a day in it alone.
    only: [Tally; 3],
    /// For each order: how many values are a day in it.
    fits: [u64; 3],
    triples: Tally,
    unclear: Tally,
}

const ORDERS: [DateOrder; 3] = [DateOrder::Mdy, DateOrder::Dmy, DateOrder::Ymd];

impl Evidence {
    /// Takes a number's text; false where it shows nothing of a style.
    pub(super) fn number(&mut self, line: u64, text: &str, bare: &str) -> bool {
        let tally = match numbers::shape(bare) {
            Shape::Us => &mut self.us,
            Shape::Eu => &mut self.eu,
            Shape::Either => &mut self.either,
            Shape::Plain | Shape::LeadingZero | Shape::None => return false,
        };
        tally.add(line, text);
        true
    }

    /// Takes a date's text.
    pub(super) fn date(&mut self, line: u64, text: &str) {
        let bare = text.trim();
        if Blanks::default().is_nothing(bare) {
            return;
        }
        let DateText::Triple(triple, _) = dates::read(bare) else {
            return;
        };
        self.triple(line, bare, triple);
    }

    /// Takes a number's text that shows a decimal point.
    pub(super) fn decimal(&mut self, line: u64, text: &str) {
        self.us.add(line, text);
    }

    /// Takes a number's text that shows a decimal point, or a group.
    pub(super) fn either(&mut self, line: u64, text: &str) {
        self.either.add(line, text);
    }

    /// Takes a date's text, and what it is.
    pub(super) fn triple(&mut self, line: u64, bare: &str, triple: Triple) {
        self.triples.add(line, bare);
        if let Some([mdy, dmy]) = triple.plainly_fits() {
            self.fits[0] += u64::from(mdy);
            self.fits[1] += u64::from(dmy);
            match (mdy, dmy) {
                (true, true) if !triple.is_one_day() => self.unclear.add(line, bare),
                (true, false) => self.only[0].add(line, bare),
                (false, true) => self.only[1].add(line, bare),
                _ => {}
            }
            return;
        }
        let found = ORDERS.map(|order| triple.date(order));
        for (fits, date) in self.fits.iter_mut().zip(&found) {
            *fits += u64::from(date.is_some());
        }
        let mut days = found.iter().flatten();
        let first = days.next();
        let more = days.clone().count() > 0;
        if more && days.any(|date| Some(date) != first) {
            self.unclear.add(line, bare);
        } else if !more
            && let Some(at) = found.iter().position(Option::is_some)
            && let Some(only) = self.only.get_mut(at)
        {
            only.add(line, bare);
        }
    }

    /// Adds what rows further down show.
    pub(super) fn join(&mut self, further: Self) {
        self.us.join(further.us);
        self.eu.join(further.eu);
        self.either.join(further.either);
        for (only, further) in self.only.iter_mut().zip(further.only) {
            only.join(further);
        }
        for (fits, further) in self.fits.iter_mut().zip(further.fits) {
            *fits += further;
        }
        self.triples.join(further.triples);
        self.unclear.join(further.unclear);
    }

    /// Settles the column's number style.
    pub(super) fn numbers(
        &self,
        target: &mut Target,
        table: &Table,
        column: &str,
        wish: Option<NumberStyle>,
        survey: &mut Survey,
    ) {
        let name = |style| {
            if style == NumberStyle::Us {
                "1,234.50"
            } else {
                "1.234,50"
            }
        };
        let (us, eu) = (self.us.count, self.eu.count);
        let style = if target.fixed {
            target.style.numbers
        } else if us != eu {
            if us > eu { NumberStyle::Us } else { NumberStyle::Eu }
        } else {
            wish.unwrap_or(NumberStyle::Us)
        };
        target.style.numbers = style;
        target.is_settled = us + eu + self.either.count > 0;
        let odd = if style == NumberStyle::Us { &self.eu } else { &self.us };
        if odd.count > 0 {
            survey.warnings.push(format!(
                "{column}: numbers are written both ways and read as {}; {} written the other way and rejected {}",
                name(style),
                are(odd.count, "value"),
                first(table, odd, target.index)
            ));
        } else if self.either.count > 0 && us == 0 && eu == 0 && !target.fixed {
            let example = &self.either.value;
            let meaning = numbers::canonical(example, style).unwrap_or_default();
            let (why, other) = match (wish, style) {
                (Some(_), NumberStyle::Us) => ("--numbers us", ""),
                (Some(_), NumberStyle::Eu) => ("--numbers eu", ""),
                (None, _) => (
                    "assumed: nothing in the column decides",
                    "; --numbers eu reads it otherwise",
                ),
            };
            survey
                .decisions
                .push(format!("{column}: {example} is read as {meaning} ({why}{other})"));
        } else if style == NumberStyle::Eu && eu > 0 {
            survey.decisions.push(format!(
                "{column}: numbers are read as 1.234,50 {}",
                decided(table, &self.eu, target.index)
            ));
        }
    }

    /// Settles the column's date order.
    pub(super) fn dates(
        &self,
        target: &mut Target,
        table: &Table,
        column: &str,
        wish: Option<DateOrder>,
        survey: &mut Survey,
    ) {
        if self.triples.count == 0 {
            return;
        }
        let shown = self.only.iter().filter(|only| only.count > 0).count();
        let most = ORDERS
            .iter()
            .zip(&self.only)
            .filter(|(_, only)| only.count > 0)
            .max_by_key(|(_, only)| only.count);
        let fitting: Vec<DateOrder> = ORDERS
            .iter()
            .zip(self.fits)
            .filter(|(_, fits)| *fits == self.triples.count)
            .map(|(order, _)| *order)
            .collect();
        let (order, why) = if target.fixed {
            (target.style.dates, Some("the mapping file says so".to_owned()))
        } else if let (1, Some((order, only))) = (shown, most) {
            (*order, Some(format!("{:?} shows it", only.value)))
        } else if let (0, [order]) = (shown, fitting.as_slice()) {
            (*order, Some("no other order fits all values".to_owned()))
        } else if let Some(wish) = wish {
            (wish, Some(format!("--dates {}", short(wish))))
        } else if let (true, Some((order, only))) = (
            shown > 1,
            most.filter(|(_, only)| self.only.iter().filter(|o| o.count == only.count).count() == 1),
        ) {
            (*order, Some(format!("most values show it, such as {:?}", only.value)))
        } else {
            (DateOrder::Mdy, None)
        };
        target.style.dates = order;
        target.is_settled = true;
        if self.unclear.count > 0 {
            let example = &self.unclear.value;
            let other = if order == DateOrder::Mdy { "dmy" } else { "mdy" };
            let why = why.unwrap_or_else(|| {
                format!("assumed: nothing in the column decides; --dates {other} reads it otherwise")
            });
            survey
                .decisions
                .push(format!("{column}: {example} is read as {} ({why})", words(order)));
        }
        let odd = ORDERS
            .iter()
            .zip(&self.only)
            .filter(|(o, only)| **o != order && only.count > 0);
        for (other, only) in odd {
            survey.warnings.push(format!(
                "{column}: {} a day only as {}, though the column is read as {} {}",
                are(only.count, "date"),
                words(*other),
                words(order),
                first(table, only, target.index)
            ));
        }
    }
}

fn decided(table: &Table, tally: &Tally, index: usize) -> String {
    format!("(as {:?} shows, {})", tally.value, place(table, tally, index))
}

fn words(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Mdy => "month/day/year",
        DateOrder::Dmy => "day/month/year",
        DateOrder::Ymd => "year/month/day",
    }
}

fn short(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Mdy => "mdy",
        DateOrder::Dmy => "dmy",
        DateOrder::Ymd => "ymd",
    }
}

/// The first place of something counted in a column, in brackets. The column stands before it in the sentence already.
pub(super) fn first(table: &Table, tally: &Tally, index: usize) -> String {
    let place = place(table, tally, index);
    if tally.value.is_empty() {
        format!("(first: {place})")
    } else {
        format!("(first: {place}, {:?})", tally.value)
    }
}

fn place(table: &Table, tally: &Tally, index: usize) -> String {
    match table.format {
        Format::Workbook(_) => table.address(tally.line, index),
        _ => table.row_address(tally.line),
    }
}

/// `1 row is`, `2 rows are`.
pub(super) fn are(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun} is")
    } else {
        format!("{n} {noun}s are")
    }
}

/// `1 row has`, `2 rows have`.
pub(super) fn have(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun} has")
    } else {
        format!("{n} {noun}s have")
    }
}
