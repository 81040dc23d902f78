//! A part of the package, unpacked on a thread of its own and handed over in blocks to whoever reads it.
//!
//! Doesn't belong here: what the bytes mean (`markup`).

use std::io::Read;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use super::markup::Halt;
use super::package::Archive;
use super::source::Source;
use crate::parallel::guarded;

/// How much is unpacked at a time.
const BLOCK: usize = 1 << 17;
/// Blocks that wait for the reader.
const WAITING: usize = 2;
/// A token that is longer, or a cell with all that belongs to it, is unusual.
const LONGEST: usize = 4 << 20;

/// How far a step went.
pub(super) enum Step {
    /// So many bytes are read.
    Passed(usize),
    /// The rest is of no interest.
    Done,
}

/// Reads a part, given by its number in the package, step by step. A step is given all that is at hand from where the last
/// one ended; where that isn't enough it gives `Halt::More` and is tried again with more. An empty text is the part's end.
pub(super) fn read(
    source: &Source,
    index: usize,
    mut step: impl FnMut(&[u8]) -> Result<Step, Halt>,
) -> Result<(), Halt> {
    thread::scope(|scope| {
        // In here, so that they are gone before the thread is waited for.
        let (full, blocks) = sync_channel::<Option<Vec<u8>>>(WAITING);
        let (back, empty) = channel::<Vec<u8>>();
        let unpacking = thread::Builder::new().name("unpacking".to_owned());
        let unpacking = unpacking.spawn_scoped(scope, move || {
            let sent = guarded(|| {
                unpack(source, index, &mut |block| {
                    full.send(Some(block)).ok()?;
                    Some(empty.try_recv().unwrap_or_default())
                })
            });
            if sent.flatten().is_none() {
                // It may be that nobody waits for it.
                let _ = full.send(None);
            }
        });
        unpacking.map_err(|_| Halt::Unusual)?;
        let (mut text, mut at) = (Vec::new(), 0);
        loop {
            match step(text.get(at..).unwrap_or_default()) {
                // Nothing passed would be asked for ever.
                Ok(Step::Passed(0)) | Err(Halt::Unusual) => return Err(Halt::Unusual),
                Ok(Step::Passed(passed)) => {
                    at += passed;
                    continue;
                }
                Ok(Step::Done) => return Ok(()),
                Err(Halt::More) => {}
            }
            text.drain(..at.min(text.len()));
            at = 0;
            if text.len() > LONGEST {
                return Err(Halt::Unusual);
            }
            match blocks.recv() {
                Ok(Some(block)) => {
                    text.extend_from_slice(&block);
                    let _ = back.send(block);
                }
                // The end: the last step may have to do with nothing.
                Err(_) if text.is_empty() => {
                    return match step(&[]) {
                        Ok(Step::Done) => Ok(()),
                        _ => Err(Halt::Unusual),
                    };
                }
                // It can't be unpacked, or its sum is wrong, or it ends too early.
                Ok(None) | Err(_) => return Err(Halt::Unusual),
            }
        }
    })
}

/// Sends the part in blocks; none if it fails or nobody wants it.
fn unpack(source: &Source, index: usize, send: &mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>) -> Option<()> {
    let mut archive = Archive::open(source, "").ok()?;
    let mut part = archive.zip.by_index(index).ok()?;
    let mut block = Vec::new();
    loop {
        block.clear();
        block.reserve(BLOCK);
        if (&mut part).take(BLOCK as u64).read_to_end(&mut block).ok()? == 0 {
            return Some(());
        }
        block = send(block)?;
    }
}
