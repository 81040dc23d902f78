//! A file of many items and an organization that holds some of them already, with what must be stored in the end.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Stockport;
use super::faulty::Faulty;

/// The fields that the server sets itself.
const SERVER_FIELDS: [&str; 3] = ["id", "updated_at", "updated_by"];

/// What an organization holds, without what the server adds of its own.
pub(crate) type Contents = BTreeMap<String, Map<String, Value>>;

/// A job: a file, and what is stored before and after it.
pub(crate) struct Load {
    pub(crate) csv: String,
    pub(crate) before: Contents,
    pub(crate) after: Contents,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
}

/// The id of the item of this number.
pub(crate) fn id(number: u64) -> String {
    format!("TAG{number:06}")
}

impl Load {
    /// `count` rows: of five, one is stored as the file has it, one is stored with other values, three are new. The
    /// organization also holds items that the file doesn't name.
    pub(crate) fn new(count: u64) -> Self {
        let mut load = Self {
            csv: "Item ID,Name,Quantity,Area Name,Status\n".to_owned(),
            before: Contents::new(),
            after: Contents::new(),
            created: 0,
            updated: 0,
            unchanged: 0,
        };
        for number in 0..count {
            let id = id(number);
            load.csv.push_str(&format!(
                "{id},\"Item {number}, ünï\",{number}.5,Vault {},\n",
                number % 7
            ));
            let quantity: Value = serde_json::from_str(&format!("{number}.5")).unwrap();
            let item = json!({
                "item_id": id, "name": format!("Item {number}, ünï"), "quantity": quantity,
                "area_name": format!("Vault {}", number % 7),
            });
            let mut item = item.as_object().unwrap().clone();
            match number % 5 {
                0 => {
                    load.unchanged += 1;
                    item.insert("status".to_owned(), json!("Active"));
                    load.before.insert(id.clone(), item.clone());
                }
                1 => {
                    load.updated += 1;
                    let mut old = item.clone();
                    old.insert("quantity".to_owned(), json!(7));
                    old.insert("note".to_owned(), json!({"kept": [1, 2]}));
                    old.remove("area_name");
                    item.insert("note".to_owned(), json!({"kept": [1, 2]}));
                    load.before.insert(id.clone(), old);
                }
                _ => load.created += 1,
            }
            load.after.insert(id, item);
        }
        for number in 0..10 {
            let id = format!("OTHER{number}");
            let item = json!({"item_id": id, "name": "not in the file"});
            let item = item.as_object().unwrap().clone();
            load.before.insert(id.clone(), item.clone());
            load.after.insert(id, item);
        }
        load
    }

    /// Fills an organization with what is to be there before, and writes the file.
    pub(crate) fn prepare(&self, server: &Faulty, org: &str, stockport: &Stockport) {
        server.fill(org, &self.before);
        stockport.write("load.csv", &self.csv);
    }

    /// Demands that the organization holds just what the file asks for, and what it held besides.
    pub(crate) fn assert_stored(&self, server: &Faulty, org: &str, what: &str) {
        assert_same(&contents(server, org), &self.after, what);
    }
}

/// What an organization holds, past HTTP.
pub(crate) fn contents(server: &Faulty, org: &str) -> Contents {
    let mut items = server.items(org);
    for item in items.values_mut() {
        for field in SERVER_FIELDS {
            item.remove(field);
        }
        // The API can't take a field away: null is how it says nothing.
        item.retain(|_, value| !value.is_null());
    }
    items
}

/// Compares two organizations item by item.
pub(crate) fn assert_same(are: &Contents, should_be: &Contents, what: &str) {
    let lost: Vec<&String> = should_be.keys().filter(|id| !are.contains_key(*id)).collect();
    assert!(
        lost.is_empty(),
        "{what}: {} lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(5)]
    );
    let extra: Vec<&String> = are.keys().filter(|id| !should_be.contains_key(*id)).collect();
    assert!(
        extra.is_empty(),
        "{what}: {} too many: {:?}",
        extra.len(),
        &extra[..extra.len().min(5)]
    );
    for (id, item) in are {
        assert_eq!(item, &should_be[id], "{what}: {id}");
    }
}

/// Demands that the closing equation of a summary holds.
pub(crate) fn assert_adds_up(summary: &Value, what: &str) {
    let of = |name: &str| {
        summary[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{what}: no {name} in {summary}"))
    };
    let parts = [
        "created",
        "updated",
        "unchanged",
        "deleted",
        "skipped",
        "rejected",
        "failed",
        "not_attempted",
    ];
    let sum: u64 = parts.into_iter().map(of).sum();
    assert_eq!(of("read"), sum, "{what}: {summary}");
}
