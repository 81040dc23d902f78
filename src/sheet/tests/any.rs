//! Properties that hold for any bytes at all.

use proptest::prelude::*;

use super::chunks::{Chunks, Text};
use super::delimited::DelimitedReader;
use super::rows::{DataRows, DataRule};
use super::*;

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "[\\[\\]{}\",:;\\t\\r\\n0-9a-z é\u{feff}]{0,120}".prop_map(String::into_bytes),
        "\\[?(\\{\"[ab]\":[0-9\\[{\"]{0,4}\\}[,\\n]?){0,5}[\\]}]?".prop_map(String::into_bytes),
    ]) {
        let _ = read_with("a.csv", bytes, &ReadOptions::default());
    }

    #[test]
    fn rows_are_those_of_the_csv_crate_unless_a_quote_is_left_open(text in "[a\",\r\n]{0,60}") {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let theirs: Vec<Vec<String>> =
            reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        let mut ours = Vec::new();
        let mut reader = DelimitedReader::new("", "UTF-8", b',', &Limits::default(), text.as_bytes());
        let mut row = Row::new();
        loop {
            match reader.next(&mut row) {
                Ok(true) => {
                    let before: String = text.replace("\r\n", "\n").replace('\r', "\n");
                    prop_assert!(row.line >= 1 && row.line <= before.split('\n').count() as u64);
                    ours.push(row.cells().map(show).collect::<Vec<_>>());
                }
                Ok(false) => {
                    prop_assert_eq!(&ours, &theirs);
                    break;
                }
                Err(ReadError::OpenQuote { .. }) => {
                    prop_assert_eq!(ours.len() + 1, theirs.len());
                    break;
                }
                Err(ReadError::StrayQuote { opens, closes, .. }) => {
                    prop_assert!(opens >= row.line && opens < closes);
                    prop_assert_eq!(&ours[..], &theirs[..ours.len()]);
                    break;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_text_in_chunks_has_the_rows_of_the_text_as_a_whole(
        bytes in prop_oneof![
            "[a#N/A1\",\t;\\r\\né\u{feff}]{0,80}".prop_map(String::into_bytes),
            "(\u{feff})?([ab\u{e9}]{0,3}(\"([a,\t\\r\\n]|\"\"){0,4}\"[a\"]?)?[,\t\\r\\n]){0,30}".prop_map(String::into_bytes),
            prop::collection::vec(prop::sample::select(b"a\",\r\n\xc3\xa9".to_vec()), 0..60),
            // Hardly anything that JSON escapes, and far apart.
            "([a]{0,90}[,\t\n]{1,3}(\"[a]{0,70}[,\t\\\\]?[a]{0,70}\"\n)?[\\\\\u{1}]?){0,6}".prop_map(String::into_bytes),
        ],
        delimiter in prop::sample::select(b",\t".to_vec()),
        size in 1_usize..40,
        columns in 1_usize..6,
        row_bytes in 8_usize..64,
        skip in 0_u64..2,
    ) {
        let limits = Limits { columns, row_bytes, ..Limits::default() };
        let rule = DataRule { found: header::Found::default(), hidden: std::sync::Arc::default() };
        let plain = DelimitedReader::new("f", "UTF-8", delimiter, &limits, &*bytes).skipping(skip);
        let text = Text { file: "f".to_owned(), encoding: "UTF-8", delimiter, limits, skip };
        let input = Box::new(std::io::Cursor::new(bytes.clone()));
        let mut chunks = Chunks::new(text, rule.clone(), input).sized(size);
        let whole = all_rows(&mut DataRows::new(plain, rule));
        let mut pieces = (Vec::new(), None);
        while pieces.1.is_none() {
            match chunks.next() {
                Ok(Some(mut piece)) => {
                    let (rows, failure) = all_rows(&mut piece);
                    pieces.0.extend(rows);
                    pieces.1 = failure;
                }
                Ok(None) => break,
                Err(failure) => pieces.1 = Some(failure.to_string()),
            }
        }
        prop_assert_eq!(pieces, whole);
    }
}

/// All rows, and the error that ended them. What is called plain is plain.
fn all_rows(reader: &mut dyn RowReader) -> (Vec<(u64, Vec<String>)>, Option<String>) {
    let (mut row, mut rows) = (Row::new(), Vec::new());
    loop {
        match reader.next(&mut row) {
            Ok(true) => {
                let escapes = |text: &str| text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
                let needs_none = row
                    .cells()
                    .all(|cell| !matches!(cell, Cell::Text(text) if escapes(text)));
                assert!(needs_none || !row.is_plain(), "{row:?}");
                rows.push((
                    row.line,
                    row.cells()
                        .map(show)
                        .chain(row.is_misquoted().then(String::new))
                        .collect(),
                ));
            }
            Ok(false) => return (rows, None),
            Err(failure) => return (rows, Some(failure.to_string())),
        }
    }
}
