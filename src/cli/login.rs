//! The arguments of `stockport login`.
//!
//! Doesn't belong here: what is done with them (`commands::login`).

use clap::Args;

/// `stockport login`
#[derive(Args, Debug)]
pub struct Login {
    /// Replace a profile of this name
    #[arg(long)]
    pub force: bool,
}
