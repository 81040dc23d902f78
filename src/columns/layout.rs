//! A matched header row → what is to be read from each row of its table.
//!
//! Belongs here: putting together columns, mapping file and options. Doesn't: matching headers (`matching`), reading
//! cells (`cells`).

use std::borrow::Cow;
use std::sync::Arc;

use super::cells::{self, Blanks, Meaning, MixedOrders, Part, Style};
use super::error::ColumnError;
use super::ids::{self, Id, StoredIds};
use super::mapping::{Constant, Mapping, MappingError, Purpose, Rule};
use super::matching::Matching;
use super::names::fold;
use super::suspects::Guard;
use super::texts::{error_cell, is_blank, unmarked};
use super::vocabulary::{BEYOND, is_of_rejects};
use super::{DateOrder, FieldValue, NumberStyle};
use crate::item::{ITEM_ID, Kind, NUMBERS_OR_TEXT, field_named};
use crate::sheet::{Cell, Format, Moment, Row, Table};

/// The column of the ids.
#[derive(Clone, Debug)]
pub(crate) struct IdColumn {
    pub(crate) index: usize,
    pub(crate) header: String,
    pub(crate) blanks: Blanks,
    pub(crate) part: Part,
    /// Ids of fewer digits get leading zeros; 0 where they stay as they are.
    pub(crate) digits: usize,
    /// Which ids are stored, once that is known.
    pub(crate) stored: Option<Arc<StoredIds>>,
}

impl IdColumn {
    /// The id of a row, or why it has none.
    pub(crate) fn read<'a>(&self, table: &Table, row: &'a Row) -> Result<Id<'a>, String> {
        ids::read_at(
            self.index,
            row.cell(self.index),
            &table.format,
            (&self.blanks, &self.part),
            self.stored.as_deref(),
        )
        .map(|id| id.padded(self.digits))
    }
}

/// One field that is read from each row.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) field: String,
    pub(crate) header: String,
    pub(crate) index: usize,
    /// The column of the time of day that is joined to this one.
    pub(crate) joined: Option<usize>,
    pub(crate) style: Style,
    /// The mapping file has decided the order of dates, or the style of numbers.
    pub(crate) fixed: bool,
    /// The column's values have had a say in the order of dates or the style of numbers, or it was assumed for them.
    pub(crate) is_settled: bool,
}

impl Target {
    pub(super) fn new(field: &str, header: &str, index: usize, kind: Kind, part: Part, rule: Option<&Rule>) -> Self {
        let numbers = rule.and_then(|rule| rule.numbers);
        let mixed = rule.map(|rule| rule.mixed.as_slice()).unwrap_or_default();
        let dates = rule.and_then(|rule| rule.dates).or_else(|| mixed.first().copied());
        Self {
            field: field.to_owned(),
            header: header.to_owned(),
            index,
            joined: None,
            is_settled: false,
            fixed: match kind {
                Kind::Number => numbers.is_some(),
                Kind::Date | Kind::Time => dates.is_some(),
                Kind::Text => true,
            },
            style: Style {
                kind,
                blanks: blanks(rule),
                numbers: numbers.unwrap_or(NumberStyle::Us),
                dates: dates.unwrap_or(DateOrder::Mdy),
                currency: rule.is_some_and(|rule| rule.currency),
                percent: rule.is_some_and(|rule| rule.percent),
                text_too: NUMBERS_OR_TEXT.contains(&field),
                mixed: MixedOrders::said(mixed),
                part,
            },
        }
    }

    /// A column that holds dates, though it is taken for no field.
    pub(crate) fn of_dates(header: &str, index: usize) -> Self {
        Self::new("", header, index, Kind::Date, Part::Whole, None)
    }
}

/// What is read from each row of one table.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) id: Option<IdColumn>,
    pub(crate) targets: Vec<Target>,
    pub(crate) constants: Vec<(String, FieldValue<'static>)>,
    /// How many cells a row may have.
    pub(crate) width: usize,
    /// The file is delimited text, whose cells have no type.
    pub(crate) untyped: bool,
    /// The file is a workbook, in which a cell that is not there is an empty one.
    pub(crate) workbook: bool,
    /// The columns of a reject file for cells to the right of the source's last header, each with its number there.
    pub(crate) further: Vec<(usize, usize)>,
    /// Which rows are no items.
    pub(crate) guard: Guard,
}

