//! Where a key is kept: the environment, `.env`, a file of its own, a command that prints it. Never on the command line.
//!
//! Doesn't belong here: keeping it from being printed (`api`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ConfigError;
use crate::api::Key;
use crate::error::Error;

/// The variable that holds the key, as in the vendor's documentation.
pub const KEY_VARIABLE: &str = "CANNLYTICS_API_KEY";

/// A key file is no longer than this; whatever is, is something else.
const MOST: u64 = 64 << 10;

/// The key of the environment, or else of `.env` in the working folder (the vendor's examples keep it there).
/// `.env` gives a key and nothing else: a file that lies about must not send the key to another host.
pub(super) fn from_environment() -> Result<Option<Key>, Error> {
    match std::env::var(KEY_VARIABLE) {
        Ok(key) if !key.trim().is_empty() => return Ok(Some(Key::new(&key)?)),
        Err(std::env::VarError::NotUnicode(_)) => return Err(ConfigError::KeyNotText.into()),
        _ => {}
    }
    let path = PathBuf::from(".env");
    if path.is_file() {
        let mut broken = None;
        for line in dotenvy::from_path_iter(&path).map_err(dotenv)? {
            match line {
                Ok((name, value)) if name == KEY_VARIABLE && !value.trim().is_empty() => {
                    return Ok(Some(Key::new(&value)?));
                }
                Ok(_) => {}
                Err(error @ dotenvy::Error::Io(_)) => return Err(dotenv(error).into()),
                // Another program's line is no concern of ours, unless the key isn't found in the others.
                Err(error) => broken = broken.or(Some(error)),
            }
        }
        if let Some(error) = broken {
            return Err(dotenv(error).into());
        }
    }
    Ok(None)
}

/// Why `.env` gives no key; a line of it is not shown, for the key may stand there.
fn dotenv(error: dotenvy::Error) -> ConfigError {
    ConfigError::DotEnv(match error {
        dotenvy::Error::Io(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
            "it is not UTF-8 text".to_owned()
        }
        dotenvy::Error::Io(cause) => crate::cause::io(&cause),
        _ => "a line of it is not of the form NAME=value".to_owned(),
    })
}

/// The key of a file that holds nothing else. One that others can read is refused, as ssh does.
pub fn from_file(path: &Path) -> Result<Key, Error> {
    let failed = |cause| ConfigError::KeyFile {
        path: path.to_owned(),
        cause,
    };
    let found = std::fs::metadata(path).map_err(failed)?;
    if is_open_to_others(&found) {
        return Err(ConfigError::OpenKeyFile(path.to_owned()).into());
    }
    if found.len() > MOST {
        return Err(failed(std::io::Error::other("it is too long for a key")).into());
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ok(Key::new(&text)?)
}

#[cfg(unix)]
fn is_open_to_others(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o077 != 0
}

/// Elsewhere the folder's rights decide, which a file in the user's own folder inherits.
#[cfg(not(unix))]
fn is_open_to_others(_found: &std::fs::Metadata) -> bool {
    false
}

/// The key that a shell command prints (a password manager's, say). What it says on standard error is shown as it comes.
pub(super) fn from_command(command: &str) -> Result<Key, Error> {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = |why: String| ConfigError::KeyCommand {
        command: command.to_owned(),
        why,
    };
    let run = Command::new(shell)
        .arg(option)
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output();
    let output = run.map_err(|cause| failed(format!("can't be run: {cause}")))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)).into());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("printed what is no text".to_owned()))?;
    Ok(Key::new(&text)?)
}
