//! The arguments of `stockport migrate`.
//!
//! Doesn't belong here: what is done with them (`commands::migrate`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
    /// The organization that is read; nothing is ever written to it [default: the one of --from-profile]
    #[arg(long, value_name = "ORG", required_unless_present_any = ["from_profile", "check"])]
    pub from: Option<String>,
    /// The organization that the items go to [default: the one of --to-profile]
    #[arg(long, value_name = "ORG", required_unless_present_any = ["to_profile", "check"])]
    pub to: Option<String>,
    /// The profile of the config file whose API and key the source is reached with
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub from_profile: Option<String>,
    /// The profile of the config file whose API and key the target is reached with
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub to_profile: Option<String>,
    /// Items that meet this only: field=value; also !=, <, <=, >, >= and ~ (holds the text); more than one: all of them
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// These items only
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Put this before each id
    #[arg(long, value_name = "TEXT", conflicts_with = "id_map")]
    pub id_prefix: Option<String>,
    /// Change the ids that this CSV file lists, under the headers from,to
    #[arg(long, value_name = "FILE")]
    pub id_map: Option<PathBuf>,
    /// What to do where the target holds an id with other values, unless an earlier run of this migration wrote them
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub on_conflict: OnConflict,
    /// Delete in the target what earlier runs moved and the source lacks now
    ///
    /// The plan names the items and asks; each is read just before it is deleted, and stays where it has changed since it was
    /// moved. What no run moved is never deleted.
    #[arg(long, conflicts_with_all = ["conditions", "only"])]
    pub mirror: bool,
    /// Stop where --mirror would delete more: a number, or a share (5%) of what the target holds
    #[arg(long, value_name = "N|N%", default_value = "10%", requires = "mirror", help_heading = "Brakes", value_parser = max_delete)]
    pub max_delete: MaxShare,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do only this share of the work: 2/4 is the second of four; auto/4 takes the number from `JOB_COMPLETION_INDEX`
    #[arg(long, value_name = "I/N", value_parser = shard::Choice::parse)]
    pub shard: Option<shard::Choice>,
    /// Go on with the last run of this migration that was cut short, or with the run named
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "",
          conflicts_with = "dry_run")]
    pub resume: Option<String>,
    /// Where the certificate is written, as .json and .html [default: migration-FROM-TO-DATE in this folder]
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub certificate: Option<PathBuf>,
    /// Go on although an earlier migration between the two gave its items other ids: they will be there twice
    #[arg(long, help_heading = "Brakes")]
    pub allow_other_ids: bool,
    /// Compare both sides again with a certificate (.json) of an earlier run
    ///
    /// Names each item that is missing, differs or is new since, with exit code 4, and writes nothing. The organizations, their
    /// APIs and the ids are those of the certificate; keys come from the environment or --from-profile and --to-profile.
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
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

/// What happens to conflicts.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum OnConflict {
    /// Send nothing at all
    #[default]
    Fail,
    /// Leave the target's item as it is
    Skip,
    /// Take the source's values
    Overwrite,
}
