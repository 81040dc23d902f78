//! `stockport backup history`: what each snapshot of an organization says of one item.
//!
//! Doesn't belong here: what is a change (`diff::history`), finding and reading snapshots (`snapshot`).

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::{CommandError, Context, writing};
use super::look;
use crate::cli::BackupHistory;
use crate::columns::fold_id;
use crate::diff::history::{Change, History, Seen, columns};
use crate::error::{Category, Error, Exit, UserError as _};
use crate::inventory::id_of;
use crate::item::Object;
use crate::output::counted;
use crate::progress::Progress;
use crate::sheet::write::{Destination, Style, Target, writer};
use crate::snapshot::{Grade, Shelf, Snapshot, SnapshotError};

/// How many ids are named that may be meant.
const NAMED: usize = 3;

/// Letters that two ids have to share at one end.
const ENDS: usize = 4;

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
    warnings: Vec<String>,
    /// The newest snapshot that was read.
    newest: Option<Snapshot>,
    damaged: u64,
    unreadable: u64,
}

/// A data file with what its manifest says of it, and the item in it.
type Found = HashMap<PathBuf, (Value, Option<Object>)>;

fn history(context: &Context, options: &BackupHistory) -> Result<Exit, Error> {
    let to_stdout = options.csv.as_deref().is_some_and(writing::is_stdout);
    if to_stdout && context.output.is_json() {
        return Err(CommandError::TwoResults("--csv").into());
    }
    // What can't be written is refused before anything is read.
    let table = options
        .csv
        .as_ref()
        .map(|file| Ok::<_, Error>((writing::table(file)?, writing::open(file, options.force)?)))
        .transpose()?;
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
    let mut read = read(context, &snapshots, &options.item)?;
    read.warnings.splice(0..0, looked.warnings);
    let exit = read.exit();
    if read.history.changes.is_empty() {
        let missing = missing(shelf, &read, &options.item)?;
        let failed = context.fail(missing.into());
        return Ok(if exit == Exit::Different { exit } else { failed });
    }
    show(context, shelf, &read, (&options.item, to_stdout));
    if let Some((target, place)) = table {
        match write(&target, &place, &read.history.changes) {
            // Whoever read the table has had enough.
            Err(error) if error.category() == Category::ClosedPipe => {}
            written => {
                written?;
                place.commit()?;
            }
        }
    }
    context.output.document(&document(shelf, &read, &options.item));
    Ok(exit)
}

/// Reads the snapshots, the oldest first, each proved before a word of it counts.
fn read(context: &Context, snapshots: &[Snapshot], id: &str) -> Result<Read, Error> {
    let mut read = Read {
        history: History::of(id),
        documents: Vec::new(),
        warnings: Vec::new(),
        newest: None,
        damaged: 0,
        unreadable: 0,
    };
    let mut found = Found::new();
    let progress = Progress::begin(&context.output, "Reading snapshots", Some(snapshots.len() as u64));
    for snapshot in snapshots {
        let item = context.go_on().map(|()| item(snapshot, id, &mut found));
        progress.done(1);
        match item {
            Ok(item) => read.take(context, snapshot, item),
            Err(error) => {
                progress.clear();
                return Err(error);
            }
        }
    }
    progress.clear();
    Ok(read)
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
    /// Takes what a snapshot says; one that can't be relied on is named, and says nothing.
    fn take(&mut self, context: &Context, snapshot: &Snapshot, item: Result<Option<Object>, SnapshotError>) {
        let date = snapshot.name.moment().to_string();
        let (mut has_item, mut fault) = (None, None);
        match (item, &snapshot.manifest) {
            (Ok(item), Ok(manifest)) => {
                let is_part = manifest.completeness == Grade::Part;
                let doubt = match manifest.completeness {
                    Grade::Proved => "",
                    grade => grade.words(),
                };
                has_item = (item.is_some() || !is_part).then_some(item.is_some());
                let seen = Seen {
                    snapshot: snapshot.name.to_string(),
                    date: date.clone(),
                    doubt: doubt.to_owned(),
                };
                self.history.take(seen, item, is_part);
                self.newest = Some(snapshot.clone());
            }
            // Another process has pruned it meanwhile.
            (Err(_), _) if !snapshot.path().exists() => return,
            (Err(error), _) => {
                let count = match error.exit() {
                    Exit::Different => &mut self.damaged,
                    _ => &mut self.unreadable,
                };
                *count += 1;
                context.output.error(&error.to_string(), Some(&error.hint()), None);
                fault = Some(error.to_string());
            }
            (Ok(_), Err(_)) => {}
        }
        let manifest = snapshot.manifest.as_ref().ok();
        self.documents.push(json!({
            "snapshot": snapshot.name.to_string(), "date": date, "items": manifest.map(|manifest| manifest.items),
            "completeness": manifest.map(|manifest| manifest.completeness.name()), "has_item": has_item, "fault": fault,
        }));
    }

    fn exit(&self) -> Exit {
        match (self.damaged, self.unreadable) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Stopped,
            _ => Exit::Different,
        }
    }

    /// What is not known, for a person.
    fn lost(&self) -> Option<String> {
        let lost = self.damaged + self.unreadable;
        (lost > 0).then(|| {
            format!(
                "{} can't be read, so the history may have gaps",
                counted(lost, "snapshot")
            )
        })
    }
}

