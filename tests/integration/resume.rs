//! Runs that are cut short: killed at random moments, interrupted, gone on with, refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{Load, assert_adds_up, assert_same, contents};

const ORG: &str = "sandbox-company";

/// How many kills there are in all, and the seed of their moments.
const KILLS: u64 = 100;
const SEED: u64 = 20_261_123;

/// The journals of a home, the oldest first.
fn journals(stockport: &Stockport) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(stockport.home().join("state").join("stockport").join("runs")) else {
        return Vec::new();
    };
    let mut journals: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "sqlite"))
        .collect();
    journals.sort();
    journals
}

/// The ids that a question to a journal gives; none where it hasn't come so far.
fn ids(journal: &PathBuf, question: &str) -> Vec<String> {
    let open = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let ask = |c: Connection| -> rusqlite::Result<Vec<String>> {
        c.busy_timeout(Duration::from_secs(10))?;
        let mut select = c.prepare(question)?;
        select.query_map([], |row| row.get(0))?.collect()
    };
    open.and_then(ask).unwrap_or_default()
}

const IN_FLIGHT: &str = "SELECT id FROM changes WHERE seq IN (SELECT seq FROM sent)
    AND seq NOT IN (SELECT seq FROM outcomes)";
const DONE: &str = "SELECT id FROM changes JOIN outcomes USING (seq) WHERE state = 0 ORDER BY id";

fn import(stockport: &Stockport, more: &[&str]) -> Child {
    stockport
        .command(["import", "load.csv", "--json", "--jobs", "4", "--batch", "10"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the server has seen so many requests more, or the process has ended by itself (true).
fn ended_before(child: &mut Child, server: &Faulty, requests: usize) -> bool {
    let from = server.seen();
    while server.seen() < from + requests {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// One job of 2,000 items, killed again and again until it has ended; then taken back. Gives how often it was killed.
fn killed_again_and_again(seed: u64, kills: &AtomicU64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let load = Load::new(2_000);
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(3))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let mut again: BTreeMap<String, usize> = BTreeMap::new();
    let mut round = 0;
    loop {
        let from = server.posts().len();
        let mut child = import(&stockport, if round == 0 { &[] } else { &["--resume"] });
        // A moment while it starts, while it plans, or while it sends.
        let ended = if random.u8(0..4) == 0 {
            thread::sleep(Duration::from_millis(random.u64(0..150)));
            child.try_wait().unwrap().is_some()
        } else {
            ended_before(&mut child, &server, random.usize(0..40))
        };
        if ended || kills.load(Ordering::SeqCst) >= KILLS {
            let output = child.wait_with_output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(0),
                "seed {seed}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_repeats_were_in_flight(&server, from, &again, seed);
            let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
            finished(&load, &server, &stockport, &summary, seed);
            return;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills.fetch_add(1, Ordering::SeqCst);
        // What the server was about to do when its client died is done before anybody looks.
        server.settle();
        assert_repeats_were_in_flight(&server, from, &again, seed);
        for id in journals(&stockport).iter().flat_map(|journal| ids(journal, IN_FLIGHT)) {
            *again.entry(id).or_default() += 1;
        }
        round += 1;
    }
}

/// Every id is posted once, and once more at most for each kill that found it in flight.
fn assert_repeats_were_in_flight(server: &Faulty, from: usize, in_flight: &BTreeMap<String, usize>, seed: u64) {
    let posts = server.posts();
    let earlier: BTreeSet<&String> = posts[..from].iter().flat_map(|post| &post.ids).collect();
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for id in posts.iter().flat_map(|post| &post.ids) {
        *counts.entry(id).or_default() += 1;
    }
    for id in posts[from..].iter().flat_map(|post| &post.ids) {
        let allowed = 1 + in_flight.get(id).copied().unwrap_or_default();
        assert!(
            counts[id] <= allowed,
            "seed {seed}: {id} posted {} times, {allowed} allowed; posted before: {}",
            counts[id],
            earlier.contains(id)
        );
    }
}

fn finished(load: &Load, server: &Faulty, stockport: &Stockport, summary: &Value, seed: u64) {
    let what = format!("seed {seed}");
    assert_adds_up(summary, &what);
    assert_eq!(
        (
            &summary["read"],
            &summary["created"],
            &summary["updated"],
            &summary["unchanged"]
        ),
        (
            &json!(2_000),
            &json!(load.created),
            &json!(load.updated),
            &json!(load.unchanged)
        ),
        "{what}: the equation covers the whole: {summary}"
    );
    load.assert_stored(server, ORG, &what);
    // What was posted, what the journal knows as done, and what has changed in the organization are the same.
    let posted: BTreeSet<String> = server.posts().into_iter().flat_map(|post| post.ids).collect();
    let journal: BTreeSet<String> = journals(stockport).iter().flat_map(|path| ids(path, DONE)).collect();
    let changed: BTreeSet<String> = contents(server, ORG)
        .into_iter()
        .filter(|(id, item)| load.before.get(id) != Some(item))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(posted, changed, "{what}");
    assert_eq!(journal, changed, "{what}");
    let undone = stockport.run(["undo", "--yes", "--json"]).ok().json();
    assert_adds_up(&undone, &what);
    assert_eq!(
        (&undone["deleted"], &undone["updated"]),
        (&json!(load.created), &json!(load.updated)),
        "{what}: {undone}"
    );
    assert_same(&contents(server, ORG), &load.before, &format!("{what}, undone"));
}

#[test]
fn a_hundred_kills_at_random_moments_lose_nothing_and_write_nothing_twice_but_what_was_in_flight() {
    let kills = AtomicU64::new(0);
    let seeds = AtomicU64::new(SEED);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while kills.load(Ordering::SeqCst) < KILLS {
                    killed_again_and_again(seeds.fetch_add(1, Ordering::SeqCst), &kills);
                }
            });
        }
    });
    assert!(kills.load(Ordering::SeqCst) >= KILLS);
    println!(
        "{} kills in {} jobs",
        kills.load(Ordering::SeqCst),
        seeds.load(Ordering::SeqCst) - SEED
    );
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// A run that is interrupted once the server has seen some posts: its exit code, what it said, and the posts so far.
#[cfg(unix)]
fn interrupted(stockport: &Stockport, server: &Faulty, more: &[&str]) -> (i32, Value, String, usize) {
    let mut child = import(stockport, more);
    while server.posts().len() < 4 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was interrupted"
        );
        thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    let posts = server.posts().len();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    (output.status.code().unwrap_or(-1), summary, said, posts)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_finishes_what_is_in_flight_says_how_to_go_on_and_can_be_gone_on_with() {
    let load = Load::new(2_000);
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(40))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let (code, summary, said, posts) = interrupted(&stockport, &server, &[]);
    assert_eq!(code, 130, "{said}");
    assert_adds_up(&summary, "interrupted");
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(count("failed"), 0, "{summary}");
    assert!(count("not_attempted") > 0, "{summary}");
    assert!(said.contains("--resume") && said.contains("interrupted"), "{said}");
    let all = server.posts();
    assert!(all.len() <= posts + 2 * 4, "no new work: {posts}, then {}", all.len());
    assert!(
        all.iter().all(|post| post.status == Some(200)),
        "what was in flight was finished"
    );
    let sent: BTreeSet<&String> = all.iter().flat_map(|post| &post.ids).collect();
    assert_eq!(sent.len() as u64, count("created") + count("updated"));
    // A reject file of what wasn't attempted stands beside the input all the same.
    let mut rejects = csv::Reader::from_path(stockport.path("load.rejects.csv")).unwrap();
    assert_eq!(rejects.records().count() as u64, count("not_attempted"));
    server.behave();
    let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
    assert_adds_up(&resumed, "resumed");
    assert_eq!(
        (
            &resumed["run"],
            &resumed["created"],
            &resumed["updated"],
            &resumed["unchanged"]
        ),
        (
            &summary["run"],
            &json!(load.created),
            &json!(load.updated),
            &json!(load.unchanged)
        )
    );
    load.assert_stored(&server, ORG, "resumed");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for id in server.posts().into_iter().flat_map(|post| post.ids) {
        *counts.entry(id).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "nothing was sent twice");
}

