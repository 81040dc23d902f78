//! The parser of an item's JSON text: fields borrow from the text, and no tree of values is built.
//!
//! Text that needs more than that (nested values, exponents, control characters, syntax errors) goes to `serde_json`, so
//! that every item is accepted, rejected and valued exactly as `serde_json` would.
//!
//! Doesn't belong here: what the fields mean, and what separates items.

mod names;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::{ITEM_ID, NAME, Object, is_other_id};
use names::Names;

/// A field's value, as its text spells it.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredValue<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is spelled.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// Arrays, objects, and numbers with an exponent.
    Other(Value),
}

impl StoredValue<'_> {
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

impl From<Value> for StoredValue<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Other(other),
        }
    }
}

/// A field's name and value.
pub type StoredField<'a> = (Cow<'a, str>, StoredValue<'a>);

/// A parsed item. Names are unique: the last of several values counts.
#[derive(Clone, Copy, Debug)]
pub struct Item<'i, 'a> {
    /// The text, from the opening to the closing brace.
    pub text: &'a str,
    /// The fields, in the text's order.
    pub fields: &'i [StoredField<'a>],
    /// Whether it has the same names as the previous item, in the same order.
    pub alike: bool,
    /// Whether one of the fields is [`NAME`].
    is_named: bool,
    /// Whether a name came twice at the item's own level; `None` if `serde_json` parsed it, which doesn't tell.
    pub(crate) repeated: Option<bool>,
}

impl<'a> Item<'_, 'a> {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&StoredValue<'a>> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The item's id, by the rule of [`super::id_of`].
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        if self.is_named {
            return self.id_in(NAME);
        }
        ["id", ITEM_ID].into_iter().find_map(|name| self.id_in(name))
    }

    /// Whether its fields leave open which document it is, by the rule of [`super::is_doubtful`].
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.get("id")
            .is_some_and(|_| is_other_id(self.id_in(ITEM_ID).as_deref(), self.id_in("id").as_deref()))
    }

    /// The id that this field holds.
    pub(crate) fn id_in(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            StoredValue::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text.as_ref())),
            StoredValue::Number(digits) => Some(Cow::Borrowed(*digits)),
            StoredValue::Other(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
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

/// Why no item could be parsed.
#[derive(Debug)]
pub enum ItemFault {
    /// The text ends inside the item.
    Cut,
    /// The text isn't a JSON object.
    Wrong(serde_json::Error),
}

/// Memory that one parser passes on to the next: field slots, and the names of the previous item.
#[derive(Debug, Default)]
pub struct ParserBuffers {
    names: Names,
    fields: Vec<StoredField<'static>>,
}

/// Parses the items of a text, one after the other.
pub struct ItemParser<'a> {
    text: &'a str,
    at: usize,
    /// The names of the previous item; empty if one was repeated or had escapes, or if `serde_json` parsed the item.
    names: Names,
    fields: Vec<StoredField<'a>>,
}

impl<'a> ItemParser<'a> {
    /// Parses this text from its start.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::within(text, ParserBuffers::default())
    }

    /// Parses this text from its start, with another parser's buffers.
    #[must_use]
    pub fn within(text: &'a str, buffers: ParserBuffers) -> Self {
        Self {
            text,
            at: 0,
            names: buffers.names,
            fields: buffers.fields,
        }
    }

    /// Releases the buffers for the next parser.
    #[must_use]
    pub fn into_buffers(mut self) -> ParserBuffers {
        self.fields.clear();
        // The iterator is empty; `collect` reuses the allocation under the other lifetime.
        let fields = self.fields.into_iter().map(|_| (Cow::Borrowed(""), StoredValue::Null));
        ParserBuffers {
            names: self.names,
            fields: fields.collect(),
        }
    }

    /// The byte offset that has been reached.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Skips white space and returns the next byte, without consuming it.
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

    /// Consumes the byte that `peek` returned.
    pub fn skip(&mut self) {
        self.at += 1;
    }

    /// Parses the item that begins here.
    pub fn item(&mut self) -> Result<Item<'_, 'a>, ItemFault> {
        self.peek();
        let start = self.at;
        let plain = self.plain();
        if plain.is_none() {
            self.at = start;
            self.any()?;
        }
        let alike = plain.is_some_and(|(alike, _)| alike);
        if !alike {
            self.names.have_name = self.fields.iter().any(|(name, _)| name == NAME);
        }
        Ok(Item {
            text: self.text.get(start..self.at).unwrap_or_default(),
            fields: &self.fields,
            alike,
            is_named: self.names.have_name,
            repeated: plain.map(|(_, repeated)| repeated),
        })
    }

    /// Whether an item's names equal the previous item's, and one came twice; `None` if the text is left to `serde_json`.
    fn plain(&mut self) -> Option<(bool, bool)> {
        let (mut alike, mut escapes) = (true, false);
        self.fields.clear();
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            alike = self.names.ends.is_empty();
            self.names.truncate(0);
            return Some((alike, false));
        }
        loop {
            let place = self.fields.len();
            let expected = self.names.get(place).filter(|_| alike);
            let expected = expected.filter(|phrase| self.rest().starts_with(phrase.as_bytes()));
            let name = if let Some(length) = expected.map(str::len) {
                let start = self.at + 1;
                self.at += length;
                // Without the closing quote and the colon.
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
        let repeated = !alike && self.drop_repeated();
        if repeated || (!alike && escapes) {
            self.names.truncate(0);
        }
        Some((alike, repeated))
    }

    /// Keeps the last field of each name; returns whether any was dropped.
    fn drop_repeated(&mut self) -> bool {
        if self.fields.is_sorted_by(|(name, _), (next, _)| name < next) {
            return false;
        }
        let count = self.fields.len();
        let mut seen = HashSet::with_capacity(count);
        self.fields.reverse();
        self.fields.retain(|(name, _)| seen.insert(name.clone()));
        self.fields.reverse();
        self.fields.len() < count
    }

    /// Parses any item, by `serde_json`.
    fn any(&mut self) -> Result<(), ItemFault> {
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
            Some(Err(error)) if !error.is_eof() => Err(ItemFault::Wrong(error)),
            Some(Err(_)) | None => Err(ItemFault::Cut),
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

    fn value(&mut self) -> Option<StoredValue<'a>> {
        Some(match self.peek()? {
            b'"' => {
                let (text, escapes) = self.string()?;
                StoredValue::Text(unescaped(text, escapes)?)
            }
            b'n' => self.word("null", StoredValue::Null)?,
            b't' => self.word("true", StoredValue::Bool(true))?,
            b'f' => self.word("false", StoredValue::Bool(false))?,
            _ => match self.number() {
                Some(number) => number,
                None => self.tree()?,
            },
        })
    }

    #[inline]
    fn word(&mut self, word: &str, value: StoredValue<'a>) -> Option<StoredValue<'a>> {
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
    fn number(&mut self) -> Option<StoredValue<'a>> {
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
        Some(StoredValue::Number(number))
    }

    fn tree(&mut self) -> Option<StoredValue<'a>> {
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
#[inline]
pub(crate) fn first_special(bytes: &[u8], mut at: usize) -> Option<usize> {
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
