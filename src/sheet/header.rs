//! Which row is the header: found by the names it holds, taken as the user says, or guessed.
//!
//! Belongs here: choosing among the first rows. Doesn't: what a name means (the judge knows), and reading rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::excel::Merge;
use super::{Cell, Header, HeaderBy, HeaderCell, HeaderJudge, Moment, Row};

/// How many rows from the top are looked at: no preamble seen in the wild comes near.
pub(super) const SEARCHED_ROWS: usize = 50;

/// A weight from which a name counts as recognized: weak names are offered, never believed.
const KNOWN: u32 = 2;

/// No name weighs more.
const MOST: u32 = 3;

/// The score of a row that is the header for certain: more than any names add up to.
const CERTAIN: u32 = u32::MAX;

/// A header row, and how well it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) header: Header,
    /// The sum of the names' weights.
    pub(super) score: u32,
}

impl Found {
    fn new(line: u64, by: HeaderBy, names: Vec<(usize, String)>, rows: Vec<Vec<(usize, String)>>, score: u32) -> Self {
        let cells = names
            .into_iter()
            .map(|(index, name)| HeaderCell { index, name })
            .collect();
        Self {
            header: Header { line, by, cells, rows },
            score,
        }
    }

    /// How many columns it reaches over.
    pub(super) fn width(&self) -> usize {
        self.header.cells.iter().map(|cell| cell.index + 1).max().unwrap_or(0)
    }

    /// A header that is one row.
    fn single(row: &Row, by: HeaderBy, score: u32) -> Self {
        let names = names_in(row);
        Self::new(row.line, by, names.clone(), vec![names], score)
    }
}

/// The text of a cell as a column's name; none where it says nothing.
fn name_of(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Absent | Cell::Empty | Cell::Json(_) => None,
        Cell::Text(text) => (!text.trim().is_empty()).then_some(Cow::Borrowed(text)),
        Cell::Number(value, format) => Some(Cow::Owned(format.show(value).unwrap_or_else(|| value.to_string()))),
        Cell::Digits(digits) => Some(Cow::Borrowed(digits)),
        Cell::Bool(value) => Some(Cow::Borrowed(if value { "TRUE" } else { "FALSE" })),
        Cell::Moment(moment, format) => Some(Cow::Owned(match format.show_moment(moment) {
            Some(shown) => shown,
            None => match moment {
                Moment::Date(date) => date.to_string(),
                Moment::DateTime(moment) => moment.to_string(),
                Moment::Time(time) => time.to_string(),
                Moment::Duration(days) => days.to_string(),
            },
        })),
        Cell::Error(text) => Some(Cow::Borrowed(text)),
    }
}

/// The named cells of a row.
pub(super) fn names_in(row: &Row) -> Vec<(usize, String)> {
    row.cells()
        .enumerate()
        .filter_map(|(index, cell)| Some((index, name_of(cell)?.into_owned())))
        .collect()
}

/// How well a text is known as a column's name; not at all where it is an error value or looks like one,
/// for `#NAME?` without its marks would be a name.
fn weight(name: &str, judge: &dyn HeaderJudge) -> u32 {
    let marks = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "/!?_".contains(c);
    match name.trim().strip_prefix('#') {
        Some(rest) if !rest.is_empty() && rest.chars().all(marks) => 0,
        _ => judge.weight(name),
    }
}

/// How well a row's texts are known as names of columns: the sum of their weights, a name counted once;
/// zero where none of them is more than weak.
fn score(names: &[(usize, String)], judge: &dyn HeaderJudge) -> u32 {
    let distinct: BTreeSet<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    // Likeness takes its time, and counts only beside a name that is known: most rows have none.
    if !distinct.iter().any(|name| judge.is_known(name)) {
        return 0;
    }
    total(&distinct.into_iter().map(|name| weight(name, judge)).collect::<Vec<_>>())
}

fn total(weights: &[u32]) -> u32 {
    if weights.iter().any(|weight| *weight >= KNOWN) {
        weights.iter().copied().fold(0, u32::saturating_add)
    } else {
        0
    }
}

