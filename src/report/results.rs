//! The results file: every row of the input in its order, as it stood there, with what became of it.
//!
//! Doesn't belong here: the rows that did not go through, to be corrected (`rejects`).

use std::path::{Path, PathBuf};

use super::Imbalance;
use super::originals::{Filled, Originals};
use super::rejects::{joined, marked};
use crate::columns::{Again, RowKind, Source};
use crate::error::Error;
use crate::item::Kind;
use crate::journal::{Fate, Journal, State};
use crate::plan::Action;
use crate::sheet::write::{AtomicFile, Column, Style, TableWriter, Target, writer};
use crate::sheet::{Cell, Row};

/// The columns beside those of the input: which file and sheet, where there are several; the row, its outcome, and why.
const FILE: &str = "_file";
const SHEET: &str = "_sheet";
const ROW: &str = "_row";
const OUTCOME: &str = "_outcome";
const REASON: &str = "_reason";

/// A results file that is to be written at the end of a run.
pub struct Results {
    path: PathBuf,
    target: Target,
    file: AtomicFile,
}

/// What a run knows of its rows.
pub struct Account<'a> {
    /// The rows.
    pub source: &'a Source,
    /// The file that each table came from.
    pub paths: &'a [PathBuf],
    /// What was planned and how it ended.
    pub journal: &'a Journal,
    /// Whether the plan was agreed to. Else all rows without an outcome were not attempted.
    pub is_begun: bool,
    /// Whether nothing is sent: planned changes are outcomes then.
    pub is_dry: bool,
    /// Why the item of this id was skipped that has no change; none where it was unchanged.
    pub skipped: &'a dyn Fn(&str) -> Option<&'static str>,
}

/// One table, and where its columns stand among those of the file.
struct Placed<'a> {
    originals: Originals<'a>,
    places: Vec<usize>,
    name: String,
    sheet: String,
}

impl Results {
    /// Refuses a file that can't be written, or is there already.
    pub fn open(path: &Path, target: Target) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            target,
            file: AtomicFile::create(path, false)?,
        })
    }

    /// Writes the rows; gives the file and how many rows it has.
    pub fn write(self, account: &Account<'_>) -> Result<(PathBuf, u64), Error> {
        let mut names: Vec<String> = Vec::new();
        let mut tables = Vec::new();
        for at in 0..account.source.tables.len() {
            tables.extend(account.placed(at, self.target, &mut names)?);
        }
        let has_files = account.paths.windows(2).any(|pair| pair.first() != pair.last());
        let has_sheets = tables.len() > 1 && tables.iter().any(|table| !table.sheet.is_empty());
        let further = [(FILE, has_files), (SHEET, has_sheets)]
            .into_iter()
            .filter(|(_, is_there)| *is_there);
        let further = further.map(|(name, _)| name).chain([ROW, OUTCOME, REASON]);
        let columns: Vec<Column> = names
            .iter()
            .map(String::as_str)
            .chain(further)
            .map(text_column)
            .collect();
        let mut rows = 0;
        {
            let style = marked(&self.target, Style::default());
            let mut out = writer(&self.target, &columns, &style, self.file.bytes()?)?;
            for (at, table) in tables.iter().enumerate() {
                let place = [(table.name.as_str(), has_files), (table.sheet.as_str(), has_sheets)];
                let place = place
                    .into_iter()
                    .filter(|(_, is_there)| *is_there)
                    .map(|(text, _)| text);
                let mut rows_of = RowsOf {
                    account,
                    table,
                    width: names.len(),
                    place: place.collect(),
                    out: out.as_mut(),
                    rows: &mut rows,
                };
                rows_of.write(at)?;
            }
            out.finish()?;
        }
        self.file.commit()?;
        Ok((self.path, rows))
    }
}

/// Every cell stays as it stood in the input.
fn text_column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: Kind::Text,
        id: false,
    }
}

