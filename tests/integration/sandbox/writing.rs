//! What the contract says of writing and deleting.

use reqwest::Method;
use serde_json::{Value, json};

use super::{COMPANY, success, without_stamps};
use crate::support::TestSandbox;
use crate::support::http::Answer;

#[test]
fn a_post_merges_leaf_by_leaf_and_replaces_arrays() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let first = json!({
        "item_id": "a", "kept": 1, "blank": "x", "nulled": "x",
        "map": { "kept": 1, "changed": 1, "deep": { "kept": true } }, "array": [1, 2, 3], "was_text": "x"
    });
    http.post_json(&first);
    let second = json!({
        "item_id": "a", "blank": "", "nulled": null,
        "map": { "changed": 2, "deep": { "new": [] } }, "array": [4], "was_text": { "now": "map" }
    });
    assert_eq!(
        without_stamps(success(&http.post_json(&second))),
        second,
        "the answer echoes, it doesn't merge"
    );
    let mut item = without_stamps(http.item("a"));
    item.as_object_mut().unwrap().remove("id");
    let merged = json!({
        "item_id": "a", "kept": 1, "blank": "", "nulled": null,
        "map": { "kept": 1, "changed": 2, "deep": { "kept": true, "new": [] } }, "array": [4], "was_text": { "now": "map" }
    });
    assert_eq!(item, merged);
}

#[test]
fn stamps_are_local_time_to_the_microsecond_and_the_account() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let data = success(&http.post_json(&json!({ "item_id": "a", "updated_at": "never", "updated_by": "me" })));
    let stamp = data["updated_at"].as_str().unwrap();
    assert_eq!(stamp.len(), "2022-01-31T12:00:00.123456".len(), "{stamp}");
    assert!(stamp.as_bytes()[10] == b'T' && stamp.as_bytes()[19] == b'.', "{stamp}");
    assert_eq!(data["updated_by"], json!("sandbox-account-1"));
    assert_eq!(http.item("a")["updated_at"], data["updated_at"]);
}

#[test]
fn numbers_keep_their_text() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let body = r#"{"item_id":"a","n":[10.50,1e-7,9223372036854775807,-9223372036854775808,0.1,1.0000000000000000001]}"#;
    let posted = http.post(body);
    assert_eq!(posted.status, 200);
    let kept = r#""n":[10.50,1e-7,9223372036854775807,-9223372036854775808,0.1,1.0]"#;
    for text in [posted.text, http.get("/inventory/a").text, http.get("/inventory").text] {
        assert!(text.contains(kept), "{text}");
    }
}

#[test]
fn an_array_is_answered_by_an_array_and_applied_in_order() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let data =
        success(&http.post_json(&json!([{ "item_id": "b", "n": 1 }, { "item_id": "a" }, { "item_id": "b", "n": 2 }])));
    let ids: Vec<&Value> = data.as_array().unwrap().iter().map(|item| &item["item_id"]).collect();
    assert_eq!(ids, [&json!("b"), &json!("a"), &json!("b")]);
    assert_eq!(http.item("b")["n"], json!(2), "the later one wins");
}

#[test]
fn an_array_is_no_transaction() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let long = "x".repeat(1501);
    let bad = [
        json!({ "name": "no id" }),
        json!({ "item_id": "" }),
        json!({ "item_id": "a/b" }),
        json!({ "item_id": long }),
        json!({ "item_id": "x", "n": [[1]] }),
        json!({ "item_id": "x", "": 1 }),
        json!("text"),
        json!({ "item_id": "a//b" }),
    ];
    for (n, bad) in bad.into_iter().enumerate() {
        let (before, after) = (format!("before-{n}"), format!("after-{n}"));
        let answer = http.post_json(&json!([{ "item_id": before }, bad, { "item_id": after }]));
        assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
        assert_eq!(http.item(&before)["id"], json!(before));
        assert_eq!(http.item(&after), json!({}));
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 8);
}

