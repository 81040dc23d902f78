//! Items that somebody changes, deletes or creates anew while they are being deleted: by `delete`, `undo`, `restore --exact`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ORG, filled, run_name};
use crate::support::Stockport;
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};

/// One worker, so that what is changed before one item's turn is changed before its look.
const IN_ORDER: [&str; 4] = ["--yes", "--json", "--jobs", "1"];

fn at(server: &Faulty) -> Stockport {
    Stockport::new().at_faulty(server, ORG)
}

/// The counts of a summary, which have to add up.
fn ends(document: &Value) -> Value {
    let names = ["deleted", "unchanged", "rejected", "failed", "not_attempted", "created"];
    let sum: u64 = names.iter().map(|name| document[name].as_u64().unwrap()).sum();
    assert_eq!(json!(sum), document["read"], "{document}");
    let kept: serde_json::Map<String, Value> = names
        .iter()
        .filter(|name| document[**name] != json!(0))
        .map(|name| ((*name).to_owned(), document[*name].clone()))
        .collect();
    kept.into()
}

/// An item as another hand leaves it.
fn renamed(number: usize) -> Value {
    json!({"item_id": format!("T{number:05}"), "name": "renamed meanwhile", "status": "Active"})
}

/// The requests about an item, in their order.
fn about(server: &Faulty, id: &str) -> Vec<String> {
    let requests = server.requests().into_iter();
    let about = requests.filter(|request| request.path.ends_with(id) || request.ids == [id]);
    about.map(|request| request.method).collect()
}

fn deletions(server: &Faulty) -> usize {
    server.requests().iter().filter(|r| r.method == "DELETE").count()
}

#[test]
fn what_changes_when_deleting_begins_is_left_whatever_the_number_of_workers() {
    for jobs in ["1", "8", "64"] {
        let others: Vec<Value> = (5..10).map(renamed).collect();
        let server = filled(Faulty::new(), 40).rule(Rule::first(1, Fault::Stores(others)).on("DELETE"));
        let stockport = at(&server);
        let args = ["delete", "--where", "quantity<20", "--max-delete", "100%"];
        let run = stockport
            .run(args.iter().chain(&["--yes", "--json", "--verify", "--jobs", jobs]))
            .exit(3);
        let summary = run.json();
        assert_eq!(ends(&summary), json!({"deleted": 15, "rejected": 5}), "{jobs} jobs");
        assert_eq!(summary["verified"], true, "{}", run.stderr);
        for number in 5..10 {
            let id = format!("T{number:05}");
            assert_eq!(server.items(ORG)[&id]["name"], "renamed meanwhile", "{jobs} jobs");
            let named = run.stderr.lines().any(|line| {
                line.contains(&format!("{id} is not changed: "))
                    && line.contains(&format!("name \"Item {number}\" → \"renamed meanwhile\""))
            });
            assert!(named, "{id}: {}", run.stderr);
            assert!(!about(&server, &id).contains(&"DELETE".to_owned()), "{id}");
        }
        // The rows with the reason are in the reject file, which can be given again.
        let rejects = stockport.read("delete.rejects.csv");
        assert_eq!(rejects.lines().count(), 6, "{rejects}");
        assert!(rejects.contains("T00005 is not changed: "), "{rejects}");
        // Undoing brings back what was deleted, and leaves alone what was left.
        let undone = stockport
            .run(["undo", &run_name(&summary), "--yes", "--json"])
            .ok()
            .json();
        assert_eq!(ends(&undone), json!({"created": 15}));
        assert_eq!(server.items(ORG)["T00005"]["name"], "renamed meanwhile");
    }
}

#[test]
fn each_way_of_naming_items_leaves_what_has_changed() {
    for (args, rejects) in [
        (
            vec!["--where", "quantity=7", "--max-delete", "100%"],
            "delete.rejects.csv",
        ),
        (vec!["--ids", "T00007"], "delete.rejects.csv"),
        (vec!["--file", "gone.csv"], "gone.rejects.csv"),
    ] {
        let server = filled(Faulty::new(), 10).rule(Rule::first(1, Fault::Stores(vec![renamed(7)])).about("T00007"));
        let stockport = at(&server);
        stockport.write("gone.csv", "Item ID\nT00007\n");
        let run = stockport.run(["delete"].iter().chain(&args).chain(&IN_ORDER)).exit(3);
        assert_eq!(ends(&run.json()), json!({"rejected": 1}), "{args:?}");
        assert_eq!(run.json()["rejects_file"], rejects, "{args:?}");
        assert!(stockport.read(rejects).contains("T00007 is not changed: "), "{args:?}");
        assert_eq!((deletions(&server), server.count(ORG)), (0, 10), "{args:?}");
        // Nothing was done, so that there is nothing to undo.
        let run = stockport.run(["undo", "--yes"]).exit(1);
        assert!(run.stderr.contains("there is no run to undo"), "{}", run.stderr);
    }
}

