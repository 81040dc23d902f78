//! Whether a stored value comes back from an export: the cell that a format makes of it, read as an import reads it.
//!
//! Doesn't belong here: what an export writes (`export`, `sheet::write`), how cells are read (`cells`).

use serde_json::{Number, Value};

use super::cells::{self, Meaning, Part};
use super::compare::same;
use super::layout::Target;
use super::texts::excerpt;
use crate::item::{ITEM_ID, Kind, field_named};
use crate::sheet::write::{Column, InWorkbook, OutFormat, as_text, in_workbook};
use crate::sheet::{Cell, NumberFormat};

/// The columns of an export as an import reads them, where no mapping file says otherwise.
#[derive(Debug)]
pub struct ReadBack {
    format: OutFormat,
    columns: Vec<(Target, Column)>,
}

/// The formats that are suggested where another can't keep a value.
const OTHERS: [OutFormat; 2] = [OutFormat::Xlsx, OutFormat::Jsonl];

impl ReadBack {
    /// The columns of these fields.
    #[must_use]
    pub fn new(format: OutFormat, fields: &[String], columns: &[Column]) -> Self {
        let column = |(field, column): (&String, &Column)| {
            let kind = field_named(field).map_or(Kind::Text, |field| field.kind);
            (Target::new(field, "", 0, kind, Part::Whole, None), column.clone())
        };
        Self {
            format,
            columns: fields.iter().zip(columns).map(column).collect(),
        }
    }

    /// The cells that are read as something else than they are, and that another format keeps, each by its column. What
    /// every format's reading normalizes (`07/08/2021`, `n/a`) is no loss of this one: the import of the export changes
    /// nothing. Ids are checked as such.
    pub fn lost<'c>(&self, cells: &'c [Cell<'c>]) -> impl Iterator<Item = usize> {
        let columns = self.columns.iter().zip(cells).enumerate();
        columns.filter_map(|(at, ((target, column), cell))| {
            let is_kept = is_kept_at_a_glance(self.format, cell, target.style.kind)
                || target.field == ITEM_ID
                || is_kept(self.format, target, column, cell)
                || self.keepers(target, column, cell).next().is_none();
            (!is_kept).then_some(at)
        })
    }

    /// The other formats that keep a cell.
    fn keepers(&self, target: &Target, column: &Column, cell: &Cell<'_>) -> impl Iterator<Item = OutFormat> {
        let others = OTHERS.into_iter().filter(|format| *format != self.format);
        others.filter(move |format| is_kept(*format, target, column, cell))
    }

    /// The field of a column.
    #[must_use]
    pub fn field(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", |(target, _)| &target.field)
    }

    /// How a cell is read, and which format keeps it: `true is read as the text "true"; .xlsx and .jsonl keep it`.
    #[must_use]
    pub fn how(&self, at: usize, cell: &Cell<'_>) -> String {
        let Some((target, column)) = self.columns.get(at) else {
            return String::new();
        };
        let value = value_of(cell).unwrap_or_default();
        let kept: Vec<String> = self
            .keepers(target, column, cell)
            .map(|format| format!(".{}", format.name()))
            .collect();
        let kept = match kept.as_slice() {
            [one] => format!("{one} keeps it"),
            several => format!("{} keep it", several.join(" and ")),
        };
        let outcome = with_meaning(self.format, target, column, cell, |meaning| match meaning {
            Meaning::Absent | Meaning::Nothing(_) => "blank".to_owned(),
            Meaning::Fault(_) => "an error, and rejected".to_owned(),
            Meaning::Value(_, Some(concern)) if concern.is_misfit() => {
                format!("what {}, and rejected", concern.reason())
            }
            Meaning::Value(value, _) => shown(&value.to_json()),
        });
        excerpt(format!("{} is read as {outcome}; {kept}", shown(&value)))
    }
}

/// A value with its type, for a sentence.
fn shown(value: &Value) -> String {
    let text = excerpt(value.to_string());
    match value {
        Value::String(_) => format!("the text {text}"),
        Value::Number(_) => format!("the number {text}"),
        _ => text,
    }
}

/// Whether it takes no more than a glance to see that this format loses nothing that another keeps, as with most cells: one
/// million items have 27 million. A text that begins with a letter or a digit is neither a guard nor an error value, so that
/// all formats read it alike.
fn is_kept_at_a_glance(format: OutFormat, cell: &Cell<'_>, kind: Kind) -> bool {
    match cell {
        Cell::Absent | Cell::Empty => true,
        Cell::Digits(_) => kind == Kind::Number,
        Cell::Text(text) => text.bytes().next().is_none_or(|byte| byte.is_ascii_alphanumeric()),
        Cell::Bool(_) => kind == Kind::Text && !matches!(format, OutFormat::Csv | OutFormat::Tsv),
        _ => false,
    }
}

fn is_kept(format: OutFormat, target: &Target, column: &Column, cell: &Cell<'_>) -> bool {
    let Some(stored) = value_of(cell) else { return true };
    with_meaning(format, target, column, cell, |meaning| match meaning {
        Meaning::Value(_, Some(concern)) if concern.is_misfit() => false,
        Meaning::Value(value, _) => same(&target.field, Some(&value.to_json()), Some(&stored)),
        Meaning::Absent | Meaning::Nothing(_) => same(&target.field, None, Some(&stored)),
        Meaning::Fault(_) => false,
    })
}

