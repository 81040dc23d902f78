//! A sheet of an xls: its cells under their styles, merged cells, hidden rows.
//!
//! Cells may come in any order, as Perl's `Spreadsheet::WriteExcel` writes them in that of its calls; they are sorted here.
//!
//! Doesn't belong here: what sheets have in common (`legacy`), what a number means under its format (`cells`).

use super::formats::{error_value, rk_number};
use super::legacy::{BEGIN, END_OF_FILE, Globals};
use super::legacy_texts::{Record, Records};
use super::package::damaged;
use super::packing::Packing;
use super::{Extras, Merge, too_many_cells};
use crate::sheet::{Cell, NOT_CALCULATED, ReadError, column_letters};

/// One number, as a double or packed (MS-XLS 2.4.180, 2.4.220), and several of them in a row (2.4.175).
const NUMBER: u16 = 0x0203;
const RK: u16 = 0x027E;
const MUL_RK: u16 = 0x00BD;
/// A text, alone or shared (MS-XLS 2.4.148, 2.4.149); `RSTRING` is a text with formats in it.
const LABEL: u16 = 0x0204;
const RSTRING: u16 = 0x00D6;
const LABEL_SST: u16 = 0x00FD;
/// A truth value or an error value (MS-XLS 2.4.24).
const BOOL_ERR: u16 = 0x0205;
/// A formula with its value (MS-XLS 2.4.127), and the value that is a text (2.4.268), which follows it.
const FORMULA: u16 = 0x0006;
const STRING: u16 = 0x0207;
/// Merged cells (MS-XLS 2.4.168), and a row (2.4.221).
const MERGE_CELLS: u16 = 0x00E5;
const ROW: u16 = 0x0208;
/// Whether the formulas are calculated before the workbook is saved (MS-XLS 2.4.248).
const SAVE_RECALC: u16 = 0x005F;

/// A sheet has 65,536 rows of 256 columns at most, and each of its cells one record or less.
const MOST_CELLS: usize = 1 << 24;

/// What is known when a cell is read.
#[derive(Clone, Copy)]
struct Context<'g> {
    globals: &'g Globals,
    /// Whether an empty text may be the value of a formula. xlwt gives it to all of them, calculates none, and says so.
    is_calculated: bool,
}

/// Packs all rows of the sheet that begins at a place of the stream.
pub(super) fn read(stream: &[u8], place: usize, globals: &Globals, packing: &mut Packing) -> Result<Extras, ReadError> {
    let mut extras = Extras::default();
    let mut context = Context {
        globals,
        is_calculated: true,
    };
    let mut cells: Vec<(u16, usize)> = Vec::new();
    let mut records = Records::new(stream, place);
    if records.next().is_none_or(|first| first.kind != BEGIN) {
        return Err(broken(packing, "it doesn't begin where the workbook says"));
    }
    let mut depth = 0_u64;
    loop {
        let Some(record) = records.next() else {
            return Err(broken(packing, "it ends in the middle"));
        };
        match record.kind {
            BEGIN => depth += 1,
            END_OF_FILE if depth == 0 => break,
            END_OF_FILE => depth -= 1,
            // A chart inside the sheet has cells of its own.
            _ if depth > 0 => {}
            MERGE_CELLS => extras.merges.extend(merges(record.body)),
            SAVE_RECALC => context.is_calculated = globals.is_calculated || record.body != [0, 0],
            ROW => extras.hidden_rows.extend(hidden(record.body)),
            NUMBER | RK | MUL_RK | LABEL | RSTRING | LABEL_SST | BOOL_ERR | FORMULA => {
                let row = short(record.body, 0).ok_or_else(|| broken(packing, "a cell of it is cut"))?;
                if cells.len() >= MOST_CELLS {
                    return Err(too_many_cells(packing.file(), packing.sheet(), MOST_CELLS as u64));
                }
                cells.push((row, record.at));
            }
            _ => {}
        }
    }
    extras.hidden_rows.sort_unstable();
    // Of two cells at one place the later counts.
    cells.sort_by_key(|(row, _)| *row);
    for (_, at) in cells {
        let mut records = Records::new(stream, at);
        if let Some(record) = records.next() {
            put(&record, &records, context, packing)?;
        }
    }
    Ok(extras)
}

fn short(body: &[u8], at: usize) -> Option<u16> {
    let piece = body.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*piece))
}

