//! Delimited text → rows, each knowing the line on which it begins.
//!
//! The parser is the csv crate's own (`csv-core`), driven here because only so can blank lines, lone carriage
//! returns and line breaks inside quotes all be counted, and a quotation mark that nothing closes be told from text.
//!
//! Doesn't belong here: encodings (`encoding`), reading on several threads (`chunks`).

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Limits, ReadError, Row, RowReader};

const BLOCK: usize = 1 << 16;

/// Reads rows from UTF-8 text.
pub(super) struct DelimitedReader<R> {
    file: String,
    encoding: &'static str,
    limits: Limits,
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    core: Reader,
    lines: LineCount,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// The record as it was written: bytes that the marks between them keep from being a character are none.
    written: Vec<u8>,
    /// Lines up to this one are no rows (Excel's `sep=;`).
    skip_through: u64,
}

/// Counts physical lines, whatever ends them: LF, CRLF or CR.
#[derive(Clone, Copy)]
pub(super) struct LineCount {
    pub(super) line: u64,
    after_cr: bool,
}

impl LineCount {
    pub(super) fn new() -> Self {
        Self {
            line: 1,
            after_cr: false,
        }
    }

    /// Passes something that holds no line break.
    pub(super) fn pass_text(&mut self) {
        self.after_cr = false;
    }

    pub(super) fn pass(&mut self, bytes: &[u8]) {
        if bytes == b"\n" {
            // As behind most records.
            self.line += u64::from(!self.after_cr);
            self.after_cr = false;
            return;
        }
        let Some(&last) = bytes.last() else { return };
        if self.after_cr && bytes.first() == Some(&b'\n') {
            // That break was counted when its CR passed by.
            self.line -= 1;
        }
        let count = |wanted: u8| memchr::memchr_iter(wanted, bytes).count() as u64;
        let returns = count(b'\r');
        self.line += count(b'\n') + returns;
        if returns > 0 {
            self.line -= bytes.windows(2).filter(|pair| pair == b"\r\n").count() as u64;
        }
        self.after_cr = last == b'\r';
    }
}

impl<R: Read> DelimitedReader<R> {
    pub(super) fn new(file: &str, encoding: &'static str, delimiter: u8, limits: &Limits, input: R) -> Self {
        Self {
            file: file.to_owned(),
            encoding,
            limits: *limits,
            input,
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            lines: LineCount::new(),
            fields: vec![0; 4096],
            ends: vec![0; 64],
            written: Vec::new(),
            skip_through: 0,
        }
    }

    /// Leaves out the rows that begin on the first `lines` lines.
    pub(super) fn skipping(mut self, lines: u64) -> Self {
        self.skip_through = lines;
        self
    }

    /// Begins further down; `records`: below the text's first record, so that a byte-order mark is text.
    pub(super) fn further_down(mut self, lines: LineCount, records: bool) -> Self {
        self.lines = lines;
        if records {
            // The parser looks for a mark until it has been given something.
            self.core.read_record(b"\n", &mut [0; 8], &mut [0; 4]);
        }
        self
    }

