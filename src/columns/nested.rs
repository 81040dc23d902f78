//! The keys of nested objects, which are matched as if they were headers.
//!
//! Doesn't belong here: matching them (`matching`).

use serde_json::Value;

use super::error::ColumnError;
use super::names::fold;
use crate::sheet::{Cell, Format, Row, Table};

/// How many of a file's first rows are looked at.
pub(super) const SAMPLE: u64 = 50;

/// The keys of Metrc's nested `Item`, by the first of a JSON file's rows that has one.
pub(super) fn nested_keys(table: &Table) -> Result<Vec<(usize, String)>, ColumnError> {
    let item = table.header.cells.iter().find(|cell| fold(&cell.name) == "item");
    let (true, Some(item)) = (matches!(table.format, Format::Json | Format::JsonLines), item) else {
        return Ok(Vec::new());
    };
    let mut row = Row::new();
    let mut reader = table.rows()?;
    for _ in 0..SAMPLE {
        if !reader.next(&mut row)? {
            break;
        }
        if let Cell::Json(Value::Object(map)) = row.cell(item.index) {
            return Ok(map.keys().map(|key| (item.index, key.clone())).collect());
        }
    }
    Ok(Vec::new())
}
