//! The account of a run in every end: killed, out of disk, interrupted, under way.

#![cfg(unix)]

use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::edges::signals;
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};
use crate::support::load::{Load, assert_adds_up};
use crate::support::terminal::Terminal;
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";

/// An organization that is to get so many items, and the file of them.
fn prepared(count: u64) -> (Faulty, Stockport, Load) {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(count);
    load.prepare(&server, ORG, &stockport);
    (server, stockport, load)
}

fn begin(stockport: &Stockport, args: &[&str]) -> Child {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the server has met so many requests of this method.
fn wait_for(server: &Faulty, method: &str, count: usize, child: &mut Child) {
    let seen = || server.requests().iter().filter(|one| one.method == method).count();
    while seen() < count {
        assert!(child.try_wait().unwrap().is_none(), "it ended before that");
        thread::sleep(Duration::from_millis(2));
    }
}

fn newest(stockport: &Stockport) -> Value {
    stockport.run(["runs", "--json"]).ok().json()["runs"][0].clone()
}

fn count(of: &Value, name: &str) -> u64 {
    of[name].as_u64().unwrap_or_else(|| panic!("no {name} in {of}"))
}

/// How many items the server has been sent, answered or not.
fn received(server: &Faulty) -> u64 {
    let ids: std::collections::BTreeSet<String> = server.posts().into_iter().flat_map(|post| post.ids).collect();
    ids.len() as u64
}

/// An import whose fourth post is never answered, though all of it is saved.
fn held(server: &Faulty, stockport: &Stockport) -> Child {
    server.add_rule(Rule::from(4, Fault::Slow(FOR_EVER)).on("POST"));
    let mut child = begin(stockport, &["import", "load.csv", "--batch", "20", "--jobs", "1"]);
    wait_for(server, "POST", 4, &mut child);
    child
}

#[test]
fn a_run_that_is_under_way_and_then_killed_is_told_as_far_as_its_journal_knows() {
    let (server, stockport, load) = prepared(1_200);
    let mut child = held(&server, &stockport);
    // The outcomes of the first three batches are recorded a moment later than the fourth is sent.
    let mut run = newest(&stockport);
    while count(&run["account"], "created") + count(&run["account"], "updated") < 60 {
        assert_eq!(run["state"], "under_way", "{run}");
        thread::sleep(Duration::from_millis(10));
        run = newest(&stockport);
    }
    assert_eq!((&run["finished"], &run["summary"]), (&json!(false), &Value::Null));
    let shown = stockport.run(["runs"]).ok().stdout;
    assert!(shown.contains("under way") && shown.contains("unknown"), "{shown}");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = newest(&stockport);
    assert_eq!(
        (&killed["state"], &killed["exit"]),
        (&json!("interrupted"), &Value::Null)
    );
    let account = &killed["account"];
    assert_adds_up(account, "killed");
    assert_eq!(count(account, "read"), 1_200);
    assert_eq!(count(account, "unchanged"), load.unchanged);
    assert_eq!(count(account, "created") + count(account, "updated"), 60, "{account}");
    // Nothing that left the machine is not attempted.
    assert!(count(account, "unknown") >= 20, "{account}");
    assert_eq!(account["failed"], account["unknown"]);
    let open = 1_200 - load.unchanged - received(&server);
    assert!(count(account, "not_attempted") <= open, "{account}, {open}");
    let shown = stockport.run(["runs"]).ok().stdout;
    assert!(
        shown.contains("interrupted") && !shown.contains("nothing was written") && shown.contains("unknown"),
        "{shown}"
    );
    // The rest is done by another part of the same run.
    server.behave();
    let resumed = stockport.run(["import", "load.csv", "--resume", "--json"]).ok().json();
    assert_eq!(resumed["run"], killed["run"]);
    assert_eq!((&resumed["unknown"], &resumed["failed"]), (&json!(0), &json!(0)));
    let finished = newest(&stockport);
    assert_eq!((&finished["state"], &finished["exit"]), (&json!("finished"), &json!(0)));
    load.assert_stored(&server, ORG, "resumed");
}

#[test]
fn a_run_that_is_killed_before_its_plan_has_sent_nothing_and_says_so() {
    let (server, stockport, _) = prepared(50);
    server.add_rule(Rule::every(1, Fault::Slow(FOR_EVER)).on("GET"));
    let mut child = begin(&stockport, &["import", "load.csv"]);
    wait_for(&server, "GET", 1, &mut child);
    let run = newest(&stockport);
    assert_eq!(run["state"], "under_way", "{run}");
    assert!(stockport.run(["runs"]).ok().stdout.contains("nothing was sent so far"));
    child.kill().unwrap();
    child.wait().unwrap();
    let run = newest(&stockport);
    assert_eq!(run["state"], "interrupted", "{run}");
    assert_eq!(count(&run["account"], "created") + count(&run["account"], "unknown"), 0);
    assert!(stockport.run(["runs"]).ok().stdout.contains("nothing was written"));
}

#[test]
fn a_part_that_stops_before_its_plan_keeps_what_the_parts_before_it_have_done() {
    let (server, stockport, _) = prepared(400);
    server.add_rule(Rule::from(4, Fault::Redirect).on("POST"));
    let import = ["import", "load.csv", "--batch", "20", "--jobs", "1", "--json"];
    let first = stockport.run(import).exit(1).json();
    assert_adds_up(&first, "first");
    assert_eq!(
        (&first["failed"], &first["unknown"]),
        (&json!(0), &json!(0)),
        "a redirect saves nothing"
    );
    server.add_rule(Rule::every(1, Fault::Redirect).on("GET"));
    let second = stockport.run(import.iter().chain(&["--resume"])).exit(1).json();
    assert_adds_up(&second, "second");
    for name in ["read", "created", "updated", "unchanged", "not_attempted"] {
        assert_eq!(first[name], second[name], "{name}: {second}");
    }
    let run = newest(&stockport);
    assert_eq!(run["state"], "stopped", "{run}");
    assert_eq!(run["account"]["created"], first["created"]);
    let shown = stockport.run(["runs"]).ok().stdout;
    assert!(
        shown.contains("stopped by an error") && shown.contains("created"),
        "{shown}"
    );
    server.behave();
}

#[test]
fn what_was_sent_before_ctrl_c_and_never_answered_is_unknown_and_what_was_not_sent_is_not_attempted() {
    let (server, stockport, _) = prepared(600);
    server.add_rule(Rule::only(3, Fault::Slow(FOR_EVER)).on("POST"));
    server.add_rule(Rule::every(1, Fault::ErrorBefore).on("GET").about_items());
    let import = [
        "import",
        "load.csv",
        "--batch",
        "20",
        "--jobs",
        "1",
        "--timeout",
        "2",
        "--json",
    ];
    let mut child = begin(&stockport, &import);
    wait_for(&server, "POST", 3, &mut child);
    signals::send(&child, "INT");
    let run: Run = signals::ended(child, "interrupted");
    let summary = run.exit(130).json();
    assert_adds_up(&summary, "interrupted");
    let open = count(&summary, "not_attempted");
    assert_eq!(count(&summary, "unknown"), 20, "{summary}");
    assert_eq!(
        open + count(&summary, "unchanged"),
        600 - received(&server),
        "{summary}"
    );
    let run = newest(&stockport);
    assert_eq!((&run["state"], &run["exit"]), (&json!("interrupted"), &json!(130)));
    assert_eq!(run["account"]["not_attempted"], summary["not_attempted"]);
    server.behave();
}

#[test]
fn after_ctrl_c_the_bar_shows_what_was_done() {
    let (server, stockport, load) = prepared(1_200);
    stockport.run(["import", "load.csv", "--dry-run"]).ok();
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        return;
    };
    server.add_rule(Rule::from(11, Fault::SlowBefore(Duration::from_secs(2))).on("POST"));
    terminal.begin(&["import", "load.csv", "--batch", "20", "--jobs", "1", "--yes"]);
    while server.posts().len() < 11 {
        thread::sleep(Duration::from_millis(2));
    }
    terminal.key("C-c");
    let screen = terminal.end(false);
    let all = 1_200 - load.unchanged;
    // What is in flight is finished first.
    assert!(screen.contains(&format!("220/{all} items")), "{screen}");
    assert!(!screen.contains(&format!("{all}/{all}")), "{screen}");
    assert_eq!(terminal.code(), "130");
}

