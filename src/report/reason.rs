//! The reasons for which rows don't go through, taken apart: the place that one begins with, and what those of one kind share.
//!
//! Doesn't belong here: counting them (`details`), which of them a screen shows (`transfer`).

use std::iter::Peekable;
use std::str::Chars;

/// A value that is shorter may be a part of another word of the reason.
const SHORTEST: usize = 3;

/// The reason without the end of the address, where it begins with that: `line 3, column "Item ID"` of
/// `count.csv, line 3, column "Item ID"`, say.
#[must_use]
pub fn bare<'r>(address: &str, reason: &'r str) -> &'r str {
    let ends = std::iter::once(0).chain(address.match_indices(", ").map(|(at, comma)| at + comma.len()));
    let bare = ends
        .filter_map(|at| address.get(at..).filter(|end| !end.is_empty()))
        .find_map(|end| reason.strip_prefix(end)?.strip_prefix(": "));
    bare.unwrap_or(reason)
}

/// What the reasons of one kind have in common. The value, quotations and numbers are `…`.
#[must_use]
pub fn kind(reason: &str, value: &str) -> String {
    let is_long = value.chars().nth(SHORTEST - 1).is_some();
    let bare = if is_long {
        reason.replace(value, "…")
    } else {
        reason.to_owned()
    };
    let mut kind = String::with_capacity(bare.len());
    let mut rest = bare.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter == '"' {
            // As `{:?}` quotes: a mark within has a backslash before it.
            while let Some(inner) = rest.next() {
                match inner {
                    '\\' => _ = rest.next(),
                    '"' => break,
                    _ => {}
                }
            }
            kind.push_str("\"…\"");
        } else if letter.is_ascii_digit() {
            while is_within_number(&rest) {
                rest.next();
            }
            kind.push('…');
        } else {
            kind.push(letter);
        }
    }
    kind
}

/// Whether a number goes on: `1,234.50` is one, but a comma behind one is not of it.
fn is_within_number(rest: &Peekable<Chars<'_>>) -> bool {
    let mut ahead = rest.clone();
    ahead.next_if(|c| matches!(c, '.' | ','));
    ahead.next().is_some_and(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_same_whatever_its_value() {
        for (reason, value, shared) in [
            (r#""a \" b" is not a number"#, "", r#""…" is not a number"#),
            (r#""1,5 x" is not a number"#, "1,5 x", r#""…" is not a number"#),
            ("an id of 1,200 bytes", "", "an id of … bytes"),
            ("line 1,004.5, twice", "", "line …, twice"),
            ("KUSH-A is left as it is", "KUSH-A", "… is left as it is"),
            // A value of one letter is no part of the reason's words.
            ("a date", "a", "a date"),
            ("an open \"quotation", "", "an open \"…\""),
        ] {
            assert_eq!(kind(reason, value), shared);
        }
    }
}
