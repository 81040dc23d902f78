//! The command line: clap's derive, whose doc comments are the help. No logic.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::output::Color;
use crate::plan::MaxDelete;
use crate::snapshot::retention::Count;
use crate::upload::MaxFailures;

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
    #[arg(long, global = true, value_name = "N", default_value_t = 5, help_heading = "Pace")]
    pub retries: u32,
    /// The deadline of one request, in seconds
    #[arg(long, global = true, value_name = "SECS", default_value_t = 70, help_heading = "Pace",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
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
    /// Take a run back: restore what it updated, delete what it created, except what has changed since
    Undo(Undo),
    /// List the runs of this machine
    Runs(Runs),
    /// Run the embedded inventory server, to try things out against
    Sandbox(Sandbox),
    /// Show what a spreadsheet is: its header row, what each column means and why, every problem
    Inspect(Inspect),
    /// Convert a spreadsheet into another format, read and normalized as an import would
    Convert(Convert),
    /// Back inventories up, verify, restore and prune the snapshots
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Run a command by itself at its time: prints, or installs, a systemd timer or a cron line
    Schedule(Schedule),
    /// Look at the config file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Delete items by their ids, by a file, or by conditions: shows the plan, keeps a copy, asks, and can be undone
    Delete(Delete),
    /// Compare two places: files, snapshots, organizations; item by item, field by field
    Diff(Diff),
}

/// `stockport import`
#[derive(Args, Debug)]
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
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the plan to a file for review, and send nothing
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
    /// Where rows that did not go through are written [default: beside the file]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

/// Surprises that stop a run unless they are allowed.
#[derive(Args, Clone, Copy, Debug)]
pub struct Brakes {
    /// Go on where the organization is empty although an earlier run knows of items
    #[arg(long, help_heading = "Brakes")]
    pub allow_empty: bool,
    /// Go on where the organization holds less than half of what an earlier run knows of
    #[arg(long, help_heading = "Brakes")]
    pub allow_shrink: bool,
}

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

/// `stockport runs`
#[derive(Args, Debug)]
pub struct Runs {
    /// How many runs to show, the newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: usize,
}

/// How fast an upload is.
#[derive(Args, Clone, Copy, Debug)]
pub struct Pace {
    /// Requests at once, at most
    #[arg(long, value_name = "N", default_value_t = 8, help_heading = "Pace",
          value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: u16,
    /// Items a request, at most
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Pace",
          value_parser = clap::value_parser!(u16).range(1..=5000))]
    pub batch: u16,
    /// Items a second, at most
    #[arg(long, value_name = "N", help_heading = "Pace")]
    pub rate: Option<NonZeroU32>,
    /// Stop when more items than this fail: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", help_heading = "Pace", value_parser = max_failures)]
    pub max_failures: Option<MaxFailures>,
}

/// How files are read.
#[derive(Args, Debug)]
pub struct Reading {
    /// The sheet of a workbook; '*' reads every one that holds data
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub sheet: Option<String>,
    /// The row that holds the headers, from 1
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = clap::value_parser!(u64).range(1..))]
    pub header_row: Option<u64>,
    /// What to do with two rows of one id
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = "Reading")]
    pub duplicates: Duplicates,
    /// The order in dates like 03/04/2021, where the column itself doesn't decide
    #[arg(long, value_name = "ORDER", value_enum, help_heading = "Reading")]
    pub dates: Option<Dates>,
    /// The style of numbers like 1.234, where the column itself doesn't decide
    #[arg(long, value_name = "STYLE", value_enum, help_heading = "Reading")]
    pub numbers: Option<Numbers>,
    /// Reject what would be a warning: text in a number field, what is no date
    #[arg(long, help_heading = "Reading")]
    pub strict: bool,
    /// The delimiter of a text file: a character, or tab
    #[arg(long, value_name = "C", help_heading = "Reading", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The encoding of a text file (utf-8, utf-16le, windows-1252, …)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub encoding: Option<String>,
    /// A mapping file that says what the columns mean (`stockport inspect FILE --save-map FILE` writes one)
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub map: Option<PathBuf>,
    /// How much a compressed file or a workbook may unpack to (500M, 8G) [default: 2G]
    #[arg(long, value_name = "SIZE", help_heading = "Reading", value_parser = size)]
    pub max_unpacked: Option<u64>,
    /// How many cells a sheet may hold [default: 50000000]
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_cells: Option<u64>,
    /// How many columns a row may have [default: 16384]
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_columns: Option<u32>,
    /// How long a row of text or a JSON object may be (64M) [default: 16M]
    #[arg(long, value_name = "SIZE", help_heading = "Reading", value_parser = size)]
    pub max_row: Option<u64>,
}

