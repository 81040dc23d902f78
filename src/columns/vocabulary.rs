//! The names under which spreadsheets know the fields, and the exports that are known by their header row.
//!
//! Belongs here: reading `vocabulary.toml` and answering for single names. Doesn't: a whole header row (`matching`).

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::names::{Pattern, Shape, fold, is_path_to_id, nearest};
use crate::item::{FIELDS, Field, ITEM_ID, NAME, SERVER_FIELDS, field_named};
use crate::sheet::HeaderJudge;

const SOURCE: &str = include_str!("vocabulary.toml");

/// From this likeness on a name is offered for a field.
const ALIKE: f64 = 0.75;
/// By so much the best field must lead the second.
const MARGIN: f64 = 0.1;
/// No header is longer; a cell that is longer is text of somebody's, and not worth comparing.
const LONGEST: usize = 120;

/// The columns that a reject file adds, which mean nothing when it is imported again.
pub const REJECT_COLUMNS: [&str; 4] = ["_row", "_column", "_value", REASON];
/// That of the reasons.
pub(crate) const REASON: &str = "_reason";

/// The column of an export of changes that says how an item has changed. An import ignores it.
pub const CHANGE: &str = "_change";

/// What stands there for an item that is no longer stored. Its row is no item.
pub const GONE: &str = "gone";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    synonyms: BTreeMap<String, Vec<String>>,
    weak: BTreeMap<String, Vec<String>>,
    never: Never,
    constants: BTreeMap<String, Constant>,
    export: Vec<Export>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Never {
    headers: Vec<String>,
}

/// A field's value that a column's name alone says (`UnitWeightGrams`: the weight's unit is grams).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constant {
    pub(crate) field: String,
    pub(crate) value: String,
}

/// A program's export that is known by its header row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    pub(crate) name: String,
    fingerprint: Vec<String>,
    #[serde(default)]
    pub(crate) order: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    weak: BTreeMap<String, Vec<String>>,
}

impl Export {
    /// Whether a header row is this export's: each group of the fingerprint has a header.
    fn knows(&self, folded: &[String]) -> bool {
        self.fingerprint.iter().all(|group| {
            group.split('|').any(|name| {
                let name = fold(name);
                folded.contains(&name)
            })
        })
    }

    /// The field for which this export's column of that name is only offered.
    pub(crate) fn weak_field(&self, folded: &str) -> Option<&'static Field> {
        self.weak
            .iter()
            .find(|(_, names)| names.iter().any(|name| fold(name) == folded))
            .and_then(|(field, _)| field_named(field))
    }
}

/// All known names.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    own: HashMap<String, &'static Field>,
    strong: HashMap<String, &'static Field>,
    weak: HashMap<String, &'static Field>,
    never: Vec<Pattern>,
    constants: HashMap<String, Constant>,
    pub(crate) exports: Vec<Export>,
    /// Every name with its field, to the letter, for likeness.
    all: Vec<(Shape, &'static Field)>,
}

impl Vocabulary {
    /// The vocabulary that ships with the program.
    pub(crate) fn new() -> Self {
        // The file is a part of the program, and a test reads the whole of it.
        Self::from_file(toml_edit::de::from_str(SOURCE).unwrap_or_default())
    }

    fn from_file(file: File) -> Self {
        let mut all: Vec<(Shape, &'static Field)> = Vec::new();
        let mut own = HashMap::new();
        for field in &FIELDS {
            own.insert(fold(field.name), field);
            all.push((Shape::of(field.name), field));
        }
        let mut index = |names: &BTreeMap<String, Vec<String>>| {
            let mut map = HashMap::new();
            for (field, names) in names {
                let Some(field) = field_named(field) else { continue };
                for name in names {
                    map.insert(fold(name), field);
                    all.push((Shape::of(name), field));
                }
            }
            map
        };
        let strong = index(&file.synonyms);
        let weak = index(&file.weak);
        Self {
            own,
            strong,
            weak,
            never: file.never.headers.iter().map(|header| Pattern::new(header)).collect(),
            constants: file
                .constants
                .into_iter()
                .map(|(name, constant)| (fold(&name), constant))
                .collect(),
            exports: file.export,
            all,
        }
    }

    /// A header as it is looked up here. The id of something nested (`item.id`, `package/id`) is not the id of what lies in
    /// the inventory: it keeps its path, which no known name has.
    pub(crate) fn fold(&self, header: &str) -> String {
        let folded = fold(header);
        let field = || self.own(&folded).or_else(|| self.synonym(&folded));
        if folded.ends_with("id") && is_path_to_id(header) && field().is_some_and(|field| field.name == ITEM_ID) {
            return header.to_lowercase();
        }
        folded
    }

    /// The field whose own name this is.
    pub(crate) fn own(&self, folded: &str) -> Option<&'static Field> {
        self.own.get(folded).copied()
    }

