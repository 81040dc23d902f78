//! A table made of rows in memory: for tests and fuzzers, whose rows stand in no file.
//!
//! Doesn't belong here: any way of a user's file (`open` in `mod`).

use super::pieces::Gathered;
use super::{Format, Header, HeaderCell, ReadError, Row, RowReader, Table};

impl Table {
    /// A comma-separated file of these headers, in line 1, and these fields.
    #[doc(hidden)]
    #[must_use]
    pub fn of_texts(names: &[&str], rows: &[&[&str]]) -> Self {
        let cells = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let cells = cells.map(|(index, name)| HeaderCell {
            index,
            name: (*name).to_owned(),
        });
        let header = Header {
            line: 1,
            cells: cells.collect(),
            ..Header::default()
        };
        let rows = rows.iter().zip(2..).map(|(fields, line)| {
            let mut row = Row::new();
            row.fill_fields(fields);
            row.line = line;
            row
        });
        let format = Format::Delimited {
            delimiter: b',',
            encoding: "UTF-8",
        };
        Self::from_rows("inventory.csv", format, None, header, rows.collect())
    }

    /// A table of these data rows.
    #[doc(hidden)]
    #[must_use]
    pub fn from_rows(file: &str, format: Format, sheet: Option<&str>, header: Header, rows: Vec<Row>) -> Self {
        let first = rows.iter().take(super::FIRST_BELOW).cloned().collect();
        let rows = std::sync::Arc::new(rows);
        Self {
            file: file.to_owned(),
            format,
            text: super::TextForm::default(),
            sheet: sheet.map(str::to_owned),
            header,
            declared_rows: None,
            notes: Vec::new(),
            warnings: Vec::new(),
            first,
            opener: Box::new(move || {
                Ok(Box::new(MemoryReader {
                    rows: rows.clone(),
                    at: 0,
                }))
            }),
            pieces: None,
        }
    }
}

impl Row {
    /// Makes it the row of a text file that has these fields.
    #[doc(hidden)]
    pub fn fill_fields(&mut self, fields: &[&str]) {
        let ends = fields.iter().scan(0, |end, field| {
            *end += field.len();
            Some(*end)
        });
        self.fill_text(self.line, &fields.concat(), &ends.collect::<Vec<_>>());
    }
}

impl Table {
    /// The same, cut into pieces of so many rows.
    #[doc(hidden)]
    #[must_use]
    pub fn in_pieces_of(mut self, together: usize) -> Self {
        let open = std::sync::Arc::new(self.opener);
        let cut = std::sync::Arc::clone(&open);
        self.opener = Box::new(move || open());
        self.pieces = Some(Box::new(move || Ok(Box::new(Gathered::sized(cut()?, together)))));
        self
    }
}

struct MemoryReader {
    rows: std::sync::Arc<Vec<Row>>,
    at: usize,
}

impl RowReader for MemoryReader {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let Some(next) = self.rows.get(self.at) else {
            return Ok(false);
        };
        row.clone_from(next);
        self.at += 1;
        Ok(true)
    }
}
