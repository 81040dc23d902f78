//! `--plan-out` and `--plan`: a plan that a colleague reviews before anything is sent.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;
use crate::support::load::{Load, assert_adds_up, contents, id};

const ORG: &str = "sandbox-company";

/// A plan that was made, with nothing sent.
fn planned(server: &Faulty, stockport: &Stockport) -> Load {
    let load = Load::new(200);
    load.prepare(server, ORG, stockport);
    let run = stockport.run(["import", "load.csv", "--plan-out", "plan.json"]).ok();
    assert!(run.stdout.contains("plan.json"), "{}", run.stdout);
    assert!(server.posts().is_empty(), "a plan sends nothing");
    load
}

/// Demands that the plan is refused with nothing sent; gives what was said.
fn refused(server: &Faulty, stockport: &Stockport, args: &[&str]) -> String {
    let run = stockport.run([&["import"], args].concat()).exit(1);
    assert!(server.posts().is_empty(), "nothing is sent");
    run.stderr
}

#[test]
fn a_plan_that_was_reviewed_is_carried_out_to_the_letter() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    let plan: Value = serde_json::from_str(&stockport.read("plan.json")).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len() as u64, load.created + load.updated);
    assert_eq!(plan["org"], json!(ORG));
    assert_eq!(changes[0]["before"], json!({"quantity": 7}), "{}", changes[0]);
    let lines = stockport
        .read("plan.json")
        .lines()
        .filter(|line| line.contains("\"action\""))
        .count();
    assert_eq!(lines, changes.len(), "one change a line, for people and for diff");
    let run = stockport
        .run(["import", "load.csv", "--plan", "plan.json", "--json"])
        .ok()
        .json();
    assert_adds_up(&run, "plan");
    assert_eq!(
        (&run["created"], &run["updated"]),
        (&json!(load.created), &json!(load.updated))
    );
    load.assert_stored(&server, ORG, "plan");
    // Carried out once, it doesn't fit any more.
    let posts = server.posts().len();
    stockport.run(["import", "load.csv", "--plan", "plan.json"]).exit(1);
    assert_eq!(server.posts().len(), posts);
}

#[test]
fn a_plan_is_refused_as_a_whole_when_items_that_it_touches_have_changed_and_each_is_named() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    // One that is to be updated was counted again, one that is to be created is there, one is just as it should be.
    let mut counted = load.before[&id(1)].clone();
    counted.insert("quantity".to_owned(), json!(8));
    server.put(ORG, &counted.into());
    server.put(ORG, &json!({"item_id": id(2), "name": "somebody's"}));
    server.put(ORG, &Value::Object(load.after[&id(3)].clone()));
    let said = refused(&server, &stockport, &["load.csv", "--plan", "plan.json"]);
    assert!(said.contains("3 of the plan's items have changed"), "{said}");
    for number in [1, 2, 3] {
        assert!(said.contains(&id(number)), "{said}");
    }
}

#[test]
fn items_that_a_plan_does_not_touch_may_have_changed() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    // Of those that were unchanged one is counted and one deleted; a field that the file doesn't have changes, too.
    let mut counted = load.before[&id(0)].clone();
    counted.insert("quantity".to_owned(), json!(8));
    server.put(ORG, &counted.clone().into());
    server.remove(ORG, &id(5));
    server.put(ORG, &json!({"item_id": "NEW", "name": "somebody's"}));
    let run = stockport
        .run(["import", "load.csv", "--plan", "plan.json", "--json"])
        .ok()
        .json();
    assert_adds_up(&run, "plan");
    assert_eq!(
        (&run["created"], &run["updated"], &run["skipped"]),
        (&json!(load.created), &json!(load.updated), &json!(2)),
        "{run}"
    );
    let stored = contents(&server, ORG);
    assert_eq!(stored[&id(0)], counted, "what was not reviewed is not written");
    assert!(!stored.contains_key(&id(5)));
}

