//! The arguments of `stockport export`, and the formats that every command writes.
//!
//! Doesn't belong here: what is done with them (`commands::export`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::pace::Brakes;

/// `stockport export`
#[derive(Args, Debug)]
pub struct Export {
    /// The file; its extension decides the format; - is standard output
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The format [default: by the file's extension, jsonl for standard output]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,
    /// The style of headers [default: title for xlsx, else field]
    #[arg(long, value_name = "STYLE", value_enum)]
    pub headers: Option<Headers>,
    /// Only these fields, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Only items that match: field=value, also != < <= > >= ~
    ///
    /// ~ is: contains the text. With several conditions, all of them must match.
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// As stored: with the server's id, nothing blanked, dates left as text
    #[arg(long)]
    pub raw: bool,
    /// Guard ids and formulas in csv and tsv against Excel and LibreOffice
    #[arg(long)]
    pub excel_safe: bool,
    /// Replace the file if it exists
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
