//! The arguments of `stockport export`, and the formats that every command writes.
//!
//! Doesn't belong here: what is done with them (`commands::export`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::pace::Brakes;

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
