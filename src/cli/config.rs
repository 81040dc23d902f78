//! What `stockport config` does.
//!
//! Doesn't belong here: what is done with them (`commands::config`).

use clap::Subcommand;

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say where the config file is, what it says, and what is wrong with it
    Check,
}
