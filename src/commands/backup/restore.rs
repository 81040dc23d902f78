//! `stockport backup restore`: a snapshot → an organization, planned and sent like an import.
//!
//! Doesn't belong here: what restoring wants of an item (`restore`), sending it (`transfer`).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{Connected, Context, runs_folder};
use super::begun::{self, ASKED, Choice};
use super::patience;
use crate::backup::{Backup, Read, Safety};
use crate::cli::BackupRestore;
use crate::delete::DeleteError;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing, id_of};
use crate::item::{ITEM_ID, Object};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::Action;
use crate::report::Summary;
use crate::restore::{Restore, rejects_for};
use crate::runs::{Identity, Known, Lock, Run, Runs};
use crate::snapshot::{Grade, Manifest, Shelf, Snapshot, SnapshotError, find};
use crate::transfer::{Purpose, Transfer};

/// The fact under which a run notes its safety copy, so that a part that goes on with it keeps that one.
const SAFETY_COPY: &str = "safety copy";

/// Runs the command.
pub(super) fn run(context: &Context, options: &BackupRestore) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        source: options.snapshot.display().to_string(),
        dry_run: options.dry_run,
        ..Summary::default()
    };
    if let Err(error) = restore(context, options, &mut summary, began) {
        summary.error = Some(error);
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, None);
    summary.show(&context.output);
    summary.exit()
}

fn restore(context: &Context, options: &BackupRestore, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let sends = !options.dry_run;
    let meant = find(&options.snapshot)?.meant(&options.snapshot)?;
    let connected = context.connect()?;
    summary.target.clone_from(&connected.org);
    let folder = runs_folder(sends)?;
    let runs = Runs::new(folder.clone());
    let lock = if sends {
        Some(Lock::take(&folder, &connected.place, &connected.org, "restore")?)
    } else {
        None
    };
    let Choice {
        chosen,
        file,
        asked,
        run,
    } = begun::choose(meant, &runs, &connected, &job(options), Timestamp::now())?;
    for warning in chosen.warnings {
        context.output.warn(&warning);
        summary.warnings.push(warning);
    }
    let snapshot = chosen.snapshot;
    snapshot.check()?;
    let manifest = snapshot.manifest()?.clone();
    summary.source = snapshot.shown();
    tell(context, &chosen.shelf, &snapshot, &manifest);
    if options.exact && manifest.completeness == Grade::Part {
        return Err(SnapshotError::Part(snapshot.name.to_string(), manifest.evidence).into());
    }
    let only: BTreeSet<String> = options.only.iter().cloned().collect();
    let absent = absent(&snapshot, &only, options.exact)?;
    let resumed = run.filter(|_| sends).map(|run| resumed(run, summary)).transpose()?;
    let prepared = if options.exact {
        let exact = Exact {
            context,
            options,
            connected: &connected,
            snapshot: &snapshot,
            resumed: resumed.as_ref(),
        };
        exact.prepare(&only, &absent)?
    } else {
        Prepared::default()
    };
    let Prepared { doomed, kept, read } = prepared;
    let (journal, purpose) = match resumed {
        Some(journal) => (journal, Purpose::Resume),
        None if sends => {
            let identity = Identity {
                command: "restore".to_owned(),
                files: vec![file],
                api: connected.place.clone(),
                org: connected.org.clone(),
                options: job(options),
            };
            let (name, journal) = runs.begin(&identity, &summary.source)?;
            summary.run = name;
            journal.note(ASKED, &asked)?;
            (journal, Purpose::Write)
        }
        None => (Journal::temporary()?, Purpose::Look),
    };
    if let Some(kept) = kept {
        journal.note(SAFETY_COPY, &kept.to_string_lossy())?;
        summary.extra.insert("snapshot".to_owned(), json!(kept));
    }
    let restore = Restore {
        snapshot: &snapshot,
        items: manifest.items,
        only,
        exact: options.exact,
        doomed,
        rejects: options.rejects.clone().unwrap_or_else(|| rejects_for(&connected.org)),
        kept: RefCell::default(),
    };
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose,
        rejects_anyway: options.rejects.is_some(),
        verify: options.verify && sends,
        known: known(options, &runs, &connected, &manifest),
        read,
        approve: &|_, _| Ok(()),
        stop: &context.stop,
    };
    transfer.run(&restore, &journal, None, summary);
    for told in restore.kept().into_iter().chain(restore.undeleted(&journal)?) {
        context.output.warn(&told);
        summary.warnings.push(told);
    }
    if sends {
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    drop(lock);
    Ok(())
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
        match manifest.completeness {
            Grade::Part => "a part of what there was".to_owned(),
            whole => format!("{} to be all", whole.name()),
        }
    ));
}

