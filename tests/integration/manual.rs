//! The README as a manual, and the samples, held to what they say: every option exists, every table is true, every file is
//! listed.
//!
//! Doesn't belong here: running the README's lines (`readme`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::readme::{files_below, root, text};
use crate::support::Stockport;

/// The tasks that people come for, in their own words.
const TASKS: [&str; 10] = [
    "Upload my workbook",
    "See what would change",
    "Fix the rejected rows",
    "My columns have other names",
    "Back up every night",
    "Get yesterday back",
    "Move to another organization",
    "Delete what I imported by mistake",
    "Run it on several machines",
    "Try it without an account",
];

#[test]
fn the_ten_tasks_stand_under_one_heading_and_no_line_of_the_readme_stands_twice() {
    let readme = text("README.md");
    let tasks = readme.split_once("\n## Ten tasks\n").unwrap().1;
    let tasks = tasks.split_once("\n## ").unwrap().0;
    let titles: Vec<&str> = tasks.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(titles, TASKS);
    for task in tasks.split("\n### ").skip(1) {
        assert!(task.contains("```sh\n"), "no line to run: {task}");
    }
    let mut seen = BTreeSet::new();
    for line in readme.lines().filter(|line| line.len() > 40) {
        assert!(seen.insert(line), "it stands twice: {line}");
    }
}

#[test]
fn every_place_that_the_readme_links_to_is_there() {
    let readme = text("README.md");
    let anchors: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
        let there = match link.0.strip_prefix('#') {
            Some(anchor) => anchors.contains(anchor),
            None => link.0.starts_with("https://") || root().join(link.0).exists(),
        };
        assert!(there, "{} leads nowhere", link.0);
    }
}

#[test]
fn every_option_that_the_readme_names_exists() {
    let stockport = Stockport::new();
    let mut known: BTreeSet<String> = ["--release", "--path", "--profile", "--lib"].map(str::to_owned).into();
    let help = stockport.run(["--help"]).ok().stdout;
    let commands = listed(&help);
    assert!(commands.iter().any(|command| command == "import"), "{help}");
    for command in commands {
        let help = stockport.run([command.as_str(), "--help"]).stdout;
        known.extend(options(&help));
        for inner in listed(&help) {
            known.extend(options(&stockport.run([command.as_str(), &inner, "--help"]).stdout));
        }
    }
    for option in options(&text("README.md")) {
        assert!(
            known.contains(&option),
            "the README names {option}, which no command has"
        );
    }
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
fn the_exit_codes_of_the_readme_are_the_programs() {
    use stockport::error::Exit;
    let codes: Vec<i32> = text("README.md")
        .lines()
        .skip_while(|line| *line != "## Exit codes")
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
    let readme = text("README.md");
    let table = readme.lines().skip_while(|line| *line != "## Dates").skip(1);
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
            "nothing" => Value::Null,
            text => Value::from(text.trim_matches('`')),
        };
        assert_eq!(item["moved_at"], expected, "{cell}");
    }
}

#[test]
fn every_error_of_the_troubleshooting_table_is_what_the_tool_says() {
    let readme = text("README.md");
    let table = readme.lines().skip_while(|line| *line != "## Troubleshooting");
    let table = table.skip(1).take_while(|line| !line.starts_with("## "));
    let errors: Vec<&str> = table
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
