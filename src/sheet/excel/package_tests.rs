//! A workbook with a part that is damaged, missing or of another kind than its name says.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::hostile_tests::{Book, RELS, TYPES, WORKBOOK, xlsx_with, zipped};
use super::{Limits, Workbook};
use crate::sheet::{ReadError, Row};

fn cells(bytes: &[u8]) -> Vec<String> {
    let rows = Book::new(bytes).read(Limits::default()).unwrap();
    rows.iter()
        .flat_map(Row::cells)
        .map(|cell| format!("{cell:?}"))
        .collect()
}

/// A zip whose parts are not packed, so that each byte of it can be changed by itself.
fn stored(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(*name, plain).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The bytes of a zip with a text in it changed to another of the same length.
fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .unwrap();
    let mut changed = bytes.to_vec();
    changed[at..at + from.len()].copy_from_slice(to.as_bytes());
    changed
}

const WITH_TEXTS: &[u8] = b"<Relationships><Relationship Id='r1' Type='http://x/relationships/worksheet' Target='worksheets/sheet1.xml'/>\
<Relationship Id='r2' Type='http://x/relationships/styles' Target='styles.xml'/><Relationship Id='r3' Type='http://x/relationships/sharedStrings' Target='/xl/texts/../t.xml'/></Relationships>";

#[test]
fn a_changed_byte_in_any_part_that_is_read_is_damage() {
    let sheet = b"<worksheet><sheetData><row r='1'><c r='A1' s='1' t='s'><v>0</v></c></row></sheetData><pageMargins left='7'/></worksheet>";
    let whole = stored(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/_rels/workbook.xml.rels", WITH_TEXTS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/worksheets/sheet1.xml", sheet),
        (
            "xl/styles.xml",
            b"<styleSheet><cellXfs><xf numFmtId='14'/></cellXfs><dxfs count='0'/></styleSheet> ",
        ),
        ("xl/t.xml", b"<sst><si><t>1A4FF</t></si></sst><!-- end -->"),
        ("docProps/app.xml", b"<Application>other</Application>"),
    ]);
    assert_eq!(cells(&whole), ["Text(\"1A4FF\")"]);
    for (from, to) in [
        ("spreadsheetml.sheet.main+xml", "spreadsheetml.sheet.main+xmL"),
        (
            "Id='r1' Type='http://schemas.openxmlformats.org/officeDocument",
            "Id='r2' Type='http://schemas.openxmlformats.org/officeDocument",
        ),
        ("Id='r2' Type='http://x/", "Id='r4' Type='http://x/"),
        ("sheetId='1'", "sheetId='2'"),
        ("left='7'", "left='6'"),
        ("<xf numFmtId='14'/>", "<xf numFmtId='15'/>"),
        ("<dxfs count='0'/>", "<dxfs count='1'/>"),
        ("1A4FF", "1A5FF"),
        ("<!-- end", "<!-- enD"),
    ] {
        let error = Book::new(&changed(&whole, from, to))
            .read(Limits::default())
            .unwrap_err();
        assert!(error.to_string().contains("is damaged: its part"), "{from}: {error}");
        assert!(error.to_string().contains("Invalid checksum"), "{from}: {error}");
    }
    // Nobody reads this one.
    Book::new(&changed(&whole, "other", "0ther"))
        .read(Limits::default())
        .unwrap();
}

