//! A workbook of several tables, each on a sheet of its own: a run's report.
//!
//! Doesn't belong here: how sheets, rows and cells are written (`xlsx`), which tables there are.

use super::out::{ByteSink, Out};
use super::xlsx::XlsxWriter;
use super::{Column, Compression, TableWriter as _, WriteError};
use crate::sheet::Cell;

/// Writes a workbook of several tables, one after the other.
pub struct WorkbookWriter<'w>(XlsxWriter<'w>);

impl<'w> WorkbookWriter<'w> {
    /// A workbook without tables.
    pub fn new(sink: ByteSink<'w>) -> Result<Self, WriteError> {
        let out = Out::new(Compression::None, sink.out)?;
        XlsxWriter::without_tables(out, &sink.folder).map(Self)
    }

    /// Begins a table, its header already written. Each has a name of its own.
    pub fn sheet(&mut self, name: &str, columns: &[Column]) -> Result<(), WriteError> {
        self.0.begin_table(name, columns)
    }

    /// Writes a row of the table that was begun last; cells stand in the columns' order.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.0.row(cells)
    }

    /// Writes what is still missing. Without it the workbook is not complete.
    pub fn finish(self) -> Result<(), WriteError> {
        Box::new(self.0).finish()
    }
}
