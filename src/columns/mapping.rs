//! The mapping file: what the user has said about the columns of a file (TOML).
//!
//! Belongs here: what a mapping file can say, and its faults. Doesn't: its text (`parse`, `mapping_file`, `reject_mapping`), the command line's columns (`option`),
//! what the columns turn out to mean (`matching`).

mod option;
mod parse;
mod settings;

use std::path::{Path, PathBuf};

use super::names::fold;
use super::{DateOrder, NumberStyle};
use crate::error::{Code, code};
use crate::files::{self, bounds};
use crate::sheet;
pub use option::ColumnOption;
pub(super) use option::suggested;
pub use settings::Settings;

/// How a mapping file beside a reject file begins. A mapping file that begins otherwise is the user's own and is never used unless it is named.
pub(super) const MARK: &str = "# The mapping of a stockport reject file";

/// Whether the text of a mapping file is that of one beside a reject file.
fn is_marked(text: &str) -> bool {
    // Some editors put a byte-order mark before the text.
    text.trim_start_matches('\u{feff}').starts_with(MARK)
}

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
    /// The orders that the column mixes: a date that is another day in another of them is rejected.
    pub(crate) mixed: Vec<DateOrder>,
    /// The number style.
    pub(crate) numbers: Option<NumberStyle>,
    /// `$74.69` is a number.
    pub(crate) currency: bool,
    /// `25%` is 0.25.
    pub(crate) percent: bool,
    /// Item ids of fewer digits get leading zeros; 0 where they stay as they are.
    pub(crate) digits: usize,
    /// The command line says so (`--column`).
    pub(crate) is_option: bool,
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
    /// The mapping file, for messages.
    file: String,
    pub(super) text: String,
    rules: Vec<(String, Rule)>,
    pub(crate) constants: Vec<(String, Constant)>,
    pub(crate) joins: Vec<(String, String, String)>,
    pub(crate) keep_extra: bool,
    settings: Settings,
    /// It was written beside a reject file: its orders are what a run has settled.
    is_of_rejects: bool,
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
    #[error("{file}, line {line}: {key:?} is not a valid key here")]
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
    #[error("{file}, line {line}: {field:?} is not an inventory field")]
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
    #[error("{file}, line {line}: {key} must be {expected}")]
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
    /// The mapping of a reject file that lacks one of its columns.
    #[error("{map} does not fit {file}: there is no column {header:?}")]
    Unfit {
        /// The mapping file.
        map: String,
        /// The file to be read.
        file: String,
        /// The header.
        header: String,
    },
    /// Two files that are read together, and need different options.
    #[error(
        "{first} and {second} can't be read together: only one of them has {}",
        option(key, value)
    )]
    Differ {
        /// A file.
        first: String,
        /// Another file.
        second: String,
        /// The option's name.
        key: String,
        /// Its value.
        value: String,
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
    /// Its code for programs.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Read { .. } => "mapping_unreadable".into(),
            Self::Value { .. } => "mapping_bad_value".into(),
            Self::Twice { .. } => "mapping_field_twice".into(),
            Self::Differ { .. } => "mapping_files_differ".into(),
            _ => code("mapping", self),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check the path and the spelling of --map".to_owned(),
            Self::UnknownKey {
                nearest: Some(nearest), ..
            } => {
                format!("did you mean {nearest:?}?")
            }
            Self::UnknownField {
                nearest: Some(nearest), ..
            } => {
                format!("did you mean {nearest:?}? `stockport fields` lists all fields")
            }
            Self::UnknownField { .. } => {
                "`stockport fields` lists all fields; for one of your own add `extra = \"keep\"` beside it".to_owned()
            }
            Self::Unfit { .. } => "restore the column's header, or name another mapping file with --map".to_owned(),
            Self::Differ { key, .. } => format!("read them one after the other, or give --{key} for both"),
            Self::NoColumn { .. } => "check the header's spelling in [join]".to_owned(),
            Self::Syntax { .. } | Self::UnknownKey { .. } | Self::Value { .. } | Self::Twice { .. } => {
                "the head of a file written by `stockport inspect FILE --save-map map.toml` explains each key"
                    .to_owned()
            }
        }
    }
}

/// An option as a mapping file has it.
fn option(key: &str, value: &str) -> String {
    match value {
        "true" => format!("{key} = true"),
        value => format!("{key} = {value:?}"),
    }
}

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
        Self::parse(&path.display().to_string(), &text_of(path)?)
    }

    /// Reads the mapping file beside a reject file; none where it is another file of that name.
    pub fn load_of_rejects(path: &Path) -> Result<Option<Self>, MappingError> {
        let text = text_of(path)?;
        let mapping = is_marked(&text).then(|| Self::parse(&path.display().to_string(), &text));
        mapping.transpose()
    }

    /// Reads a mapping file's text; `file` names it in messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        parse::mapping(file, text)
    }

    /// What is said about the column of this header, to the letter or else without case and punctuation.
    pub(crate) fn rule(&self, header: &str) -> Option<&Rule> {
        let (_, rule) = self.rules.get(find(&self.rules, header)?)?;
        Some(rule)
    }

    /// Refuses a table that lacks a column whose meaning is kept here. A JSON file lacks the keys that none of its objects
    /// has.
    pub(crate) fn fits(&self, table: &sheet::Table) -> Result<(), MappingError> {
        if !self.is_of_rejects || table.format.has_keys() {
            return Ok(());
        }
        let has = |header: &str| {
            let mut cells = table.header.cells.iter();
            cells.any(|cell| cell.name.trim() == header.trim() || fold(&cell.name) == fold(header))
        };
        let needed = self.rules.iter().filter(|(_, rule)| rule.purpose != Purpose::Ignore);
        match needed.map(|(header, _)| header).find(|header| !has(header)) {
            None => Ok(()),
            Some(header) => Err(MappingError::Unfit {
                map: self.file.clone(),
                file: table.file.clone(),
                header: header.clone(),
            }),
        }
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

    /// The options that the file gives.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the file was written beside a reject file.
    #[must_use]
    pub fn is_of_rejects(&self) -> bool {
        self.is_of_rejects
    }

    /// Puts the command line's orders in place of those that a run has settled; what a person has written into a mapping
    /// file stays, but which of several orders a column mixes is decided.
    pub fn overrule(&mut self, dates: Option<DateOrder>, numbers: Option<NumberStyle>) {
        if dates.is_some() {
            for (_, rule) in self.rules.iter_mut().filter(|(_, rule)| !rule.mixed.is_empty()) {
                rule.mixed.clear();
                rule.dates = dates;
            }
        }
        if !self.is_of_rejects {
            return;
        }
        for (_, rule) in &mut self.rules {
            rule.dates = rule.dates.and(dates).or(rule.dates);
            rule.numbers = rule.numbers.and(numbers).or(rule.numbers);
        }
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

fn text_of(path: &Path) -> Result<String, MappingError> {
    files::read_named_text(path, bounds::SETTINGS).map_err(|cause| MappingError::Read {
        file: path.to_owned(),
        cause,
    })
}

/// The place of what is said about the column of this header.
fn find(rules: &[(String, Rule)], header: &str) -> Option<usize> {
    let exact = rules.iter().position(|(name, _)| name.trim() == header.trim());
    exact.or_else(|| {
        let folded = fold(header);
        rules.iter().position(|(name, _)| fold(name) == folded)
    })
}
