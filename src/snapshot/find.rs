//! What a user means by `DIR`, `DIR/ORG`, `DIR/ORG/SNAPSHOT` or `DIR@2026-11-22`.
//!
//! Doesn't belong here: reading what was found (`read`).

use std::path::{Path, PathBuf};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::folders::holds_safety_copies;
use super::{Name, Shelf, Snapshot, SnapshotError, When, ahead, names};
use crate::output::{About, Warning};

/// What a path leads to.
#[derive(Debug)]
pub enum Found {
    /// Every snapshot of these organizations; and why other folders beside them couldn't be looked into.
    Shelves(Vec<Shelf>, Vec<SnapshotError>),
    /// The newest of a moment.
    Newest(Shelf, When, Vec<SnapshotError>),
    /// One snapshot, by its name.
    One(Shelf, Box<Snapshot>),
}

/// The one snapshot that a path means.
#[derive(Debug)]
pub enum Meant {
    /// The newest of a moment; and why folders beside it couldn't be looked into.
    Newest(Shelf, When, Vec<SnapshotError>),
    /// One by its name.
    Named(Shelf, Box<Snapshot>),
}

/// The one snapshot that was chosen.
#[derive(Debug)]
pub struct Chosen {
    /// Its folder.
    pub shelf: Shelf,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What a person should know of the choice.
    pub warnings: Vec<Warning>,
}

/// Follows a path to what it means: a backup's folder, an organization's in it, or a snapshot by its name (or one of its
/// files) or by `@`: the newest that was begun at that moment (in UTC) or before. A date without a time of day means its end;
/// `@latest` is the newest of all.
pub fn find(path: &Path) -> Result<Found, SnapshotError> {
    if path.is_dir() {
        let (shelves, hidden) = shelves(path)?;
        return if shelves.is_empty() {
            Err(none(path, hidden))
        } else {
            Ok(Found::Shelves(shelves, hidden))
        };
    }
    let last = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if let Some((folder, when)) = last.rsplit_once('@') {
        let folder = if folder.is_empty() { parent } else { parent.join(folder) };
        let until = moment(when).ok_or_else(|| SnapshotError::NoDate(when.to_owned()))?;
        if !folder.is_dir() {
            return Err(SnapshotError::NoSnapshot(folder));
        }
        let (shelves, hidden) = shelves(&folder)?;
        let when = When {
            text: when.to_owned(),
            until,
        };
        return match <[Shelf; 1]>::try_from(shelves) {
            Ok([shelf]) => Ok(Found::Newest(shelf, when, hidden)),
            Err(shelves) if shelves.is_empty() => Err(none(&folder, hidden)),
            Err(shelves) => Err(several(&folder, shelves)),
        };
    }
    let no_such = || SnapshotError::NoSuch {
        name: last.clone(),
        folder: parent.clone(),
    };
    if !parent.is_dir() {
        return Err(SnapshotError::NoSnapshot(path.to_owned()));
    }
    let Some(name) = Name::parse(&last) else {
        return Err(SnapshotError::NoSnapshot(path.to_owned()));
    };
    let (shelves, _) = shelves(&parent)?;
    let mut found = shelves
        .iter()
        .filter_map(|shelf| Snapshot::open(shelf.folder(), name).map(|snapshot| (shelf, snapshot)));
    match (found.next(), found.next()) {
        (Some((shelf, snapshot)), None) => Ok(Found::One(shelf.clone(), Box::new(snapshot))),
        (Some(_), Some(_)) => Err(several(&parent, shelves)),
        (None, _) => sharing(shelves, &last)?.ok_or_else(no_such),
    }
}

/// The newest snapshot whose items are in this file, which bears another one's name: that one may be gone.
fn sharing(shelves: Vec<Shelf>, file: &str) -> Result<Option<Found>, SnapshotError> {
    for shelf in shelves {
        let holds = |snapshot: &Snapshot| {
            snapshot
                .manifest
                .as_ref()
                .is_ok_and(|manifest| manifest.data.file == file)
        };
        if let Some(snapshot) = shelf.every()?.into_iter().rev().find(holds) {
            return Ok(Some(Found::One(shelf, Box::new(snapshot))));
        }
    }
    Ok(None)
}

/// Whether a path can only be meant for a snapshot, or for a folder of them, and for no other file: it is a folder, it ends
/// in `@` and a moment, or it bears a snapshot's name, and no other file is there under that name.
#[must_use]
pub fn is_meant(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    let last = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let last = last.unwrap_or_default();
    if path.is_file() {
        return Name::parse(&last).is_some() && find(path).is_ok();
    }
    let is_moment = |(_, when): (&str, &str)| moment(when).is_some();
    Name::parse(&last).is_some() || last.rsplit_once('@').is_some_and(is_moment)
}

