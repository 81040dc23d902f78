//! The arguments of `stockport runs`.
//!
//! Doesn't belong here: what is done with them (`commands::runs`).

use clap::Args;

use super::usage::whole;

/// `stockport runs`
#[derive(Args, Debug)]
pub struct Runs {
    /// The run to show in full: its name or its beginning, its number, or `last`
    #[arg(value_name = "RUN", conflicts_with = "last")]
    pub run: Option<String>,
    /// How many runs to show, the newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<usize, 0, { u64::MAX }>)]
    pub last: usize,
}
