//! One short file a command: it names a source, a target and a policy, and hands them to the journey. The commands that
//! write to an organization share one run (`run`).
//!
//! Belongs here: turning flags into values, opening what a command needs. Doesn't: logic of any kind.

mod backup;
mod config;
mod convert;
mod delete;
mod diff;
mod doctor;
mod ending;
mod ends;
mod error;
mod export;
mod fields;
mod help;
mod import;
mod inspect;
mod login;
mod manual;
mod migrate;
mod next;
mod outputs;
mod reading;
mod recheck;
mod recorded;
mod run;
mod runs;
mod sandbox;
mod schedule;
mod shell;
mod signals;
mod start;
mod template;
mod undo;
mod writing;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::FromArgMatches as _;
use clap::parser::{ArgMatches, ValueSource};

use self::ending::{ended, refused, refused_with};
pub use self::error::{CommandError, SUMS};
use crate::api::{ApiError, Client, Endpoint, Key, Waits};
use crate::cli::{BackupCommand, Cli, Command, Global, Pace, UsageError};
use crate::config::file::{Defaults, Profile};
use crate::config::{self as settings, ConfigError, Wishes};
use crate::error::{Error, Exit};
use crate::files::leftovers;
use crate::notify::Notifier;
use crate::output::{Output, Style};
use crate::parallel::is_guarded;
use crate::progress::waiting;
use crate::sandbox::{Flavour, Options, Sandbox, default_dir};
use crate::sheet::Stop;
use crate::transfer::printer;
use crate::upload;

/// What every command works with.
struct Context {
    output: Arc<Output>,
    wishes: Wishes,
    stop: Arc<AtomicBool>,
    /// Who is notified of the end.
    notifier: Arc<Notifier>,
    /// Where pauses are kept, whatever they are for.
    waits: Arc<Waits>,
    /// The same wish, as long as files are only read.
    reading: Stop,
    /// The user has agreed to deletions beforehand.
    yes: bool,
    /// The organizations that the command line itself names, not the environment.
    named_orgs: Vec<String>,
    /// The options that the command line itself gives.
    given: BTreeSet<String>,
}

/// An organization that can be asked.
struct Connected {
    client: Client,
    org: String,
    /// What names the API in journals and locks: its base, or the folder of the embedded server, whose port changes.
    place: String,
    /// What it is reached with.
    wishes: Wishes,
    /// The embedded server, which ends when this does.
    _sandbox: Option<Sandbox>,
}

/// Parses the command line, runs the command, and gives the process's exit code.
#[must_use]
pub fn main() -> u8 {
    // First of all, so that no other error shows the key.
    if let Err(error) = settings::refuse_pasted_keys() {
        return refused_with(&error.into()) as u8;
    }
    let parsed = crate::cli::command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            return refused(&error) as u8;
        }
    };
    hush_guarded_work();
    let output = Arc::new(printer(style(&cli.global)));
    let (start, awaits) = start::of(&cli, &matches);
    let command = start.command.clone();
    let notifier = match Notifier::of(&cli, command, &output) {
        Ok(notifier) => notifier,
        Err(error) => return refused_with(&error.into()) as u8,
    };
    output.begin(start, awaits);
    let exit = run(cli, given(&matches), Arc::clone(&output), Arc::clone(&notifier));
    ended(&output, Some(&notifier), exit) as u8
}

