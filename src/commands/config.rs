//! `stockport config check`: what the config file says, and what is wrong with it.
//!
//! Doesn't belong here: reading the file (`config`).

use serde_json::{Value, json};

use super::Context;
use super::doctor::online::{ORGANIZATION, organization_of};
use super::doctor::{Check, State};
use super::error::PROFILES_FAILED;
use crate::cli::{ConfigCheck, ConfigCommand};
use crate::config::file::{File, Profile};
use crate::config::key::from_file;
use crate::config::{DEFAULT_API, authorities, load};
use crate::error::{Error, Exit};
use crate::output::{Tone, counted};

/// Runs the command.
pub(super) fn run(context: &Context, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Check(options) => match check(context, options) {
            Ok(exit) => exit,
            Err(error) => context.fail(error),
        },
    }
}

/// A profile, and what was found of it.
struct Found<'a> {
    profile: &'a Profile,
    problem: Option<String>,
    /// What its API answered; none where it was not asked.
    online: Option<Check>,
}

impl Found<'_> {
    fn has_failed(&self) -> bool {
        self.problem.is_some() || self.online.as_ref().is_some_and(|check| check.state == State::Error)
    }
}

fn check(context: &Context, options: &ConfigCheck) -> Result<Exit, Error> {
    let (path, file) = load()?;
    let output = &context.output;
    let is_there = file.is_some();
    let file = file.unwrap_or_default();
    if is_there {
        output.result(&format!("{}:", path.display()));
    } else {
        output.result(&format!("there is no config file; it would be {}", path.display()));
    }
    let mut checked = Vec::new();
    let named = context.wishes.profile.as_ref();
    let named = named.filter(|_| context.given.contains("profile"));
    for profile in &file.profiles {
        let problem = problem(profile);
        let is_meant = named.is_none_or(|named| named.name == profile.name);
        let asks = options.online && problem.is_none() && is_meant;
        let online = asks.then(|| online(context, profile));
        context.go_on()?;
        let found = Found {
            profile,
            problem,
            online,
        };
        show(context, &file, &found);
        checked.push(found);
    }
    let problems = checked.iter().filter(|found| found.has_failed()).count() as u64;
    let profiles: Vec<Value> = checked.iter().map(|found| document(&file, found)).collect();
    let error = (problems > 0).then(|| format!("{} can't be used", counted(problems, "profile")));
    output.document(&json!({
        "config": path.to_string_lossy(), "exists": is_there, "profile": file.profile, "profiles": profiles, "error": error,
        "error_code": error.as_ref().map(|_| PROFILES_FAILED),
    }));
    Ok(if problems > 0 { Exit::Stopped } else { Exit::Done })
}

/// Asks a profile's API for its organization, with the profile's own key: another one was not meant for it.
fn online(context: &Context, profile: &Profile) -> Check {
    if profile.has_key() || context.given.contains("key_file") {
        return organization_of(context, &context.of_profile(profile.clone()));
    }
    Check::warning(
        ORGANIZATION,
        "not asked, because the profile has no key of its own",
        "add key_file or key_command to the profile, or name --key-file",
    )
}

/// What is wrong with a profile. A command that prints a key is not run: it may ask for a password.
fn problem(profile: &Profile) -> Option<String> {
    let decides = [&profile.api, &profile.proxy].iter().any(|it| it.is_some()) || profile.ca_file.is_some();
    let refused = if profile.has_key() || decides {
        profile.trusted().err().map(Error::from)
    } else {
        None
    };
    let ca_file = || Some(authorities(profile.ca_file.as_ref()?).err()?.into());
    let error = refused
        .or_else(|| from_file(profile.key_file.as_ref()?).err())
        .or_else(ca_file)?;
    Some(error.line())
}

fn key_of(profile: &Profile) -> String {
    match (&profile.key_file, &profile.key_command) {
        (Some(path), _) => format!("in the file {}", path.display()),
        (None, Some(command)) => format!("printed by `{command}` (not run now)"),
        (None, None) => "from CANNLYTICS_API_KEY or .env".to_owned(),
    }
}

fn show(context: &Context, file: &File, found: &Found<'_>) {
    let output = &context.output;
    let Found {
        profile,
        problem,
        online,
    } = found;
    let is_chosen = file.profile.as_ref() == Some(&profile.name);
    output.result(&format!(
        "  profile {}{}",
        profile.name,
        if is_chosen { " (the default)" } else { "" }
    ));
    output.result(&format!(
        "    API           {}",
        profile.api.as_deref().unwrap_or(DEFAULT_API)
    ));
    output.result(&format!(
        "    organization  {}",
        profile.org.as_deref().unwrap_or("from --org")
    ));
    output.result(&format!("    key           {}", key_of(profile)));
    if let Some(proxy) = &profile.proxy {
        output.result(&format!("    proxy         {proxy}"));
    }
    if let Some(ca_file) = &profile.ca_file {
        output.result(&format!("    CA file       {}", ca_file.display()));
    }
    if let Some(problem) = problem {
        output.fault(Tone::Bad, &format!("    problem       {problem}"), &[]);
    }
    if let Some(check) = online {
        let hint = check.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let line = format!("    online        {}{hint}", check.detail);
        output.result(&output.paint(check.state.tone(), &line));
    }
}

fn document(file: &File, found: &Found<'_>) -> Value {
    let Found { profile, problem, .. } = found;
    json!({
        "name": profile.name, "api": profile.api.as_deref().unwrap_or(DEFAULT_API), "org": profile.org,
        "key": key_of(profile), "chosen": file.profile.as_ref() == Some(&profile.name), "problem": problem,
        "proxy": profile.proxy, "ca_file": profile.ca_file,
        "online": found.online.as_ref().map(Check::document),
    })
}
