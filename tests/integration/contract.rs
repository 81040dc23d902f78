//! The contract with programs: the shape of every document of `--json`, of the events of `--json-log` and of plan files, as
//! `contract/*.txt` keep it: each path to a value with its JSON types.
//!
//! A field that goes, or changes its type, breaks whoever reads it. One that is added is written down with it: the file that
//! the failing test leaves shows the shape as it would be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use stockport::output::events::{Event, Progress, Told};

use crate::readme::text;
use crate::support::faulty::Faulty;
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

/// Objects that are not looked into: an item, whose keys are data; the summary of a run, which is a document itself.
const WHOLE: &[&str] = &["changes[].before", "changes[].body", "summary", "runs[].summary"];

/// The types of each path.
#[derive(Default)]
struct Shape(BTreeMap<String, BTreeSet<&'static str>>);

impl Shape {
    fn add(&mut self, path: &str, value: &Value) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !path.is_empty() {
            self.0.entry(path.to_owned()).or_default().insert(kind);
        }
        match value {
            Value::Array(elements) => elements.iter().for_each(|one| self.add(&format!("{path}[]"), one)),
            Value::Object(fields) if !WHOLE.contains(&path) => {
                let dot = if path.is_empty() { "" } else { "." };
                fields
                    .iter()
                    .for_each(|(key, one)| self.add(&format!("{path}{dot}{key}"), one));
            }
            _ => {}
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (path, kinds) in &self.0 {
            let kinds: Vec<&str> = kinds.iter().copied().collect();
            writeln!(text, "{path}: {}", kinds.join(", ")).unwrap();
        }
        text
    }
}

/// The shapes that are met, by the name of their file.
#[derive(Default)]
struct Shapes(BTreeMap<String, Shape>);

impl Shapes {
    fn add(&mut self, name: &str, value: &Value) {
        self.0.entry(name.to_owned()).or_default().add("", value);
    }

    /// Takes the document of a command that was run with `--json`, once it has what every document has.
    fn document(&mut self, name: &str, run: &Run) -> Value {
        let document = run.json();
        assert_eq!(document["contract"], 1, "{name}: {document}");
        assert!(document["version"].is_string(), "{name}: {document}");
        for key in ["error", "error_code"] {
            assert!(document.get(key).is_some(), "{name} has no {key}: {document}");
        }
        assert_eq!(
            document["error"].is_null(),
            document["error_code"].is_null(),
            "{name}: {document}"
        );
        if !matches!(run.code, 0 | 3 | 4) {
            assert!(document["error_code"].is_string(), "{name}: {document}");
        }
        let count = |key: &str| document[key].as_array().map(Vec::len);
        assert_eq!(count("warnings"), count("warning_codes"), "{name}: {document}");
        self.add(name, &document);
        document
    }

    /// Takes the events of a log. The document at its end has a shape of its own.
    fn events(&mut self, run: &Run) {
        for line in run.stderr.lines() {
            let mut event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let kind = event["event"].as_str().unwrap().to_owned();
            if kind == "start" {
                assert_eq!(event["contract"], 1);
            }
            if let Some(summary) = event.get_mut("summary").filter(|summary| summary.is_object()) {
                *summary = json!({});
            }
            self.event(&kind, &event);
        }
    }

    /// Takes an event. Whether its run has a name yet is a matter of time.
    fn event(&mut self, kind: &str, event: &Value) {
        assert!(matches!(event["run"], Value::Null | Value::String(_)), "{event}");
        for run in [Value::Null, json!("")] {
            self.add("events", &json!({ kind: { "run": run } }));
        }
        self.add("events", &json!({ kind: event }));
    }

    /// Compares them with what is kept.
    fn check(&self) {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/contract");
        let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract");
        fs::create_dir_all(&left).unwrap();
        let mut faults = String::new();
        for (name, shape) in &self.0 {
            let file = kept.join(format!("{name}.txt"));
            let (now, then) = (
                shape.text(),
                fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n"),
            );
            if now == then {
                continue;
            }
            fs::write(left.join(format!("{name}.txt")), &now).unwrap();
            let gone = then.lines().filter(|line| !now.lines().any(|now| now == *line));
            let added = now.lines().filter(|line| !then.lines().any(|then| then == *line));
            gone.for_each(|line| writeln!(faults, "{name}: - {line}").unwrap());
            added.for_each(|line| writeln!(faults, "{name}: + {line}").unwrap());
        }
        let files: BTreeSet<String> = fs::read_dir(&kept)
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let met: BTreeSet<String> = self.0.keys().cloned().collect();
        assert!(
            faults.is_empty(),
            "fields are added, never renamed or removed; the shapes as they would be: {}\n{faults}",
            left.display()
        );
        assert_eq!(files, met, "files of shapes that no command is of");
    }
}

/// A home with files to import, and the shapes that its commands have shown.
struct Home {
    stockport: Stockport,
    shapes: Shapes,
}

impl Home {
    /// Runs a command in the sandbox, with a document and a log.
    fn run(&mut self, name: &str, args: &[&str], code: i32) -> Value {
        let run = self
            .stockport
            .run([&["--json", "--json-log"], args].concat())
            .exit(code);
        self.shapes.events(&run);
        self.shapes.document(name, &run)
    }

    fn sandboxed(&mut self, name: &str, args: &[&str], code: i32) -> Value {
        self.run(name, &[&["--sandbox"], args].concat(), code)
    }
}

fn files(home: &mut Home) {
    home.stockport.write(
        "a.csv",
        "Item ID,Name,Quantity,Approved At,Tag 2\nA1,Kush,1.5,03/04/2021,x\nA2,Haze,about 2,03/04/2021,\nA3,Dream,3,,\nA4,OG,4,,\n",
    );
    home.stockport
        .write("b.csv", "Item ID,Name,Quantity\na1,Kush,1\nA3,Dream,5\nA5,Sour,\n");
    home.stockport.write("c.csv", "Item ID,Name\nA3,Dreams\nA9,New\n");
    for args in [["inspect", "a.csv"], ["inspect", "b.csv"]] {
        home.run("inspect", &args, 0);
    }
    home.run("inspect", &["inspect", "absent.csv"], 1);
    home.run("convert", &["convert", "a.csv", "a.jsonl"], 3);
    home.run("convert", &["convert", "absent.csv", "b.jsonl"], 1);
    home.run("template", &["template", "empty.xlsx"], 0);
    home.sandboxed("template", &["template", "filled.xlsx", "--with-data"], 0);
    home.run("template", &["template", "empty.xlsx"], 1);
    home.run("fields", &["fields"], 0);
    home.run("usage", &["import", "a.csv", "--dryrun"], 2);
    home.run("usage", &["frobnicate"], 2);
}

fn writing(home: &mut Home) {
    let plan = ["import", "a.csv", "--dry-run", "--plan-out", "plan.json"];
    home.sandboxed("import", &plan, 3);
    let plan: Value = serde_json::from_str(&home.stockport.read("plan.json")).unwrap();
    assert_eq!((&plan["contract"], plan["version"].is_string()), (&json!(1), true));
    home.shapes.add("plan-file", &plan);
    let more = ["--results", "results.csv", "--report", "report.html", "--verify"];
    home.sandboxed("import", &[&["import", "a.csv"], more.as_slice()].concat(), 3);
    home.sandboxed("import", &["import", "b.csv", "--missing", "missing.csv"], 0);
    home.sandboxed("import", &["import", "absent.csv"], 1);
    home.sandboxed("export", &["export", "out.csv"], 0);
    home.sandboxed("export", &["export", "out.csv"], 1);
    home.sandboxed("export", &["export", "since.csv", "--since", "2020-01-01"], 0);
    home.sandboxed("diff", &["diff", "b.csv", "out.csv"], 4);
    home.sandboxed("diff", &["diff", "a.csv", "c.csv", "--ignore", "none"], 4);
    home.sandboxed("diff", &["diff", "a.csv", "absent.csv"], 1);
    home.sandboxed("delete", &["delete", "--ids", "A1,A77", "--yes"], 0);
    home.sandboxed("delete", &["delete", "--ids", "A3"], 2);
    home.sandboxed("undo", &["undo", "--yes"], 0);
    home.sandboxed("undo", &["undo", "nothing"], 1);
}

fn moving(home: &mut Home) {
    let ends = ["migrate", "--from", ORG, "--to", BRANCH];
    home.sandboxed("migrate", &[&ends[..], &["--dry-run"]].concat(), 0);
    let done = home.sandboxed("migrate", &ends, 0);
    home.sandboxed("migrate", &["migrate", "--from", ORG, "--to", ORG], 2);
    let certificate = done["certificate"].as_str().unwrap().to_owned();
    home.sandboxed("migrate-check", &["migrate", "--check", &certificate], 0);
    home.sandboxed("import", &["import", "c.csv"], 0);
    home.sandboxed("migrate-check", &["migrate", "--check", &certificate], 4);
    home.sandboxed("migrate", &[&ends[..], &["--on-conflict", "skip"]].concat(), 0);
}

fn backups(home: &mut Home) {
    home.sandboxed("backup-create", &["backup", "create", "backups"], 0);
    home.sandboxed("backup-create", &["backup", "create", "backups", "--keep-last", "1"], 0);
    home.sandboxed("backup-create", &["backup", "create", "backups", "--org", "none"], 1);
    home.run("backup-list", &["backup", "list", "backups"], 0);
    home.run("backup-list", &["backup", "list", "absent"], 1);
    home.run("backup-check", &["backup", "check", "backups", "--max-age", "26h"], 0);
    home.run("backup-check", &["backup", "check", "absent", "--max-age", "26h"], 4);
    let verify = ["backup", "verify", "backups", "--drill", "--against-org"];
    home.sandboxed("backup-verify", &verify, 0);
    home.sandboxed("import", &["import", "a.csv"], 3);
    home.sandboxed("backup-verify", &verify, 4);
    home.run("backup-verify", &["backup", "verify", "absent"], 1);
    home.sandboxed("backup-restore", &["backup", "restore", "backups", "--dry-run"], 0);
    home.sandboxed(
        "backup-restore",
        &[
            "backup",
            "restore",
            "backups",
            "--exact",
            "--yes",
            "--max-delete",
            "50%",
        ],
        0,
    );
    home.sandboxed("backup-restore", &["backup", "restore", "absent"], 1);
    home.run(
        "backup-prune",
        &["backup", "prune", "backups", "--keep-last", "1", "--dry-run"],
        0,
    );
    home.run("backup-prune", &["backup", "prune", "backups"], 2);
}

fn looking(home: &mut Home) {
    let hooked = [
        "export",
        "out.csv",
        "--force",
        "--sandbox",
        "--on-success",
        "cat > hook.json",
    ];
    if cfg!(unix) {
        home.stockport.run(hooked).ok();
        let document: Value = serde_json::from_str(&home.stockport.read("hook.json")).unwrap();
        home.shapes.add("hook", &document);
    }
    let runs = home.run("runs", &["runs"], 0);
    for run in runs["runs"].as_array().unwrap() {
        home.run("run", &["runs", run["run"].as_str().unwrap()], 0);
    }
    home.run("run", &["runs", "nothing"], 1);
    home.run("config-check", &["config", "check"], 0);
    home.sandboxed("doctor", &["doctor"], 0);
    home.run("doctor", &["doctor", "--offline"], 1);
    home.run("help", &["help", "json"], 0);
    home.run("help", &["help", "nothing"], 2);
    home.run("completions", &["completions", "bash"], 0);
    home.run("man", &["man"], 0);
    home.run("man", &["man", "--dir", "pages"], 0);
}

/// Items that fail, and events that come after some seconds only.
fn failing(home: &mut Home) {
    let server = Faulty::new().poison(["A4"]);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", home.stockport.read("a.csv"));
    let run = stockport.run(["import", "a.csv", "--json", "--json-log"]).exit(3);
    home.shapes.events(&run);
    home.shapes.document("import", &run);
    let progress = Progress {
        work: "Uploading".to_owned(),
        done: 1,
        total: None,
        per_second: 1.0,
        problems: 0,
        retries: 0,
        concurrency: 1,
        message: String::new(),
    };
    let known = Progress {
        total: Some(2),
        ..progress.clone()
    };
    let waiting = Event::Waiting {
        seconds: 5,
        reason: String::new(),
        message: String::new(),
    };
    for event in [Event::Progress(progress), Event::Progress(known), waiting] {
        let told = Told {
            time: String::new(),
            run: None,
            event,
        };
        let told = serde_json::to_value(&told).unwrap();
        home.shapes.event(told["event"].as_str().unwrap(), &told);
    }
}

fn kept_for_later(home: &mut Home) {
    let command = ["--", "backup", "create", "backups", "--sandbox"];
    home.run("schedule", &[&["schedule", "daily 02:00"], &command[..]].concat(), 0);
    home.run("schedule", &[&["schedule", "never"], &command[..]].concat(), 2);
    let server = Faulty::new();
    home.stockport.write("given.key", server.key(ORG));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(home.stockport.path("given.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let login = ["login", "--api", server.url(), "--org", ORG, "--key-file", "given.key"];
    home.run("login", &login, 0);
    home.run("login", &login, 1);
    home.run("config-check", &["config", "check", "--online"], 0);
}

/// The document of a server, which ends only when it is told to.
fn serving(home: &mut Home) {
    let mut command = home.stockport.command(["sandbox", "--port", "0", "--json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    home.shapes.add("sandbox", &serde_json::from_str(&line).unwrap());
    home.run("sandbox", &["sandbox", "--org", "a/b"], 1);
}

#[test]
fn no_field_goes_or_changes_its_type_and_each_that_is_added_is_written_down() {
    let mut home = Home {
        stockport: Stockport::new(),
        shapes: Shapes::default(),
    };
    files(&mut home);
    writing(&mut home);
    moving(&mut home);
    backups(&mut home);
    looking(&mut home);
    failing(&mut home);
    kept_for_later(&mut home);
    serving(&mut home);
    home.shapes.check();
}

#[test]
fn the_help_names_every_event_and_every_field() {
    let page = text("src/help/json.md");
    let mut lacking = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/contract")).unwrap() {
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let path = line.split(':').next().unwrap();
            let name = path.rsplit(['.', ']', '[']).find(|name| !name.is_empty()).unwrap();
            if !page.contains(&format!("`{name}`")) {
                lacking.insert(name.to_owned());
            }
        }
    }
    assert!(lacking.is_empty(), "src/help/json.md lacks {lacking:?}");
}
