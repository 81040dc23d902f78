//! Workbooks that are written read back equal, here and in `LibreOffice`.

use std::fs;
use std::io::Read;

use jiff::civil;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{Sink, column, plain, written};
use super::*;
use crate::error::UserError as _;
use crate::sheet::excel::read_all;
use crate::sheet::tests::seen;
use crate::sheet::{Moment, NumberFormat};

/// All rows of a workbook's first sheet, in the words that the tests compare.
pub(super) fn read_back(bytes: &[u8]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, bytes).unwrap();
    let rows = read_all(&path).unwrap().remove(0).1;
    rows.iter().map(|row| row.cells().map(seen).collect()).collect()
}

#[test]
fn a_workbook_gives_back_ids_as_text_numbers_as_numbers_and_dates_as_dates() {
    let (ten, long, nested) = (json!(10.5), json!(12_345_678_901_234_567_890_u64), json!([1]));
    let columns = [
        column("Item ID", Kind::Text),
        column("Quantity", Kind::Number),
        column("Approved At", Kind::Date),
        column("Approved At Time", Kind::Time),
        column("Approved", Kind::Text),
    ];
    let rows = [
        vec![
            Cell::Text("00123"),
            Cell::Json(&ten),
            Cell::Text("2021-07-08"),
            Cell::Text("09:05:00"),
            Cell::Bool(true),
        ],
        vec![
            Cell::Json(&long),
            Cell::Json(&long),
            Cell::Text("2021-07-08T09:05:07"),
            Cell::Text("9:05"),
            Cell::Json(&nested),
        ],
        vec![
            Cell::Text("3"),
            Cell::Text("024"),
            Cell::Text("1899-01-01"),
            Cell::Empty,
            Cell::Text("2021-07-08"),
        ],
        vec![
            Cell::Text("4"),
            Cell::Empty,
            Cell::Text("2021-07-08T00:00:00"),
            Cell::Empty,
            Cell::Text("x"),
        ],
    ];
    let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap();
    let back = read_back(&bytes);
    assert_eq!(
        back[1],
        [
            "Text(\"00123\")",
            "Number(10.5, Plain)",
            "Moment(Date(2021-07-08))",
            "Moment(Time(09:05:00))",
            "Bool(true)"
        ]
    );
    assert_eq!(
        back[2],
        [
            "Text(\"12345678901234567890\")",
            "Text(\"12345678901234567890\")",
            "Moment(DateTime(2021-07-08T09:05:07))",
            "Text(\"9:05\")",
            "Text(\"[1]\")"
        ]
    );
    assert_eq!(
        back[3],
        [
            "Text(\"3\")",
            "Text(\"024\")",
            "Text(\"1899-01-01\")",
            "Empty",
            "Text(\"2021-07-08\")"
        ]
    );
    assert_eq!(
        back[4],
        [
            "Text(\"4\")",
            "Empty",
            "Text(\"2021-07-08T00:00:00\")",
            "Empty",
            "Text(\"x\")"
        ]
    );
}

#[test]
fn every_number_that_a_double_holds_is_a_number_cell() {
    let columns = [column("Quantity", Kind::Number)];
    let back = |digits: &str| {
        let rows = [vec![Cell::Digits(digits)]];
        let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap();
        read_back(&bytes).remove(1).remove(0)
    };
    for (digits, number) in [
        ("0.30000000000000004", "0.30000000000000004"),
        ("434.99999999999994", "434.99999999999994"),
        // As C's %.17g writes 0.1.
        ("0.10000000000000001", "0.1"),
        ("1180591620717411303424", "1.1805916207174113e21"),
        ("9007199254740992", "9007199254740992.0"),
        ("1.7976931348623157e308", "1.7976931348623157e308"),
        ("-12.500000000000000000000", "-12.5"),
    ] {
        assert_eq!(back(digits), format!("Number({number}, Plain)"), "{digits}");
    }
    for digits in ["9007199254740993", "0.1234567890123456789", "1e400", "5e-324"] {
        assert_eq!(back(digits), format!("Text({digits:?})"));
    }
}

#[test]
fn a_workbooks_own_values_come_back_with_their_formats() {
    let columns: Vec<Column> = (0..6).map(|i| column(&format!("c{i}"), Kind::Text)).collect();
    let row = vec![
        Cell::Number(7.0, NumberFormat::of("00000")),
        Cell::Number(1e10, NumberFormat::of("0.00E+00")),
        Cell::Number(0.25, NumberFormat::of("0.00%")),
        Cell::Moment(Moment::Duration(1.5), NumberFormat::Plain),
        Cell::Moment(Moment::Date(civil::date(1900, 3, 1)), NumberFormat::Plain),
        Cell::Moment(Moment::Date(civil::date(9999, 12, 31)), NumberFormat::Plain),
    ];
    let bytes = written(
        plain(OutFormat::Xlsx),
        &columns,
        &Style::default(),
        std::slice::from_ref(&row),
    )
    .unwrap();
    let expected: Vec<String> = row.iter().map(|cell| seen(*cell)).collect();
    assert_eq!(read_back(&bytes)[1], expected);
}

