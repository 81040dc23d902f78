//! The arguments of `stockport undo`.
//!
//! Doesn't belong here: what is done with them (`commands::undo`).

use clap::Args;

use super::pace::Pace;
use super::report::Report;

/// `stockport undo`
#[derive(Args, Debug)]
pub struct Undo {
    /// The runs, undone newest first [default: the last one that changed anything in the organization]
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read everything back at the end and compare
    #[arg(long)]
    pub verify: bool,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
    /// The report of the run.
    #[command(flatten)]
    pub report: Report,
}
