//! Taking runs back: what they updated gets its earlier values again, what they created is deleted, what they deleted is
//! created; except what somebody has changed since, which is named and stays as it is.
//!
//! Belongs here: what undoing wants of each item. Doesn't: which runs are meant (`choice`), how it is planned, sent and
//! accounted for (`transfer`).

mod choice;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::columns::{Origin, Rejection, is_nothing, same};
use crate::error::Error;
use crate::inventory::Lookup;
use crate::item::{ITEM_ID, Object, SERVER_FIELDS};
use crate::journal::{Changed, Journal};
use crate::plan::{self, Action, Change, Decision};
use crate::transfer::{Description, Each, Pass, Supply, TakePart, posted_unread};
pub use choice::{COMMAND, Choice, choose};

/// How many updates are shown field by field.
const SHOWN: usize = 10;

/// The changes of one or several runs, to be taken back in one go: of an item that several of them changed, the newest
/// change first.
pub struct Undo<'a> {
    /// The newest first.
    runs: Vec<Taken<'a>>,
    count: u64,
    /// Items that one of the runs posted without knowing what was stored.
    unread: BTreeSet<String>,
}

/// One of the runs.
struct Taken<'a> {
    journal: &'a Journal,
    /// The number of each item's change; empty where there is only one run, which needs none.
    places: HashMap<String, i64>,
}

impl<'a> Undo<'a> {
    /// What the runs of these journals changed, the newest run first.
    pub fn new(journals: &'a [Journal]) -> Result<Self, Error> {
        let mut runs = Vec::new();
        let mut unread = BTreeSet::new();
        for journal in journals {
            unread.append(&mut posted_unread(journal)?);
            let mut places = HashMap::new();
            if journals.len() > 1 {
                journal.each_written::<Error>(&mut |seq, id| {
                    places.insert(id.to_owned(), seq);
                    Ok(())
                })?;
            }
            runs.push(Taken { journal, places });
        }
        let mut undo = Self { runs, count: 0, unread };
        undo.count = if let [only] = undo.runs.as_slice() {
            only.journal.changed_count()?
        } else {
            let mut count = 0;
            undo.each(&mut |_, _| {
                count += 1;
                Ok(())
            })?;
            count
        };
        Ok(undo)
    }

    /// Gives each item that any of the runs changed once: its number from 1, and its changes, the newest first.
    fn each(&self, take: &mut dyn FnMut(u64, Vec<Changed>) -> Result<(), Error>) -> Result<(), Error> {
        let mut number = 0;
        for (at, run) in self.runs.iter().enumerate() {
            let (newer, older) = (
                self.runs.get(..at).unwrap_or_default(),
                self.runs.get(at + 1..).unwrap_or_default(),
            );
            run.journal.changed::<Error>(&mut |changed| {
                let id = changed.change.id.clone();
                if newer.iter().any(|newer| newer.places.contains_key(&id)) {
                    return Ok(());
                }
                let mut changes = vec![changed];
                for older in older {
                    if let Some(seq) = older.places.get(&id) {
                        changes.extend(older.journal.changed_as(*seq)?);
                    }
                }
                number += 1;
                take(number, changes)
            })?;
        }
        Ok(())
    }
}

impl Supply for Undo<'_> {
    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.each(&mut |_, changes| changes.first().map_or(Ok(()), |changed| take(&changed.change.id)))
    }

    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error> {
        let mut each = Each::new(stored, take);
        self.each(&mut |line, changes| {
            let Some(id) = changes.first().map(|changed| &changed.change.id) else {
                return Ok(());
            };
            let decision = if let Some(reason) = each.unreadable(id) {
                Err(left(id, &format!("it can't be read: {reason}")))
            } else if self.unread.contains(id) {
                Err(left(
                    id,
                    "it could not be read before the run, so its earlier values are not known",
                ))
            } else {
                back(id, &changes, each.stored(id)?.as_ref())
            };
            each.put(Origin { table: 0, line }, id, decision)
        })?;
        each.end()
    }

    /// What stays as it is is named in the warnings: there is no file to correct and import.
    fn describe(&self) -> Description<'_> {
        Description {
            count: Some(self.count),
            address: Box::new(|origin, _| Some(format!("change {}", origin.line))),
            shown_updates: SHOWN,
            keeps_rejects: false,
            ..Description::default()
        }
    }
}

/// What takes an item's changes back, the newest first, given what is stored now.
fn back(id: &str, changes: &[Changed], stored: Option<&Object>) -> Result<Decision, Vec<Rejection>> {
    let mut item = stored.cloned();
    for changed in changes {
        item = before(&changed.change, item).map_err(|why| left(id, &why))?;
    }
    Ok(change_to(id, stored, item.as_ref()))
}

