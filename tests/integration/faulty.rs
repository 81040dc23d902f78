//! The misbehaving test server against its own description: every fault, its schedule, its notes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::http::Http;

const ORG: &str = "sandbox-company";

fn post(http: &Http, ids: &[&str]) -> RequestBuilder {
    let items: Value = ids.iter().map(|id| json!({ "item_id": id })).collect();
    http.request(Method::POST, "/inventory").body(items.to_string())
}

/// Posts `a` and `b` to a server with just this fault: the answer's status and headers, and how many items are stored.
fn meet(fault: Fault) -> (reqwest::Result<reqwest::blocking::Response>, u64, Faulty) {
    let server = Faulty::new().rule(Rule::every(1, fault));
    let answer = post(&server.http(ORG), &["a", "b"]).send();
    let count = server.count(ORG);
    (answer, count, server)
}

#[test]
fn refusals_leave_nothing_stored() {
    for (fault, status, html) in [
        (Fault::TooMany, 429, false),
        (Fault::ErrorBefore, 500, false),
        (Fault::HtmlErrorBefore, 500, true),
        (Fault::Unavailable, 503, true),
        (Fault::NoArrays, 400, false),
        (Fault::Redirect, 302, true),
        (Fault::ProxyPage, 200, true),
    ] {
        let (answer, count, server) = meet(fault.clone());
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), count), (status, 0), "{fault:?}");
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind.starts_with("text/html"), html, "{fault:?}");
        let noted = &server.requests()[0];
        assert_eq!((noted.status, &noted.fault), (Some(status), &Some(fault)));
    }
}

#[test]
fn retry_after_comes_in_both_forms() {
    let (answer, ..) = meet(Fault::TooManySeconds(3));
    assert_eq!(answer.unwrap().headers()["retry-after"], "3");
    let (answer, ..) = meet(Fault::TooManyDate(3600));
    let answer = answer.unwrap();
    let date = httpdate::parse_http_date(answer.headers()["retry-after"].to_str().unwrap()).unwrap();
    assert!(date > std::time::SystemTime::now());
    let (answer, ..) = meet(Fault::TooMany);
    assert!(!answer.unwrap().headers().contains_key("retry-after"));
}

#[test]
fn an_error_or_a_lost_answer_after_saving_leaves_everything_stored() {
    let (answer, count, _server) = meet(Fault::ErrorAfter);
    assert_eq!((answer.unwrap().status().as_u16(), count), (500, 2));

    let (answer, count, server) = meet(Fault::DroppedAfter);
    assert!(answer.is_err());
    assert_eq!((count, server.requests()[0].status), (2, None));

    let (answer, count, _server) = meet(Fault::CutBody);
    assert!(answer.unwrap().bytes().is_err(), "the head promised more");
    assert_eq!(count, 2);

    let (answer, count, _server) = meet(Fault::CutJson);
    let text = answer.unwrap().text().unwrap();
    assert!(
        text.starts_with("{\"success\":true") && serde_json::from_str::<Value>(&text).is_err(),
        "{text}"
    );
    assert_eq!(count, 2);

    let (answer, count, _server) = meet(Fault::WrongItems);
    let answer: Value = serde_json::from_str(&answer.unwrap().text().unwrap()).unwrap();
    assert_eq!(answer["data"][1]["item_id"], json!("somebody-elses-1"));
    assert_eq!(count, 2);
}

#[test]
fn a_reset_leaves_nothing_stored() {
    let (answer, count, server) = meet(Fault::Reset);
    assert!(answer.is_err());
    assert_eq!((count, server.requests()[0].status), (0, None));
}

#[test]
fn a_slow_answer_outlasts_an_impatient_client_and_is_stored() {
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_secs(60))));
    let answer = post(&server.http(ORG), &["a"]).timeout(Duration::from_secs(1)).send();
    assert!(answer.unwrap_err().is_timeout());
    while server.count(ORG) == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.requests()[0].status, None);
}

