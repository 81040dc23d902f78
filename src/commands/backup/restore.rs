//! `stockport backup restore`: a snapshot → an organization, planned and sent like an import.
//!
//! Doesn't belong here: what restoring wants of an item (`restore`), sending it (`transfer`).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::super::{Connected, Context, runs_folder};
use super::patience;
use crate::backup::{Backup, Read};
use crate::cli::BackupRestore;
use crate::error::{Error, Exit};
use crate::inventory::id_of;
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::report::Summary;
use crate::restore::{Restore, rejects_for};
use crate::runs::{Identity, Known, Lock, Runs, fingerprint};
use crate::snapshot::{Grade, Snapshot, SnapshotError, find};
use crate::transfer::{Purpose, Transfer};

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
    summary.show(&context.output);
    summary.exit()
}

fn restore(context: &Context, options: &BackupRestore, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let sends = !options.dry_run;
    let (shelf, snapshot) = find(&options.snapshot)?.one(&options.snapshot)?;
    snapshot.check()?;
    let manifest = snapshot.manifest()?.clone();
    summary.source = snapshot.folder().join(snapshot.name.to_string()).display().to_string();
    context.output.result(&format!(
        "Snapshot {} of {}: {} ({})",
        snapshot.name,
        shelf.org(),
        counted(manifest.items, "item"),
        match manifest.completeness {
            Grade::Part => "a part of what there was".to_owned(),
            whole => format!("{} to be all", whole.name()),
        }
    ));
    if options.exact && manifest.completeness == Grade::Part {
        return Err(SnapshotError::Part(snapshot.name.to_string(), manifest.evidence).into());
    }
    let only: BTreeSet<String> = options.only.iter().cloned().collect();
    let absent = absent(&snapshot, &only)?;
    if !options.exact
        && let Some(id) = absent.first()
    {
        return Err(SnapshotError::NoItem {
            id: id.clone(),
            name: snapshot.name.to_string(),
        }
        .into());
    }
    let connected = context.connect()?;
    summary.target.clone_from(&connected.org);
    let folder = runs_folder(sends)?;
    let runs = Runs::new(folder.clone());
    let lock = if sends {
        Some(Lock::take(&folder, &connected.place, &connected.org, "restore")?)
    } else {
        None
    };
    let (doomed, kept) = if options.exact {
        prepare(context, options, &connected, &snapshot, &only, &absent)?
    } else {
        (Vec::new(), None)
    };
    if let Some(kept) = kept {
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
    let journal = if sends {
        let identity = identity(&snapshot, &connected, options)?;
        let (name, journal) = runs.begin(&identity, &summary.source)?;
        summary.run = name;
        journal
    } else {
        Journal::temporary()?
    };
    // A snapshot of this very name knows that it is spelled right, and may be restored because all is gone.
    let is_home = manifest.organization == connected.org && manifest.items > 0;
    let known = runs.known(&connected.place, &connected.org);
    let known = Known {
        at_least: known.at_least.filter(|_| !is_home),
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        longer_name: known.longer_name,
    };
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose: if sends { Purpose::Write } else { Purpose::Look },
        rejects_anyway: options.rejects.is_some(),
        verify: options.verify && sends,
        known,
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

/// The ids among those asked for that the snapshot lacks.
fn absent(snapshot: &Snapshot, only: &BTreeSet<String>) -> Result<Vec<String>, Error> {
    let mut absent = only.clone();
    snapshot.each::<SnapshotError>(|item| {
        if let Some(id) = id_of(&item) {
            absent.remove(id.as_ref());
        }
        Ok(())
    })?;
    Ok(absent.into_iter().collect())
}

/// What `--exact` needs before anything is sent: the whole of the organization, the ids that are to go, the user's consent,
/// and a snapshot of what there is now, whose path is given.
fn prepare(
    context: &Context,
    options: &BackupRestore,
    connected: &Connected,
    snapshot: &Snapshot,
    only: &BTreeSet<String>,
    absent: &[String],
) -> Result<(Vec<String>, Option<PathBuf>), Error> {
    let backup = Backup {
        output: &context.output,
        client: &connected.client,
        api: &connected.place,
        dir: snapshot.folder().parent().unwrap_or(snapshot.folder()),
        // What is lost may be the very reason to restore.
        allow_empty: true,
        allow_shrink: true,
        patience: patience(options.wait),
        stop: &context.stop,
    };
    let mut read = backup.read()?;
    let doomed = if only.is_empty() {
        lacking(&mut read, snapshot)?
    } else {
        absent.to_vec()
    };
    let (count, held) = (doomed.len() as u64, read.spool.count());
    // Ids that were named one by one are meant.
    if only.is_empty() && !options.max_delete.allows(count, held) {
        return Err(Error::TooManyDeletes { count, held });
    }
    if options.dry_run {
        return Ok((doomed, None));
    }
    if count > 0 {
        context.consent(&format!(
            "{} of the {} items of {} are not in the snapshot and will be deleted",
            grouped(count),
            grouped(held),
            connected.org
        ))?;
    }
    let taken = backup.keep(read)?;
    let path = taken.shelf.folder().join(taken.created.name.to_string());
    context.output.result(&format!(
        "What {} holds now is kept as the snapshot {}",
        connected.org, taken.created.name
    ));
    let restore = ["backup", "restore", &path.to_string_lossy()];
    context.tell_way_back("To bring it back", &restore, &connected.org, None);
    Ok((doomed, Some(path)))
}

/// The ids that the organization holds and the snapshot lacks.
fn lacking(read: &mut Read, snapshot: &Snapshot) -> Result<Vec<String>, Error> {
    let mut kept = BTreeSet::new();
    snapshot.each::<SnapshotError>(|item| {
        kept.extend(id_of(&item).map(std::borrow::Cow::into_owned));
        Ok(())
    })?;
    let mut doomed = Vec::new();
    read.spool.each::<Error>(|item| {
        if let Some(id) = id_of(&item)
            && !kept.contains(id.as_ref())
        {
            doomed.push(id.into_owned());
        }
        Ok(())
    })?;
    Ok(doomed)
}

fn identity(snapshot: &Snapshot, connected: &Connected, options: &BackupRestore) -> Result<Identity, Error> {
    let path = snapshot.path();
    let file = fingerprint(&path).map_err(|cause| SnapshotError::File {
        path,
        doing: "read",
        cause,
    })?;
    Ok(Identity {
        command: "restore".to_owned(),
        files: vec![file],
        api: connected.place.clone(),
        org: connected.org.clone(),
        options: format!("exact {} only {:?}", options.exact, options.only),
    })
}
