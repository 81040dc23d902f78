//! `stockport backup`: snapshots that are whole or not there, and that can be relied on.

mod copies;
mod creators;
mod history;
mod order;
mod resumed;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use stockport::inventory::{ItemStore, Receiver as _};
use stockport::item::Object;
use stockport::sandbox::Flavour;
use stockport::snapshot::{Created, Facts, Grade, Kind, Shelf};

use crate::support::{Run, Stockport, TestSandbox};

pub(crate) const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

/// Puts so many items into an organization, past HTTP.
pub(crate) fn fill(server: &TestSandbox, org: &str, count: usize) {
    let store = server.sandbox.store();
    for number in 0..count {
        let id = format!("A{number:05}");
        let item = json!({"item_id": id, "name": format!("Item {number}"), "quantity": number, "extra": {"n": [number, null]}});
        store.put(org, &id, object(item)).unwrap();
    }
}

/// Writes a snapshot of so many items past the binary, as if it had been made at that moment.
pub(crate) fn made(shelf: &Shelf, started: &str, count: usize, kind: Option<Kind>) -> Created {
    let mut store = ItemStore::new().unwrap();
    for number in 0..count {
        let id = format!("A{number:05}");
        store.item(object(json!({"id": id, "item_id": id}))).unwrap();
    }
    let facts = Facts {
        api: "https://example.com/api".to_owned(),
        started: started.parse().unwrap(),
        grade: Grade::Proved,
        evidence: "both ends".to_owned(),
        kind,
    };
    // A process that another test starts holds what is locked until it runs its program.
    let patience = Duration::from_secs(60);
    let lock = shelf.lock(patience, &mut |_| {}, &|| false).unwrap();
    shelf.create(&lock, &mut store, &facts).unwrap()
}

/// The files of an organization's folder, without the lock, the counter and the safety copies.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| !name.starts_with('.') && name != "safety")
        .collect();
    names.sort();
    names
}

fn created(run: &Run) -> Value {
    run.json()["backups"][0].clone()
}

#[test]
fn a_snapshot_holds_every_item_as_stored_and_says_what_it_is() {
    let server = TestSandbox::new();
    fill(&server, ORG, 1200);
    let stockport = Stockport::new().at(&server, ORG);
    let first = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert_eq!(
        (
            &first["items"],
            &first["completeness"],
            &first["unchanged"],
            &first["error"]
        ),
        (&json!(1200), &json!("proved"), &json!(false), &Value::Null)
    );
    let again = stockport.run(["backup", "create", "bk"]).ok();
    assert!(again.stdout.contains("unchanged since"), "{}", again.stdout);
    let folder = stockport.path("bk").join(ORG);
    assert_eq!(files(&folder).len(), 3, "{:?}", files(&folder));
    let packed = fs::read(folder.join(first["data"].as_str().unwrap())).unwrap();
    let lines = zstd::decode_all(packed.as_slice()).unwrap();
    let items: Vec<Value> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let stored = server.sandbox.store().items(ORG).unwrap();
    assert_eq!(items.len(), stored.len());
    for (item, (id, mut stored)) in items.into_iter().zip(stored) {
        stored.insert("id".to_owned(), json!(id));
        assert_eq!(item, Value::Object(stored));
    }
    let list = stockport.run(["backup", "list", "bk", "--json"]).ok().json();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&list["snapshots"][1]["items"], &list["snapshots"][1]["good"]),
        (&json!(1200), &json!(true))
    );
    let list = stockport.run(["backup", "list", "bk"]).ok();
    assert!(
        list.stdout.contains("1,200 items") && list.stdout.contains("same as"),
        "{}",
        list.stdout
    );
    stockport.run(["backup", "verify", "bk"]).ok();
}

