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
    /// The first place: a file, a snapshot, or org:ID; - is standard input
    #[arg(value_name = "A")]
    pub a: OsString,
    /// The second place, of any kind
    #[arg(value_name = "B")]
    pub b: OsString,
    /// The profile with A's API and key, where A is org:ID
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub a_profile: Option<String>,
    /// The profile with B's API and key, where B is org:ID
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub b_profile: Option<String>,
    /// Add this prefix to A's ids before the comparison
    #[arg(long, value_name = "TEXT", conflicts_with = "id_map")]
    pub id_prefix: Option<String>,
    /// A CSV file with the headers from,to: A's ids, and B's
    #[arg(long, value_name = "FILE")]
    pub id_map: Option<PathBuf>,
    /// Fields to ignore; nested ones as extra.note
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Write the differences to a file, one field a row
    ///
    /// Its extension decides the format (csv, tsv, xlsx, json, jsonl); - is standard output, as csv.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "csv")]
    pub force: bool,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
}
