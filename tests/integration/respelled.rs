//! Servers that store values in another spelling: trimmed, rounded, in capitals.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{assert_adds_up, contents};

const ORG: &str = "sandbox-company";

/// Of these, two are stored as they are sent by a server that prefers capitals and one decimal.
const FILE: &str = "item_id,name,quantity,status\n\
    A1,KUSH,1.5,OK\n\
    A2,Kush,1.25,ok\n\
    A3,HAZE,2,\n\
    A4,Haze,3,OK\n";

fn prepared(fault: Fault) -> (Faulty, Stockport) {
    let server = Faulty::new().rule(Rule::every(1, fault).on("POST"));
    server.put(
        ORG,
        &json!({"item_id": "A1", "name": "old", "quantity": 1.5, "status": "OK"}),
    );
    server.put(
        ORG,
        &json!({"item_id": "A4", "name": "old", "quantity": 3, "status": "OK"}),
    );
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", FILE);
    (server, stockport)
}

fn values(summary: &Value) -> Vec<[String; 4]> {
    let text = |value: &Value, name: &str| {
        value[name]
            .as_str()
            .map_or_else(|| value[name].to_string(), str::to_owned)
    };
    let of = |value: &Value| ["item", "field", "sent", "stored"].map(|name| text(value, name));
    let mut values: Vec<_> = summary["stored_differently_first"]
        .as_array()
        .unwrap()
        .iter()
        .map(of)
        .collect();
    values.sort();
    values
}

fn expected() -> Vec<[String; 4]> {
    let mut values = vec![
        ["A2", "name", "Kush", "KUSH"],
        ["A2", "quantity", "1.25", "1.3"],
        ["A2", "status", "ok", "OK"],
        ["A4", "name", "Haze", "HAZE"],
    ];
    values.sort_unstable();
    values.into_iter().map(|one| one.map(str::to_owned)).collect()
}

#[test]
fn what_the_answer_shows_in_another_spelling_is_stored_differently_and_named_with_both_values() {
    let (server, stockport) = prepared(Fault::Respells);
    let before = contents(&server, ORG);
    let run = stockport.run(["import", "in.csv", "--json"]).ok();
    let summary = run.json();
    assert_adds_up(&summary, "respelled");
    assert_eq!(
        [
            &summary["created"],
            &summary["updated"],
            &summary["failed"],
            &summary["stored_differently"]
        ],
        [&json!(2), &json!(2), &json!(0), &json!(2)],
        "{summary}"
    );
    assert_eq!(values(&summary), expected());
    for told in [
        "stored differently: A2: name \"Kush\" is stored as \"KUSH\"",
        "quantity 1.25 is stored as 1.3",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("failed"), "{}", run.stderr);
    // One request sends the items, two read back those that came back otherwise: nothing is sent twice.
    assert_eq!(server.posts().len(), 1, "{:?}", server.posts());
    assert_eq!(contents(&server, ORG)["A2"]["name"], "KUSH");
    // The run can be taken back: what is stored is the run's doing.
    server.behave();
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!(contents(&server, ORG), before);
}

