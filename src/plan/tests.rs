//! What is decided on one item, and how it is written.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::item::text::ItemParser;

const ORIGIN: Origin = Origin { table: 0, line: 7 };

fn value<'a>(field: &'a str, value: FieldValue<'a>, raw: Option<&'a str>) -> DraftValue<'a> {
    DraftValue {
        field,
        value,
        raw: raw.map(Cow::Borrowed),
        index: None,
        misfit: None,
    }
}

fn draft<'a>(values: Vec<(&'a str, FieldValue<'a>)>) -> Draft<'a> {
    Draft {
        id: Cow::Borrowed("A1"),
        suspect: None,
        values: values.into_iter().map(|(field, new)| value(field, new, None)).collect(),
    }
}

fn text(text: &str) -> FieldValue<'_> {
    FieldValue::Text(Cow::Borrowed(text))
}

fn number(digits: &str) -> FieldValue<'_> {
    FieldValue::Number(Cow::Borrowed(digits))
}

/// Decides on drafts one after the other, each with the text of its stored item.
fn part_of(drafts: &[(&Draft<'_>, Option<&str>)], policy: &Policy) -> PlanPart {
    let mut part = PlanPart::default();
    for (draft, stored) in drafts {
        let mut parser = stored.map(ItemParser::new);
        let item = parser.as_mut().map(|parser| parser.item().unwrap());
        decide(ORIGIN, draft, item.as_ref(), policy, &mut part);
    }
    assert_eq!(part.items(), drafts.len() as u64);
    part
}

fn decided(draft: &Draft<'_>, stored: Option<&Value>, policy: &Policy) -> PlanPart {
    let stored = stored.map(Value::to_string);
    part_of(&[(draft, stored.as_deref())], policy)
}

/// The only change: what is done, the body, and the values before.
fn written(part: &PlanPart) -> (Action, &str, Option<&str>) {
    let changes: Vec<_> = part.changes().collect();
    let [change] = changes[..] else {
        panic!("not one write: {changes:?}");
    };
    assert_eq!((change.origin, part.items()), (ORIGIN, 1));
    (change.action, change.body, change.before)
}

fn counts(part: &PlanPart) -> (usize, u64, u64) {
    (part.changes().len(), part.unchanged.count(), part.skipped.count())
}

fn clearing() -> Policy {
    Policy {
        blanks: Blanks::Clear,
        ..Policy::default()
    }
}

#[test]
fn a_value_that_is_not_of_its_fields_kind_is_refused_unless_just_that_is_stored() {
    let misfit = |field: &'static str, new: &'static str| DraftValue {
        misfit: Some(Box::new(Rejection {
            column: None,
            index: None,
            value: new.to_owned(),
            reason: format!("{field} is not a number"),
        })),
        ..value(field, text(new), Some(new))
    };
    let draft = Draft {
        id: Cow::Borrowed("A1"),
        suspect: None,
        values: vec![
            misfit("quantity", "about 20"),
            misfit("weight", "5 g"),
            value("name", text("n"), None),
        ],
    };
    let reasons = |stored: Option<Value>| {
        let part = decided(&draft, stored.as_ref(), &Policy::default());
        let refused = part.refused.iter().flat_map(|refused| &refused.reasons);
        (
            counts(&part),
            refused.map(|reason| reason.reason.clone()).collect::<Vec<_>>(),
        )
    };
    let both = vec![
        "quantity is not a number".to_owned(),
        "weight is not a number".to_owned(),
    ];
    assert_eq!(reasons(None), ((0, 0, 0), both.clone()));
    assert_eq!(
        reasons(Some(json!({"item_id": "A1", "quantity": 5}))),
        ((0, 0, 0), both)
    );
    let stored = json!({"item_id": "A1", "quantity": "about 20", "weight": "6 g"});
    assert_eq!(
        reasons(Some(stored)),
        ((0, 0, 0), vec!["weight is not a number".to_owned()])
    );
    let stored = json!({"item_id": "A1", "quantity": "about 20", "weight": "5 g", "name": "n"});
    assert_eq!(reasons(Some(stored)), ((0, 1, 0), vec![]));
    let stored = json!({"item_id": "A1", "quantity": "about 20", "weight": "5 g", "name": "other"});
    assert_eq!(reasons(Some(stored)), ((1, 0, 0), vec![]));
}

#[test]
fn deletes_are_bounded_by_a_number_or_a_share() {
    assert!(MaxShare::Items(0).allows(0, 0) && !MaxShare::Items(3).allows(4, 1000));
    assert!(MaxShare::Share(0.1).allows(10, 100) && !MaxShare::Share(0.1).allows(11, 100));
    assert!(MaxShare::Share(0.1).allows(0, 0));
}

#[test]
fn a_new_item_is_posted_with_the_fields_that_are_known_and_no_others() {
    let draft = draft(vec![
        ("name", text("Kush \"1\"\n")),
        ("quantity", number("10.50")),
        ("approved", FieldValue::Bool(true)),
        ("status", FieldValue::Nothing),
    ]);
    let part = decided(&draft, None, &Policy::default());
    let body = r#"{"approved":true,"item_id":"A1","name":"Kush \"1\"\n","quantity":10.50}"#;
    assert_eq!(written(&part), (Action::Create, body, None));
    let part = decided(&draft, None, &clearing());
    assert!(written(&part).1.ends_with(r#""quantity":10.50,"status":null}"#));
}

#[test]
fn a_new_item_without_any_value_is_its_id() {
    let part = decided(&draft(vec![]), None, &Policy::default());
    assert_eq!(written(&part).1, r#"{"item_id":"A1"}"#);
    let part = decided(&draft(vec![]), Some(&json!({"item_id": "A1"})), &clearing());
    assert_eq!(counts(&part), (0, 1, 0));
}

#[test]
fn complete_adds_the_nulls_of_the_documentation() {
    let policy = Policy {
        complete: true,
        ..Policy::default()
    };
    let draft = draft(vec![
        ("name", text("Kush")),
        ("status", FieldValue::Nothing),
        ("own", FieldValue::Nothing),
    ]);
    let part = decided(&draft, None, &policy);
    let body: Object = serde_json::from_str(written(&part).1).unwrap();
    assert_eq!(body.len(), 27);
    assert_eq!((&body["name"], &body["status"]), (&json!("Kush"), &Value::Null));
    assert_eq!(body["item_id"], "A1");
    // An update is what it is without.
    let part = decided(&draft, Some(&json!({"item_id": "A1", "name": "x"})), &policy);
    assert_eq!(written(&part).1, r#"{"item_id":"A1","name":"Kush"}"#);
}

#[test]
fn a_stored_item_is_posted_with_the_fields_that_differ_and_their_earlier_values_are_kept() {
    let stored =
        json!({"id": "A1", "item_id": "A1", "name": "Kush", "quantity": 12, "status": "ok", "own": {"b": [1, "\n"]}});
    let draft = draft(vec![
        ("name", text("Kush")),
        ("quantity", number("10.5")),
        ("own", text("x")),
        ("area_name", text("Vault")),
    ]);
    let part = decided(&draft, Some(&stored), &Policy::default());
    let body = r#"{"area_name":"Vault","item_id":"A1","own":"x","quantity":10.5}"#;
    let before = r#"{"own":{"b":[1,"\n"]},"quantity":12}"#;
    assert_eq!(written(&part), (Action::Update, body, Some(before)));
}

#[test]
fn the_digits_of_a_stored_number_are_kept() {
    let draft = draft(vec![("quantity", number("5"))]);
    let stored = r#"{"item_id":"A1","quantity":0.12345678901234567890}"#;
    let part = part_of(&[(&draft, Some(stored))], &Policy::default());
    assert_eq!(written(&part).2, Some(r#"{"quantity":0.12345678901234567890}"#));
}

#[test]
fn what_is_equal_by_value_is_no_change() {
    let big = json!({"a": 1, "b": null});
    for (field, new, old) in [
        ("quantity", number("5.00"), json!(5)),
        ("quantity", number("5"), json!("5.0")),
        ("quantity", number("100000"), json!(1e5)),
        ("name", FieldValue::Nothing, json!("None")),
        ("name", FieldValue::Nothing, json!("")),
        ("name", text(""), json!(null)),
        ("approved", FieldValue::Bool(true), json!(true)),
        ("own", FieldValue::Json(&big), json!({"a": 1.0})),
    ] {
        let part = decided(
            &draft(vec![(field, new.clone())]),
            Some(&json!({field: old})),
            &clearing(),
        );
        assert_eq!(counts(&part), (0, 1, 0), "{field} {new:?} {old}");
    }
    for (field, new, old) in [
        ("quantity", number("5"), json!("five")),
        ("name", text("a"), json!("A")),
        ("name", text("5"), json!(5)),
        ("approved", FieldValue::Bool(true), json!("true")),
        ("status", FieldValue::Nothing, json!("ok")),
    ] {
        let part = decided(
            &draft(vec![(field, new.clone())]),
            Some(&json!({field: old})),
            &clearing(),
        );
        assert_eq!(counts(&part), (1, 0, 0), "{field} {new:?} {old}");
    }
}

#[test]
fn a_blank_cell_keeps_the_stored_value_unless_clearing_is_asked_for() {
    let stored = json!({"item_id": "A1", "name": "Kush", "status": "None"});
    let draft = draft(vec![("name", FieldValue::Nothing), ("status", FieldValue::Nothing)]);
    assert_eq!(counts(&decided(&draft, Some(&stored), &Policy::default())), (0, 1, 0));
    let part = decided(&draft, Some(&stored), &clearing());
    assert_eq!(written(&part).1, r#"{"item_id":"A1","name":null}"#);
}

#[test]
fn an_untyped_cell_that_reads_as_an_export_writes_it_asks_for_no_change() {
    let stored = json!({"item_id": "A1", "approved": true, "approved_at": "07/08/2021"});
    let draft = Draft {
        id: Cow::Borrowed("A1"),
        suspect: None,
        values: vec![
            value("approved", text("true"), Some("true")),
            value("approved_at", text("2021-07-08"), Some("07/08/2021")),
        ],
    };
    assert_eq!(counts(&decided(&draft, Some(&stored), &Policy::default())), (0, 1, 0));
}

#[test]
fn the_mode_skips_what_it_does_not_cover() {
    let stored = json!({"item_id": "A1"});
    let draft = draft(vec![("name", text("Kush"))]);
    let of = |mode, stored| {
        let policy = Policy {
            mode,
            ..Policy::default()
        };
        counts(&decided(&draft, stored, &policy))
    };
    assert_eq!(of(Mode::Create, Some(&stored)), (0, 0, 1));
    assert_eq!(of(Mode::Create, None), (1, 0, 0));
    assert_eq!(of(Mode::Update, None), (0, 0, 1));
    assert_eq!(of(Mode::Update, Some(&stored)), (1, 0, 0));
}

#[test]
fn of_two_values_for_one_field_the_later_counts() {
    let twice = draft(vec![
        ("name", text("first")),
        ("status", text("ok")),
        ("name", text("second")),
    ]);
    let part = decided(&twice, None, &Policy::default());
    assert_eq!(written(&part).1, r#"{"item_id":"A1","name":"second","status":"ok"}"#);
    let blank = draft(vec![("name", text("first")), ("name", FieldValue::Nothing)]);
    let part = decided(&blank, None, &Policy::default());
    assert_eq!(written(&part).1, r#"{"item_id":"A1","name":"first"}"#);
}

#[test]
fn each_item_is_decided_by_itself_whatever_fields_the_one_before_had() {
    let long = draft(vec![
        ("name", text("a")),
        ("area_name", text("b")),
        ("quantity", number("1")),
    ]);
    let short = draft(vec![("quantity", number("2")), ("name", text("c"))]);
    let other = draft(vec![
        ("status", text("d")),
        ("name", text("a")),
        ("quantity", number("1")),
    ]);
    let drafts = [
        (
            &long,
            Some(r#"{"item_id":"A1","name":"a","area_name":"b","quantity":1}"#),
        ),
        (&short, Some(r#"{"quantity":2,"name":"c","item_id":"A1"}"#)),
        (&other, Some(r#"{"quantity":1,"name":"a"}"#)),
        (&long, None),
        (&other, Some(r#"{"name":"z","status":"d","quantity":1}"#)),
    ];
    let part = part_of(&drafts, &Policy::default());
    let bodies: Vec<_> = part.changes().map(|change| change.body).collect();
    assert_eq!(
        bodies,
        [
            r#"{"item_id":"A1","status":"d"}"#,
            r#"{"area_name":"b","item_id":"A1","name":"a","quantity":1}"#,
            r#"{"item_id":"A1","name":"a"}"#
        ]
    );
    assert_eq!(part.unchanged.iter().collect::<Vec<_>>(), ["A1", "A1"]);
}

#[test]
fn what_was_decided_on_trees_is_in_the_part_as_it_was_decided() {
    let mut part = PlanPart::default();
    let change = Change {
        action: Action::Delete,
        id: "Ä".to_owned(),
        body: json!({"item_id": "Ä"}).as_object().unwrap().clone(),
        before: Some(json!({"b": {"c": 1.50}, "a": "\""}).as_object().unwrap().clone()),
    };
    part.put(ORIGIN, "Ä", Ok(Decision::Write(change.clone())));
    part.put(ORIGIN, "B", Ok(Decision::Unchanged));
    part.put(ORIGIN, "", Ok(Decision::Skipped));
    part.put(ORIGIN, "C", Err(Vec::new()));
    assert_eq!((part.items(), counts(&part)), (4, (1, 1, 1)));
    assert_eq!(part.changes().next().map(|text| text.to_change()), Some(change));
    assert_eq!((part.refused[0].origin, part.refused[0].id.as_str()), (ORIGIN, "C"));
}

fn any_value() -> impl Strategy<Value = (&'static str, FieldValue<'static>, Option<&'static str>)> {
    let names = [
        "name",
        "quantity",
        "status",
        "approved_at",
        "dose",
        "\"own\n",
        "item_idx",
    ];
    let texts = [
        "",
        "None",
        "Kush",
        "é\"\\",
        "07/08/2021",
        "2021-07-08",
        "1,234.50",
        "12",
        "true",
    ];
    let digits = ["12", "-0.50", "1234.50", "0", "1e5", "10E-2", "-0"];
    let value = prop_oneof![
        Just(FieldValue::Nothing),
        prop::sample::select(texts.to_vec()).prop_map(text),
        prop::sample::select(digits.to_vec()).prop_map(number),
        any::<bool>().prop_map(FieldValue::Bool),
    ];
    let raw = prop::option::of(prop::sample::select(texts.to_vec()));
    (prop::sample::select(names.to_vec()), value, raw)
}

fn any_stored() -> impl Strategy<Value = Object> {
    let values = [
        json!(null),
        json!(""),
        json!("None"),
        json!("Kush"),
        json!("07/08/2021"),
        json!("1,234.50"),
        json!(12),
        json!(12.0),
        json!("12"),
        json!(true),
        json!([1]),
        json!({"a": 1}),
        json!(1e5),
        json!("é\"\\"),
        json!(-0.5),
    ];
    let names = "name|quantity|status|approved_at|dose|other";
    prop::collection::btree_map(names, prop::sample::select(values.to_vec()), 0..6)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_posted_makes_the_stored_item_what_the_file_says_and_nothing_more(
        values in prop::collection::vec(any_value(), 0..6), stored in prop::option::of(any_stored()),
        clear in any::<bool>(), complete in any::<bool>(),
    ) {
        let values: std::collections::BTreeMap<_, _> = values.into_iter().map(|one| (one.0, one)).collect();
        let draft = Draft {
            id: Cow::Borrowed("A \"1\""),
            suspect: None,
            values: values.into_values().rev().map(|(field, new, raw)| value(field, new, raw)).collect(),
        };
        let policy = Policy { blanks: if clear { Blanks::Clear } else { Blanks::Keep }, complete, ..Policy::default() };
        let before = stored.clone().map(Value::Object);
        let part = decided(&draft, before.as_ref(), &policy);
        let mut after = stored.clone().unwrap_or_default();
        for change in part.changes() {
            let Change { action, id, body, before } = change.to_change();
            prop_assert_eq!(action == Action::Update, stored.is_some());
            prop_assert_eq!((id.as_str(), &body[ITEM_ID]), ("A \"1\"", &json!("A \"1\"")));
            // The fields stand in byte order, each once.
            prop_assert_eq!(serde_json::to_string(&body).unwrap(), change.body);
            prop_assert!(body.len() > 1 || action == Action::Create);
            // Of the posted fields the stored values are kept, and of no others.
            let kept = stored.as_ref().map(|stored| {
                let kept = body.keys().filter(|field| *field != ITEM_ID);
                kept.filter_map(|field| Some((field.clone(), stored.get(field)?.clone()))).collect::<Object>()
            });
            prop_assert_eq!(before, kept);
            after.extend(body);
        }
        prop_assert_eq!(counts(&decided(&draft, Some(&Value::Object(after.clone())), &policy)), (0, 1, 0));
        for value in &draft.values {
            if value.value != FieldValue::Nothing || clear {
                let (new, old) = (value.value.to_json(), after.get(value.field));
                let is_shown = value.raw.as_deref().zip(old).is_some_and(|(raw, old)| shows(raw, old));
                prop_assert!(is_shown || same(value.field, Some(&new), old), "{:?} {:?}", value, old);
            }
        }
    }
}
