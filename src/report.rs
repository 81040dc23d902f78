//! What a run did, proved: the closing equation, and the summary for people and programs.
//!
//! Belongs here: counting, and saying what was counted. Doesn't: deciding anything. The rows that did not go through
//! are written by `rejects`, `--report` by `file`.

mod book;
mod details;
mod error;
mod file;
mod next;
mod originals;
mod page;
mod reason;
mod rejects;
mod results;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Exit};
use crate::journal::{Journal, JournalError};
use crate::output::{Output, Tone, Warning, are, counted, counted_are, grouped, human, rounded};
pub use details::{Details, Place};
pub use error::{Imbalance, RejectError, ReportError};
pub use file::ReportFile;
pub use next::Next;
pub use reason::{bare, kind};
pub use rejects::{Rejects, write_ids, write_objects};
pub(crate) use rejects::{mapping_beside, numbered};
pub use results::{Account, Results};

/// How many data rows (or, elsewhere, items) ended how: in a summary's document, too.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Data rows read.
    pub read: u64,
    /// New items that are stored now.
    pub created: u64,
    /// Stored items that hold the new values now.
    pub updated: u64,
    /// Stored as the file says already; nothing was sent.
    pub unchanged: u64,
    /// Items that are gone now.
    pub deleted: u64,
    /// Left out on request.
    pub skipped: u64,
    /// Refused before sending; or not deleted, because the item has changed since the plan.
    pub rejected: u64,
    /// Refused by the server, or still unknown at the end.
    pub failed: u64,
    /// How many of those that failed are unknown: sent, or about to be, and no answer tells whether they were saved.
    #[serde(default)]
    pub unknown: u64,
    /// Not begun when the run stopped.
    pub not_attempted: u64,
}

/// The facts under which a run notes, with its plan, what its journal holds in no table.
const NOTED: [&str; 3] = ["read", "unchanged", "skipped"];

impl Tally {
    /// What a run notes with its plan: how many rows were read, and how many of them need nothing and are skipped.
    #[must_use]
    pub fn to_note(read: u64, unchanged: u64, skipped: u64) -> [(&'static str, String); 3] {
        let [of_read, of_unchanged, of_skipped] = NOTED;
        [
            (of_read, read.to_string()),
            (of_unchanged, unchanged.to_string()),
            (of_skipped, skipped.to_string()),
        ]
    }

    /// What became of so many rows, counted from the journal and from what it has in no table.
    pub fn of(journal: &Journal, read: u64, unchanged: u64, skipped: u64) -> Result<Self, JournalError> {
        let outcomes = journal.outcomes()?;
        Ok(Self {
            read,
            created: outcomes.created,
            updated: outcomes.updated,
            // Items that were gone before their turn came are as they were wanted, and not by this run.
            unchanged: unchanged + outcomes.gone,
            deleted: outcomes.deleted,
            skipped,
            rejected: journal.rejected()? + outcomes.left,
            failed: outcomes.failed + outcomes.unknown,
            unknown: outcomes.unknown,
            not_attempted: outcomes.not_attempted,
        })
    }

    /// The same of an earlier run or part of a run, as far as it came. Rows that it never planned are not attempted, where
    /// their number is known.
    pub fn so_far(journal: &Journal, read: Option<u64>) -> Result<Self, JournalError> {
        let facts = journal.facts()?;
        let [noted, unchanged, skipped] = NOTED.map(|fact| facts.get(fact).and_then(|count| count.parse().ok()));
        let tally = Self::of(journal, 0, unchanged.unwrap_or_default(), skipped.unwrap_or_default())?;
        let ended = tally.sum() - tally.not_attempted;
        let read = read.or(noted).unwrap_or_else(|| tally.sum());
        Ok(Self {
            read: read.max(ended),
            not_attempted: read.saturating_sub(ended),
            ..tally
        })
    }

    /// The same as a summary's document holds it; none where that is no summary.
    #[must_use]
    pub fn of_document(document: &Value) -> Option<Self> {
        Self::deserialize(document).ok()
    }

    /// The counts for programs. `failed` includes `unknown`.
    #[must_use]
    pub fn document(&self) -> Value {
        json!(self)
    }

    /// The counts that are not zero, for the list of runs: those of unknown outcome apart from those that failed.
    #[must_use]
    pub fn counts(&self) -> Vec<String> {
        let failed = self.failed.saturating_sub(self.unknown);
        let mut parts = Self { failed, ..*self }.parts().to_vec();
        parts.insert(parts.len() - 1, ("unknown", self.unknown));
        terms(&parts)
    }

    /// Whether anything was sent that was saved, or may have been.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.created + self.updated + self.deleted + self.unknown > 0
    }

