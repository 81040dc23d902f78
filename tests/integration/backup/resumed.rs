//! A restore that was interrupted and is repeated: it goes on with the snapshot that it began with.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";
const EXACT: [&str; 9] = [
    "backup", "restore", "bk", "--exact", "--yes", "--batch", "10", "--jobs", "1",
];

/// An organization of 200 items that was backed up, then spoiled: all items changed, 10 missing, 10 new.
fn spoiled() -> (Faulty, Stockport) {
    let server = Faulty::new();
    for n in 0..200 {
        server.put(ORG, &json!({"item_id": format!("A{n:03}"), "status": "good"}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    for n in 0..200 {
        server.put(ORG, &json!({"item_id": format!("A{n:03}"), "status": "spoiled"}));
    }
    for n in 0..10 {
        server.remove(ORG, &format!("A{n:03}"));
        server.put(ORG, &json!({"item_id": format!("N{n:03}"), "status": "new"}));
    }
    (server, stockport)
}

fn good(server: &Faulty) -> usize {
    let items = server.items(ORG);
    items.values().filter(|item| item["status"] == "good").count()
}

/// How many requests to change something the server has seen.
fn changes(server: &Faulty) -> usize {
    let requests = server.requests();
    requests.iter().filter(|request| request.method != "GET").count()
}

/// Begins a restore, and kills it when the server has seen so many requests to change something.
fn killed(server: &Faulty, stockport: &Stockport, args: &[&str], requests: usize) {
    server.add_rule(Rule::every(1, Fault::Slow(Duration::from_millis(20))));
    let from = changes(server);
    let mut child = stockport
        .command(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while changes(server) < from + requests {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.settle();
    server.behave();
}

fn source(summary: &Value) -> &str {
    summary["source"].as_str().unwrap()
}

#[test]
fn a_killed_restore_goes_on_with_its_snapshot_also_when_there_is_a_newer_backup() {
    let (server, stockport) = spoiled();
    let first = stockport.run(["backup", "list", "bk", "--json"]).json()["snapshots"][0]["snapshot"].clone();
    killed(&server, &stockport, &EXACT, 8);
    let half = good(&server);
    assert!(half > 0 && half < 200, "{half}");
    // The nightly job backs up the half-restored state.
    stockport.run(["backup", "create", "bk"]).ok();
    let dry = stockport
        .run(["backup", "restore", "bk", "--exact", "--dry-run", "--json"])
        .ok()
        .json();
    assert!(source(&dry).ends_with(first.as_str().unwrap()), "{dry}");
    let again = stockport.run(EXACT.iter().chain(&["--json"])).ok();
    let summary = again.json();
    assert!(source(&summary).ends_with(first.as_str().unwrap()), "{summary}");
    assert!(
        again.stderr.contains("resuming run") && summary["warnings"].to_string().contains("name another snapshot"),
        "{again:?}"
    );
    assert_eq!((good(&server), server.items(ORG).len()), (200, 200));
    // The account is that of the whole run, and so is the copy of what there was before it.
    assert_eq!(
        (
            &summary["created"],
            &summary["updated"],
            &summary["deleted"],
            &summary["read"]
        ),
        (&json!(10), &json!(190), &json!(10), &json!(210)),
        "{summary}"
    );
    let copies = stockport.run(["backup", "list", "bk", "--json"]).json()["safety_copies"].clone();
    assert_eq!(
        (copies.as_array().unwrap().len(), &copies[0]["items"]),
        (1, &json!(200))
    );
    // After its end the newest backup is meant again.
    let dry = stockport
        .run(["backup", "restore", "bk", "--dry-run", "--json"])
        .ok()
        .json();
    assert!(!source(&dry).ends_with(first.as_str().unwrap()), "{dry}");
}

#[test]
fn what_was_deleted_before_the_kill_is_in_the_account_of_the_whole() {
    let (server, stockport) = spoiled();
    // 20 batches of items that come back, then one request an item that goes.
    killed(&server, &stockport, &EXACT, 24);
    let left = server.items(ORG).len();
    assert!(left > 200 && left < 210, "{left}");
    let summary = stockport.run(EXACT.iter().chain(&["--json", "--verify"])).ok().json();
    assert_eq!(
        (
            &summary["created"],
            &summary["updated"],
            &summary["deleted"],
            &summary["read"]
        ),
        (&json!(10), &json!(190), &json!(10), &json!(210)),
        "{summary}"
    );
    assert_eq!((good(&server), server.items(ORG).len()), (200, 200));
    // All of it can be taken back, also what was done before the kill.
    stockport.run(["undo", summary["run"].as_str().unwrap(), "--yes"]).ok();
    let items = server.items(ORG);
    assert_eq!(
        (good(&server), items.len(), &items["N005"]["status"]),
        (0, 200, &json!("new"))
    );
}

#[test]
fn another_snapshot_that_is_named_is_another_restore() {
    let (server, stockport) = spoiled();
    killed(&server, &stockport, &EXACT, 4);
    stockport.run(["backup", "create", "bk"]).ok();
    let list = stockport.run(["backup", "list", "bk", "--json"]).json()["snapshots"].clone();
    let named = |place: usize| format!("bk/{ORG}/{}", list[place]["snapshot"].as_str().unwrap());
    let newer = ["backup", "restore", &named(1), "--exact", "--yes", "--json"];
    let summary = stockport.run(newer).ok().json();
    assert_eq!(
        (&summary["unchanged"], &summary["warnings"]),
        (&json!(210), &json!([])),
        "{summary}"
    );
    // That one came to its end: nothing is open any more.
    let dry = stockport
        .run(["backup", "restore", "bk", "--dry-run", "--json"])
        .ok()
        .json();
    assert!(named(1).ends_with(source(&dry).rsplit('/').next().unwrap()), "{dry}");
    // The same snapshot by its name goes on, too.
    killed(
        &server,
        &stockport,
        &["backup", "restore", &named(0), "--batch", "10", "--jobs", "1"],
        4,
    );
    let again = stockport.run(["backup", "restore", &named(0), "--json"]).ok().json();
    assert!(again["warnings"].to_string().contains("resuming run"), "{again}");
    assert_eq!(good(&server), 200);
}

#[test]
fn where_its_snapshot_is_gone_no_other_one_is_taken() {
    let (server, stockport) = spoiled();
    killed(&server, &stockport, &EXACT, 4);
    let folder = stockport.path("bk").join(ORG);
    let first: Vec<_> = super::files(&folder);
    stockport.run(["backup", "create", "bk"]).ok();
    for file in first {
        fs::remove_file(folder.join(file)).unwrap();
    }
    let posts = server.posts().len();
    let refused = stockport.run(EXACT).exit(1);
    assert!(
        refused.stderr.contains("which is gone") && refused.stderr.contains("name the snapshot to restore"),
        "{refused:?}"
    );
    assert_eq!(server.posts().len(), posts);
    let list = stockport.run(["backup", "list", "bk", "--json"]).json()["snapshots"].clone();
    let named = format!("bk/{ORG}/{}", list[0]["snapshot"].as_str().unwrap());
    stockport.run(["backup", "restore", &named, "--exact", "--yes"]).ok();
}

#[test]
fn a_folder_that_was_moved_still_has_the_snapshot_and_another_backup_is_another_one() {
    let (server, stockport) = spoiled();
    killed(&server, &stockport, &EXACT, 4);
    stockport.run(["backup", "create", "other"]).ok();
    let dry = stockport
        .run(["backup", "restore", "other", "--exact", "--dry-run", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&dry["unchanged"], &dry["warnings"]),
        (&json!(210), &json!([])),
        "{dry}"
    );
    stockport.run(["backup", "create", "bk"]).ok();
    fs::rename(stockport.path("bk"), stockport.path("moved")).unwrap();
    let moved = ["backup", "restore", "moved", "--exact", "--yes", "--json"];
    let summary = stockport.run(moved).ok().json();
    assert!(summary["warnings"].to_string().contains("resuming"), "{summary}");
    assert_eq!(good(&server), 200);
}

#[test]
fn an_undone_restore_is_over() {
    let (server, stockport) = spoiled();
    killed(&server, &stockport, &EXACT, 4);
    stockport.run(["backup", "create", "bk"]).ok();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    // The backup is the newest run.
    let restore = &runs["runs"][1];
    assert_eq!(restore["command"], "restore", "{runs}");
    let run = restore["run"].as_str().unwrap();
    stockport.run(["undo", run, "--yes"]).ok();
    let dry = stockport
        .run(["backup", "restore", "bk", "--exact", "--dry-run", "--json"])
        .ok()
        .json();
    assert_eq!(dry["warnings"], json!([]), "{dry}");
}
