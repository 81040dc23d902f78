//! The ids that items get in the target: as they are, with something before them, or by a list.
//!
//! Doesn't belong here: what makes an id good (`columns`, `api`).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::{Value, json};

use super::MigrateError;
use crate::files::{self, bounds};
use crate::hash::Sha256;

/// How an item's id in the target follows from its id in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// It stays.
    #[default]
    Same,
    /// This comes before it.
    Prefix(String),
    /// The ids that are listed change, the others stay.
    Map(HashMap<String, String>),
}

impl Ids {
    /// What `--id-prefix` or `--id-map` asks for.
    pub fn given(prefix: Option<&str>, list: Option<&Path>) -> Result<Self, MigrateError> {
        match (prefix, list) {
            (Some(prefix), _) => Ok(Self::Prefix(prefix.to_owned())),
            (None, Some(file)) => Self::load(file),
            (None, None) => Ok(Self::Same),
        }
    }

    /// Reads a list: a CSV file with the headers `from` and `to`, each id to the letter.
    fn load(path: &Path) -> Result<Self, MigrateError> {
        let bad = |why: String| MigrateError::IdMap {
            path: path.to_owned(),
            why,
        };
        let text = files::read_named(path, bounds::PLAN);
        let text = text.map_err(|cause| bad(format!("it can't be read: {}", crate::cause::io(&cause))))?;
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let headers = reader.headers().map_err(|cause| bad(cause.to_string()))?;
        let names: Vec<&str> = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        if names != ["from", "to"] {
            return Err(bad("its first line must be: from,to".to_owned()));
        }
        let mut map = HashMap::new();
        let mut taken = HashSet::new();
        for record in reader.records() {
            let record = record.map_err(|cause| bad(cause.to_string()))?;
            let (Some(from), Some(to)) = (record.get(0), record.get(1)) else {
                continue;
            };
            if !taken.insert(to.to_owned()) {
                return Err(bad(format!("two ids map to {to:?}")));
            }
            if map.insert(from.to_owned(), to.to_owned()).is_some() {
                return Err(bad(format!("{from:?} is in it twice")));
            }
        }
        if map.is_empty() {
            return Err(bad("it lists no ids".to_owned()));
        }
        Ok(Self::Map(map))
    }

    /// The id in the target.
    #[must_use]
    pub fn target(&self, id: &str) -> String {
        match self {
            Self::Same => id.to_owned(),
            Self::Prefix(prefix) => format!("{prefix}{id}"),
            Self::Map(map) => map.get(id).map_or(id, String::as_str).to_owned(),
        }
    }

    /// The ids of the source that are listed.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&String, &String)> {
        let map = match self {
            Self::Map(map) => Some(map),
            Self::Same | Self::Prefix(_) => None,
        };
        map.into_iter().flatten()
    }

    /// Whether the list changes this id.
    pub(super) fn lists(&self, id: &str) -> bool {
        matches!(self, Self::Map(map) if map.contains_key(id))
    }

    /// The way back from ids of the target.
    pub(super) fn inverse(&self) -> Inverse<'_> {
        Inverse {
            ids: self,
            listed: self.listed().map(|(from, to)| (to.as_str(), from.as_str())).collect(),
        }
    }

    /// What tells one way of changing ids from another.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Same => "as they are".to_owned(),
            Self::Prefix(prefix) => format!("with the prefix {prefix:?}"),
            Self::Map(map) => {
                let mut pairs: Vec<_> = map.iter().collect();
                pairs.sort_unstable();
                let hash = Sha256::digest(format!("{pairs:?}"));
                format!("from a list ({})", super::hex(hash.get(..8).unwrap_or_default()))
            }
        }
    }
}

impl Ids {
    /// The rule for programs: `{}`, `{"prefix": …}` or `{"map": {…}}`.
    #[must_use]
    pub fn rule(&self) -> Value {
        match self {
            Self::Same => json!({}),
            Self::Prefix(prefix) => json!({"prefix": prefix}),
            Self::Map(map) => json!({"map": map}),
        }
    }

    /// The way of changing ids that a rule names; none where it is no rule.
    #[must_use]
    pub fn of_rule(rule: &Value) -> Option<Self> {
        let rule = rule.as_object()?;
        match (rule.get("prefix"), rule.get("map"), rule.len()) {
            (None, None, 0) => Some(Self::Same),
            (Some(Value::String(prefix)), None, 1) => Some(Self::Prefix(prefix.clone())),
            (None, Some(map), 1) => serde_json::from_value(map.clone()).ok().map(Self::Map),
            _ => None,
        }
    }
}

/// The ids in the source of the items of the target.
pub(super) struct Inverse<'i> {
    ids: &'i Ids,
    listed: HashMap<&'i str, &'i str>,
}

impl Inverse<'_> {
    /// The id in the source that becomes this one; none where no id does.
    pub(super) fn source<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        match self.ids {
            Ids::Same => Some(id),
            Ids::Prefix(prefix) => id.strip_prefix(prefix.as_str()),
            Ids::Map(map) => self
                .listed
                .get(id)
                .copied()
                .or_else(|| (!map.contains_key(id)).then_some(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(content: &str) -> Result<Ids, MigrateError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        Ids::load(file.path())
    }

    #[test]
    fn a_list_changes_what_it_names_and_nothing_else() {
        let ids = load("\u{feff}from,to\nA, B\n\"a,b\",c\n").unwrap();
        assert_eq!(
            (ids.target("A"), ids.target("a,b"), ids.target("z")),
            (" B".into(), "c".into(), "z".into())
        );
        assert_eq!(Ids::Prefix("N-".to_owned()).target("1"), "N-1");
    }

    #[test]
    fn the_way_back_leads_to_the_id_that_an_id_was_made_of() {
        let map = load("from,to\nA,B\nB,C\n").unwrap();
        for ids in [Ids::Same, Ids::Prefix("N-".to_owned()), map.clone()] {
            for id in ["A", "B", "z"] {
                assert_eq!(ids.inverse().source(&ids.target(id)), Some(id), "{ids:?}");
            }
            assert_eq!(Ids::of_rule(&ids.rule()), Some(ids));
        }
        for no_rule in [
            json!(null),
            json!({"prefix": 1}),
            json!({"map": [1]}),
            json!({"other": 1}),
        ] {
            assert_eq!(Ids::of_rule(&no_rule), None);
        }
        assert_eq!(map.inverse().source("A"), None, "A became B");
        assert_eq!(Ids::Prefix("N-".to_owned()).inverse().source("A"), None);
    }

    #[test]
    fn a_list_that_can_not_be_meant_is_refused() {
        for content in [
            "",
            "from,to\n",
            "A,B\n",
            "from,to\nA,B\nA,C\n",
            "from,to\nA,C\nB,C\n",
            "from,to\nA\n",
        ] {
            assert!(matches!(load(content), Err(MigrateError::IdMap { .. })), "{content:?}");
        }
        assert!(Ids::load(Path::new("no such file")).is_err());
    }
}
