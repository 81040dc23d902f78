//! The straight way of a batch: taken, posted, and recorded as saved, with many batches on their way from one thread.
//!
//! Whatever isn't a post that goes through at the first try (a failure, a deletion, a batch that has to be cut) goes to a
//! thread of the lane's own, which finds out what becomes of it (`reconcile`) while the lane waits: so there are never
//! more batches on their way than lanes.
//!
//! Doesn't belong here: how a post is made (`api`), what is promised before it (`journal`).

use std::num::NonZeroUsize;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope, available_parallelism, scope};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;

use super::batch::{Batch, Feed};
use super::pace::Outcome;
use super::reconcile::{Tried, halted, verdict};
use super::{Halt, Upload};
use crate::api::{ApiError, Posts};
use crate::journal::State;

/// More threads than this that drive posts are no use: one of them sends tens of thousands a second.
const MOST_DRIVERS: usize = 4;

/// What a lane's own thread is given, and how it says that it is done with it.
type Order = (Batch, Option<Tried>, oneshot::Sender<Result<(), Halt>>);

impl Upload<'_> {
    /// Sends what is fed until there is no more, or the run stops.
    pub(super) fn work(&self, feed: &Feed) {
        let lanes = self.options.jobs.max(1);
        let drivers = available_parallelism()
            .map_or(1, NonZeroUsize::get)
            .min(MOST_DRIVERS)
            .min(lanes);
        scope(|scope| {
            for driver in 1..drivers {
                // Evenly, the first ones one more.
                let share = lanes.saturating_sub(driver).div_ceil(drivers);
                let drive = move || self.drive(share, feed, scope);
                if Builder::new()
                    .name("upload".to_owned())
                    .spawn_scoped(scope, drive)
                    .is_err()
                {
                    // Where the system gives no more threads, the others do the work.
                    break;
                }
            }
            self.drive(lanes.div_ceil(drivers), feed, scope);
        });
        let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        for (batch, tried) in late {
            if let Err(halt) = self.settle(&batch, tried).and_then(|()| self.judge()) {
                self.halt(halt);
            }
        }
    }

    fn drive<'s>(&'s self, lanes: usize, feed: &'s Feed, scope: &'s Scope<'s, '_>) {
        let posts = match self.client.posts() {
            Ok(posts) => posts,
            Err(error) => return self.halt(Halt::Api(error)),
        };
        posts.drive(async {
            let mut lanes: FuturesUnordered<_> = (0..lanes).map(|_| self.lane(&posts, feed, scope)).collect();
            while lanes.next().await.is_some() {}
        });
    }

    async fn lane<'s>(&'s self, posts: &Posts<'_>, feed: &'s Feed, scope: &'s Scope<'s, '_>) {
        let mut helper = None;
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
                Ok(Some(batch)) => self.send(batch, posts, &mut helper, scope).await,
                Ok(None) => return,
                Err(error) => Err(Halt::Journal(error)),
            };
            if let Err(halt) = sent.and_then(|()| self.judge()) {
                self.halt(halt);
            }
        }
    }

    async fn send<'s>(
        &'s self,
        mut batch: Batch,
        posts: &Posts<'_>,
        helper: &mut Option<Sender<Order>>,
        scope: &'s Scope<'s, '_>,
    ) -> Result<(), Halt> {
        let is_array = batch.len() > 1;
        let is_straight = !batch.is_deletion
            && batch.len() <= self.pace.batch()
            && !(is_array && self.singles_only.load(Ordering::Relaxed));
        let mut tried = None;
        if is_straight {
            let Some(permit) = self.pace.enter_soon(batch.len()).await else {
                // Never sent, and the run is to stop.
                return Err(halted(ApiError::Interrupted));
            };
            match posts.post(batch.take_body()).await {
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
        let (done, settled) = oneshot::channel();
        if helper.is_none() {
            let (orders, inbox) = channel();
            let help = move || self.help(&inbox);
            let spawned = Builder::new().name("settle".to_owned()).spawn_scoped(scope, help);
            *helper = spawned.is_ok().then_some(orders);
        }
        let refused = match helper {
            Some(orders) => orders.send((batch, tried, done)).err().map(|back| back.0),
            None => Some((batch, tried, done)),
        };
        if let Some((batch, tried, _)) = refused {
            // No thread for it: it is settled when all the others are, which must not wait for it.
            if batch.is_first_deletion {
                self.first.open();
            }
            self.late
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((batch, tried));
            return Ok(());
        }
        // A thread that panicked says nothing; the scope passes its panic on.
        settled.await.unwrap_or(Ok(()))
    }

    fn help(&self, orders: &Receiver<Order>) {
        for (batch, tried, done) in orders {
            // The lane waits for it, whatever happens.
            let _ = done.send(self.settle(&batch, tried));
        }
    }
}
