//! A certificate that is checked again: what has changed on either side since it was written.
//!
//! Doesn't belong here: writing certificates (`certificate`), listing organizations (`commands`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::certificate::sum;
use super::difference::{FieldPair, changed_leaves, compare, digest, lacking_leaves, share};
use super::{Choice, Ids, MigrateError, Part, Wanted, hex};
use crate::error::Error;
use crate::files::{self, bounds};
use crate::inventory::ItemStore;
use crate::item::Object;
use crate::plan::shown;

/// What a certificate says, as far as it is checked.
pub struct Claim {
    /// The run.
    pub run: String,
    /// The source.
    pub from: ClaimedEnd,
    /// The target.
    pub to: ClaimedEnd,
    /// The items that it proved to be equal.
    items: Vec<ClaimedItem>,
    /// Items that it names as skipped conflicts.
    conflicts: BTreeSet<String>,
    /// Items that it names as differing.
    differences: BTreeSet<String>,
    /// Items of the target that the source didn't have then.
    only_there: BTreeSet<String>,
    /// Which items were asked for, and how ids changed.
    choice: Choice,
}

/// One end, as a certificate names it.
#[derive(Clone, Debug, Deserialize)]
pub struct ClaimedEnd {
    /// Its API, or the folder of the embedded server.
    pub api: String,
    /// The organization.
    #[serde(rename = "organization")]
    pub org: String,
    /// The snapshot that was taken of it, on the machine of the migration.
    pub snapshot: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ClaimedItem {
    id: String,
    source_id: Option<String>,
    sha256: String,
    /// Of the target's item, where that had fields of its own.
    target_sha256: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Default, Deserialize)]
struct NamedIds {
    ids: BTreeSet<String>,
}

/// The JSON of a certificate. Those of version 0.1.0 lack the fields with defaults.
#[derive(Deserialize)]
struct Form {
    run: String,
    choice: Vec<String>,
    ids: Option<Value>,
    part: Option<Part>,
    source: ClaimedEnd,
    target: ClaimedEnd,
    items: Vec<ClaimedItem>,
    sha256: String,
    #[serde(default)]
    differences: Vec<Named>,
    #[serde(default)]
    skipped_conflicts: Vec<Named>,
    #[serde(default)]
    only_in_target: NamedIds,
    #[serde(default)]
    gone_from_source: Vec<Named>,
}

/// What has become of an item since the certificate; of two changes the lower one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// An end no longer has it.
    Missing,
    /// An end has other values.
    Differs,
    /// The source has it, and the certificate doesn't name it.
    New,
}

/// An end, for programs and people.
type End = &'static str;
const SOURCE: End = "source";
const TARGET: End = "target";

/// A field of an item that has changed.
struct ChangedField {
    /// The certificate's value, where it is known.
    then: Option<Value>,
    source: Value,
    target: Value,
}

/// An item that has changed since a certificate.
pub struct ChangedItem {
    /// Its id in the target.
    id: String,
    /// Its id in the source, where that is another.
    source: Option<String>,
    /// What has become of it at each end where it has changed.
    at: Vec<(End, Change)>,
    /// The fields in which the ends differ, or have changed.
    fields: BTreeMap<String, ChangedField>,
}

/// What a check has found.
#[derive(Default)]
pub struct Checked {
    /// How many items the certificate proved to be equal.
    pub named: u64,
    /// The items that have changed.
    pub changed: Vec<ChangedItem>,
}

