//! The runs of this machine: their journals in one folder, which of them can be gone on with, what they know of an
//! organization, and the lock that keeps two of them from writing to one at once.
//!
//! Belongs here: finding and keeping journals. Doesn't: what stands in one (`journal`).

mod lock;

use std::io::Read;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::{Sha256, hex};
use crate::inventory::{Completeness, Listing};
use crate::journal::{Facts, Journal, JournalError};
use crate::report::Summary;
use crate::shard::Shard;
use crate::sheet::ReadError;
pub use lock::{Job, Lock, LockError};

/// How long the journal of a run is kept: long enough to undo what is noticed at a month's or a quarter's end.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A file that a run reads, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Its absolute path, `-` for standard input.
    pub path: String,
    /// The SHA-256 of its content, in hexadecimal; none for standard input, which can't be read again.
    pub sha256: Option<String>,
}

/// What identifies a run: what it does, with what, to which organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The command (`import`).
    pub command: String,
    /// Its files.
    pub files: Vec<Fingerprint>,
    /// The API's base.
    pub api: String,
    /// The organization.
    pub org: String,
    /// The options that decide what a row means, as a user types them, one a line (`--blanks keep`).
    pub options: String,
}

/// What differs between the options of two runs, for a person: the earlier one's.
#[must_use]
pub fn other_options(then: &str, now: &str) -> Option<String> {
    if then == now {
        return None;
    }
    let gone: Vec<&str> = then
        .lines()
        .filter(|line| !now.lines().any(|other| other == *line))
        .collect();
    let come: Vec<&str> = now
        .lines()
        .filter(|line| !then.lines().any(|other| other == *line))
        .collect();
    let named = |options: &[&str]| {
        if options.is_empty() {
            "nothing of the kind".to_owned()
        } else {
            options.join(" ")
        }
    };
    Some(format!("{}, and now it is {}", named(&gone), named(&come)))
}

/// Why a run can't be found or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No journal of this name.
    #[error("there is no run {0:?}")]
    NoSuchRun(String),
    /// Its process keeps its journal to itself.
    #[error("run {0} is under way: its journal is being written")]
    Busy(String),
    /// Nothing to work with.
    #[error("there is no run to {0}")]
    NoRun(&'static str),
    /// The journal is of another command, file or organization.
    #[error("run {run} can't be gone on with: {why}")]
    Mismatch {
        /// The run.
        run: String,
        /// What differs.
        why: String,
    },
    /// It went to another place than the one that is meant now.
    #[error("run {run} can't be undone from here: {why}")]
    Elsewhere {
        /// The run.
        run: String,
        /// Where it went.
        why: String,
    },
    /// The organization lists nothing, and its name is a part of one that earlier runs know.
    #[error("{org} lists no items, and its name is a part of {known}, an organization that is known")]
    CutShort {
        /// The name that was given.
        org: String,
        /// The name that is known.
        known: String,
    },
    /// The list is empty, or shrunken by half, where an earlier run knows better.
    #[error("{org} lists {}, where {} were known", crate::output::counted(*.now, "item"), crate::output::grouped(*.before))]
    Shrunken {
        /// The organization.
        org: String,
        /// What is listed now.
        now: u64,
        /// What was known.
        before: u64,
    },
}

impl RunError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchRun(_) | Self::NoRun(_) => "see which runs there are with `stockport runs`",
            Self::Busy(_) => "wait for its end, which `stockport runs` shows, or name another run",
            Self::Elsewhere { .. } => "name that organization with --org, and that API with --api or --sandbox",
            Self::Mismatch { .. } => "start a run of its own: leave --resume out",
            Self::CutShort { .. } => {
                "give the organization's whole name: the API would save under a part of it as well; --allow-empty goes on"
            }
            Self::Shrunken { now: 0, .. } => {
                "check the spelling of the organization; --allow-empty goes on with an empty one"
            }
            Self::Shrunken { .. } => "find out where they went; --allow-shrink goes on all the same",
        }
    }
}

/// What earlier runs know of an organization, and which surprises are allowed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// How many items it held when the last run that knows looked, with what that run added and took away.
    pub at_least: Option<u64>,
    /// An organization that is known, and whose name holds this one's.
    pub longer_name: Option<String>,
    /// An empty organization is no surprise.
    pub allow_empty: bool,
    /// Neither is one that has shrunken.
    pub allow_shrink: bool,
}

