//! The environment of a scheduled run: what is written down for it, and what its system adds.
//!
//! Doesn't belong here: which variables are read (`crate::environment`).

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::config as settings;
use crate::environment::{Role, VARIABLES, filled, value_of};
use crate::error::Error;
use crate::schedule::{ScheduleError, System, absolute};

/// The variables that are set now and that the run needs, with `more` that the user names. `has_hooks`: it starts commands.
pub(super) fn kept(has_hooks: bool, more: &[String], system: System) -> Result<Vec<(String, String)>, Error> {
    let starts_commands = has_hooks || has_key_command();
    let mut kept = Vec::new();
    for (name, role) in VARIABLES {
        let Some(value) = filled(name) else { continue };
        let is_kept = match role {
            Role::Text | Role::File | Role::Files => true,
            // Windows has its own folders of a user.
            Role::Folder => system != System::Windows && Path::new(&value).is_absolute(),
            Role::Commands => starts_commands,
            Role::Secret | Role::Login | Role::UserManager | Role::Session => false,
        };
        if is_kept {
            kept.push(((*name).to_owned(), text(name, *role, value)?));
        }
    }
    for name in more {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(ScheduleError::NotSet(name.clone()).into());
        }
        if name == settings::KEY_VARIABLE {
            return Err(ScheduleError::Secret(name.clone()).into());
        }
        let value = value_of(name).ok_or_else(|| ScheduleError::NotSet(name.clone()))?;
        if !kept.iter().any(|(known, _)| known == name) {
            kept.push((name.clone(), text(name, Role::Text, value)?));
        }
    }
    // Whatever else holds the key, too.
    let key = filled(settings::KEY_VARIABLE).and_then(|key| key.into_string().ok());
    if let Some(key) = key.as_deref().map(str::trim).filter(|key| key.len() >= SHORTEST)
        && let Some((name, _)) = kept.iter().find(|(_, value)| value.contains(key))
    {
        return Err(ScheduleError::Secret(name.clone()).into());
    }
    Ok(kept)
}

/// A shorter key could stand in any path by chance.
const SHORTEST: usize = 8;

fn text(name: &str, role: Role, value: OsString) -> Result<String, ScheduleError> {
    match role {
        Role::File => absolute(Path::new(&value), name),
        Role::Files | Role::Commands => {
            let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            let paths: Result<Vec<String>, ScheduleError> = paths.map(|path| absolute(&path, name)).collect();
            let joined = std::env::join_paths(paths?).map_err(|_| ScheduleError::NotText(name.to_owned()))?;
            joined
                .into_string()
                .map_err(|_| ScheduleError::NotText(name.to_owned()))
        }
        _ => value.into_string().map_err(|_| ScheduleError::NotText(name.to_owned())),
    }
}

/// Whether a profile of the config file has a command that prints its key. What is wrong with the file is found by the check.
fn has_key_command() -> bool {
    let file = settings::load().ok().and_then(|(_, file)| file).unwrap_or_default();
    file.profiles.iter().any(|profile| profile.key_command.is_some())
}

/// Gives a command the environment that a system starts a run with.
pub(super) fn prepare(command: &mut Command, system: System, kept: &[(String, String)]) {
    if system == System::Windows {
        // A task has the user's own variables, and none of this session's.
        for (name, role) in VARIABLES {
            if !matches!(role, Role::Folder | Role::Commands | Role::Session) {
                command.env_remove(name);
            }
        }
        return;
    }
    let path = match system {
        System::Cron => "/usr/bin:/bin",
        System::Launchd => "/usr/bin:/bin:/usr/sbin:/sbin",
        System::Systemd | System::Windows => "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    };
    command.env_clear().env("PATH", path);
    for (name, role) in VARIABLES {
        let is_given = match role {
            Role::Login => true,
            Role::UserManager => system == System::Systemd,
            _ => false,
        };
        if let Some(value) = filled(name).filter(|_| is_given) {
            command.env(name, value);
        }
    }
    command.envs(kept.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))));
}
