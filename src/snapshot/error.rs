//! Why a snapshot can't be written, found or trusted.
//!
//! Doesn't belong here: what goes wrong while a list is read (`inventory`).

use std::io::ErrorKind;
use std::path::PathBuf;

use super::Fault;
use crate::error::{Code, Exit, UserError, code};
use crate::files;
use crate::sheet::write::WriteError;

/// Why a snapshot can't be written, found or trusted. Snapshots that were there before are untouched by all of these.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file of a snapshot can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The system refused.
    #[error("{} can't be {doing}: {}", .path.display(), crate::cause::io(.cause))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried (`read`, `created`, `removed`).
        doing: &'static str,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// What goes into a snapshot can't be kept for a while.
    #[error("a temporary file can't be written or read: {}", crate::cause::io(.0))]
    Temporary(std::io::Error),
    /// A snapshot has changed since it was written.
    #[error("the snapshot {snapshot} is damaged: {what}")]
    Damaged {
        /// Where it stands.
        snapshot: String,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version wrote it.
    #[error("the snapshot {snapshot} was written by a newer stockport (format {format})")]
    Newer {
        /// Where it stands.
        snapshot: String,
        /// The format of its manifest.
        format: u64,
    },
    /// The system refuses its manifest.
    #[error("the snapshot {snapshot} can't be read: {why}")]
    Unreadable {
        /// Where it stands.
        snapshot: String,
        /// The system's own words.
        why: String,
    },
    /// Which one is the newest depends on one that can't be read.
    #[error("the snapshot {hidden} {fault}; it may be newer than {}", .choice.file_name().unwrap_or_default().display())]
    NewestUnknown {
        /// The one that can't be read.
        hidden: String,
        /// Why.
        fault: Fault,
        /// The newest of the others.
        choice: PathBuf,
    },
    /// The snapshot that an interrupted restore began with can't be used any more.
    #[error("run {run} began to restore the snapshot {snapshot}, which {why}")]
    BegunWith {
        /// The run.
        run: String,
        /// The snapshot.
        snapshot: String,
        /// What became of it.
        why: &'static str,
    },
    /// There are safety copies only, which are taken only when they are named.
    #[error("there is no backup in {}, only safety copies", .0.display())]
    OnlySafety(PathBuf),
    /// There is none where one was looked for.
    #[error("there is no snapshot in {}", .0.display())]
    NoSnapshot(PathBuf),
    /// There is none of that name.
    #[error("there is no snapshot {name:?} in {}", .folder.display())]
    NoSuch {
        /// What was named.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There is none as old as that.
    #[error("no snapshot in {} was started at {when} or before; the oldest is {oldest}", .folder.display())]
    NoneBefore {
        /// The moment that was named.
        when: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The oldest there is.
        oldest: String,
    },
    /// What follows the `@` is not a date.
    #[error("{0:?} is not a date")]
    NoDate(String),
    /// Snapshots of several organizations, where one has to be meant.
    #[error("{} holds snapshots of several organizations: {}", .dir.display(), .orgs.join(", "))]
    Several {
        /// The folder.
        dir: PathBuf,
        /// The organizations.
        orgs: Vec<String>,
    },
    /// The folder has snapshots of another organization, whose name looks the same to the file system.
    #[error("{} holds snapshots of the organization {other}", .folder.display())]
    OtherOrganization {
        /// The folder.
        folder: PathBuf,
        /// Whose snapshots they are.
        other: String,
    },
    /// An organization's name is too long for a folder.
    #[error("the organization's name is too long for a folder name")]
    LongName,
    /// Another process writes there.
    #[error("another stockport process is using {}{holder}", .folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// Which one, as far as it is known.
        holder: String,
    },
    /// The wait for another process was interrupted.
    #[error("interrupted while waiting for another stockport process: nothing was written")]
    Interrupted,
    /// The safety limit: nothing where there was something.
    #[error("{org} holds no items, and the newest snapshot ({name}) {}", .known.map_or_else(|| "can't be read".to_owned(), |known| format!("holds {}", crate::output::grouped(known))))]
    Empty {
        /// The organization.
        org: String,
        /// The newest snapshot.
        name: String,
        /// How many items it holds; none where no manifest can be read.
        known: Option<u64>,
    },
    /// The safety limit: half or less of what there was.
    #[error("{org} holds {}, and the newest snapshot ({name}) holds {}", crate::output::counted(*.count, "item"), crate::output::grouped(*.known))]
    Shrunken {
        /// The organization.
        org: String,
        /// How many items it holds now.
        count: u64,
        /// The newest snapshot.
        name: String,
        /// How many items that holds.
        known: u64,
    },
    /// One snapshot, where a folder of them is meant.
    #[error("{} is one snapshot, not a folder of snapshots", .0.display())]
    NotAFolder(PathBuf),
    /// An item that was named isn't in the snapshot.
    #[error("the snapshot {name} holds no item {id:?}")]
    NoItem {
        /// The item.
        id: String,
        /// The snapshot.
        name: String,
    },
    /// No snapshot holds an item that was named.
    #[error("no snapshot of {org} holds an item {id:?} ({} read)", crate::output::counted(*.read, "snapshot"))]
    NoHistory {
        /// The organization.
        org: String,
        /// The item.
        id: String,
        /// How many snapshots were read.
        read: u64,
        /// Ids of the newest snapshot that may be meant.
        near: Vec<String>,
    },
    /// What it lacks is not known to be gone, so that nothing may be deleted by it.
    #[error("the snapshot {0} holds only a part of its organization ({1})")]
    Part(String, String),
    /// No rule says what is to be kept.
    #[error("no retention rule is given, so no snapshot is removed")]
    NoPolicy,
}

