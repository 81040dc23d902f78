//! What a run works with: flags, then the environment, then `.env` (which gives a key and nothing else), then the config
//! file's profile, resolved once into one value.
//!
//! Belongs here: where the key, the host and the organization come from. Doesn't: what the flags are called (`cli`).

mod dotenv;
mod error;
pub mod file;
pub mod folder;
pub mod key;
mod network;
pub mod pasted;
pub mod shell;
pub mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::api::{Again, Endpoint, Key, Network};
use crate::columns::nearest;
use crate::environment;
use crate::files::trust;
use crate::files::{self, bounds};
pub use error::{ConfigError, KEY_VARIABLE};
use file::{File, Profile};
use folder::Base;
use key::{Found, KeySource};
pub(crate) use network::authorities;

/// The vendor's public endpoint (its documentation).
pub const DEFAULT_API: &str = "https://console.cannlytics.com/api";

/// What the flags say; the environment is already in where clap reads it.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The organization.
    pub org: Option<String>,
    /// All organizations that are named, where a command takes several.
    pub orgs: Vec<String>,
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
    /// The file that holds the key, by `--key-file`.
    pub key_file: Option<PathBuf>,
    /// The proxy: its address, `env` or `none`.
    pub proxy: Option<String>,
    /// The file that holds the proxy's user and password.
    pub proxy_auth_file: Option<PathBuf>,
    /// The file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// The profile that fills in what flags and environment leave open.
    pub profile: Option<Profile>,
    /// The profile's key goes before the environment's: the profile is named, or it is one of several that are worked with
    /// at once, of which the environment's key could be right for one at most.
    pub own_key_first: bool,
}

impl Wishes {
    /// The same with what a profile says where flags and environment say nothing.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        if self.orgs.is_empty() {
            self.orgs.extend(profile.org.clone());
            self.org.clone_from(&profile.org);
        }
        self.profile = Some(profile);
        self
    }

    /// The endpoint of the API that is meant, key included.
    pub fn endpoint(&self, org: Option<&str>) -> Result<Endpoint, crate::error::Error> {
        let org = org
            .filter(|org| !org.is_empty())
            .map(str::to_owned)
            .ok_or(ConfigError::NoOrganization)?;
        let base = self.base();
        let (key, source) = self.key(&base)?;
        pasted::refuse(&[&key])?;
        let again = source.can_change().then(|| self.again(base.clone()));
        Ok(Endpoint {
            again,
            ..self.remote(base, org, key)?
        })
    }

    /// Asks for the key once more, where it was found.
    fn again(&self, base: String) -> Again {
        let wishes = self.clone();
        let again = move || {
            let found = wishes.key(&base).map(|(key, _)| key);
            found.map_err(|error| error.to_string())
        };
        Again(Arc::new(again))
    }

    /// The API's base: by flag or environment, else the profile's, else the vendor's.
    #[must_use]
    pub fn base(&self) -> String {
        let own = self.profile.as_ref().and_then(|profile| profile.api.as_deref());
        self.given_api().or(own).unwrap_or(DEFAULT_API).to_owned()
    }

    /// The key that would be used, and where it comes from.
    pub fn found_key(&self) -> Result<Found, crate::error::Error> {
        self.key(&self.base())
    }

    fn given_api(&self) -> Option<&str> {
        self.api.as_deref().filter(|api| !api.is_empty())
    }

    /// The key: of the file that a flag names, of the environment, of `.env`, of the profile, in this order; the profile's
    /// comes second where it is named.
    fn key(&self, base: &str) -> Result<Found, crate::error::Error> {
        if let Some(profile) = self.profile.as_ref().filter(|profile| profile.api.is_some())
            && self.given_api().is_none()
        {
            profile.trusted()?;
        }
        if let Some(path) = &self.key_file {
            return Ok((key::from_file(path)?, KeySource::File(path.clone())));
        }
        if self.own_key_first
            && let Some(key) = self.profile_key(base)?
        {
            return Ok(key);
        }
        if let Some(key) = key::from_environment()? {
            return Ok(key);
        }
        self.profile_key(base)?.ok_or_else(|| ConfigError::NoKey.into())
    }

    /// The profile's key, which goes to the profile's host alone.
    fn profile_key(&self, base: &str) -> Result<Option<Found>, crate::error::Error> {
        let Some(profile) = self.profile.as_ref().filter(|profile| profile.has_key()) else {
            return Ok(None);
        };
        let own = host(profile.api.as_deref().unwrap_or(DEFAULT_API));
        let other = host(base);
        if own != other {
            return Err(ConfigError::OtherHost {
                profile: profile.name.clone(),
                own,
                other,
            }
            .into());
        }
        profile.key()
    }

    /// An endpoint with this key, reached as the settings say.
    pub fn remote(&self, base: String, org: String, key: Key) -> Result<Endpoint, crate::error::Error> {
        Ok(Endpoint {
            network: self.network()?,
            ..self.endpoint_at(base, org, key)
        })
    }

    /// An endpoint on this machine that is reached directly, as the embedded server's.
    #[must_use]
    pub fn endpoint_at(&self, base: String, org: String, key: Key) -> Endpoint {
        Endpoint {
            base,
            org,
            key,
            again: None,
            timeout: self.timeout,
            retries: self.retries,
            connections: self.connections,
            network: Network::default(),
        }
    }
}

