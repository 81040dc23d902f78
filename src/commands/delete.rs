//! `stockport delete`: items of an organization → nothing, after a plan, a copy and a yes.
//!
//! Doesn't belong here: which items are meant, and the brakes (`delete`).

use std::path::PathBuf;
use std::slice;

use super::Context;
use super::reading;
use super::run::{Terms, Writing, WritingRun, writing};
use crate::cli::{self, Reading};
use crate::columns::Source;
use crate::delete::{Delete, DeleteError, IdFile, Ids, Which};
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::inventory::{Completeness, Incomplete, ItemStore, Listing, ask_for, read_into};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::{Action, MaxShare};
use crate::report::Summary;
use crate::runs::fingerprint_of;
use crate::transfer::{Transfer, show_items, show_reading};

/// The bound of `--where` where the user names none.
const MOST_BY_CONDITION: MaxShare = MaxShare::Share(0.1);

/// How many of the items that would go are named.
const FIRST: usize = 5;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Delete) -> Exit {
    let terms = Terms {
        brakes: Some(options.brakes),
        verify: options.verify,
        rejects: options.rejects.as_deref(),
        // They hold ids to delete.
        rejects_items: false,
        report: options.report.file.as_deref(),
        ..Terms::of("delete", !options.dry_run, options.pace)
    };
    writing(context, terms, named(options), |writing, summary| {
        delete(writing, options, summary)
    })
}

fn delete(writing: Writing<'_>, options: &cli::Delete, summary: &mut Summary) -> Result<(), Error> {
    let context = writing.context;
    writing.may_delete()?;
    let filter = filter(options)?;
    let file = options.file.as_ref().map(|file| opened(context, options, file));
    let mut file = file.transpose()?;
    let connected = writing.connect(summary)?;
    let fingerprints = options.file.iter().map(|file| fingerprint_of(file));
    let which = format!("ids {:?} where {:?}", options.ids, options.conditions);
    let identity = writing.identity(&connected, fingerprints.collect::<Result<_, _>>()?, which);
    let mut run = writing.begin(&connected, None)?;
    if let Some((source, _)) = &mut file {
        let survey = source.survey()?;
        show_reading(&context.output, &source.tables, &survey);
        summary.warnings = survey.warnings;
        summary
            .extra
            .insert("set_aside".to_owned(), survey.set_aside.count.into());
    }
    let (which, read) = match (&file, &filter) {
        (Some((source, paths)), _) => (Which::File(IdFile::new(source, paths)?), None),
        (None, Some(filter)) => {
            let (ids, listing, store) = matching(&run, filter)?;
            (Which::Ids(ids, Some(filter)), Some((listing, store)))
        }
        (None, None) => (Which::Ids(Ids::named(&options.ids)?, None), None),
    };
    let journal = run.journal(None, &identity, summary)?;
    let bound = options.max_delete.or(filter.is_some().then_some(MOST_BY_CONDITION));
    let ask = |listing: &Listing, stored: &mut ItemStore| approve(&run, &journal, bound, listing, stored);
    let rejects = options.rejects.as_deref();
    let supply = Delete { which, rejects };
    let transfer = Transfer {
        read,
        approve: &ask,
        ..run.transfer()
    };
    transfer.run(&supply, &journal, None, summary);
    run.end(journal, summary)
}

/// Names the first items, holds their number against the bound, asks, and keeps a copy.
fn approve(
    run: &WritingRun<'_>,
    journal: &Journal,
    bound: Option<MaxShare>,
    listing: &Listing,
    stored: &mut ItemStore,
) -> Result<(), Error> {
    let context = run.context;
    // What is stopped from here on has to account for the file's rows.
    context.reading.ignore();
    let (_, _, count) = journal.planned()?;
    show_items(&context.output, journal, (Action::Delete, count), FIRST)?;
    let held = listing.count.max(stored.count());
    if bound.is_some_and(|bound| !bound.allows(count, held)) {
        return Err(DeleteError::TooMany { count, held }.into());
    }
    if count == 0 || !run.terms.sends {
        return Ok(());
    }
    let (items, of, org) = (counted(count, "item"), grouped(held), &run.connected.org);
    context.consent(&format!("{items} of the {of} that {org} holds will be deleted"))?;
    run.keep(journal, listing, stored)
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
        lenient: false,
        keep_suspects: options.keep_suspects,
        delimiter: options.delimiter,
        encoding: options.encoding.clone(),
        column: options.column.clone(),
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
fn matching(run: &WritingRun<'_>, filter: &Filter) -> Result<(Ids, Listing, ItemStore), Error> {
    let connected = run.connected;
    let mut store = ItemStore::new()?;
    let (output, client) = (&run.context.output, &connected.client);
    let mut listing = read_into(output, client, run.known.at_least, &mut store)?;
    ask_for(output, client, &mut listing, &run.known.earlier())?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(Incomplete::of(&connected.org, &listing).into());
    }
    filter.check(store.fields())?;
    let ids = Ids::matching(filter, &mut store)?;
    Ok((ids, listing, store))
}
