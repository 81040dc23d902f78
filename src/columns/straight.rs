//! Rows whose values are taken one at a time, straight from their cells: most rows are items without further ado, and a
//! `Draft` of each, to be read once and dropped, costs more than its reading.
//!
//! Belongs here: what can be told of a row before its values are read. Doesn't: what becomes of any other row (`source`),
//! the meaning of a cell (`cells`, and at one look `looks`).

use std::borrow::Cow;

use super::cells::{self, Meaning};
use super::layout::{Layout, Target};
use super::looks::Look;
use super::{ColumnOptions, FieldValue, NumberStyle, Origin};
use crate::sheet::{Cell, Row};

/// Rows of so many slots take no memory of their own on their way: more than there are fields.
const USUAL: usize = 48;

/// Where the values of a table's rows stand in the rows that are written.
#[derive(Clone, Copy, Debug)]
pub struct Slots<'s> {
    /// The slot of the id.
    pub id: usize,
    /// The slot of each other value, and its place among `Source::fields_of`; no slot twice.
    pub values: &'s [(usize, usize)],
    /// A field of which the row says nothing is as if it weren't given.
    pub skips_nothing: bool,
}

/// A row with a sound id that no other row has: an item, unless one of its values is refused.
pub struct Straight<'a> {
    pub(super) table: usize,
    pub(super) id: Cow<'a, str>,
    pub(super) layout: &'a Layout,
    pub(super) row: &'a Row,
    /// What one look shows of each target's cell.
    pub(super) looks: &'a [Look],
    pub(super) options: &'a ColumnOptions,
}

impl<'a> Straight<'a> {
    /// The table's place in `Source::tables`.
    #[must_use]
    pub fn table(&self) -> usize {
        self.table
    }

    /// Where the row stands.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            table: self.table,
            line: self.row.line,
        }
    }

    /// The id, checked.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether one look shows that the row says nothing in the field of this place, which is allowed.
    #[inline]
    #[must_use]
    pub fn is_plainly_nothing(&self, place: usize) -> bool {
        self.looks.get(place) == Some(&Look::Nothing) && !self.options.blanks_reject
    }

    /// What the row says in the field of this place among `Source::fields_of`, where one look shows that: nothing, the
    /// cell's own text, or a number by the cell's own digits.
    #[must_use]
    pub fn plain(&self, place: usize) -> Option<Cell<'a>> {
        let mut cell = Cell::Absent;
        self.put_plain(place, &mut cell).then_some(cell)
    }

    /// Puts the same there; false, and nothing is put, where it takes more than a look. What is returned by value makes the
    /// processor wait for what it has just written, and there are many cells.
    #[inline]
    #[must_use]
    pub fn put_plain(&self, place: usize, there: &mut Cell<'a>) -> bool {
        let Some(look) = self.looks.get(place) else {
            return false;
        };
        if *look == Look::Nothing {
            if !self.options.blanks_reject {
                *there = Cell::Empty;
            }
            return !self.options.blanks_reject;
        }
        let Some(target) = self.layout.targets.get(place) else {
            return false;
        };
        let Some(text) = self.row.text_at(target.index) else {
            return false;
        };
        match look {
            Look::Text => *there = Cell::Text(text),
            Look::Digits => *there = Cell::Digits(text),
            Look::Decimal if target.style.numbers == NumberStyle::Us => *there = Cell::Digits(text),
            _ => return false,
        }
        true
    }

    /// The text of the cell for the field of this place, where the cell is plain text that is the field's alone.
    #[must_use]
    pub fn own_text(&self, place: usize) -> Option<&'a str> {
        let target = self.layout.targets.get(place)?;
        match self.row.cell(target.index) {
            Cell::Text(text) if self.layout.untyped && target.joined.is_none() => Some(text),
            _ => None,
        }
    }

    /// Gives `take` as many cells, the row's values in their slots and what `blank` says in the others. None, and `take` is
    /// given nothing, where a value is refused: by the reading, or because it isn't `wanted`.
    #[inline]
    pub fn in_slots<T>(
        &self,
        slots: &Slots<'_>,
        count: usize,
        blank: impl Fn(usize) -> Cell<'static>,
        wanted: impl Fn(&FieldValue<'_>) -> bool,
        take: impl FnOnce(&[Cell<'_>]) -> T,
    ) -> Option<T> {
        // Most values are what their cells hold; these are not.
        let mut made = Vec::new();
        let mut few = [Cell::Absent; USUAL];
        let mut many = Vec::new();
        let cells = if let Some(few) = few.get_mut(..count) {
            few
        } else {
            many.resize(count, Cell::Absent);
            many.as_mut_slice()
        };
        for (slot, cell) in cells.iter_mut().enumerate() {
            *cell = blank(slot);
        }
        for (slot, place) in slots.values {
            let Some(cell) = cells.get_mut(*slot) else { continue };
            if slots.skips_nothing && self.is_plainly_nothing(*place) || self.put_plain(*place, cell) {
                continue;
            }
            match self.value(*place).ok()? {
                Some(FieldValue::Nothing) if slots.skips_nothing => {}
                Some(value) if wanted(&value) => made.push((*slot, value)),
                Some(_) => return None,
                None => {}
            }
        }
        let made = made.iter().map(|(slot, value)| (*slot, value.cell()));
        for (slot, value) in made.chain([(slots.id, Cell::Text(self.id()))]) {
            if let Some(cell) = cells.get_mut(slot) {
                *cell = value;
            }
        }
        Some(take(cells))
    }

    /// What the row says in the field of this place among `Source::fields_of`: none where it has no cell for it. The error
    /// is why the whole row is refused.
    pub fn value(&self, place: usize) -> Result<Option<FieldValue<'a>>, String> {
        if let Some(target) = self.layout.targets.get(place) {
            return value(self.layout, self.options, self.row, target);
        }
        let constant = self.layout.constants.get(place - self.layout.targets.len());
        Ok(constant.map(|(_, value)| value.clone()))
    }
}

/// What a row says in a field, or why it is refused.
#[inline]
pub(super) fn value<'a>(
    layout: &Layout,
    options: &ColumnOptions,
    row: &'a Row,
    target: &Target,
) -> Result<Option<FieldValue<'a>>, String> {
    if layout.untyped
        && target.joined.is_none()
        && !(options.blanks_reject || options.strict)
        && let Some(value) = cells::read_plainly(row.cell(target.index), &target.style)
    {
        return Ok(Some(value));
    }
    match layout.read(row, target) {
        Meaning::Absent => Ok(None),
        Meaning::Fault(reason) => Err(reason),
        Meaning::Nothing(_) if options.blanks_reject => Err("the cell is blank (--blanks reject)".to_owned()),
        Meaning::Value(_, Some(concern)) if options.strict && concern.is_strict() => {
            let shown = cells::display(layout.cell(row, target.index));
            Err(format!("{shown:?} {} (--strict)", concern.reason()))
        }
        Meaning::Nothing(_) => Ok(Some(FieldValue::Nothing)),
        Meaning::Value(value, _) => Ok(Some(value)),
    }
}
