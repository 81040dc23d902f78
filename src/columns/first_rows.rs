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

/// Where no column's name says that it holds the ids, its values may: a column of 24-character tags is offered.
pub(crate) fn vote(table: &Table, words: &Vocabulary, matching: &mut Matching) -> Result<(), ColumnError> {
    if matching
        .columns
        .iter()
        .any(|column| column.field.as_deref() == Some(ITEM_ID))
    {
        return Ok(());
    }
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
        column.confidence = 0.6;
    }
    Ok(())
}

/// Whether a text looks like a tag of Metrc's: 24 capital letters and digits, many of them digits.
fn is_tag(text: &str) -> bool {
    text.len() == 24
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 8
}
