//! A header row → which column means which field, with the evidence for each.
//!
//! Belongs here: whole header rows. Doesn't: single names (`vocabulary`), cells (`cells`).

mod own_export;

use std::fmt;

use super::error::ColumnError;
use super::mapping::{Mapping, Purpose, Rule};
use super::names::{fold, snake};
use super::nested::nested_keys;
use super::vocabulary::{Export, Vocabulary, is_ignored};
use crate::item::ITEM_ID;
use crate::sheet::{Format, Table, column_letters};

/// Why a column was taken for a field, or offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The header is the field's own name.
    Exact,
    /// The header is a known name for it.
    Synonym,
    /// The file is a known export (named here), which settles what its columns mean.
    Fingerprint(String),
    /// The mapping file says so.
    Mapping,
    /// `--column` says so.
    Option,
    /// The header is like the field's name.
    Similar,
    /// The column's values look like the field's.
    Values,
    /// The server's own fields and a reject file's columns: never imported.
    Ignored,
    /// Nothing is known of it.
    Unknown,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Synonym => f.write_str("synonym"),
            Self::Fingerprint(name) => write!(f, "fingerprint {name}"),
            Self::Mapping => f.write_str("mapping"),
            Self::Option => f.write_str("option"),
            Self::Similar => f.write_str("similar"),
            Self::Values => f.write_str("values"),
            Self::Ignored => f.write_str("ignored"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What one column means.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnMatch {
    /// The header, to the letter.
    pub header: String,
    /// The physical column, from 0.
    pub index: usize,
    /// The key of the nested object, where the column stands for one (`Name` of Metrc's `Item`).
    pub key: Option<String>,
    /// The field it means, or may mean (`weak`); none where it is left out.
    pub field: Option<String>,
    /// Why.
    pub by: By,
    /// The field is only offered: the column is left out until a mapping file says yes.
    pub weak: bool,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
}

impl ColumnMatch {
    /// Whether the column's cells are read.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.field.is_some() && !self.weak
    }
}

/// What the columns of one table mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// The columns, in physical order.
    pub columns: Vec<ColumnMatch>,
    /// The known export that the header row is of.
    pub export: Option<String>,
    /// Fields whose value a header's own name says (`UnitWeightGrams`), with the value.
    pub constants: Vec<(String, String)>,
}

impl Matching {
    /// Whether any column is taken: where none is, the header row was only guessed.
    #[must_use]
    pub fn is_recognized(&self) -> bool {
        self.columns.iter().any(ColumnMatch::is_taken)
    }

    /// The column taken for a field.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<&ColumnMatch> {
        self.columns
            .iter()
            .find(|column| column.is_taken() && column.field.as_deref() == Some(field))
    }
}

/// Where a header stands, for a person: `"Item ID" (Worksheet!A7)` in a workbook, `"Item ID" (column 1)` elsewhere.
pub(crate) fn header_place(table: &Table, header: &str, index: usize) -> String {
    match &table.format {
        Format::Workbook(_) => format!("{header:?} ({})", table.address(table.header.line, index)),
        Format::Json | Format::JsonLines => format!("{header:?}"),
        Format::JsonArrays | Format::Delimited { .. } => format!("{header:?} (column {})", index + 1),
    }
}

/// A column for a person, in a sentence about the whole column: `"Approved At" (C)` in a workbook.
pub(crate) fn column_place(table: &Table, header: &str, index: usize) -> String {
    match &table.format {
        Format::Workbook(_) => format!("column {header:?} ({})", column_letters(index)),
        _ => format!("column {header:?}"),
    }
}

/// Matches a table's header row. Refuses what can be read in two ways.
pub(crate) fn match_columns(
    table: &Table,
    words: &Vocabulary,
    mapping: Option<&Mapping>,
) -> Result<Matching, ColumnError> {
    let nested = nested_keys(table, words)?;
    let mut work = Work::new(table, &nested, words, mapping);
    work.leave_out_parents(&nested);
    work.refuse_repeated()?;
    work.take_mapped()?;
    work.take_own()?;
    work.take_export();
    work.take_synonyms()?;
    work.offer();
    Ok(work.finish())
}

struct Work<'a> {
    table: &'a Table,
    words: &'a Vocabulary,
    mapping: Option<&'a Mapping>,
    export: Option<&'a Export>,
    folded: Vec<String>,
    columns: Vec<ColumnMatch>,
    settled: Vec<bool>,
}

