//! Safety copies: they stand apart from backups, are kept by rules of their own, and come back when they are named.

use serde_json::{Value, json};
use stockport::snapshot::{Kind, Shelf};

use super::{ORG, files, fill, made, object};
use crate::delete::way_back;
use crate::support::{Stockport, TestSandbox};

#[test]
fn restore_exact_keeps_a_copy_that_is_no_backup_and_is_restored_by_its_path() {
    let server = TestSandbox::new();
    fill(&server, ORG, 20);
    let store = server.sandbox.store();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    store.put(ORG, "NEW", object(json!({"item_id": "NEW"}))).unwrap();
    let run = stockport.run(["backup", "restore", "bk", "--exact", "--yes"]).ok();
    assert!(run.stdout.contains("as a safety copy (21 items)"), "{run:?}");
    let safety = stockport.path("bk").join(ORG).join("safety");
    assert_eq!(files(&safety).len(), 2);
    let planned = |path: &str| {
        let dry = stockport.run(["backup", "restore", path, "--exact", "--dry-run", "--json"]);
        dry.ok().json()["plan"].clone()
    };
    for path in ["bk", "bk@latest", &format!("bk/{ORG}")] {
        assert_eq!(planned(path), json!({"create": 0, "update": 0, "delete": 0}), "{path}");
    }
    let list = stockport.run(["backup", "list", "bk"]).ok();
    let (backups, copies) = list.stdout.split_once("safety copies (").unwrap();
    assert!(
        backups.contains("20 items") && !backups.contains("21 items"),
        "{list:?}"
    );
    assert!(copies.contains("21 items"), "{list:?}");
    let verified = stockport.run(["backup", "verify", "bk", "--against-org"]).ok();
    assert!(
        verified.stdout.contains("1 snapshot and 1 safety copy verified"),
        "{verified:?}"
    );
    let pruned = stockport.run(["backup", "prune", "bk", "--keep-last", "1"]).ok();
    assert!(pruned.stdout.contains("kept 1, removed 0 of 1 snapshot"), "{pruned:?}");
    assert_eq!(files(&safety).len(), 2);
    // As a folder it means no snapshot, and by its name one.
    let refused = stockport
        .run(["backup", "restore", &format!("bk/{ORG}/safety"), "--dry-run"])
        .exit(1);
    assert!(refused.stderr.contains("only safety copies"), "{refused:?}");
    let back = stockport.run(way_back(&run.stdout)).ok();
    assert!(back.stdout.contains("21 read = 1 created + 20 unchanged"), "{back:?}");
    assert!(store.items(ORG).unwrap().contains_key("NEW"));
    // A restore from it keeps its own copy beside it.
    let mut exact = way_back(&run.stdout);
    exact.extend(["--exact", "--yes"].map(str::to_owned));
    stockport.run(exact).ok();
    assert_eq!(files(&safety).len(), 4);
}

#[test]
fn a_copy_does_not_set_the_limits_of_a_backup() {
    let server = TestSandbox::new();
    fill(&server, ORG, 4);
    let stockport = Stockport::new().at(&server, ORG);
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    made(&shelf, "2026-01-01T02:00:00Z", 4, None);
    made(&shelf.safety(), "2026-01-02T02:00:00Z", 400, Some(Kind::Safety));
    stockport.run(["backup", "create", "bk"]).ok();
}

#[test]
fn the_newest_copies_and_the_young_ones_are_kept_when_a_new_one_is_made() {
    let server = TestSandbox::new();
    fill(&server, ORG, 60);
    let stockport = Stockport::new().at(&server, ORG);
    let dir = stockport.home().join("data/stockport/snapshots");
    let safety = Shelf::of(&dir, ORG).unwrap().safety();
    let now = jiff::Timestamp::now();
    let day = |ago: i64| {
        let then = now.checked_sub(jiff::SignedDuration::from_hours(24 * ago)).unwrap();
        then.strftime("%FT%TZ").to_string()
    };
    // The clock jumped: the oldest by number is young, and the next ones are old.
    let young = made(&safety, &day(29), 10, Some(Kind::Safety)).name;
    let old: Vec<_> = (0..22)
        .map(|turn| made(&safety, &day(400 - turn), 11, Some(Kind::Safety)).name)
        .collect();
    let run = stockport
        .run(["delete", "--ids", "A00001", "--yes", "--json"])
        .ok()
        .json();
    let kept: Vec<_> = safety.safety_copies().unwrap().iter().map(|copy| copy.name).collect();
    // 20 by number, the one just made among them, and the young one.
    assert_eq!(kept.len(), 21);
    assert_eq!(kept[0], young);
    assert_eq!(kept[1..20], old[3..]);
    assert!(
        run["snapshot"].as_str().unwrap().ends_with(&kept[20].to_string()),
        "{run}"
    );
    assert!(safety.safety_copies().unwrap().iter().all(|copy| copy.check().is_ok()));
}

#[test]
fn what_delete_keeps_is_not_taken_for_a_backup() {
    let server = TestSandbox::new();
    fill(&server, ORG, 10);
    let stockport = Stockport::new().at(&server, ORG);
    let run = stockport.run(["delete", "--ids", "A00001", "--yes"]).ok();
    let dir = stockport.home().join("data/stockport/snapshots");
    let dir = dir.to_str().unwrap();
    let refused = stockport.run(["backup", "restore", dir, "--dry-run"]).exit(1);
    assert!(refused.stderr.contains("only safety copies"), "{refused:?}");
    let list = stockport.run(["backup", "list", dir, "--json"]).ok().json();
    assert_eq!(
        (&list["snapshots"], &list["safety_copies"][0]["items"]),
        (&Value::Array(Vec::new()), &json!(10))
    );
    let back = stockport.run(way_back(&run.stdout)).ok();
    assert!(back.stdout.contains("10 read = 1 created + 9 unchanged"), "{back:?}");
}
