//! The arguments of `stockport schedule` and of what it does with schedules.
//!
//! Doesn't belong here: what is done with them (`commands::schedule`).

use clap::{Args, Subcommand, ValueEnum};

/// `stockport schedule`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Schedule {
    /// When: "hourly", "daily 02:00", "weekly Sun 02:00", "monthly 1 02:00"
    #[arg(value_name = "WHEN", required = true)]
    pub when: Option<String>,
    /// Install it, instead of printing it
    #[arg(long)]
    pub install: bool,
    /// Its name [default: made of the command's words]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What runs it [default: systemd where it is running, else cron]
    #[arg(long, value_name = "SYSTEM", value_enum)]
    pub system: Option<System>,
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
    /// List what is scheduled
    List,
    /// Remove a schedule
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What runs commands on a schedule.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum System {
    /// A user's systemd timer, which catches up on a missed run
    Systemd,
    /// A line of the user's crontab
    Cron,
    /// The command for Windows's task scheduler
    Windows,
}
