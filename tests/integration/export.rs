//! `stockport export`: the whole inventory, or an error; never a part of it.

use std::fs;

use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// An inventory with what tends to go wrong: nothings of all kinds, dates and numbers as text, booleans, fields that
/// nobody knows.
fn fill(server: &Faulty) -> usize {
    let items = [
        json!({"item_id": "0001", "name": "Kush, \"best\"\nof all", "quantity": 12.5, "status": "None"}),
        json!({"item_id": "0002", "name": "柚子 🍋", "quantity": "024", "approved": true, "approved_at": "07/08/2021"}),
        json!({"item_id": "0003", "quantity": 68.664_999_999_999_99, "moved_at": "2021-08-21T10:55:05.496866"}),
        json!({"item_id": "1E10", "name": "=1+1", "area_id": "00187", "weight": null, "dose": "",
               "approved_at": "2021-07-08", "approved_at_time": "15:52:00", "supplier": {"name": "North", "tags": [1, 2]}}),
        json!({"item_id": "A 5", "name": " outer ", "quantity": -2, "serving_size": "1,234.50"}),
    ];
    for item in &items {
        server.put(ORG, item);
    }
    items.len()
}

#[test]
fn importing_an_export_changes_nothing_in_any_format() {
    let server = Faulty::new();
    let count = fill(&server);
    let before = server.items(ORG);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for file in [
        "out.csv",
        "out.tsv",
        "out.xlsx",
        "out.json",
        "out.jsonl",
        "out.csv.gz",
        "out.jsonl.zst",
    ] {
        let summary = stockport.run(["export", file, "--json"]).ok().json();
        assert_eq!(
            (&summary["items"], &summary["completeness"]),
            (&json!(count), &json!("proved")),
            "{file}"
        );
        let run = stockport.run(["import", file, "--json"]).ok().json();
        assert_eq!(run["unchanged"], count, "{file}: {run}");
    }
    assert_eq!(server.items(ORG), before);
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn the_27_fields_come_first_then_the_others_and_blanks_are_blank() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["export", "out.csv"]).ok();
    let mut out = csv::Reader::from_path(stockport.path("out.csv")).unwrap();
    let headers: Vec<String> = out.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(headers[..3], ["item_id", "name", "item_type"]);
    assert!(headers[27..].contains(&"supplier".to_owned()) && !headers.contains(&"id".to_owned()));
    let rows: Vec<csv::StringRecord> = out.records().map(Result::unwrap).collect();
    assert_eq!(
        rows.iter().map(|row| &row[0]).collect::<Vec<_>>(),
        ["0001", "0002", "0003", "1E10", "A 5"]
    );
    let status = headers.iter().position(|header| header == "status").unwrap();
    assert_eq!(&rows[0][status], "", "'None' means nothing");
    stockport.run(["export", "titled.csv", "--headers", "title"]).ok();
    assert!(stockport.read("titled.csv").starts_with("Item ID,Name,Item Type,"));
}

#[test]
fn json_has_nulls_for_nothing_and_numbers_as_numbers() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["export", "out.json"]).ok();
    let items: Vec<Value> = serde_json::from_str(&stockport.read("out.json")).unwrap();
    assert_eq!(items.len(), 5);
    assert_eq!(
        (&items[0]["status"], items[0]["quantity"].to_string().as_str()),
        (&json!(null), "12.5")
    );
    assert_eq!(items[3]["supplier"], json!({"name": "North", "tags": [1, 2]}));
}

#[test]
fn standard_output_gets_the_items_and_nothing_else() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["export", "-"]).ok();
    assert_eq!(run.stdout.lines().count(), 5);
    for line in run.stdout.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    assert!(run.stderr.contains("Exported 5 items"), "{}", run.stderr);
    let run = stockport.run(["export", "-", "--format", "csv"]).ok();
    assert!(run.stdout.starts_with("item_id,name,"));
}

#[test]
fn an_existing_file_is_replaced_only_when_asked_and_only_by_a_whole_one() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("out.csv", "precious");
    let refused = stockport.run(["export", "out.csv"]).exit(1);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(server.requests().len(), 0, "asked before it was refused");
    let cut = server.rule(Rule::from(1, Fault::CutBody));
    stockport
        .run(["export", "out.csv", "--force", "--retries", "0"])
        .exit(1);
    assert_eq!(stockport.read("out.csv"), "precious");
    cut.behave();
    stockport.run(["export", "out.csv", "--force"]).ok();
    assert!(stockport.read("out.csv").starts_with("item_id,"));
    let left: Vec<_> = fs::read_dir(stockport.path("")).unwrap().collect();
    assert_eq!(left.len(), 1, "temporary files stay: {left:?}");
}

