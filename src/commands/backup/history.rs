//! `stockport backup history`: what each snapshot of an organization says of one item.
//!
//! Doesn't belong here: what is a change (`diff::history`), finding and reading snapshots (`snapshot`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::{Context, writing};
use super::look;
use crate::cli::{BackupHistory, Format, UsageError};
use crate::columns::fold_id;
use crate::diff::history::{Change, History, columns};
use crate::error::{Category, Error, Exit, UserError as _};
use crate::inventory::id_of;
use crate::item::Object;
use crate::output::{About, Warning, counted};
use crate::progress::Progress;
use crate::sheet::write::{Destination, Style, writer};
use crate::snapshot::{Grade, Shelf, Snapshot, SnapshotError};

/// How many ids are named that may be meant.
const NAMED: usize = 3;

/// So many letters at one end of an id may stand for it.
const END: usize = 4;

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupHistory) -> Exit {
    match history(context, options) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

/// What the snapshots came to.
struct Read {
    history: History,
    /// Each snapshot for programs.
    documents: Vec<Value>,
    /// Those that were read.
    snapshots: Vec<Snapshot>,
    /// How many could not be read, and the exit code that this makes.
    lost: u64,
    exit: Exit,
}

/// A data file with what its manifest says of it, and the item in it.
type Found = HashMap<PathBuf, (Value, Option<Object>)>;

fn history(context: &Context, options: &BackupHistory) -> Result<Exit, Error> {
    if options.csv && context.output.is_json() {
        return Err(UsageError::conflict("csv", "json").into());
    }
    let mut looked = look(context, &options.dir)?;
    looked.warn(context)?;
    let shelf = match looked.shelves.as_slice() {
        [(_, Some(snapshot))] => return Err(SnapshotError::NotAFolder(snapshot.path()).into()),
        [(shelf, None)] => shelf,
        several => {
            let orgs = several.iter().map(|(shelf, _)| shelf.org().to_owned()).collect();
            let dir = options.dir.clone();
            return Err(SnapshotError::Several { dir, orgs }.into());
        }
    };
    let snapshots = shelf.snapshots()?;
    if snapshots.is_empty() {
        return Err(SnapshotError::OnlySafety(shelf.folder().to_owned()).into());
    }
    let read = read(context, &snapshots, &options.item)?;
    if read.history.changes.is_empty() {
        let failed = context.fail(missing(shelf, &read, &options.item)?.into());
        return Ok(if read.exit == Exit::Different {
            read.exit
        } else {
            failed
        });
    }
    show(context, shelf, &read, options);
    if options.csv {
        match write(&read.history.changes) {
            // Whoever read the table has had enough.
            Err(error) if error.category() == Category::ClosedPipe => {}
            written => written?,
        }
    }
    let changes: Vec<Value> = read.history.changes.iter().map(Change::document).collect();
    context.output.document(&json!({
        "item": options.item, "organization": shelf.org(), "snapshots": read.documents, "changes": changes,
        "is_there": read.history.is_there, "warnings": looked.warnings,
        "warning_codes": Warning::codes(&looked.warnings), "error": read.gaps(),
        "error_code": read.gaps().map(|_| About::HistoryGaps.code()),
    }));
    Ok(read.exit)
}

/// Reads the snapshots, the oldest first. A snapshot's bytes are checked before it counts.
fn read(context: &Context, snapshots: &[Snapshot], id: &str) -> Result<Read, Error> {
    let mut read = Read {
        history: History::of(id),
        documents: Vec::new(),
        snapshots: Vec::new(),
        lost: 0,
        exit: Exit::Done,
    };
    let mut found = Found::new();
    let progress = Progress::begin(&context.output, "Reading snapshots", Some(snapshots.len() as u64));
    let ended = snapshots.iter().try_for_each(|snapshot| {
        context.go_on()?;
        let item = item(snapshot, id, &mut found);
        progress.done(1);
        read.take(context, snapshot, item);
        Ok::<(), Error>(())
    });
    progress.clear();
    ended.map(|()| read)
}

/// The item as a snapshot holds it. Data that several snapshots share are read once.
fn item(snapshot: &Snapshot, id: &str, found: &mut Found) -> Result<Option<Object>, SnapshotError> {
    let manifest = snapshot.manifest()?;
    let (file, claims) = (snapshot.folder().join(&manifest.data.file), json!(manifest.data));
    if let Some((known, item)) = found.get(&file)
        && *known == claims
    {
        return Ok(item.clone());
    }
    let item = snapshot.find_item(id)?;
    found.insert(file, (claims, item.clone()));
    Ok(item)
}

impl Read {
    /// Takes what a snapshot holds of the item; one that can't be relied on is named.
    fn take(&mut self, context: &Context, snapshot: &Snapshot, item: Result<Option<Object>, SnapshotError>) {
        let (mut has_item, mut fault) = (None, None);
        let manifest = snapshot.manifest.as_ref().ok();
        match item {
            Ok(item) => {
                let Some(manifest) = manifest else { return };
                let is_there = item.is_some();
                has_item = (is_there || manifest.completeness != Grade::Part).then_some(is_there);
                self.history.take(snapshot.name, manifest, item);
                self.snapshots.push(snapshot.clone());
            }
            // Another process has pruned it meanwhile.
            Err(_) if !snapshot.path().exists() => return,
            Err(error) => {
                self.lost += 1;
                if self.exit != Exit::Different {
                    self.exit = error.exit();
                }
                context
                    .output
                    .error(error.code(), &error.to_string(), Some(&error.hint()), None);
                fault = Some(error.to_string());
            }
        }
        self.documents.push(json!({
            "snapshot": snapshot.name.to_string(), "date": snapshot.name.moment().to_string(),
            "items": manifest.map(|manifest| manifest.items),
            "completeness": manifest.map(|manifest| manifest.completeness.name()), "has_item": has_item, "fault": fault,
        }));
    }

    /// That something is not known.
    fn gaps(&self) -> Option<Warning> {
        let lost = counted(self.lost, "snapshot");
        let gaps = format!("{lost} can't be read, so the history may have gaps");
        (self.lost > 0).then(|| About::HistoryGaps.warning(gaps))
    }
}

/// Why there is no history.
fn missing(shelf: &Shelf, read: &Read, id: &str) -> Result<SnapshotError, SnapshotError> {
    let fold = fold_id(id);
    let is_end = |other: &str| fold.len() >= END && (other.starts_with(&fold) || other.ends_with(&fold));
    let mut near = Vec::new();
    if let Some(newest) = read.snapshots.last() {
        newest.each::<SnapshotError>(|item| {
            if let Some(other) = id_of(&item).filter(|_| near.len() < NAMED)
                && (fold_id(&other) == fold || is_end(&fold_id(&other)))
            {
                near.push(other.into_owned());
            }
            Ok(())
        })?;
    }
    Ok(SnapshotError::NoHistory {
        org: shelf.org().to_owned(),
        id: id.to_owned(),
        read: read.snapshots.len() as u64,
        near,
    })
}

/// The changes for a person; where standard output belongs to the table, only what stands around them, on standard error.
fn show(context: &Context, shelf: &Shelf, read: &Read, options: &BackupHistory) {
    let output = &context.output;
    let count = counted(read.snapshots.len() as u64, "snapshot");
    let mut lines = vec![format!("{} of {}: {count} read", options.item, shelf.org())];
    if !options.csv {
        let oldest = read.snapshots.first().map(|snapshot| snapshot.name);
        for change in &read.history.changes {
            lines.push(String::new());
            lines.extend(change.lines(output, Some(change.snapshot) == oldest && read.lost == 0));
        }
        lines.push(String::new());
    }
    if let Some(newest) = read.snapshots.last() {
        let is = if read.history.is_there {
            "still there"
        } else {
            "not there"
        };
        lines.push(format!("{is} in the newest, {}", newest.name));
    }
    for line in lines {
        if options.csv {
            output.say(&line);
        } else {
            output.result(&line);
        }
    }
    if let Some(gaps) = read.gaps() {
        output.warn(&gaps);
    }
}

fn write(changes: &[Change]) -> Result<(), Error> {
    let target = writing::target(Path::new("-"), Some(Format::Csv))?;
    let place = Destination::stdout();
    let mut out = writer(&target, &columns(), &Style::default(), place.bytes()?)?;
    changes.iter().try_for_each(|change| change.rows(out.as_mut()))?;
    out.finish()?;
    Ok(place.commit()?)
}