/// Rates a row's texts for a caller that has to choose between readings of one file.
pub(super) fn rate(row: &Row, judge: &dyn HeaderJudge) -> u32 {
    let names = text_names(row, judge);
    if judge.is_certain(&names) {
        return CERTAIN;
    }
    score(&names, judge)
}

/// Names in text cells: a number or a date is data, unless the user has named it.
fn text_names(row: &Row, judge: &dyn HeaderJudge) -> Vec<(usize, String)> {
    let text = |(index, cell)| match cell {
        Cell::Text(text) if !text.trim().is_empty() => Some((index, text.to_owned())),
        Cell::Text(_) => None,
        cell => Some((index, name_of(cell)?.into_owned())).filter(|(_, name)| judge.is_named(name)),
    };
    row.cells().enumerate().filter_map(text).collect()
}

/// The row whose names are known best, or two rows joined where that is known better than either alone; before all others
/// the row that is certain to be the header. Of equals the first; none where no name is known.
pub(super) fn recognize(rows: &[Row], merges: &[Merge], judge: &dyn HeaderJudge) -> Option<Found> {
    let mut best: Option<Found> = None;
    let alone: Vec<u32> = rows.iter().map(|row| rate(row, judge)).collect();
    if let Some((row, _)) = rows.iter().zip(&alone).find(|(_, score)| **score == CERTAIN) {
        return Some(Found::single(row, HeaderBy::Recognized, CERTAIN));
    }
    for (at, row) in rows.iter().enumerate() {
        let own = alone.get(at).copied().unwrap_or(0);
        let floor = best.as_ref().map_or(0, |found| found.score);
        let below = rows.get(at + 1..).unwrap_or_default();
        if own > floor && is_header_below(best.as_ref(), &names_in(row), row, below, judge) {
            best = Some(Found::single(row, HeaderBy::Recognized, own));
        }
        let Some((lower, below)) = below.split_first().filter(|(lower, _)| lower.line == row.line + 1) else {
            continue;
        };
        let floor = best
            .as_ref()
            .map_or(0, |found| found.score)
            .max(alone.get(at + 1).copied().unwrap_or(0));
        let mut joins = [true, false]
            .into_iter()
            .map(|spread| join(row, lower, merges, spread, judge, floor));
        if let Some((names, joined)) = joins.find(|(_, joined)| *joined > floor)
            && !is_like(lower, below, judge)
            && is_header_below(best.as_ref(), &names, lower, below, judge)
        {
            let both = vec![names_in(row), names_in(lower)];
            best = Some(Found::new(lower.line, HeaderBy::Recognized, names, both, joined));
        }
    }
    best
}

/// Whether a row with these names may be the header although another row above it was recognized as one: cells of data may
/// spell more known names than the header does. A header without a column of ids gives way to one that has it, and never
/// the other way round; below the name of the ids a header holds a name, and data an id.
fn is_header_below(
    above: Option<&Found>,
    names: &[(usize, String)],
    row: &Row,
    below: &[Row],
    judge: &dyn HeaderJudge,
) -> bool {
    let Some(above) = above else { return true };
    let ids = above.header.cells.iter().find(|cell| judge.is_id(&cell.name));
    let has_ids = names.iter().any(|(_, name)| judge.is_id(name));
    match ids {
        None if has_ids => true,
        Some(_) if !has_ids => false,
        Some(ids) if name_of(row.cell(ids.index)).is_some_and(|name| weight(&name, judge) == 0) => false,
        _ => !is_like(row, below, judge),
    }
}

/// Whether a row holds a value that the rows below it have in the same column: the same text, or a number or a code with
/// digits where most of them have one of the same form. Rows of known names only are repeated headers.
fn is_like(row: &Row, below: &[Row], judge: &dyn HeaderJudge) -> bool {
    let is_header = |row: &&Row| names_in(row).iter().all(|(_, name)| judge.is_known(name));
    let below: Vec<&Row> = below.iter().filter(|row| !is_header(row)).collect();
    row.cells().enumerate().any(|(index, cell)| {
        let Some(own) = name_of(cell) else { return false };
        let others = below.iter().filter_map(|other| name_of(other.cell(index)));
        let others: Vec<_> = others.collect();
        let form = form(&own);
        let alike = others
            .iter()
            .filter(|other| form.contains('9') && self::form(other) == form);
        alike.count() * 2 > others.len() || others.iter().any(|other| other.trim() == own.trim())
    })
}

