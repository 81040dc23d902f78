//! Which items of an import are skipped, and why: for the results file, which accounts for every row.
//!
//! Doesn't belong here: the file (`outcomes`), deciding (`plan`).

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::cli;
use crate::plan::PlanPart;

/// Which items have no change because they were skipped. The journal keeps only their number.
pub(super) struct Skips {
    mode: cli::Mode,
    /// Only what a reviewed plan allows is written.
    is_reviewed: bool,
    hasher: RandomState,
    skipped: HashSet<u64>,
    planned: HashSet<u64>,
}

impl Skips {
    pub(super) fn new(mode: cli::Mode, is_reviewed: bool) -> Self {
        Self {
            mode,
            is_reviewed,
            hasher: RandomState::new(),
            skipped: HashSet::new(),
            planned: HashSet::new(),
        }
    }

    /// Forgets what was decided in a pass that is void.
    pub(super) fn clear(&mut self) {
        self.skipped.clear();
        self.planned.clear();
    }

    /// Takes what was decided on some items.
    pub(super) fn add(&mut self, part: &PlanPart) {
        let hasher = &self.hasher;
        // Rows that are skipped by themselves have no id here.
        let skipped = part.skipped.iter().filter(|id| !id.is_empty());
        self.skipped.extend(skipped.map(|id| hasher.hash_one(id)));
        if self.is_reviewed {
            self.planned
                .extend(part.changes().map(|change| hasher.hash_one(change.id)));
        }
    }

    /// Why the item of this id was skipped that has no change; none where it is unchanged.
    pub(super) fn reason(&self, id: &str) -> Option<&'static str> {
        let hash = self.hasher.hash_one(id);
        if self.skipped.contains(&hash) {
            return Some(match self.mode {
                cli::Mode::Create => "the item is stored already (--mode create)",
                cli::Mode::Update => "the item is not stored (--mode update)",
                cli::Mode::Upsert => "skipped on request",
            });
        }
        (self.planned.contains(&hash)).then_some("the reviewed plan does not have this change (--plan)")
    }
}
