//! What a report says beyond the closing equation: the changes by field, and the rows that did not go through by reason.
//!
//! Everything is counted from the journal, as the equation is. Memory is bounded: of each reason the first rows are kept.
//!
//! Doesn't belong here: how a report looks (`page`, `book`).

use std::collections::HashMap;

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
        let mut key = (fault, rejection.column, kind(text));
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

/// A reason without the address that it begins with: `line 3, column "Item ID"` of
/// `count.csv, line 3, column "Item ID"`, say.
#[must_use]
pub fn bare<'r>(address: &str, reason: &'r str) -> &'r str {
    let ends = std::iter::once(0).chain(address.match_indices(", ").map(|(at, comma)| at + comma.len()));
    let bare = ends
        .filter_map(|at| address.get(at..).filter(|end| !end.is_empty()))
        .find_map(|end| reason.strip_prefix(end)?.strip_prefix(": "));
    bare.unwrap_or(reason)
}

/// What reasons of one kind have in common: quoted texts and numbers are `…`.
fn kind(reason: &str) -> String {
    let mut kind = String::with_capacity(reason.len());
    let mut rest = reason.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '"' {
            kind.push_str("\"…\"");
            while let Some(inner) = rest.next() {
                match inner {
                    '\\' => {
                        rest.next();
                    }
                    '"' => break,
                    _ => {}
                }
            }
        } else if c.is_ascii_digit() {
            // `1,234.50` is one number; a comma behind one is none of its own.
            let goes_on = |rest: &std::iter::Peekable<std::str::Chars<'_>>| {
                let mut ahead = rest.clone();
                ahead.next_if(|c| matches!(c, '.' | ','));
                ahead.next().is_some_and(|c| c.is_ascii_digit())
            };
            while goes_on(&rest) {
                rest.next();
            }
            kind.push('…');
        } else {
            kind.push(c);
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Rejection;

    fn problem(line: u64, reason: &str) -> Problem {
        Problem {
            origin: Origin { table: 0, line },
            rejection: Rejection {
                column: Some("Quantity".to_owned()),
                index: Some(2),
                value: "soon".to_owned(),
                reason: reason.to_owned(),
            },
        }
    }

    fn grouped(problems: &[(Fault, Problem)]) -> Vec<Reason> {
        let mut groups = Groups::default();
        for (fault, problem) in problems {
            let place = |origin: Origin, _| Some(format!("a, b.csv, line {}, column \"Quantity\"", origin.line));
            groups.add(*fault, problem.clone(), &place);
        }
        groups.finish()
    }

    #[test]
    fn reasons_are_put_together_whatever_their_places_values_and_numbers() {
        let reasons = grouped(&[
            (Fault::Failed, problem(1, "400: refused")),
            (
                Fault::Rejected,
                problem(
                    2,
                    "line 2, column \"Quantity\": the id \"A \\\" 1\" also stands in line 9",
                ),
            ),
            (
                Fault::Rejected,
                problem(
                    3,
                    "line 3, column \"Quantity\": the id \"A2\" also stands in line 1,004",
                ),
            ),
            // The same row again.
            (
                Fault::Rejected,
                problem(3, "line 3, column \"Quantity\": the id \"A2\" also stands in line 5"),
            ),
            (Fault::Rejected, problem(4, "line 4, column \"Quantity\": it is blank")),
        ]);
        let told: Vec<(&str, &str, u64)> = reasons
            .iter()
            .map(|reason| (reason.outcome, reason.text.as_str(), reason.rows))
            .collect();
        assert_eq!(
            told,
            [
                ("rejected", "the id \"…\" also stands in line …", 2),
                ("failed", "400: refused", 1),
                ("rejected", "it is blank", 1),
            ]
        );
        assert_eq!(reasons[0].first[1].place, "a, b.csv, line 3, column \"Quantity\"");
    }

    #[test]
    fn memory_is_bounded_whatever_the_reasons_are() {
        let many: Vec<(Fault, Problem)> = (0..3 * REASONS)
            .map(|n| {
                let word: String = n
                    .to_string()
                    .chars()
                    .map(|digit| char::from(digit as u8 + 49))
                    .collect();
                (Fault::Failed, problem(n as u64, &word))
            })
            .collect();
        let reasons = grouped(&many);
        assert!(reasons.len() <= REASONS + 2, "{}", reasons.len());
        assert_eq!(reasons[0].text, "other reasons");
        assert_eq!(
            reasons.iter().map(|reason| reason.rows).sum::<u64>(),
            3 * REASONS as u64
        );
        assert!(reasons.iter().all(|reason| reason.first.len() <= FIRST));
    }
}
