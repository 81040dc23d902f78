//! The options by which files are read, as every command that reads files takes them.
//!
//! Doesn't belong here: reading (`sheet`, `columns`).

use std::path::{Path, PathBuf};

use crate::cli::{self, Reading};
use crate::columns::{ColumnError, ColumnOptions, DateOrder, Duplicates, Judge, Mapping, NumberStyle};
use crate::error::Error;
use crate::runs::is_stream;
use crate::sheet::{self, Input, Limits, ReadOptions, SheetChoice, Stop, Table};

/// The mapping file that `--map` names.
pub(super) fn mapping(reading: &Reading) -> Result<Option<Mapping>, Error> {
    let loaded = reading.map.as_deref().map(Mapping::load).transpose();
    Ok(loaded.map_err(ColumnError::from)?)
}

/// The tables of all files, in the order in which they were named, and the file of each.
pub(super) fn open(
    files: &[PathBuf],
    reading: &Reading,
    mapping: Option<&Mapping>,
    stop: &Stop,
) -> Result<(Vec<Table>, Vec<PathBuf>), Error> {
    open_as(files, reading, mapping, stop, false)
}

/// Opens files, and does the work on their tables. Texts are taken for UTF-8 where they begin so; where the work finds a
/// row that is none, they are opened once more, and all is done again.
pub(super) fn with_open<T>(
    files: &[PathBuf],
    reading: &Reading,
    mapping: Option<&Mapping>,
    stop: &Stop,
    work: &mut dyn FnMut(Vec<Table>, Vec<PathBuf>) -> Result<T, Error>,
) -> Result<T, Error> {
    // What gives its bytes only once can't be opened once more.
    if !files.iter().any(|file| is_stream(file)) {
        let (tables, paths) = open_as(files, reading, mapping, stop, true)?;
        match work(tables, paths) {
            Err(error) if error.is_no_text() => {}
            done => return done,
        }
    }
    let (tables, paths) = open(files, reading, mapping, stop)?;
    work(tables, paths)
}

fn open_as(
    files: &[PathBuf],
    reading: &Reading,
    mapping: Option<&Mapping>,
    stop: &Stop,
    trusting: bool,
) -> Result<(Vec<Table>, Vec<PathBuf>), Error> {
    let options = ReadOptions {
        sheet: match reading.sheet.as_deref() {
            None => SheetChoice::Best,
            Some("*") => SheetChoice::All,
            Some(name) => SheetChoice::Named(name.to_owned()),
        },
        header_row: reading.header_row,
        delimiter: reading.delimiter,
        encoding: reading.encoding.clone(),
        trusting,
        limits: limits(reading),
        stop: stop.clone(),
    };
    let mut judge = Judge::new();
    if let Some(mapping) = mapping {
        judge = judge.with_mapping(mapping);
    }
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

fn limits(reading: &Reading) -> Limits {
    let usual = Limits::default();
    // What doesn't fit into this machine's addresses is no bound at all.
    let fitting = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Limits {
        expanded_bytes: reading.max_unpacked.unwrap_or(usual.expanded_bytes),
        cells: reading.max_cells.unwrap_or(usual.cells),
        columns: reading
            .max_columns
            .map_or(usual.columns, |columns| fitting(columns.into())),
        row_bytes: reading.max_row.map_or(usual.row_bytes, fitting),
    }
}

/// How columns and values are read.
pub(super) fn column_options(reading: &Reading) -> ColumnOptions {
    ColumnOptions {
        duplicates: match reading.duplicates {
            cli::Duplicates::Reject => Duplicates::Reject,
            cli::Duplicates::First => Duplicates::First,
            cli::Duplicates::Last => Duplicates::Last,
            cli::Duplicates::Merge => Duplicates::Merge,
        },
        dates: reading.dates.map(|order| match order {
            cli::Dates::Mdy => DateOrder::Mdy,
            cli::Dates::Dmy => DateOrder::Dmy,
            cli::Dates::Ymd => DateOrder::Ymd,
        }),
        numbers: reading.numbers.map(|style| match style {
            cli::Numbers::Us => NumberStyle::Us,
            cli::Numbers::Eu => NumberStyle::Eu,
        }),
        strict: reading.strict,
        blanks_reject: false,
    }
}
