//! `import --results`: every row of the input with its outcome, however the run ends.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

const TEXT: &str = "Item ID,Name,Quantity\nA1,new,1\nVAULT A,,\nA2,changed,2\nA3,same,3\nA/4,bad id,4\nA5,a,about 5\n\
                    A6,poisoned,6\nTotal,,20\nA7,twice,7\nA7,again,8\n";

/// The rows of a JSON Lines file.
fn rows(stockport: &Stockport, file: &str) -> Vec<Value> {
    let text = stockport.read(file);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn outcomes(rows: &[Value]) -> Vec<(&str, &str)> {
    rows.iter()
        .map(|row| (row["_row"].as_str().unwrap(), row["_outcome"].as_str().unwrap()))
        .collect()
}

fn seeded(server: &Faulty) -> Stockport {
    let stockport = Stockport::new().at_faulty(server, ORG);
    server.put(ORG, &json!({"item_id": "A2", "name": "old", "quantity": 2}));
    server.put(ORG, &json!({"item_id": "A3", "name": "same", "quantity": 3}));
    stockport.write("in.csv", TEXT);
    stockport
}

#[test]
fn every_row_stands_there_with_its_outcome_and_reason_in_the_inputs_order() {
    let server = Faulty::new().poison(["A6"]);
    let stockport = seeded(&server);
    let run = stockport
        .run(["import", "in.csv", "--results", "out.jsonl", "--json"])
        .exit(3)
        .json();
    let rows = rows(&stockport, "out.jsonl");
    assert_eq!(
        outcomes(&rows),
        [
            ("2", "created"),
            ("3", "rejected"),
            ("4", "updated"),
            ("5", "unchanged"),
            ("6", "rejected"),
            ("7", "rejected"),
            ("8", "failed"),
            ("9", "set_aside"),
            ("10", "rejected"),
            ("11", "rejected"),
        ]
    );
    assert!(run["results_file"].as_str().unwrap().ends_with("out.jsonl"), "{run}");
    // The input's cells as they stood there, and a reason where there is one.
    assert_eq!(
        (&rows[5]["Quantity"], &rows[0]["_reason"]),
        (&json!("about 5"), &json!(""))
    );
    let reason = |at: usize| rows[at]["_reason"].as_str().unwrap();
    for (at, words) in [
        (4, "can't hold '/'"),
        (5, "is not a number"),
        (7, "is a total"),
        (8, "is also in line 11"),
    ] {
        assert!(reason(at).contains(words), "{at}: {}", reason(at));
    }
    assert!(!reason(6).is_empty());
    // The same counts as those of the equation.
    for outcome in ["created", "updated", "unchanged", "rejected", "failed", "set_aside"] {
        let count = rows.iter().filter(|row| row["_outcome"] == outcome).count();
        assert_eq!(run[outcome], count, "{outcome}: {run}");
    }
}

#[test]
fn a_dry_run_writes_what_it_plans_and_nothing_is_overwritten() {
    let server = Faulty::new();
    let stockport = seeded(&server);
    stockport
        .run(["import", "in.csv", "--dry-run", "--results", "plan.csv"])
        .exit(3);
    let text = stockport.read("plan.csv");
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "Item ID,Name,Quantity,_row,_outcome,_reason");
    assert_eq!(lines[1], "A1,new,1,2,create,");
    assert_eq!(lines[3], "A2,changed,2,4,update,");
    assert_eq!(lines[4], "A3,same,3,5,unchanged,");
    assert_eq!(server.items(ORG).len(), 2, "nothing was sent");
    let refused = stockport.run(["import", "in.csv", "--results", "plan.csv"]).exit(1);
    assert!(refused.stderr.contains("plan.csv exists already"), "{}", refused.stderr);
    assert_eq!(server.items(ORG).len(), 2, "it is refused before anything is sent");
    stockport.run(["import", "in.csv", "--results", "plan.doc"]).exit(2);
    // The columns are none of an item's when the file is read as an input.
    let again = stockport.run(["convert", "plan.csv", "-"]).exit(3);
    assert!(
        again
            .stdout
            .contains("{\"item_id\":\"A1\",\"name\":\"new\",\"quantity\":1}"),
        "{}",
        again.stdout
    );
}

#[test]
fn rows_that_a_run_did_not_come_to_are_not_attempted() {
    // The key is refused when the first item is posted.
    let server = Faulty::new().rule(Rule::from(1, Fault::Blocked(401)).on("POST"));
    let stockport = seeded(&server);
    let run = stockport
        .run(["import", "in.csv", "--results", "out.jsonl", "--json"])
        .exit(1)
        .json();
    let rows = rows(&stockport, "out.jsonl");
    assert_eq!(rows.len(), 10);
    let count = |outcome: &str| rows.iter().filter(|row| row["_outcome"] == outcome).count();
    assert_eq!(json!(count("not_attempted")), run["not_attempted"], "{run}");
    assert_eq!(count("unchanged"), 1);
    assert!(
        rows.iter()
            .filter(|row| row["_outcome"] == "not_attempted")
            .all(|row| row["_reason"] == "the run stopped before it")
    );
}

#[test]
fn skipped_rows_name_the_option_that_skips_them() {
    let server = Faulty::new();
    let stockport = seeded(&server);
    stockport.write("in.csv", "item_id,name\nA1,a\nA2,b\nA2,c\nA3,same\n");
    for (mode, expected) in [
        (
            "create",
            [
                ("create", ""),
                ("skipped", "--mode create"),
                ("skipped", "--duplicates first"),
                ("skipped", "--mode create"),
            ],
        ),
        (
            "update",
            [
                ("skipped", "--mode update"),
                ("update", ""),
                ("skipped", "--duplicates first"),
                ("unchanged", ""),
            ],
        ),
    ] {
        let file = format!("{mode}.jsonl");
        let run = [
            "import",
            "in.csv",
            "--mode",
            mode,
            "--duplicates",
            "first",
            "--dry-run",
            "--results",
            &file,
        ];
        stockport.run(run).ok();
        for (row, (outcome, words)) in rows(&stockport, &file).iter().zip(expected) {
            assert_eq!(row["_outcome"], outcome, "{mode}: {row}");
            assert!(row["_reason"].as_str().unwrap().contains(words), "{mode}: {row}");
        }
    }
}

#[test]
fn several_files_stand_in_one_with_their_names_and_columns() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", "item_id,name\nA1,a\n");
    stockport.write("b.csv", "quantity,item_id,,name\n2,B1,note,b\n");
    stockport
        .run(["import", "a.csv", "b.csv", "--results", "out.xlsx"])
        .ok();
    stockport.run(["import", "a.csv", "b.csv", "--results", "out.csv"]).ok();
    let text = stockport.read("out.csv");
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines,
        [
            "item_id,name,quantity,_unnamed_3,_file,_row,_outcome,_reason",
            "A1,a,,,a.csv,2,unchanged,",
            "B1,b,2,note,b.csv,2,unchanged,",
        ]
    );
    let seen = stockport.run(["inspect", "out.xlsx", "--json"]).ok().json();
    assert_eq!(seen["rows"], 2, "{seen}");
}
