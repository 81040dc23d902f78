//! Snapshot → organization: what restoring wants of each item. Items go back as they were stored, less what the server sets
//! itself; what only the organization has stays and is told, or goes on request.
//!
//! Belongs here: what restoring wants of each item. Doesn't: how it is planned, sent and accounted for (`transfer`), files
//! (`snapshot`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::columns::{Origin, REJECT_COLUMNS, Rejection, is_nothing, same};
use crate::error::Error;
use crate::inventory::Lookup;
use crate::item::{ITEM_ID, Object, SERVER_FIELDS, check_id, has_other_item_id, id_of};
use crate::journal::Journal;
use crate::output::{About, Warning, counted};
use crate::plan::{Action, Change, Decision, left};
use crate::report::numbered;
use crate::sheet::write::WriteError;
use crate::snapshot::Snapshot;
use crate::transfer::{Description, Each, Pass, Supply, TakePart};
use crate::undo::restoring;

/// How many kept fields are named.
const NAMED: usize = 20;

/// The items of a snapshot, to be restored.
pub struct Restore<'a> {
    /// The snapshot, checked.
    pub snapshot: &'a Snapshot,
    /// How many items it holds.
    pub items: u64,
    /// The ids to restore; all of them where none is named.
    pub only: BTreeSet<String>,
    /// Fields and leaves that only the organization has become null.
    pub exact: bool,
    /// Ids that the organization holds and the snapshot lacks, to be deleted.
    pub doomed: Vec<String>,
    /// The reject file: items that failed or were not attempted.
    pub rejects: PathBuf,
    /// Fields and leaves that only the organization has, and in how many items.
    pub kept: RefCell<BTreeMap<String, u64>>,
}

impl Restore<'_> {
    fn each(&self, take: &mut dyn FnMut(u64, Object) -> Result<(), Error>) -> Result<(), Error> {
        let mut line = 0;
        self.snapshot.each::<Error>(|item| {
            line += 1;
            take(line, item)
        })
    }

    fn is_wanted(&self, id: &str) -> bool {
        self.only.is_empty() || self.only.contains(id)
    }

    /// What stayed because only the organization has it, for a person.
    #[must_use]
    pub fn kept(&self) -> Option<Warning> {
        let kept = self.kept.borrow();
        if kept.is_empty() {
            return None;
        }
        let named = kept.iter().take(NAMED);
        let named = named.map(|(field, items)| format!("{field} ({})", counted(*items, "item")));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if kept.len() > NAMED { ", …" } else { "" };
        Some(About::FieldsKept.warning(format!(
            "kept, because the snapshot doesn't have them: {named}{more} (--exact makes them null)"
        )))
    }

    /// What could not be deleted, and why; the reject file holds items only.
    pub fn undeleted(&self, journal: &Journal) -> Result<Vec<Warning>, Error> {
        let mut told = Vec::new();
        journal.problems::<Error>(0, &mut |problem| {
            if problem.origin.line > self.items {
                let Rejection { value, reason, .. } = problem.rejection;
                // The reason of what was left is a complete sentence.
                let is_left = reason.starts_with(&left(&value, ""));
                let text = if is_left {
                    reason
                } else {
                    format!("{value} was not deleted: {reason}")
                };
                told.push(About::NotDeleted.warning(text));
            }
            Ok(())
        })?;
        Ok(told)
    }

    fn decide_one(
        &self,
        item: &Object,
        stored: &mut Each<'_, '_>,
    ) -> Result<(String, Result<Decision, Vec<Rejection>>), Error> {
        let id = id_of(item).unwrap_or_default().into_owned();
        if !self.is_wanted(&id) {
            return Ok((id, Ok(Decision::Skipped)));
        }
        if let Err(fault) = check_id(&id) {
            return Ok((String::new(), Err(refused(&id, &fault.to_string()))));
        }
        if has_other_item_id(item) {
            let own = item.get(ITEM_ID).map_or_else(|| "none".to_owned(), Value::to_string);
            let why = format!("it is stored as {id:?}, and its own item_id is another one ({own})");
            return Ok((String::new(), Err(refused(&id, &why))));
        }
        let decision = match stored.stored(&id)? {
            None => Decision::Write(create(&id, item)),
            Some(stored) => self.update(&id, item, &stored),
        };
        Ok((id, Ok(decision)))
    }

    fn update(&self, id: &str, item: &Object, stored: &Object) -> Decision {
        let mut body = Object::new();
        for (field, wanted) in own_fields(item) {
            let now = stored.get(field);
            if same(field, Some(wanted), now) {
                continue;
            }
            if self.exact {
                body.insert(field.clone(), restoring(Some(wanted), now));
            } else if let Some(patch) = self.patch(field, field, wanted, now) {
                body.insert(field.clone(), patch);
            }
        }
        for (field, now) in own_fields(stored) {
            if item.contains_key(field) || is_nothing(Some(now)) {
                continue;
            }
            if self.exact {
                body.insert(field.clone(), Value::Null);
            } else {
                self.keep(field);
            }
        }
        if body.is_empty() {
            return Decision::Unchanged;
        }
        let before = body
            .keys()
            .filter_map(|field| Some((field.clone(), stored.get(field)?.clone())));
        Decision::Write(Change {
            action: Action::Update,
            id: id.to_owned(),
            before: Some(before.collect()),
            body: identified(id, body),
        })
    }

    /// What has to be posted so that what is stored holds the wanted value, leaf by leaf; none where it does. Leaves that
    /// only the organization has are told and stay: a map is sent without those of its leaves that are right already, as an
    /// empty map in it would take the place of a stored one.
    fn patch(&self, field: &str, path: &str, wanted: &Value, now: Option<&Value>) -> Option<Value> {
        let (Value::Object(wanted), Some(Value::Object(now))) = (wanted, now) else {
            return (!same(field, Some(wanted), now)).then(|| wanted.clone());
        };
        for (key, value) in now {
            if !wanted.contains_key(key) && !is_nothing(Some(value)) {
                self.keep(&format!("{path}.{key}"));
            }
        }
        let leaves = wanted.iter().filter_map(|(key, wanted)| {
            let patch = self.patch("", &format!("{path}.{key}"), wanted, now.get(key))?;
            Some((key.clone(), patch))
        });
        let patch: Object = leaves.collect();
        (!patch.is_empty()).then_some(Value::Object(patch))
    }

    fn keep(&self, path: &str) {
        *self.kept.borrow_mut().entry(path.to_owned()).or_default() += 1;
    }
}

