//! Each failure is told apart, told in plain words, and never tells the key.

use super::*;
use crate::api::wait::Cause;
use crate::error::UserError as _;

#[test]
fn each_way_a_list_can_be_wrong_is_told_apart() {
    use Oddity as O;
    type Is = fn(&ApiError) -> bool;
    let cases: [(Reply, Is); 14] = [
        (
            json(200, r#"{"success":false,"message":"no"}"#),
            |e| matches!(e, ApiError::Foreign(O::NotSuccess(m)) if m == "no"),
        ),
        (json(200, r#"{"data":[],"success":false}"#), |e| {
            matches!(e, ApiError::Foreign(O::NotSuccess(_)))
        }),
        (json(200, r#"{"success":false,"data":"Authentication failed."}"#), |e| {
            matches!(e, ApiError::Unauthorized { .. })
        }),
        (
            html(200, "<title>Log in</title>"),
            |e| matches!(e, ApiError::Foreign(O::Page(m)) if m == "Log in"),
        ),
        (json(200, " <html>"), |e| matches!(e, ApiError::Foreign(O::Page(_)))),
        (json(200, r#"{"success":true,"data":{"id":"a"}}"#), |e| {
            matches!(e, ApiError::Foreign(O::NotAList(_)))
        }),
        (json(200, r#"{"success":true}"#), |e| {
            matches!(e, ApiError::Foreign(O::NotAList(_)))
        }),
        (json(200, r#"{"success":true,"data":["a"]}"#), |e| {
            matches!(e, ApiError::Foreign(O::Shape(_)))
        }),
        (json(200, r#"{"success":true,"data":[{"n":NaN}]}"#), |e| {
            matches!(e, ApiError::Foreign(O::Shape(_)))
        }),
        (json(200, r#"{"success":true,"data":[]}x"#), |e| {
            matches!(e, ApiError::Foreign(O::Trailing))
        }),
        (json(200, r#"{"success":true,"data":[{"id":"a"}"#), |e| {
            matches!(e, ApiError::Lost { how: Loss::Cut, .. })
        }),
        (
            Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":[]".to_vec()),
            |e| matches!(e, ApiError::Lost { how: Loss::Cut, .. }),
        ),
        (
            Reply::Close(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b\r\n{\"success\":true,\"data\":[]}\n\r\n"
                    .to_vec(),
            ),
            |e| matches!(e, ApiError::Lost { how: Loss::Cut, .. }),
        ),
        (json(200, ""), |e| matches!(e, ApiError::Foreign(O::Shape(_)))),
    ];
    for (number, (reply, is)) in cases.into_iter().enumerate() {
        let failure = list_failure(reply);
        assert!(is(&failure), "{number}: {failure:?}");
        assert!(number == 2 || failure.fate() == REPEAT, "{number}");
    }
}

#[test]
fn each_status_means_what_the_contract_says() {
    let said = r#"{"success":false,"data":null,"message":"the server's words"}"#;
    let cases = [
        (json(401, said), Fate::Stop, "rejects this key"),
        (json(403, said), Fate::Stop, "access to the organization 'org'"),
        (
            html(403, "<h1>Forbidden</h1>"),
            Fate::Stop,
            "a firewall in front of it, refuses to save this (403)",
        ),
        (html(404, "<title>Not Found</title>"), Fate::Stop, "no inventory API at"),
        (json(404, said), Fate::Stop, "no inventory API at"),
        (
            json(405, r#"{"detail":"Method \"POST\" not allowed."}"#),
            Fate::Stop,
            "not allowed",
        ),
        (json(406, said), Fate::Stop, "refuses the request (406)"),
        (html(400, "<title>Bad Request</title>"), Fate::Halve, "Bad Request"),
        (json(413, said), Fate::Halve, "(413)"),
        (json(422, said), Fate::Halve, "the server's words"),
        (json(408, said), REPEAT, "(408)"),
        (json(429, said), REPEAT, "fewer requests"),
        (json(500, said), REPEAT, "the server's words"),
        (html(502, "<title>Bad Gateway</title>"), REPEAT, "Bad Gateway"),
        (json(503, ""), REPEAT, "(503)"),
        (html(504, ""), REPEAT, "(504)"),
    ];
    for (reply, fate, words) in cases {
        let failure = post_failure(ITEM, reply);
        assert_eq!(failure.fate(), fate, "{failure}");
        assert!(failure.to_string().contains(words), "{failure} lacks {words}");
        assert!(
            failure
                .status()
                .is_some_and(|status| failure.to_string().contains(&status.to_string())),
            "{failure}"
        );
    }
}

#[test]
fn an_unknown_organization_is_told_with_what_to_check() {
    let failure = list_failure(json(403, r#"{"error":true,"message":"Not your organization"}"#));
    assert_eq!(
        failure.to_string(),
        "the API refuses access to the organization 'org' (403): \"Not your organization\""
    );
    let hint = failure.hint();
    assert!(hint.contains("--org") && hint.contains("key"), "{hint}");
}

#[test]
fn an_endpoint_without_arrays_is_recognized_only_by_an_array() {
    for status in [400, 403] {
        let refusal = || {
            json(
                status,
                r#"{"success":false,"data":"Data not recognized. Post a JSON object."}"#,
            )
        };
        let failure = post_failure(TWO, refusal());
        assert!(matches!(failure, ApiError::NoArrays { .. }), "{failure:?}");
        assert_eq!((failure.fate(), failure.status()), (Fate::Halve, Some(status)));
        assert!(!matches!(post_failure(ITEM, refusal()), ApiError::NoArrays { .. }));
    }
}

#[test]
fn what_retry_after_asks_for_is_passed_on() {
    for (headers, after) in [
        ("Retry-After: 7\r\n", 7),
        (
            "Retry-After: Thu, 01 Jan 2026 00:00:30 GMT\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
            30,
        ),
        ("Retry-After: Thu, 01 Jan 1998 00:00:30 GMT\r\n", 0),
    ] {
        for status in [429, 503] {
            let failure = post_failure(ITEM, with(status, headers, "{}"));
            assert_eq!(
                failure.fate(),
                Fate::Repeat {
                    after: Some(Duration::from_secs(after))
                }
            );
        }
    }
}

#[test]
fn a_pause_of_over_a_day_ends_the_run_and_others_are_kept_for_a_reason() {
    for status in [429, 503] {
        let asked = |seconds: &str| post_failure(ITEM, with(status, &format!("Retry-After: {seconds}\r\n"), "{}"));
        for seconds in [
            "86401",
            "99999999999999999999999",
            "Fri, 01 Jan 2100 00:00:00 GMT\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT",
        ] {
            let failure = asked(seconds);
            assert!(matches!(failure, ApiError::WaitTooLong { .. }), "{failure:?}");
            assert_eq!((failure.fate(), failure.status()), (Fate::Stop, Some(status)));
        }
        let day = asked("86400");
        assert!(matches!(day.fate(), Fate::Repeat { after: Some(_) }), "{day:?}");
        assert_eq!(day.cause(), Cause::Asked(status));
        let failure = post_failure(ITEM, with(status, "", "{}"));
        assert_eq!(failure.cause(), Cause::Failed(status));
    }
    let lost = post_failure(ITEM, Reply::Close(Vec::new()));
    assert_eq!(lost.cause(), Cause::Lost(Loss::Reset));
    assert_eq!(post_failure(ITEM, html(200, "<p>Sign in")).cause(), Cause::Foreign);
}

#[test]
fn a_key_that_the_server_echoes_is_masked() {
    for reply in [
        json(401, &format!(r#"{{"message":"unknown key {KEY}"}}"#)),
        html(500, &format!("<title>Bearer {KEY}</title>")),
        json(403, &format!("{}{KEY}", "x".repeat(195))),
        json(200, &format!(r#"{{"success":false,"message":"{KEY}"}}"#)),
        json(200, KEY),
        html(200, &format!("<p>{KEY}")),
        json(200, &format!(r#"{{"success":true,"data":"{KEY}"}}"#)),
        json(200, &format!(r#"{{"success":true,"{KEY}":x}}"#)),
        json(500, &format!("{}{KEY}", " ".repeat(64 * 1024 - 3))),
    ] {
        list_failure(reply);
    }
    for reply in [
        json(200, KEY),
        json(200, &format!(r#"{{"success":false,"data":"{KEY}"}}"#)),
    ] {
        post_failure(ITEM, reply);
    }
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_lost() {
    for bytes in ["", "HTTP/1.1 200 OK\r\nContent-", "this is not http\r\n\r\n"] {
        let failure = post_failure(ITEM, Reply::Close(bytes.as_bytes().to_vec()));
        assert!(
            matches!(failure, ApiError::Lost { how: Loss::Reset, .. }),
            "{failure:?}"
        );
        assert_eq!(
            (failure.fate(), failure.is_unreachable(), failure.status()),
            (REPEAT, false, None)
        );
    }
}

#[test]
fn a_host_that_nobody_listens_on_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::replies([]);
    let endpoint = Endpoint {
        base: format!("http://127.0.0.1:{port}/api"),
        ..server.endpoint()
    };
    let client = Client::new(&endpoint).unwrap();
    let failure = shown(post(&client, ITEM).unwrap_err());
    assert!(
        matches!(
            &failure,
            ApiError::Unreachable {
                why: Unreached::Refused,
                ..
            }
        ),
        "{failure:?}"
    );
    assert!(failure.is_unreachable() && failure.fate() == REPEAT);
    assert!(
        failure
            .to_string()
            .starts_with(&format!("127.0.0.1:{port} can't be reached: it refuses the connection"))
    );
    // Plain http behind an https address: no secure connection, so nothing is sent.
    let plain = Server::start(|_| json(200, "{}"));
    let endpoint = Endpoint {
        base: plain.base().replace("http:", "https:"),
        ..plain.endpoint()
    };
    match Client::new(&endpoint) {
        Ok(client) => {
            let failure = shown(client.get("a").unwrap_err());
            assert!(failure.is_unreachable(), "{failure:?}");
        }
        // A system without certificates says so at once.
        Err(failure) => assert!(matches!(failure, ApiError::NoCertificates(_)), "{failure:?}"),
    }
}

#[test]
fn a_failing_page_puts_the_path_in_doubt_for_a_read_alone() {
    let page = || html(500, "<title>Server Error</title>");
    assert!(list_failure(page()).hint().contains("path"));
    assert!(!post_failure(ITEM, page()).hint().contains("path"));
    assert!(!list_failure(json(500, "{}")).hint().contains("path"));
}