    fn sum(&self) -> u64 {
        self.parts().iter().map(|(_, count)| count).sum()
    }

    /// The closing equation: every row that was read has ended, and just once.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sum() == self.read
    }

    fn parts(&self) -> [(&'static str, u64); 8] {
        [
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("deleted", self.deleted),
            ("skipped", self.skipped),
            ("rejected", self.rejected),
            ("failed", self.failed),
            ("not attempted", self.not_attempted),
        ]
    }

    /// The equation as a line: `200 read = 198 created + … + 2 rejected`. Terms of zero are left out, but never all.
    #[must_use]
    pub fn equation(&self) -> String {
        self.line(&self.parts())
    }

    /// The equation of a dry run: of the rows that were not attempted, what the plan asks for.
    #[must_use]
    pub fn planned(&self, (create, update, delete): (u64, u64, u64)) -> String {
        let not_attempted = self.not_attempted.saturating_sub(create + update + delete);
        let planned = [("to create", create), ("to update", update), ("to delete", delete)];
        let others = Self { not_attempted, ..*self };
        self.line(&[planned.as_slice(), &others.parts()].concat())
    }

    fn line(&self, parts: &[(&str, u64)]) -> String {
        let mut terms = terms(parts);
        if terms.is_empty() {
            terms.push("0".to_owned());
        }
        format!("{} read = {}", grouped(self.read), terms.join(" + "))
    }
}

/// The counts that are not zero, each with its name.
fn terms(parts: &[(&str, u64)]) -> Vec<String> {
    let filled = parts.iter().filter(|(_, count)| *count > 0);
    filled
        .map(|(name, count)| format!("{} {name}", grouped(*count)))
        .collect()
}

/// What a run has to say at its end.
#[derive(Debug, Default)]
pub struct Summary {
    /// The run's name, which its journal bears.
    pub run: String,
    /// Where the items came from.
    pub source: String,
    /// Where they went.
    pub target: String,
    /// Nothing was to be sent.
    pub dry_run: bool,
    /// Whether the source was read; without that there is no equation.
    pub tally: Option<Tally>,
    /// Whether the plan was agreed to: whatever has no outcome then was not attempted.
    pub is_begun: bool,
    /// What the plan asked for: to create, to update, to delete.
    pub planned: Option<(u64, u64, u64)>,
    /// The first items of each kind that the plan asked for, as an object of lists.
    pub first_planned: Value,
    /// The first rows of each reason that the plan rejected.
    pub first_rejected: Vec<Value>,
    /// Requests made, repetitions included.
    pub requests: u64,
    /// Requests repeated.
    pub retries: u64,
    /// How long it all took, waiting for answers included.
    pub took: Duration,
    /// How many items have ended since the sending began, and how long that took; none where nothing was sent.
    pub sending: Option<(u64, Duration)>,
    /// The files with the rows that did not go through.
    pub rejects: Vec<PathBuf>,
    /// Whether reading everything back found what was sent; none where it wasn't asked for.
    pub verified: Option<bool>,
    /// How many items are stored differently from what was sent, and the first of them, field by field.
    pub stored_differently: (u64, Vec<Value>),
    /// What a person should look at.
    pub warnings: Vec<Warning>,
    /// What is said right below the equation.
    pub closing: Vec<String>,
    /// The commands to go on with.
    pub next: Vec<Next>,
    /// What the run's report says beyond the rest; none where no report is wanted. The transfer fills it in.
    pub details: Option<Details>,
    /// The report that was written.
    pub report: Option<PathBuf>,
    /// What only this command has to say, for programs.
    pub extra: serde_json::Map<String, Value>,
    /// Why the run stopped.
    pub error: Option<Error>,
}

