//! What is kept of earlier commands, and for how long: journals and safety copies.
//!
//! Doesn't belong here: removing them (`runs`, `backup`), the folders themselves (`folders`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::super::runs_folder;
use super::Check;
use crate::backup::{KEPT_COPIES, YOUNG_DAYS};
use crate::config;
use crate::error::Error;
use crate::output::{counted, grouped};
use crate::runs::{KEPT, KEPT_RUNS, Runs};
use crate::snapshot::{Found, SnapshotError, find, unseen};

/// What there is in a folder: what and how many, their size, and the oldest.
type Kept = (String, u64, Option<Timestamp>);

/// The journals of runs, with the records of exports and backups; none where their folder is not known, which is an error of
/// that folder's check.
pub(super) fn journals() -> Option<Check> {
    const NAME: &str = "journals";
    let folder = runs_folder(true).ok()?;
    let days = KEPT.as_secs() / (24 * 60 * 60);
    let stay = format!("kept for {days} days, the newest {KEPT_RUNS} whatever their age");
    Some(match Runs::new(folder.clone()).kept() {
        Ok((0, ..)) => told(NAME, &folder, &stay, None, &[]),
        Ok((runs, bytes, oldest)) => told(NAME, &folder, &stay, Some((counted(runs, "run"), bytes, oldest)), &[]),
        Err(error) => Check::failed(NAME, &error.into()),
    })
}

/// The safety copies in the user's data folder. Those of `backup restore --exact` stand in the backup's own folder.
pub(super) fn safety_copies() -> Option<Check> {
    const NAME: &str = "safety copies";
    let folder = config::snapshots_folder().ok()?;
    let stay = format!("kept for {YOUNG_DAYS} days, the newest {KEPT_COPIES} of each organization whatever their age");
    Some(match copies(&folder) {
        Ok((kept, faults)) => told(NAME, &folder, &stay, kept, &faults),
        Err(error) => Check::failed(NAME, &Error::from(error)),
    })
}

/// The safety copies below a folder, and what can't be read of them.
fn copies(folder: &Path) -> Result<(Option<Kept>, Vec<String>), SnapshotError> {
    let (shelves, hidden) = match find(folder) {
        Ok(Found::Shelves(shelves, hidden)) => (shelves, hidden),
        Ok(_) | Err(SnapshotError::NoSnapshot(_)) => return Ok((None, Vec::new())),
        Err(error) => return Err(error),
    };
    let mut faults: Vec<String> = hidden.iter().map(|hidden| unseen(hidden).to_string()).collect();
    // Copies that hold the same share a file.
    let (mut count, mut oldest, mut files) = (0, None::<Timestamp>, BTreeMap::new());
    for shelf in &shelves {
        for copy in shelf.safety_copies()? {
            count += 1;
            let moment = copy.name.moment();
            oldest = Some(oldest.map_or(moment, |oldest| oldest.min(moment)));
            let data = copy
                .manifest
                .as_ref()
                .map(|manifest| copy.folder().join(&manifest.data.file));
            for file in data.into_iter().chain([copy.path()]) {
                let size = fs::metadata(&file).map_or(0, |found| found.len());
                files.insert(file, size);
            }
            if let Err(fault) = &copy.manifest {
                faults.push(format!("{} {fault}, and is kept", copy.shown()));
            }
        }
    }
    let of = counted(shelves.len() as u64, "organization");
    let what = format!("{} of {of}", counted(count, "snapshot"));
    Ok(((count > 0).then(|| (what, files.values().sum(), oldest)), faults))
}

fn told(name: &'static str, folder: &Path, stay: &str, kept: Option<Kept>, faults: &[String]) -> Check {
    let folder = folder.display();
    let detail = match kept {
        None => format!("none in {folder}; {stay}"),
        Some((what, bytes, oldest)) => {
            let size = grouped(bytes.div_ceil(1 << 20));
            let oldest = oldest.map_or_else(String::new, |oldest| {
                format!(", the oldest of {}", oldest.strftime("%Y-%m-%d"))
            });
            format!("{what}, {size} MiB{oldest}, in {folder}; {stay}")
        }
    };
    let Some(first) = faults.first() else {
        return Check::ok(name, detail);
    };
    let count = grouped(faults.len() as u64);
    let hint = "check its permissions and the disk, or remove it";
    Check::warning(name, format!("{detail}; {count} can't be read: {first}"), hint)
}
