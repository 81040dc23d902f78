//! `stockport backup history`: one item across snapshots.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use stockport::inventory::{ItemStore, Receiver as _};
use stockport::snapshot::{Created, Facts, Grade, Kind, Shelf};

use super::{ORG, made, object};
use crate::support::Stockport;

const BRANCH: &str = "sandbox-branch";

/// Writes a snapshot of these items.
fn snapshot(shelf: &Shelf, started: &str, items: &[Value], grade: Grade) -> Created {
    let mut store = ItemStore::new().unwrap();
    for item in items {
        store.item(object(item.clone())).unwrap();
    }
    let facts = Facts {
        api: "https://example.com/api".to_owned(),
        started: started.parse().unwrap(),
        grade,
        evidence: "both ends".to_owned(),
        kind: None,
    };
    let lock = shelf.lock(Duration::from_secs(60), &mut |_| {}, &|| false).unwrap();
    shelf.create(&lock, &mut store, &facts).unwrap()
}

fn other(id: &str) -> Value {
    json!({"id": id, "item_id": id, "name": "Other", "note": "not A1"})
}

/// Five snapshots: A1 appears, changes, is gone, and is there again.
fn story(stockport: &Stockport) -> Shelf {
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let a1 = |more: Value| {
        let mut item = object(json!({"id": "A1", "item_id": "A1", "name": "Kush"}));
        item.extend(object(more));
        Value::Object(item)
    };
    let all = [
        vec![other("A0")],
        vec![
            other("A0"),
            a1(
                json!({"quantity": 12, "extra": {"note": "x", "room": null}, "updated_at": "2026-11-02T01:00:00Z", "updated_by": "ana"}),
            ),
            other("A10"),
        ],
        // The same but for what equals nothing and for what the server notes.
        vec![
            other("A0"),
            a1(
                json!({"quantity": "12.0", "status": "None", "units": "", "extra": {"note": "x"}, "updated_at": "2026-11-02T22:00:00Z"}),
            ),
        ],
        vec![a1(
            json!({"quantity": 10.5, "extra": {"note": "y", "room": {"shelf": 4}}}),
        )],
        vec![other("A0")],
        vec![a1(json!({"quantity": 10.5, "extra": {"note": "y"}}))],
    ];
    for (day, items) in (1..).zip(all) {
        snapshot(&shelf, &format!("2026-11-0{day}T02:00:00Z"), &items, Grade::Proved);
    }
    shelf
}

#[test]
fn each_change_is_told_field_by_field_from_first_seen_to_gone_and_seen_again() {
    let stockport = Stockport::new();
    story(&stockport);
    let run = stockport.run(["backup", "history", "bk", "A1"]).ok();
    let wanted = "\
A1 of sandbox-company: 6 snapshots read

2026-11-02T02:00:00Z  first seen in 2026-11-02T02-00-00Z
  stored 2026-11-02T01:00:00Z by ana
  extra.note: nothing → \"x\"
  name: nothing → \"Kush\"
  quantity: nothing → 12

2026-11-04T02:00:00Z  changed in 2026-11-04T02-00-00Z
  extra.note: \"x\" → \"y\"
  extra.room.shelf: nothing → 4
  quantity: \"12.0\" → 10.5

2026-11-05T02:00:00Z  gone since 2026-11-05T02-00-00Z

2026-11-06T02:00:00Z  seen again in 2026-11-06T02-00-00Z
  extra.room.shelf: 4 → nothing

still there in the newest, 2026-11-06T02-00-00Z
";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (wanted, ""));
    // One that was there from the beginning and is gone at the end.
    let run = stockport.run(["backup", "history", &format!("bk/{ORG}"), "A0"]).ok();
    assert!(
        run.stdout
            .contains("first seen in 2026-11-01T02-00-00Z, the oldest snapshot\n"),
        "{run:?}"
    );
    assert!(
        run.stdout.ends_with("not there in the newest, 2026-11-06T02-00-00Z\n"),
        "{run:?}"
    );
}