impl Found {
    /// The one snapshot that is meant: the newest, where a folder was named.
    pub fn meant(self, path: &Path) -> Result<Meant, SnapshotError> {
        let (shelves, hidden) = match self {
            Self::One(shelf, snapshot) => return Ok(Meant::Named(shelf, snapshot)),
            Self::Newest(shelf, when, hidden) => return Ok(Meant::Newest(shelf, when, hidden)),
            Self::Shelves(shelves, hidden) => (shelves, hidden),
        };
        match <[Shelf; 1]>::try_from(shelves) {
            Ok([shelf]) => Ok(Meant::Newest(shelf, When::latest(), hidden)),
            Err(shelves) => Err(several(path, shelves)),
        }
    }

    /// Chooses the one snapshot that is meant.
    pub fn one(self, path: &Path) -> Result<Chosen, SnapshotError> {
        self.meant(path)?.choose(Timestamp::now())
    }
}

impl Meant {
    /// Chooses it. One that is dated in the future is a surprise where it wasn't named.
    pub fn choose(self, now: Timestamp) -> Result<Chosen, SnapshotError> {
        let (shelf, when, hidden) = match self {
            Self::Named(shelf, snapshot) => {
                return Ok(Chosen {
                    shelf,
                    snapshot: *snapshot,
                    warnings: Vec::new(),
                });
            }
            Self::Newest(shelf, when, hidden) => (shelf, when, hidden),
        };
        let snapshot = shelf.newest(&when)?;
        let mut warnings: Vec<Warning> = hidden.iter().map(unseen).collect();
        warnings.extend(ahead([&snapshot], now));
        Ok(Chosen {
            shelf,
            snapshot,
            warnings,
        })
    }
}

/// The warning of a folder that couldn't be looked into.
#[must_use]
pub fn unseen(error: &SnapshotError) -> Warning {
    About::FolderUnseen.warning(format!("{error}; snapshots in it are ignored"))
}

/// The folders of snapshots that a folder is or has.
fn shelves(folder: &Path) -> Result<(Vec<Shelf>, Vec<SnapshotError>), SnapshotError> {
    if names(folder)?.is_empty() && !holds_safety_copies(folder) {
        Shelf::all(folder)
    } else {
        // `.` has no name of its own.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok((vec![Shelf::at(&folder)], Vec::new()))
    }
}

/// Why there is no snapshot: there is none, or there may be some where nobody can look.
fn none(folder: &Path, hidden: Vec<SnapshotError>) -> SnapshotError {
    let unseen = hidden.into_iter().next();
    unseen.unwrap_or_else(|| SnapshotError::NoSnapshot(folder.to_owned()))
}

fn several(dir: &Path, shelves: Vec<Shelf>) -> SnapshotError {
    SnapshotError::Several {
        dir: dir.to_owned(),
        orgs: shelves.into_iter().map(|shelf| shelf.org).collect(),
    }
}

/// The last moment that is meant.
fn moment(when: &str) -> Option<Timestamp> {
    if when == "latest" {
        return Some(Timestamp::MAX);
    }
    if let Some(name) = Name::parse(when) {
        return Some(name.moment());
    }
    if let Ok(moment) = when.parse::<Timestamp>() {
        return Some(moment);
    }
    let in_utc = |moment: DateTime| TimeZone::UTC.to_timestamp(moment).ok();
    if let Ok(date) = Date::strptime("%Y-%m-%d", when) {
        return in_utc(
            date.checked_add(1.day())
                .ok()?
                .to_datetime(jiff::civil::Time::midnight()),
        )?
        .checked_sub(1.second())
        .ok();
    }
    let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let moment = formats
        .into_iter()
        .find_map(|format| DateTime::strptime(format, when).ok())?;
    in_utc(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_end_and_a_moment_itself() {
        let shown = |when: &str| moment(when).map(|moment| moment.to_string());
        assert_eq!(shown("2026-11-22").as_deref(), Some("2026-11-22T23:59:59Z"));
        assert_eq!(shown("2026-11-22T14:30").as_deref(), Some("2026-11-22T14:30:00Z"));
        assert_eq!(shown("2026-11-22T14:30:05").as_deref(), Some("2026-11-22T14:30:05Z"));
        assert_eq!(
            shown("2026-11-22T14:30:05+02:00").as_deref(),
            Some("2026-11-22T12:30:05Z")
        );
        assert_eq!(shown("2026-11-22T02-00-00Z").as_deref(), Some("2026-11-22T02:00:00Z"));
        assert!(shown("latest").is_some());
        for when in ["", "yesterday", "2026-11", "22.11.2026", "2026-13-01"] {
            assert_eq!(shown(when), None, "{when}");
        }
    }
}
