//! The text of a mapping file → what it says, or its first fault with the line.
//!
//! Doesn't belong here: writing one (`mapping_file`, `reject_mapping`).

use toml_edit::{Document, Item, TableLike, Value};

use super::settings::{ON, SETTINGS};
use super::{Constant, Mapping, MappingError, Purpose, Rule, find, is_marked};
use crate::columns::names::nearest;
use crate::columns::vocabulary::nearest_field;
use crate::columns::{DateOrder, NumberStyle};
use crate::item::{ITEM_ID, field_named};

const JOIN: &str = "join";
const TOP: [&str; 4] = ["columns", "constants", JOIN, "extra"];
const COLUMN: [&str; 7] = ["field", "extra", "split", "blanks", "dates", "numbers", "currency"];
const PERCENT: &str = "percent";
const DIGITS: &str = "digits";
/// More digits than any system's ids have.
const MOST_DIGITS: usize = 64;

/// Reads a mapping file's text; `file` names it in messages.
pub(super) fn mapping(file: &str, text: &str) -> Result<Mapping, MappingError> {
    // Some editors put a byte-order mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    let document = Document::parse(text).map_err(|error| MappingError::Syntax {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().trim().to_owned(),
    })?;
    let mut parser = Parser {
        file,
        text,
        mapping: Mapping {
            file: file.to_owned(),
            text: text.to_owned(),
            is_of_rejects: is_marked(text),
            ..Mapping::default()
        },
    };
    parser.top(document.as_table())?;
    Ok(parser.mapping)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether a column can be mapped to a field of this name; `own`: it may be one of the user's own.
pub(super) fn is_field(name: &str, own: bool) -> bool {
    let is_free = own && !name.is_empty() && !name.starts_with("__") && !crate::item::SERVER_FIELDS.contains(&name);
    is_free || field_named(name).is_some()
}

struct Parser<'a> {
    file: &'a str,
    text: &'a str,
    mapping: Mapping,
}

