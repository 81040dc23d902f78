//! What was understood of a table, and why: the data of `stockport inspect`.
//!
//! Belongs here: gathering. Doesn't: printing (`output`).

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::cells::{self, Meaning};
use super::dates::{self, DateText};
use super::duplicates::Spot;
use super::error::ColumnError;
use super::evidence::Evidence;
use super::inspected::{InspectedColumn, Problem, Sample};
use super::layout::{Layout, Target};
use super::mapping::Mapping;
use super::matching::{By, ColumnMatch, Matching, column_place};
use super::source::Source;
use super::texts::{excerpt, excerpt_of, is_blank};
use super::{ColumnOptions, DateOrder, FieldValue, Survey, names, texts, vocabulary};
use crate::error::UserError as _;
use crate::item::ITEM_ID;
use crate::output::{About, Warning};
use crate::sheet::{Cell, Format, HeaderBy, Row, Table};

/// What was understood of one table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The file, as the user named it.
    pub file: String,
    /// `csv`, `tsv`, `xlsx`, `xlsm`, `xlsb`, `xls`, `ods`, `json` or `jsonl`.
    pub format: String,
    /// A text file's encoding.
    pub encoding: Option<String>,
    /// A text file's delimiter.
    pub delimiter: Option<String>,
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The line of the header row, from 1; none in JSON, whose keys are the header.
    pub header_row: Option<u64>,
    /// How the header row was found: `recognized` by its names, `option` (`--header-row`), or `guessed`.
    pub header_by: String,
    /// No column was recognized: the header row is only a guess.
    pub guessed: bool,
    /// The known export that the file is of.
    pub export: Option<String>,
    /// The columns, in physical order.
    pub columns: Vec<InspectedColumn>,
    /// How many data rows there are.
    pub rows: u64,
    /// How many rows are no items, and not counted among `rows`.
    pub set_aside: u64,
    /// The first of them, each with the reason.
    pub set_aside_rows: Vec<Problem>,
    /// Everything that would be refused or pointed out, by cell.
    pub problems: Vec<Problem>,
    /// How many more problems there are than are listed.
    pub more_problems: u64,
    /// What a person should know, in sentences: of the reading, the decisions for whole columns, the warnings.
    pub notes: Vec<String>,
    /// Those of the notes that are warnings.
    pub warnings: Vec<Warning>,
    /// The code of each warning.
    pub warning_codes: Vec<&'static str>,
    /// What the columns mean, for `Mapping::text_for`.
    #[serde(skip)]
    pub matching: Matching,
}

/// How many rows are shown as samples.
const SAMPLES: usize = 5;
/// How many problems are listed; more are counted. A file can have one in every cell.
const MOST: usize = 10_000;

/// Reads a whole table and says what was understood. What would stop an import is a problem here, not an error.
pub fn inspect(table: Table, options: ColumnOptions, mapping: Option<Arc<Mapping>>) -> Result<Inspection, ColumnError> {
    let mut inspection = start(&table);
    inspection.error_headers(&table);
    let dates = options.dates;
    // Two columns for one field stop an import; here the columns are shown as they are, with the refusal beside them.
    let source = match refusal(&table, mapping.as_deref()) {
        None => Source::assemble(vec![table], options, vec![mapping], false)?,
        Some(error) => {
            let problem = Problem {
                row: table.header.line,
                cell: table
                    .header
                    .cells
                    .first()
                    .map(|cell| table.address(table.header.line, cell.index))
                    .unwrap_or_default(),
                code: error.code(),
                value: String::new(),
                reason: error.to_string(),
            };
            inspection.add(problem);
            inspection.matching = one_by_one(&table);
            inspection.columns = inspection.matching.columns.iter().map(InspectedColumn::of).collect();
            let (mut row, mut reader) = (Row::new(), table.rows()?);
            while reader.next(&mut row)? {
                inspection.rows += 1;
                inspection.error_cells(&table, &row, |_| false);
            }
            return Ok(inspection);
        }
    };
    inspection.read(source, dates)
}

fn refusal(table: &Table, mapping: Option<&Mapping>) -> Option<ColumnError> {
    match super::matching::match_columns(table, &vocabulary::Vocabulary::new(), mapping) {
        Err(error @ (ColumnError::Repeated { .. } | ColumnError::TwoColumns { .. })) => Some(error),
        _ => None,
    }
}

/// Each column by its own name alone.
fn one_by_one(table: &Table) -> Matching {
    let words = vocabulary::Vocabulary::new();
    let columns = table.header.cells.iter().map(|cell| {
        let folded = names::fold(&cell.name);
        let (field, by) = match (words.own(&folded), words.synonym(&folded)) {
            (Some(field), _) => (Some(field), By::Exact),
            (None, Some(field)) => (Some(field), By::Synonym),
            (None, None) => (None, By::Unknown),
        };
        ColumnMatch {
            header: cell.name.clone(),
            index: cell.index,
            key: None,
            field: field.map(|field| field.name.to_owned()),
            weak: field.is_some(),
            confidence: if field.is_some() { 0.5 } else { 0.0 },
            by,
        }
    });
    Matching {
        columns: columns.collect(),
        export: None,
        constants: Vec::new(),
    }
}