impl Claim {
    /// Reads a certificate's JSON.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bad = |why: String| MigrateError::Certificate {
            path: path.to_owned(),
            why,
        };
        let unread = |cause: std::io::Error| bad(format!("it can't be read: {}", crate::cause::io(&cause)));
        // A pipe would be waited for, and an endless device read.
        if !std::fs::metadata(path).map_err(unread)?.is_file() {
            return Err(bad("it is not a regular file".to_owned()).into());
        }
        let bytes = files::read_named(path, bounds::PLAN).map_err(unread)?;
        let form: Form =
            serde_json::from_slice(&bytes).map_err(|cause| bad(format!("it is not a certificate: {cause}")))?;
        let (ids, part) = asked(&form).ok_or_else(|| {
            bad(
                "an earlier version of stockport wrote it, without the list of the items and ids that were asked for"
                    .to_owned(),
            )
        })?;
        let hashes = form.items.iter().map(|item| (item.sha256.as_str(), item.id.as_str()));
        if sum(hashes) != form.sha256 {
            return Err(bad("its items don't match its hash: the file was changed or truncated".to_owned()).into());
        }
        let named = |list: Vec<Named>| list.into_iter().map(|named| named.id).collect::<BTreeSet<_>>();
        let mut only_there = named(form.gone_from_source);
        only_there.extend(form.only_in_target.ids);
        Ok(Self {
            run: form.run,
            from: form.source,
            to: form.target,
            items: form.items,
            conflicts: named(form.skipped_conflicts),
            differences: named(form.differences),
            only_there,
            choice: part.choice(ids)?,
        })
    }

    /// Compares what both organizations hold now with what the certificate says of each item. `as_read` is what is known of
    /// the source's items as they were certified, by their ids in the source.
    pub fn check(
        &self,
        source: &mut ItemStore,
        target: &mut ItemStore,
        as_read: &BTreeMap<String, Object>,
    ) -> Result<Checked, Error> {
        let mut checked = Checked {
            named: self.items.len() as u64,
            changed: Vec::new(),
        };
        // Whatever it was chosen by, what was proved once is checked.
        let all = Choice {
            ids: self.choice.ids.clone(),
            ..Choice::default()
        };
        let mut known: BTreeMap<&str, &ClaimedItem> = BTreeMap::new();
        for item in &self.items {
            known.insert(item.id.as_str(), item);
            let source_id = item.source_id.as_ref().unwrap_or(&item.id);
            let ends = [source.get(source_id)?, target.get(&item.id)?];
            checked.changed.extend(item.check(&all, &ends, as_read.get(source_id)));
        }
        source.each::<Error>(|item| {
            let Wanted::Item { source, id, body } = self.choice.wanted(&item) else {
                return Ok(());
            };
            if known.contains_key(id.as_str()) || self.conflicts.contains(&id) {
                return Ok(());
            }
            let stored = target.get(&id)?;
            let is_equal = compare(&body, stored.as_ref()).is_ok();
            let was_different = self.differences.contains(&id);
            if was_different && is_equal {
                return Ok(());
            }
            let at = match (was_different, &stored) {
                (true, Some(_)) => vec![(TARGET, Change::Differs)],
                (true, None) => vec![(TARGET, Change::Missing)],
                (false, Some(_)) if !self.only_there.contains(&id) => {
                    vec![(SOURCE, Change::New), (TARGET, Change::New)]
                }
                (false, _) => vec![(SOURCE, Change::New)],
            };
            checked.changed.push(ChangedItem {
                source: (source != id).then_some(source),
                id,
                at,
                fields: changed_fields(None, [Some(&body), stored.as_ref()]),
            });
            Ok(())
        })?;
        checked.changed.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(checked)
    }
}

/// How ids changed, and which items were asked for; none where the certificate says so in words alone.
fn asked(form: &Form) -> Option<(Ids, Part)> {
    match &form.ids {
        Some(rule) => Some((Ids::of_rule(rule)?, form.part.clone().unwrap_or_default())),
        None => (form.choice == ["all"]).then(|| (Ids::Same, Part::default())),
    }
}

impl ClaimedItem {
    /// What has become of it, given what both ends hold now and, where that is known, the source's item of the certificate.
    fn check(&self, all: &Choice, ends: &[Option<Object>; 2], as_read: Option<&Object>) -> Option<ChangedItem> {
        let is_proved = |item: &Object| hex(&digest(item)) == self.sha256;
        let wanted = |item: &Object| match all.wanted(item) {
            Wanted::Item { body, .. } => Some(body),
            _ => None,
        };
        let [source, target] = ends.each_ref().map(Option::as_ref);
        let body = source.and_then(wanted);
        // A snapshot that was changed since is of no use.
        let then = as_read.and_then(wanted).filter(is_proved);
        let is_source_same = body.as_ref().is_some_and(is_proved);
        let certified = if is_source_same { &body } else { &then };
        // Fields of its own don't make the target's item another one.
        let is_target_same = target.is_some_and(|target| {
            if let Some(certified) = certified {
                return compare(certified, Some(target)).is_ok();
            }
            let own = hex(&digest(target));
            own == self.sha256
                || self.target_sha256.as_ref() == Some(&own)
                || body.as_ref().is_some_and(|body| is_proved(&share(body, target)))
        });
        let ends = [(is_source_same, SOURCE, source), (is_target_same, TARGET, target)];
        let changed = ends.into_iter().filter(|(is_same, ..)| !is_same);
        let at: Vec<(End, Change)> = changed
            .map(|(_, end, item)| match item {
                Some(_) => (end, Change::Differs),
                None => (end, Change::Missing),
            })
            .collect();
        // Of an item that could not be moved any more, all of it is compared.
        (!at.is_empty()).then(|| ChangedItem {
            id: self.id.clone(),
            source: self.source_id.clone(),
            at,
            fields: changed_fields(then.as_ref(), [body.as_ref().or(source), target]),
        })
    }
}

