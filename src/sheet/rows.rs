//! A table's data rows out of a file's physical rows: what is above the header, blank, a repeated header,
//! or a phantom is left out, and what was left out is counted.

use super::header::Found;
use super::{Cell, ReadError, Row, RowReader, column_letters};

/// What makes a physical row a data row.
#[derive(Clone, Debug)]
pub(super) struct DataRule {
    pub(super) found: Found,
    /// Whether rows of nothing but zeros are left out: formulas that refer to empty rows, in workbooks.
    pub(super) drop_zeros: bool,
}

/// The data rows of one pass.
pub(super) struct DataRows<R> {
    physical: R,
    rule: DataRule,
    repeated: u64,
    zeros: u64,
    /// For each column without a name, the rows that have something there, and the first of them.
    unnamed: Vec<(usize, u64, u64)>,
}

impl<R: RowReader> DataRows<R> {
    pub(super) fn new(physical: R, rule: DataRule) -> Self {
        let unnamed = rule.found.unnamed.iter().map(|index| (*index, 0, 0)).collect();
        Self {
            physical,
            rule,
            repeated: 0,
            zeros: 0,
            unnamed,
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
                self.repeated += 1;
                continue;
            }
            if self.rule.drop_zeros && is_only_zeros(row) {
                self.zeros += 1;
                continue;
            }
            for (index, count, first) in &mut self.unnamed {
                if is_filled(row.cell(*index)) {
                    if *count == 0 {
                        *first = row.line;
                    }
                    *count += 1;
                }
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.physical.notes();
        if self.repeated > 0 {
            notes.push(format!(
                "{} further down repeat the header and are left out",
                count_rows(self.repeated)
            ));
        }
        if self.zeros > 0 {
            notes.push(format!(
                "{} of nothing but zeros are left out (formulas without data)",
                count_rows(self.zeros)
            ));
        }
        for (index, count, first) in self.unnamed.iter().filter(|(_, count, _)| *count > 0) {
            let column = column_letters(*index);
            notes.push(format!(
                "column {column} has no header, but {} have a value there (the first is row {first}); it is left out",
                count_rows(*count)
            ));
        }
        notes
    }
}

/// A number of rows in words.
pub(super) fn count_rows(count: u64) -> String {
    if count == 1 {
        "1 row".to_owned()
    } else {
        format!("{count} rows")
    }
}