#[cfg(unix)]
#[test]
fn the_same_command_without_resume_finishes_the_work_as_a_run_of_its_own() {
    let load = Load::new(1_000);
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(40))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let (_, first, ..) = interrupted(&stockport, &server, &[]);
    server.behave();
    let second = stockport.run(["import", "load.csv", "--json"]).ok().json();
    assert_adds_up(&second, "second");
    assert_ne!(first["run"], second["run"]);
    let of = |summary: &Value, name: &str| summary[name].as_u64().unwrap();
    assert_eq!(of(&first, "created") + of(&second, "created"), load.created);
    assert_eq!(of(&first, "updated") + of(&second, "updated"), load.updated);
    load.assert_stored(&server, ORG, "second");
    // Nothing is left to be gone on with, and --resume says so and starts anew.
    let third = stockport.run(["import", "load.csv", "--resume"]).ok();
    assert!(third.stderr.contains("no run"), "{}", third.stderr);
    assert!(third.stdout.contains("1,000 unchanged"), "{}", third.stdout);
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_stops_at_once_and_the_run_can_be_gone_on_with() {
    let load = Load::new(1_000);
    let server = Faulty::new().rule(Rule::from(3, Fault::Slow(Duration::from_secs(600))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let mut child = import(&stockport, &[]);
    while server.posts().len() < 5 {
        thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    // It waits for its answers, which take ten minutes: only the second one ends it.
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first one stops in order");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    server.behave();
    let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
    assert_adds_up(&resumed, "resumed");
    assert_eq!(resumed["created"], json!(load.created));
    load.assert_stored(&server, ORG, "resumed");
}

#[cfg(unix)]
#[test]
fn an_interrupt_does_not_wait_for_a_long_retry_after() {
    let load = Load::new(1_000);
    let server = Faulty::new().rule(Rule::from(4, Fault::TooManySeconds(200)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let began = std::time::Instant::now();
    let (code, summary, said, _) = interrupted(&stockport, &server, &[]);
    assert_eq!(code, 130, "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(100),
        "it waited for the pause's end"
    );
    assert_adds_up(&summary, "interrupted");
    assert_eq!(summary["failed"], json!(0), "a 429 has saved nothing: {summary}");
}

/// A job that was cut short by a host that went away.
fn cut_short(server: &Faulty, stockport: &Stockport) -> Load {
    let load = Load::new(500);
    load.prepare(server, ORG, stockport);
    stockport
        .run(["import", "load.csv", "--retries", "0", "--batch", "20", "--jobs", "1"])
        .exit(1);
    server.behave();
    load
}

#[test]
fn a_file_that_has_changed_is_not_gone_on_with() {
    let server = Faulty::new().rule(Rule::from(4, Fault::Reset).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = cut_short(&server, &stockport);
    let asked = server.seen();
    stockport.write("load.csv", load.csv.replace("Vault 3", "Vault 33"));
    let run = stockport.run(["import", "load.csv", "--resume"]).exit(1);
    assert!(run.stderr.contains("load.csv has changed since"), "{}", run.stderr);
    assert!(run.stderr.contains("omit --resume"), "{}", run.stderr);
    assert_eq!(server.seen(), asked, "nothing was sent");
}

#[test]
fn a_run_is_not_gone_on_with_under_other_options_or_in_another_organization() {
    let server = Faulty::new().rule(Rule::from(4, Fault::Reset).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    cut_short(&server, &stockport);
    let asked = server.seen();
    let run = stockport
        .run(["import", "load.csv", "--resume", "--blanks", "clear"])
        .exit(1);
    assert!(run.stderr.contains("--blanks keep"), "{}", run.stderr);
    assert!(!run.stderr.contains("None"), "no dump of values: {}", run.stderr);
    let name = journals(&stockport)[0]
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let elsewhere = format!("--resume={name}");
    let run = stockport
        .run(["import", "load.csv", &elsewhere, "--org", "sandbox-second"])
        .exit(1);
    assert!(run.stderr.contains("it went to sandbox-company"), "{}", run.stderr);
    stockport
        .run(["import", "load.csv", "--resume=2020-01-01T00-00-00Z-0000"])
        .exit(1);
    assert_eq!(server.seen(), asked, "nothing was sent");
    // How it is sent may differ, and a run may be named.
    stockport
        .run(["import", "load.csv", &elsewhere, "--jobs", "2", "--batch", "7"])
        .ok();
}

#[test]
fn what_somebody_changed_meanwhile_is_planned_afresh_when_a_run_is_gone_on_with() {
    let server = Faulty::new().rule(Rule::from(4, Fault::Reset).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = cut_short(&server, &stockport);
    let stored = contents(&server, ORG);
    // One that was written is overwritten by somebody, one that wasn't is created by somebody just as the file has it.
    let written = load
        .after
        .keys()
        .find(|id| !load.before.contains_key(*id) && stored.contains_key(*id))
        .unwrap();
    // (The last one: it was in no batch, so that nobody can take it for the run's own doing.)
    let missing = load.after.keys().rev().find(|id| !stored.contains_key(*id)).unwrap();
    server.put(ORG, &json!({"item_id": written, "name": "somebody else's"}));
    server.put(ORG, &Value::Object(load.after[missing].clone()));
    let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
    assert_adds_up(&resumed, "resumed");
    assert_eq!(
        (&resumed["created"], &resumed["unchanged"]),
        (&json!(load.created - 1), &json!(load.unchanged + 1)),
        "{resumed}"
    );
    load.assert_stored(&server, ORG, "resumed");
}

#[test]
fn a_run_whose_items_failed_can_be_gone_on_with_once_the_endpoint_is_well() {
    let bad = crate::support::load::id(3);
    let server = Faulty::new().poison([bad]);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(50);
    load.prepare(&server, ORG, &stockport);
    let first = stockport
        .run(["import", "load.csv", "--json", "--retries", "0"])
        .exit(3)
        .json();
    server.behave();
    let run = stockport.run([
        "import",
        "load.csv",
        "--json",
        &format!("--resume={}", first["run"].as_str().unwrap()),
    ]);
    let summary = run.ok().json();
    assert_eq!(
        (&summary["created"], &summary["failed"]),
        (&json!(load.created), &json!(0))
    );
    load.assert_stored(&server, ORG, "again");
}
