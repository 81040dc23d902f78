//! `stockport backup verify`: everything recomputed; on request held against the live inventory, or restored in a drill.
//!
//! Doesn't belong here: hashes (`snapshot`), comparing with an organization (`audit`).

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::Context;
use super::super::error::{BACKUP_DIFFERENT, BACKUP_UNVERIFIED};
use super::look;
use crate::audit::{Differences, against, drill};
use crate::cli::BackupVerify;
use crate::error::{Error, Exit, UserError as _};
use crate::output::{Tone, Warning, counted, grouped};
use crate::snapshot::{Shelf, Snapshot, SnapshotError};

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupVerify) -> Exit {
    match verify(context, options) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

/// What proving a snapshot came to.
enum Proof {
    Good,
    /// It has changed since it was written.
    Damaged(String),
    /// Whether it is can't be told.
    Unverified(SnapshotError),
}

/// How many snapshots of a folder there are, and how many are not as they should be.
#[derive(Default)]
struct Counts {
    snapshots: u64,
    copies: u64,
    damaged: u64,
    unverified: u64,
}

fn verify(context: &Context, options: &BackupVerify) -> Result<Exit, Error> {
    let mut documents = Vec::new();
    let (mut drills, mut comparisons) = (Vec::new(), Vec::new());
    let (mut is_different, mut is_unverified) = (false, false);
    let mut looked = look(context, &options.dir)?;
    looked.warn(context)?;
    for (shelf, one) in &looked.shelves {
        let (snapshots, copies) = match one {
            Some(snapshot) => (vec![snapshot.clone()], Vec::new()),
            None => (shelf.snapshots()?, shelf.safety_copies()?),
        };
        let mut counts = Counts::default();
        let mut newest_is_good = false;
        let mut proved = HashMap::new();
        for (place, snapshot) in snapshots.iter().chain(&copies).enumerate() {
            context.go_on()?;
            let proof = check(snapshot, &mut proved)?;
            counts.add(context, snapshot, &proof);
            if place + 1 == snapshots.len() {
                newest_is_good = matches!(proof, Proof::Good);
            }
            documents.push(document(shelf, snapshot, &proof));
        }
        show(context, shelf, &counts);
        is_different |= counts.damaged > 0;
        is_unverified |= counts.unverified > 0;
        // What can't be relied on is named already, and is neither restored nor compared.
        let Some(newest) = snapshots.last().filter(|_| newest_is_good) else {
            continue;
        };
        if options.drill {
            let found = drill(&context.output, newest, &context.stop)?;
            drills.push(compared(context, newest, "restored into a sandbox", &found));
            is_different |= !found.is_empty();
        }
        if options.against_org {
            let connected = context.connect_to(Some(shelf.org()))?;
            let found = against(&context.output, &connected.client, newest)?;
            let how = format!("compared with {}", shelf.org());
            comparisons.push(compared(context, newest, &how, &found));
            is_different |= !found.is_empty();
        }
    }
    let (exit, error, code) = match (is_different, is_unverified) {
        (true, _) => (
            Exit::Different,
            Some("damage or a difference was found"),
            Some(BACKUP_DIFFERENT),
        ),
        (false, true) => (
            Exit::Stopped,
            Some("not every snapshot can be verified"),
            Some(BACKUP_UNVERIFIED),
        ),
        (false, false) => (Exit::Done, None, None),
    };
    let document = json!({
        "snapshots": documents, "drills": drills, "against_org": comparisons, "warnings": looked.warnings,
        "warning_codes": Warning::codes(&looked.warnings), "error": error, "error_code": code,
    });
    context.output.document(&document);
    Ok(exit)
}

impl Counts {
    /// Counts a snapshot, and names it where it isn't good.
    fn add(&mut self, context: &Context, snapshot: &Snapshot, proof: &Proof) {
        if snapshot.is_safety_copy() {
            self.copies += 1;
        } else {
            self.snapshots += 1;
        }
        match proof {
            Proof::Good => {}
            Proof::Damaged(damage) => {
                self.damaged += 1;
                context.output.error(BACKUP_DIFFERENT.into(), damage, None, None);
            }
            Proof::Unverified(error) => {
                self.unverified += 1;
                let hint = error.hint();
                context
                    .output
                    .error(error.code(), &error.to_string(), Some(&hint), None);
            }
        }
    }
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
    let line = format!("{} {how}: {result}", snapshot.name);
    if found.is_empty() {
        output.result(&output.paint(tone, &line));
    } else {
        output.fault(tone, &line, &[]);
    }
    for named in &found.named {
        output.fault(Tone::Plain, &format!("  {named}"), &[]);
    }
    json!({
        "snapshot": snapshot.name.to_string(), "missing": found.missing, "added": found.added,
        "changed": found.changed, "first": found.named,
    })
}

/// Proves a snapshot. Data that several share are read once: a manifest that says the same of them as one that was proved is
/// proved with it.
fn check(snapshot: &Snapshot, proved: &mut HashMap<PathBuf, Value>) -> Result<Proof, Error> {
    let claims = snapshot.manifest.as_ref().ok().map(|manifest| {
        (
            snapshot.folder().join(&manifest.data.file),
            json!([manifest.data, manifest.items, manifest.fields]),
        )
    });
    if let Some((file, claims)) = &claims
        && proved.get(file) == Some(claims)
    {
        return Ok(Proof::Good);
    }
    match snapshot.check() {
        Ok(()) => {
            proved.extend(claims);
            Ok(Proof::Good)
        }
        Err(error) => match error.exit() {
            Exit::Different => Ok(Proof::Damaged(error.to_string())),
            Exit::Stopped => Ok(Proof::Unverified(error)),
            _ => Err(error.into()),
        },
    }
}

fn show(context: &Context, shelf: &Shelf, counts: &Counts) {
    let output = &context.output;
    let (tone, found) = match (counts.damaged, counts.unverified) {
        (0, 0) => (Tone::Good, "no damage".to_owned()),
        (damaged, 0) => (Tone::Bad, format!("{damaged} DAMAGED")),
        (0, unverified) => (Tone::Bad, format!("{unverified} can't be verified")),
        (damaged, unverified) => (Tone::Bad, format!("{damaged} DAMAGED, {unverified} can't be verified")),
    };
    let copies = match counts.copies {
        0 => String::new(),
        1 => " and 1 safety copy".to_owned(),
        copies => format!(" and {} safety copies", grouped(copies)),
    };
    let line = format!(
        "{}: {}{copies} verified, {found}",
        shelf.org(),
        counted(counts.snapshots, "snapshot")
    );
    output.result(&output.paint(tone, &line));
}

fn document(shelf: &Shelf, snapshot: &Snapshot, proof: &Proof) -> Value {
    let (damage, unverified) = match proof {
        Proof::Good => (None, None),
        Proof::Damaged(damage) => (Some(damage.clone()), None),
        Proof::Unverified(error) => (None, Some(error.to_string())),
    };
    json!({
        "organization": shelf.org(), "snapshot": snapshot.name.to_string(), "safety_copy": snapshot.is_safety_copy(),
        "items": snapshot.manifest.as_ref().ok().map(|manifest| manifest.items), "damage": damage,
        "unverified": unverified,
    })
}
