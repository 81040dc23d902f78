//! Snapshots written and read back, damaged, interrupted, shared, found.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use jiff::Timestamp;

use super::*;
use crate::inventory::Receiver as _;
use crate::item::Object;

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

pub(super) fn store(items: &[Object]) -> crate::inventory::ItemStore {
    let mut store = crate::inventory::ItemStore::new().unwrap();
    for item in items {
        store.item(item.clone()).unwrap();
    }
    store
}

pub(super) fn some() -> Vec<Object> {
    [
        json!({"id": "B", "item_id": "B", "name": "None", "nested": {"z": [1, {"a": null}], "a": "Ü"}}),
        json!({"id": "A/ /柚子", "item_id": 5, "quantity": 0.1, "line": "a\nb"}),
    ]
    .map(object)
    .into()
}

pub(super) struct Folder {
    pub(super) dir: TempDir,
}

impl Folder {
    pub(super) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn shelf(&self) -> Shelf {
        Shelf::of(self.dir.path(), "org").unwrap()
    }

    pub(super) fn lock(&self) -> Lock {
        self.shelf().lock(Duration::ZERO, &mut |_| {}, &|| false).unwrap()
    }

    pub(super) fn create(&self, items: &[Object], started: &str) -> Created {
        let facts = Facts {
            api: "https://example.com/api".into(),
            started: started.parse().unwrap(),
            grade: Grade::Proved,
            evidence: "both ends".into(),
            kind: None,
        };
        self.shelf().create(&self.lock(), &mut store(items), &facts).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut files = listing(self.shelf().folder()).unwrap();
        files.retain(|file| !file.starts_with('.'));
        files.sort();
        files
    }
}

pub(super) fn read(snapshot: &Snapshot) -> Vec<Object> {
    snapshot.check().unwrap();
    let mut items = Vec::new();
    snapshot
        .each::<SnapshotError>(|item| {
            items.push(item);
            Ok(())
        })
        .unwrap();
    items
}

#[test]
fn items_come_back_as_they_were_stored_in_the_order_of_their_ids() {
    let folder = Folder::new();
    let created = folder.create(&some(), "2026-11-23T02:00:00.9Z");
    assert_eq!(
        folder.files(),
        ["2026-11-23T02-00-00Z.jsonl.zst", "2026-11-23T02-00-00Z.manifest.json"]
    );
    let snapshots = folder.shelf().snapshots().unwrap();
    let mut expected = some();
    expected.reverse();
    assert_eq!(read(&snapshots[0]), expected);
    let manifest = snapshots[0].manifest().unwrap();
    assert_eq!(manifest, &created.manifest);
    assert_eq!((manifest.items, manifest.organization.as_str()), (2, "org"));
    assert_eq!(manifest.fields, ["id", "item_id", "line", "name", "nested", "quantity"]);
}

#[test]
fn the_same_items_make_the_same_bytes_in_whatever_order_they_arrive() {
    let (a, b) = (Folder::new(), Folder::new());
    let mut turned = some();
    turned.reverse();
    let (a, b) = (
        a.create(&some(), "2026-11-23T02:00:00Z"),
        b.create(&turned, "2026-11-23T02:00:00Z"),
    );
    assert_eq!(a.manifest.data, b.manifest.data);
}

