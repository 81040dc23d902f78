//! `--on-success` and `--on-failure`: run whatever stops a command, bounded in time, and without effect on its result.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backup::{ORG, fill};
use crate::edges::signals::{ended, send};
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};
use crate::support::{Run, Stockport, TestSandbox};

/// A hook that keeps what it is told.
const KEEP: &str = "cat > told.json; env > told.env";

fn told(stockport: &Stockport) -> Value {
    serde_json::from_str(&stockport.read("told.json")).unwrap()
}

fn variable(stockport: &Stockport, name: &str) -> Option<String> {
    let text = stockport.read("told.env");
    text.lines()
        .find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

/// Runs a command line, which has to run just the hook that belongs to its exit code.
fn hooked(stockport: &Stockport, line: &str, code: i32) -> (Run, Value) {
    for name in ["told.json", "other"] {
        let _ = fs::remove_file(stockport.path(name));
    }
    let [wanted, other] = if code == 0 {
        ["--on-success", "--on-failure"]
    } else {
        ["--on-failure", "--on-success"]
    };
    let args = line.split(' ').chain([wanted, KEEP, other, "touch other"]);
    let run = stockport.run(args).exit(code);
    assert!(!stockport.path("other").exists(), "{line}");
    assert_eq!(variable(stockport, "STOCKPORT_EXIT"), Some(code.to_string()), "{line}");
    let document = told(stockport);
    (run, document)
}

#[test]
fn each_command_gives_its_hook_the_document_of_json_and_no_key() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nB1,One\n");
    stockport.write("bad.csv", "item_id,quantity\nB2,many\n");
    for (line, command, code) in [
        ("import in.csv", "import", 0),
        ("import bad.csv", "import", 3),
        ("import absent.csv", "import", 1),
        ("export out.csv", "export", 0),
        ("export out.csv", "export", 1),
        ("export -", "export", 0),
        ("backup create bk", "backup create", 0),
        ("migrate --from sandbox-company --to sandbox-branch", "migrate", 0),
        ("migrate --from sandbox-company --to sandbox-company", "migrate", 2),
    ] {
        let (_, document) = hooked(&stockport, line, code);
        assert_eq!(
            document["error"].is_null(),
            code == 0 || code == 3,
            "{line}: {document}"
        );
        assert_eq!(variable(&stockport, "STOCKPORT_COMMAND").as_deref(), Some(command));
        assert_eq!(document["command"], command, "{line}: {document}");
        assert!(
            document["host"].as_str().is_some_and(|host| !host.is_empty()),
            "{document}"
        );
        assert_eq!(variable(&stockport, "CANNLYTICS_API_KEY"), None, "{line}");
        assert_eq!(variable(&stockport, "STOCKPORT_ORG").as_deref(), Some(ORG), "{line}");
    }
    let (run, document) = hooked(&stockport, "import in.csv --json", 0);
    let mut own = run.json();
    for key in ["command", "host"] {
        own[key] = document[key].clone();
    }
    assert_eq!(own, document);
    assert_eq!(document["unchanged"], 1, "{document}");
    // Standard output belongs to the items, and to them alone.
    let alone = stockport.run(["export", "-"]).ok().stdout;
    let run = stockport.run(["export", "-", "--on-success", "cat; echo noise"]).ok();
    assert_eq!(run.stdout, alone);
    let printed = run.stderr.lines().find(|line| line.starts_with('{')).unwrap();
    let document: Value = serde_json::from_str(printed).unwrap();
    assert_eq!((&document["target"], &document["items"]), (&json!("-"), &json!(4)));
}

