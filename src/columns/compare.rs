//! When two stored values are the same, and how a value is written as JSON or as a cell's text.
//!
//! Belongs here: values that are already JSON. Doesn't: reading cells (`cells`), whole items (`plan`).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::{Number, Value};

use super::numbers::decimal;
use super::{FieldValue, NumberStyle};
use crate::item::{Kind, field_named};
use crate::sheet::Cell;
use crate::sheet::write::unguard;

impl FieldValue<'_> {
    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Number(text) => match Number::from_str(text) {
                Ok(number) => Value::Number(number),
                // Not reached with numbers that this module has read; text loses nothing.
                Err(_) => Value::String(text.clone().into_owned()),
            },
            Self::Bool(value) => Value::Bool(*value),
            Self::Json(value) => (*value).clone(),
        }
    }
}

/// Whether a stored value is nothing: null, `''`, `'None'` or absent.
#[must_use]
pub fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty() || text == "None",
        Some(_) => false,
    }
}

/// How an export writes a stored value into an untyped text cell; blank for `null`, `''` and `'None'`.
#[must_use]
pub fn as_text(value: &Value) -> Cow<'_, str> {
    if is_nothing(Some(value)) {
        return Cow::Borrowed("");
    }
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(number.to_string()),
        other => Cow::Owned(other.to_string()),
    }
}

/// Whether two stored values are the same: null, '', 'None' and absent are equal; two numbers, and in a number field
/// a number and numeric text, are equal by value; everything else exactly, maps and arrays element by element.
#[must_use]
pub fn same(field: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            let numeric = field_named(field).is_some_and(|field| field.kind == Kind::Number);
            equal(a, b, numeric)
        }
        (a, b) => is_nothing(a) && is_nothing(b),
    }
}

/// Whether a cell's own text is how an export shows a stored value: to the letter, with or without the guard of
/// `--excel-safe`; a number by its value, as a workbook keeps nothing else of it.
#[must_use]
pub fn shows(raw: &str, stored: &Value) -> bool {
    if raw.is_empty() {
        return false;
    }
    let text = as_text(stored);
    text == raw || text == unguard(raw) || (stored.is_number() && equal_by_value(&text, raw))
}

/// The cell's own text, which `shows` compares: in JSON, which tells a text from what it may be the text of, only where the
/// reading has made something else of the cell.
#[inline]
pub(super) fn own_text<'a>(cell: Cell<'a>, value: &FieldValue<'_>, untyped: bool) -> Option<Cow<'a, str>> {
    match (cell, value) {
        (Cell::Text(text), _) if untyped => Some(Cow::Borrowed(text)),
        (Cell::Text(text), FieldValue::Text(read)) => (read != text).then_some(Cow::Borrowed(text)),
        (Cell::Text(text), FieldValue::Number(_)) => Some(Cow::Borrowed(text)),
        // A stored number, shown in a workbook under a field of text.
        (Cell::Number(..), FieldValue::Text(shown)) => Some(Cow::Owned(shown.clone().into_owned())),
        _ => None,
    }
}

fn equal(a: &Value, b: &Value, numeric: bool) -> bool {
    // Depth is bounded: serde_json parses no more than 128 levels.
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || equal_by_value(&x.to_string(), &y.to_string()),
        (Value::String(x), Value::String(y)) if x == y => true,
        (Value::String(x), Value::Number(y)) | (Value::Number(y), Value::String(x)) => {
            numeric && equal_by_value(x, &y.to_string())
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y, false)),
        (Value::Object(x), Value::Object(y)) => {
            x.iter()
                .all(|(key, x)| y.get(key).map_or_else(|| is_nothing(Some(x)), |y| equal(x, y, false)))
                && y.iter().all(|(key, y)| x.contains_key(key) || is_nothing(Some(y)))
        }
        (Value::String(x), Value::String(y)) if numeric && equal_by_value(x, y) => true,
        _ if a == b => true,
        _ => is_nothing(Some(a)) && is_nothing(Some(b)),
    }
}

/// How two numbers stand to each other by value, digit for digit; none where one of the texts is not a number.
#[must_use]
pub fn compare_numbers(a: &str, b: &str) -> Option<Ordering> {
    let value = |text: &str| {
        // `1,234` is not known to mean 1234.
        let plain = !text.contains(',');
        plain.then(|| decimal(text.trim(), NumberStyle::Us)).flatten()
    };
    Some(value(a)?.compare(&value(b)?))
}

/// A number in the one form that all texts of its value share: an integer without zeros at its end, and a power of ten
/// where that isn't 0 (`12.50` is `125e-1`). None where the text is not a number.
#[must_use]
pub fn canonical_number(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains(',') {
        return None;
    }
    Some(decimal(text, NumberStyle::Us)?.canonical())
}

