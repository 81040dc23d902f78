//! The codes that programs know errors and warnings by: each belongs to one error, and `stockport help codes` lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use stockport::commands::SUMS;
use stockport::error::Code;
use stockport::output::About;

use super::{catalogue, code};
use crate::readme::text;

/// Variants that only pass on an error of another room: they have its code.
const PASSED_ON: &[&str] = &[
    "ColumnError::Read",
    "ColumnError::Mapping",
    "SnapshotError::Write",
    "ApiError::Interrupted",
];

/// The types that give codes: those of the source, and the error of a mapping file, which is a part of another one.
fn types() -> BTreeSet<String> {
    let mut types = BTreeSet::from(["MappingError".to_owned()]);
    for file in crate::house::sources("src") {
        let source = text(&file);
        let heads = source
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("impl UserError for "));
        types.extend(heads.filter_map(|head| Some(head.split_whitespace().next()?.to_owned())));
    }
    types
}

/// Each code, with the errors that have it.
fn errors_by_code() -> BTreeMap<Code, BTreeSet<String>> {
    let types = types();
    let mut all: BTreeMap<Code, BTreeSet<String>> = BTreeMap::new();
    for (name, error) in catalogue().0 {
        // An error of several texts has several entries: `ColumnError::NoId, like none`.
        let name = name.split(',').next().unwrap();
        let is_own = types.contains(name.split("::").next().unwrap()) && !PASSED_ON.contains(&name);
        let errors = all.entry(error.code()).or_default();
        errors.extend(is_own.then(|| name.to_owned()));
    }
    all
}

#[test]
fn a_code_is_a_word_in_snake_case_that_one_error_has() {
    let mut faults = String::new();
    let by_code = errors_by_code();
    for (code, errors) in &by_code {
        if errors.len() > 1 {
            faults += &format!("{code} is the code of {errors:?}\n");
        }
    }
    let sums = SUMS.iter().map(|(code, _)| *code);
    let warnings: Vec<&str> = About::ALL.iter().map(|(code, _)| *code).collect();
    let all: Vec<&str> = by_code.keys().map(Code::as_ref).chain(sums).chain(warnings).collect();
    for code in &all {
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !code.split('_').all(is_word) {
            faults += &format!("{code:?} is not in snake case\n");
        }
    }
    assert_eq!(
        all.iter().collect::<BTreeSet<_>>().len(),
        all.len(),
        "two have one code"
    );
    assert!(faults.is_empty(), "{faults}");
    assert!(all.len() > 250, "{}", all.len());
}

/// A row of a table: a code, and what it stands for.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.trim().replace('|', "\\|")).collect();
    writeln!(page, "| {} |", cells.join(" | ")).unwrap();
}

/// An error's text without what the server says in it, and without words that no table has room for.
fn short(text: &str) -> String {
    let own = text.split(": \"You must be an owner").next().unwrap();
    let word = |word: &str| {
        if word.chars().count() > 40 {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    own.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The tables of `stockport help codes`, as the code has them.
fn tables() -> String {
    let mut page = "## Errors\n\n| code | exit | for example |\n|---|---|---|\n".to_owned();
    let mut shown = BTreeMap::new();
    for (_, error) in catalogue().0 {
        let told = (code(error.exit()).to_string(), short(&error.to_string()));
        shown.entry(error.code()).or_insert(told);
    }
    for (code, meaning) in SUMS {
        let exit = if *code == "backup_different" { "4" } else { "1" };
        shown.insert(Code::from(*code), (exit.to_owned(), (*meaning).to_owned()));
    }
    for (code, (exit, example)) in &shown {
        row(&mut page, &[&format!("`{code}`"), exit, example]);
    }
    page += "\n## Warnings\n\n| code | meaning |\n|---|---|\n";
    let warnings: BTreeMap<&str, &str> = About::ALL.iter().copied().collect();
    for (code, meaning) in &warnings {
        row(&mut page, &[&format!("`{code}`"), meaning]);
    }
    page
}

#[test]
fn the_help_lists_every_code() {
    let page = text("src/help/codes.md").replace("\r\n", "\n");
    let (head, there) = page.split_at(page.find("## Errors").unwrap());
    let actual = tables();
    if there != actual {
        let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codes.md");
        fs::write(&left, format!("{head}{actual}")).unwrap();
        let differs = actual.lines().zip(there.lines().chain(std::iter::repeat("")));
        let (now, then) = differs.into_iter().find(|(a, b)| a != b).unwrap_or(("", "more"));
        panic!(
            "src/help/codes.md differs; as it would be: {}\nnow:\n{now}\nthere:\n{then}",
            left.display()
        );
    }
}
