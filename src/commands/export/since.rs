//! `--since`: the earlier state that is meant, and what is reported of the changes.
//!
//! Doesn't belong here: finding the changes (`export::since`).

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::{Connected, Context, runs_folder};
use crate::columns::GONE;
use crate::error::Error;
use crate::export::Sink;
use crate::export::since::{Change, Changes, Moment, NAMES, SinceError};
use crate::inventory::ItemStore;
use crate::migrate::changed_leaves;
use crate::output::{About, Warning, counted, grouped};
use crate::place::Place;
use crate::plan::Action;
use crate::runs::{Run, RunError, Runs};
use crate::snapshot::{Chosen, Grade, SnapshotError, find as find_snapshot};
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
    counts: [u64; NAMES.len()],
    /// Whether items that are gone can be told.
    tells_gone: bool,
    pub(super) warnings: Vec<Warning>,
}

/// Finds the state that a value names: a date, else a snapshot that is there, else a run.
pub(super) fn find(context: &Context, value: &str) -> Result<Since, Error> {
    let unknown = || SinceError::Unknown(value.to_owned());
    if let Some(moment) = Moment::parse(value) {
        return Ok(Since::Date(moment));
    }
    if let Place::Snapshot(path) = Place::parse(value)? {
        return snapshot(context, &path);
    }
    let run = match Runs::new(runs_folder(false)?).find(value) {
        Err(RunError::NoSuch(_)) => return Err(unknown().into()),
        found => found?,
    };
    // A backup knows more than its time.
    let summary = run.summary();
    if let (Some(folder), Some(name)) = (summary["folder"].as_str(), summary["snapshot"].as_str()) {
        return snapshot(context, &Path::new(folder).join(name));
    }
    let begun = Moment::parse(run.fact("started")).ok_or_else(unknown)?;
    let ended = Moment::parse(run.fact("ended")).unwrap_or(begun);
    Ok(Since::Run(Box::new(run), [begun, ended]))
}

/// A complete snapshot, once it is proved that its items are as they were written.
fn snapshot(context: &Context, path: &Path) -> Result<Since, Error> {
    let chosen = find_snapshot(path)?.one(path)?;
    chosen.warnings.iter().for_each(|warning| context.output.warn(warning));
    let manifest = chosen.snapshot.manifest()?;
    if manifest.completeness == Grade::Part {
        let name = chosen.snapshot.name.to_string();
        return Err(SnapshotError::Part(name, manifest.evidence.clone()).into());
    }
    chosen.snapshot.check()?;
    Ok(Since::Snapshot(Box::new(chosen)))
}

impl Since {
    /// Refuses a state of another organization.
    pub(super) fn check(&self, connected: &Connected) -> Result<(), Error> {
        let own = (connected.org.as_str(), connected.place.as_str());
        let (org, api) = match self {
            Self::Date(_) => return Ok(()),
            // Whatever address the API had then.
            Self::Snapshot(chosen) => (chosen.snapshot.manifest()?.organization.as_str(), own.1),
            Self::Run(run, _) => (run.fact("org"), run.fact("api")),
        };
        if (org, api) == own {
            return Ok(());
        }
        let [of, wanted] = [(org, api), own].map(|(org, api)| format!("{org} at {api}"));
        Err(SinceError::OtherOrganization(self.name(), of, wanted).into())
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
        let tells_gone = matches!(self, Self::Snapshot(_));
        let differs = |then: &_, now: &_| !changed_leaves(then, now).is_empty();
        let (counts, local) = sink.since(&|| context.go_on(), |now, changes| match self {
            Self::Date(moment) => changes.dated(*moment, now),
            Self::Snapshot(chosen) => changes.against(&chosen.snapshot, now, &differs),
            Self::Run(run, moments) => since_run(run, *moments, now, changes),
        })?;
        let mut warnings = Vec::new();
        let [.., unknown] = counts;
        if unknown > 0 {
            let lacks = if tells_gone { "an id" } else { "a readable updated_at" };
            let items = counted(unknown, "item");
            warnings.push(About::ChangeUnknown.warning(format!(
                "{items} without {lacks}: exported, because a change can't be ruled out"
            )));
        }
        if local > 0 {
            warnings.push(About::TimeWithoutOffset.warning(format!(
                "{} with an updated_at without an offset, which is read as UTC: if the server's clock is not in UTC, \
                 pass an earlier time, or a snapshot",
                counted(local, "item")
            )));
        }
        if matches!(self, Self::Date(moment) if moment.at > Timestamp::now()) {
            warnings.push(About::SinceInFuture.warning(format!("{} is in the future", self.name())));
        }
        Ok(Told {
            since: self.name(),
            counts,
            tells_gone,
            warnings,
        })
    }
}

/// Of what a run wrote its journal tells whether it is still so; other items go by their own times, from its beginning on.
fn since_run(run: &Run, [begun, ended]: [Moment; 2], now: &mut ItemStore, to: &mut Changes<'_>) -> Result<(), Error> {
    if !run.is_record() {
        Runs::checked(run)?.changed::<Error>(&mut |changed| {
            let change = changed.change;
            match (now.get(&change.id)?, change.action) {
                (None, Action::Delete) => Ok(()),
                (None, _) => to.put(change.body, Change::Gone),
                (Some(now), Action::Delete) => to.put(now, Change::New),
                (Some(now), _) if !undo::holds(&change, &now) => to.put(now, Change::Changed),
                // An update knows nothing of the fields that it left as they were. Its own time is within its last second.
                (Some(now), Action::Update)
                    if Moment::of(&now, "updated_at")
                        .is_some_and(|updated| updated.at.as_second() > ended.at.as_second()) =>
                {
                    to.put(now, Change::Changed)
                }
                (Some(_), _) => Ok(()),
            }
        })?;
    }
    to.dated(begun, now)
}

impl Told {
    /// What is exported, in words: `12 changes since snapshot backups/acme/2026-11-22T02-00-00Z (3 new, 8 changed, 1 gone)`.
    pub(super) fn summary(&self) -> String {
        let kinds = NAMES.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        let mut kinds: Vec<String> = kinds
            .map(|(name, count)| format!("{} {name}", grouped(count)))
            .collect();
        if !self.tells_gone {
            kinds.push("all deleted items can be listed only since a snapshot".to_owned());
        }
        let count = counted(self.counts.iter().sum(), "change");
        let kinds = kinds.join(", ");
        let kinds = if kinds.is_empty() { kinds } else { format!(" ({kinds})") };
        format!("{count} since {}{kinds}", self.since)
    }

    /// The same for programs; `gone` is null where it can't be told.
    pub(super) fn document(&self) -> Value {
        let is_told = |name: &str, count: u64| name != GONE || self.tells_gone || count > 0;
        let kinds = NAMES.iter().zip(self.counts);
        let kinds = kinds.map(|(name, count)| ((*name).to_owned(), json!(is_told(name, count).then_some(count))));
        let state = ("state".to_owned(), json!(self.since));
        Value::Object(kinds.chain([state]).collect::<Map<String, Value>>())
    }
}
