//! Uploading to an endpoint that misbehaves: every fault alone, all of them mixed, bad items, a host that goes away.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::json;
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{Load, assert_adds_up, contents, id};

const ORG: &str = "sandbox-company";

/// Imports 5,000 items past these rules, and demands that all of it arrives and is told so.
fn arrives(rules: impl IntoIterator<Item = Rule>, what: &str) -> Faulty {
    let load = Load::new(5_000);
    let server = rules.into_iter().fold(Faulty::new(), Faulty::rule);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport.run(["import", "load.csv", "--json", "--retries", "8", "--batch", "40"]);
    assert_eq!(run.code, 0, "{what}\n{}\n{}", run.stdout, run.stderr);
    let summary = run.json();
    assert_adds_up(&summary, what);
    for (name, count) in [
        ("read", 5_000),
        ("created", load.created),
        ("updated", load.updated),
        ("unchanged", load.unchanged),
    ] {
        assert_eq!(summary[name], json!(count), "{what}: {summary}");
    }
    load.assert_stored(&server, ORG, what);
    server
}

#[test]
fn each_passing_fault_alone_every_third_request_changes_nothing_of_the_result() {
    // All at once, as most of it is waiting.
    thread::scope(|scope| {
        for fault in Fault::passing() {
            scope.spawn(move || arrives([Rule::every(3, fault.clone())], &format!("{fault:?}")));
        }
    });
}

#[test]
fn a_fifth_of_all_requests_going_wrong_in_every_way_changes_nothing_of_the_result() {
    thread::scope(|scope| {
        for seed in 1..=4 {
            scope.spawn(move || {
                arrives(
                    [Rule::mixed(20, seed, Fault::passing())],
                    &format!("mixed, seed {seed}"),
                );
            });
        }
    });
}