#[test]
fn a_list_that_is_cut_is_no_backup_and_names_what_is_missing() {
    let server = TestSandbox::new();
    fill(&server, ORG, 30);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let poor = TestSandbox::with(Flavour {
        hard_cut: Some(10),
        unordered: true,
        ..Flavour::default()
    });
    fill(&poor, ORG, 30);
    let before = files(&stockport.path("bk").join(ORG));
    let stockport = stockport.at(&poor, ORG);
    // The endpoint orders nothing and ten is no suspicious length: only the last snapshot shows that something is missing.
    let run = stockport.run(["backup", "create", "bk", "--json"]).exit(4);
    let error = run.json()["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("is incomplete") && error.contains("missing: A000"),
        "{error}"
    );
    assert_eq!(files(&stockport.path("bk").join(ORG)), before);
    let ordered = TestSandbox::with(Flavour {
        hard_cut: Some(10),
        ..Flavour::default()
    });
    fill(&ordered, ORG, 30);
    let stockport = stockport.at(&ordered, ORG);
    stockport.run(["backup", "create", "other"]).exit(4);
    assert!(!stockport.path("other").join(ORG).exists());
    let unlisted = TestSandbox::with(Flavour {
        lists_fail: true,
        ..Flavour::default()
    });
    fill(&unlisted, ORG, 3);
    stockport
        .at(&unlisted, ORG)
        .run(["backup", "create", "other", "--retries", "0"])
        .exit(4);
}

#[test]
fn items_that_really_are_gone_are_no_sign_of_a_cut() {
    let server = TestSandbox::with(Flavour {
        unordered: true,
        ..Flavour::default()
    });
    fill(&server, ORG, 30);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    server.sandbox.store().delete(ORG, "A00007").unwrap();
    let summary = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    assert_eq!(
        (&summary["items"], &summary["completeness"]),
        (&json!(29), &json!("plausible"))
    );
}

#[test]
fn an_inventory_that_is_empty_or_has_lost_half_stops_unless_that_is_allowed() {
    let server = TestSandbox::new();
    fill(&server, ORG, 10);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let folder = stockport.path("bk").join(ORG);
    let store = server.sandbox.store();
    (0..5).for_each(|number| store.delete(ORG, &format!("A{number:05}")).unwrap());
    let run = stockport.run(["backup", "create", "bk"]).exit(1);
    assert!(
        run.stderr.contains("holds 5 items") && run.stderr.contains("--allow-shrink"),
        "{}",
        run.stderr
    );
    stockport.run(["backup", "create", "bk", "--allow-empty"]).exit(1);
    assert_eq!(files(&folder).len(), 2);
    stockport.run(["backup", "create", "bk", "--allow-shrink"]).ok();
    (5..10).for_each(|number| store.delete(ORG, &format!("A{number:05}")).unwrap());
    let run = stockport.run(["backup", "create", "bk", "--allow-shrink"]).exit(1);
    assert!(run.stderr.contains("--allow-empty"), "{}", run.stderr);
    stockport.run(["backup", "create", "bk", "--allow-empty"]).ok();
    // An organization that was never known to hold anything may be empty.
    stockport.run(["backup", "create", "new"]).ok();
}

#[test]
fn any_damage_is_found_and_the_others_are_still_good() {
    let server = TestSandbox::new();
    fill(&server, ORG, 50);
    let stockport = Stockport::new().at(&server, ORG);
    let first = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    fill(&server, ORG, 60);
    stockport.run(["backup", "create", "bk"]).ok();
    let path = stockport.path("bk").join(ORG).join(first["data"].as_str().unwrap());
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[30] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let run = stockport.run(["backup", "verify", "bk", "--json"]).exit(4).json();
    let snapshots = run["snapshots"].as_array().unwrap();
    assert!(
        snapshots[0]["damage"].is_string() && snapshots[1]["damage"].is_null(),
        "{run}"
    );
    stockport.run(["backup", "verify", "bk@latest"]).ok();
    fs::remove_file(&path).unwrap();
    let run = stockport.run(["backup", "verify", "bk"]).exit(4);
    assert!(run.stderr.contains("isn't there"), "{}", run.stderr);
    let list = stockport.run(["backup", "list", "bk"]).ok();
    assert!(list.stdout.contains("DAMAGED"), "{}", list.stdout);
    let nothing = stockport.run(["backup", "verify", "nowhere"]).exit(1);
    assert!(nothing.stderr.contains("there is no snapshot"), "{}", nothing.stderr);
}

