//! Taking a run back: what it updated gets its earlier values again, what it created is deleted, what it deleted is
//! created; except what somebody has changed since, which is named and left.
//!
//! Belongs here: what undoing wants of each item. Doesn't: how it is planned, sent and accounted for (`transfer`).

use std::path::PathBuf;

use serde_json::Value;

use crate::columns::{Origin, Rejection, is_nothing, same};
use crate::error::Error;
use crate::item::{ITEM_ID, Object, SERVER_FIELDS};
use crate::journal::{Changed, Journal};
use crate::plan::{self, Action, Change, Decision, Verdict};
use crate::transfer::{Holds, Supply, Take};

/// The changes of a run, to be taken back.
pub struct Undo<'a> {
    journal: &'a Journal,
    count: u64,
}

impl<'a> Undo<'a> {
    /// What the run of this journal changed.
    pub fn new(journal: &'a Journal) -> Result<Self, Error> {
        Ok(Self {
            journal,
            count: journal.changed_count()?,
        })
    }
}

impl Supply for Undo<'_> {
    fn count(&self) -> u64 {
        self.count
    }

    fn ids(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.journal.changed(&mut |changed| take(&changed.change.id))
    }

    fn decide(&self, holds: &mut Holds<'_>, take: &mut Take<'_>) -> Result<(), Error> {
        self.journal.changed(&mut |changed| {
            let stored = holds(&changed.change.id)?;
            let line = u64::try_from(changed.seq).unwrap_or_default();
            let id = changed.change.id.clone();
            take(Verdict {
                origin: Origin { table: 0, line },
                id,
                decision: back(&changed, stored.as_ref()),
            })
        })
    }

    fn address(&self, origin: Origin, _index: Option<usize>) -> String {
        format!("change {} of the run", origin.line)
    }

    fn tables(&self) -> usize {
        1
    }

    fn keeps_rejects(&self) -> bool {
        false
    }

    /// What was left is named in the warnings: there is no file to correct and import.
    fn write_rejects(&self, _journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        Ok(Vec::new())
    }
}

/// What takes one change back, given what is stored now.
fn back(changed: &Changed, stored: Option<&Object>) -> Result<Decision, Vec<Rejection>> {
    let change = &changed.change;
    match (change.action, stored) {
        (Action::Create, None) => Ok(Decision::Unchanged),
        (Action::Create, Some(stored)) => uncreate(change, stored),
        (Action::Update, None) => Err(left(change, "it has been deleted since")),
        (Action::Update, Some(stored)) => restore(change, stored),
        (Action::Delete, None) => Ok(recreate(change)),
        (Action::Delete, Some(stored)) => {
            let was = change.before.clone().unwrap_or_default();
            let as_before = was.iter().filter(|(field, _)| !is_the_servers(field));
            if as_before
                .clone()
                .all(|(field, value)| same(field, Some(value), stored.get(field)))
            {
                Ok(Decision::Unchanged)
            } else {
                Err(left(change, "it has been created anew since"))
            }
        }
    }
}

fn uncreate(change: &Change, stored: &Object) -> Result<Decision, Vec<Rejection>> {
    for (field, value) in stored {
        let ours = change.body.get(field);
        if !is_the_servers(field) && field != ITEM_ID && !same(field, ours, Some(value)) {
            return Err(left(change, &format!("its {field} has changed since")));
        }
    }
    // A field that was posted and is gone or nothing now has changed as well.
    for (field, value) in &change.body {
        if field != ITEM_ID && !same(field, Some(value), stored.get(field)) {
            return Err(left(change, &format!("its {field} has changed since")));
        }
    }
    Ok(Decision::Write(Change {
        action: Action::Delete,
        id: change.id.clone(),
        body: only_id(&change.id),
        before: Some(stored.clone()),
    }))
}

