//! The order of exports and snapshots: by id, whatever order the server lists its items in.
//!
//! Doesn't belong here: which items are exported (`export`), what has changed (`since`).

use std::fs;

use serde_json::{Value, json};
use stockport::inventory::{ItemStore, Receiver as _};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

/// An inventory with late fields, nested values, ids of every kind, and items whose document can't be told.
fn fill(server: &Faulty) {
    for number in 0..40 {
        server.put(
            ORG,
            &json!({"item_id": number.to_string(), "name": "n", "quantity": number}),
        );
    }
    for item in [
        json!({"item_id": "é", "zeta": 1, "alpha": {"z": 1, "a": [{"y": 1, "b": 2}]}}),
        json!({"item_id": "a b", "late": "x", "quantity": 1.50}),
        json!({"item_id": "A", "dose": "None", "Zulu": true}),
    ] {
        server.put(ORG, &item);
    }
    for (id, note) in [("X", "second"), ("Y", "first"), ("Z", "first")] {
        server.put_as(
            ORG,
            id,
            &json!({"id": "nobody", "note": note, "unique": id.to_lowercase()}),
        );
    }
}

/// A server that lists its items in the order of this seed.
fn listing(seed: u64) -> (Faulty, Stockport) {
    let server = Faulty::new().rule(Rule::every(1, Fault::Reordered(seed)).on_lists());
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    (server, stockport)
}

#[test]
fn two_exports_of_one_inventory_are_the_same_bytes_in_every_format() {
    let servers = [listing(1), listing(2), listing(3)];
    let raw: &[&str] = &["--raw"];
    for (file, options) in [
        ("out.csv", &[][..]),
        ("out.tsv", &["--excel-safe"]),
        ("out.json", &[]),
        ("out.jsonl", raw),
        ("out.xlsx", &[]),
        ("raw.xlsx", raw),
        ("out.csv.gz", &[]),
        ("out.jsonl.zst", &[]),
        ("some.csv", &["--where", "quantity>3", "--fields", "quantity,item_id"]),
    ] {
        let written = servers.each_ref().map(|(_, stockport)| {
            stockport.run(["export", file].iter().chain(options).copied()).ok();
            fs::read(stockport.path(file)).unwrap()
        });
        assert!(written.iter().all(|other| *other == written[0]), "{file}");
    }
    let streamed = servers
        .each_ref()
        .map(|(_, stockport)| stockport.run(["export", "-"]).ok().stdout);
    assert!(streamed.iter().all(|other| *other == streamed[0]));
    let first = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let lines: Vec<Value> = streamed[0].lines().map(first).collect();
    let ids: Vec<&str> = lines.iter().filter_map(|line| line["item_id"].as_str()).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(ids, sorted);
    assert_eq!((ids.len(), lines.len()), (43, 46), "items without an id come first");
    assert!(lines[..3].iter().all(|line| line["item_id"].is_null()), "{lines:?}");
}

#[test]
fn the_servers_order_is_kept_where_it_is_asked_for() {
    let (_server, stockport) = listing(7);
    let ids = |order: &str| {
        let run = stockport
            .run(["export", "-", "--order", order, "--fields", "item_id"])
            .ok();
        run.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (own, by_id) = (ids("server"), ids("id"));
    assert_ne!(own, by_id);
    stockport
        .run(["export", "own.csv", "--order", "server", "--fields", "item_id"])
        .ok();
    let written = stockport.read("own.csv");
    assert_eq!(written.lines().count(), 47);
    let column = |line: &String| serde_json::from_str::<Value>(line).unwrap()["item_id"].clone();
    let column: Vec<String> = own
        .iter()
        .map(|line| column(line).as_str().unwrap_or("").to_owned())
        .collect();
    let listed = |line: &str| line.trim_matches('"').to_owned();
    assert_eq!(written.lines().skip(1).map(listed).collect::<Vec<_>>(), column);
    let mut sorted = own.clone();
    sorted.sort_unstable();
    let mut all = by_id;
    all.sort_unstable();
    assert_eq!(sorted, all, "the same items");
    stockport.run(["export", "out.csv", "--order", "name"]).exit(2);
}

#[test]
fn snapshots_of_one_inventory_share_their_items_whatever_order_they_come_in() {
    let server = Faulty::new()
        .rule(Rule::first(1, Fault::Reordered(1)).on_lists())
        .rule(Rule::from(4, Fault::Reordered(2)).on_lists());
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for _ in 0..3 {
        stockport.run(["backup", "create", "bk"]).ok();
    }
    let files = fs::read_dir(stockport.path("bk").join(ORG)).unwrap();
    let data = files.filter(|file| {
        file.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".jsonl.zst")
    });
    assert_eq!(data.count(), 1);
    stockport.run(["backup", "verify", "bk"]).ok();
}

