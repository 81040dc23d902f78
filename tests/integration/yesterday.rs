//! Files that version 0.1.0 wrote, in `yesterday/`: every later version has to read them, now and from now on.
//!
//! `yesterday/make.py` says how they were made; they are never made again. Journals note absolute paths, which are replaced by
//! those of the test's own folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::config::write_key;
use crate::readme::{files_below, root};
use crate::support::{Run, Stockport};

/// The folder in which the files were made.
const PLACE: &str = "/tmp/stockport-yesterday/work";
const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

/// A home in which version 0.1.0 was used yesterday.
struct Yesterday {
    stockport: Stockport,
    /// Its runs, in the order in which they began: see `make.py`.
    runs: Vec<String>,
    /// Its snapshots, the oldest first: a first one, a safety copy, another one, one that shares its data.
    snapshots: Vec<String>,
}

/// The runs, by what they did.
const RESTORED: usize = 2;
const COUNTED: usize = 3;
const DELETED: usize = 4;
const MIGRATED: usize = 6;
const INTERRUPTED: usize = 7;
const RUNS: usize = 9;

fn yesterday() -> Yesterday {
    let stockport = Stockport::new();
    let kept = root().join("tests/integration/yesterday");
    let mut names = BTreeSet::new();
    for folder in ["work", "state", "data"] {
        files_below(&kept.join(folder), &kept, &mut names);
    }
    let (mut runs, mut snapshots) = (Vec::new(), Vec::new());
    for name in names {
        let content = fs::read(kept.join(&name)).unwrap();
        let packed = name.strip_suffix(".sqlite.zst");
        let path = stockport
            .home()
            .join(packed.map_or(name.clone(), |name| format!("{name}.sqlite")));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if packed.is_some() {
            fs::write(&path, zstd::decode_all(content.as_slice()).unwrap()).unwrap();
        } else {
            fs::write(&path, content).unwrap();
        }
        let file = Path::new(&name).file_name().unwrap().to_string_lossy().into_owned();
        if let Some(run) = name
            .starts_with("state/")
            .then(|| file.strip_suffix(".sqlite.zst"))
            .flatten()
        {
            runs.push(run.to_owned());
            move_paths(&stockport, &path);
        }
        if let Some(snapshot) = name
            .starts_with("work/")
            .then(|| file.strip_suffix(".manifest.json"))
            .flatten()
        {
            snapshots.push(snapshot.to_owned());
        }
    }
    let plan = stockport.read("plan.json").replace(PLACE, &here(&stockport));
    stockport.write("plan.json", plan);
    assert_eq!((runs.len(), snapshots.len()), (RUNS, 4));
    Yesterday {
        stockport,
        runs,
        snapshots,
    }
}

/// The folder that the binary works in, as it stands in JSON.
fn here(stockport: &Stockport) -> String {
    let folder = fs::canonicalize(stockport.path("")).unwrap();
    let text = Value::from(folder.to_string_lossy().trim_end_matches('/')).to_string();
    text.trim_matches('"').to_owned()
}

/// Replaces the paths of the place where a journal was written.
fn move_paths(stockport: &Stockport, journal: &Path) {
    let journal = Connection::open(journal).unwrap();
    let replace = "UPDATE run SET value = replace(value, ?1, ?2)";
    journal.execute(replace, [PLACE, &here(stockport)]).unwrap();
}

impl Yesterday {
    /// Runs a command with the sandbox in which all of it happened.
    fn run(&self, args: &[&str]) -> Run {
        self.stockport
            .run([args, &["--sandbox", "--sandbox-dir", "sb"]].concat())
    }

    /// What an organization holds of these items: name and quantity, null where it has none.
    fn stored(&self, org: &str, ids: &[&str]) -> Value {
        let run = self.run(&["export", "-", "--format", "jsonl", "--org", org]).ok();
        let items: Vec<Value> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of = |id: &&str| {
            let item = items.iter().find(|item| item["item_id"] == **id);
            item.map_or(Value::Null, |item| json!([item["name"], item["quantity"]]))
        };
        ids.iter().map(of).collect()
    }

    fn snapshot(&self, number: usize) -> String {
        format!("bk/{ORG}/{}", self.snapshots[number])
    }

    fn counts(&self, args: &[&str], counts: &[(&str, u64)]) {
        let summary = self.run(&[args, &["--json"]].concat()).ok().json();
        for (name, count) in counts {
            assert_eq!(summary[name], json!(count), "{args:?} {name}: {summary}");
        }
    }
}