/// `stockport export`
#[derive(Args, Debug)]
pub struct Export {
    /// The file; its ending names the format; - is standard output
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The format [default: by the file's ending, jsonl for standard output]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,
    /// Headers as the API names the fields, or as people do [default: title for xlsx, field elsewhere]
    #[arg(long, value_name = "STYLE", value_enum)]
    pub headers: Option<Headers>,
    /// These fields only, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Items that meet this only: field=value; also !=, <, <=, >, >= and ~ (holds the text); more than one: all of them
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// As stored: the server's id too, nothing made blank, no dates made of text
    #[arg(long)]
    pub raw: bool,
    /// Guard ids and formula-like text in csv and tsv, so that Excel and LibreOffice show them as they are
    #[arg(long)]
    pub excel_safe: bool,
    /// Replace the file if it exists (only once the new one is whole)
    #[arg(long)]
    pub force: bool,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

/// `stockport sandbox`
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Args, Debug)]
pub struct Sandbox {
    /// The port on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Cut every list at N items, whatever is asked
    #[arg(long, value_name = "N", help_heading = "Poorer endpoints")]
    pub hard_cut: Option<u64>,
    /// Ignore `order_by`, and list in no order
    #[arg(long, help_heading = "Poorer endpoints")]
    pub no_order: bool,
    /// Honour an integer limit, as some deployments do
    #[arg(long, help_heading = "Poorer endpoints")]
    pub integer_limit: bool,
    /// Refuse arrays
    #[arg(long, help_heading = "Poorer endpoints")]
    pub no_arrays: bool,
    /// Answer 500 to every list; single items can be read
    #[arg(long, help_heading = "Poorer endpoints")]
    pub lists_fail: bool,
    /// Answer without `updated_at` and `updated_by`
    #[arg(long, help_heading = "Poorer endpoints")]
    pub no_stamps: bool,
    /// Answer failures of authentication in the newer shape
    #[arg(long, help_heading = "Poorer endpoints")]
    pub newer_auth: bool,
}

/// `stockport inspect`
#[derive(Args, Debug)]
pub struct Inspect {
    /// The file: csv, tsv, xlsx, xlsm, xlsb, xls, ods, json, jsonl; also .gz and .zst; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
    /// Write what was understood as a mapping file, to be edited and given to --map; one that is there is added to
    #[arg(long, value_name = "FILE")]
    pub save_map: Option<PathBuf>,
}

/// `stockport convert`
#[derive(Args, Debug)]
pub struct Convert {
    /// The file to read: csv, tsv, xlsx, xlsm, xlsb, xls, ods, json, jsonl; also .gz and .zst; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The file to write; its ending names the format; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
    /// The format that is written [default: by the ending of OUT, jsonl for standard output]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,
    /// Headers as the API names the fields, or as people do [default: title for xlsx, field elsewhere]
    #[arg(long, value_name = "STYLE", value_enum)]
    pub headers: Option<Headers>,
    /// Guard ids and formula-like text in csv and tsv, so that Excel and `LibreOffice` show them as they are
    #[arg(long)]
    pub excel_safe: bool,
    /// Replace the file if it exists (only once the new one is whole)
    #[arg(long)]
    pub force: bool,
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

/// What to do with two rows of one id.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Duplicates {
    /// Reject all of them
    #[default]
    Reject,
    /// Take the first
    First,
    /// Take the last
    Last,
    /// Make one item of them: a later cell wins unless it is blank
    Merge,
}

/// The order of dates.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Dates {
    /// Month, day, year
    Mdy,
    /// Day, month, year
    Dmy,
    /// Year, month, day
    Ymd,
}

/// The style of numbers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Numbers {
    /// 1,234.50
    Us,
    /// 1.234,50
    Eu,
}

/// The formats that are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// Comma-separated text
    Csv,
    /// Tab-separated text
    Tsv,
    /// An Excel workbook
    Xlsx,
    /// One JSON array
    Json,
    /// One JSON object a line
    Jsonl,
}

/// How headers are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Headers {
    /// As the API names the field: `area_name`
    Field,
    /// As the vendor's workbook does: Area Name
    Title,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Ok(*byte),
            _ => Err("give one character, such as ; or |, or the word tab".to_owned()),
        },
    }
}

