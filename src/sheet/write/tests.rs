//! What is written reads back equal.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use jiff::civil;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::{Category, UserError as _};
use crate::sheet::{Moment, NumberFormat};

/// Bytes that the test can look at while the writer owns its end.
#[derive(Clone, Default)]
pub(super) struct Sink(pub(super) Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        id: name == "Item ID",
    }
}

pub(super) fn plain(format: OutFormat) -> Target {
    Target {
        format,
        compression: Compression::None,
    }
}

pub(super) fn written(
    target: Target,
    columns: &[Column],
    style: &Style,
    rows: &[Vec<Cell<'_>>],
) -> Result<Vec<u8>, WriteError> {
    let sink = Sink::default();
    let mut writer = writer(&target, columns, style, ByteSink::without_file(Box::new(sink.clone())))?;
    for row in rows {
        writer.row(row)?;
    }
    writer.finish()?;
    let bytes = sink.0.lock().unwrap().clone();
    Ok(bytes)
}

fn text(format: OutFormat, columns: &[Column], style: &Style, rows: &[Vec<Cell<'_>>]) -> String {
    String::from_utf8(written(plain(format), columns, style, rows).unwrap()).unwrap()
}

#[test]
fn csv_is_quoted_where_it_must_be_and_keeps_every_letter() {
    let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
    let rows = [
        vec![Cell::Text("00123"), Cell::Text("a \"quoted\", name\nin two lines")],
        vec![Cell::Text("2"), Cell::Absent],
        vec![Cell::Text("3")],
    ];
    assert_eq!(
        text(OutFormat::Csv, &columns, &Style::default(), &rows),
        "Item ID,Name\n00123,\"a \"\"quoted\"\", name\nin two lines\"\n2,\n3,\n"
    );
}

#[test]
fn a_single_blank_cell_is_still_a_row() {
    let columns = [column("Name", Kind::Text)];
    let rows = [vec![Cell::Empty]];
    assert_eq!(text(OutFormat::Csv, &columns, &Style::default(), &rows), "Name\n\"\"\n");
}

#[test]
fn values_of_every_kind_become_text_that_says_the_same() {
    let (nested, big) = (json!({"a": [1, null]}), json!(12_345_678_901_234_567_890_u64));
    let columns: Vec<Column> = (0..10).map(|i| column(&format!("c{i}"), Kind::Text)).collect();
    let row = vec![
        Cell::Json(&nested),
        Cell::Json(&big),
        Cell::Bool(true),
        Cell::Number(68.664_999_999_999_99, NumberFormat::Plain),
        Cell::Number(7.0, NumberFormat::of("00000")),
        Cell::Number(-0.0, NumberFormat::Plain),
        Cell::Moment(
            Moment::DateTime(civil::datetime(2021, 7, 8, 9, 5, 0, 0)),
            NumberFormat::Plain,
        ),
        Cell::Moment(Moment::Time(civil::time(9, 5, 0, 0)), NumberFormat::Plain),
        Cell::Moment(Moment::Duration(1.5), NumberFormat::Plain),
        Cell::Error("#REF!"),
    ];
    let text = text(OutFormat::Tsv, &columns, &Style::default(), &[row]);
    assert_eq!(
        text.lines().nth(1).unwrap(),
        "\"{\"\"a\"\":[1,null]}\"\t12345678901234567890\ttrue\t68.665\t00007\t0\t2021-07-08T09:05:00\t09:05:00\t36:00:00\t#REF!"
    );
}

#[test]
fn a_reject_file_keeps_its_inputs_delimiter_encoding_and_mark() {
    let columns = [column("Item ID", Kind::Text), column("Name", Kind::Text)];
    let rows = [vec![Cell::Text("1"), Cell::Text("©rème €")]];
    let style = Style {
        delimiter: Some(b';'),
        encoding: Some("windows-1252"),
        ..Style::default()
    };
    let bytes = written(plain(OutFormat::Csv), &columns, &style, &rows).unwrap();
    assert_eq!(bytes, b"Item ID;Name\n1;\xA9r\xE8me \x80\n");

    let style = Style {
        encoding: Some("UTF-16LE"),
        bom: true,
        line_end: LineEnd::CrLf,
        ..Style::default()
    };
    let bytes = written(plain(OutFormat::Tsv), &columns, &style, &rows).unwrap();
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(
        String::from_utf16(&units).unwrap(),
        "\u{FEFF}Item ID\tName\r\n1\t©rème €\r\n"
    );
}

#[test]
fn a_long_utf_16_file_is_not_broken_where_the_buffer_ends() {
    let columns = [column("Name", Kind::Text)];
    let long = "a€😀".repeat(20_000);
    let style = Style {
        encoding: Some("UTF-16BE"),
        ..Style::default()
    };
    let bytes = written(plain(OutFormat::Csv), &columns, &style, &[vec![Cell::Text(&long)]]).unwrap();
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(String::from_utf16(&units).unwrap(), format!("Name\n{long}\n"));
}

#[test]
fn a_character_that_the_encoding_lacks_is_named_with_its_place() {
    let columns = [column("Name", Kind::Text)];
    let style = Style {
        encoding: Some("windows-1252"),
        ..Style::default()
    };
    let error = written(
        plain(OutFormat::Csv),
        &columns,
        &style,
        &[vec![Cell::Text("naïve 漢字")]],
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 2, column \"Name\" holds '漢', which windows-1252 can't express"
    );
    assert_eq!(error.hint(), "write it as UTF-8");
    let style = Style {
        encoding: Some("klingon"),
        ..Style::default()
    };
    let error = written(plain(OutFormat::Csv), &columns, &style, &[]).unwrap_err();
    assert_eq!(error.to_string(), "there is no text encoding named \"klingon\"");
}

#[test]
fn json_is_always_valid_and_leaves_out_what_is_absent() {
    let number = json!(1.50);
    let columns = [
        column("item_id", Kind::Text),
        column("quantity", Kind::Number),
        column("note", Kind::Text),
    ];
    let rows = [
        vec![Cell::Text("00\"1"), Cell::Json(&number), Cell::Empty],
        vec![Cell::Text("2"), Cell::Absent, Cell::Number(3.0, NumberFormat::Plain)],
    ];
    let array = text(OutFormat::Json, &columns, &Style::default(), &rows);
    assert_eq!(
        array,
        "[\n{\"item_id\":\"00\\\"1\",\"quantity\":1.5,\"note\":null},\n{\"item_id\":\"2\",\"note\":3}\n]\n"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&array).unwrap().as_array().unwrap().len(),
        2
    );
    let lines = text(OutFormat::Jsonl, &columns, &Style::default(), &rows);
    assert_eq!(lines.lines().count(), 2);
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).unwrap().is_object())
    );
    let empty = text(OutFormat::Json, &columns, &Style::default(), &[]);
    assert_eq!(serde_json::from_str::<Value>(&empty).unwrap(), json!([]));
}

