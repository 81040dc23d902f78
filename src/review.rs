//! A plan as a file: written by one run, reviewed by a person, carried out by another run, or refused as a whole.
//!
//! Belongs here: the file, and whether a fresh plan still agrees with it. Doesn't: making plans (`plan`).

mod sheet;

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Code, Error, UserError, code};
use crate::files::{self, bounds};
use crate::journal::Journal;
use crate::output::contract::CONTRACT;
use crate::output::{counted, grouped, have};
use crate::plan::{Action, Change};
use crate::runs::{Fingerprint, Identity, other_options};
use crate::sheet::write::{AtomicFile, WriteError};
use crate::transfer::Review;
pub use sheet::{PlanSheet, sheet_of};

/// The version of the file's form.
const FORM: u32 = 1;

/// How many items that have changed since are named.
const NAMED: usize = 20;

/// Why a plan can't be carried out. Nothing has been sent then.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The file can't be read.
    #[error("the plan {} can't be read: {}", .path.display(), crate::cause::io(.cause))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// It is a plan that was written for people.
    #[error("the plan {} is a sheet for review, which can't be applied", .0.display())]
    Sheet(PathBuf),
    /// It is no plan.
    #[error("{} is not a stockport plan: {what}", .path.display())]
    NoPlan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It was made for something else.
    #[error("the plan {} doesn't match this run: {why}", .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// Items that it touches have changed since.
    #[error("{} of the plan's items {} changed since it was made: {}", grouped(*.count as u64), have(*.count as u64), named(.ids, *.count))]
    Changed {
        /// The first of them.
        ids: Vec<String>,
        /// How many there are.
        count: usize,
    },
}

impl UserError for ReviewError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => "plan_unreadable".into(),
            Self::Sheet(_) => "plan_is_a_sheet".into(),
            Self::NoPlan { .. } => "plan_invalid".into(),
            _ => code("plan", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Io { .. } => "check the path and the spelling",
            Self::Sheet(_) => "write the plan with --plan-out FILE.json, too, and give that file to --plan",
            Self::NoPlan { .. } => "make one with --plan-out FILE",
            Self::Mismatch { .. } => {
                "name the file, organization and options that it was made with, or make a new plan"
            }
            Self::Changed { .. } => "nothing was sent; make a new plan with --plan-out and review it again",
        }
        .to_owned()
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. } | Self::Sheet(path) | Self::NoPlan { path, .. } | Self::Mismatch { path, .. } => {
                Some(path)
            }
            Self::Changed { .. } => None,
        }
    }
}

fn named(ids: &[String], count: usize) -> String {
    let more = if count > ids.len() {
        format!(", and {} more", count - ids.len())
    } else {
        String::new()
    };
    format!("{}{more}", ids.join(", "))
}

/// The head of a plan file, before its changes.
#[derive(Debug, Deserialize, Serialize)]
struct Head {
    stockport_plan: u32,
    version: String,
    /// None in plans of stockport 0.2 and before.
    #[serde(default)]
    contract: Option<u32>,
    api: String,
    org: String,
    files: Vec<Fingerprint>,
    options: String,
}

/// A plan that was reviewed, being compared with what would be done now.
#[derive(Debug)]
pub struct Reviewed {
    /// What was reviewed, item by item, as its JSON.
    planned: HashMap<String, Value>,
    /// The items that would be written now.
    met: HashSet<String>,
    /// Those of them that would be written otherwise.
    changed: Vec<String>,
}

