//! The README and the samples, held to what they say: every command is run, every option exists, every file is listed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;
use stockport::sandbox::Sandbox;

use crate::import::corrected;
use crate::support::stockport::Run;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// What a command of the README does here.
enum Does {
    /// It runs to its end with this exit code, and what it printed passes this.
    Ends(i32, fn(&Stockport, &Run)),
    /// It serves until it is stopped.
    Serves,
    /// It builds or tests this program, as whoever runs this test has done.
    IsThisTest,
}

/// Every command of the README, in its order.
#[expect(clippy::too_many_lines, reason = "a table, a few lines a command")]
fn steps() -> Vec<(&'static str, Does)> {
    let says = |code, check| Does::Ends(code, check);
    vec![
        (
            "stockport import samples/inventory.xlsx --sandbox",
            says(0, |_, run| {
                assert!(run.stdout.contains("200 read = 200 created"), "{run:?}");
            }),
        ),
        ("cargo test", Does::IsThisTest),
        (
            "stockport import inventory.xlsx --dry-run",
            says(0, |_, run| {
                assert!(run.stdout.contains("Dry run, nothing sent"), "{run:?}");
            }),
        ),
        (
            "stockport import inventory.xlsx",
            says(0, |_, run| {
                assert!(run.stdout.contains("200 read = 200 created"), "{run:?}");
            }),
        ),
        (
            "stockport import messy.csv",
            says(3, |stockport, run| {
                assert!(run.stdout.contains("15 read = 7 created + 8 rejected"), "{run:?}");
                // What the README asks its reader to do next.
                let rejects = stockport.read("messy.rejects.csv");
                stockport.write("messy.rejects.csv", corrected(&rejects));
            }),
        ),
        (
            "stockport import messy.rejects.csv",
            says(0, |_, run| {
                assert!(run.stdout.contains("8 read = 8 created"), "{run:?}");
            }),
        ),
        (
            "stockport export inventory.csv",
            says(0, |stockport, _| {
                assert_eq!(stockport.read("inventory.csv").matches("MESSY").count(), 15);
            }),
        ),
        (
            "stockport export inventory.xlsx --force",
            says(0, |_, run| {
                assert!(run.stdout.contains("Exported 215 items"), "{run:?}");
            }),
        ),
        (
            "stockport export - --format jsonl",
            says(0, |_, run| assert_eq!(run.stdout.lines().count(), 215)),
        ),
        (
            "stockport delete --where status=OnHold --max-delete 25% --dry-run --sandbox",
            says(0, |_, run| assert!(run.stdout.contains("nothing sent"), "{run:?}")),
        ),
        (
            "stockport delete --ids 1A4FF0100000022000000001,1A4FF0100000022000000002 --yes --sandbox",
            says(0, |_, run| {
                assert!(run.stdout.contains("2 read = 2 deleted"), "{run:?}");
            }),
        ),
        (
            "stockport undo --sandbox",
            says(0, |_, run| {
                assert!(run.stdout.contains("2 read = 2 created"), "{run:?}");
            }),
        ),
        (
            "stockport diff inventory.xlsx inventory.csv",
            says(0, |_, run| assert!(run.stdout.contains("215"), "{run:?}")),
        ),
        (
            "stockport diff inventory.xlsx org:sandbox-company --sandbox",
            // The sandbox holds what the README's first command imported, and nothing of what came later.
            says(4, |_, run| assert!(run.stdout.contains("MESSY-001"), "{run:?}")),
        ),
        (
            "stockport backup create backups --sandbox",
            says(0, |_, run| assert!(run.stdout.contains("200"), "{run:?}")),
        ),
        (
            "stockport backup list backups",
            says(0, |_, run| assert!(run.stdout.contains(ORG), "{run:?}")),
        ),
        (
            "stockport backup verify backups --drill",
            says(0, |_, run| assert!(!run.stdout.is_empty(), "{run:?}")),
        ),
        (
            "stockport backup prune backups --keep-daily 7 --keep-weekly 4 --dry-run",
            says(0, |_, run| assert!(!run.stdout.is_empty(), "{run:?}")),
        ),
        (
            "stockport diff backups org:sandbox-company --sandbox",
            says(0, |_, run| assert!(run.stdout.contains("snapshot "), "{run:?}")),
        ),
        (
            "stockport backup restore backups --dry-run --sandbox",
            says(0, |_, run| {
                assert!(run.stdout.contains("200 read = 200 unchanged"), "{run:?}");
            }),
        ),
        (
            "stockport import inventory.xlsx --plan-out plan.json",
            says(0, |stockport, run| {
                assert!(run.stdout.contains("nothing sent"), "{run:?}");
                assert!(stockport.path("plan.json").exists());
            }),
        ),
        (
            "stockport import inventory.xlsx --plan plan.json --verify",
            says(0, |_, run| {
                assert!(run.stdout.contains("Verified by reading back"), "{run:?}");
            }),
        ),
        (
            "stockport import inventory.xlsx --resume",
            says(0, |_, run| {
                // An export has taken the file's place.
                assert!(run.stdout.contains("215 read = 215 unchanged"), "{run:?}");
            }),
        ),
        (
            "stockport runs",
            says(0, |_, run| {
                assert!(
                    run.stdout.contains("import messy.rejects.csv → sandbox-company"),
                    "{run:?}"
                );
            }),
        ),
        (
            "stockport undo",
            says(0, |_, run| {
                assert!(run.stdout.contains("8 read = 8 deleted"), "{run:?}");
            }),
        ),
        (
            "stockport migrate --from sandbox-company --to sandbox-branch --dry-run",
            says(0, |_, run| assert!(run.stdout.contains("207 create"), "{run:?}")),
        ),
        (
            "stockport migrate --from sandbox-company --to sandbox-branch",
            says(0, |_, run| {
                assert!(run.stdout.contains("207 items, none differs"), "{run:?}");
            }),
        ),
        (
            "stockport import inventory.xlsx --shard 1/2",
            says(0, |_, run| assert!(run.stdout.contains("Shard 1/2: "), "{run:?}")),
        ),
        (
            "stockport import inventory.xlsx --shard 2/2",
            says(0, |_, run| assert!(run.stdout.contains("Shard 2/2: "), "{run:?}")),
        ),
        ("stockport sandbox", Does::Serves),
        (
            "stockport inspect samples/exports/metrc-packages-grid.csv",
            says(0, |_, run| assert!(run.stdout.contains("item_id"), "{run:?}")),
        ),
        (
            "stockport inspect samples/mapping/count.csv --save-map map.toml",
            says(0, |stockport, _| assert!(stockport.path("map.toml").exists())),
        ),
        (
            "stockport convert samples/mapping/count.csv - --map samples/mapping/map.toml",
            says(0, |_, run| {
                assert!(run.stdout.lines().all(|line| line.contains("\"item_id\":")), "{run:?}");
            }),
        ),
        (
            "stockport convert samples/exports/metrc-items.json items.xlsx",
            says(0, |stockport, _| assert!(stockport.path("items.xlsx").exists())),
        ),
        (
            "stockport convert samples/messy.csv - --format csv",
            // The rows that it rejects are told on standard error.
            says(3, |_, run| assert!(run.stderr.contains("MESSY/003"), "{run:?}")),
        ),
        (
            "stockport backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12",
            says(0, |_, run| {
                assert!(run.stdout.contains("Backed up 215 items"), "{run:?}");
            }),
        ),
        (
            "stockport backup list backups",
            says(0, |_, run| assert!(run.stdout.contains("215 items"), "{run:?}")),
        ),
        (
            "stockport backup verify backups --drill",
            says(0, |_, run| assert!(run.stdout.contains("no difference"), "{run:?}")),
        ),
        (
            "stockport backup restore backups@latest --dry-run",
            says(0, |_, run| assert!(run.stdout.contains("215 unchanged"), "{run:?}")),
        ),
        (
            "stockport backup restore backups --verify",
            says(0, |stockport, run| {
                assert!(run.stdout.contains("215 read = 215 unchanged"), "{run:?}");
                // What the README asks its reader to have.
                let key = stockport.write("stockport.key", "a-key");
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt as _;
                    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
                }
                #[cfg(not(unix))]
                drop(key);
            }),
        ),
        (
            "stockport schedule \"daily 02:00\" -- backup create backups --keep-daily 7 --key-file stockport.key",
            says(0, |_, run| assert!(run.stdout.contains("stockport.key"), "{run:?}")),
        ),
        (
            "stockport config check",
            says(0, |_, run| assert!(run.stdout.contains("config.toml"), "{run:?}")),
        ),
    ]
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The commands of the README's `sh` blocks, without their comments.
fn commands() -> Vec<String> {
    let readme = text("README.md");
    let mut commands = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if let Some(language) = line.trim().strip_prefix("```") {
            inside = !inside && language == "sh";
            continue;
        }
        let command = line.split(" #").next().unwrap_or_default().trim();
        if inside && !command.is_empty() && !command.starts_with('#') {
            commands.push(command.replace("cargo run --release -- ", "stockport "));
        }
    }
    commands
}

