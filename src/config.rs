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

/// The variables that hold the key and the API of a migration's target, where another account owns it.
pub const TARGET_KEY_VARIABLE: &str = "CANNLYTICS_API_KEY_TO";
/// See [`TARGET_KEY_VARIABLE`].
pub const TARGET_API_VARIABLE: &str = "CANNLYTICS_API_URL_TO";

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
    /// A migration's target is at another API, and no key is meant for it.
    #[error("{TARGET_API_VARIABLE} names another API, and {TARGET_KEY_VARIABLE} holds no key for it")]
    NoTargetKey,
    /// `.env` can't be read.
    #[error("the file .env can't be read: {0}")]
    DotEnv(String),
    /// The variable is no text.
    #[error("{0} is not text")]
    KeyNotText(&'static str),
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
            Self::NoTargetKey => "set it too: a key goes to no other host than its own",
            Self::KeyNotText(_) => "set it again; a key is letters and digits",
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
    pub fn endpoint(&self) -> Result<Endpoint, crate::error::Error> {
        self.source(self.org.as_deref().unwrap_or_default())
    }

    /// The endpoint of an organization, with the usual API and key.
    pub fn source(&self, org: &str) -> Result<Endpoint, crate::error::Error> {
        if org.is_empty() {
            return Err(ConfigError::NoOrganization.into());
        }
        let key = key(KEY_VARIABLE)?.ok_or(ConfigError::NoKey)?;
        Ok(self.endpoint_at(self.base(), org.to_owned(), key))
    }

    /// The endpoint of a migration's target: with the API and the key that the environment names for it, else the usual
    /// ones. The usual key goes to the usual API alone.
    pub fn target(&self, org: &str) -> Result<Endpoint, crate::error::Error> {
        let api = std::env::var(TARGET_API_VARIABLE).ok().filter(|api| !api.is_empty());
        let endpoint = match (api, key(TARGET_KEY_VARIABLE)?) {
            (Some(_), None) => return Err(ConfigError::NoTargetKey.into()),
            (None, None) => return self.source(org),
            (api, Some(key)) => self.endpoint_at(api.unwrap_or_else(|| self.base()), org.to_owned(), key),
        };
        if org.is_empty() {
            return Err(ConfigError::NoOrganization.into());
        }
        Ok(endpoint)
    }

    fn base(&self) -> String {
        let named = self.api.clone().filter(|api| !api.is_empty());
        named.unwrap_or_else(|| DEFAULT_API.to_owned())
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
fn key(variable: &'static str) -> Result<Option<Key>, crate::error::Error> {
    match std::env::var(variable) {
        Ok(key) if !key.trim().is_empty() => return Ok(Some(Key::new(&key)?)),
        Err(std::env::VarError::NotUnicode(_)) => return Err(ConfigError::KeyNotText(variable).into()),
        _ => {}
    }
    let path = PathBuf::from(".env");
    if path.is_file() {
        let broken = |_| ConfigError::DotEnv("a line of it is not of the form NAME=value".to_owned());
        let lines = dotenvy::from_path_iter(&path).map_err(broken)?;
        for line in lines {
            let (name, value) = line.map_err(broken)?;
            if name == variable && !value.trim().is_empty() {
                return Ok(Some(Key::new(&value)?));
            }
        }
    }
    Ok(None)
}

/// The folder in which copies of organizations are kept before they are written to: in the user's data folder.
pub fn copies_folder() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().map_err(|cause| ConfigError::NoStateFolder(cause.to_string()))?;
    Ok(strategy.data_dir().join("stockport").join("copies"))
}

/// The folder in which the journals of runs are kept: the user's state folder.
pub fn runs_folder() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().map_err(|cause| ConfigError::NoStateFolder(cause.to_string()))?;
    // Only Unix knows a folder for state; elsewhere it lives with the data.
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(state.join("stockport").join("runs"))
}
