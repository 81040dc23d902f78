//! The object around an answer's `data`: `{"success": true, "data": …}`, its keys in any order.
//!
//! Doesn't belong here: what `data` holds (`stream`, `echo`, `items`), and what a failure means (`answer`).

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An answer's members. Unknown ones are checked and dropped.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    /// The text of `success`.
    success: Option<&'a str>,
    /// The text of `data`.
    pub(super) data: Option<&'a RawValue>,
    /// The server's message: the last text under `message`, `detail` or `error`.
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
    /// Parses an answer, to its last byte.
    pub(super) fn parse(answer: &'a [u8]) -> Result<Self, EnvelopeFault> {
        let mut json = serde_json::Deserializer::from_slice(answer);
        let envelope = json.deserialize_map(Members).map_err(EnvelopeFault::Json)?;
        json.end().map_err(|_| EnvelopeFault::Trailing)?;
        Ok(envelope)
    }

    /// Whether `success` is true; `None` without `success`.
    pub(super) fn success(&self) -> Option<bool> {
        self.success.map(|value| value == "true")
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with 'success' and 'data'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "success" => envelope.success = Some(map.next_value::<&RawValue>()?.get()),
                "data" if envelope.data.is_some() => return Err(A::Error::custom("'data' comes twice")),
                "data" => envelope.data = Some(map.next_value()?),
                "message" | "detail" | "error" => {
                    if let Ok(text) = serde_json::from_str(map.next_value::<&RawValue>()?.get()) {
                        envelope.message = Some(text);
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}