impl UserError for SnapshotError {
    fn code(&self) -> Code {
        match self {
            Self::Write(error) => error.code(),
            Self::File { .. } => "snapshot_file_failed".into(),
            Self::Temporary(_) => "snapshot_temporary_file".into(),
            Self::OnlySafety(_) => "snapshot_only_safety_copies".into(),
            Self::NoSnapshot(_) => "snapshot_none".into(),
            Self::NoDate(_) => "snapshot_bad_date".into(),
            Self::Several { .. } => "snapshot_several_organizations".into(),
            Self::Empty { .. } => "snapshot_organization_empty".into(),
            Self::Shrunken { .. } => "snapshot_organization_shrunken".into(),
            _ => code("snapshot", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Write(error) => return error.hint(),
            Self::File { cause, .. } if files::hint(cause).is_some() => files::hint(cause).unwrap_or_default(),
            Self::File { cause, .. } => match cause.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or back up to another disk",
                ErrorKind::PermissionDenied => "check the folder's permissions",
                ErrorKind::NotFound => "check the folder's spelling",
                _ => "check the disk and the folder",
            },
            Self::Temporary(cause) => crate::cause::temporary(Some(cause)),
            Self::Damaged { .. } => {
                "use another one (`stockport backup list` shows them), and create a new one with `stockport backup \
                 create`"
            }
            Self::Newer { .. } => "update stockport, or name another snapshot (`stockport backup list` shows them)",
            Self::Unreadable { .. } => "check the file's permissions and the disk, or name another snapshot",
            Self::NewestUnknown {
                fault: Fault::Newer(_),
                choice,
                ..
            } => return format!("update stockport, or name the snapshot to use: {}", choice.display()),
            Self::NewestUnknown { choice, .. } => return format!("name the snapshot to use: {}", choice.display()),
            Self::BegunWith { .. } => "name the snapshot to restore: DIR/ORG/NAME (`stockport backup list` shows them)",
            Self::OnlySafety(_) => "`stockport backup list DIR` shows them; name the one to use",
            Self::NoSnapshot(_) => "check the folder's spelling; `stockport backup create DIR` makes a snapshot",
            Self::NoSuch { .. } | Self::NoneBefore { .. } => "`stockport backup list DIR` shows what there is",
            Self::NoDate(_) => "write @2026-11-22, or @2026-11-22T14:30 (UTC), or @latest",
            Self::Several { .. } => "name one of them: DIR/ORG",
            Self::OtherOrganization { .. } => "back this organization up to another folder",
            Self::LongName => "check --org; no organization's name is that long",
            Self::Locked { .. } => "wait until it has ended, or pass a longer --wait",
            Self::Interrupted => "run the same command again",
            Self::Empty { .. } => {
                "check the exact spelling of --org and the key; if the organization is empty now, pass --allow-empty"
            }
            Self::Shrunken { .. } => {
                "check what happened to the others (`stockport backup verify DIR --against-org`); if they were \
                 deleted on purpose, pass --allow-shrink"
            }
            Self::NoItem { .. } => "check the exact spelling of --only, or use another snapshot",
            Self::NoHistory { near, .. } if !near.is_empty() => {
                let near: Vec<String> = near.iter().map(|id| crate::columns::spelled(id)).collect();
                return format!("did you mean {}? The id must be exactly the same", near.join(" or "));
            }
            Self::NoHistory { .. } => {
                "check the exact spelling of the id; `stockport export` shows the ids that are stored now"
            }
            Self::Part(..) => "use another snapshot; `backup restore` without --exact takes this one",
            Self::NotAFolder(_) => "name the folder: DIR, or DIR/ORG",
            Self::NoPolicy => {
                "pass at least one of --keep-last, --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Damaged { .. } => Exit::Different,
            Self::NoDate(_) | Self::Several { .. } | Self::NoPolicy | Self::NotAFolder(_) => Exit::Usage,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Stopped,
        }
    }
}