fn long(body: &[u8], at: usize) -> Option<u32> {
    let piece = body.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*piece))
}

fn double(body: &[u8], at: usize) -> Option<f64> {
    let piece = body.get(at..)?.first_chunk()?;
    Some(f64::from_le_bytes(*piece))
}

/// The areas of a record of merged cells.
fn merges(body: &[u8]) -> impl Iterator<Item = Merge> {
    let areas = body.get(2..).unwrap_or_default().chunks_exact(8);
    areas.filter_map(|area| {
        let corner = |row, column| Some((u64::from(short(area, row)?) + 1, usize::from(short(area, column)?)));
        Some(Merge {
            first: corner(0, 4)?,
            last: corner(2, 6)?,
        })
    })
}

/// The line of a row that is hidden.
fn hidden(body: &[u8]) -> Option<u64> {
    const ZERO_HEIGHT: u16 = 1 << 5;
    let row = short(body, 0)?;
    (short(body, 12)? & ZERO_HEIGHT != 0).then_some(u64::from(row) + 1)
}

fn broken(packing: &Packing, why: &str) -> ReadError {
    let sheet = packing.sheet();
    damaged(packing.file(), format!("sheet {sheet:?} can't be read ({why})"))
}

/// Sets the cell or cells of a record.
fn put(record: &Record<'_>, rest: &Records<'_>, context: Context<'_>, packing: &mut Packing) -> Result<(), ReadError> {
    let (body, globals) = (record.body, context.globals);
    let Some((row, column)) = short(body, 0).zip(short(body, 2)) else {
        return Err(broken(packing, "a cell of it is cut"));
    };
    let at = (u32::from(row), u32::from(column));
    let cut = |packing: &Packing| broken(packing, &format!("cell {} is cut", named(at)));
    if record.kind == MUL_RK {
        // The last column stands at the end.
        let packed = body.get(4..body.len().saturating_sub(2)).unwrap_or_default();
        for ((style, packed), column) in packed
            .chunks_exact(6)
            .filter_map(|rk| short(rk, 0).zip(long(rk, 2)))
            .zip(at.1..)
        {
            number((at.0, column), style, rk_number(packed), globals, packing)?;
        }
        return Ok(());
    }
    let Some(style) = short(body, 4) else {
        return Err(cut(packing));
    };
    match record.kind {
        NUMBER => match double(body, 6) {
            Some(value) => number(at, style, value, globals, packing),
            None => Err(cut(packing)),
        },
        RK => match long(body, 6) {
            Some(packed) => number(at, style, rk_number(packed), globals, packing),
            None => Err(cut(packing)),
        },
        LABEL_SST => shared(at, body, globals, packing),
        FORMULA => formula((at, style), record, rest, context, packing),
        BOOL_ERR => match body.get(6..8) {
            Some([value, 0]) => packing.set(at, Cell::Bool(*value != 0)),
            Some([value, _]) => packing.set(at, Cell::Error(error_value(*value))),
            _ => Err(cut(packing)),
        },
        _ => {
            let mut pieces = rest.pieces(record);
            let text = pieces.skip(6).and_then(|()| globals.letters.text(&mut pieces));
            match text {
                Some(text) => packing.set(at, Cell::Text(&text)),
                None => Err(unread(at, packing)),
            }
        }
    }
}

/// A text ends before its end, or is in a code page that isn't known.
fn unread(at: (u32, u32), packing: &Packing) -> ReadError {
    broken(
        packing,
        &format!("cell {} is cut, or its letters are unknown", named(at)),
    )
}

fn named((row, column): (u32, u32)) -> String {
    format!("{}{}", column_letters(column as usize), u64::from(row) + 1)
}

fn number(at: (u32, u32), style: u16, value: f64, globals: &Globals, packing: &mut Packing) -> Result<(), ReadError> {
    let style = globals.styles.get(usize::from(style)).copied().unwrap_or_default();
    let (row, column) = packing.cell(at)?;
    style.put(row, column, value, globals.is_1904);
    Ok(())
}