#[test]
fn what_is_refused_as_an_id_comes_back_as_it_was_and_is_refused_again() {
    let row = vec![Cell::Error("#REF!"), Cell::Error("#DIV/0!"), Cell::Error("#N/A")];
    let columns: Vec<Column> = (0..3).map(|i| column(&format!("c{i}"), Kind::Number)).collect();
    let bytes = written(
        plain(OutFormat::Xlsx),
        &columns,
        &Style::default(),
        std::slice::from_ref(&row),
    )
    .unwrap();
    let expected: Vec<String> = row.iter().map(|cell| seen(*cell)).collect();
    assert_eq!(read_back(&bytes)[1], expected);
    let ids = [
        Cell::Number(1e10, NumberFormat::of("0.00E+00")),
        Cell::Number(1.5, NumberFormat::Plain),
        Cell::Number(13_232_582_566_688_420.0, NumberFormat::Plain),
        Cell::Moment(Moment::Date(civil::date(2021, 1, 2)), NumberFormat::Plain),
        Cell::Bool(true),
        Cell::Error("#REF!"),
    ];
    let rows: Vec<Vec<Cell<'_>>> = ids.iter().map(|id| vec![*id]).collect();
    let bytes = written(
        plain(OutFormat::Xlsx),
        &[column("Item ID", Kind::Text)],
        &Style::default(),
        &rows,
    )
    .unwrap();
    let back = read_back(&bytes);
    for (id, row) in ids.iter().zip(&back[1..]) {
        assert_eq!(row[0], seen(*id));
    }
}

#[test]
fn a_text_too_long_for_a_cell_is_refused_by_address() {
    let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
    let fits = "é".repeat(32_767);
    let rows = [vec![Cell::Text("1"), Cell::Text(&fits)]];
    let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap();
    assert_eq!(read_back(&bytes)[1][1], format!("Text({fits:?})"));
    let long = "x".repeat(32_768);
    let rows = [vec![Cell::Text("1"), Cell::Text(&long)]];
    let error = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Inventory!B2 would hold a text of 32,768 characters; a workbook's cell holds at most 32,767"
    );
    assert_eq!(error.hint(), "write it as .jsonl or .csv, which have no such limit");
}

/// A part of a workbook, as text.
pub(super) fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_id_and_what_looks_like_a_number_stay_text_when_they_are_typed_in_again() {
    let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
    let rows = [
        vec![Cell::Text("Kush"), Cell::Text("Kush")],
        vec![Cell::Text("7"), Cell::Text("007")],
        vec![Cell::Text("8"), Cell::Text("=1+1")],
    ];
    let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap();
    let (sheet, styles) = (part(&bytes, "xl/worksheets/sheet1.xml"), part(&bytes, "xl/styles.xml"));
    let between = |text: &str, before: &str, after: char| -> Option<String> {
        let rest = text.split_once(before)?.1;
        Some(rest.split_once(after)?.0.to_owned())
    };
    let formats = styles.split_once("<cellXfs").unwrap().1;
    let formats: Vec<&str> = formats.split("<xf ").skip(1).collect();
    assert!(
        styles.contains("<numFmt numFmtId=\"164\" formatCode=\"@\"/>"),
        "{styles}"
    );
    let is_text = |style: &str| formats[style.parse::<usize>().unwrap()].starts_with("numFmtId=\"164\"");
    for cell in ["A1", "B1", "A2", "A3", "B3", "A4", "B4"] {
        let style = between(&sheet, &format!("<c r=\"{cell}\" s=\""), '"').unwrap();
        assert!(is_text(&style), "{cell} of {sheet} with {styles}");
    }
    assert!(sheet.contains("<c r=\"B2\" t=\"inlineStr\">"), "{sheet}");
    let column = between(&sheet, "<col min=\"1\" max=\"1\"", '>').unwrap();
    assert!(is_text(&between(&column, "style=\"", '"').unwrap()), "{sheet}");
}

#[test]
fn a_marked_row_reads_back_like_any_other() {
    let columns = [
        column("Item ID", Kind::Text),
        column("Quantity", Kind::Number),
        column("Name", Kind::Text),
    ];
    let sink = Sink::default();
    let mut writer = writer(
        &plain(OutFormat::Xlsx),
        &columns,
        &Style::default(),
        ByteSink::without_file(Box::new(sink.clone())),
    )
    .unwrap();
    let row = [Cell::Text("007"), Cell::Number(5.0, NumberFormat::Plain), Cell::Empty];
    writer.marked_row(&row, &[0, 1, 2]).unwrap();
    writer.finish().unwrap();
    let bytes = sink.0.lock().unwrap().clone();
    assert_eq!(read_back(&bytes)[1], ["Text(\"007\")", "Number(5.0, Plain)"]);
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("FFFFC7CE"), "{styles}");
}

