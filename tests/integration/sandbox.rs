//! The sandbox against the API contract: the vendor's documented requests, then every trap, over real HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestSandbox;
use crate::support::http::Answer;

mod access;
mod flavours;
mod keeping;
mod reading;
mod vendor;
mod writing;

const COMPANY: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

/// The item that the vendor's documentation creates, with the text `None` (Python) or null (JavaScript) for nothing.
fn documented_item(nothing: &Value) -> Value {
    json!({
        "admin_method": nothing, "approved": nothing, "approved_at": nothing, "approved_at_time": "",
        "area_id": nothing, "area_name": nothing, "category_name": nothing, "category_type": nothing,
        "dose": "", "dose_number": "", "dose_units": nothing, "item_id": "endo", "item_type": nothing,
        "moved_at": nothing, "moved_at_time": "", "name": "Item", "quantity": nothing, "quantity_type": nothing,
        "serving_size": "", "status": nothing, "strain_name": nothing, "supply_duration_days": "",
        "units": nothing, "volume": "", "volume_units": nothing, "weight": "", "weight_units": nothing
    })
}

/// The answer's data without what the server adds, for comparison with the documentation, which shows neither.
fn without_stamps(mut data: Value) -> Value {
    let object = data.as_object_mut().unwrap();
    assert!(
        object.remove("updated_at").is_some() && object.remove("updated_by").is_some(),
        "no stamps: {object:?}"
    );
    data
}

fn success(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["success"], json!(true));
    body["data"].clone()
}

#[test]
fn the_documented_python_requests_get_the_documented_answers() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let item = documented_item(&json!("None"));
    let request = |method, path: &str| http.request(method, path).header("Content-type", "application/json");

    let created = Answer::of(request(Method::POST, "/inventory").body(item.to_string()));
    assert_eq!(without_stamps(success(&created)), item);

    let mut listed = success(&Answer::of(request(Method::GET, "/inventory")));
    let first = listed[0].take();
    assert_eq!(first["id"], json!("endo"));
    for (name, value) in item.as_object().unwrap() {
        assert_eq!(&first[name], value, "{name}");
    }

    let change = json!({ "item_id": "endo", "strain_name": "Old-time Moonshine" });
    let updated = Answer::of(request(Method::POST, "/inventory").body(change.to_string()));
    assert_eq!(
        without_stamps(success(&updated)),
        change,
        "an update answers only what was posted"
    );
    assert_eq!(http.item("endo")["name"], json!("Item"), "what was not posted stays");

    let deleted = Answer::of(request(Method::DELETE, "/inventory").body(r#"{"item_id": "endo"}"#));
    assert_eq!(success(&deleted), json!([]));
    assert_eq!(success(&http.get("/inventory")), json!([]));
}

#[test]
fn the_documented_javascript_requests_get_the_documented_answers() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    let item = documented_item(&Value::Null);
    let request = |method, path: &str| {
        let request = http
            .request(method, path)
            .header("Accept", "application/json, text/plain, */*");
        request.header("Content-Type", "application/json;charset=utf-8")
    };

    let created = Answer::of(request(Method::POST, "/inventory").body(item.to_string()));
    assert_eq!(without_stamps(success(&created)), item);

    let listed = success(&Answer::of(request(Method::GET, "/inventory")));
    assert_eq!(listed[0]["strain_name"], Value::Null, "null is stored as null");

    let change = json!({ "item_id": "endo", "strain_name": "Old-time Moonshine" });
    let updated = Answer::of(request(Method::POST, "/inventory").body(change.to_string()));
    assert_eq!(without_stamps(success(&updated)), change);

    let deleted = Answer::of(request(Method::DELETE, "/inventory/endo").body(r#"{"area_id":"endo"}"#));
    assert_eq!(success(&deleted), json!([]));
    assert_eq!(success(&http.get("/inventory/endo")), json!({}));
}
