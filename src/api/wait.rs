//! Pauses before a request, and waits for an answer: why there is one, and who hears of it.
//!
//! Every pause goes through [`Waits`], which reports each one that is longer than two seconds, once for all the workers that
//! keep it. A wait for an answer ends sooner as a rule, so that it never hides a pause. Belongs here: keeping a pause and reporting it. Doesn't: how long it is (`retry`, the pace of `upload`), how it
//! looks (`progress`).

use std::fmt;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::GLANCE;
use super::loss::Loss;

/// A pause that is no longer than this is not reported.
pub(super) const SHORT: Duration = Duration::from_secs(2);

/// Ends that are no further apart are one: each worker looks at its own clock.
const SAME: Duration = Duration::from_millis(500);

/// How often a pause that goes on is reported again.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Why a request is not sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `Retry-After`, with the HTTP status that it came with.
    Asked(u16),
    /// A failure of this HTTP status.
    Failed(u16),
    /// No complete answer.
    Lost(Loss),
    /// No connection.
    Unreachable,
    /// An answer that is not the API's.
    Foreign,
    /// The user's own rate, in items a second.
    Rate(NonZeroU32),
    /// A request has no answer yet; what is left is the time to its deadline.
    Unanswered,
    /// A list has begun, and its next item is not there yet; what is left is the time to its deadline.
    Stalled,
}

impl Cause {
    /// A wait for an answer, which lasts so long at most.
    fn is_limit(self) -> bool {
        matches!(self, Self::Unanswered | Self::Stalled)
    }

    /// Many waits of this kind follow each other: the user's own rate holds up each batch, a slow host each answer.
    fn recurs(self) -> bool {
        self.is_limit() || matches!(self, Self::Rate(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(status) => write!(f, "the API asks for it ({status})"),
            Self::Failed(429) => f.write_str("the API asks for fewer requests (429)"),
            Self::Failed(status) => write!(f, "the API failed ({status})"),
            Self::Lost(how) => how.fmt(f),
            Self::Unreachable => f.write_str("the API can't be reached"),
            Self::Foreign => f.write_str("the answer was not the API's"),
            Self::Rate(NonZeroU32::MIN) => f.write_str("--rate allows 1 item a second"),
            Self::Unanswered => f.write_str("no answer yet, and the request ends then (--timeout)"),
            Self::Stalled => f.write_str("no further item of the list yet, and the request ends then (--timeout)"),
            Self::Rate(rate) => write!(f, "--rate allows {rate} items a second"),
        }
    }
}

/// A pause, as it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it ends.
    pub until: Instant,
    /// How long it still lasts.
    pub left: Duration,
    /// Why there is one.
    pub cause: Cause,
    /// What has changed.
    pub news: News,
}

/// What a report of a pause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A pause begins, or has become much longer.
    Begins,
    /// A long pause goes on.
    GoesOn,
    /// Its end has moved a little, or it is one of many like it: enough for a display that is always there.
    Moves,
}

/// Whoever is told of pauses.
type Observer = Box<dyn Fn(&Pause) + Send + Sync>;

/// Keeps and reports the pauses of a run, shared by all that send requests.
#[derive(Default)]
pub struct Waits {
    observer: Option<Observer>,
    reported: Mutex<Option<Reported>>,
}

/// The pause that was reported last.
#[derive(Clone, Copy)]
struct Reported {
    until: Instant,
    length: Duration,
    cause: Cause,
    said: Instant,
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}

impl Waits {
    /// Tells `observer` of every pause that is reported.
    #[must_use]
    pub fn reporting(observer: impl Fn(&Pause) + Send + Sync + 'static) -> Self {
        Self {
            observer: Some(Box::new(observer)),
            reported: Mutex::default(),
        }
    }

