//! A row as the file gave it, knowing where it stands; no opinion on what its cells mean.
//!
//! Doesn't belong here: reading one (each format does), what it means (`columns`).

use jiff::civil;
use serde_json::Value;

/// One cell, borrowed from its row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// There is no such cell: a text row that ended before its header did, or a key that a JSON object lacks.
    Absent,
    /// The cell is there and holds nothing (JSON: `null`). White space is still `Text`.
    Empty,
    /// Text, to the letter.
    Text(&'a str),
    /// A workbook's number.
    Number(f64, NumberFormat),
    /// A workbook's or JSON's true or false.
    Bool(bool),
    /// A workbook's date or time of day.
    Moment(Moment),
    /// A workbook's error value (`#REF!`).
    Error(&'a str),
    /// A number by its digits, as JSON writes them: only ever written (readers give `Number` or `Json`), so that no
    /// digit is lost and none is computed again.
    Digits(&'a str),
    /// A JSON number, array or object (JSON's text, booleans and null have their own variants).
    Json(&'a Value),
}

impl<'a> Cell<'a> {
    /// A JSON value as a cell.
    #[must_use]
    pub fn of_json(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Bool(value) => Self::Bool(*value),
            Value::String(text) => Self::Text(text),
            other => Self::Json(other),
        }
    }
}

/// What a workbook's number format says about how a number was shown, as far as the format can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// General, unknown, or anything without a bearing on what the number means.
    #[default]
    Plain,
    /// Shown with an exponent (`0.00E+00`): `1E10` typed into a cell ends here.
    Scientific,
    /// Shown with at least so many digits (`00000` is 5).
    Padded(u8),
    /// Shown in percent: 0.25 is shown as 25%.
    Percent,
}

/// A workbook's date or time of day. Both epochs are already dealt with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A day without a time of day.
    Date(civil::Date),
    /// A day with a time of day.
    DateTime(civil::DateTime),
    /// A time of day without a day.
    Time(civil::Time),
    /// An elapsed time (`[h]:mm`), in days, or a serial number that is no real day.
    Duration(f64),
}

/// A row that can be filled again and again without a new allocation for each cell.
/// Cells stand at their physical column: index 0 is column A.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Where the row stands, from 1: a sheet's row, or the line of a text file on which the row begins.
    pub line: u64,
    text: String,
    cells: Vec<Raw>,
    /// What cells of JSON hold.
    values: Vec<Value>,
    /// It is known that JSON writes all of its texts as they stand.
    plain: bool,
    /// One of its quoted fields goes on behind the mark that closes it.
    misquoted: bool,
}

/// A field of a text row, to be looked at in a block of one size: what takes no look at a length takes no guess at it.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The field's bytes, and whatever stands behind them.
    pub block: &'a [u8; FIELD],
    /// How many of them are the field's: no more than the block has.
    pub length: usize,
    /// Where they stand in the row's text.
    pub start: usize,
}

impl<'a> Field<'a> {
    /// The field's bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.block.get(..self.length).unwrap_or_default()
    }
}

/// How many bytes a short field has at most.
pub const FIELD: usize = 32;

/// Stands behind a text, so that each of its short fields has its block.
const PAD: &str = match std::str::from_utf8(&[0; FIELD]) {
    Ok(pad) => pad,
    Err(_) => "",
};

/// What an error cell holds whose formula was never calculated: a program that doesn't calculate wrote it without a value.
pub const NOT_CALCULATED: &str = "#NOT_CALCULATED";

/// Excel's error values (ECMA-376 part 1, 18.17.3, and `#GETTING_DATA` and later ones).
const ERROR_VALUES: [&str; 12] = [
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
    "#GETTING_DATA",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    NOT_CALCULATED,
];

#[derive(Clone, Copy, Debug)]
enum Raw {
    Absent,
    Empty,
    /// A field of a text row: what kind of cell it is, whoever asks finds out.
    Field(usize, usize),
    Text(usize, usize),
    Number(f64, NumberFormat),
    Bool(bool),
    Moment(Moment),
    Error(usize, usize),
    Digits(usize, usize),
    /// The place among the row's values.
    Json(usize),
}

