//! The README and the help topics as a manual, and the samples, held to what they say: every option exists, every table is
//! true, every file is listed.
//!
//! Doesn't belong here: running the pages' lines (`readme`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use stockport::help::TOPICS;

use crate::readme::{files_below, pages, root, text};
use crate::support::Stockport;

/// The most bytes of the README.
const README: usize = 12_000;
/// The most lines of one of its tasks, blank ones not counted.
const TASK: usize = 10;

/// The parts of a page between headings of a level, each with its heading.
fn parts<'p>(page: &'p str, heading: &str) -> Vec<(&'p str, &'p str)> {
    let separator = format!("\n{heading} ");
    let parts = page.split(separator.as_str()).skip(1);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

#[test]
fn the_readme_is_short_and_its_first_screen_says_what_it_is() {
    let readme = text("README.md");
    assert!(readme.len() <= README, "the README has {} bytes", readme.len());
    let (first, _) = readme.split_once("\n## ").unwrap();
    for part in [
        "It is for ",
        "](samples/pictures/",
        "cargo install",
        "cargo run ",
        "cargo test",
        "Why not a script?",
        "](LICENSE)",
    ] {
        assert!(first.contains(part), "the first screen has no {part:?}");
    }
    assert!(first.lines().count() <= 40, "{first}");
}

#[test]
fn the_readme_has_seven_tasks_of_at_most_ten_lines() {
    let readme = text("README.md");
    let sections = parts(&readme, "##");
    let (_, tasks) = sections.iter().find(|(title, _)| *title == "Seven tasks").unwrap();
    let tasks = parts(tasks, "###");
    assert_eq!(tasks.len(), 7);
    for (title, task) in tasks {
        assert!(task.contains("```sh\n"), "no line to run: {title}");
        let lines = task.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= TASK, "{title} has {lines} lines");
    }
}

#[test]
fn the_readme_lists_every_topic() {
    let readme = text("README.md");
    for topic in TOPICS {
        let row = format!("| [{0}](src/help/{0}.md) | ", topic.name);
        assert!(readme.contains(&row), "the README lacks {row}");
    }
}

#[test]
fn no_line_of_a_page_stands_twice() {
    for page in pages() {
        let text = text(&page);
        let mut seen = BTreeSet::new();
        for line in text.lines().filter(|line| line.len() > 40) {
            assert!(seen.insert(line), "{page}: it stands twice: {line}");
        }
    }
}

#[test]
fn every_variable_that_is_exported_is_set_in_powershell_too() {
    let mut count = 0;
    for page in pages() {
        let text = text(&page);
        for line in text.lines().filter_map(|line| line.strip_prefix("export ")) {
            let (name, value) = line.split_once('=').unwrap();
            let value = value.split(" #").next().unwrap().trim();
            let wanted = format!("\n$env:{name} = \"{value}\"\n");
            assert!(text.contains(&wanted), "{page} lacks {wanted}");
            count += 1;
        }
    }
    assert!(count > 1);
}

#[test]
fn every_place_that_a_page_links_to_is_there() {
    for page in pages()
        .into_iter()
        .chain([".github/CONTRIBUTING.md".to_owned(), "tests/bench/README.md".to_owned()])
    {
        let folder = root().join(&page).parent().unwrap().to_owned();
        let text = text(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let there = link.0.starts_with("https://") || folder.join(link.0).exists();
            assert!(there, "{page}: {} leads nowhere", link.0);
        }
    }
}

#[test]
fn every_option_that_a_page_names_exists() {
    let stockport = Stockport::new();
    let mut known: BTreeSet<String> = ["--release", "--path", "--profile", "--lib"].map(str::to_owned).into();
    // The manual pages name all of them.
    stockport.run(["man", "--dir", "man1"]).ok();
    for page in fs::read_dir(stockport.path("man1")).unwrap() {
        let page = fs::read_to_string(page.unwrap().path()).unwrap();
        known.extend(options(&page.replace("\\fR", " ").replace('\\', "")));
    }
    assert!(known.contains("--dry-run") && known.contains("--sandbox"), "{known:?}");
    // The codes of errors have mistyped options as their examples.
    for page in pages().into_iter().filter(|page| !page.ends_with("codes.md")) {
        for option in options(&text(&page)) {
            assert!(known.contains(&option), "{page} names {option}, which no command has");
        }
    }
}

#[test]
fn the_table_of_global_options_is_that_of_the_command_line() {
    let page = text("src/help/options.md");
    let command = stockport::cli::command();
    let mut rows = String::new();
    for arg in command.get_arguments().filter(|arg| arg.is_global_set()) {
        let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
        let takes = arg.get_action().takes_values();
        let value = arg
            .get_value_names()
            .filter(|_| takes)
            .map(|names| format!(" {}", names[0]));
        let default = arg.get_default_values().first().filter(|_| takes);
        let default = default.map(|value| format!(" [default: {}]", value.to_string_lossy()));
        let variable = arg.get_env().map(|name| format!("`{}`", name.to_string_lossy()));
        rows += &format!(
            "| {short}`--{}{}` | {}{} | {} |\n",
            arg.get_long().unwrap(),
            value.unwrap_or_default(),
            arg.get_help().unwrap(),
            default.unwrap_or_default(),
            variable.unwrap_or_default()
        );
    }
    assert!(
        page.contains(&format!("|---|---|---|\n{rows}\n")),
        "the table is now:\n{rows}"
    );
}

