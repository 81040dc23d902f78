//! Rows that are packed come back whole, from memory and from the file; what exceeds a bound isn't packed.

use std::sync::Arc;

use jiff::civil::{Date, Time};

use super::MAX_ROWS;
use super::markup::Halt;
use super::packing::{Packing, push_varint};
use super::spool::{Place, Spool};
use super::strings::Strings;
use super::unpacking::varint;
use crate::sheet::{Cell, Limits, Moment, NumberFormat, Row, RowReader};

/// A cell and its place.
type Put<'a> = ((u32, u32), Cell<'a>);

fn packing(limits: Limits) -> Packing {
    let mut strings = Strings::default();
    for text in ["", "shared", "é"] {
        strings.push(text).unwrap();
    }
    Packing::new(limits, Arc::default(), Arc::new(strings))
}

fn all(spool: &Spool) -> Vec<Row> {
    let mut all = Vec::new();
    for index in 0..spool.places().len() {
        let (mut rows, mut row) = (spool.chunk(index, "book").unwrap().unwrap(), Row::new());
        while rows.next(&mut row).unwrap() {
            all.push(row.clone());
        }
    }
    assert!(spool.chunk(spool.places().len(), "book").unwrap().is_none());
    all
}

#[test]
fn every_kind_of_cell_comes_back_at_its_place() {
    let date = Date::new(2024, 2, 29).unwrap();
    let time = Time::new(23, 59, 1, 0).unwrap();
    let cells = [
        Cell::Text("Crème"),
        Cell::Error("#REF!"),
        Cell::Number(-0.1, NumberFormat::Plain),
        Cell::Number(1e300, NumberFormat::Scientific),
        Cell::Number(0.25, NumberFormat::Percent),
        Cell::Number(7.0, NumberFormat::Padded(24)),
        Cell::Bool(true),
        Cell::Bool(false),
        Cell::Moment(Moment::Date(date)),
        Cell::Moment(Moment::DateTime(date.to_datetime(time))),
        Cell::Moment(Moment::Time(time)),
        Cell::Moment(Moment::Duration(1.5)),
    ];
    let mut packing = packing(Limits::default());
    for (column, cell) in (0..).step_by(2).zip(&cells) {
        packing.put((6, column), cell).unwrap();
    }
    packing.put_shared((7, 300), 2).unwrap();
    packing.put((9, 0), &Cell::Text("")).unwrap();
    packing.put_shared((9, 3), 0).unwrap();
    let rows = all(&packing.finish().unwrap());
    assert_eq!(
        rows.iter().map(|row| (row.line, row.len())).collect::<Vec<_>>(),
        [(7, 23), (8, 301), (10, 0)]
    );
    for (at, cell) in cells.iter().enumerate() {
        assert_eq!(rows[0].cell(2 * at), *cell);
    }
    assert_eq!((rows[0].cell(1), rows[1].cell(300)), (Cell::Empty, Cell::Text("é")));
}

#[test]
fn rows_beyond_the_memory_wait_in_a_file() {
    let mut packing = packing(Limits::default());
    let long = "x".repeat(5_000);
    for line in 0..3_000 {
        packing.put((line, line % 3), &Cell::Text(&long)).unwrap();
    }
    let spool = packing.finish().unwrap();
    assert!(spool.places().iter().any(|place| matches!(place, Place::File { .. })));
    let rows = all(&spool);
    assert_eq!(rows.len(), 3_000);
    for (row, line) in rows.iter().zip(0..) {
        assert_eq!((row.line, row.cell((line % 3) as usize)), (line + 1, Cell::Text(&long)));
    }
}

#[test]
fn bounds_and_disorder_are_left_to_the_other_reader() {
    let limits = Limits {
        cells: 10,
        columns: 8,
        row_bytes: 20,
        expanded_bytes: 40,
    };
    let one = Cell::Bool(true);
    let text = Cell::Text("0123456789");
    let tries: [(&str, &[Put<'_>]); 8] = [
        ("backwards", &[((0, 2), one), ((0, 1), one)]),
        ("twice", &[((0, 2), one), ((0, 2), one)]),
        ("too wide", &[((0, 8), one)]),
        ("beyond the last row", &[((MAX_ROWS, 0), one)]),
        ("too many cells", &[((0, 7), one), ((1, 2), one)]),
        ("a long row", &[((0, 0), text), ((0, 1), text), ((0, 2), text)]),
        ("no such cell", &[((0, 0), Cell::Absent)]),
        (
            "long in all",
            &[
                ((0, 0), text),
                ((1, 0), text),
                ((2, 0), text),
                ((3, 0), text),
                ((4, 0), text),
                ((5, 0), one),
            ],
        ),
    ];
    for (name, cells) in tries {
        let mut packing = packing(limits);
        let end = cells.iter().try_for_each(|(at, cell)| packing.put(*at, cell));
        assert_eq!(end, Err(Halt::Unusual), "{name}");
    }
    assert_eq!(packing(limits).put_shared((0, 0), 3), Err(Halt::Unusual));
}

#[test]
fn numbers_of_any_length_come_back() {
    for number in [0, 1, 127, 128, 255, 256, 300, 16_383, 16_384, u64::MAX] {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, number);
        assert_eq!(varint(&mut bytes.as_slice()), Some(number), "{number}");
    }
}
