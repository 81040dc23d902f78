//! Delimited text in chunks of whole records, each read by itself.
//!
//! A chunk ends where the parser of `delimited` ends a record: a quotation mark opens a quoted field only at the field's
//! beginning, so the text is walked from one end to the other, mark by mark, and nothing is guessed. What is out of the
//! ordinary (text that isn't UTF-8, a mark that nothing closes, a record near the bounds) is left to that parser, and a
//! property holds the two to the same rows.
//!
//! Doesn't belong here: where the bytes of structure stand (`marks`), threads (`parallel`).

use std::io::{self, Cursor, Read};
use std::ops::Range;

use memchr::{memchr_iter, memrchr2};

use super::delimited::{DelimitedReader, LineCount, MARK, goes_on, is_marked};
use super::marks::Marks;
use super::pieces::{Piece, PieceReader};
use super::rows::{DataRows, DataRule};
use super::{Limits, ReadError, Row, RowReader};

/// How much text is cut at a time: some thousand rows.
const CHUNK: usize = 1 << 19;

/// What is the same for all chunks of a file.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) file: String,
    pub(super) encoding: &'static str,
    pub(super) delimiter: u8,
    pub(super) limits: Limits,
    /// Lines up to this one are no rows (Excel's `sep=;`).
    pub(super) skip: u64,
}

impl Text {
    fn plain<R: Read>(&self, place: Place, input: R) -> DelimitedReader<R> {
        DelimitedReader::new(&self.file, self.encoding, self.delimiter, &self.limits, input)
            .skipping(self.skip)
            .further_down(place.lines, !place.untouched)
    }
}

/// How far the text has been read.
#[derive(Clone, Copy)]
struct Place {
    lines: LineCount,
    /// No record has been read yet: a byte-order mark may still come.
    untouched: bool,
}

/// Cuts a text into chunks.
pub(super) struct Chunks {
    text: Text,
    rule: DataRule,
    input: Option<Box<dyn Read + Send>>,
    /// The beginning of a record whose end is still to be read.
    kept: Vec<u8>,
    place: Place,
    size: usize,
}

impl Chunks {
    pub(super) fn new(text: Text, rule: DataRule, input: Box<dyn Read + Send>) -> Self {
        Self {
            text,
            rule,
            input: Some(input),
            kept: Vec::new(),
            place: Place {
                lines: LineCount::new(),
                untouched: true,
            },
            size: CHUNK,
        }
    }

    #[cfg(test)]
    pub(super) fn sized(mut self, size: usize) -> Self {
        self.size = size;
        self
    }

    fn piece(&self, reader: impl RowReader + Send + 'static) -> Piece {
        Box::new(DataRows::new(reader, self.rule.clone()))
    }

    fn chunk(&mut self, bytes: Vec<u8>) -> Piece {
        let place = self.place;
        self.place.lines.pass(&bytes);
        self.place.untouched = false;
        self.piece(ChunkReader::new(self.text.clone(), bytes, place))
    }
}

impl PieceReader for Chunks {
    fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        let Some(mut input) = self.input.take() else {
            return Ok(None);
        };
        let mut bytes = std::mem::take(&mut self.kept);
        bytes.reserve(self.size);
        let mut wanted = self.size;
        loop {
            let missing = wanted.saturating_sub(bytes.len());
            match (&mut input).take(missing as u64).read_to_end(&mut bytes) {
                Ok(0) if missing > 0 => {
                    // The last chunk, whole or not.
                    return Ok((!bytes.is_empty()).then(|| self.chunk(bytes)));
                }
                Ok(_) => {}
                Err(cause) => {
                    // Whatever the input has against what follows, the plain reader tells it at its place.
                    let rest = Cursor::new(bytes).chain(Failing(Some(cause)));
                    return Ok(Some(self.piece(self.text.plain(self.place, rest))));
                }
            }
            if bytes.len() < wanted {
                continue;
            }
            let end = last_end(&bytes, self.text.delimiter);
            // What is left of a mark alone is no record, and what follows it may be.
            let has_record = !self.place.untouched || !is_mark_at_most(bytes.get(..end).unwrap_or_default());
            if end > 0 && has_record {
                self.kept.extend_from_slice(bytes.get(end..).unwrap_or_default());
                bytes.truncate(end);
                self.input = Some(input);
                return Ok(Some(self.chunk(bytes)));
            }
            if bytes.len() > self.text.limits.row_bytes {
                let rest = Cursor::new(bytes).chain(input);
                return Ok(Some(self.piece(self.text.plain(self.place, rest))));
            }
            wanted = bytes.len().saturating_mul(2);
        }
    }
}

