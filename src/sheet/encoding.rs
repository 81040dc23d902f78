//! Text encodings: which one a file is in, and its text as UTF-8, streamed. A byte that is no text
//! in the encoding is an error; nothing is ever replaced.
//!
//! The order of the questions: a byte-order mark; the share of NULs in even and odd bytes (UTF-16
//! without a mark, which chardetng takes for windows-1252); the whole as UTF-8; chardetng; the sets of
//! the Mac and of DOS, which chardetng doesn't know.
//!
//! Doesn't belong here: what the text is (`text`, `json`), whether it is UTF-8 (`utf8`), the sets (`charset`).

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ReadError;
use super::charset::{Charset, Decoding};
use super::delimited::LineCount;
use super::plausible::better;
use super::source::Source;
use super::stop::Bytes;
use super::utf8::{begins_as_utf8, first_non_utf8_line, read_some};
use crate::output::{About, Warning};

const BLOCK: usize = 1 << 16;
/// How much of a word is shown.
const LONGEST_WORD: usize = 40;
/// How much text beyond ASCII the detector gets to see: it is slow, and it has long made up its mind by then.
const DETECTOR_BYTES: usize = 4 << 20;

/// Where files come from as a rule, as the detector wants it: a top-level domain. The API is for licences of the United
/// States, where a file with one accented letter, which suits many encodings, is in windows-1252.
const HOME: Option<&[u8]> = Some(b"us");

/// In which encoding a file is, and how that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextEncoding {
    charset: Charset,
    /// Bytes of the byte-order mark.
    mark: u64,
    pub(super) by: By,
}

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// It was named, marked, or proved.
    Certain,
    /// The bytes can hardly be anything else: UTF-16.
    Bytes,
    /// It is the likeliest of several in which the text could be.
    Guess,
}

impl TextEncoding {
    /// Finds the encoding out, or takes the one that `label` names. `trusting`: the beginning of a UTF-8 text stands for
    /// all of it.
    pub(super) fn of(source: &Source, label: Option<&str>, trusting: bool) -> Result<Self, ReadError> {
        let mut head = Vec::new();
        source
            .bytes()?
            .take(BLOCK as u64)
            .read_to_end(&mut head)
            .map_err(|cause| source.io(cause))?;
        let marked = Encoding::for_bom(&head);
        if let Some(label) = label {
            let named = Charset::named(label).ok_or_else(|| ReadError::UnknownEncoding(label.to_owned()))?;
            let is_utf16 = label.trim().eq_ignore_ascii_case("utf-16");
            return Ok(match marked {
                // `utf-16` names no byte order, so the mark may still choose.
                Some((encoding, mark)) if named.is(encoding) || (is_utf16 && encoding != UTF_8) => {
                    Self::certain(Charset::Whatwg(encoding), mark)
                }
                _ => Self::certain(named, 0),
            });
        }
        if let Some((encoding, mark)) = marked {
            return Ok(Self::certain(Charset::Whatwg(encoding), mark));
        }
        if let Some(encoding) = utf16_without_mark(&head) {
            return Ok(Self {
                charset: Charset::Whatwg(encoding),
                mark: 0,
                by: By::Bytes,
            });
        }
        let controls = head
            .iter()
            .filter(|byte| **byte < 32 && !b"\t\r\n\x0b\x0c\x1a\x1b".contains(*byte))
            .count();
        if controls > head.len() / 20 {
            let what = "a binary file".to_owned();
            return Err(ReadError::NotASpreadsheet {
                file: source.file.clone(),
                what,
            });
        }
        let seems_utf8 = trusting && begins_as_utf8(source)?;
        let bad_line = if seems_utf8 { None } else { first_non_utf8_line(source)? };
        match bad_line {
            None => Ok(Self::certain(Charset::Whatwg(UTF_8), 0)),
            Some(line) => guess(source, line),
        }
    }

    fn certain(charset: Charset, mark: usize) -> Self {
        Self {
            charset,
            mark: mark as u64,
            by: By::Certain,
        }
    }