/// Runs the command.
fn run(cli: Cli, given: BTreeSet<String>, output: Arc<Output>, notifier: Arc<Notifier>) -> Exit {
    let stop = Arc::new(AtomicBool::new(false));
    let mut context = Context {
        waits: Arc::new(waiting::reported_to(&output)),
        output,
        wishes: wishes(&cli),
        reading: Stop::at(&stop),
        stop,
        notifier,
        yes: cli.global.yes,
        named_orgs: if given.contains("org") {
            cli.global.org.clone()
        } else {
            Vec::new()
        },
        given,
    };
    context.obey_interrupts();
    let chosen = if uses_profile(&cli) {
        settings::chosen(cli.global.profile.as_deref())
    } else {
        Ok(None)
    };
    let chosen = chosen.map(|profile| {
        if let Some(profile) = profile {
            context.take_profile(profile, cli.global.profile.is_some());
        }
    });
    // What is wrong with the way to the API is reported by whoever needs it.
    context.notifier.begin(context.wishes.network().unwrap_or_default());
    let takes_several = matches!(cli.command, Command::Backup(_) | Command::Sandbox(_));
    if !takes_several && cli.global.org.len() > 1 {
        return context.fail(ConfigError::SeveralOrganizations(cli.global.org).into());
    }
    if let Some((a, b)) = conflict(&cli, &context.given) {
        return context.fail(UsageError::conflict(a, b).into());
    }
    if let Some((a, b)) = outputs::same(&cli) {
        return context.fail(UsageError::same_file(a, b).into());
    }
    if let Err(error) = chosen {
        return context.fail(error.into());
    }
    leftovers::clear_scratch();
    match cli.command {
        Command::Import(options) => import::run(&context, &options),
        Command::Export(options) => export::run(&context, &options, None),
        Command::Undo(options) => undo::run(&context, &options),
        Command::Runs(options) => runs::run(&context, &options),
        Command::Sandbox(options) => sandbox::run(&context, &options),
        Command::Inspect(options) => inspect::run(&context, &options),
        Command::Convert(options) => convert::run(&context, &options),
        Command::Fields(_) => fields::run(&context),
        Command::Template(options) => template::run(&context, &options),
        Command::Backup(command) => backup::run(&context, &command),
        Command::Schedule(options) => schedule::run(&context, &options),
        Command::Config(command) => config::run(&context, &command),
        Command::Login(options) => login::run(&context, &options, cli.global.profile.as_deref()),
        Command::Doctor(options) => doctor::run(&context, &options, cli.global.profile.as_deref()),
        Command::Delete(options) => delete::run(&context, &options),
        Command::Diff(options) => diff::run(&context, &options),
        Command::Migrate(options) => migrate::run(&context, &options),
        Command::Completions(options) => manual::completions(&context, &options),
        Command::Man(options) => manual::man(&context, &options),
        Command::Help(options) => help::run(&context, &options),
    }
}

/// The options that the command line itself gives, in whatever command, by their names.
fn given(matches: &ArgMatches) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    let mut matches = Some(matches);
    while let Some(level) = matches {
        let ids = level.ids().map(clap::Id::as_str);
        let ids = ids.filter(|id| level.value_source(id) == Some(ValueSource::CommandLine));
        given.extend(ids.map(str::to_owned));
        matches = level.subcommand().map(|(_, below)| below);
    }
    given
}

/// Options that the command line gives and that exclude each other; what the environment says may be overruled.
fn conflict(cli: &Cli, given: &BTreeSet<String>) -> Option<(&'static str, &'static str)> {
    let flag = |id: &'static str, name: &'static str| given.contains(id).then_some(name);
    if given.contains("all_profiles") {
        let others = [
            ("org", "org"),
            ("profile", "profile"),
            ("api", "api"),
            ("key_file", "key-file"),
            ("sandbox", "sandbox"),
        ];
        let other = others.into_iter().find_map(|(id, name)| flag(id, name))?;
        return Some(("all-profiles", other));
    }
    (cli.global.sandbox && given.contains("profile")).then_some(("sandbox", "profile"))
}