fn restore(change: &Change, stored: &Object) -> Result<Decision, Vec<Rejection>> {
    let was = change.before.as_ref();
    let mut body = Object::new();
    let mut before = Object::new();
    for (field, ours) in change.body.iter().filter(|(field, _)| field.as_str() != ITEM_ID) {
        let then = was.and_then(|was| was.get(field));
        let now = stored.get(field);
        if same(field, then, now) {
            continue;
        }
        if !same(field, Some(ours), now) && !merged(ours, then, now) {
            return Err(left(change, &format!("its {field} has changed since")));
        }
        body.insert(field.clone(), restoring(then, now));
        if let Some(now) = now {
            before.insert(field.clone(), now.clone());
        }
    }
    if body.is_empty() {
        return Ok(Decision::Unchanged);
    }
    body.insert(ITEM_ID.to_owned(), Value::String(change.id.clone()));
    Ok(Decision::Write(Change {
        action: Action::Update,
        id: change.id.clone(),
        body,
        before: Some(before),
    }))
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

fn recreate(change: &Change) -> Decision {
    let mut body = only_id(&change.id);
    for (field, value) in change.before.iter().flatten() {
        if !is_the_servers(field) && field != ITEM_ID && !is_nothing(Some(value)) {
            body.insert(field.clone(), value.clone());
        }
    }
    Decision::Write(Change {
        action: Action::Create,
        id: change.id.clone(),
        body,
        before: None,
    })
}

fn is_the_servers(field: &str) -> bool {
    SERVER_FIELDS.contains(&field)
}

fn only_id(id: &str) -> Object {
    let mut body = Object::new();
    body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
    body
}

fn left(change: &Change, why: &str) -> Vec<Rejection> {
    vec![Rejection {
        column: None,
        index: None,
        value: change.id.clone(),
        reason: plan::left(&change.id, why),
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

    #[test]
    fn an_update_gets_its_earlier_values_back_and_nulls_where_there_were_none() {
        let run = changed(
            Action::Update,
            json!({"item_id": "A1", "quantity": 10.5, "area_name": "Vault"}),
            Some(json!({"quantity": 12})),
        );
        let stored = object(json!({"id": "A1", "item_id": "A1", "quantity": 10.5, "area_name": "Vault", "name": "x"}));
        let change = written(back(&run, Some(&stored)));
        assert_eq!(
            Value::Object(change.body),
            json!({"item_id": "A1", "quantity": 12, "area_name": null})
        );
    }

    #[test]
    fn what_has_changed_since_is_left_and_named() {
        let run = changed(
            Action::Update,
            json!({"item_id": "A1", "quantity": 10}),
            Some(json!({"quantity": 12})),
        );
        let stored = object(json!({"item_id": "A1", "quantity": 11}));
        let reasons = back(&run, Some(&stored)).unwrap_err();
        assert_eq!(reasons[0].reason, "A1 is left as it is: its quantity has changed since");
        assert!(back(&run, None).is_err());
        let created = changed(Action::Create, json!({"item_id": "A1", "name": "x"}), None);
        let touched = object(json!({"id": "A1", "item_id": "A1", "name": "x", "status": "Active"}));
        assert!(back(&created, Some(&touched)).is_err());
    }

    #[test]
    fn what_was_created_is_deleted_and_what_was_deleted_is_created() {
        let stored = object(json!({"id": "A1", "item_id": "A1", "name": "x", "updated_at": "now", "status": null}));
        let created = changed(Action::Create, json!({"item_id": "A1", "name": "x"}), None);
        assert_eq!(written(back(&created, Some(&stored))).action, Action::Delete);
        assert_eq!(back(&created, None), Ok(Decision::Unchanged));
        let deleted = changed(
            Action::Delete,
            json!({"item_id": "A1"}),
            Some(Value::Object(stored.clone())),
        );
        let change = written(back(&deleted, None));
        assert_eq!(change.action, Action::Create);
        assert_eq!(Value::Object(change.body), json!({"item_id": "A1", "name": "x"}));
        assert_eq!(back(&deleted, Some(&stored)), Ok(Decision::Unchanged));
    }

    #[test]
    fn leaves_that_a_write_added_to_a_map_are_nulled() {
        let run = changed(
            Action::Update,
            json!({"item_id": "A1", "extra": {"a": 1, "b": 2}}),
            Some(json!({"extra": {"a": 0, "c": 3}})),
        );
        let stored = object(json!({"item_id": "A1", "extra": {"a": 1, "b": 2, "c": 3}}));
        let change = written(back(&run, Some(&stored)));
        assert_eq!(change.body["extra"], json!({"a": 0, "b": null, "c": 3}));
    }
}
