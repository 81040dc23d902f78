//! The elements of an ods document's `content.xml` made into rows: tables, rows, cells, and the text in them.
//!
//! Doesn't belong here: which tables and rows are wanted (`ods`), styles (`ods_styles`).

use std::io::{BufReader, Read};
use std::num::IntErrorKind;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::ods_styles::Styles;
use super::package::{attribute, damaged};
use super::{MAX_COLUMNS, Merge, beyond_last_column, cells, too_long_row};
use crate::sheet::number_format::{Parts, narrowed, truth};
use crate::sheet::{Cell, NOT_CALCULATED, NumberFormat, ReadError, Row};

/// The kind of a formula without a value.
const UNCALCULATED: &str = "uncalculated";

/// Why the walk ends early.
pub(super) enum Stop {
    /// The taker has all that it wants.
    Unwanted,
    Failed(ReadError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

/// What is done with a document's tables.
pub(super) trait Taker {
    /// A table begins; whether its rows are wanted.
    fn table(&mut self, name: &str, visible: bool) -> bool;
    /// A row that stands `repeat` times from its line on, perhaps without any cell.
    fn row(&mut self, row: &Row, repeat: u64, hidden: bool) -> Result<(), Stop>;
    /// Cells are merged.
    fn merge(&mut self, _merge: Merge) {}
    /// A wanted table is over.
    fn end(&mut self) -> Result<(), Stop>;
}

/// The row that is being read.
struct OpenRow {
    row: Row,
    repeat: u64,
    hidden: bool,
    column: usize,
}

/// The cell that is being read.
#[derive(Default)]
struct OpenCell {
    repeat: usize,
    format: NumberFormat,
    kind: String,
    value: Option<String>,
    is_error: bool,
    text: String,
    paragraphs: usize,
    /// White space is one space, and none at a paragraph's beginning.
    after_space: bool,
    in_paragraph: bool,
    /// What the row's texts may take: a text beyond it is not kept any further, and then refused.
    room: usize,
}

/// `room` is how many bytes the texts of one row may take.
pub(super) fn walk(
    content: impl Read,
    file: &str,
    styles: Styles,
    room: usize,
    taker: &mut dyn Taker,
) -> Result<(), Stop> {
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, content));
    xml.config_mut().check_end_names = false;
    xml.config_mut().expand_empty_elements = true;
    let mut document = Document {
        file,
        room,
        styles,
        taker,
        depth: 0,
        skip: 0,
        wanted: false,
        line: 1,
        row: None,
        spare: Row::new(),
        cell: None,
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(_)) if document.skip > 0 => document.skip += 1,
            Ok(Event::End(_)) if document.skip > 0 => document.skip -= 1,
            Ok(Event::Start(element)) => document.start(&element),
            Ok(Event::End(element)) => document.end(element.name().as_ref())?,
            Ok(Event::Text(text)) if document.skip == 0 => document.text(&text.xml10_content()),
            Ok(Event::CData(text)) if document.skip == 0 => document.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) if document.skip == 0 => document.reference(&reference),
            Ok(Event::Eof) if document.depth > 0 => {
                return Err(Stop::Failed(damaged(
                    file,
                    "its content ends in the middle of a sheet".to_owned(),
                )));
            }
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(cause) => {
                return Err(Stop::Failed(damaged(
                    file,
                    format!("its content can't be read ({cause})"),
                )));
            }
        }
    }
}

struct Document<'t> {
    file: &'t str,
    room: usize,
    styles: Styles,
    taker: &'t mut dyn Taker,
    /// How many tables are open: a cell may hold a table of its own, which is no sheet.
    depth: usize,
    /// How many elements are open inside one that is passed over.
    skip: usize,
    wanted: bool,
    line: u64,
    row: Option<OpenRow>,
    spare: Row,
    cell: Option<OpenCell>,
}

