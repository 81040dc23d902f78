//! The two ends of a migration, each with its own endpoint.
//!
//! Doesn't belong here: moving anything between them (`migrate`).

use super::{CommandError, Connected, Context};
use crate::api::{Endpoint, Key};
use crate::cli::{self, UsageError};
use crate::config::{self as settings, ConfigError, Wishes};
use crate::error::{Category, Error};
use crate::migrate::Source;
use crate::report::Summary;
use crate::sandbox::{Flavour, Sandbox};

/// Where a migration reads, and where it writes.
pub(super) struct Ends {
    pub(super) from: Source,
    pub(super) to: Connected,
}

impl Ends {
    /// Names the target in an error of its key that stopped the run: see [`Context::of_end`].
    pub(super) fn blame(&self, context: &Context, options: &cli::Migrate, summary: &mut Summary) {
        let org = Some(self.to.org.as_str());
        summary.error = summary.error.take().map(|error| context.of_target(options, org, error));
    }
}

impl Context {
    /// Both organizations; of the embedded server, where that is meant.
    pub(super) fn connect_ends(&self, options: &cli::Migrate) -> Result<Ends, Error> {
        let own = [
            ("from-profile", &options.from_profile),
            ("to-profile", &options.to_profile),
        ];
        self.check_profiles(&own)?;
        if self.given.contains("org") {
            return Err(UsageError::conflict("org", "from").into());
        }
        let source = self.end(options.from_profile.as_deref())?;
        let target = self.end(options.to_profile.as_deref())?;
        let from = options.from.as_deref().or(source.org.as_deref());
        let to = options.to.as_deref().or(target.org.as_deref());
        if !self.wishes.sandbox {
            let place = |endpoint: &Endpoint| endpoint.base.trim_end_matches('/').to_owned();
            let source = source
                .endpoint(from)
                .map_err(|error| self.of_source(options, from, error))?;
            let endpoint = target
                .endpoint(to)
                .map_err(|error| self.of_target(options, to, error))?;
            return Ok(Ends {
                from: self.source(&source, place(&source))?,
                to: self.connected(&target, &endpoint, place(&endpoint), None)?,
            });
        }
        let options = self.sandbox_options(0, Vec::new(), Flavour::default())?;
        let place = format!("sandbox:{}", options.dir.display());
        let sandbox = Sandbox::start(options)?;
        let source = self.in_sandbox(&sandbox, from)?;
        let endpoint = self.in_sandbox(&sandbox, to)?;
        Ok(Ends {
            from: self.source(&source, place.clone())?,
            to: self.connected(&target, &endpoint, place, Some(sandbox))?,
        })
    }

    /// An error of the source: see [`Self::of_end`].
    pub(super) fn of_source(&self, options: &cli::Migrate, org: Option<&str>, cause: Error) -> Error {
        let end = format!("the source {}", org.unwrap_or_default());
        self.of_end(end, ("from-profile", options.from_profile.as_deref()), cause)
    }

    /// An error of the target: see [`Self::of_end`].
    pub(super) fn of_target(&self, options: &cli::Migrate, org: Option<&str>, cause: Error) -> Error {
        let end = format!("the target {}", org.unwrap_or_default());
        self.of_end(end, ("to-profile", options.to_profile.as_deref()), cause)
    }

    /// Where an error is about one end's key: the same with this end, and the option that gives it a profile of its own
    /// unless it has one.
    pub(super) fn of_end(&self, end: String, own: (&'static str, Option<&str>), cause: Error) -> Error {
        if self.wishes.sandbox || !matches!(cause.category(), Category::NoKey | Category::KeyRefused) {
            return cause;
        }
        let (option, profile) = own;
        let profiles = if profile.is_some() {
            Vec::new()
        } else {
            settings::profiles()
        };
        CommandError::EndKey {
            end,
            option,
            profiles,
            cause,
        }
        .into()
    }

    /// Refuses what can't be meant beside profiles of their own for these ends: each the option and the profile.
    pub(super) fn check_profiles(&self, own: &[(&'static str, &Option<String>)]) -> Result<(), UsageError> {
        let named = own.iter().find(|(_, profile)| profile.is_some());
        let Some((name, _)) = named else { return Ok(()) };
        if self.wishes.sandbox {
            return Err(UsageError::conflict("sandbox", name));
        }
        // With a profile for each end there is nothing left that these could be meant for.
        let others = [("api", "api"), ("key_file", "key-file"), ("profile", "profile")];
        let other = others.into_iter().find(|(id, _)| self.given.contains(*id));
        match other.filter(|_| own.iter().all(|(_, profile)| profile.is_some())) {
            Some((_, flag)) => Err(UsageError::conflict(flag, name)),
            None => Ok(()),
        }
    }

    /// What one end is reached with: its own profile, or what the command line says of all.
    pub(super) fn end(&self, profile: Option<&str>) -> Result<Wishes, Error> {
        let Some(name) = profile else {
            let mut wishes = self.wishes.clone();
            // --org and a profile of both ends can't name two organizations.
            wishes.org = None;
            return Ok(wishes);
        };
        let profile = settings::chosen(Some(name))?.ok_or_else(|| ConfigError::NoProfile {
            name: name.to_owned(),
            nearest: None,
        })?;
        Ok(self.of_profile(profile))
    }

    fn in_sandbox(&self, sandbox: &Sandbox, org: Option<&str>) -> Result<Endpoint, Error> {
        let org = org.filter(|org| !org.is_empty()).ok_or(ConfigError::NoOrganization)?;
        let Some(key) = sandbox.key_for(org) else {
            let known = sandbox.organizations().iter().map(|org| org.name.clone()).collect();
            let org = org.to_owned();
            return Err(ConfigError::NotInSandbox { org, known }.into());
        };
        let key = Key::new(key)?;
        Ok(self.wishes.endpoint_at(sandbox.url().to_owned(), org.to_owned(), key))
    }

    fn source(&self, endpoint: &Endpoint, place: String) -> Result<Source, Error> {
        Ok(Source::new(self.client(endpoint)?, place))
    }
}
