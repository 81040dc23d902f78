//! `stockport runs`: the runs of this machine, the newest first.
//!
//! Doesn't belong here: finding and keeping journals (`runs`).

use serde_json::{Value, json};

use super::{Context, runs_folder};
use crate::cli;
use crate::error::{Error, Exit};
use crate::output::{Tone, grouped};
use crate::runs::{Run, Runs};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Runs) -> Exit {
    match list(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn list(context: &Context, options: &cli::Runs) -> Result<(), Error> {
    let runs = Runs::new(runs_folder(true)?);
    let newest_first = runs.newest_first()?;
    let count = newest_first.len();
    let shown: Vec<Run> = newest_first.take(options.last).collect();
    let output = &context.output;
    let warnings: Vec<String> = shown.iter().filter_map(Run::warning).collect();
    let documents: Vec<Value> = shown.iter().map(document).collect();
    output.document(&json!({"runs": documents, "warnings": warnings}));
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
        if run.is_busy {
            output.result(&format!("{}  under way", run.name));
            output.result("  its journal is being written; more can be told of it then");
            continue;
        }
        let summary = summary(run);
        let counted = |name: &str| summary.get(name).and_then(Value::as_u64).filter(|count| *count > 0);
        let counts: Vec<String> = [
            "created",
            "updated",
            "deleted",
            "unchanged",
            "rejected",
            "failed",
            "not_attempted",
        ]
        .into_iter()
        .filter_map(|name| counted(name).map(|count| format!("{} {}", grouped(count), name.replace('_', " "))))
        .collect();
        let counts = if counts.is_empty() {
            "nothing was written".to_owned()
        } else {
            counts.join(", ")
        };
        let (state, tone) = if run.is_finished() {
            ("finished", Tone::Plain)
        } else {
            ("not finished", Tone::Warning)
        };
        output.result(&format!("{}  {}", run.name, output.paint(tone, state)));
        output.result(&format!(
            "  {} {} → {}",
            run.fact("command"),
            run.fact("source"),
            run.fact("org")
        ));
        output.result(&format!("  {counts}"));
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

fn summary(run: &Run) -> Value {
    serde_json::from_str(run.fact("summary")).unwrap_or_default()
}

fn document(run: &Run) -> Value {
    json!({
        "run": run.name, "command": run.fact("command"), "source": run.fact("source"), "org": run.fact("org"),
        "api": run.fact("api"), "started": run.fact("started"), "ended": run.fact("ended"),
        "finished": run.is_finished(), "busy": run.is_busy, "fault": run.fault.as_ref().map(|(why, _)| why), "journal": run.path.to_string_lossy(), "summary": summary(run),
    })
}
