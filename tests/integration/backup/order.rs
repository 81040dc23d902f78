//! Which snapshot is the newest, and what happens where that can't be known: clocks that jump, manifests that can't be read.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use stockport::snapshot::{Name, Shelf};

use super::{ORG, created, files, fill, made};
use crate::support::{Stockport, TestSandbox};

fn shelf(stockport: &Stockport) -> Shelf {
    Shelf::of(&stockport.path("bk"), ORG).unwrap()
}

fn manifest(stockport: &Stockport, name: Name) -> PathBuf {
    stockport.path("bk").join(ORG).join(format!("{name}.manifest.json"))
}

fn names(list: &Value) -> Vec<&str> {
    let all = list.as_array().unwrap();
    all.iter().map(|one| one["snapshot"].as_str().unwrap()).collect()
}

fn warnings(document: &Value) -> String {
    document["warnings"].to_string()
}

#[test]
fn what_was_made_just_now_stays_and_what_is_dated_in_the_future_holds_no_place() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let shelf = shelf(&stockport);
    for date in ["2231-01-01T02:00:00Z", "2231-01-02T02:00:00Z", "2026-01-01T02:00:00Z"] {
        made(&shelf, date, date.len() + usize::from(date.contains("02T")), None);
    }
    fill(&server, ORG, 30);
    let run = stockport
        .run(["backup", "create", "bk", "--keep-last", "1", "--json"])
        .ok();
    let new = created(&run);
    let kept = &new["retention"]["kept"];
    let name = new["snapshot"].as_str().unwrap();
    assert_eq!(names(kept), [name, "2231-01-02T02-00-00Z", "2231-01-01T02-00-00Z"]);
    assert_eq!(
        (&kept[0]["reason"], &kept[1]["reason"]),
        (&json!("last snapshot"), &json!("dated in the future: not counted"))
    );
    assert_eq!(names(&new["retention"]["removed"]), ["2026-01-01T02-00-00Z"]);
    assert!(warnings(&new).contains("2 snapshots are dated in the future"), "{new}");
    for args in [
        &["backup", "list", "bk", "--json"][..],
        &["backup", "prune", "bk", "--keep-daily", "1", "--json"],
    ] {
        let run = stockport.run(args).ok();
        assert!(warnings(&run.json()).contains("2231-01-02T02-00-00Z"), "{run:?}");
        assert!(run.stderr.contains("dated in the future"), "{run:?}");
    }
    assert_eq!(files(shelf.folder()).len(), 6);
    // The newest is the one that was made last, and its date is no surprise.
    let run = stockport.run(["backup", "restore", "bk", "--dry-run", "--json"]).ok();
    assert!(run.json()["source"].as_str().unwrap().ends_with(name), "{run:?}");
    assert_eq!(warnings(&run.json()), "[]");
}

#[test]
fn one_that_is_dated_in_the_future_is_taken_with_a_warning_where_it_was_made_last() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    made(&shelf(&stockport), "2026-01-01T02:00:00Z", 5, None);
    let last = made(&shelf(&stockport), "2231-01-01T02:00:00Z", 6, None);
    for path in ["bk", "bk@latest"] {
        let run = stockport.run(["backup", "restore", path, "--dry-run", "--json"]).ok();
        let summary = run.json();
        assert!(
            summary["source"].as_str().unwrap().ends_with(&last.name.to_string())
                && warnings(&summary).contains("dated in the future"),
            "{summary}"
        );
    }
    let run = stockport
        .run(["backup", "restore", "bk@2026-11-22", "--dry-run", "--json"])
        .ok();
    assert_eq!(
        (&run.json()["read"], warnings(&run.json())),
        (&json!(5), "[]".to_owned())
    );
}

#[test]
fn after_a_night_under_a_clock_at_its_beginning_everything_goes_on() {
    let server = TestSandbox::new();
    fill(&server, ORG, 7);
    let stockport = Stockport::new().at(&server, ORG);
    made(&shelf(&stockport), "2026-01-01T02:00:00Z", 5, None);
    let last = made(&shelf(&stockport), "1970-01-01T00:00:10Z", 6, None);
    let run = stockport.run(["backup", "restore", "bk", "--dry-run", "--json"]).ok();
    assert!(run.json()["source"].as_str().unwrap().ends_with(&last.name.to_string()));
    let new = created(
        &stockport
            .run(["backup", "create", "bk", "--keep-last", "2", "--json"])
            .ok(),
    );
    assert_eq!(
        names(&new["retention"]["kept"]),
        [new["snapshot"].as_str().unwrap(), "1970-01-01T00-00-10Z"]
    );
    let list = stockport.run(["backup", "list", "bk", "--json"]).ok().json();
    assert_eq!(
        (&list["snapshots"][0]["items"], &list["snapshots"][1]["items"]),
        (&json!(6), &json!(7))
    );
}

/// Makes the newest of two snapshots one that can't be used, and gives both.
fn newest_spoiled(stockport: &Stockport, spoil: impl Fn(&PathBuf)) -> [Name; 2] {
    let first = made(&shelf(stockport), "2026-01-01T02:00:00Z", 5, None).name;
    let second = made(&shelf(stockport), "2026-01-02T02:00:00Z", 6, None).name;
    spoil(&manifest(stockport, second));
    [first, second]
}

