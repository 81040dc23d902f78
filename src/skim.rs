//! Items read from their JSON text field by field, without building a tree of values.
//!
//! Belongs here: the syntax of one object after the other, at the speed of large inventories. Doesn't: what the fields
//! mean. What is out of the ordinary (nested values, exponents, control characters, errors) is left to `serde_json`, so
//! that an item is taken, refused and valued exactly as it would be there.

mod plain;

use std::borrow::Cow;

use serde_json::Value;

use crate::item::{ITEM_ID, Object};
pub use plain::{Plainly, plainly};

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Skimmed<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is spelled.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// Whatever takes a tree: arrays, maps, numbers with an exponent.
    Other(Value),
}

impl Skimmed<'_> {
    /// The value as a tree.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            // Digits that were checked by the grammar are a number.
            Self::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Other(value) => value.clone(),
        }
    }
}

impl From<Value> for Skimmed<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Other(other),
        }
    }
}

/// A field: its name and its value.
pub type Field<'a> = (Cow<'a, str>, Skimmed<'a>);

/// An item as its text says it. No name comes twice: of two values the later counts.
#[derive(Clone, Copy, Debug)]
pub struct Item<'i, 'a> {
    /// The text, from the opening to the closing brace.
    pub text: &'a str,
    /// The fields, in the text's order.
    pub fields: &'i [Field<'a>],
    /// Whether it has the very names of the item before it, in the same order.
    pub alike: bool,
}

impl<'a> Item<'_, 'a> {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Skimmed<'a>> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// By what the item is known, as [`crate::inventory::id_of`] says.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        ["id", ITEM_ID].into_iter().find_map(|name| match self.get(name)? {
            Skimmed::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text.as_ref())),
            Skimmed::Number(digits) => Some(Cow::Borrowed(*digits)),
            Skimmed::Other(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        })
    }

    /// The item as a tree.
    #[must_use]
    pub fn to_object(&self) -> Object {
        let fields = self.fields.iter();
        fields
            .map(|(name, value)| (name.clone().into_owned(), value.to_value()))
            .collect()
    }
}

/// Why there is no item where one should begin.
#[derive(Debug)]
pub enum Trouble {
    /// The text ends within it.
    Cut,
    /// It is no JSON object.
    Wrong(serde_json::Error),
}

/// Names one after the other, each with its quotes and the colon behind it: `"name":`.
#[derive(Debug, Default)]
struct Names {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Names {
    fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(start.copied().unwrap_or(0)..end)
    }

    /// Adds a name, as it stands between its quotes.
    fn push(&mut self, name: &str) {
        self.text.extend(["\"", name, "\":"]);
        self.ends.push(self.text.len());
    }

    fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// What one skimmer leaves to the next: room for fields, and the names that the items before had.
#[derive(Debug, Default)]
pub struct Room {
    names: Names,
    fields: Vec<Field<'static>>,
}

/// Reads the items of a text.
pub struct Skimmer<'a> {
    text: &'a str,
    at: usize,
    /// The names of the last item, if it was of the usual kind, none came twice and none was spelled with escapes.
    names: Names,
    fields: Vec<Field<'a>>,
}

