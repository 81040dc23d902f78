//! CSV, TSV and their like: RFC 4180's quoting, as the csv crate does it where quotes are necessary.
//!
//! Doesn't belong here: the guard for spreadsheet programs (`guard`), encodings (`encode`).

use std::borrow::Cow;

use std::io::Write;

use encoding_rs::{Encoding, UTF_8};

use super::encode::{Encoder, is_unicode, named, unencodable};
use super::guard::{guard, guard_formula};
use super::out::Out;
use super::text::cell_text;
use super::{Buffer, Column, InParts, LineEnd, RowEncoder, Style, TableWriter, WriteError};
use crate::item::Kind;
use crate::sheet::Cell;

/// Writes delimited text.
pub(super) struct DelimitedWriter<'w> {
    out: Encoder<Out<'w>>,
    encoder: DelimitedEncoder,
    encoding: &'static Encoding,
    row: u64,
    line: Vec<u8>,
}

/// Makes lines of rows.
#[derive(Clone)]
struct DelimitedEncoder {
    columns: Vec<Column>,
    delimiter: u8,
    line_end: LineEnd,
    excel_safe: bool,
}

impl<'w> DelimitedWriter<'w> {
    pub(super) fn new(delimiter: u8, columns: &[Column], style: &Style, mut out: Out<'w>) -> Result<Self, WriteError> {
        let encoding = named(style.encoding)?;
        if (style.bom || style.excel_safe) && is_unicode(encoding) {
            // The mark is one character; each encoding has its own bytes for it.
            let mut mark = Encoder::new(&mut out, encoding);
            mark.write_all("\u{FEFF}".as_bytes())?;
        }
        let encoder = DelimitedEncoder {
            columns: columns.to_vec(),
            delimiter: style.delimiter.unwrap_or(delimiter),
            line_end: style.line_end,
            excel_safe: style.excel_safe,
        };
        let mut writer = Self {
            out: Encoder::new(out, encoding),
            encoder,
            encoding,
            row: 0,
            line: Vec::new(),
        };
        let names: Vec<Cell<'_>> = columns.iter().map(|column| Cell::Text(&column.name)).collect();
        writer.record(&names, true)?;
        Ok(writer)
    }

    fn record(&mut self, cells: &[Cell<'_>], is_header: bool) -> Result<(), WriteError> {
        self.row += 1;
        if !is_unicode(self.encoding) {
            for (index, column) in self.encoder.columns.iter().enumerate() {
                let text = cell_text(cells.get(index).unwrap_or(&Cell::Absent));
                if let Some(character) = unencodable(self.encoding, &text) {
                    return Err(WriteError::Unencodable {
                        row: self.row,
                        column: column.name.clone(),
                        character,
                        encoding: self.encoding.name(),
                    });
                }
            }
        }
        self.line.clear();
        self.encoder.line(cells, is_header, &mut self.line);
        Ok(self.out.write_all(&self.line)?)
    }
}

impl DelimitedEncoder {
    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.line_end {
            LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
        });
    }

    fn line(&self, cells: &[Cell<'_>], is_header: bool, out: &mut Vec<u8>) {
        for (index, column) in self.columns.iter().enumerate() {
            self.put(index, column, cells.get(index).unwrap_or(&Cell::Absent), is_header, out);
        }
        self.end(out);
    }

    fn put(&self, index: usize, column: &Column, cell: &Cell<'_>, is_header: bool, out: &mut Vec<u8>) {
        if index > 0 {
            out.push(self.delimiter);
        }
        let text = cell_text(cell);
        let text = if self.excel_safe {
            guarded(column, text, is_header)
        } else {
            text
        };
        // A line that holds nothing at all would be taken for none.
        let is_whole_line = self.columns.len() == 1 && text.is_empty();
        self.field(&text, is_whole_line, out);
    }

    fn field(&self, text: &str, always_quoted: bool, out: &mut Vec<u8>) {
        let special = |byte: &u8| matches!(byte, b'"' | b'\r' | b'\n') || *byte == self.delimiter;
        let bytes = text.as_bytes();
        if !always_quoted && !bytes.iter().any(special) {
            out.extend_from_slice(bytes);
            return;
        }
        out.push(b'"');
        for (index, between) in text.split('"').enumerate() {
            if index > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(between.as_bytes());
        }
        out.push(b'"');
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

impl RowEncoder for DelimitedEncoder {
    fn encode(&self, cells: &[Cell<'_>], out: &mut Buffer) -> Result<(), WriteError> {
        out.append(|out| self.line(cells, false, out));
        Ok(())
    }
}

impl InParts for DelimitedWriter<'_> {
    fn encoder(&self) -> Box<dyn RowEncoder> {
        Box::new(self.encoder.clone())
    }

    fn encoded(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        Ok(self.out.write_all(rows)?)
    }
}

impl TableWriter for DelimitedWriter<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.record(cells, false)
    }

    fn in_parts(&mut self) -> Option<&mut dyn InParts> {
        // What another encoding lacks is told with its row, which only the order of the rows tells.
        if self.encoding == UTF_8 { Some(self) } else { None }
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        Ok(self.out.into_inner().finish()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_those_of_the_csv_crate(
            rows in prop::collection::vec(prop::collection::vec("[a\",;\t\r\n é]{0,4}", 1..4), 0..5),
            delimiter in prop_oneof![Just(b','), Just(b'\t'), Just(b';'), Just(b' ')],
            crlf in any::<bool>(),
        ) {
            for row in rows {
                let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
                let mut plain = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).flexible(true).from_writer(Vec::new());
                plain.write_record(&row).unwrap();
                let column = |name: &String| Column { name: name.clone(), kind: Kind::Text, id: false };
                let encoder = DelimitedEncoder {
                    columns: row.iter().map(column).collect(),
                    delimiter,
                    line_end: if crlf { LineEnd::CrLf } else { LineEnd::Lf },
                    excel_safe: false,
                };
                let cells: Vec<Cell<'_>> = row.iter().map(|text| Cell::Text(text)).collect();
                let mut line = Buffer::default();
                encoder.encode(&cells, &mut line).unwrap();
                prop_assert_eq!(line.as_slice(), plain.into_inner().unwrap());
            }
        }
    }
}
