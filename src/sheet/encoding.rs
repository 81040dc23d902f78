//! Text encodings: which one a file is in, and its text as UTF-8, streamed. A byte that is no text
//! in the encoding is an error; nothing is ever replaced.
//!
//! The order of the questions: a byte-order mark; the share of NULs in even and odd bytes (UTF-16
//! without a mark, which chardetng takes for windows-1252); the whole as UTF-8; chardetng.
//!
//! Doesn't belong here: what the text is (`text`, `json`).

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::thread;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ReadError;
use super::source::Source;
use super::stop::Bytes;

const BLOCK: usize = 1 << 16;
const LARGE: usize = 1 << 18;

/// So much of a text stands for all of it, where it is trusted.
const TRUSTED: u64 = 1 << 20;
/// Less than this isn't worth a thread.
const LEAST_SHARE: u64 = 4 << 20;
/// More than this read no faster.
const MOST_SHARES: u64 = 8;
/// How much text beyond ASCII the detector gets to see: it is slow, and it has long made up its mind by then.
const DETECTOR_BYTES: usize = 4 << 20;

/// In which encoding a file is, and how that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextEncoding {
    pub(super) encoding: &'static Encoding,
    /// Bytes of the byte-order mark.
    mark: u64,
    /// Whether it was guessed from the bytes, rather than named, marked, or proved.
    pub(super) guessed: bool,
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
            let named = Encoding::for_label_no_replacement(label.trim().as_bytes())
                .ok_or_else(|| ReadError::UnknownEncoding(label.to_owned()))?;
            return Ok(match marked {
                // `utf-16` names no byte order, so the mark may still choose.
                Some((encoding, mark))
                    if encoding == named || (label.trim().eq_ignore_ascii_case("utf-16") && encoding != UTF_8) =>
                {
                    Self {
                        encoding,
                        mark: mark as u64,
                        guessed: false,
                    }
                }
                _ => Self {
                    encoding: named,
                    mark: 0,
                    guessed: false,
                },
            });
        }
        if let Some((encoding, mark)) = marked {
            return Ok(Self {
                encoding,
                mark: mark as u64,
                guessed: false,
            });
        }
        if let Some(encoding) = utf16_without_mark(&head) {
            return Ok(Self {
                encoding,
                mark: 0,
                guessed: true,
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
            None => Ok(Self {
                encoding: UTF_8,
                mark: 0,
                guessed: false,
            }),
            Some(line) => guess(source, line),
        }
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
        if self.encoding == UTF_8 {
            return Ok(Box::new(bytes));
        }
        Ok(Box::new(Transcoder::new(bytes, self.encoding)))
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

/// The line of the file's first byte that is not UTF-8, if there is one.
fn first_non_utf8_line(source: &Source) -> Result<Option<u64>, ReadError> {
    if is_utf8(source)? {
        Ok(None)
    } else {
        walk_to_non_utf8(source)
    }
}

/// Whether the whole file is UTF-8. All processors read a share of it, for nothing can be done with it before this is known.
fn is_utf8(source: &Source) -> Result<bool, ReadError> {
    let length = source
        .bytes()?
        .seek(SeekFrom::End(0))
        .map_err(|cause| source.io(cause))?;
    let processors = thread::available_parallelism().map_or(1, usize::from) as u64;
    let number = (length / LEAST_SHARE).min(processors).clamp(1, MOST_SHARES);
    let shares = shares(source, length, number)?;
    let Some((first, others)) = shares.split_first() else {
        return Ok(true);
    };
    thread::scope(|scope| {
        let others: Vec<_> = others
            .iter()
            .map(|share| {
                let work = || is_utf8_within(source, share);
                // Where the system gives no more threads, this one does the work.
                thread::Builder::new().spawn_scoped(scope, work).map_err(|_| share)
            })
            .collect();
        let mut all = is_utf8_within(source, first);
        for other in others {
            let other = match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(share) => is_utf8_within(source, share),
            };
            all = all.and_then(|all| Ok(all && other?));
        }
        all
    })
}

/// Whether the beginning of the file is UTF-8.
fn begins_as_utf8(source: &Source) -> Result<bool, ReadError> {
    match shares(source, 2 * TRUSTED, 2)?.first() {
        Some(share) => is_utf8_within(source, share),
        None => Ok(true),
    }
}

/// Cuts the file into so many shares, none of which begins within a character.
fn shares(source: &Source, length: u64, number: u64) -> Result<Vec<Range<u64>>, ReadError> {
    let mut shares = Vec::new();
    let mut from = 0;
    let mut bytes = source.bytes()?;
    for share in 1..=number {
        let mut to = length / number * share;
        if share == number {
            to = length;
        } else {
            let mut next = [0; 3];
            bytes.seek(SeekFrom::Start(to)).map_err(|cause| source.io(cause))?;
            let count = read_some(&mut bytes, &mut next).map_err(|cause| source.io(cause))?;
            let within = next.iter().take(count).take_while(|byte| (0x80..0xc0).contains(*byte));
            to += within.count() as u64;
        }
        shares.push(from..to);
        from = to;
    }
    Ok(shares)
}

fn is_utf8_within(source: &Source, share: &Range<u64>) -> Result<bool, ReadError> {
    let mut bytes = source.bytes()?;
    bytes
        .seek(SeekFrom::Start(share.start))
        .map_err(|cause| source.io(cause))?;
    let mut bytes = bytes.take(share.end - share.start);
    let mut buffer = vec![0; LARGE];
    let mut kept = 0;
    loop {
        let count = read_some(&mut bytes, buffer.get_mut(kept..).unwrap_or_default()).map_err(|e| source.io(e))?;
        let filled = kept + count;
        let block = buffer.get(..filled).unwrap_or_default();
        // A character that the block cuts is checked with the next one.
        let last = block.iter().rev().take(4).position(|byte| !(0x80..0xc0).contains(byte));
        let whole = match last {
            Some(back) if count > 0 && block.get(filled - back - 1).is_some_and(|byte| *byte >= 0xc0) => {
                filled - back - 1
            }
            _ => filled,
        };
        if simdutf8::basic::from_utf8(block.get(..whole).unwrap_or_default()).is_err() {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
        buffer.copy_within(whole..filled, 0);
        kept = filled - whole;
    }
}

/// The same, from line to line.
fn walk_to_non_utf8(source: &Source) -> Result<Option<u64>, ReadError> {
    let mut bytes = source.bytes()?;
    let mut buffer = vec![0; BLOCK];
    let mut kept = 0;
    let mut line = 1u64;
    loop {
        let count = read_some(&mut bytes, buffer.get_mut(kept..).unwrap_or_default()).map_err(|e| source.io(e))?;
        let block = buffer.get(..kept + count).unwrap_or_default();
        let bad = match std::str::from_utf8(block) {
            Ok(_) => {
                line += newlines(block);
                kept = 0;
                false
            }
            Err(error) => {
                let good = error.valid_up_to();
                line += newlines(block.get(..good).unwrap_or_default());
                let rest = good..block.len();
                kept = rest.len();
                buffer.copy_within(rest, 0);
                error.error_len().is_some()
            }
        };
        if bad || (count == 0 && kept > 0) {
            return Ok(Some(line));
        }
        if count == 0 {
            return Ok(None);
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// The encoding of a file that is not UTF-8, unless nearly all of it is.
fn guess(source: &Source, first_bad_line: u64) -> Result<TextEncoding, ReadError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut fed = 0;
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
    let guessed = detector.guess(None, Utf8Detection::Allow);
    let found = TextEncoding {
        encoding: guessed,
        mark: 0,
        guessed: true,
    };
    if guessed != UTF_8 && decodes(source, &found)? {
        return Ok(found);
    }
    // Every byte is a character of windows-1252, so this always reads, and the guess is shown.
    Ok(TextEncoding {
        encoding: WINDOWS_1252,
        ..found
    })
}

fn decodes(source: &Source, encoding: &TextEncoding) -> Result<bool, ReadError> {
    match io::copy(&mut encoding.reader(source)?, &mut io::sink()) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::InvalidData => Ok(false),
        Err(cause) => Err(source.io(cause)),
    }
}

fn read_some(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
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
    decoder: Decoder,
    input: Vec<u8>,
    pending: Range<usize>,
    last: bool,
    output: Vec<u8>,
    ready: Range<usize>,
    state: State,
}

impl Transcoder {
    fn new(bytes: Bytes, encoding: &'static Encoding) -> Self {
        Self {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
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
            let (result, read, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(input, &mut self.output, self.last);
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::stop::Stop;
    use super::super::{Input, Limits};
    use super::*;

    fn source(bytes: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let input = Input::Path(file.path().to_owned());
        let source = Source::open(&input, &Limits::default(), &Stop::default()).unwrap();
        (file, source)
    }

    #[test]
    fn shares_begin_with_characters_and_miss_no_byte() {
        let text = "aé€😀\nß\u{10ffff}—bc";
        let (_file, source_of_text) = source(text.as_bytes());
        let mut broken = text.as_bytes().to_vec();
        broken[10] = 0xff;
        let (_other_file, source_of_broken) = source(&broken);
        let length = text.len() as u64;
        for number in 1..=length {
            let shares = shares(&source_of_text, length, number).unwrap();
            assert_eq!(shares.first().map(|share| share.start), Some(0));
            assert!(shares.is_sorted_by(|one, next| one.end == next.start));
            assert_eq!(shares.last().map(|share| share.end), Some(length));
            assert!(
                shares
                    .iter()
                    .all(|share| is_utf8_within(&source_of_text, share).unwrap())
            );
            assert!(
                !shares
                    .iter()
                    .all(|share| is_utf8_within(&source_of_broken, share).unwrap())
            );
        }
    }

    #[test]
    fn a_large_file_is_looked_at_in_shares() {
        let mut bytes = "crème brûlée €😀\n".repeat(1 << 19).into_bytes();
        let (_file, good) = source(&bytes);
        assert_eq!(first_non_utf8_line(&good).unwrap(), None);
        let place = bytes.len() - 3;
        bytes[place] = 0xff;
        let (_other_file, bad) = source(&bytes);
        assert_eq!(first_non_utf8_line(&bad).unwrap(), Some(1 << 19));
    }
}
