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
use crate::delete::DeleteError;
use crate::error::{Category, Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::output::Warning;
use crate::report::{Details, ReportFile, Summary};
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
    /// The safety limits that are lifted; `None` if what earlier runs know of the organization doesn't limit this one.
    pub(super) brakes: Option<Brakes>,
    /// How fast items are sent.
    pub(super) pace: Pace,
    /// Whether everything is read back at the end and compared.
    pub(super) verify: bool,
    /// The reject file that was asked for; it is also written where nothing is sent.
    pub(super) rejects: Option<&'a Path>,
    /// The report that is wanted.
    pub(super) report: Option<&'a Path>,
    /// The plan file that is written, to be carried out by a further command.
    pub(super) plan: Option<&'a Path>,
    /// Whether the reject files hold items, which can be imported.
    pub(super) rejects_items: bool,
    /// The option that a stopped run is resumed with; without one, the same command does the rest.
    pub(super) resume: Option<&'static str>,
    /// The profile that was named for the target alone.
    pub(super) profile: Option<&'a str>,
    /// The profile that was named for the organization that is read.
    pub(super) source_profile: Option<&'a str>,
}

impl Terms<'_> {
    /// A command's terms without options other than the pace.
    pub(super) fn of(command: &'static str, sends: bool, pace: Pace) -> Self {
        Self {
            command,
            sends,
            brakes: None,
            pace,
            verify: false,
            rejects: None,
            report: None,
            plan: None,
            rejects_items: true,
            resume: None,
            profile: None,
            source_profile: None,
        }
    }
}

/// A run whose organization is not locked yet.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) context: &'a Context,
    pub(super) terms: Terms<'a>,
    began: Instant,
}

/// This process's share of a job that several processes do together. The command, files and options identify the job.
pub(super) struct Share<'a> {
    pub(super) shard: Shard,
    pub(super) files: &'a [Fingerprint],
    pub(super) options: &'a str,
}

/// A run on one organization. If anything is to be sent, the organization is locked until this is dropped.
pub(super) struct WritingRun<'a> {
    pub(super) context: &'a Context,
    pub(super) connected: &'a Connected,
    pub(super) runs: Runs,
    /// What earlier runs know of the organization, and which safety limits are lifted.
    pub(super) known: Known,
    pub(super) terms: Terms<'a>,
    /// Whether the plan is carried out, and whether it continues that of an earlier run.
    pub(super) purpose: Purpose,
    began: Instant,
    /// The safety copy of what the organization held.
    safety_copy: RefCell<Option<PathBuf>>,
    _lock: Option<Lock>,
}

/// Runs `work`, which records what it does in the summary, and reports the summary with the next commands. `source` is where
/// the items come from, as the command line names it.
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
        details: terms.report.map(|_| Details::default()),
        ..Summary::default()
    };
    let writing = Writing { context, terms, began };
    let report = terms.report.map(ReportFile::named).transpose();
    let worked = match &report {
        Ok(_) => work(writing, &mut summary),
        Err(_) => Ok(()),
    };
    if let Err(error) = worked {
        // A journal that can't be written at the end tells less than what stopped the run.
        summary.error.get_or_insert(context.cause_of(error));
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, &terms);
    // Where nothing was begun by the user's own wish, the same command is given again, which replaces no report.
    let is_reported = summary.is_begun || !summary.error.as_ref().is_some_and(is_unbegun);
    let reported = report.and_then(|report| match report.filter(|_| is_reported) {
        Some(report) => report.write(terms.command, &mut summary),
        None => Ok(()),
    });
    if let Err(error) = reported {
        summary.error.get_or_insert(error);
    }
    summary.show(&context.output);
    summary.exit()
}

/// Whether a run that stops with this error before it has begun is a run that the user declined, interrupted or mistyped.
fn is_unbegun(error: &Error) -> bool {
    error.category() == Category::Declined || matches!(error.exit(), Exit::Interrupted | Exit::Usage)
}

impl<'a> Writing<'a> {
    /// Refuses a deletion that nobody has agreed to and nobody can be asked about, before anything is requested.
    pub(super) fn may_delete(&self) -> Result<(), DeleteError> {
        if self.terms.sends {
            self.context.check_consent()
        } else {
            Ok(())
        }
    }

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
    /// What earlier runs know of an organization, and which safety limits are lifted.
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

    /// The earlier run that `--resume` asks for, by its name or as the last one (empty). `None` without `--resume`, and if
    /// there is no such run, which is reported; `what` names there what the run is of.
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
            None => output.say(&format!("There is no run of {what} to resume: this is a new run")),
        }
        Ok(earlier)
    }

    /// The run's journal: that of the earlier run that it continues, or a new one. It is temporary if nothing is sent.
    pub(super) fn journal(
        &mut self,
        earlier: Option<&Run>,
        identity: &Identity,
        summary: &mut Summary,
    ) -> Result<Journal, Error> {
        let journal = match earlier {
            _ if !self.terms.sends => Journal::temporary()?,
            Some(run) => {
                self.purpose = Purpose::Resume;
                summary.run.clone_from(&run.name);
                Runs::resume(run)?
            }
            None => {
                self.purpose = Purpose::Write;
                let (name, journal) = self.runs.begin(identity, &summary.source)?;
                summary.run = name;
                journal
            }
        };
        self.context.output.run_begins(&summary.run, &self.connected.org);
        Ok(journal)
    }

    /// Notes a fact of a run that begins; one that is continued has it.
    pub(super) fn note_once(&self, journal: &Journal, fact: &str, value: &str) -> Result<(), Error> {
        match self.purpose {
            Purpose::Write => Ok(journal.note(fact, value)?),
            Purpose::Look | Purpose::Resume => Ok(()),
        }
    }

    /// Keeps a safety copy of what the organization holds before it is changed.
    pub(super) fn keep(&self, journal: &Journal, listing: &Listing, stored: &mut ItemStore) -> Result<(), Error> {
        let folder = config::snapshots_folder()?;
        let Connected { org, place, .. } = self.connected;
        let kept = self.copy((&folder, PATIENCE), (org, place), listing, stored)?;
        journal.note("snapshot", &kept.to_string_lossy())?;
        self.safety_copy.replace(Some(kept));
        Ok(())
    }

    /// Keeps a safety copy of what an organization of an API holds. `patience` is how long another process may write to the
    /// folder.
    pub(super) fn copy(
        &self,
        (dir, patience): (&Path, Duration),
        (org, api): (&str, &str),
        listing: &Listing,
        stored: &mut ItemStore,
    ) -> Result<PathBuf, Error> {
        let safety = Safety {
            output: &self.context.output,
            dir,
            patience,
            stop: &self.context.stop,
            noted: &|| Ok(self.runs.noted_by_unfinished()?),
        };
        safety.keep(org, api, listing, stored)
    }

    /// The transfer of this run, of which the command has read nothing and which it approves without a look.
    pub(super) fn transfer(&self) -> Transfer<'_> {
        let Self { context, terms, .. } = self;
        Transfer {
            output: &context.output,
            client: &self.connected.client,
            org: &self.connected.org,
            upload: context.upload(&self.connected.wishes, &terms.pace),
            purpose: self.purpose,
            rejects_anyway: terms.rejects.is_some(),
            post_unreadable: false,
            verify: terms.verify && terms.sends,
            max_rejects: None,
            known: self.known.clone(),
            read: None,
            approve: &|_, _| Ok(()),
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
    pub(super) fn warn(&self, warnings: impl IntoIterator<Item = Warning>, summary: &mut Summary) {
        for warning in warnings {
            self.output.warn(&warning);
            summary.warnings.push(warning);
        }
    }
}
