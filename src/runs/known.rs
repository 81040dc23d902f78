//! What earlier runs know of an organization: one small file for each, so that no journal has to be opened to learn it.
//!
//! Doesn't belong here: reading lists (`inventory`), when a list counts as complete.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{RunError, Runs, place_hash};
use crate::files::{self, bounds};
use crate::inventory::{Completeness, Earlier, Listing};
use crate::journal::{Facts, Journal, JournalError};

/// The fact that holds how many items the organization would hold without this run's own creations and deletions.
const HELD: &str = "held";

/// What a file of this kind ends in.
const ENDING: &str = "known.json";

/// What earlier runs know of an organization, and which surprises are allowed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// How many items it held when the last run that knows looked, with what that run added and took away.
    pub at_least: Option<u64>,
    /// An organization that is known, and whose name contains this one's.
    pub longer_name: Option<String>,
    /// An empty organization is allowed.
    pub allow_empty: bool,
    /// So is one that has shrunken.
    pub allow_shrink: bool,
    /// The journals of the last runs that wrote to it, the newest first.
    pub journals: Vec<PathBuf>,
}

impl Known {
    /// The ids that the last runs left stored. A journal that can't be read names none.
    #[must_use]
    pub fn earlier(&self) -> Vec<Earlier<'_>> {
        if self.journals.is_empty() {
            return Vec::new();
        }
        vec![Earlier {
            source: "earlier runs".to_owned(),
            each: Box::new(|lacks, take| {
                // The newest run that names an id knows whether it is stored.
                let mut settled = HashSet::new();
                for path in &self.journals {
                    let Ok(journal) = Journal::open_existing(path) else {
                        continue;
                    };
                    let mut here = Vec::new();
                    let _ = journal.each_left_stored(&mut |id, is_stored| {
                        if lacks(id) && !settled.contains(id) {
                            here.push((id.to_owned(), is_stored));
                        }
                    });
                    for (id, is_stored) in here {
                        if is_stored {
                            take(&id);
                        }
                        settled.insert(id);
                    }
                }
                Ok(())
            }),
        }]
    }

    /// Stops a run whose organization is suddenly empty, or has lost half of its items: the server's check of names is
    /// a substring test, and an organization whose name was cut short lists nothing (API contract).
    pub fn check(&self, org: &str, listing: &Listing) -> Result<(), RunError> {
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            return Ok(());
        }
        let now = listing.count;
        if let (0, None, Some(known), false) = (now, self.at_least, &self.longer_name, self.allow_empty) {
            return Err(RunError::OrganizationCutShort {
                org: org.to_owned(),
                known: known.clone(),
            });
        }
        let Some(before) = self.at_least else { return Ok(()) };
        let emptied = now == 0 && before > 0 && !self.allow_empty;
        let shrunken = now > 0 && now * 2 <= before && !self.allow_shrink;
        if emptied || shrunken {
            return Err(RunError::OrganizationShrunken {
                org: org.to_owned(),
                now,
                before,
            });
        }
        Ok(())
    }
}

/// What stands in the file of one organization.
#[derive(Debug, Deserialize, Serialize)]
struct Note {
    api: String,
    org: String,
    items: u64,
    /// The files of the last runs' journals, the newest first.
    #[serde(default)]
    runs: Vec<String>,
}

/// How many runs are asked what they left: an id of an older one is in a snapshot, or nobody's knowledge.
const RUNS: usize = 3;

impl Runs {
    /// What the runs know of an organization; no surprise is allowed.
    #[must_use]
    pub fn known(&self, api: &str, org: &str) -> Known {
        if let Some(note) = read(&file(&self.folder, api, org))
            && (note.api.as_str(), note.org.as_str()) == (api, org)
        {
            let journals = note.runs.iter().map(|run| self.folder.join(run));
            return Known {
                at_least: Some(note.items),
                journals: journals.filter(|path| path.is_file()).collect(),
                ..Known::default()
            };
        }
        // Version 0.1.0 kept it in its journals alone.
        let mut at_least = None;
        let mut longer_name = self.longer_name(api, org);
        for run in self.of_0_1() {
            if run.fact("api") != api || run.fact(HELD).is_empty() {
                continue;
            }
            let known = run.fact("org");
            if known == org {
                at_least = at_least.or_else(|| left_in_0_1(&run.facts));
            } else if known.contains(org) && longer_name.is_none() {
                longer_name = Some(known.to_owned());
            }
        }
        if let Some(items) = at_least {
            // Of many old journals none has to be opened again.
            write(&self.folder, api, org, items, None);
        }
        Known {
            at_least,
            longer_name,
            ..Known::default()
        }
    }

