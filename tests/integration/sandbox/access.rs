//! What the contract says of keys, organizations and paths.

use reqwest::Method;
use serde_json::json;

use super::{BRANCH, COMPANY, success};
use crate::support::TestSandbox;
use crate::support::http::Answer;

#[test]
fn a_missing_or_unknown_key_is_401() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let path = "/inventory?organization_id=sandbox-company";
    let key = sandbox.sandbox.key_for(COMPANY).unwrap();
    for answer in [
        Answer::of(http.bare(Method::GET, path)),
        Answer::of(http.bare(Method::POST, path).body(r#"{"item_id":"a"}"#)),
        Answer::of(http.bare(Method::GET, path).header("Authorization", key)),
        http.with_key("wrong").get("/inventory"),
        http.with_key(&key[1..]).get("/inventory/a"),
        http.with_key("wrong").delete("/inventory/a", "{}"),
    ] {
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(
            answer.json()["error"] == json!(true) && answer.json()["message"].is_string(),
            "{answer:?}"
        );
        assert!(
            !answer.text.contains("wrong") && !answer.text.contains(key),
            "a key is never shown"
        );
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
}

#[test]
fn no_organization_or_a_foreign_one_is_403() {
    let sandbox = TestSandbox::new();
    let branch = sandbox.http(BRANCH);
    let key = sandbox.sandbox.key_for(BRANCH).unwrap();
    let answers = [
        Answer::of(branch.bare(Method::GET, "/inventory").bearer_auth(key)),
        Answer::of(branch.bare(Method::GET, "/inventory?organization_id=").bearer_auth(key)),
        branch.with_org(COMPANY).get("/inventory"),
        branch.with_org(COMPANY).post_json(&json!({ "item_id": "a" })),
        branch.with_org("sandbox-branch-2").get("/inventory/a"),
        branch.with_org("Sandbox-Branch").get("/inventory/a"),
    ];
    for answer in answers {
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(
            answer.json()["error"] == json!(true) && answer.json()["message"].is_string(),
            "{answer:?}"
        );
        assert!(!answer.text.contains(key), "a key is never shown");
    }
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
}

#[test]
fn the_first_key_owns_both_organizations_and_the_second_only_its_own() {
    let sandbox = TestSandbox::new();
    let (first, second) = (sandbox.http(COMPANY), sandbox.http(BRANCH));
    assert_eq!(sandbox.sandbox.default_org(), COMPANY);
    assert_eq!(
        success(&first.with_org(BRANCH).post_json(&json!({ "item_id": "a" })))["updated_by"],
        json!("sandbox-account-1")
    );
    assert_eq!(
        success(&second.post_json(&json!({ "item_id": "a" })))["updated_by"],
        json!("sandbox-account-2")
    );
    assert_eq!(first.with_org(BRANCH).delete("/inventory/a", "{}").status, 200);
    assert_eq!(second.with_org(COMPANY).get("/inventory").status, 403);
    assert_eq!(first.ids(""), [""; 0], "the organizations hold their own items");
}

#[test]
fn a_cut_off_organization_name_passes_and_saves_elsewhere() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!({ "item_id": "a" }));
    for name in ["sandbox", "company", "sandbox-compan", "-"] {
        let cut = http.with_org(name);
        assert_eq!(success(&cut.get("/inventory?limit=")), json!([]), "{name}");
        assert_eq!(cut.post_json(&json!({ "item_id": "lost" })).status, 200, "{name}");
        assert_eq!(cut.ids(""), ["lost"], "{name}");
    }
    assert_eq!(http.ids(""), ["a"]);
}

#[test]
fn a_trailing_slash_is_a_301_that_saves_nothing() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let request = http.request(Method::POST, "/inventory/").body(r#"{"item_id":"a"}"#);
    let answer = Answer::of(request);
    assert_eq!(answer.status, 301);
    assert_eq!(
        answer.location.as_deref(),
        Some("/api/inventory?organization_id=sandbox-company")
    );
    assert_eq!(
        http.get("/inventory/a/").location.as_deref(),
        Some("/api/inventory/a?organization_id=sandbox-company")
    );
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
}

#[test]
fn a_mistyped_path_is_a_404_page_to_read_and_a_403_page_to_write() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for path in [
        "/inventori",
        "/inventory/a/b",
        "/inventory/a%2Fb",
        "/v1/inventory",
        "",
        "/inventoryx",
        "/nothing/",
    ] {
        let read = http.get(path);
        assert!(read.status == 404 && read.is_html(), "{path}: {read:?}");
        let write = Answer::of(http.request(Method::POST, path).body(r#"{"item_id":"a"}"#));
        assert!(write.status == 403 && write.is_html(), "{path}: {write:?}");
    }
}

#[test]
fn another_method_is_405_with_a_detail() {
    let sandbox = TestSandbox::new();
    for method in [Method::PUT, Method::PATCH] {
        let answer = Answer::of(sandbox.http(COMPANY).request(method, "/inventory").body("{}"));
        assert!(
            answer.status == 405 && answer.json()["detail"].is_string(),
            "{answer:?}"
        );
    }
}