#[test]
fn a_plan_for_another_organization_file_or_option_is_refused() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    let said = refused(
        &server,
        &stockport,
        &["load.csv", "--plan", "plan.json", "--blanks", "clear"],
    );
    assert!(
        said.contains("--blanks keep") && said.contains("--blanks clear"),
        "{said}"
    );
    let said = refused(
        &server,
        &stockport,
        &["load.csv", "--plan", "plan.json", "--org", "sandbox-second"],
    );
    assert!(said.contains("doesn't match this run: for sandbox-company"), "{said}");
    stockport.write("load.csv", load.csv.replace("Vault 3", "Vault 33"));
    let said = refused(&server, &stockport, &["load.csv", "--plan", "plan.json"]);
    assert!(said.contains("the content of "), "{said}");
}

#[test]
fn a_plan_made_in_another_folder_fits_a_file_of_the_same_content() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    stockport.write("renamed.csv", &load.csv);
    stockport.run(["import", "renamed.csv", "--plan", "plan.json"]).ok();
    load.assert_stored(&server, ORG, "plan");
}

#[test]
fn what_is_no_plan_is_refused_in_plain_words() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = planned(&server, &stockport);
    let good = stockport.read("plan.json");
    for (content, words) in [
        (String::new(), "is not a stockport plan"),
        ("{\"a\":".to_owned(), "is not a stockport plan"),
        ("[1, 2]".to_owned(), "is not a stockport plan"),
        (
            good.replace("\"stockport_plan\":1", "\"stockport_plan\":9"),
            "its format is 9",
        ),
        (good.replace("\"changes\"", "\"change\""), "a part of it is missing"),
        (load.csv.clone(), "is not a stockport plan"),
    ] {
        stockport.write("other.json", &content);
        let said = refused(&server, &stockport, &["load.csv", "--plan", "other.json"]);
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = refused(&server, &stockport, &["load.csv", "--plan", "missing.json"]);
    assert!(said.contains("can't be read"), "{said}");
}

#[test]
fn a_plan_that_a_hand_has_changed_does_not_fit_any_more() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    planned(&server, &stockport);
    let edited = stockport.read("plan.json").replacen("Vault 2", "Vault 77", 1);
    stockport.write("plan.json", edited);
    let said = refused(&server, &stockport, &["load.csv", "--plan", "plan.json"]);
    assert!(said.contains(&id(2)), "{said}");
}

#[test]
fn the_plan_on_screen_shows_counts_first_changes_and_what_would_be_cleared() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for (id, quantity) in [("A1", 12), ("A2", 3)] {
        server.put(ORG, &json!({"item_id": id, "quantity": quantity, "status": "Active"}));
    }
    stockport.write(
        "plan.csv",
        "item_id,quantity,status,moved_at\nA1,10.5,,03/04/2021\nA2,3,,\nA3,1,,\n",
    );
    let run = stockport
        .run(["import", "plan.csv", "--dry-run", "--blanks", "clear"])
        .ok();
    for line in [
        "sandbox-company holds 2 items",
        "1 create",
        "2 update",
        "2 stored values among them would be cleared",
        "quantity 12 → 10.5",
        "status \"Active\" → nothing",
        "month/day/year (assumed",
    ] {
        assert!(
            run.stdout.contains(line) || run.stderr.contains(line),
            "{line}: {run:?}"
        );
    }
    assert!(!run.stdout.contains('\u{1b}'), "no colours without a terminal");
    let coloured = stockport
        .run(["import", "plan.csv", "--dry-run", "--color", "always"])
        .ok();
    assert!(coloured.stdout.contains("\u{1b}[32m"), "{}", coloured.stdout);
    assert!(server.posts().is_empty());
}

#[test]
fn two_plans_cannot_be_wanted_at_once() {
    let stockport = Stockport::new();
    stockport.write("load.csv", "item_id\nA1\n");
    stockport
        .run(["import", "load.csv", "--plan", "a.json", "--plan-out", "b.json"])
        .exit(2);
}

#[test]
fn a_plan_is_not_written_over_by_one_that_could_not_be_made() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("plan.json", "mine");
    stockport
        .run(["import", "missing.csv", "--plan-out", "plan.json"])
        .exit(1);
    assert_eq!(stockport.read("plan.json"), "mine");
    server.http(ORG).get("/inventory");
}
