//! The columns of a source as they stand in a file of its rows that a run writes: the rejected rows, or all of them with
//! their outcomes.
//!
//! Doesn't belong here: which rows are written, and what stands beside them (`rejects`, `results`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::columns::{BEYOND, REJECT_COLUMNS, Source, UNNAMED, unguard};
use crate::sheet::write::{OutFormat, Target, as_text};
use crate::sheet::{Cell, Row, Table};

/// The columns of one table.
pub(super) struct Originals<'a> {
    table: &'a Table,
    target: Target,
    columns: Vec<Original>,
}

/// A column of the source.
struct Original {
    index: usize,
    /// The key of a nested object, where the column stands for one.
    key: Option<String>,
    name: String,
    /// Numbers in it are written with a decimal comma.
    comma: bool,
}

/// The columns under no header that hold a value in any of the rows that are written.
#[derive(Default)]
pub(super) struct Filled(BTreeSet<usize>);

impl Filled {
    /// Takes a row.
    pub(super) fn add(&mut self, table: &Table, row: &Row) {
        let named = |index: usize| table.header.cells.iter().any(|cell| cell.index == index);
        let cells = row.cells().enumerate();
        let filled = cells.filter(|(index, cell)| holds_something(*cell) && !self.0.contains(index) && !named(*index));
        let filled: Vec<usize> = filled.map(|(index, _)| index).collect();
        self.0.extend(filled);
    }
}

impl<'a> Originals<'a> {
    /// The columns that the file has: those with a header, those that hold a value in a row that is written, and, where
    /// objects can't be written, the keys of a nested object.
    pub(super) fn new(source: &Source, at: usize, table: &'a Table, target: Target, filled: Filled) -> Self {
        let has_keys = matches!(target.format, OutFormat::Json | OutFormat::Jsonl);
        let original = |index: usize, key: Option<String>, name: String| Original {
            index,
            key,
            name,
            comma: !has_keys && source.has_decimal_comma(at, index),
        };
        let named: BTreeMap<usize, &str> = (table.header.cells.iter())
            .map(|cell| (cell.index, cell.name.as_str()))
            .collect();
        let width = named.keys().next_back().map_or(0, |last| last + 1);
        let Filled(mut filled) = filled;
        if filled.last().is_some_and(|last| *last >= width) {
            // The first column beyond tells how wide the source's header is.
            filled.insert(width);
        }
        let mut columns: Vec<Original> = Vec::new();
        for index in named.keys().copied().chain(filled).collect::<BTreeSet<_>>() {
            let name = match named.get(&index) {
                Some(name) if REJECT_COLUMNS.contains(&name.trim()) => continue,
                Some(name) => (*name).to_owned(),
                None => {
                    let beginning = if index < width { UNNAMED } else { BEYOND };
                    // A cell beyond a reject file may have the number of one that was beyond the source.
                    let is_free = |name: &String| named.values().all(|other| other.trim() != name);
                    let mut names = (index + 1..).map(|number| format!("{beginning}{number}"));
                    names.find(is_free).unwrap_or_default()
                }
            };
            columns.push(original(index, None, name));
        }
        let nested = source.matchings().get(at).into_iter();
        let nested = nested.flat_map(|matching| &matching.columns).filter(|_| !has_keys);
        columns.extend(nested.filter_map(|column| {
            let key = column.key.clone()?;
            Some(original(column.index, Some(key), column.header.clone()))
        }));
        Self { table, target, columns }
    }

    /// The columns' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Gives `take` a row's cells, one for each column. Those that the file's format would read otherwise than their source
    /// did are written so that they mean the same.
    pub(super) fn with_cells<T>(&self, row: &Row, take: impl FnOnce(Vec<Cell<'_>>) -> T) -> T {
        let texts: Vec<Option<String>> = self.columns.iter().map(|column| self.rewritten(column, row)).collect();
        let cells = self.columns.iter().zip(&texts);
        let cells = cells.map(|(column, text)| match text {
            Some(text) => Cell::Text(text),
            None => column.cell(row),
        });
        take(cells.collect())
    }

    /// The places of the columns that stand for these of the source.
    pub(super) fn places(&self, is_meant: impl Fn(usize) -> bool) -> Vec<usize> {
        let columns = self.columns.iter().enumerate();
        let meant = columns.filter(|(_, column)| column.key.is_none() && is_meant(column.index));
        meant.map(|(at, _)| at).collect()
    }

    /// The text of a cell that means the same in the file, where its format has another reading of it than the source's: a
    /// guard is read in delimited text only, and only there are numbers read in the column's style.
    fn rewritten(&self, column: &Original, row: &Row) -> Option<String> {
        let is_text = matches!(self.target.format, OutFormat::Csv | OutFormat::Tsv);
        match column.cell(row) {
            Cell::Text(text) if !self.table.format.is_typed() && !is_text => match unguard(text) {
                Cow::Owned(text) => Some(text),
                Cow::Borrowed(bare) => (bare.len() != text.len()).then(|| bare.to_owned()),
            },
            cell @ (Cell::Number(..) | Cell::Json(Value::Number(_))) if is_text && column.comma => {
                Some(as_text(&cell).replace('.', ","))
            }
            _ => None,
        }
    }
}

impl Original {
    fn cell<'r>(&self, row: &'r Row) -> Cell<'r> {
        let cell = row.cell(self.index);
        match (&self.key, cell) {
            (None, cell) => cell,
            (Some(key), Cell::Json(Value::Object(map))) => match map.get(key) {
                None => Cell::Absent,
                Some(Value::String(text)) => Cell::Text(text),
                Some(Value::Bool(value)) => Cell::Bool(*value),
                Some(Value::Null) => Cell::Empty,
                Some(value) => Cell::Json(value),
            },
            // An object of one version is the object's name in another.
            (Some(key), cell) if key == "Name" => cell,
            (Some(_), _) => Cell::Absent,
        }
    }
}

fn holds_something(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Absent | Cell::Empty => false,
        Cell::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}
