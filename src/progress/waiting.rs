//! Pauses as a person sees them: a line below a bar that counts down, a line of its own where no bar is, an event for programs.
//!
//! Doesn't belong here: which pause is reported, and when (`api::wait`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;

use crate::api::Waits;
use crate::api::wait::{Cause, News, Pause, span, whole_seconds};
use crate::output::Output;

/// The pause that bars show.
#[derive(Debug, Default)]
pub struct Board {
    pause: Mutex<Option<(Instant, Cause)>>,
    /// How many bars are shown.
    bars: AtomicUsize,
}

impl Board {
    pub(super) fn bar_begins(&self) {
        self.bars.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn bar_ends(&self) {
        self.bars.fetch_sub(1, Ordering::Relaxed);
    }

    /// What a bar shows now; nothing once the pause is over.
    pub(super) fn text(&self) -> Option<String> {
        let (until, cause) = (*self.pause.lock().unwrap_or_else(PoisonError::into_inner))?;
        let left = until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())?;
        Some(format!("waiting {}: {cause}", span(left)))
    }
}

/// Where a run's pauses are kept, which are reported to this output.
#[must_use]
pub fn reported_to(output: &Arc<Output>) -> Waits {
    let output = Arc::clone(output);
    Waits::reporting(move |pause| show(&output, pause))
}

fn show(output: &Output, pause: &Pause) {
    let board = output.board();
    *board.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some((pause.until, pause.cause));
    // A line would break a bar, which shows the same.
    let is_shown = board.bars.load(Ordering::Relaxed) > 0;
    let verb = match pause.news {
        News::Begins => "Waiting",
        News::GoesOn => "Still waiting",
        News::Moves => return,
    };
    if !is_shown {
        let reason = pause.cause.to_string();
        let line = format!("{verb} {}: {reason}", span(pause.left));
        let details = json!({"seconds": whole_seconds(pause.left), "reason": reason});
        output.progressed("waiting", &line, &details);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bar_shows_how_long_the_pause_still_lasts_until_it_is_over() {
        let board = Board::default();
        assert_eq!(board.text(), None);
        let wait = |until| *board.pause.lock().unwrap() = Some((until, Cause::Asked(429)));
        wait(Instant::now() + Duration::from_secs(3_600));
        assert_eq!(board.text().unwrap(), "waiting 1 h: the API asks for it (429)");
        wait(Instant::now());
        assert_eq!(board.text(), None);
    }
}