impl Row {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the row for the next one, keeping its memory.
    pub fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.cells.clear();
        self.values.clear();
        self.plain = false;
        self.misquoted = false;
    }

    /// Whether any of its texts has more than one line.
    #[must_use]
    pub fn has_line_breaks(&self) -> bool {
        !self.plain && memchr::memchr2(b'\n', b'\r', self.text.as_bytes()).is_some()
    }

    /// Whether text follows the closing quotation mark of a field, as no writer of delimited text has it: what the field
    /// holds can't be told.
    #[must_use]
    pub fn is_misquoted(&self) -> bool {
        self.misquoted
    }

    pub(super) fn set_misquoted(&mut self) {
        self.misquoted = true;
    }

    /// Whether it is known that JSON writes all of its texts as they stand, with nothing in them escaped.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Says that JSON writes all of its texts as they stand, until the row is filled anew.
    pub(super) fn set_plain(&mut self, plain: bool) {
        self.plain = plain;
    }

    /// How many cells the row has, up to its last one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The bytes of its texts.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Whether the row has no cells at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether every cell is absent, empty or white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|raw| match raw {
            Raw::Absent | Raw::Empty => true,
            Raw::Field(start, end) if start == end => true,
            Raw::Field(start, _) if self.text.as_bytes().get(*start).is_some_and(u8::is_ascii_graphic) => false,
            raw => matches!(self.view(raw), Cell::Text(text) if text.trim().is_empty()),
        })
    }

    /// The cell at a physical column; `Absent` beyond the row's end.
    #[inline]
    #[must_use]
    pub fn cell(&self, index: usize) -> Cell<'_> {
        self.cells.get(index).map_or(Cell::Absent, |raw| self.view(raw))
    }

    /// The text of the cell at a physical column, if it holds text.
    #[inline]
    #[must_use]
    pub fn text_at(&self, index: usize) -> Option<&str> {
        match self.cell(index) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The cell at a physical column as a short field, if it is one.
    #[inline]
    #[must_use]
    pub fn field(&self, index: usize) -> Option<Field<'_>> {
        let Some(Raw::Field(start, end)) = self.cells.get(index) else {
            return None;
        };
        let length = end.wrapping_sub(*start);
        let block = self.text.as_bytes().get(*start..)?.first_chunk()?;
        (length <= FIELD).then_some(Field {
            block,
            length,
            start: *start,
        })
    }

    /// The short field that begins at this place of the row's text, and whatever stands behind it.
    #[inline]
    #[must_use]
    pub fn block(&self, start: usize) -> Option<&[u8; FIELD]> {
        self.text.as_bytes().get(start..)?.first_chunk()
    }

    /// All cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells.iter().map(|raw| self.view(raw))
    }

    /// Adds a cell at the end (text is copied into the row's own buffer).
    pub fn push(&mut self, cell: Cell<'_>) {
        let raw = self.store(cell);
        self.cells.push(raw);
    }

    /// Puts a cell at its physical column; cells between the row's end and it are empty. For sheets whose
    /// cells come with an address: they may leave gaps, and some writers put them out of order.
    pub fn set(&mut self, index: usize, cell: Cell<'_>) {
        self.pad_empty(index);
        let raw = self.store(cell);
        match self.cells.get_mut(index) {
            Some(slot) => *slot = raw,
            None => self.cells.push(raw),
        }
    }

    fn store(&mut self, cell: Cell<'_>) -> Raw {
        match cell {
            Cell::Absent => Raw::Absent,
            Cell::Empty => Raw::Empty,
            Cell::Text(text) => {
                let (start, end) = self.keep(text);
                Raw::Text(start, end)
            }
            Cell::Number(value, format) => Raw::Number(value, format),
            Cell::Bool(value) => Raw::Bool(value),
            Cell::Moment(moment) => Raw::Moment(moment),
            Cell::Error(text) => {
                let (start, end) = self.keep(text);
                Raw::Error(start, end)
            }
            Cell::Digits(digits) => {
                let (start, end) = self.keep(digits);
                Raw::Digits(start, end)
            }
            Cell::Json(value) => {
                self.values.push(value.clone());
                Raw::Json(self.values.len() - 1)
            }
        }
    }

    /// Fills the row with the fields of a text row: `ends` says where in `text` each of them ends.
    /// A field of nothing is an empty cell; the text of an Excel error value (`#REF!`), as Excel itself
    /// saves it into text files, is an error cell.
    pub(super) fn fill_text(&mut self, line: u64, text: &str, ends: &[usize]) {
        self.clear(line);
        let mut start = 0;
        for &end in ends {
            self.push_field(start, end);
            start = end;
        }
        self.fill(text);
    }

    /// Adds a field that stands at this place of the text that `fill` will be given.
    #[inline]
    pub(super) fn push_field(&mut self, start: usize, end: usize) {
        self.cells.push(Raw::Field(start, end));
    }

    /// The text of the fields that have been pushed.
    #[inline]
    pub(super) fn fill(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str(PAD);
    }

    /// Puts a field of a text row in place of another: what stood between quotation marks, doubled ones still among it,
    /// and what stood outside of them.
    pub(super) fn put_field(&mut self, index: usize, quoted: &str, bare: &str) {
        let start = self.text.len();
        let mut rest = quoted;
        while let Some(at) = memchr::memchr(b'"', rest.as_bytes()) {
            self.text.push_str(rest.get(..=at).unwrap_or_default());
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.text.push_str(rest);
        self.text.push_str(bare);
        let raw = Raw::Field(start, self.text.len());
        self.text.push_str(PAD);
        if let Some(slot) = self.cells.get_mut(index) {
            *slot = raw;
        }
    }

    /// Puts a cell at a column, in any order; columns that are passed over are absent.
    pub(super) fn put(&mut self, index: usize, cell: Cell<'_>) {
        while self.cells.len() < index {
            self.cells.push(Raw::Absent);
        }
        self.set(index, cell);
    }

    /// Adds empty cells until the row has `len` of them: a sheet's gaps are empty cells.
    pub fn pad_empty(&mut self, len: usize) {
        while self.cells.len() < len {
            self.cells.push(Raw::Empty);
        }
    }

    fn keep(&mut self, text: &str) -> (usize, usize) {
        let start = self.text.len();
        self.text.push_str(text);
        (start, self.text.len())
    }

    #[inline]
    fn view<'a>(&'a self, raw: &'a Raw) -> Cell<'a> {
        // Of these there are many.
        match raw {
            Raw::Field(start, end) => field(self.text.get(*start..*end).unwrap_or_default()),
            Raw::Text(start, end) => Cell::Text(self.text.get(*start..*end).unwrap_or_default()),
            Raw::Empty => Cell::Empty,
            other => self.view_other(other),
        }
    }

    fn view_other<'a>(&'a self, raw: &'a Raw) -> Cell<'a> {
        match raw {
            Raw::Absent => Cell::Absent,
            Raw::Empty => Cell::Empty,
            Raw::Field(start, end) => field(&self.text[*start..*end]),
            Raw::Text(start, end) => Cell::Text(&self.text[*start..*end]),
            Raw::Number(value, format) => Cell::Number(*value, *format),
            Raw::Bool(value) => Cell::Bool(*value),
            Raw::Moment(moment) => Cell::Moment(*moment),
            Raw::Error(start, end) => Cell::Error(&self.text[*start..*end]),
            Raw::Digits(start, end) => Cell::Digits(&self.text[*start..*end]),
            Raw::Json(place) => self.values.get(*place).map_or(Cell::Absent, Cell::Json),
        }
    }
}

/// What a field of a text row is.
#[inline]
fn field(text: &str) -> Cell<'_> {
    match text.as_bytes().first() {
        None => Cell::Empty,
        Some(b'#') if ERROR_VALUES.contains(&text) => Cell::Error(text),
        Some(_) => Cell::Text(text),
    }
}
