//! Which folders hold snapshots, whose they are, and which folders hold safety copies.
//!
//! Doesn't belong here: what a path means (`find`), the order of snapshots (`order`).

use std::fs;
use std::path::Path;

use super::{Shelf, Snapshot, SnapshotError, failed, names, org_of};

/// The folder of an organization's safety copies, in the organization's folder. An organization may have this name, too: its
/// backups don't call themselves safety copies.
const SAFETY: &str = "safety";

/// Folders that systems put at the top of a disk, often unreadable. Those that begin with a dot or hold an `@` are not
/// listed: no organization has such a folder.
const SYSTEM: [&str; 7] = [
    "lost+found",
    "System Volume Information",
    "$RECYCLE.BIN",
    "RECYCLER",
    "#recycle",
    "#snapshot",
    "found.000",
];

impl Shelf {
    /// A folder that holds snapshots already. Whose they are is told by the newest manifest, or else by the folder's name.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let shelf = Self {
            folder: folder.to_owned(),
            org: name.as_deref().and_then(org_of).or(name).unwrap_or_default(),
        };
        let mut known = shelf.every().unwrap_or_default();
        if known.is_empty() {
            known = shelf.safety().every().unwrap_or_default();
        }
        match known.into_iter().rev().find_map(|s| s.manifest.ok()) {
            Some(manifest) => Self {
                org: manifest.organization,
                ..shelf
            },
            None => shelf,
        }
    }

    /// Every folder of a backup that holds snapshots, in the order of their names; and why others couldn't be looked into
    /// that may hold some. What can't be an organization's folder is passed over.
    pub(super) fn all(dir: &Path) -> Result<(Vec<Self>, Vec<SnapshotError>), SnapshotError> {
        let (mut folders, mut hidden) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(dir).map_err(|cause| failed(dir, "read", cause))? {
            let path = entry.map_err(|cause| failed(dir, "read", cause))?.path();
            if path.is_file() {
                continue;
            }
            match names(&path) {
                Ok(names) if names.is_empty() && !holds_safety_copies(&path) => {}
                Ok(_) => folders.push(path),
                Err(error) if is_possible(&path) => hidden.push(error),
                Err(_) => {}
            }
        }
        folders.sort();
        Ok((folders.iter().map(|folder| Self::at(folder)).collect(), hidden))
    }

    /// The organization's folder of safety copies, which doesn't have to exist yet.
    #[must_use]
    pub fn safety(&self) -> Self {
        Self {
            folder: self.folder.join(SAFETY),
            org: self.org.clone(),
        }
    }
}

impl Snapshot {
    /// Whether it holds what an organization held before a command changed it. It is known by its manifest, wherever it
    /// stands.
    #[must_use]
    pub fn is_safety_copy(&self) -> bool {
        self.manifest.as_ref().is_ok_and(|manifest| manifest.kind.is_some())
    }

    /// The folder of the backup that it belongs to: `DIR` of `DIR/ORG/NAME` and of `DIR/ORG/safety/NAME`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        let org = match self.folder.parent() {
            Some(parent) if self.is_safety_copy() && self.folder.ends_with(SAFETY) => parent,
            _ => &self.folder,
        };
        org.parent().unwrap_or(org)
    }
}

/// Whether an organization may have a folder of this name.
fn is_possible(folder: &Path) -> bool {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    org_of(&name).is_some() && !SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(&name))
}

/// Whether this is an organization's folder that has safety copies below it. Backups in a folder of that name are those of
/// an organization that is called so.
pub(super) fn holds_safety_copies(folder: &Path) -> bool {
    let safety = folder.join(SAFETY);
    let found = names(&safety).unwrap_or_default();
    if found.is_empty() {
        return false;
    }
    let snapshots = found.into_iter().filter_map(|name| Snapshot::open(&safety, name));
    let readable: Vec<Snapshot> = snapshots.filter(|snapshot| snapshot.manifest.is_ok()).collect();
    if readable.is_empty() {
        // They belong to the organization that has backups beside them, if there is one.
        return names(folder).is_ok_and(|beside| !beside.is_empty());
    }
    readable.iter().all(Snapshot::is_safety_copy)
}

#[cfg(test)]
#[path = "folders_tests.rs"]
mod tests;
