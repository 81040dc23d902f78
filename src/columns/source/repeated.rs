//! Rows whose id stands in other rows too: which they are, what becomes of them, and what is said of it.
//!
//! Belongs here: the rows of one id. Doesn't: comparing ids (`duplicates`), putting rows together (`merge`).

use std::collections::HashMap;

use super::super::duplicates::{FirstLook, Groups, Spot};
use super::super::error::ColumnError;
use super::super::layout::{IdColumn, Layout};
use super::super::merge::{Held, hold};
use super::super::near::spelled;
use super::super::{Draft, Duplicates, Reading, Rejection, Survey};
use super::Source;
use crate::output::{About, counted, counted_are};
use crate::sheet::{Format, Row, Table};

impl Source {
    /// Reads the rows of the ids whose hash came twice.
    pub(super) fn look_again(&self, look: &mut FirstLook) -> Result<Groups, ColumnError> {
        let mut groups = Groups::default();
        self.each_row(&mut |spot, layout, table, row| {
            let Some(Ok(id)) = layout.id.as_ref().map(|column| column.read(table, row)) else {
                return Ok(());
            };
            // A row that is refused anyway is not one to be taken in place of another.
            let is_sound = || {
                self.draft(layout, table, row)
                    .is_ok_and(|draft| draft.misfits().is_empty())
            };
            let counts = self.options.duplicates == Duplicates::Reject || is_sound();
            if look.is_suspect(&id.text) && counts {
                groups.add(&id.text, spot);
            }
            Ok::<(), ColumnError>(())
        })?;
        Ok(groups)
    }

    pub(super) fn tell_ids_alike(&mut self, survey: &mut Survey) {
        if let Some(alike) = self.groups.alike() {
            survey.warnings.push(About::IdsAlike.warning(format!(
                "{} nearly the same as another id of the file; they are different items (first: {} in {} and {} in {})",
                counted_are(alike.count, "id"),
                spelled(&alike.first.0),
                self.place(alike.first.1),
                spelled(&alike.second.0),
                self.place(alike.second.1)
            )));
        }
        self.groups.keep_repeated();
        let (ids, rows) = self.groups.counts();
        if ids > 0 {
            let fate = match self.options.duplicates {
                _ if self.ids_only => "each counts once",
                Duplicates::Reject => "all are rejected (--duplicates first, last or merge imports them)",
                Duplicates::First => "the first row is used (--duplicates first)",
                Duplicates::Last => "the last row is used (--duplicates last)",
                Duplicates::Merge => "they are merged (--duplicates merge)",
            };
            let (ids, rows) = (counted_are(ids, "id"), counted(rows, "row"));
            survey
                .warnings
                .push(About::IdsRepeated.warning(format!("{ids} in more than one row ({rows}): {fate}")));
        }
    }

    /// What becomes of a row that is sound by itself, in view of the other rows with its id.
    pub(super) fn settle<'a>(
        &self,
        layout: &Layout,
        table: &Table,
        spot: Spot,
        draft: Draft<'a>,
        held: &mut HashMap<String, Vec<Held>>,
        earlier: &mut Vec<Held>,
    ) -> Reading<'a> {
        let Some(rows) = self.groups.of(&draft.id) else {
            return Reading::Item(draft);
        };
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Reading::Item(draft);
        };
        match self.options.duplicates {
            // It isn't among the rows of which one is taken.
            Duplicates::First | Duplicates::Last | Duplicates::Merge if !draft.misfits().is_empty() => {
                Reading::Rejected(draft.misfits())
            }
            Duplicates::Reject => {
                let id = layout.id.as_ref();
                Reading::Rejected(vec![self.duplicate(id, table, spot, &draft.id, rows)])
            }
            Duplicates::First if spot != *first => Reading::Skipped(format!(
                "the id is in {} already (--duplicates first)",
                self.place(*first)
            )),
            Duplicates::Last if spot != *last => {
                Reading::Skipped(format!("the id is in {} again (--duplicates last)", self.place(*last)))
            }
            Duplicates::Merge if spot != *last => {
                hold(held.entry(draft.id.clone().into_owned()).or_default(), &draft);
                Reading::Skipped(format!("merged into {} (--duplicates merge)", self.place(*last)))
            }
            Duplicates::Merge => {
                *earlier = held.remove(draft.id.as_ref()).unwrap_or_default();
                Reading::Item(draft)
            }
            Duplicates::First | Duplicates::Last => Reading::Item(draft),
        }
    }

    pub(super) fn add_duplicate(
        &self,
        layout: &Layout,
        table: &Table,
        spot: Spot,
        row: &Row,
        reasons: &mut Vec<Rejection>,
    ) {
        let Some(column) = layout
            .id
            .as_ref()
            .filter(|_| self.options.duplicates == Duplicates::Reject)
        else {
            return;
        };
        if let Ok(id) = column.read(table, row)
            && let Some(rows) = self.groups.of(&id.text)
        {
            reasons.push(self.duplicate(Some(column), table, spot, &id.text, rows));
        }
    }

    pub(super) fn duplicate(
        &self,
        column: Option<&IdColumn>,
        table: &Table,
        spot: Spot,
        id: &str,
        rows: &[Spot],
    ) -> Rejection {
        const MOST: usize = 5;
        let others: Vec<String> = rows
            .iter()
            .filter(|row| **row != spot)
            .take(MOST)
            .map(|row| self.place(*row))
            .collect();
        let more = rows.len().saturating_sub(MOST + 1);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let index = column.map(|column| column.index);
        Rejection {
            column: column.map(|column| column.header.clone()),
            index,
            value: id.to_owned(),
            reason: format!(
                "{}: the id {id:?} is also in {}{more}",
                table.address(spot.line, index.unwrap_or(0)),
                others.join(", ")
            ),
        }
    }

    /// Where a row stands, for a person; with the file where there are several.
    pub(super) fn place(&self, spot: Spot) -> String {
        let Some(table) = self.tables.get(spot.table) else {
            return format!("line {}", spot.line);
        };
        let index = self
            .layouts
            .get(spot.table)
            .and_then(|layout| layout.id.as_ref())
            .map_or(0, |id| id.index);
        let place = match table.format {
            Format::Workbook(_) => table.address(spot.line, index),
            _ => table.row_address(spot.line),
        };
        if self.tables.iter().any(|other| other.file != table.file) {
            format!("{} {place}", table.file)
        } else {
            place
        }
    }
}
