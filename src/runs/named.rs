//! Which run a name means: the whole name, its number, its beginning where only one run begins so, or `last`.
//!
//! Doesn't belong here: what is done with the run.

use super::{RunError, order};

/// The newest run by this name.
pub(super) const LAST: &str = "last";

/// How many runs of an ambiguous name are named.
const NAMED: usize = 3;

/// The run among these, the newest first, that a name means.
pub(super) fn resolve<'n>(newest_first: &'n [String], wanted: &str) -> Result<&'n str, RunError> {
    let no_such = || RunError::NoSuch(wanted.to_owned());
    if wanted == LAST {
        return newest_first.first().map(String::as_str).ok_or_else(no_such);
    }
    let is = |name: &&String| name.as_str() == wanted;
    let has_number = |name: &&String| order::number_of(name).is_some_and(|number| number.to_string() == wanted);
    let named = newest_first.iter().find(is);
    if let Some(name) = named.or_else(|| newest_first.iter().find(has_number)) {
        return Ok(name);
    }
    // A number that no run has is no beginning of a year.
    let is_number = wanted.bytes().all(|byte| byte.is_ascii_digit());
    let mut begin = newest_first
        .iter()
        .filter(|name| !is_number && name.starts_with(wanted));
    match (begin.next(), begin.next()) {
        (None, _) => Err(no_such()),
        (Some(name), None) => Ok(name),
        (Some(first), Some(second)) => Err(RunError::Ambiguous {
            name: wanted.to_owned(),
            runs: [first, second].into_iter().chain(begin).take(NAMED).cloned().collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_its_name_its_number_or_a_beginning_that_no_other_has() {
        let names = [
            "2026-11-28T11-15-52.123Z-12",
            "2026-11-28T11-15-51.123Z-2",
            "2026-11-27T11-15-52.123Z-1",
            "2025-01-01T00-00-00-000Z-0001",
        ]
        .map(str::to_owned);
        for (wanted, place) in [
            (names[1].as_str(), 1),
            ("12", 0),
            ("2", 1),
            ("1", 2),
            ("2026-11-27", 2),
            ("2025-", 3),
            ("last", 0),
            ("2026-11-28T11-15-52", 0),
        ] {
            assert_eq!(resolve(&names, wanted).unwrap(), names[place], "{wanted}");
        }
        for wanted in [
            "",
            "3",
            "20",
            "2025",
            "0001",
            "x",
            "../1",
            "2026-11-28T11-15-52.123Z-123",
        ] {
            assert!(matches!(resolve(&names, wanted), Err(RunError::NoSuch(_))), "{wanted}");
        }
        match resolve(&names, "2026-11-28") {
            Err(RunError::Ambiguous { runs, .. }) => assert_eq!(runs, names[..2]),
            other => panic!("{other:?}"),
        }
        assert!(resolve(&[], "last").is_err());
    }
}
