//! The README and the samples, held to what they say: every line is run, every option exists, every file is listed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use stockport::sandbox::Sandbox;

use crate::import::corrected;
use crate::support::stockport::Run;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// What a line of the README does here.
enum Does {
    /// It runs to its end with this exit code, and what it printed passes this.
    Ends(i32, fn(&Stockport, &Run)),
    /// The same, where all that it printed has to hold this.
    Says(i32, &'static str),
    /// It serves until it is stopped.
    Serves,
    /// It sets a variable: this one to what the line says, or to what the test's own server wants.
    Sets(&'static str),
    /// It builds, installs or tests this program, as whoever runs this test has done.
    IsThisTest,
}

/// Every line of the README, in its order.
#[rustfmt::skip]
fn steps() -> Vec<(&'static str, Does)> {
    use Does::{Ends, IsThisTest, Says, Serves, Sets};
    vec![
        // Two commands.
        ("cargo run --release -- import samples/inventory.xlsx --sandbox", Says(0, "200 read = 200 created")),
        ("cargo test", IsThisTest),
        // Ten tasks.
        ("cargo install --path .", IsThisTest),
        ("export STOCKPORT_ORG=sandbox-company", Sets("STOCKPORT_ORG")),
        ("export CANNLYTICS_API_KEY=your-key", Sets("CANNLYTICS_API_KEY")),
        ("cp samples/inventory.xlsx samples/messy.csv samples/mapping/count.csv .", Says(0, "")),
        ("stockport import inventory.xlsx", Says(0, "200 read = 200 created")),
        ("stockport import inventory.xlsx --dry-run", Says(0, "Dry run, nothing sent: 200 read = 200 unchanged")),
        ("stockport import messy.csv", Ends(3, |stockport, run| {
            assert!(run.stdout.contains("15 read = 7 created + 8 rejected"), "{run:?}");
            // What the README asks its reader to do next.
            stockport.write("messy.rejects.csv", corrected(&stockport.read("messy.rejects.csv")));
        })),
        ("stockport import messy.rejects.csv", Says(0, "8 read = 8 created")),
        ("stockport inspect count.csv --save-map map.toml", Ends(0, |stockport, _| {
            assert!(stockport.read("map.toml").contains("[columns]"));
        })),
        ("stockport import count.csv --map samples/mapping/map.toml", Says(0, "3 read = 3 created")),
        ("stockport backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12", Says(0, "Backed up 218 items")),
        ("printenv CANNLYTICS_API_KEY > stockport.key && chmod 600 stockport.key", Says(0, "")),
        (
            "stockport schedule \"daily 02:00\" -- backup create backups --keep-daily 7 --key-file stockport.key",
            Says(0, "stockport.key"),
        ),
        ("stockport backup list backups", Says(0, "218 items")),
        ("stockport backup restore backups@latest --dry-run", Says(0, "218 read = 218 unchanged")),
        ("stockport backup restore backups --verify", Says(0, "Verified by reading back: 218 items, none differs")),
        ("stockport backup verify backups --drill", Says(0, "no difference")),
        ("stockport backup prune backups --keep-daily 7 --keep-weekly 4 --dry-run", Says(0, "would remove 0 of 1")),
        ("stockport migrate --from sandbox-company --to sandbox-branch --dry-run", Says(0, "218 create")),
        ("stockport migrate --from sandbox-company --to sandbox-branch", Says(0, "218 items, none differs")),
        ("stockport runs", Says(0, "import messy.rejects.csv → sandbox-company")),
        // By mistake: the count under other names.
        ("stockport undo", Says(0, "3 read = 3 deleted")),
        ("stockport import inventory.xlsx --shard 1/2", Says(0, "Shard 1/2: ")),
        ("stockport import inventory.xlsx --shard 2/2", Says(0, "Shard 2/2: ")),
        ("stockport sandbox", Serves),
        // More tasks.
        ("stockport export inventory.csv", Ends(0, |stockport, _| {
            assert_eq!(stockport.read("inventory.csv").matches("MESSY").count(), 15);
        })),
        ("stockport export all.xlsx", Says(0, "Exported 215 items")),
        ("stockport export - --format jsonl", Ends(0, |_, run| assert_eq!(run.stdout.lines().count(), 215))),
        ("stockport delete --where status=OnHold --max-delete 25% --dry-run", Says(0, "nothing sent")),
        (
            "stockport delete --ids 1A4FF0100000022000000001,1A4FF0100000022000000002 --yes",
            Says(0, "2 read = 2 deleted"),
        ),
        ("stockport undo", Says(0, "2 read = 2 created")),
        // The first place lacks what came from the other file, the second what was taken back.
        ("stockport diff inventory.xlsx inventory.csv", Says(4, "+ MESSY-001")),
        ("stockport diff backups org:sandbox-company", Says(4, "- L-001")),
        ("stockport convert samples/exports/metrc-items.json items.xlsx", Ends(0, |stockport, _| {
            assert!(stockport.path("items.xlsx").exists());
        })),
        // The rows that it rejects are told on standard error.
        ("stockport convert samples/messy.csv - --format csv", Ends(3, |_, run| {
            assert!(run.stderr.contains("MESSY/003"), "{run:?}");
        })),
        ("stockport inspect samples/exports/metrc-packages-grid.csv", Says(0, "= item_id")),
        ("stockport import inventory.xlsx --plan-out plan.json", Ends(0, |stockport, run| {
            assert!(run.stdout.contains("nothing sent"), "{run:?}");
            assert!(stockport.path("plan.json").exists());
        })),
        ("stockport import inventory.xlsx --plan plan.json --verify", Says(0, "Verified by reading back")),
        ("stockport import inventory.xlsx --resume", Says(0, "200 read = 200 unchanged")),
        ("stockport completions bash > stockport.bash", Ends(0, |stockport, _| {
            assert!(stockport.read("stockport.bash").contains("--max-delete"));
        })),
        ("stockport man --dir man1", Ends(0, |stockport, _| {
            assert!(stockport.path("man1/stockport-import.1").exists());
        })),
        ("stockport config check", Says(0, "config.toml")),
    ]
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The lines of the README's `sh` blocks, without their comments.
fn lines() -> Vec<String> {
    let readme = text("README.md");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if let Some(language) = line.trim().strip_prefix("```") {
            inside = !inside && language == "sh";
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim();
        if inside && !line.is_empty() && !line.starts_with('#') {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The files that a clone has: those that git knows, else all but what was built.
fn files_of_a_clone() -> BTreeSet<String> {
    let known = Command::new("git").arg("ls-files").current_dir(root()).output();
    if let Some(known) = known.ok().filter(|known| known.status.success()) {
        return String::from_utf8_lossy(&known.stdout)
            .lines()
            .map(str::to_owned)
            .collect();
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != ".git" {
            files_below(&path, &root(), &mut found);
        } else if path.is_file() {
            found.insert(name);
        }
    }
    found
}

/// Makes the working folder what a fresh clone is.
fn clone_into(stockport: &Stockport) {
    for name in files_of_a_clone() {
        let (from, to) = (root().join(&name), stockport.path(&name));
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
    }
}

/// Runs a line as a shell does, which finds `stockport` by its name.
fn shell(stockport: &Stockport, line: &str) -> Run {
    let program = stockport.command([""; 0]);
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).env_clear();
    command.current_dir(program.get_current_dir().unwrap());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let folder = Path::new(program.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).unwrap();
    let output = command.env("PATH", path).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn every_line_of_the_readme_does_what_it_says_in_its_order_in_a_fresh_clone() {
    if Command::new("sh").args(["-c", "printenv HOME"]).output().is_err() {
        println!("skipped: there is no sh");
        return;
    }
    let server = TestSandbox::new();
    let mut stockport = Stockport::new();
    clone_into(&stockport);
    let mut steps = steps().into_iter();
    for line in lines() {
        let (known, does) = steps
            .next()
            .unwrap_or_else(|| panic!("no test runs the README's `{line}`"));
        assert_eq!(known, line, "the README and the test differ");
        let command = line.replace("cargo run --release --", "stockport");
        match does {
            Does::IsThisTest => assert!(line.starts_with("cargo ")),
            Does::Sets(name) => {
                let value = line.strip_prefix(&format!("export {name}=")).unwrap();
                stockport = if name == "CANNLYTICS_API_KEY" {
                    // What `stockport sandbox` would have printed in another terminal.
                    stockport
                        .env(name, server.sandbox.key_for(ORG).unwrap())
                        .env("CANNLYTICS_API_URL", server.sandbox.url())
                } else {
                    stockport.env(name, value)
                };
            }
            Does::Ends(code, check) => check(&stockport, &shell(&stockport, &command).exit(code)),
            Does::Says(code, words) => {
                let run = shell(&stockport, &command).exit(code);
                assert!(run.stdout.contains(words), "{line}: {run:?}");
            }
            Does::Serves => serve(&stockport, &words(&command)[1..]),
        }
    }
    assert!(steps.next().is_none(), "the README lacks a line that the test knows");
}

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

/// A command's words, as a shell would give them: what stands in quotes is one.
pub(crate) fn words(command: &str) -> Vec<&str> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(place, part)| {
        let is_quoted = place % 2 == 1;
        let spaced = part.split(' ').filter(|word| !word.is_empty());
        is_quoted
            .then_some(part)
            .into_iter()
            .chain(spaced.filter(move |_| !is_quoted))
    });
    words.collect()
}

/// Ends a child however the test ends.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// `stockport sandbox` prints its address, organizations and keys, and they work.
fn serve(stockport: &Stockport, args: &[&str]) {
    let mut command = stockport.command(args);
    let mut child = Ended(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut told = Vec::new();
    while !told.last().is_some_and(|line: &String| line.contains("STOCKPORT_ORG=")) {
        told.push(lines.next().expect("the sandbox has ended"));
    }
    assert_eq!(
        told.iter().filter(|line| line.starts_with("  organization ")).count(),
        2
    );
    let setting = |name: &str| {
        let prefix = format!("  export {name}=");
        told.iter()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap()
            .to_owned()
    };
    let mut from_another_terminal = Stockport::new();
    for name in ["CANNLYTICS_API_URL", "CANNLYTICS_API_KEY", "STOCKPORT_ORG"] {
        from_another_terminal = from_another_terminal.env(name, &setting(name));
    }
    let run = from_another_terminal.run(["export", "-"]).ok();
    // The first command of the README has filled it.
    assert_eq!(run.stdout.lines().count(), 200);
}

#[test]
fn every_option_that_the_readme_names_exists() {
    let stockport = Stockport::new();
    let mut known: BTreeSet<String> = ["--release", "--path"].map(str::to_owned).into();
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

/// Every file below a folder, by its path from there.
pub(crate) fn files_below(folder: &Path, from: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, from, found);
        } else {
            found.insert(path.strip_prefix(from).unwrap().to_string_lossy().replace('\\', "/"));
        }
    }
}

/// The samples that are imported as they are, with how that ends and the rows that they have. Other tests use the rest.
const SAMPLES: [(&str, i32, u64); 6] = [
    ("formats/inventory.ods", 0, 3),
    ("formats/inventory.xls", 0, 3),
    ("formats/inventory.xlsx", 0, 3),
    ("inventory.csv", 0, 60),
    ("inventory.xlsx", 0, 200),
    ("messy.csv", 3, 15),
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
    sources.remove("readme.rs");
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
fn a_sandbox_of_ones_own_folder_port_and_organization() {
    let stockport = Stockport::new();
    let dir = stockport.path("data");
    let options = ::stockport::sandbox::Options {
        dir: dir.clone(),
        port: 0,
        orgs: Vec::new(),
        traits: ::stockport::sandbox::Flavour::default(),
    };
    // A port that was free a moment ago.
    let port = Sandbox::start(options)
        .unwrap()
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .replace("/api", "");
    let dir = dir.to_string_lossy().into_owned();
    let mut command = stockport.command([
        "sandbox",
        "--sandbox-dir",
        &dir,
        "--port",
        &port,
        "--org",
        "north",
        "--json",
    ]);
    let mut child = Ended(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["url"], format!("http://127.0.0.1:{port}/api"));
    let organizations = told["organizations"].as_array().unwrap();
    let north = organizations
        .iter()
        .find(|org| org["org"] == "north")
        .expect("no north");
    let client = Stockport::new()
        .env("CANNLYTICS_API_URL", told["url"].as_str().unwrap())
        .env("CANNLYTICS_API_KEY", north["key"].as_str().unwrap())
        .env("STOCKPORT_ORG", "north");
    client.write("count.csv", "item_id,name\nN1,Kush\n");
    client.run(["import", "count.csv"]).ok();
    drop(child);
    // Kept in the folder: the embedded server of another run finds it there.
    let run = stockport
        .run(["export", "-", "--sandbox", "--sandbox-dir", &dir, "--org", "north"])
        .ok();
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn each_date_of_the_table_becomes_what_it_says() {
    let readme = text("README.md");
    let table = readme.lines().skip_while(|line| *line != "## Dates").skip(1);
    let rows: Vec<(&str, &str)> = table
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .collect();
    assert_eq!(rows.len(), 7, "{rows:?}");
    let stockport = Stockport::new();
    for (cell, posted) in rows {
        fs::write(stockport.path("dates.csv"), format!("item_id,moved_at\nA,{cell}\n")).unwrap();
        let run = stockport.run(["convert", "dates.csv", "-"]).ok();
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
    assert_eq!(errors.len(), 20, "the table of the commonest twenty");
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
