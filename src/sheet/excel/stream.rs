//! Rows that one thread reads and another takes: a calamine cell reader borrows its workbook, so it can't leave the
//! function that opened it. The channel is bounded, so memory stays flat; dropping the reader ends the thread.
//!
//! Doesn't belong here: what the rows come from (`xlsx`, `xlsb`).

use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::parallel::guarded;
use crate::sheet::{ReadError, Row, RowReader};

/// Batches under way at once; two keep both sides busy.
const IN_FLIGHT: usize = 2;
/// A batch is full at so many rows …
const BATCH_ROWS: usize = 512;
/// … or so many cells: a row may have 16,384 …
const BATCH_CELLS: usize = 16_384;
/// … or so many bytes of text: a row may have millions, all of them one shared text.
const BATCH_BYTES: usize = 1 << 20;

/// What the reading thread writes its rows to.
pub(super) struct RowSink {
    rows: Vec<Row>,
    used: usize,
    cells: usize,
    bytes: usize,
    full: SyncSender<Message>,
    empty: Receiver<Vec<Row>>,
    gone: bool,
}

enum Message {
    Rows { rows: Vec<Row>, used: usize },
    Failed(ReadError),
    End,
}

/// Nobody wants the rows any more: the reader was dropped.
pub(super) struct Unwanted;

impl RowSink {
    /// Begins the row of this line. It counts once `done` is called.
    pub(super) fn start(&mut self, line: u64) {
        self.current().clear(line);
    }

    /// The row that is being filled.
    pub(super) fn current(&mut self) -> &mut Row {
        if self.used == self.rows.len() {
            self.rows.push(Row::new());
        }
        // `used` never passes the length: `done` counts rows that `current` has made.
        &mut self.rows[self.used]
    }

    /// Whether the reader is still there.
    pub(super) fn is_wanted(&self) -> bool {
        !self.gone
    }

    /// The row that is being filled is complete.
    pub(super) fn done(&mut self) -> Result<(), Unwanted> {
        if let Some(row) = self.rows.get(self.used) {
            self.cells += row.len();
            self.bytes += row.text_len();
        }
        self.used += 1;
        if self.used >= BATCH_ROWS || self.cells >= BATCH_CELLS || self.bytes >= BATCH_BYTES {
            self.send()
        } else {
            Ok(())
        }
    }

    fn send(&mut self) -> Result<(), Unwanted> {
        let next = match self.empty.try_recv() {
            Ok(rows) => rows,
            Err(TryRecvError::Empty) => Vec::new(),
            Err(TryRecvError::Disconnected) => {
                self.gone = true;
                return Err(Unwanted);
            }
        };
        let rows = std::mem::replace(&mut self.rows, next);
        let used = std::mem::take(&mut self.used);
        (self.cells, self.bytes) = (0, 0);
        self.full.send(Message::Rows { rows, used }).map_err(|_| {
            self.gone = true;
            Unwanted
        })
    }
}

/// Why the reading thread stopped early.
pub(super) enum Stop {
    Unwanted,
    Failed(ReadError),
}

impl From<Unwanted> for Stop {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

/// Gives the rows that `read` writes, which runs on a thread of its own.
pub(super) fn rows(
    file: &str,
    read: impl FnOnce(&mut RowSink) -> Result<(), Stop> + Send + 'static,
) -> Result<Box<dyn RowReader>, ReadError> {
    let (full, from_thread) = sync_channel(IN_FLIGHT);
    let (back, empty) = channel();
    let mut sink = RowSink {
        rows: Vec::new(),
        used: 0,
        cells: 0,
        bytes: 0,
        full,
        empty,
        gone: false,
    };
    let reading = move || match read(&mut sink) {
        Ok(()) => {
            if sink.send().is_ok() {
                // A reader that is gone needs no end.
                let _ = sink.full.send(Message::End);
            }
        }
        Err(Stop::Failed(error)) => {
            if sink.send().is_ok() {
                let _ = sink.full.send(Message::Failed(error));
            }
        }
        Err(Stop::Unwanted) => {}
    };
    let thread = Builder::new()
        .name("workbook".to_owned())
        .spawn(move || {
            let _ = guarded(reading);
        })
        .map_err(|cause| ReadError::Io {
            file: file.to_owned(),
            cause,
        })?;
    Ok(Box::new(ThreadRows {
        file: file.to_owned(),
        rows: Vec::new(),
        used: 0,
        at: 0,
        ended: false,
        from_thread: Some(from_thread),
        back: Some(back),
        thread: Some(thread),
    }))
}

struct ThreadRows {
    file: String,
    rows: Vec<Row>,
    used: usize,
    at: usize,
    ended: bool,
    from_thread: Option<Receiver<Message>>,
    back: Option<Sender<Vec<Row>>>,
    thread: Option<JoinHandle<()>>,
}

impl RowReader for ThreadRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if self.at < self.used {
                if let Some(next) = self.rows.get_mut(self.at) {
                    // The caller's row takes the next round's cells: no allocation either way.
                    std::mem::swap(row, next);
                }
                self.at += 1;
                return Ok(true);
            }
            if self.ended {
                return Ok(false);
            }
            if let Some(back) = &self.back {
                // The thread may have ended; it then needs no rows.
                let _ = back.send(std::mem::take(&mut self.rows));
            }
            (self.at, self.used) = (0, 0);
            match self.from_thread.as_ref().map(Receiver::recv) {
                Some(Ok(Message::Rows { rows, used })) => (self.rows, self.used) = (rows, used),
                Some(Ok(Message::End)) | None => self.ended = true,
                Some(Ok(Message::Failed(error))) => {
                    self.ended = true;
                    return Err(error);
                }
                // The thread ended without a word: calamine panicked on what it read (it indexes into records
                // of xlsb and xls that it has not measured).
                Some(Err(_)) => {
                    self.ended = true;
                    return Err(unreadable(&self.file));
                }
            }
        }
    }
}

impl Drop for ThreadRows {
    fn drop(&mut self) {
        // Both ends gone, the thread's next send fails and it returns.
        self.from_thread = None;
        self.back = None;
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, was already told as an error.
            let _ = thread.join();
        }
    }
}

/// Runs work that may panic inside calamine, so that a hostile file is an error like any other.
pub(super) fn apart<T>(file: &str, work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    guarded(work).unwrap_or_else(|| Err(unreadable(file)))
}

fn unreadable(file: &str) -> ReadError {
    ReadError::Damaged {
        file: file.to_owned(),
        what: "its records contradict each other".to_owned(),
    }
}
