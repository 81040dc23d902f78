//! What an organization holds, kept as a snapshot before a command changes it or takes some of it away.
//!
//! Belongs here: what such a snapshot is. Doesn't: files (`snapshot`), when it is due and how it comes back (the commands).

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::Error;
use crate::inventory::{Completeness, Listing, Spool};
use crate::output::{Output, counted};
use crate::snapshot::{Facts, Grade, Shelf};

/// How long another process may write into the same folder: as long as the largest snapshot takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where snapshots are kept that nobody asked for.
pub struct Safety<'a> {
    /// Where everything is said.
    pub output: &'a Output,
    /// The folder; each organization gets one in it, as in any backup.
    pub dir: &'a Path,
    /// The user's wish to stop.
    pub stop: &'a AtomicBool,
}

impl Safety<'_> {
    /// Keeps what an organization was just read to hold. Where the list could not be had whole,
    /// the snapshot holds what is known, the items at stake among it, and says so of itself. Gives the snapshot's path.
    pub fn keep(&self, org: &str, api: &str, listing: &Listing, stored: &mut Spool) -> Result<PathBuf, Error> {
        let shelf = Shelf::of(self.dir, org)?;
        let folder = shelf.folder().display().to_string();
        let lock = super::lock(self.output, &shelf, &folder, PATIENCE, self.stop)?;
        let facts = Facts {
            api: api.to_owned(),
            started: Timestamp::now(),
            grade: match listing.completeness {
                Completeness::Proved => Grade::Proved,
                Completeness::Plausible => Grade::Plausible,
                Completeness::Cut | Completeness::Unlisted => Grade::Part,
            },
            evidence: listing.evidence.clone(),
        };
        let created = shelf.create(&lock, stored, &facts)?;
        let path = shelf.folder().join(created.name.to_string());
        let line = format!(
            "What {org} holds now is kept as a snapshot ({}): {}",
            counted(stored.count(), "item"),
            path.display()
        );
        self.output.result_naming(&line, &[shelf.folder()]);
        Ok(path)
    }
}