fn shared(at: (u32, u32), body: &[u8], globals: &Globals, packing: &mut Packing) -> Result<(), ReadError> {
    let Some(number) = long(body, 6) else {
        return Err(broken(packing, &format!("cell {} is cut", named(at))));
    };
    let text = usize::try_from(number)
        .ok()
        .and_then(|number| globals.texts.get(number));
    let Some(text) = text else {
        let why = format!("cell {} refers to shared text {number}, which doesn't exist", named(at));
        return Err(broken(packing, &why));
    };
    packing.set(at, Cell::Text(text))
}

/// A formula's value (MS-XLS 2.5.133).
fn formula(
    (at, style): ((u32, u32), u16),
    record: &Record<'_>,
    rest: &Records<'_>,
    context: Context<'_>,
    packing: &mut Packing,
) -> Result<(), ReadError> {
    const TEXT: u8 = 0;
    const BOOL: u8 = 1;
    const ERROR: u8 = 2;
    /// The formula is to be calculated when the file is opened: a 0 beside it is no value.
    const CALC_ON_LOAD: u16 = 2;
    let globals = context.globals;
    let is_open = short(record.body, 14).unwrap_or_default() & CALC_ON_LOAD != 0;
    match record.body.get(6..14) {
        Some([TEXT, _, _, _, _, _, 0xFF, 0xFF]) => {
            let mut records = rest.clone();
            match text_record(&mut records) {
                None => packing.set(at, Cell::Error(NOT_CALCULATED)),
                Some(text) => match globals.letters.text(&mut records.pieces(&text)) {
                    Some(text) => packing.set(at, Cell::Text(&text)),
                    None => Err(unread(at, packing)),
                },
            }
        }
        Some([BOOL, _, value, _, _, _, 0xFF, 0xFF]) => packing.set(at, Cell::Bool(*value != 0)),
        Some([ERROR, _, value, _, _, _, 0xFF, 0xFF]) => packing.set(at, Cell::Error(error_value(*value))),
        // An empty text.
        Some([_, _, _, _, _, _, 0xFF, 0xFF]) if context.is_calculated && !is_open => packing.set(at, Cell::Text("")),
        Some([_, _, _, _, _, _, 0xFF, 0xFF]) => packing.set(at, Cell::Error(NOT_CALCULATED)),
        _ => match double(record.body, 6) {
            Some(0.0) if is_open => packing.set(at, Cell::Error(NOT_CALCULATED)),
            Some(value) => number(at, style, value, globals, packing),
            None => Err(broken(packing, &format!("cell {} is cut", named(at)))),
        },
    }
}

/// The record with the text of a formula, between which the formula may be shared or that of an array.
fn text_record<'s>(records: &mut Records<'s>) -> Option<Record<'s>> {
    const BETWEEN: [u16; 4] = [0x003C, 0x04BC, 0x0221, 0x0236];
    let record = records.find(|record| !BETWEEN.contains(&record.kind))?;
    (record.kind == STRING).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::super::hostile_tests::{Book, compound};
    use super::super::legacy::tests::{begin, book, record};
    use super::*;
    use crate::sheet::{Limits, Row};

    const BIFF8: u16 = 0x0600;
    const BIFF5: u16 = 0x0500;
    const CONTINUE: u16 = 0x003C;
    const SHARED_TEXTS: u16 = 0x00FC;

    fn shown_with(limits: Limits, version: u16, globals: &[Vec<u8>], sheet: &[Vec<u8>]) -> String {
        let stream = if version == BIFF8 { "/Workbook" } else { "/Book" };
        let rows = Book::new(&compound(stream, &book(version, globals, sheet))).read(limits);
        let show = |row: &Row| {
            let cells: Vec<String> = row.cells().map(|cell| format!("{cell:?}")).collect();
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
            "1: Number(12.5, Plain) Moment(DateTime(2021-07-08T12:00:00)) Number(12.5, Plain) Text(\"ab\") \
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
            "book is damaged: sheet \"S\" can't be read (cell A1 is cut, or its letters are unknown)"
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
                error.starts_with("book is damaged: sheet \"S\" can't be read (cell C2 is cut"),
                "{error}"
            );
            let error = shown(BIFF8, &[], &[record(kind, &[0])]);
            assert!(error.contains("a cell of it is cut"), "{error}");
        }
        let missing = shown(BIFF8, &[], &[cell(LABEL_SST, (1, 0), 0, &[7, 0, 0, 0])]);
        assert!(
            missing.contains("cell A2 refers to shared text 7, which doesn't exist"),
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
}
