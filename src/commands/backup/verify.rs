//! `stockport backup verify`: everything recomputed; on request held against the live inventory, or restored in a drill.
//!
//! Doesn't belong here: hashes (`snapshot`), comparing with an organization (`audit`).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::Context;
use super::shelves;
use crate::audit::{Differences, against, drill};
use crate::cli::BackupVerify;
use crate::error::{Error, Exit};
use crate::output::{Tone, counted, grouped};
use crate::snapshot::{Shelf, Snapshot};

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupVerify) -> Exit {
    match verify(context, options) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

fn verify(context: &Context, options: &BackupVerify) -> Result<Exit, Error> {
    let mut documents = Vec::new();
    let (mut drills, mut comparisons) = (Vec::new(), Vec::new());
    let mut exit = Exit::Done;
    for (shelf, one) in shelves(context, &options.dir)? {
        let snapshots = match one {
            Some(snapshot) => vec![snapshot],
            None => shelf.snapshots()?,
        };
        let (mut damaged, mut newest_is_damaged) = (0, false);
        let mut proved = HashMap::new();
        for snapshot in &snapshots {
            context.go_on()?;
            let damage = check(snapshot, &mut proved)?;
            newest_is_damaged = damage.is_some();
            if let Some(damage) = &damage {
                damaged += 1;
                context.output.error(damage, None, None);
            }
            documents.push(document(&shelf, snapshot, damage.as_deref()));
        }
        show(context, &shelf, snapshots.len(), damaged);
        if damaged > 0 {
            exit = Exit::Different;
        }
        let Some(newest) = snapshots.last() else { continue };
        // What is damaged is told already, and is neither restored nor compared.
        if newest_is_damaged {
            continue;
        }
        if options.drill {
            let found = drill(&context.output, newest, &context.stop)?;
            drills.push(compared(context, newest, "restored into a sandbox", &found));
            exit = if found.is_empty() { exit } else { Exit::Different };
        }
        if options.against_org {
            let connected = context.connect_to(Some(shelf.org()))?;
            let found = against(&context.output, &connected.client, newest)?;
            comparisons.push(compared(
                context,
                newest,
                &format!("held against {}", shelf.org()),
                &found,
            ));
            exit = if found.is_empty() { exit } else { Exit::Different };
        }
    }
    let error = (exit != Exit::Done).then_some("there is damage, or a difference");
    let document = json!({"snapshots": documents, "drills": drills, "against_org": comparisons, "error": error});
    context.output.document(&document);
    Ok(exit)
}

/// Says what a comparison found; the same for programs.
fn compared(context: &Context, snapshot: &Snapshot, how: &str, found: &Differences) -> Value {
    let output = &context.output;
    let (tone, result) = if found.is_empty() {
        (Tone::Good, "no difference".to_owned())
    } else {
        let counts = [
            (found.missing, "missing"),
            (found.added, "added"),
            (found.changed, "changed"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, what)| format!("{} {what}", grouped(*count)))
            .collect();
        (Tone::Bad, counts.join(", "))
    };
    output.result(&output.paint(tone, &format!("{} {how}: {result}", snapshot.name)));
    for named in &found.named {
        output.result(&format!("  {named}"));
    }
    json!({
        "snapshot": snapshot.name.to_string(), "missing": found.missing, "added": found.added,
        "changed": found.changed, "first": found.named,
    })
}

/// What is wrong with a snapshot. Data that several share are read once: a manifest that says the same of them as one that
/// was proved is proved with it.
fn check(snapshot: &Snapshot, proved: &mut HashMap<String, Value>) -> Result<Option<String>, Error> {
    let claims = snapshot.manifest.as_ref().ok().map(|manifest| {
        (
            manifest.data.file.clone(),
            json!([manifest.data, manifest.items, manifest.fields]),
        )
    });
    if let Some((file, claims)) = &claims
        && proved.get(file) == Some(claims)
    {
        return Ok(None);
    }
    match snapshot.check() {
        Ok(()) => {
            proved.extend(claims);
            Ok(None)
        }
        Err(error) if error.exit() == Exit::Different => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn show(context: &Context, shelf: &Shelf, count: usize, damaged: usize) {
    let output = &context.output;
    let (tone, found) = if damaged == 0 {
        (Tone::Good, "all as they were written".to_owned())
    } else {
        (Tone::Bad, format!("{damaged} DAMAGED"))
    };
    let line = format!(
        "{}: {} verified, {found}",
        shelf.org(),
        counted(count as u64, "snapshot")
    );
    output.result(&output.paint(tone, &line));
}

fn document(shelf: &Shelf, snapshot: &Snapshot, damage: Option<&str>) -> Value {
    json!({
        "organization": shelf.org(), "snapshot": snapshot.name.to_string(),
        "items": snapshot.manifest.as_ref().ok().map(|manifest| manifest.items), "damage": damage,
    })
}