    /// A known organization whose name contains this one's. A name that was cut short passes the server's check, and lists
    /// nothing (API contract).
    fn longer_name(&self, api: &str, org: &str) -> Option<String> {
        let entries = std::fs::read_dir(&self.folder).ok()?;
        let notes = entries.flatten().filter_map(|entry| {
            let is_note = entry.file_name().to_str()?.ends_with(ENDING);
            is_note.then(|| read(&entry.path())).flatten()
        });
        notes
            .filter(|note| note.api == api && note.org != org && note.org.contains(org))
            .map(|note| note.org)
            .min()
    }
}

/// Notes how many items an organization held when this run listed it and had made its plan. `listed` is none where the list
/// proves nothing. What an earlier part of the run has created and deleted is in that list already. `counts` are noted with it.
pub fn note_plan(journal: &Journal, listed: Option<u64>, counts: &[(&str, String)]) -> Result<(), JournalError> {
    let counts = counts.iter().map(|(fact, count)| (*fact, count.as_str()));
    let Some(listed) = listed else {
        return journal.note_all(&counts.collect::<Vec<_>>());
    };
    let before = journal.outcomes()?;
    let held = (listed + before.deleted + before.gone).saturating_sub(before.created);
    let held = held.to_string();
    journal.note_all(&counts.chain([(HELD, held.as_str())]).collect::<Vec<_>>())?;
    // Should this process die, so many are left at least.
    let (_, _, deletions) = journal.planned()?;
    let open = deletions.saturating_sub(before.deleted);
    write_beside(journal, &journal.facts()?, listed.saturating_sub(open));
    Ok(())
}

/// Notes how many items are left at the end of a run.
pub(super) fn note_end(journal: &Journal, facts: &Facts) -> Result<(), JournalError> {
    let Some(held) = facts.get(HELD).and_then(|held| held.parse::<u64>().ok()) else {
        return Ok(());
    };
    let (ended, (_, _, deletions)) = (journal.outcomes()?, journal.planned()?);
    // A deletion that failed may have gone through.
    let gone = ended.deleted + ended.gone;
    let doubtful = (ended.failed + ended.unknown).min(deletions.saturating_sub(gone + ended.left));
    let left = (held + ended.created).saturating_sub(gone + doubtful);
    write_beside(journal, facts, left);
    Ok(())
}

fn write_beside(journal: &Journal, facts: &Facts, items: u64) {
    // A dry run's journal has neither.
    if let (Some(api), Some(org), Some(folder)) = (facts.get("api"), facts.get("org"), journal.path().parent()) {
        let run = journal.path().file_name().and_then(|name| name.to_str());
        write(folder, api, org, items, run);
    }
}

/// Where this fails, a later run knows less; nothing else depends on it.
fn write(folder: &Path, api: &str, org: &str, items: u64, run: Option<&str>) {
    let before = read(&file(folder, api, org)).map_or_else(Vec::new, |note| note.runs);
    let mut runs: Vec<String> = run.map(str::to_owned).into_iter().collect();
    runs.extend(before.into_iter().filter(|name| run != Some(name.as_str())));
    runs.truncate(RUNS);
    let note = Note {
        api: api.to_owned(),
        org: org.to_owned(),
        items,
        runs,
    };
    let note = serde_json::to_vec(&note).unwrap_or_default();
    let _ = files::write(&file(folder, api, org), &note);
}

fn read(path: &Path) -> Option<Note> {
    serde_json::from_slice(&files::read(path, bounds::NOTE).ok()?).ok()
}

fn file(folder: &Path, api: &str, org: &str) -> PathBuf {
    folder.join(format!("{}.{ENDING}", place_hash(api, org)))
}

/// How many items a run of version 0.1.0 left: what it noted as held, and what it created and deleted.
fn left_in_0_1(facts: &Facts) -> Option<u64> {
    let fact = |name: &str| facts.get(name).map_or("", String::as_str);
    let held: u64 = fact(HELD).parse().ok()?;
    let summary: serde_json::Value = serde_json::from_str(fact("summary")).unwrap_or_default();
    let count = |name: &str| {
        let count = summary.get(name).and_then(serde_json::Value::as_u64);
        count.unwrap_or_default()
    };
    Some((held + count("created")).saturating_sub(count("deleted")))
}
