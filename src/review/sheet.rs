//! A plan as a sheet for people: a row for each field with its old and its new value, and for each rejected row.
//!
//! Doesn't belong here: the plan that `--plan` carries out (`review`), how a format writes cells (`sheet::write`).

use std::path::Path;

use serde_json::Value;

use crate::columns::{Origin, Rejection, Source};
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::item::{ITEM_ID, Kind};
use crate::journal::Journal;
use crate::plan::Change;
use crate::sheet::write::{AtomicFile, Column, OutFormat, Style, TableWriter, Target, as_text, writer};
use crate::sheet::{Cell, NumberFormat, Row, Table};
use crate::transfer::name_of;

/// The columns.
const COLUMNS: [&str; 9] = [
    "action",
    ITEM_ID,
    "name",
    "field",
    "old value",
    "new value",
    "row",
    "file",
    "reason",
];

/// How many characters of a rejected row are told in one cell: a workbook's has no room for more.
const LONGEST: usize = 8_000;

/// The format of a plan that is a sheet, by the file's ending; none where it is the plan that `--plan` takes.
#[must_use]
pub fn sheet_of(path: &Path) -> Option<Target> {
    let target = Target::for_path(path)?;
    matches!(target.format, OutFormat::Csv | OutFormat::Tsv | OutFormat::Xlsx).then_some(target)
}

/// A plan that is written as a sheet.
pub struct PlanSheet<'a> {
    /// Where its rows come from.
    pub source: &'a Source,
    /// The plan.
    pub journal: &'a Journal,
}

impl PlanSheet<'_> {
    /// Writes it. Memory stays flat: items are taken one after the other, and their names looked up in the store.
    pub fn write(&self, path: &Path, target: &Target, stored: &mut ItemStore) -> Result<(), Error> {
        let file = AtomicFile::create(path, false)?;
        let columns = COLUMNS.map(|name| Column {
            name: name.to_owned(),
            kind: Kind::Text,
            id: name == ITEM_ID,
        });
        // The byte-order mark, without which Excel takes UTF-8 for something else.
        let style = Style {
            bom: target.format != OutFormat::Xlsx,
            ..Style::default()
        };
        {
            let mut out = writer(target, &columns, &style, file.bytes()?)?;
            self.journal.each_open::<Error>(None, &mut |origin, change| {
                self.change(out.as_mut(), origin, &change, stored)?;
                Ok(true)
            })?;
            for (number, table) in self.source.tables.iter().enumerate() {
                self.rejected(out.as_mut(), number, table)?;
            }
            out.finish()?;
        }
        Ok(file.commit()?)
    }

    /// A row for each field that is posted.
    fn change(
        &self,
        out: &mut dyn TableWriter,
        origin: Origin,
        change: &Change,
        stored: &mut ItemStore,
    ) -> Result<(), Error> {
        let name = match &change.before {
            Some(_) => name_of(&change.id, stored)?,
            None => None,
        };
        let name = name.as_ref().or_else(|| change.body.get("name"));
        let place = self.place(origin);
        let mut put = |field: Cell<'_>, old: Option<&Value>, new: Option<&Value>| {
            out.row(&[
                Cell::Text(change.action.name()),
                Cell::Text(&change.id),
                cell(name),
                field,
                cell(old),
                cell(new),
                Cell::Number(origin.line as f64, NumberFormat::Plain),
                Cell::Text(&place),
                Cell::Empty,
            ])
        };
        let before = |field: &str| change.before.as_ref().and_then(|before| before.get(field));
        let mut fields = change
            .body
            .iter()
            .filter(|(field, _)| field.as_str() != ITEM_ID)
            .peekable();
        if fields.peek().is_none() {
            put(Cell::Empty, None, None)?;
        }
        for (field, new) in fields {
            put(Cell::Text(field), before(field), Some(new))?;
        }
        Ok(())
    }

    /// A row for each reason of each rejected row of a table.
    fn rejected(&self, out: &mut dyn TableWriter, number: usize, table: &Table) -> Result<(), Error> {
        let matching = self.source.matchings().get(number);
        let index = |field| Some(matching?.column(field)?.index);
        let (id, name) = (index(ITEM_ID), index("name"));
        let mut rows = None;
        let mut row = Row::new();
        self.journal.each_rejection::<Error>(number, &mut |problem| {
            // Both are in the file's order, so that they are read side by side.
            let rows = match &mut rows {
                Some(rows) => rows,
                None => rows.insert(table.rows()?),
            };
            while row.line != problem.origin.line && rows.next(&mut row)? {}
            let Rejection {
                column, value, reason, ..
            } = &problem.rejection;
            let place = self.place(problem.origin);
            let text = |index: Option<usize>| index.map_or(String::new(), |index| cut(&as_text(&row.cell(index))));
            let (id, name, value, reason) = (text(id), text(name), cut(value), cut(reason));
            out.row(&[
                Cell::Text("reject"),
                Cell::Text(&id),
                Cell::Text(&name),
                column.as_deref().map_or(Cell::Empty, Cell::Text),
                Cell::Empty,
                Cell::Text(&value),
                Cell::Number(problem.origin.line as f64, NumberFormat::Plain),
                Cell::Text(&place),
                Cell::Text(&reason),
            ])?;
            Ok(true)
        })
    }

    /// The file of a row, with its sheet where it has one.
    fn place(&self, origin: Origin) -> String {
        self.source
            .tables
            .get(origin.table)
            .map_or_else(String::new, |table| match &table.sheet {
                Some(sheet) => format!("{}, {sheet}", table.file),
                None => table.file.clone(),
            })
    }
}

fn cell(value: Option<&Value>) -> Cell<'_> {
    value.map_or(Cell::Empty, Cell::of_json)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
