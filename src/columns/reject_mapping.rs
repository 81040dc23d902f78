//! Writing the mapping file that stands beside a reject file: what each column meant in the run that rejected the rows,
//! and the orders that the whole source settled, which a few rows would not settle again.
//!
//! Doesn't belong here: the reject file itself (`report::rejects`), a mapping file for a person to fill in (`mapping_file`).

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use super::mapping::{MARK, Mapping, Purpose, Rule, Settings};
use crate::columns::layout::{Layout, Target};
use crate::columns::matching::{ColumnMatch, Matching};
use crate::columns::vocabulary::{BEYOND, REJECT_COLUMNS, UNNAMED, is_nameless};
use crate::columns::{FieldValue, NumberStyle};
use crate::item::{Kind, field_named};

impl Mapping {
    /// The text of the mapping file beside a reject file. `about` says of which file and run.
    pub(crate) fn text_for_rejects(
        about: &str,
        settings: &Settings,
        matching: &Matching,
        layout: &Layout,
        given: Option<&Self>,
    ) -> String {
        let mut document = DocumentMut::new();
        for (name, word) in settings.iter() {
            document.insert(name, if word == "true" { value(true) } else { value(word) });
        }
        if given.is_some_and(|given| given.keep_extra) {
            document.insert("extra", value("keep"));
        }
        let mut columns = Table::new();
        for column in matching
            .columns
            .iter()
            .filter(|column| !is_of_reject_file(&column.header))
        {
            let targets = layout.targets.iter().filter(|target| target.header == column.header);
            let settled = targets.filter(|target| target.index == column.index);
            let rule = given.and_then(|given| given.rule(&column.header));
            if let Some(item) = item(column, rule, &settled.collect::<Vec<_>>()) {
                columns.insert(&column.header, item);
            }
        }
        document.insert("columns", columns.into());
        let constants = layout.constants.iter();
        section(
            &mut document,
            "constants",
            constants.map(|(field, value)| (field.as_str(), constant(value))),
        );
        let joins = given.map(|given| given.joins.as_slice()).unwrap_or_default();
        let join = |(field, first, second): &'_ (String, String, String)| (field.clone(), pair(first, second));
        let joins: Vec<(String, Value)> = joins.iter().map(join).collect();
        section(
            &mut document,
            "join",
            joins.iter().map(|(field, pair)| (field.as_str(), pair.clone())),
        );
        format!(
            "{MARK}: {about}.\n# It is applied when the reject file beside it is read. Options on the command line \
             override it.\n\n{document}"
        )
    }
}

/// Whether a column was added by a reject file.
fn is_of_reject_file(header: &str) -> bool {
    REJECT_COLUMNS.contains(&header.trim()) || is_nameless(header, UNNAMED) || is_nameless(header, BEYOND)
}

/// What is written for a column; nothing for one that needs no word, as half of a join.
fn item(column: &ColumnMatch, rule: Option<&Rule>, targets: &[&Target]) -> Option<Item> {
    let mut keys = InlineTable::new();
    match (rule.map(|rule| &rule.purpose), &column.field) {
        (Some(Purpose::Split(day, time)), _) => {
            keys.insert("split", pair(day, time));
        }
        (Some(Purpose::Joined), _) => {}
        (Some(Purpose::Keep), Some(_)) if column.is_taken() => {
            keys.insert("extra", "keep".into());
        }
        (_, Some(field)) if column.is_taken() => {
            keys.insert("field", field.as_str().into());
            if field_named(field).is_none() {
                keys.insert("extra", "keep".into());
            }
        }
        _ => return Some(value(false)),
    }
    manner(&mut keys, rule, targets);
    match keys.get("field") {
        Some(field) if keys.len() == 1 => Some(value(field.clone())),
        _ if keys.is_empty() => None,
        _ => Some(value(keys)),
    }
}

/// How the cells of a column were read: as the mapping file said, and as the source as a whole settled.
fn manner(keys: &mut InlineTable, rule: Option<&Rule>, targets: &[&Target]) {
    if let Some(words) = rule.and_then(|rule| rule.blanks.as_ref()) {
        keys.insert(
            "blanks",
            Value::Array(words.iter().map(String::as_str).collect::<Array>()),
        );
    }
    let of_kind = |kind: Kind| {
        targets
            .iter()
            .find(|target| target.is_settled && target.style.kind == kind)
    };
    let said = rule.and_then(|rule| rule.dates);
    let mixed = targets.iter().find_map(|target| target.style.mixed.as_ref());
    if let Some(mixed) = mixed {
        let words = mixed.orders.iter().map(|order| order.word());
        keys.insert("dates", Value::Array(words.collect::<Array>()));
    } else if let Some(order) = of_kind(Kind::Date).map(|target| target.style.dates).or(said) {
        keys.insert("dates", order.word().into());
    }
    let said = rule.and_then(|rule| rule.numbers);
    if let Some(style) = of_kind(Kind::Number).map(|target| target.style.numbers).or(said) {
        let word = match style {
            NumberStyle::Us => "us",
            NumberStyle::Eu => "eu",
        };
        keys.insert("numbers", word.into());
    }
    if let Some(digits) = rule.map(|rule| rule.digits).filter(|digits| *digits > 0) {
        keys.insert("digits", i64::try_from(digits).unwrap_or_default().into());
    }
    for (key, on) in [
        ("currency", rule.is_some_and(|rule| rule.currency)),
        ("percent", rule.is_some_and(|rule| rule.percent)),
    ] {
        if on {
            keys.insert(key, true.into());
        }
    }
}

fn pair(first: &str, second: &str) -> Value {
    Value::Array([first, second].into_iter().collect())
}

fn constant(value: &FieldValue<'_>) -> Value {
    match value {
        FieldValue::Bool(value) => (*value).into(),
        FieldValue::Number(digits) => match (digits.parse::<i64>(), digits.parse::<f64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => digits.as_ref().into(),
        },
        FieldValue::Text(text) => text.as_ref().into(),
        FieldValue::Nothing | FieldValue::Json(_) => "".into(),
    }
}

/// Adds a section of fields, if there are any.
fn section<'a>(document: &mut DocumentMut, name: &str, fields: impl Iterator<Item = (&'a str, Value)>) {
    let mut table = Table::new();
    for (field, value) in fields {
        table.insert(field, toml_edit::value(value));
    }
    if !table.is_empty() {
        document.insert(name, table.into());
    }
}
