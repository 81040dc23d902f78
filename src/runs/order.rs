//! Which run is newer than which: by a number that only grows, never by the clock.
//!
//! A run's name is `2026-11-28T11-15-52.123Z-42`: the moment is for people, the number at its end decides. It stands in the
//! journal as well (the fact `number`). Runs of version 0.1.0 have no number (`2026-11-28T11-15-52-123Z-4f2a`); they come
//! before all others, in the order of their names.
//!
//! Doesn't belong here: how a number is taken (`counter`), what stands in a journal (`journal`).

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::journal::{Facts, Journal};

/// The fact that holds a run's number.
pub(super) const NUMBER: &str = "number";

const FORMAT: &str = "%Y-%m-%dT%H-%M-%S.%3fZ";
const FORMAT_0_1: &str = "%Y-%m-%dT%H-%M-%S-%3fZ";

/// A moment further ahead than this is in the future: clocks of one network differ by less.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A run's place in the order of runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// None comes before all numbers.
    pub(super) number: Option<u64>,
    pub(super) name: String,
    /// When it began, as its name says; for people, and for its age.
    pub(super) moment: Option<Timestamp>,
}

impl Position {
    /// The place of the journal of this name. A file that was renamed is placed by the number in it; one that can't be read
    /// either may be the newest of all.
    pub(super) fn of(name: String, path: &Path) -> Self {
        Self::noted(name, || Journal::glance(path).ok().flatten())
    }

    /// The same of a file whose facts are given; none where they can't be read.
    pub(super) fn noted(name: String, facts: impl FnOnce() -> Option<Facts>) -> Self {
        let parts = split(&name);
        let number = match parts {
            Some((_, number)) => number,
            None => match facts() {
                Some(facts) => facts.get(NUMBER).and_then(|number| number.parse().ok()),
                None => Some(u64::MAX),
            },
        };
        Self {
            number,
            name,
            moment: parts.map(|(moment, _)| moment),
        }
    }
}

/// The name of the run of this number that begins at this moment.
pub(super) fn name_of(moment: Timestamp, number: u64) -> String {
    format!("{}-{number}", moment.strftime(FORMAT))
}

/// The number in a run's name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    split(name)?.1
}

/// Whether a run's name has a moment in the future: the clock was ahead when it began, or is behind now.
pub(super) fn is_ahead(name: &str, now: Timestamp) -> bool {
    let latest = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    split(name).is_some_and(|(moment, _)| moment > latest)
}

/// The moment in a run's name, and its number where it has one.
fn split(name: &str) -> Option<(Timestamp, Option<u64>)> {
    let (moment, end) = name.rsplit_once('-')?;
    let read = |format| {
        let moment = TimeZone::UTC
            .to_timestamp(DateTime::strptime(format, moment).ok()?)
            .ok()?;
        (moment.strftime(format).to_string() == name[..name.len() - end.len() - 1]).then_some(moment)
    };
    if let Some(moment) = read(FORMAT) {
        let number: u64 = end.parse().ok()?;
        return (number.to_string() == end).then_some((moment, Some(number)));
    }
    let is_0_1 = end.len() == 4 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    read(FORMAT_0_1).filter(|_| is_0_1).map(|moment| (moment, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(name: &str) -> Position {
        Position::of(name.to_owned(), Path::new("absent"))
    }

    #[test]
    fn the_number_orders_and_what_has_none_comes_first_by_its_name() {
        let names = [
            "2026-11-28T11-15-52-123Z-0001",
            "2031-01-01T00-00-00-000Z-ffff",
            "2031-01-07T00-00-00.000Z-9",
            "1970-01-01T00-00-00.000Z-10",
            "2026-11-28T11-15-52.123Z-11",
        ];
        let positions: Vec<_> = names.iter().map(|name| position(name)).collect();
        assert!(positions.is_sorted(), "{positions:?}");
        assert_eq!((positions[4].number, positions[0].number), (Some(11), None));
    }

    #[test]
    fn a_name_is_read_back_and_any_other_may_be_the_newest() {
        let moment = Timestamp::from_millisecond(1_790_000_000_007).unwrap();
        let name = name_of(moment, 42);
        assert_eq!(name, "2026-09-21T14-13-20.007Z-42");
        assert_eq!(split(&name), Some((moment, Some(42))));
        for name in [
            "copy",
            "2026-09-21T14-13-20.007Z-042",
            "2026-09-21T14-13-20.007Z-",
            "2026-13-21T14-13-20-007Z-0042",
        ] {
            assert_eq!(split(name), None, "{name}");
            assert_eq!(position(name).number, Some(u64::MAX), "{name}");
        }
    }

    #[test]
    fn a_moment_in_the_future_is_ahead_whichever_version_wrote_it() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        assert!(!is_ahead("2026-09-21T14-13-20.007Z-42", now));
        assert!(!is_ahead("2026-09-21T14-17-20.007Z-42", now));
        assert!(is_ahead("2026-09-21T14-19-20.007Z-42", now));
        assert!(is_ahead("2031-01-01T00-00-00-000Z-ffff", now));
        assert!(!is_ahead("copy", now));
    }
}