/// A text with each run of letters and each run of digits as one character: `1A-0042` is `9A-9`.
fn form(text: &str) -> String {
    let mut form = String::new();
    for c in text.trim().chars() {
        let class = match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_alphabetic() => 'A',
            c => c,
        };
        if !form.ends_with(class) {
            form.push(class);
        }
    }
    form
}

/// Two rows as one, and how well it is known: `Unit` over `Weight` is `Unit Weight`. The upper text reaches as far as
/// its merged cell, or, `spread`, over the empty cells to its right. Where only the lower text is known, it stands alone.
/// Nothing where that can't be known better than `floor`, or where the lower row does not complete the upper one: it fills
/// a blank or merged cell or parts a repeated one, and leaves every name that is known in the upper row known.
fn join(
    upper: &Row,
    lower: &Row,
    merges: &[Merge],
    spread: bool,
    judge: &dyn HeaderJudge,
    floor: u32,
) -> (Vec<(usize, String)>, u32) {
    // The merged cells that begin in the upper row, by their first column: of two that overlap the first counts.
    let mut spanning: BTreeMap<usize, usize> = BTreeMap::new();
    for merge in merges.iter().filter(|merge| merge.first.0 == upper.line) {
        spanning.entry(merge.first.1).or_insert(merge.last.1);
    }
    let mut parts: Vec<(usize, Option<String>, Option<String>)> = Vec::new();
    let mut reach: Option<(String, usize)> = None;
    let mut completes = false;
    for index in 0..upper.len().max(lower.len()) {
        let own = name_of(upper.cell(index)).map(|name| name.trim().to_owned());
        let above = match own {
            Some(name) => {
                let until = match spanning.get(&index) {
                    Some(last) => *last,
                    None if spread => usize::MAX,
                    None => index,
                };
                reach = Some((name.clone(), until));
                Some(name)
            }
            None => reach
                .as_ref()
                .filter(|(_, until)| index <= *until)
                .map(|(name, _)| name.clone()),
        };
        let below = name_of(lower.cell(index)).map(|name| name.trim().to_owned());
        let own_above = name_of(upper.cell(index)).is_some();
        let above = above.filter(|_| own_above || below.is_some());
        let repeats = parts
            .last()
            .is_some_and(|(left, name, _)| left + 1 == index && name.is_some() && *name == above);
        // Over more than one column a name is a group's; over one, it is complete unless both names are one.
        let next = name_of(upper.cell(index + 1));
        let is_group = spanning.get(&index).is_some_and(|last| *last > index)
            || next.as_ref().is_some_and(|next| Some(next.trim()) == above.as_deref())
            || (spread && next.is_none() && name_of(lower.cell(index + 1)).is_some());
        if let (true, Some(above), Some(below)) = (own_above && !repeats, &above, &below)
            && !is_group_of_names(is_group, above, below, judge)
        {
            return (Vec::new(), 0);
        }
        completes |= below.is_some() && (!own_above || repeats);
        if above.is_some() || below.is_some() {
            parts.push((index, above, below));
        }
    }
    // Likeness takes its time: what can't be known better than what there is needn't be known well.
    if !completes || u32::try_from(parts.len()).is_ok_and(|names| names.saturating_mul(MOST) <= floor) {
        return (Vec::new(), 0);
    }
    name_parts(parts, judge)
}

/// Whether a name in the lower row may complete one right above it: both are known as one, or the upper one is a group's.
fn is_group_of_names(is_group: bool, above: &str, below: &str, judge: &dyn HeaderJudge) -> bool {
    judge.is_known(&joined(above, below)) || (is_group && (judge.is_known(below) || !judge.is_known(above)))
}

/// The name of a column that has one in each of two rows.
fn joined(above: &str, below: &str) -> String {
    format!("{above} {below}")
}

