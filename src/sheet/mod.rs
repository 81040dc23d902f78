//! Files ⇄ rows. What a file is (by content, never by its name), where its tables and their header
//! rows are, its rows; and rows written back as any format.
//!
//! Belongs here: file formats, encodings, compression, header rows. Doesn't: what a column means
//! (`columns`), and anything of the API (`api`): the two never meet.

mod arrangement;
mod arrays;
mod charset;
mod chunks;
mod cut;
mod delimited;
mod delimiter;
mod dialect;
mod encoding;
mod error;
mod excel;
mod header;
mod json;
mod limits;
mod marks;
mod memory;
mod moment;
mod number_format;
mod pieces;
mod plausible;
mod quoting;
mod row;
mod rows;
mod source;
mod stop;
#[cfg(test)]
mod tests;
mod text;
mod utf8;
mod workbook;
pub mod write;

use std::path::PathBuf;

pub use delimiter::is_delimiter_found;
pub use error::ReadError;
pub use limits::Limits;
pub use moment::Moment;
pub use number_format::{FormatCode, NoId, NumberFormat};
pub use pieces::{Piece, PieceReader};
pub use row::{Cell, FIELD, Field, NOT_CALCULATED, Row};
pub use rows::Passed;
pub use source::is_stream;
pub use stop::Stop;

use crate::output::Warning;

/// What a file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text: the delimiter's byte and the encoding's name (`UTF-8`, `windows-1252`, `UTF-16LE`).
    Delimited {
        /// `,`, `;`, tab or `|`.
        delimiter: u8,
        /// The encoding's WHATWG name.
        encoding: &'static str,
    },
    /// A workbook: `xlsx`, `xlsm`, `xlsb`, `xls` or `ods`.
    Workbook(&'static str),
    /// One JSON document: an array of objects, or an object with one such array (`{"data": […]}`).
    Json,
    /// JSON whose rows are arrays, the header among them; a row is known by its number.
    JsonArrays,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// Whether cells come with a type of their own. Delimited text has none: there `true` and `5` are just text.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        !matches!(self, Self::Delimited { .. })
    }

    /// Whether it is JSON of any arrangement.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Json | Self::JsonArrays | Self::JsonLines)
    }

    /// Whether its rows are objects, whose keys are the header: an object may lack any of them.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        matches!(self, Self::Json | Self::JsonLines)
    }
}

/// A table's header row.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// The line of the header row, from 1 (the last one, where two rows were joined; 0 for JSON, whose keys are the header).
    pub line: u64,
    /// How it was found.
    pub by: HeaderBy,
    /// The named columns, in physical order.
    pub cells: Vec<HeaderCell>,
    /// The row or the two rows as they stand in the file: column and text. None for JSON.
    pub rows: Vec<Vec<(usize, String)>>,
}

/// How a header row was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderBy {
    /// By its names, of which at least one is known; in JSON, the keys are the header without further ado.
    #[default]
    Recognized,
    /// No name is known: it is the first row that is filled and unlike those below it, else the first filled row.
    /// Who writes anything has to refuse it; who only shows it has to say so.
    Guessed,
    /// The user named it (`--header-row`).
    Option,
}

/// One named column.
#[derive(Clone, Debug)]
pub struct HeaderCell {
    /// The physical column, from 0 (column A).
    pub index: usize,
    /// The header's text, to the letter.
    pub name: String,
}

/// Tells how well a text is known as a column's name, so that a header row can be found below a preamble.
/// `sheet` does not know the fields; whoever does passes this in.
pub trait HeaderJudge {
    /// 3: a field's own name; 2: a known synonym; 1: a weak or similar one; 0: unknown.
    fn weight(&self, name: &str) -> u32;

    /// Whether the weight is 2 or more. Asked of every text among the first rows, so it had better be quick.
    fn is_known(&self, name: &str) -> bool {
        self.weight(name) >= 2
    }

    /// Whether the user has named it as a column's, so that it is one even where it is a number or a date.
    fn is_named(&self, _name: &str) -> bool {
        false
    }

    /// Whether the name is known as that of a column of ids, which every table needs.
    fn is_id(&self, _name: &str) -> bool {
        false
    }

    /// Whether a row of these texts is the header for certain, and every row below it is data: a reject file's.
    fn is_certain(&self, _names: &[(usize, String)]) -> bool {
        false
    }
}

/// Where a table is to be read from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Standard input, spooled to a temporary file so that it can be read twice.
    Stdin,
}

/// Which of a workbook's sheets to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SheetChoice {
    /// The visible sheet whose header is known best.
    #[default]
    Best,
    /// The sheet of this name, hidden or not.
    Named(String),
    /// Every visible sheet with a recognizable header (`*`).
    All,
}

