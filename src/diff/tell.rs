//! What a person or a program is told of a comparison: the summary, then item by item.
//!
//! Belongs here: words and shapes. Doesn't: comparing, files.

use serde_json::{Value, json};

use super::{Counts, Entry, FieldChange, Mark};
use crate::item::Kind;
use crate::output::{Output, Tone, Warning, grouped};
use crate::sheet::Cell;
use crate::sheet::write::{Column, TableWriter, WriteError};
use crate::transfer::shown;

/// The columns of a table of differences.
const COLUMNS: [&str; 5] = ["item_id", "change", "field", "a", "b"];

/// One side in the summary.
#[derive(Clone, Debug)]
pub struct Told {
    /// What the user named.
    pub name: String,
    /// What it holds, in words (`200 items`).
    pub holds: String,
    /// How many items of it are compared.
    pub items: u64,
    /// How many of its rows can't be read as items.
    pub rejected: u64,
    /// How many of its rows are left out on request.
    pub skipped: u64,
    /// The fields that it has and the other side has no column for.
    pub not_compared: Vec<String>,
}

/// What is said before the items.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The first side.
    pub a: Told,
    /// The second side.
    pub b: Told,
    /// How many items stand how.
    pub counts: Counts,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

impl Summary {
    /// The lines for a person, each with its tone.
    #[must_use]
    pub fn lines(&self) -> Vec<(Tone, String)> {
        let mut lines = Vec::new();
        for (letter, side) in [("A", &self.a), ("B", &self.b)] {
            lines.push((Tone::Plain, format!("{letter}: {}, {}", side.name, side.holds)));
        }
        for (side, other) in [(&self.a, "B"), (&self.b, "A")] {
            if !side.not_compared.is_empty() {
                let fields = side.not_compared.join(", ");
                lines.push((
                    Tone::Dim,
                    format!("  not compared ({other} has no column for them): {fields}"),
                ));
            }
        }
        let counts = &self.counts;
        for (tone, sign, count, what) in [
            (Tone::Plain, "=", counts.equal, "equal"),
            (Tone::Warning, "~", counts.changed, "different"),
            (Tone::Bad, "-", counts.removed, "only in A"),
            (Tone::Good, "+", counts.added, "only in B"),
        ] {
            let tone = if count > 0 { tone } else { Tone::Dim };
            lines.push((tone, format!("{:>9} {sign} {what}", grouped(count))));
        }
        if !counts.differ() {
            lines.push((Tone::Good, "No differences".to_owned()));
        }
        lines
    }

    /// The document for programs, without its list of items.
    #[must_use]
    pub fn document(&self) -> Value {
        let side = |side: &Told| {
            json!({
                "place": side.name, "items": side.items, "rejected": side.rejected, "skipped": side.skipped,
                "not_compared": side.not_compared,
            })
        };
        json!({
            "a": side(&self.a), "b": side(&self.b), "differs": self.counts.differ(),
            "equal": self.counts.equal, "changed": self.counts.changed, "removed": self.counts.removed,
            "added": self.counts.added, "warnings": self.warnings,
            "warning_codes": Warning::codes(&self.warnings), "error": Value::Null,
        })
    }
}

/// An item as a line: `~ A1: quantity 12 → 10.5, name "Kush" → "Kush 2"`.
#[must_use]
pub fn line(output: &Output, entry: &Entry) -> String {
    let tone = match entry.change {
        Mark::Removed => Tone::Bad,
        Mark::Added => Tone::Good,
        Mark::Changed => Tone::Warning,
        Mark::Equal => Tone::Dim,
    };
    let head = output.paint(tone, &format!("{} {}", entry.change.sign(), entry.item_id));
    let fields: Vec<String> = entry.fields.iter().map(field).collect();
    if fields.is_empty() {
        head
    } else {
        format!("{head}: {}", fields.join(", "))
    }
}

fn field(change: &FieldChange) -> String {
    let (a, b) = (shown(Some(&change.a)), shown(Some(&change.b)));
    // Two values that look alike when they are cut, or `5` and "5", would be no difference to the eye.
    if a == b {
        return format!("{} {} → {}", change.field, change.a, change.b);
    }
    format!("{} {a} → {b}", change.field)
}

/// The columns of the table of differences.
#[must_use]
pub fn columns() -> Vec<Column> {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: Kind::Text,
        id: name == "item_id",
    };
    COLUMNS.map(column).to_vec()
}

/// An item's rows in the table of differences: one for each field that differs, else one.
pub fn rows(entry: &Entry, out: &mut dyn TableWriter) -> Result<(), WriteError> {
    let head = [Cell::Text(&entry.item_id), Cell::Text(entry.change.sign())];
    if entry.fields.is_empty() {
        let [id, change] = head;
        return out.row(&[id, change, Cell::Empty, Cell::Empty, Cell::Empty]);
    }
    entry.fields.iter().try_for_each(|field| {
        let [id, change] = head;
        out.row(&[
            id,
            change,
            Cell::Text(&field.field),
            Cell::of_json(&field.a),
            Cell::of_json(&field.b),
        ])
    })
}
