//! The output of a workbook, which keeps its first error: the libraries that write it hide some.
//!
//! Doesn't belong here: what is written (`xlsx`).

use std::io::{self, Write};

use super::super::out::Out;

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
