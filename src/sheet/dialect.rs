//! How delimited text is quoted, where that is not as RFC 4180 says: found out, and rewritten as RFC 4180 says, so that
//! the readers know one way of quoting only. Line breaks stay where they are, and so do the numbers of lines.
//!
//! Doesn't belong here: the delimiter (`delimited`), records and fields (`delimited`, `chunks`).

use std::io::{self, Read};

use memchr::{memchr, memchr3};

use super::delimited::DelimitedReader;
use super::delimiter::Sample;
use super::{Row, RowReader};

const BLOCK: usize = 1 << 16;

/// How the fields of a file are quoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `'` quotes as well as `"`.
    single: bool,
    /// A backslash takes the meaning from the character behind it (`\"`).
    backslash: bool,
    /// Blanks between a delimiter and a quotation mark mean nothing (`1, "x, y"`).
    spaced: bool,
}

impl Dialect {
    fn is_usual(self) -> bool {
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
                "a quotation mark behind a backslash (\\\") is a part of the text",
            ),
            (self.spaced, "blanks before a quotation mark are ignored"),
        ];
        let notes = notes.into_iter().filter(|(applies, _)| *applies);
        notes.map(|(_, note)| note.to_owned())
    }

    /// Finds out how a sample is quoted: the usual way, unless another one makes more of its rows equally long, or gives
    /// the same rows without marks around their fields.
    pub(super) fn of(sample: Sample<'_>, delimiter: u8) -> Self {
        let usual = Self::default();
        let signs = Self::signs(sample.text, delimiter);
        if signs.is_usual() {
            return usual;
        }
        let rate = |dialect: Self| Rating::of(dialect, sample, delimiter);
        let (mut found, mut best) = (usual, rate(usual));
        for which in 1..8_u8 {
            let dialect = Self {
                single: which & 1 > 0,
                backslash: which & 2 > 0,
                spaced: which & 4 > 0,
            };
            let has_sign = (signs.single || !dialect.single)
                && (signs.backslash || !dialect.backslash)
                && (signs.spaced || !dialect.spaced);
            if !has_sign {
                continue;
            }
            let rating = rate(dialect);
            if rating.is_better(&best) {
                (found, best) = (dialect, rating);
            }
        }
        found
    }

    /// The ways of quoting of which a sample shows any sign at all.
    fn signs(sample: &str, delimiter: u8) -> Self {
        let text = sample.as_bytes();
        let begins = |at: usize| match at.checked_sub(1).and_then(|before| text.get(before)) {
            None => true,
            Some(byte) => *byte == delimiter || matches!(byte, b'\n' | b'\r'),
        };
        let blanks = |at: usize| {
            let before = text.get(..at).unwrap_or_default();
            let blanks = before.iter().rev().take_while(|byte| is_blank(**byte, delimiter));
            blanks.count()
        };
        let mut signs = Self::default();
        for at in memchr::memchr2_iter(b'\'', b'"', text) {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            let gap = blanks(at);
            signs.backslash |= before == Some(&b'\\');
            signs.spaced |= gap > 0 && begins(at - gap);
            signs.single |= text.get(at) == Some(&b'\'') && delimiter != b'\'' && begins(at - gap);
        }
        signs
    }
}

/// Whether a byte next to a quotation mark is a blank that means nothing.
fn is_blank(byte: u8, delimiter: u8) -> bool {
    byte != delimiter && matches!(byte, b' ' | b'\t')
}

/// How well a dialect suits a sample.
struct Rating {
    rows: usize,
    /// Rows of the commonest length, less all others and those that are quoted by mistake.
    even: i64,
    faults: usize,
    /// Fields in single quotes, and quoted fields behind blanks.
    special: usize,
}

