//! What an export and a backup are worth when the process dies, the disk is full, or the inventory is large and strange.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use stockport::item::Object;
use stockport::snapshot::Shelf;

use crate::backup::{ORG, files, fill, object};
#[cfg(target_os = "linux")]
use crate::support::disk::SmallDisk;
use crate::support::{Stockport, TestSandbox};

const BRANCH: &str = "sandbox-branch";

/// A number from the environment, for a longer run than the usual.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// Every snapshot in the folder is as it was written.
fn assert_sound(folder: &Path) -> usize {
    if !folder.is_dir() {
        return 0;
    }
    let snapshots = Shelf::at(folder).snapshots().unwrap();
    for snapshot in &snapshots {
        snapshot
            .check()
            .unwrap_or_else(|error| panic!("{error}: {:?}", files(folder)));
    }
    snapshots.len()
}

fn timed(stockport: &Stockport, args: &[&str]) -> Duration {
    let begun = Instant::now();
    stockport.run(args).ok();
    begun.elapsed()
}

#[test]
fn a_kill_at_any_moment_leaves_whole_snapshots_and_whole_files() {
    const COUNT: usize = 1200;
    let kills = number("STOCKPORT_KILLS", 200);
    let server = TestSandbox::new();
    fill(&server, ORG, COUNT);
    let stockport = Stockport::new().at(&server, ORG);
    let export = ["export", "out.csv", "--force", "--no-progress"];
    let backup = ["backup", "create", "bk", "--keep-last", "3", "--no-progress"];
    let mut usual = [timed(&stockport, &export), timed(&stockport, &backup)];
    let folder = stockport.path("bk").join(ORG);
    let mut random = fastrand::Rng::with_seed(5);
    let (mut killed, mut turn) = (0, 0);
    // One that has ended before the blow doesn't count; on a machine that gets faster meanwhile the blows come sooner.
    while killed < kills && turn < 4 * kills {
        // Something changes each time, so that there are data to write.
        let changed = json!({"item_id": "A00000", "name": format!("turn {turn}")});
        server.sandbox.store().put(ORG, "A00000", object(changed)).unwrap();
        let args: &[&str] = if turn % 2 == 0 { &export } else { &backup };
        let mut child = stockport
            .command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(usual[turn % 2].mul_f64(random.f64()));
        child.kill().unwrap();
        let survived = child.wait().unwrap().success();
        usual[turn % 2] = usual[turn % 2].mul_f64(if survived { 0.9 } else { 1.02 });
        killed += usize::from(!survived);
        if turn % 2 == 0 {
            let mut csv = csv::Reader::from_path(stockport.path("out.csv")).unwrap();
            assert_eq!(csv.records().map(Result::unwrap).count(), COUNT, "turn {turn}");
        } else {
            assert!(assert_sound(&folder) > 0, "turn {turn}");
        }
        turn += 1;
    }
    assert!(killed > 0, "nothing was ever killed");
    stockport.run(backup).ok();
    let left = files(&folder);
    assert!(left.iter().all(|name| !name.contains(".part")), "{left:?}");
    assert_eq!(assert_sound(&folder), 3);
    // Three manifests, and no data but theirs.
    assert!(left.len() <= 6, "{left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_file_and_the_old_snapshots() {
    let Some(disk) = SmallDisk::new(256) else { return };
    let server = TestSandbox::new();
    fill(&server, ORG, 20);
    let stockport = Stockport::new().at(&server, ORG);
    let out = disk.folder().join("out.csv").display().to_string();
    let bk = disk.folder().join("bk").display().to_string();
    stockport.run(["export", &out]).ok();
    stockport.run(["backup", "create", &bk]).ok();
    let old = fs::read(&out).unwrap();
    let folder = Path::new(&bk).join(ORG);
    let before = files(&folder);
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..1000 {
        let id = format!("B{number}");
        let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(600).collect();
        server
            .sandbox
            .store()
            .put(ORG, &id, object(json!({"item_id": id, "name": noise})))
            .unwrap();
    }
    for args in [["export", &out, "--force"], ["backup", "create", &bk]] {
        let run = stockport.run(args).exit(1);
        assert!(run.stderr.contains("free some space"), "{}", run.stderr);
    }
    assert_eq!(fs::read(&out).unwrap(), old);
    assert_eq!(files(&folder), before);
    assert_eq!(assert_sound(&folder), 1);
    let litter = fs::read_dir(disk.folder()).unwrap().count();
    assert_eq!(litter, 2, "something was left behind");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_at_any_moment_of_a_workbook_is_a_plain_error() {
    let stockport = Stockport::new();
    let mut random = fastrand::Rng::with_seed(2);
    let mut noise = || -> String { std::iter::repeat_with(|| random.alphanumeric()).take(200).collect() };
    let rows = (0..1000).map(|number| format!("{number:05},{}\n", noise()));
    stockport.write(
        "rows.csv",
        ["item_id,name\n".to_owned()]
            .into_iter()
            .chain(rows)
            .collect::<String>(),
    );
    let (mut full, mut written) = (0, 0);
    // The rows take 300 KB, the workbook 170 KB more.
    for kilobytes in (4..600).step_by(12) {
        let Some(disk) = SmallDisk::new(kilobytes) else { return };
        let out = disk.folder().join("out.xlsx").display().to_string();
        let run = stockport.run(["convert", "rows.csv", &out]);
        let litter = fs::read_dir(disk.folder()).unwrap().count();
        if run.code == 0 {
            assert_eq!(litter, 1, "{kilobytes} KB");
            written += 1;
            continue;
        }
        assert_eq!((run.code, litter), (1, 0), "{kilobytes} KB: {}", run.stderr);
        let lines: Vec<&str> = run.stderr.lines().collect();
        let [.., error, hint] = lines[..] else {
            panic!("{kilobytes} KB: {}", run.stderr)
        };
        assert!(error.ends_with(": the disk is full"), "{kilobytes} KB: {}", run.stderr);
        assert_eq!(
            hint, "hint: free some space, or write to another disk",
            "{kilobytes} KB: {}",
            run.stderr
        );
        assert!(
            lines
                .iter()
                .all(|line| !line.contains("panicked") && !line.contains("archive")),
            "{}",
            run.stderr
        );
        full += 1;
    }
    assert!(full > 30 && written > 2, "{full} full, {written} written");
}

/// Values that an inventory can hold: no array in an array, no field that the API refuses, numbers to the edges of a double.
fn values() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no infinity", |number| number.is_finite())
            .prop_map(Value::from),
        prop::sample::select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 1e15 + 0.5])
            .prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["", "None", "NaN", "0001", "1E10", "=1+1", " "]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let map = prop::collection::btree_map("\\PC{1,8}", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(
                inner.prop_filter("no array in an array", |value| !value.is_array()),
                0..4
            )
            .prop_map(Value::from),
            map.prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn without_stamps(server: &TestSandbox, org: &str) -> Vec<(String, Object)> {
    let items = server.sandbox.store().items(org).unwrap();
    let bare = items.into_iter().map(|(id, mut item)| {
        item.retain(|field, _| field != "updated_at" && field != "updated_by");
        (id, item)
    });
    bare.collect()
}

#[test]
fn any_inventory_goes_into_a_backup_and_back_field_for_field() {
    let cases = u32::try_from(number("STOCKPORT_CASES", 12)).unwrap();
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let item = prop::collection::btree_map("\\PC{1,12}", values(), 0..8);
    let inventory = prop::collection::btree_map("[^/\\p{Cc}]{1,20}", item, 1..60);
    let outcome = runner.run(&inventory, |inventory| {
        let server = TestSandbox::new();
        let store = server.sandbox.store();
        let mut taken = 0;
        for (id, fields) in inventory {
            let mut item: Object = fields.into_iter().collect();
            for own in ["id", "updated_at", "updated_by"] {
                item.remove(own);
            }
            item.insert("item_id".to_owned(), json!(id));
            // What the API itself refuses can't be in an inventory.
            taken += usize::from(store.put(ORG, &id, item).is_ok());
        }
        let stockport = Stockport::new().at(&server, ORG);
        stockport.run(["backup", "create", "bk"]).ok();
        let args = ["backup", "restore", "bk", "--org", BRANCH, "--verify", "--json"];
        let summary = stockport.run(args).ok().json();
        prop_assert_eq!(&summary["created"], &json!(taken));
        prop_assert_eq!(without_stamps(&server, BRANCH), without_stamps(&server, ORG));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn an_item_of_a_mebibyte_goes_into_a_backup_and_back() {
    let server = TestSandbox::new();
    let large = json!({"item_id": "large", "text": "ü".repeat(500_000), "more": ["x".repeat(20_000)]});
    server.sandbox.store().put(ORG, "large", object(large)).unwrap();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    stockport
        .run(["backup", "restore", "bk", "--org", BRANCH, "--verify"])
        .ok();
    assert_eq!(without_stamps(&server, BRANCH), without_stamps(&server, ORG));
}

#[test]
fn a_large_inventory_is_exported_whole_in_each_format() {
    let count = number("STOCKPORT_ITEMS", 100_000);
    let server = TestSandbox::new();
    let store = server.sandbox.store();
    for number in 0..count {
        let id = format!("{number:024}");
        store
            .put(
                ORG,
                &id,
                object(json!({"item_id": id, "quantity": number, "name": "Kush"})),
            )
            .unwrap();
    }
    let stockport = Stockport::new().at(&server, ORG);
    let summary = |file: &str| stockport.run(["export", file, "--json", "--no-progress"]).ok().json();
    for file in ["out.csv", "out.jsonl.zst"] {
        let summary = summary(file);
        assert_eq!(
            (&summary["items"], &summary["completeness"]),
            (&json!(count), &json!("proved")),
            "{file}"
        );
    }
    let mut csv = csv::Reader::from_path(stockport.path("out.csv")).unwrap();
    let mut total = 0;
    for (number, record) in csv.records().enumerate() {
        let record = record.unwrap();
        assert_eq!(&record[0], format!("{number:024}"));
        total += record[7].parse::<usize>().unwrap();
    }
    assert_eq!(total, count * (count - 1) / 2);
    let packed = fs::File::open(stockport.path("out.jsonl.zst")).unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(zstd::Decoder::new(packed).unwrap()));
    assert_eq!(lines.map(Result::unwrap).count(), count);
    for file in ["out.tsv", "out.json", "out.xlsx"] {
        assert_eq!(summary(file)["items"], json!(count), "{file}");
        // Every one of them is read back with its own id, and nothing else.
        let back = stockport
            .run(["convert", file, "-", "--format", "csv", "--no-progress"])
            .ok();
        let mut csv = csv::Reader::from_reader(back.stdout.as_bytes());
        let ids = csv.records().map(|record| record.unwrap()[0].to_owned());
        assert!(ids.eq((0..count).map(|number| format!("{number:024}"))), "{file}");
    }
    stockport.run(["backup", "create", "bk", "--no-progress"]).ok();
    assert_eq!(assert_sound(&stockport.path("bk").join(ORG)), 1);
}
