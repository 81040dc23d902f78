//! Items against an inventory: what to create, what to change, what to leave. Pure: no I/O, nothing is sent.
//!
//! The rules are the design's: a new item is posted with the fields that are known and no others; a stored
//! item with the fields that differ; a blank cell does what the policy says, and only for cells that the file has.
//!
//! Doesn't belong here: where items come from (`transfer`), plans that people read (`review`).

mod left;
mod straight;
mod text;

use serde_json::Value;

use crate::columns::{Draft, DraftValue, FieldValue, Origin, Rejection, same, shows};
use crate::item::{FIELDS, ITEM_ID, Object};

pub use left::{changed_since_the_plan, left, shown};
pub use straight::Straightway;
pub use text::{ChangeText, PlanPart};

/// What a cell that says nothing does to the stored value. (`reject` is decided while reading.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blanks {
    /// The stored value stays.
    #[default]
    Keep,
    /// Null is posted.
    Clear,
}

/// Which rows may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// New items are created, stored ones are updated.
    #[default]
    Upsert,
    /// New items only; rows of stored items are skipped.
    Create,
    /// Stored items only; rows of new items are skipped.
    Update,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// What blank cells do.
    pub blanks: Blanks,
    /// Which rows may be written.
    pub mode: Mode,
    /// Whether a new item gets nulls for the fields that are not known (as the vendor's documentation posts them).
    pub complete: bool,
}

/// What is done to one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The organization has no such item.
    Create,
    /// The organization has it, with other values.
    Update,
    /// It is taken away.
    Delete,
}

/// A write that the plan asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// The item.
    pub id: String,
    /// What is posted, `item_id` included.
    pub body: Object,
    /// The stored values of the posted fields (a field that is not stored is absent); none for a new item.
    pub before: Option<Object>,
}

/// How many items a run may delete that were not named one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxDelete {
    /// So many.
    Items(u64),
    /// Such a share of what the organization holds (0 to 1).
    Share(f64),
}

impl MaxDelete {
    /// Whether `deleted` of the `held` items may go.
    #[must_use]
    pub fn allows(self, deleted: u64, held: u64) -> bool {
        match self {
            Self::Items(most) => deleted <= most,
            Self::Share(most) => deleted as f64 <= most * held as f64,
        }
    }
}

/// What the plan makes of one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Write it.
    Write(Change),
    /// Everything that the file says is stored already.
    Unchanged,
    /// Left out on request; the reason for a person.
    Skipped(&'static str),
}

/// What the plan makes of one item of a supply, and where that item stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Where the item stands.
    pub origin: Origin,
    /// Its id; empty where it has none that can be used.
    pub id: String,
    /// What is to be done, or why it is refused.
    pub decision: Result<Decision, Vec<Rejection>>,
}

/// Decides what to do with one item, given what the organization holds under its id.
#[must_use]
pub fn decide(draft: &Draft<'_>, stored: Option<&Object>, policy: &Policy) -> Decision {
    match (stored, policy.mode) {
        (Some(_), Mode::Create) => Decision::Skipped("the organization holds it already (--mode create)"),
        (None, Mode::Update) => Decision::Skipped("the organization doesn't hold it (--mode update)"),
        (Some(stored), _) => update(draft, stored, policy),
        (None, _) => Decision::Write(create(draft, policy)),
    }
}

fn create(draft: &Draft<'_>, policy: &Policy) -> Change {
    let mut body = identified(&draft.id);
    if policy.complete {
        for field in &FIELDS[1..] {
            body.insert(field.name.to_owned(), Value::Null);
        }
    }
    for value in &draft.values {
        match (&value.value, policy.blanks) {
            (FieldValue::Nothing, Blanks::Keep) => {}
            (FieldValue::Nothing, Blanks::Clear) => {
                body.insert(value.field.to_owned(), Value::Null);
            }
            (known, _) => {
                body.insert(value.field.to_owned(), known.to_json());
            }
        }
    }
    Change {
        action: Action::Create,
        id: draft.id.clone().into_owned(),
        body,
        before: None,
    }
}

fn update(draft: &Draft<'_>, stored: &Object, policy: &Policy) -> Decision {
    let mut body = Object::new();
    let mut before = Object::new();
    for value in &draft.values {
        if value.value == FieldValue::Nothing && policy.blanks == Blanks::Keep {
            continue;
        }
        let old = stored.get(value.field);
        if is_stored(value, old) {
            continue;
        }
        body.insert(value.field.to_owned(), value.value.to_json());
        if let Some(old) = old {
            before.insert(value.field.to_owned(), old.clone());
        }
    }
    if body.is_empty() {
        return Decision::Unchanged;
    }
    body.insert(ITEM_ID.to_owned(), Value::String(draft.id.clone().into_owned()));
    Decision::Write(Change {
        action: Action::Update,
        id: draft.id.clone().into_owned(),
        body,
        before: Some(before),
    })
}

/// Whether the file's value is what is stored: by value, or because the cell's own text is what an export writes for
/// the stored value (`true`, `07/08/2021`), so that importing an export changes nothing.
fn is_stored(value: &DraftValue<'_>, old: Option<&Value>) -> bool {
    let new = value.value.to_json();
    same(value.field, Some(&new), old) || matches!((&value.raw, old), (Some(raw), Some(old)) if shows(raw, old))
}

