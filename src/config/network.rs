//! The way to the API: the proxy, its user and password, and further certificate authorities, by flag, environment or
//! profile, in this order.
//!
//! Doesn't belong here: the use of a proxy (`api`), the key (`key`).

use std::path::Path;

use super::error::ConfigError;
use super::file::Profile;
use super::{Wishes, key};
use crate::api::{Authorities, Network, Proxy};
use crate::error::Error;
use crate::files::{self, bounds};

/// What other programs read a proxy's address from, the first that is set.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What other programs read the hosts from that they reach without a proxy.
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The variables of a proxy's user and password.
const USER: &str = "STOCKPORT_PROXY_USER";
const PASSWORD: &str = "STOCKPORT_PROXY_PASSWORD";

/// The proxy of the variables above, where they are set; this machine is reached without it, as other programs do.
const ENVIRONMENT: &str = "env";
const LOOPBACK: &str = ",localhost,127.0.0.0/8,::1";

/// No proxy, whatever a profile says.
const NONE: &str = "none";

impl Wishes {
    /// The way to hosts. A proxy of the environment is used only where it is asked for.
    pub fn network(&self) -> Result<Network, Error> {
        let profile = self.profile.as_ref();
        let given = self.proxy.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let own = profile.filter(|_| given.is_none());
        let asked = given.or(own.and_then(|own| own.proxy.as_deref()));
        let named = VARIABLES.iter().find_map(|name| Some((*name, variable(name)?)));
        let mut network = Network {
            direct: DIRECT.iter().find_map(|name| variable(name)).unwrap_or_default(),
            authorities: self.authorities()?,
            ..Network::default()
        };
        let parse = |place: &str, text: &str| Proxy::parse(text).ok_or_else(|| ConfigError::Proxy(place.to_owned()));
        match asked {
            None => network.ignored = named.map(|(name, _)| name),
            Some(NONE) => {}
            Some(ENVIRONMENT) => {
                if let Some((name, text)) = named {
                    network.proxy = Some(parse(name, &text)?);
                    network.direct += LOOPBACK;
                }
            }
            Some(text) => {
                let profile = own.map(|own| format!("profile {:?}", own.name));
                network.proxy = Some(parse(profile.as_deref().unwrap_or("--proxy"), text)?);
            }
        }
        own.filter(|own| own.proxy.is_some()).map_or(Ok(()), Profile::trusted)?;
        if let Some(proxy) = network.proxy.take() {
            network.proxy = Some(self.with_login(proxy, own)?);
        }
        Ok(network)
    }

    /// The proxy with its user and password: of the file that a flag names, of the environment, of its address, of the
    /// profile's file, which is for the profile's own proxy.
    fn with_login(&self, proxy: Proxy, own: Option<&Profile>) -> Result<Proxy, Error> {
        let (user, password) = (variable(USER), variable(PASSWORD));
        let file = match (&self.proxy_auth_file, own.and_then(|own| own.proxy_auth_file.as_ref())) {
            (Some(file), _) => file,
            (None, _) if user.is_some() || password.is_some() => {
                return Ok(proxy.with_login(&user.unwrap_or_default(), &password.unwrap_or_default()));
            }
            (None, Some(file)) if !proxy.has_login() => file,
            _ => return Ok(proxy),
        };
        let text = key::secret(file)?;
        match text.trim_end_matches(['\r', '\n']).split_once(':') {
            Some((user, password)) if !text.trim_end().contains(['\r', '\n']) => Ok(proxy.with_login(user, password)),
            _ => Err(ConfigError::ProxyLogin(file.clone()).into()),
        }
    }

    /// The authorities of the file that a flag names, else of the profile's.
    fn authorities(&self) -> Result<Authorities, Error> {
        let own = self.profile.as_ref().filter(|profile| profile.ca_file.is_some());
        match (&self.ca_file, own) {
            (Some(path), _) => Ok(authorities(path)?),
            (None, Some(own)) => {
                own.trusted()?;
                Ok(own.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default())
            }
            (None, None) => Ok(Authorities::default()),
        }
    }
}

/// The certificates of a file.
pub(crate) fn authorities(path: &Path) -> Result<Authorities, ConfigError> {
    let fault = |why| ConfigError::CaFile {
        path: path.to_owned(),
        why,
    };
    let bytes = files::read_named(path, bounds::SETTINGS).map_err(|cause| fault(crate::cause::io(&cause)))?;
    // Binary data is no text, and has its own words.
    let text = files::text(&bytes).unwrap_or_default();
    let pem = if text.is_empty() { &bytes } else { text.as_bytes() };
    Authorities::parse(pem).map_err(|why| fault(why.to_string()))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