impl Layout {
    pub(crate) fn new(
        table: &Table,
        matching: &Matching,
        mapping: Option<&Mapping>,
        guard: Guard,
    ) -> Result<Self, ColumnError> {
        let mut layout = Self {
            id: None,
            targets: Vec::new(),
            constants: Vec::new(),
            width: table.header.cells.iter().map(|cell| cell.index + 1).max().unwrap_or(0),
            untyped: !table.format.is_typed(),
            workbook: matches!(table.format, Format::Workbook(_)),
            further: Vec::new(),
            guard,
        };
        if is_of_rejects(table.header.cells.iter().map(|cell| cell.name.as_str())) {
            let number = |name: &str| name.trim().strip_prefix(BEYOND)?.parse().ok();
            let cells = table.header.cells.iter();
            layout.further = cells
                .filter_map(|cell| Some((cell.index, number(&cell.name)?)))
                .collect();
        }
        for column in &matching.columns {
            let rule = mapping.and_then(|mapping| mapping.rule(&column.header));
            let part = column.key.clone().map_or(Part::Whole, Part::Key);
            if let Some(Purpose::Split(day, time)) = rule.map(|rule| &rule.purpose) {
                for (field, part) in [(day, Part::Day), (time, Part::Time)] {
                    layout.add(field, &column.header, column.index, Kind::Date, part, rule);
                }
            }
            let Some(field) = column.field.as_deref().filter(|_| column.is_taken()) else {
                continue;
            };
            if field == ITEM_ID {
                layout.id = Some(IdColumn {
                    index: column.index,
                    header: column.header.clone(),
                    blanks: blanks(rule),
                    part,
                    digits: rule.map_or(0, |rule| rule.digits),
                    stored: None,
                });
            } else {
                let kind = field_named(field).map_or_else(|| own_kind(rule), |field| field.kind);
                layout.add(field, &column.header, column.index, kind, part, rule);
            }
        }
        let Some(mapping) = mapping else {
            layout.constants = matching
                .constants
                .iter()
                .map(|(field, value)| (field.clone(), FieldValue::Text(Cow::Owned(value.clone()))))
                .collect();
            return Ok(layout);
        };
        for (field, first, second) in &mapping.joins {
            let (first, second) = (column_of(table, first, mapping)?, column_of(table, second, mapping)?);
            let header = table
                .header
                .cells
                .iter()
                .find(|cell| cell.index == first)
                .map(|cell| cell.name.clone());
            let rule = header.as_deref().and_then(|header| mapping.rule(header));
            layout.add(
                field,
                &header.clone().unwrap_or_default(),
                first,
                Kind::Date,
                Part::Whole,
                rule,
            );
            if let Some(target) = layout.targets.last_mut() {
                target.joined = Some(second);
            }
        }
        let own = mapping
            .constants
            .iter()
            .map(|(field, value)| (field.clone(), constant(value)));
        let said = matching.constants.iter().filter(|(field, _)| !mapping.gives(field));
        let said = said.map(|(field, value)| (field.clone(), FieldValue::Text(Cow::Owned(value.clone()))));
        layout.constants = own.chain(said).collect();
        Ok(layout)
    }

