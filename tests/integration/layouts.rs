//! Workbooks whose package is laid out in other ways than Excel's: where its parts lie, how they are named and packed, which
//! namespaces their XML has. Doesn't belong here: other programs' files as such (`writers`).

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::Stockport;

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const STRICT_RELATIONS: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships";
const STRICT_MAIN: &str = "http://purl.oclc.org/ooxml/spreadsheetml/main";
const ROWS: &str = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c><c r=\"C1\" t=\"s\"><v>2</v></c></row>\
    <row r=\"2\"><c r=\"A2\" t=\"s\"><v>3</v></c><c r=\"B2\" t=\"s\"><v>4</v></c><c r=\"C2\" s=\"1\"><v>46225</v></c></row>";
const TEXTS: &str = "<si><t>item_id</t></si><si><t>name</t></si><si><t>moved_at</t></si>\
    <si><r><t>00</t></r><r><rPr><b/></rPr><t>187</t></r><rPh sb=\"0\" eb=\"1\"><t>PHONETIC</t></rPh></si>\
    <si><t xml:space=\"preserve\">a_x000D_\n🍋_x005F_x0041_</t></si>";

type Parts = Vec<(String, Vec<u8>)>;

/// A workbook's parts in this folder, with these rows.
fn parts(folder: &str, rows: &str) -> Parts {
    let relation = |id: u8, kind: &str, target: &str| {
        format!("<Relationship Id=\"r{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |all: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{all}</Relationships>"
        )
    };
    let root = |name: &str, more: &str, inner: &str| {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{MAIN}\"{more}>{inner}</{name}>")
    };
    let types = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"bin\" ContentType=\"application/vnd.ms-excel.sheet.binary.macroEnabled.main\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{folder}workbook.xml\" \
         ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>"
    );
    let sheets = "<sheets><sheet name=\"Stock\" sheetId=\"1\" r:id=\"r1\"/></sheets>";
    let listed = [
        relation(1, "worksheet", "worksheets/sheet1.xml"),
        relation(2, "styles", "styles.xml"),
        relation(3, "sharedStrings", "sharedStrings.xml"),
    ];
    let styles = "<cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs>";
    let all = [
        ("[Content_Types].xml".to_owned(), types),
        (
            "_rels/.rels".to_owned(),
            relations(&relation(1, "officeDocument", &format!("{folder}workbook.xml"))),
        ),
        (
            format!("{folder}workbook.xml"),
            root("workbook", &format!(" xmlns:r=\"{RELATIONS}\""), sheets),
        ),
        (format!("{folder}_rels/workbook.xml.rels"), relations(&listed.concat())),
        (
            format!("{folder}worksheets/sheet1.xml"),
            root("worksheet", "", &format!("<sheetData>{rows}</sheetData>")),
        ),
        (format!("{folder}styles.xml"), root("styleSheet", "", styles)),
        (
            format!("{folder}sharedStrings.xml"),
            root("sst", " count=\"99\" uniqueCount=\"1\"", TEXTS),
        ),
    ];
    all.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

fn changed(mut parts: Parts, change: impl Fn(&str, String) -> String) -> Parts {
    for (name, content) in &mut parts {
        *content = change(name, String::from_utf8(std::mem::take(content)).unwrap()).into_bytes();
    }
    parts
}

fn zipped(parts: &Parts, options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same by a writer that can't go back: sizes and sums stand behind the parts.
fn streamed(parts: &Parts) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut zip = ZipWriter::new_stream(&mut bytes);
    for (name, content) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    bytes
}

