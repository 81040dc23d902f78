//! What an organization holds, kept as a snapshot before a command changes it or takes some of it away.
//!
//! Belongs here: where such a snapshot goes, and how a person gets it back. Doesn't: files (`snapshot`), whether it is due
//! (the commands).

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
    /// Keeps what an organization was just read to hold, and says how to get it back. Where the list could not be had whole,
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
        self.output.result(&format!(
            "What {org} holds now is kept as a snapshot ({}). To bring it back: {}",
            counted(stored.count(), "item"),
            how_to_restore(&path, org)
        ));
        Ok(path)
    }
}

/// The command that brings a snapshot back.
#[must_use]
pub fn how_to_restore(snapshot: &Path, org: &str) -> String {
    let quoted = |text: &str| {
        if text.contains(char::is_whitespace) {
            format!("\"{text}\"")
        } else {
            text.to_owned()
        }
    };
    format!(
        "stockport backup restore {} --org {}",
        quoted(&snapshot.display().to_string()),
        quoted(org)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_is_one_word_of_the_command() {
        assert_eq!(
            how_to_restore(Path::new("/data of mine/acme/2026-11-23T02-00-00Z"), "acme"),
            "stockport backup restore \"/data of mine/acme/2026-11-23T02-00-00Z\" --org acme"
        );
    }
}