impl Parser<'_> {
    fn line(&self, span: Option<std::ops::Range<usize>>) -> usize {
        span.map_or(1, |span| line_of(self.text, span.start))
    }

    fn key_line(&self, table: &dyn TableLike, key: &str, item: &Item) -> usize {
        self.line(table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span()))
    }

    fn wrong(&self, line: usize, key: &str, expected: &'static str) -> MappingError {
        MappingError::Value {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            expected,
        }
    }

    fn unknown(&self, line: usize, key: &str, known: &[&str]) -> MappingError {
        MappingError::UnknownKey {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            nearest: nearest(key, known.iter().copied()).map(str::to_owned),
        }
    }

    fn top(&mut self, table: &toml_edit::Table) -> Result<(), MappingError> {
        // A join says what its columns are for, whatever else is said of them.
        let (joins, others): (Vec<_>, Vec<_>) = table.iter().partition(|(key, _)| *key == JOIN);
        for (key, item) in others.into_iter().chain(joins) {
            let line = self.key_line(table, key, item);
            let section = || {
                item.as_table_like()
                    .ok_or_else(|| self.wrong(line, key, "a section of keys and values"))
            };
            match key {
                "extra" => self.mapping.keep_extra = self.extra(item, line)?,
                "columns" => self.columns(section()?)?,
                "constants" => self.constants(section()?)?,
                JOIN => self.joins(section()?)?,
                _ => self.setting(key, item, line)?,
            }
        }
        self.refuse_twice()
    }

    fn setting(&mut self, key: &str, item: &Item, line: usize) -> Result<(), MappingError> {
        let Some((name, values, expected)) = SETTINGS.iter().find(|(name, ..)| *name == key) else {
            let known: Vec<&str> = TOP.into_iter().chain(SETTINGS.map(|(name, ..)| name)).collect();
            return Err(self.unknown(line, key, &known));
        };
        let is_switch = values.contains(&ON);
        let given = match item.as_bool() {
            Some(false) if is_switch => return Ok(()),
            Some(true) if is_switch => Some(ON),
            _ => item.as_str().filter(|_| !is_switch),
        };
        let value = values.iter().find(|value| given == Some(**value));
        let value = value.ok_or_else(|| self.wrong(line, key, expected))?;
        self.mapping.settings.set(name, value);
        Ok(())
    }

    fn extra(&self, item: &Item, line: usize) -> Result<bool, MappingError> {
        match item.as_str() {
            Some("keep") => Ok(true),
            Some("drop") => Ok(false),
            _ => Err(self.wrong(line, "extra", "\"keep\" or \"drop\"")),
        }
    }

    fn field(&self, name: &str, line: usize, own: bool) -> Result<String, MappingError> {
        if is_field(name, own) {
            return Ok(name.to_owned());
        }
        Err(MappingError::UnknownField {
            file: self.file.to_owned(),
            line,
            field: name.to_owned(),
            nearest: nearest_field(name, std::iter::empty()).map(str::to_owned),
        })
    }

    fn columns(&mut self, table: &dyn TableLike) -> Result<(), MappingError> {
        for (header, item) in table.iter() {
            let line = self.key_line(table, header, item);
            let rule = if let Some(name) = item.as_str() {
                Rule::of(Purpose::Field(self.field(name, line, false)?))
            } else if item.as_bool() == Some(false) {
                Rule::of(Purpose::Ignore)
            } else if let Some(keys) = item.as_table_like() {
                self.column(keys)?
            } else {
                return Err(self.wrong(line, header, "a field's name, false, or { field = … }"));
            };
            self.mapping.rules.push((header.to_owned(), rule));
        }
        Ok(())
    }

    fn column(&self, keys: &dyn TableLike) -> Result<Rule, MappingError> {
        let mut rule = Rule::default();
        let own = keys.get("extra").and_then(Item::as_str) == Some("keep");
        for (key, item) in keys.iter() {
            let line = self.key_line(keys, key, item);
            match key {
                "field" => {
                    let name = item.as_str().ok_or_else(|| self.wrong(line, key, "a field's name"))?;
                    rule.purpose = Purpose::Field(self.field(name, line, own)?);
                }
                "extra" => {
                    // With a field's name beside it, it only says that the name may be one of the user's own.
                    if self.extra(item, line)? && rule.purpose == Purpose::Unsaid {
                        rule.purpose = Purpose::Keep;
                    }
                }
                "split" => {
                    let expected = "two fields: that of the day and that of the time of day";
                    let [day, time] = self.pair(item, key, line, expected)?;
                    rule.purpose = Purpose::Split(self.field(&day, line, false)?, self.field(&time, line, false)?);
                }
                "blanks" => {
                    let words = strings(item).ok_or_else(|| self.wrong(line, key, "a list of words"))?;
                    rule.blanks = Some(words);
                }
                "dates" => {
                    let words = strings(item).or_else(|| Some(vec![item.as_str()?.to_owned()]));
                    let orders: Option<Vec<DateOrder>> =
                        words.and_then(|words| words.iter().map(|word| DateOrder::named(word)).collect());
                    match orders.as_deref() {
                        Some([order]) => rule.dates = Some(*order),
                        Some([_, _, ..]) => rule.mixed = orders.unwrap_or_default(),
                        _ => {
                            let expected = "\"mdy\", \"dmy\" or \"ymd\", or a list of those that the column mixes";
                            return Err(self.wrong(line, key, expected));
                        }
                    }
                }
                "numbers" => {
                    rule.numbers = Some(match item.as_str() {
                        Some("us") => NumberStyle::Us,
                        Some("eu") => NumberStyle::Eu,
                        _ => return Err(self.wrong(line, key, "\"us\" (1,234.50) or \"eu\" (1.234,50)")),
                    });
                }
                "currency" => rule.currency = item.as_bool().ok_or_else(|| self.wrong(line, key, "true or false"))?,
                DIGITS => {
                    let digits = item.as_integer().and_then(|digits| usize::try_from(digits).ok());
                    let digits = digits.filter(|digits| (1..=MOST_DIGITS).contains(digits));
                    let is_of_ids = keys.get("field").and_then(Item::as_str) == Some(ITEM_ID);
                    rule.digits = digits
                        .filter(|_| is_of_ids)
                        .ok_or_else(|| self.wrong(line, key, "a number from 1 to 64, beside field = \"item_id\""))?;
                }
                PERCENT => rule.percent = item.as_bool().ok_or_else(|| self.wrong(line, key, "true or false"))?,
                _ => {
                    let known: Vec<&str> = COLUMN.into_iter().chain([PERCENT, DIGITS]).collect();
                    return Err(self.unknown(line, key, &known));
                }
            }
        }
        Ok(rule)
    }

    fn pair(&self, item: &Item, key: &str, line: usize, expected: &'static str) -> Result<[String; 2], MappingError> {
        strings(item)
            .and_then(|words| <[String; 2]>::try_from(words).ok())
            .ok_or_else(|| self.wrong(line, key, expected))
    }

    fn constants(&mut self, table: &dyn TableLike) -> Result<(), MappingError> {
        for (name, item) in table.iter() {
            let line = self.key_line(table, name, item);
            let field = self.field(name, line, true)?;
            if field == ITEM_ID {
                return Err(self.wrong(line, name, "a column: a constant would give every row one id"));
            }
            let value = match item.as_value() {
                Some(Value::String(text)) => Constant::Text(text.value().clone()),
                Some(Value::Integer(number)) => Constant::Number(number.value().to_string()),
                Some(Value::Float(number)) if number.value().is_finite() => {
                    Constant::Number(crate::columns::numbers::from_double(*number.value()).unwrap_or_default())
                }
                Some(Value::Boolean(value)) => Constant::Bool(*value.value()),
                _ => return Err(self.wrong(line, name, "text, a number, true or false")),
            };
            self.mapping.constants.push((field, value));
        }
        Ok(())
    }

    fn joins(&mut self, table: &dyn TableLike) -> Result<(), MappingError> {
        for (name, item) in table.iter() {
            let line = self.key_line(table, name, item);
            let field = self.field(name, line, false)?;
            let [first, second] = self.pair(
                item,
                name,
                line,
                "two headers: that of the day and that of the time of day",
            )?;
            for header in [&first, &second] {
                let rules = &mut self.mapping.rules;
                match find(rules, header).and_then(|at| rules.get_mut(at)) {
                    None => rules.push((header.clone(), Rule::of(Purpose::Joined))),
                    Some((_, rule)) if rule.purpose == Purpose::Unsaid => rule.purpose = Purpose::Joined,
                    Some(_) => {}
                }
            }
            self.mapping.joins.push((field, first, second));
        }
        Ok(())
    }

    fn refuse_twice(&self) -> Result<(), MappingError> {
        let mapping = &self.mapping;
        let mut fields: Vec<&str> = Vec::new();
        for (_, rule) in &mapping.rules {
            match &rule.purpose {
                Purpose::Field(field) => fields.push(field),
                Purpose::Split(day, time) => fields.extend([day.as_str(), time]),
                Purpose::Unsaid | Purpose::Ignore | Purpose::Keep | Purpose::Joined => {}
            }
        }
        fields.extend(mapping.constants.iter().map(|(field, _)| field.as_str()));
        fields.extend(mapping.joins.iter().map(|(field, _, _)| field.as_str()));
        for (at, field) in fields.iter().enumerate() {
            if fields.iter().take(at).any(|earlier| earlier == field) {
                let line = self
                    .text
                    .rmatch_indices(field)
                    .next()
                    .map_or(1, |(at, _)| line_of(self.text, at));
                return Err(MappingError::Twice {
                    file: self.file.to_owned(),
                    line,
                    field: (*field).to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn strings(item: &Item) -> Option<Vec<String>> {
    item.as_array()?
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}
