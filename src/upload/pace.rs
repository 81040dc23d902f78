//! How fast to send: concurrency by additive increase and multiplicative decrease, the pauses an endpoint asks for,
//! the rate a user allows, the size of a batch. Knows nothing of items.

use std::num::NonZeroU32;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// An answer that took longer than this is on its way to the 60 seconds after which the host in front cuts a
/// request (API contract): the next batches are smaller.
const SLOW_ANSWER: Duration = Duration::from_secs(20);

/// How one request went, as far as pace is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The endpoint answered as it should.
    Well,
    /// 429, 5xx, a timeout, a lost connection: it has too much to do. With what `Retry-After` asked for.
    Strained(Option<Duration>),
    /// The content was refused, which says nothing of the load.
    Neutral,
}

/// The pace of one run, shared by its workers.
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
    largest_batch: usize,
    rate: Option<DefaultDirectRateLimiter>,
}

#[derive(Debug)]
struct State {
    /// How many requests may be under way; a fraction, so that it grows by one a round.
    allowed: f64,
    under_way: usize,
    paused_until: Option<Instant>,
    /// Strain seen before this moment has been answered already: one decrease a round, not one a worker.
    deaf_until: Option<Instant>,
    batch: usize,
}

/// The right to have one request under way.
pub(super) struct Permit<'a> {
    pace: &'a Pace,
    since: Instant,
    told: bool,
}

impl Pace {
    /// At most `jobs` requests at once and `batch` items a request; `rate` bounds items a second.
    #[must_use]
    pub(super) fn new(jobs: usize, batch: usize, rate: Option<NonZeroU32>) -> Self {
        let most = jobs.max(1);
        let state = State {
            allowed: most as f64,
            under_way: 0,
            paused_until: None,
            deaf_until: None,
            batch: batch.max(1),
        };
        // A burst of one: an average that is kept by long silences between bursts is no bound for the endpoint.
        let one = NonZeroU32::MIN;
        let rate = rate.map(|rate| RateLimiter::direct(Quota::per_second(rate).allow_burst(one)));
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            most,
            largest_batch: batch.max(1),
            rate,
        }
    }

    /// Waits for the right to send a request of so many items.
    pub(super) fn enter(&self, items: usize) -> Permit<'_> {
        self.keep_rate(items);
        let mut state = self.lock();
        loop {
            let pause = state
                .paused_until
                .and_then(|until| until.checked_duration_since(Instant::now()));
            match pause {
                Some(left) if !left.is_zero() => {
                    state = self
                        .changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
                _ if state.under_way < floor(state.allowed) => break,
                _ => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
        state.under_way += 1;
        Permit {
            pace: self,
            since: Instant::now(),
            told: false,
        }
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

    fn keep_rate(&self, items: usize) {
        let Some(rate) = &self.rate else { return };
        for _ in 0..items {
            while let Err(early) = rate.check() {
                std::thread::sleep(early.wait_time_from(DefaultClock::default().now()));
            }
        }
    }

    fn told(&self, outcome: Outcome, took: Duration, since: Instant) {
        let mut state = self.lock();
        match outcome {
            Outcome::Well => {
                let grown = state.allowed + 1.0 / state.allowed.max(1.0);
                state.allowed = grown.min(self.most as f64);
                state.batch = if took > SLOW_ANSWER {
                    (state.batch / 2).max(1)
                } else {
                    (state.batch + state.batch / 8 + 1).min(self.largest_batch)
                };
            }
            Outcome::Strained(after) => {
                // A request that set out before the last decrease tells nothing about the pace since.
                if state.deaf_until.is_none_or(|until| since >= until) {
                    state.allowed = (state.allowed / 2.0).max(1.0);
                    state.deaf_until = Some(Instant::now());
                }
                if took > SLOW_ANSWER {
                    state.batch = (state.batch / 2).max(1);
                }
                if let Some(until) = after.and_then(|after| Instant::now().checked_add(after)) {
                    state.paused_until = Some(state.paused_until.map_or(until, |earlier| earlier.max(until)));
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
    /// Gives the right back, saying how the request went.
    pub(super) fn ended(mut self, outcome: Outcome) {
        self.told = true;
        self.pace.told(outcome, self.since.elapsed(), self.since);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.pace.told(Outcome::Neutral, Duration::ZERO, self.since);
        }
        self.pace.lock().under_way -= 1;
        self.pace.changed.notify_all();
    }
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
mod tests {
    use super::*;

    #[test]
    fn concurrency_halves_on_strain_and_recovers_one_a_round() {
        let pace = Pace::new(8, 100, None);
        pace.enter(1).ended(Outcome::Strained(None));
        assert_eq!(pace.concurrency(), 4);
        pace.enter(1).ended(Outcome::Strained(None));
        assert_eq!(pace.concurrency(), 2);
        for _ in 0..2 {
            pace.enter(1).ended(Outcome::Well);
        }
        assert!((2..=3).contains(&pace.concurrency()));
        for _ in 0..60 {
            pace.enter(1).ended(Outcome::Well);
        }
        assert_eq!(pace.concurrency(), 8);
    }

    #[test]
    fn requests_that_set_out_together_and_fail_together_halve_it_once() {
        let pace = Pace::new(8, 100, None);
        let permits: Vec<_> = (0..8).map(|_| pace.enter(1)).collect();
        for permit in permits {
            permit.ended(Outcome::Strained(None));
        }
        assert_eq!(pace.concurrency(), 4);
    }

    #[test]
    fn concurrency_never_falls_below_one_nor_rises_above_jobs() {
        let pace = Pace::new(2, 100, None);
        for _ in 0..10 {
            pace.enter(1).ended(Outcome::Strained(None));
        }
        assert_eq!(pace.concurrency(), 1);
        for _ in 0..100 {
            pace.enter(1).ended(Outcome::Well);
        }
        assert_eq!(pace.concurrency(), 2);
    }

    #[test]
    fn a_pause_that_the_endpoint_asks_for_holds_every_worker() {
        let pace = Pace::new(8, 100, None);
        let asked = Duration::from_millis(30);
        let before = Instant::now();
        pace.enter(1).ended(Outcome::Strained(Some(asked)));
        pace.enter(1).ended(Outcome::Well);
        assert!(before.elapsed() >= asked);
    }

    #[test]
    fn a_rate_bounds_the_items_not_the_requests() {
        let pace = Pace::new(8, 100, NonZeroU32::new(1000));
        let before = Instant::now();
        for _ in 0..4 {
            pace.enter(10).ended(Outcome::Well);
        }
        assert!(before.elapsed() >= Duration::from_millis(38));
    }
}
