//! The arguments of `stockport undo`.
//!
//! Doesn't belong here: what is done with them (`commands::undo`).

use clap::Args;

use super::pace::Pace;

/// `stockport undo`
#[derive(Args, Debug)]
pub struct Undo {
    /// The run [default: the last one into the organization that wrote anything]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read everything back at the end and compare
    #[arg(long)]
    pub verify: bool,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
}
