//! Whole tables, read as a run reads them. Single names, numbers, dates and ids are tested beside their code.

mod dates;
mod duplicates;
mod inspect;
mod mapping;
mod matching;
mod parts;
mod properties;
mod rows;
mod suspects;
mod values;

use serde_json::Value;

use super::*;
use crate::sheet::{Cell, Format, Header, HeaderCell, Row, Table};

/// What became of one row, owned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Item(String, Object),
    Rejected(Vec<Rejection>),
    Skipped(String),
}

fn header(names: &[&str], line: u64) -> Header {
    let cells = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let cells = cells
        .map(|(index, name)| HeaderCell {
            index,
            name: (*name).to_owned(),
        })
        .collect();
    Header {
        line,
        cells,
        ..Header::default()
    }
}

/// A text file: the header is line 1.
pub(super) fn csv(names: &[&str], rows: &[&[&str]]) -> Table {
    Table::of_texts(names, rows)
}

/// A workbook's sheet: the header is row 6.
pub(super) fn workbook(names: &[&str], rows: &[&[Cell<'_>]]) -> Table {
    let rows = rows.iter().zip(7..).map(|(cells, line)| {
        let mut row = Row::new();
        row.clear(line);
        for cell in *cells {
            row.push(*cell);
        }
        row
    });
    Table::from_rows(
        "inventory.xlsx",
        Format::Workbook("xlsx"),
        Some("Sheet1"),
        header(names, 6),
        rows.collect(),
    )
}

/// A JSON file of objects.
pub(super) fn json(text: &str) -> Table {
    let objects: Vec<Object> = serde_json::from_str(text).expect("objects");
    let mut names: Vec<&str> = Vec::new();
    for key in objects.iter().flat_map(|object| object.keys()) {
        if !names.contains(&key.as_str()) {
            names.push(key);
        }
    }
    let rows = objects.iter().zip(1..).map(|(object, line)| {
        let mut row = Row::new();
        row.clear(line);
        for name in &names {
            row.push(match object.get(*name) {
                None => Cell::Absent,
                Some(Value::Null) => Cell::Empty,
                Some(Value::String(text)) => Cell::Text(text),
                Some(Value::Bool(value)) => Cell::Bool(*value),
                Some(other) => Cell::Json(other),
            });
        }
        row
    });
    Table::from_rows("inventory.json", Format::Json, None, header(&names, 0), rows.collect())
}

pub(super) fn read(tables: Vec<Table>, options: ColumnOptions) -> (Vec<Seen>, Survey) {
    let mut source = Source::new(tables, options).expect("columns that match");
    read_source(&mut source)
}

pub(super) fn read_source(source: &mut Source) -> (Vec<Seen>, Survey) {
    let survey = source.survey().expect("a survey");
    let mut rows = Vec::new();
    source
        .read::<ColumnError>(&mut |_, incoming| {
            rows.push(seen(incoming));
            Ok(())
        })
        .expect("rows");
    assert_eq!(survey.rows, rows.len() as u64, "rows surveyed and rows read");
    (rows, survey)
}

/// What became of a row.
pub(super) fn seen(incoming: Incoming<'_>) -> Seen {
    match incoming.reading.without_stored() {
        Reading::Item(draft) => {
            let values = draft.values.iter();
            let values = values
                .map(|value| (value.field.to_owned(), value.value.to_json()))
                .collect();
            Seen::Item(draft.id.into_owned(), values)
        }
        Reading::Rejected(reasons) => {
            assert!(!reasons.is_empty(), "a rejection without a reason");
            Seen::Rejected(reasons)
        }
        Reading::Skipped(why) => Seen::Skipped(why),
    }
}

/// The values of one field, as JSON text; `rejected` or `skipped` where the row is no item, `absent` where it lacks it.
pub(super) fn column(seen: &[Seen], field: &str) -> Vec<String> {
    seen.iter()
        .map(|seen| match seen {
            Seen::Item(_, values) => values.get(field).map_or("absent".to_owned(), Value::to_string),
            Seen::Rejected(_) => "rejected".to_owned(),
            Seen::Skipped(_) => "skipped".to_owned(),
        })
        .collect()
}

/// Reads one column of a text file beside ids that are given.
pub(super) fn one_column(name: &str, cells: &[&str], options: ColumnOptions) -> (Vec<String>, Survey) {
    let ids: Vec<String> = (0..cells.len()).map(|at| format!("id-{at}")).collect();
    let rows: Vec<[&str; 2]> = ids
        .iter()
        .map(String::as_str)
        .zip(cells)
        .map(|(id, cell)| [id, *cell])
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 2]>::as_slice).collect();
    let field = super::names::snake(name);
    let (seen, survey) = read(vec![csv(&["item_id", name], &rows)], options);
    (column(&seen, &field), survey)
}

/// Asserts what becomes of the cells of one column; cells and values, as JSON, are separated by ` | `.
#[track_caller]
pub(super) fn reads(name: &str, cells: &str, values: &str) -> Survey {
    let cells: Vec<&str> = cells.split(" | ").collect();
    let (seen, survey) = one_column(name, &cells, ColumnOptions::default());
    assert_eq!(seen.join(" | "), values, "{survey:?}");
    survey
}

#[track_caller]
pub(super) fn warned(survey: &Survey, part: &str) {
    assert!(told(&survey.warnings, part), "{part}: {survey:?}");
}

#[track_caller]
pub(super) fn decided(survey: &Survey, part: &str) {
    assert!(told(&survey.decisions, part), "{part}: {survey:?}");
}

/// An item's id, and its values as JSON.
pub(super) fn item(seen: &Seen) -> (String, String) {
    match seen {
        Seen::Item(id, values) => (id.clone(), Value::Object(values.clone()).to_string()),
        other => panic!("{other:?}"),
    }
}

pub(super) fn reasons(seen: &Seen) -> String {
    match seen {
        Seen::Rejected(reasons) => reasons.iter().map(|r| r.reason.clone()).collect::<Vec<_>>().join("; "),
        other => panic!("not rejected: {other:?}"),
    }
}

pub(super) fn told<N: ToString>(notes: &[N], part: &str) -> bool {
    notes.iter().any(|note| note.to_string().contains(part))
}