#[test]
fn a_changed_byte_in_an_ods_or_an_xlsb_is_damage() {
    let content = b"<x><table:table table:name='S'><table:table-row><table:table-cell office:value-type='float' office:value='7'/></table:table-row></table:table><y z='1'/></x>";
    let parts: [(&str, &[u8]); 4] = [
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        (
            "META-INF/manifest.xml",
            b"<manifest:manifest><manifest:file-entry manifest:full-path=\"styles.xml\"/></manifest:manifest>",
        ),
        ("content.xml", content),
        (
            "styles.xml",
            b"<office:document-styles><office:styles a='1'/></office:document-styles>",
        ),
    ];
    let whole = stored(&parts);
    Book::new(&whole).read(Limits::default()).unwrap();
    for (from, to) in [
        ("office:value='7'", "office:value='8'"),
        ("z='1'", "z='2'"),
        ("a='1'", "a='2'"),
    ] {
        let error = Book::new(&changed(&whole, from, to))
            .read(Limits::default())
            .unwrap_err();
        assert!(error.to_string().contains("Invalid checksum"), "{from}: {error}");
    }
    let error = Book::new(&stored(&parts[..3])).read(Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "book is damaged: its part styles.xml is missing");
    for broken in [
        "garbage",
        "<office:document-styles><office:styles>",
        "<a/>",
        "<office:document-styles <",
    ] {
        let mut parts = parts;
        parts[3].1 = broken.as_bytes();
        let error = Book::new(&zipped(&parts)).read(Limits::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("is damaged: its part styles.xml can't be read"),
            "{error}"
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/formats/stock.xlsb");
    let mut zip = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut parts = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::copy(&mut entry, &mut content).unwrap();
        parts.push((entry.name().unwrap().into_owned(), content));
    }
    let slices: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let whole = stored(&slices);
    Book::new(&whole).read(Limits::default()).unwrap();
    for (name, content) in &parts {
        if ["workbook.bin", "sheet1.bin", "styles.bin", "sharedStrings.bin"]
            .iter()
            .any(|read| name.ends_with(read))
        {
            let at = whole
                .windows(content.len())
                .position(|window| window == content)
                .unwrap();
            let mut forged = whole.clone();
            forged[at + content.len() - 1] ^= 1;
            let error = Book::new(&forged).read(Limits::default()).unwrap_err();
            assert!(error.to_string().contains("is damaged"), "{name}: {error}");
        }
    }
}

#[test]
fn a_part_that_the_workbook_names_has_to_be_there() {
    let sheet = b"<worksheet><sheetData/></worksheet>";
    let parts = |rels: &'static str| {
        [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELS),
            ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/worksheets/sheet1.xml", &sheet[..]),
        ]
    };
    for (rels, part) in [
        (
            "<r><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='r2' Type='x/styles' Target='styles.xml'/></r>",
            "xl/styles.xml",
        ),
        (
            "<r><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='r2' Type='x/sharedStrings' Target='../t.xml'/></r>",
            "t.xml",
        ),
        (
            "<r><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet2.xml'/></r>",
            "xl/worksheets/sheet2.xml",
        ),
    ] {
        let error = Book::new(&zipped(&parts(rels))).read(Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("book is damaged: its part {part} is missing")
        );
    }
    let styles = "a part ends in the middle";
    let texts = "its shared strings can't be read (it ends in the middle)";
    for (part, content, expected) in [
        ("xl/styles.xml", "garbage", styles),
        ("xl/styles.xml", "<styleSheet><cellXfs>", styles),
        ("xl/sharedStrings.xml", "<sst><si><t>x</t></si>", texts),
        ("xl/sharedStrings.xml", "<sst><si><t>x</t></si><si><t>", texts),
        ("xl/sharedStrings.xml", "garbage", texts),
        ("xl/sharedStrings.xml", "", texts),
    ] {
        let broken = xlsx_with(sheet, &[(part, content.as_bytes())]);
        let error = Book::new(&broken).read(Limits::default()).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn the_kind_is_that_of_the_main_part() {
    let kind = |types: &str| {
        let parts = [
            ("[Content_Types].xml", types.as_bytes()),
            ("_rels/.rels", RELS),
            ("xl/_rels/workbook.xml.rels", b"<Relationships/>"),
            ("xl/workbook.xml", b"<workbook/>"),
        ];
        Workbook::open(&Book::new(&zipped(&parts)).path, "book", &Limits::default()).map(|workbook| workbook.kind())
    };
    // SheetJS lists this in every workbook.
    let binary = "<Default Extension='bin' ContentType='application/vnd.ms-excel.sheet.binary.macroEnabled.main'/>";
    let own = |kind: &str| {
        format!("<Types>{binary}<Override PartName='/xl/Workbook.xml' ContentType='application/{kind}'/></Types>")
    };
    assert_eq!(
        kind(&own("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml")).unwrap(),
        "xlsx"
    );
    assert_eq!(kind(&own("vnd.ms-excel.sheet.macroEnabled.main+xml")).unwrap(), "xlsm");
    let usual = "<Types><Default Extension='XML' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml'/></Types>";
    assert_eq!(kind(usual).unwrap(), "xlsx");
    let word = own("vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml");
    assert!(matches!(kind(&word), Err(ReadError::NotASpreadsheet { .. })));
}