impl<'a> Skimmer<'a> {
    /// Reads this text from its start.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::within(text, Room::default())
    }

    /// The same, where another skimmer has been before.
    #[must_use]
    pub fn within(text: &'a str, room: Room) -> Self {
        Self {
            text,
            at: 0,
            names: room.names,
            fields: room.fields,
        }
    }

    /// Leaves room for another skimmer.
    #[must_use]
    pub fn into_room(mut self) -> Room {
        self.fields.clear();
        // There are none left; what is collected so stands in the same memory.
        let fields = self.fields.into_iter().map(|_| (Cow::Borrowed(""), Skimmed::Null));
        Room {
            names: self.names,
            fields: fields.collect(),
        }
    }

    /// Where the reading has come to.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Skips white space, and gives the byte that comes then.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        if byte > b' ' { Some(byte) } else { self.peek_further() }
    }

    fn peek_further(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Skips the byte that was peeked at.
    pub fn skip(&mut self) {
        self.at += 1;
    }

    /// Reads the item that begins here.
    pub fn item(&mut self) -> Result<Item<'_, 'a>, Trouble> {
        self.peek();
        let start = self.at;
        let alike = if let Some(alike) = self.plain() {
            alike
        } else {
            self.at = start;
            self.any()?;
            false
        };
        Ok(Item {
            text: self.text.get(start..self.at).unwrap_or_default(),
            fields: &self.fields,
            alike,
        })
    }

    /// Reads an item of the usual kind, and says whether it is like the last one; none where it isn't of that kind.
    fn plain(&mut self) -> Option<bool> {
        let (mut alike, mut escapes) = (true, false);
        self.fields.clear();
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            alike = self.names.ends.is_empty();
            self.names.truncate(0);
            return Some(alike);
        }
        loop {
            let place = self.fields.len();
            let expected = self.names.get(place).filter(|_| alike);
            let expected = expected.filter(|phrase| self.rest().starts_with(phrase.as_bytes()));
            let name = if let Some(length) = expected.map(str::len) {
                let start = self.at + 1;
                self.at += length;
                // Less the quote and the colon behind it.
                Cow::Borrowed(self.text.get(start..self.at - 2)?)
            } else {
                if alike {
                    alike = false;
                    self.names.truncate(place);
                }
                self.peek()?;
                let (name, has_escapes) = self.string()?;
                self.names.push(name);
                escapes |= has_escapes;
                self.expect(b':')?;
                unescaped(name, has_escapes)?
            };
            let value = self.value()?;
            self.fields.push((name, value));
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
            self.peek()?;
        }
        self.at += 1;
        if alike && self.fields.len() < self.names.ends.len() {
            alike = false;
            self.names.truncate(self.fields.len());
        }
        if !alike && (self.drop_repeated() || escapes) {
            self.names.truncate(0);
        }
        Some(alike)
    }

    /// Of fields with one name the last counts; says whether there were any.
    fn drop_repeated(&mut self) -> bool {
        if self.fields.is_sorted_by(|(name, _), (next, _)| name < next) {
            return false;
        }
        let count = self.fields.len();
        let mut at = 0;
        while let Some((name, _)) = self.fields.get(at) {
            if self.fields.iter().skip(at + 1).any(|(later, _)| later == name) {
                self.fields.remove(at);
            } else {
                at += 1;
            }
        }
        self.fields.len() < count
    }

    /// Reads any item.
    fn any(&mut self) -> Result<(), Trouble> {
        self.names.truncate(0);
        self.fields.clear();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<Object>();
        match items.next() {
            Some(Ok(item)) => {
                self.at += items.byte_offset();
                let fields = item.into_iter();
                self.fields
                    .extend(fields.map(|(name, value)| (Cow::Owned(name), value.into())));
                Ok(())
            }
            Some(Err(error)) if !error.is_eof() => Err(Trouble::Wrong(error)),
            Some(Err(_)) | None => Err(Trouble::Cut),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn value(&mut self) -> Option<Skimmed<'a>> {
        Some(match self.peek()? {
            b'"' => {
                let (text, escapes) = self.string()?;
                Skimmed::Text(unescaped(text, escapes)?)
            }
            b'n' => self.word("null", Skimmed::Null)?,
            b't' => self.word("true", Skimmed::Bool(true))?,
            b'f' => self.word("false", Skimmed::Bool(false))?,
            _ => match self.number() {
                Some(number) => number,
                None => self.tree()?,
            },
        })
    }

    #[inline]
    fn word(&mut self, word: &str, value: Skimmed<'a>) -> Option<Skimmed<'a>> {
        if !self.rest().starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    /// The text between the quotes here and those that end it, escapes as they stand, and whether there are any.
    fn string(&mut self) -> Option<(&'a str, bool)> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut end = start;
        let mut escapes = false;
        loop {
            end = first_special(bytes, end)?;
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => {
                    escapes = true;
                    end += 2;
                }
                _ => return None,
            }
        }
        self.at = end + 1;
        Some((self.text.get(start..end)?, escapes))
    }

    /// A number without an exponent (RFC 8259), as it stands.
    fn number(&mut self) -> Option<Skimmed<'a>> {
        let rest = self.rest();
        let digits = |from: usize| {
            let digits = rest.get(from..).unwrap_or_default().iter();
            digits.take_while(|byte| byte.is_ascii_digit()).count()
        };
        let sign = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(sign);
        if whole == 0 || (whole > 1 && rest.get(sign) == Some(&b'0')) {
            return None;
        }
        let mut end = sign + whole;
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        // At the end of the text more of it may be missing.
        if matches!(rest.get(end)?, b'e' | b'E') {
            return None;
        }
        let number = self.text.get(self.at..self.at + end)?;
        self.at += end;
        Some(Skimmed::Number(number))
    }

    fn tree(&mut self) -> Option<Skimmed<'a>> {
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value.into())
    }
}

/// What a text between quotes says.
fn unescaped(inner: &str, escapes: bool) -> Option<Cow<'_, str>> {
    if !escapes {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(&format!("\"{inner}\"")).ok().map(Cow::Owned)
}

/// Where, from `at`, the first quote, backslash or control character stands. Eight bytes are looked at together: the
/// lowest byte whose high bit is set in the sum is the first of them, since a borrow can only spoil those above it.
fn first_special(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut words = bytes.get(at..)?.chunks_exact(8);
    for word in words.by_ref() {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        let word = u64::from_le_bytes(eight);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return Some(at + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default());
        }
        at += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.remainder().iter().position(special).map(|more| at + more)
}

#[cfg(test)]
mod tests;
