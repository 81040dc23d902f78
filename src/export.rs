//! Organization → rows: which columns an export has, and how a stored item fills them.
//!
//! Belongs here: the shape of an export. Doesn't: formats (`sheet::write`), how the inventory is read (`inventory`).

use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::Value;

use crate::columns::is_nothing;
use crate::inventory::id_of;
use crate::item::text::{Item, StoredValue};
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// An item's text → cells, as [`Layout::fill`] makes them of its tree.
pub struct TextFill<L> {
    layout: L,
    /// Where each column's value stood in the last item.
    places: Vec<Option<usize>>,
}

impl<L: Deref<Target = Layout>> TextFill<L> {
    /// For items that come one after the other.
    #[must_use]
    pub fn new(layout: L) -> Self {
        Self {
            layout,
            places: Vec::new(),
        }
    }

    /// The item's cells, in the columns' order; `id` is what it is known by.
    pub fn fill<'a>(&mut self, item: &Item<'a, 'a>, id: Option<&'a str>, cells: &mut Vec<Cell<'a>>) {
        if !item.alike || self.places.is_empty() {
            let place = |field: &String| item.fields.iter().position(|(name, _)| name == field);
            self.places = self.layout.fields.iter().map(place).collect();
        }
        cells.clear();
        for (field, place) in self.layout.fields.iter().zip(&self.places) {
            let value = place.and_then(|place| item.fields.get(place)).map(|(_, value)| value);
            cells.push(match value {
                _ if !self.layout.raw && field == ITEM_ID => match id {
                    None | Some("" | "None") => Cell::Empty,
                    Some(id) => Cell::Text(id),
                },
                None if self.layout.raw => Cell::Absent,
                None | Some(StoredValue::Null) => Cell::Empty,
                Some(StoredValue::Text(text)) => match text.as_ref() {
                    "" | "None" if !self.layout.raw => Cell::Empty,
                    text => Cell::Text(text),
                },
                Some(StoredValue::Bool(value)) => Cell::Bool(*value),
                Some(StoredValue::Number(digits)) => Cell::Digits(digits),
                Some(StoredValue::Other(value)) => Cell::Json(value),
            });
        }
    }
}

/// Whether an item says another id of itself than the one that it is known by, as [`exported_id`] tells of its tree.
#[must_use]
pub fn says_another_id(item: &Item<'_, '_>, id: Option<&str>) -> bool {
    match (item.get(ITEM_ID), id) {
        (Some(StoredValue::Text(own)), Some(id)) => own != id,
        (Some(StoredValue::Number(own)), Some(id)) => *own != id,
        (Some(StoredValue::Other(Value::Number(own))), Some(id)) => own.to_string() != id,
        _ => true,
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
    use crate::item::text::ItemParser;
    use crate::sheet::write::{Style, Target, writer};

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

    fn cells_of(text: &str, layout: &Layout, style: &Style) -> (Vec<u8>, Vec<bool>) {
        let (mut bytes, mut differs) = (Vec::new(), Vec::new());
        let (mut items, mut fill) = (ItemParser::new(text), TextFill::new(layout));
        let target = Target::for_path("a.jsonl".as_ref()).unwrap();
        let columns = layout.columns(Headers::Field);
        let mut out = writer(&target, &columns, style, Box::new(&mut bytes)).unwrap();
        while items.peek().is_some() {
            let item = items.item().unwrap();
            let id = item.id();
            let mut cells = Vec::new();
            fill.fill(&item, id.as_deref(), &mut cells);
            differs.push(says_another_id(&item, id.as_deref()));
            out.row(&cells).unwrap();
        }
        out.finish().unwrap();
        (bytes, differs)
    }

    #[test]
    fn an_items_text_gives_the_cells_of_its_tree() {
        let items = [
            json!({"id": "A", "item_id": "B", "name": "None", "status": "", "quantity": 1.5, "x": [1, {"y": null}]}),
            json!({"id": "C", "item_id": "C", "name": "é\n\"", "status": null, "quantity": 10, "x": true}),
            json!({"name": "no id", "quantity": "024"}),
            json!({"id": 7, "item_id": 7, "quantity": 1e30}),
            json!({"id": "None", "item_id": 1e2}),
        ];
        let present = ["id", "item_id", "name", "quantity", "status", "x"]
            .map(str::to_owned)
            .into();
        let text: String = items.iter().map(ToString::to_string).collect();
        for layout in [
            Layout::new(&present),
            Layout::raw(&present),
            Layout::raw(&present).only(vec!["item_id".into()]),
        ] {
            let (mut bytes, mut differs) = (Vec::new(), Vec::new());
            let target = Target::for_path("a.jsonl".as_ref()).unwrap();
            let mut out = writer(
                &target,
                &layout.columns(Headers::Field),
                &Style::default(),
                Box::new(&mut bytes),
            )
            .unwrap();
            for item in &items {
                let item = object(item.clone());
                let (id, other) = exported_id(&item);
                let mut cells = Vec::new();
                layout.fill(&item, &id, &mut cells);
                differs.push(other);
                out.row(&cells).unwrap();
            }
            out.finish().unwrap();
            let (fast, also) = cells_of(&text, &layout, &Style::default());
            assert_eq!(String::from_utf8(fast), String::from_utf8(bytes));
            assert_eq!(also, differs);
        }
    }

    #[test]
    fn an_id_that_is_a_number_with_the_same_digits_is_no_difference() {
        assert!(!exported_id(&object(json!({"id": "10001", "item_id": 10001}))).1);
        assert!(exported_id(&object(json!({"id": "10001.0", "item_id": 10001}))).1);
        assert!(exported_id(&object(json!({"id": "A"}))).1);
    }
}
