//! A table's rows in pieces that can be read on several threads.
//!
//! Belongs here: what a piece is, and pieces of rows that were read one after the other. Doesn't: how delimited text is
//! cut (`chunks`), and threads.

use super::{Passed, ReadError, Row, RowReader};

/// A part of a table's data rows, to be read on any thread.
pub type Piece = Box<dyn RowReader + Send>;

/// Gives a table's data rows piece by piece, in order; cut the same way on each pass.
pub trait PieceReader {
    /// The next piece; none at the end. An error that comes while a piece is read ends the table as well.
    fn next(&mut self) -> Result<Option<Piece>, ReadError>;

    /// What was passed while the pieces were cut, beside what each piece passes when it is read; whole after the last one.
    fn passed(&self) -> Passed {
        Passed::default()
    }
}

/// How many rows are gathered into one piece: enough to make up for handing it over, few enough to stay in the
/// processor's cache.
const TOGETHER: usize = 256;
/// A piece that takes so many bytes gets no further rows: several pieces wait for each processor.
const PIECE_BYTES: usize = 1 << 20;

/// Pieces of formats that can only be read from one end to the other.
pub(super) struct Gathered {
    rows: Box<dyn RowReader>,
    together: usize,
    /// What came after the rows of the last piece.
    failure: Option<ReadError>,
    done: bool,
}

impl Gathered {
    pub(super) fn new(rows: Box<dyn RowReader>) -> Self {
        Self::sized(rows, TOGETHER)
    }

    pub(super) fn sized(rows: Box<dyn RowReader>, together: usize) -> Self {
        Self {
            rows,
            together,
            failure: None,
            done: false,
        }
    }
}

impl PieceReader for Gathered {
    fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut rows = Vec::with_capacity(self.together.min(TOGETHER));
        let mut bytes = 0_usize;
        while !self.done && rows.len() < self.together && bytes < PIECE_BYTES {
            let mut row = Row::new();
            match self.rows.next(&mut row) {
                Ok(true) => {
                    bytes = bytes.saturating_add(row.weight());
                    rows.push(row);
                }
                Ok(false) => self.done = true,
                Err(failure) => {
                    self.done = true;
                    if rows.is_empty() {
                        return Err(failure);
                    }
                    self.failure = Some(failure);
                }
            }
        }
        Ok((!rows.is_empty()).then(|| Box::new(InMemory(rows.into_iter())) as Piece))
    }

    fn passed(&self) -> Passed {
        self.rows.passed()
    }
}

/// The rows of all pieces, one after the other.
pub(super) struct Chained<R> {
    pieces: R,
    piece: Option<Piece>,
    passed: Passed,
}

impl<R> Chained<R> {
    pub(super) fn new(pieces: R) -> Self {
        Self {
            pieces,
            piece: None,
            passed: Passed::default(),
        }
    }
}

impl<R: PieceReader> RowReader for Chained<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if let Some(piece) = &mut self.piece {
                if piece.next(row)? {
                    return Ok(true);
                }
                self.passed.join(piece.passed());
            }
            self.piece = self.pieces.next()?;
            if self.piece.is_none() {
                return Ok(false);
            }
        }
    }

    fn passed(&self) -> Passed {
        let mut passed = self.passed;
        if let Some(piece) = &self.piece {
            passed.join(piece.passed());
        }
        passed.join(self.pieces.passed());
        passed
    }
}

struct InMemory(std::vec::IntoIter<Row>);

impl RowReader for InMemory {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        Ok(match self.0.next() {
            Some(next) => {
                *row = next;
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Header};
    use super::*;

    /// How many rows each piece has.
    fn pieces(rows: Vec<Row>) -> Vec<usize> {
        let table = super::super::Table::from_rows("a.json", super::super::Format::Json, None, Header::default(), rows);
        let mut gathered = Gathered::new(table.rows().unwrap());
        let mut sizes = Vec::new();
        while let Some(mut piece) = gathered.next().unwrap() {
            let mut row = Row::new();
            sizes.push(0);
            while piece.next(&mut row).unwrap() {
                *sizes.last_mut().unwrap() += 1;
            }
        }
        sizes
    }

    #[test]
    fn a_piece_holds_few_long_rows_and_many_short_ones() {
        let row = |cell: Cell<'_>| {
            let mut row = Row::new();
            row.push(cell);
            row
        };
        assert_eq!(pieces(vec![row(Cell::Text("x")); 300]), [256, 44]);
        let long = "x".repeat(PIECE_BYTES / 2);
        assert_eq!(pieces(vec![row(Cell::Text(&long)); 5]), [2, 2, 1]);
        // Values take more room than their text.
        let nested = serde_json::Value::from(vec![0; PIECE_BYTES / 64]);
        assert_eq!(pieces(vec![row(Cell::Json(&nested)); 3]), [1, 1, 1]);
    }
}
