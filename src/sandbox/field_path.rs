//! Field paths, as `order_by` gives them: `a.b` is the field `b` in the map `a`.
//!
//! Doesn't belong here: the order of what a path leads to (`document`).

use serde_json::Value;

use super::document::{Refused, is_bad_name};
use crate::item::Object;

/// The names of a field path (`a.b` is `b` in the map `a`), as Firestore's client splits it: a name is a letter or `_`
/// followed by these and digits, any other stands in back-ticks, with `\` before a back-tick or a `\` in it.
pub(super) fn names(path: &str) -> Result<Vec<String>, Refused> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let (name, tail) = if let Some(quoted) = rest.strip_prefix('`') {
            quoted_name(quoted)?
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, tail) = rest.split_at(end.unwrap_or(rest.len()));
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(Refused);
            }
            (name.to_owned(), tail)
        };
        if is_bad_name(&name) {
            return Err(Refused);
        }
        names.push(name);
        match tail.strip_prefix('.') {
            Some(next) => rest = next,
            None if tail.is_empty() => return Ok(names),
            None => return Err(Refused),
        }
    }
}

/// A name up to its closing back-tick, and what follows that.
fn quoted_name(text: &str) -> Result<(String, &str), Refused> {
    let mut name = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or(Refused)? {
            '`' => return Ok((name, chars.as_str())),
            '\\' => name.push(chars.next().ok_or(Refused)?),
            c => name.push(c),
        }
    }
}

/// The value at a field path.
pub(super) fn value(mut item: Object, path: &[String]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let mut value = item.remove(first)?;
    for name in rest {
        value = match value {
            Value::Object(mut map) => map.remove(name)?,
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_path_leads_into_maps() {
        let stored: Object =
            serde_json::from_value(json!({ "a": { "b": 1 }, "c": null, "e f": { "`\\": 2 }, "x.y": 3 })).unwrap();
        for (path, expected) in [
            ("a.b", Some(json!(1))),
            ("c", Some(Value::Null)),
            ("a.b.c", None),
            ("_d1", None),
            ("`a`.b", Some(json!(1))),
            ("`e f`.`\\`\\\\`", Some(json!(2))),
            ("`x.y`", Some(json!(3))),
            ("x.y", None),
        ] {
            assert_eq!(value(stored.clone(), &names(path).unwrap()), expected, "{path}");
        }
        for path in [
            "", " ", "a b", "a..b", ".a", "a.", "__x__", "a.__x__", "é", "1a", "item-id", "a/b", "`a", "``", "`a`b",
            "a`b`", "`__x__`",
        ] {
            assert_eq!(names(path), Err(Refused), "{path}");
        }
    }
}