/// Names two rows' texts, column by column, and rates them together.
fn name_parts(
    parts: Vec<(usize, Option<String>, Option<String>)>,
    judge: &dyn HeaderJudge,
) -> (Vec<(usize, String)>, u32) {
    // Likeness takes its time, and counts only beside a name that is known: most rows have none.
    let known = parts.iter().any(|(_, above, below)| {
        let both = above.as_deref().zip(below.as_deref());
        both.is_some_and(|(above, below)| judge.is_known(&joined(above, below)))
            || below
                .as_deref()
                .or(above.as_deref())
                .is_some_and(|name| judge.is_known(name))
    });
    if !known {
        return (Vec::new(), 0);
    }
    let mut weights: BTreeMap<String, u32> = BTreeMap::new();
    let mut names = Vec::new();
    for (index, above, below) in parts {
        let name = match (above, below) {
            (Some(above), Some(below)) => {
                let both = joined(&above, &below);
                let (whole, part) = (weight(&both, judge), weight(&below, judge));
                let name = if part >= KNOWN && whole < KNOWN { below } else { both };
                // `Unit Weight` says more than `Weight`, however well either is known.
                weights.insert(name.clone(), whole.max(part));
                name
            }
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => continue,
        };
        weights.entry(name.clone()).or_insert_with(|| weight(&name, judge));
        names.push((index, name));
    }
    (names, total(&weights.into_values().collect::<Vec<_>>()))
}

/// The row that the user says is the header; none where it is blank.
pub(super) fn taken(row: &Row, judge: &dyn HeaderJudge) -> Option<Found> {
    let names = names_in(row);
    (!names.is_empty()).then(|| Found::single(row, HeaderBy::Option, score(&names, judge)))
}

/// Where no name is known: the first row that is as filled as any and unlike those below it, else the first
/// filled row; none where there is no row.
pub(super) fn guess(rows: &[Row]) -> Option<Found> {
    let filled: Vec<usize> = rows.iter().map(|row| names_in(row).len()).collect();
    let most = filled.iter().copied().max().filter(|most| *most > 0)?;
    let full = |at: &usize| filled.get(*at) == Some(&most);
    let unlike = |at: &usize| match rows.get(*at..) {
        Some([row, below @ ..]) => differs(row, below),
        _ => false,
    };
    let at = (0..rows.len())
        .filter(full)
        .find(unlike)
        .or_else(|| (0..rows.len()).find(full))?;
    Some(Found::single(rows.get(at)?, HeaderBy::Guessed, 0))
}

/// What a cell looks like, as far as that tells a header from data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Words,
    Data,
}

fn shape(cell: Cell<'_>) -> Shape {
    match cell {
        Cell::Absent | Cell::Empty => Shape::Nothing,
        Cell::Text(text) if text.trim().is_empty() => Shape::Nothing,
        Cell::Text(text) if text.chars().any(|c| c.is_ascii_digit()) => Shape::Data,
        Cell::Text(_) => Shape::Words,
        _ => Shape::Data,
    }
}

/// Whether a row is all words where at least one column below it is mostly data (numbers, dates, codes with digits).
fn differs(row: &Row, below: &[Row]) -> bool {
    if below.is_empty() || row.cells().any(|cell| shape(cell) == Shape::Data) {
        return false;
    }
    (0..row.len()).any(|index| {
        let data = below
            .iter()
            .filter(|other| shape(other.cell(index)) == Shape::Data)
            .count();
        data * 2 > below.len() && shape(row.cell(index)) == Shape::Words
    })
}

/// The row count that a preamble declares (`NumberRecords,12` above the header of Washington's CCRS files).
pub(super) fn declared_rows(above: &[Row]) -> Option<u64> {
    above.iter().find_map(|row| {
        let names = names_in(row);
        let (label, value) = (names.first()?, names.get(1)?);
        let folded: String = label.1.chars().filter(char::is_ascii_alphanumeric).collect();
        folded
            .eq_ignore_ascii_case("NumberRecords")
            .then(|| value.1.trim().parse().ok())?
    })
}
