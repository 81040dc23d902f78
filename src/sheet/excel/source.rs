//! The bytes of a workbook, openable again and again.
//!
//! Doesn't belong here: what the bytes are (`package`, `legacy`).

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crate::sheet::ReadError;

/// The file with a workbook's bytes.
#[derive(Clone, Debug)]
pub(super) struct Source(pub(super) PathBuf);

/// An opened source.
pub(super) type Bytes = BufReader<File>;

impl Source {
    /// A reader of its own, at the beginning.
    pub(super) fn open(&self, file: &str) -> Result<Bytes, ReadError> {
        match File::open(&self.0) {
            Ok(opened) => Ok(BufReader::with_capacity(1 << 16, opened)),
            Err(cause) => Err(ReadError::Io {
                file: file.to_owned(),
                cause,
            }),
        }
    }
}
