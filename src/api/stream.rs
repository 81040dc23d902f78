//! A list's answer, parsed as it arrives: one item in memory, however many come.
//!
//! Only an answer that is well-formed to its last byte counts: the API may be cut off anywhere, and a list that lost its
//! end looks like a smaller inventory.
//!
//! Doesn't belong here: lists that may be long (`pieces`).

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::item::Object;

/// What a list's answer turned out to be.
#[derive(Debug)]
pub(super) struct Answer {
    /// What `data` was.
    pub(super) data: Data,
    /// What `success` said; none where it was left out.
    pub(super) success: Option<bool>,
    /// The server's words, from `message` and its like.
    pub(super) message: Option<String>,
}

/// What `data` was.
#[derive(Debug)]
pub(super) enum Data {
    /// There was none.
    Missing,
    /// An array, of so many items.
    List(u64),
    /// Anything else; its text, if it was one.
    Other(Option<String>),
}

/// Why a list's answer couldn't be read.
#[derive(Debug)]
pub(super) enum Fault<E> {
    /// The taker of the items refused one.
    Taker(E),
    /// The bytes are no such JSON, or ended early, or couldn't be read.
    Json(serde_json::Error),
    /// The connection broke.
    Read(std::io::Error),
    /// After the end of the JSON more bytes came.
    Trailing,
}

/// Reads a list's answer to its end, handing out each item as soon as it is complete.
pub(super) fn read<E>(reader: impl Read, take: &mut dyn FnMut(Object) -> Result<(), E>) -> Result<Answer, Fault<E>> {
    let mut refusal = None;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let answer = json.deserialize_map(Envelope {
        take,
        refusal: &mut refusal,
    });
    match (answer, refusal) {
        (_, Some(refusal)) => Err(Fault::Taker(refusal)),
        (Err(error), None) => Err(Fault::Json(error)),
        (Ok(answer), None) => match json.end() {
            Ok(()) => Ok(answer),
            Err(error) if error.is_syntax() => Err(Fault::Trailing),
            Err(error) => Err(Fault::Json(error)),
        },
    }
}

struct Envelope<'a, E> {
    take: &'a mut dyn FnMut(Object) -> Result<(), E>,
    refusal: &'a mut Option<E>,
}

impl<'de, E> Visitor<'de> for Envelope<'_, E> {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with 'success' and 'data'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let Self { take, refusal } = self;
        let mut answer = Answer {
            data: Data::Missing,
            success: None,
            message: None,
        };
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "data" if matches!(answer.data, Data::Missing) => {
                    answer.data = map.next_value_seed(Items {
                        take: &mut *take,
                        refusal: &mut *refusal,
                    })?;
                }
                "data" => return Err(A::Error::custom("'data' comes twice")),
                "success" => answer.success = Some(map.next_value::<Value>()? == Value::Bool(true)),
                "message" | "detail" | "error" => {
                    if let Value::String(text) = map.next_value()? {
                        answer.message = Some(text);
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(answer)
    }
}

struct Items<'a, E> {
    take: &'a mut dyn FnMut(Object) -> Result<(), E>,
    refusal: &'a mut Option<E>,
}

