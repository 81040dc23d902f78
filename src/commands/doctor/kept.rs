//! What is kept of earlier commands, and for how long: journals and safety copies.
//!
//! Doesn't belong here: removing them (`runs`, `backup`), the folders themselves (`folders`).

use std::collections::BTreeMap;
use std::fs;

use super::super::runs_folder;
use super::Check;
use crate::backup::{KEPT_COPIES, YOUNG_DAYS};
use crate::config;
use crate::error::Error;
use crate::output::{counted, grouped};
use crate::runs::{KEPT, KEPT_RUNS, Runs};
use crate::snapshot::{Found, Name, SnapshotError, find, unseen};

/// The journals of runs, with the records of exports and backups.
pub(super) fn journals() -> Check {
    const NAME: &str = "journals";
    let days = KEPT.as_secs() / (24 * 60 * 60);
    let stay = format!("kept for {days} days, the newest {KEPT_RUNS} whatever their age");
    let Ok(folder) = runs_folder(true) else {
        return unknown(NAME, "state folder");
    };
    match Runs::new(folder).kept() {
        Ok(kept) if kept.runs == 0 => Check::ok(NAME, format!("none in {}; {stay}", kept.folder.display())),
        Ok(kept) => {
            let oldest = kept.oldest.map_or_else(String::new, |oldest| {
                format!(", the oldest of {}", oldest.strftime("%Y-%m-%d"))
            });
            let (runs, size) = (counted(kept.runs, "run"), size(kept.bytes));
            Check::ok(
                NAME,
                format!("{runs}, {size}{oldest}, in {}; {stay}", kept.folder.display()),
            )
        }
        Err(error) => Check::failed(NAME, &error.into()),
    }
}

/// The safety copies in the user's data folder. Those of `backup restore --exact` stand in the backup's own folder.
pub(super) fn safety_copies() -> Check {
    const NAME: &str = "safety copies";
    let stay = format!("kept for {YOUNG_DAYS} days, the newest {KEPT_COPIES} of each organization whatever their age");
    let Ok(folder) = config::snapshots_folder() else {
        return unknown(NAME, "data folder");
    };
    let none = || Check::ok(NAME, format!("none in {}; {stay}", folder.display()));
    let (shelves, hidden) = match find(&folder) {
        Ok(Found::Shelves(shelves, hidden)) => (shelves, hidden),
        Ok(_) | Err(SnapshotError::NoSnapshot(_)) => return none(),
        Err(error) => return Check::failed(NAME, &error.into()),
    };
    let (mut count, mut oldest, mut files) = (0_u64, None::<Name>, BTreeMap::new());
    let mut faults: Vec<String> = hidden.iter().map(unseen).collect();
    for shelf in &shelves {
        let copies = match shelf.safety_copies() {
            Ok(copies) => copies,
            Err(error) => return Check::failed(NAME, &Error::from(error)),
        };
        for copy in &copies {
            count += 1;
            oldest = Some(oldest.map_or(copy.name, |oldest| oldest.min(copy.name)));
            let data = copy
                .manifest
                .as_ref()
                .ok()
                .map(|manifest| copy.folder().join(&manifest.data.file));
            for file in data.into_iter().chain([copy.path()]) {
                let found = fs::metadata(&file).map_or(0, |found| found.len());
                files.insert(file, found);
            }
            if let Err(fault) = &copy.manifest {
                faults.push(format!("{} {fault}, and is kept", copy.shown()));
            }
        }
    }
    let Some(oldest) = oldest else {
        return none();
    };
    let detail = format!(
        "{} of {}, {}, the oldest of {}, in {}; {stay}",
        counted(count, "snapshot"),
        counted(shelves.len() as u64, "organization"),
        size(files.values().sum()),
        oldest.moment().strftime("%Y-%m-%d"),
        folder.display()
    );
    match faults.first() {
        None => Check::ok(NAME, detail),
        Some(first) => Check::warning(
            NAME,
            format!("{detail}; {} can't be read: {first}", grouped(faults.len() as u64)),
            "check its permissions and the disk, or remove it",
        ),
    }
}

/// Where the folder itself is not known, which is an error of its own check.
fn unknown(name: &'static str, folder: &str) -> Check {
    let detail = format!("not checked, because the check of the {folder} failed");
    Check::warning(name, detail, format!("correct the {folder} first"))
}

fn size(bytes: u64) -> String {
    format!("{} MiB", grouped(bytes.div_ceil(1 << 20)))
}
