//! Safety copies: they stand apart from backups, are kept by rules of their own, and come back when they are named.

use std::fs;

use serde_json::{Value, json};
use stockport::runs::{Identity, Runs};
use stockport::snapshot::{Kind, Name, Shelf};

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

/// The moment so many days ago.
fn day(ago: i64) -> String {
    let ago = jiff::SignedDuration::from_hours(24 * ago);
    let then = jiff::Timestamp::now().checked_sub(ago).unwrap();
    then.strftime("%FT%TZ").to_string()
}

/// Deletes an item, and gives the safety copies that are there afterwards, the one just made being the last.
fn kept_by_a_deletion(stockport: &Stockport, safety: &Shelf) -> Vec<Name> {
    let run = stockport
        .run(["delete", "--ids", "A00001", "--yes", "--json"])
        .ok()
        .json();
    let copies = safety.safety_copies().unwrap();
    assert!(copies.iter().all(|copy| copy.check().is_ok()));
    let kept: Vec<Name> = copies.iter().map(|copy| copy.name).collect();
    let made = kept.last().unwrap().to_string();
    assert!(run["snapshot"].as_str().unwrap().ends_with(&made), "{run}");
    stockport.run(["undo", "--yes"]).ok();
    kept
}

fn with_sixty_items() -> (TestSandbox, Stockport, Shelf) {
    let server = TestSandbox::new();
    fill(&server, ORG, 60);
    let stockport = Stockport::new().at(&server, ORG);
    let dir = stockport.home().join("data/stockport/snapshots");
    (server, stockport, Shelf::of(&dir, ORG).unwrap().safety())
}

#[test]
fn the_newest_copies_and_the_young_ones_are_kept_when_a_new_one_is_made() {
    let (_server, stockport, safety) = with_sixty_items();
    // The clock jumped: the oldest by number is young, and the next ones are old.
    let young = made(&safety, &day(29), 10, Some(Kind::Safety)).name;
    let old: Vec<_> = (0..25)
        .map(|turn| made(&safety, &day(100 - 3 * turn), 11, Some(Kind::Safety)).name)
        .collect();
    let kept = kept_by_a_deletion(&stockport, &safety);
    // 20 by number, the one just made among them, and the young one.
    assert_eq!(kept.len(), 21);
    assert_eq!(kept[0], young);
    assert_eq!(kept[1..20], old[6..]);
}

#[test]
fn a_clock_that_has_jumped_by_years_removes_no_copy() {
    let (_server, stockport, safety) = with_sixty_items();
    let all: Vec<_> = (0..25)
        .map(|turn| made(&safety, &day(3000 - turn), 11, Some(Kind::Safety)).name)
        .collect();
    assert_eq!(kept_by_a_deletion(&stockport, &safety)[..25], all);
}

#[test]
fn a_copy_that_an_unfinished_run_relies_on_is_kept_and_where_that_is_not_known_all_are() {
    let (_server, stockport, safety) = with_sixty_items();
    let old: Vec<_> = (0..30)
        .map(|turn| made(&safety, &day(100 - 2 * turn), 11, Some(Kind::Safety)).name)
        .collect();
    let folder = stockport.home().join("state/stockport/runs");
    let identity = Identity {
        command: "restore".to_owned(),
        files: Vec::new(),
        api: "https://example.com/api".to_owned(),
        org: ORG.to_owned(),
        options: String::new(),
    };
    let (_, journal) = Runs::new(folder.clone()).begin(&identity, "bk").unwrap();
    // As it is named from another working folder.
    let named = format!("../snapshots/{ORG}/safety/{}", old[2]);
    journal.note("safety copy", &named).unwrap();
    drop(journal);
    let unreadable = folder.join("2026-01-01T00-00-00-000Z-4f2a.sqlite");
    fs::write(&unreadable, "no journal").unwrap();
    assert_eq!(kept_by_a_deletion(&stockport, &safety).len(), 31);
    fs::remove_file(&unreadable).unwrap();
    let kept = kept_by_a_deletion(&stockport, &safety);
    assert_eq!((kept.len(), kept[0], kept[1]), (21, old[2], old[12]));
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