    /// The encoding's name, for messages.
    pub(super) fn name(self) -> &'static str {
        self.charset.name()
    }

    /// Whether the file begins with a byte-order mark.
    pub(super) fn is_marked(self) -> bool {
        self.mark > 0
    }

    /// The text as UTF-8, from its beginning, without the byte-order mark. A byte that is no text in the
    /// encoding is an error of the kind `InvalidData`; in UTF-8 the caller finds it, who has to check anyway.
    pub(super) fn reader(&self, source: &Source) -> Result<Box<dyn Read + Send>, ReadError> {
        let mut bytes = source.bytes()?;
        bytes
            .seek(SeekFrom::Start(self.mark))
            .map_err(|cause| source.io(cause))?;
        if self.charset.is(UTF_8) {
            return Ok(Box::new(bytes));
        }
        Ok(Box::new(Transcoder::new(bytes, self.charset)))
    }

    /// The first text of the file, for a look at what it is; complete characters only.
    pub(super) fn sample(&self, source: &Source, bytes: u64) -> Result<(String, bool), ReadError> {
        let mut sample = Vec::new();
        let mut reader = self.reader(source)?;
        let read = (&mut reader).take(bytes).read_to_end(&mut sample);
        if let Err(cause) = read
            && cause.kind() != io::ErrorKind::InvalidData
        {
            return Err(source.io(cause));
        }
        let whole = (sample.len() as u64) < bytes;
        // Bad bytes in the sample are found, and told by their line, when the rows are read.
        Ok((String::from_utf8_lossy(&sample).into_owned(), whole))
    }

    /// Where the encoding is a guess: what it is and the word by which a person can tell whether it is right.
    pub(super) fn doubt(&self, source: &Source) -> Result<Option<Warning>, ReadError> {
        if self.by != By::Guess {
            return Ok(None);
        }
        let word = self.first_word(source)?;
        let shown = word.map_or_else(String::new, |(line, word)| format!(": line {line} has {word:?}"));
        Ok(Some(About::EncodingGuessed.warning(format!(
            "the text is read as {}, a guess from its bytes{shown} (--encoding NAME overrides)",
            self.name()
        ))))
    }

    /// The first word that holds a character beyond ASCII, and its line.
    fn first_word(&self, source: &Source) -> Result<Option<(u64, String)>, ReadError> {
        let mut reader = self.reader(source)?;
        let (mut lines, mut block) = (LineCount::new(), vec![0; BLOCK]);
        loop {
            let count = read_some(&mut reader, &mut block).map_err(|cause| source.io(cause))?;
            let text = block.get(..count).unwrap_or_default();
            let Some(at) = text.iter().position(|byte| !byte.is_ascii()) else {
                if count == 0 {
                    return Ok(None);
                }
                lines.pass(text);
                continue;
            };
            let (before, from) = text.split_at(at);
            lines.pass(before);
            let is_outside = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
            let start = before.iter().rposition(is_outside).map_or(0, |at| at + 1);
            let end = from.iter().position(is_outside).unwrap_or(from.len());
            let word = [
                before.get(start..).unwrap_or_default(),
                from.get(..end).unwrap_or_default(),
            ]
            .concat();
            let shown = String::from_utf8_lossy(&word).chars().take(LONGEST_WORD).collect();
            return Ok(Some((lines.line, shown)));
        }
    }
}

/// UTF-16 without a mark: the high bytes of mostly Latin text are NUL.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs == 0 {
        return None;
    }
    let nuls = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    if odd * 10 >= pairs * 4 && even * 20 <= pairs {
        Some(UTF_16LE)
    } else if even * 10 >= pairs * 4 && odd * 20 <= pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The encoding of a file that is not UTF-8, unless nearly all of it is.
