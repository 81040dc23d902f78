//! Rows that were written in the order of the list → the pieces of the file in the order of the ids, where few rows are out of
//! order: these are moved, and the file is copied once.
//!
//! Doesn't belong here: the order of items that are not written yet (`inventory`), the file (`sheet::write`).

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

/// So many bytes of ids may be out of order; with more, the items are sorted.
const MOST: usize = 32 << 20;

/// The length and the id of each row, in the order in which they were written, in a temporary file.
pub(super) struct RowIndex {
    file: BufWriter<File>,
}

/// A row: where its bytes are behind the first row, and its id, which is empty where it has none.
#[derive(Clone, Debug, Default)]
struct Row {
    from: u64,
    length: u64,
    id: Vec<u8>,
}

/// Pieces of the rows' bytes, each from a place behind the first row, with its length.
pub(super) type Pieces = Vec<(u64, u64)>;

/// Some rows of an index. Ids that follow each other mostly begin alike: of each only what differs is kept.
#[derive(Default)]
pub(super) struct Noted {
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Noted {
    /// Adds a row.
    pub(super) fn add(&mut self, length: usize, id: Option<&str>) {
        let id = id.unwrap_or_default().as_bytes();
        let alike = self.last.iter().zip(id).take_while(|(a, b)| a == b).count();
        let rest = id.get(alike..).unwrap_or_default();
        for number in [length, alike, rest.len()] {
            put_number(&mut self.bytes, number);
        }
        self.bytes.extend_from_slice(rest);
        self.last.truncate(alike);
        self.last.extend_from_slice(rest);
    }
}

/// Seven bits a byte; the highest bit tells whether another byte follows.
fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

impl RowIndex {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
        })
    }

    /// Adds rows.
    pub(super) fn add(&mut self, rows: &Noted) -> io::Result<()> {
        self.file.write_all(&rows.bytes)
    }

    /// The pieces in the order of the ids; none where too many rows are out of order, or two have the same id.
    pub(super) fn pieces(mut self) -> io::Result<Option<Pieces>> {
        self.file.flush()?;
        let mut file = self.file.get_ref();
        file.seek(SeekFrom::Start(0))?;
        let Some(mut moved) = moved(&mut Rows::of(file))? else {
            return Ok(None);
        };
        moved.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let places: HashSet<u64> = moved.iter().map(|row| row.from).collect();
        let mut pieces = Pieces::new();
        let mut add = |row: &Row| match pieces.last_mut() {
            Some((from, length)) if *from + *length == row.from => *length += row.length,
            _ => pieces.push((row.from, row.length)),
        };
        file.seek(SeekFrom::Start(0))?;
        let mut rows = Rows::of(file);
        let (mut row, mut last) = (Row::default(), None::<Vec<u8>>);
        let mut moved = moved.into_iter().peekable();
        let mut is_twice = false;
        let mut put = |row: &Row| {
            is_twice |= last.as_deref() == Some(row.id.as_slice());
            last.get_or_insert_default().clone_from(&row.id);
            add(row);
        };
        while rows.next(&mut row)? {
            if places.contains(&row.from) {
                continue;
            }
            while let Some(other) = moved.next_if(|other| other.id <= row.id) {
                put(&other);
            }
            put(&row);
        }
        moved.for_each(|row| put(&row));
        Ok((!is_twice).then_some(pieces))
    }
}

/// The rows that are out of order: without them, the ids ascend. A row that alone is ahead of its place is one, not all those
/// that follow it. None where these are too many.
fn moved(rows: &mut Rows<'_>) -> io::Result<Option<Vec<Row>>> {
    let (mut moved, mut size) = (Vec::new(), 0);
    // The last two of those in order.
    let (mut before, mut last) = (None::<Vec<u8>>, None::<Row>);
    let mut row = Row::default();
    while rows.next(&mut row)? {
        let out = match &mut last {
            None => {
                last = Some(row.clone());
                continue;
            }
            Some(last) if row.id > last.id => {
                before.get_or_insert_default().clone_from(&last.id);
                std::mem::swap(last, &mut row);
                continue;
            }
            Some(last) if before.as_ref().is_none_or(|before| row.id > *before) => std::mem::replace(last, row.clone()),
            Some(_) => row.clone(),
        };
        size += out.id.len() + size_of::<Row>();
        if size > MOST {
            return Ok(None);
        }
        moved.push(out);
    }
    Ok(Some(moved))
}

/// Reads an index.
struct Rows<'f> {
    file: BufReader<&'f File>,
    from: u64,
    id: Vec<u8>,
}

impl<'f> Rows<'f> {
    fn of(file: &'f File) -> Self {
        Self {
            file: BufReader::with_capacity(1 << 16, file),
            from: 0,
            id: Vec::new(),
        }
    }

    /// Reads the next row; false at the end.
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(false);
        }
        row.from = self.from;
        row.length = self.number()? as u64;
        self.from += row.length;
        let (alike, rest) = (self.number()?, self.number()?);
        self.id.resize(alike + rest, 0);
        self.file.read_exact(self.id.get_mut(alike..).unwrap_or_default())?;
        row.id.clone_from(&self.id);
        Ok(true)
    }

    fn number(&mut self) -> io::Result<usize> {
        let (mut number, mut bits) = (0_usize, 0_u32);
        loop {
            let mut byte = [0];
            self.file.read_exact(&mut byte)?;
            number |= usize::from(byte[0] & 0x7f).checked_shl(bits).unwrap_or_default();
            bits += 7;
            if byte[0] < 0x80 {
                return Ok(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids in the order of the pieces, each row a byte.
    fn ordered(ids: &[&str]) -> Option<Vec<String>> {
        let mut index = RowIndex::new().unwrap();
        for part in ids.chunks(3) {
            let mut rows = Noted::default();
            for id in part {
                rows.add(1, Some(id));
            }
            index.add(&rows).unwrap();
        }
        let pieces = index.pieces().unwrap()?;
        let places = pieces.into_iter().flat_map(|(from, length)| from..from + length);
        Some(places.map(|at| ids[usize::try_from(at).unwrap()].to_owned()).collect())
    }

    #[test]
    fn rows_out_of_order_are_moved_to_their_place() {
        for ids in [
            &["a", "b", "c"][..],
            &["b", "c", "a", "d"],
            &["a", "z", "b", "c", "y", "d"],
            &["z", "a", "b"],
            &["c", "b", "a"],
            &["b", "", "c"],
            &["m", "a", "n", "b", "o", "c", "zz", "p"],
            &["1A001", "1A002", "1A01", "00187", "1A1", "1A", "1A10"],
        ] {
            let mut sorted: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            sorted.sort();
            assert_eq!(ordered(ids), Some(sorted), "{ids:?}");
        }
        // Their order takes more than the ids.
        assert_eq!(ordered(&["a", "b", "a"]), None);
        assert_eq!(ordered(&["", "b", ""]), None);
        assert_eq!(ordered(&["b", "a", "a"]), None);
        assert_eq!(ordered(&[]), Some(Vec::new()));
    }
}