#[test]
fn a_hook_runs_whatever_stops_the_command_early() {
    let server = TestSandbox::new();
    let lines = [
        "backup create bk",
        "import in.csv",
        "export out.csv",
        "migrate --from a --to b",
    ];
    for line in lines {
        let stockport = Stockport::new().at(&server, ORG);
        let (_, document) = hooked(&stockport, &format!("{line} --profile nope"), 2);
        assert!(document["error"].as_str().unwrap().contains("--profile"), "{document}");
        let stockport = Stockport::new();
        stockport.write("in.csv", "item_id\nB1\n");
        let run = stockport.run(line.split(' ').chain(["--org", "a", "--on-failure", KEEP]));
        assert_ne!(run.code, 0, "{line}");
        assert!(told(&stockport)["error"].is_string(), "no key: {line}: {run:?}");
        let folder = stockport.home().join("config/stockport");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), "[profiles.main\n").unwrap();
        hooked(&stockport, line, 1);
        fs::write(
            folder.join("config.toml"),
            "profile = \"gone\"\n[profiles.main]\norg=\"x\"\n",
        )
        .unwrap();
        hooked(&stockport, line, 1);
    }
    // A result that can't be written is a failure, too.
    if Path::new("/dev/full").exists() {
        let stockport = Stockport::new().at(&server, ORG);
        let mut command = stockport.command(["backup", "create", "bk", "--json", "--on-failure", KEEP]);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let status = command.stdout(full).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1));
        assert!(told(&stockport)["error"].is_string(), "{}", told(&stockport));
    }
    // What was not understood has no hook.
    let stockport = Stockport::new();
    stockport
        .run(["backup", "create", "bk", "--kep-daily", "7", "--on-failure", KEEP])
        .exit(2);
    assert!(!stockport.path("told.json").exists());
}

#[test]
fn a_hook_that_fails_or_prints_or_reads_nothing_changes_nothing() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = Stockport::new().at(&server, ORG);
    for (hook, warns) in [
        ("exit 7", true),
        ("kill -9 $$", true),
        ("no-such-program-at-all", true),
        ("exec <&-; true", false),
        ("true", false),
        ("head -c 1000000 /dev/zero", false),
        (
            "head -c 1000000 /dev/zero >&2; printf '\\377\\033[31m\\n{\"event\":\"finish\"}\\n'",
            false,
        ),
    ] {
        let run = stockport
            .run(["backup", "create", "bk", "--json", "--on-success", hook])
            .ok();
        assert_eq!(run.json()["exit"], 0, "{hook}");
        let warned = run.stderr.contains("the command of --on-success");
        assert_eq!(warned, warns, "{hook}: {}", &run.stderr[..run.stderr.len().min(500)]);
        let run = stockport
            .run(["backup", "create", "bk", "--json-log", "--on-success", hook])
            .ok();
        let events: Vec<Value> = run
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{hook}: {error}: {line}")))
            .collect();
        assert_eq!(events.last().unwrap()["event"], "finish", "{hook}");
        assert!(run.stderr.len() < 100_000, "{hook}");
        assert_eq!(events.iter().any(|event| event["event"] == "warning"), warns, "{hook}");
    }
    // A failure stays the failure that it was.
    let run = stockport.run(["export", "out.pdf", "--on-failure", "exit 0"]).exit(2);
    assert!(!run.stderr.contains("the command of"), "{run:?}");
    // A document that is larger than a pipe holds is not waited for.
    let many = "many ".repeat(40);
    let rows: Vec<String> = (0..3000).map(|n| format!("B{n},{many}\n")).collect();
    stockport.write("bad.csv", format!("item_id,quantity\n{}", rows.concat()));
    stockport
        .run(["import", "bad.csv", "--on-failure", "sleep 0.1"])
        .exit(3);
    // The locks and files of the command are free by then.
    let nested = format!("{} backup verify bk", env!("CARGO_BIN_EXE_stockport"));
    let run = stockport.run(["backup", "create", "bk", "--on-success", &nested]).ok();
    assert!(run.stderr.contains("no damage"), "{run:?}");
}

