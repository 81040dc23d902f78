//! Organization → rows: which columns an export has, how a stored item fills them, and the pass that writes them (`sink`).
//!
//! Belongs here: the shape of an export. Doesn't: formats (`sheet::write`), how the inventory is read (`inventory`).

mod form;
mod order;
pub mod since;
mod sink;
mod written;

use std::collections::BTreeSet;

use crate::item::text::{Item, StoredValue};
use crate::item::{FIELDS, ITEM_ID, Kind, NAME, field_named};
use crate::sheet::Cell;
use crate::sheet::write::Column;
pub use form::form;
pub use sink::{Settings, Sink};
pub use written::{Lost, Written};

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
    /// that any item has, in byte order. The server's `id` and [`NAME`] are left out: the column of ids holds the id.
    #[must_use]
    pub fn new(present: &BTreeSet<String>) -> Self {
        let known = FIELDS.iter().map(|field| field.name.to_owned());
        let others = present
            .iter()
            .filter(|name| !is_identity(name) && field_named(name).is_none())
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
            // Another field may be called by the title.
            let title = field_named(name).map(|field| field.title);
            let is_other = title.is_some_and(|title| self.fields.iter().any(|field| field.trim() == title));
            let column = column(name, if is_other { Headers::Field } else { headers });
            Column {
                // As stored: a date that is text stays text in a workbook too.
                kind: if self.raw { Kind::Text } else { column.kind },
                id: column.id || name == "id",
                ..column
            }
        };
        self.fields.iter().map(shown).collect()
    }

    /// Whether items with these fields have no value without a column.
    #[must_use]
    pub fn covers(&self, names: &BTreeSet<String>) -> bool {
        let is_covered = |name: &String| (!self.raw && is_identity(name)) || self.fields.contains(name);
        names.iter().all(is_covered)
    }

    /// An item's cells, in the columns' order. What means "nothing" (null, '', 'None') is an empty cell, unless all is as
    /// stored: then only null is. `id` is what the item is known by; `places` has followed the items up to this one.
    pub fn fill<'a>(&self, item: &Item<'a, 'a>, id: Option<&'a str>, places: &Places, cells: &mut Vec<Cell<'a>>) {
        cells.clear();
        for (field, place) in self.fields.iter().zip(&places.0) {
            let value = place.and_then(|place| item.fields.get(place)).map(|(_, value)| value);
            cells.push(match value {
                // The document's id is what an import has to name, whatever the item's own field holds.
                _ if !self.raw && field == ITEM_ID => match id {
                    None => Cell::Empty,
                    // To the letter, whatever it would mean in another field.
                    Some(id) => Cell::Text(id),
                },
                None if self.raw => Cell::Absent,
                None | Some(StoredValue::Null) => Cell::Empty,
                Some(StoredValue::Text(text)) => match text.as_ref() {
                    "" | "None" if !self.raw => Cell::Empty,
                    text => Cell::Text(text),
                },
                Some(StoredValue::Bool(value)) => Cell::Bool(*value),
                Some(StoredValue::Number(digits)) => Cell::Digits(digits),
                Some(StoredValue::Other(value)) => Cell::Json(value),
            });
        }
    }
}

/// Whether a field only repeats what the column of ids holds.
fn is_identity(name: &str) -> bool {
    name == "id" || name == NAME
}

/// Where each column's value stands in the items of one parser.
#[derive(Debug, Default)]
pub struct Places(Vec<Option<usize>>);

