//! What a report says beyond the closing equation: the changes by field, and the rows that did not go through by reason.
//!
//! Everything is counted from the journal, as the equation is. Memory is bounded: of each reason the first rows are kept.
//!
//! Doesn't belong here: how a report looks (`page`, `book`).

use std::collections::HashMap;

use super::reason::{bare, kind};
use crate::columns::Origin;
use crate::error::Error;
use crate::journal::{Fault, FieldCount, Journal, Problem};
use crate::output::shortened;

/// How many rows of each reason are named.
const FIRST: usize = 10;
/// How many reasons are told apart. The rows of further ones are counted together.
const REASONS: usize = 1_000;
/// How many columns of a terminal a value takes at most, as it is named.
const LONGEST: usize = 80;

/// What a report says beyond the closing equation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The changes by field, the most frequent first.
    pub fields: Vec<FieldCount>,
    /// The reasons for which rows did not go through, the most frequent first.
    pub reasons: Vec<Reason>,
}

/// Why rows did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How these rows ended.
    pub outcome: &'static str,
    /// The header of the column at fault, if one is.
    pub column: Option<String>,
    /// The reason, without the place. What differs between the rows is `…`.
    pub text: String,
    /// How many rows have it. A row with several reasons counts for each.
    pub rows: u64,
    /// The first of them.
    pub first: Vec<Named>,
}

/// A row, as a reason names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it is; blank if only the item is known.
    pub place: String,
    /// The value at fault, or the item.
    pub value: String,
}

/// Gives the place of a row, or of its cell in a column.
pub type Place<'p> = dyn Fn(Origin, Option<usize>) -> Option<String> + 'p;

impl Details {
    /// Counts what a run has done; or what it would do, if it only plans.
    pub fn of(journal: &Journal, only_planned: bool, place: &Place<'_>) -> Result<Self, Error> {
        let fields = journal.changes_by_field(only_planned)?;
        let mut groups = Groups::default();
        journal.each_fault::<Error>(&mut |fault, problem| {
            groups.add(fault, problem, place);
            Ok(())
        })?;
        Ok(Self {
            fields,
            reasons: groups.finish(),
        })
    }
}

/// The reasons so far, in the order in which they came.
#[derive(Default)]
struct Groups {
    places: HashMap<(Fault, Option<String>, String), usize>,
    /// Each with its last row.
    all: Vec<(Reason, Origin)>,
}

impl Groups {
    fn add(&mut self, fault: Fault, problem: Problem, place: &Place<'_>) {
        let Problem { origin, rejection } = problem;
        let address = place(origin, rejection.index).unwrap_or_default();
        let text = bare(&address, &rejection.reason);
        let mut key = (fault, rejection.column, kind(text, &rejection.value));
        if self.all.len() >= REASONS && !self.places.contains_key(&key) {
            key = (fault, None, "other reasons".to_owned());
        }
        let outcome = match fault {
            Fault::Rejected => "rejected",
            Fault::Failed => "failed",
            Fault::Unknown => "unknown",
        };
        let next = self.all.len();
        let at = *self.places.entry(key.clone()).or_insert(next);
        if at == next {
            let reason = Reason {
                outcome,
                column: key.1,
                text: text.to_owned(),
                rows: 0,
                first: Vec::new(),
            };
            self.all.push((reason, origin));
        }
        let Some((reason, last)) = self.all.get_mut(at) else {
            return;
        };
        if reason.text != text {
            reason.text = key.2;
        }
        if reason.rows > 0 && *last == origin {
            return;
        }
        *last = origin;
        reason.rows += 1;
        if reason.first.len() < FIRST {
            reason.first.push(Named {
                place: address,
                value: shortened(&rejection.value, LONGEST),
            });
        }
    }

    fn finish(self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.all.into_iter().map(|(reason, _)| reason).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rows));
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Rejection;

    fn grouped(all: impl IntoIterator<Item = (Fault, u64, String)>) -> Vec<Reason> {
        let mut groups = Groups::default();
        let place = |origin: Origin, _| Some(format!("a, b.csv, line {}, column \"Quantity\"", origin.line));
        for (fault, line, reason) in all {
            let (column, index, value) = (Some("Quantity".to_owned()), Some(2), "soon".to_owned());
            let rejection = Rejection {
                column,
                index,
                value,
                reason,
            };
            let origin = Origin { table: 0, line };
            groups.add(fault, Problem { origin, rejection }, &place);
        }
        groups.finish()
    }

    #[test]
    fn reasons_are_put_together_whatever_their_places_values_and_numbers() {
        let rejected = [
            (2, "the id \"A \\\" 1\" also stands in line 9"),
            (3, "the id \"A2\" also stands in line 1,004"),
            // The same row again.
            (3, "the id \"A2\" also stands in line 5"),
            (4, "it is blank"),
        ];
        let rejected = rejected.map(|(line, reason)| {
            let reason = format!("line {line}, column \"Quantity\": {reason}");
            (Fault::Rejected, line, reason)
        });
        let failed = (Fault::Failed, 1, "400: refused".to_owned());
        let reasons = grouped([failed].into_iter().chain(rejected));
        let told = reasons
            .iter()
            .map(|reason| (reason.outcome, reason.text.as_str(), reason.rows));
        let expected = [
            ("rejected", "the id \"…\" also stands in line …", 2),
            ("failed", "400: refused", 1),
            ("rejected", "it is blank", 1),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(reasons[0].first[1].place, "a, b.csv, line 3, column \"Quantity\"");
    }

    #[test]
    fn memory_is_bounded_whatever_the_reasons_are() {
        let rows = 3 * REASONS as u64;
        // Digits would count as one number: each is written as a letter.
        let word = |n: u64| n.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
        let reasons = grouped((0..rows).map(|n| (Fault::Failed, n, word(n))));
        assert!(reasons.len() <= REASONS + 2, "{}", reasons.len());
        assert_eq!(reasons[0].text, "other reasons");
        assert_eq!(reasons.iter().map(|reason| reason.rows).sum::<u64>(), rows);
        assert!(reasons.iter().all(|reason| reason.first.len() <= FIRST));
    }
}