#[test]
fn prune_says_why_and_keeps_what_is_needed() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    for count in [10, 11, 11, 12] {
        fill(&server, ORG, count);
        stockport.run(["backup", "create", "bk"]).ok();
    }
    let folder = stockport.path("bk").join(ORG);
    assert_eq!(files(&folder).len(), 7);
    stockport.run(["backup", "prune", "bk"]).exit(2);
    let dry = stockport
        .run(["backup", "prune", "bk", "--keep-last", "2", "--dry-run"])
        .ok();
    assert!(
        dry.stdout.contains("would remove 2 of 4") && dry.stdout.contains("no rule keeps it"),
        "{}",
        dry.stdout
    );
    assert_eq!(files(&folder).len(), 7);
    let done = stockport
        .run(["backup", "prune", "bk", "--keep-last", "2", "--json"])
        .ok()
        .json();
    assert_eq!(done["organizations"][0]["removed"].as_array().unwrap().len(), 2);
    // The third one's data are the second one's, which stay.
    assert_eq!(files(&folder).len(), 4);
    stockport.run(["backup", "verify", "bk"]).ok();
    let created = created(
        &stockport
            .run(["backup", "create", "bk", "--keep-daily", "1", "--json"])
            .ok(),
    );
    assert_eq!(created["retention"]["kept"].as_array().unwrap().len(), 1);
    assert_eq!(files(&folder).len(), 2);
}

#[test]
fn the_last_good_snapshot_is_never_pruned() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    fill(&server, ORG, 10);
    stockport.run(["backup", "create", "bk"]).ok();
    fill(&server, ORG, 11);
    let newest = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    let folder = stockport.path("bk").join(ORG);
    let path = folder.join(newest["data"].as_str().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let run = stockport.run(["backup", "prune", "bk", "--keep-last", "1"]).ok();
    assert!(run.stdout.contains("damaged: skipped"), "{}", run.stdout);
    assert_eq!(files(&folder).len(), 4);
}

#[test]
fn one_organization_that_fails_does_not_stop_the_others_and_somebody_is_told() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    fill(&server, BRANCH, 4);
    // The first organization's key is good for both.
    let stockport = Stockport::new().at(&server, ORG);
    let args = [
        "backup",
        "create",
        "bk",
        "--org",
        ORG,
        "--org",
        "unknown-company",
        "--org",
        BRANCH,
        "--json",
    ];
    let page = if cfg!(windows) {
        "findstr ^^ > page.json"
    } else {
        "cat > page.json"
    };
    let run = stockport.run(args.into_iter().chain(["--on-failure", page])).exit(1);
    let document = run.json();
    let items: Vec<&Value> = document["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["items"])
        .collect();
    assert_eq!(items, [&json!(3), &Value::Null, &json!(4)]);
    let mut paged: Value = serde_json::from_str(&stockport.read("page.json")).unwrap();
    let fields = paged.as_object_mut().unwrap();
    assert_eq!(fields.remove("command"), Some(json!("backup create")));
    assert!(fields.remove("host").is_some());
    assert_eq!(paged, document);
    fs::remove_file(stockport.path("page.json")).unwrap();
    let args = [
        "backup",
        "create",
        "bk",
        "--org",
        ORG,
        "--org",
        BRANCH,
        "--on-failure",
        page,
    ];
    stockport.run(args).ok();
    assert!(!stockport.path("page.json").exists());
    let list = stockport.run(["backup", "list", "bk", "--json"]).ok().json();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 4);
    let list = stockport
        .run(["backup", "list", "bk", "--org", BRANCH, "--json"])
        .ok()
        .json();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 2);
    stockport
        .run(["export", "out.csv", "--org", ORG, "--org", BRANCH])
        .exit(2);
}

