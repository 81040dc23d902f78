//! The threads of an upload: a rayon pool whose workers each have many batches under way at once.
//!
//! A lane takes a batch, posts it and records its items as saved. Whatever isn't a post that goes through at the first try
//! (a failure, a deletion, a batch that has to be split) is settled by the same lane before it takes the next batch. So no
//! more batches are under way than there are lanes.
//!
//! Doesn't belong here: how a post is made (`api`), what a failure means item by item (`reconcile`).

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rayon::ThreadPoolBuilder;

use super::batch::{Batch, Feed};
use super::pace::Outcome;
use super::reconcile::{Tried, halted, verdict};
use super::{Halt, Upload};
use crate::api::ApiError;
use crate::journal::State;

/// One worker sends tens of thousands of requests a second. More than these gain nothing.
const MOST_WORKERS: usize = 4;

/// A worker for so many processors: the connections are driven by one worker at a time, so that a second one on two
/// processors costs more in wake-ups than it sends (24,000 single items a second instead of 33,000).
const PROCESSORS_A_WORKER: usize = 2;

impl Upload<'_> {
    /// Sends what is fed until there is no more, or the run stops. Where the system gives fewer threads, fewer workers have
    /// all the lanes; where it gives none, the calling thread does.
    pub(super) fn work(&self, feed: &Feed) {
        let lanes = self.options.jobs.max(1);
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = (processors / PROCESSORS_A_WORKER).clamp(1, MOST_WORKERS).min(lanes);
        let pool = (1..=workers).rev().find_map(|workers| {
            let builder = ThreadPoolBuilder::new().num_threads(workers);
            builder.thread_name(|_| "upload".to_owned()).build().ok()
        });
        match pool {
            Some(pool) => {
                let workers = pool.current_num_threads();
                // Evenly, the first ones one more.
                pool.broadcast(|worker| self.drive(lanes.saturating_sub(worker.index()).div_ceil(workers), feed));
            }
            None => self.drive(lanes, feed),
        }
    }

    fn drive(&self, lanes: usize, feed: &Feed) {
        self.client.block_on(async {
            let mut lanes: FuturesUnordered<_> = (0..lanes).map(|_| self.lane(feed)).collect();
            while lanes.next().await.is_some() {}
        });
    }

    async fn lane(&self, feed: &Feed) {
        while !self.halted.load(Ordering::Acquire) {
            if self.stop.load(Ordering::Relaxed) {
                self.halt(Halt::Interrupted);
                return;
            }
            let sent = match feed.next().await {
                Ok(Some(batch)) if self.stop.load(Ordering::Relaxed) => {
                    let withdrawn = self.scribe.withdraw(batch.promised().to_vec());
                    Err(withdrawn.map_or_else(Halt::Journal, |()| Halt::Interrupted))
                }
                Ok(Some(batch)) => self.send(batch).await,
                Ok(None) => return,
                Err(error) => Err(Halt::Journal(error)),
            };
            if let Err(halt) = sent.and_then(|()| self.judge()) {
                self.halt(halt);
            }
        }
    }

    async fn send(&self, mut batch: Batch) -> Result<(), Halt> {
        let is_array = batch.len() > 1;
        let is_one_post = !batch.is_deletion
            && batch.len() <= self.pace.batch()
            && !(is_array && self.singles_only.load(Ordering::Relaxed));
        let mut tried = None;
        if is_one_post {
            let Some(permit) = self.pace.enter(batch.len()).await else {
                // Never sent, and the run is to stop.
                return Err(halted(ApiError::Interrupted));
            };
            match self.client.post(batch.take_body()).await {
                Ok(()) => {
                    permit.ended(Outcome::Well);
                    if is_array {
                        self.arrays_work.store(true, Ordering::Relaxed);
                    }
                    return self.ended(batch.seqs.iter().map(|seq| (*seq, State::Done, None)).collect());
                }
                Err(error) => {
                    let slow = permit.ended(verdict(&error));
                    tried = Some(Tried { error, slow });
                }
            }
        }
        // Its future is large and seldom needed.
        Box::pin(self.settle(&batch, tried)).await
    }
}
