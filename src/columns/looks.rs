//! One look at each cell of a row: most cells of text files say nothing, or what they say is plain whatever will be decided
//! for their column. The survey has nothing to find in those, and they are written as they are.
//!
//! Belongs here: which cells are looked at, and when. Doesn't: what a look shows of one (`glance`), the cells that take more
//! than that (`cells`).

mod glance;

use super::NumberStyle;
use super::cells::{Blanks, Part};
use super::layout::{Layout, Target};
use crate::item::Kind;
use crate::sheet::{Cell, Field, Row};
use glance::{glance_at_date, glance_at_number, glance_at_plain_text, glance_at_text, glance_at_time, look};

/// What one look shows of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It says nothing.
    Nothing,
    /// The text stands for itself, in JSON too: nothing in it has to be escaped.
    Plain,
    /// The text stands for itself.
    Text,
    /// The text is a number just as JSON writes it.
    Digits,
    /// The text is a number just as JSON writes it, if the column's numbers have a decimal point: it shows that they do.
    Decimal,
    /// The same, but where a point parts groups it is another number: `1.234`.
    Either,
    /// The text is a day whose order the column has to tell, and written as most are: `03/04/2021`.
    Triple,
    /// The text is digits behind a zero, in a column of numbers: no number, and posted as the text that it is.
    ZeroLed,
    /// It takes more than a look.
    Other,
    /// Nobody has looked yet: a cell in a column of text, which is looked at when it is asked for.
    Untold,
}

/// What one look shows of a cell, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) look: Look,
    /// Whether the numbers of its column have a decimal point.
    pub(crate) has_points: bool,
    /// How long a short field is.
    pub(crate) length: u8,
    /// Where a short field stands in the row's text, `NOWHERE` if the cell is none; its column, where nobody has looked.
    pub(crate) start: usize,
}

/// Behind the end of any text of a row.
const NOWHERE: usize = usize::MAX;

/// Looks at the cells of one row after the other. Those of text are left for when they are asked for: the survey has
/// nothing to find in them but the dates of a workbook.
pub(crate) struct Looks {
    /// For each kind, the targets of which one look may tell something, each with its column. The cells of one kind are
    /// looked at one after the other, so that what is to be done with each is known beforehand.
    numbers: Vec<(usize, usize)>,
    dates: Vec<(usize, usize)>,
    times: Vec<(usize, usize)>,
    /// The targets of text in a workbook.
    texts: Vec<(usize, usize)>,
    /// For each target, what its cell shows.
    row: Vec<Seen>,
    /// The targets whose cells show something of their columns, or take more than a look. First, as many as `always`, those
    /// of which a look never tells anything; how many there are; and room for all.
    telling: Vec<usize>,
    always: usize,
    count: usize,
}

impl Looks {
    pub(crate) fn new(layout: &Layout) -> Self {
        let is_plain = |target: &Target| {
            let style = &target.style;
            layout.untyped && target.joined.is_none() && style.part == Part::Whole && style.blanks == Blanks::default()
        };
        let of_kind = |kind: Kind| {
            let targets = layout.targets.iter().enumerate();
            let plain = targets.filter(|(_, target)| target.style.kind == kind && is_plain(target));
            plain.map(|(at, target)| (at, target.index)).collect()
        };
        let blank = |target: &Target| {
            let untold = target.style.kind == Kind::Text && is_plain(target);
            Seen {
                look: if untold { Look::Untold } else { Look::Other },
                has_points: target.style.numbers == NumberStyle::Us,
                length: 0,
                start: if untold { target.index } else { NOWHERE },
            }
        };
        let targets = layout.targets.iter().enumerate();
        let always = targets.filter(|(_, target)| target.style.kind != Kind::Text && !is_plain(target));
        let mut telling: Vec<usize> = always.map(|(at, _)| at).collect();
        let always = telling.len();
        telling.resize(layout.targets.len(), 0);
        let targets = layout.targets.iter().enumerate();
        let texts = targets.filter(|(_, target)| layout.workbook && target.style.kind == Kind::Text);
        Self {
            texts: texts.map(|(at, target)| (at, target.index)).collect(),
            numbers: of_kind(Kind::Number),
            dates: of_kind(Kind::Date),
            times: of_kind(Kind::Time),
            row: layout.targets.iter().map(blank).collect(),
            telling,
            always,
            count: always,
        }
    }

    /// Looks at a row.
    pub(crate) fn look_at(&mut self, row: &Row) {
        self.count = self.always;
        let (seen, telling, count) = (&mut self.row, &mut self.telling, &mut self.count);
        see(&self.numbers, row, seen, telling, count, Kind::Number, glance_at_number);
        see(&self.dates, row, seen, telling, count, Kind::Date, glance_at_date);
        see(&self.times, row, seen, telling, count, Kind::Time, glance_at_time);
        for (at, index) in &self.texts {
            if row.is_moment(*index)
                && let Some(next) = telling.get_mut(*count)
            {
                *next = *at;
                *count += 1;
            }
        }
    }

    /// What the cell of each target shows.
    pub(crate) fn seen(&self) -> &[Seen] {
        &self.row
    }

    /// The targets, text that is not a date aside, whose cells the survey has to look at.
    pub(crate) fn telling(&self) -> &[usize] {
        self.telling.get(..self.count).unwrap_or_default()
    }
}

/// Looks at the cells of the targets of one kind.
#[inline]
fn see(
    targets: &[(usize, usize)],
    row: &Row,
    seen: &mut [Seen],
    telling: &mut [usize],
    count: &mut usize,
    kind: Kind,
    glance: impl Fn(&Field<'_>) -> Look,
) {
    let mut told = *count;
    for (at, index) in targets {
        let Some(seen) = seen.get_mut(*at) else { continue };
        if let Some(field) = row.field(*index) {
            seen.look = glance(&field);
            seen.length = u8::try_from(field.length).unwrap_or_default();
            seen.start = field.start;
        } else {
            seen.look = look_at_cell(row.cell(*index), kind);
            seen.start = NOWHERE;
        }
        if let Some(next) = telling.get_mut(told) {
            *next = *at;
        }
        let is_usual = matches!(seen.look, Look::Nothing | Look::Plain | Look::Text | Look::Digits);
        told += usize::from(!is_usual);
    }
    *count = told;
}

/// Looks at a cell that is no short field.
#[cold]
fn look_at_cell(cell: Cell<'_>, kind: Kind) -> Look {
    match cell {
        Cell::Empty => Look::Nothing,
        Cell::Text(text) => look(text, kind),
        _ => Look::Other,
    }
}

/// Looks at a cell in a column of text, in which nobody has looked yet.
pub(crate) fn look_at_text(row: &Row, index: usize) -> Look {
    match row.field(index) {
        Some(field) => glance_at_text_of(row, &field),
        None => look_at_cell(row.cell(index), Kind::Text),
    }
}

/// Looks at a short field of this row, in a column of text.
#[inline]
pub(crate) fn glance_at_text_of(row: &Row, field: &Field<'_>) -> Look {
    if row.is_plain() {
        glance_at_plain_text(field)
    } else {
        glance_at_text(field)
    }
}
