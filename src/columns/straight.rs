//! Rows whose values are taken one at a time, straight from their cells: most rows are items without further ado, and a
//! `Draft` of each, to be read once and dropped, costs more than its reading.
//!
//! Belongs here: what can be told of a row before its values are read. Doesn't: what becomes of any other row (`source`),
//! the meaning of a cell (`cells`, and at one look `looks`).

use std::borrow::Cow;

use super::cells::{self, Meaning};
use super::compare::own_text;
use super::dates;
use super::layout::{Layout, Target};
use super::looks::{self, Look, Seen};
use super::{ColumnOptions, FieldValue, NumberStyle};
use crate::sheet::write::{Buffer, Key, Object, ObjectEncoder, Pen, Said, WriteError};
use crate::sheet::{Cell, FIELD, Field, Row};

/// Rows of so many slots take no memory of their own on their way: more than there are fields.
const USUAL: usize = 48;

/// Where the values of a table's rows stand in the rows that are written.
#[derive(Clone, Debug)]
pub struct Slots {
    each: Vec<Filling>,
    shown: Shown,
}

/// What a slot is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    Nothing,
    Id,
    /// What the row says in the field of this place among `Source::fields_of`.
    Value(usize),
}

impl Slots {
    /// So many slots: the first is that of the id, `values` are those of values with their places. None where two of them
    /// share a slot.
    pub(super) fn new(
        count: usize,
        values: impl Iterator<Item = (usize, usize)>,
        options: &ColumnOptions,
    ) -> Option<Self> {
        let mut each = vec![Filling::Nothing; count];
        let values = values.map(|(slot, place)| (slot, Filling::Value(place)));
        for (slot, filling) in values.chain([(0, Filling::Id)]) {
            let slot = each.get_mut(slot).filter(|slot| **slot == Filling::Nothing)?;
            *slot = filling;
        }
        let shown = Shown::new(options);
        Some(Self { each, shown })
    }
}

/// A row takes a draft to be decided on.
#[derive(Clone, Copy, Debug)]
pub struct NeedsDraft;

/// A row with a sound id that no other row has: an item, unless one of its values is refused.
pub struct Straight<'a> {
    pub(super) table: usize,
    pub(super) id: Cow<'a, str>,
    /// The id's own cell, where that is a short field which JSON writes as it stands.
    pub(super) id_field: Option<Field<'a>>,
    pub(super) layout: &'a Layout,
    pub(super) row: &'a Row,
    /// What one look shows of each target's cell.
    pub(super) looks: &'a [Seen],
    pub(super) options: &'a ColumnOptions,
}

impl<'a> Straight<'a> {
    /// The table's place in `Source::tables`.
    #[must_use]
    pub fn table(&self) -> usize {
        self.table
    }

