//! How fast to send: concurrency by additive increase and multiplicative decrease, the pauses an endpoint asks for,
//! the rate a user allows, the size of a batch. Doesn't belong here: items.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::latency::Latency;
use crate::api::Waits;
use crate::api::wait::Cause;

/// An answer that took longer than this is on its way to the 60 seconds after which the host in front cuts a
/// request (API contract): the next batches are smaller.
const SLOW_ANSWER: Duration = Duration::from_secs(20);

/// How often a wait looks whether the run was asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// How one request went, as far as pace is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The endpoint answered as it should.
    Well,
    /// 429, 5xx, a timeout, a lost connection: it has too much to do. With what `Retry-After` asked for.
    Strained(Option<(Duration, Cause)>),
    /// The content was refused, which says nothing of the load.
    Neutral,
}

/// The pace of one run, shared by its workers.
pub(super) struct Pace<'a> {
    state: Mutex<State>,
    /// Wakes the senders that wait for a turn.
    freed: Notify,
    most: usize,
    largest_batch: usize,
    slow_answer: Duration,
    rate: Option<(NonZeroU32, DefaultDirectRateLimiter)>,
    stop: &'a AtomicBool,
    waits: &'a Waits,
}

#[derive(Debug)]
struct State {
    /// How many requests may be under way; a fraction, so that it grows by one a round.
    allowed: f64,
    under_way: usize,
    paused_until: Option<(Instant, Cause)>,
    /// Strain seen before this moment has been answered already: one decrease a round, not one a worker.
    deaf_until: Option<Instant>,
    batch: usize,
    latency: Latency,
}

/// The right to have one request under way.
pub(super) struct Permit<'a> {
    pace: &'a Pace<'a>,
    items: usize,
    since: Instant,
    told: bool,
}

impl<'a> Pace<'a> {
    /// At most `jobs` requests at once and `batch` items a request, each with this deadline; `rate` bounds items a
    /// second. Once `stop` is set nobody waits for a pause or the rate any more; pauses are reported to `waits`.
    #[must_use]
    pub(super) fn new(
        jobs: usize,
        batch: usize,
        deadline: Duration,
        rate: Option<NonZeroU32>,
        stop: &'a AtomicBool,
        waits: &'a Waits,
    ) -> Self {
        let (most, largest_batch) = (jobs.max(1), batch.max(1));
        let state = State {
            allowed: most as f64,
            under_way: 0,
            paused_until: None,
            deaf_until: None,
            batch: largest_batch,
            latency: Latency::default(),
        };
        Self {
            state: Mutex::new(state),
            freed: Notify::new(),
            most,
            largest_batch,
            slow_answer: SLOW_ANSWER.min(deadline / 3),
            rate: rate.map(|rate| (rate, limiter(rate, largest_batch))),
            stop,
            waits,
        }
    }

