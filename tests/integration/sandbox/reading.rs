//! What the contract says of reading.

use reqwest::Method;
use serde_json::{Value, json};

use super::{COMPANY, success};
use crate::support::TestSandbox;
use crate::support::http::Answer;

/// A sandbox with so many items, `item-00000` and on, added from the last to the first.
fn filled(count: usize) -> TestSandbox {
    let sandbox = TestSandbox::new();
    let items: Vec<Value> = (0..count)
        .rev()
        .map(|n| json!({ "item_id": id(n), "quantity": n }))
        .collect();
    let answer = sandbox.http(COMPANY).post_json(&Value::from(items));
    assert_eq!(answer.status, 200, "{answer:?}");
    sandbox
}

fn id(n: usize) -> String {
    format!("item-{n:05}")
}

#[test]
fn a_list_is_cut_at_1000_and_nothing_says_so() {
    let sandbox = filled(1005);
    let http = sandbox.http(COMPANY);
    let expected: Vec<String> = (0..1000).map(id).collect();
    assert_eq!(http.ids(""), expected, "the first by document id");
    let answer = http.get("/inventory").json();
    let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(names, ["data", "success"]);
}

#[test]
fn an_empty_limit_means_everything() {
    let sandbox = filled(1005);
    assert_eq!(
        sandbox.http(COMPANY).ids("?limit="),
        (0..1005).map(id).collect::<Vec<_>>()
    );
}

#[test]
fn any_other_limit_is_a_500_page() {
    let sandbox = filled(3);
    for limit in ["1", "5000", "0", "-1", "all"] {
        let answer = sandbox.http(COMPANY).get(&format!("/inventory?limit={limit}"));
        assert!(answer.status == 500 && answer.is_html(), "{limit}: {answer:?}");
    }
}

#[test]
fn ordering_gives_the_two_ends() {
    let sandbox = filled(1005);
    let http = sandbox.http(COMPANY);
    for field in ["item_id", "__name__", "quantity"] {
        assert_eq!(
            http.ids(&format!("?order_by={field}")),
            (0..1000).map(id).collect::<Vec<_>>(),
            "{field}"
        );
        let last: Vec<String> = (5..1005).rev().map(id).collect();
        assert_eq!(http.ids(&format!("?order_by={field}&desc=1")), last, "{field}");
    }
}

#[test]
fn items_without_the_ordering_field_drop_out_unless_it_is_the_name() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let store = sandbox.sandbox.store();
    store
        .put(COMPANY, "no-id", json!({ "name": "x" }).as_object().unwrap().clone())
        .unwrap();
    http.post_json(&json!([{ "item_id": "b" }, { "item_id": "a", "name": null }, { "item_id": "c", "name": 1 }]));
    assert_eq!(http.ids("?order_by=item_id"), ["a", "b", "c"]);
    assert_eq!(http.ids("?order_by=__name__"), ["a", "b", "c", "no-id"]);
    assert_eq!(
        http.ids("?order_by=name"),
        ["a", "c", "no-id"],
        "null, then numbers, then text"
    );
    assert_eq!(http.ids("?order_by=name&desc=1"), ["no-id", "c", "a"]);
    assert_eq!(http.ids("?order_by=id"), [""; 0], "no item stores such a field");
}

#[test]
fn unknown_parameters_are_ignored() {
    let sandbox = filled(3);
    assert_eq!(
        sandbox.http(COMPANY).ids("?page=2&quantity=1&start_after=x"),
        [id(0), id(1), id(2)]
    );
}

#[test]
fn desc_without_an_order_means_nothing_and_any_text_is_true() {
    let sandbox = filled(3);
    let http = sandbox.http(COMPANY);
    assert_eq!(http.ids("?desc=1"), [id(0), id(1), id(2)]);
    assert_eq!(http.ids("?order_by=item_id&desc=false"), [id(2), id(1), id(0)]);
    assert_eq!(http.ids("?order_by=item_id&desc="), [id(0), id(1), id(2)]);
}