    /// The field that this name always means.
    pub(crate) fn synonym(&self, folded: &str) -> Option<&'static Field> {
        self.strong.get(folded).copied()
    }

    /// The field that this name may mean.
    pub(crate) fn weak(&self, folded: &str) -> Option<&'static Field> {
        self.weak.get(folded).copied()
    }

    /// Whether this name is known to look like a field and not to be it.
    pub(crate) fn never(&self, folded: &str) -> bool {
        self.never.iter().any(|pattern| pattern.fits(folded))
    }

    /// The field's value that this column's name says.
    pub(crate) fn constant(&self, folded: &str) -> Option<&Constant> {
        self.constants.get(folded)
    }

    /// The export whose header row this is.
    pub(crate) fn export(&self, folded: &[String]) -> Option<&Export> {
        self.exports.iter().find(|export| export.knows(folded))
    }

    /// The field whose names are most like this one, where it leads the next field clearly; with the likeness.
    pub(crate) fn similar(&self, name: &str) -> Option<(&'static Field, f64)> {
        let (best, second) = self.ranked(name);
        let (field, score) = best?;
        (score >= ALIKE && score - second >= MARGIN).then_some((field, score))
    }

    /// The field whose names are most like this one, and the next field's likeness.
    pub(crate) fn ranked(&self, name: &str) -> (Option<(&'static Field, f64)>, f64) {
        let mut best: Option<(&'static Field, f64)> = None;
        let mut second = 0.0_f64;
        if name.len() > LONGEST {
            return (None, 0.0);
        }
        let asked = Shape::of(name);
        for (known, field) in &self.all {
            // What is less alike is neither offered nor in the way of what is.
            if !asked.may_reach(known, ALIKE - MARGIN) {
                continue;
            }
            let score = asked.likeness(known);
            match best {
                Some((first, _)) if first.name == field.name => {
                    best = best.map(|(f, s)| (f, s.max(score)));
                }
                Some((_, leader)) if score <= leader => second = second.max(score),
                _ => {
                    second = second.max(best.map_or(0.0, |(_, s)| s));
                    best = Some((field, score));
                }
            }
        }
        (best, second)
    }
}

/// The names that stand for a field, and those that may mean it, as the vocabulary writes them.
pub(crate) fn names_of(field: &str) -> (Vec<String>, Vec<String>) {
    let file: File = toml_edit::de::from_str(SOURCE).unwrap_or_default();
    let names = |of: &BTreeMap<String, Vec<String>>| of.get(field).cloned().unwrap_or_default();
    (names(&file.synonyms), names(&file.weak))
}

/// The field that somebody may have had in mind: the one that is known by this name, else the one whose name, among
/// these others too, is most like it.
pub(crate) fn nearest_field<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words = Vocabulary::new();
    let folded = fold(name);
    let known = words.own(&folded).or_else(|| words.synonym(&folded));
    let known = known.or_else(|| words.weak(&folded)).map(|field| field.name);
    let similar = || nearest(name, FIELDS.iter().map(|field| field.name).chain(others));
    known.or_else(similar)
}

/// Beginnings of the names that a reject file gives to columns without a header; the column's number in the source
/// follows. `BEYOND` is a column to the right of the source's last header.
pub(crate) const UNNAMED: &str = "_unnamed_";
pub(crate) const BEYOND: &str = "_beyond_";

/// Whether these are the headers of a reject file.
pub fn is_of_rejects<'a>(headers: impl Iterator<Item = &'a str> + Clone) -> bool {
    REJECT_COLUMNS
        .iter()
        .all(|wanted| headers.clone().any(|header| header.trim() == *wanted))
}

