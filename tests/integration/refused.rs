//! Items that a firewall before the API refuses: each is named, and the others go through; a key that may not write, or not
//! any more, stops the run.

use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{Load, assert_adds_up, id};

const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";
const WORDS: &str = "Request blocked.";

/// A server that refuses requests of this method about these items.
fn firewall(server: Faulty, method: &'static str, bad: &[u64], fault: &Fault) -> Faulty {
    bad.iter().fold(server, |server, bad| {
        server.rule(Rule::every(1, fault.clone()).on(method).about(&id(*bad)))
    })
}

/// A file of so many new items.
fn file(count: u64) -> String {
    (0..count).fold("Item ID,Name\n".to_owned(), |csv, number| {
        csv + &format!("{},Item {number}\n", id(number))
    })
}

/// Imports 300 new items past a firewall, and demands that all but the bad ones arrive.
fn imports_the_others(server: Faulty, bad: &[u64], fault: &Fault, args: &[&str]) {
    let what = format!("{fault:?} {bad:?} {args:?}");
    let server = firewall(server, "POST", bad, fault);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", file(300));
    let import = [&["import", "load.csv", "--json"], args].concat();
    let summary = stockport.run(import).exit(3).json();
    assert_adds_up(&summary, &what);
    let counts = ["created", "failed", "not_attempted"].map(|name| summary[name].as_u64().unwrap());
    let count = bad.len() as u64;
    assert_eq!(counts, [300 - count, count, 0], "{what}: {summary}");
    assert_eq!(summary["error"], Value::Null, "{what}");
    assert_eq!(server.count(ORG), 300 - count, "{what}");
    let rejects = stockport.read("load.rejects.csv");
    for bad in bad {
        assert!(rejects.contains(&id(*bad)), "{what}: {rejects}");
    }
    assert_eq!(rejects.matches(WORDS).count(), bad.len(), "{what}: {rejects}");
}

#[test]
fn one_item_that_a_firewall_refuses_fails_alone_wherever_it_stands() {
    for jobs in ["1", "4"] {
        for bad in [&[0][..], &[150], &[299], &[0, 299], &[50, 51]] {
            imports_the_others(Faulty::new(), bad, &Fault::Blocked(403), &["--jobs", jobs]);
        }
    }
}

#[test]
fn each_status_of_a_firewall_is_halved_down_to() {
    for fault in [
        Fault::Blocked(406),
        Fault::BlockedJson(403),
        Fault::BlockedJson(406),
        Fault::Blocked(400),
        Fault::Blocked(413),
        Fault::Blocked(422),
        Fault::Blocked(451),
    ] {
        imports_the_others(Faulty::new(), &[150], &fault, &["--jobs", "2"]);
    }
}

#[test]
fn an_endpoint_that_takes_single_items_goes_past_a_refused_one() {
    for bad in [&[0][..], &[150], &[0, 1]] {
        imports_the_others(
            Faulty::new(),
            bad,
            &Fault::Blocked(403),
            &["--jobs", "1", "--batch", "1"],
        );
    }
    let server = Faulty::with(Flavour {
        no_arrays: true,
        ..Flavour::default()
    });
    imports_the_others(server, &[5], &Fault::Blocked(403), &["--jobs", "4"]);
}