#[test]
fn every_run_is_listed() {
    let yesterday = yesterday();
    let listed = yesterday.stockport.run(["runs"]).ok();
    assert_eq!(listed.stderr, "");
    for run in &yesterday.runs {
        assert!(listed.stdout.contains(run), "{run}: {}", listed.stdout);
    }
    let document = yesterday.stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(document["runs"].as_array().unwrap().len(), RUNS, "{document}");
}

#[test]
fn a_run_is_undone_by_its_name() {
    let yesterday = yesterday();
    let touched = ["A01", "A02", "N01", "A04"];
    let kush = json!([["Kush", 7], ["Item A02", 8], ["New", 1], ["Item A04", 5]]);
    assert_eq!(yesterday.stored(ORG, &touched), kush);
    yesterday.counts(
        &["undo", &yesterday.runs[COUNTED], "--yes"],
        &[("updated", 3), ("deleted", 2)],
    );
    let before = json!([["Item A01", 5], ["Item A02", 5], null, ["Item A04", 5]]);
    assert_eq!(yesterday.stored(ORG, &touched), before);
    // What `restore --exact` had deleted.
    assert_eq!(yesterday.stored(ORG, &["E01"]), json!([null]));
    yesterday.counts(&["undo", &yesterday.runs[RESTORED], "--yes"], &[("created", 1)]);
    assert_eq!(yesterday.stored(ORG, &["E01"]), json!([["Item E01", 1]]));
    yesterday.counts(
        &["undo", &yesterday.runs[MIGRATED], "--yes", "--org", BRANCH],
        &[("deleted", 12)],
    );
    assert_eq!(yesterday.stored(BRANCH, &["A01", "N01"]), json!([null, null]));
}

#[test]
fn the_undo_of_a_deletion_can_be_undone() {
    let yesterday = yesterday();
    assert_eq!(yesterday.stored(ORG, &["A10"]), json!([["Item A10", 5]]));
    yesterday.counts(&["undo", &yesterday.runs[DELETED + 1], "--yes"], &[("deleted", 1)]);
    assert_eq!(yesterday.stored(ORG, &["A10"]), json!([null]));
    yesterday.counts(&["undo", &yesterday.runs[DELETED], "--yes"], &[("created", 1)]);
    assert_eq!(yesterday.stored(ORG, &["A10"]), json!([["Item A10", 5]]));
}

#[test]
fn an_interrupted_import_is_resumed_or_another_version_named() {
    let yesterday = yesterday();
    let last = ["L01", "L08", "K08"];
    assert_eq!(yesterday.stored(ORG, &last), json!([["Item L01", 3], null, null]));
    // One was interrupted by Ctrl-C, the other one killed.
    let named = format!("--resume={}", yesterday.runs[INTERRUPTED]);
    for (file, resume) in [("load.csv", named.as_str()), ("late.csv", "--resume")] {
        let args = ["import", file, resume];
        yesterday.counts(
            &args,
            &[("read", 8), ("created", 8), ("failed", 0), ("not_attempted", 0)],
        );
    }
    let all = json!([["Item L01", 3], ["Item L08", 3], ["Item K08", 3]]);
    assert_eq!(yesterday.stored(ORG, &last), all);
}

#[test]
fn snapshots_are_listed_verified_restored_and_compared() {
    let yesterday = yesterday();
    let listed = yesterday.stockport.run(["backup", "list", "bk"]).ok();
    for snapshot in &yesterday.snapshots {
        assert!(listed.stdout.contains(snapshot), "{snapshot}: {}", listed.stdout);
    }
    yesterday.stockport.run(["backup", "verify", "bk"]).ok();
    let kept = yesterday.stockport.home().join("data/stockport/snapshots");
    for org in [ORG, BRANCH] {
        let folder = kept.join(org);
        yesterday
            .stockport
            .run(["backup", "verify", folder.to_str().unwrap()])
            .ok();
    }
    let [first, safety, last] = [0, 1, 3].map(|number| yesterday.snapshot(number));
    let differ = yesterday.stockport.run(["diff", &first, &last]).exit(4);
    for id in ["A01", "A03", "N02"] {
        assert!(differ.stdout.contains(id), "{}", differ.stdout);
    }
    yesterday.stockport.run(["diff", &yesterday.snapshot(2), &last]).ok();
    let org = format!("org:{ORG}");
    assert!(yesterday.run(&["diff", &last, &org]).exit(4).stdout.contains("L01"));
    // A safety copy is restored when it is named.
    yesterday.counts(&["backup", "restore", &safety], &[("created", 1), ("updated", 3)]);
    assert_eq!(
        yesterday.stored(ORG, &["E01", "A01"]),
        json!([["Item E01", 1], ["Item A01", 5]])
    );
    yesterday.counts(
        &["backup", "restore", &last, "--exact", "--yes", "--max-delete", "100%"],
        &[("updated", 3)],
    );
    assert_eq!(
        yesterday.stored(ORG, &["E01", "A01", "L01"]),
        json!([null, ["Kush", 7], null])
    );
}

