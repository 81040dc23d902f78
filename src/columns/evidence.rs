//! What a column's values show of its date order and number style, what is decided from that, and what is said.
//!
//! Belongs here: one column as a whole. Doesn't: rows (`survey`), single cells (`cells`).

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::civil::Date;

use super::cells::{Blanks, MixedOrders};
use super::dates::{self, DateText, Triple};
use super::layout::Target;
use super::numbers::{self, Shape, Written};
use super::texts::excerpt;
use super::{DateOrder, NumberStyle, Survey};
use crate::output::{About, counted_are as are, counted_have as have};
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
    /// For each order: the values that are no day in it. Of values with a year of four digits the order ymd has none.
    against: [Tally; 3],
    triples: Tally,
    unclear: Tally,
    /// Date cells of a workbook, and how many of them have a day above 12.
    cells: Tally,
    cells_above: u64,
    /// Numbers whose own notation decides between comma and point, by the style that they show.
    own_us: Tally,
    own_eu: Tally,
}

const ORDERS: [DateOrder; 3] = DateOrder::ALL;

impl Evidence {
    /// Takes a number's text; false where it shows nothing of a style.
    pub(super) fn number(&mut self, line: u64, text: &str, bare: &Written<'_>) -> bool {
        let tally = match (bare.style, numbers::shape(&bare.text)) {
            (_, Shape::Plain | Shape::LeadingZero | Shape::None) => return false,
            (Some(NumberStyle::Us), _) => &mut self.own_us,
            (Some(NumberStyle::Eu), _) => &mut self.own_eu,
            (None, Shape::Us) => &mut self.us,
            (None, Shape::Eu) => &mut self.eu,
            (None, Shape::Either) => &mut self.either,
        };
        tally.add(line, text);
        true
    }

    /// Takes a date's text.
    pub(super) fn date(&mut self, line: u64, text: &str) {
        let plain = dates::with_plain_spaces(text);
        let bare = plain.trim();
        if Blanks::default().is_nothing(bare) {
            return;
        }
        let DateText::Triple(triple, _) = dates::read(bare) else {
            return;
        };
        self.triple(line, bare, triple);
    }

