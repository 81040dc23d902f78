//! What earlier runs of the same migration wrote: what they wrote themselves is no conflict.
//!
//! Journals of the runs are read, never written to. Memory holds a hash and a place for each item that they sent.
//!
//! Doesn't belong here: what is a conflict (`migrate`).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use serde_json::Value;

use super::Ids;
use super::difference::Difference;
use crate::columns::{is_nothing, same};
use crate::config::is_same_api;
use crate::error::Error;
use crate::item::{ITEM_ID, Object};
use crate::journal::{Journal, Written, merge_bodies};
use crate::plan::{Action, shown};
use crate::runs::{Identity, Run, Runs};

/// The fact under which a run notes how it changed ids, in words.
pub const IDS: &str = "ids";

/// The fact under which a run notes the same for programs ([`Ids::rule`]).
pub const RULE: &str = "id rule";

/// The fact under which a run notes the file of its list of ids.
pub const ID_MAP: &str = "id map";

/// The earlier runs of a migration.
#[derive(Default)]
pub struct Earlier {
    /// How ids change now.
    ids: Ids,
    /// The newest first.
    runs: Vec<EarlierRun>,
    /// What is wrong with runs that may have been of this migration.
    unreadable: Vec<String>,
    index: RefCell<Option<Index>>,
}

/// A run that moved items between the same two organizations.
struct EarlierRun {
    name: String,
    journal: Journal,
    /// How it changed ids; none where that is not known.
    ids: Option<Ids>,
    /// The file of its list of ids.
    id_map: String,
    /// An undo that came to its end has taken it back.
    is_undone: bool,
    /// An undo has taken back all of it, or a part.
    may_be_undone: bool,
}

/// An item that an earlier run moved, and that would get another id now.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// The id that it got.
    pub(super) id: String,
    /// The run's place among the runs.
    run: usize,
}

/// What earlier runs sent for an item that they created.
pub(super) struct Sent {
    /// The run that wrote to it last.
    pub(super) run: String,
    /// All that they posted, merged as the API merges; none where no run created it, because the target had it before.
    pub(super) body: Option<Object>,
}

/// Which journal sent an item of this hash, and as which of its changes.
struct Index {
    hasher: std::hash::RandomState,
    places: HashMap<u64, Vec<(usize, i64)>>,
    others: Vec<Other>,
    /// The runs that sent anything and were not undone, the newest first.
    senders: Vec<usize>,
}

impl Earlier {
    /// The runs that moved items between the same two organizations, `except` one that has only just begun.
    pub fn find(runs: &Runs, identity: &Identity, ids: &Ids, except: Option<&str>) -> Result<Self, Error> {
        let source = identity.files.first().map_or("", |file| file.path.as_str());
        let (mut found, mut unreadable) = (Vec::new(), Vec::new());
        let mut undone: HashSet<String> = HashSet::new();
        let mut partly_undone: HashSet<String> = HashSet::new();
        for run in runs.newest_first()? {
            if let Some((why, _)) = run.fault {
                unreadable.push(format!("run {} can't be read: {why}", run.name));
                continue;
            }
            if !is_same_api(run.fact("api"), &identity.api) || run.fact("org") != identity.org {
                continue;
            }
            // An undo that was undone itself has no effect.
            if !undone.contains(&run.name) {
                partly_undone.extend(run.undid());
                if run.is_finished() {
                    undone.extend(run.undid());
                }
            }
            let files = run.files();
            let is_from_there = files.first().is_some_and(|file| is_same_source(&file.path, source));
            if run.fact("command") == identity.command && is_from_there && Some(run.name.as_str()) != except {
                found.push(EarlierRun {
                    journal: Journal::open_existing(&run.path)?,
                    ids: ids_of(&run, ids),
                    id_map: run.fact(ID_MAP).to_owned(),
                    is_undone: undone.contains(&run.name),
                    may_be_undone: partly_undone.contains(&run.name),
                    name: run.name,
                });
            }
        }
        Ok(Self {
            ids: ids.clone(),
            runs: found,
            unreadable,
            index: RefCell::default(),
        })
    }

