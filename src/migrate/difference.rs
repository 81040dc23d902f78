//! What a stored item lacks of a wanted one: the leaves that differ, the leaves that only it has, and the form by which
//! two items are proved equal. Pure.
//!
//! The rules are the design's ("Comparing", "What is posted"): null, `''`, `'None'` and absent are equal; maps are
//! compared leaf by leaf, and what only the target has stays.
//!
//! Doesn't belong here: which items are compared (`verify`, `commands`).

use serde_json::Value;

use crate::columns::{canonical_number, is_nothing, same};
use crate::hash::Sha256;
use crate::item::{ITEM_ID, Kind, Object, SERVER_FIELDS, field_named};

/// The field of a nested leaf: no field of the API's, so that its values are compared as they are.
const NESTED: &str = "";

/// What a stored item lacks of a wanted one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// The wanted values that the stored item doesn't hold; of a map the leaves that differ, and no others.
    pub(super) body: Object,
    /// The stored values of those fields, whole.
    pub(super) before: Object,
}

/// A field that differs between two items, inner ones after dots (`lab.thc`).
#[derive(Clone, Debug, PartialEq)]
pub struct FieldPair {
    /// Its name.
    pub field: String,
    /// The first item's value; null where it has none.
    pub a: Value,
    /// The second item's value.
    pub b: Value,
}

/// The leaves of a wanted item that a stored one doesn't hold, with both values; what only the stored one has is no
/// difference.
pub(super) fn lacking_leaves(wanted: &Object, stored: &Object) -> Vec<FieldPair> {
    let mut pairs = Vec::new();
    for (field, value) in &difference(wanted, stored).body {
        leaves(field.clone(), Some(value), stored.get(field), false, &mut pairs);
    }
    pairs
}

/// The leaves in which two states of one stored item differ, whichever of them has more.
#[must_use]
pub fn changed_leaves(then: &Object, now: &Object) -> Vec<FieldPair> {
    let mut pairs = Vec::new();
    let added = now.keys().filter(|field| !then.contains_key(*field));
    for field in then.keys().chain(added) {
        let (a, b) = (then.get(field), now.get(field));
        if !SERVER_FIELDS.contains(&field.as_str()) && !same(field, a, b) {
            leaves(field.clone(), a, b, true, &mut pairs);
        }
    }
    pairs
}

/// Adds the leaves of a value in which it differs from another; with `both` those too that only the other one has.
fn leaves(name: String, a: Option<&Value>, b: Option<&Value>, both: bool, pairs: &mut Vec<FieldPair>) {
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (a, b)
        && !(a.is_empty() || b.is_empty())
    {
        let added = b.keys().filter(|key| both && !a.contains_key(*key));
        for key in a.keys().chain(added) {
            if !same(NESTED, a.get(key), b.get(key)) {
                leaves(format!("{name}.{key}"), a.get(key), b.get(key), both, pairs);
            }
        }
        return;
    }
    let known = |value: Option<&Value>| value.cloned().unwrap_or_default();
    pairs.push(FieldPair {
        field: name,
        a: known(a),
        b: known(b),
    });
}

/// Compares a wanted item with the one that is stored under the same id.
pub(super) fn difference(wanted: &Object, stored: &Object) -> Difference {
    let mut found = Difference::default();
    for (field, value) in wanted {
        let old = stored.get(field);
        let differs = if field == ITEM_ID {
            !is_same_id(value, old)
        } else {
            !covers(field, value, old)
        };
        if differs {
            found.body.insert(field.clone(), lacking(value, old));
            if let Some(old) = old {
                found.before.insert(field.clone(), old.clone());
            }
        }
    }
    found
}

/// Whether the stored value holds all that is wanted; it may hold more leaves.
pub(super) fn covers(field: &str, wanted: &Value, stored: Option<&Value>) -> bool {
    match (wanted, stored) {
        // Depth is bounded: no more than 128 levels are parsed.
        (Value::Object(wanted), Some(Value::Object(stored))) => {
            wanted.iter().all(|(key, value)| covers(NESTED, value, stored.get(key)))
        }
        _ => same(field, Some(wanted), stored),
    }
}

/// The leaves that have to be posted. A map that is empty replaces the stored one instead of being merged with it, so
/// nothing is posted that is there already.
fn lacking(wanted: &Value, stored: Option<&Value>) -> Value {
    match (wanted, stored) {
        (Value::Object(wanted), Some(Value::Object(stored))) => {
            let missing = wanted
                .iter()
                .filter(|(key, value)| !covers(NESTED, value, stored.get(*key)));
            missing
                .map(|(key, value)| (key.clone(), lacking(value, stored.get(key))))
                .collect()
        }
        _ => wanted.clone(),
    }
}

