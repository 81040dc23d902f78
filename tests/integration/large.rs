//! `stockport import` of files so large that they are surveyed and planned in one pass: it comes to what two passes come to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
#[cfg(unix)]
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use serde_json::{Map, Value, json};
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

/// More than a file may have to be read in two passes.
const LARGE: usize = 17 << 20;

/// Writes these rows into a file that is large only by a column that nobody reads.
fn write(stockport: &Stockport, name: &str, rows: &[Vec<u8>]) {
    let mut file = BufWriter::new(File::create(stockport.path(name)).unwrap());
    let padding = vec![b'.'; LARGE / rows.len()];
    file.write_all(b"item_id,name,quantity,moved_at,Padding\n").unwrap();
    for row in rows {
        file.write_all(&[row, b",".as_slice(), &padding, b"\n"].concat())
            .unwrap();
    }
    file.flush().unwrap();
}

fn rows(count: usize, row: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
    (0..count).map(|at| row(at).into_bytes()).collect()
}

/// What an import came to.
#[derive(Debug, PartialEq)]
struct Outcome {
    account: Vec<Value>,
    items: BTreeMap<String, Map<String, Value>>,
    rejected: usize,
}

/// Imports a file by name, and through standard input, which takes two passes: it comes to the same. Gives the account.
fn both_ways(rows: &[Vec<u8>], stored: &[Value], code: i32) -> Value {
    let import = |by_name: bool| {
        let server = Faulty::new();
        for item in stored {
            server.put(ORG, item);
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        write(&stockport, "large.csv", rows);
        let run = if by_name {
            stockport.run(["import", "large.csv", "--json", "--rejects", "rejects.csv"])
        } else {
            let text = std::fs::read(stockport.path("large.csv")).unwrap();
            stockport.run_with_input(["import", "-", "--json", "--rejects", "rejects.csv"], &text)
        };
        let summary = run.exit(code).json();
        let counts = [
            "read",
            "created",
            "updated",
            "unchanged",
            "skipped",
            "rejected",
            "failed",
        ];
        let mut items = server.items(ORG);
        for item in items.values_mut() {
            // The server's own.
            item.retain(|name, _| !name.starts_with("updated_"));
        }
        let rejects = std::fs::read_to_string(stockport.path("rejects.csv")).unwrap_or_default();
        let outcome = Outcome {
            account: counts.iter().map(|name| summary[name].clone()).collect(),
            items,
            rejected: rejects.lines().count(),
        };
        (outcome, summary)
    };
    let (outcome, summary) = import(true);
    assert_eq!(outcome, import(false).0);
    summary
}

#[test]
fn new_changed_and_unchanged_rows_of_a_large_file_are_told_apart() {
    let rows = rows(400, |at| format!("ID-{at},Kush {at},{at},2026-01-02"));
    let stored = [
        json!({"item_id": "ID-7", "name": "Kush 7", "quantity": 7, "moved_at": "2026-01-02"}),
        json!({"item_id": "ID-300", "name": "Haze", "quantity": 300, "moved_at": "2026-01-02"}),
    ];
    let summary = both_ways(&rows, &stored, 0);
    assert_eq!(
        (&summary["created"], &summary["updated"], &summary["unchanged"]),
        (&json!(398), &json!(1), &json!(1))
    );
}

#[test]
fn what_shows_late_in_a_large_file_counts_for_all_of_it() {
    // The order of dates, a comma for a point, an id that comes twice, and a number that is none.
    let mut rows = rows(400, |at| format!("ID-{at},Kush,1,03/04/2021"));
    rows[390] = b"ID-390,Kush,1,13/04/2021".to_vec();
    rows[391] = b"ID-391,Kush,\"1,50\",".to_vec();
    let summary = both_ways(&rows, &[], 0);
    assert_eq!(summary["created"], 400);
    rows[395] = b"ID-5,Kush,1,".to_vec();
    rows[396] = b"a/b,Kush,1,".to_vec();
    let summary = both_ways(&rows, &[], 3);
    assert_eq!((&summary["created"], &summary["rejected"]), (&json!(397), &json!(3)));
}

#[test]
fn a_large_file_is_listed_for_surveyed_and_planned_and_each_is_said_once() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    write(
        &stockport,
        "large.csv",
        &rows(400, |at| format!("ID-{at},Kush,1,13/04/2021")),
    );
    let run = stockport.run(["import", "large.csv"]).ok();
    let said = |words: &str| {
        assert_eq!(run.stdout.matches(words).count(), 1, "{words}\n{}", run.stdout);
        run.stdout.find(words)
    };
    let order = [
        said("holds 0 items"),
        said("large.csv, header in row 1"),
        said("400 create\n"),
        said("400 read = 400 created"),
    ];
    assert!(order.is_sorted(), "{}", run.stdout);
}

