//! `--results FILE`: every row of the files with its outcome.
//!
//! Doesn't belong here: the file itself (`report`).

use std::path::Path;

use super::super::{CommandError, Context, writing};
use super::files::Files;
use crate::error::Error;
use crate::journal::Journal;
use crate::output::counted;
use crate::report::{Account, Results, Summary};

/// Refuses a file that can't be written, or is there already.
pub(super) fn open(path: &Path) -> Result<Results, Error> {
    if writing::is_stdout(path) {
        return Err(CommandError::NoFormat("--results -".to_owned()).into());
    }
    Results::open(path, writing::target(path, None)?)
}

/// Writes the results of a run where they are asked for, as far as its rows are known. What stopped the run before says more
/// than a file that can't be written.
pub(super) fn write(
    context: &Context,
    results: Option<Results>,
    files: &Files<'_>,
    journal: &Journal,
    summary: &mut Summary,
) {
    let written = results.map(|results| write_to(context, results, files, journal, summary));
    if let Some(Err(error)) = written {
        summary.error.get_or_insert(error);
    }
}

fn write_to(
    context: &Context,
    results: Results,
    files: &Files<'_>,
    journal: &Journal,
    summary: &mut Summary,
) -> Result<(), Error> {
    if summary.tally.is_none() {
        return Ok(());
    }
    let source = files.source.borrow();
    let skips = files.skips.as_ref().map(|skips| skips.borrow());
    let account = Account {
        source: &source,
        paths: files.paths,
        journal,
        is_begun: summary.is_begun,
        is_dry: summary.dry_run,
        skipped: &|id| skips.as_ref().and_then(|skips| skips.reason(id)),
    };
    let (path, rows) = results.write(&account)?;
    let line = format!("{} with their outcomes: {}", counted(rows, "row"), path.display());
    context.output.result_naming(&line, &[&path]);
    let named = path.to_string_lossy().into_owned();
    summary.extra.insert("results_file".to_owned(), named.into());
    Ok(())
}
