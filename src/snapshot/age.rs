//! How old the newest backup is that can be relied on: every byte as it was written, and not dated in the future.
//!
//! Doesn't belong here: how old it may be (`commands::backup::check`).

use jiff::Timestamp;

use super::{Shelf, Snapshot, SnapshotError};
use crate::output::{About, Warning};

/// The newest backup that can be relied on.
#[derive(Debug)]
pub struct Newest {
    /// The backup, with the moment whose items it holds; none where there is none.
    pub whole: Option<(Snapshot, Timestamp)>,
    /// Why newer ones don't count.
    pub passed: Vec<Warning>,
}

impl Shelf {
    /// The newest backup that can be relied on. One that is dated in the future isn't: its age is not known.
    pub fn newest_whole(&self, now: Timestamp) -> Result<Newest, SnapshotError> {
        let mut passed = Vec::new();
        for snapshot in self.snapshots()?.into_iter().rev() {
            if let Err(error) = snapshot.check_bytes() {
                passed.push(About::SnapshotUnreadable.warning(error.to_string()));
            } else if snapshot.is_ahead(now) {
                passed.push(About::SnapshotInFuture.warning(format!("{} is dated in the future", snapshot.shown())));
            } else if let Some(moment) = snapshot.moment() {
                let whole = Some((snapshot, moment));
                return Ok(Newest { whole, passed });
            } else {
                passed.push(
                    About::SnapshotUnreadable.warning(format!("{} doesn't say when it was written", snapshot.shown())),
                );
            }
        }
        Ok(Newest { whole: None, passed })
    }
}

impl Snapshot {
    /// The moment whose items it holds: when their reading began. A clock that was set back meanwhile makes it older, not
    /// younger.
    fn moment(&self) -> Option<Timestamp> {
        let manifest = self.manifest.as_ref().ok()?;
        let moments = [manifest.started.parse().ok()?, manifest.finished.parse().ok()?];
        moments.into_iter().min()
    }
}