#[test]
fn ids_are_ordered_by_their_bytes() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let ids = [" a", "10", "9", "A", "a", "é", "😀"];
    http.post_json(&ids.iter().rev().map(|id| json!({ "item_id": id })).collect());
    assert_eq!(http.ids(""), ids);
}

#[test]
fn a_single_item_has_its_id_beside_its_fields_and_an_absent_one_is_an_empty_object() {
    let sandbox = filled(1);
    let http = sandbox.http(COMPANY);
    let item = http.item(&id(0));
    assert_eq!(
        (&item["id"], &item["item_id"], &item["quantity"]),
        (&json!(id(0)), &json!(id(0)), &json!(0))
    );
    assert_eq!(success(&http.get("/inventory/nobody")), json!({}));
}

#[test]
fn an_id_in_a_path_is_decoded_once() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let ids = ["50% off", "a+b", "a b", "é?&#", "%41"];
    http.post_json(&ids.iter().map(|id| json!({ "item_id": id })).collect());
    let paths = ["50%25%20off", "a+b", "a%20b", "%C3%A9%3F%26%23", "%2541"];
    for (id, path) in ids.iter().zip(paths) {
        assert_eq!(http.item(path)["id"], json!(id));
    }
}

#[test]
fn a_stored_id_hides_the_documents_in_every_answer() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!({ "item_id": "0", "map": { "id": "deep" }, "text": "\"id\": 1" }));
    let posted = success(&http.post_json(&json!({ "item_id": "a", "id": "other" })));
    assert_eq!(posted["id"], json!("other"), "the answer echoes what was posted");
    let all = |query: &str| -> Vec<Value> { http.list(query).iter().map(|item| item["id"].clone()).collect() };
    for id in [json!("other"), json!(7731), Value::Null, json!(""), json!({ "a": [1] })] {
        http.post_json(&json!({ "item_id": "a", "id": id }));
        assert_eq!(all("?limit="), [json!("0"), id.clone()]);
        assert_eq!(all("?order_by=__name__&desc=1"), [id.clone(), json!("0")]);
        assert_eq!(
            all("?order_by=id"),
            std::slice::from_ref(&id),
            "items without the field drop out"
        );
        assert_eq!(all("?items=0a"), [json!("0"), id.clone()]);
        assert_eq!((&http.item("a")["id"], &http.item("a")["item_id"]), (&id, &json!("a")));
        let text = http.get("/inventory/a").text;
        assert_eq!(text.matches("\"id\":").count(), 1, "{text}");
    }
    assert_eq!(http.item("0")["map"], json!({ "id": "deep" }));
    assert_eq!(http.item("0")["id"], json!("0"));
    let stored = sandbox.sandbox.store().items(COMPANY).unwrap();
    assert_eq!(stored["a"]["id"], json!({ "a": [1] }));
    success(&http.delete("/inventory/other", "{}"));
    success(&http.delete("/inventory/a", "{}"));
    assert_eq!(
        all(""),
        [json!("0")],
        "the document's name deletes it, the shown one doesn't"
    );
}

#[test]
fn a_field_path_that_firestore_refuses_is_500_and_a_quoted_name_orders() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!([
        { "item_id": "a", "my field": 2, "item-id": 1, "é": { "b c": 2 } },
        { "item_id": "b", "my field": 1, "item-id": 2, "é": { "b c": 1 } },
        { "item_id": "c" },
    ]));
    let encode = |name: &str| name.replace(' ', "%20").replace('é', "%C3%A9").replace('`', "%60");
    for name in [
        "my field", "a..b", "a.", ".a", "__x__", "é", "1a", "item-id", " ", "`item-id", "``", "a.`b`c",
    ] {
        let answer = http.get(&format!("/inventory?order_by={}", encode(name)));
        assert!(answer.status == 500 && answer.is_html(), "{name}: {answer:?}");
    }
    for (name, ids) in [
        ("`my field`", ["b", "a"]),
        ("`item-id`", ["a", "b"]),
        ("`é`.`b c`", ["b", "a"]),
        ("`é`", ["b", "a"]),
    ] {
        assert_eq!(http.ids(&format!("?order_by={}", encode(name))), ids, "{name}");
    }
    assert_eq!(http.ids("?order_by=nothing"), [""; 0]);
}

