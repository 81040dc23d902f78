//! What `stockport config` does.
//!
//! Doesn't belong here: what is done with them (`commands::config`).

use clap::{Args, Subcommand};

/// `stockport config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say where the config file is, what it says, and what is wrong with it
    Check(ConfigCheck),
}

/// `stockport config check`
#[derive(Args, Debug)]
pub struct ConfigCheck {
    /// Ask the API of each profile, or of --profile, for its organization, with its own key; exit code 1 if one fails
    #[arg(long)]
    pub online: bool,
}