    /// Makes sure that there are bytes; false at the end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        while self.start == self.end {
            match self.input.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => (self.start, self.end) = (0, count),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                    return Err(self.not_text(self.lines.line));
                }
                Err(cause) => {
                    return Err(ReadError::Io {
                        file: self.file.clone(),
                        cause,
                    });
                }
            }
        }
        Ok(true)
    }

    fn not_text(&self, line: u64) -> ReadError {
        ReadError::NotText {
            file: self.file.clone(),
            line,
            encoding: self.encoding,
        }
    }

    /// Goes to the next byte that is no line break; false at the end.
    fn skip_breaks(&mut self) -> Result<bool, ReadError> {
        while self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let breaks = ahead.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            self.lines.pass(ahead.get(..breaks).unwrap_or_default());
            self.start += breaks;
            if self.start < self.end {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Parses one record into `fields` and `ends`; how many bytes and fields it has.
    fn record(&mut self, line: u64) -> Result<(usize, usize), ReadError> {
        let (mut bytes, mut count) = (0, 0);
        self.written.clear();
        loop {
            let more = self.fill()?;
            // A last line may lack its break; given one, the record ends, unless a quote is open.
            // (Not told by a clone of the parser: csv-core 0.1.13's clone lacks half of its tables.)
            let ahead = if more {
                self.buffer.get(self.start..self.end).unwrap_or_default()
            } else {
                b"\n"
            };
            let out = self.fields.get_mut(bytes..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, read, written, ended) = self.core.read_record(ahead, out, ends);
            if more {
                let ahead = ahead.get(..read).unwrap_or_default();
                self.lines.pass(ahead);
                self.written.extend_from_slice(ahead);
                self.start += read;
            }
            bytes += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty if more => {}
                ReadRecordResult::InputEmpty => return Err(self.open_quote(line, bytes, count)),
                ReadRecordResult::OutputFull => {
                    if self.fields.len() >= self.limits.row_bytes {
                        let what = format!("the row at line {line} takes more than {} bytes", self.limits.row_bytes);
                        return Err(if self.in_quotes() {
                            self.open_quote(line, bytes, count)
                        } else {
                            ReadError::TooLarge {
                                file: self.file.clone(),
                                what,
                            }
                        });
                    }
                    self.fields
                        .resize((self.fields.len() * 2).min(self.limits.row_bytes), 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    if self.ends.len() > self.limits.columns {
                        let what = format!("the row at line {line} has more than {} columns", self.limits.columns);
                        return Err(ReadError::TooLarge {
                            file: self.file.clone(),
                            what,
                        });
                    }
                    self.ends.resize((self.ends.len() * 2).min(self.limits.columns + 1), 0);
                }
                ReadRecordResult::Record | ReadRecordResult::End => return Ok((bytes, count)),
            }
        }
    }

    /// Whether the parser stands inside a quoted field: there, a line break ends no record. Of no use for parsing afterwards.
    fn in_quotes(&mut self) -> bool {
        let (mut out, mut ends) = ([0; 8], [0; 4]);
        let (result, ..) = self.core.read_record(b"\n", &mut out, &mut ends);
        !matches!(result, ReadRecordResult::Record | ReadRecordResult::End)
    }

    /// The error for a quote that nothing closes: it opened in the last field, below the breaks of those before it.
    fn open_quote(&self, line: u64, bytes: usize, count: usize) -> ReadError {
        let before = count
            .checked_sub(1)
            .and_then(|last| self.ends.get(last))
            .copied()
            .unwrap_or(0);
        let mut lines = LineCount::new();
        lines.line = line;
        lines.pass(self.fields.get(..before.min(bytes)).unwrap_or_default());
        ReadError::OpenQuote {
            file: self.file.clone(),
            line: lines.line,
        }
    }
}

impl<R: Read> RowReader for DelimitedReader<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if !self.skip_breaks()? {
                return Ok(false);
            }
            let line = self.lines.line;
            let (bytes, count) = self.record(line)?;
            if line <= self.skip_through {
                continue;
            }
            let fields = self.fields.get(..bytes).unwrap_or_default();
            let (Ok(text), Ok(_)) = (std::str::from_utf8(fields), std::str::from_utf8(&self.written)) else {
                return Err(self.not_text(line));
            };
            row.fill_text(line, text, self.ends.get(..count).unwrap_or_default());
            return Ok(true);
        }
    }
}

/// The delimiters that are looked for, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// The delimiter that Excel's first line `sep=;` names.
pub(super) fn declared_delimiter(sample: &str) -> Option<u8> {
    let first = sample.split(['\r', '\n']).next()?.trim_matches('"');
    let declared = first
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .and_then(|_| first.get(4..))?;
    match declared.as_bytes() {
        [delimiter] if delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() => Some(*delimiter),
        _ => None,
    }
}

/// Whether a delimiter is found out without being named.
#[must_use]
pub fn is_delimiter_found(delimiter: u8) -> bool {
    DELIMITERS.contains(&delimiter)
}

/// Finds the delimiter out: the one under which `known` likes one of the sample's rows best (`known` rates a row by its
/// names of columns); where none is known, the one that gives the most rows of one width above 1.
pub(super) fn sniff_delimiter(sample: &str, whole: bool, limits: &Limits, known: &dyn Fn(&Row) -> u32) -> u8 {
    let mut best = (0, 0, 0);
    let mut found = b',';
    for delimiter in DELIMITERS {
        let mut reader = DelimitedReader::new("", "", delimiter, limits, sample.as_bytes());
        let mut rows: Vec<usize> = Vec::new();
        let mut score = 0;
        let mut row = Row::new();
        // A quote left open at the sample's end is only the sample's fault.
        while let Ok(true) = reader.next(&mut row) {
            rows.push(row.len());
            score = score.max(known(&row));
        }
        if !whole && rows.len() > 1 {
            rows.pop();
        }
        let mut widths: Vec<usize> = rows.iter().copied().filter(|width| *width > 1).collect();
        widths.sort_unstable();
        let alike = widths
            .chunk_by(PartialEq::eq)
            .map(|same| (same.len(), same.first().copied().unwrap_or(0)))
            .max();
        let (alike, width) = alike.unwrap_or((0, 0));
        let rating = (score, alike, width);
        if rating > best {
            best = rating;
            found = delimiter;
        }
    }
    found
}