impl<'a> Account<'a> {
    /// A table's columns, placed among those of the tables before it: columns of one name are one column.
    fn placed(&self, at: usize, target: Target, names: &mut Vec<String>) -> Result<Option<Placed<'a>>, Error> {
        let (Some(table), Some(mut again)) = (self.source.tables.get(at), self.source.again(at)?) else {
            return Ok(None);
        };
        let (mut filled, mut row) = (Filled::default(), Row::new());
        while again.next(&mut row)? {
            filled.add(table, &row);
        }
        let originals = Originals::new(self.source, at, table, target, filled);
        let mut places: Vec<usize> = Vec::new();
        for name in originals.names() {
            let known = names.iter().enumerate();
            let mut free = known.filter(|(place, known)| *known == name && !places.contains(place));
            let place = free.next().map(|(place, _)| place);
            places.push(place.unwrap_or(names.len()));
            if place.is_none() {
                names.push(name.to_owned());
            }
        }
        Ok(Some(Placed {
            originals,
            places,
            name: table.file.clone(),
            sheet: table.sheet.clone().unwrap_or_default(),
        }))
    }

    /// What became of a row, and why.
    fn outcome(&self, fates: &[Fate], again: &Again<'_>, row: &Row) -> (&'static str, String) {
        let planned = fates.iter().find_map(|fate| Some((fate, fate.action?)));
        let Some((fate, action)) = planned else {
            return if fates.is_empty() {
                self.unrecorded(again, row)
            } else {
                ("rejected", joined(fates.iter().map(|fate| fate.reason.clone()), "; "))
            };
        };
        let reason = fate.reason.clone();
        match fate.state {
            None if self.is_dry => (action.name(), String::new()),
            None if reason.starts_with("not attempted") => ("not_attempted", NOT_ATTEMPTED.to_owned()),
            None | Some(State::Failed) => ("failed", reason),
            Some(State::Left) => ("rejected", reason),
            Some(State::Gone) => ("unchanged", reason),
            Some(State::Done) => (done(action), stored_differently(&reason)),
        }
    }

    /// What became of a row of which nothing was recorded.
    fn unrecorded(&self, again: &Again<'_>, row: &Row) -> (&'static str, String) {
        match again.kind(row) {
            RowKind::Aside(reason) => ("set_aside", reason.to_owned()),
            _ if !self.is_begun => ("not_attempted", NOT_ATTEMPTED.to_owned()),
            RowKind::Rejected(reasons) => ("rejected", joined(reasons.into_iter(), "; ")),
            RowKind::Skipped(reason) => ("skipped", reason),
            RowKind::Item(id) => match (self.skipped)(&id) {
                Some(reason) => ("skipped", reason.to_owned()),
                None => ("unchanged", String::new()),
            },
        }
    }
}

const NOT_ATTEMPTED: &str = "the run stopped before it";

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Delete => "deleted",
    }
}

/// Which fields are stored otherwise than they were sent.
fn stored_differently(fields: &str) -> String {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(fields).unwrap_or_default();
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("stored differently: {}", names.join(", "))
    }
}

/// Writes the rows of one table.
struct RowsOf<'a, 'b> {
    account: &'b Account<'a>,
    table: &'b Placed<'a>,
    width: usize,
    /// The file and the sheet, where they are written.
    place: Vec<&'b str>,
    out: &'b mut dyn TableWriter,
    rows: &'b mut u64,
}

impl RowsOf<'_, '_> {
    fn write(&mut self, at: usize) -> Result<(), Error> {
        let Some(mut again) = self.account.source.again(at)? else {
            return Ok(());
        };
        let mut row = Row::new();
        let mut of_row: Vec<Fate> = Vec::new();
        // The journal gives its records in the file's order, so that both are read side by side.
        self.account.journal.fates::<Error>(at, &mut |fate| {
            if of_row.first().is_some_and(|first| first.line != fate.line) {
                self.up_to(&of_row, &mut again, &mut row)?;
                of_row.clear();
            }
            of_row.push(fate);
            Ok(())
        })?;
        if !of_row.is_empty() {
            self.up_to(&of_row, &mut again, &mut row)?;
        }
        while again.next(&mut row)? {
            self.row(&[], &again, &row)?;
        }
        Ok(())
    }

    /// Writes the rows up to the one of these records.
    fn up_to(&mut self, fates: &[Fate], again: &mut Again<'_>, row: &mut Row) -> Result<(), Error> {
        let line = fates.first().map_or(0, |fate| fate.line);
        loop {
            if !again.next(row)? {
                return Err(Imbalance(format!("line {line} of {} no longer exists", self.table.name)).into());
            }
            if row.line == line {
                return self.row(fates, again, row);
            }
            self.row(&[], again, row)?;
        }
    }

    fn row(&mut self, fates: &[Fate], again: &Again<'_>, row: &Row) -> Result<(), Error> {
        let (outcome, reason) = self.account.outcome(fates, again, row);
        let line = row.line.to_string();
        self.table.originals.with_cells(row, |cells| {
            let mut all = vec![Cell::Absent; self.width];
            for (cell, place) in cells.into_iter().zip(&self.table.places) {
                if let Some(there) = all.get_mut(*place) {
                    *there = cell;
                }
            }
            all.extend(self.place.iter().map(|text| Cell::Text(text)));
            all.extend([line.as_str(), outcome, reason.as_str()].map(Cell::Text));
            self.out.row(&all)
        })?;
        *self.rows += 1;
        Ok(())
    }
}