/// Gives an error once, then nothing.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Where the last record of the text ends that is known to end in it, behind its line break; 0 if none does. The text
/// begins with a record.
fn last_end(text: &[u8], delimiter: u8) -> usize {
    // As a rule it is found near the text's end, and breaks further up needn't be looked for.
    let end = last_end_behind(text, delimiter, text.len().saturating_sub(NEAR));
    if end == 0 {
        last_end_behind(text, delimiter, 0)
    } else {
        end
    }
}

/// The same, where breaks before `near` don't count.
fn last_end_behind(text: &[u8], delimiter: u8, near: usize) -> usize {
    let mut end = 0;
    // What stands outside of quotation marks is looked at from here on.
    let mut from = 0;
    let mut quotes = memchr_iter(b'"', text);
    let break_in = |from: usize, to: usize| {
        let from = from.max(near);
        let bare = text.get(from..to)?;
        memrchr2(b'\n', b'\r', bare).map(|at| from + at + 1)
    };
    while let Some(quote) = quotes.next() {
        let before = text.get(..quote).unwrap_or_default();
        let begins = match before.last() {
            None => true,
            Some(byte) => *byte == delimiter || matches!(byte, b'\n' | b'\r'),
        };
        let opens = begins || ends_in_mark(before);
        if !opens {
            continue;
        }
        end = break_in(from, quote).unwrap_or(end);
        // Doubled ones are content.
        loop {
            let Some(close) = quotes.next() else { return end };
            if text.get(close + 1) != Some(&b'"') {
                from = close + 1;
                break;
            }
            quotes.next();
        }
    }
    break_in(from, text.len()).unwrap_or(end)
}

/// Records are hardly ever longer.
const NEAR: usize = 1 << 14;

/// Whether nothing but a byte-order mark stands between the line's start and the first field.
fn ends_in_mark(before: &[u8]) -> bool {
    let line = before.strip_suffix(MARK);
    line.is_some_and(|line| matches!(line.last(), None | Some(b'\n' | b'\r')))
}

/// Whether there are only line breaks, and perhaps a byte-order mark among them.
fn is_mark_at_most(text: &[u8]) -> bool {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let from = text.iter().take_while(|byte| is_break(byte)).count();
    let rest = text.get(from..).unwrap_or_default();
    rest.strip_prefix(MARK).unwrap_or(rest).iter().all(is_break)
}

/// Reads the rows of one chunk.
struct ChunkReader {
    text: Text,
    bytes: Vec<u8>,
    at: usize,
    place: Place,
    marks: Marks,
    /// Fields whose text doesn't stand in one piece: their place in the row, and their parts.
    broken: Vec<Broken>,
    /// From here on the plain reader reads.
    plain: Option<Box<DelimitedReader<Cursor<Vec<u8>>>>>,
}

/// A field with doubled quotation marks, or with text behind the closing one.
struct Broken {
    field: usize,
    quoted: Range<usize>,
    bare: Range<usize>,
}

impl ChunkReader {
    fn new(text: Text, bytes: Vec<u8>, place: Place) -> Self {
        Self {
            marks: Marks::new(text.delimiter),
            text,
            bytes,
            at: 0,
            place,
            broken: Vec::new(),
            plain: None,
        }
    }

    /// Goes to the next byte that is no line break; false at the end.
    fn skip_breaks(&mut self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let breaks = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.place.lines.pass(rest.get(..breaks).unwrap_or_default());
        self.at += breaks;
        breaks < rest.len()
    }