impl Supply for Restore<'_> {
    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.each(&mut |_, item| match id_of(&item).as_deref() {
            Some(id) if !has_other_item_id(&item) && check_id(id).is_ok() && self.is_wanted(id) => take(id),
            _ => Ok(()),
        })?;
        self.doomed.iter().try_for_each(|id| take(id))
    }

    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error> {
        self.kept.borrow_mut().clear();
        let mut each = Each::new(stored, take);
        let origin = |line| Origin { table: 0, line };
        self.each(&mut |line, item| {
            let (id, decision) = self.decide_one(&item, &mut each)?;
            each.put(origin(line), &id, decision)
        })?;
        for (line, id) in (self.items + 1..).zip(&self.doomed) {
            let decision = match each.stored(id)? {
                None => Decision::Unchanged,
                Some(stored) => Decision::Write(Change {
                    action: Action::Delete,
                    id: id.clone(),
                    body: identified(id, Object::new()),
                    before: Some(stored),
                }),
            };
            each.put(origin(line), id, Ok(decision))?;
        }
        each.end()
    }

    /// What could not be deleted is reported by [`Self::undeleted`].
    fn describe(&self) -> Description<'_> {
        let is_item = |origin: Origin| origin.line <= self.items;
        Description {
            count: Some(self.items + self.doomed.len() as u64),
            address: Box::new(move |origin, _| {
                is_item(origin).then(|| format!("item {} of the snapshot", origin.line))
            }),
            ..Description::default()
        }
    }

    /// Items that did not go through, as JSON lines with the reason in `_reason`, ready to be imported. What could not be
    /// deleted is no item to import ([`Self::undeleted`]).
    fn rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        let mut problems: BTreeMap<u64, (String, Vec<String>)> = BTreeMap::new();
        journal.problems::<Error>(0, &mut |problem| {
            if problem.origin.line <= self.items {
                let (_, reasons) = problems
                    .entry(problem.origin.line)
                    .or_insert_with(|| (problem.rejection.value.clone(), Vec::new()));
                reasons.push(problem.rejection.reason);
            }
            Ok(())
        })?;
        if problems.is_empty() {
            return Ok(Vec::new());
        }
        let (path, mut file) = numbered(&self.rejects)?;
        self.each(&mut |line, mut item| {
            if let Some((value, reasons)) = problems.get(&line) {
                let told = [json!(line), Value::Null, json!(value), json!(reasons.join("; "))];
                item.extend(REJECT_COLUMNS.iter().map(|name| (*name).to_owned()).zip(told));
                let line = Value::Object(item).to_string();
                writeln!(file, "{line}").map_err(WriteError::Io)?;
            }
            Ok(())
        })?;
        file.commit()?;
        Ok(vec![path])
    }
}

/// Where a restore's reject file stands unless it is named.
#[must_use]
pub fn rejects_for(org: &str) -> PathBuf {
    Path::new(&format!("restore-{}.rejects.jsonl", crate::snapshot::folder_of(org))).to_owned()
}

/// An item's fields without its ids and what the server sets itself.
fn own_fields(item: &Object) -> impl Iterator<Item = (&String, &Value)> {
    item.iter()
        .filter(|(field, _)| field.as_str() != ITEM_ID && !SERVER_FIELDS.contains(&field.as_str()))
}

fn create(id: &str, item: &Object) -> Change {
    let body = own_fields(item)
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    Change {
        action: Action::Create,
        id: id.to_owned(),
        body: identified(id, body),
        before: None,
    }
}

fn identified(id: &str, mut body: Object) -> Object {
    body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
    body
}

fn refused(id: &str, why: &str) -> Vec<Rejection> {
    vec![Rejection {
        column: None,
        index: None,
        value: id.to_owned(),
        reason: why.to_owned(),
    }]
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
