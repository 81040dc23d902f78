//! `stockport backup`: an organization ⇄ snapshots on disk.
//!
//! Doesn't belong here: the commands below it, each in a file of its name.

mod create;
mod list;
mod prune;
mod restore;
mod verify;

use std::path::Path;
use std::time::Duration;

use super::Context;
use crate::cli::{BackupCommand, Keep};
use crate::error::Exit;
use crate::snapshot::retention::Policy;
use crate::snapshot::{Found, Shelf, Snapshot, SnapshotError, find};

/// Runs the command.
pub(super) fn run(context: &Context, command: &BackupCommand) -> Exit {
    match command {
        BackupCommand::Create(options) => create::run(context, options),
        BackupCommand::List(options) => list::run(context, options),
        BackupCommand::Verify(options) => verify::run(context, options),
        BackupCommand::Restore(options) => restore::run(context, options),
        BackupCommand::Prune(options) => prune::run(context, options),
    }
}

fn policy(keep: &Keep) -> Policy {
    Policy {
        last: keep.last.unwrap_or_default(),
        daily: keep.daily.unwrap_or_default(),
        weekly: keep.weekly.unwrap_or_default(),
        monthly: keep.monthly.unwrap_or_default(),
        yearly: keep.yearly.unwrap_or_default(),
    }
}

fn patience(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The folders that a path leads to, those of the organizations that the command line names (the environment's is what
/// is written to, not what is looked at); with the one snapshot, where the path names one.
fn shelves(context: &Context, path: &Path) -> Result<Vec<(Shelf, Option<Snapshot>)>, SnapshotError> {
    let shelves = match find(path)? {
        Found::One(shelf, snapshot) => return Ok(vec![(shelf, Some(*snapshot))]),
        Found::Shelves(shelves) => shelves,
    };
    let wanted = &context.named_orgs;
    let chosen: Vec<_> = shelves
        .into_iter()
        .filter(|shelf| wanted.is_empty() || wanted.iter().any(|org| org == shelf.org()))
        .map(|shelf| (shelf, None))
        .collect();
    for org in wanted {
        if !chosen.iter().any(|(shelf, _)| shelf.org() == org) {
            return Err(SnapshotError::NoSnapshot(Shelf::of(path, org)?.folder().to_owned()));
        }
    }
    Ok(chosen)
}
