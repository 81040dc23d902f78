//! Places → records in the order of their ids: an organization or a snapshot as stored, any other file as its columns are
//! understood.
//!
//! Belongs here: what a place's items are for a comparison. Doesn't: connecting, opening files, options (`commands`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Coverage, Record};
use crate::api::ApiError;
use crate::columns::{CHANGE, Draft, FieldValue, REJECT_COLUMNS, Reading, Source, as_text};
use crate::error::Error;
use crate::inventory::{Receiver, id_of};
use crate::item::{ITEM_ID, Object};
use crate::progress::Progress;
use crate::sheet::{Cell, Format, Row};
use crate::sort::{Entry, Sorted, Sorter};

/// The id by which an item of a side is known in the comparison, given its own.
pub type Rename<'r> = dyn Fn(&str) -> String + 'r;

/// How many rejections are kept to be named.
const NAMED: usize = 10;

/// The items of one side, sorted.
pub struct Side {
    /// The records.
    pub records: Sorted,
    /// Which fields it can say anything about.
    pub coverage: Coverage,
    /// The fields that its items have.
    pub fields: BTreeSet<String>,
    /// What was not taken.
    pub left_out: LeftOut,
}

/// Rows that are not compared.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// How many can't be read as items.
    pub rejected: u64,
    /// How many are left out on request.
    pub skipped: u64,
    /// Why, for the first of those that can't be read.
    pub reasons: Vec<String>,
}

impl LeftOut {
    fn reject(&mut self, reason: impl FnOnce() -> String) {
        self.rejected += 1;
        if self.reasons.len() < NAMED {
            self.reasons.push(reason());
        }
    }
}

impl Side {
    /// The records, one after the other.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, Error>> {
        self.records.iter().map(|entry| record(entry?))
    }
}

fn record((id, bytes): Entry) -> Result<Record, Error> {
    let record: Record = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
    Ok(Record {
        id: String::from_utf8(id).map_err(io::Error::other)?,
        ..record
    })
}

/// Gives an item the id by which it is known in the comparison. An `item_id` that says something else of its item stays, so
/// that the comparison shows it.
fn rename(id: String, item: &mut Object, rename: Option<&Rename<'_>>) -> String {
    let Some(rename) = rename else { return id };
    let known = rename(&id);
    if let Some(own) = item.get_mut(ITEM_ID).filter(|own| as_text(own) == id.as_str()) {
        *own = Value::String(known.clone());
    }
    known
}

/// Items as they are stored: an organization's listing, or a snapshot's.
#[derive(Default)]
pub struct Stored<'p> {
    sorter: Sorter,
    fields: BTreeSet<String>,
    left_out: LeftOut,
    progress: Option<&'p Progress<'p>>,
    rename: Option<&'p Rename<'p>>,
}

impl<'p> Stored<'p> {
    /// Takes items and shows how many.
    #[must_use]
    pub fn shown(progress: &'p Progress<'p>, rename: Option<&'p Rename<'p>>) -> Self {
        Self {
            progress: Some(progress),
            rename,
            ..Self::default()
        }
    }

    /// Takes one item.
    pub fn push(&mut self, mut item: Object) -> io::Result<()> {
        if let Some(progress) = self.progress {
            progress.done(1);
        }
        let Some(id) = id_of(&item).map(std::borrow::Cow::into_owned) else {
            self.left_out
                .reject(|| format!("an item without an id: {}", Value::Object(item)));
            return Ok(());
        };
        let id = rename(id, &mut item, self.rename);
        note(&mut self.fields, &item);
        let record = Record {
            item,
            ..Record::default()
        };
        self.sorter.push(id.as_bytes(), serde_json::to_vec(&record)?)
    }

    /// The side that they make.
    pub fn finish(self) -> io::Result<Side> {
        Ok(Side {
            records: self.sorter.finish()?,
            coverage: Coverage::Whole,
            fields: self.fields,
            left_out: self.left_out,
        })
    }
}

impl Receiver for Stored<'_> {
    type Made = ();

    fn restart(&mut self) {
        self.sorter.clear();
        self.fields.clear();
        self.left_out = LeftOut::default();
        if let Some(progress) = self.progress {
            progress.restart();
        }
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.push(item).map_err(|cause| ApiError::ListNotKept(Box::new(cause)))
    }
}

fn note(fields: &mut BTreeSet<String>, item: &Object) {
    for field in item.keys() {
        if !fields.contains(field) {
            fields.insert(field.clone());
        }
    }
}

