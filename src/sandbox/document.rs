//! What Firestore would make of an item: which documents it takes, how it merges, how it orders. No I/O.
//!
//! Doesn't belong here: where items are kept (`store`).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::item::Object;

/// Firestore's limit on one document.
const MAX_DOCUMENT_BYTES: usize = 1_048_576;

/// Below this length of JSON no document can reach Firestore's limit, by whichever way bytes are counted: the dearest
/// value, a one-digit number in an array, takes 2 bytes of JSON and 8 of Firestore.
const SURELY_SMALL_JSON: usize = MAX_DOCUMENT_BYTES / 5;

/// Firestore's limit on a document's or a field's name.
const MAX_NAME_BYTES: usize = 1500;

/// Firestore's limit on maps and arrays inside each other.
const MAX_DEPTH: usize = 20;

/// The text under which a number beyond a double is kept: JSON has no infinity, but every reader of numbers as text
/// takes this one, and none takes it for a finite one.
pub(super) const INFINITY: &str = "1e999";

/// Firestore refuses the document; the server answers 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// Where an id leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To a document of the inventory.
    Inventory,
    /// To a document of a collection below one of the inventory's, where nobody ever looks: an even number of `/`.
    Lost,
}

/// Where an id leads, by Firestore's rules for names and paths (an odd number of `/` makes a path to a collection).
pub(super) fn place(id: &str) -> Result<Place, Refused> {
    if is_bad_name(id) || id == "." || id == ".." {
        return Err(Refused);
    }
    match id.bytes().filter(|byte| *byte == b'/').count() {
        0 => Ok(Place::Inventory),
        slashes if slashes.is_multiple_of(2) => Ok(Place::Lost),
        _ => Err(Refused),
    }
}

fn is_bad_name(name: &str) -> bool {
    name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || (name.len() >= 4 && name.starts_with("__") && name.ends_with("__"))
}

/// Whether a document holds a number that is not finite, which no answer can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Poison(pub(super) bool);

/// Checks a document's fields, and brings its numbers to what Firestore keeps: integers of 64 bit, else doubles.
/// A number's text stays as it is unless it has more digits than a double can hold.
pub(super) fn admit(item: &mut Object) -> Result<Poison, Refused> {
    admit_map(item, 0)
}

fn admit_map(map: &mut Object, depth: usize) -> Result<Poison, Refused> {
    if depth > MAX_DEPTH {
        return Err(Refused);
    }
    let mut poison = false;
    for (name, value) in map.iter_mut() {
        if is_bad_name(name) {
            return Err(Refused);
        }
        poison |= admit_value(value, depth)?.0;
    }
    Ok(Poison(poison))
}

fn admit_value(value: &mut Value, depth: usize) -> Result<Poison, Refused> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(Poison(false)),
        Value::Number(number) => admit_number(number),
        Value::Object(map) => admit_map(map, depth + 1),
        Value::Array(elements) => {
            if depth >= MAX_DEPTH {
                return Err(Refused);
            }
            let mut poison = false;
            for element in elements {
                if element.is_array() {
                    return Err(Refused);
                }
                poison |= admit_value(element, depth + 1)?.0;
            }
            Ok(Poison(poison))
        }
    }
}

fn admit_number(number: &mut Number) -> Result<Poison, Refused> {
    let text = number.as_str();
    let is_integer = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_integer {
        return text.parse::<i64>().map(|_| Poison(false)).map_err(|_| Refused);
    }
    let double: f64 = text.parse().map_err(|_| Refused)?;
    if !double.is_finite() {
        return Ok(Poison(true));
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if digits > 17
        && let Some(rounded) = Number::from_f64(double)
    {
        *number = rounded;
    }
    Ok(Poison(false))
}

/// Whether a document that is already stored holds a number that is not finite.
pub(super) fn poison(item: &Object) -> Poison {
    fn of(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.as_str().parse().is_ok_and(|double: f64| !double.is_finite()),
            Value::Array(elements) => elements.iter().any(of),
            Value::Object(map) => map.values().any(of),
            _ => false,
        }
    }
    Poison(item.values().any(of))
}

/// Merges as Firestore's `set(…, merge=True)` does: maps leaf by leaf, an empty map being a leaf; all else is replaced.
pub(super) fn merge(stored: &mut Object, posted: Object) {
    for (name, value) in posted {
        match (stored.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(patch)) if !patch.is_empty() => merge(below, patch),
            (Some(place), value) => *place = value,
            (None, value) => {
                stored.insert(name, value);
            }
        }
    }
}

/// Whether a document is small enough for Firestore, given its id and its JSON text.
pub(super) fn fits(id: &str, item: &Object, json: &str) -> bool {
    json.len() < SURELY_SMALL_JSON || id.len() + 64 + map_bytes(item) <= MAX_DOCUMENT_BYTES
}

/// A map's size as Firestore counts it: names and texts by their bytes and one more, numbers eight, the rest one.
fn map_bytes(map: &Object) -> usize {
    map.iter()
        .map(|(name, value)| name.len() + 1 + value_bytes(value))
        .sum()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 1,
        Value::Array(elements) => elements.iter().map(value_bytes).sum(),
        Value::Object(map) => map_bytes(map),
    }
}

