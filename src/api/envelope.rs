//! The object around an answer's `data`: `{"success": true, "data": …}`, its keys in any order.
//!
//! Doesn't belong here: what `data` holds (`stream`, `echo`, `items`), and what a failure means (`answer`).

use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

/// An answer's members. Unknown ones are checked and dropped.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    /// Whether every `success` was true; none without any.
    success: Option<bool>,
    /// An `error` says something.
    error: bool,
    /// The text of `data`.
    pub(super) data: Option<&'a str>,
    /// The server's message: the last text under `message`, `detail`, `error` or `errors`.
    pub(super) message: Option<String>,
}

/// Why bytes aren't an envelope.
#[derive(Debug)]
pub(super) enum EnvelopeFault {
    /// They aren't a JSON object, or end early, or have two values for `data`.
    Json(serde_json::Error),
    /// More bytes follow the closing brace.
    Trailing,
}

impl<'a> Envelope<'a> {
    /// Parses an answer, to its last byte. `expected`, if any, is valid JSON, an object or an array: `data` that begins with
    /// this text is this text, because the closing bracket ends the value, and is not parsed again.
    pub(super) fn parse(answer: &'a [u8], expected: Option<&str>) -> Result<Self, EnvelopeFault> {
        let mut envelope = Self::default();
        let mut rest = Rest(answer);
        rest.one_of(b"{")?;
        let mut ended = rest.one_of(b"}").is_ok();
        while !ended {
            let name: String = rest.value()?;
            rest.one_of(b":")?;
            match name.as_str() {
                "success" => {
                    let is_true = rest.value::<&RawValue>()?.get() == "true";
                    envelope.success = Some(is_true && envelope.success.unwrap_or(true));
                }
                "data" if envelope.data.is_some() => return Err(fault("'data' is repeated")),
                "data" => envelope.data = Some(rest.data(expected)?),
                "message" | "detail" | "error" | "errors" => {
                    let value = rest.value::<&RawValue>()?.get();
                    envelope.error |= name.starts_with("error") && says_something(value);
                    if let Ok(text) = serde_json::from_str(value) {
                        envelope.message = Some(text);
                    }
                }
                _ => {
                    rest.value::<IgnoredAny>()?;
                }
            }
            ended = rest.one_of(b",}")? == b'}';
        }
        rest.skip_blanks();
        if rest.0.is_empty() {
            Ok(envelope)
        } else {
            Err(EnvelopeFault::Trailing)
        }
    }

    /// Whether the answer says that the request succeeded; `None` if it doesn't say. An answer that says both, by two
    /// values of `success` or by an `error` beside it, is no success.
    pub(super) fn success(&self) -> Option<bool> {
        if self.error { Some(false) } else { self.success }
    }
}

/// Whether a value of `error` or `errors` reports one: anything but null, false, zero, and what is empty.
fn says_something(value: &str) -> bool {
    match serde_json::from_str(value) {
        Ok(Value::Null | Value::Bool(false)) => false,
        Ok(Value::Number(number)) => number.as_f64() != Some(0.0),
        Ok(Value::String(text)) => !text.is_empty(),
        Ok(Value::Array(elements)) => !elements.is_empty(),
        Ok(Value::Object(map)) => !map.is_empty(),
        Ok(Value::Bool(true)) | Err(_) => true,
    }
}

/// What of an answer is still to be parsed.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip_blanks(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.0.split_first() {
            self.0 = rest;
        }
    }

    /// Consumes one of these bytes, and returns which.
    fn one_of(&mut self, bytes: &[u8]) -> Result<u8, EnvelopeFault> {
        self.skip_blanks();
        match self.0.split_first() {
            Some((byte, rest)) if bytes.contains(byte) => {
                self.0 = rest;
                Ok(*byte)
            }
            Some(_) => Err(fault("it is not an object with 'success' and 'data'")),
            None => Err(self.value::<IgnoredAny>().err().unwrap_or(EnvelopeFault::Trailing)),
        }
    }

    /// Parses one value.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, EnvelopeFault> {
        let mut values = Deserializer::from_slice(self.0).into_iter();
        // Without any value the error says that the answer ends early.
        let value = values.next().unwrap_or_else(|| serde_json::from_slice(&[]));
        self.0 = self.0.get(values.byte_offset()..).unwrap_or_default();
        value.map_err(EnvelopeFault::Json)
    }

    /// The text of `data`.
    fn data(&mut self, expected: Option<&str>) -> Result<&'a str, EnvelopeFault> {
        self.skip_blanks();
        let length = expected
            .filter(|text| self.0.starts_with(text.as_bytes()))
            .map(str::len);
        if let Some((text, rest)) = length.and_then(|length| self.0.split_at_checked(length)) {
            self.0 = rest;
            return simdutf8::basic::from_utf8(text).map_err(fault);
        }
        Ok(self.value::<&RawValue>()?.get())
    }
}

