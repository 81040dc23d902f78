//! What comes of a sheet's XML, usual, unusual and broken.

use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::Path;

use calamine::{Data, DataRef, Reader, Xlsx};
use proptest::prelude::*;

use super::cells::put;
use super::hostile_tests::{Book, xlsx_with};
use super::walk::{Holds, Walk};
use super::{Limits, Merge, Workbook};
use crate::sheet::tests::seen;
use crate::sheet::{Cell, NumberFormat, ReadError, Row};

const STYLES: &[u8] = b"<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy-mm-dd'/><numFmt numFmtId='165' formatCode='[h]:mm'/>\
<numFmt numFmtId='166' formatCode='00000'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/>\
<xf numFmtId='166'/><xf numFmtId='11'/><xf numFmtId='10'/></cellXfs></styleSheet>";
const STRINGS: &[u8] = b"<?xml version='1.0' encoding='UTF-8'?>\n<sst uniqueCount='6'><si><t>None</t></si><si/><si><t xml:space='preserve'> a_x000D_ </t></si>\
<si><r><rPr><b/></rPr><t>ri</t></r><r><t>ch</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si><si><t> &lt;&#233;&gt; </t></si><si><!-- x --><t>a<!-- x -->b<![CDATA[ & ]]>c</t></si></sst>";

fn book(sheet: &str) -> Book {
    let parts = [("xl/styles.xml", STYLES), ("xl/sharedStrings.xml", STRINGS)];
    Book::new(&xlsx_with(sheet.as_bytes(), &parts))
}

fn sheet_of(rows: &str) -> String {
    format!("<worksheet><dimension ref='A1:C9'/><sheetData>{rows}</sheetData></worksheet>")
}

/// The rows in words.
fn shown(rows: &[Row]) -> Vec<String> {
    let line = |row: &Row| {
        let cells: Vec<String> = row.cells().map(seen).collect();
        format!("{}: {}", row.line, cells.join(" "))
    };
    rows.iter().map(line).collect()
}

fn read(rows: &str) -> Vec<String> {
    shown(&book(&sheet_of(rows)).read(Limits::default()).unwrap())
}

fn refusal(sheet: &str) -> String {
    let error = book(sheet).read(Limits::default()).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
    error.to_string()
}

#[test]
fn cells_of_every_kind_are_read() {
    for (rows, expected) in [
        (
            "<row r='1' spans='1:3' ht='15'><c r='A1' t='inlineStr'><is><t>x</t></is></c><c r='C1' s='2'><v>44000.5</v></c></row>",
            "1: Text(\"x\") Empty Moment(Date(2020-06-18))",
        ),
        (
            "<row r='2'><c r='A2' t='e'><v>#DIV/0!</v></c><c r='B2' t='b'><v>1</v></c><c r='C2' t='d'><v>2021-07-08T10:00:00</v></c></row>",
            "2: Error(\"#DIV/0!\") Bool(true) Moment(DateTime(2021-07-08T10:00:00))",
        ),
        (
            "<row r='2'><c r='A2' s='3'><f t='shared' si='0'/><v>1.25</v></c><c r='B2' s='4'><v>7</v></c><c r='C2' s='99'><v>-1.5E-3</v></c></row>",
            "2: Moment(Duration(1.25)) Number(7.0, Coded(\"00000\")) Number(-0.0015, Plain)",
        ),
        (
            "<row r='2'><c r='A2' t='s'><v>2</v></c><c r='B2' t='s'><v>3</v></c><c r='C2' t='s'><v>4</v></c></row>",
            "2: Text(\" a\\r \") Text(\"rich\") Text(\"<é>\")",
        ),
        (
            "<row r='2'><c r='A2' t='inlineStr'><is><r><t xml:space='preserve'> a</t></r><r><rPr><sz val='9'/></rPr><t>b</t></r><rPh sb='0' eb='1'><t>c</t></rPh><phoneticPr/></is></c></row>",
            "2: Text(\" ab\")",
        ),
        (
            "<row r='4'><c r='B4' t='str'><f>A1&amp;\"&lt;\"</f><v>a_x000A_b &amp; c</v></c><c r='C4' s='1'/></row>",
            "4: Empty Text(\"a\\nb & c\")",
        ),
        (
            "<row><c t='n'><v>7</v></c><c t='n'><v> 1,5 </v></c><c t='n'><v>1.2.3</v></c><c t='n'><v>1.5E+2</v></c></row>",
            "1: Number(7.0, Plain) Text(\"1,5\") Text(\"1.2.3\") Number(150.0, Plain)",
        ),
    ] {
        assert_eq!(read(rows), [expected], "{rows}");
    }
}

