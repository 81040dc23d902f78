//! Pauses that the API, or the user's own rate, makes: each one of over two seconds is reported at once, and kept as it was asked
//! for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::Load;
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";
const ASKED: &str = "the API asks for it (429)";
/// Seconds; the longest pause that is kept is a day.
const TOO_LONG: u64 = 25 * 60 * 60;

/// A server that asks for a pause of so many seconds, as often as the rule says.
fn asking(rule: impl Fn(Fault) -> Rule, seconds: u64) -> (Faulty, Stockport) {
    let server = Faulty::new().rule(rule(Fault::TooManySeconds(seconds)));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", Load::new(100).csv);
    (server, stockport)
}

fn once_on(method: &'static str) -> impl Fn(Fault) -> Rule {
    move |fault| Rule::first(1, fault).on(method)
}

fn lines<'r>(run: &'r Run, beginning: &str) -> Vec<&'r str> {
    run.stderr.lines().filter(|line| line.starts_with(beginning)).collect()
}

#[test]
fn a_pause_that_a_list_or_a_post_is_asked_for_is_a_line() {
    for (method, args) in [
        ("GET", &["export", "out.csv"][..]),
        ("GET", &["backup", "create", "bk", "--no-progress"]),
        ("POST", &["import", "load.csv"]),
        (
            "POST",
            &["import", "load.csv", "--jobs", "64", "--batch", "1", "--no-progress"],
        ),
    ] {
        let (_server, stockport) = asking(once_on(method), 3);
        let run = stockport.run(args).ok();
        assert_eq!(
            lines(&run, "Waiting"),
            [format!("Waiting 3 s: {ASKED}")],
            "{args:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_pause_is_an_event_of_the_json_log() {
    for (method, args) in [("GET", ["export", "out.csv"]), ("POST", ["import", "load.csv"])] {
        let (_server, stockport) = asking(once_on(method), 3);
        let run = stockport.run([&args[..], &["--json-log"]].concat()).ok();
        let events: Vec<Value> = run
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let waits: Vec<&Value> = events.iter().filter(|event| event["event"] == "waiting").collect();
        let [wait] = waits[..] else { panic!("{}", run.stderr) };
        assert_eq!((&wait["seconds"], &wait["reason"]), (&json!(3), &json!(ASKED)));
        assert_eq!(wait["message"], json!(format!("Waiting 3 s: {ASKED}")));
        assert!(wait["time"].is_string(), "{wait}");
    }
}

#[test]
fn a_quiet_run_waits_without_a_line() {
    let (server, stockport) = asking(once_on("POST"), 3);
    let run = stockport.run(["import", "load.csv", "--quiet"]).ok();
    assert_eq!((run.stderr.as_str(), server.count(ORG)), ("", 100));
}

#[test]
fn a_short_pause_is_no_line() {
    let (_server, stockport) = asking(once_on("POST"), 1);
    let run = stockport.run(["import", "load.csv"]).ok();
    assert!(!run.stderr.contains("aiting"), "{}", run.stderr);
}

#[test]
fn the_users_own_rate_is_a_reason_as_well() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", Load::new(100).csv);
    let run = stockport.run(["import", "load.csv", "--rate", "33"]).ok();
    assert_eq!(
        lines(&run, "Waiting"),
        ["Waiting 3 s: --rate allows 33 items a second"],
        "{}",
        run.stderr
    );
}

#[test]
fn a_pause_of_over_a_day_ends_the_run_in_order() {
    let told = "the API asks to wait 25 h (429), and 24 h is the longest pause";
    let (server, stockport) = asking(|fault| Rule::every(1, fault).on("GET"), TOO_LONG);
    let run = stockport.run(["export", "out.csv"]).exit(1);
    assert!(
        run.stderr.contains(told) && !stockport.path("out.csv").exists(),
        "{}",
        run.stderr
    );
    assert_eq!(server.seen(), 1);

    let (server, stockport) = asking(|fault| Rule::from(3, fault).on("POST"), TOO_LONG);
    let args = ["import", "load.csv", "--json", "--jobs", "1", "--batch", "10"];
    let run = stockport.run(args).exit(1);
    let summary = run.json();
    assert!(
        run.stderr.contains(told) && run.stderr.contains("--resume"),
        "{}",
        run.stderr
    );
    assert_eq!(
        (&summary["created"], &summary["failed"], &summary["not_attempted"]),
        (&json!(20), &json!(0), &json!(80)),
        "{summary}"
    );
    server.behave();
    let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
    assert_eq!(
        (&resumed["created"], server.count(ORG)),
        (&json!(100), 100),
        "{resumed}"
    );
}

#[test]
fn what_a_pause_of_over_a_day_leaves_unknown_is_not_called_unsent() {
    let server = Faulty::new().rule(Rule::from(3, Fault::UnavailableAfter(TOO_LONG)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", Load::new(100).csv);
    let args = ["import", "load.csv", "--json", "--jobs", "1", "--batch", "10"];
    let run = stockport.run(args).exit(1);
    let summary = run.json();
    // The third batch was saved, which nobody knows.
    assert_eq!(server.count(ORG), 30);
    assert_eq!(
        (&summary["created"], &summary["failed"], &summary["not_attempted"]),
        (&json!(20), &json!(10), &json!(70)),
        "{summary}"
    );
    let rejects = stockport.read("load.rejects.csv");
    assert_eq!(
        rejects.matches("it is not known whether it was saved").count(),
        10,
        "{rejects}"
    );
}

#[test]
fn a_wait_for_an_answer_is_reported_with_its_deadline() {
    for (fault, method, args, reason) in [
        (
            Fault::Slow(Duration::from_secs(3)),
            "POST",
            &["import", "load.csv", "--jobs", "1"][..],
            "no answer yet",
        ),
        (
            Fault::Slow(Duration::from_secs(3)),
            "GET",
            &["backup", "create", "bk"],
            "no answer yet",
        ),
        (
            Fault::Stalled,
            "GET",
            &["export", "out.csv", "--timeout", "3"],
            "no further item of the list yet",
        ),
    ] {
        let server = Faulty::new().rule(Rule::first(1, fault).on(method));
        server.put(ORG, &json!({"item_id": "A", "name": "stored"}));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("load.csv", Load::new(100).csv);
        let run = stockport.run([args, &["--json-log"]].concat()).ok();
        let events = run
            .stderr
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let waits: Vec<Value> = events.filter(|event| event["event"] == "waiting").collect();
        let told = |wait: &&Value| wait["reason"].as_str().unwrap().starts_with(reason);
        assert_eq!(waits.iter().filter(told).count(), 1, "{args:?}: {}", run.stderr);
    }
}

#[cfg(unix)]
mod interrupted {
    //! Ctrl-C ends a pause at once, however long it is; and what a terminal shows of it.

    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    use super::{ASKED, ORG, asking, once_on};
    use crate::edges::signals::{ended, send};
    use crate::support::faulty::Rule;
    use crate::support::terminal::Terminal;

    /// Seconds.
    const HOUR: u64 = 60 * 60;

    #[test]
    fn an_hour_is_reported_at_once_and_ends_with_ctrl_c() {
        for (method, args) in [
            ("GET", &["backup", "create", "bk"][..]),
            ("POST", &["import", "load.csv", "--retries", "0"]),
            ("POST", &["import", "load.csv", "--jobs", "64", "--batch", "1"]),
        ] {
            let (server, stockport) = asking(|fault| Rule::every(1, fault).on(method), HOUR);
            let mut command = stockport.command(args);
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let mut told = String::new();
            while !told.contains(&format!("Waiting 1 h: {ASKED}")) {
                assert_ne!(stderr.read_line(&mut told).unwrap(), 0, "{args:?} ended: {told}");
            }
            send(&child, "INT");
            let run = ended(child, &format!("{args:?}"));
            assert_eq!((run.code, server.count(ORG)), (130, 0), "{args:?}");
        }
    }

    #[test]
    fn a_bar_counts_down() {
        let (server, stockport) = asking(|fault| Rule::every(1, fault).on("POST"), HOUR);
        let Some(terminal) = Terminal::open(&stockport, 80) else {
            // Somebody has to call the server all the same.
            stockport.run(["export", "-"]).ok();
            return;
        };
        terminal.begin(&["import", "load.csv", "--yes"]);
        let screen = terminal.wait_for("waiting 59 min", false);
        assert!(screen.contains(ASKED) && !screen.contains("Waiting"), "{screen}");
        terminal.key("C-c");
        let screen = terminal.end(false);
        assert!(
            !screen.contains("waiting"),
            "a finished bar waits for nothing: {screen}"
        );
        assert_eq!((terminal.code().as_str(), server.count(ORG)), ("130", 0), "{screen}");
    }

    #[test]
    fn a_pause_leaves_no_trace_below_the_bar() {
        // Where the reason takes two lines, both are drawn over.
        for columns in [80, 40] {
            let (server, stockport) = asking(once_on("POST"), 5);
            let Some(terminal) = Terminal::open(&stockport, columns) else {
                stockport.run(["import", "load.csv"]).ok();
                continue;
            };
            terminal.begin(&["import", "load.csv", "--yes"]);
            terminal.wait_for("(429)", false);
            let screen = terminal.end(false);
            assert!(!screen.contains("waiting"), "{screen}");
            assert_eq!(screen.matches("Uploading [").count(), 1, "{screen}");
            assert_eq!((terminal.code().as_str(), server.count(ORG)), ("0", 100), "{screen}");
        }
    }
}
