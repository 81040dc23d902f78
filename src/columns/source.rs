//! The tables of a run, read twice: once to settle what needs whole columns, then row by row.
//!
//! Belongs here: the two passes and what becomes of each row. Doesn't: evidence and sentences (`survey`), ids compared
//! (`duplicates`), single cells (`cells`).

mod again;
mod drafting;
mod parts;
mod repeated;
mod single;

use std::collections::HashMap;
use std::sync::Arc;

use super::duplicates::{FirstLook, Groups, Spot};
use super::error::ColumnError;
use super::first_rows::vote;
use super::ids::{StoredIds, is_odd_id};
use super::layout::Layout;
use super::mapping::Mapping;
use super::matching::{Matching, match_columns};
use super::merge::{Held, merge};
use super::straight::Slots;
use super::suspects::Guard;
use super::tell::{name_table, no_id, tell_columns, unmet};
use super::texts::unguard;
use super::vocabulary::Vocabulary;
use super::{ColumnOptions, Duplicates, Incoming, NumberStyle, Origin, Reading, Rejection, Settings, Survey};
use crate::item::{ITEM_ID, Kind, check_id};
use crate::output::{About, Warning, counted_have};
use crate::sheet::{HeaderBy, Row, Table};
pub use again::{Again, RowKind};
use parts::Surveyed;
pub use parts::{TakePart, TakeStraight};
pub use single::Reader;

/// The tables of one run, with their columns matched; read as often as needed.
pub struct Source {
    /// The tables, in the order in which the user named them.
    pub tables: Vec<Table>,
    matchings: Vec<Matching>,
    layouts: Vec<Layout>,
    options: ColumnOptions,
    groups: Groups,
    /// For each piece of each table, how many rows come before it in its table; as the survey found them.
    parts: Vec<Vec<u64>>,
    /// What a mapping file says of each table's columns.
    mappings: Vec<Option<Arc<Mapping>>>,
    /// Nothing but the ids is read.
    ids_only: bool,
    /// Headers that the mapping file names and no table has, in a sentence.
    unmet: Option<Warning>,
}

/// The first pass over the table of this number; none if there is no such table.
type PassOver<'a> = dyn FnMut(&Source, usize, &mut FirstLook) -> Result<Option<Surveyed>, ColumnError> + 'a;

/// Takes one row, with where it is.
type TakeRow<'a, E> = dyn FnMut(Spot, &Layout, &Table, &Row) -> Result<(), E> + 'a;

/// Takes what a row means.
type TakeIncoming<'a, E> = dyn FnMut(&Row, Incoming<'_>) -> Result<(), E> + 'a;

impl Source {
    /// Matches the columns of each table; reads no data row yet (but the first of a JSON file with nested items).
    pub fn new(tables: Vec<Table>, options: ColumnOptions) -> Result<Self, ColumnError> {
        Self::with_mapping(tables, options, None)
    }

    /// The same, where a mapping file says what columns mean.
    pub fn with_mapping(
        tables: Vec<Table>,
        options: ColumnOptions,
        mapping: Option<&Mapping>,
    ) -> Result<Self, ColumnError> {
        let mappings = vec![mapping.cloned().map(Arc::new); tables.len()];
        Self::with_mappings(tables, options, mappings)
    }

    /// The same, where each table may have a mapping file of its own.
    pub fn with_mappings(
        tables: Vec<Table>,
        options: ColumnOptions,
        mappings: Vec<Option<Arc<Mapping>>>,
    ) -> Result<Self, ColumnError> {
        Self::assemble(tables, options, mappings, true)
    }

