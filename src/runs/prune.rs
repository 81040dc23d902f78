//! Which journals have passed their age.
//!
//! The clock alone removes nothing: see `counter`.
//!
//! Doesn't belong here: how runs are ordered (`order`).

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::{Position, RunError, Runs, resume};
use crate::counter::{Stay, outlived};
use crate::files::{self, bounds};
use crate::journal::RUNNING;

/// How long the journal of a run is kept: long enough to undo what is noticed at a month's or a quarter's end.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// So many runs stay whatever their age.
pub const KEPT_RUNS: usize = 50;

impl Runs {
    /// Removes the journals that have passed their age, of runs in their order, the newest first. One that can't be removed
    /// is none the worse for staying.
    pub(super) fn prune(&self, newest_first: &[Position], now: Timestamp) {
        let doomed = doomed(newest_first, now);
        for name in &doomed {
            for ending in ["", "-wal", "-shm", "-journal"] {
                let mut path = self.journal(name).into_os_string();
                path.push(ending);
                let _ = fs::remove_file(path);
            }
            let _ = fs::remove_file(self.folder.join(format!("{name}.{RUNNING}")));
        }
        if !doomed.is_empty() {
            self.prune_leftovers(SystemTime::now());
        }
    }

    /// The same of records.
    pub(super) fn prune_records(&self, newest_first: &[Position]) {
        for name in doomed(newest_first, Timestamp::now()) {
            let _ = fs::remove_file(self.record_of(name));
            let _ = fs::remove_file(self.folder.join(format!("{name}.{RUNNING}")));
        }
    }

    /// How many runs have a journal or a record, the size of all files, and when the oldest run began.
    pub fn kept(&self) -> Result<(u64, u64, Option<Timestamp>), RunError> {
        let all = self.all()?;
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let sizes = entries.filter_map(|entry| Some(entry.metadata().ok()?.len()));
        let oldest = all.iter().rev().find_map(|(position, _)| position.moment);
        Ok((all.len() as u64, sizes.sum(), oldest))
    }

    /// The paths that unfinished runs have noted, safety copies among them: a run that is resumed relies on its own. Where a
    /// journal can't be read, they are not known. One that its process keeps to itself is of another organization.
    pub fn noted_by_unfinished(&self) -> Result<Vec<PathBuf>, RunError> {
        let mut noted = Vec::new();
        for run in self.newest_first()? {
            if run.is_busy {
                continue;
            }
            let run = run.readable()?;
            if !run.is_finished() {
                noted.extend(run.facts.into_values().map(PathBuf::from));
            }
        }
        Ok(noted)
    }

    /// Removes the files of jobs whose last run is gone, and what killed processes left half made.
    fn prune_leftovers(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let names: BTreeSet<String> = self.positions().into_iter().flatten().map(|run| run.name).collect();
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else { continue };
            let is_stale = if name.ends_with(&format!(".{}", resume::ENDING)) {
                files::read_text(&entry.path(), bounds::NOTE).is_ok_and(|run| !names.contains(run.trim()))
            } else {
                name.starts_with('.') && name.ends_with(".sqlite-new") && is_old(&entry, now)
            };
            if is_stale {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The names of the runs that have passed their age. A run whose name has no moment is of no age.
fn doomed(newest_first: &[Position], now: Timestamp) -> Vec<&str> {
    let stay = Stay {
        newest: KEPT_RUNS,
        age: SignedDuration::try_from(KEPT).unwrap_or(SignedDuration::MAX),
    };
    let moments = newest_first.iter().map(|position| position.moment);
    let doomed = outlived(moments, stay, now).into_iter();
    doomed
        .filter_map(|place| Some(newest_first.get(place)?.name.as_str()))
        .collect()
}

fn is_old(entry: &DirEntry, now: SystemTime) -> bool {
    let modified = entry.metadata().and_then(|found| found.modified());
    modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    /// So many runs, the newest so many days old, each a day older than the next.
    fn runs(count: i32, newest: i32) -> Vec<Position> {
        let run = |place: i32| {
            let moment = now().checked_sub(DAY * (newest + place)).unwrap();
            let number = u64::try_from(count - place).unwrap();
            Position::of(
                super::super::order::name_of(moment, number),
                std::path::Path::new("absent"),
            )
        };
        (0..count).map(run).collect()
    }

    #[test]
    fn what_is_older_than_its_age_goes_but_never_the_newest_runs() {
        // 91 of them are at most 90 days old.
        assert_eq!(doomed(&runs(120, 0), now()).len(), 29);
        assert_eq!(doomed(&runs(50, 30), now()).len(), 0);
        let rare = runs(60, 25);
        assert!(doomed(&rare, now()).is_empty(), "84 days");
        // Fifty runs of today leave those before them to their age.
        let mut many = runs(50, 0);
        for run in &mut many {
            run.moment = Some(now());
        }
        many.extend(runs(100, 1));
        assert_eq!(doomed(&many, now()).len(), 10);
    }

    #[test]
    fn a_clock_that_has_jumped_removes_nothing() {
        let mut all = runs(90, 0);
        for years in [5, 50] {
            let ahead = now().checked_add(DAY * (365 * years)).unwrap();
            assert!(doomed(&all, ahead).is_empty(), "{years} years ahead");
            let behind = now().checked_sub(DAY * (365 * years)).unwrap();
            assert!(doomed(&all, behind).is_empty(), "{years} years behind");
        }
        // Nor once some runs have been made with the wrong clock.
        let ahead = now().checked_add(DAY * (365 * 5)).unwrap();
        let wrong = Position {
            moment: Some(ahead),
            ..all[0].clone()
        };
        all.splice(0..0, [wrong.clone(), wrong]);
        assert!(doomed(&all, ahead).is_empty());
        assert!(doomed(&all, now()).is_empty());
    }

    #[test]
    fn a_journal_goes_with_all_its_files_and_with_the_file_of_its_job() {
        let folder = tempfile::tempdir().unwrap();
        let runs_of = Runs::new(folder.path().to_owned());
        let all = runs(120, 0);
        let (first, last) = (&all[119].name, &all[0].name);
        let names = [
            format!("{first}.sqlite"),
            format!("{first}.sqlite-wal"),
            format!("{last}.sqlite"),
            "a.last".to_owned(),
            "b.last".to_owned(),
        ];
        for name in &names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(folder.path().join("a.last"), first).unwrap();
        fs::write(folder.path().join("b.last"), last).unwrap();
        runs_of.prune(&all, now());
        let left: Vec<bool> = names.iter().map(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, [false, false, true, false, true]);
    }
}
