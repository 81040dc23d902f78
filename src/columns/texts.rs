//! The texts of cells before they mean anything: outer white space, error values, guards for spreadsheet programs.
//!
//! Belongs here: what is the same in every column. Doesn't: what a text means in a field (`cells`).

use std::borrow::Cow;

use serde_json::Value;

use crate::sheet::{Cell, NOT_CALCULATED, write};

/// The text without outer white space, of which most texts have none.
#[inline]
pub(crate) fn bare(text: &str) -> &str {
    match text.as_bytes() {
        [only] if only.is_ascii_graphic() => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// The most characters of a value or of a reason that are kept of a row that is refused, and how many of them stand before
/// the cut. A workbook's cell holds 32,767 characters, and every row of a small file may refer to the same long text.
const EXCERPT: usize = 500;
const EXCERPT_HEAD: usize = 300;

/// A text for a person, cut in its middle where it is long: a reason says at its end what the matter is.
pub(crate) fn excerpt(text: String) -> String {
    // A character takes at least one byte.
    if text.len() <= EXCERPT {
        return text;
    }
    let count = text.chars().count();
    if count <= EXCERPT {
        return text;
    }
    let place = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (place(EXCERPT_HEAD), place(count - (EXCERPT - EXCERPT_HEAD)));
    let [head, tail] = [text.get(..head), text.get(tail..)].map(Option::unwrap_or_default);
    format!("{head}…{tail}")
}

/// A value for a person, its text cut likewise.
pub(crate) fn excerpt_of(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(excerpt(text)),
        other => other,
    }
}

/// What begins a file of UTF-8, and where files were put together, lines within.
const MARK: char = '\u{feff}';

/// The text of a line's first cell without the byte-order mark before it.
#[inline]
pub(crate) fn unmarked(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Whether a cell holds nothing to be seen.
pub(crate) fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Absent | Cell::Empty => true,
        Cell::Text(text) => bare(text).is_empty(),
        _ => false,
    }
}

/// The error values that spreadsheet programs write into text files.
#[inline]
pub(crate) fn is_error_text(text: &str) -> bool {
    text.as_bytes().first() == Some(&b'#')
        && [
            "#NULL!",
            "#DIV/0!",
            "#VALUE!",
            "#REF!",
            "#NAME?",
            "#NUM!",
            "#N/A",
            "#GETTING_DATA",
            "#SPILL!",
            "#CALC!",
            "#FIELD!",
            "#BLOCKED!",
            "#CONNECT!",
            "#UNKNOWN!",
            "#BUSY!",
            NOT_CALCULATED,
        ]
        .contains(&text)
}

/// Why a cell with an error value can't be taken. `what`: the cell or the id.
pub(crate) fn error_cell(what: &str, error: &str) -> String {
    match error {
        NOT_CALCULATED => format!(
            "{what} is a formula that was never calculated: open the file in Excel or LibreOffice and save it there"
        ),
        _ if what == "the id" => format!("the id is the error value {error}"),
        _ => format!("{what} holds the error value {error}"),
    }
}

/// Takes off the guard of a text file that was written for spreadsheet programs: `="00123"` is `00123`, and `'=1+1`
/// is `=1+1`. First the very guard that `--excel-safe` puts on, then what other programs write of the kind.
#[inline]
pub(crate) fn unguard(text: &str) -> Cow<'_, str> {
    match text.as_bytes() {
        [b'=' | b'\'', ..] => without_guard(text),
        _ => Cow::Borrowed(text),
    }
}

fn without_guard(text: &str) -> Cow<'_, str> {
    let exact = write::unguard(text);
    if exact.len() != text.len() {
        return exact;
    }
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        if inner.contains("\"\"") {
            return Cow::Owned(inner.replace("\"\"", "\""));
        }
        if !inner.contains('"') {
            return Cow::Borrowed(inner);
        }
    }
    // Text that began with apostrophes before it was guarded has one more now.
    let guards = |rest: &str| {
        rest.trim_start_matches('\'')
            .starts_with(['=', '+', '-', '@', '\t', '\r'])
    };
    match text.strip_prefix('\'') {
        Some(rest) if guards(rest) => Cow::Borrowed(rest),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_in_its_middle_between_characters() {
        let long = format!("{}{}", "é".repeat(20_000), " is not a number");
        let cut = excerpt(long);
        assert_eq!(cut.chars().count(), EXCERPT + 1);
        assert!(
            cut.starts_with("éé") && cut.ends_with("é is not a number") && cut.contains("é…é"),
            "{cut}"
        );
        for kept in ["é".repeat(EXCERPT), "x".repeat(EXCERPT), String::new()] {
            assert_eq!(excerpt(kept.clone()), kept);
        }
    }
}
