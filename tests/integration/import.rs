//! `stockport import`, from the first sample to every bad input.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use stockport::columns::same;
use stockport::sandbox::Flavour;

use crate::support::faulty::Faulty;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// A sample as it is shipped.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn sample_text(name: &str) -> String {
    sample(name).to_string_lossy().into_owned()
}

#[test]
fn the_first_command_of_the_readme_imports_the_sample_and_the_second_time_nothing_is_sent() {
    let stockport = Stockport::new();
    let first = stockport
        .run(["import", &sample_text("inventory.xlsx"), "--sandbox"])
        .ok();
    assert!(
        first.stdout.contains("sandbox-company holds 0 items"),
        "{}",
        first.stdout
    );
    assert!(first.stdout.contains("200 create"), "{}", first.stdout);
    assert!(first.stdout.contains("200 read = 200 created\n"), "{}", first.stdout);
    let again = stockport
        .run(["import", &sample_text("inventory.xlsx"), "--sandbox"])
        .ok();
    assert!(
        again
            .stdout
            .contains("sandbox-company holds 200 items (complete, both ends checked)\n"),
        "{}",
        again.stdout
    );
    assert!(
        again.stdout.contains("200 unchanged (all of them: nothing to send)"),
        "{}",
        again.stdout
    );
    assert!(again.stdout.contains("200 read = 200 unchanged\n"), "{}", again.stdout);
}

#[test]
fn an_import_finds_an_encoding_that_shows_far_down_and_sends_nothing_of_a_file_that_is_no_text() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    // Beyond what tells an encoding at a file's beginning (1 MiB).
    let row = |at: usize| format!("ID-{at},{},active\n", "Blue Dream ".repeat(200));
    let plain: String = (0..700).map(row).collect();
    let write = |name: &str, end: &[u8]| {
        let text = [b"item_id,name,status\n", plain.as_bytes(), end].concat();
        fs::write(stockport.path(name), text).unwrap();
    };
    let row = |at: usize| format!("M-{at},Crème Brûlée,active\n");
    let accented: String = (0..200).map(row).collect();
    write("bad.csv", &[accented.as_bytes(), b"BAD,\xff,active\n"].concat());
    let run = stockport.run(["import", "bad.csv"]).exit(1);
    assert!(run.stderr.contains("line 902"), "{}", run.stderr);
    assert_eq!(server.requests().len(), 0);

    write("latin.csv", b"LAST,Ch\xe2teau,active\n");
    let run = stockport.run(["import", "latin.csv"]).ok();
    assert!(run.stdout.contains("701 read = 701 created\n"), "{}", run.stdout);
    stockport.run(["export", "all.jsonl"]).ok();
    let items = stockport.read("all.jsonl");
    let last = items.lines().find(|line| line.contains("\"LAST\"")).unwrap();
    assert!(last.contains("Château"), "{last}");
}

#[test]
fn an_import_of_what_is_stored_already_sends_no_post() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let path = sample_text("inventory.csv");
    let first = stockport.run(["import", &path, "--json"]).ok().json();
    assert_eq!(
        (first["read"].as_u64(), first["created"].as_u64()),
        (Some(60), Some(60))
    );
    let posts = server.posts().len();
    assert_eq!(posts, 1);
    let second = stockport.run(["import", &path, "--json"]).ok().json();
    assert_eq!(second["unchanged"], 60);
    assert_eq!(server.posts().len(), posts);
}

#[test]
fn values_arrive_as_the_sheet_means_them() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "count.csv",
        "\u{feff}Item ID,Name,Quantity,Area ID,Status,Approved At\n\
         001,\"Two\nlines\",-2.0000,0042,None,07/22/2026\n\
         1A4FF01,Kush,\"1,234.50\",,N/A,2026-03-04 15:52\n",
    );
    stockport.run(["import", "count.csv"]).ok();
    let items = server.items(ORG);
    let stored = |id: &str, field: &str| items[id].get(field).cloned();
    assert_eq!(stored("001", "item_id"), Some(json!("001")));
    assert_eq!(stored("001", "name"), Some(json!("Two\nlines")));
    assert_eq!(stored("001", "quantity"), Some(json!(-2)));
    assert_eq!(stored("001", "area_id"), Some(json!("0042")));
    assert_eq!(stored("001", "status"), None);
    assert_eq!(stored("001", "approved_at"), Some(json!("2026-07-22")));
    assert!(same("quantity", Some(&json!(1234.5)), items["1A4FF01"].get("quantity")));
    assert_eq!(stored("1A4FF01", "approved_at"), Some(json!("2026-03-04T15:52:00")));
}

