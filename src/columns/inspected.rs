//! Parts of what `inspect` finds: a column, a cell before and after reading, something to be looked at.
//!
//! Doesn't belong here: how they are found (`inspect`).

use serde::Serialize;
use serde_json::Value;

use crate::error::Code;

/// What one column means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InspectedColumn {
    /// The header, to the letter.
    pub header: String,
    /// The field it means, or may mean (`weak`).
    pub field: Option<String>,
    /// Why (`exact`, `synonym`, `fingerprint …`, `mapping`, `similar`, `values`, `ignored`, `unknown`).
    pub by: String,
    /// The field is only offered.
    pub weak: bool,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// Its cells in the first rows.
    pub samples: Vec<Sample>,
}

/// One cell, before and after reading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// As the file has it; a long text is cut in its middle.
    pub before: String,
    /// As it would be posted, a long text cut likewise; none where the column is left out or the cell is refused.
    pub after: Option<Value>,
}

/// One thing to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The row, from 1.
    pub row: u64,
    /// Where it is: `Sheet1!C7`, or `line 7, column "Quantity"`.
    pub cell: String,
    /// The code of its error or warning; `row_rejected` where it rejects its row.
    pub code: Code,
    /// The value, as the file has it; a long one is cut in its middle.
    pub value: String,
    /// What is the matter.
    pub reason: String,
}
