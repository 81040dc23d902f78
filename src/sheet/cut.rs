//! Cuts a JSON document into its rows without holding it, and checks what stands between them
//! and the closing brackets: a document that was cut short never passes for a whole one.
//!
//! Doesn't belong here: how the rows are arranged (`arrangement`), what is inside of one (`json`, `arrays`).

use std::io::{self, Read};

use serde_json::Value;

use super::delimited::LineCount;
use super::{Limits, ReadError};

/// The most commas in a row: the API refuses an item above 1 MiB, which has room for no more numbers than that.
const MOST_VALUES: usize = 1 << 19;

/// How the rows of a document are arranged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[{…}, {…}]`
    Array,
    /// `{"data": [{…}, {…}]}` or `{"data": {"items": [{…}, {…}]}}`, with other keys beside them, none of which holds a list of
    /// objects.
    Envelope {
        /// The list's key, behind those of the objects that it stands in.
        path: Vec<String>,
        /// It is a list of arrays, so that there may be no other one of those either.
        arrays: bool,
    },
    /// `{…}` after `{…}`, one a line as a rule.
    Lines,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Begin,
    First,
    Within,
    Done,
}

/// What a member of an envelope has opened.
enum Opened {
    Rows,
    /// An object around the list of rows.
    Object,
    Nothing,
}

/// Why a document is refused in which either of two lists may hold the rows.
pub(super) fn two_lists(rows: &str, other: &str) -> String {
    format!("it has two lists, {rows:?} and {other:?}")
}

/// Gives one object's text after the other.
pub(super) struct Cutter<R> {
    file: String,
    encoding: &'static str,
    limits: Limits,
    shape: Shape,
    state: State,
    /// How many objects around the list are open.
    depth: usize,
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    lines: LineCount,
    total: Option<u64>,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(file: &str, limits: &Limits, shape: Shape, input: R) -> Self {
        Self {
            file: file.to_owned(),
            encoding: "UTF-8",
            limits: *limits,
            shape,
            state: State::Begin,
            depth: 0,
            input,
            buffer: vec![0; 1 << 16],
            start: 0,
            end: 0,
            lines: LineCount::new(),
            total: None,
        }
    }

    /// The encoding that the file was in, for messages.
    pub(super) fn encoded(mut self, encoding: &'static str) -> Self {
        self.encoding = encoding;
        self
    }

    pub(super) fn not_text(&self, line: u64) -> ReadError {
        ReadError::NotText {
            file: self.file.clone(),
            line,
            encoding: self.encoding,
        }
    }