#[test]
fn a_snapshot_goes_back_into_an_empty_organization_and_is_the_same() {
    let server = TestSandbox::new();
    fill(&server, ORG, 1500);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let args = ["backup", "restore", "bk", "--org", BRANCH, "--verify", "--json"];
    let summary = stockport.run(args).ok().json();
    assert_eq!(
        (&summary["created"], &summary["verified"]),
        (&json!(1500), &json!(true)),
        "{summary}"
    );
    let plain = |org: &str| {
        let mut items = server.sandbox.store().items(org).unwrap();
        for item in items.values_mut() {
            item.retain(|field, _| !field.starts_with("updated_"));
        }
        items
    };
    assert_eq!(plain(BRANCH), plain(ORG));
    let again = stockport.run(args).ok().json();
    assert_eq!((&again["unchanged"], &again["created"]), (&json!(1500), &json!(0)));
    stockport
        .run(["backup", "verify", "bk", "--against-org", "--drill"])
        .ok();
}

#[test]
fn what_changed_since_comes_back_and_what_only_the_organization_has_stays() {
    let server = TestSandbox::new();
    fill(&server, ORG, 10);
    let store = server.sandbox.store();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let changed = json!({"item_id": "A00001", "name": "Spoiled", "quantity": 1, "extra": {"n": [1, null], "mine": 1}, "status": "New"});
    store.put(ORG, "A00001", object(changed)).unwrap();
    store.put(ORG, "NEW", object(json!({"item_id": "NEW"}))).unwrap();
    store.delete(ORG, "A00002").unwrap();
    let differs = stockport
        .run(["backup", "verify", "bk", "--against-org", "--json"])
        .exit(4)
        .json();
    let found = &differs["against_org"][0];
    assert_eq!(
        (&found["missing"], &found["added"], &found["changed"]),
        (&json!(1), &json!(1), &json!(1)),
        "{found}"
    );
    let dry = stockport.run(["backup", "restore", "bk", "--dry-run"]).ok();
    assert!(
        dry.stdout.contains("\"Spoiled\" → \"Item 1\"") && dry.stderr.contains("extra.mine (1 item)"),
        "{dry:?}"
    );
    assert_eq!(store.items(ORG).unwrap()["A00001"]["name"], "Spoiled");
    let summary = stockport
        .run(["backup", "restore", "bk", "--verify", "--json"])
        .ok()
        .json();
    assert_eq!(
        (
            &summary["created"],
            &summary["updated"],
            &summary["unchanged"],
            &summary["read"]
        ),
        (&json!(1), &json!(1), &json!(8), &json!(10))
    );
    let items = store.items(ORG).unwrap();
    assert_eq!(
        (&items["A00001"]["name"], &items["A00001"]["status"]),
        (&json!("Item 1"), &json!("New"))
    );
    assert!(items.contains_key("NEW"));
    // All the same the run can be taken back.
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!(store.items(ORG).unwrap()["A00001"]["name"], "Spoiled");
}

#[test]
fn named_items_are_restored_alone() {
    let server = TestSandbox::new();
    fill(&server, ORG, 10);
    let store = server.sandbox.store();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    for id in ["A00003", "A00004", "A00005"] {
        store.delete(ORG, id).unwrap();
    }
    let args = ["backup", "restore", "bk", "--only", "A00003,A00004", "--json"];
    let summary = stockport.run(args).ok().json();
    assert_eq!((&summary["created"], &summary["skipped"]), (&json!(2), &json!(8)));
    assert!(!store.items(ORG).unwrap().contains_key("A00005"));
    let run = stockport.run(["backup", "restore", "bk", "--only", "A99999"]).exit(1);
    assert!(run.stderr.contains("holds no item \"A99999\""), "{}", run.stderr);
}