/// Whether a reject file gave this name to a column without a header.
pub(crate) fn is_nameless(name: &str, beginning: &str) -> bool {
    let number = name.trim().strip_prefix(beginning);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a column is [`CHANGE`], in any case: a spreadsheet program or a database may have changed that.
pub(crate) fn is_change(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(CHANGE)
}

/// Whether a column is never a field: the server's own, a reject file's, or that of changes.
pub(crate) fn is_ignored(name: &str) -> bool {
    let folded = fold(name);
    REJECT_COLUMNS.contains(&name.trim())
        || is_change(name)
        || is_nameless(name, UNNAMED)
        || is_nameless(name, BEYOND)
        // `id` may head the column of the ids; `NAME`, folded, would be `name`.
        || name.trim() == NAME
        || SERVER_FIELDS[1..3].iter().any(|field| fold(field) == folded)
}

/// Tells `sheet` how well a text is known as a column's name, so that it finds the header row.
#[derive(Debug)]
pub struct Judge {
    vocabulary: Vocabulary,
    extra: Vec<String>,
    /// Those of them that the mapping file makes the ids.
    ids: Vec<String>,
}

impl Judge {
    /// A judge that knows the fields and their synonyms.
    #[must_use]
    pub fn new() -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            extra: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Whether a header is known as one of ids, whose cells are text even where they are all digits.
    #[must_use]
    pub fn names_ids(&self, header: &str) -> bool {
        let folded = self.vocabulary.fold(header);
        let field = self
            .vocabulary
            .own(&folded)
            .or_else(|| self.vocabulary.synonym(&folded));
        field.is_some_and(|field| matches!(field.name, ITEM_ID | "area_id"))
    }

    /// The same, and the headers that a mapping names, of which some are those of ids, count as fields' own names.
    #[must_use]
    pub fn with_headers<'a>(
        mut self,
        headers: impl Iterator<Item = &'a str>,
        ids: impl Iterator<Item = &'a str>,
    ) -> Self {
        let words = &self.vocabulary;
        self.extra.extend(headers.map(|header| words.fold(header)));
        self.ids.extend(ids.map(|header| words.fold(header)));
        self
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::new()
    }
}

impl HeaderJudge for Judge {
    fn is_known(&self, name: &str) -> bool {
        if name.len() > LONGEST {
            return false;
        }
        let folded = self.vocabulary.fold(name);
        // Asked of every text among a file's first rows, most of which are data.
        let is_in_it = self.vocabulary.own(&folded).is_some()
            || self.extra.contains(&folded)
            || self.vocabulary.synonym(&folded).is_some();
        is_in_it && !folded.is_empty() && !is_ignored(name)
    }

    fn weight(&self, name: &str) -> u32 {
        if name.len() > LONGEST {
            return 0;
        }
        let folded = self.vocabulary.fold(name);
        if folded.is_empty() || is_ignored(name) {
            0
        } else if self.vocabulary.own(&folded).is_some() || self.extra.contains(&folded) {
            3
        } else if self.vocabulary.synonym(&folded).is_some() {
            2
        } else if self.vocabulary.never(&folded) {
            0
        } else {
            u32::from(self.vocabulary.weak(&folded).is_some() || self.vocabulary.similar(name).is_some())
        }
    }

    fn is_named(&self, name: &str) -> bool {
        self.extra.contains(&self.vocabulary.fold(name))
    }

    fn is_id(&self, name: &str) -> bool {
        let folded = self.vocabulary.fold(name);
        let own = self.vocabulary.own(&folded);
        let field = own.or_else(|| self.vocabulary.synonym(&folded));
        self.ids.contains(&folded) || field.is_some_and(|field| field.name == ITEM_ID)
    }

    fn is_certain(&self, names: &[(usize, String)]) -> bool {
        is_of_rejects(names.iter().map(|(_, name)| name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_file_is_read_whole_and_names_only_fields() {
        let file: File = toml_edit::de::from_str(SOURCE).expect("vocabulary.toml is well-formed");
        let mut seen = HashMap::new();
        for (field, names) in file.synonyms.iter().chain(&file.weak) {
            assert!(field_named(field).is_some(), "{field} is no field");
            for name in names {
                if let Some(other) = seen.insert(fold(name), field) {
                    assert_eq!(other, field, "{name} stands for two fields");
                }
            }
        }
        for export in &file.export {
            assert!(!export.fingerprint.is_empty(), "{} has no fingerprint", export.name);
            for field in export.order.keys().chain(export.weak.keys()) {
                assert!(field_named(field).is_some(), "{field} of {} is no field", export.name);
            }
        }
        assert!(file.export.len() >= 7);
        assert!(
            file.constants
                .values()
                .all(|constant| field_named(&constant.field).is_some())
        );
    }

    #[test]
    fn no_synonym_is_also_on_the_never_list() {
        let words = Vocabulary::new();
        for folded in words.own.keys().chain(words.strong.keys()).chain(words.weak.keys()) {
            assert!(!words.never(folded), "{folded}");
        }
    }

    #[test]
    fn the_judge_weighs_own_names_above_synonyms_above_likeness() {
        let judge = Judge::new();
        assert_eq!(judge.weight("Item ID*"), 3);
        assert_eq!(judge.weight("Package Tag"), 2);
        assert_eq!(judge.weight("Lab Testing"), 1);
        assert_eq!(judge.weight("Quantitty"), 1);
        assert_eq!(judge.weight("Source Package Tag"), 0);
        assert_eq!(judge.weight("_reason"), 0);
        assert_eq!(judge.weight("Spring Hill Kush"), 0);
        assert_eq!(judge.weight(""), 0);
    }
}
