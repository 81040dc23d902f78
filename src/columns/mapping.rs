//! The mapping file: what the user has said about the columns of a file (TOML).
//!
//! Belongs here: the file's form, its faults with their lines, writing one. Doesn't: what the columns turn out to
//! mean (`matching`).

mod save;

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use super::names::{fold, nearest};
use super::{DateOrder, NumberStyle};
use crate::item::{FIELDS, field_named};

/// What a column is for, by the mapping file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nothing is said; its header decides.
    #[default]
    Unsaid,
    /// The column is left out.
    Ignore,
    /// The field it means.
    Field(String),
    /// It is kept under its own name in snake case.
    Keep,
    /// It holds a date with a time of day: the field of the day and the field of the time.
    Split(String, String),
    /// It is one half of a `[join]`.
    Joined,
}

/// What a mapping file says about one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The words that mean nothing here.
    pub(crate) blanks: Option<Vec<String>>,
    /// The order of day, month and year.
    pub(crate) dates: Option<DateOrder>,
    /// The number style.
    pub(crate) numbers: Option<NumberStyle>,
    /// `$74.69` is a number.
    pub(crate) currency: bool,
    /// `25%` is 0.25.
    pub(crate) percent: bool,
}

/// A constant: every item gets this value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    /// Text.
    Text(String),
    /// A number, as JSON writes it.
    Number(String),
    /// True or false.
    Bool(bool),
}

/// A mapping file.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    text: String,
    rules: Vec<(String, Rule)>,
    pub(crate) constants: Vec<(String, Constant)>,
    pub(crate) joins: Vec<(String, String, String)>,
    pub(crate) keep_extra: bool,
}

/// Why a mapping file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The operating system refused.
    #[error("the mapping file {} can't be read: {}", file.display(), crate::cause::io(.cause))]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// It is no TOML.
    #[error("{file}, line {line}: the mapping file is not well-formed: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A key that is not known.
    #[error("{file}, line {line}: {key:?} is no key of a mapping file here")]
    UnknownKey {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A field that does not exist.
    #[error("{file}, line {line}: {field:?} is no inventory field")]
    UnknownField {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        field: String,
        /// The field that is most like it.
        nearest: Option<String>,
    },
    /// A value that is not of the right form.
    #[error("{file}, line {line}: {key} has to be {expected}")]
    Value {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// One field is given twice.
    #[error("{file}, line {line}: {field} is given twice")]
    Twice {
        /// The file.
        file: String,
        /// The line of the second, from 1.
        line: usize,
        /// The field.
        field: String,
    },
    /// A header that the file to be read does not have.
    #[error("{file} has no column {header:?}, which the mapping file joins")]
    NoColumn {
        /// The file to be read.
        file: String,
        /// The header.
        header: String,
    },
}

impl MappingError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check the path and the spelling of --map".to_owned(),
            Self::UnknownKey {
                nearest: Some(nearest), ..
            }
            | Self::UnknownField {
                nearest: Some(nearest), ..
            } => {
                format!("did you mean {nearest:?}?")
            }
            Self::UnknownField { .. } => {
                "name one of the 27 fields, or add `extra = \"keep\"` beside it for a field of your own".to_owned()
            }
            Self::NoColumn { .. } => "check the header's spelling in [join]".to_owned(),
            Self::Syntax { .. } | Self::UnknownKey { .. } | Self::Value { .. } | Self::Twice { .. } => {
                "the head of a file written by `stockport inspect FILE --save-map map.toml` explains each key"
                    .to_owned()
            }
        }
    }
}

const TOP: [&str; 4] = ["columns", "constants", "join", "extra"];
const COLUMN: [&str; 7] = ["field", "extra", "split", "blanks", "dates", "numbers", "currency"];
const PERCENT: &str = "percent";

impl Rule {
    fn of(purpose: Purpose) -> Self {
        Self {
            purpose,
            ..Self::default()
        }
    }
}

