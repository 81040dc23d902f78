//! What stands beside a snapshot's items: where they came from, how many, how sure it is that they are all, and the
//! hashes by which any damage shows.
//!
//! Fields that were added after 0.1.0 are optional and come last, so that an older manifest is written again byte for byte
//! and its own hash still holds.
//!
//! Doesn't belong here: the items' own file (`write`, `read`), which of two snapshots is newer (`order`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::{Sha256, hex};
use crate::output::events::{COMPLETE, PROBABLY_COMPLETE};

/// The version of the format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// What a snapshot is kept for, where it is not a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What an organization held before a command changed it.
    Safety,
}

/// Why a manifest can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has changed since it was written; in words.
    Damaged(String),
    /// A newer version of this program wrote it, in this format.
    Newer(u64),
    /// The system refused to read it; in words.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "is damaged: {what}"),
            Self::Newer(format) => write!(f, "was written by a newer stockport (format {format})"),
            Self::Unreadable(why) => write!(f, "can't be read: {why}"),
        }
    }
}

/// A snapshot's description, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format's version (`FORMAT`).
    pub format: u32,
    /// What wrote it (`stockport 0.1.0`).
    pub tool: String,
    /// The API's base that was read.
    pub api: String,
    /// The organization that was read.
    pub organization: String,
    /// When the reading began (RFC 3339, UTC).
    pub started: String,
    /// When the snapshot was written.
    pub finished: String,
    /// How many items.
    pub items: u64,
    /// The names of all fields that any item has, in byte order.
    pub fields: Vec<String>,
    /// How sure it is that these are all items.
    pub completeness: Grade,
    /// Why, in plain words.
    pub evidence: String,
    /// The file that holds the items; several snapshots share one where nothing changed.
    pub data: Data,
    /// The SHA-256 of this description, itself left empty, in hexadecimal digits.
    pub sha256: String,
    /// Its place in the order of its folder: higher is newer. None in the manifests of 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// What it is kept for; none where it is a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

/// The file that holds a snapshot's items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Its name, in the folder of the manifest.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The SHA-256 of the lines that it holds, unpacked: by it an unchanged inventory is known.
    pub content_sha256: String,
}

/// How sure it is that a snapshot is whole. A backup that is less than plausible is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Both ends of the ordered list are in it.
    Proved,
    /// The API doesn't order its lists; the length isn't suspicious.
    Plausible,
    /// It is known to hold a part only: the items that a command was about to change, of an API that cuts its lists.
    Part,
}

impl Grade {
    /// The grade's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Plausible => "plausible",
            Self::Part => "part",
        }
    }

    /// The same for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Proved => COMPLETE,
            Self::Plausible => PROBABLY_COMPLETE,
            Self::Part => "a part of the organization",
        }
    }
}

impl Manifest {
    /// Puts its own hash into it.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.sha256 = self.hash();
        self
    }

    /// The bytes of its file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Text, numbers and lists can't fail to be written.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads its file; a single byte that differs from what was written is damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let unreadable = |cause| Fault::Damaged(format!("its manifest can't be read ({cause})"));
        let version: Version = serde_json::from_slice(bytes).map_err(unreadable)?;
        if version.format > u64::from(FORMAT) {
            return Err(Fault::Newer(version.format));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if manifest.format != FORMAT || manifest.to_bytes() != bytes || manifest.hash() != manifest.sha256 {
            return Err(Fault::Damaged(
                "its manifest has changed since it was written".to_owned(),
            ));
        }
        Ok(manifest)
    }

    fn hash(&self) -> String {
        let open = Self {
            sha256: String::new(),
            ..self.clone()
        };
        hex(&Sha256::digest(open.to_bytes()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            tool: "stockport 0.1.0".into(),
            api: "https://example.com/api".into(),
            organization: "Ü \"best\"".into(),
            started: "2026-11-23T02:00:00Z".into(),
            finished: "2026-11-23T02:00:09Z".into(),
            items: 2,
            fields: vec!["id".into(), "item_id".into()],
            completeness: Grade::Proved,
            evidence: "both ends".into(),
            data: Data {
                file: "2026-11-23T02-00-00Z.jsonl.zst".into(),
                bytes: 5,
                sha256: "00".into(),
                content_sha256: "11".into(),
            },
            sha256: String::new(),
            number: None,
            kind: None,
        }
        .sealed()
    }

    fn numbered() -> Manifest {
        Manifest {
            number: Some(42),
            kind: Some(Kind::Safety),
            ..manifest()
        }
        .sealed()
    }

    #[test]
    fn a_manifest_is_read_back() {
        for manifest in [manifest(), numbered()] {
            assert_eq!(Manifest::from_bytes(&manifest.to_bytes()).unwrap(), manifest);
        }
    }

    /// As stockport 0.1.0 wrote it.
    const OLD: &str = include_str!("manifest_0_1_0.json");

    #[test]
    fn a_manifest_of_0_1_0_is_read_and_written_again_byte_for_byte() {
        let manifest = Manifest::from_bytes(OLD.as_bytes()).unwrap();
        assert_eq!((manifest.number, manifest.kind), (None, None));
        assert_eq!(manifest.tool, "stockport 0.1.0");
        assert_eq!(String::from_utf8(manifest.to_bytes()).unwrap(), OLD);
    }

    #[test]
    fn any_byte_that_is_changed_lost_or_added_shows() {
        let whole = numbered().to_bytes();
        for place in 0..whole.len() {
            for byte in [whole[place] ^ 1, b' ', b'0', 0xff] {
                let mut damaged = whole.clone();
                damaged[place] = byte;
                assert_eq!(Manifest::from_bytes(&damaged).is_ok(), damaged == whole, "byte {place}");
            }
            let mut shorter = whole.clone();
            shorter.remove(place);
            assert!(Manifest::from_bytes(&shorter).is_err());
            let mut longer = whole.clone();
            longer.insert(place, b' ');
            assert!(Manifest::from_bytes(&longer).is_err());
        }
    }

    #[test]
    fn a_manifest_of_a_newer_version_is_not_called_damaged() {
        let text = String::from_utf8(manifest().to_bytes()).unwrap();
        let read = |format: &str| {
            let format = format!("\"format\": {format}");
            Manifest::from_bytes(text.replace("\"format\": 1", &format).as_bytes()).unwrap_err()
        };
        assert_eq!(read("2"), Fault::Newer(2));
        assert_eq!(read("5000000000"), Fault::Newer(5_000_000_000));
        assert_eq!(Manifest::from_bytes(b"{\"format\": 3}").unwrap_err(), Fault::Newer(3));
        for damaged in ["0", "-2", "\"2\"", "null", "2.5"] {
            assert!(matches!(read(damaged), Fault::Damaged(_)), "{damaged}");
        }
    }
}
