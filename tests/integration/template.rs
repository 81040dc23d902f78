//! `stockport template`: a workbook that is filled in and imported without a mapping.

use std::io::Read as _;

use serde_json::json;

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

fn part(stockport: &Stockport, file: &str, name: &str) -> String {
    let bytes = std::fs::read(stockport.path(file)).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_empty_template_has_every_field_with_notes_lists_and_formats() {
    let stockport = Stockport::new();
    stockport.run(["template", "fill-in.xlsx"]).ok();
    let seen = stockport.run(["inspect", "fill-in.xlsx", "--json"]).ok().json();
    let columns = seen["columns"].as_array().unwrap();
    assert_eq!(
        (columns.len(), &seen["rows"], &seen["sheet"]),
        (27, &json!(0), &json!("Inventory"))
    );
    assert!(
        columns
            .iter()
            .all(|column| column["by"] == "exact" && column["field"].is_string()),
        "{seen}"
    );
    let sheet = part(&stockport, "fill-in.xlsx", "xl/worksheets/sheet1.xml");
    for words in ["<dataValidation ", "Grams,", "Active,", "errorStyle=\"information\""] {
        assert!(sheet.contains(words), "{words}: {sheet}");
    }
    assert!(part(&stockport, "fill-in.xlsx", "xl/comments1.xml").contains("Every row needs one"));
    assert!(
        part(&stockport, "fill-in.xlsx", "xl/styles.xml").contains("yyyy\\-mm\\-dd")
            || part(&stockport, "fill-in.xlsx", "xl/styles.xml").contains("yyyy-mm-dd")
    );
    assert!(part(&stockport, "fill-in.xlsx", "xl/sharedStrings.xml").contains("Also read under these headers"));
    stockport.run(["template", "fill-in.xlsx"]).exit(1);
    stockport.run(["template", "fill-in.xlsx", "--force"]).ok();
    stockport.run(["template", "fill-in.csv"]).exit(2);
    let run = stockport
        .run(["import", "fill-in.xlsx", "--sandbox", "--json"])
        .ok()
        .json();
    assert_eq!(run["read"], 0);
}

#[test]
fn a_template_with_data_is_imported_as_it_is_and_changes_nothing() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.put(
        ORG,
        &json!({"item_id": "00187", "name": "Crème", "quantity": 12.5, "units": "Grams", "status": "Active",
            "moved_at": "2026-07-22", "moved_at_time": "15:52:00", "approved_at": "2026-07-22T09:05:00",
            "serving_size": "1 gummy", "note": "kept"}),
    );
    server.put(
        ORG,
        &json!({"item_id": "A2", "name": "None", "area_id": "007", "weight": "3.50"}),
    );
    stockport.run(["template", "stored.xlsx", "--with-data"]).ok();
    let run = stockport.run(["import", "stored.xlsx", "--json"]).ok().json();
    assert_eq!((&run["read"], &run["unchanged"]), (&json!(2), &json!(2)), "{run}");
    let seen = stockport.run(["inspect", "stored.xlsx", "--json"]).ok().json();
    assert_eq!((&seen["rows"], &seen["sheet"]), (&json!(2), &json!("Inventory")));
}