/// The item as it was before a change, given what it is now; none where there was none. An error says what somebody has
/// changed since.
fn before(change: &Change, now: Option<Object>) -> Result<Option<Object>, String> {
    match (change.action, now) {
        (Action::Create, None) => Ok(None),
        (Action::Create, Some(now)) => uncreated(change, &now).map(|()| None),
        (Action::Update, None) => Err("it has been deleted since".to_owned()),
        (Action::Update, Some(now)) => restored(change, now).map(Some),
        (Action::Delete, None) => Ok(change.before.clone()),
        (Action::Delete, Some(now)) => {
            let was = change.before.iter().flatten();
            let mut was = was.filter(|(field, _)| !is_the_servers(field));
            if was.all(|(field, value)| same(field, Some(value), now.get(field))) {
                Ok(Some(now))
            } else {
                Err("it has been created again since".to_owned())
            }
        }
    }
}

/// Whether a stored item still has what a change gave it.
#[must_use]
pub fn holds(change: &Change, now: &Object) -> bool {
    let then = |field: &String| change.before.as_ref()?.get(field);
    let mut ours = change.body.iter().filter(|(field, _)| field.as_str() != ITEM_ID);
    match change.action {
        Action::Create => uncreated(change, now).is_ok(),
        Action::Update => ours.all(|(field, ours)| is_ours(field, ours, then(field), now.get(field))),
        Action::Delete => false,
    }
}

/// Whether a stored value is what an update gave the field.
fn is_ours(field: &str, ours: &Value, then: Option<&Value>, now: Option<&Value>) -> bool {
    same(field, Some(ours), now) || merged(ours, then, now)
}

/// Proves that an item still is what was created.
fn uncreated(change: &Change, now: &Object) -> Result<(), String> {
    // A field that was posted and is absent or blank now has changed as well.
    for field in now.keys().chain(change.body.keys()) {
        let is_ours = is_the_servers(field) || field == ITEM_ID;
        if !is_ours && !same(field, change.body.get(field), now.get(field)) {
            return Err(format!("its {field} has changed since"));
        }
    }
    Ok(())
}

/// The item with the values that an update found; one that has another value than the update gave it is refused.
fn restored(change: &Change, mut now: Object) -> Result<Object, String> {
    let was = change.before.as_ref();
    for (field, ours) in change.body.iter().filter(|(field, _)| field.as_str() != ITEM_ID) {
        let then = was.and_then(|was| was.get(field));
        let value = now.get(field);
        if same(field, then, value) {
            continue;
        }
        if !is_ours(field, ours, then, value) {
            return Err(format!("its {field} has changed since"));
        }
        match then {
            Some(then) => now.insert(field.clone(), then.clone()),
            None => now.remove(field),
        };
    }
    Ok(now)
}

/// What makes of the stored item the wanted one.
fn change_to(id: &str, stored: Option<&Object>, wanted: Option<&Object>) -> Decision {
    let (action, body, before) = match (stored, wanted) {
        (None, None) => return Decision::Unchanged,
        (Some(stored), None) => (Action::Delete, Object::new(), Some(stored.clone())),
        (None, Some(wanted)) => {
            let fields = wanted.iter().filter(|(field, value)| {
                !is_the_servers(field) && field.as_str() != ITEM_ID && !is_nothing(Some(value))
            });
            let body = fields.map(|(field, value)| (field.clone(), value.clone())).collect();
            (Action::Create, body, None)
        }
        (Some(stored), Some(wanted)) => {
            let (mut body, mut before) = (Object::new(), Object::new());
            for field in stored.keys().chain(wanted.keys()) {
                let (then, now) = (wanted.get(field), stored.get(field));
                if is_the_servers(field) || field == ITEM_ID || same(field, then, now) {
                    continue;
                }
                body.insert(field.clone(), restoring(then, now));
                before.extend(now.map(|now| (field.clone(), now.clone())));
            }
            if body.is_empty() {
                return Decision::Unchanged;
            }
            (Action::Update, body, Some(before))
        }
    };
    let mut body = body;
    body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
    Decision::Write(Change {
        action,
        id: id.to_owned(),
        body,
        before,
    })
}

/// Whether a stored map is just what posting `ours` onto `then` makes of it: the API merges maps leaf by leaf.
fn merged(ours: &Value, then: Option<&Value>, now: Option<&Value>) -> bool {
    let (Value::Object(ours), Some(Value::Object(then)), Some(Value::Object(now))) = (ours, then, now) else {
        return false;
    };
    now.iter().all(|(key, value)| match ours.get(key) {
        Some(sent) => same("", Some(sent), Some(value)) || merged(sent, then.get(key), Some(value)),
        None => same("", then.get(key), Some(value)),
    })
}

