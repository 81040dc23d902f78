//! Files that are whole or not there.

use std::fs;
use std::io::Write;

use super::{AtomicFile, WriteError};

#[test]
fn a_file_is_there_only_after_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let mut file = AtomicFile::create(&path, false).unwrap();
    file.write_all(b"new").unwrap();
    assert!(!path.exists());
    file.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn without_a_commit_the_old_file_stays_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    let mut file = AtomicFile::create(&path, true).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_existing_file_is_refused_at_the_start_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let file = AtomicFile::create(&path, false).unwrap();
    fs::write(&path, "somebody else's").unwrap();
    assert!(matches!(file.commit(), Err(WriteError::Exists(_))));
    assert!(matches!(AtomicFile::create(&path, false), Err(WriteError::Exists(_))));
    assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_and_a_missing_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        AtomicFile::create(folder.path(), true),
        Err(WriteError::Directory(_))
    ));
    let error = AtomicFile::create(&folder.path().join("no/out.csv"), true).unwrap_err();
    assert!(matches!(error, WriteError::NoFolder(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn permissions_and_symbolic_links_survive() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.csv", &link).unwrap();
    let mut file = AtomicFile::create(&link, true).unwrap();
    file.write_all(b"new").unwrap();
    file.commit().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    symlink("link.csv", folder.path().join("twice.csv")).unwrap();
    assert!(matches!(
        AtomicFile::create(&folder.path().join("twice.csv"), false),
        Err(WriteError::Exists(_))
    ));
    symlink("loop", folder.path().join("loop")).unwrap();
    assert!(AtomicFile::create(&folder.path().join("loop"), true).is_err());
    assert!(AtomicFile::create("/dev/null".as_ref(), true).is_err());
}