#[test]
fn programs_are_told_the_same_as_a_document_and_as_a_table() {
    let stockport = Stockport::new();
    story(&stockport);
    let document = stockport.run(["backup", "history", "bk", "A1", "--json"]).ok().json();
    let changes = document["changes"].as_array().unwrap();
    let kinds: Vec<&str> = changes.iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["first_seen", "changed", "gone", "seen_again"]);
    assert_eq!(
        changes[3],
        json!({
            "snapshot": "2026-11-06T02-00-00Z", "date": "2026-11-06T02:00:00Z", "kind": "seen_again",
            "fields": [{"field": "extra.room.shelf", "old": 4, "new": null}], "updated_at": null, "updated_by": null,
        })
    );
    assert_eq!(
        (
            &document["item"],
            &document["organization"],
            &document["is_there"],
            &document["error"]
        ),
        (&json!("A1"), &json!(ORG), &json!(true), &Value::Null)
    );
    let has: Vec<&Value> = document["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["has_item"])
        .collect();
    assert_eq!(has, [false, true, true, true, false, true]);

    let run = stockport.run(["backup", "history", "bk", "A1", "--csv"]).ok();
    let wanted = "\
date,snapshot,change,field,old,new
2026-11-02T02:00:00Z,2026-11-02T02-00-00Z,first_seen,extra.note,,x
2026-11-02T02:00:00Z,2026-11-02T02-00-00Z,first_seen,name,,Kush
2026-11-02T02:00:00Z,2026-11-02T02-00-00Z,first_seen,quantity,,12
2026-11-04T02:00:00Z,2026-11-04T02-00-00Z,changed,extra.note,x,y
2026-11-04T02:00:00Z,2026-11-04T02-00-00Z,changed,extra.room.shelf,,4
2026-11-04T02:00:00Z,2026-11-04T02-00-00Z,changed,quantity,12.0,10.5
2026-11-05T02:00:00Z,2026-11-05T02-00-00Z,gone,,,
2026-11-06T02:00:00Z,2026-11-06T02-00-00Z,seen_again,extra.room.shelf,4,
";
    assert_eq!(run.stdout, wanted);
    assert!(run.stderr.contains("still there in the newest"), "{run:?}");
    stockport
        .run(["backup", "history", "bk", "A1", "--csv", "--json"])
        .exit(2);
}

#[test]
fn the_order_is_that_of_making_whatever_the_clock_said() {
    let stockport = Stockport::new();
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let item = |quantity: u32| [json!({"id": "A1", "item_id": "A1", "quantity": quantity})];
    for (date, quantity) in [("2031-01-01", 1), ("2026-11-01", 2), ("2026-10-01", 3)] {
        snapshot(&shelf, &format!("{date}T02:00:00Z"), &item(quantity), Grade::Proved);
    }
    let document = stockport.run(["backup", "history", "bk", "A1", "--json"]).ok().json();
    let new: Vec<&Value> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["fields"][0]["new"])
        .collect();
    assert_eq!(new, [1, 2, 3]);
    assert!(
        document["warnings"][0]
            .as_str()
            .unwrap()
            .contains("dated in the future"),
        "{document}"
    );
}

/// Changes a byte in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_snapshot_is_named_the_others_are_shown_and_the_exit_code_is_4() {
    let stockport = Stockport::new();
    let shelf = story(&stockport);
    damage(&shelf.folder().join("2026-11-04T02-00-00Z.jsonl.zst"));
    let run = stockport.run(["backup", "history", "bk", "A1"]).exit(4);
    assert!(
        run.stderr.contains("2026-11-04T02-00-00Z is damaged") && run.stderr.contains("may have gaps"),
        "{run:?}"
    );
    assert!(
        run.stdout.contains("first seen in 2026-11-02T02") && run.stdout.contains("gone since 2026-11-05T02"),
        "{run:?}"
    );
    let document = stockport
        .run(["backup", "history", "bk", "A1", "--json"])
        .exit(4)
        .json();
    assert_eq!(document["snapshots"][3]["has_item"], Value::Null);
    assert!(
        document["snapshots"][3]["fault"].as_str().unwrap().contains("damaged"),
        "{document}"
    );
    assert!(document["error"].as_str().unwrap().contains("1 snapshot"), "{document}");
    // An item that may be in the damaged one only is not called unknown with the exit code of a missing one.
    stockport.run(["backup", "history", "bk", "B7"]).exit(4);
    // One of a newer version is no damage.
    fs::write(
        shelf.folder().join("2026-11-04T02-00-00Z.manifest.json"),
        "{\"format\": 9}",
    )
    .unwrap();
    let run = stockport.run(["backup", "history", "bk", "A1"]).exit(1);
    assert!(
        run.stderr.contains("newer stockport") && run.stdout.contains("gone since"),
        "{run:?}"
    );
}

