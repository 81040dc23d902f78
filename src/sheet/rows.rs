//! A table's data rows out of a file's physical rows: those below the header that are not blank.
//!
//! Doesn't belong here: which row is the header (`header`), which rows are no items (`columns`).

use std::sync::Arc;

use super::header::Found;
use super::{Cell, ReadError, Row, RowReader};
use crate::output::{About, Warning, are, counted};

/// What makes a physical row a data row.
#[derive(Clone, Debug)]
pub(super) struct DataRule {
    pub(super) found: Found,
    /// The rows that the sheet hides, in ascending order: they are read, and those that hold data are counted.
    pub(super) hidden: Arc<[u64]>,
}

/// The data rows of one pass.
pub(super) struct DataRows<R> {
    physical: R,
    rule: DataRule,
    passed: Passed,
}

impl<R: RowReader> DataRows<R> {
    pub(super) fn new(physical: R, rule: DataRule) -> Self {
        Self {
            physical,
            rule,
            passed: Passed::default(),
        }
    }
}

fn is_filled(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Absent | Cell::Empty => false,
        Cell::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}

fn is_zero(cell: Cell<'_>) -> bool {
    matches!(cell, Cell::Number(value, _) if value.abs() < f64::MIN_POSITIVE)
}

/// Whether a row holds what a person may have entered: neither an error value, nor only zeros and blanks.
pub(super) fn looks_real(row: &Row) -> bool {
    !row.cells().any(|cell| matches!(cell, Cell::Error(_))) && row.cells().any(|cell| is_filled(cell) && !is_zero(cell))
}

impl<R: RowReader> RowReader for DataRows<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        while self.physical.next(row)? {
            if row.line <= self.rule.found.header.line || row.is_blank() {
                continue;
            }
            if self.rule.hidden.binary_search(&row.line).is_ok() {
                self.passed.join(Passed { hidden: (1, row.line) });
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn passed(&self) -> Passed {
        self.passed
    }
}

/// What a person should know of the rows that a pass came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many rows given are hidden in the sheet, and the first of them.
    hidden: (u64, u64),
}

impl Passed {
    /// Adds what was passed further down.
    pub fn join(&mut self, further: Self) {
        if self.hidden.0 == 0 {
            self.hidden.1 = further.hidden.1;
        }
        self.hidden.0 += further.hidden.0;
    }

    /// The same in plain words.
    #[must_use]
    pub fn notes(&self) -> Vec<Warning> {
        let mut notes = Vec::new();
        if let (1.., first) = self.hidden {
            let be = are(self.hidden.0);
            notes.push(About::HiddenRows.warning(format!(
                "{} {be} hidden in the sheet and {be} read like the others (the first is row {first})",
                counted(self.hidden.0, "row")
            )));
        }
        notes
    }
}