impl<'de, E> DeserializeSeed<'de> for Items<'_, E> {
    type Value = Data;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E> Visitor<'de> for Items<'_, E> {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Data, A::Error> {
        let mut count = 0_u64;
        while let Some(item) = items.next_element::<Object>()? {
            if let Err(refusal) = (self.take)(item) {
                *self.refusal = Some(refusal);
                return Err(A::Error::custom("the item was refused"));
            }
            count = count.saturating_add(1);
        }
        Ok(Data::List(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Data::Other(None))
    }

    fn visit_str<F>(self, text: &str) -> Result<Data, F> {
        Ok(Data::Other(Some(text.to_owned())))
    }

    fn visit_unit<F>(self) -> Result<Data, F> {
        Ok(Data::Other(None))
    }

    fn visit_bool<F>(self, _: bool) -> Result<Data, F> {
        Ok(Data::Other(None))
    }

    fn visit_i64<F>(self, _: i64) -> Result<Data, F> {
        Ok(Data::Other(None))
    }

    fn visit_u64<F>(self, _: u64) -> Result<Data, F> {
        Ok(Data::Other(None))
    }

    fn visit_f64<F>(self, _: f64) -> Result<Data, F> {
        Ok(Data::Other(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Result<Answer, Fault<String>>, Vec<String>) {
        let mut ids = Vec::new();
        let answer = read(text.as_bytes(), &mut |item: Object| {
            let id = item.get("id").map(Value::to_string).unwrap_or_default();
            if id == "\"stop\"" {
                return Err("stopped".to_owned());
            }
            ids.push(id);
            Ok(())
        });
        (answer, ids)
    }

    #[test]
    fn keys_may_come_in_any_order_with_others_between() {
        for text in [
            r#"{"success":true,"data":[{"id":"a"},{"id":"b","n":{"x":[1.50]}}]}"#,
            " {\n \"x\":[{}], \"data\" : [ {\"id\":\"a\"} , {\"id\":\"b\"} ] , \"success\" : true } \n",
        ] {
            let (answer, ids) = parse(text);
            let answer = answer.unwrap();
            assert!(
                matches!(answer.data, Data::List(2)) && answer.success == Some(true),
                "{text}"
            );
            assert_eq!(ids, ["\"a\"", "\"b\""], "{text}");
        }
    }

    #[test]
    fn a_data_that_is_no_list_is_told_apart() {
        for other in ["null", "true", "-1", "7", "1.5", "1e999", "{}", "{\"a\":{}}", "\"x\""] {
            let (answer, _) = parse(&format!(r#"{{"success":true,"data":{other}}}"#));
            assert!(matches!(answer.unwrap().data, Data::Other(_)), "{other}");
        }
        assert!(matches!(parse("{}").0.unwrap().data, Data::Missing));
    }

    #[test]
    fn a_list_that_is_not_whole_is_an_error_at_every_cut() {
        let whole = r#"{"success":true,"data":[{"id":"a","n":1},{"id":"b"}],"x":"y"}"#;
        for cut in 0..whole.len() {
            match parse(whole.get(..cut).unwrap()).0 {
                Err(Fault::Json(error)) => assert!(error.is_eof(), "{cut}: {error}"),
                other => panic!("{cut}: {other:?}"),
            }
        }
        for trailing in ["x", "}", "{}", "[", "\0"] {
            assert!(
                matches!(parse(&format!("{whole}{trailing}")).0, Err(Fault::Trailing)),
                "{trailing}"
            );
        }
    }

    #[test]
    fn what_stands_between_items_is_checked() {
        for data in [
            "[{} {}]", "[{},]", "[{}}", "[{},,{}]", "[1]", "[null]", "[[]]", "[\"a\"]",
        ] {
            let (answer, _) = parse(&format!(r#"{{"success":true,"data":{data}}}"#));
            assert!(matches!(answer, Err(Fault::Json(_))), "{data}");
        }
        for text in ["[]", "null", "7", r#"{"data":[],"data":[]}"#] {
            assert!(matches!(parse(text).0, Err(Fault::Json(_))), "{text}");
        }
    }

    #[test]
    fn a_refusal_of_the_taker_ends_the_list() {
        let (answer, ids) = parse(r#"{"data":[{"id":"a"},{"id":"stop"},{"id":"b"}]}"#);
        assert!(matches!(answer, Err(Fault::Taker(text)) if text == "stopped"));
        assert_eq!(ids, ["\"a\""]);
    }

    #[test]
    fn numbers_keep_their_spelling_and_depth_has_a_bound() {
        let mut seen = None;
        let text = r#"{"data":[{"n":0.10,"big":123456789012345678901234567890}]}"#;
        read(text.as_bytes(), &mut |item| {
            seen = Some(Value::Object(item).to_string());
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(seen.unwrap(), r#"{"big":123456789012345678901234567890,"n":0.10}"#);
        let deep = format!(r#"{{"data":[{{"x":{}"#, "[".repeat(100_000));
        assert!(matches!(parse(&deep).0, Err(Fault::Json(_))));
    }
}
