//! The names on disk: a snapshot's, which is its moment, and an organization's folder.
//!
//! Doesn't belong here: what stands in the files.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How a moment is written in a name: to the second, in UTC, without characters that a file's name can't have.
const FORMAT: &str = "%Y-%m-%dT%H-%M-%SZ";

/// What follows a snapshot's name in the file that describes it.
pub(super) const MANIFEST: &str = ".manifest.json";
/// What follows it in the file of its items.
pub(super) const DATA: &str = ".jsonl.zst";

/// A snapshot's name: when it was begun (`2026-11-23T02-00-00Z`), and a number where that second had one already
/// (`2026-11-23T02-00-00Z-2`). Names sort by their moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    at: Timestamp,
    number: u32,
}

impl Name {
    /// The name of a moment's first snapshot; parts of a second don't count.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { at, number: 1 }
    }

    /// Reads a name, or the name of one of its files. None where it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text
            .strip_suffix(MANIFEST)
            .or_else(|| text.strip_suffix(DATA))
            .unwrap_or(text);
        let (moment, number) = match text.split_once("Z-") {
            Some((moment, number)) => (format!("{moment}Z"), number.parse().ok().filter(|number| *number > 1)?),
            None => (text.to_owned(), 1),
        };
        let at = TimeZone::UTC
            .to_timestamp(DateTime::strptime(FORMAT, &moment).ok()?)
            .ok()?;
        let name = Self { at, number };
        (name.to_string() == text).then_some(name)
    }

    /// The name of the next snapshot of the same second.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            ..self
        }
    }

    /// When the snapshot was begun.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        self.at
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = TimeZone::UTC.to_datetime(self.at).strftime(FORMAT).to_string();
        match self.number {
            1 => f.pad(&moment),
            number => f.pad(&format!("{moment}-{number}")),
        }
    }
}

/// Device names that Windows takes for no file, whatever their case and what follows a dot (from Microsoft's "Naming
/// Files, Paths, and Namespaces").
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// An organization's id as a folder's name on any system: what can't stand there is percent-encoded, so that the id can
/// be read back.
#[must_use]
pub fn folder_of(org: &str) -> String {
    let mut name = String::with_capacity(org.len());
    let last = org.chars().count().saturating_sub(1);
    for (place, c) in org.chars().enumerate() {
        let first_of_device = place == 0 && is_device(org);
        let hidden = place == 0 && matches!(c, '.' | ' ');
        let dropped = place == last && matches!(c, '.' | ' ');
        if c.is_control() || "<>:\"/\\|?*%@".contains(c) || first_of_device || hidden || dropped {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                name.push_str(&format!("%{byte:02X}"));
            }
        } else {
            name.push(c);
        }
    }
    name
}

/// The organization of a folder's name; none where no organization has that folder.
#[must_use]
pub fn org_of(folder: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(folder.len());
    let mut rest = folder.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (rest.next()?, rest.next()?);
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(high)? * 16 + digit(low)?);
        } else {
            bytes.push(byte);
        }
    }
    let org = String::from_utf8(bytes).ok()?;
    (folder_of(&org) == folder).then_some(org)
}

fn is_device(org: &str) -> bool {
    let stem = org
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_lowercase();
    let numbered = NUMBERED_DEVICES.iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|rest| {
            matches!(rest, "¹" | "²" | "³")
                || (rest.len() == 1 && rest != "0" && rest.bytes().all(|b| b.is_ascii_digit()))
        })
    });
    numbered || DEVICES.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_sorts_by_its_moment() {
        let name = Name::parse("2026-11-23T02-00-00Z").unwrap();
        assert_eq!(name.to_string(), "2026-11-23T02-00-00Z");
        assert_eq!(name.next().to_string(), "2026-11-23T02-00-00Z-2");
        assert_eq!(Name::parse("2026-11-23T02-00-00Z-2"), Some(name.next()));
        assert_eq!(Name::parse("2026-11-23T02-00-00Z.manifest.json"), Some(name));
        assert_eq!(Name::parse("2026-11-23T02-00-00Z-2.jsonl.zst"), Some(name.next()));
        let mut tenth = name;
        (0..9).for_each(|_| tenth = tenth.next());
        let later = Name::parse("2026-11-23T02-00-01Z").unwrap();
        assert!(name < name.next() && name.next() < tenth && tenth < later);
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T02-00-00",
            "2026-11-23T02-00-00Z-1",
            "2026-11-23T02-00-00Z-02",
            "2026-13-23T02-00-00Z",
            "2026-11-23T02-00-00Z.txt",
            " 2026-11-23T02-00-00Z",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn any_organization_has_a_folder_that_every_system_takes() {
        for org in [
            "test-company",
            "Test Company",
            "a/b\\c",
            "..",
            ".",
            ".hidden",
            "ends.",
            "ends ",
            "con",
            "CON.txt",
            "com1",
            "LPT9.x",
            "100%",
            "Ü柚子",
            "a:b*c?",
            "<>|\"",
            "x@y",
            "com10",
            "console",
            "%41",
            "tab\tend",
            "com0",
        ] {
            let folder = folder_of(org);
            assert_eq!(org_of(&folder).as_deref(), Some(org), "{folder}");
            assert!(
                !folder.contains(['/', '\\', ':', '*', '?', '<', '>', '|', '"', '@']),
                "{folder}"
            );
            assert!(
                !folder.starts_with('.') && !folder.ends_with(['.', ' ']) && !is_device(&folder),
                "{folder}"
            );
        }
        assert_eq!(folder_of("test-company"), "test-company");
        assert_eq!(folder_of("console"), "console");
    }

    #[test]
    fn a_folder_that_no_organization_has_is_nobodys() {
        for folder in ["%", "%4", "%41", "%zz", "a/b", "%FF", ".lock"] {
            assert_eq!(org_of(folder), None, "{folder}");
        }
    }
}
