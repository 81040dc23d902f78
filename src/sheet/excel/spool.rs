//! A sheet's rows, packed: read from the XML once, then again and again from here.
//!
//! Belongs here: where packed rows wait, the first in memory and the rest in a temporary file without a name. Doesn't: how
//! they are packed (`packing`), and how they came out of the XML (`scan`).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::strings::Strings;
use super::unpacking::unpack;
use crate::sheet::{ReadError, Row, RowReader};

/// What the sheets of a workbook may keep in memory.
const MEMORY: usize = 6 << 20;
/// What they may put into the temporary file. A larger workbook is read from its XML each time.
const FILE: u64 = 1 << 30;

/// Where the rows of a workbook's sheets wait.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Stored>);

#[derive(Debug, Default)]
struct Stored {
    memory: usize,
    file: Option<File>,
    length: u64,
}

/// Where a chunk is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Memory(Arc<[u8]>),
    File { from: u64, length: usize },
}

impl Shelf {
    /// Keeps a chunk.
    pub(super) fn put(&self, chunk: &[u8]) -> io::Result<Place> {
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.memory.saturating_add(chunk.len()) <= MEMORY {
            stored.memory += chunk.len();
            return Ok(Place::Memory(Arc::from(chunk)));
        }
        let from = stored.length;
        let length = from.saturating_add(chunk.len() as u64);
        if length > FILE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let file = match &mut stored.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(from))?;
        file.write_all(chunk)?;
        stored.length = length;
        let length = chunk.len();
        Ok(Place::File { from, length })
    }

    fn get(&self, place: &Place) -> io::Result<Arc<[u8]>> {
        match place {
            Place::Memory(chunk) => Ok(Arc::clone(chunk)),
            Place::File { from, length } => {
                let mut chunk = vec![0; *length];
                let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let file = stored.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
                file.seek(SeekFrom::Start(*from))?;
                file.read_exact(&mut chunk)?;
                Ok(Arc::from(chunk))
            }
        }
    }
}

/// All rows of a sheet.
#[derive(Debug)]
pub(super) struct Spool {
    shelf: Arc<Shelf>,
    strings: Arc<Strings>,
    chunks: Vec<Place>,
}

impl Spool {
    pub(super) fn new(shelf: Arc<Shelf>, strings: Arc<Strings>, chunks: Vec<Place>) -> Self {
        Self { shelf, strings, chunks }
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> &[Place] {
        &self.chunks
    }

    /// The rows of one chunk; none behind the last.
    pub(super) fn chunk(&self, index: usize, file: &str) -> Result<Option<ChunkRows>, ReadError> {
        let Some(place) = self.chunks.get(index) else {
            return Ok(None);
        };
        let bytes = self.shelf.get(place).map_err(|cause| lost(file, cause))?;
        Ok(Some(ChunkRows {
            file: file.to_owned(),
            bytes,
            at: 0,
            strings: Arc::clone(&self.strings),
        }))
    }
}

fn lost(file: &str, cause: io::Error) -> ReadError {
    ReadError::Io {
        file: file.to_owned(),
        cause,
    }
}

/// The rows of one chunk.
pub(in crate::sheet) struct ChunkRows {
    file: String,
    bytes: Arc<[u8]>,
    at: usize,
    strings: Arc<Strings>,
}

impl RowReader for ChunkRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(false);
        }
        match unpack(rest, &self.strings, row) {
            Some(left) => {
                self.at = self.bytes.len() - left;
                Ok(true)
            }
            None => Err(lost(&self.file, io::ErrorKind::InvalidData.into())),
        }
    }
}
