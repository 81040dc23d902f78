//! Which character separates the fields of a text, as its first line declares it or its rows show it.
//!
//! Doesn't belong here: how fields are quoted (`dialect`), reading rows (`delimited`).

use super::delimited::DelimitedReader;
use super::{Limits, Row, RowReader};

/// The delimiters that are looked for, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Those that also stand in ordinary text: looked for only where the others separate nothing.
const RARE: [u8; 3] = [b'^', b'~', b':'];

/// The delimiter that Excel's first line `sep=;` names.
pub(super) fn declared_delimiter(sample: &str) -> Option<u8> {
    let first = sample.split(['\r', '\n']).next()?.trim_matches('"');
    let declared = first
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .and_then(|_| first.get(4..))?;
    match declared.as_bytes() {
        [delimiter] if delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() => Some(*delimiter),
        _ => None,
    }
}

/// Whether a delimiter is among those that a file may have without anybody's being told.
#[must_use]
pub fn is_delimiter_found(delimiter: u8) -> bool {
    DELIMITERS.contains(&delimiter)
}

/// What is reported of a delimiter that was found.
pub(super) fn delimiter_note(delimiter: u8) -> Option<String> {
    let delimiter = (!is_delimiter_found(delimiter)).then(|| char::from(delimiter))?;
    Some(format!(
        "columns are separated by {delimiter:?} (--delimiter overrides)"
    ))
}

/// A beginning of a file.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) text: &'a str,
    /// Nothing follows it.
    pub(super) is_whole: bool,
    pub(super) limits: &'a Limits,
}

/// How a sample looks under one delimiter: the best that is known of a row's names, how many rows have the commonest
/// width above 1, and that width.
type Rating = (u32, usize, usize);

impl Sample<'_> {
    /// The rows that aren't blank, each with its line.
    fn rows(&self, delimiter: u8) -> Vec<Row> {
        let mut reader = DelimitedReader::new("", "", delimiter, self.limits, self.text.as_bytes());
        let mut rows: Vec<Row> = Vec::new();
        let mut row = Row::new();
        // A quote left open at the sample's end is only the sample's fault.
        while let Ok(true) = reader.next(&mut row) {
            rows.push(row.clone());
        }
        if !self.is_whole && rows.len() > 1 {
            rows.pop();
        }
        rows
    }

    fn rate(&self, delimiter: u8, known: &dyn Fn(&Row) -> u32) -> (Rating, usize) {
        let rows = self.rows(delimiter);
        let score = rows.iter().map(known).max().unwrap_or(0);
        let mut widths: Vec<usize> = rows.iter().map(Row::len).filter(|width| *width > 1).collect();
        widths.sort_unstable();
        let alike = widths
            .chunk_by(PartialEq::eq)
            .map(|same| (same.len(), same.first().copied().unwrap_or(0)))
            .max();
        let (alike, width) = alike.unwrap_or((0, 0));
        ((score, alike, width), rows.len())
    }

    /// Finds the delimiter out: the one under which `known` likes one of the sample's rows best (`known` rates a row by its
    /// names of columns); where none is known, the one that gives the most rows of one width above 1.
    pub(super) fn delimiter(&self, known: &dyn Fn(&Row) -> u32) -> u8 {
        let mut best = (0, 0, 0);
        let mut found = b',';
        for delimiter in DELIMITERS {
            let (rating, _) = self.rate(delimiter, known);
            if rating > best {
                (best, found) = (rating, delimiter);
            }
        }
        let (usual, _, width) = best;
        for delimiter in RARE {
            let (rating, rows) = self.rate(delimiter, known);
            let separates_all = width == 0 && usual == 0 && rows > 1 && rating.1 == rows;
            if rating > best && (rating.0 > usual || separates_all) {
                (best, found) = (rating, delimiter);
            }
        }
        found
    }

    /// The delimiter of the rows below a header of more than one column, where none of them has the header's length under
    /// the header's own delimiter and they have under another.
    pub(super) fn other_delimiter(&self, own: u8, (line, width): (u64, usize)) -> Option<u8> {
        let widths = |delimiter: u8| -> Vec<usize> {
            let rows = self.rows(delimiter);
            let below = rows.iter().filter(|row| row.line > line && !row.is_blank());
            below.map(Row::len).collect()
        };
        let here = widths(own);
        if width < 2 || here.is_empty() || here.contains(&width) {
            return None;
        }
        let is_single = here.iter().all(|width| *width == 1);
        let others = DELIMITERS.into_iter().chain(RARE).filter(|other| *other != own);
        let mut fitting = others.filter(|other| {
            let there = widths(*other);
            let fit = there.iter().filter(|there| **there == width).count();
            let even = is_delimiter_found(*other)
                && is_single
                && there.iter().all(|one| *one > 1 && Some(one) == there.first());
            fit * 2 > there.len() || even
        });
        fitting.next()
    }
}
