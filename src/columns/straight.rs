//! Rows whose values are taken one at a time, straight from their cells: most rows are items without further ado, and a
//! `Draft` of each, to be read once and dropped, costs more than its reading.
//!
//! Belongs here: what can be told of a row before its values are read. Doesn't: what becomes of any other row (`source`),
//! the meaning of a cell (`cells`, and at one look `looks`).

use std::borrow::Cow;

use super::cells::{self, Meaning};
use super::dates;
use super::layout::{Layout, Target};
use super::looks::{self, Look, Seen};
use super::{ColumnOptions, FieldValue, NumberStyle, Origin, Source};
use crate::sheet::write::{Buffer, Key, Object, ObjectEncoder, Pen, Said, WriteError};
use crate::sheet::{Cell, FIELD, Field, Row};

/// Rows of so many slots take no memory of their own on their way: more than there are fields.
const USUAL: usize = 48;

/// Where the values of a table's rows stand in the rows that are written.
#[derive(Clone, Debug)]
pub struct Slots {
    each: Vec<Slot>,
    /// A field of which the row says nothing is as if it weren't given.
    skips_nothing: bool,
    shown: Shown,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    filling: Filling,
    /// Whether what isn't filled is an empty cell, rather than none.
    is_always: bool,
}

/// What a slot is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    Nothing,
    Id,
    /// What the row says in the field of this place among `Source::fields_of`.
    Value(usize),
}

