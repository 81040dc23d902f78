//! Rows that are packed come back complete, from memory and from the file; what exceeds a bound isn't packed.

use std::sync::Arc;

use jiff::civil::{Date, Time};

use super::packing::{Packing, push_varint};
use super::spool::{Chunks, Rows};
use super::unpacking::varint;
use super::{MAX_ROWS, Shelf};
use crate::sheet::{Cell, Limits, Moment, NumberFormat, ReadError, Row, RowReader};

/// A cell and its place.
type Put<'a> = ((u32, u32), Cell<'a>);

fn packed(limits: Limits, shelf: &Arc<Shelf>, cells: &[Put<'_>]) -> Result<Vec<Row>, ReadError> {
    let mut packing = Packing::new("book", "S", limits, Arc::clone(shelf));
    for (at, cell) in cells {
        let (row, column) = packing.cell(*at)?;
        row.set(column, *cell);
    }
    let spool = Arc::new(packing.finish()?);
    let (mut rows, mut row, mut all) = (Rows::new(Chunks::new("book", spool)), Row::new(), Vec::new());
    while rows.next(&mut row)? {
        all.push(row.clone());
    }
    Ok(all)
}

#[test]
fn every_kind_of_cell_comes_back_at_its_place() {
    let date = Date::new(2024, 2, 29).unwrap();
    let time = Time::new(23, 59, 1, 0).unwrap();
    let cells = [
        Cell::Text("Crème"),
        Cell::Error("#REF!"),
        Cell::Number(-0.1, NumberFormat::Plain),
        Cell::Number(1e300, NumberFormat::of("0.00E+00")),
        Cell::Number(0.25, NumberFormat::of("0.00%")),
        Cell::Number(7.0, NumberFormat::of("000000000000000000000000")),
        Cell::Bool(true),
        Cell::Bool(false),
        Cell::Moment(Moment::Date(date), NumberFormat::Plain),
        Cell::Moment(Moment::DateTime(date.to_datetime(time)), NumberFormat::Plain),
        Cell::Moment(Moment::Time(time), NumberFormat::Plain),
        Cell::Moment(Moment::Duration(1.5), NumberFormat::Plain),
    ];
    let mut put: Vec<Put<'_>> = (0..).step_by(2).zip(cells).map(|(at, cell)| ((6, at), cell)).collect();
    // Cells and rows may come in any order.
    put.extend([
        ((7, 300), Cell::Text("é")),
        ((7, 2), Cell::Bool(true)),
        ((2, 0), Cell::Text("up")),
    ]);
    let rows = packed(Limits::default(), &Arc::default(), &put).unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.line, row.len())).collect::<Vec<_>>(),
        [(7, 23), (8, 301), (3, 1)]
    );
    for (at, cell) in cells.iter().enumerate() {
        assert_eq!(rows[0].cell(2 * at), *cell);
    }
    assert_eq!((rows[0].cell(1), rows[1].cell(300)), (Cell::Empty, Cell::Text("é")));
}

#[test]
fn rows_beyond_the_memory_wait_in_a_file() {
    let shelf = Arc::<Shelf>::default();
    let long = "x".repeat(5_000);
    let cells: Vec<Put<'_>> = (0..3_000).map(|line| ((line, line % 3), Cell::Text(&long))).collect();
    let rows = packed(Limits::default(), &shelf, &cells).unwrap();
    assert!(shelf.is_in_a_file());
    assert_eq!(rows.len(), 3_000);
    for (row, line) in rows.iter().zip(0..) {
        assert_eq!((row.line, row.cell((line % 3) as usize)), (line + 1, Cell::Text(&long)));
    }
}

#[test]
fn what_exceeds_a_bound_is_refused() {
    let limits = Limits {
        cells: 10,
        columns: 8,
        row_bytes: 20,
        expanded_bytes: 40,
    };
    let one = Cell::Bool(true);
    let text = Cell::Text("0123456789");
    let tries: [(&str, &[Put<'_>]); 5] = [
        ("is too large: sheet \"S\" has more than 8 columns", &[((0, 8), one)]),
        (
            "has a value in row 1,048,577, and its last row is 1,048,576",
            &[((MAX_ROWS, 0), one)],
        ),
        ("more than 10 cells, gaps included", &[((0, 7), one), ((1, 2), one)]),
        (
            "the texts of row 1 of a sheet take more than 20 bytes",
            &[((0, 0), text), ((0, 1), text), ((0, 2), text), ((0, 3), one)],
        ),
        (
            "the texts of sheet \"S\" take more than 40 bytes",
            &[
                ((0, 0), text),
                ((1, 0), text),
                ((2, 0), text),
                ((3, 0), text),
                ((4, 0), text),
            ],
        ),
    ];
    for (why, cells) in tries {
        let error = packed(limits, &Arc::default(), cells).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn numbers_of_any_length_come_back() {
    for number in [0, 1, 127, 128, 255, 256, 300, 16_383, 16_384, u64::MAX] {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, number);
        assert_eq!(varint(&mut bytes.as_slice()), Some(number), "{number}");
    }
}