impl<'a> Work<'a> {
    fn new(table: &'a Table, nested: &[(usize, String)], words: &'a Vocabulary, mapping: Option<&'a Mapping>) -> Self {
        let column = |header: String, index: usize, key: Option<String>| ColumnMatch {
            header,
            index,
            key,
            field: None,
            by: By::Unknown,
            weak: false,
            confidence: 0.0,
        };
        let mut columns = Vec::new();
        for cell in &table.header.cells {
            columns.push(column(cell.name.clone(), cell.index, None));
            let keys = nested.iter().filter(|(index, _)| *index == cell.index);
            columns.extend(keys.map(|(index, key)| column(format!("{}.{key}", cell.name), *index, Some(key.clone()))));
        }
        let folded: Vec<String> = columns.iter().map(|column| words.fold(&column.header)).collect();
        let settled = vec![false; columns.len()];
        Self {
            table,
            words,
            mapping,
            export: words.export(&folded),
            folded,
            columns,
            settled,
        }
    }

    fn rule(&self, at: usize) -> Option<&'a Rule> {
        let header = &self.columns.get(at)?.header;
        self.mapping?.rule(header)
    }

    fn place(&self, at: usize) -> String {
        let column = self.columns.get(at);
        column.map_or_else(String::new, |column| {
            header_place(self.table, &column.header, column.index)
        })
    }

    fn is_taken(&self, field: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.is_taken() && column.field.as_deref() == Some(field))
            || self.mapping.is_some_and(|mapping| mapping.gives(field))
    }

    fn take(&mut self, at: usize, field: &str, by: By, confidence: f64) {
        if let (Some(column), Some(settled)) = (self.columns.get_mut(at), self.settled.get_mut(at)) {
            column.field = Some(field.to_owned());
            column.by = by;
            column.weak = false;
            column.confidence = confidence;
            *settled = true;
        }
    }

    fn offer_column(&mut self, at: usize, field: &str, by: By, confidence: f64) {
        self.take(at, field, by, confidence);
        if let Some(column) = self.columns.get_mut(at) {
            column.weak = true;
        }
    }

    fn leave_out(&mut self, at: usize, by: By) {
        if let (Some(column), Some(settled)) = (self.columns.get_mut(at), self.settled.get_mut(at)) {
            column.by = by;
            *settled = true;
        }
    }

    /// An object whose keys are columns of their own is no column itself.
    fn leave_out_parents(&mut self, nested: &[(usize, String)]) {
        for at in 0..self.columns.len() {
            let parent = self
                .columns
                .get(at)
                .is_some_and(|column| column.key.is_none() && nested.iter().any(|(index, _)| *index == column.index));
            if parent {
                self.leave_out(at, By::Unknown);
            }
        }
    }

    fn two(&self, field: &str, first: usize, second: usize) -> ColumnError {
        ColumnError::TwoColumns {
            file: self.table.file.clone(),
            field: field.to_owned(),
            first: self.place(first),
            second: self.place(second),
        }
    }

    fn take_mapped(&mut self) -> Result<(), ColumnError> {
        for at in 0..self.columns.len() {
            let (Some(column), Some(rule)) = (self.columns.get(at), self.rule(at)) else {
                continue;
            };
            let by = if rule.is_option { By::Option } else { By::Mapping };
            match &rule.purpose {
                Purpose::Unsaid => {}
                Purpose::Ignore | Purpose::Split(..) | Purpose::Joined => self.leave_out(at, by),
                Purpose::Field(field) => {
                    let earlier = self.columns.iter().position(|c| c.field.as_ref() == Some(field));
                    if let Some(first) = earlier {
                        return Err(self.two(field, first, at));
                    }
                    self.take(at, field, by, 1.0);
                }
                Purpose::Keep => {
                    let name = snake(&column.header);
                    if !name.is_empty() {
                        self.take(at, &name, by, 1.0);
                    }
                }
            }
        }
        Ok(())
    }

    fn take_own(&mut self) -> Result<(), ColumnError> {
        let has_id = self
            .folded
            .iter()
            .any(|name| self.words.own(name).is_some_and(|field| field.name == ITEM_ID));
        let is_own_export = self.is_own_export();
        for at in 0..self.columns.len() {
            if self.settled.get(at) == Some(&true) {
                continue;
            }
            let (Some(column), Some(folded)) = (self.columns.get(at), self.folded.get(at)) else {
                continue;
            };
            if is_ignored(&column.header) || (has_id && folded == "id") {
                self.leave_out(at, By::Ignored);
            } else if let Some(field) = self.words.own(folded) {
                if is_own_export && !self.spells(&column.header, field) {
                    self.leave_out(at, By::Unknown);
                    continue;
                }
                let earlier = self
                    .columns
                    .iter()
                    .position(|c| c.by == By::Exact && c.field.as_deref() == Some(field.name));
                if let Some(first) = earlier {
                    return Err(self.two(field.name, first, at));
                }
                if self.is_taken(field.name) {
                    self.leave_out(at, By::Exact);
                } else {
                    self.take(at, field.name, By::Exact, 1.0);
                }
            }
        }
        Ok(())
    }

    /// A known export says which of its names comes first; the later names for that field are left out.
    fn take_export(&mut self) {
        let Some(export) = self.export else { return };
        for (field, names) in &export.order {
            for name in names {
                let name = fold(name);
                let Some(at) = self.folded.iter().position(|folded| *folded == name) else {
                    continue;
                };
                if self.settled.get(at) == Some(&true) {
                    continue;
                }
                let by = By::Fingerprint(export.name.clone());
                if self.is_taken(field) {
                    self.leave_out(at, by);
                } else {
                    self.take(at, field, by, 0.95);
                }
            }
        }
        for at in 0..self.columns.len() {
            let weak = self.folded.get(at).and_then(|folded| export.weak_field(folded));
            if let Some(field) = weak
                && self.settled.get(at) == Some(&false)
            {
                self.offer_column(at, field.name, By::Fingerprint(export.name.clone()), 0.5);
            }
        }
    }

    fn take_synonyms(&mut self) -> Result<(), ColumnError> {
        for at in 0..self.columns.len() {
            if self.settled.get(at) == Some(&true) {
                continue;
            }
            let Some(field) = self.folded.get(at).and_then(|folded| self.words.synonym(folded)) else {
                continue;
            };
            let rival = self
                .columns
                .iter()
                .enumerate()
                .find(|(_, c)| c.is_taken() && c.field.as_deref() == Some(field.name));
            match rival {
                Some((first, other)) if other.by == By::Synonym => return Err(self.two(field.name, first, at)),
                Some(_) => self.leave_out(at, By::Synonym),
                None if self.is_taken(field.name) => self.leave_out(at, By::Synonym),
                None => self.take(at, field.name, By::Synonym, 0.9),
            }
        }
        Ok(())
    }

    fn offer(&mut self) {
        for at in 0..self.columns.len() {
            if self.settled.get(at) == Some(&true) {
                continue;
            }
            let (Some(column), Some(folded)) = (self.columns.get(at), self.folded.get(at)) else {
                continue;
            };
            if self.words.never(folded) {
                continue;
            }
            if let Some(field) = self.words.weak(folded) {
                // A known name is offered even beside a better one: the user may know better still.
                self.offer_column(at, field.name, By::Synonym, 0.5);
            } else if let Some((field, score)) = self.words.similar(&column.header)
                && !self.is_taken(field.name)
            {
                self.offer_column(at, field.name, By::Similar, score * 0.8);
            }
        }
        if self.mapping.is_some_and(|mapping| mapping.keep_extra) {
            self.keep_extra();
        }
    }

    /// `extra = "keep"`: what is left over is kept under its own name, unless that is another column's.
    fn keep_extra(&mut self) {
        for at in 0..self.columns.len() {
            let Some(column) = self.columns.get(at) else { continue };
            let name = snake(&column.header);
            if column.is_taken() || self.settled.get(at) == Some(&true) && !column.weak || name.is_empty() {
                continue;
            }
            if !self.is_taken(&name) && !is_ignored(&name) && name != "id" {
                self.take(at, &name, By::Mapping, 1.0);
            }
        }
    }

    fn finish(self) -> Matching {
        let mut constants = Vec::new();
        for (column, folded) in self.columns.iter().zip(&self.folded) {
            if let Some(constant) = self.words.constant(folded)
                && column.is_taken()
                && !self.is_taken(&constant.field)
            {
                constants.push((constant.field.clone(), constant.value.clone()));
            }
        }
        Matching {
            columns: self.columns,
            export: self.export.map(|export| export.name.clone()),
            constants,
        }
    }
}
