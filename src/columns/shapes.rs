//! What a row looks like by all its cells, whatever its columns mean.
//!
//! Doesn't belong here: what one text reads like (`labels`), whether a row is an item (`suspects`).

use super::labels::{self, Marker};
use super::texts::is_blank;
use crate::sheet::{Cell, Row, column_letters};

/// Whether a workbook's row is only what formulas over empty rows show.
pub(super) fn is_zeros(row: &Row, id: Option<usize>) -> bool {
    let zero = |cell: Cell<'_>| matches!(cell, Cell::Number(value, _) if value == 0.0);
    let id = id.map_or(Cell::Empty, |id| row.cell(id));
    let (mut filled, mut errors) = (0, 0);
    for cell in row.cells().filter(|cell| !is_blank(*cell)) {
        match cell {
            Cell::Error(_) => errors += 1,
            cell if zero(cell) => {}
            _ => return false,
        }
        filled += 1;
    }
    filled > 1 && (zero(id) || (is_blank(id) && errors == 0))
}

/// Whether a row describes the columns above the first row of data: types, units, what is required, their letters.
pub(super) fn describes(row: &Row, id: Option<usize>, width: usize) -> bool {
    let filled = row.cells().enumerate().filter(|(_, cell)| !is_blank(*cell));
    let filled: Vec<(usize, Cell<'_>)> = filled.collect();
    let texts: Vec<(usize, &str)> = filled
        .iter()
        .filter_map(|(at, cell)| match cell {
            Cell::Text(text) => Some((*at, text.trim())),
            _ => None,
        })
        .collect();
    if texts.len() != filled.len() || texts.is_empty() || width < 2 {
        return false;
    }
    let are_letters =
        texts.len() > 2 && texts.len() == width && texts.iter().all(|(at, text)| *text == column_letters(*at));
    let markers: Vec<Option<Marker>> = texts.iter().map(|(_, text)| labels::marker(text)).collect();
    let is_sure = |at: Option<usize>| {
        let own = texts.iter().zip(&markers).find(|((index, _), _)| Some(*index) == at);
        own.is_none_or(|(_, marker)| *marker == Some(Marker::Describes))
    };
    let has_enough = texts.len() > 1 || markers.contains(&Some(Marker::Describes));
    are_letters || (has_enough && markers.iter().all(Option::is_some) && is_sure(id))
}

/// Whether a quoted cell has swallowed rows: each line of the row, read by itself, is as long as the header.
pub(super) fn swallows_rows(row: &Row, delimiter: u8, width: usize) -> bool {
    let delimiter = char::from(delimiter);
    // Behind a comma of prose stands a blank.
    let fields = |line: &str| {
        let parts = line.split(delimiter).skip(1);
        1 + parts.filter(|part| !part.starts_with(' ')).count()
    };
    let (mut length, mut lines) = (0, 0);
    for cell in row.cells() {
        let Cell::Text(text) = cell else {
            length += 1;
            continue;
        };
        let mut parts = text.lines();
        length += fields(parts.next().unwrap_or_default());
        for part in parts {
            if length != width {
                return false;
            }
            length = fields(part);
            lines += 1;
        }
    }
    lines > 0 && length == width
}

/// Whether every filled cell of a row is a rule, or a dash beside one.
pub(super) fn is_ruled(row: &Row) -> bool {
    let mut any = false;
    for cell in row.cells().filter(|cell| !is_blank(*cell)) {
        match cell {
            Cell::Text(text) if labels::is_rule(text) => any = true,
            Cell::Text(text) if matches!(text.trim(), "-" | "—" | "–" | "=" | "_" | "|" | "+") => {}
            _ => return false,
        }
    }
    any
}
