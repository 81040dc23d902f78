//! Files as other programs write them, and damaged ones, that users reported: each reads as its program shows it, or is
//! refused by name. Doesn't belong here: number formats (`shown`), rows (`rows`), files that we make with those programs
//! (`writers`).

use serde_json::{Value, json};

use crate::shown::{converted, field};
use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

#[test]
fn an_xls_with_a_code_page_of_1252_keeps_its_letters() {
    let (items, run) = converted("codepage-1252.xls");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(field(&items, "item_id"), json!(["1001", "1002", "A3"]));
    assert_eq!(field(&items, "name"), json!(["Crème brûlée", "Blue Dream", "text id"]));
    assert_eq!(field(&items, "quantity"), json!([12.5, 3, 4]));
}

#[test]
fn an_xlsb_with_short_cells_and_an_xlsx_of_sheetjs_read_the_same() {
    for name in ["sheetjs.xlsb", "sheetjs.xlsx"] {
        let (items, run) = converted(name);
        assert_eq!(run.code, 0, "{name}: {run:?}");
        let ids = json!(["00187", "1A4FF0100000022000000123", "00188"]);
        assert_eq!(field(&items, "item_id"), ids, "{name}");
        assert_eq!(
            field(&items, "name"),
            json!(["Crème brûlée 😀", "柚子", "number id"]),
            "{name}"
        );
        assert_eq!(
            field(&items, "quantity"),
            json!([12.5, -3, 10_000_000_000_u64]),
            "{name}"
        );
        assert_eq!(field(&items, "area_id"), json!(["007", "1-2", "4"]), "{name}");
        assert_eq!(field(&items, "approved"), json!([true, false, null]), "{name}");
        assert_eq!(
            field(&items, "moved_at"),
            json!(["2026-07-22", "2026-07-22T15:52:00", null]),
            "{name}"
        );
    }
}

#[test]
fn damaged_parts_are_refused_by_their_names() {
    for (name, part) in [
        ("styles-part-garbage.ods", "styles.xml"),
        ("styles-part-missing.xlsx", "xl/styles.xml"),
        ("bit-flipped-in-shared-strings.xlsx", "xl/sharedStrings.xml"),
    ] {
        let (items, run) = converted(name);
        assert_eq!((run.code, items.len()), (1, 0), "{name}: {run:?}");
        assert!(
            run.stderr.contains("is damaged") && run.stderr.contains(part),
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn numbers_of_17_digits_are_numbers_in_a_workbook() {
    let (items, run) = converted("floats.jsonl");
    assert_eq!((run.code, items.len()), (0, 5), "{run:?}");
    let stockport = Stockport::new();
    stockport.write("in.jsonl", &*super::shown::case("floats.jsonl"));
    stockport.run(["convert", "in.jsonl", "out.xlsx"]).ok();
    let seen = stockport.run(["inspect", "out.xlsx", "--json"]).ok().json();
    let samples = seen["columns"][1]["samples"].as_array().unwrap();
    assert!(
        samples.len() > 1 && samples.iter().all(|sample| sample["after"].is_number()),
        "{samples:?}"
    );
}

#[test]
fn values_of_any_type_are_unchanged_when_their_export_is_imported_or_the_export_names_them() {
    let server = Faulty::new();
    let text = String::from_utf8(super::shown::case("stored-types.jsonl")).unwrap();
    for line in text.lines() {
        server.put(ORG, &serde_json::from_str::<Value>(line).unwrap());
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    for (file, lost) in [
        ("x.xlsx", &["area_id of 2 items", "name of 1 item"][..]),
        ("x.csv", &["area_id of 2 items", "name of 2 items"]),
        ("x.json", &[]),
        ("x.jsonl", &[]),
    ] {
        let export = stockport.run(["export", file, "--json"]).ok().json();
        let warnings = export["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), lost.len(), "{file}: {warnings:?}");
        for (warning, lost) in warnings.iter().zip(lost) {
            let warning = warning.as_str().unwrap();
            assert!(
                warning.contains(lost) && warning.contains(".jsonl"),
                "{file}: {warning}"
            );
        }
        let import = stockport.run(["import", file, "--json"]).ok().json();
        assert_eq!(import["unchanged"], 5, "{file}: {import}");
    }
}
