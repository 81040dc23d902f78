//! The options by which files are read, as every command that reads files takes them, and the mapping files.
//!
//! Doesn't belong here: reading (`sheet`, `columns`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use super::Context;
use crate::cli::{self, Reading, UsageError};
use crate::columns::{
    ColumnError, ColumnOption, ColumnOptions, DateOrder, Duplicates, Judge, Mapping, MappingError, NumberStyle,
    Settings, Source, is_of_rejects, unknown_headers,
};
use crate::error::{Category, Error};
use crate::item::field_named;
use crate::report::mapping_beside;
use crate::sheet::{self, Input, Limits, ReadOptions, SheetChoice, Stop, Table, is_stream};

/// How files are read: with the options in force, and each with its mapping file, if it has one.
pub(super) struct Opening {
    /// The command line's options, completed by those of the mapping files.
    pub(super) reading: Reading,
    /// The options that the mapping files give and the command line doesn't.
    pub(super) settings: Settings,
    /// The mapping files.
    pub(super) maps: Vec<PathBuf>,
    /// What is said of the columns of each file.
    mappings: Vec<Option<Arc<Mapping>>>,
    stop: Stop,
}

/// The tables of all files, in the order in which they were named.
pub(super) struct Opened {
    pub(super) tables: Vec<Table>,
    /// The file of each table.
    pub(super) paths: Vec<PathBuf>,
    /// What is said of the columns of each table.
    pub(super) mappings: Vec<Option<Arc<Mapping>>>,
}

/// Finds the mapping files: the one that `--map` names, for all files; else, for each reject file, the one that was written
/// with it. What the command line gives wins over what they say.
pub(super) fn prepare(context: &Context, files: &[PathBuf], reading: &Reading) -> Result<Opening, Error> {
    let mut opening = Opening {
        reading: reading.clone(),
        settings: Settings::default(),
        maps: reading.map.iter().cloned().collect(),
        mappings: Vec::new(),
        stop: context.reading.clone(),
    };
    refuse_twice(reading)?;
    let overrule = |mapping: Option<Mapping>| {
        let mapping = Mapping::with_options(mapping, &reading.column).map_err(ColumnError::from)?;
        let columns = column_options(reading);
        Ok::<_, Error>(mapping.map(|mut mapping| {
            mapping.overrule(columns.dates, columns.numbers);
            Arc::new(mapping)
        }))
    };
    let named = reading.map.as_deref().map(Mapping::load).transpose();
    let named = overrule(named.map_err(ColumnError::from)?)?.filter(|_| reading.map.is_some());
    for file in files {
        let own = opening.mapping_of(file)?;
        let mapping = match (&named, own) {
            (Some(named), own) => {
                if let Some(own) = own.filter(|own| !is_same(own, reading.map.as_deref())) {
                    let own = own.display();
                    context
                        .output
                        .say(&format!("{own} is ignored: --map names another mapping file"));
                }
                Some(Arc::clone(named))
            }
            (None, Some(own)) => overrule(opening.take_up(context, file, own)?)?,
            (None, None) => overrule(None)?,
        };
        opening.mappings.push(mapping);
    }
    opening.settings = agreed(context, files, &opening.mappings)?;
    opening.complete();
    Ok(opening)
}

/// Refuses two columns for one field, and two fields for one column.
fn refuse_twice(reading: &Reading) -> Result<(), UsageError> {
    let ignored = |field: &str| field_named(field).is_none();
    for (at, one) in reading.column.iter().enumerate() {
        let clashes =
            |other: &&ColumnOption| other.header == one.header || other.field == one.field && !ignored(&one.field);
        if let Some(earlier) = reading.column.iter().take(at).find(clashes) {
            return Err(UsageError::Conflict(earlier.to_string(), one.to_string()));
        }
    }
    Ok(())
}

fn is_same(one: &Path, other: Option<&Path>) -> bool {
    let found = other.map(std::fs::canonicalize);
    matches!((std::fs::canonicalize(one), found), (Ok(one), Some(Ok(other))) if one == other)
}

/// The options that the mapping files give and the command line doesn't: the same for all files, which are read together.
fn agreed(context: &Context, files: &[PathBuf], mappings: &[Option<Arc<Mapping>>]) -> Result<Settings, Error> {
    let settings = |mapping: &Option<Arc<Mapping>>| {
        let mut settings = mapping
            .as_ref()
            .map_or_else(Settings::default, |mapping| mapping.settings().clone());
        for given in &context.given {
            settings.remove(given);
        }
        settings
    };
    let all: Vec<Settings> = mappings.iter().map(settings).collect();
    let Some(first) = all.first() else {
        return Ok(Settings::default());
    };
    for (file, other) in files.iter().zip(&all) {
        if let Some((key, value)) = first.differs(other).or_else(|| other.differs(first)) {
            let differ = MappingError::Differ {
                first: files
                    .first()
                    .map_or_else(String::new, |first| first.display().to_string()),
                second: file.display().to_string(),
                key: key.to_owned(),
                value: value.to_owned(),
            };
            return Err(ColumnError::from(differ).into());
        }
    }
    Ok(first.clone())
}

/// An option's value as a mapping file has it.
pub(super) fn setting<T: ValueEnum>(settings: &Settings, name: &str) -> Option<T> {
    T::from_str(settings.get(name)?, false).ok()
}

/// An option's value as a mapping file has it.
pub(super) fn set(settings: &mut Settings, name: &str, value: &impl ValueEnum) {
    if let Some(value) = value.to_possible_value() {
        settings.set(name, value.get_name());
    }
}