#[test]
fn stored_differently_is_said_in_the_text_and_makes_exit_4_where_it_was_to_be_verified() {
    for fault in [Fault::Respells, Fault::RespellsSilently] {
        let (_server, stockport) = prepared(fault.clone());
        let run = stockport.run(["import", "in.csv", "--verify", "--json"]).exit(4);
        let summary = run.json();
        assert_adds_up(&summary, "verified");
        assert_eq!(
            (&summary["verified"], &summary["failed"]),
            (&json!(false), &json!(0)),
            "{fault:?}"
        );
        assert_eq!(summary["stored_differently"], json!(2), "{fault:?}: {summary}");
        assert_eq!(values(&summary), expected(), "{fault:?}");
        assert!(!run.stderr.contains("not as it should be"), "{fault:?}: {}", run.stderr);
    }
    let (_server, stockport) = prepared(Fault::Respells);
    let shown = stockport.run(["import", "in.csv"]).ok();
    assert!(
        shown
            .stdout
            .contains("2 items are stored differently from what was sent"),
        "{}",
        shown.stdout
    );
    let listed = stockport.run(["runs"]).ok().stdout;
    assert!(listed.contains("2 updated, 2 stored differently"), "{listed}");
    let one = stockport.run(["runs", "last"]).ok().stdout;
    assert!(
        one.contains("Stored differently from what was sent:\n  A2: name \"Kush\" is stored as \"KUSH\""),
        "{one}"
    );
    let one = stockport.run(["runs", "last", "--json"]).ok().json();
    let fields = one["changes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|change| change["fields"].as_array().unwrap());
    let stored: Vec<&Value> = fields.filter_map(|field| field.get("stored")).collect();
    assert_eq!(stored.len(), 4, "{one}");
}

#[test]
fn many_items_are_named_as_far_as_the_screen_bears_and_single_posts_are_read_back_too() {
    let server = Faulty::new().rule(Rule::every(1, Fault::Respells).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let rows: Vec<String> = (0..60).map(|n| format!("A{n:02}, Kush {n},{n}")).collect();
    stockport.write("in.csv", format!("item_id,name,quantity\n{}\n", rows.join("\n")));
    let run = stockport.run(["import", "in.csv", "--json", "--batch", "1"]).ok();
    let summary = run.json();
    assert_eq!(
        (&summary["created"], &summary["stored_differently"]),
        (&json!(60), &json!(60))
    );
    assert_eq!(values(&summary).len(), 10);
    assert_eq!(
        run.stderr.matches("stored differently: A").count(),
        10,
        "{}",
        run.stderr
    );
    let told = format!(
        "50 more items stored differently: `stockport runs {}` lists them",
        summary["run"].as_str().unwrap()
    );
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}

#[test]
fn an_answer_in_another_spelling_of_what_is_not_stored_proves_nothing() {
    let (server, stockport) = prepared(Fault::EchoesRespelled);
    let before = contents(&server, ORG);
    let summary = stockport
        .run(["import", "in.csv", "--json", "--retries", "1"])
        .exit(3)
        .json();
    assert_adds_up(&summary, "pretended");
    assert_eq!(summary["stored_differently"], json!(0), "{summary}");
    // The answer of two items was the echo of what was sent, which is all that a write has of proof.
    assert_eq!(
        (&summary["failed"], &summary["created"]),
        (&json!(2), &json!(1)),
        "{summary}"
    );
    assert_eq!(contents(&server, ORG), before);
    // A faulty answer that passes leaves nothing undone.
    let server = Faulty::new().rule(Rule::first(2, Fault::EchoesRespelled).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\nA2,Haze\n");
    let summary = stockport.run(["import", "in.csv", "--json"]).ok().json();
    assert_eq!(
        (&summary["created"], &summary["stored_differently"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(contents(&server, ORG)["A2"]["name"], "Haze");
}

#[test]
fn after_a_lost_answer_another_spelling_is_stored_differently_and_the_old_value_is_not() {
    let (server, stockport) = prepared(Fault::RespellsUnanswered);
    let summary = stockport
        .run(["import", "in.csv", "--json", "--retries", "0"])
        .ok()
        .json();
    assert_adds_up(&summary, "lost");
    assert_eq!(
        (&summary["created"], &summary["updated"]),
        (&json!(2), &json!(2)),
        "{summary}"
    );
    assert_eq!(values(&summary), expected());
    drop(server);
    // Nothing is saved, and the old value is another spelling of the new one.
    let server = Faulty::new().rule(Rule::every(1, Fault::Unavailable).on("POST"));
    server.put(ORG, &json!({"item_id": "A1", "name": "KUSH"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    let summary = stockport
        .run(["import", "in.csv", "--json", "--retries", "0"])
        .exit(3)
        .json();
    assert_eq!(
        (&summary["failed"], &summary["stored_differently"]),
        (&json!(1), &json!(0)),
        "{summary}"
    );
}
