//! `stockport undo`: a run's changes → taken back, as a run of its own.
//!
//! Doesn't belong here: what undoing wants of an item (`undo`), sending it (`transfer`).

use std::time::Instant;

use super::{Context, runs_folder};
use crate::cli;
use crate::error::{Error, Exit};
use crate::journal::Journal;
use crate::report::Summary;
use crate::runs::{Identity, Known, Lock, Run, RunError, Runs};
use crate::transfer::{Purpose, Transfer};
use crate::undo::Undo;

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
    summary.show(&context.output);
    summary.exit()
}

fn undo(context: &Context, options: &cli::Undo, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let sends = !options.dry_run;
    let connected = context.connect()?;
    let folder = runs_folder(true)?;
    let runs = Runs::new(folder.clone());
    let run = wanted(&runs, options.run.as_deref(), &connected.place, &connected.org)?;
    summary.source = format!("run {}", run.name);
    summary.target.clone_from(&connected.org);
    context.output.result(&format!(
        "Undoing run {} ({} of {}, {})",
        run.name,
        run.fact("command"),
        run.fact("source"),
        run.fact("started")
    ));
    let lock = if sends {
        Some(Lock::take(&folder, &connected.place, &connected.org, "undo")?)
    } else {
        None
    };
    let earlier = Journal::open_existing(&run.path)?;
    let supply = Undo::new(&earlier)?;
    let journal = if sends {
        let identity = Identity {
            command: "undo".to_owned(),
            files: Vec::new(),
            api: connected.place.clone(),
            org: connected.org.clone(),
            options: run.name.clone(),
        };
        let (name, journal) = runs.begin(&identity, &summary.source)?;
        summary.run = name;
        journal
    } else {
        Journal::temporary()?
    };
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose: if sends { Purpose::Write } else { Purpose::Look },
        rejects_anyway: false,
        verify: options.verify && sends,
        known: Known::default(),
        stop: &context.stop,
    };
    transfer.run(&supply, &journal, None, summary);
    if sends {
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    drop(lock);
    Ok(())
}

/// The run that is meant: the one named, if it went to this organization, or the last one that changed anything there.
fn wanted(runs: &Runs, name: Option<&str>, api: &str, org: &str) -> Result<Run, Error> {
    let here = |run: &Run| run.fact("api") == api && run.fact("org") == org;
    if let Some(name) = name {
        let run = runs.find(name)?;
        if !here(&run) {
            let why = format!("it went to {} at {}", run.fact("org"), run.fact("api"));
            return Err(RunError::Elsewhere { run: run.name, why }.into());
        }
        return Ok(run);
    }
    for run in runs.list() {
        // It may be the one that is meant, and an earlier one must not be taken for it.
        if run.is_busy {
            return Err(RunError::Busy(run.name).into());
        }
        if here(&run) && Journal::open_existing(&run.path)?.changed_count()? > 0 {
            return Ok(run);
        }
    }
    Err(RunError::NoRun("undo").into())
}
