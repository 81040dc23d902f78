//! Pauses as a person sees them: a line below a bar that counts down, a line of its own where no bar is, an event for programs.
//!
//! Doesn't belong here: which pause is reported, and when (`api::wait`).

use std::sync::Arc;

use crate::api::Waits;
use crate::api::wait::{News, Pause, span, whole_seconds};
use crate::output::events::Event;
use crate::output::{Board, Output};

/// What a bar shows of the pause; nothing once it is over.
pub(super) fn text(board: &Board) -> Option<String> {
    let (left, reason) = board.pause()?;
    Some(format!("waiting {}: {reason}", span(left)))
}

/// Where a run's pauses are kept, which are reported to this output.
#[must_use]
pub fn reported_to(output: &Arc<Output>) -> Waits {
    let output = Arc::clone(output);
    Waits::reporting(move |pause| show(&output, pause))
}

fn show(output: &Output, pause: &Pause) {
    let reason = pause.cause.to_string();
    output.board().set_pause(pause.until, reason.clone());
    // A line would break a bar, which shows the same.
    let is_shown = output.board().has_bars();
    let verb = match pause.news {
        News::Begins => "Waiting",
        News::GoesOn => "Still waiting",
        News::Moves => return,
    };
    if !is_shown {
        output.tell(Event::Waiting {
            seconds: whole_seconds(pause.left),
            message: format!("{verb} {}: {reason}", span(pause.left)),
            reason,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::api::wait::Cause;

    #[test]
    fn a_bar_shows_how_long_the_pause_still_lasts_until_it_is_over() {
        let board = Board::default();
        assert_eq!(text(&board), None);
        let wait = |until| board.set_pause(until, Cause::Asked(429).to_string());
        wait(Instant::now() + Duration::from_secs(3_600));
        assert_eq!(text(&board).unwrap(), "waiting 1 h: the API asks for it (429)");
        wait(Instant::now());
        assert_eq!(text(&board), None);
    }
}
