//! The sheets' rows, numbered and packed on other threads, in a temporary file until the workbook is put together.
//!
//! Doesn't belong here: what a row's XML is (`encode`), the container (`package`).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::encode::number;
use super::package::{Packed, Sums, pack};

/// How much is packed at a time. What repeats from one such piece to the next is not seen.
const PIECE: usize = 1 << 20;
/// More threads than this are fed too slowly.
const MOST_THREADS: usize = 16;

/// Some rows to be packed.
struct Piece {
    rows: Vec<u8>,
    /// The first row's number, from 1.
    first: u32,
    /// The widths of the padded numbers that have been met.
    padded: Vec<u8>,
}

type Job = (Piece, SyncSender<io::Result<Packed>>);

/// Where rows gather.
pub(super) struct Body {
    file: BufWriter<File>,
    pending: Piece,
    workers: Option<Workers>,
    waiting: VecDeque<Receiver<io::Result<Packed>>>,
    /// What the file holds of the sheet that is written, and of those before it.
    sums: Sums,
    sheets: Vec<Sums>,
}

impl Body {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            pending: Piece {
                rows: Vec::new(),
                first: 1,
                padded: Vec::new(),
            },
            workers: None,
            waiting: VecDeque::new(),
            sums: Sums::default(),
            sheets: Vec::new(),
        })
    }

    /// Adds rows to the sheet. The number of the next one, and the widths of padded numbers met up to it, are `next` and
    /// `padded`.
    pub(super) fn rows(&mut self, rows: &[u8], next: u32, padded: &[u8]) -> io::Result<()> {
        self.pending.rows.extend_from_slice(rows);
        if self.pending.rows.len() < PIECE {
            return Ok(());
        }
        let piece = self.take(next, padded);
        let workers = self.workers.get_or_insert_with(Workers::new);
        let room = workers.threads.len() + 1;
        self.waiting.push_back(workers.give(piece)?);
        while self.waiting.len() > room {
            self.take_packed()?;
        }
        Ok(())
    }

    /// Ends the sheet.
    pub(super) fn end_sheet(&mut self, padded: &[u8]) -> io::Result<()> {
        while !self.waiting.is_empty() {
            self.take_packed()?;
        }
        let packed = work(&self.take(1, padded))?;
        self.put(&packed)?;
        self.sheets.push(std::mem::take(&mut self.sums));
        Ok(())
    }

    /// What each sheet holds, and the packed bytes of all, one behind the other.
    pub(super) fn finish(self) -> io::Result<(Vec<Sums>, impl Read)> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((self.sheets, file))
    }

    fn take(&mut self, next: u32, padded: &[u8]) -> Piece {
        let empty = Piece {
            rows: Vec::with_capacity(self.pending.rows.len()),
            first: next,
            padded: Vec::new(),
        };
        let mut piece = std::mem::replace(&mut self.pending, empty);
        piece.padded = padded.to_vec();
        piece
    }

    fn take_packed(&mut self) -> io::Result<()> {
        let Some(packed) = self.waiting.pop_front() else {
            return Ok(());
        };
        let packed = packed.recv().map_err(io::Error::other)??;
        self.put(&packed)
    }

    fn put(&mut self, packed: &Packed) -> io::Result<()> {
        self.sums.add(&packed.sums);
        self.file.write_all(&packed.bytes)
    }
}

fn work(piece: &Piece) -> io::Result<Packed> {
    // Addresses grow by the digits of the rows' numbers.
    let mut numbered = Vec::with_capacity(piece.rows.len() + piece.rows.len() / 4);
    number(&piece.rows, piece.first, &piece.padded, &mut numbered);
    pack(&numbered, false)
}

/// Threads that number and pack. Not those of a pool: whoever writes rows may be on one of them, and waits here.
struct Workers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    fn new() -> Self {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let (jobs, waiting) = sync_channel::<Job>(count);
        let waiting = Arc::new(Mutex::new(waiting));
        let thread = |_| {
            let waiting = Arc::clone(&waiting);
            let work = move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((piece, done)) = next else { break };
                    // Nobody waits for it after an error.
                    let _ = done.send(work(&piece));
                }
            };
            // Where the system gives no more threads, those that there are do the work.
            thread::Builder::new().spawn(work).ok()
        };
        Self {
            jobs: Some(jobs),
            threads: (0..count).map_while(thread).collect(),
        }
    }

    fn give(&self, piece: Piece) -> io::Result<Receiver<io::Result<Packed>>> {
        let (done, packed) = sync_channel(1);
        if self.threads.is_empty() {
            // The channel has room for one result.
            let _ = done.send(work(&piece));
            return Ok(packed);
        }
        let jobs = self.jobs.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        jobs.send((piece, done))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(packed)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