fn fault(what: impl std::fmt::Display) -> EnvelopeFault {
    EnvelopeFault::Json(serde_json::Error::custom(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer says, and how its fault is classified.
    fn parsed(answer: &str, expected: Option<&str>) -> String {
        match Envelope::parse(answer.as_bytes(), expected) {
            Ok(envelope) => format!("{:?} {:?} {:?}", envelope.data, envelope.success(), envelope.message),
            Err(EnvelopeFault::Json(error)) => format!("{:?}", error.is_eof()),
            Err(EnvelopeFault::Trailing) => "trailing".to_owned(),
        }
    }

    #[test]
    fn an_expected_text_changes_nothing_of_what_an_answer_says() {
        let sent = [r#"{"a":[1,"é"]}"#, r#"[{"a":"}"},{}]"#, "{}", "[]"];
        let data = [
            "{}",
            "[]",
            "{} ",
            "{}{}",
            "[]1",
            "[",
            "{",
            "null",
            "12",
            "\"{}\"",
            r#"{"a":[1,"é"]}"#,
            r#"{"a":[1,"é"],"b":2}"#,
            r#"{"a":[1,"é"]}}"#,
            r#"[{"a":"}"},{}]"#,
            r#"[{"a":"}"},{},{}]"#,
            "",
        ];
        let around = [
            ("{\"success\":true,\"data\":", "}"),
            (" {\n\"data\" : ", "\t,\"success\": false , \"message\":\"no\"} "),
            ("{\"x\":[{\"data\":1}],\"data\":", ",\"detail\":7,\"error\":\"{}\"}"),
            ("{\"data\":", ",\"data\":{}}"),
            ("{\"data\":", "} {}"),
            ("{\"data\":", ""),
            ("{\"data\":", ","),
            ("{\"data\"", "}"),
        ];
        for (before, after) in around {
            for data in data {
                let answer = format!("{before}{data}{after}");
                for sent in sent {
                    assert_eq!(parsed(&answer, Some(sent)), parsed(&answer, None), "{answer} {sent}");
                }
            }
        }
    }

    #[test]
    fn members_stand_in_any_order_and_an_early_end_is_told_from_what_is_no_envelope() {
        let whole = r#"{"message":"hi","data":[1],"other":{"a":null},"success":true}"#;
        assert_eq!(parsed(whole, None), r#"Some("[1]") Some(true) Some("hi")"#);
        assert_eq!(parsed(" {} ", None), "None None None");
        for (answer, success) in [
            (r#"{"success":true,"success":true}"#, Some(true)),
            (r#"{"success":true,"success":false}"#, Some(false)),
            (r#"{"success":false,"success":true}"#, Some(false)),
            (r#"{"success":"true"}"#, Some(false)),
            (r#"{"success":true,"error":true}"#, Some(false)),
            (r#"{"error":"disk full","success":true}"#, Some(false)),
            (r#"{"success":true,"error":{"code":7}}"#, Some(false)),
            (r#"{"success":true,"errors":["x"]}"#, Some(false)),
            (r#"{"success":true,"error":1}"#, Some(false)),
            (r#"{"data":[],"error":true}"#, Some(false)),
            (r#"{"success":true,"error":false,"errors":[]}"#, Some(true)),
            (r#"{"success":true,"error":null,"message":"saved"}"#, Some(true)),
            (r#"{"success":true,"error":"","errors":{}}"#, Some(true)),
            (r#"{"success":true,"error":0.0}"#, Some(true)),
            (r#"{"data":[],"error":null}"#, None),
        ] {
            let envelope = Envelope::parse(answer.as_bytes(), None).unwrap();
            assert_eq!(envelope.success(), success, "{answer}");
        }
        for end in 0..whole.len() {
            assert_eq!(parsed(&whole[..end], None), "true", "{end}");
        }
        for wrong in [
            "[]",
            "hello",
            "{1:2}",
            "{,}",
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{"data":1,"data":2}"#,
            r#"{"a":1;}"#,
        ] {
            assert_eq!(parsed(wrong, None), "false", "{wrong}");
        }
        assert_eq!(parsed("{}}", None), "trailing");
    }
}