/// A number of bytes, with K, M or G (of 1024) behind it.
fn size(text: &str) -> Result<u64, String> {
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
    let (digits, shift) = match bare.as_bytes().last() {
        Some(b'K') => (bare.get(..bare.len() - 1), 10),
        Some(b'M') => (bare.get(..bare.len() - 1), 20),
        Some(b'G') => (bare.get(..bare.len() - 1), 30),
        _ => (Some(bare), 0),
    };
    digits
        .and_then(|digits| digits.trim_end().parse::<u64>().ok())
        .and_then(|number| number.checked_mul(1 << shift))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a number of bytes, such as 500M or 8G".to_owned())
}

fn max_failures(text: &str) -> Result<MaxFailures, String> {
    let wrong = || "give a number of items (20) or a share (5%)".to_owned();
    match text.strip_suffix('%') {
        Some(share) => match share.trim().parse::<f64>() {
            Ok(share) if (0.0..=100.0).contains(&share) => Ok(MaxFailures::Share(share / 100.0)),
            _ => Err(wrong()),
        },
        None => text.parse().map(MaxFailures::Items).map_err(|_| wrong()),
    }
}

/// `stockport schedule`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Schedule {
    /// When: "hourly", "daily 02:00", "weekly Sun 02:00", "monthly 1 02:00"
    #[arg(value_name = "WHEN", required = true)]
    pub when: Option<String>,
    /// Put it in place, instead of printing it
    #[arg(long)]
    pub install: bool,
    /// Its name [default: of the command's words]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What runs it [default: systemd where it runs, else cron]
    #[arg(long, value_name = "SYSTEM", value_enum)]
    pub system: Option<System>,
    /// The command, as it would be run: backup create DIR --org ID --key-file FILE
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub args: Vec<String>,
    /// What there is.
    #[command(subcommand)]
    pub command: Option<ScheduleCommand>,
}

/// `stockport schedule list|remove`
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// List what is scheduled
    List,
    /// Take a schedule away
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What runs commands at their time.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum System {
    /// A user's systemd timer, which catches up a missed run
    Systemd,
    /// A line of the user's crontab
    Cron,
    /// The command for Windows's task scheduler
    Windows,
}

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say where the config file is, what it says, and what is wrong with it
    Check,
}

/// `stockport backup`
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Write a snapshot of an organization's whole inventory into a folder
    Create(BackupCreate),
    /// List the snapshots in a folder
    List(BackupList),
    /// Prove that every snapshot is as it was written
    Verify(BackupVerify),
    /// Bring a snapshot back: shows the plan, sends what differs, accounts for every item
    Restore(BackupRestore),
    /// Remove old snapshots by rules
    Prune(BackupPrune),
}

/// `stockport backup create`
#[derive(Args, Debug)]
pub struct BackupCreate {
    /// The backup's folder; each organization gets one in it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Old snapshots go afterwards.
    #[command(flatten)]
    pub keep: Keep,
    /// How long to wait for another stockport that writes to the same folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600)]
    pub wait: u64,
    /// Every profile of the config file, one after the other, each with its own API, organization and key
    #[arg(long)]
    pub all_profiles: bool,
    /// A shell command to run when a backup is not whole; the JSON summary is on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub on_failure: Option<String>,
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
    /// Compare the newest snapshot (or the one named) with what its organization holds now
    #[arg(long)]
    pub against_org: bool,
    /// Restore the newest snapshot (or the one named) into a sandbox that is thrown away, and compare
    #[arg(long)]
    pub drill: bool,
}

/// `stockport backup restore`
#[derive(Args, Debug)]
pub struct BackupRestore {
    /// The snapshot: DIR or DIR/ORG (the newest), DIR/ORG/NAME, or DIR@2026-11-22 (the newest of that day or before, UTC)
    #[arg(value_name = "DIR[/SNAPSHOT|@DATE]")]
    pub snapshot: PathBuf,
    /// These items only
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Also delete what the snapshot lacks, and null fields that it lacks; a snapshot of what is there is taken first
    #[arg(long)]
    pub exact: bool,
    /// With --exact: stop where more than this is to be deleted: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", default_value = "10%", value_parser = max_delete, help_heading = "Brakes")]
    pub max_delete: MaxDelete,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read everything back at the end and compare
    #[arg(long)]
    pub verify: bool,
    /// Where items that did not go through are written [default: restore-ORG.rejects.jsonl in this folder]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// How long to wait for another stockport that writes to the same folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600)]
    pub wait: u64,
    /// How fast.
    #[command(flatten)]
    pub pace: Pace,
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
    /// Show what would go, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait for another stockport that writes to the same folder, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 3600)]
    pub wait: u64,
}

