//! One item across the snapshots of an organization: when it was first seen, in which fields it changed, when it was gone.
//!
//! Belongs here: what is a change, and how changes are shown. Doesn't: finding and reading snapshots (`snapshot`).

use serde_json::{Value, json};

use super::{Coverage, FieldChange, Record, Rules, differing};
use crate::columns::{as_text, is_nothing};
use crate::item::{ITEM_ID, Kind as Of, Object};
use crate::output::{Output, Tone};
use crate::sheet::Cell;
use crate::sheet::write::{Column, TableWriter, WriteError};

/// The columns of the table of changes.
const COLUMNS: [&str; 6] = ["date", "snapshot", "change", "field", "old", "new"];

/// What a snapshot says that the one before it didn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No earlier snapshot holds the item.
    FirstSeen,
    /// Fields have other values.
    Changed,
    /// The item isn't in a snapshot of the complete organization.
    Gone,
    /// The item was gone, and is there again.
    SeenAgain,
}

impl Kind {
    /// The name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::SeenAgain => "seen_again",
        }
    }
}

/// A snapshot, as a change names it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its name.
    pub snapshot: String,
    /// When it was begun (RFC 3339, UTC).
    pub date: String,
    /// Why it may lack items, for a person; empty where it is complete.
    pub doubt: String,
}

/// A change, and the snapshot that shows it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The snapshot.
    pub seen: Seen,
    /// What kind of change it is.
    pub kind: Kind,
    /// The fields that differ from the last time that the item was seen; those that are filled where it wasn't seen before.
    pub fields: Vec<FieldChange>,
    /// When and by whom the item was stored last, as the API notes it.
    pub updated: (Value, Value),
}

/// The history of one item. It takes what each snapshot says of it, the oldest first.
pub struct History {
    rules: Rules,
    /// The item as it was seen last; until then no more than its id.
    last: Record,
    is_there: bool,
    /// The changes so far.
    pub changes: Vec<Change>,
}

impl History {
    /// The history of the item of this id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        let item = Object::from_iter([(ITEM_ID.to_owned(), Value::from(id))]);
        Self {
            rules: Rules::new(Coverage::Whole, Coverage::Whole, []),
            last: Record {
                item,
                ..Record::default()
            },
            is_there: false,
            changes: Vec::new(),
        }
    }

    /// Whether the item was in the last snapshot that says something of it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// Takes the item as the next snapshot holds it. One that it lacks is gone, unless the snapshot is a part only.
    pub fn take(&mut self, seen: Seen, item: Option<Object>, is_part: bool) {
        let Some(item) = item else {
            if self.is_there && !is_part {
                self.is_there = false;
                self.changes.push(Change {
                    seen,
                    kind: Kind::Gone,
                    fields: Vec::new(),
                    updated: Default::default(),
                });
            }
            return;
        };
        let kind = match (self.is_there, self.changes.is_empty()) {
            (true, _) => Kind::Changed,
            (false, true) => Kind::FirstSeen,
            (false, false) => Kind::SeenAgain,
        };
        let now = Record {
            item,
            ..Record::default()
        };
        let fields = self.fields(&now);
        if kind != Kind::Changed || !fields.is_empty() {
            let note = |name: &str| now.item.get(name).cloned().unwrap_or_default();
            self.changes.push(Change {
                seen,
                kind,
                fields,
                updated: (note("updated_at"), note("updated_by")),
            });
        }
        self.is_there = true;
        self.last = now;
    }

    /// The fields that differ, of maps each leaf, also where one side has no such map.
    fn fields(&self, now: &Record) -> Vec<FieldChange> {
        let (mut a, mut b) = (self.last.clone(), now.clone());
        fill(&mut a.item, &now.item);
        fill(&mut b.item, &self.last.item);
        differing(&a, &b, &self.rules)
    }
}

/// Gives an object the maps that another one has in place of nothing, their leaves null.
fn fill(object: &mut Object, other: &Object) {
    for (name, value) in other {
        let Value::Object(map) = value else { continue };
        let own = object.entry(name).or_insert(Value::Null);
        if is_nothing(Some(own)) {
            *own = Value::Object(Object::new());
        }
        if let Value::Object(own) = own {
            fill(own, map);
        }
    }
}

impl Change {
    /// The change as lines for a person: what and when, then a line for each field.
    #[must_use]
    pub fn lines(&self, output: &Output, is_oldest: bool) -> Vec<String> {
        let name = &self.seen.snapshot;
        let (tone, what) = match self.kind {
            Kind::FirstSeen if is_oldest => (Tone::Good, format!("first seen in {name}, the oldest snapshot")),
            Kind::FirstSeen => (Tone::Good, format!("first seen in {name}")),
            Kind::Changed => (Tone::Warning, format!("changed in {name}")),
            Kind::Gone => (Tone::Bad, format!("gone since {name}")),
            Kind::SeenAgain => (Tone::Good, format!("seen again in {name}")),
        };
        let doubt = match self.seen.doubt.as_str() {
            "" => String::new(),
            doubt => format!(" ({doubt})"),
        };
        let mut lines = vec![output.paint(tone, &format!("{}  {what}{doubt}", self.seen.date))];
        let (at, by) = &self.updated;
        if !is_nothing(Some(at)) || !is_nothing(Some(by)) {
            let by = if is_nothing(Some(by)) {
                String::new()
            } else {
                format!(" by {}", as_text(by))
            };
            lines.push(output.paint(Tone::Dim, &format!("  stored {}{by}", as_text(at))));
        }
        let shown = |value: &Value| match value {
            Value::Null => "nothing".to_owned(),
            value => value.to_string(),
        };
        let of = |field: &FieldChange| format!("  {}: {} → {}", field.field, shown(&field.a), shown(&field.b));
        lines.extend(self.fields.iter().map(of));
        lines
    }

    /// The same for programs.
    #[must_use]
    pub fn document(&self) -> Value {
        let fields = self.fields.iter();
        let fields: Vec<Value> = fields
            .map(|field| json!({"field": field.field, "old": field.a, "new": field.b}))
            .collect();
        json!({
            "snapshot": self.seen.snapshot, "date": self.seen.date, "kind": self.kind.name(), "fields": fields,
            "updated_at": self.updated.0, "updated_by": self.updated.1,
        })
    }

    /// Its rows in the table of changes: one for each field, or one without a field.
    pub fn rows(&self, out: &mut dyn TableWriter) -> Result<(), WriteError> {
        let head = [&self.seen.date, &self.seen.snapshot, self.kind.name()].map(Cell::Text);
        let [date, snapshot, kind] = head;
        if self.fields.is_empty() {
            return out.row(&[date, snapshot, kind, Cell::Empty, Cell::Empty, Cell::Empty]);
        }
        self.fields.iter().try_for_each(|field| {
            let (old, new) = (Cell::of_json(&field.a), Cell::of_json(&field.b));
            out.row(&[date, snapshot, kind, Cell::Text(&field.field), old, new])
        })
    }
}

/// The columns of the table of changes.
#[must_use]
pub fn columns() -> Vec<Column> {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: Of::Text,
        id: false,
    };
    COLUMNS.map(column).to_vec()
}
