//! What is written for people, opened by a program that people have; skipped aloud where LibreOffice is not installed.

use std::process::Command;

use serde_json::json;
use stockport::item::Object;

use crate::backup::{ORG, object};
use crate::support::{Stockport, TestSandbox};

/// Ids and names that a spreadsheet program spoils when it may: zeros, exponents, digits, formulas, dates.
const IDS: [&str; 7] = [
    "00187",
    "1A4FF0100000022000000123",
    "1E10",
    "123456789012345678901234",
    "=1+1",
    "柚子 🍋",
    "3-4",
];
const NAMES: [&str; 7] = [
    "007",
    "=cmd|' /C calc'!A0",
    "-1+2",
    "@SUM(A1)",
    "1/2",
    "TRUE",
    "'quoted",
];

#[allow(clippy::print_stdout, reason = "a check that is left out says so")]
fn program() -> Option<&'static str> {
    let program = ["soffice", "libreoffice"]
        .into_iter()
        .find(|program| Command::new(program).arg("--version").output().is_ok());
    if program.is_none() {
        println!("skipped: LibreOffice is not installed, so it opens nothing");
    }
    program
}

fn filled() -> (TestSandbox, Stockport) {
    let server = TestSandbox::new();
    for (id, name) in IDS.into_iter().zip(NAMES) {
        let item: Object = object(json!({"item_id": id, "name": name, "quantity": 1.5}));
        server.sandbox.store().put(ORG, id, item).unwrap();
    }
    let stockport = Stockport::new().at(&server, ORG);
    (server, stockport)
}

/// Opens a file, a CSV as the import dialogue shows it (comma, double quote, UTF-8, formulas evaluated as Excel does), and
/// saves it in another format.
fn saved_by(program: &str, stockport: &Stockport, file: &str, to: &str) {
    let profile = format!(
        "-env:UserInstallation=file://{}",
        stockport.home().join("office").display()
    );
    let made = Command::new(program)
        .args([
            &profile,
            "--headless",
            "--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,0,true",
            "--convert-to",
            to,
            file,
        ])
        .current_dir(stockport.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn ids(stockport: &Stockport, file: &str) -> Vec<String> {
    let mut csv = csv::Reader::from_path(stockport.path(file)).unwrap();
    let mut ids: Vec<String> = csv.records().map(|record| record.unwrap()[0].to_owned()).collect();
    ids.sort();
    ids
}

fn expected() -> Vec<String> {
    let mut ids: Vec<String> = IDS.map(str::to_owned).into();
    ids.sort();
    ids
}

/// Comma, double quote, UTF-8, from the first line: LibreOffice's own description of a CSV.
const CSV: &str = "csv:Text - txt - csv (StarCalc):44,34,76,1";

#[test]
fn libreoffice_reads_the_same_ids_from_the_workbook() {
    let Some(program) = program() else { return };
    let (_server, stockport) = filled();
    stockport.run(["export", "out.xlsx"]).ok();
    saved_by(program, &stockport, "out.xlsx", CSV);
    assert_eq!(ids(&stockport, "out.csv"), expected());
}

#[test]
fn libreoffice_loses_no_zero_of_a_csv_that_was_written_for_it_and_what_it_saves_imports_as_unchanged() {
    let Some(program) = program() else { return };
    let (_server, stockport) = filled();
    stockport.run(["export", "safe.csv", "--excel-safe"]).ok();
    // As a workbook, which says what each cell became; and as a CSV again, which the import takes the guard off.
    saved_by(program, &stockport, "safe.csv", "xlsx");
    saved_by(program, &stockport, "safe.xlsx", CSV);
    for id in IDS.into_iter().filter(|id| !id.starts_with('=')) {
        let seen = stockport.run(["convert", "safe.xlsx", "-"]).ok().stdout;
        assert!(seen.contains(&json!(id).to_string()), "{id}: {seen}");
    }
    let run = stockport.run(["import", "safe.csv", "--json"]).ok().json();
    assert_eq!(
        (&run["unchanged"], &run["read"]),
        (&json!(IDS.len()), &json!(IDS.len())),
        "{run}"
    );
}
