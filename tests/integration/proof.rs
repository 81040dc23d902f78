//! Answers that prove nothing: whatever a server claims, only an echo or a read settles what became of an item.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Done, Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

/// Answers under a good status that don't prove that a post was carried out.
const NO_PROOF: [(u16, &str); 16] = [
    (202, r#"{"success":true,"data":DATA}"#),
    (206, r#"{"success":true,"data":DATA}"#),
    (207, r#"{"success":true,"data":DATA}"#),
    (204, ""),
    (200, ""),
    (200, "<!doctype html><html><body>DATA</body></html>"),
    (200, r#"{"success":true}"#),
    (200, r#"{"success":true,"data":null}"#),
    (200, r#"{"success":true,"data":[]}"#),
    (200, r#"{"success":true,"success":false,"data":DATA}"#),
    (200, r#"{"success":false,"success":true,"data":DATA}"#),
    (200, r#"{"success":true,"data":DATA,"data":[]}"#),
    (200, r#"{"success":true,"error":"disk full","data":DATA}"#),
    (200, r#"{"success":true,"error":true,"data":DATA}"#),
    (200, r#"{"success":true,"data":DATA} {}"#),
    (
        200,
        r#"{"success":true,"data":[{"item_id":"b","item_id":"a","name":"x"},{"item_id":"b","name":"y"}]}"#,
    ),
];

fn importing(server: &Faulty) -> Stockport {
    let stockport = Stockport::new().at_faulty(server, ORG);
    std::fs::write(stockport.path("in.csv"), "item_id,name\na,x\nb,y\n").unwrap();
    stockport
}

#[test]
fn a_write_whose_answer_proves_nothing_is_read_back() {
    for batch in ["100", "1"] {
        for (status, body) in NO_PROOF {
            let fault = Fault::Answered(status, body, Done::All);
            let server = Faulty::new().rule(Rule::every(1, fault).on("POST"));
            let stockport = importing(&server);
            let run = stockport.run(["import", "in.csv", "--batch", batch, "--retries", "1", "--json"]);
            let run = run.exit(0);
            let told = (&run.json()["created"], &run.json()["failed"]);
            assert_eq!(told, (&json!(2), &json!(0)), "{batch} {status} {body}");
            assert_eq!(server.count(ORG), 2);
            let read = |id: &str| {
                let path = format!("/api/inventory/{id}");
                let last = server.requests().into_iter().rposition(|request| request.path == path);
                last > server.requests().iter().rposition(|request| request.method == "POST")
            };
            assert!(read("a") || read("b"), "{batch} {status} {body}: nothing was read back");
        }
    }
}

#[test]
fn a_write_that_is_only_claimed_is_no_success() {
    for batch in ["100", "1"] {
        for (status, body) in NO_PROOF {
            let fault = Fault::Answered(status, body, Done::Nothing);
            let server = Faulty::new().rule(Rule::every(1, fault).on("POST"));
            let stockport = importing(&server);
            let run = stockport.run(["import", "in.csv", "--batch", batch, "--retries", "0", "--json"]);
            let document: Value = run.json();
            assert_ne!(run.code, 0, "{batch} {status} {body}: {document}");
            assert_eq!(document["created"], json!(0), "{batch} {status} {body}");
            assert_eq!(server.count(ORG), 0);
        }
    }
}

#[test]
fn a_list_that_says_two_things_is_no_list() {
    for (status, body) in [
        (206, r#"{"success":true,"data":DATA}"#),
        (202, r#"{"success":true,"data":DATA}"#),
        (200, r#"{"success":false,"data":DATA}"#),
        (200, r#"{"success":true,"data":DATA,"success":false}"#),
        (200, r#"{"success":false,"data":DATA,"success":true}"#),
        (200, r#"{"success":true,"data":DATA,"data":[]}"#),
        (200, r#"{"success":true,"data":DATA,"data":DATA}"#),
        (200, r#"{"error":"cut","success":true,"data":DATA}"#),
        (200, r#"{"success":true,"data":DATA,"errors":["shard 3 is down"]}"#),
        (204, ""),
    ] {
        let server = Faulty::new().rule(Rule::every(1, Fault::Answered(status, body, Done::All)).on("GET"));
        for id in ["a", "b"] {
            server.put(ORG, &json!({ "item_id": id }));
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let run = stockport.run(["export", "out.csv", "--retries", "0"]);
        assert_ne!(run.code, 0, "{status} {body}: {}", run.stderr);
        assert!(!stockport.path("out.csv").exists(), "{status} {body}");
    }
}

#[test]
fn a_deletion_is_known_by_a_look_whatever_was_answered() {
    for (status, body) in NO_PROOF {
        for done in [Done::All, Done::Nothing] {
            let fault = Fault::Answered(status, body, done);
            let server = Faulty::new().rule(Rule::every(1, fault).on("DELETE"));
            server.put(ORG, &json!({ "item_id": "a" }));
            let stockport = Stockport::new().at_faulty(&server, ORG);
            let run = stockport.run(["delete", "--ids", "a", "--yes", "--retries", "0", "--json"]);
            let gone = u64::from(done == Done::All);
            assert_eq!(run.json()["deleted"], json!(gone), "{status} {body} {done:?}");
            assert_eq!(run.code == 0, done == Done::All, "{status} {body} {done:?}");
            assert_eq!(server.count(ORG), 1 - gone);
        }
    }
}

/// Ten items from the middle of a hundred.
fn hidden() -> Vec<String> {
    (45..55).map(|n| format!("item-{n:03}")).collect()
}

/// An organization of a hundred items that a run has created.
fn imported(server: &Faulty) -> Stockport {
    let stockport = Stockport::new().at_faulty(server, ORG);
    let rows: Vec<String> = (0..100).map(|n| format!("item-{n:03},x")).collect();
    stockport.write("in.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    stockport.run(["import", "in.csv"]).ok();
    stockport
}

fn hide(server: &Faulty) {
    server.add_rule(Rule::every(1, Fault::Hides(hidden())).on("GET"));
}

fn asked(server: &Faulty) -> usize {
    let single = |path: &str| path.contains("/inventory/item-");
    server
        .requests()
        .iter()
        .filter(|request| request.method == "GET" && single(&request.path))
        .count()
}

#[test]
fn a_list_that_lacks_what_an_earlier_run_left_is_incomplete() {
    let server = Faulty::new();
    let stockport = imported(&server);
    hide(&server);
    let other = "sandbox-branch";
    for args in [
        vec!["export", "out.csv"],
        vec!["backup", "create", "kept"],
        vec!["delete", "--where", "name=x", "--yes", "--max-delete", "100%"],
        vec!["migrate", "--from", ORG, "--to", other, "--yes"],
    ] {
        let run = stockport.run(&args).exit(4);
        assert!(run.stderr.contains("missing: item-045"), "{args:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("10 ids of earlier runs"),
            "{args:?}: {}",
            run.stderr
        );
    }
    assert!(!stockport.path("out.csv").exists());
    assert_eq!((server.count(ORG), server.count(other)), (100, 0));
}

#[test]
fn a_list_that_lacks_what_a_snapshot_names_is_incomplete() {
    let server = Faulty::new();
    for n in 0..100 {
        server.put(ORG, &json!({ "item_id": format!("item-{n:03}") }));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["backup", "create", "kept"]).ok();
    server.put(ORG, &json!({ "item_id": "later" }));
    hide(&server);
    for args in [
        vec!["backup", "create", "kept"],
        vec!["backup", "restore", "kept", "--exact", "--yes"],
    ] {
        let run = stockport.run(&args).exit(4);
        assert!(run.stderr.contains("missing: item-045"), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("10 ids of snapshot"), "{args:?}: {}", run.stderr);
    }
    assert_eq!(server.count(ORG), 101, "nothing was deleted");
}

#[test]
fn what_was_deleted_since_is_asked_for_and_is_no_difference() {
    let server = Faulty::new();
    let stockport = imported(&server);
    for id in hidden() {
        server.remove(ORG, &id);
    }
    let run = stockport.run(["export", "out.csv", "--json"]).ok();
    let document = run.json();
    assert_eq!(
        (&document["asked_by_id"], &document["not_asked_by_id"]),
        (&json!(10), &json!(0))
    );
    assert!(
        document["evidence"]
            .as_str()
            .unwrap()
            .contains("10 ids of earlier runs"),
        "{document}"
    );
    stockport.run(["backup", "create", "kept"]).ok();
    let before = asked(&server);
    stockport.run(["backup", "create", "other"]).ok();
    assert_eq!(asked(&server) - before, 10, "the runs still name them");
}

#[test]
fn what_an_own_run_has_deleted_is_not_asked_for() {
    let server = Faulty::new();
    let stockport = imported(&server);
    stockport.run(["delete", "--ids", &hidden().join(","), "--yes"]).ok();
    let before = asked(&server);
    let document = stockport.run(["export", "out.csv", "--json"]).ok().json();
    assert_eq!((&document["items"], &document["asked_by_id"]), (&json!(90), &json!(0)));
    assert_eq!(asked(&server), before);
}

#[test]
fn a_thousand_ids_are_asked_for_at_most_and_the_rest_is_reported() {
    let server = Faulty::new();
    for n in 0..1_500 {
        server.put(ORG, &json!({ "item_id": format!("item-{n:04}") }));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["backup", "create", "kept"]).ok();
    for n in 0..1_300 {
        server.remove(ORG, &format!("item-{n:04}"));
    }
    let run = stockport.run(["backup", "create", "kept", "--allow-shrink"]).ok();
    assert!(
        run.stderr.contains("1,000 requested and deleted since"),
        "{}",
        run.stderr
    );
    assert_eq!(asked(&server), 1_000);
    stockport.run(["backup", "create", "kept"]).ok();
    assert_eq!(asked(&server), 1_000, "the new snapshot doesn't name them");
}
