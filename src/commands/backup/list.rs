//! `stockport backup list`: what a backup's folder holds.
//!
//! Doesn't belong here: finding and reading snapshots (`snapshot`).

use serde_json::{Value, json};

use super::super::Context;
use super::shelves;
use crate::cli::BackupList;
use crate::error::{Error, Exit};
use crate::output::{Tone, grouped};
use crate::snapshot::{Shelf, Snapshot};

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupList) -> Exit {
    match list(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn list(context: &Context, options: &BackupList) -> Result<(), Error> {
    let mut all = Vec::new();
    for (shelf, one) in shelves(context, &options.dir)? {
        let snapshots = match one {
            Some(snapshot) => vec![snapshot],
            None => shelf.snapshots()?,
        };
        show(context, &shelf, &snapshots);
        all.extend(snapshots.iter().map(|snapshot| document(&shelf, snapshot)));
    }
    context
        .output
        .document(&json!({"snapshots": all, "error": Value::Null}));
    Ok(())
}

fn show(context: &Context, shelf: &Shelf, snapshots: &[Snapshot]) {
    let output = &context.output;
    output.result(&format!("{} ({}):", shelf.org(), shelf.folder().display()));
    for snapshot in snapshots {
        let line = match &snapshot.manifest {
            Ok(manifest) => {
                let own = manifest.data.file.starts_with(&format!("{}.", snapshot.name));
                let data = if own {
                    format!("{} bytes", grouped(manifest.data.bytes))
                } else {
                    format!("same as {}", manifest.data.file.trim_end_matches(".jsonl.zst"))
                };
                let state = if snapshot.looks_good() {
                    ""
                } else {
                    "  DAMAGED: its data are not there"
                };
                format!(
                    "  {:<24} {:>11} items  {:<9}  {data}{state}",
                    snapshot.name,
                    grouped(manifest.items),
                    manifest.completeness.name()
                )
            }
            Err(what) => format!("  {:<24} DAMAGED: {what}", snapshot.name),
        };
        let tone = if snapshot.looks_good() { Tone::Plain } else { Tone::Bad };
        output.result(&output.paint(tone, &line));
    }
}

fn document(shelf: &Shelf, snapshot: &Snapshot) -> Value {
    let mut document = json!({
        "organization": shelf.org(), "snapshot": snapshot.name.to_string(), "path": snapshot.path().to_string_lossy(),
        "good": snapshot.looks_good(), "damage": snapshot.manifest.as_ref().err(),
    });
    if let (Ok(manifest), Some(fields)) = (&snapshot.manifest, document.as_object_mut()) {
        for (key, value) in [
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