    /// Keeps a pause; false where `is_stopped` before its end.
    #[must_use]
    pub async fn keep(&self, pause: Duration, cause: Cause, is_stopped: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        loop {
            if is_stopped() {
                return false;
            }
            let left = pause.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return true;
            }
            self.report(left, cause);
            tokio::time::sleep(left.min(GLANCE)).await;
        }
    }

    /// Waits for a result, at most until this moment. A wait is reported once it has lasted for `silent`, and no longer shown
    /// once it is over.
    pub(super) async fn answer<T>(
        &self,
        work: impl Future<Output = T>,
        (silent, until): (Duration, tokio::time::Instant),
        cause: Cause,
    ) -> Option<T> {
        let mut work = pin!(work);
        let begun = tokio::time::Instant::now();
        let result = tokio::time::timeout_at(until.min(begun + silent), work.as_mut()).await;
        if let Ok(result) = result {
            return Some(result);
        }
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                self.over(cause);
                return None;
            }
            self.report(left, cause);
            if let Ok(result) = tokio::time::timeout(left.min(GLANCE), work.as_mut()).await {
                self.over(cause);
                return Some(result);
            }
        }
    }

    /// A wait for an answer is over before its time.
    fn over(&self, cause: Cause) {
        let Some(observer) = &self.observer else { return };
        let until = Instant::now();
        {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *reported {
                Some(known) if known.cause == cause && known.until > until => known.until = until,
                _ => return,
            }
        }
        observer(&Pause {
            until,
            left: Duration::ZERO,
            cause,
            news: News::Moves,
        });
    }

    /// Reports a pause that lasts this much longer. Whoever waits calls this each time it looks whether the pause is over;
    /// what is new is told from what is known.
    pub fn report(&self, left: Duration, cause: Cause) {
        let Some(observer) = &self.observer else { return };
        let now = Instant::now();
        let Some(until) = now.checked_add(left) else { return };
        let news = {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((news, next)) = news(*reported, now, left, cause) else {
                return;
            };
            *reported = Some(next);
            news
        };
        observer(&Pause {
            until,
            left,
            cause,
            news,
        });
    }
}

/// What is to be said of a pause, and what is known then; none where nothing is.
fn news(known: Option<Reported>, now: Instant, left: Duration, cause: Cause) -> Option<(News, Reported)> {
    let until = now.checked_add(left)?;
    let begun = Reported {
        until,
        length: left,
        cause,
        said: now,
    };
    // A pause outranks a wait for an answer, which may end at any time.
    let known = known.filter(|known| cause.is_limit() || !known.cause.is_limit());
    match known {
        Some(known) if now < known.until && cause.is_limit() && !known.cause.is_limit() => None,
        // Of one that is reported already, whoever waits for it.
        Some(known) if now < known.until => {
            let more = until.saturating_duration_since(known.until);
            if more > SHORT.max(known.length / 2) {
                Some((News::Begins, begun))
            } else if left > SHORT && now.saturating_duration_since(known.said) >= AGAIN {
                let until = until.max(known.until);
                Some((
                    News::GoesOn,
                    Reported {
                        until,
                        said: now,
                        ..known
                    },
                ))
            } else if more < SAME {
                None
            } else {
                Some((News::Moves, Reported { until, ..known }))
            }
        }
        _ if left <= SHORT && !cause.is_limit() => None,
        Some(known) if cause.recurs() && known.cause == cause && now.saturating_duration_since(known.said) < AGAIN => {
            let said = known.said;
            Some((News::Moves, Reported { said, ..begun }))
        }
        _ => Some((News::Begins, begun)),
    }
}

/// The nearest number of seconds.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_millis() >= 500))
}

