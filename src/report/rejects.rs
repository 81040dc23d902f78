//! The reject file: the rows that did not go through, as they stood in their file, with the reason beside them,
//! ready to be corrected and imported again.
//!
//! Doesn't belong here: why a row did not go through (`columns`, `upload`).

mod place;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Imbalance, RejectError};
use crate::columns::{BEYOND, Judge, REJECT_COLUMNS, Rejection, Settings, Source, UNNAMED, unguard};
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::item::{ITEM_ID, Kind};
use crate::journal::{Journal, Problem};
use crate::sheet::write::{
    AtomicFile, Column, Compression, OutFormat, Style, TableWriter, Target, WriteError, as_text, writer,
};
use crate::sheet::{Cell, Row, Table};
use place::{beside, form, marked, numbered_with_mapping, own_format};
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
                let mut rows = TableRejects {
                    journal,
                    source,
                    index,
                    table,
                    target,
                    style,
                    columns: Vec::new(),
                };
                rows.columns = rows.originals()?;
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
    columns: Vec<Original>,
}

/// A column of the source, as it stands in the reject file.
struct Original {
    index: usize,
    /// The key of a nested object, where the column stands for one.
    key: Option<String>,
    name: String,
    /// Numbers in it are written with a decimal comma.
    comma: bool,
}

/// Takes a rejected row with its problems.
type TakeRow<'t> = dyn FnMut(&Row, &[Problem]) -> Result<(), Error> + 't;

impl TableRejects<'_> {
    /// The columns that the file has: those with a header, those that hold a value in a rejected row, and, where objects
    /// can't be written, the keys of a nested object.
    fn originals(&self) -> Result<Vec<Original>, Error> {
        let has_keys = matches!(self.target.format, OutFormat::Json | OutFormat::Jsonl);
        let original = |index: usize, key: Option<String>, name: String| Original {
            index,
            key,
            name,
            comma: !has_keys && self.source.has_decimal_comma(self.index, index),
        };
        let named: BTreeMap<usize, &str> = (self.table.header.cells.iter())
            .map(|cell| (cell.index, cell.name.as_str()))
            .collect();
        let width = named.keys().next_back().map_or(0, |last| last + 1);
        let mut filled = BTreeSet::new();
        self.each(&mut |row, _| {
            let cells = row.cells().enumerate().filter(|(index, _)| !named.contains_key(index));
            filled.extend(cells.filter(|(_, cell)| holds_something(*cell)).map(|(index, _)| index));
            Ok(())
        })?;
        if filled.last().is_some_and(|last| *last >= width) {
            // The first column beyond tells how wide the source's header is.
            filled.insert(width);
        }
        let mut columns: Vec<Original> = Vec::new();
        for index in named.keys().copied().chain(filled).collect::<BTreeSet<_>>() {
            let name = match named.get(&index) {
                Some(name) if REJECT_COLUMNS.contains(&name.trim()) => continue,
                Some(name) => (*name).to_owned(),
                None => {
                    let beginning = if index < width { UNNAMED } else { BEYOND };
                    // A cell beyond a reject file may have the number of one that was beyond the source.
                    let is_free = |name: &String| named.values().all(|other| other.trim() != name);
                    let mut names = (index + 1..).map(|number| format!("{beginning}{number}"));
                    names.find(is_free).unwrap_or_default()
                }
            };
            columns.push(original(index, None, name));
        }
        let nested = self.source.matchings().get(self.index).into_iter();
        let nested = nested.flat_map(|matching| &matching.columns).filter(|_| !has_keys);
        columns.extend(nested.filter_map(|column| {
            let key = column.key.clone()?;
            Some(original(column.index, Some(key), column.header.clone()))
        }));
        Ok(columns)
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
                    return Err(Imbalance(format!("line {line} of {} is gone", self.table.file)).into());
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
        let names = self.columns.iter().map(|column| column.name.as_str());
        let columns: Vec<Column> = names
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
            self.each(&mut |row, problems| Ok(self.write_row(out.as_mut(), row, problems)?))?;
            out.finish()?;
        }
        Ok(file.commit()?)
    }

    fn write_row(&self, out: &mut dyn TableWriter, row: &Row, problems: &[Problem]) -> Result<(), WriteError> {
        let line = row.line.to_string();
        let join = |of: &dyn Fn(&Rejection) -> String, between: &str| {
            let parts = problems.iter().map(|problem| of(&problem.rejection));
            let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            parts.dedup();
            // A workbook's cell has no room for more, and what is told of a row must not keep it from being written.
            parts.join(between).chars().take(LONGEST).collect::<String>()
        };
        let column = join(&|problem| problem.column.clone().unwrap_or_default(), ", ");
        let value = join(&|problem| problem.value.clone(), " | ");
        let reason = join(&|problem| problem.reason.clone(), "; ");
        // What delimited text would read otherwise than its source did.
        let texts: Vec<Option<String>> = self.columns.iter().map(|column| self.rewritten(column, row)).collect();
        let cells = self.columns.iter().zip(&texts);
        let mut cells: Vec<Cell<'_>> = cells
            .map(|(column, text)| match text {
                Some(text) => Cell::Text(text),
                None => column.cell(row),
            })
            .collect();
        cells.extend([&line, &column, &value, &reason].map(|text| Cell::Text(text)));
        let is_bad = |column: &Original| {
            let mut at_fault = problems.iter().map(|problem| problem.rejection.index);
            column.key.is_none() && at_fault.any(|index| index == Some(column.index))
        };
        let columns = self.columns.iter().enumerate();
        let bad: Vec<usize> = columns.filter(|(_, column)| is_bad(column)).map(|(at, _)| at).collect();
        out.marked_row(&cells, &bad)
    }

    /// The text of a cell that means the same in the reject file, where its format has another reading of it than the
    /// source's: a guard is read in delimited text only, and only there are numbers read in the column's style.
    fn rewritten(&self, column: &Original, row: &Row) -> Option<String> {
        let is_text = matches!(self.target.format, OutFormat::Csv | OutFormat::Tsv);
        match column.cell(row) {
            Cell::Text(text) if !self.table.format.is_typed() && !is_text => match unguard(text) {
                Cow::Owned(text) => Some(text),
                Cow::Borrowed(bare) => (bare.len() != text.len()).then(|| bare.to_owned()),
            },
            cell @ (Cell::Number(..) | Cell::Json(Value::Number(_))) if is_text && column.comma => {
                Some(as_text(&cell).replace('.', ","))
            }
            _ => None,
        }
    }
}

impl Original {
    fn cell<'r>(&self, row: &'r Row) -> Cell<'r> {
        let cell = row.cell(self.index);
        match (&self.key, cell) {
            (None, cell) => cell,
            (Some(key), Cell::Json(Value::Object(map))) => match map.get(key) {
                None => Cell::Absent,
                Some(Value::String(text)) => Cell::Text(text),
                Some(Value::Bool(value)) => Cell::Bool(*value),
                Some(Value::Null) => Cell::Empty,
                Some(value) => Cell::Json(value),
            },
            // An object of one version is the object's name in another.
            (Some(key), cell) if key == "Name" => cell,
            (Some(_), _) => Cell::Absent,
        }
    }
}

fn holds_something(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Absent | Cell::Empty => false,
        Cell::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}
