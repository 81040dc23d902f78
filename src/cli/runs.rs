//! The arguments of `stockport runs`.

use clap::Args;

/// `stockport runs`
#[derive(Args, Debug)]
pub struct Runs {
    /// How many runs to show, the newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: usize,
}
