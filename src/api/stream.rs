//! A list's answer: split into batches of complete items as it arrives, and parsed on all processors.
//!
//! The splitter follows quotes and brackets only, so it knows where each item ends. The workers prove the rest: the batches
//! together hold items separated by commas, and nothing else. What surrounds the items is parsed as the envelope at the end:
//! an answer counts only if it is well-formed to its last byte, because the API may break off anywhere, and a list without
//! its end looks like a smaller inventory.
//!
//! Memory holds a few batches, whatever the length of the list; one item, and the envelope, have a bound.
//!
//! Doesn't belong here: what is done with the items (`inventory`), threads (`parallel`).

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::de::Error as _;

use super::bad_item::BadItem;
use super::envelope::{Envelope, EnvelopeFault};
use crate::item::text::{Item, ItemFault, ItemParser, first_special};
use crate::parallel::in_order;

/// The size of a batch, in bytes.
const BATCH: usize = 512 * 1024;

/// A batch that has items is passed on after this time, however small it is: a slow answer shows progress.
const DELAY: Duration = Duration::from_millis(100);

/// The size of a read, in bytes.
const READ: usize = 128 * 1024;

/// The largest item and the largest envelope, in bytes. The store behind the API holds 1 MiB an item; escapes take up to
/// six times that.
const LARGEST: usize = 32 * 1024 * 1024;

/// What a list's answer contained.
#[derive(Debug)]
pub(super) struct Answer {
    /// The kind of `data`.
    pub(super) data: Data,
    /// Whether `success` was true; `None` without `success`.
    pub(super) success: Option<bool>,
    /// The server's message.
    pub(super) message: Option<String>,
}

/// The kind of `data`.
#[derive(Debug)]
pub(super) enum Data {
    /// There is no `data`.
    Missing,
    /// An array of this many items.
    List(u64),
    /// Anything else; its text if it is a string.
    Other(Option<String>),
}

/// Why a list's answer couldn't be read.
#[derive(Debug)]
pub(super) enum Fault<E> {
    /// The receiver of the items refused one.
    Taker(E),
    /// The bytes aren't a list's answer, or end early.
    Json(serde_json::Error),
    /// The connection broke.
    Read(std::io::Error),
    /// More bytes follow the end of the JSON.
    Trailing,
}

impl<E> Fault<E> {
    fn shape(what: impl std::fmt::Display) -> Self {
        Self::Json(serde_json::Error::custom(what))
    }
}

impl<E> From<EnvelopeFault> for Fault<E> {
    fn from(fault: EnvelopeFault) -> Self {
        match fault {
            EnvelopeFault::Json(error) => Self::Json(error),
            EnvelopeFault::Trailing => Self::Trailing,
        }
    }
}

/// Adds an item to what a batch becomes.
pub(super) type Make<'m, P> = dyn Fn(&mut P, &Item<'_, '_>) + Sync + 'm;

/// Receives what a batch became.
pub(super) type Take<'t, P, E> = dyn FnMut(P) -> Result<(), E> + 't;

/// Complete items, and the commas between them.
struct Batch {
    bytes: Vec<u8>,
    /// The place of its first byte in the answer.
    at: u64,
    /// Whether the list begins here: no comma comes before the first item.
    first: bool,
}

/// A parsed batch.
struct Parsed<P> {
    made: P,
    count: u64,
    /// Why the item after these can't be parsed.
    fault: Option<String>,
}

/// Reads a list's answer to its end. `make` runs on any thread; `take` gets the batches in the list's order; `goes_on` is set
/// with each read that brings the end of an item.
pub(super) fn read<P, E>(
    reader: impl Read + Send,
    goes_on: &AtomicBool,
    make: &Make<'_, P>,
    take: &mut Take<'_, P, E>,
) -> Result<Answer, Fault<E>>
where
    P: Default + Send,
    E: Send,
{
    let (mut envelope, mut count) = (Vec::new(), 0_u64);
    in_order(
        |give| split(reader, &mut envelope, goes_on, give),
        |batch| parse(make, &batch),
        |parsed| {
            if parsed.count > 0 {
                take(parsed.made).map_err(Fault::Taker)?;
                count = count.saturating_add(parsed.count);
            }
            match parsed.fault {
                Some(fault) => Err(Fault::shape(format!("item {}{fault}", count.saturating_add(1)))),
                None => Ok(()),
            }
        },
    )?;
    answer(&envelope, count)
}

