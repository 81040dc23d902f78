//! One short file a command: it names a source, a target and a policy, and hands them to the journey.
//!
//! Belongs here: turning flags into values, opening what a command needs. Doesn't: logic of any kind.

mod convert;
mod ends;
mod export;
mod import;
mod inspect;
mod migrate;
mod reading;
mod runs;
mod sandbox;
mod undo;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use serde_json::json;

use crate::api::{Client, Endpoint, Key};
use crate::cli::{Cli, Command, Global, Pace};
use crate::config::{self, ConfigError, Wishes};
use crate::error::{Error, Exit};
use crate::output::{Output, Style};
use crate::runs::{Identity, Job, Lock};
use crate::sandbox::{Flavour, Options, Sandbox, default_dir};
use crate::shard::Shard;
use crate::upload;

/// What every command works with.
struct Context {
    output: Output,
    wishes: Wishes,
    stop: Arc<AtomicBool>,
}

/// An organization that can be asked.
struct Connected {
    client: Client,
    org: String,
    /// What names the API in journals and locks: its base, or the folder of the embedded server, whose port changes.
    place: String,
    /// The embedded server, which ends when this does.
    _sandbox: Option<Sandbox>,
}

/// Parses the command line, runs the command, and gives the process's exit code.
#[must_use]
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error; clap knows which is which.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
        }
    };
    let context = Context {
        output: Output::new(style(&cli.global)),
        wishes: wishes(&cli),
        stop: Arc::new(AtomicBool::new(false)),
    };
    context.obey_interrupts();
    let exit = match cli.command {
        Command::Import(options) => import::run(&context, &options),
        Command::Export(options) => export::run(&context, &options),
        Command::Undo(options) => undo::run(&context, &options),
        Command::Runs(options) => runs::run(&context, &options),
        Command::Sandbox(options) => sandbox::run(&context, &options),
        Command::Inspect(options) => inspect::run(&context, &options),
        Command::Convert(options) => convert::run(&context, &options),
        Command::Migrate(options) => migrate::run(&context, &options),
    };
    exit as u8
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
        Command::Migrate(migrate) => usize::from(migrate.pace.jobs),
        _ => 1,
    };
    Wishes {
        org: global.org.clone(),
        api: global.api.clone(),
        sandbox: global.sandbox,
        sandbox_dir: global.sandbox_dir.clone(),
        retries: global.retries,
        timeout: Duration::from_secs(global.timeout),
        connections,
    }
}

impl Context {
    /// The first Ctrl-C (or SIGTERM) asks the run to stop in order, the second stops it at once.
    fn obey_interrupts(&self) {
        let stop = Arc::clone(&self.stop);
        let handler = move || {
            if stop.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted as i32);
            }
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            self.output.say(&format!(
                "Ctrl-C will stop at once, without finishing what is in flight ({error})"
            ));
        }
    }

    /// The organization that the flags name, or the embedded server's own.
    fn connect(&self) -> Result<Connected, Error> {
        if !self.wishes.sandbox {
            let endpoint = self.wishes.endpoint()?;
            let place = endpoint.base.trim_end_matches('/').to_owned();
            return self.connected(&endpoint, place, None);
        }
        let options = self.sandbox_options(0, Vec::new(), Flavour::default())?;
        let place = format!("sandbox:{}", options.dir.display());
        let sandbox = Sandbox::start(options)?;
        let org = self
            .wishes
            .org
            .clone()
            .unwrap_or_else(|| sandbox.default_org().to_owned());
        let Some(key) = sandbox.key_for(&org) else {
            let known = sandbox.organizations().iter().map(|org| org.name.clone()).collect();
            return Err(ConfigError::NotInSandbox { org, known }.into());
        };
        let endpoint = self.wishes.endpoint_at(sandbox.url().to_owned(), org, Key::new(key)?);
        self.connected(&endpoint, place, Some(sandbox))
    }

    fn connected(&self, endpoint: &Endpoint, place: String, sandbox: Option<Sandbox>) -> Result<Connected, Error> {
        let client = Client::new(endpoint)?.with_stop(Arc::clone(&self.stop));
        Ok(Connected {
            client,
            org: endpoint.org.clone(),
            place,
            _sandbox: sandbox,
        })
    }

    fn upload(&self, pace: &Pace) -> upload::Options {
        upload::Options {
            jobs: usize::from(pace.jobs),
            batch: usize::from(pace.batch),
            retries: self.wishes.retries,
            rate: pace.rate,
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

    /// Says why a command could not do its work, as text or as the one JSON document.
    fn fail(&self, error: &Error) -> Exit {
        let hint = error.hint();
        let message = hint
            .as_ref()
            .map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"));
        self.output.document(&json!({"error": message}));
        self.output.error(&error.to_string(), hint.as_deref());
        error.exit()
    }
}

/// The right to write to an organization, with the other shards of the same job where there are some. `files` and
/// `options` tell one job from another.
fn lock(folder: &Path, identity: &Identity, options: &str, shard: Option<Shard>) -> Result<Lock, Error> {
    let (api, org, command) = (&identity.api, &identity.org, &identity.command);
    let Some(shard) = shard else {
        return Ok(Lock::take(folder, api, org, command)?);
    };
    let name = format!("{command} {:?} {options} of {}", identity.files, shard.of());
    let job = Job { name: &name, shard };
    Ok(Lock::share(folder, api, org, command, job)?)
}

/// The folder of journals and locks. One that only looks does without it.
fn runs_folder(needed: bool) -> Result<PathBuf, Error> {
    match config::runs_folder() {
        Err(error) if needed => Err(error.into()),
        folder => Ok(folder.unwrap_or_default()),
    }
}
