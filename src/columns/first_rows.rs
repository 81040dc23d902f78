//! What the first rows say of a header row: a column of tags.
//!
//! Belongs here: a look at a few rows while columns are matched. Doesn't: the passes over all rows (`source`).

use super::error::ColumnError;
use super::matching::{By, Matching};
use super::names::fold;
use super::nested::SAMPLE;
use super::vocabulary::Vocabulary;
use crate::item::ITEM_ID;
use crate::sheet::{Cell, Row, Table};

/// Where no column's name says that it holds the ids, its values may: a column of 24-character tags is suggested,
/// before one whose name may mean the ids.
pub(crate) fn vote(table: &Table, words: &Vocabulary, matching: &mut Matching) -> Result<(), ColumnError> {
    let mut counts = vec![(0_u64, 0_u64); matching.columns.len()];
    let mut reader = table.rows()?;
    let mut row = Row::new();
    for _ in 0..SAMPLE {
        if !reader.next(&mut row)? {
            break;
        }
        for (column, (tags, filled)) in matching.columns.iter().zip(&mut counts) {
            if let Cell::Text(text) = row.cell(column.index)
                && !text.trim().is_empty()
            {
                *filled += 1;
                *tags += u64::from(is_tag(text.trim()));
            }
        }
    }
    let tagged = matching
        .columns
        .iter_mut()
        .zip(counts)
        .find(|(column, (tags, filled))| {
            !column.is_taken() && *filled > 0 && *tags * 10 >= *filled * 9 && !words.never(&fold(&column.header))
        });
    if let Some((column, _)) = tagged {
        column.field = Some(ITEM_ID.to_owned());
        column.by = By::Values;
        column.weak = true;
        column.confidence = 0.8;
    }
    Ok(())
}

/// Whether a text looks like a tag of Metrc's: 24 letters and digits that begin with 1A4, or capital letters and digits of
/// which many are digits.
fn is_tag(text: &str) -> bool {
    let is_metrc = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("1a4"));
    text.len() == 24
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 8
        && (is_metrc || !text.bytes().any(|b| b.is_ascii_lowercase()))
}
