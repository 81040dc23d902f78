//! The certificate of a migration: as JSON for programs, with a hash for each item, and as a page to read, print and keep.
//!
//! Doesn't belong here: what it certifies (`verify`, `since`), the page's looks (`page`).

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::difference::FieldPair;
use super::verdict::Verdict;
use super::verify::Proof;
use super::{Gone, Ids, Noticed, Part, hex, moment};
use crate::error::Error;
use crate::hash::Sha256;
use crate::inventory::{Completeness, Listing};
use crate::report::{Tally, numbered};
use crate::sheet::write::{AtomicFile, WriteError};

/// The version of the JSON's form.
const FORM: u32 = 1;

/// How an item's hash is made, for whoever wants to check it.
pub(super) const HOW: &str = "sha256 of an item: SHA-256 of its JSON without white space, keys in byte order; without id, updated_at, updated_by and whatever is null, '' or 'None'; item_id as text; numbers (in the number fields numeric text too) as an integer without trailing zeros and a power of ten (12.50 is 125e-1). sha256 of all: SHA-256 of a line 'HASH  ID' for each item, in byte order of the ids.";

/// One end of a migration.
#[derive(Clone, Debug)]
pub struct Side {
    /// The organization.
    pub org: String,
    /// Its API, or the embedded server.
    pub api: String,
    /// The list that was read before anything was sent.
    pub before: Listing,
    /// The snapshot that was taken of it.
    pub snapshot: Option<PathBuf>,
}

/// All that a certificate says.
pub struct Certificate<'a> {
    /// The run.
    pub run: &'a str,
    /// Where the items came from.
    pub from: &'a Side,
    /// Where they went.
    pub to: &'a Side,
    /// When the run began, when it had read the source, and when it ended.
    pub times: [Timestamp; 3],
    /// Which items were asked for, in words.
    pub choice: &'a [String],
    /// The same for programs.
    pub part: &'a Part,
    /// How ids changed.
    pub ids: &'a Ids,
    /// The equation.
    pub tally: Tally,
    /// What was noticed while planning.
    pub noticed: &'a Noticed,
    /// What reading the target back has shown.
    pub proof: &'a Proof,
}

/// Where a certificate is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The JSON.
    pub json: PathBuf,
    /// The page.
    pub page: PathBuf,
}

impl Paths {
    /// The files that `--certificate` names: both, whichever ending was given.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let known = path
            .extension()
            .is_some_and(|ending| ["json", "html"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
        let with = |ending: &str| {
            let stem = if known {
                path.with_extension("")
            } else {
                path.to_owned()
            };
            let mut name = stem.into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        Self {
            json: with(".json"),
            page: with(".html"),
        }
    }

    /// The files that `--certificate` names. They must not be there.
    pub fn named(path: &Path) -> Result<Self, Error> {
        let paths = Self::of(path);
        for path in [&paths.json, &paths.page] {
            // What can't be written at the end is refused at the beginning.
            drop(AtomicFile::create(path, false)?);
        }
        Ok(paths)
    }

    /// `migration-FROM-TO-DATE.json` and `.html` in the working folder, numbered where they are there already.
    pub fn usual(from: &str, to: &str, date: Timestamp, part: Option<&str>) -> Result<Self, Error> {
        let part = part.map(|part| format!("-shard-{part}")).unwrap_or_default();
        let name = format!("{}-{}{part}", Self::stem(from, to), date.strftime("%Y-%m-%d"));
        let (json, file) = numbered(Path::new(&format!("{name}.json")))?;
        drop(file);
        Ok(Self {
            page: json.with_extension("html"),
            json,
        })
    }

    /// What the files of a migration are called: `migration-FROM-TO`.
    #[must_use]
    pub fn stem(from: &str, to: &str) -> String {
        format!("migration-{}-{}", plain(from), plain(to))
    }
}

/// An organization's name as a part of a file's name on any system.
pub(super) fn plain(org: &str) -> String {
    org.chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(80)
        .collect()
}

impl Certificate<'_> {
    /// Writes both files.
    pub fn write(&self, paths: &Paths) -> Result<(), Error> {
        let hashes: Vec<String> = self.proof.equal.iter().map(|item| hex(&item.sha256)).collect();
        let ids = self.proof.equal.iter().map(|item| item.id.as_str());
        let sum = sum(hashes.iter().map(String::as_str).zip(ids));
        let mut file = AtomicFile::create(&paths.json, false)?;
        let mut out = BufWriter::new(&mut file);
        let head = serde_json::to_string_pretty(&self.document(&sum)).map_err(std::io::Error::from)?;
        let mut put = |text: &str| out.write_all(text.as_bytes()).map_err(WriteError::from);
        // One item a line: the files of two migrations can be compared line by line.
        put(head.trim_end_matches(['}', '\n']))?;
        put(",\n  \"items\": [")?;
        for (place, item) in self.proof.equal.iter().enumerate() {
            let mut line = json!({"id": item.id, "sha256": hex(&item.sha256)});
            if let Some(source) = &item.source {
                line["source_id"] = Value::from(source.as_str());
            }
            put(if place == 0 { "\n    " } else { ",\n    " })?;
            put(&line.to_string())?;
        }
        put(if self.proof.equal.is_empty() {
            "]\n}\n"
        } else {
            "\n  ]\n}\n"
        })?;
        out.flush().map_err(WriteError::from)?;
        drop(out);
        file.commit()?;
        let mut page = AtomicFile::create(&paths.page, false)?;
        page.write_all(self.page(&sum).as_bytes()).map_err(WriteError::from)?;
        page.commit()?;
        Ok(())
    }

    pub(super) fn verdict(&self) -> Verdict<'_> {
        Verdict {
            from: &self.from.org,
            to: &self.to.org,
            read_at: &self.times[1],
            part: self.part,
            choice: self.choice,
            proof: self.proof,
        }
    }

