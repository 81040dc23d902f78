//! `stockport delete`: items of an organization → nothing, after a plan, a copy and a yes.
//!
//! Doesn't belong here: which items are meant, and the brakes (`delete`).

use std::cell::RefCell;
use std::path::PathBuf;
use std::slice;
use std::time::Instant;

use serde_json::json;

use super::{Connected, Context, reading, runs_folder};
use crate::cli::{self, Reading};
use crate::columns::Source;
use crate::config;
use crate::delete::{Delete, DeleteError, IdFile, Ids, Which};
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::inventory::{Completeness, Incomplete, ItemStore, Listing, read_into};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::{Action, MaxDelete};
use crate::report::Summary;
use crate::runs::{Fingerprint, Identity, Known, Lock, Runs, fingerprint_of};
use crate::transfer::{Purpose, Transfer, show_items, show_reading};

/// The bound of `--where` where the user names none.
const MOST_BY_CONDITION: MaxDelete = MaxDelete::Share(0.1);

/// How many of the items that would go are named.
const FIRST: usize = 5;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Delete) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        source: named(options),
        dry_run: options.dry_run,
        ..Summary::default()
    };
    if let Err(error) = delete(context, options, &mut summary, began) {
        summary.error = Some(context.cause_of(error));
    }
    summary.took = began.elapsed();
    // The reject file holds ids to delete, no items to import.
    let rejects = std::mem::take(&mut summary.rejects);
    context.tell_next(&mut summary, None);
    summary.rejects = rejects;
    summary.show(&context.output);
    summary.exit()
}

fn delete(context: &Context, options: &cli::Delete, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let sends = !options.dry_run;
    // What would be refused at the end is refused before anything is asked for.
    if sends && !context.yes && !context.output.can_ask() {
        return Err(DeleteError::NobodyToAsk.into());
    }
    let filter = filter(options)?;
    let source = options
        .file
        .as_ref()
        .map(|file| opened(context, options, file))
        .transpose()?;
    let connected = context.connect()?;
    summary.target.clone_from(&connected.org);
    let identity = identity(options, &connected)?;
    let runs = Runs::new(runs_folder(sends)?);
    let lock = if sends {
        Some(Lock::take(&runs_folder(true)?, &identity.api, &identity.org, "delete")?)
    } else {
        None
    };
    let known = Known {
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        ..runs.known(&identity.api, &identity.org)
    };
    let mut source = source;
    if let Some((source, _)) = &mut source {
        let survey = source.survey()?;
        show_reading(&context.output, &source.tables, &survey);
        summary.warnings = survey.warnings;
    }
    let (which, read) = match (&source, &filter) {
        (Some((source, paths)), _) => (Which::File(IdFile::new(source, paths)?), None),
        (None, Some(filter)) => {
            let (ids, listing, store) = matching(context, &connected, filter, known.at_least)?;
            (Which::Ids(ids, Some(filter)), Some((listing, store)))
        }
        (None, None) => (Which::Ids(Ids::named(&options.ids)?, None), None),
    };
    let (run, journal) = if sends {
        runs.begin(&identity, &summary.source)?
    } else {
        (String::new(), Journal::temporary()?)
    };
    summary.run.clone_from(&run);
    let bound = match (options.max_delete, &filter) {
        (None, Some(_)) => Some(MOST_BY_CONDITION),
        (bound, _) => bound,
    };
    let snapshot = RefCell::new(None);
    let ask = |listing: &Listing, stored: &mut ItemStore| {
        let (_, _, count) = journal.planned()?;
        // What is stopped from here on has to account for the file's rows.
        context.reading.ignore();
        show_items(&context.output, &journal, (Action::Delete, count), FIRST)?;
        let held = listing.count.max(stored.count());
        if bound.is_some_and(|bound| !bound.allows(count, held)) {
            return Err(DeleteError::TooMany { count, held }.into());
        }
        if count == 0 || !sends {
            return Ok(());
        }
        let (items, of, org) = (counted(count, "item"), grouped(held), &connected.org);
        context.consent(&format!("{items} of the {of} that {org} holds will be deleted"))?;
        let dir = config::snapshots_folder()?;
        let kept = context.safety(&dir).keep(org, &connected.place, listing, stored)?;
        let restore = ["backup", "restore", &kept.to_string_lossy()];
        context.tell_way_back("To bring it back", &restore, org, None);
        snapshot.replace(Some(kept));
        Ok(())
    };
    let supply = Delete {
        which,
        rejects: options.rejects.as_deref(),
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
        read,
        approve: &ask,
        stop: &context.stop,
    };
    transfer.run(&supply, &journal, None, summary);
    if let Some(path) = snapshot.into_inner() {
        summary.extra.insert("snapshot".to_owned(), json!(path));
    }
    if sends {
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    drop(lock);
    Ok(())
}

fn named(options: &cli::Delete) -> String {
    if let Some(file) = &options.file {
        file.display().to_string()
    } else if options.conditions.is_empty() {
        counted(options.ids.len() as u64, "id")
    } else {
        options.conditions.join(", ")
    }
}

fn filter(options: &cli::Delete) -> Result<Option<Filter>, Error> {
    if options.conditions.is_empty() {
        return Ok(None);
    }
    Ok(Some(Filter::parse(&options.conditions)?))
}

/// The file of ids. Nothing but its ids is read.
fn opened(context: &Context, options: &cli::Delete, file: &PathBuf) -> Result<(Source, Vec<PathBuf>), Error> {
    let wanted = Reading {
        sheet: options.sheet.clone(),
        header_row: options.header_row,
        duplicates: cli::Duplicates::First,
        dates: None,
        numbers: None,
        strict: false,
        delimiter: options.delimiter,
        encoding: options.encoding.clone(),
        map: options.map.clone(),
        max_unpacked: None,
        max_cells: None,
        max_columns: None,
        max_row: None,
    };
    let file = slice::from_ref(file);
    let opening = reading::prepare(context, file, &wanted)?;
    let opened = opening.open(file)?;
    let paths = opened.paths.clone();
    let source = opened.source(reading::column_options(&opening.reading))?;
    Ok((source.ids_only(), paths))
}

/// Which items meet the conditions now: only of a list that is whole can that be told.
fn matching(
    context: &Context,
    connected: &Connected,
    filter: &Filter,
    known: Option<u64>,
) -> Result<(Ids, Listing, ItemStore), Error> {
    let mut store = ItemStore::new()?;
    let listing = read_into(&context.output, &connected.client, known, &mut store)?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(Incomplete::of(&connected.org, &listing).into());
    }
    filter.check(store.fields())?;
    let ids = Ids::matching(filter, &mut store)?;
    Ok((ids, listing, store))
}

fn identity(options: &cli::Delete, connected: &Connected) -> Result<Identity, Error> {
    let files: Vec<Fingerprint> = options
        .file
        .iter()
        .map(|file| fingerprint_of(file))
        .collect::<Result<_, _>>()?;
    Ok(Identity {
        command: "delete".to_owned(),
        files,
        api: connected.place.clone(),
        org: connected.org.clone(),
        options: format!("ids {:?} where {:?}", options.ids, options.conditions),
    })
}
