//! The client against a server that answers every way the API contract names, and some that it doesn't.

mod failures;
mod waiting;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::testserver::{KEY, Reply, Server, html, json, with};
use super::*;
use crate::error::UserError as _;
use crate::item::Object;

const ALL: ListQuery = ListQuery {
    limit: Limit::All,
    order_by: None,
    descending: false,
};

/// The ids of a list, and how it ended.
fn list(client: &Client) -> (Result<u64, ApiError>, Vec<String>) {
    let mut ids = Vec::new();
    let count = client.list(&ALL, &mut |item: Object| {
        ids.push(item.get("id").and_then(|id| id.as_str()).unwrap_or_default().to_owned());
        Ok(())
    });
    (count, ids)
}

/// The failure of a list that is answered so.
fn list_failure(reply: Reply) -> ApiError {
    let server = Server::replies([reply]);
    let (count, _) = list(&server.client(0));
    shown(count.unwrap_err())
}

fn post(client: &Client, body: &str) -> Result<(), ApiError> {
    client.block_on(client.post(Bytes::copy_from_slice(body.as_bytes())))
}

fn delete(client: &Client, id: &str, form: DeleteForm) -> Result<(), ApiError> {
    client.block_on(client.delete(id, form))
}

/// The failure of a post that is answered so.
fn post_failure(body: &str, reply: Reply) -> ApiError {
    let server = Server::replies([reply]);
    let failure = post(&server.client(0), body).unwrap_err();
    assert_eq!(server.seen().len(), 1, "a post is sent once");
    shown(failure)
}

/// No failure ever shows the key, or a library's way of speaking.
fn shown(failure: ApiError) -> ApiError {
    let all = format!("{failure} {failure:?} {}", failure.hint());
    assert!(!all.contains(KEY), "{all}");
    let text = failure.to_string();
    assert!(
        !text.contains('\n') && !text.contains('<') && text.len() < 500,
        "{text}"
    );
    failure
}

const ITEM: &str = r#"{"item_id":"a","quantity":1}"#;
const TWO: &str = r#"[{"item_id":"a"},{"item_id":"b"}]"#;
const REPEAT: Fate = Fate::Repeat { after: None };

#[test]
fn a_request_carries_what_the_contract_asks_for() {
    let server = Server::start(|_| json(200, r#"{"success":true,"data":[]}"#));
    let client = server.client(0);
    list(&client).0.unwrap();
    client.get("a b").unwrap();
    delete(&client, "a/b", DeleteForm::Path).unwrap_err();
    delete(&client, "a b", DeleteForm::Path).unwrap();
    delete(&client, "a\"b", DeleteForm::Body).unwrap();
    let seen = server.seen();
    let asked: Vec<_> = seen
        .iter()
        .map(|s| (s.method.as_str(), s.target.as_str(), s.body.as_str()))
        .collect();
    assert_eq!(
        asked,
        [
            ("GET", "/api/inventory?organization_id=org&limit=", ""),
            ("GET", "/api/inventory/a%20b?organization_id=org", ""),
            ("DELETE", "/api/inventory/a%20b?organization_id=org", "{}"),
            ("DELETE", "/api/inventory?organization_id=org", r#"{"item_id":"a\"b"}"#),
        ]
    );
    for request in &seen {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(
            request.header("user-agent"),
            Some(concat!("stockport/", env!("CARGO_PKG_VERSION")))
        );
        assert_eq!(
            request.header("content-type"),
            (request.method == "DELETE").then_some("application/json")
        );
        let encoding = if request.method == "DELETE" { "identity" } else { "gzip" };
        assert_eq!(request.header("accept-encoding"), Some(encoding));
    }
    assert_eq!((client.requests(), client.retries()), (4, 0));
}

#[test]
fn a_list_is_handed_out_as_it_arrives() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/api", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{\"data\":[{\"id\":\"a\"},")
            .unwrap();
        // The rest only comes once the first item has been taken.
        wait.recv().unwrap();
        stream.write_all(b"{\"id\":\"b\"}],\"success\":true}").unwrap();
    });
    let endpoint = Endpoint {
        base,
        org: "org".to_owned(),
        key: Key::new(KEY).unwrap(),
        again: None,
        timeout: Duration::from_secs(30),
        retries: 0,
        connections: 1,
        network: Network::default(),
    };
    let mut ids = Vec::new();
    let count = Client::new(&endpoint).unwrap().list(&ALL, &mut |item| {
        ids.push(item.get("id").cloned());
        let _ = go.send(());
        Ok(())
    });
    assert_eq!(count.unwrap(), 2);
    server.join().unwrap();
}

