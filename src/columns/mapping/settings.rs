//! The options that a mapping file may give for the run as a whole. The command line overrules each of them.
//!
//! Belongs here: their names and values. Doesn't: what they mean (`cli`).

use std::collections::BTreeMap;

/// The value of an option that takes none.
pub(super) const ON: &str = "true";

/// Each option by its name, the values that it takes, and the same for a message.
pub(super) const SETTINGS: [(&str, &[&str], &str); 7] = [
    ("dates", &["mdy", "dmy", "ymd"], "\"mdy\", \"dmy\" or \"ymd\""),
    ("numbers", &["us", "eu"], "\"us\" (1,234.50) or \"eu\" (1.234,50)"),
    (
        "duplicates",
        &["reject", "first", "last", "merge"],
        "\"reject\", \"first\", \"last\" or \"merge\"",
    ),
    ("lenient", &[ON], "true or false"),
    (
        "blanks",
        &["keep", "clear", "reject"],
        "\"keep\", \"clear\" or \"reject\"",
    ),
    (
        "mode",
        &["upsert", "create", "update"],
        "\"upsert\", \"create\" or \"update\"",
    ),
    ("complete", &[ON], "true or false"),
];

/// Options by their names, as `--name` takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, &'static str>);

impl Settings {
    /// The value of an option, if it is given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static str> {
        self.0.get(name).copied()
    }

    /// Whether an option that takes no value is given.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some(ON)
    }

    /// Gives an option a value; what is no option or no value of it changes nothing.
    pub fn set(&mut self, name: &str, value: &str) {
        let option = SETTINGS.iter().find(|(known, ..)| *known == name);
        if let Some((name, values, _)) = option
            && let Some(value) = values.iter().find(|known| **known == value)
        {
            self.0.insert(name, value);
        }
    }

    /// Gives an option that takes no value.
    pub fn turn_on(&mut self, name: &str) {
        self.set(name, ON);
    }

    /// Leaves out an option.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The options with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(name, value)| (*name, *value))
    }

    /// An option that these have, or have with another value than the others.
    #[must_use]
    pub fn differs(&self, other: &Self) -> Option<(&'static str, &'static str)> {
        self.iter().find(|(name, value)| other.get(name) != Some(value))
    }
}