    /// The text of a row's id.
    pub(crate) fn id_text<'a>(&self, row: &'a Row) -> Option<&'a str> {
        self.text(row.cell(self.id.as_ref()?.index))
    }

    /// The text of a cell. Delimited text has no error values but as texts.
    pub(crate) fn text<'a>(&self, cell: Cell<'a>) -> Option<&'a str> {
        match cell {
            Cell::Text(text) => Some(text),
            Cell::Error(text) if self.untyped => Some(text),
            _ => None,
        }
    }

    /// Whether the file is JSON, which tells what a text isn't: a number, true, an array.
    pub(crate) fn is_json(&self) -> bool {
        !self.untyped && !self.workbook
    }

    fn add(&mut self, field: &str, header: &str, index: usize, kind: Kind, part: Part, rule: Option<&Rule>) {
        self.targets.push(Target::new(field, header, index, kind, part, rule));
    }

    /// The fields of a row's values, in the file's order, those of constants behind them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let given = self.targets.iter().map(|target| target.field.as_str());
        given.chain(self.constants.iter().map(|(field, _)| field.as_str()))
    }

    /// A row's cell; in a workbook a cell that is not there is an empty one. In delimited text a byte-order mark at the start
    /// of a line, where files were put together, belongs to no cell.
    pub(crate) fn cell<'a>(&self, row: &'a Row, index: usize) -> Cell<'a> {
        match row.cell(index) {
            Cell::Absent if self.workbook => Cell::Empty,
            Cell::Text(text) if index == 0 && self.untyped => Cell::Text(unmarked(text)),
            cell => cell,
        }
    }

    /// What a row's cell means in a field.
    pub(crate) fn read<'a>(&self, row: &'a Row, target: &Target) -> Meaning<'a> {
        let cell = self.cell(row, target.index);
        let Some(second) = target.joined else {
            return cells::read(cell, &target.style, self.untyped);
        };
        let second = self.cell(row, second);
        let time = match second {
            Cell::Text(text) if target.style.blanks.is_nothing(text) => None,
            Cell::Text(text) => Some(text.trim().to_owned()),
            Cell::Moment(Moment::DateTime(stamp), _) => Some(stamp.time().to_string()),
            Cell::Moment(Moment::Time(time), _) => Some(time.to_string()),
            Cell::Moment(Moment::Duration(days), _) => super::dates::time_of_duration(days),
            Cell::Error(text) => return Meaning::Fault(error_cell("the cell joined to it", text)),
            _ => None,
        };
        let day = match cell {
            Cell::Text(text) if target.style.blanks.is_nothing(text) => None,
            Cell::Text(text) => Some(text.trim().to_owned()),
            Cell::Moment(Moment::DateTime(stamp), _) => Some(stamp.date().to_string()),
            Cell::Moment(Moment::Date(date), _) => Some(date.to_string()),
            _ => None,
        };
        match (day, time) {
            (Some(day), Some(time)) => cells::owned(cells::read_text(&format!("{day} {time}"), &target.style)),
            (None, Some(_)) => Meaning::Fault("the row has a time of day without a date".to_owned()),
            (_, None) => cells::read(cell, &target.style, self.untyped),
        }
    }

    /// The first cell beyond the header's end that holds something.
    pub(crate) fn beyond(&self, row: &Row) -> Option<usize> {
        let further = self.further.iter().map(|(index, _)| *index);
        further
            .chain(self.width..row.len())
            .find(|index| !is_blank(row.cell(*index)))
    }

    /// How many cells a row has that is longer than its header, and how many columns its header: in a reject file as many as
    /// in the source.
    pub(crate) fn length_beyond(&self, row: &Row) -> (usize, usize) {
        let filled = |index: usize| !is_blank(row.cell(index));
        let further = self.further.iter().filter(|(index, _)| filled(*index));
        let further = further.map(|(_, number)| *number).max();
        let width = match self.further.iter().map(|(_, number)| *number).min() {
            Some(first) => first.saturating_sub(1),
            None => self.width,
        };
        let last = (self.width..row.len()).rev().find(|index| filled(*index));
        (last.map(|index| index + 1).or(further).unwrap_or(width), width)
    }

    /// Whether a row ends before its header does (in text files, whose rows are as long as they were written).
    pub(crate) fn is_short(&self, row: &Row) -> bool {
        self.untyped && row.len() < self.width
    }
}

fn blanks(rule: Option<&Rule>) -> Blanks {
    rule.and_then(|rule| rule.blanks.clone())
        .map_or_else(Blanks::default, Blanks::only)
}

/// What the cells of a field of the user's own are read as: text, unless the mapping file says how its numbers or dates
/// are written.
fn own_kind(rule: Option<&Rule>) -> Kind {
    match rule {
        Some(rule) if rule.currency || rule.percent || rule.numbers.is_some() => Kind::Number,
        Some(rule) if rule.dates.is_some() => Kind::Date,
        _ => Kind::Text,
    }
}

fn constant(value: &Constant) -> FieldValue<'static> {
    match value {
        Constant::Text(text) => FieldValue::Text(Cow::Owned(text.clone())),
        Constant::Number(number) => FieldValue::Number(Cow::Owned(number.clone())),
        Constant::Bool(value) => FieldValue::Bool(*value),
    }
}

fn column_of(table: &Table, header: &str, mapping: &Mapping) -> Result<usize, MappingError> {
    let name = fold(header);
    let found = table.header.cells.iter().find(|cell| fold(&cell.name) == name);
    if found.is_none() && mapping.is_of_rejects() && table.format.has_keys() {
        // A key that none of the rejected objects has: behind all others, where no object has a value.
        return Ok(table.header.cells.len());
    }
    found.map(|cell| cell.index).ok_or_else(|| MappingError::NoColumn {
        file: table.file.clone(),
        header: header.to_owned(),
    })
}
