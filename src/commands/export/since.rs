//! `--since`: the earlier state that is meant, and what is reported of the changes.
//!
//! Doesn't belong here: finding the changes (`export::since`).

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{Connected, Context, runs_folder};
use crate::error::Error;
use crate::export::Sink;
use crate::export::since::{Change, Changes, Counts, Moment, SinceError};
use crate::inventory::ItemStore;
use crate::item::Object;
use crate::migrate::is_changed;
use crate::output::{counted, grouped};
use crate::place::Place;
use crate::plan::Action;
use crate::runs::{Run, RunError, Runs};
use crate::snapshot::{Chosen, Grade, find as find_snapshot};
use crate::undo;

/// An earlier state.
pub(super) enum Since {
    Date(Moment),
    Snapshot(Box<Chosen>),
    /// When it began and ended.
    Run(Box<Run>, [Moment; 2]),
}

/// What is reported of the changes.
pub(super) struct Told {
    since: String,
    counts: Counts,
    /// Whether items that are gone can be told.
    tells_gone: bool,
    is_ahead: bool,
}

/// Finds the state that a value names: a date, else a snapshot that is there, else a run.
pub(super) fn find(context: &Context, value: &str) -> Result<Since, Error> {
    if let Some(moment) = Moment::parse(value) {
        return Ok(Since::Date(moment));
    }
    match Place::parse(value)? {
        Place::Snapshot(path) => return snapshot(context, &path),
        Place::Org(_) => return Err(SinceError::Unknown(value.to_owned()).into()),
        Place::File(_) => {}
    }
    let run = match Runs::new(runs_folder(false)?).find(value) {
        Err(RunError::NoSuchRun(_)) => return Err(SinceError::Unknown(value.to_owned()).into()),
        found => found?,
    };
    // A backup knows more than its time.
    let summary = run.summary();
    if let (Some(folder), Some(name)) = (summary["folder"].as_str(), summary["snapshot"].as_str()) {
        return snapshot(context, &PathBuf::from(folder).join(name));
    }
    let begun = Moment::parse(run.fact("started")).ok_or_else(|| SinceError::Unknown(value.to_owned()))?;
    let ended = Moment::parse(run.fact("ended")).unwrap_or(begun);
    Ok(Since::Run(Box::new(run), [begun, ended]))
}

/// A snapshot, once it is proved that its items are as they were written.
fn snapshot(context: &Context, path: &Path) -> Result<Since, Error> {
    let chosen = find_snapshot(path)?.one(path)?;
    for warning in &chosen.warnings {
        context.output.warn(warning);
    }
    let snapshot = &chosen.snapshot;
    if snapshot.manifest()?.completeness == Grade::Part {
        return Err(SinceError::Part(snapshot.shown()).into());
    }
    snapshot.check()?;
    Ok(Since::Snapshot(Box::new(chosen)))
}

impl Since {
    /// Refuses a state of another organization.
    pub(super) fn check(&self, connected: &Connected) -> Result<(), Error> {
        let org = &connected.org;
        let other = match self {
            Self::Date(_) => None,
            Self::Snapshot(chosen) => {
                let own = &chosen.snapshot.manifest()?.organization;
                (own != org).then(|| own.clone())
            }
            Self::Run(run, _) if run.fact("org") != org => Some(run.fact("org").to_owned()),
            Self::Run(run, _) => {
                let api = run.fact("api");
                (api != connected.place).then(|| format!("{org} at {api}"))
            }
        };
        let Some(other) = other else { return Ok(()) };
        Err(SinceError::OtherOrganization {
            what: self.name(),
            other,
            org: org.clone(),
        }
        .into())
    }

    fn name(&self) -> String {
        match self {
            Self::Date(moment) if moment.has_offset => moment.at.to_string(),
            Self::Date(moment) => moment.at.to_string().trim_end_matches('Z').to_owned(),
            Self::Snapshot(chosen) => format!("snapshot {}", chosen.snapshot.shown()),
            Self::Run(run, _) => format!("run {}", run.name),
        }
    }

