//! What of an xls is refused before calamine reads it: rectangles, claims and texts that would fill the memory.
//!
//! Doesn't belong here: containers that are damaged (`compound`).

use super::*;

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    [&kind.to_le_bytes(), &length.to_le_bytes(), body].concat()
}

fn begin() -> Vec<u8> {
    record(BEGIN, &[0, 6, 16, 0])
}

fn cell(row: u16, column: u16) -> Vec<u8> {
    record(
        0x0203,
        &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0; 10]].concat(),
    )
}

/// Globals with so many sheets, all of which are this one.
fn book(names: usize, sheet: &[Vec<u8>]) -> Vec<u8> {
    let entry = |place: u32| record(BOUND_SHEET, &[&place.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let place = u32::try_from(begin().len() + names * entry(0).len() + 4).unwrap();
    let globals = [begin(), entry(place).repeat(names), record(END_OF_FILE, &[])].concat();
    [globals, sheet.concat(), record(END_OF_FILE, &[])].concat()
}

fn checked(stream: &[u8]) -> String {
    let limits = Limits {
        cells: 100_000,
        expanded_bytes: 1 << 20,
        ..Limits::default()
    };
    check_records(stream, "book", &limits).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

const TOO_MANY: &str = "book is too large: its sheets have more than 100000 cells, gaps included";

#[test]
fn two_cells_that_span_a_whole_sheet_are_refused() {
    assert_eq!(checked(&book(1, &[begin(), cell(0, 0), cell(900, 99)])), "fine");
    assert_eq!(checked(&book(1, &[begin(), cell(0, 0), cell(65_535, 255)])), TOO_MANY);
    let far = book(1, &[begin(), cell(0, 0), cell(0, 256)]);
    assert!(checked(&far).contains("beyond the last column"));
    let numbers = [&0_u16.to_le_bytes()[..], &250_u16.to_le_bytes(), &[0; 38]].concat();
    assert!(checked(&book(1, &[begin(), record(MUL_RK, &numbers)])).contains("beyond the last column"));
}

#[test]
fn a_large_rectangle_of_few_cells_is_refused_and_a_full_one_is_not() {
    let checked = |cells: Vec<Vec<u8>>| {
        let sheet = [vec![begin()], cells].concat();
        check_records(&book(1, &sheet), "book", &Limits::default()).map_err(|error| error.to_string())
    };
    let refused = "book is too large: its sheets have more than 4194304 cells, gaps included";
    assert_eq!(checked(vec![cell(0, 0), cell(65_535, 255)]), Err(refused.to_owned()));
    // 100 numbers in each record.
    let row = |row: u16| {
        let head = [&row.to_le_bytes()[..], &0_u16.to_le_bytes()].concat();
        record(MUL_RK, &[head, vec![0; 6 * 100], vec![99, 0]].concat())
    };
    assert_eq!(checked((0..u16::MAX).map(row).collect()), Ok(()));
}

#[test]
fn a_sheet_of_many_names_counts_as_often() {
    let sheet = [begin(), cell(0, 0), cell(99, 99)];
    assert_eq!(checked(&book(10, &sheet)), "fine");
    assert_eq!(checked(&book(11, &sheet)), TOO_MANY);
    let nothing = vec![record(0x1234, &[]); 200];
    assert_eq!(checked(&book(501, &nothing)), TOO_MANY);
}

#[test]
fn a_claim_of_more_cells_than_can_be_is_refused() {
    let claim = |top: u32, bottom: u32, left: u16, right: u16| {
        let rows = [top.to_le_bytes(), bottom.to_le_bytes()].concat();
        let body = [&rows[..], &left.to_le_bytes(), &right.to_le_bytes(), &[0, 0]].concat();
        book(1, &[begin(), record(DIMENSIONS, &body), cell(0, 0)])
    };
    assert_eq!(checked(&claim(0, 1000, 0, 100)), "fine");
    assert_eq!(checked(&claim(0, 0, 0, 0)), "fine");
    assert_eq!(checked(&claim(0, 65_536, 0, 256)), TOO_MANY);
    assert_eq!(checked(&claim(7, 5, 0, 1)), TOO_MANY);
    assert_eq!(checked(&claim(0, u32::MAX, 0, u16::MAX)), TOO_MANY);
}

/// A sheet of cells that share one text, in a workbook that has it.
fn sharing(cells: u16, texts: &[Vec<u8>]) -> Vec<u8> {
    let label = |row: u16| {
        record(
            LABEL_SST,
            &[&row.to_le_bytes()[..], &[0; 4], &1_u32.to_le_bytes()].concat(),
        )
    };
    let globals = [begin(), texts.concat()].concat();
    let place = u32::try_from(globals.len() + 15 + 4).unwrap();
    let entry = record(
        BOUND_SHEET,
        &[&place.to_le_bytes()[..], &[0, 0, 1, 0, b'S', 0, 0]].concat(),
    );
    let sheet = [begin(), (0..cells).flat_map(label).collect()].concat();
    let end = record(END_OF_FILE, &[]);
    [globals, entry.get(..15).unwrap().to_vec(), end.clone(), sheet, end].concat()
}

#[test]
fn a_long_text_that_many_cells_share_counts_for_each() {
    let text = |letters: u16, flags: u8, more: &[u8]| {
        let bytes = usize::from(letters) * if flags & 1 == 0 { 1 } else { 2 };
        [&letters.to_le_bytes()[..], &[flags], more, &vec![b'x'; bytes]].concat()
    };
    let short = text(1, 0, &[]);
    // Wide letters, two runs of a format, and three bytes of phonetics.
    let rich = [text(2, 13, &[2, 0, 3, 0, 0, 0]), vec![0; 11]].concat();
    for first in [short, rich] {
        let shared = record(SHARED_TEXTS, &[&[0; 8][..], &first, &text(2000, 0, &[])].concat());
        assert_eq!(checked(&sharing(500, std::slice::from_ref(&shared))), "fine");
        let refused = "book is too large: the texts of its cells have more than 1048576 letters";
        assert_eq!(checked(&sharing(600, &[shared])), refused);
    }
    // The text begins in one record and goes on in another.
    let half = [&[0; 8][..], &[0, 0, 0], &2000_u16.to_le_bytes(), &[0], &[b'x'; 1000]].concat();
    let parts = [
        record(SHARED_TEXTS, &half),
        record(CONTINUE, &[&[0][..], &[b'x'; 1000]].concat()),
    ];
    assert_eq!(checked(&sharing(500, &parts)), "fine");
    assert!(checked(&sharing(600, &parts)).contains("letters"));
}

#[test]
fn a_record_that_goes_on_and_on_is_refused() {
    let endless = [
        begin(),
        record(SHARED_TEXTS, &[0; 8]),
        record(CONTINUE, &[]).repeat(MOST_PIECES + 1),
    ]
    .concat();
    assert!(checked(&endless).contains("goes on in too many others"));
}

#[test]
fn cells_of_a_chart_inside_the_sheet_do_not_count() {
    let chart = [begin(), cell(0, 0), cell(65_535, 0), record(END_OF_FILE, &[])].concat();
    assert_eq!(checked(&book(1, &[begin(), chart, cell(0, 0)])), "fine");
}