/// A cell, or what a nested object holds under a key.
fn part<'a>(cell: Cell<'a>, key: Option<&str>) -> Cell<'a> {
    match (key, cell) {
        (Some(key), Cell::Json(object)) => match object.get(key) {
            None => Cell::Absent,
            Some(Value::Null) => Cell::Empty,
            Some(Value::String(text)) => Cell::Text(text),
            Some(other) => Cell::Json(other),
        },
        (_, cell) => cell,
    }
}

/// Dates in an ignored column: the order in which they would be read is a decision that is shown before anybody
/// maps the column.
struct LeftOutDates {
    target: Target,
    evidence: Evidence,
    /// Whether all values so far are dates.
    only_dates: bool,
}

impl LeftOutDates {
    fn of(column: &ColumnMatch) -> Option<Self> {
        let may_be_mapped =
            !column.is_taken() && column.key.is_none() && !matches!(column.by, By::Ignored | By::Mapping | By::Option);
        may_be_mapped.then(|| Self {
            target: Target::of_dates(&column.header, column.index),
            evidence: Evidence::default(),
            only_dates: true,
        })
    }

    fn take(&mut self, row: &Row) {
        if let Cell::Text(text) = row.cell(self.target.index)
            && self.only_dates
        {
            self.only_dates = self.target.style.blanks.is_nothing(text) || dates::read(text.trim()) != DateText::None;
            self.evidence.date(row.line, text);
        }
    }

    fn decision(mut self, table: &Table, wish: Option<DateOrder>) -> Vec<String> {
        let mut survey = Survey::default();
        if self.only_dates {
            let place = column_place(table, &self.target.header, self.target.index);
            let column = format!("{place}, if it is mapped to a date");
            self.evidence.dates(&mut self.target, table, &column, wish, &mut survey);
        }
        survey.decisions
    }
}

fn start(table: &Table) -> Inspection {
    let (format, encoding, delimiter) = match &table.format {
        Format::Delimited { delimiter, encoding } => {
            let format = if *delimiter == b'\t' { "tsv" } else { "csv" };
            (
                format,
                Some((*encoding).to_owned()),
                Some(char::from(*delimiter).to_string()),
            )
        }
        Format::Workbook(kind) => (*kind, None, None),
        Format::Json | Format::JsonArrays => ("json", None, None),
        Format::JsonLines => ("jsonl", None, None),
    };
    Inspection {
        file: table.file.clone(),
        format: format.to_owned(),
        encoding,
        delimiter,
        sheet: table.sheet.clone(),
        header_row: (table.header.line > 0).then_some(table.header.line),
        header_by: match table.header.by {
            HeaderBy::Recognized => "recognized",
            HeaderBy::Guessed => "guessed",
            HeaderBy::Option => "option",
        }
        .to_owned(),
        guessed: false,
        export: None,
        columns: Vec::new(),
        rows: 0,
        set_aside: 0,
        set_aside_rows: Vec::new(),
        problems: Vec::new(),
        more_problems: 0,
        notes: table.notes.clone(),
        warnings: Vec::new(),
        warning_codes: Vec::new(),
        matching: Matching {
            columns: Vec::new(),
            export: None,
            constants: Vec::new(),
        },
    }
}

impl InspectedColumn {
    fn of(column: &ColumnMatch) -> Self {
        Self {
            header: column.header.clone(),
            field: column.field.clone(),
            by: column.by.to_string(),
            weak: column.weak,
            confidence: column.confidence,
            samples: Vec::new(),
        }
    }
}