/// Whether a command works with an organization, and so with a profile.
fn uses_profile(cli: &Cli) -> bool {
    match &cli.command {
        _ if cli.global.sandbox => false,
        Command::Import(_)
        | Command::Export(_)
        | Command::Undo(_)
        | Command::Delete(_)
        | Command::Backup(BackupCommand::Restore(_)) => true,
        // Where both ends have a profile of their own, no other one counts.
        Command::Migrate(migrate) => migrate.from_profile.is_none() || migrate.to_profile.is_none(),
        Command::Diff(diff) => [(&diff.a, &diff.a_profile), (&diff.b, &diff.b_profile)]
            .iter()
            .any(|(place, own)| own.is_none() && place.to_string_lossy().starts_with("org:")),
        Command::Backup(BackupCommand::Create(create)) => !create.all_profiles,
        Command::Backup(BackupCommand::Verify(verify)) => verify.against_org,
        // They say themselves what there is of a profile; a scheduled command has its own.
        Command::Login(_) | Command::Doctor(_) | Command::Schedule(_) => false,
        _ => cli.global.profile.is_some(),
    }
}

/// Silences the message of a panic that becomes an error with a message of its own.
fn hush_guarded_work() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_guarded() {
            usual(panic);
        }
    }));
}

fn style(global: &Global) -> Style {
    Style {
        json: global.json,
        json_log: global.json_log,
        quiet: global.quiet,
        verbose: global.verbose,
        color: global.color,
        no_progress: global.no_progress,
    }
}

fn wishes(cli: &Cli) -> Wishes {
    let global = &cli.global;
    let connections = match &cli.command {
        Command::Import(import) => usize::from(import.pace.jobs),
        Command::Undo(undo) => usize::from(undo.pace.jobs),
        Command::Backup(BackupCommand::Restore(restore)) => usize::from(restore.pace.jobs),
        Command::Delete(delete) => usize::from(delete.pace.jobs),
        Command::Migrate(migrate) => usize::from(migrate.pace.jobs),
        _ => 1,
    };
    Wishes {
        org: global.org.first().cloned(),
        orgs: global.org.clone(),
        api: global.api.clone(),
        sandbox: global.sandbox,
        sandbox_dir: global.sandbox_dir.clone(),
        retries: global.retries,
        timeout: Duration::from_secs(global.timeout),
        connections,
        key_file: global.key_file.clone(),
        proxy: global.proxy.clone(),
        proxy_auth_file: global.proxy_auth_file.clone(),
        ca_file: global.ca_file.clone(),
        profile: None,
        own_key_first: false,
    }
}

impl Context {
    /// Fills in from a profile what the command line and the environment leave open. A profile that is named uses its own
    /// key; only a key file of the command line goes before that.
    fn take_profile(&mut self, profile: Profile, is_named: bool) {
        let defaults = profile.defaults;
        let wishes = &mut self.wishes;
        if is_named && profile.has_key() {
            wishes.own_key_first = true;
            wishes.key_file.take_if(|_| !self.given.contains("key_file"));
        }
        if !self.given.contains("retries") {
            wishes.retries = defaults.retries.unwrap_or(wishes.retries);
        }
        if !self.given.contains("timeout") {
            wishes.timeout = defaults.timeout.unwrap_or(wishes.timeout);
        }
        if let Some(jobs) = defaults
            .jobs
            .filter(|_| wishes.connections > 1 && !self.given.contains("jobs"))
        {
            wishes.connections = usize::from(jobs);
        }
        *wishes = std::mem::take(wishes).with_profile(profile);
    }

    /// A profile's own organization, API and key, as one of several; what the environment says is meant for one
    /// organization, not for each.
    fn of_profile(&self, profile: Profile) -> Wishes {
        let wishes = Wishes {
            org: None,
            orgs: Vec::new(),
            api: None,
            key_file: self.wishes.key_file.clone().filter(|_| !profile.has_key()),
            own_key_first: true,
            retries: profile.defaults.retries.unwrap_or(self.wishes.retries),
            timeout: profile.defaults.timeout.unwrap_or(self.wishes.timeout),
            ..self.wishes.clone()
        };
        wishes.with_profile(profile)
    }

