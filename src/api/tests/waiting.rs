//! How long the client waits, and on which connections. Doesn't belong here: what answers mean.

use std::thread;
use std::time::Instant;

use super::*;

/// Far less than the patience of the test server's clients, far more than an answer takes.
const SOON: Duration = Duration::from_secs(10);

/// Sets the flag a little later.
fn stop_soon(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_list_ends_at_once_when_the_run_is_stopped_wherever_it_stalls() {
    let failing = b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\n{\"message\"";
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":[{\"id\":\"a\"},";
    for stalled in [&b""[..], &b"HTTP/1.1 200 OK\r\nContent-"[..], failing, begun] {
        let server = Server::replies([Reply::Hang(stalled.to_vec())]);
        let stop = Arc::new(AtomicBool::new(false));
        let client = server.client(5).with_stop(Arc::clone(&stop));
        let begun = Instant::now();
        stop_soon(&stop);
        let (count, _) = list(&client);
        assert!(matches!(count, Err(ApiError::Interrupted)), "{count:?}");
        assert!(begun.elapsed() < SOON);
    }
}

#[test]
fn a_pause_ends_at_once_when_the_run_is_stopped() {
    let server = Server::start(|_| with(503, "Retry-After: 3600\r\n", "{}"));
    let stop = Arc::new(AtomicBool::new(false));
    let client = server.client(5).with_stop(Arc::clone(&stop));
    let begun = Instant::now();
    stop_soon(&stop);
    assert!(matches!(client.get("a"), Err(ApiError::Interrupted)));
    assert!(begun.elapsed() < SOON);
}

#[test]
fn a_write_is_finished_though_the_run_is_stopped() {
    let server = Server::start(|seen| {
        thread::sleep(Duration::from_millis(200));
        json(200, &format!(r#"{{"success":true,"data":{}}}"#, seen.body))
    });
    let stop = Arc::new(AtomicBool::new(true));
    let client = server.client(0).with_stop(stop);
    post(&client, ITEM).unwrap();
    delete(&client, "a", DeleteForm::Body).unwrap();
}

#[test]
fn a_failure_whose_body_stalls_is_known_by_its_status() {
    let head = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\n{\"message\"";
    let server = Server::replies([Reply::Hang(head.to_vec()), Reply::Hang(head.to_vec())]);
    let endpoint = Endpoint {
        timeout: Duration::from_millis(200),
        ..server.endpoint()
    };
    let client = Client::new(&endpoint).unwrap();
    let after = Some(Duration::from_secs(7));
    assert_eq!(post(&client, ITEM).unwrap_err().fate(), Fate::Repeat { after });
    assert_eq!(list(&client).0.unwrap_err().fate(), Fate::Repeat { after });
}

#[test]
fn a_connection_that_the_host_closed_meanwhile_is_not_used_again() {
    let answer =
        |seen: &super::super::testserver::Seen| match json(200, &format!(r#"{{"success":true,"data":{}}}"#, seen.body))
        {
            Reply::Raw(bytes) => Reply::Close(bytes),
            other => other,
        };
    let server = Server::start(answer);
    let client = server.client(0);
    for _ in 0..20 {
        // Written at once, such a post would be lost with its connection.
        post(&client, ITEM).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.connections(), 20);
}

#[test]
fn threads_share_the_connections_and_every_answer_reaches_its_own_thread() {
    let server = Server::start(|seen| {
        let id = seen.target.rsplit('/').next().unwrap().split('?').next().unwrap();
        json(200, &format!(r#"{{"success":true,"data":{{"id":"{id}"}}}}"#))
    });
    let client = Client::new(&Endpoint {
        connections: 8,
        ..server.endpoint()
    })
    .unwrap();
    let client = &client;
    thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                for number in 0..50 {
                    let id = format!("W{worker}N{number}");
                    assert!(client.get(&id).unwrap().is_some());
                }
            });
        }
    });
    // Where two threads ask at the same time, one connection more may be made than is needed.
    let connections = server.connections();
    assert!(connections < 50, "{connections} for 400 requests");
}

#[test]
fn a_workers_client_has_connections_of_its_own_and_shares_flag_pauses_and_counts() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => with(503, "Retry-After: 3600\r\n", "{}"),
        _ => json(200, &format!(r#"{{"success":true,"data":{}}}"#, seen.body)),
    });
    let (stop, waits) = (Arc::new(AtomicBool::new(false)), Arc::new(Waits::default()));
    let client = server.client(5).with_stop(Arc::clone(&stop)).with_waits(waits);
    let worker = client.for_worker().unwrap();
    for _ in 0..3 {
        post(&client, ITEM).unwrap();
        post(&worker, ITEM).unwrap();
    }
    assert_eq!(server.connections(), 2);
    assert!(std::ptr::eq(client.waits(), worker.waits()));
    worker.count_retry();
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(worker.get("a"), Err(ApiError::Interrupted)));
    assert_eq!((client.requests(), client.retries()), (7, 1));
    assert_eq!((worker.timeout(), worker.org()), (client.timeout(), client.org()));
}

#[test]
fn a_host_is_found_by_its_name() {
    let server = Server::start(|_| json(200, r#"{"success":true,"data":{}}"#));
    let endpoint = Endpoint {
        base: server.base().replace("127.0.0.1", "localhost"),
        ..server.endpoint()
    };
    assert!(Client::new(&endpoint).unwrap().get("a").unwrap().is_none());
}

/// A client whose requests have so long, and which repeats none.
fn within(server: &Server, timeout: Duration) -> Client {
    let endpoint = Endpoint {
        timeout,
        retries: 0,
        ..server.endpoint()
    };
    Client::new(&endpoint).unwrap()
}

/// The head of an answer that is longer than anything that comes of it.
const ENDLESS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n";

#[test]
fn a_list_that_drips_without_bringing_an_item_ends_at_its_deadline() {
    // Before the first item, within an item, and behind the last one.
    for begun in [
        "",
        r#"{"success":true,"data":["#,
        r#"{"success":true,"data":[{"id":"a"},{"id":"b","name":""#,
        r#"{"success":true,"data":[{"id":"a"}]"#,
    ] {
        let server = Server::replies([Reply::Trickle(format!("{ENDLESS}{begun}").into_bytes())]);
        let (count, _) = list(&within(&server, Duration::from_millis(300)));
        let is_late = matches!(count, Err(ApiError::Lost { how: Loss::Timeout, .. }));
        assert!(is_late, "{begun}: {count:?}");
    }
}

#[test]
fn a_list_that_goes_on_may_take_longer_than_the_deadline() {
    let items = (0..20).map(|n| format!(r#"{{"id":"A{n}"}},"#));
    let body = std::iter::once(r#"{"success":true,"data":["#.to_owned())
        .chain(items)
        .chain([r#"{"id":"end"}]}"#.to_owned()]);
    let body: Vec<String> = body.collect();
    let head = ENDLESS.replace("9999999", &body.concat().len().to_string());
    let pieces = std::iter::once(head).chain(body).map(String::into_bytes).collect();
    let server = Server::replies([Reply::Pieces(pieces, Duration::from_millis(100))]);
    let (count, _) = list(&within(&server, Duration::from_millis(1_500)));
    assert_eq!(count.unwrap(), 21);
}

#[test]
fn each_other_request_ends_at_its_deadline_wherever_it_stalls() {
    let stalls = [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":true,",
    ];
    for stalled in stalls {
        let server = Server::start(|_| Reply::Hang(stalled.to_vec()));
        let client = within(&server, Duration::from_millis(200));
        let late = |result: Result<(), ApiError>| {
            assert!(
                matches!(result, Err(ApiError::Lost { how: Loss::Timeout, .. })),
                "{result:?}"
            );
        };
        late(client.get("a").map(drop));
        late(post(&client, ITEM));
        late(delete(&client, "a", DeleteForm::Body));
        late(list(&client).0.map(drop));
    }
    let server = Server::start(|_| Reply::Trickle(ENDLESS.as_bytes().to_vec()));
    let found = within(&server, Duration::from_millis(200)).get("a");
    assert!(
        matches!(found, Err(ApiError::Lost { how: Loss::Timeout, .. })),
        "{found:?}"
    );
}

#[test]
fn a_secure_connection_that_nobody_answers_ends_at_its_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint {
        base: format!("https://{}/api", listener.local_addr().unwrap()),
        org: "org".to_owned(),
        key: Key::new("key").unwrap(),
        again: None,
        timeout: Duration::from_millis(300),
        retries: 0,
        connections: 1,
        network: Network::default(),
    };
    let found = Client::new(&endpoint).unwrap().get("a");
    assert!(
        matches!(
            found,
            Err(ApiError::Lost { how: Loss::Timeout, .. } | ApiError::Unreachable { .. })
        ),
        "{found:?}"
    );
}
