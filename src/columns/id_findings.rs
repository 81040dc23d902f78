//! What a pass over a table has found about its ids: what reading changed, and what a spreadsheet program may have changed.
//!
//! Doesn't belong here: reading one id (`ids`), ids compared with each other (`duplicates`).

use super::Survey;
use super::evidence::{Tally, first};
use super::ids::Id;
use super::layout::Layout;
use super::matching::column_place;
use crate::output::{About, counted, counted_are};
use crate::sheet::Table;

/// How many ids each finding applies to, with the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct IdFindings {
    trimmed: Tally,
    unmarked: Tally,
    padded: Tally,
    suspicious: Tally,
    long: Tally,
}

impl IdFindings {
    /// Adds the id of a row.
    pub(super) fn add(&mut self, id: &Id<'_>, line: u64) {
        for (applies, tally) in [
            (id.trimmed, &mut self.trimmed),
            (id.unmarked, &mut self.unmarked),
            (id.padded, &mut self.padded),
            (id.suspicious, &mut self.suspicious),
            (id.long_number, &mut self.long),
        ] {
            if applies {
                tally.add(line, &id.text);
            }
        }
    }

    /// Adds what was found further down.
    pub(super) fn join(&mut self, further: Self) {
        self.trimmed.join(further.trimmed);
        self.unmarked.join(further.unmarked);
        self.padded.join(further.padded);
        self.suspicious.join(further.suspicious);
        self.long.join(further.long);
    }

    /// Adds the findings to a survey: changes as decisions, the rest as warnings.
    pub(super) fn tell(&self, layout: &Layout, table: &Table, survey: &mut Survey) {
        let Some(id) = &layout.id else { return };
        let column = column_place(table, &id.header, id.index);
        let ids = |n: u64| counted(n, "id");
        let place = |tally: &Tally| first(table, tally, id.index);
        let Self {
            trimmed,
            unmarked,
            padded,
            suspicious,
            long,
        } = self;
        if trimmed.count > 0 {
            survey.decisions.push(format!(
                "{column}: outer white space was removed from {} {}",
                ids(trimmed.count),
                place(trimmed)
            ));
        }
        if unmarked.count > 0 {
            survey.decisions.push(format!(
                "{column}: an apostrophe or a byte-order mark was removed from the start of {} {}",
                ids(unmarked.count),
                place(unmarked)
            ));
        }
        if padded.count > 0 {
            survey.decisions.push(format!(
                "{column}: leading zeros were added to {} (digits = {}) {}",
                ids(padded.count),
                id.digits,
                place(padded)
            ));
        }
        if suspicious.count > 0 {
            let looks = if suspicious.count == 1 { "looks" } else { "look" };
            survey.warnings.push(About::SuspiciousIds.warning(format!(
                "{column}: {} {looks} like a number that a spreadsheet program has rewritten {}",
                ids(suspicious.count),
                place(suspicious)
            )));
        }
        if long.count > 0 {
            survey.warnings.push(About::LongIds.warning(format!(
                "{column}: {} in a number cell with more than 15 digits; the spreadsheet program may have changed the last ones {}",
                counted_are(long.count, "id"),
                place(long)
            )));
        }
    }
}