impl Rating {
    fn of(dialect: Dialect, sample: Sample<'_>, delimiter: u8) -> Self {
        let mut rewriter = Rewriter::new(dialect, delimiter, sample.text.as_bytes());
        let mut widths = Vec::new();
        let mut faults = 0;
        {
            let mut reader = DelimitedReader::new("", "", delimiter, sample.limits, &mut rewriter);
            let mut row = Row::new();
            // What the sample cuts off shows as a mark that nothing closes.
            let complete = loop {
                match reader.next(&mut row) {
                    Ok(true) if row.is_misquoted() => faults += 1,
                    Ok(true) => widths.push(row.len()),
                    Ok(false) => break true,
                    Err(_) => break false,
                }
            };
            if !sample.is_whole && complete {
                widths.pop();
            }
            faults += usize::from(sample.is_whole && !complete);
        }
        widths.sort_unstable();
        let alike = widths.chunk_by(PartialEq::eq).map(<[usize]>::len).max().unwrap_or(0);
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            rows: widths.len(),
            even: signed(alike) - signed(widths.len() - alike + faults),
            faults,
            special: rewriter.special,
        }
    }

    fn is_better(&self, best: &Self) -> bool {
        let is_clear = self.faults == 0 && self.special > best.special;
        // Rows may be equally long either way: then the marks have to be a habit of the file.
        self.even > best.even || (self.even == best.even && is_clear && self.special + 1 >= self.rows.max(2))
    }
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
struct Rewriter<R> {
    dialect: Dialect,
    delimiter: u8,
    input: R,
    state: State,
    /// The last byte was a backslash that takes the meaning from the next one.
    escaped: bool,
    /// Blanks at the beginning of a field, which are text unless a mark follows.
    blanks: Vec<u8>,
    /// Nothing has been read yet: a byte-order mark may come.
    untouched: bool,
    special: usize,
    buffer: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Rewriter<R> {
    fn new(dialect: Dialect, delimiter: u8, input: R) -> Self {
        Self {
            dialect,
            delimiter,
            input,
            state: State::Start,
            escaped: false,
            blanks: Vec::new(),
            untouched: true,
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
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.untouched && text.starts_with(MARK) {
            self.out.extend_from_slice(MARK);
            text = text.get(MARK.len()..).unwrap_or_default();
        }
        self.untouched = false;
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
    }

    fn begin(&mut self, byte: u8) {
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
            if self.encloses() {
                self.out.push(b'"');
            }
            self.out.extend(blanks);
            self.state = State::Bare;
            self.byte(byte);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::Limits;

    fn found(text: &str) -> Dialect {
        let sample = Sample {
            text,
            is_whole: true,
            limits: &Limits::default(),
        };
        Dialect::of(sample, b',')
    }

    fn rewritten(dialect: Dialect, text: &str) -> String {
        // A few bytes at a time, so that every state meets the end of a block.
        struct Dripping<'a>(&'a [u8]);
        impl Read for Dripping<'_> {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(to.len()).min(1);
                to[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let (mut slow, mut quick) = (String::new(), String::new());
        Rewriter::new(dialect, b',', Dripping(text.as_bytes()))
            .read_to_string(&mut slow)
            .unwrap();
        Rewriter::new(dialect, b',', text.as_bytes())
            .read_to_string(&mut quick)
            .unwrap();
        assert_eq!(slow, quick);
        quick
    }

    const SINGLE: Dialect = Dialect {
        single: true,
        backslash: false,
        spaced: false,
    };
    const BACKSLASH: Dialect = Dialect {
        single: false,
        backslash: true,
        spaced: false,
    };
    const SPACED: Dialect = Dialect {
        single: false,
        backslash: false,
        spaced: true,
    };

    #[test]
    fn each_dialect_is_rewritten_as_the_usual_one() {
        assert_eq!(
            rewritten(SINGLE, "'a, b','it''s','6\" x',\"d'\"\n'', e '"),
            "\"a, b\",\"it's\",\"6\"\" x\",\"d'\"\n\"\", e '"
        );
        assert_eq!(
            rewritten(BACKSLASH, "\"6\\\" x\",a\\,b,\"c\\\\\",\"C:\\x\"\n,y"),
            "\"6\"\" x\",\"a,b\",\"c\\\",\"C:\\x\"\n,\"y\""
        );
        assert_eq!(
            rewritten(SPACED, "1, \"x, y\" , z \n  \"a\",  "),
            "1,\"x, y\", z \n\"a\",  "
        );
    }

    #[test]
    fn a_dialect_is_found_where_it_makes_rows_even() {
        assert_eq!(
            found("a,b,c\n1,\"6\\\" bong\",1\n2,\"12\\\" pipe, red\",2\n3,\"b\",3\n"),
            BACKSLASH
        );
        assert_eq!(found("a,b,c\n1,'x, y',1\n2,'z',2\n"), SINGLE);
        assert_eq!(found("'a','b'\n'1','x'\n'2','y'\n"), SINGLE);
        assert_eq!(found("a,b,c\n1, \"x, y\", 1\n2, \"z\", 2\n"), SPACED);
        assert_eq!(found("a, b\n1, \"x\"\n2, \"y\"\n"), SPACED);
    }

    #[test]
    fn the_usual_dialect_stays_where_marks_are_text() {
        for text in [
            "a,b\n1,'til dawn\n2,rock 'n' roll\n3,x\n",
            "a,b\n'00187,x\n'00188,y\n",
            "a,b\n1,'Blue'\n2,x\n3,y\n4,z\n",
            "a,b\n1,\"C:\\dir\\\"\n2,\"D:\\\"\n",
            "a,b\n1,\"{\"\"k\"\": \"\"v\\\"\"w\"\"}\"\n2,x\n",
            "a,b\n1,say \"hi\"\n2, 5\" pipe\n",
            "a,b\n1,\"two\n'lines'\"\n2,x\n",
        ] {
            assert_eq!(found(text), Dialect::default(), "{text}");
        }
    }
}
