//! Cuts a JSON document into its objects without holding it, and checks what stands between them
//! and the closing brackets: a document that was cut short never passes for a whole one.
//!
//! What is inside an object is for the parser that gets it (`json`).

use std::io::{self, Read};

use super::delimited::LineCount;
use super::{Limits, ReadError};

/// Whether it is the key under which answers keep their objects: `data` in the inventory API's own, `Data` in Metrc's.
fn is_data(key: &str) -> bool {
    key == "data" || key == "Data"
}

/// How the objects of a document are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[{…}, {…}]`
    Array,
    /// `{"data": [{…}, {…}]}`, with other keys beside it.
    Envelope,
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

/// Gives one object's text after the other.
pub(super) struct Cutter<R> {
    file: String,
    encoding: &'static str,
    limits: Limits,
    shape: Shape,
    state: State,
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    lines: LineCount,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(file: &str, limits: &Limits, shape: Shape, input: R) -> Self {
        Self {
            file: file.to_owned(),
            encoding: "UTF-8",
            limits: *limits,
            shape,
            state: State::Begin,
            input,
            buffer: vec![0; 1 << 16],
            start: 0,
            end: 0,
            lines: LineCount::new(),
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
    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
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
    fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
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
    fn take(&mut self) {
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
                Shape::Envelope => {
                    self.expect(b'{')?;
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
        if self.shape == Shape::Envelope {
            match self.peek()? {
                Some(b',') => {
                    self.take();
                    if self.members(scratch)? {
                        return Err(self.broken("there is a second list under \"data\""));
                    }
                }
                _ => self.expect(b'}')?,
            }
        }
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.broken("something follows the closing bracket")),
        }
    }

    /// Passes an envelope's members: true when the array under `data` has been opened, false when the envelope has ended.
    fn members(&mut self, scratch: &mut Vec<u8>) -> Result<bool, ReadError> {
        loop {
            if self.peek()? == Some(b'}') {
                self.take();
                return Ok(false);
            }
            if self.peek()? != Some(b'"') {
                return Err(if self.peek()?.is_none() {
                    self.ends_early()
                } else {
                    self.broken("a key is missing")
                });
            }
            self.value(scratch)?;
            let is_data = serde_json::from_slice::<String>(scratch).is_ok_and(|key| is_data(&key));
            self.expect(b':')?;
            if is_data && self.peek()? == Some(b'[') {
                self.take();
                return Ok(true);
            }
            self.value(scratch)?;
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(scratch) {
                let words = error.to_string();
                let plain = words.split(" at line ").next().unwrap_or_default();
                return Err(self.broken(format!("a value is not valid ({plain})")));
            }
            match self.peek()? {
                Some(b',') => {
                    self.take();
                    if self.peek()? == Some(b'}') {
                        return Err(self.broken("there is a comma after the last key"));
                    }
                }
                Some(b'}') => {}
                Some(_) => return Err(self.broken("a comma between two keys is missing")),
                None => return Err(self.ends_early()),
            }
        }
    }

    /// Whether the object at the beginning leads to a list under `data` before it ends, or names an id.
    pub(super) fn leads_to_data(&mut self) -> bool {
        let mut scratch = Vec::new();
        if self.expect(b'{').is_err() {
            return false;
        }
        loop {
            if self.peek().ok().flatten() != Some(b'"') || self.value(&mut scratch).is_err() {
                return false;
            }
            let key = serde_json::from_slice::<String>(&scratch).unwrap_or_default();
            if self.expect(b':').is_err() || key == "item_id" || key == "id" {
                return false;
            }
            if is_data(&key) && self.peek().ok().flatten() == Some(b'[') {
                return true;
            }
            if self.value(&mut scratch).is_err() || self.expect(b',').is_err() {
                return false;
            }
        }
    }

    /// One value's text, of any kind, and the line on which it begins; `peek` has shown its first byte.
    fn value(&mut self, out: &mut Vec<u8>) -> Result<u64, ReadError> {
        out.clear();
        let Some(first) = self.peek()? else {
            return Err(self.ends_early());
        };
        let line = self.lines.line;
        let bare = !matches!(first, b'{' | b'[' | b'"');
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        while self.fill()? {
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let mut ends = None;
            for (at, byte) in ahead.iter().enumerate() {
                if bare {
                    if b",]} \t\r\n:[{\"".contains(byte) {
                        ends = Some(at);
                        break;
                    }
                    continue;
                }
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
            let part = ahead.get(..ends.unwrap_or(ahead.len())).unwrap_or_default();
            out.extend_from_slice(part);
            self.lines.pass(part);
            self.start += part.len();
            if out.len() > self.limits.row_bytes {
                let what = format!(
                    "the object at line {line} takes more than {} bytes",
                    self.limits.row_bytes
                );
                return Err(ReadError::TooLarge {
                    file: self.file.clone(),
                    what,
                });
            }
            if ends.is_some() {
                if out.is_empty() {
                    return Err(self.broken("a value is missing"));
                }
                return Ok(line);
            }
        }
        if bare {
            Ok(line)
        } else {
            Err(self.broken(format!("the file ends inside the object that begins at line {line}")))
        }
    }
}
