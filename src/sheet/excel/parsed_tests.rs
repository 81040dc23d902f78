//! What is read from plain XML is what calamine reads: of every workbook at hand, and of made ones, plain and odd.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::hostile_tests::xlsx_with;
use super::parsed::{Chunks, ParsedRows};
use super::{Content, Limits, Workbook, stream, xlsx};
use crate::sheet::{Row, RowReader};

/// All that is known of a sheet, in words.
#[derive(Debug, PartialEq)]
struct Told {
    rows: Vec<String>,
    hidden: Vec<u64>,
    merges: Vec<super::Merge>,
}

fn shown(mut reader: Box<dyn RowReader>) -> Result<Vec<String>, String> {
    let (mut row, mut all) = (Row::new(), Vec::new());
    while reader.next(&mut row).map_err(|error| error.to_string())? {
        let cells: Vec<String> = row.cells().map(|cell| format!("{cell:?}")).collect();
        all.push(format!("{}: {}", row.line, cells.join(" ")));
    }
    Ok(all)
}

/// A sheet as the reader of plain XML has it, if it takes it, and as calamine has it.
fn both(path: &Path, limits: Limits) -> Vec<(Option<Told>, Result<Told, String>)> {
    let workbook = Workbook::open(path, "book", &limits).unwrap();
    let Content::Xlsx { sheets, parsed, .. } = &workbook.content else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for entry in sheets {
        let plain = parsed.get(&workbook.source, sheets, entry, &limits).map(|parsed| Told {
            rows: shown(Box::new(ParsedRows::new(Chunks::new("book", parsed.clone())))).unwrap(),
            hidden: parsed.extras.hidden_rows.clone(),
            merges: parsed.extras.merges.clone(),
        });
        let (source, spare, asked) = (workbook.source.clone(), xlsx::Spare::default(), entry.clone());
        let rows = stream::rows("book", move |sink| {
            xlsx::read(&source, &spare, "book", &asked, limits, sink)
        });
        let full = shown(rows.unwrap()).and_then(|rows| {
            let extras = xlsx::extras(&workbook.source, "book", entry, &limits).map_err(|error| error.to_string())?;
            Ok(Told {
                rows,
                hidden: extras.hidden_rows,
                merges: extras.merges,
            })
        });
        all.push((plain, full));
    }
    all
}

/// Whether the reader of plain XML takes the sheet; where it does, it is right.
fn taken(path: &Path, limits: Limits) -> Vec<bool> {
    let told = both(path, limits).into_iter().map(|(plain, full)| match plain {
        Some(plain) => {
            assert_eq!(Ok(plain), full);
            true
        }
        None => false,
    });
    told.collect()
}

fn taken_bytes(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    fs::write(&path, bytes).unwrap();
    taken(&path, Limits::default()) == [true]
}

const STYLES: &[u8] = b"<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy-mm-dd'/><numFmt numFmtId='165' formatCode='[h]:mm'/>\
<numFmt numFmtId='166' formatCode='00000'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/>\
<xf numFmtId='166'/><xf numFmtId='11'/><xf numFmtId='10'/></cellXfs></styleSheet>";
const STRINGS: &[u8] = b"<?xml version='1.0' encoding='UTF-8'?>\n<sst uniqueCount='5'><si><t>None</t></si><si/><si><t xml:space='preserve'> a_x000D_ </t></si>\
<si><r><rPr><b/></rPr><t>ri</t></r><r><t>ch</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si><si><t> &lt;&#233;&gt; </t></si></sst>";

fn book(sheet: &str) -> Vec<u8> {
    xlsx_with(
        sheet.as_bytes(),
        &[("xl/styles.xml", STYLES), ("xl/sharedStrings.xml", STRINGS)],
    )
}

fn sheet_of(rows: &str) -> String {
    format!("<worksheet><dimension ref='A1:C9'/><sheetData>{rows}</sheetData></worksheet>")
}

#[test]
fn every_workbook_at_hand_reads_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut tried, mut plain) = (0, 0);
    for folder in ["samples", "../shared/real", "tests/fuzz/seeds/xlsx"] {
        let folder = root.join(folder);
        let Ok(entries) = fs::read_dir(&folder) else {
            println!("skipped: {} is not at hand", folder.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("xlsx" | "xlsm")) || Workbook::open(&path, "book", &Limits::default()).is_err()
            {
                continue;
            }
            let sheets = taken(&path, Limits::default());
            println!("{}: {sheets:?}", path.display());
            tried += sheets.len();
            plain += sheets.iter().filter(|taken| **taken).count();
        }
    }
    assert!(tried > 0);
    // Programs write plain XML: if much of it were left to the other reader, nothing would be gained.
    assert!(plain * 10 >= tried * 7, "{plain} of {tried}");
}