/// Gives the list's items in batches; what surrounds them goes to `envelope`.
fn split<E>(
    mut reader: impl Read,
    envelope: &mut Vec<u8>,
    goes_on: &AtomicBool,
    give: &mut dyn FnMut(Batch) -> bool,
) -> Result<(), Fault<E>> {
    let mut buffer = vec![0; READ];
    let mut head = Position::default();
    while !head.find_list(envelope) {
        // Anything but an object is rejected without reading on.
        let is_object = envelope.trim_ascii_start().first().is_none_or(|byte| *byte == b'{');
        if !is_object || !fill(&mut reader, &mut buffer, envelope)? {
            return Ok(());
        }
    }
    let mut bytes = envelope.split_off(head.at);
    let (mut position, mut first, mut given) = (Position::default(), true, None::<Instant>);
    let mut at = envelope.len() as u64;
    loop {
        let passed = position.item_end;
        let at_list_end = position.pass_items(&bytes);
        if at_list_end || position.item_end > passed {
            goes_on.store(true, Ordering::Relaxed);
        }
        let due = bytes.len() >= BATCH || given.is_none_or(|given| given.elapsed() >= DELAY);
        let end = if at_list_end { position.at } else { position.item_end };
        if at_list_end || (due && end > 0) {
            let mut rest = Vec::with_capacity(BATCH + READ);
            rest.extend_from_slice(bytes.get(end..).unwrap_or_default());
            bytes.truncate(end);
            if !give(Batch { bytes, at, first }) {
                return Ok(());
            }
            at += end as u64;
            (bytes, first, given) = (rest, false, Some(Instant::now()));
            position.restart_at(end);
        }
        if at_list_end {
            envelope.append(&mut bytes);
            while fill(&mut reader, &mut buffer, envelope)? {}
            return Ok(());
        }
        if !fill(&mut reader, &mut buffer, &mut bytes)? {
            // Without its end the envelope isn't valid.
            return Ok(());
        }
    }
}

/// Appends the bytes of one read; returns false at the end of the answer.
fn fill<E>(reader: &mut impl Read, buffer: &mut [u8], bytes: &mut Vec<u8>) -> Result<bool, Fault<E>> {
    if bytes.len() > LARGEST {
        let largest = LARGEST / 1024 / 1024;
        return Err(Fault::shape(format!(
            "an item, or what surrounds the items, is larger than {largest} MiB"
        )));
    }
    loop {
        match reader.read(buffer) {
            Ok(count) => {
                bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
                return Ok(count > 0);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Read(error)),
        }
    }
}

/// How far a text has been followed, through quotes and brackets. It continues when more bytes have come.
#[derive(Default)]
struct Position {
    at: usize,
    depth: usize,
    /// Whether `at` is inside a string.
    quoted: bool,
    /// Where the last string begins.
    string: usize,
    /// The last string, unless a comma follows it. In valid JSON a bracket at depth 1 belongs to this key.
    key: Range<usize>,
    /// The end of the last complete item; 0 if there is none.
    item_end: usize,
}

