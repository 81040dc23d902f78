//! What comes of the records of an xls: every kind of cell, in any order, cut, forged, not calculated.

use super::hostile_tests::{Book, compound};
use super::legacy::END_OF_FILE;
use super::legacy::tests::{begin, book, record};
use super::legacy_sheet::{BOOL_ERR, FORMULA, LABEL, LABEL_SST, MUL_RK, NUMBER, RK, RSTRING, SAVE_RECALC, STRING};
use crate::sheet::{Limits, Row};

const BIFF8: u16 = 0x0600;
const BIFF5: u16 = 0x0500;
const CONTINUE: u16 = 0x003C;
const SHARED_TEXTS: u16 = 0x00FC;

fn shown_with(limits: Limits, version: u16, globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> String {
    let stream = if version == BIFF8 { "/Workbook" } else { "/Book" };
    let rows = Book::new(&compound(stream, &book(version, globals, sheet))).read(limits);
    let show = |row: &Row| {
        let cells: Vec<String> = row.cells().map(crate::sheet::tests::seen).collect();
        format!("{}: {}", row.line, cells.join(" "))
    };
    match rows {
        Ok(rows) => rows.iter().map(show).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string(),
    }
}

fn shown(version: u16, globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> String {
    shown_with(Limits::default(), version, globals, sheet)
}

/// A cell with a style.
fn cell(kind: u16, (row, column): (u16, u16), style: u16, value: &[u8]) -> Vec<u8> {
    let place = [row, column, style].map(u16::to_le_bytes).concat();
    record(kind, &[&place, value].concat())
}

fn bool_at(row: u16, column: u16) -> Vec<u8> {
    cell(BOOL_ERR, (row, column), 0, &[1, 0])
}

/// Styles with these formats.
fn styles(formats: &[u16]) -> Vec<u8> {
    let style = |format: &u16| record(0xE0, &[&[0; 2][..], &format.to_le_bytes(), &[0; 16]].concat());
    formats.iter().flat_map(style).collect()
}

#[test]
fn every_kind_of_cell_is_read() {
    let day = 44_385.5_f64.to_le_bytes();
    let rk = |value: u32| ((value << 2) | 2).to_le_bytes();
    let format = record(0x41E, &[&500_u16.to_le_bytes()[..], &[7, 0, 0], b"d/m/yyy"].concat());
    let shared = record(SHARED_TEXTS, &[&[0; 8][..], &[2, 0, 0, b'a', b'b']].concat());
    let globals = [format, styles(&[0, 500, 21]), shared];
    let many = [&[0; 2][..], &rk(7), &[1, 0], &rk(8), &[2, 0]].concat();
    let sheet = [
        cell(NUMBER, (0, 0), 0, &12.5_f64.to_le_bytes()),
        cell(NUMBER, (0, 1), 1, &day),
        cell(RK, (0, 2), 0, &((1250_u32 << 2) | 3).to_le_bytes()),
        cell(LABEL_SST, (0, 3), 0, &[0; 4]),
        cell(LABEL, (0, 4), 0, &[2, 0, 1, 0xDA, 0x67, 0x50, 0x5B]),
        cell(RSTRING, (0, 5), 0, &[1, 0, 0, b'r', 1, 0, 0, 0, 0, 0]),
        cell(BOOL_ERR, (0, 6), 0, &[1, 0]),
        cell(BOOL_ERR, (0, 7), 0, &[0x17, 1]),
        // The first style of several numbers stands before them.
        record(MUL_RK, &[&[4, 0, 1, 0][..], &many].concat()),
        cell(0x0201, (5, 0), 0, &[]),
    ];
    assert_eq!(
        shown(BIFF8, &globals, &sheet),
        "1: Number(12.5, Plain) Moment(Date(2021-07-08)) Number(12.5, Plain) Text(\"ab\") \
         Text(\"柚子\") Text(\"r\") Bool(true) Error(\"#REF!\")\n\
         5: Empty Number(7.0, Plain) Moment(Date(1900-01-08))"
    );
}

#[test]
fn a_formula_gives_its_value() {
    let special = |kind: u8, value: u8| [&[kind, 0, value, 0, 0, 0, 0xFF, 0xFF][..], &[0; 8]].concat();
    let formula = |column: u16, value: &[u8]| cell(FORMULA, (0, column), 0, value);
    let sheet = [
        formula(0, &[&12.5_f64.to_le_bytes()[..], &[0; 8]].concat()),
        formula(1, &special(1, 1)),
        formula(2, &special(2, 0x2A)),
        formula(3, &special(3, 0)),
        formula(4, &special(0, 0)),
        record(0x04BC, &[0; 10]),
        record(STRING, &[3, 0, 0, b'a', b'b']),
        record(CONTINUE, &[1, 0xDA, 0x67]),
        // A text that isn't there.
        formula(5, &special(0, 0)),
        bool_at(0, 6),
    ];
    assert_eq!(
        shown(BIFF8, &[], &sheet),
        "1: Number(12.5, Plain) Bool(true) Error(\"#N/A\") Empty Text(\"ab柚\") Error(\"#NOT_CALCULATED\") Bool(true)"
    );
}

#[test]
fn a_formula_that_nobody_has_calculated_has_no_value() {
    let formula = |column: u16, value: [u8; 8], flags: u16| {
        cell(
            FORMULA,
            (0, column),
            0,
            &[&value[..], &flags.to_le_bytes(), &[0; 6]].concat(),
        )
    };
    let empty = [3, 0, 0, 0, 0, 0, 0xFF, 0xFF];
    let save = |is: u8| record(SAVE_RECALC, &[is, 0]);
    let none = "Error(\"#NOT_CALCULATED\")";
    // As Perl's Spreadsheet::WriteExcel writes it, with a value and without.
    let perl = [
        formula(0, [0; 8], 3),
        formula(1, 2_f64.to_le_bytes(), 0),
        formula(2, [0; 8], 0),
    ];
    let shown_so = format!("1: {none} Number(2.0, Plain) Number(0.0, Plain)");
    assert_eq!(shown(BIFF8, &[], &perl), shown_so);
    // As xlwt does. An empty text is a value where somebody calculates.
    let cells = [formula(0, empty, 0), bool_at(0, 1)].concat();
    let recalc = record(0x01C1, &[0; 8]);
    assert_eq!(
        shown(BIFF8, &[], &[save(0), cells.clone()]),
        format!("1: {none} Bool(true)")
    );
    for (globals, sheet) in [
        (vec![], vec![save(1), cells.clone()]),
        (vec![], vec![cells.clone()]),
        (vec![recalc], vec![save(0), cells.clone()]),
    ] {
        assert_eq!(shown(BIFF8, &globals, &sheet), "1: Empty Bool(true)");
    }
}

#[test]
fn cells_in_any_order_find_their_rows_and_the_later_of_two_counts() {
    let sheet = [
        bool_at(3, 0),
        bool_at(0, 1),
        bool_at(3, 1),
        bool_at(0, 0),
        cell(BOOL_ERR, (3, 0), 0, &[0, 0]),
    ];
    assert_eq!(
        shown(BIFF8, &[], &sheet),
        "1: Bool(true) Bool(true)\n4: Bool(false) Bool(true)"
    );
    // A chart inside the sheet has cells of its own.
    let end = record(END_OF_FILE, &[]);
    let chart = [begin(BIFF8, 32), bool_at(9, 9), end].concat();
    assert_eq!(shown(BIFF8, &[], &[chart, bool_at(0, 0)]), "1: Bool(true)");
}

#[test]
fn texts_have_the_files_code_page_in_biff5_alone() {
    let page = record(0x42, &437_u16.to_le_bytes());
    let old = cell(LABEL, (0, 0), 0, &[5, 0, b'C', b'r', 0x8A, b'm', b'e']);
    assert_eq!(
        shown(BIFF5, std::slice::from_ref(&page), std::slice::from_ref(&old)),
        "1: Text(\"Crème\")"
    );
    let new = cell(LABEL, (0, 0), 0, &[5, 0, 0, b'C', b'r', 0xE8, b'm', b'e']);
    assert_eq!(shown(BIFF8, &[page], &[new]), "1: Text(\"Crème\")");
    let unknown = shown(BIFF5, &[record(0x42, &1361_u16.to_le_bytes())], &[old]);
    assert_eq!(
        unknown,
        "book is damaged: sheet \"S\" can't be read (cell A1 is truncated or has unknown characters)"
    );
    // The length of a format's code stands in one byte.
    let format = record(0x41E, &[&200_u16.to_le_bytes()[..], &[4], b"0d/m"].concat());
    let day = cell(NUMBER, (0, 0), 0, &44_385_f64.to_le_bytes());
    assert_eq!(
        shown(BIFF5, &[format, styles(&[200])], &[day]),
        "1: Moment(Date(2021-07-08))"
    );
}

#[test]
fn a_cell_that_is_cut_or_has_no_text_is_damage() {
    for kind in [NUMBER, RK, LABEL, RSTRING, LABEL_SST, BOOL_ERR, FORMULA] {
        let error = shown(BIFF8, &[], &[cell(kind, (1, 2), 0, &[9])]);
        assert!(
            error.starts_with("book is damaged: sheet \"S\" can't be read (cell C2 is truncated"),
            "{error}"
        );
        let error = shown(BIFF8, &[], &[record(kind, &[0])]);
        assert!(error.contains("one of its cells is truncated"), "{error}");
    }
    let missing = shown(BIFF8, &[], &[cell(LABEL_SST, (1, 0), 0, &[7, 0, 0, 0])]);
    assert!(
        missing.contains("cell A2 refers to shared string 7, which doesn't exist"),
        "{missing}"
    );
}

#[test]
fn two_cells_that_span_a_whole_sheet_are_two_rows() {
    let far = [bool_at(0, 0), bool_at(65_535, 255)];
    assert!(shown(BIFF8, &[], &far).ends_with("Bool(true)"));
    let limits = Limits {
        cells: 200,
        ..Limits::default()
    };
    assert!(shown_with(limits, BIFF8, &[], &far).contains("has more than 200 cells, gaps included"));
    let limits = Limits {
        row_bytes: 100,
        ..Limits::default()
    };
    let shared = record(SHARED_TEXTS, &[&[0; 8][..], &[80, 0, 0], &[b'x'; 80]].concat());
    let texts = [0, 1, 2].map(|column| cell(LABEL_SST, (0, column), 0, &[0; 4]));
    let error = shown_with(limits, BIFF8, &[shared], &texts);
    assert!(
        error.contains("the texts of row 1 of a sheet take more than 100 bytes"),
        "{error}"
    );
}
