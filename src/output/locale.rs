//! What a terminal can show: our own signs in ASCII, where the locale is none of UTF-8.
//!
//! Belongs here: reading the locale, and the signs. Doesn't: data. Those stay as they are in every file, document and pair of
//! quotation marks, whatever the locale says.

use std::borrow::Cow;

#[cfg(unix)]
use crate::environment;

/// Our own signs, and what stands for each in ASCII.
const SIGNS: [(char, &str); 2] = [('…', "..."), ('→', "->")];

/// Whether the locale's texts are UTF-8: by the first of these that is set, as POSIX has it (Base Definitions, 8.2); none of
/// them is the locale C.
#[cfg(unix)]
pub(super) fn is_utf8() -> bool {
    let first = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(environment::filled);
    first.is_some_and(|name| names_utf8(&name.to_string_lossy()))
}

/// Elsewhere it is no matter of the environment.
#[cfg(not(unix))]
pub(super) fn is_utf8() -> bool {
    true
}

#[cfg(unix)]
fn names_utf8(locale: &str) -> bool {
    let lower = locale.to_ascii_lowercase();
    lower.contains("utf-8") || lower.contains("utf8")
}

/// The text with our signs in ASCII. What stands in quotation marks is somebody's data.
pub(super) fn in_ascii(text: &str) -> Cow<'_, str> {
    if !text.contains(SIGNS.map(|(sign, _)| sign)) {
        return Cow::Borrowed(text);
    }
    let mut ascii = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' => quoted = false,
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        match SIGNS.iter().find(|(sign, _)| *sign == c && !quoted) {
            Some((_, instead)) => ascii.push_str(instead),
            None => ascii.push(c),
        }
    }
    Cow::Owned(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_signs_change_and_quoted_data_do_not() {
        assert_eq!(
            in_ascii("A1: name \"a → b\" → \"say \\\"c → d\\\" …\", and 3 more, …"),
            "A1: name \"a → b\" -> \"say \\\"c → d\\\" …\", and 3 more, ..."
        );
        assert_eq!(in_ascii("in 5\" pots →\nnext →"), "in 5\" pots →\nnext ->");
        assert!(matches!(in_ascii("麻 ü"), Cow::Borrowed(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_locale_says_what_its_texts_are() {
        for locale in ["C.UTF-8", "de_DE.utf8", "en_US.UTF-8"] {
            assert!(names_utf8(locale), "{locale}");
        }
        for locale in ["C", "POSIX", "de_DE", "de_DE.ISO-8859-1", "en_US"] {
            assert!(!names_utf8(locale), "{locale}");
        }
    }
}
