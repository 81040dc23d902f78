//! The arguments of `stockport import`.
//!
//! Doesn't belong here: what is done with them (`commands::import`), options that other commands share (`reading`,
//! `pace`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::notify::Notify;
use super::pace::{Brakes, Pace, Unreadable, max_delete as max_share};
use super::reading::Reading;
use super::report::Report;
use crate::plan::MaxShare;
use crate::shard;

/// `stockport import`
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// The files: workbooks, text, JSON, also as .gz or .zst; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How the files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// What a blank cell does to the stored value
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub blanks: Blanks,
    /// Which items may be written
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub mode: Mode,
    /// Post null for the fields of new items that the file doesn't have
    #[arg(long)]
    pub complete: bool,
    /// Items that can't be read.
    #[command(flatten)]
    pub unreadable: Unreadable,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the plan to a file for review, and send nothing
    ///
    /// .xlsx, .csv and .tsv are sheets for people, with old and new values; .json is the plan that --plan takes.
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub plan_out: Option<PathBuf>,
    /// Apply exactly this plan
    ///
    /// The complete plan is refused when an item that it changes has changed since.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Resume the last interrupted run of this file, or the run named
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "",
          conflicts_with_all = ["dry_run", "plan_out", "plan"])]
    pub resume: Option<String>,
    /// Read everything back at the end, and compare
    #[arg(long)]
    pub verify: bool,
    /// Import only this share of the rows: 2/4 is the second of four
    ///
    /// auto/4 takes the number from the variable `JOB_COMPLETION_INDEX`.
    #[arg(long, value_name = "I/N", value_parser = shard::Choice::parse)]
    pub shard: Option<shard::Choice>,
    /// The file for rows that were not imported [default: beside FILE]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Write the items that the files lack to this file
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub missing: Option<PathBuf>,
    /// Write every row of the input with its outcome and the reason to this file
    ///
    /// The rows are in the input's order with all their cells, followed by _row, _outcome (created, updated, unchanged,
    /// skipped, rejected, failed, `not_attempted`, `set_aside`; with --dry-run create and update) and _reason; with
    /// several
    /// files or sheets, _file and _sheet too. The extension decides the format: .csv, .tsv, .xlsx, .json, .jsonl. The
    /// file
    /// is written even if the run fails; an existing file is refused.
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub results: Option<PathBuf>,
    /// Send nothing when more rows than this are rejected: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", help_heading = "Safety limits", value_parser = max_share)]
    pub max_rejects: Option<MaxShare>,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
    /// The report of the run.
    #[command(flatten)]
    pub report: Report,
    /// Who is notified of how it ends.
    #[command(flatten)]
    pub notify: Notify,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

/// What blank cells do.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Blanks {
    /// The stored value stays
    #[default]
    Keep,
    /// Null is posted
    Clear,
    /// The row is rejected
    Reject,
}

/// Which rows may be written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Mode {
    /// New items are created, stored ones updated
    #[default]
    Upsert,
    /// New items only
    Create,
    /// Stored items only
    Update,
}
