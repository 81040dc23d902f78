//! The verdict of a certificate: a sentence for each finding, and whether the source is completely and equally in the target.
//!
//! Doesn't belong here: the findings (`verify`, `since`), the files they are written to (`certificate`, `page`).

use super::since::Since;
use super::verify::Proof;
use super::{Part, moment};
use crate::output::{counted, grouped};

/// How many ids a sentence names.
const NAMED: usize = 5;

/// What the verdict is drawn from.
pub(super) struct Verdict<'a> {
    /// The source.
    pub(super) from: &'a str,
    /// The target.
    pub(super) to: &'a str,
    /// When the source was read.
    pub(super) read_at: &'a jiff::Timestamp,
    /// Which items were asked for.
    pub(super) part: &'a Part,
    /// The same in words.
    pub(super) choice: &'a [String],
    /// What reading both has shown.
    pub(super) proof: &'a Proof,
}

impl Verdict<'_> {
    /// Whether the source, as it is now, is completely and equally in the target, and nothing less was asked for.
    pub(super) fn is_whole(&self) -> bool {
        let Ok(since) = &self.proof.now.since else { return false };
        let proof = self.proof;
        let is_all_there = proof.differences.is_empty() && proof.conflicts.is_empty() && proof.not_moved == 0;
        self.part.is_all() && is_all_there && since.is_unchanged() && since.unequal == 0
    }

    /// Whether something that was asked for is missing or differs.
    pub(super) fn is_bad(&self) -> bool {
        !self.proof.differences.is_empty() || self.proof.not_moved > 0
    }

    /// A sentence for each finding, the main one first.
    pub(super) fn sentences(&self) -> Vec<String> {
        let Self { from, to, proof, .. } = self;
        let mut sentences = vec![self.main()];
        if !self.part.is_all() {
            let others = match proof.not_asked {
                0 => String::new(),
                others => format!("; not included: {} of {from}", counted(others, "item")),
            };
            sentences.push(format!(
                "PART: limited on request ({}){others}.",
                self.choice.join("; ")
            ));
        }
        if !proof.conflicts.is_empty() {
            let ids = proof.conflicts.iter().map(|kept| kept.id.as_str());
            sentences.push(format!(
                "SKIPPED CONFLICTS: {to} keeps other values than {from} in {}: {}.",
                counted(proof.conflicts.len() as u64, "item"),
                listed(ids)
            ));
        }
        match &proof.now.since {
            Ok(since) => sentences.extend(self.since(since)),
            Err(why) => sentences.push(format!(
                "NOT LISTED AGAIN: it is not known whether {from} has changed since {}: {why}.",
                moment(self.read_at)
            )),
        }
        if !proof.deleted.is_empty() {
            sentences.push(format!(
                "DELETED: {} of {to} that an earlier migration moved and {from} no longer has: {}.",
                counted(proof.deleted.len() as u64, "item"),
                listed(proof.deleted.iter().map(String::as_str))
            ));
        }
        if !proof.gone.is_empty() {
            sentences.push(format!(
                "GONE FROM THE SOURCE: {to} holds {} that an earlier migration moved and {from} no longer has: {}.",
                counted(proof.gone.len() as u64, "item"),
                listed(proof.gone.iter().map(|gone| gone.id.as_str()))
            ));
        }
        let only = &proof.now.only_there;
        if only.count > 0 {
            sentences.push(format!(
                "ONLY IN THE TARGET: {to} holds {} that {from} doesn't have and no migration moved.",
                counted(only.count, "item")
            ));
        }
        sentences
    }

    fn main(&self) -> String {
        let Self { from, to, proof, .. } = self;
        let equal = proof.equal.len() as u64;
        let (are, equal) = (if equal == 1 { "is" } else { "are" }, counted(equal, "item"));
        if !proof.differences.is_empty() {
            let differing = counted(proof.differences.len() as u64, "item");
            format!("NOT EQUAL: {to} differs from {from} in {differing}; {equal} {are} equal.")
        } else if proof.not_moved > 0 {
            let missing = grouped(proof.not_moved);
            format!("INCOMPLETE: {equal} of {from} {are} in {to}, equal; not moved: {missing}.")
        } else if self.is_whole() {
            format!("COMPLETE AND EQUAL: every item of {from} is in {to}, equal field by field: {equal}.")
        } else {
            let at = moment(self.read_at);
            format!("EQUAL AS READ: {equal} of {from}, as read at {at}, {are} in {to}, equal field by field.")
        }
    }

    fn since(&self, since: &Since) -> Option<String> {
        let mut parts = Vec::new();
        let changed: Vec<&str> = since.changed.iter().map(|changed| changed.id.as_str()).collect();
        let ids = |ids: &[String]| listed(ids.iter().map(String::as_str));
        if !changed.is_empty() {
            let count = counted(changed.len() as u64, "item");
            parts.push(format!("{count} changed ({})", listed(changed.into_iter())));
        }
        if !since.added.is_empty() {
            let count = counted(since.added.len() as u64, "new item");
            parts.push(format!("{count} ({})", ids(&since.added)));
        }
        if !since.removed.is_empty() {
            let count = counted(since.removed.len() as u64, "item");
            parts.push(format!("{count} no longer there ({})", ids(&since.removed)));
        }
        let at = moment(self.read_at);
        let from = self.from;
        (!parts.is_empty()).then(|| format!("CHANGED SINCE: in {from} since {at}: {}.", parts.join(", ")))
    }
}

/// The first ids, and how many more there are.
pub(super) fn listed<'i>(ids: impl ExactSizeIterator<Item = &'i str>) -> String {
    let more = ids.len().saturating_sub(NAMED) as u64;
    let mut named: Vec<String> = ids.take(NAMED).map(str::to_owned).collect();
    if more > 0 {
        named.push(format!("and {} more", grouped(more)));
    }
    named.join(", ")
}
