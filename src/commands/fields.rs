//! `stockport fields`: the fields that a column can be mapped to, and the headers that are known for each.
//!
//! Doesn't belong here: the fields (`item`), their names (`columns::vocabulary`).

use serde_json::{Value, json};

use super::Context;
use crate::columns::names_of;
use crate::error::Exit;
use crate::item::{FIELDS, Field};
use crate::output::{Output, Tone, padded};

/// Runs the command.
pub(super) fn run(context: &Context) -> Exit {
    let output = &context.output;
    let documents: Vec<Value> = FIELDS.iter().map(document).collect();
    output.document(&json!({"fields": documents}));
    let width = FIELDS.iter().map(|field| field.name.len()).max().unwrap_or_default();
    for field in &FIELDS {
        show(output, field, width);
    }
    Exit::Done
}

fn document(field: &Field) -> Value {
    let (names, suggested) = names_of(field.name);
    json!({
        "name": field.name, "title": field.title, "kind": field.kind.to_string(), "meaning": field.meaning,
        "names": names, "suggested": suggested,
    })
}

fn show(output: &Output, field: &Field, width: usize) {
    let name = output.paint(Tone::Good, &padded(field.name, width));
    output.result(&format!("{name}  {:<6}  {}", field.kind, field.meaning));
    let (names, suggested) = names_of(field.name);
    for (what, names) in [("known as", names), ("suggested for", suggested)] {
        if !names.is_empty() {
            let line = format!("  {what}: {}", names.join(", "));
            output.result(&output.paint(Tone::Dim, &line));
        }
    }
}