/// The commands that a help lists.
pub(crate) fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty());
    // A description that goes on in the next line is set further in than a name.
    names
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Every `--option` of a text.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    words
        .filter(|word| {
            word.strip_prefix("--")
                .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .map(str::to_owned)
        .collect()
}

/// The samples that are imported as they are, with how that ends and the rows that they have. Other tests use the rest.
const SAMPLES: [(&str, i32, u64); 7] = [
    ("formats/inventory.ods", 0, 3),
    ("formats/inventory.xls", 0, 3),
    ("formats/inventory.xlsx", 0, 3),
    ("inventory.csv", 0, 60),
    ("inventory.xlsx", 0, 200),
    ("messy.csv", 3, 15),
    ("messy.xlsx", 3, 10),
];

#[test]
fn every_sample_is_explained_and_imports_as_it_is_explained() {
    let folder = root().join("samples");
    let mut there = BTreeSet::new();
    files_below(&folder, &folder, &mut there);
    assert!(there.remove("README.md"));
    let explained: BTreeSet<String> = text("samples/README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    assert_eq!(there, explained, "samples/README.md lists other files than there are");
    let tests = root().join("tests/integration");
    let mut sources = BTreeSet::new();
    files_below(&tests, &tests, &mut sources);
    sources.remove("manual.rs");
    sources.retain(|name| Path::new(name).extension().is_some_and(|ending| ending == "rs"));
    let sources: String = sources
        .iter()
        .map(|name| text(&format!("tests/integration/{name}")))
        .collect();
    for name in &there {
        let imported = SAMPLES.iter().any(|(sample, ..)| sample == name);
        let last = name.rsplit('/').next().unwrap();
        assert!(
            imported || sources.contains(&format!("{last}\"")),
            "no test uses the sample {name}"
        );
    }
    for (name, code, rows) in SAMPLES {
        let stockport = Stockport::new();
        let copy = Path::new(name).file_name().unwrap().to_str().unwrap();
        fs::copy(folder.join(name), stockport.path(copy)).unwrap();
        let run = stockport.run(["import", copy, "--sandbox", "--json"]).exit(code).json();
        assert_eq!(run["read"], rows, "{name}: {run}");
    }
}

#[test]
fn the_exit_codes_of_the_table_are_the_programs() {
    use stockport::error::Exit;
    let codes: Vec<i32> = text("src/help/exit-codes.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    let exits = [
        Exit::Done,
        Exit::Stopped,
        Exit::Usage,
        Exit::Partial,
        Exit::Different,
        Exit::Interrupted,
    ];
    assert_eq!(codes, exits.map(|exit| exit as i32));
}

#[test]
fn each_date_of_the_table_becomes_what_it_says() {
    let page = text("src/help/values.md");
    let table = page.lines().skip_while(|line| *line != "## Dates").skip(1);
    let rows: Vec<(&str, &str)> = table
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .collect();
    assert_eq!(rows.len(), 9, "{rows:?}");
    let stockport = Stockport::new();
    for (cell, posted) in rows {
        fs::write(stockport.path("dates.csv"), format!("item_id,moved_at\nA,{cell}\n")).unwrap();
        let run = stockport.run(["convert", "dates.csv", "-"]);
        if posted == "rejected" {
            assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{cell}");
            continue;
        }
        let item: Value = serde_json::from_str(&run.stdout).unwrap();
        let expected = match posted {
            "blank" => Value::Null,
            text => Value::from(text.trim_matches('`')),
        };
        assert_eq!(item["moved_at"], expected, "{cell}");
    }
}

#[test]
fn every_error_of_the_table_is_what_the_tool_says() {
    let page = text("src/help/errors.md");
    let errors: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(error, _)| error))
        .collect();
    assert_eq!(errors.len(), 23, "the table of the commonest errors");
    let catalogue = text("tests/integration/catalogue/errors.txt");
    for error in errors {
        assert!(
            catalogue
                .lines()
                .filter_map(|line| line.strip_prefix("error: "))
                .any(|told| fits(error, told)),
            "no error says `{error}`"
        );
    }
}

/// Whether a text is this pattern, in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…').peekable();
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    while let Some(part) = parts.next() {
        match (parts.peek(), rest.find(part)) {
            (None, _) => return rest.ends_with(part),
            (Some(_), Some(at)) => rest = &rest[at + part.len()..],
            (Some(_), None) => return false,
        }
    }
    rest.is_empty()
}