fn equal_by_value(a: &str, b: &str) -> bool {
    match (decimal(a.trim(), NumberStyle::Us), decimal(b.trim(), NumberStyle::Us)) {
        // `1,234` in a stored text is not known to mean 1234.
        (Some(x), Some(y)) => !a.contains(',') && !b.contains(',') && x.equals(&y),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(field: &str, a: &str, b: &str) -> bool {
        let parse = |text: &str| (text != "absent").then(|| serde_json::from_str::<Value>(text).expect(text));
        let (a, b) = (parse(a), parse(b));
        let there = same(field, a.as_ref(), b.as_ref());
        assert_eq!(there, same(field, b.as_ref(), a.as_ref()), "{a:?} {b:?}");
        there
    }

    #[test]
    fn null_blank_none_and_absent_are_one() {
        let nothing = ["null", "\"\"", "\"None\"", "absent"];
        for a in nothing {
            for b in nothing {
                assert!(check("name", a, b), "{a} {b}");
                assert!(check("quantity", a, b), "{a} {b}");
            }
            assert!(!check("name", a, "\"none\""), "only 'None' is the vendor's nothing");
            assert!(!check("quantity", a, "0"));
            assert!(!check("name", a, "false"));
        }
    }

    #[test]
    fn numbers_are_ordered_by_value_beyond_what_a_double_holds() {
        let ascending = [
            "-1e400",
            "-12.5",
            "-12",
            "-0.5",
            "0",
            "1e-400",
            "0.05",
            "0.5",
            "5",
            "9007199254740992",
            "9007199254740993",
            "1e400",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare_numbers(a, b), Some(i.cmp(&j)), "{a} {b}");
            }
        }
        assert_eq!(compare_numbers("-0", "0.00"), Some(Ordering::Equal));
        assert_eq!(compare_numbers("x", "1"), None);
    }

    #[test]
    fn numbers_are_equal_by_value_everywhere() {
        for field in ["quantity", "name", "something_else"] {
            assert!(check(field, "5", "5.0"));
            assert!(check(field, "5", "5e0"));
            assert!(!check(field, "5", "5.1"));
        }
    }

    #[test]
    fn numeric_text_equals_a_number_in_a_number_field_only() {
        assert!(check("quantity", "5", "\"5.0\""));
        assert!(check("weight", "\"-2.0000\"", "-2"));
        assert!(!check("name", "5", "\"5\""));
        assert!(!check("quantity", "24", "\"024\""));
        assert!(!check("quantity", "1234", "\"1,234\""));
        assert!(!check("quantity", "5", "\"five\""));
    }

    #[test]
    fn text_is_compared_to_the_letter() {
        assert!(check("name", "\"a\"", "\"a\""));
        assert!(!check("name", "\"a\"", "\"A\""));
        assert!(!check("name", "\"a\"", "\"a \""));
    }

    #[test]
    fn maps_and_arrays_are_compared_leaf_by_leaf() {
        assert!(check("x", r#"{"a":{"b":1,"c":null}}"#, r#"{"a":{"b":1.0}}"#));
        assert!(check("x", r#"[1,{"a":""}]"#, "[1.0,{}]"));
        assert!(!check("x", "[1,2]", "[1]"));
        assert!(!check("x", "[2,1]", "[1,2]"));
        assert!(!check("x", r#"{"a":1}"#, r#"{"b":1}"#));
        assert!(!check("x", "{}", "null"));
    }

    #[test]
    fn an_exports_cell_shows_what_is_stored() {
        for (value, text) in [
            (json!(null), ""),
            (json!("None"), ""),
            (json!(""), ""),
            (json!("a b"), "a b"),
            (json!(true), "true"),
            (json!(false), "false"),
            (json!({"a":[1,"x"]}), r#"{"a":[1,"x"]}"#),
        ] {
            assert_eq!(as_text(&value), text);
        }
        let exact: Value = serde_json::from_str("1.50").expect("a number");
        assert_eq!(as_text(&exact), "1.50");
    }

    #[test]
    fn a_cells_own_text_shows_what_an_export_wrote() {
        let exact: Value = serde_json::from_str("5.0").expect("a number");
        for (raw, stored) in [
            ("true", json!(true)),
            ("=\"true\"", json!(true)),
            ("=\"00123\"", json!("00123")),
            ("'=1+1", json!("'=1+1")),
            ("'=1+1", json!("=1+1")),
            ("5", exact),
        ] {
            assert!(shows(raw, &stored), "{raw} {stored}");
        }
        for (raw, stored) in [
            ("", json!("")),
            ("5", json!("5.0")),
            ("05", json!(5)),
            ("a", json!("A")),
        ] {
            assert!(!shows(raw, &stored), "{raw} {stored}");
        }
    }

    #[test]
    fn a_numbers_digits_survive_as_json() {
        let value = FieldValue::Number("0.1234567890123456789".into()).to_json();
        assert_eq!(value.to_string(), "0.1234567890123456789");
        assert_eq!(FieldValue::Nothing.to_json(), Value::Null);
    }
}