impl Reviewed {
    /// Reads a plan that was made for just this.
    pub fn load(path: &Path, identity: &Identity) -> Result<Self, ReviewError> {
        if sheet_of(path).is_some() {
            return Err(ReviewError::Sheet(path.to_owned()));
        }
        let text = files::read_named_text(path, bounds::PLAN).map_err(|cause| ReviewError::Io {
            path: path.to_owned(),
            cause,
        })?;
        let no_plan = |what: String| ReviewError::NoPlan {
            path: path.to_owned(),
            what,
        };
        let whole: Value = serde_json::from_str(&text).map_err(|error| {
            no_plan(format!(
                "it is truncated or not JSON at line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        let form = whole.get("stockport_plan").and_then(Value::as_u64);
        if form != Some(u64::from(FORM)) {
            return Err(no_plan(match form {
                Some(other) => format!("its format is {other}, and this version reads {FORM}"),
                None => "the key \"stockport_plan\" is missing".to_owned(),
            }));
        }
        let (head, changes) = take_apart(whole).ok_or_else(|| no_plan("a part of it is missing".to_owned()))?;
        if let Some(why) = mismatch(&head, identity) {
            return Err(ReviewError::Mismatch {
                path: path.to_owned(),
                why,
            });
        }
        let mut planned = HashMap::new();
        for change in changes {
            let id = change.get("id").and_then(Value::as_str).map(str::to_owned);
            let Some(id) = id else {
                return Err(no_plan("one of its changes has no id".to_owned()));
            };
            planned.insert(id, change);
        }
        Ok(Self {
            planned,
            met: HashSet::new(),
            changed: Vec::new(),
        })
    }
}

fn take_apart(whole: Value) -> Option<(Head, Vec<Value>)> {
    let Value::Object(mut object) = whole else { return None };
    let Some(Value::Array(changes)) = object.remove("changes") else {
        return None;
    };
    let head = serde_json::from_value(Value::Object(object)).ok()?;
    Some((head, changes))
}

impl Review for Reviewed {
    fn begin(&mut self) {
        self.met.clear();
        self.changed.clear();
    }

    fn allows(&mut self, change: &Change) -> bool {
        let Some(reviewed) = self.planned.get(&change.id).filter(|_| !self.met.contains(&change.id)) else {
            return false;
        };
        let is_equal = *reviewed == to_json(change);
        self.met.insert(change.id.clone());
        if !is_equal {
            self.changed.push(change.id.clone());
        }
        is_equal
    }

    fn verdict(&mut self) -> Result<(), Error> {
        // What isn't met would not be written any more: somebody has changed it, perhaps just so.
        let mut ids = std::mem::take(&mut self.changed);
        ids.extend(self.planned.keys().filter(|id| !self.met.contains(*id)).cloned());
        if ids.is_empty() {
            return Ok(());
        }
        ids.sort_unstable();
        let count = ids.len();
        ids.truncate(NAMED);
        Err(ReviewError::Changed { ids, count }.into())
    }
}

/// Writes the plan that a journal holds.
pub fn write_plan(path: &Path, identity: &Identity, journal: &Journal) -> Result<(), Error> {
    let mut file = AtomicFile::create(path, false)?;
    let head = Head {
        stockport_plan: FORM,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        contract: Some(CONTRACT),
        api: identity.api.clone(),
        org: identity.org.clone(),
        files: identity.files.clone(),
        options: identity.options.clone(),
    };
    let head = serde_json::to_string(&head).map_err(std::io::Error::from)?;
    let put = |file: &mut AtomicFile, text: &str| file.write_all(text.as_bytes()).map_err(WriteError::from);
    // One change a line, so that a person can read it and a comparison of two plans shows what differs.
    put(&mut file, head.trim_end_matches('}'))?;
    put(&mut file, ",\"changes\":[")?;
    let mut first = true;
    journal.each_change::<Error>(&mut |change| {
        put(&mut file, if first { "\n" } else { ",\n" })?;
        first = false;
        put(&mut file, &to_json(&change).to_string())?;
        Ok(())
    })?;
    put(&mut file, "\n]}\n")?;
    file.commit()?;
    Ok(())
}

fn to_json(change: &Change) -> Value {
    let action = match change.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    };
    json!({"action": action, "id": change.id, "body": change.body, "before": change.before})
}

fn mismatch(head: &Head, identity: &Identity) -> Option<String> {
    if head.org != identity.org || head.api != identity.api {
        return Some(format!("for {} at {}", head.org, head.api));
    }
    for (then, now) in head.files.iter().zip(&identity.files) {
        if then.sha256 != now.sha256 {
            return Some(format!(
                "the content of {} differs from that of {}",
                now.path, then.path
            ));
        }
    }
    if head.files.len() != identity.files.len() {
        return Some(format!("for {}", counted(head.files.len() as u64, "file")));
    }
    other_options(&head.options, &identity.options).map(|differ| format!("with {differ}"))
}