impl Inspection {
    fn add(&mut self, problem: Problem) {
        if self.problems.len() < MOST {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    fn read(mut self, mut source: Source, wish: Option<DateOrder>) -> Result<Self, ColumnError> {
        let survey = source.survey()?;
        if let Some(matching) = source.matchings().first() {
            self.matching = matching.clone();
        }
        self.columns = self.matching.columns.iter().map(InspectedColumn::of).collect();
        for (column, matched) in self.columns.iter_mut().zip(&self.matching.columns) {
            if matched.by == By::Mapping && matched.field.is_none() {
                column.field = source.fields_joined_or_split(matched.index);
            }
        }
        self.export.clone_from(&self.matching.export);
        self.guessed = !self.matching.is_recognized();
        self.rows = survey.rows;
        self.set_aside = survey.set_aside.count;
        if let Some(table) = source.tables.first() {
            let rows = survey.set_aside.rows.iter().map(|row| Problem {
                row: row.origin.line,
                cell: table.row_address(row.origin.line),
                code: About::SetAside.code().into(),
                value: row.value.clone(),
                reason: row.reason.to_owned(),
            });
            self.set_aside_rows = rows.collect();
        }
        if self.guessed {
            self.notes
                .push("no column is named like an inventory field: the header row is a guess".to_owned());
        } else if self.matching.column(ITEM_ID).is_none() {
            self.notes
                .push("no column holds the item id; map one before an import".to_owned());
        }
        self.notes.extend(survey.decisions);
        self.notes.extend(survey.warnings.iter().map(Warning::to_string));
        self.warning_codes = survey.warnings.iter().map(|warning| warning.about.code()).collect();
        self.warnings = survey.warnings;
        let mut dates: Vec<LeftOutDates> = self.matching.columns.iter().filter_map(LeftOutDates::of).collect();
        let mut shown = 0;
        source.each_row::<ColumnError>(&mut |spot, layout, table, row| {
            if shown < SAMPLES {
                shown += 1;
                self.sample(layout, table, row);
            }
            self.problems_of(&source, layout, table, spot, row);
            for column in &mut dates {
                column.take(row);
            }
            Ok(())
        })?;
        if let Some(table) = source.tables.first() {
            for column in dates {
                self.notes.extend(column.decision(table, wish));
            }
        }
        Ok(self)
    }

    /// Error values that stand in the header row itself.
    fn error_headers(&mut self, table: &Table) {
        for header in &table.header.cells {
            let name = header.name.trim();
            if texts::is_error_text(name) {
                self.add(Problem {
                    row: table.header.line,
                    cell: table.address(table.header.line, header.index),
                    code: About::ErrorValues.code().into(),
                    value: name.to_owned(),
                    reason: format!("the header is the error value {name}"),
                });
            }
        }
    }

    fn sample(&mut self, layout: &Layout, table: &Table, row: &Row) {
        for (column, matched) in self.columns.iter_mut().zip(&self.matching.columns) {
            let cell = part(row.cell(matched.index), matched.key.as_deref());
            let target = layout.targets.iter().find(|target| target.header == matched.header);
            let after = if let Some(target) = target {
                match layout.read(row, target) {
                    Meaning::Value(value, _) => Some(value.to_json()),
                    Meaning::Nothing(_) => Some(FieldValue::Nothing.to_json()),
                    Meaning::Absent | Meaning::Fault(_) => None,
                }
            } else {
                let id = layout.id.as_ref().filter(|id| id.header == matched.header);
                let id = id.and_then(|id| id.read(table, row).ok());
                id.map(|id| Value::String(id.text.into_owned()))
            };
            column.samples.push(Sample {
                before: excerpt(cells::display(cell)),
                after: after.map(excerpt_of),
            });
        }
    }

    fn problems_of(&mut self, source: &Source, layout: &Layout, table: &Table, spot: Spot, row: &Row) {
        let refused = source.refused(layout, table, spot, row);
        for rejection in &refused {
            let cell = table.address(row.line, rejection.index.unwrap_or(0));
            let reason = rejection
                .reason
                .strip_prefix(&format!("{cell}: "))
                .unwrap_or(&rejection.reason);
            self.add(Problem {
                row: row.line,
                code: About::RowRejected.code().into(),
                value: rejection.value.clone(),
                reason: reason.to_owned(),
                cell,
            });
        }
        for target in &layout.targets {
            let (Meaning::Value(_, Some(concern)) | Meaning::Nothing(Some(concern))) = layout.read(row, target) else {
                continue;
            };
            if !refused.iter().any(|rejection| rejection.index == Some(target.index)) {
                let cell = part(layout.cell(row, target.index), target.style.part.key());
                self.add(Problem {
                    row: row.line,
                    cell: table.address(row.line, target.index),
                    code: concern.about().code().into(),
                    value: excerpt(cells::display(cell)),
                    reason: concern.reason().to_owned(),
                });
            }
        }
        let read = |index: usize| {
            layout
                .targets
                .iter()
                .any(|target| target.index == index || target.joined == Some(index))
                || layout.id.as_ref().is_some_and(|id| id.index == index)
        };
        self.error_cells(table, row, read);
    }

    /// Error values in columns that no field reads.
    fn error_cells(&mut self, table: &Table, row: &Row, read: impl Fn(usize) -> bool) {
        let untyped = !table.format.is_typed();
        for (index, cell) in row.cells().enumerate() {
            let error = match cell {
                Cell::Error(text) => Some(text),
                Cell::Text(text) if untyped && texts::is_error_text(text.trim()) => Some(text.trim()),
                _ => None,
            };
            if let Some(error) = error
                && !read(index)
                && !is_blank(cell)
            {
                self.add(Problem {
                    row: row.line,
                    cell: table.address(row.line, index),
                    code: About::ErrorValues.code().into(),
                    value: error.to_owned(),
                    reason: format!("the cell holds the error value {error}, in an ignored column"),
                });
            }
        }
    }
}
