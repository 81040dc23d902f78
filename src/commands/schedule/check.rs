//! Whether a scheduled command would fail: checked in a process of its own, with the very words, folder and environment that
//! its system starts it with.
//!
//! Doesn't belong here: what the environment is (`environment`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::FromArgMatches as _;
use serde_json::{Value, json};

use super::super::{CommandError, Context, given, uses_profile, wishes};
use super::environment;
use super::process::ended;
use crate::cli::{self, BackupCommand, Cli, UsageError};
use crate::config::{self as settings, ConfigError, Wishes, key};
use crate::error::{Error, Exit, UserError as _};
use crate::files::{self, bounds};
use crate::notify::Notifier;
use crate::schedule::{Job, ScheduleError};

/// How long the check may take: a `key_command` may ask a slow store, and nobody.
const LONGEST: Duration = Duration::from_secs(60);

/// A command line that is to be scheduled, understood.
pub(super) struct Scheduled {
    cli: Cli,
    given: BTreeSet<String>,
}

impl Scheduled {
    /// Whether the command starts others.
    pub(super) fn has_hooks(&self) -> bool {
        ["on_success", "on_failure"]
            .iter()
            .any(|hook| self.given.contains(*hook))
    }
}

/// Parses the command line that is to be scheduled.
pub(super) fn parsed(args: &[String]) -> Result<Scheduled, Error> {
    let words = std::iter::once("stockport").chain(args.iter().map(String::as_str));
    let words: Vec<OsString> = words.map(OsString::from).collect();
    let parsed = cli::command().try_get_matches_from(&words).and_then(|matches| {
        Ok(Scheduled {
            cli: Cli::from_arg_matches(&matches)?,
            given: given(&matches),
        })
    });
    parsed.map_err(|error| CommandError::Scheduled(UsageError::of(&error, &words)).into())
}

/// Checks a job as its system would start it.
pub(super) fn there(job: &Job) -> Result<(), Error> {
    let mut words = job.words();
    // After the schedule's name.
    words.splice(3..3, ["--check", "--json"].map(str::to_owned));
    let mut command = Command::new(&job.program);
    environment::prepare(&mut command, job.system, &job.env);
    let fails = |why: &str, hint: &str| ScheduleError::Fails {
        system: job.system,
        why: why.to_owned(),
        hint: hint.to_owned(),
    };
    let unknown = |cause: io::Error| fails(&crate::cause::io(&cause), "run the command in a terminal");
    let mut child = command
        .args(words)
        .current_dir(&job.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(unknown)?;
    let never = AtomicBool::new(false);
    let end = ended(&mut child, Some(LONGEST), &never).map_err(unknown)?;
    if end.timed_out {
        let why = format!("it didn't find its key within {} seconds", LONGEST.as_secs());
        return Err(fails(&why, "let key_command print the key without asking for anything").into());
    }
    let printed = child.stdout.take().map(|printed| files::all_of(printed, bounds::NOTE));
    let printed = printed.transpose().map_err(unknown)?.unwrap_or_default();
    let document: Value = serde_json::from_slice(&printed).unwrap_or_default();
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    let error = match text("error_code") {
        "" if end.status.success() => return Ok(()),
        "" => fails(&end.status.to_string(), "run the command in a terminal"),
        code if code == ConfigError::NoKey.code() => ScheduleError::NoKey,
        code if code == ScheduleError::NoOrganization.code() => ScheduleError::NoOrganization,
        _ => fails(text("why"), text("hint")),
    };
    Err(error.into())
}

/// The check itself, in this process's environment: prints a document for [`there`].
pub(super) fn here(context: &Context, args: &[String]) -> Exit {
    let found = parsed(args).and_then(|scheduled| checked(context, scheduled));
    let Err(error) = found else {
        context.output.document(&json!({"error": Value::Null}));
        return Exit::Done;
    };
    context.output.document(&json!({
        "error": error.line(), "error_code": error.code(), "why": error.to_string(), "hint": error.hint(),
    }));
    error.exit()
}

/// Connects as the command would, without a request.
fn checked(context: &Context, scheduled: Scheduled) -> Result<(), Error> {
    let Scheduled { cli, given } = scheduled;
    // A monitor's address that the command would refuse is refused now, and so are files that can't be used.
    Notifier::of(&cli, None, &context.output)?.check()?;
    let mut own = context.with(wishes(&cli));
    own.wishes.network()?;
    own.wishes.proxy_auth_file.as_deref().map(key::secret).transpose()?;
    own.given = given;
    if matches!(&cli.command, cli::Command::Backup(BackupCommand::Create(create)) if create.all_profiles) {
        let (path, file) = settings::load()?;
        let file = file.ok_or(ConfigError::NoFile(path))?;
        return file.profiles.into_iter().try_for_each(|profile| {
            let wishes = own.of_profile(profile);
            reach(&own, &wishes)
        });
    }
    for name in profiles(&cli.command).into_iter().flatten() {
        if let Some(profile) = settings::chosen(Some(name))? {
            reach(&own, &own.of_profile(profile))?;
        }
    }
    if !uses_profile(&cli) {
        return Ok(());
    }
    if let Some(profile) = settings::chosen(cli.global.profile.as_deref())? {
        own.take_profile(profile, cli.global.profile.is_some());
    }
    // These two name their organizations themselves.
    let names_own = matches!(&cli.command, cli::Command::Migrate(_) | cli::Command::Diff(_));
    if own.wishes.org.is_none() && !names_own {
        return Err(ScheduleError::NoOrganization.into());
    }
    reach(&own, &own.wishes)
}

/// The profiles that a command names besides the usual one.
fn profiles(command: &cli::Command) -> [Option<&str>; 2] {
    match command {
        cli::Command::Migrate(migrate) => [migrate.from_profile.as_deref(), migrate.to_profile.as_deref()],
        cli::Command::Diff(diff) => [diff.a_profile.as_deref(), diff.b_profile.as_deref()],
        _ => [None, None],
    }
}

/// Makes a client of these wishes: the key has to be there, and the certificates have to be readable.
fn reach(context: &Context, wishes: &Wishes) -> Result<(), Error> {
    let (key, _) = wishes.found_key()?;
    let org = wishes.org.clone().unwrap_or_default();
    context.client(&wishes.remote(wishes.base(), org, key)?)?;
    Ok(())
}
