//! Whether the answer to a post is the echo of what was sent.
//!
//! The proof that a write was understood, so it is strict where it counts: as many items, in the same order, every sent
//! field with the sent value. It is lenient where nothing is lost: key order, white space, how a number or a letter is
//! spelled, fields that the server adds (`updated_at`, `updated_by`, or the merged item).
//!
//! Doesn't belong here: what a failed proof means for an item (`upload`).

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;

use super::answer::{Asked, Origin};
use super::envelope::{Envelope, EnvelopeFault};
use super::error::{ApiError, EchoFault, Oddity};
use super::loss::Loss;
use super::message;
use crate::item::text::{Item, ItemParser, StoredField, StoredValue};
use crate::item::{ITEM_ID, SERVER_FIELDS};

/// How many fields ahead a sent field is searched before the echo's names are indexed: servers add a few.
const NEAR: usize = 4;

/// A body that is valid to send: one object, or an array of objects.
pub(super) struct Body<'a> {
    text: &'a str,
    pub(super) is_array: bool,
}

impl<'a> Body<'a> {
    /// Checks what is about to be sent.
    pub(super) fn check(body: &'a [u8]) -> Result<Self, ApiError> {
        let text = simdutf8::basic::from_utf8(body).map_err(|_| ApiError::BadBody)?;
        let Shape { is_array } = serde_json::from_str(text).map_err(|_| ApiError::BadBody)?;
        Ok(Self { text, is_array })
    }

    /// Compares it with the answer.
    pub(super) fn verify(&self, answer: &[u8], origin: &Origin) -> Result<(), ApiError> {
        let asked = if self.is_array { Asked::Array } else { Asked::Other };
        let data = data_of(answer, Some(self.text), origin, asked)?
            .ok_or_else(|| ApiError::Foreign(Oddity::Shape("it has no 'data'".to_owned())))?;
        compare(self.text, data).map_err(ApiError::WrongEcho)
    }
}

impl ApiError {
    /// The items of a post, from 1, that came back under their own ids and with other values than those that were sent; the
    /// other items came back as they were sent. `None` for any other failure.
    #[must_use]
    pub fn differing(&self) -> Option<&[usize]> {
        match self {
            Self::WrongEcho(EchoFault::Field { differing, .. }) if !differing.is_empty() => Some(differing),
            _ => None,
        }
    }
}

/// What a body may be: one object, or an array of objects. Their fields are parsed and dropped.
struct Shape {
    is_array: bool,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Shape { is_array: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        while let Some(Shape { is_array }) = items.next_element()? {
            if is_array {
                return Err(A::Error::invalid_type(Unexpected::Seq, &"an object"));
            }
        }
        Ok(Shape { is_array: true })
    }
}

/// The items of a body or of an echo, one after the other.
struct Items<'a> {
    parser: ItemParser<'a>,
    is_array: bool,
    count: usize,
    ended: bool,
}

impl<'a> Items<'a> {
    fn new(text: &'a str) -> Self {
        let mut parser = ItemParser::new(text);
        let is_array = parser.peek() == Some(b'[');
        if is_array {
            parser.skip();
        }
        Self {
            parser,
            is_array,
            count: 0,
            ended: false,
        }
    }

    /// The next item; `None` after the last one, if the text ends there.
    fn next(&mut self) -> Result<Option<Item<'_, 'a>>, EchoFault> {
        if self.ended {
            return Ok(None);
        }
        match self.parser.peek() {
            Some(b']') if self.is_array => {
                self.parser.skip();
                self.ended = true;
            }
            Some(b',') if self.is_array && self.count > 0 => self.parser.skip(),
            None if !self.is_array && self.count > 0 => self.ended = true,
            _ if self.count > 0 => return Err(EchoFault::Shape),
            _ => {}
        }
        if self.ended {
            return self.parser.peek().map_or(Ok(None), |_| Err(EchoFault::Shape));
        }
        self.count = self.count.saturating_add(1);
        self.parser.item().map(Some).map_err(|_| EchoFault::Shape)
    }
}

/// The `data` of an answer whose status was good, unless it says itself that it failed.
/// `sent` is the body that the data is expected to repeat.
pub(super) fn data_of<'a>(
    answer: &'a [u8],
    sent: Option<&str>,
    origin: &Origin,
    asked: Asked,
) -> Result<Option<&'a str>, ApiError> {
    let words = || message::words(answer, false, &origin.keys);
    let envelope = Envelope::parse(answer, sent).map_err(|fault| match fault {
        EnvelopeFault::Json(error) if error.is_eof() => origin.lost(Loss::Cut),
        EnvelopeFault::Json(_) | EnvelopeFault::Trailing => ApiError::Foreign(Oddity::NotJson(words())),
    })?;
    match (envelope.success(), envelope.data) {
        (Some(true), data) => Ok(data),
        // A deployment that omits `success` still has to send the data.
        (None, Some(data)) => Ok(Some(data)),
        (None, None) => Err(ApiError::Foreign(Oddity::Shape(
            "it has neither 'success' nor 'data'".to_owned(),
        ))),
        (Some(false), _) => Err(origin.not_success(words(), asked)),
    }
}

