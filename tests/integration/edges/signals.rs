//! Ctrl-C and SIGTERM at each stage. Nothing here waits for a while and hopes: a server, a pipe or a question holds the binary
//! where it is to be met.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ORG, assert_tidy, names, rows};
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};
use crate::support::load::Load;
use crate::support::terminal::Terminal;
use crate::support::{Run, Stockport};

const SIGNALS: [&str; 2] = ["INT", "TERM"];
/// How long the end may take; far less than what holds the binary, far more than it needs.
const PATIENCE: Duration = Duration::from_secs(45);

pub(crate) fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn begin(stockport: &Stockport, args: &[&str]) -> Child {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// How it ended, which must be soon.
pub(crate) fn ended(mut child: Child, what: &str) -> Run {
    let stdin = child.stdin.take();
    let id = child.id();
    let (sender, receiver) = channel::<()>();
    let waiter = thread::spawn(move || {
        let output = child.wait_with_output().unwrap();
        drop(sender);
        output
    });
    let in_time = receiver.recv_timeout(PATIENCE) != Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    if !in_time {
        drop(Command::new("kill").args(["-KILL", &id.to_string()]).status());
    }
    let output = waiter.join().unwrap();
    drop(stdin);
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(in_time, "{what} does not end: {}{}", run.stdout, run.stderr);
    run
}

/// Interrupted in order: the code, the reason, and how to continue, once: as a command, else as a hint.
pub(super) fn assert_interrupted(run: &Run, what: &str) {
    assert_eq!(run.code, 130, "{what}: {}{}", run.stdout, run.stderr);
    let told: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(
        matches!(told[..], [one] if one.contains("interrupted")),
        "{what}: {}",
        run.stderr
    );
    let hinted = run.stderr.contains("hint: to continue, run the same command");
    assert_ne!(
        hinted,
        run.stdout.contains("To resume it:"),
        "{what}: {}{}",
        run.stdout,
        run.stderr
    );
    assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
}

/// Waits until the server has seen more requests than this.
fn wait_for(server: &Faulty, child: &mut Child, seen: usize) {
    while server.seen() <= seen {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it asked");
        thread::sleep(Duration::from_millis(2));
    }
}

fn filled(server: &Faulty) {
    for number in 0..400 {
        let id = format!("TAG{number:06}");
        server.put(
            ORG,
            &json!({"item_id": id, "name": "a name of some length", "quantity": number}),
        );
    }
}

#[test]
fn a_pipe_that_stalls_is_not_waited_for() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("other.csv", "item_id\nA1\n");
    for (number, line) in [
        "import -",
        "convert - out.csv",
        "convert - -",
        "inspect -",
        "diff - other.csv",
        "delete --file - --yes",
    ]
    .into_iter()
    .enumerate()
    {
        let before = names(&stockport.path(""));
        let mut child = begin(&stockport, &line.split(' ').collect::<Vec<_>>());
        // More than a pipe holds: once it is written, some of it has been read.
        let text = rows(10_000, "a text that fills the pipe");
        child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        send(&child, SIGNALS[number % 2]);
        let run = ended(child, line);
        assert_interrupted(&run, line);
        assert_eq!(names(&stockport.path("")), before, "{line}");
        assert_tidy(&stockport, line);
    }
    // A named pipe that nobody writes to can't even be opened.
    let made = Command::new("mkfifo").arg(stockport.path("pipe")).status();
    assert!(made.unwrap().success());
    let child = begin(&stockport, &["convert", "pipe", "out.csv"]);
    // Opening it for writing ends once it is opened for reading.
    let writer = fs::File::options().write(true).open(stockport.path("pipe")).unwrap();
    send(&child, "INT");
    assert_interrupted(&ended(child, "a named pipe"), "a named pipe");
    drop(writer);
}

#[test]
fn an_interrupted_reading_is_told_in_json_with_every_key() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut child = begin(&stockport, &["import", "-", "--json"]);
    let text = rows(10_000, "a text that fills the pipe");
    child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    send(&child, "TERM");
    let run = ended(child, "import - --json");
    assert_interrupted(&run, "import - --json");
    let document = run.json();
    assert!(
        document["error"].as_str().unwrap().contains("interrupted"),
        "{document}"
    );
    assert_eq!(
        (&document["created"], &document["not_attempted"]),
        (&json!(0), &json!(0))
    );
}

