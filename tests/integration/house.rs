//! The house, as a maintainer finds it: heads that say what belongs in a room, and names that lead somewhere.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::Imports;
use stockport::environment::VARIABLES;

use crate::readme::{files_below, root, text};

/// The layout of the source, for contributors.
const GUIDE: &str = ".github/CONTRIBUTING.md";

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
fn every_room_stands_in_the_guide_for_contributors() {
    let guide = text(GUIDE);
    let built = guide.split_once("## How it is built").unwrap().1;
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
            "{GUIDE} places no `{module}`"
        );
    }
}

#[test]
fn the_rooms_that_the_guide_names_are_there() {
    let guide = text(GUIDE);
    let built = guide.split_once("## How it is built").unwrap().1;
    for (place, word) in built.split('`').enumerate() {
        if place % 2 == 1
            && ["src/", "tests/", "samples/", ".ci"]
                .iter()
                .any(|room| word.starts_with(room))
        {
            assert!(root().join(word).exists(), "there is no {word}");
        }
    }
}

/// Imports of rooms by rooms, or of files by files of one folder, that close a circle today: `(folder, from, to)`. This list
/// may only shrink: an entry that is not needed any more fails the test.
const CIRCLES: &[(&str, &str, &str)] = &[];

/// The rooms by floors, the ground floor first. A room imports rooms of lower floors only.
const FLOORS: &[&[&str]] = &[
    // What every room may read.
    &["environment", "error"],
    // What knows nothing of inventories.
    &["files", "output", "parallel", "hash", "bits", "sort", "item"],
    &["cause", "shard", "counter", "help"],
    // The outside: files, the API.
    &["sheet", "api"],
    &["progress", "columns"],
    // What is wanted, what is stored, and what differs.
    &["config", "inventory", "plan"],
    &["filter", "journal", "snapshot", "sandbox", "schedule"],
    &["export"],
    &["upload", "report", "convert", "place", "backup"],
    &["runs", "cli"],
    // The journey, and what each command wants of an item.
    &["transfer", "notify"],
    &["undo", "delete", "migrate", "diff", "review"],
    &["restore"],
    &["audit"],
    &["commands"],
];

/// Imports that don't go downwards today: `(from, to)`. This list may only shrink.
const UPWARDS: &[(&str, &str)] = &[];

/// The most lines that a file has.
const LINES: usize = 450;

/// Files that are longer today, with their lines. This list may only shrink, and so may the numbers.
const LONGER: &[(&str, usize)] = &[("src/inventory/tests.rs", 465)];

type Edges = BTreeMap<(String, String), String>;

/// Whether one room or file imports another one, directly or through others.
fn reaches(edges: &Edges, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(here) = next.pop() {
        for (_, there) in edges.keys().filter(|(begin, _)| begin == here) {
            if there == to {
                return true;
            }
            if seen.insert(there.as_str()) {
                next.push(there);
            }
        }
    }
    false
}

