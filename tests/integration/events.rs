//! `--json-log`: what a command tells while it runs, one JSON object a line, from `start` to `finish`.

use serde_json::{Value, json};

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{Load, id};
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

/// The events of a run, once it is clear that they are a log: every line has its time, its run and its kind, `start` comes
/// first and once, `finish` last and once with the process's exit code, and with `--json` with the document.
fn events(run: &Run) -> Vec<Value> {
    let events: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for event in &events {
        let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        assert!(time.as_second() > 0);
        assert!(event["event"].is_string(), "{event}");
        let run = event.get("run").unwrap_or_else(|| panic!("no run: {event}"));
        assert!(
            run.is_null() || run.as_str().is_some_and(|run| !run.is_empty()),
            "{event}"
        );
    }
    let kinds = kinds(&events);
    let places = |kind: &str| -> Vec<usize> { (0..kinds.len()).filter(|place| kinds[*place] == kind).collect() };
    assert_eq!(places("start"), [0], "{}", run.stderr);
    assert_eq!(places("finish"), [kinds.len() - 1], "{}", run.stderr);
    assert_eq!(events[0]["version"], env!("CARGO_PKG_VERSION"));
    let finish = finish(&events);
    assert_eq!(finish["exit"], run.code, "{finish}");
    match run.code {
        0 | 3 => assert!(finish["error"].is_null(), "{finish}"),
        // A difference that was found is no error of the command.
        4 => {}
        _ => assert!(finish["error"].is_string(), "{finish}"),
    }
    if !run.stdout.is_empty() && run.stdout.starts_with('{') {
        assert_eq!(finish["summary"], run.json());
    }
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn finish(events: &[Value]) -> &Value {
    events.last().unwrap()
}

fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

/// A server that holds what the load says, and a home with its file.
fn prepared(server: Faulty, count: u64) -> (Faulty, Stockport, Load) {
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(count);
    load.prepare(&server, ORG, &stockport);
    (server, stockport, load)
}

/// Runs with a log and a document, and demands that the organization's key stands in neither.
fn logged(server: &Faulty, stockport: &Stockport, args: &[&str]) -> Run {
    let run = stockport.run([args, &["--json-log", "--json"]].concat());
    for org in [ORG, BRANCH] {
        assert!(!run.stderr.contains(server.key(org)), "{}", run.stderr);
    }
    run
}

#[test]
fn an_import_tells_start_reading_listing_plan_and_finish() {
    let (server, stockport, load) = prepared(Faulty::new(), 100);
    let run = logged(&server, &stockport, &["import", "load.csv", "--verify"]).ok();
    let events = events(&run);
    assert_eq!(
        kinds(&events),
        ["start", "reading", "listing", "plan", "verified", "finish"]
    );
    let name = run.json()["run"].as_str().unwrap().to_owned();
    assert!(events.iter().all(|event| event["run"] == name), "{}", run.stderr);
    let fields =
        |event: &Value, names: &[&str]| -> Vec<Value> { names.iter().map(|name| event[*name].clone()).collect() };
    assert_eq!(
        fields(&events[0], &["command", "organization", "file"]),
        [json!("import"), json!(ORG), json!("load.csv")]
    );
    assert_eq!(
        (
            &events[1]["rows"],
            &events[1]["tables"][0]["file"],
            &events[1]["tables"][0]["header_row"]
        ),
        (&json!(100), &json!("load.csv"), &json!(1))
    );
    assert_eq!(
        fields(&events[2], &["organization", "items", "completeness"]),
        [json!(ORG), json!(load.before.len()), json!("proved")]
    );
    assert!(events[2]["evidence"].is_string());
    assert_eq!(
        fields(
            &events[3],
            &["create", "update", "unchanged", "delete", "skip", "reject"]
        ),
        [
            json!(load.created),
            json!(load.updated),
            json!(load.unchanged),
            json!(0),
            json!(0),
            json!(0)
        ]
    );
    let update = &events[3]["updates"][0];
    assert_eq!(update["item"], id(1));
    assert_eq!(
        update["fields"],
        json!([
            {"field": "area_name", "before": null, "after": "Vault 1"},
            {"field": "quantity", "before": 7, "after": 1.5},
        ])
    );
    assert_eq!(fields(&events[4], &["compared", "differing"]), [json!(100), json!(0)]);
    let summary = &finish(&events)["summary"];
    assert_eq!(
        (&summary["read"], &summary["created"]),
        (&json!(100), &json!(load.created))
    );
    assert_eq!(summary["verified"], true);
}

#[test]
fn results_stay_on_standard_output_as_text_and_say_what_the_events_say() {
    let (_server, stockport, load) = prepared(Faulty::new(), 100);
    let plain = stockport.run(["import", "load.csv", "--dry-run"]).ok();
    let run = stockport.run(["import", "load.csv", "--dry-run", "--json-log"]).ok();
    // The command that applies the plan has the option as well.
    assert_eq!(run.stdout.replace(" --json-log", ""), plain.stdout);
    assert_eq!(plain.stderr, "");
    let events = events(&run);
    assert_eq!(kinds(&events), ["start", "reading", "listing", "plan", "finish"]);
    // Nothing is sent, so that there is no run.
    assert!(events.iter().all(|event| event["run"].is_null()), "{}", run.stderr);
    let line = format!("{:>11} create", load.created);
    assert!(run.stdout.lines().any(|shown| shown == line), "{}", run.stdout);
    let summary = &finish(&events)["summary"];
    assert_eq!(
        (&summary["dry_run"], &summary["not_attempted"]),
        (&json!(true), &json!(80))
    );
}

#[test]
fn rejected_and_failed_rows_are_events_of_a_run_that_finishes() {
    let (server, stockport, load) = prepared(Faulty::new().poison([id(3)]), 50);
    stockport.write("load.csv", format!("{},nobody,1,,\n", load.csv));
    let run = logged(&server, &stockport, &["import", "load.csv", "--retries", "1"]).exit(3);
    let events = events(&run);
    assert!(events.iter().all(|event| event["run"].is_string()), "{}", run.stderr);
    assert_eq!(of_kind(&events, "plan")[0]["reject"], 1);
    let failed = of_kind(&events, "failed");
    assert!(failed.len() == 1 && failed[0]["item"] == id(3) && failed[0]["reason"].is_string());
    let warned = of_kind(&events, "warning");
    assert!(
        warned
            .iter()
            .any(|event| event["message"].as_str().unwrap().contains("line 52"))
    );
    let summary = &finish(&events)["summary"];
    assert_eq!((&summary["rejected"], &summary["failed"]), (&json!(1), &json!(1)));
    assert!(summary["rejects_file"].is_string() && !summary["next"].as_array().unwrap().is_empty());
}

#[test]
fn a_list_that_fails_ends_with_an_error_and_finish() {
    let (server, stockport, _) = prepared(Faulty::new(), 20);
    server.add_rule(Rule::every(1, Fault::ErrorBefore).on("GET"));
    for (args, has_run) in [
        (&["import", "load.csv", "--retries", "0"][..], true),
        (&["delete", "--where", "name=x", "--yes", "--retries", "0"], false),
        (&["export", "out.csv", "--retries", "0"], false),
        (&["backup", "create", "bk", "--retries", "0"], false),
        (&["migrate", "--from", ORG, "--to", BRANCH, "--retries", "0"], false),
    ] {
        let run = logged(&server, &stockport, args);
        let events = events(&run);
        assert_ne!(run.code, 0, "{args:?}");
        assert_eq!(of_kind(&events, "error").len(), 1, "{args:?}: {}", run.stderr);
        assert!(
            events.iter().all(|event| event["run"].is_string() == has_run),
            "{}",
            run.stderr
        );
        assert!(events[0]["organization"].is_string(), "{}", run.stderr);
    }
}

#[test]
fn every_command_tells_its_start_and_its_finish() {
    let (server, stockport, _) = prepared(Faulty::new(), 20);
    for (command, more, code) in [
        ("import", &["load.csv"][..], 0),
        ("undo", &["--yes"], 0),
        ("import", &["load.csv"], 0),
        ("delete", &["--ids", "OTHER1", "--yes"], 0),
        ("backup create", &["bk"], 0),
        ("backup list", &["bk"], 0),
        ("backup verify", &["bk"], 0),
        ("backup prune", &["bk", "--keep-last", "1"], 0),
        ("backup restore", &["bk", "--yes"], 0),
        ("backup restore", &["bk", "--exact", "--yes"], 0),
        ("migrate", &["--from", ORG, "--to", BRANCH], 0),
        ("export", &["out.csv"], 0),
        ("convert", &["load.csv", "out.jsonl"], 0),
        ("inspect", &["load.csv"], 0),
        ("diff", &["load.csv", "out.csv"], 4),
        ("runs", &[], 0),
        ("config check", &[], 0),
        ("schedule list", &[], 0),
        ("man", &[], 0),
        ("completions", &["bash"], 0),
        ("import", &["absent.csv"], 1),
        ("undo", &["no-such-run"], 1),
        ("convert", &["absent.csv", "x.csv"], 1),
        ("backup verify", &["absent"], 1),
        ("export", &["out.csv"], 1),
    ] {
        let args: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
        let run = logged(&server, &stockport, &args);
        if command == "schedule list" && run.code != 0 {
            // Where the system has no timers at all.
            continue;
        }
        let run = run.exit(code);
        if command == "diff" {
            // Its document has a list of any length, which the event leaves out.
            let events = events(&Run {
                stdout: String::new(),
                ..run
            });
            assert!(finish(&events)["summary"].is_object());
            continue;
        }
        let events = events(&run);
        assert_eq!(events[0]["command"], command);
        let writes = ["import", "undo", "delete", "backup restore", "migrate"].contains(&command) && code == 0;
        assert!(
            events.iter().all(|event| event["run"].is_string() == writes),
            "{command}: {}",
            run.stderr
        );
        assert_eq!(
            !of_kind(&events, "plan").is_empty(),
            writes,
            "{command}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_command_line_that_is_refused_is_a_log_as_well() {
    let stockport = Stockport::new();
    for (args, command) in [
        (&["import", "--no-such-option"][..], json!(null)),
        (&["imprt"], json!(null)),
        (&["export", "a.csv", "--sandbox", "--profile", "x"], json!("export")),
        (&["export", "a.csv", "--org", "a", "--org", "b"], json!("export")),
        (&["export", "a.csv", "--profile", "none"], json!("export")),
    ] {
        let run = stockport.run([args, &["--json-log", "--json"]].concat());
        assert!(run.code == 2 || run.code == 1, "{args:?}: {}", run.stderr);
        let events = events(&run);
        assert_eq!(kinds(&events), ["start", "error", "finish"], "{args:?}");
        assert_eq!(events[0]["command"], command, "{args:?}");
    }
    // Help is no command's work.
    assert_eq!(stockport.run(["--json-log", "--help"]).ok().stderr, "");
}

#[test]
fn a_quiet_log_has_start_errors_and_finish() {
    let (_server, stockport, _) = prepared(Faulty::new(), 20);
    let run = stockport.run(["import", "load.csv", "--json-log", "-q"]).ok();
    assert_eq!(kinds(&events(&run)), ["start", "finish"]);
    let run = stockport.run(["import", "absent.csv", "--json-log", "-q"]).exit(1);
    assert_eq!(kinds(&events(&run)), ["start", "error", "finish"]);
}

#[test]
fn pauses_and_progress_have_the_runs_name() {
    let (server, stockport, _) = prepared(Faulty::new(), 20);
    server.add_rule(Rule::first(1, Fault::TooManySeconds(6)).on("POST"));
    let run = logged(&server, &stockport, &["import", "load.csv"]).ok();
    let events = events(&run);
    let name = &run.json()["run"];
    let waiting = of_kind(&events, "waiting");
    assert!(
        !waiting.is_empty() && waiting.iter().all(|event| &event["run"] == name),
        "{}",
        run.stderr
    );
    // More than five seconds after it began.
    let progress = of_kind(&events, "progress");
    assert!(!progress.is_empty(), "{}", run.stderr);
    for event in progress {
        assert_eq!((&event["run"], &event["retries"]), (name, &json!(1)), "{event}");
    }
}

#[test]
fn what_is_waited_for_before_the_run_has_a_name_is_told_at_once() {
    let (server, stockport, _) = prepared(Faulty::new(), 20);
    server.add_rule(Rule::first(1, Fault::TooManySeconds(3)).on("GET"));
    let run = logged(
        &server,
        &stockport,
        &[
            "delete",
            "--where",
            "name=\"not in the file\"",
            "--max-delete",
            "50",
            "--yes",
        ],
    );
    let run = run.ok();
    let events = events(&run);
    assert_eq!(kinds(&events)[..2], ["start", "waiting"], "{}", run.stderr);
    assert!(events[0]["run"].is_null());
    assert_eq!(finish(&events)["run"], run.json()["run"]);
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::edges::signals::{ended, send};
    use crate::support::faulty::FOR_EVER;

    fn begun(stockport: &Stockport, args: &[&str]) -> std::process::Child {
        let mut command = stockport.command(args);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    #[test]
    fn an_interrupted_run_finishes_once() {
        let (server, stockport, load) = prepared(Faulty::new(), 100);
        server.add_rule(Rule::every(1, Fault::Slow(Duration::from_millis(300))).on("POST"));
        let args = [
            "import",
            "load.csv",
            "--json",
            "--json-log",
            "--jobs",
            "1",
            "--batch",
            "5",
        ];
        let child = begun(&stockport, &args);
        while server.posts().is_empty() {
            thread::sleep(Duration::from_millis(2));
        }
        send(&child, "TERM");
        let run = ended(child, "an import").exit(130);
        let events = events(&run);
        assert_eq!(of_kind(&events, "error").len(), 1, "{}", run.stderr);
        let summary = &finish(&events)["summary"];
        assert!(summary["not_attempted"].as_u64().unwrap() > 0, "{summary}");
        assert!(summary["created"].as_u64().unwrap() < load.created, "{summary}");
        assert_eq!(finish(&events)["run"], summary["run"]);
        // The part that goes on is the same run.
        server.behave();
        let args = ["import", "load.csv", "--resume", "--json", "--json-log"];
        let resumed = super::events(&stockport.run(args).ok());
        assert!(resumed.iter().all(|event| event["run"] == summary["run"]));
        assert!(of_kind(&resumed, "plan")[0]["done_before"].as_u64().unwrap() > 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn results_that_cannot_be_written_are_the_exit_of_finish() {
        let stockport = Stockport::new();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = stockport.command(["runs", "--json", "--json-log"]);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let run = ended(child, "runs").exit(1);
        assert_eq!(kinds(&events(&run)), ["start", "error", "finish"]);
    }

    #[test]
    fn a_run_that_is_stopped_at_once_finishes_once() {
        let (server, stockport, _) = prepared(Faulty::new(), 20);
        server.add_rule(Rule::every(1, Fault::SlowBefore(FOR_EVER)).on("POST"));
        let mut child = begun(&stockport, &["import", "load.csv", "--json", "--json-log"]);
        while server.posts().is_empty() {
            thread::sleep(Duration::from_millis(2));
        }
        send(&child, "INT");
        // It says so when it is still there a second later.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        while !log.contains("Stopping") {
            assert!(stderr.read_line(&mut log).unwrap() > 0, "{log}");
        }
        send(&child, "INT");
        stderr.read_to_string(&mut log).unwrap();
        let run = ended(child, "an import").exit(130);
        events(&Run { stderr: log, ..run });
    }

    #[test]
    fn the_sandboxs_keys_are_not_in_the_log() {
        let stockport = Stockport::new();
        let mut child = begun(&stockport, &["sandbox", "--port", "0", "--json-log", "--json"]);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        let key = document["organizations"][0]["key"].as_str().unwrap();
        send(&child, "TERM");
        let run = ended(child, "the sandbox").ok();
        assert_eq!(kinds(&events(&run)), ["start", "finish"]);
        assert!(!key.is_empty() && !run.stderr.contains(key));
    }
}
