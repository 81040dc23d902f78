//! `stockport runs RUN`, and exports and backups among the runs.

use std::fs;

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};
use crate::support::terminal::Terminal;

const ORG: &str = "sandbox-company";

/// An import that creates, updates, leaves, rejects and fails.
fn mixed() -> (Faulty, Stockport, Value) {
    let server = Faulty::new().poison(["A3"]);
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush", "quantity": 12}));
    server.put(ORG, &json!({"item_id": "A5", "name": "Same"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "in.csv",
        "item_id,name,quantity\nA1,Kush 2,10.5\nA2,New,1\nA3,Bad,1\nA/4,Slash,1\nA5,Same,\n",
    );
    let import = ["import", "in.csv", "--json", "--retries", "0"];
    let summary = stockport.run(import).exit(3).json();
    (server, stockport, summary)
}

#[test]
fn one_run_is_shown_with_its_account_its_changes_field_by_field_its_failures_and_its_files() {
    let (_server, stockport, summary) = mixed();
    let name = summary["run"].as_str().unwrap();
    let shown = stockport.run(["runs", name]).ok().stdout;
    for told in [
        format!("{name}  finished"),
        format!("import in.csv → {ORG}"),
        "5 read = 1 created + 1 updated + 1 unchanged + 1 rejected + 1 failed".to_owned(),
        "A1: name \"Kush\" → \"Kush 2\", quantity 12 → 10.5".to_owned(),
        "+ A2 \"New\"".to_owned(),
        "A3: the API failed (500)".to_owned(),
        "line 5".to_owned(),
        format!("journal: {}", stockport.home().join("state/stockport/runs").display()),
        format!("reject file: {}", stockport.path("in.rejects.csv").display()),
        "exit 3".to_owned(),
    ] {
        assert!(shown.contains(&told), "{told}: {shown}");
    }
    let document = stockport.run(["runs", name, "--json"]).ok().json();
    assert_eq!(
        (&document["run"], &document["state"], &document["exit"]),
        (&json!(name), &json!("finished"), &json!(3))
    );
    assert_eq!(document["account"]["failed"], json!(1));
    assert_eq!(
        document["changes"][0],
        json!({"item": "A1", "action": "update", "state": "done", "reason": null, "fields": [
            {"field": "name", "before": "Kush", "after": "Kush 2"},
            {"field": "quantity", "before": 12, "after": 10.5},
        ]})
    );
    assert_eq!(document["changes"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&document["changes"][2]["item"], &document["changes"][2]["state"]),
        (&json!("A3"), &json!("failed"))
    );
    assert_eq!(document["rejected"][0]["line"], json!(5));
    assert_eq!(document["files"][0]["what"], "journal");
}

#[test]
fn a_run_is_named_by_its_number_or_its_beginning_and_undo_and_resume_know_the_same_names() {
    let (server, stockport, summary) = mixed();
    let name = summary["run"].as_str().unwrap();
    let number = name.rsplit_once('-').unwrap().1;
    for short in [number, "last", &name[..name.len() - 1], &name[..7]] {
        let run = stockport.run(["runs", short, "--json"]).ok().json();
        assert_eq!(run["run"], json!(name), "{short}");
    }
    let refused = stockport.run(["runs", "2"]).exit(1).stderr;
    assert!(refused.contains("there is no run \"2\""), "{refused}");
    stockport.run(["export", "out.csv"]).ok();
    let refused = stockport.run(["runs", &name[..5]]).exit(1).stderr;
    assert!(
        refused.contains("matches several runs") && refused.contains(name),
        "{refused}"
    );
    server.behave();
    let resume = format!("--resume={number}");
    let resumed = stockport.run(["import", "in.csv", &resume, "--json"]).exit(3).json();
    assert_eq!(resumed["run"], json!(name));
    let undone = stockport.run(["undo", number, "--yes", "--json"]).ok().json();
    assert_eq!(undone["undoes"], json!([name]));
    // The undo deletes, and its safety copy is among its files.
    let undo = stockport.run(["runs", "last", "--json"]).ok().json();
    let kinds: Vec<&str> = undo["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["what"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"snapshot from before"), "{undo}");
    assert_eq!(undo["changes"].as_array().unwrap().len(), 3);
}

#[test]
fn long_lists_are_shortened_on_a_terminal_and_complete_in_a_pipe() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let rows: Vec<String> = (0..60).map(|n| format!("A{n:02},Kush {n}")).collect();
    stockport.write("in.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    stockport.run(["import", "in.csv"]).ok();
    let piped = stockport.run(["runs", "last"]).ok().stdout;
    assert_eq!(piped.matches("  + A").count(), 60, "{piped}");
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        return;
    };
    terminal.begin(&["runs", "last"]);
    let screen = terminal.end(false);
    assert_eq!(screen.matches("  + A").count(), 20, "{screen}");
    assert!(
        screen.contains("… and 40 more items (a pipe gets all of them"),
        "{screen}"
    );
}

#[test]
fn a_killed_run_is_shown_with_what_is_unknown_and_what_was_not_attempted() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let rows: Vec<String> = (0..60).map(|n| format!("A{n:02},Kush {n}")).collect();
    stockport.write("in.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    server.add_rule(Rule::from(2, Fault::Slow(FOR_EVER)).on("POST"));
    let args = ["import", "in.csv", "--batch", "5", "--jobs", "1"];
    let mut child = stockport.command(args).spawn().unwrap();
    while server.posts().len() < 2 {
        assert!(child.try_wait().unwrap().is_none());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = stockport.run(["runs", "last"]).ok().stdout;
    for told in [
        "interrupted (its process ended without recording an end)",
        "Unknown: sent",
        "A05: no answer was recorded",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let document = stockport.run(["runs", "last", "--json"]).ok().json();
    let states: Vec<&str> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["state"].as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 60);
    assert!(states[5..10].iter().all(|state| *state == "unknown"), "{states:?}");
}

#[test]
fn exports_and_backups_are_listed_and_undo_refuses_them() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA2,New\n");
    stockport.run(["import", "in.csv"]).ok();
    stockport.run(["export", "out.csv"]).ok();
    stockport.run(["backup", "create", "bk"]).ok();
    server.add_rule(Rule::every(1, Fault::Redirect).on("GET"));
    stockport.run(["export", "failed.csv"]).exit(1);
    server.behave();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let told: Vec<[&Value; 4]> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| [&run["command"], &run["state"], &run["exit"], &run["summary"]["items"]])
        .collect();
    assert_eq!(
        told,
        [
            [&json!("export"), &json!("stopped"), &json!(1), &Value::Null],
            [&json!("backup"), &json!("finished"), &json!(0), &json!(2)],
            [&json!("export"), &json!("finished"), &json!(0), &json!(2)],
            [&json!("import"), &json!("finished"), &json!(0), &Value::Null],
        ]
    );
    let shown = stockport.run(["runs"]).ok().stdout;
    for told in [
        format!("export {ORG} → {}", stockport.path("out.csv").display()),
        format!("backup {ORG} → {}", stockport.path("bk").display()),
        "2 items written".to_owned(),
        "redirects are never followed".to_owned(),
    ] {
        assert!(shown.contains(&told), "{told}: {shown}");
    }
    let one = stockport.run(["runs", "2"]).ok().stdout;
    assert!(one.contains("written to") && one.contains("out.csv"), "{one}");
    assert_eq!(stockport.run(["runs", "3", "--json"]).ok().json()["changes"], json!([]));
    for (number, what) in [("2", "an export"), ("3", "a backup")] {
        let refused = stockport.run(["undo", number, "--yes"]).exit(1).stderr;
        assert!(
            refused.contains(&format!("is {what}, which changes nothing")),
            "{refused}"
        );
        stockport
            .run(["import", "in.csv", &format!("--resume={number}")])
            .exit(1);
    }
    // Without a name, undo means the import.
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!(server.count(ORG), 1);
}

#[test]
fn an_export_that_is_under_way_or_was_killed_is_listed_as_such() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.add_rule(Rule::every(1, Fault::Slow(FOR_EVER)).on("GET"));
    for line in ["export out.csv", "backup create bk"] {
        let seen = server.seen();
        let mut child = stockport.command(line.split(' ')).spawn().unwrap();
        while server.seen() == seen {
            assert!(child.try_wait().unwrap().is_none());
        }
        let state = || stockport.run(["runs", "--json"]).ok().json()["runs"][0]["state"].clone();
        assert_eq!(state(), "under_way", "{line}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(state(), "interrupted", "{line}");
        let shown = stockport.run(["runs"]).ok().stdout;
        assert!(
            shown.contains("it is not known whether it was written completely"),
            "{line}: {shown}"
        );
    }
    server.behave();
}

#[test]
fn an_export_whose_record_cannot_be_written_warns_and_is_done() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    // A file stands where the folder has to be.
    fs::write(stockport.home().join("state"), "").unwrap();
    for line in ["export out.csv", "backup create bk"] {
        let run = stockport.run(line.split(' ')).ok();
        assert!(
            run.stderr.contains("because its record can't be written"),
            "{line}: {}",
            run.stderr
        );
    }
    assert!(stockport.read("out.csv").contains("A1"));
}

