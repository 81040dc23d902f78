//! Properties that hold for any bytes at all.

use proptest::prelude::*;

use super::delimited::DelimitedReader;
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
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}