#[test]
fn unusual_xml_is_read_as_its_usual_sibling() {
    let usual = read(
        "<row r='1'><c r='A1' t='inlineStr'><is><t>ab &amp; c</t></is></c><c r='B1' t='s'><v>3</v></c></row><row r='2'><c r='A2'><v>15</v></c><c r='B2'><v>2</v></c></row>",
    );
    assert_eq!(usual.len(), 2);
    for rows in [
        "<!-- <row> --><row r='1'><!-- <c> --><c r='A1' t='inlineStr'><!-- --><is><t>ab &amp; c</t></is></c><c r='B1' t='s'><v>3</v></c></row><?pi <row> ?><row r='2'><c r='A2'><v>15</v></c><c r='B2'><v>2</v></c></row>",
        "<row><c t='inlineStr'><is><t>ab &amp; c</t></is></c><c t='s'><v>3</v></c></row>\n <row><c><v>15</v></c><c><v>2</v></c></row>\n",
        "<x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>ab &amp; c</x:t></x:is></x:c><x:c r='B1' t='s'><x:v>3</x:v></x:c></x:row><x:row r='2'><x:c r='A2'><x:v>15</x:v></x:c><x:c r='B2'><x:v>2</x:v></x:c></x:row>",
        "<row r='1'><c r='A1' t='inlineStr'><is><r><t>ab</t></r><r><t xml:space='preserve'> <![CDATA[& c]]></t></r></is></c><c r='B1' t='s'><v> 3\n</v></c></row><row r='2'><c r='A2'><v>1<!-- 0 -->5</v></c><c r='B2' t='n'><v>\t2 </v></c></row>",
        "<row r='1'><c r='A1' t='inlineStr'><is><t><![CDATA[ab & c]]></t></is></c><c r='B1' t='s'><v><![CDATA[3]]></v></c></row><row r='2'><c r='A2'><v>&#49;5</v></c><c r='B2'><v><![CDATA[2]]></v></c></row>",
        "<row r='1'><c r='A1' t='str'><v>ab <![CDATA[&]]><!-- --> c</v></c><c r='B1' t='s'><v><!-- -->3</v></c></row><row r='2'><c r='A2'><v>15</v><f>A1</f></c><c r='B2'><extLst><v>9</v></extLst><v>2</v></c></row>",
        "<row r='1'><c r = \"A1\" t='inlineStr' ><is ><t >ab &amp; c</t ></is ></c ><c r='B1' t='s' x='>'><v>3</v></c></row ><row r='2'><c r='A2'><v >15</v ></c><c r='B2'><v>2</v></c></row>",
    ] {
        assert_eq!(read(rows), usual, "{rows}");
    }
    let text = "<row r='1'><c r='A1' t='s'><v>5</v></c></row>";
    assert_eq!(read(text), ["1: Text(\"ab & c\")"]);
    let marks = [
        "\u{feff}",
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n",
    ];
    for mark in marks {
        let sheet = format!("{mark}{}\n", sheet_of(text));
        assert_eq!(book(&sheet).read(Limits::default()).unwrap().len(), 1);
    }
}

#[test]
fn values_that_calamine_would_lose_are_refused_by_their_cells() {
    let uncalculated = "2: Error(\"#NOT_CALCULATED\") Number(1.0, Plain)";
    for cell in [
        "<c r='A2'><f>1+1</f></c>",
        "<c r='A2' t='n'><f>1+1</f><v/></c>",
        "<c r='A2'><f t='shared' si='0'/><v></v></c>",
        "<c r='A2' t='str'><f>A1</f></c>",
    ] {
        assert_eq!(
            read(&format!("<row r='2'>{cell}<c r='B2'><v>1</v></c></row>")),
            [uncalculated]
        );
    }
    // An empty text is what the formula gives.
    assert!(read("<row r='2'><c r='A2' t='str'><f>A1</f><v></v></c></row>")[0].starts_with("2:"));
    for (value, error) in [
        ("#SPILL!", "#SPILL!"),
        (" #N/A ", "#N/A"),
        ("Err:508", "Err:508"),
        ("#A&amp;B", "#A&B"),
    ] {
        let rows = format!("<row><c t='e'><v>{value}</v></c><c><v>1</v></c></row>");
        assert_eq!(read(&rows), [format!("1: Error({error:?}) Number(1.0, Plain)")]);
    }
}