#[test]
fn an_unchanged_inventory_costs_a_manifest_and_its_data_stay_while_any_needs_them() {
    let folder = Folder::new();
    let first = folder.create(&some(), "2026-11-23T02:00:00Z");
    let second = folder.create(&some(), "2026-11-23T02:00:00Z");
    let third = folder.create(&some()[..1], "2026-11-24T02:00:00Z");
    assert_eq!(second.name.to_string(), "2026-11-23T02-00-00Z-2");
    assert_eq!((second.same_as, third.same_as), (Some(first.name), None));
    assert_eq!(second.manifest.data, first.manifest.data);
    assert_eq!(folder.files().len(), 5);
    folder.shelf().remove(&folder.lock(), &[first.name]).unwrap();
    assert!(folder.files().contains(&first.manifest.data.file));
    let snapshots = folder.shelf().snapshots().unwrap();
    assert_eq!(read(&snapshots[0]).len(), 2);
    folder.shelf().remove(&folder.lock(), &[second.name]).unwrap();
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn damaged_data_are_never_shared() {
    let folder = Folder::new();
    let first = folder.create(&some(), "2026-11-23T02:00:00Z");
    let path = folder.shelf().folder().join(&first.manifest.data.file);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let second = folder.create(&some(), "2026-11-24T02:00:00Z");
    assert_eq!(second.same_as, None);
    assert!(
        matches!(second.warnings.as_slice(), [one] if one.contains(&first.manifest.data.file) && one.contains("written again")),
        "{:?}",
        second.warnings
    );
    // The new file is there now, and nothing needs to be written again.
    let third = folder.create(&some(), "2026-11-25T02:00:00Z");
    assert_eq!((third.same_as, third.warnings), (Some(second.name), Vec::new()));
    fs::remove_file(folder.shelf().folder().join(&second.manifest.data.file)).unwrap();
    let fourth = folder.create(&some(), "2026-11-26T02:00:00Z");
    assert!(
        fourth.warnings.iter().any(|one| one.contains("isn't there")),
        "{:?}",
        fourth.warnings
    );
    let second = fourth;
    assert_eq!(folder.shelf().last_good().unwrap().unwrap().name, second.name);
}

#[test]
fn any_byte_that_is_changed_lost_or_added_is_found() {
    let folder = Folder::new();
    let created = folder.create(&some(), "2026-11-23T02:00:00Z");
    let good = |folder: &Folder| folder.shelf().snapshots().unwrap().iter().all(|s| s.check().is_ok());
    for file in [
        created.manifest.data.file,
        format!("{}{}", created.name, name::MANIFEST),
    ] {
        let path = folder.shelf().folder().join(&file);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x20;
            fs::write(&path, &damaged).unwrap();
            assert!(!good(&folder), "{file}, byte {place}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(!good(&folder), "{file} cut");
        fs::write(&path, [whole.as_slice(), b"\n"].concat()).unwrap();
        assert!(!good(&folder), "{file} longer");
        fs::remove_file(&path).unwrap();
        let snapshots = folder.shelf().snapshots().unwrap();
        assert!(snapshots.is_empty() || snapshots[0].check().is_err(), "{file} gone");
        fs::write(&path, &whole).unwrap();
        assert!(good(&folder));
    }
}

#[test]
fn a_manifest_that_lies_about_its_items_is_found() {
    let folder = Folder::new();
    let created = folder.create(&some(), "2026-11-23T02:00:00Z");
    let path = folder
        .shelf()
        .folder()
        .join(format!("{}{}", created.name, name::MANIFEST));
    let lies = [
        Manifest {
            items: 3,
            ..created.manifest.clone()
        },
        Manifest {
            fields: vec!["id".into()],
            ..created.manifest.clone()
        },
        Manifest {
            data: manifest::Data {
                content_sha256: "00".into(),
                ..created.manifest.data.clone()
            },
            ..created.manifest.clone()
        },
        Manifest {
            data: manifest::Data {
                file: "../../etc/passwd".into(),
                ..created.manifest.data.clone()
            },
            ..created.manifest.clone()
        },
    ];
    for lie in lies {
        fs::write(&path, lie.clone().sealed().to_bytes()).unwrap();
        assert!(folder.shelf().snapshots().unwrap()[0].check().is_err(), "{lie:?}");
    }
}

#[test]
fn what_an_interrupted_writer_left_is_cleaned_away_and_nothing_else() {
    let folder = Folder::new();
    let created = folder.create(&some(), "2026-11-23T02:00:00Z");
    let place = folder.shelf().folder().to_owned();
    for file in [
        ".stockport-ab12.part",
        "2026-11-22T02-00-00Z.jsonl.zst",
        "notes.txt",
        "mine.jsonl.zst",
    ] {
        fs::write(place.join(file), "x").unwrap();
    }
    assert_eq!(
        folder.shelf().snapshots().unwrap().len(),
        1,
        "data without a manifest are no snapshot"
    );
    let mut removed = folder.shelf().clean(&folder.lock()).unwrap();
    removed.sort();
    assert_eq!(removed, [".stockport-ab12.part", "2026-11-22T02-00-00Z.jsonl.zst"]);
    assert!(place.join("notes.txt").exists() && place.join("mine.jsonl.zst").exists());
    // With a manifest that can't be read nobody knows which data it needs.
    fs::write(place.join(format!("{}{}", created.name, name::MANIFEST)), "{}").unwrap();
    assert!(folder.shelf().clean(&folder.lock()).unwrap().is_empty());
    assert!(place.join(&created.manifest.data.file).exists());
}

#[test]
fn where_the_file_system_knows_no_locks_only_what_was_removed_goes() {
    let folder = Folder::new();
    let first = folder.create(&some(), "2026-11-22T02:00:00Z");
    let second = folder.create(&some()[..1], "2026-11-23T02:00:00Z");
    let place = folder.shelf().folder().to_owned();
    // Another writer may be about to write the manifests of these.
    let others = [".stockport-ab12.part", "2026-11-24T02-00-00Z.jsonl.zst"];
    for file in others {
        fs::write(place.join(file), "x").unwrap();
    }
    let lock = Lock {
        is_exclusive: false,
        ..folder.lock()
    };
    assert!(folder.shelf().clean(&lock).unwrap().is_empty());
    folder.shelf().remove(&lock, &[first.name]).unwrap();
    assert!(!place.join(first.manifest.data.file).exists());
    assert!(place.join(second.manifest.data.file).exists());
    assert!(others.iter().all(|file| place.join(file).exists()));
}

#[test]
fn of_two_writers_the_second_waits_or_says_so() {
    let folder = Folder::new();
    let held = folder.lock();
    let mut told = String::new();
    let refused = folder.shelf().lock(Duration::ZERO, &mut |_| {}, &|| false).unwrap_err();
    assert!(
        refused.to_string().contains("another stockport process is using"),
        "{refused}"
    );
    let stopped = folder
        .shelf()
        .lock(Duration::MAX, &mut |holder| told = holder.to_owned(), &|| true)
        .unwrap_err();
    assert!(matches!(stopped, SnapshotError::Interrupted));
    let mut waited = false;
    std::thread::scope(|scope| {
        let (tell, hear) = std::sync::mpsc::channel();
        scope.spawn(move || {
            hear.recv().unwrap();
            drop(held);
        });
        let mut waiting = |_: &str| {
            waited = true;
            tell.send(()).unwrap();
        };
        folder.shelf().lock(Duration::MAX, &mut waiting, &|| false).unwrap();
    });
    assert!(waited);
}

#[test]
fn a_path_leads_to_what_is_meant() {
    let folder = Folder::new();
    let first = folder.create(&some(), "2026-11-21T02:00:00Z").name;
    let second = folder.create(&some()[..1], "2026-11-22T02:00:00Z").name;
    let dir = folder.dir.path();
    let one = |path: &str| {
        let path = dir.join(path);
        find(&path).and_then(|found| found.one(&path)).map(|chosen| {
            assert_eq!(chosen.shelf.org(), "org");
            chosen.snapshot.name
        })
    };
    for path in [
        "",
        "org",
        "org@latest",
        "@latest",
        "org/@2026-11-22",
        "org/2026-11-22T02-00-00Z",
        "@2026-11-22T02:00",
    ] {
        assert_eq!(one(path).unwrap(), second, "{path}");
    }
    for path in [
        "org/2026-11-21T02-00-00Z",
        "2026-11-21T02-00-00Z",
        "org/2026-11-21T02-00-00Z.manifest.json",
        "@2026-11-21",
        "@2026-11-22T01:59",
    ] {
        // The files themselves are found by their names too.
        assert_eq!(one(path).unwrap(), first, "{path}");
    }
    assert!(matches!(one("@2026-11-20"), Err(SnapshotError::NoneBefore { .. })));
    assert!(matches!(one("@yesterday"), Err(SnapshotError::NoDate(_))));
    assert!(matches!(
        one("org/2026-01-01T02-00-00Z"),
        Err(SnapshotError::NoSuch { .. })
    ));
    assert!(matches!(one("nobody"), Err(SnapshotError::NoSnapshot(_))));
    fs::create_dir(dir.join("empty")).unwrap();
    assert!(matches!(one("empty"), Err(SnapshotError::NoSnapshot(_))));
    let other = Shelf::of(dir, "other").unwrap();
    fs::create_dir(other.folder()).unwrap();
    for file in folder.files() {
        fs::copy(folder.shelf().folder().join(&file), other.folder().join(&file)).unwrap();
    }
    assert!(matches!(one("@latest"), Err(SnapshotError::Several { .. })));
}

#[test]
fn a_folder_that_holds_another_organization_takes_no_other() {
    let folder = Folder::new();
    folder.create(&some(), "2026-11-21T02:00:00Z");
    let other = Shelf {
        org: "ORG".to_owned(),
        ..folder.shelf()
    };
    let facts = Facts {
        api: String::new(),
        started: Timestamp::now(),
        grade: Grade::Proved,
        evidence: String::new(),
        kind: None,
    };
    let refused = other.create(&folder.lock(), &mut store(&some()), &facts).unwrap_err();
    assert!(matches!(refused, SnapshotError::OtherOrganization { .. }));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no infinity", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_inventory_is_read_back_to_the_letter(
        items in prop::collection::btree_map("[^/\u{0}]{1,12}", prop::collection::btree_map(any::<String>(), values(), 0..6), 0..8)
    ) {
        let folder = Folder::new();
        let items: Vec<Object> = items
            .into_iter()
            .map(|(id, fields)| {
                let mut item: Object = fields.into_iter().collect();
                item.insert("id".to_owned(), Value::from(id));
                item
            })
            .collect();
        folder.create(&items, "2026-11-23T02:00:00Z");
        prop_assert_eq!(read(&folder.shelf().snapshots().unwrap()[0]), items);
    }
}
