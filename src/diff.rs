//! Two places side by side: what only one of them holds, and the fields in which their items differ. Pure: it compares what
//! comes in the order of the ids, item by item, and holds no more than one item of each side.
//!
//! Belongs here: what is compared, and when two items are equal; one item over time (`history`). Doesn't: where items come
//! from (`load`), their order (`sort`), how a person is told (`tell`).

pub mod history;
pub mod load;
pub mod tell;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::columns::{as_text, same};
use crate::item::{ITEM_ID, Object, SERVER_FIELDS};

/// An item of one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it is known by.
    #[serde(skip)]
    pub id: String,
    /// Its fields.
    #[serde(rename = "i")]
    pub item: Object,
    /// The cells' own texts, by field: a cell that reads just as an export writes the other side's value is no
    /// difference, whatever the reading made of it.
    #[serde(rename = "r", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub raw: BTreeMap<String, String>,
}

/// Which fields a side can say anything about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All: what an item lacks is not stored.
    Whole,
    /// These, for which a file has columns.
    Columns(BTreeSet<String>),
}

impl Coverage {
    fn has(&self, field: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Columns(columns) => columns.contains(field),
        }
    }
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What the first side knows of.
    pub a: Coverage,
    /// What the second side knows of.
    pub b: Coverage,
    /// Fields that are left out, the server's own among them; also inner ones (`extra.note`).
    pub ignore: BTreeSet<String>,
}

impl Rules {
    /// Compares what both sides know of, but for the server's own fields and those that the user names.
    #[must_use]
    pub fn new(a: Coverage, b: Coverage, ignore: impl IntoIterator<Item = String>) -> Self {
        let servers = SERVER_FIELDS.map(str::to_owned);
        Self {
            a,
            b,
            ignore: servers.into_iter().chain(ignore).collect(),
        }
    }

    fn compares(&self, field: &str) -> bool {
        // A file's `item_id` is what its item is known by; only what is stored can say another one of itself.
        let is_identity = field == ITEM_ID && !(self.a == Coverage::Whole && self.b == Coverage::Whole);
        !is_identity && !self.ignore.contains(field) && self.a.has(field) && self.b.has(field)
    }

    /// Fields that one side has and the other has no column for; those of the first side, and those of the second.
    #[must_use]
    pub fn not_compared(&self, of_a: &BTreeSet<String>, of_b: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
        let lacking = |fields: &BTreeSet<String>, other: &Coverage| {
            let lacking = fields
                .iter()
                .filter(|field| field.as_str() != ITEM_ID && !self.ignore.contains(*field) && !other.has(field));
            lacking.cloned().collect()
        };
        (lacking(of_a, &self.b), lacking(of_b, &self.a))
    }
}

/// How an item stands on the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Only the first side has it.
    #[serde(rename = "-")]
    Removed,
    /// Only the second side has it.
    #[serde(rename = "+")]
    Added,
    /// Both have it, with different values.
    #[serde(rename = "~")]
    Changed,
    /// Both have it, and what is compared is the same.
    #[serde(rename = "=")]
    Equal,
}

impl Mark {
    /// The sign that stands before an item.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Removed => "-",
            Self::Added => "+",
            Self::Changed => "~",
            Self::Equal => "=",
        }
    }
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its name, inner ones after dots (`extra.note`).
    pub field: String,
    /// The first side's value; null where it has none.
    pub a: Value,
    /// The second side's value.
    pub b: Value,
}

/// What there is to say of one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The item.
    pub item_id: String,
    /// How it stands.
    pub change: Mark,
    /// The fields that differ, where both sides have it.
    pub fields: Vec<FieldChange>,
}

/// How many items stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On both sides, and the same.
    pub equal: u64,
    /// On both sides, and different.
    pub changed: u64,
    /// On the first side only.
    pub removed: u64,
    /// On the second side only.
    pub added: u64,
}