fn copy_samples(to: &Stockport) {
    fs::create_dir(to.path("samples")).unwrap();
    for folder in ["", "exports", "mapping"] {
        fs::create_dir_all(to.path("samples").join(folder)).unwrap();
        for entry in fs::read_dir(root().join("samples").join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), to.path("samples").join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    // The user's own files, under the names that the README gives them.
    for name in ["inventory.xlsx", "messy.csv"] {
        fs::copy(root().join("samples").join(name), to.path(name)).unwrap();
    }
}

#[test]
fn every_command_of_the_readme_does_what_it_says_in_its_order() {
    let server = TestSandbox::new();
    let mut stockport = Stockport::new();
    copy_samples(&stockport);
    let mut steps = steps().into_iter();
    for command in commands() {
        if let Some(setting) = command.strip_prefix("export ") {
            let (name, _) = setting.split_once('=').expect("export NAME=value");
            stockport = match name {
                "STOCKPORT_ORG" => stockport.env(name, ORG),
                // The address is this test's own, the key with it.
                "CANNLYTICS_API_KEY" => stockport
                    .env(name, server.sandbox.key_for(ORG).unwrap())
                    .env("CANNLYTICS_API_URL", server.sandbox.url()),
                _ => panic!("the README sets {name}, of which no test knows"),
            };
            continue;
        }
        let (known, does) = steps
            .next()
            .unwrap_or_else(|| panic!("no test runs the README's `{command}`"));
        assert_eq!(known, command, "the README and the test differ");
        let args: Vec<&str> = words(&command).into_iter().skip(1).collect();
        match does {
            Does::IsThisTest => assert!(command.starts_with("cargo ")),
            Does::Ends(code, check) => check(&stockport, &stockport.run(&args).exit(code)),
            Does::Serves => serve(&stockport, &args),
        }
    }
    assert!(steps.next().is_none(), "the README lacks a command that the test knows");
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
