//! The poorer endpoints that the contract names.

use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use super::{COMPANY, success};
use crate::support::TestSandbox;

/// A sandbox of a flavour with 30 items, put past HTTP from the last to the first.
fn filled(traits: Flavour) -> TestSandbox {
    let sandbox = TestSandbox::with(traits);
    for n in (0..30).rev() {
        let item = json!({ "item_id": id(n), "quantity": n }).as_object().unwrap().clone();
        sandbox.sandbox.store().put(COMPANY, &id(n), item).unwrap();
    }
    sandbox
}

fn id(n: usize) -> String {
    format!("item-{n:02}")
}

#[test]
fn a_hard_cut_holds_whatever_is_asked() {
    let sandbox = filled(Flavour {
        hard_cut: Some(20),
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    for query in ["", "?limit=", "?limit=5000", "?limit=5"] {
        assert_eq!(http.ids(query), (0..20).map(id).collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(
        http.ids("?order_by=__name__&desc=1&limit="),
        (10..30).rev().map(id).collect::<Vec<_>>()
    );
}

#[test]
fn an_integer_limit_is_honoured() {
    let sandbox = filled(Flavour {
        integer_limit: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    assert_eq!(http.ids("?limit=7").len(), 7);
    assert_eq!(http.ids("?limit=5000").len(), 30);
    assert_eq!(http.ids("?limit=").len(), 30);
    assert_eq!(http.get("/inventory?limit=all").status, 500);
    let cut = filled(Flavour {
        integer_limit: true,
        hard_cut: Some(20),
        ..Flavour::default()
    });
    assert_eq!(cut.http(COMPANY).ids("?limit=25").len(), 20);
}

#[test]
fn without_ordering_nothing_is_in_order() {
    let sandbox = filled(Flavour {
        unordered: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    let plain = http.ids("?limit=");
    let mut sorted = plain.clone();
    sorted.sort();
    assert_eq!(sorted, (0..30).map(id).collect::<Vec<_>>(), "all are there");
    assert_ne!(plain, sorted);
    for query in [
        "?order_by=__name__",
        "?order_by=__name__&desc=1",
        "?order_by=quantity",
        "?order_by=nothing",
    ] {
        assert_eq!(http.ids(query), plain, "{query}");
    }
}

#[test]
fn arrays_are_refused_and_single_objects_taken() {
    let sandbox = TestSandbox::with(Flavour {
        no_arrays: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    let answer = http.post_json(&json!([{ "item_id": "a" }]));
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("Data not recognized"),
        "{answer:?}"
    );
    assert_eq!(http.post_json(&json!({ "item_id": "b" })).status, 200);
    assert_eq!(http.ids(""), ["b"]);
}

#[test]
fn lists_fail_where_single_items_can_be_read() {
    let sandbox = filled(Flavour {
        lists_fail: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    assert_eq!(http.get("/inventory?limit=").status, 500);
    assert_eq!(http.get("/inventory?order_by=__name__").status, 500);
    assert_eq!(http.item(&id(3))["quantity"], json!(3));
}

#[test]
fn answers_come_without_stamps() {
    let sandbox = TestSandbox::with(Flavour {
        no_stamps: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    assert_eq!(
        success(&http.post_json(&json!({ "item_id": "a" }))),
        json!({ "item_id": "a" })
    );
    assert_eq!(http.item("a"), json!({ "id": "a", "item_id": "a" }));
}

#[test]
fn newer_revisions_refuse_in_other_words() {
    let sandbox = TestSandbox::with(Flavour {
        newer_auth: true,
        ..Flavour::default()
    });
    let http = sandbox.http(COMPANY);
    let stranger = http.with_key("unknown").get("/inventory");
    assert_eq!(
        (stranger.status, stranger.json()),
        (401, json!({ "success": false, "data": "Authentication failed." }))
    );
    let elsewhere = http.with_org("other").get("/inventory");
    assert_eq!((elsewhere.status, &elsewhere.json()["data"]), (403, &Value::Null));
    assert!(elsewhere.json()["success"] == json!(false) && elsewhere.json()["message"].is_string());
}