/// The names of the leaves that only the stored item has (`note`, `lab.contact`), in order.
pub(super) fn kept(wanted: &Object, stored: &Object) -> Vec<String> {
    let mut names = Vec::new();
    for (field, value) in stored {
        if !SERVER_FIELDS.contains(&field.as_str()) && field != ITEM_ID {
            keep(field.clone(), wanted.get(field), value, &mut names);
        }
    }
    names
}

fn keep(name: String, wanted: Option<&Value>, stored: &Value, names: &mut Vec<String>) {
    match (wanted, stored) {
        (Some(Value::Object(wanted)), Value::Object(stored)) => {
            for (key, value) in stored {
                keep(format!("{name}.{key}"), wanted.get(key), value, names);
            }
        }
        (None, stored) if !is_nothing(Some(stored)) => names.push(name),
        _ => {}
    }
}

/// What the stored item holds of the leaves that are wanted.
pub(super) fn share(wanted: &Object, stored: &Object) -> Object {
    let both = wanted
        .iter()
        .filter_map(|(key, wanted)| Some((key, wanted, stored.get(key)?)));
    both.map(|(key, wanted, stored)| {
        let value = match (wanted, stored) {
            (Value::Object(wanted), Value::Object(stored)) => Value::Object(share(wanted, stored)),
            _ => stored.clone(),
        };
        (key.clone(), value)
    })
    .collect()
}

/// The hash of an item that is equal on both sides, or what differs.
pub(super) fn compare(wanted: &Object, stored: Option<&Object>) -> Result<[u8; 32], String> {
    let Some(stored) = stored else {
        return Err("it is not there".to_owned());
    };
    let found = difference(wanted, stored);
    if !found.body.is_empty() {
        let fields: Vec<&str> = found.body.keys().map(String::as_str).collect();
        return Err(fields.join(", "));
    }
    let hash = digest(wanted);
    // Two ways to compare that were written apart: should they ever disagree, nothing is certified.
    if hash == digest(&share(wanted, stored)) {
        Ok(hash)
    } else {
        Err("its hash".to_owned())
    }
}

/// The SHA-256 of an item's canonical form: JSON without white space, keys in byte order, without the server's own fields
/// and without what is nothing; `item_id` as text; numbers (in a number field numeric text too) as an integer without
/// zeros at its end and a power of ten (`125e-1`). Two items that compare as equal have one hash.
pub(super) fn digest(item: &Object) -> [u8; 32] {
    let mut form = String::from("{");
    for (field, value) in item {
        if SERVER_FIELDS.contains(&field.as_str()) || is_nothing(Some(value)) {
            continue;
        }
        key(&mut form, field);
        match value {
            Value::Number(number) if field == ITEM_ID => text(&mut form, &number.to_string()),
            Value::String(content) if is_number_field(field) => match canonical_number(content) {
                Some(number) => form.push_str(&number),
                None => text(&mut form, content),
            },
            value => canonical(&mut form, value),
        }
    }
    form.push('}');
    Sha256::digest(form)
}

fn canonical(form: &mut String, value: &Value) {
    match value {
        value if is_nothing(Some(value)) => form.push_str("null"),
        Value::Null => form.push_str("null"),
        Value::Bool(value) => form.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            let number = number.to_string();
            form.push_str(&canonical_number(&number).unwrap_or(number));
        }
        Value::String(content) => text(form, content),
        Value::Array(values) => {
            form.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    form.push(',');
                }
                canonical(form, value);
            }
            form.push(']');
        }
        Value::Object(object) => {
            form.push('{');
            for (name, value) in object.iter().filter(|(_, value)| !is_nothing(Some(value))) {
                key(form, name);
                canonical(form, value);
            }
            form.push('}');
        }
    }
}

fn key(form: &mut String, name: &str) {
    if !form.ends_with('{') {
        form.push(',');
    }
    text(form, name);
    form.push(':');
}

fn text(form: &mut String, content: &str) {
    // Text can't fail to be written.
    form.push_str(&serde_json::to_string(content).unwrap_or_default());
}

fn is_number_field(field: &str) -> bool {
    field_named(field).is_some_and(|field| field.kind == Kind::Number)
}

