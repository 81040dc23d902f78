//! The house, as a maintainer finds it: heads that say what belongs in a room, and names that lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use crate::readme::{files_below, root, text};

/// The Rust files below a folder of this project.
pub(crate) fn sources(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    files_below(&root().join(folder), &root(), &mut found);
    found.retain(|name| Path::new(name).extension().is_some_and(|ending| ending == "rs"));
    found
}

/// The lines that a file's head has.
fn head(name: &str) -> String {
    text(name)
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_file_begins_with_a_head_and_every_room_says_what_does_not_belong_there() {
    for name in sources("src").iter().chain(&sources("tests/integration")) {
        assert!(text(name).starts_with("//! "), "{name} has no head");
    }
    let rooms = sources("src").into_iter().filter(|name| {
        let is_at_the_top = name.matches('/').count() == 1;
        // These are the whole house and the list of commands.
        (is_at_the_top || name.ends_with("/mod.rs")) && !["src/lib.rs", "src/cli.rs"].contains(&name.as_str())
    });
    for room in rooms.filter(|name| !name.contains("test")) {
        assert!(
            head(&room).contains("Doesn't"),
            "{room} doesn't say what doesn't belong there"
        );
    }
}

#[test]
fn the_walk_of_a_row_names_rooms_that_are_there() {
    let named: BTreeSet<String> = head("src/lib.rs")
        .split("[`")
        .skip(1)
        .filter_map(|rest| rest.split_once("`]").map(|(name, _)| name.to_owned()))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let modules = text("src/lib.rs");
    for name in named {
        assert!(modules.contains(&format!("pub mod {name};\n")), "there is no {name}");
    }
}

#[test]
fn every_room_stands_in_the_readme() {
    let readme = text("README.md");
    let built = readme.split_once("## How it is built").unwrap().1;
    let modules = text("src/lib.rs");
    let modules = modules
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    for module in modules {
        let places = [
            format!("`{module}`"),
            format!("`src/{module}.rs`"),
            format!("`src/{module}/`"),
        ];
        assert!(
            places.iter().any(|place| built.contains(place)),
            "the README places no `{module}`"
        );
    }
}

#[test]
fn the_commits_and_rooms_that_the_readme_names_are_there() {
    let readme = text("README.md");
    let built = readme.split_once("## How it is built").unwrap().1;
    for (place, word) in built.split('`').enumerate() {
        if place % 2 == 1
            && ["src/", "tests/", "samples/", ".ci"]
                .iter()
                .any(|room| word.starts_with(room))
        {
            assert!(root().join(word).exists(), "there is no {word}");
        }
    }
    let log = std::process::Command::new("git")
        .args(["log", "--format=%s"])
        .current_dir(root())
        .output();
    let Some(log) = log.ok().filter(|log| log.status.success()) else {
        println!("skipped: there is no history here");
        return;
    };
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    if log.lines().count() < 100 {
        println!("skipped: the history is cut short here");
        return;
    }
    for (place, words) in built.split('"').enumerate() {
        let subject = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if place % 2 == 1 {
            assert!(
                log.lines().any(|line| line == subject),
                "no commit is called {subject:?}"
            );
        }
    }
}
