//! The newest by number, whatever the dates say; and what can't be read between them.

use std::collections::BTreeSet;
use std::fs;

use super::super::tests::{Folder, some};
use super::super::*;
use super::*;
use crate::error::UserError as _;

fn at(text: &str) -> When {
    When {
        text: text.to_owned(),
        until: format!("{text}T23:59:59Z").parse().unwrap(),
    }
}

/// Snapshots of different content, in the order of their making.
fn made(dates: &[&str]) -> Folder {
    let folder = Folder::new();
    for (turn, date) in dates.iter().enumerate() {
        let mut items = some();
        items[0].insert("turn".to_owned(), serde_json::json!(turn));
        folder.create(&items, &format!("{date}T02:00:00Z"));
    }
    folder
}

fn dates(snapshots: &[Snapshot]) -> Vec<String> {
    let date = |snapshot: &Snapshot| snapshot.name.to_string().split('T').next().unwrap().to_owned();
    snapshots.iter().map(date).collect()
}

fn path(folder: &Folder, date: &str) -> PathBuf {
    folder
        .shelf()
        .folder()
        .join(format!("{date}T02-00-00Z{}", name::MANIFEST))
}

fn damage(folder: &Folder, date: &str) {
    fs::write(path(folder, date), "{").unwrap();
}

/// Makes of a snapshot one that 0.1.0 would have written.
fn without_number(folder: &Folder, date: &str) {
    let path = path(folder, date);
    let manifest = Manifest::from_bytes(&fs::read(&path).unwrap()).unwrap();
    let old = Manifest {
        number: None,
        ..manifest
    };
    fs::write(path, old.sealed().to_bytes()).unwrap();
}

fn newest(folder: &Folder, when: &When) -> Result<String, SnapshotError> {
    let newest = folder.shelf().newest(when)?;
    Ok(dates(&[newest]).remove(0))
}

#[test]
fn the_newest_is_the_one_that_was_made_last_whatever_the_clock_said() {
    let folder = made(&["2031-01-01", "2026-11-27", "1970-01-01", "2026-11-28", "2026-11-20"]);
    let snapshots = folder.shelf().snapshots().unwrap();
    assert_eq!(
        dates(&snapshots),
        ["2031-01-01", "2026-11-27", "1970-01-01", "2026-11-28", "2026-11-20"]
    );
    assert_eq!(newest(&folder, &When::latest()).unwrap(), "2026-11-20");
    assert_eq!(newest(&folder, &at("2026-11-27")).unwrap(), "2026-11-20");
    assert_eq!(newest(&folder, &at("2026-11-19")).unwrap(), "1970-01-01");
    let none = newest(&folder, &at("1969-12-31")).unwrap_err();
    assert!(none.to_string().contains("the oldest is 1970-01-01"), "{none}");
    let last = folder.shelf().last_good().unwrap().unwrap();
    assert_eq!(dates(&[last]), ["2026-11-20"]);
}

#[test]
fn those_without_a_number_come_first_by_name() {
    let folder = made(&["2026-11-27", "2026-11-25", "2026-11-26", "2026-11-24"]);
    for date in ["2026-11-27", "2026-11-25"] {
        without_number(&folder, date);
    }
    assert_eq!(
        dates(&folder.shelf().snapshots().unwrap()),
        ["2026-11-25", "2026-11-27", "2026-11-26", "2026-11-24"]
    );
}

#[test]
fn the_next_number_is_above_those_that_are_there_also_where_the_counter_is_gone() {
    let folder = made(&["2026-11-21", "2026-11-22"]);
    let number = |created: &Created| created.manifest.number;
    for file in folder.shelf().folder().read_dir().unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with(".number-") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    assert_eq!(number(&folder.create(&some(), "2026-11-20T02:00:00Z")), Some(3));
    assert_eq!(newest(&folder, &When::latest()).unwrap(), "2026-11-20");
}

#[test]
fn the_newest_is_not_known_while_one_that_cannot_be_read_may_be_newer() {
    // The newest itself can't be read, and one behind it can.
    let folder = made(&["2026-11-21", "2026-11-22"]);
    damage(&folder, "2026-11-22");
    let refused = newest(&folder, &When::latest()).unwrap_err();
    assert!(
        refused.to_string().contains("2026-11-22T02-00-00Z is damaged") && refused.to_string().contains("newer than"),
        "{refused}"
    );
    assert!(refused.hint().contains("2026-11-21T02-00-00Z"), "{}", refused.hint());
    assert_eq!(
        newest(&folder, &at("2026-11-21")).unwrap(),
        "2026-11-21",
        "another day's is not asked for"
    );
    assert!(newest(&folder, &at("2026-11-22")).is_err());
    assert_eq!(
        dates(&folder.shelf().snapshots().unwrap()),
        ["2026-11-21", "2026-11-22"]
    );
    // The next one settles it: its number is the highest that was ever taken.
    folder.create(&some(), "2026-11-20T02:00:00Z");
    assert_eq!(newest(&folder, &When::latest()).unwrap(), "2026-11-20");
    // The date of one that was made under a wrong clock proves nothing.
    let folder = made(&["2026-11-22", "2026-11-21"]);
    damage(&folder, "2026-11-21");
    assert!(matches!(
        newest(&folder, &When::latest()),
        Err(SnapshotError::NewestUnknown { .. })
    ));
}