    /// Waits for the right to send a request of so many items; none where the run is to stop and the endpoint, or the
    /// user's rate, would have it wait.
    pub(super) async fn enter(&self, items: usize) -> Option<Permit<'_>> {
        if !self.keep_rate(items).await {
            return None;
        }
        loop {
            // Before the look, so that no turn that comes free after it is missed.
            let freed = self.freed.notified();
            let pause = match self.turn(&mut self.lock(), items) {
                Ok(permit) => return Some(permit),
                Err(Some(_)) if self.stop.load(Ordering::Relaxed) => return None,
                Err(pause) => pause,
            };
            // Woken or not, it looks again.
            let _ = timeout(pause.map_or(GLANCE, |left| left.min(GLANCE)), freed).await;
        }
    }

    /// The right to send now; else how long a pause still lasts, or nothing where others have all the turns.
    fn turn(&self, state: &mut State, items: usize) -> Result<Permit<'_>, Option<Duration>> {
        if let Some((until, cause)) = state.paused_until {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                self.waits.report(left, cause);
                return Err(Some(left));
            }
        }
        if state.under_way >= floor(state.allowed) {
            return Err(None);
        }
        state.under_way += 1;
        Ok(Permit {
            pace: self,
            items,
            since: Instant::now(),
            told: false,
        })
    }

    /// Keeps a pause; false where the run is to stop before its end.
    pub(super) async fn sleep(&self, pause: Duration, cause: Cause) -> bool {
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        self.waits.keep(pause, cause, is_stopped).await
    }

    /// How many items the next batch may have.
    #[must_use]
    pub(super) fn batch(&self) -> usize {
        self.lock().batch
    }

    /// How many requests may be under way now.
    #[must_use]
    pub(super) fn concurrency(&self) -> usize {
        floor(self.lock().allowed)
    }

    async fn keep_rate(&self, items: usize) -> bool {
        while let Some((wait, cause)) = self.rate_wait(items) {
            if !self.sleep(wait, cause).await {
                return false;
            }
        }
        true
    }

    /// How long the user's rate holds so many items back; nothing where they may go now, and count as gone.
    fn rate_wait(&self, items: usize) -> Option<(Duration, Cause)> {
        let (rate, limiter) = self.rate.as_ref()?;
        let items = u32::try_from(items).ok().and_then(NonZeroU32::new)?;
        // No batch is larger than what the limiter can hold.
        match limiter.check_n(items) {
            Ok(Err(early)) => Some((early.wait_time_from(DefaultClock::default().now()), Cause::Rate(*rate))),
            _ => None,
        }
    }

    fn told(&self, permit: &Permit<'_>, outcome: Outcome, took: Duration) {
        let mut state = self.lock();
        // A request that set out before the last decrease tells nothing about the pace since.
        let heard = state.deaf_until.is_none_or(|until| permit.since >= until);
        match outcome {
            Outcome::Well => {
                if state.latency.is_strained(permit.items, took) {
                    if heard {
                        state.allowed = (state.allowed - 1.0).max(1.0);
                        state.deaf_until = Some(Instant::now());
                    }
                } else {
                    let grown = state.allowed + 1.0 / state.allowed.max(1.0);
                    state.allowed = grown.min(self.most as f64);
                }
                state.batch = if took > self.slow_answer {
                    (state.batch / 2).max(1)
                } else {
                    (state.batch + state.batch / 8 + 1).min(self.largest_batch)
                };
            }
            Outcome::Strained(after) => {
                if heard {
                    state.allowed = (state.allowed / 2.0).max(1.0);
                    state.deaf_until = Some(Instant::now());
                }
                if took > self.slow_answer {
                    state.batch = (state.batch / 2).max(1);
                }
                let asked = after.and_then(|(after, cause)| Some((Instant::now().checked_add(after)?, cause)));
                if let Some((until, _)) = asked
                    && state.paused_until.is_none_or(|(earlier, _)| earlier < until)
                {
                    state.paused_until = asked;
                }
            }
            Outcome::Neutral => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Gives the right back, saying how the request went; says whether it took so long that the same once more would
    /// be too much.
    pub(super) fn ended(mut self, outcome: Outcome) -> bool {
        let took = self.since.elapsed();
        self.told = true;
        self.pace.told(&self, outcome, took);
        took > self.pace.slow_answer
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.pace.told(self, Outcome::Neutral, Duration::ZERO);
        }
        {
            let mut state = self.pace.lock();
            state.under_way = state.under_way.saturating_sub(1);
        }
        self.pace.freed.notify_waiters();
    }
}

/// A limiter that passes a batch as soon as its items' time has come. It begins empty, so that the first batch waits its
/// turn as well: over any run, the items that were sent are at most the seconds times the rate.
fn limiter(rate: NonZeroU32, batch: usize) -> DefaultDirectRateLimiter {
    let most = u32::try_from(batch)
        .ok()
        .and_then(NonZeroU32::new)
        .unwrap_or(NonZeroU32::MAX);
    let limiter = RateLimiter::direct(Quota::per_second(rate).allow_burst(most));
    // A new limiter is full, so that this takes all there is.
    let _ = limiter.check_n(most);
    limiter
}

/// At least one request may always be under way.
fn floor(allowed: f64) -> usize {
    let mut whole = 1;
    while whole as f64 + 1.0 <= allowed {
        whole += 1;
    }
    whole
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