/// What earlier runs know of the organization. A snapshot of this very name knows that it is spelled right, and may be restored
/// because all is gone.
fn known(options: &BackupRestore, runs: &Runs, connected: &Connected, manifest: &Manifest) -> Known {
    let is_home = manifest.organization == connected.org && manifest.items > 0;
    let known = runs.known(&connected.place, &connected.org);
    Known {
        at_least: known.at_least.filter(|_| !is_home),
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        longer_name: known.longer_name,
    }
}

/// The journal of the interrupted run that is gone on with.
fn resumed(run: Run, summary: &mut Summary) -> Result<Journal, Error> {
    let journal = Runs::resume(&run)?;
    summary.run = run.name;
    Ok(journal)
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
    context: &'a Context,
    options: &'a BackupRestore,
    connected: &'a Connected,
    snapshot: &'a Snapshot,
    /// The journal of the interrupted run that is gone on with.
    resumed: Option<&'a Journal>,
}

impl Exact<'_> {
    /// What is needed before anything is sent: the whole of the organization, the ids that are to go, the user's consent, and a
    /// safety copy of what there is now, whose path is given.
    fn prepare(&self, only: &BTreeSet<String>, absent: &[String]) -> Result<Prepared, Error> {
        let (context, options, connected) = (self.context, self.options, self.connected);
        let dir = self.snapshot.dir();
        let backup = Backup {
            output: &context.output,
            client: &connected.client,
            api: &connected.place,
            dir,
            // What is lost may be the very reason to restore.
            allow_empty: true,
            allow_shrink: true,
            patience: patience(options.wait),
            stop: &context.stop,
        };
        let mut read = backup.read()?;
        let mut doomed = if only.is_empty() {
            lacking(&mut read, self.snapshot)?
        } else {
            absent.to_vec()
        };
        let (count, held) = (doomed.len() as u64, read.store.count());
        // Ids that were named one by one are meant.
        if only.is_empty() && !options.max_delete.allows(count, held) {
            return Err(DeleteError::TooMany { count, held }.into());
        }
        if options.dry_run {
            return Ok(Prepared {
                doomed,
                kept: None,
                read: Some((read.listing, read.store)),
            });
        }
        if count > 0 {
            context.consent(&format!(
                "{} of the {} items of {} are not in the snapshot and will be deleted",
                grouped(count),
                grouped(held),
                connected.org
            ))?;
        }
        if let Some(journal) = self.resumed {
            deleted_before(journal, &mut doomed)?;
        }
        let kept = self.keep(&mut read)?;
        self.tell_way_back(&kept);
        Ok(Prepared {
            doomed,
            kept: Some(kept),
            read: Some((read.listing, read.store)),
        })
    }

    /// Keeps a safety copy of what there is now. A run that is resumed has one of what there was before it, if it came that far.
    fn keep(&self, read: &mut Read) -> Result<PathBuf, Error> {
        let (context, org) = (self.context, &self.connected.org);
        let earlier = self.resumed.map(Journal::facts).transpose()?;
        let earlier = earlier
            .and_then(|mut facts| facts.remove(SAFETY_COPY))
            .map(PathBuf::from);
        if let Some(kept) = earlier.filter(|kept| find(kept).is_ok()) {
            let line = format!("What {org} held before this run is kept: {}", kept.display());
            context.output.result_naming(&line, &[&kept]);
            return Ok(kept);
        }
        let safety = Safety {
            patience: patience(self.options.wait),
            ..context.safety(self.snapshot.dir())
        };
        safety.keep(org, &self.connected.place, &read.listing, &mut read.store)
    }

    fn tell_way_back(&self, kept: &Path) {
        let restore = ["backup", "restore", &kept.to_string_lossy()];
        self.context
            .tell_way_back("To bring it back", &restore, &self.connected.org, None);
    }
}

/// Adds what an earlier part of the run was to delete: the account is that of the whole run.
fn deleted_before(journal: &Journal, doomed: &mut Vec<String>) -> Result<(), Error> {
    let mut before = BTreeSet::new();
    journal.each_after(0, false, &mut |_, action, body| {
        if action == Action::Delete
            && let Ok(body) = serde_json::from_slice::<Object>(body)
            && let Some(Value::String(id)) = body.get(ITEM_ID)
        {
            before.insert(id.clone());
        }
        true
    })?;
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

/// The options that make two restores one job.
fn job(options: &BackupRestore) -> String {
    format!("exact {} only {:?}", options.exact, options.only)
}
