//! A migration after another one between the same two organizations: with the ids of the earlier one, or not at all.

use serde_json::{Value, json};

use super::{FROM, TO, at, migrate};
use crate::support::faulty::{Done, Fault, Faulty, Rule};

fn server(items: u32) -> Faulty {
    let server = Faulty::new();
    for n in 0..items {
        server.put(FROM, &json!({"item_id": format!("A{n}"), "name": "a"}));
    }
    server
}

#[test]
fn ids_other_than_before_are_refused_before_anything_is_sent_and_the_option_is_named() {
    let lists = [("one.csv", "from,to\nA0,B0\nA1,B1\n"), ("two.csv", "from,to\nA0,C0\n")];
    let prefix = &["--id-prefix", "N-"][..];
    let map = &["--id-map", "one.csv"][..];
    for (first, second, said) in [
        (prefix, &[][..], "pass --id-prefix N-, as that run did"),
        (prefix, &["--id-prefix", "M-"], "pass --id-prefix N-, as that run did"),
        (prefix, map, "pass --id-prefix N-, as that run did"),
        (prefix, &["--only", "A1"], "pass --id-prefix N-, as that run did"),
        (map, &[], "one.csv, as that run did"),
        (map, &["--id-map", "two.csv"], "one.csv, as that run did"),
        (map, prefix, "one.csv, as that run did"),
        (&[], prefix, "omit --id-prefix and --id-map"),
        (&[], map, "omit --id-prefix and --id-map"),
    ] {
        let server = server(3);
        let stockport = at(&server);
        for (name, content) in lists {
            stockport.write(name, content);
        }
        migrate(&stockport, first).ok();
        let before = (server.posts().len(), server.items(TO));
        // What is new in the source doesn't make it another migration.
        server.put(FROM, &json!({"item_id": "NEW", "name": "late"}));
        for more in [&["--dry-run"][..], &[], &["--on-conflict", "overwrite", "--yes"]] {
            let run = migrate(&stockport, &[second, more].concat()).exit(1);
            assert!(
                run.stderr.contains(" to sandbox-branch under other ids, such as") && run.stderr.contains(said),
                "{first:?} {second:?}: {}",
                run.stderr
            );
            assert!(run.stderr.contains("--allow-other-ids"), "{}", run.stderr);
        }
        assert_eq!((server.posts().len(), server.items(TO)), before);
        let again = migrate(&stockport, &[first, &["--json"]].concat()).ok().json();
        assert_eq!((&again["created"], &again["unchanged"]), (&json!(1), &json!(3)));
        migrate(&stockport, &[second, &["--allow-other-ids"]].concat()).ok();
    }
}

#[test]
fn ids_may_change_where_nothing_would_be_there_twice() {
    let server = server(3);
    let stockport = at(&server);
    let prefixed = ["--id-prefix", "N-"];
    migrate(&stockport, &prefixed).ok();
    stockport.run(["undo", "--yes", "--org", TO]).ok();
    stockport.write("ids.csv", "from,to\nA0,B0\n");
    migrate(&stockport, &["--id-map", "ids.csv"]).ok();
    // A list that has grown gives the same ids to what was moved before.
    server.put(FROM, &json!({"item_id": "A9", "name": "new"}));
    stockport.write("longer.csv", "from,to\nA0,B0\nA9,B9\n");
    migrate(&stockport, &["--id-map", "longer.csv"]).ok();
    let ids: Vec<String> = server.items(TO).into_keys().collect();
    assert_eq!(ids, ["A1", "A2", "B0", "B9"]);
    // Its updates are its own, though the list was another one.
    server.put(FROM, &json!({"item_id": "A0", "name": "b"}));
    let delta = migrate(&stockport, &["--id-map", "longer.csv", "--json"]).ok().json();
    assert_eq!((&delta["updated"], &delta["conflicts"]), (&json!(1), &json!(0)));
    // An item that is gone is still in the list.
    server.remove(FROM, "A9");
    let gone = migrate(&stockport, &["--id-map", "longer.csv", "--json"]).ok().json();
    assert_eq!(gone["gone_from_source"][0]["source_id"], "A9");
    stockport.write("wrong.csv", "from,to\nA0,B0\nA9,B9\nnone,B10\n");
    let absent = migrate(&stockport, &["--id-map", "wrong.csv"]).exit(1);
    assert!(absent.stderr.contains("doesn't hold none"), "{}", absent.stderr);
}