#[test]
fn each_item_that_is_left_counts_as_no_failure_and_stops_nothing() {
    let others: Vec<Value> = (1..200).map(renamed).collect();
    let server = filled(Faulty::new(), 201).rule(Rule::first(1, Fault::Stores(others)).on("DELETE"));
    let stockport = at(&server);
    let args = [
        "delete",
        "--where",
        "quantity>=0",
        "--max-delete",
        "100%",
        "--max-failures",
        "0",
    ];
    let run = stockport.run(args.iter().chain(&IN_ORDER)).exit(3);
    assert_eq!(ends(&run.json()), json!({"deleted": 2, "rejected": 199}));
    assert_eq!(run.json()["error"], Value::Null);
    assert!(
        run.stderr
            .contains("… and 189 more items not deleted: see delete.rejects.csv"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_item_that_no_longer_meets_the_conditions_is_left_though_its_values_are_equal() {
    let server = Faulty::new();
    let item = |at: &str| json!({"item_id": "A1", "name": "x", "updated_at": at});
    server.put(ORG, &item("2020-01-01"));
    let server = server.rule(Rule::first(1, Fault::Stores(vec![item("2026-01-01")])).about("A1"));
    let stockport = at(&server);
    let args = ["delete", "--where", "updated_at=2020-01-01", "--max-delete", "100%"];
    let run = stockport.run(args.iter().chain(&IN_ORDER)).exit(3);
    assert_eq!(ends(&run.json()), json!({"rejected": 1}));
    assert!(
        run.stderr
            .contains("A1 is not changed: it no longer meets the conditions"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_item_that_was_saved_again_with_equal_values_goes_and_comes_back_as_it_was_then() {
    let server = Faulty::new();
    server.put(
        ORG,
        &json!({"item_id": "A1", "name": "x", "quantity": 5, "units": null, "updated_at": "then"}),
    );
    let now = json!({"item_id": "A1", "name": "x", "quantity": 5.0, "units": "None", "updated_at": "now"});
    let server = server.rule(Rule::first(1, Fault::Stores(vec![now])).about("A1"));
    let stockport = at(&server);
    let run = stockport
        .run(["delete", "--ids", "A1"].iter().chain(&IN_ORDER))
        .ok()
        .json();
    assert_eq!(ends(&run), json!({"deleted": 1}));
    let journal = stockport
        .home()
        .join(format!("state/stockport/runs/{}.sqlite", run_name(&run)));
    let journal = rusqlite::Connection::open(journal).unwrap();
    let before: String = journal
        .query_row("SELECT before FROM bodies", [], |row| row.get(0))
        .unwrap();
    let before: Value = serde_json::from_str(&before).unwrap();
    assert_eq!(
        (&before["updated_at"], &before["quantity"]),
        (&json!("now"), &json!(5.0))
    );
    drop(journal);
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!(server.items(ORG)["A1"]["quantity"], json!(5.0));
}

#[test]
fn what_somebody_else_has_deleted_is_unchanged_and_undo_does_not_create_it() {
    let gone = vec!["T00001".to_owned(), "T00002".to_owned()];
    let server = filled(Faulty::new(), 4).rule(Rule::first(1, Fault::Removes(gone)).on("DELETE"));
    let stockport = at(&server);
    let args = ["delete", "--ids", "T00000,T00001,T00002", "--verify"];
    let run = stockport.run(args.iter().chain(&IN_ORDER)).ok().json();
    assert_eq!(ends(&run), json!({"deleted": 1, "unchanged": 2}));
    assert_eq!((deletions(&server), &run["verified"]), (1, &json!(true)));
    assert_eq!(run["rejects_file"], Value::Null);
    let undone = stockport.run(["undo", "--yes", "--json"]).ok().json();
    assert_eq!(ends(&undone), json!({"created": 1}));
    let ids: Vec<String> = server.items(ORG).into_keys().collect();
    assert_eq!(ids, ["T00000", "T00003"]);
}

#[test]
fn a_deletion_that_is_repeated_looks_again() {
    // The first request went through and its answer was lost; then somebody creates the item anew.
    for fault in [Fault::ErrorAfter, Fault::DroppedAfter, Fault::CutBody] {
        let server = filled(Faulty::new(), 2)
            .rule(Rule::only(1, fault.clone()).on("DELETE"))
            .rule(Rule::only(2, Fault::Stores(vec![renamed(1)])).on("GET").about("T00001"));
        let stockport = at(&server);
        let run = stockport
            .run(["delete", "--ids", "T00001"].iter().chain(&IN_ORDER))
            .exit(3);
        assert_eq!(ends(&run.json()), json!({"rejected": 1}), "{fault:?}");
        assert_eq!(about(&server, "T00001"), ["GET", "DELETE", "GET"], "{fault:?}");
        assert_eq!(server.items(ORG)["T00001"]["name"], "renamed meanwhile", "{fault:?}");
        let run = stockport.run(["undo", "--yes"]).exit(1);
        assert!(run.stderr.contains("there is no run to undo"), "{}", run.stderr);
    }
    // The first request did nothing; then somebody changes the item.
    for fault in [
        Fault::ErrorBefore,
        Fault::TooMany,
        Fault::Reset,
        Fault::NoBodyDelete(200),
        Fault::NoBodyDelete(405),
    ] {
        let server = filled(Faulty::new(), 2)
            .rule(Rule::only(1, fault.clone()).on("DELETE"))
            .rule(Rule::only(2, Fault::Stores(vec![renamed(1)])).on("GET").about("T00001"));
        let stockport = at(&server);
        let args = ["delete", "--ids", "T00001"];
        let run = stockport.run(args.iter().chain(&IN_ORDER)).exit(3);
        assert_eq!(ends(&run.json()), json!({"rejected": 1}), "{fault:?}");
        assert_eq!(deletions(&server), 1, "{fault:?}");
        assert_eq!(server.items(ORG)["T00001"]["name"], "renamed meanwhile", "{fault:?}");
    }
}

#[test]
fn a_repeated_deletion_whose_first_request_went_through_is_done_and_comes_back() {
    let server = filled(Faulty::new(), 2).rule(Rule::only(1, Fault::ErrorAfter).on("DELETE"));
    let stockport = at(&server);
    let before = server.items(ORG);
    let run = stockport
        .run(["delete", "--ids", "T00001"].iter().chain(&IN_ORDER))
        .ok();
    assert_eq!(ends(&run.json()), json!({"deleted": 1}));
    assert_eq!(about(&server, "T00001"), ["GET", "DELETE", "GET"]);
    stockport.run(["undo", "--yes"]).ok();
    super::assert_equal(&before, &server.items(ORG));
}

#[test]
fn what_cannot_be_read_is_not_deleted() {
    let server = filled(Faulty::new(), 4).rule(Rule::from(1, Fault::ErrorBefore).on("GET").about("T00001"));
    let stockport = at(&server);
    let args = ["delete", "--ids", "T00001,T00002", "--retries", "1"];
    let run = stockport.run(args.iter().chain(&IN_ORDER)).exit(3);
    assert_eq!(ends(&run.json()), json!({"deleted": 1, "failed": 1}));
    assert!(
        run.stderr
            .contains("T00001 failed: the item can't be read, so it was not deleted: "),
        "{}",
        run.stderr
    );
    assert!(server.items(ORG).contains_key("T00001"));
    assert_eq!(
        about(&server, "T00001"),
        ["GET", "GET"],
        "repeated as often as asked for"
    );
    server.behave();
    let undone = stockport.run(["undo", "--yes", "--json"]).ok().json();
    assert_eq!(ends(&undone), json!({"created": 1}));
}

#[test]
fn a_look_that_passes_later_is_repeated() {
    for fault in [
        Fault::TooMany,
        Fault::TooManySeconds(0),
        Fault::ErrorBefore,
        Fault::Reset,
        Fault::CutBody,
        Fault::ProxyPage,
    ] {
        let server = filled(Faulty::new(), 2).rule(Rule::first(2, fault.clone()).on("GET").about("T00001"));
        let stockport = at(&server);
        let run = stockport
            .run(["delete", "--ids", "T00001"].iter().chain(&IN_ORDER))
            .ok();
        assert_eq!(ends(&run.json()), json!({"deleted": 1}), "{fault:?}");
        assert!(run.json()["retries"].as_u64().unwrap() >= 2, "{fault:?}");
    }
}

#[test]
fn an_endpoint_that_reads_nothing_any_more_stops_the_run() {
    let server = filled(Faulty::new(), 200).rule(Rule::from(1, Fault::ErrorBefore).on("GET").about_items());
    let stockport = at(&server);
    let args = [
        "delete",
        "--where",
        "quantity>=0",
        "--max-delete",
        "100%",
        "--retries",
        "0",
    ];
    let run = stockport.run(args.iter().chain(&IN_ORDER)).exit(1);
    let summary = run.json();
    assert_eq!((deletions(&server), server.count(ORG)), (0, 200));
    assert!(summary["failed"].as_u64().unwrap() < 100, "{summary}");
    ends(&summary);
}

#[test]
fn a_key_that_may_not_read_or_delete_costs_one_request_and_the_rest_is_not_attempted() {
    for method in ["GET", "DELETE"] {
        let server = filled(Faulty::new(), 50).rule(Rule::from(1, Fault::Redirect).on(method).about_items());
        let stockport = at(&server);
        let args = [
            "delete",
            "--where",
            "quantity>=0",
            "--max-delete",
            "100%",
            "--yes",
            "--json",
        ];
        let run = stockport.run(args.iter().chain(&["--jobs", "8"]));
        assert_ne!(run.code, 0);
        assert_eq!(ends(&run.json()), json!({"not_attempted": 50}), "{method}");
        let refused = server.requests().iter().filter(|r| r.fault.is_some()).count();
        assert_eq!((refused, server.count(ORG)), (1, 50), "{method}");
        // Nothing was done: there is nothing to undo.
        server.behave();
        let run = stockport.run(["undo", "--yes"]).exit(1);
        assert!(run.stderr.contains("there is no run to undo"), "{}", run.stderr);
    }
}

#[test]
fn nothing_is_looked_at_before_a_pause_that_the_first_deletion_meets() {
    let server = filled(Faulty::new(), 20).rule(Rule::first(1, Fault::TooManySeconds(1)).on("DELETE"));
    let stockport = at(&server);
    let args = [
        "delete",
        "--where",
        "quantity>=0",
        "--max-delete",
        "100%",
        "--yes",
        "--json",
    ];
    let run = stockport.run(args.iter().chain(&["--jobs", "8"])).ok().json();
    assert_eq!(ends(&run), json!({"deleted": 20}));
    let requests = server.requests().into_iter();
    let items: Vec<String> = requests
        .filter(|request| request.method == "DELETE" || request.path.contains("/inventory/T"))
        .map(|request| format!("{} {}", request.method, request.path.rsplit('/').next().unwrap()))
        .collect();
    let body = "DELETE inventory";
    assert_eq!(items[..4], ["GET T00000", body, "GET T00000", body], "{items:?}");
}

#[test]
fn deletions_of_different_items_run_at_the_same_time() {
    let server = filled(Faulty::new(), 33).rule(Rule::from(2, Fault::Slow(Duration::from_millis(50))).on("DELETE"));
    let stockport = at(&server);
    let args = [
        "delete",
        "--where",
        "quantity>=0",
        "--max-delete",
        "100%",
        "--yes",
        "--json",
    ];
    let run = stockport.run(args.iter().chain(&["--jobs", "8"])).ok().json();
    assert_eq!(ends(&run), json!({"deleted": 33}));
    let busiest = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "DELETE")
        .map(|request| request.in_flight)
        .max();
    assert!(busiest > Some(3), "{busiest:?}");
}

#[test]
fn a_kill_with_a_deletion_under_way_leaves_a_run_that_can_be_undone() {
    let after = Fault::Slow(FOR_EVER);
    for (fault, expected) in [
        // Never done, and done without an answer.
        (Fault::Slow(FOR_EVER), json!({"created": 1})),
        (Fault::SlowBefore(FOR_EVER), json!({"unchanged": 1})),
    ] {
        let is_done = fault == after;
        let server = filled(Faulty::new(), 4).rule(Rule::first(1, fault).on("DELETE"));
        let stockport = at(&server);
        let before = server.items(ORG);
        let mut child = stockport
            .command(["delete", "--ids", "T00001,T00002", "--yes"])
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while deletions(&server) == 0 || (is_done && server.count(ORG) == 4) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no deletion was begun");
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let undone = stockport.run(["undo", "--yes", "--json"]).ok().json();
        assert_eq!(ends(&undone), expected);
        super::assert_equal(&before, &server.items(ORG));
    }
}

#[test]
fn undo_leaves_what_changes_while_it_deletes() {
    let server = Faulty::new();
    let stockport = at(&server);
    let mut csv = String::from("item_id,name\n");
    for number in 0..20 {
        csv.push_str(&format!("T{number:05},Item {number}\n"));
    }
    stockport.write("new.csv", csv);
    stockport.run(["import", "new.csv"]).ok();
    let others: Vec<Value> = (5..10).map(renamed).collect();
    server.add_rule(Rule::first(1, Fault::Stores(others)).on("DELETE"));
    server.add_rule(Rule::only(2, Fault::Removes(vec!["T00019".to_owned()])).on("DELETE"));
    let run = stockport.run(["undo", "--json", "--yes", "--jobs", "1"]).exit(3);
    assert_eq!(
        ends(&run.json()),
        json!({"deleted": 14, "rejected": 5, "unchanged": 1}),
        "{}",
        run.stderr
    );
    for number in 5..10 {
        let sentence = format!("T{number:05} is not changed: 2 of its fields have changed since the plan");
        assert!(run.stderr.contains(&sentence), "{}", run.stderr);
        assert_eq!(server.items(ORG)[&format!("T{number:05}")]["status"], "Active");
    }
    assert_eq!(server.count(ORG), 5);
    // The undo, undone by its name, creates what it deleted, and nothing else.
    let again = stockport
        .run(["undo", &run_name(&run.json()), "--json", "--yes"])
        .ok()
        .json();
    assert_eq!(ends(&again), json!({"created": 14}));
    assert_eq!(server.items(ORG)["T00005"]["name"], "renamed meanwhile");
    assert!(!server.items(ORG).contains_key("T00019"));
}

#[test]
fn an_exact_restore_leaves_what_changes_while_it_deletes() {
    let server = filled(Faulty::new(), 10);
    let stockport = at(&server);
    let made = stockport.run(["backup", "create", "bk", "--json"]).ok().json();
    let path = format!("bk/{ORG}/{}", made["backups"][0]["snapshot"].as_str().unwrap());
    for number in 10..15 {
        server.put(ORG, &json!({"item_id": format!("T{number:05}"), "name": "new"}));
    }
    server.add_rule(Rule::first(1, Fault::Stores(vec![renamed(12), renamed(13)])).on("DELETE"));
    let args = [
        "backup",
        "restore",
        &path,
        "--exact",
        "--max-delete",
        "100%",
        "--yes",
        "--json",
    ];
    let run = stockport.run(args.iter().chain(&["--verify", "--jobs", "8"])).exit(3);
    let summary = run.json();
    assert_eq!(ends(&summary), json!({"deleted": 3, "rejected": 2, "unchanged": 10}));
    assert_eq!(summary["verified"], true, "{}", run.stderr);
    for id in ["T00012", "T00013"] {
        let named = run.stderr.matches(&format!("{id} is not changed: ")).count();
        assert_eq!(named, 1, "{}", run.stderr);
        assert_eq!(server.items(ORG)[id]["name"], "renamed meanwhile");
    }
    // What is to be deleted is no item to import.
    assert_eq!(summary["rejects_file"], Value::Null);
    assert!(
        fs::read_dir(stockport.path("")).unwrap().count() == 1,
        "only the backup"
    );
    let undone = stockport
        .run(["undo", &run_name(&summary), "--json", "--yes"])
        .ok()
        .json();
    assert_eq!(ends(&undone), json!({"created": 3}));
    assert_eq!(server.count(ORG), 15);
}
