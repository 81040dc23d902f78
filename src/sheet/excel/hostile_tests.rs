//! Files that are cut, forged, encrypted or far larger than they look: a plain sentence, never a panic or a flood.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{Limits, Workbook};
use crate::sheet::{Cell, NumberFormat, ReadError, Row};

pub(super) struct Book {
    _folder: TempDir,
    pub(super) path: PathBuf,
}

impl Book {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book");
        fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    pub(super) fn read(&self, limits: Limits) -> Result<Vec<Row>, ReadError> {
        let workbook = Workbook::open(&self.path, "book", &limits)?;
        let mut all = Vec::new();
        for sheet in workbook.sheets() {
            let (mut reader, mut row) = (workbook.rows(&sheet.name)?, Row::new());
            while reader.next(&mut row)? {
                all.push(row.clone());
            }
            workbook.merges(&sheet.name)?;
            workbook.hidden_rows(&sheet.name)?;
        }
        Ok(all)
    }
}

pub(super) fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(super) const TYPES: &[u8] = b"<Types><Override PartName='/xl/workbook.xml' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/></Types>";
pub(super) const RELS: &[u8] = b"<Relationships><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>";
const BOOK_RELS: &[u8] = b"<Relationships><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' Target='worksheets/sheet1.xml'/></Relationships>";
pub(super) const WORKBOOK: &[u8] = b"<workbook><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>";

pub(super) fn xlsx_with(sheet: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    parts.extend_from_slice(more);
    zipped(&parts)
}

fn ods_with(content: &str) -> Vec<u8> {
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

fn small() -> Limits {
    Limits {
        expanded_bytes: 1 << 20,
        cells: 100_000,
        ..Limits::default()
    }
}

#[test]
fn two_cells_at_the_ends_of_a_sheet_are_two_rows() {
    let sheet = b"<worksheet><dimension ref='A1:XFD1048576'/><sheetData><row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>2</v></c></row></sheetData></worksheet>";
    let rows = Book::new(&xlsx_with(sheet, &[])).read(small()).unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.line, row.len())).collect::<Vec<_>>(),
        [(1, 1), (1_048_576, 16_384)]
    );
}

#[test]
fn a_dimension_record_that_lies_changes_nothing() {
    for dimension in ["A1:A1", "A1:XFD1048576", "C3:D4"] {
        let sheet = format!(
            "<worksheet><dimension ref='{dimension}'/><sheetData><row r='2'><c r='B2' t='str'><v>x</v></c></row></sheetData></worksheet>"
        );
        let rows = Book::new(&xlsx_with(sheet.as_bytes(), &[])).read(small()).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].line, rows[0].cell(0), rows[0].cell(1)),
            (2, Cell::Empty, Cell::Text("x"))
        );
    }
}

#[test]
fn cells_without_addresses_and_out_of_order_find_their_place() {
    let sheet = b"<worksheet><sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row r='7'><c r='C7'><v>3</v></c><c r='A7'><v>4</v></c></row></sheetData></worksheet>";
    let rows = Book::new(&xlsx_with(sheet, &[])).read(small()).unwrap();
    let shown: Vec<(u64, usize)> = rows.iter().map(|row| (row.line, row.len())).collect();
    assert_eq!(shown, [(1, 2), (7, 3)]);
    assert_eq!(rows[1].cell(0), Cell::Number(4.0, NumberFormat::Plain));
}

#[test]
fn error_values_of_later_days_keep_their_names_and_places() {
    let sheet = b"<worksheet><sheetData><row r='2'><c r='A2' t='e'><v>#REF!</v></c><c r='B2' t='e'><v>#SPILL!</v></c><c r='C2'><v>1</v></c></row><row r='9'><c r='D9' t='e'><f>X()</f><v>#ERROR!</v></c></row></sheetData></worksheet>";
    let rows = Book::new(&xlsx_with(sheet, &[])).read(small()).unwrap();
    let one = Cell::Number(1.0, NumberFormat::Plain);
    assert_eq!(
        rows[0].cells().collect::<Vec<_>>(),
        [Cell::Error("#REF!"), Cell::Error("#SPILL!"), one]
    );
    assert_eq!((rows[1].line, rows[1].cell(3)), (9, Cell::Error("#ERROR!")));
    let sheet = b"<worksheet><sheetData><row><c t='e'><v>#SPILL!</v></c><c><v>1</v></c></row></sheetData></worksheet>";
    let rows = Book::new(&xlsx_with(sheet, &[])).read(small()).unwrap();
    assert_eq!(rows[0].cells().collect::<Vec<_>>(), [Cell::Error("#SPILL!"), one]);
}