/// Which snapshots are kept, as restic's rules have it: a number, or all.
#[derive(Args, Clone, Copy, Debug)]
pub struct Keep {
    /// Keep the last N snapshots
    #[arg(long = "keep-last", value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Retention")]
    pub last: Option<Count>,
    /// Keep the newest snapshot of each of the last N days that have one
    #[arg(long = "keep-daily", value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Retention")]
    pub daily: Option<Count>,
    /// The same of weeks (ISO)
    #[arg(long = "keep-weekly", value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Retention")]
    pub weekly: Option<Count>,
    /// The same of months
    #[arg(long = "keep-monthly", value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Retention")]
    pub monthly: Option<Count>,
    /// The same of years
    #[arg(long = "keep-yearly", value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Retention")]
    pub yearly: Option<Count>,
}

fn max_delete(text: &str) -> Result<MaxDelete, String> {
    Ok(match max_failures(text)? {
        MaxFailures::Items(most) => MaxDelete::Items(most),
        MaxFailures::Share(most) => MaxDelete::Share(most),
    })
}

fn count(text: &str) -> Result<Count, String> {
    match text {
        "all" | "unlimited" | "-1" => Ok(Count::All),
        _ => text
            .parse()
            .map(Count::Of)
            .map_err(|_| "give a number, or all".to_owned()),
    }
}

/// `stockport diff`
#[derive(Args, Debug)]
pub struct Diff {
    /// The first place: a file, a snapshot's file, or org:ID; - is standard input
    #[arg(value_name = "A")]
    pub a: String,
    /// The second place, of any kind
    #[arg(value_name = "B")]
    pub b: String,
    /// Fields that are left out of the comparison, beside the server's own; inner ones as extra.note
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Write the differences to a file, a field a row; its ending names the format (csv, tsv, xlsx, json, jsonl); - is
    /// standard output, as csv
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Replace that file if it exists (only once the new one is whole)
    #[arg(long, requires = "csv")]
    pub force: bool,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `stockport delete`
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub struct Delete {
    /// The items of these ids
    #[arg(long, value_name = "A,B", value_delimiter = ',', group = "which")]
    pub ids: Vec<String>,
    /// The items whose ids stand in a file: any spreadsheet or JSON with a column of ids; - is standard input
    #[arg(long, value_name = "FILE", group = "which")]
    pub file: Option<PathBuf>,
    /// The items that meet this: field=value; also !=, <, <=, >, >= and ~ (holds the text); more than one: all of them
    #[arg(long = "where", value_name = "CONDITION", group = "which")]
    pub conditions: Vec<String>,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Stop where more would be deleted: a number, or a share (5%) of what the organization holds [default: 10% with
    /// --where, no bound for ids that are named]
    #[arg(long, value_name = "N|N%", help_heading = "Brakes", value_parser = max_delete)]
    pub max_delete: Option<MaxDelete>,
    /// Read everything back at the end and compare
    #[arg(long)]
    pub verify: bool,
    /// Where ids that did not go through are written [default: beside the file, or delete.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// The sheet of a workbook; '*' reads every one that holds data
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub sheet: Option<String>,
    /// The row that holds the headers, from 1
    #[arg(long, value_name = "N", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading", value_parser = clap::value_parser!(u64).range(1..))]
    pub header_row: Option<u64>,
    /// The delimiter of a text file: a character, or tab
    #[arg(long, value_name = "C", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The encoding of a text file (utf-8, utf-16le, windows-1252, …)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub encoding: Option<String>,
    /// A mapping file that says which column holds the ids
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub map: Option<PathBuf>,
    /// How fast; a deletion is a request of its own, whatever --batch says.
    #[command(flatten)]
    pub pace: Pace,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_delimiter_is_one_character_or_a_word_for_one() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        assert!(delimiter("").is_err() && delimiter(";;").is_err() && delimiter("\"").is_err());
    }

    #[test]
    fn a_size_is_a_number_of_bytes_or_of_their_multiples() {
        assert_eq!(size("500"), Ok(500));
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(
            (size("8G"), size("8GiB"), size("8 gb")),
            (Ok(8 << 30), Ok(8 << 30), Ok(8 << 30))
        );
        assert!(size("0").is_err() && size("").is_err() && size("M").is_err() && size("99999999999G").is_err());
    }

    #[test]
    fn failures_are_bounded_by_a_number_or_a_share() {
        assert_eq!(max_failures("20"), Ok(MaxFailures::Items(20)));
        assert_eq!(max_failures("5%"), Ok(MaxFailures::Share(0.05)));
        assert!(max_failures("x").is_err() && max_failures("101%").is_err() && max_failures("-1").is_err());
    }
}