impl Counts {
    /// Whether the sides differ at all.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.changed + self.removed + self.added > 0
    }

    fn add(&mut self, mark: Mark) {
        match mark {
            Mark::Equal => self.equal += 1,
            Mark::Changed => self.changed += 1,
            Mark::Removed => self.removed += 1,
            Mark::Added => self.added += 1,
        }
    }
}

/// Compares two sides whose records come in the byte order of their ids. Where an id comes more than once on a side, the
/// first is held against the other side's first, the second against its second.
pub fn compare<E>(
    a: impl Iterator<Item = Result<Record, E>>,
    b: impl Iterator<Item = Result<Record, E>>,
    rules: &Rules,
    take: &mut dyn FnMut(Entry) -> Result<(), E>,
) -> Result<Counts, E> {
    let mut counts = Counts::default();
    let (mut a, mut b) = (a.peekable(), b.peekable());
    loop {
        let order = match (head(&mut a), head(&mut b)) {
            (None, None) => return Ok(counts),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.as_bytes().cmp(b.as_bytes()),
        };
        let of_a = if order.is_le() { a.next().transpose()? } else { None };
        let of_b = if order.is_ge() { b.next().transpose()? } else { None };
        let entry = match (of_a, of_b) {
            (Some(a), Some(b)) => both(a, &b, rules),
            (Some(a), None) => alone(a, Mark::Removed),
            (None, Some(b)) => alone(b, Mark::Added),
            (None, None) => continue,
        };
        counts.add(entry.change);
        take(entry)?;
    }
}

/// The id of the next record; an error counts as the very first, so that it comes out at once.
fn head<'r, E: 'r>(side: &'r mut Peekable<impl Iterator<Item = Result<Record, E>>>) -> Option<&'r str> {
    side.peek()
        .map(|record| record.as_ref().map_or("", |record| record.id.as_str()))
}

fn alone(record: Record, change: Mark) -> Entry {
    Entry {
        item_id: record.id,
        change,
        fields: Vec::new(),
    }
}

fn both(a: Record, b: &Record, rules: &Rules) -> Entry {
    let fields = differing(&a, b, rules);
    let change = if fields.is_empty() { Mark::Equal } else { Mark::Changed };
    Entry {
        item_id: a.id,
        change,
        fields,
    }
}

/// The fields in which two items differ.
fn differing(a: &Record, b: &Record, rules: &Rules) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    let names: BTreeSet<&String> = a.item.keys().chain(b.item.keys()).collect();
    for name in names {
        let (of_a, of_b) = (a.item.get(name), b.item.get(name));
        if rules.compares(name) && !is_same(name, of_a, of_b) && !reads_as(a, name, of_b) && !reads_as(b, name, of_a) {
            collect(name, of_a, of_b, rules, &mut fields);
        }
    }
    fields
}

fn is_same(field: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    // An id that is stored as a number with the same digits is no difference.
    let same_digits = |a: &Value, b: &Value| as_text(a) == as_text(b);
    same(field, a, b) || (field == ITEM_ID && matches!((a, b), (Some(a), Some(b)) if same_digits(a, b)))
}

/// Whether a cell's own text is how an export writes the other side's value.
fn reads_as(record: &Record, field: &str, other: Option<&Value>) -> bool {
    matches!((record.raw.get(field), other), (Some(raw), Some(other)) if !raw.is_empty() && as_text(other) == *raw)
}

/// The differences of one field: of a map, those of its leaves. (Depth is bounded: JSON is read to 128 levels.)
fn collect(path: &str, a: Option<&Value>, b: Option<&Value>, rules: &Rules, fields: &mut Vec<FieldChange>) {
    if rules.ignore.contains(path) {
        return;
    }
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (a, b) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let (a, b) = (a.get(name), b.get(name));
            if !same("", a, b) {
                collect(&format!("{path}.{name}"), a, b, rules, fields);
            }
        }
        return;
    }
    let known = |value: Option<&Value>| value.cloned().unwrap_or_default();
    fields.push(FieldChange {
        field: path.to_owned(),
        a: known(a),
        b: known(b),
    });
}
