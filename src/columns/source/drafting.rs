//! A row → the item that its cells describe, or why it is none.
//!
//! Doesn't belong here: what becomes of the item among the others (`source`), single cells (`cells`).

use super::super::cells;
use super::super::compare::own_text;
use super::super::layout::Layout;
use super::super::straight::{self, Refusal};
use super::super::texts::excerpt;
use super::super::{Draft, DraftValue, Rejection};
use super::Source;
use crate::item::IdFault;
use crate::output::counted;
use crate::sheet::{Cell, Row, Table};

impl Source {
    /// What a row says by itself, or every reason why it can't be taken.
    pub(super) fn draft<'a>(
        &self,
        layout: &'a Layout,
        table: &Table,
        row: &'a Row,
    ) -> Result<Draft<'a>, Vec<Rejection>> {
        let mut reasons = Vec::new();
        if row.is_misquoted() {
            reasons.push(Rejection {
                column: None,
                index: None,
                value: String::new(),
                reason: format!(
                    "{}: text follows the closing quotation mark of a cell (double a quotation mark inside a cell)",
                    table.row_address(row.line)
                ),
            });
        }
        let refuse = |column: Option<&str>, index: usize, cell: Cell<'_>, reason: &str| Rejection {
            column: column.map(str::to_owned),
            index: Some(index),
            value: excerpt(cells::display(cell)),
            reason: excerpt(format!("{}: {reason}", table.address(row.line, index))),
        };
        let suspect = layout.guard.suspicion(row).map(|reason| {
            let index = layout.id.as_ref().map_or(0, |id| id.index);
            let header = layout.id.as_ref().map(|id| id.header.as_str());
            Box::new(refuse(header, index, row.cell(index), &reason))
        });
        if let Some(index) = layout.beyond(row) {
            let (cells, columns) = layout.length_beyond(row);
            let reason = format!(
                "the row is longer than its header: {}, {}",
                counted(cells as u64, "cell"),
                counted(columns as u64, "column")
            );
            reasons.push(refuse(None, index, row.cell(index), &reason));
        }
        let id = match &layout.id {
            None => Err(IdFault::Empty.to_string()),
            Some(column) => column.read(table, row).inspect_err(|reason| {
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
                Err(Refusal::Fault(reason)) => {
                    let cell = layout.cell(row, target.index);
                    reasons.push(refuse(Some(&target.header), target.index, cell, &reason));
                    continue;
                }
                Err(Refusal::Misfit(value, reason)) => {
                    let cell = layout.cell(row, target.index);
                    let rejection = refuse(Some(&target.header), target.index, cell, &reason);
                    (value, Some(Box::new(rejection)))
                }
                Ok(Some(value)) => (value, None),
            };
            let (value, misfit) = value;
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
                misfit,
            });
        }
        let constants = layout.constants.iter();
        values.extend(constants.map(|(field, value)| DraftValue {
            field,
            value: value.clone(),
            raw: None,
            index: None,
            misfit: None,
        }));
        match id {
            Ok(id) if reasons.is_empty() => Ok(Draft {
                id: id.text,
                values,
                suspect,
            }),
            _ => {
                let misfits = values.into_iter().filter_map(|value| value.misfit);
                let doubts = suspect.into_iter().chain(misfits);
                reasons.extend(doubts.map(|rejection| *rejection));
                Err(reasons)
            }
        }
    }
}
