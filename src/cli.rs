//! The command line: clap's derive, whose doc comments are the help. No logic.
//!
//! Belongs here: what every command takes, and the list of commands; each command's own arguments stand in the file of its name.

mod backup;
mod config;
mod convert;
mod delete;
mod diff;
mod doctor;
mod examples;
mod export;
mod fields;
mod import;
mod inspect;
mod login;
mod manual;
mod migrate;
mod pace;
mod reading;
mod report;
mod runs;
mod sandbox;
mod schedule;
mod undo;
mod usage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::output::Color;
pub use backup::{BackupCommand, BackupCreate, BackupList, BackupPrune, BackupRestore, BackupVerify, Keep};
pub use config::{ConfigCheck, ConfigCommand};
pub use convert::Convert;
pub use delete::Delete;
pub use diff::Diff;
pub use doctor::Doctor;
pub use export::{Export, Format, Headers};
pub use fields::Fields;
pub use import::{Blanks, Import, Mode};
pub use inspect::Inspect;
pub use login::Login;
pub use manual::{Completions, Man, command, completions, pages};
pub use migrate::{Migrate, OnConflict};
pub use pace::{Brakes, Pace};
pub use reading::{Dates, Duplicates, Numbers, Reading};
pub use report::Report;
pub use runs::Runs;
pub use sandbox::Sandbox;
pub use schedule::{Schedule, ScheduleCommand, System};
pub use undo::Undo;
pub use usage::UsageError;
use usage::whole;

/// Moves inventory between spreadsheets and the Cannlytics inventory API, and loses nothing on the way.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Args, Debug)]
pub struct Global {
    /// The organization's id, to the letter
    #[arg(
        long,
        global = true,
        value_name = "ID",
        env = "STOCKPORT_ORG",
        help_heading = "Where"
    )]
    pub org: Vec<String>,
    /// The API's base address [default: the vendor's, at console.cannlytics.com]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CANNLYTICS_API_URL",
        help_heading = "Where"
    )]
    pub api: Option<String>,
    /// Work with the embedded server instead: no account, no network, data kept on this machine
    #[arg(long, global = true, help_heading = "Where")]
    pub sandbox: bool,
    /// The folder of the embedded server's data [default: stockport/sandbox in your data folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Where")]
    pub sandbox_dir: Option<PathBuf>,
    /// A profile of the config file: its API, organization and key [default: the config file's own choice]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "STOCKPORT_PROFILE",
        help_heading = "Where"
    )]
    pub profile: Option<String>,
    /// A file that holds the API key and nothing else, readable by you alone
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STOCKPORT_KEY_FILE",
        help_heading = "Where"
    )]
    pub key_file: Option<PathBuf>,
    /// How often a request that may go through later is repeated
    #[arg(long, global = true, value_name = "N", default_value_t = 5, help_heading = "Pace",
          value_parser = whole::<u32, 0, { u32::MAX as u64 }>)]
    pub retries: u32,
    /// The deadline of one request, in seconds; of a list, the longest wait for its next item
    #[arg(long, global = true, value_name = "SECS", default_value_t = 70, help_heading = "Pace",
          value_parser = whole::<u64, 1, 86_400>)]
    pub timeout: u64,
    /// Write events to standard error as JSON, one a line, instead of text
    #[arg(long, global = true, help_heading = "Output")]
    pub json_log: bool,
    /// Write one JSON document to standard output instead of text, on failure too
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Say errors and results only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Say more of the reasons
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub color: Color,
    /// Show no progress
    #[arg(long, global = true, help_heading = "Output")]
    pub no_progress: bool,
    /// Agree to deletions beforehand: nobody is asked
    #[arg(short, long, global = true, help_heading = "Brakes")]
    pub yes: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import spreadsheets into an organization: shows the plan, sends what differs, accounts for every row
    Import(Import),
    /// Export an organization's whole inventory to a file
    Export(Export),
    /// Show what a spreadsheet is: its header row, what each column means and why, every problem
    Inspect(Inspect),
    /// Convert a spreadsheet into another format, read and normalized as an import would
    Convert(Convert),
    /// Compare two places: files, snapshots, organizations; item by item, field by field
    Diff(Diff),
    /// List the fields that a column can mean, with the headers known for each
    Fields(Fields),
    /// Delete items by their ids, by a file, or by conditions: shows the plan, keeps a copy, asks, and can be undone
    Delete(Delete),
    /// Take a run back: restore what it updated, delete what it created, except what has changed since
    Undo(Undo),
    /// List the runs of this machine
    Runs(Runs),
    /// Move an organization's items into another one: shows the plan, sends what differs, proves it by reading back
    Migrate(Migrate),
    /// Back inventories up, verify, restore and prune the snapshots
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Run a command by itself at its time: prints, or installs, a systemd timer or a cron line
    Schedule(Schedule),
    /// Write a profile: asks for API, organization and key, and tries them
    ///
    /// The profile's name is --profile, or `default`. What --api, --org and --key-file name is not asked for; without a
    /// terminal --org and --key-file (or `CANNLYTICS_API_KEY`) are needed. The key is written to a file beside the config file
    /// that only you can read. Nothing is written where the API refuses the key.
    Login(Login),
    /// Check the setup and the organization, and say what to do about each fault
    ///
    /// The checks are versions, config file, folders, key, organization, clock, list, proxies and schedules. Exit code 1 if a
    /// check fails; warnings don't count.
    Doctor(Doctor),
    /// Look at the config file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run the embedded inventory server, to try things out against
    Sandbox(Sandbox),
    /// Print the script that completes commands and options in a shell
    Completions(Completions),
    /// Print a manual page, or write them all
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
