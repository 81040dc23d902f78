//! JSON and JSON Lines: files of objects, one a row.
//!
//! Doesn't belong here: the objects (`object`).

use std::io::Write;

use super::buffer::Buffer;
use super::object::{BETWEEN, Layout, ObjectEncoder};
use super::out::Out;
use super::{Column, InParts, RowEncoder, TableWriter, WriteError};
use crate::sheet::Cell;

/// Writes objects.
pub(super) struct JsonWriter<'w> {
    out: Out<'w>,
    encoder: ObjectEncoder,
    first: bool,
    line: Buffer,
}

impl<'w> JsonWriter<'w> {
    pub(super) fn new(layout: Layout, columns: &[Column], mut out: Out<'w>) -> Result<Self, WriteError> {
        let encoder = ObjectEncoder::new(layout, columns.iter().map(|column| column.name.as_str()))?;
        if layout == Layout::Array {
            out.write_all(b"[\n")?;
        }
        Ok(Self {
            out,
            encoder,
            first: true,
            line: Buffer::default(),
        })
    }
}

impl InParts for JsonWriter<'_> {
    fn encoder(&self) -> Box<dyn RowEncoder> {
        Box::new(self.encoder.clone())
    }

    fn encoded(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        let mut rows = rows;
        if self.encoder.layout == Layout::Array && self.first {
            rows = rows.strip_prefix(BETWEEN).unwrap_or(rows);
        }
        self.first &= rows.is_empty();
        Ok(self.out.write_all(rows)?)
    }
}

impl TableWriter for JsonWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        let mut line = std::mem::take(&mut self.line);
        line.truncate(0);
        self.encoder.encode(cells, &mut line)?;
        self.encoded(line.as_slice())?;
        self.line = line;
        Ok(())
    }

    fn in_parts(&mut self) -> Option<&mut dyn InParts> {
        Some(self)
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        if self.encoder.layout == Layout::Array {
            self.out.write_all(if self.first { b"]\n" } else { b"\n]\n" })?;
        }
        Ok(self.out.finish()?)
    }
}
