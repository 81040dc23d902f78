//! Whether the answer to a post is the echo of what was sent.
//!
//! The proof that a write was understood, so it is strict where it counts: as many items, in the same order, every sent
//! field with the sent value. It is lenient where nothing is lost: key order, white space, how a number or a letter is
//! spelled, fields that the server adds (`updated_at`, `updated_by`, or the merged item). The texts of two fields are
//! compared as they stand first; only where they differ are they parsed.
//!
//! Doesn't belong here: what a failed proof means for an item (`upload`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::{Asked, Origin};
use super::error::{ApiError, EchoFault, Loss, Oddity};
use super::message;
use crate::item::SERVER_FIELDS;
use crate::item::text::{Item, ItemParser, Plainly, StoredField, plainly};

/// A field's name, borrowed unless it is spelled with escapes.
struct Name<'a>(Cow<'a, str>);

/// An object's fields in their order, the values as they stand.
pub(super) struct Fields<'a>(Vec<(Name<'a>, &'a RawValue)>);

/// What a post holds: one object, or an array of objects.
pub(super) enum Sent<'a> {
    One(Fields<'a>),
    Many(Vec<Fields<'a>>),
}

impl<'a> Sent<'a> {
    /// Reads a body, or one side of an echo.
    fn parse(text: &'a str) -> Option<Self> {
        match text.trim_ascii_start().as_bytes().first()? {
            b'{' => serde_json::from_str(text).ok().map(Self::One),
            b'[' => serde_json::from_str(text).ok().map(Self::Many),
            _ => None,
        }
    }

    /// Reads what is about to be sent.
    pub(super) fn body(body: &'a [u8]) -> Result<Self, ApiError> {
        std::str::from_utf8(body)
            .ok()
            .and_then(Self::parse)
            .ok_or(ApiError::Body)
    }

    /// Whether it is an array.
    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// Compares it with the answer.
    pub(super) fn verify(&self, answer: &[u8], origin: &Origin) -> Result<(), ApiError> {
        let data = data_of(
            answer,
            origin,
            if self.is_array() { Asked::Array } else { Asked::Other },
        )?
        .ok_or_else(|| ApiError::Foreign(Oddity::Shape("it has no 'data'".to_owned())))?;
        let echo = Sent::parse(data.get()).ok_or(ApiError::WrongEcho(EchoFault::Shape))?;
        match (self, &echo) {
            (Self::One(sent), Sent::One(got)) => same_fields(1, sent, got),
            (Self::Many(sent), Sent::Many(got)) if sent.len() == got.len() => (1..)
                .zip(sent.iter().zip(got))
                .try_for_each(|(number, (sent, got))| same_fields(number, sent, got)),
            (Self::Many(sent), Sent::Many(got)) => Err(EchoFault::Count {
                sent: sent.len(),
                got: got.len(),
            }),
            _ => Err(EchoFault::Shape),
        }
        .map_err(ApiError::WrongEcho)
    }
}

/// A body that is sent, looked over quickly.
pub(super) struct Body<'a> {
    text: &'a str,
    pub(super) is_array: bool,
}

impl<'a> Body<'a> {
    /// Checks what is about to be sent, as [`Sent::body`] does.
    pub(super) fn check(body: &'a [u8]) -> Result<Self, ApiError> {
        if let Ok(text) = simdutf8::basic::from_utf8(body)
            && let Some(what) = plainly(text)
        {
            let is_array = what == Plainly::Items;
            return Ok(Self { text, is_array });
        }
        let sent = Sent::body(body)?;
        let text = std::str::from_utf8(body).map_err(|_| ApiError::Body)?;
        Ok(Self {
            text,
            is_array: sent.is_array(),
        })
    }

    /// Compares it with the answer, as [`Sent::verify`] does.
    pub(super) fn verify(&self, answer: &[u8], origin: &Origin) -> Result<(), ApiError> {
        if self.is_plainly_in(answer) {
            return Ok(());
        }
        Sent::body(self.text.as_bytes())?.verify(answer, origin)
    }