#[test]
fn a_manifest_of_a_newer_format_is_named_as_that_and_is_in_the_way_of_the_newest_only() {
    let server = TestSandbox::new();
    fill(&server, ORG, 5);
    let stockport = Stockport::new().at(&server, ORG);
    let [first, second] = newest_spoiled(&stockport, |path| {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    });
    let named = format!("bk/{ORG}/{second}");
    let older = format!("bk/{ORG}/{first}");
    for args in [
        &["backup", "restore", "bk", "--dry-run"][..],
        &["backup", "restore", "bk@latest", "--exact", "--yes"],
        &["backup", "restore", &named, "--dry-run"],
        &["diff", "bk", "org:sandbox-company"],
    ] {
        let run = stockport.run(args).exit(1);
        assert!(
            run.stderr.contains("written by a newer stockport (format 2)")
                && run.stderr.contains("update stockport")
                && !run.stderr.contains("damaged"),
            "{run:?}"
        );
    }
    stockport.run(["backup", "restore", &older, "--dry-run"]).ok();
    let list = stockport.run(["backup", "list", "bk"]).ok();
    assert!(
        list.stdout.contains("was written by a newer stockport") && !list.stdout.contains("DAMAGED"),
        "{list:?}"
    );
    let verified = stockport.run(["backup", "verify", "bk", "--json"]).exit(1).json();
    assert_eq!(verified["snapshots"][1]["damage"], Value::Null);
    assert!(verified["snapshots"][1]["unverified"].is_string(), "{verified}");
    // Beside it backups go on, nothing that it may need is removed, and the newest is known again.
    let data = stockport.path("bk").join(ORG).join("2026-01-03T02-00-00Z.jsonl.zst");
    fs::write(&data, "of a newer stockport").unwrap();
    let new = created(
        &stockport
            .run(["backup", "create", "bk", "--keep-last", "1", "--json"])
            .ok(),
    );
    assert!(warnings(&new).contains(&second.to_string()), "{new}");
    assert!(data.exists() && manifest(&stockport, second).exists());
    let kept = &new["retention"]["kept"];
    assert_eq!(names(kept), [new["snapshot"].as_str().unwrap(), &second.to_string()]);
    assert!(
        kept[1]["reason"].as_str().unwrap().contains("newer stockport"),
        "{kept}"
    );
    stockport.run(["backup", "restore", "bk", "--dry-run"]).ok();
}

#[test]
fn a_manifest_that_cannot_be_read_is_named_with_the_reason() {
    let server = TestSandbox::new();
    fill(&server, ORG, 5);
    let stockport = Stockport::new().at(&server, ORG);
    // A folder can't be read as a file, whoever runs the tests.
    let [_, second] = newest_spoiled(&stockport, |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
    let run = stockport.run(["backup", "restore", "bk", "--dry-run"]).exit(1);
    assert!(
        run.stderr.contains(&format!("{second} can't be read: ")) && run.stderr.contains("may be newer"),
        "{run:?}"
    );
    let list = stockport.run(["backup", "list", "bk"]).ok();
    assert!(list.stdout.contains("can't be read: "), "{list:?}");
    let verified = stockport.run(["backup", "verify", "bk"]).exit(1);
    assert!(verified.stderr.contains(&second.to_string()), "{verified:?}");
    let pruned = stockport.run(["backup", "prune", "bk", "--keep-last", "1"]).ok();
    assert!(pruned.stdout.contains("skipped and not counted"), "{pruned:?}");
    assert!(manifest(&stockport, second).exists());
    let new = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert!(warnings(&new).contains("can't be read"), "{new}");
}

#[test]
fn where_no_earlier_manifest_can_be_read_an_empty_organization_is_a_surprise() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let only = made(&shelf(&stockport), "2026-01-01T02:00:00Z", 5, None).name;
    fs::write(manifest(&stockport, only), "").unwrap();
    let run = stockport.run(["backup", "create", "bk"]).exit(1);
    assert!(
        run.stderr.contains("can't be read") && run.stderr.contains("--allow-empty"),
        "{run:?}"
    );
    stockport.run(["backup", "create", "bk", "--allow-empty"]).ok();
}

#[test]
fn what_has_to_be_written_again_is_told() {
    let server = TestSandbox::new();
    fill(&server, ORG, 20);
    let stockport = Stockport::new().at(&server, ORG);
    let first = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert_eq!(warnings(&first), "[]");
    let data = first["data"].as_str().unwrap();
    let path = stockport.path("bk").join(ORG).join(data);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let run = stockport.run(["backup", "create", "bk", "--json"]).ok();
    let again = created(&run);
    assert_eq!(again["unchanged"], json!(false));
    assert!(
        warnings(&again).contains(data) && warnings(&again).contains("written again") && run.stderr.contains(data),
        "{run:?}"
    );
    let third = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert_eq!((&third["unchanged"], warnings(&third)), (&json!(true), "[]".to_owned()));
    fs::remove_file(stockport.path("bk").join(ORG).join(again["data"].as_str().unwrap())).unwrap();
    let fourth = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert!(warnings(&fourth).contains("isn't there"), "{fourth}");
    // The limits are those of what the newest manifest says, also where its items are damaged.
    fs::remove_file(stockport.path("bk").join(ORG).join(fourth["data"].as_str().unwrap())).unwrap();
    for number in 0..20 {
        server.sandbox.store().delete(ORG, &format!("A{number:05}")).unwrap();
    }
    stockport.run(["backup", "create", "bk"]).exit(1);
}