#[cfg(target_os = "linux")]
#[test]
fn where_the_disk_fills_up_under_the_journal_what_was_sent_is_unknown_and_what_was_not_is_not_attempted() {
    use crate::support::disk::SmallDisk;

    let Some(disk) = SmallDisk::new(8 << 10) else { return };
    let (server, stockport, load) = prepared(3_000);
    let stockport = stockport.env("XDG_STATE_HOME", &disk.path());
    server.add_rule(Rule::every(1, Fault::Slow(Duration::from_millis(3))).on("POST"));
    let import = ["import", "load.csv", "--batch", "5", "--jobs", "1", "--json"];
    let mut child = begin(&stockport, &import);
    wait_for(&server, "POST", 20, &mut child);
    disk.fill(0);
    let run = signals::ended(child, "a full disk").exit(1);
    assert!(run.stderr.contains("the disk is full"), "{}", run.stderr);
    let summary = run.json();
    assert_adds_up(&summary, "full");
    let received = received(&server);
    let known = count(&summary, "created") + count(&summary, "updated");
    let (unknown, open) = (count(&summary, "unknown"), count(&summary, "not_attempted"));
    assert!(unknown > 0 && open > 0, "{summary}");
    assert_eq!(summary["failed"], summary["unknown"]);
    assert_eq!(known + unknown, received, "what has left the machine: {summary}");
    assert_eq!(open, 3_000 - load.unchanged - received);
    // The reject file tells the same.
    let rejects = stockport.read("load.rejects.csv");
    let rows = rejects.matches("it is not known whether it was saved").count() as u64;
    assert_eq!(rows, unknown);
    assert_eq!(
        rejects.matches("not attempted: the run stopped before it").count() as u64,
        open
    );
    let shown = stockport.run(["runs"]).ok().stdout;
    assert!(
        shown.contains("unknown") && !shown.contains("nothing was written"),
        "{shown}"
    );
    disk.free();
    let run = newest(&stockport);
    let account = &run["account"];
    assert_adds_up(account, "full, as its journal tells");
    // The journal could not note what was not sent.
    assert!(
        count(account, "not_attempted") <= open && count(account, "unknown") >= unknown,
        "{account}"
    );
    stockport.run(["import", "load.csv", "--resume"]).ok();
    load.assert_stored(&server, ORG, "resumed");
}

