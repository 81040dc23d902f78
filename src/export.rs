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

/// The columns of an export: the 27 fields in their fixed order, then every other field that any item has, in byte
/// order. The server's `id` is left out: the column of ids holds it.
#[derive(Clone, Debug)]
pub struct Layout {
    fields: Vec<String>,
}

impl Layout {
    /// The layout for an inventory whose items have these fields.
    #[must_use]
    pub fn new(present: &BTreeSet<String>) -> Self {
        let known = FIELDS.iter().map(|field| field.name.to_owned());
        let others = present
            .iter()
            .filter(|name| name.as_str() != "id" && field_named(name).is_none())
            .cloned();
        Self {
            fields: known.chain(others).collect(),
        }
    }

    /// The columns, for a writer.
    #[must_use]
    pub fn columns(&self, headers: Headers) -> Vec<Column> {
        let column = |name: &String| match field_named(name) {
            Some(field) => Column {
                name: if headers == Headers::Title {
                    field.title.to_owned()
                } else {
                    name.clone()
                },
                kind: field.kind,
                id: name == ITEM_ID || name == "area_id",
            },
            None => Column {
                name: name.clone(),
                kind: Kind::Text,
                id: false,
            },
        };
        self.fields.iter().map(column).collect()
    }

    /// An item's cells, in the columns' order. What means "nothing" (null, '', 'None') is an empty cell.
    pub fn fill<'a>(&self, item: &'a Object, id: &'a Value, cells: &mut Vec<Cell<'a>>) {
        cells.clear();
        for field in &self.fields {
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
