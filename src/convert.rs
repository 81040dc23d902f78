//! Items as a file describes them → rows of another file: which columns a conversion has, and how an item fills them.
//!
//! Belongs here: the shape of what `convert` writes. Doesn't: formats (`sheet::write`), what cells mean (`columns`).

use crate::columns::{Draft, DraftValue, FieldValue, Source};
use crate::export::{Headers, column};
use crate::item::{FIELDS, ITEM_ID, field_named};
use crate::sheet::Cell;
use crate::sheet::write::Column;

/// The columns of a conversion: those of the 27 fields that the file has a column for, in the order of an export, then
/// the columns that the mapping file keeps, in the file's order.
#[derive(Clone, Debug)]
pub struct Layout {
    fields: Vec<String>,
    /// For each table, its fields in the order in which its items give them, each with its column.
    places: Vec<Vec<(String, usize)>>,
}

impl Layout {
    /// The layout for what these tables describe.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        let present = source.fields();
        let known = FIELDS.iter().map(|field| field.name);
        let known = known.filter(|name| *name == ITEM_ID || present.contains(name));
        let others = present.iter().copied().filter(|name| field_named(name).is_none());
        let fields: Vec<String> = known.chain(others).map(str::to_owned).collect();
        let place = |name: &str| {
            let at = fields.iter().position(|field| field == name)?;
            Some((name.to_owned(), at))
        };
        let places = (0..source.tables.len())
            .map(|table| source.fields_of(table).filter_map(place).collect())
            .collect();
        Self { fields, places }
    }

    /// The columns, for a writer.
    #[must_use]
    pub fn columns(&self, headers: Headers) -> Vec<Column> {
        self.fields.iter().map(|name| column(name, headers)).collect()
    }

    /// An item's cells, in the columns' order. What the file has no cell for (the missing end of a short row, a key that
    /// a JSON object lacks) is absent, for it says nothing of the field; a cell that says nothing is empty.
    #[must_use]
    pub fn cells<'a>(&self, table: usize, draft: &'a Draft<'a>) -> Vec<Cell<'a>> {
        let mut cells = vec![Cell::Absent; self.fields.len()];
        if let Some(id) = cells.first_mut() {
            *id = Cell::Text(&draft.id);
        }
        let places = self.places.get(table).map(Vec::as_slice).unwrap_or_default();
        let mut ahead = places;
        for value in &draft.values {
            // Values come in the table's order, with gaps; only merged rows give some out of it.
            let found = match ahead.iter().position(|(field, _)| field == value.field) {
                Some(at) => {
                    let found = ahead.get(at);
                    ahead = ahead.get(at + 1..).unwrap_or_default();
                    found
                }
                None => places.iter().find(|(field, _)| field == value.field),
            };
            if let Some(slot) = found.and_then(|(_, at)| cells.get_mut(*at)) {
                *slot = cell(value);
            }
        }
        cells
    }
}

fn cell<'a>(value: &'a DraftValue<'a>) -> Cell<'a> {
    match &value.value {
        FieldValue::Nothing => Cell::Empty,
        FieldValue::Text(text) => Cell::Text(text),
        FieldValue::Number(digits) => Cell::Digits(digits),
        FieldValue::Bool(value) => Cell::Bool(*value),
        FieldValue::Json(value) => Cell::Json(value),
    }
}
