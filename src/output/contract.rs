//! The contract with programs that read `--json`, `--json-log` and plan files: its number, and what each document has.
//!
//! Doesn't belong here: the fields of a single command's document (`commands`), the codes of errors (each room's own).

use serde_json::{Map, Value, json};

/// The contract's number. Fields and codes that are added leave it as it is; it grows where a field goes or changes its
/// type or its meaning.
pub const CONTRACT: u32 = 1;

/// A command's document with what each of them has: `contract`, `version`, and why the command stopped, which is null
/// where it didn't. What the command gives itself stays.
#[must_use]
pub fn signed(document: &Value) -> Value {
    let mut signed = Map::from_iter([
        ("contract".to_owned(), json!(CONTRACT)),
        ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("error".to_owned(), Value::Null),
        ("error_code".to_owned(), Value::Null),
    ]);
    if let Value::Object(own) = document {
        signed.extend(own.clone());
    }
    Value::Object(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_gives_stays() {
        let own = json!({"version": "0.1.0", "error": "no key; set it", "error_code": "config_no_key", "items": [1]});
        let mut wanted = own.clone();
        wanted["contract"] = json!(1);
        assert_eq!(signed(&own), wanted);
        assert_eq!(signed(&json!({}))["error_code"], Value::Null);
    }
}