#[test]
fn an_update_posts_the_fields_that_differ_and_blank_cells_keep_what_is_stored() {
    let server = Faulty::new();
    server.put(
        ORG,
        &json!({"item_id": "A1", "name": "Kush", "quantity": 12, "status": "Active", "note": "ours"}),
    );
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name,quantity,status\nA1,Kush,10.5,\n");
    let run = stockport.run(["import", "count.csv"]).ok();
    assert!(
        run.stdout.contains("~ A1 \"Kush\": quantity 12 → 10.5"),
        "{}",
        run.stdout
    );
    let item = &server.items(ORG)["A1"];
    assert_eq!(item["quantity"], json!(10.5));
    assert_eq!((&item["status"], &item["note"]), (&json!("Active"), &json!("ours")));
    stockport.run(["import", "count.csv", "--blanks", "clear"]).ok();
    assert_eq!(server.items(ORG)["A1"]["status"], json!(null));
    let rejected = stockport
        .run(["import", "count.csv", "--blanks", "reject", "--json"])
        .exit(3)
        .json();
    assert_eq!(rejected["rejected"], 1);
}

#[test]
fn a_dry_run_shows_the_plan_and_sends_nothing() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run(["import", &sample_text("inventory.xlsx"), "--dry-run"])
        .ok();
    assert!(run.stdout.contains("200 create"), "{}", run.stdout);
    assert!(
        run.stdout.contains("Dry run, nothing sent: 200 read = 200 to create"),
        "{}",
        run.stdout
    );
    assert_eq!(server.posts().len(), 0);
    assert!(!stockport.home().join("state").exists(), "a dry run leaves a journal");
}

#[test]
fn every_bad_row_of_the_messy_sample_is_rejected_with_its_line_column_value_and_reason() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    fs::copy(sample("messy.csv"), stockport.path("messy.csv")).unwrap();
    let run = stockport.run(["import", "messy.csv", "--json"]).exit(3).json();
    assert_eq!(
        (&run["read"], &run["created"], &run["rejected"]),
        (&json!(15), &json!(5), &json!(10))
    );
    assert_eq!(run["rejects_file"], "messy.rejects.csv");
    let mut rejects = csv::Reader::from_path(stockport.path("messy.rejects.csv")).unwrap();
    let headers = rejects.headers().unwrap().clone();
    assert_eq!(
        headers.iter().skip(7).collect::<Vec<_>>(),
        ["_beyond_8", "_row", "_column", "_value", "_reason"]
    );
    let rows: Vec<csv::StringRecord> = rejects.records().map(Result::unwrap).collect();
    let told: Vec<(&str, &str, &str)> = rows.iter().map(|row| (&row[8], &row[9], &row[10])).collect();
    assert_eq!(
        told,
        [
            ("3", "Item ID", ""),
            ("4", "Item ID", "MESSY/003"),
            ("5", "Item ID", ".."),
            ("6", "Item ID", "__MESSY-005__"),
            ("7", "Item ID", "MESSY-006"),
            ("8", "", "surplus"),
            ("9", "Item ID", "MESSY-006"),
            ("11", "Quantity", "1.234,50"),
            ("14", "Quantity", "about 12"),
            ("15", "Approved At", "soon"),
        ]
    );
    assert!(rows.iter().all(|row| !row[11].is_empty()));
    assert_eq!(&rows[5][7], "surplus");
    assert!(
        rows[4][11].contains("line 9") && rows[6][11].contains("line 7"),
        "each names the other: {rows:?}"
    );
    assert_eq!(server.count(ORG), 5);
}

/// The rejects of the messy sample, as a person would correct them.
pub(crate) fn corrected(rejects: &str) -> String {
    rejects
        .replace("\n,No id at all", "\nMESSY-002,No id at all")
        .replace("\nMESSY/003", "\nMESSY-003")
        .replace("\n..,", "\nMESSY-004,")
        .replace("\n__MESSY-005__", "\nMESSY-005")
        .replace(
            "\nMESSY-006,One id in two rows (second)",
            "\nMESSY-008,One id in two rows (second)",
        )
        .replace("\"1.234,50\",Grams", "\"1,234.50\",Grams")
        .replace("about 12,", "12,")
        .replace("Active,soon", "Active,03/14/2026")
        .replace(",surplus,", ",,")
}

#[test]
fn a_corrected_reject_file_is_imported_as_it_is() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    fs::copy(sample("messy.csv"), stockport.path("messy.csv")).unwrap();
    stockport.run(["import", "messy.csv"]).exit(3);
    stockport.write("corrected.csv", corrected(&stockport.read("messy.rejects.csv")));
    let run = stockport.run(["import", "corrected.csv", "--json"]).ok().json();
    assert_eq!((&run["read"], &run["created"]), (&json!(10), &json!(10)));
    assert_eq!(server.count(ORG), 15);
}

