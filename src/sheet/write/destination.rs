//! Where a result's bytes go: a file that is complete or absent, or standard output.
//!
//! Doesn't belong here: the file itself (`file`), which path stands for standard output.

use std::io;

use super::{AtomicFile, ByteSink, WriteError};

/// A file or standard output.
pub struct Destination(Option<AtomicFile>);

impl Destination {
    /// A file, which stands in its place once it is committed.
    #[must_use]
    pub fn file(file: AtomicFile) -> Self {
        Self(Some(file))
    }

    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self(None)
    }

    /// What takes the bytes. Whoever starts again drops it first, because a buffer is flushed when it is dropped.
    pub fn bytes(&self) -> Result<ByteSink<'static>, WriteError> {
        match &self.0 {
            Some(file) => file.bytes(),
            None => Ok(ByteSink::without_file(Box::new(io::stdout()))),
        }
    }

    /// Whether what was written can be discarded.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        self.0.is_some()
    }

    /// Discards what was written to a file.
    pub fn restart(&mut self) -> Result<(), WriteError> {
        self.0.as_mut().map_or(Ok(()), AtomicFile::restart)
    }

    /// Puts pieces of what was written in this order: each from a place behind what comes before the first of them, with its
    /// length. Together they are the end of what was written. Nothing is done to standard output, where nothing was written.
    pub fn rearrange(&mut self, pieces: &[(u64, u64)]) -> Result<(), WriteError> {
        self.0.as_mut().map_or(Ok(()), |file| file.rearrange(pieces))
    }

    /// Puts the file in its place.
    pub fn commit(self) -> Result<(), WriteError> {
        self.0.map_or(Ok(()), AtomicFile::commit)
    }
}
