//! A run's report as a workbook: the sheets Summary, Changes by field and Rejects.
//!
//! Doesn't belong here: how a workbook is written (`sheet::write`), what is counted (`details`).

use super::Summary;
use super::page::{facts, named, sentences, title};
use crate::item::Kind;
use crate::sheet::Cell;
use crate::sheet::write::{ByteSink, Column, WorkbookWriter, WriteError};

/// How many characters of a text stand in a cell, which has room for four times as many.
const LONGEST: usize = 8_000;

/// Writes the workbook of a command's run.
pub(super) fn write(command: &str, summary: &Summary, sink: ByteSink<'_>) -> Result<(), WriteError> {
    let mut book = WorkbookWriter::new(sink)?;
    totals(&mut book, command, summary)?;
    book.sheet(
        "Changes by field",
        &columns(
            &["Field"],
            &["New items with a value", "Items updated", "Of these cleared"],
        ),
    )?;
    for count in summary.details.iter().flat_map(|details| &details.fields) {
        let counts = [count.created, count.updated, count.cleared].map(|count| count.to_string());
        let [created, updated, cleared] = counts.each_ref().map(|count| Cell::Digits(count));
        book.row(&[text(&count.field), created, updated, cleared])?;
    }
    let mut header = columns(&["Reason", "Column", "Outcome"], &["Rows"]);
    header.extend(columns(&["First rows"], &[]));
    book.sheet("Rejects", &header)?;
    for reason in summary.details.iter().flat_map(|details| &details.reasons) {
        let (rows, first) = (reason.rows.to_string(), named(reason));
        let column = reason.column.as_deref().map_or(Cell::Empty, text);
        let outcome = text(reason.outcome);
        book.row(&[text(&reason.text), column, outcome, Cell::Digits(&rows), text(&first)])?;
    }
    book.finish()
}

/// The totals, then the facts.
fn totals(book: &mut WorkbookWriter<'_>, command: &str, summary: &Summary) -> Result<(), WriteError> {
    book.sheet("Summary", &columns(&["Name"], &["Value"]))?;
    book.row(&[text("Report"), text(&title(command, summary))])?;
    if let Some(tally) = &summary.tally {
        let read = [("read", tally.read)];
        for (name, count) in read.into_iter().chain(tally.parts()) {
            book.row(&[text(name), Cell::Digits(&count.to_string())])?;
        }
    }
    for sentence in sentences(summary) {
        book.row(&[text("Result"), text(&sentence)])?;
    }
    for (name, fact) in facts(summary) {
        book.row(&[text(name), text(&fact)])?;
    }
    for warning in &summary.warnings {
        book.row(&[text("Warning"), text(warning)])?;
    }
    for next in &summary.next {
        book.row(&[text(next.what()), text(next.command())])?;
    }
    Ok(())
}

/// As much of a text as a cell has room for.
fn text(text: &str) -> Cell<'_> {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    Cell::Text(text.get(..end).unwrap_or(text))
}

fn columns(texts: &[&str], numbers: &[&str]) -> Vec<Column> {
    let column = |kind| {
        move |name: &&str| Column {
            name: (*name).to_owned(),
            kind,
            id: false,
        }
    };
    let numbers = numbers.iter().map(column(Kind::Number));
    texts.iter().map(column(Kind::Text)).chain(numbers).collect()
}
