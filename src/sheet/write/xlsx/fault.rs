//! The errors of writing a workbook: its output keeps the first one, which the libraries that write it may hide, and a
//! panic of `rust_xlsxwriter` is one of them.
//!
//! Doesn't belong here: what is written (`xlsx`).

use std::io::{self, Write};

use rust_xlsxwriter::XlsxError;

use super::super::WriteError;
use super::super::out::Out;
use crate::parallel::caught;

/// Keeps the first error of an output. It discards what is written afterwards or during a panic: the zip crate completes
/// an archive when it is dropped, and prints to standard error if that fails.
pub(super) struct FirstFault<'w> {
    pub(super) out: Out<'w>,
    pub(super) fault: Option<io::Error>,
}

impl Write for FirstFault<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fault.is_some() || std::thread::panicking() {
            return Ok(bytes.len());
        }
        self.out.write(bytes).map_err(|cause| {
            let kind = cause.kind();
            if kind != io::ErrorKind::Interrupted {
                self.fault = Some(cause);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        // Whoever has the output flushes it at its end.
        Ok(())
    }
}

/// Does what makes `rust_xlsxwriter` panic if a temporary file can't be written, and returns the system's error.
pub(in super::super) fn unpanicked<T>(work: impl FnOnce() -> Result<T, WriteError>) -> Result<T, WriteError> {
    caught(work).unwrap_or_else(|panic| Err(WriteError::Io(cause_of(&panic))))
}

/// The system's error in the message of a panic, which has it as `{:?}` spells it.
fn cause_of(panic: &str) -> io::Error {
    let code = panic
        .split_once("Os { code: ")
        .and_then(|(_, rest)| rest.split_once(','));
    match code.and_then(|(code, _)| code.parse().ok()) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::other(panic.to_owned()),
    }
}

impl From<XlsxError> for WriteError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::IoError(cause) => Self::Io(cause),
            XlsxError::TempFileError(path, cause) => Self::File {
                path,
                doing: "written to",
                cause,
            },
            cause => Self::Workbook(cause.to_string()),
        }
    }
}
