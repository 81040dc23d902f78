//! The arguments of `stockport convert`.
//!
//! Doesn't belong here: what is done with them (`commands::convert`).

use std::path::PathBuf;

use clap::Args;

use super::export::{Format, Headers};
use super::reading::Reading;

/// `stockport convert`
#[derive(Args, Debug)]
pub struct Convert {
    /// The file to read: a workbook, text, JSON; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The file to write; its extension decides the format; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
    /// The format of OUT [default: by its extension, jsonl for standard output]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,
    /// The style of headers [default: title for xlsx, else field]
    #[arg(long, value_name = "STYLE", value_enum)]
    pub headers: Option<Headers>,
    /// Guard ids and formulas in csv and tsv against Excel and `LibreOffice`
    #[arg(long)]
    pub excel_safe: bool,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}
