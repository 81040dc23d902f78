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
use crate::snapshot::{Grade, Manifest, Name};

/// What a snapshot shows that the one before it didn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    FirstSeen,
    Changed,
    Gone,
    SeenAgain,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::SeenAgain => "seen_again",
        }
    }
}

/// A change of an item, and the snapshot that shows it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The snapshot.
    pub snapshot: Name,
    grade: Grade,
    kind: Kind,
    /// The fields that differ from the last time that the item was seen; those that are filled where it wasn't seen before.
    fields: Vec<FieldChange>,
    /// When and by whom the item was stored last, as the API notes it.
    updated: [Value; 2],
}

/// The history of one item. It takes the item as each snapshot holds it, the oldest snapshot first.
pub struct History {
    rules: Rules,
    /// The item as it was seen last; until then no more than its id.
    last: Record,
    /// Whether the item was in the last snapshot that shows whether it was there.
    pub is_there: bool,
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

    /// Takes the item as the next snapshot holds it. One that a snapshot of a part lacks may still be there.
    pub fn take(&mut self, snapshot: Name, manifest: &Manifest, item: Option<Object>) {
        let grade = manifest.completeness;
        let is_there = item.is_some();
        let kind = match (self.is_there, is_there) {
            (false, false) => return,
            (true, false) if grade == Grade::Part => return,
            (true, false) => Kind::Gone,
            (true, true) => Kind::Changed,
            (false, true) if self.changes.is_empty() => Kind::FirstSeen,
            (false, true) => Kind::SeenAgain,
        };
        self.is_there = is_there;
        let (mut fields, mut updated) = (Vec::new(), [Value::Null, Value::Null]);
        if let Some(item) = item {
            updated = ["updated_at", "updated_by"].map(|name| item.get(name).cloned().unwrap_or_default());
            let now = Record {
                item,
                ..Record::default()
            };
            fields = self.fields(&now);
            self.last = now;
        }
        if kind != Kind::Changed || !fields.is_empty() {
            self.changes.push(Change {
                snapshot,
                grade,
                kind,
                fields,
                updated,
            });
        }
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
        let (tone, what) = match self.kind {
            Kind::FirstSeen => (Tone::Good, "first seen in"),
            Kind::Changed => (Tone::Warning, "changed in"),
            Kind::Gone => (Tone::Bad, "gone since"),
            Kind::SeenAgain => (Tone::Good, "seen again in"),
        };
        let oldest = if is_oldest { ", the oldest snapshot" } else { "" };
        let grade = match self.grade {
            Grade::Proved => String::new(),
            grade => format!(" ({})", grade.words()),
        };
        let head = format!("{}  {what} {}{oldest}{grade}", self.snapshot.moment(), self.snapshot);
        let mut lines = vec![output.paint(tone, &head)];
        let known = |value: &&Value| !is_nothing(Some(value));
        let updated: Vec<_> = self.updated.iter().filter(known).map(as_text).collect();
        if !updated.is_empty() {
            lines.push(output.paint(Tone::Dim, &format!("  stored {}", updated.join(" by "))));
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
        let field = |field: &FieldChange| json!({"field": field.field, "old": field.a, "new": field.b});
        let fields: Vec<Value> = self.fields.iter().map(field).collect();
        let [at, by] = &self.updated;
        json!({
            "snapshot": self.snapshot.to_string(), "date": self.snapshot.moment().to_string(), "kind": self.kind.name(),
            "fields": fields, "updated_at": at, "updated_by": by,
        })
    }

    /// Its rows in the table of changes: one for each field, or one without a field.
    pub fn rows(&self, out: &mut dyn TableWriter) -> Result<(), WriteError> {
        let (date, name) = (self.snapshot.moment().to_string(), self.snapshot.to_string());
        let [date, name, kind] = [&date, &name, self.kind.name()].map(Cell::Text);
        if self.fields.is_empty() {
            return out.row(&[date, name, kind, Cell::Empty, Cell::Empty, Cell::Empty]);
        }
        self.fields.iter().try_for_each(|field| {
            let (old, new) = (Cell::of_json(&field.a), Cell::of_json(&field.b));
            out.row(&[date, name, kind, Cell::Text(&field.field), old, new])
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
    ["date", "snapshot", "change", "field", "old", "new"]
        .map(column)
        .to_vec()
}
