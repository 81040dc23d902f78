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
        Answer::of(
            http.bare(Method::GET, path)
                .header("Authorization", format!("Bearer\t{key}")),
        ),
        Answer::of(
            http.bare(Method::GET, path)
                .header("Authorization", format!("{key} Bearer")),
        ),
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
fn a_mistyped_path_is_a_500_page_to_read_and_a_403_page_to_write() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for path in [
        "/inventori",
        "/inventory/a/b",
        "/inventory/a%2Fb",
        "/inventory/%2F",
        "/v1/inventory",
        "/Inventory",
        "",
        "/inventoryx",
        "/nothing/",
        "/organizations/a/b",
    ] {
        let read = http.get(path);
        assert!(read.status == 500 && read.is_html(), "{path}: {read:?}");
        for method in [Method::POST, Method::DELETE] {
            let write = Answer::of(http.request(method, path).body(r#"{"item_id":"a"}"#));
            assert!(write.status == 403 && write.is_html(), "{path}: {write:?}");
        }
    }
}

#[test]
fn beside_the_inventory_there_are_the_apis_index_and_a_page_of_the_console() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let index = Answer::of(http.bare(Method::GET, "/"));
    assert!(index.status == 200 && index.json().is_object(), "{index:?}");
    assert_eq!(index.content_type, "application/json");
    let page = Answer::of(http.host(Method::GET, "/inventory"));
    assert!(page.status == 200 && page.is_html(), "{page:?}");
    let write = Answer::of(http.host(Method::POST, "/inventory").body(r#"{"item_id":"a"}"#));
    assert!(write.status == 403 && write.is_html(), "{write:?}");
}

#[test]
fn another_method_is_405_with_a_detail_head_included() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for method in [Method::PUT, Method::PATCH] {
        let answer = Answer::of(http.request(method, "/inventory").body("{}"));
        assert!(
            answer.status == 405 && answer.json()["detail"].is_string(),
            "{answer:?}"
        );
    }
    for path in ["/inventory", "/inventory/a", "/organizations/sandbox-company"] {
        let answer = Answer::of(http.request(Method::HEAD, path));
        assert_eq!((answer.status, answer.text.as_str()), (405, ""), "{path}");
    }
}

#[test]
fn options_are_told_without_a_key() {
    let sandbox = TestSandbox::new();
    let answer = Answer::of(sandbox.http(COMPANY).bare(Method::OPTIONS, "/inventory"));
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
    assert!(answer.json()["name"].is_string(), "{answer:?}");
}

#[test]
fn the_key_is_the_headers_last_word() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let key = sandbox.sandbox.key_for(COMPANY).unwrap();
    for before in ["", "bearer ", "Token ", "Bearer  ", "any words at all "] {
        let path = "/inventory?organization_id=sandbox-company";
        let header = format!("{before}{key}");
        let answer = Answer::of(http.bare(Method::GET, path).header("Authorization", header));
        assert_eq!(answer.status, 200, "{before}: {answer:?}");
    }
}

#[test]
fn a_basic_header_is_403_with_a_detail() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let key = sandbox.sandbox.key_for(COMPANY).unwrap();
    let path = "/inventory?organization_id=sandbox-company";
    for header in [
        "Basic",
        "basic !",
        "BASIC a b",
        &format!("Basic {key}"),
        "Basic dXNlcjp4",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::PUT, Method::OPTIONS] {
            let request = http.bare(method, path).header("Authorization", header);
            let answer = Answer::of(request.body(r#"{"item_id":"a"}"#));
            assert!(
                answer.status == 403 && answer.json()["detail"].is_string(),
                "{header}: {answer:?}"
            );
            assert!(!answer.text.contains(key), "a key is never shown");
        }
    }
}

#[test]
fn an_empty_organization_reads_the_accounts_own_inventory_and_writes_nothing() {
    let sandbox = TestSandbox::new();
    let (first, second) = (sandbox.http(COMPANY), sandbox.http(BRANCH));
    first.post_json(&json!([{ "item_id": "a" }, { "item_id": "b" }]));
    second.post_json(&json!({ "item_id": "c" }));
    for query in ["", "?limit=", "?items=a", "/a"] {
        assert_eq!(first.with_org("").ids(query), ["a", "b"], "{query}");
    }
    assert_eq!(first.with_org("").ids("?order_by=item_id&desc=1"), ["b", "a"]);
    assert_eq!(second.with_org("").ids(""), ["c"]);
    let member = first.with_key(sandbox.sandbox.store().member_key());
    for answer in [
        first.with_org("").post_json(&json!({ "item_id": "d" })),
        first.with_org("").delete("/inventory/a", "{}"),
        first.with_org("").delete("/inventory", r#"{"item_id":"a"}"#),
        member.with_org("").get("/inventory"),
    ] {
        assert!(answer.status == 500 && answer.is_html(), "{answer:?}");
    }
    assert_eq!(first.ids(""), ["a", "b"]);
}

#[test]
fn a_format_that_the_answer_cannot_have_is_406_or_404() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    http.post_json(&json!({ "item_id": "a" }));
    let of = |format: &str, accept: &str| {
        let path = format!("/inventory?format={format}");
        Answer::of(http.request(Method::GET, &path).header("Accept", accept))
    };
    for (format, accept, status) in [
        ("api", "application/json", 406),
        ("json", "text/html", 406),
        ("zzz", "application/json", 404),
        ("zzz", "*/*", 404),
    ] {
        let answer = of(format, accept);
        assert!(
            answer.status == status && answer.json()["detail"].is_string(),
            "{format} {accept}: {answer:?}"
        );
    }
    assert_eq!(of("json", "*/*").json()["success"], json!(true));
    assert!(of("api", "*/*").is_html());
    assert_eq!(of("", "application/json").status, 200);
}

#[test]
fn an_organization_is_known_by_its_whole_name() {
    let sandbox = TestSandbox::new();
    let (first, second) = (sandbox.http(COMPANY), sandbox.http(BRANCH));
    let member = first.with_key(sandbox.sandbox.store().member_key());
    for http in [&first, &member] {
        let known = http.get("/organizations/sandbox-company");
        assert_eq!((known.status, known.content_type.as_str()), (200, "application/json"));
        assert_eq!(known.json()["data"]["organization_id"], json!(COMPANY));
    }
    for name in ["sandbox-compan", "Sandbox-Company", "nobody", "sandbox-company%20"] {
        let unknown = first.get(&format!("/organizations/{name}"));
        assert_eq!(
            (unknown.status, unknown.content_type.as_str()),
            (404, "application/json"),
            "{name}"
        );
        assert_eq!(
            unknown.json(),
            json!({ "error": true, "message": "No organization exists with the given ID." })
        );
    }
    let private = second.get("/organizations/sandbox-company");
    assert_eq!((private.status, &private.json()["error"]), (400, &json!(true)));
    let stranger = first.with_key("unknown").get("/organizations/sandbox-company");
    assert!(stranger.status == 500 && stranger.is_html(), "{stranger:?}");
    assert_eq!(first.get("/organizations/sandbox-company/").status, 301);
}
