//! What columns mean: `--column`, `stockport fields`, names that are known or suggested, and columns that look like ids.

use std::fs;

use serde_json::{Value, json};

use crate::support::faulty::Faulty;
use crate::support::{Run, Stockport};

const SHEET: &str = "Item ID,Description,Count,U/M,Room\nA1,Kush,5,g,R1\nA2,Haze,7,g,R2\n";

fn home(sheet: &str) -> Stockport {
    let stockport = Stockport::new();
    stockport.write("in.csv", sheet);
    stockport
}

fn items(run: &Run) -> Vec<Value> {
    let lines = run.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The columns that `inspect` reports: header, field, how, and whether it is only suggested.
fn inspected(stockport: &Stockport, args: &[&str]) -> Vec<(String, Option<String>, String, bool)> {
    let document = stockport
        .run([&["inspect", "in.csv", "--json"], args].concat())
        .ok()
        .json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let columns = document["columns"].as_array().unwrap().iter();
    columns
        .map(|column| {
            (
                text(&column["header"]).unwrap(),
                text(&column["field"]),
                text(&column["by"]).unwrap(),
                column["weak"] == json!(true),
            )
        })
        .collect()
}

#[test]
fn a_column_is_mapped_without_a_file_in_every_command_that_takes_a_map() {
    let stockport = home(SHEET);
    let options = ["--column", "description=name", "--column", "Count=quantity"];
    let run = stockport.run([&["convert", "in.csv", "-"], &options[..]].concat()).ok();
    assert_eq!(
        items(&run)[0],
        json!({"item_id": "A1", "name": "Kush", "quantity": 5, "units": "g"})
    );
    let description = &inspected(&stockport, &options)[1];
    assert_eq!(
        (description.1.as_deref(), description.2.as_str(), description.3),
        (Some("name"), "option", false)
    );
    stockport.write("b.csv", "item_id,name\nA1,Kush\nA2,Other\n");
    // The second file has no such column.
    let run = stockport.run(["diff", "in.csv", "b.csv", "--column", "Description=name"]);
    assert!(run.exit(4).stdout.contains("Haze"), "name is compared");
    let ids = ["--file", "lots.csv", "--column", "Lot=item_id"];
    let server = Faulty::new();
    let stockport = stockport.at_faulty(&server, "sandbox-company");
    stockport.write("lots.csv", "Lot,name\nL1,Kush\n");
    let run = stockport
        .run([&["delete", "--dry-run", "--json"], &ids[..]].concat())
        .ok();
    assert_eq!(run.json()["read"], 1);
    let run = stockport
        .run([&["import", "in.csv", "--dry-run"], &options[..]].concat())
        .ok();
    assert!(run.stdout.contains("2 create"), "{}", run.stdout);
}

#[test]
fn an_option_wins_over_the_mapping_file_which_wins_over_names() {
    let stockport = home("Item ID,Name,Description,Notes\nA1,n,d,x\n");
    stockport.write(
        "map.toml",
        "[columns]\nDescription = \"name\"\nName = \"status\"\nNotes = \"area_name\"\n",
    );
    let with = |options: &[&str]| {
        let args = [&["convert", "in.csv", "-", "--map", "map.toml"], options].concat();
        items(&stockport.run(args).ok())[0].clone()
    };
    assert_eq!(
        with(&[]),
        json!({"item_id": "A1", "name": "d", "status": "n", "area_name": "x"})
    );
    assert_eq!(
        with(&["--column", "Name=name", "--column", "Notes=false"]),
        json!({"item_id": "A1", "name": "n"})
    );
    let saved = stockport.run([
        "inspect",
        "in.csv",
        "--column",
        "Description=name",
        "--save-map",
        "saved.toml",
    ]);
    saved.ok();
    let text = fs::read_to_string(stockport.path("saved.toml")).unwrap();
    assert!(
        text.contains("Description = \"name\"") && text.starts_with("# A stockport mapping file"),
        "{text}"
    );
}

#[test]
fn an_unknown_header_is_refused_with_those_that_are_there() {
    let stockport = home(SHEET);
    for command in [
        &["convert", "in.csv", "-"][..],
        &["inspect", "in.csv"],
        &["diff", "in.csv", "in.csv"],
        &["import", "in.csv", "--sandbox", "--dry-run"],
    ] {
        let run = stockport
            .run([command, &["--column", "Descripton=name"]].concat())
            .exit(1);
        assert!(
            run.stderr.contains(
                "in.csv has no column \"Descripton\", which --column names (line 1: \"Item ID\", \"Description\""
            ) && run.stderr.contains("did you mean \"Description\"?"),
            "{}",
            run.stderr
        );
    }
    // A header of another file of the same run is known.
    stockport.write("b.csv", "Item ID,Title\nB1,Haze\n");
    let both = [
        "import",
        "in.csv",
        "b.csv",
        "--sandbox",
        "--dry-run",
        "--column",
        "Title=name",
    ];
    stockport.run(both).ok();
    // It is said before a missing id, which it may explain.
    stockport.write("in.csv", "Foo,Name\nA1,Kush\n");
    let run = stockport
        .run(["convert", "in.csv", "-", "--column", "Fo=item_id"])
        .exit(1);
    assert!(run.stderr.contains("has no column \"Fo\""), "{}", run.stderr);
}

#[test]
fn an_unknown_field_is_refused_with_the_nearest_and_where_the_list_is() {
    let stockport = home(SHEET);
    stockport.write("map.toml", "[columns]\nCount = \"quantitty\"\n");
    stockport.run(["import", "in.csv", "--sandbox", "--yes"]).ok();
    let where_ = ["export", "-", "--sandbox", "--where", "quantitty=5"];
    let fields = ["export", "-", "--sandbox", "--fields", "item_id,quantitty"];
    for (args, code) in [
        (&["convert", "in.csv", "-", "--column", "Count=quantitty"][..], 2),
        (&["convert", "in.csv", "-", "--column", "Count=QOH"], 2),
        (&["convert", "in.csv", "-", "--map", "map.toml"], 1),
        (&where_, 2),
        (&fields, 2),
    ] {
        let run = stockport.run(args).exit(code);
        assert!(
            run.stderr.contains("\"quantity\"") && run.stderr.contains("`stockport fields` lists all"),
            "{args:?}: {}",
            run.stderr
        );
    }
    for wrong in ["Count", "=quantity", "Count="] {
        let run = stockport.run(["convert", "in.csv", "-", "--column", wrong]).exit(2);
        assert!(run.stderr.contains("\"Description=name\""), "{}", run.stderr);
    }
    for twice in [
        ["--column", "Count=quantity", "--column", "Count=dose"],
        ["--column", "Count=quantity", "--column", "Room=quantity"],
    ] {
        stockport
            .run([&["convert", "in.csv", "-"], &twice[..]].concat())
            .exit(2);
    }
}

#[test]
fn a_reject_file_keeps_what_the_options_said_and_they_win_over_it() {
    let server = Faulty::new();
    let stockport = home("Item ID,Description,Room\nA/1,Kush,R1\nA2,Haze,R2\n").at_faulty(&server, "sandbox-company");
    let first = [
        "import",
        "in.csv",
        "--column",
        "Description=name",
        "--column",
        "Room=area_name",
    ];
    stockport.run(first).exit(3);
    let rejects = fs::read_to_string(stockport.path("in.rejects.csv")).unwrap();
    stockport.write("in.rejects.csv", rejects.replace("A/1", "A1"));
    let with = |options: &[&str]| {
        let args = [&["convert", "in.rejects.csv", "-"], options].concat();
        items(&stockport.run(args).ok())[0].clone()
    };
    assert_eq!(with(&[]), json!({"item_id": "A1", "name": "Kush", "area_name": "R1"}));
    assert_eq!(
        with(&["--column", "Room=area_id"]),
        json!({"item_id": "A1", "name": "Kush", "area_id": "R1"})
    );
}

#[test]
fn an_option_is_part_of_what_a_run_means() {
    let server = Faulty::new();
    let stockport = home(SHEET).at_faulty(&server, "sandbox-company");
    let import = |options: &[&[&str]]| stockport.run([&["import", "in.csv"], &options.concat()[..]].concat());
    let columns = ["--column", "Description=name", "--column", "Count=quantity"];
    let swapped = ["--column", "Count=quantity", "--column", "Description=name"];
    import(&[&columns, &["--plan-out", "plan"]]).ok();
    let other = import(&[&["--plan", "plan", "--column", "Description=name"]]);
    assert_ne!(other.code, 0, "another mapping is another job");
    import(&[&swapped, &["--plan", "plan"]]).ok();
}

#[test]
fn names_of_counts_units_places_and_lots_are_known_or_suggested() {
    let known = [
        ("QOH", "quantity"),
        ("On Hand", "quantity"),
        ("Qty On-Hand", "quantity"),
        ("U/M", "units"),
        ("UOM", "units"),
    ];
    let suggested = [
        ("Description", "name"),
        ("Item Description", "name"),
        ("Count", "quantity"),
        ("Room", "area_name"),
        ("Bin", "area_name"),
        ("Shelf", "area_name"),
        ("Packed", "moved_at"),
        ("Lot", "item_id"),
        ("Lot #", "item_id"),
        ("Batch", "item_id"),
        ("Batch No.", "item_id"),
    ];
    for (names, weak) in [(&known[..], false), (&suggested, true)] {
        for (header, field) in names {
            let stockport = home(&format!("Item ID,{header}\nA1,5\n"));
            let column = inspected(&stockport, &[]).pop().unwrap();
            assert_eq!((column.1.as_deref(), column.3), (Some(*field), weak), "{header}");
        }
    }
    let run = home(SHEET).run(["import", "in.csv", "--sandbox", "--dry-run"]).ok();
    let said = run.stdout + &run.stderr;
    assert!(
        said.contains("may mean name") && said.contains("--column \"Description=name\""),
        "{said}"
    );
}

#[test]
fn a_column_of_tags_is_suggested_as_the_id_with_the_option_to_copy() {
    for (headers, header) in [
        ("Thing,Foo", "Thing"),
        ("Thing,Name", "Thing"),
        ("Thing \"$\" 1,Lot,Name", "Thing $ 1"),
    ] {
        let quoted = headers
            .replace('"', "\"\"")
            .split(',')
            .map(|one| format!("\"{one}\""))
            .collect::<Vec<_>>();
        let text = format!(
            "{}\n1A4FF0100000022000000001,a,b\n1A4FF0100000022000000002,a,b\n",
            quoted.join(",")
        );
        let stockport = home(&text.replace(",a,b", if quoted.len() == 2 { ",a" } else { ",a,b" }));
        let run = stockport.run(["convert", "in.csv", "-"]).exit(1);
        let quote = if header.contains('$') { '\'' } else { '"' };
        let option = format!("{header}=item_id");
        assert!(
            run.stderr.contains(&format!("--column {quote}{option}{quote}")),
            "{}",
            run.stderr
        );
        let run = stockport.run(["convert", "in.csv", "-", "--column", &option]).ok();
        assert_eq!(items(&run)[1]["item_id"], "1A4FF0100000022000000002");
    }
}

#[test]
fn the_fields_are_listed_with_kind_meaning_and_names() {
    let stockport = Stockport::new();
    let document = stockport.run(["fields", "--json"]).ok().json();
    let fields = document["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 27);
    for field in fields {
        assert!(!field["meaning"].as_str().unwrap().is_empty(), "{field}");
    }
    let quantity = fields.iter().find(|field| field["name"] == "quantity").unwrap();
    assert_eq!(quantity["kind"], "number");
    assert!(
        quantity["names"].as_array().unwrap().contains(&json!("QOH")),
        "{quantity}"
    );
    assert!(
        quantity["suggested"].as_array().unwrap().contains(&json!("Count")),
        "{quantity}"
    );
    let text = stockport.run(["fields"]).ok().stdout;
    for field in fields {
        let name = field["name"].as_str().unwrap();
        assert!(
            text.lines().any(|line| line.split_whitespace().next() == Some(name)),
            "{name}"
        );
    }
}
