//! Rows → items: which column means which field, and what a cell's content means in that field.
//!
//! Belongs here: the names of columns, the meaning of cells (None and blanks, numbers, dates, ids),
//! duplicates. Doesn't: file formats (`sheet`), what the API holds (`plan`).

mod cells;
mod census;
mod compare;
mod dates;
mod duplicates;
mod error;
mod evidence;
mod first_rows;
mod id_findings;
mod ids;
mod inspect;
mod inspected;
mod labels;
mod layout;
mod looks;
mod mapping;
mod mapping_file;
mod matching;
mod merge;
mod names;
mod near;
mod nested;
mod numbers;
mod read_back;
mod reject_mapping;
mod set_aside;
mod shapes;
mod source;
mod straight;
mod survey;
mod suspects;
mod tell;
mod texts;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use crate::item::Object;
use crate::output::Warning;
use crate::sheet::Cell;

pub use compare::{as_text, canonical_number, compare_numbers, is_nothing, same, shows};
pub use error::ColumnError;
pub use ids::{StoredIds, is_odd_id};
pub use inspect::{Inspection, inspect};
pub use inspected::{InspectedColumn, Problem, Sample};
pub use mapping::{ColumnOption, Mapping, MappingError, Settings};
pub use matching::{By, ColumnMatch, Matching};
pub(crate) use names::{fold, nearest};
pub(crate) use near::{fold_id, fold_id_into, spelled};
pub use read_back::ReadBack;
pub use set_aside::NAMED_ASIDE;
pub use source::{Again, Reader, RowKind, Source, TakePart, TakeStraight};
pub use straight::{NeedsDraft, Slots, Straight};
pub(crate) use tell::unknown_headers;
pub(crate) use texts::unguard;
pub(crate) use vocabulary::{BEYOND, UNNAMED};
pub use vocabulary::{CHANGE, GONE, Judge, REJECT_COLUMNS, is_of_rejects};
pub(crate) use vocabulary::{names_of, nearest_field};

/// A cell's meaning in its field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// The cell is there and says nothing (blank, `None`, `N/A`, …).
    Nothing,
    /// Text.
    Text(Cow<'a, str>),
    /// A number, as JSON writes it (`10.5`), so that no digit is lost on the way.
    Number(Cow<'a, str>),
    /// True or false.
    Bool(bool),
    /// An array or object, from a JSON file.
    Json(&'a Value),
}

impl FieldValue<'_> {
    /// The cell that holds it, in a row that is written.
    #[must_use]
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Nothing => Cell::Empty,
            Self::Text(text) => Cell::Text(text),
            Self::Number(digits) => Cell::Digits(digits),
            Self::Bool(value) => Cell::Bool(*value),
            Self::Json(value) => Cell::Json(value),
        }
    }
}

/// One field of an item that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftValue<'a> {
    /// The API's name of the field.
    pub field: &'a str,
    /// What is to be stored.
    pub value: FieldValue<'a>,
    /// The cell's own text, where the file is untyped text, or where the reading has made something else of the cell (a
    /// date or a number of a text, a text of a workbook's number): if that is just how an export shows what is stored
    /// (`shows`), the file asks for no change, whatever the reading made of it.
    pub raw: Option<Cow<'a, str>>,
    /// The physical column it came from; none for a constant of the mapping file.
    pub index: Option<usize>,
    /// Why it is refused, unless just that is stored: it isn't of its field's kind.
    pub misfit: Option<Box<Rejection>>,
}

/// An item as the file describes it: only the fields that the file has cells for.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<'a> {
    /// The id, checked (`item::check_id`).
    pub id: Cow<'a, str>,
    /// The other fields, in the file's order; `item_id` is not among them.
    pub values: Vec<DraftValue<'a>>,
    /// Why it may be no item, unless one of this id is stored.
    pub suspect: Option<Box<Rejection>>,
}

impl Draft<'_> {
    /// Why the item is refused where nothing is stored that its values could equal.
    #[must_use]
    pub fn misfits(&self) -> Vec<Rejection> {
        let misfits = self.values.iter().filter_map(|value| value.misfit.as_deref());
        self.suspect.as_deref().into_iter().chain(misfits).cloned().collect()
    }
}

/// Where a row stands among the tables of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The table's place in `Source::tables`.
    pub table: usize,
    /// The row's line, from 1.
    pub line: u64,
}

