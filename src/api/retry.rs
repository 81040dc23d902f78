//! When to try again: exponential back-off with full jitter, and what `Retry-After` asks for.
//!
//! Pure: it computes pauses, others keep them. Full jitter, because clients that were refused together would
//! otherwise come back together.
//!
//! Doesn't belong here: which failure is worth another try (`error`).

use std::time::{Duration, SystemTime};

/// The longest `Retry-After` that is obeyed. A host that asks for more ends the run ([`super::ApiError::WaitTooLong`]), which can be
/// resumed at any later time.
pub const LONGEST_OBEYED: Duration = Duration::from_secs(24 * 60 * 60);

/// How a request that may go through later is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first pause; it doubles with each attempt.
    pub base: Duration,
    /// What the doubling stops at.
    pub ceiling: Duration,
    /// How often a request is repeated after the first attempt.
    pub retries: u32,
}

impl Backoff {
    /// The usual pauses: up to 0.25 s, 0.5 s, 1 s … 30 s.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self {
            base: Duration::from_millis(250),
            ceiling: Duration::from_secs(30),
            retries,
        }
    }

    /// The pause before the repetition that follows attempt number `attempt` (the first is 0), or nothing where the
    /// retries are used up. `after` is what the server asked for; it is a lower bound, up to [`LONGEST_OBEYED`].
    pub fn pause(&self, attempt: u32, after: Option<Duration>, random: &mut fastrand::Rng) -> Option<Duration> {
        if attempt >= self.retries {
            return None;
        }
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        let widest = self.base.saturating_mul(factor).min(self.ceiling);
        let jitter = Duration::from_micros(random.u64(0..=u64::try_from(widest.as_micros()).unwrap_or(u64::MAX)));
        Some(match after {
            Some(after) => after.min(LONGEST_OBEYED).saturating_add(jitter.min(self.base)),
            None => jitter,
        })
    }
}

/// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, 10.2.3). A date is measured by the server's own
/// `Date` header where there is one, because the clocks of two machines differ; else by `now`. A date that has passed
/// means at once; what is neither form asks for nothing.
#[must_use]
pub fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a u64 holds is still "very long".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let clock = date
        .and_then(|d| httpdate::parse_http_date(d.trim()).ok())
        .unwrap_or(now);
    Some(then.duration_since(clock).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(100),
        ceiling: Duration::from_secs(2),
        retries: 40,
    };

    #[test]
    fn pauses_double_up_to_the_ceiling_and_are_spread_over_their_whole_width() {
        let mut random = fastrand::Rng::with_seed(7);
        for attempt in 0..40 {
            let widest = Duration::from_millis(100)
                .saturating_mul(1 << attempt.min(20))
                .min(BACKOFF.ceiling);
            let pauses: Vec<_> = (0..200)
                .filter_map(|_| BACKOFF.pause(attempt, None, &mut random))
                .collect();
            assert_eq!(pauses.len(), 200);
            assert!(pauses.iter().all(|p| *p <= widest), "attempt {attempt}");
            assert!(pauses.iter().any(|p| *p < widest / 4), "attempt {attempt}: no jitter");
            assert!(
                pauses.iter().any(|p| *p > widest * 3 / 4),
                "attempt {attempt}: no jitter"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let run = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            (0..10).map(|n| BACKOFF.pause(n, None, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn retries_are_counted_from_the_first_attempt() {
        let mut random = fastrand::Rng::with_seed(7);
        let twice = Backoff { retries: 2, ..BACKOFF };
        assert!(twice.pause(0, None, &mut random).is_some());
        assert!(twice.pause(1, None, &mut random).is_some());
        assert_eq!(twice.pause(2, None, &mut random), None);
        assert_eq!(twice.pause(2, Some(Duration::ZERO), &mut random), None);
        assert_eq!(Backoff::new(0).pause(0, None, &mut random), None);
    }

    #[test]
    fn what_the_server_asks_for_is_obeyed_to_the_letter_up_to_a_day() {
        let mut random = fastrand::Rng::with_seed(7);
        let pause = BACKOFF.pause(0, Some(Duration::from_secs(7)), &mut random).unwrap();
        assert!(pause >= Duration::from_secs(7) && pause <= Duration::from_millis(7_100));
        for asked in [301, 3_600, 86_399, 86_400] {
            let asked = Duration::from_secs(asked);
            // However often it is asked for.
            for attempt in [0, 1, 39] {
                let pause = BACKOFF.pause(attempt, Some(asked), &mut random).unwrap();
                assert!(pause >= asked && pause <= asked + BACKOFF.base, "{asked:?}: {pause:?}");
            }
        }
        for asked in [Duration::from_secs(86_401), Duration::MAX] {
            let pause = BACKOFF.pause(0, Some(asked), &mut random).unwrap();
            assert!(pause <= LONGEST_OBEYED + BACKOFF.base);
        }
    }

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at = |seconds| httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(retry_after(" 12 ", None, now), Some(Duration::from_secs(12)));
        assert_eq!(
            retry_after("99999999999999999999999", None, now),
            Some(Duration::from_secs(u64::MAX))
        );
        assert_eq!(retry_after(&at(1_000_030), None, now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&at(999_000), None, now), Some(Duration::ZERO));
        // The server's clock is an hour ahead of ours: its own Date header says so.
        assert_eq!(
            retry_after(&at(1_003_630), Some(&at(1_003_600)), now),
            Some(Duration::from_secs(30))
        );
        for odd in ["", "soon", "-5", "1.5"] {
            assert_eq!(retry_after(odd, None, now), None, "{odd}");
        }
    }
}
