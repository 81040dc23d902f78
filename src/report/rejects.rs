//! The reject file: the rows that did not go through, as they stood in their file, with the reason beside them,
//! ready to be corrected and imported again.
//!
//! Doesn't belong here: why a row did not go through (`columns`, `upload`).

mod place;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::originals::{Filled, Originals};
use super::{Imbalance, RejectError};
use crate::columns::{Judge, REJECT_COLUMNS, Rejection, Settings, Source};
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::item::{ITEM_ID, Kind};
use crate::journal::{Journal, Problem};
use crate::sheet::write::{AtomicFile, Column, Compression, OutFormat, Style, TableWriter, Target, WriteError, writer};
use crate::sheet::{Cell, Row, Table};
pub(super) use place::marked;
use place::{beside, form, numbered_with_mapping, own_format};
pub(crate) use place::{mapping_beside, numbered};

/// How many characters are told of a row in one cell.
const LONGEST: usize = 8_000;

/// The reject files of a run, and where they go: one for each table that has problems, where `wanted` says, or beside the
/// file that the table came from. Beside each stands a mapping file. A file that is there already is never overwritten: the
/// next one is numbered.
#[derive(Debug, Default)]
pub struct Rejects<'a> {
    /// The file that the user names.
    pub wanted: Option<&'a Path>,
    /// Names the share of a job that is done by several processes: its files beside the input bear its name, so that no two
    /// of them want the same.
    pub part: Option<String>,
    /// The options with which the tables were read.
    pub settings: Settings,
    /// The run's name; empty where there is none, or it is not known.
    pub run: String,
}

impl Rejects<'_> {
    fn place(&self, table: &Table, path: &Path) -> PathBuf {
        let own = || beside(path, self.part.as_deref(), own_format(table));
        self.wanted.map_or_else(own, Path::to_owned)
    }

    /// Finds out, before anything is sent, whether the files could be written: a row's failure must not be lost for want of
    /// a place to put it. `paths` are the files of the source's tables. Gives the files, one for each table.
    pub fn check(&self, source: &Source, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for (table, path) in source.tables.iter().zip(paths) {
            form(table, self.wanted)?;
            match numbered_with_mapping(&self.place(table, path), self.wanted.is_some()) {
                Ok((file, _)) => files.push(file),
                Err(cause) => return Err(RejectError::NoFile(cause).into()),
            }
        }
        Ok(files)
    }

    /// Writes the files.
    pub fn write(&self, source: &Source, paths: &[PathBuf], journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        let mut written = Vec::new();
        for (index, (table, path)) in source.tables.iter().zip(paths).enumerate() {
            if journal.has_problems(index)? {
                let (path, file) = numbered_with_mapping(&self.place(table, path), self.wanted.is_some())?;
                // First, so that a reject file never stands without it.
                self.write_mapping(source, index, &mapping_beside(&path))?;
                let (target, style) = form(table, self.wanted)?;
                let rows = TableRejects {
                    journal,
                    source,
                    index,
                    table,
                    target,
                    style,
                };
                rows.write(file)?;
                written.push(path);
            }
        }
        Ok(written)
    }

    fn write_mapping(&self, source: &Source, index: usize, path: &Path) -> Result<(), Error> {
        let Some(table) = source.tables.get(index) else {
            return Ok(());
        };
        let run = match self.run.as_str() {
            "" => String::new(),
            run => format!(" in run {run}"),
        };
        let sheet = table.sheet.as_ref().map(|sheet| format!(", sheet {sheet:?}"));
        let about = format!("how {:?}{} was read{run}", table.file, sheet.unwrap_or_default());
        let text = source.mapping_of_rejects(index, &about, &self.settings);
        let mut file = AtomicFile::create_own(path)?;
        file.write_all(text.as_bytes()).map_err(WriteError::from)?;
        Ok(file.commit()?)
    }
}

/// Writes stored items that did not go through as JSON lines, each as it is stored with the reason beside it. The journal's
/// lines are the items' numbers in the store, from 1. Gives the file, where there is one.
pub fn write_objects(journal: &Journal, items: &mut ItemStore, wanted: &Path) -> Result<Vec<PathBuf>, Error> {
    if !journal.has_problems(0)? {
        return Ok(Vec::new());
    }
    let mut lines: BTreeMap<u64, Vec<Problem>> = BTreeMap::new();
    journal.problems::<Error>(0, &mut |problem| {
        lines.entry(problem.origin.line).or_default().push(problem);
        Ok(())
    })?;
    let (path, mut file) = numbered(wanted)?;
    let mut out = BufWriter::new(&mut file);
    let mut line = 0;
    items.each::<Error>(|mut item| {
        line += 1;
        let Some(problems) = lines.get(&line) else {
            return Ok(());
        };
        let texts: [&dyn Fn(&Rejection) -> String; 3] = [
            &|rejection| rejection.column.clone().unwrap_or_default(),
            &|rejection| rejection.value.clone(),
            &|rejection| rejection.reason.clone(),
        ];
        for (name, text) in REJECT_COLUMNS.iter().skip(1).zip(texts) {
            let parts: Vec<String> = problems.iter().map(|problem| text(&problem.rejection)).collect();
            item.insert((*name).to_owned(), Value::String(parts.join("; ")));
        }
        serde_json::to_writer(&mut out, &item).map_err(std::io::Error::from)?;
        out.write_all(b"\n").map_err(WriteError::from)?;
        Ok(())
    })?;
    out.flush().map_err(WriteError::from)?;
    drop(out);
    file.commit()?;
    Ok(vec![path])
}

