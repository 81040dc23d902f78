//! Which runs are to be undone: those that are named, or the last one, or those whose undo was cut short.
//!
//! Doesn't belong here: how runs are ordered (`runs`), what undoing does.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::journal::Journal;
use crate::runs::{Maybe, Run, RunError, Runs};

pub use crate::runs::UNDO as COMMAND;

/// The runs that are to be undone.
#[derive(Debug)]
pub struct Choice {
    /// The newest first.
    pub runs: Vec<Run>,
    /// The undo of just these runs that was cut short, and is to be continued.
    pub unfinished: Option<Run>,
}

impl Choice {
    /// What a run that undoes these notes as its options: their names, one a line.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        names.join("\n")
    }
}

/// The runs of these names, if they went to this organization; without names, the last run that changed anything there, or
/// those whose undo is the last run and was cut short. An undo that came to its end is never undone without being named;
/// `command` gives the command line that names a run.
pub fn choose(
    runs: &Runs,
    names: &[String],
    (api, org): (&str, &str),
    command: &dyn Fn(&str) -> String,
) -> Result<Choice, Error> {
    if names.is_empty() {
        return last(runs, (api, org), command);
    }
    let named = named(runs, names, api, org)?;
    let unfinished = unfinished_of(runs, &named, api, org)?;
    Ok(Choice {
        runs: named,
        unfinished,
    })
}

fn named(runs: &Runs, names: &[String], api: &str, org: &str) -> Result<Vec<Run>, Error> {
    let mut found = Vec::new();
    for name in names {
        let run = runs.find(name)?;
        if run.is_record() {
            let command = run.fact("command").to_owned();
            return Err(RunError::NothingToUndo { run: run.name, command }.into());
        }
        if !went_to(&run, api, org) {
            let why = format!("it went to {} at {}", run.fact("org"), run.fact("api"));
            return Err(RunError::Elsewhere { run: run.name, why }.into());
        }
        found.push(run);
    }
    Ok(runs.newest_of(found))
}

/// The undo of just these runs, where it is the last run that changed anything and was cut short.
fn unfinished_of(runs: &Runs, undone: &[Run], api: &str, org: &str) -> Result<Option<Run>, Error> {
    for run in runs.newest_first()? {
        // What can't be read stops nobody who has said what is meant.
        if run.fault.is_some() || run.is_busy {
            return Ok(None);
        }
        if went_to(&run, api, org) && has_changed(&run)? {
            let is_same = run.undid().iter().eq(undone.iter().map(|run| &run.name));
            return Ok((is_same && !is_complete(&run)).then_some(run));
        }
    }
    Ok(None)
}

fn last(runs: &Runs, (api, org): (&str, &str), command: &dyn Fn(&str) -> String) -> Result<Choice, Error> {
    // A run that was undone, and the undo that did it, while no run in effect has been met.
    let mut undone_already: Option<(String, String)> = None;
    let mut undone: BTreeSet<String> = BTreeSet::new();
    for run in runs.newest_first()? {
        // It may be the one that is meant, and no other may be undone in its place.
        if let Some((why, _)) = run.fault {
            return Err(RunError::Hidden {
                run: run.name,
                maybe: Maybe::LAST,
                why,
            }
            .into());
        }
        if run.is_busy {
            return Err(RunError::Busy(run.name).into());
        }
        if !went_to(&run, api, org) || undone.contains(&run.name) || !has_changed(&run)? {
            continue;
        }
        if run.fact("command") != COMMAND {
            return match undone_already {
                None => Ok(Choice {
                    runs: vec![run],
                    unfinished: None,
                }),
                Some((of, undo)) => Err(RunError::Undone {
                    run: of,
                    redo: command(&undo),
                    undo,
                    next: Some(command(&run.name)),
                }
                .into()),
            };
        }
        let targets = run.undid();
        if undone_already.is_none() && !is_complete(&run) {
            return Ok(Choice {
                runs: named(runs, &targets, api, org)?,
                unfinished: Some(run),
            });
        }
        undone_already.get_or_insert_with(|| (targets.join(" "), run.name.clone()));
        undone.extend(targets);
    }
    Err(match undone_already {
        Some((run, undo)) => RunError::Undone {
            run,
            redo: command(&undo),
            undo,
            next: None,
        },
        None => RunError::NoRun("undo"),
    }
    .into())
}

fn went_to(run: &Run, api: &str, org: &str) -> bool {
    run.fact("api") == api && run.fact("org") == org
}

/// Whether a run changed anything in its organization, or may have.
fn has_changed(run: &Run) -> Result<bool, Error> {
    // The summary of a run that is under way, or was resumed and killed, is none or an earlier part's.
    if run.is_finished()
        && let Some(counts) = counts(run, &["created", "updated", "deleted", "failed"])
    {
        return Ok(counts > 0);
    }
    Ok(Journal::open_existing(&run.path)?.changed_count()? > 0)
}

/// Whether nothing is left to do of a run.
fn is_complete(run: &Run) -> bool {
    run.is_finished() && counts(run, &["failed", "not_attempted"]) == Some(0)
}

/// The sum of these counts in a run's summary; none where one of them is missing.
fn counts(run: &Run, names: &[&str]) -> Option<u64> {
    let summary: serde_json::Value = serde_json::from_str(run.fact("summary")).ok()?;
    names
        .iter()
        .map(|name| summary.get(name).and_then(serde_json::Value::as_u64))
        .sum()
}
