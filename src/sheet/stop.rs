//! Readers that end once the user wishes to stop.
//!
//! Belongs here: ending a wait for bytes. Doesn't: what the bytes are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// How often a wait looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(50);
/// How much is read from a pipe at once.
const PIECE: usize = 1 << 16;

/// The user's wish to stop, and whether readers heed it. Nobody's wish, by default.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    wish: Arc<AtomicBool>,
    ignored: Arc<AtomicBool>,
}

impl Stop {
    /// Heeds this wish, once it is set.
    #[must_use]
    pub fn at(wish: &Arc<AtomicBool>) -> Self {
        Self {
            wish: Arc::clone(wish),
            ignored: Arc::default(),
        }
    }

    /// From here on files are read to their end whatever is wished: what became of their rows has yet to be written down.
    pub fn ignore(&self) {
        self.ignored.store(true, Ordering::Relaxed);
    }

    fn is_wished(&self) -> bool {
        self.wish.load(Ordering::Relaxed) && !self.ignored.load(Ordering::Relaxed)
    }
}

fn stopped() -> io::Error {
    io::Error::other("it was interrupted")
}

/// A file whose reading ends in an error once that is wished.
#[derive(Debug)]
pub(super) struct Bytes {
    file: File,
    stop: Stop,
}

impl Bytes {
    pub(super) fn new(file: File, stop: Stop) -> Self {
        Self { file, stop }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_wished() {
            return Err(stopped());
        }
        self.file.read(buffer)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A pipe that another thread opens and reads, as both may take for ever.
pub(super) struct Pipe {
    pieces: Receiver<io::Result<Vec<u8>>>,
    stop: Stop,
    piece: io::Cursor<Vec<u8>>,
}

impl Pipe {
    /// Begins to read what `open` gives.
    pub(super) fn new<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static, stop: Stop) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(2);
        thread::Builder::new().spawn(move || {
            let mut pipe = match open() {
                Ok(pipe) => pipe,
                Err(cause) => return drop(sender.send(Err(cause))),
            };
            loop {
                let mut piece = vec![0; PIECE];
                let read = match pipe.read(&mut piece) {
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let ends = !matches!(read, Ok(1..));
                let piece = read.map(|length| {
                    piece.truncate(length);
                    piece
                });
                if sender.send(piece).is_err() || ends {
                    return;
                }
            }
        })?;
        Ok(Self {
            pieces,
            stop,
            piece: io::Cursor::default(),
        })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        loop {
            match self.pieces.recv_timeout(GLANCE) {
                Ok(piece) => {
                    self.piece = io::Cursor::new(piece?);
                    return self.piece.read(buffer);
                }
                Err(_) if self.stop.is_wished() => return Err(stopped()),
                Err(RecvTimeoutError::Timeout) => {}
                // The end has been told already.
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gives_every_byte_and_an_end() {
        let body: Vec<u8> = (0..=255).cycle().take(3 * PIECE + 7).collect();
        let sent = body.clone();
        let mut pipe = Pipe::new(move || Ok(io::Cursor::new(sent)), Stop::default()).unwrap();
        let mut read = Vec::new();
        pipe.read_to_end(&mut read).unwrap();
        assert!(read == body);
        assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_pipe_that_nobody_opens_is_not_waited_for_once_that_is_wished() {
        let stop = Arc::new(AtomicBool::new(true));
        let (hold, held) = sync_channel::<()>(0);
        let open = move || {
            let _ = held.recv();
            Ok(io::empty())
        };
        let mut pipe = Pipe::new(open, Stop::at(&stop)).unwrap();
        assert!(pipe.read(&mut [0; 8]).is_err());
        drop(hold);
    }

    #[test]
    fn a_file_ends_in_an_error_once_that_is_wished() {
        let stop = Arc::new(AtomicBool::new(false));
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"item_id\nA1\n").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let heeded = Stop::at(&stop);
        let mut bytes = Bytes::new(file, heeded.clone());
        assert_eq!(bytes.read(&mut [0; 4]).unwrap(), 4);
        stop.store(true, Ordering::Relaxed);
        assert!(bytes.read(&mut [0; 4]).is_err());
        heeded.ignore();
        assert_eq!(bytes.read(&mut [0; 4]).unwrap(), 4);
    }
}