impl Position {
    /// Goes on behind the next bracket, comma or end of a string, and returns that byte.
    fn next(&mut self, bytes: &[u8]) -> Option<u8> {
        loop {
            if self.quoted {
                let Some((at, ended)) = string_step(bytes, self.at) else {
                    break;
                };
                (self.at, self.quoted) = (at, !ended);
                if ended {
                    return Some(b'"');
                }
                continue;
            }
            let rest = bytes.get(self.at..).unwrap_or_default().iter();
            let is_token = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b',');
            let Some((found, byte)) = rest.copied().enumerate().find(|(_, byte)| is_token(byte)) else {
                break;
            };
            self.at += found + 1;
            if byte != b'"' {
                return Some(byte);
            }
            (self.quoted, self.string) = (true, self.at - 1);
        }
        // An escape may reach beyond these bytes.
        self.at = self.at.max(bytes.len());
        None
    }

    /// Goes on to the list under the outermost `data`; returns whether `at` is behind its opening bracket.
    fn find_list(&mut self, bytes: &[u8]) -> bool {
        while let Some(byte) = self.next(bytes) {
            match byte {
                b'"' => self.key = self.string..self.at,
                b',' => self.key = 0..0,
                b'[' if self.depth == 1 && is_data(bytes.get(self.key.clone())) => return true,
                b'{' | b'[' => self.depth += 1,
                _ => self.depth = self.depth.saturating_sub(1),
            }
        }
        false
    }

    /// Goes on through the items; returns whether `at` is at the bracket that ends the list.
    fn pass_items(&mut self, bytes: &[u8]) -> bool {
        while let Some(byte) = self.next(bytes) {
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 0 => {
                    self.at -= 1;
                    return true;
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 && byte == b'}' {
                        self.item_end = self.at;
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// The first `removed` bytes are no longer there.
    fn restart_at(&mut self, removed: usize) {
        self.at = self.at.saturating_sub(removed);
        self.item_end = 0;
    }
}

/// Whether this string, in its quotes, is the key of the list.
fn is_data(key: Option<&[u8]>) -> bool {
    key.is_some_and(|key| serde_json::from_slice::<String>(key).is_ok_and(|key| key == "data"))
}

/// Goes on inside a string, to the position behind the next quote or escape; returns whether the string ended there.
fn string_step(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let special = first_special(bytes, at)?;
    Some(match bytes.get(special)? {
        b'"' => (special + 1, true),
        b'\\' => (special + 2, false),
        _ => (special + 1, false),
    })
}

fn parse<P: Default>(make: &Make<'_, P>, batch: &Batch) -> Parsed<P> {
    let mut parsed = Parsed {
        made: P::default(),
        count: 0,
        fault: None,
    };
    // What comes before a byte that is no UTF-8 text is parsed, so that the item is known in which it stands.
    let (text, broken) = match simdutf8::basic::from_utf8(&batch.bytes) {
        Ok(text) => (text, None),
        Err(_) => valid(&batch.bytes),
    };
    let added = parsed.add(text, batch.first, make);
    let fault = match (added, broken) {
        (Ok(_), None) => return parsed,
        (Err(fault), None) => fault,
        (Ok(start) | Err(BadItem { start, .. }), Some(place)) => BadItem {
            start,
            place,
            what: "it isn't UTF-8 text".to_owned(),
        },
    };
    parsed.fault = Some(fault.told(text, batch.at));
    parsed
}

/// The text before the first byte that is no UTF-8 text, and where that byte is.
fn valid(bytes: &[u8]) -> (&str, Option<usize>) {
    let end = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default());
    (text.unwrap_or_default(), Some(end))
}

impl<P> Parsed<P> {
    /// Adds the items of a text; gives where it ends.
    fn add(&mut self, text: &str, first: bool, make: &Make<'_, P>) -> Result<usize, BadItem> {
        let mut parser = ItemParser::new(text);
        while let Some(byte) = parser.peek() {
            if self.count > 0 || !first {
                if byte != b',' {
                    return Err(BadItem::at(parser.at(), "a comma is missing before it"));
                }
                parser.skip();
            }
            parser.peek();
            let start = parser.at();
            match parser.item() {
                Ok(item) => make(&mut self.made, &item),
                Err(ItemFault::Wrong(error)) => return Err(BadItem::of(start, text, &error)),
                Err(ItemFault::Cut) if start < text.len() => return Err(BadItem::at(start, "it doesn't end")),
                Err(ItemFault::Cut) => return Err(BadItem::at(start, "nothing follows the comma")),
            }
            self.count = self.count.saturating_add(1);
        }
        Ok(parser.at())
    }
}

fn answer<E>(envelope: &[u8], count: u64) -> Result<Answer, Fault<E>> {
    let envelope = Envelope::parse(envelope, None)?;
    let data = match envelope.data {
        None => Data::Missing,
        Some(text) => match text.strip_prefix('[') {
            // The splitter has taken the items out.
            Some(rest) if rest.trim_start() == "]" => Data::List(count),
            Some(_) => return Err(Fault::shape("the list of items isn't under 'data'")),
            None => Data::Other(serde_json::from_str(text).ok()),
        },
    };
    Ok(Answer {
        data,
        success: envelope.success(),
        message: envelope.message,
    })
}

#[cfg(test)]
mod tests;
