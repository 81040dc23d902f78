//! What `stockport config` does.

use clap::Subcommand;

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say where the config file is, what it says, and what is wrong with it
    Check,
}
