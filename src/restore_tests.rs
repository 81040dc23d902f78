//! What restoring wants of one item, compared with what is stored.

use super::*;
use crate::inventory::{ItemStore, Receiver as _};
use crate::plan::PlanPart;
use crate::snapshot::{Facts, Grade, Shelf};

struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new(items: &[Value]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(dir.path(), "org").unwrap();
        let mut store = ItemStore::new().unwrap();
        for item in items {
            store.item(item.as_object().unwrap().clone()).unwrap();
        }
        let lock = shelf.lock(std::time::Duration::ZERO, &mut |_| {}, &|| false).unwrap();
        let facts = Facts {
            api: String::new(),
            started: jiff::Timestamp::now(),
            grade: Grade::Proved,
            evidence: String::new(),
            kind: None,
        };
        shelf.create(&lock, &mut store, &facts).unwrap();
        Self { dir }
    }

    fn snapshot(&self) -> Snapshot {
        let shelf = Shelf::of(self.dir.path(), "org").unwrap();
        shelf.snapshots().unwrap().remove(0)
    }
}

fn restore<'a>(snapshot: &'a Snapshot, only: &[&str], exact: bool, doomed: &[&str]) -> Restore<'a> {
    Restore {
        snapshot,
        items: snapshot.manifest().unwrap().items,
        only: only.iter().map(|id| (*id).to_owned()).collect(),
        exact,
        doomed: doomed.iter().map(|id| (*id).to_owned()).collect(),
        rejects: PathBuf::new(),
        kept: RefCell::default(),
    }
}

fn decided(restore: &Restore<'_>, stored: &[Value]) -> PlanPart {
    let mut store = ItemStore::new().unwrap();
    for item in stored {
        store.item(item.as_object().unwrap().clone()).unwrap();
    }
    let mut parts = Vec::new();
    let pass = restore.decide(&store.lookup().unwrap(), &mut |part| {
        parts.push(part);
        Ok(())
    });
    assert_eq!(pass.unwrap(), Pass::Stands);
    let part = parts.pop().unwrap();
    assert!(parts.is_empty());
    assert_eq!(Some(part.items()), restore.describe().count);
    part
}

/// The body of the only item that is not deleted.
fn body(part: &PlanPart) -> Value {
    let mut changes = part.changes().filter(|change| change.action != Action::Delete);
    let body = changes.next().unwrap().to_change().body;
    assert_eq!(changes.next(), None);
    Value::Object(body)
}

#[test]
fn a_new_item_is_posted_as_it_was_stored_without_what_the_server_sets() {
    let item = json!({"id": "A", "item_id": "A", "updated_at": "x", "updated_by": "y", "status": "None", "dose": null, "own": {"a": []}});
    let case = Case::new(&[item]);
    let snapshot = case.snapshot();
    let decided = decided(&restore(&snapshot, &[], false, &[]), &[]);
    assert_eq!(
        body(&decided),
        json!({"item_id": "A", "status": "None", "dose": null, "own": {"a": []}})
    );
}

#[test]
fn a_stored_item_gets_what_differs_and_keeps_what_it_alone_has() {
    let item =
        json!({"id": "A", "item_id": "A", "quantity": 5, "name": "old", "own": {"a": 1, "deep": {}, "b": {"c": 1}}});
    let stored = json!({"id": "A", "item_id": "A", "quantity": "5.0", "name": "new", "status": "Active", "dose": null,
        "own": {"a": 2, "deep": {"mine": 1}, "b": {"c": 1, "d": 2}}, "updated_at": "now"});
    let case = Case::new(&[item]);
    let snapshot = case.snapshot();
    let restore = restore(&snapshot, &[], false, &[]);
    let decided = decided(&restore, &[stored]);
    // An empty map would take the place of the stored one: what is right already is not sent.
    assert_eq!(body(&decided), json!({"item_id": "A", "name": "old", "own": {"a": 1}}));
    let kept: Vec<_> = restore.kept.borrow().keys().cloned().collect();
    assert_eq!(kept, ["own.b.d", "own.deep.mine", "status"]);
    assert!(restore.kept().unwrap().contains("status (1 item)"));
}

#[test]
fn exact_makes_null_of_what_the_snapshot_lacks_and_deletes_what_is_doomed() {
    let item = json!({"id": "A", "item_id": "A", "own": {"a": 1}});
    let stored = [
        json!({"id": "A", "item_id": "A", "status": "Active", "own": {"a": 1, "b": 2}}),
        json!({"id": "Z", "item_id": "Z", "name": "new"}),
    ];
    let case = Case::new(&[item]);
    let snapshot = case.snapshot();
    let decided = decided(&restore(&snapshot, &[], true, &["Y", "Z"]), &stored);
    assert_eq!(
        body(&decided),
        json!({"item_id": "A", "status": null, "own": {"a": 1, "b": null}})
    );
    assert_eq!(decided.unchanged.iter().collect::<Vec<_>>(), ["Y"], "gone already");
    let deleted = decided.changes().last().unwrap().to_change();
    assert_eq!((deleted.action, deleted.id.as_str()), (Action::Delete, "Z"));
    assert_eq!(deleted.before.map(Value::Object).as_ref(), Some(&stored[1]));
}

#[test]
fn only_named_items_are_restored_and_the_others_are_skipped() {
    let case = Case::new(&[json!({"id": "A", "item_id": "A"}), json!({"id": "B", "item_id": "B"})]);
    let snapshot = case.snapshot();
    let decided = decided(&restore(&snapshot, &["B"], false, &[]), &[]);
    assert_eq!(decided.skipped.iter().collect::<Vec<_>>(), ["A"]);
    assert_eq!(body(&decided), json!({"item_id": "B"}));
}

#[test]
fn an_item_that_says_another_id_of_itself_is_rejected_unless_it_is_a_number_of_the_same_digits() {
    let items = [
        json!({"id": "1", "item_id": 1}),
        json!({"id": "A", "item_id": "B"}),
        json!({"id": "C"}),
        json!({"name": "no id"}),
        json!({"id": "__x__", "item_id": "__x__"}),
    ];
    let case = Case::new(&items);
    let snapshot = case.snapshot();
    let decided = decided(&restore(&snapshot, &[], false, &[]), &[]);
    assert_eq!(decided.refused.len(), 4);
    assert_eq!(body(&decided), json!({"item_id": "1"}));
}