/// The id that the server makes of whatever stands in `item_id`: Python's `str`. None for arrays and maps, whose
/// text no path takes.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some("None".to_owned()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The value at a field path (`a.b` is `b` in the map `a`).
pub(super) fn at_path(mut item: Object, path: &str) -> Option<Value> {
    let mut names = path.split('.');
    let mut value = item.remove(names.next()?)?;
    for name in names {
        value = match value {
            Value::Object(mut map) => map.remove(name)?,
            _ => return None,
        };
    }
    Some(value)
}

/// Firestore's order of values: null, booleans, numbers, texts by their UTF-8 bytes, arrays, maps.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::Array(_) => 4,
            Value::Object(_) => 5,
        }
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => double(a).total_cmp(&double(b)),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let first = a
                .iter()
                .zip(b)
                .map(|((name_a, a), (name_b, b))| name_a.cmp(name_b).then_with(|| compare(a, b)))
                .find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn double(number: &Number) -> f64 {
    number.as_str().parse().unwrap_or(f64::INFINITY)
}

/// Reads JSON as the server's Python does: the bare words `NaN` and `Infinity` are numbers (kept as [`INFINITY`]).
pub(super) fn parse(body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_slice(&without_bare_words(body)?).ok(),
    }
}

/// The body with every bare `NaN` and `Infinity` outside of texts written as a number; none where it holds none.
fn without_bare_words(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    let (mut in_text, mut found) = (false, false);
    while let Some((first, tail)) = rest.split_first() {
        if in_text {
            out.push(*first);
            rest = tail;
            if *first == b'\\' {
                if let Some((escaped, tail)) = tail.split_first() {
                    out.push(*escaped);
                    rest = tail;
                }
            } else if *first == b'"' {
                in_text = false;
            }
        } else if let Some(tail) = rest.strip_prefix(b"NaN").or_else(|| rest.strip_prefix(b"Infinity")) {
            out.extend_from_slice(INFINITY.as_bytes());
            rest = tail;
            found = true;
        } else {
            in_text = *first == b'"';
            out.push(*first);
            rest = tail;
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_id_leads_to_the_inventory_to_nowhere_or_is_refused() {
        for id in ["a", " a ", "é", "__", "a.b", "__a", &"x".repeat(1500)] {
            assert_eq!(place(id), Ok(Place::Inventory), "{id}");
        }
        for id in ["a/b/c", "a/b/c/d/e"] {
            assert_eq!(place(id), Ok(Place::Lost), "{id}");
        }
        for id in ["", ".", "..", "____", "__a__", "a/b", "/", &"x".repeat(1501)] {
            assert_eq!(place(id), Err(Refused), "{id}");
        }
    }

    #[test]
    fn an_empty_map_replaces_where_a_filled_one_merges() {
        let mut stored = object(json!({ "map": { "a": 1 }, "other": { "a": 1 } }));
        merge(&mut stored, object(json!({ "map": {}, "other": { "b": 2 } })));
        assert_eq!(stored, object(json!({ "map": {}, "other": { "a": 1, "b": 2 } })));
    }

    #[test]
    fn twenty_levels_are_taken_and_one_more_is_not() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert_eq!(
            admit(&mut object(nested(21))),
            Ok(Poison(false)),
            "the document itself is no level"
        );
        assert_eq!(admit(&mut object(nested(22))), Err(Refused));
    }

    #[test]
    fn values_order_by_kind_and_then_by_value() {
        let ordered = [
            json!(null),
            json!(false),
            json!(true),
            json!(-2),
            json!(1.5),
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_994_i64),
            json!(""),
            json!("10"),
            json!("9"),
            json!("a"),
            json!("é"),
            json!([]),
            json!([1]),
            json!([1, 0]),
            json!([2]),
            json!({}),
            json!({ "a": 1 }),
            json!({ "b": 0 }),
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_field_path_leads_into_maps() {
        let item = object(json!({ "a": { "b": 1 }, "c": null }));
        assert_eq!(at_path(item.clone(), "a.b"), Some(json!(1)));
        assert_eq!(at_path(item.clone(), "c"), Some(Value::Null));
        assert_eq!(at_path(item.clone(), "a.b.c"), None);
        assert_eq!(at_path(item, "d"), None);
    }

    #[test]
    fn bare_words_are_numbers_and_the_same_words_in_texts_are_not() {
        let item = parse(br#"{"a": NaN, "b": -Infinity, "c": "NaN \" Infinity", "NaN": [Infinity]}"#).unwrap();
        assert_eq!(item["c"], json!("NaN \" Infinity"));
        assert!(item["b"].to_string().starts_with("-1e"));
        assert_eq!(admit(&mut object(item)), Ok(Poison(true)));
        assert_eq!(parse(b"{\"a\": Nan}"), None);
    }

    #[test]
    fn no_document_that_is_surely_small_is_too_large() {
        let digits = format!("[{}1]", "1,".repeat(SURELY_SMALL_JSON / 2 - 2));
        let item = object(json!({ "a": serde_json::from_str::<Value>(&digits).unwrap() }));
        assert!(digits.len() < SURELY_SMALL_JSON && map_bytes(&item) < MAX_DOCUMENT_BYTES - 2000);
    }
}
