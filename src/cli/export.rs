//! The arguments of `stockport export`, and the formats that every command writes.
//!
//! Doesn't belong here: what is done with them (`commands::export`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::notify::Notify;
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
    /// Only what has changed since a snapshot, a date or a run
    ///
    /// The column _change says how: new, changed, gone or unknown. SNAPSHOT is what backup restore takes (DIR, DIR/ORG,
    /// DIR@2026-11-22), a date is 2026-11-22 or 2026-11-22T14:30Z, RUN is a run of `stockport runs`.
    #[arg(long, value_name = "SNAPSHOT|DATE|RUN")]
    pub since: Option<String>,
    /// As stored: with the server's id, nothing blanked, dates left as text
    #[arg(long)]
    pub raw: bool,
    /// Guard ids and formulas in csv and tsv against Excel and LibreOffice
    #[arg(long)]
    pub excel_safe: bool,
    /// The order of the items: by id, or as the server lists them
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Order::Id)]
    pub order: Order,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// Who is notified of how it ends.
    #[command(flatten)]
    pub notify: Notify,
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

/// The order in which items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By id, byte by byte: the same inventory gives the same bytes
    Id,
    /// As the server lists them
    Server,
}

/// How headers are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Headers {
    /// As the API names the field: `area_name`
    Field,
    /// As the vendor's workbook does: Area Name
    Title,
}
