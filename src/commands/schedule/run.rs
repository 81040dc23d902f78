//! `stockport schedule run`, which cron and the others start: the command in a process of its own, within its time limit,
//! with a record of its end.
//!
//! Doesn't belong here: what the record holds (`schedule::record`).

use std::process::Command;

use super::super::Context;
use super::process::ended;
use crate::cli;
use crate::error::{Error, Exit};
use crate::output::About;
use crate::schedule::ScheduleError;
use crate::schedule::record::Record;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::ScheduleRun) -> Exit {
    match started(context, options) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

fn started(context: &Context, options: &cli::ScheduleRun) -> Result<Exit, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    if options.check {
        // Once more, with the variables set.
        command.args(["schedule", "run", &options.name, "--check", "--json", "--"]);
    }
    command.args(&options.args);
    command.envs(options.set.iter().filter_map(|setting| setting.split_once('=')));
    if !options.check {
        // Signals reach this process alone, which passes one on: a second one would stop the command at once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let record = Record::start();
    let keep = |record: &Record| {
        if let Err(error) = record.write(&options.name) {
            context
                .output
                .warn(&About::RunNotRecorded.warning(format!("the run is not recorded: {error}")));
        }
    };
    if !options.check {
        keep(&record);
    }
    let end = command
        .spawn()
        .and_then(|mut child| ended(&mut child, options.time_limit, &context.stop))?;
    if options.check {
        return Ok(exit(end.status.code()));
    }
    keep(&record.end(end.status.code(), end.timed_out));
    match options.time_limit.filter(|_| end.timed_out) {
        Some(limit) => Err(ScheduleError::TimeLimit(limit).into()),
        None => Ok(exit(end.status.code())),
    }
}

fn exit(code: Option<i32>) -> Exit {
    let all = [
        Exit::Done,
        Exit::Usage,
        Exit::Partial,
        Exit::Different,
        Exit::Interrupted,
    ];
    let same = all.into_iter().find(|exit| code == Some(i32::from(*exit as u8)));
    same.unwrap_or(Exit::Stopped)
}