#[cfg(target_os = "linux")]
#[test]
fn a_reject_file_that_cannot_be_written_changes_nothing_of_the_account() {
    use crate::support::disk::SmallDisk;

    let Some(disk) = SmallDisk::new(256) else { return };
    let (server, stockport, load) = prepared(300);
    let rejects = format!("{}/rejects.csv", disk.path());
    let mut child = {
        server.add_rule(Rule::only(3, Fault::SlowBefore(Duration::from_secs(1))).on("POST"));
        server.add_rule(Rule::from(4, Fault::Redirect).on("POST"));
        let args = [
            "import",
            "load.csv",
            "--batch",
            "20",
            "--jobs",
            "1",
            "--json",
            "--rejects",
            &rejects,
        ];
        begin(&stockport, &args)
    };
    wait_for(&server, "POST", 3, &mut child);
    disk.fill(0);
    let summary = signals::ended(child, "a full disk").exit(1).json();
    assert_adds_up(&summary, "full");
    assert_eq!(count(&summary, "created") + count(&summary, "updated"), 60, "{summary}");
    assert_eq!(
        (&summary["failed"], &summary["unknown"]),
        (&json!(0), &json!(0)),
        "{summary}"
    );
    let run = newest(&stockport);
    assert_eq!(run["account"]["not_attempted"], json!(300 - load.unchanged - 60));
    server.behave();
}