impl Mapping {
    /// Reads a mapping file.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(path).map_err(|cause| MappingError::Read {
            file: path.to_owned(),
            cause,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a mapping file's text; `file` names it in messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        let document = Document::parse(text).map_err(|error| MappingError::Syntax {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            message: error.message().trim().to_owned(),
        })?;
        let mut parser = Parser {
            file,
            text,
            mapping: Self {
                text: text.to_owned(),
                ..Self::default()
            },
        };
        parser.top(document.as_table())?;
        Ok(parser.mapping)
    }

    /// What is said about the column of this header, to the letter or else without case and punctuation.
    pub(crate) fn rule(&self, header: &str) -> Option<&Rule> {
        let exact = self.rules.iter().find(|(name, _)| name.trim() == header.trim());
        exact
            .or_else(|| {
                let folded = fold(header);
                self.rules.iter().find(|(name, _)| fold(name) == folded)
            })
            .map(|(_, rule)| rule)
    }

    /// Whether a constant, a split or a join gives this field.
    pub(crate) fn gives(&self, field: &str) -> bool {
        self.constants.iter().any(|(name, _)| name == field)
            || self.joins.iter().any(|(name, _, _)| name == field)
            || self
                .rules
                .iter()
                .any(|(_, rule)| matches!(&rule.purpose, Purpose::Split(day, time) if day == field || time == field))
    }

    /// The headers that the file names, so that a header row of them is found.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|(header, _)| header.as_str())
    }

    /// Those of them that hold the ids.
    pub(crate) fn id_headers(&self) -> impl Iterator<Item = &str> {
        let ids = |rule: &Rule| matches!(&rule.purpose, Purpose::Field(field) if field == crate::item::ITEM_ID);
        let rules = self.rules.iter().filter(move |(_, rule)| ids(rule));
        rules.map(|(header, _)| header.as_str())
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
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
        for (key, item) in table {
            let line = self.key_line(table, key, item);
            let section = || {
                item.as_table_like()
                    .ok_or_else(|| self.wrong(line, key, "a section of keys and values"))
            };
            match key {
                "extra" => self.mapping.keep_extra = self.extra(item, line)?,
                "columns" => self.columns(section()?)?,
                "constants" => self.constants(section()?)?,
                "join" => self.joins(section()?)?,
                _ => return Err(self.unknown(line, key, &TOP)),
            }
        }
        self.refuse_twice()
    }

    fn extra(&self, item: &Item, line: usize) -> Result<bool, MappingError> {
        match item.as_str() {
            Some("keep") => Ok(true),
            Some("drop") => Ok(false),
            _ => Err(self.wrong(line, "extra", "\"keep\" or \"drop\"")),
        }
    }

    fn field(&self, name: &str, line: usize, own: bool) -> Result<String, MappingError> {
        let free = own && !name.is_empty() && !name.starts_with("__") && !crate::item::SERVER_FIELDS.contains(&name);
        if field_named(name).is_some() || free {
            return Ok(name.to_owned());
        }
        Err(MappingError::UnknownField {
            file: self.file.to_owned(),
            line,
            field: name.to_owned(),
            nearest: nearest(name, FIELDS.iter().map(|field| field.name)).map(str::to_owned),
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
                    rule.dates = Some(match item.as_str() {
                        Some("mdy") => DateOrder::Mdy,
                        Some("dmy") => DateOrder::Dmy,
                        Some("ymd") => DateOrder::Ymd,
                        _ => return Err(self.wrong(line, key, "\"mdy\", \"dmy\" or \"ymd\"")),
                    });
                }
                "numbers" => {
                    rule.numbers = Some(match item.as_str() {
                        Some("us") => NumberStyle::Us,
                        Some("eu") => NumberStyle::Eu,
                        _ => return Err(self.wrong(line, key, "\"us\" (1,234.50) or \"eu\" (1.234,50)")),
                    });
                }
                "currency" => rule.currency = item.as_bool().ok_or_else(|| self.wrong(line, key, "true or false"))?,
                PERCENT => rule.percent = item.as_bool().ok_or_else(|| self.wrong(line, key, "true or false"))?,
                _ => {
                    let known: Vec<&str> = COLUMN.into_iter().chain([PERCENT]).collect();
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
            if field == crate::item::ITEM_ID {
                return Err(self.wrong(line, name, "a column: a constant would give every row one id"));
            }
            let value = match item.as_value() {
                Some(Value::String(text)) => Constant::Text(text.value().clone()),
                Some(Value::Integer(number)) => Constant::Number(number.value().to_string()),
                Some(Value::Float(number)) if number.value().is_finite() => {
                    Constant::Number(super::numbers::from_double(*number.value()).unwrap_or_default())
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
                if self.mapping.rule(header).is_none() {
                    self.mapping.rules.push((header.clone(), Rule::of(Purpose::Joined)));
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
