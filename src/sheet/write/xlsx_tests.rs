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
use crate::sheet::{Moment, NumberFormat};

/// All rows of a workbook's first sheet, in the words that the tests compare.
fn read_back(bytes: &[u8]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, bytes).unwrap();
    let rows = read_all(&path).unwrap().remove(0).1;
    rows.iter()
        .map(|row| row.cells().map(|cell| format!("{cell:?}")).collect())
        .collect()
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
fn a_workbooks_own_values_come_back_with_their_formats() {
    let columns: Vec<Column> = (0..6).map(|i| column(&format!("c{i}"), Kind::Text)).collect();
    let row = vec![
        Cell::Number(7.0, NumberFormat::Padded(5)),
        Cell::Number(1e10, NumberFormat::Scientific),
        Cell::Number(0.25, NumberFormat::Percent),
        Cell::Moment(Moment::Duration(1.5)),
        Cell::Moment(Moment::Date(civil::date(1900, 3, 1))),
        Cell::Moment(Moment::Date(civil::date(9999, 12, 31))),
    ];
    let bytes = written(
        plain(OutFormat::Xlsx),
        &columns,
        &Style::default(),
        std::slice::from_ref(&row),
    )
    .unwrap();
    let expected: Vec<String> = row.iter().map(|cell| format!("{cell:?}")).collect();
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
    let expected: Vec<String> = row.iter().map(|cell| format!("{cell:?}")).collect();
    assert_eq!(read_back(&bytes)[1], expected);
    let ids = [
        Cell::Number(1e10, NumberFormat::Scientific),
        Cell::Number(1.5, NumberFormat::Plain),
        Cell::Number(13_232_582_566_688_420.0, NumberFormat::Plain),
        Cell::Moment(Moment::Date(civil::date(2021, 1, 2))),
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
        assert_eq!(row[0], format!("{id:?}"));
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

#[test]
fn rows_beyond_a_sheets_last_go_on_in_the_next_one() {
    let columns = [column("Item ID", Kind::Text)];
    let sink = Sink::default();
    let out = Out::new(Compression::None, Box::new(sink.clone())).unwrap();
    let mut writer = Box::new(xlsx::XlsxWriter::with_sheet_rows(&columns, out, 3).unwrap());
    for id in ["1", "2", "3", "4", "5"] {
        writer.row(&[Cell::Text(id)]).unwrap();
    }
    writer.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, sink.0.lock().unwrap().as_slice()).unwrap();
    let sheets = read_all(&path).unwrap();
    let seen: Vec<(String, usize)> = sheets.iter().map(|(name, rows)| (name.clone(), rows.len())).collect();
    assert_eq!(
        seen,
        [
            ("Inventory".to_owned(), 3),
            ("Inventory 2".to_owned(), 3),
            ("Inventory 3".to_owned(), 2)
        ]
    );
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
        Box::new(sink.clone()),
    )
    .unwrap();
    let row = [Cell::Text("007"), Cell::Number(5.0, NumberFormat::Plain), Cell::Empty];
    writer.marked_row(&row, &[0, 1, 2]).unwrap();
    writer.finish().unwrap();
    let bytes = sink.0.lock().unwrap().clone();
    assert_eq!(read_back(&bytes)[1], ["Text(\"007\")", "Number(5.0, Plain)"]);
    let mut styles = String::new();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.by_name("xl/styles.xml")
        .unwrap()
        .read_to_string(&mut styles)
        .unwrap();
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
    Some(
        rows.iter()
            .map(|row| row.cells().map(|cell| format!("{cell:?}")).collect())
            .collect(),
    )
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

/// A cell that owns what it holds.
#[derive(Clone, Debug)]
enum Owned {
    Plain(Cell<'static>),
    Text(String),
    Digits(String),
    Json(Value),
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Plain(cell) => *cell,
            Self::Text(text) => Cell::Text(text),
            Self::Digits(digits) => Cell::Digits(digits),
            Self::Json(value) => Cell::Json(value),
        }
    }
}