#[test]
fn what_is_packed_unpacks_to_the_same() {
    let columns = [column("Name", Kind::Text)];
    let rows = [vec![Cell::Text("x")]];
    let packed = |compression| {
        written(
            Target {
                format: OutFormat::Csv,
                compression,
            },
            &columns,
            &Style::default(),
            &rows,
        )
        .unwrap()
    };
    let mut gunzipped = String::new();
    flate2::read::MultiGzDecoder::new(packed(Compression::Gzip).as_slice())
        .read_to_string(&mut gunzipped)
        .unwrap();
    assert_eq!(gunzipped, "Name\nx\n");
    assert_eq!(
        zstd::stream::decode_all(packed(Compression::Zstd).as_slice()).unwrap(),
        b"Name\nx\n"
    );
}

#[test]
fn a_path_tells_format_and_packing() {
    let target = |path: &str| Target::for_path(Path::new(path));
    assert_eq!(target("a.CSV"), Some(plain(OutFormat::Csv)));
    assert_eq!(target("a.b.xlsx"), Some(plain(OutFormat::Xlsx)));
    assert_eq!(
        target("a.jsonl.zst"),
        Some(Target {
            format: OutFormat::Jsonl,
            compression: Compression::Zstd
        })
    );
    assert_eq!(
        target("a.tsv.gz"),
        Some(Target {
            format: OutFormat::Tsv,
            compression: Compression::Gzip
        })
    );
    assert_eq!(target("a.gz"), None);
    assert_eq!(target("a.pdf"), None);
    assert_eq!(target("csv"), None);
    for format in [
        OutFormat::Csv,
        OutFormat::Tsv,
        OutFormat::Xlsx,
        OutFormat::Json,
        OutFormat::Jsonl,
    ] {
        assert_eq!(OutFormat::from_name(format.name()), Some(format));
    }
}

#[test]
fn an_excel_safe_csv_guards_ids_and_leaves_dates_and_numbers_alone() {
    let number = json!(-5);
    let columns = [
        column("Item ID", Kind::Text),
        column("Approved At", Kind::Date),
        column("Quantity", Kind::Number),
        column("Name", Kind::Text),
    ];
    let rows = [vec![
        Cell::Text("007"),
        Cell::Text("2021-07-08"),
        Cell::Json(&number),
        Cell::Text("=1+1"),
    ]];
    let style = Style {
        excel_safe: true,
        ..Style::default()
    };
    assert_eq!(
        text(OutFormat::Csv, &columns, &style, &rows),
        "\u{FEFF}Item ID,Approved At,Quantity,Name\n\"=\"\"007\"\"\",2021-07-08,-5,'=1+1\n"
    );
}

proptest! {
    #[test]
    fn csv_gives_back_every_text(texts in proptest::collection::vec(any::<String>(), 2)) {
        let columns = [column("a", Kind::Text), column("b", Kind::Text)];
        let row = vec![Cell::Text(&texts[0]), Cell::Text(&texts[1])];
        let bytes = written(plain(OutFormat::Csv), &columns, &Style::default(), &[row]).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let record = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(record.iter().collect::<Vec<_>>(), texts.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// A disk that is full from the start.
struct Full;

impl Write for Full {
    fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_by_every_format_before_it_says_that_all_is_written() {
    let columns = [column("Name", Kind::Text)];
    let target = |format, compression| Target { format, compression };
    for format in [
        OutFormat::Csv,
        OutFormat::Tsv,
        OutFormat::Xlsx,
        OutFormat::Json,
        OutFormat::Jsonl,
    ] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let outcome = writer(
                &target(format, compression),
                &columns,
                &Style::default(),
                ByteSink::without_file(Box::new(Full)),
            )
            .and_then(|mut writer| {
                writer.row(&[Cell::Text("x")])?;
                writer.finish()
            });
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, WriteError::Io(_)),
                "{format:?} {compression:?}: {error}"
            );
            assert_eq!(error.hint(), "free some space, or write to another disk");
            assert_ne!(error.category(), Category::ClosedPipe);
        }
    }
}