    /// Whether the answer is of the usual form and holds what was sent, spelled as it was sent, whatever it adds. What is
    /// found so the long way finds as well.
    fn is_plainly_in(&self, answer: &[u8]) -> bool {
        let mut rest = answer;
        for word in ["{", "\"success\"", ":", "true", ",", "\"data\"", ":"] {
            match rest.trim_ascii_start().strip_prefix(word.as_bytes()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        if let Some(end) = rest.trim_ascii_start().strip_prefix(self.text.as_bytes()) {
            return end.trim_ascii() == b"}";
        }
        let Ok(rest) = simdutf8::basic::from_utf8(rest) else {
            return false;
        };
        let (mut sent, mut got) = (ItemParser::new(self.text), ItemParser::new(rest));
        if (got.peek() == Some(b'[')) != self.is_array {
            return false;
        }
        let mut items = Vec::new();
        let same = skim(&mut got, self.is_array, &mut |_, got| {
            items.push(got.fields.to_vec());
            true
        });
        let mut items = items.iter();
        let same = same
            && skim(&mut sent, self.is_array, &mut |_, sent| {
                items.next().is_some_and(|got| holds_all(sent.fields, got))
            });
        same && items.next().is_none() && got.peek() == Some(b'}') && {
            got.skip();
            got.peek().is_none()
        }
    }
}

/// Reads the item, or the items of the array, that begins here; false where it isn't that, or where `take` says so.
fn skim<'a>(items: &mut ItemParser<'a>, is_array: bool, take: &mut dyn FnMut(usize, &Item<'_, 'a>) -> bool) -> bool {
    if !is_array {
        return items.item().is_ok_and(|item| take(0, &item));
    }
    items.peek();
    items.skip();
    if items.peek() == Some(b']') {
        items.skip();
        return true;
    }
    for number in 0.. {
        if !items.item().is_ok_and(|item| take(number, &item)) {
            return false;
        }
        match items.peek() {
            Some(b',') => items.skip(),
            Some(b']') => break,
            _ => return false,
        }
    }
    items.skip();
    true
}

/// Whether every field that was sent came back, spelled alike.
fn holds_all(sent: &[StoredField<'_>], got: &[StoredField<'_>]) -> bool {
    sent.iter().enumerate().all(|(at, (name, value))| {
        let same_place = got.get(at).filter(|(other, _)| other == name);
        is_the_servers(name)
            || same_place
                .or_else(|| got.iter().find(|(other, _)| other == name))
                .is_some_and(|(_, other)| other == value)
    })
}

/// The `data` of an answer whose status was good, unless it says itself that it failed.
pub(super) fn data_of<'a>(answer: &'a [u8], origin: &Origin, asked: Asked) -> Result<Option<&'a RawValue>, ApiError> {
    let not_json = || ApiError::Foreign(Oddity::NotJson(message::words(answer, false, &origin.key)));
    let text = std::str::from_utf8(answer).map_err(|_| not_json())?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            origin.lost(Loss::Cut)
        } else {
            not_json()
        }
    })?;
    match fields.get("success").map(RawValue::get) {
        Some("true") => {}
        // A deployment that leaves the word out still has to send the data.
        None if fields.get("data").is_some() => {}
        None => {
            return Err(ApiError::Foreign(Oddity::Shape(
                "it says neither 'success' nor 'data'".to_owned(),
            )));
        }
        Some(_) => return Err(origin.not_success(message::words(answer, false, &origin.key), asked)),
    }
    Ok(fields.get("data"))
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(n, _)| n.0 == name).map(|(_, value)| *value)
    }
}

/// The server keeps its own `updated_at` and `updated_by`, whatever is sent.
fn is_the_servers(name: &str) -> bool {
    SERVER_FIELDS.contains(&name)
}

fn same_fields(number: usize, sent: &Fields<'_>, got: &Fields<'_>) -> Result<(), EchoFault> {
    let mut index: Option<HashMap<&str, &RawValue>> = None;
    let mut in_order = got.0.iter();
    for (name, value) in &sent.0 {
        // An echo usually has the order that was sent, so that the next field is the one; else an index is made, once.
        let echoed = match &index {
            None => match in_order.next() {
                Some((next, echoed)) if next.0 == name.0 => Some(*echoed),
                _ => {
                    let all: HashMap<_, _> = got.0.iter().map(|(n, v)| (n.0.as_ref(), *v)).collect();
                    let found = all.get(name.0.as_ref()).copied();
                    index = Some(all);
                    found
                }
            },
            Some(all) => all.get(name.0.as_ref()).copied(),
        };
        let same = is_the_servers(&name.0) || echoed.is_some_and(|echoed| same_text(value.get(), echoed.get()));
        if !same {
            let field = name.0.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(EchoFault::Field { number, field });
        }
    }
    Ok(())
}

