//! `stockport runs`: the runs of this machine, the newest first; or one of them in full (`one`).
//!
//! Doesn't belong here: finding and keeping journals (`runs`).

mod one;

use serde_json::{Value, json};

use super::{Context, runs_folder};
use crate::cli;
use crate::error::{Error, Exit};
use crate::journal::JournalError;
use crate::output::{Output, Tone, Warning, counted, grouped};
use crate::runs::{Run, Runs, State};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Runs) -> Exit {
    let shown = match &options.run {
        Some(name) => one::show(context, name),
        None => list(context, options),
    };
    match shown {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn list(context: &Context, options: &cli::Runs) -> Result<(), Error> {
    let runs = Runs::new(runs_folder(true)?);
    let newest_first = runs.all_newest_first()?;
    let count = newest_first.len();
    let shown: Vec<Run> = newest_first.take(options.last).collect();
    let output = &context.output;
    let warnings: Vec<Warning> = shown.iter().filter_map(Run::warning).collect();
    let documents: Vec<Value> = shown.iter().map(document).collect();
    output.document(&json!({"runs": documents, "warnings": warnings, "warning_codes": Warning::codes(&warnings)}));
    if shown.is_empty() {
        output.result("There are no runs yet.");
    }
    for run in &shown {
        if let Some((why, hint)) = &run.fault {
            let name = format!("{}  {}", run.name, output.paint(Tone::Bad, "can't be read"));
            output.result(&name);
            output.result(&format!("  {why} ({})", run.path.display()));
            output.result(&format!("  hint: {hint}"));
            continue;
        }
        for line in lines(output, run) {
            output.result(&line);
        }
    }
    let more = count.saturating_sub(shown.len());
    if more > 0 {
        output.result(&format!(
            "… and {} older ones (--last shows more)",
            grouped(more as u64)
        ));
    }
    for warning in &warnings {
        output.warn(warning);
    }
    Ok(())
}

/// A run in three lines: how far it has come, what it does, and what became of its items.
fn lines(output: &Output, run: &Run) -> Vec<String> {
    let state = run.state();
    let head = format!("{}  {}", run.name, output.paint(tone(state), in_words(run, state)));
    if run.is_busy {
        return vec![
            head,
            "  its journal is being written; repeat the command once the run has ended".to_owned(),
        ];
    }
    let mut lines = vec![
        head,
        format!("  {} {} → {}", run.fact("command"), run.fact("source"), run.target()),
        format!("  {}", counts(run, state)),
    ];
    let error = run.error().filter(|_| !matches!(state, State::UnderWay));
    lines.extend(error.map(|error| format!("  {error}")));
    lines
}

/// What became of a run's items, or has so far.
fn counts(run: &Run, state: State) -> String {
    if run.is_record() {
        let items = run.summary().get("items").and_then(Value::as_u64);
        return match items {
            Some(items) => format!("{} written", counted(items, "item")),
            None if state == State::UnderWay => "nothing is complete so far".to_owned(),
            None if run.exit() == Some(Exit::Done as u8) => "a part was written: the reader closed the pipe".to_owned(),
            None if run.exit().is_some() => "nothing was written".to_owned(),
            None => "it is not known whether it was written completely".to_owned(),
        };
    }
    match run.tally() {
        Ok(Some(tally)) if !tally.counts().is_empty() => {
            let differing = run.summary()["stored_differently"].as_u64().filter(|count| *count > 0);
            let differing = differing.map(|count| format!("{} stored differently", grouped(count)));
            tally
                .counts()
                .into_iter()
                .chain(differing)
                .collect::<Vec<_>>()
                .join(", ")
        }
        Err(error) => format!("its counts can't be read: {}", error.reason()),
        _ if state == State::UnderWay => "nothing was sent so far".to_owned(),
        _ => "nothing was written".to_owned(),
    }
}

/// How far a run has come, in words.
fn in_words(run: &Run, state: State) -> &'static str {
    match state {
        State::UnderWay => "under way",
        State::Interrupted if run.exit().is_some() => "interrupted",
        // Killed, for one; or its disk was full.
        State::Interrupted => "interrupted (its process ended without recording an end)",
        State::Stopped => "stopped by an error",
        State::Finished => "finished",
        State::Unreadable => "can't be read",
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Finished => Tone::Plain,
        State::UnderWay => Tone::Good,
        State::Interrupted | State::Stopped => Tone::Warning,
        State::Unreadable => Tone::Bad,
    }
}

fn document(run: &Run) -> Value {
    let tally = run.tally();
    let fault = run.fault.as_ref().map(|(why, _)| why.clone());
    let fault = fault.or_else(|| tally.as_ref().err().map(JournalError::reason));
    let tally = tally.ok().flatten().map(|tally| tally.document());
    json!({
        "run": run.name, "command": run.fact("command"), "source": run.fact("source"), "org": run.fact("org"),
        "api": run.fact("api"), "started": run.fact("started"), "ended": run.fact("ended"),
        "finished": run.is_finished(), "busy": run.is_busy, "fault": fault,
        "journal": run.path.to_string_lossy(), "summary": run.summary(),
        "target": run.target(), "state": run.state().name(), "exit": run.exit(), "account": tally, "error": run.error(),
        "error_code": run.summary().get("error_code"),
    })
}
