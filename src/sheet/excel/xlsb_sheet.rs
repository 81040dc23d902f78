//! A sheet of an xlsb: its cells under their styles, merged cells, hidden rows.
//!
//! Doesn't belong here: what sheets have in common (`xlsb`), what a number means under its format (`cells`).

use super::cells::put_number;
use super::formats::{error_value, rk_number, set_text};
use super::package::Archive;
use super::packing::Packing;
use super::source::Source;
use super::xlsb::{Book, Globals, Records, long, wide};
use super::{Extras, Merge, too_many_cells};
use crate::sheet::{Cell, Limits, NOT_CALCULATED, ReadError, column_letters};

/// A row (MS-XLSB 2.4.741), and the end of the rows (2.4.347).
const ROW: u32 = 0;
const END_OF_ROWS: u32 = 146;
/// Merged cells (MS-XLSB 2.4.706).
const MERGE: u32 = 176;
/// The kinds of cells, from `BrtCellBlank` to `BrtFmlaError` (MS-XLSB 2.4.313 to 2.4.321 and 2.4.674 to 2.4.677); 6 and 8 are
/// texts.
const FIRST_CELL: u32 = BLANK;
const BLANK: u32 = 1;
const PACKED: u32 = 2;
const ERROR: u32 = 3;
const BOOL: u32 = 4;
const REAL: u32 = 5;
const SHARED_TEXT: u32 = 7;
const FORMULA_REAL: u32 = 9;
const FORMULA_BOOL: u32 = 10;
const FORMULA_ERROR: u32 = 11;
const LAST_CELL: u32 = FORMULA_ERROR;
/// `BrtShortBlank` to `BrtShortIsst` (MS-XLSB 2.4.797 to 2.4.803) are the first seven of them without a column: each stands
/// behind the cell before it.
const FIRST_SHORT: u32 = 12;
const LAST_SHORT: u32 = 18;
/// A text with formats in it (MS-XLSB 2.4.320).
const RICH_TEXT: u32 = 62;

/// Where the walk over the sheet stands.
#[derive(Default)]
struct Place {
    row: u32,
    /// The column behind the last cell.
    column: u32,
}

/// Packs all rows of a sheet, given by its place among the worksheets.
pub(super) fn read(
    book: &Book,
    index: usize,
    source: &Source,
    limits: &Limits,
    packing: &mut Packing,
) -> Result<Extras, ReadError> {
    let Some(part) = book.parts.get(index) else {
        return Ok(Extras::default());
    };
    let (file, globals) = (packing.file().to_owned(), &book.globals);
    let file = file.as_str();
    let mut archive = Archive::open(source, file)?;
    let mut records = Records::new(archive.part(part)?, file, part, limits);
    let (mut extras, mut place, mut is_over) = (Extras::default(), Place::default(), false);
    while let Some(kind) = records.next()? {
        let body = records.body.as_slice();
        let taken = match kind {
            ROW if !is_over => row(body, &mut place, &mut extras).ok_or(Fault::Cut),
            FIRST_CELL..=LAST_CELL | FIRST_SHORT..=LAST_SHORT | RICH_TEXT if !is_over => {
                cell(kind, body, &mut place, globals, packing)
            }
            END_OF_ROWS => {
                is_over = true;
                Ok(())
            }
            MERGE => merge(body).map(|merge| extras.merges.push(merge)).ok_or(Fault::Cut),
            _ => Ok(()),
        };
        taken.map_err(|fault| match fault {
            Fault::Cut => records.cut(kind),
            Fault::NoText(number) => {
                let column = column_letters(place.column.saturating_sub(1) as usize);
                let line = u64::from(place.row) + 1;
                records.damaged(&format!(
                    "cell {column}{line} refers to shared string {number}, which doesn't exist"
                ))
            }
            Fault::Own(error) => error,
        })?;
        if (extras.merges.len() + extras.hidden_rows.len()) as u64 > limits.cells {
            return Err(too_many_cells(file, packing.sheet(), limits.cells));
        }
    }
    if !is_over {
        return Err(records.damaged("it ends in the middle"));
    }
    Ok(extras)
}

fn row(body: &[u8], place: &mut Place, extras: &mut Extras) -> Option<()> {
    const ZERO_HEIGHT: u8 = 1 << 4;
    *place = Place {
        row: long(body, 0)?,
        column: 0,
    };
    if body.get(11).is_some_and(|flags| flags & ZERO_HEIGHT != 0) {
        extras.hidden_rows.push(u64::from(place.row) + 1);
    }
    Some(())
}

fn merge(body: &[u8]) -> Option<Merge> {
    let corner = |row, column| {
        Some((
            u64::from(long(body, row)?) + 1,
            usize::try_from(long(body, column)?).ok()?,
        ))
    };
    Some(Merge {
        first: corner(0, 8)?,
        last: corner(4, 12)?,
    })
}

