//! The environment of a scheduled run: what is written down for it, and what its system adds.
//!
//! Doesn't belong here: which variables are read (`crate::environment`).

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::config as settings;
use crate::config::file::Profile;
use crate::environment::{Role, VARIABLES, filled, value_of};
use crate::error::Error;
use crate::schedule::{NOT_TEXT, ScheduleError, System, absolute};

/// The variables that are set now and that the run needs, with `more` that the user names. `has_hooks`: it starts commands.
pub(super) fn kept(
    args: &[String],
    has_hooks: bool,
    more: &[String],
    system: System,
) -> Result<Vec<(String, String)>, Error> {
    let others = asks_for_other_proxies(args);
    let starts_commands = has_hooks || has_key_command();
    let mut kept = Vec::new();
    for (name, role) in VARIABLES {
        let Some(value) = filled(name) else { continue };
        let is_kept = match role {
            Role::Text | Role::File | Role::Files | Role::Proxy => true,
            Role::OtherProxy => others,
            // Windows has its own folders of a user.
            Role::Folder => system != System::Windows && Path::new(&value).is_absolute(),
            Role::Commands => starts_commands,
            // The run has its key from elsewhere; a proxy's password it would lack.
            Role::Secret => *name != settings::KEY_VARIABLE,
            Role::Login | Role::UserManager | Role::Session => false,
        };
        let is_proxy = matches!(role, Role::Proxy | Role::OtherProxy);
        let has_login = *role == Role::Secret || (is_proxy && value.to_string_lossy().contains('@'));
        if is_kept && has_login {
            return Err(ScheduleError::Unwritable((*name).to_owned(), LOGIN).into());
        }
        if is_kept {
            kept.push(((*name).to_owned(), text(name, *role, value)?));
        }
    }
    for name in more {
        let refused = |why| ScheduleError::Unwritable(format!("the variable {name}"), why);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name == settings::KEY_VARIABLE {
            return Err(refused(SECRET).into());
        }
        let value = value_of(name).filter(|_| name.chars().all(is_name));
        let value = value.ok_or_else(|| refused("is not set"))?;
        if !kept.iter().any(|(known, _)| known == name) {
            kept.push((name.clone(), text(name, Role::Text, value)?));
        }
    }
    // Whatever else holds the key, too. A shorter one could stand in any path by chance.
    let key = filled(settings::KEY_VARIABLE).and_then(|key| key.into_string().ok());
    let key = key.as_deref().map(str::trim).filter(|key| key.len() >= 8);
    let has_key = |(_, value): &&(String, String)| key.is_some_and(|key| value.contains(key));
    match kept.iter().find(has_key) {
        Some((name, _)) => Err(ScheduleError::Unwritable(name.clone(), SECRET).into()),
        None => Ok(kept),
    }
}

/// Whether the run uses the proxies of other programs.
fn asks_for_other_proxies(args: &[String]) -> bool {
    let given = args.windows(2).any(|pair| pair == ["--proxy", "env"]) || args.iter().any(|arg| arg == "--proxy=env");
    let is_env = |profile: &Profile| profile.proxy.as_deref() == Some("env");
    given || filled("STOCKPORT_PROXY").is_some_and(|proxy| proxy == "env") || profiles().iter().any(is_env)
}

/// Why a variable with a login in it is refused.
const LOGIN: &str = "holds a user or a password, which is not written into a schedule";

/// Why a variable with the key in it is refused.
const SECRET: &str = "holds the API key, which is not written into a schedule";

fn text(name: &str, role: Role, value: OsString) -> Result<String, ScheduleError> {
    let not_text = || ScheduleError::Unwritable(name.to_owned(), NOT_TEXT);
    match role {
        Role::File => absolute(Path::new(&value), name),
        Role::Files | Role::Commands => {
            let paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            let paths: Result<Vec<String>, ScheduleError> = paths.map(|path| absolute(&path, name)).collect();
            let joined = std::env::join_paths(paths?).ok();
            joined.and_then(|joined| joined.into_string().ok()).ok_or_else(not_text)
        }
        _ => value.into_string().map_err(|_| not_text()),
    }
}

/// Whether a profile of the config file has a command that prints its key. What is wrong with the file is found by the check.
fn has_key_command() -> bool {
    profiles().iter().any(|profile| profile.key_command.is_some())
}

fn profiles() -> Vec<Profile> {
    let file = settings::load().ok().and_then(|(_, file)| file);
    file.map(|file| file.profiles).unwrap_or_default()
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
