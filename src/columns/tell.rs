//! What is said of a table's columns: which are left out, which are offered, and why there is no id.
//!
//! Belongs here: sentences about columns. Doesn't: sentences about values (`survey`).

use super::Survey;
use super::error::ColumnError;
use super::mapping::{Mapping, suggested};
use super::matching::{By, Matching, header_place};
use super::names::{fold, likeness, nearest};
use crate::item::ITEM_ID;
use crate::output::{About, Warning};
use crate::sheet::{HeaderBy, Table};

/// Why a table without a column of ids is refused.
pub(super) fn no_id(table: &Table, matching: &Matching) -> ColumnError {
    let file = place_of(table);
    let headers: Vec<String> = matching.columns.iter().map(|column| column.header.clone()).collect();
    let row = header_row(table);
    let offers = || {
        let columns = matching.columns.iter();
        columns.filter(|column| column.field.as_deref() == Some(ITEM_ID))
    };
    let by_values = offers().find(|column| column.by == By::Values);
    if !matching.is_recognized() || table.header.by == HeaderBy::Guessed {
        let tags = by_values.map(|column| column.header.clone());
        return ColumnError::NoHeader {
            file,
            row,
            headers,
            tags,
        };
    }
    let offered = by_values.or_else(|| offers().next());
    let like = |header: &str| {
        [
            "item_id",
            "Item Number",
            "Package Tag",
            "Tag",
            "Lot Number",
            "Barcode",
            "SKU",
        ]
        .iter()
        .map(|name| likeness(header, name))
        .fold(0.0, f64::max)
    };
    let guess = offered.or_else(|| {
        let free = matching.columns.iter().filter(|column| !column.is_taken());
        free.filter(|column| like(&column.header) >= 0.4)
            .max_by(|a, b| like(&a.header).total_cmp(&like(&b.header)))
    });
    ColumnError::NoId {
        file,
        row,
        has_tags: by_values.is_some(),
        guess: guess.map(|column| column.header.clone()),
        headers,
    }
}

/// The header row for a person; blank where the keys of objects are the headers.
fn header_row(table: &Table) -> String {
    match table.header.line {
        0 => String::new(),
        line => table.row_address(line),
    }
}

/// A table for a person: its file, and its sheet where it has one.
pub(super) fn place_of(table: &Table) -> String {
    table.sheet.as_ref().map_or_else(
        || table.file.clone(),
        |sheet| format!("{}, sheet {sheet:?}", table.file),
    )
}

/// Says which columns are left out, and which are offered.
pub(super) fn tell_columns(table: &Table, matching: &Matching, survey: &mut Survey) {
    let mut left_out = Vec::new();
    for column in &matching.columns {
        let place = header_place(table, &column.header, column.index);
        match (&column.field, &column.by) {
            (Some(field), by) if column.weak => survey.decisions.push(format!(
                "{place} may mean {field} ({by}) and is ignored; add {} to import it",
                suggested(&column.header, field)
            )),
            (None, By::Unknown | By::Synonym | By::Exact | By::Fingerprint(_)) => {
                left_out.push(format!("{:?}", column.header));
            }
            _ => {}
        }
    }
    if !left_out.is_empty() {
        survey
            .decisions
            .push(format!("{}: ignored columns: {}", table.file, left_out.join(", ")));
    }
    for (field, value) in &matching.constants {
        survey.decisions.push(format!(
            "{}: {field} is {value:?} for every item (from a header)",
            table.file
        ));
    }
}

/// Says of sentences about one table of several which one it is, where they don't name the file themselves.
pub(super) fn name_table<'a>(table: &Table, sentences: impl Iterator<Item = &'a mut String>) {
    for sentence in sentences.filter(|sentence| !sentence.starts_with(&table.file)) {
        let sheet = table
            .sheet
            .as_ref()
            .map(|sheet| format!(", sheet {sheet}"))
            .unwrap_or_default();
        sentence.insert_str(0, &format!("{}{sheet}: ", table.file));
    }
}

/// The headers among these that no table has.
fn missing<'a>(tables: &[Table], headers: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let has = |name: &str| {
        let name = fold(name);
        tables
            .iter()
            .flat_map(|table| &table.header.cells)
            .any(|cell| fold(&cell.name) == name)
    };
    let nested = tables
        .iter()
        .flat_map(|table| &table.header.cells)
        .any(|cell| fold(&cell.name) == "item");
    headers
        .filter(|header| !(has(header) || nested && header.starts_with("Item.")))
        .collect()
}

/// The headers that `--column` names and no table has, with the refusal of each.
pub(crate) fn unknown_headers(tables: &[Table], mapping: &Mapping) -> Vec<(String, ColumnError)> {
    let Some(table) = tables.first() else { return Vec::new() };
    let headers: Vec<String> = table.header.cells.iter().map(|cell| cell.name.clone()).collect();
    let refusal = |header: &str| ColumnError::UnknownHeader {
        file: place_of(table),
        header: header.to_owned(),
        row: header_row(table),
        nearest: nearest(header, headers.iter().map(String::as_str)).map(str::to_owned),
        headers: headers.clone(),
    };
    let missing = missing(tables, mapping.option_headers()).into_iter();
    missing.map(|header| (header.to_owned(), refusal(header))).collect()
}

/// The headers that a mapping file names and no table has: one misspelt would be left out in silence.
pub(super) fn unmet(tables: &[Table], mapping: &Mapping) -> Option<Warning> {
    let options: Vec<&str> = mapping.option_headers().collect();
    let headers = mapping.headers().filter(|header| !options.contains(header));
    let missing = missing(tables, headers);
    let missing: Vec<String> = missing.iter().map(|header| format!("{header:?}")).collect();
    let file = tables.first().map(place_of);
    (!missing.is_empty()).then(|| {
        About::MappingUnmet.warning(format!(
            "the mapping file has columns that {} lacks: {}",
            file.as_deref().unwrap_or("the source"),
            missing.join(", ")
        ))
    })
}
