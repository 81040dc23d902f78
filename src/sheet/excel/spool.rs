//! A sheet's rows, packed: read from the file once, then again and again from here.
//!
//! Belongs here: where packed rows wait, the first in memory and the rest in a temporary file without a name. Doesn't: how
//! they are packed (`packing`).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::unpacking::unpack;
use crate::sheet::{ReadError, Row, RowReader};

/// What the sheets of a workbook may keep in memory.
const MEMORY: usize = 6 << 20;

/// Where the rows of a workbook's sheets wait, and other pieces that may not fit into memory.
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
    /// A shelf whose chunks are all in the file.
    pub(super) fn without_memory() -> Self {
        Self(Mutex::new(Stored {
            memory: MEMORY,
            ..Stored::default()
        }))
    }

    /// Keeps a chunk.
    pub(super) fn put(&self, chunk: &[u8]) -> io::Result<Place> {
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.memory.saturating_add(chunk.len()) <= MEMORY {
            stored.memory += chunk.len();
            return Ok(Place::Memory(Arc::from(chunk)));
        }
        let from = stored.length;
        let length = from.saturating_add(chunk.len() as u64);
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

    #[cfg(test)]
    pub(super) fn is_in_a_file(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).file.is_some()
    }

    pub(super) fn get(&self, place: &Place) -> io::Result<Arc<[u8]>> {
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
    chunks: Vec<Place>,
}

impl Spool {
    pub(super) fn new(shelf: Arc<Shelf>, chunks: Vec<Place>) -> Self {
        Self { shelf, chunks }
    }

    /// The rows of one chunk; none behind the last.
    fn chunk(&self, index: usize, file: &str) -> Result<Option<ChunkRows>, ReadError> {
        let Some(place) = self.chunks.get(index) else {
            return Ok(None);
        };
        let bytes = self.shelf.get(place).map_err(|cause| lost(file, cause))?;
        Ok(Some(ChunkRows {
            file: file.to_owned(),
            bytes,
            at: 0,
        }))
    }
}

/// A sheet's rows, some hundred at a time. A copy goes on where this one stands.
#[derive(Clone)]
pub(in crate::sheet) struct Chunks {
    file: String,
    spool: Arc<Spool>,
    next: usize,
}

impl Chunks {
    pub(super) fn new(file: &str, spool: Arc<Spool>) -> Self {
        Self {
            file: file.to_owned(),
            spool,
            next: 0,
        }
    }

    /// The next of them, which may be read on any thread.
    pub(in crate::sheet) fn next(&mut self) -> Result<Option<ChunkRows>, ReadError> {
        let chunk = self.spool.chunk(self.next, &self.file)?;
        self.next += 1;
        Ok(chunk)
    }
}

/// The same, one after the other.
pub(super) struct Rows {
    chunks: Chunks,
    chunk: Option<ChunkRows>,
}

impl Rows {
    pub(super) fn new(chunks: Chunks) -> Self {
        Self { chunks, chunk: None }
    }
}

impl RowReader for Rows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if let Some(chunk) = &mut self.chunk
                && chunk.next(row)?
            {
                return Ok(true);
            }
            self.chunk = self.chunks.next()?;
            if self.chunk.is_none() {
                return Ok(false);
            }
        }
    }
}

pub(super) fn lost(file: &str, cause: io::Error) -> ReadError {
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
}

impl RowReader for ChunkRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(false);
        }
        match unpack(rest, row) {
            Some(left) => {
                self.at = self.bytes.len() - left;
                Ok(true)
            }
            None => Err(lost(&self.file, io::ErrorKind::InvalidData.into())),
        }
    }
}
