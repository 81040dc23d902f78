//! The arguments of `stockport schedule` and of what it does with schedules.
//!
//! Doesn't belong here: what is done with them (`commands::schedule`).

use std::time::Duration;

use clap::{Args, Subcommand};

use super::backup::age;
use crate::schedule::System;

/// `stockport schedule`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Schedule {
    /// When: "hourly", "daily 02:00", "weekly Sun 02:00", "monthly 1 02:00", "0 2 * * 1-5"
    ///
    /// "hourly :30" and "monthly last 02:00" as well, a macro of cron ("@daily"), or its five fields. A time zone may follow:
    /// "daily 02:00 Europe/Berlin" (systemd only). `stockport help backups` has more.
    #[arg(value_name = "WHEN", required = true)]
    pub when: Option<String>,
    /// Install it, instead of printing it
    #[arg(long)]
    pub install: bool,
    /// Its name [default: made of the command's words]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What runs it [default: this machine's: systemd where it is running, else cron]
    #[arg(long, value_name = "SYSTEM", value_enum)]
    pub system: Option<System>,
    /// The most time that a run takes, as 90m, 12h or 2d; it is stopped then
    #[arg(long, value_name = "TIME", default_value = "12h", value_parser = age)]
    pub time_limit: Duration,
    /// A variable that the run needs as well, such as one that the key's command reads; its present value is kept
    #[arg(long, value_name = "NAME")]
    pub env: Vec<String>,
    /// The command: backup create DIR --org ID --key-file FILE
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub args: Vec<String>,
    /// What there is.
    #[command(subcommand)]
    pub command: Option<ScheduleCommand>,
}

/// `stockport schedule list|remove`
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// List what is scheduled, with the last result and the next time
    List,
    /// Remove a schedule
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Run a command as its schedule does: within its time limit, and with a record of its end
    #[command(hide = true)]
    Run(ScheduleRun),
}

/// `stockport schedule run`, which the texts for each system call.
#[derive(Args, Debug)]
pub struct ScheduleRun {
    /// The schedule's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Check the command in this environment, and don't run it
    #[arg(long)]
    pub check: bool,
    /// The most time that it takes
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub time_limit: Option<Duration>,
    /// A variable of its environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub args: Vec<String>,
}