fn items(bytes: &[u8], what: &str) -> Vec<Value> {
    let stockport = Stockport::new();
    stockport.write("stock.xlsx", bytes);
    let run = stockport.run(["convert", "stock.xlsx", "-"]);
    assert_eq!(run.code, 0, "{what}: {run:?}");
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn refusal(bytes: &[u8]) -> String {
    let stockport = Stockport::new();
    stockport.write("stock.xlsx", bytes);
    stockport.run(["convert", "stock.xlsx", "-"]).exit(1).stderr
}

#[test]
fn a_package_may_be_laid_out_and_packed_as_its_writer_likes() {
    let expected = [json!({"item_id": "00187", "name": "a\r\n🍋_x0041_", "moved_at": "2026-07-22"})];
    let plain = || parts("xl/", ROWS);
    let absolute = changed(plain(), |name, text| match name {
        "_rels/.rels" => text.replace("Target=\"", "Target=\"/"),
        _ => text.replace("Target=\"", "Target=\"/xl/"),
    });
    let strict = changed(plain(), |_, text| {
        text.replace(MAIN, STRICT_MAIN).replace(RELATIONS, STRICT_RELATIONS)
    });
    let prefixed = changed(plain(), |name, text| {
        if name.contains("rels") || name.contains("Types") {
            return text;
        }
        text.replace("</", "<\u{1}")
            .replace('<', "<x:")
            .replace("<x:\u{1}", "</x:")
            .replace("<x:?", "<?")
            .replace("xmlns=", "xmlns:x=")
    });
    let marked = changed(plain(), |_, text| format!("\u{feff}{text}"));
    let renamed = |from: &str, to: &str| -> Parts {
        plain()
            .into_iter()
            .map(|(name, content)| (name.replace(from, to), content))
            .collect()
    };
    let options = SimpleFileOptions::default();
    for (what, bytes) in [
        ("as usual", zipped(&plain(), options)),
        ("another folder", zipped(&parts("wtf/", ROWS), options)),
        ("no folder", zipped(&parts("", ROWS), options)),
        ("absolute targets", zipped(&absolute, options)),
        ("strict", zipped(&strict, options)),
        ("prefixes", zipped(&prefixed, options)),
        ("byte-order marks", zipped(&marked, options)),
        (
            "another case",
            zipped(&renamed("sharedStrings", "SharedStrings"), options),
        ),
        ("backslashes", zipped(&renamed("/", "\\"), options)),
        (
            "stored",
            zipped(&plain(), options.compression_method(zip::CompressionMethod::Stored)),
        ),
        ("zip64", zipped(&plain(), options.large_file(true))),
        ("streamed", streamed(&plain())),
    ] {
        assert_eq!(items(&bytes, what), expected, "{what}");
    }
}

#[test]
fn cells_may_lack_places_and_have_kinds_that_excel_does_not_write() {
    let header = "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"inlineStr\"><is><t>quantity</t></is></c>\
        <c t=\"s\"><v>2</v></c><c t=\"str\"><v>approved</v></c></row>";
    let rows = format!(
        "{header}<row><c t=\"inlineStr\"><is><r><t>0</t></r><r><t>1</t></r><rPh><t>9</t></rPh></is></c><c t=\"str\"><f>A1</f><v>x</v></c>\
         <c t=\"n\">\n<v> 12.5&#10;</v></c><c t=\"d\"><v>2026-07-22</v></c><c t=\"b\"><v>true</v></c></row><row/>\
         <row><c t=\"str\"><v>02</v></c><c/><c t=\"n\"><v>1,250.5</v></c><c t=\"d\"><v>2026-07-22T15:52:30</v></c><c t=\"b\"><v> 0 </v></c></row>"
    );
    let bytes = zipped(&parts("xl/", &rows), SimpleFileOptions::default());
    assert_eq!(
        items(&bytes, "kinds"),
        [
            json!({"item_id": "01", "name": "x", "quantity": 12.5, "moved_at": "2026-07-22", "approved": true}),
            json!({"item_id": "02", "name": null, "quantity": 1250.5, "moved_at": "2026-07-22T15:52:30", "approved": false}),
        ]
    );
}

#[test]
fn a_part_in_utf_16_is_refused_by_its_name() {
    for part in ["workbook.xml", "sheet1.xml", "sharedStrings.xml", "styles.xml", ".rels"] {
        let mut parts = parts("xl/", ROWS);
        for (_, content) in parts.iter_mut().filter(|(name, _)| name.ends_with(part)) {
            let text = format!("\u{feff}{}", String::from_utf8_lossy(content)).replace("UTF-8", "UTF-16");
            *content = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        let said = refusal(&zipped(&parts, SimpleFileOptions::default()));
        assert!(
            said.contains(part) && said.contains("is in UTF-16, which stockport doesn't read"),
            "{said}"
        );
    }
}
