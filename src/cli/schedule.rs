//! The arguments of `stockport schedule` and of what it does with schedules.
//!
//! Doesn't belong here: what is done with them (`commands::schedule`).

use clap::{Args, Subcommand, ValueEnum};

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
    #[arg(long, value_name = "TIME", default_value = "12h", value_parser = time)]
    pub time_limit: u64,
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
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub time_limit: Option<u64>,
    /// A variable of its environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub args: Vec<String>,
}

/// The most seconds of a time limit: a year.
const MOST: u64 = 366 * 86_400;

/// Seconds from a number with a unit.
fn time(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.trim().strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    read.filter(|seconds| (1..=MOST).contains(seconds))
        .ok_or_else(|| "give a number with its unit, such as 90m, 12h or 2d".to_owned())
}

/// What runs commands on a schedule.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum System {
    /// A user's systemd timer, which catches up on a missed run
    Systemd,
    /// A line of the user's crontab
    Cron,
    /// A user's agent on a Mac
    Launchd,
    /// A task of Windows's task scheduler
    Windows,
}
