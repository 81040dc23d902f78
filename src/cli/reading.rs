//! How files are read: the arguments that every command shares that reads one.
//!
//! Doesn't belong here: what is made of them (`commands::reading`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::usage::whole;
use crate::columns::ColumnOption;

/// How files are read.
#[derive(Args, Clone, Debug)]
pub struct Reading {
    /// The sheet of a workbook; '*' reads all that hold data
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub sheet: Option<String>,
    /// The row that holds the headers, from 1
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = whole::<u64, 1, { u64::MAX }>)]
    pub header_row: Option<u64>,
    /// What to do with rows that share an id
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = "Reading")]
    pub duplicates: Duplicates,
    /// The order in dates like 03/04/2021, where the column doesn't decide
    #[arg(long, value_name = "ORDER", value_enum, help_heading = "Reading")]
    pub dates: Option<Dates>,
    /// The style of numbers like 1.234, where the column itself doesn't decide
    ///
    /// Groups of thousands may be separated by a comma or a point, by any kind of space, or by an apostrophe (1 234,50,
    /// 1'234.50). Negative numbers may have brackets, a minus sign behind them, or the sign U+2212: (12.50), 12.50-, −12.50.
    /// A number written as ="5,5", or with an apostrophe before it, is that number.
    #[arg(long, value_name = "STYLE", value_enum, help_heading = "Reading")]
    pub numbers: Option<Numbers>,
    /// Post values of the wrong kind as text, with a warning ("about 20" as a quantity), instead of rejecting the row
    #[arg(long, help_heading = "Reading")]
    pub lenient: bool,
    /// Keep rows that look like titles, subtotals or footers (never totals and repeated headers)
    #[arg(long, help_heading = "Reading")]
    pub keep_suspects: bool,
    /// The delimiter of a text file: a character, or tab
    #[arg(long, value_name = "C", help_heading = "Reading", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The encoding of a text file (utf-8, utf-16le, windows-1252, …)
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub encoding: Option<String>,
    /// Map a column to a field ("Notes=false" ignores it)
    #[arg(long, value_name = "HEADER=FIELD", help_heading = "Reading")]
    pub column: Vec<ColumnOption>,
    /// A mapping file (see `inspect --save-map`)
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub map: Option<PathBuf>,
    /// The maximum unpacked size of a compressed file, a workbook or a pipe (500M, 8G) [default: 2G]
    #[arg(long, value_name = "SIZE", help_heading = "Reading", value_parser = size)]
    pub max_unpacked: Option<u64>,
    /// The maximum number of cells per sheet [default: 50000000]
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = whole::<u64, 1, { u64::MAX }>)]
    pub max_cells: Option<u64>,
    /// The maximum number of columns per row [default: 16384]
    #[arg(long, value_name = "N", help_heading = "Reading", value_parser = whole::<u32, 1, { u32::MAX as u64 }>)]
    pub max_columns: Option<u32>,
    /// The maximum size of a row of text or a JSON object (64M) [default: 16M]
    #[arg(long, value_name = "SIZE", help_heading = "Reading", value_parser = size)]
    pub max_row: Option<u64>,
}

/// What to do with rows that share an id.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Duplicates {
    /// Reject all of them
    #[default]
    Reject,
    /// Import the first
    First,
    /// Import the last
    Last,
    /// Make one item of them: a later cell wins unless it is blank
    Merge,
}

/// The order of dates.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Dates {
    /// Month, day, year
    Mdy,
    /// Day, month, year
    Dmy,
    /// Year, month, day
    Ymd,
}

/// The style of numbers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Numbers {
    /// 1,234.50, also 1 234.50 and 1'234.50
    Us,
    /// 1.234,50, also 1 234,50 and 1'234,50
    Eu,
}

pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Ok(*byte),
            _ => Err("give one character, such as ; or |, or the word tab".to_owned()),
        },
    }
}

/// A number of bytes, with K, M or G (of 1024) behind it.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
    let (digits, shift) = match bare.as_bytes().last() {
        Some(b'K') => (bare.get(..bare.len() - 1), 10),
        Some(b'M') => (bare.get(..bare.len() - 1), 20),
        Some(b'G') => (bare.get(..bare.len() - 1), 30),
        _ => (Some(bare), 0),
    };
    digits
        .and_then(|digits| digits.trim_end().parse::<u64>().ok())
        .and_then(|number| number.checked_mul(1 << shift))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a number of bytes, such as 500M or 8G".to_owned())
}
