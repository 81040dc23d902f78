//! `stockport backup restore`: a snapshot → an organization, planned and sent like an import.
//!
//! Doesn't belong here: what restoring wants of an item (`restore`), sending it (`transfer`).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::super::run::{Terms, Writing, WritingRun, writing};
use super::super::{Connected, Context};
use super::begun::{self, ASKED};
use super::patience;
use crate::backup::{Backup, Read, named_by};
use crate::cli::BackupRestore;
use crate::delete::DeleteError;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing, id_of};
use crate::journal::Journal;
use crate::output::{are, counted, grouped};
use crate::report::Summary;
use crate::restore::{Restore, rejects_for};
use crate::snapshot::{Chosen, Grade, Manifest, Shelf, Snapshot, SnapshotError, find};
use crate::transfer::Transfer;

/// The fact under which a run notes its safety copy, so that a part that goes on with it keeps that one.
const SAFETY_COPY: &str = "safety copy";

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupRestore) -> Exit {
    let terms = Terms {
        brakes: Some(options.brakes),
        verify: options.verify,
        rejects: options.rejects.as_deref(),
        report: options.report.file.as_deref(),
        ..Terms::of("restore", !options.dry_run, options.pace)
    };
    let source = options.snapshot.display().to_string();
    writing(context, terms, source, |writing, summary| {
        restore(writing, options, summary)
    })
}

fn restore(writing: Writing<'_>, options: &BackupRestore, summary: &mut Summary) -> Result<(), Error> {
    if options.exact {
        writing.may_delete()?;
    }
    let meant = find(&options.snapshot)?.meant(&options.snapshot)?;
    let connected = writing.connect(summary)?;
    let mut run = writing.begin(&connected, None)?;
    let job = format!("exact {} only {:?}", options.exact, options.only);
    let choice = begun::choose(meant, &run.runs, &connected, &job, Timestamp::now())?;
    let snapshot = &choice.chosen.snapshot;
    let manifest = checked(&mut run, &choice.chosen, options.exact, summary)?;
    let only: BTreeSet<String> = options.only.iter().cloned().collect();
    let absent = absent(snapshot, &only, options.exact)?;
    let identity = writing.identity(&connected, vec![choice.file], job);
    let resumed = choice.run.as_ref();
    let resumed = resumed.map(|earlier| run.journal(Some(earlier), &identity, summary));
    let resumed = resumed.transpose()?;
    let mut prepared = Prepared::default();
    if options.exact {
        let exact = Exact {
            run: &run,
            options,
            snapshot,
            resumed: resumed.as_ref(),
        };
        prepared = exact.prepare(&only, &absent)?;
    }
    let journal = resumed.map_or_else(|| run.journal(None, &identity, summary), Ok)?;
    run.note_once(&journal, ASKED, &choice.asked)?;
    if let Some(kept) = &prepared.kept {
        journal.note(SAFETY_COPY, &kept.to_string_lossy())?;
        summary.extra.insert("snapshot".to_owned(), json!(kept));
    }
    let rejects = options.rejects.clone();
    let restore = Restore {
        snapshot,
        items: manifest.items,
        only,
        exact: options.exact,
        doomed: prepared.doomed,
        rejects: rejects.unwrap_or_else(|| rejects_for(&connected.org)),
        kept: RefCell::default(),
    };
    let transfer = Transfer {
        read: prepared.read,
        post_unreadable: options.unreadable.post_unreadable,
        ..run.transfer()
    };
    transfer.run(&restore, &journal, None, summary);
    let told = if summary.dry_run {
        Vec::new()
    } else {
        restore.undeleted(&journal)?
    };
    run.context.warn(restore.kept().into_iter().chain(told), summary);
    run.end(journal, summary)
}

/// Checks the snapshot that was chosen, and says which one is restored.
fn checked<'c>(
    run: &mut WritingRun<'_>,
    chosen: &'c Chosen,
    is_exact: bool,
    summary: &mut Summary,
) -> Result<&'c Manifest, Error> {
    let snapshot = &chosen.snapshot;
    run.context.warn(chosen.warnings.iter().cloned(), summary);
    snapshot.check()?;
    let manifest = snapshot.manifest()?;
    summary.source = snapshot.shown();
    tell(run.context, &chosen.shelf, snapshot, manifest);
    if is_exact && manifest.completeness == Grade::Part {
        return Err(SnapshotError::Part(snapshot.name.to_string(), manifest.evidence.clone()).into());
    }
    if manifest.organization == run.connected.org && manifest.items > 0 {
        // A snapshot of this very name proves the spelling, and may be restored because all items are gone.
        run.known.at_least = None;
    }
    Ok(manifest)
}

/// Says which snapshot is restored.
fn tell(context: &Context, shelf: &Shelf, snapshot: &Snapshot, manifest: &Manifest) {
    let what = if snapshot.is_safety_copy() {
        "Safety copy"
    } else {
        "Snapshot"
    };
    context.output.result(&format!(
        "{what} {} of {}: {} ({})",
        snapshot.name,
        shelf.org(),
        counted(manifest.items, "item"),
        manifest.completeness.words()
    ));
}

