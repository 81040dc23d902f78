//! The threads of an upload: a rayon pool whose workers each have many batches under way at once, on connections of their
//! own.
//!
//! A sender takes a batch, posts it and records its items as saved. Whatever isn't a post that goes through at the first try
//! (a failure, a deletion, a batch that has to be split) is settled by the same sender before it takes the next batch. So no
//! more batches are under way than there are senders.
//!
//! Doesn't belong here: how a post is made (`api`), what a failure means item by item (`reconcile`).

use std::iter;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rayon::ThreadPoolBuilder;

use super::batch::{Batch, Feed};
use super::pace::Outcome;
use super::reconcile::{Tried, halted, verdict};
use super::{Halt, Upload, Worker};
use crate::api::ApiError;

/// Two workers send 45,000 single items a second, or 8,000 arrays of 100. An endpoint takes far less than four can send.
const MOST_WORKERS: usize = 4;

impl Upload<'_> {
    /// Sends what is fed until there is no more, or the run stops. Where the system gives fewer threads, fewer workers have
    /// all the senders; where it gives none, the calling thread does.
    pub(super) fn work(&self, feed: &Feed) {
        let senders = self.options.jobs.max(1);
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = processors.min(MOST_WORKERS).min(senders);
        let further: Vec<_> = (1..workers).map_while(|_| self.client.for_worker().ok()).collect();
        let clients: Vec<_> = iter::once(self.client).chain(&further).collect();
        let pool = (1..=clients.len()).rev().find_map(|workers| {
            let builder = ThreadPoolBuilder::new().num_threads(workers);
            builder.thread_name(|_| "upload".to_owned()).build().ok()
        });
        let worker = |client| Worker { upload: self, client };
        match pool {
            Some(pool) => {
                let workers = pool.current_num_threads();
                // Evenly, the first ones one more.
                pool.broadcast(|thread| {
                    let share = senders.saturating_sub(thread.index()).div_ceil(workers);
                    if let Some(client) = clients.get(thread.index()) {
                        worker(client).drive(share, feed);
                    }
                });
            }
            None => worker(self.client).drive(senders, feed),
        }
    }
}

impl Worker<'_> {
    fn drive(&self, senders: usize, feed: &Feed) {
        self.client.block_on(async {
            let mut senders: FuturesUnordered<_> = (0..senders).map(|_| self.send_batches(feed)).collect();
            while senders.next().await.is_some() {}
        });
    }

    async fn send_batches(&self, feed: &Feed) {
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
                let withdrawn = self.scribe.withdraw(batch.promised().to_vec());
                return Err(withdrawn.map_or_else(Halt::Journal, |()| halted(ApiError::Interrupted)));
            };
            let known = self.refusals.known();
            match self.client.post(batch.take_body()).await {
                Ok(()) => {
                    permit.ended(Outcome::Well);
                    if is_array {
                        self.arrays_work.store(true, Ordering::Relaxed);
                    }
                    return self.saved(batch.seqs.iter().copied(), known);
                }
                Err(error) => {
                    let slow = permit.ended(verdict(&error));
                    tried = Some(Tried {
                        error,
                        slow,
                        is_read: false,
                    });
                }
            }
        }
        // Its future is large and seldom needed.
        Box::pin(self.settle(&batch, tried)).await
    }
}
