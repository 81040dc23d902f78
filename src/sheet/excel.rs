//! Stand-in with the workbook reader's interface.

use std::path::Path;

use super::{Limits, ReadError, RowReader};

pub(super) struct Workbook;

pub(super) struct SheetInfo {
    pub name: String,
    pub visible: bool,
}

/// A merged range; rows from 1, columns from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merge {
    pub first: (u64, usize),
    pub last: (u64, usize),
}

impl Workbook {
    pub(super) fn open(_path: &Path, file: &str, _limits: &Limits) -> Result<Self, ReadError> {
        Err(ReadError::Blank(file.to_owned()))
    }
    pub(super) fn kind(&self) -> &'static str {
        "xlsx"
    }
    pub(super) fn sheets(&self) -> &[SheetInfo] {
        &[]
    }
    pub(super) fn rows(&self, sheet: &str) -> Result<Box<dyn RowReader>, ReadError> {
        Err(ReadError::Blank(sheet.to_owned()))
    }
    pub(super) fn merges(&self, _sheet: &str) -> Result<Vec<Merge>, ReadError> {
        Ok(Vec::new())
    }
    pub(super) fn hidden_rows(&self, _sheet: &str) -> Result<Vec<u64>, ReadError> {
        Ok(Vec::new())
    }
}
