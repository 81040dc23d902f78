//! The one run that writes to an organization: connect, lock, journal, transfer, end.
//!
//! Belongs here: the order of these steps, and what every such run notes and reports. Doesn't belong here: what a command
//! reads, what it wants of each item and what it asks the user (each command), how items are sent (`transfer`).

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Connected, Context, runs_folder};
use crate::backup::{PATIENCE, Safety};
use crate::cli::{Brakes, Pace};
use crate::config;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::report::Summary;
use crate::runs::{Fingerprint, Identity, Job, Known, Lock, Run, Runs};
use crate::shard::Shard;
use crate::transfer::{Purpose, Transfer};

/// How the run of one command differs from that of another.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The command, as journals and locks name it.
    pub(super) command: &'static str,
    /// Whether the plan is carried out; else nothing is locked, noted or sent.
    pub(super) sends: bool,
    /// The safety limits that are lifted; none where no earlier run limits this one.
    pub(super) brakes: Option<Brakes>,
    /// How fast.
    pub(super) pace: Pace,
    /// Whether everything is read back at the end and compared.
    pub(super) verify: bool,
    /// The reject file that was asked for; it is also written where nothing is sent.
    pub(super) rejects: Option<&'a Path>,
    /// Whether the reject files hold items, which can be imported.
    pub(super) rejects_items: bool,
    /// The profile that was named for the target alone.
    pub(super) profile: Option<&'a str>,
}

impl Terms<'_> {
    /// The terms of a command that looks at no earlier run, keeps no reject file that is asked for, and has no profile of
    /// its own for the target.
    pub(super) fn of(command: &'static str, sends: bool, pace: Pace) -> Self {
        Self {
            command,
            sends,
            brakes: None,
            pace,
            verify: false,
            rejects: None,
            rejects_items: true,
            profile: None,
        }
    }
}

/// A run that has not been connected to its organization yet.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) context: &'a Context,
    pub(super) terms: Terms<'a>,
    began: Instant,
}

/// This process's share of a job that several processes do together. Its files and options tell the job from others.
pub(super) struct Share<'a> {
    pub(super) shard: Shard,
    pub(super) files: &'a [Fingerprint],
    pub(super) options: &'a str,
}

/// A run on an organization, which is locked while this exists if anything is to be sent.
pub(super) struct WritingRun<'a> {
    pub(super) context: &'a Context,
    pub(super) connected: &'a Connected,
    pub(super) runs: Runs,
    /// What earlier runs know of the organization, and which surprises are allowed.
    pub(super) known: Known,
    pub(super) terms: Terms<'a>,
    /// Whether the plan is carried out, and whether it continues that of an earlier run.
    pub(super) purpose: Purpose,
    began: Instant,
    /// The safety copy of what the organization held.
    safety_copy: RefCell<Option<PathBuf>>,
    _lock: Option<Lock>,
}

/// Does `work`, which puts what happens into the summary, and reports that with the commands to go on with. `source` is
/// where the items come from, as far as the command line tells.
pub(super) fn writing<'a>(
    context: &'a Context,
    terms: Terms<'a>,
    source: String,
    work: impl FnOnce(Writing<'a>, &mut Summary) -> Result<(), Error>,
) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        source,
        dry_run: !terms.sends,
        ..Summary::default()
    };
    let writing = Writing { context, terms, began };
    if let Err(error) = work(writing, &mut summary) {
        summary.error = Some(context.cause_of(error));
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, &terms);
    summary.show(&context.output);
    summary.exit()
}

impl<'a> Writing<'a> {
    /// The organization that the options name.
    pub(super) fn connect(&self, summary: &mut Summary) -> Result<Connected, Error> {
        let connected = self.context.connect()?;
        summary.target.clone_from(&connected.org);
        Ok(connected)
    }

    /// What identifies this run, and tells which earlier run it may continue.
    pub(super) fn identity(&self, to: &Connected, files: Vec<Fingerprint>, options: String) -> Identity {
        Identity {
            command: self.terms.command.to_owned(),
            files,
            api: to.place.clone(),
            org: to.org.clone(),
            options,
        }
    }

    /// Locks the organization if anything is to be sent to it, with the other shares of the same job where there are some.
    pub(super) fn begin<'r>(&self, connected: &'r Connected, share: Option<Share<'_>>) -> Result<WritingRun<'r>, Error>
    where
        'a: 'r,
    {
        let Terms { command, sends, .. } = self.terms;
        let folder = runs_folder(sends)?;
        let (api, org) = (&connected.place, &connected.org);
        let shard = share.as_ref().map(|share| share.shard);
        let lock = match share {
            _ if !sends => None,
            None => Some(Lock::take(&folder, api, org, command)?),
            Some(Share { shard, files, options }) => {
                let name = format!("{command} {files:?} {options} of {}", shard.of());
                Some(Lock::share(&folder, api, org, command, Job { name: &name, shard })?)
            }
        };
        let mut run = WritingRun {
            context: self.context,
            connected,
            runs: Runs::new(folder).of_shard(shard),
            known: Known::default(),
            terms: self.terms,
            purpose: Purpose::Look,
            began: self.began,
            safety_copy: RefCell::default(),
            _lock: lock,
        };
        run.known = run.known_of(api, org);
        Ok(run)
    }
}

