//! Whether a file is UTF-8.
//!
//! Doesn't belong here: what it is otherwise (`encoding`).

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::thread;

use super::ReadError;
use super::source::Source;

const BLOCK: usize = 1 << 16;
const LARGE: usize = 1 << 18;

/// So much of a text stands for all of it, where it is trusted.
const TRUSTED: u64 = 1 << 20;
/// Less than this isn't worth a thread.
const LEAST_SHARE: u64 = 4 << 20;
/// More than this read no faster.
const MOST_SHARES: u64 = 8;

/// The line of the file's first byte that is not UTF-8, if there is one.
pub(super) fn first_non_utf8_line(source: &Source) -> Result<Option<u64>, ReadError> {
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
pub(super) fn begins_as_utf8(source: &Source) -> Result<bool, ReadError> {
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

pub(super) fn read_some(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
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
