//! How delimited text is quoted, where that is not as RFC 4180 says: rewritten as RFC 4180 says, so that the readers know
//! one way of quoting only. Line breaks stay where they are, and so do the numbers of lines.
//!
//! Doesn't belong here: which dialect a file has (`quoting`), records and fields (`delimited`, `chunks`).

use std::io::{self, Read};

use memchr::{memchr, memchr3};

use super::delimited::MARK;

const BLOCK: usize = 1 << 16;

/// How the fields of a file are quoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `'` quotes as well as `"`.
    pub(super) single: bool,
    /// A backslash takes the meaning from the character behind it (`\"`).
    pub(super) backslash: bool,
    /// Blanks between a delimiter and a quotation mark mean nothing (`1, "x, y"`).
    pub(super) spaced: bool,
}

impl Dialect {
    pub(super) fn is_usual(self) -> bool {
        self == Self::default()
    }

    /// The text as it is quoted usually.
    pub(super) fn rewritten(self, delimiter: u8, input: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        if self.is_usual() {
            return input;
        }
        Box::new(Rewriter::new(self, delimiter, input))
    }

    /// What is reported of it.
    pub(super) fn notes(self) -> impl Iterator<Item = String> {
        let notes = [
            (self.single, "fields are enclosed in single quotes (')"),
            (
                self.backslash,
                "a quotation mark after a backslash (\\\") is part of the text",
            ),
            (self.spaced, "blanks before a quotation mark are ignored"),
        ];
        let notes = notes.into_iter().filter(|(applies, _)| *applies);
        notes.map(|(_, note)| note.to_owned())
    }
}

/// Whether a byte next to a quotation mark is a blank that means nothing.
pub(super) fn is_blank(byte: u8, delimiter: u8) -> bool {
    byte != delimiter && matches!(byte, b' ' | b'\t')
}

/// What the last byte has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A field begins.
    Start,
    /// Between this mark and its second.
    Quoted(u8),
    /// Behind a mark that closes the field, unless it is doubled.
    Closing(u8),
    /// Behind the mark that has closed the field.
    Closed,
    /// A field without marks.
    Bare,
}

/// Reads text of any dialect as text of the usual one.
pub(super) struct Rewriter<R> {
    dialect: Dialect,
    delimiter: u8,
    input: R,
    state: State,
    /// The last byte was a backslash that takes the meaning from the next one.
    escaped: bool,
    /// Blanks at the beginning of a field, which are text unless a mark follows; the beginning of a byte-order mark.
    blanks: Vec<u8>,
    /// A line begins: a byte-order mark may come.
    fresh: bool,
    /// Fields in single quotes, and quoted fields behind blanks.
    pub(super) special: usize,
    buffer: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Rewriter<R> {
    pub(super) fn new(dialect: Dialect, delimiter: u8, input: R) -> Self {
        Self {
            dialect,
            delimiter,
            input,
            state: State::Start,
            escaped: false,
            blanks: Vec::new(),
            fresh: true,
            special: 0,
            buffer: vec![0; BLOCK],
            out: Vec::with_capacity(BLOCK + BLOCK / 8),
            given: 0,
            done: false,
        }
    }

    /// Fields without marks are given some where a backslash in them may stand before a delimiter.
    fn encloses(&self) -> bool {
        self.dialect.backslash
    }

    fn take(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            let plain = self.plain(text);
            let (run, rest) = text.split_at(plain);
            self.out.extend_from_slice(run);
            let Some((byte, rest)) = rest.split_first() else { return };
            self.byte(*byte);
            text = rest;
        }
    }

