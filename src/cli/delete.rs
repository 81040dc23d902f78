//! The arguments of `stockport delete`.
//!
//! Doesn't belong here: what is done with them (`commands::delete`).

use std::path::PathBuf;

use clap::Args;

use super::pace::{Brakes, Pace, max_delete};
use super::reading::delimiter;
use super::report::Report;
use super::usage::whole;
use crate::columns::ColumnOption;
use crate::plan::MaxShare;

/// `stockport delete`
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub struct Delete {
    /// The items of these ids
    #[arg(long, value_name = "A,B", value_delimiter = ',', group = "which")]
    pub ids: Vec<String>,
    /// The items whose ids are in this file; - is standard input
    #[arg(long, value_name = "FILE", group = "which")]
    pub file: Option<PathBuf>,
    /// The items that match: field=value, also != < <= > >= ~
    ///
    /// ~ is: contains the text. With several conditions, all of them must match.
    #[arg(long = "where", value_name = "CONDITION", group = "which")]
    pub conditions: Vec<String>,
    /// Show the plan and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Stop if more would be deleted: a number, or a share (5%) of the organization's items [default: 10% with --where,
    /// no limit for ids that are named]
    #[arg(long, value_name = "N|N%", help_heading = "Safety limits", value_parser = max_delete)]
    pub max_delete: Option<MaxShare>,
    /// Read everything back at the end, and compare
    #[arg(long)]
    pub verify: bool,
    /// The file for ids that were not deleted [default: beside the file, or delete.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// The sheet of a workbook; '*' reads all that hold data
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub sheet: Option<String>,
    /// The row that holds the headers, from 1
    #[arg(long, value_name = "N", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading", value_parser = whole::<u64, 1, { u64::MAX }>)]
    pub header_row: Option<u64>,
    /// The delimiter of a text file: a character, or tab
    #[arg(long, value_name = "C", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The encoding of a text file (utf-8, utf-16le, windows-1252, …)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub encoding: Option<String>,
    /// Keep rows that look like titles, subtotals or footers (never totals and repeated headers)
    #[arg(long, conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub keep_suspects: bool,
    /// Map a column to a field ("`Lot=item_id`"); overrides --map
    #[arg(long, value_name = "HEADER=FIELD", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub column: Vec<ColumnOption>,
    /// A mapping file that names the column of ids
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "conditions"], help_heading = "Reading")]
    pub map: Option<PathBuf>,
    /// How fast; a deletion is a request of its own, whatever --batch is.
    #[command(flatten)]
    pub pace: Pace,
    /// The report of the run.
    #[command(flatten)]
    pub report: Report,
    /// Surprises that are allowed.
    #[command(flatten)]
    pub brakes: Brakes,
}
