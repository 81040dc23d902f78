//! What stands in the target already: what others wrote, what an earlier run wrote, and how it comes back.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FROM, TO, at, bare, migrate};
use crate::support::faulty::{Fault, Faulty, Rule};

#[test]
fn a_conflict_stops_everything_unless_it_is_to_be_skipped_or_overwritten() {
    let server = Faulty::new();
    for n in 0..5 {
        server.put(
            FROM,
            &json!({"item_id": n.to_string(), "name": "ours", "lab": {"thc": n}}),
        );
    }
    server.put(
        TO,
        &json!({"item_id": "3", "name": "theirs", "note": "kept", "lab": {"thc": 3, "cbd": 1}}),
    );
    server.put(TO, &json!({"item_id": "4", "name": "ours", "lab": {"thc": 4}}));
    let stockport = at(&server);
    let look = migrate(&stockport, &["--dry-run"]).exit(1);
    assert!(
        look.stdout.contains("1 conflict\n") && look.stdout.contains("1 unchanged"),
        "{}",
        look.stdout
    );
    let fail = migrate(&stockport, &["--json"]).exit(1).json();
    assert!(
        fail["error"]
            .as_str()
            .unwrap()
            .contains("3 (name \"theirs\" → \"ours\")"),
        "{fail}"
    );
    assert_eq!((&fail["not_attempted"], &fail["conflicts"]), (&json!(5), &json!(1)));
    assert_eq!(server.posts().len(), 0);
    let skip = migrate(&stockport, &["--on-conflict", "skip", "--json"]).ok().json();
    assert_eq!(
        (&skip["created"], &skip["skipped"], &skip["unchanged"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(server.items(TO)["3"]["name"], "theirs");
    let overwrite = migrate(&stockport, &["--on-conflict", "overwrite"]).ok();
    assert!(
        overwrite.stdout.contains("1 conflict, overwritten"),
        "{}",
        overwrite.stdout
    );
    assert!(
        overwrite
            .stdout
            .contains("fields that only the target has stay in 1 item of "),
        "{}",
        overwrite.stdout
    );
    let item = &server.items(TO)["3"];
    assert_eq!((&item["name"], &item["note"]), (&json!("ours"), &json!("kept")));
    assert_eq!(item["lab"], json!({"thc": 3, "cbd": 1}));
    let undone = stockport.run(["undo", "--yes", "--org", TO]).ok();
    assert!(undone.stdout.contains("1 read = 1 updated"), "{}", undone.stdout);
    assert_eq!(server.items(TO)["3"]["name"], "theirs");
}

#[test]
fn run_again_it_moves_what_has_changed_since_and_what_others_changed_is_a_conflict() {
    let server = Faulty::new();
    for n in 0..10 {
        server.put(
            FROM,
            &json!({"item_id": n.to_string(), "name": "a", "quantity": n, "lab": {"x": 1, "y": 2}}),
        );
    }
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    server.put(
        FROM,
        &json!({"item_id": "3", "name": "b", "quantity": 3, "lab": {"x": 1, "y": 3}, "new": "z"}),
    );
    let second = migrate(&stockport, &[]).ok();
    assert!(
        second
            .stdout
            .contains("1 of the updates has changed in sandbox-company since run "),
        "{}",
        second.stdout
    );
    assert!(
        second.stdout.contains("10 read = 1 updated + 9 unchanged"),
        "{}",
        second.stdout
    );
    assert_eq!(server.items(TO)["3"]["lab"], json!({"x": 1, "y": 3}));
    // What the first run wrote, in an item that the second didn't touch; and once more what the second wrote.
    server.put(
        FROM,
        &json!({"item_id": "4", "name": "c", "quantity": 4, "lab": {"x": 1, "y": 2}}),
    );
    server.put(
        FROM,
        &json!({"item_id": "3", "name": "d", "quantity": 3, "lab": {"x": 1, "y": 3}, "new": "z"}),
    );
    let third = migrate(&stockport, &["--json"]).ok().json();
    assert_eq!((&third["updated"], &third["conflicts"]), (&json!(2), &json!(0)));
    // Somebody else has been at the target's item.
    let mut theirs = server.items(TO)["5"].clone();
    theirs.insert("quantity".to_owned(), json!(99));
    server.put(TO, &Value::Object(theirs));
    server.put(
        FROM,
        &json!({"item_id": "5", "name": "a", "quantity": 50, "lab": {"x": 1, "y": 2}}),
    );
    let fourth = migrate(&stockport, &[]).exit(1);
    assert!(fourth.stderr.contains("5 (quantity 99 → 50)"), "{}", fourth.stderr);
}

#[test]
fn what_a_part_of_the_run_wrote_is_no_conflict_though_a_later_part_planned_anew_and_died_before_sending() {
    let server = Faulty::new();
    for n in 0..30 {
        server.put(FROM, &json!({"item_id": format!("{n:02}"), "name": "first"}));
    }
    let server = server.rule(Rule::from(2, Fault::ErrorBefore).on("POST"));
    let stockport = at(&server);
    let args = [
        "migrate", "--from", FROM, "--to", TO, "--resume", "--batch", "10", "--jobs", "1",
    ];
    // The first batch arrives; nothing that comes later does.
    for n in 0..2 {
        let seen = server.posts().len();
        let mut child = stockport
            .command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while server.posts().len() < seen + 2 - n && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for id in ["03", "04"] {
            server.put(FROM, &json!({"item_id": id, "name": format!("changed {n}")}));
        }
    }
    server.behave();
    let summary = stockport.run(args.iter().chain(&["--json"])).ok().json();
    assert_eq!((&summary["conflicts"], &summary["verified"]), (&json!(0), &json!(true)));
    assert_eq!(server.items(TO)["03"]["name"], "changed 1");
}

#[test]
fn undo_takes_a_migration_back_and_each_side_has_a_snapshot_from_before_that_restore_knows() {
    let server = Faulty::new();
    for n in 0..20 {
        server.put(
            FROM,
            &json!({"item_id": n.to_string(), "name": "ours", "lab": {"thc": n}}),
        );
    }
    for n in 15..25 {
        server.put(
            TO,
            &json!({"item_id": n.to_string(), "name": "theirs", "lab": {"cbd": n}, "note": "x"}),
        );
    }
    let before = [FROM, TO].map(|org| server.items(org));
    let stockport = at(&server);
    let run = migrate(&stockport, &["--on-conflict", "overwrite", "--json"])
        .ok()
        .json();
    assert_eq!((&run["created"], &run["updated"]), (&json!(15), &json!(5)));
    let undone = stockport.run(["undo", "--yes", "--org", TO]).ok();
    assert!(
        undone.stdout.contains("20 read = 5 updated + 15 deleted"),
        "{}",
        undone.stdout
    );
    let differing = [
        "diff",
        run["snapshots"]["target"].as_str().unwrap(),
        "org:sandbox-branch",
    ];
    stockport.run(differing).ok();
    for (end, org, held) in [("source", FROM, &before[0]), ("target", TO, &before[1])] {
        let snapshot = run["snapshots"][end].as_str().unwrap();
        stockport.run(["backup", "verify", snapshot]).ok();
        for id in held.keys() {
            server.remove(org, id);
        }
        stockport
            .run([
                "backup",
                "restore",
                snapshot,
                "--org",
                org,
                "--exact",
                "--yes",
                "--max-delete",
                "100%",
                "--allow-shrink",
                "--allow-empty",
            ])
            .ok();
        assert_eq!(bare(server.items(org)), bare(held.clone()));
    }
}

#[test]
fn a_migration_and_its_delta_are_undone_in_one_go() {
    let server = Faulty::new();
    server.put(TO, &json!({"item_id": "theirs", "name": "kept"}));
    let before = bare(server.items(TO));
    for n in 0..10 {
        server.put(FROM, &json!({"item_id": n.to_string(), "name": "a", "quantity": n}));
    }
    let stockport = at(&server);
    let run = |arguments: &[&str]| {
        let moved = migrate(&stockport, arguments).ok().json();
        moved["run"].as_str().unwrap().to_owned()
    };
    let first = run(&["--json"]);
    server.put(FROM, &json!({"item_id": "3", "name": "b", "quantity": 3}));
    server.put(FROM, &json!({"item_id": "10", "name": "new"}));
    let delta = run(&["--json"]);
    let undone = stockport
        .run(["undo", &first, &delta, "--yes", "--json", "--org", TO])
        .ok()
        .json();
    assert_eq!(
        (&undone["read"], &undone["deleted"]),
        (&json!(11), &json!(11)),
        "{undone}"
    );
    assert_eq!(bare(server.items(TO)), before);
}
