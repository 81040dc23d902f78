//! `stockport convert`: any spreadsheet into any format, without an organization.

use std::fs;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::support::{Stockport, sample};

/// The objects of JSON Lines.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_item_has_the_fields_that_have_a_column_null_for_nothing_and_numbers_as_numbers() {
    let stockport = Stockport::new();
    stockport.write(
        "count.csv",
        "Quantity,Item ID,Status,Approved At,Note\n-2.0000,001,None,07/22/2026,left out\n\"1,234.50\",1E10,N/A,,x\n",
    );
    let run = stockport.run(["convert", "count.csv", "-"]).ok();
    assert_eq!(
        run.stdout,
        "{\"item_id\":\"001\",\"status\":null,\"quantity\":-2,\"approved_at\":\"2026-07-22\"}\n\
         {\"item_id\":\"1E10\",\"status\":null,\"quantity\":1234.5,\"approved_at\":null}\n"
    );
    assert!(run.stderr.contains("2 read = 2 written"), "{}", run.stderr);
    stockport.run(["convert", "count.csv", "out.json"]).ok();
    let document: Value = serde_json::from_str(&stockport.read("out.json")).unwrap();
    assert_eq!(document[0]["quantity"], json!(-2));
}

#[test]
fn the_missing_end_of_a_short_row_says_nothing_of_its_fields() {
    let stockport = Stockport::new();
    stockport.write("count.csv", "item_id,name,status\nA,x\n");
    let run = stockport.run(["convert", "count.csv", "-"]).ok();
    assert_eq!(run.stdout, "{\"item_id\":\"A\",\"name\":\"x\"}\n");
}

#[test]
fn an_encoding_that_shows_far_down_is_found_and_a_lone_bad_byte_is_told_by_its_line() {
    let stockport = Stockport::new();
    let row = |at: usize| format!("ID-{at},Blue Dream Flower 3.5g,active\n");
    let plain: String = (0..40_000).map(row).collect();
    let with = |end: &[u8]| [b"item_id,name,status\n", plain.as_bytes(), end].concat();
    fs::write(
        stockport.path("latin.csv"),
        with(b"LAST,Ch\xe2teau,active\nLAST-2,Pi\xf1a,active\n"),
    )
    .unwrap();
    let run = stockport.run(["convert", "latin.csv", "latin.jsonl"]).ok();
    assert!(run.stderr.contains("windows-1252"), "{}", run.stderr);
    let names = lines(&stockport.read("latin.jsonl")).split_off(40_000);
    assert_eq!(
        (&names[0]["name"], &names[1]["name"]),
        (&json!("Château"), &json!("Piña"))
    );

    let row = |at: usize| format!("M-{at},Crème Brûlée,active\n");
    let texts: String = (0..200).map(row).collect();
    fs::write(
        stockport.path("bad.csv"),
        with(&[texts.as_bytes(), b"BAD,\xff,active\n"].concat()),
    )
    .unwrap();
    for output in ["bad.jsonl", "-"] {
        let run = stockport.run(["convert", "bad.csv", output]).exit(1);
        assert!(run.stderr.contains("line 40202"), "{}", run.stderr);
        assert!(run.stdout.is_empty() || output != "-", "{}", run.stdout);
    }
    assert!(!stockport.path("bad.jsonl").exists());

    fs::write(stockport.path("utf8.csv"), with(texts.as_bytes())).unwrap();
    stockport.run(["convert", "utf8.csv", "utf8.jsonl"]).ok();
    assert_eq!(lines(&stockport.read("utf8.jsonl"))[40_100]["name"], "Crème Brûlée");
}

