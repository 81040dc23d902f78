//! The arguments of `stockport template`.
//!
//! Doesn't belong here: what is done with them (`commands::template`).

use std::path::PathBuf;

use clap::Args;

/// `stockport template`
#[derive(Args, Debug)]
pub struct Template {
    /// The workbook; its name ends in .xlsx
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Fill it with the organization's items
    #[arg(long)]
    pub with_data: bool,
    /// Replace the file if it exists (only once the new one is complete)
    #[arg(long)]
    pub force: bool,
}
