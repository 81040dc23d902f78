//! A table's data rows out of a file's physical rows: what is above the header, blank, a repeated header,
//! or a phantom is left out, and what was left out is counted.
//!
//! Doesn't belong here: which row is the header (`header`).

use std::sync::Arc;

use super::header::Found;
use super::{Cell, ReadError, Row, RowReader};

/// What makes a physical row a data row.
#[derive(Clone, Debug)]
pub(super) struct DataRule {
    pub(super) found: Found,
    /// Whether rows of nothing but zeros are left out: formulas that refer to empty rows, in workbooks.
    pub(super) drop_zeros: bool,
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

/// Whether a row holds at least two zeros and nothing else.
fn is_only_zeros(row: &Row) -> bool {
    let mut zeros = 0;
    for cell in row.cells() {
        match cell {
            cell if is_zero(cell) => zeros += 1,
            cell if is_filled(cell) => return false,
            _ => {}
        }
    }
    zeros > 1
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
            if self.rule.found.is_repeated_by(row) {
                self.passed.repeated += 1;
                continue;
            }
            if self.rule.drop_zeros && !self.rule.found.keeps_all && is_only_zeros(row) {
                self.passed.zeros += 1;
                continue;
            }
            if self.rule.hidden.binary_search(&row.line).is_ok() {
                self.passed.join(Passed {
                    hidden: (1, row.line),
                    ..Passed::default()
                });
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
    /// Rows that repeat the header, left out.
    repeated: u64,
    /// Rows of nothing but zeros, left out.
    zeros: u64,
    /// How many rows given are hidden in the sheet, and the first of them.
    hidden: (u64, u64),
}

impl Passed {
    /// Adds what was passed further down.
    pub fn join(&mut self, further: Self) {
        self.repeated += further.repeated;
        self.zeros += further.zeros;
        if self.hidden.0 == 0 {
            self.hidden.1 = further.hidden.1;
        }
        self.hidden.0 += further.hidden.0;
    }

    /// The same in plain words.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.repeated > 0 {
            let words = if self.repeated == 1 {
                "repeats the header and is"
            } else {
                "repeat the header and are"
            };
            notes.push(format!("{} further down {words} left out", count_rows(self.repeated)));
        }
        if self.zeros > 0 {
            let be = if self.zeros == 1 { "is" } else { "are" };
            notes.push(format!(
                "{} of nothing but zeros {be} left out (formulas without data)",
                count_rows(self.zeros)
            ));
        }
        if let (1.., first) = self.hidden {
            let be = if self.hidden.0 == 1 { "is" } else { "are" };
            notes.push(format!(
                "{} {be} hidden in the sheet and {be} read like the others (the first is row {first})",
                count_rows(self.hidden.0)
            ));
        }
        notes
    }
}

/// A number of rows in words.
fn count_rows(count: u64) -> String {
    if count == 1 {
        "1 row".to_owned()
    } else {
        format!("{count} rows")
    }
}