#[test]
fn an_id_that_is_no_text_is_saved_under_its_text_and_then_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for (id, text) in [
        (json!(10001), "10001"),
        (json!(true), "True"),
        (Value::Null, "None"),
        (json!(1.5), "1.5"),
        (json!([]), "[]"),
        (json!(["a", 1.5, null, "it's"]), "['a', 1.5, None, \"it's\"]"),
        (json!({}), "{}"),
        (json!({ "a": { "b": [true] } }), "{'a': {'b': [True]}}"),
    ] {
        let answer = http.post_json(&json!({ "item_id": id, "name": "odd" }));
        assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
        assert_eq!(
            (&http.item(text)["item_id"], &http.item(text)["name"]),
            (&id, &json!("odd"))
        );
    }
    for (spelled, text) in [
        ("1.50", "1.5"),
        ("1e5", "100000.0"),
        ("-0", "0"),
        ("1E+20", "1e+20"),
        ("2e-7", "2e-07"),
    ] {
        assert_eq!(
            http.post(format!(r#"{{"item_id":{spelled},"name":"odd"}}"#)).status,
            500
        );
        assert_eq!(http.item(text)["name"], json!("odd"), "{text}");
        assert_eq!(
            http.item(spelled)["name"],
            if spelled == text { json!("odd") } else { Value::Null }
        );
    }
    let answer = http.post(r#"[{"item_id":7},{"item_id":"last"}]"#);
    assert_eq!(answer.status, 200, "the server looks at the last id only");
    assert_eq!(http.item("7")["item_id"], json!(7));
}

#[test]
fn half_of_a_surrogate_pair_ends_an_array_there() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for bad in [
        r#"{"item_id":"x","name":"\ud800"}"#,
        r#"{"item_id":"x","\udc00":1}"#,
        r#"{"item_id":"\ud83d"}"#,
        r#"{"item_id":"x","map":{"list":["\ude00\ud83d"]}}"#,
    ] {
        let answer = http.post(format!(r#"[{{"item_id":"first"}},{bad},{{"item_id":"later"}}]"#));
        assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
        assert_eq!(http.ids(""), ["first"], "{bad}");
        assert_eq!(http.post(bad).status, 500);
        http.delete("/inventory/first", "{}");
    }
    assert_eq!(http.ids(""), [""; 0]);
    assert_eq!(http.post(r#"{"item_id":"pair \ud83d\ude00"}"#).status, 200);
}

#[test]
fn what_is_too_deep_for_the_log_is_saved_and_then_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for (levels, status, saved) in [(19, 200, true), (20, 500, true), (21, 500, true), (22, 500, false)] {
        // The item itself is the first level.
        let inner = format!("{}1{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1));
        let id = format!("deep-{levels}");
        let answer = http.post(format!(r#"{{"item_id":"{id}","a":{inner}}}"#));
        assert_eq!(answer.status, status, "{levels} levels");
        assert_eq!(http.item(&id) != json!({}), saved, "{levels} levels");
    }
}

#[test]
fn bad_ids_are_500_and_save_nothing() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for id in [
        "",
        ".",
        "..",
        "__x__",
        "____",
        "a/b",
        "a/b/",
        "/a/b",
        "a//b",
        "a/./b",
        "a/b/c/d",
        &"é".repeat(751),
    ] {
        let answer = http.post_json(&json!({ "item_id": id }));
        assert!(answer.status == 500 && answer.is_html(), "{id}: {answer:?}");
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
    for id in [" a ", "a", "A", "__", "___", "_x__", &"é".repeat(750)] {
        assert_eq!(http.post_json(&json!({ "item_id": id })).status, 200, "{id}");
    }
    assert_eq!(
        sandbox.sandbox.store().count(COMPANY).unwrap(),
        7,
        "case and outer spaces count"
    );
}

#[test]
fn an_id_with_two_slashes_is_answered_200_and_lost() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let data = success(&http.post_json(&json!({ "item_id": "a/b/c", "name": "gone" })));
    assert_eq!(data["item_id"], json!("a/b/c"));
    assert_eq!(http.ids("?limit="), [""; 0]);
}

#[test]
fn what_firestore_cannot_hold_is_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(25), "}".repeat(25));
    let bad = [
        r#"{"": 1}"#,
        r#"{"__x__": 1}"#,
        r#"{"map": {"": 1}}"#,
        r#"{"a": [[1]]}"#,
        r#"{"a": [{"b": [[]]}]}"#,
        r#"{"a": 9223372036854775808}"#,
        r#"{"a": -9223372036854775809}"#,
        r#"{"a": 18446744073709551615}"#,
        &deep,
    ];
    for fields in bad {
        let body = fields.replacen('{', r#"{"item_id": "a", "#, 1);
        let answer = http.post(body);
        assert!(answer.status == 500 && answer.is_html(), "{fields}: {answer:?}");
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
    for fields in [r#"{"a": [{"b": [1]}]}"#, r#"{"a": [[1]], "a": 1}"#, r#"{"a": {}}"#] {
        assert_eq!(
            http.post(fields.replacen('{', r#"{"item_id": "a", "#, 1)).status,
            200,
            "{fields}"
        );
    }
}

#[test]
fn what_is_no_json_is_500_and_what_is_no_object_is_400() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for body in ["", "{", "item_id=a", "[]", "{}", "{\"item_id\": \"a\"} x"] {
        assert_eq!(http.post(body).status, 500, "{body}");
    }
    for body in ["\"a\"", "1", "null", "true"] {
        let answer = http.post(body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .starts_with("Data not recognized"),
            "{answer:?}"
        );
    }
}

/// Items of about so many bytes each that make a body of just so many.
fn body_of(bytes: usize, items: usize) -> String {
    let share = bytes / items;
    let mut body = String::from("[");
    for n in 0..items {
        let item = format!(r#"{{"item_id":"i{n}","x":""#);
        let last = n + 1 == items;
        let room = if last {
            bytes - body.len() - item.len() - 3
        } else {
            share - item.len() - 3
        };
        body.push_str(&item);
        body.push_str(&"x".repeat(room));
        body.push_str(if last { "\"}]" } else { "\"}," });
    }
    assert_eq!(body.len(), bytes);
    body
}

#[test]
fn a_body_over_the_limit_is_a_400_page_and_saves_nothing() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for bytes in [2_621_441, 20_000_000] {
        let answer = http.post(body_of(bytes, 50));
        assert!(answer.status == 400 && answer.is_html(), "{answer:?}");
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
    assert_eq!(http.post(body_of(2_621_440, 50)).status, 500, "too large for the log");
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 50);
}

#[test]
fn a_body_too_large_for_the_log_is_500_with_all_items_saved() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    assert_eq!(http.post(body_of(1_000_000, 2)).status, 200);
    assert_eq!(http.post(body_of(1_048_576, 5)).status, 500);
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 5);
    // The log holds the stamps of each item, which the body doesn't: many small items reach its limit earlier.
    let small: Vec<Value> = (0..9000)
        .map(|n| json!({ "item_id": format!("s{n}"), "name": "Blue Dream", "strain_name": "Blue Dream" }))
        .collect();
    let body = Value::from(small).to_string();
    assert!(body.len() < 900_000, "{}", body.len());
    assert_eq!(http.post(body).status, 500);
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 9005);
}

#[test]
fn an_item_over_one_mebibyte_is_refused_however_it_came_to_be() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post(format!(r#"{{"item_id":"big","a":"{}"}}"#, "x".repeat(700_000)));
    assert_eq!(
        http.post(format!(r#"{{"item_id":"big","b":"{}"}}"#, "x".repeat(400_000)))
            .status,
        500
    );
    assert_eq!(http.item("big").get("b"), None);
    assert_eq!(
        http.post(format!(r#"{{"item_id":"new","a":"{}"}}"#, "x".repeat(1_048_577)))
            .status,
        500
    );
    assert_eq!(http.item("new"), json!({}));
}

#[test]
fn deleting_needs_a_body_in_both_forms() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!([{ "item_id": "a" }, { "item_id": "b" }]));
    for path in ["/inventory", "/inventory/a"] {
        assert_eq!(Answer::of(http.request(Method::DELETE, path)).status, 500, "{path}");
    }
    assert_eq!(http.delete("/inventory", "{}").status, 500, "no item is named");
    assert_eq!(http.ids(""), ["a", "b"], "nothing was deleted");
    assert_eq!(success(&http.delete("/inventory/a", "{}")), json!([]));
    assert_eq!(success(&http.delete("/inventory", r#"{"item_id":"b"}"#)), json!([]));
    assert_eq!(http.ids(""), [""; 0]);
    assert_eq!(
        success(&http.delete("/inventory/a", "{}")),
        json!([]),
        "success and absence look the same"
    );
    assert_eq!(success(&http.delete("/inventory", r#"{"item_id":"b"}"#)), json!([]));
}

#[test]
fn a_deletion_is_logged_with_its_body_or_answered_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(1_100_000));
    for body in [
        r#"{"x":[[1]]}"#,
        "[]",
        r#"[{"x":1}]"#,
        &large,
        r#"{"x":"\ud800"}"#,
        r#"{"":1}"#,
        r#"{"x":18446744073709551616}"#,
    ] {
        http.post_json(&json!({ "item_id": "a" }));
        let answer = http.delete("/inventory/a", body);
        assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
        assert_eq!(http.item("a"), json!({}), "deleted all the same");
    }
    for body in ["{}", "1", "null", "\"a\"", r#"{"x":NaN}"#, r#"{"item_id":"other"}"#] {
        http.post_json(&json!({ "item_id": "a" }));
        assert_eq!(success(&http.delete("/inventory/a", body)), json!([]), "{body}");
        assert_eq!(http.item("a"), json!({}), "{body}");
    }
}

#[test]
fn a_deletion_names_any_value_by_its_text_and_an_empty_array_names_none() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(
        &json!([{ "item_id": "['a']" }, { "item_id": "1.5" }, { "item_id": "None" }, { "item_id": "kept" }]),
    );
    for body in [
        "[]",
        "1",
        "null",
        "true",
        "\"kept\"",
        r#"{"item_id":["a"]}"#,
        r#"{"item_id":1.50}"#,
        r#"{"item_id":null}"#,
    ] {
        assert_eq!(success(&http.delete("/inventory", body)), json!([]), "{body}");
    }
    assert_eq!(http.ids(""), ["kept"]);
    for body in [
        "{}",
        "[1]",
        "[[]]",
        r#"["kept"]"#,
        r#"{"item_id":"a/b/"}"#,
        r#"{"item_id":"\ud800"}"#,
    ] {
        assert_eq!(http.delete("/inventory", body).status, 500, "{body}");
    }
    assert_eq!(http.ids(""), ["kept"]);
}

#[test]
fn an_array_deletes_only_its_first_and_then_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!([{ "item_id": "a" }, { "item_id": "b" }, { "item_id": "c" }]));
    let answer = http.delete("/inventory", r#"[{"item_id":"b"},{"item_id":"a"}]"#);
    assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
    assert_eq!(http.ids(""), ["a", "c"]);
}

#[test]
fn only_an_owner_may_delete() {
    let sandbox = TestSandbox::new();
    let owner = sandbox.http(COMPANY);
    let member = owner.with_key(sandbox.sandbox.store().member_key());
    assert_eq!(
        member.post_json(&json!({ "item_id": "a" })).status,
        200,
        "a member may write"
    );
    assert_eq!(member.ids(""), ["a"], "and read");
    for (path, body) in [("/inventory/a", "{}"), ("/inventory", r#"{"item_id":"a"}"#)] {
        let answer = member.delete(path, body);
        assert!(
            answer.status == 403 && answer.json()["error"] == json!(true),
            "{answer:?}"
        );
    }
    assert_eq!(owner.ids(""), ["a"]);
}
