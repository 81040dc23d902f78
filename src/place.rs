//! What a user may name: a file, or an organization.
//!
//! Belongs here: telling them apart by how they are written. Doesn't: reading any of them.

use std::fmt;
use std::path::{Path, PathBuf};

/// What makes a name an organization's.
const ORG: &str = "org:";

/// A place that holds items, as a user names it. Another kind of place is added here, and in what reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file: a spreadsheet, or the items of a snapshot; `-` is standard input.
    File(PathBuf),
    /// `org:ID`: an organization behind the API.
    Org(String),
}

/// Why a name is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// `org:` and nothing behind it.
    #[error("there is no organization behind org:")]
    NoOrganization,
    /// Both sides are standard input, which can be read once.
    #[error("standard input can be only one of the two")]
    TwiceStdin,
}

impl PlaceError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoOrganization => "write org:ID, with the organization's id to the letter",
            Self::TwiceStdin => "write one of them to a file first",
        }
    }
}

impl Place {
    /// Reads a name. A file whose name begins with `org:` is named `./org:…`.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix(ORG) {
            Some("") => Err(PlaceError::NoOrganization),
            Some(org) => Ok(Self::Org(org.to_owned())),
            None => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// Whether it is standard input.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::File(path) if path == Path::new("-"))
    }

    /// Whether it is the file of a snapshot's items: its manifest stands beside it (`X.manifest.json` beside
    /// `X.jsonl.zst`). Such a file holds every field of its items as they were stored, also those that none of them has.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        let Self::File(path) = self else { return false };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.as_deref()
            .and_then(|name| name.strip_suffix(".jsonl.zst"))
            .is_some_and(|stem| path.with_file_name(format!("{stem}.manifest.json")).is_file())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(_) if self.is_stdin() => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Org(org) => f.write_str(org),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_is_told_from_a_file_by_its_first_letters() {
        assert_eq!(Place::parse("org:a b:c"), Ok(Place::Org("a b:c".into())));
        assert_eq!(Place::parse("./org:x.csv"), Ok(Place::File("./org:x.csv".into())));
        assert_eq!(Place::parse("org.csv"), Ok(Place::File("org.csv".into())));
        assert_eq!(Place::parse("org:"), Err(PlaceError::NoOrganization));
        assert_eq!(Place::parse("-").unwrap().to_string(), "standard input");
    }

    #[test]
    fn a_snapshot_is_known_by_the_manifest_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let items = folder.path().join("2026-11-23T02-00-00Z.jsonl.zst");
        std::fs::write(&items, "").unwrap();
        assert!(!Place::File(items.clone()).is_snapshot());
        std::fs::write(folder.path().join("2026-11-23T02-00-00Z.manifest.json"), "{}").unwrap();
        assert!(Place::File(items).is_snapshot());
    }
}
