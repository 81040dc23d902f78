//! `stockport schedule`: a command that runs by itself.
//!
//! Doesn't belong here: what each system wants (`schedule`).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::FromArgMatches as _;
use serde_json::{Value, json};

use super::{CommandError, Context};
use crate::cli::{self, Cli, ScheduleCommand, UsageError};
use crate::config::file::Profile;
use crate::config::{self as settings, key};
use crate::error::{Error, Exit};
use crate::schedule::install::{System, install, list, remove};
use crate::schedule::{Job, ScheduleError, When, absolute};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Schedule) -> Exit {
    let done = match &options.command {
        Some(ScheduleCommand::List) => show(context),
        Some(ScheduleCommand::Remove { name }) => remove(name).map_err(Error::from).map(|()| {
            context.output.result(&format!("Removed the schedule {name}"));
            context.output.document(&json!({"removed": name, "error": Value::Null}));
        }),
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
    for one in &all {
        output.result(&format!("{} ({}): {}", one.name, one.when, one.command));
    }
    let document: Vec<Value> = all
        .iter()
        .map(|one| json!({"name": one.name, "when": one.when, "command": one.command, "place": one.place}))
        .collect();
    output.document(&json!({"schedules": document, "error": Value::Null}));
    Ok(())
}

fn schedule(context: &Context, options: &cli::Schedule) -> Result<(), Error> {
    let job = job(options)?;
    let system = match options.system {
        Some(cli::System::Systemd) => System::Systemd,
        Some(cli::System::Cron) => System::Cron,
        Some(cli::System::Windows) => System::Windows,
        None => System::here(),
    };
    let output = &context.output;
    let mut document = json!({"name": job.name, "installed": false, "error": Value::Null});
    if options.install {
        let place = install(&job, system)?;
        output.result(&format!("Scheduled {} in {place}", job.name));
        if system == System::Systemd {
            output.say("It runs while you are logged in; `loginctl enable-linger` keeps it running after you log out");
            output.say("A run that fails shows in `systemctl --user --failed`");
        } else {
            output.say("cron skips a run that falls into a time when the machine is off");
        }
        document["installed"] = json!(true);
        document["place"] = json!(place);
    } else {
        for (title, text) in texts(&job, system) {
            if !title.is_empty() {
                output.result(&format!("# {title}"));
            }
            output.data(&text);
            document[if title.is_empty() { "text" } else { title.as_str() }] = json!(text);
        }
        if system != System::Windows {
            output.say("Add --install to install it");
        }
    }
    output.document(&document);
    Ok(())
}

fn texts(job: &Job, system: System) -> Vec<(String, String)> {
    match system {
        System::Cron => vec![(String::new(), job.cron_line())],
        System::Windows => vec![(String::new(), job.schtasks())],
        System::Systemd => vec![
            (format!("stockport-{}.service", job.name), job.service()),
            (format!("stockport-{}.timer", job.name), job.timer()),
        ],
    }
}

/// The command as it will run, when nobody is there and nothing of this environment is set.
fn job(options: &cli::Schedule) -> Result<Job, Error> {
    let when = When::parse(options.when.as_deref().unwrap_or_default())?;
    let mut args = options.args.clone();
    if args.first().is_some_and(|first| first == "stockport") {
        args.remove(0);
    }
    // What is mistyped is told now, not at night.
    let words = std::iter::once("stockport").chain(args.iter().map(String::as_str));
    let words: Vec<OsString> = words.map(OsString::from).collect();
    let parsed = cli::command()
        .try_get_matches_from(&words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let scheduled = parsed.map_err(|error| CommandError::Scheduled(UsageError::of(&error, &words)))?;
    let global = &scheduled.global;
    let all_profiles =
        matches!(&scheduled.command, cli::Command::Backup(cli::BackupCommand::Create(create)) if create.all_profiles);
    if super::uses_profile(&scheduled) && !global.sandbox {
        let profile = settings::chosen(global.profile.as_deref())?;
        check_key(global.key_file.as_ref(), profile.as_ref())?;
        if global.org.is_empty() && profile.as_ref().is_none_or(|profile| profile.org.is_none()) {
            return Err(ScheduleError::NoOrganization.into());
        }
    }
    if all_profiles {
        let (path, file) = settings::load()?;
        let file = file.ok_or(settings::ConfigError::NoFile(path))?;
        file.profiles
            .iter()
            .try_for_each(|profile| check_key(None, Some(profile)))?;
    }
    let has = |flag: &str| {
        args.iter()
            .any(|arg| arg == flag || arg.starts_with(&format!("{flag}=")))
    };
    // What the environment says now won't be there then.
    let mut added = Vec::new();
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value.filter(|_| !has(flag)) {
            added.extend([flag.to_owned(), value]);
        }
    };
    if !all_profiles {
        add("--org", global.org.first().cloned());
        add("--api", global.api.clone());
        add("--profile", global.profile.clone());
        add(
            "--key-file",
            global.key_file.as_ref().map(|path| absolute(path)).transpose()?,
        );
    }
    args.extend(added);
    let here = std::env::current_dir()?;
    let program = std::env::current_exe()?;
    let config = std::env::var_os("STOCKPORT_CONFIG").filter(|config| !config.is_empty());
    let job = Job {
        name: options.name.clone().unwrap_or_else(|| default_name(&args)),
        when,
        program: absolute(&program)?,
        args,
        folder: absolute(&here)?,
        config: config.map(|config| absolute(&PathBuf::from(config))).transpose()?,
    };
    job.check()?;
    Ok(job)
}

/// The key has to be in a file of the user's own, or printed by a command: it is copied nowhere.
fn check_key(flag: Option<&PathBuf>, profile: Option<&Profile>) -> Result<(), Error> {
    if let Some(path) = flag {
        return key::from_file(path).map(drop);
    }
    match profile {
        Some(Profile {
            key_file: Some(path), ..
        }) => key::from_file(path).map(drop),
        Some(Profile {
            key_command: Some(_), ..
        }) => Ok(()),
        _ => Err(ScheduleError::NoKey.into()),
    }
}

/// `backup-create` of `backup create DIR …`.
fn default_name(args: &[String]) -> String {
    let words = args.iter().take_while(|arg| !arg.starts_with('-')).take(2);
    let plain = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let name = plain.cloned().collect::<Vec<_>>().join("-");
    if name.is_empty() { "job".to_owned() } else { name }
}
