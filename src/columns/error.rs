//! Why the columns of a table can't be matched.
//!
//! Doesn't belong here: why a single row is rejected (`mod`).

use std::path::Path;

use super::mapping::{MappingError, suggested};
use crate::error::{Category, Code, UserError, code};
use crate::item::ITEM_ID;
use crate::sheet::ReadError;

/// Why the columns of a table can't be matched. Comes up before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// The file itself.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No column is named like a field, so the header row was only guessed.
    #[error(
        "{file}: no header row was found: no column is named like an inventory field{}{}",
        seen(row, headers),
        tagged(tags.as_deref())
    )]
    NoHeader {
        /// The file (and sheet).
        file: String,
        /// The row that was guessed (`line 1`).
        row: String,
        /// The texts of the row that was guessed.
        headers: Vec<String>,
        /// The column whose values look like ids.
        tags: Option<String>,
    },
    /// Other fields were found, but not the one that says which item a row is.
    #[error("{file}: no column holds the item id{}{}", seen(row, headers), guessed(guess.as_deref(), *has_tags))]
    NoId {
        /// The file (and sheet).
        file: String,
        /// The header row (`line 1`); blank where the keys of objects are the headers.
        row: String,
        /// The headers.
        headers: Vec<String>,
        /// The header that comes nearest, if one does.
        guess: Option<String>,
        /// Its values look like ids.
        has_tags: bool,
    },
    /// A header of `--column` that no file has.
    #[error("{file} has no column {header:?}, which --column names{}", seen(row, headers))]
    UnknownHeader {
        /// The file to be read.
        file: String,
        /// The header.
        header: String,
        /// The header row; blank where the keys of objects are the headers.
        row: String,
        /// The headers that are there.
        headers: Vec<String>,
        /// The one that is most like it.
        nearest: Option<String>,
    },
    /// One header stands twice.
    #[error("{file}: two columns have the same header: {first} and {second}")]
    Repeated {
        /// The file.
        file: String,
        /// The first, with its place.
        first: String,
        /// The second, with its place.
        second: String,
    },
    /// Two columns mean one field.
    #[error("{file}: two columns map to {field}: {first} and {second}")]
    TwoColumns {
        /// The file.
        file: String,
        /// The field.
        field: String,
        /// The first, with its place.
        first: String,
        /// The second, with its place.
        second: String,
    },
    /// The mapping file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

impl UserError for ColumnError {
    fn code(&self) -> Code {
        match self {
            Self::Read(error) => error.code(),
            Self::Repeated { .. } => "columns_header_repeated".into(),
            Self::TwoColumns { .. } => "columns_two_for_one_field".into(),
            Self::Mapping(error) => error.code(),
            _ => code("columns", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Read(error) => error.hint(),
            Self::NoHeader { tags: None, .. } => {
                "see how it is read with `stockport inspect FILE`; name the row with --header-row, or the columns \
                 with --column or --map"
                    .to_owned()
            }
            Self::NoHeader {
                tags: Some(header), ..
            }
            | Self::NoId {
                guess: Some(header), ..
            } => format!("if it holds the ids, add {}", suggested(header, ITEM_ID)),
            Self::NoId { guess: None, .. } => {
                "name the column that holds the ids: --column \"HEADER=item_id\"; `stockport inspect FILE` shows every column"
                    .to_owned()
            }
            Self::UnknownHeader {
                nearest: Some(nearest), ..
            } => format!("did you mean {nearest:?}?"),
            Self::UnknownHeader { nearest: None, .. } => "`stockport inspect FILE` shows the headers".to_owned(),
            Self::Repeated { .. } => "rename or remove one of them".to_owned(),
            Self::TwoColumns { .. } => {
                "rename or remove one of them, or map the right one: --column \"HEADER=FIELD\"".to_owned()
            }
            Self::Mapping(error) => error.hint(),
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Read(error) => error.place(),
            Self::NoHeader { file, .. }
            | Self::NoId { file, .. }
            | Self::UnknownHeader { file, .. }
            | Self::Repeated { file, .. }
            | Self::TwoColumns { file, .. } => Some(Path::new(file)),
            Self::Mapping(_) => None,
        }
    }

    fn category(&self) -> Category {
        match self {
            Self::Read(error) => error.category(),
            _ => Category::Other,
        }
    }
}

fn seen(row: &str, headers: &[String]) -> String {
    /// As many characters as leave the message readable.
    const MOST: usize = 50;
    const LONGEST: usize = 24;
    if headers.is_empty() {
        return String::new();
    }
    let mut shown = Vec::new();
    let mut length = 0;
    for header in headers {
        let cut = header.chars().count() > LONGEST;
        let name: String = header.chars().take(LONGEST).collect();
        let name = format!("{name:?}{}", if cut { "…" } else { "" });
        length += name.chars().count() + 2;
        if length > MOST && !shown.is_empty() {
            break;
        }
        shown.push(name);
    }
    if headers.len() > shown.len() {
        shown.push(format!("and {} more", headers.len() - shown.len()));
    }
    let place = if row.is_empty() { "seen" } else { row };
    format!(" ({place}: {})", shown.join(", "))
}

fn tagged(header: Option<&str>) -> String {
    let tagged = header.map(|header| format!("; the values of {header:?} look like ids"));
    tagged.unwrap_or_default()
}

fn guessed(header: Option<&str>, has_tags: bool) -> String {
    if has_tags {
        return tagged(header);
    }
    let nearest = header.map(|header| format!("; the nearest is {header:?}"));
    nearest.unwrap_or_default()
}
