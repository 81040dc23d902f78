//! The arguments of `stockport migrate`.
//!
//! Doesn't belong here: what is done with them (`commands::migrate`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::notify::Notify;
use super::pace::{Brakes, Pace, max_delete};
use super::report::Report;
use crate::plan::MaxShare;
use crate::shard;

/// `stockport migrate`
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "stockport migrate [OPTIONS] --from <ORG> --to <ORG>\n       stockport migrate --check <CERTIFICATE>"
)]
pub struct Migrate {
    /// The organization that is read [default: the one of --from-profile]
    #[arg(long, value_name = "ORG", required_unless_present_any = ["from_profile", "check"])]
    pub from: Option<String>,
    /// The organization that is written to [default: the one of --to-profile]
    #[arg(long, value_name = "ORG", required_unless_present_any = ["to_profile", "check"])]
    pub to: Option<String>,
    /// The profile with the source's API and key
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub from_profile: Option<String>,
    /// The profile with the target's API and key
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub to_profile: Option<String>,
    /// Only items that match: field=value, also != < <= > >= ~
    ///
    /// ~ is: contains the text. With several conditions, all of them must match.
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// Only these items
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Add this prefix to each id
    #[arg(long, value_name = "TEXT", conflicts_with = "id_map")]
    pub id_prefix: Option<String>,
    /// Change ids by this CSV file with the headers from,to
    #[arg(long, value_name = "FILE")]
    pub id_map: Option<PathBuf>,
    /// What to do where the target has other values
    ///
    /// Values that an earlier run of this migration wrote are no conflict.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub on_conflict: OnConflict,
    /// Delete what earlier runs moved and the source now lacks
    ///
    /// The plan lists the items and asks. Each is read just before it is deleted, and is kept if it has changed since it was
    /// moved. Items that no run moved are never deleted.
    #[arg(long, conflicts_with_all = ["conditions", "only"])]
    pub mirror: bool,
    /// Stop if --mirror would delete more: a number, or a share (5%) of the target's items
    #[arg(long, value_name = "N|N%", default_value = "10%", requires = "mirror", help_heading = "Safety limits", value_parser = max_delete)]
    pub max_delete: MaxShare,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Move only this share of the items: 2/4 is the second of four
    ///
    /// auto/4 takes the number from the variable `JOB_COMPLETION_INDEX`.
    #[arg(long, value_name = "I/N", value_parser = shard::Choice::parse)]
    pub shard: Option<shard::Choice>,
    /// Resume the last interrupted run of this migration, or the run named
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "",
          conflicts_with = "dry_run")]
    pub resume: Option<String>,
    /// The certificate's files, .json and .html [default: migration-FROM-TO-DATE in this folder]
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub certificate: Option<PathBuf>,
    /// Continue although an earlier migration gave its items other ids: they will exist twice
    #[arg(long, help_heading = "Safety limits")]
    pub allow_other_ids: bool,
    /// Compare both sides again with an earlier certificate (.json)
    ///
    /// Lists each item that is missing, differs or is new, with exit code 4, and writes nothing. The organizations,
    /// their
    /// APIs and the ids are those of the certificate. Keys come from the environment, or --from-profile and --to-profile.
    #[arg(long, value_name = "CERTIFICATE", conflicts_with_all = ["conditions", "only", "id_prefix", "id_map", "on_conflict",
          "mirror", "max_delete", "dry_run", "shard", "resume", "certificate", "allow_other_ids", "jobs", "batch", "rate",
          "max_failures", "allow_empty", "allow_shrink", "report"])]
    pub check: Option<PathBuf>,
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

/// What happens to conflicts.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum OnConflict {
    /// Send nothing
    #[default]
    Fail,
    /// Keep the target's item
    Skip,
    /// Write the source's values
    Overwrite,
}