#[test]
fn a_delta_names_the_run_that_moved_its_items_and_none_that_was_refused() {
    let server = server(3);
    let stockport = at(&server);
    let first = migrate(&stockport, &["--json"]).ok().json();
    migrate(&stockport, &["--id-prefix", "N-"]).exit(1);
    server.put(FROM, &json!({"item_id": "A0", "name": "b"}));
    let delta = migrate(&stockport, &[]).ok();
    let named = format!("since run {} moved them", first["run"].as_str().unwrap());
    assert!(delta.stdout.contains(&named), "{named}: {}", delta.stdout);
}

#[test]
fn an_undone_delta_does_not_hide_what_the_run_before_it_wrote() {
    let server = server(5);
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    for id in ["A0", "A1", "A2"] {
        server.put(FROM, &json!({"item_id": id, "name": "b", "quantity": 1}));
    }
    migrate(&stockport, &[]).ok();
    stockport.run(["undo", "--yes", "--org", TO]).ok();
    // One item was changed by somebody else.
    server.put(TO, &json!({"item_id": "A2", "name": "theirs"}));
    let conflict = migrate(&stockport, &[]).exit(1);
    assert!(
        conflict
            .stderr
            .contains("1 item is in sandbox-branch already, with other values: A2 (name"),
        "{}",
        conflict.stderr
    );
    server.put(TO, &json!({"item_id": "A2", "name": "a"}));
    let again = migrate(&stockport, &["--json"]).ok().json();
    assert_eq!((&again["updated"], &again["conflicts"]), (&json!(3), &json!(0)));
    // Undone, and the undo undone by name: the delta's values stand again.
    let undo = stockport.run(["undo", "--yes", "--org", TO, "--json"]).ok().json();
    let undo = undo["run"].as_str().unwrap();
    stockport.run(["undo", undo, "--yes", "--org", TO]).ok();
    server.put(FROM, &json!({"item_id": "A0", "name": "c", "quantity": 1}));
    migrate(&stockport, &[]).ok();
    assert_eq!(server.items(TO)["A0"]["name"], "c");
}

#[test]
fn an_undo_that_was_cut_short_makes_no_conflict_of_what_it_has_or_has_not_taken_back() {
    let server = server(6);
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    for n in 0..6 {
        server.put(FROM, &json!({"item_id": format!("A{n}"), "name": "b"}));
    }
    migrate(&stockport, &[]).ok();
    server.add_rule(Rule::from(2, withdrawn()).on("POST"));
    let undo = ["undo", "--yes", "--org", TO, "--batch", "2", "--jobs", "1"];
    stockport.run(undo).exit(1);
    server.behave();
    let names: Vec<Value> = server
        .items(TO)
        .into_values()
        .map(|item| item["name"].clone())
        .collect();
    assert!(names.contains(&json!("a")) && names.contains(&json!("b")), "{names:?}");
    let again = migrate(&stockport, &["--json"]).ok().json();
    assert_eq!((&again["conflicts"], &again["verified"]), (&json!(0), &json!(true)));
}

fn withdrawn() -> Fault {
    Fault::Answered(401, r#"{"success": false, "message": "Invalid key."}"#, Done::Nothing)
}

#[test]
fn what_others_created_after_an_undo_is_a_conflict_even_where_it_is_blank() {
    let server = server(2);
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    stockport.run(["undo", "--yes", "--org", TO]).ok();
    server.put(TO, &json!({"item_id": "A0", "name": null}));
    let conflict = migrate(&stockport, &[]).exit(1);
    assert!(conflict.stderr.contains("A0 (name nothing"), "{}", conflict.stderr);
}

#[test]
fn a_migration_to_another_organization_is_another_migration() {
    let server = server(2);
    server.put(TO, &json!({"item_id": "N-A0", "name": "a"}));
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    let back = stockport
        .run(["migrate", "--from", TO, "--to", FROM, "--id-prefix", "Z-", "--json"])
        .ok()
        .json();
    assert_eq!(back["created"], 3);
    assert_eq!(Value::from(server.count(FROM)), json!(5));
}
