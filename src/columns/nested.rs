//! The keys of nested objects, which are matched as if they were headers.
//!
//! Doesn't belong here: matching them (`matching`).

use serde_json::Value;

use super::error::ColumnError;
use super::names::fold;
use super::vocabulary::Vocabulary;
use crate::sheet::{Cell, Row, Table};

/// How many of a file's first rows are looked at.
pub(super) const SAMPLE: u64 = 50;

/// The keys of the objects that a JSON file has under names known for a field (`item`, `product`, `location`), with the
/// column in which they are nested. A field's own name may hold an object that is the field's value.
pub(super) fn nested_keys(table: &Table, words: &Vocabulary) -> Result<Vec<(usize, String)>, ColumnError> {
    let parents = table.header.cells.iter().filter(|cell| {
        let name = fold(&cell.name);
        table.format.has_keys() && words.own(&name).is_none() && words.synonym(&name).is_some()
    });
    let mut parents: Vec<Parent> = parents.map(|cell| Parent::new(cell.index)).collect();
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let mut row = Row::new();
    let mut reader = table.rows()?;
    for _ in 0..SAMPLE {
        if !reader.next(&mut row)? {
            break;
        }
        for parent in &mut parents {
            parent.look(row.cell(parent.index));
        }
    }
    let nested = parents.into_iter().filter(|parent| !parent.has_others);
    Ok(nested
        .flat_map(|parent| parent.keys.into_iter().map(move |key| (parent.index, key)))
        .collect())
}

/// A column that may hold objects.
struct Parent {
    index: usize,
    keys: Vec<String>,
    /// It holds values of its own too.
    has_others: bool,
}

impl Parent {
    fn new(index: usize) -> Self {
        Self {
            index,
            keys: Vec::new(),
            has_others: false,
        }
    }

    fn look(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Json(Value::Object(map)) => {
                for key in map.keys() {
                    if !self.keys.contains(key) {
                        self.keys.push(key.clone());
                    }
                }
            }
            Cell::Absent | Cell::Empty => {}
            _ => self.has_others = true,
        }
    }
}
