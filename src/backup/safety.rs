//! What an organization holds, kept as a snapshot before a command changes it or takes some of it away.
//!
//! A safety copy is no backup. It stands in a folder of its own, `DIR/ORG/safety/`, and its manifest says what it is. The
//! newest ones of each organization and all young ones are kept, and those that an unfinished run relies on; others are
//! removed when a new one is made. The age is not the clock's alone (`counter`).
//!
//! Belongs here: what such a snapshot is, and how long it is kept. Doesn't: files (`snapshot`), when it is due and how it
//! comes back (the commands).

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::counter::{Stay, outlived};
use crate::error::Error;
use crate::inventory::{Completeness, ItemStore, Listing};
use crate::output::{About, Output, counted};
use crate::snapshot::{Facts, Grade, Kind, Lock, Name, Shelf, Snapshot};

/// How long another process may write into the same folder: as long as the largest snapshot takes.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// How many of an organization's safety copies are kept whatever their age: the clock may be wrong.
pub const KEPT_COPIES: usize = 20;

/// The age below which a safety copy is kept in any case, in days.
pub const YOUNG_DAYS: u32 = 30;

/// Where snapshots are kept that nobody asked for.
pub struct Safety<'a> {
    /// Where everything is said.
    pub output: &'a Output,
    /// The folder; each organization gets one in it, as in any backup.
    pub dir: &'a Path,
    /// How long to wait for another process that writes there.
    pub patience: Duration,
    /// The user's wish to stop.
    pub stop: &'a AtomicBool,
    /// The paths that unfinished runs have noted. Asked for only where an old copy would be removed.
    pub noted: &'a dyn Fn() -> Result<Vec<PathBuf>, Error>,
}

impl Safety<'_> {
    /// Keeps what an organization was just read to hold. Where the list could not be had whole,
    /// the snapshot holds what is known, the items at stake among it, and says so of itself. Gives the snapshot's path.
    pub fn keep(&self, org: &str, api: &str, listing: &Listing, stored: &mut ItemStore) -> Result<PathBuf, Error> {
        let shelf = Shelf::of(self.dir, org)?.safety();
        let folder = shelf.folder().display().to_string();
        let lock = super::lock(self.output, &shelf, &folder, self.patience, self.stop)?;
        let facts = Facts {
            api: api.to_owned(),
            started: Timestamp::now(),
            grade: match listing.completeness {
                Completeness::Proved => Grade::Proved,
                Completeness::Plausible => Grade::Plausible,
                Completeness::Cut | Completeness::Unlisted => Grade::Part,
            },
            evidence: listing.evidence.clone(),
            kind: Some(Kind::Safety),
        };
        let created = shelf.create(&lock, stored, &facts)?;
        for warning in &created.warnings {
            self.output.warn(warning);
        }
        let path = shelf.folder().join(created.name.to_string());
        let line = format!(
            "Saved the current items of {org} as a safety copy ({}): {}",
            counted(stored.count(), "item"),
            path.display()
        );
        self.output.result_naming(&line, &[shelf.folder()]);
        // An old copy that stays is no reason to stop.
        if let Err(error) = self.clear(&shelf, &lock, created.name) {
            self.output
                .warn(&About::SafetyCopiesKept.warning(format!("old safety copies were not removed: {error}")));
        }
        Ok(path)
    }

    /// Removes what has passed its age.
    fn clear(&self, shelf: &Shelf, lock: &Lock, made: Name) -> Result<(), Error> {
        let mut old = passed(&shelf.safety_copies()?, made, Timestamp::now());
        if !old.is_empty() {
            let noted = (self.noted)()?;
            let is_noted = |name: &Name| {
                let end = end_of(&shelf.folder().join(name.to_string()));
                noted.iter().any(|path| path.ends_with(&end))
            };
            old.retain(|name| !is_noted(name));
        }
        Ok(shelf.remove(lock, &old)?)
    }
}

/// `ORG/safety/NAME` of a copy's path: the folder may have been named from another working folder.
fn end_of(path: &Path) -> PathBuf {
    let parts: Vec<_> = path.components().collect();
    parts.iter().skip(parts.len().saturating_sub(3)).collect()
}

/// Which of an organization's safety copies, the oldest first, have passed their age. What can't be read stays.
fn passed(copies: &[Snapshot], made: Name, now: Timestamp) -> Vec<Name> {
    let stay = Stay {
        newest: KEPT_COPIES,
        age: SignedDuration::from_hours(i64::from(YOUNG_DAYS) * 24),
    };
    let newest_first: Vec<&Snapshot> = copies.iter().rev().collect();
    let old = outlived(newest_first.iter().map(|copy| Some(copy.name.moment())), stay, now);
    let old = old.into_iter().filter_map(|place| newest_first.get(place));
    old.filter(|copy| copy.manifest.is_ok() && copy.name != made)
        .map(|copy| copy.name)
        .collect()
}
