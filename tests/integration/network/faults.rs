//! Proxies that refuse, answer nonsense, say nothing, or die in the middle: each is named, nothing hangs, rows are accounted for.

use std::net::TcpListener;

use super::{Corporate, url};
use crate::backup::ORG;
use crate::edges::assert_told;
use crate::support::proxy::{Manner, TestProxy};

const PAGE: &str =
    "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 22\r\n\r\n<html>Blocked!</html>\n";

#[test]
fn a_proxy_that_connects_nowhere_is_named_and_no_row_is_lost() {
    let corporate = Corporate::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = |manner| TestProxy::http(corporate.tls, manner);
    let socks = |manner| TestProxy::socks5(corporate.tls, manner);
    let gone = |scheme: &str| format!("{scheme}://{free}");
    for (at, why) in [
        (gone("http"), "can't be reached"),
        (gone("socks5h"), "can't be reached"),
        (
            url("http", &http(Manner::Says(PAGE))),
            "opens no connection to api.corp.test",
        ),
        (
            url("http", &http(Manner::Says("HTTP/1.1 502 x\r\n\r\n"))),
            "opens no connection to",
        ),
        (
            url("http", &http(Manner::Says("<html>Sign in</html>"))),
            "opens no connection to",
        ),
        (url("http", &http(Manner::Closes)), "closed the connection"),
        (url("http", &http(Manner::DiesAfter(0))), "closed the connection"),
        (url("http", &http(Manner::Silent)), "in time"),
        (
            url("http", &http(Manner::Wants("x"))),
            "asks for a user and a password (407)",
        ),
        // One kind's address, the other's proxy.
        (
            url("socks5h", &http(Manner::Says("HTTP/1.1 400 x\r\n\r\n"))),
            "the proxy",
        ),
        (url("http", &socks(Manner::Good)), "the proxy"),
        (url("socks5h", &socks(Manner::Says("2"))), "opens no connection to"),
        (url("socks5h", &socks(Manner::Says("4"))), "opens no connection to"),
        (url("socks5h", &socks(Manner::Closes)), "closed the connection"),
        (url("socks5h", &socks(Manner::Silent)), "in time"),
        (
            url("socks5h", &socks(Manner::Wants("a:b"))),
            "asks for a user and a password",
        ),
    ] {
        let run = corporate.import(&at, &["--timeout", "2"]).exit(1);
        assert_told(&run, why, "proxy");
        let proxy = at.rsplit('/').next().unwrap();
        assert!(run.stderr.contains(proxy), "{at}: {run:?}");
        let report = run.json();
        assert_eq!(report["read"], report["not_attempted"], "{at}: {report}");
    }
    assert_eq!(
        corporate
            .server
            .http(ORG)
            .ids("?limit=")
            .iter()
            .filter(|id| *id == "A1")
            .count(),
        0
    );
}

#[test]
fn a_tunnel_that_dies_in_the_middle_is_opened_again() {
    let corporate = Corporate::new();
    let proxy = TestProxy::http(corporate.tls, Manner::DiesAfter(2000));
    let rows: Vec<String> = (0..300).map(|n| format!("B{n},Kush {n}\n")).collect();
    corporate
        .stockport
        .write("x.csv", format!("item_id,name\n{}", rows.concat()));
    let at = url("http", &proxy);
    let line = ["import", "x.csv", "--yes", "--json", "--retries", "3", "--proxy", &at];
    let report = corporate.stockport.run(line).ok().json();
    assert_eq!(
        (&report["created"], &report["unknown"]),
        (&300.into(), &0.into()),
        "{report}"
    );
    assert!(report["retries"].as_u64().unwrap() > 0, "{report}");
    // A list that never comes through is no list.
    proxy.behave(Manner::DiesAfter(5000));
    let run = corporate
        .stockport
        .run(["export", "all.csv", "--retries", "1", "--proxy", &at])
        .exit(1);
    assert_told(&run, &format!("through the proxy {}", proxy.address), "try again");
    assert!(!corporate.stockport.path("all.csv").exists());
}

#[test]
fn a_proxy_that_comes_back_is_used_again() {
    let corporate = Corporate::new();
    let proxy = TestProxy::http(corporate.tls, Manner::Closes);
    let at = url("http", &proxy);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let line = ["import", "x.csv", "--yes", "--json", "--retries", "20", "--proxy", &at];
            corporate.stockport.run(line)
        });
        while proxy.seen().len() < 2 {
            std::thread::yield_now();
        }
        proxy.behave(Manner::Good);
        assert_eq!(run.join().unwrap().ok().json()["created"], 2);
    });
}

#[test]
fn what_a_proxy_answers_to_a_forwarded_request_is_the_proxys() {
    let server = crate::support::TestSandbox::new();
    let to = server
        .sandbox
        .url()
        .trim_start_matches("http://")
        .trim_end_matches("/api")
        .parse()
        .unwrap();
    let stockport = crate::support::Stockport::new().at(&server, ORG);
    for (manner, why, hint) in [
        (
            Manner::Wants("x"),
            "asks for a user and a password (407)",
            "--proxy-auth-file",
        ),
        (
            Manner::Says("HTTP/1.1 503 x\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"),
            "the API failed (503)",
            "--proxy",
        ),
        (Manner::Closes, "through the proxy", "try again"),
    ] {
        let proxy = TestProxy::http(to, manner);
        let run = stockport
            .run(["export", "-", "--retries", "0", "--proxy", &url("http", &proxy)])
            .exit(1);
        assert_told(&run, why, hint);
    }
}