#[test]
fn a_snapshot_that_may_lack_items_is_called_so_and_a_part_shows_nothing_gone() {
    let stockport = Stockport::new();
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let a1 = json!({"id": "A1", "item_id": "A1", "quantity": 1});
    snapshot(
        &shelf,
        "2026-11-01T02:00:00Z",
        std::slice::from_ref(&a1),
        Grade::Plausible,
    );
    snapshot(&shelf, "2026-11-02T02:00:00Z", &[other("B1")], Grade::Part);
    let run = stockport.run(["backup", "history", "bk", "A1"]).ok();
    assert!(
        run.stdout.contains("the oldest snapshot (probably complete)") && run.stdout.contains("still there"),
        "{run:?}"
    );
    let document = stockport.run(["backup", "history", "bk", "A1", "--json"]).ok().json();
    assert_eq!(document["snapshots"][1]["has_item"], Value::Null);
    snapshot(&shelf, "2026-11-03T02:00:00Z", &[other("B1")], Grade::Plausible);
    let run = stockport.run(["backup", "history", "bk", "A1"]).ok();
    assert!(
        run.stdout
            .contains("gone since 2026-11-03T02-00-00Z (probably complete)"),
        "{run:?}"
    );
}

#[test]
fn an_item_that_no_snapshot_holds_is_an_error_that_names_what_may_be_meant() {
    let stockport = Stockport::new();
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let ids = ["1A4FF01000000220000", "wa-7", "Ä\"quote\\"];
    let items: Vec<Value> = ids.iter().map(|id| other(id)).collect();
    snapshot(&shelf, "2026-11-01T02:00:00Z", &items, Grade::Proved);
    for id in ids {
        stockport.run(["backup", "history", "bk", id]).ok();
    }
    for (typed, meant) in [
        ("WA-7", "did you mean \"wa-7\"?"),
        (" wa-7 ", "did you mean \"wa-7\"?"),
        ("220000", "did you mean \"1A4FF01000000220000\"?"),
        ("not A1", "check the exact spelling"),
        ("", "check the exact spelling"),
    ] {
        let run = stockport.run(["backup", "history", "bk", typed]).exit(1);
        assert!(
            run.stderr.contains("(1 snapshot read)") && run.stderr.contains(meant),
            "{run:?}"
        );
        let document = stockport
            .run(["backup", "history", "bk", typed, "--json"])
            .exit(1)
            .json();
        assert!(
            document["error"].as_str().unwrap().contains("holds an item"),
            "{document}"
        );
    }
}

#[test]
fn one_organization_is_meant_and_neither_one_snapshot_nor_safety_copies() {
    let stockport = Stockport::new();
    story(&stockport);
    let dir = stockport.path("bk");
    let branch = Shelf::of(&dir, BRANCH).unwrap();
    snapshot(&branch, "2026-11-01T02:00:00Z", &[other("A1")], Grade::Proved);
    let run = stockport.run(["backup", "history", "bk", "A1"]).exit(2);
    assert!(run.stderr.contains(BRANCH) && run.stderr.contains(ORG), "{run:?}");
    for args in [
        ["bk", "A1", "--org", BRANCH].as_slice(),
        &[&format!("bk/{BRANCH}"), "A1"],
    ] {
        let document = stockport
            .run(["backup", "history", "--json"].iter().chain(args))
            .ok()
            .json();
        assert_eq!(document["organization"], BRANCH);
    }
    stockport
        .run(["backup", "history", "bk", "A1", "--org", "nobody"])
        .exit(1);
    for one in [format!("bk/{ORG}/2026-11-02T02-00-00Z"), format!("bk/{ORG}@latest")] {
        let run = stockport.run(["backup", "history", &one, "A1"]).exit(2);
        assert!(run.stderr.contains("is one snapshot"), "{run:?}");
    }
    made(&branch.safety(), "2026-11-02T02:00:00Z", 3, Some(Kind::Safety));
    let document = stockport
        .run(["backup", "history", &format!("bk/{BRANCH}"), "A1", "--json"])
        .ok();
    assert_eq!(document.json()["snapshots"].as_array().unwrap().len(), 1);
    made(
        &Shelf::of(&stockport.path("sc"), ORG).unwrap().safety(),
        "2026-11-02T02:00:00Z",
        3,
        Some(Kind::Safety),
    );
    let run = stockport.run(["backup", "history", "sc", "A00001"]).exit(1);
    assert!(run.stderr.contains("only safety copies"), "{run:?}");
}

#[test]
fn what_would_steer_a_terminal_is_shown_as_an_escape() {
    let stockport = Stockport::new();
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let item = json!({"id": "A\u{1b}[31m", "item_id": "A\u{1b}[31m", "na\u{202e}me": "\u{1b}]0;x\u{7}\u{9b}1m", "updated_by": "\u{1b}[2J"});
    snapshot(&shelf, "2026-11-01T02:00:00Z", &[item], Grade::Proved);
    let run = stockport.run(["backup", "history", "bk", "A\u{1b}[31m"]).ok();
    let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(
        !run.stdout.contains(steers) && run.stdout.contains("first seen"),
        "{run:?}"
    );
}
