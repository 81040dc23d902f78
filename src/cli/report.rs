//! `--report`: an argument of every command that writes to an organization.
//!
//! Doesn't belong here: writing the report (`report`).

use std::path::PathBuf;

use clap::Args;

/// The report of a run.
#[derive(Args, Clone, Debug)]
pub struct Report {
    /// Write a report of the run to this file: totals, changes by field, rejects by reason (.html or .xlsx)
    #[arg(id = "report", long = "report", value_name = "FILE", help_heading = "Output")]
    pub file: Option<PathBuf>,
}
