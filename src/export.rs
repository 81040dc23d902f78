//! Organization → rows: which columns an export has, and how a stored item fills them.
//!
//! Belongs here: the shape of an export. Doesn't: formats (`sheet::write`), how the inventory is read (`inventory`).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::columns::is_nothing;
use crate::inventory::id_of;
use crate::item::{FIELDS, ITEM_ID, Kind, Object, field_named};
use crate::sheet::Cell;
use crate::sheet::write::Column;

/// How the headers of the 27 fields are written. Other fields keep their own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// `area_name`
    Field,
    /// Area Name
    Title,
}

/// The columns of an export.
#[derive(Clone, Debug)]
pub struct Layout {
    fields: Vec<String>,
    /// Values as they are stored: text stays text, nothing is made blank, what an item lacks stays absent.
    raw: bool,
}

impl Layout {
    /// The layout for an inventory whose items have these fields: the 27 in their fixed order, then every other field
    /// that any item has, in byte order. The server's `id` is left out: the column of ids holds it.
    #[must_use]
    pub fn new(present: &BTreeSet<String>) -> Self {
        let known = FIELDS.iter().map(|field| field.name.to_owned());
        let others = present
            .iter()
            .filter(|name| name.as_str() != "id" && field_named(name).is_none())
            .cloned();
        Self {
            fields: known.chain(others).collect(),
            raw: false,
        }
    }

    /// Every field that any item has, the server's `id` too, in byte order and as stored.
    #[must_use]
    pub fn raw(present: &BTreeSet<String>) -> Self {
        Self {
            fields: present.iter().cloned().collect(),
            raw: true,
        }
    }

    /// The same with these fields only, in this order.
    #[must_use]
    pub fn only(self, fields: Vec<String>) -> Self {
        Self { fields, ..self }
    }

    /// The columns, for a writer.
    #[must_use]
    pub fn columns(&self, headers: Headers) -> Vec<Column> {
        let shown = |name: &String| {
            let column = column(name, headers);
            Column {
                // As stored: a date that is text stays text in a workbook too.
                kind: if self.raw { Kind::Text } else { column.kind },
                id: column.id || name == "id",
                ..column
            }
        };
        self.fields.iter().map(shown).collect()
    }

    /// An item's cells, in the columns' order. What means "nothing" (null, '', 'None') is an empty cell, unless all is
    /// as stored: then only null is.
    pub fn fill<'a>(&self, item: &'a Object, id: &'a Value, cells: &mut Vec<Cell<'a>>) {
        cells.clear();
        for field in &self.fields {
            if self.raw {
                cells.push(match item.get(field) {
                    None => Cell::Absent,
                    Some(Value::Null) => Cell::Empty,
                    Some(Value::String(text)) => Cell::Text(text),
                    Some(Value::Bool(value)) => Cell::Bool(*value),
                    Some(value) => Cell::Json(value),
                });
                continue;
            }
            // The document's id is what an import has to name, whatever the item says of itself.
            let value = if field == ITEM_ID { Some(id) } else { item.get(field) };
            cells.push(match value {
                value if is_nothing(value) => Cell::Empty,
                None => Cell::Empty,
                Some(Value::String(text)) => Cell::Text(text),
                Some(Value::Bool(value)) => Cell::Bool(*value),
                Some(value) => Cell::Json(value),
            });
        }
    }
}

/// The column of a field, for a writer.
#[must_use]
pub fn column(name: &str, headers: Headers) -> Column {
    match field_named(name) {
        Some(field) => Column {
            name: match headers {
                Headers::Title => field.title.to_owned(),
                Headers::Field => name.to_owned(),
            },
            kind: field.kind,
            id: name == ITEM_ID || name == "area_id",
        },
        None => Column {
            name: name.to_owned(),
            kind: Kind::Text,
            id: false,
        },
    }
}

/// The id that an item is exported under, and whether the item says another of itself (a number with the same digits
/// is no difference).
#[must_use]
pub fn exported_id(item: &Object) -> (Value, bool) {
    let id = id_of(item).map_or(Value::Null, |id| Value::String(id.into_owned()));
    let differs = match (item.get(ITEM_ID), &id) {
        (Some(Value::String(own)), Value::String(id)) => own != id,
        (Some(Value::Number(own)), Value::String(id)) => own.to_string() != *id,
        _ => true,
    };
    (id, differs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_27_fields_come_first_then_the_others_and_the_servers_id_is_left_out() {
        let present = ["zeta", "id", "item_id", "alpha", "updated_at"]
            .map(str::to_owned)
            .into();
        let names: Vec<String> = Layout::new(&present)
            .columns(Headers::Field)
            .into_iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(names.len(), 30);
        assert_eq!(names[0], "item_id");
        assert_eq!(names[27..], ["alpha", "updated_at", "zeta"]);
    }

    #[test]
    fn a_raw_layout_keeps_what_is_stored_to_the_letter() {
        let item = object(json!({"id": "A", "name": "None", "status": "", "quantity": "024", "dose": null}));
        let present = item.keys().cloned().chain(["x".to_owned()]).collect();
        let layout = Layout::raw(&present);
        let mut cells = Vec::new();
        layout.fill(&item, &Value::Null, &mut cells);
        let expected = [
            Cell::Empty,
            Cell::Text("A"),
            Cell::Text("None"),
            Cell::Text("024"),
            Cell::Text(""),
            Cell::Absent,
        ];
        assert_eq!(cells, expected);
        assert!(
            layout
                .columns(Headers::Field)
                .iter()
                .all(|column| column.kind == Kind::Text)
        );
    }

    #[test]
    fn what_means_nothing_is_an_empty_cell_and_the_documents_id_is_the_id() {
        let item = object(json!({"id": "A", "item_id": "B", "name": "None", "status": "", "quantity": 1.5}));
        let layout = Layout::new(&item.keys().cloned().collect());
        let (id, differs) = exported_id(&item);
        let mut cells = Vec::new();
        layout.fill(&item, &id, &mut cells);
        assert!(differs);
        assert_eq!(cells[0], Cell::Text("A"));
        assert_eq!(cells[1], Cell::Empty);
        assert_eq!(cells[6], Cell::Empty);
        assert_eq!(cells[7], Cell::Json(&json!(1.5)));
    }

    #[test]
    fn an_id_that_is_a_number_with_the_same_digits_is_no_difference() {
        assert!(!exported_id(&object(json!({"id": "10001", "item_id": 10001}))).1);
        assert!(exported_id(&object(json!({"id": "10001.0", "item_id": 10001}))).1);
        assert!(exported_id(&object(json!({"id": "A"}))).1);
    }
}