#[test]
fn a_poisoned_item_stops_its_array_and_reads_stay_well() {
    let server = Faulty::new().poison(["c"]);
    let http = server.http(ORG);
    assert_eq!(post(&http, &["a", "b", "c", "d"]).send().unwrap().status(), 500);
    assert_eq!(http.post_json(&json!({ "item_id": "c" })).status, 500);
    assert_eq!(http.ids(""), ["a", "b"]);
    assert_eq!(http.delete("/inventory", r#"{"item_id":"c"}"#).status, 500);
    server.behave();
    assert_eq!(http.post_json(&json!({ "item_id": "c" })).status, 200);
}

#[test]
fn rules_count_their_own_requests() {
    let server = Faulty::new()
        .rule(Rule::first(1, Fault::Unavailable).on("GET"))
        .rule(Rule::every(3, Fault::TooMany).on("POST"))
        .rule(Rule::from(5, Fault::ErrorBefore).on("POST"));
    let http = server.http(ORG);
    let reads: Vec<u16> = (0..2).map(|_| http.get("/inventory").status).collect();
    let writes: Vec<u16> = (0..6)
        .map(|n| http.post_json(&json!({ "item_id": n.to_string() })).status)
        .collect();
    assert_eq!((reads, writes), (vec![503, 200], vec![200, 200, 429, 200, 500, 429]));
}

#[test]
fn a_mixed_schedule_is_the_same_under_the_same_seed() {
    let faults = |seed| -> Vec<Option<Fault>> {
        let server = Faulty::new().rule(Rule::mixed(20, seed, vec![Fault::TooMany, Fault::Unavailable]));
        let http = server.http(ORG);
        for _ in 0..200 {
            http.get("/inventory/a");
        }
        server.requests().into_iter().map(|request| request.fault).collect()
    };
    let first = faults(1);
    assert_eq!(first, faults(1));
    assert_ne!(first, faults(2));
    let hits = first.iter().flatten().count();
    assert!((20..60).contains(&hits), "{hits} of 200");
    assert!(first.contains(&Some(Fault::TooMany)) && first.contains(&Some(Fault::Unavailable)));
}

#[test]
fn each_passing_fault_alone_can_be_outlasted() {
    for fault in Fault::passing() {
        let server = Faulty::new().rule(Rule::first(2, fault.clone()));
        let http = server.http(ORG);
        for _ in 0..2 {
            drop(post(&http, &["a"]).send().and_then(reqwest::blocking::Response::bytes));
        }
        assert_eq!(post(&http, &["a"]).send().unwrap().status(), 200, "{fault:?}");
        assert_eq!(server.count(ORG), 1);
    }
}

#[test]
fn requests_are_written_down() {
    let server = Faulty::with(Flavour {
        no_arrays: true,
        ..Flavour::default()
    });
    server.put(ORG, &json!({ "item_id": "z", "n": 1 }));
    let http = server.http(ORG);
    http.get("/inventory?limit=");
    assert_eq!(post(&http, &["a", "b"]).send().unwrap().status(), 400);
    let requests = server.requests();
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("GET", "/api/inventory")
    );
    assert_eq!(requests[0].query, "limit=&organization_id=sandbox-company");
    assert_eq!((requests[0].in_flight, requests[0].bytes), (1, 0));
    assert!(requests[0].at <= requests[1].at);
    let posts = server.posts();
    assert_eq!((posts.len(), posts[0].status), (1, Some(400)));
    assert_eq!(posts[0].ids, ["a", "b"]);
    assert_eq!(server.items(ORG)["z"]["n"], json!(1));
}

#[test]
fn too_many_at_once_are_429() {
    let server = Faulty::new()
        .rule(Rule::every(1, Fault::Slow(Duration::from_millis(500))))
        .busy_above(1);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let http = server.http(ORG);
            std::thread::spawn(move || http.get("/inventory").status)
        })
        .collect();
    let mut statuses: Vec<u16> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    statuses.sort_unstable();
    // All three overlap unless the machine holds one back for half a second; then that one is alone, and served.
    assert!(
        statuses[0] == 200 && statuses.iter().all(|status| [200, 429].contains(status)),
        "{statuses:?}"
    );
    let refused = server.requests().iter().filter(|request| request.in_flight > 1).count();
    assert_eq!(refused, statuses.iter().filter(|status| **status == 429).count());
}

#[test]
fn a_test_fails_when_nobody_calls_or_somebody_does_who_should_not() {
    let nobody = catch_unwind(|| drop(Faulty::new()));
    assert!(nobody.is_err());
    let somebody = Faulty::new().expects_silence();
    somebody.http(ORG).get("/inventory");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(somebody))).is_err());
    drop(Faulty::new().expects_silence());
}
