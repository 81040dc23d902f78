//! What becomes of each snapshot when old ones are removed.
//!
//! Doesn't belong here: the rules themselves (`snapshot::retention`), removing files (`snapshot`).

use jiff::Timestamp;

use crate::snapshot::retention::{Policy, Reason, apply};
use crate::snapshot::{Fault, Name, Shelf, Snapshot, SnapshotError};

/// What becomes of one snapshot when old ones go.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The snapshot.
    pub name: Name,
    /// How many items it holds; none where its manifest can't be read.
    pub items: Option<u64>,
    /// Whether it stays.
    pub kept: bool,
    /// Why it stays, or goes, for a person.
    pub reason: String,
}

/// What the rules make of a shelf's backups, the newest first. Those that are damaged, can't be read or are dated in the
/// future take no other one's place, and stay, so that a person can look at them. The newest good one stays whatever the rules
/// say, and so does the one that was just `made`.
pub fn fates(shelf: &Shelf, policy: &Policy, made: Option<Name>, now: Timestamp) -> Result<Vec<Fate>, SnapshotError> {
    if policy.is_empty() {
        return Err(SnapshotError::NoPolicy);
    }
    let mut snapshots = shelf.snapshots()?;
    snapshots.reverse();
    // The newest ones are proved byte by byte; of those behind the newest good one a look at the folder has to do.
    let newest_good = snapshots
        .iter()
        .position(|snapshot| snapshot.looks_good() && snapshot.check_bytes().is_ok());
    let standing = |place: usize, snapshot: &Snapshot| {
        let is_made = made == Some(snapshot.name);
        match &snapshot.manifest {
            Err(fault) => Err(unusable(fault)),
            Ok(_) if !snapshot.looks_good() || newest_good.is_none_or(|good| place < good) => Err("damaged".to_owned()),
            Ok(_) if snapshot.is_ahead(now) && !is_made => Ok(None),
            Ok(_) => Ok(Some((is_made, newest_good == Some(place)))),
        }
    };
    let standings: Vec<_> = snapshots
        .iter()
        .enumerate()
        .map(|(place, snapshot)| standing(place, snapshot))
        .collect();
    let counted = snapshots
        .iter()
        .zip(&standings)
        .filter(|(_, standing)| matches!(standing, Ok(Some(_))));
    let moments: Vec<_> = counted.map(|(snapshot, _)| snapshot.name.moment()).collect();
    let mut reasons = apply(&moments, policy).into_iter();
    let fate = |(snapshot, standing): (Snapshot, Result<Option<(bool, bool)>, String>)| {
        let (kept, reason) = match standing {
            Err(what) => (true, format!("{what}: skipped and not counted")),
            Ok(None) => (true, "dated in the future: not counted".to_owned()),
            Ok(Some((is_made, is_newest_good))) => judged(&reasons.next().unwrap_or_default(), is_made, is_newest_good),
        };
        Fate {
            name: snapshot.name,
            items: snapshot.manifest.as_ref().ok().map(|manifest| manifest.items),
            kept,
            reason,
        }
    };
    Ok(snapshots.into_iter().zip(standings).map(fate).collect())
}

fn unusable(fault: &Fault) -> String {
    match fault {
        Fault::Damaged(what) => format!("damaged ({what})"),
        Fault::Newer(format) => format!("written by a newer stockport (format {format})"),
        Fault::Unreadable(why) => format!("can't be read ({why})"),
    }
}

fn judged(reasons: &[Reason], is_made: bool, is_newest_good: bool) -> (bool, String) {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.text()).collect();
    if !reasons.is_empty() {
        (true, reasons.join(", "))
    } else if is_made {
        (true, "just created".to_owned())
    } else if is_newest_good {
        (true, "the newest good one".to_owned())
    } else {
        (false, "no rule keeps it".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ItemStore;
    use crate::snapshot::retention::Count;
    use crate::snapshot::{Facts, Grade};

    fn made(shelf: &Shelf, started: &str) -> Name {
        let facts = Facts {
            api: String::new(),
            started: started.parse().unwrap(),
            grade: Grade::Proved,
            evidence: String::new(),
            kind: None,
        };
        let lock = shelf
            .lock(std::time::Duration::from_secs(60), &mut |_| {}, &|| false)
            .unwrap();
        shelf
            .create(&lock, &mut ItemStore::new().unwrap(), &facts)
            .unwrap()
            .name
    }

    #[test]
    fn what_was_made_just_now_stays_even_where_another_one_has_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(dir.path(), "org").unwrap();
        let own = made(&shelf, "2031-11-27T02:00:00Z");
        // Another process makes one before this one comes to its rules.
        made(&shelf, "2031-11-27T02:00:01Z");
        let policy = Policy {
            last: Count::Of(1),
            ..Policy::default()
        };
        let fates = |made, now: &str| fates(&shelf, &policy, made, now.parse().unwrap()).unwrap();
        let told = |fates: Vec<Fate>| {
            fates
                .into_iter()
                .map(|fate| (fate.kept, fate.reason))
                .collect::<Vec<_>>()
        };
        let now = "2031-11-27T02:00:02Z";
        assert_eq!(
            told(fates(Some(own), now)),
            [(true, "last snapshot".to_owned()), (true, "just created".to_owned())]
        );
        assert_eq!(told(fates(None, now))[1], (false, "no rule keeps it".to_owned()));
        // The clock was set back in between: it is dated in the future now.
        assert!(
            told(fates(Some(own), "2020-01-01T00:00:00Z"))
                .iter()
                .all(|(kept, _)| *kept)
        );
    }
}