    /// Takes a workbook's date cell.
    pub(super) fn date_cell(&mut self, line: u64, date: Date) {
        self.cells.add(line, "");
        self.cells_above += u64::from(date.day() > 12);
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
                (true, false) => {
                    self.only[0].add(line, bare);
                    self.against[1].add(line, bare);
                }
                (false, true) => {
                    self.only[1].add(line, bare);
                    self.against[0].add(line, bare);
                }
                _ => {}
            }
            return;
        }
        let found = ORDERS.map(|order| triple.date(order));
        for ((fits, against), date) in self.fits.iter_mut().zip(&mut self.against).zip(&found) {
            if date.is_some() {
                *fits += 1;
            } else {
                against.add(line, bare);
            }
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
        for (against, further) in self.against.iter_mut().zip(further.against) {
            against.join(further);
        }
        self.cells.join(further.cells);
        self.cells_above += further.cells_above;
        self.own_us.join(further.own_us);
        self.own_eu.join(further.own_eu);
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
            let shown = match self.own_us.count.cmp(&self.own_eu.count) {
                Ordering::Less => Some(NumberStyle::Eu),
                Ordering::Equal => None,
                Ordering::Greater => Some(NumberStyle::Us),
            };
            shown.or(wish).unwrap_or(NumberStyle::Us)
        };
        target.style.numbers = style;
        target.is_settled = us + eu + self.either.count > 0;
        let odd = if style == NumberStyle::Us { &self.eu } else { &self.us };
        if odd.count > 0 {
            survey.warnings.push(About::MixedNumbers.warning(format!(
                "{column}: numbers are in both styles and read as {}; {} in the other style and rejected {}",
                name(style),
                are(odd.count, "value"),
                first(table, odd, target.index)
            )));
        } else if self.either.count > 0 && us == 0 && eu == 0 && !target.fixed {
            let example = &self.either.value;
            let meaning = numbers::canonical(example, style).unwrap_or_default();
            let own = if style == NumberStyle::Us {
                &self.own_us
            } else {
                &self.own_eu
            };
            let shown = format!("decided by {:?}", own.value);
            let (why, other) = match (wish, style) {
                _ if own.count > 0 => (shown.as_str(), ""),
                (Some(_), NumberStyle::Us) => ("--numbers us", ""),
                (Some(_), NumberStyle::Eu) => ("--numbers eu", ""),
                (None, _) => ("assumed: no value in the column decides", "; --numbers eu overrides it"),
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
        self.warn_of_exchanged_days(target, table, column, survey);
        if self.triples.count == 0 {
            return;
        }
        if let Some(mixed) = target.style.mixed.as_ref().filter(|_| target.fixed) {
            target.is_settled = true;
            if self.unclear.count > 0 {
                let fate = self.fate(&mixed.orders, table, target.index);
                survey
                    .warnings
                    .push(About::MixedDates.warning(format!("{column}: {}; {fate}", mixed.evidence)));
            }
            return;
        }
        let counted = ORDERS.iter().zip(self.fits);
        let fitting: Vec<DateOrder> = counted
            .filter(|(_, fits)| *fits == self.triples.count)
            .map(|(order, _)| *order)
            .collect();
        let wish = if target.fixed {
            Some((target.style.dates, "from the mapping file".to_owned()))
        } else {
            // What a value contradicts is never the order.
            let wish = wish.filter(|wish| fitting.is_empty() || fitting.contains(wish));
            wish.map(|wish| (wish, format!("--dates {}", wish.word())))
        };
        target.is_settled = true;
        if let (None, []) = (&wish, fitting.as_slice()) {
            self.mixed(target, table, column, survey);
            return;
        }
        let (order, why) = match (wish, fitting.as_slice()) {
            (Some(wish), [_, _, ..] | []) => wish,
            (wish, [order, ..]) if target.fixed => wish.unwrap_or((*order, String::new())),
            (_, [order]) => (*order, self.decider(*order)),
            (_, [order, other, ..]) => {
                let because = if *order == DateOrder::Mdy {
                    "assumed: no value in the column decides".to_owned()
                } else {
                    self.decider(*order)
                };
                (*order, format!("{because}; --dates {} overrides it", other.word()))
            }
            (None, []) => return,
        };
        target.style.dates = order;
        if self.unclear.count > 0 {
            let example = &self.unclear.value;
            survey
                .decisions
                .push(format!("{column}: {example} is read as {} ({why})", words(order)));
        }
        let odd = ORDERS
            .iter()
            .zip(&self.only)
            .filter(|(o, only)| **o != order && only.count > 0);
        for (other, only) in odd {
            survey.warnings.push(About::MixedDates.warning(format!(
                "{column}: {} valid only as {} and read so; the column is read as {} {}",
                are(only.count, "date"),
                words(*other),
                words(order),
                first(table, only, target.index)
            )));
        }
    }

    /// The value because of which this is the column's order.
    fn decider(&self, order: DateOrder) -> String {
        let of = |wanted: DateOrder| ORDERS.iter().position(|order| *order == wanted).unwrap_or(0);
        let only = self.only.get(of(order)).filter(|only| only.count > 0);
        let other = if order == DateOrder::Mdy {
            DateOrder::Dmy
        } else {
            DateOrder::Mdy
        };
        match (only, self.against.get(of(other))) {
            (Some(only), _) => format!("decided by {:?}", only.value),
            (None, Some(against)) => format!("{:?} is not {}", against.value, words(other)),
            (None, None) => String::new(),
        }
    }

    /// No order fits all values: dates that are a day in several orders are rejected, others are read in their own.
    fn mixed(&self, target: &mut Target, table: &Table, column: &str, survey: &mut Survey) {
        let index = target.index;
        let named = ORDERS.iter().zip(&self.against).take(2);
        let evidence: Vec<String> = named
            .map(|(order, against)| {
                let place = place(table, against, index);
                format!("{:?} ({place}) is not {}", against.value, words(*order))
            })
            .collect();
        let evidence = evidence.join(", ");
        let shown = |count: &dyn Fn(usize) -> u64| -> Vec<DateOrder> {
            let each = ORDERS.iter().enumerate();
            each.filter(|(at, _)| count(*at) > 0).map(|(_, order)| *order).collect()
        };
        let mut orders = shown(&|at| self.only.get(at).map_or(0, |only| only.count));
        if orders.len() < 2 {
            orders = shown(&|at| self.fits.get(at).copied().unwrap_or(0));
        }
        // What is a day in one order only is read in that, whichever is assumed for the column.
        let assumed = orders.iter().copied().max_by_key(|order| {
            let at = ORDERS.iter().position(|other| other == order);
            at.and_then(|at| self.fits.get(at)).copied().unwrap_or(0)
        });
        target.style.dates = assumed.unwrap_or(DateOrder::Mdy);
        let fate = self.fate(&orders, table, index);
        survey.warnings.push(About::MixedDates.warning(format!(
            "{column}: dates are written in several orders: {evidence}; {fate}"
        )));
        target.style.mixed = Some(Arc::new(MixedOrders { orders, evidence }));
    }

    /// What becomes of dates that are a day in several of these orders.
    fn fate(&self, orders: &[DateOrder], table: &Table, index: usize) -> String {
        if self.unclear.count == 0 {
            return "each is read in the only order that fits it".to_owned();
        }
        let options: Vec<String> = orders.iter().map(|order| format!("--dates {}", order.word())).collect();
        let read = if self.unclear.count == 1 { "it" } else { "them" };
        format!(
            "{} ambiguous and rejected ({} reads {read}) {}",
            are(self.unclear.count, "date"),
            options.join(" or "),
            first(table, &self.unclear, index)
        )
    }

    /// A file with the day first that was opened where the month comes first: the days up to 12 have become date cells with
    /// day and month exchanged, the others have stayed text.
    fn warn_of_exchanged_days(&self, target: &Target, table: &Table, column: &str, survey: &mut Survey) {
        let [mdy, dmy, _] = &self.only;
        let above = [mdy, dmy].into_iter().find(|only| only.count == self.triples.count);
        if let Some(above) = above.filter(|above| above.count > 0 && self.cells.count > 0 && self.cells_above == 0) {
            let cells = have(self.cells.count, "date cell");
            let texts = have(above.count, "text");
            survey.warnings.push(About::DaysExchanged.warning(format!(
                "{column}: {cells} a day of at most 12 and {texts} one above: a spreadsheet program has probably \
                 swapped day and month in the date cells {}",
                first(table, above, target.index)
            )));
        }
    }
}

fn decided(table: &Table, tally: &Tally, index: usize) -> String {
    format!("(decided by {:?}, {})", tally.value, place(table, tally, index))
}

fn words(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Mdy => "month/day/year",
        DateOrder::Dmy => "day/month/year",
        DateOrder::Ymd => "year/month/day",
    }
}

/// The first place of something counted in a column, in brackets. The column stands before it in the sentence already.
pub(super) fn first(table: &Table, tally: &Tally, index: usize) -> String {
    let place = place(table, tally, index);
    if tally.value.is_empty() {
        format!("(first: {place})")
    } else {
        format!("(first: {place}, {:?})", excerpt(tally.value.clone()))
    }
}

fn place(table: &Table, tally: &Tally, index: usize) -> String {
    match table.format {
        Format::Workbook(_) => table.address(tally.line, index),
        _ => table.row_address(tally.line),
    }
}
