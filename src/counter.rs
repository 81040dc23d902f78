//! A counter that only grows, kept in a folder as the name of an empty file (`.number-42`).
//!
//! The clock can jump, so it orders nothing: runs and snapshots are ordered by these numbers. A number is taken by creating
//! its file where none is (`O_EXCL`), which needs no lock and holds on network file systems; whoever comes second takes the
//! next one. Only the highest file stays.
//!
//! Doesn't belong here: what is numbered (`runs`, `snapshot`).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::files;

const PREFIX: &str = ".number-";

/// Numbers end here: an integer that any JSON reader keeps exactly.
const MOST: u64 = 1 << 53;

/// Takes the next number: higher than any that was taken in this folder before, and than `above`.
pub(crate) fn next(folder: &Path, above: u64) -> io::Result<u64> {
    let mut highest = above.max(highest(folder)?);
    loop {
        let number = highest.saturating_add(1);
        if number > MOST {
            return Err(io::Error::other(format!(
                "a file {PREFIX}{highest} or a number in this folder is the highest possible: there is no next number"
            )));
        }
        let path = folder.join(format!("{PREFIX}{number}"));
        match files::create_new(&path) {
            Ok(_) => {}
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                highest = number;
                continue;
            }
            Err(cause) => return Err(cause),
        }
        // Between the look and the creation others may have taken this number and higher ones, and removed its file.
        let after = self::highest(folder)?;
        if after > number {
            let _ = fs::remove_file(&path);
            highest = after;
            continue;
        }
        for lower in taken(folder)?.filter(|taken| *taken < number) {
            // One that can't be removed is only passed over.
            let _ = fs::remove_file(folder.join(format!("{PREFIX}{lower}")));
        }
        return Ok(number);
    }
}

/// The highest number that was taken in this folder; 0 where none was.
pub(crate) fn highest(folder: &Path) -> io::Result<u64> {
    Ok(taken(folder)?.max().unwrap_or_default())
}

fn taken(folder: &Path) -> io::Result<impl Iterator<Item = u64>> {
    let entries = fs::read_dir(folder)?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_is_higher_than_any_before_it_and_only_the_last_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next(folder.path(), 0).unwrap(), 1);
        assert_eq!(next(folder.path(), 0).unwrap(), 2);
        assert_eq!(next(folder.path(), 40).unwrap(), 41);
        assert_eq!(next(folder.path(), 7).unwrap(), 42);
        assert_eq!(taken(folder.path()).unwrap().collect::<Vec<_>>(), [42]);
    }

    #[test]
    fn creators_at_once_get_different_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let take = || (0..50).map(|_| next(folder.path(), 0).unwrap()).collect::<Vec<_>>();
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let creators: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            creators
                .into_iter()
                .flat_map(|creator| {
                    let numbers = creator.join().unwrap();
                    assert!(numbers.is_sorted(), "each sees its own grow: {numbers:?}");
                    numbers
                })
                .collect()
        });
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn what_is_no_number_is_passed_over_and_the_last_number_has_no_next() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".number-", ".number-x", "number-9", ".number--3"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(next(folder.path(), 0).unwrap(), 1);
        fs::write(folder.path().join(format!("{PREFIX}{MOST}")), "").unwrap();
        assert!(
            next(folder.path(), 0)
                .unwrap_err()
                .to_string()
                .contains("no next number")
        );
    }
}
