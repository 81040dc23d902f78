//! `stockport undo`: what a run did, taken back.

use serde_json::json;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::{Load, assert_adds_up, assert_same, contents, id};

const ORG: &str = "sandbox-company";

/// An import of so many rows, done.
fn imported(server: &Faulty, stockport: &Stockport, count: u64) -> Load {
    let load = Load::new(count);
    load.prepare(server, ORG, stockport);
    stockport.run(["import", "load.csv"]).ok();
    load.assert_stored(server, ORG, "imported");
    load
}

#[test]
fn undo_restores_what_was_updated_and_deletes_what_was_created_past_a_fifth_of_faults() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = imported(&server, &stockport, 500);
    server.add_rule(Rule::mixed(20, 4, Fault::passing()));
    let undone = stockport
        .run(["undo", "--yes", "--json", "--verify", "--retries", "8"])
        .ok()
        .json();
    assert_adds_up(&undone, "undo");
    assert_eq!(
        (
            &undone["read"],
            &undone["deleted"],
            &undone["updated"],
            &undone["verified"]
        ),
        (
            &json!(load.created + load.updated),
            &json!(load.created),
            &json!(load.updated),
            &json!(true)
        )
    );
    assert_same(&contents(&server, ORG), &load.before, "undone");
}

#[test]
fn an_undo_is_a_run_that_can_be_undone() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = imported(&server, &stockport, 100);
    let undone = stockport.run(["undo", "--yes", "--json"]).ok().json();
    assert_same(&contents(&server, ORG), &load.before, "undone");
    let again = stockport
        .run(["undo", undone["run"].as_str().unwrap(), "--json"])
        .ok()
        .json();
    assert_adds_up(&again, "undo of the undo");
    assert_eq!(
        (&again["created"], &again["updated"]),
        (&json!(load.created), &json!(load.updated))
    );
    load.assert_stored(&server, ORG, "the undo undone");
}

#[test]
fn what_has_changed_since_is_named_and_left() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = imported(&server, &stockport, 100);
    // Somebody counts one that was created and one that was updated, and deletes another of each.
    let (created, updated) = (id(2), id(1));
    for id in [&created, &updated] {
        let mut item = load.after[id].clone();
        item.insert("quantity".to_owned(), json!(99));
        server.put(ORG, &item.into());
    }
    let (gone_created, gone_updated) = (id(7), id(6));
    server.remove(ORG, &gone_created);
    server.remove(ORG, &gone_updated);
    let run = stockport.run(["undo", "--yes", "--json"]).exit(3);
    let summary = run.json();
    assert_adds_up(&summary, "undo");
    // A created item that is gone already is as it should be; an updated one that is gone can't be restored.
    assert_eq!(
        (&summary["rejected"], &summary["unchanged"]),
        (&json!(3), &json!(1)),
        "{summary}"
    );
    for (id, why) in [
        (&created, "its quantity has changed since"),
        (&updated, "its quantity has changed since"),
        (&gone_updated, "it has been deleted since"),
    ] {
        assert!(
            run.stderr.lines().any(|line| line.contains(id) && line.contains(why)),
            "{id}: {}",
            run.stderr
        );
    }
    let mut expected = load.before.clone();
    expected.remove(&gone_updated);
    for id in [created, updated] {
        let mut item = load.after[&id].clone();
        item.insert("quantity".to_owned(), json!(99));
        expected.insert(id, item);
    }
    assert_same(&contents(&server, ORG), &expected, "undone but for three");
}

#[test]
fn each_item_that_is_left_is_named_however_many_there_are() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = imported(&server, &stockport, 200);
    for item in load.after.values() {
        let mut item = item.clone();
        item.insert("quantity".to_owned(), json!(99));
        server.put(ORG, &item.into());
    }
    let run = stockport.run(["undo", "--yes"]).exit(3);
    for number in (0..200).filter(|number| number % 5 != 0) {
        assert!(run.stderr.contains(&id(number)), "{number}: {}", run.stderr);
    }
}

