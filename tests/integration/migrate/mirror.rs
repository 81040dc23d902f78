//! `--mirror`: what earlier runs moved and the source no longer has goes from the target, and nothing else does.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FROM, TO, at, bare, certificate, migrate};
use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

fn server(items: u32) -> Faulty {
    let server = Faulty::new();
    for n in 0..items {
        server.put(FROM, &json!({"item_id": format!("{n:02}"), "name": "a", "quantity": n}));
    }
    server
}

fn deletions(server: &Faulty) -> usize {
    let requests = server.requests();
    requests.iter().filter(|request| request.method == "DELETE").count()
}

fn ids(server: &Faulty) -> Vec<String> {
    server.items(TO).into_keys().collect()
}

/// A migration of ten items and a delta, after which the source has lost three of them.
fn lost() -> (Faulty, Stockport) {
    let server = server(10);
    server.put(TO, &json!({"item_id": "own", "name": "theirs"}));
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    server.put(FROM, &json!({"item_id": "03", "name": "b", "quantity": 3}));
    migrate(&stockport, &[]).ok();
    for id in ["03", "04", "05"] {
        server.remove(FROM, id);
    }
    (server, stockport)
}

#[test]
fn what_the_source_no_longer_has_is_deleted_after_a_yes_with_a_copy_and_can_be_undone() {
    let (server, stockport) = lost();
    let before = bare(server.items(TO));
    let mirror = ["--mirror", "--max-delete", "30%"];
    let look = migrate(&stockport, &[&mirror[..], &["--dry-run"]].concat()).ok();
    for said in ["3 delete", "10 read = 7 unchanged + 3 not attempted", "03"] {
        assert!(look.stdout.contains(said), "{said}: {}", look.stdout);
    }
    let unasked = migrate(&stockport, &mirror).exit(1);
    assert!(unasked.stderr.contains("pass --yes"), "{}", unasked.stderr);
    assert!(
        unasked
            .stderr
            .contains("3 items of the 11 that sandbox-branch holds will be deleted"),
        "{}",
        unasked.stderr
    );
    // Without the option nothing is deleted, and they are named.
    migrate(&stockport, &[]).ok();
    let bound = migrate(&stockport, &["--mirror", "--yes"]).exit(1);
    assert!(
        bound.stderr.contains("more than --max-delete allows"),
        "{}",
        bound.stderr
    );
    assert_eq!((deletions(&server), bare(server.items(TO))), (0, before.clone()));
    let summary = migrate(&stockport, &[&mirror[..], &["--yes", "--json"]].concat())
        .ok()
        .json();
    assert_eq!(
        (
            &summary["read"],
            &summary["deleted"],
            &summary["unchanged"],
            &summary["verified"]
        ),
        (&json!(10), &json!(3), &json!(7), &json!(true))
    );
    assert_eq!(ids(&server), ["00", "01", "02", "06", "07", "08", "09", "own"]);
    let certificate = certificate(&stockport, &summary);
    assert_eq!(certificate["deleted_from_target"], json!(["03", "04", "05"]));
    assert_eq!(
        (&certificate["whole"], &certificate["gone_from_source"]),
        (&json!(true), &json!([]))
    );
    let copy = summary["snapshots"]["target"].as_str().unwrap();
    stockport.run(["backup", "verify", copy]).ok();
    let run = summary["run"].as_str().unwrap();
    stockport.run(["undo", run, "--yes", "--org", TO]).ok();
    assert_eq!(bare(server.items(TO)), before);
    let posted_to_source = server
        .requests()
        .iter()
        .any(|r| r.method != "GET" && r.query.contains(FROM));
    assert!(!posted_to_source);
}