#[test]
fn exact_deletes_what_the_snapshot_lacks_with_consent_and_a_snapshot_first() {
    let server = TestSandbox::new();
    fill(&server, ORG, 20);
    let store = server.sandbox.store();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let first = stockport.run(["backup", "list", "bk", "--json"]).json()["snapshots"][0]["snapshot"].clone();
    let path = format!("bk/{ORG}/{}", first.as_str().unwrap());
    for id in ["N1", "N2"] {
        store.put(ORG, id, object(json!({"item_id": id}))).unwrap();
    }
    store
        .put(
            ORG,
            "A00001",
            object(
                json!({"item_id": "A00001", "name": "Item 1", "quantity": 1, "extra": {"n": [1, null]}, "status": "x"}),
            ),
        )
        .unwrap();
    let run = stockport.run(["backup", "restore", &path, "--exact"]).exit(2);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    let run = stockport
        .run(["backup", "restore", &path, "--exact", "--yes", "--max-delete", "1"])
        .exit(1);
    assert!(run.stderr.contains("--max-delete"), "{}", run.stderr);
    assert_eq!(files(&stockport.path("bk").join(ORG)).len(), 2);
    let dry = stockport
        .run(["backup", "restore", &path, "--exact", "--dry-run", "--json"])
        .ok()
        .json();
    assert_eq!(dry["plan"], json!({"create": 0, "update": 1, "delete": 2}));
    let warnings = dry["warnings"].to_string();
    assert!(
        !warnings.contains("not deleted"),
        "nothing was to be deleted: {warnings}"
    );
    assert_eq!(files(&stockport.path("bk").join(ORG)).len(), 2);
    let summary = stockport
        .run(["backup", "restore", &path, "--exact", "--yes", "--verify", "--json"])
        .ok()
        .json();
    assert_eq!(
        (
            &summary["deleted"],
            &summary["updated"],
            &summary["read"],
            &summary["verified"]
        ),
        (&json!(2), &json!(1), &json!(22), &json!(true)),
        "{summary}"
    );
    let items = store.items(ORG).unwrap();
    assert_eq!(items.len(), 20);
    assert_eq!(items["A00001"]["status"], Value::Null);
    // What was there before is a safety copy, and no backup.
    let list = stockport.run(["backup", "list", "bk", "--json"]).json();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(list["safety_copies"][0]["items"], 22);
    let kept = summary["snapshot"].as_str().unwrap();
    stockport.run(["backup", "restore", kept]).ok();
    let items = store.items(ORG).unwrap();
    assert_eq!((items.len(), &items["A00001"]["status"]), (22, &json!("x")));
    stockport.run(["backup", "restore", &path, "--exact", "--yes"]).ok();
    for number in 0..10 {
        let id = format!("B{number}");
        store.put(ORG, &id, object(json!({"item_id": id}))).unwrap();
    }
    stockport.run(["backup", "restore", &path, "--exact", "--yes"]).exit(1);
}

#[test]
fn a_damaged_snapshot_is_not_restored() {
    let server = TestSandbox::new();
    fill(&server, ORG, 20);
    let stockport = Stockport::new().at(&server, ORG);
    let made = created(&stockport.run(["backup", "create", "bk", "--json"]).ok());
    let path = stockport.path("bk").join(ORG).join(made["data"].as_str().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 4;
    fs::write(&path, bytes).unwrap();
    let run = stockport
        .run(["backup", "restore", "bk", "--org", BRANCH, "--json"])
        .exit(4);
    assert!(run.json()["error"].as_str().unwrap().contains("damaged"));
    assert!(server.sandbox.store().items(BRANCH).unwrap().is_empty());
    stockport.run(["backup", "verify", "bk", "--drill"]).exit(4);
}

#[test]
fn items_that_cannot_go_back_are_named_and_written_beside() {
    let server = TestSandbox::new();
    let store = server.sandbox.store();
    store
        .put(ORG, "A", object(json!({"item_id": "B", "name": "x"})))
        .unwrap();
    store.put(ORG, "C", object(json!({"item_id": "C"}))).unwrap();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    let summary = stockport
        .run(["backup", "restore", "bk", "--org", BRANCH, "--json"])
        .exit(3)
        .json();
    assert_eq!((&summary["created"], &summary["rejected"]), (&json!(1), &json!(1)));
    let rejects = stockport.read(summary["rejects_file"].as_str().unwrap());
    let item: Value = serde_json::from_str(rejects.trim()).unwrap();
    assert_eq!((&item["id"], &item["name"]), (&json!("A"), &json!("x")));
    assert!(
        item["_reason"]
            .as_str()
            .unwrap()
            .contains("its own item_id is another one"),
        "{item}"
    );
}
