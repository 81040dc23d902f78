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

/// A workbook with these limits, as it was written.
fn within(limits: xlsx::Limits, columns: &[Column], rows: &[Vec<Cell<'_>>]) -> Result<Vec<u8>, WriteError> {
    let sink = Sink::default();
    let out = Out::new(Compression::None, Box::new(sink.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Box::new(xlsx::XlsxWriter::with_limits(columns, out, folder.path(), limits)?);
    for row in rows {
        writer.row(row)?;
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "temporary files have no names"
    );
    writer.finish()?;
    let bytes = sink.0.lock().unwrap().clone();
    Ok(bytes)
}

#[test]
fn rows_beyond_a_sheets_last_go_on_in_the_next_one() {
    let columns = [column("Item ID", Kind::Text)];
    let limits = xlsx::Limits {
        rows: 3,
        entry: u64::MAX,
    };
    let rows = |ids: &[&'static str]| ids.iter().map(|id| vec![Cell::Text(id)]).collect::<Vec<_>>();
    let bytes = within(limits, &columns, &rows(&["1", "2", "3", "4", "5"])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, &bytes).unwrap();
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
    for (sheet, filter) in [(1, "A1:A3"), (2, "A1:A3"), (3, "A1:A2")] {
        let xml = part(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
        assert!(xml.contains(&format!("<autoFilter ref=\"{filter}\"/>")), "{xml}");
        assert!(
            xml.contains("state=\"frozen\"") && xml.contains("<cols><col min=\"1\" max=\"1\" width"),
            "{xml}"
        );
    }
    let long: &'static str = "x".repeat(32_768).leak();
    let error = within(limits, &columns, &rows(&["1", "2", long])).unwrap_err();
    assert!(error.to_string().starts_with("Inventory 2!A2 would hold"), "{error}");
}

#[test]
fn a_sheet_beyond_the_older_zip_fields_has_the_newer_ones() {
    let columns = [column("Item ID", Kind::Text)];
    let rows = [vec![Cell::Text("00123")]];
    for (entry, version) in [(u64::MAX, 20), (100, 45)] {
        let limits = xlsx::Limits { rows: 3, entry };
        let bytes = within(limits, &columns, &rows).unwrap();
        // APPNOTE.TXT 4.3.7: "version needed to extract" of the first entry.
        assert_eq!(bytes[4..6], [version, 0]);
        assert_eq!(read_back(&bytes)[1], ["Text(\"00123\")"]);
    }
}

/// A part of a workbook, as text.
fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_panic_over_a_full_disk_becomes_the_systems_error() {
    let full = || Err::<(), _>(std::io::Error::from_raw_os_error(if cfg!(windows) { 112 } else { 28 }));
    let panics: [fn(std::io::Result<()>); 2] = [|full| full.expect("Couldn't write to xml file"), |full| full.unwrap()];
    for panics in panics {
        let error = xlsx::unpanicked(|| {
            panics(full());
            Ok(())
        });
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "the output can't be written: the disk is full");
        assert_eq!(error.hint(), "free some space, or write to another disk");
    }
    let error = xlsx::unpanicked(|| -> Result<(), WriteError> { panic!("something else") }).unwrap_err();
    assert_eq!(error.to_string(), "the output can't be written: something else");
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

proptest! {
    #[test]
    fn a_workbook_is_read_back_the_same_when_it_is_marked_and_when_it_is_written_again(
        rows in prop::collection::vec((prop::collection::vec(any_cell(), 0..7), prop::collection::vec(0_usize..6, 0..2)), 0..9),
        ids in any::<bool>(),
    ) {
        let kinds = [Kind::Text, Kind::Number, Kind::Date, Kind::Time, Kind::Text, Kind::Number];
        let columns: Vec<Column> = kinds.into_iter().enumerate().map(|(at, kind)| Column { id: ids && at == 4, ..column(&format!("<{at}"), kind) }).collect();
        let cells: Vec<Vec<Cell<'_>>> = rows.iter().map(|(cells, _)| cells.iter().map(Owned::cell).collect()).collect();
        let once = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &cells).unwrap();
        let sink = Sink::default();
        let mut marked = writer(&plain(OutFormat::Xlsx), &columns, &Style::default(), ByteSink::without_file(Box::new(sink.clone()))).unwrap();
        for (cells, (_, bad)) in cells.iter().zip(&rows) {
            marked.marked_row(cells, bad).unwrap();
        }
        marked.finish().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book");
        fs::write(&path, &once).unwrap();
        let read = read_all(&path).unwrap().remove(0).1;
        let again: Vec<Vec<Cell<'_>>> = read.iter().skip(1).map(|row| row.cells().collect()).collect();
        let again = written(plain(OutFormat::Xlsx), &columns, &Style::default(), &again).unwrap();
        prop_assert_eq!(read_back(&sink.0.lock().unwrap()), read_back(&once));
        prop_assert_eq!(read_back(&again), read_back(&once));
    }

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