    /// How many bytes stand for themselves, whatever they are.
    fn plain(&self, text: &[u8]) -> usize {
        if self.escaped {
            return 0;
        }
        let end = match self.state {
            State::Quoted(b'"') if self.dialect.backslash => memchr::memchr2(b'"', b'\\', text),
            State::Quoted(b'"') => memchr(b'"', text),
            State::Quoted(_) => memchr3(b'\'', b'"', b'\\', text),
            State::Bare if !self.encloses() => memchr3(self.delimiter, b'\n', b'\r', text),
            _ => Some(0),
        };
        end.unwrap_or(text.len())
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            State::Start => self.begin(byte),
            State::Quoted(mark) if self.escaped => self.escape(byte, mark),
            State::Quoted(_) if byte == b'\\' && self.dialect.backslash => self.escaped = true,
            State::Quoted(mark) if byte == mark => self.state = State::Closing(mark),
            State::Quoted(_) => self.text(byte),
            State::Closing(mark) if byte == mark => {
                self.text(byte);
                self.state = State::Quoted(mark);
            }
            State::Closing(_) => {
                self.out.push(b'"');
                self.state = State::Closed;
                self.byte(byte);
            }
            State::Closed if self.dialect.spaced && is_blank(byte, self.delimiter) => {}
            State::Closed if self.ends(byte) => self.end(byte),
            State::Bare if self.escaped => self.escape(byte, b'"'),
            State::Bare if byte == b'\\' && self.encloses() => self.escaped = true,
            State::Bare if self.ends(byte) => {
                if self.encloses() {
                    self.out.push(b'"');
                }
                self.end(byte);
            }
            State::Bare if self.encloses() => self.text(byte),
            // Text behind a closing mark is for the readers to judge.
            State::Closed | State::Bare => self.out.push(byte),
        }
    }

    fn ends(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\n' | b'\r')
    }

    fn end(&mut self, byte: u8) {
        self.out.push(byte);
        self.state = State::Start;
        self.fresh = byte != self.delimiter;
    }

    fn begin(&mut self, byte: u8) {
        if self.fresh && MARK.get(self.blanks.len()) == Some(&byte) {
            self.blanks.push(byte);
            if self.blanks == MARK {
                self.out.append(&mut self.blanks);
                self.fresh = false;
            }
            return;
        }
        if std::mem::take(&mut self.fresh) && !self.blanks.is_empty() {
            // The beginning of a mark without its end is text.
            let text = std::mem::take(&mut self.blanks);
            self.bare(&text);
            return self.byte(byte);
        }
        if self.dialect.spaced && is_blank(byte, self.delimiter) {
            self.blanks.push(byte);
            return;
        }
        let is_mark = byte == b'"' || (byte == b'\'' && self.dialect.single);
        let blanks = std::mem::take(&mut self.blanks);
        if is_mark {
            self.special += usize::from(!blanks.is_empty()) + usize::from(byte == b'\'');
            self.out.push(b'"');
            self.state = State::Quoted(byte);
        } else if self.ends(byte) {
            self.out.extend(blanks);
            self.end(byte);
        } else {
            self.bare(&blanks);
            self.byte(byte);
        }
    }

    /// Begins a field without marks.
    fn bare(&mut self, text: &[u8]) {
        if self.encloses() {
            self.out.push(b'"');
        }
        self.out.extend_from_slice(text);
        self.state = State::Bare;
    }

    /// A byte of text between marks.
    fn text(&mut self, byte: u8) {
        if byte == b'"' {
            self.out.push(b'"');
        }
        self.out.push(byte);
    }

    fn escape(&mut self, byte: u8, mark: u8) {
        self.escaped = false;
        let is_meant = byte == mark || self.ends(byte) || matches!(byte, b'"' | b'\'' | b'\\');
        if !is_meant {
            self.out.push(b'\\');
        }
        self.text(byte);
    }

    /// Ends what is open at the text's end, but for a field whose second mark is missing.
    fn finish(&mut self) {
        self.done = true;
        let escaped = std::mem::take(&mut self.escaped);
        self.out.append(&mut self.blanks);
        if escaped {
            self.out.push(b'\\');
        }
        if matches!(self.state, State::Closing(_)) || (self.state == State::Bare && self.encloses()) {
            self.out.push(b'"');
        }
    }
}

impl<R: Read> Read for Rewriter<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() && !self.done {
            self.out.clear();
            self.given = 0;
            let mut buffer = std::mem::take(&mut self.buffer);
            let read = self.input.read(&mut buffer);
            match &read {
                Ok(0) => self.finish(),
                Ok(count) => self.take(buffer.get(..*count).unwrap_or_default()),
                Err(_) => {}
            }
            self.buffer = buffer;
            read?;
        }
        let ready = self.out.get(self.given..).unwrap_or_default();
        let count = ready.len().min(to.len());
        if let (Some(to), Some(from)) = (to.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}