#[test]
fn a_large_file_that_is_no_text_leaves_nothing_sent_and_no_run_behind() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut rows = rows(400, |at| format!("ID-{at},Crème,1,"));
    rows[399] = b"BAD,\xff,1,".to_vec();
    write(&stockport, "large.csv", &rows);
    let run = stockport.run(["import", "large.csv"]).exit(1);
    assert!(run.stderr.contains("line 401"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 0);
    let runs = stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(0), "{runs}");

    rows[399] = b"GOOD,Haze,1,".to_vec();
    write(&stockport, "large.csv", &rows);
    let run = stockport.run(["import", "large.csv", "--resume"]).ok();
    assert!(run.stdout.contains("400 read = 400 created\n"), "{}", run.stdout);
}

#[test]
fn a_large_file_of_another_encoding_is_opened_once_more() {
    let mut rows = rows(400, |at| format!("ID-{at},Kush,1,"));
    rows[399] = b"LAST,Ch\xe2teau,1,".to_vec();
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    write(&stockport, "large.csv", &rows);
    let run = stockport.run(["import", "large.csv"]).ok();
    assert!(run.stdout.contains("400 read = 400 created\n"), "{}", run.stdout);
    assert_eq!(server.items(ORG)["LAST"]["name"], "Château");
}

#[test]
fn a_large_file_is_accounted_for_where_the_organization_cant_be_read() {
    let server = Faulty::new().rule(Rule::every(1, Fault::Unavailable));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    write(&stockport, "large.csv", &rows(400, |at| format!("ID-{at},Kush,1,")));
    let run = stockport.run(["import", "large.csv", "--retries", "0", "--json"]);
    assert_ne!(run.code, 0);
    let summary = run.json();
    assert_eq!(
        (&summary["read"], &summary["not_attempted"]),
        (&json!(400), &json!(400))
    );
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn ids_of_a_large_file_are_asked_for_where_the_list_is_cut() {
    let server = Faulty::with(Flavour {
        hard_cut: Some(2),
        ..Flavour::default()
    });
    for id in ["ID-1", "ID-2", "ID-3", "ID-4", "ID-5"] {
        server.put(ORG, &json!({"item_id": id, "name": "Kush", "quantity": 1}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    write(&stockport, "large.csv", &rows(100, |at| format!("ID-{at},Kush,1,")));
    let summary = stockport.run(["import", "large.csv", "--json"]).ok().json();
    assert_eq!((&summary["unchanged"], &summary["created"]), (&json!(5), &json!(95)));
}

/// Wherever the signal meets it: nothing has been sent, and there is nothing to go on with.
#[cfg(unix)]
#[test]
fn a_large_file_is_interrupted_while_it_is_planned() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    write(&stockport, "large.csv", &rows(400, |at| format!("ID-{at},Kush,1,")));
    let mut command = stockport.command(["import", "large.csv"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The list, and both ends of it.
    while server.seen() < 3 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("error: interrupted"), "{said}");
    assert_eq!(server.posts().len(), 0);
    let runs = stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(0), "{runs}");
}
