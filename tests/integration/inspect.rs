//! `stockport inspect`: what it says of a file, to people and to programs, and the mapping file that it writes.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Stockport, sample};

fn inspected(args: &[&str]) -> Value {
    let args: Vec<&str> = ["inspect"].iter().chain(args).chain(&["--json"]).copied().collect();
    Stockport::new().run(args).ok().json()
}

#[test]
fn a_delimiter_is_one_character_or_a_word_for_one_and_a_size_a_number_of_bytes_or_their_multiples() {
    let stockport = Stockport::new();
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    let sizes = ["500", "64M", "8G", "8GiB", "8 gb", "9KB"];
    for (option, right, wrong) in [
        (
            "--delimiter",
            &[",", ";", "|", "tab", "\\t"][..],
            &["", ";;", "\"", "a", "é"],
        ),
        ("--max-unpacked", &sizes, &["", "0", "M", "-1", "99999999999G"]),
    ] {
        for (value, is_right) in right
            .iter()
            .map(|value| (value, true))
            .chain(wrong.iter().map(|value| (value, false)))
        {
            let run = stockport.run(["inspect", "in.csv", option, value]);
            assert_eq!(run.code != 2, is_right, "{option} {value:?}: {}", run.stderr);
        }
    }
}

#[test]
fn the_document_has_the_keys_of_the_design() {
    let seen = inspected(&[&sample("messy.csv")]);
    assert_eq!(
        (
            &seen["format"],
            &seen["encoding"],
            &seen["delimiter"],
            &seen["sheet"],
            &seen["header_row"],
            &seen["rows"]
        ),
        (
            &json!("csv"),
            &json!("UTF-8"),
            &json!(","),
            &Value::Null,
            &json!(1),
            &json!(15)
        )
    );
    let id = &seen["columns"][0];
    assert_eq!(
        (&id["header"], &id["field"], &id["by"], &id["weak"]),
        (&json!("Item ID"), &json!("item_id"), &json!("exact"), &json!(false))
    );
    let slash = &seen["problems"][1];
    assert_eq!(
        (&slash["row"], &slash["cell"], &slash["value"]),
        (&json!(4), &json!("line 4, column \"Item ID\""), &json!("MESSY/003"))
    );
    assert!(slash["reason"].as_str().unwrap().contains("can't hold '/'"), "{slash}");
}

