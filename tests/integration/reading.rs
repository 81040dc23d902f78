//! What makes real files hard, each in a sample of our own; and the files of other projects themselves, where they lie
//! beside this one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Stockport, TestSandbox, sample};

fn inspected(path: &str) -> Value {
    Stockport::new().run(["inspect", path, "--json"]).ok().json()
}

/// A sample's items, as `convert` writes them; it may reject rows.
fn items(path: &str) -> Vec<Value> {
    let run = Stockport::new().run(["convert", path, "-"]);
    assert!([0, 3].contains(&run.code), "{run:?}");
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn fields<'v>(items: &'v [Value], field: &str) -> Vec<&'v Value> {
    items.iter().map(|item| &item[field]).collect()
}

fn ours(name: &str) -> String {
    sample(&format!("reading/{name}"))
}

fn noted(seen: &Value, words: &str) -> bool {
    let notes = seen["notes"].as_array().unwrap();
    notes.iter().any(|note| note.as_str().unwrap().contains(words))
}

fn headers(seen: &Value) -> Vec<&str> {
    let columns = seen["columns"].as_array().unwrap();
    columns
        .iter()
        .map(|column| column["header"].as_str().unwrap())
        .collect()
}

fn problem_cells(seen: &Value) -> Vec<(&str, &str)> {
    let problems = seen["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| (problem["cell"].as_str().unwrap(), problem["value"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_header() {
    let seen = inspected(&ours("byte-order-mark.csv"));
    assert_eq!((headers(&seen)[0], &seen["encoding"]), ("Item ID", &json!("UTF-8")));
    assert_eq!(
        fields(&items(&ours("byte-order-mark.csv")), "name"),
        ["Crème Brûlée", "柚子"]
    );
}

#[test]
fn windows_1252_is_detected_and_no_letter_is_replaced() {
    assert_eq!(inspected(&ours("windows-1252.csv"))["encoding"], "windows-1252");
    assert_eq!(
        fields(&items(&ours("windows-1252.csv")), "name"),
        ["Château ©", "Piña – cured"]
    );
}

#[test]
fn a_single_accented_letter_is_one_of_windows_1252_and_other_scripts_are_still_known() {
    let stockport = Stockport::new();
    let western: [&[u8]; 7] = [
        b"Ch\xe2teau",
        b"G\xe2teau",
        b"For\xeat",
        b"T\xeate",
        b"Na\xefve",
        b"Caf\xe9",
        b"\xbd oz",
    ];
    let names = ["Château", "Gâteau", "Forêt", "Tête", "Naïve", "Café", "½ oz"];
    // "Синий", "Αθήνα", "大麻の花" and "Příliš žluťoučký" in windows-1251, windows-1253, Shift_JIS and windows-1250.
    let other: [&[u8]; 4] = [
        b"\xd1\xe8\xed\xe8\xe9",
        b"\xc1\xe8\xde\xed\xe1",
        b"\x91\xe5\x96\x83\x82\xcc\x89\xd4",
        b"P\xf8\xedli\x9a \x9elu\x9dou\xe8k\xfd",
    ];
    let others = ["Синий", "Αθήνα", "大麻の花", "Příliš žluťoučký"];
    for (bytes, name) in western.iter().zip(names).chain(other.iter().zip(others)) {
        let text = [b"item_id,name,status\nA,", *bytes, b",active\nB,Kush,active\n"].concat();
        std::fs::write(stockport.path("one.csv"), text).unwrap();
        let run = stockport.run(["convert", "one.csv", "-"]).ok();
        assert!(run.stdout.contains(&format!("\"{name}\"")), "{name}: {}", run.stdout);
    }
}

#[test]
fn two_columns_of_one_header_are_refused_and_both_are_named() {
    let stockport = Stockport::new();
    for command in ["convert", "import"] {
        let mut args = vec![command.to_owned(), ours("two-ids.csv")];
        args.extend(if command == "convert" {
            ["-"].map(str::to_owned)
        } else {
            ["--sandbox"].map(str::to_owned)
        });
        let run = stockport.run(args).exit(1);
        let said = run.stderr.clone() + &run.stdout;
        assert!(said.contains("\"id\" (column 1) and \"id\" (column 3)"), "{said}");
    }
    let seen = inspected(&ours("two-ids.csv"));
    assert!(
        seen["problems"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("\"id\" (column 3)"),
        "{seen}"
    );
}

#[test]
fn a_comment_above_the_header_is_no_header_whatever_quotation_marks_it_holds() {
    assert_eq!(inspected(&ours("comment-first.csv"))["header_row"], 2);
    assert_eq!(fields(&items(&ours("comment-first.csv")), "item_id"), ["C-1", "C-2"]);
}

#[test]
fn a_title_and_a_total_are_no_items_and_the_1904_epoch_is_right() {
    let seen = inspected(&ours("title-total-1904.xlsx"));
    assert_eq!((&seen["header_row"], &seen["rows"]), (&json!(2), &json!(1)));
    assert!(noted(&seen, "row 4 (\"TOTAL\") is a total"), "{seen}");
    let items = items(&ours("title-total-1904.xlsx"));
    assert_eq!(
        items,
        [json!({"item_id": "T-1", "quantity": 9, "approved_at": "2021-01-01"})]
    );
}

#[test]
fn leading_zeros_stay_integers_are_shown_as_such_and_damaged_ids_are_rejected_by_cell() {
    let items = items(&ours("leading-zeros.xlsx"));
    assert_eq!(fields(&items, "item_id"), ["001", "00187", "10001"]);
    assert_eq!(fields(&items, "area_id"), ["a", "1", "2.5"]);
    let seen = inspected(&ours("leading-zeros.xlsx"));
    let cells: Vec<_> = problem_cells(&seen).into_iter().map(|(cell, _)| cell).collect();
    assert_eq!(cells, ["Stock!A5", "Stock!A6", "Stock!A7"]);
}

#[test]
fn a_line_break_inside_quotes_keeps_the_lines_of_messages_right() {
    let seen = inspected(&ours("quoted-line-break.csv"));
    assert_eq!((&seen["rows"], &seen["problems"][0]["row"]), (&json!(2), &json!(4)));
    assert_eq!(items(&ours("quoted-line-break.csv"))[0]["name"], "Once upon\r\na time");
}

#[test]
fn error_values_of_a_utf_16_text_are_reported_and_their_look_alikes_are_text() {
    let seen = inspected(&ours("error-words-utf16.txt"));
    assert_eq!(
        (&seen["encoding"], &seen["delimiter"]),
        (&json!("UTF-16LE"), &json!("\t"))
    );
    let values: Vec<_> = problem_cells(&seen).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["#NULL!", "#DIV/0!", "#REF!", "#N/A"]);
    assert_eq!(fields(&items(&ours("error-words-utf16.txt")), "name"), ["#VALUE"]);
}

#[test]
fn a_macro_sheet_is_no_reason_not_to_read_the_others() {
    assert_eq!(inspected(&ours("macro-sheet.xlsm"))["sheet"], "Stock");
    assert_eq!(fields(&items(&ours("macro-sheet.xlsm")), "item_id"), ["M-1"]);
}

#[test]
fn hidden_sheets_are_left_out_aloud_and_read_when_named() {
    let seen = inspected(&ours("sheet-visibility.xlsx"));
    assert_eq!(seen["sheet"], "Shown");
    for name in ["Hidden", "Deep"] {
        assert!(
            noted(&seen, &format!("sheet \"{name}\" is ignored: it is hidden")),
            "{seen}"
        );
        let run = Stockport::new()
            .run(["convert", &ours("sheet-visibility.xlsx"), "-", "--sheet", name])
            .ok();
        assert!(run.stdout.contains(&format!("\"name\":\"{name}\"")), "{}", run.stdout);
    }
}

#[test]
fn error_cells_are_reported_by_address_and_a_hidden_row_is_read_and_counted_aloud() {
    let seen = inspected(&ours("errors-hidden-row.xlsx"));
    let values = ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"];
    let expected: Vec<(String, &str)> = values
        .iter()
        .zip(2..)
        .map(|(value, row)| (format!("Stock!C{row}"), *value))
        .collect();
    let cells = problem_cells(&seen);
    assert_eq!(
        cells,
        expected
            .iter()
            .map(|(cell, value)| (cell.as_str(), *value))
            .collect::<Vec<_>>()
    );
    assert!(noted(&seen, "1 row is hidden in the sheet"), "{seen}");
    assert_eq!(fields(&items(&ours("errors-hidden-row.xlsx")), "item_id"), ["X-8"]);
}

#[test]
fn a_password_is_told_with_what_to_do() {
    let run = Stockport::new()
        .run(["convert", &ours("password-protected.xlsx"), "-"])
        .exit(1);
    assert!(
        run.stderr.contains("password-protected.xlsx is password-protected"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("hint: open it in Excel, remove the password"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_forged_workbook_is_refused_in_plain_words_without_a_panics_own() {
    let stockport = Stockport::new();
    let mut bytes = std::fs::read(sample("formats/inventory.xls")).unwrap();
    // One byte of one record's length, on which the library panics in an unoptimized build.
    bytes[0x13d5] = 0xc9;
    stockport.write("forged.xls", bytes);
    let run = stockport.run(["inspect", "forged.xls"]);
    assert!([0, 1].contains(&run.code), "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    if run.code == 1 {
        let refusals = ["error: forged.xls is damaged", "error: forged.xls is too large"];
        assert!(
            refusals.iter().any(|refusal| run.stderr.starts_with(refusal)),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_file_is_what_it_holds_whatever_its_name_says() {
    assert_eq!(inspected(&ours("workbook-named-csv.csv"))["format"], "xlsx");
    assert_eq!(inspected(&ours("tabs-named-xls.xls"))["format"], "tsv");
    let run = Stockport::new()
        .run(["inspect", &ours("web-page-named-xls.xls")])
        .exit(1);
    assert!(
        run.stderr.contains("is a web page (HTML), not a workbook"),
        "{}",
        run.stderr
    );
}

#[test]
fn excels_binary_formats_are_read_old_and_new() {
    for (name, format) in [
        ("stock.xlsb", "xlsb"),
        ("stock-excel-95.xls", "xls"),
        ("inventory.xls", "xls"),
    ] {
        assert_eq!(inspected(&sample(&format!("formats/{name}")))["format"], format);
    }
    for name in ["stock.xlsb", "stock-excel-95.xls"] {
        assert_eq!(
            items(&sample(&format!("formats/{name}"))),
            [
                json!({"item_id": "00187", "name": "Blue Dream, 3.5 g", "quantity": 12}),
                json!({"item_id": "00188", "name": "Château", "quantity": -2.5}),
            ]
        );
    }
}

#[test]
fn european_numbers_and_dates_are_told_by_the_column() {
    let items = items(&ours("european.csv"));
    let quantities: Vec<String> = fields(&items, "quantity").iter().map(ToString::to_string).collect();
    assert_eq!(quantities, ["1234.5", "1500", "0.75"]);
    assert_eq!(
        fields(&items, "approved_at"),
        ["2025-12-31", "2026-04-03", "2026-02-14"]
    );
}

#[test]
fn two_header_rows_are_joined_and_repeated_headers_blank_rows_and_zeros_are_no_items() {
    let seen = inspected(&ours("two-row-header.xlsx"));
    assert_eq!(headers(&seen), ["Item ID", "Name", "Unit Weight", "Unit Volume"]);
    assert_eq!((&seen["header_row"], &seen["rows"]), (&json!(3), &json!(3)));
    assert!(
        noted(&seen, "repeats the header") && noted(&seen, "row 9 to row 10 hold only zeros"),
        "{seen}"
    );
    let items = items(&ours("two-row-header.xlsx"));
    assert_eq!(fields(&items, "item_id"), ["H-1", "H-2", "H-3"]);
    assert_eq!(items[1]["volume"].to_string(), "0.5");
}

#[test]
fn every_sample_of_a_difficulty_is_explained_and_read_here() {
    let read = include_str!("reading.rs");
    let explained = std::fs::read_to_string(sample("README.md")).unwrap();
    for folder in ["reading", "exports", "mapping"] {
        for entry in std::fs::read_dir(sample(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                explained.contains(&format!("{folder}/{name}`")),
                "{name} is not explained"
            );
            assert!(folder != "reading" || read.contains(&name), "{name} is not read");
        }
    }
}

/// A file of another project, with what `inspect` says of it; none where the folder is absent, which is said aloud.
#[expect(clippy::print_stdout, reason = "what is skipped is said aloud")]
fn real(name: &str) -> Option<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real").join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    let path = path.to_string_lossy().into_owned();
    let run = Stockport::new().run(["inspect", &path, "--json"]);
    Some((path, run.json()))
}

#[test]
fn the_vendors_workbook_gives_exactly_one_item() {
    let Some((path, seen)) = real("inventory_import.xlsm") else {
        return;
    };
    assert_eq!(
        (&seen["sheet"], &seen["rows"], &seen["header_row"]),
        (&json!("Worksheet"), &json!(1), &json!(7))
    );
    let items = items(&path);
    assert_eq!(
        (items.len(), &items[0]["item_id"], &items[0]["name"]),
        (1, &json!("test-item"), &json!("Chess Set"))
    );
}

#[test]
fn the_vendors_workbook_is_imported_exported_and_reads_back_equal() {
    let Some((path, _)) = real("inventory_import.xlsm") else {
        return;
    };
    let wanted = items(&path);
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, "sandbox-company");
    assert_eq!(
        stockport.run(["import", &path, "--json"]).ok().json()["created"],
        json!(1)
    );
    for file in ["out.xlsx", "out.csv", "out.jsonl"] {
        stockport.run(["export", file]).ok();
        let again = stockport.run(["import", file, "--json"]).ok().json();
        assert_eq!((&again["unchanged"], &again["read"]), (&json!(1), &json!(1)), "{file}");
        let back = items(&stockport.path(file).to_string_lossy());
        for (field, value) in wanted[0].as_object().unwrap() {
            assert_eq!(&back[0][field], value, "{field} in {file}");
        }
    }
}

#[test]
fn the_vendors_export_of_samples_begins_with_its_first_header_and_shows_the_order_of_its_dates() {
    let Some((_, seen)) = real("cannlytics-samples.csv") else {
        return;
    };
    assert_eq!((headers(&seen)[0], &seen["rows"]), ("Sample ID", &json!(1)));
    assert!(noted(&seen, "07/08/2021 is read as month/day/year (assumed"), "{seen}");
}

#[test]
fn the_files_of_frictionless_read_as_they_mean() {
    if let Some((path, seen)) = real("fl-bom.csv") {
        assert_eq!((headers(&seen), &seen["rows"]), (vec!["id", "name"], &json!(2)));
        assert_eq!(items(&path).len(), 2);
    }
    if let Some((path, _)) = real("fl-latin1.csv") {
        assert_eq!(fields(&items(&path), "name"), ["english", "©"]);
    }
    if let Some((path, seen)) = real("fl-duplicate-headers.csv") {
        assert!(
            seen["problems"][0]["reason"]
                .as_str()
                .unwrap()
                .contains("\"id\" (column 1) and \"id\" (column 3)")
        );
        let run = Stockport::new().run(["convert", &path, "-"]).exit(1);
        assert!(
            run.stderr.contains("\"id\" (column 1) and \"id\" (column 3)"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stdout, "");
    }
    if let Some((_, seen)) = real("fl-skip-rows-before-headers.csv") {
        assert_eq!((&seen["header_row"], headers(&seen)), (&json!(2), vec!["id", "name"]));
    }
    if let Some((_, seen)) = real("fl-skip-rows.xlsx") {
        assert_eq!((&seen["rows"], headers(&seen)), (&json!(1), vec!["A", "B"]));
        assert!(noted(&seen, "(\"TOTAL\") is a total"), "{seen}");
    }
    if let Some((_, seen)) = real("fl-cast-int-to-string-issue-1251.xlsx") {
        let before = |column: usize| -> Vec<Value> {
            let samples = seen["columns"][column]["samples"].as_array().unwrap();
            samples.iter().map(|sample| sample["before"].clone()).collect()
        };
        assert_eq!(
            (before(0)[0].clone(), before(3)),
            (json!("001"), vec![json!("a"), json!("1")])
        );
    }
}

#[test]
fn the_files_of_sheetjs_and_spectrum_read_as_they_mean() {
    if let Some((_, seen)) = real("spectrum-newlines_crlf.csv") {
        assert_eq!((&seen["rows"], &seen["guessed"]), (&json!(3), &json!(true)));
    }
    if let Some((_, seen)) = real("sjs-ErrorTypes-utf16le.txt") {
        assert_eq!((headers(&seen).len(), &seen["encoding"]), (10, &json!("UTF-16LE")));
        let values: Vec<_> = problem_cells(&seen).into_iter().map(|(_, value)| value).collect();
        assert!(values.contains(&"#NULL!") && !values.contains(&"#NULL?"), "{values:?}");
    }
    if let Some((path, seen)) = real("sjs-BlankSheetTypes.xlsm") {
        let said = seen["error"].as_str().unwrap();
        assert!(
            said.contains("has only blank rows"),
            "its worksheets are read, and are blank: {path}, {said}"
        );
    }
    if let Some((_, seen)) = real("sjs-sheet_visibility.xlsx") {
        assert_eq!(seen["sheet"], "Visible");
        assert!(
            noted(&seen, "\"Hidden\" is ignored") && noted(&seen, "\"VeryHidden\" is ignored"),
            "{seen}"
        );
    }
}

#[test]
fn the_files_of_calamine_read_as_they_mean() {
    if let Some((_, seen)) = real("cal-date_1904.xlsx") {
        assert_eq!(headers(&seen)[0], "2021-01-01");
    }
    if let Some((_, seen)) = real("cal-errors.xlsx") {
        let expected: Vec<String> = (1..=7).map(|row| format!("Feuil1!A{row}")).collect();
        let cells: Vec<_> = problem_cells(&seen).into_iter().map(|(cell, _)| cell).collect();
        assert_eq!(cells, expected);
    }
    if let Some((path, seen)) = real("cal-pass_protected.xlsx") {
        assert!(
            seen["error"].as_str().unwrap().contains("is password-protected"),
            "{path}"
        );
    }
}

#[test]
fn a_guessed_encoding_is_a_warning_with_a_word_of_the_file() {
    let stockport = Stockport::new();
    let mac = b"Item ID,Name,Quantity\rA1,Cr\x8fme br\x9el\x8ee,1\rA2,Jalape\x96o,2\rA3,Caf\x8e,3\r";
    std::fs::write(stockport.path("mac.csv"), mac).unwrap();
    std::fs::write(
        stockport.path("dos.csv"),
        b"item_id,name\r\nA1,Cr\x8ame br\x96l\x82e\r\n",
    )
    .unwrap();
    let run = stockport.run(["convert", "mac.csv", "-"]).ok();
    assert_eq!(
        run.stdout,
        "{\"item_id\":\"A1\",\"name\":\"Crème brûlée\",\"quantity\":1}\n\
         {\"item_id\":\"A2\",\"name\":\"Jalapeño\",\"quantity\":2}\n\
         {\"item_id\":\"A3\",\"name\":\"Café\",\"quantity\":3}\n"
    );
    for (file, words) in [
        (
            "mac.csv",
            "is read as macintosh, a guess from its bytes: line 2 has \"Crème\"",
        ),
        (
            "dos.csv",
            "is read as IBM437, a guess from its bytes: line 2 has \"Crème\"",
        ),
    ] {
        let plan = stockport.run(["import", file, "--dry-run", "--sandbox"]).ok();
        assert!(
            plan.stderr.contains(&format!("warning: the text {words}")),
            "{}",
            plan.stderr
        );
        assert!(noted(&stockport.run(["inspect", file, "--json"]).ok().json(), words));
    }
    let named = stockport
        .run(["import", "mac.csv", "--dry-run", "--sandbox", "--encoding", "macintosh"])
        .ok();
    assert!(!named.stderr.contains("a guess"), "{}", named.stderr);
}