    /// What can't be read, and may have been of this migration: what such runs moved counts as a conflict.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The runs that sent anything, for a person: the newest one's name.
    #[must_use]
    pub fn named(&self) -> String {
        // Whatever keeps the journals from being read has stopped the plan.
        let senders = self.with_index(|index| Ok(index.senders.clone())).unwrap_or_default();
        let newest = senders.first().and_then(|run| self.runs.get(*run));
        match (newest, senders.len()) {
            (None, _) => "no run".to_owned(),
            (Some(run), 1) => format!("run {}", run.name),
            (Some(run), _) => format!("run {} and the ones before it", run.name),
        }
    }

    /// The items that earlier runs moved and that would get another id now.
    pub(super) fn others(&self) -> Result<Vec<Other>, Error> {
        self.with_index(|index| Ok(index.others.clone()))
    }

    /// What an earlier run gave as its options of ids, as a user types them, and its name.
    pub(super) fn options_of(&self, other: &Other) -> (String, String) {
        let Some(run) = self.runs.get(other.run) else {
            return (String::new(), String::new());
        };
        let options = match &run.ids {
            Some(Ids::Same) => String::new(),
            Some(Ids::Prefix(prefix)) => format!("--id-prefix {prefix}"),
            Some(Ids::Map(_)) | None if run.id_map.is_empty() => "--id-map FILE with the list of that run".to_owned(),
            Some(Ids::Map(_)) | None => format!("--id-map {}", run.id_map),
        };
        (run.name.clone(), options)
    }

    /// Gives each item that a run moved which was not undone: its id in the target, and in the source. One that several
    /// runs moved is given several times.
    pub(super) fn each_moved(&self, take: &mut dyn FnMut(&str, &str) -> Result<(), Error>) -> Result<(), Error> {
        for run in self.runs.iter().filter(|run| !run.is_undone) {
            let Some(inverse) = run.ids.as_ref().map(Ids::inverse) else {
                continue;
            };
            run.journal
                .each_written::<Error>(&mut |_, id| match inverse.source(id) {
                    Some(source) if self.ids.target(source) == id => take(id, source),
                    _ => Ok(()),
                })?;
        }
        Ok(())
    }

    /// What runs that were not undone sent for an item; none where the last of them deleted it, or none of them sent it.
    pub(super) fn sent(&self, id: &str) -> Result<Option<Sent>, Error> {
        let mut name = None;
        let mut bodies = Vec::new();
        for (run, seq) in self.places(id)? {
            let Some(run) = self.runs.get(run).filter(|run| !run.is_undone) else {
                continue;
            };
            let Some(sent) = run.journal.changed_as(seq)?.filter(|sent| sent.change.id == id) else {
                continue;
            };
            match sent.change.action {
                // What came before it is gone.
                Action::Delete if sent.done => break,
                Action::Delete => {}
                action => {
                    name.get_or_insert_with(|| run.name.clone());
                    bodies.push(sent.change.body);
                    if action == Action::Create {
                        let mut body = Object::new();
                        bodies.iter().rev().for_each(|later| merge_bodies(&mut body, later));
                        let body = Some(body);
                        return Ok(name.map(|run| Sent { run, body }));
                    }
                }
            }
        }
        Ok(name.map(|run| Sent { run, body: None }))
    }

