//! Every error that a user can meet, with its whole text as it is shown: `errors.txt`, in the order of the variants.
//!
//! A variant that is added doesn't compile here until it is named, and fails here until it has an entry. After a change of
//! a text, the file that the failing test leaves shows the catalogue as it would be.

mod codes;
mod ending;
mod files;
mod keeping;
mod service;
mod usage;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use console::measure_text_width;
use stockport::error::{Error, Exit};

use crate::readme::text;

/// Names every variant of an error: the pattern must be exhaustive, so that a new variant must be named as well.
macro_rules! variants {
    ($name:ident of $error:ty as $type:literal: $($variant:ident),+ $(,)?) => {
        pub(super) fn $name(error: &$error) -> String {
            use $error as Of;
            let variant = match error { $(Of::$variant { .. } => stringify!($variant),)+ };
            format!("{}::{variant}", $type)
        }
        impl crate::catalogue::Named for $error {
            const ALL: &[&str] = &[$(concat!($type, "::", stringify!($variant))),+];
            fn name(&self) -> String { $name(self) }
        }
    };
}
use variants;

/// An error whose variants are all known by name.
pub(crate) trait Named {
    const ALL: &[&str];
    fn name(&self) -> String;
}

/// What a group of the catalogue holds: each variant's name and the error as a user meets it.
#[derive(Default)]
struct Catalogue(Vec<(String, Error)>);

impl Catalogue {
    /// Takes one error after the other; each variant must be among them.
    fn take<E: Named + Into<Error>>(&mut self, errors: Vec<E>) {
        self.nested(errors, Into::into);
    }

    /// The same of errors that a user meets inside others.
    fn nested<E: Named>(&mut self, errors: Vec<E>, outer: impl Fn(E) -> Error) {
        let named: BTreeSet<String> = errors.iter().map(Named::name).collect();
        for name in E::ALL {
            assert!(named.contains(*name), "the catalogue has no {name}");
        }
        self.0
            .extend(errors.into_iter().map(|error| (error.name(), outer(error))));
    }

    /// An error of two texts whose second form is worth showing, too.
    fn also(&mut self, name: &str, error: impl Into<Error>) {
        self.0.push((name.to_owned(), error.into()));
    }
}

fn catalogue() -> Catalogue {
    let mut all = Catalogue::default();
    ending::add(&mut all);
    files::add(&mut all);
    service::add(&mut all);
    keeping::add(&mut all);
    usage::add(&mut all);
    all
}

/// An error as it is shown.
fn told(error: &Error) -> String {
    format!("error: {error}\nhint: {}", error.hint())
}

/// How an exit code is told in the catalogue.
fn code(exit: Exit) -> i32 {
    exit as i32
}

#[test]
fn every_error_says_what_the_catalogue_shows() {
    let mut actual = String::new();
    for (name, error) in &catalogue().0 {
        let (exit, told) = (code(error.exit()), told(error));
        actual += &format!("# {name}, {}, exit {exit}\n{told}\n\n", error.code());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/catalogue/errors.txt");
    let wanted = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if actual != wanted {
        let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors.txt");
        fs::write(&left, &actual).unwrap();
        let differs = actual
            .split("\n\n")
            .zip(wanted.split("\n\n").chain(std::iter::repeat("")));
        let (now, then) = differs.into_iter().find(|(a, b)| a != b).unwrap_or(("", "more"));
        panic!(
            "the catalogue differs; as it would be: {}\nnow:\n{now}\nthere:\n{then}",
            left.display()
        );
    }
}

/// A message and a hint, in four lines at 80 columns, without a type's name, a debug form, a page, a value of the program's
/// insides.
fn is_short(text: &str, fault: &mut dyn FnMut(&str)) {
    let insides = [
        "::",
        "Error",
        "Some(",
        "Err(",
        "None",
        "<html",
        "<!DOCTYPE",
        "panicked",
        "unwrap",
        "\\n",
        "os error",
    ];
    let lines: usize = text.lines().map(|line| measure_text_width(line).div_ceil(80)).sum();
    if lines > 4 {
        fault(&format!("{lines} lines at 80 columns"));
    }
    if text.lines().count() != 2 || !text.starts_with("error: ") || !text.contains("\nhint: ") {
        fault("not just a message and a hint");
    }
    if let Some(inside) = insides.iter().find(|inside| text.contains(**inside)) {
        fault(&format!("shows its insides: {inside}"));
    }
}

#[test]
fn every_error_is_short_and_plain_and_says_what_to_do() {
    let mut faults = String::new();
    for (name, error) in &catalogue().0 {
        let text = told(error);
        let mut fault = |what: &str| faults += &format!("{name}: {what}\n{text}\n\n");
        is_short(&text, &mut fault);
        if error.to_string().contains(&error.hint()) {
            fault("the hint stands in the message");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn every_type_that_can_end_a_command_is_in_the_catalogue() {
    let catalogue = catalogue();
    let named: BTreeSet<&str> = catalogue
        .0
        .iter()
        .map(|(name, _)| name.split("::").next().unwrap())
        .collect();
    let mut types = 0;
    for file in crate::house::sources("src") {
        let source = text(&file);
        for line in source.lines() {
            let Some(rest) = line.trim_start().strip_prefix("impl UserError for ") else {
                continue;
            };
            let name = rest.split_whitespace().next().unwrap();
            assert!(named.contains(name), "the catalogue has no {name} of {file}");
            types += 1;
        }
    }
    assert!(types > 20, "{types}");
}