/// A number with the same digits is the same id.
fn is_same_id(wanted: &Value, stored: Option<&Value>) -> bool {
    match (wanted, stored) {
        (Value::String(wanted), Some(Value::Number(number))) => *wanted == number.to_string(),
        (wanted, stored) => Some(wanted) == stored,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn of_a_map_only_the_leaves_that_differ_are_posted() {
        let wanted = object(json!({"lab": {"thc": 20, "cbd": 1, "notes": {}}, "name": "a"}));
        let stored = object(json!({"lab": {"thc": 19, "cbd": 1.0, "notes": {"by": "us"}}, "name": "a"}));
        let found = difference(&wanted, &stored);
        assert_eq!(Value::Object(found.body), json!({"lab": {"thc": 20}}));
        assert_eq!(
            Value::Object(found.before),
            json!({"lab": {"thc": 19, "cbd": 1.0, "notes": {"by": "us"}}})
        );
    }

    #[test]
    fn what_only_the_target_has_is_kept_and_named() {
        let wanted = object(json!({"item_id": "A", "lab": {"thc": 20}, "status": null}));
        let stored = object(json!({
            "id": "A", "item_id": "A", "updated_at": "now", "note": "ours", "empty": "None",
            "lab": {"thc": 20, "contact": {"name": "Kim"}}, "status": "Active",
        }));
        assert_eq!(kept(&wanted, &stored), ["lab.contact", "note"]);
        let body = difference(&wanted, &stored).body;
        assert_eq!(
            Value::Object(body),
            json!({"status": null}),
            "a null of the source is a value of its own"
        );
    }

    #[test]
    fn leaves_that_differ_are_named_with_both_values() {
        let a =
            object(json!({"item_id": "A", "lab": {"thc": 20, "cbd": 1}, "name": "x", "old": 1, "updated_at": "then"}));
        let b =
            object(json!({"item_id": "A", "lab": {"thc": 19, "cbd": 1, "by": "us"}, "new": 2, "updated_at": "now"}));
        let told = |pairs: Vec<FieldPair>| {
            let told = pairs
                .into_iter()
                .map(|pair| format!("{} {} {}", pair.field, pair.a, pair.b));
            told.collect::<Vec<_>>()
        };
        // What is wanted has none of the server's own fields.
        let mut wanted = a.clone();
        wanted.remove("updated_at");
        assert_eq!(
            told(lacking_leaves(&wanted, &b)),
            ["lab.thc 20 19", "name \"x\" null", "old 1 null"]
        );
        assert_eq!(
            told(changed_leaves(&a, &b)),
            [
                "lab.thc 20 19",
                "lab.by null \"us\"",
                "name \"x\" null",
                "old 1 null",
                "new null 2"
            ]
        );
    }

    #[test]
    fn a_number_with_the_ids_digits_is_the_same_id() {
        let wanted = object(json!({"item_id": "10001"}));
        assert!(difference(&wanted, &object(json!({"item_id": 10001}))).body.is_empty());
        assert!(
            !difference(&wanted, &object(json!({"item_id": "10002"})))
                .body
                .is_empty()
        );
        assert!(!difference(&wanted, &object(json!({}))).body.is_empty());
    }

    #[test]
    fn items_that_compare_as_equal_have_one_hash() {
        let a = object(json!({"item_id": "5", "quantity": "5.0", "name": "a", "x": null, "lab": {"a": 1e2, "b": ""}}));
        let b =
            object(json!({"id": "5", "item_id": 5, "quantity": 5, "name": "a", "lab": {"a": 100}, "updated_at": "z"}));
        assert_eq!(digest(&a), digest(&b));
        let c = object(json!({"item_id": "5", "quantity": 5, "name": "A", "lab": {"a": 100}}));
        assert_ne!(digest(&b), digest(&c));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            Just(json!("None")),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON has no others", |n| n.is_finite())
                .prop_map(Value::from),
            "[a-c0-9.\"\\\\]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]", inner, 0..3).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    fn item() -> impl Strategy<Value = Object> {
        let field = prop::sample::select(vec!["name", "quantity", "x", "y"]);
        prop::collection::btree_map(field, value(), 0..4).prop_map(|map| {
            map.into_iter()
                .map(|(field, value)| (field.to_owned(), value))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_hashes_say_what_the_comparison_says(wanted in item(), stored in item()) {
            let equal = difference(&wanted, &stored).body.is_empty();
            prop_assert_eq!(equal, digest(&wanted) == digest(&share(&wanted, &stored)));
        }

        #[test]
        fn posting_the_difference_makes_them_equal(wanted in item(), stored in item()) {
            let mut merged = stored.clone();
            merge(&mut merged, difference(&wanted, &stored).body);
            prop_assert_eq!(difference(&wanted, &merged).body, Object::new());
            prop_assert_eq!(kept(&wanted, &merged), kept(&wanted, &stored));
        }
    }

    /// As the API merges: maps leaf by leaf, an empty map being a leaf.
    fn merge(stored: &mut Object, posted: Object) {
        for (key, value) in posted {
            match (stored.get_mut(&key), value) {
                (Some(Value::Object(below)), Value::Object(patch)) if !patch.is_empty() => merge(below, patch),
                (_, value) => {
                    stored.insert(key, value);
                }
            }
        }
    }
}
