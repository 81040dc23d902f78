//! What `stockport config` does.
//!
//! Doesn't belong here: what is done with them (`commands::config`).

use clap::Subcommand;

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show where the config file is, what it sets, and what is wrong
    Check,
}