#[test]
fn a_reject_file_is_never_overwritten_and_stands_where_it_is_wanted() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("bad.csv", "item_id,name\n,nobody\n");
    for expected in ["bad.rejects.csv", "bad.rejects-2.csv", "bad.rejects-3.csv"] {
        let run = stockport.run(["import", "bad.csv", "--json"]).exit(3).json();
        assert_eq!(run["rejects_file"], expected);
        assert!(stockport.path(expected).exists());
    }
    stockport
        .run(["import", "bad.csv", "--rejects", "elsewhere.csv"])
        .exit(3);
    assert!(stockport.read("elsewhere.csv").contains("nobody"));
}

#[test]
fn a_workbooks_rejects_come_back_as_a_workbook() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in (0..).zip(["Item ID", "Name", "Quantity"]) {
        sheet.write_string(0, column, header).unwrap();
    }
    sheet.write_string(1, 0, "0001").unwrap();
    sheet.write_string(1, 1, "good").unwrap();
    sheet.write_number(2, 0, 1.5).unwrap();
    sheet.write_string(2, 1, "an id that is no integer").unwrap();
    workbook.save(stockport.path("count.xlsx")).unwrap();
    let run = stockport.run(["import", "count.xlsx", "--json"]).exit(3).json();
    assert_eq!(run["rejects_file"], "count.rejects.xlsx");
    let shown = stockport.run(["import", "count.rejects.xlsx", "--json"]).exit(3).json();
    assert_eq!((&shown["read"], &shown["rejected"]), (&json!(1), &json!(1)));
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run_with_input(["import", "-", "--json"], b"item_id,name\nA1,Kush\n")
        .ok()
        .json();
    assert_eq!(run["created"], 1);
    assert_eq!(server.count(ORG), 1);
}

