//! `stockport undo`: the changes of runs → taken back, after a plan and a question, as a run of its own.
//!
//! Doesn't belong here: which runs are meant and what undoing wants of an item (`undo`), sending it (`transfer`).

use serde_json::json;

use super::run::{Terms, Writing, WritingRun, writing};
use super::{Context, runs_folder};
use crate::cli;
use crate::delete::DeleteError;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::Action;
use crate::report::Summary;
use crate::runs::{Run, Runs};
use crate::transfer::{Transfer, show_items};
use crate::undo::{COMMAND, Choice, Undo, choose};

/// How many items of each kind are named.
const FIRST: usize = 10;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Undo) -> Exit {
    let terms = Terms {
        verify: options.verify,
        report: options.report.file.as_deref(),
        ..Terms::of(COMMAND, !options.dry_run, options.pace)
    };
    writing(context, terms, String::new(), |writing, summary| {
        undo(writing, options, summary)
    })
}

fn undo(writing: Writing<'_>, options: &cli::Undo, summary: &mut Summary) -> Result<(), Error> {
    let connected = writing.connect(summary)?;
    // What is undone stands there: no plan can be made without it.
    runs_folder(true)?;
    let mut run = writing.begin(&connected, None)?;
    let choice = choose(&run.runs, &options.runs, &connected.place, &connected.org)?;
    summary.source = sources(&choice.runs);
    let names: Vec<&str> = choice.runs.iter().map(|run| run.name.as_str()).collect();
    summary.extra.insert("undoes".to_owned(), json!(names));
    let earlier = choice.runs.iter().map(Runs::checked).collect::<Result<Vec<_>, _>>()?;
    show(writing.context, &choice, &earlier, summary)?;
    let identity = writing.identity(&connected, Vec::new(), choice.names());
    let journal = run.journal(choice.unfinished.as_ref(), &identity, summary)?;
    let ask = |listing: &Listing, stored: &mut ItemStore| approve(&run, &journal, listing, stored);
    let supply = Undo::new(&earlier)?;
    let transfer = Transfer {
        approve: &ask,
        ..run.transfer()
    };
    transfer.run(&supply, &journal, None, summary);
    run.end(journal, summary)
}

/// Says which runs are undone: when they were made, from what, into which organization, and what they did.
fn show(context: &Context, choice: &Choice, journals: &[Journal], summary: &mut Summary) -> Result<(), Error> {
    let output = &context.output;
    if let Some(unfinished) = &choice.unfinished {
        output.result(&format!("Resuming undo {}, which did not finish", unfinished.name));
    }
    for (run, journal) in choice.runs.iter().zip(journals) {
        output.result(&format!(
            "Undoing run {}: {} of {} into {}, started {}, {}",
            run.name,
            run.fact("command"),
            run.fact("source"),
            run.fact("org"),
            run.fact("started"),
            done(run, journal)?
        ));
        context.warn(run.warning(), summary);
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

/// Names the first items, asks, and keeps a copy if anything is deleted.
fn approve(run: &WritingRun<'_>, journal: &Journal, listing: &Listing, stored: &mut ItemStore) -> Result<(), Error> {
    let context = run.context;
    let (create, update, delete) = journal.open_by_kind()?;
    show_items(&context.output, journal, (Action::Delete, delete), FIRST)?;
    show_items(&context.output, journal, (Action::Create, create), FIRST)?;
    if !run.terms.sends || create + update + delete == 0 {
        return Ok(());
    }
    if context.yes || context.output.can_ask() {
        let parts = [(delete, "delete"), (update, "restore"), (create, "create")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what} {}", counted(*count, "item")))
            .collect();
        let org = &run.connected.org;
        context.consent(&format!("This will {} in {org}", parts.join(", ")))?;
    } else if delete > 0 {
        return Err(DeleteError::NobodyToAsk.into());
    }
    if delete > 0 {
        run.keep(journal, listing, stored)
    } else {
        Ok(())
    }
}
