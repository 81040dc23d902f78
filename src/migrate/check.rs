//! A certificate that is checked again: what has changed on either side since it was written.
//!
//! Doesn't belong here: writing certificates (`certificate`), listing organizations (`commands`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::certificate::sum;
use super::difference::{FieldPair, changed_leaves, compare, digest, lacking_leaves};
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
}

#[derive(Deserialize)]
struct ClaimedItem {
    id: String,
    source_id: Option<String>,
    sha256: String,
}

#[derive(Deserialize)]
struct Named {
    id: String,
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
}

/// What has become of an item since the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An end no longer has it.
    Missing,
    /// An end has other values.
    Differs,
    /// The source has it, and the certificate doesn't name it.
    New,
}

/// An item that has changed since a certificate.
pub struct ChangedItem {
    /// Its id in the target.
    id: String,
    /// Its id in the source, where that is another.
    source: Option<String>,
    change: Change,
    /// The ends that it has changed at: `source`, `target`.
    at: Vec<&'static str>,
    /// What differs between the ends now: the source's value, and the target's.
    fields: Vec<FieldPair>,
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
        let named = |list: Vec<Named>| list.into_iter().map(|named| named.id).collect();
        Ok(Self {
            run: form.run,
            from: form.source,
            to: form.target,
            items: form.items,
            conflicts: named(form.skipped_conflicts),
            differences: named(form.differences),
            choice: part.choice(ids)?,
        })
    }

    /// Compares what both organizations hold now with what the certificate says of each item.
    pub fn check(&self, source: &mut ItemStore, target: &mut ItemStore) -> Result<Checked, Error> {
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
            let there = source.get(item.source_id.as_deref().unwrap_or(&item.id))?;
            let stored = target.get(&item.id)?;
            checked
                .changed
                .extend(item.check(&all, there.as_ref(), stored.as_ref()));
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
            checked.changed.push(ChangedItem {
                source: (source != id).then_some(source),
                id,
                change: match (was_different, &stored) {
                    (false, _) => Change::New,
                    (true, Some(_)) => Change::Differs,
                    (true, None) => Change::Missing,
                },
                at: vec![if was_different { "target" } else { "source" }],
                fields: stored.map_or_else(Vec::new, |stored| lacking_leaves(&body, &stored)),
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
    /// What has become of it, given what both ends hold now.
    fn check(&self, all: &Choice, source: Option<&Object>, target: Option<&Object>) -> Option<ChangedItem> {
        let is_proved = |item: &Object| hex(&digest(item)) == self.sha256;
        let body = source.and_then(|item| match all.wanted(item) {
            Wanted::Item { body, .. } => Some(body),
            _ => None,
        });
        let is_source_same = body.as_ref().is_some_and(is_proved);
        let is_equal = body.as_ref().is_some_and(|body| compare(body, target).is_ok());
        // Fields of its own don't make the target's item another one. Where the source has changed, they can't be told from
        // the others: then it has changed if it has followed the source.
        let is_target_same = match target {
            None => false,
            Some(_) if is_source_same => is_equal,
            Some(target) => is_proved(target) || !is_equal,
        };
        let at: Vec<&str> = [(is_source_same, "source"), (is_target_same, "target")]
            .into_iter()
            .filter_map(|(is_same, end)| (!is_same).then_some(end))
            .collect();
        if at.is_empty() {
            return None;
        }
        let is_missing = source.is_none() || target.is_none();
        Some(ChangedItem {
            id: self.id.clone(),
            source: self.source_id.clone(),
            change: if is_missing { Change::Missing } else { Change::Differs },
            at,
            fields: match (&body, source, target) {
                (Some(body), _, Some(target)) => lacking_leaves(body, target),
                // It is no item that could be moved any more.
                (None, Some(source), Some(target)) => changed_leaves(source, target),
                _ => Vec::new(),
            },
        })
    }
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
    /// For a person: `~ A1: differs in the source (quantity 5, in the target 4)`.
    #[must_use]
    pub fn line(&self) -> String {
        let fields = self.fields.iter();
        let fields = fields.map(|pair| {
            let (a, b) = (shown(Some(&pair.a)), shown(Some(&pair.b)));
            format!("{} {a}, in the target {b}", pair.field)
        });
        let fields: Vec<String> = fields.collect();
        let fields = if fields.is_empty() {
            String::new()
        } else {
            format!(" ({})", fields.join("; "))
        };
        let at: Vec<String> = self.at.iter().map(|end| format!("in the {end}")).collect();
        format!(
            "{} {}: {} {}{fields}",
            self.change.sign(),
            self.id,
            self.change.name(),
            at.join(" and ")
        )
    }

    /// For programs.
    fn document(&self) -> Value {
        let pairs = self.fields.iter();
        let pairs = pairs.map(|pair| json!({"field": pair.field, "source": pair.a, "target": pair.b}));
        json!({
            "id": self.id, "source_id": self.source, "change": self.change.name(), "at": self.at,
            "fields": pairs.collect::<Vec<_>>(),
        })
    }
}

impl Checked {
    /// How many items have changed so.
    #[must_use]
    pub fn count(&self, change: Change) -> u64 {
        self.changed.iter().filter(|item| item.change == change).count() as u64
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
