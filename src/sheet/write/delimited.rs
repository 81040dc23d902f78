//! CSV, TSV and their like: RFC 4180's quoting through the csv crate.

use std::borrow::Cow;

use std::io::Write;

use csv::{QuoteStyle, Terminator};
use encoding_rs::Encoding;

use super::encode::{Encoder, is_unicode, named, unencodable};
use super::guard::{guard, guard_formula};
use super::out::Out;
use super::text::cell_text;
use super::{Column, LineEnd, Style, TableWriter, WriteError};
use crate::item::Kind;
use crate::sheet::Cell;

/// Writes delimited text.
pub(super) struct DelimitedWriter<'w> {
    csv: csv::Writer<Encoder<Out<'w>>>,
    columns: Vec<Column>,
    encoding: &'static Encoding,
    excel_safe: bool,
    row: u64,
}

impl<'w> DelimitedWriter<'w> {
    pub(super) fn new(delimiter: u8, columns: &[Column], style: &Style, mut out: Out<'w>) -> Result<Self, WriteError> {
        let encoding = named(style.encoding)?;
        if (style.bom || style.excel_safe) && is_unicode(encoding) {
            // The mark is one character; each encoding has its own bytes for it.
            let mut mark = Encoder::new(&mut out, encoding);
            mark.write_all("\u{FEFF}".as_bytes())?;
        }
        let terminator = match style.line_end {
            LineEnd::Lf => Terminator::Any(b'\n'),
            LineEnd::CrLf => Terminator::CRLF,
        };
        let csv = csv::WriterBuilder::new()
            .delimiter(style.delimiter.unwrap_or(delimiter))
            .quote_style(QuoteStyle::Necessary)
            .terminator(terminator)
            .flexible(true)
            .from_writer(Encoder::new(out, encoding));
        let mut writer = Self {
            csv,
            columns: columns.to_vec(),
            encoding,
            excel_safe: style.excel_safe,
            row: 0,
        };
        let names: Vec<Cell<'_>> = columns.iter().map(|column| Cell::Text(&column.name)).collect();
        writer.record(&names, true)?;
        Ok(writer)
    }

    fn record(&mut self, cells: &[Cell<'_>], is_header: bool) -> Result<(), WriteError> {
        self.row += 1;
        for (index, column) in self.columns.iter().enumerate() {
            let cell = cells.get(index).unwrap_or(&Cell::Absent);
            let text = cell_text(cell);
            if let Some(character) = unencodable(self.encoding, &text) {
                return Err(WriteError::Unencodable {
                    row: self.row,
                    column: column.name.clone(),
                    character,
                    encoding: self.encoding.name(),
                });
            }
            let text = if self.excel_safe {
                guarded(column, text, is_header)
            } else {
                text
            };
            self.csv.write_field(text.as_bytes())?;
        }
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }
}

/// Dates and times of day are meant to be taken for what they are; everything else is meant to stay as it is.
fn guarded<'t>(column: &Column, text: Cow<'t, str>, is_header: bool) -> Cow<'t, str> {
    let may_be_read = !column.id && !is_header && matches!(column.kind, Kind::Date | Kind::Time);
    let guarded = if may_be_read {
        guard_formula(&text)
    } else {
        guard(&text)
    };
    match guarded {
        Cow::Borrowed(_) => text,
        Cow::Owned(guarded) => Cow::Owned(guarded),
    }
}

impl TableWriter for DelimitedWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.record(cells, false)
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        let encoder = self
            .csv
            .into_inner()
            .map_err(|failed| WriteError::Io(failed.into_error()))?;
        Ok(encoder.into_inner().finish()?)
    }
}
