//! What a run works with: flags, then the environment, then `.env`, resolved once into one value.
//!
//! Belongs here: where the key, the host and the organization come from. Doesn't: what the flags are called (`cli`).

use std::path::PathBuf;
use std::time::Duration;

use crate::api::{Endpoint, Key};

/// The vendor's public endpoint (its documentation).
pub const DEFAULT_API: &str = "https://console.cannlytics.com/api";

/// The variable that holds the key, as in the vendor's documentation.
pub const KEY_VARIABLE: &str = "CANNLYTICS_API_KEY";

/// What the flags say; the environment is already in where clap reads it.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The organization.
    pub org: Option<String>,
    /// The API's base.
    pub api: Option<String>,
    /// The embedded server instead of the API.
    pub sandbox: bool,
    /// The folder of its data.
    pub sandbox_dir: Option<PathBuf>,
    /// How often a request is repeated.
    pub retries: u32,
    /// A request's deadline.
    pub timeout: Duration,
    /// How many connections are kept.
    pub connections: usize,
}

/// Why a run can't begin.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No organization is named.
    #[error("no organization is named")]
    NoOrganization,
    /// The embedded server has no such organization.
    #[error("the sandbox has no organization {org:?}; it has {}", known.join(", "))]
    NotInSandbox {
        /// The organization that was named.
        org: String,
        /// The ones there are.
        known: Vec<String>,
    },
    /// No key is to be found.
    #[error("there is no API key")]
    NoKey,
    /// `.env` can't be read.
    #[error("the file .env can't be read: {0}")]
    DotEnv(String),
    /// The variable is no text.
    #[error("{KEY_VARIABLE} is not text")]
    KeyNotText,
    /// There is no folder to keep journals in.
    #[error("there is no folder to keep the run's journal in: {0}")]
    NoStateFolder(String),
}

impl ConfigError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoOrganization => "name it with --org ID or STOCKPORT_ORG, or try things out with --sandbox",
            Self::NotInSandbox { .. } => {
                "check the spelling of --org, or leave it out; `stockport sandbox --org NAME` adds one"
            }
            Self::NoKey => "set CANNLYTICS_API_KEY, or write it into a file .env in this folder; --sandbox needs none",
            Self::DotEnv(_) => "write one line into it: CANNLYTICS_API_KEY=…",
            Self::KeyNotText => "set it again; a key is letters and digits",
            Self::NoStateFolder(_) => "set HOME, or XDG_STATE_HOME to a folder that can be written",
        }
    }

    /// Whether the command line is at fault.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoOrganization)
    }
}

impl Wishes {
    /// The endpoint of the API that is meant, key included.
    pub fn endpoint(&self, org: Option<&str>) -> Result<Endpoint, crate::error::Error> {
        let org = org
            .filter(|org| !org.is_empty())
            .map(str::to_owned)
            .ok_or(ConfigError::NoOrganization)?;
        let base = self
            .api
            .clone()
            .filter(|api| !api.is_empty())
            .unwrap_or_else(|| DEFAULT_API.to_owned());
        Ok(self.endpoint_at(base, org, key()?))
    }

    /// An endpoint of a host that is known, as the embedded server's.
    #[must_use]
    pub fn endpoint_at(&self, base: String, org: String, key: Key) -> Endpoint {
        Endpoint {
            base,
            org,
            key,
            timeout: self.timeout,
            retries: self.retries,
            connections: self.connections,
        }
    }
}

/// The key: from the environment, else from `.env` in the working folder (the vendor's examples keep it there).
/// `.env` gives a key and nothing else: a file that lies about must not send the key to another host.
fn key() -> Result<Key, crate::error::Error> {
    match std::env::var(KEY_VARIABLE) {
        Ok(key) if !key.trim().is_empty() => return Ok(Key::new(&key)?),
        Err(std::env::VarError::NotUnicode(_)) => return Err(ConfigError::KeyNotText.into()),
        _ => {}
    }
    let path = PathBuf::from(".env");
    if path.is_file() {
        let broken = |_| ConfigError::DotEnv("a line of it is not of the form NAME=value".to_owned());
        let lines = dotenvy::from_path_iter(&path).map_err(broken)?;
        for line in lines {
            let (name, value) = line.map_err(broken)?;
            if name == KEY_VARIABLE && !value.trim().is_empty() {
                return Ok(Key::new(&value)?);
            }
        }
    }
    Err(ConfigError::NoKey.into())
}

/// The folder in which the journals of runs are kept: the user's state folder.
pub fn runs_folder() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().map_err(|cause| ConfigError::NoStateFolder(cause.to_string()))?;
    // Only Unix knows a folder for state; elsewhere it lives with the data.
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(state.join("stockport").join("runs"))
}

/// The folder in which a copy of an organization is kept before anything of it is deleted: in the user's data folder.
pub fn snapshots_folder() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().map_err(|cause| ConfigError::NoStateFolder(cause.to_string()))?;
    Ok(strategy.data_dir().join("stockport").join("snapshots"))
}