impl Source {
    /// As many slots: what isn't filled is an empty cell where this says so, and no cell elsewhere. `id` is the slot of the
    /// id, `values` those of values, each with its place among `Source::fields_of`. None where two of them share a slot.
    pub fn slots(
        &self,
        is_always: impl Iterator<Item = bool>,
        id: usize,
        values: impl Iterator<Item = (usize, usize)>,
        skips_nothing: bool,
    ) -> Option<Slots> {
        let blank = |is_always| Slot {
            filling: Filling::Nothing,
            is_always,
        };
        let mut slots: Vec<Slot> = is_always.map(blank).collect();
        let values = values.map(|(slot, place)| (slot, Filling::Value(place)));
        for (slot, filling) in values.chain([(id, Filling::Id)]) {
            let slot = slots.get_mut(slot).filter(|slot| slot.filling == Filling::Nothing)?;
            slot.filling = filling;
        }
        Some(Slots {
            each: slots,
            skips_nothing,
            shown: Shown::new(skips_nothing, self.options()),
        })
    }
}

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
    fn is_plainly_nothing(&self, place: usize) -> bool {
        self.look(place) == Look::Nothing && !self.options.blanks_reject
    }

    #[inline]
    fn look(&self, place: usize) -> Look {
        match self.looks.get(place) {
            Some(seen) if seen.look == Look::Untold => looks::look_at_text(self.row, seen.start),
            Some(seen) => seen.look,
            None => Look::Other,
        }
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
            Look::Plain | Look::Text => *there = Cell::Text(text),
            Look::ZeroLed if !self.options.strict => *there = Cell::Text(text),
            Look::Digits => *there = Cell::Digits(text),
            Look::Decimal | Look::Either if target.style.numbers == NumberStyle::Us => *there = Cell::Digits(text),
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

    /// Gives `take` a cell for each slot. None, and `take` is given nothing, where a value is refused: by the reading, or
    /// because it isn't `wanted`.
    pub fn in_slots<T>(
        &self,
        slots: &Slots,
        wanted: impl Fn(&FieldValue<'_>) -> bool,
        take: impl FnOnce(&[Cell<'_>]) -> T,
    ) -> Option<T> {
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
            if slot.is_always {
                *cell = Cell::Empty;
            }
            let place = match slot.filling {
                Filling::Nothing => continue,
                Filling::Id => {
                    *cell = Cell::Text(self.id());
                    continue;
                }
                Filling::Value(place) => place,
            };
            if slots.skips_nothing && self.is_plainly_nothing(place) || self.put_plain(place, cell) {
                continue;
            }
            match self.value(place).ok()? {
                Some(FieldValue::Nothing) if slots.skips_nothing => {}
                Some(value) if wanted(&value) => made.push((at, value)),
                Some(_) => return None,
                None => {}
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
    pub fn write_object(
        &self,
        slots: &Slots,
        wanted: impl Fn(&FieldValue<'_>) -> bool,
        encoder: &ObjectEncoder,
        out: &mut Buffer,
    ) -> Result<bool, WriteError> {
        let (mut object, mut pen) = encoder.begin(out);
        for (key, slot) in encoder.keys().iter().zip(&slots.each) {
            if let Some((said, block, length)) = self.shown(slots, slot) {
                pen = object.field(pen, key, said, block, length);
                continue;
            }
            let Some(further) = self.write_other(slots, slot, &wanted, (key, pen), &mut object)? else {
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
    fn shown(&self, slots: &Slots, slot: &Slot) -> Option<(Said, &'a [u8; FIELD], usize)> {
        match slot.filling {
            Filling::Value(place) => {
                let seen = self.looks.get(place)?;
                if seen.look == Look::Untold {
                    let field = self.row.field(seen.start)?;
                    let look = looks::glance_at_text_of(self.row, &field);
                    return Some((slots.shown.of(look, seen, slot)?, field.block, field.length));
                }
                let said = slots.shown.of(seen.look, seen, slot)?;
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
        slots: &Slots,
        slot: &Slot,
        wanted: &impl Fn(&FieldValue<'_>) -> bool,
        (key, pen): (&Key, Pen),
        object: &mut Object<'_>,
    ) -> Result<Option<Pen>, WriteError> {
        let unsaid = if slot.is_always { Cell::Empty } else { Cell::Absent };
        let place = match slot.filling {
            Filling::Nothing => return object.cell(pen, key, &unsaid).map(Some),
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
        let value = match self.value(place) {
            Ok(None) => unsaid,
            Ok(Some(FieldValue::Nothing)) if slots.skips_nothing => unsaid,
            Ok(Some(value)) if wanted(&value) => return object.cell(pen, key, &value.cell()).map(Some),
            Ok(Some(_)) | Err(_) => return Ok(None),
        };
        object.cell(pen, key, &value).map(Some)
    }

    /// The day that one look shows in the cell for the field of this place, as the API is told it.
    fn day(&self, place: usize, target: &Target) -> Option<[u8; 10]> {
        let seen = self.looks.get(place).filter(|seen| seen.look == Look::Triple)?;
        let text = self.row.block(seen.start)?.first_chunk()?;
        dates::usual_as_written(text, target.style.dates)
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

/// What is written for a key where one look shows it. Looked up, for no processor can guess what a cell is.
#[derive(Clone, Copy, Debug)]
struct Shown([[Option<Said>; LOOKS]; 4]);

/// How many looks there are.
const LOOKS: usize = Look::Untold as usize + 1;

impl Shown {
    fn new(skips_nothing: bool, options: &ColumnOptions) -> Self {
        let ColumnOptions {
            blanks_reject, strict, ..
        } = *options;
        let of = |is_always: bool, has_points: bool| {
            let mut shown = [None; LOOKS];
            shown[Look::Nothing as usize] = match (blanks_reject, skips_nothing && !is_always) {
                (true, _) => None,
                (false, true) => Some(Said::Unsaid),
                (false, false) => Some(Said::Nothing),
            };
            shown[Look::Plain as usize] = Some(Said::Text);
            shown[Look::Digits as usize] = Some(Said::Digits);
            shown[Look::ZeroLed as usize] = (!strict).then_some(Said::Text);
            shown[Look::Decimal as usize] = has_points.then_some(Said::Digits);
            shown[Look::Either as usize] = shown[Look::Decimal as usize];
            shown
        };
        Self([of(false, false), of(false, true), of(true, false), of(true, true)])
    }

    #[inline]
    fn of(&self, look: Look, seen: &Seen, slot: &Slot) -> Option<Said> {
        let which = usize::from(slot.is_always) << 1 | usize::from(seen.has_points);
        self.0[which][look as usize]
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
