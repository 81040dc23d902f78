//! Waiting for a list as long as the user wants: what blocks runs on a thread of its own, and once the run is asked to stop
//! nobody waits for it any more.
//!
//! Belongs here: the waiting. Doesn't: what is waited for; nor posts and deletions, which are always waited for, so that
//! what became of them is known.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;

use super::error::ApiError;
use super::{Client, GLANCE};

/// How much is read at once.
const PIECE: usize = 128 * 1024;
/// How many pieces may wait to be looked at.
const AHEAD: usize = 2;

impl Client {
    /// The work's result, unless the run is asked to stop first.
    pub(super) fn patiently<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let Some(stop) = &self.stop else { return Ok(work()) };
        let (sender, receiver) = sync_channel(1);
        let begun = thread::Builder::new().spawn(move || {
            // Where nobody waits any more, nobody wants it.
            let _ = sender.send(work());
        });
        begun.map_err(|cause| ApiError::Setup(crate::cause::io(&cause)))?;
        wait(&receiver, stop).ok_or(ApiError::Interrupted)
    }

    /// An answer's bytes, which end in an error once the run is asked to stop.
    pub(super) fn patient(&self, body: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>, ApiError> {
        let Some(stop) = &self.stop else {
            return Ok(Box::new(body));
        };
        let (sender, parts) = sync_channel(AHEAD);
        let begun = thread::Builder::new().spawn(move || pass_on(body, &sender));
        begun.map_err(|cause| ApiError::Setup(crate::cause::io(&cause)))?;
        Ok(Box::new(Pieces {
            parts,
            stop: Arc::clone(stop),
            piece: Vec::new(),
            at: 0,
        }))
    }
}

/// What comes first: the message, or the wish to stop (or the sender's end), which gives nothing.
fn wait<T>(receiver: &Receiver<T>, stop: &AtomicBool) -> Option<T> {
    loop {
        match receiver.recv_timeout(GLANCE) {
            Ok(message) => return Some(message),
            Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
            Err(_) => return None,
        }
    }
}

fn pass_on(mut body: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match body.read(&mut piece) {
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
}

/// A body that another thread reads.
struct Pieces {
    parts: Receiver<io::Result<Vec<u8>>>,
    stop: Arc<AtomicBool>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.piece = match wait(&self.parts, &self.stop) {
                Some(piece) => piece?,
                None if self.stop.load(Ordering::Relaxed) => return Err(io::Error::other("it was interrupted")),
                // The end has been told already.
                None => Vec::new(),
            };
            self.at = 0;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(stop: &Arc<AtomicBool>) -> (SyncSender<io::Result<Vec<u8>>>, Pieces) {
        let (sender, receiver) = sync_channel(8);
        let pieces = Pieces {
            parts: receiver,
            stop: Arc::clone(stop),
            piece: Vec::new(),
            at: 0,
        };
        (sender, pieces)
    }

    #[test]
    fn every_byte_arrives_in_its_order_and_the_end_stays_the_end() {
        let (sender, mut pieces) = pieces(&Arc::default());
        let body: Vec<u8> = (0..=255).cycle().take(3 * PIECE + 7).collect();
        let sent = body.clone();
        let thread = thread::spawn(move || pass_on(sent.as_slice(), &sender));
        let mut read = Vec::new();
        pieces.read_to_end(&mut read).unwrap();
        thread.join().unwrap();
        assert!(read == body);
        assert_eq!(pieces.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn nobody_waits_for_a_stalled_body_once_it_is_to_stop() {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, mut pieces) = pieces(&stop);
        sender.send(Ok(b"begun".to_vec())).unwrap();
        assert_eq!(pieces.read(&mut [0; 8]).unwrap(), 5);
        stop.store(true, Ordering::Relaxed);
        assert!(pieces.read(&mut [0; 8]).is_err());
        drop(sender);
    }
}