/// Writes the ids that did not go through, where they stood in no table, with the reason beside each. Gives the file,
/// where there is one.
pub fn write_ids(journal: &Journal, wanted: &Path) -> Result<Vec<PathBuf>, Error> {
    if !journal.has_problems(0)? {
        return Ok(Vec::new());
    }
    let target = Target::for_path(wanted).unwrap_or(Target {
        format: OutFormat::Csv,
        compression: Compression::None,
    });
    let (path, file) = numbered(wanted)?;
    let columns: Vec<Column> = [ITEM_ID]
        .into_iter()
        .chain(REJECT_COLUMNS)
        .map(|name| Column {
            name: name.to_owned(),
            kind: Kind::Text,
            id: name == ITEM_ID,
        })
        .collect();
    {
        let style = marked(&target, Style::default());
        let mut out = writer(&target, &columns, &style, file.bytes()?)?;
        journal.problems::<Error>(0, &mut |problem| {
            let number = problem.origin.line.to_string();
            let rejection = &problem.rejection;
            // An id of the command line stands in no column.
            let cells = [&rejection.value, &number, "", &rejection.value, &rejection.reason];
            Ok(out.row(&cells.map(Cell::Text))?)
        })?;
        out.finish()?;
    }
    file.commit()?;
    Ok(vec![path])
}

/// The rejected rows of one table.
struct TableRejects<'a> {
    journal: &'a Journal,
    source: &'a Source,
    index: usize,
    table: &'a Table,
    target: Target,
    style: Style,
}

/// Takes a rejected row with its problems.
type TakeRow<'t> = dyn FnMut(&Row, &[Problem]) -> Result<(), Error> + 't;

impl TableRejects<'_> {
    /// The columns that the file has.
    fn originals(&self) -> Result<Originals<'_>, Error> {
        let mut filled = Filled::default();
        self.each(&mut |row, _| {
            filled.add(self.table, row);
            Ok(())
        })?;
        Ok(Originals::new(self.source, self.index, self.table, self.target, filled))
    }

    /// Gives every rejected row with its problems, in the file's order.
    fn each(&self, take: &mut TakeRow<'_>) -> Result<(), Error> {
        let mut rows = self.table.rows()?;
        let mut row = Row::new();
        let mut of_row: Vec<Problem> = Vec::new();
        // The journal gives the problems in the file's order, so that both are read side by side.
        let mut give = |of_row: &mut Vec<Problem>| -> Result<(), Error> {
            let Some(line) = of_row.first().map(|problem| problem.origin.line) else {
                return Ok(());
            };
            while row.line != line {
                if !rows.next(&mut row)? {
                    return Err(Imbalance(format!("line {line} of {} no longer exists", self.table.file)).into());
                }
            }
            take(&row, of_row)?;
            of_row.clear();
            Ok(())
        };
        self.journal.problems::<Error>(self.index, &mut |problem| {
            let line = problem.origin.line;
            if of_row.first().is_some_and(|first| first.origin.line != line) {
                give(&mut of_row)?;
            }
            of_row.push(problem);
            Ok(())
        })?;
        give(&mut of_row)
    }

    fn write(&self, file: AtomicFile) -> Result<(), Error> {
        let judge = Judge::new();
        let originals = self.originals()?;
        let columns: Vec<Column> = originals
            .names()
            .chain(REJECT_COLUMNS)
            .map(|name| Column {
                name: name.to_owned(),
                kind: Kind::Text,
                // So that an id that is corrected there stays text.
                id: judge.names_ids(name),
            })
            .collect();
        {
            let mut out = writer(&self.target, &columns, &self.style, file.bytes()?)?;
            self.each(&mut |row, problems| Ok(write_row(&originals, out.as_mut(), row, problems)?))?;
            out.finish()?;
        }
        Ok(file.commit()?)
    }
}

fn write_row(
    originals: &Originals<'_>,
    out: &mut dyn TableWriter,
    row: &Row,
    problems: &[Problem],
) -> Result<(), WriteError> {
    let line = row.line.to_string();
    let rejections = || problems.iter().map(|problem| &problem.rejection);
    let column = joined(
        rejections().map(|rejection| rejection.column.clone().unwrap_or_default()),
        ", ",
    );
    let value = joined(rejections().map(|rejection| rejection.value.clone()), " | ");
    let reason = joined(rejections().map(|rejection| rejection.reason.clone()), "; ");
    let bad = originals.places(|index| rejections().any(|rejection| rejection.index == Some(index)));
    let told = [&line, &column, &value, &reason];
    originals.with_cells(row, |cells| {
        let mut all = cells;
        all.extend(told.map(|text| Cell::Text(text)));
        out.marked_row(&all, &bad)
    })
}

/// What is told of a row in one cell, each part once in a row. A workbook's cell has no room for more, and what is told of a
/// row must not keep it from being written.
pub(super) fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.dedup();
    parts.join(between).chars().take(LONGEST).collect()
}
