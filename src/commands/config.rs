//! `stockport config check`: what the config file says, and what is wrong with it.
//!
//! Doesn't belong here: reading the file (`config`).

use serde_json::{Value, json};

use super::Context;
use crate::cli::ConfigCommand;
use crate::config::file::{File, Profile};
use crate::config::key::from_file;
use crate::config::{DEFAULT_API, load};
use crate::error::{Error, Exit};
use crate::output::Tone;

/// Runs the command.
pub(super) fn run(context: &Context, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Check => match check(context) {
            Ok(exit) => exit,
            Err(error) => context.fail(error),
        },
    }
}

fn check(context: &Context) -> Result<Exit, Error> {
    let (path, file) = load()?;
    let output = &context.output;
    let is_there = file.is_some();
    let file = file.unwrap_or_default();
    if is_there {
        output.result(&format!("{}:", path.display()));
    } else {
        output.result(&format!("there is no config file; it would be {}", path.display()));
    }
    let checked: Vec<_> = file
        .profiles
        .iter()
        .map(|profile| (profile, problem(profile)))
        .collect();
    for (profile, problem) in &checked {
        show(context, &file, profile, problem.as_deref());
    }
    let problems = checked.iter().filter(|(_, problem)| problem.is_some()).count();
    let profiles: Vec<Value> = checked
        .iter()
        .map(|(profile, problem)| document(&file, profile, problem.as_deref()))
        .collect();
    let error = (problems > 0).then(|| format!("{problems} profiles can't be used as they are"));
    output.document(&json!({
        "config": path.to_string_lossy(), "exists": is_there, "profile": file.profile, "profiles": profiles, "error": error,
    }));
    Ok(if problems > 0 { Exit::Stopped } else { Exit::Done })
}

/// What is wrong with a profile. A command that prints a key is not run: it may ask for a password.
fn problem(profile: &Profile) -> Option<String> {
    let refused = if profile.has_key() || profile.api.is_some() {
        profile.trusted().err().map(Error::from)
    } else {
        None
    };
    let error = refused.or_else(|| from_file(profile.key_file.as_ref()?).err())?;
    Some(format!("{error}; {}", error.hint()))
}

fn key_of(profile: &Profile) -> String {
    match (&profile.key_file, &profile.key_command) {
        (Some(path), _) => format!("in the file {}", path.display()),
        (None, Some(command)) => format!("printed by `{command}` (not run now)"),
        (None, None) => "from CANNLYTICS_API_KEY or .env".to_owned(),
    }
}

fn show(context: &Context, file: &File, profile: &Profile, problem: Option<&str>) {
    let output = &context.output;
    let is_chosen = file.profile.as_ref() == Some(&profile.name);
    output.result(&format!(
        "  profile {}{}",
        profile.name,
        if is_chosen { " (used where none is named)" } else { "" }
    ));
    output.result(&format!(
        "    API           {}",
        profile.api.as_deref().unwrap_or(DEFAULT_API)
    ));
    output.result(&format!(
        "    organization  {}",
        profile.org.as_deref().unwrap_or("as --org says")
    ));
    output.result(&format!("    key           {}", key_of(profile)));
    if let Some(problem) = problem {
        output.fault(Tone::Bad, &format!("    problem       {problem}"), &[]);
    }
}

fn document(file: &File, profile: &Profile, problem: Option<&str>) -> Value {
    json!({
        "name": profile.name, "api": profile.api.as_deref().unwrap_or(DEFAULT_API), "org": profile.org,
        "key": key_of(profile), "chosen": file.profile.as_ref() == Some(&profile.name), "problem": problem,
    })
}