    /// The row's line, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.row.line
    }

    /// The id, checked.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The fields of the row's values: `Source::fields_of`.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.layout.fields()
    }

    /// The own text of the cell for the field of this place, as `DraftValue::raw` has it.
    #[must_use]
    pub fn own_text(&self, place: usize, value: &FieldValue<'_>) -> Option<Cow<'a, str>> {
        let target = self
            .layout
            .targets
            .get(place)
            .filter(|target| target.joined.is_none())?;
        own_text(self.row.cell(target.index), value, !self.layout.is_json())
    }

    #[inline]
    fn look(&self, place: usize) -> Look {
        match self.looks.get(place) {
            Some(seen) if seen.look == Look::Untold => looks::look_at_text(self.row, seen.start),
            Some(seen) => seen.look,
            None => Look::Other,
        }
    }

    /// Puts what the row says in the field of this place among `Source::fields_of` there, where one look shows that: nothing,
    /// the cell's own text, or a number by the cell's own digits. False, and nothing is put, where it takes more than a look.
    /// What is returned by value makes the processor wait for what it has just written, and there are many cells.
    #[inline]
    #[must_use]
    fn put_plain(&self, place: usize, there: &mut Cell<'a>) -> bool {
        let look = self.look(place);
        if look == Look::Nothing {
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
            Look::Plain | Look::Text | Look::ZeroLed => *there = Cell::Text(text),
            Look::Digits => *there = Cell::Digits(text),
            Look::Decimal | Look::Either if target.style.numbers == NumberStyle::Us => *there = Cell::Digits(text),
            _ => return false,
        }
        true
    }

    /// Gives `take` a cell for each slot. None, and `take` is given nothing, where a value is refused.
    pub fn in_slots<T>(&self, slots: &Slots, take: impl FnOnce(&[Cell<'_>]) -> T) -> Option<T> {
        // Most values are what their cells hold; these are not.
        let mut made = Vec::new();
        let mut few = [Cell::Absent; USUAL];
        let mut many = Vec::new();
        let count = slots.each.len();
        let cells = if let Some(few) = few.get_mut(..count) {
            few
        } else {
            many.resize(count, Cell::Absent);
            many.as_mut_slice()
        };
        for (at, (cell, slot)) in cells.iter_mut().zip(&slots.each).enumerate() {
            let place = match slot {
                Filling::Nothing => continue,
                Filling::Id => {
                    *cell = Cell::Text(self.id());
                    continue;
                }
                Filling::Value(place) => *place,
            };
            if !self.put_plain(place, cell) {
                made.extend(self.value(place).ok()?.map(|value| (at, value)));
            }
        }
        for (at, value) in &made {
            if let Some(cell) = cells.get_mut(*at) {
                *cell = value.cell();
            }
        }
        Some(take(cells))
    }

    /// Adds the object that the encoder makes of the same cells; false, and nothing is added, where a value is refused.
    /// What one look shows is written as it stands.
    pub fn write_object(&self, slots: &Slots, encoder: &ObjectEncoder, out: &mut Buffer) -> Result<bool, WriteError> {
        let (mut object, mut pen) = encoder.begin(out);
        for (key, slot) in encoder.keys().iter().zip(&slots.each) {
            if let Some((said, block, length)) = self.shown(slots, *slot) {
                pen = object.field(pen, key, said, block, length);
                continue;
            }
            let Some(further) = self.write_other(*slot, (key, pen), &mut object)? else {
                object.take_back();
                return Ok(false);
            };
            pen = further;
        }
        object.end(pen);
        Ok(true)
    }

    /// What is written for a slot as it stands, as one look shows: a block, of which so many bytes count.
    #[expect(clippy::inline_always, reason = "it is done for each cell of a row")]
    #[inline(always)]
    fn shown(&self, slots: &Slots, slot: Filling) -> Option<(Said, &'a [u8; FIELD], usize)> {
        match slot {
            Filling::Value(place) => {
                let seen = self.looks.get(place)?;
                if seen.look == Look::Untold {
                    let field = self.row.field(seen.start)?;
                    let look = looks::glance_at_text_of(self.row, &field);
                    return Some((slots.shown.of(look, seen)?, field.block, field.length));
                }
                let said = slots.shown.of(seen.look, seen)?;
                Some((said, self.row.block(seen.start)?, usize::from(seen.length)))
            }
            Filling::Id => {
                let field = self.id_field?;
                Some((Said::Text, field.block, field.length))
            }
            Filling::Nothing => None,
        }
    }

    /// Adds what takes more than a look to an object; none where it is refused.
    #[inline(never)]
    fn write_other(
        &self,
        slot: Filling,
        (key, pen): (&Key, Pen),
        object: &mut Object<'_>,
    ) -> Result<Option<Pen>, WriteError> {
        let place = match slot {
            Filling::Nothing => return Ok(Some(pen)),
            Filling::Id => return object.cell(pen, key, &Cell::Text(self.id())).map(Some),
            Filling::Value(place) => place,
        };
        let look = self.look(place);
        if let Some(target) = self.layout.targets.get(place) {
            if let Some(day) = self.day(place, target) {
                let mut block = [0; FIELD];
                if let Some(room) = block.first_chunk_mut() {
                    *room = day;
                }
                return Ok(Some(object.field(pen, key, Said::Text, &block, day.len())));
            }
            let mut cell = Cell::Absent;
            // What becomes of nothing depends on more.
            if look != Look::Nothing && self.put_plain(place, &mut cell) {
                return object.cell(pen, key, &cell).map(Some);
            }
        }
        match self.value(place) {
            Ok(None) => Ok(Some(pen)),
            Ok(Some(value)) => object.cell(pen, key, &value.cell()).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The day that one look shows in the cell for the field of this place, as the API is told it.
    fn day(&self, place: usize, target: &Target) -> Option<[u8; 10]> {
        let seen = self.looks.get(place).filter(|seen| seen.look == Look::Triple)?;
        if target.style.mixed.is_some() {
            return None;
        }
        let text = self.row.block(seen.start)?.first_chunk()?;
        dates::usual_as_written(text, target.style.dates)
    }

    /// Gives `take` what the row says in the field of this place among `Source::fields_of`; `None` where it has no cell for
    /// it. Fails where it can't be taken, or only if it is stored.
    pub fn with_value<T>(
        &self,
        place: usize,
        take: impl FnOnce(&FieldValue<'_>) -> T,
    ) -> Result<Option<T>, NeedsDraft> {
        let mut cell = Cell::Absent;
        if self.put_plain(place, &mut cell) {
            match cell {
                Cell::Empty => return Ok(Some(take(&FieldValue::Nothing))),
                Cell::Text(text) => return Ok(Some(take(&FieldValue::Text(Cow::Borrowed(text))))),
                Cell::Digits(digits) => return Ok(Some(take(&FieldValue::Number(Cow::Borrowed(digits))))),
                _ => {}
            }
        }
        let value = self.value(place).map_err(|_| NeedsDraft)?;
        Ok(value.as_ref().map(take))
    }

    /// What the row says in the field of this place: none where it has no cell for it. The error is why the row is refused.
    fn value(&self, place: usize) -> Result<Option<FieldValue<'a>>, Refusal<'a>> {
        if let Some(target) = self.layout.targets.get(place) {
            let cell = self.row.cell(target.index);
            return value(self.layout, self.options, self.row, (target, cell));
        }
        let constant = self.layout.constants.get(place - self.layout.targets.len());
        Ok(constant.map(|(_, value)| value.clone()))
    }
}

/// What is written for a key where one look shows it, without and with points in numbers. Looked up, for no processor can
/// guess what a cell is.
#[derive(Clone, Copy, Debug)]
struct Shown([[Option<Said>; LOOKS]; 2]);

/// How many looks there are.
const LOOKS: usize = Look::Untold as usize + 1;

impl Shown {
    fn new(options: &ColumnOptions) -> Self {
        let of = |has_points: bool| {
            let mut shown = [None; LOOKS];
            shown[Look::Nothing as usize] = (!options.blanks_reject).then_some(Said::Nothing);
            shown[Look::Plain as usize] = Some(Said::Text);
            shown[Look::Digits as usize] = Some(Said::Digits);
            shown[Look::ZeroLed as usize] = Some(Said::Text);
            shown[Look::Decimal as usize] = has_points.then_some(Said::Digits);
            shown[Look::Either as usize] = shown[Look::Decimal as usize];
            shown
        };
        Self([of(false), of(true)])
    }

    #[inline]
    fn of(&self, look: Look, seen: &Seen) -> Option<Said> {
        self.0[usize::from(seen.has_points)][look as usize]
    }
}

/// Why a value is not taken.
#[derive(Debug)]
pub(super) enum Refusal<'a> {
    /// It can't be taken.
    Fault(String),
    /// It isn't of its field's kind: it is taken only if just that is stored.
    Misfit(FieldValue<'a>, String),
}

/// What a row says in a field, or why it is refused. The cell is the field's own, or the first of two.
#[inline]
pub(super) fn value<'a>(
    layout: &Layout,
    options: &ColumnOptions,
    row: &'a Row,
    (target, cell): (&Target, Cell<'a>),
) -> Result<Option<FieldValue<'a>>, Refusal<'a>> {
    if layout.untyped
        && target.joined.is_none()
        && !options.blanks_reject
        && let Some(value) = cells::read_plainly(cell, &target.style)
    {
        return Ok(Some(value));
    }
    match layout.read(row, target) {
        Meaning::Absent => Ok(None),
        // An error value, or a number of another style, may be just what is stored.
        Meaning::Fault(reason) => Err(match layout.text(cell).filter(|_| target.joined.is_none()) {
            Some(text) => Refusal::Misfit(FieldValue::Text(Cow::Borrowed(text)), reason),
            None => Refusal::Fault(reason),
        }),
        Meaning::Nothing(_) if options.blanks_reject => {
            Err(Refusal::Fault("the cell is blank (--blanks reject)".to_owned()))
        }
        Meaning::Value(value, Some(concern)) if concern.is_misfit() && !options.lenient => {
            let shown = cells::display(layout.cell(row, target.index));
            let reason = format!("{shown:?} {} (--lenient posts it as text)", concern.reason());
            Err(Refusal::Misfit(value, reason))
        }
        Meaning::Nothing(_) => Ok(Some(FieldValue::Nothing)),
        Meaning::Value(value, _) => Ok(Some(value)),
    }
}
