//! The arguments of the commands that run unattended: who is notified of how they end.
//!
//! Doesn't belong here: notifying (`notify`).

use std::path::PathBuf;

use clap::Args;

use super::usage::whole;

/// Who is notified of how a command ends.
#[derive(Args, Clone, Debug, Default)]
pub struct Notify {
    /// A shell command to run on success, with the JSON summary on its standard input
    ///
    /// A dry run notifies nobody.
    #[arg(long, value_name = "COMMAND", help_heading = "Monitoring")]
    pub on_success: Option<String>,
    /// The same on failure: on any exit code but 0
    ///
    /// It is run whatever stops the command: also a broken config file, a missing key or Ctrl-C.
    #[arg(long, value_name = "COMMAND", help_heading = "Monitoring")]
    pub on_failure: Option<String>,
    /// How long such a command may take, in seconds
    ///
    /// It is ended then, with what it started. It never changes the exit code.
    #[arg(long, value_name = "SECS", default_value_t = 60, value_parser = whole::<u64, 1, 86_400>, help_heading = "Monitoring")]
    pub hook_timeout: u64,
    /// Write metrics of the run to this file, for the textfile collector of Prometheus
    #[arg(long, value_name = "FILE", help_heading = "Monitoring")]
    pub metrics: Option<PathBuf>,
    /// Request this https address (healthchecks.io) at the end, with /start and /fail added for these
    ///
    /// It is given no key, and is a secret: messages show its host only.
    #[arg(long, value_name = "URL", help_heading = "Monitoring")]
    pub ping: Option<String>,
}

impl Notify {
    /// The options that are given.
    #[must_use]
    pub fn named(&self) -> Vec<&'static str> {
        let given = [
            ("--on-success", self.on_success.is_some()),
            ("--on-failure", self.on_failure.is_some()),
            ("--metrics", self.metrics.is_some()),
            ("--ping", self.ping.is_some()),
        ];
        given.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect()
    }
}