    /// The same; a table without ids is taken only for `inspect`, which shows what is missing.
    pub(super) fn assemble(
        tables: Vec<Table>,
        options: ColumnOptions,
        mappings: Vec<Option<Arc<Mapping>>>,
        needs_id: bool,
    ) -> Result<Self, ColumnError> {
        let words = Arc::new(Vocabulary::new());
        let mut matchings = Vec::new();
        let mut layouts = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            let mapping = mappings.get(at).and_then(Option::as_deref);
            if let Some(mapping) = mapping {
                mapping.fits(table)?;
            }
            let mut matching = match_columns(table, &words, mapping)?;
            let id = matching.column(ITEM_ID).map(|column| column.index);
            let guard = Guard::new(table, id, options.keep_suspects, Arc::clone(&words));
            let layout = Layout::new(table, &matching, mapping, guard)?;
            if layout.id.is_none() {
                vote(table, &words, &mut matching)?;
            }
            if needs_id && (layout.id.is_none() || table.header.by == HeaderBy::Guessed) {
                return Err(no_id(table, &matching));
            }
            matchings.push(matching);
            layouts.push(layout);
        }
        // The mapping of a reject file has been found to fit; where objects lack a key, nothing is misspelt.
        let mut named = mappings.iter().flatten().filter(|mapping| !mapping.is_of_rejects());
        let unmet = named.next().and_then(|mapping| unmet(&tables, mapping));
        Ok(Self {
            tables,
            matchings,
            layouts,
            options,
            groups: Groups::default(),
            parts: Vec::new(),
            mappings,
            ids_only: false,
            unmet,
        })
    }

    /// The same, read for its ids alone: nothing else of a row is looked at, and of two rows of one id the first counts.
    #[must_use]
    pub fn ids_only(mut self) -> Self {
        for layout in &mut self.layouts {
            layout.targets.clear();
            layout.constants.clear();
        }
        self.options.duplicates = Duplicates::First;
        self.ids_only = true;
        self
    }

    /// What stands where in a row of `count` cells that is written: the id in the first one, and values in others, each
    /// given as its cell and its place among [`Self::fields_of`]. None where two of them share a cell.
    pub fn slots(&self, count: usize, values: impl Iterator<Item = (usize, usize)>) -> Option<Slots> {
        Slots::new(count, values, &self.options)
    }

    /// What the columns of each table mean, in the order of `tables`.
    #[must_use]
    pub fn matchings(&self) -> &[Matching] {
        &self.matchings
    }

    /// The fields that the tables have columns for, `item_id` left out.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = Vec::new();
        for field in (0..self.tables.len()).flat_map(|table| self.fields_of(table)) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }

    /// The fields that one table has columns or constants for, in the order in which its items give them; `item_id` left
    /// out.
    pub fn fields_of(&self, table: usize) -> impl Iterator<Item = &str> {
        self.layouts.get(table).into_iter().flat_map(Layout::fields)
    }

    /// The field or the two fields that the mapping file makes of a column by joining or splitting, in the first table.
    pub(super) fn fields_joined_or_split(&self, index: usize) -> Option<String> {
        let targets = self.layouts.first()?.targets.iter();
        let of_column = targets.filter(|target| target.index == index || target.joined == Some(index));
        of_column
            .map(|target| target.field.clone())
            .reduce(|day, time| format!("{day}, {time}"))
    }

    /// The text of the mapping file beside the reject file of the table of this number: what the columns mean, with what the
    /// first pass has settled.
    #[must_use]
    pub fn mapping_of_rejects(&self, table: usize, about: &str, settings: &Settings) -> String {
        let (Some(matching), Some(layout)) = (self.matchings.get(table), self.layouts.get(table)) else {
            return String::new();
        };
        let given = self.mappings.get(table).and_then(Option::as_deref);
        Mapping::text_for_rejects(about, settings, matching, layout, given)
    }

    /// Where a row stands, or its cell in this column, for a person.
    #[must_use]
    pub fn address(&self, origin: Origin, index: Option<usize>) -> String {
        match (self.tables.get(origin.table), index) {
            (Some(table), Some(index)) => format!("{}, {}", table.file, table.address(origin.line, index)),
            (Some(table), None) => format!("{}, {}", table.file, table.row_address(origin.line)),
            (None, _) => format!("line {}", origin.line),
        }
    }

    /// Whether the numbers of a column of this table are written with a decimal comma.
    #[must_use]
    pub fn has_decimal_comma(&self, table: usize, index: usize) -> bool {
        let mut targets = self.layouts.get(table).into_iter().flat_map(|layout| &layout.targets);
        targets.any(|target| {
            target.index == index && target.style.kind == Kind::Number && target.style.numbers == NumberStyle::Eu
        })
    }

    /// The first pass: settles what needs whole columns or the whole file (date order, number style, duplicates).
    pub fn survey(&mut self) -> Result<Survey, ColumnError> {
        self.survey_by(&mut |source, at, look| source.survey_table(at, look))
    }

    /// The same, where the pass over each table is the caller's.
    fn survey_by(&mut self, pass: &mut PassOver<'_>) -> Result<Survey, ColumnError> {
        let mut survey = Survey::default();
        survey.warnings.extend(self.unmet.clone());
        let mut look = FirstLook::default();
        self.parts.clear();
        self.groups = Groups::default();
        for at in 0..self.tables.len() {
            let said = (survey.decisions.len(), survey.warnings.len());
            if let (Some(table), Some(matching)) = (self.tables.get(at), self.matchings.get(at))
                && !self.ids_only
            {
                survey.warnings.extend(table.warnings.iter().cloned());
                tell_columns(table, matching, &mut survey);
            }
            let Some(Surveyed {
                mut found,
                passed,
                starts,
            }) = pass(self, at, &mut look)?
            else {
                continue;
            };
            self.parts.push(starts);
            survey.warnings.extend(passed.notes());
            survey.rows += found.rows();
            survey.has_odd_ids |= found.has_odd_ids();
            if let (Some(table), Some(layout)) = (self.tables.get(at), self.layouts.get_mut(at)) {
                found.settle(layout, (at, table), &self.options, &mut survey);
                if self.tables.len() > 1 {
                    name_table(table, survey.decisions.iter_mut().skip(said.0));
                    let warnings = survey.warnings.iter_mut().skip(said.1);
                    name_table(table, warnings.map(|warning| &mut warning.text));
                }
            }
        }
        if look.finds_suspects() {
            self.groups = self.look_again(&mut look)?;
            self.tell_ids_alike(&mut survey);
        }
        if let Some(lost) = look.lost_zeros() {
            survey.warnings.push(About::LostZeros.warning(format!(
                "{} fewer digits than ids with leading zeros such as {:?}: leading zeros may be lost (first: {}, {:?}); digits = {} for the column in a mapping file restores them",
                counted_have(lost.count, "id"),
                lost.example,
                self.place(lost.first),
                lost.id,
                lost.example.len()
            )));
        }
        Ok(survey)
    }

    /// Reads ids from now on by which are stored: a text that is the id of a stored item to the letter is that id. A survey
    /// that has found [odd ids](Survey::has_odd_ids) is void.
    pub fn know(&mut self, stored: StoredIds) {
        let stored = Arc::new(stored);
        for id in self.layouts.iter_mut().filter_map(|layout| layout.id.as_mut()) {
            id.stored = Some(Arc::clone(&stored));
        }
    }

    /// Gives every text of the column of ids that means another item than that of this very id, or none.
    pub fn each_odd_id<E: From<ColumnError>>(&self, take: &mut dyn FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        self.each_row(&mut |_, layout, table, row| {
            let Some(column) = &layout.id else { return Ok(()) };
            let Some(text) = layout.id_text(row).filter(|text| is_odd_id(text)) else {
                return Ok(());
            };
            if column.read(table, row).is_ok_and(|id| id.text == text) {
                return Ok(());
            }
            let unguarded = unguard(text);
            let further = (unguarded != text).then_some(unguarded.as_ref());
            let sound = std::iter::once(text).chain(further).filter(|id| check_id(id).is_ok());
            sound.into_iter().try_for_each(&mut *take)
        })
    }

    /// Reads every data row, in order, after `survey`; may be called again. Stops at the first error `take` returns.
    pub fn read<E: From<ColumnError>>(&self, take: &mut TakeIncoming<'_, E>) -> Result<(), E> {
        let mut held: HashMap<String, Vec<Held>> = HashMap::new();
        self.each_row(&mut |spot, layout, table, row| self.incoming(layout, table, spot, row, &mut held, take))
    }

    /// What becomes of a row.
    fn incoming<E>(
        &self,
        layout: &Layout,
        table: &Table,
        spot: Spot,
        row: &Row,
        held: &mut HashMap<String, Vec<Held>>,
        take: &mut TakeIncoming<'_, E>,
    ) -> Result<(), E> {
        let mut earlier = Vec::new();
        let reading = match self.draft(layout, table, row) {
            Err(mut reasons) => {
                self.add_duplicate(layout, table, spot, row, &mut reasons);
                Reading::Rejected(reasons)
            }
            Ok(draft) => self.settle(layout, table, spot, draft, held, &mut earlier),
        };
        // Merging borrows what earlier rows said, so it comes last.
        let reading = match reading {
            Reading::Item(draft) if !earlier.is_empty() => Reading::Item(merge(&earlier, draft)),
            reading => reading,
        };
        let origin = Origin {
            table: spot.table,
            line: spot.line,
        };
        let id = match &reading {
            Reading::Item(_) => None,
            Reading::Rejected(_) | Reading::Skipped(_) => Self::id_of(layout, table, row).map(|id| id.text),
        };
        take(row, Incoming { origin, id, reading })
    }

    /// Every data row of every table: without those that are no items.
    pub(super) fn each_row<E: From<ColumnError>>(&self, take: &mut TakeRow<'_, E>) -> Result<(), E> {
        let mut row = Row::new();
        for (at, (table, layout)) in self.tables.iter().zip(&self.layouts).enumerate() {
            let mut reader = table.rows().map_err(ColumnError::from)?;
            let mut number = 0;
            while reader.next(&mut row).map_err(ColumnError::from)? {
                number += 1;
                if !layout.guard.is_aside(&row) {
                    take(
                        Spot {
                            table: at,
                            number,
                            line: row.line,
                        },
                        layout,
                        table,
                        &row,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Why a row is refused, if it is.
    pub(super) fn refused(&self, layout: &Layout, table: &Table, spot: Spot, row: &Row) -> Vec<Rejection> {
        let mut reasons = match self.draft(layout, table, row) {
            Ok(draft) => draft.misfits(),
            Err(reasons) => reasons,
        };
        self.add_duplicate(layout, table, spot, row, &mut reasons);
        reasons
    }
}