fn any_cell() -> impl Strategy<Value = Owned> {
    let date = (1899_i16..2100, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| civil::date(y, m, d));
    let format = prop_oneof![
        Just(NumberFormat::Plain),
        Just(NumberFormat::Scientific),
        Just(NumberFormat::Percent),
        (0_u8..20).prop_map(NumberFormat::Padded)
    ];
    let text = "\\PC{0,6}|[ \t\r\n<>&\"\u{0}-\u{20}\u{fffd}-\u{ffff}]{0,4}|_x[0-9A-Fg]{4}_|(20[0-9]{2}|18[0-9]{2})-0[0-9]-1[0-9](T[0-2][0-9]:00:07)?|[0-2][0-9]:[0-6]0:00|[-+=.0-9]{1,4}";
    prop_oneof![
        Just(Owned::Plain(Cell::Absent)),
        Just(Owned::Plain(Cell::Empty)),
        any::<bool>().prop_map(|value| Owned::Plain(Cell::Bool(value))),
        Just(Owned::Plain(Cell::Error("#REF!"))),
        Just(Owned::Plain(Cell::Error("#SPILL!"))),
        (any::<f64>(), format.clone()).prop_map(|(value, format)| Owned::Plain(Cell::Number(value, format))),
        (-9_999..9_999_i32, format)
            .prop_map(|(value, format)| Owned::Plain(Cell::Number(f64::from(value) / 8.0, format))),
        date.prop_map(|date| Owned::Plain(Cell::Moment(Moment::Date(date)))),
        (-1.0..90.0).prop_map(|days| Owned::Plain(Cell::Moment(Moment::Duration(days)))),
        text.prop_map(Owned::Text),
        "-?(0|[1-9][0-9]{0,16})(\\.[0-9]{1,6})?(e-?[0-9]{1,3})?".prop_map(Owned::Digits),
        "-?(0|[1-9][0-9]{0,4})(\\.0{0,3}[0-9]{1,3})?".prop_map(Owned::Digits),
        Just(Owned::Json(json!([1, null]))),
        Just(Owned::Json(json!("2021-07-08"))),
        Just(Owned::Json(json!(12.5))),
    ]
}

#[test]
fn many_rows_are_packed_on_many_threads_and_stay_in_order() {
    let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
    let name = "a name that is long enough".repeat(40);
    let sink = Sink::default();
    let out = Out::new(Compression::None, Box::new(sink.clone())).unwrap();
    let mut writer = Box::new(xlsx::XlsxWriter::with_sheet_rows(&columns, out, 4_000).unwrap());
    let encoder = writer.encoder();
    for part in 0..10_u32 {
        let mut rows = Buffer::default();
        for row in 0..1_000 {
            let id = (part * 1_000 + row).to_string();
            encoder
                .encode(&[Cell::Text(&id), Cell::Text(&name)], &mut rows)
                .unwrap();
        }
        writer.encoded(rows.as_slice()).unwrap();
    }
    writer.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, sink.0.lock().unwrap().as_slice()).unwrap();
    let sheets = read_all(&path).unwrap();
    let ids = sheets
        .iter()
        .flat_map(|(_, rows)| rows.iter().skip(1))
        .map(|row| format!("{:?}", row.cells().next().unwrap()));
    let expected: Vec<String> = (0..10_000).map(|id| format!("Text(\"{id}\")")).collect();
    assert_eq!(ids.collect::<Vec<_>>(), expected);
    assert_eq!(
        sheets.iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(),
        [4_000, 4_000, 2_003]
    );
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
    fn the_quick_way_gives_what_rust_xlsxwriter_gives(
        rows in prop::collection::vec((prop::collection::vec(any_cell(), 0..7), prop::collection::vec(0_usize..6, 0..2)), 0..9),
        ids in any::<bool>(),
    ) {
        let kinds = [Kind::Text, Kind::Number, Kind::Date, Kind::Time, Kind::Text, Kind::Number];
        let columns: Vec<Column> = kinds.into_iter().enumerate().map(|(at, kind)| Column { id: ids && at == 4, ..column(&format!("<{at}"), kind) }).collect();
        let rows: Vec<(Vec<Cell<'_>>, Vec<usize>)> = rows.iter().map(|(cells, bad)| (cells.iter().map(Owned::cell).collect(), bad.clone())).collect();
        let sink = Sink::default();
        let mut quick = writer(&plain(OutFormat::Xlsx), &columns, &Style::default(), Box::new(sink.clone())).unwrap();
        for (cells, bad) in &rows {
            quick.marked_row(cells, bad).unwrap();
        }
        quick.finish().unwrap();
        let quick = sink.0.lock().unwrap().clone();
        let plain = xlsx::plain::workbook(&columns, &rows);
        prop_assert_eq!(read_back(&quick), read_back(&plain));
        prop_assert_eq!(xlsx::plain::cells_of(&quick), xlsx::plain::cells_of(&plain));
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
