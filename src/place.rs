//! What a user may name: a file, a snapshot, or an organization.
//!
//! Belongs here: telling them apart, by how they are written and what is there, and refusing addresses of other places, of
//! which a local folder would be made. Doesn't: reading any of them.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Code, Exit, UserError, code};
use crate::snapshot;

/// What makes a name an organization's.
const ORG: &str = "org:";

/// A place that holds items, as a user names it. Another kind of place is added here, and in what reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file: a spreadsheet; `-` is standard input.
    File(PathBuf),
    /// A snapshot, by any of the names that `backup restore` takes: `DIR`, `DIR/ORG`, `DIR/ORG/SNAPSHOT`, `DIR@2026-11-22`,
    /// or the file of its items.
    Snapshot(PathBuf),
    /// `org:ID`: an organization behind the API.
    Org(String),
}

/// Why a name is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// `org:` and nothing behind it.
    #[error("an organization is missing after org:")]
    NoOrganization,
    /// Standard input is named twice, and can be read once.
    #[error("standard input is named twice, but can be read only once")]
    TwiceStdin,
}

impl UserError for PlaceError {
    fn code(&self) -> Code {
        match self {
            Self::TwiceStdin => "place_stdin_twice".into(),
            Self::NoOrganization => code("place", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoOrganization => "write org:ID, with the organization's exact id",
            Self::TwiceStdin => "remove one of them, or write it to a file first",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Where a file or a folder belongs, the address of something on another machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "name a file or a folder of this machine; addresses ({scheme}:) are not supported, a file of that name is ./{name}"
)]
pub struct Remote {
    scheme: String,
    name: String,
}

/// Schemes that are written without a slash, too (`sftp:user@host:path`).
const SCHEMES: &str = "s3 s3a gs gcs az azure abfs abfss wasb wasbs b2 swift http https ftp ftps sftp ssh scp smb rest rclone \
                       webdav file";

/// Refuses an address: `s3://bucket`, also with one slash, as shells and paths leave it; `host:/path`; `sftp:host`. One letter
/// before a colon is a drive of Windows.
pub fn on_this_machine(name: &OsStr) -> Result<(), Remote> {
    let text = name.to_string_lossy();
    let Some((scheme, rest)) = text.split_once(':') else {
        return Ok(());
    };
    let is_known = SCHEMES
        .split_whitespace()
        .any(|known| known.eq_ignore_ascii_case(scheme));
    let is_path = scheme.contains(['/', '\\']) || scheme.chars().count() < 2;
    if is_path || !(is_known || rest.starts_with(['/', '\\'])) {
        return Ok(());
    }
    Err(Remote {
        scheme: scheme.to_owned(),
        name: text.into_owned(),
    })
}

impl Place {
    /// Whether a name is an organization's, or no address of another machine.
    pub fn check(name: &OsStr) -> Result<(), Remote> {
        if name.to_string_lossy().starts_with(ORG) {
            return Ok(());
        }
        on_this_machine(name)
    }

    /// Reads a name. A file whose name begins with `org:` is named `./org:…`.
    pub fn parse(name: impl AsRef<OsStr>) -> Result<Self, PlaceError> {
        let name = name.as_ref();
        match name.to_str().and_then(|text| text.strip_prefix(ORG)) {
            Some("") => Err(PlaceError::NoOrganization),
            Some(org) => Ok(Self::Org(org.to_owned())),
            None if snapshot::is_meant(Path::new(name)) => Ok(Self::Snapshot(PathBuf::from(name))),
            None => Ok(Self::File(PathBuf::from(name))),
        }
    }

    /// Whether it is standard input.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::File(path) if path == Path::new("-"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(_) if self.is_stdin() => f.write_str("standard input"),
            Self::File(path) | Self::Snapshot(path) => write!(f, "{}", path.display()),
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
    fn a_snapshot_is_told_from_a_file_by_its_name_and_by_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let is_snapshot = |name: &str| matches!(Place::parse(at(name)), Ok(Place::Snapshot(_)));
        for name in ["", "acme@2026-11-22", "acme@latest", "acme/2026-11-23T02-00-00Z"] {
            assert!(is_snapshot(name), "{name}");
        }
        for name in ["count.csv", "me@home.csv", "items.jsonl.zst"] {
            assert!(!is_snapshot(name), "{name}");
        }
        // A file that is there is what it is, unless a manifest speaks of it.
        for name in ["count@2026-11-22", "2026-11-23T02-00-00Z.jsonl.zst"] {
            std::fs::write(at(name), "").unwrap();
            assert!(!is_snapshot(name), "{name}");
        }
        std::fs::write(at("2026-11-23T02-00-00Z.manifest.json"), "{}").unwrap();
        assert!(is_snapshot("2026-11-23T02-00-00Z.jsonl.zst"));
    }
}