#[test]
fn what_programs_write_is_plain() {
    for rows in [
        "<row r='1' spans='1:3' ht='15' customHeight='1' hidden='1'><c r='A1' t='inlineStr'><is><t>x</t></is></c><c r='C1' s='2'><v>44000.5</v></c></row>",
        "<row><c><v>1</v></c><c t='s'><v>3</v></c></row><row hidden='true'/><row hidden='1'><c><v>2</v></c></row>",
        "<x:row r='4'><x:c r='B4' t='str'><x:f>A1&amp;\"&lt;\"</x:f><x:v>a_x000A_b &amp; c</x:v></x:c></x:row>",
        "<row r='2'><c r='A2' t='e'><v>#DIV/0!</v></c><c r='B2' t='b'><v>1</v></c><c r='C2' t='d'><v>2021-07-08T10:00:00</v></c></row>",
        "<row r='2'><c r='A2' s='3'><f t='shared' si='0'/><v>1.25</v></c><c r='B2' s='4'><v>7</v></c><c r='C2' s='99'><v>-1.5E-3</v></c></row>",
        "<row r='2'><c r='A2' t='inlineStr'><is><t></t></is></c><c r='C2'/></row>\n  <row r='9'><c r='A9' t='s'><v>1</v></c></row>",
        "<row r='2'><c r='A2' t='inlineStr'><is><r><t xml:space='preserve'> a</t></r><r><rPr><sz val='9'/></rPr><t>b</t></r><rPh sb='0' eb='1'><t>c</t></rPh><phoneticPr/></is></c></row>",
        "<row r='2'><c r='A2'><v>1</v><f>A1</f></c><c r='B2' t='n'><v/></c></row>",
    ] {
        assert!(taken_bytes(&book(&sheet_of(rows))), "{rows}");
    }
    let below = "<worksheet xmlns='a&amp;b'><sheetPr/><cols><col min='1' max='3'/></cols><sheetData/><mergeCells count='1'><mergeCell ref='A1:C1'/></mergeCells>\
        <conditionalFormatting><cfRule><formula>A1&gt;\"x\"</formula></cfRule></conditionalFormatting><headerFooter><oddHeader>&amp;C</oddHeader></headerFooter><xdr:row>3</xdr:row></worksheet>\n";
    for mark in [
        "",
        "\u{feff}",
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n",
    ] {
        assert!(taken_bytes(&book(&format!("{mark}{below}"))), "{mark:?}");
    }
}

#[test]
fn what_is_odd_or_broken_is_left_to_the_other_reader() {
    for rows in [
        "<!-- no --><row r='2'/>",
        "<row r='2'><c r='A2' t='inlineStr'><is><t><![CDATA[x]]></t></is></c></row>",
        "<row r='2'><c r='B2'><v>1</v></c><c r='A2'><v>2</v></c></row>",
        "<row r='2'><c r='A2' t='e'><v>#SPILL!</v></c></row>",
        "<row r='2'><c r='A2' t='s'><v>77</v></c></row>",
        "<row r='2'><c r='A2' t='s'><v>1.5</v></c></row>",
        "<row r='2'><c r='A2'><v>text</v></c></row>",
        "<row r='2'><c r='A2' t='str'><v>&nbsp;</v></c></row>",
        "<row r='2'><c r='A2' t=''><v>1</v></c></row>",
        "<row r='2'><c r='A0'><v>1</v></c></row>",
        "<row r='2'><c r='XFE2'><v>1</v></c></row>",
        "<row r='2'><c r='A2' r='B2'><v>1</v></c></row>",
        "<row r='2'><c r='A2'><extLst/><v>1</v></c></row>",
        "<row r='2'><c r='A2'><v>1</v></row>",
        "<row r='2'><c r='A2'><v>1<",
    ] {
        assert!(!taken_bytes(&book(&sheet_of(rows))), "{rows}");
    }
    assert!(!taken_bytes(&book("<worksheet><sheetData><row r='2'/>")));
    assert!(!taken_bytes(&book(
        "<?xml version='1.0' encoding='ISO-8859-1'?><worksheet><sheetData/></worksheet>"
    )));
    assert!(!taken_bytes(&book("<worksheet><dimension/><sheetData/></worksheet>")));
}

#[test]
fn a_table_of_texts_that_is_odd_is_left_to_the_other_reader() {
    let sheet = sheet_of("<row r='1'><c r='A1' t='s'><v>0</v></c></row>");
    for table in [
        "<sst><si><t>x</t></si><!-- no --></sst>",
        "<sst><si><t>x</t></si>",
        "<sst><extLst/></sst>",
    ] {
        let bytes = xlsx_with(sheet.as_bytes(), &[("xl/sharedStrings.xml", table.as_bytes())]);
        assert!(!taken_bytes(&bytes), "{table}");
    }
    // Whatever its name's case.
    let bytes = xlsx_with(
        sheet.as_bytes(),
        &[("xl/SharedStrings.xml", b"<sst><si><t>x</t></si></sst>")],
    );
    assert!(taken_bytes(&bytes));
    assert!(!taken_bytes(&xlsx_with(sheet.as_bytes(), &[])));
}