impl Opening {
    /// The mapping file beside a file, if the file is a reject file and there is one.
    fn mapping_of(&self, file: &Path) -> Result<Option<PathBuf>, Error> {
        if file == Path::new("-") || is_stream(file) {
            return Ok(None);
        }
        let beside = mapping_beside(file);
        if beside == file || !beside.is_file() {
            return Ok(None);
        }
        let tables = self.tables(file, None, true)?;
        let headers = |table: &Table| is_of_rejects(table.header.cells.iter().map(|cell| cell.name.as_str()));
        Ok(tables.iter().any(headers).then_some(beside))
    }

    /// Reads the mapping file beside a reject file, if it is one.
    fn take_up(&mut self, context: &Context, file: &Path, own: PathBuf) -> Result<Option<Mapping>, Error> {
        let mapping = Mapping::load_of_rejects(&own).map_err(ColumnError::from)?;
        if mapping.is_some() {
            let line = format!("{}: the mapping file {} is used", file.display(), own.display());
            context.output.say_naming(&line, &[&own]);
            self.maps.push(own);
        } else {
            let own = own.display();
            context.output.say(&format!(
                "{own} is ignored: it does not begin as the mapping of a reject file; --map uses it"
            ));
        }
        Ok(mapping)
    }

    /// Puts the options that the mapping files give into those of the command line.
    fn complete(&mut self) {
        let Self { reading, settings, .. } = self;
        reading.dates = reading.dates.or_else(|| setting(settings, "dates"));
        reading.numbers = reading.numbers.or_else(|| setting(settings, "numbers"));
        reading.duplicates = setting(settings, "duplicates").unwrap_or(reading.duplicates);
        reading.lenient |= settings.is_on("lenient");
    }

    /// The options as a mapping file would give them.
    pub(super) fn given(&self) -> Settings {
        let mut settings = Settings::default();
        let Reading {
            dates,
            numbers,
            duplicates,
            lenient,
            ..
        } = &self.reading;
        if let Some(dates) = dates {
            set(&mut settings, "dates", dates);
        }
        if let Some(numbers) = numbers {
            set(&mut settings, "numbers", numbers);
        }
        if !matches!(duplicates, cli::Duplicates::Reject) {
            set(&mut settings, "duplicates", duplicates);
        }
        if *lenient {
            settings.turn_on("lenient");
        }
        settings
    }

    /// The tables of all files.
    pub(super) fn open(&self, files: &[PathBuf]) -> Result<Opened, Error> {
        self.open_as(files, false)
    }

    /// Opens files and calls `work` with their tables. A text that begins as UTF-8 is read as UTF-8; where `work` finds a row
    /// that is not, the files are opened again and `work` is called once more.
    pub(super) fn with_open<T>(
        &self,
        files: &[PathBuf],
        work: &mut dyn FnMut(Opened) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // What gives its bytes only once can't be opened once more.
        if !files.iter().any(|file| is_stream(file)) {
            match work(self.open_as(files, true)?) {
                Err(error) if error.category() == Category::NotText => {}
                done => return done,
            }
        }
        work(self.open(files)?)
    }

    fn open_as(&self, files: &[PathBuf], trusting: bool) -> Result<Opened, Error> {
        let mut opened = Opened {
            tables: Vec::new(),
            paths: Vec::new(),
            mappings: Vec::new(),
        };
        for (at, file) in files.iter().enumerate() {
            let mapping = self.mappings.get(at).cloned().flatten();
            opened.tables.extend(self.tables(file, mapping.as_deref(), trusting)?);
            opened.paths.resize(opened.tables.len(), file.clone());
            opened.mappings.resize(opened.tables.len(), mapping);
        }
        Ok(opened)
    }

    fn tables(&self, file: &Path, mapping: Option<&Mapping>, trusting: bool) -> Result<Vec<Table>, Error> {
        let reading = &self.reading;
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
            stop: self.stop.clone(),
        };
        let mut judge = Judge::new();
        if let Some(mapping) = mapping {
            judge = judge.with_headers(mapping.headers(), mapping.id_headers());
        }
        let input = if file == Path::new("-") {
            Input::Stdin
        } else {
            Input::Path(file.to_owned())
        };
        Ok(sheet::open(&input, &options, &judge)?)
    }
}

impl Opened {
    /// The tables with their columns matched. Refuses a header of `--column` that none of them has.
    pub(super) fn source(self, columns: ColumnOptions) -> Result<Source, Error> {
        self.refuse_unknown()?;
        self.matched(columns)
    }

    /// Refuses a header of `--column` that no table has.
    pub(super) fn refuse_unknown(&self) -> Result<(), Error> {
        let unknown = self.unknown_headers().into_iter().next();
        unknown.map_or(Ok(()), |(_, error)| Err(error.into()))
    }

    /// The headers of `--column` that no table has.
    pub(super) fn unknown_headers(&self) -> Vec<(String, ColumnError)> {
        // The options are the same for all tables.
        let mapping = self.mappings.iter().flatten().next();
        mapping.map_or_else(Vec::new, |mapping| unknown_headers(&self.tables, mapping))
    }

    /// The tables with their columns matched, where a header of `--column` may be another place's.
    pub(super) fn matched(self, columns: ColumnOptions) -> Result<Source, Error> {
        Ok(Source::with_mappings(self.tables, columns, self.mappings)?)
    }
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
        lenient: reading.lenient,
        keep_suspects: reading.keep_suspects,
        blanks_reject: false,
    }
}
