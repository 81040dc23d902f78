//! Which items are meant, and what is wanted of them.

use serde_json::json;

use super::*;
use crate::shard;

fn item(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

#[test]
fn an_item_is_sent_as_it_is_stored_less_what_the_server_sets() {
    let stored = item(json!({
        "id": "7", "item_id": 7, "updated_at": "now", "updated_by": "me", "name": null, "lab": {"updated_at": "then"},
    }));
    let Wanted::Item { source, id, body } = Choice::default().wanted(&stored) else {
        panic!("not wanted");
    };
    assert_eq!((source.as_str(), id.as_str()), ("7", "7"));
    assert_eq!(
        Value::Object(body),
        json!({"item_id": "7", "name": null, "lab": {"updated_at": "then"}})
    );
}

#[test]
fn an_item_that_is_not_what_its_id_says_is_refused() {
    for other in [json!(null), json!("8"), json!(7.0), json!(true), json!(["7"])] {
        let stored = item(json!({"id": "7", "item_id": other}));
        assert!(
            matches!(Choice::default().wanted(&stored), Wanted::Refused(_)),
            "{other}"
        );
    }
    let prefixed = Choice {
        ids: Ids::Prefix("__".to_owned()),
        ..Choice::default()
    };
    assert!(matches!(
        prefixed.wanted(&item(json!({"id": "x__", "item_id": "x__"}))),
        Wanted::Refused(_)
    ));
}

#[test]
fn every_item_is_in_just_one_share_whatever_is_wrong_with_it() {
    let shares: Vec<Choice> = (1..=3)
        .map(|number| Choice {
            shard: shard::Choice::parse(&format!("{number}/3")).unwrap().resolve(None).ok(),
            ..Choice::default()
        })
        .collect();
    for stored in [
        json!({"id": "a", "item_id": "a"}),
        json!({"id": "b", "item_id": "c"}),
        json!({"id": "d"}),
        json!({"name": "without any id"}),
    ] {
        let stored = item(stored);
        let owners = shares
            .iter()
            .filter(|choice| !matches!(choice.wanted(&stored), Wanted::Elsewhere));
        assert_eq!(owners.count(), 1, "{stored:?}");
    }
}
