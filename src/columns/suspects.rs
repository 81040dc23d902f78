//! Rows that are no items: what a report writes between its rows, repeated headers, formulas over empty rows. What is
//! certainly none is set aside; what may be one is a suspect, and rejected unless the user keeps suspects.
//!
//! Belongs here: one row in view of its table. Doesn't: what one text reads like (`labels`), the other reasons for which a
//! row is rejected (`source`).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::cells::{self, Blanks};
use super::census::{Bare, Census};
use super::labels::{self, Kind, Label};
use super::names::fold;
use super::numbers;
use super::set_aside::Aside;
use super::shapes;
use super::texts::{bare, is_blank};
use super::vocabulary::{GONE, REASON, REJECT_COLUMNS, Vocabulary, is_change, is_of_rejects};
use crate::item::{ITEM_ID, check_id};
use crate::sheet::{Cell, Format, Row, Table};

/// What a row is that is no item, or may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It is no item.
    Aside(Aside),
    /// It may be none, for this reason.
    Suspect(String),
}

/// What a suspect's reason ends with, also in a reject file.
const KEPT_BY: &str = "--keep-suspects imports it as an item";

/// One look at a row.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) doubt: Option<Doubt>,
    /// How many cells beside the id are filled; no more than two are counted.
    others: usize,
    has_digit: bool,
    has_blank: bool,
}

/// Knows a table's rows that are no items.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// False where every row is data: in reject files, and where rows are objects.
    active: bool,
    /// The columns that a reject file has added. A row that was rejected as a suspect is judged again, without these.
    added: Vec<usize>,
    /// That of the reasons.
    reasons: Option<usize>,
    keeps_suspects: bool,
    /// The column that marks items as gone.
    change: Option<usize>,
    id: Option<usize>,
    /// The folded text of the header over the ids.
    id_header: String,
    /// How many columns have a name, and how far they reach.
    width: usize,
    reach: usize,
    /// The row or the rows of the header: column and folded text.
    headers: Vec<Vec<(usize, String)>>,
    names: BTreeSet<String>,
    words: Arc<Vocabulary>,
    format: Format,
    /// Lines that describe the columns, directly below the header.
    markers: Vec<u64>,
    bare: Bare,
    /// There are rows with nothing but an id.
    has_bare: bool,
    /// Ranges of lines below a header whose columns are others: the header's line, and the line of the next one that is
    /// the table's own.
    elsewhere: Vec<(u64, u64)>,
}

impl Guard {
    pub(crate) fn new(table: &Table, id: Option<usize>, keeps_suspects: bool, words: Arc<Vocabulary>) -> Self {
        let cells = &table.header.cells;
        let is_of_rejects = is_of_rejects(cells.iter().map(|cell| cell.name.as_str()));
        let added = cells
            .iter()
            .filter(|cell| is_of_rejects && REJECT_COLUMNS.contains(&cell.name.trim()));
        let reasons = cells.iter().find(|cell| is_of_rejects && cell.name.trim() == REASON);
        let fold_all = |row: &Vec<(usize, String)>| row.iter().map(|(at, name)| (*at, fold(name))).collect();
        let mut headers: Vec<Vec<(usize, String)>> = table.header.rows.iter().map(fold_all).collect();
        if headers.is_empty() {
            headers.push(cells.iter().map(|cell| (cell.index, fold(&cell.name))).collect());
        }
        let id_header = cells.iter().find(|cell| Some(cell.index) == id);
        let mut guard = Self {
            active: !is_of_rejects && !table.format.has_keys(),
            added: added.map(|cell| cell.index).collect(),
            reasons: reasons.map(|cell| cell.index),
            keeps_suspects,
            change: cells.iter().find(|cell| is_change(&cell.name)).map(|cell| cell.index),
            id,
            id_header: id_header.map(|cell| fold(&cell.name)).unwrap_or_default(),
            width: cells.len(),
            reach: cells.iter().map(|cell| cell.index + 1).max().unwrap_or(0),
            names: cells.iter().map(|cell| fold(&cell.name)).collect(),
            headers,
            words,
            format: table.format.clone(),
            markers: Vec::new(),
            // The run that rejected a row has settled it.
            bare: if is_of_rejects { Bare::Suspects } else { Bare::default() },
            has_bare: false,
            elsewhere: Vec::new(),
        };
        if guard.active {
            let first = table.first.iter();
            guard.markers = first
                .take_while(|row| shapes::describes(row, id, guard.width))
                .map(|row| row.line)
                .collect();
        }
        guard
    }