#[test]
fn what_has_changed_since_it_was_moved_stays_and_is_named_and_what_no_run_moved_is_never_deleted() {
    let server = server(10);
    // It was there before: overwriting it makes it no item of the migration's.
    server.put(TO, &json!({"item_id": "06", "name": "theirs"}));
    server.put(TO, &json!({"item_id": "own", "name": "theirs"}));
    let stockport = at(&server);
    migrate(&stockport, &["--on-conflict", "overwrite"]).ok();
    for id in ["03", "04", "05", "06", "07"] {
        server.remove(FROM, id);
    }
    server.put(TO, &json!({"item_id": "03", "name": "a", "quantity": 99}));
    server.put(
        TO,
        &json!({"item_id": "04", "name": "a", "quantity": 4, "note": "ours"}),
    );
    server.remove(TO, "07");
    let summary = migrate(&stockport, &["--mirror", "--yes", "--json"]).exit(3).json();
    assert_eq!(
        (&summary["deleted"], &summary["rejected"], &summary["skipped"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(
        summary["not_deleted"],
        json!([
            "03 is not changed: its quantity has changed since it was moved (3 → 99)",
            "04 is not changed: its note has changed since it was moved (nothing → \"ours\")",
        ])
    );
    assert_eq!(ids(&server), ["00", "01", "02", "03", "04", "06", "08", "09", "own"]);
    let gone = certificate(&stockport, &summary)["gone_from_source"].clone();
    let named: Vec<&Value> = gone.as_array().unwrap().iter().map(|gone| &gone["id"]).collect();
    assert_eq!(named, ["03", "04", "06"]);
    assert_eq!(gone[2]["older_than_the_migration"], true);
    assert_eq!(summary["rejects_file"], json!(null), "a deletion is no row to import");
}

#[test]
fn each_item_is_read_just_before_it_is_deleted() {
    let (server, stockport) = lost();
    server.put(FROM, &json!({"item_id": "new", "name": "new"}));
    // Once the new item is posted, which comes first, somebody changes what is still to be deleted.
    server.meanwhile(
        TO,
        &[("05", Some(json!({"item_id": "05", "name": "a", "quantity": 77})))],
    );
    let args = ["--mirror", "--yes", "--max-delete", "5", "--jobs", "1", "--json"];
    let summary = migrate(&stockport, &args).exit(3).json();
    assert_eq!((&summary["deleted"], &summary["rejected"]), (&json!(2), &json!(1)));
    assert_eq!(server.items(TO)["05"]["quantity"], 77);
}

#[test]
fn a_deletion_goes_by_the_ids_that_the_migration_gave() {
    let server = server(10);
    let stockport = at(&server);
    migrate(&stockport, &["--id-prefix", "N-"]).ok();
    server.put(TO, &json!({"item_id": "03", "name": "theirs"}));
    server.remove(FROM, "03");
    let mirror = ["--id-prefix", "N-", "--mirror", "--yes"];
    migrate(&stockport, &mirror).ok();
    let left = ids(&server);
    assert!(
        left.contains(&"03".to_owned()) && !left.contains(&"N-03".to_owned()),
        "{left:?}"
    );
    // What the run deleted and others made anew is theirs.
    server.put(TO, &json!({"item_id": "N-03", "name": "a", "quantity": 3}));
    migrate(&stockport, &mirror).ok();
    assert!(ids(&server).contains(&"N-03".to_owned()));
}

#[test]
fn a_part_can_not_be_mirrored_and_an_empty_source_takes_more_than_a_yes() {
    let (server, stockport) = lost();
    for part in [["--only", "01"], ["--where", "quantity>1"]] {
        let run = migrate(&stockport, &[&["--mirror"], &part[..]].concat()).exit(2);
        assert!(run.stderr.contains("can't be used together"), "{}", run.stderr);
    }
    migrate(&stockport, &["--max-delete", "5"]).exit(2);
    for id in server.items(FROM).into_keys() {
        server.remove(FROM, &id);
    }
    let empty = ["--mirror", "--yes", "--max-delete", "100%"];
    migrate(&stockport, &empty).exit(1);
    assert_eq!(deletions(&server), 0);
    migrate(&stockport, &[&empty[..], &["--allow-empty"]].concat()).ok();
    assert_eq!(ids(&server), ["own"]);
}

#[test]
fn a_mirror_that_was_killed_is_resumed_and_accounts_for_all_of_it() {
    let server = server(40);
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    for n in 10..40 {
        server.remove(FROM, &format!("{n:02}"));
    }
    server.add_rule(Rule::from(8, Fault::ErrorBefore).on("DELETE"));
    let args = [
        "migrate",
        "--from",
        FROM,
        "--to",
        TO,
        "--mirror",
        "--yes",
        "--max-delete",
        "100%",
        "--jobs",
        "1",
        "--allow-shrink",
    ];
    let mut child = stockport
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while deletions(&server) < 9 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.behave();
    let resumed = stockport.run(args.iter().chain(&["--resume", "--json"])).ok().json();
    assert_eq!(
        (&resumed["read"], &resumed["deleted"], &resumed["unchanged"]),
        (&json!(40), &json!(30), &json!(10)),
        "{resumed}"
    );
    assert_eq!(server.count(TO), 10);
}
