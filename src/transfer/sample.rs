//! The first problems of each reason, for a screen, and how many more there are.
//!
//! Doesn't belong here: what a problem's line says (`events`), the rows themselves (`report`).

use std::collections::HashMap;

use crate::output::and_more;
use crate::report::kind;

/// How many problems of one reason are shown.
pub(super) const FIRST_PROBLEMS: usize = 10;

/// How many reasons are told apart. Reasons that name an item without quotes would each be one of its own.
const MOST_KINDS: usize = 20;

/// The first problems of each reason, in their order.
pub(super) struct Sample<T> {
    most: usize,
    kinds: Vec<Kind<T>>,
    places: HashMap<String, usize>,
    /// How many problems have a reason that is not told apart.
    others: u64,
}

struct Kind<T> {
    first: Vec<T>,
    more: u64,
}

impl<T> Sample<T> {
    /// An empty sample of at most so many problems of one reason.
    pub(super) fn of(most: usize) -> Self {
        Self {
            most,
            kinds: Vec::new(),
            places: HashMap::new(),
            others: 0,
        }
    }

    /// Counts a problem of this reason and value; `make` gives it where it is one of the first.
    pub(super) fn add(&mut self, (reason, value): (&str, &str), make: impl FnOnce() -> T) {
        let next = self.kinds.len();
        let name = kind(reason, value);
        let at = match self.places.get(&name) {
            Some(at) => *at,
            None if self.most < usize::MAX && next == MOST_KINDS => {
                self.others += 1;
                return;
            }
            None => {
                self.places.insert(name, next);
                self.kinds.push(Kind {
                    first: Vec::new(),
                    more: 0,
                });
                next
            }
        };
        if let Some(kind) = self.kinds.get_mut(at) {
            if kind.first.len() < self.most {
                kind.first.push(make());
            } else {
                kind.more += 1;
            }
        }
    }

    /// Gives the problems reason by reason; behind those of each reason a line that counts the others (`what`: a noun, and what
    /// follows it), with the place where they are.
    pub(super) fn tell(self, what: (&str, &str), place: &str, mut take: impl FnMut(Told<T>)) {
        for kind in self.kinds {
            kind.first.into_iter().for_each(|problem| take(Told::Problem(problem)));
            if let Some(line) = and_more(kind.more, what, place) {
                take(Told::More(line));
            }
        }
        let end = format!("{} for other reasons", what.1);
        if let Some(line) = and_more(self.others, (what.0, end.trim_start()), place) {
            take(Told::More(line));
        }
    }
}

/// What a sample gives.
pub(super) enum Told<T> {
    /// A problem.
    Problem(T),
    /// How many more there are, and where.
    More(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sample: Sample<u64>, place: &str) -> Vec<String> {
        let mut lines = Vec::new();
        sample.tell(("", ""), place, |told| {
            lines.push(match told {
                Told::Problem(number) => number.to_string(),
                Told::More(line) => line,
            });
        });
        lines
    }

    #[test]
    fn ten_of_each_reason_are_shown_and_the_rest_is_counted_with_its_place() {
        let mut sample = Sample::of(10);
        for line in 0..7_500_u64 {
            sample.add((&format!("\"x{line}\" is not a number"), ""), || line);
            if line % 1_000 == 0 {
                sample.add(("the item id is empty", ""), || line);
            }
        }
        let lines = told(sample, "see a.rejects.csv");
        assert_eq!(lines.len(), 10 + 1 + 8, "{lines:?}");
        assert_eq!(lines[10], "… and 7,490 more: see a.rejects.csv");
        assert_eq!(lines[18], "7000");
    }

    #[test]
    fn reasons_without_number_are_not_each_shown() {
        let mut sample = Sample::of(10);
        for line in 0..100_u64 {
            // A different word each time.
            let word: String = line.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            sample.add((&format!("{word} is taken"), ""), || line);
        }
        let lines = told(sample, "");
        assert_eq!(lines.len(), 21);
        assert_eq!(lines[20], "… and 80 more for other reasons");
    }
}
