//! `stockport backup prune`: old snapshots go by rules.
//!
//! Doesn't belong here: the rules (`snapshot::retention`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Context;
use super::{look, patience, policy};
use crate::backup::{Fate, fates, lock};
use crate::cli::BackupPrune;
use crate::error::{Error, Exit};
use crate::output::{Tone, Warning, counted, grouped};
use crate::snapshot::retention::Policy;
use crate::snapshot::{Lock, Name, Shelf, SnapshotError};

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupPrune) -> Exit {
    match prune_all(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn prune_all(context: &Context, options: &BackupPrune) -> Result<(), Error> {
    let policy = policy(&options.keep);
    if policy.is_empty() {
        return Err(SnapshotError::NoPolicy.into());
    }
    let mut documents = Vec::new();
    let mut looked = look(context, &options.dir)?;
    if let Some(snapshot) = looked.shelves.iter().find_map(|(_, one)| one.as_ref()) {
        return Err(SnapshotError::NotAFolder(snapshot.path()).into());
    }
    looked.warn(context)?;
    for (shelf, _) in &looked.shelves {
        let folder = shelf.folder().display().to_string();
        let decided = if options.dry_run {
            let decided = fates(shelf, &policy, None, Timestamp::now())?;
            show(context, shelf, &decided, true);
            decided
        } else {
            let lock = lock(&context.output, shelf, &folder, patience(options.wait), &context.stop)?;
            prune(context, shelf, &lock, &policy, None)?
        };
        documents.push(document(shelf, &decided));
    }
    let document = json!({
        "dry_run": options.dry_run, "organizations": documents, "warnings": looked.warnings,
        "warning_codes": Warning::codes(&looked.warnings), "error": Value::Null,
    });
    context.output.document(&document);
    Ok(())
}

/// Decides, says so, and removes. What was just `made` stays.
pub(super) fn prune(
    context: &Context,
    shelf: &Shelf,
    lock: &Lock,
    policy: &Policy,
    made: Option<Name>,
) -> Result<Vec<Fate>, SnapshotError> {
    let decided = fates(shelf, policy, made, Timestamp::now())?;
    show(context, shelf, &decided, false);
    let doomed: Vec<_> = decided.iter().filter(|fate| !fate.kept).map(|fate| fate.name).collect();
    shelf.remove(lock, &doomed)?;
    Ok(decided)
}

fn show(context: &Context, shelf: &Shelf, fates: &[Fate], dry_run: bool) {
    let output = &context.output;
    let gone = fates.iter().filter(|fate| !fate.kept).count();
    let verb = if dry_run { "would remove" } else { "removed" };
    output.result(&format!(
        "{}: kept {}, {verb} {gone} of {}",
        shelf.org(),
        fates.len().saturating_sub(gone),
        counted(fates.len() as u64, "snapshot")
    ));
    for fate in fates {
        let (what, tone) = if fate.kept {
            ("keep", Tone::Plain)
        } else {
            ("remove", Tone::Dim)
        };
        let items = fate.items.map_or_else(|| "?".to_owned(), grouped);
        let line = format!("  {what:<6}  {:<24} {items:>11} items  {}", fate.name, fate.reason);
        output.result(&output.paint(tone, &line));
    }
}

/// The same for programs.
pub(super) fn document(shelf: &Shelf, fates: &[Fate]) -> Value {
    let names = |kept: bool| -> Vec<Value> {
        let chosen = fates.iter().filter(|fate| fate.kept == kept);
        chosen
            .map(|fate| json!({"snapshot": fate.name.to_string(), "items": fate.items, "reason": fate.reason}))
            .collect()
    };
    json!({"organization": shelf.org(), "kept": names(true), "removed": names(false)})
}
