//! Whether an item is saved although the API stores some of its values in another spelling: trimmed, rounded, in capitals.
//!
//! The rule, for each field whose stored value is not the value that was sent:
//! - The API has answered the post with every item, and other values (`echoed`): the value is stored differently if it is
//!   another spelling of the sent value, or is neither blank nor the value from before the post.
//! - There is no such answer: only if it is another spelling, and not the value from before the post.
//! - Anything else is not saved: the value from before the post is still there, or none.
//!
//! Another spelling is a text that differs in case or white space, a number that was rounded or cut to fewer decimals, and a
//! number or a logical value as text or the reverse; of a map or an array, that of each part.
//!
//! Doesn't belong here: when two values are the same (`columns`), reading items back (`reconcile`).

use serde_json::Value;

use crate::columns::{as_text, is_nothing, same};
use crate::item::{ITEM_ID, Object};

/// Two numbers are one beyond these digits: some servers keep the 24 bits of a short float.
const SHORT_FLOAT: f64 = 1e-6;

/// The stored values of the fields that are stored differently; empty if all are stored as they were sent. `None` if the item
/// was not saved by this post. `before` has the stored values from before the post.
#[must_use]
pub fn stored_as(sent: &Object, before: Option<&Object>, stored: &Object, echoed: bool) -> Option<Object> {
    let mut differing = Object::new();
    // An item is known by its document's id, which is what was asked for.
    for (field, value) in sent.iter().filter(|(field, _)| field.as_str() != ITEM_ID) {
        let now = stored.get(field);
        if same(field, Some(value), now) {
            continue;
        }
        let now = now.filter(|now| !is_nothing(Some(now)))?;
        let is_new = !same(field, before.and_then(|before| before.get(field)), Some(now));
        let is_spelling = is_spelling(value, now);
        let is_saved = if echoed {
            is_spelling || is_new
        } else {
            is_spelling && is_new
        };
        if !is_saved {
            return None;
        }
        differing.insert(field.clone(), now.clone());
    }
    Some(differing)
}

/// Whether a stored value is the sent one in another spelling.
#[must_use]
pub fn is_spelling(sent: &Value, stored: &Value) -> bool {
    // Depth is bounded: serde_json parses no more than 128 levels.
    match (sent, stored) {
        (Value::Object(sent), Value::Object(stored)) => sent.iter().all(|(key, sent)| match stored.get(key) {
            Some(stored) => same("", Some(sent), Some(stored)) || is_spelling(sent, stored),
            None => is_nothing(Some(sent)),
        }),
        (Value::Array(sent), Value::Array(stored)) => {
            let mut pairs = sent.iter().zip(stored);
            sent.len() == stored.len() && pairs.all(|(sent, stored)| sent == stored || is_spelling(sent, stored))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => {
            let (sent, stored) = (as_text(sent), as_text(stored));
            let folded = folded(&sent);
            !folded.is_empty() && (folded == self::folded(&stored) || is_rounded(sent.trim(), stored.trim()))
        }
    }
}

/// A text without what trimming, tidying and capitals change.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a number is another one with fewer decimals, or the same for a short float.
fn is_rounded(sent: &str, stored: &str) -> bool {
    let (Ok(a), Ok(b)) = (sent.parse::<f64>(), stored.parse::<f64>()) else {
        return false;
    };
    let difference = (a - b).abs();
    if !difference.is_finite() {
        return false;
    }
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let (long, short) = (decimals(sent), decimals(stored));
    let unit = i32::try_from(short).map_or(0.0, |short| 10_f64.powi(-short));
    difference <= a.abs() * SHORT_FLOAT || (short < long && difference < unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn of(sent: &Value, before: &Value, stored: &Value, echoed: bool) -> Option<Value> {
        let with = |value: &Value| object(&json!({"item_id": "A1", "f": value}));
        let before = (!before.is_null()).then(|| object(&json!({"f": before})));
        let differing = stored_as(&with(sent), before.as_ref(), &with(stored), echoed);
        differing.map(|mut differing| differing.remove("f").unwrap_or_default())
    }

    #[test]
    fn another_spelling_is_told_from_another_value() {
        for (sent, stored) in [
            (json!(" Kush  OG "), json!("Kush OG")),
            (json!("kush"), json!("KUSH")),
            (json!("Straße"), json!("straße ")),
            (json!(12.345), json!(12.35)),
            (json!(12.345), json!(12.34)),
            (json!(12.6), json!(12)),
            (json!(0.1), json!(0.100_000_001_490_116_12)),
            (json!(5), json!("5")),
            (json!("05.50"), json!(5.5)),
            (json!(true), json!("True")),
            (json!({"a": [" x"], "b": null}), json!({"a": ["X"], "c": 1})),
        ] {
            assert!(is_spelling(&sent, &stored), "{sent} {stored}");
        }
        for (sent, stored) in [
            (json!("Kush"), json!("Kush 2")),
            (json!("Kush"), json!("")),
            (json!(12.5), json!(12.6)),
            (json!(12), json!(13)),
            (json!(12.5), json!(14)),
            (json!("a"), json!(["a"])),
            (json!([1, 2]), json!([1])),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(null), json!("x")),
        ] {
            assert!(!is_spelling(&sent, &stored), "{sent} {stored}");
        }
    }

    #[test]
    fn what_the_answer_shows_counts_as_saved_unless_the_old_value_or_none_is_there() {
        let (none, new, old) = (json!(null), json!("Vault 1"), json!("Cellar"));
        for echoed in [true, false] {
            assert_eq!(of(&new, &none, &new, echoed), Some(none.clone()), "as it was sent");
            assert_eq!(of(&new, &old, &json!("VAULT 1"), echoed), Some(json!("VAULT 1")));
            assert_eq!(of(&new, &old, &old, echoed), None, "the old value is still there");
            assert_eq!(of(&new, &none, &none, echoed), None, "nothing is there");
        }
        // Another value is the API's own, if its answer has shown it; else somebody else may have stored it.
        assert_eq!(of(&new, &old, &json!("V-1"), true), Some(json!("V-1")));
        assert_eq!(of(&new, &none, &json!("V-1"), true), Some(json!("V-1")));
        assert_eq!(of(&new, &old, &json!("V-1"), false), None);
        // An old value that is another spelling of the new one: the answer alone tells.
        assert_eq!(
            of(&new, &json!("VAULT 1"), &json!("VAULT 1"), true),
            Some(json!("VAULT 1"))
        );
        assert_eq!(of(&new, &json!("VAULT 1"), &json!("VAULT 1"), false), None);
    }
}