    /// How many records the envelope says there are (`TotalRecords` of Metrc's pages), as far as it has been passed.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    fn broken(&self, what: impl Into<String>) -> ReadError {
        ReadError::Json {
            file: self.file.clone(),
            line: self.lines.line,
            what: what.into(),
        }
    }

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

    /// The next byte that is no white space, not yet taken; none at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        while self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let space = ahead.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            self.lines.pass(ahead.get(..space).unwrap_or_default());
            self.start += space;
            if let Some(byte) = self.buffer.get(self.start..self.end).and_then(<[u8]>::first) {
                return Ok(Some(*byte));
            }
        }
        Ok(None)
    }

    /// Takes the next byte that is no white space, which has to be this one.
    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
        match self.peek()? {
            Some(byte) if byte == wanted => {
                self.take();
                Ok(())
            }
            Some(_) => Err(self.broken(format!("{:?} is missing", char::from(wanted)))),
            None => Err(self.ends_early()),
        }
    }

    /// Takes the byte that `peek` has shown.
    pub(super) fn take(&mut self) {
        self.start += 1;
        self.lines.pass(b" ");
    }

    fn ends_early(&self) -> ReadError {
        self.broken("the file ends before its closing bracket")
    }

    /// The next object's text into `out`, and the line on which it begins; none after the last one, when the rest
    /// of the document is in order too.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, ReadError> {
        if self.state == State::Begin {
            self.state = State::First;
            match self.shape {
                Shape::Array => self.expect(b'[')?,
                Shape::Envelope { .. } => {
                    self.expect(b'{')?;
                    self.depth = 1;
                    if !self.members(out)? {
                        self.state = State::Done;
                    }
                }
                Shape::Lines => self.state = State::Within,
            }
        }
        if self.state == State::Done {
            return Ok(None);
        }
        let next = self.peek()?;
        if self.shape == Shape::Lines {
            return if next.is_none() {
                Ok(None)
            } else {
                self.value(out).map(Some)
            };
        }
        match next {
            None => return Err(self.ends_early()),
            Some(b']') => {
                self.take();
                self.close(out)?;
                return Ok(None);
            }
            Some(b',') if self.state == State::Within => self.take(),
            Some(_) if self.state == State::Within => return Err(self.broken("a comma between two objects is missing")),
            Some(_) => {}
        }
        self.state = State::Within;
        if self.peek()? == Some(b']') {
            return Err(self.broken("there is a comma after the last object"));
        }
        self.value(out).map(Some)
    }

    /// Checks what follows the last object.
    fn close(&mut self, scratch: &mut Vec<u8>) -> Result<(), ReadError> {
        self.state = State::Done;
        if matches!(self.shape, Shape::Envelope { .. }) {
            self.end_member()?;
            self.members(scratch)?;
        }
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.broken("there is text after the closing bracket")),
        }
    }

    /// Passes the comma behind a member; an object's end is left.
    fn end_member(&mut self) -> Result<(), ReadError> {
        match self.peek()? {
            Some(b',') => {
                self.take();
                if self.peek()? == Some(b'}') {
                    return Err(self.broken("there is a comma after the last key"));
                }
                Ok(())
            }
            Some(b'}') => Ok(()),
            Some(_) => Err(self.broken("a comma between two keys is missing")),
            None => Err(self.ends_early()),
        }
    }

    /// Passes an envelope's members: true when its list of rows has been opened, false when the envelope has ended.
    fn members(&mut self, scratch: &mut Vec<u8>) -> Result<bool, ReadError> {
        loop {
            if self.peek()? == Some(b'}') {
                self.take();
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Ok(false);
                }
                self.end_member()?;
                continue;
            }
            if self.peek()? != Some(b'"') {
                return Err(if self.peek()?.is_none() {
                    self.ends_early()
                } else {
                    self.broken("a key is missing")
                });
            }
            self.value(scratch)?;
            let key = serde_json::from_slice::<String>(scratch).unwrap_or_default();
            self.expect(b':')?;
            match self.opens(&key, scratch)? {
                Opened::Rows => return Ok(true),
                Opened::Object => continue,
                Opened::Nothing => {}
            }
            match serde_json::from_slice::<Value>(scratch) {
                Ok(value) if matches!(key.as_str(), "TotalRecords" | "total_records") => self.total = value.as_u64(),
                Ok(_) => {}
                Err(error) => {
                    let words = error.to_string();
                    let plain = words.split(" at line ").next().unwrap_or_default();
                    return Err(self.broken(format!("a value is not valid ({plain})")));
                }
            }
            self.end_member()?;
        }
    }

    /// Opens the value of this key where it is the list of rows, or an object around it; else the value's text is in
    /// `scratch`. A second list that could be it is refused.
    fn opens(&mut self, key: &str, scratch: &mut Vec<u8>) -> Result<Opened, ReadError> {
        let Shape::Envelope { path, arrays } = self.shape.clone() else {
            return Ok(Opened::Nothing);
        };
        let is_ahead =
            self.state != State::Done && path.get(self.depth.saturating_sub(1)).is_some_and(|next| next == key);
        let is_last = path.len() == self.depth;
        let first = self.peek()?;
        if first == Some(b'{') && is_ahead && !is_last {
            self.take();
            self.depth += 1;
            return Ok(Opened::Object);
        }
        if first != Some(b'[') {
            self.value(scratch)?;
            return Ok(Opened::Nothing);
        }
        self.take();
        if is_ahead && is_last {
            return Ok(Opened::Rows);
        }
        let next = self.peek()?;
        if next == Some(b'{') || (next == Some(b'[') && arrays) {
            let around = path
                .get(..self.depth.saturating_sub(1))
                .unwrap_or_default()
                .iter()
                .map(String::as_str);
            let other: Vec<&str> = around.chain([key]).collect();
            return Err(self.broken(two_lists(&path.join("."), &other.join("."))));
        }
        scratch.clear();
        scratch.push(b'[');
        self.rest_of_list(scratch)?;
        Ok(Opened::Nothing)
    }

    /// Adds the rest of a list whose opening bracket has been taken.
    pub(super) fn rest_of_list(&mut self, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.until_closed(out, 1)
    }

    /// One value's text, of any kind, and the line on which it begins; `peek` has shown its first byte.
    pub(super) fn value(&mut self, out: &mut Vec<u8>) -> Result<u64, ReadError> {
        out.clear();
        let Some(first) = self.peek()? else {
            return Err(self.ends_early());
        };
        let line = self.lines.line;
        if matches!(first, b'{' | b'[' | b'"') {
            self.until_closed(out, 0)?;
        } else {
            self.bare(out)?;
        }
        self.check_values(out)?;
        Ok(line)
    }

    /// Refuses a row of too many values: each takes some 64 bytes in memory, and two in the file.
    fn check_values(&self, row: &[u8]) -> Result<(), ReadError> {
        let may_have = row.len() / 2 > MOST_VALUES;
        if may_have && memchr::memchr_iter(b',', row).count() > MOST_VALUES {
            return Err(ReadError::TooLarge {
                file: self.file.clone(),
                what: format!("a row at line {} has more than {MOST_VALUES} values", self.lines.line),
            });
        }
        Ok(())
    }

    /// Adds the text of a number or of a word (`null`), up to what ends it.
    fn bare(&mut self, out: &mut Vec<u8>) -> Result<(), ReadError> {
        while self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let ends = ahead.iter().position(|byte| b",]} \t\r\n:[{\"".contains(byte));
            self.move_to(out, ends)?;
            if ends.is_some() {
                break;
            }
        }
        if out.is_empty() {
            return Err(self.broken("a value is missing"));
        }
        Ok(())
    }

    /// Adds the text up to the end of what is open: so many brackets, or a text that begins here.
    fn until_closed(&mut self, out: &mut Vec<u8>, mut depth: usize) -> Result<(), ReadError> {
        let line = self.lines.line;
        let (mut quoted, mut escaped) = (false, false);
        while self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let mut ends = None;
            for (at, byte) in ahead.iter().enumerate() {
                if escaped {
                    escaped = false;
                } else if quoted {
                    match byte {
                        b'\\' => escaped = true,
                        b'"' => quoted = false,
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => quoted = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
                if depth == 0 && !quoted {
                    ends = Some(at + 1);
                    break;
                }
            }
            self.move_to(out, ends)?;
            if ends.is_some() {
                return Ok(());
            }
        }
        Err(self.broken(format!("the file ends inside the value that begins at line {line}")))
    }

    /// Moves the bytes before `ends`, or all there are, into `out`.
    fn move_to(&mut self, out: &mut Vec<u8>, ends: Option<usize>) -> Result<(), ReadError> {
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let part = ahead.get(..ends.unwrap_or(ahead.len())).unwrap_or_default();
        out.extend_from_slice(part);
        self.lines.pass(part);
        self.start += part.len();
        if out.len() > self.limits.row_bytes {
            let what = format!(
                "the value that ends in or below line {} takes more than {} bytes",
                self.lines.line, self.limits.row_bytes
            );
            return Err(ReadError::TooLarge {
                file: self.file.clone(),
                what,
            });
        }
        Ok(())
    }
}
