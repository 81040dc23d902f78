//! Who is notified of how a command ends: a metrics file (`metrics`), a monitor (`api::Ping`), a shell command (`hook`).
//!
//! Once the command line is understood, they are notified whatever stops the command, and once only: the run may end on its
//! own while a second Ctrl-C ends it. Success is exit code 0, failure is any other. What goes wrong here is a warning, and
//! changes no exit code. A dry run notifies nobody.
//!
//! Belongs here: when who is notified, and of what. Doesn't: the options (`cli`), what a command's summary holds (`report`).

mod hook;
mod metrics;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{Network, Ping, PingError, Told};
use crate::cli::{BackupCommand, Cli, Command, Notify};
use crate::environment;
use crate::error::Exit;
use crate::output::contract::signed;
use crate::output::{About, Output};
use crate::sheet::write::{AtomicFile, WriteError};
use hook::Hook;

/// Notifies others of one command.
pub struct Notifier {
    output: Arc<Output>,
    command: String,
    /// The organizations that the command line names.
    orgs: Vec<String>,
    /// The folder of a backup that is made.
    dir: Option<PathBuf>,
    wanted: Option<Notify>,
    ping: Option<Ping>,
    /// The way to the monitor.
    network: OnceLock<Network>,
    began: Instant,
    /// The thread that tells the monitor of the start.
    start: Mutex<Option<JoinHandle<()>>>,
    /// Whether all is done. Held meanwhile.
    is_done: Mutex<bool>,
    is_ending: AtomicBool,
    is_interrupted: AtomicBool,
}

impl Notifier {
    /// Notifies those whom this command line names.
    pub fn of(cli: &Cli, command: Option<String>, output: &Arc<Output>) -> Result<Arc<Self>, PingError> {
        let mut orgs = cli.global.org.clone();
        let mut dir = None;
        let (wanted, is_dry) = match &cli.command {
            Command::Import(options) => (Some(&options.notify), options.dry_run || options.plan_out.is_some()),
            Command::Export(options) => (Some(&options.notify), false),
            Command::Migrate(options) => {
                orgs = options.to.iter().cloned().collect();
                (Some(&options.notify), options.dry_run)
            }
            Command::Backup(BackupCommand::Create(options)) => {
                dir = Some(options.dir.clone());
                (Some(&options.notify), false)
            }
            _ => (None, false),
        };
        let ping = wanted.and_then(|wanted| wanted.ping.as_deref()).map(Ping::parse);
        let ping = ping.transpose()?.filter(|_| !is_dry);
        let named = wanted.map(Notify::named).unwrap_or_default();
        if is_dry && !named.is_empty() {
            output.say(&format!("A dry run notifies nobody: {} ignored", named.join(", ")));
        }
        Ok(Arc::new(Self {
            output: Arc::clone(output),
            command: command.unwrap_or_default(),
            orgs,
            dir,
            wanted: wanted.filter(|_| !is_dry && !named.is_empty()).cloned(),
            ping,
            network: OnceLock::new(),
            began: Instant::now(),
            start: Mutex::default(),
            is_done: Mutex::default(),
            is_ending: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
        }))
    }

    /// Refuses a metrics file that can't be written.
    pub fn check(&self) -> Result<(), WriteError> {
        let file = self.wanted.as_ref().and_then(|wanted| wanted.metrics.as_deref());
        file.map_or(Ok(()), |file| AtomicFile::create(file, true).map(drop))
    }

    /// Tells the monitor of the start, on a thread: a monitor that doesn't answer holds nothing up. It is reached as the API is.
    pub fn begin(self: &Arc<Self>, network: Network) {
        self.network.get_or_init(|| network);
        if self.ping.is_some() {
            let notifier = Arc::clone(self);
            let tell = move || notifier.tell(Told::Start, &notifier.is_ending);
            *held(&self.start) = thread::Builder::new().name("ping".to_owned()).spawn(tell).ok();
        }
    }

    /// Notifies of the end, unless that was done, and waits for it.
    pub fn end(&self, exit: Exit) {
        let Some(wanted) = &self.wanted else { return };
        let mut is_done = held(&self.is_done);
        if std::mem::replace(&mut *is_done, true) {
            return;
        }
        self.is_ending.store(true, Ordering::Relaxed);
        let document = self.document(exit);
        if let Some(file) = &wanted.metrics {
            let run = metrics::Run {
                command: &self.command,
                exit: exit as u8,
                seconds: self.began.elapsed().as_secs_f64(),
                document: &document,
                orgs: &self.orgs,
                dir: self.dir.as_deref(),
            };
            if let Err(error) = run.write(file, &self.output) {
                self.output
                    .warn(&About::MetricsFailed.warning(format!("no metrics were written: {error}")));
            }
        }
        let (told, option, text) = match exit {
            Exit::Done => (Told::Success, "--on-success", &wanted.on_success),
            _ => (Told::Failure, "--on-failure", &wanted.on_failure),
        };
        if let Some(text) = text {
            let hook = Hook {
                option,
                text,
                limit: Duration::from_secs(wanted.hook_timeout),
                variables: [
                    ("STOCKPORT_COMMAND", self.command.clone()),
                    ("STOCKPORT_EXIT", (exit as u8).to_string()),
                ],
                input: format!("{document}\n"),
            };
            self.is_interrupted.store(false, Ordering::Relaxed);
            hook.run(&self.output, &self.is_interrupted);
        }
        self.is_interrupted.store(false, Ordering::Relaxed);
        // Last: a monitor that doesn't answer holds nothing up. The thread of the start doesn't panic.
        let _ = held(&self.start).take().map(JoinHandle::join);
        self.tell(told, &AtomicBool::new(false));
    }

    /// A signal that comes once the command has ended: it ends the notification that is under way. False before that.
    pub fn interrupt(&self) -> bool {
        if self.is_ending() {
            self.is_interrupted.store(true, Ordering::Relaxed);
        }
        self.is_ending()
    }

    /// Whether the command has ended.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    fn tell(&self, told: Told, is_last: &AtomicBool) {
        let Some(ping) = &self.ping else { return };
        let network = self.network.get().cloned().unwrap_or_default();
        if let Err(why) = ping.tell(&network, told, is_last, &self.is_interrupted) {
            let (host, what) = (ping.host(), format!("{told:?}").to_lowercase());
            self.output
                .warn(&About::PingFailed.warning(format!("--ping: {host} was not told of the {what}: {why}")));
        }
    }

    /// The document that `--json` prints, with the command and this machine's name: a hook may serve many machines. Of a
    /// result that could not be written, it has the error as well.
    fn document(&self, exit: Exit) -> Value {
        let (summary, error, code) = self.output.ending(exit as u8);
        let mut document = summary.unwrap_or_else(|| signed(&json!({})));
        if let Some(fields) = document.as_object_mut() {
            let own = fields.entry("error").or_insert(Value::Null);
            if own.is_null() && exit == Exit::Stopped {
                *own = json!(error);
                fields.insert("error_code".to_owned(), json!(code));
            }
            fields.insert("command".to_owned(), json!(self.command));
            fields.insert("host".to_owned(), json!(environment::host()));
        }
        document
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
