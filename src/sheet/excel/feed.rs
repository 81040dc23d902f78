//! Parts of a workbook, unpacked on a thread of their own, block by block, to the end of their zip entries, where the
//! checksums are compared; sheets and the table of texts are walked over there (`walk`).
//!
//! Doesn't belong here: what calamine makes of the bytes (`xlsx`).

use std::io::{Error, Read, Result as IoResult};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::Extras;
use super::package::{Archive, check_encoding, damaged, not_unpacked};
use super::source::Source;
use super::walk::{Holds, Walk};
use crate::parallel::guarded;
use crate::sheet::{Limits, ReadError};

/// How much is unpacked at a time.
const BLOCK: usize = 1 << 17;
/// Blocks that wait for the reader.
const WAITING: usize = 2;

/// A part that can be read.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// What is walked over in it; other parts are handed over as they are.
    pub(super) holds: Option<Holds>,
}

/// Where parts are read from, one at a time. Clones read the same part.
#[derive(Clone)]
pub(super) struct Feed {
    work: Arc<Work>,
    state: Arc<Mutex<State>>,
}

struct Work {
    source: Source,
    file: String,
    limits: Limits,
    parts: Vec<Part>,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    /// What the walk over the last part found, or why that part can't be read.
    outcome: Option<Result<Extras, ReadError>>,
}

struct Running {
    part: usize,
    /// How many bytes have been read.
    passed: u64,
    block: Vec<u8>,
    at: usize,
    full: Receiver<Vec<u8>>,
    empty: Sender<Vec<u8>>,
    thread: JoinHandle<Option<Result<Extras, ReadError>>>,
}

impl Feed {
    pub(super) fn new(source: Source, file: &str, limits: Limits, parts: Vec<Part>) -> Self {
        let file = file.to_owned();
        Self {
            work: Arc::new(Work {
                source,
                file,
                limits,
                parts,
            }),
            state: Arc::default(),
        }
    }

    /// Reads from a part, which is begun at its first byte and then read without a gap.
    pub(super) fn read(&self, part: usize, from: u64, buffer: &mut [u8]) -> IoResult<usize> {
        let mut state = self.state();
        if from == 0 {
            end(&mut state, &self.work.file);
            // An error of an earlier part stays the outcome.
            if !matches!(state.outcome, Some(Err(_))) {
                match begin(&self.work, part) {
                    Ok(running) => state.running = Some(running),
                    Err(error) => state.outcome = Some(Err(error)),
                }
            }
        }
        let Some(running) = &mut state.running else {
            return Err(Error::other("the part can't be unpacked"));
        };
        if running.part != part || running.passed != from {
            return Err(Error::other("the part is not read in order"));
        }
        while running.at == running.block.len() {
            let Ok(next) = running.full.recv() else {
                end(&mut state, &self.work.file);
                // calamine reads no further than to the last end tag: it wants more only where that is missing.
                return Err(match state.outcome {
                    Some(Err(_)) => Error::other("the part can't be unpacked"),
                    _ => Error::other("a part ends in the middle"),
                });
            };
            // The thread may have ended; it then needs no block.
            let _ = running.empty.send(std::mem::replace(&mut running.block, next));
            running.at = 0;
        }
        let read = running.block.get(running.at..).unwrap_or_default().read(buffer)?;
        running.at += read;
        running.passed += read as u64;
        Ok(read)
    }

    /// Reads the current part to its end and says what the walk over it found.
    pub(super) fn finish(&self) -> Result<Extras, ReadError> {
        let mut state = self.state();
        end(&mut state, &self.work.file);
        state.outcome.take().unwrap_or_else(|| Ok(Extras::default()))
    }

    /// Ends the current part where it is. The error that reading it has come to, if any: it explains calamine's.
    pub(super) fn abandon(&self) -> Option<ReadError> {
        let mut state = self.state();
        state.running = None;
        state.outcome.take().and_then(Result::err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what is left of the part that is being read, and its outcome.
fn end(state: &mut State, file: &str) {
    let Some(running) = state.running.take() else { return };
    while running.full.recv().is_ok() {}
    drop(running.empty);
    let outcome = running.thread.join().ok().flatten();
    let outcome = outcome.unwrap_or_else(|| Err(damaged(file, "a part of it can't be unpacked".to_owned())));
    if !matches!(state.outcome, Some(Err(_))) {
        state.outcome = Some(outcome);
    }
}

fn begin(work: &Arc<Work>, part: usize) -> Result<Running, ReadError> {
    let (send, full) = sync_channel(WAITING);
    let (empty, back) = channel();
    let owned = Arc::clone(work);
    let thread = Builder::new()
        .name("unpacking".to_owned())
        .spawn(move || guarded(|| unpack(&owned, part, &send, &back)))
        .map_err(|cause| ReadError::Io {
            file: work.file.clone(),
            cause,
        })?;
    Ok(Running {
        part,
        passed: 0,
        block: Vec::new(),
        at: 0,
        full,
        empty,
        thread,
    })
}

fn unpack(
    work: &Work,
    part: usize,
    full: &SyncSender<Vec<u8>>,
    empty: &Receiver<Vec<u8>>,
) -> Result<Extras, ReadError> {
    let Some(part) = work.parts.get(part) else {
        return Ok(Extras::default());
    };
    let mut archive = Archive::open(&work.source, &work.file)?;
    let mut entry = archive.part(&part.name)?;
    let mut walk = part
        .holds
        .as_ref()
        .map(|holds| Walk::new(&work.file, holds, work.limits));
    let (mut raw, mut is_first) = (Vec::new(), true);
    loop {
        let mut block = empty.try_recv().unwrap_or_default();
        block.clear();
        raw.clear();
        let read = (&mut entry).take(BLOCK as u64).read_to_end(&mut raw);
        let read = read.map_err(|cause| not_unpacked(&work.file, &part.name, &cause))?;
        if read == 0 {
            break;
        }
        if std::mem::take(&mut is_first) {
            check_encoding(&raw, &work.file, &part.name)?;
        }
        match &mut walk {
            Some(walk) => walk.feed(&raw, &mut block)?,
            None => std::mem::swap(&mut block, &mut raw),
        }
        if !block.is_empty() && full.send(block).is_err() {
            // Nobody reads on: the outcome isn't asked for.
            return Ok(Extras::default());
        }
    }
    walk.map_or_else(|| Ok(Extras::default()), Walk::end)
}