    /// What differs and was not written by these runs, in words; nothing where they wrote all of it.
    pub(super) fn foreign(&self, id: &str, found: &Difference, stored: &Object) -> Result<Vec<String>, Error> {
        let writes = self.writes(id)?;
        let in_effect = |(run, _): &(usize, i64)| self.runs.get(*run).is_some_and(|run| !run.is_undone);
        let is_moved = self.places(id)?.iter().any(in_effect);
        let mut foreign = Vec::new();
        for (field, value) in &found.body {
            let old = stored.get(field);
            let mut path = vec![field.as_str()];
            // A blank field is only free to be filled in where the item is the migration's.
            let is_free = is_moved || !is_nothing(old);
            if field == ITEM_ID || !is_free || !ours(&mut path, value, old, &writes) {
                foreign.push(format!("{field} {} → {}", shown(old), shown(Some(value))));
            }
        }
        Ok(foreign)
    }

    /// Whether an earlier run sent anything for an item of the target.
    pub(super) fn has_sent(&self, id: &str) -> Result<bool, Error> {
        Ok(!self.writes(id)?.is_empty())
    }

    /// What was sent for an item, the newest first. What an undo may have taken back is not known to be there.
    fn writes(&self, id: &str) -> Result<Vec<Written>, Error> {
        let mut writes = Vec::new();
        for (run, seq) in self.places(id)? {
            if let Some(run) = self.runs.get(run) {
                let written = run.journal.written(seq)?.into_iter().filter(|written| written.id == id);
                writes.extend(written.map(|written| Written {
                    done: written.done && !run.may_be_undone,
                    ..written
                }));
            }
        }
        Ok(writes)
    }

    /// Where something was sent for an item of this id, or of another one with the same hash; the newest run first.
    fn places(&self, id: &str) -> Result<Vec<(usize, i64)>, Error> {
        self.with_index(|index| {
            let places = index.places.get(&index.hasher.hash_one(id));
            Ok(places.cloned().unwrap_or_default())
        })
    }

    fn with_index<T>(&self, ask: impl FnOnce(&Index) -> Result<T, Error>) -> Result<T, Error> {
        let mut index = self.index.borrow_mut();
        match index.as_ref() {
            Some(index) => ask(index),
            None => ask(index.insert(self.read()?)),
        }
    }

    fn read(&self) -> Result<Index, Error> {
        let hasher = std::hash::RandomState::new();
        let mut places: HashMap<u64, Vec<(usize, i64)>> = HashMap::new();
        let (mut others, mut senders) = (Vec::new(), Vec::new());
        for (number, run) in self.runs.iter().enumerate() {
            let inverse = run.ids.as_ref().map(Ids::inverse);
            let mut has_sent = false;
            run.journal.each_written::<Error>(&mut |seq, id| {
                has_sent = true;
                let source = inverse.as_ref().and_then(|inverse| inverse.source(id));
                if source.is_some_and(|source| self.ids.target(source) == id) {
                    places.entry(hasher.hash_one(id)).or_default().push((number, seq));
                } else if !run.is_undone {
                    others.push(Other {
                        id: id.to_owned(),
                        run: number,
                    });
                }
                Ok(())
            })?;
            if has_sent && !run.is_undone {
                senders.push(number);
            }
        }
        Ok(Index {
            hasher,
            places,
            others,
            senders,
        })
    }
}

/// How a run changed ids, as far as its journal tells: runs of earlier versions noted it in words alone.
fn ids_of(run: &Run, now: &Ids) -> Option<Ids> {
    if let Ok(rule) = serde_json::from_str(run.fact(RULE)) {
        return Ids::of_rule(&rule);
    }
    let words = run.fact(IDS);
    if words == now.name() {
        return Some(now.clone());
    }
    if words == Ids::Same.name() {
        return Some(Ids::Same);
    }
    let quoted = words.strip_prefix("with ")?.strip_suffix(" before them")?;
    serde_json::from_str(quoted).ok().map(Ids::Prefix)
}

/// Whether two runs read one organization (`org:ID at API`), whichever spelling of its API they were given.
fn is_same_source(a: &str, b: &str) -> bool {
    match (a.rsplit_once(" at "), b.rsplit_once(" at ")) {
        (Some((org, api)), Some((other, at))) => org == other && is_same_api(api, at),
        _ => a == b,
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