/// The fields in which the ends differ from each other or from the certificate, inner ones after dots.
fn changed_fields(then: Option<&Object>, [source, target]: [Option<&Object>; 2]) -> BTreeMap<String, ChangedField> {
    let mut fields = BTreeMap::new();
    if let (Some(source), Some(target)) = (source, target) {
        for pair in lacking_leaves(source, target) {
            let (then, source, target) = (None, pair.a, pair.b);
            fields.insert(pair.field, ChangedField { then, source, target });
        }
    }
    let Some(then) = then else { return fields };
    // An end that has not changed holds the certificate's value; one without the item holds none.
    let mut put = |pair: FieldPair, end: End| {
        let held = |item: Option<&Object>| item.map_or(Value::Null, |_| pair.a.clone());
        let (then, source, target) = (None, held(source), held(target));
        let entry = fields.entry(pair.field);
        let field = entry.or_insert(ChangedField { then, source, target });
        *(if end == SOURCE {
            &mut field.source
        } else {
            &mut field.target
        }) = pair.b;
        field.then = Some(pair.a);
    };
    let of_source = source.map(|source| changed_leaves(then, source));
    of_source.into_iter().flatten().for_each(|pair| put(pair, SOURCE));
    let of_target = target.map(|target| lacking_leaves(then, target));
    of_target.into_iter().flatten().for_each(|pair| put(pair, TARGET));
    fields
}

impl Change {
    /// The word for programs.
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::New => "new",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Missing => "-",
            Self::Differs => "~",
            Self::New => "+",
        }
    }
}

impl ChangedItem {
    /// Its id in the source.
    #[must_use]
    pub fn source_id(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.id)
    }

    fn change(&self) -> Change {
        self.at.iter().map(|(_, change)| *change).min().unwrap_or(Change::New)
    }

    /// For a person: `~ A1: differs in the source and in the target (quantity: certificate 6, source 5, target 4)`.
    #[must_use]
    pub fn line(&self) -> String {
        let fields = self.fields.iter().map(|(name, field)| {
            let then = field.then.as_ref();
            let then = then.map_or_else(String::new, |then| format!("certificate {}, ", shown(Some(then))));
            let (source, target) = (shown(Some(&field.source)), shown(Some(&field.target)));
            format!("{name}: {then}source {source}, target {target}")
        });
        let fields: Vec<String> = fields.collect();
        let fields = if fields.is_empty() {
            String::new()
        } else {
            format!(" ({})", fields.join("; "))
        };
        let at = match self.at.as_slice() {
            [(_, a), (_, b)] if a == b => format!("{} in the {SOURCE} and in the {TARGET}", a.name()),
            ends => {
                let ends = ends
                    .iter()
                    .map(|(end, change)| format!("{} in the {end}", change.name()));
                ends.collect::<Vec<_>>().join(", ")
            }
        };
        format!("{} {}: {at}{fields}", self.change().sign(), self.id)
    }

    /// For programs.
    fn document(&self) -> Value {
        let fields = self.fields.iter().map(|(name, field)| {
            let mut document = json!({"field": name, "source": field.source, "target": field.target});
            if let Some(then) = &field.then {
                document["certificate"] = then.clone();
            }
            document
        });
        let at = self.at.iter().map(|(end, _)| *end);
        let changes = self
            .at
            .iter()
            .map(|(end, change)| ((*end).to_owned(), change.name().into()));
        json!({
            "id": self.id, "source_id": self.source, "change": self.change().name(), "at": at.collect::<Vec<_>>(),
            "changes": changes.collect::<Object>(), "fields": fields.collect::<Vec<_>>(),
        })
    }
}

impl Checked {
    /// How many items have changed so.
    #[must_use]
    pub fn count(&self, change: Change) -> u64 {
        self.changed.iter().filter(|item| item.change() == change).count() as u64
    }

    /// For programs.
    #[must_use]
    pub fn document(&self) -> Value {
        let (missing, differs) = (self.count(Change::Missing), self.count(Change::Differs));
        json!({
            "named": self.named, "missing": missing, "differs": differs, "new": self.count(Change::New),
            "items": self.changed.iter().map(ChangedItem::document).collect::<Vec<_>>(),
        })
    }
}