#[test]
fn a_permission_that_is_withdrawn_stops_the_run_with_nothing_failed() {
    for (fault, jobs, batch) in [
        (Fault::Blocked(403), "1", "50"),
        (Fault::BlockedJson(403), "4", "50"),
        // What the second worker still has in its hands when the first one stops is too little to stop by itself.
        (Fault::BlockedJson(403), "2", "15"),
        (Fault::Blocked(403), "4", "8"),
    ] {
        let server = Faulty::new().rule(Rule::from(10, fault).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("load.csv", file(3_000));
        let args = ["import", "load.csv", "--json", "--jobs", jobs, "--batch", batch];
        let run = stockport.run(args).exit(1);
        let summary = run.json();
        assert_adds_up(&summary, "withdrawn");
        let stored = server.count(ORG);
        assert_eq!(
            (&summary["created"], &summary["failed"], &summary["not_attempted"]),
            (&json!(stored), &json!(0), &json!(3_000 - stored)),
            "{summary}"
        );
        assert!(summary["error"].as_str().unwrap().contains(WORDS), "{summary}");
        let asked = server.posts().len();
        assert!(asked < 200, "{asked} posts");
        server.behave();
        stockport.run(["import", "load.csv", "--resume"]).ok();
        assert_eq!(server.count(ORG), 3_000);
    }
}

#[test]
fn a_key_that_may_not_write_stops_the_run_after_a_few_requests() {
    for (fault, jobs) in [(Fault::Blocked(403), "1"), (Fault::BlockedJson(403), "8")] {
        let server = Faulty::new().rule(Rule::every(1, fault).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("load.csv", file(3_000));
        let summary = stockport
            .run(["import", "load.csv", "--json", "--jobs", jobs])
            .exit(1)
            .json();
        assert_eq!(
            (&summary["created"], &summary["failed"], &summary["not_attempted"]),
            (&json!(0), &json!(0), &json!(3_000)),
            "{summary}"
        );
        let asked = server.posts().len();
        assert!(asked <= 40, "{asked} posts");
    }
    // Nothing tells a single bad item from a key that may not write.
    let server = Faulty::new().rule(Rule::every(1, Fault::Blocked(403)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", file(1));
    let summary = stockport.run(["import", "load.csv", "--json"]).exit(1).json();
    assert_eq!(summary["not_attempted"], json!(1), "{summary}");
    let error = summary["error"].as_str().unwrap();
    assert!(
        error.contains("firewall") && !error.contains("no inventory API"),
        "{error}"
    );
}

#[test]
fn a_refusal_after_a_lost_answer_is_read_back() {
    // The batch is saved, its answer is lost, and the repetition is refused.
    let server = Faulty::new()
        .rule(Rule::only(2, Fault::DroppedAfter).on("POST"))
        .rule(Rule::only(3, Fault::Blocked(403)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", file(300));
    let args = ["import", "load.csv", "--json", "--jobs", "1", "--batch", "50"];
    let summary = stockport.run(args).ok().json();
    assert_eq!(
        (&summary["created"], server.count(ORG)),
        (&json!(300), 300),
        "{summary}"
    );
}

#[test]
fn restore_and_migrate_name_the_refused_item_and_move_the_others() {
    let bad = 7;
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.fill(ORG, &Load::new(30).after);
    let held = server.count(ORG);
    stockport.run(["backup", "create", "bk"]).ok();
    for id in server.items(ORG).keys() {
        server.remove(ORG, id);
    }
    let server = firewall(server, "POST", &[bad], &Fault::Blocked(403));
    let restore = [
        "backup",
        "restore",
        "bk",
        "--yes",
        "--json",
        "--allow-empty",
        "--rejects",
        "left.jsonl",
    ];
    let run = stockport.run(restore).exit(3);
    let summary = run.json();
    assert_eq!(
        (&summary["failed"], &summary["created"], server.count(ORG)),
        (&json!(1), &json!(held - 1), held - 1),
        "{summary}"
    );
    let left = stockport.read("left.jsonl");
    assert!(left.contains(&id(bad)) && left.contains(WORDS), "{left}");

    server.behave();
    server.put(ORG, &json!({"item_id": id(bad)}));
    let server = firewall(server, "POST", &[bad], &Fault::Blocked(406));
    let summary = stockport
        .run(["migrate", "--from", ORG, "--to", BRANCH, "--json"])
        .json();
    assert_eq!(
        (&summary["failed"], server.count(BRANCH)),
        (&json!(1), held - 1),
        "{summary}"
    );
}

#[test]
fn delete_and_undo_name_the_refused_item_and_delete_the_others() {
    for fault in [Fault::Blocked(403), Fault::BlockedJson(403), Fault::Blocked(406)] {
        // The API's own 403 of the first deletion is about the key.
        let first = u64::from(fault == Fault::BlockedJson(403));
        for (bad, jobs) in [(first, "1"), (20, "4"), (29, "1")] {
            let server = Faulty::new();
            let stockport = Stockport::new().at_faulty(&server, ORG);
            stockport.write("load.csv", file(30));
            stockport.run(["import", "load.csv"]).ok();
            let server = firewall(server, "DELETE", &[bad], &fault);
            let what = format!("{fault:?} {bad} --jobs {jobs}");
            let ids: Vec<String> = (0..30).map(id).collect();
            let args = ["delete", "--ids", &ids.join(","), "--yes", "--json", "--jobs", jobs];
            let run = stockport.run(args).exit(3);
            let summary = run.json();
            assert_adds_up(&summary, &what);
            assert_eq!(
                (&summary["deleted"], &summary["failed"], server.count(ORG)),
                (&json!(29), &json!(1), 1),
                "{what}: {summary}\n{}",
                run.stderr
            );
            assert!(stockport.read("delete.rejects.csv").contains(WORDS), "{what}");
        }
    }
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", file(30));
    stockport.run(["import", "load.csv"]).ok();
    let server = firewall(server, "DELETE", &[3], &Fault::Blocked(403));
    let run = stockport.run(["undo", "--yes", "--json"]).exit(3);
    assert_eq!((&run.json()["deleted"], server.count(ORG)), (&json!(29), 1));
    assert!(
        run.stderr.contains(&id(3)) && run.stderr.contains(WORDS),
        "{}",
        run.stderr
    );
}