impl WritingRun<'_> {
    /// What earlier runs know of an organization, and which surprises are allowed.
    pub(super) fn known_of(&self, api: &str, org: &str) -> Known {
        let Some(brakes) = self.terms.brakes else {
            return Known::default();
        };
        Known {
            allow_empty: brakes.allow_empty,
            allow_shrink: brakes.allow_shrink,
            ..self.runs.known(api, org)
        }
    }

    /// The earlier run that `--resume` asks for (by name, or empty for the last), if it does and there is one. `what` is
    /// what the run is of.
    pub(super) fn resumable(
        &self,
        resume: Option<&str>,
        what: &str,
        identity: &Identity,
        summary: &mut Summary,
    ) -> Result<Option<Run>, Error> {
        let Some(wanted) = resume else { return Ok(None) };
        let output = &self.context.output;
        let earlier = self.runs.resumable((!wanted.is_empty()).then_some(wanted), identity)?;
        match &earlier {
            Some(run) => {
                output.result(&format!("Resuming run {}", run.name));
                self.context.warn(run.warning(), summary);
            }
            None => output.say(&format!("There is no run of {what} to go on with: this is a new one")),
        }
        Ok(earlier)
    }

    /// The run's journal: that of an earlier run that is continued, or its own; or one that goes with the process, where
    /// nothing is sent.
    pub(super) fn journal(
        &mut self,
        earlier: Option<&Run>,
        identity: &Identity,
        summary: &mut Summary,
    ) -> Result<Journal, Error> {
        if !self.terms.sends {
            return Ok(Journal::temporary()?);
        }
        if let Some(run) = earlier {
            self.purpose = Purpose::Resume;
            summary.run.clone_from(&run.name);
            return Ok(Runs::resume(run)?);
        }
        self.purpose = Purpose::Write;
        let (name, journal) = self.runs.begin(identity, &summary.source)?;
        summary.run = name;
        Ok(journal)
    }

    /// Notes a fact of a run that begins; one that is continued has it.
    pub(super) fn note_once(&self, journal: &Journal, fact: &str, value: &str) -> Result<(), Error> {
        match self.purpose {
            Purpose::Write => Ok(journal.note(fact, value)?),
            Purpose::Look | Purpose::Resume => Ok(()),
        }
    }

    /// Keeps a safety copy of what the organization holds before it is changed, and tells the way back.
    pub(super) fn keep(&self, listing: &Listing, stored: &mut ItemStore) -> Result<(), Error> {
        let kept = self.keep_in(&config::snapshots_folder()?, PATIENCE, listing, stored)?;
        self.tell_way_back(&kept);
        self.safety_copy.replace(Some(kept));
        Ok(())
    }

    /// Keeps a safety copy in this folder; another process may write there for as long as `patience`.
    pub(super) fn keep_in(
        &self,
        folder: &Path,
        patience: Duration,
        listing: &Listing,
        stored: &mut ItemStore,
    ) -> Result<PathBuf, Error> {
        let safety = self.context.safety(folder, patience);
        safety.keep(&self.connected.org, &self.connected.place, listing, stored)
    }

    /// Tells how what the organization held comes back from its safety copy.
    pub(super) fn tell_way_back(&self, kept: &Path) {
        let restore = ["backup", "restore", &kept.to_string_lossy()];
        let org = &self.connected.org;
        self.context
            .tell_way_back("To bring it back", &restore, org, self.terms.profile);
    }

    /// The transfer of this run.
    pub(super) fn transfer(&self) -> Transfer<'_> {
        let Self { context, terms, .. } = self;
        Transfer {
            output: &context.output,
            client: &self.connected.client,
            org: &self.connected.org,
            upload: context.upload(&self.connected.wishes, &terms.pace),
            purpose: self.purpose,
            rejects_anyway: terms.rejects.is_some(),
            verify: terms.verify && terms.sends,
            known: self.known.clone(),
            stop: &context.stop,
        }
    }

    /// Ends the run after its transfer, and notes how. A new run whose source could not be read has sent nothing, and can't
    /// be continued: it leaves no journal.
    pub(super) fn end(&self, journal: Journal, summary: &mut Summary) -> Result<(), Error> {
        summary.error = summary.error.take().map(|error| self.context.cause_of(error));
        if let Some(path) = self.safety_copy.take() {
            summary.extra.insert("snapshot".to_owned(), json!(path));
        }
        summary.took = self.began.elapsed();
        if !self.terms.sends {
            return Ok(());
        }
        if summary.tally.is_none() && self.purpose == Purpose::Write {
            summary.run.clear();
            journal.discard();
            return Ok(());
        }
        Ok(Runs::end(&journal, summary)?)
    }
}

impl Context {
    /// Shows warnings and puts them into the summary.
    pub(super) fn warn(&self, warnings: impl IntoIterator<Item = String>, summary: &mut Summary) {
        for warning in warnings {
            self.output.warn(&warning);
            summary.warnings.push(warning);
        }
    }

    /// Where what an organization holds is kept before a command changes it.
    pub(super) fn safety<'a>(&'a self, dir: &'a Path, patience: Duration) -> Safety<'a> {
        Safety {
            output: &self.output,
            dir,
            patience,
            stop: &self.stop,
        }
    }
}
