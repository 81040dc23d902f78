//! The API key: how it comes in, and the guarantee that it goes nowhere but into the header, and into a file that is
//! its user's alone.
//!
//! Doesn't belong here: where a key is kept (`config`).

use std::fmt;
use std::path::Path;

use reqwest::header::HeaderValue;

use super::error::{ApiError, KeyFault};
use crate::files;

/// What stands where a key stood.
const MASK: &str = "[key]";

/// A key of so many bytes is no word of another argument by chance.
const WORD: usize = 6;

/// A key of so many bytes stands in no other text by chance.
const COINCIDENCE: usize = 16;

/// An API key. It can't be printed: not by `Debug`, not in an error, not in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes the key from the text of a file, an environment variable or a command's output. Outer white space and a
    /// byte-order mark belong to the file, not to the key; what can't stand in an HTTP header is refused.
    pub fn new(text: &str) -> Result<Self, ApiError> {
        let outer = |c: char| c.is_whitespace() || c == '\u{feff}';
        let key = text.trim_matches(outer);
        if key.is_empty() {
            Err(ApiError::BadKey(KeyFault::Empty))
        } else if key.contains(['\n', '\r']) {
            Err(ApiError::BadKey(KeyFault::LineBreak))
        } else if key.chars().any(char::is_control) {
            Err(ApiError::BadKey(KeyFault::Control))
        } else if key.is_ascii() {
            Ok(Self(key.to_owned()))
        } else {
            Err(ApiError::BadKey(KeyFault::NotAscii))
        }
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub(super) fn header(&self) -> Result<HeaderValue, ApiError> {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", self.0)).map_err(|_| ApiError::BadKey(KeyFault::Control))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Writes the key into a file of its own, which only its user can read, in one step.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        files::write(path, format!("{}\n", self.0).as_bytes())
    }

    /// How many bytes the key has; a cut of foreign text that is shorter than this may hide half of it.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a text holds the key: as one of its words, or, where the key is too long for a coincidence, anywhere.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let parts = |c: char| c.is_whitespace() || ",;=:/?&#@".contains(c);
        text.trim() == self.0
            || (self.0.len() >= WORD && text.split(parts).any(|word| word == self.0))
            || (self.0.len() >= COINCIDENCE && text.contains(&self.0))
    }

    /// The text with each occurrence of the key masked, whatever its case: servers do echo what they were sent.
    pub(super) fn mask(&self, text: &str) -> String {
        let needle = self.0.to_ascii_lowercase();
        // ASCII case folding keeps every byte's place, so that an index into one text holds in the other.
        let folded = text.to_ascii_lowercase();
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for (at, found) in folded.match_indices(&needle) {
            masked.push_str(text.get(from..at).unwrap_or_default());
            masked.push_str(MASK);
            from = at.saturating_add(found.len());
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        masked
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::UserError as _;

    fn fault(text: &str) -> KeyFault {
        match Key::new(text) {
            Err(ApiError::BadKey(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_white_space_of_a_key_file_is_not_the_key() {
        let key = Key::new("\u{feff}  s3cret \r\n").unwrap();
        assert_eq!(key.header().unwrap().to_str().unwrap(), "Bearer s3cret");
        assert!(key.header().unwrap().is_sensitive());
    }

    #[test]
    fn a_key_that_no_header_can_hold_is_refused_and_not_shown() {
        assert_eq!(fault(" \n"), KeyFault::Empty);
        assert_eq!(fault("s3cret\nX-Evil: 1"), KeyFault::LineBreak);
        assert_eq!(fault("s3cret\u{7}x"), KeyFault::Control);
        assert_eq!(fault("s3crét"), KeyFault::NotAscii);
        for text in ["s3cret\nx", "s3cret\u{7}x", "s3crét"] {
            let error = Key::new(text).unwrap_err();
            assert!(
                !format!("{error} {error:?} {}", error.hint()).contains("s3c"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_key_cannot_be_printed() {
        assert_eq!(format!("{:?}", Key::new("s3cret").unwrap()), "Key(…)");
        assert!(!format!("{:?}", Key::new("s3cret").unwrap().header().unwrap()).contains("s3cret"));
    }

    #[test]
    fn a_key_is_masked_wherever_it_stands_and_in_any_case() {
        let key = Key::new("s3cret").unwrap();
        assert_eq!(key.mask("é s3cret, S3CRET! ü"), "é [key], [key]! ü");
        assert_eq!(key.mask("nothing here"), "nothing here");
    }
}
