//! What a workbook has room for, and that any row that it has room for is read back. Doesn't belong here: each kind of cell
//! (`xlsx_tests`).

use std::fs;

use jiff::civil;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{Sink, column, plain, written};
use super::xlsx_tests::{part, read_back};
use super::*;
use crate::error::UserError as _;
use crate::sheet::excel::read_all;
use crate::sheet::{Moment, NumberFormat};

/// The bytes of a workbook of this capacity.
fn within(capacity: xlsx::Capacity, columns: &[Column], rows: &[Vec<Cell<'_>>]) -> Result<Vec<u8>, WriteError> {
    let sink = Sink::default();
    let out = Out::new(Compression::None, Box::new(sink.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Box::new(xlsx::XlsxWriter::with_capacity(columns, out, folder.path(), capacity)?);
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
    let capacity = xlsx::Capacity {
        rows: 3,
        entry: u64::MAX,
    };
    let rows = |ids: &[&'static str]| ids.iter().map(|id| vec![Cell::Text(id)]).collect::<Vec<_>>();
    let bytes = within(capacity, &columns, &rows(&["1", "2", "3", "4", "5"])).unwrap();
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
    let error = within(capacity, &columns, &rows(&["1", "2", long])).unwrap_err();
    assert!(error.to_string().starts_with("Inventory 2!A2 would hold"), "{error}");
}

/// What a writer says of these rows.
fn notes(rows: &[Vec<Cell<'_>>]) -> Vec<String> {
    let columns = [column("Item ID", Kind::Text), column("Quantity", Kind::Number)];
    let capacity = xlsx::Capacity {
        rows: 3,
        entry: u64::MAX,
    };
    let out = Out::new(Compression::None, Box::new(Sink::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut writer = xlsx::XlsxWriter::with_capacity(&columns, out, folder.path(), capacity).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.notes().iter().map(ToString::to_string).collect()
}

#[test]
fn further_sheets_and_numbers_that_no_cell_holds_are_reported() {
    let row = |digits| vec![Cell::Text("1"), Cell::Digits(digits)];
    assert_eq!(notes(&[row("1.5"), row("0.30000000000000004")]), Vec::<String>::new());
    let long = "0.12345678901234567890123";
    assert_eq!(
        notes(&[row("1"), row("2"), row(long), row("9007199254740993"), row("1e-310")]),
        [
            "the rows beyond row 3 of sheet \"Inventory\" continue in sheet \"Inventory 2\", \"Inventory 3\"; stockport \
             reads the sheets as one",
            "3 numbers with more digits than a workbook's number holds: written as text (first: Inventory 2!B2, \
             0.12345678901234567890123); .csv and .jsonl keep numbers of any length",
        ]
    );
}

#[test]
fn a_sheet_beyond_the_older_zip_fields_has_the_newer_ones() {
    let columns = [column("Item ID", Kind::Text)];
    let rows = [vec![Cell::Text("00123")]];
    for (entry, version) in [(u64::MAX, 20), (100, 45)] {
        let capacity = xlsx::Capacity { rows: 3, entry };
        let bytes = within(capacity, &columns, &rows).unwrap();
        // APPNOTE.TXT 4.3.7: "version needed to extract" of the first entry.
        assert_eq!(bytes[4..6], [version, 0]);
        assert_eq!(read_back(&bytes)[1], ["Text(\"00123\")"]);
    }
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
        Just(NumberFormat::of("0.00E+00")),
        Just(NumberFormat::of("0.00%")),
        (1_usize..20).prop_map(|digits| NumberFormat::of(&"0".repeat(digits)))
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
        date.prop_map(|date| Owned::Plain(Cell::Moment(Moment::Date(date), NumberFormat::Plain))),
        (-1.0..90.0).prop_map(|days| Owned::Plain(Cell::Moment(Moment::Duration(days), NumberFormat::Plain))),
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
        // The bound of a sheet's length is one.
        let sheet = part(&once, "xl/worksheets/sheet1.xml");
        let rows = sheet.split_once("<sheetData>").unwrap().1.split_once("</sheetData>").unwrap().0.len() as u64;
        let capacity = xlsx::Capacity { rows: u32::MAX, entry: rows };
        prop_assert_eq!(within(capacity, &columns, &cells).unwrap()[4], 45);
        prop_assert_eq!(read_back(&sink.0.lock().unwrap()), read_back(&once));
        prop_assert_eq!(read_back(&again), read_back(&once));
    }
}
