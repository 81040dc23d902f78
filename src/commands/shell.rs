//! Words as a shell takes them, for commands that a person copies.
//!
//! Doesn't belong here: which command it is.

use std::path::Path;

use crate::output::is_shown_as_escape;

/// What no shell gives a meaning, wherever it stands in a word.
const PLAIN: &str = "-_./:=@%+,";

/// A command line of these words: POSIX shells' quoting, or, on Windows, that of its command line.
pub(super) fn line(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| word_for(word, cfg!(windows))).collect();
    quoted.join(" ")
}

/// A file as an argument that is no option, whatever its name begins with.
pub(super) fn argument(file: &Path) -> String {
    let name = file.display().to_string();
    if name.starts_with('-') {
        format!("./{name}")
    } else {
        name
    }
}

/// Whether a character is no plain one in a word: it steers a terminal, or can't be seen.
fn is_spelt(c: char) -> bool {
    c == '\n' || is_shown_as_escape(c)
}

fn word_for(word: &str, windows: bool) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || PLAIN.contains(c) || windows && c == '\\';
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if windows {
        return format!("\"{word}\"");
    }
    if !word.contains(is_spelt) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    // What a terminal would obey is spelt out.
    let mut spelt = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => spelt.extend(['\\', c]),
            c if is_spelt(c) => spelt.extend(c.to_string().bytes().map(|byte| format!("\\x{byte:02x}"))),
            c => spelt.push(c),
        }
    }
    spelt + "'"
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
            assert_eq!(word_for(word, false), expected, "{word:?}");
        }
        assert_eq!(word_for("C:\\my files\\in.csv", true), "\"C:\\my files\\in.csv\"");
        assert_eq!(word_for("C:\\in.csv", true), "C:\\in.csv");
    }
}