/// A piece of a sheet, plain more often than not.
fn piece() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        4 => "[ a-zé0-9_&;<>x\r\n\t]{0,12}".prop_map(|text| text.replace('&', "&amp;").replace('<', "&lt;")),
        1 => "(_x[0-9A-F]{4}_|&#[0-9]{1,4};|&#x[0-9a-f]{1,3};|[ a_]){0,4}",
        1 => "[&a-z;<>/ ]{0,6}",
    ];
    let number = prop_oneof![
        3 => any::<f64>().prop_map(|number| number.to_string()),
        2 => "-?[0-9]{1,18}(\\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?",
        2 => (0..60_000_u32).prop_map(|number| number.to_string()),
        1 => "[-+0-9.eE ]{0,5}",
    ];
    let reference = prop_oneof![
        3 => Just(String::new()),
        4 => (0..6_u8, 1..40_u32).prop_map(|(column, row)| format!(" r='{}{row}'", char::from(b'A' + column))),
        1 => "[A-Za-z0-9&;]{0,4}".prop_map(|odd| format!(" r='{odd}'")),
    ];
    let style = prop_oneof![3 => Just(String::new()), 3 => (0..9_u8).prop_map(|s| format!(" s='{s}'")), 1 => "[0-9a]{0,2}".prop_map(|s| format!(" s=\"{s}\""))];
    let space = prop_oneof![2 => Just(""), 1 => Just(" xml:space='preserve'"), 1 => Just(" xml:space='default'")];
    let prefix = prop_oneof![5 => Just(""), 1 => Just("x:")];
    let cell = (reference, style, prefix, 0..14_u8, text, number, space).prop_map(|(r, s, x, kind, text, number, space)| match kind {
        0..=2 => format!("<{x}c{r}{s}><v>{number}</v></{x}c>"),
        3 => format!("<{x}c{r}{s} t='n'><{x}v>{number}</{x}v></{x}c>"),
        4 => format!("<{x}c{r}{s} t='s'><v>{}</v></{x}c>", number.len() % 6),
        5 | 6 => format!("<c{r}{s} t='inlineStr'><{x}is><{x}t{space}>{text}</{x}t></{x}is></c>"),
        7 => format!("<c{r}{s} t='inlineStr'><is><r><t{space}>{text}</t></r><rPh><t>{text}</t></rPh><r><t>{number}</t></r></is></c>"),
        8 => format!("<c{r}{s} t='str'><f>{text}</f><v>{text}</v></c>"),
        9 => format!("<c{r}{s} t='b'><v>{}</v></c>", number.len() % 3),
        10 => format!("<c{r}{s} t='d'><v>20{:02}-0{}-1{}</v></c>", number.len() % 30, number.len() % 10, text.len() % 10),
        11 => format!("<c{r}{s}/>"),
        12 => format!("<c{r}{s} t='e'><v>{}</v></c>", ["#REF!", "#N/A", "#NUM!", "#SPILL!"][number.len() % 4]),
        _ => format!("<c{r}{s} t='{text}'><v>{number}</v><f/></c>"),
    });
    let row = (prop::option::of(1..40_u32), 0..5_u8).prop_map(|(line, kind)| {
        let line = line.map_or(String::new(), |line| format!(" r='{line}'"));
        match kind {
            0 => format!("</row><row{line} hidden='1' spans=\"1:2\">"),
            1 => format!("<row{line}/>"),
            2 => format!("</x:row> <x:row{line}>"),
            _ => format!("</row>\n<row{line}>"),
        }
    });
    prop_oneof![6 => cell, 3 => row, 1 => "[<>/a-z!&; ]{0,4}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sheet_that_is_taken_reads_as_calamine_reads_it(pieces in prop::collection::vec(piece(), 0..12), below in "(<mergeCell ref='[A-C][1-9](:[A-C][1-9])?'/>){0,3}") {
        let sheet = format!("<worksheet><sheetData><row>{}</row></sheetData>{below}</worksheet>", pieces.concat());
        taken_bytes(&book(&sheet));
    }

    #[test]
    fn any_table_of_texts_that_is_taken_reads_as_calamine_reads_it(texts in prop::collection::vec("[ a_&;<\r\n]{0,3}(_x00[0-9A-F]{2}_)?(&(amp|lt|#[0-9]{2,3});)?[ é]{0,2}", 0..6)) {
        let (mut table, mut rows) = (String::from("<sst>"), String::from("<row>"));
        for (index, text) in texts.iter().enumerate() {
            let space = if index % 2 == 0 { " xml:space=\"preserve\"" } else { "" };
            table += &format!("<si><t{space}>{text}</t></si>");
            rows += &format!("<c t='s'><v>{index}</v></c>");
        }
        table += "</sst>";
        let sheet = sheet_of(&(rows + "</row>"));
        taken_bytes(&xlsx_with(sheet.as_bytes(), &[("xl/sharedStrings.xml", table.as_bytes())]));
    }
}
