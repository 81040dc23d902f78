//! What `stockport config` does.
//!
//! Doesn't belong here: what is done with them (`commands::config`).

use clap::{Args, Subcommand};

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show where the config file is, what it sets, and what is wrong
    Check(ConfigCheck),
}

/// `stockport config check`
#[derive(Args, Debug)]
pub struct ConfigCheck {
    /// Ask each profile's API for its organization; exit code 1 if one fails
    ///
    /// With --profile only that one. Each key goes to its own profile's host.
    #[arg(long)]
    pub online: bool,
}