/// The ids among those asked for that the snapshot lacks; only what is to be deleted may be lacking.
fn absent(snapshot: &Snapshot, only: &BTreeSet<String>, is_exact: bool) -> Result<Vec<String>, Error> {
    let mut absent = only.clone();
    snapshot.each::<SnapshotError>(|item| {
        if let Some(id) = id_of(&item) {
            absent.remove(id.as_ref());
        }
        Ok(())
    })?;
    match absent.first() {
        Some(id) if !is_exact => Err(SnapshotError::NoItem {
            id: id.clone(),
            name: snapshot.name.to_string(),
        }
        .into()),
        _ => Ok(absent.into_iter().collect()),
    }
}

/// What a restore that also deletes has found out.
#[derive(Default)]
struct Prepared {
    /// The ids that are to be deleted.
    doomed: Vec<String>,
    /// The safety copy.
    kept: Option<PathBuf>,
    /// What the organization held: the plan is made from what was agreed to and copied, not from a later list.
    read: Option<(Listing, ItemStore)>,
}

/// A restore that also deletes.
struct Exact<'a> {
    run: &'a WritingRun<'a>,
    options: &'a BackupRestore,
    snapshot: &'a Snapshot,
    /// The journal of the interrupted run that is gone on with.
    resumed: Option<&'a Journal>,
}

impl Exact<'_> {
    /// What is needed before anything is sent: the whole of the organization, the ids that are to go, the user's consent, and a
    /// safety copy of what there is now, whose path is given.
    fn prepare(&self, only: &BTreeSet<String>, absent: &[String]) -> Result<Prepared, Error> {
        let mut read = self.read()?;
        let mut doomed = if only.is_empty() {
            lacking(&mut read, self.snapshot)?
        } else {
            absent.to_vec()
        };
        let (count, held) = (doomed.len() as u64, read.store.count());
        // Ids that were named one by one are meant.
        if only.is_empty() && !self.options.max_delete.allows(count, held) {
            return Err(DeleteError::TooMany { count, held }.into());
        }
        let mut kept = None;
        if self.run.terms.sends {
            if count > 0 {
                self.run.context.consent(&format!(
                    "{} of the {} of {} {} not in the snapshot and will be deleted",
                    grouped(count),
                    counted(held, "item"),
                    self.run.connected.org,
                    are(count)
                ))?;
            }
            if let Some(journal) = self.resumed {
                deleted_before(journal, &mut doomed)?;
            }
            kept = Some(self.keep(&mut read)?);
        }
        let read = Some((read.listing, read.store));
        Ok(Prepared { doomed, kept, read })
    }

    /// All that the organization holds. What is lost may be the very reason to restore.
    fn read(&self) -> Result<Read, Error> {
        let WritingRun { context, connected, .. } = self.run;
        let mut backup = Backup {
            output: &context.output,
            client: &connected.client,
            api: &connected.place,
            dir: self.snapshot.dir(),
            allow_empty: true,
            allow_shrink: true,
            patience: patience(self.options.wait),
            stop: &context.stop,
            // What is stored and not listed would be restored over, and counted as lost.
            earlier: vec![named_by(self.snapshot)],
        };
        backup.read()
    }

    /// Keeps a safety copy of what there is now. A run that is resumed has one of what there was before it, if it came that far.
    fn keep(&self, read: &mut Read) -> Result<PathBuf, Error> {
        let earlier = self.resumed.map(Journal::facts).transpose()?;
        let earlier = earlier
            .and_then(|mut facts| facts.remove(SAFETY_COPY))
            .map(PathBuf::from);
        if let Some(kept) = earlier.filter(|kept| find(kept).is_ok()) {
            let org = &self.run.connected.org;
            let line = format!("Safety copy of {org} from before this run: {}", kept.display());
            self.run.context.output.result_naming(&line, &[&kept]);
            return Ok(kept);
        }
        let Connected { org, place, .. } = self.run.connected;
        let folder = (self.snapshot.dir(), patience(self.options.wait));
        self.run.copy(folder, (org, place), &read.listing, &mut read.store)
    }
}

/// Adds what an earlier part of the run was to delete: the account is that of the whole run.
fn deleted_before(journal: &Journal, doomed: &mut Vec<String>) -> Result<(), Error> {
    let mut before = journal.deletions()?;
    for id in doomed.iter() {
        before.remove(id);
    }
    doomed.extend(before);
    Ok(())
}

/// The ids that the organization holds and the snapshot lacks.
fn lacking(read: &mut Read, snapshot: &Snapshot) -> Result<Vec<String>, Error> {
    let mut kept = BTreeSet::new();
    snapshot.each::<SnapshotError>(|item| {
        kept.extend(id_of(&item).map(std::borrow::Cow::into_owned));
        Ok(())
    })?;
    let mut doomed = Vec::new();
    read.store.each::<Error>(|item| {
        if let Some(id) = id_of(&item)
            && !kept.contains(id.as_ref())
        {
            doomed.push(id.into_owned());
        }
        Ok(())
    })?;
    Ok(doomed)
}