fn compare(sent: &str, got: &str) -> Result<(), EchoFault> {
    // Many servers echo the very bytes.
    if sent == got {
        return Ok(());
    }
    let (mut sent, mut got) = (Items::new(sent), Items::new(got));
    if sent.is_array != got.is_array {
        return Err(EchoFault::Shape);
    }
    let (mut first, mut repeated) = (None, None);
    let mut differing = Vec::new();
    let mut are_the_same_items = true;
    for number in 1.. {
        match (sent.next()?, got.next()?) {
            (None, None) => break,
            (Some(sent), Some(got)) => {
                if repeated.is_none() && repeats_a_name(&got) {
                    repeated = Some(number);
                }
                let Some(field) = changed_field(sent.fields, got.fields) else {
                    continue;
                };
                differing.push(number);
                first.get_or_insert((number, field));
                let same_id = matches!((sent.get(ITEM_ID), got.get(ITEM_ID)), (Some(a), Some(b)) if is_same(a, b));
                are_the_same_items &= same_id;
            }
            _ => {}
        }
    }
    if sent.count != got.count {
        return Err(EchoFault::Count {
            sent: sent.count,
            got: got.count,
        });
    }
    if let Some(number) = repeated {
        return Err(EchoFault::Repeated(number));
    }
    match first {
        None => Ok(()),
        Some((number, field)) => Err(EchoFault::Field {
            number,
            field,
            differing: if are_the_same_items { differing } else { Vec::new() },
        }),
    }
}

/// The first sent field that the echo lacks, or holds with another value; its name as text for a message.
fn changed_field(sent: &[StoredField<'_>], got: &[StoredField<'_>]) -> Option<String> {
    let (mut next, mut index) = (0, None::<HashMap<&str, usize>>);
    let changed = sent.iter().find(|(name, value)| {
        if is_the_servers(name) {
            return false;
        }
        let near = got.iter().enumerate().skip(next).take(NEAR);
        let place = near
            .filter(|(_, (other, _))| other == name)
            .map(|(place, _)| place)
            .next();
        let place = place.or_else(|| {
            let names = || got.iter().zip(0..).map(|((name, _), place)| (name.as_ref(), place));
            let index = index.get_or_insert_with(|| names().collect());
            index.get(name.as_ref()).copied()
        });
        next = place.map_or(next, |place| place + 1);
        let echoed = place.and_then(|place| got.get(place));
        !echoed.is_some_and(|(_, echoed)| is_same(value, echoed))
    });
    changed.map(|(name, _)| name.chars().filter(|c| !c.is_control()).take(100).collect())
}

/// Whether a name is repeated in an item, at any level. Only an item with maps or arrays is parsed for it.
fn repeats_a_name(item: &Item<'_, '_>) -> bool {
    let nested = |value: &StoredValue<'_>| matches!(value, StoredValue::Other(Value::Object(_) | Value::Array(_)));
    match item.repeated {
        Some(repeated) if repeated || !item.fields.iter().any(|(_, value)| nested(value)) => repeated,
        _ => serde_json::from_str::<UniqueNames>(item.text).is_err(),
    }
}

/// Any JSON whose maps have no name twice.
struct UniqueNames;

impl<'de> Deserialize<'de> for UniqueNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueNamesVisitor)
    }
}

struct UniqueNamesVisitor;

impl<'de> Visitor<'de> for UniqueNamesVisitor {
    type Value = UniqueNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("maps without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<UniqueNames, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, UniqueNames)) = fields.next_entry::<String, UniqueNames>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name is repeated"));
            }
        }
        Ok(UniqueNames)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<UniqueNames, A::Error> {
        while elements.next_element::<UniqueNames>()?.is_some() {}
        Ok(UniqueNames)
    }

    fn visit_unit<E>(self) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueNames, E> {
        Ok(UniqueNames)
    }
}

fn is_same(sent: &StoredValue<'_>, got: &StoredValue<'_>) -> bool {
    sent == got || same_value(&sent.to_value(), &got.to_value())
}

/// The server keeps its own `updated_at` and `updated_by`, whatever is sent.
fn is_the_servers(name: &str) -> bool {
    SERVER_FIELDS.contains(&name)
}

/// Whether everything sent is there. The recursion is bounded by the JSON parser's own limit of 128 levels.
fn same_value(sent: &Value, got: &Value) -> bool {
    match (sent, got) {
        (Value::Number(a), Value::Number(b)) => same_number(&a.to_string(), &b.to_string()),
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .all(|(name, value)| b.get(name).is_some_and(|echoed| same_value(value, echoed))),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (a, b) => a == b,
    }
}

/// Numbers are equal by value: integers exactly, others as the doubles that the server keeps.
fn same_number(a: &str, b: &str) -> bool {
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        return a == b;
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        // Bits, because -0 and 0 are one number, and nothing else is equal without being the same double.
        (Ok(a), Ok(b)) => (a + 0.0).to_bits() == (b + 0.0).to_bits(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