#[test]
fn more_cells_than_are_allowed_are_refused() {
    use std::fmt::Write as _;
    let mut sheet = String::from("<worksheet><sheetData>");
    for row in 1..=10 {
        write!(sheet, "<row r='{row}'><c r='XFD{row}'><v>1</v></c></row>").unwrap();
    }
    sheet.push_str("</sheetData></worksheet>");
    let error = Book::new(&xlsx_with(sheet.as_bytes(), &[])).read(small()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "book is too large: sheet \"S\" has more than 100000 cells, gaps included"
    );
}

#[test]
fn what_unfolds_too_far_is_refused_before_it_is_unfolded() {
    let blanks = vec![b' '; 2 << 20];
    let error = Book::new(&xlsx_with(&blanks, &[])).read(small()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "book is too large: it unpacks to 3 MiB, and 1 MiB are allowed"
    );
}

#[test]
fn a_single_endless_text_is_refused() {
    let mut sheet = b"<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>".to_vec();
    sheet.resize(70 << 20, b' ');
    let error = Book::new(&xlsx_with(&sheet, &[])).read(Limits::default()).unwrap_err();
    assert!(
        matches!(&error, ReadError::TooLarge { what, .. } if what.contains("a single text of more than 16 MiB")),
        "{error}"
    );
}

#[test]
fn no_memory_is_reserved_for_the_texts_that_a_table_claims_to_have() {
    let strings = b"<sst count='4000000000000' uniqueCount='4000000000000'><si><t>x</t></si></sst>";
    let bytes = xlsx_with(
        b"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row></sheetData></worksheet>",
        &[("xl/sharedStrings.xml", strings)],
    );
    let rows = Book::new(&bytes).read(small()).unwrap();
    assert_eq!(rows.first().map(|row| row.cell(0)), Some(Cell::Text("x")));
}

#[test]
fn entities_are_not_expanded() {
    let bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><worksheet><sheetData><row r='1'><c r='A1' t='str'><v>&b;</v></c></row></sheetData></worksheet>";
    assert!(matches!(
        Book::new(&xlsx_with(bomb, &[])).read(small()),
        Err(ReadError::Damaged { .. })
    ));
}

#[test]
fn deep_nesting_is_no_recursion() {
    let deep = format!("<worksheet><sheetData>{}", "<row>".repeat(100_000));
    assert!(matches!(
        Book::new(&xlsx_with(deep.as_bytes(), &[])).read(small()),
        Err(ReadError::Damaged { .. })
    ));
    let deep = format!("<office:spreadsheet>{}", "<table:table>".repeat(50_000));
    assert!(matches!(
        Book::new(&ods_with(&deep)).read(small()),
        Err(ReadError::Damaged { .. })
    ));
}

#[test]
fn an_ods_that_is_cut_inside_a_sheet_comes_to_an_end() {
    let content = "<office:document-content><table:table table:name='S'><table:table-row>";
    let error = Book::new(&ods_with(content)).read(small()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "book is damaged: its content ends in the middle of a sheet"
    );
}

