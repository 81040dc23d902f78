//! A sheet of an xls: its cells under their styles, merged cells, hidden rows.
//!
//! Cells may come in any order, as Perl's `Spreadsheet::WriteExcel` writes them in that of its calls; they are sorted here.
//!
//! Doesn't belong here: what sheets have in common (`legacy`), what a number means under its format (`cells`).

use super::cells::put_number;
use super::formats::{error_value, rk_number, set_text};
use super::legacy::{BEGIN, Book, END_OF_FILE, Globals};
use super::legacy_texts::{Record, Records};
use super::package::damaged;
use super::packing::Packing;
use super::{Extras, Merge, too_many_cells};
use crate::sheet::{Cell, NOT_CALCULATED, NumberFormat, ReadError, column_letters};

/// One number, as a double or packed (MS-XLS 2.4.180, 2.4.220), and several of them in a row (2.4.175).
pub(super) const NUMBER: u16 = 0x0203;
pub(super) const RK: u16 = 0x027E;
pub(super) const MUL_RK: u16 = 0x00BD;
/// A text, alone or shared (MS-XLS 2.4.148, 2.4.149); `RSTRING` is a text with formats in it.
pub(super) const LABEL: u16 = 0x0204;
pub(super) const RSTRING: u16 = 0x00D6;
pub(super) const LABEL_SST: u16 = 0x00FD;
/// A truth value or an error value (MS-XLS 2.4.24).
pub(super) const BOOL_ERR: u16 = 0x0205;
/// A formula with its value (MS-XLS 2.4.127), and the value that is a text (2.4.268), which follows it.
pub(super) const FORMULA: u16 = 0x0006;
pub(super) const STRING: u16 = 0x0207;
/// Merged cells (MS-XLS 2.4.168), and a row (2.4.221).
const MERGE_CELLS: u16 = 0x00E5;
const ROW: u16 = 0x0208;
/// Whether the formulas are calculated before the workbook is saved (MS-XLS 2.4.248).
pub(super) const SAVE_RECALC: u16 = 0x005F;

/// A sheet has 65,536 rows of 256 columns at most, and each of its cells one record or less.
const MOST_CELLS: usize = 1 << 24;

/// What is known when a cell is read.
#[derive(Clone, Copy)]
struct Context<'g> {
    globals: &'g Globals,
    /// Whether an empty text may be the value of a formula. xlwt gives it to all of them, calculates none, and says so.
    is_calculated: bool,
}

/// Packs all rows of a sheet, given by its place among the worksheets.
pub(super) fn read(book: &Book, index: usize, packing: &mut Packing) -> Result<Extras, ReadError> {
    let Some(place) = book.places.get(index) else {
        return Ok(Extras::default());
    };
    let (stream, globals) = (&book.stream, &book.globals);
    let mut extras = Extras::default();
    let mut context = Context {
        globals,
        is_calculated: true,
    };
    let mut cells: Vec<(u16, usize)> = Vec::new();
    let mut records = Records::new(stream, *place);
    if records.next().is_none_or(|first| first.kind != BEGIN) {
        return Err(broken(
            packing,
            "it doesn't begin at the offset that the workbook gives",
        ));
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
                let row = short(record.body, 0).ok_or_else(|| broken(packing, "one of its cells is truncated"))?;
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
        return Err(broken(packing, "one of its cells is truncated"));
    };
    let at = (u32::from(row), u32::from(column));
    let cut = |packing: &Packing| broken(packing, &format!("cell {} is truncated", named(at)));
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
                Some(text) => set_text(at, &text, format_of(Some(style), globals), packing),
                None => Err(unread(at, packing)),
            }
        }
    }
}

/// A text ends before its end, or is in a code page that isn't known.
fn unread(at: (u32, u32), packing: &Packing) -> ReadError {
    broken(
        packing,
        &format!("cell {} is truncated or has unknown characters", named(at)),
    )
}

fn named((row, column): (u32, u32)) -> String {
    format!("{}{}", column_letters(column as usize), u64::from(row) + 1)
}

fn number(at: (u32, u32), style: u16, value: f64, globals: &Globals, packing: &mut Packing) -> Result<(), ReadError> {
    let style = format_of(Some(style), globals);
    let (row, column) = packing.cell(at)?;
    put_number(row, column, value, style, globals.is_1904);
    Ok(())
}

fn shared(at: (u32, u32), body: &[u8], globals: &Globals, packing: &mut Packing) -> Result<(), ReadError> {
    let Some(number) = long(body, 6) else {
        return Err(broken(packing, &format!("cell {} is truncated", named(at))));
    };
    let text = usize::try_from(number)
        .ok()
        .and_then(|number| globals.texts.get(number));
    let Some(text) = text else {
        let why = format!(
            "cell {} refers to shared string {number}, which doesn't exist",
            named(at)
        );
        return Err(broken(packing, &why));
    };
    set_text(at, text, format_of(short(body, 4), globals), packing)
}

fn format_of(style: Option<u16>, globals: &Globals) -> NumberFormat {
    let format = style.and_then(|style| globals.styles.get(usize::from(style)));
    format.copied().unwrap_or_default()
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
                    Some(text) => set_text(at, &text, format_of(Some(style), globals), packing),
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
            None => Err(broken(packing, &format!("cell {} is truncated", named(at)))),
        },
    }
}

/// The record with the text of a formula, between which the formula may be shared or that of an array.
fn text_record<'s>(records: &mut Records<'s>) -> Option<Record<'s>> {
    const BETWEEN: [u16; 4] = [0x003C, 0x04BC, 0x0221, 0x0236];
    let record = records.find(|record| !BETWEEN.contains(&record.kind))?;
    (record.kind == STRING).then_some(record)
}
