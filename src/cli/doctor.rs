//! The arguments of `stockport doctor`.
//!
//! Doesn't belong here: what is checked (`commands::doctor`).

use clap::Args;

/// `stockport doctor`
#[derive(Args, Debug)]
pub struct Doctor {
    /// Check this machine only, without a request to the API
    #[arg(long)]
    pub offline: bool,
}