#[test]
fn a_list_that_is_cut_is_no_export() {
    let server = TestSandbox::with(Flavour {
        hard_cut: Some(10),
        ..Flavour::default()
    });
    let stockport = Stockport::new().at(&server, ORG);
    let store = server.sandbox.store();
    for number in 0..30 {
        let id = format!("A{number:02}");
        store
            .put(ORG, &id, json!({"item_id": id}).as_object().unwrap().clone())
            .unwrap();
    }
    let run = stockport.run(["export", "out.csv"]).exit(4);
    assert!(run.stderr.contains("is incomplete"), "{}", run.stderr);
    assert!(!stockport.path("out.csv").exists());
}

#[test]
fn a_file_without_a_known_ending_is_refused_before_anything_is_asked() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["export", "out.data"]).exit(2);
    assert!(run.stderr.contains("--format"), "{}", run.stderr);
    stockport.run(["export", "no/such/folder/out.csv"]).exit(1);
}

#[test]
fn fields_and_conditions_choose_columns_and_items() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run([
            "export",
            "-",
            "--format",
            "csv",
            "--fields",
            "Quantity,item_id,supplier",
        ])
        .ok();
    assert!(
        run.stdout
            .starts_with("quantity,item_id,supplier\n12.5,0001,\n024,0002,\n"),
        "{}",
        run.stdout
    );
    let ids = |conditions: &[&str]| {
        let mut args = vec!["export", "-", "--format", "csv", "--fields", "item_id"];
        for condition in conditions {
            args.extend(["--where", condition]);
        }
        let run = stockport.run(args).ok();
        run.stdout.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["quantity>12"]), ["0001", "0003"], "024 is text");
    assert_eq!(ids(&["quantity>12", "quantity<60"]), ["0001"]);
    assert_eq!(ids(&["quantity="]), ["1E10"]);
    assert_eq!(ids(&["name~kush"]), ["0001"]);
    assert_eq!(ids(&["approved!=true"]).len(), 4);
    assert_eq!(ids(&["approved_at>2021"]), ["1E10"]);
    let summary = stockport
        .run(["export", "some.csv", "--where", "quantity>12", "--json"])
        .ok()
        .json();
    assert_eq!((&summary["items"], &summary["held"]), (&json!(2), &json!(5)));
}

#[test]
fn a_condition_or_field_that_cannot_be_understood_is_the_command_lines_fault() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for args in [["--where", "quantity"], ["--where", "quantity>many"]] {
        stockport.run(["export", "out.csv"].into_iter().chain(args)).exit(2);
    }
    assert_eq!(server.requests().len(), 0, "asked before it was refused");
    for args in [["--where", "quantitty=5"], ["--fields", "item_id,quantitty"]] {
        let run = stockport.run(["export", "out.csv"].into_iter().chain(args)).exit(2);
        assert!(run.stderr.contains("the nearest is \"quantity\""), "{}", run.stderr);
    }
    assert!(!stockport.path("out.csv").exists());
}

#[test]
fn a_raw_export_is_what_is_stored_to_the_letter() {
    let server = Faulty::new();
    fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["export", "-", "--raw"]).ok();
    for (line, (id, mut item)) in run.stdout.lines().zip(server.items(ORG)) {
        item.insert("id".to_owned(), json!(id));
        assert_eq!(serde_json::from_str::<Value>(line).unwrap(), Value::Object(item));
    }
    stockport.run(["export", "raw.csv", "--raw"]).ok();
    assert!(
        stockport.read("raw.csv").contains(",None,"),
        "'None' stays as it is stored"
    );
}