#[test]
fn a_part_in_utf_16_is_named() {
    let text: String = sheet_of("<row><c><v>1</v></c></row>");
    for mark in ["\u{feff}", ""] {
        let bytes: Vec<u8> = format!("{mark}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let error = Book::new(&xlsx_with(&bytes, &[]))
            .read(Limits::default())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error.contains("sheet1.xml is in UTF-16, which stockport doesn't read"),
            !mark.is_empty(),
            "{error}"
        );
    }
}

/// Cells with shared texts are put together in runs; these are the places where a run has to end.
#[test]
fn shared_texts_are_read_at_their_places() {
    for (rows, expected) in [
        (
            "<row r='1'><c r='A1'><v>1</v></c><c r='B1' t='s'><v>0</v></c><c t='s' s='1'><v>3</v></c><c r='AB1' t='s'><v>5</v></c><c><v>2</v></c></row>",
            vec![format!(
                "1: Number(1.0, Plain) Text(\"None\") Text(\"rich\"){} Text(\"ab & c\") Number(2.0, Plain)",
                " Empty".repeat(24)
            )],
        ),
        // Out of order, and two cells at one place, of which the later counts.
        (
            "<row r='1'><c r='C1' t='s'><v>0</v></c><c r='A1' t='s'><v>3</v></c><c r='B1'><v>1</v></c></row>",
            vec!["1: Text(\"rich\") Number(1.0, Plain) Text(\"None\")".to_owned()],
        ),
        (
            "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='A1'><v>1</v></c><c r='B1'><v>1</v></c><c r='B1' t='s'><v>0</v></c><c r='C1' t='s'><v>0</v></c><c r='C1' t='s'><v>3</v></c></row>",
            vec!["1: Number(1.0, Plain) Text(\"None\") Text(\"rich\")".to_owned()],
        ),
        // One that is blank, one that follows a cell without a value, and one of another row.
        (
            "<row r='1'><c r='A1' t='s'><v>1</v></c><c r='B1'/><c t='s'><v>0</v></c></row><row r='2'><c t='s'><v>3</v></c></row>",
            vec![
                "1: Empty Empty Text(\"None\")".to_owned(),
                "2: Text(\"rich\")".to_owned(),
            ],
        ),
        (
            "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B3' t='s'><v>3</v></c><c r='C1' t='s'><v>0</v></c></row>",
            vec![
                "1: Text(\"None\")".to_owned(),
                "3: Empty Text(\"rich\")".to_owned(),
                "1: Empty Empty Text(\"None\")".to_owned(),
            ],
        ),
    ] {
        assert_eq!(read(rows), expected, "{rows}");
    }
}

#[test]
fn a_text_of_the_kind_of_dates_is_no_mark() {
    for (value, expected) in [
        ("~0 0 ", "Text(\"~0 0 \")"),
        ("&#126;0 0 ", "Text(\"~0 0 \")"),
        ("<![CDATA[~]]>0 3 ", "Text(\"~0 3 \")"),
        ("#REF!", "Text(\"#REF!\")"),
        ("<!-- -->&#35;REF!", "Text(\"#REF!\")"),
        ("2021-07-08", "Moment(Date(2021-07-08))"),
        ("&#50;021-07-08", "Moment(Date(2021-07-08))"),
        (" 2021-07-08", "Text(\" 2021-07-08\")"),
        ("<![CDATA[&lt;]]>", "Text(\"&lt;\")"),
    ] {
        let rows = format!("<row r='1'><c r='A1' t='d'><v>{value}</v></c></row>");
        assert_eq!(read(&rows), [format!("1: {expected}")], "{value}");
    }
}

#[test]
fn hidden_rows_and_merged_cells_are_told() {
    let sheet = "<worksheet xmlns='a&amp;b'><sheetPr/><mergeCell ref='A1:A2'/><cols><col min='1' max='3'/></cols><sheetData>\
        <row r='3' hidden='1'/><row hidden='true'><c><v>1</v></c></row><!-- <row hidden='1'/> --><row r='9' hidden='0'/></sheetData>\
        <mergeCells count='2'><mergeCell ref='A1:C1'/><x:mergeCell ref='b2'/></mergeCells>\
        <headerFooter><oddHeader>&amp;C</oddHeader></headerFooter><xdr:row hidden='1'>3</xdr:row></worksheet>\n";
    let book = book(sheet);
    let workbook = Workbook::open(&book.path, "book", &Limits::default()).unwrap();
    assert_eq!(workbook.hidden_rows("S").unwrap(), [3, 4]);
    let merge = Merge {
        first: (1, 0),
        last: (1, 2),
    };
    assert_eq!(workbook.merges("S").unwrap(), [merge]);
    assert_eq!(shown(&book.read(Limits::default()).unwrap()), ["4: Number(1.0, Plain)"]);
}