impl Summary {
    /// The exit code: an error's own, else by what became of the rows.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (&self.error, &self.tally) {
            (Some(error), _) => error.exit(),
            _ if self.verified == Some(false) => Exit::Different,
            (None, Some(tally)) if tally.rejected + tally.failed > 0 => Exit::Partial,
            _ => Exit::Done,
        }
    }

    /// Whether the run has something left to do: it was interrupted, or not every row was attempted.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let is_interrupted = matches!(&self.error, Some(error) if error.exit() == Exit::Interrupted);
        is_interrupted || self.tally.is_none_or(|tally| tally.not_attempted > 0)
    }

    /// The closing equation; for a dry run, that of its plan.
    fn equation(&self, tally: &Tally) -> String {
        match self.planned {
            Some(planned) if self.dry_run => format!("Dry run, nothing sent: {}", tally.planned(planned)),
            None if self.dry_run => format!("Dry run, nothing sent: {}", tally.equation()),
            _ => tally.equation(),
        }
    }

    /// Says it all, as text or as the one JSON document.
    pub fn show(&self, output: &Output) {
        output.document(&self.document());
        if let Some(tally) = &self.tally {
            self.show_text(output, tally);
        }
        Next::show(&self.next, output);
        if let Some(error) = &self.error {
            let is_shown = error.exit() == Exit::Interrupted && Next::resumes(&self.next, output);
            let hint = (!is_shown).then(|| error.hint());
            output.error(error.code(), &error.to_string(), hint.as_deref(), error.place());
        }
    }

    fn show_text(&self, output: &Output, tally: &Tally) {
        let tone = match self.exit() {
            Exit::Done => Tone::Good,
            Exit::Partial => Tone::Warning,
            _ => Tone::Bad,
        };
        let equation = self.equation(tally);
        if tone == Tone::Good {
            output.result(&output.paint(tone, &equation));
        } else {
            output.fault(tone, &equation, &[]);
        }
        for line in &self.closing {
            output.fault(Tone::Plain, line, &[]);
        }
        if tally.unknown > 0 {
            output.result(&format!(
                "{} of the failed items {} unknown: sent, or about to be, and no answer shows whether they were saved",
                grouped(tally.unknown),
                are(tally.unknown)
            ));
        }
        if self.stored_differently.0 > 0 {
            let items = counted_are(self.stored_differently.0, "item");
            output.result(&format!("{items} stored differently from what was sent"));
        }
        if !self.dry_run && tally.created + tally.updated + tally.deleted > 0 {
            let rate = match self.sending {
                Some((sent, took)) if sent > 0 && !took.is_zero() => {
                    format!(", sent at {} items/s", rounded(sent as f64 / took.as_secs_f64()))
                }
                _ => String::new(),
            };
            let retries = if self.retries > 0 {
                format!(" ({} repeated)", grouped(self.retries))
            } else {
                String::new()
            };
            output.result(&format!(
                "{}{retries} in {}{rate}",
                counted(self.requests, "request"),
                human(self.took)
            ));
        }
        for file in &self.rejects {
            let line = format!("Reject file, to correct and import again: {}", file.display());
            output.fault(Tone::Plain, &line, &[file]);
        }
        if let Some(file) = &self.report {
            output.result_naming(&format!("Report: {}", file.display()), &[file]);
        }
    }

    /// The summary for programs. Every key is always there.
    #[must_use]
    pub fn document(&self) -> Value {
        let rejects = self.rejects.first().map(|path| path.to_string_lossy());
        let error = self.error.as_ref().map(Error::line);
        let mut document = json!({
            "run": self.run, "source": self.source, "target": self.target,
            "requests": self.requests, "retries": self.retries,
            "seconds": (self.took.as_secs_f64() * 1000.0).round() / 1000.0,
            "rejects_file": rejects, "report_file": self.report, "verified": self.verified,
            "warnings": self.warnings, "warning_codes": Warning::codes(&self.warnings),
            "error": error, "error_code": self.error.as_ref().map(Error::code),
            "dry_run": self.dry_run, "next": Next::document(&self.next),
            "stored_differently": self.stored_differently.0, "stored_differently_first": self.stored_differently.1,
        });
        if let Some((create, update, delete)) = self.planned {
            document["plan"] = json!({"create": create, "update": update, "delete": delete});
            document["plan_first"] = self.first_planned.clone();
            document["rejected_first"] = self.first_rejected.clone().into();
        }
        let counts = self.tally.unwrap_or_default().document();
        if let (Value::Object(document), Value::Object(counts)) = (&mut document, counts) {
            document.extend(counts);
            document.extend(self.extra.clone());
        }
        if self.rejects.len() > 1 {
            let files = self.rejects.iter().map(|path| path.to_string_lossy().into_owned());
            document["rejects_files"] = files.collect();
        }
        document
    }
}