    /// The same context with other wishes.
    fn with(&self, wishes: Wishes) -> Self {
        Self {
            output: Arc::clone(&self.output),
            wishes,
            stop: Arc::clone(&self.stop),
            notifier: Arc::clone(&self.notifier),
            waits: Arc::clone(&self.waits),
            reading: self.reading.clone(),
            yes: self.yes,
            named_orgs: self.named_orgs.clone(),
            given: self.given.clone(),
        }
    }

    /// The organization that the flags name, or the embedded server's own.
    fn connect(&self) -> Result<Connected, Error> {
        self.connect_to(self.wishes.org.as_deref())
    }

    /// This organization, where the flags say; or the embedded server's own.
    fn connect_to(&self, org: Option<&str>) -> Result<Connected, Error> {
        self.connect_with(&self.wishes, org)
    }

    /// The same with other wishes than the command line's: those of one of several profiles.
    fn connect_with(&self, wishes: &Wishes, org: Option<&str>) -> Result<Connected, Error> {
        if !wishes.sandbox {
            let endpoint = wishes.endpoint(org)?;
            let place = endpoint.base.trim_end_matches('/').to_owned();
            return self.connected(wishes, &endpoint, place, None);
        }
        let options = self.sandbox_options(0, Vec::new(), Flavour::default())?;
        let place = format!("sandbox:{}", options.dir.display());
        let sandbox = Sandbox::start(options)?;
        let org = org.unwrap_or(sandbox.default_org()).to_owned();
        let Some(key) = sandbox.key_for(&org) else {
            let known = sandbox.organizations().iter().map(|org| org.name.clone()).collect();
            return Err(ConfigError::NotInSandbox { org, known }.into());
        };
        let endpoint = wishes.endpoint_at(sandbox.url().to_owned(), org, Key::new(key)?);
        self.connected(wishes, &endpoint, place, Some(sandbox))
    }

    fn connected(
        &self,
        wishes: &Wishes,
        endpoint: &Endpoint,
        place: String,
        sandbox: Option<Sandbox>,
    ) -> Result<Connected, Error> {
        self.output.connected(&endpoint.org);
        let client = self.client(endpoint)?;
        Ok(Connected {
            client,
            org: endpoint.org.clone(),
            place,
            wishes: wishes.clone(),
            _sandbox: sandbox,
        })
    }

    /// A client that the user can interrupt, and whose pauses are reported.
    fn client(&self, endpoint: &Endpoint) -> Result<Client, ApiError> {
        let client = Client::new(endpoint)?.with_stop(Arc::clone(&self.stop));
        Ok(client.with_waits(Arc::clone(&self.waits)))
    }

    /// How an organization that is reached with these wishes is written to.
    fn upload(&self, wishes: &Wishes, pace: &Pace) -> upload::Options {
        let defaults = wishes
            .profile
            .as_ref()
            .map_or_else(Defaults::default, |profile| profile.defaults);
        let open = |name: &str| !self.given.contains(name);
        upload::Options {
            jobs: usize::from(defaults.jobs.filter(|_| open("jobs")).unwrap_or(pace.jobs)),
            batch: usize::from(defaults.batch.filter(|_| open("batch")).unwrap_or(pace.batch)),
            retries: wishes.retries,
            rate: pace.rate.or(defaults.rate),
            max_failures: pace.max_failures,
        }
    }

    fn sandbox_options(&self, port: u16, orgs: Vec<String>, traits: Flavour) -> Result<Options, Error> {
        let dir = match &self.wishes.sandbox_dir {
            Some(dir) => dir.clone(),
            None => default_dir()?,
        };
        Ok(Options {
            dir,
            port,
            orgs,
            traits,
        })
    }
}

/// The folder of journals and locks. One that only looks does without it.
fn runs_folder(needed: bool) -> Result<PathBuf, Error> {
    match settings::runs_folder() {
        Err(error) if needed => Err(error.into()),
        folder => Ok(folder.unwrap_or_default()),
    }
}
