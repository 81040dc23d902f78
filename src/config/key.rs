//! Where a key is kept: the environment, `.env`, a file of its own, a command that prints it. Never on the command line.
//!
//! Doesn't belong here: keeping it from being printed (`api`), a key in the wrong place (`pasted`).

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::dotenv;
use super::error::{ConfigError, KEY_VARIABLE};
use super::shell;
use crate::api::Key;
use crate::environment;
use crate::error::Error;
use crate::files::{self, bounds, trust};

/// The file in the working folder that may give the key (the vendor's examples keep it there).
const DOT_ENV: &str = ".env";

/// Where a key was found. It is never shown itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The environment.
    Environment,
    /// `.env` in the working folder.
    DotEnv,
    /// A file that holds nothing else.
    File(PathBuf),
    /// A command that printed it.
    Command(String),
}

impl KeySource {
    /// The file that holds it, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::DotEnv => Some(Path::new(DOT_ENV)),
            Self::File(path) => Some(path),
            Self::Environment | Self::Command(_) => None,
        }
    }
}

impl KeySource {
    /// Whether it may give another key later; a pipe gives one once.
    pub(super) fn can_change(&self) -> bool {
        match self {
            Self::Environment => false,
            Self::DotEnv | Self::Command(_) => true,
            Self::File(path) => path.is_file(),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(KEY_VARIABLE),
            Self::DotEnv => f.write_str("the file .env in this folder"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(command) => write!(f, "the command `{command}`"),
        }
    }
}

/// A key, and where it was found.
pub type Found = (Key, KeySource);

/// Whether the environment, or `.env`, has a key, be it a good one or not.
#[must_use]
pub fn is_in_environment() -> bool {
    !matches!(from_environment(), Ok(None))
}

/// The key of the environment, or else of `.env` in the working folder.
/// `.env` gives a key and nothing else: a file that lies about must not send the key to another host.
pub(super) fn from_environment() -> Result<Option<Found>, Error> {
    if let Some(key) = environment::value(KEY_VARIABLE) {
        let key = key.into_string().map_err(|_| ConfigError::KeyNotText)?;
        if !key.trim().is_empty() {
            return Ok(Some((Key::new(&key)?, KeySource::Environment)));
        }
    }
    let path = Path::new(DOT_ENV);
    if !path.is_file() {
        return Ok(None);
    }
    let failed = |cause: io::Error| ConfigError::DotEnv(crate::cause::io(&cause));
    let file = files::open_named(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let text = files::text_of(file, bounds::SETTINGS).map_err(failed)?;
    match dotenv::value(&text, KEY_VARIABLE) {
        Ok(Some(value)) => {
            trusted(path, &found)?;
            Ok(Some((Key::new(value)?, KeySource::DotEnv)))
        }
        Ok(None) => Ok(None),
        // The line is not shown, for the key may stand there.
        Err(dotenv::Broken) => {
            Err(ConfigError::DotEnv("one of its lines is not of the form NAME=value".to_owned()).into())
        }
    }
}

/// Refuses a file that others could have written.
fn trusted(path: &Path, found: &Metadata) -> Result<(), ConfigError> {
    match trust::distrust(path, found) {
        Some(why) => Err(ConfigError::Distrusted {
            path: path.to_owned(),
            why,
        }),
        None => Ok(()),
    }
}

/// The key of a file that holds nothing else.
pub fn from_file(path: &Path) -> Result<Key, Error> {
    Ok(Key::new(&secret(path)?)?)
}

/// The text of a file that holds a secret. One that others can read is refused, as ssh does, and so is another user's.
pub fn secret(path: &Path) -> Result<String, ConfigError> {
    let failed = |cause| ConfigError::KeyFile {
        path: path.to_owned(),
        cause,
    };
    let file = open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !trust::is_foreign(&found) && is_open_to_others(&found) {
        return Err(ConfigError::OpenKeyFile(path.to_owned()));
    }
    trusted(path, &found)?;
    files::text_of(file, bounds::KEY).map_err(failed)
}

/// A shell's `<(…)` is a pipe of this process, behind a link of the system.
fn open(path: &Path) -> io::Result<File> {
    let is_own = ["/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|folder| path.starts_with(folder));
    if is_own {
        files::open_named(path)
    } else {
        files::open(path)
    }
}

/// Whether others can read a file of this user's or of root's. One of root's may be given to a group: so Kubernetes (a mounted
/// Secret with `fsGroup`) and systemd (a credential, by an ACL) hand it to a service.
#[cfg(unix)]
#[must_use]
pub fn is_open_to_others(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let others = if trust::is_mine(found) { 0o077 } else { 0o007 };
    found.permissions().mode() & others != 0
}

/// Elsewhere the folder's rights decide, which a file in the user's own folder inherits.
#[cfg(not(unix))]
#[must_use]
pub fn is_open_to_others(_found: &Metadata) -> bool {
    false
}

/// The key that a shell command prints (a password manager's, say). What it says on standard error is shown as it comes.
pub(super) fn from_command(command: &str) -> Result<Key, Error> {
    let failed = |why: String| ConfigError::KeyCommand {
        command: command.to_owned(),
        why,
    };
    let run = shell::command(command)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = run.map_err(|cause| failed(format!("can't be run: {cause}")))?;
    let printed = child.stdout.take().map(|out| files::all_of(out, bounds::KEY));
    // Its standard output is closed now: a command that goes on printing ends.
    let ended = child.wait().map_err(|cause| failed(format!("can't be run: {cause}")))?;
    let printed = match printed.unwrap_or_else(|| Ok(Vec::new())) {
        Ok(printed) => printed,
        Err(cause) if cause.kind() == ErrorKind::FileTooLarge => {
            return Err(failed(format!("printed more than {}", bounds::size(bounds::KEY))).into());
        }
        Err(cause) => return Err(failed(format!("can't be read: {}", crate::cause::io(&cause))).into()),
    };
    if !ended.success() {
        return Err(failed(format!("ended with {ended}")).into());
    }
    let text = files::text(&printed).map_err(|_| failed("printed something other than text".to_owned()))?;
    Ok(Key::new(&text)?)
}
