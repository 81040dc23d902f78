//! Why the columns of a table can't be matched.

use super::mapping::MappingError;
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
        seen(headers)
    )]
    NoHeader {
        /// The file (and sheet).
        file: String,
        /// The texts of the row that was guessed.
        headers: Vec<String>,
    },
    /// Other fields were found, but not the one that says which item a row is.
    #[error("{file}: no column holds the item id{}{}", seen(headers), nearest(guess.as_deref()))]
    NoId {
        /// The file (and sheet).
        file: String,
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

impl ColumnError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read(error) => error.hint().to_owned(),
            Self::NoHeader { .. } => {
                "see what was understood with `stockport inspect FILE`; name the header's row with --header-row, or its \
                 columns with --map"
                    .to_owned()
            }
            Self::NoId { .. } => {
                "see how each column was understood with `stockport inspect FILE --save-map map.toml`, say there which one \
                 is item_id, and import with --map map.toml"
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
}

fn seen(headers: &[String]) -> String {
    const MOST: usize = 12;
    if headers.is_empty() {
        return String::new();
    }
    let mut shown: Vec<String> = headers.iter().take(MOST).map(|header| format!("{header:?}")).collect();
    if headers.len() > MOST {
        shown.push(format!("and {} more", headers.len() - MOST));
    }
    format!(" (seen: {})", shown.join(", "))
}

fn nearest(guess: Option<&str>) -> String {
    guess
        .map(|header| format!("; the nearest is {header:?}"))
        .unwrap_or_default()
}
