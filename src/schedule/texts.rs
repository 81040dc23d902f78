//! Words in the quotation of each system's files, and back.
//!
//! Doesn't belong here: which words those are.

use super::Job;

/// A word for `sh`.
pub(super) fn quoted_for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Words for `sh`, as one line.
pub(super) fn line_for_shell(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted_for_shell(word)).collect();
    words.join(" ")
}

/// A word for a program on Windows, by the rules of `CommandLineToArgvW`: a backslash stands for itself, but before a
/// quotation mark each is doubled.
pub(super) fn quoted_for_windows(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => quoted.extend(std::iter::repeat_n('\\', std::mem::take(&mut backslashes) + 1)),
            _ => backslashes = 0,
        }
        quoted.push(c);
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes));
    quoted.push('"');
    quoted
}

/// A text in XML, in ASCII alone: the file is right in each encoding that a shell's `>` may write.
pub(super) fn in_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            ' '..='~' => escaped.push(c),
            other => escaped.push_str(&format!("&#{};", u32::from(other))),
        }
    }
    escaped
}

/// What stands in each file that `schedule list` reads: the job as a user would write it.
pub(super) fn note(job: &Job) -> String {
    format!("{NOTE}\"{}\" -- {}", job.when.text(), line_for_shell(&job.args))
}

/// How it begins.
const NOTE: &str = "stockport schedule ";

/// The time and the command of the note in a file's text, if it has one.
pub(super) fn noted(text: &str) -> Option<(String, Vec<String>)> {
    let (before, line) = text.lines().find_map(|line| line.split_once(NOTE))?;
    let is_xml = before.ends_with('>');
    // An element ends the text there.
    let line = line.split('<').next().filter(|_| is_xml).unwrap_or(line);
    let plain = quick_xml::escape::unescape(line).ok().filter(|_| is_xml);
    let mut words = words(plain.as_deref().unwrap_or(line)).into_iter();
    let when = words.next()?;
    words.next().filter(|word| word == "--")?;
    Some((when, words.collect()))
}

/// The words of a line, without their quotation: as `sh` reads it, where nothing is expanded.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quote != Some('\'') => word.get_or_insert_default().extend(chars.next()),
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && quote.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
