//! A row → the item that its cells describe, or why it is none.
//!
//! Doesn't belong here: what becomes of the item among the others (`source`), single cells (`cells`).

use super::super::cells;
use super::super::compare::own_text;
use super::super::layout::Layout;
use super::super::straight;
use super::super::{Draft, DraftValue, Rejection, Rest};
use super::{Source, read_id};
use crate::item::IdFault;
use crate::sheet::{Cell, Row, Table};

/// Why a row is no item, and what it is without the cells at fault.
pub(super) struct Refusal<'a> {
    pub(super) reasons: Vec<Rejection>,
    pub(super) rest: Option<Rest<'a>>,
}

impl Source {
    /// What a row says by itself, or every reason why it can't be taken.
    pub(super) fn draft<'a>(&self, layout: &'a Layout, table: &Table, row: &'a Row) -> Result<Draft<'a>, Refusal<'a>> {
        let mut reasons = Vec::new();
        let (mut cells, mut cells_alone) = (Vec::new(), true);
        let refuse = |column: Option<&str>, index: usize, cell: Cell<'_>, reason: &str| Rejection {
            column: column.map(str::to_owned),
            index: Some(index),
            value: cells::display(cell),
            reason: format!("{}: {reason}", table.address(row.line, index)),
        };
        if let Some(index) = layout.beyond(row) {
            let (cells, columns) = layout.length_beyond(row);
            let reason = format!("the row is longer than its header: {cells} cells for {columns} columns");
            reasons.push(refuse(None, index, row.cell(index), &reason));
            cells_alone = false;
        }
        let id = match &layout.id {
            None => Err(IdFault::Empty.to_string()),
            Some(column) => read_id(layout, table, column, row).inspect_err(|reason| {
                reasons.push(refuse(
                    Some(&column.header),
                    column.index,
                    row.cell(column.index),
                    reason,
                ));
            }),
        };
        let mut values = Vec::with_capacity(layout.targets.len() + layout.constants.len());
        for target in &layout.targets {
            let cell = row.cell(target.index);
            let value = match straight::value(layout, &self.options, row, (target, cell)) {
                Ok(None) => continue,
                Err(reason) => {
                    let cell = layout.cell(row, target.index);
                    reasons.push(refuse(Some(&target.header), target.index, cell, &reason));
                    match layout.text(cell).filter(|_| target.joined.is_none()) {
                        Some(text) => cells.push((target.field.as_str(), text)),
                        None => cells_alone = false,
                    }
                    continue;
                }
                Ok(Some(value)) => value,
            };
            let raw = if target.joined.is_some() {
                None
            } else {
                own_text(cell, &value, !layout.is_json())
            };
            values.push(DraftValue {
                field: &target.field,
                value,
                raw,
                index: Some(target.index),
            });
        }
        let constants = layout.constants.iter();
        values.extend(constants.map(|(field, value)| DraftValue {
            field,
            value: value.clone(),
            raw: None,
            index: None,
        }));
        match id {
            Ok(id) if reasons.is_empty() => Ok(Draft { id: id.text, values }),
            Ok(id) if cells_alone => Err(Refusal {
                reasons,
                rest: Some(Rest {
                    draft: Draft { id: id.text, values },
                    cells,
                }),
            }),
            _ => Err(Refusal { reasons, rest: None }),
        }
    }
}