/// Waits until a file holds a line.
fn line_of(path: &Path) -> String {
    let begun = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(path)
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", path.display());
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process runs; one that has ended and is not waited for doesn't.
fn runs(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state
        .rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn has_ended(pid: &str) {
    let begun = Instant::now();
    while runs(pid) {
        assert!(begun.elapsed() < Duration::from_secs(30), "process {pid} still runs");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A hook that hangs, with processes of its own in its group and in another one; it writes their numbers.
const HANGS: &str =
    "sleep 600 & echo $! > one; setsid sh -c 'echo $$ > two; sleep 600; :' & echo $$ > own; wait; sleep 600";

#[cfg(target_os = "linux")]
#[test]
fn a_hook_that_hangs_is_ended_with_all_that_it_started() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let args = [
        "backup",
        "create",
        "bk",
        "--json",
        "--hook-timeout",
        "1",
        "--on-success",
        HANGS,
    ];
    let run = stockport.run(args).ok();
    assert_eq!(run.json()["exit"], 0);
    assert!(
        run.stderr.contains("was ended after 1 second (--hook-timeout)"),
        "{run:?}"
    );
    for name in ["own", "one", "two"] {
        has_ended(&line_of(&stockport.path(name)));
    }
    // What a hook that ends in time leaves in the background is its own affair, and is not waited for.
    for (log, leaves) in [
        ("--json", "sleep 600 >&- 2>&- & echo $! > left"),
        ("--json-log", "sleep 600 & echo $! > left"),
    ] {
        let _ = fs::remove_file(stockport.path("left"));
        stockport
            .run(["backup", "create", "bk", log, "--on-success", leaves])
            .ok();
        let left = line_of(&stockport.path("left"));
        assert!(runs(&left));
        std::process::Command::new("kill").arg(&left).status().unwrap();
    }
    for seconds in ["0", "-1", "x", "1d"] {
        stockport
            .run(["backup", "create", "bk", &format!("--hook-timeout={seconds}")])
            .exit(2);
    }
}

fn begin(stockport: &Stockport, args: &[&str]) -> Child {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_signal_is_a_failure_and_the_next_one_ends_the_hook() {
    for signal in ["INT", "TERM"] {
        // The list never comes to its end.
        let server = Faulty::new().rule(Rule::from(1, Fault::Slow(FOR_EVER)).on_lists());
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let hook = format!("{KEEP}; {HANGS}");
        let child = begin(&stockport, &["backup", "create", "bk", "--on-failure", &hook]);
        while server.seen() == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        send(&child, signal);
        let own = line_of(&stockport.path("own"));
        assert_eq!(told(&stockport)["exit"], 130);
        assert_eq!(variable(&stockport, "STOCKPORT_EXIT").as_deref(), Some("130"));
        send(&child, signal);
        let run = ended(child, signal);
        assert_eq!(run.code, 130, "{run:?}");
        assert!(run.stderr.contains("was ended at a signal"), "{run:?}");
        has_ended(&own);
    }
}

#[test]
fn whoever_stops_a_command_at_once_still_gets_the_hook() {
    let server = Faulty::new().rule(Rule::from(1, Fault::Slow(FOR_EVER)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nB1,One\n");
    let hook = format!("{KEEP}; {HANGS}");
    let child = begin(&stockport, &["import", "in.csv", "--on-failure", &hook]);
    while server.posts().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    // The post is waited for: the first signal stops in order, the second at once, the third ends the hook.
    send(&child, "INT");
    thread::sleep(Duration::from_millis(300));
    send(&child, "INT");
    let own = line_of(&stockport.path("own"));
    assert!(told(&stockport)["error"].as_str().unwrap().contains("stopped at once"));
    send(&child, "INT");
    let run = ended(child, "at once");
    assert_eq!(run.code, 130, "{run:?}");
    assert!(run.stderr.contains("was ended at a signal"), "{run:?}");
    has_ended(&own);
}

#[test]
fn a_dry_run_notifies_nobody_and_names_what_it_ignores() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nB1,One\n");
    for option in ["--dry-run", "--plan-out=plan.json"] {
        let run = stockport
            .run([
                "import",
                "in.csv",
                option,
                "--on-success",
                "touch ran",
                "--on-failure",
                "touch ran",
            ])
            .ok();
        assert!(run.stderr.contains("--on-success, --on-failure ignored"), "{run:?}");
        assert!(!stockport.path("ran").exists());
    }
}