#[test]
fn items_lists_one_document_for_each_character() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!([{ "item_id": "a" }, { "item_id": "é" }, { "item_id": "abc" }]));
    let (a, e) = (http.item("a"), http.item("é"));
    assert_eq!(http.list("?items=a"), std::slice::from_ref(&a));
    assert_eq!(http.list("?items=%C3%A9a&limit=5&order_by=a..b"), [e, a.clone()]);
    assert_eq!(
        http.list("?items=abc"),
        [a, json!({}), json!({})],
        "no text names more than one character"
    );
    assert_eq!(http.list("?items=").len(), 3, "an empty text is none");
    for items in ["a.", "a/b"] {
        assert_eq!(http.get(&format!("/inventory?items={items}")).status, 500, "{items}");
    }
}

#[test]
fn nan_is_stored_as_nan() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let items: Vec<Value> = (0..1000).map(|n| json!({ "item_id": id(n), "quantity": n })).collect();
    http.post_json(&Value::from(items));
    let cut = |query: &str| http.get(&format!("/inventory?order_by=quantity{query}")).status;
    assert_eq!(http.post(r#"{"item_id": "x", "quantity": Infinity}"#).status, 500);
    assert_eq!((cut(""), cut("&desc=1")), (200, 500), "infinity is the last number");
    assert_eq!(http.post(r#"{"item_id": "x", "quantity": NaN}"#).status, 500);
    assert_eq!((cut(""), cut("&desc=1")), (500, 200), "NaN is the first");
    assert_eq!(http.post(r#"{"item_id": "y", "quantity": -NaN}"#).status, 500);
    assert_eq!(http.item("y"), json!({}), "no JSON, not even to Python");
}

#[test]
fn one_stored_nan_makes_every_answer_that_holds_it_a_500() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for word in ["NaN", "Infinity", "-Infinity", "1e999"] {
        http.post_json(&json!([{ "item_id": "a" }, { "item_id": "z", "quantity": 1 }]));
        let body = format!(r#"{{"item_id": "m", "name": "NaN \" Infinity", "quantity": {word}}}"#);
        assert_eq!(
            http.post(body).status,
            500,
            "{word} is saved, and no answer can carry it"
        );
        assert_eq!(http.get("/inventory").status, 500, "{word}");
        assert_eq!(http.get("/inventory?limit=&order_by=item_id").status, 500, "{word}");
        assert_eq!(http.get("/inventory/m").status, 500, "{word}");
        assert_eq!(http.item("a")["id"], json!("a"));
        assert_eq!(http.post_json(&json!({ "item_id": "m", "quantity": 2 })).status, 200);
        assert_eq!(http.ids(""), ["a", "m", "z"], "a finite number cures it");
        assert_eq!(http.item("m")["name"], json!("NaN \" Infinity"));
    }
}

#[test]
fn a_browser_gets_a_page() {
    let sandbox = filled(1005);
    let http = sandbox.http(COMPANY);
    http.post_json(&json!({ "item_id": "x", "name": "<b>&" }));
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/inventory?limit=", "/inventory/x"] {
        let page = Answer::of(http.request(Method::GET, path).header("Accept", accept));
        assert!(
            page.status == 200 && page.is_html() && page.text.ends_with("</html>\n"),
            "{page:?}"
        );
        assert!(page.text.contains("&lt;b&gt;&amp;"), "{page:?}");
        assert_eq!(
            page.text.matches("<html>").count(),
            1,
            "one page, though the list comes in several pieces"
        );
    }
    let both = Answer::of(
        http.request(Method::GET, "/inventory")
            .header("Accept", "text/html, application/json"),
    );
    assert!(both.json()["success"].as_bool().unwrap());
    let neither = Answer::of(http.request(Method::GET, "/inventory").header("Accept", "text/csv"));
    assert!(
        neither.status == 406 && neither.json()["detail"].is_string(),
        "{neither:?}"
    );
}
