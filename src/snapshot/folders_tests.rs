//! Safety copies beside backups, organizations of any name, and folders that hold none of them.

use super::super::tests::{Folder, read, some, store};
use super::super::*;
use crate::item::Object;

fn safety(folder: &Folder, items: &[Object], started: &str) -> Created {
    let facts = Facts {
        api: String::new(),
        started: started.parse().unwrap(),
        grade: Grade::Proved,
        evidence: String::new(),
        kind: Some(Kind::Safety),
    };
    let shelf = folder.shelf().safety();
    let lock = shelf.lock(Duration::ZERO, &mut |_| {}, &|| false).unwrap();
    shelf.create(&lock, &mut store(items), &facts).unwrap()
}

#[test]
fn safety_copies_are_no_backups_and_are_found_by_their_path() {
    let folder = Folder::new();
    let dir = folder.dir.path();
    let copy = safety(&folder, &some()[..1], "2026-11-25T02:00:00Z");
    let only = |path: &Path| find(path).and_then(|found| found.one(path)).unwrap_err();
    // As long as there is nothing else, that is said.
    for path in [
        dir.to_owned(),
        dir.join("org"),
        dir.join("org/safety"),
        dir.join("@latest"),
    ] {
        assert!(
            matches!(only(&path), SnapshotError::OnlySafety(_)),
            "{}",
            path.display()
        );
    }
    let backup = folder.create(&some(), "2026-11-24T02:00:00Z");
    safety(&folder, &some(), "2026-11-26T02:00:00Z");
    let one = |path: &Path| find(path).unwrap().one(path).unwrap().snapshot;
    for path in [
        dir.to_owned(),
        dir.join("org"),
        dir.join("@latest"),
        dir.join("org@2026-11-30"),
    ] {
        assert_eq!(one(&path).name, backup.name, "{}", path.display());
    }
    assert_eq!(folder.shelf().last_good().unwrap().unwrap().name, backup.name);
    assert_eq!(folder.shelf().snapshots().unwrap().len(), 1);
    assert_eq!(folder.shelf().safety_copies().unwrap().len(), 2);
    let named = one(&dir.join("org/safety").join(copy.name.to_string()));
    assert_eq!(
        (named.name, named.is_safety_copy(), read(&named).len()),
        (copy.name, true, 1)
    );
    assert_eq!(named.dir(), dir.canonicalize().unwrap());
    assert_eq!(Shelf::at(&dir.join("org/safety")).org(), "org");
    // A copy that was moved among the backups is still known, and its data stay.
    for ending in [name::MANIFEST, name::DATA] {
        let file = format!("{}{ending}", copy.name);
        fs::rename(dir.join("org/safety").join(&file), dir.join("org").join(&file)).unwrap();
    }
    assert_eq!(one(dir).name, backup.name);
    assert!(folder.shelf().clean(&folder.lock()).unwrap().is_empty());
    assert_eq!(folder.shelf().safety_copies().unwrap().len(), 2);
}

#[test]
fn an_organization_may_be_called_safety() {
    let folder = Folder::new();
    let dir = folder.dir.path();
    let shelf = Shelf::of(dir, "safety").unwrap();
    let facts = |kind| Facts {
        api: String::new(),
        started: "2026-11-23T02:00:00Z".parse().unwrap(),
        grade: Grade::Proved,
        evidence: String::new(),
        kind,
    };
    for (shelf, kind) in [(shelf.clone(), None), (shelf.safety(), Some(Kind::Safety))] {
        let lock = shelf.lock(Duration::ZERO, &mut |_| {}, &|| false).unwrap();
        shelf.create(&lock, &mut store(&some()), &facts(kind)).unwrap();
    }
    folder.create(&some(), "2026-11-24T02:00:00Z");
    let Found::Shelves(shelves, _) = find(dir).unwrap() else {
        panic!("no folder of organizations")
    };
    let orgs: Vec<&str> = shelves.iter().map(Shelf::org).collect();
    assert_eq!(orgs, ["org", "safety"]);
    for shelf in &shelves {
        assert_eq!(shelf.snapshots().unwrap().len(), 1, "{}", shelf.org());
    }
    assert_eq!(shelves[1].safety_copies().unwrap().len(), 1);
    assert!(shelves[0].safety_copies().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn folders_that_are_none_of_ours_are_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let dir = folder.dir.path();
    let backup = folder.create(&some(), "2026-11-24T02:00:00Z");
    fs::write(dir.join("notes.txt"), "x").unwrap();
    fs::create_dir(dir.join("other")).unwrap();
    let locked = ["lost+found", "System Volume Information", ".Trash-1000", "secret"];
    for name in locked {
        fs::create_dir(dir.join(name)).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let is_root = fs::read_dir(dir.join("secret")).is_ok();
    let chosen = find(dir).unwrap().one(dir).unwrap();
    assert_eq!(chosen.snapshot.name, backup.name);
    if !is_root {
        // Only this one may be an organization's.
        assert!(
            matches!(chosen.warnings.as_slice(), [one] if one.contains("secret")),
            "{:?}",
            chosen.warnings
        );
    }
    for name in locked {
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}