#[test]
fn rejected_rows_go_to_standard_error_and_make_exit_3() {
    let stockport = Stockport::new();
    let run = stockport.run(["convert", &sample("messy.csv"), "-"]).exit(3);
    assert_eq!(lines(&run.stdout).len(), 5);
    let rejected: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("rejected: "))
        .collect();
    assert_eq!(rejected.len(), 10, "{}", run.stderr);
    assert!(
        rejected[1].contains("line 4, column \"Item ID\"") && rejected[1].contains("MESSY/003"),
        "{rejected:?}"
    );
    assert!(
        run.stderr.contains("15 read = 5 written + 10 rejected"),
        "{}",
        run.stderr
    );
    let quiet = stockport
        .run(["convert", &sample("messy.csv"), "out.csv", "--quiet"])
        .exit(3);
    let named = quiet.stderr.lines().filter(|line| line.starts_with("rejected: "));
    assert_eq!(named.count(), 10, "{}", quiet.stderr);
    let run = stockport
        .run(["convert", &sample("messy.csv"), "out2.csv", "--json"])
        .exit(3);
    let summary = run.json();
    assert_eq!(
        (&summary["read"], &summary["written"], &summary["rejected"]),
        (&json!(15), &json!(5), &json!(10))
    );
}

#[test]
fn both_ends_may_be_streams() {
    let input = fs::read(sample("inventory.xlsx")).unwrap();
    let stockport = Stockport::new();
    let run = stockport.run_with_input(["convert", "-", "-"], &input).ok();
    assert_eq!(lines(&run.stdout).len(), 200);
    let csv = stockport
        .run_with_input(["convert", "-", "-", "--format", "csv"], run.stdout.as_bytes())
        .ok();
    assert_eq!(csv.stdout.lines().count(), 201);
    let back = stockport
        .run_with_input(["convert", "-", "-"], csv.stdout.as_bytes())
        .ok();
    assert_eq!(back.stdout, run.stdout, "through csv and back");
}

#[test]
fn every_format_gives_back_the_same_items() {
    let stockport = Stockport::new();
    let mut from = sample("exports/vendor-workbook.xlsx");
    let first = stockport.run(["convert", &from, "-"]).ok().stdout;
    for name in ["a.csv", "b.xlsx", "c.tsv.gz", "d.json.zst", "e.jsonl"] {
        stockport.run(["convert", &from, name]).ok();
        from = name.to_owned();
        assert_eq!(stockport.run(["convert", name, "-"]).ok().stdout, first, "{name}");
    }
    assert!(stockport.read("a.csv").starts_with("item_id,name,item_type,"));
}

#[test]
fn an_existing_file_is_replaced_only_when_that_is_asked_for_and_only_by_a_whole_one() {
    let stockport = Stockport::new();
    stockport.write("out.csv", "mine");
    let run = stockport.run(["convert", &sample("inventory.csv"), "out.csv"]).exit(1);
    assert!(
        run.stderr.contains("out.csv") && run.stderr.contains("--force"),
        "{}",
        run.stderr
    );
    stockport.write("broken.json", "[{\"item_id\":\"A\"},{\"item_id\":");
    stockport.run(["convert", "broken.json", "out.csv", "--force"]).exit(1);
    assert_eq!(stockport.read("out.csv"), "mine");
    stockport
        .run(["convert", &sample("inventory.csv"), "out.csv", "--force"])
        .ok();
    assert_eq!(stockport.read("out.csv").lines().count(), 61);
    // A file may even be converted onto itself.
    stockport
        .run(["convert", "out.csv", "out.csv", "--force", "--headers", "title"])
        .ok();
    assert!(stockport.read("out.csv").starts_with("Item ID,Name,"));
}

