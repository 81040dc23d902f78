//! What Firestore would make of an item: which documents it takes, how it merges, how it orders. No I/O.
//!
//! Doesn't belong here: where items are kept (`store`).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::python;
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

/// How much deeper than in its own document an item lies in the log document: in a map in the array `changes`.
const LOG_DEPTH: usize = 2;

/// Firestore's size of a log document without its changes, about: its name, and who did what and when.
const LOG_BYTES: usize = 384;

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
    let mut names = 0usize;
    for name in id.split('/') {
        if is_bad_name(name) || name == "." || name == ".." {
            return Err(Refused);
        }
        names += 1;
    }
    match names {
        1 => Ok(Place::Inventory),
        names if names.is_multiple_of(2) => Err(Refused),
        _ => Ok(Place::Lost),
    }
}

pub(super) fn is_bad_name(name: &str) -> bool {
    name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || (name.len() >= 4 && name.starts_with("__") && name.ends_with("__"))
}

/// Whether a document holds a number that is not finite, which no answer can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Poison(pub(super) bool);

/// What the fields of a document come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) poison: Poison,
    /// How many maps and arrays lie inside each other at most, the document itself not counted.
    depth: usize,
    /// The fields' size as Firestore counts it.
    bytes: usize,
}

impl Shape {
    /// Both documents' fields side by side.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            poison: Poison(self.poison.0 | other.poison.0),
            depth: self.depth.max(other.depth),
            bytes: self.bytes + other.bytes,
        }
    }

    /// Whether one log document takes all these items as its `changes`.
    pub(super) fn fits_log(self) -> bool {
        self.depth + LOG_DEPTH <= MAX_DEPTH && self.bytes + LOG_BYTES <= MAX_DOCUMENT_BYTES
    }
}

/// Whether the log document takes a request's whole body as its only change.
pub(super) fn log_takes(body: Value) -> bool {
    match body {
        Value::Object(mut item) => admit(&mut item).is_ok_and(Shape::fits_log),
        Value::Array(_) => false,
        other => LOG_BYTES + value_bytes(&other) <= MAX_DOCUMENT_BYTES,
    }
}

/// Checks a document's fields, and brings its numbers to what Firestore keeps: integers of 64 bit, else doubles.
/// A number's text stays as it is unless it has more digits than a double can hold.
pub(super) fn admit(item: &mut Object) -> Result<Shape, Refused> {
    admit_map(item, 0)
}

fn admit_map(map: &mut Object, depth: usize) -> Result<Shape, Refused> {
    if depth > MAX_DEPTH {
        return Err(Refused);
    }
    let mut shape = Shape {
        depth,
        ..Shape::default()
    };
    for (name, value) in map.iter_mut() {
        if is_bad_name(name) {
            return Err(Refused);
        }
        shape.bytes += name.len() + 1;
        shape = shape.and(admit_value(value, depth)?);
    }
    Ok(shape)
}

fn admit_value(value: &mut Value, depth: usize) -> Result<Shape, Refused> {
    match value {
        Value::Number(number) => Ok(Shape {
            poison: admit_number(number)?,
            bytes: 8,
            depth,
        }),
        Value::Object(map) => admit_map(map, depth + 1),
        Value::Array(elements) => {
            if depth >= MAX_DEPTH {
                return Err(Refused);
            }
            let mut shape = Shape {
                depth: depth + 1,
                ..Shape::default()
            };
            for element in elements {
                if element.is_array() {
                    return Err(Refused);
                }
                shape = shape.and(admit_value(element, depth + 1)?);
            }
            Ok(shape)
        }
        leaf => Ok(Shape {
            bytes: value_bytes(leaf),
            depth,
            ..Shape::default()
        }),
    }
}

fn admit_number(number: &mut Number) -> Result<Poison, Refused> {
    let text = number.as_str();
    if python::is_integer(number) {
        return text.parse::<i64>().map(|_| Poison(false)).map_err(|_| Refused);
    }
    let double = python::double(number);
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
            Value::Number(number) => !python::double(number).is_finite(),
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

/// Firestore's order of values: null, booleans, numbers with NaN before all others, texts by their UTF-8 bytes, arrays, maps.
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
            _ => order_of_doubles(python::double(a), python::double(b)),
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

fn order_of_doubles(a: f64, b: f64) -> Ordering {
    b.is_nan().cmp(&a.is_nan()).then_with(|| a.total_cmp(&b))
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
        for id in [
            "",
            ".",
            "..",
            "____",
            "__a__",
            "a/b",
            "/",
            "a/b/",
            "/a/b",
            "a//b",
            "a/../b",
            "a/__b__/c",
            &"x".repeat(1501),
        ] {
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
        let admitted = |levels| admit(&mut object(nested(levels)));
        assert!(admitted(21).is_ok(), "the document itself is no level");
        assert_eq!(admitted(22), Err(Refused));
        assert!(admitted(19).unwrap().fits_log());
        assert!(!admitted(20).unwrap().fits_log() && !admitted(21).unwrap().fits_log());
        let array = json!({ "a": nested(17), "b": [{ "c": nested(16) }, { "c": [1] }] });
        assert!(admit(&mut object(array.clone())).unwrap().fits_log());
        let deeper = json!({ "a": [{ "b": nested(17) }] });
        assert!(!admit(&mut object(deeper)).unwrap().fits_log());
        assert_eq!(
            admit(&mut object(array.clone())).unwrap().bytes,
            map_bytes(&object(array))
        );
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
    fn nan_comes_before_every_other_number() {
        let number = |text: &str| python::parse(text.as_bytes()).unwrap().value;
        let ordered = ["NaN", "-Infinity", "-1", "0.5", "1", "Infinity"].map(number);
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn no_document_that_is_surely_small_is_too_large() {
        let digits = format!("[{}1]", "1,".repeat(SURELY_SMALL_JSON / 2 - 2));
        let item = object(json!({ "a": serde_json::from_str::<Value>(&digits).unwrap() }));
        assert!(digits.len() < SURELY_SMALL_JSON && map_bytes(&item) < MAX_DOCUMENT_BYTES - 2000);
    }
}
