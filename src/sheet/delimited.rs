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

/// The byte-order mark. It begins a file, and where files were put together, lines within.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads rows from UTF-8 text.
pub(super) struct DelimitedReader<R> {
    file: String,
    encoding: &'static str,
    delimiter: u8,
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
    /// No record has been read yet: a byte-order mark may still come.
    untouched: bool,
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
            delimiter,
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
            untouched: true,
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
        self.untouched = !records;
        if records {
            // The parser looks for a mark until it has been given something.
            self.core.read_record(b"\n", &mut [0; 8], &mut [0; 4]);
        }
        self
    }

    /// Makes sure that there are bytes; false at the end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.start == self.end {
            (self.start, self.end) = (0, self.read_at(0)?);
        }
        Ok(self.start < self.end)
    }

    /// Reads bytes into the buffer from a place on. How many: zero at the end.
    fn read_at(&mut self, place: usize) -> Result<usize, ReadError> {
        loop {
            let room = self.buffer.get_mut(place..).unwrap_or_default();
            match self.input.read(room) {
                Ok(count) => return Ok(count),
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

    /// Passes a byte-order mark at the start of a record that a quotation mark or a line break follows: there, the parser
    /// would read the quotation mark as text. Whether it did.
    fn pass_mark(&mut self) -> Result<bool, ReadError> {
        if self.untouched || self.buffer.get(self.start) != MARK.first() {
            return Ok(false);
        }
        // The buffer may end within the mark.
        while self.end - self.start <= MARK.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            match self.read_at(self.end)? {
                0 => break,
                count => self.end += count,
            }
        }
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let passes = is_marked(ahead);
        if passes {
            self.start += MARK.len();
            self.lines.pass_text();
        }
        Ok(passes)
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
            let is_marked = self.pass_mark()?;
            if is_marked
                && self
                    .buffer
                    .get(self.start..self.end)
                    .is_none_or(|ahead| !ahead.starts_with(b"\""))
            {
                continue;
            }
            let (mut bytes, count) = self.record(line)?;
            if is_marked {
                // The mark stays in the field: the value that is stored may have it.
                let length = self.fields.len().max(bytes + MARK.len());
                self.fields.resize(length, 0);
                self.fields.copy_within(..bytes, MARK.len());
                self.fields.iter_mut().zip(MARK).for_each(|(to, from)| *to = *from);
                bytes += MARK.len();
                self.ends.iter_mut().take(count).for_each(|end| *end += MARK.len());
            }
            let untouched = std::mem::take(&mut self.untouched);
            if line <= self.skip_through {
                continue;
            }
            let fields = self.fields.get(..bytes).unwrap_or_default();
            let (Ok(text), Ok(_)) = (std::str::from_utf8(fields), std::str::from_utf8(&self.written)) else {
                return Err(self.not_text(line));
            };
            row.fill_text(line, text, self.ends.get(..count).unwrap_or_default());
            let record = match self.written.strip_prefix(MARK) {
                Some(record) if untouched => record,
                _ => &self.written,
            };
            match misquoted(record, self.delimiter) {
                None => {}
                Some((opens, closes)) if breaks(closes) == breaks(opens) => row.set_misquoted(),
                Some((opens, closes)) => {
                    return Err(ReadError::StrayQuote {
                        file: self.file.clone(),
                        opens: line + breaks(opens),
                        closes: line + breaks(closes),
                    });
                }
            }
            return Ok(true);
        }
    }
}

/// What stands before the first quoted field of a record that goes on behind its closing mark: up to the mark that opens
/// it, and up to the one that closes it. The worst of several is one with a line break between its marks.
fn misquoted(record: &[u8], delimiter: u8) -> Option<(&[u8], &[u8])> {
    let mut found = None;
    let mut from = 0;
    // Quotation marks further on in a field are text.
    while let Some(at) = memchr::memchr(b'"', record.get(from..)?).map(|at| from + at) {
        let before = record.get(..at)?;
        let begins = match before.last() {
            None => true,
            Some(byte) => *byte == delimiter || matches!(byte, b'\n' | b'\r'),
        };
        from = at + 1;
        if !begins {
            continue;
        }
        let close = loop {
            let close = from + memchr::memchr(b'"', record.get(from..)?)?;
            from = close + 1;
            if record.get(from) != Some(&b'"') {
                break close;
            }
            from += 1;
        };
        if goes_on(record.get(from..)?, delimiter) {
            let spot = (before, record.get(..close)?);
            if breaks(spot.1) != breaks(spot.0) {
                return Some(spot);
            }
            found = found.or(Some(spot));
        }
    }
    found
}

/// Whether a text begins with a byte-order mark that is none of a field's bare text: a quotation mark or a line break follows
/// it, or nothing.
pub(super) fn is_marked(text: &[u8]) -> bool {
    let behind = text.strip_prefix(MARK);
    behind.is_some_and(|behind| matches!(behind.first(), None | Some(b'"' | b'\n' | b'\r')))
}

/// Whether a field's text goes on behind its closing mark. Blanks do no harm.
pub(super) fn goes_on(behind: &[u8], delimiter: u8) -> bool {
    let next = behind
        .iter()
        .find(|byte| **byte == delimiter || !matches!(byte, b' ' | b'\t'));
    next.is_some_and(|byte| *byte != delimiter && !matches!(byte, b'\n' | b'\r'))
}

/// How many lines end in a text.
fn breaks(text: &[u8]) -> u64 {
    let mut lines = LineCount::new();
    lines.pass(text);
    lines.line - 1
}