/// The imports that close circles, if there are any, as text.
fn circle(edges: &Edges) -> Option<String> {
    let closing = edges.iter().filter(|((from, to), _)| reaches(edges, to, from));
    let lines: Vec<String> = closing
        .map(|((from, to), file)| format!("{from} -> {to} ({file})"))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[test]
fn no_circle_is_closed_among_rooms_or_among_the_files_of_a_folder() {
    let imports = Imports::read(&sources("src"));
    let folders: BTreeSet<&[String]> = imports.files.keys().map(|module| &module[..module.len() - 1]).collect();
    let mut faults = String::new();
    let mut known: BTreeSet<&(&str, &str, &str)> = CIRCLES.iter().collect();
    for folder in folders {
        let name = folder.join("/");
        let all = if folder.is_empty() {
            imports.rooms.clone()
        } else {
            imports.within(folder)
        };
        let allowed: Vec<_> = CIRCLES.iter().filter(|(within, ..)| *within == name).collect();
        let mut edges = all.clone();
        edges.retain(|(from, to), _| !allowed.iter().any(|(_, f, t)| f == from && t == to));
        if let Some(circle) = circle(&edges) {
            faults += &format!("a circle in src/{name}:\n{circle}\n\n");
        }
        for entry in allowed {
            known.remove(entry);
            let edge = (entry.1.to_owned(), entry.2.to_owned());
            if !all.contains_key(&edge) || !reaches(&all, entry.2, entry.1) {
                faults += &format!("{entry:?} closes no circle any more: remove it from CIRCLES\n\n");
            }
        }
    }
    for entry in known {
        faults += &format!("{entry:?} names no folder: remove it from CIRCLES\n\n");
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_circle_is_found_and_named() {
    let edges = |pairs: &[(&str, &str)]| -> Edges {
        let edge = |&(from, to): &(&str, &str)| ((from.to_owned(), to.to_owned()), format!("{from}.rs"));
        pairs.iter().map(edge).collect()
    };
    assert_eq!(circle(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&edges(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("d", "e")])).unwrap();
    assert_eq!(found, "b -> c (b.rs)\nc -> b (c.rs)");
}

#[test]
fn imports_go_down_the_floors() {
    let imports = Imports::read(&sources("src"));
    assert!(
        !imports.rooms.keys().any(|(from, _)| from == "error"),
        "src/error.rs imports a room"
    );
    let floor = |room: &str| FLOORS.iter().position(|floor| floor.contains(&room));
    let modules = text("src/lib.rs");
    let modules: BTreeSet<&str> = modules
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let listed: Vec<&str> = FLOORS.iter().copied().flatten().copied().collect();
    assert_eq!(listed.len(), modules.len(), "a room stands on no floor, or on two");
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), modules);
    let mut faults = String::new();
    let is_up = |from: &str, to: &str| floor(from) <= floor(to);
    for ((from, to), file) in &imports.rooms {
        if is_up(from, to) && !UPWARDS.contains(&(from.as_str(), to.as_str())) {
            faults += &format!("{file} imports {to}, which is not below {from}\n");
        }
    }
    for (from, to) in UPWARDS {
        if !imports.rooms.contains_key(&((*from).to_owned(), (*to).to_owned())) || !is_up(from, to) {
            faults += &format!("{from} -> {to} goes up no more: remove it from UPWARDS\n");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn no_file_grows_beyond_its_bound() {
    let mut faults = String::new();
    for name in sources("src") {
        let lines = text(&name).lines().count();
        match LONGER.iter().find(|(longer, _)| *longer == name) {
            None if lines > LINES => faults += &format!("{name} has {lines} lines\n"),
            Some((_, most)) if lines > *most => faults += &format!("{name} has {lines} lines, {most} before\n"),
            Some(_) if lines <= LINES => faults += &format!("{name} has {lines} lines: remove it from LONGER\n"),
            _ => {}
        }
    }
    for (name, _) in LONGER {
        assert!(root().join(name).exists(), "there is no {name}: remove it from LONGER");
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The names between `before` and a quotation mark in a source.
fn names_after(source: &str, before: &str) -> Vec<String> {
    let rest = source.split(before).skip(1);
    rest.filter_map(|rest| rest.split_once('"').map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn every_variable_that_is_read_stands_in_the_list_that_schedules_use() {
    let listed: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), distinct.len(), "a variable is listed twice");
    let mut faults = String::new();
    let mut read = 0;
    for name in sources("src") {
        let source = text(&name);
        if name != "src/environment.rs" && ["env::var", "env::vars"].iter().any(|read| source.contains(read)) {
            faults += &format!("{name} reads the environment itself: use crate::environment::value\n");
        }
        for before in ["environment::value(\"", "environment::filled(\"", "env = \""] {
            for variable in names_after(&source, before) {
                read += 1;
                if !listed.contains(&variable.as_str()) {
                    faults += &format!("{name} reads {variable}: add it to src/environment.rs, with its role\n");
                }
            }
        }
    }
    assert!(read > 8, "only {read} reads were found");
    assert!(faults.is_empty(), "{faults}");
}

/// The files of the commands that write. No function in them is as long as [`FUNCTION`] lines.
const WRITING: &[&str] = &[
    "src/commands/backup/restore.rs",
    "src/commands/delete.rs",
    "src/commands/import.rs",
    "src/commands/migrate.rs",
    "src/commands/run.rs",
    "src/commands/undo.rs",
];

/// The lines of a function that is too long.
const FUNCTION: usize = 60;

/// The functions of a source as rustfmt lays it out, each with its lines from `fn` to the closing brace. Attributes and
/// comments before it don't count.
fn functions(source: &str) -> Vec<(String, usize)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let name = |line: &str| -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "fn")?;
        let is_modifier = |word: &&str| word.starts_with("pub") || ["const", "async", "unsafe"].contains(word);
        let name = words.get(at + 1)?.split(['(', '<']).next()?;
        words[..at].iter().all(is_modifier).then(|| name.to_owned())
    };
    let mut open: Vec<(String, usize, usize)> = Vec::new();
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        if let Some(name) = name(line) {
            // One without a body, or with an empty one, is a line.
            if !line.ends_with(['}', ';']) {
                open.push((name, indent(line), number));
            }
        } else if line.trim() == "}"
            && let Some((name, _, begun)) = open.pop_if(|(_, begun, _)| *begun == indent(line))
        {
            found.push((name, number - begun + 1));
        }
    }
    assert!(open.is_empty(), "no end was found of {open:?}");
    found
}

#[test]
fn no_function_of_a_command_that_writes_is_long() {
    let mut faults = String::new();
    for file in WRITING {
        let functions = functions(&text(file));
        assert!(functions.len() > 3, "{file}: {functions:?}");
        for (name, lines) in functions.iter().filter(|(_, lines)| *lines >= FUNCTION) {
            faults += &format!("{file}: {name} has {lines} lines\n");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The steps of a run that writes, as they are called.
const STEPS: &[&str] = &[
    ".tell_next(",
    "Journal::temporary(",
    "Lock::share(",
    "Lock::take(",
    "Runs::end(",
    "Runs::resume(",
    "runs.begin(",
];

#[test]
fn the_steps_of_a_run_that_writes_stand_in_one_place() {
    for step in STEPS {
        let callers: Vec<String> = sources("src/commands")
            .into_iter()
            .filter(|file| text(file).contains(step))
            .collect();
        assert_eq!(callers, ["src/commands/run.rs"], "{step}");
    }
}

#[test]
fn the_lines_of_functions_are_counted() {
    let source = "\
fn one() {}

/// fn not() {
pub(super) const fn two<T>(
    a: T,
) -> T {
    let f = |x| {
        x
    };
    fn inner() {
        1;
    }
    // }
    a
}

impl A {
    #[inline]
    fn three(&self) {
        if true {
        }
    }
}
";
    let lines = |name: &str, lines: usize| (name.to_owned(), lines);
    assert_eq!(
        functions(source),
        [lines("inner", 3), lines("two", 12), lines("three", 4)]
    );
}
