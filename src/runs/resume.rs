//! Which run `--resume` continues: the last one of the same command, files and organization, unless it came to its end.
//!
//! A small file for each such job names its last run, so that no other journal has to be opened.
//!
//! Doesn't belong here: what a resumed run does (`transfer`).

use std::path::PathBuf;

use super::{Fingerprint, Identity, Run, RunError, Runs};
use crate::files::{self, bounds};
use crate::hash::{Sha256, hex};

/// What a file that names a job's last run ends in.
pub(super) const ENDING: &str = "last";

impl Runs {
    /// The run that `--resume` means: the one named, or the last one of the same command, files and organization that
    /// did not come to its end. A file whose content has changed since, or another organization, is refused.
    pub fn resumable(&self, wanted: Option<&str>, identity: &Identity) -> Result<Option<Run>, RunError> {
        let run = match wanted {
            Some(name) => self.find(name)?,
            None => match self.last_of(identity)? {
                Some(run) if !run.is_finished() => run,
                _ => return Ok(None),
            },
        };
        match mismatch(&run, identity) {
            Some(why) => Err(RunError::Mismatch { run: run.name, why }),
            None => Ok(Some(run)),
        }
    }

    /// The last run of a job.
    fn last_of(&self, identity: &Identity) -> Result<Option<Run>, RunError> {
        if let Ok(name) = files::read_text(&self.pointer(identity), bounds::NOTE) {
            return match self.find(name.trim()) {
                // It has passed its age.
                Err(RunError::NoSuch(_)) => Ok(None),
                run => run.map(Some),
            };
        }
        // Version 0.1.0 had no such files.
        let same_job = |run: &Run| {
            run.fact("command") == identity.command
                && run.fact("api") == identity.api
                && run.fact("org") == identity.org
                && run.fact("shard") == self.shard
                && paths(&run.files()) == paths(&identity.files)
        };
        Ok(self.of_0_1().find(same_job))
    }

    /// Notes that this run is the last of its job. Where that can't be noted, a later `--resume` has to name the run.
    pub(super) fn point(&self, identity: &Identity, name: &str) -> std::io::Result<()> {
        files::write(&self.pointer(identity), name.as_bytes())
    }

    fn pointer(&self, identity: &Identity) -> PathBuf {
        let mut job = vec![identity.command.as_str(), &identity.api, &identity.org, &self.shard];
        job.extend(paths(&identity.files));
        let hash = hex(&Sha256::digest(serde_json::json!(job).to_string()));
        self.folder
            .join(format!("{}.{ENDING}", hash.get(..24).unwrap_or_default()))
    }
}

/// What differs between the options of two runs, for a person: the earlier one's.
#[must_use]
pub fn other_options(then: &str, now: &str) -> Option<String> {
    // Version 0.1.0 noted itself as an option. A later version makes the plan anew, and what it reads otherwise shows there.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("version "));
        lines.map(str::to_owned).collect()
    };
    let (then, now) = (lines(then), lines(now));
    let gone: Vec<&str> = then
        .iter()
        .filter(|line| !now.contains(line))
        .map(String::as_str)
        .collect();
    let come: Vec<&str> = now
        .iter()
        .filter(|line| !then.contains(line))
        .map(String::as_str)
        .collect();
    if gone.is_empty() && come.is_empty() {
        return None;
    }
    let named = |options: &[&str]| {
        if options.is_empty() {
            "none".to_owned()
        } else {
            options.join(" ")
        }
    };
    Some(format!("other options: {}; now: {}", named(&gone), named(&come)))
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
