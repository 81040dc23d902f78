//! The certificate of a migration: as JSON for programs, with a hash for each item, and as a page to read, print and keep.
//!
//! Doesn't belong here: what it certifies (`verify`).

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::verify::Proof;
use super::{Noticed, hex};
use crate::error::Error;
use crate::hash::Sha256;
use crate::inventory::{Completeness, Listing};
use crate::output::{counted, grouped};
use crate::report::{Tally, numbered};
use crate::sheet::write::{AtomicFile, WriteError};

/// The version of the JSON's form.
const FORM: u32 = 1;

/// How many items the page lists one by one; the JSON lists all.
const LISTED: usize = 1_000;

/// How an item's hash is made, for whoever wants to check it.
const HOW: &str = "sha256 of an item: SHA-256 of its JSON without white space, keys in byte order; without id, updated_at, updated_by and whatever is null, '' or 'None'; item_id as text; numbers (in the number fields numeric text too) as an integer without trailing zeros and a power of ten (12.50 is 125e-1). sha256 of all: SHA-256 of a line 'HASH  ID' for each item, in byte order of the ids.";

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
    /// When the run began and ended.
    pub times: (Timestamp, Timestamp),
    /// Which items were meant, in words.
    pub choice: &'a [String],
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
    /// The files that `--certificate` names: both, whichever ending was given. They must not be there.
    pub fn named(path: &Path) -> Result<Self, Error> {
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
        let paths = Self {
            json: with(".json"),
            page: with(".html"),
        };
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
        let sum = self.sum();
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

    /// Whether everything that was asked for is in the target, equal.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let tally = &self.tally;
        self.proof.differences.is_empty() && tally.rejected + tally.failed + tally.not_attempted == 0
    }

    fn verdict(&self) -> String {
        let (to, from) = (&self.to.org, &self.from.org);
        let equal = grouped(self.proof.equal.len() as u64);
        let tally = &self.tally;
        let missing = tally.rejected + tally.failed + tally.not_attempted;
        if !self.proof.differences.is_empty() {
            let differing = grouped(self.proof.differences.len() as u64);
            format!("NOT EQUAL: {differing} items of {to} differ from {from}; {equal} are equal.")
        } else if missing > 0 {
            format!(
                "INCOMPLETE: {equal} items of {from} are in {to}, equal; {} were not moved.",
                grouped(missing)
            )
        } else {
            format!("Every item of {from} that was asked for is in {to}, equal field by field: {equal} items.")
        }
    }

    /// The hash over all items.
    fn sum(&self) -> String {
        let mut sum = Sha256::new();
        for item in &self.proof.equal {
            sum.update(format!("{}  {}\n", hex(&item.sha256), item.id));
        }
        hex(&sum.finish())
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
        let tally = &self.tally;
        let differences: Vec<Value> = self
            .proof
            .differences
            .iter()
            .map(|(id, what)| json!({"id": id, "differs": what}))
            .collect();
        // The last name in the alphabet holds no object, so that the items can be written behind it.
        json!({
            "certificate": FORM, "tool": concat!("stockport ", env!("CARGO_PKG_VERSION")), "run": self.run,
            "verdict": self.verdict(), "whole": self.is_whole(), "choice": self.choice,
            "source": side(self.from), "target": target,
            "started": moment(self.times.0), "ended": moment(self.times.1),
            "counts": {
                "read": tally.read, "created": tally.created, "updated": tally.updated,
                "unchanged": tally.unchanged, "skipped": tally.skipped, "rejected": tally.rejected,
                "failed": tally.failed, "not_attempted": tally.not_attempted,
                "compared": self.proof.equal.len() + self.proof.differences.len(),
                "equal": self.proof.equal.len(), "differences": self.proof.differences.len(),
                "conflicts": self.noticed.conflicts, "keep_fields_of_their_own": self.noticed.kept,
            },
            "differences": differences, "kept": self.noticed.kept_named, "hashes": HOW, "sha256": sum,
        })
    }

    fn page(&self, sum: &str) -> String {
        let mut page = String::new();
        let title = format!("Migration {} → {}", escaped(&self.from.org), escaped(&self.to.org));
        let verdict = escaped(&self.verdict());
        let class = if self.is_whole() { "good" } else { "bad" };
        let _ = write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p class=\"{class}\">{verdict}</p>\n"
        );
        let mut facts: Vec<(&str, String)> = vec![
            ("Began", moment(self.times.0)),
            ("Ended", moment(self.times.1)),
            ("Run", self.run.to_owned()),
            ("Tool", concat!("stockport ", env!("CARGO_PKG_VERSION")).to_owned()),
            ("Items meant", self.choice.join("; ")),
        ];
        facts.extend(side_facts("Source", self.from));
        facts.extend(side_facts("Target", self.to));
        let after = &self.proof.listing;
        facts.push((
            "Target, read back",
            format!(
                "{}, {} to be all: {}",
                counted(after.count, "item"),
                grade(after),
                after.evidence
            ),
        ));
        table(&mut page, &facts);
        page.push_str("<h2>Counts</h2>\n");
        let tally = &self.tally;
        let counts: Vec<(&str, String)> = [
            ("Read from the source", tally.read),
            ("Created", tally.created),
            ("Updated", tally.updated),
            ("Unchanged", tally.unchanged),
            ("Left out on request", tally.skipped),
            ("Rejected", tally.rejected),
            ("Failed", tally.failed),
            ("Not attempted", tally.not_attempted),
            (
                "Compared when read back",
                self.proof.equal.len() as u64 + self.proof.differences.len() as u64,
            ),
            ("Differences", self.proof.differences.len() as u64),
            ("Items of the target that keep fields of their own", self.noticed.kept),
        ]
        .into_iter()
        .map(|(name, count)| (name, grouped(count)))
        .collect();
        table(&mut page, &counts);
        page.push_str("<h2>Differences</h2>\n");
        if self.proof.differences.is_empty() {
            page.push_str("<p>None.</p>\n");
        } else {
            let rows = self.proof.differences.iter().take(LISTED);
            table(
                &mut page,
                &rows.map(|(id, what)| (id.as_str(), what.clone())).collect::<Vec<_>>(),
            );
        }
        let _ = write!(
            page,
            "<h2>Hashes</h2>\n<p>Over all items: <code>{sum}</code></p>\n<p>{}</p>\n",
            escaped(HOW)
        );
        if self.proof.equal.len() <= LISTED {
            let rows = self
                .proof
                .equal
                .iter()
                .map(|item| (item.id.as_str(), hex(&item.sha256)));
            table(&mut page, &rows.collect::<Vec<_>>());
        } else {
            let count = grouped(self.proof.equal.len() as u64);
            let _ = writeln!(
                page,
                "<p>The hash of each of the {count} items stands in the JSON beside this page.</p>"
            );
        }
        page.push_str("</body>\n</html>\n");
        page
    }
}

const STYLE: &str = "body{font:11pt/1.4 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#111}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}th{font-weight:normal;color:#555;width:40%}p.good,p.bad{font-weight:bold;border-left:.4em solid #2a7;padding-left:.8em}p.bad{border-color:#c22}code{overflow-wrap:anywhere}";

fn side_facts<'n>(name: &'n str, side: &Side) -> Vec<(&'n str, String)> {
    let before = &side.before;
    let mut text = format!(
        "{} at {}: {}, {} to be all: {}",
        side.org,
        side.api,
        counted(before.count, "item"),
        grade(before),
        before.evidence
    );
    if let Some(snapshot) = &side.snapshot {
        text += &format!("; a snapshot from before: {}", snapshot.display());
    }
    vec![(name, text)]
}

fn table(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<table>\n");
    for (name, value) in rows {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value));
    }
    page.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn grade(listing: &Listing) -> &'static str {
    match listing.completeness {
        Completeness::Proved => "proved",
        Completeness::Plausible => "plausible",
        Completeness::Cut | Completeness::Unlisted => "not known",
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
