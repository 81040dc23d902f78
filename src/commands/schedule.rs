//! `stockport schedule`: a command that runs on a schedule.
//!
//! Doesn't belong here: what each system wants (`schedule`), what the run's environment is (`environment`), whether the
//! command would fail in it (`check`), the run itself (`run`).

mod check;
mod environment;
mod process;
mod run;

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use jiff::ZonedDateTime;
use serde_json::{Value, json};

use super::{Context, shell};
use crate::cli::{self, ScheduleCommand};
use crate::error::{Error, Exit};
use crate::output::{About, Tone};
use crate::schedule::install::{install, list, remove};
use crate::schedule::record::Record;
use crate::schedule::{ELSEWHERE, Job, ScheduleError, System, When, absolute};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Schedule) -> Exit {
    let done = match &options.command {
        Some(ScheduleCommand::List) => show(context),
        Some(ScheduleCommand::Remove { name }) => remove(name).map_err(Error::from).map(|()| {
            context.output.result(&format!("Removed the schedule {name}"));
            context.output.document(&json!({"removed": name, "error": Value::Null}));
        }),
        // Variables that are still to be set need a process of their own.
        Some(ScheduleCommand::Run(options)) if options.check && options.set.is_empty() => {
            return check::here(context, &options.args);
        }
        Some(ScheduleCommand::Run(options)) => return run::run(context, options),
        None => schedule(context, options),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn show(context: &Context) -> Result<(), Error> {
    let all = list()?;
    let output = &context.output;
    if all.is_empty() {
        output.result("Nothing is scheduled");
    }
    let now = ZonedDateTime::now();
    let mut documents = Vec::new();
    for one in &all {
        let active = one.is_active();
        let next = one.times.as_ref().and_then(|times| times.after(&now));
        let next = next.filter(|_| active != Some(false));
        let last = Record::read(&one.name);
        output.result(&format!("{} ({}): {}", one.name, one.when, shell::line(&one.command)));
        output.result(&match (&next, active) {
            (_, Some(false)) => format!("  next: never, because {} has not started its timer", one.system),
            (Some(next), _) => format!("  next: {}", next.strftime("%Y-%m-%d %H:%M %Z")),
            (None, _) => "  next: not known".to_owned(),
        });
        let (tone, told) = match &last {
            Some(record) if record.has_failed() => (Tone::Bad, record.told()),
            Some(record) => (Tone::Good, record.told()),
            None => (Tone::Plain, "no run recorded".to_owned()),
        };
        output.result(&output.paint(tone, &format!("  last: {told}")));
        documents.push(json!({
            "name": one.name, "when": one.when, "command": shell::line(&one.command), "place": one.place,
            "system": one.system.to_possible_value().map(|value| value.get_name().to_owned()), "active": active, "last": last,
            "next": next.map(|next| next.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()),
        }));
    }
    if System::here().is_none() {
        output.warn(&About::NoScheduler.warning(format!("{NONE}: {ELSEWHERE}")));
    }
    output.document(&json!({"schedules": documents, "error": Value::Null}));
    Ok(())
}

/// What is said on a machine that runs nothing on a schedule.
const NONE: &str = "neither systemd nor cron runs on this machine";

fn schedule(context: &Context, options: &cli::Schedule) -> Result<(), Error> {
    misplaced(&context.given)?;
    let (job, is_here) = job(options)?;
    let output = &context.output;
    let mut document = json!({"name": job.name, "installed": false, "error": Value::Null});
    if options.install {
        let place = install(&job)?;
        output.result(&format!("Scheduled {} in {place}", job.name));
        output.say(remark(job.system));
        output.say("`stockport schedule list` shows how its last run ended");
        document["installed"] = json!(true);
        document["place"] = json!(place);
    } else {
        for (title, text) in job.texts()? {
            // Of several files, each has its name.
            let is_named = job.system == System::Systemd;
            if is_named {
                output.result(&format!("# {title}"));
            }
            output.data(&text);
            document[if is_named { &title } else { "text" }] = json!(text);
        }
        match job.system {
            System::Windows if !cfg!(windows) => output.say(&format!(
                "On Windows, save it to a file, then: schtasks /Create /TN stockport\\{} /XML FILE",
                job.name
            )),
            System::Launchd if !cfg!(target_os = "macos") => {
                output.say("On a Mac, save it below ~/Library/LaunchAgents, then: launchctl load -w FILE");
            }
            _ if !is_here => output.say(&format!("{NONE}: {ELSEWHERE}")),
            _ => output.say("Add --install to install it"),
        }
    }
    output.document(&document);
    Ok(())
}

/// Refuses what would have no effect here: the options that say how an organization is reached.
fn misplaced(given: &BTreeSet<String>) -> Result<(), ScheduleError> {
    let command = cli::command();
    let mut options = command.get_arguments().filter(|option| option.is_global_set());
    let is_of_requests = |heading: Option<&str>| matches!(heading, Some(cli::WHERE | cli::THROTTLING));
    let found = options
        .find(|option| is_of_requests(option.get_help_heading()) && given.contains(option.get_id().as_str()))
        .and_then(clap::Arg::get_long);
    found.map_or(Ok(()), |option| Err(ScheduleError::Misplaced(option.to_owned())))
}

/// What a user has to know of a system.
fn remark(system: System) -> &'static str {
    match system {
        System::Systemd => {
            "It runs while you are logged in; `loginctl enable-linger` keeps it running after you log out"
        }
        System::Cron => "cron skips a run that falls into a time when the machine is off",
        System::Launchd | System::Windows => "It runs while you are logged in; a missed run is caught up",
    }
}

/// The command as it will run, when nobody is there and nothing of this environment is set; whether what runs it is here.
fn job(options: &cli::Schedule) -> Result<(Job, bool), Error> {
    let when = When::parse(options.when.as_deref().unwrap_or_default())?;
    let own = options.system.or_else(System::here);
    // A machine without any has programs of neither.
    let system = own.unwrap_or(System::Cron);
    let mut args = options.args.clone();
    if args.first().is_some_and(|first| first == "stockport") {
        args.remove(0);
    }
    // What is mistyped is reported now, not when it runs.
    let scheduled = check::parsed(&args)?;
    let env = environment::kept(&args, scheduled.has_hooks(), &options.env, system)?;
    let job = Job {
        name: options.name.clone().unwrap_or_else(|| default_name(&args)),
        when,
        system,
        program: absolute(&std::env::current_exe()?, "the path of this program")?,
        args,
        folder: absolute(&std::env::current_dir()?, "the name of this folder")?,
        env,
        // None at all is what the systems understand by 0.
        limit: options.time_limit.as_secs().max(1),
    };
    job.check()?;
    job.texts()?;
    check::there(&job)?;
    Ok((job, own.is_some()))
}

/// `backup-create` of `backup create DIR …`.
fn default_name(args: &[String]) -> String {
    let words = args.iter().take_while(|arg| !arg.starts_with('-')).take(2);
    let plain = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let name = plain.cloned().collect::<Vec<_>>().join("-");
    if name.is_empty() { "job".to_owned() } else { name }
}
