//! Ignored rows: counted, and the first of them kept with their places and reasons.
//!
//! Doesn't belong here: which rows these are (`suspects`).

use super::vocabulary::GONE;
use super::{AsideRow, Origin, SetAside, cells};
use crate::output::{and_more, counted_are};
use crate::sheet::{Row, Table};

macro_rules! zeros {
    () => {
        "only zeros and error values (formulas over empty rows)"
    };
}

/// What such rows hold.
pub(crate) const ZEROS: &str = zeros!();

/// Why a row is certainly no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    Header,
    OtherHeader,
    Marker,
    Total,
    Page,
    Count,
    End,
    Rule,
    Zeros,
    Gone,
}

impl Aside {
    /// In words that follow the row's place.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Header => "repeats the header",
            Self::OtherHeader => "holds the header's names in another order",
            Self::Marker => "describes the columns",
            Self::Total => "is a total",
            Self::Page => "is a page line",
            Self::Count => "is a count of rows",
            Self::End => "ends the report",
            Self::Rule => "is a line between rows",
            Self::Zeros => concat!("holds ", zeros!()),
            Self::Gone => "is marked as gone in the column _change",
        }
    }
}

/// How many rows of a table are kept; more are counted.
const MOST: usize = 10_000;
/// How many of them a sentence names.
pub const NAMED_ASIDE: u64 = 10;

/// The rows of one table that are no items.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asides {
    count: u64,
    rows: Vec<(u64, String, Aside)>,
}

impl Asides {
    pub(crate) fn add(&mut self, row: &Row, why: Aside) {
        self.count += 1;
        if self.rows.len() < MOST {
            // The mark of an item that is gone tells less than its id.
            let is_mark = |text: &str| why == Aside::Gone && text.trim().eq_ignore_ascii_case(GONE);
            let mut texts = row.cells().map(cells::display);
            let value = texts.find(|text| !text.trim().is_empty() && !is_mark(text));
            // A cell may be long; a list shows its beginning.
            let value = value.unwrap_or_default().chars().take(40).collect();
            self.rows.push((row.line, value, why));
        }
    }

    /// Adds the rows further down.
    pub(crate) fn join(&mut self, further: Self) {
        self.count += further.count;
        let room = MOST.saturating_sub(self.rows.len());
        self.rows.extend(further.rows.into_iter().take(room));
    }

    /// Adds the rows to those of all tables; theirs is the table of this number.
    pub(crate) fn report(&self, table: usize, all: &mut SetAside) {
        all.count += self.count;
        let rows = self.rows.iter().map(|(line, value, why)| AsideRow {
            origin: Origin { table, line: *line },
            value: value.clone(),
            reason: why.reason(),
        });
        all.rows.extend(rows);
    }

    /// The rows in a sentence, each with its place and its reason.
    pub(crate) fn sentence(&self, table: &Table) -> Option<String> {
        let mut rows = Vec::new();
        let mut named = 0;
        // Of formulas over empty rows there are hundreds, one below the other.
        let alike = |one: &(u64, String, Aside), next: &(u64, String, Aside)| one.2 == next.2 && next.2 == Aside::Zeros;
        for group in self.rows.chunk_by(alike) {
            if rows.len() as u64 == NAMED_ASIDE {
                break;
            }
            named += group.len() as u64;
            rows.extend(group_in_words(table, group));
        }
        let more = self.count.saturating_sub(named);
        rows.extend(and_more(more, ("", ""), "`stockport inspect` lists them"));
        let counted = match self.count {
            0 => return None,
            1 => "1 row is not an item and is ignored".to_owned(),
            count => format!("{} not items and are ignored", counted_are(count, "row")),
        };
        Some(format!("{}: {counted}: {}", table.file, rows.join("; ")))
    }
}

/// Rows with one reason, one below the other.
fn group_in_words(table: &Table, group: &[(u64, String, Aside)]) -> Option<String> {
    let ((first, value, why), (last, ..)) = (group.first()?, group.last()?);
    let place = table.row_address(*first);
    Some(match why {
        Aside::Zeros if first < last => format!("{place} to {} hold {ZEROS}", table.row_address(*last)),
        Aside::Zeros => format!("{place} {}", why.reason()),
        _ => format!("{place} ({value:?}) {}", why.reason()),
    })
}