#[test]
fn an_older_one_that_cannot_be_read_is_in_nobodys_way() {
    let folder = made(&["2026-11-21", "2026-11-22", "2026-11-23"]);
    damage(&folder, "2026-11-22");
    assert_eq!(newest(&folder, &When::latest()).unwrap(), "2026-11-23");
    assert_eq!(newest(&folder, &at("2026-11-23")).unwrap(), "2026-11-23");
    assert_eq!(newest(&folder, &at("2026-11-21")).unwrap(), "2026-11-21");
    assert_eq!(
        dates(&folder.shelf().snapshots().unwrap()),
        ["2026-11-21", "2026-11-22", "2026-11-23"]
    );
}

#[test]
fn where_nothing_was_ever_numbered_names_are_the_order() {
    let folder = made(&["2026-11-21", "2026-11-22"]);
    for date in ["2026-11-21", "2026-11-22"] {
        without_number(&folder, date);
    }
    for file in folder.shelf().folder().read_dir().unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with(".number-") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    damage(&folder, "2026-11-21");
    assert_eq!(newest(&folder, &When::latest()).unwrap(), "2026-11-22");
    without_number(&made(&["2026-11-21"]), "2026-11-21");
    fs::copy(path(&folder, "2026-11-21"), path(&folder, "2026-11-23")).unwrap();
    assert!(matches!(
        newest(&folder, &When::latest()),
        Err(SnapshotError::NewestUnknown { .. })
    ));
}

#[test]
fn one_of_a_newer_format_is_called_that() {
    let folder = made(&["2026-11-21", "2026-11-22"]);
    fs::write(path(&folder, "2026-11-22"), "{\"format\": 2, \"new\": true}").unwrap();
    let refused = newest(&folder, &When::latest()).unwrap_err();
    assert!(
        refused.to_string().contains("newer stockport") && refused.hint().contains("update stockport"),
        "{refused}"
    );
    fs::remove_file(path(&folder, "2026-11-21")).unwrap();
    assert!(matches!(
        newest(&folder, &When::latest()),
        Err(SnapshotError::Newer { format: 2, .. })
    ));
    // Nobody knows which data it names.
    assert!(folder.shelf().clean(&folder.lock()).unwrap().is_empty());
}

#[test]
fn a_date_in_the_future_is_named_and_a_clock_that_differs_a_little_is_not() {
    let folder = made(&["2041-01-01", "2031-11-27", "2040-01-01"]);
    let snapshots = folder.shelf().snapshots().unwrap();
    let now: Timestamp = "2031-11-27T01:55:00Z".parse().unwrap();
    let warning = ahead(&snapshots, now).unwrap();
    assert!(
        warning.contains("2 snapshots are dated in the future")
            && warning.contains("2041-01-01T02-00-00Z")
            && warning.contains("2040-01-01T02-00-00Z")
            && !warning.contains("2031-11-27T02-00-00Z"),
        "{warning}"
    );
    assert!(snapshots[1].is_ahead("2031-11-27T01:54:59Z".parse().unwrap()));
    assert_eq!(ahead(&snapshots, "2041-01-01T02:00:00Z".parse().unwrap()), None);
}

#[test]
fn creators_at_once_get_different_names_and_numbers_without_locks() {
    let folder = Folder::new();
    drop(folder.lock());
    let create = |turn: usize| {
        let lock = Lock {
            _file: fs::File::open(folder.shelf().folder().join(LOCK)).unwrap(),
            is_exclusive: false,
        };
        // Half of them share what is there.
        let count = if turn.is_multiple_of(2) { 1 } else { 2 };
        let facts = Facts {
            api: String::new(),
            started: "2026-11-23T02:00:00Z".parse().unwrap(),
            grade: Grade::Proved,
            evidence: String::new(),
            kind: None,
        };
        folder
            .shelf()
            .create(&lock, &mut super::super::tests::store(&some()[..count]), &facts)
            .unwrap()
    };
    let create = &create;
    let created: Vec<Created> = std::thread::scope(|scope| {
        let creators: Vec<_> = (0..4)
            .map(|creator| scope.spawn(move || (0..5).map(|turn| create(creator + turn)).collect::<Vec<_>>()))
            .collect();
        creators
            .into_iter()
            .flat_map(|creator| creator.join().unwrap())
            .collect()
    });
    let names: BTreeSet<Name> = created.iter().map(|created| created.name).collect();
    let numbers: BTreeSet<_> = created.iter().map(|created| created.manifest.number).collect();
    assert_eq!((names.len(), numbers.len()), (20, 20));
    let snapshots = folder.shelf().snapshots().unwrap();
    assert_eq!(snapshots.len(), 20);
    for snapshot in snapshots {
        snapshot.check().unwrap();
    }
}
