//! The arguments of `stockport migrate`.
//!
//! Doesn't belong here: what is done with them (`commands::migrate`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::pace::{Brakes, Pace};
use crate::shard;

/// `stockport migrate`
#[derive(Args, Debug)]
#[command(override_usage = "stockport migrate [OPTIONS] --from <ORG> --to <ORG>")]
pub struct Migrate {
    /// The organization that is read; nothing is ever written to it [default: the one of --from-profile]
    #[arg(long, value_name = "ORG", required_unless_present = "from_profile")]
    pub from: Option<String>,
    /// The organization that the items go to [default: the one of --to-profile]
    #[arg(long, value_name = "ORG", required_unless_present = "to_profile")]
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
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
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
