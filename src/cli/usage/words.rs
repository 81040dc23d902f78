//! Lists and suggestions as parts of a sentence about a command line.
//!
//! Doesn't belong here: the sentences (`usage`).

use std::fmt::Display;

pub(super) fn alike(name: Option<impl Display>) -> String {
    name.map_or_else(String::new, |name| format!("; the nearest is {name}"))
}

pub(super) fn belongs(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => String::new(),
        [one] => format!("; `{one}` has it"),
        [first, ..] => format!("; `{first}` and others have it"),
    }
}

pub(super) fn either(words: &[String]) -> String {
    joined(words, "or")
}

pub(super) fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
