//! Why an item is left as it is: the sentence about an item that has changed since, and the fields that differ.
//!
//! Doesn't belong here: reading the item again (`upload`), what undoing wants of it (`undo`).

use serde_json::Value;

use crate::columns::{as_text, same};
use crate::item::{Object, SERVER_FIELDS};

/// How many fields of one item are named.
const MOST_FIELDS: usize = 3;

/// How many characters of a value are shown.
const MOST_LETTERS: usize = 40;

/// The reason for leaving an item: `A1 is not changed: its status has changed since`.
#[must_use]
pub fn left(id: &str, why: &str) -> String {
    format!("{id} is not changed: {why}")
}

/// How an item differs from what the plan found stored, by value; none where it doesn't. Fields that the server sets
/// itself don't count: an item that was saved again with the same values can be created again from what the journal holds.
#[must_use]
pub fn changed_since_the_plan(planned: &Object, now: &Object) -> Option<String> {
    changed_since(planned, now, "the plan")
}

/// How an item differs from what it was at a moment, by the same rules: `its status has changed since …`.
#[must_use]
pub fn changed_since(then: &Object, now: &Object, moment: &str) -> Option<String> {
    let added = now.keys().filter(|field| !then.contains_key(*field));
    let mut fields: Vec<&str> = then
        .keys()
        .chain(added)
        .map(String::as_str)
        .filter(|field| !SERVER_FIELDS.contains(field) && !same(field, then.get(*field), now.get(*field)))
        .collect();
    fields.sort_unstable();
    let values = |field: &str| format!("{} → {}", shown(then.get(field)), shown(now.get(field)));
    if let [field] = fields[..] {
        return Some(format!("its {field} has changed since {moment} ({})", values(field)));
    }
    let named = fields.iter().take(MOST_FIELDS);
    let pairs: Vec<String> = named.map(|field| format!("{field} {}", values(field))).collect();
    let more = if fields.len() > MOST_FIELDS { ", …" } else { "" };
    let count = fields.len();
    (count > 0).then(|| {
        format!(
            "{count} of its fields have changed since {moment} ({}{more})",
            pairs.join(", ")
        )
    })
}

/// A value for a person, cut where it is long.
#[must_use]
pub fn shown(value: Option<&Value>) -> String {
    match value.map(as_text) {
        None => "nothing".to_owned(),
        Some(text) if text.is_empty() => "nothing".to_owned(),
        Some(text) => {
            let short: String = text.chars().take(MOST_LETTERS).collect();
            let cut = if short.len() < text.len() { "…" } else { "" };
            if matches!(value, Some(Value::String(_))) {
                format!("{short:?}{cut}")
            } else {
                format!("{short}{cut}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(planned: &Value, now: &Value) -> Option<String> {
        changed_since_the_plan(planned.as_object().unwrap(), now.as_object().unwrap())
    }

    #[test]
    fn a_difference_is_named_with_both_values() {
        let planned = json!({"item_id": "A1", "status": "OnHold", "quantity": 5});
        let now = json!({"item_id": "A1", "status": "Active", "quantity": 5});
        assert_eq!(
            change(&planned, &now).as_deref(),
            Some(r#"its status has changed since the plan ("OnHold" → "Active")"#)
        );
        // A field that is new, and one that is gone.
        assert_eq!(
            change(&planned, &json!({"item_id": "A1", "status": "OnHold", "own": {"a": 1}})).as_deref(),
            Some(r#"2 of its fields have changed since the plan (own nothing → {"a":1}, quantity 5 → nothing)"#)
        );
        let many = json!({"item_id": "A2", "a": 1, "b": "2", "c": 3});
        assert_eq!(
            change(&planned, &many).as_deref(),
            Some(r#"6 of its fields have changed since the plan (a nothing → 1, b nothing → "2", c nothing → 3, …)"#)
        );
    }

    #[test]
    fn what_is_equal_by_value_has_not_changed() {
        let planned = json!({
            "id": "A1", "item_id": "A1", "quantity": "5.0", "units": "", "extra": {"a": 1, "b": null},
            "updated_at": "then", "updated_by": "somebody",
        });
        let now = json!({
            "id": 7, "item_id": "A1", "quantity": 5, "status": "None", "extra": {"a": 1.0}, "updated_at": "now",
        });
        assert_eq!(change(&planned, &now), None);
        assert_eq!(change(&now, &planned), None);
        assert_eq!(change(&json!({}), &json!({})), None);
    }

    #[test]
    fn a_change_inside_a_map_or_an_array_counts() {
        for (then, now) in [
            (json!({"a": {"b": [1, 2]}}), json!({"a": {"b": [2, 1]}})),
            (json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": "x"}})),
            (json!({"a": "1"}), json!({"a": 1})),
            (json!({"item_id": "A1"}), json!({"item_id": "A2"})),
        ] {
            assert!(change(&then, &now).is_some(), "{then} {now}");
        }
    }
}
