//! Where programs are careless: no terminal, a closed pipe, a home that can't be written or isn't there, a full disk, strange
//! names, links, other locales, signals at each stage. Each test drives the binary as a user would.

mod homeless;
mod ignored;
mod names;
#[cfg(unix)]
mod own_files;
mod pipes;
mod places;
pub(crate) mod signals;
mod steer;

use std::path::Path;

use serde_json::json;

use crate::support::{Run, Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// So many rows, each with a text of some length.
fn rows(count: usize, text: &str) -> String {
    let mut csv = "item_id,name,quantity\n".to_owned();
    for number in 0..count {
        csv += &format!("TAG{number:06},{text} that says something of item {number},{number}\n");
    }
    csv
}

/// An organization that holds so many items, in a sandbox of the test's own.
fn filled(count: usize) -> TestSandbox {
    let server = TestSandbox::new();
    for number in 0..count {
        let id = format!("TAG{number:06}");
        let item =
            json!({"item_id": id, "name": format!("a name of some length of item {number}"), "quantity": number});
        let item = item.as_object().unwrap().clone();
        server.sandbox.store().put(ORG, &id, item).unwrap();
    }
    server
}

/// The names of what is in a folder, and below it.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            names.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    names.sort_unstable();
    names
}

/// Nothing half done lies about: neither beside the results nor among the temporary files.
fn assert_tidy(stockport: &Stockport, what: &str) {
    let left = names(stockport.home());
    let litter: Vec<&String> = left
        .iter()
        .filter(|name| name.contains(".part") || name.starts_with("tmp/"))
        .collect();
    assert!(litter.is_empty(), "{what} leaves {litter:?}");
}

/// The error and its hint, both plain.
pub(crate) fn assert_told(run: &Run, message: &str, hint: &str) {
    let told = run.stderr.lines().collect::<Vec<_>>();
    let error = told.iter().find_map(|line| line.strip_prefix("error: "));
    let advice = told.iter().find_map(|line| line.strip_prefix("hint: "));
    let error = error.unwrap_or_else(|| panic!("no error in {}", run.stderr));
    assert!(error.contains(message), "{message:?} is not in: {}", run.stderr);
    assert!(
        advice.is_some_and(|advice| advice.contains(hint)),
        "{hint:?} is not in: {}",
        run.stderr
    );
    assert!(
        !run.stderr.contains("os error") && !run.stderr.contains("panicked"),
        "{}",
        run.stderr
    );
}
