//! Why the columns of a table can't be matched.
//!
//! Doesn't belong here: why a single row is rejected (`mod`).

use std::path::Path;

use super::mapping::MappingError;
use crate::error::{Category, UserError};
use crate::sheet::ReadError;

/// Why the columns of a table can't be matched. Comes up before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// The file itself.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No column is named like a field, so the header row was only guessed.
    #[error(
        "{file}: no header row was found: no column is named like an inventory field{}",
        seen(row, headers)
    )]
    NoHeader {
        /// The file (and sheet).
        file: String,
        /// The row that was guessed (`line 1`).
        row: String,
        /// The texts of the row that was guessed.
        headers: Vec<String>,
    },
    /// Other fields were found, but not the one that says which item a row is.
    #[error("{file}: no column holds the item id{}{}", seen(row, headers), nearest(guess.as_deref()))]
    NoId {
        /// The file (and sheet).
        file: String,
        /// The header row (`line 1`); blank where the keys of objects are the headers.
        row: String,
        /// The headers.
        headers: Vec<String>,
        /// The header that comes nearest, if one does.
        guess: Option<String>,
    },
    /// One header stands twice.
    #[error("{file}: one header stands twice: {first} and {second}")]
    Repeated {
        /// The file.
        file: String,
        /// The first, with its place.
        first: String,
        /// The second, with its place.
        second: String,
    },
    /// Two columns mean one field.
    #[error("{file}: two columns mean {field}: {first} and {second}")]
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
    fn hint(&self) -> String {
        match self {
            Self::Read(error) => error.hint(),
            Self::NoHeader { .. } => {
                "see what was understood with `stockport inspect FILE`; name the row with --header-row, or the columns with --map"
                    .to_owned()
            }
            Self::NoId { .. } => {
                "say which one it is in a mapping file: `stockport inspect FILE --save-map map.toml` writes one, --map takes it"
                    .to_owned()
            }
            Self::Repeated { .. } => "rename or remove one of them".to_owned(),
            Self::TwoColumns { .. } => {
                "rename or remove one of them, or say which is meant in a mapping file (--map; `stockport inspect FILE \
                 --save-map map.toml` writes one)"
                    .to_owned()
            }
            Self::Mapping(error) => error.hint(),
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Read(error) => error.place(),
            Self::NoHeader { file, .. }
            | Self::NoId { file, .. }
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

fn nearest(guess: Option<&str>) -> String {
    guess
        .map(|header| format!("; the nearest is {header:?}"))
        .unwrap_or_default()
}
