//! The command line: clap's derive, whose doc comments are the help. No logic.
//!
//! Belongs here: what every command takes, and the list of commands; each command's own arguments stand in the file of its name.

mod backup;
mod config;
mod convert;
mod delete;
mod diff;
mod doctor;
mod export;
mod fields;
mod help;
mod import;
mod inspect;
mod login;
mod manual;
mod migrate;
mod notify;
mod overview;
mod pace;
mod reading;
mod report;
mod runs;
mod sandbox;
mod schedule;
mod template;
mod undo;
mod usage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::output::Color;
pub use backup::{
    BackupCheck, BackupCommand, BackupCreate, BackupHistory, BackupList, BackupPrune, BackupRestore, BackupVerify, Keep,
};
pub use config::{ConfigCheck, ConfigCommand};
pub use convert::Convert;
pub use delete::Delete;
pub use diff::Diff;
pub use doctor::Doctor;
pub use export::{Export, Format, Headers, Order};
pub use fields::Fields;
pub use help::Help;
pub use import::{Blanks, Import, Mode};
pub use inspect::Inspect;
pub use login::Login;
pub use manual::{Completions, Man, command, completions, pages};
pub use migrate::{Migrate, OnConflict};
pub use notify::Notify;
pub use pace::{Brakes, Pace};
pub use reading::{Dates, Duplicates, Numbers, Reading};
pub use report::Report;
pub use runs::Runs;
pub use sandbox::Sandbox;
pub use schedule::{Schedule, ScheduleCommand, ScheduleRun};
pub use template::Template;
pub use undo::Undo;
pub use usage::UsageError;
use usage::whole;

/// Moves inventory between spreadsheets, the Cannlytics inventory API and backups
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    max_term_width = 80
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of the options that say how an organization is reached.
pub(crate) const WHERE: &str = "Where";
/// The heading of the options that limit requests.
pub(crate) const THROTTLING: &str = "Throttling";
const OUTPUT: &str = "Output";

/// Options that every command takes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Args, Debug)]
pub struct Global {
    /// The organization's exact id
    #[arg(long, global = true, value_name = "ID", env = "STOCKPORT_ORG", help_heading = WHERE)]
    pub org: Vec<String>,
    /// The API's base address [default: the vendor's, at console.cannlytics.com]
    #[arg(long, global = true, value_name = "URL", env = "CANNLYTICS_API_URL", help_heading = WHERE)]
    pub api: Option<String>,
    /// Use the embedded server: no account, no network, data kept on this machine
    #[arg(long, global = true, help_heading = WHERE)]
    pub sandbox: bool,
    /// The folder of the embedded server's data [default: stockport/sandbox in your data folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = WHERE)]
    pub sandbox_dir: Option<PathBuf>,
    /// A profile of the config file: its API, organization and key [default: the one that the config file sets]
    #[arg(long, global = true, value_name = "NAME", env = "STOCKPORT_PROFILE", help_heading = WHERE)]
    pub profile: Option<String>,
    /// A file that holds the API key and nothing else, readable by you only
    #[arg(long, global = true, value_name = "FILE", env = "STOCKPORT_KEY_FILE", help_heading = WHERE)]
    pub key_file: Option<PathBuf>,
    /// The proxy to the API: http://HOST:PORT (also https, socks5, socks5h), env or none
    #[arg(long, global = true, value_name = "URL", env = "STOCKPORT_PROXY", hide_env_values = true, help_heading = WHERE)]
    pub proxy: Option<String>,
    /// A file that holds USER:PASSWORD for the proxy, readable by you only
    #[arg(long, global = true, value_name = "FILE", help_heading = WHERE)]
    pub proxy_auth_file: Option<PathBuf>,
    /// A PEM file of certificate authorities to trust beside the system's
    #[arg(long, global = true, value_name = "FILE", env = "STOCKPORT_CA_FILE", help_heading = WHERE)]
    pub ca_file: Option<PathBuf>,
    /// How often a failed request is retried
    #[arg(long, global = true, value_name = "N", default_value_t = 5, help_heading = THROTTLING,
          value_parser = whole::<u32, 0, { u32::MAX as u64 }>)]
    pub retries: u32,
    /// The timeout of one request, in seconds; of a list, the longest wait for its next item
    #[arg(long, global = true, value_name = "SECS", default_value_t = 70, help_heading = THROTTLING,
          value_parser = whole::<u64, 1, 86_400>)]
    pub timeout: u64,
    /// Write events to standard error as JSON, one a line, instead of text
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub json_log: bool,
    /// Write one JSON document to standard output instead of text, on failure too
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub json: bool,
    /// Print errors and warnings only, and nothing on success
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub quiet: bool,
    /// Print more details
    #[arg(short, long, global = true, help_heading = OUTPUT)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, help_heading = OUTPUT)]
    pub color: Color,
    /// Show no progress
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub no_progress: bool,
    /// Skip the prompt: continue without asking
    #[arg(short, long, global = true, help_heading = "Safety limits")]
    pub yes: bool,
    /// Print the version
    #[arg(short = 'V', long, global = true, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// The commands. Each first sentence is a line of the short help.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import spreadsheets into an organization; show the plan first
    Import(Import),
    /// Export an organization's complete inventory to a file
    Export(Export),
    /// Show how a spreadsheet is read: header, columns, every problem
    Inspect(Inspect),
    /// Convert a spreadsheet to another format, as an import reads it
    Convert(Convert),
    /// Compare two files, snapshots or organizations, field by field
    Diff(Diff),
    /// Write a workbook to fill in and import
    ///
    /// It has the headers of all fields, notes, lists of units and statuses, and ids as text.
    Template(Template),
    /// List the fields, with the known headers of each
    Fields(Fields),
    /// Delete items by id, by file or by condition
    Delete(Delete),
    /// Revert a run, except what has changed since
    Undo(Undo),
    /// List the runs of this machine, or show one in full
    Runs(Runs),
    /// Move items to another organization, with a certificate
    Migrate(Migrate),
    /// Back up inventories; verify, restore and prune snapshots
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Run a command on a schedule: systemd, cron, launchd or Windows
    Schedule(Schedule),
    /// Write a profile: API, organization and key, tried before
    ///
    /// The profile's name is --profile, or `default`. What --api, --org and --key-file name is not asked for; without a
    /// terminal --org and --key-file (or `CANNLYTICS_API_KEY`) are needed. The key is written to a file beside the config file
    /// that only you can read. Nothing is written where the API refuses the key.
    Login(Login),
    /// Check setup, key and organization, and suggest fixes
    ///
    /// The checks are versions, config file, folders, key, organization, clock, list, proxies and schedules. Exit code 1 if a
    /// check fails; warnings don't count.
    Doctor(Doctor),
    /// Check the config file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run the embedded inventory server, for trials
    Sandbox(Sandbox),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print a manual page, or write all of them
    Man(Man),
    /// Show the help of a command, or a topic
    Help(Help),
}
