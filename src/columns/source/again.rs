//! A table's rows once more, for the account of a run row by row: those that are set aside too.
//!
//! Doesn't belong here: what was planned for a row and how it ended (`journal`, `report`).

use std::collections::HashMap;

use super::super::duplicates::Spot;
use super::super::error::ColumnError;
use super::super::layout::Layout;
use super::super::suspects::Doubt;
use super::super::{Incoming, Reading};
use super::Source;
use crate::sheet::{Row, RowReader, Table};

/// The rows of one table.
pub struct Again<'a> {
    source: &'a Source,
    layout: &'a Layout,
    table: &'a Table,
    rows: Box<dyn RowReader>,
    spot: Spot,
}

/// What a row is, in view of the other rows of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// An item, with its id.
    Item(String),
    /// It is no item, for this reason, and is set aside.
    Aside(&'static str),
    /// It is refused, for these reasons.
    Rejected(Vec<String>),
    /// It is skipped, for this reason.
    Skipped(String),
}

impl Source {
    /// The rows of the table of this number, from its first; none if there is no such table.
    pub fn again(&self, at: usize) -> Result<Option<Again<'_>>, ColumnError> {
        let (Some(table), Some(layout)) = (self.tables.get(at), self.layouts.get(at)) else {
            return Ok(None);
        };
        Ok(Some(Again {
            source: self,
            layout,
            table,
            rows: table.rows()?,
            spot: Spot {
                table: at,
                number: 0,
                line: 0,
            },
        }))
    }
}

impl Again<'_> {
    /// Reads the next row; false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool, ColumnError> {
        let is_there = self.rows.next(row)?;
        self.spot.number += u64::from(is_there);
        self.spot.line = row.line;
        Ok(is_there)
    }

    /// What the row is that was read last.
    #[must_use]
    pub fn kind(&self, row: &Row) -> RowKind {
        if let Some(Doubt::Aside(aside)) = self.layout.guard.look(row).doubt {
            return RowKind::Aside(aside.reason());
        }
        let mut kind = RowKind::Skipped(String::new());
        let mut take = |_: &Row, incoming: Incoming<'_>| {
            kind = match incoming.reading {
                Reading::Item(draft) => RowKind::Item(draft.id.into_owned()),
                Reading::Rejected(reasons) => {
                    RowKind::Rejected(reasons.into_iter().map(|rejection| rejection.reason).collect())
                }
                Reading::Skipped(reason) => RowKind::Skipped(reason),
            };
            Ok::<(), ColumnError>(())
        };
        // What earlier rows give to a merged one doesn't matter here, and what is taken fails never.
        let _ = self
            .source
            .incoming(self.layout, self.table, self.spot, row, &mut HashMap::new(), &mut take);
        kind
    }
}