fn same_text(sent: &str, got: &str) -> bool {
    sent == got
        || match (serde_json::from_str(sent), serde_json::from_str(got)) {
            (Ok(sent), Ok(got)) => same_value(&sent, &got),
            _ => false,
        }
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

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(sent: &str, data: &str) -> Result<(), ApiError> {
        let answer = format!(r#" {{"data":{data},"success":true}} "#);
        let plain = Sent::body(sent.as_bytes())?.verify(answer.as_bytes(), &Origin::for_tests());
        for usual in [answer, format!(r#"{{"success": true, "data": {data}}}"#)] {
            let quick = Body::check(sent.as_bytes())?.verify(usual.as_bytes(), &Origin::for_tests());
            assert_eq!(format!("{quick:?}"), format!("{plain:?}"), "{sent} → {usual}");
        }
        plain
    }

    fn fault(sent: &str, data: &str) -> EchoFault {
        match verify(sent, data) {
            Err(ApiError::WrongEcho(fault)) => fault,
            other => panic!("{sent} → {data}: {other:?}"),
        }
    }

    fn field(number: usize, field: &str) -> EchoFault {
        EchoFault::Field {
            number,
            field: field.to_owned(),
        }
    }

    #[test]
    fn an_echo_may_be_spelled_otherwise_and_hold_more() {
        for (sent, data) in [
            (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"a","n":1}"#),
            (
                r#"{"item_id":"a","n":1}"#,
                r#"{ "updated_by":"me", "n": 1.0, "item_id":"a", "updated_at":"now" }"#,
            ),
            (r#"{"item_id":"é\n"}"#, r#"{"item_id":"\u00e9\u000a"}"#),
            (
                r#"{"item_id":"a","n":1e2,"m":-0.0}"#,
                r#"{"item_id":"a","n":100,"m":0}"#,
            ),
            (r#"{"item_id":"a","n":0.1000}"#, r#"{"item_id":"a","n":0.1}"#),
            (
                r#"{"item_id":"a","m":{"x":{"y":[1,2]}}}"#,
                r#"{"item_id":"a","m":{"z":1,"x":{"y":[1.0,2]}}}"#,
            ),
            (
                r#"{"item_id":"a","updated_at":"then"}"#,
                r#"{"item_id":"a","updated_at":"now"}"#,
            ),
            (
                r#"{"item_id":"a","x":null,"y":""}"#,
                r#"{"y":"","x":null,"item_id":"a"}"#,
            ),
            (
                r#"[{"item_id":"a"},{"item_id":"b"}]"#,
                r#"[{"item_id":"a","x":1},{"item_id":"b"}]"#,
            ),
            ("[]", "[]"),
        ] {
            assert!(verify(sent, data).is_ok(), "{sent} → {data}");
        }
    }

    #[test]
    fn an_echo_that_lacks_or_changes_something_is_none() {
        let two = r#"[{"item_id":"a","n":1},{"item_id":"b","n":2}]"#;
        assert_eq!(
            fault(two, r#"[{"item_id":"a","n":1}]"#),
            EchoFault::Count { sent: 2, got: 1 }
        );
        assert_eq!(
            fault(two, r#"[{"item_id":"b","n":2},{"item_id":"a","n":1}]"#),
            field(1, "item_id")
        );
        assert_eq!(
            fault(two, r#"[{"item_id":"a","n":1},{"item_id":"b","n":3}]"#),
            field(2, "n")
        );
        assert_eq!(fault(two, r#"{"item_id":"a","n":1}"#), EchoFault::Shape);
        assert_eq!(fault(r#"{"item_id":"a"}"#, r#"[{"item_id":"a"}]"#), EchoFault::Shape);
        assert_eq!(fault(r#"{"item_id":"a"}"#, "[]"), EchoFault::Shape);
        assert_eq!(fault(r#"{"item_id":"a"}"#, "{}"), field(1, "item_id"));
        assert_eq!(fault(r#"{"item_id":"a"}"#, "null"), EchoFault::Shape);
        for (sent, got) in [
            ("1", "\"1\""),
            ("null", "\"\""),
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.2"),
            ("[1,2]", "[1]"),
            ("{\"x\":1}", "{}"),
            ("true", "1"),
            ("\"a\"", "\"A\""),
        ] {
            let with = |value| format!(r#"{{"item_id":"a","v":{value}}}"#);
            assert_eq!(fault(&with(sent), &with(got)), field(1, "v"), "{sent} → {got}");
        }
    }

    #[test]
    fn what_is_no_json_is_never_sent() {
        for body in [
            "",
            "x",
            "1",
            "null",
            r#"{"n":NaN}"#,
            r#"[{"n":Infinity}]"#,
            "[1]",
            r#"{"a":1"#,
            "{}x",
        ] {
            assert!(matches!(Sent::body(body.as_bytes()), Err(ApiError::Body)), "{body}");
            assert!(matches!(Body::check(body.as_bytes()), Err(ApiError::Body)), "{body}");
        }
        assert!(matches!(Sent::body(b"{\"a\":\"\xff\"}"), Err(ApiError::Body)));
    }

    #[test]
    fn an_answer_that_is_no_success_is_told_from_one_of_an_unknown_shape() {
        let origin = Origin::for_tests();
        let of = |answer: &str| {
            data_of(answer.as_bytes(), &origin, Asked::Other).map(|data| data.map(|d| d.get().to_owned()))
        };
        assert_eq!(of(r#"{"success":true}"#).unwrap(), None);
        assert_eq!(of(r#"{"data":[]}"#).unwrap().as_deref(), Some("[]"));
        assert!(
            matches!(of(r#"{"success":false,"message":"no"}"#), Err(ApiError::Foreign(Oddity::NotSuccess(m))) if m == "no")
        );
        assert!(matches!(of("{}"), Err(ApiError::Foreign(Oddity::Shape(_)))));
        assert!(matches!(of("hello"), Err(ApiError::Foreign(Oddity::NotJson(_)))));
        assert!(matches!(of(r#"{"success":true,"da"#), Err(ApiError::Lost { .. })));
        assert!(matches!(
            of(r#"{"success":true}}"#),
            Err(ApiError::Foreign(Oddity::NotJson(_)))
        ));
    }
}
