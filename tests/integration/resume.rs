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
    let undone = stockport.run(["undo", "--json"]).ok().json();
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
