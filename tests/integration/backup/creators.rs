//! Several processes that write to one backup at the same moment: whole snapshots, one after the other.

#[cfg(unix)]
use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stockport::snapshot::Shelf;

use super::{BRANCH, ORG, files, fill, object};
use crate::support::{Run, Stockport, TestSandbox};

/// A command that runs while others do.
fn begun(stockport: &Stockport, args: &[&str]) -> Child {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The numbers of a folder's snapshots, in their order.
fn numbers(shelf: &Shelf) -> Vec<u64> {
    let snapshots = shelf.snapshots().unwrap();
    let number = |snapshot: &stockport::snapshot::Snapshot| snapshot.manifest.as_ref().unwrap().number.unwrap();
    snapshots.iter().map(number).collect()
}

#[test]
fn creators_of_one_organization_at_once_each_make_a_snapshot_of_their_own() {
    let server = TestSandbox::new();
    fill(&server, ORG, 2_000);
    let stockport = Stockport::new().at(&server, ORG);
    let creators: Vec<Child> = (0..4)
        .map(|_| begun(&stockport, &["backup", "create", "bk", "--json"]))
        .collect();
    let mut names: Vec<String> = creators
        .into_iter()
        .map(|child| {
            ended(child).ok().json()["backups"][0]["snapshot"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let numbers = numbers(&shelf);
    assert!(numbers.len() == 4 && numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    stockport.run(["backup", "verify", "bk"]).ok();
    // Nothing half made is left, and the data are there once.
    assert_eq!(files(shelf.folder()).len(), 5, "{:?}", files(shelf.folder()));
}

#[test]
fn creators_of_two_organizations_at_once_share_a_folder() {
    let server = TestSandbox::new();
    let both = [ORG, BRANCH].map(|org| {
        fill(&server, org, 1_000);
        Stockport::new().at(&server, org)
    });
    let dir = both[0].path("bk").display().to_string();
    for night in 1..=3 {
        let creators = both
            .each_ref()
            .map(|stockport| begun(stockport, &["backup", "create", &dir]));
        for child in creators {
            ended(child).ok();
        }
        for org in [ORG, BRANCH] {
            let shelf = Shelf::of(both[0].path("bk").as_path(), org).unwrap();
            assert_eq!(numbers(&shelf).len(), night);
        }
    }
    both[0].run(["backup", "verify", &dir]).ok();
}

#[test]
fn a_second_creator_waits_for_the_first_as_long_as_it_may() {
    let server = TestSandbox::new();
    fill(&server, ORG, 10);
    let stockport = Stockport::new().at(&server, ORG);
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    let lock = shelf.lock(Duration::from_secs(60), &mut |_| {}, &|| false).unwrap();
    for command in [
        &["backup", "create", "bk", "--wait", "0"][..],
        &["backup", "create", "bk", "--wait", "1"],
    ] {
        let run = stockport.run(command).exit(1);
        assert!(
            run.stderr.contains("another stockport process is using") && run.stderr.contains("--wait"),
            "{run:?}"
        );
    }
    assert!(files(shelf.folder()).is_empty(), "{:?}", files(shelf.folder()));
    let waiting = begun(&stockport, &["backup", "create", "bk", "--wait", "600"]);
    thread::sleep(Duration::from_millis(300));
    drop(lock);
    ended(waiting).ok();
    assert_eq!(numbers(&shelf).len(), 1);
    stockport.run(["backup", "verify", "bk"]).ok();
}

#[test]
fn a_creator_and_a_pruner_at_once_leave_the_newest_and_nothing_broken() {
    let server = TestSandbox::new();
    fill(&server, ORG, 500);
    let store = server.sandbox.store();
    let stockport = Stockport::new().at(&server, ORG);
    let shelf = Shelf::of(&stockport.path("bk"), ORG).unwrap();
    stockport.run(["backup", "create", "bk"]).ok();
    for turn in 0..6 {
        // Every second time nothing has changed, so that the data are shared with one that is pruned meanwhile.
        let id = format!("N{}", turn / 2);
        store.put(ORG, &id, object(json!({"item_id": id}))).unwrap();
        let creator = begun(&stockport, &["backup", "create", "bk", "--keep-last", "2", "--json"]);
        let pruner = begun(&stockport, &["backup", "prune", "bk", "--keep-last", "1"]);
        let created = ended(creator).ok().json();
        ended(pruner).ok();
        let snapshots = shelf.snapshots().unwrap();
        let newest = snapshots.last().unwrap();
        assert_eq!(
            created["backups"][0]["snapshot"],
            Value::from(newest.name.to_string()),
            "turn {turn}"
        );
        assert!(snapshots.len() <= 2, "turn {turn}: {snapshots:?}");
        stockport.run(["backup", "verify", "bk"]).ok();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn creators_on_a_disk_with_room_for_few_of_them_leave_whole_snapshots_and_say_what_is_full() {
    use crate::support::disk::SmallDisk;

    let Some(disk) = SmallDisk::new(512) else { return };
    let server = TestSandbox::new();
    let store = server.sandbox.store();
    for number in 0..2_000 {
        let id = format!("A{number:05}");
        // Text that zstd makes little smaller.
        let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(160).collect();
        store
            .put(ORG, &id, object(json!({"item_id": id, "name": noise})))
            .unwrap();
    }
    let stockport = Stockport::new().at(&server, ORG);
    let dir = format!("{}/bk", disk.path());
    let mut full = 0;
    for turn in 0..3 {
        store
            .put(ORG, "T", object(json!({"item_id": "T", "name": turn.to_string()})))
            .unwrap();
        let creators = [(); 2].map(|()| begun(&stockport, &["backup", "create", &dir]));
        for child in creators {
            let run = ended(child);
            if run.code != 0 {
                let run = run.exit(1);
                assert!(run.stderr.contains("the disk is full"), "{run:?}");
                full += 1;
            }
        }
        stockport.run(["backup", "verify", &dir]).ok();
    }
    assert!(full > 0, "the disk was too large");
    // The next writer clears what those left that found no room.
    let shelf = Shelf::of(&disk.folder().join("bk"), ORG).unwrap();
    let kept = numbers(&shelf).len();
    assert!(kept > 0);
    let pruned = stockport.run(["backup", "prune", &dir, "--keep-last", "1"]).ok();
    assert!(pruned.stdout.contains("kept 1"), "{pruned:?}");
    let names = fs::read_dir(shelf.folder()).unwrap();
    let names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.contains(".part")), "{names:?}");
}
