//! `--ping`: a monitor is told of start, success and failure, and never changes the result.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::backup::{ORG, fill};
use crate::support::{Run, Stockport, TestSandbox};

const TOKEN: &str = "5a0c1e9f-secret-token";

/// A monitor that answers with these statuses, one after the other, and then with the last one; 0 is no answer at all.
struct Monitor {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Monitor {
    fn new(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/{TOKEN}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            let mut silent = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && connection.read(&mut byte).unwrap_or(0) > 0 {
                    head.push(byte[0]);
                }
                let place = seen.lock().unwrap().len();
                let status = *statuses.get(place).or(statuses.last()).unwrap();
                if status == 0 {
                    silent.push(connection);
                } else {
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK");
                    let _ = connection.write_all(answer.as_bytes());
                }
                seen.lock().unwrap().push(String::from_utf8(head).unwrap());
            }
        });
        Self { url, heads }
    }

    /// The paths that were asked for.
    fn asked(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads
            .iter()
            .map(|head| head.split(' ').nth(1).unwrap().to_owned())
            .collect()
    }
}

fn paths(ends: &[&str]) -> Vec<String> {
    ends.iter().map(|end| format!("/{TOKEN}{end}")).collect()
}

/// No address of a monitor is shown: it is a secret.
fn assert_hidden(run: &Run) {
    assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN), "{run:?}");
}

#[test]
fn start_success_and_failure_are_told_without_a_key() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id\nA1\n");
    for (line, code, end) in [
        ("backup create bk --json", 0, ""),
        ("import in.csv -v", 0, ""),
        ("import absent.csv --json-log", 1, "/fail"),
        ("export out.csv", 0, ""),
        ("export out.csv", 1, "/fail"),
        ("migrate --from sandbox-company --to sandbox-branch", 0, ""),
        ("backup create bk --profile nope", 2, "/fail"),
    ] {
        let monitor = Monitor::new(&[200]);
        let run = stockport
            .run(line.split(' ').chain(["--ping", &monitor.url]))
            .exit(code);
        assert_eq!(monitor.asked(), paths(&["/start", end]), "{line}");
        assert!(!run.stderr.contains("--ping"), "{run:?}");
        assert_hidden(&run);
        for head in monitor.heads.lock().unwrap().iter() {
            assert!(head.starts_with("GET /"), "{head}");
            assert!(!head.to_lowercase().contains("authorization"), "{head}");
        }
    }
    let monitor = Monitor::new(&[200]);
    let url = format!("{}/?rid=7#part", monitor.url);
    stockport.run(["backup", "create", "bk", "--ping", &url]).ok();
    assert_eq!(monitor.asked(), paths(&["/start?rid=7", "/?rid=7"]));
    let monitor = Monitor::new(&[200]);
    let run = stockport
        .run(["import", "in.csv", "--dry-run", "--ping", &monitor.url])
        .ok();
    assert!(
        run.stderr.contains("--ping ignored") && monitor.asked().is_empty(),
        "{run:?}"
    );
}

#[test]
fn a_monitor_that_fails_is_asked_again_and_changes_nothing() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let create = ["backup", "create", "bk", "--json", "--ping"];
    let monitor = Monitor::new(&[200, 503, 429, 200]);
    let run = stockport.run(create.iter().chain(&[monitor.url.as_str()])).ok();
    assert_eq!(monitor.asked(), paths(&["/start", "", "", ""]));
    assert!(!run.stderr.contains("--ping"), "{run:?}");
    for (statuses, why) in [
        (&[200, 500][..], "it answered 500"),
        (&[200, 404], "it answered 404"),
        (&[200, 302], "it answered 302"),
    ] {
        let monitor = Monitor::new(statuses);
        let run = stockport.run(create.iter().chain(&[monitor.url.as_str()])).ok();
        let warning = format!("warning: --ping: 127.0.0.1 was not told of the success: {why}");
        assert!(run.stderr.contains(&warning), "{run:?}");
        assert_eq!(monitor.asked().len(), if why.ends_with("500") { 4 } else { 2 });
        assert_hidden(&run);
        assert_eq!(run.json()["exit"], 0);
    }
    // Nobody is there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/{TOKEN}", listener.local_addr().unwrap());
    drop(listener);
    let run = stockport.run(create.iter().chain(&[url.as_str()])).ok();
    assert!(run.stderr.contains("was not told of the success"), "{run:?}");
    assert_hidden(&run);
}

#[test]
fn an_address_that_would_show_the_secret_is_refused_before_anything_starts() {
    let stockport = Stockport::new();
    for address in [
        "http://example.com",
        "ftp://127.0.0.1",
        "hc-ping.com",
        "http://localhost.example.com",
        "file://",
    ] {
        let url = format!("{address}/{TOKEN}");
        let args = [
            "backup",
            "create",
            "bk",
            "--json",
            "--on-failure",
            "touch ran",
            "--ping",
            &url,
        ];
        let run = stockport.run(args).exit(2);
        assert!(run.json()["error"].as_str().unwrap().contains("--ping"), "{run:?}");
        assert_hidden(&run);
        assert!(!stockport.path("ran").exists());
    }
    stockport.run(["backup", "create", "bk", "--ping", ""]).exit(2);
    assert_eq!(fs::read_dir(stockport.path("")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_ping_that_hangs_and_no_hint_shows_the_address() {
    use crate::edges::signals::{ended, send};
    use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};
    let server = Faulty::new().rule(Rule::from(1, Fault::Slow(FOR_EVER)).on_lists());
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for option in ["--ping=", "--ping"] {
        let monitor = Monitor::new(&[200, 0]);
        let mut words = vec!["backup".to_owned(), "create".to_owned(), "bk".to_owned()];
        if option.ends_with('=') {
            words.push(format!("{option}{}", monitor.url));
        } else {
            words.extend([option.to_owned(), monitor.url.clone()]);
        }
        let before = server.seen();
        let mut command = stockport.command(&words);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        while server.seen() == before || monitor.asked().is_empty() {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        send(&child, "INT");
        while monitor.asked().len() < 2 {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        send(&child, "INT");
        let run = ended(child, option);
        assert_eq!(run.code, 130, "{run:?}");
        assert!(
            run.stderr.contains("was not told of the failure: interrupted"),
            "{run:?}"
        );
        assert!(run.stdout.contains("stockport backup create bk\n"), "{run:?}");
        assert_hidden(&run);
    }
}
