//! `stockport backup list`: what a backup's folder holds.
//!
//! Doesn't belong here: finding and reading snapshots (`snapshot`).

use serde_json::{Value, json};

use super::super::Context;
use super::look;
use crate::cli::BackupList;
use crate::error::{Error, Exit};
use crate::output::{Tone, Warning, counted, grouped};
use crate::snapshot::{Fault, Shelf, Snapshot};

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupList) -> Exit {
    match list(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn list(context: &Context, options: &BackupList) -> Result<(), Error> {
    let (mut all, mut all_copies) = (Vec::new(), Vec::new());
    let mut looked = look(context, &options.dir)?;
    looked.warn(context)?;
    for (shelf, one) in &looked.shelves {
        let (snapshots, copies) = match one {
            Some(copy) if copy.is_safety_copy() => (Vec::new(), vec![copy.clone()]),
            Some(snapshot) => (vec![snapshot.clone()], Vec::new()),
            None => (shelf.snapshots()?, shelf.safety_copies()?),
        };
        show(context, shelf, &snapshots, &copies);
        all.extend(snapshots.iter().map(|snapshot| document(shelf, snapshot)));
        all_copies.extend(copies.iter().map(|snapshot| document(shelf, snapshot)));
    }
    let document = json!({
        "snapshots": all, "safety_copies": all_copies, "warnings": looked.warnings,
        "warning_codes": Warning::codes(&looked.warnings), "error": Value::Null,
    });
    context.output.document(&document);
    Ok(())
}

fn show(context: &Context, shelf: &Shelf, snapshots: &[Snapshot], copies: &[Snapshot]) {
    let output = &context.output;
    output.result(&format!("{} ({}):", shelf.org(), shelf.folder().display()));
    show_each(context, snapshots);
    // They may stand in two folders: each is named as a command line names it.
    if let Some(folder) = copies.last().map(Snapshot::folder) {
        output.result(&format!("  safety copies ({}):", folder.display()));
        show_each(context, copies);
    }
}

fn show_each(context: &Context, snapshots: &[Snapshot]) {
    let output = &context.output;
    for snapshot in snapshots {
        let line = match &snapshot.manifest {
            Ok(manifest) => {
                let own = manifest.data.file.starts_with(&format!("{}.", snapshot.name));
                let data = if own {
                    counted(manifest.data.bytes, "byte")
                } else {
                    format!("same as {}", manifest.data.file.trim_end_matches(".jsonl.zst"))
                };
                let state = if snapshot.looks_good() {
                    ""
                } else {
                    "  DAMAGED: its data is missing"
                };
                format!(
                    "  {:<24} {:>11} items  {:<9}  {data}{state}",
                    snapshot.name,
                    grouped(manifest.items),
                    manifest.completeness.name()
                )
            }
            Err(Fault::Damaged(what)) => format!("  {:<24} DAMAGED: {what}", snapshot.name),
            Err(fault) => format!("  {:<24} {fault}", snapshot.name),
        };
        let tone = if snapshot.looks_good() { Tone::Plain } else { Tone::Bad };
        output.result(&output.paint(tone, &line));
    }
}

fn document(shelf: &Shelf, snapshot: &Snapshot) -> Value {
    let (damage, unreadable) = match &snapshot.manifest {
        Ok(_) => (None, None),
        Err(Fault::Damaged(what)) => (Some(what.clone()), None),
        Err(fault) => (None, Some(format!("it {fault}"))),
    };
    let mut document = json!({
        "organization": shelf.org(), "snapshot": snapshot.name.to_string(), "path": snapshot.path().to_string_lossy(),
        "good": snapshot.looks_good(), "damage": damage, "unreadable": unreadable,
    });
    if let (Ok(manifest), Some(fields)) = (&snapshot.manifest, document.as_object_mut()) {
        for (key, value) in [
            ("number", json!(manifest.number)),
            ("items", json!(manifest.items)),
            ("completeness", json!(manifest.completeness.name())),
            ("started", json!(manifest.started)),
            ("finished", json!(manifest.finished)),
            ("api", json!(manifest.api)),
            ("data", json!(manifest.data.file)),
            ("bytes", json!(manifest.data.bytes)),
            ("sha256", json!(manifest.data.sha256)),
        ] {
            fields.insert(key.to_owned(), value);
        }
    }
    document
}
