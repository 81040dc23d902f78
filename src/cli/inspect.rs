//! The arguments of `stockport inspect`.
//!
//! Doesn't belong here: what is done with them (`commands::inspect`).

use std::path::PathBuf;

use clap::Args;

use super::reading::Reading;

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
