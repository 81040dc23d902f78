//! The lines of the README and of the help topics, run one after the other in a copy of the clone.
//!
//! Doesn't belong here: what else these pages say (`manual`).

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use stockport::help::TOPICS;
use stockport::sandbox::Sandbox;

use crate::import::corrected;
use crate::support::stockport::Run;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// What the README's lines need: the samples under the names by which they are used.
const SAMPLES: &str = "cp samples/inventory.xlsx samples/messy.csv samples/mapping/count.csv .";

/// What a line of a page does here.
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

/// A line of a page, and what it does.
type Step = (&'static str, Does);

/// Every line of the README, in its order.
#[rustfmt::skip]
fn readme() -> Vec<Step> {
    use Does::{Ends, IsThisTest, Says, Sets};
    vec![
        ("cargo install --path .", IsThisTest),
        ("cargo run --release -- import samples/inventory.xlsx --sandbox", Says(0, "200 read = 200 created")),
        ("cargo test", IsThisTest),
        ("export STOCKPORT_ORG=sandbox-company", Sets("STOCKPORT_ORG")),
        ("export CANNLYTICS_API_KEY=your-key", Sets("CANNLYTICS_API_KEY")),
        (SAMPLES, Says(0, "")),
        ("stockport import inventory.xlsx", Says(0, "200 read = 200 created")),
        ("stockport inspect count.csv --save-map map.toml", Ends(0, mapping_is_written)),
        ("stockport import count.csv --map samples/mapping/map.toml --dry-run", Says(0, "3 create")),
        ("stockport import count.csv --map samples/mapping/map.toml", Says(0, "3 read = 3 created")),
        ("stockport import messy.csv", Ends(3, ten_rows_are_rejected)),
        ("stockport import messy.rejects.csv", Says(0, "10 read = 10 created")),
        ("stockport backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12", Says(0, "Backed up 218 items")),
        ("printenv CANNLYTICS_API_KEY > stockport.key && chmod 600 stockport.key", Says(0, "")),
        (
            "stockport schedule \"daily 02:00\" -- backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --key-file stockport.key --on-failure \"mail -s backup ops@example.com\"",
            Says(0, "mail -s backup ops@example.com"),
        ),
        ("stockport backup check backups --max-age 26h", Says(0, "old (at most 26 h)")),
        ("stockport backup verify backups --drill", Says(0, "no difference")),
        ("stockport backup restore backups --verify", Says(0, "Verified by reading back: 218 items, no differences")),
        ("stockport migrate --from sandbox-company --to sandbox-branch --dry-run", Says(0, "218 create")),
        ("stockport migrate --from sandbox-company --to sandbox-branch --certificate moved", Says(0, "218 items, no differences")),
        ("stockport migrate --check moved.json", Says(0, "218 items")),
        ("stockport undo --org sandbox-branch --dry-run", Says(0, "218 delete")),
        ("stockport export inventory.csv", Ends(0, |stockport, _| {
            assert_eq!(stockport.read("inventory.csv").matches("MESSY").count(), 15);
        })),
        // The first place lacks what came from the other files.
        ("stockport diff inventory.xlsx inventory.csv", Says(4, "+ MESSY-001")),
        ("stockport diff backups org:sandbox-company", Says(0, "")),
        ("stockport delete --where status=OnHold --max-delete 25% --dry-run", Says(0, "nothing sent")),
        (
            "stockport delete --ids 1A4FF0100000022000000001,1A4FF0100000022000000002 --yes",
            Says(0, "2 read = 2 deleted"),
        ),
        ("stockport runs", Says(0, "import messy.rejects.csv → sandbox-company")),
        ("stockport undo --yes", Says(0, "2 read = 2 created")),
        ("stockport export - --format jsonl | gzip > inventory.jsonl.gz", Ends(0, |stockport, _| {
            assert!(stockport.run(["convert", "inventory.jsonl.gz", "-"]).stdout.lines().count() > 200);
        })),
        ("stockport convert samples/messy.csv - --format csv", Ends(3, rejected_rows_are_reported)),
        ("stockport import samples/inventory.csv --yes --quiet", Ends(0, |_, run| {
            assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
        })),
    ]
}

fn mapping_is_written(stockport: &Stockport, _: &Run) {
    assert!(stockport.read("map.toml").contains("[columns]"));
}

fn ten_rows_are_rejected(stockport: &Stockport, run: &Run) {
    assert!(run.stdout.contains("15 read = 5 created + 10 rejected"), "{run:?}");
    // What the page asks its reader to do next.
    stockport.write("messy.rejects.csv", corrected(&stockport.read("messy.rejects.csv")));
}

/// The rows that `convert` rejects are reported on standard error.
fn rejected_rows_are_reported(_: &Stockport, run: &Run) {
    assert!(run.stderr.contains("MESSY/003"), "{run:?}");
}

/// The lines of each help topic that has some, in their order; before them, what a reader of the page has done already.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn topics() -> Vec<(&'static str, &'static [&'static str], Vec<Step>)> {
    use Does::{Ends, Says, Serves, Sets};
    vec![
        ("reading", &[], vec![
            ("stockport inspect samples/exports/metrc-packages-grid.csv", Says(0, "= item_id")),
        ]),
        ("mapping", &[], vec![
            ("stockport import count.csv --column \"Lot No=item_id\" --column \"What=name\" --column \"On hand=false\" --dry-run", Says(0, "3 create")),
            ("stockport inspect count.csv --save-map map.toml", Ends(0, mapping_is_written)),
            ("stockport import count.csv --map samples/mapping/map.toml --dry-run", Says(0, "3 create")),
        ]),
        ("plans", &["stockport import inventory.xlsx"], vec![
            ("stockport import inventory.xlsx --dry-run", Says(0, "Dry run, nothing sent: 200 read = 200 unchanged")),
            ("stockport import inventory.xlsx --dry-run --missing not-counted.xlsx", Says(0, "200 unchanged")),
            ("stockport import inventory.xlsx --plan-out plan.json", Ends(0, |stockport, run| {
                assert!(run.stdout.contains("nothing sent"), "{run:?}");
                assert!(stockport.path("plan.json").exists());
            })),
            ("stockport import inventory.xlsx --plan plan.json --verify", Says(0, "Verified by reading back")),
            ("stockport import messy.csv", Ends(3, ten_rows_are_rejected)),
            ("stockport import messy.rejects.csv", Says(0, "10 read = 10 created")),
            ("stockport import inventory.xlsx --resume", Says(0, "200 read = 200 unchanged")),
            ("stockport runs", Says(0, "import messy.rejects.csv → sandbox-company")),
            ("stockport undo --dry-run", Says(0, "10 delete")),
            ("stockport delete --where status=OnHold --max-delete 25% --dry-run", Says(0, "nothing sent")),
            (
                "stockport delete --ids 1A4FF0100000022000000001,1A4FF0100000022000000002 --yes",
                Says(0, "2 read = 2 deleted"),
            ),
            ("stockport undo --yes", Says(0, "2 read = 2 created")),
            ("stockport import inventory.xlsx --shard 1/2", Says(0, "Shard 1/2: ")),
            ("stockport import inventory.xlsx --shard 2/2", Says(0, "Shard 2/2: ")),
        ]),
        ("exports", &[
            "stockport import inventory.xlsx",
            "stockport import count.csv --map samples/mapping/map.toml",
            "stockport backup create backups",
            "stockport undo --yes",
        ], vec![
            ("stockport export inventory.csv", Says(0, "Exported 200 items")),
            ("stockport export all.xlsx", Says(0, "Exported 200 items")),
            ("stockport export - --format jsonl", Ends(0, |_, run| assert_eq!(run.stdout.lines().count(), 200))),
            ("stockport export changes.csv --since backups", Says(0, " gone) of sandbox-company")),
            ("stockport convert samples/exports/metrc-items.json items.xlsx", Ends(0, |stockport, _| {
                assert!(stockport.path("items.xlsx").exists());
            })),
            ("stockport convert samples/messy.csv - --format csv", Ends(3, rejected_rows_are_reported)),
            ("stockport diff inventory.xlsx inventory.csv", Says(0, "")),
            ("stockport diff backups org:sandbox-company", Says(4, "- L-001")),
        ]),
        ("backups", &["stockport import inventory.xlsx"], vec![
            ("stockport backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12", Says(0, "Backed up 200 items")),
            ("printenv CANNLYTICS_API_KEY > stockport.key && chmod 600 stockport.key", Says(0, "")),
            (
                "stockport schedule \"daily 02:00\" -- backup create backups --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --key-file stockport.key --on-failure \"mail -s backup ops@example.com\"",
                Says(0, "stockport.key"),
            ),
            ("stockport backup list backups", Says(0, "200 items")),
            ("stockport backup restore backups@latest --dry-run", Says(0, "200 read = 200 unchanged")),
            ("stockport backup restore backups --verify", Says(0, "Verified by reading back: 200 items, no \
              differences")),
            ("stockport backup history backups 1A4FF0100000022000000002", Says(0, "the oldest snapshot")),
            ("stockport backup history backups 1A4FF0100000022000000002 --csv > history.csv", Ends(0, |stockport, _| {
                assert!(stockport.read("history.csv").contains("first_seen,name,,"));
            })),
            ("stockport backup verify backups --drill", Says(0, "no difference")),
            ("stockport backup prune backups --keep-daily 7 --keep-weekly 4 --dry-run", Says(0, "would remove 0 of 1")),
        ]),
        ("monitoring", &["stockport import inventory.xlsx"], vec![
            ("stockport backup create backups --metrics stockport.prom --on-failure \"mail -s backup ops@example.com\"", Ends(0, |stockport, _| {
                assert!(stockport.read("stockport.prom").contains("stockport_last_run_exit_code{"));
            })),
            ("stockport backup check backups --max-age 26h", Says(0, "old (at most 26 h)")),
        ]),
        ("migration", &[
            "stockport import inventory.xlsx",
            "printenv CANNLYTICS_API_KEY > our.key && chmod 600 our.key",
            "stockport login --profile old --org sandbox-company --key-file our.key --api $CANNLYTICS_API_URL",
            "stockport login --profile new --org sandbox-branch --key-file our.key --api $CANNLYTICS_API_URL",
        ], vec![
            ("stockport migrate --from sandbox-company --to sandbox-branch --dry-run", Says(0, "200 create")),
            ("stockport migrate --from sandbox-company --to sandbox-branch --certificate moved", Says(0, "200 items, no differences")),
            ("stockport migrate --check moved.json", Says(0, "200 items")),
            ("stockport undo --org sandbox-branch --dry-run", Says(0, "200 delete")),
            ("stockport migrate --from-profile old --to-profile new --certificate friday", Says(0, "200 unchanged")),
            ("stockport migrate --from-profile old --to-profile new --mirror --dry-run", Says(0, "200 unchanged")),
        ]),
        ("json", &[], vec![
            ("stockport import inventory.xlsx --json", Ends(0, |_, run| assert_eq!(run.json()["created"], 200))),
            ("stockport import inventory.xlsx --json-log --quiet", Ends(0, |_, run| {
                assert_eq!((run.stdout.as_str(), run.stderr.lines().count()), ("", 2));
            })),
        ]),
        ("options", &["stockport import samples/inventory.xlsx --sandbox"], vec![
            ("export STOCKPORT_ORG=sandbox-company", Sets("STOCKPORT_ORG")),
            ("export CANNLYTICS_API_KEY=your-key", Sets("CANNLYTICS_API_KEY")),
            ("stockport config check", Says(0, "config.toml")),
            ("stockport sandbox", Serves),
            ("stockport completions bash > stockport.bash", Ends(0, |stockport, _| {
                assert!(stockport.read("stockport.bash").contains("--max-delete"));
            })),
            ("stockport man --dir man1", Ends(0, |stockport, _| {
                assert!(stockport.path("man1/stockport-import.1").exists());
            })),
        ]),
    ]
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The README and the help topics, by their paths.
pub(crate) fn pages() -> Vec<String> {
    let topics = TOPICS.iter().map(|topic| format!("src/help/{}.md", topic.name));
    std::iter::once("README.md".to_owned()).chain(topics).collect()
}

/// The lines of a page's `sh` blocks, without their comments.
fn lines(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text(page).lines() {
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
    if !is_there_a_shell() {
        println!("skipped: there is no sh");
        return;
    }
    let server = TestSandbox::new();
    let stockport = Stockport::new();
    clone_into(&stockport);
    follow("README.md", stockport, &server, readme());
}

#[test]
fn every_line_of_every_topic_does_what_it_says_in_its_order() {
    if !is_there_a_shell() {
        println!("skipped: there is no sh");
        return;
    }
    let mut topics = topics();
    for topic in TOPICS {
        let page = format!("src/help/{}.md", topic.name);
        let Some(at) = topics.iter().position(|(name, ..)| *name == topic.name) else {
            assert_eq!(lines(&page), [""; 0], "no test runs these lines of {page}");
            continue;
        };
        let (_, before, steps) = topics.remove(at);
        let server = TestSandbox::new();
        let stockport = Stockport::new().at(&server, ORG);
        clone_into(&stockport);
        for line in std::iter::once(&SAMPLES).chain(before) {
            shell(&stockport, line).ok();
        }
        follow(&page, stockport, &server, steps);
    }
    assert!(topics.is_empty(), "there is no topic {}", topics[0].0);
}

fn is_there_a_shell() -> bool {
    Command::new("sh").args(["-c", "printenv HOME"]).output().is_ok()
}

/// Runs the lines of a page, one after the other.
fn follow(page: &str, mut stockport: Stockport, server: &TestSandbox, steps: Vec<Step>) {
    let mut steps = steps.into_iter();
    for line in lines(page) {
        let (known, does) = steps
            .next()
            .unwrap_or_else(|| panic!("no test runs this line of {page}: {line}"));
        assert_eq!(known, line, "{page} and the test differ");
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
    assert!(steps.next().is_none(), "{page} lacks a line that the test knows");
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
    // A command with --sandbox has filled it.
    assert_eq!(run.stdout.lines().count(), 200);
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