#[test]
fn several_files_are_one_run_and_an_id_in_two_of_them_is_a_duplicate() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", "item_id,name\nA1,Kush\nA2,Haze\n");
    stockport.write("b.csv", "item_id,name\nA2,Haze 2\nA3,Dream\n");
    let run = stockport.run(["import", "a.csv", "b.csv", "--json"]).exit(3).json();
    assert_eq!(
        (&run["read"], &run["created"], &run["rejected"]),
        (&json!(4), &json!(2), &json!(2))
    );
    assert!(stockport.path("a.rejects.csv").exists() && stockport.path("b.rejects.csv").exists());
    let run = stockport
        .run(["import", "a.csv", "b.csv", "--duplicates", "last", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&run["created"], &run["unchanged"], &run["skipped"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(server.items(ORG)["A2"]["name"], "Haze 2");
}

#[test]
fn ten_thousand_items_go_in_and_ten_thousand_come_out() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let mut rows = String::from("item_id,name,quantity\n");
    for number in 0..10_000 {
        rows.push_str(&format!("TAG{number:06},Item {number},{number}\n"));
    }
    stockport.write("many.csv", &rows);
    let run = stockport.run(["import", "many.csv", "--json"]).ok().json();
    assert_eq!((&run["read"], &run["created"]), (&json!(10_000), &json!(10_000)));
    stockport.run(["export", "out.csv"]).ok();
    let mut out = csv::Reader::from_path(stockport.path("out.csv")).unwrap();
    assert_eq!(out.records().map(Result::unwrap).count(), 10_000);
    let again = stockport.run(["import", "out.csv", "--json"]).ok().json();
    assert_eq!(again["unchanged"], 10_000);
}

#[test]
fn an_endpoint_without_arrays_gets_single_objects() {
    let server = Faulty::with(Flavour {
        no_arrays: true,
        ..Flavour::default()
    });
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run(["import", &sample_text("inventory.csv"), "--json"])
        .ok()
        .json();
    assert_eq!(run["created"], 60);
    assert_eq!(server.count(ORG), 60);
}

#[test]
fn a_cut_list_makes_import_ask_for_its_own_ids() {
    let server = Faulty::with(Flavour {
        hard_cut: Some(2),
        ..Flavour::default()
    });
    for id in ["A1", "A2", "A3", "A4", "A5", "A6"] {
        server.put(ORG, &json!({"item_id": id, "name": "old"}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA3,old\nA4,new\nB1,new\n");
    let run = stockport.run(["import", "count.csv", "--json"]).ok().json();
    assert_eq!(
        (&run["unchanged"], &run["updated"], &run["created"]),
        (&json!(1), &json!(1), &json!(1))
    );
}

#[test]
fn an_endpoint_that_cannot_list_is_asked_item_by_item() {
    let server = Faulty::with(Flavour {
        lists_fail: true,
        ..Flavour::default()
    });
    server.put(ORG, &json!({"item_id": "A1", "name": "old"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,old\nB1,new\n");
    let run = stockport
        .run(["import", "count.csv", "--json", "--retries", "1"])
        .ok()
        .json();
    assert_eq!((&run["unchanged"], &run["created"]), (&json!(1), &json!(1)));
}

#[test]
fn a_file_of_headers_alone_is_done_and_says_so() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("headers.csv", "item_id,name\n");
    let run = stockport.run(["import", "headers.csv"]).ok();
    assert!(run.stdout.ends_with("0 read = 0\n"), "{}", run.stdout);
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn a_dry_run_with_rejected_rows_says_so_in_its_exit_code_and_writes_no_file_unless_asked() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    fs::copy(sample("messy.csv"), stockport.path("messy.csv")).unwrap();
    stockport.run(["import", "messy.csv", "--dry-run"]).exit(3);
    assert!(!stockport.path("messy.rejects.csv").exists());
    stockport
        .run(["import", "messy.csv", "--dry-run", "--rejects", "bad.csv"])
        .exit(3);
    assert!(stockport.path("bad.csv").exists());
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn the_json_summary_has_the_designs_keys_on_success_and_on_failure() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,Kush\n");
    let keys = [
        "run",
        "source",
        "target",
        "read",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "rejected",
        "failed",
        "not_attempted",
        "deleted",
        "requests",
        "retries",
        "seconds",
        "rejects_file",
        "verified",
        "warnings",
        "error",
    ];
    for (args, code) in [
        (["import", "count.csv", "--json"], 0),
        (["import", "missing.csv", "--json"], 1),
    ] {
        let run = stockport.run(args).exit(code);
        assert_eq!(run.stdout.lines().count(), 1);
        let document = run.json();
        for key in keys {
            assert!(document.get(key).is_some(), "{key} is missing: {document}");
        }
        assert_eq!(document["error"].is_null(), code == 0);
    }
}

#[test]
fn every_sheet_is_read_where_all_are_asked_for() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for (name, id) in [("Front", "F1"), ("Back", "B1")] {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        sheet.write_string(0, 0, "Item ID").unwrap();
        sheet.write_string(0, 1, "Name").unwrap();
        sheet.write_string(1, 0, id).unwrap();
        sheet.write_string(1, 1, name).unwrap();
    }
    workbook.save(stockport.path("rooms.xlsx")).unwrap();
    let run = stockport
        .run(["import", "rooms.xlsx", "--sheet", "Back", "--json"])
        .ok()
        .json();
    assert_eq!((&run["read"], &run["created"]), (&json!(1), &json!(1)));
    let run = stockport
        .run(["import", "rooms.xlsx", "--sheet", "*", "--json"])
        .ok()
        .json();
    assert_eq!((&run["created"], &run["unchanged"]), (&json!(1), &json!(1)));
    let run = stockport.run(["import", "rooms.xlsx", "--sheet", "Attic"]).exit(1);
    assert!(
        run.stderr
            .contains("has no sheet \"Attic\"; it has \"Front\", \"Back\""),
        "{}",
        run.stderr
    );
}

#[test]
fn what_proves_a_list_whole_is_told_to_those_who_ask() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,Kush\n");
    let run = stockport.run(["import", "count.csv", "--dry-run", "--verbose"]).ok();
    assert!(
        run.stdout
            .contains("(complete, both ends checked: the list and both ends"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_warning_about_one_file_of_several_names_it() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", "item_id,quantity\nA1,5\n");
    stockport.write("b.csv", "item_id,quantity\nB1,about 5\n");
    let run = stockport.run(["import", "a.csv", "b.csv", "--json"]).exit(3).json();
    assert_eq!(
        run["warnings"],
        json!([
            "b.csv: column \"quantity\": 1 value is not a number, rejected unless it equals the stored value \
             (--lenient posts it as text) (first: line 2, \"about 5\")"
        ])
    );
}

#[test]
fn a_row_that_the_mode_skips_is_rejected_all_the_same_where_a_value_is_refused() {
    let stockport = Stockport::new();
    stockport.write("first.csv", "item_id,quantity\nA1,5\n");
    stockport.run(["import", "first.csv", "--sandbox"]).ok();
    stockport.write("next.csv", "item_id,quantity\nA1,#REF!\nB1,#REF!\n");
    for mode in ["create", "update"] {
        let run = stockport
            .run(["import", "next.csv", "--mode", mode, "--sandbox", "--json"])
            .exit(3);
        let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (&summary["rejected"], &summary["skipped"]),
            (&2.into(), &0.into()),
            "{mode}"
        );
    }
}