impl Places {
    /// Follows the parser to its next item. No item may be passed over, because an item only tells whether it is like the
    /// one before it.
    pub fn follow(&mut self, layout: &Layout, item: &Item<'_, '_>) {
        if !item.alike || self.0.is_empty() {
            let place = |field: &String| item.fields.iter().position(|(name, _)| name == field);
            self.0.clear();
            self.0.extend(layout.fields.iter().map(place));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::text::ItemParser;
    use crate::sheet::write::{ByteSink, Style, Target, writer};

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

    /// Each item's cells as a line of JSON.
    fn lines(text: &str, layout: &Layout) -> Vec<String> {
        let mut bytes = Vec::new();
        let target = Target::for_path("a.jsonl".as_ref()).unwrap();
        let columns = layout.columns(Headers::Field);
        let mut out = writer(
            &target,
            &columns,
            &Style::default(),
            ByteSink::without_file(Box::new(&mut bytes)),
        )
        .unwrap();
        let (mut items, mut places) = (ItemParser::new(text), Places::default());
        while items.peek().is_some() {
            let item = items.item().unwrap();
            places.follow(layout, &item);
            let id = item.id();
            let mut cells = Vec::new();
            layout.fill(&item, id.as_deref(), &places, &mut cells);
            out.row(&cells).unwrap();
        }
        out.finish().unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn fields(names: &[&str]) -> BTreeSet<String> {
        names.iter().copied().map(str::to_owned).collect()
    }

    const ITEMS: &str = r#"
        {"id": "A", "item_id": "B", "name": "None", "status": "", "quantity": 1.50, "x": [1, {"y": null}]}
        {"id": "C", "item_id": "C", "name": "é\n\"", "status": null, "quantity": 10, "x": true}
        {"name": "no id", "quantity": "024"}
        {"id": 7, "item_id": 7, "quantity": 1e30}
        {"id": "None", "item_id": 1e2}"#;

    #[test]
    fn a_raw_layout_keeps_what_is_stored_to_the_letter() {
        let layout = Layout::raw(&fields(&["id", "item_id", "name", "quantity", "status", "x"]));
        let expected = [
            r#"{"id":"A","item_id":"B","name":"None","quantity":1.50,"status":"","x":[1,{"y":null}]}"#,
            r#"{"id":"C","item_id":"C","name":"é\n\"","quantity":10,"status":null,"x":true}"#,
            r#"{"name":"no id","quantity":"024"}"#,
            r#"{"id":7,"item_id":7,"quantity":1e+30}"#,
            r#"{"id":"None","item_id":1e+2}"#,
        ];
        assert_eq!(lines(ITEMS, &layout), expected);
        let columns = layout.columns(Headers::Field);
        assert!(columns.iter().all(|column| column.kind == Kind::Text));
        let one = layout.only(vec!["item_id".into()]);
        let expected = [
            r#"{"item_id":"B"}"#,
            r#"{"item_id":"C"}"#,
            "{}",
            r#"{"item_id":7}"#,
            r#"{"item_id":1e+2}"#,
        ];
        assert_eq!(lines(ITEMS, &one), expected);
    }

    #[test]
    fn what_means_nothing_is_an_empty_cell_and_the_documents_id_is_the_id() {
        let layout = Layout::new(&fields(&["id", "x"])).only(
            ["item_id", "name", "status", "quantity", "x"]
                .map(str::to_owned)
                .to_vec(),
        );
        let expected = [
            r#"{"item_id":"A","name":null,"status":null,"quantity":1.50,"x":[1,{"y":null}]}"#,
            r#"{"item_id":"C","name":"é\n\"","status":null,"quantity":10,"x":true}"#,
            r#"{"item_id":null,"name":"no id","status":null,"quantity":"024","x":null}"#,
            r#"{"item_id":"7","name":null,"status":null,"quantity":1e+30,"x":null}"#,
            r#"{"item_id":"None","name":null,"status":null,"quantity":null,"x":null}"#,
        ];
        assert_eq!(lines(ITEMS, &layout), expected);
    }

    #[test]
    fn a_layout_covers_the_fields_that_have_columns_and_the_servers_id() {
        let present = fields(&["id", "item_id", "x"]);
        assert!(Layout::new(&present).covers(&fields(&["id", "name", "x"])));
        assert!(!Layout::new(&present).covers(&fields(&["id", "y"])));
        assert!(Layout::raw(&present).covers(&present));
        assert!(!Layout::raw(&fields(&["x"])).covers(&fields(&["id"])));
    }
}
