//! How fast to send: concurrency by additive increase and multiplicative decrease, the pauses an endpoint asks for,
//! the rate a user allows, the size of a batch. Knows nothing of items.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::latency::Latency;
use crate::api::retry::LONGEST_OBEYED;

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
    Strained(Option<Duration>),
    /// The content was refused, which says nothing of the load.
    Neutral,
}

/// The pace of one run, shared by its workers.
pub(super) struct Pace<'a> {
    state: Mutex<State>,
    /// Tells the threads that wait for a turn, and the lanes that do.
    changed: Condvar,
    freed: Notify,
    most: usize,
    largest_batch: usize,
    slow_answer: Duration,
    rate: Option<DefaultDirectRateLimiter>,
    stop: &'a AtomicBool,
}

#[derive(Debug)]
struct State {
    /// How many requests may be under way; a fraction, so that it grows by one a round.
    allowed: f64,
    under_way: usize,
    /// How many threads wait for a turn.
    waiting: usize,
    paused_until: Option<Instant>,
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
    /// second. Once `stop` is set nobody waits for a pause or the rate any more.
    #[must_use]
    pub(super) fn new(
        jobs: usize,
        batch: usize,
        deadline: Duration,
        rate: Option<NonZeroU32>,
        stop: &'a AtomicBool,
    ) -> Self {
        let (most, largest_batch) = (jobs.max(1), batch.max(1));
        let state = State {
            allowed: most as f64,
            under_way: 0,
            waiting: 0,
            paused_until: None,
            deaf_until: None,
            batch: largest_batch,
            latency: Latency::default(),
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            freed: Notify::new(),
            most,
            largest_batch,
            slow_answer: SLOW_ANSWER.min(deadline / 3),
            rate: rate.map(|rate| limiter(rate, largest_batch)),
            stop,
        }
    }