/// Why a row is refused before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The header of the column at fault, if one is.
    pub column: Option<String>,
    /// Its physical index.
    pub index: Option<usize>,
    /// The value at fault, as the file has it; a long one is cut in its middle.
    pub value: String,
    /// Why, in plain words, with the cell's address where there is one.
    pub reason: String,
}

/// What became of one data row.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading<'a> {
    /// An item to be written.
    Item(Draft<'a>),
    /// A row that is refused, with every reason found (at least one).
    Rejected(Vec<Rejection>),
    /// A row that is left out on request (`--duplicates first|last`, or merged into another row).
    Skipped(String),
}

impl Reading<'_> {
    /// The same where nothing is stored: an item that may be none, or has a value that isn't of its field's kind, is refused.
    #[must_use]
    pub fn without_stored(self) -> Self {
        match self {
            Self::Item(draft) => {
                let misfits = draft.misfits();
                if misfits.is_empty() {
                    Self::Item(draft)
                } else {
                    Self::Rejected(misfits)
                }
            }
            reading => reading,
        }
    }
}

/// One data row with its meaning.
pub struct Incoming<'a> {
    /// Where it stands.
    pub origin: Origin,
    /// The id of a row that is no item, if the id itself is sound.
    pub id: Option<Cow<'a, str>>,
    /// What it means.
    pub reading: Reading<'a>,
}

/// A date order or number style that the whole column decides, told in the plan.
pub type Note = String;

/// What to do with two rows of one id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Reject all of them, each naming the others.
    #[default]
    Reject,
    /// Take the first row, skip the others.
    First,
    /// Take the last row, skip the others.
    Last,
    /// One item of all of them: a later cell wins unless it says nothing.
    Merge,
}

/// The order of day, month and year in `03/04/2021`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Month, day, year.
    Mdy,
    /// Day, month, year.
    Dmy,
    /// Year, month, day.
    Ymd,
}

impl DateOrder {
    /// All orders; where a day is one in several of them, the first is assumed.
    pub(crate) const ALL: [Self; 3] = [Self::Mdy, Self::Dmy, Self::Ymd];

    /// The word for it on the command line and in a mapping file.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mdy => "mdy",
            Self::Dmy => "dmy",
            Self::Ymd => "ymd",
        }
    }

    /// The order of this word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// How numbers are punctuated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberStyle {
    /// `1,234.50`
    Us,
    /// `1.234,50`
    Eu,
}

/// How the user overrules the reading of columns and values.
#[derive(Clone, Debug, Default)]
pub struct ColumnOptions {
    /// `--duplicates`
    pub duplicates: Duplicates,
    /// `--dates`: only where a column's own values don't decide.
    pub dates: Option<DateOrder>,
    /// `--numbers`: only where a column's own values don't decide.
    pub numbers: Option<NumberStyle>,
    /// `--lenient`: a value that isn't of its field's kind is posted as text, with a warning, not rejected.
    pub lenient: bool,
    /// `--keep-suspects`: suspect rows are read as items, not rejected.
    pub keep_suspects: bool,
    /// `--blanks reject`: a row with a cell that says nothing is rejected.
    pub blanks_reject: bool,
}

/// What the first pass found, for the plan.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How many data rows there are.
    pub rows: u64,
    /// What was decided for whole columns (`Approved At: 03/04/2021 read as month/day/year (assumed)`).
    pub decisions: Vec<Note>,
    /// What a person should look at (counted, with the first place of each).
    pub warnings: Vec<Warning>,
    /// Rows that are no items and not counted among `rows`.
    pub set_aside: SetAside,
    /// Whether an id may mean another item once it is known which ids are stored ([`Source::know`]).
    pub has_odd_ids: bool,
}

/// Rows that are no items: how many there are, and the first of them.
#[derive(Clone, Debug, Default)]
pub struct SetAside {
    /// How many there are.
    pub count: u64,
    /// The first ones, in order.
    pub rows: Vec<AsideRow>,
}

/// A row that is no item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRow {
    /// Where it stands.
    pub origin: Origin,
    /// Its first filled cell.
    pub value: String,
    /// Why it is none, in words that follow its place (`is a total`).
    pub reason: &'static str,
}

/// An item as the API holds it.
pub type Stored = Object;
