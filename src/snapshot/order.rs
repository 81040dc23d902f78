//! Which of a folder's snapshots is the newest: the one with the highest number, whatever its name's date.
//!
//! The number comes from a counter (`counter`), because a clock can jump. The snapshots of 0.1.0 have no number: they come
//! before all others, in the order of their names. A manifest that can't be used hides its number; where it may be newer than
//! the newest of the others, the newest isn't known.
//!
//! Doesn't belong here: which snapshots are removed (`retention`), what a path means (`find`).

use jiff::{SignedDuration, Timestamp};

use super::{Name, Shelf, Snapshot, SnapshotError};
use crate::output::{About, Warning, counted};

/// How far a snapshot's date may be ahead of this machine's clock. Clocks that are set over a network differ by less.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// How many snapshots a warning names.
const NAMED: usize = 5;

/// A snapshot's place in the order of its folder.
type Place = (Option<u64>, Name);

fn place(snapshot: &Snapshot) -> Option<Place> {
    let manifest = snapshot.manifest.as_ref().ok()?;
    Some((manifest.number, snapshot.name))
}

/// Whether a snapshot whose number can't be read may be newer than the one at this place. `counter` is the highest number
/// that was taken in the folder: as long as the newest snapshot has it, nothing was made later.
fn may_be_newer(hidden: Name, (number, name): Place, counter: u64) -> bool {
    match number {
        Some(number) => number != counter,
        None => counter > 0 || hidden > name,
    }
}

/// Puts a folder's snapshots into their order, the oldest first. Those whose number can't be read stand where their dates
/// say, or at the end where they may be newer than all others.
pub(super) fn sorted(snapshots: Vec<Snapshot>, counter: u64) -> Vec<Snapshot> {
    let (mut known, mut hidden): (Vec<_>, Vec<_>) = snapshots.into_iter().partition(|s| s.manifest.is_ok());
    known.sort_by_key(place);
    hidden.sort_by_key(|snapshot| snapshot.name);
    let newest = known.last().and_then(place);
    let mut last = Vec::new();
    for snapshot in hidden {
        if newest.is_none_or(|newest| may_be_newer(snapshot.name, newest, counter)) {
            last.push(snapshot);
        } else {
            let before = known.iter().position(|other| other.name > snapshot.name);
            let before = before.unwrap_or(known.len()).min(known.len().saturating_sub(1));
            known.insert(before, snapshot);
        }
    }
    known.append(&mut last);
    known
}

/// What follows an `@`: the newest snapshot that was begun at this moment or before.
#[derive(Clone, Debug)]
pub struct When {
    /// As it was written.
    pub text: String,
    pub(super) until: Timestamp,
}

impl When {
    /// The newest of all.
    #[must_use]
    pub fn latest() -> Self {
        Self {
            text: "latest".to_owned(),
            until: Timestamp::MAX,
        }
    }

    /// Whether the newest of all is meant.
    #[must_use]
    pub fn is_latest(&self) -> bool {
        self.until == Timestamp::MAX
    }
}

impl Shelf {
    /// The newest backup that was begun at that moment or before. Where one that can't be read may be newer, which one it is
    /// isn't known.
    pub fn newest(&self, when: &When) -> Result<Snapshot, SnapshotError> {
        let mut snapshots = self.snapshots()?;
        let oldest = snapshots.iter().map(|snapshot| snapshot.name).min();
        snapshots.retain(|snapshot| snapshot.name.moment() <= when.until);
        let Some(place) = snapshots.iter().filter_map(place).next_back() else {
            return match (snapshots.pop(), oldest) {
                (Some(hidden), _) => {
                    hidden.manifest()?;
                    Ok(hidden)
                }
                (None, Some(oldest)) => Err(SnapshotError::NoneBefore {
                    when: when.text.clone(),
                    folder: self.folder.clone(),
                    oldest: oldest.to_string(),
                }),
                (None, None) => Err(self.nothing()?),
            };
        };
        let counter = self.counter();
        // Among the backups of a past day, later ones have taken higher numbers: their dates have to do.
        let is_newer = |hidden: Name| {
            may_be_newer(hidden, place, counter) && (when.is_latest() || counter == 0 || hidden > place.1)
        };
        for snapshot in &snapshots {
            if let Err(fault) = &snapshot.manifest
                && is_newer(snapshot.name)
            {
                return Err(SnapshotError::NewestUnknown {
                    hidden: snapshot.shown(),
                    fault: fault.clone(),
                    choice: self.folder.join(place.1.to_string()),
                });
            }
        }
        let chosen = snapshots.into_iter().find(|snapshot| snapshot.name == place.1);
        chosen.ok_or_else(|| SnapshotError::NoSnapshot(self.folder.clone()))
    }

    /// Why there is no backup to choose.
    fn nothing(&self) -> Result<SnapshotError, SnapshotError> {
        Ok(if self.safety_copies()?.is_empty() {
            SnapshotError::NoSnapshot(self.folder.clone())
        } else {
            SnapshotError::OnlySafety(self.folder.clone())
        })
    }
}

impl Snapshot {
    /// Whether its date lies in the future: the clock was ahead when it was made, or is behind now.
    #[must_use]
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        let finished = self
            .manifest
            .as_ref()
            .ok()
            .and_then(|manifest| manifest.finished.parse().ok());
        let mut moments = [Some(self.name.moment()), finished].into_iter().flatten();
        moments.any(|moment| moment.duration_since(now) > TOLERANCE)
    }
}

/// A warning that names the snapshots that are dated in the future, where there are some.
pub fn ahead<'a>(snapshots: impl IntoIterator<Item = &'a Snapshot>, now: Timestamp) -> Option<Warning> {
    let ahead: Vec<String> = snapshots
        .into_iter()
        .filter(|snapshot| snapshot.is_ahead(now))
        .map(Snapshot::shown)
        .collect();
    if ahead.is_empty() {
        return None;
    }
    let mut named = ahead.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if ahead.len() > NAMED {
        named += ", …";
    }
    let count = counted(ahead.len() as u64, "snapshot");
    let is = if ahead.len() == 1 { "is" } else { "are" };
    Some(About::SnapshotInFuture.warning(format!(
        "{count} {is} dated in the future: {named} (check this machine's clock: it is {} now)",
        now.strftime("%FT%TZ")
    )))
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
