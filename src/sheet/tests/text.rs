//! Delimited text as a whole: encodings, delimiters, lines, quotes, and what can't be read.

use super::*;

fn delimiter(read: &Read) -> char {
    match read.format {
        Format::Delimited { delimiter, .. } => char::from(delimiter),
        _ => panic!("not delimited"),
    }
}

fn encoding(read: &Read) -> &'static str {
    match read.format {
        Format::Delimited { encoding, .. } => encoding,
        _ => panic!("not delimited"),
    }
}

#[test]
fn a_plain_file_gives_its_rows_with_their_lines() {
    let read = read("a.csv", "Item ID,Name\n001,Chess\n,\n002,\n003\n");
    assert_eq!(read.names(), ["Item ID", "Name"]);
    assert_eq!(read.header.by, HeaderBy::Recognized);
    assert_eq!(read.lines(), [2, 4, 5], "the row without a value is blank");
    assert_eq!(read.row(0), ["001", "Chess"]);
    assert_eq!(read.row(1), ["002", ""], "an empty field is an empty cell");
    assert_eq!(read.row(2), ["003"], "the end that a row lacks is absent");
}

#[test]
fn a_row_longer_than_its_header_keeps_its_extra_cells() {
    assert_eq!(read("a.csv", "item_id,name\n1,a,b,c\n").row(0), ["1", "a", "b", "c"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_header() {
    let read = read("a.csv", "\u{feff}item_id,name\n1,语\n");
    assert_eq!(
        (read.names()[0], encoding(&read), read.row(0)[1]),
        ("item_id", "UTF-8", "语")
    );
}

#[test]
fn utf_16_is_read_in_both_orders_with_and_without_a_mark() {
    let text = "item_id\tname\r\n1\tCafé 语\r\n2\tb\r\n3\tc\r\n";
    for little in [true, false] {
        for mark in ["", "\u{feff}"] {
            let read = read("a.csv", utf16(&format!("{mark}{text}"), little));
            assert_eq!(encoding(&read), if little { "UTF-16LE" } else { "UTF-16BE" });
            assert_eq!(
                (delimiter(&read), read.row(0), read.lines()),
                ('\t', vec!["1", "Café 语"], vec![2, 3, 4])
            );
        }
    }
}

#[test]
fn windows_1252_is_read_to_the_letter_and_the_guess_is_shown() {
    let read = read("a.csv", b"item_id,name\n1,Caf\xe9 \x96 \xa9\n");
    assert_eq!((encoding(&read), read.row(0)[1]), ("windows-1252", "Café – ©"));
    assert!(read.noted("windows-1252"), "{:?}", read.notes);
}

#[test]
fn an_encoding_that_is_named_is_used() {
    let options = ReadOptions {
        encoding: Some("windows-1251".to_owned()),
        ..ReadOptions::default()
    };
    let read = read_with("a.csv", b"item_id,name\n1,\xc0\xe1\n", &options).unwrap();
    assert_eq!(read.row(0)[1], "Аб");
    let options = ReadOptions {
        encoding: Some("klingon".to_owned()),
        ..ReadOptions::default()
    };
    assert!(matches!(
        read_with("a.csv", "a\n", &options),
        Err(ReadError::UnknownEncoding(_))
    ));
}

#[test]
fn utf_8_with_one_bad_byte_is_refused_by_its_line_and_not_garbled() {
    let text = b"item_id,name\n1,\xc3\xa9\xc3\xa9\n2,\xc3\xa9\n3,\xe9x\n";
    assert!(matches!(
        refusal("a.csv", text),
        ReadError::NotText {
            line: 4,
            encoding: "UTF-8",
            ..
        }
    ));
    let options = ReadOptions {
        encoding: Some("utf-8".to_owned()),
        ..ReadOptions::default()
    };
    let named = read_with("a.csv", text, &options);
    assert!(matches!(named, Err(ReadError::NotText { line: 4, .. })), "{named:?}");
}

#[test]
fn bytes_that_become_a_character_only_once_the_marks_between_them_are_gone_are_none() {
    for encoding in [Some("utf-8".to_owned()), None] {
        for row in [&b"2,\xc3,\xa9"[..], b"2,\"\xc3\"\xa9,x", b"\"2\",\"\xc3\",\"\xa9\""] {
            let good = b"1,\xc3\xa9,\xe2\x82\xac\n".repeat(1 << 17);
            let text = [b"item_id,name,status\n".as_slice(), &good, row, b"\n"].concat();
            let options = ReadOptions {
                trusting: encoding.is_none(),
                encoding: encoding.clone(),
                ..ReadOptions::default()
            };
            let read = read_with("a.csv", &text, &options);
            assert!(
                matches!(read, Err(ReadError::NotText { line: 131_074, .. })),
                "{row:?}: {:?}",
                read.map(|read| read.row(131_072).len())
            );
        }
    }
}

#[test]
fn a_utf_16_file_that_ends_inside_a_character_is_refused() {
    let mut bytes = utf16("\u{feff}item_id,name\n1,a\n2,b", true);
    bytes.pop();
    assert!(matches!(refusal("a.csv", bytes), ReadError::NotText { line: 3, .. }));
}

#[test]
fn each_delimiter_is_found_whatever_stands_in_quotes() {
    for (delimiting, name) in [(',', "a.txt"), ('\t', "a.csv"), (';', "a.csv"), ('|', "a.xls")] {
        let text = format!("item_id{delimiting}name\n1{delimiting}\"a,b;c|d\te\"\n2{delimiting}x\n");
        let read = read(name, text);
        assert_eq!((delimiter(&read), read.row(0)), (delimiting, vec!["1", "a,b;c|d\te"]));
    }
}

#[test]
fn a_delimiter_is_found_without_any_known_name() {
    assert_eq!(delimiter(&read("a.csv", "x;y\n1,5;2\n1,6;3\n")), ';');
}

#[test]
fn excel_s_first_line_names_the_delimiter_and_is_no_row() {
    let read = read("a.csv", "sep=;\r\nitem_id;name\r\n1;a,b\r\n");
    assert_eq!((delimiter(&read), read.header.line, read.lines()), (';', 2, vec![3]));
}

#[test]
fn a_delimiter_that_is_named_wins() {
    let options = ReadOptions {
        delimiter: Some(b'~'),
        ..ReadOptions::default()
    };
    assert_eq!(
        read_with("a.csv", "item_id~name\n1~a,b\n", &options).unwrap().row(0),
        ["1", "a,b"]
    );
    let options = ReadOptions {
        delimiter: Some(b'"'),
        ..ReadOptions::default()
    };
    assert!(matches!(
        read_with("a.csv", "a\n", &options),
        Err(ReadError::BadDelimiter(b'"'))
    ));
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["item_id,name", "", "1,\"two", "lines\"", "", "", "2,b", ""].join(end);
        let read = read("a.csv", text);
        assert_eq!(read.lines(), [3, 7], "with {end:?}");
        assert_eq!(read.row(0)[1], format!("two{end}lines"), "inner breaks stay");
    }
}

#[test]
fn a_line_break_across_two_blocks_is_counted_once() {
    for padding in (1 << 16) - 30..(1 << 16) + 4 {
        let text = format!("item_id,name\r\n1,{}\r\n2,\"a\r\nb\"\r\n3,c", "x".repeat(padding));
        assert_eq!(read("a.csv", text).lines(), [2, 3, 5]);
    }
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_told_by_its_line() {
    let text = "item_id,name,status\n1,a,b\n2,\"x\ny\",\"open\n3,c,d\n4,e,f\n";
    assert!(matches!(refusal("a.csv", text), ReadError::OpenQuote { line: 4, .. }));
    let limits = Limits {
        row_bytes: 10_000,
        ..Limits::default()
    };
    let options = ReadOptions {
        limits,
        ..ReadOptions::default()
    };
    let swallowed = read_with("a.csv", format!("item_id\n1\n\"{}\"\n", "x,y\n".repeat(9000)), &options);
    assert!(
        matches!(swallowed, Err(ReadError::OpenQuote { line: 3, .. })),
        "{swallowed:?}"
    );
}

#[test]
fn a_quote_inside_a_field_is_text() {
    assert_eq!(
        read("a.csv", "item_id,name\n1,5\" pipe\n2,'\n").row(0),
        ["1", "5\" pipe"]
    );
}

#[test]
fn the_text_of_an_error_value_is_one_and_a_look_alike_is_text() {
    let read = read("a.csv", "item_id,name\n#REF!,#NULL?\n#N/A,#1\n");
    assert_eq!(
        (read.row(0), read.row(1)),
        (vec!["error #REF!", "#NULL?"], vec!["error #N/A", "#1"])
    );
}

#[test]
fn a_million_columns_are_too_many() {
    let text = format!("item_id,name\n1,a\n{}\n", ",".repeat(1_000_000));
    assert!(matches!(refusal("a.csv", text), ReadError::TooLarge { .. }));
    assert!(matches!(
        refusal("a.csv", "a,".repeat(1_000_000)),
        ReadError::TooLarge { .. }
    ));
}

#[test]
fn what_cannot_be_read_is_refused_with_what_to_do() {
    assert!(matches!(refusal("a.csv", ""), ReadError::Empty(_)));
    assert!(matches!(refusal("a.csv", "\n \n,,\n"), ReadError::Blank(_)));
    assert!(matches!(
        refusal("a.xls", "<html><table><tr><td>1"),
        ReadError::HtmlNotWorkbook(_)
    ));
    assert!(matches!(
        refusal("a.xls", "<?xml version=\"1.0\"?><Workbook/>"),
        ReadError::OtherFormat { .. }
    ));
    assert!(matches!(
        refusal("a.csv", "%PDF-1.7\n"),
        ReadError::NotASpreadsheet { .. }
    ));
    assert!(matches!(
        refusal("a.csv", [0, 1, 2, 3, 0, 0, 5, 7]),
        ReadError::NotASpreadsheet { .. }
    ));
    let folder = tempfile::tempdir().unwrap();
    let at = |path| open(&Input::Path(path), &ReadOptions::default(), &Names).err();
    assert!(matches!(at(folder.path().to_owned()), Some(ReadError::Directory(_))));
    assert!(matches!(
        at(folder.path().join("none.csv")),
        Some(ReadError::Missing(_))
    ));
}

#[test]
fn a_sheet_of_a_text_file_is_refused() {
    let options = ReadOptions {
        sheet: SheetChoice::Named("Stock".to_owned()),
        ..ReadOptions::default()
    };
    assert!(matches!(
        read_with("a.csv", "item_id\n1\n", &options),
        Err(ReadError::NoSheets { .. })
    ));
}

#[test]
fn a_file_that_changes_between_the_passes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "item_id\n1\n").unwrap();
    let tables = open(&Input::Path(path.clone()), &ReadOptions::default(), &Names).unwrap();
    fs::write(&path, "item_id\n1\n2\n").unwrap();
    assert!(matches!(tables[0].rows().err(), Some(ReadError::Changed(_))));
}

#[test]
fn a_nul_in_a_cell_is_kept_for_the_columns_to_judge() {
    let text = format!("item_id,name\n{}1\0,a\n", "0,x\n".repeat(50));
    assert_eq!(read("a.csv", text).row(50), ["1\0", "a"]);
}

#[test]
fn standard_input_is_spooled_and_can_be_read_again() {
    let source = source::Source::spool(
        "standard input".to_owned(),
        &mut &b"item_id\n7\n"[..],
        &Limits::default(),
        super::super::Stop::default(),
    );
    let tables = super::super::text::tables(source.unwrap(), &ReadOptions::default(), &Names).unwrap();
    for _ in 0..2 {
        let mut row = Row::new();
        assert!(tables[0].rows().unwrap().next(&mut row).unwrap());
        assert_eq!(
            (row.cell(0), tables[0].file.as_str()),
            (Cell::Text("7"), "standard input")
        );
    }
}

#[test]
fn a_quotation_mark_that_opens_by_mistake_is_told_by_its_line() {
    let text = "item_id,name,quantity\nA1,\"12 inch pipe,1\nA2,plain,2\nA3,\"boxed\",3\nA4,last,4\n";
    let refused = refusal("a.csv", text);
    assert!(
        matches!(
            refused,
            ReadError::StrayQuote {
                opens: 2,
                closes: 4,
                ..
            }
        ),
        "{refused:?}"
    );
    let far = format!(
        "item_id,name\n{}A1,\"12 inch\n{}A3,\"boxed\"\n",
        "x,y\n".repeat(100_000),
        "x,y\n".repeat(500)
    );
    let refused = refusal("a.csv", far);
    assert!(
        matches!(
            refused,
            ReadError::StrayQuote {
                opens: 100_002,
                closes: 100_503,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_header_over_rows_of_another_delimiter_is_refused() {
    for (text, pair) in [
        ("item_id,name,quantity\n1;x;2\n3;y;4\n", (b',', b';')),
        ("item_id,name,quantity\n1;x;2\n", (b',', b';')),
        ("item_id\tname\tquantity\n1,x,2\n3,\"y, z\",4\n", (b'\t', b',')),
        ("item_id;name;quantity\n1,x,2,\n3,y,4,\n", (b';', b',')),
        ("item_id,name\n1|x\n", (b',', b'|')),
    ] {
        let refused = refusal("a.csv", text);
        assert!(
            matches!(refused, ReadError::MixedDelimiters { header, rows, .. } if (header, rows) == pair),
            "{text}: {refused:?}"
        );
    }
    for text in [
        "item_id,name\n1;x\n2,y\n",
        "item_id,name,status\n1\n2\n",
        "item_id,name,status\nA 10:30\n",
        "item_id\n1;x\n2;y\n",
    ] {
        assert!(!read("a.csv", text).rows.is_empty(), "{text}");
    }
}

#[test]
fn rarer_delimiters_are_found_and_reported_where_the_usual_ones_separate_nothing() {
    for rare in ['^', '~', ':'] {
        let read = read("a.csv", format!("item_id{rare}name\n1{rare}a, b\n2{rare}c\n"));
        assert_eq!((delimiter(&read), read.row(0)), (rare, vec!["1", "a, b"]));
        assert!(read.noted(&format!("separated by {rare:?}")), "{:?}", read.notes);
    }
    for text in ["item_id\nA:1\nB:2\n", "Time: 10:30\nitem_id,name\n1,a:b\n"] {
        assert_eq!(delimiter(&read("a.csv", text)), ',', "{text}");
    }
}

#[test]
fn every_dialect_is_read_and_reported() {
    for (text, row, note) in [
        (
            "'item_id','name','status'\n'1','it''s, a','6\" x'\n",
            ["1", "it's, a", "6\" x"],
            "single quotes",
        ),
        (
            "item_id,name,status\n1,\"6\\\" a, b\",c\n2,x,y\n",
            ["1", "6\" a, b", "c"],
            "backslash",
        ),
        (
            "item_id, name, status\n1, \"a, b\", \"c\"\n2, \"x\", y\n",
            ["1", "a, b", "c"],
            "blanks before",
        ),
    ] {
        let read = read("a.csv", text);
        assert_eq!(read.row(0), row, "{text}");
        assert!(read.noted(note), "{:?}", read.notes);
    }
    let named = ReadOptions {
        delimiter: Some(b';'),
        ..ReadOptions::default()
    };
    let read = read_with("a.csv", "item_id;name\n1;'a; b'\n2;'c'\n", &named).unwrap();
    assert_eq!(read.row(0), ["1", "a; b"]);
}

#[test]
fn older_formats_of_spreadsheet_programs_are_named() {
    for (text, name) in [
        ("ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K\"Item ID\"\r\nE\r\n", "SYLK"),
        ("TABLE\r\n0,1\r\n\"EXCEL\"\r\nVECTORS\r\n0,3\r\n", "DIF"),
        (
            "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook/>",
            "2003 XML",
        ),
        (
            "\u{feff}<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
            "2003 XML",
        ),
        ("<?xml version=\"1.0\"?>\n<root/>", "an XML file"),
        (
            "<?xml version=\"1.0\"?>\n\n<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\">",
            "a flat OpenDocument file (.fods)",
        ),
        ("{\\rtf1\\ansi item_id}", "RTF"),
    ] {
        let refused = refusal("a.csv", text).to_string();
        assert!(refused.contains(name), "{refused}");
    }
    let first = |kind: &[u8]| [kind, &[0; 60]].concat();
    for (bytes, name) in [
        (first(b"\x09\x00\x04\x00\x02"), "a workbook of Excel 2"),
        (first(b"\x09\x04\x06\x00\x00\x04"), "a workbook of Excel 4"),
        (first(b"\x09\x08\x08\x00\x00\x00\x10"), "an .xls without the container"),
        (first(b"\x00\x00\x02\x00\x06\x04"), "a Lotus 1-2-3 file"),
    ] {
        let refused = refusal("a.xls", bytes).to_string();
        assert!(
            refused.contains(name) && refused.ends_with("which stockport doesn't read"),
            "{refused}"
        );
    }
    assert_eq!(read("a.csv", "ID;Product;Quantity\nC;x;1\nP1;y;2\n").rows.len(), 2);
}
