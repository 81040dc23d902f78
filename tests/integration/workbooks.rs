//! What a workbook or a guarded CSV keeps on its way through reject files and exports, and back.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::support::faulty::Faulty;
use crate::support::{Stockport, sample};

const ORG: &str = "sandbox-company";

/// What stockport itself reads in a file: each row's cells as `inspect` shows them before reading.
fn cells(stockport: &Stockport, file: &str) -> Vec<Vec<String>> {
    let seen = stockport.run(["inspect", file, "--json"]).ok().json();
    let columns = seen["columns"].as_array().unwrap();
    let text = |sample: &Value| sample["before"].as_str().unwrap().to_owned();
    columns
        .iter()
        .map(|column| column["samples"].as_array().unwrap().iter().map(text).collect())
        .collect()
}

fn part(stockport: &Stockport, file: &str, name: &str) -> String {
    let bytes = std::fs::read(stockport.path(file)).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_rejected_rows_of_a_workbook_come_back_as_a_workbook_with_their_own_cells_and_the_bad_one_coloured() {
    let stockport = Stockport::new();
    let bytes = std::fs::read(sample("reading/leading-zeros.xlsx")).unwrap();
    stockport.write("zeros.xlsx", bytes);
    let run = stockport
        .run(["import", "zeros.xlsx", "--sandbox", "--json"])
        .exit(3)
        .json();
    assert_eq!((&run["created"], &run["rejected"]), (&json!(3), &json!(3)));
    let rejects = cells(&stockport, "zeros.rejects.xlsx");
    assert_eq!(
        rejects[0],
        ["1.00E+10", "13232582566688400", "187.5"],
        "numbers in their formats, as they were"
    );
    assert_eq!(rejects[2], ["01", "01", "01"]);
    assert_eq!(rejects[3], ["5", "6", "7"], "_row");
    assert!(part(&stockport, "zeros.rejects.xlsx", "xl/styles.xml").contains("FFFFC7CE"));
    // Nothing of it is an id that would be taken the second time.
    let again = stockport
        .run(["import", "zeros.rejects.xlsx", "--sandbox", "--json"])
        .exit(3)
        .json();
    assert_eq!((&again["created"], &again["rejected"]), (&json!(0), &json!(3)));
}

#[test]
fn errors_and_dates_of_rejected_rows_come_back_as_errors_and_dates() {
    let stockport = Stockport::new();
    stockport.write(
        "errors.xlsx",
        std::fs::read(sample("reading/errors-hidden-row.xlsx")).unwrap(),
    );
    stockport.run(["import", "errors.xlsx", "--sandbox"]).exit(3);
    let sheet = part(&stockport, "errors.rejects.xlsx", "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches("t=\"e\"").count(), 7, "{sheet}");
    let again = stockport
        .run(["import", "errors.rejects.xlsx", "--sandbox", "--json"])
        .exit(3)
        .json();
    assert_eq!(again["rejected"], 7);

    stockport.write(
        "count.xlsx",
        std::fs::read(sample("exports/vendor-workbook.xlsx")).unwrap(),
    );
    // Every row lacks a value somewhere, so each is rejected here.
    stockport
        .run(["import", "count.xlsx", "--sandbox", "--blanks", "reject"])
        .exit(3);
    let rejects = cells(&stockport, "count.rejects.xlsx");
    assert_eq!(rejects[0], ["NCG-0001", "00187", "NCG-0003"]);
    assert_eq!(rejects[5], ["01", "005", "01"]);
    assert_eq!(rejects[10][..2], ["03/04/2026", "05/20/2026"]);
    assert_eq!(rejects[15], ["412.5", "96", "40"]);
    let sheet = part(&stockport, "count.rejects.xlsx", "xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains("<v>46085</v>"),
        "a date is a serial number in a date format: {sheet}"
    );
}

#[test]
fn an_export_for_spreadsheet_programs_imports_as_unchanged_and_json_never_carries_the_guard() {
    let server = Faulty::new();
    for item in [
        json!({"item_id": "00187", "name": "=cmd|' /C calc'!A0", "status": "-1+2", "area_id": "007"}),
        json!({"item_id": "1E10", "name": "'=1+1", "approved": true, "approved_at": "07/08/2021"}),
        json!({"item_id": "=x", "name": "=\"00123\"", "quantity": "024", "units": "TRUE", "area_name": 5.0}),
    ] {
        server.put(ORG, &item);
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["export", "safe.csv", "--excel-safe"]).ok();
    let safe = stockport.read("safe.csv");
    assert!(
        safe.starts_with('\u{feff}') && safe.contains("'=cmd|") && safe.contains("=\"\"00187\"\""),
        "{safe}"
    );
    for name in ["safe.csv", "plain.csv", "plain.xlsx", "plain.json", "plain.tsv"] {
        if name != "safe.csv" {
            stockport.run(["export", name]).ok();
        }
        let run = stockport.run(["import", name, "--json"]).ok().json();
        assert_eq!(
            (&run["unchanged"], &run["read"]),
            (&json!(3), &json!(3)),
            "{name}: {run}"
        );
    }
    stockport.run(["export", "safe.json", "--excel-safe"]).ok();
    assert_eq!(stockport.read("safe.json"), stockport.read("plain.json"));
}

#[test]
fn a_row_of_a_workbook_that_ends_early_clears_what_its_header_has_a_column_for() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush", "status": "Active"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("short.csv", "item_id,name,status\nA1,Kush,\n");
    stockport.run(["convert", "short.csv", "short.xlsx"]).ok();
    stockport.run(["import", "short.xlsx", "--blanks", "clear"]).ok();
    assert_eq!(server.items(ORG)["A1"]["status"], json!(null));
}

/// The sample with the parts of this name changed.
fn with_part(name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let bytes = std::fs::read(sample("formats/inventory.xlsx")).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut copy = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let part = entry.name().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if part == name {
            content = change(String::from_utf8(content).unwrap()).into_bytes();
        }
        copy.start_file(part, plain).unwrap();
        std::io::Write::write_all(&mut copy, &content).unwrap();
    }
    copy.finish().unwrap().into_inner()
}

#[test]
fn a_flipped_bit_in_a_text_is_damage_and_not_another_id() {
    let stockport = Stockport::new();
    let mut bytes = with_part("", |text| text);
    let at = bytes.windows(5).position(|window| window == b"00187").unwrap();
    bytes[at + 4] ^= 1;
    stockport.write("flipped.xlsx", bytes);
    let run = stockport.run(["convert", "flipped.xlsx", "-"]).exit(1);
    assert!(
        run.stderr.contains("flipped.xlsx is damaged: its part xl/"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
}

#[test]
fn a_formula_that_was_never_calculated_is_refused_by_its_cell() {
    let stockport = Stockport::new();
    let uncalculated = with_part("xl/worksheets/sheet1.xml", |text| {
        let at = text.find("<c r=\"C4\"").unwrap();
        let end = at + text[at..].find("</c>").unwrap();
        format!("{}<c r=\"C4\"><f>6+6</f><v/>{}", &text[..at], &text[end..])
    });
    stockport.write("formula.xlsx", uncalculated);
    let run = stockport.run(["convert", "formula.xlsx", "-"]).exit(3);
    let why = "Inventory!C4: the cell is a formula that was never calculated: open the file in Excel";
    assert!(run.stderr.contains(why), "{}", run.stderr);
}
