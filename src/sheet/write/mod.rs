//! Rows → bytes, in any format that is written: a format makes bytes, the caller owns the file.
//!
//! Belongs here: how cells look in each format, compression, and the file that is whole or not there (`file`).
//! Doesn't: which rows and columns there are, and what their values mean.

mod buffer;
mod delimited;
mod destination;
mod encode;
mod error;
mod file;
#[cfg(test)]
mod file_tests;
mod form;
mod guard;
#[cfg(test)]
mod guard_tests;
mod json;
mod object;
mod out;
#[cfg(test)]
mod tests;
mod text;
mod workbook;
mod xlsx;
#[cfg(test)]
mod xlsx_limits_tests;
#[cfg(test)]
mod xlsx_tests;

use std::borrow::Cow;
use std::path::Path;

pub use buffer::Buffer;
pub use destination::Destination;
pub use error::WriteError;
pub use file::AtomicFile;
pub use form::{Form, FormColumn};
pub use guard::{guard, unguard};
pub use object::{Key, Object, ObjectEncoder, Pen, Said};
pub use out::ByteSink;
use out::Out;
pub use workbook::WorkbookWriter;

use super::Cell;
use crate::item::Kind;
use crate::output::Warning;

/// A format that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutFormat {
    /// Comma-separated (RFC 4180), unless the style names another delimiter.
    Csv,
    /// Tab-separated, quoted like CSV.
    Tsv,
    /// An Excel workbook.
    Xlsx,
    /// One JSON array, an object a line.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// What the bytes are packed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

/// A format and its packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The format.
    pub format: OutFormat,
    /// What it is packed with.
    pub compression: Compression,
}

/// A column that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its header, and its key in JSON.
    pub name: String,
    /// What its values are, which decides how a workbook shows them.
    pub kind: Kind,
    /// Whether it holds ids: always text in a workbook, guarded in CSV that is written for Excel.
    pub id: bool,
}

/// How delimited text is written; workbooks and JSON leave no choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Another delimiter than the format's own: a reject file keeps its input's.
    pub delimiter: Option<u8>,
    /// The encoding's label by the WHATWG (`windows-1252`, `UTF-16LE`); UTF-8 otherwise.
    pub encoding: Option<&'static str>,
    /// Whether a byte-order mark comes first (only where the encoding is a Unicode one).
    pub bom: bool,
    /// What ends a line.
    pub line_end: LineEnd,
    /// Written for people who open it in Excel or `LibreOffice`: see `guard`. Implies `bom`.
    pub excel_safe: bool,
    /// What a workbook has beside its rows, where people are to fill it in.
    pub form: Option<&'static Form>,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
}

/// Takes rows and makes bytes of them.
pub trait TableWriter {
    /// Writes a row; cells stand in the columns' order. Missing ones at the end are absent.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError>;

    /// Writes a row in which the cells at the places `bad` are at fault: coloured in a workbook, unmarked elsewhere.
    fn marked_row(&mut self, cells: &[Cell<'_>], bad: &[usize]) -> Result<(), WriteError> {
        let _ = bad;
        self.row(cells)
    }

    /// The way to write rows that were made into bytes elsewhere; `None` if the writer takes only cells.
    fn in_parts(&mut self) -> Option<&mut dyn InParts> {
        None
    }

    /// What a person has to know of the rows that have been written so far, in sentences.
    fn notes(&self) -> Vec<Warning> {
        Vec::new()
    }

    /// Writes what is still missing. Without it the output is not whole.
    fn finish(self: Box<Self>) -> Result<(), WriteError>;
}

/// Takes rows that its encoder has made into bytes.
pub trait InParts {
    /// What makes the bytes.
    fn encoder(&self) -> Box<dyn RowEncoder>;

    /// Writes whole rows.
    fn encoded(&mut self, rows: &[u8]) -> Result<(), WriteError>;
}

/// Makes rows into bytes, on any thread, for the writer that it came from.
pub trait RowEncoder: Send + Sync {
    /// Adds a whole row's bytes. What an error leaves behind is of no use.
    fn encode(&self, cells: &[Cell<'_>], out: &mut Buffer) -> Result<(), WriteError>;

    /// The encoder of objects that this is, whose rows may also be put together cell by cell.
    fn as_objects(&self) -> Option<&ObjectEncoder> {
        None
    }
}

impl OutFormat {
    /// The format of this name, as `--format` takes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "xlsx" => Self::Xlsx,
            "json" => Self::Json,
            "jsonl" => Self::Jsonl,
            _ => return None,
        })
    }

    /// The name that `from_name` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    /// The format that a path's extension names, `.gz` and `.zst` behind it left aside.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        Target::for_path(path).map(|target| target.format)
    }
}

impl Target {
    /// What a path's extensions ask for: `inventory.csv.gz`.
    #[must_use]
    pub fn for_path(path: &Path) -> Option<Self> {
        let extension = |path: &Path| path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let compression = Compression::for_path(path);
        let last = match compression {
            Compression::None => extension(path),
            _ => extension(Path::new(path.file_stem()?)),
        };
        let last = last?;
        let format = match last.as_str() {
            "txt" | "tab" => OutFormat::Tsv,
            "ndjson" => OutFormat::Jsonl,
            name => OutFormat::from_name(name)?,
        };
        Some(Self { format, compression })
    }
}

impl Compression {
    /// What a path's last extension asks for.
    #[must_use]
    pub fn for_path(path: &Path) -> Self {
        match path
            .extension()
            .map(|e| e.to_string_lossy().to_ascii_lowercase())
            .as_deref()
        {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// A cell as text, as delimited text has it.
#[must_use]
pub fn as_text<'a>(cell: &Cell<'a>) -> Cow<'a, str> {
    text::cell_text(cell)
}

/// What a cell becomes in a workbook, by what a reader finds there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InWorkbook {
    /// No cell, or an empty one.
    Blank,
    /// The cell's text ([`as_text`]), or a date or time that is read as the same text.
    Text,
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
}

/// What a cell of a column becomes in a workbook.
#[must_use]
pub fn in_workbook(cell: &Cell<'_>, column: &Column) -> InWorkbook {
    xlsx::found(cell, column)
}

/// What makes JSON objects with these keys, each to stand alone: the cells in the keys' order, absent ones left out.
pub fn object_encoder(keys: &[&str]) -> Result<ObjectEncoder, WriteError> {
    ObjectEncoder::new(object::Layout::Single, keys.iter().copied())
}

/// A writer of this format, its header already written. The sink gets the bytes; whoever owns it makes them durable.
pub fn writer<'w>(
    target: &Target,
    columns: &[Column],
    style: &Style,
    sink: ByteSink<'w>,
) -> Result<Box<dyn TableWriter + 'w>, WriteError> {
    let out = Out::new(target.compression, sink.out)?;
    Ok(match target.format {
        OutFormat::Csv => Box::new(delimited::DelimitedWriter::new(b',', columns, style, out)?),
        OutFormat::Tsv => Box::new(delimited::DelimitedWriter::new(b'\t', columns, style, out)?),
        OutFormat::Xlsx => Box::new(xlsx::XlsxWriter::new(columns, out, &sink.folder, style.form)?),
        OutFormat::Json => Box::new(json::JsonWriter::new(object::Layout::Array, columns, out)?),
        OutFormat::Jsonl => Box::new(json::JsonWriter::new(object::Layout::Lines, columns, out)?),
    })
}