#[test]
fn an_answer_may_drip_and_may_be_packed() {
    let answer = r#"{"success":true,"data":[{"id":"a"},{"id":"é"}]}"#;
    let raw = |reply| match reply {
        Reply::Raw(bytes) => bytes,
        _ => Vec::new(),
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(answer.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let whole = [head.as_bytes(), &packed].concat();
    let half = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
        &packed[..30],
    ]
    .concat();
    let server = Server::replies([
        Reply::Drip(raw(json(200, answer))),
        Reply::Raw(whole),
        Reply::Close(half),
    ]);
    let client = server.client(0);
    for _ in 0..2 {
        let (count, ids) = list(&client);
        assert_eq!((count.unwrap(), ids), (2, vec!["a".to_owned(), "é".to_owned()]));
    }
    assert!(matches!(list(&client).0, Err(ApiError::Lost { how: Loss::Cut, .. })));
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("accept-encoding").is_some_and(|v| v.contains("gzip")))
    );
}

#[test]
fn a_redirect_is_never_followed_and_the_key_stays_at_home() {
    let other = Server::start(|_| json(200, r#"{"success":true,"data":[]}"#));
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/inventory/?token=hush\r\n", other.base());
        let failure = post_failure(ITEM, with(status, &location, ""));
        assert_eq!((failure.fate(), failure.status()), (Fate::Stop, Some(status)));
        assert!(
            failure.to_string().contains("127.0.0.1") || failure.to_string().contains("same host"),
            "{failure}"
        );
        assert!(!failure.to_string().contains("hush"), "{failure}");
        list_failure(with(status, &location, ""));
    }
    assert!(other.seen().is_empty());
    let failure = list_failure(with(301, &format!("Location: https://{KEY}.example.com/{KEY}\r\n"), ""));
    assert!(failure.to_string().contains("https://[key].example.com "), "{failure}");
}

#[test]
fn a_post_succeeds_by_its_echo_alone() {
    let post = |body: &str, data: &str| {
        let reply = json(200, &format!(r#"{{"success":true,"data":{data}}}"#));
        let server = Server::replies([reply]);
        let answer = post(&server.client(0), body);
        assert_eq!(server.seen()[0].body, body);
        answer
    };
    assert!(post(ITEM, r#"{"item_id":"a","quantity":1}"#).is_ok());
    assert!(
        post(
            ITEM,
            r#"{"updated_by":"me","quantity":1.0,"item_id":"a","updated_at":"now"}"#
        )
        .is_ok()
    );
    assert!(post(TWO, TWO).is_ok());
    for (body, data) in [
        (ITEM, r#"{"item_id":"b","quantity":1}"#),
        (ITEM, r#"[{"item_id":"a","quantity":1}]"#),
        (ITEM, "{}"),
        (ITEM, "[]"),
        (TWO, r#"[{"item_id":"b"},{"item_id":"a"}]"#),
        (TWO, r#"[{"item_id":"a"}]"#),
    ] {
        let failure = post(body, data).unwrap_err();
        assert!(
            matches!(failure, ApiError::WrongEcho(_)),
            "{body} → {data}: {failure:?}"
        );
        assert_eq!(failure.fate(), REPEAT);
    }
}

#[test]
fn a_body_that_is_no_json_is_refused_before_it_is_sent() {
    let server = Server::replies([]);
    let client = server.client(3);
    assert!(matches!(
        post(&client, r#"{"item_id":"a","quantity":NaN}"#),
        Err(ApiError::BadBody)
    ));
    assert!(matches!(client.get(".."), Err(ApiError::BadId(_))));
    assert_eq!((server.seen().len(), client.requests()), (0, 0));
}

#[test]
fn writes_are_sent_once_and_reads_again() {
    let server = Server::start(|_| json(503, "{}"));
    let client = server.client(3);
    post(&client, ITEM).unwrap_err();
    delete(&client, "a", DeleteForm::Body).unwrap_err();
    assert_eq!((client.requests(), client.retries()), (2, 0));
    client.get("a").unwrap_err();
    assert_eq!((client.requests(), client.retries()), (6, 3));
    list(&client).0.unwrap_err();
    assert_eq!((client.requests(), client.retries()), (10, 6));
    client.count_retry();
    assert_eq!(client.retries(), 7);
}

#[test]
fn a_list_is_not_repeated_once_an_item_is_out() {
    let half = || Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":[{\"id\":\"a\"},".to_vec());
    let server = Server::replies([json(500, ""), half(), json(200, r#"{"data":[]}"#)]);
    let (count, ids) = list(&server.client(5));
    assert!(matches!(count, Err(ApiError::Lost { how: Loss::Cut, .. })));
    assert_eq!((ids.len(), server.seen().len()), (1, 2));
}

#[test]
fn an_item_is_there_or_not_or_not_known() {
    let get = |answer: &str| {
        let server = Server::replies([json(200, answer)]);
        server.client(0).get("a")
    };
    let item = get(r#"{"success":true,"data":{"id":"a","n":1.50}}"#).unwrap().unwrap();
    assert_eq!(item.get("n").unwrap().to_string(), "1.50");
    assert!(
        get(r#"{"success":true,"data":{"name":"neither id"}}"#)
            .unwrap()
            .is_some()
    );
    assert!(
        get(r#"{"success":true,"data":{"id":"its own","item_id":"a"}}"#)
            .unwrap()
            .is_some()
    );
    for none in ["{}", "null", "[]"] {
        assert_eq!(get(&format!(r#"{{"success":true,"data":{none}}}"#)).unwrap(), None);
    }
    assert_eq!(get(r#"{"success":true}"#).unwrap(), None);
    assert!(matches!(
        get(r#"{"success":true,"data":{"id":"b"}}"#),
        Err(ApiError::Foreign(Oddity::OtherItem))
    ));
    for odd in [
        "{}",
        "[]",
        r#"{"success":true,"data":"a"}"#,
        r#"{"success":true,"data":[{"id":"a"}]}"#,
    ] {
        assert!(matches!(get(odd), Err(ApiError::Foreign(_))), "{odd}");
    }
}

#[test]
fn a_deadline_holds_for_the_whole_answer_of_a_write() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":true";
    let server = Server::replies([
        Reply::Hang(Vec::new()),
        Reply::Hang(head.to_vec()),
        Reply::Hang(head.to_vec()),
    ]);
    let endpoint = Endpoint {
        timeout: Duration::from_millis(200),
        ..server.endpoint()
    };
    let client = Client::new(&endpoint).unwrap();
    let late = |failure| matches!(failure, ApiError::Lost { how: Loss::Timeout, .. });
    assert!(late(post(&client, ITEM).unwrap_err()));
    assert!(late(post(&client, ITEM).unwrap_err()));
    assert!(late(list(&client).0.unwrap_err()));
}

#[test]
fn a_run_that_is_stopped_waits_no_longer_and_lists_no_further() {
    let server = Server::start(|seen| {
        if seen.target.contains("limit") {
            json(200, r#"{"success":true,"data":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#)
        } else {
            with(503, "Retry-After: 300\r\n", "{}")
        }
    });
    let stop = Arc::new(AtomicBool::new(false));
    let client = server.client(5).with_stop(Arc::clone(&stop));
    let mut taken = 0;
    let count = client.list(&ALL, &mut |_| {
        taken += 1;
        stop.store(taken == 2, Ordering::Relaxed);
        Ok(())
    });
    assert!(matches!(count, Err(ApiError::Interrupted)));
    assert_eq!(taken, 2);
    // Five minutes were asked for; the flag is set, so it is asked once and not waited for.
    assert!(matches!(client.get("a"), Err(ApiError::Interrupted)));
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn connections_are_kept_between_requests() {
    let server = Server::start(|_| json(200, r#"{"success":true,"data":[{"id":"a"}]}"#));
    let client = server.client(0);
    for _ in 0..20 {
        list(&client).0.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_client_is_shared_by_threads_and_shows_no_key() {
    fn shared<T: Send + Sync>(_: &T) {}
    let server = Server::replies([]);
    let client = server.client(0);
    shared(&client);
    let longest = Client::new(&Endpoint {
        timeout: Duration::MAX,
        ..server.endpoint()
    })
    .unwrap();
    assert!(longest.get("a").is_err());
    let shown = format!("{client:?} {:?}", server.endpoint());
    assert!(shown.contains("org") && !shown.contains(KEY), "{shown}");
}

#[test]
fn many_posts_are_under_way_at_once_from_one_thread() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_millis(5));
        json(200, &format!(r#"{{"success":true,"data":{ITEM}}}"#))
    });
    let client = server.client(0);
    let answers = client.block_on(async {
        let posts: futures_util::stream::FuturesUnordered<_> = (0..20).map(|_| client.post(ITEM.into())).collect();
        futures_util::StreamExt::collect::<Vec<_>>(posts).await
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 20);
    assert_eq!((server.seen().len(), client.requests()), (20, 20));
    assert_eq!(server.connections(), 20, "nobody waits for another's connection");
}