#[test]
fn an_export_for_excel_guards_ids_and_formulas_and_import_takes_the_guard_off() {
    let server = Faulty::new();
    let count = fill(&server);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["export", "safe.csv", "--excel-safe"]).ok();
    let safe = stockport.read("safe.csv");
    assert!(safe.starts_with('\u{feff}') && !safe.contains(",=1+1,"), "{safe}");
    let run = stockport.run(["import", "safe.csv", "--json"]).ok().json();
    assert_eq!(run["unchanged"], count, "{run}");
    let summary = stockport
        .run(["export", "safe.json", "--excel-safe", "--json"])
        .ok()
        .json();
    assert!(
        stockport.read("safe.json").contains("\"=1+1\""),
        "JSON carries no guard"
    );
    assert_eq!(summary["warnings"].as_array().unwrap().len(), 1, "{summary}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let server = TestSandbox::new();
    let store = server.sandbox.store();
    for number in 0..3000 {
        let item = json!({"item_id": format!("A{number:04}"), "name": "a name of some length ".repeat(10)});
        let id = format!("A{number:04}");
        store.put(ORG, &id, item.as_object().unwrap().clone()).unwrap();
    }
    let stockport = Stockport::new().at(&server, ORG);
    let mut child = stockport
        .command(["export", "-"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    drop(reader);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(
        line.contains("A0000") && ended.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[test]
fn an_inventory_that_an_earlier_run_knows_to_be_larger_stops_unless_that_is_allowed() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA,a\nB,b\nC,c\nD,d\n");
    stockport.run(["import", "in.csv"]).ok();
    let store = server.sandbox.store();
    for id in ["A", "B"] {
        store.delete(ORG, id).unwrap();
    }
    stockport.run(["export", "out.csv"]).exit(1);
    assert!(!stockport.path("out.csv").exists());
    stockport.run(["export", "out.csv", "--allow-shrink"]).ok();
    for id in ["C", "D"] {
        store.delete(ORG, id).unwrap();
    }
    let run = stockport.run(["export", "out.csv", "--force"]).exit(1);
    assert!(run.stderr.contains("--allow-empty"), "{}", run.stderr);
    assert_eq!(stockport.read("out.csv").lines().count(), 3);
    stockport.run(["export", "out.csv", "--force", "--allow-empty"]).ok();
}

/// A file is written while the list arrives, standard output once the list is known to be whole.
#[test]
fn a_file_holds_what_standard_output_gets_whatever_the_list_holds() {
    let alike =
        |n: usize| json!({"item_id": format!("{n:04}"), "name": format!("é\",\n{n}"), "quantity": n, "extra": n});
    let inventories: [Vec<Value>; 6] = [
        vec![],
        (0..2_000).map(alike).collect(),
        // A field that only the last item has, one that only some have, and one that the first has alone.
        (0..2_000)
            .map(|n| {
                if n == 1_999 {
                    json!({"item_id": "zz", "late": "x"})
                } else {
                    alike(n)
                }
            })
            .collect(),
        (0..50)
            .map(|n| {
                if n % 3 == 0 {
                    alike(n)
                } else {
                    json!({"item_id": format!("{n:04}"), "dose": "None"})
                }
            })
            .collect(),
        (0..50)
            .map(|n| {
                if n == 0 {
                    alike(n)
                } else {
                    json!({"item_id": format!("{n:04}"), "status": ""})
                }
            })
            .collect(),
        vec![json!({"item_id": "1", "name": "=1", "weight": 1.50, "list": [1, {"a": null}]})],
    ];
    for (number, items) in inventories.iter().enumerate() {
        let server = Faulty::new();
        for item in items {
            server.put(ORG, item);
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        for options in [
            &["--format", "csv"][..],
            &["--format", "tsv", "--excel-safe", "--headers", "title"],
            &["--format", "json"],
            &["--format", "jsonl", "--raw"],
            &["--format", "csv", "--fields", "name,item_id"],
            &["--format", "csv", "--where", "quantity!=7", "--where", "item_id!=zz"],
        ] {
            let run = |file| stockport.run(["export", file, "--force"].iter().chain(options).copied());
            let plain = run("-").ok().stdout;
            run("out").ok();
            let written = fs::read_to_string(stockport.path("out")).unwrap();
            assert_eq!(written, plain, "inventory {number}, {options:?}");
        }
    }
}

#[test]
fn a_list_that_breaks_off_and_is_asked_for_again_leaves_nothing_of_its_first_part_in_the_file() {
    for fault in [Fault::CutBody, Fault::CutJson] {
        let server = Faulty::new();
        for n in 0..3_000 {
            server.put(ORG, &json!({"item_id": format!("{n:04}"), "name": "x".repeat(600)}));
        }
        let faulty = server.rule(Rule::first(1, fault));
        let stockport = Stockport::new().at_faulty(&faulty, ORG);
        stockport.run(["export", "out.csv"]).ok();
        let written = fs::read_to_string(stockport.path("out.csv")).unwrap();
        assert_eq!(written, stockport.run(["export", "-", "--format", "csv"]).ok().stdout);
        assert_eq!(written.lines().count(), 3_001);
    }
}
