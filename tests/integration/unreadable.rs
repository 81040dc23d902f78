//! An item whose stored state makes the API fail, as a NaN does: it is named, and the others go on.

use serde_json::json;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::assert_adds_up;

const ORG: &str = "sandbox-company";
const FILE: &str = "Item ID,Name\nA,one\nB,two\nC,three\n";

/// A server that can't list, nor read B.
fn with_bad_item() -> (Faulty, Stockport) {
    let server = break_b(Faulty::new());
    server.put(ORG, &json!({"item_id": "B", "name": "stored"}));
    server.put(ORG, &json!({"item_id": "C", "name": "stored"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", FILE);
    (server, stockport)
}

fn break_b(server: Faulty) -> Faulty {
    server
        .rule(Rule::every(1, Fault::HtmlErrorBefore).on_lists())
        .rule(Rule::every(1, Fault::HtmlErrorBefore).on("GET").about("B"))
}

fn name(server: &Faulty, id: &str) -> Option<String> {
    let items = server.items(ORG);
    Some(items.get(id)?["name"].as_str().unwrap().to_owned())
}

#[test]
fn an_import_fails_the_item_that_cannot_be_read_and_writes_the_others() {
    let (server, stockport) = with_bad_item();
    let run = stockport.run(["import", "in.csv", "--json", "--retries", "0"]).exit(3);
    let summary = run.json();
    assert_adds_up(&summary, "unreadable");
    assert_eq!(
        (
            &summary["created"],
            &summary["updated"],
            &summary["failed"],
            &summary["unreadable"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(["B"])),
        "{summary}"
    );
    assert!(
        run.stderr.contains("1 item can't be read, though others can: B ("),
        "{}",
        run.stderr
    );
    let rejects = stockport.read("in.rejects.csv");
    assert!(
        rejects.contains("it is not known what is stored") && rejects.contains("--post-unreadable"),
        "{rejects}"
    );
    assert_eq!(name(&server, "B").as_deref(), Some("stored"));
    // The same with nothing sent.
    let planned = stockport
        .run(["import", "in.csv", "--json", "--retries", "0", "--dry-run"])
        .exit(3);
    assert_eq!(planned.json()["failed"], json!(1));
}

#[test]
fn post_unreadable_posts_the_item_and_undo_names_it() {
    let (server, stockport) = with_bad_item();
    let args = ["import", "in.csv", "--json", "--retries", "0", "--post-unreadable"];
    let run = stockport.run(args).ok();
    let summary = run.json();
    assert_eq!(
        (&summary["failed"], &summary["unreadable"]),
        (&json!(0), &json!(["B"])),
        "{summary}"
    );
    assert_eq!(name(&server, "B").as_deref(), Some("two"));
    // The post has healed it.
    server.behave();
    let undone = stockport.run(["undo", "--yes", "--json"]).exit(3);
    let summary = undone.json();
    assert_adds_up(&summary, "undo");
    assert_eq!(
        (&summary["deleted"], &summary["updated"], &summary["rejected"]),
        (&json!(1), &json!(1), &json!(1)),
        "{summary}"
    );
    let told = "B is not changed: it could not be read before the run, so its earlier values are not known";
    assert!(undone.stderr.contains(told), "{}", undone.stderr);
    assert_eq!(name(&server, "B").as_deref(), Some("two"));
}

#[test]
fn undo_and_delete_name_an_item_that_cannot_be_read_and_go_on() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", FILE);
    stockport.run(["import", "in.csv"]).ok();
    let server = break_b(server);
    let undone = stockport.run(["undo", "--yes", "--json", "--retries", "0"]).exit(3);
    assert!(
        undone.stderr.contains("B is not changed: it can't be read"),
        "{}",
        undone.stderr
    );
    assert_eq!((name(&server, "A"), name(&server, "B").as_deref()), (None, Some("two")));

    let args = ["delete", "--ids", "A,B,C", "--yes", "--json", "--retries", "0"];
    let deleted = stockport.run(args).exit(3);
    let summary = deleted.json();
    assert_eq!(
        (&summary["unchanged"], &summary["rejected"]),
        (&json!(2), &json!(1)),
        "{summary}"
    );
    assert!(
        stockport
            .read("delete.rejects.csv")
            .contains("the item can't be read, so it is not deleted")
    );
}

#[test]
fn a_restore_fails_the_item_that_cannot_be_read_and_restores_the_others() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for id in ["A", "B", "C"] {
        server.put(ORG, &json!({"item_id": id, "name": "kept"}));
    }
    stockport.run(["backup", "create", "bk"]).ok();
    for id in ["A", "B", "C"] {
        server.put(ORG, &json!({"item_id": id, "name": "changed"}));
    }
    let server = break_b(server);
    let args = ["backup", "restore", "bk", "--yes", "--json", "--retries", "0"];
    let summary = stockport.run(args).exit(3).json();
    assert_eq!(
        (&summary["updated"], &summary["failed"]),
        (&json!(2), &json!(1)),
        "{summary}"
    );
    let summary = stockport.run([&args[..], &["--post-unreadable"]].concat()).ok().json();
    assert_eq!(summary["failed"], json!(0), "{summary}");
    assert_eq!(name(&server, "B").as_deref(), Some("kept"));
}

#[test]
fn an_item_that_is_neither_saved_nor_read_stops_nobody() {
    let server = Faulty::new()
        .poison(["B"])
        .rule(Rule::every(1, Fault::HtmlErrorBefore).on("GET").about("B"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", FILE);
    let summary = stockport
        .run(["import", "in.csv", "--json", "--retries", "1"])
        .exit(3)
        .json();
    assert_eq!(
        (&summary["created"], &summary["failed"], &summary["not_attempted"]),
        (&json!(2), &json!(1), &json!(0)),
        "{summary}"
    );
    let rejects = stockport.read("in.rejects.csv");
    assert!(rejects.contains("it is not known whether it was saved"), "{rejects}");
}

#[test]
fn a_list_that_cannot_be_parsed_names_the_item_and_the_place() {
    let server = Faulty::new().rule(Rule::every(1, Fault::Swapped("12.25", "NaN")).on_lists());
    server.put(ORG, &json!({"item_id": "A", "name": "fine"}));
    server.put(ORG, &json!({"item_id": "B", "quantity": 12.25}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", FILE);
    for args in [&["export", "out.csv"][..], &["backup", "create", "bk"]] {
        let run = stockport.run([args, &["--retries", "0"]].concat()).exit(4);
        for told in ["item 2 ('B'), at byte ", "of the answer: "] {
            assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
        }
    }
    // An import asks for its own items one by one.
    let run = stockport.run(["import", "in.csv", "--json", "--retries", "0"]).ok();
    assert!(run.stderr.contains("item 2 ('B'), at byte "), "{}", run.stderr);
}