impl Document<'_> {
    fn start(&mut self, element: &BytesStart<'_>) {
        let name = element.name();
        match name.as_ref() {
            "table:table" => self.start_table(element),
            // Notes, drawings and the history of changes hold text that no cell shows.
            "office:annotation" | "table:shapes" | "table:tracked-changes" | "office:forms" => self.skip = 1,
            drawn if drawn.starts_with("draw:") => self.skip = 1,
            _ if self.depth == 0 => self.styles.start(element),
            _ if self.depth > 1 || !self.wanted => {}
            "table:table-column" => {
                let style = attribute(element, "table:default-cell-style-name");
                self.styles
                    .column(number(element, "table:number-columns-repeated"), style.as_deref());
            }
            "table:table-row" => {
                let hidden = attribute(element, "table:visibility").is_some_and(|value| value != "visible");
                let mut row = std::mem::take(&mut self.spare);
                row.clear(self.line);
                let repeat = number(element, "table:number-rows-repeated");
                self.row = Some(OpenRow {
                    row,
                    repeat,
                    hidden,
                    column: 0,
                });
            }
            "table:table-cell" | "table:covered-table-cell" => self.start_cell(element),
            other => {
                if let Some(cell) = &mut self.cell {
                    cell.markup(other, element);
                }
            }
        }
    }

    fn start_table(&mut self, element: &BytesStart<'_>) {
        self.depth += 1;
        if self.depth > 1 {
            return;
        }
        let name = attribute(element, "table:name").unwrap_or_default();
        let visible = self
            .styles
            .is_table_visible(attribute(element, "table:style-name").as_deref());
        self.wanted = self.taker.table(&name, visible);
        self.line = 1;
        self.styles.start_table();
    }

    fn start_cell(&mut self, element: &BytesStart<'_>) {
        let Some(row) = &self.row else { return };
        let style = attribute(element, "table:style-name");
        let mut kind = attribute(element, "office:value-type").unwrap_or_default();
        let value = match kind.as_str() {
            "date" => attribute(element, "office:date-value"),
            "time" => attribute(element, "office:time-value"),
            "boolean" => attribute(element, "office:boolean-value"),
            "string" => attribute(element, "office:string-value"),
            _ => attribute(element, "office:value"),
        };
        if value.is_none() && kind != "string" && attribute(element, "table:formula").is_some() {
            UNCALCULATED.clone_into(&mut kind);
        }
        let format = match self.styles.cell_format(style.as_deref(), row.column) {
            NumberFormat::Plain if kind == "percentage" => NumberFormat::of("0%"),
            format => format,
        };
        let across = number(element, "table:number-columns-spanned");
        let down = number(element, "table:number-rows-spanned");
        if across > 1 || down > 1 {
            let across = usize::try_from(across).unwrap_or(usize::MAX);
            self.taker.merge(Merge {
                first: (self.line, row.column),
                last: (
                    self.line.saturating_add(down - 1),
                    row.column.saturating_add(across - 1),
                ),
            });
        }
        self.cell = Some(OpenCell {
            repeat: usize::try_from(number(element, "table:number-columns-repeated")).unwrap_or(usize::MAX),
            format,
            kind,
            value,
            is_error: attribute(element, "calcext:value-type").is_some_and(|kind| kind == "error"),
            room: self.room,
            ..OpenCell::default()
        });
    }

    fn end(&mut self, name: &str) -> Result<(), Stop> {
        match name {
            "table:table" => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 && std::mem::take(&mut self.wanted) {
                    return self.taker.end();
                }
            }
            _ if self.depth == 0 => self.styles.end(name),
            _ if self.depth > 1 || !self.wanted => {}
            "table:table-cell" | "table:covered-table-cell" => {
                if let (Some(open), Some(cell)) = (&mut self.row, self.cell.take()) {
                    let times = cell.repeat.min(MAX_COLUMNS as usize);
                    let taken = cell.len().saturating_mul(times).saturating_add(open.row.text_len());
                    if taken > self.room {
                        return Err(Stop::Failed(too_long_row(self.file, &open.row, self.room)));
                    }
                    if !cell.put(open) {
                        let column = open.column as u64;
                        return Err(Stop::Failed(beyond_last_column(self.file, open.row.line, column)));
                    }
                }
            }
            "table:table-row" => {
                if let Some(open) = self.row.take() {
                    self.taker.row(&open.row, open.repeat, open.hidden)?;
                    self.line = self.line.saturating_add(open.repeat);
                    self.spare = open.row;
                }
            }
            "text:p" | "text:h" => {
                if let Some(cell) = &mut self.cell {
                    cell.in_paragraph = false;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.depth == 0 {
            self.styles.text(text);
        }
        if let Some(cell) = &mut self.cell {
            text.chars().for_each(|letter| cell.letter(letter));
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        if let Some(text) = resolved(reference) {
            self.text(&text);
        }
    }
}

/// The characters that a reference stands for.
pub(super) fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => Some(letter.to_string()),
        _ => resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned),
    }
}