#[test]
fn a_dry_run_of_undo_sends_nothing_and_is_no_run() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = imported(&server, &stockport, 50);
    let run = stockport.run(["undo", "--dry-run"]).ok();
    assert!(run.stdout.contains("30 delete"), "{}", run.stdout);
    load.assert_stored(&server, ORG, "dry run");
    let runs = stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn the_endpoint_decides_which_form_of_a_deletion_is_used() {
    for status in [200, 400, 404, 405, 500] {
        for (fault, in_path) in [
            (Fault::NoBodyDelete(status), true),
            (Fault::NoPathDelete(status), false),
        ] {
            let what = format!("{fault:?}");
            let server = Faulty::new().rule(Rule::every(1, fault).on("DELETE"));
            let stockport = Stockport::new().at_faulty(&server, ORG);
            let load = imported(&server, &stockport, 50);
            let undone = stockport
                .run(["undo", "--yes", "--json", "--retries", "1", "--jobs", "1"])
                .ok()
                .json();
            assert_adds_up(&undone, &what);
            assert_eq!(undone["deleted"], json!(load.created), "{what}");
            assert_same(&contents(&server, ORG), &load.before, &what);
            let deletions: Vec<bool> = server
                .requests()
                .iter()
                .filter(|request| request.method == "DELETE")
                .map(|request| !request.path.ends_with("/inventory"))
                .collect();
            let wrong = deletions.iter().filter(|path| **path != in_path).count();
            assert!(wrong <= 2, "{what}: it is remembered: {wrong} in the other form");
        }
    }
}

#[test]
fn an_endpoint_that_only_pretends_to_delete_is_found_out() {
    let server = Faulty::new().rule(Rule::every(1, Fault::NoDelete).on("DELETE"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("new.csv", "item_id,name\nA1,Kush\n");
    stockport.run(["import", "new.csv"]).ok();
    let run = stockport.run(["undo", "--yes", "--json", "--retries", "0"]).exit(3);
    assert_eq!(run.json()["failed"], json!(1));
    assert!(run.stderr.contains("still has it"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_undone_is_refused_in_plain_words() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["undo"]).exit(1);
    assert!(run.stderr.contains("there is no run to undo"), "{}", run.stderr);
    let run = stockport.run(["undo", "2020-01-01T00-00-00-000Z-0000"]).exit(1);
    assert!(run.stderr.contains("there is no run"), "{}", run.stderr);
    imported(&server, &stockport, 10);
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let name = runs["runs"][0]["run"].as_str().unwrap();
    let elsewhere = stockport.run(["undo", name, "--org", "sandbox-second"]).exit(1);
    assert!(
        elsewhere.stderr.contains("it went to sandbox-company"),
        "{}",
        elsewhere.stderr
    );
}

#[test]
fn maps_and_nulls_come_back_as_they_were() {
    let server = Faulty::new();
    server.put(
        ORG,
        &json!({"item_id": "A1", "name": "Kush", "status": null, "quantity": "None", "own": {"a": 1, "b": [1]}}),
    );
    let before = contents(&server, ORG);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("new.csv", "item_id,name,status,quantity\nA1,Haze,Active,3\n");
    stockport.run(["import", "new.csv"]).ok();
    stockport.run(["undo", "--verify"]).ok();
    let after = contents(&server, ORG);
    // Nothing is nothing, in whichever spelling it was.
    assert_eq!(after["A1"]["name"], before["A1"]["name"]);
    assert_eq!(after["A1"]["own"], before["A1"]["own"]);
    assert_eq!(after["A1"].get("status"), None);
    assert_eq!(after["A1"].get("quantity"), before["A1"].get("quantity"));
}

#[test]
fn the_items_that_an_undo_leaves_are_named_at_its_end() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut file = "item_id,name\n".to_owned();
    (10..25).for_each(|n| file += &format!("A{n},ours\n"));
    stockport.write("in.csv", file);
    stockport.run(["import", "in.csv"]).ok();
    server.put(ORG, &json!({"item_id": "A11", "name": "theirs"}));
    let one = stockport.run(["undo", "--yes", "--dry-run"]).exit(3);
    assert!(
        one.stdout
            .contains("Not undone: 1 item changed since, or not readable: A11\n"),
        "{}",
        one.stdout
    );
    for n in 10..22 {
        server.put(ORG, &json!({"item_id": format!("A{n}"), "name": "theirs"}));
    }
    let run = stockport.run(["undo", "--yes"]).exit(3);
    let (_, end) = run.stdout.split_once("15 read = 3 deleted + 12 rejected").unwrap();
    assert!(
        end.contains("12 items changed since, or not readable: A10, A11"),
        "{end}"
    );
    assert!(end.contains("A19, … and 2 more\n") && !end.contains("A20"), "{end}");
}
