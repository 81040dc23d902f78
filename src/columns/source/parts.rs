//! The tables' rows cut into pieces that are read on all processors.
//!
//! Belongs here: both passes over pieces. Doesn't: what becomes of a row (`source`), threads (`parallel`).

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::duplicates::{FirstLook, Spot};
use super::super::error::ColumnError;
use super::super::ids::Id;
use super::super::layout::Layout;
use super::super::looks::{Looks, Seen};
use super::super::straight::Straight;
use super::super::survey::TableSurvey;
use super::super::{Duplicates, Incoming};
use super::Source;
use crate::parallel::in_order;
use crate::sheet::{Passed, Piece, Row, Table};

/// What the first pass over one table has found.
pub(super) struct Surveyed {
    pub(super) found: TableSurvey,
    pub(super) passed: Passed,
    /// For each piece, how many rows come before it.
    pub(super) starts: Vec<u64>,
}

impl Surveyed {
    pub(super) fn new(layout: &Layout, table: &Table) -> Self {
        Self {
            found: TableSurvey::new(layout, table),
            passed: Passed::default(),
            starts: Vec::new(),
        }
    }
}

/// Takes a row straight into a part; false, and nothing is taken, where the row needs more than that.
pub type TakeStraight<'a, P, E> = dyn Fn(&mut P, &Straight<'_>) -> Result<bool, E> + Sync + 'a;

/// Takes a row and what it means into a part.
pub type TakePart<'a, P, E> = dyn Fn(&mut P, &Row, Incoming<'_>) -> Result<(), E> + Sync + 'a;

impl Source {
    /// The first pass over one table.
    pub(super) fn survey_table(&self, at: usize, look: &mut FirstLook) -> Result<Option<Surveyed>, ColumnError> {
        let (Some(table), Some(layout)) = (self.tables.get(at), self.layouts.get(at)) else {
            return Ok(None);
        };
        let mut all = Surveyed::new(layout, table);
        let mut passed_by_cutting = Passed::default();
        let mut before = 0;
        let blank = look.part();
        in_order::<_, _, ColumnError>(
            |give| {
                let mut pieces = table.pieces()?;
                while let Some(piece) = pieces.next()? {
                    if !give(piece) {
                        break;
                    }
                }
                passed_by_cutting = pieces.passed();
                Ok(())
            },
            |mut piece| -> Result<_, ColumnError> {
                let (mut found, mut look) = (TableSurvey::new(layout, table), blank.clone());
                let (mut row, mut number, mut looks) = (Row::new(), 0, Looks::new(layout));
                while piece.next(&mut row)? {
                    number += 1;
                    looks.look_at(&row);
                    if !found.row(layout, table, &row, &looks) {
                        continue;
                    }
                    let id = Self::id_of(layout, table, &row);
                    found.note_odd_id(layout, &row, id.as_ref());
                    if let Some(id) = id {
                        found.id(&id, row.line);
                        look.add(
                            &id.text,
                            Spot {
                                table: at,
                                number,
                                line: row.line,
                            },
                        );
                    }
                }
                Ok((found, look, number, piece.passed()))
            },
            |part| {
                let (found, seen, rows, passed_in_part) = part?;
                all.passed.join(passed_in_part);
                all.found.join(found);
                look.join(seen, before);
                all.starts.push(before);
                before += rows;
                Ok(())
            },
        )?;
        all.passed.join(passed_by_cutting);
        Ok(Some(all))
    }

    /// Reads every data row like `read`, on all processors: `part` puts rows, one after the other, into what `take` is given
    /// in the file's order. Rows may also be taken straight: `part` is given those that `straight` leaves alone (false).
    /// After an error `take` is still given what came before it.
    pub fn read_parts<P, E>(
        &self,
        straight: Option<&TakeStraight<'_, P, E>>,
        part: &TakePart<'_, P, E>,
        take: &mut dyn FnMut(P) -> Result<(), E>,
    ) -> Result<(), E>
    where
        P: Default + Send,
        E: From<ColumnError> + Send,
    {
        if self.options.duplicates == Duplicates::Merge && !self.groups.is_empty() {
            // What is merged stands in any of the parts.
            return self.read(&mut |row, incoming| {
                let mut one = P::default();
                part(&mut one, row, incoming)?;
                take(one)
            });
        }
        for (at, (table, layout)) in self.tables.iter().zip(&self.layouts).enumerate() {
            let starts = self.parts.get(at).map(Vec::as_slice).unwrap_or_default();
            in_order(
                |give| {
                    let mut pieces = table.pieces().map_err(ColumnError::from)?;
                    let mut starts = starts.iter();
                    while let Some(piece) = pieces.next().map_err(ColumnError::from)? {
                        if !give((starts.next().copied().unwrap_or(0), piece)) {
                            break;
                        }
                    }
                    Ok(())
                },
                |(before, piece)| {
                    let (mut done, mut looks) = (P::default(), Looks::new(layout));
                    let place = Spot {
                        table: at,
                        number: before,
                        line: 0,
                    };
                    let failure = Self::read_piece(layout, place, piece, &mut |spot, row| {
                        if let Some(straight) = straight {
                            looks.look_at(row);
                            let id = Self::id_of(layout, table, row);
                            if let Some(sound) = id.and_then(|id| self.straight(layout, at, row, id, looks.seen()))
                                && straight(&mut done, &sound)?
                            {
                                return Ok(());
                            }
                        }
                        // Nothing is held back, for nothing is merged.
                        let mut held = HashMap::new();
                        self.incoming(layout, table, spot, row, &mut held, &mut |row, incoming| {
                            part(&mut done, row, incoming)
                        })
                    });
                    (done, failure)
                },
                |(done, failure)| take(done).and(failure),
            )?;
        }
        Ok(())
    }

    fn read_piece<E: From<ColumnError>>(
        layout: &Layout,
        mut spot: Spot,
        mut piece: Piece,
        take: &mut dyn FnMut(Spot, &Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Row::new();
        while piece.next(&mut row).map_err(ColumnError::from)? {
            spot.number += 1;
            spot.line = row.line;
            if !layout.guard.is_aside(&row) {
                take(spot, &row)?;
            }
        }
        Ok(())
    }

    /// The row of this id, where nothing but its values can be at fault.
    pub(super) fn straight<'a>(
        &'a self,
        layout: &'a Layout,
        at: usize,
        row: &'a Row,
        id: Id<'a>,
        looks: &'a [Seen],
    ) -> Option<Straight<'a>> {
        let alone = self.groups.is_empty() || self.groups.of(&id.text).is_none();
        let id_field = match (&id.text, &layout.id) {
            (Cow::Borrowed(text), Some(column)) if row.is_plain() => {
                // An id that lost white space or a guard is shorter.
                row.field(column.index).filter(|field| field.length == text.len())
            }
            _ => None,
        };
        let is_sound = layout.beyond(row).is_none() && !row.is_misquoted() && layout.guard.suspicion(row).is_none();
        (alone && is_sound).then_some(Straight {
            table: at,
            id: id.text,
            id_field,
            layout,
            row,
            looks,
            options: &self.options,
        })
    }

    /// A row's id, if it is sound.
    pub(super) fn id_of<'a>(layout: &Layout, table: &Table, row: &'a Row) -> Option<Id<'a>> {
        layout.id.as_ref()?.read(table, row).ok()
    }
}