    /// Whether a row is no item for certain.
    #[inline]
    pub(crate) fn is_aside(&self, row: &Row) -> bool {
        matches!(self.look(row).doubt, Some(Doubt::Aside(_)))
    }

    /// Why a row may be no item.
    #[inline]
    pub(crate) fn suspicion(&self, row: &Row) -> Option<String> {
        match self.look(row).doubt {
            Some(Doubt::Suspect(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Looks at a row. Of most rows a glance tells that they are data: an id of one word with a digit in it, and something
    /// beside it.
    pub(crate) fn look(&self, row: &Row) -> Looked {
        let mut looked = Looked {
            doubt: None,
            others: 2,
            has_digit: true,
            has_blank: false,
        };
        if self.is_gone(row) {
            looked.doubt = Some(Doubt::Aside(Aside::Gone));
            return looked;
        }
        if !self.active && !self.was_suspect(row) {
            return looked;
        }
        let text = match self.id.map(|id| row.cell(id)) {
            Some(Cell::Text(text)) => text,
            Some(Cell::Number(value, _)) if value != 0.0 => "0",
            Some(Cell::Json(Value::Number(value))) if value.as_f64() != Some(0.0) => "0",
            _ => "",
        };
        looked.has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
        looked.has_blank = text.bytes().any(|byte| byte == b' ');
        let filled = self.cells(row);
        let filled = filled.filter(|(at, cell)| Some(*at) != self.id && !is_blank(*cell));
        looked.others = filled.take(2).count();
        let is_usual = looked.has_digit
            && !looked.has_blank
            && looked.others > 0
            && !row.has_line_breaks()
            && self.elsewhere.is_empty()
            && self.markers.last().is_none_or(|last| row.line > *last)
            && !self.id_header.bytes().any(|byte| byte.is_ascii_digit());
        if !is_usual {
            looked.doubt = self.doubt(row, &looked);
        }
        looked
    }

    /// Whether a row is of an item that is no longer stored. To import it would create the item again.
    fn is_gone(&self, row: &Row) -> bool {
        let mark = self.change.and_then(|change| row.text_at(change));
        mark.is_some_and(|mark| mark.trim().eq_ignore_ascii_case(GONE))
    }

    /// Whether an earlier run has rejected a row of a reject file as a suspect.
    fn was_suspect(&self, row: &Row) -> bool {
        let reason = self.reasons.and_then(|at| row.text_at(at));
        reason.is_some_and(|reason| reason.contains(KEPT_BY))
    }

    /// The cells of a row, without what a reject file has added.
    fn cells<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (usize, Cell<'a>)> {
        row.cells().enumerate().filter(|(at, _)| !self.added.contains(at))
    }

    /// Counts a row; true if it may be an item by itself.
    pub(crate) fn count(&self, looked: &Looked, census: &mut Census) {
        if !self.active || looked.doubt.is_some() {
            return;
        }
        if looked.others == 0 {
            census.bare += 1;
            return;
        }
        census.fuller += 1;
        census.rich += u64::from(looked.others > 1);
        census.without_digit += u64::from(!looked.has_digit);
        census.with_blank += u64::from(looked.has_blank);
    }

    /// Settles what takes all rows: what rows with nothing but an id are, and which rows stand below other headers.
    pub(crate) fn settle(&mut self, census: &Census, headers: &[(u64, bool)]) {
        if !self.active {
            return;
        }
        self.has_bare = census.has_bare();
        self.bare = census.settle();
        let next = |at: usize| headers.get(at + 1).map_or(u64::MAX, |(line, _)| *line);
        let others = headers.iter().enumerate().filter(|(_, (_, is_own))| !is_own);
        self.elsewhere = others.map(|(at, (line, _))| (*line, next(at))).collect();
    }

    /// Whether rows that were read as was assumed are read as all rows have settled it.
    pub(crate) fn is_borne_out(&self, assumed: &Self) -> bool {
        (!self.has_bare || self.bare == assumed.bare) && self.elsewhere == assumed.elsewhere
    }

    fn doubt(&self, row: &Row, looked: &Looked) -> Option<Doubt> {
        if self.active
            && let Some(aside) = self.aside(row, looked)
        {
            return Some(Doubt::Aside(aside));
        }
        if self.keeps_suspects {
            return None;
        }
        let reason = self.suspect(row, looked)?;
        Some(Doubt::Suspect(format!("{reason} ({KEPT_BY})")))
    }

    fn aside(&self, row: &Row, looked: &Looked) -> Option<Aside> {
        if self.markers.contains(&row.line) {
            return Some(Aside::Marker);
        }
        if let Some(header) = self.header(row) {
            return match header {
                HeaderLike::Same => Some(Aside::Header),
                HeaderLike::Reordered => Some(Aside::OtherHeader),
                HeaderLike::Other => None,
            };
        }
        if matches!(self.format, Format::Workbook(_)) && shapes::is_zeros(row, self.id) {
            return Some(Aside::Zeros);
        }
        if shapes::is_ruled(row) {
            return Some(Aside::Rule);
        }
        let (label, others) = self.label(row, looked)?;
        match label.kind {
            _ if !label.is_certain => None,
            Kind::Total => (self.width > 1 && !self.has_words_beside(row)).then_some(Aside::Total),
            _ if others > 0 => None,
            Kind::Page => Some(Aside::Page),
            Kind::Count => Some(Aside::Count),
            Kind::End => Some(Aside::End),
        }
    }

    fn suspect(&self, row: &Row, looked: &Looked) -> Option<String> {
        let below = self
            .elsewhere
            .iter()
            .find(|(from, to)| row.line > *from && row.line < *to);
        if let Some((line, _)) = below {
            return Some(format!(
                "the row is below the header of line {line}, which has other columns"
            ));
        }
        if self.header(row) == Some(HeaderLike::Other) {
            return Some("the row looks like a header".to_owned());
        }
        if let Format::Delimited { delimiter, .. } = self.format
            && self.reach > 1
            && shapes::swallows_rows(row, delimiter, self.reach)
        {
            return Some("a quoted cell holds lines that look like rows".to_owned());
        }
        let id = self.id.and_then(|id| row.text_at(id)).map(str::trim)?;
        if id.is_empty() {
            return None;
        }
        let folded = fold(id);
        if folded.is_empty() && check_id(id).is_ok() && !Blanks::default().is_nothing(bare(id)) {
            return Some("the id is made of punctuation only".to_owned());
        }
        if self.is_known(&folded) {
            return Some("the id is the name of a column".to_owned());
        }
        if let Some((label, others)) = self.label(row, looked) {
            let reads = match label.kind {
                Kind::Total if (label.is_certain || self.width > 1) && !self.has_words_beside(row) => Some("a total"),
                Kind::Page if others == 0 => Some("a page line"),
                _ => None,
            };
            if let Some(reads) = reads {
                return Some(format!("the row looks like {reads}"));
            }
        }
        let is_unlike = match self.bare {
            _ if looked.others > 0 => false,
            Bare::Items => false,
            Bare::Suspects => true,
            Bare::Unlike { digits, words } => (digits && !looked.has_digit) || (words && looked.has_blank),
        };
        is_unlike.then(|| "only the id is filled, and other rows have more cells".to_owned())
    }

    /// What the id, or where it is blank the first filled cell, reads like; and how many other cells are filled.
    fn label(&self, row: &Row, looked: &Looked) -> Option<(Label, usize)> {
        let id = self
            .id
            .and_then(|id| row.text_at(id))
            .filter(|text| !bare(text).is_empty());
        let (text, others) = match id {
            Some(text) => (text, looked.others),
            None if self.id.is_some_and(|id| !is_blank(row.cell(id))) => return None,
            None => {
                let text = self.cells(row).find_map(|(_, cell)| match cell {
                    Cell::Text(text) if !bare(text).is_empty() => Some(text),
                    _ => None,
                })?;
                (text, looked.others.saturating_sub(1))
            }
        };
        Some((labels::label(text, &fold(text))?, others))
    }

    /// Whether a row has text in more than the cell that labels it: the id, or where it is blank one other.
    fn has_words_beside(&self, row: &Row) -> bool {
        let words = self.cells(row).filter(|(_, cell)| self.is_words(*cell));
        let mut words = words.map(|(at, _)| at);
        let (first, second) = (words.next(), words.next());
        let has_id = self.id.is_some_and(|id| !is_blank(row.cell(id)));
        second.is_some() || (has_id && first != self.id)
    }

    fn is_words(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Text(text) => {
                let bare = bare(text);
                let number =
                    !self.format.is_typed() && numbers::shape(&numbers::written(bare).text) != numbers::Shape::None;
                !number && !Blanks::default().is_nothing(bare)
            }
            Cell::Absent
            | Cell::Empty
            | Cell::Number(..)
            | Cell::Digits(_)
            | Cell::Error(_)
            | Cell::Json(Value::Number(_)) => false,
            Cell::Bool(_) | Cell::Moment(..) | Cell::Json(_) => true,
        }
    }

    /// Whether a row is a header, and which.
    pub(crate) fn header(&self, row: &Row) -> Option<HeaderLike> {
        let first = row.cells().find(|cell| !is_blank(*cell));
        let Some(Cell::Text(first)) = first else { return None };
        // Data hardly ever begins with a name.
        let first = fold(first);
        if !self.is_known(&first)
            && !self
                .headers
                .iter()
                .any(|header| header.iter().any(|(_, name)| *name == first))
        {
            return None;
        }
        let text = |at: usize| match row.cell(at) {
            Cell::Text(text) => Some(fold(text)),
            cell if is_blank(cell) => None,
            cell => Some(fold(&cells::display(cell))),
        };
        let is_own = |header: &Vec<(usize, String)>| {
            let may_be = header.len() > 1 || self.width == 1;
            may_be && header.iter().all(|(at, name)| text(*at).as_ref() == Some(name))
        };
        if self.headers.iter().any(is_own) {
            return Some(HeaderLike::Same);
        }
        let mut names = Vec::new();
        for cell in row.cells().filter(|cell| !is_blank(*cell)) {
            let Cell::Text(text) = cell else { return None };
            names.push(fold(text));
        }
        let is_known = names.len() > 1 && names.len() * 2 >= self.width && names.iter().all(|name| self.is_known(name));
        if !is_known || !names.iter().any(|name| self.is_id_name(name)) {
            return None;
        }
        let distinct: BTreeSet<String> = names.iter().cloned().collect();
        let is_same = distinct == self.names && names.len() == self.width;
        Some(if is_same {
            HeaderLike::Reordered
        } else {
            HeaderLike::Other
        })
    }

    fn is_known(&self, folded: &str) -> bool {
        !folded.is_empty()
            && (self.names.contains(folded) || self.words.own(folded).is_some() || self.words.synonym(folded).is_some())
    }

    fn is_id_name(&self, folded: &str) -> bool {
        let field = self.words.own(folded).or_else(|| self.words.synonym(folded));
        folded == self.id_header || field.is_some_and(|field| field.name == ITEM_ID)
    }
}

/// How a row reads that holds names of columns only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderLike {
    /// As the table's own header.
    Same,
    /// As the table's own header, in another order.
    Reordered,
    /// As another header.
    Other,
}
