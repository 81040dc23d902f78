//! `stockport undo`: the changes of runs → taken back, after a plan and a question, as a run of its own.
//!
//! Doesn't belong here: which runs are meant and what undoing wants of an item (`undo`), sending it (`transfer`).

use std::cell::RefCell;
use std::time::Instant;

use serde_json::json;

use super::{Connected, Context, runs_folder};
use crate::cli;
use crate::config;
use crate::delete::DeleteError;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::Action;
use crate::report::Summary;
use crate::runs::{Identity, Known, Lock, Run, Runs};
use crate::transfer::{Purpose, Transfer, show_items};
use crate::undo::{COMMAND, Choice, Undo, choose};

/// How many items of each kind are named.
const FIRST: usize = 10;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Undo) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        dry_run: options.dry_run,
        ..Summary::default()
    };
    if let Err(error) = undo(context, options, &mut summary, began) {
        summary.error = Some(error);
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, None);
    summary.show(&context.output);
    summary.exit()
}

fn undo(context: &Context, options: &cli::Undo, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let sends = !options.dry_run;
    let connected = context.connect()?;
    summary.target.clone_from(&connected.org);
    let folder = runs_folder(true)?;
    let lock = if sends {
        Some(Lock::take(&folder, &connected.place, &connected.org, COMMAND)?)
    } else {
        None
    };
    let runs = Runs::new(folder);
    let choice = choose(&runs, &options.runs, &connected.place, &connected.org)?;
    summary.source = sources(&choice.runs);
    let names: Vec<&str> = choice.runs.iter().map(|run| run.name.as_str()).collect();
    summary.extra.insert("undoes".to_owned(), json!(names));
    let mut earlier = Vec::new();
    for run in &choice.runs {
        earlier.push(Runs::checked(run)?);
    }
    show(context, &choice, &earlier, summary)?;
    let (journal, purpose) = journal(&runs, &choice, &connected, sends, summary)?;
    let snapshot = RefCell::new(None);
    let ask = |listing: &Listing, stored: &mut ItemStore| {
        if let Some(kept) = approve(context, &connected, &journal, sends, listing, stored)? {
            snapshot.replace(Some(kept));
        }
        Ok(())
    };
    let supply = Undo::new(&earlier)?;
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose,
        rejects_anyway: false,
        verify: options.verify && sends,
        known: Known::default(),
        read: None,
        approve: &ask,
        stop: &context.stop,
    };
    transfer.run(&supply, &journal, None, summary);
    if let Some(path) = snapshot.into_inner() {
        summary.extra.insert("snapshot".to_owned(), json!(path));
    }
    if sends {
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    drop(lock);
    Ok(())
}

/// The journal: that of an undo that was cut short, or a new one.
fn journal(
    runs: &Runs,
    choice: &Choice,
    connected: &Connected,
    sends: bool,
    summary: &mut Summary,
) -> Result<(Journal, Purpose), Error> {
    if !sends {
        return Ok((Journal::temporary()?, Purpose::Look));
    }
    if let Some(unfinished) = &choice.unfinished {
        summary.run.clone_from(&unfinished.name);
        return Ok((Runs::resume(unfinished)?, Purpose::Resume));
    }
    let identity = Identity {
        command: COMMAND.to_owned(),
        files: Vec::new(),
        api: connected.place.clone(),
        org: connected.org.clone(),
        options: choice.names(),
    };
    let (name, journal) = runs.begin(&identity, &summary.source)?;
    summary.run = name;
    Ok((journal, Purpose::Write))
}

/// Says which runs are undone: when they were made, from what, into which organization, and what they did.
fn show(context: &Context, choice: &Choice, journals: &[Journal], summary: &mut Summary) -> Result<(), Error> {
    let output = &context.output;
    if let Some(unfinished) = &choice.unfinished {
        output.result(&format!(
            "Resuming undo {}, which did not come to its end",
            unfinished.name
        ));
    }
    for (run, journal) in choice.runs.iter().zip(journals) {
        output.result(&format!(
            "Undoing run {}: {} of {} into {}, begun {}, {}",
            run.name,
            run.fact("command"),
            run.fact("source"),
            run.fact("org"),
            run.fact("started"),
            done(run, journal)?
        ));
        if let Some(warning) = run.warning() {
            output.warn(&warning);
            summary.warnings.push(warning);
        }
    }
    Ok(())
}

/// What a run did, as its journal counts it.
fn done(run: &Run, journal: &Journal) -> Result<String, Error> {
    let ended = journal.outcomes()?;
    let counts = [
        (ended.created, "created"),
        (ended.updated, "updated"),
        (ended.deleted, "deleted"),
    ];
    let mut parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)))
        .collect();
    if !run.is_finished() {
        parts.push("not finished".to_owned());
    }
    Ok(parts.join(", "))
}

fn sources(runs: &[Run]) -> String {
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    format!("{} {}", if names.len() == 1 { "run" } else { "runs" }, names.join(" "))
}

/// Names the first items, asks, and keeps a copy of what is deleted, whose path is given.
fn approve(
    context: &Context,
    connected: &Connected,
    journal: &Journal,
    sends: bool,
    listing: &Listing,
    stored: &mut ItemStore,
) -> Result<Option<std::path::PathBuf>, Error> {
    let (create, update, delete) = journal.open_by_kind()?;
    show_items(&context.output, journal, (Action::Delete, delete), FIRST)?;
    show_items(&context.output, journal, (Action::Create, create), FIRST)?;
    if !sends || create + update + delete == 0 {
        return Ok(None);
    }
    let org = &connected.org;
    if context.yes || context.output.can_ask() {
        let parts = [(delete, "delete"), (update, "restore"), (create, "create")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what} {}", counted(*count, "item")))
            .collect();
        context.consent(&format!("This will {} in {org}", parts.join(", ")))?;
    } else if delete > 0 {
        return Err(DeleteError::NobodyToAsk.into());
    }
    if delete == 0 {
        return Ok(None);
    }
    let dir = config::snapshots_folder()?;
    let kept = context.safety(&dir).keep(org, &connected.place, listing, stored)?;
    let restore = ["backup", "restore", &kept.to_string_lossy()];
    context.tell_way_back("To bring it back", &restore, org, None);
    Ok(Some(kept))
}
