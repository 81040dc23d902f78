//! `export --since`: what is new, changed or gone since a snapshot, a date or a run.
//!
//! Doesn't belong here: the order of rows (`order`), exports of everything (`export`).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stockport::export::since::Moment;
use stockport::inventory::{ItemStore, Receiver as _};
use stockport::sandbox::Flavour;
use stockport::snapshot::{Facts, Grade, Kind, Shelf};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

/// A moment so many minutes from now, as the server writes it.
fn minutes(from_now: i64) -> String {
    let moment = Timestamp::now() + SignedDuration::from_mins(from_now);
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

/// The ids of an export as JSON lines, each with its mark.
fn marks(lines: &str) -> BTreeMap<String, String> {
    let mark = |line: &str| {
        let item: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
        (text("item_id"), text("_change"))
    };
    lines.lines().map(mark).collect()
}

fn expected(marks: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = marks.iter().map(|(id, mark)| ((*id).to_owned(), (*mark).to_owned()));
    owned.collect()
}

/// The marks of an export to standard output.
fn since(stockport: &Stockport, state: &str, more: &[&str]) -> BTreeMap<String, String> {
    let args = ["export", "-", "--since", state];
    marks(&stockport.run(args.iter().chain(more)).ok().stdout)
}

/// An inventory of which a backup is made before it changes: `B` has another value, `C` is gone, `F` is new; of `D` only the
/// server's own fields differ, of `E` what is equal by the rules of comparison.
fn changed() -> (Faulty, Stockport) {
    let server = Faulty::new();
    for id in ["A", "B", "C", "D", "E"] {
        server.put(
            ORG,
            &json!({"item_id": id, "name": "then", "quantity": "5.0", "status": "", "lab": {"thc": 20}}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let item = |id: &str, thc: u8| json!({"item_id": id, "name": "then", "quantity": "5.0", "status": "", "lab": {"thc": thc}});
    server.put(ORG, &item("B", 21));
    server.remove(ORG, "C");
    let mut own = item("D", 20);
    own["updated_at"] = json!(minutes(0));
    server.put(ORG, &own);
    server.put(
        ORG,
        &json!({"item_id": "E", "name": "then", "quantity": 5, "status": null, "lab": {"thc": 20}}),
    );
    server.put(ORG, &json!({"item_id": "F", "name": "now", "extra": 1}));
    (server, stockport)
}

#[test]
fn a_snapshot_tells_what_is_new_changed_and_gone_by_any_of_its_names() {
    let (_server, stockport) = changed();
    let wanted = expected(&[("B", "changed"), ("C", "gone"), ("F", "new")]);
    let org = format!("bk/{ORG}");
    let list = stockport.run(["backup", "list", "bk", "--json"]).ok().json();
    let name = list["snapshots"][0]["snapshot"].as_str().unwrap_or_default().to_owned();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let run = runs["runs"][0]["run"].as_str().unwrap_or_default().to_owned();
    for state in ["bk", "bk@latest", &org, &format!("{org}/{name}"), &run] {
        assert_eq!(since(&stockport, state, &[]), wanted, "{state}");
    }
    let run = stockport.run(["export", "c.csv", "--since", "bk"]).ok();
    assert!(run.stdout.contains("Exported 3 changes since snapshot bk"), "{run:?}");
    assert!(
        run.stdout.contains("(1 new, 1 changed, 1 gone) of sandbox-company"),
        "{run:?}"
    );
    let written = stockport.read("c.csv");
    assert!(written.starts_with("_change,item_id,name,"), "{written}");
    assert!(written.contains("\ngone,C,then,"), "the values of then: {written}");
    let document = stockport
        .run(["export", "c.json", "--since", "bk", "--json"])
        .ok()
        .json();
    let (since, counts) = (&document["since"], json!([1, 1, 1, 0]));
    assert_eq!(
        json!([since["new"], since["changed"], since["gone"], since["unknown"]]),
        counts
    );
    assert_eq!((&document["items"], &document["held"]), (&json!(3), &json!(5)));
}

#[test]
fn conditions_fields_and_raw_values_apply_to_changes_as_well() {
    let (_server, stockport) = changed();
    assert_eq!(
        since(&stockport, "bk", &["--where", "name=then"]),
        expected(&[("B", "changed"), ("C", "gone")])
    );
    assert_eq!(
        since(&stockport, "bk", &["--where", "_change=gone"]),
        expected(&[("C", "gone")])
    );
    let csv = |more: &[&str]| {
        let args = ["export", "-", "--format", "csv", "--since", "bk"];
        stockport.run(args.iter().chain(more)).ok().stdout
    };
    assert_eq!(
        csv(&["--fields", "item_id"]),
        "_change,item_id\nchanged,B\ngone,C\nnew,F\n"
    );
    assert_eq!(
        csv(&["--fields", "item_id,_change"]),
        "item_id,_change\nB,changed\nC,gone\nF,new\n"
    );
    let all = csv(&["--raw"]);
    assert!(all.starts_with("_change,extra,id,item_id,lab,name,"), "{all}");
    // No field depends on what has changed.
    let none = csv(&["--where", "name=nobody"]);
    assert_eq!(none.lines().count(), 1);
    assert!(none.contains(",extra,lab"), "{none}");
    stockport.run(["export", "-", "--fields", "_change"]).exit(2);
    stockport
        .run(["export", "-", "--since", "bk", "--where", "nme=x"])
        .exit(2);
}

#[test]
fn an_import_of_changes_sends_no_mark_and_creates_nothing_that_is_gone() {
    let (server, stockport) = changed();
    let before = server.items(ORG);
    for file in ["c.csv", "c.tsv", "c.xlsx", "c.json", "c.jsonl", "titled.csv"] {
        let headers = if file == "titled.csv" { "title" } else { "field" };
        stockport
            .run(["export", file, "--since", "bk", "--headers", headers])
            .ok();
        let run = stockport.run(["import", file, "--json"]).ok();
        let document = run.json();
        assert_eq!(
            json!([document["read"], document["unchanged"]]),
            json!([2, 2]),
            "{file}: {document}"
        );
        assert_eq!(document["set_aside"], 1, "{file}: {document}");
        let run = stockport.run(["import", file]).ok();
        assert!(run.stdout.contains("(\"C\") is marked as gone"), "{file}: {run:?}");
    }
    // Other programs change the case of headers, and people that of values; nothing is created from JSON either.
    stockport.write("other.csv", "ITEM_ID,_CHANGE,NAME\nB,changed,then\nZ1, Gone ,z\n");
    stockport.write(
        "other.jsonl",
        "{\"item_id\":\"Z2\",\"_change\":\"gone\"}\n{\"item_id\":\"B\",\"_change\":\"new\"}\n",
    );
    stockport.write("keep.toml", "extra = \"keep\"\n");
    for file in ["other.csv", "other.jsonl"] {
        let run = stockport
            .run(["import", file, "--map", "keep.toml", "--json"])
            .ok()
            .json();
        assert_eq!(json!([run["read"], run["unchanged"]]), json!([1, 1]), "{file}: {run}");
    }
    assert_eq!(server.items(ORG), before);
    assert_eq!(server.posts().len(), 0);
    // A key that only a late line has.
    let lines = (0..3_000).map(|n| format!("{{\"item_id\":\"L{n}\"}}\n"));
    let late: String = lines
        .chain(["{\"item_id\":\"Z3\",\"_change\":\"gone\"}\n".to_owned()])
        .collect();
    stockport.write("late.jsonl", late);
    let converted = stockport.run(["convert", "late.jsonl", "-"]).ok();
    assert!(converted.stdout.lines().count() == 3_000 && !converted.stdout.contains("Z3"));
    let converted = stockport.run(["convert", "c.jsonl", "-"]).ok();
    assert_eq!(converted.stdout.lines().count(), 2);
    assert!(!converted.stdout.contains("_change"), "{converted:?}");
}

#[test]
fn a_date_goes_by_the_items_own_times_and_says_what_it_cannot_tell() {
    let server = Faulty::new();
    for (id, times) in [
        ("before", json!({"updated_at": "2026-11-21T23:59:59.999999"})),
        ("at", json!({"updated_at": "2026-11-22T00:00:00"})),
        ("blank", json!({"updated_at": "2026-11-22 08:00:00"})),
        ("east", json!({"updated_at": "2026-11-22T01:30:00+02:00"})),
        ("west", json!({"updated_at": "2026-11-21T22:00:00-05:00"})),
        (
            "made",
            json!({"updated_at": "2026-11-23T00:00:00", "created_at": "2026-11-22T10:00:00Z"}),
        ),
        (
            "older",
            json!({"updated_at": "2026-11-23", "created_at": "2026-11-20T10:00:00Z"}),
        ),
        ("none", json!({"name": "x"})),
        ("strange", json!({"updated_at": 5, "created_at": "soon"})),
    ] {
        let mut item = times;
        item["item_id"] = json!(id);
        server.put(ORG, &item);
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let wanted = expected(&[
        ("at", "changed"),
        ("blank", "changed"),
        ("west", "changed"),
        ("made", "new"),
        ("older", "changed"),
        ("none", "unknown"),
        ("strange", "unknown"),
    ]);
    for date in [
        "2026-11-22",
        "2026-11-22T00:00",
        "2026-11-22T00:00:00Z",
        "2026-11-22T02:00+02:00",
    ] {
        assert_eq!(since(&stockport, date, &[]), wanted, "{date}");
    }
    let run = stockport.run(["export", "c.csv", "--since", "2026-11-22"]).ok();
    assert!(
        run.stdout.contains("gone items can be told only since a snapshot"),
        "{run:?}"
    );
    assert!(run.stderr.contains("2 items without a readable updated_at"), "{run:?}");
    assert!(
        !run.stderr.contains("read as UTC"),
        "a date of the server's own clock: {run:?}"
    );
    let run = stockport
        .run(["export", "c.jsonl", "--since", "2026-11-22T00:00Z", "--json"])
        .ok()
        .json();
    assert_eq!(
        json!([
            run["since"]["new"],
            run["since"]["changed"],
            run["since"]["gone"],
            run["since"]["unknown"]
        ]),
        json!([1, 4, null, 2])
    );
    assert!(run["warnings"].to_string().contains("read as UTC"), "{run}");
    let run = stockport.run(["export", "late.csv", "--since", "2999-01-01"]).ok();
    assert!(run.stderr.contains("is in the future"), "{run:?}");
    assert_eq!(
        stockport.read("late.csv").lines().count(),
        3,
        "what can't be told is exported"
    );
}

#[test]
fn a_run_knows_what_it_wrote_and_others_go_by_their_times() {
    // Its own stamps would be in the time zone of this machine.
    let server = Faulty::with(Flavour {
        no_stamps: true,
        ..Flavour::default()
    });
    for (id, times) in [
        ("old", -90),
        ("touched", -90),
        ("kept", -90),
        ("again", -90),
        ("sent", -90),
    ] {
        server.put(
            ORG,
            &json!({"item_id": id, "name": "first", "updated_at": minutes(times)}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "in.csv",
        "item_id,name\nkept,second\nagain,second\nsent,second\nN1,new\nN2,new\nN3,new\n",
    );
    stockport.run(["import", "in.csv"]).ok();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let import = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(
        since(&stockport, &import, &[]),
        expected(&[]),
        "the run's own changes are none"
    );
    server.put(
        ORG,
        &json!({"item_id": "touched", "name": "first", "note": 1, "updated_at": minutes(1)}),
    );
    server.put(
        ORG,
        &json!({"item_id": "again", "name": "third", "updated_at": minutes(-90)}),
    );
    server.put(
        ORG,
        &json!({"item_id": "sent", "name": "second", "note": 1, "updated_at": minutes(1)}),
    );
    server.put(
        ORG,
        &json!({"item_id": "N2", "name": "new", "note": "more", "updated_at": minutes(-90)}),
    );
    server.remove(ORG, "N3");
    let wanted = expected(&[
        ("touched", "changed"),
        ("again", "changed"),
        ("sent", "changed"),
        ("N2", "changed"),
        ("N3", "gone"),
    ]);
    let number = import.rsplit('-').next().unwrap();
    for run in [&import, number] {
        assert_eq!(since(&stockport, run, &[]), wanted, "{run}");
    }
    // An export has only its time; what was deleted and is there again is new.
    stockport.run(["export", "all.csv"]).ok();
    stockport.run(["delete", "--ids", "old,kept", "--yes"]).ok();
    server.put(
        ORG,
        &json!({"item_id": "old", "name": "back", "updated_at": minutes(-90)}),
    );
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let of = |command: &str| {
        let runs = runs["runs"].as_array().unwrap().iter();
        let mut named = runs
            .filter(|run| run["command"] == command)
            .map(|run| run["run"].as_str().unwrap().to_owned());
        named.next().unwrap()
    };
    assert_eq!(since(&stockport, &of("delete"), &[])["old"], "new");
    let of_export = since(&stockport, &of("export"), &["--where", "item_id!=sent"]);
    assert_eq!(of_export, expected(&[("touched", "changed"), ("N1", "unknown")]));
}

#[test]
fn a_state_that_is_none_is_refused_before_anything_is_asked() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("old.csv", "item_id\nA\n");
    for state in [
        "yesterday",
        "old.csv",
        "org:sandbox-branch",
        "2026-13-01",
        "99",
        "bk",
        "",
    ] {
        let run = stockport.run(["export", "out.csv", "--since", state]).exit(2);
        assert!(
            run.stderr.contains("is not a date, a snapshot or a run"),
            "{state}: {run:?}"
        );
    }
    // A folder that has no snapshots, or names one that isn't there.
    std::fs::create_dir(stockport.path("empty")).unwrap();
    stockport.run(["export", "out.csv", "--since", "empty"]).exit(1);
    stockport.run(["export", "out.csv", "--since", "empty@latest"]).exit(1);
    assert!(!stockport.path("out.csv").exists());
}

#[test]
fn a_state_of_another_organization_or_of_some_items_tells_nothing() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A"}));
    server.put("sandbox-branch", &json!({"item_id": "B"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let branch = Stockport::new().at_faulty(&server, "sandbox-branch");
    let dir = stockport.path("bk").display().to_string();
    branch.run(["backup", "create", &dir]).ok();
    let refused = stockport.run(["export", "out.csv", "--since", &dir]).exit(2);
    assert!(
        refused.stderr.contains("is of sandbox-branch at http://"),
        "{refused:?}"
    );
    // Another server has an organization of the same name.
    let other = Faulty::new();
    other.put(ORG, &json!({"item_id": "A"}));
    stockport.run(["export", "out.csv"]).ok();
    let run = stockport.run(["runs", "--json"]).ok().json()["runs"][0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let stockport = stockport.at_faulty(&other, ORG);
    let refused = stockport.run(["export", "other.csv", "--since", &run]).exit(2);
    assert!(refused.stderr.contains("sandbox-company at http://"), "{refused:?}");
    stockport.run(["export", "other.csv"]).ok();
    let shelf = Shelf::of(&stockport.path("part"), ORG).unwrap();
    let mut store = ItemStore::new().unwrap();
    store
        .item(json!({"item_id": "A"}).as_object().unwrap().clone())
        .unwrap();
    let facts = Facts {
        api: other.url().to_owned(),
        started: Timestamp::now(),
        grade: Grade::Part,
        evidence: "some".to_owned(),
        kind: Some(Kind::Safety),
    };
    let safety = shelf.safety();
    let lock = safety.lock(Duration::from_secs(60), &mut |_| {}, &|| false).unwrap();
    let created = safety.create(&lock, &mut store, &facts).unwrap();
    let part = safety.folder().join(created.name.to_string()).display().to_string();
    let refused = stockport.run(["export", "part.csv", "--since", &part]).exit(1);
    assert!(
        refused.stderr.contains("holds only a part of its organization"),
        "{refused:?}"
    );
}

#[test]
fn two_exports_of_the_same_changes_are_the_same_bytes() {
    let (server, stockport) = changed();
    for (seed, name) in [(1, "a"), (2, "b")] {
        server.behave();
        server.add_rule(Rule::every(1, Fault::Reordered(seed)).on_lists());
        for ending in ["csv", "jsonl", "xlsx"] {
            stockport
                .run(["export", &format!("{name}.{ending}"), "--since", "bk"])
                .ok();
        }
    }
    for ending in ["csv", "jsonl", "xlsx"] {
        let bytes = |name: &str| std::fs::read(stockport.path(&format!("{name}.{ending}"))).unwrap();
        assert!(bytes("a") == bytes("b"), "{ending}");
    }
}

#[test]
fn a_date_means_its_first_moment_and_names_of_runs_and_snapshots_are_none() {
    let read = |text: &str| Moment::parse(text).map(|moment| (moment.at.to_string(), moment.has_offset));
    for (text, at, has_offset) in [
        ("2026-11-22", "2026-11-22T00:00:00Z", false),
        ("2026-11-22T14:30", "2026-11-22T14:30:00Z", false),
        (" 2026-11-22 14:30:05.25 ", "2026-11-22T14:30:05.25Z", false),
        ("2026-11-22T14:30:05+02:00", "2026-11-22T12:30:05Z", true),
        ("2026-11-22T14:30Z", "2026-11-22T14:30:00Z", true),
    ] {
        assert_eq!(read(text), Some((at.to_owned(), has_offset)), "{text}");
    }
    for text in [
        "",
        "yesterday",
        "2026-13-01",
        "20261122",
        "2026-11",
        "7",
        "2026-11-22T02-00-00Z",
        "2026-11-28T11-15",
        "2026-11-28T11-15-52.123Z-42",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}