/// What has to be posted so that `then` is stored again: a key can't be taken away, only nulled.
pub(crate) fn restoring(then: Option<&Value>, now: Option<&Value>) -> Value {
    match (then, now) {
        (Some(Value::Object(then)), Some(Value::Object(now))) => {
            let mut whole = then.clone();
            for (key, value) in now {
                let restored = match then.get(key) {
                    Some(_) => restoring(then.get(key), Some(value)),
                    None => Value::Null,
                };
                whole.insert(key.clone(), restored);
            }
            Value::Object(whole)
        }
        (Some(then), _) => then.clone(),
        (None, _) => Value::Null,
    }
}

fn is_the_servers(field: &str) -> bool {
    SERVER_FIELDS.contains(&field)
}

fn left(id: &str, why: &str) -> Vec<Rejection> {
    vec![Rejection {
        column: None,
        index: None,
        value: id.to_owned(),
        reason: plan::left(id, why),
    }]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn changed(action: Action, body: Value, before: Option<Value>) -> Changed {
        let change = Change {
            action,
            id: "A1".to_owned(),
            body: object(body),
            before: before.map(object),
        };
        Changed {
            seq: 1,
            change,
            done: true,
        }
    }

    fn written(decision: Result<Decision, Vec<Rejection>>) -> Change {
        match decision {
            Ok(Decision::Write(change)) => change,
            other => panic!("not a write: {other:?}"),
        }
    }

    fn back_one(changed: &Changed, stored: Option<&Object>) -> Result<Decision, Vec<Rejection>> {
        back("A1", std::slice::from_ref(changed), stored)
    }

    #[test]
    fn changes_of_several_runs_are_taken_back_the_newest_first() {
        let created = changed(
            Action::Create,
            json!({"item_id": "A1", "name": "x", "quantity": 1}),
            None,
        );
        let updated = changed(
            Action::Update,
            json!({"item_id": "A1", "quantity": 2, "status": "ok"}),
            Some(json!({"quantity": 1})),
        );
        let deleted = changed(
            Action::Delete,
            json!({"item_id": "A1"}),
            Some(json!({"id": "A1", "item_id": "A1", "name": "x", "quantity": 2, "status": "ok"})),
        );
        let stored = object(json!({"id": "A1", "item_id": "A1", "name": "x", "quantity": 2, "status": "ok"}));
        let both = [updated.clone(), created.clone()];
        assert_eq!(written(back("A1", &both, Some(&stored))).action, Action::Delete);
        // An item that was created and deleted again needs nothing.
        let all = [deleted.clone(), updated.clone(), created];
        assert_eq!(back("A1", &all, None), Ok(Decision::Unchanged));
        let two = [deleted, updated.clone()];
        assert_eq!(
            Value::Object(written(back("A1", &two, None)).body),
            json!({"item_id": "A1", "name": "x", "quantity": 1})
        );
        let again = changed(
            Action::Update,
            json!({"item_id": "A1", "quantity": 3}),
            Some(json!({"quantity": 2})),
        );
        let mut now = stored.clone();
        now.insert("quantity".to_owned(), json!(3));
        let change = written(back("A1", &[again.clone(), updated.clone()], Some(&now)));
        assert_eq!(
            Value::Object(change.body),
            json!({"item_id": "A1", "quantity": 1, "status": null})
        );
        // What somebody has changed between or after the runs stays.
        assert!(
            back("A1", &[again, updated], Some(&stored)).is_ok(),
            "the newer one never arrived"
        );
        now.insert("quantity".to_owned(), json!(9));
        assert!(back("A1", &both, Some(&now)).is_err());
    }

    #[test]
    fn what_has_changed_since_is_left_and_named() {
        let run = changed(
            Action::Update,
            json!({"item_id": "A1", "quantity": 10}),
            Some(json!({"quantity": 12})),
        );
        let stored = object(json!({"item_id": "A1", "quantity": 11}));
        let reasons = back_one(&run, Some(&stored)).unwrap_err();
        assert_eq!(reasons[0].reason, "A1 is not changed: its quantity has changed since");
        assert!(back_one(&run, None).is_err());
        let created = changed(Action::Create, json!({"item_id": "A1", "name": "x"}), None);
        let touched = object(json!({"id": "A1", "item_id": "A1", "name": "x", "status": "Active"}));
        assert!(back_one(&created, Some(&touched)).is_err());
    }
}