/// The time of writing would make two workbooks of the same rows differ.
#[test]
fn no_workbook_holds_the_time_of_its_writing() {
    let (_server, stockport) = listing(1);
    stockport.write("in.csv", "item_id,name\nA,other\nnew,new\n");
    stockport.run(["export", "export.xlsx"]).ok();
    stockport.run(["template", "template.xlsx"]).ok();
    stockport.run(["template", "filled.xlsx", "--with-data"]).ok();
    stockport.run(["convert", "in.csv", "convert.xlsx"]).ok();
    stockport.run(["import", "in.csv", "--plan-out", "plan.xlsx"]).ok();
    stockport.run(["import", "in.csv", "--report", "report.xlsx"]).ok();
    for name in ["export", "template", "filled", "convert", "plan", "report"] {
        let file = fs::File::open(stockport.path(&format!("{name}.xlsx"))).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).unwrap();
            let time = entry.last_modified().unwrap();
            assert_eq!(
                (time.year(), time.month(), time.day()),
                (1980, 1, 1),
                "{name}: {:?}",
                entry.name()
            );
        }
        let core = std::io::read_to_string(archive.by_name("docProps/core.xml").unwrap()).unwrap();
        assert_eq!(core.matches("1980-01-01T00:00:00Z").count(), 2, "{name}: {core}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_while_items_are_sorted_is_a_plain_error_and_leaves_nothing() {
    use crate::support::disk::SmallDisk;

    // The items take 30 MB, of which 24 are held in memory.
    let Some(disk) = SmallDisk::new(40 << 10) else { return };
    let server = Faulty::new().rule(Rule::every(1, Fault::Reordered(1)).on_lists());
    for number in 0..500 {
        server.put(
            ORG,
            &json!({"item_id": format!("{number:03}"), "name": "x".repeat(60_000)}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG).env("TMPDIR", &disk.path());
    for file in ["out.json", "-"] {
        let run = stockport.run(["export", file, "--no-progress"]).exit(1);
        assert!(
            run.stderr
                .contains("a temporary file can't be written or read: the disk is full")
                && run.stderr.contains("TMPDIR"),
            "{}",
            run.stderr
        );
        assert!(run.stdout.is_empty(), "a part was printed");
    }
    assert!(!stockport.path("out.json").exists());
    assert_eq!(fs::read_dir(disk.folder()).unwrap().count(), 0);
    // Rows of text are moved within a second copy of the file, which doesn't fit.
    let out = format!("{}/out.csv", disk.path());
    let elsewhere = Stockport::new().at_faulty(&server, ORG);
    let run = elsewhere.run(["export", &out, "--no-progress"]).exit(1);
    assert!(
        run.stderr.contains("out.csv can't be written: the disk is full"),
        "{}",
        run.stderr
    );
    assert_eq!(fs::read_dir(disk.folder()).unwrap().count(), 0);
    // The changes are kept beside the list.
    let since = ["export", "out.csv", "--since", "2026-11-22", "--no-progress"];
    let run = stockport.run(since).exit(1);
    assert!(
        run.stderr.contains("the disk is full") && run.stderr.contains("TMPDIR"),
        "{}",
        run.stderr
    );
    let order = ["--order", "server", "--no-progress"];
    stockport.run(["export", "out.csv"].into_iter().chain(order)).ok();
}

fn stored(items: &[Value]) -> ItemStore {
    let mut store = ItemStore::new().unwrap();
    for item in items {
        store.item(item.as_object().unwrap().clone()).unwrap();
    }
    store
}

#[test]
fn ids_ascend_byte_by_byte_and_each_comes_once() {
    let ascends = |ids: &[Option<&str>]| {
        let items: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        stored(&items).ascends()
    };
    assert!(ascends(&[]));
    assert!(ascends(&[Some("10"), Some("2"), Some("A"), Some("a"), Some("é")]));
    for ids in [
        &[Some("2"), Some("10")][..],
        &[Some("A"), Some("A")],
        &[Some("A"), Some("C"), Some("B")],
        &[Some("A"), None],
        &[None, Some("A")],
    ] {
        assert!(!ascends(ids), "{ids:?}");
    }
}

#[test]
fn a_store_is_sorted_by_id_and_then_by_content_and_finds_its_items_afterwards() {
    let items = [
        json!({"id": "B", "n": 1.5}),
        json!({"z": 1, "a": 2}),
        json!({"a": 1}),
        json!({"id": "10"}),
        json!({"id": "2", "deep": {"b": 1, "a": 2}}),
    ];
    let wanted = [2, 1, 3, 4, 0].map(|at: usize| items[at].as_object().unwrap().clone());
    for turn in 0..items.len() {
        let mut turned = items.to_vec();
        turned.rotate_left(turn);
        let mut store = stored(&turned);
        store.sort::<std::io::Error>(&mut |_| Ok(())).unwrap();
        assert!(store.ascends());
        assert_eq!((store.count(), store.fields().len()), (5, 5));
        assert_eq!(store.get("10").unwrap().as_ref(), items[3].as_object());
        let mut sorted = Vec::new();
        let each = store.each::<std::io::Error>(|item| {
            sorted.push(item);
            Ok(())
        });
        each.unwrap();
        assert_eq!(sorted, wanted);
    }
}
