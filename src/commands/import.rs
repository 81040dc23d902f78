//! `stockport import`: spreadsheets → an organization.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Context;
use crate::cli::{self, Import};
use crate::columns::{ColumnOptions, DateOrder, Duplicates, Judge, NumberStyle, Origin, Source, Survey};
use crate::config::runs_folder;
use crate::error::{Error, Exit};
use crate::journal::{self, Journal};
use crate::plan::{Blanks, Mode, Policy};
use crate::report::{Summary, check_rejects, write_rejects};
use crate::sheet::{self, Input, ReadOptions, SheetChoice, Table};
use crate::transfer::{Supply, Take, Transfer, show_reading};
use crate::upload;

/// The rows of the files that the user named.
struct Files<'a> {
    source: &'a Source,
    survey: &'a Survey,
    /// The file that each table came from.
    paths: &'a [PathBuf],
    rejects: Option<&'a Path>,
}

impl Supply for Files<'_> {
    fn count(&self) -> u64 {
        self.survey.rows
    }

    fn each(&self, take: &mut Take<'_>) -> Result<(), Error> {
        self.source
            .read::<Error>(&mut |_, incoming| take(incoming.origin, incoming.reading))
    }

    fn address(&self, origin: Origin, index: Option<usize>) -> String {
        match (self.source.tables.get(origin.table), index) {
            (Some(table), Some(index)) => format!("{}, {}", table.file, table.address(origin.line, index)),
            (Some(table), None) => format!("{}, {}", table.file, table.row_address(origin.line)),
            (None, _) => format!("line {}", origin.line),
        }
    }

    fn tables(&self) -> usize {
        self.source.tables.len()
    }

    fn write_rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        write_rejects(journal, &self.source.tables, self.paths, self.rejects)
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, options: &Import) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        source: named(&options.files),
        dry_run: options.dry_run,
        ..Summary::default()
    };
    if let Err(error) = import(context, options, &mut summary) {
        summary.error = Some(error);
    }
    summary.took = began.elapsed();
    summary.show(&context.output);
    summary.exit()
}

fn import(context: &Context, options: &Import, summary: &mut Summary) -> Result<(), Error> {
    let (tables, paths) = open(&options.files, &options.reading)?;
    let mut source = Source::new(tables, column_options(options))?;
    if !options.dry_run || options.rejects.is_some() {
        check_rejects(&source.tables, &paths, options.rejects.as_deref())?;
    }
    let connected = context.connect()?;
    summary.target.clone_from(&connected.org);
    let survey = source.survey()?;
    show_reading(&context.output, &source.tables, &survey);
    summary.warnings.clone_from(&survey.warnings);
    let journal = if options.dry_run {
        Journal::temporary()?
    } else {
        summary.run = journal::run_name();
        Journal::create(&runs_folder()?, &summary.run)?
    };
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        policy: policy(options),
        upload: upload::Options {
            jobs: usize::from(options.jobs),
            batch: usize::from(options.batch),
            retries: context.wishes.retries,
            rate: options.rate,
            max_failures: options.max_failures,
        },
        dry_run: options.dry_run,
        rejects_anyway: options.rejects.is_some(),
        stop: &context.stop,
    };
    let files = Files {
        source: &source,
        survey: &survey,
        paths: &paths,
        rejects: options.rejects.as_deref(),
    };
    transfer.run(&files, &journal, summary);
    Ok(())
}

/// The tables of all files, in the order in which they were named, and the file of each.
fn open(files: &[PathBuf], reading: &cli::Reading) -> Result<(Vec<Table>, Vec<PathBuf>), Error> {
    let options = ReadOptions {
        sheet: match reading.sheet.as_deref() {
            None => SheetChoice::Best,
            Some("*") => SheetChoice::All,
            Some(name) => SheetChoice::Named(name.to_owned()),
        },
        header_row: reading.header_row,
        delimiter: reading.delimiter,
        encoding: reading.encoding.clone(),
        ..ReadOptions::default()
    };
    let judge = Judge::new();
    let (mut tables, mut paths) = (Vec::new(), Vec::new());
    for file in files {
        let input = if file == Path::new("-") {
            Input::Stdin
        } else {
            Input::Path(file.clone())
        };
        tables.extend(sheet::open(&input, &options, &judge)?);
        paths.resize(tables.len(), file.clone());
    }
    Ok((tables, paths))
}

fn column_options(options: &Import) -> ColumnOptions {
    ColumnOptions {
        duplicates: match options.reading.duplicates {
            cli::Duplicates::Reject => Duplicates::Reject,
            cli::Duplicates::First => Duplicates::First,
            cli::Duplicates::Last => Duplicates::Last,
            cli::Duplicates::Merge => Duplicates::Merge,
        },
        dates: options.reading.dates.map(|order| match order {
            cli::Dates::Mdy => DateOrder::Mdy,
            cli::Dates::Dmy => DateOrder::Dmy,
            cli::Dates::Ymd => DateOrder::Ymd,
        }),
        numbers: options.reading.numbers.map(|style| match style {
            cli::Numbers::Us => NumberStyle::Us,
            cli::Numbers::Eu => NumberStyle::Eu,
        }),
        strict: options.reading.strict,
        blanks_reject: matches!(options.blanks, cli::Blanks::Reject),
    }
}

fn policy(options: &Import) -> Policy {
    Policy {
        blanks: match options.blanks {
            cli::Blanks::Keep | cli::Blanks::Reject => Blanks::Keep,
            cli::Blanks::Clear => Blanks::Clear,
        },
        mode: match options.mode {
            cli::Mode::Upsert => Mode::Upsert,
            cli::Mode::Create => Mode::Create,
            cli::Mode::Update => Mode::Update,
        },
        complete: options.complete,
    }
}

fn named(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|file| file.to_string_lossy())
        .collect::<Vec<_>>()
        .join(", ")
}
