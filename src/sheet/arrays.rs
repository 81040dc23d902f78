//! JSON whose rows are arrays → rows, the header among them: a grid like a sheet, so its header is found as in one.
//!
//! Doesn't belong here: JSON whose rows are objects (`json`), cutting the document into its rows (`cut`).

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::{Deserializer, SeqAccess, Visitor};

use super::cut::{Cutter, Shape};
use super::encoding::TextEncoding;
use super::json::{CellSeed, fault_of, text_of};
use super::rows::{DataRows, DataRule};
use super::source::Source;
use super::workbook::{declared, find, first_below, first_rows, preamble_note};
use super::{Format, HeaderJudge, Limits, ReadError, ReadOptions, Row, RowReader, Table, TextForm, header};

/// Opens the table of a document of arrays; reads the whole of it once, so that a broken one is refused before anything
/// else.
pub(super) fn table(
    source: Source,
    encoding: TextEncoding,
    shape: Shape,
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
) -> Result<Table, ReadError> {
    let limits = options.limits;
    let source = Arc::new(source);
    let physical = {
        let source = Arc::clone(&source);
        move || -> Result<_, ReadError> {
            Ok(ArrayReader {
                cutter: Cutter::new(&source.file, &limits, shape.clone(), encoding.reader(&source)?)
                    .encoded(encoding.name()),
                file: source.file.clone(),
                encoding,
                limits,
                buffer: Vec::new(),
                count: 0,
            })
        }
    };
    let above = first_rows(&mut physical()?, options.header_row)?;
    let (mut rest, mut row) = (physical()?, Row::new());
    while rest.next(&mut row)? {}
    let found = find(&above, &[], options.header_row, &source.file, judge)?.or_else(|| header::guess(&above));
    let found = found.ok_or_else(|| ReadError::Blank(source.file.clone()))?;
    let header = found.header.clone();
    let first = first_below(&header, &above);
    Ok(Table {
        file: source.file.clone(),
        format: Format::JsonArrays,
        text: TextForm::default(),
        sheet: None,
        declared_rows: rest.cutter.total().or_else(|| declared(&found, &above)),
        notes: preamble_note(&found, &above).into_iter().collect(),
        warnings: Vec::new(),
        header,
        first,
        opener: Box::new(move || {
            let rule = DataRule {
                found: found.clone(),
                hidden: Arc::default(),
            };
            Ok(Box::new(DataRows::new(physical()?, rule)))
        }),
        pieces: None,
    })
}

/// Gives the arrays as rows, numbered from 1: several may stand on one line.
struct ArrayReader<R> {
    cutter: Cutter<R>,
    file: String,
    encoding: TextEncoding,
    limits: Limits,
    buffer: Vec<u8>,
    count: u64,
}

impl<R: Read> RowReader for ArrayReader<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let Some(line) = self.cutter.next(&mut self.buffer)? else {
            return Ok(false);
        };
        let text = text_of(&self.file, &self.buffer, line, self.encoding)?;
        self.count += 1;
        row.clear(self.count);
        let mut parser = serde_json::Deserializer::from_str(text);
        let read = parser.deserialize_seq(ArrayVisitor { row });
        read.and_then(|()| parser.end())
            .map_err(|error| fault_of(&error, &self.file, text, line, '['))?;
        if row.len() > self.limits.columns {
            let what = format!("row {} has more than {} values", self.count, self.limits.columns);
            return Err(ReadError::TooLarge {
                file: self.file.clone(),
                what,
            });
        }
        Ok(true)
    }
}

/// Puts an array's values into a row.
struct ArrayVisitor<'r> {
    row: &'r mut Row,
}

impl<'de> Visitor<'de> for ArrayVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        loop {
            let index = self.row.len();
            let seed = CellSeed { row: self.row, index };
            if cells.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
        }
    }
}