fn identified(id: &str) -> Object {
    let mut body = Object::new();
    body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
    body
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;

    fn draft<'a>(values: Vec<(&'a str, FieldValue<'a>)>) -> Draft<'a> {
        let values = values
            .into_iter()
            .map(|(field, value)| DraftValue {
                field,
                value,
                raw: None,
                index: None,
            })
            .collect();
        Draft {
            id: Cow::Borrowed("A1"),
            values,
        }
    }

    fn text(text: &str) -> FieldValue<'_> {
        FieldValue::Text(Cow::Borrowed(text))
    }

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    fn written(decision: Decision) -> Change {
        match decision {
            Decision::Write(change) => change,
            other => panic!("not a write: {other:?}"),
        }
    }

    #[test]
    fn deletes_are_bounded_by_a_number_or_a_share() {
        assert!(MaxDelete::Items(0).allows(0, 0) && !MaxDelete::Items(3).allows(4, 1000));
        assert!(MaxDelete::Share(0.1).allows(10, 100) && !MaxDelete::Share(0.1).allows(11, 100));
        assert!(MaxDelete::Share(0.1).allows(0, 0));
    }

    #[test]
    fn a_new_item_is_posted_with_the_fields_that_are_known_and_no_others() {
        let draft = draft(vec![("name", text("Kush")), ("status", FieldValue::Nothing)]);
        let change = written(decide(&draft, None, &Policy::default()));
        assert_eq!(change.action, Action::Create);
        assert_eq!(Value::Object(change.body), json!({"item_id": "A1", "name": "Kush"}));
    }

    #[test]
    fn complete_adds_the_nulls_of_the_documentation() {
        let policy = Policy {
            complete: true,
            ..Policy::default()
        };
        let change = written(decide(&draft(vec![("name", text("Kush"))]), None, &policy));
        assert_eq!(change.body.len(), 27);
        assert_eq!(change.body["name"], "Kush");
        assert_eq!(change.body["status"], Value::Null);
    }

    #[test]
    fn a_stored_item_is_posted_with_the_fields_that_differ_and_their_earlier_values_are_kept() {
        let stored = object(json!({"id": "A1", "item_id": "A1", "name": "Kush", "quantity": 12, "status": "ok"}));
        let draft = draft(vec![
            ("name", text("Kush")),
            ("quantity", FieldValue::Number(Cow::Borrowed("10.5"))),
            ("area_name", text("Vault")),
        ]);
        let change = written(decide(&draft, Some(&stored), &Policy::default()));
        assert_eq!(change.action, Action::Update);
        assert_eq!(
            Value::Object(change.body),
            json!({"item_id": "A1", "quantity": 10.5, "area_name": "Vault"})
        );
        assert_eq!(change.before.map(Value::Object), Some(json!({"quantity": 12})));
    }

    #[test]
    fn a_blank_cell_keeps_the_stored_value_unless_clearing_is_asked_for() {
        let stored = object(json!({"item_id": "A1", "name": "Kush", "status": "None"}));
        let draft = draft(vec![("name", FieldValue::Nothing), ("status", FieldValue::Nothing)]);
        assert_eq!(decide(&draft, Some(&stored), &Policy::default()), Decision::Unchanged);
        let clear = Policy {
            blanks: Blanks::Clear,
            ..Policy::default()
        };
        let change = written(decide(&draft, Some(&stored), &clear));
        assert_eq!(Value::Object(change.body), json!({"item_id": "A1", "name": null}));
    }

    #[test]
    fn an_untyped_cell_that_reads_as_an_export_writes_it_asks_for_no_change() {
        let stored = object(json!({"item_id": "A1", "approved": true, "approved_at": "07/08/2021"}));
        let values = vec![
            DraftValue {
                field: "approved",
                value: text("true"),
                raw: Some(Cow::Borrowed("true")),
                index: None,
            },
            DraftValue {
                field: "approved_at",
                value: text("2021-07-08"),
                raw: Some(Cow::Borrowed("07/08/2021")),
                index: None,
            },
        ];
        let draft = Draft {
            id: Cow::Borrowed("A1"),
            values,
        };
        assert_eq!(decide(&draft, Some(&stored), &Policy::default()), Decision::Unchanged);
    }

    #[test]
    fn the_mode_skips_what_it_does_not_cover() {
        let stored = object(json!({"item_id": "A1"}));
        let draft = draft(vec![("name", text("Kush"))]);
        let create = Policy {
            mode: Mode::Create,
            ..Policy::default()
        };
        let update = Policy {
            mode: Mode::Update,
            ..Policy::default()
        };
        assert!(matches!(decide(&draft, Some(&stored), &create), Decision::Skipped(_)));
        assert!(matches!(decide(&draft, None, &create), Decision::Write(_)));
        assert!(matches!(decide(&draft, None, &update), Decision::Skipped(_)));
        assert!(matches!(decide(&draft, Some(&stored), &update), Decision::Write(_)));
    }
}