#[test]
fn what_is_broken_is_damaged() {
    for (cell, why) in [
        (
            "<c r='A2' t='s'><v>77</v></c>",
            "cell A2 of sheet \"S\" refers to shared string 77, which doesn't exist",
        ),
        (
            "<c r='A2' t='s'><v>1.5</v></c>",
            "\"1.5\" is not the number of a shared string in cell A2",
        ),
        (
            "<c r='A2' t='s'><v>99999999999999999999</v></c>",
            "is not the number of a shared string in cell A2",
        ),
        (
            "<c r='A2' t='s'><v>x</v></c>",
            "\"x\" is not the number of a shared string in cell A2",
        ),
        ("<c r='A2'><v>&nope;</v></c>", "in cell A2"),
        ("<c r='A2'><v>1<b/>2</v></c>", "its value has elements in it in cell A2"),
        ("<c r='A2'><v>1</v></row>", "its tags don't match in cell A2"),
        ("<c r='A0'><v>1</v></c>", "sheet \"S\" can't be read"),
        (
            "<c r='A2'><v>1</v></c></row></row></x></y>",
            "a closing tag without an opening tag",
        ),
        ("<c r='A2'><v>1<", "its value has elements in it"),
        (
            "<row r='3'><c r='A3' t='s'><v>0</v></c></row>",
            "a row begins inside a row",
        ),
        (
            "<c r='A2'><v>1</v></c></row><c r='A3'><v>1</v></c><row>",
            "it has a cell outside of its rows",
        ),
        ("<c r='A2'><v>1</v></c><!-- ", "ends in the middle"),
    ] {
        let sheet = format!("<worksheet><sheetData><row r='2'>{cell}</row></sheetData></worksheet>");
        let error = refusal(&sheet);
        assert!(error.contains(why), "{cell}: {error}");
    }
    for sheet in [
        "<worksheet><sheetData><row r='2'/>",
        "<worksheet><sheetData></sheetData>",
        "<worksheet/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet><sheetData/></worksheet>",
    ] {
        refusal(sheet);
    }
    let limits = Limits {
        row_bytes: 1_000,
        ..Limits::default()
    };
    let endless = format!("<worksheet><!-- {} --><sheetData/></worksheet>", " ".repeat(200_000));
    let error = book(&endless).read(limits).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}

fn lent(value: &Data) -> DataRef<'_> {
    match value {
        Data::Empty => DataRef::Empty,
        Data::Int(value) => DataRef::Int(*value),
        Data::Float(value) => DataRef::Float(*value),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(value) => DataRef::DateTime(*value),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
    }
}

/// Every workbook at hand has the rows that calamine makes of it alone.
#[test]
fn every_workbook_at_hand_reads_as_by_calamine_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rows = 0;
    for path in [
        "samples/inventory.xlsx",
        "samples/formats/inventory.xlsx",
        "tests/fuzz/seeds/xlsx/kinds.xlsx",
    ] {
        let path = root.join(path);
        let workbook = Workbook::open(&path, "book", &Limits::default()).unwrap();
        let mut alone = Xlsx::new(BufReader::new(File::open(&path).unwrap())).unwrap();
        for sheet in workbook.sheets() {
            let range = alone.worksheet_range(&sheet.name).unwrap();
            let (first_row, first_column) = range.start().unwrap_or_default();
            let (mut reader, mut row, mut expected) = (workbook.rows(&sheet.name).unwrap(), Row::new(), Row::new());
            while reader.next(&mut row).unwrap() {
                rows += 1;
                for (column, cell) in row.cells().enumerate() {
                    expected.clear(row.line);
                    let at = (u32::try_from(row.line).unwrap() - 1, u32::try_from(column).unwrap());
                    if let Some(value) = range.get_value(at).filter(|_| at >= (first_row, first_column)) {
                        put(&mut expected, 0, &lent(value), NumberFormat::Plain, false);
                    }
                    let same = match (cell, expected.cell(0)) {
                        (Cell::Number(one, _), Cell::Number(other, _)) => one.to_bits() == other.to_bits(),
                        (Cell::Moment(one, _), Cell::Moment(other, _)) => one == other,
                        (Cell::Empty, Cell::Absent) => true,
                        (one, other) => one == other,
                    };
                    assert!(same, "{}: {cell:?} {:?}", path.display(), expected.cell(0));
                }
            }
        }
    }
    assert!(rows > 10);
}