impl OpenCell {
    /// An element inside the cell that stands for text.
    fn markup(&mut self, name: &str, element: &BytesStart<'_>) {
        match name {
            "text:p" | "text:h" => {
                if self.paragraphs > 0 {
                    self.keep('\n');
                }
                self.paragraphs += 1;
                self.in_paragraph = true;
                self.after_space = true;
            }
            "text:s" => {
                // No cell has room for more.
                let count = number(element, "text:c").min(32_767);
                (0..count).for_each(|_| self.keep(' '));
                self.after_space = false;
            }
            "text:tab" => self.keep('\t'),
            "text:line-break" => self.keep('\n'),
            _ => {}
        }
    }

    fn keep(&mut self, letter: char) {
        if self.text.len() <= self.room {
            self.text.push(letter);
        }
    }

    fn len(&self) -> usize {
        self.text.len().max(self.value.as_ref().map_or(0, String::len))
    }

    fn letter(&mut self, letter: char) {
        if !self.in_paragraph {
            return;
        }
        if matches!(letter, ' ' | '\t' | '\r' | '\n') {
            if !std::mem::replace(&mut self.after_space, true) {
                self.keep(' ');
            }
        } else {
            self.after_space = false;
            self.keep(letter);
        }
    }

    /// Puts the cell into its row; false where it has a value and stands beyond the last column.
    fn put(&self, open: &mut OpenRow) -> bool {
        let text = self
            .value
            .as_deref()
            .filter(|_| self.kind == "string")
            .unwrap_or(&self.text);
        let value = self.value.as_deref().unwrap_or_default();
        let end = open.column.saturating_add(self.repeat);
        let start = std::mem::replace(&mut open.column, end);
        if text.is_empty() && !self.has_value() {
            return true;
        }
        if end > MAX_COLUMNS as usize {
            return false;
        }
        for column in start..end {
            self.put_one(&mut open.row, column, value, text);
        }
        true
    }

    /// Whether the cell is more than its text: it has a value of a kind, or an error.
    fn has_value(&self) -> bool {
        let kinds = [
            "float",
            "currency",
            "percentage",
            "date",
            "time",
            "boolean",
            UNCALCULATED,
        ];
        self.is_error || kinds.contains(&self.kind.as_str())
    }

    fn put_one(&self, row: &mut Row, column: usize, value: &str, text: &str) {
        match self.kind.as_str() {
            _ if self.is_error => row.set(column, Cell::Error(&self.text)),
            UNCALCULATED if text.is_empty() => row.set(column, Cell::Error(NOT_CALCULATED)),
            "float" | "currency" | "percentage" => match (value.parse::<f64>(), self.truth()) {
                (Ok(_), Some(truth)) => row.set(column, Cell::Bool(truth)),
                (Ok(number), None) => cells::put_number(row, column, number, self.format, false),
                (Err(_), _) => cells::put_text(row, column, text),
            },
            "date" => match cells::iso_moment(value) {
                Some(moment) if self.format == NumberFormat::Plain => {
                    if let Some(moment) = narrowed(moment, self.parts()) {
                        row.set(column, Cell::Moment(moment, self.format));
                    }
                }
                Some(moment) => cells::put_moment(row, column, moment, self.format),
                None => cells::put_text(row, column, value),
            },
            "time" => match cells::iso_duration(value) {
                Some(moment) => cells::put_moment(row, column, moment, self.format),
                None => cells::put_text(row, column, value),
            },
            "boolean" => row.set(column, Cell::Bool(value == "true")),
            _ => match self.format.show_text(text) {
                Some(shown) => cells::put_text(row, column, &shown),
                None => cells::put_text(row, column, text),
            },
        }
    }

    /// A truth value that is stored as a number: `LibreOffice` and Google Sheets show a formula's so without a style.
    fn truth(&self) -> Option<bool> {
        self.text.starts_with(char::is_alphabetic).then(|| truth(&self.text))?
    }

    /// Which parts of a date are shown where its style isn't known.
    fn parts(&self) -> Parts {
        Parts {
            day: true,
            time: self.text.is_empty() || self.text.contains(':'),
        }
    }
}

/// A count, 1 where it isn't given; one that has too many digits is as good as any that is beyond the sheet's end.
fn number(element: &BytesStart<'_>, name: &str) -> u64 {
    let count = attribute(element, name).map(|value| match value.trim().parse::<u64>() {
        Err(cause) if *cause.kind() == IntErrorKind::PosOverflow => u64::MAX,
        parsed => parsed.unwrap_or(1),
    });
    count.unwrap_or(1).max(1)
}