/// What an import makes of the cell that the format makes of this one.
fn with_meaning<T>(
    format: OutFormat,
    target: &Target,
    column: &Column,
    cell: &Cell<'_>,
    take: impl FnOnce(Meaning<'_>) -> T,
) -> T {
    let text = || as_text(cell);
    let style = &target.style;
    match format {
        OutFormat::Csv | OutFormat::Tsv => match &*text() {
            "" => take(Meaning::Nothing(None)),
            text => take(cells::read(Cell::Text(text), style, true)),
        },
        OutFormat::Xlsx => match in_workbook(cell, column) {
            InWorkbook::Blank => take(Meaning::Nothing(None)),
            InWorkbook::Text => take(cells::read(Cell::Text(&text()), style, false)),
            InWorkbook::Number(number) => take(cells::read(Cell::Number(number, NumberFormat::Plain), style, false)),
            InWorkbook::Bool(value) => take(cells::read(Cell::Bool(value), style, false)),
        },
        OutFormat::Json | OutFormat::Jsonl => match (cell, value_of(cell)) {
            (Cell::Digits(_), Some(value)) => take(cells::read(Cell::Json(&value), style, false)),
            _ => take(cells::read(*cell, style, false)),
        },
    }
}

/// The stored value of an export's cell; none where it is blank.
fn value_of(cell: &Cell<'_>) -> Option<Value> {
    Some(match cell {
        Cell::Text(text) => Value::String((*text).to_owned()),
        Cell::Bool(value) => Value::Bool(*value),
        Cell::Digits(digits) => Value::Number(digits.parse::<Number>().ok()?),
        Cell::Json(value) => (*value).clone(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said of a value that doesn't come back; nothing where it does.
    fn said(format: OutFormat, field: &str, value: &Value) -> String {
        let kind = field_named(field).map_or(Kind::Text, |field| field.kind);
        let column = Column {
            name: field.to_owned(),
            kind,
            id: field == "area_id",
        };
        let back = ReadBack::new(format, &[field.to_owned()], &[column]);
        let digits = value.to_string();
        let cells = [match value {
            Value::String(text) => Cell::Text(text),
            Value::Bool(value) => Cell::Bool(*value),
            Value::Number(_) => Cell::Digits(&digits),
            other => Cell::Json(other),
        }];
        let lost = back.lost(&cells).map(|at| back.how(at, &cells[at])).collect::<Vec<_>>();
        lost.join("")
    }

    #[test]
    fn what_comes_back_as_it_was_is_not_mentioned() {
        for format in [
            OutFormat::Csv,
            OutFormat::Tsv,
            OutFormat::Xlsx,
            OutFormat::Json,
            OutFormat::Jsonl,
        ] {
            for (field, value) in [
                ("name", json!("Kush")),
                ("name", json!("007")),
                ("name", json!("1.0")),
                ("name", json!("true")),
                ("units", json!("g")),
                ("area_id", json!("0012")),
                ("quantity", json!(5)),
                ("quantity", json!(0.300_000_000_000_000_04)),
                ("quantity", json!("1.0")),
                ("quantity", json!("007")),
                ("serving_size", json!("1 gummy")),
                ("moved_at", json!("2021-04-05")),
                ("moved_at_time", json!("09:05:00")),
            ] {
                assert_eq!(said(format, field, &value), "", "{format:?} {field} {value}");
            }
        }
    }

    #[test]
    fn what_a_format_cant_keep_is_said_with_the_formats_that_can() {
        let csv = |field, value| said(OutFormat::Csv, field, &value);
        assert_eq!(
            csv("approved", json!(true)),
            "true is read as the text \"true\"; .xlsx and .jsonl keep it"
        );
        assert_eq!(
            csv("area_id", json!(5)),
            "the number 5 is read as the text \"5\"; .jsonl keeps it"
        );
        assert_eq!(
            csv("name", json!("#REF!")),
            "the text \"#REF!\" is read as an error, and rejected; .xlsx and .jsonl keep it"
        );
        assert_eq!(
            csv("name", json!("=\"007\"")),
            "the text \"=\\\"007\\\"\" is read as the text \"007\"; .xlsx and .jsonl keep it"
        );
        assert_eq!(
            csv("name", json!({"en": "x"})),
            "{\"en\":\"x\"} is read as the text \"{\\\"en\\\":\\\"x\\\"}\"; .jsonl keeps it"
        );
        assert_eq!(
            said(OutFormat::Xlsx, "area_id", &json!(5)),
            "the number 5 is read as the text \"5\"; .jsonl keeps it"
        );
        for (field, value) in [
            ("name", "n/a"),
            ("moved_at", "03/04/2021"),
            ("serving_size", "1,234.50"),
        ] {
            assert_eq!(
                said(OutFormat::Jsonl, field, &json!(value)),
                "",
                "every format reads {value} so"
            );
            assert_eq!(csv(field, json!(value)), "", "every format reads {value} so");
        }
    }
}
