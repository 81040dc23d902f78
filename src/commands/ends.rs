//! The two ends of a migration, each with its own endpoint.

use std::sync::Arc;

use super::{Connected, Context};
use crate::api::{Client, Endpoint, Key};
use crate::config::ConfigError;
use crate::error::Error;
use crate::migrate::Source;
use crate::sandbox::{Flavour, Sandbox};

/// Where a migration reads, and where it writes.
pub(super) struct Ends {
    pub(super) from: Source,
    pub(super) to: Connected,
}

impl Context {
    /// Both organizations; of the embedded server, where that is meant.
    pub(super) fn connect_ends(&self, from: &str, to: &str) -> Result<Ends, Error> {
        if !self.wishes.sandbox {
            let place = |endpoint: &Endpoint| endpoint.base.trim_end_matches('/').to_owned();
            let source = self.wishes.source(from)?;
            let target = self.wishes.target(to)?;
            return Ok(Ends {
                from: self.source(&source, place(&source))?,
                to: self.connected(&target, place(&target), None)?,
            });
        }
        let options = self.sandbox_options(0, Vec::new(), Flavour::default())?;
        let place = format!("sandbox:{}", options.dir.display());
        let sandbox = Sandbox::start(options)?;
        let source = self.in_sandbox(&sandbox, from)?;
        let target = self.in_sandbox(&sandbox, to)?;
        Ok(Ends {
            from: self.source(&source, place.clone())?,
            to: self.connected(&target, place, Some(sandbox))?,
        })
    }

    fn in_sandbox(&self, sandbox: &Sandbox, org: &str) -> Result<Endpoint, Error> {
        let Some(key) = sandbox.key_for(org) else {
            let known = sandbox.organizations().iter().map(|org| org.name.clone()).collect();
            let org = org.to_owned();
            return Err(ConfigError::NotInSandbox { org, known }.into());
        };
        let key = Key::new(key)?;
        Ok(self.wishes.endpoint_at(sandbox.url().to_owned(), org.to_owned(), key))
    }

    fn source(&self, endpoint: &Endpoint, place: String) -> Result<Source, Error> {
        let client = Client::new(endpoint)?.with_stop(Arc::clone(&self.stop));
        Ok(Source::new(client, place))
    }
}