/// Why a cell can't be read.
enum Fault {
    /// Its record ends before what it is said to hold.
    Cut,
    /// There is no shared text of this number.
    NoText(u32),
    Own(ReadError),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Own(error)
    }
}

fn cell(kind: u32, body: &[u8], place: &mut Place, globals: &Globals, packing: &mut Packing) -> Result<(), Fault> {
    let is_short = (FIRST_SHORT..=LAST_SHORT).contains(&kind);
    let (kind, column, rest) = if is_short {
        (kind - FIRST_SHORT + FIRST_CELL, place.column, body)
    } else {
        let column = long(body, 0).ok_or(Fault::Cut)?;
        (kind, column, body.get(4..).unwrap_or_default())
    };
    place.column = column.saturating_add(1);
    // The lower 24 bits; the others say whether the text's pronunciation is shown.
    let style = long(rest, 0).ok_or(Fault::Cut)? & 0x00FF_FFFF;
    let data = rest.get(4..).unwrap_or_default();
    let at = (place.row, column);
    let format = || globals.styles.get(style as usize).copied().unwrap_or_default();
    let byte = || data.first().copied().ok_or(Fault::Cut);
    match kind {
        BLANK => {}
        PACKED => number(at, style, rk_number(long(data, 0).ok_or(Fault::Cut)?), globals, packing)?,
        REAL | FORMULA_REAL => {
            let value = f64::from_le_bytes(*data.first_chunk().ok_or(Fault::Cut)?);
            if kind == FORMULA_REAL && globals.recalculates && value == 0.0 {
                packing.set(at, Cell::Error(NOT_CALCULATED))?;
            } else {
                number(at, style, value, globals, packing)?;
            }
        }
        ERROR | FORMULA_ERROR => packing.set(at, Cell::Error(error_value(byte()?)))?,
        BOOL | FORMULA_BOOL => packing.set(at, Cell::Bool(byte()? != 0))?,
        SHARED_TEXT => {
            let number = long(data, 0).ok_or(Fault::Cut)?;
            let text = globals.texts.get(number as usize).ok_or(Fault::NoText(number))?;
            set_text(at, text, format(), packing)?;
        }
        // The first byte of a rich text says what follows it.
        kind => {
            let (text, _) = wide(data, usize::from(kind == RICH_TEXT)).ok_or(Fault::Cut)?;
            set_text(at, &text, format(), packing)?;
        }
    }
    Ok(())
}

