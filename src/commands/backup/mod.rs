//! `stockport backup`: an organization ⇄ snapshots on disk.
//!
//! Doesn't belong here: the commands below it, each in a file of its name.

mod begun;
mod check;
mod create;
mod history;
mod list;
mod prune;
mod restore;
mod verify;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::Context;
use crate::cli::{BackupCommand, Keep};
use crate::error::Exit;
use crate::output::Warning;
use crate::snapshot::retention::Policy;
use crate::snapshot::{Chosen, Found, Meant, Shelf, Snapshot, SnapshotError, ahead, find, unseen};

/// Runs the command.
pub(super) fn run(context: &Context, command: &BackupCommand) -> Exit {
    match command {
        BackupCommand::Create(options) => create::run(context, options),
        BackupCommand::List(options) => list::run(context, options),
        BackupCommand::Verify(options) => verify::run(context, options),
        BackupCommand::Check(options) => check::run(context, options),
        BackupCommand::History(options) => history::run(context, options),
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

/// What a path leads to.
struct Looked {
    /// The folders; with the one snapshot, where the path names one.
    shelves: Vec<(Shelf, Option<Snapshot>)>,
    /// What a person should know of it.
    warnings: Vec<Warning>,
}

impl Looked {
    /// Warns of what was noticed so far, and of snapshots that are dated in the future.
    fn warn(&mut self, context: &Context) -> Result<(), SnapshotError> {
        for (shelf, one) in &self.shelves {
            let snapshots = match one {
                Some(_) => Vec::new(),
                None => shelf.snapshots()?,
            };
            self.warnings.extend(ahead(&snapshots, Timestamp::now()));
        }
        self.warnings.iter().for_each(|warning| context.output.warn(warning));
        Ok(())
    }
}

/// The folders that a path leads to, those of the organizations that the command line names (the environment's is what
/// is written to, not what is looked at).
fn look(context: &Context, path: &Path) -> Result<Looked, SnapshotError> {
    let (shelves, hidden) = match find(path)? {
        Found::One(shelf, snapshot) => {
            return Ok(Looked {
                shelves: vec![(shelf, Some(*snapshot))],
                warnings: Vec::new(),
            });
        }
        Found::Newest(shelf, when, hidden) => {
            let Chosen {
                shelf,
                snapshot,
                warnings,
            } = Meant::Newest(shelf, when, hidden).choose(Timestamp::now())?;
            return Ok(Looked {
                shelves: vec![(shelf, Some(snapshot))],
                warnings,
            });
        }
        Found::Shelves(shelves, hidden) => (shelves, hidden),
    };
    let wanted = &context.named_orgs;
    let chosen: Vec<_> = shelves
        .into_iter()
        .filter(|shelf| wanted.is_empty() || wanted.iter().any(|org| org == shelf.org()))
        .map(|shelf| (shelf, None))
        .collect();
    let warnings = hidden.iter().map(unseen).collect();
    for org in wanted {
        if !chosen.iter().any(|(shelf, _)| shelf.org() == org) {
            let folder = Shelf::of(path, org)?.folder().to_owned();
            let unseen = hidden
                .into_iter()
                .find(|error| matches!(error, SnapshotError::File { path, .. } if *path == folder));
            return Err(unseen.unwrap_or(SnapshotError::NoSnapshot(folder)));
        }
    }
    Ok(Looked {
        shelves: chosen,
        warnings,
    })
}
