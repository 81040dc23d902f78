//! A restore that was interrupted and is repeated goes on with the snapshot that it began with, also when a newer backup has
//! been made since: the run's journal names it.
//!
//! Doesn't belong here: sending it (`transfer`), finding journals (`runs`).

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::super::Connected;
use crate::error::Error;
use crate::output::{About, Warning};
use crate::runs::{Fingerprint, Maybe, Run, RunError, Runs, fingerprint};
use crate::snapshot::{Chosen, Meant, Shelf, Snapshot, SnapshotError, find};
use crate::undo;

/// The fact under which a run notes what was asked for: `latest`, the date that followed the `@`, or nothing where the
/// snapshot was named.
pub(super) const ASKED: &str = "asked";

/// The options that make two restores one job, as the journal notes them.
const ALL_ITEMS: &str = "only []";

/// What is restored, and by which run.
pub(super) struct Choice {
    pub(super) chosen: Chosen,
    /// The snapshot's manifest, as the run notes it.
    pub(super) file: Fingerprint,
    /// What was asked for ([`ASKED`]).
    pub(super) asked: String,
    /// The interrupted run that is gone on with.
    pub(super) run: Option<Run>,
}

/// Chooses what is restored: the snapshot that was named; else that of an interrupted restore of the same job, where there is
/// one; else the newest. `options` are the job's.
pub(super) fn choose(
    meant: Meant,
    runs: &Runs,
    connected: &Connected,
    options: &str,
    now: Timestamp,
) -> Result<Choice, Error> {
    let is_named = matches!(meant, Meant::Named(..));
    let run = interrupted(runs, connected, options, is_named)?;
    let (shelf, when) = match &meant {
        Meant::Named(_, snapshot) => {
            let file = manifest_of(snapshot)?;
            let run = run.filter(|run| run.files() == [file.clone()]);
            let mut chosen = meant.choose(now)?;
            chosen
                .warnings
                .extend(run.as_ref().map(|run| resuming(run, &chosen.snapshot)));
            return Ok(Choice {
                chosen,
                file,
                asked: String::new(),
                run,
            });
        }
        Meant::Newest(shelf, when, _) => (shelf, when),
    };
    let asked = when.text.clone();
    let run = run.filter(|run| when.is_latest() || run.fact(ASKED) == when.text);
    let Some((run, (snapshot, file))) = run
        .map(|run| began_with(&run, shelf).map(|found| found.map(|found| (run, found))))
        .transpose()?
        .flatten()
    else {
        let chosen = meant.choose(now)?;
        let file = manifest_of(&chosen.snapshot)?;
        return Ok(Choice {
            chosen,
            file,
            asked,
            run: None,
        });
    };
    let mut warning = resuming(&run, &snapshot);
    warning.text += "; name another snapshot to restore that one";
    let chosen = Chosen {
        shelf: shelf.clone(),
        snapshot,
        warnings: vec![warning],
    };
    // A folder that was moved is another file to the journal: the snapshot is restored by a run of its own.
    let run = (run.files() == [file.clone()]).then_some(run);
    Ok(Choice {
        chosen,
        file,
        asked,
        run,
    })
}

fn resuming(run: &Run, snapshot: &Snapshot) -> Warning {
    About::RestoreResumed.warning(format!(
        "resuming run {} of {} with its snapshot {}",
        run.name,
        run.fact("started"),
        snapshot.name
    ))
}

/// The last restore of this job, if it didn't come to its end. One that was undone, or that a later restore of all items has
/// replaced, is over. A run that can't be read may be that restore: then only a snapshot that `is_named` can be restored.
fn interrupted(runs: &Runs, connected: &Connected, options: &str, is_named: bool) -> Result<Option<Run>, RunError> {
    let mut undone = BTreeSet::new();
    for run in runs.newest_first()? {
        if let Some((why, _)) = run.fault {
            if is_named {
                continue;
            }
            return Err(RunError::Hidden {
                run: run.name,
                maybe: Maybe::RESTORE,
                why,
            });
        }
        if run.fact("api") != connected.place || run.fact("org") != connected.org {
            continue;
        }
        match run.fact("command") {
            undo::COMMAND => undone.extend(run.undid()),
            "restore" if undone.contains(&run.name) => {}
            "restore" if run.fact("options") == options => {
                return Ok((!run.is_finished()).then_some(run));
            }
            "restore" if run.is_finished() && run.fact("options").contains(ALL_ITEMS) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// The snapshot that a run began with, as long as it belongs to this folder; an error where it is gone from there.
fn began_with(run: &Run, shelf: &Shelf) -> Result<Option<(Snapshot, Fingerprint)>, SnapshotError> {
    let files = run.files();
    let Some(then) = files.first() else { return Ok(None) };
    let path = Path::new(&then.path);
    let here = path.file_name().map(|name| shelf.folder().join(name));
    let found = here.and_then(|here| find(&here).ok()?.one(&here).ok());
    if let Some(Chosen { snapshot, .. }) = found {
        let now = manifest_of(&snapshot)?;
        if now.sha256 == then.sha256 {
            return Ok(Some((snapshot, now)));
        }
    }
    let folder = shelf.folder().canonicalize();
    if !folder.is_ok_and(|folder| path.parent() == Some(&folder)) {
        // Another backup is meant.
        return Ok(None);
    }
    let why = if path.exists() { "has changed since" } else { "is gone" };
    Err(SnapshotError::BegunWith {
        run: run.name.clone(),
        snapshot: then.path.trim_end_matches(".manifest.json").to_owned(),
        why,
    })
}

fn manifest_of(snapshot: &Snapshot) -> Result<Fingerprint, SnapshotError> {
    let path = snapshot.path();
    fingerprint(&path).map_err(|cause| SnapshotError::File {
        path,
        doing: "read",
        cause,
    })
}
