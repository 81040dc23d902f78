//! Words as a shell takes them, for commands that a person copies.
//!
//! Doesn't belong here: which command it is.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::output::is_shown_as_escape;

/// What no shell gives a meaning, wherever it stands in a word.
const PLAIN: &str = "-_./:=@%+,";

/// A command line of these words: POSIX shells' quoting, or, on Windows, that of its command line.
pub(super) fn line<W: AsRef<OsStr>>(words: &[W]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| word_for(word.as_ref(), cfg!(windows)))
        .collect();
    quoted.join(" ")
}

/// A file as an argument that is no option, whatever its name begins with.
pub(super) fn argument(file: &Path) -> OsString {
    if file.as_os_str().as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(file).into_os_string()
    } else {
        file.as_os_str().to_owned()
    }
}

/// Whether a character is no plain one in a word: it steers a terminal, or can't be seen.
fn is_spelt(c: char) -> bool {
    c == '\n' || is_shown_as_escape(c)
}

fn word_for(word: &OsStr, windows: bool) -> String {
    let Some(word) = word.to_str() else {
        return if windows {
            for_windows(&word.to_string_lossy())
        } else {
            spelt(word.as_encoded_bytes())
        };
    };
    let is_plain = |c: char| c.is_alphanumeric() || PLAIN.contains(c) || windows && c == '\\';
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if windows {
        return for_windows(word);
    }
    if word.contains(is_spelt) {
        spelt(word.as_bytes())
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// In double quotes. A quote inside, and backslashes before a quote, are escaped by a backslash each, as programs on Windows
/// read their command line.
fn for_windows(word: &str) -> String {
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => quoted += &"\\".repeat(2 * backslashes + 1),
            _ => quoted += &"\\".repeat(backslashes),
        }
        if c != '\\' {
            backslashes = 0;
            quoted.push(c);
        }
    }
    quoted + &"\\".repeat(2 * backslashes) + "\""
}

/// In `$'…'`: what a terminal would obey, and bytes that are no text, are spelt out.
fn spelt(word: &[u8]) -> String {
    let mut spelt = String::from("$'");
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => spelt.extend(['\\', c]),
                c if is_spelt(c) => spelt += &escaped(c.to_string().as_bytes()),
                c => spelt.push(c),
            }
        }
        spelt += &escaped(chunk.invalid());
    }
    spelt + "'"
}

fn escaped(bytes: &[u8]) -> String {
    let mut escaped = String::new();
    for byte in bytes {
        escaped += &format!("\\x{byte:02x}");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        for (word, expected) in [
            ("in.rejects.csv", "in.rejects.csv"),
            ("Zähl/in.csv", "Zähl/in.csv"),
            ("my file.csv", "'my file.csv'"),
            ("it's.csv", "'it'\\''s.csv'"),
            ("a$b;c.csv", "'a$b;c.csv'"),
            ("~x", "'~x'"),
            ("", "''"),
            ("a\nb'.csv", "$'a\\x0ab\\'.csv'"),
        ] {
            assert_eq!(word_for(word.as_ref(), false), expected, "{word:?}");
        }
    }

    #[test]
    fn windows_reads_double_quotes_and_backslashes_before_them() {
        for (word, expected) in [
            ("C:\\in.csv", "C:\\in.csv"),
            ("C:\\my files\\in.csv", "\"C:\\my files\\in.csv\""),
            ("C:\\my files\\", "\"C:\\my files\\\\\""),
            ("name=\"Kush\"", "\"name=\\\"Kush\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(word_for(word.as_ref(), true), expected, "{word:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_spelt_out_byte_by_byte() {
        use std::os::unix::ffi::OsStrExt as _;
        let word = OsStr::from_bytes(b"a\xffb.csv");
        assert_eq!(word_for(word, false), "$'a\\xffb.csv'");
        assert_eq!(argument(Path::new("-x.csv")), OsString::from("./-x.csv"));
        assert_eq!(argument(Path::new("x.csv")), OsString::from("x.csv"));
    }
}