    /// Reads one record into the row, and gives where it ends; none if that is a matter for the plain reader.
    fn record(&mut self, row: &mut Row) -> Option<usize> {
        let bytes = self.bytes.as_slice();
        let mut at = self.at;
        if self.place.untouched && bytes.get(at..at + MARK.len()) == Some(MARK) {
            at += MARK.len();
            if bytes.get(at).is_none_or(|byte| matches!(byte, b'\n' | b'\r')) {
                return None;
            }
        } else if bytes.get(at) == MARK.first() && is_marked(bytes.get(at..)?) {
            return None;
        }
        let begin = at;
        let line = self.place.lines.line;
        // Only inside of quotation marks a record has line breaks.
        self.place.lines.pass_text();
        row.clear(line);
        self.broken.clear();
        self.marks.forget_escapes();
        let mut has_escapes = false;
        let delimiter = self.text.delimiter;
        let end = loop {
            // Most fields end at a delimiter, which stands where others do that have been found with it.
            let (from, mut bits) = (at, self.marks.found(at));
            while bits != 0 {
                let end = from + bits.trailing_zeros() as usize;
                if bytes.get(end) != Some(&delimiter) {
                    break;
                }
                row.push_field(at - begin, end - begin);
                at = end + 1;
                bits &= bits - 1;
            }
            let mut end = self.marks.at_or_behind(bytes, at);
            let mut mark = bytes.get(end).copied();
            let mut field = (at, end);
            if mark == Some(b'"') {
                if end == at {
                    let quoted = Quoted::beginning(&mut self.marks, bytes, at)?;
                    if quoted.has_breaks {
                        self.place.lines.pass(bytes.get(at..=quoted.close)?);
                    }
                    has_escapes |= quoted.has_controls;
                    end = bare_end(&mut self.marks, bytes, quoted.close + 1);
                    let behind = bytes.get(quoted.close + 1..end)?;
                    if goes_on(behind, delimiter) {
                        if quoted.has_breaks {
                            return None;
                        }
                        row.set_misquoted();
                    }
                    field = if quoted.has_doubled || !behind.is_empty() {
                        self.broken.push(Broken {
                            field: row.len(),
                            quoted: at + 1..quoted.close,
                            bare: quoted.close + 1..end,
                        });
                        (at, at)
                    } else {
                        (at + 1, quoted.close)
                    };
                } else {
                    end = bare_end(&mut self.marks, bytes, end);
                    field.1 = end;
                    has_escapes = true;
                }
                mark = bytes.get(end).copied();
            }
            row.push_field(field.0 - begin, field.1 - begin);
            if mark != Some(delimiter) {
                break end;
            }
            at = end + 1;
        };
        if row.len() > self.text.limits.columns || end - self.at > self.text.limits.row_bytes {
            return None;
        }
        // Which line it is that is no text, the plain reader finds out.
        row.fill(text_of(bytes.get(begin..end)?)?);
        for broken in &self.broken {
            let quoted = text_of(bytes.get(broken.quoted.clone())?)?;
            row.put_field(broken.field, quoted, text_of(bytes.get(broken.bare.clone())?)?);
            has_escapes = true;
        }
        row.set_plain(!has_escapes && !self.marks.has_escapes());
        Some(end)
    }
}

/// The part of a field that stands in quotation marks.
struct Quoted {
    close: usize,
    has_doubled: bool,
    has_breaks: bool,
    /// Whether any of its marks is a control character: a line break, or a tab that parts fields elsewhere.
    has_controls: bool,
}

impl Quoted {
    /// The mark at `open` opens it; none where nothing closes it.
    fn beginning(marks: &mut Marks, text: &[u8], open: usize) -> Option<Self> {
        let mut found = Self {
            close: open,
            has_doubled: false,
            has_breaks: false,
            has_controls: false,
        };
        loop {
            found.close = marks.at_or_behind(text, found.close + 1);
            match text.get(found.close)? {
                b'"' if text.get(found.close + 1) == Some(&b'"') => {
                    found.has_doubled = true;
                    found.close += 1;
                }
                b'"' => return Some(found),
                byte => {
                    found.has_breaks |= matches!(byte, b'\n' | b'\r');
                    found.has_controls |= *byte < b' ';
                }
            }
        }
    }
}

/// Where a field's text ends outside of quotation marks: there, such a mark is text.
fn bare_end(marks: &mut Marks, text: &[u8], from: usize) -> usize {
    let mut end = marks.at_or_behind(text, from);
    while text.get(end) == Some(&b'"') {
        end = marks.at_or_behind(text, end + 1);
    }
    end
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

impl RowReader for ChunkReader {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if let Some(plain) = &mut self.plain {
                return plain.next(row);
            }
            if !self.skip_breaks() {
                return Ok(false);
            }
            let place = self.place;
            if let Some(end) = self.record(row) {
                self.at = end;
                self.place.untouched = false;
                if row.line > self.text.skip {
                    return Ok(true);
                }
            } else {
                let rest = self.bytes.get(self.at..).unwrap_or_default().to_vec();
                self.plain = Some(Box::new(self.text.plain(place, Cursor::new(rest))));
            }
        }
    }
}