#[test]
fn a_person_sees_the_header_each_column_with_its_reason_and_samples_and_every_problem() {
    let run = Stockport::new().run(["inspect", &sample("reading/european.csv")]).ok();
    for line in [
        "csv, UTF-8, columns separated by semicolons",
        "Row 1 is the header: its names match best",
        "3 data rows",
        "Quantity     = quantity     the field's own name (100%)",
        "1.234,50 → 1234.5",
        "31.12.2025 → \"2025-12-31\"",
        "03/04/2026 is read as day/month/year (decided by \"31.12.2025\")",
        "No problems",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    let run = Stockport::new().run(["inspect", &sample("messy.csv")]).ok();
    assert!(run.stdout.contains("11 problems:\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("line 11, column \"Quantity\": \"1.234,50\""),
        "{}",
        run.stdout
    );
}

#[test]
fn a_header_row_that_is_a_guess_is_said_and_refused_by_convert_and_import() {
    let stockport = Stockport::new();
    stockport.write("colours.csv", "red,green,blue\n1,2,3\n4,5,6\n");
    let run = stockport.run(["inspect", "colours.csv"]).ok();
    assert!(
        run.stdout.contains("Row 1 is probably the header: a guess"),
        "{}",
        run.stdout
    );
    assert_eq!(
        stockport.run(["inspect", "colours.csv", "--json"]).ok().json()["guessed"],
        true
    );
    for args in [
        ["convert", "colours.csv", "-"].as_slice(),
        &["import", "colours.csv", "--sandbox"],
    ] {
        let run = stockport.run(args).exit(1);
        let said = run.stderr.clone() + &run.stdout;
        assert!(said.contains("no header row was found"), "{said}");
    }
}

#[test]
fn what_was_understood_is_saved_as_a_mapping_file_that_import_and_convert_take() {
    let stockport = Stockport::new();
    stockport.write("count.csv", "Tag,Item,Lab Testing,Shelf life\nA1,Kush,TestPassed,90\n");
    let run = stockport.run(["inspect", "count.csv", "--save-map", "map.toml"]).ok();
    assert!(run.stderr.contains("The mapping file is map.toml"), "{}", run.stderr);
    let text = stockport.read("map.toml");
    assert!(
        text.contains("Tag = \"item_id\"\n") && text.contains("# \"Lab Testing\" = \"status\""),
        "{text}"
    );
    let edited = text
        .replace("# \"Lab Testing\" = \"status\"", "\"Lab Testing\" = \"status\"")
        .replace(
            "Tag = \"item_id\"\n",
            "Tag = \"item_id\" # as Metrc prints it\nshelf_life = { extra = \"keep\" }\n",
        );
    let columns = edited.find("\n# Ignored").unwrap();
    let (head, rest) = edited.split_at(columns);
    let offered: String = rest.lines().filter(|line| line.starts_with("\"Lab")).collect();
    stockport.write("map.toml", format!("{head}{offered}\n{}", rest.replace(&offered, "")));
    let run = stockport.run(["convert", "count.csv", "-", "--map", "map.toml"]).ok();
    assert_eq!(
        serde_json::from_str::<Value>(&run.stdout).unwrap(),
        json!({"item_id": "A1", "name": "Kush", "status": "TestPassed", "shelf_life": "90"})
    );
    let run = stockport
        .run(["import", "count.csv", "--map", "map.toml", "--sandbox", "--json"])
        .ok();
    assert_eq!(run.json()["created"], 1);
    stockport.write(
        "count.csv",
        "Tag,Item,Lab Testing,Shelf life,Qty\nA1,Kush,TestPassed,90,5\n",
    );
    stockport
        .run(["inspect", "count.csv", "--map", "map.toml", "--save-map", "map.toml"])
        .ok();
    let text = stockport.read("map.toml");
    assert!(
        text.contains("Tag = \"item_id\" # as Metrc prints it\n") && text.contains("Qty = \"quantity\""),
        "what the user wrote stays and the new column is added: {text}"
    );
}

#[test]
fn an_existing_file_that_is_no_mapping_file_is_not_overwritten() {
    let stockport = Stockport::new();
    stockport.write("count.csv", "Tag,Item\nA1,Kush\n");
    stockport.write("notes.toml", "colums = 3\n");
    let run = stockport
        .run(["inspect", "count.csv", "--save-map", "notes.toml"])
        .exit(1);
    assert!(
        run.stderr.contains("\"colums\" is not a valid key here"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("did you mean \"columns\"?"), "{}", run.stderr);
    assert_eq!(stockport.read("notes.toml"), "colums = 3\n");
}

#[test]
fn every_data_sheet_is_inspected_when_all_are_asked_for() {
    let seen = inspected(&[&sample("exports/vendor-workbook.xlsx"), "--sheet", "*"]);
    let sheets: Vec<_> = seen["sheets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sheet| (sheet["sheet"].as_str().unwrap(), sheet["header_row"].as_u64().unwrap()))
        .collect();
    assert_eq!(sheets, [("Worksheet", 7), ("Upload", 1)]);
}

#[test]
fn joined_columns_are_shown_with_their_field() {
    let map = sample("mapping/map.toml");
    let seen = inspected(&[&sample("mapping/count.csv"), "--map", &map]);
    let column = |name: &str| {
        let columns = seen["columns"].as_array().unwrap();
        columns.iter().find(|column| column["header"] == name).unwrap().clone()
    };
    assert_eq!(column("Counted on")["field"], "moved_at");
    assert_eq!(column("At")["field"], "moved_at");
    assert_eq!(column("Counted on")["samples"][0]["after"], "2026-02-14T15:52:00");
    assert_eq!(column("Comment")["field"], Value::Null);
}

#[test]
fn a_file_that_cannot_be_read_is_exit_1_in_both_forms() {
    let stockport = Stockport::new();
    let run = stockport.run(["inspect", "nowhere.csv"]).exit(1);
    assert!(run.stderr.contains("nowhere.csv"), "{}", run.stderr);
    let run = stockport.run(["inspect", "nowhere.csv", "--json"]).exit(1);
    assert!(run.json()["error"].as_str().unwrap().contains("nowhere.csv"));
}

#[test]
fn standard_input_is_inspected_like_a_file() {
    let bytes = fs::read(sample("reading/leading-zeros.xlsx")).unwrap();
    let run = Stockport::new().run_with_input(["inspect", "-", "--json"], &bytes).ok();
    assert_eq!(run.json()["format"], "xlsx");
}

#[test]
fn a_bound_that_a_file_exceeds_can_be_moved() {
    let stockport = Stockport::new();
    let path = sample("inventory.xlsx");
    let run = stockport.run(["inspect", &path, "--max-unpacked", "10K"]).exit(1);
    assert!(run.stderr.contains("--max-unpacked"), "{}", run.stderr);
    let run = stockport.run(["inspect", &path, "--max-cells", "100"]).exit(1);
    assert!(run.stderr.contains("--max-cells"), "{}", run.stderr);
    stockport.run(["inspect", &path, "--max-unpacked", "8G"]).ok();
}
