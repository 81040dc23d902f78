//! The arguments of `stockport diff`.
//!
//! Doesn't belong here: what is done with them (`commands::diff`).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::reading::Reading;

/// `stockport diff`
#[derive(Args, Debug)]
pub struct Diff {
    /// The first place: a file, a snapshot (as `backup restore` takes it), or org:ID; - is standard input
    #[arg(value_name = "A")]
    pub a: OsString,
    /// The second place, of any kind
    #[arg(value_name = "B")]
    pub b: OsString,
    /// The profile of the config file whose API and key A is reached with, where A is org:ID
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub a_profile: Option<String>,
    /// The profile of the config file whose API and key B is reached with, where B is org:ID
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub b_profile: Option<String>,
    /// Compare each item of A with the item of B whose id has this before it, as `migrate --id-prefix` gives ids
    #[arg(long, value_name = "TEXT", conflicts_with = "id_map")]
    pub id_prefix: Option<String>,
    /// Compare items of A with those of B whose ids this CSV file lists for them, under the headers from,to
    #[arg(long, value_name = "FILE")]
    pub id_map: Option<PathBuf>,
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