    /// Leaves the changes alone in the sink.
    pub(super) fn tell(&self, context: &Context, sink: &mut Sink) -> Result<Told, Error> {
        let counts = sink.since(&|| context.go_on(), |now, changes| match self {
            Self::Date(moment) => changes.dated(*moment, now),
            Self::Snapshot(chosen) => changes.against(&chosen.snapshot, now, &is_changed),
            Self::Run(run, moments) => since_run(run, *moments, now, changes),
        })?;
        Ok(Told {
            since: self.name(),
            counts,
            tells_gone: matches!(self, Self::Snapshot(_)),
            is_ahead: matches!(self, Self::Date(moment) if moment.at > Timestamp::now()),
        })
    }
}

/// Of what a run wrote its journal tells whether it is still so; of other items their own times do, from the beginning of the
/// run on.
fn since_run(
    run: &Run,
    [begun, ended]: [Moment; 2],
    now: &mut ItemStore,
    changes: &mut Changes<'_>,
) -> Result<(), Error> {
    now.forget_found();
    if !run.is_record() {
        let journal = Runs::checked(run)?;
        journal.changed::<Error>(&mut |changed| {
            let change = changed.change;
            match (now.get(&change.id)?, change.action) {
                (None, Action::Delete) => Ok(()),
                (None, _) => changes.put(change.body, Change::Gone),
                (Some(now), Action::Delete) => changes.put(now, Change::New),
                (Some(now), _) if !undo::holds(&change, &now) => changes.put(now, Change::Changed),
                // An update knows nothing of the fields that it left as they were.
                (Some(now), Action::Update) if is_later(&now, ended) => changes.put(now, Change::Changed),
                (Some(_), _) => Ok(()),
            }
        })?;
    }
    changes.dated(begun, now)
}

/// Whether an item was updated in a later second than this moment's.
fn is_later(item: &Object, moment: Moment) -> bool {
    let updated = item.get("updated_at").and_then(Value::as_str).and_then(Moment::parse);
    updated.is_some_and(|updated| updated.at.as_second() > moment.at.as_second())
}

impl Told {
    /// What is exported, in words: `12 changes since snapshot backups/acme/2026-11-22T02-00-00Z (3 new, 8 changed, 1 gone)`.
    pub(super) fn summary(&self) -> String {
        let Counts {
            new,
            changed,
            gone,
            unknown,
            ..
        } = self.counts;
        let mut kinds = vec![format!("{} new", grouped(new)), format!("{} changed", grouped(changed))];
        for (count, kind, is_told) in [(gone, "gone", self.tells_gone), (unknown, "unknown", false)] {
            if is_told || count > 0 {
                kinds.push(format!("{} {kind}", grouped(count)));
            }
        }
        let mut kinds = kinds.join(", ");
        if !self.tells_gone {
            kinds += "; all gone items can be told only since a snapshot";
        }
        let count = counted(new + changed + gone + unknown, "change");
        format!("{count} since {} ({kinds})", self.since)
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let Counts { unknown, local, .. } = self.counts;
        if unknown > 0 {
            let lacks = if self.tells_gone {
                "an id"
            } else {
                "a readable updated_at"
            };
            warnings.push(format!(
                "{} without {lacks}: exported, as a change can't be ruled out",
                counted(unknown, "item")
            ));
        }
        if local > 0 {
            warnings.push(format!(
                "{} with an updated_at without an offset, which is read as UTC: where the server's clock is not in UTC, name an \
                 earlier time, or a snapshot",
                counted(local, "item")
            ));
        }
        if self.is_ahead {
            warnings.push(format!("{} is in the future", self.since));
        }
        warnings
    }

    /// The same for programs; `gone` is null where it can't be told.
    pub(super) fn document(&self) -> Value {
        let Counts {
            new,
            changed,
            gone,
            unknown,
            ..
        } = self.counts;
        let gone = (self.tells_gone || gone > 0).then_some(gone);
        json!({"state": self.since, "new": new, "changed": changed, "gone": gone, "unknown": unknown})
    }
}