#[test]
fn records_age_by_themselves_and_push_no_journal_out() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA2,New\n");
    stockport.run(["import", "in.csv"]).ok();
    stockport.run(["export", "out.csv"]).ok();
    let folder = stockport.home().join("state/stockport/runs");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries
            .filter(|name| name.contains('T') && name.contains("Z-"))
            .collect();
        names.sort();
        names
    };
    let ending = |wanted: &str| names().iter().filter(|name| name.ends_with(wanted)).count();
    let record = names().into_iter().find(|name| name.ends_with(".record.json")).unwrap();
    // A hundred and fifty exports, a day after the other, the last of them long ago by its date, yet the newest.
    for day in 0..150 {
        let date = jiff::civil::date(2026, 1, 1)
            .checked_add(jiff::Span::new().days(day))
            .unwrap();
        let name = format!("{date}T00-00-00.000Z-{}.record.json", 3 + day);
        fs::copy(folder.join(&record), folder.join(name)).unwrap();
    }
    stockport.run(["export", "out.csv", "--force"]).ok();
    let left = ending(".record.json");
    assert!((50..150).contains(&left), "{left} records are left");
    assert_eq!(ending(".sqlite"), 1, "{:?}", names());
    assert!(names().iter().all(|name| !name.ends_with(".running")), "{:?}", names());
}
