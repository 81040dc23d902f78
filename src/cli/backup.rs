//! What `stockport backup` does, with the arguments of each.
//!
//! Doesn't belong here: what is done with them (`commands::backup`).

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::notify::Notify;
use super::pace::{Brakes, Pace, Unreadable, max_delete};
use super::report::Report;
use super::usage::whole;
use crate::plan::MaxShare;
use crate::snapshot::retention::Count;

/// `stockport backup`
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Write a snapshot of an organization's complete inventory
    Create(BackupCreate),
    /// List the snapshots in a folder
    List(BackupList),
    /// Check the hashes of every snapshot
    Verify(BackupVerify),
    /// Check that the newest complete snapshot is young enough
    Check(BackupCheck),
    /// Restore a snapshot; show the plan first
    Restore(BackupRestore),
    /// Remove old snapshots by rules
    Prune(BackupPrune),
}

/// `stockport backup create`
#[derive(Args, Debug)]
pub struct BackupCreate {
    /// The backup's folder; each organization has a folder in it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Old snapshots go afterwards.
    #[command(flatten)]
    pub keep: Keep,
    /// How long to wait for another stockport process that writes to the folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = whole::<u64, 0, { u64::MAX }>)]
    pub wait: u64,
    /// Back up every profile, each with its API, organization and key
    #[arg(long)]
    pub all_profiles: bool,
    /// Who is notified of how it ends.
    #[command(flatten)]
    pub notify: Notify,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

/// `stockport backup list`
#[derive(Args, Debug)]
pub struct BackupList {
    /// The backup's folder, DIR/ORG, or one snapshot
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

/// `stockport backup verify`
#[derive(Args, Debug)]
pub struct BackupVerify {
    /// The backup's folder, DIR/ORG, or one snapshot (DIR/ORG/NAME, DIR@2026-11-22)
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Compare the newest (or the one given) with what its organization holds now
    #[arg(long)]
    pub against_org: bool,
    /// Restore the newest (or the one given) into a temporary sandbox, and compare
    #[arg(long)]
    pub drill: bool,
}

/// `stockport backup check`
#[derive(Args, Debug)]
pub struct BackupCheck {
    /// The backup's folder, or DIR/ORG
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// How old it may be, in s, m, h, d or w: 90m, 26h, 1d12h
    ///
    /// Where that of any organization is older, the exit code is 4.
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub max_age: Duration,
}

/// `stockport backup restore`
#[derive(Args, Debug)]
pub struct BackupRestore {
    /// DIR or DIR/ORG (the newest), DIR/ORG/NAME, or DIR@2026-11-22 (the newest of that day or before, UTC)
    #[arg(value_name = "DIR[/SNAPSHOT|@DATE]")]
    pub snapshot: PathBuf,
    /// Only these items
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Also delete items and null fields that the snapshot lacks
    ///
    /// A safety copy of what is stored is kept first.
    #[arg(long)]
    pub exact: bool,
    /// With --exact: stop if more would be deleted: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", default_value = "10%", value_parser = max_delete, help_heading = "Safety limits")]
    pub max_delete: MaxShare,
    /// Items that can't be read.
    #[command(flatten)]
    pub unreadable: Unreadable,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read everything back at the end, and compare
    #[arg(long)]
    pub verify: bool,
    /// The file for items that were not restored [default: restore-ORG.rejects.jsonl in this folder]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// How long to wait for another stockport process that writes to the folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = whole::<u64, 0, { u64::MAX }>)]
    pub wait: u64,
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

/// `stockport backup prune`
#[derive(Args, Debug)]
pub struct BackupPrune {
    /// The backup's folder, or DIR/ORG
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// What is kept.
    #[command(flatten)]
    pub keep: Keep,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait for another stockport process that writes to the folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = whole::<u64, 0, { u64::MAX }>)]
    pub wait: u64,
}

/// Which snapshots are kept, as restic's rules have it: a number, or all.
#[derive(Args, Clone, Copy, Debug)]
pub struct Keep {
    /// Keep the last N snapshots
    #[arg(long = "keep-last", value_name = "N", value_parser = count, help_heading = "Retention")]
    pub last: Option<Count>,
    /// Keep the newest snapshot of each of the last N days that have one
    #[arg(long = "keep-daily", value_name = "N", value_parser = count, help_heading = "Retention")]
    pub daily: Option<Count>,
    /// The same for weeks (ISO)
    #[arg(long = "keep-weekly", value_name = "N", value_parser = count, help_heading = "Retention")]
    pub weekly: Option<Count>,
    /// The same for months
    #[arg(long = "keep-monthly", value_name = "N", value_parser = count, help_heading = "Retention")]
    pub monthly: Option<Count>,
    /// The same for years
    #[arg(long = "keep-yearly", value_name = "N", value_parser = count, help_heading = "Retention")]
    pub yearly: Option<Count>,
}

pub(super) fn count(text: &str) -> Result<Count, String> {
    match text {
        "all" | "unlimited" | "-1" => Ok(Count::All),
        _ => text
            .parse()
            .map(Count::Of)
            .map_err(|_| "give a number, or all".to_owned()),
    }
}

/// A length of time, as numbers with their units; a day has 24 hours.
fn age(text: &str) -> Result<Duration, String> {
    let span = text.parse::<jiff::Span>().ok();
    let length = span.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
    let age = length.and_then(|length| Duration::try_from(length).ok());
    age.ok_or_else(|| "give a number with a unit (s, m, h, d, w): 90m, 26h, 1d12h".to_owned())
}
