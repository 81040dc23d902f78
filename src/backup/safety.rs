//! What an organization holds, kept as a snapshot before a command changes it or takes some of it away.
//!
//! A safety copy is no backup. It stands in a folder of its own, `DIR/ORG/safety/`, and its manifest says what it is. The
//! newest ones of each organization and all young ones are kept; others are removed when a new one is made.
//!
//! Belongs here: what such a snapshot is, and how long it is kept. Doesn't: files (`snapshot`), when it is due and how it
//! comes back (the commands).

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::inventory::{Completeness, ItemStore, Listing};
use crate::output::{About, Output, counted};
use crate::snapshot::{Facts, Grade, Kind, Name, Shelf, Snapshot};

/// How long another process may write into the same folder: as long as the largest snapshot takes.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// How many of an organization's safety copies are kept whatever their age: the clock may be wrong.
const KEPT: usize = 20;

/// The age below which a safety copy is kept in any case: 30 days.
const YOUNG: SignedDuration = SignedDuration::from_hours(30 * 24);

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
        let removed = shelf.safety_copies().and_then(|copies| {
            let old = outlived(&copies, created.name, Timestamp::now());
            shelf.remove(&lock, &old)
        });
        // An old copy that stays is no reason to stop.
        if let Err(error) = removed {
            self.output
                .warn(&About::SafetyCopiesKept.warning(format!("old safety copies were not removed: {error}")));
        }
        Ok(path)
    }
}

/// Which of an organization's safety copies, the oldest first, are old enough to be removed. What can't be read stays.
fn outlived(copies: &[Snapshot], made: Name, now: Timestamp) -> Vec<Name> {
    let is_old =
        |copy: &&Snapshot| copy.manifest.is_ok() && copy.name != made && now.duration_since(copy.name.moment()) > YOUNG;
    let rest = copies.iter().rev().skip(KEPT);
    rest.filter(is_old).map(|copy| copy.name).collect()
}
