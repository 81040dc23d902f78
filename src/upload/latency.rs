//! Whether an endpoint answers so much slower than it can that it must have too much to do.
//!
//! Before an overloaded endpoint fails, it slows down. So each answer is compared with the best that was seen for a
//! request of about its size. The rule is a modest one: a quarter of a second is never held against an endpoint, nor is
//! being four times slower than the best; and a slowness that stays becomes the new best within about a hundred
//! answers, because it is then not this run that causes it.
//!
//! Doesn't belong here: what follows from it (`pace`).

use std::time::Duration;

/// So many times the best is still no strain.
const TIMES: u32 = 4;

/// So much more is never strain: the jitter of networks and of small machines.
const NOISE: Duration = Duration::from_millis(250);

/// How slowly the best is forgotten: by this part of the distance with each answer.
const FORGETTING: u32 = 64;

/// The best answer times, by size of the request: sizes between two powers of two are one class. A request of no items is
/// a read, and the reads are one class.
#[derive(Debug, Default)]
pub(super) struct Latency {
    best: [Option<Duration>; CLASSES],
}

const CLASSES: usize = 17;

impl Latency {
    /// Takes an answer to a request of so many items into account, and says whether it shows strain.
    pub(super) fn is_strained(&mut self, items: usize, took: Duration) -> bool {
        let class = items.checked_ilog2().map_or(0, |class| class.saturating_add(1));
        let class = usize::try_from(class).unwrap_or(usize::MAX).min(CLASSES - 1);
        let Some(best) = self.best.get_mut(class) else {
            return false;
        };
        match *best {
            Some(known) if took > known => {
                *best = Some(known.saturating_add(took.saturating_sub(known) / FORGETTING));
                took > known.saturating_mul(TIMES).saturating_add(NOISE)
            }
            _ => {
                *best = Some(took);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn an_answer_is_measured_by_the_best_of_its_size() {
        let mut latency = Latency::default();
        assert!(!latency.is_strained(1, MS(10)), "the first is the best");
        assert!(
            !latency.is_strained(100, MS(5_000)),
            "a hundred items may take longer than one"
        );
        assert!(!latency.is_strained(1, MS(60)), "noise");
        assert!(latency.is_strained(1, MS(5_000)));
        assert!(!latency.is_strained(120, MS(15_000)), "three times the best");
        assert!(latency.is_strained(120, MS(30_000)));
        assert!(!latency.is_strained(0, MS(1)), "the first read");
        assert!(!latency.is_strained(1, MS(30)), "a read is no measure of a write");
        assert!(!latency.is_strained(usize::MAX, MS(30_000)), "the first of the largest");
    }

    #[test]
    fn a_slowness_that_stays_becomes_the_normal() {
        let mut latency = Latency::default();
        latency.is_strained(100, MS(50));
        let strained = (0..200).filter(|_| latency.is_strained(100, MS(2_000))).count();
        assert!((5..100).contains(&strained), "{strained}");
        assert!(!latency.is_strained(100, MS(2_000)));
    }
}