#[test]
fn a_new_snapshot_stands_beside_the_old_ones() {
    let yesterday = yesterday();
    yesterday.run(&["backup", "create", "bk"]).ok();
    yesterday.stockport.run(["backup", "verify", "bk"]).ok();
    let listed = yesterday.stockport.run(["backup", "list", "bk"]).ok();
    for snapshot in &yesterday.snapshots {
        assert!(listed.stdout.contains(snapshot), "{snapshot}: {}", listed.stdout);
    }
    // The new one is the newest.
    yesterday.run(&["diff", "bk", &format!("org:{ORG}")]).ok();
}

#[test]
fn a_plan_is_carried_out() {
    let yesterday = yesterday();
    let plan = ["import", "planned.csv", "--plan", "plan.json"];
    yesterday.counts(&plan, &[("created", 1), ("updated", 1)]);
    assert_eq!(
        yesterday.stored(ORG, &["A05", "P01"]),
        json!([["Item A05", 6], ["Planned", 1]])
    );
}

#[test]
fn what_a_migration_moved_is_its_own_and_its_certificate_holds_the_same_hashes() {
    let yesterday = yesterday();
    yesterday.stockport.write("planned.csv", "item_id,quantity\nA05,6\n");
    yesterday.run(&["import", "planned.csv"]).ok();
    // A05 differs in the target, and no conflict is found: the earlier run wrote it.
    let migrate = ["migrate", "--from", ORG, "--to", BRANCH, "--certificate", "later"];
    let items = yesterday
        .run(&["export", "-", "--format", "jsonl"])
        .ok()
        .stdout
        .lines()
        .count() as u64;
    yesterday.counts(&migrate, &[("updated", 1), ("created", items - 12), ("unchanged", 11)]);
    assert_eq!(
        yesterday.stored(BRANCH, &["A05", "L01"]),
        json!([["Item A05", 6], ["Item L01", 3]])
    );
    let hashes = |name: &str| {
        let certificate: Value = serde_json::from_str(&yesterday.stockport.read(name)).unwrap();
        certificate["items"].as_array().unwrap().clone()
    };
    let later = hashes("later.json");
    let same = hashes("certificate.json")
        .into_iter()
        .filter(|item| later.contains(item))
        .count();
    assert_eq!(same, 11, "all but A05: {later:?}");
}

#[test]
fn reject_files_a_mapping_file_and_a_config_file_are_read() {
    let yesterday = yesterday();
    yesterday.counts(&["import", "load.rejects.csv"], &[("read", 4), ("created", 4)]);
    let text = yesterday.stockport.read("count.rejects.csv").replacen("B/1", "B1", 1);
    yesterday.stockport.write("count.rejects.csv", text);
    let mapped = ["--map", "map.toml"];
    yesterday.counts(
        &[&["import", "count.rejects.csv"], &mapped[..]].concat(),
        &[("created", 1)],
    );
    assert_eq!(yesterday.stored(ORG, &["B1"]), json!([["Slash", 1]]));
    let again = yesterday
        .run(&[&["import", "count.csv", "--json"], &mapped[..]].concat())
        .exit(3)
        .json();
    assert_eq!(
        (&again["unchanged"], &again["rejected"]),
        (&json!(6), &json!(1)),
        "{again}"
    );

    write_key(&yesterday.stockport, "main.key", "a-key");
    let stockport = yesterday.stockport.env("STOCKPORT_CONFIG", "config.toml");
    let document = stockport.run(["config", "check", "--json"]).ok().json();
    assert_eq!(document["profile"], json!("main"));
    assert_eq!(
        document["profiles"][1]["api"],
        json!("https://cannlytics.com/api"),
        "{document}"
    );
}