#[test]
fn an_ods_that_repeats_a_cell_a_billion_times_is_refused() {
    let content = "<x><table:table table:name='S'><table:table-row table:number-rows-repeated='1000000000'><table:table-cell table:number-columns-repeated='1000000000' office:value-type='float' office:value='1'/></table:table-row></table:table></x>";
    let refused = |content: &str| Book::new(&ods_with(content)).read(small()).unwrap_err().to_string();
    assert_eq!(
        refused(content),
        "book is damaged: row 1 of a sheet has a value in column 1,000,000,000, and a sheet's last column is 16,384"
    );
    let down = content.replace("table:number-columns-repeated='1000000000' ", "");
    assert_eq!(
        refused(&down),
        "book is damaged: sheet \"S\" has a value in row 1,000,000,000, and its last row is 1,048,576"
    );
    let blank = "<x><table:table table:name='S'><table:table-row table:number-rows-repeated='1000000000'><table:table-cell table:number-columns-repeated='1000000000'/></table:table-row></table:table></x>";
    assert_eq!(Book::new(&ods_with(blank)).read(small()).unwrap().len(), 0);
}

#[test]
fn a_value_behind_a_billion_blank_rows_or_cells_of_an_ods_is_refused_and_not_dropped() {
    let cell = "<table:table-cell office:value-type='float' office:value='1'/>";
    let behind = |rows: &str, cells: &str| {
        format!(
            "<x><table:table table:name='S'><table:table-row>{cell}</table:table-row>\
             <table:table-row table:number-rows-repeated='{rows}'><table:table-cell/></table:table-row>\
             <table:table-row><table:table-cell table:number-columns-repeated='{cells}'/>{cell}</table:table-row>\
             </table:table></x>"
        )
    };
    let outcome = |rows: &str, cells: &str| match Book::new(&ods_with(&behind(rows, cells))).read(Limits::default()) {
        Ok(read) => read.last().unwrap().line.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(outcome("1048574", "5"), "1048576", "the last row there can be");
    assert!(outcome("1048575", "5").contains("has a value in row 1,048,577"));
    assert!(outcome("1048000000", "5").contains("has a value in row 1,048,000,002"));
    // More than any number holds.
    assert!(outcome("99999999999999999999", "5").contains("\"S\" has a value in row 18,446,744,073,709,551,614"));
    assert_eq!(outcome("5", "16383"), "7");
    assert!(outcome("5", "16384").contains("row 7 of a sheet has a value in column 16,385"));
}

/// A workbook of these rows, with one text that cells may share.
fn sharing(text: &str, rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let strings = format!("<sst uniqueCount='1'><si><t>{text}</t></si></sst>");
    let book_rels = String::from_utf8_lossy(BOOK_RELS).replace("</Relationships>", "<Relationship Id='r2' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings' Target='sharedStrings.xml'/></Relationships>");
    zipped(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/_rels/workbook.xml.rels", book_rels.as_bytes()),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
    ])
}

#[test]
fn a_text_that_is_repeated_down_a_sheet_is_refused() {
    let rows = "<row><c t='s'><v>0</v></c></row>".repeat(1100);
    let error = Book::new(&sharing(&"x".repeat(1000), &rows)).read(small()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "book is too large: the texts of sheet \"S\" take more than 1048576 bytes"
    );
}

/// A record of an xlsb.
#[test]
fn a_text_that_is_repeated_across_a_row_is_refused() {
    let limits = Limits {
        row_bytes: 100_000,
        ..Limits::default()
    };
    let refused = |bytes: &[u8]| Book::new(bytes).read(limits).unwrap_err().to_string();
    let text = "x".repeat(1000);
    let repeated = format!(
        "<x><table:table table:name='S'><table:table-row><table:table-cell table:number-columns-repeated='1000' office:value-type='string'><text:p>{text}</text:p></table:table-cell></table:table-row></table:table></x>"
    );
    let spaces = "<text:s text:c='32767'/>".repeat(4);
    let blanks = format!(
        "<x><table:table table:name='S'><table:table-row><table:table-cell office:value-type='string'><text:p>{spaces}</text:p></table:table-cell></table:table-row></table:table></x>"
    );
    let shared = sharing(
        &text,
        &format!("<row r='1'>{}</row>", "<c t='s'><v>0</v></c>".repeat(1000)),
    );
    for bytes in [ods_with(&repeated), ods_with(&blanks), shared] {
        assert_eq!(
            refused(&bytes),
            "book is too large: the texts of row 1 of a sheet take more than 100000 bytes"
        );
    }
}