/// A length of time for a person, to the second; from an hour to the minute.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = whole_seconds(time);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |much, unit, rest, rest_unit| match rest {
        0 => format!("{much} {unit}"),
        rest => format!("{much} {unit} {rest} {rest_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(minutes, "min", seconds % 60, "s"),
        3_600..172_800 => two(hours, "h", minutes % 60, "min"),
        _ if days < 1_000 => format!("{days} days"),
        _ => "more than 1,000 days".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const ASKED: Cause = Cause::Asked(429);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What is said of pauses that are looked at so many seconds after the start, with so many left.
    fn said(looks: &[(u64, u64, Cause)]) -> Vec<Option<News>> {
        let start = Instant::now();
        let mut known = None;
        let mut all = Vec::new();
        for (at, left, cause) in looks {
            let found = news(known, start + seconds(*at), seconds(*left), *cause);
            known = found.map_or(known, |(_, next)| Some(next));
            all.push(found.map(|(news, _)| news));
        }
        all
    }

    #[test]
    fn a_pause_of_over_two_seconds_is_reported_at_once_and_again_while_it_lasts() {
        assert_eq!(said(&[(0, 2, ASKED)]), [None]);
        let hour = [
            (0, 3_600, ASKED),
            (1, 3_599, ASKED),
            (299, 3_301, ASKED),
            (300, 3_300, ASKED),
            (301, 3_299, ASKED),
        ];
        assert_eq!(said(&hour), [Some(News::Begins), None, None, Some(News::GoesOn), None]);
    }

    #[test]
    fn the_same_pause_of_many_workers_is_reported_once() {
        // Each was asked for an hour, some seconds after the first.
        let workers: Vec<_> = (0..64).map(|n| (n / 8, 3_600, ASKED)).collect();
        let told = said(&workers);
        assert_eq!(told[0], Some(News::Begins));
        assert!(
            told[1..].iter().all(|news| matches!(news, None | Some(News::Moves))),
            "{told:?}"
        );
        // One that ends later by far is another one, and so is the one that comes after it.
        assert_eq!(
            said(&[(0, 3, ASKED), (1, 3_600, ASKED), (4_000, 3, ASKED)]),
            [Some(News::Begins), Some(News::Begins), Some(News::Begins)]
        );
        // One that ends sooner makes nobody wait longer.
        assert_eq!(
            said(&[(0, 60, ASKED), (1, 30, Cause::Failed(503))]),
            [Some(News::Begins), None]
        );
    }

    #[test]
    fn pauses_of_the_users_own_rate_are_not_reported_one_by_one() {
        let rate = Cause::Rate(NonZeroU32::MIN);
        let batches: Vec<_> = (0..100).map(|n| (n * 4, 4, rate)).collect();
        let told = said(&batches);
        let lines = told
            .iter()
            .filter(|news| matches!(news, Some(News::Begins | News::GoesOn)));
        assert_eq!(lines.count(), 2, "at the start, and five minutes later");
        assert!(
            told.iter().all(Option::is_some),
            "a display that is always there shows each of them"
        );
    }

    #[test]
    fn a_wait_for_an_answer_is_one_line_and_hides_no_pause() {
        let slow = Cause::Unanswered;
        // The same request, and the next one that is as slow.
        let told = said(&[(2, 68, slow), (3, 67, slow), (80, 68, slow)]);
        assert_eq!(told, [Some(News::Begins), None, Some(News::Moves)]);
        let told = said(&[(2, 68, slow), (3, 10, ASKED), (4, 60, slow)]);
        assert_eq!(told, [Some(News::Begins), Some(News::Begins), None]);
        // However little is left.
        assert_eq!(said(&[(2, 1, Cause::Stalled)]), [Some(News::Begins)]);
    }

    #[test]
    fn a_wait_for_an_answer_is_no_longer_shown_once_the_answer_is_there() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let waits = Waits::reporting(move |pause| ears.lock().unwrap().push((pause.left.is_zero(), pause.news)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let wait = |work: u64, most: u64| {
            let work = tokio::time::sleep(Duration::from_millis(work));
            let until = tokio::time::Instant::now() + Duration::from_millis(most);
            let waits = &waits;
            async move {
                waits
                    .answer(work, (Duration::from_millis(1), until), Cause::Unanswered)
                    .await
            }
        };
        let (slow, over) = runtime.block_on(async { (wait(30, 60_000).await, wait(60_000, 30).await) });
        assert_eq!((slow, over), (Some(()), None));
        let heard = heard.lock().unwrap();
        // The second one ends with its time.
        let shown = [(false, News::Begins), (true, News::Moves), (false, News::Moves)];
        assert_eq!(*heard, shown);
    }

    #[test]
    fn a_pause_is_kept_to_its_end_or_until_the_run_is_to_stop() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let waits = Waits::reporting(move |pause| ears.lock().unwrap().push((pause.cause, pause.news)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let begun = Instant::now();
        assert!(runtime.block_on(waits.keep(Duration::from_millis(20), ASKED, || false)));
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert!(heard.lock().unwrap().is_empty());
        let looks = std::cell::Cell::new(0);
        let is_stopped = || looks.replace(looks.get() + 1) == 2;
        assert!(!runtime.block_on(waits.keep(seconds(86_400), ASKED, is_stopped)));
        assert_eq!(*heard.lock().unwrap(), [(ASKED, News::Begins)]);
        // Longer than any clock goes: nothing is said, and nothing breaks.
        waits.report(Duration::MAX, ASKED);
        assert!(runtime.block_on(Waits::default().keep(Duration::ZERO, ASKED, || false)));
    }

    #[test]
    fn a_length_of_time_is_given_in_at_most_two_units() {
        for (time, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h"),
            (5_459, "1 h 30 min"),
            (86_400, "24 h"),
            (172_800, "2 days"),
            (u64::MAX, "more than 1,000 days"),
        ] {
            assert_eq!(span(seconds(time)), text);
        }
        assert_eq!(span(Duration::from_millis(3_499)), "3 s");
        assert_eq!(span(Duration::from_millis(3_599_600)), "1 h");
    }
}