/// What calamine makes of the first cell of a workbook by itself.
fn by_calamine(bytes: Vec<u8>) -> String {
    let mut alone = Xlsx::new(Cursor::new(bytes)).unwrap();
    let mut cells = alone.worksheet_cells_reader("S").unwrap();
    let cell = cells.next_cell().unwrap().unwrap();
    let mut row = Row::new();
    put(&mut row, 0, cell.get_value(), NumberFormat::Plain, false);
    seen(row.cell(0))
}

proptest! {
    #[test]
    fn an_inline_text_is_what_calamine_makes_of_it(runs in prop::collection::vec(
        (0..5_u8, "[ a_\n]{0,2}([a-z ]|&amp;|&#32;|&#13;|_x0041_|_x00|41_|é|\r\n){0,4}[ _]{0,2}"), 0..4)
    ) {
        let mut inline = String::new();
        for (kind, text) in runs {
            inline += &match kind {
                0 => format!("<t>{text}</t>"),
                1 => format!("<t xml:space='preserve'>{text}</t>"),
                2 => format!("<r><rPr><b/></rPr><t>{text}</t></r>"),
                3 => format!("<x:r><x:t xml:space='preserve'><!-- -->{text}<![CDATA[{text}]]></x:t></x:r>"),
                _ => format!("<rPh sb='0' eb='1'><t>{text}</t></rPh><phoneticPr fontId='1'/>"),
            };
        }
        let strings = format!("<sst><si><t>other</t></si><si>{inline}</si></sst>");
        for cell in [format!("t='inlineStr'><is>{inline}</is>"), "t='s'><v>1</v>".to_owned()] {
            let sheet = sheet_of(&format!("<row r='1'><c r='A1' {cell}</c></row>"));
            let bytes = xlsx_with(sheet.as_bytes(), &[("xl/sharedStrings.xml", strings.as_bytes())]);
            let rows = Book::new(&bytes).read(Limits::default()).unwrap();
            let ours = rows.first().map_or(Cell::Absent, |row| row.cell(0));
            prop_assert_eq!(format!("{ours:?}"), by_calamine(bytes), "{} {}", cell, inline);
        }
    }

    #[test]
    fn where_blocks_end_makes_no_difference(
        cells in prop::collection::vec(0..9_u8, 0..12),
        cuts in prop::collection::vec(1..40_usize, 1..20),
    ) {
        let mut sheet = "<worksheet a='>'><!-- > --><sheetData><row>".to_owned();
        for kind in cells {
            sheet += match kind {
                0 => "</row><row r='3' hidden='1'>",
                1 => "</row >\n<row>",
                2 => "<c r='B2' t='s'><v> 1 </v></c>",
                3 => "<c><f>A1&gt;<![CDATA[</f>]]></f></c>",
                4 => "<c t='inlineStr'><is><t>&lt;</t></is></c>",
                5 => "<x:c s='1'><x:v>1<!-- </v> -->2</x:v></x:c>",
                6 => "<c/>",
                7 => "<c><v>1</v></c>",
                _ => "<?pi ?>\n ",
            };
        }
        sheet += "</row></sheetData><mergeCell ref='A1:B2'/></worksheet>";
        let walked = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let (mut walk, mut out) = (Walk::new("book", &Holds::Sheet("S".to_owned()), Limits::default()), Vec::new());
            for piece in pieces {
                walk.feed(piece, &mut out).map_err(|error| error.to_string())?;
            }
            let extras = walk.end().map_err(|error| error.to_string())?;
            Ok::<_, String>((String::from_utf8(out).unwrap(), extras.hidden_rows, extras.merges))
        };
        let bytes = sheet.as_bytes();
        let (mut pieces, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().cycle() {
            let end = (at + cut).min(bytes.len());
            pieces.push(&bytes[at..end]);
            at = end;
            if at == bytes.len() {
                break;
            }
        }
        prop_assert_eq!(walked(&mut pieces.into_iter()), walked(&mut std::iter::once(bytes)));
    }

    #[test]
    fn whatever_a_sheet_holds_there_is_an_answer(text in "(<(/|!--|!\\[CDATA\\[|\\?)?(c|v|f|is|t|row|sheetData|x:c)?( r='A1'| t='s'| t='e')?(>|/>|-->|\\]\\]>|\\?>)?[ 0-9&;#]{0,3}){0,12}") {
        let _ = book(&sheet_of(&text)).read(Limits::default());
    }
}