/// Runs a command against a host that holds its lists back so, and interrupts it while it waits.
fn held(fault: &Fault, signal: &str, line: &str) {
    let what = format!("{line} ({fault:?}, {signal})");
    let server = Faulty::new();
    filled(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,Kush\nTAG000001,Other\n");
    stockport.write("before.csv", "item_id,name\nTAG000002,Earlier\n");
    stockport.run(["import", "before.csv"]).ok();
    stockport.run(["backup", "create", "bk"]).ok();
    let posts = server.posts().len();
    let (before, snapshots) = (names(&stockport.path("")), names(&stockport.path("bk")));
    let seen = server.seen();
    server.add_rule(Rule::every(1, fault.clone()).on("GET"));
    let mut child = begin(&stockport, &line.split(' ').collect::<Vec<_>>());
    wait_for(&server, &mut child, seen);
    send(&child, signal);
    let run = ended(child, &what);
    assert_interrupted(&run, &what);
    assert_eq!(server.posts().len(), posts, "{what}: something was sent");
    // What was read and not attempted stands in a reject file; nothing else is new.
    let new: Vec<String> = names(&stockport.path(""))
        .into_iter()
        .filter(|name| !before.contains(name))
        .collect();
    assert!(
        new.iter().all(|name| name.contains(".rejects.")),
        "{what} leaves {new:?}"
    );
    assert_eq!(names(&stockport.path("bk")), snapshots, "{what}");
    assert_tidy(&stockport, &what);
}

#[test]
fn a_list_that_hangs_is_not_waited_for() {
    let silent = Fault::Slow(FOR_EVER);
    thread::scope(|scope| {
        for (number, line) in [
            "export out.csv",
            "export out.xlsx",
            "export -",
            "import count.csv",
            "import count.csv --dry-run",
            "backup create bk",
            "backup restore bk",
            "backup verify bk --against-org",
            "migrate --from sandbox-company --to sandbox-branch",
            "diff count.csv org:sandbox-company",
            "delete --where name~Earlier --yes",
            "undo --yes",
        ]
        .into_iter()
        .enumerate()
        {
            let silent = &silent;
            scope.spawn(move || {
                held(silent, SIGNALS[number % 2], line);
                held(&Fault::Stalled, SIGNALS[(number + 1) % 2], line);
            });
        }
    });
}

#[test]
fn at_the_question_an_interrupt_is_the_answer_no() {
    let server = Faulty::new();
    filled(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        // Somebody has to call the server all the same.
        stockport.run(["export", "-"]).ok();
        return;
    };
    terminal.begin(&["delete", "--ids", "TAG000001"]);
    terminal.wait_for("[y/N]", false);
    terminal.key("C-c");
    let screen = terminal.end(false);
    assert!(
        screen.contains("error: interrupted") && screen.contains("To resume it:") && !screen.contains("hint: "),
        "{screen}"
    );
    assert_eq!(terminal.code(), "130", "{screen}");
    assert_eq!(server.count(ORG), 400);
    assert!(server.requests().iter().all(|request| request.method == "GET"));
}

/// A summary adds up, and counts this many as done.
fn assert_adds_up(summary: &Value, done: u64, what: &str) {
    let of = |name: &str| summary[name].as_u64().unwrap_or_default();
    let parts = [
        "created",
        "updated",
        "unchanged",
        "deleted",
        "skipped",
        "rejected",
        "failed",
        "not_attempted",
    ];
    assert_eq!(of("read"), parts.into_iter().map(of).sum::<u64>(), "{what}: {summary}");
    let written = ["created", "updated", "deleted"].into_iter().map(of).sum::<u64>();
    assert!(written >= done && of("not_attempted") > 0, "{what}: {summary}");
}

/// Interrupts a command that writes while its first request is in flight, and lets that end; the rest is left for later. Then
/// goes on as the hint says.
fn in_the_middle(signal: &str, prepare: &[&str], line: &str, again: &str, method: &'static str) {
    let what = format!("{line} ({signal})");
    let server = Faulty::new();
    filled(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", Load::new(400).csv);
    for line in prepare {
        stockport.run(line.split(' ')).ok();
    }
    // Held back until well after the signal has been seen: the answer comes once there is nothing else to wait for.
    server.add_rule(Rule::every(1, Fault::Slow(Duration::from_millis(400))).on(method));
    let writes = || {
        server
            .requests()
            .iter()
            .filter(|request| request.method == method)
            .count()
    };
    let before = writes();
    let args: Vec<&str> = line
        .split(' ')
        .chain(["--json", "--jobs", "1", "--batch", "20"])
        .collect();
    let mut child = begin(&stockport, &args);
    while writes() <= before {
        assert!(child.try_wait().unwrap().is_none(), "{what} ended before it wrote");
        thread::sleep(Duration::from_millis(2));
    }
    send(&child, signal);
    let run = ended(child, &what);
    assert_interrupted(&run, &what);
    assert_adds_up(&run.json(), 1, &what);
    assert_tidy(&stockport, &what);
    server.behave();
    let run = stockport.run(again.split(' ')).ok();
    let summary = run.json();
    assert_eq!(
        (&summary["failed"], &summary["not_attempted"]),
        (&json!(0), &json!(0)),
        "{again}: {summary}"
    );
    let listed = stockport.run(["runs"]).ok().stdout;
    assert!(listed.contains("finished"), "{listed}");
}

#[test]
fn what_is_in_flight_is_finished_and_the_rest_can_be_gone_on_with() {
    thread::scope(|scope| {
        scope.spawn(|| {
            let again = "import load.csv --resume --json";
            in_the_middle("TERM", &[], "import load.csv", again, "POST");
        });
        scope.spawn(|| {
            let line = "migrate --from sandbox-company --to sandbox-branch";
            let again = "migrate --from sandbox-company --to sandbox-branch --resume --json";
            in_the_middle("INT", &[], line, again, "POST");
        });
        scope.spawn(|| {
            let prepare = ["backup create bk"];
            let line = "backup restore bk --org sandbox-branch";
            let again = "backup restore bk --org sandbox-branch --json";
            in_the_middle("INT", &prepare, line, again, "POST");
        });
        scope.spawn(|| {
            let line = "delete --where name~length --max-delete 100% --yes";
            let again = "delete --where name~length --max-delete 100% --yes --json";
            in_the_middle("TERM", &[], line, again, "DELETE");
        });
        scope.spawn(|| in_the_middle("INT", &["import load.csv"], "undo --yes", "undo --yes --json", "POST"));
    });
}

#[test]
fn an_interrupt_while_reading_back_leaves_what_was_written_and_says_so() {
    let prepared = |server: &Faulty| {
        let stockport = Stockport::new().at_faulty(server, ORG);
        stockport.write("load.csv", Load::new(300).csv);
        stockport
    };
    let reads = |server: &Faulty| {
        server
            .requests()
            .iter()
            .filter(|request| request.method == "GET")
            .count()
    };
    // How many reads come before the first write is the same each time.
    let first = Faulty::new();
    prepared(&first).run(["import", "load.csv", "--dry-run"]).ok();
    let planning = reads(&first) as u64;
    let server = Faulty::new().rule(Rule::from(planning + 1, Fault::Slow(FOR_EVER)).on("GET"));
    let stockport = prepared(&server);
    let mut child = begin(&stockport, &["import", "load.csv", "--verify", "--json"]);
    while reads(&server) as u64 <= planning {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it read back");
        thread::sleep(Duration::from_millis(2));
    }
    send(&child, "INT");
    let run = ended(child, "import --verify");
    assert_interrupted(&run, "import --verify");
    let summary = run.json();
    assert_eq!(
        (&summary["created"], &summary["verified"]),
        (&json!(300), &Value::Null),
        "{summary}"
    );
    assert_eq!(server.count(ORG), 300);
}

#[test]
fn the_second_signal_ends_at_once_and_says_how_to_find_out() {
    for signals in [["INT", "INT"], ["TERM", "TERM"], ["INT", "TERM"]] {
        let server = Faulty::new().rule(Rule::every(1, Fault::Slow(FOR_EVER)).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("load.csv", Load::new(100).csv);
        let mut child = begin(&stockport, &["import", "load.csv", "--json", "--no-progress"]);
        while server.posts().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote");
            thread::sleep(Duration::from_millis(2));
        }
        send(&child, signals[0]);
        // It says what it waits for: then the first signal has been understood.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("Ctrl-C again stops at once") {
            assert_ne!(stderr.read_line(&mut told).unwrap(), 0, "it ended: {told}");
        }
        send(&child, signals[1]);
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        let run = ended(child, "import");
        assert_eq!(run.code, 130, "{told}{rest}");
        assert!(
            rest.contains("error: stopped at once") && rest.contains("hint: ") && rest.contains("--resume"),
            "{rest}"
        );
        assert!(
            run.json()["error"].as_str().unwrap().contains("stopped at once"),
            "{}",
            run.stdout
        );
        server.behave();
        let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
        assert_eq!(
            (&resumed["created"], &resumed["failed"]),
            (&json!(100), &json!(0)),
            "{resumed}"
        );
        assert_eq!(server.count(ORG), 100);
    }
}

#[test]
fn the_sandbox_in_the_foreground_ends_by_a_signal_as_it_should() {
    for signal in SIGNALS {
        let stockport = Stockport::new();
        let mut child = begin(&stockport, &["sandbox"]);
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("http://127.0.0.1:"), "{line}");
        send(&child, signal);
        let run = ended(child, "sandbox");
        // To be ended so is what it is for.
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
}