fn guess(source: &Source, first_bad_line: u64) -> Result<TextEncoding, ReadError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut fed = 0;
    let mut foreign = Foreign::default();
    let (mut good, mut bad) = (0u64, 0u64);
    let mut bytes = source.bytes()?;
    let mut buffer = vec![0; BLOCK];
    let mut kept = 0;
    loop {
        let count = read_some(&mut bytes, buffer.get_mut(kept..).unwrap_or_default()).map_err(|e| source.io(e))?;
        let filled = kept + count;
        let block = buffer.get(..filled).unwrap_or_default();
        // Cut behind a line break, never inside a character (no encoding uses that byte inside one).
        let cut = match block.iter().rposition(|byte| *byte == b'\n') {
            Some(at) if count > 0 => at + 1,
            _ => filled,
        };
        let part = block.get(..cut).unwrap_or_default();
        foreign.take(part);
        if !part.is_ascii() {
            for chunk in part.utf8_chunks() {
                good += chunk.valid().chars().filter(|c| !c.is_ascii()).count() as u64;
                bad += u64::from(!chunk.invalid().is_empty());
            }
            if fed < DETECTOR_BYTES {
                detector.feed(part, false);
                fed += part.len();
            }
        }
        buffer.copy_within(cut..filled, 0);
        kept = filled - cut;
        if count == 0 {
            break;
        }
    }
    // Text in another encoding is hardly ever valid UTF-8 by chance: a file that mostly is has been damaged,
    // or was put together of two, and to read it as anything else would garble the good part.
    if good > bad {
        return Err(ReadError::NotText {
            file: source.file.clone(),
            line: first_bad_line,
            encoding: "UTF-8",
        });
    }
    detector.feed(b"", true);
    let guessed = detector.guess(HOME, Utf8Detection::Allow);
    let by_guess = |charset| TextEncoding {
        charset,
        mark: 0,
        by: By::Guess,
    };
    let mut found = by_guess(Charset::Whatwg(guessed));
    if guessed == UTF_8 || !decodes(source, &found)? {
        // Every byte is a character of windows-1252, so this always reads, and the guess is shown.
        found = by_guess(Charset::Whatwg(WINDOWS_1252));
    }
    let better = better(&foreign.lines, found.charset, foreign.has_bare_returns());
    Ok(better.map_or(found, by_guess))
}

/// How much of the lines beyond ASCII is kept.
const FOREIGN_BYTES: usize = 1 << 18;

/// The lines of a file that are not ASCII, and how its lines end.
#[derive(Default)]
struct Foreign {
    lines: Vec<u8>,
    has_returns: bool,
    has_feeds: bool,
}

impl Foreign {
    fn take(&mut self, part: &[u8]) {
        self.has_returns |= memchr::memchr(b'\r', part).is_some();
        self.has_feeds |= memchr::memchr(b'\n', part).is_some();
        if self.lines.len() >= FOREIGN_BYTES || part.is_ascii() {
            return;
        }
        for line in part.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if !line.is_ascii() {
                self.lines.extend_from_slice(line);
                self.lines.push(b'\n');
            }
        }
    }

    fn has_bare_returns(&self) -> bool {
        self.has_returns && !self.has_feeds
    }
}

fn decodes(source: &Source, encoding: &TextEncoding) -> Result<bool, ReadError> {
    match io::copy(&mut encoding.reader(source)?, &mut io::sink()) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::InvalidData => Ok(false),
        Err(cause) => Err(source.io(cause)),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Decoding,
    Malformed,
    Done,
}

/// Reads text of any encoding as UTF-8, a block at a time.
struct Transcoder {
    bytes: Bytes,
    decoder: Decoding,
    input: Vec<u8>,
    pending: Range<usize>,
    last: bool,
    output: Vec<u8>,
    ready: Range<usize>,
    state: State,
}

impl Transcoder {
    fn new(bytes: Bytes, charset: Charset) -> Self {
        Self {
            bytes,
            decoder: charset.decoder(),
            input: vec![0; BLOCK],
            pending: 0..0,
            last: false,
            output: vec![0; 2 * BLOCK],
            ready: 0..0,
            state: State::Decoding,
        }
    }

    /// Decodes until there is text, or nothing more to come.
    fn decode(&mut self) -> io::Result<()> {
        while self.ready.is_empty() {
            match self.state {
                State::Decoding => {}
                State::Malformed => return Err(io::Error::from(io::ErrorKind::InvalidData)),
                State::Done => return Ok(()),
            }
            if self.pending.is_empty() && !self.last {
                let count = read_some(&mut self.bytes, &mut self.input)?;
                self.pending = 0..count;
                self.last = count == 0;
            }
            let input = self.input.get(self.pending.clone()).unwrap_or_default();
            let (result, read, written) = self.decoder.decode(input, &mut self.output, self.last);
            self.pending.start += read;
            self.ready = 0..written;
            match result {
                DecoderResult::InputEmpty if self.last => self.state = State::Done,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.state = State::Malformed,
            }
        }
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.decode()?;
        let ready = self.output.get(self.ready.clone()).unwrap_or_default();
        let count = ready.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.ready.start += count;
        Ok(count)
    }
}