#[test]
fn an_id_column_is_needed_and_a_format_that_can_be_told() {
    let stockport = Stockport::new();
    stockport.write("names.csv", "Name,Quantity\nKush,5\n");
    let run = stockport.run(["convert", "names.csv", "-"]).exit(1);
    assert!(run.stderr.contains("no column holds the item id"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    stockport.run(["convert", &sample("inventory.csv"), "out"]).exit(2);
    assert!(!stockport.path("out").exists());
}

#[test]
fn headers_without_rows_convert_to_headers_without_rows() {
    let stockport = Stockport::new();
    stockport.write("empty.csv", "Item ID,Name\n");
    assert_eq!(
        stockport
            .run(["convert", "empty.csv", "-", "--format", "csv"])
            .ok()
            .stdout,
        "item_id,name\n"
    );
    assert_eq!(
        stockport
            .run(["convert", "empty.csv", "-", "--format", "json"])
            .ok()
            .stdout,
        "[\n]\n"
    );
}

#[test]
fn the_guard_for_spreadsheet_programs_goes_on_and_comes_off_and_json_never_carries_it() {
    let stockport = Stockport::new();
    let items = [
        json!({"item_id": "00187", "name": "=cmd|' /C calc'!A0", "quantity": 10.5}),
        json!({"item_id": "123456789012345678901234", "name": "+1 555", "quantity": "007"}),
        json!({"item_id": "1E10", "name": "'tis", "quantity": null}),
    ];
    let text: String = items.iter().map(|item| item.to_string() + "\n").collect();
    stockport.write("items.jsonl", &text);
    stockport
        .run(["convert", "items.jsonl", "safe.csv", "--excel-safe"])
        .ok();
    let safe = stockport.read("safe.csv");
    assert!(safe.starts_with('\u{feff}'), "Excel needs the mark");
    for guarded in [
        "\"=\"\"00187\"\"\"",
        "'=cmd|' /C calc'!A0",
        "\"=\"\"1E10\"\"\"",
        "'+1 555",
    ] {
        assert!(safe.contains(guarded), "{guarded} in {safe}");
    }
    assert_eq!(lines(&stockport.run(["convert", "safe.csv", "-"]).ok().stdout), items);
    let run = stockport.run(["convert", "safe.csv", "-", "--excel-safe"]).ok();
    assert_eq!(lines(&run.stdout), items);
    assert!(
        run.stderr.contains("--excel-safe applies to csv and tsv only"),
        "{}",
        run.stderr
    );
}

#[test]
fn several_sheets_become_one_file() {
    let stockport = Stockport::new();
    let path = sample("reading/sheet-visibility.xlsx");
    let run = stockport.run(["convert", &path, "-", "--sheet", "Deep"]).ok();
    assert_eq!(lines(&run.stdout)[0]["item_id"], "V-3");
    let run = stockport.run(["convert", &path, "-", "--sheet", "*"]).ok();
    assert_eq!(lines(&run.stdout).len(), 1, "hidden sheets are read by name only");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let stockport = Stockport::new();
    let rows: Vec<String> = (0..20_000).map(|n| format!("A{n},{}", "x".repeat(50))).collect();
    stockport.write("long.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    let mut command = stockport.command(["convert", "long.csv", "-"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_mapping_file_of_the_help_is_the_one_that_is_shipped_and_does_what_it_says() {
    let map = sample("mapping/map.toml");
    let page = fs::read_to_string(sample("../src/help/mapping.md")).unwrap();
    assert!(page.contains(&format!("```toml\n{}```", fs::read_to_string(&map).unwrap())));
    let run = Stockport::new()
        .run(["convert", &sample("mapping/count.csv"), "-", "--map", &map])
        .ok();
    let items: Vec<String> = lines(&run.stdout).iter().map(Value::to_string).collect();
    assert_eq!(
        items,
        [
            json!({"item_id": "L-001", "name": "Blue Dream", "quantity": 1204.5, "units": "Kilograms", "area_id": "A-3",
                   "moved_at": "2026-02-14T15:52:00", "price": 74.69, "thc_share": 0.25}),
            json!({"item_id": "L-002", "name": "Sour Diesel", "quantity": 88.25, "units": "Kilograms", "area_id": null,
                   "moved_at": "2026-04-03", "price": 1200, "thc_share": 0.125}),
            json!({"item_id": "L-003", "name": "House Blend", "quantity": null, "units": "Kilograms", "area_id": "B-1",
                   "moved_at": null, "price": null, "thc_share": null}),
        ]
        .map(|item| item.to_string())
    );
}

#[test]
fn one_id_in_two_rows_is_settled_as_the_user_says() {
    let stockport = Stockport::new();
    stockport.write("twice.csv", "item_id,name,status\nA,first,Active\nB,x,\nA,,OnHold\n");
    let named = |how: &str, code: i32| {
        let run = stockport
            .run(["convert", "twice.csv", "-", "--duplicates", how])
            .exit(code);
        let items = lines(&run.stdout);
        let of_a = items.iter().find(|item| item["item_id"] == "A");
        of_a.map_or(String::new(), |item| format!("{} {}", item["name"], item["status"]))
    };
    assert_eq!(named("reject", 3), "");
    assert_eq!(named("first", 0), "\"first\" \"Active\"");
    assert_eq!(named("last", 0), "null \"OnHold\"");
    assert_eq!(named("merge", 0), "\"first\" \"OnHold\"");
}

/// Rows enough for several pieces; `late` stands in the place of one far down.
fn many_rows(late: &str, end: &str) -> String {
    let mut text = format!("item_id,name,moved_at,quantity,status{end}");
    for at in 0..8_000 {
        if at == 7_500 {
            text.push_str(late);
        } else {
            let status = if at % 3 == 0 { "None" } else { "" };
            text.push_str(&format!(
                "ID-{at:05},\"Row, {at} \"\"so\"\"\",01/02/2021,{}.50,{status}",
                at % 900
            ));
        }
        text.push_str(end);
    }
    text
}

#[test]
fn a_file_written_in_one_pass_is_what_two_passes_write_to_standard_output() {
    let plain = "LATE,x,01/02/2021,1,";
    let cases: [(&str, String); 11] = [
        ("nothing special", many_rows(plain, "\n")),
        ("other line ends", many_rows(plain, "\r\n")),
        (
            "an order of dates that shows late",
            many_rows("LATE,x,13/02/2021,1,", "\n"),
        ),
        (
            "a style of numbers that shows late",
            many_rows("LATE,x,,\"1,5\",", "\n"),
        ),
        (
            "an id that stands in two rows",
            many_rows("ID-00007,x,01/02/2021,1,", "\n"),
        ),
        (
            "an id that differs in case only",
            many_rows("id-00007,x,01/02/2021,1,", "\n"),
        ),
        ("a sum in the middle", many_rows("TOTAL,,,12,", "\n")),
        ("a sum at the end", many_rows(plain, "\n") + "TOTAL,,,12,\n"),
        (
            "rows too short, too long and blank",
            many_rows("LATE\n\n,,,\nLONG,,,,,,more", "\n"),
        ),
        (
            "a line break in quotes, and an error value",
            many_rows("LATE,\"a\nb\",#REF!,1,", "\n"),
        ),
        ("letters beyond ASCII", many_rows("LATE,Crème,never,007,n/a", "\n")),
    ];
    for ((what, text), format) in cases.into_iter().zip(["jsonl", "json", "csv"].into_iter().cycle()) {
        for (options, latin) in [
            (&[][..], false),
            (&["--lenient"][..], false),
            (&["--duplicates", "last"][..], true),
        ] {
            let stockport = Stockport::new();
            let bytes = if latin {
                text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
            } else {
                text.clone().into_bytes()
            };
            stockport.write("count.csv", &bytes);
            let out = format!("out.{format}");
            let filed = stockport.run([&["convert", "count.csv", &out], options].concat());
            let streamed = stockport.run([&["convert", "count.csv", "-", "--format", format], options].concat());
            assert!(
                stockport.read(&out) == streamed.stdout,
                "{what} as {format} {options:?}"
            );
            assert_eq!(filed.code, streamed.code, "{what} as {format} {options:?}");
            // The last line is the equation, which for a file stands on standard output.
            let told: Vec<&str> = streamed.stderr.lines().collect();
            let (equation, told) = told.split_last().unwrap();
            assert_eq!(
                filed.stderr.lines().collect::<Vec<_>>(),
                told,
                "{what} as {format} {options:?}"
            );
            assert!(filed.stdout.starts_with(equation), "{equation}: {}", filed.stdout);
        }
    }
}
