//! A key that expires during a run: asked for once more where it was found, by all requests together.

#[cfg(unix)]
use std::fs;

#[cfg(unix)]
use serde_json::{Value, json};

use crate::backup::ORG;
#[cfg(unix)]
use crate::edges::assert_told;
use crate::support::Stockport;
use crate::support::faulty::Faulty;

const BRANCH: &str = "sandbox-branch";

/// A server that refuses the first of two good keys after so many requests, and a profile whose key is printed by a command
/// that notes each time it runs and prints the first key once, then what `then` prints.
fn expiring(requests: usize, then: &str) -> (Faulty, Stockport) {
    let server = Faulty::new();
    let (old, new) = (server.key(BRANCH).to_owned(), server.key(ORG).to_owned());
    server.revoke_after(&old, requests);
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "config.toml");
    crate::config::write_key(&stockport, "old.key", &old);
    crate::config::write_key(&stockport, "new.key", &new);
    let command = format!("echo x >> asked; if [ $(wc -l < asked) = 1 ]; then cat old.key; else {then}; fi");
    stockport.write(
        "config.toml",
        format!(
            "[profiles.default]\napi = \"{}\"\norg = \"{BRANCH}\"\nkey_command = \"{command}\"\n",
            server.url()
        ),
    );
    let rows: Vec<String> = (0..400).map(|n| format!("A{n},Kush {n}\n")).collect();
    stockport.write("x.csv", format!("item_id,name\n{}", rows.concat()));
    (server, stockport)
}

#[cfg(unix)]
fn asked(stockport: &Stockport) -> usize {
    fs::read_to_string(stockport.path("asked")).unwrap().lines().count()
}

const IMPORT: [&str; 9] = [
    "import",
    "x.csv",
    "--yes",
    "--json",
    "--batch",
    "10",
    "--jobs",
    "8",
    "--retries=0",
];

#[cfg(unix)]
#[test]
fn workers_share_one_new_key_and_every_row_is_saved() {
    let (server, stockport) = expiring(12, "cat new.key");
    let report = stockport.run(IMPORT).ok().json();
    assert_eq!(
        (&report["created"], &report["failed"]),
        (&400.into(), &0.into()),
        "{report}"
    );
    assert_eq!(asked(&stockport), 2);
    let refused = server
        .requests()
        .iter()
        .filter(|request| request.status == Some(401))
        .count() as u64;
    assert!(refused > 0);
    assert_eq!(report["retries"], refused, "{report}");
    assert_eq!(report["requests"].as_u64(), Some(server.requests().len() as u64));
}

#[cfg(unix)]
#[test]
fn lists_deletions_and_backups_take_a_new_key_as_well() {
    let all: Vec<Value> = (0..30)
        .map(|n| json!({"item_id": format!("A{n}"), "name": "Kush"}))
        .collect();
    let lines = [
        vec!["delete", "--ids", "A1,A2,A3,A4,A5,A6", "--yes", "--json"],
        vec!["backup", "create", "backups", "--json"],
        vec!["export", "y.csv", "--json"],
    ];
    for line in &lines {
        let mut works = 0;
        for requests in 1..12 {
            let (server, stockport) = expiring(requests, "cat new.key");
            server.http(BRANCH).with_key(server.key(ORG)).post_json(&json!(all));
            let before = server.requests().len();
            stockport.run(line).ok();
            works += usize::from(
                server.requests()[before..]
                    .iter()
                    .any(|request| request.status == Some(401)),
            );
            assert!(asked(&stockport) <= 2);
        }
        assert!(works > 0, "{line:?} never met an expired key");
    }
}

#[cfg(unix)]
#[test]
fn without_another_key_the_run_stops_as_it_does_for_a_wrong_one() {
    for (then, why) in [
        ("cat old.key", "the API rejects this key (401)"),
        ("echo wrong", "the API rejects this key (401)"),
        ("exit 3", "can't be read again"),
        ("true", "can't be read again"),
    ] {
        let (server, stockport) = expiring(12, then);
        let run = stockport.run(IMPORT).exit(1);
        assert_told(&run, why, "");
        let report = run.json();
        assert_eq!(asked(&stockport), 2, "{then}");
        assert!(report["not_attempted"].as_u64().unwrap() > 0, "{report}");
        let sum = |names: &[&str]| names.iter().map(|name| report[*name].as_u64().unwrap()).sum::<u64>();
        assert_eq!(sum(&["read"]), sum(&["created", "failed", "not_attempted"]), "{report}");
        assert!(!format!("{run:?}").contains(server.key(BRANCH)), "{run:?}");
    }
    // A key that has never worked is not asked for twice.
    let (_server, stockport) = expiring(0, "cat new.key");
    stockport.run(IMPORT).exit(1);
    assert_eq!(asked(&stockport), 1);
}

#[cfg(unix)]
#[test]
fn a_key_that_expires_twice_is_asked_for_twice() {
    let (server, stockport) = expiring(8, "cat new.key");
    let third = "a-third-key-that-is-good-as-well";
    server.accept(third, ORG);
    server.revoke_after(server.key(ORG), 8);
    crate::config::write_key(&stockport, "third.key", third);
    let command = "echo x >> asked; case $(wc -l < asked) in 1) cat old.key;; 2) cat new.key;; *) cat third.key;; esac";
    let config = stockport.read("config.toml");
    let (head, _) = config.split_once("key_command").unwrap();
    stockport.write("config.toml", format!("{head}key_command = \"{command}\"\n"));
    assert_eq!(stockport.run(IMPORT).ok().json()["created"], 400);
    assert_eq!(asked(&stockport), 3);
}

#[test]
fn a_key_file_that_is_replaced_is_read_again() {
    let (server, stockport) = expiring(12, "");
    crate::config::write_key(&stockport, "own.key", server.key(BRANCH));
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let line = ["--org", BRANCH, "--api", server.url(), "--key-file", "own.key"];
            stockport.run(IMPORT.iter().chain(&line))
        });
        while server.requests().is_empty() {
            std::thread::yield_now();
        }
        crate::config::write_key(&stockport, "own.key", server.key(ORG));
        assert_eq!(run.join().unwrap().ok().json()["created"], 400);
    });
}
