//! The pace, without an endpoint. Doesn't belong here: requests.

use super::*;
use crate::api::wait::News;

const DEADLINE: Duration = Duration::from_secs(60);
const ASKED: Cause = Cause::Asked(429);

/// Waits on this thread.
fn now<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(work)
}

fn strained(pace: &Pace<'_>, after: Option<Duration>) {
    now(pace.enter(1))
        .unwrap()
        .ended(Outcome::Strained(after.map(|after| (after, ASKED))));
}

fn well(pace: &Pace<'_>) {
    now(pace.enter(1)).unwrap().ended(Outcome::Well);
}

/// Tells of an answer that took so long, without waiting for it.
fn took(pace: &Pace<'_>, outcome: Outcome, time: Duration) {
    let mut permit = now(pace.enter(100)).unwrap();
    permit.told = true;
    pace.told(&permit, outcome, time);
}

#[test]
fn concurrency_halves_on_strain_and_recovers_one_a_round() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
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
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    let permits: Vec<_> = (0..8).map(|_| now(pace.enter(1)).unwrap()).collect();
    for permit in permits {
        permit.ended(Outcome::Strained(None));
    }
    assert_eq!(pace.concurrency(), 4);
}

#[test]
fn concurrency_never_falls_below_one_nor_rises_above_jobs() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(2, 100, DEADLINE, None, &stop, &waits);
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
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
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
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    took(&pace, Outcome::Well, Duration::from_secs(25));
    assert_eq!(pace.batch(), 50);
    took(&pace, Outcome::Strained(None), Duration::from_secs(60));
    assert_eq!(pace.batch(), 25);
    took(&pace, Outcome::Strained(None), Duration::from_secs(1));
    assert_eq!(pace.batch(), 25, "a quick failure leaves the size as it is");
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
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    let asked = Duration::from_millis(30);
    let before = Instant::now();
    strained(&pace, Some(asked));
    well(&pace);
    assert!(before.elapsed() >= asked);
}

#[test]
fn nobody_waits_for_a_pause_or_the_rate_once_the_run_is_to_stop() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    strained(&pace, Some(Duration::from_secs(86_400)));
    stop.store(true, Ordering::Relaxed);
    assert!(now(pace.enter(1)).is_none());
    assert!(!now(pace.sleep(Duration::from_secs(86_400), ASKED)));
    let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1), &stop, &waits);
    assert!(now(pace.enter(100)).is_none());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    assert!(now(pace.enter(1)).is_some(), "what needs no waiting is finished");
}

#[test]
fn the_longest_pause_that_is_asked_for_holds() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, None, &stop, &waits);
    // Each was sent before the first answer came.
    let permits: Vec<_> = (0..4).map(|_| now(pace.enter(1)).unwrap()).collect();
    let begun = Instant::now();
    for (permit, asked) in permits.into_iter().zip([60, 3_600, 5, u64::MAX]) {
        permit.ended(Outcome::Strained(Some((Duration::from_secs(asked), ASKED))));
    }
    let (until, cause) = pace.lock().paused_until.unwrap();
    assert!(until >= begun + Duration::from_secs(3_600) && cause == ASKED);
    assert!(until <= Instant::now() + Duration::from_secs(3_600));
}

#[test]
fn a_pause_and_the_users_rate_are_reported_once_for_all_workers() {
    let heard = std::sync::Arc::new(Mutex::new(Vec::new()));
    let ears = std::sync::Arc::clone(&heard);
    let waits = Waits::reporting(move |pause| ears.lock().unwrap().push((pause.cause, pause.news)));
    let stop = AtomicBool::new(false);
    let pace = Pace::new(64, 100, DEADLINE, None, &stop, &waits);
    strained(&pace, Some(Duration::from_secs(3_600)));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..64).map(|_| scope.spawn(|| now(pace.enter(1)).is_none())).collect();
        while heard.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
    });
    let rate = NonZeroU32::new(10).unwrap();
    assert_eq!(*heard.lock().unwrap(), [(ASKED, News::Begins)]);
    let pace = Pace::new(64, 100, DEADLINE, Some(rate), &stop, &waits);
    assert_eq!(pace.rate_wait(100).unwrap().1, Cause::Rate(rate));
}

#[test]
fn a_sender_waits_for_its_turn() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(1, 100, DEADLINE, None, &stop, &waits);
    now(async {
        let first = pace.enter(1).await.unwrap();
        assert!(timeout(Duration::from_millis(1), pace.enter(1)).await.is_err(), "taken");
        first.ended(Outcome::Strained(Some((Duration::from_millis(30), ASKED))));
        let before = Instant::now();
        pace.enter(1).await.unwrap().ended(Outcome::Well);
        assert!(before.elapsed() >= Duration::from_millis(25), "the pause holds");
        pace.enter(1)
            .await
            .unwrap()
            .ended(Outcome::Strained(Some((DEADLINE, ASKED))));
        stop.store(true, Ordering::Relaxed);
        assert!(pace.enter(1).await.is_none());
    });
    let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1), &stop, &waits);
    assert!(now(pace.enter(100)).is_none());
}

#[test]
fn a_rate_bounds_the_items_not_the_requests() {
    let (stop, waits) = (AtomicBool::new(false), Waits::default());
    let pace = Pace::new(8, 100, DEADLINE, NonZeroU32::new(1000), &stop, &waits);
    let before = Instant::now();
    for _ in 0..4 {
        now(pace.enter(10)).unwrap().ended(Outcome::Well);
    }
    assert!(before.elapsed() >= Duration::from_millis(38));
}