impl Profile {
    /// Whether it says where its key is.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key_file.is_some() || self.key_command.is_some()
    }

    /// Refuses a profile that others could have written: it says where a key goes, and which command is run.
    pub fn trusted(&self) -> Result<(), ConfigError> {
        match &self.distrusted {
            Some((path, why)) => Err(ConfigError::Distrusted {
                path: path.clone(),
                why: why.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Its key; none where it says nothing of one.
    pub fn key(&self) -> Result<Option<Found>, crate::error::Error> {
        if self.has_key() {
            self.trusted()?;
        }
        match (&self.key_file, &self.key_command) {
            (Some(path), _) => Ok(Some((key::from_file(path)?, KeySource::File(path.clone())))),
            (None, Some(command)) => Ok(Some((key::from_command(command)?, KeySource::Command(command.clone())))),
            (None, None) => Ok(None),
        }
    }
}

/// Scheme, host and port of a base, as they decide who gets a key.
fn host(base: &str) -> String {
    let lower = base.trim().to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://").unwrap_or(("", &lower));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let default_port = if scheme == "http" { ":80" } else { ":443" };
    format!(
        "{scheme}://{}",
        authority.strip_suffix(default_port).unwrap_or(authority)
    )
}

/// Whether two bases are two spellings of one API: by case, an ending `/`, a port that goes without saying, the loopback's
/// names, or the vendor's two hosts, behind which one and the same data are (API contract).
#[must_use]
pub fn is_same_api(a: &str, b: &str) -> bool {
    let normal = |base: &str| {
        let own = host(base);
        let known = match own.as_str() {
            "https://console.cannlytics.com" | "https://www.cannlytics.com" => "https://cannlytics.com".to_owned(),
            _ => ["//localhost", "//[::1]"]
                .iter()
                .find(|name| {
                    own.split_once(**name)
                        .is_some_and(|(_, port)| port.is_empty() || port.starts_with(':'))
                })
                .map_or_else(|| own.clone(), |name| own.replacen(*name, "//127.0.0.1", 1)),
        };
        let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
        let path = rest.split_once('/').map_or("", |(_, path)| path).trim_matches('/');
        (known, path.to_owned())
    };
    a == b || normal(a) == normal(b)
}

/// Refuses a command line with a key in it: the environment's, `.env`'s, or what looks like one. The others' keys are
/// compared once they are known.
pub fn refuse_pasted_keys() -> Result<(), ConfigError> {
    let known = key::from_environment().ok().flatten().map(|(key, _)| key);
    pasted::refuse(known.as_ref().as_slice())
}

/// Where the config file is: `STOCKPORT_CONFIG`, or `stockport/config.toml` in the user's folder of settings. Whether it
/// was named, and so has to be there.
pub fn config_path() -> Result<(PathBuf, bool), ConfigError> {
    if let Some(named) = environment::filled("STOCKPORT_CONFIG") {
        return Ok((named.into(), true));
    }
    let folder = Base::Config.folder().map_err(ConfigError::NoConfigFolder)?;
    Ok((folder.join("stockport").join("config.toml"), false))
}

/// Reads the config file; one that isn't there is empty, unless it was named.
pub fn load() -> Result<(PathBuf, Option<File>), ConfigError> {
    let (path, is_named) = config_path()?;
    let read = || {
        let file = files::open_named(&path)?;
        let found = file.metadata()?;
        Ok((files::text_of(file, bounds::SETTINGS)?, trust::distrust(&path, &found)))
    };
    let (text, distrust) = match read() {
        Ok(read) => read,
        Err(cause) if std::io::Error::kind(&cause) == std::io::ErrorKind::NotFound && !is_named => {
            return Ok((path, None));
        }
        Err(cause) => return Err(ConfigError::Read { path, cause }),
    };
    let home = folder::home();
    let below = path.parent().unwrap_or(Path::new("."));
    match File::parse(&text, below, home.as_deref()) {
        Ok(mut file) => {
            for profile in &mut file.profiles {
                profile.distrusted = distrust.clone().map(|why| (path.clone(), why));
            }
            Ok((path, Some(file)))
        }
        Err((line, fault)) => Err(ConfigError::File { path, line, fault }),
    }
}

/// The profile that is meant: the one named, else the file's own choice, else one called `default`; none where there is
/// none of these.
pub fn chosen(name: Option<&str>) -> Result<Option<Profile>, ConfigError> {
    let (path, file) = match load() {
        Ok(loaded) => loaded,
        // Without a home there is no config file, and none is asked for.
        Err(ConfigError::NoConfigFolder(_)) if name.is_none() => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(file) = file else {
        return if name.is_some() {
            Err(ConfigError::NoFile(path))
        } else {
            Ok(None)
        };
    };
    let wanted = name.or(file.profile.as_deref());
    match (file.named(wanted.unwrap_or("default")), wanted) {
        (Some(profile), _) => Ok(Some(profile.clone())),
        (None, None) => Ok(None),
        (None, Some(name)) => Err(ConfigError::NoProfile {
            name: name.to_owned(),
            nearest: nearest(name, file.profiles.iter().map(|profile| profile.name.as_str())).map(str::to_owned),
        }),
    }
}

/// The folder in which the journals of runs are kept: the user's state folder.
pub fn runs_folder() -> Result<PathBuf, ConfigError> {
    let state = Base::State.folder().map_err(ConfigError::NoStateFolder)?;
    Ok(state.join("stockport").join("runs"))
}

/// The folder in which a copy of an organization is kept before anything of it is deleted: in the user's data folder.
pub fn snapshots_folder() -> Result<PathBuf, ConfigError> {
    let data = Base::Data.folder().map_err(ConfigError::NoDataFolder)?;
    Ok(data.join("stockport").join("snapshots"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_api_is_known_under_all_its_spellings() {
        for (a, b) in [
            ("https://cannlytics.com/api", "https://console.cannlytics.com/api/"),
            ("https://Example.com:443/api", "https://example.com/api"),
            ("http://localhost:8000/api", "http://127.0.0.1:8000/api/"),
            ("http://[::1]:8000/api", "http://LOCALHOST:8000/api"),
            ("sandbox:/a", "sandbox:/a"),
        ] {
            assert!(is_same_api(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("https://example.com/api", "https://example.com/v2"),
            ("http://127.0.0.1:8000/api", "http://127.0.0.1:8001/api"),
            ("https://localhost.example.com", "https://127.0.0.1"),
            ("sandbox:/a", "sandbox:/b"),
        ] {
            assert!(!is_same_api(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_key_travels_by_scheme_host_and_port() {
        let same = "https://example.com";
        for base in [
            "https://example.com/api",
            "HTTPS://Example.com:443",
            "https://example.com/other?x",
        ] {
            assert_eq!(host(base), same, "{base}");
        }
        for base in [
            "http://example.com",
            "https://example.com:8443/api",
            "https://example.com.evil.org",
            "https://api.example.com",
        ] {
            assert_ne!(host(base), same, "{base}");
        }
    }
}
