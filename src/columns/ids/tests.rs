//! Tests of single ids.
//!
//! Doesn't belong here: ids compared with each other.

use super::*;

const CSV: Format = Format::Delimited {
    delimiter: b',',
    encoding: "UTF-8",
};
const XLSX: Format = Format::Workbook("xlsx");

fn id(cell: Cell<'_>, format: &Format) -> Result<String, String> {
    read(cell, format, (&Blanks::default(), &Part::Whole), None).map(|id| id.text.into_owned())
}

#[test]
fn a_number_cell_is_an_id_only_if_nothing_can_have_been_lost() {
    let cell = |value| Cell::Number(value, NumberFormat::Plain);
    assert_eq!(id(cell(10001.0), &XLSX).as_deref(), Ok("10001"));
    assert_eq!(
        id(cell(9_007_199_254_740_991.0), &XLSX).as_deref(),
        Ok("9007199254740991")
    );
    for value in [9_007_199_254_740_992.0, 1.5, f64::NAN, f64::INFINITY] {
        assert!(id(cell(value), &XLSX).is_err(), "{value}");
    }
    assert!(id(Cell::Number(1e10, NumberFormat::of("0.00E+00")), &XLSX).is_err());
    assert_eq!(
        id(Cell::Number(123.0, NumberFormat::of("00000")), &XLSX).as_deref(),
        Ok("00123")
    );
    assert_eq!(
        id(Cell::Number(1_234_567.0, NumberFormat::of("00000")), &XLSX).as_deref(),
        Ok("1234567")
    );
}

#[test]
fn a_number_cell_of_more_than_15_digits_is_pointed_out() {
    let read = |value| {
        read(
            Cell::Number(value, NumberFormat::Plain),
            &XLSX,
            (&Blanks::default(), &Part::Whole),
            None,
        )
        .expect("an id")
    };
    assert!(read(1_323_258_256_668_840.0).long_number);
    assert!(!read(132_325_825_666_884.0).long_number);
}

#[test]
fn an_id_in_a_text_file_is_kept_and_only_pointed_out() {
    for text in ["1E10", "1.0", "1.5e+12", "12.50"] {
        let id = read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None).expect(text);
        assert!(id.suspicious, "{text}");
        assert_eq!(id.text, text);
    }
    for text in ["1A10", "00123", "13232582566688421", "E10", "1.2.3", "WA-1E10"] {
        assert!(
            !read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None)
                .expect(text)
                .suspicious,
            "{text}"
        );
    }
}

#[test]
fn what_is_passed_with_one_look_is_what_all_looks_pass() {
    for text in [
        "1A4060300000000000000001",
        "abcde",
        "1e10x",
        "12345",
        "1E100",
        "none",
        "nonez",
        "a-bcd",
        "äbcdef",
        "A B C D",
    ] {
        let read = |text: &str| {
            read(Cell::Text(text), &CSV, (&Blanks::default(), &Part::Whole), None)
                .expect("an id")
                .text
                .into_owned()
        };
        let sound = Id {
            text: Cow::Borrowed(text),
            trimmed: false,
            unmarked: false,
            padded: false,
            suspicious: false,
            long_number: false,
        };
        let all =
            trimmed(unguard(text), true) == sound && check_id(text).is_ok() && !Blanks::default().is_nothing(text);
        assert!(all || !is_plain(text), "{text}");
        assert!(text == "none" || read(text) == text, "{text}");
    }
    assert!(is_plain("1A4060300000000000000001") && !is_plain("1E100") && !is_plain("none"));
    assert!(!is_plain(&"a".repeat(1501)));
}

#[test]
fn outer_white_space_goes_from_a_sheets_id_and_stays_in_json() {
    let trimmed = read(Cell::Text(" A 1\t"), &CSV, (&Blanks::default(), &Part::Whole), None).expect("an id");
    assert_eq!((trimmed.text.as_ref(), trimmed.trimmed), ("A 1", true));
    assert_eq!(id(Cell::Text(" A 1 "), &Format::Json).as_deref(), Ok(" A 1 "));
}

#[test]
fn the_guard_of_a_spreadsheet_export_is_taken_off() {
    assert_eq!(id(Cell::Text("=\"00123\""), &CSV).as_deref(), Ok("00123"));
}

#[test]
fn an_apostrophe_before_digits_goes_unless_it_is_stored() {
    for (text, id) in [
        ("'00187", "00187"),
        (" '00187 ", "00187"),
        ("'1E10", "1E10"),
        ("'1A4FF01-2", "1A4FF01-2"),
        ("'", "'"),
        ("'A1", "'A1"),
        ("'00187'", "'00187'"),
        ("''00187", "''00187"),
        ("'90s Kush", "'90s Kush"),
    ] {
        for format in [&CSV, &XLSX] {
            let read = read(Cell::Text(text), format, (&Blanks::default(), &Part::Whole), None).expect(text);
            assert_eq!((read.text.as_ref(), read.suspicious), (id, false), "{text}");
            assert_eq!(read.unmarked, !id.contains('\''), "{text}");
        }
    }
    assert_eq!(id(Cell::Text("'00187"), &Format::Json).as_deref(), Ok("'00187"));
    let hasher = RandomState::new();
    let hashes = std::iter::once(hasher.hash_one("'00187")).collect();
    let stored = StoredIds::new(hasher, hashes);
    let read = read(
        Cell::Text("'00187"),
        &CSV,
        (&Blanks::default(), &Part::Whole),
        Some(&stored),
    );
    assert_eq!(read.expect("an id").text, "'00187");
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_line_goes_unless_it_is_stored() {
    let hasher = RandomState::new();
    let hashes = std::iter::once(hasher.hash_one("\u{feff}B2")).collect();
    let stored = StoredIds::new(hasher, hashes);
    let read = |index, text, format: &Format| {
        let how = (&Blanks::default(), &Part::Whole);
        let id = read_at(index, Cell::Text(text), format, how, Some(&stored)).expect("an id");
        (id.text.into_owned(), id.unmarked)
    };
    let kept = |text: &str| (text.to_owned(), false);
    assert_eq!(read(0, "\u{feff}A1", &CSV), ("A1".to_owned(), true));
    assert_eq!(read(0, "\u{feff}B2", &CSV), kept("\u{feff}B2"));
    assert_eq!(read(1, "\u{feff}A1", &CSV), kept("\u{feff}A1"));
    assert_eq!(read(0, "\u{feff}A1", &XLSX), kept("\u{feff}A1"));
}

#[test]
fn what_is_no_text_is_no_id() {
    for cell in [
        Cell::Empty,
        Cell::Absent,
        Cell::Text(" None "),
        Cell::Bool(true),
        Cell::Error("#REF!"),
        Cell::Text("a/b"),
    ] {
        assert!(id(cell, &XLSX).is_err(), "{cell:?}");
    }
    let date = jiff::civil::date(2021, 1, 2);
    assert!(
        id(
            Cell::Moment(crate::sheet::Moment::Date(date), NumberFormat::Plain),
            &XLSX
        )
        .is_err()
    );
    assert!(id(Cell::Text("#REF!"), &CSV).is_err());
    assert_eq!(
        id(Cell::Json(&serde_json::json!(10001)), &Format::Json).as_deref(),
        Ok("10001")
    );
    assert!(id(Cell::Json(&serde_json::json!({})), &Format::Json).is_err());
}