fn number(at: (u32, u32), style: u32, value: f64, globals: &Globals, packing: &mut Packing) -> Result<(), ReadError> {
    let style = globals.styles.get(style as usize).copied().unwrap_or_default();
    let (row, column) = packing.cell(at)?;
    put_number(row, column, value, style, globals.is_1904);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::hostile_tests::{Book as Made, zipped};
    use super::*;
    use crate::sheet::Row;

    fn record(kind: u32, body: &[u8]) -> Vec<u8> {
        let kind = if kind < 128 {
            vec![u8::try_from(kind).unwrap()]
        } else {
            vec![
                u8::try_from(kind & 0x7F).unwrap() | 0x80,
                u8::try_from(kind >> 7).unwrap(),
            ]
        };
        [&kind[..], &[u8::try_from(body.len()).unwrap()], body].concat()
    }

    fn wide_text(text: &str) -> Vec<u8> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let length = u32::try_from(units.len()).unwrap().to_le_bytes();
        [length.to_vec(), units.into_iter().flat_map(u16::to_le_bytes).collect()].concat()
    }

    /// A workbook at an unusual place, with the style 1 for dates.
    fn book(records: &[Vec<u8>]) -> Vec<u8> {
        const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationships><Relationship Id='{id}' Type='{KIND}/{kind}' Target='{target}'/></Relationships>")
        };
        let main = relation("m", "officeDocument", "/wtf/book.bin");
        let relations = relation("r1", "worksheet", "s.bin")
            .replace(
                "</Relationships>",
                &relation("r2", "styles", "/wtf/st.bin").replace("<Relationships>", ""),
            )
            .replace(
                "</Relationships>",
                &relation("r3", "sharedStrings", "t.bin").replace("<Relationships>", ""),
            );
        let workbook = record(156, &[&[0; 8][..], &wide_text("r1"), &wide_text("S")].concat());
        let xf = |format: u16| record(47, &[&[0; 2][..], &format.to_le_bytes(), &[0; 12]].concat());
        let styles = [record(617, &[2, 0, 0, 0]), xf(0), xf(14), record(618, &[])].concat();
        let texts = record(19, &[&[0][..], &wide_text("柚子 🍋")].concat());
        let types = "<Types><Override PartName='/wtf/book.bin' \
             ContentType='application/vnd.ms-excel.sheet.binary.macroEnabled.main'/></Types>";
        zipped(&[
            ("[Content_Types].xml", types.as_bytes()),
            ("_rels/.rels", main.as_bytes()),
            ("wtf/book.bin", &workbook),
            ("wtf/_rels/book.bin.rels", relations.as_bytes()),
            ("wtf/st.bin", &styles),
            ("wtf/t.bin", &texts),
            ("wtf/s.bin", &records.concat()),
        ])
    }

    fn shown(records: &[Vec<u8>]) -> String {
        let rows = Made::new(&book(records)).read(Limits::default());
        let show = |row: &Row| {
            let cells: Vec<String> = row.cells().map(crate::sheet::tests::seen).collect();
            format!("{}: {}", row.line, cells.join(" "))
        };
        match rows {
            Ok(rows) => rows.iter().map(show).collect::<Vec<_>>().join("\n"),
            Err(error) => error.to_string(),
        }
    }

    fn row(line: u32) -> Vec<u8> {
        record(ROW, &[&line.to_le_bytes()[..], &[0; 13]].concat())
    }

    /// A cell in a column, or a short one.
    fn cell(kind: u32, column: Option<u32>, style: u32, data: &[u8]) -> Vec<u8> {
        let column = column.map(u32::to_le_bytes);
        let place = column.as_ref().map_or(&[][..], |column| &column[..]);
        record(kind, &[place, &style.to_le_bytes(), data].concat())
    }

    #[test]
    fn every_kind_of_cell_is_read_short_or_not() {
        let day = 44_385_f64.to_le_bytes();
        let text = wide_text("🍋");
        let rich = [&[1][..], &text, &[0; 8]].concat();
        let packed = ((1250_u32 << 2) | 3).to_le_bytes();
        let full = [
            cell(1, Some(0), 0, &[]),
            cell(2, Some(1), 0, &packed),
            cell(3, Some(2), 0, &[0x17]),
            cell(4, Some(3), 0, &[1]),
            cell(5, Some(4), 1, &day),
            cell(6, Some(5), 0, &text),
            cell(7, Some(6), 0, &[0; 4]),
            cell(RICH_TEXT, Some(7), 0, &rich),
            cell(8, Some(8), 0, &[&text[..], &[0; 9]].concat()),
            cell(9, Some(9), 0, &[&day[..], &[0; 9]].concat()),
            cell(10, Some(10), 0, &[0, 0, 0]),
            cell(11, Some(11), 0, &[0x2A, 0, 0]),
        ];
        let short = [
            cell(12, None, 0, &[]),
            cell(13, None, 0, &packed),
            cell(14, None, 0, &[0x17]),
            cell(15, None, 0, &[1]),
            cell(16, None, 1, &day),
            cell(17, None, 0, &text),
            cell(18, None, 0, &[0; 4]),
        ];
        let values = "Empty Number(12.5, Plain) Error(\"#REF!\") Bool(true) Moment(Date(2021-07-08)) Text(\"🍋\") \
             Text(\"柚子 🍋\")";
        let more = "Text(\"🍋\") Text(\"🍋\") Number(44385.0, Plain) Bool(false) Error(\"#N/A\")";
        // A short cell stands behind whichever cell was before it.
        let mixed = [cell(4, Some(2), 0, &[0]), cell(15, None, 0, &[1])].concat();
        let sheet = [
            row(0),
            full.concat(),
            row(4),
            short.concat(),
            row(5),
            mixed,
            record(END_OF_ROWS, &[]),
        ];
        assert_eq!(
            shown(&sheet),
            format!("1: {values} {more}\n5: {values}\n6: Empty Empty Bool(false) Bool(true)")
        );
    }

    #[test]
    fn a_cell_that_lies_and_a_sheet_that_is_cut_are_damaged() {
        let end = record(END_OF_ROWS, &[]);
        for (kind, data) in [
            (2, &[0; 3][..]),
            (5, &[0; 7]),
            (6, &[9, 0, 0, 0, b'x', 0]),
            (7, &[0; 3]),
            (3, &[]),
            (62, &[]),
        ] {
            let error = shown(&[row(0), cell(kind, Some(0), 0, data), end.clone()]);
            assert!(
                error.contains(&format!("record {kind} is shorter than its stated length")),
                "{error}"
            );
        }
        let missing = shown(&[row(6), cell(18, None, 0, &[5, 0, 0, 0]), end.clone()]);
        assert!(
            missing.contains("cell A7 refers to shared string 5, which doesn't exist"),
            "{missing}"
        );
        let cut = shown(&[row(0), cell(4, Some(0), 0, &[1])]);
        assert!(
            cut.contains("its part wtf/s.bin can't be read (it ends in the middle)"),
            "{cut}"
        );
        let cut = shown(&[row(0), end, vec![4, 9, 1]]);
        assert!(cut.contains("it ends in the middle of a record"), "{cut}");
    }
}