    /// The sentences of the verdict, the main one first.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.verdict().sentences()
    }

    /// What the verdict is drawn from, for programs: each finding in a field of its own.
    #[must_use]
    pub fn findings(&self) -> Map<String, Value> {
        let (verdict, now) = (self.verdict(), &self.proof.now);
        let part = (!self.part.is_all()).then_some(self.part);
        let conflicts = self.proof.conflicts.iter().map(|kept| {
            identified(
                &kept.id,
                kept.source.as_deref(),
                "fields",
                pairs(&kept.fields, ["source", "target"]),
            )
        });
        let gone = self.proof.gone.iter().map(Gone::document);
        let since = now.since.as_ref().map(|since| {
            let changed = since
                .changed
                .iter()
                .map(|changed| identified(&changed.id, None, "fields", pairs(&changed.fields, ["read", "now"])));
            json!({
                "listed_again": moment(&since.at), "changed": changed.collect::<Vec<_>>(),
                "added": since.added, "removed": since.removed, "error": null,
            })
        });
        let unlisted =
            |why: &String| json!({"listed_again": null, "changed": [], "added": [], "removed": [], "error": why});
        let [asked, there] = &self.proof.quantities;
        let [of_source, of_target] = &now.quantities;
        let findings = json!({
            "verdict": verdict.sentences().join(" "), "whole": verdict.is_whole(), "part": part,
            "skipped_conflicts": conflicts.collect::<Vec<_>>(),
            "only_in_target": {"count": now.only_there.count, "ids": now.only_there.ids},
            "gone_from_source": gone.collect::<Vec<_>>(), "deleted_from_target": self.proof.deleted,
            "source_changed": since.unwrap_or_else(unlisted),
            "quantities": {
                "asked_for": {"source": asked.document(), "target": there.document()},
                "all": {"source": of_source.document(), "target": of_target.document()},
            },
        });
        match findings {
            Value::Object(findings) => findings,
            _ => Map::new(),
        }
    }

    fn document(&self, sum: &str) -> Value {
        let side = |side: &Side| {
            json!({
                "api": side.api, "organization": side.org, "items": side.before.count,
                "completeness": grade(&side.before), "evidence": side.before.evidence, "snapshot": side.snapshot,
            })
        };
        let mut target = side(self.to);
        target["items_after"] = Value::from(self.proof.listing.count);
        target["completeness_after"] = Value::from(grade(&self.proof.listing));
        target["evidence_after"] = Value::from(self.proof.listing.evidence.as_str());
        let mut source = side(self.from);
        source["read_at"] = moment(&self.times[1]).into();
        if let Ok(since) = &self.proof.now.since {
            source["items_after"] = Value::from(since.listing.count);
            source["completeness_after"] = Value::from(grade(&since.listing));
            source["evidence_after"] = Value::from(since.listing.evidence.as_str());
        }
        target["read_at"] = moment(&self.proof.at).into();
        let tally = &self.tally;
        let differences: Vec<Value> = self
            .proof
            .differences
            .iter()
            .map(|(id, what)| json!({"id": id, "differs": what}))
            .collect();
        let mut document = json!({
            "certificate": FORM, "tool": concat!("stockport ", env!("CARGO_PKG_VERSION")), "run": self.run,
            "choice": self.choice, "ids": self.ids.rule(), "source": source, "target": target,
            "started": moment(&self.times[0]), "ended": moment(&self.times[2]),
            "counts": {
                "read": tally.read, "created": tally.created, "updated": tally.updated,
                "unchanged": tally.unchanged, "skipped": tally.skipped, "rejected": tally.rejected,
                "failed": tally.failed, "not_attempted": tally.not_attempted, "deleted": tally.deleted,
                "not_moved": self.proof.not_moved, "not_asked_for": self.proof.not_asked,
                "compared": self.proof.equal.len() + self.proof.differences.len(),
                "equal": self.proof.equal.len(), "differences": self.proof.differences.len(),
                "conflicts": self.noticed.conflicts, "keep_fields_of_their_own": self.noticed.kept,
            },
            "differences": differences, "kept": self.noticed.kept_named, "hashes": HOW, "sha256": sum,
        });
        // The last name in the alphabet holds no object, so that the items can be written behind it.
        if let Value::Object(document) = &mut document {
            document.extend(self.findings());
        }
        document
    }
}

/// The hash over all items: each item's hash and id, in the byte order of the ids.
pub(super) fn sum<'i>(items: impl Iterator<Item = (&'i str, &'i str)>) -> String {
    let mut sum = Sha256::new();
    for (hash, id) in items {
        sum.update(format!("{hash}  {id}\n"));
    }
    hex(&sum.finish())
}

/// An entry of a list of items.
fn identified(id: &str, source: Option<&str>, name: &str, value: Value) -> Value {
    let mut line = json!({"id": id, name: value});
    if let Some(source) = source {
        line["source_id"] = source.into();
    }
    line
}

/// Fields with both values, by these names.
fn pairs(fields: &[FieldPair], [a, b]: [&str; 2]) -> Value {
    let pair = |pair: &FieldPair| json!({"field": pair.field, a: pair.a, b: pair.b});
    fields.iter().map(pair).collect()
}

pub(super) fn grade(listing: &Listing) -> &'static str {
    match listing.completeness {
        Completeness::Proved => "proved",
        Completeness::Plausible => "plausible",
        Completeness::Cut | Completeness::Unlisted => "not known",
    }
}