#[test]
fn passwords_of_every_kind_are_told() {
    let ods = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"),
        ("content.xml", b"\x00\x01"),
    ]);
    // BOF, then FILEPASS with the XOR method, then the end: what calamine takes for a codepage.
    let xls: &[u8] = &[
        9, 8, 4, 0, 0, 6, 5, 0, 0x2F, 0, 6, 0, 0, 0, 0xD4, 0xD7, 1, 2, 10, 0, 0, 0,
    ];
    for bytes in [
        ods,
        compound("/Workbook", xls),
        compound("/Book", xls),
        compound("/EncryptedPackage", b"x"),
    ] {
        assert!(matches!(
            Book::new(&bytes).read(small()),
            Err(ReadError::PasswordProtected(_))
        ));
    }
}

pub(super) fn compound(stream: &str, content: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(stream).unwrap().write_all(content).unwrap();
    file.into_inner().into_inner()
}

#[test]
fn other_offices_files_are_named_for_what_they_are() {
    let types = String::from_utf8_lossy(TYPES).replace("spreadsheetml.sheet.main", "wordprocessingml.document.main");
    let word = zipped(&[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", RELS)]);
    let says = |bytes: &[u8]| Book::new(bytes).read(small()).unwrap_err().to_string();
    assert_eq!(says(&word), "book is not a spreadsheet: it looks like a Word document");
    assert_eq!(
        says(&compound("/WordDocument", b"x")),
        "book is not a spreadsheet: it looks like a Word document"
    );
    assert_eq!(
        says(&zipped(&[("a", b"b")])),
        "book is not a spreadsheet: it looks like a zip archive without a workbook"
    );
    assert_eq!(
        says(b"<html>"),
        "book is not a spreadsheet: it looks like something other than a workbook"
    );
    assert_eq!(
        says(b""),
        "book is not a spreadsheet: it looks like something other than a workbook"
    );
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/formats").join(name)).unwrap()
}

#[test]
fn a_workbook_cut_anywhere_gives_rows_or_a_plain_error() {
    for name in ["inventory.xlsx", "inventory.ods", "inventory.xls"] {
        let whole = sample(name);
        for end in (0..whole.len()).step_by(331) {
            let book = Book::new(&whole[..end]);
            match book.read(small()) {
                Ok(_) | Err(ReadError::Damaged { .. } | ReadError::NotASpreadsheet { .. }) => {}
                Err(other) => panic!("{name} cut at {end}: {other}"),
            }
        }
    }
}

/// The zip with one part changed, its checksums right again.
fn with_part(whole: &[u8], part: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if name == part {
            change(&mut content);
        }
        copy.start_file(name, SimpleFileOptions::default()).unwrap();
        copy.write_all(&content).unwrap();
    }
    copy.finish().unwrap().into_inner()
}

#[test]
fn a_part_with_a_forged_byte_gives_rows_or_an_error() {
    let mut random = fastrand::Rng::with_seed(7);
    for (name, part) in [
        ("inventory.xlsx", "xl/worksheets/sheet1.xml"),
        ("inventory.xlsx", "xl/styles.xml"),
        ("inventory.xlsx", "xl/sharedStrings.xml"),
        ("inventory.xlsx", "xl/workbook.xml"),
        ("inventory.ods", "content.xml"),
        ("inventory.ods", "styles.xml"),
    ] {
        let whole = sample(name);
        for _ in 0..40 {
            let (place, byte) = (random.f64(), random.u8(32..127));
            let forged = with_part(&whole, part, |content| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let at = (place * content.len() as f64) as usize;
                content[at] = byte;
            });
            // Whatever it is, it must be an answer.
            let _ = Book::new(&forged).read(small());
        }
    }
    let whole = sample("inventory.xls");
    for _ in 0..200 {
        let mut forged = whole.clone();
        let at = random.usize(..forged.len());
        forged[at] = random.u8(..);
        let _ = Book::new(&forged).read(small());
    }
}