#[test]
fn a_poisoned_item_every_five_hundred_fails_alone_with_the_servers_words() {
    let load = Load::new(5_000);
    // 250, 750 … are stored as the file has them, so that the neighbours stand for them: new items.
    let bad: Vec<String> = (0..10).map(|n| id(n * 500 + 253)).collect();
    let server = Faulty::new().poison(bad.clone());
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run(["import", "load.csv", "--json", "--retries", "2"])
        .exit(3);
    let summary = run.json();
    assert_adds_up(&summary, "poison");
    assert_eq!(
        (&summary["failed"], &summary["created"]),
        (&json!(10), &json!(load.created - 10))
    );
    let mut rejects = csv::Reader::from_path(stockport.path("load.rejects.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = rejects.records().map(Result::unwrap).collect();
    let told: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(told, bad);
    for row in &rows {
        assert!(row[8].contains("Server Error (500)"), "the server's own words: {row:?}");
    }
    let stored = contents(&server, ORG);
    for (id, item) in &load.after {
        assert_eq!(stored.get(id), Some(item).filter(|_| !bad.contains(id)), "{id}");
    }
    server.behave();
    let again = stockport.run(["import", "load.rejects.csv", "--json"]).ok().json();
    assert_eq!(again["created"], json!(10));
    load.assert_stored(&server, ORG, "the reject file");
}

#[test]
fn an_endpoint_without_arrays_is_found_out_and_gets_one_item_a_request() {
    let load = Load::new(300);
    let server = Faulty::with(Flavour {
        no_arrays: true,
        ..Flavour::default()
    })
    .rule(Rule::mixed(20, 5, Fault::passing()));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run(["import", "load.csv", "--json", "--retries", "8"])
        .ok()
        .json();
    assert_adds_up(&run, "no arrays");
    load.assert_stored(&server, ORG, "no arrays");
    let arrays = server.posts().iter().filter(|post| post.ids.len() > 1).count();
    // One a worker may be on its way before the first is answered, each repeated where a fault met it.
    assert!(arrays <= 8 * 9, "it is remembered: {arrays} arrays");
}

#[test]
fn a_host_that_goes_away_stops_the_run_in_order_and_resume_finishes_it() {
    let load = Load::new(2_000);
    let server = Faulty::new().rule(Rule::from(20, Fault::Reset));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run(["import", "load.csv", "--json", "--retries", "1", "--batch", "20"])
        .exit(1);
    let summary = run.json();
    assert_adds_up(&summary, "host gone");
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert!(
        count("not_attempted") > 0 && count("created") + count("updated") > 0,
        "{summary}"
    );
    assert!(summary["error"].is_string(), "{summary}");
    let mut rejects = csv::Reader::from_path(stockport.path("load.rejects.csv")).unwrap();
    let told = rejects.records().map(Result::unwrap).count() as u64;
    assert_eq!(told, count("failed") + count("not_attempted"));
    server.behave();
    let resumed = stockport.run(["import", "load.csv", "--json", "--resume"]).ok().json();
    assert_adds_up(&resumed, "resumed");
    assert_eq!(resumed["run"], summary["run"]);
    // The run as a whole: what the first part wrote is counted as written.
    assert_eq!(
        (&resumed["created"], &resumed["updated"], &resumed["unchanged"]),
        (&json!(load.created), &json!(load.updated), &json!(load.unchanged))
    );
    load.assert_stored(&server, ORG, "resumed");
}

#[test]
fn a_host_that_answers_nothing_but_errors_is_not_taken_for_bad_rows() {
    for fault in [Fault::Unavailable, Fault::TooMany, Fault::ProxyPage, Fault::ErrorBefore] {
        let load = Load::new(1_000);
        let server = Faulty::new().rule(Rule::from(10, fault.clone()));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        load.prepare(&server, ORG, &stockport);
        let summary = stockport
            .run(["import", "load.csv", "--json", "--retries", "1", "--batch", "20"])
            .exit(1)
            .json();
        assert_adds_up(&summary, &format!("{fault:?}"));
        let count = |name: &str| summary[name].as_u64().unwrap();
        assert!(count("not_attempted") > count("failed"), "{fault:?}: {summary}");
        server.behave();
        stockport.run(["import", "load.csv", "--resume"]).ok();
        load.assert_stored(&server, ORG, &format!("{fault:?}"));
    }
}

#[test]
fn a_key_that_is_refused_in_the_middle_stops_the_run_with_nothing_failed() {
    let load = Load::new(1_000);
    let server = Faulty::new().rule(Rule::from(5, Fault::Redirect).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport.run(["import", "load.csv", "--json", "--batch", "20"]).exit(1);
    let summary = run.json();
    assert_adds_up(&summary, "redirected");
    assert_eq!(summary["failed"], json!(0), "a redirect saves nothing: {summary}");
    assert!(summary["error"].as_str().unwrap().contains("redirect"), "{summary}");
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|request| request.path.contains("elsewhere"))
            .count(),
        0
    );
    server.behave();
    stockport.run(["import", "load.csv", "--resume"]).ok();
    load.assert_stored(&server, ORG, "resumed");
}

#[test]
fn concurrency_falls_while_the_endpoint_is_too_busy_and_recovers_after() {
    let load = Load::new(5_000);
    let server = Faulty::new()
        .rule(Rule::every(1, Fault::Slow(Duration::from_millis(10))))
        .busy_above(2);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let mut child = stockport
        .command([
            "import",
            "load.csv",
            "--json",
            "--batch",
            "5",
            "--jobs",
            "16",
            "--retries",
            "20",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let posts_until = |stored: u64| {
        while server.count(ORG) < stored {
            thread::sleep(Duration::from_millis(5));
        }
        server.posts().len()
    };
    // Halfway the endpoint has time again. What was counted before tells of the fall, what came after of the recovery.
    let held = u64::try_from(load.before.len()).unwrap();
    let busy = posts_until(held + load.created / 2);
    server.not_busy();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    load.assert_stored(&server, ORG, "busy");
    let posts = server.posts();
    let first = &posts[..16];
    assert!(
        first.iter().any(|post| post.in_flight > 2),
        "it begins with --jobs: {first:?}"
    );
    let settled = &posts[busy / 2..busy];
    let refused = settled.iter().filter(|post| post.status == Some(429)).count();
    assert!(
        refused * 3 < settled.len(),
        "{refused} of {} still refused",
        settled.len()
    );
    let most = posts[busy..].iter().map(|post| post.in_flight).max().unwrap();
    assert!(most >= 6, "it recovers: at most {most} at once after the rush");
}

#[test]
fn writes_that_all_fail_while_reads_go_well_stop_the_run_too() {
    for fault in [Fault::Unavailable, Fault::TooMany, Fault::ProxyPage] {
        let load = Load::new(2_000);
        let server = Faulty::new().rule(Rule::from(3, fault.clone()).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        load.prepare(&server, ORG, &stockport);
        let summary = stockport
            .run(["import", "load.csv", "--json", "--retries", "1", "--batch", "20"])
            .exit(1)
            .json();
        assert_adds_up(&summary, &format!("{fault:?}"));
        let count = |name: &str| summary[name].as_u64().unwrap();
        assert!(
            count("failed") < 200 && count("not_attempted") > 1_000,
            "{fault:?}: {summary}"
        );
        assert!(
            summary["error"].as_str().unwrap().contains("items all failed"),
            "{summary}"
        );
        server.behave();
        stockport.run(["import", "load.csv", "--resume"]).ok();
        load.assert_stored(&server, ORG, &format!("{fault:?}"));
    }
}

#[test]
fn an_echo_that_never_fits_is_no_obstacle_where_reading_shows_that_all_is_stored() {
    let load = Load::new(300);
    let server = Faulty::new().rule(Rule::every(1, Fault::WrongItems));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run(["import", "load.csv", "--json", "--retries", "1"])
        .ok()
        .json();
    assert_adds_up(&run, "wrong items");
    load.assert_stored(&server, ORG, "wrong items");
}

#[test]
fn an_answer_that_takes_too_long_makes_the_batches_smaller() {
    let load = Load::new(400);
    // Every request of more than ten items takes longer than the deadline, as far as its client can see.
    let server = Faulty::new().rule(Rule::every(1, Fault::SlowAbove(10, Duration::from_secs(3))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run(["import", "load.csv", "--json", "--timeout", "1", "--jobs", "2"])
        .ok()
        .json();
    assert_adds_up(&run, "slow");
    load.assert_stored(&server, ORG, "slow");
    let large: Vec<usize> = server
        .posts()
        .iter()
        .map(|post| post.ids.len())
        .filter(|len| *len > 10)
        .collect();
    assert!(large.len() <= 8, "{large:?}");
}
