//! Signals that are ignored when the program begins, as by `nohup` or a shell's `trap`: they stay ignored, the others work.

#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::ORG;
use super::signals::{assert_interrupted, ended, send};
use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::Load;

const ITEMS: u64 = 400;

/// Begins an import of many small posts, with these signals ignored.
fn begin_ignoring(stockport: &Stockport, signals: &str) -> Child {
    stockport.write("load.csv", Load::new(ITEMS).csv);
    let import = stockport.command(["import", "load.csv", "--jobs", "1", "--batch", "10", "--retries", "0"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' {signals}; exec \"$0\" \"$@\"")]);
    shell.arg(import.get_program()).args(import.get_args());
    shell.current_dir(stockport.path("")).env_clear();
    shell.envs(import.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.spawn().unwrap()
}

fn slow() -> Faulty {
    Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(30))).on("POST"))
}

/// Waits for so many posts: after the first one, the program has long set up what it does on a signal.
fn wait_for_posts(server: &Faulty, child: &mut Child, posts: usize) {
    while server.posts().len() < posts {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_has_no_effect() {
    for (ignored, sent) in [
        ("HUP", vec!["HUP"]),
        ("INT HUP", vec!["INT", "HUP", "INT"]),
        ("TERM", vec!["TERM", "TERM"]),
    ] {
        let server = slow();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let mut child = begin_ignoring(&stockport, ignored);
        for (number, signal) in sent.iter().enumerate() {
            wait_for_posts(&server, &mut child, number + 1);
            send(&child, signal);
        }
        let run = ended(child, ignored);
        assert_eq!(run.code, 0, "{ignored}: {}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("Stopping"), "{ignored}: {}", run.stderr);
        assert_eq!(server.count(ORG), ITEMS, "{ignored}");
    }
}

/// Whether the tests themselves run with this signal ignored (under `nohup`, say), which every program that they start
/// inherits.
fn is_ignored_here(signal: &str) -> bool {
    let number = match signal {
        "HUP" => 1,
        "INT" => 2,
        _ => 15,
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (number - 1)) != 0
}

#[test]
fn signals_that_were_not_ignored_still_interrupt() {
    for (ignored, sent) in [
        ("HUP", ["HUP", "INT"]),
        ("INT", ["INT", "TERM"]),
        ("INT TERM", ["TERM", "HUP"]),
    ] {
        if is_ignored_here(sent[1]) {
            eprintln!("skipped: the tests run with SIG{} ignored", sent[1]);
            continue;
        }
        let server = slow();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let mut child = begin_ignoring(&stockport, ignored);
        for (number, signal) in sent.iter().enumerate() {
            wait_for_posts(&server, &mut child, 2 * number + 1);
            send(&child, signal);
        }
        assert_interrupted(&ended(child, ignored), &format!("{sent:?} with {ignored} ignored"));
    }
}
