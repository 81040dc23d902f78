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