    /// Waits for the right to send a request of so many items; none where the run is to stop and the endpoint, or the
    /// user's rate, would have it wait.
    pub(super) fn enter(&self, items: usize) -> Option<Permit<'_>> {
        if !self.keep_rate(items) {
            return None;
        }
        let mut state = self.lock();
        loop {
            let pause = match self.turn(&mut state, items) {
                Ok(permit) => return Some(permit),
                Err(Some(_)) if self.stop.load(Ordering::Relaxed) => return None,
                Err(pause) => pause,
            };
            state.waiting += 1;
            state = match pause {
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left.min(GLANCE));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting = state.waiting.saturating_sub(1);
        }
    }

    /// The same, without a thread that waits.
    pub(super) async fn enter_soon(&self, items: usize) -> Option<Permit<'_>> {
        while let Some(wait) = self.rate_wait(items) {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            sleep(wait.min(GLANCE)).await;
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
        let pause = state
            .paused_until
            .and_then(|until| until.checked_duration_since(Instant::now()));
        if pause.is_some_and(|left| !left.is_zero()) {
            return Err(pause);
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
    pub(super) fn sleep(&self, pause: Duration) -> bool {
        let begun = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = pause.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(GLANCE));
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

    fn keep_rate(&self, items: usize) -> bool {
        while let Some(wait) = self.rate_wait(items) {
            if !self.sleep(wait) {
                return false;
            }
        }
        true
    }

    /// How long the user's rate holds so many items back; nothing where they may go now, and count as gone.
    fn rate_wait(&self, items: usize) -> Option<Duration> {
        let rate = self.rate.as_ref()?;
        let items = u32::try_from(items).ok().and_then(NonZeroU32::new)?;
        // No batch is larger than what the limiter can hold.
        match rate.check_n(items) {
            Ok(Err(early)) => Some(early.wait_time_from(DefaultClock::default().now())),
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
                let after = after.map(|after| after.min(LONGEST_OBEYED));
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
        let waiting = {
            let mut state = self.pace.lock();
            state.under_way = state.under_way.saturating_sub(1);
            state.waiting
        };
        // Each of these is a call of the system.
        if waiting > 0 {
            self.pace.changed.notify_all();
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
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(60);

    fn strained(pace: &Pace<'_>, after: Option<Duration>) {
        pace.enter(1).unwrap().ended(Outcome::Strained(after));
    }

    fn well(pace: &Pace<'_>) {
        pace.enter(1).unwrap().ended(Outcome::Well);
    }

    /// Tells of an answer that took so long, without waiting for it.
    fn took(pace: &Pace<'_>, outcome: Outcome, time: Duration) {
        let mut permit = pace.enter(100).unwrap();
        permit.told = true;
        pace.told(&permit, outcome, time);
    }

    #[test]
    fn concurrency_halves_on_strain_and_recovers_one_a_round() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        strained(&pace, None);
        assert_eq!(pace.concurrency(), 4);
        strained(&pace, None);
        assert_eq!(pace.concurrency(), 2);
        for _ in 0..2 {
            well(&pace);
        }
        assert!((2..=3).contains(&pace.concurrency()));
        for _ in 0..60 {
            well(&pace);
        }
        assert_eq!(pace.concurrency(), 8);
    }

    #[test]
    fn requests_that_set_out_together_and_fail_together_halve_it_once() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        let permits: Vec<_> = (0..8).map(|_| pace.enter(1).unwrap()).collect();
        for permit in permits {
            permit.ended(Outcome::Strained(None));
        }
        assert_eq!(pace.concurrency(), 4);
    }

    #[test]
    fn concurrency_never_falls_below_one_nor_rises_above_jobs() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(2, 100, DEADLINE, None, &stop);
        for _ in 0..10 {
            strained(&pace, None);
        }
        assert_eq!(pace.concurrency(), 1);
        for _ in 0..100 {
            well(&pace);
        }
        assert_eq!(pace.concurrency(), 2);
    }

    #[test]
    fn answers_that_take_much_longer_than_the_best_take_one_request_away() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        let (quick, slow) = (Duration::from_millis(50), Duration::from_secs(2));
        took(&pace, Outcome::Well, quick);
        took(&pace, Outcome::Well, slow);
        assert_eq!(pace.concurrency(), 7);
        took(&pace, Outcome::Well, slow);
        assert_eq!(pace.concurrency(), 6);
        for _ in 0..30 {
            took(&pace, Outcome::Well, quick);
        }
        assert_eq!(pace.concurrency(), 8);
    }

    #[test]
    fn a_batch_shrinks_when_an_answer_nears_the_hosts_patience_and_grows_again() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        took(&pace, Outcome::Well, Duration::from_secs(25));
        assert_eq!(pace.batch(), 50);
        took(&pace, Outcome::Strained(None), Duration::from_secs(60));
        assert_eq!(pace.batch(), 25);
        took(&pace, Outcome::Strained(None), Duration::from_secs(1));
        assert_eq!(pace.batch(), 25, "a quick failure says nothing about size");
        for _ in 0..20 {
            took(&pace, Outcome::Well, Duration::from_secs(1));
        }
        assert_eq!(pace.batch(), 100);
        for _ in 0..20 {
            took(&pace, Outcome::Well, Duration::from_secs(25));
        }
        assert_eq!(pace.batch(), 1);
    }

    #[test]
    fn a_pause_that_the_endpoint_asks_for_holds_every_worker() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        let asked = Duration::from_millis(30);
        let before = Instant::now();
        strained(&pace, Some(asked));
        well(&pace);
        assert!(before.elapsed() >= asked);
    }

    #[test]
    fn nobody_waits_for_a_pause_or_the_rate_once_the_run_is_to_stop() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        strained(&pace, Some(Duration::from_secs(86_400)));
        stop.store(true, Ordering::Relaxed);
        assert!(pace.enter(1).is_none());
        assert!(!pace.sleep(Duration::from_secs(86_400)));
        let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1), &stop);
        assert!(pace.enter(100).is_none());
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        assert!(pace.enter(1).is_some(), "what needs no waiting is finished");
    }

    #[test]
    fn no_pause_is_longer_than_what_is_obeyed() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, None, &stop);
        strained(&pace, Some(Duration::MAX));
        let until = pace.lock().paused_until.unwrap();
        assert!(until <= Instant::now() + LONGEST_OBEYED);
    }

    #[test]
    fn a_lane_waits_for_its_turn_as_a_thread_does() {
        let stop = AtomicBool::new(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let pace = Pace::new(1, 100, DEADLINE, None, &stop);
        runtime.block_on(async {
            let first = pace.enter_soon(1).await.unwrap();
            assert!(
                timeout(Duration::from_millis(1), pace.enter_soon(1)).await.is_err(),
                "taken"
            );
            first.ended(Outcome::Strained(Some(Duration::from_millis(30))));
            let before = Instant::now();
            pace.enter_soon(1).await.unwrap().ended(Outcome::Well);
            assert!(before.elapsed() >= Duration::from_millis(25), "the pause holds");
            pace.enter_soon(1)
                .await
                .unwrap()
                .ended(Outcome::Strained(Some(DEADLINE)));
            stop.store(true, Ordering::Relaxed);
            assert!(pace.enter_soon(1).await.is_none());
        });
        let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1), &stop);
        assert!(runtime.block_on(pace.enter_soon(100)).is_none());
    }

    #[test]
    fn a_rate_bounds_the_items_not_the_requests() {
        let stop = AtomicBool::new(false);
        let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1000), &stop);
        let before = Instant::now();
        for _ in 0..4 {
            pace.enter(10).unwrap().ended(Outcome::Well);
        }
        assert!(before.elapsed() >= Duration::from_millis(38));
    }
}
