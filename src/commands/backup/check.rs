//! `stockport backup check`: whether each organization has a complete snapshot that is young enough.
//!
//! Doesn't belong here: which snapshot can be relied on (`snapshot`), the proof of all of them (`verify`).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Context;
use super::look;
use crate::cli::BackupCheck;
use crate::commands::error::BACKUP_TOO_OLD;
use crate::error::Exit;
use crate::output::{Tone, Warning, human};
use crate::snapshot::{Newest, Shelf, SnapshotError};

/// Runs the command. Where there is no backup at all, none is young enough.
pub(super) fn run(context: &Context, options: &BackupCheck) -> Exit {
    check(context, options).unwrap_or_else(|error| {
        let is_none = matches!(error, SnapshotError::NoSnapshot(_) | SnapshotError::OnlySafety(_));
        let exit = context.fail(error.into());
        if is_none { Exit::Different } else { exit }
    })
}

fn check(context: &Context, options: &BackupCheck) -> Result<Exit, SnapshotError> {
    let now = Timestamp::now();
    let mut looked = look(context, &options.dir)?;
    if let Some(snapshot) = looked.shelves.iter().find_map(|(_, one)| one.as_ref()) {
        return Err(SnapshotError::NotAFolder(snapshot.path()));
    }
    // A folder that can't be looked into may be an organization's. Those that are named were found.
    let are_unseen = context.named_orgs.is_empty() && !looked.warnings.is_empty();
    looked.warn(context)?;
    let mut documents = Vec::new();
    let mut stale = Vec::new();
    for (shelf, _) in &looked.shelves {
        let newest = shelf.newest_whole(now)?;
        let age = newest.whole.as_ref().map(|(_, moment)| age(*moment, now));
        let is_fresh = age.is_some_and(|age| age <= options.max_age);
        show(context, shelf, &newest, (age, options.max_age), is_fresh);
        documents.push(document(shelf, &newest, age, is_fresh));
        looked.warnings.extend(newest.passed);
        stale.extend((!is_fresh).then(|| shelf.org().to_owned()));
    }
    let error = match (stale.is_empty(), are_unseen) {
        (false, _) => Some(format!(
            "no complete snapshot within {}: {}",
            human(options.max_age),
            stale.join(", ")
        )),
        (true, true) => Some("not every folder can be read".to_owned()),
        (true, false) => None,
    };
    context.output.document(&json!({
        "max_age_seconds": options.max_age.as_secs(), "organizations": documents, "warnings": looked.warnings,
        "warning_codes": Warning::codes(&looked.warnings),
        "error": error, "error_code": error.as_ref().map(|_| BACKUP_TOO_OLD),
    }));
    Ok(if error.is_none() { Exit::Done } else { Exit::Different })
}

/// How long ago a moment is; none of those that are relied on lies in the future by more than clocks differ.
fn age(moment: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(moment)).unwrap_or_default()
}

fn show(context: &Context, shelf: &Shelf, newest: &Newest, (age, most): (Option<Duration>, Duration), is_fresh: bool) {
    let output = &context.output;
    newest.passed.iter().for_each(|passed| output.warn(passed));
    let found = match (&newest.whole, age) {
        (Some((snapshot, _)), Some(age)) => format!("{} is {} old", snapshot.name, human(age)),
        _ => "no complete snapshot".to_owned(),
    };
    let (org, most) = (shelf.org(), human(most));
    if is_fresh {
        let line = format!("{org}: {found} (at most {most})");
        output.result(&output.paint(Tone::Good, &line));
    } else {
        let fault = if age.is_some() { "too old: " } else { "" };
        output.fault(Tone::Bad, &format!("{org}: {fault}{found} (at most {most})"), &[]);
    }
}

fn document(shelf: &Shelf, newest: &Newest, age: Option<Duration>, is_fresh: bool) -> Value {
    let whole = newest.whole.as_ref();
    json!({
        "organization": shelf.org(), "folder": shelf.folder().to_string_lossy(), "fresh": is_fresh,
        "snapshot": whole.map(|(snapshot, _)| snapshot.name.to_string()),
        "time": whole.map(|(_, moment)| moment.to_string()),
        "age_seconds": age.map(|age| age.as_secs()), "skipped": newest.passed,
    })
}