/// Reads the rows of a file that has been surveyed. Its columns are what it can say anything about; of JSON these are its
/// keys too that mean no field of the API's, whose values are taken as they are.
pub fn file(source: &Source, progress: &Progress<'_>, new_ids: Option<&Rename<'_>>) -> Result<Side, Error> {
    let own_keys: Vec<_> = (0..source.tables.len()).map(|table| own_keys(source, table)).collect();
    let mut columns: BTreeSet<String> = source.fields().into_iter().map(str::to_owned).collect();
    columns.extend(own_keys.iter().flatten().map(|(_, name)| name.clone()));
    columns.insert(ITEM_ID.to_owned());
    let mut sorter = Sorter::default();
    let mut left_out = LeftOut::default();
    source.read::<Error>(&mut |row, incoming| {
        progress.done(1);
        match incoming.reading {
            Reading::Item(Draft { suspect: Some(why), .. }) => left_out.reject(|| why.reason.clone()),
            Reading::Item(draft) => {
                let keys = own_keys.get(incoming.origin.table).map_or(&[][..], Vec::as_slice);
                let mut record = drafted(&draft, row, keys);
                record.id = rename(record.id, &mut record.item, new_ids);
                sorter.push(
                    record.id.as_bytes(),
                    serde_json::to_vec(&record).map_err(io::Error::from)?,
                )?;
            }
            Reading::Rejected(reasons) => left_out.reject(|| {
                let reasons: Vec<&str> = reasons.iter().map(|rejection| rejection.reason.as_str()).collect();
                reasons.join("; ")
            }),
            Reading::Skipped(_) => left_out.skipped += 1,
        }
        Ok(())
    })?;
    Ok(Side {
        records: sorter.finish()?,
        fields: columns.clone(),
        coverage: Coverage::Columns(columns),
        left_out,
    })
}

/// The keys of a JSON table that mean no field, with their places.
fn own_keys(source: &Source, table: usize) -> Vec<(usize, String)> {
    let (Some(cells), Some(matching)) = (source.tables.get(table), source.matchings().get(table)) else {
        return Vec::new();
    };
    if !matches!(cells.format, Format::Json | Format::JsonLines) {
        return Vec::new();
    }
    let taken: BTreeSet<usize> = matching
        .columns
        .iter()
        .filter(|column| column.is_taken())
        .map(|column| column.index)
        .collect();
    let given: BTreeSet<&str> = source.fields_of(table).collect();
    let own = cells.header.cells.iter().filter(|cell| {
        let name = cell.name.as_str();
        let is_ours = REJECT_COLUMNS.contains(&name) || name == CHANGE;
        !taken.contains(&cell.index) && !given.contains(name) && !is_ours && name != ITEM_ID
    });
    own.map(|cell| (cell.index, cell.name.clone())).collect()
}

fn drafted(draft: &Draft<'_>, row: &Row, own_keys: &[(usize, String)]) -> Record {
    let id = draft.id.clone().into_owned();
    let mut item = Object::new();
    let mut raw = BTreeMap::new();
    item.insert(ITEM_ID.to_owned(), Value::String(id.clone()));
    for value in &draft.values {
        item.insert(value.field.to_owned(), value.value.to_json());
        // Of JSON and workbooks too: a text that the reading takes for nothing (`N/A`) may be just what is stored.
        let cell = value.index.map(|index| row.cell(index));
        let text = match (value.raw.as_deref(), cell) {
            (Some(raw), _) => Some(raw),
            (None, Some(Cell::Text(text))) if value.value == FieldValue::Nothing => Some(text),
            _ => None,
        };
        if let Some(text) = text.filter(|text| says_more(text, item.get(value.field))) {
            raw.insert(value.field.to_owned(), text.to_owned());
        }
    }
    for (index, name) in own_keys {
        let value = match row.cell(*index) {
            Cell::Text(text) => Value::from(text),
            Cell::Bool(value) => Value::from(value),
            Cell::Json(value) => value.clone(),
            _ => continue,
        };
        item.insert(name.clone(), value);
    }
    Record { id, item, raw }
}

/// Whether a cell's text can be how something else is written than the value that was made of it: another text, or what is
/// no text at all (`true`).
fn says_more(text: &str, value: Option<&Value>) -> bool {
    let is_value = matches!(value, Some(Value::String(value)) if value == text);
    !text.is_empty() && (!is_value || serde_json::from_str::<IgnoredAny>(text).is_ok())
}