/// Why there is no history.
fn missing(shelf: &Shelf, read: &Read, id: &str) -> Result<SnapshotError, SnapshotError> {
    let (mut alike, mut ends) = (Vec::new(), Vec::new());
    let fold = fold_id(id);
    let is_long = fold.chars().count() >= ENDS;
    if let Some(newest) = &read.newest {
        newest.each::<SnapshotError>(|item| {
            let Some(other) = id_of(&item) else { return Ok(()) };
            let folded = fold_id(&other);
            let list = if folded == fold {
                &mut alike
            } else if is_long && (folded.starts_with(&fold) || folded.ends_with(&fold)) {
                &mut ends
            } else {
                return Ok(());
            };
            if list.len() < NAMED {
                list.push(other.into_owned());
            }
            Ok(())
        })?;
    }
    alike.extend(ends);
    alike.truncate(NAMED);
    Ok(SnapshotError::NoHistory {
        org: shelf.org().to_owned(),
        id: id.to_owned(),
        read: read.documents.len() as u64 - read.damaged - read.unreadable,
        near: alike,
    })
}

fn show(context: &Context, shelf: &Shelf, read: &Read, (id, to_stdout): (&str, bool)) {
    let output = &context.output;
    let say = |line: &str| {
        if to_stdout {
            output.say(line);
        } else {
            output.result(line);
        }
    };
    let count = read.documents.len() as u64 - read.damaged - read.unreadable;
    say(&format!("{id} of {}: {} read", shelf.org(), counted(count, "snapshot")));
    if !to_stdout {
        let oldest = read.documents.first().and_then(|one| one["snapshot"].as_str());
        for change in &read.history.changes {
            output.result("");
            let is_oldest = oldest == Some(&change.seen.snapshot);
            change
                .lines(output, is_oldest)
                .iter()
                .for_each(|line| output.result(line));
        }
        output.result("");
    }
    if let Some(newest) = &read.newest {
        let is = if read.history.is_there() {
            "still there"
        } else {
            "not there"
        };
        say(&format!("{is} in the newest, {}", newest.name));
    }
    if let Some(lost) = read.lost() {
        output.warn(&lost);
    }
}

fn write(target: &Target, place: &Destination, changes: &[Change]) -> Result<(), Error> {
    let mut out = writer(target, &columns(), &Style::default(), place.bytes()?)?;
    changes.iter().try_for_each(|change| change.rows(out.as_mut()))?;
    Ok(out.finish()?)
}

fn document(shelf: &Shelf, read: &Read, id: &str) -> Value {
    let changes: Vec<Value> = read.history.changes.iter().map(Change::document).collect();
    json!({
        "item": id, "organization": shelf.org(), "snapshots": read.documents, "changes": changes,
        "is_there": read.history.is_there(), "warnings": read.warnings, "error": read.lost(),
    })
}