/// How the user overrules what is found out about a file.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Which sheet.
    pub sheet: SheetChoice,
    /// The header's row (a sheet's row, a text file's line, from 1).
    pub header_row: Option<u64>,
    /// The delimiter of a text file.
    pub delimiter: Option<u8>,
    /// The encoding's label (`windows-1252`).
    pub encoding: Option<String>,
    /// A text whose beginning is UTF-8 is taken for that without a look at the rest. Where a row then turns out to be no
    /// text (`ReadError::NotText`), the file has to be opened again, without this: its encoding may be another.
    pub trusting: bool,
    /// How much is read before a file is taken for hostile.
    pub limits: Limits,
    /// The user's wish to stop: once it is set, reading ends in an error, even where a pipe stalls.
    pub stop: Stop,
}

/// Gives a table's data rows, one after the other: those below the header that are not blank.
pub trait RowReader {
    /// Fills `row` with the next data row; false at the end.
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError>;

    /// What a person should know of the rows passed so far (hidden rows); complete after the last row.
    fn passed(&self) -> Passed {
        Passed::default()
    }
}

impl<R: RowReader + ?Sized> RowReader for Box<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        (**self).next(row)
    }

    fn passed(&self) -> Passed {
        (**self).passed()
    }
}

/// What a text file looks like beside its delimiter and its encoding: nothing to a reader, but a file that is made of it
/// should have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextForm {
    /// It begins with a byte-order mark, without which Excel takes UTF-8 for something else.
    pub mark: bool,
    /// Its first line ends in `\r\n`.
    pub crlf: bool,
}

/// How many rows below the header are kept: as many as may describe its columns.
const FIRST_BELOW: usize = 4;

/// One table of a file: a sheet, or a whole text or JSON file, with its header row found.
pub struct Table {
    /// What the user named (`inventory.xlsx`, or `standard input`).
    pub file: String,
    /// What the file is.
    pub format: Format,
    /// What else is needed to write delimited text as the file has it.
    pub text: TextForm,
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The header row.
    pub header: Header,
    /// How many data rows the file's own preamble says there are (`NumberRecords` of Washington's CCRS), or
    /// the envelope of its list (`TotalRecords` of Metrc).
    pub declared_rows: Option<u64>,
    /// What a person should know of the reading, in plain words (rows skipped above the header, sheets left out).
    pub notes: Vec<String>,
    /// What may be misread, for a person to check (a guessed encoding).
    pub warnings: Vec<Warning>,
    /// The first rows below the header, blank ones aside: no more than `FIRST_BELOW`.
    pub first: Vec<Row>,
    opener: Opener<dyn RowReader>,
    /// Where the rows can be read in several places at once.
    pieces: Option<Opener<dyn PieceReader>>,
}

/// Begins another pass.
type Opener<R> = Box<dyn Fn() -> Result<Box<R>, ReadError> + Send + Sync>;

impl Table {
    /// The data rows from the first one on; may be called again for another pass.
    pub fn rows(&self) -> Result<Box<dyn RowReader>, ReadError> {
        (self.opener)()
    }

    /// The same rows in pieces that can be read on any thread.
    pub fn pieces(&self) -> Result<Box<dyn PieceReader>, ReadError> {
        match &self.pieces {
            Some(open) => open(),
            None => Ok(Box::new(pieces::Gathered::new(self.rows()?))),
        }
    }

    /// Where a cell is, for a person: `Worksheet!C7` in a workbook, `line 7, column "Quantity"` in text.
    #[must_use]
    pub fn address(&self, line: u64, index: usize) -> String {
        match (&self.format, &self.sheet) {
            (Format::Workbook(_), Some(sheet)) => format!("{sheet}!{}{line}", column_letters(index)),
            (Format::Workbook(_), None) => format!("{}{line}", column_letters(index)),
            _ => match self.header.cells.iter().find(|cell| cell.index == index) {
                Some(cell) => format!("{}, column {:?}", self.row_address(line), cell.name),
                None => format!("{}, column {}", self.row_address(line), index + 1),
            },
        }
    }

    /// A row for a person: `row 209` of a workbook or of JSON arrays, `line 17` of a text file.
    #[must_use]
    pub fn row_address(&self, line: u64) -> String {
        match self.format {
            Format::Workbook(_) | Format::JsonArrays => format!("row {line}"),
            _ => format!("line {line}"),
        }
    }
}

/// A column's letters in a workbook: 0 is `A`, 26 is `AA`.
#[must_use]
pub fn column_letters(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + u8::try_from(index % 26).unwrap_or(0));
        if index < 26 {
            break;
        }
        index = index / 26 - 1;
    }
    letters.reverse();
    String::from_utf8_lossy(&letters).into_owned()
}

/// Finds out what the input is, and its tables: one, unless `SheetChoice::All` asks for more.
/// Where no column is recognized the header is guessed (`HeaderBy::Guessed`): to refuse that is the caller's matter.
pub fn open(input: &Input, options: &ReadOptions, judge: &dyn HeaderJudge) -> Result<Vec<Table>, ReadError> {
    let source = source::Source::open(input, &options.limits, &options.stop)?;
    match source.kind {
        source::Kind::Workbook => workbook::tables(source, options, judge),
        source::Kind::Text => text::tables(source, options, judge),
    }
}
