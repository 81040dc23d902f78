//! What earlier runs of the same migration wrote: what they wrote themselves is no conflict.
//!
//! Journals of the runs are read, never written to. Memory holds a hash and a place for each item that they sent.
//!
//! Doesn't belong here: what is a conflict (`migrate`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use serde_json::Value;

use super::difference::Difference;
use crate::columns::{is_nothing, same};
use crate::error::Error;
use crate::item::{ITEM_ID, Object};
use crate::journal::{Journal, Written};
use crate::plan::shown;
use crate::runs::{Identity, Runs};

/// The fact under which a run notes how it changed ids.
pub const IDS: &str = "ids";

/// The earlier runs of a migration.
#[derive(Default)]
pub struct Earlier {
    /// The newest first.
    journals: Vec<(String, Journal)>,
    /// What is wrong with runs that may have been of this migration.
    unreadable: Vec<String>,
    index: RefCell<Option<Index>>,
}

/// Which journal sent an item of this hash, and as which of its changes.
struct Index {
    hasher: std::hash::RandomState,
    places: HashMap<u64, Vec<(usize, i64)>>,
}

impl Earlier {
    /// The runs that moved items between the same two organizations and changed ids in the same way, `except` one that
    /// has only just begun.
    pub fn find(runs: &Runs, identity: &Identity, ids: &str, except: Option<&str>) -> Result<Self, Error> {
        let source = identity.files.first().map(|file| file.path.as_str());
        let (mut journals, mut unreadable) = (Vec::new(), Vec::new());
        for run in runs.newest_first()? {
            if let Some((why, _)) = run.fault {
                unreadable.push(format!("run {} can't be read: {why}", run.name));
                continue;
            }
            let same = run.fact("command") == identity.command
                && run.fact("api") == identity.api
                && run.fact("org") == identity.org
                && run.fact(IDS) == ids
                && Some(run.name.as_str()) != except
                && run.files().first().map(|file| file.path.as_str()) == source;
            if same {
                journals.push((run.name, Journal::open_existing(&run.path)?));
            }
        }
        Ok(Self {
            journals,
            unreadable,
            index: RefCell::default(),
        })
    }

    /// What can't be read, and may have been of this migration: what such runs moved counts as a conflict.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The runs, for a person: the newest one's name.
    #[must_use]
    pub fn named(&self) -> String {
        match self.journals.as_slice() {
            [] => "no run".to_owned(),
            [(name, _)] => format!("run {name}"),
            [(name, _), ..] => format!("run {name} and the ones before it"),
        }
    }

    /// What differs and was not written by these runs, in words; nothing where they wrote all of it.
    pub(super) fn foreign(&self, id: &str, found: &Difference, stored: &Object) -> Result<Vec<String>, Error> {
        let writes = self.writes(id)?;
        let mut foreign = Vec::new();
        for (field, value) in &found.body {
            let old = stored.get(field);
            let mut path = vec![field.as_str()];
            if writes.is_empty() || field == ITEM_ID || !ours(&mut path, value, old, &writes) {
                foreign.push(format!("{field} {} → {}", shown(old), shown(Some(value))));
            }
        }
        Ok(foreign)
    }

    /// What was sent for an item, the newest first.
    fn writes(&self, id: &str) -> Result<Vec<Written>, Error> {
        let mut index = self.index.borrow_mut();
        let index = match index.as_mut() {
            Some(index) => index,
            None => index.insert(self.read()?),
        };
        let hash = index.hasher.hash_one(id);
        let mut writes = Vec::new();
        for (journal, seq) in index.places.get(&hash).into_iter().flatten() {
            let Some((_, journal)) = self.journals.get(*journal) else {
                continue;
            };
            writes.extend(journal.written(*seq)?.into_iter().filter(|written| written.id == id));
        }
        Ok(writes)
    }

    fn read(&self) -> Result<Index, Error> {
        let hasher = std::hash::RandomState::new();
        let mut places: HashMap<u64, Vec<(usize, i64)>> = HashMap::new();
        for (number, (_, journal)) in self.journals.iter().enumerate() {
            journal.each_written::<Error>(&mut |seq, id| {
                places.entry(hasher.hash_one(id)).or_default().push((number, seq));
                Ok(())
            })?;
        }
        Ok(Index { hasher, places })
    }
}

/// Whether the stored value is what these runs wrote there, leaf by leaf; or nothing, where none of them wrote.
fn ours<'v>(path: &mut Vec<&'v str>, wanted: &'v Value, stored: Option<&Value>, writes: &[Written]) -> bool {
    if let (Value::Object(wanted), Some(Value::Object(stored))) = (wanted, stored) {
        return wanted.iter().all(|(key, wanted)| {
            path.push(key);
            let ours = ours(path, wanted, stored.get(key), writes);
            path.pop();
            ours
        });
    }
    let field = if path.len() == 1 { path.first().copied() } else { None };
    for write in writes {
        let Some(value) = reached(&write.body, path) else {
            continue;
        };
        if same(field.unwrap_or_default(), Some(value), stored) {
            return true;
        }
        // What isn't known to have gone through may have left the value of an earlier run.
        if write.done {
            return false;
        }
    }
    is_nothing(stored)
}

/// The value at a path; where a map on the way is no map, that value.
fn reached<'b>(body: &'b Object, path: &[&str]) -> Option<&'b Value> {
    let (first, rest) = path.split_first()?;
    let mut value = body.get(*first)?;
    for key in rest {
        match value {
            Value::Object(map) => value = map.get(*key)?,
            other => return Some(other),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(body: Value, done: bool) -> Written {
        Written {
            id: "A".to_owned(),
            body: body.as_object().unwrap().clone(),
            done,
        }
    }

    fn is_ours(field: &str, wanted: Value, stored: Value, writes: &[Written]) -> bool {
        ours(&mut vec![field], &wanted, Some(&stored), writes)
    }

    #[test]
    fn the_newest_run_that_is_known_to_have_written_decides() {
        let writes = [
            written(json!({"quantity": 6}), true),
            written(json!({"quantity": 5, "name": "a"}), true),
        ];
        assert!(is_ours("quantity", json!(7), json!(6.0), &writes));
        assert!(
            !is_ours("quantity", json!(7), json!(5), &writes),
            "somebody has set it back"
        );
        assert!(is_ours("name", json!("b"), json!("a"), &writes));
        assert!(!is_ours("status", json!("x"), json!("y"), &writes));
        assert!(
            is_ours("status", json!("x"), json!(null), &writes),
            "nobody has filled it in"
        );
        let unknown = [
            written(json!({"quantity": 6}), false),
            written(json!({"quantity": 5}), true),
        ];
        assert!(is_ours("quantity", json!(7), json!(6), &unknown) && is_ours("quantity", json!(7), json!(5), &unknown));
    }

    #[test]
    fn the_leaves_of_a_map_are_told_apart() {
        let writes = [written(json!({"lab": {"thc": 20}}), true)];
        assert!(is_ours(
            "lab",
            json!({"thc": 21}),
            json!({"thc": 20, "note": "theirs"}),
            &writes
        ));
        assert!(!is_ours("lab", json!({"thc": 21}), json!({"thc": 19}), &writes));
        assert!(!is_ours("lab", json!({"cbd": 1}), json!({"cbd": 2}), &writes));
        assert!(
            !is_ours("lab", json!("none"), json!({"thc": 20, "note": "theirs"}), &writes),
            "it would be replaced whole"
        );
    }
}
