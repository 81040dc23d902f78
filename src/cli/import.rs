//! The arguments of `stockport import`.
//!
//! Doesn't belong here: what is done with them (`commands::import`), options that other commands share (`reading`,
//! `pace`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::pace::{Brakes, Pace, Unreadable, max_delete as max_share};
use super::reading::Reading;
use super::report::Report;
use crate::plan::MaxShare;
use crate::shard;

/// `stockport import`
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// The files: csv, tsv, xlsx, xlsm, xlsb, xls, ods, json, jsonl; also .gz and .zst; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How the files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// What a blank cell does to the stored value
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub blanks: Blanks,
    /// Which rows may be written
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub mode: Mode,
    /// Give new items nulls for the fields that the file doesn't know
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
    /// Carry out just this plan; refused as a whole when an item that it touches has changed
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Go on with the last run of this file and organization that was cut short, or with the run named
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "",
          conflicts_with_all = ["dry_run", "plan_out", "plan"])]
    pub resume: Option<String>,
    /// Read everything back at the end and compare
    #[arg(long)]
    pub verify: bool,
    /// Do only this share of the rows: 2/4 is the second of four; auto/4 takes the number from `JOB_COMPLETION_INDEX`
    #[arg(long, value_name = "I/N", value_parser = shard::Choice::parse)]
    pub shard: Option<shard::Choice>,
    /// Where rows that did not go through are written [default: beside the file]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Write the items that only the organization holds to this file
    #[arg(long, value_name = "FILE", conflicts_with = "shard")]
    pub missing: Option<PathBuf>,
    /// Send nothing when more rows than this are rejected: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", help_heading = "Brakes", value_parser = max_share)]
    pub max_rejects: Option<MaxShare>,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
    /// The report of the run.
    #[command(flatten)]
    pub report: Report,
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
