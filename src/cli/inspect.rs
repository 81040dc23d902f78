//! The arguments of `stockport inspect`.
//!
//! Doesn't belong here: what is done with them (`commands::inspect`).

use std::path::PathBuf;

use clap::Args;

use super::reading::Reading;

/// `stockport inspect`
#[derive(Args, Debug)]
pub struct Inspect {
    /// The file: a workbook, text, JSON, also as .gz or .zst; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
    /// Write a mapping file, to edit and to give to --map
    ///
    /// Where the file exists, what is new is added, and what you wrote is kept.
    #[arg(long, value_name = "FILE")]
    pub save_map: Option<PathBuf>,
}
