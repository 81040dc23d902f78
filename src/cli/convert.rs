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