impl Known {
    /// Stops a run whose organization is suddenly empty, or has lost half of its items: the server's check of names is
    /// a substring test, and an organization whose name was cut short lists nothing (API contract).
    pub fn check(&self, org: &str, listing: &Listing) -> Result<(), RunError> {
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            return Ok(());
        }
        let now = listing.count;
        if let (0, None, Some(known), false) = (now, self.at_least, &self.longer_name, self.allow_empty) {
            return Err(RunError::CutShort {
                org: org.to_owned(),
                known: known.clone(),
            });
        }
        let Some(before) = self.at_least else { return Ok(()) };
        let emptied = now == 0 && before > 0 && !self.allow_empty;
        let shrunken = now > 0 && now * 2 <= before && !self.allow_shrink;
        if emptied || shrunken {
            return Err(RunError::Shrunken {
                org: org.to_owned(),
                now,
                before,
            });
        }
        Ok(())
    }
}

/// A run as the list of runs shows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// Its journal.
    pub path: PathBuf,
    /// What it noted of itself; nothing where it is busy.
    pub facts: Facts,
    /// Its process keeps its journal to itself this very moment: it is writing its plan, as a rule.
    pub is_busy: bool,
}

impl Run {
    /// A fact, or nothing.
    #[must_use]
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// The files that it read, or the organization that it read as one.
    #[must_use]
    pub fn files(&self) -> Vec<Fingerprint> {
        serde_json::from_str(self.fact("files")).unwrap_or_default()
    }

    /// Whether it came to its end, well or not; else it was interrupted or its process died.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.fact("state") == "finished"
    }
}

/// The folder of journals.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
    /// The share of its job that a run of this process does; none where it does all of it.
    shard: String,
}

impl Runs {
    /// The journals in this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            shard: String::new(),
        }
    }

    /// A run that begins, or is gone on with, is of this share of its job.
    #[must_use]
    pub fn of_shard(mut self, shard: Option<Shard>) -> Self {
        self.shard = shard.map_or_else(String::new, |shard| shard.to_string());
        self
    }

    /// Begins a run: a journal of its own, its identity noted. Journals that have passed their age are removed.
    /// `source` says for people where the items come from.
    pub fn begin(&self, identity: &Identity, source: &str) -> Result<(String, Journal), Error> {
        self.prune(SystemTime::now());
        let name = crate::journal::run_name();
        let journal = Journal::create(&self.folder, &name)?;
        journal.note_all(&[
            ("command", &identity.command),
            ("source", source),
            ("files", &serde_json::to_string(&identity.files).unwrap_or_default()),
            ("api", &identity.api),
            ("org", &identity.org),
            ("options", &identity.options),
            ("shard", &self.shard),
            ("version", env!("CARGO_PKG_VERSION")),
            ("started", &now()),
            ("state", "begun"),
        ])?;
        Ok((name, journal))
    }

    /// Notes how a run ended.
    pub fn end(journal: &Journal, summary: &Summary) -> Result<(), JournalError> {
        let interrupted = matches!(summary.error, Some(Error::Interrupted));
        let stopped = summary.tally.is_none_or(|tally| tally.not_attempted > 0);
        journal.note_all(&[
            ("ended", &now()),
            ("summary", &summary.document().to_string()),
            ("state", if interrupted || stopped { "stopped" } else { "finished" }),
        ])
    }

    /// All runs, the newest first. What is no journal, or can't be read, is left out.
    #[must_use]
    pub fn list(&self) -> Vec<Run> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut runs: Vec<Run> = entries
            .flatten()
            .filter_map(|entry| {
                let path = entry.path();
                let name = path.file_name()?.to_str()?.strip_suffix(".sqlite")?.to_owned();
                let facts = Journal::glance(&path).ok()?;
                Some(Run {
                    name,
                    path,
                    is_busy: facts.is_none(),
                    facts: facts.unwrap_or_default(),
                })
            })
            .collect();
        // Names begin with the moment in which the run began.
        runs.sort_by(|a, b| b.name.cmp(&a.name));
        runs
    }

    /// The run of this name.
    pub fn find(&self, name: &str) -> Result<Run, RunError> {
        match self.list().into_iter().find(|run| run.name == name) {
            None => Err(RunError::NoSuchRun(name.to_owned())),
            Some(run) if run.is_busy => Err(RunError::Busy(run.name)),
            Some(run) => Ok(run),
        }
    }

    /// The run that `--resume` means: the one named, or the last one of the same command, files and organization that
    /// did not come to its end. A file whose content has changed since, or another organization, is refused.
    pub fn resumable(&self, wanted: Option<&str>, identity: &Identity) -> Result<Option<Run>, RunError> {
        if let Some(name) = wanted {
            let run = self.find(name)?;
            return match mismatch(&run, identity) {
                Some(why) => Err(RunError::Mismatch { run: run.name, why }),
                None => Ok(Some(run)),
            };
        }
        let same_place = |run: &Run| {
            run.fact("command") == identity.command
                && run.fact("api") == identity.api
                && run.fact("org") == identity.org
                && run.fact("shard") == self.shard
                && paths(&run.files()) == paths(&identity.files)
        };
        let Some(run) = self.list().into_iter().find(same_place) else {
            return Ok(None);
        };
        if run.is_finished() {
            return Ok(None);
        }
        match mismatch(&run, identity) {
            Some(why) => Err(RunError::Mismatch { run: run.name, why }),
            None => Ok(Some(run)),
        }
    }

    /// What the runs know of an organization; no surprise is allowed.
    #[must_use]
    pub fn known(&self, api: &str, org: &str) -> Known {
        let runs = self.list();
        let at = |run: &&Run| run.fact("api") == api;
        // A name that was cut short passes the server's check, and lists nothing (API contract).
        let longer_name = runs
            .iter()
            .filter(at)
            .filter(|run| !run.fact("held").is_empty())
            .map(|run| run.fact("org"))
            .find(|known| *known != org && known.contains(org))
            .map(str::to_owned);
        let of_org = |run: &&Run| run.fact("org") == org;
        Known {
            at_least: runs.iter().filter(at).filter(of_org).find_map(left),
            longer_name,
            ..Known::default()
        }
    }

    /// Removes the journals that have passed their age. One that can't be removed is none the worse for staying.
    fn prune(&self, now: SystemTime) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_journal = name.to_str().is_some_and(|name| name.contains(".sqlite"));
            let age = entry
                .metadata()
                .and_then(|meta| meta.modified())
                .ok()
                .and_then(|then| now.duration_since(then).ok());
            if is_journal && age.is_some_and(|age| age > KEPT) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// How many items the organization held when the run looked, and what the run added and took away.
