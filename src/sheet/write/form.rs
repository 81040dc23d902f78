//! What a workbook has beside its rows, where people are to fill it in: notes, lists to choose from, a second sheet.
//!
//! Doesn't belong here: which columns have which (`export`), the workbook itself (`xlsx`).

/// A workbook to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The columns that have a note or a list, by their headers.
    pub columns: Vec<FormColumn>,
    /// The name of the sheet that explains the columns.
    pub guide: &'static str,
    /// Its rows, the header first.
    pub rows: Vec<Vec<String>>,
}

/// A column to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormColumn {
    /// The header.
    pub name: String,
    /// What the header's note says.
    pub note: String,
    /// Values to choose from; others may be typed in.
    pub list: Vec<&'static str>,
}

impl Form {
    /// The column under this header.
    pub(super) fn column(&self, name: &str) -> Option<&FormColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}
