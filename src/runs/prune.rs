//! Which journals have passed their age.
//!
//! The clock alone removes nothing: the newest runs stay whatever their age, and nothing goes at all while the clock says
//! that no run was made for as long as journals are kept, as it does when it has jumped.
//!
//! Doesn't belong here: how runs are ordered (`order`).

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::time::{Duration, SystemTime};

use super::{Runs, resume};

/// How long the journal of a run is kept: long enough to undo what is noticed at a month's or a quarter's end.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// So many runs stay whatever their age.
pub const KEPT_RUNS: usize = 50;

impl Runs {
    /// Removes the journals that have passed their age. One that can't be removed is none the worse for staying.
    pub(super) fn prune(&self, now: SystemTime) {
        let Ok(positions) = self.positions() else { return };
        let age = |name: &str| {
            let modified = fs::metadata(self.journal(name))
                .and_then(|found| found.modified())
                .ok()?;
            now.duration_since(modified).ok()
        };
        // Ages beyond the clock's own are none.
        let youngest = positions.iter().filter_map(|position| age(&position.name)).min();
        if positions.len() <= KEPT_RUNS || youngest.is_none_or(|youngest| youngest > KEPT) {
            return;
        }
        let old = positions.iter().skip(KEPT_RUNS).map(|position| position.name.as_str());
        let doomed: Vec<&str> = old.filter(|name| age(name).is_some_and(|age| age > KEPT)).collect();
        if doomed.is_empty() {
            return;
        }
        for name in doomed {
            for ending in ["", "-wal", "-shm", "-journal"] {
                let mut path = self.journal(name).into_os_string();
                path.push(ending);
                let _ = fs::remove_file(path);
            }
        }
        self.prune_leftovers(now);
    }

    /// Removes the files of jobs whose last run is gone, and what killed processes left half made.
    fn prune_leftovers(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let names: BTreeSet<String> = self.positions().into_iter().flatten().map(|p| p.name).collect();
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else { continue };
            let is_stale = if name.ends_with(&format!(".{}", resume::ENDING)) {
                fs::read_to_string(entry.path()).is_ok_and(|run| !names.contains(run.trim()))
            } else {
                name.starts_with('.') && name.ends_with(".sqlite-new") && is_old(&entry, now)
            };
            if is_stale {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_old(entry: &DirEntry, now: SystemTime) -> bool {
    let modified = entry.metadata().and_then(|found| found.modified());
    modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > KEPT))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// A folder of so many journals, the newest so old, each a day older than the next.
    fn folder(count: u64, newest: Duration) -> (tempfile::TempDir, Runs, SystemTime) {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for number in 1..=count {
            let path = folder.path().join(format!("2026-01-01T00-00-00.000Z-{number}.sqlite"));
            let file = File::create(path).unwrap();
            let age = newest + Duration::from_secs(86_400) * u32::try_from(count - number).unwrap();
            file.set_modified(now - age).unwrap();
        }
        let runs = Runs::new(folder.path().to_owned());
        (folder, runs, now)
    }

    #[test]
    fn what_is_older_than_its_age_goes_but_never_the_newest_runs() {
        let (_folder, runs, now) = folder(120, Duration::ZERO);
        runs.prune(now);
        // 91 of them are at most 90 days old.
        assert_eq!(runs.positions().unwrap().len(), 91);
        let (_folder, runs, now) = folder(60, KEPT.checked_sub(Duration::from_secs(60)).unwrap());
        runs.prune(now);
        assert_eq!(runs.positions().unwrap().len(), KEPT_RUNS);
        assert_eq!(runs.positions().unwrap().last().unwrap().number, Some(11));
    }

    #[test]
    fn a_clock_that_has_jumped_removes_nothing() {
        let (_folder, runs, now) = folder(120, Duration::ZERO);
        runs.prune(now + Duration::from_secs(5 * 365 * 86_400));
        runs.prune(now - Duration::from_secs(5 * 365 * 86_400));
        assert_eq!(runs.positions().unwrap().len(), 120);
    }

    #[test]
    fn the_file_of_a_job_goes_with_its_last_run() {
        let (folder, runs, now) = folder(120, Duration::ZERO);
        let last = |name: &str, run: &str| fs::write(folder.path().join(name), run).unwrap();
        last("a.last", "2026-01-01T00-00-00.000Z-1");
        last("b.last", "2026-01-01T00-00-00.000Z-120");
        runs.prune(now);
        assert!(!folder.path().join("a.last").exists() && folder.path().join("b.last").exists());
    }
}