fn left(run: &Run) -> Option<u64> {
    let held: u64 = run.fact("held").parse().ok()?;
    let summary: serde_json::Value = serde_json::from_str(run.fact("summary")).unwrap_or_default();
    let count = |name: &str| {
        let count = summary.get(name).and_then(serde_json::Value::as_u64);
        count.unwrap_or_default()
    };
    Some((held + count("created")).saturating_sub(count("deleted")))
}

/// Whether it gives its bytes only once: standard input, a named pipe, what a shell puts for `<(…)`.
#[must_use]
pub fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// What a file holds, as a run notes it.
pub fn fingerprint(path: &Path) -> std::io::Result<Fingerprint> {
    if is_stream(path) {
        return Ok(Fingerprint {
            path: path.to_string_lossy().into_owned(),
            sha256: None,
        });
    }
    let absolute = std::fs::canonicalize(path)?;
    let mut file = std::fs::File::open(&absolute)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        hash.update(part);
    }
    let sha256 = hex(&hash.finish());
    Ok(Fingerprint {
        path: absolute.to_string_lossy().into_owned(),
        sha256: Some(sha256),
    })
}

/// Fingerprints of files, taken on a thread of their own while the files are being looked at: a large one takes a while.
pub struct Fingerprints {
    taking: JoinHandle<Result<Vec<Fingerprint>, ReadError>>,
}

impl Fingerprints {
    /// Begins to take those of these files.
    #[must_use]
    pub fn begin(files: &[PathBuf]) -> Self {
        let files = files.to_vec();
        Self {
            taking: std::thread::spawn(move || files.iter().map(|file| fingerprint_of(file)).collect()),
        }
    }

    /// Waits for them.
    pub fn end(self) -> Result<Vec<Fingerprint>, ReadError> {
        self.taking.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// What a file that the user named holds.
pub fn fingerprint_of(file: &Path) -> Result<Fingerprint, ReadError> {
    fingerprint(file).map_err(|cause| ReadError::Io {
        file: file.display().to_string(),
        cause,
    })
}

fn paths(files: &[Fingerprint]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

/// What makes a run another one, in plain words.
fn mismatch(run: &Run, identity: &Identity) -> Option<String> {
    if run.fact("command") != identity.command {
        return Some(format!("it is a run of `{}`", run.fact("command")));
    }
    if run.fact("api") != identity.api || run.fact("org") != identity.org {
        return Some(format!("it went to {} at {}", run.fact("org"), run.fact("api")));
    }
    let before = run.files();
    if paths(&before) != paths(&identity.files) {
        return Some(format!("it read {}", paths(&before).join(", ")));
    }
    for (then, now) in before.iter().zip(&identity.files) {
        match (&then.sha256, &now.sha256) {
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) => return Some(format!("{} has changed since", now.path)),
            _ => return Some("it read standard input or a pipe, which can't be read again".to_owned()),
        }
    }
    other_options(run.fact("options"), &identity.options).map(|differ| format!("it ran with {differ}"))
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
