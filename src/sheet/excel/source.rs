//! The bytes of a workbook, openable again and again.
//!
//! Doesn't belong here: what the bytes are (`package`, `legacy`).

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Result as IoResult, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use crate::sheet::ReadError;

/// Where a workbook's bytes are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In the user's file.
    File(PathBuf),
    /// In memory: a copy with something changed that calamine can't take.
    Memory(Arc<[u8]>),
}

impl Source {
    /// A reader of its own, at the beginning.
    pub(super) fn open(&self, file: &str) -> Result<Bytes, ReadError> {
        match self {
            Self::File(path) => match File::open(path) {
                Ok(opened) => Ok(Bytes::File(BufReader::with_capacity(1 << 16, opened))),
                Err(cause) => Err(ReadError::Io {
                    file: file.to_owned(),
                    cause,
                }),
            },
            Self::Memory(bytes) => Ok(Bytes::Memory(Cursor::new(Arc::clone(bytes)))),
        }
    }
}

/// An opened source.
pub(super) enum Bytes {
    File(BufReader<File>),
    Memory(Cursor<Arc<[u8]>>),
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> IoResult<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}