/// A file as `LibreOffice` understands it, as a workbook; none where it isn't installed.
fn through_libreoffice(bytes: &[u8], name: &str) -> Option<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.path().join("profile").display()
    );
    let run = std::process::Command::new("soffice")
        .args(["--headless", &profile, "--convert-to", "ods", "--outdir"])
        .arg(folder.path())
        .arg(&path)
        .output();
    if !run.is_ok_and(|output| output.status.success()) {
        println!("skipped: LibreOffice (soffice) is not installed or doesn't start");
        return None;
    }
    let rows = read_all(&path.with_extension("ods")).unwrap().remove(0).1;
    Some(rows.iter().map(|row| row.cells().map(seen).collect()).collect())
}

#[test]
fn libreoffice_loses_no_zero_of_an_excel_safe_csv_and_runs_nothing() {
    let columns = [
        column("Item ID", Kind::Text),
        column("Name", Kind::Text),
        column("Quantity", Kind::Number),
    ];
    let number = json!(10.5);
    let ids = [
        "00187",
        "1A4FF0100000022000000189",
        "123456789012345678901234",
        "1E10",
        "3-4",
    ];
    let names = ["=cmd|' /C calc'!A0", "+1", "@SUM(1)", "Blue Dream", "-x"];
    let rows: Vec<Vec<Cell<'_>>> = ids
        .iter()
        .zip(names)
        .map(|(id, name)| vec![Cell::Text(id), Cell::Text(name), Cell::Json(&number)])
        .collect();
    let style = Style {
        excel_safe: true,
        ..Style::default()
    };
    let bytes = written(plain(OutFormat::Csv), &columns, &style, &rows).unwrap();
    let Some(seen) = through_libreoffice(&bytes, "safe.csv") else {
        return;
    };
    for ((row, id), name) in seen.iter().skip(1).zip(ids).zip(names) {
        assert_eq!(row[0], format!("{:?}", Cell::Text(id)));
        assert_eq!(row[1], format!("{:?}", Cell::Text(&guard(name))));
        assert_eq!(row[2], "Number(10.5, Plain)");
    }
}

#[test]
fn libreoffice_opens_the_workbook_and_gives_back_the_same() {
    let columns = [
        column("Item ID", Kind::Text),
        column("Approved At", Kind::Date),
        column("Quantity", Kind::Number),
    ];
    let number = json!(10.5);
    let rows = [
        vec![
            Cell::Text("00187"),
            Cell::Text("2021-07-08T09:05:07"),
            Cell::Json(&number),
        ],
        vec![Cell::Text("=1+1"), Cell::Text("2021-07-08"), Cell::Bool(true)],
    ];
    let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &rows).unwrap();
    let Some(seen) = through_libreoffice(&bytes, "book.xlsx") else {
        return;
    };
    assert_eq!(
        seen[1],
        [
            "Text(\"00187\")",
            "Moment(DateTime(2021-07-08T09:05:07))",
            "Number(10.5, Plain)"
        ]
    );
    assert_eq!(seen[2], ["Text(\"=1+1\")", "Moment(Date(2021-07-08))", "Bool(true)"]);
}

proptest! {
    #[test]
    fn a_workbook_gives_back_every_text(text in any::<String>(), id in "\\PC{1,20}|_x[0-9A-F]{4}_| .*|\r\n") {
        let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
        let row = vec![Cell::Text(&id), Cell::Text(&text)];
        let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &[row]).unwrap();
        let back = read_back(&bytes);
        prop_assert_eq!(&back[1][0], &format!("{:?}", Cell::Text(&id)));
        if !text.is_empty() {
            prop_assert_eq!(&back[1][1], &format!("{:?}", Cell::Text(&text)));
        }
    }

    #[test]
    fn a_workbook_gives_back_every_number(number in any::<f64>(), mantissa in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..18) {
        let columns = [column("Quantity", Kind::Number)];
        let decimal = format!("{mantissa}e-{scale}");
        for digits in [number.to_string(), decimal] {
            let Ok(value) = serde_json::from_str::<Value>(&digits) else { continue };
            let bytes = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &[vec![Cell::Json(&value)]]).unwrap();
            let cell = &read_back(&bytes)[1][0];
            let expected: f64 = digits.parse().unwrap();
            let read = cell.strip_prefix("Number(").and_then(|rest| rest.strip_suffix(", Plain)"));
            if let Some(read) = read {
                let back: f64 = read.parse().unwrap();
                prop_assert!((back - expected).abs() <= 0.0, "{} became {}", digits, back);
            } else {
                prop_assert_eq!(cell, &format!("{:?}", Cell::Text(&value.to_string())));
            }
        }
    }
}
